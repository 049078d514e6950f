//! Microsoft Network Monitor 1.x and 2.x capture files.
//!
//! From Microsoft's STRUCT.H and the help of Network Monitor 3.x, as wiretap reads them.
//! Little-endian. File header, padded to 128 bytes:
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 4 | "RTSS" (1.x) or "GMBU" (2.x) |
//! | 4 | 1 | minor version |
//! | 5 | 1 | major version |
//! | 6 | 2 | network, see [`Network`] |
//! | 8 | 16 | start of the capture, local time: year, month, day of week, day, hour, minute, second, ms |
//! | 24 | 4 | offset of the frame table |
//! | 28 | 4 | length of the frame table |
//! | 32 | 8 | offset and length of user data |
//! | 40 | 8 | offset and length of comments (2.2 on) |
//! | 48 | 8 | offset of process information and number of entries (2.2 on) |
//! | 56 | 8 | offset and length of network information (2.2 on) |
//!
//! Record: 1.x has u32 milliseconds, u16 wire length, u16 file length; 2.x has u64 microseconds,
//! u32 wire length, u32 file length. The packet follows, then a trailer: none before 2.1; 2.1
//! u16 network; 2.2 also u32 process index; 2.3 also u64 UTC FILETIME and u8 time zone index.
//! The frame table holds the offset of each record.

use crate::{Error, Result, civil};
use std::fmt;

const FILE: &str = "NetMon file header";
const RECORD: &str = "NetMon record";

/// Length of the file header with its padding.
pub const FILE_HEADER_LEN: usize = 128;
const FIELDS: usize = 64;

/// Network type of a file or, from 2.1 on, of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network(pub u16);

#[allow(missing_docs)]
impl Network {
    pub const NETEVENT: Self = Self(0xffe0);
    pub const NETWORK_INFO_EX: Self = Self(0xfffb);
    pub const PAYLOAD_HEADER: Self = Self(0xfffc);
    pub const NETWORK_INFO: Self = Self(0xfffd);
    pub const DNS_CACHE: Self = Self(0xfffe);
    pub const FILTER: Self = Self(0xffff);

    /// The LINKTYPE_ value, for types that have one.
    #[must_use]
    pub const fn link_type(self) -> Option<u16> {
        match self.0 {
            0 | 1 => Some(1),
            2 => Some(6),
            3 => Some(10),
            7..=9 => Some(101),
            0xe080 => Some(105),
            0xe081..=0xe08a => None,
            0xe000..=0xefff => Some(self.0 & 0x0fff),
            _ => None,
        }
    }

    /// Records that tell about the capture and hold no packet.
    #[must_use]
    pub const fn is_metadata(self) -> bool {
        matches!(self, Self::PAYLOAD_HEADER | Self::NETWORK_INFO | Self::DNS_CACHE)
    }
}

/// The file header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHeader {
    /// Major version, 1 or 2.
    pub major: u8,
    /// Minor version.
    pub minor: u8,
    /// Network type of the file.
    pub network: Network,
    /// Year, month, day of week, day, hour, minute, second, millisecond of the capture's start.
    pub start: [u16; 8],
    /// Offset of the frame table.
    pub frame_table_offset: u32,
    /// Length of the frame table in bytes.
    pub frame_table_length: u32,
    /// Offsets and lengths that follow: user data, comments, process and network information.
    pub others: [u32; 8],
}

fn u16_at(b: &[u8], at: usize) -> u16 {
    b.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u16::from_le_bytes(*b))
}

fn u32_at(b: &[u8], at: usize) -> u32 {
    b.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b))
}

fn u64_at(b: &[u8], at: usize) -> u64 {
    b.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u64::from_le_bytes(*b))
}

impl FileHeader {
    /// Reads the header at the start of `b`.
    pub fn decode(b: &[u8]) -> Result<Self> {
        let h = b.get(..FIELDS).ok_or(Error::short(FILE, "header", 0, FIELDS, b.len()))?;
        if &h[..4] != b"RTSS" && &h[..4] != b"GMBU" {
            return Err(Error::value(FILE, "magic", 0, u64::from(u32_at(h, 0))));
        }
        let (minor, major) = (h[4], h[5]);
        if !(1..=2).contains(&major) {
            return Err(Error::value(FILE, "major version", 5, u64::from(major)));
        }
        Ok(Self {
            major,
            minor,
            network: Network(u16_at(h, 6)),
            start: std::array::from_fn(|i| u16_at(h, 8 + 2 * i)),
            frame_table_offset: u32_at(h, 24),
            frame_table_length: u32_at(h, 28),
            others: std::array::from_fn(|i| u32_at(h, 32 + 4 * i)),
        })
    }

