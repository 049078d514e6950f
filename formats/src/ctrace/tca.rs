//! TCA: the control area of a component's trace buffers in a dump of the stack.
//!
//! | offset | length | meaning |
//! |---|---|---|
//! | 0 | 4 | `TCA` and a blank, EBCDIC (the blank is inferred) |
//! | 6 | 2 | version, 6 |
//! | 8 | 4 | size of the area |
//! | 12 | 4 | address of the first buffer entry (TBE) |
//! | 16 | 4 | address of the current one |
//! | 20 | 4 | offset of the current entry in its buffer |
//! | 24 | 4 | size of all buffers |
//! | 28 | 4 | number of buffers |
//! | 32 | 4 | size of a buffer |
//! | 36 | 4 | largest data of an entry, X'3800' |
//! | 40 | 4 | ALET of the data space |
//! | 44 | 4 | records |
//! | 48 | 4 | entries |
//! | 52 | 4 | lost |
//! | 56 | 8 | TOD of the last loss |
//! | 64 | 4 | component (form unknown) |
//! | 68 | 4 | flags (unknown) |
//! | 72 | 4 | sequence number for the external writer |
//! | 76 | 8 | writer's token |
//! | 84 | 4 | number of address spaces that are filtered for |
//! | 88 | | the address spaces (width inferred: 2) |
//!
//! From the one published sample, of z/OS V1R5 (IP Diagnosis Guide, TCPIPCS TRACE); newer layouts
//! are not known, nor is that of a TBE. The buffers follow the rules of [`super::cte`].

use crate::tod::Tod;
use crate::{Cursor, Error, Result};

/// `TCA` and a blank.
pub const EYE: [u8; 4] = [0xE3, 0xC3, 0xC1, 0x40];
/// Length of the part in front of the address spaces.
pub const LEN: usize = 88;
/// The version of the published sample.
pub const VERSION: u16 = 6;
/// Address spaces that are read.
const MAX_ASIDS: u32 = 4096;

/// The fields of the area.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct Tca {
    pub size: u32,
    pub first_tbe: u32,
    pub current_tbe: u32,
    pub current_offset: u32,
    pub table_size: u32,
    pub buffers: u32,
    pub buffer_size: u32,
    pub max_data: u32,
    pub alet: u32,
    pub records: u32,
    pub entries: u32,
    pub lost: u32,
    pub lost_time: Tod,
    pub component: u32,
    pub flags: u32,
    pub writer_sequence: u32,
    pub writer_token: u64,
    pub asids: Vec<u16>,
}

impl Tca {
    /// The area at the start of `bytes`. Fails when it is short, or without eye-catcher, or of
    /// another version.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut c = Cursor::new("TCA", bytes);
        let eye = c.array::<4>("eye-catcher")?;
        if eye[..3] != EYE[..3] {
            return Err(Error::value("TCA", "eye-catcher", 0, u32::from_be_bytes(eye).into()));
        }
        c.skip("unknown", 2)?;
        let version = c.u16("version")?;
        if version != VERSION {
            return Err(Error::value("TCA", "version", 6, version.into()));
        }
        let mut t = Self {
            size: c.u32("size")?,
            first_tbe: c.u32("first TBE")?,
            current_tbe: c.u32("current TBE")?,
            current_offset: c.u32("current offset")?,
            table_size: c.u32("table size")?,
            buffers: c.u32("number of buffers")?,
            buffer_size: c.u32("buffer size")?,
            max_data: c.u32("largest data")?,
            alet: c.u32("ALET")?,
            records: c.u32("records")?,
            entries: c.u32("entries")?,
            lost: c.u32("lost")?,
            lost_time: Tod(c.u64("time of loss")?),
            component: c.u32("component")?,
            flags: c.u32("flags")?,
            writer_sequence: c.u32("writer sequence")?,
            writer_token: c.u64("writer token")?,
            asids: Vec::new(),
        };
        for _ in 0..c.u32("number of address spaces")?.min(MAX_ASIDS) {
            t.asids.push(c.u16("address space")?);
        }
        Ok(t)
    }

    /// The bytes of the area; its size is set to their number.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let size = LEN + 2 * self.asids.len();
        let mut b = Vec::with_capacity(size);
        b.extend(EYE);
        b.extend([0, 0]);
        b.extend(VERSION.to_be_bytes());
        let words = [
            size as u32,
            self.first_tbe,
            self.current_tbe,
            self.current_offset,
            self.table_size,
            self.buffers,
            self.buffer_size,
            self.max_data,
            self.alet,
            self.records,
            self.entries,
            self.lost,
        ];
        b.extend(words.iter().flat_map(|w| w.to_be_bytes()));
        b.extend(self.lost_time.0.to_be_bytes());
        b.extend([self.component, self.flags, self.writer_sequence].iter().flat_map(|w| w.to_be_bytes()));
        b.extend(self.writer_token.to_be_bytes());
        b.extend((self.asids.len() as u32).to_be_bytes());
        b.extend(self.asids.iter().flat_map(|a| a.to_be_bytes()));
        b
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctrace::cte::tests::hex;

    /// The values of the published sample where it gives them.
    const SAMPLE: &str = "
        E3C3C140 00000006 0000005A 00000000 00000000 00000000 01000000 00000100
        00010000 00003800 01FF000C 00000010 00000020 00000003 B72E372B BDA03000
        00000000 00000000 00000007 00000000 00000000 00000001 0041";

    #[test]
    fn both_ways() {
        let bytes = hex(SAMPLE);
        let t = Tca::parse(&bytes).unwrap();
        assert_eq!(
            (t.table_size, t.buffers, t.buffer_size, t.max_data),
            (0x0100_0000, 256, 0x1_0000, 0x3800)
        );
        assert_eq!((t.alet, t.records, t.entries, t.lost), (0x01FF_000C, 16, 32, 3));
        assert_eq!((t.writer_sequence, t.asids.as_slice()), (7, [0x41].as_slice()));
        assert_eq!(t.encode(), bytes);
        for n in 0..bytes.len() {
            assert!(Tca::parse(&bytes[..n]).unwrap_err().is_short());
        }
        let mut other = bytes;
        other[7] = 7;
        assert!(Tca::parse(&other).is_err());
    }
}
