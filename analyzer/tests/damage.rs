//! Damaged containers: bytes flipped, cut out, put in, blanked, the end cut off. Nothing panics or
//! hangs, the tally adds up, and every packet before and after the damage is found.

mod support;

use analyzer::source as s;
use analyzer::source::frame::{AnomalyKind, Framer};
use formats::endian::Endian;
use formats::{erf, iptrace, netmon, pcap, pcapng, peek, snoop, trsniff};
use support::*;

/// xorshift64*: the same damage in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.next() as u8).collect()
    }
}

/// A file with the place of every record and its packet.
struct Sample {
    name: &'static str,
    bytes: Vec<u8>,
    records: Vec<(usize, Vec<u8>)>,
    new: fn() -> Box<dyn Framer>,
}

const SECS: u32 = 1_700_000_000;

fn sample(
    name: &'static str,
    new: fn() -> Box<dyn Framer>,
    seed: u64,
    start: impl FnOnce(&mut Vec<u8>),
    mut record: impl FnMut(&mut Vec<u8>, u32, &[u8]),
) -> Sample {
    let mut r = Random(seed);
    let mut bytes = Vec::new();
    start(&mut bytes);
    let mut records = Vec::new();
    for i in 0..30 {
        let n = 24 + r.below(120);
        let packet = r.bytes(n);
        records.push((bytes.len(), packet.clone()));
        record(&mut bytes, i, &packet);
    }
    Sample { name, bytes, records, new }
}

fn pcap_sample(name: &'static str, file: pcap::FileHeader, tail: usize) -> Sample {
    sample(
        name,
        || Box::new(s::pcap::new()),
        7,
        |b| file.encode(b),
        |b, i, p| {
            let n = p.len() as u32;
            pcap::RecordHeader { ts_sec: SECS + i, ts_frac: i * 1000, incl_len: n, orig_len: n + i % 2 }
                .encode(file.endian, b);
            b.extend_from_slice(&[0, 0, 0, 2, 8, 0, 4, 0][..tail]);
            b.extend_from_slice(p);
        },
    )
}

fn pcapng_sample(name: &'static str, e: Endian) -> Sample {
    sample(
        name,
        || Box::new(s::pcapng::new()),
        11,
        |b| {
            pcapng::Section::encode(e, u64::MAX, b, |_| {});
            pcapng::Interface::encode(e, 1, 0, b, |_| {});
            pcapng::Interface::encode(e, 101, 0, b, |o| o.u8(pcapng::OptionCode::IF_TSRESOL, 9));
        },
        |b, i, p| {
            let time = u64::from(SECS + i) * if i % 2 == 0 { 1_000_000 } else { 1_000_000_000 };
            pcapng::Enhanced::encode(e, i % 2, time, p.len() as u32, &[p], b, |o| {
                if i % 3 == 0 {
                    o.text(pcapng::OptionCode::COMMENT, "a comment");
                }
            });
        },
    )
}

fn trsniff_sample(name: &'static str, rdw: bool) -> Sample {
    let word = move |b: &mut Vec<u8>, n: usize| {
        if rdw {
            b.extend_from_slice(&((n + 4) as u16).to_be_bytes());
            b.extend_from_slice(&[0, 0]);
        }
    };
    sample(
        name,
        || Box::new(s::trsniff::new()),
        13,
        |b| {
            word(b, 17);
            b.extend_from_slice(&trsniff::MAGIC);
            word(b, 24);
            trsniff::RecordHeader { kind: trsniff::RecordType::VERSION, length: 18, reserved: 0 }.encode(b);
            trsniff::Version {
                major: 4,
                minor: 0,
                dos_time: 0,
                dos_date: trsniff::Version::pack_date(2023, 11, 14),
                record_type: 4,
                network: trsniff::Network::ETHERNET,
                format: 1,
                timeunit: 5,
                cmprs_vers: 0,
                cmprs_level: 0,
                reserved: [0; 4],
            }
            .encode(b);
        },
        |b, i, p| {
            word(b, 20 + p.len());
            let length = (14 + p.len()) as u16;
            trsniff::RecordHeader { kind: trsniff::RecordType::FRAME2, length, reserved: 0 }.encode(b);
            trsniff::FrameHeader {
                ticks: u64::from(i) * 1_000_000,
                day: 0,
                size: p.len() as u16,
                fs: 0,
                flags: 0,
                true_size: 0,
                reserved: 0,
            }
            .encode(b);
            b.extend_from_slice(p);
        },
    )
}

