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
