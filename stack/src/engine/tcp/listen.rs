//! Requests of peers (RFC 9293 section 3.10.7.2, and 3.10.7.1 where nobody listens).

use formats::ctrace::events::Hex32;
use formats::ctrace::events::tcp::{
    AcceptQueued, BacklogFull, CookieSent, CookieTaken, PassiveOpen, TcpDrop, TimeWaitReused,
};
use formats::net::tcp::{Flags, Header};
use formats::net::tcp_options::{Options, Timestamps};

use super::config::SynOptions;
use super::connection::{Connection, Holder, scale_for};
use super::env::trace;
use super::output::SynSegment;
use super::segment::Segment;
use super::seq::Seq;
use super::state::{Reason, State};
use super::table::{ConnectionId, Tuple};
use super::{Event, Reply, Tcp, cookies};
use crate::engine::Context;

/// A request: a SYN, or what a SYN cookie remembers of one.
#[derive(Clone, Copy)]
struct Request<'a> {
    tuple: Tuple,
    segment: Segment<'a>,
    options: &'a Options,
    /// The options as they stood.
    raw: &'a [u8],
    tos: u8,
}

impl Tcp {
    /// A segment that belongs to no connection.
    pub(super) fn step_listener(
        &mut self,
        cx: &mut Context<'_>,
        tuple: Tuple,
        h: &Header<'_>,
        o: &Options,
        tos: u8,
    ) {
        let s = Segment::new(h, o);
        if s.has(Flags::RST) {
            return;
        }
        let listener = self.listeners.find(tuple.local);
        if let (Some(l), true, false) = (listener, s.has(Flags::SYN), s.has(Flags::ACK)) {
            if tuple.local == tuple.remote {
                // The packet of a LAND attack would open a connection with itself.
                self.drop_segment(cx, h, TcpDrop::SELF);
            } else if !s.has(Flags::FIN) && tuple.remote.port() != 0 {
                self.request(cx, l, &Request { tuple, segment: s, options: o, raw: h.option_bytes(), tos });
            }
            return;
        }
        if let Some(l) = listener
            && s.has(Flags::ACK)
            && !s.has(Flags::SYN)
            && self.cookie_back(cx, l, tuple, h, o, tos)
        {
            return;
        }
        if s.has(Flags::SYN) && listener.is_none() {
            self.stats.refused += 1;
        }
        self.drop_segment(cx, h, TcpDrop::NO_CONNECTION);
        if s.has(Flags::ACK) {
            self.reset(cx, tuple, s.ack, None, tos);
        } else {
            self.reset(cx, tuple, Seq(0), Some(s.end()), tos);
        }
    }

    fn request(&mut self, cx: &mut Context<'_>, slot: u32, r: &Request<'_>) {
        let tuple = r.tuple;
        let full = self.table.len() >= self.config.max_connections;
        let Some(l) = self.listeners.get_mut(slot) else { return };
        trace(
            cx.trace,
            &l.subject,
            &PassiveOpen {
                local: tuple.local.ip(),
                local_port: tuple.local.port(),
                remote: tuple.remote.ip(),
                remote_port: tuple.remote.port(),
                irs: r.segment.seq.0,
            },
        );
        let crowded = l.half >= self.config.syn_queue;
        if l.complete.len() >= l.backlog || (full && !self.config.syn_cookies) {
            let id = l.id;
            self.note_full(cx, id);
            return;
        }
        if full || (crowded && self.config.syn_cookies) {
            self.send_cookie(cx, slot, r);
            return;
        }
        if crowded {
            self.drop_oldest(cx, slot);
        }
        let before = self.reused.take().filter(|(t, _)| *t == tuple).map(|(_, nxt)| nxt);
        let iss = self.secrets.isn_after(tuple.local, tuple.remote, cx.now, before);
        self.half_open(cx, slot, iss, r);
    }

