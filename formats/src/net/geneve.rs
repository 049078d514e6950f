//! Geneve.
//!
//! Source: RFC 8926 sections 3.4 and 3.5.
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 1 | version (2 bits), length of the options in 32-bit words (6) | `geneve.version` |
//! | 1 | 1 | flags: O control packet 80, C critical options 40 | `geneve.flags` |
//! | 2 | 2 | protocol, an EtherType | `geneve.proto_type` |
//! | 4 | 3 | virtual network identifier | `geneve.vni` |
//! | 7 | 1 | reserved | `geneve.reserved` |
//! | 8 | - | options | `geneve.options` |
//!
//! An option:
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 2 | class | `geneve.option.class` |
//! | 2 | 1 | type, high bit critical | `geneve.option.type` |
//! | 3 | 1 | reserved (3 bits), length of the data in 32-bit words (5) | `geneve.option.length` |
//! | 4 | - | data | `geneve.option.data` |

use std::fmt;

use super::EtherType;
use crate::bytes::{be16, be32, prefix, put16, put32, room, split};
use crate::{Error, Result};

/// UDP port of Geneve.
pub const PORT: u16 = 6081;

/// Field offsets.
pub mod at {
    /// Version and option length, 1 byte.
    pub const VERSION_LEN: usize = 0;
    /// Flags, 1 byte.
    pub const FLAGS: usize = 1;
    /// Protocol, 2 bytes.
    pub const PROTO: usize = 2;
    /// Virtual network identifier, 3 bytes.
    pub const VNI: usize = 4;
    /// Options.
    pub const OPTIONS: usize = 8;
    /// Length of the header without options.
    pub const LEN: usize = 8;
    /// In an option: type, 1 byte.
    pub const OPT_TYPE: usize = 2;
    /// In an option: length, 1 byte.
    pub const OPT_LEN: usize = 3;
    /// In an option: data.
    pub const OPT_DATA: usize = 4;
}

/// The longest that options can be, in bytes.
pub const MAX_OPTIONS: usize = 63 * 4;

/// A view over a Geneve packet.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    options: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the whole header, options included. The version is not looked at.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, rest) = split::<{ at::LEN }>("Geneve", "geneve", bytes)?;
        let len = usize::from(fixed[at::VERSION_LEN] & 0x3f) * 4;
        let options = prefix("Geneve", "geneve.options", at::OPTIONS, rest, len)?;
        Ok(Self { fixed, options, payload: &rest[len..] })
    }

    /// Version, 0.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.fixed[at::VERSION_LEN] >> 6
    }

    /// Flags.
    #[must_use]
    pub const fn flags(&self) -> u8 {
        self.fixed[at::FLAGS]
    }

    /// Control packet, not tenant data.
    #[must_use]
    pub const fn is_control(&self) -> bool {
        self.flags() & 0x80 != 0
    }

    /// One of the options is critical.
    #[must_use]
    pub const fn has_critical(&self) -> bool {
        self.flags() & 0x40 != 0
    }

    /// What is carried.
    #[must_use]
    pub const fn protocol(&self) -> EtherType {
        EtherType(be16(self.fixed, at::PROTO))
    }

    /// Virtual network identifier, 24 bits.
    #[must_use]
    pub const fn vni(&self) -> u32 {
        be32(self.fixed, at::VNI) >> 8
    }

    /// The byte behind the network identifier.
    #[must_use]
    pub const fn reserved(&self) -> u8 {
        self.fixed[7]
    }

    /// Length of the header in bytes.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        at::LEN + self.options.len()
    }

    /// Option bytes.
    #[must_use]
    pub const fn option_bytes(&self) -> &'a [u8] {
        self.options
    }

    /// Walks the options; their offsets count from the start of the header.
    #[must_use]
    pub const fn options(&self) -> Options<'a> {
        Options { rest: self.options, offset: at::OPTIONS }
    }

    /// What follows the header.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

/// One option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GeneveOption<'a> {
    /// Offset from the start of the header.
    pub offset: usize,
    /// Class, the name space of the type.
    pub class: u16,
    /// Type, the critical bit included.
    pub kind: u8,
    /// The three reserved bits beside the length.
    pub reserved: u8,
    /// Data.
    pub data: &'a [u8],
}

impl GeneveOption<'_> {
    /// A receiver that does not know the option must drop the packet.
    #[must_use]
    pub const fn is_critical(&self) -> bool {
        self.kind & 0x80 != 0
    }
}

/// Walks options. One that is cut short is an error and the last item.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Iterator for Options<'a> {
    type Item = Result<GeneveOption<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.offset;
        let option = split::<{ at::OPT_DATA }>("Geneve", "geneve.option", self.rest).and_then(|(h, rest)| {
            let len = usize::from(h[at::OPT_LEN] & 0x1f) * 4;
            let data = prefix("Geneve", "geneve.option.data", at::OPT_DATA, rest, len)?;
            self.rest = &rest[len..];
            self.offset += at::OPT_DATA + len;
            let (class, kind, reserved) = (be16(h, 0), h[at::OPT_TYPE], h[at::OPT_LEN] >> 5);
            Ok(GeneveOption { offset, class, kind, reserved, data })
        });
        if option.is_err() {
            self.rest = &[];
        }
        Some(option.map_err(|e| e.at(offset)))
    }
}

