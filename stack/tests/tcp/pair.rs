//! Two engines on a wire.

use std::net::{IpAddr, SocketAddr};

use ctrace::Tracer;
use formats::checksum::Pseudo;
use stack::engine::tcp::{Config, ConnectionId, Error, Tcp};
use stack::engine::{Context, Incoming, Instant, Outgoing, Path, Paths, Random};

use crate::link::{Impairments, Link, Packet};

pub fn incoming(src: IpAddr, dst: IpAddr) -> Incoming {
    Incoming { src, dst, protocol: 6, ttl: 64, tos: 0, interface: 0, checksum_checked: false, many: false }
}

/// One interface with an address.
#[derive(Debug, Clone, Copy)]
pub struct OnePath(pub Path);

impl Paths for OnePath {
    fn path(&self, _: IpAddr, _: IpAddr) -> Option<Path> {
        Some(self.0)
    }

    fn generation(&self) -> Option<u64> {
        Some(0)
    }
}

/// An engine with what belongs to it.
pub struct Host {
    pub tcp: Tcp,
    pub random: Random,
    pub tracer: Tracer,
    pub address: IpAddr,
    pub paths: OnePath,
}

/// Calls a method of a host's engine with a context.
#[macro_export]
macro_rules! call {
    ($host:expr, $now:expr, $method:ident $(, $arg:expr)*) => {{
        let h = &mut $host;
        let mut cx = stack::engine::Context { now: $now, random: &mut h.random, trace: &h.tracer };
        h.tcp.$method(&mut cx $(, $arg)*)
    }};
}

impl Host {
    pub fn new(address: &str, config: Config, mtu: u32, seed: u64) -> Self {
        let address = address.parse().unwrap();
        let mut random = Random::new(seed);
        let tcp = Tcp::new(config, &mut random);
        let path = Path { source: address, mtu, checksum_offload: false, segmentation: None, local: false };
        Self { tcp, random, tracer: Tracer::off(), address, paths: OnePath(path) }
    }

    pub fn connect(&mut self, now: Instant, to: SocketAddr) -> Result<ConnectionId, Error> {
        let paths = self.paths;
        call!(*self, now, connect, &paths, None, to, stack::engine::tcp::SocketOptions::default())
    }

    pub fn transmit(&mut self, now: Instant, mut to: impl FnMut(Packet)) {
        let (paths, mut out, mut n) = (self.paths, Vec::new(), 0);
        loop {
            out.clear();
            let mut cx = Context { now, random: &mut self.random, trace: &self.tracer };
            let Some(o) = self.tcp.poll_transmit(&mut cx, &paths, &mut out) else { break };
            n += 1;
            assert!(n < 1_000_000, "sends without end");
            cut(&o, &out, |bytes| to(Packet { src: o.src, dst: o.dst, bytes }));
        }
    }

    pub fn receive(&mut self, now: Instant, p: &Packet) {
        call!(*self, now, handle_segment, &incoming(p.src, p.dst), &p.bytes);
    }
}

/// What an adapter with segmentation offload does with a large segment.
pub fn cut(o: &Outgoing, bytes: &[u8], mut to: impl FnMut(Vec<u8>)) {
    let Some(size) = o.segment_size else {
        to(bytes.to_vec());
        return;
    };
    let header = usize::from(bytes[12] >> 4) * 4;
    let data = &bytes[header..];
    let count = data.chunks(size.into()).count();
    for (i, part) in data.chunks(size.into()).enumerate() {
        let mut s = [&bytes[..header], part].concat();
        let seq =
            u32::from_be_bytes(s[4..8].try_into().unwrap()).wrapping_add((i * usize::from(size)) as u32);
        s[4..8].copy_from_slice(&seq.to_be_bytes());
        if i + 1 < count {
            s[13] &= !0x09;
        }
        s[16..18].fill(0);
        let sum = pseudo(o.src, o.dst).sum(6, s.len()).bytes(&s).finish();
        s[16..18].copy_from_slice(&sum.to_be_bytes());
        to(s);
    }
}

pub fn pseudo(src: IpAddr, dst: IpAddr) -> Pseudo {
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => Pseudo::V4 { src, dst },
        (IpAddr::V6(src), IpAddr::V6(dst)) => Pseudo::V6 { src, dst },
        _ => unreachable!(),
    }
}

/// Two hosts, a wire, and the time.
pub struct Pair {
    pub now: Instant,
    pub hosts: [Host; 2],
    pub link: Link,
    /// Steps made.
    pub steps: u64,
}

impl Pair {
    pub fn new(hosts: [Host; 2], impairments: Impairments, seed: u64) -> Self {
        Self {
            now: Instant::from_millis(10),
            hosts,
            link: Link::new(impairments, Random::new(seed)),
            steps: 0,
        }
    }

    /// Sends what is to be sent, then goes on to the next thing that happens, at most to `limit`.
    /// False when nothing will happen before it.
    pub fn step(&mut self, limit: Instant) -> bool {
        self.steps += 1;
        for h in &mut self.hosts {
            let (now, link) = (self.now, &mut self.link);
            h.transmit(now, |p| link.send(now, p));
        }
        let timers = self.hosts.iter().filter_map(|h| h.tcp.poll_timeout());
        let Some(next) = timers.chain(self.link.next()).min() else { return false };
        if next > limit {
            self.now = limit;
            return false;
        }
        self.now = self.now.max(next);
        while let Some(p) = self.link.due(self.now) {
            if let Some(h) = self.hosts.iter_mut().find(|h| h.address == p.dst) {
                h.receive(self.now, &p);
            }
        }
        for h in &mut self.hosts {
            call!(*h, self.now, handle_timeout);
        }
        true
    }
}
