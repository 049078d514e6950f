//! What the transport protocols ask the IP layer about the way to a destination.

use std::net::IpAddr;

/// The way to a destination, as the routing table gives it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    /// Source address of packets that do not have one yet.
    pub source: IpAddr,
    /// Largest IP packet in bytes: the interface's, or less where path MTU discovery learnt so.
    pub mtu: u32,
    /// The interface fills transport checksums; they are left 0 in what is handed down.
    pub checksum_offload: bool,
    /// Most bytes of TCP data in one [`super::Outgoing`] with a segment size; `None` when neither
    /// the interface nor the IP layer cuts segments.
    pub segmentation: Option<u32>,
    /// The destination is one of this node's own addresses.
    pub local: bool,
}

/// The routing table, as far as transport protocols see it.
pub trait Paths {
    /// The way from `src` (unspecified: any) to `dst`; `None` without a route.
    fn path(&self, src: IpAddr, dst: IpAddr) -> Option<Path>;

    /// A number that changes whenever an answer of [`Self::path`] may have changed. With it,
    /// answers are kept between segments; without (`None`), each segment asks again.
    fn generation(&self) -> Option<u64> {
        None
    }
}
