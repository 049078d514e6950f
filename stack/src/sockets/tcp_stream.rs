//! TCP connections.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::Process;
use crate::engine::tcp::{ConnectionId, SocketOptions};

/// A connection. Calls take `&self`, so that one task may read while another writes; at most one
/// task may wait for each.
///
/// Dropped, it is closed: what was written still goes out, unless [`TcpStream::set_linger`] says
/// otherwise. Data that nobody read makes it a reset.
#[derive(Debug)]
pub struct TcpStream {
    p: Process,
    id: ConnectionId,
    local: SocketAddr,
    peer: SocketAddr,
    linger: Cell<Option<Duration>>,
}

impl TcpStream {
    pub(super) async fn connect(
        p: &Process,
        from: Option<SocketAddr>,
        to: SocketAddr,
        o: &SocketOptions,
    ) -> io::Result<Self> {
        let options = SocketOptions { owner: p.owner(), ..o.clone() };
        let id = p.stack().borrow_mut().tcp_connect(from, to, options)?;
        // From here on the socket is closed when the future is dropped.
        let (local, peer) = p.stack().borrow().tcp_ends(id)?;
        let stream = Self { p: p.clone(), id, local, peer, linger: Cell::new(None) };
        poll_fn(|cx| p.stack().borrow_mut().tcp_poll_connect(id, cx.waker())).await?;
        Ok(stream)
    }

    pub(super) fn accepted(p: &Process, id: ConnectionId) -> io::Result<Self> {
        let (local, peer) = p.stack().borrow().tcp_ends(id)?;
        Ok(Self { p: p.clone(), id, local, peer, linger: Cell::new(None) })
    }

    /// Reads what has arrived, at least one byte; 0 when the other end has closed.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        poll_fn(|cx| self.p.stack().borrow_mut().tcp_poll_read(self.id, buffer, cx.waker())).await
    }

    /// Reads exactly so much; fails when the other end closes before.
    pub async fn read_exact(&self, buffer: &mut [u8]) -> io::Result<()> {
        let mut at = 0;
        while at < buffer.len() {
            match self.read(&mut buffer[at..]).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => at += n,
            }
        }
        Ok(())
    }

    /// Hands over some bytes, at least one of those that are not none.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        poll_fn(|cx| self.p.stack().borrow_mut().tcp_poll_write(self.id, bytes, cx.waker())).await
    }

    /// Hands over all bytes.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let n = self.write(bytes).await?;
            bytes = &bytes[n..];
        }
        Ok(())
    }

    /// Nothing more will be written: the other end reads to the end. May be called again.
    pub fn shutdown_write(&self) -> io::Result<()> {
        self.p.stack().borrow_mut().tcp_shutdown(self.id)
    }

    /// Waits until the other end has acknowledged everything, the end included, or fails with the
    /// connection. For use behind [`TcpStream::shutdown_write`].
    pub async fn closed(&self) -> io::Result<()> {
        poll_fn(|cx| self.p.stack().borrow_mut().tcp_poll_closed(self.id, cx.waker())).await
    }

    /// Ends the connection with a reset.
    pub fn abort(self) {
        self.p.stack().borrow_mut().tcp_abort(self.id);
    }

    /// This end.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The other end.
    #[must_use]
    pub const fn peer_addr(&self) -> SocketAddr {
        self.peer
    }

    /// Connection identifier, as NETSTAT and traces show it.
    #[must_use]
    pub const fn connection_id(&self) -> u32 {
        self.id.cid()
    }

    /// Small segments do not wait for acknowledgments (`TCP_NODELAY`).
    pub fn set_nodelay(&self, on: bool) {
        self.set_options(&|o| o.no_delay = on);
    }

    /// Probes an idle connection after so long; `None` does not.
    pub fn set_keepalive(&self, idle: Option<Duration>) {
        self.set_options(&|o| o.keepalive = idle);
    }

    /// What dropping does: zero resets, another time resets when the rest is not acknowledged
    /// within it, `None` sends the rest however long it takes.
    pub fn set_linger(&self, linger: Option<Duration>) {
        self.linger.set(linger);
        self.set_options(&|o| o.reset_on_close = linger == Some(Duration::ZERO));
    }

    /// Changes options.
    pub fn set_options(&self, change: &dyn Fn(&mut SocketOptions)) {
        self.p.stack().borrow_mut().tcp_set_options(self.id, change);
    }
}

impl Drop for TcpStream {
    fn drop(&mut self) {
        match self.linger.get() {
            Some(d) if !d.is_zero() => {
                // Whoever drops does not wait; a task of the address space does.
                let (p, id) = (self.p.clone(), self.id);
                let _ = p.stack().borrow_mut().tcp_shutdown(id);
                self.p.spawn(async move {
                    let gone = poll_fn(|cx| p.stack().borrow_mut().tcp_poll_closed(id, cx.waker()));
                    let within = p.timeout(d, gone).await;
                    let mut stack = p.stack().borrow_mut();
                    match within {
                        Some(_) => stack.tcp_close(id),
                        None => stack.tcp_abort(id),
                    }
                });
            }
            _ => self.p.stack().borrow_mut().tcp_close(self.id),
        }
    }
}
