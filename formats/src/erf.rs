//! ERF: Endace's Extensible Record Format, of DAG cards and of pcap link type 197.
//!
//! From Endace's "ERF types" and "Extensible Record Format" documents. A file has no header of
//! its own. Each record:
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 8 | time stamp, little-endian: seconds since 1970 in the upper half, 2^-32 s in the lower |
//! | 8 | 1 | record type in bits 0-6; bit 7: an extension header follows |
//! | 9 | 1 | flags: bits 0-1 interface, 2 varying length, 3 truncated, 4 receive error, 5 DS error |
//! | 10 | 2 | rlen: length of the record, big-endian |
//! | 12 | 2 | lctr: lost records, or color, big-endian |
//! | 14 | 2 | wlen: length on the wire, big-endian |
//! | 16 | 8 each | extension headers; bit 7 of the first byte: another one follows |
//! | | 2 or 4 | subheader: offset and pad before Ethernet, a word before multi-channel records |
//!
//! The packet follows, padded to a multiple of 8 as a rule; `rlen` counts everything.

use crate::{Error, Result};
use std::fmt;

const RECORD: &str = "ERF record";

/// Length of the fixed header.
pub const HEADER_LEN: usize = 16;

/// Record type, bit 7 removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordType(pub u8);

#[allow(missing_docs)]
impl RecordType {
    pub const HDLC_POS: Self = Self(1);
    pub const ETH: Self = Self(2);
    pub const ATM: Self = Self(3);
    pub const AAL5: Self = Self(4);
    pub const MC_HDLC: Self = Self(5);
    pub const MC_RAW: Self = Self(6);
    pub const MC_ATM: Self = Self(7);
    pub const MC_RAW_CHANNEL: Self = Self(8);
    pub const MC_AAL5: Self = Self(9);
    pub const COLOR_HDLC_POS: Self = Self(10);
    pub const COLOR_ETH: Self = Self(11);
    pub const MC_AAL2: Self = Self(12);
    pub const IP_COUNTER: Self = Self(13);
    pub const TCP_FLOW_COUNTER: Self = Self(14);
    pub const DSM_COLOR_HDLC_POS: Self = Self(15);
    pub const DSM_COLOR_ETH: Self = Self(16);
    pub const COLOR_MC_HDLC_POS: Self = Self(17);
    pub const AAL2: Self = Self(18);
    pub const COLOR_HASH_POS: Self = Self(19);
    pub const COLOR_HASH_ETH: Self = Self(20);
    pub const INFINIBAND: Self = Self(21);
    pub const IPV4: Self = Self(22);
    pub const IPV6: Self = Self(23);
    pub const RAW_LINK: Self = Self(24);
    pub const INFINIBAND_LINK: Self = Self(25);
    pub const META: Self = Self(27);
    pub const OPA_SNC: Self = Self(28);
    pub const OPA_9B: Self = Self(29);
    pub const PAD: Self = Self(48);

    /// Length of the subheader between extension headers and packet.
    #[must_use]
    pub const fn subheader_len(self) -> usize {
        match self {
            Self::ETH | Self::COLOR_ETH | Self::DSM_COLOR_ETH | Self::COLOR_HASH_ETH => 2,
            Self::MC_HDLC
            | Self::MC_RAW
            | Self::MC_ATM
            | Self::MC_RAW_CHANNEL
            | Self::MC_AAL5
            | Self::MC_AAL2
            | Self::COLOR_MC_HDLC_POS
            | Self::AAL2 => 4,
            _ => 0,
        }
    }

    /// The LINKTYPE_ value of the packet, for types whose packet has exactly one.
    #[must_use]
    pub const fn link_type(self) -> Option<u16> {
        match self {
            Self::ETH | Self::COLOR_ETH | Self::DSM_COLOR_ETH | Self::COLOR_HASH_ETH => Some(1),
            Self::INFINIBAND => Some(247),
            Self::IPV4 => Some(228),
            Self::IPV6 => Some(229),
            _ => None,
        }
    }
}

/// The fixed header of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Seconds since 1970 in the upper 32 bits, fraction in units of 2^-32 s in the lower.
    pub time: u64,
    /// Type byte as in the file.
    pub type_byte: u8,
    /// Flags.
    pub flags: u8,
    /// Length of the record, this header included.
    pub rlen: u16,
    /// Lost records since the one before, or color.
    pub lctr: u16,
    /// Length of the packet on the wire.
    pub wlen: u16,
}

