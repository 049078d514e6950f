//! Joins TCP segments into the messages of the protocols above.
//!
//! A decoder that meets the start of a message says what is missing; the segments that follow are
//! kept in sequence order until it is there, and the message is decoded in the frame of the last
//! one. All of this depends on the packets before, so it is found out in input order, and what
//! was done with each segment is written down as [`Step`]s which the decoder then repeats.
//!
//! Memory: [`MAX_HELD`] bytes of unfinished messages, and two generations of [`GENERATION`]
//! connections. What is given up is shown as data from there on.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::sync::Arc;

use super::memory::{Ask, Known, Memory};
use super::pairs::AsItIs;
use super::tcp::Ends;
use crate::decode::app::{App, Need, State};

/// Bytes of unfinished messages held at most; the oldest go first.
pub const MAX_HELD: usize = 32 << 20;
/// Connections in one of the two generations that are kept.
pub const GENERATION: usize = 50_000;
/// Messages of one direction that are remembered, finished ones included.
const MAX_PDUS: usize = 8;
/// Announced data connections that are remembered.
const MAX_EXPECTED: usize = 4096;
/// What a held segment costs beyond its bytes.
const PIECE_COST: usize = 64;

/// Where the bytes lie that a step is about.
#[derive(Debug, Clone)]
pub enum Bytes {
    /// From this offset of the segment's payload to its end.
    Here(u32),
    /// Several segments' bytes.
    Joined(Arc<Joined>),
}

/// The bytes of one message.
#[derive(Debug)]
pub struct Joined {
    /// The bytes.
    pub data: Arc<[u8]>,
    /// Number of the frame that each piece came in, and the piece's length.
    pub pieces: Vec<(u64, u32)>,
}

/// What is done with a segment's payload, in this order.
#[derive(Debug, Clone)]
pub enum Step {
    /// A decoder reads it.
    Call {
        /// Which.
        app: App,
        /// What it knew of the connection.
        state: State,
        /// What it reads.
        bytes: Bytes,
        /// True when it may ask for more.
        may_wait: bool,
    },
    /// No decoder knows it.
    Data(Bytes),
    /// Bytes shown as a part of a larger message.
    Segment {
        /// Offset in the payload.
        at: u32,
        /// Length.
        len: u32,
        /// True when they were seen before.
        again: bool,
    },
    /// The pieces of a message that is complete.
    Pieces(Arc<Joined>),
    /// The frame in which a message was complete.
    JoinedIn(u64),
    /// More is needed; true when nothing at all could be decoded.
    Waiting(bool),
    /// Another message follows in this segment.
    Another(u32),
    /// What was remembered when a decoder asked.
    Known {
        /// For what.
        ask: Ask,
        /// Where its message lies in the packet.
        at: u32,
        /// The answer.
        known: Known,
    },
    /// This segment is done with.
    End,
}

/// A message that several segments carry.
#[derive(Debug)]
pub struct Pdu {
    /// Sequence number of its first byte.
    pub seq: u32,
    /// Sequence number of what follows it, as far as is known.
    pub next: u32,
    /// Frame of its first segment.
    pub first: u64,
    /// Frame in which it was complete.
    pub done: Option<u64>,
    /// True when the whole of the next segment belongs to it.
    pub whole_segment: bool,
    birth: u64,
    data: Vec<u8>,
    pieces: Vec<(u64, u32)>,
    /// Pieces behind a hole.
    late: Vec<(u32, u64, Box<[u8]>)>,
}

impl Pdu {
    fn cost(&self) -> usize {
        let late: usize = self.late.iter().map(|l| l.2.len() + PIECE_COST).sum();
        self.data.len() + late + self.pieces.len() * 16 + PIECE_COST
    }

    /// Adds bytes at `seq`; they may overlap what is there.
    fn add(&mut self, seq: u32, frame: u64, bytes: &[u8]) {
        let at = seq.wrapping_sub(self.seq);
        if at as usize > self.data.len() {
            self.late.push((at, frame, bytes.into()));
            return;
        }
        self.append(at, frame, bytes);
        while let Some(i) = self.late.iter().position(|l| l.0 as usize <= self.data.len()) {
            let (at, frame, bytes) = self.late.swap_remove(i);
            self.append(at, frame, &bytes);
        }
    }

    fn append(&mut self, at: u32, frame: u64, bytes: &[u8]) {
        let known = self.data.len() - (at as usize).min(self.data.len());
        let new = bytes.get(known..).unwrap_or_default();
        // What was there before is no piece; the end of the connection is one without bytes.
        if new.is_empty() && !bytes.is_empty() {
            return;
        }
        self.data.extend_from_slice(new);
        self.pieces.push((frame, bytes.len() as u32));
    }

    /// True when bytes up to `end` are there without a hole.
    #[must_use]
    pub fn holds(&self, end: u32) -> bool {
        self.data.len() as u32 >= end.wrapping_sub(self.seq)
    }

    /// True when nothing is missing up to where it is known to end.
    fn complete(&self) -> bool {
        self.data.len() >= self.next.wrapping_sub(self.seq) as usize
    }

