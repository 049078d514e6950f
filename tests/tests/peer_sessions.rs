//! Conversations and streams from zscope and from tshark, over all captures.
//!
//! Differences that are meant stand in `tests/peers/sessions-differences.tsv`, one line for a
//! kind of conversation in a file: the field is `conv,tcp` or `conv,udp`, the frame `*`. One that is not
//! listed fails the test, and so does a listed one that no longer occurs.

use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use tests::differences::Differences;
use tests::peer::{self, Capture};
use tests::workspace;

/// A conversation as tshark prints it: ends, then what B and what A sent, start and duration.
#[derive(Debug, Clone, PartialEq)]
struct Conversation {
    counted: (String, String, u64, String, u64, String),
    start: f64,
    duration: f64,
}

/// tshark rounds: nanoseconds in the start, a tenth of a millisecond in the duration.
const START: f64 = 2e-6;
const DURATION: f64 = 1.01e-4;

impl Conversation {
    fn agrees(&self, o: &Self) -> bool {
        self.counted == o.counted
            && (self.start - o.start).abs() <= START
            && (self.duration - o.duration).abs() <= DURATION
    }
}

/// A number of bytes as tshark prints it: in units of a thousand from 10,000 on.
fn size(bytes: u64) -> String {
    for (unit, name) in [(1, "bytes"), (1000, "kB"), (1_000_000, "MB")] {
        if bytes / unit < 10_000 {
            return format!("{}{name}", bytes / unit);
        }
    }
    format!("{}GB", bytes / 1_000_000_000)
}

/// The lines of `-z conv,tcp -z conv,udp`, by kind.
fn theirs(text: &str) -> BTreeMap<&'static str, Vec<Conversation>> {
    let mut all: BTreeMap<&str, Vec<Conversation>> = BTreeMap::new();
    let mut kind = "";
    for line in text.lines() {
        match line {
            "TCP Conversations" => kind = "tcp",
            "UDP Conversations" => kind = "udp",
            _ => {}
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let [a, "<->", b, ba, ba_bytes, ba_unit, ab, ab_bytes, ab_unit, _, _, _, start, duration] = words[..]
        else {
            continue;
        };
        let count = |n: &str| n.parse().expect("a number of packets");
        let counted = (
            a.to_owned(),
            b.to_owned(),
            count(ba),
            format!("{ba_bytes}{ba_unit}"),
            count(ab),
            format!("{ab_bytes}{ab_unit}"),
        );
        let time = |t: &str| t.parse().expect("a time");
        all.entry(kind).or_default().push(Conversation {
            counted,
            start: time(start),
            duration: time(duration),
        });
    }
    all
}

/// The objects of `sessions --kind KIND --json`.
fn ours(text: &str) -> Vec<Conversation> {
    let number = |v: &Value| v.as_u64().expect("a count");
    text.lines()
        .map(|line| {
            let o: Value = serde_json::from_str(line).expect("each line is an object");
            let end = |a: &str, p: &str| format!("{}:{}", o[a].as_str().expect("an address"), number(&o[p]));
            Conversation {
                counted: (
                    end("addr_a", "port_a"),
                    end("addr_b", "port_b"),
                    number(&o["packets_ba"]),
                    size(number(&o["bytes_ba"])),
                    number(&o["packets_ab"]),
                    size(number(&o["bytes_ab"])),
                ),
                start: o["relative_start"].as_f64().unwrap_or(0.0),
                duration: o["duration"].as_f64().expect("a duration"),
            }
        })
        .collect()
}

/// Conversations of each side that the other does not have.
fn compare(ours: &[Conversation], theirs: &[Conversation]) -> (Vec<Conversation>, Vec<Conversation>) {
    let mut left = theirs.to_vec();
    let mut only = Vec::new();
    for o in ours {
        match left.iter().position(|t| t.agrees(o)) {
            Some(i) => drop(left.swap_remove(i)),
            None => only.push(o.clone()),
        }
    }
    (only, left)
}

