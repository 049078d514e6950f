//! smoltcp as the other host: ARP and neighbour discovery, echo and UDP both ways, fragments.

#[path = "../shared/wire.rs"]
mod wire;

use std::net::IpAddr;
use std::time::Duration;

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{ChecksumCapabilities, Medium};
use smoltcp::socket::{icmp, udp};
use smoltcp::wire::{EthernetAddress, Icmpv4Packet, Icmpv4Repr, Icmpv6Packet, Icmpv6Repr, IpAddress, IpCidr};
use stack::engine::Instant;
use stack::fabric::PortId;

use super::harness::{Ether, Peer, World, a};
use wire::Wire;

/// A host of smoltcp's.
struct Smol {
    port: PortId,
    device: Wire,
    iface: Interface,
    sockets: SocketSet<'static>,
    udp: SocketHandle,
    icmp: SocketHandle,
}

const IDENT: u16 = 0x22b;

fn time(now: Instant) -> smoltcp::time::Instant {
    smoltcp::time::Instant::from_micros((now.0 / 1000) as i64)
}

impl Smol {
    fn new(port: PortId, mac: u8, addresses: &[(&str, u8)]) -> Self {
        let mut device = Wire::new(Medium::Ethernet, 1514, true);
        let mut config = Config::new(EthernetAddress([2, 0, 0, 0, 0, mac]).into());
        config.random_seed = 1;
        let mut iface = Interface::new(config, &mut device, time(Instant::START));
        iface.update_ip_addrs(|list| {
            for (address, len) in addresses {
                list.push(IpCidr::new(address.parse::<IpAddress>().unwrap(), *len)).unwrap();
            }
        });
        let meta = || vec![udp::PacketMetadata::EMPTY; 16];
        let udp = udp::Socket::new(
            udp::PacketBuffer::new(meta(), vec![0; 65_535]),
            udp::PacketBuffer::new(meta(), vec![0; 65_535]),
        );
        let meta = || vec![icmp::PacketMetadata::EMPTY; 16];
        let icmp = icmp::Socket::new(
            icmp::PacketBuffer::new(meta(), vec![0; 65_535]),
            icmp::PacketBuffer::new(meta(), vec![0; 65_535]),
        );
        let mut sockets = SocketSet::new(vec![]);
        let (udp, icmp) = (sockets.add(udp), sockets.add(icmp));
        sockets.get_mut::<udp::Socket<'_>>(udp).bind(7).unwrap();
        sockets.get_mut::<icmp::Socket<'_>>(icmp).bind(icmp::Endpoint::Ident(IDENT)).unwrap();
        Self { port, device, iface, sockets, udp, icmp }
    }

    fn ping(&mut self, from: IpAddr, to: IpAddr, data: &[u8]) {
        let socket = self.sockets.get_mut::<icmp::Socket<'_>>(self.icmp);
        match (from, to) {
            (IpAddr::V6(src), IpAddr::V6(dst)) => {
                let r = Icmpv6Repr::EchoRequest { ident: IDENT, seq_no: 1, data };
                let b = socket.send(r.buffer_len(), to.into()).unwrap();
                r.emit(&src, &dst, &mut Icmpv6Packet::new_unchecked(b), &ChecksumCapabilities::default());
            }
            _ => {
                let r = Icmpv4Repr::EchoRequest { ident: IDENT, seq_no: 1, data };
                let b = socket.send(r.buffer_len(), to.into()).unwrap();
                r.emit(&mut Icmpv4Packet::new_unchecked(b), &ChecksumCapabilities::default());
            }
        }
    }

    /// Length and sender of a reply.
    fn reply(&mut self) -> Option<(IpAddr, usize)> {
        let socket = self.sockets.get_mut::<icmp::Socket<'_>>(self.icmp);
        let (message, from) = socket.recv().ok()?;
        Some((from.into(), message.len() - 8))
    }

    fn recv(&mut self) -> Option<Vec<u8>> {
        self.sockets.get_mut::<udp::Socket<'_>>(self.udp).recv().ok().map(|(d, _)| d.to_vec())
    }

    fn send(&mut self, to: IpAddr, port: u16, data: &[u8]) {
        let socket = self.sockets.get_mut::<udp::Socket<'_>>(self.udp);
        socket.send_slice(data, (IpAddress::from(to), port)).unwrap();
    }
}

impl Peer for Smol {
    fn port(&self) -> PortId {
        self.port
    }

