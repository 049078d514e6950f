//! Home addresses: those of interfaces, and static VIPAs, which belong to no adapter.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::interface::directed_broadcast;
use super::route::contains;
use crate::engine::Instant;

/// Home addresses at most.
pub const MAX_HOME: usize = 4096;

/// The interface number of VIPAs, whose interfaces are VIRTUAL.
pub const VIRTUAL: u16 = u16::MAX;

/// What an address can be used for (RFC 4862 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Being checked for duplicates: not used.
    Tentative,
    /// In use.
    Preferred,
    /// In use, but not for new connections.
    Deprecated,
    /// Another node has it: not used.
    Duplicate,
    /// Its interface is not active: not used.
    Inactive,
}

/// A home address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Home {
    /// The address.
    pub address: IpAddr,
    /// Leading bits that the other hosts of its network share.
    pub prefix_len: u8,
    /// Its interface, [`VIRTUAL`] for a VIPA.
    pub interface: u16,
    /// What it can be used for.
    pub state: State,
    /// Made by autoconfiguration.
    pub auto: bool,
    /// Not for new connections from then on.
    pub preferred_until: Option<Instant>,
    /// Gone from then on.
    pub valid_until: Option<Instant>,
    /// Duplicate address detection: probes sent, and when the next is due.
    pub(super) dad: Option<(u8, Instant)>,
    /// Order of definition.
    order: u32,
}

impl Home {
    pub(super) const fn new(address: IpAddr, prefix_len: u8, interface: u16, state: State) -> Self {
        Self {
            address,
            prefix_len,
            interface,
            state,
            auto: false,
            preferred_until: None,
            valid_until: None,
            dad: None,
            order: 0,
        }
    }

    /// Packets for it are accepted.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        matches!(self.state, State::Preferred | State::Deprecated)
    }

    /// A VIPA.
    #[must_use]
    pub const fn is_vipa(&self) -> bool {
        self.interface == VIRTUAL
    }
}

/// The list.
#[derive(Debug, Default)]
pub struct HomeList {
    list: BTreeMap<IpAddr, Home>,
    /// Directed broadcast addresses of the networks of interfaces.
    broadcasts: BTreeMap<Ipv4Addr, u16>,
    next: u32,
}

impl HomeList {
    /// Adds or replaces an address; `false` when there are too many.
    pub(super) fn add(&mut self, mut home: Home) -> bool {
        if self.list.len() >= MAX_HOME && !self.list.contains_key(&home.address) {
            return false;
        }
        home.order = self.next;
        self.next += 1;
        self.list.insert(home.address, home);
        self.index();
        true
    }

    pub(super) fn remove(&mut self, address: IpAddr) -> Option<Home> {
        let removed = self.list.remove(&address);
        self.index();
        removed
    }

    fn index(&mut self) {
        self.broadcasts = self
            .list
            .values()
            .filter(|h| !h.is_vipa())
            .filter_map(|h| match h.address {
                IpAddr::V4(a) if !a.is_loopback() => {
                    directed_broadcast(a, h.prefix_len).map(|b| (b, h.interface))
                }
                _ => None,
            })
            .collect();
    }

    /// An address of the list.
    #[must_use]
    pub fn get(&self, address: IpAddr) -> Option<&Home> {
        self.list.get(&address)
    }

