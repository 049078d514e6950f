//! Real captures: the same frames, times and lengths as tshark.
//!
//! By default one capture of every kind is compared; with `ZSCOPE_ALL_CAPTURES` set, all of them.

mod support;

use analyzer::source::frame::{AnomalyKind, LinkType};
use formats::endian::Endian;
use formats::pcapng::{BlockType, Enhanced, Interface, OptionCode, Section, Simple};
use std::collections::{HashMap, HashSet};
use support::*;

/// Where tshark and we differ, and why.
const DIFFERENT: &[(&str, &str)] = &[
    (
        "atm-oam-loopback-print-overrun.pcap",
        "microseconds above 4294967: tshark's product overflows, ours carries",
    ),
    (
        "timestamp_invalid_micro.pcap",
        "1000000 microseconds: tshark prints 10 digits of fraction, ours carries",
    ),
    ("timestamp_invalid_nano.pcap", "1000000000 nanoseconds: as above"),
    ("bgp_vpn_rt-oobr.pcap", "592 bytes that are nearly all NUL: tshark makes empty frames of them"),
];

/// Walks in large and in small windows, which must not matter.
fn walk_twice(name: &str, bytes: &[u8]) -> Option<Found> {
    let f = walk(framer(bytes)?.as_mut(), bytes, 1 << 18);
    check_tally(&f, bytes.len());
    let g = walk(framer(bytes)?.as_mut(), bytes, 97);
    check_tally(&g, bytes.len());
    assert!(f.frames == g.frames && f.tally == g.tally && f.blocks == g.blocks, "{name}: windows matter");
    Some(f)
}

#[test]
fn same_frames_as_tshark() {
    let Some(dir) = captures() else { return };
    let all = std::env::var_os("ZSCOPE_ALL_CAPTURES").is_some();
    let index = std::fs::read_to_string(dir.join("INDEX.tsv")).unwrap();
    let (mut seen, mut compared) = (HashMap::<_, u32>::new(), 0);
    for line in index.lines().skip(1) {
        let name = line.split('\t').next().unwrap();
        let path = dir.join(name);
        let bytes = read(&path);
        let Some(f) = walk_twice(name, &bytes) else { continue };
        let links: HashSet<_> = f.frames.iter().map(|f| f.link).collect();
        let mut links: Vec<_> = links.into_iter().collect();
        links.sort();
        let odd = !f.anomalies.is_empty();
        let kind = (f.name.clone(), bytes.get(..4).map(<[u8]>::to_vec), links, odd);
        let n = seen.entry(kind).or_default();
        *n += 1;
        if !all && *n > 1 {
            continue;
        }
        let Some((theirs, read)) = tshark(&path) else { return };
        if theirs.is_empty() && !read {
            // A link type that tshark does not know, or a version or reserved bits it refuses.
            continue;
        }
        compared += 1;
        if DIFFERENT.iter().any(|(n, _)| name.ends_with(n)) {
            assert_ne!(rows(&f), theirs, "{name}: no longer different");
            continue;
        }
        assert_eq!(rows(&f).len(), theirs.len(), "{name}: number of frames; {:?}", f.anomalies);
        for (i, (ours, theirs)) in rows(&f).iter().zip(&theirs).enumerate() {
            assert_eq!(ours, theirs, "{name}: frame {}", i + 1);
        }
    }
    println!("{compared} captures compared");
    assert!(compared >= 60);
}

#[test]
fn files_cut_short_end_where_tshark_ends() {
    let Some(dir) = captures() else { return };
    for name in [
        "corpora/arkime/bigendian.pcap",
        "corpora/pcapng-test-generator/output_be/difficult/test201.pcapng",
        "ibm-traces/dualhome.iptrace",
        "corpora/libtrace/100_packets.erf",
    ] {
        let bytes = read(&dir.join(name));
        // The middle of the file and some places near its end.
        for n in [bytes.len() / 2 + 1, bytes.len() - 30, bytes.len() - 3] {
            let file = Temp::new(&format!("cut{n}"), &bytes[..n]);
            let Some((theirs, read)) = tshark(&file.0) else { return };
            let f = walk_twice(name, &bytes[..n]).unwrap();
            assert_eq!(rows(&f), theirs, "{name} cut to {n}");
            if !read {
                assert_eq!(f.tally.damaged, 1, "{name} cut to {n}: {:?}", f.anomalies);
                assert_eq!(f.anomalies.last().unwrap().kind, AnomalyKind::TruncatedRecord);
            }
        }
    }
}

