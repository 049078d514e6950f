//! Segments to send (RFC 9293 sections 3.8.6.2 and 3.7.4, RFC 6675 section 5).

use std::net::{IpAddr, SocketAddr};

use formats::checksum::Pseudo;
use formats::ctrace::events::Hex16;
use formats::ctrace::events::tcp::{
    LocalWindowClosed, ResetSent, Retransmit, SegmentOut, UrgentOut, WindowProbe, WindowUpdate,
};
use formats::net::tcp::{Flags, Repr};
use formats::net::tcp_options::{Options, Timestamps};

use super::connection::{Connection, Recovery, TIMESTAMPS_LEN, code};
use super::env::Env;
use super::seq::Seq;
use super::state::State;
use super::table::Tuple;
use super::timers::Timer;
use crate::engine::{Outgoing, Path};

/// Protocol number of TCP.
pub const TCP: u8 = 6;

/// A segment decided on.
#[derive(Debug, Clone, Copy)]
struct Plan {
    seq: Seq,
    /// Bytes of data.
    len: u32,
    fin: bool,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    New,
    Again,
    Probe,
}

impl Connection {
    /// Something may be there to send. Cheap, and wrong only by saying yes.
    #[inline]
    #[must_use]
    pub fn may_send(&self) -> bool {
        self.ack_now
            || self.rst_due
            || self.syn_due
            || self.keepalive_due
            || self.probe_due
            || self.rexmit_now
            || self.recovery != Recovery::Open
            || (self.state >= State::Established && self.has_unsent())
    }

    /// Writes the next segment behind what is in `out`. `None` when nothing is due.
    pub fn transmit(
        &mut self,
        env: &mut Env<'_>,
        path: Option<&Path>,
        out: &mut Vec<u8>,
    ) -> Option<Outgoing> {
        if self.rst_due {
            self.rst_due = false;
            self.trace_reset(env);
            let flags = Flags::RST.with(Flags::ACK);
            return Some(self.bare(env, path, out, self.snd_nxt, flags));
        }
        match self.state {
            State::SynSent | State::SynReceived if self.syn_due => return Some(self.syn(env, path, out)),
            State::SynSent | State::Closed | State::Listen => return None,
            State::SynReceived | State::TimeWait => {}
            _ => {
                self.follow_path(env, path);
                let plan = self.choose(env, path);
                if let Some(p) = plan {
                    return Some(self.data(env, path, out, p));
                }
            }
        }
        if self.keepalive_due {
            self.keepalive_due = false;
            return Some(self.bare(env, path, out, self.snd_nxt - 1, Flags::ACK));
        }
        if self.ack_now {
            env.stats.acks_out += 1;
            return Some(self.bare(env, path, out, self.snd_nxt, Flags::ACK));
        }
        None
    }

    /// The path MTU as the IP layer knows it may have changed.
    fn follow_path(&mut self, env: &mut Env<'_>, path: Option<&Path>) {
        if let Some(p) = path
            && self.own_limit(p.mtu) < self.mss
        {
            self.shrink(env, p.mtu, false);
        }
    }

    /// Decides on the next segment with data or FIN.
    fn choose(&mut self, env: &mut Env<'_>, path: Option<&Path>) -> Option<Plan> {
        let mss = self.data_mss();
        let (una, nxt) = (self.snd_una, self.snd_nxt);
        if self.probe_due {
            self.probe_due = false;
            if let Some(p) = self.probe(env) {
                return Some(p);
            }
        }
        if self.rexmit_now {
            self.rexmit_now = false;
            // Nothing else is under way behind it: it may grow with what was written since.
            let end = if self.recovery == Recovery::Open && self.flight() < mss && !self.fin_sent {
                self.data_end().min(una + self.snd_wnd).max(nxt)
            } else {
                nxt
            };
            if una.lt(end) {
                let hole = match self.board.next_lost(una, mss) {
                    Some((seq, len)) if seq == una => len,
                    _ => end.since(una).min(mss),
                };
                self.board.high_rxt = self.board.high_rxt.max(una + hole);
                return Some(self.again(una, hole));
            }
        }
        let pipe = self.pipe();
        let room = self.congestion.cwnd.saturating_sub(pipe);
        if self.recovery != Recovery::Open
            && (room >= mss || pipe == 0)
            && let Some((seq, len)) = self.board.next_lost(una, mss)
        {
            self.board.high_rxt = seq + len;
            return Some(self.again(seq, len));
        }
        if let Some(p) = self.new_data(env, path, mss, room, pipe) {
            return Some(p);
        }
        if let (Recovery::Fast(_), true, true) = (self.recovery, self.sack_ok, room >= mss) {
            if let Some((seq, len)) = self.board.next_hole(una, mss) {
                self.board.high_rxt = seq + len;
                return Some(self.again(seq, len));
            }
            if !self.board.rescued && !self.has_unsent() {
                self.board.rescued = true;
                return self.board.tail(una, nxt, mss).map(|(seq, len)| self.again(seq, len));
            }
        }
        None
    }