/// Rows compared and, for each kind that differs, an example of both sides.
type Compared = (usize, Vec<(&'static str, String)>);

fn ask(c: &Capture) -> Result<Compared, String> {
    let out =
        peer::tshark(&c.path, &["-q", "-z", "conv,tcp", "-z", "conv,udp"]).map_err(|e| e.to_string())?;
    if out.timed_out {
        return Err(format!("{}: tshark took too long", c.name));
    }
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let mut them = theirs(&text);
    let (mut rows, mut found) = (0, Vec::new());
    for (kind, field) in [("tcp", "conv,tcp"), ("udp", "conv,udp")] {
        let args: [&OsStr; 5] =
            ["sessions".as_ref(), c.path.as_os_str(), "--kind".as_ref(), kind.as_ref(), "--json".as_ref()];
        let out = peer::zscope(&args).map_err(|e| e.to_string())?;
        let us = ours(&String::from_utf8_lossy(&out.stdout));
        let them = them.remove(kind).unwrap_or_default();
        rows += them.len();
        let (a, b) = compare(&us, &them);
        if !a.is_empty() || !b.is_empty() {
            found.push((field, format!("ours {:?}, theirs {:?}", a.first(), b.first())));
        }
    }
    Ok((rows, found))
}

#[test]
fn conversations_are_those_of_tshark() {
    let Some(captures) = peer::captures("peer_sessions") else { return };
    let mut table = Differences::read("sessions-differences.tsv");
    let (mut rows, mut wrong, mut unlisted) = (0, Vec::new(), String::new());
    for (c, result) in captures.iter().zip(peer::each(&captures, ask)) {
        match result {
            Err(e) => wrong.push(e),
            Ok((n, found)) => {
                rows += n;
                for (field, example) in found {
                    if !table.known(&c.name, 0, field) {
                        unlisted.push_str(&format!("{}\t*\t{field}\t{example}\n", c.name));
                        wrong.push(format!("{} {field}: {example}", c.name));
                    }
                }
            }
        }
    }
    println!("{} captures, {rows} conversations, {} known differences", captures.len(), table.rows().len());
    let dir = workspace::root().join("target/peer");
    std::fs::create_dir_all(&dir).expect("the build directory is writable");
    std::fs::write(dir.join("unlisted-sessions.tsv"), unlisted).expect("the build directory is writable");
    for row in table.unused() {
        wrong.push(format!("{} {} no longer differs: take it off the table", row.file, row.field));
    }
    assert!(wrong.is_empty(), "{} failures:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}

/// Captures whose streams are compared: in order and not, with gaps, EBCDIC, text and datagrams.
const FOLLOWED: [&str; 14] = [
    "corpora/arkime/smtp-zip.pcap",
    "corpora/chrissanders/dns.pcap",
    "corpora/chrissanders/http_espn.pcapng",
    "corpora/chrissanders/http_espn_fail.pcapng",
    "corpora/chrissanders/tickedoffdeveloper.pcapng",
    "corpora/ndpi/psiphon3.pcap",
    "corpora/ndpi/rtsp.pcap",
    "corpora/packetlife/packet-c.cap",
    "corpora/packetnet/Test/CaptureFiles/db2_select.pcap",
    "corpora/wireshark-wiki/adsl-cpe/nb6-hotspot.pcap",
    "corpora/zeek/Traces/erspan.pcap",
    "corpora/zeek/Traces/ntp/ntp2.pcap",
    "corpora/zeek/Traces/spicy/gap-recovery.pcap",
    "tn3270/Master_the_Mainframe.TN3270x.pcap",
];

/// Streams of each file that are compared.
const STREAMS: u32 = 5;

/// What is said, one string for each turn, those of B behind a tab. tshark writes the words of
/// a gap in hexadecimal digits, too.
fn turns(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for line in lines.filter(|l| !l.trim().is_empty()) {
        let text = if line.contains("missing in capture file") {
            let from_b = if line.starts_with('\t') { "\t" } else { "" };
            let digits: String = line.trim().bytes().map(|b| format!("{b:02x}")).collect();
            format!("{from_b}{digits}")
        } else {
            line
        };
        match all.last_mut() {
            Some(last) if last.starts_with('\t') == text.starts_with('\t') => last.push_str(text.trim()),
            _ => all.push(text),
        }
    }
    all
}

/// Without the zero that tshark puts behind the words of a gap.
fn without_ends(turns: Vec<String>) -> Vec<String> {
    // "file]" in hexadecimal digits
    turns.into_iter().map(|t| t.replace("66696c655d00", "66696c655d")).collect()
}

#[test]
fn streams_are_those_of_tshark() {
    let Some(captures) = peer::captures("peer_sessions follow") else { return };
    let (mut compared, mut wrong) = (0, Vec::new());
    for c in captures.iter().filter(|c| FOLLOWED.contains(&c.name.as_str())) {
        for (kind, stream) in ["tcp", "udp"].into_iter().flat_map(|k| (0..STREAMS).map(move |n| (k, n))) {
            let question = format!("follow,{kind},raw,{stream}");
            let out = peer::tshark(&c.path, &["-q", "-z", &question]).expect("tshark runs");
            let text = String::from_utf8_lossy(&out.stdout).into_owned();
            let lines: Vec<String> = text.lines().filter(|l| !l.is_empty()).map(str::to_owned).collect();
            // Five lines of heading and one below; no such stream has ends without addresses.
            if lines.len() < 7 || lines.iter().any(|l| l == "Node 1: :0") {
                continue;
            }
            let theirs = turns(lines[5..lines.len() - 1].iter().cloned());
            let number = stream.to_string();
            let args: [&OsStr; 8] = [
                "sessions".as_ref(),
                c.path.as_os_str(),
                "--kind".as_ref(),
                kind.as_ref(),
                "--follow".as_ref(),
                number.as_ref(),
                "--as".as_ref(),
                "raw".as_ref(),
            ];
            let out = peer::zscope(&args).expect("zscope runs");
            let ours = turns(String::from_utf8_lossy(&out.stdout).lines().skip(1).map(str::to_owned));
            compared += 1;
            if without_ends(ours) != without_ends(theirs) {
                wrong.push(format!("{} {question}", c.name));
            }
        }
    }
    println!("{compared} streams");
    assert!(compared >= 40, "only {compared} streams were compared");
    assert!(wrong.is_empty(), "{} streams differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn texts_are_found_in_the_tn3270_session() {
    let Some(dir) = workspace::captures() else {
        workspace::skipped("peer_sessions find", "the captures folder ../shared/captures is not there");
        return;
    };
    let file = dir.join("tn3270/Master_the_Mainframe.TN3270x.pcap");
    let find = |text: &str, more: &[&str]| {
        let mut args: Vec<&OsStr> =
            vec!["sessions".as_ref(), file.as_os_str(), "--find".as_ref(), text.as_ref()];
        args.extend(more.iter().map(OsStr::new));
        String::from_utf8(peer::zscope(&args).expect("zscope runs").stdout).expect("text")
    };
    // tshark 4.0: frame contains d3:d6:c7:d6:d5 (LOGON in code page 037).
    let logon = find("LOGON", &["--codepage", "037"]);
    assert!(logon.lines().count() > 0 && logon.lines().all(|l| l.ends_with(", ebcdic")), "{logon}");
    assert_eq!(find("0xd3d6c7d6d5", &[]).lines().count(), logon.lines().count());
    assert!(
        find("logon", &["--codepage", "037"]).len()
            < find("logon", &["--codepage", "037", "--ignore-case"]).len()
    );
}
