//! A checked window on the bytes of one data source, that knows how long it should have been.
//!
//! Captures cut packets short: a packet has bytes that were captured and bytes that are only
//! reported. Reading past the first is the capture's fault, past the second the packet's.

use super::value::Span;

/// Why a dissector stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The bytes were there on the wire, but not captured.
    Short {
        /// Offset in the data source at which bytes were missing.
        at: u32,
    },
    /// The packet itself is too short for what it says it holds, or contradicts itself.
    Malformed {
        /// Offset in the data source.
        at: u32,
    },
}

/// What a dissector returns.
pub type Outcome<T = ()> = Result<T, Stop>;

/// A window on a data source.
#[derive(Debug, Clone, Copy)]
pub struct Buf<'a> {
    bytes: &'a [u8],
    reported: u32,
    start: u32,
    source: u8,
}

impl<'a> Buf<'a> {
    /// A whole data source of which `reported` bytes were on the wire.
    #[must_use]
    pub fn new(bytes: &'a [u8], reported: usize, source: u8) -> Self {
        let reported = u32::try_from(reported).unwrap_or(u32::MAX).max(bytes.len() as u32);
        Self { bytes, reported, start: 0, source }
    }

    /// The captured bytes.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Number of captured bytes.
    #[must_use]
    pub const fn captured(&self) -> usize {
        self.bytes.len()
    }

    /// Number of bytes on the wire.
    #[must_use]
    pub const fn reported(&self) -> usize {
        self.reported as usize
    }

    /// Which data source this is a window on.
    #[must_use]
    pub const fn source(&self) -> u8 {
        self.source
    }

    /// Where `len` bytes at `at` lie.
    #[must_use]
    pub const fn span(&self, at: usize, len: usize) -> Span {
        let end = self.start + self.bytes.len() as u32;
        Span { off: self.start + at as u32, len: len as u32, end, source: self.source }
    }

    /// The span of the whole window.
    #[must_use]
    pub const fn whole(&self) -> Span {
        self.span(0, self.bytes.len())
    }

    #[cold]
    const fn stop(&self, at: usize, len: usize) -> Stop {
        if at.saturating_add(len) > self.reported as usize {
            Stop::Malformed { at: self.start.saturating_add(at as u32) }
        } else {
            Stop::Short { at: self.start + at as u32 }
        }
    }

    /// A contradiction at `at`.
    #[must_use]
    pub const fn malformed(&self, at: usize) -> Stop {
        Stop::Malformed { at: self.start + at as u32 }
    }

    /// `len` bytes at `at`.
    #[inline(always)]
    pub fn get(&self, at: usize, len: usize) -> Outcome<&'a [u8]> {
        match at.checked_add(len).and_then(|end| self.bytes.get(at..end)) {
            Some(b) => Ok(b),
            None => Err(self.stop(at, len)),
        }
    }

    /// `N` bytes at `at`.
    #[inline(always)]
    pub fn array<const N: usize>(&self, at: usize) -> Outcome<[u8; N]> {
        match self.bytes.get(at..).and_then(|b| b.first_chunk::<N>()) {
            Some(b) => Ok(*b),
            None => Err(self.stop(at, N)),
        }
    }

    /// One byte.
    #[inline(always)]
    pub fn u8(&self, at: usize) -> Outcome<u8> {
        match self.bytes.get(at) {
            Some(b) => Ok(*b),
            None => Err(self.stop(at, 1)),
        }
    }

    /// Two bytes, big-endian.
    #[inline(always)]
    pub fn u16(&self, at: usize) -> Outcome<u16> {
        self.array(at).map(u16::from_be_bytes)
    }

    /// Three bytes, big-endian.
    #[inline(always)]
    pub fn u24(&self, at: usize) -> Outcome<u32> {
        self.array::<3>(at).map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    /// Four bytes, big-endian.
    #[inline(always)]
    pub fn u32(&self, at: usize) -> Outcome<u32> {
        self.array(at).map(u32::from_be_bytes)
    }

    /// Eight bytes, big-endian.
    #[inline(always)]
    pub fn u64(&self, at: usize) -> Outcome<u64> {
        self.array(at).map(u64::from_be_bytes)
    }

    /// True when `len` bytes at `at` were captured.
    #[must_use]
    pub const fn has(&self, at: usize, len: usize) -> bool {
        at.saturating_add(len) <= self.bytes.len()
    }

    /// What follows `at`. Beyond the end, an empty window.
    #[must_use]
    pub fn from(&self, at: usize) -> Self {
        let cut = at.min(self.bytes.len());
        Self {
            bytes: &self.bytes[cut..],
            reported: self.reported.saturating_sub(at as u32),
            start: self.start + at as u32,
            source: self.source,
        }
    }

    /// The same window, said to end after `len` bytes at most.
    #[must_use]
    pub fn truncate(&self, len: usize) -> Self {
        Self {
            bytes: &self.bytes[..len.min(self.bytes.len())],
            reported: self.reported.min(len as u32),
            ..*self
        }
    }
}
