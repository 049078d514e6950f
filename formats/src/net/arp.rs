//! ARP, RARP, inverse ARP and ATMARP's common head.
//!
//! Source: RFC 826, RFC 903, RFC 2390, RFC 5227; IANA "Address Resolution Protocol Parameters".
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 2 | hardware type | `arp.hw.type` |
//! | 2 | 2 | protocol type (an EtherType) | `arp.proto.type` |
//! | 4 | 1 | hardware address length *h* | `arp.hw.size` |
//! | 5 | 1 | protocol address length *p* | `arp.proto.size` |
//! | 6 | 2 | operation | `arp.opcode` |
//! | 8 | h | sender hardware address | `arp.src.hw` |
//! | 8+h | p | sender protocol address | `arp.src.proto` |
//! | 8+h+p | h | target hardware address | `arp.dst.hw` |
//! | 8+2h+p | p | target protocol address | `arp.dst.proto` |

use std::fmt;
use std::net::Ipv4Addr;

use super::{EtherType, MacAddr};
use crate::bytes::{array, be16, prefix, put, put16, room, split};
use crate::code::open_code;
use crate::{Error, Result};

/// Field offsets; those of the addresses hold for Ethernet and IPv4 only.
pub mod at {
    /// Hardware type, 2 bytes.
    pub const HW_TYPE: usize = 0;
    /// Protocol type, 2 bytes.
    pub const PROTO_TYPE: usize = 2;
    /// Hardware address length, 1 byte.
    pub const HW_SIZE: usize = 4;
    /// Protocol address length, 1 byte.
    pub const PROTO_SIZE: usize = 5;
    /// Operation, 2 bytes.
    pub const OPCODE: usize = 6;
    /// Length of the part before the addresses.
    pub const LEN: usize = 8;
    /// Sender MAC address, 6 bytes.
    pub const SRC_HW_MAC: usize = 8;
    /// Sender IPv4 address, 4 bytes.
    pub const SRC_PROTO_IPV4: usize = 14;
    /// Target MAC address, 6 bytes.
    pub const DST_HW_MAC: usize = 18;
    /// Target IPv4 address, 4 bytes.
    pub const DST_PROTO_IPV4: usize = 24;
    /// Length of a packet for Ethernet and IPv4.
    pub const LEN_ETHERNET_IPV4: usize = 28;
}

open_code! {
    /// ARP operation.
    Opcode(u16, dec) {
        REQUEST = 1 "request",
        REPLY = 2 "reply",
        RARP_REQUEST = 3 "reverse request",
        RARP_REPLY = 4 "reverse reply",
        DRARP_REQUEST = 5 "drarp request",
        DRARP_REPLY = 6 "drarp reply",
        DRARP_ERROR = 7 "drarp error",
        INVERSE_REQUEST = 8 "inverse request",
        INVERSE_REPLY = 9 "inverse reply",
        NAK = 10 "arp nak",
    }
    also {
        0 "reserved",
        11 "mars request",
        12 "mars multi",
        13 "mars mserv",
        14 "mars join",
        15 "mars leave",
        16 "mars nak",
        17 "mars unserv",
        18 "mars sjoin",
        19 "mars sleave",
        20 "mars grouplist request",
        21 "mars grouplist reply",
        22 "mars redirect map",
        23 "mapos unarp",
        24 "experimental 1",
        25 "experimental 2",
        65535 "reserved",
    }
}

