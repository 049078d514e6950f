//! ICMP for IPv6. Neighbor discovery and multicast listener discovery have their own files,
//! [`super::ndp`] and [`super::mld`].
//!
//! Source: RFC 4443, RFC 4861, RFC 3810; IANA "ICMPv6 Parameters".
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 1 | type: below 128 an error, else informational | `icmpv6.type` |
//! | 1 | 1 | code | `icmpv6.code` |
//! | 2 | 2 | checksum over pseudo header and message | `icmpv6.checksum` |
//! | 4 | 2 | echo: identifier | `icmpv6.echo.identifier` |
//! | 6 | 2 | echo: sequence number | `icmpv6.echo.sequence_number` |
//! | 4 | 4 | packet too big: MTU | `icmpv6.mtu` |
//! | 4 | 4 | parameter problem: pointer | `icmpv6.pointer` |
//! | 8 | - | echo: data; errors: the packet that caused them | `data`, `ipv6` |

use std::fmt;

use super::IpProtocol;
use crate::bytes::{array, be16, be32, split};
use crate::checksum::Pseudo;
use crate::code::open_code;
use crate::{Error, Result};

/// Field offsets.
pub mod at {
    /// Type, 1 byte.
    pub const TYPE: usize = 0;
    /// Code, 1 byte.
    pub const CODE: usize = 1;
    /// Checksum, 2 bytes.
    pub const CHECKSUM: usize = 2;
    /// The four bytes whose meaning depends on the type.
    pub const REST: usize = 4;
    /// Identifier of an echo, 2 bytes.
    pub const IDENT: usize = 4;
    /// Sequence number of an echo, 2 bytes.
    pub const SEQ: usize = 6;
    /// MTU of packet too big, 4 bytes.
    pub const MTU: usize = 4;
    /// Pointer of a parameter problem, 4 bytes.
    pub const POINTER: usize = 4;
    /// Length of the header; data follow.
    pub const LEN: usize = 8;
}

open_code! {
    /// ICMPv6 type.
    Type(u8, dec) {
        DEST_UNREACHABLE = 1 "Destination Unreachable",
        PACKET_TOO_BIG = 2 "Packet Too Big",
        TIME_EXCEEDED = 3 "Time Exceeded",
        PARAMETER_PROBLEM = 4 "Parameter Problem",
        ECHO_REQUEST = 128 "Echo (ping) request",
        ECHO_REPLY = 129 "Echo (ping) reply",
        MLD_QUERY = 130 "Multicast Listener Query",
        MLD_REPORT = 131 "Multicast Listener Report",
        MLD_DONE = 132 "Multicast Listener Done",
        ROUTER_SOLICITATION = 133 "Router Solicitation",
        ROUTER_ADVERTISEMENT = 134 "Router Advertisement",
        NEIGHBOR_SOLICITATION = 135 "Neighbor Solicitation",
        NEIGHBOR_ADVERTISEMENT = 136 "Neighbor Advertisement",
        REDIRECT = 137 "Redirect",
        ROUTER_RENUMBERING = 138 "Router Renumbering",
        NODE_INFORMATION_QUERY = 139 "Node Information Query",
        NODE_INFORMATION_REPLY = 140 "Node Information Reply",
        INVERSE_ND_SOLICITATION = 141 "Inverse Neighbor Discovery Solicitation",
        INVERSE_ND_ADVERTISEMENT = 142 "Inverse Neighbor Discovery Advertisement",
        MLDV2_REPORT = 143 "Multicast Listener Report Message v2",
        RPL_CONTROL = 155 "RPL Control",
        EXTENDED_ECHO_REQUEST = 160 "Extended Echo request",
        EXTENDED_ECHO_REPLY = 161 "Extended Echo reply",
    }
    also {
        100 ..= 101 "Private experimentation",
        127 "Reserved for expansion of ICMPv6 error messages",
        144 "Home Agent Address Discovery Request",
        145 "Home Agent Address Discovery Reply",
        146 "Mobile Prefix Solicitation",
        147 "Mobile Prefix Advertisement",
        148 "Certification Path Solicitation",
        149 "Certification Path Advertisement",
        150 "Experimental Mobility",
        151 "Multicast Router Advertisement",
        152 "Multicast Router Solicitation",
        153 "Multicast Router Termination",
        154 "FMIPv6",
        156 "Locator Update",
        157 "Duplicate Address Request",
        158 "Duplicate Address Confirmation",
        159 "MPL Control Message",
        200 ..= 201 "Private experimentation",
        255 "Reserved for expansion of ICMPv6 informational messages",
    }
}

