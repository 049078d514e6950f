//! TRSNIFF: the file of Network General's DOS Sniffer, which the IPCS packet trace formatter's
//! SNIFFER option writes.
//!
//! Layout from wiretap's reader and from published files; little-endian. The file begins with 17
//! bytes, "TRSNIFF data", four blanks and X'1A'. Then records:
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 2 | type: 1 version, 3 end of file, 4 frame |
//! | 2 | 2 | length of the record's data |
//! | 4 | 2 | reserved |
//!
//! Data of the version record, 18 bytes:
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 2 | major version |
//! | 2 | 2 | minor version |
//! | 4 | 2 | DOS time |
//! | 6 | 2 | DOS date: year-1980 in bits 9-15, month in 5-8, day in 0-4 |
//! | 8 | 1 | type of the records that follow |
//! | 9 | 1 | network: 0 Token Ring, 1 Ethernet |
//! | 10 | 1 | format: 1 = not compressed |
//! | 11 | 1 | time unit, see [`Version::unit_picoseconds`] |
//! | 12 | 1 | compression version |
//! | 13 | 1 | compression level |
//! | 14 | 4 | reserved |
//!
//! Data of a frame record, 14 bytes and the frame:
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 2 | time low |
//! | 2 | 2 | time middle |
//! | 4 | 1 | time high |
//! | 5 | 1 | days since the capture began |
//! | 6 | 2 | bytes of the frame in the file |
//! | 8 | 1 | frame status |
//! | 9 | 1 | flags |
//! | 10 | 2 | true size, 0 when it is the same |
//! | 12 | 2 | reserved |
//!
//! Time counts from midnight of the DOS date in the capturing host's zone, which the file does
//! not name.

use crate::{Error, Result, civil};
use std::fmt;

const FILE: &str = "TRSNIFF file header";
const RECORD: &str = "TRSNIFF record header";
const VERSION: &str = "TRSNIFF version record";
const FRAME: &str = "TRSNIFF frame record";

/// First bytes of a file.
pub const MAGIC: [u8; 17] = *b"TRSNIFF data    \x1a";
/// Length of a record header.
pub const RECORD_HEADER_LEN: usize = 6;
/// Length of a version record's data.
pub const VERSION_LEN: usize = 18;
/// Length of the fields before the frame in a frame record.
pub const FRAME_HEADER_LEN: usize = 14;

fn u16_at(b: &[u8], at: usize) -> u16 {
    b.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u16::from_le_bytes(*b))
}

/// Checks the first bytes of a file.
pub fn check_magic(b: &[u8]) -> Result<()> {
    match b.get(..MAGIC.len()) {
        Some(m) if m == MAGIC => Ok(()),
        Some(_) => Err(Error::contradiction(FILE, "magic", 0, "it is not TRSNIFF data")),
        None => Err(Error::short(FILE, "magic", 0, MAGIC.len(), b.len())),
    }
}

/// Record type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordType(pub u16);

#[allow(missing_docs)]
impl RecordType {
    pub const VERSION: Self = Self(1);
    pub const EOF: Self = Self(3);
    pub const FRAME2: Self = Self(4);
}

/// Record header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader {
    /// Record type.
    pub kind: RecordType,
    /// Bytes of data that follow.
    pub length: u16,
    /// Reserved.
    pub reserved: u16,
}

impl RecordHeader {
    /// Reads the header at the start of `b`.
    pub fn decode(b: &[u8]) -> Result<Self> {
        if b.len() < RECORD_HEADER_LEN {
            return Err(Error::short(RECORD, "header", 0, RECORD_HEADER_LEN, b.len()));
        }
        Ok(Self { kind: RecordType(u16_at(b, 0)), length: u16_at(b, 2), reserved: u16_at(b, 4) })
    }

    /// Appends the header.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for v in [self.kind.0, self.length, self.reserved] {
            out.extend_from_slice(&v.to_le_bytes());
        }
    }
}

/// Kind of network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network(pub u8);

impl Network {
    /// Token Ring.
    pub const TOKEN_RING: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);

    /// The LINKTYPE_ value, for kinds that have one here.
    #[must_use]
    pub const fn link_type(self) -> Option<u16> {
        match self {
            Self::TOKEN_RING => Some(6),
            Self::ETHERNET => Some(1),
            _ => None,
        }
    }
}