    fn poll(&mut self, now: Instant, frames: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        self.device.rx.extend(frames);
        self.iface.poll(time(now), &mut self.device, &mut self.sockets);
        std::mem::take(&mut self.device.tx).into()
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

const OURS: [&str; 2] = ["10.0.0.1", "fd00::1"];
const THEIRS: [&str; 2] = ["10.0.0.2", "fd00::2"];

fn world(offload: bool) -> World {
    let mut w = World::new(1);
    let lan = w.fabric.lan();
    let h = w.host(|_| {});
    let (p, q) = (w.fabric.attach(lan), w.fabric.attach(lan));
    w.peers.push(Box::new(Smol::new(q, 2, &[(THEIRS[0], 24), (THEIRS[1], 64), ("fe80::2", 64)])));
    w.ethernet(h, p, 1, Ether { offload, ..Ether::default() }, &[(OURS[0], 24), (OURS[1], 64)]);
    w.run(Duration::from_millis(100));
    w
}

fn smol(w: &mut World) -> &mut Smol {
    w.peers[0].as_any().downcast_mut().unwrap()
}

#[test]
fn echo_both_ways() {
    for offload in [false, true] {
        let mut w = world(offload);
        for n in 0..2 {
            w.ping(0, THEIRS[n], &[5; 1000], false).unwrap();
            w.run(Duration::from_secs(2));
            assert_eq!(w.replies(0), [(a(THEIRS[n]), 1000)], "{}", THEIRS[n]);
            smol(&mut w).ping(a(THEIRS[n]), a(OURS[n]), &[6; 900]);
            w.run(Duration::from_secs(2));
            assert_eq!(smol(&mut w).reply(), Some((a(OURS[n]), 900)), "{}", OURS[n]);
        }
    }
}

#[test]
fn udp_both_ways() {
    for offload in [false, true] {
        let mut w = world(offload);
        for n in 0..2 {
            let any = if n == 0 { "0.0.0.0:4000" } else { "[::]:4000" };
            let id = w.udp(0, any);
            let to = std::net::SocketAddr::new(a(THEIRS[n]), 7).to_string();
            w.send_udp(0, id, &to, b"to smoltcp");
            w.run(Duration::from_secs(2));
            assert_eq!(smol(&mut w).recv().as_deref(), Some(&b"to smoltcp"[..]));
            smol(&mut w).send(a(OURS[n]), 4000, b"from smoltcp");
            w.run(Duration::from_secs(2));
            let d = w.hosts[0].udp.recv(id).unwrap();
            assert_eq!((&d.data[..], d.from.to_string()), (&b"from smoltcp"[..], to));
            w.with(0, |h, cx| h.udp.close(cx, id));
        }
    }
}

#[test]
fn fragments_both_ways() {
    // smoltcp 0.12 cuts and puts together IPv4 only.
    let mut w = world(false);
    let data: Vec<u8> = (0..8000).map(|n| n as u8).collect();
    w.ping(0, THEIRS[0], &data, false).unwrap();
    w.run(Duration::from_secs(2));
    assert_eq!(w.replies(0), [(a(THEIRS[0]), 8000)]);
    let id = w.udp(0, "0.0.0.0:4000");
    w.send_udp(0, id, "10.0.0.2:7", &data);
    w.run(Duration::from_secs(2));
    assert_eq!(smol(&mut w).recv(), Some(data.clone()));
    smol(&mut w).send(a(OURS[0]), 4000, &data);
    w.run(Duration::from_secs(2));
    assert_eq!(&w.hosts[0].udp.recv(id).unwrap().data[..], &data[..]);
}

#[test]
fn unreachable_ports_are_reported_both_ways() {
    let mut w = world(false);
    for n in 0..2 {
        let any = if n == 0 { "0.0.0.0:4000" } else { "[::]:4000" };
        let id = w.udp(0, any);
        let to = std::net::SocketAddr::new(a(THEIRS[n]), 99);
        w.send_udp(0, id, &to.to_string(), b"x");
        w.run(Duration::from_secs(2));
        let e = w.hosts[0].errors.pop().unwrap();
        assert_eq!((e.dst, e.ports()), (a(THEIRS[n]), Some((4000, 99))));
        assert!(e.is_hard());
        smol(&mut w).send(a(OURS[n]), 98, b"y");
        w.run(Duration::from_secs(2));
        let counters = w.hosts[0].ip.counters;
        let sent = if n == 0 { counters.v4.icmp_out } else { counters.v6.icmp_out };
        assert!(sent >= 1);
        w.with(0, |h, cx| h.udp.close(cx, id));
    }
}

#[test]
fn duplicates_of_a_peers_addresses_are_found() {
    let mut w = World::new(1);
    let lan = w.fabric.lan();
    let h = w.host(|_| {});
    let (p, q) = (w.fabric.attach(lan), w.fabric.attach(lan));
    w.peers.push(Box::new(Smol::new(q, 2, &[(THEIRS[0], 24), (THEIRS[1], 64), ("fe80::2", 64)])));
    let e = Ether { probe: true, dad: 1, ..Ether::default() };
    w.ethernet(h, p, 1, e, &[(THEIRS[0], 24)]);
    w.run(Duration::from_secs(10));
    let state = w.hosts[0].ip.home().get(a(THEIRS[0])).unwrap().state;
    assert_eq!(state, stack::engine::ip::home::State::Duplicate);
}
