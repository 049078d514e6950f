//! In-memory networks: LANs, point-to-point links and HiperSockets channels, with impairments.
//!
//! A fabric is sans-IO like the engines: frames go in with [`Fabric::send`], come out of
//! [`Fabric::poll`] when they are due, and [`Fabric::poll_timeout`] says when that is. The same
//! seed and the same calls give the same frames at the same moments.

pub mod impair;
pub mod iqd;
pub mod lan;

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

use crate::engine::{Buffer, Instant, Random};

use impair::Line;
pub use impair::{Burst, Impairments, LineCounters};
use iqd::Channel;
use lan::Lan;

/// Frames in flight over all segments; what comes beyond them is lost and counted.
pub const MAX_IN_FLIGHT: usize = 65_536;

/// One end of a segment, where a DLC is plugged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortId(pub usize);

/// A LAN, link or channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId(pub usize);

/// Which way frames go through a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the DLC into the segment.
    In,
    /// From the segment to the DLC.
    Out,
}

/// What a segment does with a frame.
#[derive(Debug)]
enum Kind {
    Lan(Lan),
    Link,
    Iqd(Channel),
}

#[derive(Debug)]
struct Segment {
    kind: Kind,
    ports: Vec<PortId>,
}

#[derive(Debug)]
struct Port {
    segment: SegmentId,
    up: bool,
    into: Line,
    out: Line,
}

/// A frame on its way to a place: the middle of a segment, or a DLC.
#[derive(Debug)]
struct Due {
    at: Instant,
    seq: u64,
    port: PortId,
    to: Place,
    frame: Buffer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Segment,
    Dlc,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    // The heap gives its greatest first: the earliest is the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.seq).cmp(&(self.at, self.seq))
    }
}

/// All segments of a plex.
#[derive(Debug)]
pub struct Fabric {
    random: Random,
    segments: Vec<Segment>,
    ports: Vec<Port>,
    waiting: BinaryHeap<Due>,
    ready: VecDeque<(PortId, Buffer)>,
    seq: u64,
    overflowed: u64,
}

impl Fabric {
    /// An empty fabric whose impairments depend on `random` alone.
    #[must_use]
    pub fn new(random: Random) -> Self {
        Self {
            random,
            segments: Vec::new(),
            ports: Vec::new(),
            waiting: BinaryHeap::new(),
            ready: VecDeque::new(),
            seq: 0,
            overflowed: 0,
        }
    }

    /// An Ethernet: a learning switch.
    pub fn lan(&mut self) -> SegmentId {
        self.segment(Kind::Lan(Lan::default()))
    }

    /// A point-to-point link: what goes in at one port comes out at the other (the first two
    /// ports count).
    pub fn link(&mut self) -> SegmentId {
        self.segment(Kind::Link)
    }

    /// A HiperSockets channel.
    pub fn iqd(&mut self) -> SegmentId {
        self.segment(Kind::Iqd(Channel::default()))
    }

    fn segment(&mut self, kind: Kind) -> SegmentId {
        self.segments.push(Segment { kind, ports: Vec::new() });
        SegmentId(self.segments.len() - 1)
    }

    /// A new port, without impairments.
    pub fn attach(&mut self, segment: SegmentId) -> PortId {
        let id = PortId(self.ports.len());
        self.ports.push(Port { segment, up: true, into: Line::default(), out: Line::default() });
        if let Some(s) = self.segments.get_mut(segment.0) {
            s.ports.push(id);
        }
        id
    }

    /// Changes what a port does to frames in one direction, from now on.
    pub fn impair(&mut self, port: PortId, direction: Direction, impairments: Impairments) {
        if let Some(p) = self.ports.get_mut(port.0) {
            match direction {
                Direction::In => p.into.set(impairments),
                Direction::Out => p.out.set(impairments),
            }
        }
    }

