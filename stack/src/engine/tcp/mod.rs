//! TCP: RFC 9293 with the documents named in the files below. Sans-IO.
//!
//! ```text
//! mod          the engine: segments, timers and what is to be sent find their connection
//! calls        what applications call
//! listen       requests of peers
//! connection   the transmission control block and its ends
//! input        segments that arrive: RFC 9293 3.10.7, PAWS (7323), challenge ACKs (5961)
//! output       segments to send: Nagle, silly windows, SACK recovery's choice, probes
//! recovery     what acknowledgments mean: NewReno (6582), SACK (2018, 6675)
//! congestion   NewReno (5681), CUBIC (9438)
//! rtt          RFC 6298
//! timers       retransmission, persist, delayed ACK, keepalive, 2MSL, user timeout
//! pmtu         ICMP (1191, 8201, 5927), black holes (2923)
//! cookies, isn SYN cookies (4987), initial sequence numbers (6528)
//! table        connections by number and by addresses; wakeups: by time
//! ```
//!
//! The owner calls [`Tcp::handle_segment`], [`Tcp::handle_icmp`] and [`Tcp::handle_timeout`], then
//! takes segments from [`Tcp::poll_transmit`] until there are none, events from
//! [`Tcp::poll_event`], and comes back at [`Tcp::poll_timeout`] at the latest.

pub mod buffers;
pub mod calls;
pub mod config;
pub mod congestion;
pub mod connection;
pub mod cookies;
pub mod env;
pub mod event;
pub mod info;
pub mod input;
pub mod isn;
pub mod listen;
pub mod listener;
pub mod output;
pub mod pmtu;
pub mod ranges;
pub mod recovery;
pub mod ring;
pub mod rtt;
pub mod sack;
pub mod segment;
pub mod seq;
pub mod state;
pub mod stats;
pub mod table;
pub mod timers;
pub mod wakeups;

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use formats::ctrace::events::tcp::{ResetSent, TcpDrop};
use formats::net::tcp::{Flags, Header};
use formats::net::tcp_options::Options;

use self::config::{Owner, SynOptions};
use self::connection::{Connection, Holder};
use self::env::Env;
use self::input::Verdict;
use self::isn::Secrets;
use self::listener::Listeners;
use self::output::{SynSegment, TCP, pseudo};
use self::segment::Segment;
use self::seq::Seq;
use self::table::{Table, Tuple};
use self::wakeups::{NEVER, Wakeups};
use super::{Context, IcmpError, Incoming, Instant, Outgoing, Path, Paths, Random};

pub use calls::{Error, Shutdown};
pub use config::{Algorithm, Config, SocketOptions};
pub use event::Event;
pub use info::Info;
pub use state::{Reason, State};
pub use stats::{Counters, Stats};
pub use table::ConnectionId;

/// Answers without a connection that may wait; more are dropped.
const MOST_REPLIES: usize = 256;

/// A segment that belongs to no connection.
#[derive(Debug)]
struct Reply {
    segment: SynSegment,
    tos: u8,
}

/// The engine.
#[derive(Debug)]
pub struct Tcp {
    config: Config,
    secrets: Secrets,
    table: Table,
    listeners: Listeners,
    wakeups: Wakeups,
    ready: VecDeque<(u32, u32)>,
    replies: VecDeque<Reply>,
    events: VecDeque<Event>,
    /// Connections in TIME-WAIT by age; some may be gone already.
    time_waits: VecDeque<ConnectionId>,
    stats: Stats,
    last_cid: u32,
    /// A connection in TIME-WAIT that just gave way, and its SND.NXT.
    reused: Option<(Tuple, Seq)>,
}

impl Tcp {
    /// An engine without connections.
    #[must_use]
    pub fn new(config: Config, random: &mut Random) -> Self {
        Self {
            config,
            secrets: Secrets::new(random),
            table: Table::new(random.u64()),
            listeners: Listeners::new(random.u64()),
            wakeups: Wakeups::default(),
            ready: VecDeque::new(),
            replies: VecDeque::new(),
            events: VecDeque::new(),
            time_waits: VecDeque::new(),
            stats: Stats::default(),
            last_cid: 0,
            reused: None,
        }
    }