    /// Makes the connection of a request.
    fn half_open(
        &mut self,
        cx: &mut Context<'_>,
        slot: u32,
        iss: Seq,
        r: &Request<'_>,
    ) -> Option<ConnectionId> {
        let (tuple, s) = (r.tuple, &r.segment);
        let cid = self.next_cid();
        let offset = self.secrets.clock_offset(tuple.local, tuple.remote);
        let l = self.listeners.get_mut(slot)?;
        let options = l.options.clone();
        let mut c = Connection::new(&self.config, cid, tuple, options, iss, 65_535, cx.now);
        c.passive = true;
        c.holder = Holder::Listener(l.id);
        c.ts.offset = offset;
        c.state = State::Listen;
        (c.irs, c.rcv_nxt) = (s.seq, s.seq + 1);
        (c.rcv_adv, c.last_ack_sent) = (c.rcv_nxt, c.rcv_nxt);
        // The window of a SYN is never scaled.
        c.snd_wnd = s.window.into();
        (c.snd_wl1, c.max_snd_wnd, c.raw_window) = (s.seq, c.snd_wnd, s.window);
        c.syn_due = true;
        let id = self.table.insert(Box::new(c));
        l.half += 1;
        l.half_open.push_back(id);
        // Those that went another way are left in the queue until it is twice as long as it may be.
        if l.half_open.len() > 2 * self.config.syn_queue.max(8) {
            let table = &self.table;
            l.half_open.retain(|id| {
                table.get(id.slot).is_some_and(|c| c.id == *id && c.state == State::SynReceived)
            });
        }
        self.with(cx, id.slot, |c, env| {
            c.negotiate(env, r.options, r.raw);
            c.enter(env, State::SynReceived);
            c.arm_retransmit(env.now);
        });
        self.settle(cx, id.slot);
        Some(id)
    }

    /// A half-open connection may have become a complete one.
    pub(super) fn opened(&mut self, cx: &Context<'_>, slot: u32) {
        let Some(c) = self.table.get_mut(slot) else { return };
        let Holder::Listener(listener) = c.holder else { return };
        if c.state < State::Established || c.reason.is_some() {
            return;
        }
        self.stats.passive_opens += 1;
        let id = c.id;
        let Some(l) = self.listeners.by_id(listener) else { return };
        l.half = l.half.saturating_sub(1);
        l.complete.push_back(id);
        trace(
            cx.trace,
            &c.subject,
            &AcceptQueued { queued: l.complete.len() as u32, backlog: l.backlog as u32 },
        );
        if !std::mem::replace(&mut l.told, true) {
            self.events.push_back(Event::Acceptable(listener));
        }
    }

    fn note_full(&mut self, cx: &Context<'_>, id: ConnectionId) {
        self.stats.backlog_drops += 1;
        let Some(l) = self.listeners.by_id(id) else { return };
        l.dropped += 1;
        trace(
            cx.trace,
            &l.subject,
            &BacklogFull {
                half_open: l.half as u32,
                queued: l.complete.len() as u32,
                backlog: l.backlog as u32,
            },
        );
    }

    pub(super) fn backlog_full(&mut self, cx: &Context<'_>, id: ConnectionId, h: &Header<'_>) {
        self.note_full(cx, id);
        self.drop_segment(cx, h, TcpDrop::BACKLOG);
    }

    fn drop_oldest(&mut self, cx: &Context<'_>, slot: u32) {
        let Some(l) = self.listeners.get_mut(slot) else { return };
        let id = l.id;
        while let Some(old) = l.half_open.pop_front() {
            let half = |c: &&Connection| c.id == old && c.state == State::SynReceived;
            if self.table.get(old.slot).filter(half).is_some() {
                self.with(cx, old.slot, |c, env| c.end(env, Reason::Dropped));
                self.settle(cx, old.slot);
                self.note_full(cx, id);
                return;
            }
        }
    }