    /// Nanoseconds from 1970 to the start of the capture, no zone applied.
    #[must_use]
    pub fn start_nanos(&self) -> i128 {
        let [year, month, _, day, hour, minute, second, ms] = self.start.map(u32::from);
        i128::from(civil::seconds(year as i32, month, day, hour, minute, second)) * 1_000_000_000
            + i128::from(ms) * 1_000_000
    }

    /// Length of a record's header.
    #[must_use]
    pub const fn record_header_len(&self) -> usize {
        if self.major == 1 { 8 } else { 16 }
    }

    /// Length of a record's trailer.
    #[must_use]
    pub const fn trailer_len(&self) -> usize {
        match (self.major, self.minor) {
            (1, _) | (_, 0) => 0,
            (_, 1) => 2,
            (_, 2) => 6,
            _ => 15,
        }
    }

    /// Appends the header and its padding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let at = out.len();
        out.extend_from_slice(if self.major == 1 { b"RTSS" } else { b"GMBU" });
        out.extend_from_slice(&[self.minor, self.major]);
        out.extend_from_slice(&self.network.0.to_le_bytes());
        for v in self.start {
            out.extend_from_slice(&v.to_le_bytes());
        }
        for v in [self.frame_table_offset, self.frame_table_length].into_iter().chain(self.others) {
            out.extend_from_slice(&v.to_le_bytes());
        }
        out.resize(at + FILE_HEADER_LEN, 0);
    }
}

impl fmt::Display for FileHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NetMon {}.{}, network {}", self.major, self.minor, self.network.0)
    }
}

/// The header of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader {
    /// Time since the start: milliseconds in 1.x, microseconds in 2.x.
    pub delta: u64,
    /// Length on the wire.
    pub orig_len: u32,
    /// Length in the file.
    pub incl_len: u32,
}

impl RecordHeader {
    /// Reads the header at the start of `b`.
    pub fn decode(b: &[u8], file: &FileHeader) -> Result<Self> {
        let n = file.record_header_len();
        if b.len() < n {
            return Err(Error::short(RECORD, "header", 0, n, b.len()));
        }
        Ok(if file.major == 1 {
            Self {
                delta: u64::from(u32_at(b, 0)),
                orig_len: u16_at(b, 4).into(),
                incl_len: u16_at(b, 6).into(),
            }
        } else {
            Self { delta: u64_at(b, 0), orig_len: u32_at(b, 8), incl_len: u32_at(b, 12) }
        })
    }

    /// Nanoseconds since the start of the capture. In 2.x the number times 10 is a signed count of
    /// 100 ns, so that frames can be older than the start.
    #[must_use]
    pub fn nanos(&self, file: &FileHeader) -> i128 {
        if file.major == 1 {
            i128::from(self.delta) * 1_000_000
        } else {
            i128::from(self.delta.wrapping_mul(10) as i64) * 100
        }
    }

    /// Appends the header.
    pub fn encode(&self, file: &FileHeader, out: &mut Vec<u8>) {
        if file.major == 1 {
            out.extend_from_slice(&(self.delta as u32).to_le_bytes());
            out.extend_from_slice(&(self.orig_len as u16).to_le_bytes());
            out.extend_from_slice(&(self.incl_len as u16).to_le_bytes());
        } else {
            out.extend_from_slice(&self.delta.to_le_bytes());
            out.extend_from_slice(&self.orig_len.to_le_bytes());
            out.extend_from_slice(&self.incl_len.to_le_bytes());
        }
    }
}

/// What follows the packet from version 2.1 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trailer {
    /// Network type of this frame.
    pub network: Option<Network>,
    /// Index into the process information (2.2 on).
    pub process: Option<u32>,
    /// 100 ns since 1601-01-01 UTC (2.3 on).
    pub filetime: Option<u64>,
    /// Index of the time zone information (2.3 on).
    pub timezone: Option<u8>,
}

