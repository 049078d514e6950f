//! Neighbour discovery: solicitations and advertisements, and what all its messages must be.
//!
//! Source: RFC 4861 sections 6.1, 7 and 8.1.

use std::net::{IpAddr, Ipv6Addr};

use formats::ctrace::events::neighbor as events;
use formats::net::icmpv6::Header;
use formats::net::{MacAddr, ndp};

use super::home::State;
use super::interface::solicited_node;
use super::neighbor::Learned;
use super::{Ip, drop};
use crate::engine::dlc::Receive;
use crate::engine::{Context, Incoming};

/// All nodes of a link.
pub const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
/// All routers of a link.
pub const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);

/// Rules that a message can break, as the event numbers them.
const HOP_LIMIT: u8 = 1;
const LENGTH: u8 = 3;
const TARGET: u8 = 4;
const SOURCE: u8 = 5;
const DESTINATION: u8 = 6;

impl Ip {
    /// A discovery message came in.
    pub(super) fn nd_input(
        &mut self,
        cx: &mut Context<'_>,
        incoming: &Incoming,
        r: &Receive,
        h: &Header<'_>,
    ) {
        let (IpAddr::V6(src), IpAddr::V6(dst)) = (incoming.src, incoming.dst) else { return };
        let interface = incoming.interface;
        let done = match ndp::Repr::parse(h) {
            // Only a neighbour can send with 255: routers count down.
            _ if incoming.ttl != 255 => Err(HOP_LIMIT),
            Err(_) => Err(LENGTH),
            Ok(repr) => match repr {
                ndp::Repr::NeighborSolicitation { target, source_link } => {
                    self.neighbor_solicitation(cx, interface, src, dst, target, source_link)
                }
                ndp::Repr::NeighborAdvertisement { flags, target, target_link } => {
                    self.neighbor_advertisement(cx, interface, dst, r.source, flags, target, target_link)
                }
                ndp::Repr::RouterSolicitation { source_link } => {
                    if src.is_unspecified() && source_link.is_some() {
                        Err(SOURCE)
                    } else {
                        self.router_solicitation(cx, interface, src, source_link);
                        Ok(())
                    }
                }
                ndp::Repr::RouterAdvertisement { .. } if !src.is_unicast_link_local() => Err(SOURCE),
                ndp::Repr::RouterAdvertisement { .. } => {
                    self.router_advertisement(cx, interface, src, h);
                    Ok(())
                }
                ndp::Repr::Redirect { .. } if !src.is_unicast_link_local() => Err(SOURCE),
                ndp::Repr::Redirect { target, destination, target_link } => {
                    if destination.is_multicast() {
                        Err(DESTINATION)
                    } else {
                        self.redirect_v6(cx, incoming, target, destination, target_link);
                        Ok(())
                    }
                }
            },
        };
        if let Err(rule) = done {
            let kind = h.kind().0;
            let event = events::DiscoveryIgnored { interface, kind, src: incoming.src, rule };
            self.event(cx, incoming.src, &event);
            self.dropped(cx, interface, false, &r.packet, drop::CONTROL);
        }
    }

    /// RFC 4861 section 7.2.3.
    fn neighbor_solicitation(
        &mut self,
        cx: &mut Context<'_>,
        interface: u16,
        src: Ipv6Addr,
        dst: Ipv6Addr,
        target: Ipv6Addr,
        source_link: Option<MacAddr>,
    ) -> Result<(), u8> {
        if target.is_multicast() {
            return Err(TARGET);
        }
        let checks = src.is_unspecified();
        if checks && (source_link.is_some() || dst != solicited_node(target)) {
            return Err(if source_link.is_some() { SOURCE } else { DESTINATION });
        }
        let Some(home) = self.home.get(target.into()).copied() else { return Ok(()) };
        match home.state {
            // RFC 4862 section 5.4.3: somebody else checks the same address.
            State::Tentative if checks => {
                self.duplicate(cx, interface, target, MacAddr::default());
                return Ok(());
            }
            State::Tentative | State::Duplicate => return Ok(()),
            _ => {}
        }
        // Of an address of another interface only who answers for it here tells: VIPAs, and addresses
        // taken over.
        if home.interface != interface && !self.is_member(interface, solicited_node(target).into()) {
            return Ok(());
        }
        let Some(i) = self.interfaces.get_mut(usize::from(interface)) else { return Ok(()) };
        let (mac, router) = (i.mac(), self.config.forwarding);
        if let Some(link) = source_link.filter(|l| !l.is_group() && !checks) {
            let what =
                Learned { mac: Some(link), solicited: false, replaces: true, router: None, create: true };
            i.nd.learn(cx.now, src.into(), what);
        }
        self.pump_neighbors(cx, interface);
        let mut flags = ndp::Repr::NA_OVERRIDE;
        if router {
            flags |= ndp::Repr::NA_ROUTER;
        }
        let to = if checks {
            ALL_NODES
        } else {
            flags |= ndp::Repr::NA_SOLICITED;
            src
        };
        let repr = ndp::Repr::NeighborAdvertisement { flags, target, target_link: Some(mac) };
        self.send_ndp(cx, interface, target, to, &repr);
        Ok(())
    }

