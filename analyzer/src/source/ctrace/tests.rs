//! All framings over the same entries: what is written one way must be read the same in every
//! other, whatever the windows, and whatever is damaged.

use proptest::prelude::*;

use formats::ctrace::{Component, FormatId, Name, cte, encode, nmi as tmi};
use formats::tod::Tod;

use super::testing::*;
use super::*;
use crate::source::frame::{AnomalyKind, Batch, LinkType};

fn read(framing: Framing, bytes: &[u8], step: usize) -> Batch {
    drive(&mut *framer(framing, &Options::default()), bytes, step)
}

fn facts(framing: Framing, bytes: &[u8]) -> Vec<(&'static str, String)> {
    let mut f = framer(framing, &Options::default());
    drive(&mut *f, bytes, 1 << 20);
    f.facts()
}

fn fact(facts: &[(&'static str, String)], key: &str) -> String {
    facts.iter().find(|(k, _)| *k == key).map(|(_, v)| v.clone()).unwrap_or_default()
}

/// Packets of many sizes, among them some that need entries of 14 KB.
fn packets(n: u32) -> Vec<Vec<u8>> {
    (1..=n).map(|i| packet(i, if i % 40 == 0 { 14_000 } else { (i as usize * 131) % 1400 })).collect()
}

fn check(framing: Framing, bytes: &[u8], want: &[Vec<u8>]) {
    assert_eq!(recognise(bytes), Some(framing));
    let mut seen: Option<(Vec<_>, Vec<_>)> = None;
    for step in [1 << 20, 65_536, 4096, 333] {
        let b = read(framing, bytes, step);
        let serious: Vec<_> =
            b.anomalies.iter().filter(|a| a.kind != AnomalyKind::LostRecordBoundaries).collect();
        assert!(serious.is_empty(), "{framing} {step}: {serious:?}");
        let got = data(&b);
        assert_eq!(got.len(), want.len(), "{framing} {step}");
        assert_eq!(got, want, "{framing} {step}");
        assert_eq!(b.tally.skipped_bytes, 0);
        for (f, n) in b.frames.iter().zip(1..) {
            assert_eq!(f.time.unwrap().nanos_total(), time(n).unix_nanos());
            assert_eq!(f.orig_len as usize, want[n as usize - 1].len());
            assert_eq!(f.link, LinkType::RAW);
            let name = b.interfaces[f.iface as usize].name.as_deref();
            assert_eq!(name, Some(["OSDL", "EZAIUTI4", "LOOPBACK"][n as usize % 3]));
        }
        assert_eq!(b.interfaces.len(), 3);
        // What is found must not depend on the windows.
        let now = (b.frames.iter().map(|f| f.offset).collect(), b.anomalies);
        match &seen {
            Some(before) => assert_eq!(*before, now, "{framing} {step}"),
            None => seen = Some(now),
        }
    }
}

#[test]
fn every_layout_in_every_framing() {
    let want = packets(300);
    let (all, _) = entries(&want);
    check(Framing::Nmi, &all, &want);
    for layout in
        [Layout::Every(0), Layout::Every(64), Layout::First(48), Layout::Every(100), Layout::First(12)]
    {
        for pad in [false, true] {
            let r = records(&all, 65_536, 27_990, layout, pad);
            assert!(r.len() > 6);
            check(Framing::Rdw, &with_rdw(&r), &want);
            check(Framing::Bdw, &with_bdw(&r, 27_998), &want);
            if layout == Layout::Every(0) {
                check(Framing::Nmi, &r.concat(), &want);
            } else {
                check(Framing::Raw, &r.concat(), &want);
            }
        }
    }
}

#[test]
fn small_records_and_blocks_of_several() {
    let want = packets(100);
    let (all, _) = entries(&want);
    for (buffer, record) in [(30_000, 1000), (16_000, 333), (20_000, 4092)] {
        for layout in [Layout::Every(0), Layout::Every(40), Layout::First(40)] {
            let r = records(&all, buffer, record, layout, false);
            check(Framing::Rdw, &with_rdw(&r), &want);
            check(Framing::Bdw, &with_bdw(&r, 8000), &want);
        }
    }
}

#[test]
fn the_writer_header_is_learnt_and_shown() {
    let (all, _) = entries(&packets(200));
    let r = records(&all, 65_536, 27_990, Layout::Every(64), true);
    let hex: String = foreign_header(64, 0, "SYSTCPDA").iter().map(|b| format!("{b:02X}")).collect();
    for (framing, bytes) in
        [(Framing::Rdw, with_rdw(&r)), (Framing::Bdw, with_bdw(&r, 27_998)), (Framing::Raw, r.concat())]
    {
        let f = facts(framing, &bytes);
        assert_eq!(fact(&f, "writer header length"), "64", "{framing}");
        assert_eq!(fact(&f, "writer header"), hex);
        assert_eq!(fact(&f, "components"), "SYSTCPDA 200");
        assert_eq!(fact(&f, "entry ids"), "packet 200");
        if framing != Framing::Raw {
            assert_eq!(fact(&f, "records"), r.len().to_string());
            assert_eq!(fact(&f, "longest record"), "27994");
        }
    }
}

#[test]
fn entries_of_the_longest_kind_over_many_records() {
    let want: Vec<_> = (1..6).map(|n| packet(n, 65_534 - 110 - 28)).collect();
    let (all, _) = entries(&want);
    for layout in [Layout::Every(0), Layout::Every(64), Layout::First(64)] {
        let r = records(&all, 65_536, 27_990, layout, false);
        check(Framing::Rdw, &with_rdw(&r), &want);
        check(Framing::Bdw, &with_bdw(&r, 27_998), &want);
    }
}

#[test]
fn recognises_nothing_else() {
    for b in [&b""[..], &[0; 5000], b"hello world", &[0xFF; 3000], &[0, 8, 0, 0, 1, 2, 3, 4, 0, 8, 0, 0]] {
        assert_eq!(recognise(b), None);
    }
    let text = "The quick brown fox jumps over the lazy dog. ".repeat(1000);
    assert_eq!(recognise(text.as_bytes()), None);
    // Records that hold no entries: text with record descriptor words.
    let r: Vec<_> = (0..50).map(|n| format!("RECORD NUMBER {n}").into_bytes()).collect();
    assert_eq!(recognise(&with_rdw(&r)), None);
    let skipped = read(Framing::Rdw, text.as_bytes(), 1000);
    assert_eq!(skipped.frames.len(), 0);
    assert_eq!(skipped.tally.skipped_bytes as usize, text.len());
}

#[test]
fn nmi_messages_around_buffers() {
    let want = packets(20);
    let (all, at) = entries(&want);
    let mut bytes = Vec::new();
    let init = tmi::Message::Init {
        system: Name::new("MVS118"),
        component: Component::SYSTCPDA,
        job: Name::new("TCPCS"),
        start: time(0),
        max_buffer: 65_536,
    };
    let token = tmi::Message::Token { id: tmi::TmiId::PACKET_TOKEN, token: [7; 32] };
    init.encode(&mut bytes);
    for part in [&all[..at[7]], &all[at[7]..at[13]], &all[at[13]..]] {
        token.encode(&mut bytes);
        bytes.extend_from_slice(part);
        // The copy service leaves a halfword of zeros behind the last entry.
        bytes.extend([0, 0]);
    }
    tmi::Message::Term { code: tmi::TermCode(0), time: time(99) }.encode(&mut bytes);
    check(Framing::Nmi, &bytes, &want);
    let b = read(Framing::Nmi, &bytes, 100);
    assert_eq!(b.tally.other.get("TMI token"), Some(&3));
    assert_eq!(b.tally.other.get("TMI INIT"), Some(&1));
    assert_eq!(b.tally.records, 25);
    let f = facts(Framing::Nmi, &bytes);
    assert_eq!((fact(&f, "system"), fact(&f, "stack")), ("MVS118".into(), "TCPCS".into()));
}

fn segments(packet: &[u8], n: u32, size: usize) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    encode::PacketEntry::new(FormatId::PACKET, Tod(time(n).0 + 4096), header(n, packet.len()), packet)
        .encode_segments(size, |e| {
            out.push(e.to_vec());
            Ok(())
        })
        .unwrap();
    out
}

#[test]
fn interleaved_segments_are_joined() {
    let (a, b) = (packet(1, 700), packet(2, 500));
    let (sa, sb) = (segments(&a, 1, 200), segments(&b, 2, 100));
    let (one, _) = entries(&[packet(9, 9)]);
    let mut bytes = Vec::new();
    for i in 0..sa.len().max(sb.len()) {
        sa.get(i).into_iter().chain(sb.get(i)).for_each(|s| bytes.extend_from_slice(s));
        bytes.extend_from_slice(&one);
    }
    for step in [50, 100_000] {
        let batch = read(Framing::Nmi, &bytes, step);
        let got: Vec<_> = data(&batch).into_iter().filter(|d| d.len() > 100).collect();
        assert_eq!(got, [a.clone(), b.clone()]);
        assert_eq!(batch.tally.joined as usize, sa.len() + sb.len() - 2);
        assert!(batch.anomalies.is_empty());
        let f = batch.frames.iter().find(|f| f.data.len > 600).unwrap();
        assert_eq!((f.offset, f.head.len, f.orig_len), (0, 108, a.len() as u32));
        assert_eq!(batch.bytes(f.head), &sa[0][..108]);
    }
}

#[test]
fn segments_beyond_255_and_out_of_order() {
    let a = packet(1, 3000);
    let s = segments(&a, 1, 10);
    assert_eq!(s.len(), 303);
    assert_eq!((s[255][18], s[256][18]), (255, 1));
    assert_eq!(data(&read(Framing::Nmi, &s.concat(), 9999)), std::slice::from_ref(&a));
    // A wrapped data set: the second half comes first.
    let s = segments(&a, 1, 100);
    let turned = [s[20..].concat(), s[..20].concat()].concat();
    let b = read(Framing::Nmi, &turned, 9999);
    assert_eq!(data(&b), [a]);
    assert_eq!(b.bytes(b.frames[0].head), &s[0][..108]);
}

#[test]
fn missing_segments_are_reported_and_the_rest_is_kept() {
    let a = packet(1, 900);
    let mut s = segments(&a, 1, 200);
    s.remove(2);
    let b = read(Framing::Nmi, &s.concat(), 9999);
    assert_eq!(data(&b), [a[..400].to_vec()]);
    assert_eq!(b.anomalies[0].kind, AnomalyKind::MissingSegment);
    // 200 bytes are missing and 328 cannot be placed.
    assert_eq!(b.anomalies[0].bytes, 528);
    assert_eq!(
        b.anomalies[0].detail,
        "PTH_SeqNum: segment 2 of a record is missing: PTH_Tlen 928, 728 bytes found in 4 segments; the frame \
         holds segments 0 to 1 (400 bytes), not the 2 behind the missing one (328 bytes)"
    );
    let f = facts(Framing::Nmi, &s.concat());
    assert_eq!(fact(&f, "segmented, incomplete"), "1");
    assert_eq!(fact(&f, "segments behind a missing one"), "2 (328 bytes)");
    assert_eq!((b.tally.records, b.tally.frames, b.tally.joined), (4, 1, 3));
    assert_eq!(b.frames[0].orig_len as usize, a.len());
    let s = segments(&a, 1, 200);
    let b = read(Framing::Nmi, &s[1..].concat(), 9999);
    assert_eq!(data(&b), [a[200..].to_vec()]);
    assert_eq!(b.frames[0].link, LinkType::ZOS_DATA);
}

#[test]
fn waiting_segments_are_bounded() {
    let mut bytes = Vec::new();
    for n in 1..=500 {
        bytes.extend_from_slice(&segments(&packet(n, 300), n, 100)[0]);
    }
    let b = read(Framing::Nmi, &bytes, 9999);
    assert_eq!(b.frames.len(), 500);
    assert_eq!(b.anomalies.len(), 500);
    assert!(b.side.len() < 500 * 300);
}

#[test]
fn other_components_keep_their_bodies() {
    let mut all = Vec::new();
    let body = [0x11; 60];
    for n in 0..5 {
        cte::encode(FormatId(0x0405_0000 + n), time(n), &body, &mut all).unwrap();
    }
    assert_eq!(recognise(&all), Some(Framing::Nmi));
    let mut r = foreign_header(64, 0, "SYSTCPIP");
    r.extend_from_slice(&all);
    let (packets, _) = entries(&[packet(1, 10), packet(2, 20)]);
    let mut r2 = foreign_header(64, 1, "SYSTCPDA");
    r2.extend_from_slice(&packets);
    // System SSL: small entry ids, a job name where a packet has PTH_Len.
    let mut r3 = foreign_header(64, 2, "GSKSRVR");
    let mut ssl = Name::<8>::new("GSKSRVR").0.to_vec();
    ssl.extend([0; 40]);
    cte::encode(FormatId(4), time(1), &ssl, &mut r3).unwrap();
    let set = [r, r2, r3];
    for (framing, bytes) in [(Framing::Rdw, with_rdw(&set)), (Framing::Raw, set.concat())] {
        assert_eq!(recognise(&bytes), Some(framing));
        let b = read(framing, &bytes, 1000);
        let links: Vec<_> = b.frames.iter().map(|f| f.link).collect();
        let mut want = vec![LinkType::ZOS_CTE; 5];
        want.extend([LinkType::RAW, LinkType::RAW, LinkType::ZOS_CTE]);
        assert_eq!(links, want, "{framing}");
        assert_eq!(b.bytes(b.frames[0].data), body);
        assert_eq!(b.frames[0].head.len, 16);
        let names: Vec<_> = b.interfaces.iter().filter_map(|i| i.name.as_deref()).collect();
        assert_eq!(names, ["SYSTCPIP", "EZAIUTI4", "LOOPBACK", "GSKSRVR"]);
        assert_eq!(fact(&facts(framing, &bytes), "components"), "SYSTCPIP 5, SYSTCPDA 2, GSKSRVR 1");
    }
}

#[test]
fn lost_records_and_leap_seconds() {
    let mut bytes = Vec::new();
    cte::encode(FormatId(0xFF00_0001), time(0), &[0; 8], &mut bytes).unwrap();
    bytes.extend(entries(&[packet(1, 10)]).0);
    let options = Options { leap_seconds: 27, ..Options::default() };
    let b = drive(&mut *framer(Framing::Nmi, &options), &bytes, 1000);
    assert_eq!(b.anomalies[0].kind, AnomalyKind::LostRecords);
    assert_eq!(b.tally.other.get("CTE lost-record"), Some(&1));
    // 2024-01-01 00:00:00.001 less 27 seconds.
    assert_eq!(b.frames[0].time.unwrap().nanos_total(), 1_704_067_200_001_000_000 - 27_000_000_000);
}

#[test]
fn links_of_the_entry_ids() {
    let mut bytes = Vec::new();
    for (id, n) in [(4, 1), (5, 2), (6, 3), (7, 4), (8, 5)] {
        let p = packet(n, 30);
        encode::PacketEntry::new(FormatId(id), time(n), header(n, 500), &p).encode(&mut bytes).unwrap();
    }
    let b = read(Framing::Nmi, &bytes, 1000);
    let links: Vec<_> = b.frames.iter().map(|f| f.link).collect();
    assert_eq!(
        links,
        [LinkType::RAW, LinkType::ZOS_DATA, LinkType::RAW, LinkType::ETHERNET, LinkType::ZOS_SMC]
    );
    // PTH_Plen is larger than what was traced.
    assert!(b.frames.iter().all(|f| f.orig_len == 500 && f.data.len == 58));
}

/// ISO 8859-1 code points of EBCDIC bytes, with a line end behind each record.
fn as_text(records: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for r in records {
        out.extend(r.iter().map(|b| u32::from(formats::ctrace::name::to_char(*b)) as u8));
        out.extend([0x0D, 0x0A]);
    }
    out
}

#[test]
fn a_text_transfer_is_named() {
    let (all, _) = entries(&packets(50));
    for layout in [Layout::Every(0), Layout::Every(64)] {
        let bytes = as_text(&records(&all, 65_536, 27_990, layout, true));
        assert_eq!(recognise(&bytes), Some(Framing::Ascii));
        let b = read(Framing::Ascii, &bytes, 5000);
        assert_eq!(b.anomalies.len(), 1);
        assert_eq!(b.anomalies[0].kind, AnomalyKind::AsciiTransfer);
        assert!(b.anomalies[0].advice.contains("quote site rdw"));
        // Through UTF-8, as iconv does it.
        let utf8: String = bytes.iter().map(|b| char::from(*b)).collect();
        assert_eq!(recognise(utf8.as_bytes()), Some(Framing::Ascii));
    }
}

/// Every framing of one set of packets, with where each entry is for those that are not cut.
fn forms(want: &[Vec<u8>]) -> Vec<(Framing, Vec<u8>)> {
    let (all, _) = entries(want);
    let r = records(&all, 65_536, 27_990, Layout::Every(64), true);
    let small = records(&all, 20_000, 2000, Layout::First(32), false);
    vec![
        (Framing::Nmi, all),
        (Framing::Rdw, with_rdw(&r)),
        (Framing::Rdw, with_rdw(&small)),
        (Framing::Bdw, with_bdw(&r, 27_998)),
        (Framing::Bdw, with_bdw(&small, 8000)),
        (Framing::Raw, r.concat()),
    ]
}

/// How many of the packets are not among the frames.
fn lost(want: &[Vec<u8>], b: &Batch) -> usize {
    let got: std::collections::HashSet<_> = data(b).into_iter().collect();
    want.iter().filter(|p| !got.contains(*p)).count()
}

#[test]
fn a_flipped_byte_costs_one_packet_at_most() {
    let want = packets(60);
    for (framing, bytes) in forms(&want) {
        for at in (0..bytes.len()).step_by(37) {
            let mut bad = bytes.clone();
            bad[at] ^= 0x41;
            let b = read(framing, &bad, 1 << 20);
            assert!(lost(&want, &b) <= 1, "{framing} at {at}: {} {:?}", lost(&want, &b), b.anomalies);
        }
    }
}

#[test]
fn a_cut_costs_what_was_cut() {
    let want = packets(60);
    for (framing, bytes) in forms(&want) {
        for at in (0..bytes.len() - 3000).step_by(211) {
            for len in [1, 4, 50, 3000] {
                let bad = [&bytes[..at], &bytes[at + len..]].concat();
                let b = read(framing, &bad, 1 << 20);
                // Two packets at the edges, and those inside.
                let inside = want.iter().map(Vec::len).filter(|n| *n < len).count().min(len / 110 + 1);
                let limit = 2 + if len < 200 { 0 } else { inside };
                assert!(
                    lost(&want, &b) <= limit,
                    "{framing} at {at} len {len}: {} {:?}",
                    lost(&want, &b),
                    b.anomalies
                );
            }
        }
    }
}

#[test]
fn inserted_bytes_cost_one_packet_at_most() {
    let want = packets(60);
    let junk: Vec<u8> = packet(77, 700)[30..].to_vec();
    for (framing, bytes) in forms(&want) {
        for at in (0..bytes.len()).step_by(199) {
            for len in [1, 3, 600] {
                let bad = [&bytes[..at], &junk[..len], &bytes[at..]].concat();
                let b = read(framing, &bad, 1 << 20);
                assert!(
                    lost(&want, &b) <= 1,
                    "{framing} at {at} len {len}: {} {:?}",
                    lost(&want, &b),
                    b.anomalies
                );
            }
        }
    }
}

#[test]
fn every_truncation_keeps_what_is_whole() {
    let want = packets(30);
    for (framing, bytes) in forms(&want) {
        for end in (0..bytes.len()).step_by(53).chain(bytes.len() - 300..bytes.len()) {
            let b = read(framing, &bytes[..end], 1 << 20);
            let whole = b.frames.iter().filter(|f| f.data.len == f.orig_len).count();
            assert!(lost(&want, &b) <= want.len() - whole, "{framing} {end}");
            assert!(b.frames.len() <= want.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_bytes_in_any_framing(bytes in proptest::collection::vec(any::<u8>(), 0..3000), step in 1_usize..500) {
        let _ = recognise(&bytes);
        for framing in [Framing::Rdw, Framing::Bdw, Framing::Raw, Framing::Nmi, Framing::Ascii] {
            read(framing, &bytes, step);
        }
    }

    #[test]
    fn damage_is_found_the_same_in_all_windows(
        cuts in proptest::collection::vec((0.0_f64..1.0, 0_usize..2000, 0_u8..3, any::<u8>()), 1..8),
    ) {
        let want = packets(40);
        for (framing, mut bytes) in forms(&want) {
            for (place, len, kind, x) in &cuts {
                let at = (bytes.len() as f64 * place) as usize;
                let end = (at + len).min(bytes.len());
                match kind {
                    0 => bytes[at..end.min(at + 40)].iter_mut().for_each(|b| *b ^= x),
                    1 => { bytes.drain(at..end); }
                    _ => { let copy = bytes[at..end].to_vec(); bytes.splice(at..at, copy); }
                }
            }
            let a = read(framing, &bytes, 1 << 20);
            let b = read(framing, &bytes, 777);
            prop_assert_eq!(data(&a), data(&b));
            prop_assert_eq!(a.anomalies, b.anomalies);
            prop_assert_eq!(a.tally, b.tally);
        }
    }
}
