//! TCP connections.
//!
//! [`Tracker`] takes [`Segment`]s in input order and says of each what those before it tell:
//! [`Answer`]. The decoder shows these as `tcp.stream`, `tcp.analysis.*` and so on. What is left in the
//! end is one [`Connection`] for each, with its counters, for `sessions`:
//!
//! ```text
//! let report = pipeline::run(&paths, &options, &Settings { follow_tcp: true, ..settings }, workers);
//! for c in report.connections() { … }
//! ```
//!
//! | file | what |
//! |---|---|
//! | `segment.rs`, `options.rs` | what a header says |
//! | `table.rs` | connections by their ends, in bounded memory |
//! | `connection.rs`, `events.rs`, `rtt.rs` | what is kept of a connection |
//! | `sequence.rs`, `unacked.rs` | comparing numbers with those before |
//! | `handshake.rs` | opening and closing |
//! | `account.rs` | counters and where the time went |
//! | `answer.rs`, `replay.rs` | how the decoder is told |
//!
//! Memory: a connection takes less than 600 bytes, a direction on which something went wrong
//! [`Events`] beside it, a segment in flight 24 bytes. [`LIMIT`] bounds the first and the second,
//! the pool of segments is bounded by itself.

use std::collections::HashMap;

mod account;
pub mod answer;
pub mod connection;
pub mod events;
mod handshake;
pub mod options;
pub mod replay;
pub mod rtt;
pub mod segment;
mod sequence;
mod table;
#[cfg(test)]
mod tests;
mod unacked;

pub use answer::{Analysis, Answer};
pub use connection::{Connection, Ends, Side, State, saw};
pub use events::{Event, Events};
pub use replay::{Follow, Recorder, Replay, carrier};
pub use rtt::{Delay, Response, Rtt};
pub use segment::{Carrier, Owner, Segment};

use account::Before;
use answer::analysis;
use segment::{Reach, flag};
use sequence::Step;
use table::Table;
use unacked::Pool;

/// Connections held at once; of more than these, the oldest that are over or silent go.
pub const LIMIT: usize = 1_000_000;

/// Follows connections.
#[derive(Debug)]
pub struct Tracker {
    table: Table,
    pool: Pool,
    streams: u32,
    evicted: u64,
    /// Earliest time of connections whose first segment in the trace was not the earliest, or was
    /// one that another packet quotes.
    early: HashMap<u32, i64>,
    /// Sockets on z/OS, from the first segment or record that tells.
    owners: HashMap<u32, Owner>,
}

impl Default for Tracker {
    fn default() -> Self {
        Self::new(LIMIT)
    }
}

