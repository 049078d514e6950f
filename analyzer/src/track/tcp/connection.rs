//! What is known of one connection, and of each of its two directions.
//!
//! Everything here is per connection, never per packet. A connection on which nothing unusual
//! happened takes one [`Connection`]; a direction with retransmissions, lost segments and the
//! like has its [`Events`] beside it.

use super::events::{Events, NO_EVENTS};
use super::rtt::{Delay, Response, Rtt};
use super::sequence::Sequence;

/// The two ends, the lower one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ends {
    /// Addresses; IPv4 as `::ffff:a.b.c.d`.
    pub addresses: [[u8; 16]; 2],
    /// Ports.
    pub ports: [u16; 2],
}

impl Ends {
    /// The ends of a segment from the first to the second address and port, and whether the first is the
    /// upper one.
    #[inline]
    #[must_use]
    pub fn of(addresses: [[u8; 16]; 2], ports: [u16; 2]) -> (Self, bool) {
        let ([a, b], [p, q]) = (addresses, ports);
        let [x, y] = addresses.map(u128::from_be_bytes);
        if x > y || x == y && p > q {
            (Self { addresses: [b, a], ports: [q, p] }, true)
        } else {
            (Self { addresses, ports }, false)
        }
    }

    /// Address and port of an end.
    #[must_use]
    pub const fn end(&self, i: usize) -> ([u8; 16], u16) {
        (self.addresses[i & 1], self.ports[i & 1])
    }

    /// [`Ends::mixed`] in half its width.
    #[inline]
    #[must_use]
    pub fn hash(&self) -> u32 {
        let h = self.mixed();
        (h ^ h >> 32) as u32
    }

    /// All bits mixed into one word. There is no secret in it: the same capture gives the same
    /// words every time.
    #[inline]
    pub(crate) fn mixed(&self) -> u64 {
        let [[a, b], [c, d]] = self.addresses.map(|x| {
            let x = u128::from_le_bytes(x);
            [x as u64, (x >> 64) as u64]
        });
        let ports = u64::from(self.ports[0]) << 16 | u64::from(self.ports[1]);
        // Odd constants with no pattern in their bits.
        let x = fold(a ^ 0x9E37_79B9_7F4A_7C15, b ^ 0xD6E8_FEB8_6659_FD93);
        let y = fold(c ^ 0xA076_1D64_78BD_642F, d ^ 0xE703_7ED1_A0B4_28DB);
        fold(x ^ ports, y ^ 0x8EBC_6AF0_9C88_C6E3)
    }

    /// Address of an end.
    #[must_use]
    pub fn ip(&self, end: usize) -> std::net::IpAddr {
        std::net::Ipv6Addr::from(self.addresses[end & 1]).to_canonical()
    }
}

/// A 128-bit product folded to 64 bits mixes all bits of both factors.
#[inline]
const fn fold(a: u64, b: u64) -> u64 {
    let p = a as u128 * b as u128;
    p as u64 ^ (p >> 64) as u64
}

/// One direction: what one end sent.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// Frames. Segments that other packets quote do not count, here and below.
    pub packets: u32,
    /// Lengths of these frames on the wire, as Wireshark's conversations add them up.
    pub bytes: u64,
    /// Bytes of TCP payload, what was sent again included.
    pub payload: u64,
    /// Latest time of its segments, nanoseconds since 1970.
    pub last_time: i64,
    /// Maximum segment size it announced, 0 when not seen.
    pub mss: u16,
    /// What was seen of it; see the `saw` constants.
    pub saw: u16,
    /// Frame of its first FIN, 0 without.
    pub fin_frame: u32,
    /// Frame of its first RST, 0 without.
    pub rst_frame: u32,
    /// Smallest and largest window it offered after its SYN, scaled where the scale is known.
    pub window: [u32; 2],
    /// Most bytes it had in flight.
    pub max_in_flight: u32,
    /// Window updates it sent.
    pub window_updates: u32,
    /// How long the other end took to acknowledge what this one sent.
    pub rtt: Rtt,
    /// How long this end let single segments of the other wait for an acknowledgment, and how
    /// often it looked like a delayed acknowledgment.
    pub ack_delay: Delay,
    /// Nanoseconds in which the other end had acknowledged all, and this one had the next word:
    /// its application's time.
    pub application: u64,
    /// Nanoseconds in which the other end had to wait because this one offered no window.
    pub receiver: u64,
    /// What went wrong; nothing in most connections.
    pub(super) events: Option<Box<Events>>,
    /// Where its sequence numbers stand.
    pub(super) sequence: Sequence,
}

/// Bits of [`Side::saw`].
pub mod saw {
    /// A SYN of this end.
    pub const SYN: u16 = 1;
    /// A SYN with ACK.
    pub const SYN_ACK: u16 = 2;
    /// SACK permitted in its SYN.
    pub const SACK_PERMITTED: u16 = 4;
    /// Timestamps in its SYN.
    pub const TIMESTAMPS: u16 = 8;
    /// An ACK without SYN.
    pub const ACK: u16 = 16;
    /// A FIN that the other end acknowledged.
    pub const FIN_ACKED: u16 = 32;
    /// This end said FIN first.
    pub const CLOSED_FIRST: u16 = 64;
    /// A fast open cookie in its SYN.
    pub const COOKIE: u16 = 128;
    /// SACK blocks.
    pub const SACK: u16 = 256;
}

