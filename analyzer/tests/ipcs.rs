//! IPCS commands against the samples: layouts of the manual, selections against display filters.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples")
}

fn zscope(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_zscope")).current_dir(samples()).args(args).output().unwrap()
}

fn text(args: &[&str]) -> String {
    let o = zscope(args);
    assert!(o.status.success(), "{args:?}: {}", String::from_utf8_lossy(&o.stderr));
    String::from_utf8(o.stdout).unwrap()
}

fn ipcs(file: &str, command: &str) -> String {
    text(&["ipcs", file, "-c", command])
}

/// A file that goes away with the test.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("zscope-ipcs-{}-{name}", std::process::id()));
        fs::write(&path, bytes).unwrap();
        Self(path)
    }

    fn name(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn hex(t: &str) -> Vec<u8> {
    let digits: String = t.split_whitespace().collect();
    (0..digits.len() / 2).map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap()).collect()
}

/// A packet trace record with the packet of the manual's FORMAT example.
const DNS: &str = "\
    00A60010 00000004 B72E372B BDA05000 005C0001 27000038 E3D9F140 40404040 40404040 40404040 \
    B72E372B BDA03000 00000000 00000000 0000FFFF 09437141 00000000 00000000 0000FFFF 09255003 \
    04010035 00000003 00110000 007F62C0 001E0038 00000003 00000000 45000038 000E0000 4011A6FB \
    09437141 09255003 04010035 0024AD0B 9D4A0100 00010000 00000000 02773303 69626D03 636F6D00 \
    001C0001 00A6";

