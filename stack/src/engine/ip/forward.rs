//! Passing packets on.
//!
//! Source: RFC 1812 section 5 (IPv4), RFC 8200 and RFC 4443 (IPv6).

use std::net::IpAddr;

use formats::checksum::update16;
use formats::ctrace::events::ip::PacketForwarded;
use formats::net::{ipv4, ipv6};

use super::output::NextHop;
use super::{Ip, drop, icmp, icmpv6};
use crate::engine::Context;
use crate::engine::dlc::{Offload, Receive};

impl Ip {
    /// An IPv4 packet that is for another host.
    pub(super) fn forward_v4(&mut self, cx: &mut Context<'_>, interface: u16, mut r: Receive) {
        let Ok(h) = ipv4::Header::new(&r.packet) else { return };
        let (src, dst, ttl) = (h.src(), h.dst(), h.ttl());
        if !self.config.forwarding || r.group {
            self.counters.v4.in_address_errors += 1;
            return self.dropped(cx, interface, false, &r.packet, drop::NOT_OURS);
        }
        // RFC 3927 section 7: link-local packets stay on their link.
        if src.is_link_local() || dst.is_link_local() || src.is_unspecified() || dst.is_broadcast() {
            return self.dropped(cx, interface, false, &r.packet, drop::DESTINATION);
        }
        if ttl <= 1 {
            self.counters.v4.in_header_errors += 1;
            self.icmp_error(cx, interface, &r.packet, r.group, icmp::Error::TimeExceeded(0));
            return self.dropped(cx, interface, false, &r.packet, drop::TTL);
        }
        let Some(next) = self.next_hop(dst.into(), None, 0) else {
            self.counters.v4.out_no_routes += 1;
            let code = if self.routes.lookup(dst.into(), 0, |r| r.reject).is_some() { 13 } else { 0 };
            self.icmp_error(cx, interface, &r.packet, r.group, icmp::Error::Unreachable(code, 0));
            return self.dropped(cx, interface, false, &r.packet, drop::NO_ROUTE);
        };
        let df = h.flags().contains(ipv4::Flags::DONT_FRAGMENT);
        let big = r.packet.len() > next.mtu as usize;
        if big && df {
            self.counters.v4.fragments_failed += 1;
            let mtu = u16::try_from(next.mtu).unwrap_or(u16::MAX);
            self.icmp_error(cx, interface, &r.packet, r.group, icmp::Error::Unreachable(4, mtu));
            return self.dropped(cx, interface, false, &r.packet, drop::TOO_BIG);
        }
        self.tell_better_hop(cx, interface, src.into(), dst.into(), &next, &r.packet);
        // The checksum covers TTL and protocol as one word.
        let old = u16::from_be_bytes([ttl, r.packet[ipv4::at::PROTO]]);
        let new = u16::from_be_bytes([ttl - 1, r.packet[ipv4::at::PROTO]]);
        let at = ipv4::at::CHECKSUM;
        let sum = update16(u16::from_be_bytes([r.packet[at], r.packet[at + 1]]), old, new);
        r.packet[ipv4::at::TTL] = ttl - 1;
        r.packet[at..at + 2].copy_from_slice(&sum.to_be_bytes());
        self.counters.v4.in_forwarded += 1;
        self.forwarded(cx, interface, src.into(), dst.into(), &next, ttl - 1);
        let sent = if big {
            self.fragment(cx, next, &r.packet, next.mtu, false)
        } else {
            self.hand_down(cx, next, r.packet, Offload::default())
        };
        if sent.is_err() {
            self.counters.v4.out_discards += 1;
        }
    }