    pub(super) fn get_mut(&mut self, address: IpAddr) -> Option<&mut Home> {
        self.list.get_mut(&address)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Home> {
        self.list.values_mut()
    }

    /// All addresses.
    pub fn iter(&self) -> impl Iterator<Item = &Home> {
        self.list.values()
    }

    /// Packets for this address are for this stack. All of 127/8 is.
    #[must_use]
    pub fn is_local(&self, address: IpAddr) -> bool {
        address.is_loopback() || self.list.get(&address).is_some_and(Home::is_usable)
    }

    /// An own address that is not in use yet, or a duplicate.
    pub(super) fn is_tentative(&self, address: IpAddr) -> bool {
        self.list.get(&address).is_some_and(|h| matches!(h.state, State::Tentative | State::Duplicate))
    }

    /// The address is a broadcast address of a network of an interface, or everybody's.
    #[must_use]
    pub fn is_broadcast(&self, address: Ipv4Addr) -> bool {
        address.is_broadcast() || self.broadcasts.contains_key(&address)
    }

    /// The interface on whose network an address is.
    #[must_use]
    pub fn network_of(&self, address: IpAddr) -> Option<&Home> {
        self.list
            .values()
            .filter(|h| !h.is_vipa() && h.is_usable() && contains(h.address, h.prefix_len, address))
            .max_by_key(|h| h.prefix_len)
    }

    /// Source of IPv4 packets that leave through `interface` towards `hop`: a VIPA when
    /// `sourcevipa` asks for it, an address of the hop's network, else the first of the interface,
    /// else the first of all.
    pub(super) fn source_v4(&self, interface: u16, hop: Ipv4Addr, sourcevipa: bool) -> Option<Ipv4Addr> {
        let usable = || {
            self.list.values().filter_map(|h| match h.address {
                IpAddr::V4(a) if h.is_usable() => Some((h, a)),
                _ => None,
            })
        };
        let first = |which: &dyn Fn(&Home) -> bool| {
            usable().filter(|(h, _)| which(h)).min_by_key(|(h, _)| h.order).map(|(_, a)| a)
        };
        if sourcevipa && let Some(vipa) = first(&|h| h.is_vipa()) {
            return Some(vipa);
        }
        let same = |h: &Home| h.interface == interface && contains(h.address, h.prefix_len, IpAddr::V4(hop));
        first(&same)
            .or_else(|| first(&|h| h.interface == interface))
            .or_else(|| first(&|h| !h.address.is_loopback()))
    }

    /// Source of IPv6 packets to `dst` through `interface`: RFC 6724 section 5, rules 1, 2, 3, 5,
    /// 6 and 8. The candidates are the addresses of the interface, and VIPAs where `sourcevipa` asks
    /// for them.
    pub(super) fn source_v6(&self, interface: u16, dst: Ipv6Addr, sourcevipa: bool) -> Option<Ipv6Addr> {
        let candidates = self.list.values().filter_map(|h| match h.address {
            IpAddr::V6(a) if h.is_usable() && !a.is_loopback() => Some((h, a)),
            _ => None,
        });
        candidates
            .filter(|(h, a)| {
                // A link-local destination needs an address of the link.
                let near = scope(dst) <= SCOPE_LINK;
                if near || scope(*a) == SCOPE_LINK { h.interface == interface } else { true }
            })
            .max_by_key(|(h, a)| {
                let (s, d) = (scope(*a), scope(dst));
                (
                    *a == dst,
                    // Rule 2: the smallest scope that reaches the destination, else the largest.
                    if s >= d { 16 - i32::from(s) } else { i32::from(s) - 16 },
                    h.state == State::Preferred,
                    h.is_vipa() && sourcevipa,
                    h.interface == interface,
                    label(*a) == label(dst),
                    common(*a, dst).min(h.prefix_len),
                    std::cmp::Reverse(h.order),
                )
            })
            .map(|(_, a)| a)
    }
}

const SCOPE_LINK: u8 = 2;

/// Scope of an address as multicast addresses number it (RFC 6724 section 3.1).
fn scope(a: Ipv6Addr) -> u8 {
    let [first, second, ..] = a.octets();
    if a.is_multicast() {
        second & 0x0f
    } else if a.is_loopback() || first == 0xfe && second & 0xc0 == 0x80 {
        SCOPE_LINK
    } else if first == 0xfe && second & 0xc0 == 0xc0 {
        5
    } else {
        14
    }
}

/// Label of the default policy table (RFC 6724 section 2.1).
fn label(a: Ipv6Addr) -> u8 {
    const TABLE: [(u128, u32, u8); 9] = [
        (1, 128, 0),
        (0xffff_0000_0000, 96, 4),
        (0, 96, 3),
        (0x2001 << 112, 32, 5),
        (0x2002 << 112, 16, 2),
        (0x3ffe << 112, 16, 12),
        (0xfec0 << 112, 10, 11),
        (0xfc00 << 112, 7, 13),
        (0, 0, 1),
    ];
    let bits = a.to_bits();
    TABLE
        .into_iter()
        .find(|&(prefix, len, _)| len == 0 || (bits ^ prefix) >> (128 - len) == 0)
        .map_or(1, |(_, _, label)| label)
}

fn common(a: Ipv6Addr, b: Ipv6Addr) -> u8 {
    (a.to_bits() ^ b.to_bits()).leading_zeros() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(addresses: &[(&str, u8, u16)]) -> HomeList {
        let mut l = HomeList::default();
        for &(a, prefix_len, interface) in addresses {
            l.add(Home::new(a.parse().unwrap(), prefix_len, interface, State::Preferred));
        }
        l
    }

    #[test]
    fn local_and_broadcast_addresses() {
        let l = list(&[("10.1.2.3", 24, 1), ("192.0.2.1", 32, VIRTUAL)]);
        let local = |a: &str| l.is_local(a.parse().unwrap());
        assert!(local("10.1.2.3") && local("192.0.2.1") && local("127.9.9.9") && local("::1"));
        assert!(!local("10.1.2.4"));
        assert!(
            l.is_broadcast("10.1.2.255".parse().unwrap()) && !l.is_broadcast("192.0.2.1".parse().unwrap())
        );
        assert_eq!(l.network_of("10.1.2.99".parse().unwrap()).unwrap().interface, 1);
    }

    #[test]
    fn sources_of_ipv4() {
        let l = list(&[
            ("10.1.0.1", 16, 1),
            ("10.2.0.1", 16, 1),
            ("10.3.0.1", 16, 2),
            ("192.0.2.1", 32, VIRTUAL),
        ]);
        let source = |i, hop: &str, vipa| l.source_v4(i, hop.parse().unwrap(), vipa).unwrap().to_string();
        assert_eq!(source(1, "10.2.9.9", false), "10.2.0.1");
        assert_eq!(source(1, "10.9.9.9", false), "10.1.0.1");
        assert_eq!(source(2, "10.1.0.9", false), "10.3.0.1");
        assert_eq!(source(1, "10.2.9.9", true), "192.0.2.1");
        assert_eq!(source(9, "10.2.9.9", false), "10.1.0.1", "an interface without addresses");
    }

    #[test]
    fn sources_of_ipv6() {
        // RFC 6724 section 10.1, the examples that these rules decide.
        let source =
            |l: &HomeList, dst: &str| l.source_v6(1, dst.parse().unwrap(), false).unwrap().to_string();
        let l = list(&[("2001:db8:3::1", 64, 1), ("fe80::1", 64, 1)]);
        assert_eq!(source(&l, "2001:db8:1::1"), "2001:db8:3::1");
        assert_eq!(source(&l, "ff05::1"), "2001:db8:3::1");
        let l = list(&[("2001:db8:1::1", 64, 1), ("fe80::1", 64, 1)]);
        assert_eq!(source(&l, "fe80::9"), "fe80::1");
        let l = list(&[("2001:db8:1::2", 64, 1), ("2001:db8:3::2", 64, 1)]);
        assert_eq!(source(&l, "2001:db8:1::1"), "2001:db8:1::2");
        let l = list(&[("2002:c633:6401::d5e3:7953:13eb:22e8", 64, 1), ("2001:db8:1::2", 64, 1)]);
        assert_eq!(source(&l, "2002:c633:6401::1"), "2002:c633:6401:0:d5e3:7953:13eb:22e8");
        let mut l = list(&[("2001:db8:1::2", 64, 1), ("fd00::1", 64, 1)]);
        assert_eq!(source(&l, "fd00::9"), "fd00::1");
        l.get_mut("fd00::1".parse().unwrap()).unwrap().state = State::Deprecated;
        assert_eq!(source(&l, "fd00::9"), "2001:db8:1::2");
        l.get_mut("fd00::1".parse().unwrap()).unwrap().state = State::Tentative;
        assert_eq!(source(&l, "fd00::9"), "2001:db8:1::2");
    }
}
