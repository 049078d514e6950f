//! Hosts on a fabric, driven in virtual time.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ctrace::Tracer;
use formats::net::MacAddr;
use stack::engine::dlc::loopback::Loopback;
use stack::engine::dlc::osa::{DatapathConfig, Osa};
use stack::engine::dlc::trle::{Dlc, Handle, Trl, TrleId};
use stack::engine::ip::interface::{InterfaceConfig, Link};
use stack::engine::ip::{Config, Delivery, Ip, IpEvent, LOOPBACK, Packet, Refusal};
use stack::engine::raw::Raw;
use stack::engine::udp::{Udp, UdpId, UdpOptions, Verdict};
use stack::engine::{Buffer, Context, IcmpError, Instant, Outgoing, Random};
use stack::fabric::{Fabric, PortId};

pub struct Host {
    pub ip: Ip,
    pub trl: Trl,
    pub udp: Udp,
    pub raw: Raw,
    pub random: Random,
    pub interfaces: BTreeMap<u16, Handle>,
    pub ports: BTreeMap<TrleId, PortId>,
    /// What neither UDP nor ICMP took.
    pub delivered: Vec<Packet>,
    /// ICMP messages that were handed up.
    pub icmp: Vec<Packet>,
    pub errors: Vec<IcmpError>,
    pub events: Vec<IpEvent>,
}

/// Another implementation on a port of the fabric.
pub trait Peer {
    fn port(&self) -> PortId;
    /// Takes frames and gives frames.
    fn poll(&mut self, now: Instant, frames: Vec<Vec<u8>>) -> Vec<Vec<u8>>;
    fn as_any(&mut self) -> &mut dyn std::any::Any;
}

pub struct World {
    pub peers: Vec<Box<dyn Peer>>,
    pub now: Instant,
    pub fabric: Fabric,
    pub hosts: Vec<Host>,
    pub trace: Tracer,
}

/// Which kind of Ethernet host.
#[derive(Clone, Copy, Default)]
pub struct Ether {
    pub offload: bool,
    pub segmentation: bool,
    pub vlan: Option<u16>,
    pub probe: bool,
    pub dad: u8,
    pub autoconf: bool,
    pub mtu: u32,
}

pub fn a(s: &str) -> IpAddr {
    s.parse().unwrap()
}

