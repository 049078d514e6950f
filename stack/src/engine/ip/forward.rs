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
