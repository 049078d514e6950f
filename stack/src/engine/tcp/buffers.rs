//! What a connection keeps for its peer and for its application.

use super::ranges::Ranges;
use super::ring::Ring;
use super::seq::Seq;

/// Most gaps kept in what was received.
const MOST_GAPS: usize = 64;

/// Data handed over by the application and not acknowledged by the peer.
#[derive(Debug, Default)]
pub struct SendBuffer {
    ring: Ring,
    len: usize,
    /// Most bytes kept.
    pub limit: usize,
}

impl SendBuffer {
    /// Empty; keeps up to `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Takes as much of `bytes` as there is room for.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        let n = bytes.len().min(self.room());
        self.ring.ensure(self.len, self.len + n);
        self.ring.write(self.len, &bytes[..n]);
        self.len += n;
        n
    }

    /// Bytes that fit.
    #[must_use]
    pub const fn room(&self) -> usize {
        self.limit.saturating_sub(self.len)
    }

    /// Bytes kept.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Nothing is kept.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes at a distance from the oldest.
    #[inline]
    #[must_use]
    pub fn slices(&self, at: usize, len: usize) -> (&[u8], &[u8]) {
        self.ring.slices(at, len)
    }

    /// The oldest `n` bytes are acknowledged.
    #[inline]
    pub fn acked(&mut self, n: usize) {
        let n = n.min(self.len);
        self.ring.advance(n, self.len);
        self.len -= n;
    }

    /// Gives everything back.
    pub fn free(&mut self) {
        self.ring.free();
        self.len = 0;
    }

    /// Bytes allocated.
    #[must_use]
    pub const fn allocated(&self) -> usize {
        self.ring.allocated()
    }
}

/// Data received: in order for the application, and behind gaps.
#[derive(Debug, Default)]
pub struct ReceiveBuffer {
    ring: Ring,
    ready: usize,
    /// Most bytes kept.
    pub limit: usize,
    /// What lies behind gaps.
    gaps: Ranges,
    /// A number in each of the ranges reported last, the latest first.
    recent: [Seq; 4],
    recents: u8,
}

impl ReceiveBuffer {
    /// Empty; keeps up to `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Bytes the application can read.
    #[inline]
    #[must_use]
    pub const fn ready(&self) -> usize {
        self.ready
    }

    /// Bytes that may still come.
    #[inline]
    #[must_use]
    pub const fn room(&self) -> usize {
        self.limit.saturating_sub(self.ready)
    }

    /// There are gaps.
    #[inline]
    #[must_use]
    pub fn has_gaps(&self) -> bool {
        !self.gaps.is_empty()
    }

    /// Bytes behind gaps.
    #[must_use]
    pub fn behind_gaps(&self) -> u32 {
        self.gaps.as_slice().iter().map(|r| r.1.since(r.0)).sum()
    }

    /// Bytes allocated.
    #[must_use]
    pub const fn allocated(&self) -> usize {
        self.ring.allocated()
    }