    /// Pulls the cable (`false`) or plugs it in again.
    pub fn set_up(&mut self, port: PortId, up: bool) {
        if let Some(p) = self.ports.get_mut(port.0) {
            p.up = up;
        }
    }

    /// What happened to the frames of a port in one direction.
    #[must_use]
    pub fn counters(&self, port: PortId, direction: Direction) -> LineCounters {
        self.ports.get(port.0).map_or_else(LineCounters::default, |p| match direction {
            Direction::In => p.into.counters,
            Direction::Out => p.out.counters,
        })
    }

    /// Frames lost because too many were in flight.
    #[must_use]
    pub const fn overflowed(&self) -> u64 {
        self.overflowed
    }

    /// A DLC puts a frame on the wire.
    pub fn send(&mut self, now: Instant, port: PortId, frame: Buffer) {
        let Some(p) = self.ports.get_mut(port.0) else { return };
        if !p.up {
            p.into.counters.lost += 1;
            return;
        }
        if p.into.is_clean() {
            p.into.counters.delivered += 1;
            self.spread(now, port, frame);
        } else {
            let fates = p.into.pass(now, &mut self.random, frame);
            for (at, frame) in fates.into_iter().flatten() {
                self.later(at, port, Place::Segment, frame);
            }
        }
    }

    /// The segment passes a frame on to the ports it is for.
    fn spread(&mut self, now: Instant, from: PortId, frame: Buffer) {
        let Some(segment) = self.ports.get(from.0).map(|p| p.segment) else { return };
        let Some(s) = self.segments.get_mut(segment.0) else { return };
        let target = match &mut s.kind {
            Kind::Lan(lan) => lan.forward(from, &frame),
            Kind::Link => match s.ports[..] {
                [a, b, ..] if a == from => Target::One(b),
                [a, b, ..] if b == from => Target::One(a),
                _ => Target::Nobody,
            },
            Kind::Iqd(channel) => channel.forward(from, &frame),
        };
        match target {
            Target::Nobody => {}
            Target::One(to) => self.deliver(now, to, frame),
            Target::Some(ports) => {
                for to in ports {
                    self.deliver(now, to, frame.clone());
                }
            }
            Target::All => {
                let mut n = 0;
                while let Some(&to) = self.segments.get(segment.0).and_then(|s| s.ports.get(n)) {
                    if to != from {
                        self.deliver(now, to, frame.clone());
                    }
                    n += 1;
                }
            }
        }
    }

    /// Towards a DLC.
    fn deliver(&mut self, now: Instant, to: PortId, frame: Buffer) {
        let Some(p) = self.ports.get_mut(to.0) else { return };
        if !p.up {
            p.out.counters.lost += 1;
        } else if p.out.is_clean() {
            if self.ready.len() + self.waiting.len() >= MAX_IN_FLIGHT {
                self.overflowed += 1;
                return;
            }
            p.out.counters.delivered += 1;
            self.ready.push_back((to, frame));
        } else {
            let fates = p.out.pass(now, &mut self.random, frame);
            for (at, frame) in fates.into_iter().flatten() {
                self.later(at, to, Place::Dlc, frame);
            }
        }
    }

    fn later(&mut self, at: Instant, port: PortId, to: Place, frame: Buffer) {
        if self.ready.len() + self.waiting.len() >= MAX_IN_FLIGHT {
            self.overflowed += 1;
            return;
        }
        self.seq += 1;
        self.waiting.push(Due { at, seq: self.seq, port, to, frame });
    }

    /// The next frame that has arrived at a DLC by `now`.
    pub fn poll(&mut self, now: Instant) -> Option<(PortId, Buffer)> {
        loop {
            if let Some(arrived) = self.ready.pop_front() {
                return Some(arrived);
            }
            if self.waiting.peek()?.at > now {
                return None;
            }
            let due = self.waiting.pop()?;
            match due.to {
                Place::Segment => self.spread(due.at, due.port, due.frame),
                Place::Dlc => return Some((due.port, due.frame)),
            }
        }
    }

