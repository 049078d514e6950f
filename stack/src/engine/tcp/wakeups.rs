//! When connections want to run again: a heap with at most a few entries for each.
//!
//! A connection's entry is made when its earliest timer is earlier than the entry it has. Timers
//! that moved to later leave theirs where it is; when that comes up a new one is made. So sending
//! and acknowledging, which move the retransmission timer all the time, do not touch the heap.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::engine::Instant;

/// A moment that never comes.
pub const NEVER: Instant = Instant(u64::MAX);

/// Wake-ups by time.
#[derive(Debug, Default)]
pub struct Wakeups {
    heap: BinaryHeap<Reverse<(Instant, u32, u32)>>,
}

impl Wakeups {
    /// Wakes connection `cid` in `slot` at `when`.
    pub fn add(&mut self, when: Instant, slot: u32, cid: u32) {
        self.heap.push(Reverse((when, slot, cid)));
    }

    /// The earliest wake-up.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|e| e.0.0)
    }

    /// Takes a wake-up that is due: slot and cid.
    pub fn due(&mut self, now: Instant) -> Option<(Instant, u32, u32)> {
        let e = self.heap.peek()?.0;
        if e.0 > now {
            return None;
        }
        self.heap.pop();
        Some(e)
    }
}
