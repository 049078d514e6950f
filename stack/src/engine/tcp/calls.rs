//! What applications call (RFC 9293 section 3.9.1).

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use formats::ctrace::events::tcp::{Accepted, ActiveOpen, Call, ListenBegun, ListenEnded, TcpCall};

use super::config::SocketOptions;
use super::connection::{Connection, Holder, code};
use super::env::trace;
use super::listener::Listener;
use super::state::{Reason, State};
use super::table::{ConnectionId, Tuple};
use super::timers::Timer;
use super::{Event, Tcp};
use crate::engine::{Context, Instant, Paths};
use std::collections::VecDeque;
use std::time::Duration;

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// There is no such connection or listener any more.
    NotFound,
    /// Nothing to read, or no room, now.
    WouldBlock,
    /// No route to the destination.
    NoRoute,
    /// Address and port are in use.
    InUse,
    /// No port is free.
    NoPorts,
    /// There are as many connections as there may be.
    TooMany,
    /// The call does not fit the addresses it was given.
    Invalid,
    /// This side was shut for sending.
    Shut,
    /// The connection is over.
    Ended(Reason),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("no such connection"),
            Self::WouldBlock => f.write_str("would block"),
            Self::NoRoute => f.write_str("no route"),
            Self::InUse => f.write_str("address in use"),
            Self::NoPorts => f.write_str("no free port"),
            Self::TooMany => f.write_str("too many connections"),
            Self::Invalid => f.write_str("invalid address"),
            Self::Shut => f.write_str("shut for sending"),
            Self::Ended(r) => write!(f, "connection {r}"),
        }
    }
}

impl std::error::Error for Error {}

/// Which directions [`Tcp::shutdown`] ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// No more is read; what comes is taken and forgotten.
    Read,
    /// No more is sent: a FIN follows what was handed over.
    Write,
    /// Both.
    Both,
}

impl Tcp {
    /// Opens a connection. `local` may leave the address unspecified and the port 0.
    pub fn connect(
        &mut self,
        cx: &mut Context<'_>,
        paths: &dyn Paths,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        options: SocketOptions,
    ) -> Result<ConnectionId, Error> {
        let bad = |a: IpAddr| a.is_unspecified() || a.is_multicast();
        if remote.port() == 0 || bad(remote.ip()) || local.is_some_and(|l| l.is_ipv4() != remote.is_ipv4()) {
            return Err(Error::Invalid);
        }
        if self.table.len() >= self.config.max_connections {
            return Err(Error::TooMany);
        }
        let unspecified = match remote {
            SocketAddr::V4(_) => IpAddr::from([0; 4]),
            SocketAddr::V6(_) => IpAddr::from([0; 16]),
        };
        let wanted = local.map_or(unspecified, |l| l.ip());
        let path = paths.path(wanted, remote.ip()).ok_or(Error::NoRoute)?;
        let source = if wanted.is_unspecified() { path.source } else { wanted };
        let mut after = None;
        let port = match local.map_or(0, |l| l.port()) {
            0 => self.free_port(cx, source, remote).ok_or(Error::NoPorts)?,
            p => {
                let tuple = Tuple { local: SocketAddr::new(source, p), remote };
                after = self.reopen(cx, tuple)?;
                p
            }
        };
        let tuple = Tuple { local: SocketAddr::new(source, port), remote };
        let iss = self.secrets.isn_after(tuple.local, tuple.remote, cx.now, after);
        let cid = self.next_cid();
        let mut c = Connection::new(&self.config, cid, tuple, options, iss, path.mtu, cx.now);
        c.ts.offset = self.secrets.clock_offset(tuple.local, tuple.remote);
        c.syn_due = true;
        trace(
            cx.trace,
            &c.subject,
            &ActiveOpen {
                local: source,
                local_port: port,
                remote: remote.ip(),
                remote_port: remote.port(),
                iss: iss.0,
            },
        );
        self.stats.active_opens += 1;
        let id = self.table.insert(Box::new(c));
        self.with(cx, id.slot, |c, env| {
            c.enter(env, State::SynSent);
            c.arm_retransmit(env.now);
        });
        self.settle(cx, id.slot);
        Ok(id)
    }