    /// An IPv6 packet that is for another host.
    pub(super) fn forward_v6(&mut self, cx: &mut Context<'_>, interface: u16, mut r: Receive) {
        let Ok(h) = ipv6::Header::new(&r.packet) else { return };
        let (src, dst, hops) = (h.src(), h.dst(), h.hop_limit());
        if !self.config.forwarding || r.group {
            self.counters.v6.in_address_errors += 1;
            return self.dropped(cx, interface, false, &r.packet, drop::NOT_OURS);
        }
        if src.is_unspecified() || dst.is_unicast_link_local() {
            return self.dropped(cx, interface, false, &r.packet, drop::DESTINATION);
        }
        if hops <= 1 {
            self.counters.v6.in_header_errors += 1;
            self.icmpv6_error(cx, interface, &r.packet, r.group, icmpv6::Error::TimeExceeded(0));
            return self.dropped(cx, interface, false, &r.packet, drop::TTL);
        }
        let Some(next) = self.next_hop(dst.into(), None, 0) else {
            self.counters.v6.out_no_routes += 1;
            let code = if self.routes.lookup(dst.into(), 0, |r| r.reject).is_some() { 6 } else { 0 };
            self.icmpv6_error(cx, interface, &r.packet, r.group, icmpv6::Error::Unreachable(code));
            return self.dropped(cx, interface, false, &r.packet, drop::NO_ROUTE);
        };
        // RFC 4443 section 3.1: a link-local source cannot leave its link.
        if src.is_unicast_link_local() && next.interface != interface {
            self.icmpv6_error(cx, interface, &r.packet, r.group, icmpv6::Error::Unreachable(2));
            return self.dropped(cx, interface, false, &r.packet, drop::SOURCE);
        }
        if r.packet.len() > next.mtu as usize {
            self.icmpv6_error(cx, interface, &r.packet, r.group, icmpv6::Error::TooBig(next.mtu));
            return self.dropped(cx, interface, false, &r.packet, drop::TOO_BIG);
        }
        self.tell_better_hop(cx, interface, src.into(), dst.into(), &next, &r.packet);
        r.packet[ipv6::at::HOP_LIMIT] = hops - 1;
        self.counters.v6.in_forwarded += 1;
        self.forwarded(cx, interface, src.into(), dst.into(), &next, hops - 1);
        if self.hand_down(cx, next, r.packet, Offload::default()).is_err() {
            self.counters.v6.out_discards += 1;
        }
    }

