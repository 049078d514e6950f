//! The same fields of the same frames from zscope and from tshark, over all captures
//! and the project's own samples.
//!
//! Differences that are meant stand in `tests/peers/tshark-differences.tsv`: one that is not
//! listed fails the test, and so does a listed one that no longer occurs. All that are not
//! listed go to `target/peer/unlisted.tsv` in the same format, with both values for a reason.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use tests::differences::Differences;
use tests::fields::{self, FIELDS};
use tests::peer::{self, Capture};
use tests::workspace;

/// One difference: field, frame, our value, theirs.
struct Found {
    field: &'static str,
    frame: u64,
    ours: String,
    theirs: String,
}

/// What came out for one capture.
#[derive(Default)]
struct Outcome {
    found: Vec<Found>,
    compared: u64,
    left_out: u64,
    /// A crash, a hang, or a program that could not be run.
    failure: Option<String>,
}

/// Per file, no more than this many differences of one field are kept.
const KEPT: usize = 2000;

fn compare(capture: &Capture) -> Outcome {
    match answers(capture) {
        Ok(Some((ours, theirs))) => lines(&ours, &theirs),
        Ok(None) => {
            let found = Found { field: "(open)", frame: 0, ours: "not read".into(), theirs: "read".into() };
            Outcome { found: vec![found], ..Outcome::default() }
        }
        Err(e) => Outcome { failure: Some(format!("{}: {e}", capture.name)), ..Outcome::default() },
    }
}

/// What both programs print; `None` when zscope does not read the file.
fn answers(capture: &Capture) -> std::io::Result<Option<(Vec<u8>, Vec<u8>)>> {
    let theirs = peer::tshark(&capture.path, &fields::arguments(true))?;
    if theirs.timed_out {
        return Err(std::io::Error::other("tshark took too long"));
    }
    // INDEX.tsv counts the packets of link types that tshark has no dissector for, too.
    if theirs.stdout.is_empty() {
        return Ok(Some(<_>::default()));
    }
    let mut args = vec!["packets".as_ref(), capture.path.as_os_str()];
    args.extend(fields::arguments(false).into_iter().map(std::ffi::OsStr::new));
    let ours = peer::zscope(&args)?;
    match ours.code {
        Some(0) => Ok(Some((ours.stdout, theirs.stdout))),
        Some(2) => Err(std::io::Error::other(ours.errors())),
        _ => Ok(None),
    }
}

fn lines(ours: &[u8], theirs: &[u8]) -> Outcome {
    let split =
        |all: &[u8]| -> Vec<String> { String::from_utf8_lossy(all).lines().map(str::to_owned).collect() };
    let (ours, theirs) = (split(ours), split(theirs));
    let mut out = Outcome::default();
    let mut kept: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, (a, b)) in ours.iter().zip(&theirs).enumerate() {
        let mut b = b.split('\t');
        if !fields::comparable(b.next().unwrap_or_default()) {
            out.left_out += 1;
            continue;
        }
        out.compared += 1;
        let mut a = a.split('\t');
        for &field in FIELDS {
            let (a, b) = (a.next().unwrap_or_default(), b.next().unwrap_or_default());
            if a != b {
                let n = kept.entry(field).or_default();
                *n += 1;
                if *n <= KEPT {
                    let [ours, theirs] = [a, b].map(str::to_owned);
                    out.found.push(Found { field, frame: i as u64 + 1, ours, theirs });
                }
            }
        }
    }
    if ours.len() != theirs.len() {
        let frame = ours.len().min(theirs.len()) as u64 + 1;
        let [ours, theirs] = [&ours, &theirs].map(|l| format!("{} frames", l.len()));
        out.found.push(Found { field: "(frames)", frame, ours, theirs });
    }
    out
}

/// Differences of one field over all captures.
#[derive(Default)]
struct Sum {
    frames: usize,
    files: usize,
    examples: Vec<String>,
}

#[test]
fn fields_are_those_of_tshark() {
    let Some(mut captures) = peer::captures("peer_tshark fields") else { return };
    captures.extend(peer::samples());
    let root = workspace::root();
    let mut table = Differences::read("tshark-differences.tsv");
    let outcomes = peer::each(&captures, compare);

    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    let mut unlisted = String::new();
    let mut failures = Vec::new();
    let (mut compared, mut left_out, mut listed) = (0, 0, 0);
    for (capture, outcome) in captures.iter().zip(outcomes) {
        compared += outcome.compared;
        left_out += outcome.left_out;
        failures.extend(outcome.failure);
        let mut in_file: BTreeMap<&str, usize> = BTreeMap::new();
        for f in &outcome.found {
            if table.known(&capture.name, f.frame, f.field) {
                listed += 1;
                continue;
            }
            let sum = sums.entry(f.field).or_default();
            sum.frames += 1;
            let n = in_file.entry(f.field).or_default();
            *n += 1;
            let values = format!("ours {:?}, theirs {:?}", f.ours, f.theirs);
            if *n == 1 {
                sum.files += 1;
                if sum.examples.len() < 5 {
                    sum.examples.push(format!("{} frame {}: {values}", capture.name, f.frame));
                }
            }
            let _ = writeln!(unlisted, "{}\t{}\t{}\t{values}", capture.name, f.frame, f.field);
        }
    }

    println!(
        "{} captures, {compared} frames compared, {left_out} left out, {listed} known differences",
        captures.len()
    );
    for (field, sum) in &sums {
        println!("{field}: {} frames in {} files", sum.frames, sum.files);
        for example in &sum.examples {
            println!("    {example}");
        }
    }
    let dir = root.join("target/peer");
    fs::create_dir_all(&dir).expect("the build directory is writable");
    fs::write(dir.join("unlisted.tsv"), &unlisted).expect("the build directory is writable");
    for row in table.unused() {
        failures.push(format!("{} {} no longer differs: take it off the table", row.file, row.field));
    }
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures[..failures.len().min(20)].join("\n")
    );
    let all: usize = sums.values().map(|s| s.frames).sum();
    assert_eq!(all, 0, "{all} differences are not on the table; see target/peer/unlisted.tsv");
}

#[test]
fn the_page_for_people_says_what_the_table_says() {
    let root = workspace::root();
    let tables = ["tshark", "app", "tcp-analysis", "filter", "sessions"];
    let tables = tables.map(|t| Differences::read(&format!("{t}-differences.tsv")));
    let page = Differences::page(tables.each_ref());
    let path = root.join("docs/wireshark-comparison.md");
    if workspace::bless() {
        fs::write(&path, &page).expect("docs is writable");
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == page, "docs/wireshark-comparison.md is out of date: run this test with ZSCOPE_BLESS=1");
}
