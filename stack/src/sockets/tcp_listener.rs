//! Listening TCP sockets.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;

use super::{Process, TcpStream};
use crate::engine::tcp::{ConnectionId, SocketOptions};

/// A socket that accepts connections; dropped, it stops, and connections that nobody accepted are
/// reset.
#[derive(Debug)]
pub struct TcpListener {
    p: Process,
    id: ConnectionId,
    local: SocketAddr,
}

impl TcpListener {
    pub(super) fn new(p: &Process, at: SocketAddr, backlog: usize, o: &SocketOptions) -> io::Result<Self> {
        let options = SocketOptions { owner: p.owner(), ..o.clone() };
        let (id, local) = p.stack().borrow_mut().tcp_listen(at, backlog, options)?;
        Ok(Self { p: p.clone(), id, local })
    }

    /// The next connection and its other end.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let id = poll_fn(|cx| self.p.stack().borrow_mut().tcp_poll_accept(self.id, cx.waker())).await?;
        let stream = TcpStream::accepted(&self.p, id)?;
        let peer = stream.peer_addr();
        Ok((stream, peer))
    }

    /// Where it listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }
}

impl Drop for TcpListener {
    fn drop(&mut self) {
        self.p.stack().borrow_mut().tcp_close(self.id);
    }
}
