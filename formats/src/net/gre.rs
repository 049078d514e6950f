//! GRE, version 0, and the enhanced GRE of PPTP, version 1.
//!
//! Source: RFC 2784 and RFC 2890 (version 0), RFC 1701 (source routes), RFC 2637 section 4.1
//! (version 1).
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 2 | flags: C, R, K, S, s, recursion (3 bits), A, reserved (4), version (3) | `gre.flags_and_version` |
//! | 2 | 2 | protocol, an EtherType; 880B in version 1 | `gre.proto` |
//! | 4 | 2 | with C or R: checksum | `gre.checksum` |
//! | 6 | 2 | with C or R: offset of the active source route | `gre.offset` |
//! | +0 | 4 | with K: key; version 1: payload length, call identifier, 2 bytes each | `gre.key` |
//! | +0 | 4 | with S: sequence number | `gre.sequence_number` |
//! | +0 | 4 | version 1, with A: acknowledgment number | `gre.ack_number` |
//! | +0 | - | with R: source route entries, ended by one of length 0 | `gre.routing` |

use std::fmt;

use super::EtherType;
use crate::bytes::split;
use crate::checksum::checksum;
use crate::{Cursor, Error, Result};

/// Field offsets; those behind the checksum depend on the flags.
pub mod at {
    /// Flags and version, 2 bytes.
    pub const FLAGS: usize = 0;
    /// Protocol, 2 bytes.
    pub const PROTO: usize = 2;
    /// Checksum, 2 bytes, when the flags announce it.
    pub const CHECKSUM: usize = 4;
    /// Offset of the active source route, 2 bytes, when the flags announce it.
    pub const OFFSET: usize = 6;
    /// Length of the header without optional fields.
    pub const LEN: usize = 4;
}

/// The first two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Flags(pub u16);

impl Flags {
    /// Checksum (and offset) present.
    pub const CHECKSUM: Self = Self(0x8000);
    /// Source routes (and checksum and offset) present.
    pub const ROUTING: Self = Self(0x4000);
    /// Key present.
    pub const KEY: Self = Self(0x2000);
    /// Sequence number present.
    pub const SEQUENCE: Self = Self(0x1000);
    /// Strict source route.
    pub const STRICT: Self = Self(0x0800);
    /// Version 1: acknowledgment number present.
    pub const ACK: Self = Self(0x0080);

    /// True when any bit of `other` is set.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Version: 0 GRE, 1 enhanced GRE.
    #[must_use]
    pub const fn version(self) -> u8 {
        (self.0 & 7) as u8
    }
}

/// A view over a GRE packet.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    flags: Flags,
    protocol: EtherType,
    checksum: Option<(u16, u16)>,
    key: Option<u32>,
    sequence: Option<u32>,
    ack: Option<u32>,
    routing: &'a [u8],
    bytes: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs every field that the flags announce, source routes to their end.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let mut c = Cursor::new("GRE", bytes);
        let flags = Flags(c.u16("gre.flags_and_version")?);
        let protocol = EtherType(c.u16("gre.proto")?);
        let checksum = if flags.intersects(Flags(Flags::CHECKSUM.0 | Flags::ROUTING.0)) {
            Some((c.u16("gre.checksum")?, c.u16("gre.offset")?))
        } else {
            None
        };
        let key = flags.intersects(Flags::KEY).then(|| c.u32("gre.key")).transpose()?;
        let sequence = flags.intersects(Flags::SEQUENCE).then(|| c.u32("gre.sequence_number")).transpose()?;
        let has_ack = flags.version() == 1 && flags.intersects(Flags::ACK);
        let ack = has_ack.then(|| c.u32("gre.ack_number")).transpose()?;
        let routes = c.rest();
        let from = c.position();
        if flags.intersects(Flags::ROUTING) {
            // Address family, offset, length, information; family and length 0 end the list.
            while {
                let head = c.array::<4>("gre.routing")?;
                c.skip("gre.routing.information", usize::from(head[3]))?;
                head[3] != 0
            } {}
        }
        let routing = &routes[..c.position() - from];
        Ok(Self { flags, protocol, checksum, key, sequence, ack, routing, bytes, payload: c.rest() })
    }

    /// Flags and version.
    #[must_use]
    pub const fn flags(&self) -> Flags {
        self.flags
    }

    /// What is carried.
    #[must_use]
    pub const fn protocol(&self) -> EtherType {
        self.protocol
    }

    /// Checksum as it stands, when there is one.
    #[must_use]
    pub fn checksum(&self) -> Option<u16> {
        self.checksum.map(|(sum, _)| sum).filter(|_| self.flags.intersects(Flags::CHECKSUM))
    }

    /// True when the checksum over header and payload is right, `None` when there is none.
    #[must_use]
    pub fn checksum_ok(&self) -> Option<bool> {
        self.checksum().map(|_| checksum(self.bytes) == 0)
    }

    /// Offset of the active source route entry, when there are source routes.
    #[must_use]
    pub fn offset(&self) -> Option<u16> {
        self.checksum.map(|(_, offset)| offset).filter(|_| self.flags.intersects(Flags::ROUTING))
    }

    /// Key.
    #[must_use]
    pub const fn key(&self) -> Option<u32> {
        self.key
    }

    /// Version 1: payload length and call identifier, which the key holds.
    #[must_use]
    pub fn call(&self) -> Option<(u16, u16)> {
        self.key.filter(|_| self.flags.version() == 1).map(|k| ((k >> 16) as u16, k as u16))
    }

    /// Sequence number.
    #[must_use]
    pub const fn sequence(&self) -> Option<u32> {
        self.sequence
    }

    /// Version 1: acknowledgment number.
    #[must_use]
    pub const fn ack(&self) -> Option<u32> {
        self.ack
    }

    /// Source route entries, the last and empty one included.
    #[must_use]
    pub const fn routing(&self) -> &'a [u8] {
        self.routing
    }

    /// Length of the header in bytes.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        self.bytes.len() - self.payload.len()
    }

    /// What follows the header.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

