//! UDP and RAW sockets of a stack.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::{Poll, Waker};

use formats::ctrace::events::sockets::{SocketCall, SocketClosed, SocketOpened};
use formats::ctrace::events::{Direction, Protocol};

use super::tcpip::cx;
use super::waiters::{Wait, Waiters};
use super::{SocketId, TcpIp};
use crate::engine::raw::RawId;
use crate::engine::tcp::config::Owner;
use crate::engine::udp::{UdpError, UdpEvent, UdpId, UdpOptions};
use crate::engine::{IcmpKind, Outgoing};

/// Numbers of UDP sockets in displays and traces: those of TCP are below.
const UDP_NUMBERS: u32 = 0x4000_0000;
/// Numbers of RAW sockets.
const RAW_NUMBERS: u32 = 0x6000_0000;

/// Whose a socket is, and who waits for it.
#[derive(Debug)]
pub(super) struct Datagrams {
    owner: Owner,
    waiters: Waiters,
}

/// A UDP socket as NETSTAT shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UdpInfo {
    /// Whose it is.
    pub owner: Owner,
    /// Its number.
    pub id: SocketId,
    /// Where it is bound.
    pub local: SocketAddr,
    /// Where it is connected to.
    pub remote: Option<SocketAddr>,
}

fn udp_error(e: UdpError) -> io::Error {
    use io::ErrorKind as K;
    match e {
        UdpError::InUse => K::AddrInUse,
        UdpError::NoSocket | UdpError::NoDestination => K::NotConnected,
        UdpError::TooLong => K::InvalidInput,
        UdpError::WouldBlock => K::WouldBlock,
        UdpError::Unreachable => K::NetworkUnreachable,
        UdpError::Full => K::QuotaExceeded,
    }
    .into()
}

fn icmp_error(kind: IcmpKind, v4: bool) -> io::Error {
    let port = if v4 { 3 } else { 4 };
    match kind {
        IcmpKind::Unreachable(code) if code == port => io::ErrorKind::ConnectionRefused,
        IcmpKind::Unreachable(_) | IcmpKind::TimeExceeded => io::ErrorKind::HostUnreachable,
        IcmpKind::PacketTooBig(_) => io::ErrorKind::InvalidInput,
        IcmpKind::ParameterProblem => io::ErrorKind::InvalidData,
    }
    .into()
}

fn udp_id(id: SocketId) -> UdpId {
    UdpId(id - UDP_NUMBERS)
}

fn raw_id(id: SocketId) -> RawId {
    RawId(id - RAW_NUMBERS)
}

impl TcpIp {
    fn socket_opened(&mut self, owner: Owner, id: SocketId, protocol: u8, at: SocketAddr) {
        self.datagrams.insert(id, Datagrams { owner, waiters: Waiters::default() });
        let call = if protocol == 17 { SocketCall::BIND } else { SocketCall::OPEN };
        let event = SocketOpened { call, protocol, address: at.ip(), port: at.port() };
        self.tracer.event(&owner.subject(id, at.port(), at.ip()), &event);
        self.dirty = true;
    }

    fn socket_owner(&self, id: SocketId) -> Owner {
        self.datagrams.get(&id).map_or_else(Owner::default, |d| d.owner)
    }

    /// A UDP socket at `at`; port 0 is any free one.
    pub fn udp_bind(&mut self, owner: Owner, at: SocketAddr) -> io::Result<(SocketId, SocketAddr)> {
        let id = self.udp.bind(&mut cx!(self), at, UdpOptions::default()).map_err(udp_error)?;
        let local = self.udp.socket(id).map_or(at, |s| s.local);
        let id = id.0 + UDP_NUMBERS;
        self.socket_opened(owner, id, 17, local);
        Ok((id, local))
    }

    /// Sends a datagram.
    pub fn udp_send(&mut self, id: SocketId, bytes: &[u8], to: Option<SocketAddr>) -> io::Result<usize> {
        self.udp.send(&mut cx!(self), udp_id(id), to, bytes).map_err(udp_error)?;
        self.dirty = true;
        if let Some(s) = self.udp.socket(udp_id(id))
            && let Some(remote) = to.or(s.remote)
        {
            let (owner, ends) = (self.socket_owner(id), (s.local, remote));
            self.trace_data(owner, id, Protocol::UDP, Direction::OUT, ends, bytes);
        }
        Ok(bytes.len())
    }

