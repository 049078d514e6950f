//! A connection: the transmission control block (RFC 9293 section 3.3.1).

use std::net::SocketAddr;
use std::time::Duration;

use ctrace::Subject;
use formats::ctrace::events::TcpState;
use formats::ctrace::events::tcp::{Ended, Negotiated, StateChange, TcpReason};
use formats::net::tcp_options::Options;

use super::buffers::{ReceiveBuffer, SendBuffer};
use super::config::{Config, SocketOptions, SynOptions};
use super::congestion::Congestion;
use super::env::Env;
use super::event::Event;
use super::rtt::Rtt;
use super::sack::Scoreboard;
use super::seq::Seq;
use super::state::{Reason, State};
use super::stats::Counters;
use super::table::{ConnectionId, Tuple};
use super::timers::{Timer, Timers};
use crate::engine::{Instant, Path};

/// Segment size without an MSS option: IPv4 and IPv6 (RFC 9293 section 3.7.1).
pub const DEFAULT_MSS: [u32; 2] = [536, 1220];
/// Timestamps option with the two NOPs in front.
pub const TIMESTAMPS_LEN: u32 = 12;

/// Recovery from a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// Nothing is known to be lost.
    Open,
    /// Fast recovery up to a number.
    Fast(Seq),
    /// After a timeout, up to a number.
    Loss(Seq),
}

/// Timestamps of a connection (RFC 7323).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimestampState {
    /// Both sides sent them with their SYN.
    pub on: bool,
    /// TS.Recent.
    pub recent: u32,
    /// When it was taken.
    pub recent_at: Instant,
    /// Added to this side's clock.
    pub offset: u32,
}

/// Whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// An application has its number.
    Application,
    /// It waits in the queues of a listener.
    Listener(ConnectionId),
    /// Its application is gone; it ends by itself.
    Nobody,
}

/// A connection. Names follow RFC 9293 where it has one.
#[derive(Debug)]
pub struct Connection {
    /// Its number.
    pub id: ConnectionId,
    /// Both ends.
    pub tuple: Tuple,
    /// State.
    pub state: State,
    /// Why it ended.
    pub reason: Option<Reason>,
    /// Opened by the peer.
    pub passive: bool,
    /// Whose it is.
    pub holder: Holder,
    /// The application has read or does not want to read any more.
    pub read_shut: bool,
    /// What its owner asked for.
    pub options: SocketOptions,
    /// Whom trace records name.
    pub subject: Subject,

    /// Initial send sequence number.
    pub iss: Seq,
    /// SND.UNA.
    pub snd_una: Seq,
    /// SND.NXT: the highest number sent, retransmissions do not move it back.
    pub snd_nxt: Seq,
    /// SND.WND in bytes.
    pub snd_wnd: u32,
    /// SND.WL1.
    pub snd_wl1: Seq,
    /// SND.WL2.
    pub snd_wl2: Seq,
    /// The largest window the peer ever offered.
    pub max_snd_wnd: u32,
    /// Window shift of the peer.
    pub snd_scale: u8,
    /// The window as it last stood in a segment.
    pub raw_window: u16,
    /// SND.UP: the number behind the urgent data.
    pub snd_up: Option<Seq>,
    /// Data to send.
    pub tx: SendBuffer,
    /// Number of the oldest byte in it.
    pub tx_base: Seq,
    /// The application has closed its side.
    pub fin: bool,
    /// FIN was sent.
    pub fin_sent: bool,
    /// The application got less room than it wanted.
    pub wants_room: bool,

