//! The three packet blocks.
//!
//! Body of the Enhanced Packet Block:
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 4 | interface id |
//! | 4 | 4 | time stamp, high half |
//! | 8 | 4 | time stamp, low half |
//! | 12 | 4 | captured length |
//! | 16 | 4 | length on the wire |
//! | 20 | n | packet, padded to a multiple of 4 |
//! | 20+n | m | options |
//!
//! Body of the Simple Packet Block: length on the wire (4), packet. It belongs to interface 0 and
//! its captured length is the smaller of the length and that interface's snap length.
//!
//! Body of the obsolete Packet Block: interface id (2), drop count (2), then as the Enhanced
//! Packet Block from offset 4 on.

use super::{Block, BlockType, OptionCode, OptionWriter, Options, begin, end, pad, padding};
use crate::endian::Endian;
use crate::{Error, Result};
use std::fmt;

const EPB: &str = "pcapng EPB";
const SPB: &str = "pcapng SPB";
const PB: &str = "pcapng PB";

/// The value of `epb_flags`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PacketFlags(pub u32);

impl PacketFlags {
    /// Direction in bits 0-1: 0 unknown, 1 inbound, 2 outbound.
    #[must_use]
    pub const fn direction(self) -> u8 {
        (self.0 & 3) as u8
    }

    /// Reception type in bits 2-4: 0 unspecified, 1 unicast, 2 multicast, 3 broadcast, 4 promiscuous.
    #[must_use]
    pub const fn reception(self) -> u8 {
        (self.0 >> 2 & 7) as u8
    }

    /// Length of the frame check sequence in bits 5-8, 0 when not known.
    #[must_use]
    pub const fn fcs_len(self) -> u8 {
        (self.0 >> 5 & 15) as u8
    }

    /// Link-layer errors in bits 16-31.
    #[must_use]
    pub const fn errors(self) -> u16 {
        (self.0 >> 16) as u16
    }
}

/// Enhanced Packet Block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enhanced<'a> {
    /// Interface id, from 0 in every section.
    pub interface: u32,
    /// Time in units of the interface's resolution since 1970.
    pub time: u64,
    /// Length on the wire.
    pub orig_len: u32,
    /// Packet bytes.
    pub data: &'a [u8],
    /// Options.
    pub options: Options<'a>,
}

impl<'a> Enhanced<'a> {
    /// Reads the body of a block of type [`BlockType::ENHANCED_PACKET`].
    pub fn decode(b: &Block<'a>) -> Result<Self> {
        let e = b.endian;
        let get = |field, at| {
            e.u32_at(b.body, at).ok_or(Error::short(EPB, field, 8 + at, 4, b.body.len().saturating_sub(at)))
        };
        let interface = get("interface id", 0)?;
        let time = u64::from(get("timestamp (high)", 4)?) << 32 | u64::from(get("timestamp (low)", 8)?);
        let (data, options) =
            tail(EPB, b, get("captured length", 12)?, 20, get("original length", 16).err())?;
        Ok(Self { interface, time, orig_len: get("original length", 16)?, data, options })
    }

    /// `epb_flags`.
    #[must_use]
    pub fn flags(&self) -> Option<PacketFlags> {
        let o = self.options.find(OptionCode::EPB_FLAGS)?;
        (o.value.len() == 4).then(|| o.number()).flatten().map(|v| PacketFlags(v as u32))
    }