    /// When the next frame arrives.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if !self.ready.is_empty() {
            return Some(Instant::START);
        }
        self.waiting.peek().map(|d| d.at)
    }
}

/// Which ports of a segment get a frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Nobody,
    One(PortId),
    Some(Vec<PortId>),
    /// All but the one it came from.
    All,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn frame(dst: u8, src: u8) -> Buffer {
        let mut b = [0; 20];
        b[..6].copy_from_slice(&[2, 0, 0, 0, 0, dst]);
        b[6..12].copy_from_slice(&[2, 0, 0, 0, 0, src]);
        Buffer::copy(&b)
    }

    #[test]
    fn a_link_has_two_ends() {
        let mut f = Fabric::new(Random::new(1));
        let link = f.link();
        let (a, b, third) = (f.attach(link), f.attach(link), f.attach(link));
        f.send(Instant::START, a, Buffer::copy(&[1]));
        f.send(Instant::START, b, Buffer::copy(&[2]));
        f.send(Instant::START, third, Buffer::copy(&[3]));
        assert_eq!(f.poll(Instant::START), Some((b, Buffer::copy(&[1]))));
        assert_eq!(f.poll(Instant::START), Some((a, Buffer::copy(&[2]))));
        assert_eq!(f.poll(Instant::START), None);
    }

    #[test]
    fn a_lan_learns_where_addresses_are() {
        let mut f = Fabric::new(Random::new(1));
        let lan = f.lan();
        let ports = [f.attach(lan), f.attach(lan), f.attach(lan)];
        f.send(Instant::START, ports[0], frame(2, 1));
        let mut to = Vec::new();
        while let Some((p, _)) = f.poll(Instant::START) {
            to.push(p);
        }
        assert_eq!(to, [ports[1], ports[2]], "unknown: to everybody else");
        f.send(Instant::START, ports[1], frame(1, 2));
        assert_eq!(f.poll(Instant::START).map(|(p, _)| p), Some(ports[0]));
        assert_eq!(f.poll(Instant::START), None);
    }

    #[test]
    fn frames_come_when_they_are_due_and_in_order() {
        let mut f = Fabric::new(Random::new(1));
        let link = f.link();
        let (a, b) = (f.attach(link), f.attach(link));
        let slow = Impairments {
            delay: Duration::from_millis(5),
            jitter: Duration::from_millis(4),
            ..Impairments::NONE
        };
        f.impair(a, Direction::In, slow);
        for n in 0..50 {
            f.send(Instant::START, a, Buffer::copy(&[n]));
        }
        assert_eq!(f.poll(Instant::START), None);
        let first = f.poll_timeout().unwrap();
        assert!(first >= Instant::from_millis(5) && first <= Instant::from_millis(9));
        let got: Vec<u8> = std::iter::from_fn(|| f.poll(Instant::from_millis(9)).map(|(p, b_)| (p, b_[0])))
            .map(|(p, n)| {
                assert_eq!(p, b);
                n
            })
            .collect();
        assert_eq!(got, (0..50).collect::<Vec<u8>>());
    }

    #[test]
    fn a_pulled_cable_loses_everything() {
        let mut f = Fabric::new(Random::new(1));
        let link = f.link();
        let (a, _) = (f.attach(link), f.attach(link));
        f.set_up(a, false);
        f.send(Instant::START, a, Buffer::copy(&[1]));
        assert_eq!(f.poll(Instant::START), None);
        assert_eq!(f.counters(a, Direction::In).lost, 1);
    }

    #[test]
    fn what_is_in_flight_is_bounded() {
        let mut f = Fabric::new(Random::new(1));
        let link = f.link();
        let (a, _) = (f.attach(link), f.attach(link));
        for _ in 0..MAX_IN_FLIGHT + 5 {
            f.send(Instant::START, a, Buffer::default());
        }
        assert_eq!(f.overflowed(), 5);
    }
}
