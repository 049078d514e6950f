//! Joins IP fragments.
//!
//! Decoding runs on several threads, but fragments must be joined in input order. So the
//! fragments of a batch are joined first, in turn, by one [`Reassembler`]; the decoder then
//! meets the same fragments again in the same order and is told what came of each by [`Replay`].

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// What identifies the fragments of one datagram (RFC 791, RFC 8200 section 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Source address; IPv4 in the last four octets.
    pub src: [u8; 16],
    /// Destination address.
    pub dst: [u8; 16],
    /// Identification.
    pub id: u32,
    /// Protocol; IPv6 leaves it 0, as its first fragment alone names it.
    pub proto: u8,
    /// IP version.
    pub version: u8,
}

/// One fragment.
#[derive(Debug, Clone, Copy)]
pub struct Fragment<'a> {
    /// Whose it is.
    pub key: Key,
    /// Offset of its first byte in the datagram.
    pub offset: u32,
    /// True when more follow.
    pub more: bool,
    /// Its bytes.
    pub data: &'a [u8],
    /// The first fragment's next protocol.
    pub next: u8,
}

/// A datagram whose fragments are all there.
#[derive(Debug, Clone)]
pub struct Joined {
    /// Its bytes.
    pub data: Arc<[u8]>,
    /// Number of fragments.
    pub fragments: u32,
    /// True when fragments overlapped.
    pub overlap: bool,
    /// What the first fragment said the data is.
    pub next: u8,
}

/// Takes fragments in input order.
pub trait Defrag {
    /// Adds a fragment; the datagram, when it is the last one missing.
    fn add(&mut self, f: Fragment<'_>) -> Option<Joined>;
}

#[derive(Debug, Default)]
struct Partial {
    /// Sorted by offset, in order of arrival where offsets are equal.
    pieces: Vec<(u32, Box<[u8]>)>,
    total: Option<u32>,
    bytes: usize,
    next: u8,
    birth: u64,
}

/// Bytes of unfinished datagrams held at most; the oldest go first.
const MAX_HELD: usize = 8 << 20;

/// Joins fragments, in bounded memory.
#[derive(Debug, Default)]
pub struct Reassembler {
    partial: HashMap<Key, Partial>,
    order: VecDeque<(u64, Key)>,
    held: usize,
    births: u64,
    /// Datagrams given up because too much was held.
    pub evicted: u64,
}

/// What a fragment costs beyond its bytes.
const PIECE_COST: usize = 48;

impl Reassembler {
    fn evict(&mut self) {
        while self.held > MAX_HELD {
            let Some((birth, key)) = self.order.pop_front() else { return };
            if self.partial.get(&key).is_some_and(|p| p.birth == birth) {
                self.forget(&key);
                self.evicted += 1;
            }
        }
        // Finished datagrams leave their place in the queue behind; it must not outgrow the map.
        if self.order.len() > 2 * self.partial.len() + 1024 {
            let partial = &self.partial;
            self.order.retain(|(b, k)| partial.get(k).is_some_and(|p| p.birth == *b));
        }
    }

    fn forget(&mut self, key: &Key) -> Option<Partial> {
        let p = self.partial.remove(key)?;
        self.held -= p.bytes;
        Some(p)
    }
}

impl Defrag for Reassembler {
    fn add(&mut self, f: Fragment<'_>) -> Option<Joined> {
        let births = &mut self.births;
        let order = &mut self.order;
        let p = self.partial.entry(f.key).or_insert_with(|| {
            *births += 1;
            order.push_back((*births, f.key));
            Partial { birth: *births, ..Partial::default() }
        });
        let at = p.pieces.partition_point(|(o, _)| *o <= f.offset);
        p.pieces.insert(at, (f.offset, f.data.into()));
        p.bytes += f.data.len() + PIECE_COST;
        self.held += f.data.len() + PIECE_COST;
        if f.offset == 0 {
            p.next = f.next;
        }
        if !f.more && p.total.is_none() {
            p.total = Some(f.offset + f.data.len() as u32);
        }
        let done = p.total.is_some_and(|total| covered(&p.pieces) >= total);
        if !done {
            self.evict();
            return None;
        }
        self.forget(&f.key).map(join)
    }
}

/// Bytes from the start without a hole.
fn covered(pieces: &[(u32, Box<[u8]>)]) -> u32 {
    let mut max = 0;
    for (o, d) in pieces {
        if *o > max {
            break;
        }
        max = max.max(o + d.len() as u32);
    }
    max
}

/// Puts the pieces together; where they overlap, the lower offset wins, as in Wireshark.
fn join(p: Partial) -> Joined {
    let len = covered(&p.pieces) as usize;
    let mut data = Vec::with_capacity(len);
    let mut overlap = false;
    for (o, d) in &p.pieces {
        let have = data.len();
        let from = have - (*o as usize).min(have);
        overlap |= from > 0;
        if let Some(more) = d.get(from..) {
            data.extend_from_slice(more);
        }
    }
    data.truncate(len);
    Joined { data: data.into(), fragments: p.pieces.len() as u32, overlap, next: p.next }
}

/// Answers with what the reassembler answered for the same fragments before.
#[derive(Debug)]
pub struct Replay<'a> {
    answers: std::slice::Iter<'a, Option<Joined>>,
}

impl<'a> Replay<'a> {
    /// Answers in the order of the fragments of one frame.
    #[must_use]
    pub fn new(answers: &'a [Option<Joined>]) -> Self {
        Self { answers: answers.iter() }
    }
}

impl Defrag for Replay<'_> {
    fn add(&mut self, _: Fragment<'_>) -> Option<Joined> {
        self.answers.next().and_then(Clone::clone)
    }
}

/// Keeps every answer for a later [`Replay`].
#[derive(Debug)]
pub struct Recorder<'a> {
    /// Who really answers.
    pub inner: &'a mut Reassembler,
    /// The answers so far.
    pub answers: &'a mut Vec<Option<Joined>>,
}

impl Defrag for Recorder<'_> {
    fn add(&mut self, f: Fragment<'_>) -> Option<Joined> {
        let r = self.inner.add(f);
        self.answers.push(r.clone());
        r
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key { src: [0; 16], dst: [1; 16], id: 7, proto: 17, version: 4 };

    fn piece(offset: u32, more: bool, data: &[u8]) -> Fragment<'_> {
        Fragment { key: KEY, offset, more, data, next: 17 }
    }

    #[test]
    fn any_order_and_overlap() {
        let mut r = Reassembler::default();
        assert!(r.add(piece(8, false, b"world")).is_none());
        assert!(r.add(piece(4, true, b"o, W")).is_none());
        let j = r.add(piece(0, true, b"hellX")).unwrap();
        assert_eq!(&*j.data, b"hellX, Wworld");
        assert_eq!((j.fragments, j.overlap), (3, true));
        assert_eq!(r.held, 0);
    }

    #[test]
    fn unfinished_datagrams_are_bounded() {
        let mut r = Reassembler::default();
        let data = [0u8; 1400];
        for id in 0..20_000 {
            r.add(Fragment { key: Key { id, ..KEY }, offset: 0, more: true, data: &data, next: 17 });
        }
        assert!(r.held <= MAX_HELD && r.evicted > 10_000);
        assert!(r.order.len() <= 2 * r.partial.len() + 1024);
    }
}