    /// The tuple of a new connection may belong to one in TIME-WAIT, which gives way when its
    /// peer can tell the two apart by their timestamps (RFC 6191): its SND.NXT.
    fn reopen(&mut self, cx: &Context<'_>, tuple: Tuple) -> Result<Option<super::seq::Seq>, Error> {
        let Some(slot) = self.table.find(&tuple) else { return Ok(None) };
        let c = self.table.get(slot).ok_or(Error::InUse)?;
        let idle = cx.now.since(c.heard_at) > Duration::from_secs(1);
        if c.state != State::TimeWait || !c.ts.on || !idle {
            return Err(Error::InUse);
        }
        let nxt = c.snd_nxt;
        self.stats.time_wait_reused += 1;
        self.end_time_wait(cx, slot);
        Ok(Some(nxt))
    }

    /// A port of this side, chosen at random (RFC 6056).
    fn free_port(&mut self, cx: &mut Context<'_>, source: IpAddr, remote: SocketAddr) -> Option<u16> {
        let (first, last) = self.config.ephemeral_ports;
        let count = u64::from(last.checked_sub(first)?) + 1;
        let start = cx.random.below(count);
        (0..count).map(|i| first + ((start + i) % count) as u16).find(|&port| {
            let local = SocketAddr::new(source, port);
            !self.listeners.port_taken(port) && self.table.find(&Tuple { local, remote }).is_none()
        })
    }

    /// Listens. `address` is `None` for all addresses of both families.
    pub fn listen(
        &mut self,
        cx: &mut Context<'_>,
        address: Option<IpAddr>,
        port: u16,
        backlog: usize,
        options: SocketOptions,
    ) -> Result<ConnectionId, Error> {
        if port == 0 || address.is_some_and(|a| a.is_multicast()) {
            return Err(Error::Invalid);
        }
        if self.listeners.taken(address, port) {
            return Err(Error::InUse);
        }
        let cid = self.next_cid();
        let any = address.unwrap_or(IpAddr::from([0; 4]));
        let subject = options.owner.subject(cid, port, IpAddr::from([0; 4]));
        let backlog = backlog.max(1);
        trace(cx.trace, &subject, &ListenBegun { local: any, port, backlog: backlog as u32 });
        Ok(self.listeners.insert(Listener {
            id: ConnectionId { slot: 0, cid },
            address,
            port,
            backlog,
            options,
            subject,
            half_open: VecDeque::new(),
            half: 0,
            complete: VecDeque::new(),
            cookies_until: Instant::START,
            told: false,
            accepted: 0,
            dropped: 0,
            since: cx.now,
        }))
    }

    /// Takes the oldest connection that waits, and its peer's address.
    pub fn accept(
        &mut self,
        cx: &mut Context<'_>,
        listener: ConnectionId,
    ) -> Result<(ConnectionId, SocketAddr), Error> {
        let l = self.listeners.by_id(listener).ok_or(Error::NotFound)?;
        let Some(id) = l.complete.pop_front() else {
            l.told = false;
            return Err(Error::WouldBlock);
        };
        l.accepted += 1;
        let queued = l.complete.len() as u32;
        l.told = queued > 0;
        if l.told {
            self.events.push_back(Event::Acceptable(listener));
        }
        let c = self.table.get_mut(id.slot).ok_or(Error::NotFound)?;
        c.holder = Holder::Application;
        let remote = c.tuple.remote;
        trace(cx.trace, &c.subject, &Accepted { remote: remote.ip(), port: remote.port(), queued });
        let news = c.rx.ready() > 0 || !c.state.can_receive();
        self.with(cx, id.slot, |c, env| {
            if news {
                c.tell_readable(env);
            }
            if c.rcv_up.is_some() {
                env.events.push_back(Event::Urgent(id));
            }
        });
        self.settle(cx, id.slot);
        Ok((id, remote))
    }

    /// Stops listening. Connections nobody accepted are reset.
    pub fn unlisten(&mut self, cx: &mut Context<'_>, listener: ConnectionId) -> Result<(), Error> {
        let l = self.listeners.remove(listener).ok_or(Error::NotFound)?;
        let mut dropped = 0;
        for id in l.half_open.iter().chain(&l.complete) {
            let waits = |c: &&Connection| c.id == *id && c.holder == Holder::Listener(listener);
            if self.table.get(id.slot).filter(waits).is_some() {
                dropped += 1;
                self.with(cx, id.slot, |c, env| {
                    c.rst_due = true;
                    c.end(env, Reason::Aborted);
                });
                self.settle(cx, id.slot);
            }
        }
        trace(cx.trace, &l.subject, &ListenEnded { port: l.port, dropped });
        Ok(())
    }

