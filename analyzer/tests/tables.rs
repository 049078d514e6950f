//! Tables of the samples: through SQL, as text, as files. Expected rows are those of tshark 4.0
//! where it reads the sample, and of the samples' descriptions otherwise.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use analyzer::tables::{TableKind, doc, schema};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn zscope(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_zscope"))
        .current_dir(root().join("samples"))
        .args(args)
        .output()
        .unwrap()
}

/// The CSV that a query prints, without its header line.
fn rows(sample: &str, query: &str) -> Vec<String> {
    let out = zscope(&["sql", sample, query, "--format", "csv"]);
    let errors = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(0), "{query}: {errors}");
    String::from_utf8(out.stdout).unwrap().lines().skip(1).map(str::to_owned).collect()
}

fn fails(query: &str) -> String {
    let out = zscope(&["sql", "packets.pcapng", query]);
    assert_eq!(out.status.code(), Some(2), "{query}");
    assert!(out.stdout.is_empty());
    String::from_utf8(out.stderr).unwrap()
}

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("zscope-tables-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn names(&self) -> Vec<String> {
        let names = std::fs::read_dir(&self.0).unwrap();
        names.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_page_for_people_is_the_schema() {
    let path = root().join("docs/tables.md");
    if std::env::var_os("ZSCOPE_BLESS").is_some_and(|v| v == "1") {
        std::fs::write(&path, doc::page()).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == doc::page(), "docs/tables.md is out of date: run this test with ZSCOPE_BLESS=1");
}

#[test]
fn sums_are_those_of_tshark() {
    // tshark -r packets.pcapng -T fields -e ip.src -e frame.len, summed with awk.
    let tshark = [
        ",4,405",
        "10.0.0.0,3,413",
        "10.0.0.1,3,311",
        "10.0.0.10,1,98",
        "10.0.0.3,2,162",
        "10.0.0.4,3,626",
        "10.0.0.5,3,769",
        "10.0.0.6,1,66",
        "172.16.11.243,1,66",
        "172.16.13.240,2,1568",
        "172.16.4.133,3,3102",
        "172.16.4.14,2,1488",
        "172.16.5.201,2,206",
        "172.16.5.211,1,74",
        "172.16.7.170,1,98",
    ];
    let query = "SELECT ip.src, count(*), sum(frame.len) FROM packets GROUP BY 1 ORDER BY 1";
    for sample in ["packets.pcapng", "packets.pcap"] {
        assert_eq!(rows(sample, query), tshark, "{sample}");
    }
    // The same in underscores, in quotes, through a copy of the table, and from a packet trace.
    for query in [
        "SELECT ip_src, count(*), sum(frame_len) FROM packets GROUP BY 1 ORDER BY 1",
        "SELECT \"ip.src\", count(*), sum(\"frame.len\") FROM packets GROUP BY 1 ORDER BY 1",
        "SELECT a.ip.src, count(*), sum(b.frame.len) FROM packets a JOIN packets b USING (frame.number) \
         GROUP BY 1 ORDER BY 1",
    ] {
        assert_eq!(rows("packets.pcapng", query), tshark, "{query}");
    }
    // tshark -Y tcp, -Y udp, -Y icmp, counted with wc -l.
    let layers = "SELECT count(tcp), count(udp), count(icmp), count(*) FROM packets";
    assert_eq!(rows("packets.pcapng", layers), ["23,7,2,32"]);
}

#[test]
fn fields_are_those_of_tshark() {
    // tshark -r packets.pcapng -c 4 -T fields -e frame.number -e frame.time_epoch -e ip.src
    //   -e tcp.srcport -e ip.dst -e tcp.dstport -e tcp.len -e tcp.flags -e tcp.seq -e ip.ttl
    let query = "SELECT frame.number, frame.time, frame.time_ns, src, srcport, dst, dstport, tcp.len, tcp.flags, \
                 tcp.seq, ip.ttl FROM packets LIMIT 4";
    let expected = [
        "1,2026-01-01T00:00:00.000001000Z,1767225600000001000,10.0.0.5,64425,172.16.4.14,443,0,2,0,255",
        "2,2026-01-01T00:00:00.000002000Z,1767225600000002000,10.0.0.0,57924,172.16.13.240,40055,0,2,0,57",
        "3,2026-01-01T00:00:00.000003000Z,1767225600000003000,10.0.0.1,58071,172.16.4.133,443,0,2,0,64",
        "4,2026-01-01T00:00:00.000004000Z,1767225600000004000,172.16.13.240,40055,10.0.0.0,57924,0,18,0,57",
    ];
    assert_eq!(rows("packets.pcapng", query), expected);
}

#[test]
fn facts_of_zos_traces() {
    // As the descriptions of the samples have it.
    let query =
        "SELECT frame.number, direction, pth.droprsn, pth.droprsn.text FROM packets WHERE pth.droprsn > 0";
    let query = query.replace("pth.droprsn.text", "\"pth.droprsn.text\"");
    assert_eq!(rows("kinds.ctrace", &query), ["2,inbound,4102,IP_BAD_CKSUM"]);
    let query = "SELECT frame_number, record_kind, component, pth_jobname, pth_asid FROM records \
                 WHERE record_kind <> 'packet'";
    assert_eq!(
        rows("kinds.ctrace", query),
        ["6,socket data,SYSTCPDA,FTPD1,42", "8,SMC record,SYSTCPDA,,0", "11,trace entry,,,"]
    );
    let query = "SELECT trace.system, component, count(*) FROM records GROUP BY 2 ORDER BY 2";
    assert_eq!(
        rows("ctrace/mixed-components.ctrace", query),
        [
            "MVS118,GSKSRVR,2",
            "MVS118,SYSTCPDA,6",
            "MVS118,SYSTCPIP,2",
            "MVS118,SYSTCPIS,1",
            "MVS118,SYSTCPRE,1"
        ]
    );
    let query = "SELECT anomaly.kind, count(*) FROM anomalies GROUP BY 1";
    assert_eq!(
        rows("ctrace/damaged.ctrace", query),
        ["bad-length,1", "truncated-file,1", "truncated-record,3"]
    );
}

#[test]
fn sessions_are_those_of_tshark() {
    // tshark -r packets.pcapng -q -z conv,tcp: the first three lines.
    let query = "SELECT addr_a, port_a, addr_b, port_b, packets_ba, bytes_ba, packets_ab, bytes_ab FROM sessions \
                 WHERE session.kind = 'tcp' ORDER BY packets_ab + packets_ba DESC, bytes_ab + bytes_ba DESC LIMIT 3";
    let tshark = [
        "10.0.0.1,58071,172.16.4.133,443,3,3102,3,311",
        "10.0.0.5,64425,172.16.4.14,443,2,1488,3,769",
        "10.0.0.0,57924,172.16.13.240,40055,2,1568,3,413",
    ];
    assert_eq!(rows("packets.pcapng", query), tshark);
    // Packets of a table joined with its sessions are as many as the sessions say.
    let query = "SELECT s.session.stream, count(*) = packets_ab + packets_ba FROM packets p \
                 JOIN sessions s ON s.session.kind = 'tcp' AND s.session.stream = p.tcp.stream GROUP BY 1";
    assert_eq!(rows("packets.pcapng", query), ["0,1", "1,1", "2,1", "3,1", "4,1", "5,1"]);
    let out = zscope(&["sessions", "packets.pcapng", "--kind", "udp", "--format", "csv"]);
    assert_eq!(String::from_utf8(out.stdout).unwrap().lines().count(), 3);
}

#[test]
fn findings_name_their_packets() {
    // The sample has packets that the stack discarded.
    let dropped = rows("ctrace/dropped.ctrace", "SELECT count(*) FROM packets WHERE pth.droprsn > 0");
    let query = "SELECT sum(packet_count) FROM findings WHERE rule LIKE '%drop%' OR rule LIKE '%discard%'";
    assert_eq!(rows("ctrace/dropped.ctrace", query), dropped);
    assert!(rows("packets.pcapng", "SELECT * FROM findings").is_empty());
}

#[test]
fn blocks_of_pcapng_are_records() {
    let query =
        "SELECT record.kind, count(*), min(zscope.offset), sum(record.length) FROM records GROUP BY 1";
    // `info` says 10620 bytes in 34 records = 32 packets + 1 pcapng IDB + 1 pcapng SHB.
    let all = rows("packets.pcapng", query);
    assert_eq!(all, ["packet,32,80,10540", "pcapng IDB,1,48,32", "pcapng SHB,1,0,48"]);
}

#[test]
fn several_traces_are_told_apart() {
    let args = ["sql", "packets.pcap", "kinds.ctrace", "--format", "csv"];
    let query = "SELECT trace.id, trace.file, count(*), min(frame.number) FROM packets GROUP BY 1, 2";
    let out = zscope(&[&args[..], &[query]].concat());
    let text = String::from_utf8(out.stdout).unwrap();
    let rows: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(rows, ["1,packets.pcap,32,1", "2,kinds.ctrace,11,33"]);
}

#[test]
fn errors_name_the_place_and_what_may_be_meant() {
    let e = fails("SELECT frame.number\nFROM packets WHERE ip.scr = '10.0.0.1'");
    assert!(e.contains("no such column: ip.scr") && e.contains("line 2, column 20"), "{e}");
    assert!(e.contains("\n  FROM packets WHERE ip.scr = '10.0.0.1'\n                     ^\n"), "{e}");
    assert!(e.contains("did you mean ip.src"), "{e}");
    // A name in double quotes is never taken for a text.
    assert!(fails("SELECT \"ip.scr\" FROM packets").contains("did you mean ip.src"));
    assert!(
        fails("SELECT 1 FROM paquets")
            .contains("the tables are packets, records, sessions, findings, anomalies")
    );
    assert!(fails("SELECT 1 FORM packets").contains("syntax error"));
    let out = zscope(&["export", "packets.pcap", "-o", "never.parquet", "-e", "tcp.srcprt"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("tcp.srcport"));
    let out = zscope(&["sql", "not-there.pcap", "SELECT count(*) FROM packets"]);
    assert_eq!(out.status.code(), Some(1));
}

#[test]
fn results_are_printed_for_people_and_programs() {
    let query = "SELECT frame_number AS n, ip_src, udp_srcport FROM packets WHERE n IN (1, 2)";
    let out = zscope(&["sql", "packets.pcapng", query]);
    assert_eq!(
        String::from_utf8(out.stdout).unwrap(),
        "n  ip_src    udp_srcport\n-  --------  -----------\n1  10.0.0.5\n2  10.0.0.0\n"
    );
    let out = zscope(&["sql", "packets.pcapng", query, "--format", "jsonl"]);
    let first = "{\"n\":1,\"ip_src\":\"10.0.0.5\",\"udp_srcport\":null}\n";
    assert!(String::from_utf8(out.stdout).unwrap().starts_with(first));
}

#[test]
fn tables_become_text_files() {
    let dir = Folder::new("text");
    let out = dir.file("few.csv");
    let args = ["export", "packets.pcapng", "-o", &out, "--table", "packets", "--only", "-e", "frame.number"];
    let done = zscope(&[&args[..], &["-e", "src", "-c", "2"]].concat());
    assert_eq!(done.status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "frame.number,src\n1,10.0.0.5\n2,10.0.0.0\n");
    let out = dir.file("anomalies.jsonl");
    zscope(&["export", "ctrace/damaged.ctrace", "-o", &out, "--table", "anomalies"]);
    let text = std::fs::read_to_string(&out).unwrap();
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first["anomaly.kind"], "bad-length");
    assert_eq!(first["anomaly.offset"], 223);
    assert_eq!(text.lines().count(), 5);
}

#[test]
fn a_failed_export_leaves_nothing() {
    let dir = Folder::new("failed");
    for name in ["out.parquet", "out.csv"] {
        let done = zscope(&["export", "not-there.pcap", "-o", &dir.file(name), "--table", "packets"]);
        assert_eq!(done.status.code(), Some(1));
        assert!(dir.names().is_empty(), "{:?}", dir.names());
    }
}

#[test]
fn wrong_and_right_columns() {
    for t in TableKind::ALL {
        assert_eq!(TableKind::of(t.name()), Some(t));
    }
    let all = schema::with_fields(TableKind::Packets, &["dns.qry.name".to_owned()]).unwrap();
    assert!(all.iter().any(|c| c.name == "dns.qry.name"));
}

/// A condition that is handed down to the packets selects what the engine itself selects: a plus in
/// front of a column keeps the engine from handing it down.
#[test]
fn conditions_that_are_handed_down_select_the_same() {
    let conditions = [
        "{ip_src} = '10.0.0.1'",
        "'10.0.0.1' = {ip_src} AND {tcp_dstport} = 80",
        "{src} = '10.0.0.1'",
        "{dst} IN ('10.0.0.1', '10.0.0.2', 'nobody')",
        "{ip_src} IN ('10.0.0.1', '10.0.0.3')",
        "{tcp_dstport} >= 80 AND {tcp_dstport} < 1024",
        "{srcport} > 1023",
        "{tcp_dstport} BETWEEN 20 AND 443",
        "{frame_number} > 5 AND {frame_number} <= 20",
        "{ip_src} = '10.0.0.1' OR {tcp_dstport} = 443",
        "({ip_src} = '10.0.0.1' AND {ip_proto} = 6) OR {udp_dstport} = 53",
        "{ipv6_src} IS NOT NULL",
        "{ip_ttl} IS NULL",
        "NOT {ip_src} = '10.0.0.1'",
        "{ip_src} = '10.0.0.0/8'",
        "{ip_src} = 'no address'",
        "{ip_src} = NULL",
        "{tcp_dstport} = 80.5",
        "{tcp_dstport} = 99999999",
        "{tcp_dstport} > -1",
        "{pth_jobname} = 'FTPD1'",
        "{pth_jobname} = 'ftpd1' COLLATE NOCASE",
        "{tcp_flags_syn} = 1",
        "{tcp_flags_syn} = 2",
    ];
    for sample in ["packets.pcapng", "kinds.ctrace", "packets.pcap"] {
        for condition in conditions {
            for select in
                ["SELECT frame_number, info FROM packets WHERE", "SELECT count(*) FROM packets WHERE"]
            {
                let handed = condition.replace(['{', '}'], "");
                let kept = condition.replace('{', "+").replace('}', "");
                assert_eq!(
                    rows(sample, &format!("{select} {handed}")),
                    rows(sample, &format!("{select} {kept}")),
                    "{sample}: {condition}"
                );
            }
        }
    }
    // The plan says what is handed down: equality (e), a list (e*), at least (h).
    let plan = |condition: &str| {
        rows(
            "packets.pcapng",
            &format!("EXPLAIN QUERY PLAN SELECT frame_number FROM packets WHERE {condition}"),
        )
        .join("\n")
    };
    assert!(plan("ip_src = '10.0.0.1'").contains(";e"), "{}", plan("ip_src = '10.0.0.1'"));
    assert!(plan("ip_src IN ('10.0.0.1')").contains(";e"));
    assert!(plan("ip_src IN ('10.0.0.1', '10.0.0.2')").contains(";e*"));
    assert!(plan("tcp_dstport >= 80").contains(";h"));
    assert!(!plan("+ip_src = '10.0.0.1'").contains(';'));
    // With a filter of the command line both count.
    let both = zscope(&[
        "sql",
        "packets.pcapng",
        "-Y",
        "tcp",
        "SELECT count(*) FROM packets WHERE ip_src = '10.0.0.1'",
    ]);
    let kept = zscope(&[
        "sql",
        "packets.pcapng",
        "-Y",
        "tcp",
        "SELECT count(*) FROM packets WHERE +ip_src = '10.0.0.1'",
    ]);
    assert_eq!(both.stdout, kept.stdout);
}
