//! Section Header Block and Interface Description Block.
//!
//! Body of the Section Header Block:
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 4 | byte-order magic 1A2B3C4D |
//! | 4 | 2 | major version, 1 |
//! | 6 | 2 | minor version, 0 (2 is read alike) |
//! | 8 | 8 | length of the section's other blocks, all ones when not known |
//! | 16 | n | options |
//!
//! Body of the Interface Description Block:
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 2 | link type |
//! | 2 | 2 | reserved |
//! | 4 | 4 | snap length, 0 when there is no limit |
//! | 8 | n | options |

use super::{BYTE_ORDER_MAGIC, Block, BlockType, OptionCode, OptionWriter, Options, begin, end};
use crate::endian::Endian;
use crate::{Error, Result};
use std::fmt;

const SHB: &str = "pcapng SHB";
const IDB: &str = "pcapng IDB";

/// Section length that says nothing.
pub const UNKNOWN_LENGTH: u64 = u64::MAX;

/// Resolution of time stamps, the value of `if_tsresol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TsResol(pub u8);

impl TsResol {
    /// 10^-6 s, what holds without the option.
    pub const MICROS: Self = Self(6);
    /// 10^-9 s.
    pub const NANOS: Self = Self(9);

    /// The exponent, and whether it is one of 2 (else of 10).
    #[must_use]
    pub const fn exponent(self) -> (u8, bool) {
        (self.0 & 0x7f, self.0 & 0x80 != 0)
    }

    /// Units in a second; `None` when the number has more than 64 bits.
    #[must_use]
    pub const fn per_second(self) -> Option<u64> {
        match self.exponent() {
            (n, true) => 1_u64.checked_shl(n as u32),
            (n, false) => 10_u64.checked_pow(n as u32),
        }
    }
}

impl Default for TsResol {
    fn default() -> Self {
        Self::MICROS
    }
}

impl fmt::Display for TsResol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, two) = self.exponent();
        write!(f, "{}^-{n} s", if two { 2 } else { 10 })
    }
}

/// Section Header Block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section<'a> {
    /// Byte order of the section.
    pub endian: Endian,
    /// Major version, 1.
    pub major: u16,
    /// Minor version.
    pub minor: u16,
    /// Bytes of the section's other blocks, or [`UNKNOWN_LENGTH`].
    pub length: u64,
    /// Options.
    pub options: Options<'a>,
}

impl<'a> Section<'a> {
    /// Reads the body of a block of type [`BlockType::SECTION`].
    pub fn decode(b: &Block<'a>) -> Result<Self> {
        let e = b.endian;
        let short = |field, at, n| Error::short(SHB, field, 8 + at, n, b.body.len().saturating_sub(at));
        let magic = e.u32_at(b.body, 0).ok_or(short("byte-order magic", 0, 4))?;
        if magic != BYTE_ORDER_MAGIC {
            return Err(Error::value(SHB, "byte-order magic", 8, u64::from(magic)));
        }
        Ok(Self {
            endian: e,
            major: e.u16_at(b.body, 4).ok_or(short("major version", 4, 2))?,
            minor: e.u16_at(b.body, 6).ok_or(short("minor version", 6, 2))?,
            length: e.u64_at(b.body, 8).ok_or(short("section length", 8, 8))?,
            options: Options::new(&b.body[16..], e),
        })
    }

    /// Appends a block of version 1.0 with the options that `fill` adds.
    pub fn encode(e: Endian, length: u64, out: &mut Vec<u8>, fill: impl FnOnce(&mut OptionWriter<'_>)) {
        let at = begin(out, e, BlockType::SECTION);
        out.extend_from_slice(&e.b32(BYTE_ORDER_MAGIC));
        out.extend_from_slice(&e.b16(1));
        out.extend_from_slice(&e.b16(0));
        out.extend_from_slice(&e.b64(length));
        let mut w = OptionWriter::new(out, e);
        fill(&mut w);
        w.finish();
        end(out, e, at);
    }
}

impl fmt::Display for Section<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SHB} {}.{}, {:?}-endian", self.major, self.minor, self.endian)
    }
}

/// What `if_filter` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter<'a> {
    /// 0 = a libpcap filter string, 1 = BPF bytecode.
    pub kind: u8,
    /// The filter.
    pub filter: &'a [u8],
}

/// Interface Description Block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interface<'a> {
    /// Link type of the interface's packets.
    pub link: u16,
    /// Reserved field, 0 in a good file.
    pub reserved: u16,
    /// Longest packet that the capture would keep, 0 = no limit.
    pub snaplen: u32,
    /// Options.
    pub options: Options<'a>,
}

impl<'a> Interface<'a> {
    /// Reads the body of a block of type [`BlockType::INTERFACE`].
    pub fn decode(b: &Block<'a>) -> Result<Self> {
        let e = b.endian;
        let short = |field, at, n| Error::short(IDB, field, 8 + at, n, b.body.len().saturating_sub(at));
        Ok(Self {
            link: e.u16_at(b.body, 0).ok_or(short("link type", 0, 2))?,
            reserved: e.u16_at(b.body, 2).ok_or(short("reserved", 2, 2))?,
            snaplen: e.u32_at(b.body, 4).ok_or(short("snap length", 4, 4))?,
            options: Options::new(&b.body[8..], e),
        })
    }