    fn owned(&mut self, id: ConnectionId) -> Result<&mut Connection, Error> {
        let c = self.table.get_mut(id.slot).filter(|c| c.id == id && c.holder == Holder::Application);
        c.ok_or(Error::NotFound)
    }

    fn note(&self, cx: &Context<'_>, id: ConnectionId, call: TcpCall, value: usize) {
        if let Some(c) = self.table.get(id.slot) {
            trace(cx.trace, &c.subject, &Call { call, value: value as u32, state: code(c.state) });
        }
    }

    /// Hands data over; says how many bytes were taken.
    pub fn send(&mut self, cx: &mut Context<'_>, id: ConnectionId, bytes: &[u8]) -> Result<usize, Error> {
        let c = self.owned(id)?;
        if let Some(r) = c.reason {
            return Err(Error::Ended(r));
        }
        if c.fin || !c.state.can_send() {
            return Err(Error::Shut);
        }
        let n = c.tx.push(bytes);
        c.wants_room = n < bytes.len();
        if n == 0 && !bytes.is_empty() {
            return Err(Error::WouldBlock);
        }
        self.note(cx, id, TcpCall::SEND, n);
        self.settle(cx, id.slot);
        Ok(n)
    }

    /// Hands data over whose last byte is urgent (`MSG_OOB`).
    pub fn send_urgent(
        &mut self,
        cx: &mut Context<'_>,
        id: ConnectionId,
        bytes: &[u8],
    ) -> Result<usize, Error> {
        let n = self.send(cx, id, bytes)?;
        if n == bytes.len() && n > 0 {
            let c = self.owned(id)?;
            c.snd_up = Some(c.data_end());
            // The peer is told even when its window is closed (RFC 9293 section 3.8.5).
            c.ack_now |= c.snd_wnd == 0 && c.state.synchronized();
            self.note(cx, id, TcpCall::SEND_URGENT, n);
            self.settle(cx, id.slot);
        }
        Ok(n)
    }

    /// Bytes that [`Self::send`] would take.
    #[must_use]
    pub fn send_room(&self, id: ConnectionId) -> usize {
        self.connection(id).filter(|c| c.reason.is_none() && !c.fin).map_or(0, |c| c.tx.room())
    }

    /// Reads; 0 bytes are the end of data. Stops in front of urgent data, so that
    /// [`Self::at_mark`] can be asked.
    pub fn recv(&mut self, cx: &mut Context<'_>, id: ConnectionId, to: &mut [u8]) -> Result<usize, Error> {
        let c = self.owned(id)?;
        c.told_readable = false;
        let mut most = to.len();
        if let Some(mark) = mark(c) {
            if mark > 0 {
                most = most.min(mark);
            } else {
                c.rcv_up = None;
            }
        }
        let n = c.rx.read(&mut to[..most]);
        if n == 0 && !to.is_empty() {
            return match c.reason {
                Some(Reason::Closed) => Ok(0),
                Some(r) => Err(Error::Ended(r)),
                None if c.read_shut || !c.state.can_receive() => Ok(0),
                None => Err(Error::WouldBlock),
            };
        }
        if c.window_update_due() {
            c.ack_now = true;
        }
        self.with(cx, id.slot, |c, env| {
            // Whatever is left, and the end of data, are told anew.
            if c.rx.ready() > 0 || !c.state.can_receive() {
                c.tell_readable(env);
            }
        });
        self.note(cx, id, TcpCall::RECV, n);
        self.settle(cx, id.slot);
        Ok(n)
    }

    /// Copies what could be read.
    pub fn peek(&mut self, id: ConnectionId, to: &mut [u8]) -> Result<usize, Error> {
        Ok(self.owned(id)?.rx.peek(to))
    }

    /// Bytes that can be read.
    #[must_use]
    pub fn readable(&self, id: ConnectionId) -> usize {
        self.connection(id).map_or(0, |c| c.rx.ready())
    }

    /// The next byte to read is the urgent one (`SIOCATMARK`).
    #[must_use]
    pub fn at_mark(&self, id: ConnectionId) -> bool {
        self.connection(id).and_then(mark) == Some(0)
    }

