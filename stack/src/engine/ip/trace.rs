//! Trace points of the IP layer: packets in, out and dropped, and events.

use std::net::{IpAddr, Ipv6Addr};

use ctrace::{PacketPoint, Subject};
use formats::ctrace::Name;
use formats::ctrace::events::{Direction, Event, ip::PacketDropped};
use formats::ctrace::pthdr::DropReason;

use super::Ip;
use super::interface::Interface;
use crate::engine::Context;

/// The stack as the subject of its own events.
#[derive(Debug, Clone, Copy)]
pub struct Stack {
    /// Address space.
    pub asid: u16,
    /// Job name.
    pub job: Name<8>,
}

impl Stack {
    /// A subject for an event about a remote address.
    #[must_use]
    pub const fn subject(&self, remote: IpAddr) -> Subject {
        Subject { asid: self.asid, job: self.job, cid: 0, local_port: 0, remote }
    }

    /// Records an event of the stack about a remote address.
    #[inline]
    pub fn event<E: Event>(&self, cx: &Context<'_>, remote: IpAddr, event: &E) {
        cx.trace.event(&self.subject(remote), event);
    }
}

/// Nobody in particular.
pub const NOBODY: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

impl Ip {
    /// Records an event about a remote address.
    #[inline]
    pub(super) fn event<E: Event>(&self, cx: &Context<'_>, remote: IpAddr, event: &E) {
        self.config.stack.event(cx, remote, event);
    }

    /// The packet trace point: a packet at an interface.
    #[inline]
    pub(super) fn trace_packet(
        &self,
        cx: &Context<'_>,
        interface: &Interface,
        out: bool,
        packet: &[u8],
        reason: DropReason,
        segment_size: u16,
    ) {
        if !cx.trace.traces_packets() {
            return;
        }
        let v6 = packet.first().is_some_and(|b| b >> 4 == 6);
        let (src, dst, _) = addresses(packet);
        cx.trace.packet(&PacketPoint {
            direction: if out { Direction::OUT } else { Direction::IN },
            device: interface.config.link.device_type(v6),
            local: self.home.is_local(src) && self.home.is_local(dst),
            asid: self.config.stack.asid,
            drop: reason,
            segment_size,
            ..PacketPoint::new(Direction::IN, interface.config.name, u32::from(interface.index), packet)
        });
    }

    /// A packet is thrown away.
    pub(super) fn dropped(
        &mut self,
        cx: &Context<'_>,
        interface: u16,
        out: bool,
        packet: &[u8],
        reason: DropReason,
    ) {
        self.counters.dropped += 1;
        if let Some(i) = self.interfaces.get_mut(usize::from(interface)) {
            if out {
                i.counters.out_discards += 1;
            } else {
                i.counters.in_discards += 1;
            }
        }
        if let Some(i) = self.interfaces.get(usize::from(interface)) {
            self.trace_packet(cx, i, out, packet, reason, 0);
        }
        let (src, dst, protocol) = addresses(packet);
        let event = PacketDropped {
            src,
            dst,
            protocol: formats::ctrace::events::Protocol(protocol),
            length: packet.len() as u32,
            reason: reason.0,
            interface,
        };
        self.event(cx, if out { dst } else { src }, &event);
    }
}

/// Source, destination and protocol of what may be a packet.
pub(crate) fn addresses(packet: &[u8]) -> (IpAddr, IpAddr, u8) {
    use formats::net::{ipv4, ipv6};
    match packet.first().map(|b| b >> 4) {
        Some(4) => ipv4::Header::new(packet)
            .map_or((NOBODY, NOBODY, 0), |h| (h.src().into(), h.dst().into(), h.protocol().0)),
        Some(6) => ipv6::Header::new(packet)
            .map_or((NOBODY, NOBODY, 0), |h| (h.src().into(), h.dst().into(), h.next_header().0)),
        _ => (NOBODY, NOBODY, 0),
    }
}