    fn joined(&self) -> Arc<Joined> {
        Arc::new(Joined { data: self.data.as_slice().into(), pieces: self.pieces.clone() })
    }
}

/// What is known of one direction of a connection.
#[derive(Debug, Default)]
pub struct Direction {
    /// Highest sequence number seen, plus one.
    pub next: Option<u32>,
    /// A message goes on until the connection is closed.
    pub until_end: bool,
    /// A FIN was seen.
    pub ended: bool,
    /// Messages over several segments, by sequence number.
    pub pdus: Vec<Pdu>,
}

/// What is known of a connection.
#[derive(Debug, Default)]
pub struct Conn {
    /// The decoder that was found to fit.
    pub app: Option<App>,
    /// What decoders remember.
    pub state: State,
    /// The server's port, when the handshake told.
    pub server_port: Option<u16>,
    /// Lower end first.
    pub sides: [Direction; 2],
    /// Initial sequence number of the side that opened it.
    pub opened: Option<u32>,
}

/// A connection that another one announced.
#[derive(Debug, Clone)]
pub struct Expect {
    /// The end that will be connected to.
    pub address: [u8; 16],
    /// Its port.
    pub port: u16,
    /// What will be spoken there.
    pub app: App,
    /// What the decoder should know.
    pub state: State,
}

type Generation = HashMap<Ends, Box<Conn>, AsItIs>;

/// Connections, the older of which are forgotten.
#[derive(Debug, Default)]
pub struct Connections {
    young: Generation,
    old: Generation,
}

/// Connections and their unfinished messages.
#[derive(Debug, Default)]
pub struct Table {
    /// Connections; taken out while one of them is dealt with.
    pub connections: Connections,
    expected: HashMap<([u8; 16], u16), Expect>,
    /// What is remembered of messages.
    pub memory: Memory,
    order: VecDeque<(u64, Ends, bool)>,
    held: usize,
    births: u64,
    /// Messages given up because too much was held.
    pub evicted: u64,
}

impl Connections {
    /// The connection between these ends, new when it was not seen lately, and the bytes of unfinished
    /// messages that were forgotten to make room for it.
    pub fn get(&mut self, ends: &Ends) -> (&mut Conn, usize) {
        let Self { young, old } = self;
        let mut forgotten = 0;
        if young.len() >= GENERATION && !young.contains_key(ends) {
            let known = old.remove(ends);
            let gone = mem::replace(old, mem::take(young));
            forgotten = gone.values().map(|c| cost(c)).sum();
            young.extend(known.map(|conn| (*ends, conn)));
        }
        let conn = young.entry(*ends).or_insert_with(|| old.remove(ends).unwrap_or_default());
        (conn, forgotten)
    }

    fn known(&self, ends: &Ends) -> Option<&Conn> {
        self.young.get(ends).or_else(|| self.old.get(ends)).map(|c| &**c)
    }
}

impl Table {
    /// Bytes of messages are not held any more.
    pub const fn release(&mut self, bytes: usize) {
        self.held -= bytes;
    }

    /// Remembers an announced connection.
    pub fn expect(&mut self, e: Expect) {
        if self.expected.len() >= MAX_EXPECTED {
            self.expected.clear();
        }
        self.expected.insert((e.address, e.port), e);
    }

    /// What was announced for an end of a connection.
    pub fn expected(&self, address: [u8; 16], port: u16) -> Option<&Expect> {
        if self.expected.is_empty() {
            return None;
        }
        self.expected.get(&(address, port))
    }

    /// The connection begins anew: what was held of its last life goes.
    pub fn reset(&mut self, conn: &mut Conn) {
        self.held -= cost(conn);
        *conn = Conn::default();
    }

    /// A message of the upper or lower one of `ends` begins with `bytes` at `seq`.
    pub fn begin(
        &mut self,
        (ends, upper): (Ends, bool),
        side: &mut Direction,
        need: Need,
        frame: u64,
        (seq, bytes): (u32, &[u8]),
    ) {
        let end = seq.wrapping_add(bytes.len() as u32);
        let more = match need {
            Need::Bytes(n) => n.max(1),
            Need::Segment => 1,
            Need::End => {
                side.until_end = true;
                UNTIL_END
            }
        };
        self.births += 1;
        let mut pdu = Pdu {
            seq,
            next: end.wrapping_add(more),
            first: frame,
            done: None,
            whole_segment: need == Need::Segment,
            birth: self.births,
            data: Vec::new(),
            pieces: Vec::new(),
            late: Vec::new(),
        };
        pdu.add(seq, frame, bytes);
        self.held += pdu.cost();
        self.order.push_back((self.births, ends, upper));
        if side.pdus.len() >= MAX_PDUS {
            self.held -= side.pdus.remove(0).cost();
        }
        side.pdus.push(pdu);
    }

    /// Adds bytes to message `i`; what it holds, when it is complete.
    pub fn add(
        &mut self,
        side: &mut Direction,
        i: usize,
        frame: u64,
        (seq, bytes): (u32, &[u8]),
        last: bool,
    ) -> Option<Arc<Joined>> {
        let pdu = &mut side.pdus[i];
        self.held -= pdu.cost();
        pdu.add(seq, frame, bytes);
        let whole = (last && pdu.late.is_empty()) || pdu.complete();
        self.held += pdu.cost();
        whole.then(|| pdu.joined())
    }

