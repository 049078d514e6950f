//! Thousands of damaged copies of every sample, read as any file is: bytes flipped, cut out, put
//! in, blanked, taken from elsewhere, the end cut off. Nothing panics, the counts add up, memory
//! stays in bounds, and every packet before and after the damage is found, in every framing.
//!
//! Two exceptions are counted and have a limit: the very next record, when the damage took what
//! it is told by (the length of the one before, the descriptor words between them), and entries
//! without a packet header (or a short one), which are told by their neighbours only. Whatever is lost is told.
//!
//! The damage depends on the sample and the number of the case alone.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use analyzer::source::frame::{Anomaly, Batch, LinkType, Tally};
use analyzer::source::{Options, Reader};

/// Cases for each sample.
const CASES: u64 = 200;
/// No batch of a file of some kilobytes needs more memory.
const MEMORY: usize = 2 << 20;

/// xorshift64*: the same damage in every run.
struct Random(u64);

impl Random {
    fn new(sample: &str, case: u64) -> Self {
        let seed = sample
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01B3));
        let mut random = Self((seed ^ case.wrapping_mul(0x9E37_79B9_7F4A_7C15)) | 1);
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 16) as usize % n.max(1)
    }

    fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| (self.next() >> 24) as u8).collect()
    }
}

/// A packet: where its record begins, whether it lies there in one piece, whether it has a header
/// that says so, its bytes.
#[derive(Debug, Clone)]
struct Packet {
    offset: usize,
    whole: bool,
    weak: bool,
    data: Vec<u8>,
}

#[derive(Debug, Default)]
struct Found {
    packets: Vec<Packet>,
    tally: Tally,
    anomalies: Vec<Anomaly>,
    layers: Vec<String>,
}

/// Reads a file; None when it is no trace any more.
fn read(bytes: &[u8]) -> Option<Found> {
    let input = Box::new(Cursor::new(bytes.to_vec()));
    let mut reader = Reader::over(input, Path::new("sample"), &Options::default()).ok()?;
    let mut found = Found::default();
    let mut batch = Batch::default();
    while reader.next(&mut batch) {
        for f in &batch.frames {
            let data = batch.bytes(f.data).to_vec();
            // Scans believe packet trace headers of 80 bytes and more.
            let weak = f.link == LinkType::ZOS_CTE || f.head.len < 96 && f.head.len > 0;
            found.packets.push(Packet { offset: f.offset as usize, whole: !f.data.side, weak, data });
        }
        let t = &batch.tally;
        found.tally.records += t.records;
        found.tally.frames += t.frames;
        found.tally.joined += t.joined;
        found.tally.damaged += t.damaged;
        found.tally.record_bytes += t.record_bytes;
        found.tally.skipped_bytes += t.skipped_bytes;
        for (what, n) in t.other.clone() {
            *found.tally.other.entry(what).or_default() += n;
        }
        found.anomalies.extend(batch.anomalies.iter().cloned());
        let held = batch.buf.capacity() + batch.side.capacity();
        assert!(held <= MEMORY, "{held} bytes held");
    }
    found.layers = reader.layers();
    Some(found)
}

fn samples() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples");
    let mut folders = vec![root.clone()];
    let mut all: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e != "md") {
                all.push(path);
            }
        }
    }
    all.sort();
    let name = |p: &PathBuf| p.strip_prefix(&root).unwrap().display().to_string();
    all.iter().map(|p| (name(p), std::fs::read(p).unwrap())).collect()
}

/// A damaged copy with the part of the original that was touched.
struct Damaged {
    bytes: Vec<u8>,
    from: usize,
    to: usize,
    how: &'static str,
}

fn damage(bytes: &[u8], from: usize, r: &mut Random) -> Damaged {
    let mut b = bytes.to_vec();
    let at = from + r.below(b.len() - from);
    let n = (1 + r.below(48)).min(b.len() - at);
    let (to, how) = match r.below(7) {
        0 => {
            b[at] ^= 1 << r.below(8);
            (at + 1, "a bit flipped")
        }
        1 => {
            let n = n.min(4);
            b[at..at + n].iter_mut().for_each(|x| *x ^= 1 + r.below(255) as u8);
            (at + n, "bytes changed")
        }
        2 => {
            b.drain(at..at + n);
            (at + n, "cut out")
        }
        3 => {
            let new = r.bytes(n);
            b.splice(at..at, new);
            (at, "put in")
        }
        4 => {
            b[at..at + n].fill([0, 0xFF][r.below(2)]);
            (at + n, "blanked")
        }
        5 => {
            // A piece of the file in another place, as a broken transfer leaves it.
            let start = r.below(b.len() - n);
            let piece = b[start..start + n].to_vec();
            b.splice(at..at, piece);
            (at, "from elsewhere")
        }
        _ => {
            b.truncate(at);
            (bytes.len(), "end cut off")
        }
    };
    Damaged { bytes: b, from: at, to, how }
}

