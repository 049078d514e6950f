//! A wire in virtual time that loses, delays, repeats, reorders and corrupts, from a seed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::IpAddr;
use std::time::Duration;

use stack::engine::{Instant, Random};

/// Odds are in a million.
#[derive(Debug, Clone, Copy)]
pub struct Impairments {
    pub loss: u32,
    pub duplicate: u32,
    pub reorder: u32,
    pub corrupt: u32,
    pub delay: Duration,
    pub jitter: Duration,
    /// Largest segment, TCP header included, that gets through; larger ones vanish.
    pub black_hole: Option<usize>,
}

impl Impairments {
    pub const NONE: Self = Self {
        loss: 0,
        duplicate: 0,
        reorder: 0,
        corrupt: 0,
        delay: Duration::from_micros(100),
        jitter: Duration::ZERO,
        black_hole: None,
    };

    /// Some of everything, drawn from a seed; every fourth seed gets none of a kind.
    pub fn draw(r: &mut Random) -> Self {
        let mut some = |most: u64| if r.below(4) == 0 { 0 } else { r.below(most) as u32 };
        Self {
            loss: some(100_000),
            duplicate: some(50_000),
            reorder: some(100_000),
            corrupt: some(30_000),
            delay: Duration::from_micros(some(40_000).into()),
            jitter: Duration::from_micros(some(10_000).into()),
            black_hole: None,
        }
    }
}

/// A segment on its way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Packet {
    pub src: IpAddr,
    pub dst: IpAddr,
    pub bytes: Vec<u8>,
}

/// Both directions of a wire.
pub struct Link {
    pub impairments: Impairments,
    pub random: Random,
    queue: BinaryHeap<Reverse<(Instant, u64, Packet)>>,
    sent: u64,
    pub lost: u64,
}

impl Link {
    pub fn new(impairments: Impairments, random: Random) -> Self {
        Self { impairments, random, queue: BinaryHeap::new(), sent: 0, lost: 0 }
    }

    pub fn send(&mut self, now: Instant, mut p: Packet) {
        let i = self.impairments;
        if self.random.chance(i.loss) || i.black_hole.is_some_and(|b| p.bytes.len() > b) {
            self.lost += 1;
            return;
        }
        if self.random.chance(i.corrupt) {
            let at = self.random.below(p.bytes.len() as u64) as usize;
            p.bytes[at] ^= 1 << self.random.below(8);
        }
        if self.random.chance(i.duplicate) {
            self.push(now, p.clone());
        }
        self.push(now, p);
    }

    fn push(&mut self, now: Instant, p: Packet) {
        let i = self.impairments;
        let mut delay = i.delay + Duration::from_nanos(self.random.below(i.jitter.as_nanos() as u64));
        if self.random.chance(i.reorder) {
            delay += Duration::from_micros(self.random.below(20_000));
        }
        self.sent += 1;
        self.queue.push(Reverse((now + delay, self.sent, p)));
    }

    pub fn next(&self) -> Option<Instant> {
        self.queue.peek().map(|e| e.0.0)
    }

    pub fn due(&mut self, now: Instant) -> Option<Packet> {
        if self.next()? > now {
            return None;
        }
        self.queue.pop().map(|e| e.0.2)
    }
}