    /// Initial receive sequence number.
    pub irs: Seq,
    /// RCV.NXT.
    pub rcv_nxt: Seq,
    /// The right edge of the window as the peer was told.
    pub rcv_adv: Seq,
    /// Window shift of this side.
    pub rcv_scale: u8,
    /// RCV.UP: the number behind the urgent data.
    pub rcv_up: Option<Seq>,
    /// The window that the peer was last told was not zero.
    pub told_open: bool,
    /// Data received.
    pub rx: ReceiveBuffer,
    /// Number of the peer's FIN, when it came ahead of a gap too.
    pub rcv_fin: Option<Seq>,
    /// Everything up to here was acknowledged (Last.ACK.sent).
    pub last_ack_sent: Seq,
    /// Largest segment received.
    pub rcv_mss: u32,
    /// Bytes received and not acknowledged.
    pub unacked_in: u32,
    /// An acknowledgment is due at once.
    pub ack_now: bool,
    /// The owner was told that it can read.
    pub told_readable: bool,

    /// Segment size the peer announced.
    pub peer_mss: u32,
    /// Segment size this side announced.
    pub own_mss: u32,
    /// Bytes of data and options in a segment: the least of what the peer and the path take.
    pub mss: u32,
    /// Both sides allow SACK.
    pub sack_ok: bool,
    /// Window scaling is in use.
    pub scaling: bool,
    /// Timestamps.
    pub ts: TimestampState,
    /// Options of the peer's SYN as they stood.
    pub peer_syn: SynOptions,
    /// Further options for the SYN.
    pub own_syn: SynOptions,

    /// Round-trip time.
    pub rtt: Rtt,
    /// Congestion control.
    pub congestion: Congestion,
    /// Marks of SACK and of recovery.
    pub board: Scoreboard,
    /// Recovery.
    pub recovery: Recovery,
    /// Where the last recovery ended or will end (RFC 6582's recover).
    pub recover: Seq,
    /// Duplicate acknowledgments in a row.
    pub dup_acks: u32,
    /// Bytes that left the network as duplicate acknowledgments without SACK tell.
    pub inflation: u32,
    /// A retransmission is due whatever the congestion window says.
    pub rexmit_now: bool,
    /// The SYN is to be sent.
    pub syn_due: bool,
    /// A RST is to be sent.
    pub rst_due: bool,
    /// A window probe is to be sent.
    pub probe_due: bool,
    /// A keepalive probe is to be sent.
    pub keepalive_due: bool,
    /// The next small segment goes whatever Nagle and the peer's window say.
    pub push_small: bool,
    /// Retransmissions in a row.
    pub rexmits: u8,
    /// Window probes without an answer.
    pub probes: u8,
    /// Keepalive probes without an answer.
    pub keepalives: u8,
    /// SYN was sent so often.
    pub syns: u8,

    /// Timers.
    pub timers: Timers,
    /// When something last came in.
    pub heard_at: Instant,
    /// When data were last sent.
    pub sent_at: Instant,
    /// When the connection was made or became established.
    pub since: Instant,
    /// Start of the time in which challenge acknowledgments are counted, and their number.
    pub challenges: (Instant, u8),
    /// When an acknowledgment outside of the window was last answered.
    pub oow_at: Option<Instant>,

    /// Path MTU learnt from ICMP or by black-hole detection.
    pub pmtu: Option<u32>,
    /// A black hole was found: packets may be fragmented.
    pub black_hole: bool,
    /// The way to the peer, with the generation it belongs to.
    pub path: Option<(u64, Path)>,
    /// Counters.
    pub counters: Counters,
    /// Waits for its turn to send.
    pub queued: bool,
    /// Its engine counts it among those in TIME-WAIT.
    pub in_time_wait: bool,
    /// The wake-up in the heap.
    pub wakeup: Instant,
}

