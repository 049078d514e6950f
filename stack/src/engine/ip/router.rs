//! Router discovery and stateless autoconfiguration, the host's side.
//!
//! Source: RFC 4861 sections 6.3.4 to 6.3.7, RFC 4862 section 5.5, RFC 4191 (preference).

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use formats::ctrace::events::neighbor as events;
use formats::net::ndp::{self, OptionType, PrefixInformation};
use formats::net::{MacAddr, icmpv6};

use super::home::{Home, State};
use super::interface::with_id;
use super::nd::ALL_ROUTERS;
use super::neighbor::Learned;
use super::pmtu::MIN_V6;
use super::route::{Origin, Route};
use super::{Ip, IpEvent};
use crate::engine::{Context, Instant};

/// RFC 4861 section 10.
const MAX_SOLICITATIONS: u8 = 3;
const SOLICITATION_INTERVAL: Duration = Duration::from_secs(4);
const MAX_DELAY: Duration = Duration::from_secs(1);

/// Addresses made by autoconfiguration on one interface, at most.
pub const MAX_AUTO: usize = 16;
/// Routes from router advertisements, at most.
pub const MAX_ROUTES: usize = 64;

/// A lifetime that does not end.
const INFINITE: u32 = u32::MAX;

fn until(now: Instant, seconds: u32) -> Option<Instant> {
    (seconds != INFINITE).then(|| now + Duration::from_secs(seconds.into()))
}

impl Ip {
    /// Asks for routers, now and again until one answers.
    pub(super) fn solicit_routers(&mut self, cx: &mut Context<'_>, interface: u16) {
        let Some(i) = self.interfaces.get_mut(usize::from(interface)) else { return };
        let s = &mut i.solicitation;
        if s.at.is_none() && s.sent == 0 {
            s.at = Some(cx.now + Duration::from_nanos(cx.random.below(MAX_DELAY.as_nanos() as u64)));
            return;
        }
        if s.sent >= MAX_SOLICITATIONS || !i.active {
            s.at = None;
            return;
        }
        s.sent += 1;
        s.at = Some(cx.now + SOLICITATION_INTERVAL);
        let (number, mac, link_local) = (s.sent, i.mac(), i.link_local());
        self.event(cx, super::trace::NOBODY, &events::RouterSolicited { interface, number });
        let usable = self.home.get(link_local.into()).is_some_and(Home::is_usable);
        let (src, link) = if usable { (link_local, Some(mac)) } else { (Ipv6Addr::UNSPECIFIED, None) };
        let repr = ndp::Repr::RouterSolicitation { source_link: link };
        self.send_ndp(cx, interface, src, ALL_ROUTERS, &repr);
    }

    /// A router told what it knows (RFC 4861 section 6.3.4).
    pub(super) fn router_advertisement(
        &mut self,
        cx: &mut Context<'_>,
        interface: u16,
        router: Ipv6Addr,
        h: &icmpv6::Header<'_>,
    ) {
        let Ok(ndp::Repr::RouterAdvertisement {
            hop_limit,
            flags,
            lifetime,
            reachable,
            retrans,
            source_link,
            mtu,
            ..
        }) = ndp::Repr::parse(h)
        else {
            return;
        };
        let Some(i) = self.interfaces.get_mut(usize::from(interface)) else { return };
        if !i.config.autoconf || self.config.forwarding {
            return;
        }
        i.solicitation.at = None;
        i.solicitation.sent = MAX_SOLICITATIONS;
        if hop_limit != 0 {
            i.hop_limit = hop_limit;
        }
        // RFC 4861 section 6.3.2: the base of the reachable time, spread by a half to one and a half.
        if (1..=3_600_000).contains(&reachable) {
            let half = u64::from(reachable) / 2;
            i.nd.settings.reachable = Duration::from_millis(half + cx.random.below(2 * half + 1));
        }
        if (1..=3_600_000).contains(&retrans) {
            i.nd.settings.retrans = Duration::from_millis(retrans.into());
        }
        if let Some(mtu) = mtu.filter(|m| (MIN_V6..=i.config.mtu).contains(m)) {
            i.mtu_v6 = mtu;
        }
        let link = source_link.filter(|l| !l.is_group());
        let what = Learned { mac: link, solicited: false, replaces: true, router: Some(true), create: true };
        i.nd.learn(cx.now, router.into(), what);
        self.paths_changed();
        self.pump_neighbors(cx, interface);
        let event = events::RouterAdvertised {
            interface,
            router: router.into(),
            mac: link.unwrap_or(MacAddr::default()).0,
            lifetime,
            hop_limit,
        };
        self.event(cx, router.into(), &event);
        self.default_router(cx, interface, router, lifetime, flags);
        for option in ndp::options(h).into_iter().flatten().flatten() {
            if option.kind == OptionType::PREFIX_INFORMATION
                && let Some(p) = option.prefix()
            {
                self.prefix(cx, interface, &p);
            }
        }
    }

