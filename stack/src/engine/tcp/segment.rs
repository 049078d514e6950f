//! A segment that came in, as the state machine wants it.

use formats::net::tcp::{Flags, Header};
use formats::net::tcp_options::{Options, SackBlocks, Timestamps};

use super::seq::Seq;

/// A segment with its options decoded.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// First number.
    pub seq: Seq,
    /// Acknowledgment; counts with ACK.
    pub ack: Seq,
    /// Flags.
    pub flags: Flags,
    /// Window as it stands.
    pub window: u16,
    /// The number behind the urgent data, when there are any.
    pub urgent: Option<Seq>,
    /// Timestamps.
    pub timestamps: Option<Timestamps>,
    /// SACK blocks.
    pub sack: SackBlocks,
    /// Data.
    pub data: &'a [u8],
}

impl<'a> Segment<'a> {
    /// From a header and its options.
    #[must_use]
    pub fn new(h: &Header<'a>, options: &Options) -> Self {
        let (seq, urgent) = (Seq(h.seq()), h.urgent_pointer());
        Self {
            seq,
            ack: Seq(h.ack()),
            flags: h.flags(),
            window: h.window(),
            urgent: (h.flags().contains(Flags::URG) && urgent > 0).then(|| seq + u32::from(urgent)),
            timestamps: options.timestamps,
            sack: options.sack,
            data: h.payload(),
        }
    }

    /// A flag is set.
    #[inline]
    #[must_use]
    pub const fn has(&self, flag: Flags) -> bool {
        self.flags.intersects(flag)
    }

    /// Length in sequence numbers (`SEG.LEN`).
    #[must_use]
    pub fn seq_len(&self) -> u32 {
        self.data.len() as u32 + u32::from(self.has(Flags::SYN)) + u32::from(self.has(Flags::FIN))
    }

    /// The number behind the last one.
    #[must_use]
    pub fn end(&self) -> Seq {
        self.seq + self.seq_len()
    }
}

/// The timestamps of a segment that has no other option, laid out as every stack does it
/// (RFC 7323 appendix A); `None` for any other layout.
#[inline]
#[must_use]
pub fn only_timestamps(options: &[u8]) -> Option<Timestamps> {
    let &[1, 1, 8, 10, a, b, c, d, e, f, g, h] = options else {
        return None;
    };
    Some(Timestamps { value: u32::from_be_bytes([a, b, c, d]), echo: u32::from_be_bytes([e, f, g, h]) })
}