/// Data of the version record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Major version.
    pub major: u16,
    /// Minor version.
    pub minor: u16,
    /// DOS time of the capture's start.
    pub dos_time: u16,
    /// DOS date of the capture's start.
    pub dos_date: u16,
    /// Type of the records that follow.
    pub record_type: u8,
    /// Kind of network.
    pub network: Network,
    /// 1 = not compressed.
    pub format: u8,
    /// Index of the time unit.
    pub timeunit: u8,
    /// Version of the compression.
    pub cmprs_vers: u8,
    /// Level of the compression.
    pub cmprs_level: u8,
    /// Reserved.
    pub reserved: [u8; 4],
}

impl Version {
    /// Reads the data of a version record.
    pub fn decode(b: &[u8]) -> Result<Self> {
        if b.len() < VERSION_LEN {
            return Err(Error::short(VERSION, "data", 0, VERSION_LEN, b.len()));
        }
        Ok(Self {
            major: u16_at(b, 0),
            minor: u16_at(b, 2),
            dos_time: u16_at(b, 4),
            dos_date: u16_at(b, 6),
            record_type: b[8],
            network: Network(b[9]),
            format: b[10],
            timeunit: b[11],
            cmprs_vers: b[12],
            cmprs_level: b[13],
            reserved: [b[14], b[15], b[16], b[17]],
        })
    }

    /// Length of a time unit in picoseconds, for the units that are known.
    #[must_use]
    pub const fn unit_picoseconds(&self) -> Option<u64> {
        Some(match self.timeunit {
            0 | 2 => 15_000_000,
            1 => 838_096,
            3 => 500_000,
            4 => 2_000_000,
            5 => 1_000_000,
            6 => 100_000,
            _ => return None,
        })
    }

    /// Year, month and day of the capture's start.
    #[must_use]
    pub const fn date(&self) -> (u16, u8, u8) {
        (1980 + (self.dos_date >> 9), (self.dos_date >> 5 & 15) as u8, (self.dos_date & 31) as u8)
    }

    /// Seconds from 1970 to midnight of the capture's first day, no zone applied.
    #[must_use]
    pub const fn midnight(&self) -> i64 {
        let (y, m, d) = self.date();
        civil::seconds(y as i32, m as u32, d as u32, 0, 0, 0)
    }

    /// The DOS date of a day.
    #[must_use]
    pub const fn pack_date(year: u16, month: u8, day: u8) -> u16 {
        (year.saturating_sub(1980) & 127) << 9 | ((month & 15) as u16) << 5 | (day & 31) as u16
    }

    /// Appends the data, record header not included.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for v in [self.major, self.minor, self.dos_time, self.dos_date] {
            out.extend_from_slice(&v.to_le_bytes());
        }
        out.extend_from_slice(&[
            self.record_type,
            self.network.0,
            self.format,
            self.timeunit,
            self.cmprs_vers,
            self.cmprs_level,
        ]);
        out.extend_from_slice(&self.reserved);
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (y, m, d) = self.date();
        let net = match self.network {
            Network::TOKEN_RING => "Token Ring",
            Network::ETHERNET => "Ethernet",
            _ => "other network",
        };
        write!(f, "TRSNIFF {}.{}, {net}, {y}-{m:02}-{d:02}", self.major, self.minor)
    }
}

/// The fields before the frame in a frame record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// Ticks since midnight, 40 bits.
    pub ticks: u64,
    /// Days since the capture began.
    pub day: u8,
    /// Bytes of the frame in the file.
    pub size: u16,
    /// Frame status.
    pub fs: u8,
    /// Flags.
    pub flags: u8,
    /// Bytes of the frame on the wire, 0 when it is `size`.
    pub true_size: u16,
    /// Reserved.
    pub reserved: u16,
}

impl FrameHeader {
    /// Reads the fields at the start of a frame record's data.
    pub fn decode(b: &[u8]) -> Result<Self> {
        if b.len() < FRAME_HEADER_LEN {
            return Err(Error::short(FRAME, "data", 0, FRAME_HEADER_LEN, b.len()));
        }
        Ok(Self {
            ticks: u64::from(b[4]) << 32 | u64::from(u16_at(b, 2)) << 16 | u64::from(u16_at(b, 0)),
            day: b[5],
            size: u16_at(b, 6),
            fs: b[8],
            flags: b[9],
            true_size: u16_at(b, 10),
            reserved: u16_at(b, 12),
        })
    }

