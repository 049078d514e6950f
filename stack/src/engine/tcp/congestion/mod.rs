//! Congestion control: how much may be under way.

pub mod cubic;
pub mod newreno;

use std::time::Duration;

use super::config::Algorithm;
use crate::engine::Instant;
use cubic::Cubic;

/// The congestion window of a connection and the algorithm that moves it. Bytes.
#[derive(Debug, Clone)]
pub struct Congestion {
    /// Congestion window.
    pub cwnd: u32,
    /// Slow start threshold.
    pub ssthresh: u32,
    /// Bytes acknowledged towards the next increase in congestion avoidance.
    counted: u32,
    cubic: Option<Cubic>,
}

impl Congestion {
    /// A window of `initial` segments.
    #[must_use]
    pub fn new(algorithm: Algorithm, initial: u32, mss: u32) -> Self {
        let cubic = (algorithm == Algorithm::Cubic).then(Cubic::default);
        Self { cwnd: initial * mss, ssthresh: u32::MAX, counted: 0, cubic }
    }

    /// Slow start, not congestion avoidance.
    #[must_use]
    pub const fn slow_start(&self) -> bool {
        self.cwnd < self.ssthresh
    }

    /// `acked` new bytes were acknowledged while the window was in use, outside of recovery or in
    /// slow start after a timeout.
    #[inline]
    pub fn acked(&mut self, acked: u32, mss: u32, srtt: Duration, now: Instant) {
        if self.slow_start() {
            // RFC 5681: by at most a segment per acknowledgment; beyond the threshold rarely.
            self.cwnd = self.cwnd.saturating_add(acked.min(mss));
        } else if let Some(cubic) = &mut self.cubic {
            cubic.acked(&mut self.cwnd, acked, mss, srtt, now);
        } else {
            newreno::acked(&mut self.cwnd, &mut self.counted, acked, mss);
        }
    }

    /// A loss was found by duplicate acknowledgments; `flight` bytes were under way.
    pub fn lost(&mut self, flight: u32, mss: u32) {
        self.reduce(flight, mss);
        self.cwnd = self.ssthresh;
    }

    /// The retransmission timer ran out, for the first time for this data or (`again`) once more.
    pub fn timed_out(&mut self, flight: u32, mss: u32, again: bool) {
        // RFC 5681: the threshold stays when the same segment times out again.
        if !again {
            self.reduce(flight, mss);
        }
        self.cwnd = mss;
    }

    fn reduce(&mut self, flight: u32, mss: u32) {
        self.counted = 0;
        self.ssthresh = match &mut self.cubic {
            Some(cubic) => cubic.reduced(self.cwnd.min(flight.max(2 * mss)), self.cwnd, mss),
            None => newreno::threshold(flight, mss),
        };
    }

    /// Nothing was sent for longer than a timeout (RFC 5681 section 4.1).
    pub fn idle(&mut self, initial: u32) {
        self.cwnd = self.cwnd.min(initial);
        if let Some(cubic) = &mut self.cubic {
            cubic.idle();
        }
    }

    /// The segment size changed with the path MTU: the window keeps its segments.
    pub fn resize(&mut self, old: u32, new: u32) {
        self.cwnd =
            (u64::from(self.cwnd) * u64::from(new) / u64::from(old.max(1))).max(u64::from(new)) as u32;
    }
}