#[test]
fn full_report_of_the_manuals_packet() {
    let f = Temporary::new("dns.ctrace", &hex(DNS));
    let t = ipcs(f.name(), "CTRACE COMP(SYSTCPDA) OPTIONS((FORMAT(SUMMARY) DUMP))");
    let body = t.split_once("**** ").unwrap().1;
    let expected = "\
2002/02/12
   1          PACKET   00000004 23:39:11.873541 Packet Trace
  To Interface     : TR1               Device: QDIO Ethernet (39) Full=56
  Tod Clock        : 2002/02/12 23:39:11.873539 Sequence #: 3              Flags: Pkt Out
  Source Port      : 1025              Dest Port: 53             Asid: 001E           TCB: 007F62C0
 IpHeader: Version : 4                 Header Length: 20
  Tos              : 00                QOS: Routine Normal Service
  Packet Length    : 56                ID Number: 000E
  Fragment         :                   Offset: 0
  TTL              : 64                Protocol: UDP            CheckSum: A6FB FFFF
  Source           : 9.67.113.65
  Destination      : 9.37.80.3
 UDP
  Source Port      : 1025 ()           Destination Port: 53 (domain)
  Datagram Length  : 36                CheckSum: AD0B FFFF
 IP Header              : 20
 000000  45000038 000E0000 4011A6FB 09437141  |........ .w.....|E..8....@....CqA|
 000010  09255003                             |..&.            |.%P.            |
 Protocol Header        : 8
 000000  04010035 0024AD0B                    |......[.        |...5.$..        |
 Data                   : 28       Data Length: 28
 000000  9D4A0100 00010000 00000000 02773303  |................|.J...........w3.|
 000010  69626D03 636F6D00 001C0001           |.._..?_.....    |ibm.com.....    |
";
    assert_eq!(body, expected);
    // With data decoded, as SHORT gives it.
    let short = ipcs(f.name(), "CTRACE COMP(SYSTCPDA)");
    assert!(short.contains("\n DNS: 28\n") && short.contains("w3.ibm.com"), "{short}");
}

#[test]
fn text_columns_of_a_dump() {
    let f = Temporary::new("code.ctrace", &hex(DNS));
    let last = |o: &str| {
        let t = ipcs(f.name(), &format!("CTRACE COMP(SYSTCPDA) OPTIONS(({o}))"));
        t.lines().last().unwrap().to_owned()
    };
    assert_eq!(last("ASCII"), " 000010  69626D03 636F6D00 001C0001           |ibm.com.....    |");
    assert_eq!(last("EBCDIC"), " 000010  69626D03 636F6D00 001C0001           |.._..?_.....    |");
    assert_eq!(last("HEX"), " 000010  69626D03 636F6D00 001C0001");
    assert_eq!(
        last("DUMP(36)"),
        " 000000  9D4A0100 00010000                    |........        |.J......        |"
    );
}

/// Columns of a line, counted from 1, both ends included.
fn columns(line: &str, from: usize, to: usize) -> &str {
    line.get(from - 1..to.min(line.len())).unwrap_or_default()
}

#[test]
fn columns_of_the_summary() {
    let t = ipcs("ctrace/download-rdw.ctrace", "CTRACE COMP(SYSTCPDA) SUMMARY OPTIONS((RECORDS(9,7)))");
    let lines: Vec<&str> = t.lines().collect();
    let at = lines.iter().position(|l| l.starts_with("DP ")).unwrap();
    assert_eq!(lines[at - 2..at], ["I - Inbound packet", "O - Outbound packet"]);
    let heads = lines[at];
    assert_eq!((columns(heads, 3, 7), columns(heads, 9, 23)), ("   Nr", "hh:mm:ss.mmmmmm"));
    assert_eq!((columns(heads, 25, 28), columns(heads, 30, 39)), ("IpId", "   Seq_num"));
    assert_eq!((columns(heads, 41, 50), columns(heads, 52, 56)), ("   Ack_num", " Wndw"));
    assert_eq!((columns(heads, 58, 62), columns(heads, 75, 79)), ("Flags", "DatLn"));
    assert_eq!(columns(heads, 81, 98), "Source/Destination");
    assert_eq!(lines[at + 1], "**** 2026/03/02");
    let (syn, get) = (lines[at + 2], lines[at + 4]);
    assert_eq!((columns(syn, 1, 2), columns(syn, 3, 7)), ("OT", "    7"));
    assert_eq!((columns(syn, 58, 74), columns(syn, 75, 79)), ("ACK SYN          ", "    0"));
    assert_eq!(
        (columns(get, 1, 2), columns(get, 3, 7), columns(get, 9, 23)),
        ("IT", "    9", "08:00:00.010802")
    );
    assert_eq!((columns(get, 25, 28), columns(get, 30, 39)), ("4241", "   1000001"));
    assert_eq!((columns(get, 41, 50), columns(get, 52, 56)), ("   5000001", "32768"));
    assert_eq!((columns(get, 58, 74), columns(get, 75, 79)), ("ACK PSH          ", "   51"));
    assert_eq!(columns(get, 81, 120), "10.1.1.2-41416");
    let second = lines[at + 5];
    assert_eq!(columns(second, 25, 61), "47455420 2F696E64 *......>. GET /ind*");
    assert_eq!(columns(second, 81, 120), "10.1.0.2-80");
}

/// Record numbers of a SUMMARY report.
fn numbers(report: &str) -> BTreeSet<u64> {
    let body = report.split_once("Source/Destination\n").map_or("", |b| b.1);
    let first = |l: &&str| !l.starts_with("   ") && l.len() > 23 && l.as_bytes()[10] == b':';
    body.lines().filter(first).filter_map(|l| columns(l, 3, 7).trim().parse().ok()).collect()
}

fn frames(file: &str, filter: &str) -> BTreeSet<u64> {
    let t = text(&["packets", file, "-Y", filter, "-T", "fields", "-e", "frame.number"]);
    t.lines().map(|l| l.parse().unwrap()).collect()
}

#[test]
fn selections_are_display_filters() {
    let cases = [
        ("ctrace/download-rdw.ctrace", "TCP", "tcp"),
        ("ctrace/download-rdw.ctrace", "ICMP", "icmp"),
        ("ctrace/download-rdw.ctrace", "ICMP UDP", "icmp or udp"),
        ("ctrace/download-rdw.ctrace", "DOMAIN", "udp.port == 53"),
        ("ctrace/download-rdw.ctrace", "PORT(80) FLAGS(SYN)", "tcp.port == 80 and tcp.flags.syn == 1"),
        ("ctrace/download-rdw.ctrace", "IPADDR(10.1.9.0/24)", "ip.addr == 10.1.9.0/24"),
        ("ctrace/download-rdw.ctrace", "IPADDR(10.1.0.2-80)", "ip.addr == 10.1.0.2 and tcp.port == 80"),
        ("ctrace/download-rdw.ctrace", "IPADDR(10.1.1.2-80)", "frame.number == 0"),
        ("ctrace/download-rdw.ctrace", "DATASIZE(1000)", "tcp.len > 1000 or udp.length > 1008"),
        ("ctrace/download-rdw.ctrace", "RECORDS(3:5,9)", "frame.number in {3, 4, 5, 9}"),
        ("ctrace/download-rdw.ctrace", "INTERFACE(OSDL1)", "frame"),
        ("ctrace/download-rdw.ctrace", "INTERFACE(OSD*)", "frame"),
        ("ctrace/download-rdw.ctrace", "INTERFACE(OSDX)", "frame.number == 0"),
        ("ctrace/download-rdw.ctrace", "IPID(4241)", "ip.id == 4241"),
        ("ctrace/download-rdw.ctrace", "IPID(X'4241')", "ip.id == 0x4241"),
        ("ctrace/download-rdw.ctrace", "CLASSA", "frame"),
        ("ctrace/download-rdw.ctrace", "MULTICAST", "frame.number == 0"),
        ("ctrace/dropped.ctrace", "DISCARD", "pth.droprsn > 0"),
        ("ctrace/dropped.ctrace", "DISCARD(4096:8191)", "pth.droprsn >= 4096 and pth.droprsn <= 8191"),
        ("ctrace/dropped.ctrace", "TELNET UDP", "udp.port == 23"),
        ("ctrace/data-trace.ctrace", "TCP", "frame"),
        ("ctrace/data-trace.ctrace", "PORT(8803)", "frame"),
        ("ctrace/data-trace.ctrace", "DATTRACE", "frame"),
        ("ctrace/data-trace.ctrace", "PACKETTRACE", "frame.number == 0"),
        ("ctrace/data-trace.ctrace", "CID(58)", "frame"),
        ("ctrace/data-trace.ctrace", "CID(59)", "frame.number == 0"),
        ("ctrace/data-trace.ctrace", "DATASIZE(18)", "frame.number == 2"),
        ("ctrace/abbreviated.ctrace", "FLAGS(ABBREV)", "frame.cap_len < frame.len"),
        ("ctrace/ee-ipv6-vipa.ctrace", "EE IPV6", "udp.port == 12000 and ipv6"),
        ("ctrace/ee-ipv6-vipa.ctrace", "IPV6", "ipv6"),
        ("ctrace/smc.ctrace", "PROTOCOL(252)", "pth.proto == 252"),
        ("ctrace/smc.ctrace", "IPADDR(10.1.1.2)", "frame"),
        ("packets.pcap", "UDP", "udp"),
        ("packets.pcap", "IPV6", "ipv6"),
        ("packets.pcap", "VLANID(42)", "vlan.id == 42"),
        ("packets.pcap", "", "frame"),
    ];
    for (file, options, filter) in cases {
        let command = format!("CTRACE COMP(SYSTCPDA) SUMMARY OPTIONS(({options}))");
        let selected = numbers(&ipcs(file, &command));
        assert_eq!(selected, frames(file, filter), "{file}: {options}");
        // What --show-query prints selects the same.
        let query = text(&["ipcs", file, "--show-query", "-c", &command]);
        let line = query.lines().next().unwrap();
        let shown = line.split_once("-Y ").map_or("frame", |(_, f)| f.trim_matches('\''));
        assert_eq!(selected, frames(file, shown), "{file}: {options}: {shown}");
    }
}

#[test]
fn times_and_entry_ids() {
    let count = |c: &str| numbers(&ipcs("ctrace/download-rdw.ctrace", c));
    // Records before START are not numbered; STOP is the last one.
    let some = count(
        "CTRACE COMP(SYSTCPDA) SUMMARY START(03/02/26,08.00.00.006002) STOP(03/02/26,08.00.00.0096021)",
    );
    assert_eq!(some, (1..=4).collect());
    let local = count("CTRACE COMP(SYSTCPDA) SUMMARY TZ(-05:00) STOP(03/02/26,03.00.00.004802)");
    assert_eq!(local, (1..=4).collect());
    assert_eq!(count("CTRACE COMP(SYSTCPDA) SUMMARY LIMIT(5)").len(), 5);
    assert_eq!(count("CTRACE COMP(SYSTCPDA) SUMMARY OPTIONS((TCP LIMIT(2)))"), BTreeSet::from([6, 7]));
    assert_eq!(count("CTRACE COMP(SYSTCPDA) SUMMARY ENTIDLIST(4)").len(), 39);
    assert_eq!(count("CTRACE COMP(SYSTCPDA) SUMMARY ENTIDLIST(5:8)").len(), 0);
    let mixed = |c: &str| ipcs("kinds.ctrace", c);
    assert!(mixed("CTRACE COMP(SYSTCPDA) OPTIONS((STAT))").contains("(EE)\n"));
}

#[test]
fn names_that_the_trace_contradicts() {
    let t = ipcs("ctrace/download-rdw.ctrace", "CTRACE COMP(SYSTCPDA) SUB((TCPIP)) SUMMARY");
    assert!(t.contains("SUBNAME((TCPCS)), not ((TCPIP))"), "{t}");
    assert!(numbers(&t).is_empty());
    // A capture contradicts nothing.
    let t = ipcs("packets.pcap", "CTRACE COMP(SYSTCPDA) SUB((TCPIP)) SYSNAME(MVS1) SUMMARY");
    assert!(!numbers(&t).is_empty());
}

#[test]
fn the_option_report() {
    let t =
        ipcs("ctrace/download-rdw.ctrace", "CTRACE COMP(SYSTCPDA) SHORT OPTIONS((STAT(DETAIL) OPTION TCP))");
    // The manual's own listing for these options.
    for word in [
        "Both",
        "Bootp(67,68)",
        "Checksum(Summary)",
        "Cleanup(500)",
        "Datasize(0)",
        "DelayAck(200,200)",
        "Domain(53)",
        "EE(12000:12004)",
        "Finger(79)",
        "Flags()",
        "Ftp(20,21)",
        "Gain(125,250)",
        "Gopher(70)",
        "Limit(999999999)",
        "Gmt",
        "Ntp(123)",
        "Option",
        "Reassembly(65535,Summary)",
        "Router(520)",
        "Rpc(111)",
        "Sasp(3860)",
        "Segment",
        "Smtp(25)",
        "Snmp(161,162)",
        "Speed(10,10)",
        "Statistics(Detail)",
        "Tftp(69)",
        "Time(37)",
        "Userexit()",
        "Www(80)",
    ] {
        assert!(t.split_whitespace().any(|w| w == word), "{word}: {t}");
    }
    assert!(t.contains("Protocol( /* 1 */ 6 /* TCP */, )"), "{t}");
    assert!(t.contains("No packets required reassembly\n"));
    assert!(t.contains(" 4(Packet Trace)\n"));
    assert!(t.contains("       1 Record Type(s) found\n"));
}

#[test]
fn sniffer_files_are_read_back() {
    let original =
        text(&["packets", "ctrace/download-rdw.ctrace", "-T", "fields", "-e", "ip.src", "-e", "ip.len"]);
    for (ending, options, kind) in [
        ("pcapng", "SNIFFER", ""),
        ("trc", "SNIFFER(4000,ETHERNET)", "ETHERNET"),
        ("tr", "SNIFFER(4000,TOK)", "TOKENRING"),
        ("pcap", "SNIFFER(TCPDUMP)", "TCPDUMP"),
    ] {
        let out = Temporary::new(&format!("sniffer.{ending}"), b"");
        let command = format!("CTRACE COMP(SYSTCPDA) OPTIONS(({options} NOREASSEMBLY))");
        let t = text(&["ipcs", "ctrace/download-rdw.ctrace", "--sniffer", out.name(), "-c", &command]);
        assert_eq!(t.contains("PTRPT04I"), !kind.is_empty());
        assert!(kind.is_empty() || t.contains(&format!("PTRPT04I SNIFFER({kind}) option selected\n")), "{t}");
        // Two header records and a trailer are counted with DOS Sniffer files.
        let records = if matches!(kind, "ETHERNET" | "TOKENRING") { 42 } else { 39 };
        assert!(t.contains(&format!("{records:>10} records written to ")), "{t}");
        let again = text(&["packets", out.name(), "-T", "fields", "-e", "ip.src", "-e", "ip.len"]);
        assert_eq!(again, original, "{ending}");
    }
    let out = Temporary::new("cut.trc", b"");
    let t = text(&[
        "ipcs",
        "ctrace/download-rdw.ctrace",
        "--sniffer",
        out.name(),
        "-c",
        "CTRACE COMP(SYSTCPDA) OPTIONS((SNIFFER(200,ETHERNET)))",
    ]);
    let long = frames("ctrace/download-rdw.ctrace", "ip.len > 200").len();
    assert!(
        t.contains(&format!(
            "{long:>10} packets were truncated from 200 bytes
"
        )),
        "{t}"
    );
    let none =
        zscope(&["ipcs", "ctrace/download-rdw.ctrace", "-c", "CTRACE COMP(SYSTCPDA) OPTIONS((SNIFFER))"]);
    assert_eq!(none.status.code(), Some(2));
}

#[test]
fn commands_from_everywhere() {
    let script = "/* a job */\nSETDEF DSNAME('ctrace/data-trace.ctrace')\nctrace comp(systcpda) +\n  summ -\n opt((datt))\nEND\nCTRACE COMP(NEVER)\n";
    let f = Temporary::new("script", script.as_bytes());
    let from_file = text(&["ipcs", "ctrace/download-rdw.ctrace", "--script", f.name()]);
    assert_eq!(numbers(&from_file).len(), 3, "{from_file}");
    let mut child = Command::new(env!("CARGO_BIN_EXE_zscope"))
        .current_dir(samples())
        .args(["ipcs", "ctrace/download-rdw.ctrace"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let o = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(o.stdout).unwrap(), from_file);
}

#[test]
fn merged_records_are_in_order() {
    let t = text(&[
        "ipcs",
        "ctrace/mixed-components.ctrace",
        "-c",
        "MERGE",
        "-c",
        "CTRACE COMP(SYSTCPDA) SUMMARY",
        "-c",
        "CTRACE COMP(SYSTCPIP) SUMMARY",
        "-c",
        "CTRACE COMP(SYSTCPRE)",
        "-c",
        "MERGEEND",
    ]);
    let body = t.split_once("**** ").unwrap().1;
    let times: Vec<&str> = body
        .lines()
        .filter_map(|l| l.split_whitespace().find(|w| w.len() == 15 && w.starts_with("08:00:00.")))
        .collect();
    assert_eq!(times.len(), 9, "{t}");
    assert!(times.is_sorted(), "{times:?}");
    let sniffer = zscope(&[
        "ipcs",
        "ctrace/mixed-components.ctrace",
        "-c",
        "MERGE",
        "-c",
        "CTRACE COMP(SYSTCPDA) OPTIONS((SNIFFER))",
    ]);
    assert_eq!(sniffer.status.code(), Some(2));
    let e = String::from_utf8(sniffer.stderr).unwrap();
    assert!(e.contains("must not be used inside MERGE") && e.contains("no MERGEEND"), "{e}");
}

#[test]
fn wrong_commands() {
    let o = zscope(&["ipcs", "packets.pcap", "-c", "CTRACE COMP(SYSTCPDA) OPTIONS((PORT(23) XYZ))"]);
    assert_eq!(o.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(o.stderr).unwrap(),
        " CTRACE COMP(SYSTCPDA) OPTIONS((PORT(23) XYZ))\n                                         ^^^\n \
         XYZ is not a keyword of OPTIONS, at column 41\n"
    );
    assert_eq!(zscope(&["ipcs", "nothing-there", "-c", "CTRACE COMP(SYSTCPDA)"]).status.code(), Some(1));
}

#[test]
fn components_of_a_trace() {
    let t = ipcs("ctrace/mixed-components.ctrace", "CTRACE QUERY");
    for c in ["SYSTCPDA", "SYSTCPIP", "SYSTCPIS", "SYSTCPRE", "GSKSRVR"] {
        assert!(t.contains(&format!("\n {c:<9} TCPCS    MVS118  ")), "{t}");
    }
    let one = ipcs("ctrace/mixed-components.ctrace", "CTRACE QUERY(SYSTCPIP)");
    assert!(one.contains("SYSTCPIP") && !one.contains("SYSTCPDA"));
    let t = ipcs(
        "ctrace/mixed-components.ctrace",
        "CTRACE COMP(SYSTCPIP) OPTIONS((CID(58) PORT(80) IPADDR(10.1.1.2)))",
    );
    assert!(
        t.contains("  JOBN: TCPCS    HASID: 0041 PASID: 0041 SASID: 0041 DUCB: 0000001C CID: 00000058\n"),
        "{t}"
    );
    assert!(t.contains("  TCP connection opened\n"));
    let none = ipcs("ctrace/mixed-components.ctrace", "CTRACE COMP(SYSTCPIP) OPTIONS((PORT(81)))");
    assert!(none.contains("No records were selected"));
}

#[test]
fn damaged_traces_print_what_is_there() {
    for file in [
        "ctrace/damaged.ctrace",
        "damaged.ctrace",
        "ctrace/missing-segment.ctrace",
        "ctrace/segmented.ctrace",
    ] {
        let t = ipcs(file, "CTRACE COMP(SYSTCPDA) FULL OPTIONS((STAT SUMMARY))");
        assert!(t.contains("passed filtering"), "{t}");
    }
}

#[test]
fn sessions_and_their_states() {
    let ipcs =
        |o: &str| ipcs("ctrace/download-rdw.ctrace", &format!("CTRACE COMP(SYSTCPDA) OPTIONS(({o} TCP))"));
    let state = ipcs("SESSION(STATE)");
    let changes: Vec<(&str, &str)> = state
        .lines()
        .filter(|l| l.contains(" -> "))
        .map(|l| (l.split_whitespace().nth(1).unwrap(), l.get(51..).unwrap()))
        .collect();
    assert_eq!(
        changes,
        [
            ("6", "CLOSED -> SYN_SENT"),
            ("7", "SYN_SENT -> SYN_RECEIVED"),
            ("8", "SYN_RECEIVED -> ESTABLISHED"),
            ("37", "ESTABLISHED -> FIN_WAIT"),
            ("38", "FIN_WAIT -> LAST_ACK"),
            ("39", "LAST_ACK -> CLOSED"),
        ]
    );
    // The sample: a GET of 51 bytes, an answer of 42 + 25,800 bytes in segments of 1460.
    let t = ipcs("SESSION(SUMMARY)");
    for line in [
        "  Local                            10.1.0.2-80 SERVER Www\n",
        "  Remote                           10.1.1.2-41416 CLIENT\n",
        "  Duration                         0.039600\n",
        "  Final state                      CLOSED (ACTIVE CLOSE)\n",
        "  Round-trip time of the handshake 0.002400\n",
        "  Packets                                        13               21\n",
        "  Application data bytes                         51            25842\n",
        "  Data segments                                   1               18\n",
        "    announced MSS                              1460             1460\n",
        "  Retransmitted segments                          0                0\n",
    ] {
        assert!(t.contains(line), "{line}{t}");
    }
    assert!(!t.contains("RcvWnd"), "the short form has no lines of packets");
    let detail = ipcs("SESSION");
    assert_eq!(detail.lines().filter(|l| l.starts_with("     1 ")).count(), 34);
    // After two segments of 1460 bytes nothing is acknowledged yet; then all of it.
    let pipe = ipcs("SESSION(PIPE)");
    assert!(
        pipe.contains("     1      11 08:00:00.013200 O    5001461   1460          0       2920\n"),
        "{pipe}"
    );
    assert!(pipe.contains("     1      12 08:00:00.014400 I    1000052      0          0          0\n"));
}

#[test]
fn streams_are_what_was_sent() {
    let t = ipcs("ctrace/download-rdw.ctrace", "CTRACE COMP(SYSTCPDA) OPTIONS((STREAMS ASCII TCP))");
    assert!(t.contains("         2 stream(s) found\n"), "{t}");
    assert!(t.contains("Session: 10.1.0.2-80 10.1.1.2-41416 TCP\n From: 2026/03/02 08:00:00.007200 to: "));
    assert!(t.contains(" 34 packet(s) found\n"));
    assert!(
        t.contains(" Stream 10.1.1.2-41416 to 10.1.0.2-80: 13 packet(s), 51 byte(s) in a buffer of 131072\n")
    );
    let column = |from: &str| {
        let part = t.split_once(from).unwrap().1;
        let lines = part.lines().skip(1).take_while(|l| l.starts_with(" 0"));
        lines.map(|l| l.split_once('|').unwrap().1.trim_end_matches('|')).collect::<String>()
    };
    let request = column("Stream 10.1.1.2-41416");
    assert_eq!(request.trim_end(), "GET /index.html HTTP/1.1..Host: www.example.com....");
    let answer = column("Stream 10.1.0.2-80");
    assert!(answer.starts_with("HTTP/1.1 200 OK..Content-Length: 25800....<p>line 0000 of the page"));
    assert!(answer.trim_end().ends_with("<p>line 0599 of the page that is sent</p>.."));
    let small = ipcs("ctrace/download-rdw.ctrace", "CTRACE COMP(SYSTCPDA) OPTIONS((STREAMS(100) ASCII TCP))");
    assert!(small.contains("  25742 byte(s) found no room in the buffer\n"), "{small}");
    let data = ipcs("ctrace/data-trace.ctrace", "CTRACE COMP(SYSTCPDA) OPTIONS((STREAMS))");
    assert!(data.contains("Session: 10.1.0.2-8803 10.1.1.2-41416 TCP (data trace)\n"), "{data}");
}
