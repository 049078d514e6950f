//! snoop: the capture file of Solaris (RFC 1761), and Shomiti/Finisar Surveyor's variant of it.
//!
//! All numbers are big-endian. File header, 16 bytes:
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 8 | "snoop" and three NULs |
//! | 8 | 4 | version: 2; Surveyor also 3, 4, 5 |
//! | 12 | 4 | link type, numbered as DLPI does |
//!
//! Record header, 24 bytes, then the packet and padding:
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 4 | length on the wire |
//! | 4 | 4 | length in the file |
//! | 8 | 4 | length of the record: header, packet, padding |
//! | 12 | 4 | packets dropped since the capture began |
//! | 16 | 4 | seconds since 1970 |
//! | 20 | 4 | microseconds |
//!
//! Surveyor keeps a trailer of 16 bytes at least in the padding, which is how its files are told
//! apart, and its packets end with their frame check sequence.

use crate::{Error, Result};
use std::fmt;

const FILE: &str = "snoop file header";
const RECORD: &str = "snoop record header";

/// Length of the file header.
pub const FILE_HEADER_LEN: usize = 16;
/// Length of the record header.
pub const RECORD_HEADER_LEN: usize = 24;
/// First bytes of a file.
pub const MAGIC: [u8; 8] = *b"snoop\0\0\0";
/// Least length of the padding in Surveyor's records.
pub const SHOMITI_TRAILER_LEN: u32 = 16;

/// Link type as DLPI numbers it; Surveyor uses numbers of its own from 9 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DlType(pub u32);

impl DlType {
    /// The LINKTYPE_ value, for types that have one.
    #[must_use]
    pub const fn link_type(self, shomiti: bool) -> Option<u16> {
        match (self.0, shomiti) {
            (0 | 4, _) | (10 | 12 | 19, true) => Some(1),
            (2, _) | (11 | 13 | 14, true) => Some(6),
            (8, _) => Some(10),
            (9 | 14, false) => Some(0),
            (16, false) => Some(122),
            (18, false) => Some(123),
            (0x8000_0005, false) => Some(226),
            _ => None,
        }
    }
}

/// The file header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHeader {
    /// Version, 2 to 5.
    pub version: u32,
    /// Link type.
    pub network: DlType,
}

fn u32_at(b: &[u8], at: usize) -> u32 {
    b.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_be_bytes(*b))
}

impl FileHeader {
    /// Reads the header at the start of `b`.
    pub fn decode(b: &[u8]) -> Result<Self> {
        let b = b.get(..FILE_HEADER_LEN).ok_or(Error::short(FILE, "header", 0, FILE_HEADER_LEN, b.len()))?;
        if b[..8] != MAGIC {
            return Err(Error::value(FILE, "magic", 0, u64::from(u32_at(b, 0))));
        }
        let version = u32_at(b, 8);
        if !(2..=5).contains(&version) {
            return Err(Error::value(FILE, "version", 8, u64::from(version)));
        }
        Ok(Self { version, network: DlType(u32_at(b, 12)) })
    }

    /// Appends the header.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.version.to_be_bytes());
        out.extend_from_slice(&self.network.0.to_be_bytes());
    }
}

impl fmt::Display for FileHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "snoop version {}, DLPI type {}", self.version, self.network.0)
    }
}

/// The record header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader {
    /// Length on the wire.
    pub orig_len: u32,
    /// Length in the file.
    pub incl_len: u32,
    /// Length of header, packet and padding.
    pub rec_len: u32,
    /// Packets dropped since the capture began.
    pub cum_drops: u32,
    /// Seconds since 1970.
    pub ts_sec: u32,
    /// Microseconds of the second.
    pub ts_usec: u32,
}

impl RecordHeader {
    /// Reads the header at the start of `b`.
    pub fn decode(b: &[u8]) -> Result<Self> {
        let b = b.get(..RECORD_HEADER_LEN).ok_or(Error::short(
            RECORD,
            "header",
            0,
            RECORD_HEADER_LEN,
            b.len(),
        ))?;
        Ok(Self {
            orig_len: u32_at(b, 0),
            incl_len: u32_at(b, 4),
            rec_len: u32_at(b, 8),
            cum_drops: u32_at(b, 12),
            ts_sec: u32_at(b, 16),
            ts_usec: u32_at(b, 20),
        })
    }

    /// Padding behind the packet; `None` when the record is too short for its packet.
    #[must_use]
    pub const fn padding(&self) -> Option<u32> {
        match self.incl_len.checked_add(RECORD_HEADER_LEN as u32) {
            Some(used) => self.rec_len.checked_sub(used),
            None => None,
        }
    }

    /// Appends the header.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for v in [self.orig_len, self.incl_len, self.rec_len, self.cum_drops, self.ts_sec, self.ts_usec] {
            out.extend_from_slice(&v.to_be_bytes());
        }
    }
}

impl fmt::Display for RecordHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06} {} of {} bytes", self.ts_sec, self.ts_usec, self.incl_len, self.orig_len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // RFC 1761 layout: Ethernet, then one 5-byte packet in a record of 32 bytes.
    const B: [u8; 40] = [
        b's', b'n', b'o', b'o', b'p', 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 4, // file header
        0, 0, 0, 60, 0, 0, 0, 5, 0, 0, 0, 32, 0, 0, 0, 1, 0x43, 0x56, 0x3a, 0xe2, 0, 0x0e, 0xef, 0x92,
    ];

    #[test]
    fn rfc_1761_headers() {
        let h = FileHeader::decode(&B).unwrap();
        assert_eq!((h.version, h.network.link_type(false)), (2, Some(1)));
        let r = RecordHeader::decode(&B[16..]).unwrap();
        assert_eq!((r.orig_len, r.incl_len, r.rec_len, r.padding()), (60, 5, 32, Some(3)));
        assert_eq!((r.ts_sec, r.ts_usec, r.cum_drops), (1_129_724_642, 978_834, 1));
        let mut out = Vec::new();
        h.encode(&mut out);
        r.encode(&mut out);
        assert_eq!(out, B);
    }

    #[test]
    fn link_types_depend_on_the_writer() {
        assert_eq!(DlType(14).link_type(false), Some(0));
        assert_eq!(DlType(14).link_type(true), Some(6));
        assert_eq!(DlType(0x8000_0005).link_type(false), Some(226));
        assert_eq!(DlType(77).link_type(false), None);
    }

    #[test]
    fn wrong_version_and_truncation() {
        let mut b = B;
        b[11] = 9;
        assert_eq!(FileHeader::decode(&b).unwrap_err().field, "version");
        for n in 0..16 {
            assert!(FileHeader::decode(&B[..n]).unwrap_err().is_short());
        }
        for n in 0..24 {
            assert!(RecordHeader::decode(&B[16..16 + n]).unwrap_err().is_short());
        }
    }

    proptest! {
        #[test]
        fn any_bytes(b in prop::collection::vec(any::<u8>(), 24..40)) {
            let _ = FileHeader::decode(&b);
            let r = RecordHeader::decode(&b).unwrap();
            let _ = r.padding();
            let mut out = Vec::new();
            r.encode(&mut out);
            prop_assert_eq!(&out[..], &b[..24]);
        }
    }
}