impl Connection {
    /// A connection that has done nothing yet.
    #[must_use]
    pub fn new(
        config: &Config,
        cid: u32,
        tuple: Tuple,
        options: SocketOptions,
        iss: Seq,
        mtu: u32,
        now: Instant,
    ) -> Self {
        let most = Self::largest_segment(&tuple, mtu);
        let own_mss = options.max_segment.map_or(most, |m| most.min(m.into()));
        let receive = options.receive_buffer.unwrap_or(config.receive_buffer).max(1);
        let algorithm = options.congestion.unwrap_or(config.congestion);
        let mss = DEFAULT_MSS[usize::from(tuple.remote.is_ipv6())].min(most);
        let rcv_scale = if config.window_scaling { scale_for(receive) } else { 0 };
        let subject = options.owner.subject(cid, tuple.local.port(), tuple.remote.ip());
        Self {
            id: ConnectionId { slot: 0, cid },
            tuple,
            state: State::Closed,
            reason: None,
            passive: false,
            holder: Holder::Application,
            read_shut: false,
            subject,
            iss,
            snd_una: iss,
            snd_nxt: iss,
            snd_wnd: 0,
            snd_wl1: Seq(0),
            snd_wl2: Seq(0),
            max_snd_wnd: 0,
            snd_scale: 0,
            raw_window: 0,
            snd_up: None,
            tx: SendBuffer::new(options.send_buffer.unwrap_or(config.send_buffer).max(1) as usize),
            tx_base: iss + 1,
            fin: false,
            fin_sent: false,
            wants_room: false,
            irs: Seq(0),
            rcv_nxt: Seq(0),
            rcv_adv: Seq(0),
            rcv_scale,
            rcv_up: None,
            told_open: true,
            rx: ReceiveBuffer::new(receive as usize),
            rcv_fin: None,
            last_ack_sent: Seq(0),
            rcv_mss: 0,
            unacked_in: 0,
            ack_now: false,
            told_readable: false,
            peer_mss: mss,
            own_mss,
            mss,
            sack_ok: false,
            scaling: false,
            ts: TimestampState::default(),
            peer_syn: SynOptions::default(),
            own_syn: options.syn_options,
            rtt: Rtt::new(config),
            congestion: Congestion::new(algorithm, config.initial_window, mss),
            board: Scoreboard::default(),
            recovery: Recovery::Open,
            recover: iss,
            dup_acks: 0,
            inflation: 0,
            rexmit_now: false,
            syn_due: false,
            rst_due: false,
            probe_due: false,
            keepalive_due: false,
            push_small: false,
            rexmits: 0,
            probes: 0,
            keepalives: 0,
            syns: 0,
            timers: Timers::default(),
            heard_at: now,
            sent_at: now,
            since: now,
            challenges: (now, 0),
            oow_at: None,
            pmtu: None,
            black_hole: false,
            path: None,
            counters: Counters::default(),
            queued: false,
            in_time_wait: false,
            wakeup: super::wakeups::NEVER,
            options,
        }
    }

    /// The interface's MTU is known: what to announce with the SYN.
    pub fn first_mtu(&mut self, mtu: u32) {
        let most = Self::largest_segment(&self.tuple, mtu);
        self.own_mss = self.options.max_segment.map_or(most, |m| most.min(m.into()));
        self.fit_mss();
    }

    /// Bytes of IP and TCP header without options.
    #[must_use]
    pub const fn header_len_of(tuple: &Tuple) -> u32 {
        match tuple.remote {
            SocketAddr::V4(_) => 40,
            SocketAddr::V6(_) => 60,
        }
    }

    /// Bytes of data and options in a packet of `mtu` bytes, as an MSS option can say them.
    #[must_use]
    pub fn largest_segment(tuple: &Tuple, mtu: u32) -> u32 {
        mtu.saturating_sub(Self::header_len_of(tuple)).clamp(1, 65_535)
    }

    /// Data in a full segment.
    #[inline]
    #[must_use]
    pub const fn data_mss(&self) -> u32 {
        if self.ts.on { self.mss - TIMESTAMPS_LEN } else { self.mss }
    }

    /// Bytes sent and not acknowledged (FlightSize).
    #[inline]
    #[must_use]
    pub const fn flight(&self) -> u32 {
        self.snd_nxt.since(self.snd_una)
    }

    /// The number behind the data handed over.
    #[inline]
    #[must_use]
    pub fn data_end(&self) -> Seq {
        self.tx_base + self.tx.len() as u32
    }