/// A GRE header to send, without source routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Repr {
    /// Version: 0, or 1 for PPTP.
    pub version: u8,
    /// What is carried.
    pub protocol: EtherType,
    /// Whether to make a checksum.
    pub checksum: bool,
    /// Key; version 1: payload length in the high half, call identifier in the low one.
    pub key: Option<u32>,
    /// Sequence number.
    pub sequence: Option<u32>,
    /// Version 1: acknowledgment number.
    pub ack: Option<u32>,
}

impl Repr {
    /// Refuses another version, source routes (RFC 2784 has none) and other flags.
    pub fn parse(h: &Header<'_>) -> Result<Self> {
        let known = Flags::CHECKSUM.0 | Flags::KEY.0 | Flags::SEQUENCE.0 | 1;
        let known = if h.flags.version() == 1 { known | Flags::ACK.0 } else { known };
        if h.flags.0 & !known != 0 {
            return Err(Error::value("GRE", "gre.flags_and_version", at::FLAGS, u64::from(h.flags.0)));
        }
        Ok(Self {
            version: h.flags.version(),
            protocol: h.protocol,
            checksum: h.checksum().is_some(),
            key: h.key,
            sequence: h.sequence,
            ack: h.ack,
        })
    }

    /// Bytes that [`Self::emit`] writes.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        let optional = self.checksum as usize
            + self.key.is_some() as usize
            + self.sequence.is_some() as usize
            + self.ack.is_some() as usize;
        at::LEN + 4 * optional
    }

    /// Writes the header at the front of `out` and returns its length. Everything behind it in
    /// `out` is the payload, which must already be there when a checksum is made over it.
    pub fn emit(&self, out: &mut [u8]) -> Result<usize> {
        if self.version > 1 || self.version == 0 && self.ack.is_some() {
            return Err(Error::value("GRE", "gre.flags.version", at::FLAGS, u64::from(self.version)));
        }
        let len = self.header_len();
        let available = out.len();
        let h = out.get_mut(..len).ok_or(Error::short("GRE", "output buffer", 0, len, available))?;
        let mut flags = u16::from(self.version);
        let mut optional = h[at::LEN..].chunks_mut(4);
        for (flag, value) in [
            (Flags::CHECKSUM, self.checksum.then_some(0)),
            (Flags::KEY, self.key),
            (Flags::SEQUENCE, self.sequence),
            (Flags::ACK, self.ack),
        ] {
            let Some(value) = value else { continue };
            flags |= flag.0;
            if let Some(to) = optional.next() {
                to.copy_from_slice(&value.to_be_bytes());
            }
        }
        h[at::FLAGS..at::PROTO].copy_from_slice(&flags.to_be_bytes());
        h[at::PROTO..at::LEN].copy_from_slice(&self.protocol.0.to_be_bytes());
        if self.checksum {
            let sum = checksum(out);
            out[at::CHECKSUM..at::OFFSET].copy_from_slice(&sum.to_be_bytes());
        }
        Ok(len)
    }
}

/// One source route entry (RFC 1701).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceRoute<'a> {
    /// Address family of the information.
    pub family: u16,
    /// Offset of the active entry in the information.
    pub offset: u8,
    /// Addresses.
    pub information: &'a [u8],
}

