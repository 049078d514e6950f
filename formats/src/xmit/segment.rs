//! Segments of a NETDATA stream, and the records they make.
//!
//! | offset | length | meaning |
//! |---|---|---|
//! | 0 | 1 | length 2..=255, this byte included |
//! | 1 | 1 | flags: 80 first, 40 last segment of a record, 20 control record, 10 record number |
//! | 2 | | data |

use crate::{Cursor, Error, Result};
use std::fmt;

const NAME: &str = "NETDATA segment";

/// Byte 1 of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flags(pub u8);

#[allow(missing_docs)]
impl Flags {
    pub const FIRST: u8 = 0x80;
    pub const LAST: u8 = 0x40;
    pub const CONTROL: u8 = 0x20;
    pub const NUMBER: u8 = 0x10;
    pub const RESERVED: u8 = 0x0F;
}

/// One segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    /// What it is part of.
    pub flags: Flags,
    /// Its bytes of the record.
    pub data: &'a [u8],
}

impl<'a> Segment<'a> {
    /// Reads the segment at the start of `bytes`.
    ///
    /// # Errors
    /// Short, or a length below 2.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let mut c = Cursor::new(NAME, bytes);
        let len = c.u8("length")?;
        if len < 2 {
            return Err(Error::value(NAME, "length", 0, u64::from(len)));
        }
        let flags = Flags(c.u8("flags")?);
        Ok(Self { flags, data: c.take("data", usize::from(len) - 2)? })
    }

    /// Bytes of the segment.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub const fn len(&self) -> usize {
        self.data.len() + 2
    }
}

impl fmt::Display for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.flags.0 & Flags::CONTROL != 0 { "control" } else { "data" };
        write!(f, "{kind} segment, {} bytes, flags {:02X}", self.data.len(), self.flags.0)
    }
}

/// Cuts a record into segments and appends them.
pub fn encode_record(control: bool, data: &[u8], out: &mut Vec<u8>) {
    let parts = data.len().div_ceil(253).max(1);
    for i in 0..parts {
        let part = &data[i * 253..data.len().min((i + 1) * 253)];
        let mut flags = if control { Flags::CONTROL } else { 0 };
        flags |= if i == 0 { Flags::FIRST } else { 0 };
        flags |= if i + 1 == parts { Flags::LAST } else { 0 };
        out.extend_from_slice(&[part.len() as u8 + 2, flags]);
        out.extend_from_slice(part);
    }
}

/// A record put together from its segments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// True for a control record.
    pub control: bool,
    /// Its bytes.
    pub data: Vec<u8>,
    /// Offset of its first segment in the stream.
    pub offset: u64,
}

/// Puts records together from a stream that comes in pieces.
#[derive(Debug, Default)]
pub struct Records {
    record: Record,
    open: bool,
    offset: u64,
}

impl Records {
    /// Longest record; a longer one is damage.
    pub const MAX: usize = 1 << 20;

    /// At the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes segments off `bytes` until a record is complete. Returns the bytes taken, and true
    /// when [`Self::record`] is one; false means that more bytes are needed.
    ///
    /// # Errors
    /// A length below 2, a segment that does not fit the one before, or a record above
    /// [`Self::MAX`]; the offset is from the start of the stream.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(usize, bool)> {
        let mut at = 0;
        loop {
            let s = match Segment::parse(&bytes[at..]) {
                Ok(s) => s,
                Err(e) if e.is_short() => return Ok((at, false)),
                Err(e) => return Err(e.at(self.offset as usize)),
            };
            let first = s.flags.0 & Flags::FIRST != 0;
            if first == self.open {
                let what = if first { "begins a record inside another" } else { "goes on with no record" };
                return Err(Error::contradiction(NAME, "flags", self.offset as usize + 1, what));
            }
            if first {
                self.record.data.clear();
                self.record.control = s.flags.0 & Flags::CONTROL != 0;
                self.record.offset = self.offset;
            }
            if self.record.data.len() + s.data.len() > Self::MAX {
                let n = (self.record.data.len() + s.data.len()) as u64;
                return Err(Error::value(NAME, "record length", self.offset as usize, n));
            }
            self.record.data.extend_from_slice(s.data);
            self.open = s.flags.0 & Flags::LAST == 0;
            at += s.len();
            self.offset += s.len() as u64;
            if !self.open {
                return Ok((at, true));
            }
        }
    }

    /// The record that [`Self::push`] completed.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// True inside a record.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Offset of the next segment.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_segment() {
        let s = Segment::parse(&[4, 0xC0, 0xC8, 0xC9, 0xFF]).unwrap();
        assert_eq!((s.flags, s.data, s.len()), (Flags(0xC0), &[0xC8, 0xC9][..], 4));
        assert_eq!(Segment::parse(&[1, 0xC0]).unwrap_err().reason, crate::error::Reason::Value(1));
        assert!(Segment::parse(&[4, 0xC0, 0xC8]).unwrap_err().is_short());
    }

    #[test]
    fn long_records_are_cut_at_253_bytes() {
        let mut out = Vec::new();
        encode_record(false, &[7; 300], &mut out);
        assert_eq!(out[..2], [255, 0x80]);
        assert_eq!(out[255..257], [49, 0x40]);
        assert_eq!(out.len(), 304);
    }

    #[test]
    fn segments_out_of_order_are_refused() {
        let e = Records::new().push(&[3, 0x40, 1]).unwrap_err();
        assert_eq!(e.to_string(), "NETDATA segment flags at offset 1: goes on with no record");
        assert!(Records::new().push(&[3, 0x80, 1, 3, 0x80, 1]).is_err());
    }

    proptest! {
        #[test]
        fn records_survive_a_round_trip(
            records in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..900)), 0..6),
            step in 1usize..400,
        ) {
            let mut stream = Vec::new();
            for (c, d) in &records {
                encode_record(*c, d, &mut stream);
            }
            let mut r = Records::new();
            let (mut got, mut rest) = (Vec::new(), Vec::new());
            for piece in stream.chunks(step) {
                rest.extend_from_slice(piece);
                loop {
                    let (n, done) = r.push(&rest).unwrap();
                    rest.drain(..n);
                    if !done { break }
                    got.push((r.record().control, r.record().data.clone()));
                }
            }
            prop_assert!(rest.is_empty());
            prop_assert_eq!(got, records);
        }

        #[test]
        fn arbitrary_bytes_do_no_harm(b in proptest::collection::vec(any::<u8>(), 0..600)) {
            let mut r = Records::new();
            let mut at = 0;
            while let Ok((n, true)) = r.push(&b[at..]) {
                at += n;
            }
        }
    }
}