    /// Bytes handed over and never sent.
    #[inline]
    #[must_use]
    pub fn unsent(&self) -> u32 {
        self.data_end().since(self.snd_nxt.max(self.tx_base))
    }

    /// The number of the next byte that the application will read.
    #[must_use]
    pub fn next_read(&self) -> Seq {
        let fin = self.rcv_fin.is_some_and(|f| self.rcv_nxt.gt(f));
        self.rcv_nxt - self.rx.ready() as u32 - u32::from(fin)
    }

    /// Data or a FIN were never sent.
    #[inline]
    #[must_use]
    pub fn has_unsent(&self) -> bool {
        self.unsent() > 0 || (self.fin && !self.fin_sent)
    }

    /// The receive window as the peer knows it.
    #[inline]
    #[must_use]
    pub const fn rcv_wnd(&self) -> u32 {
        self.rcv_adv.since(self.rcv_nxt)
    }

    /// Bytes thought to be in the network.
    #[must_use]
    pub fn pipe(&self) -> u32 {
        let flight = self.flight();
        match self.recovery {
            Recovery::Loss(_) => self.board.pipe(self.snd_una, self.snd_nxt),
            _ if self.sack_ok && (self.recovery != Recovery::Open || !self.board.is_empty()) => {
                self.board.pipe(self.snd_una, self.snd_nxt)
            }
            _ => flight.saturating_sub(self.inflation),
        }
    }

    /// This side's clock for timestamps.
    #[inline]
    #[must_use]
    pub const fn clock(&self, now: Instant) -> u32 {
        (now.millis() as u32).wrapping_add(self.ts.offset)
    }

    /// Changes the state.
    pub fn enter(&mut self, env: &mut Env<'_>, new: State) {
        let (old, local) = (code(self.state), self.tuple.local.ip());
        env.trace(&self.subject, &StateChange { old, new: code(new), local });
        self.state = new;
    }

    /// The connection is over. What it holds for its peer goes; what the application has not
    /// read stays when the end was a good one.
    pub fn end(&mut self, env: &mut Env<'_>, reason: Reason) {
        if self.reason.is_some() {
            return;
        }
        let was = self.state;
        env.trace(
            &self.subject,
            &Ended {
                state: code(was),
                reason: TcpReason(reason as u8),
                bytes_in: self.counters.bytes_in,
                bytes_out: self.counters.bytes_out,
                retransmits: self.counters.retransmits,
            },
        );
        env.stats.closed += 1;
        match was {
            State::SynSent | State::SynReceived => env.stats.attempt_fails += 1,
            _ if reason != Reason::Closed => env.stats.established_resets += 1,
            _ => {}
        }
        self.reason = Some(reason);
        self.enter(env, State::Closed);
        self.timers.clear();
        self.tx.free();
        self.board.reset(self.snd_una);
        if reason != Reason::Closed {
            self.rx.free();
        }
        self.ack_now = false;
        if self.holder == Holder::Application {
            env.events.push_back(Event::Closed(self.id, reason));
        }
    }

    /// Ends the connection, with a RST where the peer may still hold its side.
    pub fn abort(&mut self, env: &mut Env<'_>, reason: Reason) {
        let over = self.reason.is_some() || self.state == State::TimeWait;
        self.rst_due |= !over && self.state.synchronized();
        self.end(env, reason);
    }

