//! One IP layer with one Ethernet interface, for unit tests: packets in, packets out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ctrace::Tracer;
use formats::checksum::Pseudo;
use formats::net::{EtherType, IpProtocol, MacAddr, icmpv6, ipv4, ipv6, ndp};

use super::interface::{InterfaceConfig, Link};
use super::{Config, Delivery, Ip};
use crate::engine::dlc::{Down, Receive, Transmit};
use crate::engine::{Buffer, Context, Instant, Random};

pub const MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
pub const PEER: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);

pub fn addr(s: &str) -> IpAddr {
    s.parse().unwrap()
}

pub fn addr6(s: &str) -> Ipv6Addr {
    s.parse().unwrap()
}

pub fn addr4(s: &str) -> Ipv4Addr {
    s.parse().unwrap()
}

pub struct Bench {
    pub ip: Ip,
    pub now: Instant,
    random: Random,
    trace: Tracer,
}

impl Bench {
    /// 10.0.0.1/24 and 2001:db8::1/64 on interface 1, in use.
    pub fn new(config: impl FnOnce(&mut Config), interface: impl FnOnce(&mut InterfaceConfig)) -> Self {
        let (mut random, trace) = (Random::new(5), Tracer::off());
        let mut c = Config::new("TCPIP", 1);
        config(&mut c);
        let mut cx = Context { now: Instant::START, random: &mut random, trace: &trace };
        let mut ip = Ip::new(&mut cx, c);
        let mut i = InterfaceConfig::new("OSA1", Link::Ethernet { mac: MAC, arp_offload: false });
        i.probe = false;
        i.dad_transmits = 0;
        interface(&mut i);
        ip.add_interface(i);
        ip.add_address(&mut cx, 1, addr("10.0.0.1"), 24);
        ip.add_address(&mut cx, 1, addr("2001:db8::1"), 64);
        ip.start_interface(&mut cx, 1);
        let mut b = Self { ip, now: Instant::START, random, trace };
        b.out();
        b
    }

    pub fn with<R>(&mut self, f: impl FnOnce(&mut Ip, &mut Context<'_>) -> R) -> R {
        f(&mut self.ip, &mut Context { now: self.now, random: &mut self.random, trace: &self.trace })
    }

    /// A packet comes in from [`PEER`].
    pub fn input(&mut self, packet: &[u8], group: bool) {
        let protocol = if packet[0] >> 4 == 6 { EtherType::IPV6 } else { EtherType::IPV4 };
        let r =
            Receive { protocol, source: PEER, group, checksum_checked: false, packet: Buffer::copy(packet) };
        self.with(|ip, cx| ip.handle_receive(cx, 1, r));
    }

    /// What goes out: packets and ARP, with their next hops.
    pub fn sent(&mut self) -> Vec<Transmit> {
        std::iter::from_fn(|| self.ip.poll_transmit())
            .filter_map(|(_, d)| match d {
                Down::Packet(t) => Some(t),
                _ => None,
            })
            .collect()
    }

    /// The packets that go out.
    pub fn out(&mut self) -> Vec<Vec<u8>> {
        self.sent().into_iter().map(|t| t.packet.to_vec()).collect()
    }

    /// The discovery messages that go out: source, destination, message.
    pub fn discovery(&mut self) -> Vec<(Ipv6Addr, Ipv6Addr, ndp::Repr)> {
        self.out()
            .iter()
            .filter_map(|p| {
                let h = ipv6::Header::new(p).ok().filter(|h| h.next_header() == IpProtocol::ICMPV6)?;
                assert_eq!(h.hop_limit(), 255);
                let m = icmpv6::Header::new(h.payload()).ok()?;
                assert!(m.checksum_ok(&h.pseudo()));
                Some((h.src(), h.dst(), ndp::Repr::parse(&m).ok()?))
            })
            .collect()
    }

    pub fn delivered(&mut self) -> Vec<Delivery> {
        std::iter::from_fn(|| self.ip.poll_deliver()).collect()
    }

    /// Teaches the link address of a neighbour.
    pub fn know(&mut self, neighbor: &str) {
        let IpAddr::V6(a) = addr(neighbor) else {
            let arp = formats::net::arp::Repr {
                opcode: formats::net::arp::Opcode::REQUEST,
                src_hw: PEER,
                src_proto: addr4(neighbor),
                dst_hw: MacAddr::default(),
                dst_proto: addr4("10.0.0.1"),
            };
            let mut b = [0; 28];
            arp.emit(&mut b).unwrap();
            let r = Receive {
                protocol: EtherType::ARP,
                source: PEER,
                group: true,
                checksum_checked: false,
                packet: Buffer::copy(&b),
            };
            self.with(|ip, cx| ip.handle_receive(cx, 1, r));
            self.out();
            self.delivered();
            return;
        };
        let ns = ndp::Repr::NeighborSolicitation { target: addr6("2001:db8::1"), source_link: Some(PEER) };
        self.input_ndp(a, addr6("ff02::1:ff00:1"), &ns);
        self.out();
        self.delivered();
    }

    pub fn input_ndp(&mut self, src: Ipv6Addr, dst: Ipv6Addr, repr: &ndp::Repr) {
        let mut m = [0; ndp::MAX_EMIT];
        let len = repr.emit(&mut m, &Pseudo::V6 { src, dst }).unwrap();
        self.input(&v6(src, dst, 58, 255, &m[..len]), dst.is_multicast());
    }

    /// Lets time pass to `ms`, at every timer.
    pub fn run_to(&mut self, ms: u64) {
        let end = Instant::from_millis(ms);
        while let Some(t) = self.ip.poll_timeout().filter(|&t| t <= end) {
            self.now = self.now.max(t);
            self.with(Ip::handle_timeout);
        }
        self.now = end;
    }
}

pub fn v4(
    src: &str,
    dst: &str,
    protocol: u8,
    change: impl FnOnce(&mut ipv4::Repr),
    payload: &[u8],
) -> Vec<u8> {
    let mut r = ipv4::Repr::new(addr4(src), addr4(dst), IpProtocol(protocol), payload.len() as u16);
    change(&mut r);
    let mut p = vec![0; r.header_len()];
    r.emit(&mut p).unwrap();
    p.extend(payload);
    p
}

pub fn v6(src: Ipv6Addr, dst: Ipv6Addr, next: u8, hop_limit: u8, payload: &[u8]) -> Vec<u8> {
    let mut p = vec![0; 40];
    let mut r = ipv6::Repr::new(src, dst, IpProtocol(next), payload.len() as u16);
    r.hop_limit = hop_limit;
    r.emit(&mut p).unwrap();
    p.extend(payload);
    p
}

/// A UDP datagram to port 9 without checksum (IPv4).
pub const UDP: [u8; 8] = [0, 7, 0, 9, 0, 8, 0, 0];
