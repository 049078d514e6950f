//! Lost-record entries: the real-time interface says that records were dropped.
//!
//! The first byte of the entry id is X'FF'; the other three say whether the collection buffer or
//! the staging buffer overflowed, but their values and the body's layout are not known: both
//! stay raw. Source: IP Programmer's Guide and Reference, "Lost records".
//!
//! Entries that this project's own tracing writes have the id X'FFE9E201' and this body, which
//! is ours:
//!
//! | offset | length | meaning |
//! |---|---|---|
//! | 0 | 8 | how many entries were lost |
//! | 8 | 8 | TOD of the first |
//! | 16 | 8 | TOD of the last |

use std::fmt;

use super::cte::{HEADER, TRAILER};
use super::{Cte, FormatId};
use crate::tod::Tod;

/// The id of our own lost-record entries.
pub const OURS: FormatId = FormatId(0xFFE9_E201);

/// A lost-record entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost<'a> {
    /// When it was written.
    pub time: Tod,
    /// The low three bytes of the entry id: which buffer overflowed (values unknown).
    pub place: u32,
    /// The body (layout unknown).
    pub body: &'a [u8],
}

impl<'a> Lost<'a> {
    /// The entry as a lost-record entry, `None` when its id does not say so.
    #[must_use]
    pub fn of(entry: &Cte<'a>) -> Option<Self> {
        let id = entry.id();
        id.is_lost().then(|| Self { time: entry.time(), place: id.0 & 0xFF_FFFF, body: entry.data() })
    }
}

impl Lost<'_> {
    /// What the body says, when the entry is one of ours.
    #[must_use]
    pub fn count(&self) -> Option<LostCount> {
        let word = |at: usize| self.body.get(at..)?.first_chunk().map(|b| u64::from_be_bytes(*b));
        let ours = self.place == OURS.0 & 0xFF_FFFF && self.body.len() == 24;
        ours.then_some(LostCount { count: word(0)?, first: Tod(word(8)?), last: Tod(word(16)?) })
    }
}

/// How many entries were lost, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LostCount {
    /// How many.
    pub count: u64,
    /// When the first was lost.
    pub first: Tod,
    /// When the last was lost.
    pub last: Tod,
}

impl LostCount {
    /// Length of an entry.
    pub const LEN: usize = HEADER + 24 + TRAILER;

    /// Counts one more.
    pub const fn add(&mut self, time: Tod) {
        if self.count == 0 {
            self.first = time;
        }
        self.last = time;
        self.count += 1;
    }

    /// The entry, put into the buffer at `time`.
    #[must_use]
    pub fn entry(&self, time: Tod) -> [u8; Self::LEN] {
        let mut b = [0; Self::LEN];
        b[1] = Self::LEN as u8;
        b[3] = HEADER as u8;
        b[4..8].copy_from_slice(&OURS.0.to_be_bytes());
        let words = [time.0, self.count, self.first.0, self.last.0];
        for (to, word) in b[8..40].chunks_exact_mut(8).zip(words) {
            to.copy_from_slice(&word.to_be_bytes());
        }
        b[41] = Self::LEN as u8;
        b
    }
}

impl fmt::Display for LostCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records lost, {} to {}", self.count, self.first, self.last)
    }
}

impl fmt::Display for Lost<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(count) = self.count() {
            return count.fmt(f);
        }
        write!(f, "records lost, place {:06X}, {}", self.place, self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctrace::cte;
    use crate::ctrace::cte::tests::hex;

    #[test]
    fn only_ids_that_start_with_ff() {
        let mut b = Vec::new();
        cte::encode(FormatId(0xFF00_0002), Tod(0xB72E_372B_BDA0_3000), &[1, 2], &mut b).unwrap();
        let l = Lost::of(&Cte::parse(&b).unwrap()).unwrap();
        assert_eq!(l.to_string(), "records lost, place 000002, 2002/02/12 23:39:11.873539");
        assert_eq!(l.body, [1, 2]);
        b[4] = 0;
        assert_eq!(Lost::of(&Cte::parse(&b).unwrap()), None);
    }

    #[test]
    fn our_own_entries_say_how_many() {
        let mut n = LostCount::default();
        n.add(Tod(0xB72E_372B_BDA0_3000));
        n.add(Tod(0xB72E_372B_BDA0_5000));
        let bytes = n.entry(Tod(0xC45F_FFFE_509E_0000));
        assert_eq!(
            bytes[..],
            hex(
                "002A0010 FFE9E201 C45FFFFE 509E0000 00000000 00000002 B72E372B BDA03000 B72E372B BDA05000 002A"
            )
        );
        let lost = Lost::of(&Cte::parse(&bytes).unwrap()).unwrap();
        assert_eq!(lost.count(), Some(n));
        assert_eq!(
            lost.to_string(),
            "2 records lost, 2002/02/12 23:39:11.873539 to 2002/02/12 23:39:11.873541"
        );
    }
}