    /// RFC 4861 section 7.2.5.
    #[allow(clippy::too_many_arguments)]
    fn neighbor_advertisement(
        &mut self,
        cx: &mut Context<'_>,
        interface: u16,
        dst: Ipv6Addr,
        source: MacAddr,
        flags: u8,
        target: Ipv6Addr,
        target_link: Option<MacAddr>,
    ) -> Result<(), u8> {
        let solicited = flags & ndp::Repr::NA_SOLICITED != 0;
        if target.is_multicast() {
            return Err(TARGET);
        }
        if dst.is_multicast() && solicited {
            return Err(DESTINATION);
        }
        if target_link.is_some_and(MacAddr::is_group) {
            return Err(LENGTH);
        }
        if let Some(home) = self.home.get(target.into()) {
            let mine = self.interfaces.iter().any(|i| Some(i.mac()) == target_link);
            if home.state == State::Tentative || home.is_usable() && !mine {
                self.duplicate(cx, interface, target, target_link.unwrap_or(source));
            }
            return Ok(());
        }
        let router = flags & ndp::Repr::NA_ROUTER != 0;
        let Some(i) = self.interfaces.get_mut(usize::from(interface)) else { return Ok(()) };
        let was_router = i.nd.get(cx.now, target.into()).is_some_and(|n| n.router);
        let what = Learned {
            mac: target_link,
            solicited,
            replaces: flags & ndp::Repr::NA_OVERRIDE != 0,
            router: Some(router),
            create: false,
        };
        i.nd.learn(cx.now, target.into(), what);
        self.pump_neighbors(cx, interface);
        if was_router && !router {
            self.lose_router(cx, interface, target);
        }
        Ok(())
    }

    /// Asks for a link address: of everybody, or of the one that had it.
    pub(super) fn solicit_neighbor(
        &mut self,
        cx: &mut Context<'_>,
        interface: u16,
        target: Ipv6Addr,
        to: Option<MacAddr>,
    ) {
        let Some(i) = self.interface(interface) else { return };
        let mac = i.mac();
        // RFC 4861 section 7.2.2: the source may be any address of the interface.
        let Some(src) = self.home.source_v6(interface, target, false).filter(|a| {
            self.home.get(IpAddr::V6(*a)).is_some_and(|h| h.interface == interface || h.is_vipa())
        }) else {
            return;
        };
        let repr = ndp::Repr::NeighborSolicitation { target, source_link: Some(mac) };
        match to {
            Some(mac) => self.send_ndp_to(cx, interface, src, target, mac, &repr),
            None => self.send_ndp(cx, interface, src, solicited_node(target), &repr),
        }
    }

    /// Tells all neighbours where an address is: after a takeover (RFC 4861 section 7.2.6).
    pub(super) fn announce_neighbor(&mut self, cx: &mut Context<'_>, interface: u16, target: Ipv6Addr) {
        let Some(i) = self.interface(interface) else { return };
        let mut flags = ndp::Repr::NA_OVERRIDE;
        if self.config.forwarding {
            flags |= ndp::Repr::NA_ROUTER;
        }
        let repr = ndp::Repr::NeighborAdvertisement { flags, target, target_link: Some(i.mac()) };
        self.send_ndp(cx, interface, target, ALL_NODES, &repr);
    }
}