    /// Takes the options of the peer's SYN.
    pub fn negotiate(&mut self, env: &mut Env<'_>, o: &Options, raw: &[u8]) {
        self.peer_syn = SynOptions::new(raw);
        let v6 = usize::from(self.tuple.remote.is_ipv6());
        // An MSS of less than a few bytes would make a connection of nothing but headers.
        self.peer_mss = o.mss.map_or(DEFAULT_MSS[v6], |m| u32::from(m).max(64));
        self.scaling = env.config.window_scaling && o.window_scale.is_some();
        self.snd_scale = if self.scaling { o.window_scale.unwrap_or(0).min(14) } else { 0 };
        if !self.scaling {
            self.rcv_scale = 0;
        }
        self.sack_ok = env.config.sack && o.sack_permitted;
        self.ts.on = env.config.timestamps && o.timestamps.is_some();
        if let (true, Some(ts)) = (self.ts.on, o.timestamps) {
            (self.ts.recent, self.ts.recent_at) = (ts.value, env.now);
        }
        self.fit_mss();
        let other = self.peer_syn.iter().filter(|o| !matches!(o[0], 0..=4 | 8)).count() as u8;
        env.trace(
            &self.subject,
            &Negotiated {
                mss: self.mss,
                snd_scale: self.snd_scale,
                rcv_scale: self.rcv_scale,
                timestamps: self.ts.on,
                sack: self.sack_ok,
                other,
            },
        );
    }

    /// The segment size follows from what the peer, this side's interface and the path take.
    pub fn fit_mss(&mut self) {
        let header = Self::header_len_of(&self.tuple);
        let path = self.pmtu.map_or(u32::MAX, |m| m.saturating_sub(header));
        self.mss = self.peer_mss.min(self.own_mss).min(path).max(TIMESTAMPS_LEN + 8);
    }

    /// Both SYNs are acknowledged.
    pub fn establish(&mut self, env: &mut Env<'_>) {
        self.enter(env, State::Established);
        self.since = env.now;
        // RFC 5681: a lost SYN leaves one segment. RFC 6298: and a timeout of three seconds.
        let segments = if self.syns > 1 {
            self.rtt.syn_was_lost();
            1
        } else {
            env.config.initial_window
        };
        let algorithm = self.options.congestion.unwrap_or(env.config.congestion);
        self.congestion = Congestion::new(algorithm, segments, self.data_mss());
        self.board.reset(self.snd_una);
        self.recover = self.snd_una;
        (self.rexmits, self.rtt.backoff) = (0, 0);
        self.restart_keepalive(env);
        if self.holder == Holder::Application && !self.passive {
            env.events.push_back(Event::Connected(self.id));
        }
    }

    /// The idle time before keepalive probes starts over.
    pub fn restart_keepalive(&mut self, env: &Env<'_>) {
        match self.options.keepalive {
            Some(idle) if self.reason.is_none() => {
                let idle = if idle == Duration::ZERO { env.config.keepalive_idle } else { idle };
                self.timers.set(Timer::Keepalive, env.now + idle);
            }
            _ => self.timers.stop(Timer::Keepalive),
        }
    }

    /// Tells the owner, once, that it can read.
    pub fn tell_readable(&mut self, env: &mut Env<'_>) {
        if !self.told_readable && self.holder == Holder::Application {
            self.told_readable = true;
            env.events.push_back(Event::Readable(self.id));
        }
    }

    /// Memory held: buffers and the block itself.
    #[must_use]
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.tx.allocated() + self.rx.allocated()
    }
}

/// The least window shift with which all of a receive buffer can be offered.
#[must_use]
pub const fn scale_for(receive_buffer: u32) -> u8 {
    let mut scale = 0;
    while scale < 14 && receive_buffer >> scale > 65_535 {
        scale += 1;
    }
    scale
}

/// The code of a state in traces.
#[must_use]
pub const fn code(s: State) -> TcpState {
    match s {
        State::Closed => TcpState::CLOSED,
        State::Listen => TcpState::LISTEN,
        State::SynSent => TcpState::SYN_SENT,
        State::SynReceived => TcpState::SYN_RECEIVED,
        State::Established => TcpState::ESTABLISHED,
        State::FinWait1 => TcpState::FIN_WAIT_1,
        State::FinWait2 => TcpState::FIN_WAIT_2,
        State::CloseWait => TcpState::CLOSE_WAIT,
        State::LastAck => TcpState::LAST_ACK,
        State::Closing => TcpState::CLOSING,
        State::TimeWait => TcpState::TIME_WAIT,
    }
}
