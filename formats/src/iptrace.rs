//! iptrace: the packet trace of AIX, versions 1.0 and 2.0.
//!
//! IBM publishes no layout; this one is what wiretap's reader and real files show. Big-endian.
//! The file begins with 11 characters, "iptrace 1.0" or "iptrace 2.0". Each record:
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 4 | length of what follows the first 8 bytes |
//! | 4 | 4 | seconds since 1970 |
//! | 8 | 3 | not known |
//! | 11 | 1 | interface unit |
//! | 12 | 4 | interface name prefix, NUL-terminated when shorter |
//! | 16 | 12 | text, for ATM "vpi.vci"; not known in 1.0 |
//! | 28 | 1 | interface type (RFC 1573 ifType) |
//! | 29 | 1 | 0 received, else sent |
//! | 30 | 2 | 2.0 only: not known |
//! | 32 | 4 | 2.0 only: seconds since 1970 |
//! | 36 | 4 | 2.0 only: nanoseconds |
//!
//! The packet follows; FDDI packets have 3 bytes of padding before them.

use crate::{Error, Result};
use std::fmt;

const FILE: &str = "iptrace file header";
const RECORD: &str = "iptrace record";

/// Length of the file header.
pub const FILE_HEADER_LEN: usize = 11;

/// Version of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// 1.0: time in seconds.
    V1,
    /// 2.0: time in nanoseconds.
    V2,
}

impl Version {
    /// Reads the file header.
    pub fn decode(b: &[u8]) -> Result<Self> {
        match b.get(..FILE_HEADER_LEN) {
            Some(b"iptrace 1.0") => Ok(Self::V1),
            Some(b"iptrace 2.0") => Ok(Self::V2),
            Some(_) => Err(Error::contradiction(FILE, "version", 0, "it is neither 1.0 nor 2.0")),
            None => Err(Error::short(FILE, "version", 0, FILE_HEADER_LEN, b.len())),
        }
    }

    /// The file header.
    #[must_use]
    pub const fn encode(self) -> [u8; FILE_HEADER_LEN] {
        match self {
            Self::V1 => *b"iptrace 1.0",
            Self::V2 => *b"iptrace 2.0",
        }
    }

    /// Length of the record header.
    #[must_use]
    pub const fn record_header_len(self) -> usize {
        match self {
            Self::V1 => 30,
            Self::V2 => 40,
        }
    }
}

/// Interface type as RFC 1573 numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IfType(pub u8);

#[allow(missing_docs)]
impl IfType {
    pub const ETHER: Self = Self(6);
    pub const ISO88023: Self = Self(7);
    pub const ISO88025: Self = Self(9);
    pub const FDDI: Self = Self(15);
    pub const LOOP: Self = Self(24);
    pub const ATM: Self = Self(37);
    /// Host Fabric Interface.
    pub const HFI: Self = Self(0x3d);
    pub const INFINIBAND: Self = Self(0xc7);

    /// The LINKTYPE_ value, for types that have one.
    #[must_use]
    pub const fn link_type(self) -> Option<u16> {
        match self.0 {
            6 | 7 => Some(1),
            9 => Some(6),
            15 => Some(10),
            4 | 12 | 24 | 0x3d => Some(101),
            0xc7 => Some(247),
            _ => None,
        }
    }
}

/// The record header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Version of the file it is in.
    pub version: Version,
    /// Bytes of the record after the first 8.
    pub length: u32,
    /// Seconds since 1970.
    pub tv_sec0: u32,
    /// Three bytes of unknown meaning.
    pub unknown: [u8; 3],
    /// Interface unit.
    pub unit: u8,
    /// Interface name prefix.
    pub prefix: [u8; 4],
    /// Text.
    pub text: [u8; 12],
    /// Interface type.
    pub if_type: IfType,
    /// 0 received, else sent.
    pub tx_flags: u8,
    /// 2.0 only: two bytes of unknown meaning.
    pub unknown2: [u8; 2],
    /// 2.0 only: seconds since 1970.
    pub tv_sec: u32,
    /// 2.0 only: nanoseconds.
    pub tv_nsec: u32,
}

