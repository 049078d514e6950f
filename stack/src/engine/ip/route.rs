//! The routing table: longest prefix, then metric, then several routes in turn (multipath).
//!
//! Source: RFC 1812 section 5.2.4.3 (longest match), RFC 4291 section 2.3. MULTIPATH
//! PERCONNECTION and PERPACKET are IPCONFIG's names.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::engine::Instant;

/// Routes at most; more are refused.
pub const MAX_ROUTES: usize = 16_384;

/// Routes to one destination at most, as many as are used in turn.
pub const MAX_PATHS: usize = 16;

/// Who made a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The network of an interface.
    Direct,
    /// The profile.
    Static,
    /// A router advertisement.
    RouterAdvertisement,
    /// An ICMP redirect.
    Redirect,
    /// A routing daemon.
    Dynamic,
}

/// A route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// First address of the destination; a host's address with a prefix of 32 or 128.
    pub destination: IpAddr,
    /// Leading bits that count.
    pub prefix_len: u8,
    /// Next hop, `None` when the destination is on the link.
    pub gateway: Option<IpAddr>,
    /// Interface it leaves through.
    pub interface: u16,
    /// The lowest wins.
    pub metric: u32,
    /// Packets are not longer than this, whatever the interface says.
    pub mtu: Option<u32>,
    /// Who made it.
    pub origin: Origin,
    /// It is no good from then on.
    pub expires: Option<Instant>,
    /// Packets for it are refused.
    pub reject: bool,
}

impl Route {
    /// A static route; without a gateway the destination is on the link.
    #[must_use]
    pub const fn new(destination: IpAddr, prefix_len: u8, gateway: Option<IpAddr>, interface: u16) -> Self {
        Self {
            destination,
            prefix_len,
            gateway,
            interface,
            metric: 0,
            mtu: None,
            origin: Origin::Static,
            expires: None,
            reject: false,
        }
    }

    /// A default route for IPv4.
    #[must_use]
    pub const fn default_v4(gateway: Ipv4Addr, interface: u16) -> Self {
        Self::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0, Some(IpAddr::V4(gateway)), interface)
    }

    /// A default route for IPv6.
    #[must_use]
    pub const fn default_v6(gateway: Ipv6Addr, interface: u16) -> Self {
        Self::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0, Some(IpAddr::V6(gateway)), interface)
    }
}

/// How routes of the same metric share traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Multipath {
    /// The first one gets all.
    #[default]
    Off,
    /// Each connection keeps one.
    PerConnection,
    /// Packets take turns.
    PerPacket,
}

/// Address bits left-aligned in 128 bits, so that both families are matched in one way.
fn bits(a: IpAddr) -> u128 {
    match a {
        IpAddr::V4(a) => u128::from(a.to_bits()) << 96,
        IpAddr::V6(a) => a.to_bits(),
    }
}

const fn mask(prefix_len: u8) -> u128 {
    match prefix_len {
        0 => 0,
        n if n >= 128 => u128::MAX,
        n => u128::MAX << (128 - n),
    }
}

/// True when `address` is of the network `network`/`prefix_len`.
#[must_use]
pub fn contains(network: IpAddr, prefix_len: u8, address: IpAddr) -> bool {
    network.is_ipv4() == address.is_ipv4() && (bits(network) ^ bits(address)) & mask(prefix_len) == 0
}

/// Routes of one family.
#[derive(Debug, Default)]
struct Family {
    /// Routes by prefix length and network, best metric first.
    routes: BTreeMap<(u8, u128), Vec<Route>>,
    /// How many destinations there are of each prefix length.
    lengths: BTreeMap<u8, usize>,
}

/// The table.
#[derive(Debug, Default)]
pub struct Routes {
    v4: Family,
    v6: Family,
    len: usize,
    /// How routes of the same metric share traffic.
    pub multipath: Multipath,
}

impl Routes {
    /// An empty table.
    #[must_use]
    pub fn new(multipath: Multipath) -> Self {
        Self { multipath, ..Self::default() }
    }

    fn family(&self, a: IpAddr) -> &Family {
        if a.is_ipv4() { &self.v4 } else { &self.v6 }
    }

    fn family_mut(&mut self, a: IpAddr) -> &mut Family {
        if a.is_ipv4() { &mut self.v4 } else { &mut self.v6 }
    }

