//! smoltcp on the wire: a host with one TCP socket.

use std::net::IpAddr;
use std::time::Duration;

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{ChecksumCapabilities, Medium};
use smoltcp::socket::tcp;
use smoltcp::time::Instant as SmolInstant;
use smoltcp::wire::{HardwareAddress, IpCidr, IpProtocol, IpRepr, Ipv4Packet, Ipv6Packet};
use stack::engine::Instant;

use crate::link::Packet;
use crate::wire::Wire;

pub struct Smol {
    pub iface: Interface,
    pub sockets: SocketSet<'static>,
    pub wire: Wire,
    pub handle: SocketHandle,
    pub address: IpAddr,
}

pub fn time(now: Instant) -> SmolInstant {
    SmolInstant::from_micros((now.0 / 1000) as i64)
}

impl Smol {
    pub fn new(address: &str, mtu: usize, buffers: [usize; 2], checksums: bool, seed: u64) -> Self {
        let address: IpAddr = address.parse().unwrap();
        let mut wire = Wire::new(Medium::Ip, mtu, checksums);
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = seed;
        let mut iface = Interface::new(config, &mut wire, SmolInstant::ZERO);
        iface.update_ip_addrs(|a| {
            a.push(IpCidr::new(address.into(), if address.is_ipv4() { 24 } else { 64 })).unwrap();
        });
        let mut sockets = SocketSet::new(vec![]);
        let buffer = |n| tcp::SocketBuffer::new(vec![0; n]);
        let handle = sockets.add(tcp::Socket::new(buffer(buffers[0]), buffer(buffers[1])));
        Self { iface, sockets, wire, handle, address }
    }

    pub fn socket(&mut self) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut::<tcp::Socket<'static>>(self.handle)
    }

    pub fn connect(&mut self, to: std::net::SocketAddr, from: u16) {
        let cx = self.iface.context();
        let socket = self.sockets.get_mut::<tcp::Socket<'static>>(self.handle);
        socket.connect(cx, (smoltcp::wire::IpAddress::from(to.ip()), to.port()), from).unwrap();
    }

    pub fn poll(&mut self, now: Instant) {
        self.iface.poll(time(now), &mut self.wire, &mut self.sockets);
    }

    pub fn next(&mut self, now: Instant) -> Option<Instant> {
        let d: Duration = self.iface.poll_delay(time(now), &self.sockets)?.into();
        Some(now + d.max(Duration::from_micros(1)))
    }

    /// A segment for it.
    pub fn receive(&mut self, p: &Packet) {
        let r = IpRepr::new(p.src.into(), p.dst.into(), IpProtocol::Tcp, p.bytes.len(), 64);
        let mut b = vec![0; r.header_len()];
        r.emit(&mut b[..], &ChecksumCapabilities::default());
        b.extend_from_slice(&p.bytes);
        self.wire.rx.push_back(b);
    }

    /// What it sends, TCP only.
    pub fn sent(&mut self) -> Option<Packet> {
        loop {
            let b = self.wire.tx.pop_front()?;
            let (protocol, src, dst, bytes) = if b[0] >> 4 == 4 {
                let p = Ipv4Packet::new_checked(&b[..]).unwrap();
                (p.next_header(), p.src_addr().into(), p.dst_addr().into(), p.payload().to_vec())
            } else {
                let p = Ipv6Packet::new_checked(&b[..]).unwrap();
                (p.next_header(), p.src_addr().into(), p.dst_addr().into(), p.payload().to_vec())
            };
            if protocol == IpProtocol::Tcp {
                return Some(Packet { src, dst, bytes });
            }
        }
    }
}