    /// Settings.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Settings; what exists keeps what it was made with.
    pub const fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    /// Counters.
    #[must_use]
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    /// A segment came in, behind its IP header.
    pub fn handle_segment(&mut self, cx: &mut Context<'_>, incoming: &Incoming, bytes: &[u8]) {
        self.stats.segments_in += 1;
        let Ok(h) = Header::new(bytes) else {
            self.stats.bad_header += 1;
            return;
        };
        if !incoming.checksum_checked
            && !pseudo(incoming.src, incoming.dst).is_some_and(|p| h.checksum_ok(&p))
        {
            self.stats.bad_checksum += 1;
            return;
        }
        let tuple = Tuple {
            local: SocketAddr::new(incoming.dst, h.dst_port()),
            remote: SocketAddr::new(incoming.src, h.src_port()),
        };
        let slot = self.table.find(&tuple);
        if let Some(slot) = slot {
            let taken = self.with(cx, slot, |c, env| c.predicted(env, &h));
            if taken == Some(true) {
                self.settle(cx, slot);
                return;
            }
        }
        let Ok(options) = Options::parse(h.option_bytes()) else {
            self.stats.bad_header += 1;
            self.drop_segment(cx, &h, TcpDrop::MALFORMED);
            return;
        };
        if incoming.many || incoming.src.is_multicast() || incoming.src.is_unspecified() {
            self.drop_segment(cx, &h, TcpDrop::MANY);
            return;
        }
        match slot {
            Some(slot) if !self.reuse_time_wait(cx, slot, &h, &options) => {
                self.step_connection(cx, slot, &h, &options, incoming.tos);
            }
            _ => self.step_listener(cx, tuple, &h, &options, incoming.tos),
        }
    }

    fn drop_segment(&mut self, cx: &Context<'_>, h: &Header<'_>, why: TcpDrop) {
        let s = Segment::new(h, &Options::default());
        let (_, env) = self.split(cx);
        env.dropped(&Owner::default().nobody(), &s, why);
    }

    fn step_connection(&mut self, cx: &mut Context<'_>, slot: u32, h: &Header<'_>, o: &Options, tos: u8) {
        let Some(c) = self.table.get(slot) else { return };
        let (was, tuple) = (c.state, c.tuple);
        // The last step of opening waits until the listener has room for it.
        if let (State::SynReceived, Holder::Listener(l)) = (was, c.holder)
            && h.flags().contains(Flags::ACK)
            && !h.flags().contains(Flags::RST)
            && self.listeners.by_id(l).is_some_and(|l| l.complete.len() >= l.backlog)
        {
            self.backlog_full(cx, l, h);
            return;
        }
        let verdict = self.with(cx, slot, |c, env| c.segment(env, h, o));
        if let Some(Verdict::Reset(seq)) = verdict {
            self.reset(cx, tuple, seq, None, tos);
        }
        if was == State::SynReceived {
            self.opened(cx, slot);
        }
        self.settle(cx, slot);
    }

    /// A RST from nowhere: with an acknowledgment when the segment had none.
    fn reset(&mut self, cx: &Context<'_>, tuple: Tuple, seq: Seq, ack: Option<Seq>, tos: u8) {
        let flags = if ack.is_some() { Flags::RST.with(Flags::ACK) } else { Flags::RST };
        let segment = SynSegment {
            tuple,
            seq,
            ack: ack.unwrap_or_default(),
            flags,
            window: 0,
            options: Options::default(),
            extra: SynOptions::default(),
        };
        let subject = Owner::default().subject(0, tuple.local.port(), tuple.remote.ip());
        env::trace(
            cx.trace,
            &subject,
            &ResetSent { seq: seq.0, ack: segment.ack.0, state: connection::code(State::Closed) },
        );
        self.stats.resets_out += 1;
        self.reply(Reply { segment, tos });
    }