    fn default_router(
        &mut self,
        cx: &Context<'_>,
        interface: u16,
        router: Ipv6Addr,
        lifetime: u16,
        flags: u8,
    ) {
        let this = |r: &Route| {
            r.origin == Origin::RouterAdvertisement
                && r.interface == interface
                && r.prefix_len == 0
                && r.gateway == Some(IpAddr::V6(router))
        };
        if lifetime == 0 {
            return self.lose_router(cx, interface, router);
        }
        let known = self.routes.iter().any(this);
        if !known && self.learned_routes() >= MAX_ROUTES {
            return;
        }
        let mut route = Route::default_v6(router, interface);
        route.origin = Origin::RouterAdvertisement;
        // RFC 4191 section 2.1: high, medium, low. Behind static routes.
        route.metric = match flags >> 3 & 3 {
            1 => 1001,
            3 => 1003,
            _ => 1002,
        };
        route.expires = Some(cx.now + Duration::from_secs(lifetime.into()));
        self.add_route(cx, route);
        if !known {
            self.notify(IpEvent::Router(interface, router, true));
        }
    }

    fn learned_routes(&self) -> usize {
        self.routes.iter().filter(|r| r.origin == Origin::RouterAdvertisement).count()
    }

    /// A router is not to be used any more.
    pub(super) fn lose_router(&mut self, cx: &Context<'_>, interface: u16, router: Ipv6Addr) {
        let gone = self.remove_routes(cx, |r| {
            r.interface == interface
                && r.gateway == Some(IpAddr::V6(router))
                && matches!(r.origin, Origin::RouterAdvertisement | Origin::Redirect)
        });
        if gone > 0 {
            self.event(cx, router.into(), &events::RouterLost { interface, router: router.into() });
            self.notify(IpEvent::Router(interface, router, false));
        }
    }

    /// A prefix of a router advertisement: it may be on the link, and addresses may be made of it.
    fn prefix(&mut self, cx: &mut Context<'_>, interface: u16, p: &PrefixInformation) {
        if p.prefix.is_unicast_link_local() || p.prefix.is_multicast() || p.prefix_len > 128 {
            return;
        }
        let on_link = p.flags & PrefixInformation::ON_LINK != 0;
        let autonomous = p.flags & PrefixInformation::AUTONOMOUS != 0;
        let event = events::PrefixLearned {
            interface,
            prefix: p.prefix.into(),
            length: p.prefix_len,
            on_link,
            autonomous,
            valid: p.valid,
            preferred: p.preferred,
        };
        self.event(cx, p.prefix.into(), &event);
        if on_link {
            let mut route = Route::new(p.prefix.into(), p.prefix_len, None, interface);
            route.origin = Origin::RouterAdvertisement;
            route.expires = until(cx.now, p.valid);
            if p.valid == 0 {
                self.remove_routes(cx, |r| {
                    r.origin == Origin::RouterAdvertisement
                        && r.gateway.is_none()
                        && r.destination == route.destination
                        && r.prefix_len == p.prefix_len
                });
            } else if self.learned_routes() < MAX_ROUTES
                || self.routes.iter().any(|r| r.destination == route.destination && r.gateway.is_none())
            {
                self.add_route(cx, route);
            }
        }
        // RFC 4862 section 5.5.3: the interface identifier has 64 bits.
        if autonomous && p.preferred <= p.valid && p.prefix_len == 64 {
            self.autoconfigure(cx, interface, p);
        }
    }