fn samples() -> Vec<Sample> {
    let le = pcap::FileHeader::new(false, 1, 65_535);
    let be = pcap::FileHeader { endian: Endian::Big, magic: pcap::Magic::NANOS, ..le };
    let modified = pcap::FileHeader { magic: pcap::Magic::MODIFIED, ..be };
    let nm = netmon::FileHeader {
        major: 2,
        minor: 0,
        network: netmon::Network(1),
        start: [2023, 11, 2, 14, 22, 13, 20, 0],
        frame_table_offset: u32::MAX,
        frame_table_length: 0,
        others: [0; 8],
    };
    vec![
        pcap_sample("pcap", le, 0),
        pcap_sample("pcap, nanoseconds, big-endian", be, 0),
        pcap_sample("pcap, modified", modified, 8),
        pcapng_sample("pcapng", Endian::Little),
        pcapng_sample("pcapng, big-endian", Endian::Big),
        sample(
            "snoop",
            || Box::new(s::snoop::new()),
            17,
            |b| snoop::FileHeader { version: 2, network: snoop::DlType(4) }.encode(b),
            |b, i, p| {
                let (n, pad) = (p.len() as u32, p.len().wrapping_neg() & 3);
                snoop::RecordHeader {
                    orig_len: n,
                    incl_len: n,
                    rec_len: n + 24 + pad as u32,
                    cum_drops: 0,
                    ts_sec: SECS + i,
                    ts_usec: 5,
                }
                .encode(b);
                b.extend_from_slice(p);
                b.resize(b.len() + pad, 0);
            },
        ),
        sample(
            "iptrace",
            || Box::new(s::iptrace::new()),
            19,
            |b| b.extend_from_slice(&iptrace::Version::V2.encode()),
            |b, i, p| {
                iptrace::Record {
                    version: iptrace::Version::V2,
                    length: 32 + p.len() as u32,
                    tv_sec0: SECS + i,
                    unknown: [0; 3],
                    unit: 0,
                    prefix: *b"en\0\0",
                    text: [0; 12],
                    if_type: iptrace::IfType::ETHER,
                    tx_flags: 0,
                    unknown2: [0; 2],
                    tv_sec: SECS + i,
                    tv_nsec: 9,
                }
                .encode(b);
                b.extend_from_slice(p);
            },
        ),
        sample(
            "ERF",
            || Box::new(s::erf::new()),
            23,
            |_| {},
            |b, i, p| {
                let pad = (p.len() + 18).wrapping_neg() & 7;
                erf::Header {
                    time: u64::from(SECS + i) << 32,
                    type_byte: 2,
                    flags: 4,
                    rlen: (18 + p.len() + pad) as u16,
                    lctr: 0,
                    wlen: p.len() as u16,
                }
                .encode(b);
                b.extend_from_slice(&[0, 0]);
                b.extend_from_slice(p);
                b.resize(b.len() + pad, 0);
            },
        ),
        trsniff_sample("TRSNIFF", false),
        trsniff_sample("TRSNIFF, RDW", true),
        sample(
            "NetMon",
            || Box::new(s::netmon::new()),
            29,
            |b| nm.encode(b),
            |b, i, p| {
                let n = p.len() as u32;
                netmon::RecordHeader { delta: u64::from(i) * 1_000_000, orig_len: n, incl_len: n }
                    .encode(&nm, b);
                b.extend_from_slice(p);
            },
        ),
        sample(
            "EtherPeek 7",
            || Box::new(s::peek::new()),
            31,
            |b| {
                let words = [9999, 30, SECS + 2_082_844_800, 0, 0, 0, 0, 0, 0];
                peek::FileHeader { version_byte: 7, status: 0, words }.encode(b);
            },
            |b, i, p| {
                let time = (u64::from(SECS + i) + 2_082_844_800) * 1_000_000;
                b.extend_from_slice(&[0, 0]);
                b.extend_from_slice(&(p.len() as u16).to_be_bytes());
                b.extend_from_slice(&[0, 0, 0, 0]);
                b.extend_from_slice(&time.to_be_bytes());
                b.extend_from_slice(p);
                b.resize(b.len() + p.len() % 2, 0);
            },
        ),
    ]
}

