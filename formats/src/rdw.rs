//! Record and block descriptor words of variable-length data sets.
//!
//! | word | bytes | meaning |
//! |---|---|---|
//! | RDW | 0-1 | length of the record, these 4 bytes included (4..32760) |
//! | RDW | 2-3 | zero |
//! | SDW | 0-1 | length of the segment, these 4 bytes included |
//! | SDW | 2 | low two bits: 00 complete, 01 first, 10 last, 11 middle |
//! | BDW | 0-1 | top bit 0: length of the block, these 4 bytes included (8..32760); 2-3 zero |
//! | extended BDW | 0-3 | top bit 1: 31-bit length of the block (large block interface, tape) |
//!
//! Source: z/OS DFSMS Using Data Sets.

use std::fmt;

use crate::{Error, Result};

/// Length of every descriptor word.
pub const LEN: usize = 4;
/// The longest record or block that a 16-bit descriptor word allows.
pub const MAX: usize = 32_760;

/// Which part of a spanned record a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Part(pub u8);

#[allow(missing_docs)]
impl Part {
    pub const COMPLETE: Self = Self(0);
    pub const FIRST: Self = Self(1);
    pub const LAST: Self = Self(2);
    pub const MIDDLE: Self = Self(3);

    /// True when the segment goes on with a record that an earlier one began.
    #[must_use]
    pub const fn continues(self) -> bool {
        self.0 & 2 != 0
    }

    /// True when a later segment goes on with the record.
    #[must_use]
    pub const fn more(self) -> bool {
        matches!(self.0 & 3, 1 | 3)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(["complete", "first", "last", "middle"][usize::from(self.0 & 3)])
    }
}

/// A record descriptor word, or a segment descriptor word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rdw {
    /// Length of the record or segment, the word included.
    pub len: u16,
    /// Which part of a spanned record; complete for an RDW.
    pub part: Part,
}

impl Rdw {
    /// Reads the word at the start of `bytes`. Fails when it is short or no RDW or SDW.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let Some(&[a, b, flags, zero]) = bytes.first_chunk::<4>() else {
            return Err(Error::short("RDW", "LL", 0, LEN, bytes.len()));
        };
        let len = u16::from_be_bytes([a, b]);
        if usize::from(len) < LEN || usize::from(len) > MAX {
            return Err(Error::value("RDW", "LL", 0, len.into()));
        }
        if flags & !3 != 0 || zero != 0 {
            return Err(Error::value("RDW", "flags", 2, u16::from_be_bytes([flags, zero]).into()));
        }
        Ok(Self { len, part: Part(flags) })
    }

    /// Length of the record's data.
    #[must_use]
    pub const fn data_len(self) -> usize {
        (self.len as usize).saturating_sub(LEN)
    }

    /// The word for a record with that much data, `None` when it is too long for one.
    #[must_use]
    pub fn for_data(data_len: usize) -> Option<Self> {
        let len = data_len.checked_add(LEN).filter(|l| *l <= MAX)?;
        Some(Self { len: len as u16, part: Part::COMPLETE })
    }

    /// The four bytes.
    #[must_use]
    pub const fn encode(self) -> [u8; 4] {
        let [a, b] = self.len.to_be_bytes();
        [a, b, self.part.0, 0]
    }
}

impl fmt::Display for Rdw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RDW {}", self.len)?;
        if self.part != Part::COMPLETE {
            write!(f, " ({})", self.part)?;
        }
        Ok(())
    }
}

/// A block descriptor word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bdw {
    /// Length of the block, the word included.
    pub len: u32,
    /// True for the 31-bit form.
    pub extended: bool,
}

impl Bdw {
    /// Reads the word at the start of `bytes`. Fails when it is short or no BDW.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let Some(word) = bytes.first_chunk::<4>() else {
            return Err(Error::short("BDW", "length", 0, LEN, bytes.len()));
        };
        let word = u32::from_be_bytes(*word);
        let extended = word >> 31 == 1;
        let (len, low) = if extended { (word & 0x7FFF_FFFF, 0) } else { (word >> 16, word & 0xFFFF) };
        if len < 8 || low != 0 || (!extended && len as usize > MAX) {
            return Err(Error::value("BDW", "length", 0, word.into()));
        }
        Ok(Self { len, extended })
    }

    /// Length of the block's data.
    #[must_use]
    pub const fn data_len(self) -> usize {
        (self.len as usize).saturating_sub(LEN)
    }

    /// The word for a block with that much data: the 16-bit form where it can hold it.
    #[must_use]
    pub fn for_data(data_len: usize) -> Option<Self> {
        let len = data_len.checked_add(LEN).filter(|l| *l <= 0x7FFF_FFFF)?;
        Some(Self { len: len as u32, extended: len > MAX })
    }

    /// The four bytes.
    #[must_use]
    pub const fn encode(self) -> [u8; 4] {
        if self.extended { (self.len | 1 << 31).to_be_bytes() } else { (self.len << 16).to_be_bytes() }
    }
}

impl fmt::Display for Bdw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}BDW {}", if self.extended { "extended " } else { "" }, self.len)
    }
}

/// The data of one record with its descriptor word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Offset of the RDW in the bytes that are walked.
    pub offset: usize,
    /// The descriptor word.
    pub rdw: Rdw,
    /// The data behind it.
    pub data: &'a [u8],
}

