//! The rules of the house that a program can check: who imports whom, how long a file may be,
//! what the codec crate keeps away from, and what must not be in the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use tests::workspace;

/// Lines of a source file before its tests.
const LONGEST: usize = 1000;

/// Crates of the workspace, and which others of it they may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("formats", &[]),
    ("ctrace", &["formats"]),
    ("stack", &["formats", "ctrace"]),
    ("analyzer", &["formats"]),
    ("zstack", &["formats", "ctrace", "stack", "analyzer"]),
    ("tests", &["formats", "ctrace"]),
];

/// The names of each workspace package's dependencies, of every kind.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Command::new(cargo)
        .current_dir(workspace::root())
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .output()
        .expect("cargo can be started");
    let all: serde_json::Value = serde_json::from_slice(&out.stdout).expect("cargo metadata prints JSON");
    let name = |v: &serde_json::Value| v["name"].as_str().expect("a name").to_owned();
    let list = |v: &serde_json::Value| v.as_array().cloned().unwrap_or_default();
    list(&all["packages"])
        .iter()
        .map(|p| (name(p), list(&p["dependencies"]).iter().map(name).collect()))
        .collect()
}

/// Every tracked text file and its content.
fn tracked() -> Vec<(String, String)> {
    let root = workspace::root();
    let listed = Command::new("git").current_dir(root).args(["ls-files", "-z"]).output();
    let names: Vec<String> = match listed {
        Ok(o) if o.status.success() && !o.stdout.is_empty() => {
            o.stdout.split(|&b| b == 0).map(|n| String::from_utf8_lossy(n).into_owned()).collect()
        }
        // A source archive without the repository: everything but what cargo builds.
        _ => workspace::files(root)
            .iter()
            .filter_map(|p| p.strip_prefix(root).ok())
            .filter(|p| !p.starts_with("target") && !p.starts_with(".git"))
            .map(|p| p.display().to_string())
            .collect(),
    };
    names.into_iter().filter_map(|n| fs::read_to_string(root.join(&n)).ok().map(|text| (n, text))).collect()
}

/// Source files that are part of a program: not those that hold nothing but tests.
fn sources(tracked: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    let only_tests =
        |n: &str| n.ends_with("/tests.rs") || n.contains("/tests/") || n.ends_with("/testing.rs");
    tracked
        .iter()
        .map(|(n, text)| (n.as_str(), text.as_str()))
        .filter(move |(n, _)| n.ends_with(".rs") && !only_tests(n))
}

/// The part of a source file before its tests, without comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|l| !l.trim_start().starts_with("#[cfg(test)]"))
        .filter(|l| !l.trim_start().starts_with("//"))
}

#[test]
fn crates_import_only_what_they_may() {
    let all = dependencies();
    let members: BTreeSet<&str> = all.keys().map(String::as_str).collect();
    let rules: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    assert_eq!(members, rules.keys().copied().collect(), "a crate without a rule, or a rule without a crate");
    for (name, used) in &all {
        for other in used.iter().filter(|d| members.contains(d.as_str())) {
            assert!(rules[name.as_str()].contains(&other.as_str()), "{name} must not use {other}");
        }
    }
}

/// Crates of which only one module may know: their names, and the path of that module.
const NAMED_ONCE: &[(&str, &str)] =
    &[("parquet", "analyzer/src/export/columnar.rs"), ("rusqlite", "analyzer/src/sql/")];

#[test]
fn some_crates_are_named_in_one_module() {
    let tracked = tracked();
    for (name, used) in dependencies() {
        for (other, _) in NAMED_ONCE {
            assert!(name == "analyzer" || !used.contains(*other), "{name} must not use {other}");
        }
    }
    for (other, module) in NAMED_ONCE {
        let path = format!("{other}::");
        let naming: BTreeSet<&str> = sources(&tracked)
            .filter(|(n, _)| n.starts_with("analyzer/") && !n.starts_with(module))
            .filter(|(_, text)| code(text).any(|l| l.contains(&path)))
            .map(|(n, _)| n)
            .collect();
        assert!(naming.is_empty(), "{other} is named outside {module}: {naming:?}");
    }
}

#[test]
fn source_files_are_short() {
    let mut long = Vec::new();
    for (name, text) in sources(&tracked()) {
        let lines = text.lines().take_while(|l| !l.trim_start().starts_with("#[cfg(test)]")).count();
        if lines > LONGEST {
            long.push(format!("{name}: {lines} lines"));
        }
    }
    assert!(long.is_empty(), "longer than {LONGEST} lines before their tests: {long:?}");
}

#[test]
fn codecs_have_no_side_effects() {
    let lib = fs::read_to_string(workspace::root().join("formats/src/lib.rs")).expect("the crate is there");
    assert!(lib.lines().any(|l| l == "#![forbid(unsafe_code)]"), "formats must forbid unsafe code");
    let banned = [
        "std::fs",
        "std::io",
        "std::env",
        "std::process",
        "std::thread",
        "std::time",
        "TcpStream",
        "UdpSocket",
    ];
    let mut found = Vec::new();
    for (name, text) in sources(&tracked()).filter(|(n, _)| n.starts_with("formats/src/")) {
        for line in code(text) {
            found.extend(banned.iter().filter(|b| line.contains(*b)).map(|b| format!("{name}: {b}")));
        }
    }
    assert!(found.is_empty(), "input, output or clocks in formats: {found:?}");
}

#[test]
fn no_machine_is_named() {
    // Put together here, so that this file does not hold them.
    let paths = ["work", "root", "home"].map(|d| format!("/{d}/"));
    let mut found = Vec::new();
    for (name, text) in tracked() {
        for (n, line) in text.lines().enumerate() {
            if paths.iter().any(|p| names(line, p)) {
                found.push(format!("{name}:{}: {line}", n + 1));
            }
        }
    }
    assert!(found.is_empty(), "paths of one machine:\n{}", found.join("\n"));
}

/// True when `path` begins an absolute path in `line`, and is not the middle of a longer one or
/// of an address.
fn names(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| c.is_whitespace() || "\"'`(=:,".contains(c)) && !line[..at].ends_with("://")
    })
}

#[test]
fn packages_come_from_the_public_registry() {
    let lock = fs::read_to_string(workspace::root().join("Cargo.lock")).expect("the lock file is there");
    let sources: BTreeSet<&str> = lock.lines().filter_map(|l| l.strip_prefix("source = ")).collect();
    let public = "\"registry+https://github.com/rust-lang/crates.io-index\"";
    assert!(sources.iter().all(|s| *s == public), "{sources:?}");
    for (name, text) in tracked() {
        let config = name.contains(".cargo/config") || name.ends_with("Cargo.toml");
        let other = config && (text.contains("replace-with") || text.contains("registry ="));
        assert!(!other, "{name} names a registry");
    }
}
