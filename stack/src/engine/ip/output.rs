//! Sending: route, source address, header, path MTU, fragments, neighbours.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use formats::checksum::Pseudo;
use formats::ctrace::events::ip as events;
use formats::ctrace::events::{Hex32, Protocol, neighbor as neighbor_events, routing};
use formats::net::ip::DsField;
use formats::net::{EtherType, IpProtocol, MacAddr, arp, ipv4, ipv6, ndp};

use super::arp::Notice;
use super::interface::Link;
use super::neighbor::{Action, State as Reach};
use super::route::{Multipath, Route};
use super::{Ip, LOOPBACK, MAX_TRANSMIT, drop, fragment, is_link_local};
use crate::engine::dlc::{Down, Hop, Offload, Transmit, ethertype, group_mac, offload};
use crate::engine::{Buffer, Context, Outgoing};

/// Most data that the IP layer itself cuts into TCP segments at once.
pub const MAX_SOFT_SEGMENT: u32 = 60_000;

/// Flows remembered by MULTIPATH PERCONNECTION; with more the table is started anew.
const MAX_FLOWS: usize = 16_384;

/// Why something could not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendError {
    /// No route leads there.
    NoRoute,
    /// No address of this stack can be the source.
    NoSource,
    /// It must not be cut and is longer than the path's MTU, which is this.
    TooBig(u32),
    /// The interface is not active.
    NotActive,
    /// Too much waits already.
    QueueFull,
    /// A route refuses it.
    Rejected,
}

impl SendError {
    const fn code(self) -> u8 {
        match self {
            Self::NoRoute => 1,
            Self::NoSource => 2,
            Self::TooBig(_) => 3,
            Self::NotActive => 4,
            Self::QueueFull => 5,
            Self::Rejected => 6,
        }
    }
}

/// Where a packet goes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NextHop {
    pub(super) interface: u16,
    /// The gateway, or the destination itself.
    pub(super) hop: IpAddr,
    pub(super) mtu: u32,
    /// It goes to a gateway.
    pub(super) gateway: bool,
}

impl Ip {
    /// Where packets to `dst` go. `interface` is asked for by the sender; `turn` chooses among
    /// several routes.
    pub(super) fn next_hop(&self, dst: IpAddr, interface: Option<u16>, turn: u32) -> Option<NextHop> {
        let at = |interface: u16, hop: IpAddr, gateway: bool, mtu: Option<u32>| {
            let i = self.interface(interface).filter(|i| i.active)?;
            let link = i.mtu(dst.is_ipv6());
            Some(NextHop { interface, hop, mtu: mtu.map_or(link, |m| m.min(link)), gateway })
        };
        if self.home.is_local(dst) {
            return at(LOOPBACK, dst, false, None);
        }
        let everybody = matches!(dst, IpAddr::V4(a) if a.is_broadcast());
        if dst.is_multicast() || everybody || matches!(dst, IpAddr::V6(a) if a.is_unicast_link_local()) {
            let chosen = interface.or_else(|| {
                let routed = self.routes.lookup(dst, 0, |r| self.is_usable(r)).map(|r| r.interface);
                routed.or_else(|| {
                    let v6 = dst.is_ipv6();
                    self.interfaces
                        .iter()
                        .find(|i| i.active && i.index != LOOPBACK && (!v6 || i.config.v6))
                        .map(|i| i.index)
                })
            })?;
            return at(chosen, dst, false, None);
        }
        let wanted = |r: &Route| self.is_usable(r) && interface.is_none_or(|i| i == r.interface);
        let r = self.routes.lookup(dst, turn, wanted)?;
        if r.reject {
            return None;
        }
        at(r.interface, r.gateway.unwrap_or(dst), r.gateway.is_some(), r.mtu)
    }

    fn is_usable(&self, r: &Route) -> bool {
        r.reject
            || r.expires.is_none_or(|t| t > self.now)
                && self.interfaces.get(usize::from(r.interface)).is_some_and(|i| i.active)
    }