    fn send_cookie(&mut self, cx: &mut Context<'_>, slot: u32, r: &Request<'_>) {
        let (tuple, s, o) = (r.tuple, &r.segment, r.options);
        let (iss, bits) = cookies::make(&self.secrets, &tuple, s.seq, o, cx.now);
        let Some(l) = self.listeners.get_mut(slot) else { return };
        l.cookies_until = cx.now + cookies::LIFE * 2;
        let receive = l.options.receive_buffer.unwrap_or(self.config.receive_buffer);
        let offset = self.secrets.clock_offset(tuple.local, tuple.remote);
        let ts = o.timestamps.filter(|_| self.config.timestamps).map(|t| {
            // The clock with its low bits replaced, and never ahead.
            let clock = (cx.now.millis() as u32).wrapping_add(offset);
            let value = (clock & !31 | bits).wrapping_sub(if clock & 31 < bits { 32 } else { 0 });
            Timestamps { value, echo: t.value }
        });
        let scaled = self.config.window_scaling && ts.is_some() && o.window_scale.is_some();
        let options = Options {
            mss: Some(1),
            window_scale: scaled.then(|| scale_for(receive)),
            sack_permitted: ts.is_some() && o.sack_permitted && self.config.sack,
            timestamps: ts,
            ..Options::default()
        };
        trace(cx.trace, &l.subject, &CookieSent { cookie: Hex32(iss.0), mss: o.mss.unwrap_or(0).into() });
        self.stats.cookies_sent += 1;
        let segment = SynSegment {
            tuple,
            seq: iss,
            ack: s.seq + 1,
            flags: Flags::SYN.with(Flags::ACK),
            window: receive.min(65_535) as u16,
            options,
            extra: SynOptions::default(),
        };
        self.reply(Reply { segment, tos: r.tos });
    }

    /// True when the segment was the answer to a SYN cookie.
    fn cookie_back(
        &mut self,
        cx: &mut Context<'_>,
        slot: u32,
        tuple: Tuple,
        h: &Header<'_>,
        o: &Options,
        tos: u8,
    ) -> bool {
        let (iss, irs) = (Seq(h.ack()) - 1, Seq(h.seq()) - 1);
        let Some(l) = self.listeners.get_mut(slot) else { return false };
        if l.cookies_until < cx.now {
            return false;
        }
        let offered = cookies::check(&self.secrets, &tuple, irs, iss, o.timestamps, cx.now);
        let Some(offered) = offered else { return false };
        if l.complete.len() >= l.backlog || self.table.len() >= self.config.max_connections {
            let id = l.id;
            self.note_full(cx, id);
            return true;
        }
        trace(
            cx.trace,
            &l.subject,
            &CookieTaken { cookie: Hex32(iss.0), mss: offered.mss.unwrap_or(0).into() },
        );
        self.stats.cookies_taken += 1;
        let segment = Segment { seq: irs, data: &[], ..Segment::new(h, o) };
        let syn = Request { tuple, segment, options: &offered, raw: &[], tos };
        let Some(id) = self.half_open(cx, slot, iss, &syn) else { return true };
        self.with(cx, id.slot, |c, _| {
            (c.syn_due, c.syns) = (false, 1);
            c.snd_nxt = iss + 1;
            c.rcv_adv = c.rcv_nxt + (c.rx.room() as u32).min(65_535);
        });
        self.step_connection(cx, id.slot, h, o, tos);
        true
    }

    /// A request for the addresses and ports of a connection in TIME-WAIT (RFC 9293 section
    /// 3.10.7.4, RFC 6191): true when it is gone and the request can be served.
    pub(super) fn reuse_time_wait(
        &mut self,
        cx: &mut Context<'_>,
        slot: u32,
        h: &Header<'_>,
        o: &Options,
    ) -> bool {
        let Some(c) = self.table.get_mut(slot) else { return true };
        let syn = h.flags().0 & (Flags::SYN.0 | Flags::ACK.0 | Flags::RST.0) == Flags::SYN.0;
        if c.state != State::TimeWait || !syn || self.listeners.find(c.tuple.local).is_none() {
            return false;
        }
        let seq = Seq(h.seq());
        let newer = match (c.ts.on, o.timestamps) {
            (true, Some(ts)) if ts.value != c.ts.recent => (ts.value.wrapping_sub(c.ts.recent) as i32) > 0,
            _ => seq.gt(c.rcv_nxt),
        };
        if !newer {
            return false;
        }
        trace(cx.trace, &c.subject, &TimeWaitReused { seq: seq.0, expected: c.rcv_nxt.0 });
        let (tuple, nxt) = (c.tuple, c.snd_nxt);
        self.stats.time_wait_reused += 1;
        self.end_time_wait(cx, slot);
        self.reused = Some((tuple, nxt));
        true
    }

    /// Ends a connection in TIME-WAIT ahead of its time.
    pub(super) fn end_time_wait(&mut self, cx: &Context<'_>, slot: u32) {
        self.with(cx, slot, |c, env| c.end(env, Reason::Closed));
        self.settle(cx, slot);
        self.table.unlink(slot);
    }
}
