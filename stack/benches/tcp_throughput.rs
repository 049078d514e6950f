//! Bytes a second from memory to memory through one TCP connection of a host to itself, beside
//! smoltcp on its own loopback device in the same run.
//!
//! Both have send and receive buffers of 65,535 bytes, as smoltcp's benchmark has, CUBIC where the
//! name says so, and allocate each packet anew as smoltcp's loopback does. Rounds alternate; the
//! best of each counts. `cargo bench -p stack --bench tcp_throughput [MEBIBYTES]`

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant as Clock};

use ctrace::Tracer;
use smoltcp::iface::{Config as SmolConfig, Interface, SocketSet};
use smoltcp::phy::{ChecksumCapabilities, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp as smol;
use smoltcp::time::Instant as SmolInstant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};
use stack::engine::tcp::{Config, SocketOptions, Tcp};
use stack::engine::{Context, Incoming, Instant, Path, Paths, Random};

const BUFFER: usize = 65_535;
const ROUNDS: usize = 5;

#[derive(Clone, Copy)]
struct Setup {
    name: &'static str,
    mtu: usize,
    checksums: bool,
    /// Our engine hands over large segments, which the wire keeps whole.
    offload: bool,
}

const SETUPS: [Setup; 3] = [
    Setup { name: "MTU 65535, no checksums (smoltcp's own)", mtu: 65_535, checksums: false, offload: false },
    Setup { name: "MTU 1500, no checksums", mtu: 1500, checksums: false, offload: false },
    Setup { name: "MTU 1500, checksums", mtu: 1500, checksums: true, offload: false },
];

struct Loop(Path);

impl Paths for Loop {
    fn path(&self, _: IpAddr, _: IpAddr) -> Option<Path> {
        Some(self.0)
    }

    fn generation(&self) -> Option<u64> {
        Some(0)
    }
}

/// Our engine.
fn ours(s: Setup, total: usize) -> Duration {
    let own = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut random = Random::new(1);
    let config = Config { send_buffer: BUFFER as u32, receive_buffer: BUFFER as u32, ..Config::default() };
    let mut tcp = Tcp::new(config, &mut random);
    let tracer = Tracer::off();
    let start = Clock::now();
    let paths = Loop(Path {
        source: own,
        mtu: s.mtu as u32,
        checksum_offload: !s.checksums,
        segmentation: s.offload.then_some(60_000),
        local: true,
    });
    let incoming = Incoming {
        src: own,
        dst: own,
        protocol: 6,
        ttl: 64,
        tos: 0,
        interface: 0,
        checksum_checked: !s.checksums,
        many: false,
    };
    let mut now = Instant::START;
    macro_rules! cx {
        () => {
            &mut Context { now, random: &mut random, trace: &tracer }
        };
    }
    let listener = tcp.listen(cx!(), Some(own), 80, 1, SocketOptions::default()).unwrap();
    let to = SocketAddr::new(own, 80);
    let client = tcp.connect(cx!(), &paths, None, to, SocketOptions::default()).unwrap();
    let (mut server, mut sent, mut received) = (None, 0, 0);
    let data = vec![0x5a; BUFFER];
    let mut buf = vec![0; BUFFER];
    let mut wire: VecDeque<Vec<u8>> = VecDeque::new();
    while received < total {
        // Once a round, as smoltcp's.
        now = Instant(start.elapsed().as_nanos() as u64);
        if sent < total
            && let Ok(n) = tcp.send(cx!(), client, &data[..BUFFER.min(total - sent)])
        {
            sent += n;
        }
        loop {
            let mut out = Vec::new();
            if tcp.poll_transmit(cx!(), &paths, &mut out).is_none() {
                break;
            }
            wire.push_back(out);
        }
        while let Some(p) = wire.pop_front() {
            tcp.handle_segment(cx!(), &incoming, &p);
        }
        match server {
            None => server = tcp.accept(cx!(), listener).ok().map(|a| a.0),
            Some(id) => {
                while let Ok(n) = tcp.recv(cx!(), id, &mut buf) {
                    received += n;
                }
            }
        }
        tcp.handle_timeout(cx!());
        while tcp.poll_event().is_some() {}
    }
    start.elapsed()
}