    /// `if_tsresol`, microseconds without it.
    #[must_use]
    pub fn tsresol(&self) -> TsResol {
        self.options
            .find(OptionCode::IF_TSRESOL)
            .and_then(|o| o.value.first().copied())
            .map_or(TsResol::MICROS, TsResol)
    }

    /// `if_tsoffset`: seconds to add to every time stamp.
    #[must_use]
    pub fn tsoffset(&self) -> i64 {
        self.options
            .find(OptionCode::IF_TSOFFSET)
            .filter(|o| o.value.len() == 8)
            .and_then(|o| o.number())
            .unwrap_or(0) as i64
    }

    /// `if_fcslen`: bytes of frame check sequence at the end of each packet.
    #[must_use]
    pub fn fcs_len(&self) -> Option<u8> {
        self.options.find(OptionCode::IF_FCSLEN).and_then(|o| o.value.first().copied())
    }

    /// `if_filter`.
    #[must_use]
    pub fn filter(&self) -> Option<Filter<'a>> {
        let (&kind, filter) = self.options.find(OptionCode::IF_FILTER)?.value.split_first()?;
        Some(Filter { kind, filter })
    }

    /// Appends a block with the options that `fill` adds.
    pub fn encode(
        e: Endian,
        link: u16,
        snaplen: u32,
        out: &mut Vec<u8>,
        fill: impl FnOnce(&mut OptionWriter<'_>),
    ) {
        let at = begin(out, e, BlockType::INTERFACE);
        out.extend_from_slice(&e.b16(link));
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(&e.b32(snaplen));
        let mut w = OptionWriter::new(out, e);
        fill(&mut w);
        w.finish();
        end(out, e, at);
    }
}

impl fmt::Display for Interface<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{IDB}, link type {}, snap length {}, {}", self.link, self.snaplen, self.tsresol())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn resolutions() {
        assert_eq!(TsResol(6).per_second(), Some(1_000_000));
        assert_eq!(TsResol(0x8a).per_second(), Some(1024));
        assert_eq!(TsResol(0).per_second(), Some(1));
        assert_eq!(TsResol(19).per_second(), Some(10_000_000_000_000_000_000));
        assert_eq!(TsResol(20).per_second(), None);
        assert_eq!(TsResol(0xbf).per_second(), Some(1 << 63));
        assert_eq!(TsResol(0xc0).per_second(), None);
        assert_eq!(TsResol(0x8a).to_string(), "2^-10 s");
    }

    #[test]
    fn section_round_trip() {
        let mut out = Vec::new();
        Section::encode(Endian::Big, UNKNOWN_LENGTH, &mut out, |o| {
            o.text(OptionCode::SHB_USERAPPL, "x");
        });
        assert_eq!(
            out,
            [
                0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 40, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0, 255, 255, 255, 255,
                255, 255, 255, 255, 0, 4, 0, 1, b'x', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40
            ]
        );
        let s = Section::decode(&Block::decode(&out, Endian::Little).unwrap()).unwrap();
        assert_eq!((s.endian, s.major, s.minor, s.length), (Endian::Big, 1, 0, u64::MAX));
        assert_eq!(s.options.find(OptionCode::SHB_USERAPPL).unwrap().text(), "x");
    }

    #[test]
    fn interface_options() {
        let mut out = Vec::new();
        Interface::encode(Endian::Little, 113, 65535, &mut out, |o| {
            o.u8(OptionCode::IF_TSRESOL, 9);
            o.u64(OptionCode::IF_TSOFFSET, (-5_i64) as u64);
            o.u8(OptionCode::IF_FCSLEN, 4);
            o.bytes(OptionCode::IF_FILTER, b"\0tcp");
        });
        let i = Interface::decode(&Block::decode(&out, Endian::Little).unwrap()).unwrap();
        assert_eq!((i.link, i.snaplen, i.tsresol(), i.tsoffset()), (113, 65535, TsResol::NANOS, -5));
        assert_eq!(i.fcs_len(), Some(4));
        assert_eq!(i.filter(), Some(Filter { kind: 0, filter: b"tcp" }));
        assert_eq!(i.to_string(), "pcapng IDB, link type 113, snap length 65535, 10^-9 s");
    }

    #[test]
    fn short_bodies_name_their_field() {
        let body = [0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        for (n, field) in
            [(0, "byte-order magic"), (4, "major version"), (6, "minor version"), (15, "section length")]
        {
            let b = Block { endian: Endian::Big, kind: BlockType::SECTION, body: &body[..n] };
            assert_eq!(Section::decode(&b).unwrap_err().field, field);
        }
        for (n, field) in [(0, "link type"), (3, "reserved"), (7, "snap length")] {
            let b = Block { endian: Endian::Big, kind: BlockType::INTERFACE, body: &body[..n] };
            assert_eq!(Interface::decode(&b).unwrap_err().field, field);
        }
    }

    proptest! {
        #[test]
        fn any_bytes(body in prop::collection::vec(any::<u8>(), 0..64), big: bool) {
            let endian = if big { Endian::Big } else { Endian::Little };
            let _ = Section::decode(&Block { endian, kind: BlockType::SECTION, body: &body });
            if let Ok(i) = Interface::decode(&Block { endian, kind: BlockType::INTERFACE, body: &body }) {
                let _ = (i.tsresol().per_second(), i.tsoffset(), i.fcs_len(), i.filter());
            }
        }
    }
}