    /// `len` numbers from `seq` once more; the last may be the FIN.
    fn again(&self, seq: Seq, len: u32) -> Plan {
        let data = self.data_end().since(seq).min(len);
        Plan { seq, len: data, fin: self.fin_sent && data < len, kind: Kind::Again }
    }

    /// A byte, or the FIN, for a peer whose window is closed; or what small window there is.
    fn probe(&mut self, env: &mut Env<'_>) -> Option<Plan> {
        let una = self.snd_una;
        if self.snd_wnd > 0 {
            // The override timeout of section 3.8.6.2.1.
            self.push_small = true;
            return None;
        }
        if self.flight() == 0 && !self.has_unsent() {
            return None;
        }
        self.counters.window_probes += 1;
        env.stats.window_probes_out += 1;
        env.trace(&self.subject, &WindowProbe { count: self.probes.into(), seq: una.0 });
        self.timers.set(Timer::Persist, env.now + self.rtt.rto());
        let len = self.data_end().since(una).min(1);
        Some(Plan { seq: una, len, fin: len == 0, kind: Kind::Probe })
    }

    /// Data or FIN that were never sent (section 3.8.6.2.1, RFC 1122 section 4.2.3.4).
    #[inline]
    fn new_data(
        &mut self,
        env: &mut Env<'_>,
        path: Option<&Path>,
        mss: u32,
        mut room: u32,
        pipe: u32,
    ) -> Option<Plan> {
        if !self.has_unsent() {
            return None;
        }
        let nxt = self.snd_nxt;
        let unsent = self.unsent();
        let usable = (self.snd_una + self.snd_wnd).since(nxt);
        if usable == 0 {
            self.choose_timer(env, false);
            return None;
        }
        if self.flight() == 0 {
            // RFC 5681 section 4.1.
            if env.now.since(self.sent_at) > self.rtt.rto() && self.recovery == Recovery::Open {
                self.congestion.idle(env.config.initial_window * mss);
                room = self.congestion.cwnd;
            }
        }
        if unsent == 0 {
            return Some(Plan { seq: nxt, len: 0, fin: true, kind: Kind::New });
        }
        let sendable = unsent.min(usable);
        if sendable >= mss {
            if room < mss && pipe > 0 {
                return None;
            }
            let most = path.and_then(|p| p.segmentation).unwrap_or(mss).max(mss).min(65_000);
            let segments = (sendable.min(most).min(room.max(mss)) / mss).max(1);
            let len = segments * mss;
            // A single segment may take SACK blocks along; then it has less room.
            let len = if segments == 1 && self.rx.has_gaps() { len - self.sack_room(len) } else { len };
            return Some(self.fresh(len, unsent, usable));
        }
        if room < sendable && pipe > 0 {
            return None;
        }
        let all = sendable == unsent;
        let idle = self.flight() == 0;
        let nagle = !self.options.no_delay && !self.fin && self.snd_up.is_none();
        if self.push_small
            || (all && (!nagle || idle))
            || (!all && (idle || !nagle) && sendable >= self.max_snd_wnd / 2)
        {
            self.push_small = false;
            let len = sendable - self.sack_room(sendable);
            return Some(self.fresh(len, unsent, usable));
        }
        if !all && idle && !self.timers.runs(Timer::Persist) {
            self.timers.set(Timer::Persist, env.now + self.rtt.rto());
        }
        None
    }

    fn fresh(&self, len: u32, unsent: u32, usable: u32) -> Plan {
        let fin = self.fin && len == unsent && len < usable;
        Plan { seq: self.snd_nxt, len, fin, kind: Kind::New }
    }

    /// Bytes by which SACK blocks make a segment of `len` bytes too long.
    fn sack_room(&self, len: u32) -> u32 {
        let most = self.data_mss();
        if !self.sack_ok || !self.rx.has_gaps() {
            return 0;
        }
        (len + self.sack_len()).saturating_sub(most).min(len.saturating_sub(1))
    }

    fn sack_len(&self) -> u32 {
        let mut blocks = 0;
        self.rx.sack_blocks(self.most_blocks(), |_, _| blocks += 1);
        if blocks == 0 { 0 } else { 4 + 8 * blocks }
    }

