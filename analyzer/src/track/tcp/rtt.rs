//! Round-trip times and acknowledgment delays.
//!
//! A segment that was sent more than once says nothing about the round trip, as nobody knows
//! which copy was acknowledged (Karn, RFC 6298 section 3). What is measured is seen from where
//! the trace was taken: on one end's host the times of the other direction are those of its own stack.

/// Round-trip times of one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rtt {
    /// Sum, in nanoseconds.
    pub sum: u64,
    /// How many were measured.
    pub count: u32,
    /// The shortest, in microseconds.
    pub min_us: u32,
    /// The longest, in microseconds.
    pub max_us: u32,
    /// That of the handshake: from the SYN, or SYN-ACK, of this end to its acknowledgment, in
    /// microseconds; 0 when not seen.
    pub handshake_us: u32,
}

/// Nanoseconds as microseconds that fit.
pub(super) fn micros(nanos: i64) -> u32 {
    u32::try_from(nanos.max(0) / 1000).unwrap_or(u32::MAX)
}

impl Rtt {
    pub(super) fn add(&mut self, nanos: i64, handshake: bool) {
        let us = micros(nanos);
        if handshake {
            self.handshake_us = us.max(1);
        }
        self.min_us = if self.count == 0 { us } else { self.min_us.min(us) };
        self.max_us = self.max_us.max(us);
        self.sum += nanos.max(0) as u64;
        self.count = self.count.saturating_add(1);
    }

    /// The average in nanoseconds, 0 when nothing was measured.
    #[must_use]
    pub fn average(&self) -> u64 {
        self.sum / u64::from(self.count.max(1))
    }
}

/// The longest time from the last data of one end to the first data of the other: that of its
/// application, and of the network as far as the trace was taken away from it. Longer ones than
/// 71 minutes are not told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Response {
    /// The longest, in microseconds.
    pub max_us: u32,
    /// Frame of that answer, 0 without any.
    pub frame: u32,
}

impl Response {
    pub(super) fn add(&mut self, us: u32, frame: u32) {
        if self.frame == 0 || us > self.max_us {
            (self.max_us, self.frame) = (us, frame);
        }
    }
}

/// An acknowledgment this late was delayed on purpose: stacks wait 40 ms to 500 ms for a second
/// segment or an answer to send it with (RFC 1122 section 4.2.3.2).
const DELAYED: i64 = 35_000_000;

/// Acknowledgment delays of one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delay {
    /// Sum, in nanoseconds.
    pub sum: u64,
    /// Acknowledgments without data, of exactly one segment.
    pub count: u32,
    /// Those that took so long that they were delayed on purpose.
    pub delayed: u32,
    /// The longest, in microseconds.
    pub max_us: u32,
}

impl Delay {
    pub(super) fn add(&mut self, nanos: i64) {
        self.sum += nanos.max(0) as u64;
        self.count = self.count.saturating_add(1);
        self.max_us = self.max_us.max(micros(nanos));
        if (DELAYED..=550_000_000).contains(&nanos) {
            self.delayed = self.delayed.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortest_longest_and_average() {
        let mut r = Rtt::default();
        for (t, h) in [(3_000_000, true), (1_000_000, false), (2_000_000, false)] {
            r.add(t, h);
        }
        assert_eq!((r.min_us, r.max_us, r.average(), r.handshake_us), (1000, 3000, 2_000_000, 3000));
    }

    #[test]
    fn late_acknowledgments_count_as_delayed() {
        let mut d = Delay::default();
        d.add(40_000_000);
        d.add(200_000);
        assert_eq!((d.count, d.delayed, d.max_us), (2, 1, 40_000));
    }
}
