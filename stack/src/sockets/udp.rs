//! Datagram sockets.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};

use super::Process;
use crate::node::SocketId;

/// A UDP socket; closed when dropped.
#[derive(Debug)]
pub struct UdpSocket {
    p: Process,
    id: SocketId,
    local: SocketAddr,
}

impl UdpSocket {
    pub(super) fn new(p: &Process, at: SocketAddr) -> io::Result<Self> {
        let (id, local) = p.stack().borrow_mut().udp_bind(p.owner(), at)?;
        Ok(Self { p: p.clone(), id, local })
    }

    /// Sends one datagram.
    pub fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.p.stack().borrow_mut().udp_send(self.id, bytes, Some(to))
    }

    /// Sends one datagram to the peer of [`UdpSocket::connect`].
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.p.stack().borrow_mut().udp_send(self.id, bytes, None)
    }

    /// The next datagram and its sender; what does not fit into `buffer` is lost.
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        poll_fn(|cx| self.p.stack().borrow_mut().udp_poll_recv(self.id, buffer, cx.waker())).await
    }

    /// The next datagram.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.recv_from(buffer).await?.0)
    }

    /// Takes datagrams of `peer` alone from now on, and learns what ICMP says about it: refused
    /// ports become errors.
    pub fn connect(&self, peer: SocketAddr) -> io::Result<()> {
        self.p.stack().borrow_mut().udp_connect(self.id, peer)
    }

    /// Joins a multicast group on an interface.
    pub fn join(&self, group: IpAddr, interface: u16) -> io::Result<()> {
        self.p.stack().borrow_mut().udp_join(self.id, group, interface)
    }

    /// Where it is bound.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }
}

impl Drop for UdpSocket {
    fn drop(&mut self) {
        self.p.stack().borrow_mut().udp_close(self.id);
    }
}
