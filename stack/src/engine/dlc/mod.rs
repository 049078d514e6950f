//! Data link controls: what is below the IP layer. VTAM owns them through TRLEs ([`trle`]).
//!
//! The IP layer hands [`Down`] what it wants to send and which addresses it answers for, a DLC
//! hands [`Up`] what came in. A DLC exchanges frames with one port of a [`fabric`](crate::fabric).

pub mod hipersockets;
pub mod loopback;
pub mod offload;
pub mod osa;
pub mod trle;
pub mod xcf;

use std::net::IpAddr;

use formats::net::{EtherType, MacAddr};

use super::Buffer;

/// Frames that wait in one direction of a DLC; more are dropped.
const MAX_QUEUE: usize = 8192;

/// Whom a packet is for on the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hop {
    /// A link address, resolved by the IP layer or mapped from a group.
    Link(MacAddr),
    /// The address of the next hop, which the adapter resolves (ARP offload, HiperSockets).
    Address(IpAddr),
    /// The other end.
    Peer,
}

/// What the adapter is asked to do for a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offload {
    /// Make the transport checksum; its field holds 0.
    pub checksum: bool,
    /// Cut the TCP segment into segments with so much data each.
    pub segment_size: Option<u16>,
}

/// A packet to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// For whom.
    pub hop: Hop,
    /// What it is: IPv4, IPv6 or ARP.
    pub protocol: EtherType,
    /// What the adapter does.
    pub offload: Offload,
    /// The packet, with room for a link header.
    pub packet: Buffer,
}

/// From the IP layer to a DLC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Down {
    /// Send a packet.
    Packet(Transmit),
    /// The stack answers for an address from now on; with duplicate address detection first when
    /// `probe` is set.
    Register {
        /// Home address or VIPA.
        address: IpAddr,
        /// Probe before it is used (RFC 5227).
        probe: bool,
    },
    /// It does no longer.
    Unregister(IpAddr),
    /// The stack listens to a multicast group.
    Join(IpAddr),
    /// It does no longer.
    Leave(IpAddr),
}

/// A packet that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receive {
    /// What it is.
    pub protocol: EtherType,
    /// Link address of the sender, zeros where there are none.
    pub source: MacAddr,
    /// It came as link-layer multicast or broadcast.
    pub group: bool,
    /// The adapter has checked the transport checksum.
    pub checksum_checked: bool,
    /// The packet.
    pub packet: Buffer,
}

impl Receive {
    /// A packet of a link without link addresses.
    #[must_use]
    pub fn new(packet: Buffer, group: bool) -> Self {
        let protocol = ethertype(&packet);
        Self { protocol, source: MacAddr::default(), group, checksum_checked: false, packet }
    }
}

/// From a DLC to the IP layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Up {
    /// A packet.
    Packet(Receive),
    /// The device is ready.
    Active,
    /// It is not any more.
    Inactive,
    /// Another node uses a registered address. `lost`: it is not ours any more.
    Conflict {
        /// Which address.
        address: IpAddr,
        /// The other node.
        other: MacAddr,
        /// The adapter has stopped answering for it.
        lost: bool,
    },
    /// Nobody answered for the next hop of this packet.
    Unresolved(Buffer),
}

/// The Ethernet address of a multicast group or of everybody (RFC 1112 section 6.4, RFC 2464
/// section 7); `None` for one host's address.
#[must_use]
pub fn group_mac(address: IpAddr) -> Option<MacAddr> {
    match address {
        IpAddr::V4(a) if a.is_broadcast() => Some(MacAddr::BROADCAST),
        IpAddr::V4(a) if a.is_multicast() => {
            let [_, b, c, d] = a.octets();
            Some(MacAddr([0x01, 0x00, 0x5e, b & 0x7f, c, d]))
        }
        IpAddr::V6(a) if a.is_multicast() => {
            let [.., w, x, y, z] = a.octets();
            Some(MacAddr([0x33, 0x33, w, x, y, z]))
        }
        _ => None,
    }
}

/// What an IP packet is by its version.
#[must_use]
pub fn ethertype(packet: &[u8]) -> EtherType {
    if packet.first().is_some_and(|b| b >> 4 == 6) { EtherType::IPV6 } else { EtherType::IPV4 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_link_addresses() {
        let mac = |a: &str| group_mac(a.parse().unwrap()).map(|m| m.to_string());
        assert_eq!(mac("224.0.0.1").as_deref(), Some("01:00:5e:00:00:01"));
        assert_eq!(mac("239.129.2.3").as_deref(), Some("01:00:5e:01:02:03"));
        assert_eq!(mac("ff02::1:ff28:9c5a").as_deref(), Some("33:33:ff:28:9c:5a"));
        assert_eq!(mac("255.255.255.255").as_deref(), Some("ff:ff:ff:ff:ff:ff"));
        assert_eq!(mac("10.0.0.1"), None);
    }
}
