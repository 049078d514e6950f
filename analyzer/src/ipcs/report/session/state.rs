//! The state of a connection, as the two ends' segments tell it.

use formats::net::tcp::Flags;

/// How far opening and closing got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing was sent.
    Closed,
    /// A SYN was sent.
    SynSent,
    /// It was answered.
    SynReceived,
    /// Data may flow.
    Established,
    /// This end said FIN first.
    FinWait(usize),
    /// Both said FIN; this end was first.
    LastAck(usize),
    /// Both FINs were acknowledged; this end was first.
    Ended(usize),
    /// This end sent RST.
    Reset(usize),
}

impl State {
    /// What a segment of end `own` makes of it. `fin_acked` says that the segment acknowledges
    /// the other end's FIN.
    #[must_use]
    pub fn next(self, f: Flags, own: usize, fin_acked: bool) -> Self {
        if f.intersects(Flags::RST) {
            return match self {
                Self::Ended(_) | Self::Reset(_) => self,
                _ => Self::Reset(own),
            };
        }
        let (syn, ack, fin) = (f.intersects(Flags::SYN), f.intersects(Flags::ACK), f.intersects(Flags::FIN));
        match self {
            Self::Closed | Self::SynSent if syn && ack => Self::SynReceived,
            Self::Closed if syn => Self::SynSent,
            Self::SynReceived if fin => Self::FinWait(own),
            Self::SynReceived if ack && !syn => Self::Established,
            Self::Established if fin => Self::FinWait(own),
            Self::FinWait(first) if fin && own != first => Self::LastAck(first),
            Self::LastAck(first) if own == first && fin_acked => Self::Ended(first),
            s => s,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::SynSent => "SYN_SENT",
            Self::SynReceived => "SYN_RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait(_) => "FIN_WAIT",
            Self::LastAck(_) => "LAST_ACK",
            Self::Ended(_) => "CLOSED",
            Self::Reset(_) => "RESET",
        }
    }

    /// The name with who ended it, as seen from the local end.
    #[must_use]
    pub fn text(self, local: usize) -> String {
        match self {
            Self::FinWait(e) | Self::LastAck(e) | Self::Ended(e) => {
                let who = if e == local { "ACTIVE CLOSE" } else { "PASSIVE CLOSE" };
                format!("{} ({who})", self.name())
            }
            Self::Reset(e) => {
                format!("{} ({})", self.name(), if e == local { "BY LOCAL" } else { "BY REMOTE" })
            }
            s => s.name().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_and_closes() {
        let (syn, ack, fin) = (Flags::SYN, Flags::ACK, Flags(Flags::FIN.0 | Flags::ACK.0));
        let mut s = State::Closed;
        let mut names = Vec::new();
        for (f, own, acked) in [
            (syn, 0, false),
            (Flags(syn.0 | ack.0), 1, false),
            (ack, 0, false),
            (fin, 1, false),
            (ack, 0, true),
            (fin, 0, true),
            (ack, 1, true),
        ] {
            s = s.next(f, own, acked);
            names.push(s.name());
        }
        assert_eq!(
            names,
            ["SYN_SENT", "SYN_RECEIVED", "ESTABLISHED", "FIN_WAIT", "FIN_WAIT", "LAST_ACK", "CLOSED"]
        );
        assert_eq!(s.text(0), "CLOSED (PASSIVE CLOSE)");
        assert_eq!(State::Established.next(Flags::RST, 1, false).text(0), "RESET (BY REMOTE)");
    }
}
