//! Putting segmented records together.
//!
//! A record that is too long for one entry is written as several: the same PTH_Tlen, PTH_Time,
//! addresses and name, PTH_SeqNum 0, 1, ... 255, 1, ... They may stand apart, with other
//! records between them, and in a wrapped data set even out of order. The set is complete when
//! its data adds up to PTH_Tlen.
//!
//! Memory is bounded: at most [`MAX_SETS`] sets and [`MAX_BYTES`] bytes wait; then the oldest
//! is delivered as far as it goes.

use std::collections::VecDeque;
use std::fmt::Write as _;

use formats::ctrace::pthdr;

use crate::source::frame::{AnomalyKind, Chunk, Finds, Frame, Head, LinkType};

/// Sets that may be incomplete at the same time.
pub(super) const MAX_SETS: usize = 64;
/// Bytes they may hold together.
pub(super) const MAX_BYTES: usize = 32 << 20;

/// What tells the segments of one record from those of another.
type Key = [u8; 72];

fn key(id: u32, pth: &[u8]) -> Key {
    // Tlen and name, time, addresses, ports; in a short header what is there of them.
    let mut k = [0; 72];
    k[..4].copy_from_slice(&id.to_be_bytes());
    let head = &pth[..pth.len().min(68)];
    k[4..4 + head.len()].copy_from_slice(head);
    // PTH_Len, PTH_SeqNum, PTH_Flag and PTH_DevTy may differ.
    k[4..9].fill(0);
    k
}

#[derive(Debug, Clone, Copy)]
struct Part {
    /// Number of the segment with the wraps of PTH_SeqNum taken out.
    number: u32,
    start: usize,
    len: usize,
}

#[derive(Debug, Default)]
struct Set {
    key: Vec<u8>,
    frame: Frame,
    head: Vec<u8>,
    data: Vec<u8>,
    parts: Vec<Part>,
    tlen: usize,
    next: u32,
}

impl Set {
    fn lowest(&self) -> u32 {
        self.parts.iter().map(|p| p.number).min().unwrap_or(u32::MAX)
    }
}

/// One segment as the entry decoder found it.
#[derive(Debug)]
pub(super) struct Segment<'a> {
    /// CTEFMTID.
    pub id: u32,
    /// CTE header and packet trace header.
    pub head: &'a [u8],
    /// The packet trace header alone.
    pub pth: &'a [u8],
    /// The data.
    pub data: &'a [u8],
    /// What the frame will be, but for its bytes.
    pub frame: Frame,
}

/// Sets of segments that are not complete yet, oldest first.
#[derive(Debug, Default)]
pub(super) struct Segments {
    sets: VecDeque<Set>,
    spare: Vec<Set>,
    bytes: usize,
    /// Frames put together.
    pub joined: u64,
    /// Frames delivered with segments missing.
    pub incomplete: u64,
    /// Segments behind a missing one, and their bytes: where they belong is not known.
    pub placeless: u64,
    pub placeless_bytes: u64,
}

impl Segments {
    /// Takes a segment; the record is counted by the caller, frames and joins are counted here.
    #[cold]
    pub(super) fn add(&mut self, s: &Segment<'_>, out: &mut Finds<'_>) {
        let seq = s.pth[2];
        let tlen = u32::from_be_bytes([0, s.pth[5], s.pth[6], s.pth[7]]) as usize;
        let k = key(s.id, s.pth);
        let mut at = self.sets.iter().position(|set| set.key == k);
        if let Some(found) = at {
            let set = &self.sets[found];
            let number = number(seq, set.next);
            let again = set.parts.iter().any(|p| p.number == number);
            if again || set.data.len() + s.data.len() > tlen {
                // The same key once more: another record, so this one will not be completed.
                self.deliver(found, out);
                at = None;
            }
        }
        let at = at.unwrap_or_else(|| self.open(&k, tlen, s.frame));
        let Some(set) = self.sets.get_mut(at) else { return };
        let number = number(seq, set.next);
        if number < set.lowest() {
            set.head.clear();
            set.head.extend_from_slice(s.head);
            set.frame = s.frame;
        }
        set.parts.push(Part { number, start: set.data.len(), len: s.data.len() });
        set.data.extend_from_slice(s.data);
        set.next = number + 1;
        self.bytes += s.data.len();
        if set.data.len() >= set.tlen {
            self.deliver(at, out);
        }
        while self.bytes > MAX_BYTES && !self.sets.is_empty() {
            self.deliver(0, out);
        }
    }

