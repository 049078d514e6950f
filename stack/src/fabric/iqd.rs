//! A HiperSockets channel: memory of the machine that stacks of several images share as a LAN.
//!
//! Stacks register their addresses with the channel and send to a next hop's address; there is no
//! ARP. What passes between a HiperSockets DLC and the channel is ours:
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 1 | operation ([`op`]) |
//! | 1 | 16 | address: next hop, or the one registered; IPv4 as IPv4-mapped |
//! | 17 | - | the IP packet |

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use super::{PortId, Target};

/// Operations.
pub mod op {
    /// A packet for a next hop, a multicast group or everybody.
    pub const PACKET: u8 = 0;
    /// An address, or a group, is the sender's from now on.
    pub const REGISTER: u8 = 1;
    /// It is no longer.
    pub const UNREGISTER: u8 = 2;
}

/// Length of the part before the packet.
pub const HEADER_LEN: usize = 17;

/// Addresses that a channel takes over all its ports.
const MAX_ADDRESSES: usize = 8192;

/// The channel: who has which address.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    table: BTreeMap<Ipv6Addr, Vec<PortId>>,
}

/// The part before the packet.
#[must_use]
pub fn header(operation: u8, address: IpAddr) -> [u8; HEADER_LEN] {
    let mut h = [0; HEADER_LEN];
    h[0] = operation;
    h[1..].copy_from_slice(&mapped(address).octets());
    h
}

fn mapped(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(a) => a.to_ipv6_mapped(),
        IpAddr::V6(a) => a,
    }
}

impl Channel {
    pub(crate) fn forward(&mut self, from: PortId, frame: &[u8]) -> Target {
        let Some((&[operation, ref address @ ..], _)) = frame.split_first_chunk::<HEADER_LEN>() else {
            return Target::Nobody;
        };
        let address = Ipv6Addr::from(*address);
        let group = address.is_multicast() || address.to_ipv4_mapped().is_some_and(|a| a.is_multicast());
        match operation {
            op::REGISTER if self.table.len() < MAX_ADDRESSES || self.table.contains_key(&address) => {
                let ports = self.table.entry(address).or_default();
                // An address belongs to who registered it last: this is how a VIPA is taken over.
                if !group {
                    ports.clear();
                }
                if !ports.contains(&from) {
                    ports.push(from);
                }
                Target::Nobody
            }
            op::UNREGISTER => {
                if let Some(ports) = self.table.get_mut(&address) {
                    ports.retain(|&p| p != from);
                    if ports.is_empty() {
                        self.table.remove(&address);
                    }
                }
                Target::Nobody
            }
            op::PACKET if address.to_ipv4_mapped().is_some_and(|a| a.is_broadcast()) => Target::All,
            op::PACKET => match self.table.get(&address).map(Vec::as_slice) {
                None => Target::Nobody,
                Some(&[port]) if port != from => Target::One(port),
                Some(ports) => Target::Some(ports.iter().copied().filter(|&p| p != from).collect()),
            },
            _ => Target::Nobody,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_go_to_who_registered_the_address_last() {
        let mut c = Channel::default();
        let a = IpAddr::from([10, 0, 0, 1]);
        assert_eq!(c.forward(PortId(9), &header(op::PACKET, a)), Target::Nobody);
        c.forward(PortId(0), &header(op::REGISTER, a));
        assert_eq!(c.forward(PortId(9), &header(op::PACKET, a)), Target::One(PortId(0)));
        c.forward(PortId(1), &header(op::REGISTER, a));
        assert_eq!(c.forward(PortId(9), &header(op::PACKET, a)), Target::One(PortId(1)));
        c.forward(PortId(1), &header(op::UNREGISTER, a));
        assert_eq!(c.forward(PortId(9), &header(op::PACKET, a)), Target::Nobody);
    }

    #[test]
    fn groups_have_many_members() {
        let mut c = Channel::default();
        let g: IpAddr = "ff02::1:ff00:1".parse().unwrap();
        for p in 0..3 {
            c.forward(PortId(p), &header(op::REGISTER, g));
        }
        let to = c.forward(PortId(1), &header(op::PACKET, g));
        assert_eq!(to, Target::Some(vec![PortId(0), PortId(2)]));
        let all = header(op::PACKET, IpAddr::from([255, 255, 255, 255]));
        assert_eq!(c.forward(PortId(1), &all), Target::All);
        assert_eq!(c.forward(PortId(1), &all[..10]), Target::Nobody);
    }
}
