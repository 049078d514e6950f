//! NewReno (RFC 5681, 6582): half on loss, a segment per round trip.

/// Congestion avoidance: a segment for each window of acknowledged bytes (RFC 5681 section 3.1,
/// counting bytes).
#[inline]
pub fn acked(cwnd: &mut u32, counted: &mut u32, acked: u32, mss: u32) {
    *counted = counted.saturating_add(acked);
    if *counted >= *cwnd {
        *counted -= *cwnd;
        *cwnd = cwnd.saturating_add(mss);
    }
}

/// Equation 4 of RFC 5681: `max(FlightSize / 2, 2 * SMSS)`.
#[must_use]
pub fn threshold(flight: u32, mss: u32) -> u32 {
    (flight / 2).max(2 * mss)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_per_window() {
        let (mut cwnd, mut counted) = (10_000, 0);
        for _ in 0..10 {
            acked(&mut cwnd, &mut counted, 1000, 1000);
        }
        assert_eq!(cwnd, 11_000);
        for _ in 0..11 {
            acked(&mut cwnd, &mut counted, 1000, 1000);
        }
        assert_eq!(cwnd, 12_000);
        assert_eq!((threshold(20_000, 1000), threshold(3000, 1000)), (10_000, 2000));
    }
}
