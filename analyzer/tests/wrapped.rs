//! Component trace entries in packets of link type 147 (2cUTC) are shown as in a component trace.
//! The entries and what their fields hold are the worked examples of the formats' description:
//! a DNS query in a packet trace record, and an HTTP request in a data trace record.

mod support;

use std::process::Command;

use formats::endian::Endian;
use formats::pcapng::{Enhanced, Interface, OptionCode, OptionWriter, Section, UNKNOWN_LENGTH};
use support::Temp;

const PACKET: &str = "00A6001000000004B72E372BBDA05000005C000127000038E3D9F14040404040\
    4040404040404040B72E372BBDA03000000000000000\
    00000000FFFF0943714100000000000000000000FFFF09255003\
    040100350000000300110000007F62C0001E0038000000030000000045000038\
    000E00004011A6FB094371410925500304010035\
    0024AD0B9D4A0100000100000000000002773303\
    69626D03636F6D00001C000100A6";

const DATA: &str = "0080001000000005C45FFFFE509E2000005C002100000012E4E2C5D9F1F24040\
    0201060000000000C45FFFFE509E0000\
    00000000000000000000FFFF0A01000200000000000000000000FFFF0A010102\
    A1C822630000000400060000000000580045001200000000000000004745542\
    02F20485454502F312E300D0A0D0A0080";

/// As a packet: "2cUTC", no extension, component SYSTCPDA.
const CONTAINER: &str = "32635554430000005359535443504441";

fn hex(s: &str) -> Vec<u8> {
    (0..s.len()).step_by(2).map(|i| u8::from_str_radix(&s[i..i + 2], 16).unwrap()).collect()
}

fn packets() -> Vec<Vec<u8>> {
    [PACKET, DATA].map(|e| hex(&format!("{CONTAINER}{e}"))).to_vec()
}

/// The packets in a pcap file, the last ten bytes of each left out when `cut`.
fn pcap(cut: bool) -> Vec<u8> {
    let mut out = hex("d4c3b2a10200040000000000000000000000040093000000");
    for p in packets() {
        let n = p.len() - usize::from(cut) * 10;
        for v in [1_000_000_000, 5, n as u32, p.len() as u32] {
            out.extend_from_slice(&v.to_le_bytes());
        }
        out.extend_from_slice(&p[..n]);
    }
    out
}

fn pcapng(order: Endian) -> Vec<u8> {
    let mut out = Vec::new();
    Section::encode(order, UNKNOWN_LENGTH, &mut out, |_| {});
    Interface::encode(order, 147, 0, &mut out, |o| {
        o.text(OptionCode::IF_NAME, "TR1");
    });
    for p in packets() {
        let comment = |o: &mut OptionWriter<'_>| {
            o.text(OptionCode::COMMENT, "kept");
        };
        Enhanced::encode(order, 0, 1_000_000_000_000_005, p.len() as u32, &[&p], &mut out, comment);
    }
    out
}

fn zscope(args: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_zscope")).args(args).output().unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

const FIELDS: [&str; 12] = [
    "frame.time_epoch",
    "utc2.component",
    "cte.fmtid",
    "pth.ifname",
    "pth.jobname",
    "pth.direction",
    "pth.src",
    "ip.dst",
    "udp.dstport",
    "udp.length",
    "udp.payload",
    "data.data",
];

fn fields(file: &Temp) -> Vec<String> {
    let mut args = vec!["packets", file.0.to_str().unwrap(), "-T", "fields"];
    args.extend(FIELDS.iter().flat_map(|f| ["-e", f]));
    zscope(&args).lines().map(str::to_owned).collect()
}

#[test]
fn entries_are_taken_out_of_their_packets() {
    let want = [
        "1000000000.000005000\tSYSTCPDA\t0x00000004\tTR1\t\t1\t9.67.113.65\t9.37.80.3\t53\t36\t\
         9d4a0100000100000000000002773303 69626d03636f6d00001c0001\t",
        "1000000000.000005000\tSYSTCPDA\t0x00000005\t\tUSER12\t1\t10.1.0.2\t\t\t\t\t474554202f20485454502f312e300d0a0d0a",
    ]
    .map(|s| s.replace(' ', ""));
    for (name, bytes) in
        [("a.pcap", pcap(false)), ("a.pcapng", pcapng(Endian::Little)), ("b.pcapng", pcapng(Endian::Big))]
    {
        let file = Temp::new(name, &bytes);
        assert_eq!(fields(&file), want, "{name}");
        let info = zscope(&["info", file.0.to_str().unwrap()]);
        assert!(info.contains("components") && info.contains("SYSTCPDA 2"), "{info}");
        assert!(info.contains("raw IP): 1 packets") && info.contains("socket data): 1 packets"), "{info}");
        assert!(!info.contains("does not add up"), "{info}");
        let selected = zscope(&[
            "packets",
            file.0.to_str().unwrap(),
            "-Y",
            "pth.jobname == \"USER12\"",
            "-T",
            "fields",
            "-e",
            "frame.number",
        ]);
        assert_eq!(selected, "2\n");
    }
}

#[test]
fn their_packets_are_carried_over_as_they_are() {
    for (from, to, bytes) in [
        ("c.pcap", "d.pcap", pcap(false)),
        ("c.pcapng", "d.pcapng", pcapng(Endian::Little)),
        ("c.pcapng", "d.pcapng", pcapng(Endian::Big)),
    ] {
        let (from, to) = (Temp::new(from, &bytes), Temp::new(to, &[]));
        zscope(&["export", from.0.to_str().unwrap(), "-o", to.0.to_str().unwrap()]);
        assert!(std::fs::read(&to.0).unwrap() == bytes, "{} differs", to.0.display());
    }
    // As a component trace again: the same entries.
    let (from, to) = (Temp::new("e.pcapng", &pcapng(Endian::Big)), Temp::new("e.ctrace", &[]));
    zscope(&["export", from.0.to_str().unwrap(), "--framing", "nmi", "-o", to.0.to_str().unwrap()]);
    let trace = std::fs::read(&to.0).unwrap();
    let entries = [hex(PACKET), hex(DATA)].concat();
    assert!(trace.windows(entries.len()).any(|w| w == entries), "{trace:02x?}");
}

#[test]
fn an_entry_cut_at_capture_shows_what_is_there() {
    let file = Temp::new("f.pcap", &pcap(true));
    let rows = fields(&file);
    assert!(rows[1].ends_with("\t474554202f2048545450"), "{rows:?}");
    let short = zscope(&[
        "packets",
        file.0.to_str().unwrap(),
        "-T",
        "fields",
        "-e",
        "frame.len",
        "-e",
        "frame.cap_len",
    ]);
    assert_eq!(short, "56\t48\n18\t10\n");
}
