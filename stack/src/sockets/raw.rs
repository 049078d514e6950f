//! Raw sockets: packets of one IP protocol.

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;

use super::Process;
use crate::node::SocketId;

/// A raw socket; closed when dropped.
#[derive(Debug)]
pub struct RawSocket {
    p: Process,
    id: SocketId,
}

impl RawSocket {
    pub(super) fn new(p: &Process, at: IpAddr, protocol: u8) -> io::Result<Self> {
        let id = p.stack().borrow_mut().raw_open(p.owner(), at, protocol)?;
        Ok(Self { p: p.clone(), id })
    }

    /// Sends `bytes` behind an IP header that the stack makes.
    pub fn send_to(&self, bytes: &[u8], to: IpAddr) -> io::Result<usize> {
        self.p.stack().borrow_mut().raw_send(self.id, bytes, to)
    }

    /// The bytes behind the IP header of the next packet, and its sender.
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, IpAddr)> {
        poll_fn(|cx| self.p.stack().borrow_mut().raw_poll_recv(self.id, buffer, cx.waker())).await
    }
}

impl Drop for RawSocket {
    fn drop(&mut self) {
        self.p.stack().borrow_mut().raw_close(self.id);
    }
}