#[test]
fn resolutions_offsets_and_sections_as_tshark() {
    let mut b = Vec::new();
    for e in [Endian::Little, Endian::Big] {
        Section::encode(e, u64::MAX, &mut b, |_| {});
        for (resol, offset) in [(6, 0), (9, 0), (0, 0), (3, 100), (0x8a, 0), (0xa0, -7), (7, 0)] {
            Interface::encode(e, 1, 20, &mut b, |o| {
                o.u8(OptionCode::IF_TSRESOL, resol);
                if offset != 0 {
                    o.u64(OptionCode::IF_TSOFFSET, offset as i64 as u64);
                }
            });
        }
        let times = [
            1_700_000_000_123_456,
            1_700_000_000_123_456_789,
            1_700_000_000,
            1_700_000_000_123,
            1_700_000_000_u64 * 1024 + 513,
            1_700_000_000_u64 << 32 | 0x8000_0001,
            17_000_000_001_234_567,
        ];
        for (i, t) in times.into_iter().enumerate() {
            Enhanced::encode(e, i as u32, t, 60, &[&[0xaa; 20]], &mut b, |_| {});
        }
        Simple::encode(e, 60, &[0xbb; 20], &mut b);
    }
    let file = Temp::new("resol.pcapng", &b);
    let f = walk_twice("resol", &b).unwrap();
    assert!(f.anomalies.is_empty(), "{:?}", f.anomalies);
    assert_eq!(f.interfaces.len(), 14);
    let ifaces: Vec<_> = f.frames.iter().map(|f| f.iface).collect();
    assert_eq!(ifaces, [0, 1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 10, 11, 12, 13, 7]);
    assert_eq!(rows(&f)[0], ["1700000000.123456000", "60", "20"]);
    assert_eq!(rows(&f)[4][0], "1700000000.500976562");
    assert_eq!(rows(&f)[7], ["", "60", "20"]);
    let Some((theirs, true)) = tshark(&file.0) else { return };
    assert_eq!(rows(&f), theirs);
}

#[test]
fn resolutions_finer_than_64_bits() {
    let mut b = Vec::new();
    Section::encode(Endian::Little, u64::MAX, &mut b, |_| {});
    for resol in [20, 127, 0xff, 0xc0, 12] {
        Interface::encode(Endian::Little, 1, 0, &mut b, |o| o.u8(OptionCode::IF_TSRESOL, resol));
    }
    for i in 0..5 {
        Enhanced::encode(Endian::Little, i, u64::MAX, 1, &[&[1]], &mut b, |_| {});
    }
    let times: Vec<_> = walk_twice("fine", &b).unwrap().frames.iter().map(|f| f.time.unwrap()).collect();
    // 18446744073709551615 units of 10^-20, 10^-127, 2^-127, 2^-64 and 10^-12 seconds.
    let want = [(0, 184_467_440), (0, 0), (0, 0), (0, 999_999_999), (18_446_744, 73_709_551)];
    assert_eq!(times.iter().map(|t| (t.secs, t.nanos)).collect::<Vec<_>>(), want);
}

#[test]
fn blocks_with_no_packet_are_kept_in_order() {
    let Some(dir) = captures() else { return };
    let name = "corpora/pcapng-test-generator/output_be/difficult/test202.pcapng";
    let bytes = read(&dir.join(name));
    let f = walk_twice(name, &bytes).unwrap();
    // Frames and blocks put together again are the file.
    let mut again = Vec::new();
    let mut blocks = f.blocks.iter().peekable();
    for i in 0..=f.frames.len() {
        while blocks.peek().is_some_and(|b| b.0 == i) {
            again.extend_from_slice(&blocks.next().unwrap().2);
        }
        if let Some(f) = f.frames.get(i) {
            again.extend_from_slice(&f.head);
        }
    }
    assert_eq!(again, bytes);
    let kinds: HashSet<_> = f.blocks.iter().map(|b| BlockType(b.1)).collect();
    for kind in [BlockType::SECTION, BlockType::INTERFACE, BlockType::NAME_RESOLUTION] {
        assert!(kinds.contains(&kind));
    }
    assert_eq!(f.frames.iter().filter(|f| f.link == LinkType::PCAPNG_CUSTOM).count(), 3);
}

#[test]
fn journal_entries_are_frames_as_in_tshark() {
    let mut b = Vec::new();
    Section::encode(Endian::Little, u64::MAX, &mut b, |_| {});
    let entry = b"__REALTIME_TIMESTAMP=1700000000123456\n__MONOTONIC_TIMESTAMP=1\nMESSAGE=hello\n";
    formats::pcapng::Block { endian: Endian::Little, kind: BlockType::SYSTEMD_JOURNAL, body: entry }
        .encode(&mut b);
    let f = walk_twice("journal", &b).unwrap();
    assert_eq!((f.frames.len(), f.frames[0].link), (1, LinkType::SYSTEMD_JOURNAL));
    assert_eq!(rows(&f)[0][0], "1700000000.123456000");
    assert_eq!(f.frames[0].data, entry);
    let file = Temp::new("journal.pcapng", &b);
    let Some((theirs, true)) = tshark(&file.0) else { return };
    assert_eq!((theirs.len(), &theirs[0][0]), (1, &rows(&f)[0][0]));
}

#[test]
fn a_published_trsniff_file_with_record_descriptor_words() {
    let Some(dir) = captures() else { return };
    let plain = read(&dir.join("corpora/wireshark-wiki/general-unsorted/Ethernet_Pause_Frame.cap"));
    // The records of that file: magic, version, two frames, end.
    let cuts = [0, 17, 41, 125, 209, 215];
    let mut b = Vec::new();
    for part in cuts.windows(2).map(|c| &plain[c[0]..c[1]]) {
        b.extend_from_slice(&((part.len() + 4) as u16).to_be_bytes());
        b.extend_from_slice(&[0, 0]);
        b.extend_from_slice(part);
    }
    assert_eq!(plain.len(), 215);
    let (p, f) = (walk_twice("plain", &plain).unwrap(), walk_twice("RDW", &b).unwrap());
    assert_eq!((rows(&p), f.name.as_str()), (rows(&f), "TRSNIFF, RDW"));
    assert_eq!(p.frames[1].data, f.frames[1].data);
    assert_eq!((p.anomalies.len(), f.anomalies.len()), (0, 1));
}
