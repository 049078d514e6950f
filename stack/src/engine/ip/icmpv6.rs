//! ICMP for IPv6.
//!
//! Source: RFC 4443 (section 2.4: which packets cause no error, how much is quoted, how often),
//! RFC 8201 (path MTU).

use std::net::{IpAddr, Ipv6Addr};

use formats::checksum::Pseudo;
use formats::ctrace::events::{Protocol, icmp as events, ip as ip_events};
use formats::net::icmpv6::{Header, Repr, Type};
use formats::net::{IpProtocol, ipv6};

use super::{Delivery, Ip, drop, v6};
use crate::engine::dlc::Receive;
use crate::engine::{Context, IcmpError, IcmpKind, Incoming, Outgoing};

/// An error is at most as long as the least MTU (RFC 4443 section 2.4 (c)).
const MAX_ERROR: usize = 1280;

/// An error to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Error {
    /// Destination unreachable: code.
    Unreachable(u8),
    /// Packet too big: MTU.
    TooBig(u32),
    /// Time exceeded: code.
    TimeExceeded(u8),
    /// Parameter problem: code, offset.
    Parameter(u8, u32),
}

impl Error {
    const fn repr(self, original: &[u8]) -> Repr<'_> {
        match self {
            Self::Unreachable(code) => Repr::unreachable(code, original),
            Self::TooBig(mtu) => Repr::packet_too_big(mtu, original),
            Self::TimeExceeded(code) => Repr::time_exceeded(code, original),
            Self::Parameter(code, at) => Repr::parameter_problem(code, at, original),
        }
    }
}

impl Ip {
    /// An ICMPv6 message for this stack. `false` when it goes no further.
    pub(super) fn icmpv6_input(
        &mut self,
        cx: &mut Context<'_>,
        incoming: &Incoming,
        r: &Receive,
        payload_at: usize,
    ) -> bool {
        let message = r.packet.get(payload_at..).unwrap_or_default();
        let (Ok(h), IpAddr::V6(src), IpAddr::V6(dst)) = (Header::new(message), incoming.src, incoming.dst)
        else {
            return false;
        };
        self.counters.v6.icmp_in += 1;
        if !h.checksum_ok(&Pseudo::V6 { src, dst }) {
            self.counters.v6.icmp_in_errors += 1;
            self.dropped(cx, incoming.interface, false, &r.packet, drop::CONTROL);
            return false;
        }
        let event = events::IcmpReceived {
            protocol: Protocol::ICMPV6,
            kind: h.kind().0,
            code: h.code(),
            src: incoming.src,
            dst: incoming.dst,
            length: message.len() as u32,
        };
        self.event(cx, incoming.src, &event);
        match h.kind() {
            Type::ECHO_REQUEST => {
                self.echo_v6(cx, incoming, dst, &h);
                false
            }
            Type::DEST_UNREACHABLE | Type::PACKET_TOO_BIG | Type::TIME_EXCEEDED | Type::PARAMETER_PROBLEM => {
                self.icmpv6_error_input(cx, incoming, &h);
                true
            }
            Type::ROUTER_SOLICITATION
            | Type::ROUTER_ADVERTISEMENT
            | Type::NEIGHBOR_SOLICITATION
            | Type::NEIGHBOR_ADVERTISEMENT
            | Type::REDIRECT => {
                self.nd_input(cx, incoming, r, &h);
                true
            }
            Type::MLD_QUERY | Type::MLD_REPORT => {
                self.mld_input(cx, incoming, &h);
                true
            }
            _ => true,
        }
    }

    /// RFC 4443 section 4.2.
    fn echo_v6(&mut self, cx: &mut Context<'_>, incoming: &Incoming, dst: Ipv6Addr, h: &Header<'_>) {
        let IpAddr::V6(to) = incoming.src else { return };
        if to.is_unspecified() {
            return;
        }
        // To a group the reply comes from an address of the interface.
        let from = if incoming.many {
            match self.home.source_v6(incoming.interface, to, false) {
                Some(a) => a,
                None => return,
            }
        } else {
            dst
        };
        let reply = Repr::echo_reply(h.ident(), h.seq(), h.payload());
        let mut message = vec![0; reply.len()];
        if reply.emit(&mut message, &Pseudo::V6 { src: from, dst: to }).is_err() {
            return;
        }
        let event = events::EchoAnswered {
            src: incoming.src,
            identifier: h.ident(),
            sequence: h.seq(),
            length: h.payload().len() as u32,
        };
        self.event(cx, incoming.src, &event);
        let interface = to.is_unicast_link_local().then_some(incoming.interface);
        let out = Outgoing {
            tos: incoming.tos,
            interface,
            ..Outgoing::new(from.into(), incoming.src, IpProtocol::ICMPV6.0)
        };
        self.send_icmpv6(cx, &out, &message);
    }

    pub(super) fn send_icmpv6(&mut self, cx: &mut Context<'_>, out: &Outgoing, message: &[u8]) {
        if self.send(cx, out, message).is_ok() {
            self.icmpv6_sent(cx, out.dst, message);
        }
    }

