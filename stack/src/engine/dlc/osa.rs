//! An OSA-Express port in QDIO mode: an Ethernet adapter that stacks share, each with a datapath.
//!
//! What it does for a stack as it is asked to: it answers ARP for registered addresses and resolves
//! next hops (ARP offload), makes and checks checksums, cuts large TCP segments, tags and filters a
//! VLAN, sorts what comes in into queues by kind of traffic, and passes packets between the stacks
//! that share it without going to the network. What passes the port is traced (SYSTCPOT), of all
//! stacks.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use ctrace::{FramePoint, Subject};
use formats::ctrace::events::interface as events;
use formats::ctrace::events::{Direction, Event, Hex16};
use formats::ctrace::{Name, pthdr::DropReason};
use formats::net::{EtherType, IpProtocol, MacAddr, arp, ethernet, vlan};

use super::{Down, Hop, MAX_QUEUE, Receive, Transmit, Up, offload};
use crate::engine::ip::arp::{Arp, Notice};
use crate::engine::ip::neighbor::Settings;
use crate::engine::ip::trace::{NOBODY, addresses};
use crate::engine::{Buffer, Context, Instant};

/// Flows that are known to be bulk data.
const MAX_BULK: usize = 256;
/// TCP data from which on a flow counts as bulk data.
const BULK_LEN: usize = 1024;

/// Why the adapter throws a frame away. IBM's codes below 4096 are not known; these are ours.
pub mod discard {
    use formats::ctrace::pthdr::DropReason;

    /// The frame is for another address or VLAN.
    pub const NOT_OURS: DropReason = DropReason(0x0f01);
    /// No stack has registered the destination, and none is the primary router.
    pub const NOT_REGISTERED: DropReason = DropReason(0x0f02);
    /// The frame is no Ethernet frame, or of a type nobody reads.
    pub const TYPE: DropReason = DropReason(0x0f03);
    /// A queue is full.
    pub const QUEUE_FULL: DropReason = DropReason(0x0f04);
}

/// What a stack asks of its datapath.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatapathConfig {
    /// A link address of its own (VMAC), else the port's.
    pub vmac: Option<MacAddr>,
    /// Its VLAN (VLANID).
    pub vlan: Option<u16>,
    /// Resolve IPv4 addresses and answer for those registered.
    pub arp_offload: bool,
    /// Check checksums of what comes in.
    pub checksum_offload: bool,
    /// Gets packets for addresses that nobody registered (PRIROUTER).
    pub primary_router: bool,
    /// Sort what comes in by kind of traffic (INBPERF DYNAMIC WORKLOADQ).
    pub workload_queues: bool,
}

impl Default for DatapathConfig {
    fn default() -> Self {
        Self {
            vmac: None,
            vlan: None,
            arp_offload: true,
            checksum_offload: true,
            primary_router: false,
            workload_queues: false,
        }
    }
}

/// What was counted of a datapath.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DatapathCounters {
    /// Frames in, by [`events::InboundQueue`].
    pub inbound: [u64; 5],
    /// Frames out.
    pub outbound: u64,
    /// Packets passed to another stack on the same port.
    pub local: u64,
    /// Large segments that were cut, and what became of them.
    pub segmented: (u64, u64),
}

#[derive(Debug)]
struct Datapath {
    config: DatapathConfig,
    homes: BTreeSet<IpAddr>,
    groups: BTreeMap<IpAddr, u32>,
    arp: Arp<Transmit>,
    queues: [VecDeque<Up>; 5],
    bulk: BTreeSet<(IpAddr, IpAddr, u32)>,
    counters: DatapathCounters,
}

/// The port.
#[derive(Debug)]
pub struct Osa {
    name: Name<8>,
    mac: MacAddr,
    datapaths: Vec<Datapath>,
    frames: VecDeque<Buffer>,
    /// Frames thrown away.
    pub discarded: u64,
}

