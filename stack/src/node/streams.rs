//! TCP sockets of a stack: the engine's calls as the sockets layer wants them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::{Poll, Waker};

use formats::ctrace::events::sockets::{
    SocketCall, SocketClosed, SocketConnected, SocketData, SocketFailed, SocketOpened, SocketWaits,
};
use formats::ctrace::events::{Direction, Options, Protocol};

use super::TcpIp;
use super::tcpip::cx;
use super::waiters::Wait;
use crate::engine::tcp::connection::Connection;
use crate::engine::tcp::{ConnectionId, Error, Event, Reason, Shutdown, SocketOptions, State};

/// Ports tried when any will do.
const TRIES: u32 = 1000;

/// The error of the standard library for an engine's.
fn error(e: Error) -> io::Error {
    use io::ErrorKind as K;
    let kind = match e {
        Error::NotFound => K::NotConnected,
        Error::WouldBlock => K::WouldBlock,
        Error::NoRoute => K::NetworkUnreachable,
        Error::InUse => K::AddrInUse,
        Error::NoPorts => K::AddrNotAvailable,
        Error::TooMany => K::QuotaExceeded,
        Error::Invalid => K::InvalidInput,
        Error::Shut => K::BrokenPipe,
        Error::Ended(r) => return ended(r),
    };
    io::Error::new(kind, e)
}

fn ended(r: Reason) -> io::Error {
    use io::ErrorKind as K;
    let kind = match r {
        Reason::Closed => K::NotConnected,
        Reason::Refused => K::ConnectionRefused,
        Reason::Reset => K::ConnectionReset,
        Reason::TimedOut | Reason::KeepaliveTimedOut | Reason::FinWait2TimedOut => K::TimedOut,
        Reason::HostUnreachable => K::HostUnreachable,
        Reason::PortUnreachable => K::ConnectionRefused,
        _ => K::ConnectionAborted,
    };
    io::Error::new(kind, Error::Ended(r))
}

/// The number of an error in trace records, as the system has it.
fn errno(e: Error) -> u16 {
    match e {
        Error::NotFound => 1124,
        Error::Shut => 140,
        Error::WouldBlock => 1102,
        Error::NoRoute => 1118,
        Error::InUse => 1115,
        Error::NoPorts => 1116,
        Error::TooMany => 1122,
        Error::Invalid => 121,
        Error::Ended(Reason::Refused) => 1128,
        Error::Ended(Reason::Reset) => 1121,
        Error::Ended(Reason::TimedOut | Reason::KeepaliveTimedOut) => 1127,
        Error::Ended(_) => 1120,
    }
}

/// The end of this side is not acknowledged yet.
pub(super) fn is_closing(c: &Connection) -> bool {
    c.reason.is_none() && !matches!(c.state, State::FinWait2 | State::TimeWait | State::Closed)
}

impl TcpIp {
    /// Listens; port 0 is any free one. Returns where.
    pub fn tcp_listen(
        &mut self,
        at: SocketAddr,
        backlog: usize,
        options: SocketOptions,
    ) -> io::Result<(ConnectionId, SocketAddr)> {
        // The IPv6 wildcard takes IPv4 as well.
        let address = match at.ip() {
            IpAddr::V6(a) if a.is_unspecified() => None,
            a => Some(a),
        };
        let owner = options.owner;
        let mut tries = if at.port() == 0 { TRIES } else { 1 };
        loop {
            let port = match at.port() {
                0 => {
                    let (first, last) = self.tcp.config().ephemeral_ports;
                    first + self.random.below(u64::from(last.saturating_sub(first)) + 1) as u16
                }
                p => p,
            };
            let listened = self.tcp.listen(&mut cx!(self), address, port, backlog, options.clone());
            tries -= 1;
            match listened {
                Ok(id) => {
                    let event =
                        SocketOpened { call: SocketCall::LISTEN, protocol: 6, address: at.ip(), port };
                    self.tracer.event(&owner.subject(id.cid(), port, at.ip()), &event);
                    self.dirty = true;
                    return Ok((id, SocketAddr::new(at.ip(), port)));
                }
                Err(Error::InUse) if tries > 0 => {}
                Err(e) => {
                    self.failed(&owner.nobody(), SocketCall::LISTEN, e);
                    return Err(error(e));
                }
            }
        }
    }

    fn failed(&self, subject: &ctrace::Subject, call: SocketCall, e: Error) {
        self.tracer.event(subject, &SocketFailed { call, error: errno(e) });
    }

