//! Linux cooked capture, version 1: what libpcap writes for the `any` device.
//!
//! Source: libpcap LINKTYPE_LINUX_SLL (113).
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 2 | packet type | `sll.pkttype` |
//! | 2 | 2 | ARPHRD hardware type of the device | `sll.hatype` |
//! | 4 | 2 | length of the sender's link address | `sll.halen` |
//! | 6 | 8 | sender's link address, the unused end as it was | `sll.src.eth`, `sll.src.other` |
//! | 14 | 2 | protocol: an EtherType, or one of Linux's small numbers | `sll.etype`, `sll.ltype` |

use std::fmt;

use super::arp::HwType;
use super::{EtherType, MacAddr};
use crate::Result;
use crate::bytes::{array, be16, split};
use crate::code::open_code;

/// Field offsets.
pub mod at {
    /// Packet type, 2 bytes.
    pub const PACKET_TYPE: usize = 0;
    /// Hardware type, 2 bytes.
    pub const HW_TYPE: usize = 2;
    /// Address length, 2 bytes.
    pub const ADDR_LEN: usize = 4;
    /// Address, 8 bytes.
    pub const ADDR: usize = 6;
    /// Protocol, 2 bytes.
    pub const PROTO: usize = 14;
    /// Length of the header.
    pub const LEN: usize = 16;
}

open_code! {
    /// Where a packet came from or goes to.
    PacketType(u16, dec) {
        HOST = 0 "Unicast to us",
        BROADCAST = 1 "Broadcast",
        MULTICAST = 2 "Multicast",
        OTHER_HOST = 3 "Unicast to another host",
        OUTGOING = 4 "Sent by us",
    }
}

/// Protocol 1: an 802.3 frame without LLC, as Novell used it.
pub const PROTO_802_3: u16 = 0x0001;
/// Protocol 4: an LLC frame.
pub const PROTO_802_2: u16 = 0x0004;

/// A view over a cooked packet.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    payload: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the 16 bytes of the header.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, payload) = split("SLL", "sll", bytes)?;
        Ok(Self { fixed, payload })
    }

    /// Packet type.
    #[must_use]
    pub const fn packet_type(&self) -> PacketType {
        PacketType(be16(self.fixed, at::PACKET_TYPE))
    }

    /// Hardware type.
    #[must_use]
    pub const fn hw_type(&self) -> HwType {
        HwType(be16(self.fixed, at::HW_TYPE))
    }

    /// Length of the address as it stands; only 8 bytes of a longer one are there.
    #[must_use]
    pub const fn addr_len(&self) -> u16 {
        be16(self.fixed, at::ADDR_LEN)
    }

    /// Sender's link address.
    #[must_use]
    pub fn addr(&self) -> &'a [u8] {
        let len = usize::from(self.addr_len()).min(at::PROTO - at::ADDR);
        &self.fixed[at::ADDR..at::ADDR + len]
    }

    /// Sender's link address, when it has 6 bytes.
    #[must_use]
    pub fn mac(&self) -> Option<MacAddr> {
        (self.addr_len() == 6).then(|| MacAddr(array(self.fixed, at::ADDR)))
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

    /// What follows the header.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.packet_type())?;
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

    // Laid out by hand after the libpcap page: sent by us, Ethernet, 6-byte address, IPv4.
    const PACKET: [u8; 17] = [0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0xde, 0xad, 0x08, 0x00, 0x45];

    #[test]
    fn fields() {
        let h = Header::new(&PACKET).unwrap();
        assert_eq!((h.packet_type(), h.hw_type()), (PacketType::OUTGOING, HwType::ETHERNET));
        assert_eq!((h.addr(), h.addr_len()), (&[2, 0, 0, 0, 0, 1][..], 6));
        assert_eq!(h.mac(), Some(MacAddr([2, 0, 0, 0, 0, 1])));
        assert_eq!((h.ethertype(), h.payload()), (Some(EtherType::IPV4), &[0x45][..]));
        assert_eq!(h.to_string(), "Sent by us, IPv4");
    }

    #[test]
    fn small_protocols_and_long_addresses() {
        let mut p = PACKET;
        p[at::ADDR_LEN + 1] = 20;
        p[at::PROTO] = 0;
        p[at::PROTO + 1] = 4;
        let h = Header::new(&p).unwrap();
        assert_eq!((h.addr().len(), h.mac()), (8, None));
        assert_eq!((h.ethertype(), h.protocol()), (None, PROTO_802_2));
    }

    #[test]
    fn truncated() {
        every_prefix(&PACKET, 16, |b| Header::new(b).is_ok());
    }

    proptest! {
        #[test]
        fn views_anything(bytes: [u8; 20]) {
            let h = Header::new(&bytes).unwrap();
            let _ = (h.addr(), h.mac(), h.to_string());
        }
    }
}
