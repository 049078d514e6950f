//! What following connections tells, from zscope and from tshark, over all captures.
//!
//! tshark reads in one pass, as it does unless told otherwise: what it says of a frame depends
//! on that frame and those before it only. Differences that are meant stand in
//! `tests/peers/tcp-analysis-differences.tsv`: one that is not listed fails the test, and so does
//! a listed one that no longer occurs. All that are not listed go to
//! `target/peer/unlisted-analysis.tsv` with both values.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use tests::differences::Differences;
use tests::fields;
use tests::peer::{self, Capture};
use tests::workspace;

/// Fields of the comparison, as both programs name them.
const FIELDS: &[&str] = &[
    "tcp.stream",
    "udp.stream",
    "udp.time_relative",
    "udp.time_delta",
    "tcp.completeness",
    "tcp.seq",
    "tcp.ack",
    "tcp.nxtseq",
    "tcp.window_size",
    "tcp.window_size_scalefactor",
    "tcp.time_relative",
    "tcp.time_delta",
    "tcp.analysis",
    "tcp.analysis.acks_frame",
    "tcp.analysis.ack_rtt",
    "tcp.analysis.initial_rtt",
    "tcp.analysis.bytes_in_flight",
    "tcp.analysis.push_bytes_sent",
    "tcp.analysis.flags",
    "tcp.analysis.reused_ports",
    "tcp.analysis.retransmission",
    "tcp.analysis.rto",
    "tcp.analysis.rto_frame",
    "tcp.analysis.fast_retransmission",
    "tcp.analysis.spurious_retransmission",
    "tcp.analysis.out_of_order",
    "tcp.analysis.lost_segment",
    "tcp.analysis.ack_lost_segment",
    "tcp.analysis.window_update",
    "tcp.analysis.window_full",
    "tcp.analysis.keep_alive",
    "tcp.analysis.keep_alive_ack",
    "tcp.analysis.duplicate_ack",
    "tcp.analysis.duplicate_ack_num",
    "tcp.analysis.duplicate_ack_frame",
    "tcp.analysis.zero_window_probe",
    "tcp.analysis.zero_window",
    "tcp.analysis.zero_window_probe_ack",
    "tcp.analysis.tfo_syn",
    "tcp.analysis.tfo_ack",
    "tcp.analysis.tfo_ignored",
];

/// Differences of one field that are kept for each file.
const KEPT: usize = 200;

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
    /// Values that tshark has.
    values: u64,
    failure: Option<String>,
}

fn arguments(first: &'static str) -> Vec<&'static str> {
    let mut args = vec!["-T", "fields", "-e", first];
    for field in FIELDS {
        args.extend(["-e", field]);
    }
    args
}

fn compare(capture: &Capture) -> Outcome {
    match answers(capture) {
        Ok(Some((ours, theirs))) => lines(&ours, &theirs),
        Ok(None) => Outcome::default(),
        Err(e) => Outcome { failure: Some(format!("{}: {e}", capture.name)), ..Outcome::default() },
    }
}

/// What both programs print; `None` for a capture without TCP or UDP.
fn answers(capture: &Capture) -> std::io::Result<Option<(String, String)>> {
    let theirs = peer::tshark(&capture.path, &arguments("frame.protocols"))?;
    if theirs.timed_out {
        return Err(std::io::Error::other("tshark took too long"));
    }
    let theirs = String::from_utf8_lossy(&theirs.stdout).into_owned();
    if !theirs.contains(":tcp") && !theirs.contains(":udp") {
        return Ok(None);
    }
    let mut args = vec!["packets".as_ref(), capture.path.as_os_str()];
    args.extend(arguments("frame.number").into_iter().map(std::ffi::OsStr::new));
    let ours = peer::zscope(&args)?;
    match ours.code {
        Some(2) => Err(std::io::Error::other(ours.errors())),
        _ => Ok(Some((String::from_utf8_lossy(&ours.stdout).into_owned(), theirs))),
    }
}

fn lines(ours: &str, theirs: &str) -> Outcome {
    let mut out = Outcome::default();
    let mut kept: BTreeMap<&str, usize> = BTreeMap::new();
    let (a_lines, b_lines) = (ours.lines().count(), theirs.lines().count());
    for (i, (a, b)) in ours.lines().zip(theirs.lines()).enumerate() {
        let (a, b): (Vec<&str>, Vec<&str>) = (a.split('\t').collect(), b.split('\t').collect());
        let missed =
            |i: usize| a.get(i).is_none_or(|v| v.is_empty()) && b.get(i).is_some_and(|v| !v.is_empty());
        if !fields::comparable(b[0]) && (missed(1) || missed(2)) {
            // What comes behind may depend on what this frame carries.
            out.left_out += (b_lines - i) as u64;
            return out;
        }
        out.compared += 1;
        for (at, &field) in FIELDS.iter().enumerate() {
            let (a, b) = (a.get(at + 1).unwrap_or(&""), b.get(at + 1).unwrap_or(&""));
            out.values += u64::from(!b.is_empty());
            if a != b {
                let n = kept.entry(field).or_default();
                *n += 1;
                if *n <= KEPT {
                    let [ours, theirs] = [a, b].map(|v| (*v).to_owned());
                    out.found.push(Found { field, frame: i as u64 + 1, ours, theirs });
                }
            }
        }
    }
    if a_lines != b_lines {
        let [ours, theirs] = [a_lines, b_lines].map(|n| format!("{n} frames"));
        out.found.push(Found { field: "(frames)", frame: a_lines.min(b_lines) as u64 + 1, ours, theirs });
    }
    out
}

#[test]
fn connections_are_followed_as_tshark_does() {
    let Some(captures) = peer::captures("peer_tcp_analysis") else { return };
    let mut table = Differences::read("tcp-analysis-differences.tsv");
    let outcomes = peer::each(&captures, compare);
    let (mut unlisted, mut failures) = (String::new(), Vec::new());
    let (mut compared, mut left_out, mut values, mut listed, mut others) = (0, 0, 0, 0, 0);
    for (capture, outcome) in captures.iter().zip(outcomes) {
        compared += outcome.compared;
        left_out += outcome.left_out;
        values += outcome.values;
        failures.extend(outcome.failure);
        for f in &outcome.found {
            if table.known(&capture.name, f.frame, f.field) {
                listed += 1;
                continue;
            }
            others += 1;
            let _ = writeln!(
                unlisted,
                "{}\t{}\t{}\tours {:?}, theirs {:?}",
                capture.name, f.frame, f.field, f.ours, f.theirs
            );
        }
    }
    println!(
        "{compared} frames with {values} values compared, {left_out} left out, {listed} known differences"
    );
    let dir = workspace::root().join("target/peer");
    fs::create_dir_all(&dir).expect("the build directory is writable");
    fs::write(dir.join("unlisted-analysis.tsv"), &unlisted).expect("the build directory is writable");
    for row in table.unused() {
        failures.push(format!("{} {} no longer differs: take it off the table", row.file, row.field));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let first: Vec<&str> = unlisted.lines().take(20).collect();
    assert_eq!(others, 0, "{others} differences are not on the table:\n{}", first.join("\n"));
}
