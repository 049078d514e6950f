//! pcap: the capture file of libpcap and tcpdump.
//!
//! Layout from pcap-savefile(5) and draft-ietf-opsawg-pcap; the variants from libpcap and
//! wiretap. Numbers are in the writer's byte order, which the magic number shows.
//!
//! File header, 24 bytes:
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 4 | magic: see [`Magic`] |
//! | 4 | 2 | major version, 2 |
//! | 6 | 2 | minor version, 4 |
//! | 8 | 4 | thiszone, always 0 in practice |
//! | 12 | 4 | sigfigs, always 0 in practice |
//! | 16 | 4 | snaplen |
//! | 20 | 4 | link type in bits 0-15; bit 26 says that bits 28-31 hold the FCS length in 16-bit units |
//! | 24 | 4 | IXIA variants only: bytes of records that follow |
//!
//! Record header, 16 bytes, then `incl_len` bytes of packet:
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 4 | seconds since 1970, unsigned |
//! | 4 | 4 | microseconds or nanoseconds of that second |
//! | 8 | 4 | `incl_len`: bytes in the file |
//! | 12 | 4 | `orig_len`: bytes on the wire |
//! | 16 | 4 | modified variants: interface index |
//! | 20 | 2 | modified variants: Ethernet protocol |
//! | 22 | 1 | modified variants: packet type |
//! | 23 | 1 | modified variants: padding (1999-10-29) or first of 5 bytes of CPU numbers and padding (1999-09-15) |
//!
//! Files older than version 2.3 have `orig_len` before `incl_len`; 2.3 was written both ways.
//! AIX writes version 2.2 with RFC 1573 interface types as link types and nanoseconds.

use crate::endian::Endian;
use crate::{Error, Result};
use std::fmt;

const FILE: &str = "pcap file header";
const RECORD: &str = "pcap record header";

/// Length of the file header of every variant but IXIA's.
pub const FILE_HEADER_LEN: usize = 24;
/// Length of the standard record header.
pub const RECORD_HEADER_LEN: usize = 16;
/// The longest packet that readers of pcap files accept whatever the snap length says.
pub const MAX_PACKET: u32 = 262_144;

/// The magic number, in the file's own byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Magic(pub u32);

impl Magic {
    /// Microseconds, the usual one.
    pub const MICROS: Self = Self(0xa1b2_c3d4);
    /// Nanoseconds.
    pub const NANOS: Self = Self(0xa1b2_3c4d);
    /// Kuznetzov's patches of 1999: a longer record header, microseconds.
    pub const MODIFIED: Self = Self(0xa1b2_cd34);
    /// IXIA "lcap", hardware: nanoseconds, four bytes more in the file header.
    pub const IXIA_HARDWARE: Self = Self(0x1c00_01ac);
    /// IXIA "lcap", software: microseconds, four bytes more in the file header.
    pub const IXIA_SOFTWARE: Self = Self(0x1c00_01ab);

    /// Finds byte order and magic number in the first four bytes of a file.
    #[must_use]
    pub fn recognise(b: [u8; 4]) -> Option<(Endian, Self)> {
        [Endian::Little, Endian::Big].into_iter().find_map(|e| {
            let magic = Self(e.u32(b));
            matches!(
                magic,
                Self::MICROS | Self::NANOS | Self::MODIFIED | Self::IXIA_HARDWARE | Self::IXIA_SOFTWARE
            )
            .then_some((e, magic))
        })
    }

    /// Length of the file header.
    #[must_use]
    pub const fn file_header_len(self) -> usize {
        match self {
            Self::IXIA_HARDWARE | Self::IXIA_SOFTWARE => FILE_HEADER_LEN + 4,
            _ => FILE_HEADER_LEN,
        }
    }

    /// Units of the record header's second field in a second. AIX files are an exception that
    /// [`FileHeader::per_second`] knows.
    #[must_use]
    pub const fn per_second(self) -> u32 {
        match self {
            Self::NANOS | Self::IXIA_HARDWARE => 1_000_000_000,
            _ => 1_000_000,
        }
    }
}

