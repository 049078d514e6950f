//! Bytes a second from one application to another through whole stacks, beside smoltcp on its own
//! loopback device in the same run; and what full packet trace costs.
//!
//! Ours goes through the sockets API, TCP, IP and a DLC, between two images over HiperSockets and a
//! LAN, and within one stack over loopback. Both have smoltcp's send and receive buffers of 65,535
//! bytes and CUBIC.
//! Rounds alternate; the best of each counts.
//! `cargo bench -p stack --bench stack_throughput [MEBIBYTES]`

mod smol;

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant as Clock};

use ctrace::pkttrace::PktTrace;
use smoltcp::socket::tcp::CongestionControl;
use stack::engine::tcp::Config;
use stack::node::{InterfaceConfig, Plex, StackConfig, TraceConfig};
use stack::sim::World;

const BUFFER: usize = 65_535;
const ROUNDS: usize = 5;
/// Trace buffers of a stack: what is recorded wraps in them.
const TRACE: usize = 16 << 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Loopback,
    HiperSockets,
    Lan,
    LanOffload,
}

/// Our stacks.
fn ours(way: Way, traced: bool, total: usize) -> Duration {
    let mut plex = Plex::new(1);
    let segment = if way == Way::HiperSockets { plex.fabric.iqd() } else { plex.fabric.lan() };
    let tcp = Config { send_buffer: BUFFER as u32, receive_buffer: BUFFER as u32, ..Config::default() };
    let mut nodes = Vec::new();
    for n in 1..=2 {
        let image = plex.image("ZS");
        let trace = TraceConfig { buffers: TRACE, epoch: 0 };
        let stack = plex.start(image, StackConfig { tcp: tcp.clone(), trace, ..StackConfig::new("TCPIP") });
        let i = match way {
            Way::HiperSockets => InterfaceConfig::hipersockets("IQD"),
            Way::LanOffload => InterfaceConfig::osa("OSA", [2, 0, 0, 0, 0, n]).offload(),
            _ => InterfaceConfig::osa("OSA", [2, 0, 0, 0, 0, n]),
        };
        plex.attach(stack, segment, &i.address(IpAddr::from([10, 0, 0, n]), 24));
        if traced {
            plex.stack(stack).borrow().trace().configure(|c| {
                c.packets_on = true;
                c.pkttrace = PktTrace::everything();
            });
        }
        nodes.push((image, stack));
    }
    let mut world = World::new(plex);
    world.run_for(Duration::from_secs(10)).expect("the interfaces start");
    let from = if way == Way::Loopback { nodes[1] } else { nodes[0] };
    let client = world.process(from.0, from.1, "CLIENT");
    let server = world.process(nodes[1].0, nodes[1].1, "SERVER");
    let at = SocketAddr::from(([10, 0, 0, 2], 80));
    let p = server.clone();
    let received = server.start(async move {
        let (stream, _) = p.listen(at, 1)?.accept().await?;
        let (mut n, mut buffer) = (0, vec![0; BUFFER]);
        loop {
            match stream.read(&mut buffer).await? {
                0 => return std::io::Result::Ok(n),
                k => n += k,
            }
        }
    });
    client.clone().spawn(async move {
        let Ok(stream) = client.connect(at).await else { return };
        let (data, mut left) = (vec![0x5a; BUFFER], total);
        while left > 0 {
            let Ok(n) = stream.write(&data[..BUFFER.min(left)]).await else { return };
            left -= n;
        }
    });
    let start = Clock::now();
    let got = world.run(Duration::from_secs(3600), received).expect("it ends").expect("it works");
    assert_eq!(got, total);
    start.elapsed()
}

fn main() {
    let mebibytes = std::env::args().find_map(|a| a.parse().ok()).unwrap_or(128_usize);
    let total = mebibytes << 20;
    println!("{mebibytes} MiB, best of {ROUNDS}, MB/s");
    println!("{:38} {:>9} {:>9} {:>7} {:>9} {:>7}", "", "ours", "smoltcp", "ratio", "traced", "ratio");
    for (way, name) in [
        (Way::Loopback, "loopback, MTU 65535"),
        (Way::HiperSockets, "HiperSockets, MTU 57344"),
        (Way::LanOffload, "LAN, MTU 1500, adapter cuts and sums"),
        (Way::Lan, "LAN, MTU 1500, stack cuts and sums"),
    ] {
        let mut best = [Duration::MAX; 3];
        let theirs = || smol::transfer(65_535, false, BUFFER, total, CongestionControl::Cubic);
        for _ in 0..ROUNDS {
            best[0] = best[0].min(ours(way, false, total));
            best[1] = best[1].min(theirs());
            best[2] = best[2].min(ours(way, true, total));
        }
        let [a, b, c] = best.map(|d| total as f64 / d.as_secs_f64() / 1e6);
        println!("{name:38} {a:9.0} {b:9.0} {:7.2} {c:9.0} {:7.2}", a / b, c / a);
    }
}
