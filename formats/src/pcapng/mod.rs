//! pcapng: blocks of a capture file, from draft-ietf-opsawg-pcapng.
//!
//! Every block, in the byte order of its section:
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 4 | block type, see [`BlockType`] |
//! | 4 | 4 | total length of the block, a multiple of 4, 12 at least |
//! | 8 | n | body |
//! | 8+n | 4 | total length again |
//!
//! A section begins with a Section Header Block, whose type reads the same in both byte orders
//! and whose first body field shows the order. Interface ids count from 0 in every section.

mod option;
mod other;
mod packet;
mod section;

pub use option::{Opt, OptionCode, OptionWriter, Options};
pub use other::{Custom, InterfaceStatistics, Journal, Name, NameRecord, Names, Secrets, SecretsType};
pub use packet::{Enhanced, Obsolete, PacketFlags, Simple};
pub use section::{Filter, Interface, Section, TsResol, UNKNOWN_LENGTH};

use crate::endian::Endian;
use crate::{Error, Result};
use std::fmt;

const BLOCK: &str = "pcapng block";

/// Shortest block: type and two lengths.
pub const MIN_BLOCK: usize = 12;
/// The byte-order magic of a Section Header Block.
pub const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;

/// Block type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockType(pub u32);

#[allow(missing_docs)]
impl BlockType {
    pub const SECTION: Self = Self(0x0a0d_0d0a);
    pub const INTERFACE: Self = Self(1);
    pub const PACKET: Self = Self(2);
    pub const SIMPLE_PACKET: Self = Self(3);
    pub const NAME_RESOLUTION: Self = Self(4);
    pub const INTERFACE_STATISTICS: Self = Self(5);
    pub const ENHANCED_PACKET: Self = Self(6);
    pub const IRIG_TIMESTAMP: Self = Self(7);
    pub const ARINC_429: Self = Self(8);
    pub const SYSTEMD_JOURNAL: Self = Self(9);
    pub const DECRYPTION_SECRETS: Self = Self(10);
    pub const CUSTOM: Self = Self(0xbad);
    /// A custom block that must not be copied by a tool that does not understand it.
    pub const CUSTOM_NO_COPY: Self = Self(0x4000_0bad);

    /// The block's short name as the specification uses it, when the type is a known one.
    #[must_use]
    pub const fn short_name(self) -> Option<&'static str> {
        Some(match self {
            Self::SECTION => "pcapng SHB",
            Self::INTERFACE => "pcapng IDB",
            Self::PACKET => "pcapng PB",
            Self::SIMPLE_PACKET => "pcapng SPB",
            Self::NAME_RESOLUTION => "pcapng NRB",
            Self::INTERFACE_STATISTICS => "pcapng ISB",
            Self::ENHANCED_PACKET => "pcapng EPB",
            Self::IRIG_TIMESTAMP => "pcapng IRIG timestamp block",
            Self::ARINC_429 => "pcapng ARINC 429 block",
            Self::SYSTEMD_JOURNAL => "pcapng systemd journal block",
            Self::DECRYPTION_SECRETS => "pcapng DSB",
            Self::CUSTOM => "pcapng custom block",
            Self::CUSTOM_NO_COPY => "pcapng custom block, not to be copied",
            _ => return None,
        })
    }
}

impl fmt::Display for BlockType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.short_name() {
            Some(n) => f.write_str(n),
            None => write!(f, "pcapng block type 0x{:08x}", self.0),
        }
    }
}

/// Padding that brings `len` to a multiple of 4.
#[inline]
#[must_use]
pub const fn padding(len: usize) -> usize {
    len.wrapping_neg() & 3
}

/// One block, its framing checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// Byte order of its section.
    pub endian: Endian,
    /// Block type.
    pub kind: BlockType,
    /// What is between the two lengths.
    pub body: &'a [u8],
}

impl<'a> Block<'a> {
    /// Reads the block at the start of `b`. A Section Header Block shows its own byte order;
    /// `endian` is that of the section for all others.
    pub fn decode(b: &'a [u8], endian: Endian) -> Result<Self> {
        let short = |field, at, needed| Error::short(BLOCK, field, at, needed, b.len().saturating_sub(at));
        let kind = BlockType(endian.u32_at(b, 0).ok_or(short("type", 0, 4))?);
        let endian = if kind == BlockType::SECTION {
            Self::section_order(b)?.ok_or(Error::value(
                BLOCK,
                "byte-order magic",
                8,
                u64::from(endian.u32_at(b, 8).unwrap_or(0)),
            ))?
        } else {
            endian
        };
        let total = endian.u32_at(b, 4).ok_or(short("total length", 4, 4))?;
        let len = total as usize;
        if len < MIN_BLOCK || !len.is_multiple_of(4) {
            return Err(Error::value(BLOCK, "total length", 4, u64::from(total)));
        }
        let Some(body) = b.get(8..len - 4) else {
            return Err(Error::short(BLOCK, "body", 8, len - 12, b.len() - 8));
        };
        let trailer = endian.u32_at(b, len - 4).ok_or(short("trailing length", len - 4, 4))?;
        if trailer != total {
            return Err(Error::contradiction(
                BLOCK,
                "trailing length",
                len - 4,
                "it differs from the length at the start of the block",
            ));
        }
        Ok(Self { endian, kind, body })
    }

