//! The bytes of one direction of a connection in the order in which they were sent: segments that
//! came early wait, what came before is left out, and what never comes is told as a gap.
//!
//! Memory: a direction keeps no more than [`MAX_WAITING`] bytes of early segments; when there are
//! more, what they wait for is given up as a gap.

use std::collections::BTreeMap;

/// Bytes of early segments that one direction keeps at most.
pub const MAX_WAITING: usize = 1 << 20;
/// What a waiting segment costs beyond its bytes.
const COST: usize = 64;
/// A sequence number this far ahead belongs to something else.
const MAX_AHEAD: i64 = 1 << 30;

/// What comes next in a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Bytes, with the packet that brought them.
    Bytes(&'a [u8], u32),
    /// So many bytes that the trace does not have.
    Gap(u64),
}

/// One direction.
#[derive(Debug, Default)]
pub struct Direction {
    /// Offset from the first byte of what comes next.
    next: i64,
    /// Sequence number of the first byte.
    base: Option<u32>,
    /// Early segments by offset: captured bytes, length on the wire, packet.
    waiting: BTreeMap<i64, (Box<[u8]>, u32, u32)>,
    held: usize,
}

/// A segment with data.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a> {
    /// Sequence number, of the SYN where there is one.
    pub seq: u32,
    /// True with SYN.
    pub syn: bool,
    /// Captured payload.
    pub bytes: &'a [u8],
    /// Length of the payload on the wire.
    pub len: u32,
    /// Packet number.
    pub packet: u32,
}

impl Direction {
    /// Takes a segment; `out` gets what is complete with it.
    pub fn segment(&mut self, d: &Data<'_>, out: &mut impl FnMut(Piece<'_>)) {
        let first = d.seq.wrapping_add(u32::from(d.syn));
        let base = *self.base.get_or_insert(first);
        if d.len == 0 {
            return;
        }
        // Sequence numbers wrap; the nearest place to what comes next is meant.
        let near = base.wrapping_add(self.next as u32);
        let at = self.next + i64::from(first.wrapping_sub(near) as i32);
        let end = at + i64::from(d.len);
        if end <= self.next || at - self.next > MAX_AHEAD {
            return;
        }
        if at > self.next {
            let longer = self.waiting.get(&at).is_none_or(|w| w.1 < d.len);
            if longer {
                let old = self.waiting.insert(at, (d.bytes.into(), d.len, d.packet));
                self.held += d.bytes.len() + COST;
                self.held -= old.map_or(0, |o| o.0.len() + COST);
            }
            while self.held > MAX_WAITING {
                self.give_up(out);
            }
            return;
        }
        self.emit(at, d.bytes, d.len, d.packet, out);
        self.drain(out);
    }

    /// The other end acknowledged everything before `ack`: what is missing never comes.
    pub fn acknowledged(&mut self, ack: u32, out: &mut impl FnMut(Piece<'_>)) {
        let Some(base) = self.base else { return };
        let near = base.wrapping_add(self.next as u32);
        let at = self.next + i64::from(ack.wrapping_sub(near) as i32);
        while let Some((&first, _)) = self.waiting.first_key_value() {
            if at <= self.next || at < first {
                return;
            }
            self.give_up(out);
        }
    }

    /// Bytes that wait, and what keeping them costs.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.held
    }

    /// Nothing follows, or nothing that waits is to be kept.
    pub fn finish(&mut self, out: &mut impl FnMut(Piece<'_>)) {
        while !self.waiting.is_empty() {
            self.give_up(out);
        }
    }

    /// Goes on behind the first gap.
    fn give_up(&mut self, out: &mut impl FnMut(Piece<'_>)) {
        if let Some((&first, _)) = self.waiting.first_key_value() {
            if first > self.next {
                out(Piece::Gap((first - self.next) as u64));
                self.next = first;
            }
            self.drain(out);
        }
    }

    fn drain(&mut self, out: &mut impl FnMut(Piece<'_>)) {
        while let Some(e) = self.waiting.first_entry() {
            if *e.key() > self.next {
                return;
            }
            let (at, (bytes, len, packet)) = e.remove_entry();
            self.held -= bytes.len() + COST;
            self.emit(at, &bytes, len, packet, out);
        }
    }

    /// Hands over what is new of a segment that begins at or before what comes next.
    fn emit(&mut self, at: i64, bytes: &[u8], len: u32, packet: u32, out: &mut impl FnMut(Piece<'_>)) {
        let end = at + i64::from(len);
        if end <= self.next {
            return;
        }
        let known = (self.next - at) as usize;
        let new = bytes.get(known..).unwrap_or_default();
        if !new.is_empty() {
            out(Piece::Bytes(new, packet));
        }
        let cut = end - self.next - new.len() as i64;
        if cut > 0 {
            out(Piece::Gap(cut as u64));
        }
        self.next = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(segments: &[(u32, &[u8], u32)], ack: Option<u32>) -> String {
        let mut d = Direction::default();
        let mut text = String::new();
        let mut out = |p: Piece<'_>| match p {
            Piece::Bytes(b, _) => text.push_str(std::str::from_utf8(b).unwrap()),
            Piece::Gap(n) => text.push_str(&format!("<{n}>")),
        };
        for &(seq, bytes, len) in segments {
            d.segment(&Data { seq, syn: false, bytes, len, packet: 1 }, &mut out);
        }
        if let Some(a) = ack {
            d.acknowledged(a, &mut out);
        }
        d.finish(&mut out);
        text
    }

    #[test]
    fn order_overlap_repetition_and_gaps() {
        assert_eq!(run(&[(10, b"abc", 3), (16, b"ghi", 3), (13, b"def", 3)], None), "abcdefghi");
        assert_eq!(run(&[(10, b"abc", 3), (11, b"bcde", 4), (10, b"abc", 3)], None), "abcde");
        assert_eq!(run(&[(10, b"abc", 3), (16, b"ghi", 3), (19, b"j", 1)], Some(20)), "abc<3>ghij");
        assert_eq!(run(&[(10, b"abc", 5), (15, b"f", 1)], None), "abc<2>f");
        // Across the end of the sequence numbers.
        assert_eq!(run(&[(u32::MAX - 1, b"abc", 3), (4, b"g", 1), (1, b"def", 3)], None), "abcdefg");
    }

    #[test]
    fn waiting_segments_are_bounded() {
        let mut d = Direction::default();
        let (mut gaps, mut bytes) = (0, 0);
        let data = [7u8; 1000];
        for i in 0..5000u32 {
            let seg =
                Data { seq: i * 1000 + u32::from(i > 0) * 7, syn: false, bytes: &data, len: 1000, packet: i };
            d.segment(&seg, &mut |p| match p {
                Piece::Bytes(b, _) => bytes += b.len(),
                Piece::Gap(_) => gaps += 1,
            });
            assert!(d.held <= MAX_WAITING);
        }
        assert_eq!((gaps, bytes), (1, 5_000_000));
    }
}
