//! IPv6 routing headers: source route (type 0), type 2 of mobile IPv6, RPL source route (type 3)
//! and the segment routing header (type 4).
//!
//! Source: RFC 8200 section 4.4, RFC 5095 (type 0 deprecated), RFC 6275 section 6.4, RFC 6554,
//! RFC 8754 (SRH).
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 1 | next header | `ipv6.routing.nxt` |
//! | 1 | 1 | length in 8-byte units without the first 8 bytes | `ipv6.routing.len` |
//! | 2 | 1 | routing type | `ipv6.routing.type` |
//! | 3 | 1 | segments left | `ipv6.routing.segleft` |
//! | 4 | 4 | types 0 and 2: reserved | `ipv6.routing.src.reserved` |
//! | 4 | 4 | type 3: CmprI (4 bits), CmprE (4), Pad (4), reserved (20) | `ipv6.routing.rpl.cmprI` |
//! | 4 | 1 | type 4: last entry, index of the last segment | `ipv6.routing.srh.last_entry` |
//! | 5 | 1 | type 4: flags | `ipv6.routing.srh.flags` |
//! | 6 | 2 | type 4: tag | `ipv6.routing.srh.tag` |
//! | 8 | 16n | addresses; type 4: the segment list, last segment first | `ipv6.routing.src.addr`, `ipv6.routing.srh.addr` |
//! | 8+16n | - | type 4: TLVs | `ipv6.routing.srh.tlv` |

use std::net::Ipv6Addr;

use super::IpProtocol;
use crate::Result;
use crate::bytes::{array, be16, be32, prefix, split};
use crate::code::open_code;

/// Field offsets.
pub mod at {
    /// Next header, 1 byte.
    pub const NEXT: usize = 0;
    /// Length, 1 byte.
    pub const HDR_LEN: usize = 1;
    /// Routing type, 1 byte.
    pub const TYPE: usize = 2;
    /// Segments left, 1 byte.
    pub const SEGMENTS_LEFT: usize = 3;
    /// The four bytes whose meaning depends on the type.
    pub const REST: usize = 4;
    /// SRH: last entry, 1 byte.
    pub const SRH_LAST_ENTRY: usize = 4;
    /// SRH: flags, 1 byte.
    pub const SRH_FLAGS: usize = 5;
    /// SRH: tag, 2 bytes.
    pub const SRH_TAG: usize = 6;
    /// Addresses.
    pub const ADDRESSES: usize = 8;
    /// Length of the part before the addresses.
    pub const LEN: usize = 8;
}

open_code! {
    /// Routing type.
    RoutingType(u8, dec) {
        SOURCE_ROUTE = 0 "Source Route",
        NIMROD = 1 "Nimrod",
        MOBILE = 2 "Type 2 Routing",
        RPL = 3 "RPL Source Route",
        SEGMENT_ROUTING = 4 "Segment Routing",
        CRH_16 = 5 "Compact Routing Header 16",
        CRH_32 = 6 "Compact Routing Header 32",
    }
    also {
        253 "Experiment 1",
        254 "Experiment 2",
    }
}

