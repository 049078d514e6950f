//! What following a connection says about one segment, for the decoder.

use super::segment::Reach;

/// Flags of [`Analysis`], named and meant as Wireshark's.
pub mod analysis {
    #![allow(missing_docs)]
    pub const RETRANSMISSION: u16 = 1 << 0;
    pub const FAST_RETRANSMISSION: u16 = 1 << 1;
    pub const SPURIOUS_RETRANSMISSION: u16 = 1 << 2;
    pub const OUT_OF_ORDER: u16 = 1 << 3;
    pub const DUPLICATE_ACK: u16 = 1 << 4;
    pub const LOST_SEGMENT: u16 = 1 << 5;
    pub const ACK_LOST_SEGMENT: u16 = 1 << 6;
    pub const KEEP_ALIVE: u16 = 1 << 7;
    pub const KEEP_ALIVE_ACK: u16 = 1 << 8;
    pub const ZERO_WINDOW: u16 = 1 << 9;
    pub const ZERO_WINDOW_PROBE: u16 = 1 << 10;
    pub const ZERO_WINDOW_PROBE_ACK: u16 = 1 << 11;
    pub const WINDOW_UPDATE: u16 = 1 << 12;
    pub const WINDOW_FULL: u16 = 1 << 13;
    pub const REUSED_PORTS: u16 = 1 << 14;
    /// Any segment that was sent before.
    pub const AGAIN: u16 = RETRANSMISSION | FAST_RETRANSMISSION | SPURIOUS_RETRANSMISSION;
}

/// What comparing a segment with those before it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Analysis {
    /// True when there is anything to show, if only a number.
    pub any: bool,
    /// See [`analysis`].
    pub flags: u16,
    /// How many times this acknowledgment was seen again, 0 when it is none.
    pub duplicate: u32,
    /// The frame that had it first.
    pub duplicate_of: u32,
    /// Frame of the segment that this one acknowledges, 0 without.
    pub acks_frame: u32,
    /// Nanoseconds since that frame.
    pub ack_rtt: i64,
    /// Bytes in flight behind this segment, 0 when not known.
    pub in_flight: u32,
    /// Bytes since the last PSH.
    pub pushed: u32,
    /// Nanoseconds since the frame that this one repeats.
    pub rto: i64,
    /// That frame.
    pub rto_frame: u32,
}

impl Analysis {
    pub(super) fn set(&mut self, flag: u16) {
        self.any = true;
        self.flags |= flag;
    }

    /// True when any of these flags is set.
    #[must_use]
    pub const fn has(&self, flags: u16) -> bool {
        self.flags & flags != 0
    }
}

/// What the decoder is told about a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Answer {
    /// `tcp.stream`.
    pub stream: u32,
    /// What its sequence number is counted from; 0 where it is shown as it is.
    pub base_seq: u32,
    /// What its acknowledgment number is counted from.
    pub base_ack: u32,
    /// What SACK edges are counted from.
    pub base_sack: u32,
    /// Nanoseconds since the first segment of the connection.
    pub since_first: i64,
    /// Nanoseconds since the segment before.
    pub since_previous: i64,
    /// Handshake round-trip time, 0 when not known.
    pub initial_rtt: i64,
    /// `tcp.completeness`, as far as the segments before this one tell.
    pub completeness: u8,
    /// Window scale of the sender; [`UNKNOWN_SCALE`] or [`NO_SCALE`].
    pub shift: i8,
    /// Payload length is known, so that the numbers could be compared.
    pub compared: bool,
    /// A SYN-ACK that acknowledges the data of a fast open SYN.
    pub fast_open_ack: bool,
    /// A SYN-ACK that ignores them.
    pub fast_open_ignored: bool,
    /// A SYN with a fast open cookie.
    pub fast_open_syn: bool,
    /// The FIN that begins closing, and the one that follows it.
    pub first_fin: bool,
    /// How much of the header was there.
    pub reach: Reach,
    /// The comparison.
    pub analysis: Analysis,
}

/// The SYN was not seen.
pub const UNKNOWN_SCALE: i8 = -1;
/// The SYN says that windows are not scaled.
pub const NO_SCALE: i8 = -2;
