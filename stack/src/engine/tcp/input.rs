//! Segments that arrive (RFC 9293 section 3.10.7, with RFC 5961 and RFC 7323).

use formats::ctrace::events::Hex16;
use formats::ctrace::events::tcp::{
    ChallengeAck, Duplicate, OutOfOrder, ResetReceived, SegmentIn, TcpDrop, UrgentIn, WindowClosed,
    WindowOpened,
};
use formats::net::tcp::{Flags, Header};
use formats::net::tcp_options::Options;
use std::time::Duration;

use super::connection::{Connection, Holder, Recovery, code};
use super::env::Env;
use super::event::Event;
use super::segment::{Segment, only_timestamps};
use super::seq::Seq;
use super::state::{Reason, State};
use super::timers::Timer;

/// TS.Recent is void when nothing came for so long (RFC 7323 section 5.5).
const PAWS_IDLE: Duration = Duration::from_secs(24 * 24 * 3600);
/// Time in which challenge acknowledgments are counted.
const CHALLENGE_TIME: Duration = Duration::from_secs(5);
/// Least time between answers to segments without data that are outside of the window.
const OOW_TIME: Duration = Duration::from_millis(500);

/// What the engine has to answer to a segment by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing; the connection sends what is due.
    Done,
    /// A RST with this sequence number.
    Reset(Seq),
}

impl Connection {
    /// The predicted path: an established connection gets the next data, or an acknowledgment of
    /// what it has sent, with nothing unusual. False when the segment has to go the long way.
    #[inline]
    pub fn predicted(&mut self, env: &mut Env<'_>, h: &Header<'_>) -> bool {
        let flags = h.flags();
        let (seq, ack, data) = (Seq(h.seq()), Seq(h.ack()), h.payload());
        if self.state != State::Established
            || flags.0 & !Flags::PSH.0 != Flags::ACK.0
            || seq != self.rcv_nxt
            || h.window() != self.raw_window
            || self.snd_wnd == 0
            || self.recovery != Recovery::Open
            || ack.lt(self.snd_una)
            || ack.gt(self.snd_nxt)
            || self.rx.has_gaps()
            || self.rcv_fin.is_some()
            || !self.board.is_empty()
            || data.len() > self.rcv_wnd() as usize
            || (data.is_empty() && ack == self.snd_una)
            || self.holder == Holder::Nobody
            || self.read_shut
        {
            return false;
        }
        let mut echo = None;
        if self.ts.on {
            let Some(ts) = only_timestamps(h.option_bytes()) else { return false };
            if (ts.value.wrapping_sub(self.ts.recent) as i32) < 0 {
                return false;
            }
            if seq.le(self.last_ack_sent) {
                (self.ts.recent, self.ts.recent_at) = (ts.value, env.now);
            }
            echo = Some(ts.echo);
        } else if !h.option_bytes().is_empty() {
            return false;
        }
        env.stats.header_predictions += 1;
        self.counters.segments_in += 1;
        self.heard_at = env.now;
        (self.snd_wl1, self.snd_wl2) = (seq, ack);
        env.trace(
            &self.subject,
            &SegmentIn {
                seq: seq.0,
                ack: ack.0,
                flags: Hex16(flags.0),
                window: self.snd_wnd,
                len: data.len() as u32,
            },
        );
        self.keepalives = 0;
        if self.options.keepalive.is_some() {
            self.restart_keepalive(env);
        }
        if ack != self.snd_una {
            self.acknowledged(env, ack, echo);
        }
        if !data.is_empty() {
            self.rx.push(data);
            self.rcv_nxt += data.len() as u32;
            self.counters.bytes_in += data.len() as u64;
            self.received(env, data.len() as u32);
            self.tell_readable(env);
        }
        true
    }