    fn forwarded(&self, cx: &Context<'_>, from: u16, src: IpAddr, dst: IpAddr, next: &NextHop, ttl: u8) {
        self.event(cx, dst, &PacketForwarded { src, dst, from, to: next.interface, ttl });
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use formats::net::ipv4;

    use super::super::interface::{InterfaceConfig, Link};
    use super::super::route::Route;
    use super::super::testing::{Bench, UDP, addr, addr6, v4, v6};

    /// A router with a point-to-point link to the rest of the world.
    fn router(mtu: u32) -> Bench {
        let mut b = Bench::new(|c| c.forwarding = true, |_| {});
        b.with(|ip, cx| {
            let config = InterfaceConfig { mtu, v6: true, ..InterfaceConfig::new("XCF", Link::PointToPoint) };
            let i = ip.add_interface(config).unwrap();
            ip.add_address(cx, i, addr("10.4.0.1"), 30);
            ip.add_address(cx, i, addr("2001:db8:4::1"), 64);
            ip.start_interface(cx, i);
            ip.add_route(cx, Route::new(addr("192.0.2.0"), 24, Some(addr("10.4.0.2")), i));
            ip.add_route(cx, Route::new(addr("2001:db8:9::"), 48, Some(addr("2001:db8:4::2")), i));
        });
        b.know("10.0.0.2");
        b.know("2001:db8::2");
        b
    }

    fn far(change: impl FnOnce(&mut ipv4::Repr), payload: &[u8]) -> Vec<u8> {
        v4("10.0.0.2", "192.0.2.9", 17, change, payload)
    }

    #[test]
    fn the_time_to_live_falls_by_one_and_nothing_else_changes() {
        let mut b = router(1500);
        let p = far(|r| r.ttl = 9, &UDP);
        b.input(&p, false);
        let out = b.sent();
        assert_eq!(out[0].hop, crate::engine::dlc::Hop::Peer);
        let h = ipv4::Header::new(&out[0].packet).unwrap();
        assert!(h.checksum_ok());
        assert_eq!((h.ttl(), &out[0].packet[12..]), (8, &p[12..]));
        let p = v6(addr6("2001:db8::2"), addr6("2001:db8:9::9"), 17, 9, &UDP);
        b.input(&p, false);
        let out = b.sent();
        assert_eq!((out[0].packet[7], &out[0].packet[8..]), (8, &p[8..]));
    }

    #[test]
    fn errors_of_routers() {
        let message = |b: &mut Bench| {
            let out = b.out();
            let p = out.first()?;
            let at = if p[0] >> 4 == 4 { 20 } else { 40 };
            Some((p[at], p[at + 1], u32::from_be_bytes([p[at + 4], p[at + 5], p[at + 6], p[at + 7]])))
        };
        let (src, dst) = (addr6("2001:db8::2"), addr6("2001:db8:9::9"));
        let df = |r: &mut ipv4::Repr| r.flags = ipv4::Flags::DONT_FRAGMENT;
        let big = [0; 1450];
        for (what, p, want) in [
            ("out of hops", far(|r| r.ttl = 1, &UDP), Some((11, 0, 0))),
            ("no route", v4("10.0.0.2", "198.51.100.1", 17, |_| {}, &UDP), Some((3, 0, 0))),
            ("RFC 1191: the MTU of the next link", far(df, &big), Some((3, 4, 1400))),
            ("out of hops", v6(src, dst, 17, 1, &UDP), Some((3, 0, 0))),
            ("no route", v6(src, addr6("2001:db8:aa::1"), 17, 9, &UDP), Some((1, 0, 0))),
            ("RFC 4443 section 3.2", v6(src, dst, 17, 9, &big), Some((2, 0, 1400))),
            ("beyond the scope of the source", v6(addr6("fe80::2"), dst, 17, 9, &UDP), None),
            ("link-local stays on its link", v4("169.254.1.1", "192.0.2.9", 17, |_| {}, &UDP), None),
        ] {
            let mut b = router(1400);
            b.input(&p, false);
            let got = message(&mut b);
            // To a link-local source the answer waits for its link address: a solicitation goes out.
            assert_eq!(got.filter(|g| g.0 != 135), want, "{what}");
            assert_eq!(b.ip.counters.dropped, 1, "{what}");
        }
    }

    #[test]
    fn what_may_be_cut_is_cut() {
        let mut b = router(700);
        b.input(&far(|_| {}, &[7; 1400]), false);
        let out = b.out();
        let seen: Vec<_> = out.iter().map(|p| ipv4::Header::new(p).unwrap().frag_offset()).collect();
        assert_eq!(seen, [0, 680, 1360]);
        assert!(out.iter().all(|p| p.len() <= 700 && p[8] == 63));
    }

    #[test]
    fn hosts_and_broadcasts_pass_nothing_on() {
        let mut b = router(1500);
        b.input(&far(|_| {}, &UDP), true);
        assert!(b.out().is_empty(), "link-layer broadcast: RFC 1812 section 5.3.4");
        b.ip.config.forwarding = false;
        b.input(&far(|_| {}, &UDP), false);
        assert!(b.out().is_empty());
        assert_eq!(b.ip.counters.v4.in_address_errors, 2);
    }

    #[test]
    fn neighbors_on_the_same_link_are_redirected() {
        let mut b = Bench::new(|c| c.forwarding = true, |_| {});
        b.know("10.0.0.2");
        b.know("10.0.0.3");
        b.with(|ip, cx| ip.add_route(cx, Route::new(addr("192.0.2.0"), 24, Some(addr("10.0.0.3")), 1)));
        let p = far(|_| {}, &UDP);
        b.input(&p, false);
        let out = b.out();
        let redirect = out.iter().find(|p| p[9] == 1).unwrap();
        // Type 5, code 1 (host), the better gateway, and the packet as it came.
        assert_eq!(redirect[20..22], [5, 1]);
        assert_eq!(redirect[24..28], [10, 0, 0, 3]);
        assert_eq!(redirect[28..], p[..]);
        assert!(out.iter().any(|p| p[9] == 17), "it is passed on all the same");
        // RFC 1812 section 5.2.7.2: not to a sender on another network.
        b.input(&v4("10.5.0.2", "192.0.2.9", 17, |_| {}, &UDP), false);
        assert!(b.out().iter().all(|p| p[9] != 1));
    }

    #[test]
    fn redirects_are_believed_from_the_router_in_use_only() {
        let quoted = v4("10.0.0.1", "192.0.2.9", 17, |_| {}, &UDP);
        let redirect = |from: &str, gateway: [u8; 4]| {
            let r = formats::net::icmpv4::Repr::redirect(1, Ipv4Addr::from(gateway), &quoted);
            let mut m = vec![0; r.len()];
            r.emit(&mut m).unwrap();
            v4(from, "10.0.0.1", 1, |_| {}, &m)
        };
        let hop = |b: &Bench| b.ip.next_hop(addr("192.0.2.9"), None, 0).unwrap().hop;
        for (from, gateway, believed) in [
            ("10.0.0.2", [10, 0, 0, 3], true),
            ("10.0.0.7", [10, 0, 0, 3], false),
            ("10.0.0.2", [10, 9, 0, 3], false),
            ("10.0.0.2", [10, 0, 0, 1], false),
        ] {
            let mut b = Bench::new(|_| {}, |_| {});
            b.with(|ip, cx| ip.add_route(cx, Route::default_v4(Ipv4Addr::new(10, 0, 0, 2), 1)));
            b.input(&redirect(from, gateway), false);
            let want = if believed { Ipv4Addr::from(gateway) } else { Ipv4Addr::new(10, 0, 0, 2) };
            assert_eq!(hop(&b), IpAddr::V4(want), "{from} {gateway:?}");
        }
        let mut b = Bench::new(|c| c.accept_redirects = false, |_| {});
        b.with(|ip, cx| ip.add_route(cx, Route::default_v4(Ipv4Addr::new(10, 0, 0, 2), 1)));
        b.input(&redirect("10.0.0.2", [10, 0, 0, 3]), false);
        assert_eq!(hop(&b), addr("10.0.0.2"));
    }
}
