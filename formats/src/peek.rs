//! EtherPeek, TokenPeek and AiroPeek "classic" capture files, format versions 5, 6 and 7.
//!
//! As wiretap reads them; big-endian. File header, 50 bytes:
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 1 | version; bit 7 is set by EtherHelp |
//! | 1 | 1 | status |
//! | 2 | 4 | file length |
//! | 6 | 4 | number of packets |
//! | 10 | 4 | date and time, seconds since 1904-01-01 |
//! | 14 | 4 | start |
//! | 18 | 4 | stop |
//! | 22 | 4 | media type: 0 Ethernet, 1 Token Ring |
//! | 26 | 4 | physical medium: 0 native, 1 802.11 |
//! | 30 | 4 | version of the application |
//! | 34 | 4 | link speed in bit/s |
//! | 38 | 12 | reserved, zero |
//!
//! Packet header of versions 5 and 6, 26 bytes: u16 length, u16 slice length (0 = length), u8
//! flags, u8 status, u32 milliseconds since the date, u16 destination, source and protocol
//! numbers, 8 characters of protocol, u16 filter number.
//!
//! Packet header of version 7, 16 bytes: u16 protocol number, u16 length, u16 slice length, u8
//! flags, u8 status, u64 microseconds since 1904. The packet is padded to an even length.
//! 802.11 packets of version 7 begin with 4 bytes of radio information and end with 4 bytes that
//! are no part of the frame.

use crate::{Error, Result};
use std::fmt;

const FILE: &str = "EtherPeek file header";
const RECORD: &str = "EtherPeek packet header";

/// Length of the file header.
pub const FILE_HEADER_LEN: usize = 50;
/// Seconds from 1904-01-01 to 1970-01-01.
pub const EPOCH_1904: i64 = 2_082_844_800;

/// The file header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHeader {
    /// Version byte as in the file.
    pub version_byte: u8,
    /// Status.
    pub status: u8,
    /// File length, number of packets, date, start, stop, media type, physical medium,
    /// application version, link speed.
    pub words: [u32; 9],
}

fn u32_at(b: &[u8], at: usize) -> u32 {
    b.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_be_bytes(*b))
}

fn u16_at(b: &[u8], at: usize) -> u16 {
    b.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u16::from_be_bytes(*b))
}

impl FileHeader {
    /// Reads the header at the start of `b`. There is no magic number, so every field that has a
    /// fixed value is checked.
    pub fn decode(b: &[u8]) -> Result<Self> {
        let h = b.get(..FILE_HEADER_LEN).ok_or(Error::short(FILE, "header", 0, FILE_HEADER_LEN, b.len()))?;
        if !(5..=7).contains(&(h[0] & 0x7f)) {
            return Err(Error::value(FILE, "version", 0, h[0].into()));
        }
        if h[38..50].iter().any(|&b| b != 0) {
            return Err(Error::contradiction(FILE, "reserved", 38, "it is not zero"));
        }
        let words = std::array::from_fn(|i| u32_at(h, 2 + 4 * i));
        let it = Self { version_byte: h[0], status: h[1], words };
        if it.link_type().is_none() {
            return Err(Error::value(FILE, "media type", 22, it.words[5].into()));
        }
        Ok(it)
    }

    /// Format version: 5, 6 or 7.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.version_byte & 0x7f
    }

    /// Number of packets in the file.
    #[must_use]
    pub const fn packets(&self) -> u32 {
        self.words[1]
    }

    /// Seconds from 1970 to the date of the file.
    #[must_use]
    pub const fn date(&self) -> i64 {
        self.words[2] as i64 - EPOCH_1904
    }

    /// Link type of the packets: Ethernet, Token Ring, or 802.11.
    #[must_use]
    pub const fn link_type(&self) -> Option<u16> {
        match (self.words[6], self.words[5]) {
            (0, 0) => Some(1),
            (0, 1) => Some(6),
            (1, 0) => Some(105),
            _ => None,
        }
    }

    /// Length of a packet header.
    #[must_use]
    pub const fn record_header_len(&self) -> usize {
        if self.version() == 7 { 16 } else { 26 }
    }

    /// Appends the header.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.version_byte, self.status]);
        for w in self.words {
            out.extend_from_slice(&w.to_be_bytes());
        }
        out.extend_from_slice(&[0; 12]);
    }
}

