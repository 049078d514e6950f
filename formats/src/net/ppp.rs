//! PPP: the frame with or without HDLC-like framing, and the control protocols' packets.
//!
//! Source: RFC 1661 sections 2 and 5, RFC 1662 section 3.1; IANA "PPP Numbers".
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 1 | address FF, left out after address and control field compression | `ppp.address` |
//! | 1 | 1 | control 03, left out with it | `ppp.control` |
//! | +0 | 1 or 2 | protocol; one byte (always odd) after protocol field compression | `ppp.protocol` |
//!
//! A packet of LCP, of an NCP, of PAP or CHAP:
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 1 | code | `ppp.code` |
//! | 1 | 1 | identifier | `ppp.identifier` |
//! | 2 | 2 | length in bytes, these four included | `ppp.length` |
//! | 4 | - | data | |

use std::fmt;

use super::EtherType;
use crate::bytes::split;
use crate::code::open_code;
use crate::{Error, Result};

/// Field offsets; the protocol lies at 0 where address and control are left out.
pub mod at {
    /// Address, 1 byte.
    pub const ADDRESS: usize = 0;
    /// Control, 1 byte.
    pub const CONTROL: usize = 1;
    /// Protocol behind address and control, 1 or 2 bytes.
    pub const PROTO: usize = 2;
    /// In a control packet: code, 1 byte.
    pub const CODE: usize = 0;
    /// In a control packet: identifier, 1 byte.
    pub const IDENTIFIER: usize = 1;
    /// In a control packet: length, 2 bytes.
    pub const LENGTH: usize = 2;
    /// In a control packet: data.
    pub const DATA: usize = 4;
}

open_code! {
    /// Protocol that a PPP frame carries.
    Protocol(u16, hex) {
        PADDING = 0x0001 "Padding Protocol",
        IPV4 = 0x0021 "Internet Protocol version 4",
        OSI = 0x0023 "OSI Network Layer",
        IPX = 0x002b "Novell IPX",
        VJ_COMPRESSED = 0x002d "Van Jacobson Compressed TCP/IP",
        VJ_UNCOMPRESSED = 0x002f "Van Jacobson Uncompressed TCP/IP",
        BRIDGING = 0x0031 "Bridging PDU",
        MULTILINK = 0x003d "Multi-Link",
        SNA_802_2 = 0x004b "SNA over 802.2",
        SNA = 0x004d "SNA",
        ENCRYPTION = 0x0053 "Encryption",
        IPV6 = 0x0057 "Internet Protocol version 6",
        MUXING = 0x0059 "PPP Muxing",
        COMPRESSED = 0x00fd "Compressed datagram",
        CDP = 0x0207 "Cisco Discovery Protocol",
        MPLS_UNICAST = 0x0281 "MPLS Unicast",
        MPLS_MULTICAST = 0x0283 "MPLS Multicast",
        IPCP = 0x8021 "Internet Protocol Control Protocol",
        IPXCP = 0x802b "Novell IPX Control Protocol",
        SNA_802_2_CP = 0x804b "SNA over 802.2 Control Protocol",
        SNACP = 0x804d "SNA Control Protocol",
        ECP = 0x8053 "Encryption Control Protocol",
        IPV6CP = 0x8057 "IPv6 Control Protocol",
        CCP = 0x80fd "Compression Control Protocol",
        MPLSCP = 0x8281 "MPLS Control Protocol",
        LCP = 0xc021 "Link Control Protocol",
        PAP = 0xc023 "Password Authentication Protocol",
        LQR = 0xc025 "Link Quality Report",
        CBCP = 0xc029 "Callback Control Protocol (CBCP)",
        BACP = 0xc02b "BACP Bandwidth Allocation Control Protocol",
        BAP = 0xc02d "BAP Bandwidth Allocation Protocol",
        CHAP = 0xc223 "Challenge Handshake Authentication Protocol",
        EAP = 0xc227 "Extensible Authentication Protocol",
    }
    also {
        0x0003 "ROHC small-CID",
        0x0005 "ROHC large-CID",
        0x0025 "Xerox NS IDP",
        0x0027 "DECnet Phase IV",
        0x0029 "Appletalk",
        0x0033 "Stream Protocol (ST-II)",
        0x0035 "Banyan Vines",
        0x003f "NETBIOS Framing",
        0x0041 "Cisco Systems",
        0x004f "IPv6 Header Compression",
        0x0055 "Individual Link Encryption",
        0x005b "Vendor-Specific Network Protocol (VSNP)",
        0x005d "TRILL Network Protocol (TNP)",
        0x0061 "RTP IPHC Full Header",
        0x0063 "RTP IPHC Compressed TCP",
        0x0065 "RTP IPHC Compressed Non TCP",
        0x0067 "RTP IPHC Compressed UDP 8",
        0x0069 "RTP IPHC Compressed RTP 8",
        0x00fb "Single link compression in multilink",
        0x0201 "802.1d Hello Packets",
        0x0203 "IBM Source Routing BPDU",
        0x0205 "DEC LANBridge100 Spanning Tree",
        0x2063 "RTP IPHC Compressed TCP No Delta",
        0x2065 "RTP IPHC Context State",
        0x2067 "RTP IPHC Compressed UDP 16",
        0x2069 "RTP IPHC Compressed RTP 16",
        0x8023 "OSI Network Layer Control Protocol",
        0x8025 "Xerox NS IDP Control Protocol",
        0x8027 "DECnet Phase IV Control Protocol",
        0x8029 "AppleTalk Control Protocol",
        0x8031 "Bridging NCP",
        0x8033 "Stream Protocol Control Protocol",
        0x8035 "Banyan Vines Control Protocol",
        0x803d "Multi-Link Control Protocol",
        0x803f "NETBIOS Framing Control Protocol",
        0x8041 "Cisco Systems Control Protocol",
        0x804f "IP6 Header Compression Control Protocol",
        0x8055 "Individual Link Encryption Control Protocol",
        0x8059 "PPP Muxing Control Protocol",
        0x80fb "Single link compression in multilink control",
        0x8207 "Cisco Discovery Protocol Control Protocol",
        0xc027 "Shiva Password Authentication Protocol",
        0xc281 "Proprietary Authentication Protocol",
    }
}

