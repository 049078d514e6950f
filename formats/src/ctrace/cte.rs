//! CTE: one component trace entry, of whatever component.
//!
//! | offset | length | field | meaning |
//! |---|---|---|---|
//! | 0 | 2 | CTELENP | length of the entry: header, data and the two bytes at its end |
//! | 2 | 2 | CTEOFF | offset of the data, 16 in everything seen of TCP/IP |
//! | 4 | 4 | CTEFMTID | entry id; what it means depends on the component |
//! | 8 | 8 | CTETIME | TOD clock when the entry was put into the buffer |
//! | CTEOFF | | CTEFDATA | component data |
//! | CTELENP-2 | 2 | CTELENE | CTELENP once more |
//!
//! Entries follow each other without gaps or alignment; a zero CTELENP means that the rest of
//! the buffer is unused. Source: MVS Programming: Authorized Assembler Services Guide
//! ("Understanding the fields in a CTE"), macro ITTCTE.

use std::fmt;

use zerocopy::byteorder::big_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::tod::Tod;
use crate::{Error, Result};

/// The entry id CTEFMTID. The names are those of the packet trace family (components SYSTCPDA
/// and SYSTCPOT); other components give the same numbers other meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FormatId(pub u32);

#[allow(missing_docs)]
impl FormatId {
    /// IPv4 packet with the header of V1R4 and before; no longer written.
    pub const OLD_PACKET: Self = Self(1);
    /// X.25; no longer written.
    pub const OLD_X25: Self = Self(2);
    /// IPv4 Enterprise Extender; no longer written.
    pub const OLD_EE: Self = Self(3);
    /// `PTHIdPkt`: IPv4 or IPv6 packet.
    pub const PACKET: Self = Self(4);
    /// `PTHIdDat`: socket data.
    pub const DATA: Self = Self(5);
    /// `PTHIdEE`: Enterprise Extender packet.
    pub const EE: Self = Self(6);
    /// `PTHIdNTA`: frame of the OSA-Express network traffic analyzer.
    pub const OSA: Self = Self(7);
    /// `PTHIdSmc`: SMC-R or SMC-D record.
    pub const SMC: Self = Self(8);
    /// Formatted resolver trace (component SYSTCPRE).
    pub const RESOLVER: Self = Self(0x000A_0002);

    /// True for the ids whose data starts with a packet trace header.
    #[must_use]
    pub const fn has_pthdr(self) -> bool {
        self.0 >= 4 && self.0 <= 8
    }

    /// True for the ids that say that records were lost (first byte X'FF').
    #[must_use]
    pub const fn is_lost(self) -> bool {
        self.0 >> 24 == 0xFF
    }

    /// What the id is called in the packet trace family, `None` for others.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            1 => "old packet",
            2 => "old X.25",
            3 => "old EE",
            4 => "packet",
            5 => "data",
            6 => "EE",
            7 => "OSAENTA",
            8 => "SMC",
            0x000A_0002 => "TRACERES",
            _ => return None,
        })
    }
}

impl fmt::Display for FormatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(n) => f.write_str(n),
            None => write!(f, "{:08X}", self.0),
        }
    }
}

/// Length of the fixed header.
pub const HEADER: usize = 16;
/// Length of CTELENE.
pub const TRAILER: usize = 2;
/// The longest entry the network management interface cuts a record into; also what fits the
/// length field with a byte to spare.
pub const MAX: usize = 65_534;

/// The first 16 bytes of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct CteHeader {
    /// CTELENP.
    pub lenp: U16,
    /// CTEOFF.
    pub off: U16,
    /// CTEFMTID.
    pub fmtid: U32,
    /// CTETIME.
    pub time: U64,
}

const _: () = assert!(size_of::<CteHeader>() == HEADER);

/// A complete entry: its lengths agree and its data is inside it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cte<'a> {
    bytes: &'a [u8],
    header: &'a CteHeader,
}

