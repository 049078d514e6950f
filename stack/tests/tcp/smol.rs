//! smoltcp on the wire: a host with one TCP socket.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, ChecksumCapabilities, Device, DeviceCapabilities, Medium};
use smoltcp::socket::tcp;
use smoltcp::time::Instant as SmolInstant;
use smoltcp::wire::{HardwareAddress, IpCidr, IpProtocol, Ipv4Packet, Ipv4Repr, Ipv6Packet, Ipv6Repr};
use stack::engine::Instant;

use crate::link::Packet;

#[derive(Default)]
pub struct Wire {
    mtu: usize,
    checksums: bool,
    pub rx: VecDeque<Vec<u8>>,
    pub tx: VecDeque<Vec<u8>>,
}

pub struct Rx(Vec<u8>);
pub struct Tx<'a>(&'a mut VecDeque<Vec<u8>>);

impl phy::RxToken for Rx {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl phy::TxToken for Tx<'_> {
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
        Some((Rx(self.rx.pop_front()?), Tx(&mut self.tx)))
    }

    fn transmit(&mut self, _: SmolInstant) -> Option<Tx<'_>> {
        Some(Tx(&mut self.tx))
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
        let mut wire = Wire { mtu, checksums, ..Wire::default() };
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
        let caps = ChecksumCapabilities::default();
        let len = p.bytes.len();
        let bytes = match (p.src, p.dst) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => {
                let r = Ipv4Repr {
                    src_addr: src,
                    dst_addr: dst,
                    next_header: IpProtocol::Tcp,
                    payload_len: len,
                    hop_limit: 64,
                };
                let mut b = vec![0; r.buffer_len() + len];
                r.emit(&mut Ipv4Packet::new_unchecked(&mut b[..]), &caps);
                b[r.buffer_len()..].copy_from_slice(&p.bytes);
                b
            }
            (IpAddr::V6(src), IpAddr::V6(dst)) => {
                let r = Ipv6Repr {
                    src_addr: src,
                    dst_addr: dst,
                    next_header: IpProtocol::Tcp,
                    payload_len: len,
                    hop_limit: 64,
                };
                let mut b = vec![0; r.buffer_len() + len];
                r.emit(&mut Ipv6Packet::new_unchecked(&mut b[..]));
                b[r.buffer_len()..].copy_from_slice(&p.bytes);
                b
            }
            _ => unreachable!(),
        };
        self.wire.rx.push_back(bytes);
    }

    /// What it sends, TCP only.
    pub fn sent(&mut self) -> Option<Packet> {
        loop {
            let b = self.wire.tx.pop_front()?;
            if b[0] >> 4 == 4 {
                let p = Ipv4Packet::new_checked(&b[..]).unwrap();
                if p.next_header() == IpProtocol::Tcp {
                    let (src, dst) = (p.src_addr().into(), p.dst_addr().into());
                    return Some(Packet { src, dst, bytes: p.payload().to_vec() });
                }
            } else {
                let p = Ipv6Packet::new_checked(&b[..]).unwrap();
                if p.next_header() == IpProtocol::Tcp {
                    let (src, dst) = (p.src_addr().into(), p.dst_addr().into());
                    return Some(Packet { src, dst, bytes: p.payload().to_vec() });
                }
            }
        }
    }
}