    /// The turn of a packet among several routes.
    fn turn(&mut self, cx: &Context<'_>, out: &Outgoing, payload: &[u8]) -> u32 {
        match self.config.multipath {
            Multipath::Off => 0,
            Multipath::PerPacket => {
                self.turn = self.turn.wrapping_add(1);
                self.turn - 1
            }
            Multipath::PerConnection => {
                let ports = match (IpProtocol(out.protocol), payload.first_chunk::<4>()) {
                    (IpProtocol::TCP | IpProtocol::UDP, Some(&p)) => u32::from_be_bytes(p),
                    _ => 0,
                };
                let key = (out.src, out.dst, ports);
                if let Some(&turn) = self.flows.get(&key) {
                    return turn;
                }
                if self.flows.len() >= MAX_FLOWS {
                    self.flows.clear();
                }
                let turn = self.turn;
                self.turn = self.turn.wrapping_add(1);
                self.flows.insert(key, turn);
                if let Some(n) = self.next_hop(out.dst, out.interface, turn) {
                    let event = routing::PathChosen {
                        source: out.src,
                        destination: out.dst,
                        gateway: n.hop,
                        interface: n.interface,
                    };
                    self.event(cx, out.dst, &event);
                }
                turn
            }
        }
    }

    /// The source address for packets to `dst`.
    pub(super) fn source(&self, next: &NextHop, dst: IpAddr) -> Option<IpAddr> {
        if next.interface == LOOPBACK {
            // A packet to oneself comes from the address it is for.
            return Some(dst);
        }
        match (dst, next.hop) {
            (IpAddr::V4(_), IpAddr::V4(hop)) => {
                self.home.source_v4(next.interface, hop, self.config.sourcevipa).map(IpAddr::V4)
            }
            (IpAddr::V6(dst), _) => {
                self.home.source_v6(next.interface, dst, self.config.sourcevipa).map(IpAddr::V6)
            }
            _ => None,
        }
    }

    /// Sends what a protocol hands down: `payload` is what goes behind the IP header. A TCP
    /// checksum of 0 is filled in, by the adapter where it can.
    pub fn send(&mut self, cx: &mut Context<'_>, out: &Outgoing, payload: &[u8]) -> Result<(), SendError> {
        self.now = cx.now;
        let sent = self.try_send(cx, out, payload);
        let family = self.counters.family(out.dst.is_ipv6());
        family.out_requests += 1;
        if let Err(error) = sent {
            match error {
                SendError::NoRoute | SendError::Rejected => family.out_no_routes += 1,
                _ => family.out_discards += 1,
            }
            if error == SendError::NoRoute {
                self.event(cx, out.dst, &routing::NoRoute { destination: out.dst });
            }
            let protocol = Protocol(out.protocol);
            let event = events::SendFailed { src: out.src, dst: out.dst, protocol, error: error.code() };
            self.event(cx, out.dst, &event);
        }
        sent
    }