impl Type {
    /// True for error messages, which quote the packet that caused them.
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0 < 128
    }
}

/// What a code of a type is called, `None` when it is not assigned or says nothing.
#[must_use]
pub const fn code_name(kind: Type, code: u8) -> Option<&'static str> {
    Some(match (kind, code) {
        (Type::DEST_UNREACHABLE, 0) => "no route to destination",
        (Type::DEST_UNREACHABLE, 1) => "Administratively prohibited",
        (Type::DEST_UNREACHABLE, 2) => "Beyond scope of source address",
        (Type::DEST_UNREACHABLE, 3) => "Address unreachable",
        (Type::DEST_UNREACHABLE, 4) => "Port unreachable",
        (Type::DEST_UNREACHABLE, 5) => "Source address failed ingress/egress policy",
        (Type::DEST_UNREACHABLE, 6) => "Reject route to destination",
        (Type::DEST_UNREACHABLE, 7) => "Error in source routing header",
        (Type::DEST_UNREACHABLE, 8) => "Headers too long",
        (Type::TIME_EXCEEDED, 0) => "hop limit exceeded in transit",
        (Type::TIME_EXCEEDED, 1) => "fragment reassembly time exceeded",
        (Type::PARAMETER_PROBLEM, 0) => "erroneous header field encountered",
        (Type::PARAMETER_PROBLEM, 1) => "unrecognized Next Header type encountered",
        (Type::PARAMETER_PROBLEM, 2) => "unrecognized IPv6 option encountered",
        (Type::PARAMETER_PROBLEM, 3) => "IPv6 first fragment has incomplete IPv6 header chain",
        (Type::PARAMETER_PROBLEM, 4) => "SR upper-layer header error",
        (Type::ROUTER_RENUMBERING, 0) => "Command",
        (Type::ROUTER_RENUMBERING, 1) => "Result",
        (Type::ROUTER_RENUMBERING, 255) => "Sequence number reset",
        (Type::NODE_INFORMATION_QUERY, 0) => "Query subject: IPv6 addresses",
        (Type::NODE_INFORMATION_QUERY, 1) => "Query subject: DNS name",
        (Type::NODE_INFORMATION_QUERY, 2) => "Query subject: IPv4 addresses",
        (Type::NODE_INFORMATION_REPLY, 0) => "Successful reply",
        (Type::NODE_INFORMATION_REPLY, 1) => "Refuses to answer",
        (Type::NODE_INFORMATION_REPLY, 2) => "Unknown query type",
        (Type::EXTENDED_ECHO_REPLY, 0) => "No error",
        (Type::EXTENDED_ECHO_REPLY, 1) => "Malformed query",
        (Type::EXTENDED_ECHO_REPLY, 2) => "No such interface",
        (Type::EXTENDED_ECHO_REPLY, 3) => "No such table entry",
        (Type::EXTENDED_ECHO_REPLY, 4) => "Multiple interfaces satisfy query",
        _ => return None,
    })
}