impl Record {
    /// Reads the record header at the start of `b`.
    pub fn decode(b: &[u8], version: Version) -> Result<Self> {
        let n = version.record_header_len();
        let Some(b) = b.get(..n) else {
            return Err(Error::short(RECORD, "header", 0, n, b.len()));
        };
        let u32_at = |at: usize| u32::from_be_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]]);
        let length = u32_at(0);
        if (length as usize) < n - 8 {
            return Err(Error::value(RECORD, "length", 0, u64::from(length)));
        }
        let mut text = [0; 12];
        text.copy_from_slice(&b[16..28]);
        let v2 = version == Version::V2;
        Ok(Self {
            version,
            length,
            tv_sec0: u32_at(4),
            unknown: [b[8], b[9], b[10]],
            unit: b[11],
            prefix: [b[12], b[13], b[14], b[15]],
            text,
            if_type: IfType(b[28]),
            tx_flags: b[29],
            unknown2: if v2 { [b[30], b[31]] } else { [0; 2] },
            tv_sec: if v2 { u32_at(32) } else { 0 },
            tv_nsec: if v2 { u32_at(36) } else { 0 },
        })
    }

    /// Length of the whole record.
    #[must_use]
    pub const fn record_len(&self) -> u64 {
        self.length as u64 + 8
    }

    /// Padding between header and packet.
    #[must_use]
    pub const fn padding(&self) -> usize {
        if matches!(self.if_type, IfType::FDDI) { 3 } else { 0 }
    }

    /// Seconds and nanoseconds since 1970.
    #[must_use]
    pub const fn time(&self) -> (u32, u32) {
        match self.version {
            Version::V1 => (self.tv_sec0, 0),
            Version::V2 => (self.tv_sec, self.tv_nsec),
        }
    }

    /// Interface name: prefix and unit, e.g. `en0`.
    #[must_use]
    pub fn interface_name(&self) -> String {
        let end = self.prefix.iter().position(|&b| b == 0).unwrap_or(4);
        format!("{}{}", String::from_utf8_lossy(&self.prefix[..end]), self.unit)
    }

    /// Appends the record header.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.length.to_be_bytes());
        out.extend_from_slice(&self.tv_sec0.to_be_bytes());
        out.extend_from_slice(&self.unknown);
        out.push(self.unit);
        out.extend_from_slice(&self.prefix);
        out.extend_from_slice(&self.text);
        out.extend_from_slice(&[self.if_type.0, self.tx_flags]);
        if self.version == Version::V2 {
            out.extend_from_slice(&self.unknown2);
            out.extend_from_slice(&self.tv_sec.to_be_bytes());
            out.extend_from_slice(&self.tv_nsec.to_be_bytes());
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = if self.tx_flags == 0 { "received" } else { "sent" };
        write!(f, "{} {way}, ifType {}, {} bytes", self.interface_name(), self.if_type.0, self.record_len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn header_of_a_token_ring_record() {
        let mut b = vec![0, 0, 0, 96, 0x36, 0x8c, 0x0e, 0x00, 1, 2, 3, 1, b't', b'r', 0, 0];
        b.extend_from_slice(&[0; 12]);
        b.extend_from_slice(&[9, 1, 7, 8, 0x36, 0x8c, 0x0e, 0x00, 0x19, 0xff, 0x30, 0x89]);
        let r = Record::decode(&b, Version::V2).unwrap();
        assert_eq!((r.record_len(), r.interface_name(), r.if_type.link_type()), (104, "tr1".into(), Some(6)));
        assert_eq!((r.time(), r.tx_flags, r.unknown2), ((915_148_288, 436_154_505), 1, [7, 8]));
        assert_eq!(r.to_string(), "tr1 sent, ifType 9, 104 bytes");
        let mut out = Vec::new();
        r.encode(&mut out);
        assert_eq!(out, b);
        let v1 = Record::decode(&b, Version::V1).unwrap();
        assert_eq!(v1.time(), (915_148_288, 0));
    }

    #[test]
    fn versions_and_damage() {
        assert_eq!(Version::decode(b"iptrace 2.0xyz"), Ok(Version::V2));
        assert!(Version::decode(b"iptrace 3.0").is_err());
        assert!(Version::decode(b"iptrace 2.").unwrap_err().is_short());
        assert_eq!(Record::decode(&[0; 40], Version::V2).unwrap_err().field, "length");
        for n in 0..40 {
            assert!(Record::decode(&[0; 40][..n], Version::V2).unwrap_err().is_short());
        }
        assert_eq!(IfType(0xc7).link_type(), Some(247));
        assert_eq!(IfType(200).link_type(), None);
    }

    proptest! {
        #[test]
        fn any_bytes(b in prop::collection::vec(any::<u8>(), 40..60), v1: bool) {
            let version = if v1 { Version::V1 } else { Version::V2 };
            if let Ok(r) = Record::decode(&b, version) {
                let _ = (r.time(), r.padding(), r.interface_name());
                let mut out = Vec::new();
                r.encode(&mut out);
                prop_assert_eq!(&out[..], &b[..version.record_header_len()]);
            }
        }
    }
}