    /// A segment for a connection in any state but LISTEN.
    pub fn segment(&mut self, env: &mut Env<'_>, h: &Header<'_>, options: &Options) -> Verdict {
        let mut s = Segment::new(h, options);
        self.counters.segments_in += 1;
        env.trace(
            &self.subject,
            &SegmentIn {
                seq: s.seq.0,
                ack: s.ack.0,
                flags: Hex16(s.flags.0),
                window: u32::from(s.window) << if s.has(Flags::SYN) { 0 } else { self.snd_scale },
                len: s.data.len() as u32,
            },
        );
        if self.state == State::SynSent {
            return self.in_syn_sent(env, &s, options, h.option_bytes());
        }
        // A SYN-ACK in SYN-RECEIVED answers a SYN that crossed ours: what is new is its ACK.
        if self.state == State::SynReceived && s.has(Flags::SYN) && s.seq == self.irs {
            if !s.has(Flags::ACK) {
                self.syn_due = true;
                return Verdict::Done;
            }
            s.flags = Flags(s.flags.0 & !Flags::SYN.0);
            s.seq += 1;
        }
        if !self.timestamp_ok(env, &s) || !self.in_window(env, &mut s) {
            self.counters.drops += 1;
            return Verdict::Done;
        }
        if s.has(Flags::RST) {
            self.reset_by_peer(env, &s);
            return Verdict::Done;
        }
        if s.has(Flags::SYN) {
            env.dropped(&self.subject, &s, TcpDrop::BAD_SYN);
            self.challenge(env, &s);
            return Verdict::Done;
        }
        if !s.has(Flags::ACK) {
            env.dropped(&self.subject, &s, TcpDrop::NO_ACK);
            return Verdict::Done;
        }
        self.heard_at = env.now;
        self.keepalives = 0;
        self.restart_keepalive(env);
        if self.state == State::SynReceived {
            if s.ack.le(self.snd_una) || s.ack.gt(self.snd_nxt) {
                env.dropped(&self.subject, &s, TcpDrop::BAD_ACK);
                return Verdict::Reset(s.ack);
            }
            self.snd_wnd = u32::from(s.window) << self.snd_scale;
            (self.snd_wl1, self.snd_wl2, self.max_snd_wnd) = (s.seq, s.ack, self.snd_wnd);
            self.establish(env);
        }
        if !self.acceptable_ack(env, &s) {
            return Verdict::Done;
        }
        if let Some(ts) = s.timestamps
            && self.ts.on
            && s.seq.le(self.last_ack_sent)
            && (ts.value.wrapping_sub(self.ts.recent) as i32) >= 0
        {
            (self.ts.recent, self.ts.recent_at) = (ts.value, env.now);
        }
        self.take_ack(env, &s);
        if self.reason.is_some() {
            return Verdict::Done;
        }
        self.take_urgent(env, &s);
        self.take_data(env, &s);
        self.take_fin(env, &s);
        Verdict::Done
    }

    /// SYN-SENT (section 3.10.7.3).
    fn in_syn_sent(&mut self, env: &mut Env<'_>, s: &Segment<'_>, o: &Options, raw: &[u8]) -> Verdict {
        let acks = s.has(Flags::ACK);
        if acks && (s.ack.le(self.iss) || s.ack.gt(self.snd_nxt)) {
            env.dropped(&self.subject, s, TcpDrop::BAD_ACK);
            return if s.has(Flags::RST) { Verdict::Done } else { Verdict::Reset(s.ack) };
        }
        if s.has(Flags::RST) {
            if acks {
                env.stats.resets_in += 1;
                env.trace(&self.subject, &ResetReceived { seq: s.seq.0, state: code(self.state) });
                self.end(env, Reason::Refused);
            }
            return Verdict::Done;
        }
        if !s.has(Flags::SYN) {
            return Verdict::Done;
        }
        self.heard_at = env.now;
        (self.irs, self.rcv_nxt) = (s.seq, s.seq + 1);
        self.rcv_adv = self.rcv_nxt + (self.rx.room() as u32).min(65_535);
        self.last_ack_sent = self.rcv_nxt;
        self.negotiate(env, o, raw);
        // The window of a SYN is never scaled.
        self.snd_wnd = u32::from(s.window);
        (self.snd_wl1, self.max_snd_wnd, self.raw_window) = (s.seq, self.snd_wnd, s.window);
        if !acks {
            // Both sides opened at once.
            self.enter(env, State::SynReceived);
            self.syn_due = true;
            self.arm_retransmit(env.now);
            return Verdict::Done;
        }
        self.snd_wl2 = s.ack;
        let echo = s.timestamps.filter(|_| self.ts.on).map(|t| t.echo);
        self.measure(env, s.ack, echo);
        self.snd_una = s.ack;
        self.timers.stop(Timer::Retransmit);
        self.syn_due = false;
        self.establish(env);
        self.ack_now = true;
        // Data and FIN may come with the SYN.
        let rest = Segment { seq: s.seq + 1, flags: Flags(s.flags.0 & !Flags::SYN.0), ..*s };
        self.take_urgent(env, &rest);
        self.take_data(env, &rest);
        self.take_fin(env, &rest);
        self.choose_timer(env, false);
        Verdict::Done
    }

