//! `zstack demo`: every planted problem is found, nothing else is, the same seed makes the same
//! files, and tshark sees in the captures what the stacks counted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tests::{process, workspace};

/// What is planted, as the beginning of its finding and a piece of it. `*` is a port that the seed
/// chooses.
const PLANTED: [(&str, &str); 5] = [
    (" tcp 27: 10.1.1.1:", " segments again to 10.1.1.100:"),
    (
        "note tcp 28: packets from 10.1.1.1 to 10.1.2.50 are too long for 10.1.1.254",
        "at most 1400 bytes pass",
    ),
    ("error tcp 1: 2001:db8:1::2 refused 1 connection from 2001:db8:1::64", "to port 2023"),
    ("warning tcp 2: 10.1.1.2:9 closed its receive window", "does not read as fast"),
    ("error: adapter 02:00:00:00:01:42 wants 10.1.1.2", "which another one has"),
];

/// Runs the demo into a folder of its own; gives what it printed and its files.
fn demo(seed: u64, name: &str) -> (String, PathBuf) {
    let dir = std::env::temp_dir().join(format!("zstack-demo-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    let mut c = Command::new(workspace::zstack());
    c.arg("demo").arg("--out").arg(&dir).args(["--seed", &seed.to_string()]);
    let out = process::run(&mut c, Duration::from_secs(120)).expect("zstack can be started");
    assert_eq!(out.code, Some(0), "seed {seed}: {}", out.errors());
    assert_eq!(out.errors(), "", "seed {seed}");
    (String::from_utf8(out.stdout).expect("text"), dir)
}

fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let read = |p: PathBuf| {
        let bytes = std::fs::read(&p).expect("a file that was just written");
        (p.strip_prefix(dir).expect("in the folder").to_owned(), bytes)
    };
    workspace::files(dir).into_iter().map(read).collect()
}

#[test]
fn every_planted_problem_is_found_and_nothing_else() {
    for seed in 1..=5 {
        let (text, dir) = demo(seed, &format!("found{seed}"));
        let starts = ["error", "warning", "note"];
        let findings: Vec<&str> =
            text.lines().filter(|l| starts.iter().any(|s| l.strip_prefix(s).is_some())).collect();
        for (start, piece) in PLANTED {
            let is = |l: &&&str| l.contains(start) && l.contains(piece);
            assert_eq!(findings.iter().filter(is).count(), 1, "seed {seed}: {start}\n{findings:#?}");
        }
        assert_eq!(findings.len(), PLANTED.len(), "seed {seed}: {findings:#?}");
        let _ = std::fs::remove_dir_all(dir);
    }
}

#[test]
fn the_same_seed_makes_the_same_files() {
    let ((one, a), (two, b), (_, c)) = (demo(7, "a"), demo(7, "b"), demo(8, "c"));
    let (x, y) = (files(&a), files(&b));
    assert!(x.len() >= 12, "{:?}", x.keys());
    assert_eq!(x.keys().collect::<Vec<_>>(), y.keys().collect::<Vec<_>>());
    for (name, bytes) in &x {
        assert!(!bytes.is_empty(), "{} is empty", name.display());
        assert!(*bytes == y[name], "{} differs", name.display());
    }
    assert_eq!(one.replace(&a.display().to_string(), ""), two.replace(&b.display().to_string(), ""));
    let name = Path::new("ZS01.TCPIP.SYSTCPDA.ctrace");
    assert!(files(&c)[name] != x[name], "another seed makes the same packets");
    for dir in [a, b, c] {
        let _ = std::fs::remove_dir_all(dir);
    }
}

/// Packets that match a filter, by tshark with every checksum verified.
fn tshark(file: &Path, filter: &str) -> Vec<String> {
    let mut c = Command::new("tshark");
    c.arg("-r").arg(file).args(["-Y", filter, "-T", "fields", "-e", "frame.number"]);
    for p in ["ip", "tcp", "udp"] {
        c.args(["-o", &format!("{p}.check_checksum:TRUE")]);
    }
    let out = process::run(&mut c, Duration::from_secs(120)).expect("tshark can be started");
    assert_eq!(out.code, Some(0), "{filter}: {}", out.errors());
    String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect()
}

/// A number of NETSTAT STATS.
fn counted(dir: &Path, system: &str, what: &str) -> usize {
    let text = std::fs::read_to_string(dir.join(format!("{system}.TCPIP.netstat.txt"))).expect("NETSTAT");
    let line = text.lines().find(|l| l.trim_start().starts_with(what) && l.contains(" = "));
    let n = line.and_then(|l| l.rsplit(' ').next()).and_then(|n| n.parse().ok());
    n.unwrap_or_else(|| panic!("{system} has no {what}"))
}

#[test]
fn tshark_sees_what_the_stacks_counted() {
    if !workspace::installed("tshark") {
        workspace::skipped("demo in tshark", "tshark is not installed");
        return;
    }
    for seed in [1] {
        let (_, dir) = demo(seed, &format!("tshark{seed}"));
        for name in ["ZS01.TCPIP.SYSTCPDA", "ZS02.TCPIP.SYSTCPDA", "ZS02.TCPIP.SYSTCPOT"] {
            let file = dir.join(format!("{name}.pcapng"));
            assert!(!tshark(&file, "frame").is_empty(), "{name} is empty");
            // What ICMP errors quote is cut, and its checksum cannot be right.
            for bad in [
                "_ws.malformed",
                "ip.checksum.status == 0",
                "icmp.checksum.status == 0",
                "icmpv6.checksum.status == 0",
                "udp.checksum.status == 0 && !icmp && !icmpv6",
                "tcp.checksum.status == 0 && !icmp && !icmpv6",
            ] {
                assert_eq!(tshark(&file, bad), [""; 0], "seed {seed}, {name}: {bad}");
            }
        }
        for (system, v4, v6) in [("ZS01", "10.1.1.1", "2001:db8:1::1"), ("ZS02", "10.1.1.2", "2001:db8:1::2")]
        {
            let file = dir.join(format!("{system}.TCPIP.SYSTCPDA.pcapng"));
            let own = format!("(ip.src == {v4} || ipv6.src == {v6}) && !icmp && !icmpv6");
            // What is sent again while more is on its way is out of order for Wireshark.
            let again = "(tcp.analysis.retransmission || tcp.analysis.out_of_order)";
            let n = counted(&dir, system, "Segments Retransmitted");
            assert_eq!(
                tshark(&file, &format!("{own} && {again}")).len(),
                n,
                "seed {seed}, {system}: sent again"
            );
            assert!(system == "ZS02" || n > 0, "seed {seed}: nothing was lost");
            let n = counted(&dir, system, "Resets Sent");
            assert_eq!(tshark(&file, &format!("{own} && tcp.flags.reset == 1")).len(), n, "{system}: resets");
            assert!(system == "ZS01" || n == 1, "seed {seed}: {n} resets");
            // A closed window is told again in answers to probes.
            let n = counted(&dir, system, "Receive Windows Closed");
            let probes = counted(&dir, system, "Window Probes Received");
            let zero = tshark(&file, &format!("{own} && tcp.analysis.zero_window")).len();
            assert!((n..=n + probes).contains(&zero), "{system}: {zero} zero windows, closed {n} times");
            assert!(system == "ZS01" || n > 0, "seed {seed}: the window was never closed");
        }
        let _ = std::fs::remove_dir_all(dir);
    }
}

#[test]
fn a_closed_pipe_ends_it_quietly_and_leaves_the_files() {
    let dir = std::env::temp_dir().join(format!("zstack-demo-{}-pipe", std::process::id()));
    let mut c = Command::new(workspace::zstack());
    c.arg("demo").arg("--out").arg(&dir).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = c.spawn().expect("zstack can be started");
    drop(child.stdout.take());
    let out = child.wait_with_output().expect("zstack ends");
    assert_eq!(out.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&out.stderr), "");
    assert!(dir.join("ZS02.TCPIP.SYSTCPOT.pcapng").is_file());
    let _ = std::fs::remove_dir_all(dir);
}