    /// Ends one direction or both.
    pub fn shutdown(&mut self, cx: &mut Context<'_>, id: ConnectionId, how: Shutdown) -> Result<(), Error> {
        let c = self.owned(id)?;
        if let Some(r) = c.reason {
            return Err(Error::Ended(r));
        }
        if how != Shutdown::Write {
            c.read_shut = true;
            c.rx.skip(c.rx.ready());
            c.ack_now |= c.window_update_due();
        }
        if how != Shutdown::Read {
            c.fin = true;
        }
        self.note(cx, id, TcpCall::SHUTDOWN, how as usize);
        self.settle(cx, id.slot);
        Ok(())
    }

    /// The application is done with it. What it handed over is still delivered, unless the
    /// options say otherwise or data were left unread: those reset the connection.
    pub fn close(&mut self, cx: &mut Context<'_>, id: ConnectionId) -> Result<(), Error> {
        let c = self.owned(id)?;
        c.holder = Holder::Nobody;
        if c.reason.is_some() {
            self.settle(cx, id.slot);
            return Ok(());
        }
        self.note(cx, id, TcpCall::CLOSE, 0);
        self.with(cx, id.slot, |c, env| {
            let unread = c.rx.ready() > 0 && !c.read_shut;
            match c.state {
                State::SynSent => c.end(env, Reason::Closed),
                State::TimeWait => c.rx.free(),
                _ if c.options.reset_on_close || unread => {
                    c.rst_due = true;
                    c.end(env, Reason::Aborted);
                }
                _ => {
                    c.fin = true;
                    c.start_fin_wait_2(env);
                }
            }
        });
        self.settle(cx, id.slot);
        Ok(())
    }

    /// Resets the connection and lets go of it.
    pub fn abort(&mut self, cx: &mut Context<'_>, id: ConnectionId) -> Result<(), Error> {
        let c = self.owned(id)?;
        c.holder = Holder::Nobody;
        self.note(cx, id, TcpCall::ABORT, 0);
        self.with(cx, id.slot, |c, env| c.abort(env, Reason::Aborted));
        self.settle(cx, id.slot);
        Ok(())
    }

    /// Resets a connection by its number, as the operator's DROP command does. Its application
    /// learns of it and keeps what it holds. False when there is none.
    pub fn drop_connection(&mut self, cx: &mut Context<'_>, cid: u32) -> bool {
        let Some(slot) = self.table.iter().find(|c| c.id.cid == cid).map(|c| c.id.slot) else {
            return false;
        };
        self.with(cx, slot, |c, env| c.abort(env, Reason::Aborted));
        self.settle(cx, slot);
        true
    }

    /// The stack stops: all connections are reset, nobody listens any more. The resets are still
    /// to be taken from [`Self::poll_transmit`].
    pub fn stop(&mut self, cx: &mut Context<'_>) {
        let listeners: Vec<ConnectionId> = self.listeners.iter().map(|l| l.id).collect();
        for l in listeners {
            let _ = self.unlisten(cx, l);
        }
        let slots: Vec<u32> = self.table.iter().map(|c| c.id.slot).collect();
        for slot in slots {
            self.with(cx, slot, |c, env| c.abort(env, Reason::Stopped));
            self.settle(cx, slot);
        }
    }

    /// Changes options while the connection exists.
    pub fn set_options(
        &mut self,
        cx: &mut Context<'_>,
        id: ConnectionId,
        change: impl FnOnce(&mut SocketOptions),
    ) -> Result<(), Error> {
        self.owned(id)?;
        self.note(cx, id, TcpCall::OPTION, 0);
        self.with(cx, id.slot, |c, env| {
            change(&mut c.options);
            let (config, o) = (env.config, &c.options);
            c.tx.limit = o.send_buffer.unwrap_or(config.send_buffer).max(1) as usize;
            c.rx.limit = o.receive_buffer.unwrap_or(config.receive_buffer).max(1) as usize;
            if o.user_timeout.is_none() {
                c.timers.stop(Timer::User);
            }
            c.subject = o.owner.subject(c.id.cid, c.tuple.local.port(), c.tuple.remote.ip());
            c.restart_keepalive(env);
        });
        self.settle(cx, id.slot);
        Ok(())
    }

    /// Options of the peer's SYN as they stood.
    #[must_use]
    pub fn peer_syn_options(&self, id: ConnectionId) -> &[u8] {
        self.connection(id).map_or(&[], |c| c.peer_syn.as_bytes())
    }
}

/// Bytes the application reads before the urgent one.
fn mark(c: &Connection) -> Option<usize> {
    let next = c.next_read();
    let up = c.rcv_up? - 1;
    next.le(up).then(|| up.since(next) as usize)
}
