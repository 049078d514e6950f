//! Time stamps: the processor's time-stamp counter, calibrated to the TOD clock off the hot path.
//!
//! A producer turns ticks into TOD units with a [`Rate`] that it holds itself and looks at again
//! about once a second. [`LiveClock::adjust`], called about once a second, compares
//! the counter with the system's clock and slews the rate, so that time stamps do not jump back.
//! Processors whose counter stops or changes its speed fall back to the system's monotonic
//! clock. Leap seconds are not kept: TOD is UTC.

use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use formats::tod::{Tod, UNITS_PER_SEC};

/// Errors of the rate up to this are slewed away; larger ones are steps of the system's clock.
const LARGEST_SLEW: u64 = UNITS_PER_SEC / 100;
/// Time in which an error is slewed away.
const SLEW_SECONDS: i128 = 8;

/// Ticks after which a producer looks at the rate again, about a second.
pub(crate) const RATE_TICKS: u64 = 1 << 31;

/// Turns ticks into TOD units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Rate {
    ticks: u64,
    tod: u64,
    /// TOD units in 2^32 ticks.
    scale: u64,
}

impl Rate {
    /// True when more than so many ticks went by since it was made.
    #[inline(always)]
    pub(crate) fn is_older(&self, ticks: u64, limit: u64) -> bool {
        // Ticks of another core that are a little earlier are not older.
        ticks.wrapping_sub(self.ticks) as i64 > limit as i64
    }

    /// The same mapping, made at another moment.
    fn moved_to(self, ticks: u64) -> Self {
        Self { ticks, tod: self.tod(ticks), scale: self.scale }
    }

    #[inline(always)]
    pub(crate) fn tod(&self, ticks: u64) -> u64 {
        // Another core's counter may be a little behind the one that was calibrated.
        let since = i128::from(ticks.wrapping_sub(self.ticks) as i64);
        self.tod.wrapping_add(((since * i128::from(self.scale)) >> 32) as u64)
    }
}

/// One reading of both clocks.
#[derive(Debug, Clone, Copy)]
struct Sample {
    ticks: u64,
    tod: u64,
}

/// The clock of a machine, one for the process.
#[derive(Debug)]
pub(crate) struct LiveClock {
    /// Reads the time-stamp counter; otherwise the monotonic clock.
    pub(crate) counter: bool,
    started: Instant,
    /// Odd while the three words below are being changed.
    version: AtomicU64,
    words: [AtomicU64; 3],
    first: Mutex<Sample>,
}

static LIVE: LazyLock<LiveClock> = LazyLock::new(LiveClock::new);

impl LiveClock {
    /// The process's clock. The first call calibrates it, which takes some milliseconds.
    pub(crate) fn get() -> &'static Self {
        &LIVE
    }

    fn new() -> Self {
        let zero = Sample { ticks: 0, tod: 0 };
        let mut clock = Self {
            counter: has_counter(),
            started: Instant::now(),
            version: AtomicU64::new(0),
            words: [const { AtomicU64::new(0) }; 3],
            first: Mutex::new(zero),
        };
        let first = clock.sample();
        std::thread::sleep(Duration::from_millis(20));
        let second = clock.sample();
        clock.first = Mutex::new(first);
        clock.publish(Rate { ticks: second.ticks, tod: second.tod, scale: scale(first, second) });
        clock
    }

    /// The raw count.
    #[inline(always)]
    pub(crate) fn ticks(&self) -> u64 {
        if self.counter { read_counter() } else { self.monotonic() }
    }

    fn monotonic(&self) -> u64 {
        self.started.elapsed().as_nanos() as u64
    }

    /// Both clocks at one moment: the best of several readings.
    fn sample(&self) -> Sample {
        let mut best = (u64::MAX, Sample { ticks: 0, tod: 0 });
        for _ in 0..32 {
            let before = self.ticks();
            let tod = system_tod();
            let after = self.ticks();
            let gap = after.wrapping_sub(before);
            if gap < best.0 {
                best = (gap, Sample { ticks: before.wrapping_add(gap / 2), tod });
            }
        }
        best.1
    }

    /// The rate that is valid now.
    pub(crate) fn rate(&self) -> Rate {
        loop {
            let version = self.version.load(Ordering::Acquire);
            let [ticks, tod, scale] = [0, 1, 2].map(|i: usize| self.words[i].load(Ordering::Relaxed));
            fence(Ordering::Acquire);
            if version & 1 == 0 && version == self.version.load(Ordering::Relaxed) {
                return Rate { ticks, tod, scale };
            }
            std::hint::spin_loop();
        }
    }

    /// The rate that is valid now, corrected before. For producers, once a second.
    #[cold]
    #[inline(never)]
    pub(crate) fn adjusted(&self) -> Rate {
        self.adjust();
        let mut rate = self.rate();
        if self.ticks().wrapping_sub(rate.ticks) > RATE_TICKS {
            // Somebody else corrects it just now: look again in a second.
            rate = rate.moved_to(self.ticks());
        }
        rate
    }

    fn publish(&self, r: Rate) {
        self.version.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::Release);
        for (word, value) in self.words.iter().zip([r.ticks, r.tod, r.scale]) {
            word.store(value, Ordering::Relaxed);
        }
        self.version.fetch_add(1, Ordering::Release);
    }

    /// Compares the counter with the system's clock and corrects the rate, unless somebody else
    /// is at it: this never waits.
    pub(crate) fn adjust(&self) {
        let Ok(mut first) = self.first.try_lock() else { return };
        let now = self.sample();
        let old = self.rate();
        if now.ticks.wrapping_sub(old.ticks) as i64 <= 0 {
            return;
        }
        let (rate, stepped) = corrected(old, *first, now);
        if stepped {
            *first = now;
        }
        self.publish(rate);
    }
}