impl fmt::Display for Magic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::MICROS => f.write_str("pcap"),
            Self::NANOS => f.write_str("pcap, nanoseconds"),
            Self::MODIFIED => f.write_str("pcap, modified"),
            Self::IXIA_HARDWARE => f.write_str("pcap, IXIA hardware"),
            Self::IXIA_SOFTWARE => f.write_str("pcap, IXIA software"),
            Self(v) => write!(f, "pcap magic 0x{v:08x}"),
        }
    }
}

/// Order of the two lengths in the record header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lengths {
    /// `incl_len` first.
    InclFirst,
    /// `orig_len` first.
    OrigFirst,
    /// Version 2.3: whichever is smaller is `incl_len`.
    Either,
}

/// Which fields follow the four of the standard record header. The magic number does not tell
/// all of these apart; a reader tries them on the first records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tail {
    /// None: the standard header of 16 bytes.
    None,
    /// 8 bytes: interface index, protocol, packet type, padding (patches of 1999-04-17 and 1999-10-29).
    Modified,
    /// 12 bytes: as `Modified`, with two CPU numbers (patch of 1999-09-15).
    ModifiedCpu,
    /// 4 bytes of unknown meaning (Nokia IPSO).
    Nokia,
}

impl Tail {
    /// Length of the whole record header.
    #[must_use]
    pub const fn record_header_len(self) -> usize {
        RECORD_HEADER_LEN
            + match self {
                Self::None => 0,
                Self::Nokia => 4,
                Self::Modified => 8,
                Self::ModifiedCpu => 12,
            }
    }
}

/// The file header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHeader {
    /// Byte order of every number in the file.
    pub endian: Endian,
    /// Magic number.
    pub magic: Magic,
    /// Major version.
    pub version_major: u16,
    /// Minor version.
    pub version_minor: u16,
    /// Offset from UTC in seconds; no writer sets it and no reader uses it.
    pub thiszone: u32,
    /// Accuracy of time stamps; no writer sets it and no reader uses it.
    pub sigfigs: u32,
    /// Longest packet that the capture would keep, in bytes.
    pub snaplen: u32,
    /// Link type, FCS length and reserved bits as in the file.
    pub network: u32,
    /// IXIA variants: bytes of records that follow the header.
    pub ixia_len: Option<u32>,
}

impl FileHeader {
    /// A header for a file that is to be written now: version 2.4, little-endian.
    #[must_use]
    pub const fn new(nanoseconds: bool, link: u16, snaplen: u32) -> Self {
        Self {
            endian: Endian::Little,
            magic: if nanoseconds { Magic::NANOS } else { Magic::MICROS },
            version_major: 2,
            version_minor: 4,
            thiszone: 0,
            sigfigs: 0,
            snaplen,
            network: link as u32,
            ixia_len: None,
        }
    }