    pub(super) fn icmpv6_sent(&mut self, cx: &Context<'_>, dst: IpAddr, message: &[u8]) {
        self.counters.v6.icmp_out += 1;
        let event = events::IcmpSent {
            protocol: Protocol::ICMPV6,
            kind: message.first().copied().unwrap_or(0),
            code: message.get(1).copied().unwrap_or(0),
            dst,
            length: message.len() as u32,
        };
        self.event(cx, dst, &event);
    }

    /// An error about a packet of this stack.
    fn icmpv6_error_input(&mut self, cx: &mut Context<'_>, incoming: &Incoming, h: &Header<'_>) {
        let ours = Quoted::new(h.payload()).filter(|q| self.home.is_local(IpAddr::V6(q.src)));
        let Some(q) = ours else {
            self.counters.v6.icmp_in_errors += 1;
            return;
        };
        let dst = IpAddr::V6(q.dst);
        let kind = match h.kind() {
            Type::PACKET_TOO_BIG => match self.pmtu.too_big(cx.now, dst, h.mtu(), q.total_len) {
                Some(mtu) => {
                    self.paths_changed();
                    self.arm(cx.now + super::pmtu::AGE);
                    self.event(cx, dst, &ip_events::PathMtuChanged { dst, mtu });
                    IcmpKind::PacketTooBig(mtu)
                }
                None => return,
            },
            Type::DEST_UNREACHABLE => IcmpKind::Unreachable(h.code()),
            Type::TIME_EXCEEDED => IcmpKind::TimeExceeded,
            _ => IcmpKind::ParameterProblem,
        };
        let event = events::ErrorDelivered {
            kind: h.kind().0,
            code: h.code(),
            protocol: Protocol(q.protocol),
            reporter: incoming.src,
            dst,
        };
        self.event(cx, dst, &event);
        let error = IcmpError {
            reporter: incoming.src,
            src: q.src.into(),
            dst,
            protocol: q.protocol,
            kind,
            quoted: q.payload.to_vec(),
        };
        self.push_deliver(cx, incoming.interface, Delivery::Error(error));
    }

    /// Sends an error about a packet that came in through `interface`, unless a rule of RFC 4443
    /// section 2.4 (e) forbids it. `group`: it came as link-layer multicast.
    pub(super) fn icmpv6_error(
        &mut self,
        cx: &mut Context<'_>,
        interface: u16,
        packet: &[u8],
        group: bool,
        error: Error,
    ) {
        let Some((IpAddr::V6(src), IpAddr::V6(dst))) = v6::ends(packet) else { return };
        // Path MTU discovery for groups, and options that ask for it, are the exceptions.
        let to_groups = matches!(error, Error::TooBig(_) | Error::Parameter(2, _));
        if (group || dst.is_multicast()) && !to_groups || src.is_unspecified() || src.is_multicast() {
            return;
        }
        if src.is_loopback() && interface != super::LOOPBACK {
            return;
        }
        // Never about an error or a redirect; when that cannot be told, neither.
        if let Some((IpProtocol::ICMPV6, message)) = v6::upper(packet) {
            match message.first() {
                Some(&kind) if !Type(kind).is_error() && Type(kind) != Type::REDIRECT => {}
                _ => return,
            }
        }
        let most = MAX_ERROR - ipv6::at::LEN - formats::net::icmpv6::at::LEN;
        let repr = error.repr(&packet[..packet.len().min(most)]);
        if !self.limit_v6.take(cx.now) {
            self.counters.v6.icmp_limited += 1;
            let event = events::IcmpLimited {
                protocol: Protocol::ICMPV6,
                kind: repr.kind.0,
                code: repr.code,
                dst: src.into(),
            };
            return self.event(cx, src.into(), &event);
        }
        let near = src.is_unicast_link_local().then_some(interface);
        let from = if self.home.is_local(dst.into()) {
            dst
        } else {
            let Some(next) = self.next_hop(src.into(), near, 0) else { return };
            match self.source(&next, src.into()) {
                Some(IpAddr::V6(a)) => a,
                _ => return,
            }
        };
        let mut message = vec![0; repr.len()];
        if repr.emit(&mut message, &Pseudo::V6 { src: from, dst: src }).is_err() {
            return;
        }
        let out =
            Outgoing { interface: near, ..Outgoing::new(from.into(), src.into(), IpProtocol::ICMPV6.0) };
        self.send_icmpv6(cx, &out, &message);
    }
}

/// The packet that an error quotes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quoted<'a> {
    pub(super) src: Ipv6Addr,
    pub(super) dst: Ipv6Addr,
    pub(super) protocol: u8,
    pub(super) total_len: u32,
    pub(super) payload: &'a [u8],
}

impl<'a> Quoted<'a> {
    pub(super) fn new(original: &'a [u8]) -> Option<Self> {
        let h = ipv6::Header::new(original).ok().filter(|h| h.version() == 6)?;
        let (protocol, payload) = v6::upper(original)?;
        (payload.len() >= 8).then_some(Self {
            src: h.src(),
            dst: h.dst(),
            protocol: protocol.0,
            total_len: u32::from(h.payload_len()) + ipv6::at::LEN as u32,
            payload,
        })
    }
}