impl Protocol {
    /// The EtherType that says the same, for the network protocols that have one.
    #[must_use]
    pub const fn ethertype(self) -> Option<EtherType> {
        Some(match self {
            Self::IPV4 => EtherType::IPV4,
            Self::IPV6 => EtherType::IPV6,
            Self::IPX => EtherType::IPX,
            Self::MPLS_UNICAST => EtherType::MPLS,
            Self::MPLS_MULTICAST => EtherType::MPLS_MULTICAST,
            _ => return None,
        })
    }

    /// True for the protocols whose packets are [`ControlPacket`]s.
    #[must_use]
    pub const fn is_control(self) -> bool {
        matches!(self.0, 0x8000..=0xbfff) || matches!(self, Self::LCP | Self::PAP | Self::CHAP | Self::EAP)
    }
}

open_code! {
    /// Code of an LCP or NCP packet.
    Code(u8, dec) {
        CONFIGURE_REQUEST = 1 "Configuration Request",
        CONFIGURE_ACK = 2 "Configuration Ack",
        CONFIGURE_NAK = 3 "Configuration Nak",
        CONFIGURE_REJECT = 4 "Configuration Reject",
        TERMINATE_REQUEST = 5 "Termination Request",
        TERMINATE_ACK = 6 "Termination Ack",
        CODE_REJECT = 7 "Code Reject",
        PROTOCOL_REJECT = 8 "Protocol Reject",
        ECHO_REQUEST = 9 "Echo Request",
        ECHO_REPLY = 10 "Echo Reply",
        DISCARD_REQUEST = 11 "Discard Request",
        IDENTIFICATION = 12 "Identification",
        TIME_REMAINING = 13 "Time Remaining",
        RESET_REQUEST = 14 "Reset Request",
        RESET_ACK = 15 "Reset Ack",
    }
}

/// A view over a PPP frame without its frame check sequence.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    framed: bool,
    protocol: Protocol,
    bytes: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the protocol, behind address and control where the frame starts with FF, which is no
    /// protocol (RFC 1661 section 2). The control byte is not looked at.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (framed, rest) = match bytes {
            [0xff, _, rest @ ..] => (true, rest),
            [0xff] => return Err(Error::short("PPP", "ppp.control", at::CONTROL, 1, 0)),
            _ => (false, bytes),
        };
        let at = bytes.len() - rest.len();
        let (protocol, payload) = match rest {
            [p, payload @ ..] if p & 1 == 1 => (u16::from(*p), payload),
            [a, b, payload @ ..] => (u16::from_be_bytes([*a, *b]), payload),
            _ => return Err(Error::short("PPP", "ppp.protocol", at, 2, rest.len())),
        };
        Ok(Self { framed, protocol: Protocol(protocol), bytes, payload })
    }

    /// True when the frame starts with address and control.
    #[must_use]
    pub const fn is_framed(&self) -> bool {
        self.framed
    }

    /// What is carried.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Length of the header in bytes, 1..=4.
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