/// Walks records that follow each other, each with its RDW. Ends after the first error.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Records<'a> {
    /// Walks `bytes` from their start.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..).filter(|r| !r.is_empty())?;
        let offset = self.at;
        let found = Rdw::parse(rest).and_then(|rdw| match rest.get(LEN..usize::from(rdw.len)) {
            Some(data) => Ok(Record { offset, rdw, data }),
            None => Err(Error::short("RDW", "data", LEN, rdw.data_len(), rest.len() - LEN)),
        });
        self.at = match &found {
            Ok(r) => offset + usize::from(r.rdw.len),
            Err(_) => self.bytes.len(),
        };
        Some(found.map_err(|e| e.at(offset)))
    }
}

/// Walks blocks that follow each other, each with its BDW; an item is the records of a block.
#[derive(Debug, Clone)]
pub struct Blocks<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Blocks<'a> {
    /// Walks `bytes` from their start.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Result<(Bdw, Records<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..).filter(|r| !r.is_empty())?;
        let offset = self.at;
        let found = Bdw::parse(rest).and_then(|bdw| match rest.get(LEN..bdw.len as usize) {
            Some(data) => Ok((bdw, Records::new(data))),
            None => Err(Error::short("BDW", "data", LEN, bdw.data_len(), rest.len() - LEN)),
        });
        self.at = match &found {
            Ok((bdw, _)) => offset + bdw.len as usize,
            Err(_) => self.bytes.len(),
        };
        Some(found.map_err(|e| e.at(offset)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_of_the_two_worked_examples() {
        // Both packet records of the trace format's worked examples as one VB record: 294 bytes.
        assert_eq!(Rdw::for_data(294).unwrap().encode(), [0x01, 0x2A, 0, 0]);
        assert_eq!(Bdw::for_data(298).unwrap().encode(), [0x01, 0x2E, 0, 0]);
        assert_eq!(Rdw::parse(&[0x01, 0x2A, 0, 0]).unwrap().data_len(), 294);
        assert_eq!(Bdw::parse(&[0x01, 0x2E, 0, 0]).unwrap().data_len(), 298);
        // LRECL 27994 and BLKSIZE 27998, half a 3390 track.
        assert_eq!(Rdw::parse(&[0x6D, 0x5A, 0, 0]).unwrap().len, 27_994);
        assert_eq!(Bdw::parse(&[0x6D, 0x5E, 0, 0]).unwrap().len, 27_998);
    }

    #[test]
    fn segments_say_which_part_they_are() {
        let w = Rdw::parse(&[0, 8, 3, 0]).unwrap();
        assert_eq!(w.part, Part::MIDDLE);
        assert!(w.part.continues() && w.part.more());
        assert!(!Part::FIRST.continues() && Part::FIRST.more());
        assert!(Part::LAST.continues() && !Part::LAST.more());
        assert_eq!(w.to_string(), "RDW 8 (middle)");
        assert_eq!(w.encode(), [0, 8, 3, 0]);
    }

    #[test]
    fn extended_block_length() {
        let b = Bdw::parse(&[0x80, 0x01, 0x00, 0x00]).unwrap();
        assert_eq!((b.len, b.extended), (65_536, true));
        assert_eq!(b.encode(), [0x80, 0x01, 0x00, 0x00]);
        assert_eq!(Bdw::for_data(65_532), Some(b));
        assert_eq!(b.to_string(), "extended BDW 65536");
    }

    #[test]
    fn rejects_what_is_no_descriptor_word() {
        for bad in [[0, 3, 0, 0], [0x7F, 0xF9, 0, 0], [0, 8, 4, 0], [0, 8, 0, 1]] {
            assert!(Rdw::parse(&bad).is_err(), "{bad:?}");
        }
        for bad in [[0, 7, 0, 0], [0x7F, 0xF9, 0, 0], [0, 8, 1, 0], [0x80, 0, 0, 7]] {
            assert!(Bdw::parse(&bad).is_err(), "{bad:?}");
        }
        assert_eq!(Rdw::for_data(32_757), None);
        assert!(Rdw::parse(&[0, 8]).unwrap_err().is_short());
    }

    #[test]
    fn walks_blocks_and_records() {
        let bytes = [0, 15, 0, 0, 0, 6, 0, 0, 1, 2, 0, 5, 0, 0, 3, 0, 8, 0, 0, 0, 4, 0, 0];
        let mut all = Vec::new();
        for b in Blocks::new(&bytes) {
            all.extend(b.unwrap().1.map(|r| r.unwrap().data.to_vec()));
        }
        assert_eq!(all, [vec![1, 2], vec![3], vec![]]);
        let cut: Vec<_> = Records::new(&bytes[4..13]).collect();
        assert!(cut[0].is_ok());
        assert_eq!(cut[1], Err(Error::short("RDW", "LL", 6, 4, 3)));
        assert_eq!(cut.len(), 2);
    }

    proptest! {
        #[test]
        fn any_bytes_end_the_walk(bytes: Vec<u8>) {
            prop_assert!(Records::new(&bytes).count() <= bytes.len() + 1);
            for (_, records) in Blocks::new(&bytes).flatten() {
                prop_assert!(records.count() <= bytes.len() + 1);
            }
        }
    }
}