    /// Whom a connection's trace records name.
    fn subject(&self, id: ConnectionId) -> ctrace::Subject {
        self.tcp.connection(id).map_or_else(|| self.owner.nobody(), |c| c.subject)
    }

    /// Begins to open a connection.
    pub fn tcp_connect(
        &mut self,
        from: Option<SocketAddr>,
        to: SocketAddr,
        options: SocketOptions,
    ) -> io::Result<ConnectionId> {
        let owner = options.owner;
        let opened = self.tcp.connect(&mut cx!(self), &self.ip, from, to, options);
        self.dirty = true;
        opened.map_err(|e| {
            self.failed(&owner.subject(0, 0, to.ip()), SocketCall::CONNECT, e);
            error(e)
        })
    }

    /// Both ends of a connection.
    pub fn tcp_ends(&self, id: ConnectionId) -> io::Result<(SocketAddr, SocketAddr)> {
        let c = self.tcp.connection(id).ok_or(io::ErrorKind::NotConnected)?;
        Ok((c.tuple.local, c.tuple.remote))
    }

    fn wait<T>(&mut self, id: ConnectionId, call: SocketCall, what: Wait, waker: &Waker) -> Poll<T> {
        self.waiters.entry(id.cid()).or_default().add(what, waker);
        if self.tracer.records(Options::QUEUE) {
            self.tracer.event(&self.subject(id), &SocketWaits { call });
        }
        Poll::Pending
    }

    /// Waits until a connection is open.
    pub fn tcp_poll_connect(&mut self, id: ConnectionId, waker: &Waker) -> Poll<io::Result<()>> {
        let Some(c) = self.tcp.connection(id) else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        if let Some(r) = c.reason {
            self.failed(&c.subject, SocketCall::CONNECT, Error::Ended(r));
            return Poll::Ready(Err(ended(r)));
        }
        if matches!(c.state, State::SynSent | State::SynReceived) {
            return self.wait(id, SocketCall::CONNECT, Wait::Write, waker);
        }
        self.connected(id, SocketCall::CONNECT);
        Poll::Ready(Ok(()))
    }

    fn connected(&self, id: ConnectionId, call: SocketCall) {
        if let Some(c) = self.tcp.connection(id) {
            let waited = self.now.since(c.since).as_micros() as u64;
            let (address, port) = (c.tuple.remote.ip(), c.tuple.remote.port());
            let event = SocketConnected { call, address, port, waited_us: waited };
            self.tracer.event(&c.subject, &event);
        }
    }

    /// Waits for a connection to accept.
    pub fn tcp_poll_accept(&mut self, id: ConnectionId, waker: &Waker) -> Poll<io::Result<ConnectionId>> {
        match self.tcp.accept(&mut cx!(self), id) {
            Ok((new, _)) => {
                self.dirty = true;
                self.connected(new, SocketCall::ACCEPT);
                Poll::Ready(Ok(new))
            }
            Err(Error::WouldBlock) => self.wait(id, SocketCall::ACCEPT, Wait::Read, waker),
            Err(e) => Poll::Ready(Err(error(e))),
        }
    }

    /// Waits for data.
    pub fn tcp_poll_read(
        &mut self,
        id: ConnectionId,
        to: &mut [u8],
        waker: &Waker,
    ) -> Poll<io::Result<usize>> {
        match self.tcp.recv(&mut cx!(self), id, to) {
            Ok(n) => {
                self.dirty = true;
                self.flowed(id, SocketCall::RECEIVE, to.len(), &to[..n]);
                Poll::Ready(Ok(n))
            }
            Err(Error::WouldBlock) => self.wait(id, SocketCall::RECEIVE, Wait::Read, waker),
            Err(e) => {
                self.failed(&self.subject(id), SocketCall::RECEIVE, e);
                Poll::Ready(Err(error(e)))
            }
        }
    }

    /// Waits for room and hands over what fits.
    pub fn tcp_poll_write(
        &mut self,
        id: ConnectionId,
        bytes: &[u8],
        waker: &Waker,
    ) -> Poll<io::Result<usize>> {
        match self.tcp.send(&mut cx!(self), id, bytes) {
            Ok(0) if !bytes.is_empty() => self.wait(id, SocketCall::SEND, Wait::Write, waker),
            Ok(n) => {
                self.dirty = true;
                self.flowed(id, SocketCall::SEND, bytes.len(), &bytes[..n]);
                Poll::Ready(Ok(n))
            }
            Err(Error::WouldBlock) => self.wait(id, SocketCall::SEND, Wait::Write, waker),
            Err(e) => {
                self.failed(&self.subject(id), SocketCall::SEND, e);
                Poll::Ready(Err(error(e)))
            }
        }
    }

