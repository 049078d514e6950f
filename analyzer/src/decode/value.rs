//! The value of one field occurrence, and where its bytes lie.

use crate::source::frame::Timestamp;

/// Bytes of one data source of a packet: the frame itself, the container's header in front of
/// it, or a reassembled buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Offset in the data source.
    pub off: u32,
    /// Length in bytes.
    pub len: u32,
    /// Where the window ends that the bytes were found in: a protocol's header is the span, its
    /// header with everything it carries reaches to here.
    pub end: u32,
    /// Data source: [`Span::FRAME`], [`Span::HEAD`], or 2 and up for reassembled buffers.
    pub source: u8,
}

impl Span {
    /// The captured bytes of the frame.
    pub const FRAME: u8 = 0;
    /// The container's own bytes for the frame.
    pub const HEAD: u8 = 1;
    /// No bytes: a value that was worked out.
    pub const NONE: Self = Self { off: 0, len: 0, end: 0, source: 0 };
}

/// A point in time that is left open, as protocols write it with zeros.
pub const NO_TIME: Timestamp = Timestamp { secs: i64::MIN, nanos: 0 };

/// A MAC address as one number, first octet highest.
#[inline]
#[must_use]
pub const fn ether_number([a, b, c, d, e, f]: [u8; 6]) -> u64 {
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

/// One value. Borrowed for the moment of the call that hands it over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Presence only.
    None,
    /// Unsigned integers, flags and frame numbers.
    Uint(u64),
    /// Signed integers.
    Int(i64),
    /// IPv4 address, first octet highest.
    Ipv4(u32),
    /// IPv6 address.
    Ipv6([u8; 16]),
    /// MAC address.
    Ether([u8; 6]),
    /// Byte string, or the bytes of a protocol.
    Bytes(&'a [u8]),
    /// Text.
    Str(&'a str),
    /// Point in time.
    Time(Timestamp),
    /// Span of time in nanoseconds.
    Duration(i64),
}