    fn try_send(&mut self, cx: &mut Context<'_>, out: &Outgoing, payload: &[u8]) -> Result<(), SendError> {
        if out.dst.is_unspecified() {
            return Err(SendError::NoRoute);
        }
        let turn = self.turn(cx, out, payload);
        // Link-local sources bind packets to their link.
        let bound = out.interface.or_else(|| {
            let h = self.home.get(out.src).filter(|h| is_link_local(out.src) && !h.is_vipa())?;
            Some(h.interface)
        });
        let Some(next) = self.next_hop(out.dst, bound, turn) else {
            let refused = self.routes.lookup(out.dst, turn, |r| r.reject).is_some();
            return Err(if refused { SendError::Rejected } else { SendError::NoRoute });
        };
        let src = if out.src.is_unspecified() {
            self.source(&next, out.dst).ok_or(SendError::NoSource)?
        } else {
            out.src
        };
        let many = out.dst.is_multicast() || matches!(out.dst, IpAddr::V4(a) if self.home.is_broadcast(a));
        let default_ttl = match self.interface(next.interface) {
            Some(i) if out.dst.is_ipv6() && self.config.ttl == 64 => i.hop_limit,
            _ => self.config.ttl,
        };
        let ttl = out.ttl.unwrap_or(if many { 1 } else { default_ttl });
        self.next_id = self.next_id.wrapping_add(1);
        let mut packet;
        match (src, out.dst) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => {
                let len = u16::try_from(payload.len() + ipv4::at::LEN)
                    .map_err(|_| SendError::TooBig(65_535))?
                    - ipv4::at::LEN as u16;
                let mut repr = ipv4::Repr::new(src, dst, IpProtocol(out.protocol), len);
                repr.dsfield = DsField(out.tos);
                repr.ttl = ttl;
                repr.id = self.next_id as u16;
                if out.dont_fragment {
                    repr.flags = ipv4::Flags::DONT_FRAGMENT;
                }
                if out.protocol == IpProtocol::IGMP.0 {
                    repr.options = ipv4::Options::ROUTER_ALERT;
                }
                let mut header = [0; 24];
                let n = repr.emit(&mut header).map_err(|_| SendError::TooBig(65_535))?;
                packet = Buffer::with_capacity(n + payload.len());
                packet.extend(&header[..n]);
            }
            (IpAddr::V6(src), IpAddr::V6(dst)) => {
                let len = u16::try_from(payload.len()).map_err(|_| SendError::TooBig(65_575))?;
                let mut repr = ipv6::Repr::new(src, dst, IpProtocol(out.protocol), len);
                repr.traffic_class = DsField(out.tos);
                repr.hop_limit = ttl;
                let mut header = [0; ipv6::at::LEN];
                repr.emit(&mut header).map_err(|_| SendError::NoRoute)?;
                packet = Buffer::with_capacity(header.len() + payload.len());
                packet.extend(&header);
            }
            _ => return Err(SendError::NoSource),
        }
        packet.extend(payload);
        if many && out.protocol != IpProtocol::IGMP.0 {
            self.loop_back(cx, &next, out.dst, &packet);
        }
        self.send_packet(cx, next, packet, out.segment_size)
    }

    /// Sends a discovery message from an address that may be none (`::`) or not in use yet.
    pub(super) fn send_from(&mut self, cx: &mut Context<'_>, out: &Outgoing, src: Ipv6Addr, message: &[u8]) {
        let Some(next) = self.next_hop(out.dst, out.interface, 0) else { return };
        let Some(packet) = discovery_packet(src, out.dst, message) else { return };
        if self.hand_down(cx, next, packet, Offload::default()).is_ok() {
            self.icmp_sent(cx, out.dst, message);
        }
    }

    /// Sends a discovery message to a neighbour whose link address is known.
    pub(super) fn send_ndp_to(
        &mut self,
        cx: &mut Context<'_>,
        interface: u16,
        src: Ipv6Addr,
        dst: Ipv6Addr,
        mac: MacAddr,
        repr: &ndp::Repr,
    ) {
        let mut message = [0; ndp::MAX_EMIT];
        let Ok(len) = repr.emit(&mut message, &Pseudo::V6 { src, dst }) else { return };
        let message = &message[..len];
        let Some(packet) = discovery_packet(src, dst.into(), message) else { return };
        let Some(i) = self.interface(interface).filter(|i| i.active) else { return };
        self.trace_packet(cx, i, true, &packet, drop::NONE, 0);
        let t =
            Transmit { hop: Hop::Link(mac), protocol: EtherType::IPV6, offload: Offload::default(), packet };
        self.push_transmit(cx, interface, t);
        self.icmp_sent(cx, dst.into(), message);
    }

    /// A copy of a packet to a group comes back when this stack listens to it.
    fn loop_back(&mut self, cx: &Context<'_>, next: &NextHop, dst: IpAddr, packet: &Buffer) {
        if self.is_member(next.interface, dst) && next.interface != LOOPBACK {
            let t = Transmit {
                hop: Hop::Peer,
                protocol: ethertype(packet),
                offload: Offload::default(),
                packet: packet.clone(),
            };
            self.push_transmit(cx, LOOPBACK, t);
        }
    }

    /// Sends a packet that is complete but for checksums, in pieces when it has to.
    pub(super) fn send_packet(
        &mut self,
        cx: &mut Context<'_>,
        next: NextHop,
        mut packet: Buffer,
        segment_size: Option<u16>,
    ) -> Result<(), SendError> {
        let Some(i) = self.interface(next.interface).filter(|i| i.active) else {
            return Err(SendError::NotActive);
        };
        let config = i.config;
        let v6 = packet.first().is_some_and(|b| b >> 4 == 6);
        let (_, dst, _) = super::trace::addresses(&packet);
        let mtu = next.mtu.min(self.pmtu.get(self.now, dst).unwrap_or(u32::MAX));
        if let Some(size) = segment_size.filter(|_| packet.len() > mtu as usize) {
            if config.segmentation.is_some_and(|most| packet.len() <= most as usize + 128) {
                let offload = Offload { checksum: true, segment_size: Some(size) };
                return self.hand_down(cx, next, packet, offload);
            }
            for segment in offload::segments(&packet, size) {
                self.hand_down(cx, next, segment, Offload::default())?;
            }
            return Ok(());
        }
        let fits = packet.len() <= mtu as usize;
        if !fits || !config.checksum_offload {
            offload::fill_checksum(&mut packet);
        }
        if fits {
            let offload = Offload { checksum: config.checksum_offload, segment_size: None };
            return self.hand_down(cx, next, packet, offload);
        }
        self.fragment(cx, next, &packet, mtu, v6)
    }

    /// Cuts a packet of this stack, or one that is passed on.
    pub(super) fn fragment(
        &mut self,
        cx: &mut Context<'_>,
        next: NextHop,
        packet: &[u8],
        mtu: u32,
        v6: bool,
    ) -> Result<(), SendError> {
        let (src, dst, _) = super::trace::addresses(packet);
        let (id, parts) = if v6 {
            // RFC 8200 section 4.5: only the source cuts; from here it has no extension headers
            // but hop-by-hop options.
            let Ok(h) = ipv6::Header::new(packet) else { return Err(SendError::TooBig(mtu)) };
            let (skip, upper) = unfragmentable(&h);
            self.next_id = self.next_id.wrapping_add(1);
            (self.next_id, fragment::v6(packet, skip, upper, self.next_id, mtu as usize))
        } else {
            let Ok(h) = ipv4::Header::new(packet) else { return Err(SendError::TooBig(mtu)) };
            if h.flags().contains(ipv4::Flags::DONT_FRAGMENT) {
                self.counters.v4.fragments_failed += 1;
                return Err(SendError::TooBig(mtu));
            }
            (u32::from(h.id()), fragment::v4(packet, mtu as usize))
        };
        let counters = self.counters.family(v6);
        let Some(parts) = parts else {
            counters.fragments_failed += 1;
            return Err(SendError::TooBig(mtu));
        };
        counters.fragments_ok += 1;
        counters.fragments_created += parts.len() as u64;
        let event = events::DatagramFragmented {
            src,
            dst,
            id: Hex32(id),
            length: packet.len() as u32,
            fragments: parts.len() as u16,
        };
        self.event(cx, dst, &event);
        for part in parts {
            self.hand_down(cx, next, part, Offload::default())?;
        }
        Ok(())
    }

    /// Finds the link address and queues a packet for the DLC.
    pub(super) fn hand_down(
        &mut self,
        cx: &mut Context<'_>,
        next: NextHop,
        packet: Buffer,
        offload: Offload,
    ) -> Result<(), SendError> {
        if self.transmit.len() >= MAX_TRANSMIT {
            self.dropped(cx, next.interface, true, &packet, drop::QUEUE_FULL);
            return Err(SendError::QueueFull);
        }
        let index = usize::from(next.interface);
        let Some(i) = self.interfaces.get(index) else { return Err(SendError::NotActive) };
        self.trace_packet(cx, i, true, &packet, drop::NONE, offload.segment_size.unwrap_or(0));
        let protocol = ethertype(&packet);
        let broadcast = matches!(next.hop, IpAddr::V4(a) if self.home.is_broadcast(a));
        let group = if broadcast { Some(MacAddr::BROADCAST) } else { group_mac(next.hop) };
        let hop = match (i.config.link, group) {
            (Link::Loopback | Link::PointToPoint, _) => Hop::Peer,
            (Link::HiperSockets, _) if broadcast => Hop::Address(IpAddr::V4(Ipv4Addr::BROADCAST)),
            (Link::HiperSockets, _) => Hop::Address(next.hop),
            (Link::Ethernet { .. }, Some(mac)) => Hop::Link(mac),
            (Link::Ethernet { arp_offload: true, .. }, None) if next.hop.is_ipv4() => Hop::Address(next.hop),
            (Link::Ethernet { .. }, None) => {
                let t = Transmit { hop: Hop::Peer, protocol, offload, packet };
                let Some(i) = self.interfaces.get_mut(index) else { return Err(SendError::NotActive) };
                let found = match (next.hop, &mut i.arp) {
                    (IpAddr::V4(a), Some(arp)) => arp.resolve(cx, a, t),
                    _ => i.nd.resolve(cx.now, next.hop, t),
                };
                if let Some((mac, mut t)) = found {
                    t.hop = Hop::Link(mac);
                    self.push_transmit(cx, next.interface, t);
                }
                self.pump_neighbors(cx, next.interface);
                return Ok(());
            }
        };
        self.push_transmit(cx, next.interface, Transmit { hop, protocol, offload, packet });
        Ok(())
    }

    /// Queues a packet for a DLC.
    pub(super) fn push_transmit(&mut self, cx: &Context<'_>, interface: u16, t: Transmit) {
        if self.transmit.len() >= MAX_TRANSMIT {
            return self.dropped(cx, interface, true, &t.packet, drop::QUEUE_FULL);
        }
        if let Some(i) = self.interfaces.get_mut(usize::from(interface)) {
            i.counters.out_packets += 1;
            i.counters.out_bytes += t.packet.len() as u64;
            i.counters.out_groups += u64::from(matches!(t.hop, Hop::Link(m) if m.is_group()));
        }
        self.transmit.push_back((interface, Down::Packet(t)));
    }

    /// Does what ARP and neighbour discovery of an interface ask for.
    pub(super) fn pump_neighbors(&mut self, cx: &mut Context<'_>, interface: u16) {
        loop {
            let Some(i) = self.interfaces.get_mut(usize::from(interface)) else { return };
            let Some(notice) = i.arp.as_mut().and_then(super::Arp::poll_notice) else { break };
            match notice {
                Notice::Frame(to, repr) => self.send_arp(cx, interface, to, &repr),
                Notice::Send(mac, mut t) => {
                    t.hop = Hop::Link(mac);
                    self.push_transmit(cx, interface, t);
                }
                Notice::Unreachable(address, waiting) => self.no_answer(cx, interface, address, waiting),
                Notice::Overflow(t) => self.dropped(cx, interface, true, &t.packet, drop::QUEUE_FULL),
                Notice::Ready(address) => {
                    let address = IpAddr::V4(address);
                    if self.home.get(address).is_some_and(|h| h.interface == interface) {
                        self.set_state(cx, address, super::State::Preferred);
                    }
                }
                Notice::Conflict { address, other, lost } => {
                    self.conflict(cx, interface, IpAddr::V4(address), other, lost);
                }
                Notice::Changed(action) => self.neighbor_changed(cx, interface, &action),
            }
        }
        loop {
            let Some(i) = self.interfaces.get_mut(usize::from(interface)) else { return };
            let Some(action) = i.nd.poll_action() else { break };
            match action {
                Action::Solicit { address: IpAddr::V6(target), to } => {
                    self.solicit_neighbor(cx, interface, target, to);
                }
                Action::Solicit { .. } => {}
                Action::Send(mac, mut t) => {
                    t.hop = Hop::Link(mac);
                    self.push_transmit(cx, interface, t);
                }
                Action::Unreachable(address, waiting) => self.no_answer(cx, interface, address, waiting),
                Action::Overflow(t) => self.dropped(cx, interface, true, &t.packet, drop::QUEUE_FULL),
                changed @ Action::Changed { .. } => self.neighbor_changed(cx, interface, &changed),
            }
        }
    }

    fn neighbor_changed(&mut self, cx: &Context<'_>, interface: u16, action: &Action<Transmit>) {
        let &Action::Changed { address, from, to, mac } = action else { return };
        let event = neighbor_events::NeighborChanged {
            interface,
            address,
            mac: mac.0,
            from: state_code(from),
            to: state_code(to),
        };
        self.event(cx, address, &event);
    }

    /// Nobody answered for a next hop: senders of the packets that waited are told.
    fn no_answer(&mut self, cx: &mut Context<'_>, interface: u16, address: IpAddr, waiting: Vec<Transmit>) {
        let event =
            neighbor_events::NeighborUnreachable { interface, address, packets: waiting.len() as u16 };
        self.event(cx, address, &event);
        for t in waiting {
            self.unreachable_hop(cx, interface, &t.packet);
        }
    }

    fn send_arp(&mut self, cx: &Context<'_>, interface: u16, to: MacAddr, repr: &arp::Repr) {
        let mut packet = Buffer::zeroed(repr.header_len());
        if repr.emit(&mut packet).is_err() {
            return;
        }
        let event = neighbor_events::ArpSent {
            interface,
            operation: repr.opcode.0,
            sender: repr.src_proto.into(),
            target: repr.dst_proto.into(),
        };
        self.event(cx, repr.dst_proto.into(), &event);
        let t =
            Transmit { hop: Hop::Link(to), protocol: EtherType::ARP, offload: Offload::default(), packet };
        self.push_transmit(cx, interface, t);
    }

    /// An ARP packet came in.
    pub(super) fn arp_input(&mut self, cx: &mut Context<'_>, interface: u16, bytes: &[u8]) {
        let parsed = arp::Header::new(bytes).and_then(|h| arp::Repr::parse(&h));
        let Ok(repr) = parsed else { return };
        let event = neighbor_events::ArpReceived {
            interface,
            operation: repr.opcode.0,
            sender: repr.src_proto.into(),
            mac: repr.src_hw.0,
            target: repr.dst_proto.into(),
        };
        self.event(cx, repr.src_proto.into(), &event);
        if let Some(arp) = self.interfaces.get_mut(usize::from(interface)).and_then(|i| i.arp.as_mut()) {
            arp.handle(cx, &repr);
        }
        self.pump_neighbors(cx, interface);
    }
}

