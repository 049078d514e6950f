//! ICMP for IPv4.
//!
//! Source: RFC 792, RFC 950 (address mask), RFC 1191 (next-hop MTU), RFC 1256 (router discovery),
//! RFC 1812, RFC 4884 (extensions), RFC 8335 (extended echo); IANA "ICMP Parameters".
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 1 | type | `icmp.type` |
//! | 1 | 1 | code | `icmp.code` |
//! | 2 | 2 | checksum over the message | `icmp.checksum` |
//! | 4 | 2 | echo, timestamp, mask: identifier | `icmp.ident` |
//! | 6 | 2 | echo, timestamp, mask: sequence number | `icmp.seq` |
//! | 4 | 4 | redirect: gateway address | `icmp.redir_gw` |
//! | 4 | 1 | parameter problem: pointer | `icmp.pointer` |
//! | 5 | 1 | errors: length of the original datagram in 32-bit words (RFC 4884) | `icmp.length` |
//! | 6 | 2 | unreachable, code 4: next-hop MTU | `icmp.mtu` |
//! | 8 | - | echo: data; errors: the packet that caused them | `data`, `ip` |

use std::fmt;
use std::net::Ipv4Addr;

use crate::bytes::{array, be16, be32, split};
use crate::checksum::{Sum, checksum};
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
    /// Identifier, 2 bytes.
    pub const IDENT: usize = 4;
    /// Sequence number, 2 bytes.
    pub const SEQ: usize = 6;
    /// Gateway of a redirect, 4 bytes.
    pub const GATEWAY: usize = 4;
    /// Pointer of a parameter problem, 1 byte.
    pub const POINTER: usize = 4;
    /// Length of the original datagram, 1 byte.
    pub const ORIGINAL_LEN: usize = 5;
    /// Next-hop MTU, 2 bytes.
    pub const MTU: usize = 6;
    /// Length of the header; data follow.
    pub const LEN: usize = 8;
}

open_code! {
    /// ICMP type.
    Type(u8, dec) {
        ECHO_REPLY = 0 "Echo (ping) reply",
        DEST_UNREACHABLE = 3 "Destination unreachable",
        SOURCE_QUENCH = 4 "Source quench (flow control)",
        REDIRECT = 5 "Redirect",
        ALTERNATE_ADDRESS = 6 "Alternate host address",
        ECHO_REQUEST = 8 "Echo (ping) request",
        ROUTER_ADVERTISEMENT = 9 "Router advertisement",
        ROUTER_SOLICITATION = 10 "Router solicitation",
        TIME_EXCEEDED = 11 "Time-to-live exceeded",
        PARAMETER_PROBLEM = 12 "Parameter problem",
        TIMESTAMP_REQUEST = 13 "Timestamp request",
        TIMESTAMP_REPLY = 14 "Timestamp reply",
        INFORMATION_REQUEST = 15 "Information request",
        INFORMATION_REPLY = 16 "Information reply",
        MASK_REQUEST = 17 "Address mask request",
        MASK_REPLY = 18 "Address mask reply",
        TRACEROUTE = 30 "Traceroute",
        PHOTURIS = 40 "Photuris",
        EXTENDED_ECHO_REQUEST = 42 "Extended Echo request",
        EXTENDED_ECHO_REPLY = 43 "Extended Echo reply",
    }
    also {
        1 ..= 2 "Reserved",
        7 "Reserved",
        19 ..= 29 "Reserved",
        31 "Datagram Conversion Error",
        32 "Mobile Host Redirect",
        33 "IPv6 Where-Are-You",
        34 "IPv6 I-Am-Here",
        35 "Mobile Registration Request",
        36 "Mobile Registration Reply",
        37 "Domain Name Request",
        38 "Domain Name Reply",
        39 "SKIP",
        41 "Experimental mobility protocols",
        253 "RFC3692-style Experiment 1",
        254 "RFC3692-style Experiment 2",
    }
}