    /// Byte order of the Section Header Block at the start of `b`; `None` when the magic is wrong.
    pub fn section_order(b: &[u8]) -> Result<Option<Endian>> {
        let magic = Endian::Little.u32_at(b, 8).ok_or(Error::short(
            BLOCK,
            "byte-order magic",
            8,
            4,
            b.len().saturating_sub(8),
        ))?;
        Ok(match magic {
            BYTE_ORDER_MAGIC => Some(Endian::Little),
            m if m.swap_bytes() == BYTE_ORDER_MAGIC => Some(Endian::Big),
            _ => None,
        })
    }

    /// Length of the whole block.
    #[must_use]
    pub const fn total_len(&self) -> usize {
        self.body.len() + MIN_BLOCK
    }

    /// Appends the block; a body that is no multiple of 4 is padded.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let at = begin(out, self.endian, self.kind);
        out.extend_from_slice(self.body);
        end(out, self.endian, at);
    }
}

impl fmt::Display for Block<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} bytes", self.kind, self.total_len())
    }
}

/// Appends type and a length to be filled in by [`end`]; returns where the block begins.
pub(crate) fn begin(out: &mut Vec<u8>, e: Endian, kind: BlockType) -> usize {
    let at = out.len();
    out.extend_from_slice(&e.b32(kind.0));
    out.extend_from_slice(&[0; 4]);
    at
}

/// Appends up to three zeros.
pub(crate) fn pad(out: &mut Vec<u8>, zeros: usize) {
    let end = out.len() + zeros;
    out.extend_from_slice(&[0; 4]);
    out.truncate(end);
}

/// Pads the block that began at `at` and fills in both lengths.
pub(crate) fn end(out: &mut Vec<u8>, e: Endian, at: usize) {
    pad(out, padding(out.len() - at));
    let total = e.b32((out.len() - at + 4) as u32);
    out[at + 4..at + 8].copy_from_slice(&total);
    out.extend_from_slice(&total);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // The Section Header Block of pcapng-test-generator's big-endian files, options left out.
    const SHB_BE: [u8; 28] = [
        0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 28, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0, 255, 255, 255, 255, 255,
        255, 255, 255, 0, 0, 0, 28,
    ];

    #[test]
    fn a_section_header_shows_its_own_byte_order() {
        let b = Block::decode(&SHB_BE, Endian::Little).unwrap();
        assert_eq!((b.endian, b.kind, b.body.len()), (Endian::Big, BlockType::SECTION, 16));
        let mut out = Vec::new();
        b.encode(&mut out);
        assert_eq!(out, SHB_BE);
        assert_eq!(b.to_string(), "pcapng SHB, 28 bytes");
    }

    #[test]
    fn unknown_types_keep_their_number_and_bytes() {
        let raw = [0x78, 0x56, 0x34, 0x12, 16, 0, 0, 0, 1, 2, 3, 4, 16, 0, 0, 0];
        let b = Block::decode(&raw, Endian::Little).unwrap();
        assert_eq!((b.kind, b.body), (BlockType(0x1234_5678), &[1, 2, 3, 4][..]));
        assert_eq!(b.kind.to_string(), "pcapng block type 0x12345678");
        let mut out = Vec::new();
        b.encode(&mut out);
        assert_eq!(out, raw);
    }

    #[test]
    fn lengths_must_agree() {
        let mut raw = SHB_BE;
        raw[27] = 32;
        assert_eq!(Block::decode(&raw, Endian::Big).unwrap_err().field, "trailing length");
        raw[7] = 30;
        assert_eq!(Block::decode(&raw, Endian::Big).unwrap_err().field, "total length");
        raw[7] = 8;
        assert_eq!(Block::decode(&raw, Endian::Big).unwrap_err().field, "total length");
        raw[8] = 0;
        assert_eq!(Block::decode(&raw, Endian::Big).unwrap_err().field, "byte-order magic");
    }

    #[test]
    fn truncated_at_every_byte() {
        for n in 0..SHB_BE.len() {
            assert!(Block::decode(&SHB_BE[..n], Endian::Big).unwrap_err().is_short(), "{n}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes(b in prop::collection::vec(any::<u8>(), 0..64), big: bool) {
            let e = if big { Endian::Big } else { Endian::Little };
            if let Ok(block) = Block::decode(&b, e) {
                let mut out = Vec::new();
                block.encode(&mut out);
                prop_assert_eq!(&out[..], &b[..block.total_len()]);
            }
        }

        #[test]
        fn any_body(mut body in prop::collection::vec(any::<u8>(), 0..64), kind: u32, big: bool) {
            let endian = if big { Endian::Big } else { Endian::Little };
            prop_assume!(kind != BlockType::SECTION.0);
            let mut out = Vec::new();
            Block { endian, kind: BlockType(kind), body: &body }.encode(&mut out);
            body.resize(body.len() + padding(body.len()), 0);
            prop_assert_eq!(Block::decode(&out, endian), Ok(Block { endian, kind: BlockType(kind), body: &body }));
        }
    }
}