impl Trailer {
    /// Reads the trailer at the start of `b`.
    pub fn decode(b: &[u8], file: &FileHeader) -> Result<Self> {
        let n = file.trailer_len();
        if b.len() < n {
            return Err(Error::short(RECORD, "trailer", 0, n, b.len()));
        }
        Ok(Self {
            network: (n >= 2).then(|| Network(u16_at(b, 0))),
            process: (n >= 6).then(|| u32_at(b, 2)),
            filetime: (n >= 15).then(|| u64_at(b, 6)),
            timezone: (n >= 15).then(|| b[14]),
        })
    }

    /// Nanoseconds since 1970 in UTC (2.3 on).
    #[must_use]
    pub fn nanos(&self) -> Option<i128> {
        let since_1601 = i128::from(self.filetime?) * 100;
        Some(since_1601 - 11_644_473_600 * 1_000_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // KasperskyPackets.CAP of the Wireshark wiki: header, then the first record's header, which
    // tshark shows as 1120768349.058000000 (2005-07-07 20:32:29.058), 54 bytes.
    fn published() -> Vec<u8> {
        let mut b = vec![
            b'G', b'M', b'B', b'U', 0, 2, 1, 0, 0xd5, 7, 7, 0, 4, 0, 7, 0, 0x14, 0, 0x20, 0, 0x1d, 0, 0x3a,
            0, 0xb5, 0x3e, 3, 0, 0x44, 8, 0, 0,
        ];
        b.resize(128, 0);
        b.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0x36, 0, 0, 0, 0x36, 0, 0, 0]);
        b
    }

    #[test]
    fn published_file() {
        let b = published();
        let h = FileHeader::decode(&b).unwrap();
        assert_eq!((h.major, h.minor, h.network.link_type()), (2, 0, Some(1)));
        assert_eq!((h.frame_table_offset, h.frame_table_length, h.trailer_len()), (0x33eb5, 0x844, 0));
        assert_eq!(h.start_nanos(), 1_120_768_349_058_000_000);
        let r = RecordHeader::decode(&b[128..], &h).unwrap();
        assert_eq!((r.nanos(&h), r.orig_len, r.incl_len), (0, 54, 54));
        let mut out = Vec::new();
        h.encode(&mut out);
        r.encode(&h, &mut out);
        assert_eq!(out, b);
        assert_eq!(h.to_string(), "NetMon 2.0, network 1");
    }

    #[test]
    fn other_versions() {
        let mut b = published();
        (b[4], b[5]) = (1, 1);
        b[..4].copy_from_slice(b"RTSS");
        let h = FileHeader::decode(&b).unwrap();
        let r = RecordHeader::decode(&[10, 0, 0, 0, 5, 0, 4, 0], &h).unwrap();
        assert_eq!((r.nanos(&h), r.orig_len, r.incl_len), (10_000_000, 5, 4));
        (b[4], b[5]) = (3, 2);
        let h = FileHeader::decode(&b).unwrap();
        let r = RecordHeader { delta: u64::MAX, orig_len: 0, incl_len: 0 };
        assert_eq!((r.nanos(&h), h.trailer_len()), (-1000, 15));
        let mut t = vec![1, 0, 9, 0, 0, 0];
        t.extend_from_slice(&(116_444_736_000_000_000_u64 + 5).to_le_bytes());
        t.push(2);
        let t = Trailer::decode(&t, &h).unwrap();
        assert_eq!(
            (t.network, t.process, t.nanos(), t.timezone),
            (Some(Network(1)), Some(9), Some(500), Some(2))
        );
        assert_eq!(Network(0xe071).link_type(), Some(113));
        b[5] = 3;
        assert_eq!(FileHeader::decode(&b).unwrap_err().field, "major version");
    }

    #[test]
    fn truncated_at_every_byte() {
        let b = published();
        for n in 0..64 {
            assert!(FileHeader::decode(&b[..n]).unwrap_err().is_short());
        }
        let h = FileHeader::decode(&b).unwrap();
        for n in 0..16 {
            assert!(RecordHeader::decode(&b[128..128 + n], &h).unwrap_err().is_short());
        }
    }

    proptest! {
        #[test]
        fn any_bytes(mut b in prop::collection::vec(any::<u8>(), 64..80), major in 1u8..3) {
            b[..4].copy_from_slice(b"GMBU");
            b[5] = major;
            let h = FileHeader::decode(&b).unwrap();
            let r = RecordHeader::decode(&b, &h).unwrap();
            let _ = (h.start_nanos() + r.nanos(&h), Trailer::decode(&b, &h).map(|t| t.nanos()));
        }
    }
}
