//! SYN cookies: answers to requests without remembering them (RFC 4987 section 3.6).
//!
//! The initial sequence number of the SYN-ACK holds, from the high bits down: 24 bits of a keyed
//! hash over both ends, the peer's number and the rest; 5 bits of a clock of 64 seconds; 3 bits
//! of an index into a table of segment sizes. With timestamps, the five low bits of the one in
//! the SYN-ACK, which the peer echoes, hold SACK and the window scale. What else a SYN offers
//! (SMC) is lost.

use std::time::Duration;

use formats::net::tcp_options::{Options, Timestamps};

use super::isn::Secrets;
use super::seq::Seq;
use super::table::Tuple;
use crate::engine::Instant;

/// How long a cookie is good at least; at most twice as long.
pub const LIFE: Duration = Duration::from_secs(64);

/// Segment sizes a cookie can hold.
const SIZES: [u16; 8] = [536, 1220, 1360, 1440, 1460, 4312, 8960, 16_344];
/// The window scale field of a peer that does not scale.
const NO_SCALE: u32 = 15;

/// Makes the sequence number of a SYN-ACK, and the low bits of its timestamp.
#[must_use]
pub fn make(s: &Secrets, t: &Tuple, irs: Seq, o: &Options, now: Instant) -> (Seq, u32) {
    let mss = o.mss.unwrap_or(SIZES[0]);
    let index = SIZES.iter().rposition(|s| *s <= mss).unwrap_or(0) as u32;
    let low = clock(now) << 3 | index;
    let scale = o.window_scale.map_or(NO_SCALE, |w| u32::from(w.min(14)));
    (Seq(hash(s, t, irs, low) | low), u32::from(o.sack_permitted) << 4 | scale)
}

/// What a peer offered whose first acknowledgment is `iss + 1`; `None` when that is no cookie of
/// ours, or an old one.
#[must_use]
pub fn check(
    s: &Secrets,
    t: &Tuple,
    irs: Seq,
    iss: Seq,
    ts: Option<Timestamps>,
    now: Instant,
) -> Option<Options> {
    let low = iss.0 & 0xff;
    let age = clock(now).wrapping_sub(low >> 3) & 31;
    if age > 1 || hash(s, t, irs, low) | low != iss.0 {
        return None;
    }
    let mut o = Options { mss: Some(SIZES[(low & 7) as usize]), timestamps: ts, ..Options::default() };
    if let Some(ts) = ts {
        o.sack_permitted = ts.echo >> 4 & 1 == 1;
        o.window_scale = (ts.echo & 15 != NO_SCALE).then_some((ts.echo & 15) as u8);
    }
    Some(o)
}

fn clock(now: Instant) -> u32 {
    (now.0 / LIFE.as_nanos() as u64) as u32 & 31
}

fn hash(s: &Secrets, t: &Tuple, irs: Seq, low: u32) -> u32 {
    s.cookie(t.local, t.remote, u64::from(irs.0) << 32 | u64::from(low)) & !0xff
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Random;

    #[test]
    fn what_was_offered_comes_back_for_a_while() {
        let s = Secrets::new(&mut Random::new(3));
        let t = Tuple { local: "10.0.0.1:80".parse().unwrap(), remote: "10.0.0.2:99".parse().unwrap() };
        let o =
            Options { mss: Some(1459), sack_permitted: true, window_scale: Some(7), ..Options::default() };
        let now = Instant::from_millis(100_000);
        let (iss, bits) = make(&s, &t, Seq(5), &o, now);
        let ts = Some(Timestamps { value: 1, echo: 0x40 | bits });
        let later = |ms: u64| Instant::from_millis(100_000 + ms);
        let back = check(&s, &t, Seq(5), iss, ts, later(60_000)).unwrap();
        assert_eq!((back.mss, back.sack_permitted, back.window_scale), (Some(1440), true, Some(7)));
        assert!(check(&s, &t, Seq(5), iss, ts, later(130_000)).is_none());
        assert!(check(&s, &t, Seq(6), iss, ts, now).is_none());
        assert!(check(&s, &t, Seq(5), iss + 0x100, ts, now).is_none());
    }
}
