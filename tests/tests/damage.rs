//! Thousands of damaged copies of every sample: no crash, no hang, and the counts add up.
//!
//! The damage depends only on the sample and the number of the case. `ZSCOPE_DAMAGE_CASES` sets
//! the number of cases over all samples.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tests::{mutate, peer, process, workspace};

/// Cases over all samples.
const CASES: usize = 4000;
/// Files in one run of the program.
const BATCH: usize = 50;
/// A damaged sample of some kilobytes must never take longer.
const LIMIT: Duration = Duration::from_secs(5);

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
    None
}

/// Damaged copies of one sample, written to a folder of their own.
fn damaged(sample: &Path, cases: std::ops::Range<usize>, dir: &Path) -> Vec<PathBuf> {
    let bytes = fs::read(sample).expect("a sample can be read");
    fs::create_dir_all(dir).expect("the build directory is writable");
    cases
        .map(|n| {
            let path = dir.join(format!("{n}.bin"));
            fs::write(&path, mutate::damaged(&bytes, n as u64)).expect("the build directory is writable");
            path
        })
        .collect()
}

#[test]
fn damage_never_stops_the_program() {
    let samples = workspace::samples();
    if samples.is_empty() {
        println!("no samples yet");
        return;
    }
    let cases = std::env::var("ZSCOPE_DAMAGE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(CASES);
    let each = cases.div_ceil(samples.len()).max(1);
    let work: Vec<(usize, usize)> =
        (0..samples.len()).flat_map(|s| (0..each).step_by(BATCH).map(move |from| (s, from))).collect();
    let root = workspace::root().join("target/damage");
    let commands: &[&[&str]] = &[
        &["info"],
        &["packets", "-T", "fields", "-e", "frame.number", "-e", "ip.src", "-e", "tcp.dstport"],
        &["packets", "-V"],
    ];
    let failures: Vec<String> = peer::each(&work, |&(s, from)| {
        let dir = root.join(format!("{s}-{from}"));
        let files = damaged(&samples[s], from..(from + BATCH).min(each), &dir);
        let mut bad = Vec::new();
        for args in commands {
            if wrong(args, &files).is_none() {
                continue;
            }
            // One of them; each on its own says which.
            let mut alone = false;
            for file in &files {
                if let Some(what) = wrong(args, std::slice::from_ref(file)) {
                    alone = true;
                    let name = samples[s].file_name().unwrap_or_default().display();
                    let case = file.file_stem().unwrap_or_default().display();
                    bad.push(format!("{name}, case {case}, {}: {what}", args.join(" ")));
                }
            }
            if !alone {
                bad.push(format!("{} over {} files together fails", args.join(" "), files.len()));
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
    println!("{} damaged files of {} samples", each * samples.len(), samples.len());
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures[..failures.len().min(20)].join("\n")
    );
}