impl fmt::Display for FileHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EtherPeek version {}, {} packets", self.version(), self.packets())
    }
}

/// What both packet headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader {
    /// Length on the wire.
    pub length: u16,
    /// Length in the file, 0 when it is the same.
    pub slice_length: u16,
    /// Flags: 02 CRC error, 04 frame error, 10 too long, 20 too short.
    pub flags: u8,
    /// Status.
    pub status: u8,
    /// Milliseconds since the date of the file (5, 6) or microseconds since 1904 (7).
    pub timestamp: u64,
}

impl RecordHeader {
    /// Reads the header at the start of `b`.
    pub fn decode(b: &[u8], file: &FileHeader) -> Result<Self> {
        let n = file.record_header_len();
        if b.len() < n {
            return Err(Error::short(RECORD, "header", 0, n, b.len()));
        }
        Ok(if file.version() == 7 {
            Self {
                length: u16_at(b, 2),
                slice_length: u16_at(b, 4),
                flags: b[6],
                status: b[7],
                timestamp: u64::from(u32_at(b, 8)) << 32 | u64::from(u32_at(b, 12)),
            }
        } else {
            Self {
                length: u16_at(b, 0),
                slice_length: u16_at(b, 2),
                flags: b[4],
                status: b[5],
                timestamp: u32_at(b, 6).into(),
            }
        })
    }

    /// Length in the file.
    #[must_use]
    pub const fn incl_len(&self) -> u16 {
        if self.slice_length == 0 { self.length } else { self.slice_length }
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub fn nanos(&self, file: &FileHeader) -> i128 {
        if file.version() == 7 {
            i128::from(self.timestamp) * 1000 - i128::from(EPOCH_1904) * 1_000_000_000
        } else {
            i128::from(file.date()) * 1_000_000_000 + i128::from(self.timestamp) * 1_000_000
        }
    }
}

impl fmt::Display for RecordHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EtherPeek packet, {} of {} bytes", self.incl_len(), self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(version: u8) -> Vec<u8> {
        let mut out = Vec::new();
        let words = [50, 1, 0x7c25_b080, 0, 0, 0, 0, 0, 10_000_000];
        FileHeader { version_byte: version, status: 0, words }.encode(&mut out);
        out
    }

    #[test]
    fn version_5() {
        let b = header(0x85);
        let h = FileHeader::decode(&b).unwrap();
        assert_eq!((h.version(), h.packets(), h.link_type(), h.record_header_len()), (5, 1, Some(1), 26));
        // 7C25B080 hex seconds after 1904-01-01 00:00 are 1970-01-01 00:00.
        assert_eq!(h.date(), 0);
        let mut p = vec![0, 64, 0, 0, 2, 1, 0, 0, 0, 9];
        p.resize(26, 0);
        let r = RecordHeader::decode(&p, &h).unwrap();
        assert_eq!((r.length, r.incl_len(), r.flags, r.nanos(&h)), (64, 64, 2, 9_000_000));
    }

    #[test]
    fn version_7() {
        let h = FileHeader::decode(&header(7)).unwrap();
        let mut p = vec![0, 0, 0, 80, 0, 60, 0, 0];
        p.extend_from_slice(&(2_082_844_801_000_007_u64).to_be_bytes());
        let r = RecordHeader::decode(&p, &h).unwrap();
        assert_eq!((r.length, r.incl_len(), r.nanos(&h)), (80, 60, 1_000_007_000));
    }

    #[test]
    fn strict_and_truncated() {
        let b = header(6);
        for n in 0..50 {
            assert!(FileHeader::decode(&b[..n]).unwrap_err().is_short());
        }
        for (at, field) in [(0, "version"), (40, "reserved"), (22, "media type")] {
            let mut bad = b.clone();
            bad[at] = 9;
            assert_eq!(FileHeader::decode(&bad).unwrap_err().field, field);
        }
    }

    proptest! {
        #[test]
        fn any_bytes(b in prop::collection::vec(any::<u8>(), 26..60), v in 5u8..8) {
            let _ = FileHeader::decode(&b);
            let h = FileHeader::decode(&header(v)).unwrap();
            let r = RecordHeader::decode(&b, &h).unwrap();
            let _ = (r.nanos(&h), r.incl_len());
        }
    }
}
