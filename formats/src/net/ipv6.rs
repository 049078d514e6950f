//! IPv6 header. Extension headers have their own file, [`super::ipv6_ext`].
//!
//! Source: RFC 8200 section 3.
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 4 | version (4 bits), traffic class (8), flow label (20) | `ipv6.version`, `ipv6.tclass`, `ipv6.flow` |
//! | 4 | 2 | payload length in bytes, extension headers included | `ipv6.plen` |
//! | 6 | 1 | next header | `ipv6.nxt` |
//! | 7 | 1 | hop limit | `ipv6.hlim` |
//! | 8 | 16 | source | `ipv6.src` |
//! | 24 | 16 | destination | `ipv6.dst` |

use std::fmt;
use std::net::Ipv6Addr;

use super::ip::DsField;
use super::{IpProtocol, ipv6_options};
use crate::bytes::{array, be16, be32, prefix, put, put16, put32, room, split};
use crate::checksum::Pseudo;
use crate::{Error, Result};

/// Field offsets.
pub mod at {
    /// Version, traffic class and flow label, 4 bytes.
    pub const VERSION_CLASS_FLOW: usize = 0;
    /// Payload length, 2 bytes.
    pub const PAYLOAD_LEN: usize = 4;
    /// Next header, 1 byte.
    pub const NEXT: usize = 6;
    /// Hop limit, 1 byte.
    pub const HOP_LIMIT: usize = 7;
    /// Source address, 16 bytes.
    pub const SRC: usize = 8;
    /// Destination address, 16 bytes.
    pub const DST: usize = 24;
    /// Length of the header.
    pub const LEN: usize = 40;
}

/// A view over an IPv6 packet.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    rest: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the 40 bytes of the header. The version is not looked at.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, rest) = split("IPv6", "ipv6", bytes)?;
        Ok(Self { fixed, rest })
    }

    /// Version, 6 when it is IPv6.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.fixed[at::VERSION_CLASS_FLOW] >> 4
    }

    /// Traffic class.
    #[must_use]
    pub const fn traffic_class(&self) -> DsField {
        DsField((be16(self.fixed, at::VERSION_CLASS_FLOW) >> 4) as u8)
    }

    /// Flow label, 20 bits.
    #[must_use]
    pub const fn flow_label(&self) -> u32 {
        be32(self.fixed, at::VERSION_CLASS_FLOW) & 0x000f_ffff
    }

    /// Length of what follows the header in bytes; 0 for a jumbogram, or when segmentation was
    /// left to the adapter.
    #[must_use]
    pub const fn payload_len(&self) -> u16 {
        be16(self.fixed, at::PAYLOAD_LEN)
    }

    /// What follows the header.
    #[must_use]
    pub const fn next_header(&self) -> IpProtocol {
        IpProtocol(self.fixed[at::NEXT])
    }

    /// Hop limit.
    #[must_use]
    pub const fn hop_limit(&self) -> u8 {
        self.fixed[at::HOP_LIMIT]
    }

    /// Source address.
    #[must_use]
    pub fn src(&self) -> Ipv6Addr {
        array::<16, { at::LEN }>(self.fixed, at::SRC).into()
    }

    /// Destination address.
    #[must_use]
    pub fn dst(&self) -> Ipv6Addr {
        array::<16, { at::LEN }>(self.fixed, at::DST).into()
    }

    /// The pseudo header of the transport checksum, as long as there is no routing header.
    #[must_use]
    pub fn pseudo(&self) -> Pseudo {
        Pseudo::V6 { src: self.src(), dst: self.dst() }
    }

    /// What follows: up to the payload length, or everything there when that is beyond the bytes
    /// there (cut at capture). A length of 0 means everything in a jumbogram, and in front of TCP
    /// and UDP, where it was left to the adapter; else there is nothing.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        match (self.payload_len(), self.next_header()) {
            (0, IpProtocol::TCP | IpProtocol::UDP) => self.rest,
            (0, IpProtocol::HOPOPTS) if self.jumbo_len().is_some() => self.rest,
            (len, _) => self.rest.get(..usize::from(len)).unwrap_or(self.rest),
        }
    }

    /// Payload length of a jumbogram (RFC 2675), from the hop-by-hop header behind this one.
    #[must_use]
    pub fn jumbo_len(&self) -> Option<u32> {
        if self.payload_len() != 0 || self.next_header() != IpProtocol::HOPOPTS {
            return None;
        }
        ipv6_options::Header::new(self.rest).ok()?.options().flatten().find_map(|o| o.jumbo())
    }
}

/// An IPv6 header to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Repr {
    /// Traffic class.
    pub traffic_class: DsField,
    /// Flow label, 20 bits.
    pub flow_label: u32,
    /// Length of what follows in bytes.
    pub payload_len: u16,
    /// What follows.
    pub next_header: IpProtocol,
    /// Hop limit.
    pub hop_limit: u8,
    /// Source address.
    pub src: Ipv6Addr,
    /// Destination address.
    pub dst: Ipv6Addr,
}

impl Repr {
    /// A header with every choice left at its default: hop limit 64, class and flow label 0.
    #[must_use]
    pub const fn new(src: Ipv6Addr, dst: Ipv6Addr, next_header: IpProtocol, payload_len: u16) -> Self {
        Self { traffic_class: DsField(0), flow_label: 0, payload_len, next_header, hop_limit: 64, src, dst }
    }