/// What a Cisco HDLC frame carries, and its payload; `None` for a frame that is PPP. Files of both
/// PPP link types hold such frames: an address 0F (unicast) or 8F (broadcast), a zero, an
/// EtherType.
#[must_use]
pub fn cisco_hdlc(bytes: &[u8]) -> Option<(EtherType, &[u8])> {
    match bytes {
        [0x0f | 0x8f, 0x00, a, b, payload @ ..] => Some((EtherType(u16::from_be_bytes([*a, *b])), payload)),
        _ => None,
    }
}

/// A view over a packet of LCP, of an NCP, of PAP or CHAP.
#[derive(Debug, Clone, Copy)]
pub struct ControlPacket<'a> {
    fixed: &'a [u8; at::DATA],
    rest: &'a [u8],
}

impl<'a> ControlPacket<'a> {
    /// Needs the 4 bytes before the data.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, rest) = split("PPP control", "ppp.code", bytes)?;
        Ok(Self { fixed, rest })
    }

    /// Code, as LCP and the NCPs use it.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code(self.fixed[at::CODE])
    }

    /// Identifier, by which a reply finds its request.
    #[must_use]
    pub const fn identifier(&self) -> u8 {
        self.fixed[at::IDENTIFIER]
    }

    /// Length in bytes, the first four included.
    #[must_use]
    pub const fn length(&self) -> u16 {
        u16::from_be_bytes([self.fixed[at::LENGTH], self.fixed[at::LENGTH + 1]])
    }

    /// Data, as far as the length goes and they are there.
    #[must_use]
    pub fn data(&self) -> &'a [u8] {
        self.rest.get(..usize::from(self.length()).saturating_sub(at::DATA)).unwrap_or(self.rest)
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PPP {}", self.protocol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    #[test]
    fn framing_and_both_compressions() {
        for (bytes, framed, protocol, len) in [
            (&[0xff, 0x03, 0x00, 0x21, 0x45][..], true, Protocol::IPV4, 4),
            (&[0xff, 0x03, 0x21, 0x45], true, Protocol::IPV4, 3),
            (&[0xc0, 0x21, 0x01], false, Protocol::LCP, 2),
            (&[0x57, 0x60], false, Protocol::IPV6, 1),
        ] {
            let h = Header::new(bytes).unwrap();
            assert_eq!((h.is_framed(), h.protocol(), h.header_len()), (framed, protocol, len));
            assert_eq!(h.payload(), &bytes[len..]);
        }
        assert_eq!(Header::new(&[0, 0x4d]).unwrap().to_string(), "PPP SNA");
        assert_eq!(Protocol::IPV4.ethertype(), Some(EtherType::IPV4));
        assert!(Protocol::SNACP.is_control() && !Protocol::SNA.is_control());
    }

    #[test]
    fn control_packet() {
        // A configuration request with an MRU option, and padding behind it.
        let p = ControlPacket::new(&[1, 7, 0, 8, 1, 4, 5, 0xd4, 0, 0]).unwrap();
        assert_eq!((p.code(), p.identifier(), p.length()), (Code::CONFIGURE_REQUEST, 7, 8));
        assert_eq!(p.data(), &[1, 4, 5, 0xd4]);
        every_prefix(&[0; 6], 4, |b| ControlPacket::new(b).is_ok());
    }

    #[test]
    fn cisco_hdlc_frame() {
        assert_eq!(cisco_hdlc(&[0x0f, 0, 0x08, 0x00, 0x45]), Some((EtherType::IPV4, &[0x45][..])));
        assert_eq!(cisco_hdlc(&[0xff, 0x03, 0x00, 0x21]), None);
        assert_eq!(cisco_hdlc(&[0x0f, 0, 0x08]), None);
    }

    #[test]
    fn truncated() {
        every_prefix(&[0xff, 0x03, 0x00, 0x21, 0x45], 4, |b| Header::new(b).is_ok());
        every_prefix(&[0x00, 0x21, 0x45], 2, |b| Header::new(b).is_ok());
    }

    proptest! {
        #[test]
        fn views_anything(bytes in prop::collection::vec(any::<u8>(), 0..16)) {
            if let Ok(h) = Header::new(&bytes) {
                prop_assert!((1..=4).contains(&h.header_len()));
                let _ = h.to_string();
            }
            let _ = ControlPacket::new(&bytes).map(|p| p.data());
        }
    }
}