open_code! {
    /// Hardware type: IANA's ARP values up to 255, above them Linux's ARPHRD values, which
    /// cooked captures use.
    HwType(u16, dec) {
        NETROM = 0 "NET/ROM pseudo",
        ETHERNET = 1 "Ethernet",
        IEEE_802 = 6 "IEEE 802",
        FRAME_RELAY = 15 "Frame Relay DLCI",
        ATM = 16 "ATM",
        HDLC = 17 "HDLC",
        FIBRE_CHANNEL = 18 "Fibre Channel",
        INFINIBAND = 32 "InfiniBand",
        PPP = 512 "PPP",
        CISCO_HDLC = 513 "Cisco HDLC",
        RAW_IP = 519 "Raw IP",
        IPIP_TUNNEL = 768 "IPIP tunnel",
        LOOPBACK = 772 "Loopback",
        SIT = 776 "sit0 device - IPv6-in-IPv4",
        GRE = 778 "GRE over IP",
        TOKEN_RING = 800 "Magic type ident for TR",
        IEEE_80211 = 801 "IEEE 802.11",
        IEEE_80211_RADIOTAP = 803 "IEEE 802.11 + radiotap header",
        IP6GRE = 823 "GRE over IPv6",
        NETLINK = 824 "Netlink",
        VOID = 65535 "Void type, nothing is known",
        NONE = 65534 "zero header length",
    }
    also {
        2 "Experimental Ethernet",
        3 "AX.25",
        4 "ProNET",
        5 "Chaos",
        7 "ARCNET",
        8 "Hyperchannel",
        9 "Lanstar",
        10 "Autonet Short Address",
        11 "Localtalk",
        12 "LocalNet",
        13 "Ultra link",
        14 "SMDS",
        19 "ATM (RFC 2225)",
        20 "Serial Line",
        21 "ATM",
        22 "MIL-STD-188-220",
        23 "Metricom STRIP",
        24 "IEEE 1394.1995",
        25 "MAPOS",
        26 "Twinaxial",
        27 "EUI-64",
        28 "HIPARP",
        29 "IP and ARP over ISO 7816-3",
        30 "ARPSec",
        31 "IPsec tunnel",
        33 "TIA-102 Project 25 CAI",
        34 "Wiegand Interface",
        35 "Pure IP",
        36 "Experimental 1",
        37 "HFI",
        256 "Experimental 2",
        257 "AEthernet",
        264 "ADAPT",
        270 "ROSE",
        271 "CCITT X.25",
        272 "Boards with X.25 in firmware",
        280 "Controller Area Network",
        516 "LAPB",
        517 "Digital's DDCMP protocol",
        518 "Raw HDLC",
        769 "IP6IP6 tunnel",
        770 "Frame Relay Access Device",
        771 "SKIP vif",
        773 "Localtalk device",
        774 "Fiber Distributed Data Interface",
        775 "AP1000 BIF",
        777 "IP over DDP tunneller",
        779 "PIMSM register interface",
        780 "High Performance Parallel Interface",
        781 "Nexus 64Mbps Ash",
        782 "Acorn Econet",
        783 "Linux-IrDA",
        784 "Point to point fibrechannel",
        785 "Fibrechannel arbitrated loop",
        786 "Fibrechannel public loop",
        787 ..= 799 "Fibrechannel fabric",
        802 "IEEE 802.11 + Prism2 header",
        804 "IEEE 802.15.4",
        805 "IEEE 802.15.4 network monitor",
        820 "PhoNet media type",
        821 "PhoNet pipe header",
        822 "CAIF media type",
        825 "IPv6 over LoWPAN",
        826 "Vsock monitor header",
    }
}

/// A view over an ARP packet.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    addresses: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the 8 fixed bytes and all four addresses of the lengths that they give.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, rest) = split("ARP", "arp", bytes)?;
        let len = 2 * (usize::from(fixed[at::HW_SIZE]) + usize::from(fixed[at::PROTO_SIZE]));
        let addresses = prefix("ARP", "arp.src.hw", at::LEN, rest, len)?;
        Ok(Self { fixed, addresses })
    }

    /// Hardware type.
    #[must_use]
    pub const fn hw_type(&self) -> HwType {
        HwType(be16(self.fixed, at::HW_TYPE))
    }

    /// Protocol type.
    #[must_use]
    pub const fn proto_type(&self) -> EtherType {
        EtherType(be16(self.fixed, at::PROTO_TYPE))
    }

    /// Length of a hardware address in bytes.
    #[must_use]
    pub const fn hw_size(&self) -> u8 {
        self.fixed[at::HW_SIZE]
    }

    /// Length of a protocol address in bytes.
    #[must_use]
    pub const fn proto_size(&self) -> u8 {
        self.fixed[at::PROTO_SIZE]
    }

    /// Operation.
    #[must_use]
    pub const fn opcode(&self) -> Opcode {
        Opcode(be16(self.fixed, at::OPCODE))
    }

    /// Sender hardware address.
    #[must_use]
    pub fn src_hw(&self) -> &'a [u8] {
        self.address(0, self.hw_size())
    }

    /// Sender protocol address.
    #[must_use]
    pub fn src_proto(&self) -> &'a [u8] {
        self.address(usize::from(self.hw_size()), self.proto_size())
    }

    /// Target hardware address.
    #[must_use]
    pub fn dst_hw(&self) -> &'a [u8] {
        self.address(usize::from(self.hw_size()) + usize::from(self.proto_size()), self.hw_size())
    }

    /// Target protocol address.
    #[must_use]
    pub fn dst_proto(&self) -> &'a [u8] {
        let from = 2 * usize::from(self.hw_size()) + usize::from(self.proto_size());
        self.address(from, self.proto_size())
    }

    fn address(&self, from: usize, len: u8) -> &'a [u8] {
        self.addresses.get(from..from + usize::from(len)).unwrap_or_default()
    }

    /// Bytes of the packet; what lies behind them is padding.
    #[must_use]
    pub const fn len(&self) -> usize {
        at::LEN + self.addresses.len()
    }

    /// Never: the fixed part is always there.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }
}

