//! The scoreboard: what the peer reported by SACK, what is lost, what was sent again
//! (RFC 2018, RFC 6675). Without SACK the same marks serve NewReno and timeouts.

use super::ranges::Ranges;
use super::seq::Seq;

/// Duplicate acknowledgments that mean a loss.
pub const DUP_THRESH: u32 = 3;
/// Most ranges kept; further reports are not taken.
const MOST: usize = 256;

/// Marks in `SND.UNA..SND.NXT`.
#[derive(Debug, Default)]
pub struct Scoreboard {
    sacked: Ranges,
    /// Everything before it that is not reported is lost.
    pub lost: Seq,
    /// Everything before it that is not reported was sent again in this recovery (`HighRxt`).
    pub high_rxt: Seq,
    /// The rescue retransmission of this recovery was made.
    pub rescued: bool,
}

impl Scoreboard {
    /// Starts over at `una`.
    pub fn reset(&mut self, una: Seq) {
        self.sacked.clear();
        (self.lost, self.high_rxt, self.rescued) = (una, una, false);
    }

    /// Takes a reported block. True when it says something new.
    pub fn report(&mut self, left: Seq, right: Seq, una: Seq, nxt: Seq) -> bool {
        // A block at or below SND.UNA reports a duplicate (RFC 2883); beyond SND.NXT is nonsense.
        if left.ge(right) || left.lt(una) || right.gt(nxt) || left == una {
            return false;
        }
        self.sacked.insert(left, right, MOST).is_some_and(|new| new > 0)
    }

    /// `una` moved up. True when the peer has taken a report back: what is acknowledged ends
    /// where a reported block begins or within one.
    pub fn acked(&mut self, una: Seq) -> bool {
        self.sacked.remove_below(una);
        self.lost = self.lost.max(una);
        self.high_rxt = self.high_rxt.max(una);
        self.sacked.as_slice().first().is_some_and(|r| r.0 == una)
    }

    /// Marks as lost what RFC 6675's IsLost says: at least [`DUP_THRESH`] ranges or more than two
    /// segments of bytes are reported above it.
    pub fn update_lost(&mut self, mss: u32) {
        let (mut ranges, mut bytes) = (0, 0);
        for r in self.sacked.as_slice().iter().rev() {
            ranges += 1;
            bytes += r.1.since(r.0);
            if ranges >= DUP_THRESH || bytes > (DUP_THRESH - 1) * mss {
                self.lost = self.lost.max(r.0);
                return;
            }
        }
    }

    /// Nothing is reported.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sacked.is_empty()
    }

    /// Ranges reported.
    #[must_use]
    pub fn blocks(&self) -> u32 {
        self.sacked.as_slice().len() as u32
    }

    /// Bytes reported.
    #[must_use]
    pub fn sacked_bytes(&self) -> u32 {
        self.sacked.as_slice().iter().map(|r| r.1.since(r.0)).sum()
    }

    /// Bytes thought to be in the network (RFC 6675's pipe).
    #[must_use]
    pub fn pipe(&self, una: Seq, nxt: Seq) -> u32 {
        let open = |from: Seq, to: Seq| to.since(from) - self.sacked.covered(from, to);
        open(self.lost.max(una), nxt) + open(una, self.high_rxt.min(nxt).max(una))
    }

    /// The next lost range that was not sent again (NextSeg rule 1), at most `most` bytes.
    #[must_use]
    pub fn next_lost(&self, una: Seq, most: u32) -> Option<(Seq, u32)> {
        self.hole(self.high_rxt.max(una), self.lost, most)
    }

    /// The next unreported range below the highest report (NextSeg rule 3).
    #[must_use]
    pub fn next_hole(&self, una: Seq, most: u32) -> Option<(Seq, u32)> {
        let high = self.sacked.as_slice().last()?.0;
        self.hole(self.high_rxt.max(una), high, most)
    }

    /// The last bytes before `nxt` that are not reported (NextSeg rule 4).
    #[must_use]
    pub fn tail(&self, una: Seq, nxt: Seq, most: u32) -> Option<(Seq, u32)> {
        let end = match self.sacked.as_slice().last() {
            Some(r) if r.1 == nxt => r.0,
            _ => nxt,
        };
        let floor = match self.sacked.as_slice().iter().rev().find(|r| r.1.le(end)) {
            Some(r) => r.1.max(una),
            None => una,
        };
        let start = floor.max(end - most.min(end.since(una)));
        (start.lt(end)).then(|| (start, end.since(start)))
    }

    fn hole(&self, from: Seq, to: Seq, most: u32) -> Option<(Seq, u32)> {
        let mut start = from;
        while let Some(r) = self.sacked.holding(start) {
            start = r.1;
        }
        if start.ge(to) {
            return None;
        }
        let end = self.sacked.behind(start).map_or(to, |r| r.0.min(to));
        Some((start, end.since(start).min(most)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board() -> Scoreboard {
        // Ten segments of 100 from 1000 on.
        let mut s = Scoreboard::default();
        s.reset(Seq(1000));
        s
    }

    fn report(s: &mut Scoreboard, l: u32, r: u32) -> bool {
        s.report(Seq(l), Seq(r), Seq(1000), Seq(2000))
    }

    #[test]
    fn lost_when_three_segments_above_are_reported() {
        let mut s = board();
        assert!(report(&mut s, 1100, 1200));
        assert!(!report(&mut s, 1100, 1200));
        assert!(report(&mut s, 1200, 1300));
        s.update_lost(100);
        assert_eq!((s.lost, s.pipe(Seq(1000), Seq(2000))), (Seq(1000), 800));
        assert!(report(&mut s, 1300, 1400));
        s.update_lost(100);
        // 300 bytes are more than two segments: 1000..1100 is lost.
        assert_eq!((s.lost, s.pipe(Seq(1000), Seq(2000))), (Seq(1100), 600));
        assert_eq!(s.next_lost(Seq(1000), 100), Some((Seq(1000), 100)));
        s.high_rxt = Seq(1100);
        assert_eq!(s.pipe(Seq(1000), Seq(2000)), 700);
        assert_eq!(s.next_lost(Seq(1000), 100), None);
    }

    #[test]
    fn lost_when_three_ranges_above_are_reported() {
        let mut s = board();
        for at in [1150, 1350, 1550] {
            report(&mut s, at, at + 50);
        }
        s.update_lost(100);
        assert_eq!(s.lost, Seq(1150));
        assert_eq!(s.next_lost(Seq(1000), 100), Some((Seq(1000), 100)));
        s.high_rxt = Seq(1100);
        assert_eq!(s.next_lost(Seq(1000), 100), Some((Seq(1100), 50)));
        s.high_rxt = Seq(1150);
        assert_eq!(s.next_lost(Seq(1000), 100), None);
        assert_eq!(s.next_hole(Seq(1000), 100), Some((Seq(1200), 100)));
        assert_eq!(s.tail(Seq(1000), Seq(2000), 100), Some((Seq(1900), 100)));
    }

    #[test]
    fn nonsense_is_not_taken() {
        let mut s = board();
        assert!(!report(&mut s, 1900, 2001));
        assert!(!report(&mut s, 900, 1100));
        assert!(!report(&mut s, 1300, 1200));
        // The peer says that the first byte missing is one it had reported.
        assert!(report(&mut s, 1200, 1300));
        assert!(!s.acked(Seq(1100)));
        assert!(s.acked(Seq(1200)));
    }
}
