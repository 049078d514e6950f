//! What IPv4 and IPv6 share: protocol numbers and the differentiated services field.
//!
//! Source: IANA "Assigned Internet Protocol Numbers" (one space for the IPv4 protocol and the
//! IPv6 next header field), RFC 2474, RFC 3168, RFC 3246, RFC 8436.
//!
//! | bits | field | Wireshark |
//! |---|---|---|
//! | 0-5 (high) | DSCP, differentiated services code point | `ip.dsfield.dscp`, `ipv6.tclass.dscp` |
//! | 6-7 (low) | ECN, explicit congestion notification | `ip.dsfield.ecn`, `ipv6.tclass.ecn` |

use std::fmt;

use crate::code::open_code;

open_code! {
    /// Protocol (IPv4) or next header (IPv6).
    IpProtocol(u8, dec) {
        HOPOPTS = 0 "IPv6 Hop-by-Hop Option",
        ICMP = 1 "ICMP",
        IGMP = 2 "IGMP",
        GGP = 3 "GGP",
        IPIP = 4 "IPIP",
        TCP = 6 "TCP",
        EGP = 8 "EGP",
        IGRP = 9 "IGRP",
        UDP = 17 "UDP",
        RDP = 27 "Reliable Data",
        DCCP = 33 "Datagram Congestion Control Protocol",
        IPV6 = 41 "IPv6",
        ROUTING = 43 "Routing Header for IPv6",
        FRAGMENT = 44 "Fragment Header for IPv6",
        RSVP = 46 "Reservation Protocol",
        GRE = 47 "Generic Routing Encapsulation",
        ESP = 50 "Encap Security Payload",
        AH = 51 "Authentication Header",
        ICMPV6 = 58 "ICMPv6",
        NO_NEXT_HEADER = 59 "No Next Header for IPv6",
        DSTOPTS = 60 "Destination Options for IPv6",
        MOBILITY_OLD = 62 "Mobile IPv6 (old)",
        EIGRP = 88 "EIGRP",
        OSPF = 89 "OSPF IGP",
        ETHERIP = 97 "Ether in IP",
        PIM = 103 "PIM",
        IPCOMP = 108 "IPComp",
        VRRP = 112 "VRRP",
        L2TP = 115 "Layer 2 Tunneling",
        SCTP = 132 "SCTP",
        FC = 133 "Fibre Channel",
        MOBILITY = 135 "Mobile IPv6",
        UDPLITE = 136 "UDPLite",
        MPLS = 137 "MPLS in IP",
        HIP = 139 "HIP",
        SHIM6 = 140 "Shim6 header",
        WESP = 141 "WESP",
        ROHC = 142 "ROHC",
        ETHERNET = 143 "Ethernet",
        EXPERIMENT_1 = 253 "Experimentation and testing 1",
        EXPERIMENT_2 = 254 "Experimentation and testing 2",
        RESERVED = 255 "Reserved",
    }
    also {
        5 "Stream",
        7 "CBT",
        10 "BBN RCC",
        11 "Network Voice",
        12 "PUP",
        13 "ARGUS",
        14 "EMCON",
        15 "XNET",
        16 "CHAOS",
        18 "Multiplex",
        19 "DCN Measurement",
        20 "Host Monitoring",
        21 "Packet radio",
        22 "IDP",
        23 "Trunk-1",
        24 "Trunk-2",
        25 "Leaf-1",
        26 "Leaf-2",
        28 "IRT",
        29 "ISO TP4",
        30 "Bulk Data",
        31 "MFE NSP",
        32 "Merit Internodal",
        34 "3rd Party Connect",
        35 "Inter-Domain Policy Routing Protocol",
        36 "XTP",
        37 "Datagram delivery",
        38 "Control Message",
        39 "TP++",
        40 "IL",
        42 "Source demand routing",
        45 "Inter-Domain Routing Protocol",
        48 "Dynamic source routing",
        49 "BNA",
        52 "INSLP",
        53 "SWIPE",
        54 "NBMA ARP",
        55 "IP Mobility",
        56 "TLSP Kryptonet",
        57 "SKIP",
        61 "any host internal protocol",
        63 "any local network",
        64 "SATNET EXPAK",
        65 "Kryptolan",
        66 "Remote Virtual Disk",
        67 "IPPC",
        68 "any distributed file system",
        69 "SATNET Monitoring",
        70 "VISA",
        71 "IPCV",
        72 "CPNX",
        73 "CPHB",
        74 "Wang Span",
        75 "Packet Video",
        76 "Backroom SATNET Mon",
        77 "Sun ND Protocol",
        78 "Wideband Mon",
        79 "Wideband Expak",
        80 "ISO Internet Protocol",
        81 "VMTP",
        82 "Secure VMTP",
        83 "VINES",
        84 "TTP",
        85 "NSFNET IGP",
        86 "Dissimilar Gateway",
        87 "TCF",
        90 "Sprite RPC",
        91 "Locus ARP",
        92 "Multicast Transport",
        93 "AX.25 Frames",
        94 "IP in IP",
        95 "MICP",
        96 "Semaphore",
        98 "ENCAP",
        99 "any private encryption scheme",
        100 "GMTP",
        101 "Ipsilon Flow",
        102 "PNNI over IP",
        104 "ARIS",
        105 "SCPS",
        106 "QNX",
        107 "Active Networks",
        109 "Sitara Networks",
        110 "Compaq Peer",
        111 "IPX IN IP",
        113 "PGM",
        114 "any 0-hop protocol",
        116 "DDX",
        117 "IATP",
        118 "STP",
        119 "SpectraLink",
        120 "UTI",
        121 "SMP",
        122 "SM",
        123 "PTP",
        124 "ISIS over IP",
        125 "FIRE",
        126 "CRTP",
        127 "CRUDP",
        128 "SSCOPMCE",
        129 "IPLT",
        130 "Secure Packet",
        131 "PIPE",
        134 "RSVP E2EI",
        138 "MANET",
        144 "AGGFRAG",
        145 "NSH",
        146 "Homa",
        147 "BIT-EMU",
    }
}