impl Header {
    /// Reads the header at the start of `b`.
    #[inline]
    pub fn decode(b: &[u8]) -> Result<Self> {
        let h: &[u8; HEADER_LEN] =
            b.first_chunk().ok_or(Error::short(RECORD, "header", 0, HEADER_LEN, b.len()))?;
        Ok(Self {
            time: u64::from_le_bytes([h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]]),
            type_byte: h[8],
            flags: h[9],
            rlen: u16::from_be_bytes([h[10], h[11]]),
            lctr: u16::from_be_bytes([h[12], h[13]]),
            wlen: u16::from_be_bytes([h[14], h[15]]),
        })
    }

    /// Record type.
    #[must_use]
    pub const fn record_type(&self) -> RecordType {
        RecordType(self.type_byte & 0x7f)
    }

    /// Capture interface, 0-3.
    #[must_use]
    pub const fn interface(&self) -> u8 {
        self.flags & 3
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub const fn secs(&self) -> u32 {
        (self.time >> 32) as u32
    }

    /// Seconds and nanoseconds since 1970, rounded to the nearest nanosecond.
    #[must_use]
    pub const fn time(&self) -> (u64, u32) {
        let scaled = (self.time & 0xffff_ffff) * 1_000_000_000;
        let nanos = (scaled >> 32) + (scaled >> 31 & 1);
        (((self.time >> 32) + nanos / 1_000_000_000), (nanos % 1_000_000_000) as u32)
    }

    /// Length of everything before the packet: this header, extension headers, subheader. `record`
    /// is the record from this header on; a chain of extension headers that leaves it is an error.
    pub fn prefix_len(&self, record: &[u8]) -> Result<usize> {
        let mut len = HEADER_LEN;
        let mut more = self.type_byte & 0x80 != 0;
        while more {
            let first = record.get(len).ok_or(Error::short(RECORD, "extension header", len, 8, 0))?;
            more = first & 0x80 != 0;
            len += 8;
        }
        len += self.record_type().subheader_len();
        if len > record.len() {
            return Err(Error::short(RECORD, "subheader", len, 0, record.len()));
        }
        Ok(len)
    }

    /// Appends the header.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.time.to_le_bytes());
        out.extend_from_slice(&[self.type_byte, self.flags]);
        for v in [self.rlen, self.lctr, self.wlen] {
            out.extend_from_slice(&v.to_be_bytes());
        }
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ERF type {}, interface {}, record {} bytes, wire {} bytes",
            self.record_type().0,
            self.interface(),
            self.rlen,
            self.wlen
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // First record header of libtrace's 5_packets.erf, which tshark shows as
    // 1095292801.000721395, 827 bytes on the wire, 54 captured.
    const FIRST: [u8; 16] =
        [0x00, 0x47, 0x2f, 0x00, 0x81, 0xd7, 0x48, 0x41, 0x02, 0x00, 0x00, 0x48, 0x00, 0x00, 0x03, 0x3b];

    #[test]
    fn published_record() {
        let h = Header::decode(&FIRST).unwrap();
        assert_eq!((h.record_type(), h.rlen, h.wlen, h.interface()), (RecordType::ETH, 72, 827, 0));
        assert_eq!(h.time(), (1_095_292_801, 721_395));
        assert_eq!(h.prefix_len(&[0; 72]), Ok(18));
        let mut out = Vec::new();
        h.encode(&mut out);
        assert_eq!(out, FIRST);
        assert_eq!(h.to_string(), "ERF type 2, interface 0, record 72 bytes, wire 827 bytes");
    }

    #[test]
    fn time_rounds_up_into_the_next_second() {
        let h = Header { time: 5 << 32 | 0xffff_ffff, ..Header::decode(&FIRST).unwrap() };
        assert_eq!(h.time(), (6, 0));
    }

    #[test]
    fn extension_headers_are_counted_and_bounded() {
        let h = Header { type_byte: 0x95, ..Header::decode(&FIRST).unwrap() };
        let mut r = [0; 40];
        r[16] = 0x83;
        r[24] = 0x04;
        assert_eq!((h.record_type(), h.prefix_len(&r)), (RecordType::INFINIBAND, Ok(32)));
        r[24] = 0x84;
        r[32] = 0x84;
        assert!(h.prefix_len(&r).unwrap_err().is_short());
    }

    #[test]
    fn truncated_at_every_byte() {
        for n in 0..16 {
            assert!(Header::decode(&FIRST[..n]).unwrap_err().is_short());
        }
    }

    proptest! {
        #[test]
        fn any_bytes(b in prop::collection::vec(any::<u8>(), 16..64)) {
            let h = Header::decode(&b).unwrap();
            let _ = (h.time(), h.prefix_len(&b), h.record_type().link_type());
            let mut out = Vec::new();
            h.encode(&mut out);
            prop_assert_eq!(&out[..], &b[..16]);
        }
    }
}