#[test]
fn undamaged_samples() {
    for s in samples() {
        assert!(framer(&s.bytes).is_some(), "{}", s.name);
        for window in [1, 33, 500, 1 << 20] {
            let f = walk((s.new)().as_mut(), &s.bytes, window);
            check_tally(&f, s.bytes.len());
            let noted: Vec<_> =
                f.anomalies.iter().filter(|a| !a.detail.contains("descriptor words")).collect();
            assert!(noted.is_empty(), "{}: {noted:?}", s.name);
            let got: Vec<_> = f.frames.iter().map(|f| &f.data).collect();
            assert_eq!(got, s.records.iter().map(|r| &r.1).collect::<Vec<_>>(), "{}", s.name);
            let secs = f.frames[29].time.unwrap().secs;
            let base = if s.name.starts_with("TRSNIFF") { 1_699_920_000 } else { i64::from(SECS) };
            assert_eq!(secs, base + 29, "{}", s.name);
        }
    }
}

/// Damages a copy; returns it with the range of the original that was touched.
fn damage(s: &Sample, r: &mut Random) -> (Vec<u8>, usize, usize, &'static str) {
    let mut b = s.bytes.clone();
    // The file header stays: without it the file is another one.
    let first = s.records[0].0;
    let at = first + r.below(b.len() - first);
    let n = (1 + r.below(40)).min(b.len() - at);
    match r.below(5) {
        0 => {
            let n = n.min(4);
            for x in &mut b[at..at + n] {
                *x ^= 1 + r.below(255) as u8;
            }
            (b, at, at + n, "flip")
        }
        1 => {
            b.drain(at..at + n);
            (b, at, at + n, "cut out")
        }
        2 => {
            let new = r.bytes(n);
            b.splice(at..at, new);
            (b, at, at, "put in")
        }
        3 => {
            b[at..at + n].fill(0);
            (b, at, at + n, "blank")
        }
        _ => {
            // A field of a record header, where it hurts most.
            let (start, _) = s.records[r.below(s.records.len())];
            let at = start + r.below(24).min(b.len() - start - 1);
            let value = match r.below(3) {
                0 => 0xff,
                1 => 0,
                _ => r.next() as u8,
            };
            b[at] = value;
            (b, at, at + 1, "field")
        }
    }
}