    fn reply(&mut self, r: Reply) {
        if self.replies.len() < MOST_REPLIES {
            self.stats.segments_out += 1;
            self.replies.push_back(r);
        }
    }

    /// An ICMP error came that quotes a segment.
    pub fn handle_icmp(&mut self, cx: &mut Context<'_>, e: &IcmpError) {
        let (Some((src, dst)), Some(&[a, b, c, d])) =
            (e.ports(), e.quoted.get(4..).and_then(|q| q.first_chunk()))
        else {
            self.stats.icmp_ignored += 1;
            return;
        };
        let tuple = Tuple { local: SocketAddr::new(e.src, src), remote: SocketAddr::new(e.dst, dst) };
        let Some(slot) = self.table.find(&tuple) else {
            self.stats.icmp_ignored += 1;
            return;
        };
        self.with(cx, slot, |conn, env| conn.icmp(env, e, Seq(u32::from_be_bytes([a, b, c, d]))));
        self.settle(cx, slot);
    }

    /// Runs the timers that are due.
    pub fn handle_timeout(&mut self, cx: &mut Context<'_>) {
        while let Some((when, slot, cid)) = self.wakeups.due(cx.now) {
            let Some(c) = self.table.get_mut(slot) else { continue };
            if c.id.cid != cid || c.wakeup != when {
                continue;
            }
            c.wakeup = NEVER;
            self.with(cx, slot, |c, env| c.run_timers(env));
            self.settle(cx, slot);
        }
    }

