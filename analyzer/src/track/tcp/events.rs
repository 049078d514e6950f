//! What can go wrong in one direction of a connection: counts, and the first frames as evidence.

/// The kinds, in the meaning that Wireshark's `tcp.analysis` flags have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Event {
    /// Sent again after a timeout.
    Retransmission,
    /// Sent again because of duplicate acknowledgments.
    FastRetransmission,
    /// Sent again although it was acknowledged already.
    SpuriousRetransmission,
    /// Late, but not sent again.
    OutOfOrder,
    /// The same acknowledgment again.
    DuplicateAck,
    /// Segments before this one are missing in the trace.
    Lost,
    /// Acknowledges what the trace does not hold.
    AckedUnseen,
    /// Keep-alive.
    KeepAlive,
    /// Answer to a keep-alive.
    KeepAliveAck,
    /// Offers no window.
    ZeroWindow,
    /// Asks whether the window is open again.
    ZeroWindowProbe,
    /// Answers that it is not.
    ZeroWindowProbeAck,
    /// Fills the window of the other end.
    WindowFull,
    /// Opens ports that had a connection before.
    ReusedPorts,
    /// Resets.
    Reset,
}

/// Frames kept as evidence for each kind.
pub const EVIDENCE: usize = 3;

/// What happened of one kind.
#[derive(Debug, Clone, Copy)]
struct Happened {
    frames: [u32; EVIDENCE],
    count: u32,
    event: Event,
}

/// Events of one direction. Few kinds happen in most of those in which anything does, so only these
/// take space.
#[derive(Debug, Clone, Default)]
pub struct Events {
    happened: Vec<Happened>,
    /// Payload bytes sent again.
    pub retransmitted_bytes: u64,
    /// Payload bytes missing in the trace.
    pub lost_bytes: u64,
    /// The longest wait before something was sent again, in nanoseconds.
    pub max_rto: u64,
    /// Nanoseconds without a window.
    pub zero_window_time: u64,
    /// Since when it offers none, 0 when it does.
    pub(super) zero_window_since: i64,
}

/// No events.
pub(super) static NO_EVENTS: Events = Events {
    happened: Vec::new(),
    retransmitted_bytes: 0,
    lost_bytes: 0,
    max_rto: 0,
    zero_window_time: 0,
    zero_window_since: 0,
};

impl Events {
    /// How often it happened.
    #[must_use]
    pub fn count(&self, e: Event) -> u32 {
        self.of(e).map_or(0, |h| h.count)
    }

    fn of(&self, e: Event) -> Option<&Happened> {
        self.happened.iter().find(|h| h.event == e)
    }

    /// Since when this end offers no window, nanoseconds since 1970; `None` when it does.
    #[must_use]
    pub const fn window_closed_since(&self) -> Option<i64> {
        if self.zero_window_since == 0 { None } else { Some(self.zero_window_since) }
    }

    /// The first frames in which it happened.
    #[must_use]
    pub fn frames(&self, e: Event) -> &[u32] {
        self.of(e).map_or(&[], |h| &h.frames[..(h.count as usize).min(EVIDENCE)])
    }

    /// Segments sent again, for whatever reason.
    #[must_use]
    pub fn retransmissions(&self) -> u32 {
        self.count(Event::Retransmission)
            + self.count(Event::FastRetransmission)
            + self.count(Event::SpuriousRetransmission)
    }

    pub(super) fn note(&mut self, e: Event, frame: u32) {
        let at = self.happened.iter().position(|h| h.event == e).unwrap_or_else(|| {
            self.happened.reserve_exact(1);
            self.happened.push(Happened { frames: [0; EVIDENCE], count: 0, event: e });
            self.happened.len() - 1
        });
        let h = &mut self.happened[at];
        if let Some(f) = h.frames.get_mut(h.count as usize) {
            *f = frame;
        }
        h.count = h.count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_all_and_keeps_the_first_frames() {
        let mut e = Events::default();
        for f in 10..15 {
            e.note(Event::Lost, f);
        }
        assert_eq!((e.count(Event::Lost), e.frames(Event::Lost)), (5, &[10, 11, 12][..]));
        assert_eq!(e.frames(Event::Reset), [0u32; 0]);
    }
}