pub fn sa(s: &str) -> SocketAddr {
    s.parse().unwrap()
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self {
            now: Instant::START,
            fabric: Fabric::new(Random::new(seed)),
            hosts: Vec::new(),
            peers: Vec::new(),
            trace: Tracer::off(),
        }
    }

    pub fn host(&mut self, change: impl FnOnce(&mut Config)) -> usize {
        let mut random = Random::new(self.hosts.len() as u64 + 1);
        let mut config = Config::new("TCPIP", 1);
        change(&mut config);
        let mut cx = Context { now: self.now, random: &mut random, trace: &self.trace };
        let mut trl = Trl::default();
        let id = trl.add(&cx, "LOOPBACK", Dlc::Loopback(Loopback::default())).unwrap();
        let handle = trl.open(&cx, id, DatapathConfig::default()).unwrap();
        let ip = Ip::new(&mut cx, config);
        self.hosts.push(Host {
            ip,
            trl,
            udp: Udp::new(config.stack),
            raw: Raw::new(config.stack),
            random,
            interfaces: BTreeMap::from([(LOOPBACK, handle)]),
            ports: BTreeMap::new(),
            delivered: Vec::new(),
            icmp: Vec::new(),
            errors: Vec::new(),
            events: Vec::new(),
        });
        self.hosts.len() - 1
    }

    pub fn with<R>(&mut self, host: usize, f: impl FnOnce(&mut Host, &mut Context<'_>) -> R) -> R {
        let h = &mut self.hosts[host];
        let mut random = h.random.fork();
        let mut cx = Context { now: self.now, random: &mut random, trace: &self.trace };
        f(h, &mut cx)
    }

    /// An Ethernet interface on a port of the fabric.
    pub fn ethernet(
        &mut self,
        host: usize,
        port: PortId,
        mac: u8,
        e: Ether,
        addresses: &[(&str, u8)],
    ) -> u16 {
        let mac = MacAddr([2, 0, 0, 0, 0, mac]);
        let datapath = DatapathConfig {
            vlan: e.vlan,
            arp_offload: e.offload,
            checksum_offload: e.offload,
            primary_router: self.hosts[host].ip.config.forwarding,
            ..DatapathConfig::default()
        };
        let mut config = InterfaceConfig::new("OSA", Link::Ethernet { mac, arp_offload: e.offload });
        config.probe = e.probe;
        config.dad_transmits = e.dad;
        config.autoconf = e.autoconf;
        config.checksum_offload = e.offload;
        config.segmentation = e.segmentation.then_some(60_000);
        if e.mtu != 0 {
            config.mtu = e.mtu;
        }
        self.plug(host, port, Dlc::Osa(Osa::new("OSAPORT", mac)), datapath, config, addresses)
    }

    /// An interface on another kind of DLC.
    pub fn attach(
        &mut self,
        host: usize,
        port: PortId,
        dlc: Dlc,
        config: InterfaceConfig,
        addresses: &[(&str, u8)],
    ) -> u16 {
        self.plug(host, port, dlc, DatapathConfig::default(), config, addresses)
    }

    fn plug(
        &mut self,
        host: usize,
        port: PortId,
        dlc: Dlc,
        datapath: DatapathConfig,
        config: InterfaceConfig,
        addresses: &[(&str, u8)],
    ) -> u16 {
        let index = self.with(host, |h, cx| {
            let id = h.trl.add(cx, "TRLE", dlc).unwrap();
            let handle = h.trl.open(cx, id, datapath).unwrap();
            let index = h.ip.add_interface(config).unwrap();
            for (address, len) in addresses {
                assert!(h.ip.add_address(cx, index, a(address), *len));
            }
            h.interfaces.insert(index, handle);
            h.ports.insert(id, port);
            index
        });
        self.settle();
        index
    }

    /// Everything that can be done without time passing.
    pub fn settle(&mut self) {
        loop {
            let mut busy = false;
            for n in 0..self.hosts.len() {
                busy |= self.work(n);
            }
            let mut for_peers: BTreeMap<PortId, Vec<Vec<u8>>> = BTreeMap::new();
            while let Some((port, frame)) = self.fabric.poll(self.now) {
                busy = true;
                if self.peers.iter().any(|p| p.port() == port) {
                    for_peers.entry(port).or_default().push(frame.to_vec());
                }
                for n in 0..self.hosts.len() {
                    let id = self.hosts[n].ports.iter().find(|(_, p)| **p == port).map(|(id, _)| *id);
                    if let Some(id) = id {
                        self.with(n, |h, cx| h.trl.receive(cx, id, frame.clone()));
                    }
                }
            }
            for p in &mut self.peers {
                let port = p.port();
                for frame in p.poll(self.now, for_peers.remove(&port).unwrap_or_default()) {
                    busy = true;
                    self.fabric.send(self.now, port, Buffer::copy(&frame));
                }
            }
            if !busy {
                return;
            }
        }
    }

    fn work(&mut self, n: usize) -> bool {
        let now = self.now;
        let mut frames = Vec::new();
        let busy = self.with(n, |h, cx| {
            let mut busy = false;
            let mut bytes = Vec::new();
            while let Some(out) = h.udp.poll_transmit(&h.ip, &mut bytes) {
                let _ = h.ip.send(cx, &out, &bytes);
                busy = true;
            }
            while let Some(out) = h.raw.poll_transmit(&h.ip, &mut bytes) {
                let _ = h.ip.send(cx, &out, &bytes);
                busy = true;
            }
            while let Some((interface, down)) = h.ip.poll_transmit() {
                h.trl.send(cx, h.interfaces[&interface], down);
                busy = true;
            }
            while let Some(f) = h.trl.poll_frame() {
                frames.push(f);
                busy = true;
            }
            while let Some((handle, up)) = h.trl.poll_up() {
                let interface = *h.interfaces.iter().find(|(_, v)| **v == handle).unwrap().0;
                h.ip.handle_up(cx, interface, up);
                busy = true;
            }
            while let Some(d) = h.ip.poll_deliver() {
                busy = true;
                h.deliver(cx, d);
            }
            while let Some(e) = h.ip.poll_event() {
                h.events.push(e);
            }
            busy
        });
        for (id, frame) in frames {
            let port = self.hosts[n].ports[&id];
            self.fabric.send(now, port, frame);
        }
        busy
    }

    /// Lets time pass.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.settle();
            let hosts = self.hosts.iter().flat_map(|h| [h.ip.poll_timeout(), h.trl.poll_timeout()]);
            // Peers are asked every few milliseconds.
            let peers = (!self.peers.is_empty()).then(|| self.now + Duration::from_millis(20));
            let next = hosts.chain([self.fabric.poll_timeout(), peers]).flatten().min();
            let Some(next) = next.filter(|&t| t <= end) else { break };
            self.now = self.now.max(next);
            for n in 0..self.hosts.len() {
                self.with(n, |h, cx| {
                    h.ip.handle_timeout(cx);
                    h.trl.handle_timeout(cx);
                });
            }
        }
        self.now = end;
        self.settle();
    }

    pub fn udp(&mut self, host: usize, local: &str) -> UdpId {
        self.with(host, |h, cx| h.udp.bind(cx, sa(local), UdpOptions::default()).unwrap())
    }

    pub fn send_udp(&mut self, host: usize, id: UdpId, to: &str, data: &[u8]) {
        self.with(host, |h, cx| h.udp.send(cx, id, Some(sa(to)), data).unwrap());
        self.settle();
    }

    /// Sends an echo request.
    pub fn ping(
        &mut self,
        host: usize,
        to: &str,
        data: &[u8],
        df: bool,
    ) -> Result<(), stack::engine::ip::SendError> {
        use formats::net::{icmpv4, icmpv6};
        let to = a(to);
        let mut message = vec![0; 8 + data.len()];
        let sent = self.with(host, |h, cx| {
            let path =
                stack::engine::Paths::path(&h.ip, if to.is_ipv4() { a("0.0.0.0") } else { a("::") }, to);
            let Some(path) = path else { return Err(stack::engine::ip::SendError::NoRoute) };
            let protocol = match (path.source, to) {
                (IpAddr::V6(src), IpAddr::V6(dst)) => {
                    let pseudo = formats::checksum::Pseudo::V6 { src, dst };
                    icmpv6::Repr::echo_request(7, 1, data).emit(&mut message, &pseudo).unwrap();
                    58
                }
                _ => {
                    icmpv4::Repr::echo_request(7, 1, data).emit(&mut message).unwrap();
                    1
                }
            };
            let out = Outgoing { dont_fragment: df, ..Outgoing::new(path.source, to, protocol) };
            h.ip.send(cx, &out, &message)
        });
        self.settle();
        sent
    }

    /// Echo replies that came, by source.
    pub fn replies(&mut self, host: usize) -> Vec<(IpAddr, usize)> {
        let icmp = std::mem::take(&mut self.hosts[host].icmp);
        icmp.iter()
            .filter(|p| matches!(p.payload()[0], 0 | 129))
            .map(|p| (p.incoming.src, p.payload().len() - 8))
            .collect()
    }
}

impl Host {
    fn deliver(&mut self, cx: &mut Context<'_>, d: Delivery) {
        match d {
            Delivery::Error(e) => {
                self.udp.handle_icmp(cx, &e);
                self.raw.handle_icmp(&e);
                self.errors.push(e);
            }
            Delivery::Packet(p) => match p.incoming.protocol {
                17 => match self.udp.handle_datagram(cx, &p.incoming, p.payload()) {
                    Verdict::Delivered => {}
                    Verdict::NoPort => self.ip.refuse(cx, &p, Refusal::Port),
                    Verdict::Dropped(reason) => self.ip.discard(cx, &p, reason),
                },
                1 | 58 => {
                    self.raw.handle_packet(cx, &p.incoming, p.payload());
                    self.icmp.push(p);
                }
                2 => {}
                _ => {
                    if !self.raw.handle_packet(cx, &p.incoming, p.payload()) {
                        self.ip.refuse(cx, &p, Refusal::Protocol);
                    }
                    self.delivered.push(p);
                }
            },
        }
    }
}