impl Side {
    /// What went wrong in this direction, all zeros when nothing did.
    #[must_use]
    pub fn events(&self) -> &Events {
        self.events.as_deref().unwrap_or(&NO_EVENTS)
    }

    /// True when anything unusual happened in this direction.
    #[must_use]
    pub const fn eventful(&self) -> bool {
        self.events.is_some()
    }

    /// True when a bit of [`saw`] is set.
    #[must_use]
    pub const fn has(&self, bit: u16) -> bool {
        self.saw & bit != 0
    }

    /// Initial sequence number, when a SYN or an acknowledgment told it.
    #[must_use]
    pub const fn isn(&self) -> Option<u32> {
        if self.sequence.base_known { Some(self.sequence.base) } else { None }
    }

    /// Shift of the window scale option in its SYN, when it had one.
    #[must_use]
    pub const fn window_scale(&self) -> Option<u8> {
        if self.sequence.shift >= 0 { Some(self.sequence.shift as u8) } else { None }
    }
}

/// How far opening and closing got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A SYN was never answered.
    Unanswered,
    /// A SYN was answered with RST.
    Refused,
    /// A SYN was answered, but the answer never acknowledged.
    HalfOpen,
    /// Open when the trace ended, or neither end of it was traced.
    Open,
    /// One end said FIN, the other did not.
    HalfClosed,
    /// Both ends said FIN.
    Closed,
    /// Ended by RST.
    Reset,
}

impl State {
    /// In a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unanswered => "unanswered",
            Self::Refused => "refused",
            Self::HalfOpen => "half-open",
            Self::Open => "open",
            Self::HalfClosed => "half-closed",
            Self::Closed => "closed",
            Self::Reset => "reset",
        }
    }
}

/// One connection.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// Who talks to whom.
    pub ends: Ends,
    /// `tcp.stream`: connections are numbered in order of first appearance.
    pub stream: u32,
    /// Its first frame.
    pub first_frame: u32,
    /// Its last frame.
    pub last_frame: u32,
    /// Time of its first segment, nanoseconds since 1970.
    pub first_time: i64,
    /// Time of its last segment.
    pub last_time: i64,
    /// From the SYN to the first ACK behind it, in nanoseconds; 0 when not seen.
    pub initial_rtt: i64,
    /// Time of the latest SYN, 0 when none was seen.
    pub(super) syn_time: i64,
    /// Nanoseconds in which something was in flight, or was sent again because it got lost.
    pub network: u64,
    /// Nanoseconds in which a sender had more to say within the window, but did not yet.
    pub sender: u64,
    /// Direction `i` is what end `i` sent.
    pub sides: [Side; 2],
    /// How long the server took to answer with data what the client had said.
    pub response: Response,
    /// Time of the last segment with new payload, in microseconds that wrap.
    pub(super) last_data_us: u32,
    /// The end that sent the first one: Wireshark's address A.
    pub first_sender: u8,
    /// The end that opened it, as far as can be told.
    pub client: u8,
    /// `tcp.completeness`: 1 SYN, 2 SYN-ACK, 4 ACK, 8 data, 16 FIN, 32 RST.
    pub completeness: u8,
    /// True when its ports were those of an earlier connection.
    pub reused: bool,
    /// True when a later connection has the same ends.
    pub(super) superseded: bool,
    /// True when data came with the SYN.
    pub(super) data_in_syn: bool,
    /// True when it had a packet since the table last looked for room.
    pub(super) touched: bool,
    /// The end that sent the latest segment with payload, 2 before there was one.
    pub(super) last_talker: u8,
}

impl Connection {
    /// True when nothing more is expected.
    #[must_use]
    pub const fn over(&self) -> bool {
        self.sides[0].rst_frame != 0
            || self.sides[1].rst_frame != 0
            || (self.sides[0].fin_frame != 0 && self.sides[1].fin_frame != 0)
    }

    /// How far it got.
    #[must_use]
    pub fn state(&self) -> State {
        let [a, b] = &self.sides;
        let answered = a.has(saw::SYN_ACK) || b.has(saw::SYN_ACK);
        let opened = a.has(saw::SYN) || b.has(saw::SYN);
        let client = &self.sides[usize::from(self.client & 1)];
        let server = &self.sides[usize::from(!self.client & 1)];
        if opened && !answered && !(server.has(saw::ACK) && server.rst_frame == 0) {
            return if server.rst_frame != 0 { State::Refused } else { State::Unanswered };
        }
        if a.rst_frame != 0 || b.rst_frame != 0 {
            return State::Reset;
        }
        if opened && answered && !client.has(saw::ACK) {
            return State::HalfOpen;
        }
        match (a.fin_frame != 0, b.fin_frame != 0) {
            (true, true) => State::Closed,
            (false, false) => State::Open,
            _ => State::HalfClosed,
        }
    }

    /// Latest time of a segment that was really sent, nanoseconds since 1970.
    #[must_use]
    pub fn latest(&self) -> i64 {
        let [a, b] = &self.sides;
        match (a.packets, b.packets) {
            (0, _) => b.last_time,
            (_, 0) => a.last_time,
            _ => a.last_time.max(b.last_time),
        }
    }

    /// From its first to its last segment, in nanoseconds.
    #[must_use]
    pub const fn duration(&self) -> i64 {
        self.last_time - self.first_time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_small() {
        // With its table entries, of which there are at most four for each.
        assert!(size_of::<Connection>() + 32 <= 600, "{}", size_of::<Connection>());
    }
}