    /// Reads the header at the start of `b`.
    pub fn decode(b: &[u8]) -> Result<Self> {
        let short = |needed| Error::short(FILE, "header", 0, needed, b.len());
        let head: &[u8; FILE_HEADER_LEN] = b.first_chunk().ok_or(short(FILE_HEADER_LEN))?;
        let first = [head[0], head[1], head[2], head[3]];
        let Some((endian, magic)) = Magic::recognise(first) else {
            return Err(Error::value(FILE, "magic", 0, u64::from(u32::from_be_bytes(first))));
        };
        let u16_at = |at: usize| endian.u16([head[at], head[at + 1]]);
        let u32_at = |at: usize| endian.u32([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let ixia_len = if magic.file_header_len() > FILE_HEADER_LEN {
            Some(endian.u32_at(b, FILE_HEADER_LEN).ok_or(short(FILE_HEADER_LEN + 4))?)
        } else {
            None
        };
        Ok(Self {
            endian,
            magic,
            version_major: u16_at(4),
            version_minor: u16_at(6),
            thiszone: u32_at(8),
            sigfigs: u32_at(12),
            snaplen: u32_at(16),
            network: u32_at(20),
            ixia_len,
        })
    }

    /// AIX libpcap: version 2.2 with one of the four LAN interface types of RFC 1573.
    #[must_use]
    pub const fn is_aix(&self) -> bool {
        matches!(self.magic, Magic::MICROS)
            && self.version_major == 2
            && self.version_minor == 2
            && matches!(self.network, 6 | 9 | 15 | 24)
    }

    /// The link type, numbered as LINKTYPE_ values.
    #[must_use]
    pub const fn link_type(&self) -> u16 {
        if self.is_aix() {
            return match self.network {
                6 => 1,
                9 => 6,
                15 => 10,
                _ => 0,
            };
        }
        (self.network & 0xffff) as u16
    }

    /// Frame check sequence at the end of each packet in bytes, when the file says.
    #[must_use]
    pub const fn fcs_len(&self) -> Option<u8> {
        if self.network & 0x0400_0000 == 0 { None } else { Some((self.network >> 28) as u8 * 2) }
    }

    /// The bits of `network` that libpcap reserves and that are zero in a good file.
    #[must_use]
    pub const fn reserved_bits(&self) -> u32 {
        self.network & 0x03ff_0000
    }

    /// Units of the record header's second field in a second.
    #[must_use]
    pub const fn per_second(&self) -> u32 {
        if self.is_aix() { 1_000_000_000 } else { self.magic.per_second() }
    }

    /// Order of the two lengths in the record header. DG/UX tcpdump wrote version 543.0.
    #[must_use]
    pub const fn lengths(&self) -> Lengths {
        match (self.version_major, self.version_minor) {
            (2, 0..=2) | (543, _) => Lengths::OrigFirst,
            (2, 3) => Lengths::Either,
            _ => Lengths::InclFirst,
        }
    }

    /// Length of this header in the file.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        self.magic.file_header_len()
    }

    /// Appends the header to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let e = self.endian;
        out.extend_from_slice(&e.b32(self.magic.0));
        out.extend_from_slice(&e.b16(self.version_major));
        out.extend_from_slice(&e.b16(self.version_minor));
        for v in [self.thiszone, self.sigfigs, self.snaplen, self.network] {
            out.extend_from_slice(&e.b32(v));
        }
        if self.encoded_len() > FILE_HEADER_LEN {
            out.extend_from_slice(&e.b32(self.ixia_len.unwrap_or(0)));
        }
    }
}

impl fmt::Display for FileHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}.{}, {:?}-endian, link type {}, snap length {}",
            self.magic,
            self.version_major,
            self.version_minor,
            self.endian,
            self.link_type(),
            self.snaplen
        )
    }
}

/// The four fields that every record header has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordHeader {
    /// Seconds since 1970-01-01 00:00 UTC.
    pub ts_sec: u32,
    /// Microseconds or nanoseconds of the second, see [`FileHeader::per_second`].
    pub ts_frac: u32,
    /// Bytes of the packet in the file.
    pub incl_len: u32,
    /// Bytes of the packet on the wire.
    pub orig_len: u32,
}

impl RecordHeader {
    /// Reads a header whose lengths are in the standard order.
    #[inline]
    #[must_use]
    pub const fn read(b: &[u8; RECORD_HEADER_LEN], e: Endian) -> Self {
        Self {
            ts_sec: e.u32([b[0], b[1], b[2], b[3]]),
            ts_frac: e.u32([b[4], b[5], b[6], b[7]]),
            incl_len: e.u32([b[8], b[9], b[10], b[11]]),
            orig_len: e.u32([b[12], b[13], b[14], b[15]]),
        }
    }

    /// The same header with the lengths put in order.
    #[inline]
    #[must_use]
    pub const fn ordered(mut self, lengths: Lengths) -> Self {
        let swap = match lengths {
            Lengths::InclFirst => false,
            Lengths::OrigFirst => true,
            Lengths::Either => self.incl_len > self.orig_len,
        };
        if swap {
            (self.incl_len, self.orig_len) = (self.orig_len, self.incl_len);
        }
        self
    }

