//! What ours is compared with: smoltcp to itself over a loopback device.

#[path = "../../tests/shared/wire.rs"]
mod wire;

use std::time::{Duration, Instant as Clock};

use smoltcp::iface::{Config, Interface, SocketSet};
use smoltcp::phy::Medium;
use smoltcp::socket::tcp::{self, CongestionControl};
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

use wire::Wire;

/// How long `total` bytes take from one socket to the other, with buffers of `buffer` bytes.
pub fn transfer(
    mtu: usize,
    checksums: bool,
    buffer: usize,
    total: usize,
    congestion: CongestionControl,
) -> Duration {
    let mut wire = Wire::new(Medium::Ip, mtu, checksums);
    wire.looped = true;
    let mut iface = Interface::new(Config::new(HardwareAddress::Ip), &mut wire, Instant::ZERO);
    iface.update_ip_addrs(|a| a.push(IpCidr::new(IpAddress::v4(127, 0, 0, 1), 8)).expect("room"));
    let mut sockets = SocketSet::new(vec![]);
    let space = || tcp::SocketBuffer::new(vec![0; buffer]);
    let mut new = || {
        let mut socket = tcp::Socket::new(space(), space());
        socket.set_congestion_control(congestion);
        sockets.add(socket)
    };
    let (server, client) = (new(), new());
    let start = Clock::now();
    let now = || Instant::from_micros(start.elapsed().as_micros() as i64);
    sockets.get_mut::<tcp::Socket<'_>>(server).listen(80).expect("listens");
    let to = (IpAddress::v4(127, 0, 0, 1), 80);
    let socket = sockets.get_mut::<tcp::Socket<'_>>(client);
    socket.connect(iface.context(), to, 50_000).expect("connects");
    let (mut sent, mut received) = (0, 0);
    let (data, mut buf) = (vec![0x5a; buffer], vec![0; buffer]);
    while received < total {
        iface.poll(now(), &mut wire, &mut sockets);
        let socket = sockets.get_mut::<tcp::Socket<'_>>(client);
        if socket.can_send() && sent < total {
            sent += socket.send_slice(&data[..buffer.min(total - sent)]).expect("sends");
        }
        let socket = sockets.get_mut::<tcp::Socket<'_>>(server);
        while socket.can_recv() {
            received += socket.recv_slice(&mut buf).expect("receives");
        }
    }
    start.elapsed()
}