    const fn most_blocks(&self) -> usize {
        if self.ts.on { 3 } else { 4 }
    }

    /// Writes a segment with data or FIN and notes that it was sent.
    fn data(&mut self, env: &mut Env<'_>, path: Option<&Path>, out: &mut Vec<u8>, p: Plan) -> Outgoing {
        let end = p.seq + p.len + u32::from(p.fin);
        let mss = self.data_mss();
        let mut flags = Flags::ACK;
        if p.fin {
            flags = flags.with(Flags::FIN);
            self.send_fin(env);
        }
        if p.len > 0 && p.seq + p.len == self.data_end() {
            flags = flags.with(Flags::PSH);
        }
        match p.kind {
            Kind::New => {
                self.rtt.sent(end, env.now);
                self.sent_at = env.now;
            }
            Kind::Again | Kind::Probe => {
                self.rtt.retransmitted();
                if p.kind == Kind::Again {
                    self.count_again(env, p.seq, p.len);
                }
            }
        }
        if end.gt(self.snd_nxt) {
            self.counters.bytes_out += u64::from((p.seq + p.len).since(self.snd_nxt));
            self.snd_nxt = end;
            if let (Some(limit), false) = (self.options.user_timeout, self.timers.runs(Timer::User)) {
                self.timers.set(Timer::User, env.now + limit);
            }
        }
        let outgoing = self.write(env, path, out, p.seq, flags, p.len);
        self.choose_timer(env, false);
        Outgoing { segment_size: (p.len > mss).then_some(mss as u16), ..outgoing }
    }

    fn send_fin(&mut self, env: &mut Env<'_>) {
        if std::mem::replace(&mut self.fin_sent, true) {
            return;
        }
        match self.state {
            State::Established => self.enter(env, State::FinWait1),
            State::CloseWait => self.enter(env, State::LastAck),
            _ => {}
        }
    }

    fn count_again(&mut self, env: &mut Env<'_>, seq: Seq, len: u32) {
        self.counters.retransmits += 1;
        self.counters.retransmitted_bytes += u64::from(len);
        env.stats.retransmits += 1;
        env.stats.retransmitted_bytes += u64::from(len);
        env.trace(
            &self.subject,
            &Retransmit {
                seq: seq.0,
                len,
                count: self.rexmits.into(),
                rto_ms: self.rtt.rto().as_millis() as u32,
            },
        );
    }

    /// A segment without data.
    fn bare(
        &mut self,
        env: &mut Env<'_>,
        path: Option<&Path>,
        out: &mut Vec<u8>,
        seq: Seq,
        flags: Flags,
    ) -> Outgoing {
        self.write(env, path, out, seq, flags, 0)
    }

    fn trace_reset(&self, env: &mut Env<'_>) {
        env.stats.resets_out += 1;
        env.trace(
            &self.subject,
            &ResetSent { seq: self.snd_nxt.0, ack: self.rcv_nxt.0, state: code(self.state) },
        );
    }

    /// SYN or SYN-ACK.
    fn syn(&mut self, env: &mut Env<'_>, path: Option<&Path>, out: &mut Vec<u8>) -> Outgoing {
        let answer = self.state == State::SynReceived;
        self.syn_due = false;
        self.syns = self.syns.saturating_add(1);
        if self.syns == 1 {
            self.rtt.sent(self.iss + 1, env.now);
        } else {
            self.rtt.retransmitted();
            self.count_again(env, self.iss, 0);
        }
        self.snd_nxt = self.iss + 1;
        if !self.timers.runs(Timer::Retransmit) {
            self.arm_retransmit(env.now);
        }
        let ts = if answer { self.ts.on } else { env.config.timestamps };
        let scale = if answer { self.scaling } else { env.config.window_scaling };
        let options = Options {
            mss: Some(self.own_mss as u16),
            window_scale: scale.then_some(self.rcv_scale),
            sack_permitted: if answer { self.sack_ok } else { env.config.sack },
            timestamps: ts.then(|| Timestamps {
                value: self.clock(env.now),
                echo: if answer { self.ts.recent } else { 0 },
            }),
            ..Options::default()
        };
        // A window in a SYN is never scaled.
        let window = (self.rx.room() as u32).min(65_535);
        if answer {
            self.rcv_adv = self.rcv_adv.max(self.rcv_nxt + window);
            self.ack_now = false;
        }
        let syn = SynSegment {
            tuple: self.tuple,
            seq: self.iss,
            ack: if answer { self.rcv_nxt } else { Seq(0) },
            flags: if answer { Flags::SYN.with(Flags::ACK) } else { Flags::SYN },
            window: window as u16,
            options,
            extra: if answer { self.own_syn.answering(self.peer_syn.as_bytes()) } else { self.own_syn },
        };
        self.counters.segments_out += 1;
        env.stats.segments_out += 1;
        env.trace(
            &self.subject,
            &SegmentOut { seq: syn.seq.0, ack: syn.ack.0, flags: Hex16(syn.flags.0), window, len: 0 },
        );
        syn.write(path.is_some_and(|p| p.checksum_offload), out);
        self.outgoing(env)
    }