    /// Bytes of the frame on the wire.
    #[must_use]
    pub const fn orig_len(&self) -> u16 {
        if self.true_size == 0 { self.size } else { self.true_size }
    }

    /// Seconds and nanoseconds since midnight of the capture's first day.
    #[must_use]
    pub const fn since_midnight(&self, unit_picoseconds: u64) -> (u64, u32) {
        let ps = self.ticks as u128 * unit_picoseconds as u128;
        let secs = (ps / 1_000_000_000_000) as u64 + self.day as u64 * 86_400;
        (secs, (ps % 1_000_000_000_000 / 1000) as u32)
    }

    /// Appends the fields.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.ticks.to_le_bytes()[..5]);
        out.push(self.day);
        out.extend_from_slice(&self.size.to_le_bytes());
        out.extend_from_slice(&[self.fs, self.flags]);
        out.extend_from_slice(&self.true_size.to_le_bytes());
        out.extend_from_slice(&self.reserved.to_le_bytes());
    }
}

impl fmt::Display for FrameHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FRAME}, day {}, {} of {} bytes", self.day, self.size, self.orig_len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // The version record and the first frame header of Ethernet_Pause_Frame.cap of the Wireshark
    // wiki; tshark shows the frame at 1201688751.975224756, 64 bytes.
    const PUBLISHED: [u8; 44] = [
        1, 0, 0x12, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0x3e, 0x38, 4, 1, 1, 1, 0, 0, 0, 0, 0, 0, // version
        4, 0, 0x4e, 0, 0, 0, 0x5e, 0xc7, 0xa9, 0x6e, 0x0a, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, // frame
    ];

    #[test]
    fn published_file() {
        let r = RecordHeader::decode(&PUBLISHED).unwrap();
        assert_eq!((r.kind, r.length), (RecordType::VERSION, 18));
        let v = Version::decode(&PUBLISHED[6..24]).unwrap();
        assert_eq!((v.major, v.date(), v.network, v.format), (4, (2008, 1, 30), Network::ETHERNET, 1));
        assert_eq!((v.midnight(), v.unit_picoseconds()), (1_201_651_200, Some(838_096)));
        assert_eq!(Version::pack_date(2008, 1, 30), v.dos_date);
        let f = FrameHeader::decode(&PUBLISHED[30..]).unwrap();
        assert_eq!((f.size, f.orig_len()), (64, 64));
        assert_eq!(f.since_midnight(838_096), (1_201_688_751 - 1_201_651_200, 975_224_756));
        let mut out = Vec::new();
        r.encode(&mut out);
        v.encode(&mut out);
        RecordHeader::decode(&PUBLISHED[24..]).unwrap().encode(&mut out);
        f.encode(&mut out);
        assert_eq!(out, PUBLISHED);
        assert_eq!(v.to_string(), "TRSNIFF 4.0, Ethernet, 2008-01-30");
    }

    #[test]
    fn truncated_at_every_byte() {
        for n in 0..17 {
            assert!(check_magic(&MAGIC[..n]).unwrap_err().is_short());
        }
        assert!(check_magic(&MAGIC).is_ok());
        assert!(!check_magic(&[0; 17]).unwrap_err().is_short());
        for n in 0..VERSION_LEN {
            assert!(Version::decode(&PUBLISHED[6..6 + n]).unwrap_err().is_short());
        }
        for n in 0..FRAME_HEADER_LEN {
            assert!(FrameHeader::decode(&PUBLISHED[30..30 + n]).unwrap_err().is_short());
        }
        for n in 0..RECORD_HEADER_LEN {
            assert!(RecordHeader::decode(&PUBLISHED[..n]).unwrap_err().is_short());
        }
    }

    proptest! {
        #[test]
        fn any_bytes(b in prop::collection::vec(any::<u8>(), 18..40)) {
            let v = Version::decode(&b).unwrap();
            let f = FrameHeader::decode(&b).unwrap();
            let _ = (v.midnight(), f.since_midnight(v.unit_picoseconds().unwrap_or(1)));
            let (mut a, mut c) = (Vec::new(), Vec::new());
            v.encode(&mut a);
            f.encode(&mut c);
            prop_assert_eq!((&a[..], &c[..]), (&b[..18], &b[..14]));
        }
    }
}
