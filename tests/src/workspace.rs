//! Where the workspace, its programs, the samples and the peer captures are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The root of the workspace.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The `zscope` program of the same build profile as this test, built first when needed.
/// The environment variable `ZSCOPE_BIN` names another one.
///
/// # Panics
/// When it cannot be built.
pub fn zscope() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| program("ZSCOPE_BIN", "analyzer", "zscope"))
}

/// The `zstack` program in the same way; `ZSTACK_BIN` names another one.
///
/// # Panics
/// When it cannot be built.
pub fn zstack() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| program("ZSTACK_BIN", "zstack", "zstack"))
}

fn program(variable: &str, package: &str, name: &str) -> PathBuf {
    if let Some(path) = std::env::var_os(variable) {
        return path.into();
    }
    // target/<profile>/deps/this-test, or target/<profile>/this-program
    let own = std::env::current_exe().expect("a running program has a path");
    let dir = own.ancestors().skip(1).find(|d| !d.ends_with("deps")).expect("a build directory");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(root()).args(["build", "--quiet", "--package", package, "--bin", name]);
    if dir.ends_with("release") {
        build.arg("--release");
    }
    let status = build.status().expect("cargo can be started");
    assert!(status.success(), "{name} could not be built");
    dir.join(name)
}

/// The folder with other people's captures: `ZSCOPE_CAPTURES`, or `../shared/captures` beside
/// the workspace. `None` when it is not there.
#[must_use]
pub fn captures() -> Option<PathBuf> {
    let dir = match std::env::var_os("ZSCOPE_CAPTURES") {
        Some(dir) => PathBuf::from(dir),
        None => root().parent()?.join("shared/captures"),
    };
    dir.is_dir().then_some(dir)
}

/// Every file under `dir`, sorted by path.
#[must_use]
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(dir) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&dir) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(t) if t.is_dir() => open.push(path),
                Ok(t) if t.is_file() => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// The data files of `samples/`, sorted by path: everything but the descriptions.
#[must_use]
pub fn samples() -> Vec<PathBuf> {
    let mut all = files(&root().join("samples"));
    all.retain(|p| p.extension().is_none_or(|e| e != "md"));
    all
}

/// True when `program` can be started from the search path.
#[must_use]
pub fn installed(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else { return false };
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// Says that a test could not run, in a line that `test.sh` counts. With `CI=true` that is a
/// failure.
///
/// # Panics
/// When `CI` is `true`.
pub fn skipped(test: &str, why: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{test} cannot run: {why}");
    eprintln!("SKIPPED {test}: {why}");
}

/// True when the environment variable asks for expected results to be written anew.
#[must_use]
pub fn bless() -> bool {
    std::env::var_os("ZSCOPE_BLESS").is_some_and(|v| v == "1")
}