    /// Message `i` needs more after all.
    pub fn extend(&mut self, side: &mut Direction, i: usize, need: Need) {
        let pdu = &mut side.pdus[i];
        let end = pdu.seq.wrapping_add(pdu.data.len() as u32);
        pdu.whole_segment = need == Need::Segment;
        pdu.next = match need {
            Need::Bytes(n) => end.wrapping_add(n.max(1)),
            Need::Segment => end.wrapping_add(1),
            Need::End => {
                side.until_end = true;
                end.wrapping_add(UNTIL_END)
            }
        };
    }

    /// Message `i` was decoded; its bytes are not needed any more.
    pub fn finish(&mut self, side: &mut Direction, i: usize, frame: u64) {
        let pdu = &mut side.pdus[i];
        self.held -= pdu.cost();
        pdu.done = Some(frame);
        pdu.next = pdu.seq.wrapping_add(pdu.data.len() as u32);
        pdu.data = Vec::new();
        pdu.pieces = Vec::new();
        pdu.late = Vec::new();
        self.held += pdu.cost();
    }

    /// Gives up the oldest messages while too much is held.
    pub fn evict(&mut self) {
        let Self { connections, order, .. } = self;
        while self.held > MAX_HELD {
            let Some((birth, ends, upper)) = order.pop_front() else { return };
            let Connections { young, old } = connections;
            let Some(conn) = young.get_mut(&ends).or_else(|| old.get_mut(&ends)) else { continue };
            let pdus = &mut conn.sides[usize::from(upper)].pdus;
            if let Some(i) = pdus.iter().position(|p| p.birth == birth) {
                let pdu = pdus.remove(i);
                self.held -= pdu.cost();
                self.evicted += u64::from(pdu.done.is_none());
            }
        }
        if order.len() > 8 * (connections.young.len() + connections.old.len()) + 4096 {
            order.retain(|(birth, ends, upper)| {
                let side = connections.known(ends).map(|c| &c.sides[usize::from(*upper)]);
                side.is_some_and(|s| s.pdus.iter().any(|p| p.birth == *birth))
            });
        }
    }
}

fn cost(conn: &Conn) -> usize {
    conn.sides.iter().flat_map(|s| &s.pdus).map(Pdu::cost).sum()
}

/// A message without an end in sight reaches this far, less than half the sequence space.
const UNTIL_END: u32 = 0x0FFF_FFFE;

/// How a packet's segments are dealt with: worked out, or repeated from what was written down.
#[derive(Debug)]
pub enum Streams<'a> {
    /// Works it out and writes it down.
    Record(&'a mut Table, &'a mut Vec<Step>),
    /// Repeats it.
    Replay(std::slice::Iter<'a, Step>),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(port: u16) -> Ends {
        Ends { addresses: [[0; 16]; 2], ports: [port, 2] }
    }

    #[test]
    fn pieces_join_in_sequence_order_with_overlap() {
        let (mut t, mut side) = (Table::default(), Direction::default());
        t.begin((ends(1), false), &mut side, Need::Bytes(7), 1, (100, b"abc"));
        assert!(t.add(&mut side, 0, 2, (106, b"ghij"), false).is_none());
        assert!(t.add(&mut side, 0, 3, (102, b"cde"), false).is_none());
        let j = t.add(&mut side, 0, 4, (105, b"f"), false).expect("complete");
        assert_eq!(&*j.data, b"abcdefghij");
        t.finish(&mut side, 0, 4);
        assert_eq!(side.pdus[0].next, 110);
        assert_eq!(t.held, PIECE_COST);
    }

    #[test]
    fn unfinished_messages_are_bounded() {
        let mut t = Table::default();
        let data = vec![0u8; 60_000];
        for n in 0..2000u16 {
            let mut connections = mem::take(&mut t.connections);
            let (conn, _) = connections.get(&ends(n));
            t.begin((ends(n), true), &mut conn.sides[1], Need::Bytes(1 << 20), n.into(), (0, &data));
            t.connections = connections;
            t.evict();
        }
        assert!(t.held <= MAX_HELD && t.evicted > 1000, "{} {}", t.held, t.evicted);
    }

    #[test]
    fn two_generations_are_kept() {
        let mut t = Connections::default();
        let ends = |n: u32| {
            let mut a = [0; 16];
            a[..4].copy_from_slice(&n.to_be_bytes());
            Ends { addresses: [a, [1; 16]], ports: [1, 2] }
        };
        for n in 0..2 * GENERATION as u32 {
            t.get(&ends(n)).0.server_port = Some(n as u16);
            // Asked for all the time, so that it stays.
            t.get(&ends(0));
        }
        assert!(t.young.len() <= GENERATION && t.old.len() <= GENERATION);
        assert_eq!(t.get(&ends(0)).0.server_port, Some(0));
        t.get(&ends(2 * GENERATION as u32));
        assert_eq!(t.get(&ends(1)).0.server_port, None, "forgotten");
    }
}