    /// PAWS (RFC 7323 section 5).
    fn timestamp_ok(&mut self, env: &mut Env<'_>, s: &Segment<'_>) -> bool {
        if !self.ts.on || s.has(Flags::RST) {
            return true;
        }
        let Some(ts) = s.timestamps else {
            // RFC 7323 section 3.2: silently.
            env.dropped(&self.subject, s, TcpDrop::NO_TIMESTAMP);
            return false;
        };
        let old = (ts.value.wrapping_sub(self.ts.recent) as i32) < 0;
        if !old || env.now.since(self.ts.recent_at) > PAWS_IDLE {
            if old {
                self.ts.recent = ts.value;
            }
            return true;
        }
        env.stats.paws_drops += 1;
        env.dropped(&self.subject, s, TcpDrop::PAWS);
        self.answer_outside(env, s);
        false
    }

    /// The sequence number check (section 3.10.7.4, first); cuts off what is outside.
    fn in_window(&mut self, env: &mut Env<'_>, s: &mut Segment<'_>) -> bool {
        let wnd = self.rcv_wnd();
        let edge = self.rcv_nxt + wnd;
        let len = s.seq_len();
        let ok = if len == 0 {
            s.seq == self.rcv_nxt || (s.seq.gt(self.rcv_nxt) && s.seq.lt(edge))
        } else {
            s.seq.lt(edge) && s.end().gt(self.rcv_nxt)
        };
        if !ok {
            self.outside(env, s, len, wnd);
            return false;
        }
        if s.seq.lt(self.rcv_nxt) && !s.has(Flags::RST.with(Flags::SYN)) {
            let cut = self.rcv_nxt.since(s.seq).min(s.data.len() as u32);
            if cut > 0 {
                env.stats.partial_duplicates += 1;
                self.counters.duplicates += 1;
                env.trace(&self.subject, &Duplicate { seq: s.seq.0, len: cut, expected: self.rcv_nxt.0 });
                self.ack_now = true;
            }
            s.data = &s.data[cut as usize..];
            s.seq = self.rcv_nxt;
        }
        let room = edge.since(s.seq);
        if s.data.len() as u32 > room {
            env.stats.after_window += 1;
            s.data = &s.data[..room as usize];
            s.flags = Flags(s.flags.0 & !Flags::FIN.0);
        }
        true
    }

