//! The demo's plex.
//!
//! ```text
//!  ZS01 (TCPIP)   ZS02 (TCPIP)   CLIENT     ROUTER
//!     .1  |          .2  |         .100 |       .254 |      10.1.1.0/24, 2001:db8:1::/64
//!   ------+--------------+--------------+------------+---- LAN
//!     .1  |          .2  |                           | .1   10.1.2.0/24, link of 1400 bytes
//!       HiperSockets 10.1.9.0/24                   BRANCH .50
//! ```

use std::net::IpAddr;
use std::time::Duration;

use stack::engine::ip::route::Route;
use stack::fabric::{Direction, Impairments, PortId, SegmentId};
use stack::node::{ImageId, InterfaceConfig, Plex, StackConfig, StackId, TraceConfig};

/// Traces begin on 2026-06-01 08:00 UTC: nanoseconds since 1970.
const EPOCH: u64 = 1_780_300_800 * 1_000_000_000;
/// Bytes of trace buffers of a stack and component.
const BUFFERS: usize = 16 << 20;

/// A system of the demo.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// Its name.
    pub name: &'static str,
    /// Image.
    pub image: ImageId,
    /// Its stack.
    pub stack: StackId,
}

/// All of them.
#[derive(Debug, Clone, Copy)]
pub struct Nodes {
    /// First LPAR: FTP and HTTP servers.
    pub zs01: Node,
    /// Second LPAR: DNS, syslog, TELNET, a slow application.
    pub zs02: Node,
    /// A client on the LAN.
    pub client: Node,
    /// A client behind a link with a small MTU.
    pub branch: Node,
    /// The LAN.
    pub lan: SegmentId,
    /// Where the client is plugged in.
    pub client_port: PortId,
}

fn node(plex: &mut Plex, name: &'static str, config: StackConfig) -> Node {
    let image = plex.image(name);
    let stack = plex.start(image, config);
    Node { name, image, stack }
}

/// A host address of the LAN in both families.
fn on_lan(interface: InterfaceConfig, host: u16) -> InterfaceConfig {
    interface
        .address(IpAddr::from([10, 1, 1, host as u8]), 24)
        .address(IpAddr::from([0x2001, 0xdb8, 1, 0, 0, 0, 0, host]), 64)
}

/// The client's line: 100 Mbit/s, with room for everything that can be in flight.
#[must_use]
pub fn client_wire() -> Impairments {
    let delay = Duration::from_micros(250);
    Impairments { delay, rate: 100_000_000, queue: 1 << 20, ..Impairments::NONE }
}

/// Builds the plex; nothing runs yet.
#[must_use]
pub fn build(seed: u64) -> (Plex, Nodes) {
    let mut plex = Plex::new(seed);
    let lan = plex.fabric.lan();
    let branch_link = plex.fabric.lan();
    let iqd = plex.fabric.iqd();
    let traced =
        StackConfig { trace: TraceConfig { buffers: BUFFERS, epoch: EPOCH }, ..StackConfig::new("TCPIP") };
    let zs01 = node(&mut plex, "ZS01", traced.clone());
    let zs02 = node(&mut plex, "ZS02", traced);
    let client = node(&mut plex, "CLIENT", StackConfig::new("TCPIP"));
    let router = node(&mut plex, "ROUTER", StackConfig { forwarding: true, ..StackConfig::new("TCPIP") });
    let branch = node(&mut plex, "BRANCH", StackConfig::new("TCPIP"));

    let wire = |plex: &mut Plex, port, delay| {
        let line = Impairments { delay: Duration::from_micros(delay), ..Impairments::NONE };
        plex.fabric.impair(port, Direction::In, line);
        plex.fabric.impair(port, Direction::Out, line);
    };
    let mut client_port = PortId(0);
    for (n, host, delay) in [(zs01, 1, 20), (zs02, 2, 20), (client, 100, 250), (router, 254, 50)] {
        let mac = [2, 0, 0, 0, 1, host as u8];
        let interface = match n.name {
            "ZS01" | "ZS02" => InterfaceConfig::osa("OSAETH1", mac),
            _ => InterfaceConfig::ethernet("ETH0", mac),
        };
        let (port, _) = plex.attach(n.stack, lan, &on_lan(interface, host));
        wire(&mut plex, port, delay);
        if n.name == "CLIENT" {
            client_port = port;
            plex.fabric.impair(port, Direction::In, client_wire());
            plex.fabric.impair(port, Direction::Out, client_wire());
        }
    }
    for (n, host) in [(zs01, 1), (zs02, 2)] {
        let interface = InterfaceConfig::hipersockets("IQDIO1").address(IpAddr::from([10, 1, 9, host]), 24);
        plex.attach(n.stack, iqd, &interface);
    }
    // The router knows how small the link is, the branch does not: it offers segments of 1460 bytes.
    let small = InterfaceConfig::ethernet("ETH1", [2, 0, 0, 0, 2, 1]).mtu(1400);
    let (port, _) = plex.attach(router.stack, branch_link, &small.address(IpAddr::from([10, 1, 2, 1]), 24));
    wire(&mut plex, port, 2000);
    let far =
        InterfaceConfig::ethernet("ETH0", [2, 0, 0, 0, 2, 50]).address(IpAddr::from([10, 1, 2, 50]), 24);
    let (port, interface) = plex.attach(branch.stack, branch_link, &far);
    wire(&mut plex, port, 2000);
    let default = Route::new(IpAddr::from([0; 4]), 0, Some(IpAddr::from([10, 1, 2, 1])), interface);
    plex.stack(branch.stack).borrow_mut().add_route(default);
    for n in [zs01, zs02, client] {
        let to = Route::new(IpAddr::from([10, 1, 2, 0]), 24, Some(IpAddr::from([10, 1, 1, 254])), 1);
        plex.stack(n.stack).borrow_mut().add_route(to);
    }
    (plex, Nodes { zs01, zs02, client, branch, lan, client_port })
}
