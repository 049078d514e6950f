//! Thousands of damaged copies of every sample, and of small generated captures: no crash, no
//! hang, and the counts add up.
//!
//! The damage depends only on the sample and the number of the case. `ZSCOPE_DAMAGE_CASES` sets
//! the number of cases over all samples.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tests::traffic::{CaptureFormat, Options, generate};
use tests::{mutate, peer, process, workspace};

/// Cases over all samples.
const CASES: usize = 4000;
/// Files in one run of the program.
const BATCH: usize = 50;
/// A damaged sample of some kilobytes must never take longer.
const LIMIT: Duration = Duration::from_secs(5);

/// One file to damage.
struct Source {
    name: String,
    bytes: Vec<u8>,
}

/// All samples, and a generated capture in each container.
fn sources() -> Vec<Source> {
    let mut all: Vec<Source> = workspace::samples()
        .iter()
        .map(|p| Source {
            name: p.file_name().unwrap_or_default().display().to_string(),
            bytes: fs::read(p).expect("a sample can be read"),
        })
        .collect();
    for (name, format, nanos) in [
        ("generated.pcap", CaptureFormat::Pcap, false),
        ("generated-ns.pcap", CaptureFormat::Pcap, true),
        ("generated.pcapng", CaptureFormat::Pcapng, true),
    ] {
        let options = Options { size: 30_000, flows: 40, seed: 3, small: false, format, nanos };
        let mut bytes = Vec::new();
        generate(&options, &mut bytes).expect("a Vec takes everything");
        all.push(Source { name: name.to_owned(), bytes });
    }
    all
}

/// Runs one command over some files; says what is wrong, if anything.
fn wrong(args: &[&str], files: &[PathBuf]) -> Option<String> {
    let mut c = Command::new(workspace::zscope());
    c.arg(args[0]).args(files).args(&args[1..]);
    let limit = LIMIT * (1 + files.len() as u32 / 10);
    let out = match process::run(&mut c, limit) {
        Ok(out) => out,
        Err(e) => return Some(e.to_string()),
    };
    if out.timed_out {
        return Some(format!("took more than {limit:?}"));
    }
    let said = out.errors();
    if !matches!(out.code, Some(0 | 1)) || said.contains("panicked") {
        let last: String = said.lines().take(4).collect::<Vec<_>>().join(" / ");
        return Some(format!("exit code {:?}: {last}", out.code));
    }
    if args.contains(&"--json") {
        return String::from_utf8_lossy(&out.stdout).lines().find_map(counts);
    }
    None
}

/// Says what does not add up in one line of `info --json`: every record is a packet, part of
/// one, of another kind, or damaged; and damage has an anomaly.
fn counts(line: &str) -> Option<String> {
    let Ok(info) = serde_json::from_str::<serde_json::Value>(line) else {
        return Some(format!("not JSON: {line}"));
    };
    let number = |name: &str| info[name].as_u64().unwrap_or(u64::MAX / 8);
    let sum = |name: &str| -> u64 {
        info[name].as_object().into_iter().flatten().filter_map(|(_, n)| n.as_u64()).sum()
    };
    let (damaged, anomalies) = (number("damaged"), sum("anomaly_counts"));
    if number("records") != number("packets") + number("joined") + damaged + sum("other") {
        return Some(format!("records do not add up: {line}"));
    }
    (damaged > 0 && anomalies == 0).then(|| format!("damage without an anomaly: {line}"))
}

/// Damaged copies of one source, written to a folder of their own.
fn damaged(source: &Source, cases: std::ops::Range<usize>, dir: &Path) -> Vec<PathBuf> {
    fs::create_dir_all(dir).expect("the build directory is writable");
    cases
        .map(|n| {
            let path = dir.join(format!("{n}.bin"));
            fs::write(&path, mutate::damaged(&source.bytes, n as u64))
                .expect("the build directory is writable");
            path
        })
        .collect()
}

#[test]
fn damage_never_stops_the_program() {
    let sources = sources();
    let cases = std::env::var("ZSCOPE_DAMAGE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(CASES);
    let each = cases.div_ceil(sources.len()).max(1);
    let work: Vec<(&Source, usize)> =
        sources.iter().flat_map(|s| (0..each).step_by(BATCH).map(move |from| (s, from))).collect();
    let root = workspace::root().join("target/damage");
    let commands: &[&[&str]] = &[
        &["info", "--json"],
        &["packets", "-T", "fields", "-e", "frame.number", "-e", "ip.src", "-e", "tcp.dstport"],
        &["packets", "-V"],
    ];
    let failures: Vec<String> = peer::each(&work, |&(source, from)| {
        let dir = root.join(format!("{}-{from}", source.name));
        let files = damaged(source, from..(from + BATCH).min(each), &dir);
        let mut bad = Vec::new();
        for args in commands {
            let Some(together) = wrong(args, &files) else { continue };
            // One of them; each on its own says which.
            let before = bad.len();
            for file in &files {
                if let Some(what) = wrong(args, std::slice::from_ref(file)) {
                    bad.push(format!("{}: {}: {what}", file.display(), args.join(" ")));
                }
            }
            if bad.len() == before {
                bad.push(format!("{} together: {}: {together}", dir.display(), args.join(" ")));
            }
        }
        // What failed is kept for a closer look.
        if bad.is_empty() {
            let _ = fs::remove_dir_all(&dir);
        }
        bad
    })
    .into_iter()
    .flatten()
    .collect();
    println!("{} damaged files of {} sources", each * sources.len(), sources.len());
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures[..failures.len().min(20)].join("\n")
    );
}