    /// Appends a block. `data` is written as one after the other; `fill` adds the options.
    pub fn encode(
        e: Endian,
        interface: u32,
        time: u64,
        orig_len: u32,
        data: &[&[u8]],
        out: &mut Vec<u8>,
        fill: impl FnOnce(&mut OptionWriter<'_>),
    ) {
        let at = begin(out, e, BlockType::ENHANCED_PACKET);
        let captured: usize = data.iter().map(|d| d.len()).sum();
        let mut head = [0; 20];
        head[0..4].copy_from_slice(&e.b32(interface));
        head[4..8].copy_from_slice(&e.b32((time >> 32) as u32));
        head[8..12].copy_from_slice(&e.b32(time as u32));
        head[12..16].copy_from_slice(&e.b32(captured as u32));
        head[16..20].copy_from_slice(&e.b32(orig_len));
        out.extend_from_slice(&head);
        for d in data {
            out.extend_from_slice(d);
        }
        pad(out, padding(captured));
        let mut w = OptionWriter::new(out, e);
        fill(&mut w);
        w.finish();
        end(out, e, at);
    }
}

impl fmt::Display for Enhanced<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{EPB}, interface {}, {} of {} bytes", self.interface, self.data.len(), self.orig_len)
    }
}

/// Packet and options that follow the fixed fields.
fn tail<'a>(
    record: &'static str,
    b: &Block<'a>,
    captured: u32,
    at: usize,
    orig: Option<Error>,
) -> Result<(&'a [u8], Options<'a>)> {
    if let Some(e) = orig {
        return Err(e);
    }
    let len = captured as usize;
    let rest = &b.body[at..];
    let Some(data) = rest.get(..len) else {
        return Err(Error::short(record, "packet data", 8 + at, len, rest.len()));
    };
    Ok((data, Options::new(rest.get(len + padding(len)..).unwrap_or_default(), b.endian)))
}

/// Simple Packet Block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Simple<'a> {
    /// Length on the wire.
    pub orig_len: u32,
    /// Packet bytes and their padding: [`Simple::data`] cuts it.
    pub padded: &'a [u8],
}

impl<'a> Simple<'a> {
    /// Reads the body of a block of type [`BlockType::SIMPLE_PACKET`].
    pub fn decode(b: &Block<'a>) -> Result<Self> {
        let orig_len =
            b.endian.u32_at(b.body, 0).ok_or(Error::short(SPB, "original length", 8, 4, b.body.len()))?;
        Ok(Self { orig_len, padded: &b.body[4..] })
    }

    /// The packet, given the snap length of interface 0 (0 = no limit).
    #[must_use]
    pub fn data(&self, snaplen: u32) -> &'a [u8] {
        let limit = if snaplen == 0 { self.orig_len } else { self.orig_len.min(snaplen) };
        &self.padded[..self.padded.len().min(limit as usize)]
    }

    /// Appends a block.
    pub fn encode(e: Endian, orig_len: u32, data: &[u8], out: &mut Vec<u8>) {
        let at = begin(out, e, BlockType::SIMPLE_PACKET);
        out.extend_from_slice(&e.b32(orig_len));
        out.extend_from_slice(data);
        end(out, e, at);
    }
}

impl fmt::Display for Simple<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SPB}, {} bytes", self.orig_len)
    }
}

/// The obsolete Packet Block, which nobody should write any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Obsolete<'a> {
    /// Interface id, from 0 in every section.
    pub interface: u16,
    /// Packets lost on the interface since the one before, FFFF when not known.
    pub drops: u16,
    /// Time in units of the interface's resolution since 1970.
    pub time: u64,
    /// Length on the wire.
    pub orig_len: u32,
    /// Packet bytes.
    pub data: &'a [u8],
    /// Options.
    pub options: Options<'a>,
}

impl<'a> Obsolete<'a> {
    /// Reads the body of a block of type [`BlockType::PACKET`].
    pub fn decode(b: &Block<'a>) -> Result<Self> {
        let e = b.endian;
        let get = |field, at| {
            e.u32_at(b.body, at).ok_or(Error::short(PB, field, 8 + at, 4, b.body.len().saturating_sub(at)))
        };
        let short = |field, at| Error::short(PB, field, 8 + at, 2, b.body.len().saturating_sub(at));
        let interface = e.u16_at(b.body, 0).ok_or(short("interface id", 0))?;
        let drops = e.u16_at(b.body, 2).ok_or(short("drops count", 2))?;
        let time = u64::from(get("timestamp (high)", 4)?) << 32 | u64::from(get("timestamp (low)", 8)?);
        let (data, options) = tail(PB, b, get("captured length", 12)?, 20, get("original length", 16).err())?;
        Ok(Self { interface, drops, time, orig_len: get("original length", 16)?, data, options })
    }
}

