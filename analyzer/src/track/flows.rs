//! Where the sequence numbers of each TCP connection begin, so that numbers can be shown
//! relative to it.
//!
//! As with fragments, this depends on the packets before: a [`Flows`] sees the segments in input
//! order, and the decoder is told later, by [`Replay`], what it answered.

use std::collections::HashMap;
use std::mem;

/// What a segment says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    /// Source and destination address; IPv4 in the last four octets.
    pub addresses: [[u8; 16]; 2],
    /// Source and destination port.
    pub ports: [u16; 2],
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgment number.
    pub ack: u32,
    /// Flags, FIN lowest.
    pub flags: u16,
}

/// Sequence numbers from which a connection's two directions are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bases {
    /// Of the segment's own direction.
    pub seq: u32,
    /// Of the other one, which acknowledgments are counted from.
    pub ack: u32,
}

/// Follows connections.
pub trait Follow {
    /// Takes a segment and says where its connection's numbers begin.
    fn segment(&mut self, s: &Segment) -> Bases;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    addresses: [[u8; 16]; 2],
    ports: [u16; 2],
}

/// First sequence number of each direction, as far as it was seen.
type Known = [Option<u32>; 2];

/// Connections in one of the two generations that are kept.
const GENERATION: usize = 100_000;

/// Every connection seen lately. One that was silent while as many others as a generation holds appeared may be
/// forgotten, and is then counted from where it is seen again.
#[derive(Debug, Default)]
pub struct Flows {
    young: HashMap<Key, Known>,
    old: HashMap<Key, Known>,
}

const SYN: u16 = 0x02;
const ACK: u16 = 0x10;

impl Follow for Flows {
    fn segment(&mut self, s: &Segment) -> Bases {
        // Both directions have one key: the lower end first.
        let swap = (s.addresses[0], s.ports[0]) > (s.addresses[1], s.ports[1]);
        let ends = |a: usize, b: usize| Key {
            addresses: [s.addresses[a], s.addresses[b]],
            ports: [s.ports[a], s.ports[b]],
        };
        let key = if swap { ends(1, 0) } else { ends(0, 1) };
        let (own, other) = (usize::from(swap), usize::from(!swap));
        if self.young.len() >= GENERATION {
            self.old = mem::take(&mut self.young);
        }
        let old = &mut self.old;
        let known = self.young.entry(key).or_insert_with(|| old.remove(&key).unwrap_or_default());
        let syn = s.flags & SYN != 0;
        // A new first segment from the same ports is a new connection.
        if syn && s.flags & ACK == 0 && known[own].is_some_and(|b| b != s.seq) {
            *known = [None; 2];
        }
        let seq = *known[own].get_or_insert(if syn { s.seq } else { s.seq.wrapping_sub(1) });
        if s.flags & ACK != 0 {
            known[other].get_or_insert(s.ack.wrapping_sub(1));
        }
        Bases { seq, ack: known[other].unwrap_or(0) }
    }
}

/// Answers with what was answered for the same segments before.
#[derive(Debug)]
pub struct Replay<'a> {
    answers: std::slice::Iter<'a, Bases>,
}

impl<'a> Replay<'a> {
    /// Answers in the order of the segments of one frame.
    #[must_use]
    pub fn new(answers: &'a [Bases]) -> Self {
        Self { answers: answers.iter() }
    }
}

impl Follow for Replay<'_> {
    fn segment(&mut self, _: &Segment) -> Bases {
        self.answers.next().copied().unwrap_or_default()
    }
}

/// Keeps every answer for a later [`Replay`].
#[derive(Debug)]
pub struct Recorder<'a> {
    /// Who really answers.
    pub inner: &'a mut Flows,
    /// The answers so far.
    pub answers: &'a mut Vec<Bases>,
}

impl Follow for Recorder<'_> {
    fn segment(&mut self, s: &Segment) -> Bases {
        let b = self.inner.segment(s);
        self.answers.push(b);
        b
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(back: bool, seq: u32, ack: u32, flags: u16) -> Segment {
        let (a, b) = ([1; 16], [2; 16]);
        let (addresses, ports) = if back { ([b, a], [80, 1025]) } else { ([a, b], [1025, 80]) };
        Segment { addresses, ports, seq, ack, flags }
    }

    #[test]
    fn numbers_are_counted_from_the_handshake() {
        let mut f = Flows::default();
        assert_eq!(f.segment(&segment(false, 1000, 0, SYN)), Bases { seq: 1000, ack: 0 });
        assert_eq!(f.segment(&segment(true, 5000, 1001, SYN | ACK)), Bases { seq: 5000, ack: 1000 });
        assert_eq!(f.segment(&segment(false, 1001, 5001, ACK)), Bases { seq: 1000, ack: 5000 });
        // The same ports again.
        assert_eq!(f.segment(&segment(false, 77, 0, SYN)), Bases { seq: 77, ack: 0 });
    }

    #[test]
    fn a_connection_seen_late_starts_at_one() {
        let mut f = Flows::default();
        assert_eq!(f.segment(&segment(true, 10, 20, ACK)), Bases { seq: 9, ack: 19 });
    }
}