#[cfg(test)]
mod tests {
    use super::super::neighbor::State as Reach;
    use super::super::testing::{Bench, MAC, PEER, addr, addr6, v6};
    use super::*;
    use formats::net::ndp::Repr;

    const NS: fn(&str) -> Repr = |t| Repr::NeighborSolicitation { target: addr6(t), source_link: Some(PEER) };

    fn bench() -> Bench {
        Bench::new(|_| {}, |_| {})
    }

    #[test]
    fn solicitations_are_answered() {
        // RFC 4861 section 7.2.4.
        let mut b = bench();
        let (me, you) = (addr6("2001:db8::1"), addr6("2001:db8::2"));
        b.input_ndp(you, addr6("ff02::1:ff00:1"), &NS("2001:db8::1"));
        let flags = Repr::NA_SOLICITED | Repr::NA_OVERRIDE;
        let answer = Repr::NeighborAdvertisement { flags, target: me, target_link: Some(MAC) };
        assert_eq!(b.discovery(), [(me, you, answer)]);
        assert_eq!(
            b.ip.interface(1).unwrap().nd.get(b.now, addr("2001:db8::2")).unwrap().state,
            Reach::Delay
        );
        // A probe for duplicates is answered to all nodes, and teaches nothing.
        let probe = Repr::NeighborSolicitation { target: me, source_link: None };
        b.input_ndp(Ipv6Addr::UNSPECIFIED, addr6("ff02::1:ff00:1"), &probe);
        let answer =
            Repr::NeighborAdvertisement { flags: Repr::NA_OVERRIDE, target: me, target_link: Some(MAC) };
        assert_eq!(b.discovery(), [(me, ALL_NODES, answer)]);
        b.input_ndp(you, addr6("2001:db8::1"), &NS("2001:db8::77"));
        assert_eq!(b.discovery(), [], "not ours");
    }

    #[test]
    fn messages_that_break_rules_are_ignored() {
        // RFC 4861 sections 7.1.1 and 7.1.2.
        let (me, you) = (addr6("2001:db8::1"), addr6("2001:db8::2"));
        let mut b = bench();
        let mut m = [0; 64];
        let len =
            NS("2001:db8::1").emit(&mut m, &formats::checksum::Pseudo::V6 { src: you, dst: me }).unwrap();
        b.input(&v6(you, me, 58, 254, &m[..len]), false);
        b.input_ndp(you, me, &NS("ff02::9"));
        b.input_ndp(Ipv6Addr::UNSPECIFIED, addr6("ff02::1:ff00:1"), &NS("2001:db8::1"));
        let probe = Repr::NeighborSolicitation { target: me, source_link: None };
        b.input_ndp(Ipv6Addr::UNSPECIFIED, me, &probe);
        let solicited = Repr::NeighborAdvertisement { flags: 0x40, target: you, target_link: Some(PEER) };
        b.input_ndp(you, ALL_NODES, &solicited);
        assert_eq!(b.discovery(), []);
        assert_eq!(b.ip.counters.dropped, 5);
    }

    #[test]
    fn a_link_address_is_asked_of_the_solicited_node_group() {
        let mut b = bench();
        let you = addr6("2001:db8::abcd:1234");
        let out = crate::engine::Outgoing::new(addr("2001:db8::1"), you.into(), 17);
        b.with(|ip, cx| ip.send(cx, &out, &[0; 8])).unwrap();
        let ask = Repr::NeighborSolicitation { target: you, source_link: Some(MAC) };
        assert_eq!(b.discovery(), [(addr6("2001:db8::1"), addr6("ff02::1:ffcd:1234"), ask)]);
        let answer = Repr::NeighborAdvertisement { flags: 0x60, target: you, target_link: Some(PEER) };
        b.input_ndp(you, addr6("2001:db8::1"), &answer);
        let sent = b.sent();
        assert_eq!(sent[0].hop, crate::engine::dlc::Hop::Link(PEER));
        assert_eq!(sent[0].packet.len(), 48);
    }
}
