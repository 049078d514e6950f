//! States of a connection (RFC 9293 section 3.3.2) and why one ended.

use std::fmt;

/// State of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum State {
    /// No connection.
    #[default]
    Closed = 0,
    /// Waits for requests.
    Listen = 1,
    /// Has asked.
    SynSent = 2,
    /// Was asked, or both have asked at once.
    SynReceived = 3,
    /// Open.
    Established = 4,
    /// The peer has closed its side.
    CloseWait = 5,
    /// This side has closed.
    FinWait1 = 6,
    /// Both have closed, this side's FIN is not acknowledged.
    Closing = 7,
    /// The peer had closed, then this side did.
    LastAck = 8,
    /// This side's FIN is acknowledged.
    FinWait2 = 9,
    /// Both have closed; late segments may still come.
    TimeWait = 10,
}

impl State {
    /// Sequence numbers of both sides are known.
    #[must_use]
    pub const fn synchronized(self) -> bool {
        self as u8 >= Self::SynReceived as u8
    }

    /// The application may still hand over data.
    #[must_use]
    pub const fn can_send(self) -> bool {
        matches!(self, Self::SynSent | Self::SynReceived | Self::Established | Self::CloseWait)
    }

    /// The peer may still send data.
    #[must_use]
    pub const fn can_receive(self) -> bool {
        matches!(
            self,
            Self::SynSent | Self::SynReceived | Self::Established | Self::FinWait1 | Self::FinWait2
        )
    }

    /// The state as NETSTAT shows it.
    #[must_use]
    pub const fn netstat(self) -> &'static str {
        match self {
            Self::Closed => "Closed",
            Self::Listen => "Listen",
            Self::SynSent => "SynSent",
            Self::SynReceived => "SynRcvd",
            Self::Established => "Establsh",
            Self::CloseWait => "ClosWait",
            Self::FinWait1 => "FinWait1",
            Self::Closing => "Closing",
            Self::LastAck => "LastAck",
            Self::FinWait2 => "FinWait2",
            Self::TimeWait => "TimeWait",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "CLOSED",
            Self::Listen => "LISTEN",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::CloseWait => "CLOSE-WAIT",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST-ACK",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::TimeWait => "TIME-WAIT",
        })
    }
}

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Reason {
    /// Both sides closed.
    #[default]
    Closed = 0,
    /// The peer refused it.
    Refused = 1,
    /// The peer reset it.
    Reset = 2,
    /// The application of this side aborted it.
    Aborted = 3,
    /// Retransmissions, probes or the request itself went unanswered for too long.
    TimedOut = 4,
    /// Keepalive probes went unanswered.
    KeepaliveTimedOut = 5,
    /// ICMP said that the host cannot be reached.
    HostUnreachable = 6,
    /// ICMP said that the port or protocol cannot be reached.
    PortUnreachable = 7,
    /// Data came that nobody will read any more.
    DataAfterClose = 8,
    /// The peer did not close within the time for FIN-WAIT-2.
    FinWait2TimedOut = 9,
    /// A request was pushed out of a full queue.
    Dropped = 10,
    /// The stack stops.
    Stopped = 11,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed",
            Self::Refused => "refused",
            Self::Reset => "reset by peer",
            Self::Aborted => "aborted",
            Self::TimedOut => "timed out",
            Self::KeepaliveTimedOut => "keepalive timed out",
            Self::HostUnreachable => "host unreachable",
            Self::PortUnreachable => "port unreachable",
            Self::DataAfterClose => "data after close",
            Self::FinWait2TimedOut => "FIN-WAIT-2 timed out",
            Self::Dropped => "dropped",
            Self::Stopped => "stopped",
        })
    }
}