    /// Traces data that passed the socket.
    #[inline]
    fn flowed(&mut self, id: ConnectionId, call: SocketCall, asked: usize, data: &[u8]) {
        let events = self.tracer.records(SOCKET_DATA);
        if !events && !self.tracer.traces_data() {
            return;
        }
        let Some(c) = self.tcp.connection(id) else { return };
        if events {
            let event = SocketData { call, length: data.len() as u32, asked: asked as u32 };
            self.tracer.event(&c.subject, &event);
        }
        let direction = if call == SocketCall::SEND { Direction::OUT } else { Direction::IN };
        let ends = (c.tuple.local, c.tuple.remote);
        let owner = c.options.owner;
        if !data.is_empty() {
            self.trace_data(owner, id.cid(), Protocol::TCP, direction, ends, data);
        }
    }

    /// Nothing more will be written.
    pub fn tcp_shutdown(&mut self, id: ConnectionId) -> io::Result<()> {
        self.dirty = true;
        match self.tcp.shutdown(&mut cx!(self), id, Shutdown::Write) {
            Ok(()) | Err(Error::Ended(Reason::Closed)) => Ok(()),
            Err(e) => Err(error(e)),
        }
    }

    /// Waits until everything, FIN included, is acknowledged.
    pub fn tcp_poll_closed(&mut self, id: ConnectionId, waker: &Waker) -> Poll<io::Result<()>> {
        let Some(c) = self.tcp.connection(id) else { return Poll::Ready(Ok(())) };
        match c.reason {
            _ if is_closing(c) => {
                self.waiters.entry(id.cid()).or_default().add(Wait::Closed, waker);
                self.closing.insert(id.cid(), id);
                Poll::Pending
            }
            None | Some(Reason::Closed) => Poll::Ready(Ok(())),
            Some(r) => Poll::Ready(Err(ended(r))),
        }
    }

    /// The application is done with a connection or listener.
    pub fn tcp_close(&mut self, id: ConnectionId) {
        self.let_go(id, SocketCall::CLOSE);
        // A listener, or a connection that is gone already.
        if self.tcp.close(&mut cx!(self), id).is_err() {
            let _ = self.tcp.unlisten(&mut cx!(self), id);
        }
        self.dirty = true;
    }

    /// Resets a connection.
    pub fn tcp_abort(&mut self, id: ConnectionId) {
        self.let_go(id, SocketCall::ABORT);
        let _ = self.tcp.abort(&mut cx!(self), id);
        self.dirty = true;
    }

    fn let_go(&mut self, id: ConnectionId, call: SocketCall) {
        self.waiters.remove(&id.cid());
        self.closing.remove(&id.cid());
        let Some(c) = self.tcp.connection(id) else { return };
        let (owner, ends) = (c.options.owner, (c.tuple.local, c.tuple.remote));
        let (bytes_in, bytes_out) = (c.counters.bytes_in, c.counters.bytes_out);
        self.tracer.event(&c.subject, &SocketClosed { call, bytes_in, bytes_out });
        self.trace_flow_end(owner, id.cid(), Protocol::TCP, ends);
    }

    /// Changes options of a connection.
    pub fn tcp_set_options(&mut self, id: ConnectionId, change: &dyn Fn(&mut SocketOptions)) {
        let _ = self.tcp.set_options(&mut cx!(self), id, |o| change(o));
        self.dirty = true;
    }

    /// Wakes who waits for what TCP tells.
    pub(super) fn tcp_events(&mut self) -> bool {
        let mut any = false;
        while let Some(e) = self.tcp.poll_event() {
            any = true;
            let (id, what) = match e {
                Event::Connected(id) | Event::Writable(id) => (id, Some(Wait::Write)),
                Event::Acceptable(id) | Event::Readable(id) | Event::Urgent(id) => (id, Some(Wait::Read)),
                Event::Closed(id, _) => (id, None),
            };
            if let Some(w) = self.waiters.get_mut(&id.cid()) {
                match what {
                    Some(what) => w.wake(what),
                    None => w.wake_all(),
                }
            }
        }
        any
    }
}

/// Options under which data of sockets are recorded.
const SOCKET_DATA: Options = Options(Options::SOCKET.0 | Options::PFS.0);