    #[cold]
    fn outside(&mut self, env: &mut Env<'_>, s: &Segment<'_>, len: u32, wnd: u32) {
        if s.data.len() as u32 == len && len > 0 && s.end().le(self.rcv_nxt) {
            env.stats.duplicate_segments += 1;
            self.counters.duplicates += 1;
            env.trace(&self.subject, &Duplicate { seq: s.seq.0, len, expected: self.rcv_nxt.0 });
        } else if s.seq == self.rcv_nxt && wnd == 0 && len > 0 {
            env.stats.window_probes_in += 1;
        } else if s.seq.ge(self.rcv_nxt) {
            env.stats.after_window += 1;
        }
        env.dropped(&self.subject, s, TcpDrop::OUTSIDE_WINDOW);
        if s.has(Flags::RST) {
            return;
        }
        // The FIN of a peer that did not get our ACK.
        if self.state == State::TimeWait && s.has(Flags::FIN) {
            self.start_time_wait(env);
        }
        // A probe carries an acknowledgment and a window that count.
        if s.has(Flags::ACK)
            && !s.has(Flags::SYN)
            && self.state >= State::Established
            && s.seq.le(self.rcv_nxt)
            && s.seq.ge(self.rcv_nxt - 1)
            && s.ack.ge(self.snd_una)
            && s.ack.le(self.snd_nxt)
        {
            self.heard_at = env.now;
            self.keepalives = 0;
            let only_ack = Segment { seq: self.rcv_nxt, data: &[], ..*s };
            self.take_ack(env, &only_ack);
        }
        self.answer_outside(env, s);
    }

    /// An acknowledgment for a segment outside of the window; without data it may belong to a
    /// loop of acknowledgments and is answered now and then only.
    fn answer_outside(&mut self, env: &Env<'_>, s: &Segment<'_>) {
        if s.data.is_empty() && !s.has(Flags::SYN.with(Flags::FIN)) {
            if self.oow_at.is_some_and(|at| env.now.since(at) < OOW_TIME) {
                return;
            }
            self.oow_at = Some(env.now);
        }
        self.ack_now = true;
    }

    /// A challenge acknowledgment (RFC 5961), in limited number.
    fn challenge(&mut self, env: &mut Env<'_>, s: &Segment<'_>) {
        if env.now.since(self.challenges.0) >= CHALLENGE_TIME {
            self.challenges = (env.now, 0);
        }
        let sent = self.challenges.1 < env.config.challenge_limit;
        if sent {
            self.challenges.1 += 1;
            self.counters.challenge_acks += 1;
            env.stats.challenge_acks += 1;
            self.ack_now = true;
        }
        env.trace(&self.subject, &ChallengeAck { seq: s.seq.0, ack: s.ack.0, flags: Hex16(s.flags.0), sent });
    }

    /// RFC 5961 section 3: only a RST with exactly the next number is believed.
    fn reset_by_peer(&mut self, env: &mut Env<'_>, s: &Segment<'_>) {
        if s.seq != self.rcv_nxt {
            env.dropped(&self.subject, s, TcpDrop::BAD_RESET);
            self.challenge(env, s);
            return;
        }
        env.stats.resets_in += 1;
        env.trace(&self.subject, &ResetReceived { seq: s.seq.0, state: code(self.state) });
        let reason = match self.state {
            State::SynReceived => Reason::Refused,
            State::TimeWait | State::LastAck | State::Closing => Reason::Closed,
            _ => Reason::Reset,
        };
        self.end(env, reason);
    }

    /// RFC 5961 section 5: an ACK of what was not sent, or of what is long acknowledged.
    fn acceptable_ack(&mut self, env: &mut Env<'_>, s: &Segment<'_>) -> bool {
        if s.ack.gt(self.snd_nxt) || s.ack.lt(self.snd_una - self.max_snd_wnd) {
            let why = if s.ack.gt(self.snd_nxt) { TcpDrop::BAD_ACK } else { TcpDrop::OLD_ACK };
            env.dropped(&self.subject, s, why);
            self.challenge(env, s);
            return false;
        }
        true
    }

