//! ICMP for IPv4.
//!
//! Source: RFC 792; RFC 1122 section 3.2.2 (which packets cause no error), RFC 1812 section 4.3
//! (how much is quoted, how often); RFC 1191 (path MTU); RFC 6633 (source quench is ignored).

use std::net::{IpAddr, Ipv4Addr};

use formats::ctrace::events::{Protocol, icmp as events, ip as ip_events};
use formats::ctrace::pthdr::DropReason;
use formats::net::icmpv4::{Header, Repr, Type};
use formats::net::{IpProtocol, ipv4};

use super::{Delivery, Ip, Packet, Refusal, drop, icmpv6};
use crate::engine::{Context, IcmpError, IcmpKind, Incoming, Outgoing};

/// An ICMP error is at most so long (RFC 1812 section 4.3.2.3).
const MAX_ERROR: usize = 576;

/// An error to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Error {
    /// Destination unreachable: code, and the MTU of code 4.
    Unreachable(u8, u16),
    /// Time exceeded.
    TimeExceeded(u8),
    /// Parameter problem at an offset.
    Parameter(u8),
    /// Redirect for a host.
    Redirect(Ipv4Addr),
}

impl Error {
    const fn repr(self, original: &[u8]) -> Repr<'_> {
        match self {
            Self::Unreachable(code, mtu) => Repr::unreachable(code, mtu, original),
            Self::TimeExceeded(code) => Repr::time_exceeded(code, original),
            Self::Parameter(at) => Repr::parameter_problem(at, original),
            Self::Redirect(gateway) => Repr::redirect(1, gateway, original),
        }
    }
}

impl Ip {
    /// An ICMP message for this stack. `false` when it goes no further: what was dropped or
    /// answered.
    pub(super) fn icmp_input(
        &mut self,
        cx: &mut Context<'_>,
        incoming: &Incoming,
        packet: &[u8],
        payload_at: usize,
    ) -> bool {
        let message = packet.get(payload_at..).unwrap_or_default();
        let Ok(h) = Header::new(message) else { return false };
        self.counters.v4.icmp_in += 1;
        if !h.checksum_ok() {
            self.counters.v4.icmp_in_errors += 1;
            self.dropped(cx, incoming.interface, false, packet, drop::CONTROL);
            return false;
        }
        let event = events::IcmpReceived {
            protocol: Protocol::ICMP,
            kind: h.kind().0,
            code: h.code(),
            src: incoming.src,
            dst: incoming.dst,
            length: message.len() as u32,
        };
        self.event(cx, incoming.src, &event);
        match h.kind() {
            Type::ECHO_REQUEST => {
                self.echo(cx, incoming, &h);
                false
            }
            Type::DEST_UNREACHABLE | Type::TIME_EXCEEDED | Type::PARAMETER_PROBLEM => {
                self.icmp_error_input(cx, incoming, &h);
                true
            }
            Type::REDIRECT => {
                self.redirect_v4(cx, incoming, &h);
                true
            }
            _ => true,
        }
    }

