//! What a line does to frames: loss, delay, jitter, duplication, reordering, corruption, rate, MTU.

use std::time::Duration;

use crate::engine::{Buffer, Instant, Random};

/// Loss in bursts (Gilbert's model): while a burst lasts, every frame is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Burst {
    /// How often of a million frames a burst starts.
    pub enter: u32,
    /// How often of a million frames a burst ends.
    pub leave: u32,
}

/// Impairments of one direction of a line. Chances are so many of a million frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Impairments {
    /// Frames lost.
    pub loss: u32,
    /// Losses in bursts.
    pub burst: Burst,
    /// Frames that arrive twice.
    pub duplicate: u32,
    /// Frames that are held back by [`Self::reorder_by`], so that later ones overtake them.
    pub reorder: u32,
    /// How long a reordered frame is held back.
    pub reorder_by: Duration,
    /// Frames of which one bit is turned over.
    pub corrupt: u32,
    /// Time that every frame needs.
    pub delay: Duration,
    /// Random time up to this on top, without reordering.
    pub jitter: Duration,
    /// Bits a second; 0 without a limit.
    pub rate: u64,
    /// Bytes that may wait for their turn when there is a rate; what comes beyond them is lost.
    pub queue: u64,
    /// Longest frame that passes, in bytes; 0 without a limit.
    pub mtu: usize,
}

impl Impairments {
    /// A perfect line.
    pub const NONE: Self = Self {
        loss: 0,
        burst: Burst { enter: 0, leave: 0 },
        duplicate: 0,
        reorder: 0,
        reorder_by: Duration::from_millis(2),
        corrupt: 0,
        delay: Duration::ZERO,
        jitter: Duration::ZERO,
        rate: 0,
        queue: 256 * 1024,
        mtu: 0,
    };
}

impl Default for Impairments {
    fn default() -> Self {
        Self::NONE
    }
}

/// What happened to frames on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LineCounters {
    /// Frames that came through, copies included.
    pub delivered: u64,
    /// Frames lost by chance, in a burst or on a pulled cable.
    pub lost: u64,
    /// Frames that came twice.
    pub duplicated: u64,
    /// Frames held back.
    pub reordered: u64,
    /// Frames with a wrong bit.
    pub corrupted: u64,
    /// Frames longer than the MTU.
    pub too_long: u64,
    /// Frames that found the queue full.
    pub queue_full: u64,
}

/// One direction of a line.
#[derive(Debug, Default)]
pub(crate) struct Line {
    what: Impairments,
    impaired: bool,
    in_burst: bool,
    /// When the sender is done with the frames before.
    busy_until: Instant,
    last_arrival: Instant,
    pub(crate) counters: LineCounters,
}

impl Line {
    pub(crate) fn set(&mut self, what: Impairments) {
        self.what = what;
        self.impaired =
            what != Impairments { reorder_by: what.reorder_by, queue: what.queue, ..Impairments::NONE };
        self.in_burst = false;
    }

    /// Frames pass at once and unchanged.
    pub(crate) fn is_clean(&self) -> bool {
        !self.impaired
    }

