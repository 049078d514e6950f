//! The component traces of `samples/ctrace/`: what each was made to show must be found in it.
//! The numbers follow from how the files are put together.

use std::path::Path;

use analyzer::source::ctrace::{self, Framing, Options};
use analyzer::source::frame::{AnomalyKind, Batch, Finds, LinkType, Window};

struct Read {
    batch: Batch,
    facts: Vec<(&'static str, String)>,
    framing: Framing,
}

impl Read {
    fn fact(&self, key: &str) -> &str {
        self.facts.iter().find(|(k, _)| *k == key).map_or("", |(_, v)| v)
    }

    fn data(&self) -> Vec<&[u8]> {
        self.batch.frames.iter().map(|f| self.batch.bytes(f.data)).collect()
    }

    /// Anomalies but for the remark that an unframed file has no boundaries.
    fn wrong(&self) -> Vec<AnomalyKind> {
        let kinds = self.batch.anomalies.iter().map(|a| a.kind);
        kinds.filter(|k| *k != AnomalyKind::LostRecordBoundaries).collect()
    }
}

fn read(name: &str) -> Read {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/ctrace").join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    let framing = ctrace::recognise(&bytes).unwrap_or_else(|| panic!("{name} is not recognised"));
    let mut framer = ctrace::framer(framing, &Options::default());
    let mut b = Batch { buf: bytes.clone(), ..Batch::default() };
    let mut out = Finds {
        side: &mut b.side,
        frames: &mut b.frames,
        blocks: &mut b.blocks,
        anomalies: &mut b.anomalies,
        interfaces: &mut b.interfaces,
        tally: &mut b.tally,
    };
    let p = framer.walk(Window { bytes: &bytes, base: 0, eof: true }, &mut out);
    assert_eq!(p.consumed, bytes.len(), "{name}");
    assert!(b.tally.adds_up(), "{name}");
    assert_eq!(b.tally.record_bytes + b.tally.skipped_bytes, bytes.len() as u64, "{name}");
    let facts = framer.facts();
    Read { batch: b, facts, framing }
}

#[test]
fn the_download_is_the_same_in_every_framing() {
    let first = read("download-rdw.ctrace");
    // One DNS query, four pings; 3 packets to connect, 1 request, 18 of the answer with 9
    // acknowledgements, 3 to close.
    assert_eq!(first.batch.frames.len(), 1 + 4 + 3 + 1 + 18 + 9 + 3);
    for (name, framing) in [
        ("download-rdw.ctrace", Framing::Rdw),
        ("download-bdw.ctrace", Framing::Bdw),
        ("download-raw.ctrace", Framing::Raw),
        ("download-nmi.ctrace", Framing::Nmi),
    ] {
        let r = read(name);
        assert_eq!((r.framing, r.wrong()), (framing, vec![]), "{name}");
        assert_eq!(r.data(), first.data(), "{name}");
        assert_eq!(r.fact("components"), "SYSTCPDA 39");
        assert_eq!(r.fact("system"), "MVS118");
        if framing != Framing::Nmi {
            assert_eq!(r.fact("cut entries joined"), "1", "{name}");
            assert_eq!(r.fact("writer header length"), "48");
        }
        // 2026-03-02 08:00:00 UTC and 1200 microseconds for each packet (date -u +%s).
        for (f, n) in r.batch.frames.iter().zip(1..) {
            assert_eq!(f.time.unwrap().nanos_total(), 1_772_438_400_000_000_000 + n * 1_200_000);
        }
    }
}

#[test]
fn data_trace() {
    let r = read("data-trace.ctrace");
    let want: [&[u8]; 3] = [b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n", b"<html>hello</html>"];
    assert_eq!(r.data(), want);
    assert!(r.batch.frames.iter().all(|f| f.link == LinkType::ZOS_DATA));
    assert_eq!(r.batch.interfaces[0].name.as_deref(), Some("WEBSRV1"));
}

#[test]
fn segments() {
    let r = read("segmented.ctrace");
    // 40 bytes of headers each; 5 segments of 4096 and 5 of 1000, and 5 other packets.
    let mut lens: Vec<_> = r.data().iter().map(|d| d.len()).collect();
    lens.sort_unstable();
    assert_eq!(lens[5..], [4040, 20_040]);
    assert_eq!((lens.len(), r.batch.tally.joined, r.wrong()), (7, 8, vec![]));
    let long = r.data().into_iter().find(|d| d.len() == 20_040).unwrap();
    assert!(long[40..].iter().zip(0..).all(|(b, n)| *b == b'a' + (n % 26) as u8));
    let r = read("missing-segment.ctrace");
    assert_eq!(r.wrong(), [AnomalyKind::MissingSegment]);
    let cut = r.batch.frames.iter().find(|f| f.data.len == 2000).unwrap();
    assert_eq!((cut.orig_len, r.batch.frames.len()), (4540, 4));
}

#[test]
fn cut_and_dropped_packets() {
    let r = read("abbreviated.ctrace");
    let cut: Vec<_> = r.batch.frames.iter().filter(|f| f.orig_len > f.data.len).map(|f| f.orig_len).collect();
    assert_eq!((r.batch.frames.len(), cut), (10, vec![940, 1440, 1440]));
    let r = read("dropped.ctrace");
    // PTH_DropRsn is 88 bytes behind the start of the packet trace header.
    let reason = |f: &analyzer::source::frame::Frame| {
        let head = r.batch.bytes(f.head);
        u16::from_be_bytes([head[104], head[105]])
    };
    let reasons: Vec<_> = r.batch.frames.iter().map(reason).collect();
    assert_eq!(reasons, [17, 4096, 4102, 8192, 12_288, 16_384, 0, 0]);
}

#[test]
fn other_entry_ids() {
    let r = read("smc.ctrace");
    // CTE header 16, packet trace header 92, extension 4 + 74.
    assert!(r.batch.frames.iter().all(|f| (f.link, f.head.len) == (LinkType::ZOS_SMC, 186)));
    assert_eq!((r.data()[0].len(), r.data()[1]), (44, &b"data over SMC-R"[..]));
    let names: Vec<_> = r.batch.interfaces.iter().filter_map(|i| i.name.as_deref()).collect();
    assert_eq!(names, ["EZARIUT100100", "EZAISM01"]);
    let r = read("osaenta.ctrace");
    let types: Vec<_> = r.data().iter().map(|d| u16::from_be_bytes([d[12], d[13]])).collect();
    assert_eq!(types, [0x0806, 0x0800, 0x8100]);
    assert!(r.batch.frames.iter().all(|f| f.link == LinkType::ETHERNET));
    assert_eq!(r.fact("components"), "SYSTCPOT 3");
    let r = read("short-header.ctrace");
    let heads: Vec<_> = r.batch.frames.iter().map(|f| f.head.len).collect();
    assert_eq!((heads, r.wrong()), (vec![96, 100, 104, 106], vec![]));
    assert!(r.data().windows(2).all(|w| w[0] == w[1]));
    let r = read("ee-ipv6-vipa.ctrace");
    let versions: Vec<_> = r.data().iter().map(|d| d[0] >> 4).collect();
    assert_eq!(versions, [4, 4, 4, 4, 4, 6, 4, 6]);
    assert_eq!(r.fact("entry ids"), "packet 2, EE 6");
}

#[test]
fn mixed_components() {
    let r = read("mixed-components.ctrace");
    assert_eq!(r.wrong(), []);
    assert_eq!(r.fact("components"), "SYSTCPDA 6, SYSTCPIP 2, SYSTCPRE 1, SYSTCPIS 1, GSKSRVR 2");
    let other = r.batch.frames.iter().filter(|f| f.link == LinkType::ZOS_CTE);
    assert_eq!(other.count(), 6);
}

#[test]
fn damage_costs_only_what_was_damaged() {
    let (good, bad) = (read("download-rdw.ctrace"), read("damaged.ctrace"));
    assert_eq!(bad.framing, Framing::Rdw);
    let lost = good.data().iter().filter(|d| !bad.data().contains(d)).count();
    // One at the missing bytes, one at those too many, and of the last 333 bytes two entries of
    // 150 and part of another; the changed length costs nothing.
    assert!(lost <= 5, "{lost} lost: {:?}", bad.batch.anomalies);
    assert!(bad.data().contains(&good.data()[1]));
    assert!(bad.wrong().contains(&AnomalyKind::BadLength), "{:?}", bad.wrong());
    assert!(bad.wrong().contains(&AnomalyKind::TruncatedFile), "{:?}", bad.wrong());
}
