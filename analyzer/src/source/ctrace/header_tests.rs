//! Unframed data sets whose writer's headers are not known beforehand, with the first one missing
//! or damaged: what they are has to be learnt from the other record boundaries.

use formats::checksum::Pseudo;

use super::testing::*;
use super::*;
use crate::source::frame::{AnomalyKind, Batch};

fn read(bytes: &[u8], step: usize) -> (Batch, Vec<(&'static str, String)>) {
    let mut framer = framer(Framing::Raw, &Options::default());
    let batch = drive(&mut *framer, bytes, step);
    (batch, framer.facts())
}

fn fact(facts: &[(&'static str, String)], key: &str) -> String {
    facts.iter().find(|(k, _)| *k == key).map(|(_, v)| v.clone()).unwrap_or_default()
}

/// EBCDIC text, blank padded to eight.
fn name(text: &str) -> [u8; 8] {
    formats::ctrace::Name::<8>::new(text).0
}

/// Headers as different writers could make them. What is known of the real one is only that it
/// holds the system's, component's and trace's names, a sequence number and a time.
fn header(style: u8, n: u32) -> Vec<u8> {
    let time = time(n * 977).0.to_be_bytes();
    let mut h = Vec::new();
    match style {
        // An eye-catcher first.
        0 => return foreign_header(64, n, "SYSTCPDA"),
        // A time and a number first, the names at the end.
        1 => {
            h.extend(time);
            h.extend(n.to_be_bytes());
            h.extend(["SYS1", "SYSTCPDA", "TCPIP"].map(name).concat());
        }
        // A length that begins with a zero, and zeros at the end.
        2 => {
            h.extend([0, 88, 0, 0]);
            h.extend(["SYSTCPDA", "PRODSYSA", "TCPCS"].map(name).concat());
            h.extend(n.to_be_bytes());
            h.extend(time);
            h.resize(88, 0);
        }
        // Short: a number, the component, a time.
        3 => {
            h.extend(n.to_be_bytes());
            h.extend(name("SYSTCPDA"));
            h.extend(time);
        }
        // Long, most of it zeros or numbers.
        _ => {
            h.extend(name("ITTTRCWR"));
            h.extend(["SYSTCPDA", "TCPIPA", "MVSA"].map(name).concat());
            h.extend(time);
            h.extend((0..20_u32).flat_map(|i| (n * i * 2_654_435).to_be_bytes()));
            h.resize(128, 0);
        }
    }
    h
}

const LENGTHS: [usize; 5] = [64, 36, 88, 20, 128];

fn packets(n: u32, checksums: bool) -> Vec<Vec<u8>> {
    let size = |i: u32| if i.is_multiple_of(40) { 14_000 } else { (i as usize * 131) % 1400 };
    let mut all: Vec<_> = (1..=n).map(|i| packet(i, size(i))).collect();
    for p in all.iter_mut().filter(|_| checksums) {
        let (src, dst) = ([10, 1, 0, 1].into(), [10, 1, 1, 2].into());
        let sum = Pseudo::V4 { src, dst }.sum(17, p.len() - 20).bytes(&p[20..]).finish();
        p[26..28].copy_from_slice(&sum.to_be_bytes());
    }
    all
}

/// The frames are `want`, and the length of the headers was learnt.
fn check(bytes: &[u8], want: &[Vec<u8>], style: u8, what: &str) {
    assert_eq!(recognise(bytes), Some(Framing::Raw), "{what}");
    let mut before: Option<Batch> = None;
    for step in [1 << 20, 40_000] {
        let (b, facts) = read(bytes, step);
        let got = data(&b);
        let missing = want.iter().filter(|p| !got.contains(p)).count();
        let which: Vec<_> = (0..want.len()).filter(|i| !got.contains(&want[*i])).collect();
        assert_eq!((missing, got.len()), (0, want.len()), "{what}: {which:?} {:?} {facts:?}", b.anomalies);
        assert_eq!(fact(&facts, "writer header length"), LENGTHS[usize::from(style)].to_string(), "{what}");
        if let Some(before) = &before {
            assert_eq!(before.anomalies, b.anomalies, "{what}");
        }
        before = Some(b);
    }
}

#[test]
fn headers_of_any_kind_are_learnt() {
    for style in 0..5 {
        let want = packets(120, false);
        for pad in [false, true] {
            let r = records_with(&entries(&want).0, 65_536, 27_990, pad, |n, _| header(style, n));
            check(&r.concat(), &want, style, &format!("style {style}"));
        }
    }
}

#[test]
fn the_first_header_is_not_needed() {
    for style in 0..5 {
        let n = LENGTHS[usize::from(style)];
        for (count, record) in [(60, 6000), (120, 27_990)] {
            let want = packets(count, false);
            for pad in [false, true] {
                let make = |n: u32, _| header(style, n);
                let bytes = records_with(&entries(&want).0, 65_536, record, pad, make).concat();
                let what = |how| format!("style {style}, {count} packets, records of {record}, {how}");
                check(&bytes[n..], &want, style, &what("missing"));
                check(&bytes[n / 2..], &want, style, &what("half of it"));
                let mut bad = bytes.clone();
                (0..n).for_each(|i| bad[i] = (i * 91 + 17) as u8);
                check(&bad, &want, style, &what("overwritten"));
                let extra = [&[0x5A; 33][..], &bytes].concat();
                check(&extra, &want, style, &what("behind other bytes"));
            }
        }
    }
}

/// Only boundaries inside entries: one buffer, no header at its start.
#[test]
fn two_boundaries_inside_entries_are_enough() {
    for style in 0..5 {
        let want = packets(38, false);
        let r = records_with(&entries(&want).0, 65_536, 12_000, false, |n, _| header(style, n));
        assert!(r.len() >= 3);
        check(&r.concat()[LENGTHS[usize::from(style)]..], &want, style, &format!("style {style}"));
    }
}

#[test]
fn one_boundary_is_enough_when_the_checksum_proves_it() {
    for style in 0..5 {
        let want = packets(24, true);
        let r = records_with(&entries(&want).0, 65_536, 12_500, false, |n, _| header(style, n));
        assert_eq!(r.len(), 2);
        check(&r.concat()[LENGTHS[usize::from(style)]..], &want, style, &format!("style {style}"));
    }
}

#[test]
fn a_damaged_header_inside_an_entry() {
    let want = packets(120, true);
    let mut r = records_with(&entries(&want).0, 65_536, 9000, false, |n, _| header(0, n));
    for record in [4, 7] {
        r[record][..64].iter_mut().for_each(|b| *b ^= 0x3D);
    }
    check(&r.concat(), &want, 0, "damaged");
}

#[test]
fn entries_that_several_headers_cut() {
    let size = |n: u32| if n.is_multiple_of(3) { 65_000 - 110 - 28 } else { 300 };
    let want: Vec<_> = (1..20).map(|n| packet(n, size(n))).collect();
    // A short one that begins with zeros cannot be told from unused buffer here.
    for style in [0, 1, 2, 4] {
        let r = records_with(&entries(&want).0, 65_536, 15_000, false, |n, _| header(style, n));
        assert!(r.len() > 20);
        check(&r.concat(), &want, style, &format!("style {style}"));
    }
}

#[test]
fn nothing_is_learnt_from_damage() {
    let want = packets(40, false);
    let (all, at) = entries(&want);
    let mut r = foreign_header(64, 0, "SYSTCPDA");
    r.extend_from_slice(&all);
    // Bytes put into one entry are no header.
    let place = 64 + at[20] + 150;
    r.splice(place..place, [0x77; 40]);
    let (b, facts) = read(&r, 1 << 20);
    assert_eq!(fact(&facts, "writer header length"), "64");
    assert_eq!(b.frames.len(), want.len() - 1);
    assert!(b.anomalies.iter().any(|a| a.kind == AnomalyKind::TruncatedRecord), "{:?}", b.anomalies);
}
