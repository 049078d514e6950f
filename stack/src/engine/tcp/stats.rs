//! Counters: those of the stack as NETSTAT STATS shows them, those of a connection as NETSTAT
//! ALL does.

/// Counters of the whole engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Connections opened from this side.
    pub active_opens: u64,
    /// Connections opened by peers.
    pub passive_opens: u64,
    /// Connections that ended.
    pub closed: u64,
    /// Established connections that ended by a reset or a timeout.
    pub established_resets: u64,
    /// Connections that ended before they were established.
    pub attempt_fails: u64,
    /// Requests dropped because a queue was full.
    pub backlog_drops: u64,
    /// Requests refused: no listener.
    pub refused: u64,
    /// SYN cookies sent.
    pub cookies_sent: u64,
    /// Connections opened from SYN cookies.
    pub cookies_taken: u64,
    /// Connections in TIME-WAIT that gave way to a new one.
    pub time_wait_reused: u64,
    /// Segments in, everything counted.
    pub segments_in: u64,
    /// Segments that the predicted path took.
    pub header_predictions: u64,
    /// Duplicate acknowledgments.
    pub dup_acks: u64,
    /// Segments with a bad checksum.
    pub bad_checksum: u64,
    /// Segments whose header or options are malformed.
    pub bad_header: u64,
    /// Segments with nothing but data that were there already.
    pub duplicate_segments: u64,
    /// Segments with some data that were there already.
    pub partial_duplicates: u64,
    /// Segments with data behind the window.
    pub after_window: u64,
    /// Segments ahead of a gap.
    pub out_of_order: u64,
    /// Segments with an old timestamp.
    pub paws_drops: u64,
    /// Window probes in.
    pub window_probes_in: u64,
    /// Window updates in.
    pub window_updates_in: u64,
    /// Segments out, retransmissions included.
    pub segments_out: u64,
    /// Window updates out.
    pub window_updates_out: u64,
    /// Acknowledgments sent by the delayed ACK timer.
    pub delayed_acks: u64,
    /// Acknowledgments without data.
    pub acks_out: u64,
    /// Challenge acknowledgments.
    pub challenge_acks: u64,
    /// Resets out.
    pub resets_out: u64,
    /// Resets in that ended a connection.
    pub resets_in: u64,
    /// Segments sent again.
    pub retransmits: u64,
    /// Bytes sent again.
    pub retransmitted_bytes: u64,
    /// Retransmission timeouts.
    pub timeouts: u64,
    /// Connections dropped by retransmission timeouts.
    pub timeout_drops: u64,
    /// Recoveries by duplicate acknowledgments or SACK.
    pub fast_recoveries: u64,
    /// Segments sent again with a smaller size because of ICMP.
    pub pmtu_retransmits: u64,
    /// Path MTU black holes suspected.
    pub black_holes: u64,
    /// Times a receive window of this side was closed.
    pub zero_windows: u64,
    /// Window probes out.
    pub window_probes_out: u64,
    /// Keepalive probes out.
    pub keepalive_probes: u64,
    /// Connections dropped by keepalive.
    pub keepalive_drops: u64,
    /// Connections dropped in FIN-WAIT-2.
    pub fin_wait_2_drops: u64,
    /// ICMP errors that did not fit what was sent (RFC 5927).
    pub icmp_ignored: u64,
}

/// Counters of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Bytes received and acknowledged, unread ones included.
    pub bytes_in: u64,
    /// Bytes sent, each once.
    pub bytes_out: u64,
    /// Segments in.
    pub segments_in: u64,
    /// Segments out.
    pub segments_out: u64,
    /// Segments sent again.
    pub retransmits: u32,
    /// Bytes sent again.
    pub retransmitted_bytes: u64,
    /// Retransmission timeouts.
    pub timeouts: u32,
    /// Recoveries by duplicate acknowledgments or SACK.
    pub fast_recoveries: u32,
    /// Duplicate acknowledgments in.
    pub dup_acks: u32,
    /// Segments ahead of a gap.
    pub out_of_order: u32,
    /// Segments with data that were there already.
    pub duplicates: u32,
    /// Window probes out.
    pub window_probes: u32,
    /// Window updates out.
    pub window_updates: u32,
    /// Times the peer's window was closed while data waited.
    pub send_stalls: u32,
    /// Times this side's window was closed.
    pub zero_windows: u32,
    /// Keepalive probes out.
    pub keepalive_probes: u32,
    /// Challenge acknowledgments.
    pub challenge_acks: u32,
    /// Segments dropped.
    pub drops: u32,
}