    /// Acknowledgment and window (section 3.10.7.4, fifth).
    fn take_ack(&mut self, env: &mut Env<'_>, s: &Segment<'_>) {
        let window = u32::from(s.window) << self.snd_scale;
        let news = self.sack_ok && !s.sack.as_slice().is_empty() && self.take_sack(env, s);
        let old_window = self.snd_wnd;
        let newer = self.snd_wl1.lt(s.seq) || (self.snd_wl1 == s.seq && self.snd_wl2.le(s.ack));
        if s.ack.ge(self.snd_una) && newer {
            self.snd_wnd = window;
            self.raw_window = s.window;
            (self.snd_wl1, self.snd_wl2) = (s.seq, s.ack);
            self.max_snd_wnd = self.max_snd_wnd.max(window);
        }
        if s.ack.gt(self.snd_una) {
            let echo = s.timestamps.filter(|_| self.ts.on).map(|t| t.echo);
            self.acknowledged(env, s.ack, echo);
            if self.reason.is_some() {
                return;
            }
        } else if s.ack == self.snd_una && self.flight() > 0 {
            // RFC 5681's five conditions, or RFC 6675's: something new in a SACK option.
            let same = s.data.is_empty() && !s.has(Flags::FIN) && window == old_window && window > 0;
            if if self.sack_ok { news } else { same } {
                self.duplicate_ack(env);
            }
        }
        if old_window != self.snd_wnd {
            self.window_changed(env, old_window);
        }
        self.probes = 0;
        self.choose_timer(env, false);
    }

    fn window_changed(&mut self, env: &mut Env<'_>, old: u32) {
        let waiting = self.tx.len() as u32;
        env.stats.window_updates_in += u64::from(self.snd_wnd > old);
        if self.snd_wnd == 0 && old > 0 {
            if self.has_unsent() {
                self.counters.send_stalls += 1;
            }
            env.trace(&self.subject, &WindowClosed { window: self.snd_wnd, waiting });
            self.rtt.retransmitted();
        } else if old == 0 && self.snd_wnd > 0 {
            env.trace(&self.subject, &WindowOpened { window: self.snd_wnd, waiting });
            self.timers.stop(Timer::Persist);
            self.probe_due = false;
            if self.rexmits == 0 {
                self.rtt.backoff = 0;
            }
            // What was under way may have been dropped by the closed window.
            self.choose_timer(env, true);
            if self.flight() > 0 && self.recovery == Recovery::Open {
                self.rexmit_now = true;
            }
        }
    }

    /// Everything before `ack` has arrived.
    fn acknowledged(&mut self, env: &mut Env<'_>, ack: Seq, echo: Option<u32>) {
        let flight = self.flight();
        let acked = ack.since(self.snd_una);
        self.measure(env, ack, echo);
        let data = ack.since(self.tx_base).min(self.tx.len() as u32);
        self.tx.acked(data as usize);
        self.tx_base += data;
        self.snd_una = ack;
        if self.snd_up.is_some_and(|up| up.le(ack)) {
            self.snd_up = None;
        }
        self.progress(env, acked, flight);
        self.choose_timer(env, true);
        if let Some(limit) = self.options.user_timeout {
            let waits = self.flight() > 0 || self.has_unsent();
            if waits { self.timers.set(Timer::User, env.now + limit) } else { self.timers.stop(Timer::User) }
        }
        if self.wants_room && self.tx.room() >= (self.tx.limit / 3).max(1) {
            self.wants_room = false;
            if self.holder == Holder::Application {
                env.events.push_back(Event::Writable(self.id));
            }
        }
        if self.fin_sent && ack == self.snd_nxt {
            match self.state {
                State::FinWait1 => {
                    self.enter(env, State::FinWait2);
                    self.start_fin_wait_2(env);
                }
                State::Closing => self.start_time_wait(env),
                State::LastAck => self.end(env, Reason::Closed),
                _ => {}
            }
        }
    }

    /// An orphan does not wait for ever.
    pub fn start_fin_wait_2(&mut self, env: &Env<'_>) {
        if self.state == State::FinWait2 && self.holder == Holder::Nobody {
            self.timers.set(Timer::FinWait2, env.now + env.config.fin_wait_2);
        }
    }