    /// When [`Self::handle_timeout`] wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.wakeups.next()
    }

    /// What the owners of sockets have to know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Writes the next segment behind what is in `out`: TCP header and data. The checksum is
    /// filled unless the path offloads it or the segment is to be cut ([`Outgoing::segment_size`]).
    /// `None`, with `out` as it was, when nothing is to be sent.
    pub fn poll_transmit(
        &mut self,
        cx: &mut Context<'_>,
        paths: &dyn Paths,
        out: &mut Vec<u8>,
    ) -> Option<Outgoing> {
        while let Some(mut r) = self.replies.pop_front() {
            let (src, dst) = (r.segment.tuple.local.ip(), r.segment.tuple.remote.ip());
            let Some(path) = paths.path(src, dst) else { continue };
            if r.segment.options.mss.is_some() {
                r.segment.options.mss = Some(Connection::largest_segment(&r.segment.tuple, path.mtu) as u16);
            }
            r.segment.write(path.checksum_offload, out);
            return Some(Outgoing { tos: r.tos, ..Outgoing::new(src, dst, TCP) });
        }
        let start = out.len();
        while let Some((slot, cid)) = self.ready.pop_front() {
            let Some(c) = self.table.get_mut(slot).filter(|c| c.id.cid == cid) else { continue };
            let path = way(c, paths);
            // One that has nothing to send now is asked again after its next step.
            let sent = self.with(cx, slot, |c, env| {
                let sent = c.transmit(env, path.as_ref(), out);
                c.queued = sent.is_none();
                sent
            });
            let sent = sent.flatten();
            self.settle(cx, slot);
            if let (None, Some(c)) = (sent, self.table.get_mut(slot)) {
                c.queued = false;
            }
            match sent {
                Some(o) if path.is_some() => return Some(o),
                // Without a route it is as good as lost.
                _ => out.truncate(start),
            }
        }
        None
    }

    /// Splits off what a step of a connection needs.
    #[inline]
    fn split<'a>(&'a mut self, cx: &Context<'a>) -> (&'a mut Table, Env<'a>) {
        let env = Env {
            now: cx.now,
            config: &self.config,
            stats: &mut self.stats,
            events: &mut self.events,
            tracer: cx.trace,
        };
        (&mut self.table, env)
    }

    /// A step of a connection.
    #[inline]
    fn with<R>(
        &mut self,
        cx: &Context<'_>,
        slot: u32,
        f: impl FnOnce(&mut Connection, &mut Env<'_>) -> R,
    ) -> Option<R> {
        let (table, mut env) = self.split(cx);
        Some(f(table.get_mut(slot)?, &mut env))
    }

    /// After a step: queues, wake-ups, and whether the connection is still needed.
    #[inline]
    fn settle(&mut self, cx: &Context<'_>, slot: u32) {
        let Some(c) = self.table.get_mut(slot) else { return };
        if !c.queued && c.may_send() {
            c.queued = true;
            self.ready.push_back((slot, c.id.cid));
        }
        let next = c.timers.next();
        if next < c.wakeup {
            c.wakeup = next;
            self.wakeups.add(next, slot, c.id.cid);
        }
        if c.reason.is_some() || c.state == State::TimeWait {
            self.settle_end(cx, slot);
        }
    }

    #[cold]
    fn settle_end(&mut self, cx: &Context<'_>, slot: u32) {
        let Some(c) = self.table.get_mut(slot) else { return };
        let (id, holder) = (c.id, c.holder);
        if c.state == State::TimeWait {
            if !std::mem::replace(&mut c.in_time_wait, true) {
                self.time_waits.push_back(id);
                self.limit_time_waits(cx);
            }
            return;
        }
        let pending = c.rst_due;
        self.table.unlink(slot);
        if let Holder::Listener(l) = holder {
            if let Some(l) = self.listeners.by_id(l) {
                let waiting = l.complete.len();
                l.complete.retain(|x| *x != id);
                if waiting == l.complete.len() {
                    l.half = l.half.saturating_sub(1);
                }
            }
            if let Some(c) = self.table.get_mut(slot) {
                c.holder = Holder::Nobody;
            }
        }
        if holder != Holder::Application && !pending {
            self.table.remove(slot);
        }
    }

    fn limit_time_waits(&mut self, cx: &Context<'_>) {
        let waits = |t: &Table, id: ConnectionId| {
            t.get(id.slot).is_some_and(|c| c.id == id && c.state == State::TimeWait)
        };
        while let Some(&id) = self.time_waits.front() {
            if waits(&self.table, id) {
                if self.time_waits.len() <= self.config.max_time_wait {
                    break;
                }
                self.with(cx, id.slot, |c, env| c.end(env, Reason::Closed));
                self.settle_end(cx, id.slot);
            }
            self.time_waits.pop_front();
        }
    }

    /// A number for a new connection or listener.
    fn next_cid(&mut self) -> u32 {
        self.last_cid = self.last_cid.wrapping_add(1).max(1);
        self.last_cid
    }

    /// Everything NETSTAT shows: listeners, then connections.
    pub fn all(&self) -> impl Iterator<Item = Info> {
        let listeners = self.listeners.iter().map(|l| {
            let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
            let local = SocketAddr::new(l.address.unwrap_or(any), l.port);
            let tuple = Tuple { local, remote: SocketAddr::new(any, 0) };
            let fresh =
                Connection::new(&self.config, l.id.cid, tuple, l.options.clone(), Seq(0), 1500, l.since);
            Info::of_listener(l, &fresh)
        });
        listeners.chain(self.table.iter().map(Info::of))
    }

    /// What NETSTAT shows of one connection.
    #[must_use]
    pub fn info(&self, id: ConnectionId) -> Option<Info> {
        self.table.get(id.slot).filter(|c| c.id == id).map(Info::of)
    }

    /// The connection itself, for displays and dumps.
    #[must_use]
    pub fn connection(&self, id: ConnectionId) -> Option<&Connection> {
        self.table.get(id.slot).filter(|c| c.id == id)
    }

    /// Connections that exist, half-open ones and those in TIME-WAIT included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// There is no connection.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }
}

/// The way of a connection, from what it remembers when that is still true.
fn way(c: &mut Connection, paths: &dyn Paths) -> Option<Path> {
    let generation = paths.generation();
    match (c.path, generation) {
        (Some((then, p)), Some(now)) if then == now => Some(p),
        _ => {
            let p = paths.path(c.tuple.local.ip(), c.tuple.remote.ip());
            c.path = p.and_then(|p| Some((generation?, p)));
            if let (Some(p), 0) = (p, c.syns) {
                c.first_mtu(p.mtu);
            }
            p
        }
    }
}