impl Tracker {
    /// Holds `limit` connections at most.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            table: Table::new(limit),
            pool: Pool::default(),
            streams: 0,
            evicted: 0,
            early: HashMap::new(),
            owners: HashMap::new(),
        }
    }

    /// Earliest time of a segment that was really sent, nanoseconds since 1970: the times of a
    /// trace need not ascend.
    #[must_use]
    pub fn earliest(&self, c: &Connection) -> i64 {
        self.early.get(&c.stream).copied().unwrap_or(c.first_time)
    }

    /// The socket of a connection on z/OS, where the trace has it.
    #[must_use]
    pub fn owner(&self, c: &Connection) -> Option<Owner> {
        self.owners.get(&c.stream).copied()
    }

    /// Connections that had to make room for others. Their counters are gone, and should more of
    /// them come, it counts as a new connection.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Segments in flight that found no room, so that their round-trip time was not measured.
    #[must_use]
    pub const fn unmeasured(&self) -> u64 {
        self.pool.refused
    }

    /// Connections held.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.table.len()
    }

    /// Connections seen, evicted ones included.
    #[must_use]
    pub const fn seen(&self) -> u32 {
        self.streams
    }

    /// The connections held, in order of first appearance. Some may have no packets: only other
    /// packets quoted them.
    #[must_use]
    pub fn connections(&self) -> Vec<&Connection> {
        let mut all: Vec<&Connection> = self.table.iter().collect();
        all.sort_unstable_by_key(|c| c.stream);
        all
    }

    /// As [`Tracker::connections`], given away.
    #[must_use]
    pub fn into_connections(self) -> Vec<Connection> {
        let mut all: Vec<Connection> = self.table.into_iter_all().collect();
        all.sort_unstable_by_key(|c| c.stream);
        all
    }

    #[cold]
    fn open(&mut self, s: &Segment, own: usize) -> u32 {
        let c = Connection {
            ends: s.ends,
            stream: self.streams,
            first_frame: s.frame,
            first_time: s.time,
            last_time: s.time,
            client: handshake::client(s, own),
            last_talker: 2,
            ..Connection::default()
        };
        self.streams += 1;
        let (place, gone) = self.table.add(c);
        if let Some(mut gone) = gone {
            self.evicted += 1;
            self.early.remove(&gone.stream);
            self.owners.remove(&gone.stream);
            for side in &mut gone.sides {
                self.pool.clear(&mut side.sequence.list);
            }
        }
        place
    }

    /// Notes in a segment where its connection is. What a table of many connections costs is the
    /// wait for memory; the look-ups of a batch, done one behind the other, wait at the same time.
    #[inline]
    pub fn look_up(&self, s: &mut Segment) {
        s.place = self.table.find(&s.ends, s.hash).unwrap_or(u32::MAX);
    }

    /// Takes the next segment.
    pub fn segment(&mut self, s: &Segment) -> Answer {
        let own = usize::from(s.upper);
        let mut answer = Answer { reach: s.reach, ..Answer::default() };
        let known = self.table.holds(s.place, &s.ends);
        let found = if known { Some(s.place) } else { self.table.find(&s.ends, s.hash) };
        let mut fresh = found.is_none();
        let mut place = found.unwrap_or_else(|| self.open(s, own));
        if s.flags & flag::SYN != 0 {
            place = self.opening(s, place, own, &mut fresh, &mut answer);
        }
        let c = self.table.at(place);
        c.touched = true;
        let fwd = &mut c.sides[own].sequence;
        fwd.sacked = 0;
        answer.stream = c.stream;
        answer.completeness = c.completeness;
        answer.since_first = s.time.wrapping_sub(c.first_time);
        answer.since_previous = s.time.wrapping_sub(c.last_time);
        let before = Before::of(c, own);
        c.last_time = s.time;
        c.last_frame = s.frame;
        // Wireshark counts a segment when its whole header is there.
        if !s.quoted && s.header >= 20 && s.reach == Reach::Options {
            let begins = c.sides[0].packets + c.sides[1].packets == 0;
            if s.time < c.first_time || begins && s.time != c.first_time {
                self.early.entry(c.stream).and_modify(|t| *t = s.time.min(*t)).or_insert(s.time);
            }
            if s.owner != Owner::default() {
                self.owners.entry(c.stream).or_insert(s.owner);
            }
            account::count(c, s, own);
        }
        let mut compared = None;
        if let Some(len) = s.len {
            let multipath = c.sides[0].sequence.multipath_seen | c.sides[1].sequence.multipath_seen;
            let [first, second] = &mut c.sides;
            let (fwd, rev) = if own == 0 { (first, second) } else { (second, first) };
            let step = Step {
                s,
                len,
                fwd: &mut fwd.sequence,
                rev: &mut rev.sequence,
                pool: &mut self.pool,
                initial_rtt: c.initial_rtt,
                multipath,
            };
            compared = Some(step.run(&mut answer.analysis));
            answer.compared = true;
            answer.base_seq = fwd.sequence.base;
            if s.flags & flag::ACK != 0 {
                answer.base_ack = rev.sequence.base;
            }
        }
        answer.base_sack = c.sides[1 - own].sequence.base;
        answer.shift = c.sides[own].sequence.shift;
        if usize::from(s.header) >= 20 {
            handshake::completeness(c, s, fresh);
            handshake::flags(c, s, own, &mut answer);
            handshake::options(c, s, own);
            c.sides[own].sequence.multipath_seen |= s.options.multipath;
            answer.fast_open_syn =
                s.options.cookie && s.flags & (flag::SYN | flag::ACK) == flag::SYN && s.reach >= Reach::Fixed;
        }
        answer.initial_rtt = c.initial_rtt;
        if let Some(found) = compared {
            account::compared(c, s, own, &answer.analysis, &found, before);
        }
        answer
    }

    /// A data trace says whose a connection is; nothing happens when it was not seen.
    pub fn owned(&mut self, ends: &Ends, owner: Owner) {
        if let Some(place) = self.table.find(ends, ends.hash()) {
            let known = self.owners.entry(self.table.at(place).stream).or_default();
            if known.job == [0; 8] {
                known.job = owner.job;
            }
            if known.cid == 0 {
                known.cid = owner.cid;
            }
            if known.asid == 0 {
                known.asid = owner.asid;
            }
        }
    }

    /// A first segment with other numbers opens another connection between the same ends.
    #[cold]
    fn opening(&mut self, s: &Segment, place: u32, own: usize, fresh: &mut bool, a: &mut Answer) -> u32 {
        let c = self.table.at(place);
        let known = c.sides[own].sequence.base_known;
        let other = s.seq != c.sides[own].sequence.base;
        match (known, other, s.flags & flag::ACK != 0) {
            (true, true, false) => {
                let place = self.open(s, own);
                let c = self.table.at(place);
                c.reused = true;
                c.completeness = handshake::complete::SYN;
                *fresh = false;
                a.analysis.set(analysis::REUSED_PORTS);
                place
            }
            (true, false, false) => {
                c.sides[own].sequence.rewind();
                a.analysis.any = true;
                place
            }
            (true, true, true) => {
                c.sides[own].sequence.base = s.seq;
                a.analysis.set(analysis::REUSED_PORTS);
                place
            }
            _ => place,
        }
    }
}
