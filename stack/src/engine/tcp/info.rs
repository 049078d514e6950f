//! A connection as NETSTAT ALL and a dump of its TCB show it.

use std::net::SocketAddr;
use std::time::Duration;

use super::config::Owner;
use super::connection::{Connection, Holder};
use super::listener::Listener;
use super::state::State;
use super::stats::Counters;
use super::table::ConnectionId;
use super::timers::Timer;
use crate::engine::Instant;

/// The numbers of a connection. Sequence numbers are as they stand in segments.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Info {
    /// Its number.
    pub id: ConnectionId,
    /// Whose it is.
    pub owner: Owner,
    /// No application has it: it waits to be accepted, or ends by itself.
    pub unowned: bool,
    pub local: SocketAddr,
    /// Unspecified, with port 0, for a listener.
    pub remote: SocketAddr,
    pub state: State,
    /// When it was made or established.
    pub since: Instant,
    pub last_touched: Instant,
    pub counters: Counters,
    pub rcv_nxt: u32,
    pub snd_nxt: u32,
    pub snd_una: u32,
    /// The next number the application will read.
    pub client_rcv_nxt: u32,
    /// The next number the application will write.
    pub client_snd_nxt: u32,
    pub init_rcv_seq: u32,
    pub init_snd_seq: u32,
    pub congestion_window: u32,
    pub slow_start_threshold: u32,
    pub incoming_window: u32,
    pub outgoing_window: u32,
    pub max_snd_wnd: u32,
    pub snd_wl1: u32,
    pub snd_wl2: u32,
    pub snd_scale: u8,
    pub rcv_scale: u8,
    /// The number whose acknowledgment is being timed.
    pub rtt_seq: Option<u32>,
    pub srtt: Duration,
    pub rttvar: Duration,
    pub rto: Duration,
    pub min_rtt: Duration,
    pub rtt_samples: u32,
    /// Data in a full segment.
    pub max_segment_size: u32,
    pub ds_field: u8,
    pub path_mtu: Option<u32>,
    pub timestamps: bool,
    pub sack: bool,
    /// Retransmissions in a row.
    pub rexmt_count: u8,
    pub dup_acks: u32,
    pub in_flight: u32,
    pub receive_buffer: u32,
    pub send_buffer: u32,
    pub receive_queued: u32,
    pub send_queued: u32,
    /// Bytes that wait behind a gap.
    pub out_of_order_queued: u32,
    /// The peer's window keeps data waiting.
    pub send_stalled: bool,
    /// Timers that run, with their ends.
    pub timers: Vec<(&'static str, Instant)>,
    /// Listeners: complete connections that wait, and how many may.
    pub backlog: Option<(u32, u32)>,
    /// Listeners: half-open connections.
    pub half_open: u32,
    /// Listeners: requests dropped.
    pub dropped: u64,
    /// Listeners: connections accepted.
    pub accepted: u64,
    /// Bytes of memory.
    pub memory: usize,
    /// Options of the peer's SYN as they stood.
    pub peer_syn_options: Vec<u8>,
}

const TIMERS: [(Timer, &str); 8] = [
    (Timer::Retransmit, "Rexmt"),
    (Timer::Persist, "Persist"),
    (Timer::DelayedAck, "DelayAck"),
    (Timer::Keepalive, "Keepalive"),
    (Timer::TimeWait, "2MSL"),
    (Timer::FinWait2, "FinWait2"),
    (Timer::User, "User"),
    (Timer::Pmtu, "Pmtu"),
];

impl Info {
    /// Of a connection.
    #[must_use]
    pub fn of(c: &Connection) -> Self {
        Self {
            id: c.id,
            owner: c.options.owner,
            unowned: c.holder != Holder::Application,
            local: c.tuple.local,
            remote: c.tuple.remote,
            state: c.state,
            since: c.since,
            last_touched: c.heard_at.max(c.sent_at),
            counters: c.counters,
            rcv_nxt: c.rcv_nxt.0,
            snd_nxt: c.snd_nxt.0,
            snd_una: c.snd_una.0,
            client_rcv_nxt: c.next_read().0,
            client_snd_nxt: c.data_end().0,
            init_rcv_seq: c.irs.0,
            init_snd_seq: c.iss.0,
            congestion_window: c.congestion.cwnd,
            slow_start_threshold: c.congestion.ssthresh,
            incoming_window: c.rcv_wnd(),
            outgoing_window: c.snd_wnd,
            max_snd_wnd: c.max_snd_wnd,
            snd_wl1: c.snd_wl1.0,
            snd_wl2: c.snd_wl2.0,
            snd_scale: c.snd_scale,
            rcv_scale: c.rcv_scale,
            rtt_seq: c.rtt.timing.map(|t| t.0.0),
            srtt: c.rtt.srtt,
            rttvar: c.rtt.rttvar,
            rto: c.rtt.rto(),
            min_rtt: if c.rtt.samples == 0 { Duration::ZERO } else { c.rtt.min },
            rtt_samples: c.rtt.samples,
            max_segment_size: c.data_mss(),
            ds_field: c.options.tos,
            path_mtu: c.pmtu,
            timestamps: c.ts.on,
            sack: c.sack_ok,
            rexmt_count: c.rexmits,
            dup_acks: c.dup_acks,
            in_flight: c.flight(),
            receive_buffer: c.rx.limit as u32,
            send_buffer: c.tx.limit as u32,
            receive_queued: c.rx.ready() as u32,
            send_queued: c.tx.len() as u32,
            out_of_order_queued: c.rx.behind_gaps(),
            send_stalled: c.has_unsent() && c.snd_wnd <= c.flight(),
            timers: TIMERS.iter().filter_map(|(t, n)| Some((*n, c.timers.at(*t)?))).collect(),
            backlog: None,
            half_open: 0,
            dropped: 0,
            accepted: 0,
            memory: c.memory(),
            peer_syn_options: c.peer_syn.as_bytes().to_vec(),
        }
    }

    /// Of a listener: everything else is what a new connection starts with.
    #[must_use]
    pub fn of_listener(l: &Listener, fresh: &Connection) -> Self {
        Self {
            id: l.id,
            owner: l.options.owner,
            unowned: false,
            local: fresh.tuple.local,
            remote: fresh.tuple.remote,
            state: State::Listen,
            since: l.since,
            backlog: Some((l.complete.len() as u32, l.backlog as u32)),
            half_open: l.half as u32,
            dropped: l.dropped,
            accepted: l.accepted,
            memory: size_of::<Listener>(),
            ..Self::of(fresh)
        }
    }
}
