//! What passes between the IP layer and the protocols above it.
//!
//! TCP, UDP, ICMP and RAW get an [`Incoming`] with the bytes behind the IP header (and behind
//! IPv6 extension headers, after reassembly), and hand down an [`Outgoing`] with the bytes that
//! belong there. Addresses are never IPv4-mapped.

use std::net::IpAddr;

/// What the IP layer knows about bytes it delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incoming {
    /// Source address.
    pub src: IpAddr,
    /// Destination address: a home address, a multicast group or a broadcast address.
    pub dst: IpAddr,
    /// IP protocol number.
    pub protocol: u8,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// Type of service or traffic class, ECN bits included.
    pub tos: u8,
    /// Interface it came in through.
    pub interface: u16,
    /// The interface has checked the transport checksum already.
    pub checksum_checked: bool,
    /// The destination is a multicast group or a broadcast address.
    pub many: bool,
}

/// What a protocol asks the IP layer to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing {
    /// Source address; the unspecified address lets the IP layer choose.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// IP protocol number.
    pub protocol: u8,
    /// Time to live or hop limit; `None` is the stack's default.
    pub ttl: Option<u8>,
    /// Type of service or traffic class.
    pub tos: u8,
    /// Must not be fragmented (path MTU discovery).
    pub dont_fragment: bool,
    /// Interface it has to leave through, for multicast and link-local destinations.
    pub interface: Option<u16>,
    /// The payload is one large TCP segment to be cut into segments with this much data each, by
    /// the interface (segmentation offload) or, where that cannot, by the IP layer.
    pub segment_size: Option<u16>,
}

impl Outgoing {
    /// A datagram with the defaults of the stack.
    #[must_use]
    pub const fn new(src: IpAddr, dst: IpAddr, protocol: u8) -> Self {
        Self {
            src,
            dst,
            protocol,
            ttl: None,
            tos: 0,
            dont_fragment: false,
            interface: None,
            segment_size: None,
        }
    }
}

/// What an ICMP error said about a packet that this stack had sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IcmpKind {
    /// Destination unreachable, with the code of its family (RFC 792, RFC 4443).
    Unreachable(u8),
    /// The path's next link takes packets up to so many bytes, IP header included. The path MTU
    /// cache has been updated already; the value is never below the family's minimum.
    PacketTooBig(u32),
    /// The packet ran out of hops, or of time in reassembly.
    TimeExceeded,
    /// A field of the packet was not understood.
    ParameterProblem,
}

/// An ICMP error, handed to the protocol whose packet it quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IcmpError {
    /// Who sent the error.
    pub reporter: IpAddr,
    /// Source of the quoted packet: a home address of this stack.
    pub src: IpAddr,
    /// Destination of the quoted packet.
    pub dst: IpAddr,
    /// IP protocol number of the quoted packet.
    pub protocol: u8,
    /// What it says.
    pub kind: IcmpKind,
    /// The quoted bytes behind the IP header: ports and sequence number at least (8 bytes).
    pub quoted: Vec<u8>,
}

impl IcmpError {
    /// True when nothing but giving up helps: protocol or port unreachable (RFC 1122 section
    /// 4.2.3.9; RFC 4443 codes 1 and 4), or a parameter problem. TCP still treats these as hints
    /// once a connection is established (RFC 5461).
    #[must_use]
    pub const fn is_hard(&self) -> bool {
        match (self.kind, self.dst) {
            (IcmpKind::Unreachable(code), IpAddr::V4(_)) => matches!(code, 2 | 3),
            (IcmpKind::Unreachable(code), IpAddr::V6(_)) => matches!(code, 1 | 4),
            (IcmpKind::ParameterProblem, _) => true,
            _ => false,
        }
    }

    /// Source and destination port of the quoted packet.
    #[must_use]
    pub fn ports(&self) -> Option<(u16, u16)> {
        let &[a, b, c, d] = self.quoted.first_chunk()?;
        Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
    }
}