/// A view over an ICMPv6 message.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    data: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the 8 bytes that every message has.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, data) = split("ICMPv6", "icmpv6", bytes)?;
        Ok(Self { fixed, data })
    }

    /// Type.
    #[must_use]
    pub const fn kind(&self) -> Type {
        Type(self.fixed[at::TYPE])
    }

    /// Code.
    #[must_use]
    pub const fn code(&self) -> u8 {
        self.fixed[at::CODE]
    }

    /// Checksum as it stands.
    #[must_use]
    pub const fn checksum(&self) -> u16 {
        be16(self.fixed, at::CHECKSUM)
    }

    /// True when the checksum over pseudo header and message is right.
    #[must_use]
    pub fn checksum_ok(&self, pseudo: &Pseudo) -> bool {
        let len = at::LEN + self.data.len();
        pseudo.sum(IpProtocol::ICMPV6.0, len).bytes(self.fixed).bytes(self.data).finish() == 0
    }

    /// The four bytes whose meaning depends on the type.
    #[must_use]
    pub fn rest(&self) -> [u8; 4] {
        array(self.fixed, at::REST)
    }

    /// Identifier of an echo.
    #[must_use]
    pub const fn ident(&self) -> u16 {
        be16(self.fixed, at::IDENT)
    }

    /// Sequence number of an echo.
    #[must_use]
    pub const fn seq(&self) -> u16 {
        be16(self.fixed, at::SEQ)
    }

    /// MTU of packet too big.
    #[must_use]
    pub const fn mtu(&self) -> u32 {
        be32(self.fixed, at::MTU)
    }

    /// Pointer of a parameter problem: offset of the bad byte in the packet quoted.
    #[must_use]
    pub const fn pointer(&self) -> u32 {
        be32(self.fixed, at::POINTER)
    }

    /// What follows the 8 bytes: echo data, the packet that caused an error, or the rest of a
    /// discovery message.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.data
    }
}

/// An ICMPv6 message to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Repr<'a> {
    /// Type.
    pub kind: Type,
    /// Code.
    pub code: u8,
    /// The four bytes whose meaning depends on the type.
    pub rest: [u8; 4],
    /// What follows.
    pub data: &'a [u8],
}

impl<'a> Repr<'a> {
    /// An echo request.
    #[must_use]
    pub const fn echo_request(ident: u16, seq: u16, data: &'a [u8]) -> Self {
        Self::new(Type::ECHO_REQUEST, 0, (ident as u32) << 16 | seq as u32, data)
    }

    /// An echo reply.
    #[must_use]
    pub const fn echo_reply(ident: u16, seq: u16, data: &'a [u8]) -> Self {
        Self::new(Type::ECHO_REPLY, 0, (ident as u32) << 16 | seq as u32, data)
    }

    /// Destination unreachable. `original` is the start of the packet that could not be delivered.
    #[must_use]
    pub const fn unreachable(code: u8, original: &'a [u8]) -> Self {
        Self::new(Type::DEST_UNREACHABLE, code, 0, original)
    }

    /// Packet too big for the next link.
    #[must_use]
    pub const fn packet_too_big(mtu: u32, original: &'a [u8]) -> Self {
        Self::new(Type::PACKET_TOO_BIG, 0, mtu, original)
    }

    /// Time exceeded: code 0 in transit, 1 in reassembly.
    #[must_use]
    pub const fn time_exceeded(code: u8, original: &'a [u8]) -> Self {
        Self::new(Type::TIME_EXCEEDED, code, 0, original)
    }

    /// Parameter problem at offset `pointer` of the packet.
    #[must_use]
    pub const fn parameter_problem(code: u8, pointer: u32, original: &'a [u8]) -> Self {
        Self::new(Type::PARAMETER_PROBLEM, code, pointer, original)
    }

    /// Any message; `rest` are the four bytes behind the checksum.
    #[must_use]
    pub const fn new(kind: Type, code: u8, rest: u32, data: &'a [u8]) -> Self {
        Self { kind, code, rest: rest.to_be_bytes(), data }
    }

    /// Every message is valid. The checksum is left to [`Header::checksum_ok`].
    pub fn parse(h: &Header<'a>) -> Result<Self> {
        Ok(Self { kind: h.kind(), code: h.code(), rest: h.rest(), data: h.data })
    }

    /// Bytes that [`Self::emit`] writes.
    #[must_use]
    pub const fn len(&self) -> usize {
        at::LEN + self.data.len()
    }

