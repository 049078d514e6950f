//! Numbers the pairs of ends between which datagrams go, in order of first appearance.
//!
//! This is all that `udp.stream` and the times within a stream need: 24 bytes for each pair
//! beside its ends.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::mem;

use super::tcp::Ends;

/// Pairs in one of the two generations that are kept.
const GENERATION: usize = 500_000;

/// A datagram, as far as pairs are told apart by it.
#[derive(Debug, Clone, Copy)]
pub struct Datagram {
    /// Its ends, the lower one first.
    pub ends: Ends,
    /// When it was captured, nanoseconds since 1970.
    pub time: i64,
    /// False when it has no part in the times: another packet only quotes it, or it is empty, of
    /// which Wireshark takes no note.
    pub timed: bool,
}

/// What is known of a datagram's pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Number of the pair.
    pub stream: u32,
    /// Nanoseconds since the first datagram of the pair.
    pub since_first: i64,
    /// Nanoseconds since the one before.
    pub since_previous: i64,
}

#[derive(Debug, Clone, Copy)]
struct Pair {
    stream: u32,
    first: i64,
    last: i64,
}

/// Takes the hash that [`Ends`] work out themselves.
#[derive(Debug, Default)]
pub struct Mixed(u64);

impl Hasher for Mixed {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(b);
        }
    }
    #[inline]
    fn write_u64(&mut self, v: u64) {
        self.0 = v;
    }
}

impl Hash for Ends {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.mixed());
    }
}

/// For maps by [`Ends`].
pub type AsItIs = BuildHasherDefault<Mixed>;

type Map = HashMap<Ends, Pair, AsItIs>;

/// Every pair seen lately. One that was silent while as many others as a generation holds
/// appeared may be forgotten, and is a new one when it is seen again.
#[derive(Debug, Default)]
pub struct Pairs {
    young: Map,
    old: Map,
    seen: u32,
    /// Pairs that were forgotten.
    pub forgotten: u64,
}

impl Pairs {
    /// The next datagram.
    pub fn datagram(&mut self, d: &Datagram) -> Place {
        if self.young.len() >= GENERATION {
            self.forgotten += self.old.len() as u64;
            self.old = mem::take(&mut self.young);
        }
        let (old, seen) = (&mut self.old, &mut self.seen);
        let pair = self.young.entry(d.ends).or_insert_with(|| {
            old.remove(&d.ends).unwrap_or_else(|| {
                *seen += 1;
                Pair { stream: *seen - 1, first: d.time, last: d.time }
            })
        });
        let place = Place {
            stream: pair.stream,
            since_first: d.time.wrapping_sub(pair.first),
            since_previous: d.time.wrapping_sub(pair.last),
        };
        if d.timed {
            pair.last = d.time;
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_are_one_pair() {
        let mut p = Pairs::default();
        let ends = |a: u8, b: u8| Ends::of([[a; 16], [b; 16]], [53, 1024]).0;
        let at = |ends, time| Datagram { ends, time, timed: true };
        assert_eq!(p.datagram(&at(ends(1, 2), 100)), Place::default());
        assert_eq!(p.datagram(&at(ends(3, 2), 110)).stream, 1);
        let (back, upper) = Ends::of([[2; 16], [1; 16]], [1024, 53]);
        assert!(upper);
        assert_eq!(p.datagram(&at(back, 130)), Place { stream: 0, since_first: 30, since_previous: 30 });
    }
}
