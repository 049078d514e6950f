//! Bytes a second from one application to another through whole stacks, beside smoltcp on its own
//! loopback device in the same run; and what full packet trace costs.
//!
//! Ours goes through the sockets API, TCP, IP and a DLC, between two images over HiperSockets and a
//! LAN, and within one stack over loopback. Send and receive buffers are smoltcp's 65,535 bytes.
//! Rounds alternate; the best of each counts.
//! `cargo bench -p stack --bench stack_throughput [MEBIBYTES]`

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant as Clock};

use ctrace::pkttrace::PktTrace;
use smoltcp::iface::{Config as SmolConfig, Interface, SocketSet};
use smoltcp::phy::{ChecksumCapabilities, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp as smol;
use smoltcp::time::Instant as SmolInstant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};
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

/// smoltcp's loopback device.
struct Wire(VecDeque<Vec<u8>>);
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
        Some((Rx(self.0.pop_front()?), Tx(&mut self.0)))
    }

    fn transmit(&mut self, _: SmolInstant) -> Option<Tx<'_>> {
        Some(Tx(&mut self.0))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut c = DeviceCapabilities::default();
        (c.medium, c.max_transmission_unit) = (Medium::Ip, 65_535);
        c.checksum = ChecksumCapabilities::ignored();
        c
    }
}

fn theirs(total: usize) -> Duration {
    let mut wire = Wire(VecDeque::new());
    let mut iface = Interface::new(SmolConfig::new(HardwareAddress::Ip), &mut wire, SmolInstant::ZERO);
    iface.update_ip_addrs(|a| a.push(IpCidr::new(IpAddress::v4(127, 0, 0, 1), 8)).expect("room"));
    let mut sockets = SocketSet::new(vec![]);
    let buffer = || smol::SocketBuffer::new(vec![0; BUFFER]);
    let server = sockets.add(smol::Socket::new(buffer(), buffer()));
    let client = sockets.add(smol::Socket::new(buffer(), buffer()));
    let start = Clock::now();
    sockets.get_mut::<smol::Socket<'_>>(server).listen(80).expect("listens");
    let to = (IpAddress::v4(127, 0, 0, 1), 80);
    let socket = sockets.get_mut::<smol::Socket<'_>>(client);
    socket.connect(iface.context(), to, 50_000).expect("connects");
    let (mut sent, mut received) = (0, 0);
    let (data, mut buf) = (vec![0x5a; BUFFER], vec![0; BUFFER]);
    while received < total {
        let now = SmolInstant::from_micros(start.elapsed().as_micros() as i64);
        iface.poll(now, &mut wire, &mut sockets);
        let socket = sockets.get_mut::<smol::Socket<'_>>(client);
        if socket.can_send() && sent < total {
            sent += socket.send_slice(&data[..BUFFER.min(total - sent)]).expect("sends");
        }
        let socket = sockets.get_mut::<smol::Socket<'_>>(server);
        while socket.can_recv() {
            received += socket.recv_slice(&mut buf).expect("receives");
        }
    }
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
        for _ in 0..ROUNDS {
            best[0] = best[0].min(ours(way, false, total));
            best[1] = best[1].min(theirs(total));
            best[2] = best[2].min(ours(way, true, total));
        }
        let [a, b, c] = best.map(|d| total as f64 / d.as_secs_f64() / 1e6);
        println!("{name:38} {a:9.0} {b:9.0} {:7.2} {c:9.0} {:7.2}", a / b, c / a);
    }
}