#[test]
fn everything_around_the_damage_is_found() {
    let mut r = Random(0x5eed);
    let mut lost = std::collections::BTreeMap::<(&str, &str), usize>::new();
    for s in samples() {
        for round in 0..1500 {
            let (b, from, to, how) = damage(&s, &mut r);
            let window = [40, 700, 1 << 20][round % 3];
            let f = walk((s.new)().as_mut(), &b, window);
            check_tally(&f, b.len());
            let found: std::collections::HashSet<_> = f.frames.iter().map(|f| &f.data[..]).collect();
            for (i, (start, packet)) in s.records.iter().enumerate() {
                let end = s.records.get(i + 1).map_or(s.bytes.len(), |r| r.0);
                let touched = *start < to && end > from;
                // When the next one's header is hit, what is left of it can seem to begin earlier.
                let overlapped = end < s.bytes.len() && (end..end + 16).contains(&from);
                if touched || overlapped {
                    continue;
                }
                // A changed length that leads to the header of a later record shows nowhere.
                let swallowed = f.anomalies.is_empty()
                    && f.frames.iter().any(|f| f.data.windows(packet.len()).any(|d| d == packet));
                if !found.contains(&packet[..]) && !swallowed {
                    *lost.entry((s.name, how)).or_default() += 1;
                }
            }
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn cut_at_every_byte() {
    for s in samples() {
        let first = s.records[0].0;
        for n in (first..s.bytes.len()).step_by(if s.name.starts_with("pcap") { 1 } else { 7 }) {
            let f = walk((s.new)().as_mut(), &s.bytes[..n], 333);
            check_tally(&f, n);
            let whole = s.records.iter().skip(1).filter(|r| r.0 <= n).count();
            let got: Vec<_> = f.frames.iter().map(|f| &f.data).collect();
            // Of the record at the cut only padding may be missing.
            assert_eq!(
                got[..whole],
                s.records[..whole].iter().map(|r| &r.1).collect::<Vec<_>>(),
                "{} {n}",
                s.name
            );
            assert_eq!(got.len(), whole, "{} {n}", s.name);
            let at_boundary = n == first || s.records.iter().any(|r| r.0 == n);
            let cut = f.anomalies.iter().filter(|a| a.kind == AnomalyKind::TruncatedRecord).count();
            let nuls = f.anomalies.iter().filter(|a| a.kind == AnomalyKind::NulPadding).count();
            assert_eq!(cut + nuls, usize::from(!at_boundary), "{} {n} {:?}", s.name, f.anomalies);
            if cut > 0 {
                assert!(
                    f.anomalies.last().unwrap().detail.contains("the file ends in its"),
                    "{:?}",
                    f.anomalies
                );
            }
        }
    }
}

#[test]
fn nul_padding_is_no_record() {
    for s in samples() {
        for n in [1, 15, 16, 17, 100, 70_000] {
            let mut b = s.bytes.clone();
            b.resize(b.len() + n, 0);
            let f = walk((s.new)().as_mut(), &b, 4096);
            check_tally(&f, b.len());
            assert_eq!(f.frames.len(), 30, "{} {n} {:?}", s.name, f.anomalies);
            assert_eq!(f.tally.damaged, 0, "{} {n} {:?}", s.name, f.anomalies);
            assert_eq!(f.tally.skipped_bytes, n as u64, "{} {n}", s.name);
            let a = f.anomalies.last().unwrap();
            assert_eq!((a.kind, a.bytes), (AnomalyKind::NulPadding, n as u64), "{} {n}", s.name);
        }
    }
}

#[test]
fn two_holes_and_what_is_between_them() {
    for s in samples() {
        let mut b = s.bytes.clone();
        // The headers of records 8 and 20.
        for i in [8, 20] {
            let at = s.records[i].0;
            b[at..at + 16].fill(0xff);
        }
        let f = walk((s.new)().as_mut(), &b, 777);
        check_tally(&f, b.len());
        let want: Vec<_> =
            s.records.iter().enumerate().filter(|(i, _)| ![8, 20].contains(i)).map(|(_, r)| &r.1).collect();
        assert_eq!(f.frames.iter().map(|f| &f.data).collect::<Vec<_>>(), want, "{}", s.name);
        assert_eq!(f.tally.damaged, 2, "{} {:?}", s.name, f.anomalies);
        let len = |i: usize| (s.records[i + 1].0 - s.records[i].0) as u64;
        assert_eq!(f.tally.skipped_bytes, len(8) + len(20), "{}", s.name);
    }
}

#[test]
fn a_record_beyond_any_limit_does_not_wait_for_the_end() {
    let s = &samples()[0];
    let mut b = s.bytes.clone();
    let at = s.records[5].0;
    b[at + 8..at + 12].copy_from_slice(&u32::MAX.to_le_bytes());
    b.resize(40 << 20, 0x55);
    let f = walk((s.new)().as_mut(), &b, 1 << 20);
    check_tally(&f, b.len());
    assert_eq!(f.frames.len(), 29);
    assert!(
        f.anomalies.iter().any(|a| a.detail.contains("incl_len 4294967295 is not possible")),
        "{:?}",
        f.anomalies
    );
}

#[test]
fn arbitrary_bytes() {
    let mut r = Random(99);
    for s in samples() {
        for round in 0..300 {
            let n = r.below(3000);
            let mut b = s.bytes[..s.records[0].0].to_vec();
            if round % 3 == 0 {
                b.clear();
            }
            let tail = r.bytes(n);
            b.extend(tail.iter().map(|x| if round % 2 == 0 { *x } else { x & 3 }));
            let f = walk((s.new)().as_mut(), &b, 1 + r.below(900));
            check_tally(&f, b.len());
        }
    }
}