    fn open(&mut self, k: &Key, tlen: usize, frame: Frame) -> usize {
        let mut set = self.spare.pop().unwrap_or_default();
        set.key.clear();
        set.key.extend_from_slice(k);
        set.head.clear();
        set.data.clear();
        set.parts.clear();
        set.tlen = tlen;
        set.next = 0;
        set.frame = frame;
        self.sets.push_back(set);
        self.sets.len() - 1
    }

    /// Makes room for one more set.
    pub(super) fn make_room(&mut self, out: &mut Finds<'_>) {
        while self.sets.len() >= MAX_SETS {
            self.deliver(0, out);
        }
    }

    /// Delivers everything that waits: nothing more will come.
    pub(super) fn finish(&mut self, out: &mut Finds<'_>) {
        while !self.sets.is_empty() {
            self.deliver(0, out);
        }
    }

    fn deliver(&mut self, at: usize, out: &mut Finds<'_>) {
        let Some(mut set) = self.sets.remove(at) else { return };
        self.bytes -= set.data.len();
        set.parts.sort_unstable_by_key(|p| p.number);
        let first = set.parts.first().map_or(0, |p| p.number);
        // Behind a missing segment nothing says where the data belongs.
        let run = set.parts.iter().zip(first..).take_while(|(p, n)| p.number == *n).count();
        let head_at = out.side.len();
        out.side.extend_from_slice(&set.head);
        let data_at = out.side.len();
        for p in &set.parts[..run] {
            out.side.extend_from_slice(&set.data[p.start..p.start + p.len]);
        }
        let len = out.side.len() - data_at;
        let mut frame = set.frame;
        frame.head = Chunk { side: true, off: head_at as u32, len: set.head.len() as u32 };
        frame.data = Chunk { side: true, off: data_at as u32, len: len as u32 };
        frame.head_kind = Head::Cte;
        frame.orig_len = frame.orig_len.max(len as u32);
        if first != 0 || len < set.tlen {
            self.incomplete += 1;
            let missing = set.tlen.saturating_sub(set.data.len());
            let left = set.parts.len() - run;
            let left_bytes = set.data.len() - len;
            self.placeless += left as u64;
            self.placeless_bytes += left_bytes as u64;
            let last = first as usize + run - 1;
            let mut text = if first != 0 {
                format!("PTH_SeqNum: segments before number {first} of a record are missing")
            } else {
                format!("PTH_SeqNum: segment {} of a record is missing", last + 1)
            };
            let _ = write!(
                text,
                ": PTH_Tlen {}, {} bytes found in {} segments; the frame holds segments {first} to {last} \
                 ({len} bytes)",
                set.tlen,
                set.data.len(),
                set.parts.len()
            );
            if left > 0 {
                let _ = write!(text, ", not the {left} behind the missing one ({left_bytes} bytes)");
            }
            out.anomaly(
                AnomalyKind::MissingSegment,
                frame.offset,
                (missing + left_bytes) as u64,
                text,
                "the trace lost a buffer or was wrapped; the frame is cut short and holds what can be placed",
            );
            if first != 0 {
                // Without the first segment there are no IP and transport headers.
                frame.link = LinkType::ZOS_DATA;
            }
        } else {
            self.joined += 1;
        }
        out.tally.frames += 1;
        out.tally.joined += (set.parts.len() as u64).saturating_sub(1);
        out.frames.push(frame);
        if self.spare.len() < 8 {
            self.spare.push(set);
        }
    }
}

/// The count of a segment, given its PTH_SeqNum and the count that would come next: 1 follows
/// 255, so every count above 0 has the number `(count - 1) % 255 + 1`.
fn number(seq: u8, next: u32) -> u32 {
    if seq == 0 {
        return 0;
    }
    let seq = u32::from(seq);
    let turns = (next + 127).saturating_sub(seq) / 255;
    seq + turns * 255
}

/// True when a record's own lengths say that it is one segment of several.
pub(super) fn is_segment(pth: &[u8], data_len: usize) -> bool {
    let tlen = u32::from_be_bytes([0, pth[5], pth[6], pth[7]]) as usize;
    pth.len() >= pthdr::MIN_LEN && data_len <= tlen && (pth[2] != 0 || data_len < tlen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_numbers_wrap_to_one() {
        let mut next = 0;
        for n in 0..=1000_u32 {
            let seq = if n == 0 { 0 } else { ((n - 1) % 255 + 1) as u8 };
            assert_eq!(number(seq, next), n);
            next = n + 1;
        }
        // Out of order within a turn.
        assert_eq!(number(3, 0), 3);
        assert_eq!(number(1, 4), 1);
        assert_eq!(number(2, 257), 257);
    }
}
