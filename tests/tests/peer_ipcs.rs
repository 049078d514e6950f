//! The IPCS session report counts what tshark's TCP analysis counts.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use tests::peer::{self, Capture};

/// Files that are compared at most.
const FILES: usize = 250;
/// Packets of a file at most: the whole report is read.
const PACKETS: u64 = 3000;

/// Lines of the report, and the tshark fields of which one must be there for a packet to count.
const COUNTS: [(&str, &[&str]); 7] = [
    (
        "Retransmitted segments",
        &[
            "tcp.analysis.retransmission",
            "tcp.analysis.fast_retransmission",
            "tcp.analysis.spurious_retransmission",
        ],
    ),
    ("Duplicate acks", &["tcp.analysis.duplicate_ack"]),
    ("Gaps", &["tcp.analysis.lost_segment"]),
    ("Out-of-order segments", &["tcp.analysis.out_of_order"]),
    ("Window probes", &["tcp.analysis.zero_window_probe"]),
    ("Keep-alives", &["tcp.analysis.keep_alive"]),
    ("Zero windows", &["tcp.analysis.zero_window"]),
];

/// Sessions, and the counts.
type Counts = (usize, [u64; COUNTS.len()]);

/// True for TCP directly in IP behind a link header that the IPCS reports look behind.
fn plain(protocols: &str) -> bool {
    let links =
        ["eth:ethertype:", "eth:ethertype:vlan:ethertype:", "raw:", "null:", "sll:ethertype:", "ppp:"];
    let inner = links.iter().find_map(|l| protocols.strip_prefix(l)).unwrap_or_default();
    let inner = inner.strip_prefix("ip:").or(inner.strip_prefix("ipv6:")).unwrap_or_default();
    inner == "tcp" || (inner.starts_with("tcp:") && !inner.contains(":tcp") && !inner.contains(":ip"))
}

/// `None` when the file holds TCP in something else, or none.
fn theirs(c: &Capture) -> Option<Counts> {
    let mut args = vec!["-Y", "tcp", "-T", "fields", "-e", "frame.protocols", "-e", "tcp.stream"];
    for f in COUNTS.iter().flat_map(|(_, f)| *f) {
        args.extend(["-e", f]);
    }
    args.extend(["-e", "ip.flags.mf", "-e", "ip.frag_offset"]);
    let out = peer::tshark(&c.path, &args).ok().filter(|o| o.code == Some(0))?;
    let text = String::from_utf8_lossy(&out.stdout);
    let mut streams = BTreeSet::new();
    let mut counts = [0; COUNTS.len()];
    for line in text.lines() {
        let mut cells = line.split('\t');
        let (protocols, stream) = (cells.next()?, cells.next()?);
        let rest: Vec<&str> = cells.collect();
        let fragment = rest[rest.len() - 2..].iter().any(|c| !matches!(*c, "" | "0"));
        if !plain(protocols) || fragment {
            return None;
        }
        streams.insert(stream.to_owned());
        let mut at = 0;
        for (n, (_, fields)) in counts.iter_mut().zip(COUNTS) {
            *n += u64::from(rest[at..at + fields.len()].iter().any(|c| !c.is_empty()));
            at += fields.len();
        }
    }
    (!streams.is_empty()).then_some((streams.len(), counts))
}

fn ours(c: &Capture) -> Counts {
    let command = OsStr::new("CTRACE COMP(SYSTCPDA) OPTIONS((SESSION(SUMMARY)))");
    let args = [OsStr::new("ipcs"), c.path.as_os_str(), OsStr::new("-c"), command];
    let out = peer::zscope(&args).unwrap_or_else(|e| panic!("{}: {e}", c.name));
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let tcp = |l: &&str| l.starts_with("Session ") && l.contains(": TCP, ");
    let sum = |label: &str| -> u64 {
        let of = |l: &str| {
            let rest = l.strip_prefix("  ")?.strip_prefix(label)?;
            Some(rest.split_whitespace().filter_map(|n| n.parse::<u64>().ok()).sum::<u64>())
        };
        text.lines().filter_map(of).sum()
    };
    (text.lines().filter(tcp).count(), COUNTS.map(|(label, _)| sum(label)))
}

#[test]
fn sessions_count_what_tshark_counts() {
    let Some(captures) = peer::captures("sessions_count_what_tshark_counts") else { return };
    let some: Vec<Capture> = captures.into_iter().filter(|c| c.packets <= PACKETS).collect();
    let step = some.len().div_ceil(FILES).max(1);
    let some: Vec<Capture> = some.into_iter().step_by(step).collect();
    let results = peer::each(&some, |c| theirs(c).map(|t| (c.name.clone(), t, ours(c))));
    let compared: Vec<_> = results.into_iter().flatten().collect();
    let wrong: Vec<String> = compared
        .iter()
        .filter(|(_, t, o)| t != o)
        .map(|(name, t, o)| format!("{name}: tshark {t:?}, zscope {o:?}"))
        .collect();
    println!("{} captures with TCP compared", compared.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), compared.len(), wrong.join("\n"));
}