impl<'a> Cte<'a> {
    /// The entry at the start of `bytes`. Fails when it is short, when its two lengths differ,
    /// or when CTEOFF points outside it.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let Ok((header, _)) = CteHeader::ref_from_prefix(bytes) else {
            return Err(Error::short("CTE", "header", 0, HEADER, bytes.len()));
        };
        let len = usize::from(header.lenp.get());
        if len < HEADER + TRAILER {
            return Err(Error::value("CTE", "CTELENP", 0, len as u64));
        }
        let Some(entry) = bytes.get(..len) else {
            return Err(Error::short("CTE", "data", HEADER, len - HEADER, bytes.len() - HEADER));
        };
        let off = usize::from(header.off.get());
        if off < HEADER || off > len - TRAILER {
            return Err(Error::value("CTE", "CTEOFF", 2, off as u64));
        }
        if entry[len - TRAILER..] != *header.lenp.as_bytes() {
            return Err(Error::contradiction(
                "CTE",
                "CTELENE",
                len - TRAILER,
                "is not the same length as CTELENP",
            ));
        }
        Ok(Self { bytes: entry, header })
    }

    /// Every byte of the entry.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Length of the entry (CTELENP).
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Never true: an entry has at least its header.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Offset of the data (CTEOFF).
    #[must_use]
    pub fn data_offset(&self) -> usize {
        usize::from(self.header.off.get())
    }

    /// Entry id (CTEFMTID).
    #[must_use]
    pub fn id(&self) -> FormatId {
        FormatId(self.header.fmtid.get())
    }

    /// When the entry was put into the buffer (CTETIME).
    #[must_use]
    pub fn time(&self) -> Tod {
        Tod(self.header.time.get())
    }

    /// Component data: between CTEOFF and CTELENE.
    #[must_use]
    pub fn data(&self) -> &'a [u8] {
        &self.bytes[self.data_offset()..self.bytes.len() - TRAILER]
    }
}

/// Appends an entry with the given data; CTEOFF is 16. Fails when the entry would be longer
/// than a length field can say.
pub fn encode(id: FormatId, time: Tod, data: &[u8], out: &mut Vec<u8>) -> Result<()> {
    encode_parts(id, time, &[data], out)
}

/// Like [`encode`], with the data given in parts.
pub fn encode_parts(id: FormatId, time: Tod, parts: &[&[u8]], out: &mut Vec<u8>) -> Result<()> {
    let data: usize = parts.iter().map(|p| p.len()).sum();
    let len = HEADER.saturating_add(data).saturating_add(TRAILER);
    let Ok(lenp) = u16::try_from(len) else {
        return Err(Error::value("CTE", "CTELENP", 0, len as u64));
    };
    let header =
        CteHeader { lenp: lenp.into(), off: (HEADER as u16).into(), fmtid: id.0.into(), time: time.0.into() };
    out.reserve(len);
    out.extend_from_slice(header.as_bytes());
    for p in parts {
        out.extend_from_slice(p);
    }
    out.extend_from_slice(&lenp.to_be_bytes());
    Ok(())
}

impl fmt::Debug for Cte<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cte({self})")
    }
}

impl fmt::Display for Cte<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CTE {} len {} {}", self.id(), self.len(), self.time())
    }
}