    fn outgoing(&self, env: &Env<'_>) -> Outgoing {
        Outgoing {
            ttl: self.options.ttl,
            tos: self.options.tos,
            dont_fragment: env.config.pmtu_discovery && !self.black_hole,
            ..Outgoing::new(self.tuple.local.ip(), self.tuple.remote.ip(), TCP)
        }
    }

    /// The window to offer, scaled, and notes what was offered. The right edge never moves back,
    /// and forward only in steps worth it (RFC 9293 section 3.8.6.2.2).
    #[inline]
    fn offer(&mut self, env: &mut Env<'_>) -> u16 {
        let old = self.rcv_wnd();
        let mut edge = self.rcv_nxt + (self.rx.room().min(1 << 30) as u32);
        if edge.since(self.rcv_adv) < self.window_step() {
            edge = self.rcv_adv;
        }
        let window = (edge.since(self.rcv_nxt) >> self.rcv_scale).min(65_535);
        let now = window << self.rcv_scale;
        self.rcv_adv = self.rcv_adv.max(self.rcv_nxt + now);
        let was_open = std::mem::replace(&mut self.told_open, now > 0);
        // What was open may have been filled to the last byte in the meantime.
        if now == 0 && was_open {
            self.counters.zero_windows += 1;
            env.stats.zero_windows += 1;
            env.trace(&self.subject, &LocalWindowClosed { queued: self.rx.ready() as u32 });
        } else if now > old {
            self.counters.window_updates += 1;
            env.stats.window_updates_out += 1;
            env.trace(&self.subject, &WindowUpdate { window: now, queued: self.rx.ready() as u32 });
        }
        window as u16
    }

    /// The application has read: is a larger window worth telling?
    pub fn window_update_due(&self) -> bool {
        if !self.state.can_receive() || !self.state.synchronized() {
            return false;
        }
        let edge = self.rcv_nxt + (self.rx.room().min(1 << 30) as u32);
        let gain = edge.since(self.rcv_adv);
        let limit = self.rx.limit as u32;
        let most = 65_535u32 << self.rcv_scale;
        let step = self.window_step();
        gain > 0
            && self.rcv_wnd() < most / 2
            && (gain >= limit / 2 || (self.rcv_wnd() < step && gain >= step))
    }

    /// The smallest move of the window's edge: a segment as the peer sends them, or half the
    /// buffer.
    #[inline]
    fn window_step(&self) -> u32 {
        (self.rx.limit as u32 / 2).min(self.rcv_mss.max(536.min(self.own_mss))).max(1)
    }