/// smoltcp's loopback device with an MTU of one's own.
struct Wire {
    queue: VecDeque<Vec<u8>>,
    mtu: usize,
    checksums: bool,
}

struct Rx(Vec<u8>);
struct Tx<'a>(&'a mut VecDeque<Vec<u8>>);

impl RxToken for Rx {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl TxToken for Tx<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut b = vec![0; len];
        let r = f(&mut b);
        self.0.push_back(b);
        r
    }
}

impl Device for Wire {
    type RxToken<'a> = Rx;
    type TxToken<'a> = Tx<'a>;

    fn receive(&mut self, _: SmolInstant) -> Option<(Rx, Tx<'_>)> {
        Some((Rx(self.queue.pop_front()?), Tx(&mut self.queue)))
    }

    fn transmit(&mut self, _: SmolInstant) -> Option<Tx<'_>> {
        Some(Tx(&mut self.queue))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut c = DeviceCapabilities::default();
        c.medium = Medium::Ip;
        c.max_transmission_unit = self.mtu;
        if !self.checksums {
            c.checksum = ChecksumCapabilities::ignored();
        }
        c
    }
}

fn theirs(s: Setup, total: usize, congestion: smol::CongestionControl) -> Duration {
    let mut wire = Wire { queue: VecDeque::new(), mtu: s.mtu, checksums: s.checksums };
    let mut iface = Interface::new(SmolConfig::new(HardwareAddress::Ip), &mut wire, SmolInstant::ZERO);
    iface.update_ip_addrs(|a| a.push(IpCidr::new(IpAddress::v4(127, 0, 0, 1), 8)).unwrap());
    let mut sockets = SocketSet::new(vec![]);
    let buffer = || smol::SocketBuffer::new(vec![0; BUFFER]);
    let mut new = || {
        let mut socket = smol::Socket::new(buffer(), buffer());
        socket.set_congestion_control(congestion);
        sockets.add(socket)
    };
    let (server, client) = (new(), new());
    let start = Clock::now();
    let now = || SmolInstant::from_micros(start.elapsed().as_micros() as i64);
    sockets.get_mut::<smol::Socket<'_>>(server).listen(80).unwrap();
    let to = (IpAddress::v4(127, 0, 0, 1), 80);
    sockets.get_mut::<smol::Socket<'_>>(client).connect(iface.context(), to, 50_000).unwrap();
    let (mut sent, mut received) = (0, 0);
    let data = vec![0x5a; BUFFER];
    let mut buf = vec![0; BUFFER];
    while received < total {
        iface.poll(now(), &mut wire, &mut sockets);
        let socket = sockets.get_mut::<smol::Socket<'_>>(client);
        if socket.can_send() && sent < total {
            sent += socket.send_slice(&data[..BUFFER.min(total - sent)]).unwrap();
        }
        let socket = sockets.get_mut::<smol::Socket<'_>>(server);
        while socket.can_recv() {
            received += socket.recv_slice(&mut buf).unwrap();
        }
    }
    start.elapsed()
}

fn main() {
    let mebibytes = std::env::args().find_map(|a| a.parse().ok()).unwrap_or(256usize);
    let total = mebibytes << 20;
    println!("{mebibytes} MiB, best of {ROUNDS}, MB/s");
    println!("{:42} {:>8} {:>8} {:>8} {:>6}", "", "ours", "smoltcp", "+CUBIC", "ratio");
    let large = Setup { name: "MTU 1500, large segments (ours only)", offload: true, ..SETUPS[1] };
    for s in SETUPS.into_iter().chain([large]) {
        let mut best = [Duration::MAX; 3];
        for _ in 0..ROUNDS {
            best[0] = best[0].min(ours(s, total));
            if !s.offload {
                best[1] = best[1].min(theirs(s, total, smol::CongestionControl::None));
                best[2] = best[2].min(theirs(s, total, smol::CongestionControl::Cubic));
            }
        }
        let speed = |d: Duration| total as f64 / d.as_secs_f64() / 1e6;
        let [a, b, c] = best.map(speed);
        if s.offload {
            println!("{:42} {a:8.0}", s.name);
        } else {
            println!("{:42} {a:8.0} {b:8.0} {c:8.0} {:6.2}", s.name, a / b.max(c));
        }
    }
}