    /// Takes data that come in order, without gaps. There must be room.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        self.ring.ensure(self.ready, self.ready + bytes.len());
        self.ring.write(self.ready, bytes);
        self.ready += bytes.len();
    }

    /// Takes data that start at `seq`, at or behind `next`, the first number not received yet.
    /// Returns the new first number not received, or `None` when there was one gap too many.
    pub fn insert(&mut self, next: Seq, seq: Seq, bytes: &[u8]) -> Option<Seq> {
        let at = self.ready + seq.since(next) as usize;
        let end = seq + bytes.len() as u32;
        let used = self.gaps.as_slice().last().map_or(self.ready, |r| self.ready + r.1.since(next) as usize);
        if seq != next {
            self.gaps.insert(seq, end, MOST_GAPS)?;
            self.report(seq);
        }
        self.ring.ensure(used, at + bytes.len());
        self.ring.write(at, bytes);
        if seq != next {
            return Some(next);
        }
        let mut reached = end;
        while let Some(end) = self.gaps.take_reached(reached) {
            reached = reached.max(end);
        }
        self.ready += reached.since(next) as usize;
        Some(reached)
    }

    /// The range with `seq` is the first to report from now on.
    fn report(&mut self, seq: Seq) {
        self.recent.copy_within(0..3, 1);
        self.recent[0] = seq;
        self.recents = (self.recents + 1).min(4);
    }

    /// Up to `most` ranges behind gaps for a SACK option, the most recently changed first
    /// (RFC 2018 section 4).
    pub fn sack_blocks(&self, most: usize, mut block: impl FnMut(Seq, Seq)) {
        let mut told: [Seq; 4] = [Seq(0); 4];
        let mut n = 0;
        let recent = self.recent[..usize::from(self.recents)].iter();
        let ranges = recent.filter_map(|s| self.gaps.holding(*s));
        for (left, right) in ranges.chain(self.gaps.as_slice().iter().copied()) {
            if n == most.min(4) {
                break;
            }
            if !told[..n].contains(&left) {
                told[n] = left;
                n += 1;
                block(left, right);
            }
        }
    }

    /// Moves up to `to.len()` bytes to the application.
    pub fn read(&mut self, to: &mut [u8]) -> usize {
        let n = self.peek(to);
        self.skip(n);
        n
    }

    /// Copies up to `to.len()` bytes, which stay.
    #[must_use]
    pub fn peek(&self, to: &mut [u8]) -> usize {
        let n = to.len().min(self.ready);
        let (a, b) = self.ring.slices(0, n);
        to[..a.len()].copy_from_slice(a);
        to[a.len()..n].copy_from_slice(b);
        n
    }

    /// Forgets the first `n` readable bytes.
    pub fn skip(&mut self, n: usize) {
        // Bytes behind gaps are in the ring too: only an empty one may start over.
        let used = if self.has_gaps() { usize::MAX } else { self.ready };
        self.ring.advance(n, used);
        self.ready -= n;
    }

    /// Nothing can come any more and no one will read: gives everything back.
    pub fn free(&mut self) {
        self.ring.free();
        self.gaps.free();
        self.ready = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(b: &ReceiveBuffer) -> Vec<(u32, u32)> {
        let mut v = vec![];
        b.sack_blocks(3, |l, r| v.push((l.0, r.0)));
        v
    }

    #[test]
    fn gaps_fill_and_the_latest_range_is_reported_first() {
        let mut b = ReceiveBuffer::new(10_000);
        let all: Vec<u8> = (0..200).collect();
        let put = |b: &mut ReceiveBuffer, next: u32, at: usize, to: usize| {
            b.insert(Seq(next), Seq(at as u32), &all[at..to]).map(|s| s.0)
        };
        // RFC 2018 section 4, example 2 with tens instead of 500s: blocks in order of arrival.
        assert_eq!(put(&mut b, 0, 20, 30), Some(0));
        assert_eq!(put(&mut b, 0, 40, 50), Some(0));
        assert_eq!(put(&mut b, 0, 60, 70), Some(0));
        assert_eq!(blocks(&b), [(60, 70), (40, 50), (20, 30)]);
        assert_eq!(put(&mut b, 0, 30, 40), Some(0));
        assert_eq!(blocks(&b), [(20, 50), (60, 70)]);
        assert_eq!(put(&mut b, 0, 0, 10), Some(10));
        assert_eq!(b.ready(), 10);
        let mut to = [0; 4];
        assert_eq!((b.read(&mut to), to), (4, [0, 1, 2, 3]));
        assert_eq!(put(&mut b, 10, 10, 20), Some(50));
        assert_eq!(put(&mut b, 50, 50, 65), Some(70));
        let mut rest = [0; 100];
        assert_eq!(b.read(&mut rest), 66);
        assert_eq!(rest[..66], all[4..70]);
        assert!(!b.has_gaps());
    }

    #[test]
    fn gaps_are_bounded() {
        let mut b = ReceiveBuffer::new(10_000);
        let kept = (0..200).filter(|i| b.insert(Seq(0), Seq(2 + i * 2), &[1]).is_some()).count();
        assert_eq!(kept, MOST_GAPS);
    }
}
