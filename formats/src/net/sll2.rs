//! Linux cooked capture, version 2.
//!
//! Source: libpcap LINKTYPE_LINUX_SLL2 (276).
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 2 | protocol: an EtherType, or one of Linux's small numbers | `sll.etype`, `sll.ltype` |
//! | 2 | 2 | reserved | `sll.unused` |
//! | 4 | 4 | interface index | `sll.ifindex` |
//! | 8 | 2 | ARPHRD hardware type of the device | `sll.hatype` |
//! | 10 | 1 | packet type | `sll.pkttype` |
//! | 11 | 1 | length of the sender's link address | `sll.halen` |
//! | 12 | 8 | sender's link address, the unused end as it was | `sll.src.eth`, `sll.src.other` |

use std::fmt;

use super::arp::HwType;
use super::sll::PacketType;
use super::{EtherType, MacAddr};
use crate::Result;
use crate::bytes::{array, be16, be32, split};

/// Field offsets.
pub mod at {
    /// Protocol, 2 bytes.
    pub const PROTO: usize = 0;
    /// Interface index, 4 bytes.
    pub const IFINDEX: usize = 4;
    /// Hardware type, 2 bytes.
    pub const HW_TYPE: usize = 8;
    /// Packet type, 1 byte.
    pub const PACKET_TYPE: usize = 10;
    /// Address length, 1 byte.
    pub const ADDR_LEN: usize = 11;
    /// Address, 8 bytes.
    pub const ADDR: usize = 12;
    /// Length of the header.
    pub const LEN: usize = 20;
}

/// A view over a cooked packet.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    payload: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the 20 bytes of the header.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, payload) = split("SLL2", "sll", bytes)?;
        Ok(Self { fixed, payload })
    }

    /// Protocol as it stands.
    #[must_use]
    pub const fn protocol(&self) -> u16 {
        be16(self.fixed, at::PROTO)
    }

    /// EtherType, when the protocol is one. On a GRE or netlink device the field means something
    /// else.
    #[must_use]
    pub const fn ethertype(&self) -> Option<EtherType> {
        let v = self.protocol();
        if v >= EtherType::MIN { Some(EtherType(v)) } else { None }
    }

    /// Interface index on the capturing machine.
    #[must_use]
    pub const fn ifindex(&self) -> u32 {
        be32(self.fixed, at::IFINDEX)
    }

    /// Hardware type.
    #[must_use]
    pub const fn hw_type(&self) -> HwType {
        HwType(be16(self.fixed, at::HW_TYPE))
    }

    /// Packet type.
    #[must_use]
    pub const fn packet_type(&self) -> PacketType {
        PacketType(self.fixed[at::PACKET_TYPE] as u16)
    }

    /// Length of the address as it stands; only 8 bytes of a longer one are there.
    #[must_use]
    pub const fn addr_len(&self) -> u8 {
        self.fixed[at::ADDR_LEN]
    }

    /// Sender's link address.
    #[must_use]
    pub fn addr(&self) -> &'a [u8] {
        let len = usize::from(self.addr_len()).min(at::LEN - at::ADDR);
        &self.fixed[at::ADDR..at::ADDR + len]
    }

    /// Sender's link address, when it has 6 bytes.
    #[must_use]
    pub fn mac(&self) -> Option<MacAddr> {
        (self.addr_len() == 6).then(|| MacAddr(array(self.fixed, at::ADDR)))
    }

    /// What follows the header.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, interface {}", self.packet_type(), self.ifindex())?;
        match self.ethertype() {
            Some(t) => write!(f, ", {t}"),
            None => write!(f, ", protocol 0x{:04x}", self.protocol()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    // Laid out by hand after the libpcap page: IPv6, interface 3, Ethernet, multicast.
    const PACKET: [u8; 21] = [0x86, 0xdd, 0, 0, 0, 0, 0, 3, 0, 1, 2, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x60];

    #[test]
    fn fields() {
        let h = Header::new(&PACKET).unwrap();
        assert_eq!((h.ethertype(), h.ifindex()), (Some(EtherType::IPV6), 3));
        assert_eq!((h.hw_type(), h.packet_type()), (HwType::ETHERNET, PacketType::MULTICAST));
        assert_eq!(h.mac(), Some(MacAddr([2, 0, 0, 0, 0, 1])));
        assert_eq!((h.addr().len(), h.payload()), (6, &[0x60][..]));
        assert_eq!(h.to_string(), "Multicast, interface 3, IPv6");
    }

    #[test]
    fn truncated() {
        every_prefix(&PACKET, 20, |b| Header::new(b).is_ok());
    }

    proptest! {
        #[test]
        fn views_anything(bytes: [u8; 24]) {
            let h = Header::new(&bytes).unwrap();
            let _ = (h.addr(), h.mac(), h.to_string());
        }
    }
}