    fn autoconfigure(&mut self, cx: &mut Context<'_>, interface: u16, p: &PrefixInformation) {
        const TWO_HOURS: u64 = 7200;
        let Some(i) = self.interface(interface) else { return };
        let address = with_id(p.prefix, i.interface_id());
        let now = cx.now;
        if let Some(h) = self.home.get_mut(address.into()) {
            if !h.auto {
                return;
            }
            // RFC 4862 section 5.5.3 (e): a forged advertisement cannot take an address away at once.
            let left = h.valid_until.map(|t| t.since(now).as_secs());
            let told = u64::from(p.valid);
            if told > TWO_HOURS || left.is_some_and(|left| told > left) {
                h.valid_until = until(now, p.valid);
            } else if left.is_none_or(|left| left > TWO_HOURS) {
                h.valid_until = Some(now + Duration::from_secs(TWO_HOURS));
            }
            h.preferred_until = until(now, p.preferred);
            if h.state == State::Deprecated && p.preferred > 0 {
                h.state = State::Preferred;
            }
            let times = [h.valid_until, h.preferred_until];
            times.into_iter().flatten().for_each(|t| self.arm(t));
            return;
        }
        let made = self.home.iter().filter(|h| h.auto && h.interface == interface).count();
        if p.valid == 0 || made >= MAX_AUTO {
            return;
        }
        let mut home = Home::new(address.into(), p.prefix_len, interface, State::Inactive);
        home.auto = true;
        home.valid_until = until(now, p.valid);
        home.preferred_until = until(now, p.preferred);
        if !self.home.add(home) {
            return;
        }
        [home.valid_until, home.preferred_until].into_iter().flatten().for_each(|t| self.arm(t));
        let event = events::AddressConfigured {
            interface,
            address: address.into(),
            valid: p.valid,
            preferred: p.preferred,
        };
        self.event(cx, address.into(), &event);
        self.notify(IpEvent::Configured(interface, address));
        self.activate_address(cx, home);
    }

