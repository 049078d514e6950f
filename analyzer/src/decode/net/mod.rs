//! The network layer and what belongs to it.

pub mod arp;
pub mod icmp;
pub mod icmpv6;
pub mod ipv4;
pub mod ipv6;

/// What the transport layer needs to know of the IP header in front of it.
#[derive(Debug, Clone, Copy)]
pub struct Ip {
    /// Source address; IPv4 in the last four octets.
    pub src: [u8; 16],
    /// Destination address.
    pub dst: [u8; 16],
    /// 4 or 6.
    pub version: u8,
    /// Protocol of the payload.
    pub proto: u8,
    /// True when the payload is the first part of a datagram that was not put together.
    pub fragment: bool,
}

impl Ip {
    /// An IPv4 address in the common width.
    #[must_use]
    pub fn wide(a: u32) -> [u8; 16] {
        let mut w = [0; 16];
        w[12..].copy_from_slice(&a.to_be_bytes());
        w
    }
}