/// A view over a routing header.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    rest: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the whole header.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, rest) = split::<{ at::LEN }>("IPv6 routing", "ipv6.routing", bytes)?;
        let len = usize::from(fixed[at::HDR_LEN]) * 8;
        Ok(Self { fixed, rest: prefix("IPv6 routing", "ipv6.routing.src.addr", at::LEN, rest, len)? })
    }

    /// What follows.
    #[must_use]
    pub const fn next_header(&self) -> IpProtocol {
        IpProtocol(self.fixed[at::NEXT])
    }

    /// Length of the header in bytes.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        at::LEN + self.rest.len()
    }

    /// Routing type.
    #[must_use]
    pub const fn kind(&self) -> RoutingType {
        RoutingType(self.fixed[at::TYPE])
    }

    /// Segments still to be visited.
    #[must_use]
    pub const fn segments_left(&self) -> u8 {
        self.fixed[at::SEGMENTS_LEFT]
    }

    /// The four bytes whose meaning depends on the type.
    #[must_use]
    pub const fn rest(&self) -> u32 {
        be32(self.fixed, at::REST)
    }

    /// SRH: index of the last segment in the list.
    #[must_use]
    pub const fn last_entry(&self) -> u8 {
        self.fixed[at::SRH_LAST_ENTRY]
    }

    /// SRH: flags.
    #[must_use]
    pub const fn flags(&self) -> u8 {
        self.fixed[at::SRH_FLAGS]
    }

    /// SRH: tag.
    #[must_use]
    pub const fn tag(&self) -> u16 {
        be16(self.fixed, at::SRH_TAG)
    }

    /// The addresses of types 0 and 2 and of an SRH (last segment first), none for another type.
    /// An SRH has one more than [`Self::last_entry`], as far as they are there.
    pub fn addresses(&self) -> impl ExactSizeIterator<Item = Ipv6Addr> + 'a {
        let (all, _) = self.rest.as_chunks::<16>();
        let count = match self.kind() {
            RoutingType::SOURCE_ROUTE | RoutingType::MOBILE => all.len(),
            RoutingType::SEGMENT_ROUTING => all.len().min(usize::from(self.last_entry()) + 1),
            _ => 0,
        };
        all[..count].iter().map(|&a| a.into())
    }

    /// SRH: what lies behind the segment list.
    #[must_use]
    pub fn tlvs(&self) -> &'a [u8] {
        match self.kind() {
            RoutingType::SEGMENT_ROUTING => &self.rest[self.addresses().len() * 16..],
            _ => &[],
        }
    }

    /// The address that the packet is on its way to last, which the transport checksum covers;
    /// `None` when it is in the IPv6 header already (no segments left), or not known here.
    #[must_use]
    pub fn final_destination(&self) -> Option<Ipv6Addr> {
        if self.segments_left() == 0 {
            return None;
        }
        match self.kind() {
            RoutingType::SOURCE_ROUTE | RoutingType::MOBILE => self.addresses().last(),
            RoutingType::SEGMENT_ROUTING => self.addresses().next(),
            RoutingType::RPL => self.rpl_last(),
            _ => None,
        }
    }

    /// RPL: the last address, when it is not compressed.
    fn rpl_last(&self) -> Option<Ipv6Addr> {
        let pad = usize::from(self.fixed[at::REST + 1] >> 4);
        let compressed = self.fixed[at::REST] & 0x0f;
        let end = self.rest.len().checked_sub(pad)?;
        let last = self.rest[..end].last_chunk::<16>()?;
        (compressed == 0).then(|| array::<16, 16>(last, 0).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    fn addr(n: u8) -> [u8; 16] {
        let mut a = [0; 16];
        a[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        a[15] = n;
        a
    }

    fn header(kind: u8, left: u8, rest: [u8; 4], addresses: &[[u8; 16]], tlvs: &[u8]) -> Vec<u8> {
        let len = (addresses.len() * 16 + tlvs.len()) / 8;
        [&[6, len as u8, kind, left][..], &rest, addresses.as_flattened(), tlvs].concat()
    }

    #[test]
    fn segment_routing_header_of_rfc_8754() {
        // Two segments, the last one first, one left; tag 7; an 8-byte TLV of padding.
        let p = header(4, 1, [1, 0, 0, 7], &[addr(3), addr(2)], &[4, 6, 0, 0, 0, 0, 0, 0]);
        let h = Header::new(&p).unwrap();
        assert_eq!((h.kind(), h.segments_left(), h.last_entry()), (RoutingType::SEGMENT_ROUTING, 1, 1));
        assert_eq!((h.flags(), h.tag(), h.header_len()), (0, 7, 48));
        assert_eq!(h.addresses().map(|a| a.to_string()).collect::<Vec<_>>(), ["2001:db8::3", "2001:db8::2"]);
        assert_eq!(h.tlvs(), &[4, 6, 0, 0, 0, 0, 0, 0]);
        assert_eq!(h.final_destination(), Some(addr(3).into()));
    }

    #[test]
    fn source_route() {
        let p = header(0, 1, [0; 4], &[addr(1), addr(2)], &[]);
        let h = Header::new(&p).unwrap();
        assert_eq!((h.next_header(), h.kind()), (IpProtocol::TCP, RoutingType::SOURCE_ROUTE));
        assert_eq!(h.final_destination(), Some(addr(2).into()));
        assert_eq!(h.tlvs(), &[] as &[u8]);
        let p = header(0, 0, [0; 4], &[addr(1)], &[]);
        assert_eq!(Header::new(&p).unwrap().final_destination(), None);
    }

    #[test]
    fn rpl_route_without_compression() {
        let p = header(3, 1, [0; 4], &[addr(9)], &[]);
        let h = Header::new(&p).unwrap();
        assert_eq!(h.final_destination(), Some(addr(9).into()));
        assert_eq!(h.addresses().len(), 0);
        let p = header(3, 1, [0x0f, 0xf0, 0, 0], &[addr(9)], &[]);
        assert_eq!(Header::new(&p).unwrap().final_destination(), None);
    }

    #[test]
    fn truncated() {
        let p = header(0, 1, [0; 4], &[addr(1)], &[]);
        every_prefix(&p, 24, |b| Header::new(b).is_ok());
    }

    proptest! {
        #[test]
        fn views_anything(kind in 0..6u8, mut bytes in prop::collection::vec(any::<u8>(), 8..200)) {
            bytes[1] %= 24;
            bytes[2] = kind;
            let Ok(h) = Header::new(&bytes) else { return Ok(()) };
            prop_assert!(h.addresses().len() * 16 + h.tlvs().len() + 8 <= h.header_len());
            let _ = h.final_destination();
        }
    }
}