impl Type {
    /// True for the messages that quote the packet which caused them.
    #[must_use]
    pub const fn is_error(self) -> bool {
        matches!(
            self,
            Self::DEST_UNREACHABLE
                | Self::SOURCE_QUENCH
                | Self::REDIRECT
                | Self::TIME_EXCEEDED
                | Self::PARAMETER_PROBLEM
        )
    }

    /// True for the messages that have an identifier and a sequence number.
    #[must_use]
    pub const fn has_ident(self) -> bool {
        matches!(
            self,
            Self::ECHO_REQUEST
                | Self::ECHO_REPLY
                | Self::TIMESTAMP_REQUEST
                | Self::TIMESTAMP_REPLY
                | Self::INFORMATION_REQUEST
                | Self::INFORMATION_REPLY
                | Self::MASK_REQUEST
                | Self::MASK_REPLY
        )
    }
}

/// What a code of a type is called, `None` when it is not assigned or says nothing.
#[must_use]
pub const fn code_name(kind: Type, code: u8) -> Option<&'static str> {
    Some(match (kind, code) {
        (Type::DEST_UNREACHABLE, 0) => "Network unreachable",
        (Type::DEST_UNREACHABLE, 1) => "Host unreachable",
        (Type::DEST_UNREACHABLE, 2) => "Protocol unreachable",
        (Type::DEST_UNREACHABLE, 3) => "Port unreachable",
        (Type::DEST_UNREACHABLE, 4) => "Fragmentation needed",
        (Type::DEST_UNREACHABLE, 5) => "Source route failed",
        (Type::DEST_UNREACHABLE, 6) => "Destination network unknown",
        (Type::DEST_UNREACHABLE, 7) => "Destination host unknown",
        (Type::DEST_UNREACHABLE, 8) => "Source host isolated",
        (Type::DEST_UNREACHABLE, 9) => "Network administratively prohibited",
        (Type::DEST_UNREACHABLE, 10) => "Host administratively prohibited",
        (Type::DEST_UNREACHABLE, 11) => "Network unreachable for TOS",
        (Type::DEST_UNREACHABLE, 12) => "Host unreachable for TOS",
        (Type::DEST_UNREACHABLE, 13) => "Communication administratively filtered",
        (Type::DEST_UNREACHABLE, 14) => "Host precedence violation",
        (Type::DEST_UNREACHABLE, 15) => "Precedence cutoff in effect",
        (Type::REDIRECT, 0) => "Redirect for network",
        (Type::REDIRECT, 1) => "Redirect for host",
        (Type::REDIRECT, 2) => "Redirect for TOS and network",
        (Type::REDIRECT, 3) => "Redirect for TOS and host",
        (Type::ROUTER_ADVERTISEMENT, 0) => "Normal router advertisement",
        (Type::ROUTER_ADVERTISEMENT, 16) => "Does not route common traffic",
        (Type::TIME_EXCEEDED, 0) => "Time to live exceeded in transit",
        (Type::TIME_EXCEEDED, 1) => "Fragment reassembly time exceeded",
        (Type::PARAMETER_PROBLEM, 0) => "Pointer indicates the error",
        (Type::PARAMETER_PROBLEM, 1) => "Required option missing",
        (Type::PARAMETER_PROBLEM, 2) => "Bad length",
        (Type::EXTENDED_ECHO_REPLY, 0) => "No error",
        (Type::EXTENDED_ECHO_REPLY, 1) => "Malformed query",
        (Type::EXTENDED_ECHO_REPLY, 2) => "No such interface",
        (Type::EXTENDED_ECHO_REPLY, 3) => "No such table entry",
        (Type::EXTENDED_ECHO_REPLY, 4) => "Multiple interfaces satisfy query",
        _ => return None,
    })
}

