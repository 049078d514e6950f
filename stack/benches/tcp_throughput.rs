//! Bytes a second from memory to memory through one TCP connection of a host to itself, beside
//! smoltcp on its own loopback device in the same run.
//!
//! Both have send and receive buffers of 65,535 bytes, as smoltcp's benchmark has, CUBIC where the
//! name says so, and allocate each packet anew as smoltcp's loopback does. Rounds alternate; the
//! best of each counts. `cargo bench -p stack --bench tcp_throughput [MEBIBYTES]`

mod smol;

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant as Clock};

use ctrace::Tracer;
use smoltcp::socket::tcp::CongestionControl;
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

fn main() {
    let mebibytes = std::env::args().find_map(|a| a.parse().ok()).unwrap_or(256usize);
    let total = mebibytes << 20;
    println!("{mebibytes} MiB, best of {ROUNDS}, MB/s");
    println!("{:42} {:>8} {:>8} {:>8} {:>6}", "", "ours", "smoltcp", "+CUBIC", "ratio");
    let large = Setup { name: "MTU 1500, large segments (ours only)", offload: true, ..SETUPS[1] };
    for s in SETUPS.into_iter().chain([large]) {
        let mut best = [Duration::MAX; 3];
        let theirs = |congestion| smol::transfer(s.mtu, s.checksums, BUFFER, total, congestion);
        for _ in 0..ROUNDS {
            best[0] = best[0].min(ours(s, total));
            if !s.offload {
                best[1] = best[1].min(theirs(CongestionControl::None));
                best[2] = best[2].min(theirs(CongestionControl::Cubic));
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
