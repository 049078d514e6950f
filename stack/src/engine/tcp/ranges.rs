//! Sorted, disjoint ranges of sequence numbers, in bounded number.
//!
//! The receiver keeps what lies behind a gap in one, the sender what the peer has reported by
//! SACK in another.

use super::seq::Seq;

/// Half-open ranges, ascending. Touching ranges are one.
#[derive(Debug, Default, Clone)]
pub struct Ranges {
    list: Vec<(Seq, Seq)>,
}

impl Ranges {
    /// Adds `left..right`. `None` when a range of its own would be one more than `most`;
    /// otherwise how many bytes were not covered before.
    pub fn insert(&mut self, left: Seq, right: Seq, most: usize) -> Option<u32> {
        if left.ge(right) {
            return Some(0);
        }
        // Ranges from..to touch or overlap the new one.
        let from = self.list.partition_point(|r| r.1.lt(left));
        let to = from + self.list[from..].partition_point(|r| r.0.le(right));
        if from == to {
            if self.list.len() >= most {
                return None;
            }
            self.list.insert(from, (left, right));
            return Some(right.since(left));
        }
        let had: u32 = self.list[from..to].iter().map(|r| r.1.since(r.0)).sum();
        let whole = (left.min(self.list[from].0), right.max(self.list[to - 1].1));
        self.list[from] = whole;
        self.list.drain(from + 1..to);
        Some(whole.1.since(whole.0) - had)
    }

    /// Forgets everything before `seq`.
    pub fn remove_below(&mut self, seq: Seq) {
        let gone = self.list.partition_point(|r| r.1.le(seq));
        self.list.drain(..gone);
        if let Some(r) = self.list.first_mut() {
            r.0 = r.0.max(seq);
        }
    }

    /// Takes away the first range if it starts at or before `seq`, and says where it ends.
    pub fn take_reached(&mut self, seq: Seq) -> Option<Seq> {
        let first = *self.list.first()?;
        if first.0.gt(seq) {
            return None;
        }
        self.list.remove(0);
        Some(first.1)
    }

    /// The ranges, ascending.
    #[must_use]
    pub fn as_slice(&self) -> &[(Seq, Seq)] {
        &self.list
    }

    /// Nothing is in it.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The range that holds `seq`.
    #[must_use]
    pub fn holding(&self, seq: Seq) -> Option<(Seq, Seq)> {
        let i = self.list.partition_point(|r| r.1.le(seq));
        self.list.get(i).copied().filter(|r| r.0.le(seq))
    }

    /// The first range that starts behind `seq`.
    #[must_use]
    pub fn behind(&self, seq: Seq) -> Option<(Seq, Seq)> {
        self.list.get(self.list.partition_point(|r| r.0.le(seq))).copied()
    }

    /// Bytes of `left..right` that are covered.
    #[must_use]
    pub fn covered(&self, left: Seq, right: Seq) -> u32 {
        let from = self.list.partition_point(|r| r.1.le(left));
        let inside = self.list[from..].iter().take_while(|r| r.0.lt(right));
        inside.map(|r| r.1.min(right).since(r.0.max(left))).sum()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.list.clear();
    }

    /// Gives the memory back.
    pub fn free(&mut self) {
        self.list = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn touching_ranges_are_one() {
        let mut r = Ranges::default();
        assert_eq!(r.insert(Seq(10), Seq(20), 3), Some(10));
        assert_eq!(r.insert(Seq(30), Seq(40), 3), Some(10));
        assert_eq!(r.insert(Seq(50), Seq(60), 3), Some(10));
        assert_eq!(r.insert(Seq(70), Seq(80), 3), None);
        assert_eq!(r.insert(Seq(20), Seq(30), 3), Some(10));
        assert_eq!(r.as_slice(), [(Seq(10), Seq(40)), (Seq(50), Seq(60))]);
        assert_eq!(r.covered(Seq(35), Seq(55)), 10);
        assert_eq!((r.holding(Seq(39)), r.holding(Seq(40))), (Some((Seq(10), Seq(40))), None));
        assert_eq!(r.behind(Seq(10)), Some((Seq(50), Seq(60))));
        r.remove_below(Seq(15));
        assert_eq!(r.take_reached(Seq(14)), None);
        assert_eq!(r.take_reached(Seq(15)), Some(Seq(40)));
        assert_eq!(r.as_slice(), [(Seq(50), Seq(60))]);
    }

    proptest! {
        #[test]
        fn holds_what_a_set_of_numbers_holds(ops in prop::collection::vec((0..200u32, 0..30u32), 0..60)) {
            let base = 0xffff_ff80_u32;
            let (mut r, mut set) = (Ranges::default(), std::collections::BTreeSet::new());
            for (at, len) in ops {
                let new = (at..at + len).filter(|n| set.insert(*n)).count() as u32;
                prop_assert_eq!(r.insert(Seq(base) + at, Seq(base) + at + len, 999), Some(new));
            }
            prop_assert_eq!(r.covered(Seq(base), Seq(base) + 300), set.len() as u32);
            prop_assert!(r.as_slice().windows(2).all(|w| w[0].1.lt(w[1].0)));
        }
    }
}