/// A view over an ICMP message.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    data: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the 8 bytes that every message has.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, data) = split("ICMP", "icmp", bytes)?;
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

    /// True when the checksum over the whole message is right.
    #[must_use]
    pub fn checksum_ok(&self) -> bool {
        Sum::new().bytes(self.fixed).bytes(self.data).finish() == 0
    }

    /// The four bytes whose meaning depends on the type.
    #[must_use]
    pub fn rest(&self) -> [u8; 4] {
        array(self.fixed, at::REST)
    }

    /// Identifier, where [`Type::has_ident`].
    #[must_use]
    pub const fn ident(&self) -> u16 {
        be16(self.fixed, at::IDENT)
    }

    /// Sequence number, where [`Type::has_ident`].
    #[must_use]
    pub const fn seq(&self) -> u16 {
        be16(self.fixed, at::SEQ)
    }

    /// Gateway address of a redirect.
    #[must_use]
    pub const fn gateway(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(be32(self.fixed, at::GATEWAY))
    }

    /// Pointer of a parameter problem: offset of the bad byte in the packet quoted.
    #[must_use]
    pub const fn pointer(&self) -> u8 {
        self.fixed[at::POINTER]
    }

    /// Next-hop MTU of "fragmentation needed", 0 from routers before RFC 1191.
    #[must_use]
    pub const fn mtu(&self) -> u16 {
        be16(self.fixed, at::MTU)
    }

    /// What follows the 8 bytes: echo data, or the packet that caused an error.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.data
    }

    /// The packet quoted by an error, and the extension behind it (RFC 4884), empty when none is
    /// announced by a length.
    #[must_use]
    pub fn original(&self) -> (&'a [u8], &'a [u8]) {
        let extensible =
            matches!(self.kind(), Type::DEST_UNREACHABLE | Type::TIME_EXCEEDED | Type::PARAMETER_PROBLEM);
        match usize::from(self.fixed[at::ORIGINAL_LEN]) * 4 {
            len if extensible && len > 0 => self.data.split_at_checked(len).unwrap_or((self.data, &[])),
            _ => (self.data, &[]),
        }
    }
}

/// An ICMP message to send.
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
        Self { kind: Type::ECHO_REQUEST, code: 0, rest: two(ident, seq), data }
    }

    /// An echo reply.
    #[must_use]
    pub const fn echo_reply(ident: u16, seq: u16, data: &'a [u8]) -> Self {
        Self { kind: Type::ECHO_REPLY, code: 0, rest: two(ident, seq), data }
    }

    /// Destination unreachable; the MTU counts with code 4 and is 0 otherwise. `original` is the
    /// start of the packet that could not be delivered.
    #[must_use]
    pub const fn unreachable(code: u8, mtu: u16, original: &'a [u8]) -> Self {
        Self { kind: Type::DEST_UNREACHABLE, code, rest: two(0, mtu), data: original }
    }

    /// Time exceeded: code 0 in transit, 1 in reassembly.
    #[must_use]
    pub const fn time_exceeded(code: u8, original: &'a [u8]) -> Self {
        Self { kind: Type::TIME_EXCEEDED, code, rest: [0; 4], data: original }
    }

    /// Parameter problem at offset `pointer` of the packet.
    #[must_use]
    pub const fn parameter_problem(pointer: u8, original: &'a [u8]) -> Self {
        Self { kind: Type::PARAMETER_PROBLEM, code: 0, rest: [pointer, 0, 0, 0], data: original }
    }

    /// Redirect to `gateway`: code 0 for the network, 1 for the host.
    #[must_use]
    pub const fn redirect(code: u8, gateway: Ipv4Addr, original: &'a [u8]) -> Self {
        Self { kind: Type::REDIRECT, code, rest: gateway.octets(), data: original }
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
    pub fn emit(&self, out: &mut [u8]) -> Result<usize> {
        let len = self.len();
        let available = out.len();
        let out = out.get_mut(..len).ok_or(Error::short("ICMP", "output buffer", 0, len, available))?;
        out[..at::LEN].copy_from_slice(&[
            self.kind.0,
            self.code,
            0,
            0,
            self.rest[0],
            self.rest[1],
            self.rest[2],
            self.rest[3],
        ]);
        out[at::LEN..].copy_from_slice(self.data);
        let sum = checksum(out);
        out[at::CHECKSUM..at::REST].copy_from_slice(&sum.to_be_bytes());
        Ok(len)
    }
}