impl fmt::Display for Obsolete<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PB}, interface {}, {} of {} bytes", self.interface, self.data.len(), self.orig_len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn epb() -> Vec<u8> {
        let mut out = Vec::new();
        Enhanced::encode(Endian::Little, 2, 0x0001_0002_0003_0004, 90, &[&[1, 2], &[3]], &mut out, |o| {
            o.text(OptionCode::COMMENT, "hi");
            o.u32(OptionCode::EPB_FLAGS, 0x0001_0082);
        });
        out
    }

    #[test]
    fn enhanced_bytes() {
        assert_eq!(
            epb(),
            [
                6, 0, 0, 0, 56, 0, 0, 0, 2, 0, 0, 0, 2, 0, 1, 0, 4, 0, 3, 0, 3, 0, 0, 0, 90, 0, 0, 0, 1, 2,
                3, 0, //
                1, 0, 2, 0, b'h', b'i', 0, 0, 2, 0, 4, 0, 0x82, 0, 1, 0, 0, 0, 0, 0, 56, 0, 0, 0
            ]
        );
    }

    #[test]
    fn enhanced_fields() {
        let raw = epb();
        let p = Enhanced::decode(&Block::decode(&raw, Endian::Little).unwrap()).unwrap();
        assert_eq!((p.interface, p.time, p.orig_len, p.data), (2, 0x0001_0002_0003_0004, 90, &[1, 2, 3][..]));
        let f = p.flags().unwrap();
        assert_eq!((f.direction(), f.reception(), f.fcs_len(), f.errors()), (2, 0, 4, 1));
        assert_eq!(p.to_string(), "pcapng EPB, interface 2, 3 of 90 bytes");
    }

    #[test]
    fn captured_length_beyond_the_block() {
        let mut raw = epb();
        raw[20] = 200;
        let e = Enhanced::decode(&Block::decode(&raw, Endian::Little).unwrap()).unwrap_err();
        assert_eq!((e.field, e.offset), ("packet data", 28));
    }

    #[test]
    fn simple_is_cut_by_the_snap_length() {
        let mut out = Vec::new();
        Simple::encode(Endian::Big, 7, &[1, 2, 3, 4, 5, 6, 7], &mut out);
        assert_eq!(out, [0, 0, 0, 3, 0, 0, 0, 24, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 24]);
        let s = Simple::decode(&Block::decode(&out, Endian::Big).unwrap()).unwrap();
        assert_eq!(s.data(0), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(s.data(5), [1, 2, 3, 4, 5]);
        assert_eq!(s.data(99), [1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn obsolete_packet() {
        let body = [0, 1, 255, 255, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9, 0x45, 0, 0, 0];
        let b = Block { endian: Endian::Big, kind: BlockType::PACKET, body: &body };
        let p = Obsolete::decode(&b).unwrap();
        assert_eq!(
            (p.interface, p.drops, p.time, p.orig_len, p.data),
            (1, 0xffff, 1 << 32 | 2, 9, &[0x45][..])
        );
        for n in 0..21 {
            assert!(Obsolete::decode(&Block { body: &body[..n], ..b }).unwrap_err().is_short());
        }
    }

    proptest! {
        #[test]
        fn any_bytes(body in prop::collection::vec(any::<u8>(), 0..64), big: bool, snaplen: u32) {
            let endian = if big { Endian::Big } else { Endian::Little };
            let b = Block { endian, kind: BlockType::ENHANCED_PACKET, body: &body };
            if let Ok(p) = Enhanced::decode(&b) {
                let _ = p.flags();
            }
            let _ = Obsolete::decode(&b);
            if let Ok(p) = Simple::decode(&b) {
                prop_assert!(p.data(snaplen).len() <= body.len());
            }
        }
    }
}