    /// Waits for a datagram.
    pub fn udp_poll_recv(
        &mut self,
        id: SocketId,
        to: &mut [u8],
        waker: &Waker,
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        if let Some(d) = self.udp.recv(udp_id(id)) {
            let n = d.data.len().min(to.len());
            to[..n].copy_from_slice(&d.data[..n]);
            let port = self.udp.socket(udp_id(id)).map_or(0, |s| s.local.port());
            let (owner, ends) = (self.socket_owner(id), (SocketAddr::new(d.to, port), d.from));
            self.trace_data(owner, id, Protocol::UDP, Direction::IN, ends, &d.data);
            return Poll::Ready(Ok((n, d.from)));
        }
        if let Some(e) = self.udp.take_error(udp_id(id)) {
            let v4 = self.udp.socket(udp_id(id)).and_then(|s| s.remote).is_none_or(|r| r.is_ipv4());
            return Poll::Ready(Err(icmp_error(e, v4)));
        }
        match self.datagrams.get_mut(&id) {
            Some(d) => d.waiters.add(Wait::Read, waker),
            None => return Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
        Poll::Pending
    }

    /// Gives a UDP socket a peer.
    pub fn udp_connect(&mut self, id: SocketId, peer: SocketAddr) -> io::Result<()> {
        self.udp.connect(udp_id(id), peer).map_err(udp_error)
    }

    /// Joins a multicast group.
    pub fn udp_join(&mut self, id: SocketId, group: IpAddr, interface: u16) -> io::Result<()> {
        self.udp.join(udp_id(id), interface, group).map_err(udp_error)?;
        self.dirty = true;
        if self.ip.join(&mut cx!(self), interface, group) {
            return Ok(());
        }
        self.udp.leave(udp_id(id), interface, group);
        Err(io::ErrorKind::AddrNotAvailable.into())
    }

    /// Closes a UDP socket.
    pub fn udp_close(&mut self, id: SocketId) {
        let Some(s) = self.udp.socket(udp_id(id)) else { return };
        let (local, remote, n) = (s.local, s.remote.unwrap_or(s.local), s.counters);
        let (call, bytes_in, bytes_out) = (SocketCall::CLOSE, n.in_bytes, n.out_bytes);
        let owner = self.socket_owner(id);
        let event = SocketClosed { call, bytes_in, bytes_out };
        self.tracer.event(&owner.subject(id, local.port(), local.ip()), &event);
        self.trace_flow_end(owner, id, Protocol::UDP, (local, remote));
        for (interface, group) in self.udp.close(&mut cx!(self), udp_id(id)) {
            self.ip.leave(&mut cx!(self), interface, group);
        }
        self.datagrams.remove(&id);
        self.dirty = true;
    }

    /// A RAW socket; an unspecified address is every one of its family.
    pub fn raw_open(&mut self, owner: Owner, at: IpAddr, protocol: u8) -> io::Result<SocketId> {
        let local = Some(at).filter(|a| !a.is_unspecified());
        let opened = self.raw.open(&cx!(self), protocol, at.is_ipv6(), local);
        let id = opened.ok_or(io::ErrorKind::QuotaExceeded)?.0 + RAW_NUMBERS;
        self.socket_opened(owner, id, protocol, SocketAddr::new(at, 0));
        Ok(id)
    }

    /// Sends a packet of a RAW socket.
    pub fn raw_send(&mut self, id: SocketId, bytes: &[u8], to: IpAddr) -> io::Result<usize> {
        let s = self.raw.socket(raw_id(id)).ok_or(io::ErrorKind::NotConnected)?;
        let any = if to.is_ipv4() { IpAddr::from([0; 4]) } else { IpAddr::from([0; 16]) };
        let (local, protocol) = (s.local.unwrap_or(any), s.protocol);
        if !self.raw.send(&cx!(self), raw_id(id), Outgoing::new(local, to, protocol), bytes) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.dirty = true;
        let ends = (SocketAddr::new(local, 0), SocketAddr::new(to, 0));
        self.trace_data(self.socket_owner(id), id, Protocol(protocol), Direction::OUT, ends, bytes);
        Ok(bytes.len())
    }

    /// Waits for a packet.
    pub fn raw_poll_recv(
        &mut self,
        id: SocketId,
        to: &mut [u8],
        waker: &Waker,
    ) -> Poll<io::Result<(usize, IpAddr)>> {
        if let Some(p) = self.raw.recv(raw_id(id)) {
            let n = p.data.len().min(to.len());
            to[..n].copy_from_slice(&p.data[..n]);
            let ends = (SocketAddr::new(p.incoming.dst, 0), SocketAddr::new(p.incoming.src, 0));
            let protocol = Protocol(p.incoming.protocol);
            self.trace_data(self.socket_owner(id), id, protocol, Direction::IN, ends, &p.data);
            return Poll::Ready(Ok((n, p.incoming.src)));
        }
        match self.datagrams.get_mut(&id) {
            Some(d) => d.waiters.add(Wait::Read, waker),
            None => return Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
        Poll::Pending
    }

    /// Closes a RAW socket.
    pub fn raw_close(&mut self, id: SocketId) {
        let Some(s) = self.raw.socket(raw_id(id)) else { return };
        let (local, protocol) = (s.local.unwrap_or(IpAddr::from([0; 4])), s.protocol);
        let end = SocketAddr::new(local, 0);
        self.trace_flow_end(self.socket_owner(id), id, Protocol(protocol), (end, end));
        self.raw.close(&cx!(self), raw_id(id));
        self.datagrams.remove(&id);
        self.dirty = true;
    }

    /// UDP sockets in the order of their numbers.
    #[must_use]
    pub fn udp_sockets(&self) -> Vec<UdpInfo> {
        let info = |(id, s): (UdpId, &crate::engine::udp::Socket)| {
            let id = id.0 + UDP_NUMBERS;
            UdpInfo { owner: self.socket_owner(id), id, local: s.local, remote: s.remote }
        };
        self.udp.iter().map(info).collect()
    }

    /// Wakes who waits for what UDP and RAW tell.
    pub(super) fn datagram_events(&mut self) -> bool {
        let mut any = false;
        while let Some(e) = self.udp.poll_event() {
            any = true;
            let (UdpEvent::Readable(id) | UdpEvent::Error(id, _)) = e;
            if let Some(d) = self.datagrams.get_mut(&(id.0 + UDP_NUMBERS)) {
                d.waiters.wake(Wait::Read);
            }
        }
        while let Some(id) = self.raw.poll_readable() {
            any = true;
            if let Some(d) = self.datagrams.get_mut(&(id.0 + RAW_NUMBERS)) {
                d.waiters.wake(Wait::Read);
            }
        }
        any
    }
}