/// Walks source route entries, the last and empty one excluded.
pub fn source_routes(mut routing: &[u8]) -> impl Iterator<Item = SourceRoute<'_>> {
    std::iter::from_fn(move || {
        let (&[a, b, offset, len], rest) = split("GRE", "gre.routing", routing).ok()?;
        let (information, rest) = rest.split_at_checked(usize::from(len)).filter(|_| len > 0)?;
        routing = rest;
        Some(SourceRoute { family: u16::from_be_bytes([a, b]), offset, information })
    })
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GREv{}, {}", self.flags.version(), self.protocol)?;
        for (name, value) in [("key", self.key), ("seq", self.sequence), ("ack", self.ack)] {
            if let Some(v) = value {
                write!(f, ", {name} {v}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    #[test]
    fn version_0_with_key_and_sequence() {
        let p = [0x30, 0x00, 0x08, 0x00, 0, 0, 0, 100, 0, 0, 0, 7, 0x45];
        let h = Header::new(&p).unwrap();
        assert_eq!((h.protocol(), h.key(), h.sequence()), (EtherType::IPV4, Some(100), Some(7)));
        assert_eq!((h.checksum(), h.offset(), h.ack(), h.call()), (None, None, None, None));
        assert_eq!((h.header_len(), h.payload()), (12, &[0x45][..]));
        assert_eq!(h.to_string(), "GREv0, IPv4, key 100, seq 7");
        every_prefix(&p, 12, |b| Header::new(b).is_ok());
    }

    #[test]
    fn version_1_of_rfc_2637() {
        let p = [0x30, 0x81, 0x88, 0x0b, 0, 2, 0, 9, 0, 0, 0, 1, 0, 0, 0, 5, 0xff, 0x03];
        let h = Header::new(&p).unwrap();
        assert_eq!((h.flags().version(), h.protocol()), (1, EtherType::PPP));
        assert_eq!((h.call(), h.sequence(), h.ack()), (Some((2, 9)), Some(1), Some(5)));
        assert_eq!(h.payload(), &[0xff, 0x03]);
        let r = Repr::parse(&h).unwrap();
        let mut out = [0; 16];
        assert_eq!(r.emit(&mut out), Ok(16));
        assert_eq!(out, p[..16]);
    }

    #[test]
    fn checksum_covers_header_and_payload() {
        // Sum by hand: 8000 + 0800 + 4500 = cd00, complement 32ff.
        let mut out = [0, 0, 0, 0, 0, 0, 0, 0, 0x45, 0x00];
        let r = Repr { protocol: EtherType::IPV4, checksum: true, ..Repr::default() };
        assert_eq!(r.emit(&mut out), Ok(8));
        assert_eq!(out, [0x80, 0, 8, 0, 0x32, 0xff, 0, 0, 0x45, 0]);
        assert_eq!(Header::new(&out).unwrap().checksum_ok(), Some(true));
        out[8] = 0x46;
        assert_eq!(Header::new(&out).unwrap().checksum_ok(), Some(false));
    }

    #[test]
    fn source_routes_of_rfc_1701() {
        let p = [0x40, 0, 8, 0, 0, 0, 0, 4, 0x08, 0, 0, 4, 192, 0, 2, 1, 0, 0, 0, 0, 0x45];
        let h = Header::new(&p).unwrap();
        assert_eq!((h.header_len(), h.offset(), h.checksum()), (20, Some(4), None));
        let all: Vec<_> = source_routes(h.routing()).collect();
        assert_eq!(all, [SourceRoute { family: 0x0800, offset: 0, information: &[192, 0, 2, 1] }]);
        assert!(Repr::parse(&h).is_err());
        every_prefix(&p, 20, |b| Header::new(b).is_ok());
    }

    proptest! {
        #[test]
        fn views_anything(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let Ok(h) = Header::new(&bytes) else { return Ok(()) };
            let _ = (h.to_string(), h.checksum_ok(), source_routes(h.routing()).count());
            prop_assert!(h.header_len() >= 4);
        }

        #[test]
        fn parse_undoes_emit(
            proto: u16, checksum: bool, key: Option<u32>, sequence: Option<u32>, ack: Option<u32>, pptp: bool,
            data in prop::collection::vec(any::<u8>(), 0..16),
        ) {
            let ack = ack.filter(|_| pptp);
            let r = Repr { version: u8::from(pptp), protocol: EtherType(proto), checksum, key, sequence, ack };
            let mut out = [&vec![0; r.header_len()][..], &data].concat();
            r.emit(&mut out).unwrap();
            let h = Header::new(&out).unwrap();
            prop_assert_eq!(h.payload(), &data[..]);
            prop_assert_ne!(h.checksum_ok(), Some(false));
            prop_assert_eq!(Repr::parse(&h), Ok(r));
            out.truncate(r.header_len() - 1);
            prop_assert!(r.emit(&mut out).is_err());
        }
    }
}