    /// Reads the header at the start of `b`.
    pub fn decode(b: &[u8], file: &FileHeader) -> Result<Self> {
        let b = b.first_chunk().ok_or(Error::short(RECORD, "header", 0, RECORD_HEADER_LEN, b.len()))?;
        Ok(Self::read(b, file.endian).ordered(file.lengths()))
    }

    /// Appends the header, lengths in the standard order.
    #[inline]
    pub fn encode(&self, e: Endian, out: &mut Vec<u8>) {
        let mut b = [0; RECORD_HEADER_LEN];
        b[0..4].copy_from_slice(&e.b32(self.ts_sec));
        b[4..8].copy_from_slice(&e.b32(self.ts_frac));
        b[8..12].copy_from_slice(&e.b32(self.incl_len));
        b[12..16].copy_from_slice(&e.b32(self.orig_len));
        out.extend_from_slice(&b);
    }
}

impl fmt::Display for RecordHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{} {} of {} bytes", self.ts_sec, self.ts_frac, self.incl_len, self.orig_len)
    }
}

/// What the modified variants add to the record header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModifiedTail {
    /// Interface index.
    pub ifindex: u32,
    /// Ethernet protocol.
    pub protocol: u16,
    /// Linux packet type: 0 to us, 1 broadcast, 2 multicast, 3 to another host, 4 outgoing.
    pub pkt_type: u8,
    /// Padding, or CPU numbers and padding: 1 byte, or 5 of them.
    pub rest: [u8; 5],
    /// How many bytes of `rest` the variant has.
    pub rest_len: u8,
}

impl ModifiedTail {
    /// Reads what follows the first 16 bytes of a record header; `Err` for variants without it.
    pub fn decode(b: &[u8], e: Endian, tail: Tail) -> Result<Self> {
        let rest_len = match tail {
            Tail::Modified => 1,
            Tail::ModifiedCpu => 5,
            Tail::None | Tail::Nokia => {
                return Err(Error::contradiction(RECORD, "ifindex", 16, "the variant has no such field"));
            }
        };
        let needed = 7 + rest_len;
        let short = Error::short(RECORD, "ifindex", 16, needed, b.len());
        let (Some(ifindex), Some(protocol), Some(part)) = (e.u32_at(b, 0), e.u16_at(b, 4), b.get(6..needed))
        else {
            return Err(short);
        };
        let mut rest = [0; 5];
        rest[..rest_len].copy_from_slice(&part[1..]);
        Ok(Self { ifindex, protocol, pkt_type: part[0], rest, rest_len: rest_len as u8 })
    }