    /// Never: a message has at least 8 bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Writes the message, data included, with its checksum at the front of `out` and returns
    /// its length.
    pub fn emit(&self, out: &mut [u8], pseudo: &Pseudo) -> Result<usize> {
        let len = self.len();
        let available = out.len();
        let out = out.get_mut(..len).ok_or(Error::short("ICMPv6", "output buffer", 0, len, available))?;
        out[at::TYPE] = self.kind.0;
        out[at::CODE] = self.code;
        out[at::CHECKSUM..at::REST].fill(0);
        out[at::REST..at::LEN].copy_from_slice(&self.rest);
        out[at::LEN..].copy_from_slice(self.data);
        let sum = pseudo.sum(IpProtocol::ICMPV6.0, len).bytes(out).finish();
        out[at::CHECKSUM..at::REST].copy_from_slice(&sum.to_be_bytes());
        Ok(len)
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind())?;
        match (self.kind(), code_name(self.kind(), self.code())) {
            (_, Some(name)) => write!(f, " ({name})"),
            (Type::PACKET_TOO_BIG, _) => write!(f, " mtu {}", self.mtu()),
            (Type::ECHO_REQUEST | Type::ECHO_REPLY, _) => {
                write!(f, " id=0x{:04x}, seq={}", self.ident(), self.seq())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::checksum;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;
    use std::net::Ipv6Addr;

    const LO: Pseudo = Pseudo::V6 { src: Ipv6Addr::LOCALHOST, dst: Ipv6Addr::LOCALHOST };

    #[test]
    fn fields() {
        let m = [128, 0, 0xaa, 0xbb, 0x12, 0x34, 0, 7, 1];
        let h = Header::new(&m).unwrap();
        assert_eq!((h.kind(), h.code(), h.checksum()), (Type::ECHO_REQUEST, 0, 0xaabb));
        assert_eq!((h.ident(), h.seq(), h.payload()), (0x1234, 7, &[1][..]));
        assert_eq!(h.to_string(), "Echo (ping) request id=0x1234, seq=7");
        assert!(!h.kind().is_error());
        let m = [2, 0, 0, 0, 0, 0, 5, 0];
        let h = Header::new(&m).unwrap();
        assert_eq!(h.to_string(), "Packet Too Big mtu 1280");
        assert!(h.kind().is_error());
        let m = [1, 4, 0, 0, 0, 0, 0, 0];
        assert_eq!(Header::new(&m).unwrap().to_string(), "Destination Unreachable (Port unreachable)");
    }

    #[test]
    fn checksum_covers_the_pseudo_header_of_rfc_8200() {
        let mut out = [0xff; 11];
        Repr::echo_reply(1, 2, b"abc").emit(&mut out, &LO).unwrap();
        // Source, destination, 32-bit length, three zeros and 58, then the message.
        let one = Ipv6Addr::LOCALHOST.octets();
        let message = [129, 0, 0, 0, 0, 1, 0, 2, b'a', b'b', b'c'];
        let block = [&one[..], &one, &[0, 0, 0, 11, 0, 0, 0, 58], &message].concat();
        let h = Header::new(&out).unwrap();
        assert_eq!(h.checksum(), checksum(&block));
        assert!(h.checksum_ok(&LO));
        out[10] = 0;
        assert!(!Header::new(&out).unwrap().checksum_ok(&LO));
    }

    #[test]
    fn truncated() {
        every_prefix(&[0; 10], 8, |b| Header::new(b).is_ok());
        let repr = Repr::parameter_problem(0, 40, b"xyz");
        every_prefix(&[0; 16], 11, |b| repr.emit(&mut b.to_vec(), &LO).is_ok());
    }

    proptest! {
        #[test]
        fn emit_writes_what_was_parsed(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let Ok(h) = Header::new(&bytes) else { return Ok(()) };
            let _ = h.to_string();
            let mut out = vec![0; bytes.len()];
            prop_assert_eq!(Repr::parse(&h).unwrap().emit(&mut out, &LO), Ok(bytes.len()));
            prop_assert!(Header::new(&out).unwrap().checksum_ok(&LO));
            prop_assert_eq!(&out[..2], &bytes[..2]);
            prop_assert_eq!(&out[4..], &bytes[4..]);
        }
    }
}