    fn start_time_wait(&mut self, env: &mut Env<'_>) {
        if self.state != State::TimeWait {
            self.enter(env, State::TimeWait);
        }
        self.timers.clear();
        self.timers.set(Timer::TimeWait, env.now + env.config.msl * 2);
        self.tx.free();
        if self.holder == Holder::Nobody {
            self.rx.free();
        }
    }

    /// Urgent pointer (sixth; RFC 6093: it points behind the last urgent byte).
    fn take_urgent(&mut self, env: &mut Env<'_>, s: &Segment<'_>) {
        let Some(up) = s.urgent.filter(|_| self.state.can_receive()) else { return };
        if up.gt(self.rcv_nxt) && self.rcv_up.is_none_or(|old| up.gt(old)) {
            self.rcv_up = Some(up);
            env.trace(&self.subject, &UrgentIn { pointer: up.0 });
            if self.holder == Holder::Application {
                env.events.push_back(Event::Urgent(self.id));
            }
        }
    }

    /// Data (seventh).
    fn take_data(&mut self, env: &mut Env<'_>, s: &Segment<'_>) {
        if s.data.is_empty() {
            return;
        }
        if !self.state.can_receive() {
            // The peer has sent FIN already: there is nothing behind it.
            return;
        }
        if self.holder == Holder::Nobody {
            // Section 3.6.1: data that no one will read reset the connection.
            self.rst_due = true;
            self.end(env, Reason::DataAfterClose);
            return;
        }
        let len = s.data.len() as u32;
        let gap = s.seq != self.rcv_nxt;
        let Some(next) = self.rx.insert(self.rcv_nxt, s.seq, s.data) else {
            env.dropped(&self.subject, s, TcpDrop::NO_ROOM);
            self.ack_now = true;
            return;
        };
        if gap {
            env.stats.out_of_order += 1;
            self.counters.out_of_order += 1;
            env.trace(&self.subject, &OutOfOrder { seq: s.seq.0, len, expected: self.rcv_nxt.0 });
            // At once, so that the sender learns of the gap (RFC 5681 section 4.2).
            self.ack_now = true;
            return;
        }
        let new = next.since(self.rcv_nxt);
        // A gap filled in part or in whole is acknowledged at once too.
        if new != len || self.rx.has_gaps() {
            self.ack_now = true;
        }
        self.rcv_nxt = next;
        self.counters.bytes_in += u64::from(new);
        self.received(env, len);
        if self.read_shut {
            self.rx.skip(self.rx.ready());
        } else {
            self.tell_readable(env);
        }
    }

    /// Data came in order: when is the acknowledgment due (RFC 9293 section 3.8.6.3)?
    #[inline]
    fn received(&mut self, env: &Env<'_>, len: u32) {
        self.rcv_mss = self.rcv_mss.max(len.min(self.own_mss));
        self.unacked_in += len;
        let delay = env.config.delayed_ack;
        if self.unacked_in >= 2 * self.rcv_mss || self.options.no_delayed_ack || delay.is_zero() {
            self.ack_now = true;
        } else if !self.ack_now && !self.timers.runs(Timer::DelayedAck) {
            self.timers.set(Timer::DelayedAck, env.now + delay);
        }
    }

    /// FIN (eighth), when everything before it is here.
    fn take_fin(&mut self, env: &mut Env<'_>, s: &Segment<'_>) {
        if self.reason.is_some() {
            return;
        }
        if s.has(Flags::FIN) {
            let at = s.seq + s.data.len() as u32;
            if self.state.can_receive() {
                self.rcv_fin = Some(at);
            }
            self.ack_now = true;
        }
        if self.rcv_fin != Some(self.rcv_nxt) || !self.state.can_receive() {
            return;
        }
        self.rcv_nxt += 1;
        self.rcv_adv = self.rcv_adv.max(self.rcv_nxt);
        self.ack_now = true;
        match self.state {
            State::Established | State::SynReceived => self.enter(env, State::CloseWait),
            State::FinWait1 => self.enter(env, State::Closing),
            State::FinWait2 => self.start_time_wait(env),
            _ => {}
        }
        self.tell_readable(env);
    }
}
