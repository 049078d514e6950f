//! Fields of application protocols from zscope and from tshark, over the captures that hold them.
//!
//! Which fields stands in `tests/peers/app-fields.txt`, one a line; a field's protocol is its name
//! up to the first point, and every capture with that protocol is asked. Differences that are meant
//! stand in `tests/peers/app-differences.tsv`: one that is not listed fails the test, and so does a
//! listed one that no longer occurs. All that are not listed go to `target/peer/apps.tsv`.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use tests::differences::Differences;
use tests::fields;
use tests::peer::{self, Capture};
use tests::workspace;

/// Protocols that have the fields of another one.
const SHARED: &[(&str, &str)] = &[("mdns", "dns"), ("llmnr", "dns")];

/// Captures of damaged messages by the ten thousand, in which every decoder goes its own way.
const FUZZED: &[&str] = &["c06-snmpv1-req-enc-r1.pcap.gz"];

/// The fields by protocol.
fn wanted() -> BTreeMap<String, Vec<String>> {
    let path = workspace::root().join("tests/peers/app-fields.txt");
    let text = fs::read_to_string(path).expect("the list of fields is there");
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for field in text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let protocol = field.split('.').next().unwrap_or_default();
        all.entry(protocol.to_owned()).or_default().push(field.to_owned());
    }
    all
}

/// The protocol whose fields `protocol` has.
fn owner(protocol: &str) -> &str {
    SHARED.iter().find(|(p, _)| *p == protocol).map_or(protocol, |(_, o)| o)
}

struct Found {
    field: String,
    frame: usize,
    values: String,
}

#[derive(Default)]
struct Outcome {
    found: Vec<Found>,
    compared: usize,
    failure: Option<String>,
}

fn compare(capture: &Capture, wanted: &BTreeMap<String, Vec<String>>) -> Outcome {
    let apps: Vec<&str> =
        capture.protocols.iter().map(String::as_str).filter(|p| wanted.contains_key(owner(p))).collect();
    let owners: BTreeSet<&str> = apps.iter().map(|p| owner(p)).collect();
    let asked: Vec<&str> = owners.iter().flat_map(|p| wanted[*p].iter().map(String::as_str)).collect();
    if asked.is_empty() || FUZZED.iter().any(|f| capture.name.ends_with(f)) {
        return Outcome::default();
    }
    let mut args = vec!["-T", "fields", "-e", "frame.protocols"];
    args.extend(asked.iter().flat_map(|f| ["-e", f]));
    match answers(capture, &args) {
        Ok((ours, theirs)) => lines(&ours, &theirs, &apps, &asked),
        Err(e) => Outcome { failure: Some(format!("{}: {e}", capture.name)), ..Outcome::default() },
    }
}

/// What both programs print.
fn answers(capture: &Capture, args: &[&str]) -> std::io::Result<(String, String)> {
    // Without names for addresses and the like.
    let theirs = peer::tshark(&capture.path, &[&["-n"], args].concat())?;
    if theirs.timed_out {
        return Err(std::io::Error::other("tshark took too long"));
    }
    let mut ours = vec![OsStr::new("packets"), capture.path.as_os_str()];
    ours.extend(args.iter().map(OsStr::new));
    let ours = peer::zscope(&ours)?;
    if ours.code == Some(2) {
        return Err(std::io::Error::other(ours.errors()));
    }
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    Ok((text(&ours.stdout), text(&theirs.stdout)))
}

fn lines(ours: &str, theirs: &str, apps: &[&str], asked: &[&str]) -> Outcome {
    let mut out = Outcome::default();
    for (i, (a, b)) in ours.lines().zip(theirs.lines()).enumerate() {
        let (mut a, mut b) = (a.split('\t'), b.split('\t'));
        let (_, protocols) = (a.next(), b.next().unwrap_or_default());
        let holds = protocols.split(':').any(|p| apps.contains(&p));
        if !holds || !fields::reaches(protocols, apps) {
            continue;
        }
        out.compared += 1;
        for field in asked {
            let (a, b) = (a.next().unwrap_or_default(), b.next().unwrap_or_default());
            if a != b {
                let short = |s: &str| s.chars().take(120).collect::<String>();
                let values = format!("ours {:?}, theirs {:?}", short(a), short(b));
                out.found.push(Found { field: (*field).to_owned(), frame: i + 1, values });
            }
        }
    }
    out
}

#[test]
fn fields_of_applications_are_those_of_tshark() {
    let Some(captures) = peer::captures("peer_apps fields") else { return };
    let wanted = wanted();
    let mut table = Differences::read("app-differences.tsv");
    let outcomes = peer::each(&captures, |c| compare(c, &wanted));

    let mut unlisted = String::new();
    let (mut failures, mut others) = (Vec::new(), 0);
    let (mut compared, mut asked, mut listed) = (0, 0, 0);
    for (capture, outcome) in captures.iter().zip(outcomes) {
        compared += outcome.compared;
        asked += usize::from(outcome.compared > 0);
        failures.extend(outcome.failure);
        for f in &outcome.found {
            if table.known(&capture.name, f.frame as u64, &f.field) {
                listed += 1;
                continue;
            }
            others += 1;
            let _ = writeln!(unlisted, "{}\t{}\t{}\t{}", capture.name, f.frame, f.field, f.values);
        }
    }
    println!(
        "{asked} captures, {compared} frames of {} protocols with {} fields compared, {listed} known differences",
        wanted.len(),
        wanted.values().map(Vec::len).sum::<usize>(),
    );
    let dir = workspace::root().join("target/peer");
    fs::create_dir_all(&dir).expect("the build directory is writable");
    fs::write(dir.join("apps.tsv"), &unlisted).expect("the build directory is writable");
    for row in table.unused() {
        failures.push(format!("{} {} no longer differs: take it off the table", row.file, row.field));
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    let first: Vec<&str> = unlisted.lines().take(10).collect();
    assert_eq!(others, 0, "{others} differences are not on the table:\n{}", first.join("\n"));
}