    /// Writes header, options and `len` bytes of data from `seq` on.
    fn write(
        &mut self,
        env: &mut Env<'_>,
        path: Option<&Path>,
        out: &mut Vec<u8>,
        seq: Seq,
        mut flags: Flags,
        len: u32,
    ) -> Outgoing {
        let window = self.offer(env);
        let mut urgent = 0;
        if let Some(up) = self.snd_up
            && up.gt(seq)
            && !flags.contains(Flags::RST)
        {
            urgent = up.since(seq).min(0xffff) as u16;
            flags = flags.with(Flags::URG);
            env.trace(&self.subject, &UrgentOut { pointer: up.0 });
        }
        let start = out.len();
        let mut head = [0u8; 60];
        head[..2].copy_from_slice(&self.tuple.local.port().to_be_bytes());
        head[2..4].copy_from_slice(&self.tuple.remote.port().to_be_bytes());
        head[4..8].copy_from_slice(&seq.0.to_be_bytes());
        head[8..12].copy_from_slice(&self.rcv_nxt.0.to_be_bytes());
        head[13] = flags.0 as u8;
        head[14..16].copy_from_slice(&window.to_be_bytes());
        head[18..20].copy_from_slice(&urgent.to_be_bytes());
        let mut at = 20;
        if self.ts.on {
            head[20..24].copy_from_slice(&[1, 1, 8, 10]);
            head[24..28].copy_from_slice(&self.clock(env.now).to_be_bytes());
            head[28..32].copy_from_slice(&self.ts.recent.to_be_bytes());
            at += TIMESTAMPS_LEN as usize;
        }
        if self.sack_ok && self.rx.has_gaps() && !flags.contains(Flags::RST) && len <= self.data_mss() {
            let from = at;
            at += 4;
            let room = ((self.data_mss() - len) as usize).saturating_sub(4) / 8;
            self.rx.sack_blocks(self.most_blocks().min(room), |l, r| {
                head[at..at + 4].copy_from_slice(&l.0.to_be_bytes());
                head[at + 4..at + 8].copy_from_slice(&r.0.to_be_bytes());
                at += 8;
            });
            if at == from + 4 {
                at = from;
            } else {
                head[from..from + 4].copy_from_slice(&[1, 1, 5, (at - from - 2) as u8]);
            }
        }
        head[12] = (at as u8 / 4) << 4;
        out.reserve(at + len as usize);
        out.extend_from_slice(&head[..at]);
        if len > 0 {
            let from = seq.since(self.tx_base) as usize;
            let (a, b) = self.tx.slices(from, len as usize);
            out.extend_from_slice(a);
            out.extend_from_slice(b);
        }
        // Segments that will be cut get their checksums when they are.
        if !path.is_some_and(|p| p.checksum_offload) && len <= self.data_mss() {
            fill_checksum(&self.tuple, &mut out[start..]);
        }
        self.last_ack_sent = self.rcv_nxt;
        self.ack_now = false;
        self.unacked_in = 0;
        self.timers.stop(Timer::DelayedAck);
        self.counters.segments_out += 1;
        env.stats.segments_out += 1;
        env.trace(
            &self.subject,
            &SegmentOut {
                seq: seq.0,
                ack: self.rcv_nxt.0,
                flags: Hex16(flags.0),
                window: u32::from(window) << self.rcv_scale,
                len,
            },
        );
        self.outgoing(env)
    }
}

/// A SYN, SYN-ACK or RST with whatever options, for connections and without one.
#[derive(Debug, Clone, Copy)]
pub struct SynSegment {
    /// Both ends.
    pub tuple: Tuple,
    /// Sequence number.
    pub seq: Seq,
    /// Acknowledgment.
    pub ack: Seq,
    /// Flags.
    pub flags: Flags,
    /// Window.
    pub window: u16,
    /// Options.
    pub options: Options,
    /// Further options, left out where the header has no room for them.
    pub extra: super::config::SynOptions,
}

impl SynSegment {
    /// Writes it behind what is in `out`.
    pub fn write(&self, checksum_offload: bool, out: &mut Vec<u8>) {
        let repr = Repr {
            src_port: self.tuple.local.port(),
            dst_port: self.tuple.remote.port(),
            seq: self.seq.0,
            ack: self.ack.0,
            flags: self.flags,
            window: self.window,
            urgent_pointer: 0,
            options: self.options,
        };
        let (start, len) = (out.len(), repr.header_len());
        out.resize(start + len, 0);
        let written = repr.emit(&mut out[start..], None);
        debug_assert!(written.is_ok());
        for option in self.extra.iter() {
            let padded = (out.len() - start + option.len()).next_multiple_of(4);
            if padded <= 60 {
                // A NOP in front keeps what follows aligned and ends at a word.
                let nops = padded - (out.len() - start) - option.len();
                out.extend(std::iter::repeat_n(1, nops));
                out.extend_from_slice(option);
            }
        }
        let words = ((out.len() - start) / 4) as u8;
        out[start + 12] = words << 4 | (out[start + 12] & 0x0f);
        if !checksum_offload {
            fill_checksum(&self.tuple, &mut out[start..]);
        }
    }
}

/// The pseudo header of segments from `src` to `dst`.
#[must_use]
pub fn pseudo(src: IpAddr, dst: IpAddr) -> Option<Pseudo> {
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => Some(Pseudo::V4 { src, dst }),
        (IpAddr::V6(src), IpAddr::V6(dst)) => Some(Pseudo::V6 { src, dst }),
        _ => None,
    }
}

fn fill_checksum(t: &Tuple, segment: &mut [u8]) {
    let ends: [SocketAddr; 2] = [t.local, t.remote];
    if let Some(p) = pseudo(ends[0].ip(), ends[1].ip()) {
        let sum = p.sum(TCP, segment.len()).bytes(segment).finish();
        segment[16..18].copy_from_slice(&sum.to_be_bytes());
    }
}
