//! ICMP for IPv4, and what both families do alike.
//!
//! Source: RFC 792; RFC 1122 section 3.2.2 (which packets cause no error), RFC 1812 section 4.3
//! (how much is quoted, how often); RFC 1191 (path MTU); RFC 6633 (source quench is ignored).

use std::net::{IpAddr, Ipv4Addr};

use formats::ctrace::events::{Protocol, icmp as events, ip as ip_events};
use formats::ctrace::pthdr::DropReason;
use formats::net::icmpv4::{Header, Repr, Type};
use formats::net::{IpProtocol, ipv4};

use super::{Delivery, Ip, Packet, Refusal, drop, icmpv6, v6};
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

    /// Sends a message of either family.
    pub(super) fn send_icmp(&mut self, cx: &mut Context<'_>, out: &Outgoing, message: &[u8]) {
        if self.send(cx, out, message).is_ok() {
            self.icmp_sent(cx, out.dst, message);
        }
    }

    /// A message of either family has been sent.
    pub(super) fn icmp_sent(&mut self, cx: &Context<'_>, dst: IpAddr, message: &[u8]) {
        self.counters.family(dst.is_ipv6()).icmp_out += 1;
        let event = events::IcmpSent {
            protocol: icmp_protocol(dst),
            kind: message.first().copied().unwrap_or(0),
            code: message.get(1).copied().unwrap_or(0),
            dst,
            length: message.len() as u32,
        };
        self.event(cx, dst, &event);
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
                match self.too_big(cx, q.dst.into(), h.mtu().into(), q.total_len) {
                    Some(kind) => kind,
                    None => return,
                }
            }
            (Type::DEST_UNREACHABLE, code) => IcmpKind::Unreachable(code),
            (Type::TIME_EXCEEDED, _) => IcmpKind::TimeExceeded,
            _ => IcmpKind::ParameterProblem,
        };
        let error = IcmpError {
            reporter: incoming.src,
            src: q.src.into(),
            dst: q.dst.into(),
            protocol: q.protocol,
            kind,
            quoted: q.payload.to_vec(),
        };
        self.deliver_error(cx, incoming.interface, (h.kind().0, h.code()), error);
    }

    /// A router could not pass on a packet of `len` bytes to `dst` and told `mtu`: what the protocol
    /// is told, when that changes anything.
    pub(super) fn too_big(&mut self, cx: &Context<'_>, dst: IpAddr, mtu: u32, len: u32) -> Option<IcmpKind> {
        let mtu = self.pmtu.too_big(cx.now, dst, mtu, len)?;
        self.paths_changed();
        self.arm(cx.now + super::pmtu::AGE);
        self.event(cx, dst, &ip_events::PathMtuChanged { dst, mtu });
        Some(IcmpKind::PacketTooBig(mtu))
    }

    /// Hands an error, which came with this type and code, to the protocol whose packet it quotes.
    pub(super) fn deliver_error(
        &mut self,
        cx: &Context<'_>,
        interface: u16,
        (kind, code): (u8, u8),
        error: IcmpError,
    ) {
        let event = events::ErrorDelivered {
            kind,
            code,
            protocol: Protocol(error.protocol),
            reporter: error.reporter,
            dst: error.dst,
        };
        self.event(cx, error.dst, &event);
        self.push_deliver(cx, interface, Delivery::Error(error));
    }

    /// True when one more error may be sent to `dst` now; one that may not is counted.
    pub(super) fn may_send_error(&mut self, cx: &Context<'_>, dst: IpAddr, kind: u8, code: u8) -> bool {
        let limit = if dst.is_ipv4() { &mut self.limit_v4 } else { &mut self.limit_v6 };
        if limit.take(cx.now) {
            return true;
        }
        self.counters.family(dst.is_ipv6()).icmp_limited += 1;
        self.event(cx, dst, &events::IcmpLimited { protocol: icmp_protocol(dst), kind, code, dst });
        false
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
        if !self.may_send_error(cx, src.into(), repr.kind.0, repr.code) {
            return;
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
                Refusal::Protocol => icmpv6::Error::Parameter(1, v6::next_header_at(packet)),
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

/// The ICMP of an address's family.
const fn icmp_protocol(a: IpAddr) -> Protocol {
    if a.is_ipv4() { Protocol::ICMP } else { Protocol::ICMPV6 }
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

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, UDP, addr, v4};
    use super::*;

    fn bench() -> Bench {
        let mut b = Bench::new(|_| {}, |_| {});
        b.know("10.0.0.2");
        b
    }

    fn message(r: &Repr<'_>) -> Vec<u8> {
        let mut m = vec![0; r.len()];
        r.emit(&mut m).unwrap();
        m
    }

    /// Delivers a UDP packet and refuses it.
    fn refuse(b: &mut Bench, packet: &[u8], group: bool, refusal: Refusal) {
        b.input(packet, group);
        for d in b.delivered() {
            if let Delivery::Packet(p) = d {
                b.with(|ip, cx| ip.refuse(cx, &p, refusal));
            }
        }
    }

    #[test]
    fn echoes_come_back_as_they_were() {
        let mut b = bench();
        let request = message(&Repr::echo_request(0x1234, 7, b"data"));
        b.input(&v4("10.0.0.2", "10.0.0.1", 1, |r| r.dsfield.0 = 0x28, &request), false);
        let out = b.out();
        let h = ipv4::Header::new(&out[0]).unwrap();
        assert_eq!(
            (h.src().to_string(), h.dst().to_string(), h.dsfield().0),
            ("10.0.0.1".into(), "10.0.0.2".into(), 0x28)
        );
        assert_eq!(h.payload(), message(&Repr::echo_reply(0x1234, 7, b"data")));
        // RFC 1122 section 3.2.2.6: to a broadcast address an echo may be left unanswered.
        b.input(&v4("10.0.0.2", "10.0.0.255", 1, |_| {}, &request), true);
        assert!(b.out().is_empty());
        let mut bad = request;
        bad[9] ^= 1;
        b.input(&v4("10.0.0.2", "10.0.0.1", 1, |_| {}, &bad), false);
        assert!(b.out().is_empty() && b.ip.counters.v4.icmp_in_errors == 1);
    }

    #[test]
    fn an_unreachable_port_quotes_the_packet() {
        let mut b = bench();
        let p = v4("10.0.0.2", "10.0.0.1", 17, |r| r.id = 77, &[&UDP[..], &[9; 600]].concat());
        refuse(&mut b, &p, false, Refusal::Port);
        let out = b.out();
        let h = ipv4::Header::new(&out[0]).unwrap();
        assert_eq!(
            (h.total_len(), h.dsfield().precedence()),
            (576, 6),
            "RFC 1812 sections 4.3.2.3 and 4.3.2.5"
        );
        let m = Header::new(h.payload()).unwrap();
        assert!(m.checksum_ok());
        assert_eq!((m.kind(), m.code()), (Type::DEST_UNREACHABLE, 3));
        assert_eq!(m.payload(), &p[..548]);
    }

    #[test]
    fn packets_that_cause_no_error() {
        // RFC 1122 section 3.2.2.
        let error = message(&Repr::time_exceeded(0, &[0; 28]));
        for (what, packet, group) in [
            ("broadcast", v4("10.0.0.2", "10.0.0.255", 17, |_| {}, &UDP), true),
            ("multicast", v4("10.0.0.2", "224.0.0.1", 17, |_| {}, &UDP), true),
            ("source zero", v4("0.0.0.0", "10.0.0.1", 17, |_| {}, &UDP), false),
            ("an error", v4("10.0.0.2", "10.0.0.1", 1, |_| {}, &error), false),
        ] {
            let mut b = bench();
            refuse(&mut b, &packet, group, Refusal::Port);
            assert!(b.out().is_empty(), "{what}");
        }
        let mut b = bench();
        let later = v4("10.0.0.2", "10.0.0.1", 17, |r| r.frag_offset = 8, &UDP);
        b.with(|ip, cx| ip.icmp_error(cx, 1, &later, false, Error::Unreachable(3, 0)));
        b.with(|ip, cx| {
            ip.icmp_error(
                cx,
                1,
                &v4("10.0.0.2", "10.0.0.1", 17, |_| {}, &UDP),
                true,
                Error::Unreachable(3, 0),
            )
        });
        assert!(b.out().is_empty(), "a later fragment, a link-layer broadcast");
    }

    #[test]
    fn errors_reach_the_protocol_they_quote() {
        let quoted = v4("10.0.0.1", "192.0.2.9", 6, |_| {}, &[0x12, 0x34, 0, 80, 1, 2, 3, 4]);
        for (repr, kind) in [
            (Repr::unreachable(1, 0, &quoted), IcmpKind::Unreachable(1)),
            (Repr::unreachable(3, 0, &quoted), IcmpKind::Unreachable(3)),
            (Repr::time_exceeded(0, &quoted), IcmpKind::TimeExceeded),
            (Repr::parameter_problem(1, &quoted), IcmpKind::ParameterProblem),
        ] {
            let mut b = bench();
            b.input(&v4("10.0.0.2", "10.0.0.1", 1, |_| {}, &message(&repr)), false);
            let Some(Delivery::Error(e)) = b.delivered().into_iter().next() else { panic!("none") };
            assert_eq!((e.kind, e.protocol, e.ports()), (kind, 6, Some((0x1234, 80))));
            assert_eq!((e.reporter, e.src, e.dst), (addr("10.0.0.2"), addr("10.0.0.1"), addr("192.0.2.9")));
            assert_eq!(e.quoted[4..], [1, 2, 3, 4]);
        }
        // Somebody else's packet, and one without ports.
        for quoted in
            [v4("10.0.0.7", "192.0.2.9", 6, |_| {}, &[0; 8]), v4("10.0.0.1", "192.0.2.9", 6, |_| {}, &[0; 4])]
        {
            let mut b = bench();
            let m = message(&Repr::unreachable(1, 0, &quoted));
            b.input(&v4("10.0.0.2", "10.0.0.1", 1, |_| {}, &m), false);
            assert!(!b.delivered().iter().any(|d| matches!(d, Delivery::Error(_))));
            assert_eq!(b.ip.counters.v4.icmp_in_errors, 1);
        }
    }

    #[test]
    fn unknown_protocols_and_incomplete_datagrams() {
        let mut b = bench();
        let p = v4("10.0.0.2", "10.0.0.1", 200, |_| {}, &[1; 8]);
        refuse(&mut b, &p, false, Refusal::Protocol);
        assert_eq!(b.out()[0][20..22], [3, 2]);
        // RFC 792: time exceeded in reassembly, when the first fragment was there.
        let first = v4("10.0.0.2", "10.0.0.1", 17, |r| r.flags = ipv4::Flags::MORE_FRAGMENTS, &[1; 16]);
        b.input(&first, false);
        b.run_to(59_999);
        assert!(b.out().iter().all(|p| p[0] >> 4 != 4));
        b.know("10.0.0.2");
        b.run_to(60_001);
        let out: Vec<_> = b.out().into_iter().filter(|p| p[0] >> 4 == 4).collect();
        assert_eq!(out[0][20..22], [11, 1]);
        assert_eq!(out[0][28..], first[..]);
    }
}