impl IpProtocol {
    /// True for the IPv6 extension headers that can be passed over (RFC 8200 section 4,
    /// RFC 7045). ESP is one by name, but nothing behind it can be read.
    #[must_use]
    pub const fn is_ipv6_extension(self) -> bool {
        matches!(
            self,
            Self::HOPOPTS
                | Self::ROUTING
                | Self::FRAGMENT
                | Self::AH
                | Self::DSTOPTS
                | Self::MOBILITY
                | Self::HIP
                | Self::SHIM6
        )
    }
}

open_code! {
    /// Differentiated services code point, 0..=63.
    Dscp(u8, dec) {
        CS0 = 0 "Default",
        LE = 1 "Lower Effort",
        CS1 = 8 "Class Selector 1",
        AF11 = 10 "Assured Forwarding 11",
        AF12 = 12 "Assured Forwarding 12",
        AF13 = 14 "Assured Forwarding 13",
        CS2 = 16 "Class Selector 2",
        AF21 = 18 "Assured Forwarding 21",
        AF22 = 20 "Assured Forwarding 22",
        AF23 = 22 "Assured Forwarding 23",
        CS3 = 24 "Class Selector 3",
        AF31 = 26 "Assured Forwarding 31",
        AF32 = 28 "Assured Forwarding 32",
        AF33 = 30 "Assured Forwarding 33",
        CS4 = 32 "Class Selector 4",
        AF41 = 34 "Assured Forwarding 41",
        AF42 = 36 "Assured Forwarding 42",
        AF43 = 38 "Assured Forwarding 43",
        CS5 = 40 "Class Selector 5",
        VOICE_ADMIT = 44 "Voice Admit",
        EF = 46 "Expedited Forwarding",
        CS6 = 48 "Class Selector 6",
        CS7 = 56 "Class Selector 7",
    }
}

impl Dscp {
    /// The short name that people use: `CS0`, `AF11`, `EF PHB`.
    #[must_use]
    pub const fn short(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "CS0",
            1 => "LE",
            8 => "CS1",
            10 => "AF11",
            12 => "AF12",
            14 => "AF13",
            16 => "CS2",
            18 => "AF21",
            20 => "AF22",
            22 => "AF23",
            24 => "CS3",
            26 => "AF31",
            28 => "AF32",
            30 => "AF33",
            32 => "CS4",
            34 => "AF41",
            36 => "AF42",
            38 => "AF43",
            40 => "CS5",
            44 => "VOICE-ADMIT",
            46 => "EF PHB",
            48 => "CS6",
            56 => "CS7",
            _ => return None,
        })
    }
}

open_code! {
    /// Explicit congestion notification, 0..=3.
    Ecn(u8, dec) {
        NOT_ECT = 0 "Not ECN-Capable Transport",
        ECT_1 = 1 "ECN-Capable Transport codepoint '01'",
        ECT_0 = 2 "ECN-Capable Transport codepoint '10'",
        CE = 3 "Congestion Experienced",
    }
}

impl Ecn {
    /// The short name that people use: `Not-ECT`, `ECT(0)`, `CE`.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self.0 & 3 {
            0 => "Not-ECT",
            1 => "ECT(1)",
            2 => "ECT(0)",
            _ => "CE",
        }
    }
}

/// The differentiated services field: IPv4's type of service, IPv6's traffic class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DsField(pub u8);

impl DsField {
    /// From its two parts; bits that do not fit are dropped.
    #[must_use]
    pub const fn new(dscp: Dscp, ecn: Ecn) -> Self {
        Self(dscp.0 << 2 | ecn.0 & 3)
    }

    /// Code point.
    #[must_use]
    pub const fn dscp(self) -> Dscp {
        Dscp(self.0 >> 2)
    }

    /// Congestion notification.
    #[must_use]
    pub const fn ecn(self) -> Ecn {
        Ecn(self.0 & 3)
    }

    /// IP precedence (RFC 791), 0..=7.
    #[must_use]
    pub const fn precedence(self) -> u8 {
        self.0 >> 5
    }
}

impl fmt::Display for DsField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dscp().short() {
            Some(name) => write!(f, "DSCP: {name}, ECN: {}", self.ecn().short()),
            None => write!(f, "DSCP: {}, ECN: {}", self.dscp().0, self.ecn().short()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols() {
        assert_eq!(IpProtocol(6).name(), Some("TCP"));
        assert_eq!(IpProtocol(132), IpProtocol::SCTP);
        assert_eq!(IpProtocol(200).to_string(), "200");
        assert!(IpProtocol::DSTOPTS.is_ipv6_extension());
        assert!(!IpProtocol::TCP.is_ipv6_extension());
    }

    #[test]
    fn differentiated_services() {
        let ds = DsField(0xb9);
        assert_eq!((ds.dscp(), ds.ecn(), ds.precedence()), (Dscp::EF, Ecn::ECT_1, 5));
        assert_eq!(ds.to_string(), "DSCP: EF PHB, ECN: ECT(1)");
        assert_eq!(DsField::new(Dscp::EF, Ecn::ECT_1), ds);
        assert_eq!(DsField(0x0c).to_string(), "DSCP: 3, ECN: Not-ECT");
    }
}