    /// When and as what a frame arrives: not at all, once or twice.
    pub(crate) fn pass(
        &mut self,
        now: Instant,
        random: &mut Random,
        mut frame: Buffer,
    ) -> [Option<(Instant, Buffer)>; 2] {
        let what = self.what;
        if what.mtu != 0 && frame.len() > what.mtu {
            self.counters.too_long += 1;
            return [None, None];
        }
        if what.burst.enter != 0 {
            self.in_burst = if self.in_burst {
                !random.chance(what.burst.leave)
            } else {
                random.chance(what.burst.enter)
            };
        }
        if self.in_burst || what.loss != 0 && random.chance(what.loss) {
            self.counters.lost += 1;
            return [None, None];
        }
        let mut at = now;
        if what.rate != 0 {
            let waits = self.busy_until.since(now);
            let bytes_waiting = waits.as_nanos() * u128::from(what.rate) / 8_000_000_000;
            if bytes_waiting + frame.len() as u128 > u128::from(what.queue) {
                self.counters.queue_full += 1;
                return [None, None];
            }
            let sending = (frame.len() as u128 * 8_000_000_000 / u128::from(what.rate)) as u64;
            at = now + waits + Duration::from_nanos(sending);
            self.busy_until = at;
        }
        at += what.delay;
        if !what.jitter.is_zero() {
            at += Duration::from_nanos(random.below(what.jitter.as_nanos() as u64));
        }
        if what.reorder != 0 && random.chance(what.reorder) {
            self.counters.reordered += 1;
            at += what.reorder_by;
        } else {
            at = at.max(self.last_arrival);
            self.last_arrival = at;
        }
        if what.corrupt != 0 && !frame.is_empty() && random.chance(what.corrupt) {
            self.counters.corrupted += 1;
            let bit = random.below(frame.len() as u64 * 8);
            frame[(bit / 8) as usize] ^= 1 << (bit % 8);
        }
        self.counters.delivered += 1;
        if what.duplicate != 0 && random.chance(what.duplicate) {
            self.counters.duplicated += 1;
            self.counters.delivered += 1;
            return [Some((at, frame.clone())), Some((at, frame))];
        }
        [Some((at, frame)), None]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(what: Impairments, frames: usize) -> (Line, Vec<(Instant, Buffer)>) {
        let mut line = Line::default();
        line.set(what);
        let mut random = Random::new(42);
        let mut got = Vec::new();
        for n in 0..frames {
            let frame = Buffer::copy(&[n as u8; 100]);
            got.extend(line.pass(Instant::START, &mut random, frame).into_iter().flatten());
        }
        (line, got)
    }

    #[test]
    fn chances_are_of_a_million() {
        let (line, got) = run(Impairments { loss: 100_000, ..Impairments::NONE }, 10_000);
        assert!((800..1200).contains(&line.counters.lost), "{}", line.counters.lost);
        assert_eq!(got.len() as u64, 10_000 - line.counters.lost);
        let (line, got) = run(Impairments { duplicate: 500_000, ..Impairments::NONE }, 1000);
        assert!((400..600).contains(&line.counters.duplicated));
        assert_eq!(got.len() as u64, 1000 + line.counters.duplicated);
    }

    #[test]
    fn bursts_lose_frames_in_a_row() {
        let burst = Burst { enter: 10_000, leave: 200_000 };
        let (line, _) = run(Impairments { burst, ..Impairments::NONE }, 10_000);
        // Bursts of 5 frames on average, one each 100 frames or so.
        assert!((200..1000).contains(&line.counters.lost), "{}", line.counters.lost);
    }

    #[test]
    fn one_bit_is_wrong() {
        let (line, got) = run(Impairments { corrupt: 1_000_000, ..Impairments::NONE }, 10);
        assert_eq!(line.counters.corrupted, 10);
        for (n, (_, frame)) in got.iter().enumerate() {
            let bits: u32 = frame.iter().map(|b| (b ^ n as u8).count_ones()).sum();
            assert_eq!(bits, 1);
        }
    }

    #[test]
    fn a_rate_spaces_frames_and_its_queue_is_bounded() {
        // 100 bytes at 800,000 bits a second are a millisecond; the queue takes three.
        let what = Impairments { rate: 800_000, queue: 300, ..Impairments::NONE };
        let (line, got) = run(what, 5);
        let at: Vec<u64> = got.iter().map(|(at, _)| at.millis()).collect();
        assert_eq!(at, [1, 2, 3]);
        assert_eq!(line.counters.queue_full, 2);
    }

    #[test]
    fn long_frames_do_not_pass_and_reordered_ones_are_late() {
        let (line, got) = run(Impairments { mtu: 99, ..Impairments::NONE }, 2);
        assert_eq!((got.len(), line.counters.too_long), (0, 2));
        let what =
            Impairments { reorder: 1_000_000, reorder_by: Duration::from_millis(3), ..Impairments::NONE };
        let (line, got) = run(what, 1);
        assert_eq!((got[0].0, line.counters.reordered), (Instant::from_millis(3), 1));
    }

    #[test]
    fn the_same_seed_makes_the_same_line() {
        let what = Impairments {
            loss: 100_000,
            duplicate: 100_000,
            corrupt: 100_000,
            reorder: 100_000,
            jitter: Duration::from_millis(1),
            ..Impairments::NONE
        };
        assert_eq!(run(what, 500).1, run(what, 500).1);
    }
}