    /// Refuses another version and a payload length beyond the bytes there.
    pub fn parse(h: &Header<'_>) -> Result<Self> {
        if h.version() != 6 {
            let version = u64::from(h.version());
            return Err(Error::value("IPv6", "ipv6.version", at::VERSION_CLASS_FLOW, version));
        }
        prefix("IPv6", "payload", at::LEN, h.rest, usize::from(h.payload_len()))?;
        Ok(Self {
            traffic_class: h.traffic_class(),
            flow_label: h.flow_label(),
            payload_len: h.payload_len(),
            next_header: h.next_header(),
            hop_limit: h.hop_limit(),
            src: h.src(),
            dst: h.dst(),
        })
    }

    /// Bytes that [`Self::emit`] writes.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        at::LEN
    }

    /// The pseudo header of the transport checksum.
    #[must_use]
    pub const fn pseudo(&self) -> Pseudo {
        Pseudo::V6 { src: self.src, dst: self.dst }
    }

    /// Writes the header at the front of `out` and returns its length.
    pub fn emit(&self, out: &mut [u8]) -> Result<usize> {
        if self.flow_label > 0x000f_ffff {
            let flow = u64::from(self.flow_label);
            return Err(Error::value("IPv6", "ipv6.flow", at::VERSION_CLASS_FLOW, flow));
        }
        let (h, _) = room::<{ at::LEN }>("IPv6", out)?;
        put32(h, at::VERSION_CLASS_FLOW, 6 << 28 | u32::from(self.traffic_class.0) << 20 | self.flow_label);
        put16(h, at::PAYLOAD_LEN, self.payload_len);
        h[at::NEXT] = self.next_header.0;
        h[at::HOP_LIMIT] = self.hop_limit;
        put(h, at::SRC, &self.src.octets());
        put(h, at::DST, &self.dst.octets());
        Ok(at::LEN)
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (src, dst, next) = (self.src(), self.dst(), self.next_header());
        write!(f, "{src} > {dst}, {next}, hlim {}, plen {}", self.hop_limit(), self.payload_len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::ip::{Dscp, Ecn};
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    // Laid out by hand after RFC 8200: class b8 (EF), flow 12345, 8 bytes of UDP, 2001:db8::1
    // to ff02::1.
    const PACKET: [u8; 48] = [
        0x6b, 0x81, 0x23, 0x45, 0x00, 0x08, 0x11, 0xff, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0x01, 0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 1, 2, 3, 4, 5, 6, 7, 8,
    ];

    #[test]
    fn fields() {
        let h = Header::new(&PACKET).unwrap();
        assert_eq!((h.version(), h.flow_label(), h.payload_len()), (6, 0x12345, 8));
        assert_eq!(h.traffic_class(), DsField::new(Dscp::EF, Ecn::NOT_ECT));
        assert_eq!((h.next_header(), h.hop_limit()), (IpProtocol::UDP, 255));
        assert_eq!(h.payload(), &[1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(h.to_string(), "2001:db8::1 > ff02::1, UDP, hlim 255, plen 8");
    }

    #[test]
    fn payload_length_of_zero() {
        let mut p = PACKET;
        p[5] = 0;
        assert_eq!(Header::new(&p).unwrap().payload().len(), 8, "left to the adapter");
        p[6] = IpProtocol::NO_NEXT_HEADER.0;
        assert_eq!(Header::new(&p).unwrap().payload().len(), 0, "padding of the link");
        p[6] = IpProtocol::HOPOPTS.0;
        assert_eq!(Header::new(&p).unwrap().payload().len(), 0, "no jumbo option");
        p[40..].copy_from_slice(&[6, 0, 0xc2, 4, 0, 1, 0x86, 0xa0]);
        let h = Header::new(&p).unwrap();
        assert_eq!((h.payload().len(), h.jumbo_len()), (8, Some(100_000)));
    }

    #[test]
    fn payload_length_beyond_the_bytes_there() {
        let mut p = PACKET;
        p[5] = 9;
        assert_eq!(Header::new(&p).unwrap().payload().len(), 8);
        assert_eq!(Repr::parse(&Header::new(&p).unwrap()), Err(Error::short("IPv6", "payload", 40, 9, 8)));
    }

    #[test]
    fn truncated() {
        every_prefix(&PACKET, 40, |b| Header::new(b).is_ok());
        let repr = Repr::parse(&Header::new(&PACKET).unwrap()).unwrap();
        every_prefix(&[0; 44], 40, |b| repr.emit(&mut b.to_vec()).is_ok());
        assert!(Repr { flow_label: 1 << 20, ..repr }.emit(&mut [0; 40]).is_err());
    }

    proptest! {
        #[test]
        fn emit_writes_what_was_parsed(mut bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            if bytes.len() >= 40 {
                bytes[0] = 0x60 | bytes[0] & 0x0f;
                bytes[4] = 0;
            }
            let Ok(h) = Header::new(&bytes) else { return Ok(()) };
            let _ = h.to_string();
            let Ok(repr) = Repr::parse(&h) else { return Ok(()) };
            let mut out = [0; 40];
            prop_assert_eq!(repr.emit(&mut out), Ok(40));
            prop_assert_eq!(&out[..], &bytes[..40]);
        }
    }
}