    /// RFC 1122 section 3.2.2.6: what came in echoes goes out in echo replies.
    fn echo(&mut self, cx: &mut Context<'_>, incoming: &Incoming, h: &Header<'_>) {
        if incoming.many && !self.config.answer_broadcast {
            return;
        }
        let reply = Repr::echo_reply(h.ident(), h.seq(), h.payload());
        let mut message = vec![0; reply.len()];
        if reply.emit(&mut message).is_err() {
            return;
        }
        let src = if incoming.many { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { incoming.dst };
        let out = Outgoing { tos: incoming.tos, ..Outgoing::new(src, incoming.src, IpProtocol::ICMP.0) };
        let event = events::EchoAnswered {
            src: incoming.src,
            identifier: h.ident(),
            sequence: h.seq(),
            length: h.payload().len() as u32,
        };
        self.event(cx, incoming.src, &event);
        self.send_icmp(cx, &out, &message);
    }

    fn send_icmp(&mut self, cx: &mut Context<'_>, out: &Outgoing, message: &[u8]) {
        if self.send(cx, out, message).is_ok() {
            self.counters.v4.icmp_out += 1;
            let event = events::IcmpSent {
                protocol: Protocol::ICMP,
                kind: message[0],
                code: message[1],
                dst: out.dst,
                length: message.len() as u32,
            };
            self.event(cx, out.dst, &event);
        }
    }

    /// An error about a packet of this stack: the protocol is told, the path MTU is noted.
    fn icmp_error_input(&mut self, cx: &mut Context<'_>, incoming: &Incoming, h: &Header<'_>) {
        let (original, _) = h.original();
        let Some(q) = Quoted::new(original) else {
            self.counters.v4.icmp_in_errors += 1;
            return;
        };
        // A packet that this stack cannot have sent is quoted by somebody who guesses.
        if !self.home.is_local(IpAddr::V4(q.src)) {
            self.counters.v4.icmp_in_errors += 1;
            return;
        }
        let kind = match (h.kind(), h.code()) {
            (Type::DEST_UNREACHABLE, 4) => {
                if !self.config.path_mtu_discovery {
                    return;
                }
                let dst = IpAddr::V4(q.dst);
                match self.pmtu.too_big(cx.now, dst, h.mtu().into(), q.total_len) {
                    Some(mtu) => {
                        self.paths_changed();
                        self.arm(cx.now + super::pmtu::AGE);
                        self.event(cx, dst, &ip_events::PathMtuChanged { dst, mtu });
                        IcmpKind::PacketTooBig(mtu)
                    }
                    None => return,
                }
            }
            (Type::DEST_UNREACHABLE, code) => IcmpKind::Unreachable(code),
            (Type::TIME_EXCEEDED, _) => IcmpKind::TimeExceeded,
            _ => IcmpKind::ParameterProblem,
        };
        let event = events::ErrorDelivered {
            kind: h.kind().0,
            code: h.code(),
            protocol: Protocol(q.protocol),
            reporter: incoming.src,
            dst: q.dst.into(),
        };
        self.event(cx, q.dst.into(), &event);
        let error = IcmpError {
            reporter: incoming.src,
            src: q.src.into(),
            dst: q.dst.into(),
            protocol: q.protocol,
            kind,
            quoted: q.payload.to_vec(),
        };
        self.push_deliver(cx, incoming.interface, Delivery::Error(error));
    }

    /// Sends an ICMP error about a packet that came in through `interface`, unless a rule of RFC
    /// 1122 section 3.2.2 forbids it. `group`: it came as link-layer broadcast.
    pub(super) fn icmp_error(
        &mut self,
        cx: &mut Context<'_>,
        interface: u16,
        packet: &[u8],
        group: bool,
        error: Error,
    ) {
        let Ok(h) = ipv4::Header::new(packet) else { return };
        let (src, dst) = (h.src(), h.dst());
        let one_host = |a: Ipv4Addr| {
            !(a.is_unspecified()
                || a.is_multicast()
                || a.octets()[0] >= 240
                || self.home.is_broadcast(a)
                || a.is_loopback() && interface != super::LOOPBACK)
        };
        if group
            || dst.is_multicast()
            || self.home.is_broadcast(dst)
            || !one_host(src)
            || h.frag_offset() != 0
        {
            return;
        }
        // Never about an ICMP error; of a message that is not all there the type is enough.
        if h.protocol() == IpProtocol::ICMP {
            match packet.get(h.header_len()) {
                Some(&kind) if !Type(kind).is_error() => {}
                _ => return,
            }
        }
        let most = MAX_ERROR - ipv4::at::LEN - formats::net::icmpv4::at::LEN;
        let repr = error.repr(&packet[..packet.len().min(most)]);
        if !self.limit_v4.take(cx.now) {
            self.counters.v4.icmp_limited += 1;
            let event = events::IcmpLimited {
                protocol: Protocol::ICMP,
                kind: repr.kind.0,
                code: repr.code,
                dst: src.into(),
            };
            return self.event(cx, src.into(), &event);
        }
        let mut message = vec![0; repr.len()];
        if repr.emit(&mut message).is_err() {
            return;
        }
        // RFC 1812 section 4.3.2.4: the address the packet was sent to, when it is one of ours.
        let from =
            if self.home.is_local(dst.into()) { IpAddr::V4(dst) } else { IpAddr::V4(Ipv4Addr::UNSPECIFIED) };
        // Precedence of errors: internetwork control (RFC 1812 section 4.3.2.5).
        let out = Outgoing { tos: 0xc0, ..Outgoing::new(from, src.into(), IpProtocol::ICMP.0) };
        self.send_icmp(cx, &out, &message);
    }

    /// A protocol refuses a packet that was delivered to it: the sender is told.
    pub fn refuse(&mut self, cx: &mut Context<'_>, packet: &Packet, refusal: Refusal) {
        self.now = cx.now;
        let interface = packet.incoming.interface;
        if refusal == Refusal::Protocol {
            self.dropped(cx, interface, false, packet.original(), drop::PROTOCOL);
        }
        if packet.incoming.src.is_ipv4() {
            if refusal == Refusal::Protocol {
                self.counters.v4.in_unknown_protocols += 1;
            }
            let code = match refusal {
                Refusal::Port => 3,
                Refusal::Protocol => 2,
                Refusal::Prohibited => 13,
            };
            let error = Error::Unreachable(code, 0);
            self.icmp_error(cx, interface, packet.original(), packet.incoming.many, error);
        } else {
            if refusal == Refusal::Protocol {
                self.counters.v6.in_unknown_protocols += 1;
            }
            let error = match refusal {
                Refusal::Port => icmpv6::Error::Unreachable(4),
                Refusal::Protocol => icmpv6::Error::Parameter(1, self.next_header_at(packet)),
                Refusal::Prohibited => icmpv6::Error::Unreachable(1),
            };
            self.icmpv6_error(cx, interface, packet.original(), packet.incoming.many, error);
        }
    }

    /// A protocol dropped a packet: the packet trace says why.
    pub fn discard(&mut self, cx: &Context<'_>, packet: &Packet, reason: DropReason) {
        self.dropped(cx, packet.incoming.interface, false, packet.original(), reason);
    }

    /// The next hop of a packet does not answer: the sender is told, which may be this stack.
    pub(super) fn unreachable_hop(&mut self, cx: &mut Context<'_>, interface: u16, packet: &[u8]) {
        self.dropped(cx, interface, true, packet, drop::UNREACHABLE);
        let (src, dst, _) = super::trace::addresses(packet);
        // RFC 792 host unreachable, RFC 4443 address unreachable.
        let code = if src.is_ipv4() { 1 } else { 3 };
        if !self.home.is_local(src) {
            return if src.is_ipv4() {
                self.icmp_error(cx, interface, packet, false, Error::Unreachable(code, 0));
            } else {
                self.icmpv6_error(cx, interface, packet, false, icmpv6::Error::Unreachable(code));
            };
        }
        let (protocol, quoted) = match (src, Quoted::new(packet)) {
            (IpAddr::V4(_), Some(q)) => (q.protocol, q.payload.to_vec()),
            _ => match icmpv6::Quoted::new(packet) {
                Some(q) => (q.protocol, q.payload.to_vec()),
                None => return,
            },
        };
        let kind = IcmpKind::Unreachable(code);
        let error = IcmpError { reporter: src, src, dst, protocol, kind, quoted };
        self.push_deliver(cx, interface, Delivery::Error(error));
    }
}

/// The packet that an error quotes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quoted<'a> {
    pub(super) src: Ipv4Addr,
    pub(super) dst: Ipv4Addr,
    pub(super) protocol: u8,
    pub(super) total_len: u32,
    pub(super) payload: &'a [u8],
}

impl<'a> Quoted<'a> {
    /// Needs the header and 8 bytes; fragments that are not the first have no ports to go by.
    pub(super) fn new(original: &'a [u8]) -> Option<Self> {
        let h = ipv4::Header::new(original).ok().filter(|h| h.version() == 4 && h.frag_offset() == 0)?;
        let payload = original.get(h.header_len()..).filter(|p| p.len() >= 8)?;
        Some(Self {
            src: h.src(),
            dst: h.dst(),
            protocol: h.protocol().0,
            total_len: h.total_len().into(),
            payload,
        })
    }
}
