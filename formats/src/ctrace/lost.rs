//! Lost-record entries: the real-time interface says that records were dropped.
//!
//! The first byte of the entry id is X'FF'; the other three say whether the collection buffer or
//! the staging buffer overflowed, but their values and the body's layout are not known: both
//! stay raw. Source: IP Programmer's Guide and Reference, "Lost records".

use std::fmt;

use super::Cte;
use crate::tod::Tod;

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

impl fmt::Display for Lost<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "records lost, place {:06X}, {}", self.place, self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctrace::{FormatId, cte};

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
}