    /// Adds a route; one with the same destination, gateway, interface and origin is replaced.
    /// `false` when the table is full or the prefix too long.
    pub fn add(&mut self, mut route: Route) -> bool {
        if route.prefix_len > if route.destination.is_ipv4() { 32 } else { 128 } {
            return false;
        }
        let full = self.len >= MAX_ROUTES;
        let network = bits(route.destination) & mask(route.prefix_len);
        route.destination = match route.destination {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from_bits((network >> 96) as u32)),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from_bits(network)),
        };
        let family = self.family_mut(route.destination);
        let key = (route.prefix_len, network);
        let same = |r: &Route| {
            r.gateway == route.gateway && r.interface == route.interface && r.origin == route.origin
        };
        let known = family.routes.get(&key).is_some_and(|set| set.iter().any(same));
        if full && !known {
            return false;
        }
        let set = family.routes.entry(key).or_default();
        if set.is_empty() {
            *family.lengths.entry(route.prefix_len).or_default() += 1;
        }
        set.retain(|r| !same(r));
        if set.len() >= MAX_PATHS {
            return false;
        }
        let at = set.partition_point(|r| (r.metric, r.origin) <= (route.metric, route.origin));
        set.insert(at, route);
        self.len += usize::from(!known);
        true
    }

    /// Removes the routes that `which` says; returns how many.
    pub fn remove(&mut self, mut which: impl FnMut(&Route) -> bool) -> usize {
        let mut removed = 0;
        for family in [&mut self.v4, &mut self.v6] {
            let lengths = &mut family.lengths;
            family.routes.retain(|&(prefix_len, _), set| {
                let before = set.len();
                set.retain(|r| !which(r));
                removed += before - set.len();
                if set.is_empty()
                    && let Some(n) = lengths.get_mut(&prefix_len)
                {
                    *n -= 1;
                    if *n == 0 {
                        lengths.remove(&prefix_len);
                    }
                }
                !set.is_empty()
            });
        }
        self.len -= removed;
        removed
    }

    /// The route to `address` among those that `usable` accepts. `turn` chooses among equals:
    /// the number of the connection or packet.
    pub fn lookup(&self, address: IpAddr, turn: u32, usable: impl Fn(&Route) -> bool) -> Option<&Route> {
        let family = self.family(address);
        let b = bits(address);
        for &prefix_len in family.lengths.keys().rev() {
            let Some(set) = family.routes.get(&(prefix_len, b & mask(prefix_len))) else { continue };
            let mut good = set.iter().filter(|r| usable(r));
            let Some(first) = good.next() else { continue };
            if self.multipath == Multipath::Off || set.len() == 1 {
                return Some(first);
            }
            let equal = 1 + good.take_while(|r| r.metric == first.metric).count();
            let n = turn as usize % equal;
            return set.iter().filter(|r| usable(r)).nth(n);
        }
        None
    }

    /// All routes: longest prefix last.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.v4.routes.values().chain(self.v6.routes.values()).flatten()
    }

    /// Number of routes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// True without any route.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(net: &str, prefix_len: u8, gateway: &str, interface: u16) -> Route {
        Route::new(net.parse().unwrap(), prefix_len, gateway.parse().ok(), interface)
    }

    fn find(r: &Routes, a: &str, turn: u32) -> Option<u16> {
        r.lookup(a.parse().unwrap(), turn, |_| true).map(|r| r.interface)
    }

    #[test]
    fn the_longest_prefix_wins() {
        let mut r = Routes::default();
        for (net, len, interface) in
            [("0.0.0.0", 0, 1), ("10.0.0.0", 8, 2), ("10.1.0.0", 16, 3), ("10.1.2.3", 32, 4)]
        {
            assert!(r.add(route(net, len, "192.0.2.1", interface)));
        }
        assert_eq!(find(&r, "192.0.2.9", 0), Some(1));
        assert_eq!(find(&r, "10.9.9.9", 0), Some(2));
        assert_eq!(find(&r, "10.1.9.9", 0), Some(3));
        assert_eq!(find(&r, "10.1.2.3", 0), Some(4));
        assert_eq!(find(&r, "2001:db8::1", 0), None, "families are apart");
        r.add(route("2001:db8::ffff", 32, "fe80::1", 6));
        assert_eq!(find(&r, "2001:db8:1::", 0), Some(6), "bits behind the prefix do not count");
    }

    #[test]
    fn the_lowest_metric_wins_and_what_is_down_is_passed_over() {
        let mut r = Routes::default();
        r.add(Route { metric: 5, ..route("10.0.0.0", 8, "192.0.2.1", 1) });
        r.add(Route { metric: 1, ..route("10.0.0.0", 8, "192.0.2.2", 2) });
        assert_eq!(find(&r, "10.0.0.1", 0), Some(2));
        let up = |r: &Route| r.interface != 2;
        assert_eq!(r.lookup("10.0.0.1".parse().unwrap(), 0, up).unwrap().interface, 1);
        r.add(route("0.0.0.0", 0, "192.0.2.3", 3));
        let none = |r: &Route| r.interface == 3;
        assert_eq!(r.lookup("10.0.0.1".parse().unwrap(), 0, none).unwrap().interface, 3, "to the default");
    }

    #[test]
    fn equal_routes_take_turns() {
        let mut r = Routes { multipath: Multipath::PerPacket, ..Routes::default() };
        for i in 1..=3 {
            r.add(route("10.0.0.0", 8, "192.0.2.1", i));
        }
        r.add(Route { metric: 9, ..route("10.0.0.0", 8, "192.0.2.1", 4) });
        let got: Vec<_> = (0..6).map(|turn| find(&r, "10.0.0.1", turn).unwrap()).collect();
        assert_eq!(got, [1, 2, 3, 1, 2, 3]);
        r.multipath = Multipath::Off;
        assert_eq!(find(&r, "10.0.0.1", 2), Some(1));
    }

    #[test]
    fn routes_are_replaced_and_removed() {
        let mut r = Routes::default();
        r.add(route("10.0.0.0", 8, "192.0.2.1", 1));
        r.add(Route { mtu: Some(1400), ..route("10.0.0.0", 8, "192.0.2.1", 1) });
        assert_eq!(r.len(), 1);
        assert_eq!(r.iter().next().unwrap().mtu, Some(1400));
        assert_eq!(r.remove(|r| r.interface == 1), 1);
        assert_eq!((r.len(), find(&r, "10.0.0.1", 0)), (0, None));
        assert!(!r.add(route("10.0.0.0", 33, "192.0.2.1", 1)));
    }

    #[test]
    fn networks_contain_addresses() {
        let c = |n: &str, l, a: &str| contains(n.parse().unwrap(), l, a.parse().unwrap());
        assert!(c("10.1.0.0", 16, "10.1.255.1") && !c("10.1.0.0", 16, "10.2.0.1"));
        assert!(c("fe80::", 10, "febf::1") && !c("fe80::", 10, "fec0::1"));
        assert!(c("::", 0, "2001:db8::1") && !c("::", 0, "10.0.0.1"));
    }
}
