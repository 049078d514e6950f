//! ICMP for IPv6.
//!
//! Source: RFC 4443 (section 2.4: which packets cause no error, how much is quoted, how often),
//! RFC 8201 (path MTU).

use std::net::{IpAddr, Ipv6Addr};

use formats::checksum::Pseudo;
use formats::ctrace::events::{Protocol, icmp as events};
use formats::net::icmpv6::{Header, Repr, Type};
use formats::net::{IpProtocol, ipv6};

use super::{Ip, drop, v6};
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
        self.send_icmp(cx, &out, &message);
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
            Type::PACKET_TOO_BIG => match self.too_big(cx, dst, h.mtu(), q.total_len) {
                Some(kind) => kind,
                None => return,
            },
            Type::DEST_UNREACHABLE => IcmpKind::Unreachable(h.code()),
            Type::TIME_EXCEEDED => IcmpKind::TimeExceeded,
            _ => IcmpKind::ParameterProblem,
        };
        let error = IcmpError {
            reporter: incoming.src,
            src: q.src.into(),
            dst,
            protocol: q.protocol,
            kind,
            quoted: q.payload.to_vec(),
        };
        self.deliver_error(cx, incoming.interface, (h.kind().0, h.code()), error);
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
        if !self.may_send_error(cx, src.into(), repr.kind.0, repr.code) {
            return;
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
        self.send_icmp(cx, &out, &message);
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

#[cfg(test)]
mod tests {
    use super::super::Delivery;
    use super::super::testing::{Bench, addr6, v6};
    use super::*;

    const UDP: [u8; 8] = [0, 7, 0, 9, 0, 8, 1, 1];

    fn bench() -> Bench {
        let mut b = Bench::new(|_| {}, |_| {});
        b.know("2001:db8::2");
        b
    }

    fn message(r: &Repr<'_>, src: Ipv6Addr, dst: Ipv6Addr) -> Vec<u8> {
        let mut m = vec![0; r.len()];
        r.emit(&mut m, &Pseudo::V6 { src, dst }).unwrap();
        m
    }

    fn icmp(b: &mut Bench) -> Vec<(Type, u8, [u8; 4], Vec<u8>)> {
        b.out()
            .iter()
            .filter_map(|p| {
                let h = ipv6::Header::new(p).ok().filter(|h| h.next_header() == IpProtocol::ICMPV6)?;
                let m = Header::new(h.payload()).unwrap();
                assert!(m.checksum_ok(&h.pseudo()) && p.len() <= 1280);
                Some((m.kind(), m.code(), m.rest(), m.payload().to_vec()))
            })
            .collect()
    }

    #[test]
    fn echoes_come_back_also_from_groups() {
        let mut b = bench();
        let (src, dst) = (addr6("2001:db8::2"), addr6("2001:db8::1"));
        for to in [dst, super::super::nd::ALL_NODES] {
            let m = message(&Repr::echo_request(1, 2, b"abc"), src, to);
            b.input(&v6(src, to, 58, 64, &m), to.is_multicast());
            let out = b.out();
            let h = ipv6::Header::new(&out[0]).unwrap();
            // RFC 4443 section 4.2: the source of the reply is a unicast address.
            assert_eq!((h.src(), h.dst()), (dst, src));
            assert_eq!(h.payload(), message(&Repr::echo_reply(1, 2, b"abc"), dst, src));
        }
    }

    #[test]
    fn packets_that_cause_no_error() {
        // RFC 4443 section 2.4 (e).
        let (src, dst) = (addr6("2001:db8::2"), addr6("2001:db8::1"));
        let error = message(&Repr::unreachable(0, &[0; 48]), src, dst);
        let redirect = message(&Repr::new(Type::REDIRECT, 0, 0, &[0; 32]), src, dst);
        let nobody = Ipv6Addr::UNSPECIFIED;
        for (what, p, group) in [
            ("an error", v6(src, dst, 58, 64, &error), false),
            ("a redirect", v6(src, dst, 58, 255, &redirect), false),
            ("a group", v6(src, super::super::nd::ALL_NODES, 17, 64, &UDP), false),
            ("link-layer group", v6(src, dst, 17, 64, &UDP), true),
            ("no source", v6(nobody, dst, 17, 64, &UDP), false),
        ] {
            let mut b = bench();
            b.with(|ip, cx| ip.icmpv6_error(cx, 1, &p, group, Error::Unreachable(4)));
            assert!(icmp(&mut b).is_empty(), "{what}");
        }
        // The exceptions: packet too big, and code 2 of parameter problem.
        let p = v6(src, super::super::nd::ALL_NODES, 17, 64, &UDP);
        for e in [Error::TooBig(1280), Error::Parameter(2, 42)] {
            let mut b = bench();
            b.with(|ip, cx| ip.icmpv6_error(cx, 1, &p, true, e));
            assert_eq!(icmp(&mut b).len(), 1);
        }
    }

    #[test]
    fn options_and_headers_that_are_not_known() {
        let (src, dst) = (addr6("2001:db8::2"), addr6("2001:db8::1"));
        // Action bits 00 skip, 01 drop, 10 report, 11 report unless multicast.
        let option = |kind: u8| [&[17, 0, kind, 2, 0, 0, 1, 0][..], &UDP].concat();
        for (kind, told, delivered) in
            [(0x3e, false, true), (0x7e, false, false), (0xbe, true, false), (0xfe, true, false)]
        {
            let mut b = bench();
            b.input(&v6(src, dst, 60, 64, &option(kind)), false);
            let want = if told { vec![(Type::PARAMETER_PROBLEM, 2, [0, 0, 0, 42])] } else { vec![] };
            let got: Vec<_> = icmp(&mut b).into_iter().map(|(k, c, r, _)| (k, c, r)).collect();
            assert_eq!((got, b.delivered().len() == 1), (want, delivered), "{kind:02x}");
        }
        // Hop-by-hop options behind another header: code 1 points to what announced them.
        let mut b = bench();
        let late = [&[0, 0, 1, 4, 0, 0, 0, 0][..], &[17, 0, 1, 4, 0, 0, 0, 0], &UDP].concat();
        b.input(&v6(src, dst, 60, 64, &late), false);
        let (kind, code, rest, _) = icmp(&mut b).remove(0);
        assert_eq!((kind, code, rest), (Type::PARAMETER_PROBLEM, 1, [0, 0, 0, 40]));
        // A source route that is not used up: code 0 points to the type (RFC 5095).
        let mut b = bench();
        let route = [&[17, 0, 0, 1, 0, 0, 0, 0][..], &UDP].concat();
        b.input(&v6(src, dst, 43, 64, &route), false);
        let (kind, code, rest, _) = icmp(&mut b).remove(0);
        assert_eq!((kind, code, rest), (Type::PARAMETER_PROBLEM, 0, [0, 0, 0, 42]));
        // A protocol nobody speaks: the pointer is at the next header field (RFC 4443 section 3.4).
        let mut b = bench();
        b.input(&v6(src, dst, 200, 64, &UDP), false);
        let Some(Delivery::Packet(p)) = b.delivered().pop() else { panic!("none") };
        b.with(|ip, cx| ip.refuse(cx, &p, super::super::Refusal::Protocol));
        let (kind, code, rest, quoted) = icmp(&mut b).remove(0);
        assert_eq!((kind, code, rest), (Type::PARAMETER_PROBLEM, 1, [0, 0, 0, 6]));
        assert_eq!(quoted, p.original());
    }

    #[test]
    fn packet_too_big_lowers_the_path_mtu() {
        let mut b = bench();
        let (src, dst) = (addr6("2001:db8::1"), addr6("2001:db8:9::9"));
        let sent = v6(src, dst, 6, 64, &[1; 1460]);
        let router = addr6("2001:db8::2");
        for (mtu, want) in [(1400, Some(1400)), (1400, None), (900, Some(1280)), (600, None)] {
            let m = message(&Repr::packet_too_big(mtu, &sent[..1200]), router, src);
            b.input(&v6(router, src, 58, 64, &m), false);
            let got = b.delivered().into_iter().find_map(|d| match d {
                Delivery::Error(e) => Some(e.kind),
                Delivery::Packet(_) => None,
            });
            assert_eq!(got, want.map(IcmpKind::PacketTooBig), "{mtu}");
        }
    }
}
