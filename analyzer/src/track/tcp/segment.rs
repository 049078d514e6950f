//! What a TCP header says, in the few bytes that following its connection takes.
//!
//! Reading it needs no history, so threads do it side by side; only what [`super::Tracker`] makes
//! of it happens in input order.

use crate::decode::{Buf, net::Ip};

use super::connection::Ends;
use super::options::Options;

/// Flag bits of the header.
pub mod flag {
    /// No more data from the sender.
    pub const FIN: u16 = 0x01;
    /// Synchronize sequence numbers.
    pub const SYN: u16 = 0x02;
    /// Reset the connection.
    pub const RST: u16 = 0x04;
    /// Push.
    pub const PSH: u16 = 0x08;
    /// The acknowledgment number counts.
    pub const ACK: u16 = 0x10;
}

/// How much of the header was captured; what lies further back was not seen by anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Reach {
    /// Up to the window.
    #[default]
    Window,
    /// The fixed header.
    Fixed,
    /// All options as well.
    Options,
}

/// What z/OS knew of the socket, where the trace has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Owner {
    /// Job name, blank padded as the trace has it, in ASCII; zeros when unknown.
    pub job: [u8; 8],
    /// Connection id, 0 when unknown.
    pub cid: u32,
    /// Address space id, 0 when unknown.
    pub asid: u16,
}

/// One segment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Segment {
    /// Between whom.
    pub ends: Ends,
    /// What [`Ends::hash`] makes of them, worked out before the tracker's turn.
    pub hash: u32,
    /// Where the tracker has its connection, if [`super::Tracker::look_up`] found it.
    pub place: u32,
    /// True when the upper end sent it.
    pub upper: bool,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgment number.
    pub ack: u32,
    /// Flags, FIN lowest; see [`flag`].
    pub flags: u16,
    /// Window as the header has it, not scaled.
    pub window: u16,
    /// Bytes of payload on the wire; `None` where nobody can tell: in a fragment, in a packet
    /// that another one quotes, or when the header does not fit into the datagram.
    pub len: Option<u32>,
    /// Header length that the segment claims, in bytes.
    pub header: u8,
    /// How much of it is there.
    pub reach: Reach,
    /// True when another packet quotes it.
    pub quoted: bool,
    /// What the options say.
    pub options: Options,
    /// Number of its frame.
    pub frame: u32,
    /// Length of its frame on the wire.
    pub frame_len: u32,
    /// When it was captured, in nanoseconds since 1970; 0 when the container has no time.
    pub time: i64,
    /// The socket it belongs to on z/OS.
    pub owner: Owner,
}

/// An address in the common width that tells the IP versions apart.
#[inline]
#[must_use]
pub fn mapped(version: u8, address: [u8; 16]) -> [u8; 16] {
    let mut a = address;
    if version == 4 {
        a[10] = 0xFF;
        a[11] = 0xFF;
    }
    a
}

/// What a header does not know: the frame of its segment, and whose socket it belongs to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Carrier {
    /// As in [`Segment`].
    pub frame: u32,
    /// As in [`Segment`].
    pub frame_len: u32,
    /// As in [`Segment`].
    pub time: i64,
    /// As in [`Segment`].
    pub owner: Owner,
}

impl Segment {
    /// A segment of which nothing is known but its source and destination.
    #[must_use]
    pub fn between(addresses: [[u8; 16]; 2], ports: [u16; 2]) -> Self {
        let (ends, upper) = Ends::of(addresses, ports);
        Self { ends, hash: ends.hash(), upper, ..Self::default() }
    }

    /// Address and port that it comes from.
    #[must_use]
    pub const fn source(&self) -> ([u8; 16], u16) {
        self.ends.end(self.upper as usize)
    }

    /// Address and port that it goes to.
    #[must_use]
    pub const fn destination(&self) -> ([u8; 16], u16) {
        self.ends.end(!self.upper as usize)
    }

    /// Reads a segment that begins at `b`; `None` when it is cut before the window.
    #[inline(always)]
    #[must_use]
    pub fn read(ip: &Ip, b: Buf<'_>, quoted: bool, carrier: Carrier) -> Option<Self> {
        let h: [u8; 16] = b.array(0).ok()?;
        let u16_at = |i: usize| u16::from_be_bytes([h[i], h[i + 1]]);
        let u32_at = |i: usize| u32::from_be_bytes([h[i], h[i + 1], h[i + 2], h[i + 3]]);
        let word = u16_at(12);
        let header = usize::from(word >> 12) * 4;
        let known = !ip.fragment && !quoted && b.reported() >= header;
        let (mut options, mut reach) = (Options::default(), Reach::Window);
        if b.captured() >= 20 {
            reach = Reach::Fixed;
            let there = b.bytes();
            let end = header.max(20).min(there.len());
            if options.read(&there[20..end], header.max(20) - 20) {
                reach = Reach::Options;
            }
        }
        let addresses = [mapped(ip.version, ip.src), mapped(ip.version, ip.dst)];
        let (ends, upper) = Ends::of(addresses, [u16_at(0), u16_at(2)]);
        let Carrier { frame, frame_len, time, owner } = carrier;
        Some(Self {
            ends,
            hash: ends.hash(),
            place: 0,
            upper,
            seq: u32_at(4),
            ack: u32_at(8),
            flags: word & 0xFFF,
            window: u16_at(14),
            len: known.then(|| (b.reported() - header) as u32),
            header: header as u8,
            reach,
            quoted,
            options,
            frame,
            frame_len,
            time,
            owner,
        })
    }
}