/// An ARP packet for Ethernet and IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Repr {
    /// Operation.
    pub opcode: Opcode,
    /// Sender MAC address.
    pub src_hw: MacAddr,
    /// Sender IPv4 address.
    pub src_proto: Ipv4Addr,
    /// Target MAC address; zero in a request.
    pub dst_hw: MacAddr,
    /// Target IPv4 address.
    pub dst_proto: Ipv4Addr,
}

impl Repr {
    /// Refuses what is not for Ethernet (or IEEE 802) and IPv4.
    pub fn parse(h: &Header<'_>) -> Result<Self> {
        if !matches!(h.hw_type(), HwType::ETHERNET | HwType::IEEE_802) || h.hw_size() != 6 {
            return Err(Error::value("ARP", "arp.hw.type", at::HW_TYPE, u64::from(h.hw_type().0)));
        }
        if h.proto_type() != EtherType::IPV4 || h.proto_size() != 4 {
            return Err(Error::value("ARP", "arp.proto.type", at::PROTO_TYPE, u64::from(h.proto_type().0)));
        }
        let (a, _) = split::<20>("ARP", "arp.src.hw", h.addresses)?;
        Ok(Self {
            opcode: h.opcode(),
            src_hw: MacAddr(array(a, 0)),
            src_proto: Ipv4Addr::from(array::<4, 20>(a, 6)),
            dst_hw: MacAddr(array(a, 10)),
            dst_proto: Ipv4Addr::from(array::<4, 20>(a, 16)),
        })
    }

    /// Bytes that [`Self::emit`] writes.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        at::LEN_ETHERNET_IPV4
    }

    /// Writes the packet, with hardware type Ethernet, at the front of `out` and returns its length.
    pub fn emit(&self, out: &mut [u8]) -> Result<usize> {
        let (p, _) = room::<{ at::LEN_ETHERNET_IPV4 }>("ARP", out)?;
        put16(p, at::HW_TYPE, HwType::ETHERNET.0);
        put16(p, at::PROTO_TYPE, EtherType::IPV4.0);
        p[at::HW_SIZE] = 6;
        p[at::PROTO_SIZE] = 4;
        put16(p, at::OPCODE, self.opcode.0);
        put(p, at::SRC_HW_MAC, &self.src_hw.0);
        put(p, at::SRC_PROTO_IPV4, &self.src_proto.octets());
        put(p, at::DST_HW_MAC, &self.dst_hw.0);
        put(p, at::DST_PROTO_IPV4, &self.dst_proto.octets());
        Ok(at::LEN_ETHERNET_IPV4)
    }

    /// RFC 5227: an announcement or a gratuitous ARP, sender and target address being the same.
    #[must_use]
    pub fn is_gratuitous(&self) -> bool {
        self.src_proto == self.dst_proto
    }

    /// RFC 5227: a request that asks whether an address is in use, with no sender address.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.opcode == Opcode::REQUEST && self.src_proto.is_unspecified() && !self.dst_proto.is_unspecified()
    }
}