    /// Lifetimes of routes and addresses that have ended.
    pub(super) fn lifetimes(&mut self, cx: &mut Context<'_>) {
        let now = cx.now;
        let routers: Vec<(u16, Ipv6Addr)> = self
            .routes
            .iter()
            .filter(|r| r.expires.is_some_and(|t| t <= now) && r.prefix_len == 0)
            .filter_map(|r| match r.gateway {
                Some(IpAddr::V6(g)) => Some((r.interface, g)),
                _ => None,
            })
            .collect();
        for (interface, router) in routers {
            self.lose_router(cx, interface, router);
        }
        self.remove_routes(cx, |r| r.expires.is_some_and(|t| t <= now));
        let mut dead = Vec::new();
        let mut old = Vec::new();
        for h in self.home.values_mut() {
            if h.valid_until.is_some_and(|t| t <= now) {
                dead.push((h.interface, h.address));
            } else if h.preferred_until.is_some_and(|t| t <= now) && h.state == State::Preferred {
                h.state = State::Deprecated;
                old.push((h.interface, h.address));
            }
        }
        for (interface, address) in old {
            self.event(cx, address, &events::AddressExpired { interface, address, deprecated: true });
            self.paths_changed();
        }
        for (interface, address) in dead {
            self.event(cx, address, &events::AddressExpired { interface, address, deprecated: false });
            self.remove_address(cx, address);
            if let IpAddr::V6(a) = address {
                self.notify(IpEvent::Expired(interface, a));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, PEER, addr, addr6};
    use super::*;
    use formats::net::ndp::Repr;

    const ROUTER: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 9);

    fn bench() -> Bench {
        Bench::new(|_| {}, |i| i.autoconf = true)
    }

    fn ra(lifetime: u16, valid: u32, preferred: u32) -> Repr {
        Repr::RouterAdvertisement {
            hop_limit: 33,
            flags: 0,
            lifetime,
            reachable: 0,
            retrans: 2000,
            source_link: Some(PEER),
            mtu: Some(1400),
            prefix: Some(PrefixInformation {
                prefix_len: 64,
                flags: 0xc0,
                valid,
                preferred,
                prefix: addr6("2001:db8:7::"),
            }),
        }
    }

    fn hear(b: &mut Bench, m: &Repr) {
        b.input_ndp(ROUTER, super::super::nd::ALL_NODES, m);
    }

    const MADE: &str = "2001:db8:7:0:0:ff:fe00:1";

    #[test]
    fn routers_are_asked_for_three_times() {
        // RFC 4861 section 10: 3 solicitations, 4 seconds apart, the first within one second.
        let mut b = bench();
        let mut at = Vec::new();
        for ms in (0..30_000).step_by(100) {
            b.run_to(ms);
            at.extend(b.discovery().iter().filter(|d| d.1 == ALL_ROUTERS).map(|_| ms));
        }
        assert_eq!(at.len(), 3);
        assert!(at[0] <= 1000 && at[1] - at[0] == 4000 && at[2] - at[1] == 4000, "{at:?}");
    }

    #[test]
    fn what_a_router_says_is_used() {
        let mut b = bench();
        hear(&mut b, &ra(1800, 600, 300));
        let i = b.ip.interface(1).unwrap();
        assert_eq!((i.hop_limit, i.mtu_v6, i.config.mtu), (33, 1400, 1500));
        assert_eq!(i.nd.settings.retrans, Duration::from_secs(2));
        assert!(i.nd.get(b.now, ROUTER.into()).unwrap().router);
        assert_eq!(b.ip.home().get(addr(MADE)).unwrap().state, State::Preferred);
        let next = b.ip.next_hop(addr("2001:db8:99::1"), None, 0).unwrap();
        assert_eq!(next.hop, IpAddr::V6(ROUTER));
        assert!(!b.ip.next_hop(addr("2001:db8:7::55"), None, 0).unwrap().gateway, "on the link");
        b.run_to(300_001);
        assert_eq!(b.ip.home().get(addr(MADE)).unwrap().state, State::Deprecated);
        b.run_to(600_001);
        assert!(b.ip.home().get(addr(MADE)).is_none());
        // A lifetime of 0: not a default router any more.
        hear(&mut b, &ra(0, 600, 300));
        assert!(b.ip.next_hop(addr("2001:db8:99::1"), None, 0).is_none());
    }

    #[test]
    fn lifetimes_are_not_cut_below_two_hours() {
        // RFC 4862 section 5.5.3 (e).
        let left =
            |b: &Bench| b.ip.home().get(addr(MADE)).unwrap().valid_until.unwrap().since(b.now).as_secs();
        let mut b = bench();
        hear(&mut b, &ra(1800, 86_400, 86_400));
        hear(&mut b, &ra(1800, 60, 60));
        assert_eq!(left(&b), 7200, "more than two hours were left: two are");
        hear(&mut b, &ra(1800, 60, 60));
        assert_eq!(left(&b), 7200, "two hours or less were left: ignored");
        hear(&mut b, &ra(1800, 9000, 60));
        assert_eq!(left(&b), 9000);
    }

    #[test]
    fn advertisements_not_from_the_link_are_ignored() {
        let mut b = bench();
        b.input_ndp(addr6("2001:db8::9"), super::super::nd::ALL_NODES, &ra(1800, 600, 300));
        assert!(b.ip.home().get(addr(MADE)).is_none());
        // A prefix that is not 64 bits long makes no address.
        let Repr::RouterAdvertisement { prefix: Some(p), .. } = ra(1800, 600, 300) else { return };
        let mut m = ra(1800, 600, 300);
        if let Repr::RouterAdvertisement { prefix, .. } = &mut m {
            *prefix = Some(PrefixInformation { prefix_len: 63, ..p });
        }
        hear(&mut b, &m);
        assert!(b.ip.home().get(addr(MADE)).is_none());
    }

    #[test]
    fn addresses_and_routes_that_routers_make_are_bounded() {
        let mut b = bench();
        for n in 0..500u16 {
            let mut m = ra(1800, 600, 300);
            if let Repr::RouterAdvertisement { prefix: Some(p), .. } = &mut m {
                p.prefix = Ipv6Addr::new(0x2001, 0xdb8, n, 0, 0, 0, 0, 0);
            }
            b.input_ndp(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 1, n), super::super::nd::ALL_NODES, &m);
        }
        assert!(b.ip.home().iter().count() <= 5 + MAX_AUTO);
        assert!(b.ip.learned_routes() <= MAX_ROUTES + 1);
    }
}