/// Entries that follow each other; ends at a zero CTELENP, at the end of the bytes, or after the
/// first error. What was not read is in [`rest`](Self::rest).
#[derive(Debug, Clone)]
pub struct Entries<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Entries<'a> {
    /// Walks a buffer from its start.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, offset: 0 }
    }

    /// The bytes behind the last entry returned.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Cte<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() || self.rest.starts_with(&[0, 0]) {
            return None;
        }
        match Cte::parse(self.rest) {
            Ok(c) => {
                self.rest = &self.rest[c.len()..];
                self.offset += c.len();
                Some(Ok(c))
            }
            Err(e) => {
                self.rest = &[];
                Some(Err(e.at(self.offset)))
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks(2).map(|p| u8::from_str_radix(std::str::from_utf8(p).unwrap(), 16).unwrap()).collect()
    }

    /// The worked packet record of the format description: a DNS query, 166 bytes.
    pub(crate) const PACKET: &str = "
        00A60010 00000004 B72E372B BDA05000 005C0001 27000038 E3D9F140 40404040
        40404040 40404040 B72E372B BDA03000 00000000 00000000 0000FFFF 09437141
        00000000 00000000 0000FFFF 09255003 04010035 00000003 00110000 007F62C0
        001E0038 00000003 00000000 45000038 000E0000 4011A6FB 09437141 09255003
        04010035 0024AD0B 9D4A0100 00010000 00000000 02773303 69626D03 636F6D00
        001C0001 00A6";

    /// The worked data trace record, 128 bytes.
    pub(crate) const DATA: &str = "
        00800010 00000005 C45FFFFE 509E2000 005C0021 00000012 E4E2C5D9 F1F24040
        02010600 00000000 C45FFFFE 509E0000 00000000 00000000 0000FFFF 0A010002
        00000000 00000000 0000FFFF 0A010102 A1C82263 00000004 00060000 00000058
        00450012 00000000 00000000 47455420 2F204854 54502F31 2E300D0A 0D0A0080";

    #[test]
    fn reads_the_worked_packet_record() {
        let bytes = hex(PACKET);
        let c = Cte::parse(&bytes).unwrap();
        assert_eq!(c.len(), 166);
        assert_eq!(c.data_offset(), 16);
        assert_eq!(c.id(), FormatId::PACKET);
        assert_eq!(c.time().to_string(), "2002/02/12 23:39:11.873541");
        assert_eq!(c.data().len(), 148);
        assert_eq!(c.to_string(), "CTE packet len 166 2002/02/12 23:39:11.873541");
    }

    #[test]
    fn writes_the_worked_records() {
        for text in [PACKET, DATA] {
            let bytes = hex(text);
            let c = Cte::parse(&bytes).unwrap();
            let mut out = Vec::new();
            encode(c.id(), c.time(), c.data(), &mut out).unwrap();
            assert_eq!(out, bytes);
        }
    }

    #[test]
    fn walks_a_buffer_to_its_unused_end() {
        let mut buffer = hex(PACKET);
        buffer.extend(hex(DATA));
        assert_eq!(buffer.len(), 294);
        buffer.extend([0; 40]);
        let mut walk = Entries::new(&buffer);
        let lens: Vec<_> = walk.by_ref().map(|c| c.unwrap().len()).collect();
        assert_eq!(lens, [166, 128]);
        assert_eq!(walk.rest().len(), 40);
    }

    #[test]
    fn says_which_length_is_wrong() {
        let good = hex(PACKET);
        let mut b = good.clone();
        b[165] = 0xA7;
        assert_eq!(
            Cte::parse(&b).unwrap_err().to_string(),
            "CTE CTELENE at offset 164: is not the same length as CTELENP"
        );
        b = good.clone();
        b[3] = 165;
        assert_eq!(Cte::parse(&b).unwrap_err(), Error::value("CTE", "CTEOFF", 2, 165));
        b[3] = 15;
        assert!(Cte::parse(&b).is_err());
        assert_eq!(Cte::parse(&[0; 18]).unwrap_err(), Error::value("CTE", "CTELENP", 0, 0));
        for n in 0..good.len() {
            assert!(Cte::parse(&good[..n]).unwrap_err().is_short(), "cut at {n}");
        }
    }

    #[test]
    fn the_longest_entry() {
        let mut out = Vec::new();
        encode(FormatId(9), Tod(0), &vec![1; 65_535 - 18], &mut out).unwrap();
        assert_eq!(Cte::parse(&out).unwrap().len(), 65_535);
        assert!(encode(FormatId(9), Tod(0), &vec![1; 65_535 - 17], &mut out).is_err());
        assert_eq!(FormatId(0xFF00_0001).to_string(), "FF000001");
        assert!(FormatId(0xFF00_0001).is_lost() && !FormatId::SMC.is_lost());
    }

    proptest! {
        #[test]
        fn entries_survive(id: u32, time: u64, data in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut out = Vec::new();
            encode(FormatId(id), Tod(time), &data, &mut out).unwrap();
            let c = Cte::parse(&out).unwrap();
            prop_assert_eq!((c.id().0, c.time().0, c.data()), (id, time, &data[..]));
        }

        #[test]
        fn any_bytes(bytes: Vec<u8>) {
            let _ = Cte::parse(&bytes);
            prop_assert!(Entries::new(&bytes).count() <= bytes.len() / 18 + 1);
        }
    }
}
