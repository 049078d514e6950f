//! Events of TCP.

use std::net::IpAddr;

use super::{Hex16, Hex32, TcpState};

crate::trace_codes! {
    /// Why a connection ended.
    TcpReason {
        CLOSED = 0 "closed", REFUSED = 1 "refused", RESET = 2 "reset by peer", ABORTED = 3 "aborted",
        TIMED_OUT = 4 "timed out", KEEPALIVE_TIMED_OUT = 5 "keepalive timed out",
        HOST_UNREACHABLE = 6 "host unreachable", PORT_UNREACHABLE = 7 "port unreachable",
        DATA_AFTER_CLOSE = 8 "data after close", FIN_WAIT_2_TIMED_OUT = 9 "FIN-WAIT-2 timed out",
        DROPPED = 10 "dropped", STOPPED = 11 "stopped",
    }

    /// Why a segment was not taken.
    TcpDrop {
        MALFORMED = 1 "header malformed", CHECKSUM = 2 "bad checksum", OUTSIDE_WINDOW = 3 "outside of window",
        PAWS = 4 "old timestamp", NO_TIMESTAMP = 5 "timestamp missing", NO_ACK = 6 "no ACK flag",
        BAD_ACK = 7 "unacceptable ACK", OLD_ACK = 8 "ACK too old", NO_CONNECTION = 9 "no connection",
        MANY = 10 "broadcast or multicast", BACKLOG = 11 "backlog full", NO_ROOM = 12 "no room",
        BAD_SYN = 13 "SYN in connection", BAD_RESET = 14 "RST not at RCV.NXT", SELF = 15 "own address and port",
        COOKIE = 16 "bad SYN cookie",
    }

    /// Timers of a connection.
    TcpTimer {
        RETRANSMIT = 0 "retransmit", PERSIST = 1 "persist", DELAYED_ACK = 2 "delayed ACK",
        KEEPALIVE = 3 "keepalive", TIME_WAIT = 4 "2MSL", FIN_WAIT_2 = 5 "FIN-WAIT-2",
        USER = 6 "user timeout", PMTU = 7 "path MTU",
    }

    /// Calls of an application.
    TcpCall {
        CONNECT = 1 "connect", LISTEN = 2 "listen", ACCEPT = 3 "accept", SEND = 4 "send", RECV = 5 "recv",
        SHUTDOWN = 6 "shutdown", CLOSE = 7 "close", ABORT = 8 "abort", OPTION = 9 "setsockopt",
        SEND_URGENT = 10 "send urgent", UNLISTEN = 11 "close listener",
    }

    /// How recovery from a loss began.
    TcpRecovery { FAST = 1 "duplicate ACKs", SACK = 2 "SACK", TIMEOUT = 3 "timeout", ICMP = 4 "path MTU" }
}