impl fmt::Display for Repr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.opcode {
            Opcode::REQUEST if self.is_probe() => write!(f, "Who has {}? (ARP Probe)", self.dst_proto),
            Opcode::REQUEST => write!(f, "Who has {}? Tell {}", self.dst_proto, self.src_proto),
            Opcode::REPLY => write!(f, "{} is at {}", self.src_proto, self.src_hw),
            op => write!(f, "{op} {} {}", self.src_proto, self.dst_proto),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    // A request laid out by hand after RFC 826: 192.0.2.1 at 02:00:00:00:00:01 asks for 192.0.2.2.
    const REQUEST: [u8; 28] = [
        0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01, 0x02, 0, 0, 0, 0, 0x01, 192, 0, 2, 1, 0, 0, 0, 0, 0,
        0, 192, 0, 2, 2,
    ];

    #[test]
    fn request() {
        let h = Header::new(&REQUEST).unwrap();
        assert_eq!((h.hw_type(), h.proto_type()), (HwType::ETHERNET, EtherType::IPV4));
        assert_eq!((h.hw_size(), h.proto_size(), h.opcode()), (6, 4, Opcode::REQUEST));
        assert_eq!(h.src_hw(), &[2, 0, 0, 0, 0, 1]);
        assert_eq!(h.src_proto(), &[192, 0, 2, 1]);
        assert_eq!(h.dst_hw(), &[0; 6]);
        assert_eq!(h.dst_proto(), &[192, 0, 2, 2]);
        let r = Repr::parse(&h).unwrap();
        assert_eq!(r.to_string(), "Who has 192.0.2.2? Tell 192.0.2.1");
        assert!(!r.is_probe() && !r.is_gratuitous());
        let mut out = [0; 28];
        assert_eq!(r.emit(&mut out), Ok(28));
        assert_eq!(out, REQUEST);
    }

    #[test]
    fn probe_and_announcement_of_rfc_5227() {
        let zero = Ipv4Addr::UNSPECIFIED;
        let mut r = Repr::parse(&Header::new(&REQUEST).unwrap()).unwrap();
        r.src_proto = zero;
        assert!(r.is_probe());
        r.src_proto = r.dst_proto;
        assert!(r.is_gratuitous() && !r.is_probe());
    }

    #[test]
    fn other_address_lengths() {
        // InfiniBand (RFC 4391): 20-byte hardware addresses.
        let mut p = vec![0, 32, 8, 0, 20, 4, 0, 2];
        p.extend((0..48).map(|i| i as u8));
        let h = Header::new(&p).unwrap();
        assert_eq!(h.len(), 56);
        assert_eq!(h.src_proto(), &[20, 21, 22, 23]);
        assert_eq!(h.dst_proto(), &[44, 45, 46, 47]);
        assert!(Repr::parse(&h).is_err());
    }

    #[test]
    fn truncated() {
        every_prefix(&REQUEST, 28, |b| Header::new(b).is_ok());
        let repr = Repr::parse(&Header::new(&REQUEST).unwrap()).unwrap();
        every_prefix(&[0; 30], 28, |b| repr.emit(&mut b.to_vec()).is_ok());
    }

    proptest! {
        #[test]
        fn views_anything(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            if let Ok(h) = Header::new(&bytes) {
                let all = h.src_hw().len() + h.src_proto().len() + h.dst_hw().len() + h.dst_proto().len();
                prop_assert_eq!(all + at::LEN, h.len());
                let _ = Repr::parse(&h);
            }
        }

        #[test]
        fn parse_undoes_emit(opcode: u16, src_hw: [u8; 6], src: u32, dst_hw: [u8; 6], dst: u32) {
            let r = Repr {
                opcode: Opcode(opcode),
                src_hw: MacAddr(src_hw),
                src_proto: src.into(),
                dst_hw: MacAddr(dst_hw),
                dst_proto: dst.into(),
            };
            let mut out = [0; 28];
            r.emit(&mut out).unwrap();
            prop_assert_eq!(Repr::parse(&Header::new(&out).unwrap()), Ok(r));
        }
    }
}
