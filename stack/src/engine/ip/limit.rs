//! How many ICMP messages are sent: a token bucket (RFC 1812 section 4.3.2.8, RFC 4443 section
//! 2.4 (f)).

use crate::engine::Instant;

/// A token bucket.
#[derive(Debug, Clone)]
pub struct Limit {
    per_second: u32,
    burst: u32,
    /// Tokens in billionths.
    tokens: u64,
    last: Instant,
    /// Messages that were not sent.
    pub refused: u64,
}

const TOKEN: u64 = 1_000_000_000;

impl Limit {
    /// So many a second, and so many at once after a pause.
    #[must_use]
    pub const fn new(per_second: u32, burst: u32) -> Self {
        Self { per_second, burst, tokens: burst as u64 * TOKEN, last: Instant::START, refused: 0 }
    }

    /// True when one more may be sent now.
    pub fn take(&mut self, now: Instant) -> bool {
        let passed = now.since(self.last).as_nanos() as u64;
        self.last = self.last.max(now);
        let full = u64::from(self.burst) * TOKEN;
        self.tokens = self.tokens.saturating_add(passed.saturating_mul(u64::from(self.per_second))).min(full);
        if let Some(left) = self.tokens.checked_sub(TOKEN) {
            self.tokens = left;
            true
        } else {
            self.refused += 1;
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_a_rate() {
        let mut l = Limit::new(100, 10);
        let at = |l: &mut Limit, ms| (0..100).filter(|_| l.take(Instant::from_millis(ms))).count();
        assert_eq!(at(&mut l, 0), 10);
        assert_eq!(at(&mut l, 50), 5);
        assert_eq!(at(&mut l, 10_000), 10);
        assert_eq!(l.refused, 275);
    }
}
