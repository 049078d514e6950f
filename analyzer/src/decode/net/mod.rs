//! The network layer and what belongs to it.

pub mod arp;
pub mod erspan;
pub mod esp;
pub mod geneve;
pub mod gre;
pub mod gtp;
pub mod icmp;
pub mod icmp_ext;
pub mod icmpv6;
pub mod igmp;
pub mod ipv4;
pub mod ipv4_options;
pub mod ipv6;
pub mod ipv6_ext;
pub mod ipv6_options;
pub mod l2tp;
pub mod nd_options;
pub mod teredo;
pub mod vxlan;

use formats::checksum::Sum;

/// What the transport layer needs to know of the IP header in front of it.
#[derive(Debug, Clone, Copy)]
pub struct Ip {
    /// Source address; IPv4 in the last four octets.
    pub src: [u8; 16],
    /// Destination address: the final one, where a source route is followed.
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

    /// True when the checksum of a transport segment of protocol `proto` is right. The bytes
    /// hold their own checksum; the pseudo header is that of RFC 9293 section 3.1 and RFC 8200
    /// section 8.1, whose difference in layout does not change the sum.
    #[must_use]
    pub fn sums_up(&self, proto: u8, len: usize, segment: &[u8]) -> bool {
        let addresses = Sum::new().bytes(&self.src).bytes(&self.dst);
        addresses.u32(len as u32).u16(proto.into()).bytes(segment).finish() == 0
    }
}
