//! The header that this project's own writer puts in front of every record of a trace data set.
//!
//! The header of the z/OS external writer is not published. Files written here therefore carry
//! one that is plainly ours; it is described in `docs/formats/ctrace-writer.md` and does not
//! make a file readable by IPCS.
//!
//! | offset | length | field |
//! |---|---|---|
//! | 0 | 8 | magic, `ZSCOPE` in ASCII and X'C301' |
//! | 8 | 8 | system name, EBCDIC |
//! | 16 | 8 | component name, EBCDIC |
//! | 24 | 8 | subname (the stack's job name), EBCDIC |
//! | 32 | 4 | buffer sequence number, from 1, for the whole data set |
//! | 36 | 2 | number of this record in its buffer, from 0 |
//! | 38 | 2 | number of records of the buffer |
//! | 40 | 4 | bytes of entries in the whole buffer |
//! | 44 | 4 | zero |

use std::fmt;

use super::{Component, Name};
use crate::{Cursor, Error, Result};

/// Length of the header.
pub const LEN: usize = 48;
/// The first eight bytes.
pub const MAGIC: [u8; 8] = *b"ZSCOPE\xC3\x01";

/// The header of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriterHeader {
    /// System name.
    pub system: Name<8>,
    /// Component of the buffer's entries.
    pub component: Component,
    /// Subname: the job name of the stack.
    pub subname: Name<8>,
    /// Buffer sequence number.
    pub buffer: u32,
    /// Number of this record in its buffer.
    pub part: u16,
    /// Records of the buffer.
    pub parts: u16,
    /// Bytes of entries in the whole buffer.
    pub used: u32,
}

impl WriterHeader {
    /// The header at the start of `bytes`. Fails when it is short or the magic is another.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut c = Cursor::new("writer header", bytes);
        let magic = c.array::<8>("magic")?;
        if magic != MAGIC {
            return Err(Error::value("writer header", "magic", 0, u64::from_be_bytes(magic)));
        }
        let h = Self {
            system: Name(c.array("system name")?),
            component: Component(Name(c.array("component name")?)),
            subname: Name(c.array("subname")?),
            buffer: c.u32("buffer sequence number")?,
            part: c.u16("record number")?,
            parts: c.u16("records")?,
            used: c.u32("bytes of entries")?,
        };
        c.skip("zero", 4)?;
        Ok(h)
    }

    /// The 48 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; LEN] {
        let mut b = [0; LEN];
        b[..8].copy_from_slice(&MAGIC);
        b[8..16].copy_from_slice(&self.system.0);
        b[16..24].copy_from_slice(&self.component.0.0);
        b[24..32].copy_from_slice(&self.subname.0);
        b[32..36].copy_from_slice(&self.buffer.to_be_bytes());
        b[36..38].copy_from_slice(&self.part.to_be_bytes());
        b[38..40].copy_from_slice(&self.parts.to_be_bytes());
        b[40..44].copy_from_slice(&self.used.to_be_bytes());
        b
    }
}

impl fmt::Display for WriterHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {} buffer {} record {} of {}",
            self.system,
            self.component,
            self.subname,
            self.buffer,
            u32::from(self.part) + 1,
            self.parts
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctrace::cte::tests::hex;

    const TEXT: &str = "
        5A53434F 5045C301 D4E5E2F1 F1F84040 E2E8E2E3 C3D7C4C1 E3C3D7C3 E2404040
        00000007 00010003 0000FFF0 00000000";

    #[test]
    fn both_ways() {
        let bytes = hex(TEXT);
        let h = WriterHeader::parse(&bytes).unwrap();
        assert_eq!(h.to_string(), "MVS118 SYSTCPDA TCPCS buffer 7 record 2 of 3");
        assert_eq!((h.used, h.component), (65_520, Component::SYSTCPDA));
        assert_eq!(h.encode()[..], bytes);
        for n in 0..LEN {
            assert!(WriterHeader::parse(&bytes[..n]).unwrap_err().is_short());
        }
        let mut bad = bytes.clone();
        bad[7] = 2;
        assert!(WriterHeader::parse(&bad).is_err());
    }
}