/// TOD units in 2^32 ticks between two readings.
fn scale(a: Sample, b: Sample) -> u64 {
    let ticks = u128::from(b.ticks.wrapping_sub(a.ticks).max(1));
    let tod = u128::from(b.tod.saturating_sub(a.tod).max(1));
    u64::try_from((tod << 32) / ticks).unwrap_or(u64::MAX)
}

/// The rate from `now` on, and whether the system's clock was set.
fn corrected(old: Rate, first: Sample, now: Sample) -> (Rate, bool) {
    let ours = old.tod(now.ticks);
    if ours.abs_diff(now.tod) > LARGEST_SLEW {
        return (Rate { ticks: now.ticks, tod: now.tod, scale: old.scale }, true);
    }
    let true_scale = scale(first, now);
    let error = i128::from(now.tod) - i128::from(ours);
    let per_second = error / SLEW_SECONDS;
    let slew = i128::from(true_scale) * per_second / i128::from(UNITS_PER_SEC);
    let scale = u64::try_from(i128::from(true_scale) + slew).unwrap_or(true_scale);
    (Rate { ticks: now.ticks, tod: ours, scale }, false)
}

fn system_tod() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Tod::from_unix(since.as_secs() as i64, since.subsec_nanos()).unwrap_or_default().0
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn read_counter() -> u64 {
    // SAFETY: every x86-64 processor has the instruction; it only reads.
    unsafe { std::arch::x86_64::_rdtsc() }
}

#[cfg(not(target_arch = "x86_64"))]
fn read_counter() -> u64 {
    0
}

/// True when the counter runs at one speed and never stops.
#[cfg(target_arch = "x86_64")]
fn has_counter() -> bool {
    use std::arch::x86_64::__cpuid;
    let last = __cpuid(0x8000_0000).eax;
    last >= 0x8000_0007 && __cpuid(0x8000_0007).edx & 1 << 8 != 0
}

#[cfg(not(target_arch = "x86_64"))]
fn has_counter() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_become_tod_units() {
        // 2 GHz: one tick is 2.048 units.
        let a = Sample { ticks: 1_000, tod: 50_000 };
        let b = Sample { ticks: 1_000 + 2_000_000_000, tod: 50_000 + UNITS_PER_SEC };
        let r = Rate { ticks: b.ticks, tod: b.tod, scale: scale(a, b) };
        assert_eq!(r.scale, (2.048 * 4_294_967_296.0) as u64);
        assert!(r.tod(b.ticks + 2_000_000).abs_diff(b.tod + UNITS_PER_SEC / 1000) <= 1);
        assert!(r.tod(b.ticks - 2_000).abs_diff(b.tod - 4096) <= 1);
    }

    #[test]
    fn errors_are_slewed_and_steps_taken() {
        let first = Sample { ticks: 0, tod: 0 };
        let old = Rate { ticks: 0, tod: 0, scale: 1 << 32 };
        // The counter claims 4 ms less than went by.
        let late = Sample { ticks: UNITS_PER_SEC, tod: UNITS_PER_SEC + UNITS_PER_SEC / 250 };
        let (r, stepped) = corrected(old, first, late);
        assert!(!stepped);
        assert_eq!(r.tod(late.ticks), UNITS_PER_SEC, "no jump");
        assert!(r.scale > scale(first, late), "faster until it has caught up");
        let set = Sample { ticks: UNITS_PER_SEC, tod: 9 * UNITS_PER_SEC };
        let (r, stepped) = corrected(old, first, set);
        assert!(stepped);
        assert_eq!(r.tod(set.ticks), set.tod);
    }

    #[test]
    fn the_live_clock_follows_the_system() {
        let c = LiveClock::get();
        let last = c.rate().tod(c.ticks());
        for _ in 0..5 {
            c.adjust();
            std::thread::sleep(Duration::from_millis(5));
        }
        let now = c.rate().tod(c.ticks());
        assert!(now > last);
        assert!(now.abs_diff(system_tod()) < UNITS_PER_SEC / 100, "within 10 ms");
    }
}