/// A packet with a discovery message: its hop limit shows that no router passed it on.
fn discovery_packet(src: Ipv6Addr, dst: IpAddr, message: &[u8]) -> Option<Buffer> {
    let IpAddr::V6(dst) = dst else { return None };
    let mut repr = ipv6::Repr::new(src, dst, IpProtocol::ICMPV6, message.len() as u16);
    repr.hop_limit = 255;
    let mut packet = Buffer::zeroed(ipv6::at::LEN);
    repr.emit(&mut packet).ok()?;
    packet.extend(message);
    Some(packet)
}

const fn state_code(s: Option<Reach>) -> neighbor_events::NeighborState {
    use neighbor_events::NeighborState as Code;
    match s {
        None => Code::NONE,
        Some(Reach::Incomplete) => Code::INCOMPLETE,
        Some(Reach::Reachable) => Code::REACHABLE,
        Some(Reach::Stale) => Code::STALE,
        Some(Reach::Delay) => Code::DELAY,
        Some(Reach::Probe) => Code::PROBE,
    }
}

/// Length of the extension headers that every fragment carries, and what follows them.
fn unfragmentable(h: &ipv6::Header<'_>) -> (usize, IpProtocol) {
    let payload = h.payload();
    match (h.next_header(), payload) {
        (IpProtocol::HOPOPTS, &[next, units, ..]) => ((usize::from(units) + 1) * 8, IpProtocol(next)),
        (next, _) => (0, next),
    }
}