impl Osa {
    /// A port with this name (PORTNAME) and address.
    #[must_use]
    pub fn new(name: &str, mac: MacAddr) -> Self {
        Self { name: Name::new(name), mac, datapaths: Vec::new(), frames: VecDeque::new(), discarded: 0 }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> Name<8> {
        self.name
    }

    /// Opens a datapath for a stack; `None` when there are 255 already.
    pub fn open(&mut self, cx: &Context<'_>, config: DatapathConfig) -> Option<u8> {
        let n = u8::try_from(self.datapaths.len()).ok().filter(|n| *n < u8::MAX)?;
        let mac = config.vmac.unwrap_or(self.mac);
        self.datapaths.push(Datapath {
            config,
            homes: BTreeSet::new(),
            groups: BTreeMap::new(),
            arp: Arp::new(mac, Settings::default()),
            queues: [
                VecDeque::from([Up::Active]),
                VecDeque::new(),
                VecDeque::new(),
                VecDeque::new(),
                VecDeque::new(),
            ],
            bulk: BTreeSet::new(),
            counters: DatapathCounters::default(),
        });
        self.event(cx, &events::DatapathOpened { name: self.name, datapath: n });
        Some(n)
    }

    /// The link address of a datapath.
    #[must_use]
    pub fn mac(&self, datapath: u8) -> MacAddr {
        self.datapath(datapath).and_then(|d| d.config.vmac).unwrap_or(self.mac)
    }

    /// What was counted of a datapath.
    #[must_use]
    pub fn counters(&self, datapath: u8) -> DatapathCounters {
        self.datapath(datapath).map_or_else(DatapathCounters::default, |d| d.counters)
    }

    /// The ARP cache of a datapath.
    pub fn arp_cache(
        &self,
        datapath: u8,
        now: Instant,
    ) -> impl Iterator<Item = crate::engine::ip::neighbor::Neighbor> {
        self.datapath(datapath).into_iter().flat_map(move |d| d.arp.neighbors.iter(now))
    }

    fn datapath(&self, n: u8) -> Option<&Datapath> {
        self.datapaths.get(usize::from(n))
    }

    fn event<E: Event>(&self, cx: &Context<'_>, event: &E) {
        let subject = Subject { asid: 0, job: self.name, cid: 0, local_port: 0, remote: NOBODY };
        cx.trace.event(&subject, event);
    }

    fn trace(&self, cx: &Context<'_>, out: bool, frame: &[u8], drop: DropReason) {
        cx.trace.frame(&FramePoint {
            direction: if out { Direction::OUT } else { Direction::IN },
            port: self.name,
            device_id: 0,
            if_index: 0,
            drop,
            frame,
        });
    }

    /// Something from the IP layer of a datapath's stack.
    pub fn send(&mut self, cx: &mut Context<'_>, datapath: u8, down: Down) {
        let name = self.name;
        let Some(d) = self.datapaths.get_mut(usize::from(datapath)) else { return };
        match down {
            Down::Packet(t) => self.packet(cx, datapath, t),
            Down::Register { address, probe } => {
                d.homes.insert(address);
                if let (IpAddr::V4(a), true) = (address, d.config.arp_offload) {
                    d.arp.add(cx, a, probe);
                }
                // Who registers an address last has it: the other stacks on the port lose it.
                for (n, other) in self.datapaths.iter_mut().enumerate() {
                    if n != usize::from(datapath)
                        && other.homes.remove(&address)
                        && let IpAddr::V4(a) = address
                    {
                        other.arp.remove(a);
                    }
                }
                self.event(cx, &events::AddressRegistered { name, datapath, address });
                self.pump(cx, datapath);
            }
            Down::Unregister(address) => {
                d.homes.remove(&address);
                if let IpAddr::V4(a) = address {
                    d.arp.remove(a);
                }
                self.event(cx, &events::AddressUnregistered { name, datapath, address });
            }
            Down::Join(group) => *d.groups.entry(group).or_default() += 1,
            Down::Leave(group) => {
                if let Some(n) = d.groups.get_mut(&group) {
                    *n -= 1;
                    if *n == 0 {
                        d.groups.remove(&group);
                    }
                }
            }
        }
    }

    fn packet(&mut self, cx: &mut Context<'_>, datapath: u8, t: Transmit) {
        let Transmit { hop, protocol, offload, mut packet } = t;
        if let Some(size) = offload.segment_size {
            let parts = offload::segments(&packet, size);
            let event = events::Segmented {
                name: self.name,
                length: packet.len() as u32,
                segments: parts.len() as u16,
                size,
            };
            self.event(cx, &event);
            if let Some(d) = self.datapaths.get_mut(usize::from(datapath)) {
                d.counters.segmented.0 += 1;
                d.counters.segmented.1 += parts.len() as u64;
            }
            for packet in parts {
                let one = Transmit { hop, protocol, offload: super::Offload::default(), packet };
                self.resolve(cx, datapath, one);
            }
            return;
        }
        if offload.checksum {
            offload::fill_checksum(&mut packet);
        }
        self.resolve(cx, datapath, Transmit { hop, protocol, offload, packet });
    }

    /// Finds the link address of a packet's next hop.
    fn resolve(&mut self, cx: &mut Context<'_>, datapath: u8, t: Transmit) {
        match t.hop {
            Hop::Link(mac) => self.put(cx, datapath, mac, t.protocol, t.packet),
            Hop::Address(IpAddr::V4(hop)) => {
                let vlan = self.datapath(datapath).and_then(|d| d.config.vlan);
                let shared = self
                    .datapaths
                    .iter()
                    .position(|d| d.config.vlan == vlan && d.homes.contains(&IpAddr::V4(hop)));
                if let Some(other) = shared.filter(|&n| n != usize::from(datapath)) {
                    return self.deliver_local(cx, datapath, other, t.protocol, t.packet);
                }
                let Some(d) = self.datapaths.get_mut(usize::from(datapath)) else { return };
                if let Some((mac, t)) = d.arp.resolve(cx, hop, t) {
                    self.put(cx, datapath, mac, t.protocol, t.packet);
                }
                self.pump(cx, datapath);
            }
            Hop::Address(_) | Hop::Peer => {}
        }
    }

    /// From one stack on the port to another.
    fn deliver_local(&mut self, cx: &Context<'_>, from: u8, to: usize, protocol: EtherType, packet: Buffer) {
        let source = self.mac(from);
        if let Some(d) = self.datapaths.get_mut(usize::from(from)) {
            d.counters.local += 1;
        }
        self.up(cx, to, Receive { protocol, source, group: false, checksum_checked: true, packet });
    }

    /// Puts a frame on the wire, and to the stacks on this port that it is for as well.
    fn put(
        &mut self,
        cx: &mut Context<'_>,
        datapath: u8,
        dst: MacAddr,
        protocol: EtherType,
        mut packet: Buffer,
    ) {
        let src = self.mac(datapath);
        let Some(config) = self.datapath(datapath).map(|d| d.config) else { return };
        let mut others = Vec::new();
        for (n, d) in self.datapaths.iter().enumerate() {
            let same = n != usize::from(datapath) && d.config.vlan == config.vlan;
            if same && (dst.is_group() || d.config.vmac.unwrap_or(self.mac) == dst) {
                others.push(n);
            }
        }
        if !others.is_empty() {
            for n in others {
                self.demux_one(cx, n, protocol, src, dst, packet.clone());
            }
            if !dst.is_group() {
                return;
            }
        }
        if let Some(id) = config.vlan {
            let mut tag = [0; 4];
            let repr = vlan::Repr { id, type_or_len: protocol.0, ..vlan::Repr::default() };
            if repr.emit(&mut tag).is_err() {
                return;
            }
            packet.prepend(&tag);
        }
        let mut header = [0; ethernet::at::LEN];
        let kind = if config.vlan.is_some() { EtherType::VLAN } else { protocol };
        if ethernet::Repr::new(src, dst, kind).emit(&mut header).is_err() {
            return;
        }
        packet.prepend(&header);
        if self.frames.len() >= MAX_QUEUE {
            return self.discard(cx, true, &packet, discard::QUEUE_FULL);
        }
        self.trace(cx, true, &packet, DropReason(0));
        if let Some(d) = self.datapaths.get_mut(usize::from(datapath)) {
            d.counters.outbound += 1;
        }
        self.frames.push_back(packet);
    }

    fn discard(&mut self, cx: &Context<'_>, out: bool, frame: &[u8], reason: DropReason) {
        self.discarded += 1;
        self.trace(cx, out, frame, reason);
        let ethertype = match frame.get(12..14) {
            Some(&[a, b]) => u16::from_be_bytes([a, b]),
            _ => 0,
        };
        let event = events::FrameDiscarded {
            name: self.name,
            length: frame.len() as u32,
            ethertype: Hex16(ethertype),
            reason: reason.0,
        };
        self.event(cx, &event);
    }

    /// A frame from the network.
    pub fn receive(&mut self, cx: &mut Context<'_>, mut frame: Buffer) {
        let Ok(h) = ethernet::Header::new(&frame) else {
            return self.discard(cx, false, &frame, discard::TYPE);
        };
        let (dst, src) = (h.dst(), h.src());
        let (tag, protocol, skip) = match (h.ethertype(), vlan::Header::new(h.payload())) {
            (Some(EtherType::VLAN), Ok(v)) => {
                // Priority tags have VLAN 0: as if there were none.
                let id = Some(v.id()).filter(|id| *id != 0);
                (id, v.ethertype(), ethernet::at::LEN + vlan::at::LEN)
            }
            (kind, _) => (None, kind, ethernet::at::LEN),
        };
        let Some(protocol @ (EtherType::ARP | EtherType::IPV4 | EtherType::IPV6)) = protocol else {
            return self.discard(cx, false, &frame, discard::TYPE);
        };
        let wanted: Vec<usize> = self
            .datapaths
            .iter()
            .enumerate()
            .filter(|(_, d)| d.config.vlan == tag)
            .filter(|(_, d)| dst.is_group() || d.config.vmac.unwrap_or(self.mac) == dst)
            .map(|(n, _)| n)
            .collect();
        if src.is_group() || wanted.is_empty() && !dst.is_group() {
            return self.discard(cx, false, &frame, discard::NOT_OURS);
        }
        frame.advance(skip);
        let (_, to, _) = addresses(&frame);
        let found = wanted
            .iter()
            .filter_map(|&n| self.datapaths.get(n))
            .any(|d| protocol == EtherType::ARP || d.is_for(to, dst.is_group()) || d.config.primary_router);
        frame.retreat(skip);
        if !found {
            return self.discard(cx, false, &frame, discard::NOT_REGISTERED);
        }
        self.trace(cx, false, &frame, DropReason(0));
        frame.advance(skip);
        match *wanted {
            [n] => self.demux_one(cx, n, protocol, src, dst, frame),
            _ => {
                for n in wanted {
                    self.demux_one(cx, n, protocol, src, dst, frame.clone());
                }
            }
        }
        for n in 0..self.datapaths.len() as u8 {
            self.pump(cx, n);
        }
    }

    /// A packet that may be for a datapath.
    fn demux_one(
        &mut self,
        cx: &mut Context<'_>,
        n: usize,
        protocol: EtherType,
        src: MacAddr,
        dst: MacAddr,
        packet: Buffer,
    ) {
        let Some(d) = self.datapaths.get_mut(n) else { return };
        let (offload, router) = (d.config.checksum_offload, d.config.primary_router);
        if protocol == EtherType::ARP && d.config.arp_offload {
            if let Ok(repr) = arp::Header::new(&packet).and_then(|h| arp::Repr::parse(&h)) {
                d.arp.handle(cx, &repr);
            }
            return;
        }
        let group = dst.is_group();
        if protocol != EtherType::ARP {
            let (_, to, _) = addresses(&packet);
            let other = |d: &Datapath| d.homes.contains(&to);
            let mine = self.datapaths.get(n).is_some_and(|d| d.is_for(to, group));
            // A packet for an address that nobody registered is the primary router's.
            if !mine && (!router || group || self.datapaths.iter().any(other)) {
                return;
            }
        }
        let checksum_checked = offload && protocol != EtherType::ARP && offload::check(&packet) == Some(true);
        self.up(cx, n, Receive { protocol, source: src, group, checksum_checked, packet });
    }

    /// Puts a packet into the queue of its kind.
    fn up(&mut self, cx: &Context<'_>, n: usize, r: Receive) {
        let name = self.name;
        let Some(d) = self.datapaths.get_mut(n) else { return };
        let queue =
            if d.config.workload_queues { d.classify(&r.packet) } else { events::InboundQueue::PRIMARY };
        let event = events::InboundQueued { name, datapath: n as u8, queue, length: r.packet.len() as u32 };
        let slot = usize::from(queue.0);
        if d.queues[slot].len() >= MAX_QUEUE {
            self.discarded += 1;
            return;
        }
        d.counters.inbound[slot] += 1;
        d.queues[slot].push_back(Up::Packet(r));
        self.event(cx, &event);
    }

    /// Does what ARP of a datapath asks for.
    fn pump(&mut self, cx: &mut Context<'_>, datapath: u8) {
        while let Some(notice) =
            self.datapaths.get_mut(usize::from(datapath)).and_then(|d| d.arp.poll_notice())
        {
            match notice {
                Notice::Frame(to, repr) => {
                    let mut packet = Buffer::zeroed(repr.header_len());
                    if repr.emit(&mut packet).is_ok() {
                        self.put(cx, datapath, to, EtherType::ARP, packet);
                    }
                }
                Notice::Send(mac, t) => self.put(cx, datapath, mac, t.protocol, t.packet),
                Notice::Unreachable(_, waiting) => {
                    for t in waiting {
                        self.tell(datapath, Up::Unresolved(t.packet));
                    }
                }
                Notice::Overflow(_) => self.discarded += 1,
                Notice::Conflict { address, other, lost } => {
                    self.tell(datapath, Up::Conflict { address: IpAddr::V4(address), other, lost });
                }
                Notice::Ready(_) | Notice::Changed(_) => {}
            }
        }
    }

    fn tell(&mut self, datapath: u8, up: Up) {
        if let Some(d) = self.datapaths.get_mut(usize::from(datapath))
            && d.queues[0].len() < MAX_QUEUE
        {
            d.queues[0].push_back(up);
        }
    }

    /// The port goes up or down, with all datapaths.
    pub fn set_active(&mut self, active: bool) {
        for n in 0..self.datapaths.len() as u8 {
            self.tell(n, if active { Up::Active } else { Up::Inactive });
        }
    }

    /// The next frame for the network.
    pub fn poll_frame(&mut self) -> Option<Buffer> {
        self.frames.pop_front()
    }

    /// The next thing for the stack of a datapath. Bulk data come last, so that nothing else waits
    /// for them.
    pub fn poll_up(&mut self) -> Option<(u8, Up)> {
        const ORDER: [usize; 5] = [0, 3, 2, 4, 1];
        self.datapaths.iter_mut().enumerate().find_map(|(n, d)| {
            ORDER.into_iter().find_map(|q| d.queues[q].pop_front()).map(|up| (n as u8, up))
        })
    }

    /// Not later than the next timer.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.datapaths.iter().filter_map(|d| d.arp.poll_timeout()).min()
    }

