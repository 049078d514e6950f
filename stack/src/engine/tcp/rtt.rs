//! Round-trip time and retransmission timeout (RFC 6298).
//!
//! One segment at a time is timed with the full resolution of the clock. Karn's algorithm: a
//! retransmission ends the timing. With timestamps the echo gives a sample in that case.

use std::time::Duration;

use super::config::Config;
use super::seq::Seq;
use crate::engine::Instant;

/// The estimator of one connection.
#[derive(Debug, Clone)]
pub struct Rtt {
    /// Smoothed round-trip time; zero before the first sample.
    pub srtt: Duration,
    /// Mean deviation.
    pub rttvar: Duration,
    /// Smallest sample.
    pub min: Duration,
    /// Samples taken.
    pub samples: u32,
    /// Timeout without backoff.
    rto: Duration,
    /// How often the timeout was doubled.
    pub backoff: u8,
    /// The segment being timed: the number whose acknowledgment ends it, and when it was sent.
    pub timing: Option<(Seq, Instant)>,
    limits: (Duration, Duration),
}

impl Rtt {
    /// Before the first sample.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            srtt: Duration::ZERO,
            rttvar: Duration::ZERO,
            min: Duration::MAX,
            samples: 0,
            rto: config.initial_rto,
            backoff: 0,
            timing: None,
            limits: (config.min_rto, config.max_rto),
        }
    }

    /// The timeout, with backoff.
    #[must_use]
    pub fn rto(&self) -> Duration {
        let factor = 1u32 << self.backoff.min(16);
        self.rto.saturating_mul(factor).min(self.limits.1)
    }

    /// Takes a sample (section 2). `granularity` is that of the clock it was taken with.
    pub fn sample(&mut self, r: Duration, granularity: Duration) {
        if self.samples == 0 {
            self.srtt = r;
            self.rttvar = r / 2;
        } else {
            self.rttvar = (self.rttvar * 3 + self.srtt.abs_diff(r)) / 4;
            self.srtt = (self.srtt * 7 + r) / 8;
        }
        self.min = self.min.min(r);
        self.samples = self.samples.saturating_add(1);
        let (min, max) = self.limits;
        self.rto = (self.srtt + (self.rttvar * 4).max(granularity)).clamp(min, max);
    }

    /// A segment that ends before `end` was sent for the first time.
    #[inline]
    pub fn sent(&mut self, end: Seq, now: Instant) {
        if self.timing.is_none() {
            self.timing = Some((end, now));
        }
    }

    /// Something was retransmitted: the timed segment may be in doubt.
    pub fn retransmitted(&mut self) {
        self.timing = None;
    }

    /// Everything before `ack` is acknowledged; the sample if that ends the timing.
    #[inline]
    pub fn acked(&mut self, ack: Seq, now: Instant) -> Option<Duration> {
        let (end, at) = self.timing?;
        if ack.lt(end) {
            return None;
        }
        self.timing = None;
        Some(now.since(at))
    }

    /// The timer ran out (5.5).
    pub fn back_off(&mut self) {
        self.backoff = self.backoff.saturating_add(1);
    }

    /// A SYN had to be repeated: data start with three seconds (5.7).
    pub fn syn_was_lost(&mut self) {
        if self.samples == 0 {
            self.rto = self.rto.max(Duration::from_secs(3)).min(self.limits.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const G: Duration = Duration::from_nanos(1);

    fn rtt() -> Rtt {
        Rtt::new(&Config { min_rto: Duration::from_secs(1), ..Config::default() })
    }

    #[test]
    fn samples_follow_section_2() {
        let mut r = rtt();
        assert_eq!(r.rto(), Duration::from_secs(1));
        // SRTT = R, RTTVAR = R/2, RTO = SRTT + 4*RTTVAR.
        r.sample(Duration::from_millis(800), G);
        assert_eq!((r.srtt.as_millis(), r.rttvar.as_millis(), r.rto().as_millis()), (800, 400, 2400));
        // RTTVAR = 3/4*400 + 1/4*|800-1600| = 500; SRTT = 7/8*800 + 1/8*1600 = 900.
        r.sample(Duration::from_millis(1600), G);
        assert_eq!((r.srtt.as_millis(), r.rttvar.as_millis(), r.rto().as_millis()), (900, 500, 2900));
        r.back_off();
        r.back_off();
        assert_eq!(r.rto().as_millis(), 11_600);
        for _ in 0..40 {
            r.back_off();
        }
        assert_eq!(r.rto(), Duration::from_secs(120));
    }

    #[test]
    fn the_timeout_has_a_lower_limit() {
        let mut r = rtt();
        r.sample(Duration::from_millis(2), G);
        assert_eq!(r.rto(), Duration::from_secs(1));
    }

    #[test]
    fn karn_a_retransmission_ends_the_timing() {
        let mut r = rtt();
        r.sent(Seq(100), Instant::from_millis(5));
        r.sent(Seq(200), Instant::from_millis(6));
        assert_eq!(r.acked(Seq(99), Instant::from_millis(7)), None);
        assert_eq!(r.acked(Seq(200), Instant::from_millis(9)), Some(Duration::from_millis(4)));
        r.sent(Seq(300), Instant::from_millis(10));
        r.retransmitted();
        assert_eq!(r.acked(Seq(300), Instant::from_millis(11)), None);
    }
}