/// Packets of the original that the damage did not touch and that are not found.
fn lost<'a>(original: &'a Found, len: usize, damaged: &Damaged, found: &Found) -> Vec<&'a Packet> {
    let mut starts: Vec<usize> = original.packets.iter().map(|p| p.offset).collect();
    starts.sort_unstable();
    let end = |p: &Packet| {
        let next = starts.partition_point(|s| *s <= p.offset);
        starts.get(next).copied().unwrap_or(len)
    };
    let untouched = |p: &&Packet| {
        let (from, to) = (p.offset, end(p));
        // What is left of the next record's header can seem to begin inside this one.
        let next = (to..to + 16).contains(&damaged.from);
        p.whole && !(from < damaged.to.max(damaged.from + 1) && to > damaged.from) && !next
    };
    let mut there: BTreeMap<&[u8], usize> = BTreeMap::new();
    found.packets.iter().for_each(|p| *there.entry(&p.data).or_default() += 1);
    let is_lost = |p: &&Packet| match there.get_mut(&p.data[..]) {
        Some(n) if *n > 0 => {
            *n -= 1;
            false
        }
        _ => true,
    };
    original.packets.iter().filter(untouched).filter(is_lost).collect()
}

/// What was wrong with a sample's damaged copies, and what was lost within the exceptions.
#[derive(Default)]
struct Outcome {
    cases: u64,
    wrong: Vec<String>,
    far: Vec<String>,
    next: u64,
    weak: u64,
}

fn around(name: &str, bytes: &[u8]) -> Outcome {
    let original = read(bytes).expect("a sample can be read");
    let mut out = Outcome::default();
    assert!(original.tally.adds_up(), "{name}: {:?}", original.tally);
    // Behind a wrapper's damage nothing can be unpacked, and a file header cannot be guessed.
    let wrapped = original.layers.len() > 1;
    let first = original.packets.iter().map(|p| p.offset).min().unwrap_or(0);
    let from = if name.ends_with(".ctrace") || wrapped { 0 } else { first };
    for case in 0..CASES {
        out.cases += 1;
        let d = damage(bytes, from, &mut Random::new(name, case));
        let what = format!("{name} case {case}: {} in {}..{}", d.how, d.from, d.to);
        let Some(found) = read(&d.bytes) else {
            if !wrapped && d.from >= 300.min(bytes.len() / 2) && !original.packets.is_empty() {
                out.wrong.push(format!("{what}: not read"));
            }
            continue;
        };
        let t = &found.tally;
        if !t.adds_up() || (t.damaged > 0 && found.anomalies.is_empty()) {
            out.wrong.push(format!("{what}: {t:?}"));
        }
        if wrapped {
            continue;
        }
        if t.record_bytes + t.skipped_bytes != d.bytes.len() as u64 {
            out.wrong.push(format!("{what}: {} bytes counted", t.record_bytes + t.skipped_bytes));
        }
        let next = original.packets.iter().map(|p| p.offset).filter(|at| *at >= d.to).min();
        for packet in lost(&original, bytes.len(), &d, &found) {
            // A changed length that leads to the header of a later record shows nowhere.
            let inside = |p: &Packet| p.data.windows(packet.data.len().max(1)).any(|w| w == packet.data);
            let told = !found.anomalies.is_empty() || found.packets.iter().any(inside);
            if packet.weak && told {
                out.weak += 1;
            } else if next == Some(packet.offset) && told {
                out.next += 1;
            } else if told {
                out.far.push(format!("{what}: the packet at {} is lost", packet.offset));
            } else {
                out.wrong.push(format!("{what}: nothing is said of the packet at {}", packet.offset));
            }
        }
    }
    out
}

#[test]
fn everything_around_the_damage_is_found() {
    let mut all = Outcome::default();
    for one in each(&samples(), |(name, bytes)| around(name, bytes)) {
        all.cases += one.cases;
        all.next += one.next;
        all.weak += one.weak;
        all.wrong.extend(one.wrong);
        all.far.extend(one.far);
    }
    println!(
        "{} cases: {} next records and {} entries without a packet header lost",
        all.cases, all.next, all.weak
    );
    assert!(all.cases >= 5000, "{}", all.cases);
    assert!(all.wrong.is_empty(), "{} of {}:\n{}", all.wrong.len(), all.cases, all.wrong.join("\n"));
    // Damage in a sample that is damaged already, and in one whose only record loses its start.
    assert!(all.far.len() <= 2, "{}", all.far.join("\n"));
    assert!(all.next * 100 <= all.cases && all.weak * 100 <= all.cases, "{} {}", all.next, all.weak);
}

/// Does `work` for every item on two cores.
fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (even, odd) = (items.iter().step_by(2), items.iter().skip(1).step_by(2));
    std::thread::scope(|s| {
        let other = s.spawn(|| odd.map(&work).collect::<Vec<_>>());
        let mut all: Vec<R> = even.map(&work).collect();
        all.extend(other.join().expect("no panic"));
        all
    })
}

/// Several damages in one file: no panic, and the counts add up.
#[test]
fn much_damage_adds_up() {
    each(&samples(), |(name, bytes)| {
        for case in 0..CASES / 2 {
            let mut r = Random::new(name, case + 1_000_000);
            let mut b = bytes.clone();
            for _ in 0..2 + r.below(30) {
                if !b.is_empty() {
                    b = damage(&b, 0, &mut r).bytes;
                }
            }
            if let Some(found) = read(&b) {
                let t = &found.tally;
                assert!(t.adds_up(), "{name} case {case}: {t:?}");
                assert!(t.damaged == 0 || !found.anomalies.is_empty(), "{name} case {case}");
            }
        }
    });
}
