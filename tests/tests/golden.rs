//! The golden matrix: every sample, every command, and what they print.
//!
//! Commands stand in `tests/golden/commands.txt`, one a line, with `{file}` for the sample. What
//! is expected stands in `tests/golden/<sample>/<command>.txt`: standard output, then standard
//! error and the exit code. `ZSCOPE_BLESS=1` writes all of it anew, and what is left over goes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tests::{peer, process, workspace};

/// The name of a command's file: what is not a letter, digit, dot or hyphen becomes `_`.
fn file_name(command: &str) -> String {
    let plain = command.replace("{file}", "");
    let words: Vec<&str> = plain.split_whitespace().collect();
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '_' };
    format!("{}.txt", words.join("_").chars().map(safe).collect::<String>())
}

/// The words of a command; single quotes keep blanks.
fn words(command: &str, file: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (i, part) in command.split('\'').enumerate() {
        if i % 2 == 1 {
            all.push(part.to_owned());
        } else {
            all.extend(part.split_whitespace().map(|w| w.replace("{file}", file)));
        }
    }
    all
}

/// What a command prints on a sample.
fn print(sample: &str, command: &str) -> String {
    let mut c = Command::new(workspace::zscope());
    // Relative names and a fixed environment: the text is the same on every machine.
    c.current_dir(workspace::root().join("samples"))
        .env("TZ", "UTC")
        .env("NO_COLOR", "1")
        .env("COLUMNS", "120");
    c.args(words(command, sample));
    let out = process::run(&mut c, Duration::from_secs(60)).expect("zscope can be started");
    let mut text = String::from_utf8_lossy(&out.stdout).into_owned();
    if !out.stderr.is_empty() {
        text.push_str("--- standard error\n");
        text.push_str(&out.errors());
    }
    let code = out.code.map_or("none".to_owned(), |c| c.to_string());
    text.push_str(&format!("--- exit code {code}\n"));
    text
}

#[test]
fn samples_print_what_they_did() {
    let root = workspace::root();
    let golden = root.join("tests/golden");
    let commands = fs::read_to_string(golden.join("commands.txt")).expect("the list of commands is there");
    let commands: Vec<&str> = commands.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    let samples = workspace::samples();
    if samples.is_empty() {
        println!("no samples yet");
        return;
    }
    let mut cases: Vec<(String, &str, PathBuf)> = Vec::new();
    for sample in &samples {
        let name = sample.strip_prefix(root.join("samples")).expect("a sample").display().to_string();
        for command in &commands {
            cases.push((name.clone(), command, golden.join(&name).join(file_name(command))));
        }
    }
    let wrong: Vec<String> = peer::each(&cases, |(sample, command, path)| {
        let text = print(sample, command);
        if workspace::bless() {
            fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
            fs::write(path, &text).expect("the expected text can be written");
            return None;
        }
        match fs::read_to_string(path) {
            Ok(expected) if expected == text => None,
            Ok(expected) => Some(format!("{sample}: {command}: {}", first_difference(&expected, &text))),
            Err(_) => Some(format!("{sample}: {command}: nothing expected yet")),
        }
    })
    .into_iter()
    .flatten()
    .collect();
    let left = left_over(&golden, &cases.iter().map(|(_, _, p)| p.clone()).collect());
    if workspace::bless() {
        for path in left {
            fs::remove_file(path).expect("a text that is left over can be removed");
        }
        return;
    }
    assert!(left.is_empty(), "expected texts without a sample or command: {left:?}");
    assert!(
        wrong.is_empty(),
        "{} texts differ (ZSCOPE_BLESS=1 writes them anew):\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn left_over(golden: &Path, wanted: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let mut all = workspace::files(golden);
    all.retain(|p| !wanted.contains(p) && p.parent() != Some(golden));
    all
}

fn first_difference(expected: &str, got: &str) -> String {
    let (mut e, mut g) = (expected.lines(), got.lines());
    let mut n = 0;
    loop {
        n += 1;
        match (e.next(), g.next()) {
            (a, b) if a != b => return format!("line {n}:\n  expected {a:?}\n  got      {b:?}"),
            (None, None) => return "line ends".to_owned(),
            _ => {}
        }
    }
}