    /// Timers that are due.
    pub fn handle_timeout(&mut self, cx: &mut Context<'_>) {
        for n in 0..self.datapaths.len() as u8 {
            if let Some(d) = self.datapaths.get_mut(usize::from(n)) {
                d.arp.handle_timeout(cx);
            }
            self.pump(cx, n);
        }
    }
}

impl Datapath {
    /// A packet to this address is for this stack.
    fn is_for(&self, to: IpAddr, group: bool) -> bool {
        let all = match to {
            IpAddr::V4(a) => a.octets() == [224, 0, 0, 1] || group && !a.is_multicast(),
            IpAddr::V6(a) => a == crate::engine::ip::nd::ALL_NODES,
        };
        all || self.homes.contains(&to) || to.is_multicast() && self.groups.contains_key(&to)
    }

    /// Kind of traffic.
    fn classify(&mut self, packet: &[u8]) -> events::InboundQueue {
        let (src, dst, protocol) = addresses(packet);
        let header = match packet.first().map(|b| b >> 4) {
            Some(4) => usize::from(packet[0] & 0x0f) * 4,
            _ => 40,
        };
        let ports =
            packet.get(header..).and_then(|p| p.first_chunk::<4>()).map_or(0, |p| u32::from_be_bytes(*p));
        match IpProtocol(protocol) {
            IpProtocol::ESP | IpProtocol::AH => events::InboundQueue::IPSEC,
            IpProtocol::UDP => match ports & 0xffff {
                12_000..=12_004 => events::InboundQueue::EE,
                500 | 4500 => events::InboundQueue::IPSEC,
                _ => events::InboundQueue::PRIMARY,
            },
            IpProtocol::TCP => {
                let flow = (src, dst, ports);
                if self.bulk.contains(&flow) {
                    return events::InboundQueue::BULK;
                }
                // Once bulk data, always: a connection stays in one queue, so that nothing overtakes.
                if packet.len() >= header + 20 + BULK_LEN {
                    if self.bulk.len() >= MAX_BULK {
                        self.bulk.clear();
                    }
                    self.bulk.insert(flow);
                    return events::InboundQueue::BULK;
                }
                events::InboundQueue::PRIMARY
            }
            _ => events::InboundQueue::PRIMARY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Random;
    use crate::engine::dlc::Offload;
    use ctrace::Tracer;
    use formats::net::{ipv4, ipv6};
    use std::net::Ipv4Addr;

    const PORT: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
    const PEER: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);

    fn cx<R>(f: impl FnOnce(&mut Context<'_>) -> R) -> R {
        let (trace, mut random) = (Tracer::off(), Random::new(1));
        f(&mut Context { now: Instant::START, random: &mut random, trace: &trace })
    }

    fn a(s: &str) -> IpAddr {
        s.parse().unwrap()
    }

    fn port(config: DatapathConfig) -> Osa {
        let mut o = Osa::new("OSAP1", PORT);
        cx(|cx| {
            o.open(cx, config);
            o.send(cx, 0, Down::Register { address: a("10.0.0.1"), probe: false });
        });
        while o.poll_frame().is_some() {}
        while o.poll_up().is_some() {}
        o
    }

    fn packet(dst: &str, protocol: u8, payload: &[u8]) -> Vec<u8> {
        let src = Ipv4Addr::new(10, 0, 0, 9);
        let r = ipv4::Repr::new(src, dst.parse().unwrap(), IpProtocol(protocol), payload.len() as u16);
        let mut p = vec![0; 20];
        r.emit(&mut p).unwrap();
        p.extend(payload);
        p
    }

    fn frame(dst: MacAddr, tag: Option<u16>, kind: u16, payload: &[u8]) -> Buffer {
        let mut f = [dst.0, PEER.0].concat();
        if let Some(t) = tag {
            f.extend([0x81, 0]);
            f.extend(t.to_be_bytes());
        }
        f.extend(kind.to_be_bytes());
        f.extend(payload);
        Buffer::copy(&f)
    }

    fn up(o: &mut Osa) -> Option<Receive> {
        match o.poll_up() {
            Some((_, Up::Packet(r))) => Some(r),
            _ => None,
        }
    }

    #[test]
    fn the_adapter_answers_arp_for_registered_addresses() {
        let mut o = port(DatapathConfig::default());
        let request = |target: &str| {
            let mut b = [0; 28];
            let r = arp::Repr {
                opcode: arp::Opcode::REQUEST,
                src_hw: PEER,
                src_proto: Ipv4Addr::new(10, 0, 0, 9),
                dst_hw: MacAddr::default(),
                dst_proto: target.parse().unwrap(),
            };
            r.emit(&mut b).unwrap();
            frame(MacAddr::BROADCAST, None, 0x0806, &b)
        };
        cx(|cx| o.receive(cx, request("10.0.0.1")));
        let f = o.poll_frame().unwrap();
        assert_eq!(f[..14], [2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 8, 6]);
        assert_eq!(f[20..28], [0, 2, 2, 0, 0, 0, 0, 1]);
        assert_eq!(f[28..32], [10, 0, 0, 1]);
        assert!(o.poll_up().is_none(), "the stack sees nothing of it");
        cx(|cx| o.receive(cx, request("10.0.0.2")));
        assert!(o.poll_frame().is_none());
        cx(|cx| o.send(cx, 0, Down::Unregister(a("10.0.0.1"))));
        cx(|cx| o.receive(cx, request("10.0.0.1")));
        assert!(o.poll_frame().is_none());
    }

    #[test]
    fn registering_announces_and_next_hops_are_resolved() {
        let mut o = port(DatapathConfig { vlan: Some(5), ..DatapathConfig::default() });
        cx(|cx| o.send(cx, 0, Down::Register { address: a("10.0.0.7"), probe: false }));
        let f = o.poll_frame().unwrap();
        // A tagged gratuitous ARP: sender and target are the same.
        assert_eq!(f[..18], [255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 0x81, 0, 0, 5, 8, 6]);
        assert_eq!((&f[32..36], &f[42..46]), (&[10, 0, 0, 7][..], &[10, 0, 0, 7][..]));
        let t = Transmit {
            hop: Hop::Address(a("10.0.0.9")),
            protocol: EtherType::IPV4,
            offload: Offload::default(),
            packet: Buffer::copy(&packet("10.0.0.9", 17, &[0; 8])),
        };
        cx(|cx| o.send(cx, 0, Down::Packet(t)));
        let ask = o.poll_frame().unwrap();
        assert_eq!((&ask[16..18], ask[25]), (&[8, 6][..], 1));
        let mut b = [0; 28];
        let answer = arp::Repr {
            opcode: arp::Opcode::REPLY,
            src_hw: PEER,
            src_proto: Ipv4Addr::new(10, 0, 0, 9),
            dst_hw: PORT,
            dst_proto: Ipv4Addr::new(10, 0, 0, 7),
        };
        answer.emit(&mut b).unwrap();
        cx(|cx| o.receive(cx, frame(PORT, Some(5), 0x0806, &b)));
        let f = o.poll_frame().unwrap();
        assert_eq!(f[..18], [2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 0x81, 0, 0, 5, 8, 0]);
    }

    #[test]
    fn frames_for_others_are_discarded() {
        let mut o = port(DatapathConfig::default());
        let p = packet("10.0.0.1", 17, &[0; 8]);
        for (f, seen) in [
            (frame(PORT, None, 0x0800, &p), true),
            (frame(PEER, None, 0x0800, &p), false),
            (frame(PORT, Some(7), 0x0800, &p), false),
            // A priority tag is no VLAN.
            (frame(PORT, Some(0x6000), 0x0800, &p), true),
            (frame(PORT, None, 0x0800, &packet("10.0.0.2", 17, &[0; 8])), false),
            (frame(PORT, None, 0x88cc, &p), false),
            (Buffer::copy(&[1, 2, 3]), false),
        ] {
            cx(|cx| o.receive(cx, f));
            assert_eq!(up(&mut o).is_some(), seen);
        }
        assert_eq!(o.discarded, 5);
        let mut o = port(DatapathConfig { primary_router: true, ..DatapathConfig::default() });
        cx(|cx| o.receive(cx, frame(PORT, None, 0x0800, &packet("192.0.2.2", 17, &[0; 8]))));
        assert!(up(&mut o).is_some(), "the primary router gets what nobody registered");
    }

    #[test]
    fn groups_pass_when_they_are_joined() {
        let mut o = port(DatapathConfig::default());
        let mac = MacAddr([0x01, 0, 0x5e, 1, 2, 3]);
        let f = || frame(mac, None, 0x0800, &packet("239.1.2.3", 17, &[0; 8]));
        cx(|cx| o.receive(cx, f()));
        assert!(up(&mut o).is_none());
        cx(|cx| o.send(cx, 0, Down::Join(a("239.1.2.3"))));
        cx(|cx| o.receive(cx, f()));
        assert!(up(&mut o).is_some_and(|r| r.group));
        cx(|cx| o.send(cx, 0, Down::Leave(a("239.1.2.3"))));
        cx(|cx| o.receive(cx, f()));
        assert!(up(&mut o).is_none());
    }

    #[test]
    fn checksums_and_segments_are_the_adapters_work() {
        let mut o = port(DatapathConfig::default());
        let mut tcp = vec![0; 20 + 3000];
        tcp[12] = 0x50;
        let t = Transmit {
            hop: Hop::Link(PEER),
            protocol: EtherType::IPV4,
            offload: Offload { checksum: true, segment_size: Some(1460) },
            packet: Buffer::copy(&packet("10.0.0.9", 6, &tcp)),
        };
        cx(|cx| o.send(cx, 0, Down::Packet(t)));
        let lens: Vec<usize> = std::iter::from_fn(|| o.poll_frame())
            .map(|f| {
                assert_eq!(offload::check(&f[14..]), Some(true));
                f.len()
            })
            .collect();
        assert_eq!(lens, [1514, 1514, 14 + 40 + 80]);
        assert_eq!(o.counters(0).segmented, (1, 3));
        // Inbound: a right checksum is said to be right, a wrong one is left for the stack to find.
        let mut p = packet("10.0.0.1", 6, &tcp[..20]);
        for right in [false, true] {
            if right {
                offload::fill_checksum(&mut p);
            }
            cx(|cx| o.receive(cx, frame(PORT, None, 0x0800, &p)));
            assert_eq!(up(&mut o).map(|r| r.checksum_checked), Some(right));
        }
    }

    #[test]
    fn kinds_of_traffic_have_queues_and_bulk_data_waits() {
        let mut o = port(DatapathConfig { workload_queues: true, ..DatapathConfig::default() });
        let ports = |s: u16, d: u16, len: usize| {
            let mut b = [s.to_be_bytes(), d.to_be_bytes()].concat();
            b.resize(len, 0);
            b
        };
        for (protocol, payload) in [
            (6, ports(20, 1024, 1400)),
            (6, ports(20, 1024, 20)),
            (6, ports(23, 1025, 20)),
            (17, ports(12_000, 12_000, 8)),
            (50, vec![0; 8]),
        ] {
            cx(|cx| o.receive(cx, frame(PORT, None, 0x0800, &packet("10.0.0.1", protocol, &payload))));
        }
        assert_eq!(o.counters(0).inbound, [1, 2, 0, 1, 1]);
        let order: Vec<(u8, usize)> =
            std::iter::from_fn(|| up(&mut o)).map(|r| (r.packet[9], r.packet.len())).collect();
        // Primary, EE, IPSEC, then bulk data in their own order.
        assert_eq!(order, [(6, 40), (17, 28), (50, 28), (6, 1420), (6, 40)]);
    }

    #[test]
    fn stacks_on_a_port_have_their_own_packets() {
        let mut o = port(DatapathConfig::default());
        cx(|cx| {
            o.open(cx, DatapathConfig::default());
            o.send(cx, 1, Down::Register { address: a("2001:db8::2"), probe: false });
        });
        while o.poll_up().is_some() {}
        let (src, dst) = ("2001:db8::9".parse().unwrap(), "2001:db8::2".parse().unwrap());
        let mut p = [0; 40];
        ipv6::Repr::new(src, dst, IpProtocol(59), 0).emit(&mut p).unwrap();
        cx(|cx| o.receive(cx, frame(PORT, None, 0x86dd, &p)));
        assert_eq!(o.poll_up().map(|(n, _)| n), Some(1));
        assert!(o.poll_up().is_none());
        // Who registers an address last has it.
        cx(|cx| o.send(cx, 1, Down::Register { address: a("10.0.0.1"), probe: false }));
        cx(|cx| o.receive(cx, frame(PORT, None, 0x0800, &packet("10.0.0.1", 17, &[0; 8]))));
        assert_eq!(o.poll_up().map(|(n, _)| n), Some(1));
        assert!(o.poll_up().is_none());
    }
}