/// A Geneve header to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Repr<'a> {
    /// Flags.
    pub flags: u8,
    /// What is carried.
    pub protocol: EtherType,
    /// Virtual network identifier, 24 bits.
    pub vni: u32,
    /// The byte behind it, 0.
    pub reserved: u8,
    /// Option bytes, a multiple of 4.
    pub options: &'a [u8],
}

impl<'a> Repr<'a> {
    /// A header without options for an Ethernet frame.
    #[must_use]
    pub const fn new(vni: u32) -> Self {
        Self { flags: 0, protocol: EtherType::TEB, vni, reserved: 0, options: &[] }
    }

    /// Refuses another version than 0.
    pub fn parse(h: &Header<'a>) -> Result<Self> {
        if h.version() != 0 {
            return Err(Error::value("Geneve", "geneve.version", at::VERSION_LEN, u64::from(h.version())));
        }
        Ok(Self {
            flags: h.flags(),
            protocol: h.protocol(),
            vni: h.vni(),
            reserved: h.reserved(),
            options: h.options,
        })
    }

    /// Bytes that [`Self::emit`] writes.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        at::LEN + self.options.len()
    }

    /// Writes the header at the front of `out` and returns its length.
    pub fn emit(&self, out: &mut [u8]) -> Result<usize> {
        if self.vni >> 24 != 0 {
            return Err(Error::value("Geneve", "geneve.vni", at::VNI, u64::from(self.vni)));
        }
        if self.options.len() > MAX_OPTIONS || !self.options.len().is_multiple_of(4) {
            let len = self.options.len() as u64;
            return Err(Error::value("Geneve", "geneve.options", at::OPTIONS, len));
        }
        let len = self.header_len();
        let available = out.len();
        let out = out.get_mut(..len).ok_or(Error::short("Geneve", "output buffer", 0, len, available))?;
        let (h, options) = room::<{ at::LEN }>("Geneve", out)?;
        h[at::VERSION_LEN] = (self.options.len() / 4) as u8;
        h[at::FLAGS] = self.flags;
        put16(h, at::PROTO, self.protocol.0);
        put32(h, at::VNI, self.vni << 8 | u32::from(self.reserved));
        options.copy_from_slice(self.options);
        Ok(len)
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Geneve, VNI {}, {}", self.vni(), self.protocol())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    // One option of 4 bytes, class 0102, critical type 1; laid out by hand after RFC 8926.
    const PACKET: [u8; 17] =
        [0x02, 0x40, 0x65, 0x58, 0, 0, 0x0a, 0, 0x01, 0x02, 0x81, 0x01, 0xde, 0xad, 0xbe, 0xef, 0xff];

    #[test]
    fn fields() {
        let h = Header::new(&PACKET).unwrap();
        assert_eq!((h.version(), h.is_control(), h.has_critical()), (0, false, true));
        assert_eq!((h.protocol(), h.vni(), h.header_len()), (EtherType::TEB, 10, 16));
        assert_eq!(h.payload(), &[0xff]);
        let o: Vec<_> = h.options().collect::<Result<_>>().unwrap();
        assert_eq!((o[0].offset, o[0].class, o[0].kind, o[0].is_critical()), (8, 0x0102, 0x81, true));
        assert_eq!((o[0].data, o.len()), (&[0xde, 0xad, 0xbe, 0xef][..], 1));
        assert_eq!(h.to_string(), "Geneve, VNI 10, Transparent Ethernet bridging");
    }

    #[test]
    fn an_option_cut_short_is_the_last_item() {
        let mut p = PACKET;
        p[11] = 2;
        let h = Header::new(&p).unwrap();
        let all: Vec<_> = h.options().collect();
        assert_eq!(all, [Err(Error::short("Geneve", "geneve.option.data", 12, 8, 4))]);
    }

    #[test]
    fn truncated() {
        every_prefix(&PACKET, 16, |b| Header::new(b).is_ok());
        every_prefix(&[0; 10], 8, |b| Repr::new(1).emit(&mut b.to_vec()).is_ok());
        assert!(Repr { options: &[0; 3], ..Repr::new(1) }.emit(&mut [0; 99]).is_err());
        assert!(Repr { options: &[0; 256], ..Repr::new(1) }.emit(&mut [0; 999]).is_err());
    }

    proptest! {
        #[test]
        fn emit_writes_what_was_parsed(mut bytes in prop::collection::vec(any::<u8>(), 8..64)) {
            bytes[0] &= 0x07;
            let Ok(h) = Header::new(&bytes) else { return Ok(()) };
            let _ = (h.to_string(), h.options().count());
            let mut out = [0; 64];
            let n = Repr::parse(&h).unwrap().emit(&mut out).unwrap();
            prop_assert_eq!(&out[..n], &bytes[..n]);
        }
    }
}