/// Two big-endian words.
const fn two(a: u16, b: u16) -> [u8; 4] {
    ((a as u32) << 16 | b as u32).to_be_bytes()
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind())?;
        match code_name(self.kind(), self.code()) {
            Some(name) => write!(f, " ({name})"),
            None if self.kind().has_ident() => write!(f, " id=0x{:04x}, seq={}", self.ident(), self.seq()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    #[test]
    fn echo() {
        let m = [8, 0, 0, 0, 0x12, 0x34, 0, 7, b'a', b'b'];
        let h = Header::new(&m).unwrap();
        assert_eq!((h.kind(), h.code(), h.ident(), h.seq()), (Type::ECHO_REQUEST, 0, 0x1234, 7));
        assert_eq!(h.payload(), b"ab");
        assert_eq!(h.to_string(), "Echo (ping) request id=0x1234, seq=7");
    }

    #[test]
    fn emit_makes_the_checksum() {
        // One's complement sum by hand: 0800 + 0001 + 0002 = 0803, complement f7fc.
        let mut out = [0xff; 8];
        Repr::echo_request(1, 2, &[]).emit(&mut out).unwrap();
        assert_eq!(out, [8, 0, 0xf7, 0xfc, 0, 1, 0, 2]);
        assert!(Header::new(&out).unwrap().checksum_ok());
        out[1] = 1;
        assert!(!Header::new(&out).unwrap().checksum_ok());
    }

    #[test]
    fn errors() {
        let mut out = [0; 64];
        let n = Repr::unreachable(4, 1400, b"packet").emit(&mut out).unwrap();
        let h = Header::new(&out[..n]).unwrap();
        assert_eq!((h.mtu(), h.original()), (1400, (&b"packet"[..], &[][..])));
        assert_eq!(h.to_string(), "Destination unreachable (Fragmentation needed)");
        let n = Repr::redirect(1, Ipv4Addr::new(192, 0, 2, 254), b"").emit(&mut out).unwrap();
        assert_eq!(Header::new(&out[..n]).unwrap().gateway(), Ipv4Addr::new(192, 0, 2, 254));
        let n = Repr::parameter_problem(9, b"").emit(&mut out).unwrap();
        assert_eq!(Header::new(&out[..n]).unwrap().pointer(), 9);
        let n = Repr::time_exceeded(1, b"").emit(&mut out).unwrap();
        let h = Header::new(&out[..n]).unwrap();
        assert_eq!(code_name(h.kind(), h.code()), Some("Fragment reassembly time exceeded"));
    }

    #[test]
    fn rfc_4884_extension_lies_behind_the_length() {
        let mut m = [0u8; 20];
        m[0] = 11;
        m[5] = 2;
        let h = Header::new(&m).unwrap();
        assert_eq!((h.original().0.len(), h.original().1.len()), (8, 4));
        m[5] = 200;
        let h = Header::new(&m).unwrap();
        assert_eq!((h.original().0.len(), h.original().1.len()), (12, 0), "cut at capture");
        // In a redirect the byte belongs to the gateway address.
        m[0] = 5;
        m[5] = 2;
        assert_eq!(Header::new(&m).unwrap().original().0.len(), 12);
    }

    #[test]
    fn truncated() {
        every_prefix(&[0; 10], 8, |b| Header::new(b).is_ok());
        let repr = Repr::echo_reply(1, 2, b"xyz");
        every_prefix(&[0; 16], 11, |b| repr.emit(&mut b.to_vec()).is_ok());
    }

    proptest! {
        #[test]
        fn emit_writes_what_was_parsed(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let Ok(h) = Header::new(&bytes) else { return Ok(()) };
            let (packet, extension) = h.original();
            prop_assert_eq!(packet.len() + extension.len(), h.payload().len());
            let _ = h.to_string();
            let mut out = vec![0; bytes.len()];
            prop_assert_eq!(Repr::parse(&h).unwrap().emit(&mut out), Ok(bytes.len()));
            prop_assert!(Header::new(&out).unwrap().checksum_ok());
            prop_assert_eq!(&out[..2], &bytes[..2]);
            prop_assert_eq!(&out[4..], &bytes[4..]);
        }
    }
}