    /// Appends the fields.
    pub fn encode(&self, e: Endian, out: &mut Vec<u8>) {
        out.extend_from_slice(&e.b32(self.ifindex));
        out.extend_from_slice(&e.b16(self.protocol));
        out.push(self.pkt_type);
        out.extend_from_slice(&self.rest[..usize::from(self.rest_len).min(5)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // First 40 bytes of libpcap's own example in pcap-savefile(5) notation: little-endian,
    // microseconds, Ethernet; and the same in the other byte order.
    const LE: [u8; 40] = [
        0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0, //
        0x59, 0x2e, 0x87, 0x54, 0x3f, 0x42, 0x0f, 0, 0x4c, 0, 0, 0, 0x4d, 0, 0, 0,
    ];

    #[test]
    fn reads_little_endian_microseconds() {
        let h = FileHeader::decode(&LE).unwrap();
        assert_eq!((h.endian, h.magic, h.snaplen), (Endian::Little, Magic::MICROS, 262_144));
        assert_eq!((h.link_type(), h.fcs_len(), h.per_second()), (1, None, 1_000_000));
        let r = RecordHeader::decode(&LE[24..], &h).unwrap();
        assert_eq!(r, RecordHeader { ts_sec: 1_418_145_369, ts_frac: 999_999, incl_len: 76, orig_len: 77 });
        let mut out = Vec::new();
        h.encode(&mut out);
        r.encode(h.endian, &mut out);
        assert_eq!(out, LE);
    }

    #[test]
    fn reads_big_endian_nanoseconds() {
        let mut b = vec![0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];
        b.extend_from_slice(&[0x94, 0, 0, 1]);
        let h = FileHeader::decode(&b).unwrap();
        assert_eq!((h.endian, h.per_second(), h.link_type()), (Endian::Big, 1_000_000_000, 1));
        // Bit 26 with a length of 9 x 16 bits.
        assert_eq!((h.fcs_len(), h.reserved_bits()), (Some(18), 0));
        assert_eq!(h.to_string(), "pcap, nanoseconds 2.4, Big-endian, link type 1, snap length 65535");
    }

    #[test]
    fn fcs_length_needs_its_flag_and_reserved_bits_show() {
        let h = FileHeader { network: 0x3000_0001, ..FileHeader::new(false, 1, 0) };
        assert_eq!((h.fcs_len(), h.link_type()), (None, 1));
        let h = FileHeader { network: 0x0030_0000, ..h };
        assert_eq!(h.reserved_bits(), 0x0030_0000);
    }

    #[test]
    fn old_versions_swap_the_lengths_and_aix_has_its_own_link_types() {
        let mut h = FileHeader { version_minor: 2, network: 9, ..FileHeader::new(false, 1, 0) };
        assert!(h.is_aix());
        assert_eq!((h.link_type(), h.per_second(), h.lengths()), (6, 1_000_000_000, Lengths::OrigFirst));
        h.version_minor = 3;
        assert_eq!((h.is_aix(), h.link_type(), h.lengths()), (false, 9, Lengths::Either));
        let r = RecordHeader { incl_len: 100, orig_len: 60, ..RecordHeader::default() };
        assert_eq!(r.ordered(Lengths::Either).incl_len, 60);
        assert_eq!(r.ordered(Lengths::InclFirst).incl_len, 100);
        assert_eq!(r.ordered(Lengths::OrigFirst).orig_len, 100);
    }

    #[test]
    fn ixia_has_a_longer_file_header_and_modified_a_longer_record_header() {
        let mut b = LE[..24].to_vec();
        b[..4].copy_from_slice(&0x1c00_01ac_u32.to_le_bytes());
        assert!(FileHeader::decode(&b).unwrap_err().is_short());
        b.extend_from_slice(&[5, 0, 0, 0]);
        let h = FileHeader::decode(&b).unwrap();
        assert_eq!((h.encoded_len(), h.ixia_len, h.per_second()), (28, Some(5), 1_000_000_000));
        let mut out = Vec::new();
        h.encode(&mut out);
        assert_eq!(out, b);
        assert_eq!(Tail::Modified.record_header_len(), 24);
        let b = [2, 0, 0, 0, 0, 8, 4, 9];
        let t = ModifiedTail::decode(&b, Endian::Little, Tail::Modified).unwrap();
        assert_eq!((t.ifindex, t.protocol, t.pkt_type), (2, 0x800, 4));
        let mut out = Vec::new();
        t.encode(Endian::Little, &mut out);
        assert_eq!(out, b);
        assert!(ModifiedTail::decode(&b, Endian::Little, Tail::ModifiedCpu).unwrap_err().is_short());
    }

    #[test]
    fn truncated_at_every_byte() {
        for n in 0..24 {
            assert!(FileHeader::decode(&LE[..n]).unwrap_err().is_short());
        }
        let h = FileHeader::decode(&LE).unwrap();
        for n in 0..16 {
            assert!(RecordHeader::decode(&LE[24..24 + n], &h).unwrap_err().is_short());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_round_trip(mut b in prop::collection::vec(any::<u8>(), 28), m in 0usize..5, big: bool) {
            let e = if big { Endian::Big } else { Endian::Little };
            let magic = [Magic::MICROS, Magic::NANOS, Magic::MODIFIED, Magic::IXIA_HARDWARE, Magic::IXIA_SOFTWARE][m];
            b[..4].copy_from_slice(&e.b32(magic.0));
            let h = FileHeader::decode(&b).unwrap();
            let mut out = Vec::new();
            h.encode(&mut out);
            prop_assert_eq!(&out, &b[..magic.file_header_len()]);
        }
    }
}
