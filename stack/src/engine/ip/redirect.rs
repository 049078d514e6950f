//! Redirects: telling neighbours of a better first hop, and believing routers that tell one.
//!
//! Source: RFC 1122 section 3.2.2.2, RFC 1812 sections 4.3.3.2 and 5.2.7.2, RFC 4861 section 8.

use std::net::{IpAddr, Ipv6Addr};

use formats::checksum::Pseudo;
use formats::ctrace::events::icmp as events;
use formats::net::{IpProtocol, icmpv4, ndp};

use super::neighbor::Learned;
use super::output::NextHop;
use super::route::{Origin, Route};
use super::{Ip, icmp};
use crate::engine::{Context, Incoming, Outgoing};

/// Routes made by redirects at most; the one that was made first makes room.
pub const MAX_REDIRECTS: usize = 256;

/// How long a redirect is believed.
const LIFETIME: std::time::Duration = std::time::Duration::from_secs(600);

impl Ip {
    /// A packet leaves through the interface it came in by: its sender could have sent it to the
    /// next hop directly, and is told so when it is on the same link.
    pub(super) fn tell_better_hop(
        &mut self,
        cx: &mut Context<'_>,
        interface: u16,
        src: IpAddr,
        dst: IpAddr,
        next: &NextHop,
        packet: &[u8],
    ) {
        if !self.config.send_redirects || next.interface != interface {
            return;
        }
        let on_link = |a: IpAddr| {
            matches!(a, IpAddr::V6(a) if a.is_unicast_link_local())
                || self.home.network_of(a).is_some_and(|h| h.interface == interface)
        };
        if !on_link(src) || !on_link(next.hop) || !self.limit_redirect.take(cx.now) {
            return;
        }
        let event = events::RedirectSent { neighbor: src, dst, gateway: next.hop };
        self.event(cx, src, &event);
        match (next.hop, src) {
            (IpAddr::V4(gateway), IpAddr::V4(_)) => {
                self.icmp_error(cx, interface, packet, false, icmp::Error::Redirect(gateway));
            }
            (IpAddr::V6(target), IpAddr::V6(to)) => {
                // RFC 4861 section 8.2: routers are known by their link-local addresses, and the target
                // is the destination itself when that is on the link.
                let Some(i) = self.interface(interface) else { return };
                let from = i.link_local();
                let mac = i.nd.get(cx.now, next.hop).map(|n| n.mac).filter(|m| m.0 != [0; 6]);
                let IpAddr::V6(destination) = dst else { return };
                let repr = ndp::Repr::Redirect { target, destination, target_link: mac };
                self.send_ndp(cx, interface, from, to, &repr);
            }
            _ => {}
        }
    }

    /// An ICMP redirect came in.
    pub(super) fn redirect_v4(&mut self, cx: &mut Context<'_>, incoming: &Incoming, h: &icmpv4::Header<'_>) {
        let gateway = IpAddr::V4(h.gateway());
        let Some(q) = icmp::Quoted::new(h.payload()) else { return };
        let dst = IpAddr::V4(q.dst);
        let ours = self.home.is_local(q.src.into());
        self.believe_redirect(cx, incoming, dst, gateway, ours && !self.home.is_local(gateway));
    }

    /// An ND redirect came in; that it is sound has been checked.
    pub(super) fn redirect_v6(
        &mut self,
        cx: &mut Context<'_>,
        incoming: &Incoming,
        target: Ipv6Addr,
        destination: Ipv6Addr,
        target_link: Option<formats::net::MacAddr>,
    ) {
        let sound = target.is_unicast_link_local() || target == destination;
        let (gateway, dst) = (IpAddr::V6(target), IpAddr::V6(destination));
        let done = self.believe_redirect(cx, incoming, dst, gateway, sound && !destination.is_multicast());
        if done && let Some(i) = self.interfaces.get_mut(usize::from(incoming.interface)) {
            let router = (target != destination).then_some(true);
            let what = Learned { mac: target_link, solicited: false, replaces: true, router, create: true };
            i.nd.learn(cx.now, gateway, what);
            self.pump_neighbors(cx, incoming.interface);
        }
    }

    /// RFC 1122 section 3.2.2.2: the redirect must come from the router that is used now, and the
    /// new one must be on the link the redirect came through.
    fn believe_redirect(
        &mut self,
        cx: &mut Context<'_>,
        incoming: &Incoming,
        dst: IpAddr,
        gateway: IpAddr,
        sound: bool,
    ) -> bool {
        let router = incoming.src;
        let interface = incoming.interface;
        let now_used = self.next_hop(dst, None, 0);
        let from_router = now_used.is_some_and(|n| n.hop == router && n.interface == interface && n.gateway);
        let near = matches!(gateway, IpAddr::V6(_))
            || self.home.network_of(gateway).is_some_and(|h| h.interface == interface);
        let good = self.config.accept_redirects && !self.config.forwarding && sound && from_router && near;
        if !good {
            self.event(cx, router, &events::RedirectIgnored { dst, gateway, router });
            return false;
        }
        let made = || self.routes.iter().filter(|r| r.origin == Origin::Redirect);
        if made().count() >= MAX_REDIRECTS
            && let Some(old) = made().min_by_key(|r| r.expires).map(|r| r.destination)
        {
            self.remove_routes(cx, |r| r.origin == Origin::Redirect && r.destination == old);
        }
        // A newer redirect replaces the older one.
        self.remove_routes(cx, |r| r.origin == Origin::Redirect && r.destination == dst);
        let prefix_len = if dst.is_ipv4() { 32 } else { 128 };
        let hop = (gateway != dst).then_some(gateway);
        let mut route = Route::new(dst, prefix_len, hop, interface);
        route.origin = Origin::Redirect;
        route.expires = Some(cx.now + LIFETIME);
        self.event(cx, router, &events::RedirectAccepted { dst, gateway, router });
        self.add_route(cx, route)
    }

    /// Sends a discovery message, whose hop limit is always 255.
    pub(super) fn send_ndp(
        &mut self,
        cx: &mut Context<'_>,
        interface: u16,
        src: Ipv6Addr,
        dst: Ipv6Addr,
        repr: &ndp::Repr,
    ) {
        let mut message = [0; ndp::MAX_EMIT];
        let Ok(len) = repr.emit(&mut message, &Pseudo::V6 { src, dst }) else { return };
        let out = Outgoing {
            ttl: Some(255),
            interface: Some(interface),
            ..Outgoing::new(src.into(), dst.into(), IpProtocol::ICMPV6.0)
        };
        self.send_from(cx, &out, src, &message[..len]);
    }
}
