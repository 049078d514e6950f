//! CUBIC (RFC 9438): after a loss the window follows a cubic function of time around the window
//! at which the loss happened, and never does worse than Reno would.

use std::time::Duration;

use crate::engine::Instant;

/// Aggressiveness, in segments per second cubed (section 5.1).
const C: f64 = 0.4;
/// What is left of the window after a loss (section 4.6).
const BETA: f64 = 0.7;

/// State of section 4.1.2. Windows are in segments.
#[derive(Debug, Clone, Default)]
pub struct Cubic {
    /// Window at the last reduction.
    w_max: f64,
    /// Seconds until the function reaches `w_max` again.
    k: f64,
    /// Window that Reno would have.
    w_est: f64,
    /// Window at the last reduction before it (`cwnd_prior`).
    prior: f64,
    epoch: Option<Instant>,
}

impl Cubic {
    /// Congestion avoidance (sections 4.2 to 4.5).
    pub fn acked(&mut self, cwnd: &mut u32, acked: u32, mss: u32, srtt: Duration, now: Instant) {
        let size = f64::from(mss.max(1));
        let window = f64::from(*cwnd) / size;
        let segments = f64::from(acked) / size;
        let epoch = *self.epoch.get_or_insert_with(|| {
            // Also after slow start without a loss, and after an idle time.
            if self.w_max < window {
                (self.w_max, self.k) = (window, 0.0);
            } else {
                self.k = ((self.w_max - window) / C).cbrt();
            }
            self.w_est = window;
            now
        });
        let t = now.since(epoch).as_secs_f64();
        // Reno-friendly region: 3(1-b)/(1+b) segments per window until it has caught up.
        let alpha = if self.w_est < self.prior { 3.0 * (1.0 - BETA) / (1.0 + BETA) } else { 1.0 };
        self.w_est += alpha * segments / window;
        let at = |t: f64| C * (t - self.k).powi(3) + self.w_max;
        let new = if at(t) < self.w_est {
            window.max(self.w_est)
        } else {
            let target = at(t + srtt.as_secs_f64()).clamp(window, 1.5 * window);
            window + (target - window) / window * segments
        };
        *cwnd = (new * size).min(f64::from(1u32 << 30)) as u32;
    }

    /// A loss with `used` of `cwnd` bytes in use: the new slow start threshold (sections 4.6, 4.7).
    pub fn reduced(&mut self, used: u32, cwnd: u32, mss: u32) -> u32 {
        let size = f64::from(mss.max(1));
        let window = f64::from(used.min(cwnd)) / size;
        self.prior = window;
        // Fast convergence: leave room when the window did not reach the last one.
        self.w_max = if window < self.w_max { window * (1.0 + BETA) / 2.0 } else { window };
        self.epoch = None;
        ((window * BETA * size) as u32).max(2 * mss)
    }

    /// Time without sending does not count.
    pub fn idle(&mut self) {
        self.epoch = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_to_the_old_window_after_k() {
        // A loss at 100 segments: 70 are left, K = cbrt(30 / 0.4) = 4.217 s.
        let mut c = Cubic::default();
        let mut cwnd = c.reduced(100_000, 100_000, 1000);
        assert_eq!(cwnd, 70_000);
        let rtt = Duration::from_millis(100);
        let mut now = Instant::START;
        let mut at = vec![];
        for _ in 0..70 {
            now += rtt;
            for _ in 0..cwnd / 1000 {
                c.acked(&mut cwnd, 1000, 1000, rtt, now);
            }
            at.push(cwnd);
        }
        assert!((c.k - 4.217).abs() < 0.01, "{}", c.k);
        // Concave up to the plateau at 100, convex behind it.
        assert!((85_000..94_000).contains(&at[15]), "{}", at[15]);
        assert!((98_500..100_500).contains(&at[42]), "{}", at[42]);
        assert!((105_000..115_000).contains(&at[68]), "{}", at[68]);
    }

    #[test]
    fn fast_convergence() {
        let mut c = Cubic::default();
        c.reduced(100_000, 100_000, 1000);
        // The next loss comes below 100 segments: 90 * (1 + 0.7) / 2.
        assert_eq!(c.reduced(90_000, 90_000, 1000), 62_999);
        assert!((c.w_max - 76.5).abs() < 1e-9);
    }
}