crate::trace_events! {
    layer 10 "TCP";

    /// A connection changed its state.
    1 StateChange [TCP TCPMIN] "state {old} to {new}, local {local}" { old: TcpState, new: TcpState, local: IpAddr }

    /// A connection was opened from this side.
    2 ActiveOpen [TCP TCPMIN] "active open from {local} port {local_port} to {remote} port {remote_port}, ISS {iss}"
    { local: IpAddr, local_port: u16, remote: IpAddr, remote_port: u16, iss: u32 }

    /// A request came to a listener.
    3 PassiveOpen [TCP TCPMIN] "request from {remote} port {remote_port} to {local} port {local_port}, IRS {irs}"
    { local: IpAddr, local_port: u16, remote: IpAddr, remote_port: u16, irs: u32 }

    /// What both sides agreed on with their SYNs.
    4 Negotiated [TCP TCPMIN]
    "MSS {mss}, scale out {snd_scale} in {rcv_scale}, timestamps {timestamps}, SACK {sack}, other SYN options {other}"
    { mss: u32, snd_scale: u8, rcv_scale: u8, timestamps: bool, sack: bool, other: u8 }

    /// A connection ended.
    5 Ended [TCP TCPMIN] "ended in state {state}: {reason}; bytes in {bytes_in} out {bytes_out}, retransmitted {retransmits}"
    { state: TcpState, reason: TcpReason, bytes_in: u64, bytes_out: u64, retransmits: u32 }

    /// A segment came in.
    6 SegmentIn [TCP] "in seq {seq} ack {ack} flags {flags} window {window} length {len}"
    { seq: u32, ack: u32, flags: Hex16, window: u32, len: u32 }

    /// A segment went out.
    7 SegmentOut [TCP] "out seq {seq} ack {ack} flags {flags} window {window} length {len}"
    { seq: u32, ack: u32, flags: Hex16, window: u32, len: u32 }

    /// A segment was not taken.
    8 SegmentDropped [TCP TCPMIN] "dropped seq {seq} ack {ack} flags {flags} length {len}: {why}"
    { seq: u32, ack: u32, flags: Hex16, len: u32, why: TcpDrop }

    /// Data were sent again.
    9 Retransmit [TCP TCPMIN] "retransmitted seq {seq} length {len}, time {count}, timeout {rto_ms} ms"
    { seq: u32, len: u32, count: u32, rto_ms: u32 }

    /// A timer ran out.
    10 TimerExpired [TCP TIMER] "timer {timer} ran out, backoff {backoff}" { timer: TcpTimer, backoff: u8 }

    /// A round trip was measured.
    11 RttSample [TCP] "round trip {sample_us} us, smoothed {srtt_us}, variance {rttvar_us}, timeout {rto_us}"
    { sample_us: u32, srtt_us: u32, rttvar_us: u32, rto_us: u32 }

    /// Recovery from a loss began.
    12 RecoveryBegun [TCP TCPMIN] "recovery by {how} up to {recover}: cwnd {cwnd}, ssthresh {ssthresh}, in flight {flight}"
    { how: TcpRecovery, recover: u32, cwnd: u32, ssthresh: u32, flight: u32 }

    /// Recovery from a loss is complete.
    13 RecoveryEnded [TCP TCPMIN] "recovery complete at {una}: cwnd {cwnd}, ssthresh {ssthresh}"
    { una: u32, cwnd: u32, ssthresh: u32 }

    /// The congestion window moved.
    14 CwndChange [TCP] "cwnd {cwnd}, ssthresh {ssthresh}, in flight {flight}" { cwnd: u32, ssthresh: u32, flight: u32 }

    /// A duplicate acknowledgment came.
    15 DuplicateAck [TCP] "duplicate ACK {ack}, number {count}" { ack: u32, count: u32 }

    /// Data came ahead of a gap.
    16 OutOfOrder [TCP] "out of order: seq {seq} length {len}, expected {expected}" { seq: u32, len: u32, expected: u32 }

    /// Data came that were there already.
    17 Duplicate [TCP] "duplicate data: seq {seq} length {len}, expected {expected}" { seq: u32, len: u32, expected: u32 }

    /// The peer's window closed.
    18 WindowClosed [TCP TCPMIN] "peer's window is {window}, {waiting} bytes wait" { window: u32, waiting: u32 }

    /// The peer's window opened again.
    19 WindowOpened [TCP TCPMIN] "peer's window opened to {window}, {waiting} bytes wait" { window: u32, waiting: u32 }

    /// A window probe was sent.
    20 WindowProbe [TCP TCPMIN] "window probe {count}, seq {seq}" { count: u32, seq: u32 }

    /// This side closed its window: the application does not read.
    21 LocalWindowClosed [TCP TCPMIN] "window closed, {queued} bytes unread" { queued: u32 }

    /// This side told the peer of a larger window.
    22 WindowUpdate [TCP] "window update to {window}, {queued} bytes unread" { window: u32, queued: u32 }

    /// A keepalive probe was sent.
    23 KeepaliveProbe [TCP TCPMIN] "keepalive probe {count} after {idle_ms} ms" { count: u32, idle_ms: u32 }

    /// A challenge acknowledgment was sent, or held back by its limit.
    24 ChallengeAck [TCP TCPMIN] "challenge ACK for seq {seq} ack {ack} flags {flags}, sent {sent}"
    { seq: u32, ack: u32, flags: Hex16, sent: bool }

    /// A RST was sent.
    25 ResetSent [TCP TCPMIN] "sent RST seq {seq} ack {ack} in state {state}" { seq: u32, ack: u32, state: TcpState }

    /// A RST was taken.
    26 ResetReceived [TCP TCPMIN] "received RST seq {seq} in state {state}" { seq: u32, state: TcpState }

    /// Urgent data were announced by the peer.
    27 UrgentIn [TCP] "urgent data up to {pointer}" { pointer: u32 }

    /// Urgent data were announced to the peer.
    28 UrgentOut [TCP] "urgent data up to {pointer} sent" { pointer: u32 }

    /// The segment size changed with the path MTU.
    29 PathMtu [TCP TCPMIN] "path MTU {mtu}: segments of {old} become {new}, black hole {black_hole}"
    { mtu: u32, old: u32, new: u32, black_hole: bool }

    /// An ICMP error came for a connection.
    30 Icmp [TCP ICMP TCPMIN] "ICMP kind {kind} code {code} for seq {seq}, taken {taken}"
    { kind: u8, code: u32, seq: u32, taken: bool }

    /// A listener was opened.
    31 ListenBegun [TCP TCPMIN] "listening on {local} port {port}, backlog {backlog}" { local: IpAddr, port: u16, backlog: u32 }

    /// A listener was closed.
    32 ListenEnded [TCP TCPMIN] "no longer listening on port {port}, {dropped} connections dropped" { port: u16, dropped: u32 }

    /// A complete connection waits to be accepted.
    33 AcceptQueued [TCP] "queued for accept, {queued} of {backlog}" { queued: u32, backlog: u32 }

    /// An application took a connection.
    34 Accepted [TCP TCPMIN SOCKET] "accepted from {remote} port {port}, {queued} left" { remote: IpAddr, port: u16, queued: u32 }

    /// A request was refused because a queue is full.
    35 BacklogFull [TCP TCPMIN] "queue full: {half_open} half open, {queued} complete, backlog {backlog}"
    { half_open: u32, queued: u32, backlog: u32 }

    /// A SYN cookie was sent instead of keeping a request.
    36 CookieSent [TCP TCPMIN] "SYN cookie {cookie} sent, MSS {mss}" { cookie: Hex32, mss: u32 }

    /// A connection was opened from a SYN cookie.
    37 CookieTaken [TCP TCPMIN] "SYN cookie {cookie} came back, MSS {mss}" { cookie: Hex32, mss: u32 }

    /// A connection in TIME-WAIT gave way to a new one.
    38 TimeWaitReused [TCP TCPMIN] "TIME-WAIT reused by seq {seq}, expected {expected}" { seq: u32, expected: u32 }

    /// An application called.
    39 Call [TCP SOCKET] "{call}: {value} in state {state}" { call: TcpCall, value: u32, state: TcpState }

    /// The scoreboard of selective acknowledgments after a report.
    40 Scoreboard [TCP] "scoreboard: {blocks} blocks, {sacked} bytes, lost below {lost}, pipe {pipe}"
    { blocks: u32, sacked: u32, lost: u32, pipe: u32 }

    /// Selective acknowledgments were taken back by the peer, or given up after timeouts.
    41 ScoreboardCleared [TCP TCPMIN] "scoreboard cleared at {una}, reneged {reneged}" { una: u32, reneged: bool }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctrace::events::{AREA_HEADER, Event, FIELDS_KEY, decode};

    #[test]
    fn a_change_of_state_prints() {
        let e = StateChange {
            old: TcpState::SYN_SENT,
            new: TcpState::ESTABLISHED,
            local: "10.0.0.1".parse().unwrap(),
        };
        let mut area = vec![0, (AREA_HEADER + StateChange::LEN) as u8];
        area.extend(FIELDS_KEY.to_be_bytes());
        area.resize(AREA_HEADER + StateChange::LEN, 0);
        e.put(&mut area[AREA_HEADER..]);
        assert_eq!(area[4..6], [3, 5]);
        let text = decode(StateChange::ID, &area).unwrap().to_string();
        assert_eq!(text, "state SynSent to Establsh, local 10.0.0.1");
    }
}
