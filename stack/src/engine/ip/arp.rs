//! ARP: resolution, answers for own addresses, and address conflict detection.
//!
//! Source: RFC 826; RFC 1122 section 2.3.2; RFC 5227 (probes, announcements, defence). The IP
//! layer has one for each Ethernet interface without ARP offload, an OSA has one for each
//! datapath with it.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use formats::net::MacAddr;
use formats::net::arp::{Opcode, Repr};

use super::neighbor::{Action, Learned, Neighbors, Settings};
use crate::engine::{Context, Instant};

/// RFC 5227 section 1.1.
const PROBE_WAIT: Duration = Duration::from_secs(1);
const PROBE_NUM: u8 = 3;
const PROBE_MIN: Duration = Duration::from_secs(1);
const ANNOUNCE_WAIT: Duration = Duration::from_secs(2);
const ANNOUNCE_NUM: u8 = 2;
const ANNOUNCE_INTERVAL: Duration = Duration::from_secs(2);
const DEFEND_INTERVAL: Duration = Duration::from_secs(10);

/// Addresses that one interface answers for, at most.
pub const MAX_OWN: usize = 1024;

/// What an own address is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Asking whether somebody has it; so many probes have been sent.
    Probing(u8),
    /// In use; so many announcements have been sent.
    Announcing(u8),
    /// In use.
    Ready,
}

#[derive(Debug)]
struct Own {
    address: Ipv4Addr,
    phase: Phase,
    at: Instant,
    last_conflict: Option<Instant>,
}

/// What the owner has to know or do.
#[derive(Debug, PartialEq, Eq)]
pub enum Notice<T> {
    /// Send an ARP packet to a link address.
    Frame(MacAddr, Repr),
    /// A packet can go.
    Send(MacAddr, T),
    /// Nobody answered for a next hop.
    Unreachable(IpAddr, Vec<T>),
    /// A packet was dropped because too many wait for one answer.
    Overflow(T),
    /// An address is in use from now on.
    Ready(Ipv4Addr),
    /// Another node uses an own address.
    Conflict {
        /// The address.
        address: Ipv4Addr,
        /// The other node.
        other: MacAddr,
        /// It has been given up.
        lost: bool,
    },
    /// The cache changed: see [`Action::Changed`].
    Changed(Action<T>),
}

/// ARP on one interface.
#[derive(Debug)]
pub struct Arp<T> {
    mac: MacAddr,
    own: Vec<Own>,
    /// The cache.
    pub neighbors: Neighbors<T>,
    notices: VecDeque<Notice<T>>,
    next: Option<Instant>,
}

impl<T> Arp<T> {
    /// ARP for an interface with this link address.
    #[must_use]
    pub fn new(mac: MacAddr, settings: Settings) -> Self {
        Self {
            mac,
            own: Vec::new(),
            neighbors: Neighbors::new(settings),
            notices: VecDeque::new(),
            next: None,
        }
    }

    /// Starts to answer for an address: after probing, or at once with announcements (gratuitous
    /// ARP), which is also how an address is taken over.
    pub fn add(&mut self, cx: &mut Context<'_>, address: Ipv4Addr, probe: bool) {
        if self.own.len() >= MAX_OWN || self.own.iter().any(|o| o.address == address) {
            return;
        }
        let (phase, at) = if probe {
            let wait = Duration::from_nanos(cx.random.below(PROBE_WAIT.as_nanos() as u64));
            (Phase::Probing(0), cx.now + wait)
        } else {
            self.notices.push_back(Notice::Ready(address));
            (Phase::Announcing(0), cx.now)
        };
        self.own.push(Own { address, phase, at, last_conflict: None });
        self.arm(at);
        self.handle_timeout(cx);
    }

    /// Stops answering for an address.
    pub fn remove(&mut self, address: Ipv4Addr) {
        self.own.retain(|o| o.address != address);
    }

    /// True when this interface answers for an address.
    #[must_use]
    pub fn owns(&self, address: Ipv4Addr) -> bool {
        self.own.iter().any(|o| o.address == address && !matches!(o.phase, Phase::Probing(_)))
    }

    /// An ARP packet came in.
    pub fn handle(&mut self, cx: &mut Context<'_>, arp: &Repr) {
        if arp.src_hw.is_group() || arp.src_hw == self.mac || !matches!(arp.opcode.0, 1 | 2) {
            return;
        }
        if arp.src_proto.is_multicast() || arp.src_proto.is_broadcast() || arp.src_proto.is_loopback() {
            return;
        }
        self.detect_conflict(cx, arp);
        let for_us = self.owns(arp.dst_proto);
        if !arp.src_proto.is_unspecified() && !self.owns(arp.src_proto) {
            let answer = arp.opcode == Opcode::REPLY && arp.dst_hw == self.mac && !arp.is_gratuitous();
            let what = Learned {
                mac: Some(arp.src_hw),
                solicited: answer,
                replaces: true,
                router: None,
                create: for_us,
            };
            self.neighbors.learn(cx.now, IpAddr::V4(arp.src_proto), what);
        }
        if for_us && arp.opcode == Opcode::REQUEST {
            let reply = Repr {
                opcode: Opcode::REPLY,
                src_hw: self.mac,
                src_proto: arp.dst_proto,
                dst_hw: arp.src_hw,
                dst_proto: arp.src_proto,
            };
            self.notices.push_back(Notice::Frame(arp.src_hw, reply));
        }
        self.pump();
    }

    /// RFC 5227 sections 2.1.1 and 2.4.
    fn detect_conflict(&mut self, cx: &mut Context<'_>, arp: &Repr) {
        let mac = self.mac;
        let hit = self.own.iter_mut().position(|o| {
            o.address == arp.src_proto
                || matches!(o.phase, Phase::Probing(_)) && arp.is_probe() && o.address == arp.dst_proto
        });
        let Some(own) = hit.and_then(|i| self.own.get_mut(i)) else { return };
        let address = own.address;
        let recent = own.last_conflict.is_some_and(|t| cx.now.since(t) < DEFEND_INTERVAL);
        let lost = matches!(own.phase, Phase::Probing(_)) || recent;
        own.last_conflict = Some(cx.now);
        self.notices.push_back(Notice::Conflict { address, other: arp.src_hw, lost });
        if lost {
            self.remove(address);
        } else {
            self.notices.push_back(Notice::Frame(MacAddr::BROADCAST, announcement(mac, address)));
        }
    }

    /// The link address for a packet to a next hop; see [`Neighbors::resolve`].
    pub fn resolve(&mut self, cx: &mut Context<'_>, hop: Ipv4Addr, item: T) -> Option<(MacAddr, T)> {
        let found = self.neighbors.resolve(cx.now, IpAddr::V4(hop), item);
        self.pump();
        found
    }

    /// Turns what the cache asks for into packets and notices.
    fn pump(&mut self) {
        while let Some(action) = self.neighbors.poll_action() {
            let notice = match action {
                Action::Solicit { address: IpAddr::V4(target), to } => {
                    Notice::Frame(to.unwrap_or(MacAddr::BROADCAST), self.request(target))
                }
                Action::Solicit { .. } => continue,
                Action::Send(mac, item) => Notice::Send(mac, item),
                Action::Unreachable(address, items) => Notice::Unreachable(address, items),
                Action::Overflow(item) => Notice::Overflow(item),
                changed @ Action::Changed { .. } => Notice::Changed(changed),
            };
            self.notices.push_back(notice);
        }
    }

    /// A request. The sender is an own address, of the target's network where possible: this
    /// cannot be told here without prefixes, so the one with the longest common start is taken.
    fn request(&self, target: Ipv4Addr) -> Repr {
        let common = |a: Ipv4Addr| (a.to_bits() ^ target.to_bits()).leading_zeros();
        let src_proto = self
            .own
            .iter()
            .filter(|o| !matches!(o.phase, Phase::Probing(_)))
            .map(|o| o.address)
            .max_by_key(|&a| common(a))
            .unwrap_or(Ipv4Addr::UNSPECIFIED);
        Repr {
            opcode: Opcode::REQUEST,
            src_hw: self.mac,
            src_proto,
            dst_hw: MacAddr::default(),
            dst_proto: target,
        }
    }

    /// The next thing to do or know.
    pub fn poll_notice(&mut self) -> Option<Notice<T>> {
        self.pump();
        self.notices.pop_front()
    }

    /// Not later than the next timer.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match (self.next, self.neighbors.poll_timeout()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Timers that are due.
    pub fn handle_timeout(&mut self, cx: &mut Context<'_>) {
        self.neighbors.handle_timeout(cx.now);
        self.pump();
        if self.next.is_none_or(|t| t > cx.now) {
            return;
        }
        let mac = self.mac;
        let mut next: Option<Instant> = None;
        for own in &mut self.own {
            while own.at <= cx.now && own.phase != Phase::Ready {
                match own.phase {
                    Phase::Probing(PROBE_NUM) => {
                        own.phase = Phase::Announcing(0);
                        self.notices.push_back(Notice::Ready(own.address));
                    }
                    Phase::Probing(n) => {
                        own.phase = Phase::Probing(n + 1);
                        let jitter = cx.random.below(PROBE_MIN.as_nanos() as u64);
                        own.at = cx.now
                            + if n + 1 == PROBE_NUM {
                                ANNOUNCE_WAIT
                            } else {
                                PROBE_MIN + Duration::from_nanos(jitter)
                            };
                        let probe = Repr {
                            opcode: Opcode::REQUEST,
                            src_hw: mac,
                            src_proto: Ipv4Addr::UNSPECIFIED,
                            dst_hw: MacAddr::default(),
                            dst_proto: own.address,
                        };
                        self.notices.push_back(Notice::Frame(MacAddr::BROADCAST, probe));
                    }
                    Phase::Announcing(n) => {
                        own.phase =
                            if n + 1 == ANNOUNCE_NUM { Phase::Ready } else { Phase::Announcing(n + 1) };
                        own.at = cx.now + ANNOUNCE_INTERVAL;
                        let frame = announcement(mac, own.address);
                        self.notices.push_back(Notice::Frame(MacAddr::BROADCAST, frame));
                    }
                    Phase::Ready => {}
                }
            }
            if own.phase != Phase::Ready {
                next = Some(next.map_or(own.at, |n| n.min(own.at)));
            }
        }
        self.next = next;
    }

    fn arm(&mut self, at: Instant) {
        self.next = Some(self.next.map_or(at, |n| n.min(at)));
    }
}

/// RFC 5227 section 2.3: a request whose sender and target address are the same.
const fn announcement(mac: MacAddr, address: Ipv4Addr) -> Repr {
    Repr {
        opcode: Opcode::REQUEST,
        src_hw: mac,
        src_proto: address,
        dst_hw: MacAddr([0; 6]),
        dst_proto: address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Random;
    use ctrace::Tracer;

    const ME: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
    const YOU: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);
    const MINE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
    const YOURS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

    fn at<R>(ms: u64, f: impl FnOnce(&mut Context<'_>) -> R) -> R {
        let (trace, mut random) = (Tracer::off(), Random::new(ms));
        f(&mut Context { now: Instant::from_millis(ms), random: &mut random, trace: &trace })
    }

    fn notices(arp: &mut Arp<u32>) -> Vec<Notice<u32>> {
        std::iter::from_fn(|| arp.poll_notice()).filter(|n| !matches!(n, Notice::Changed(_))).collect()
    }

    fn ready() -> Arp<u32> {
        let mut arp = Arp::new(ME, Settings::default());
        at(0, |cx| arp.add(cx, MINE, false));
        notices(&mut arp);
        arp
    }

    fn request(src: Ipv4Addr, dst: Ipv4Addr) -> Repr {
        Repr {
            opcode: Opcode::REQUEST,
            src_hw: YOU,
            src_proto: src,
            dst_hw: MacAddr::default(),
            dst_proto: dst,
        }
    }

    #[test]
    fn a_request_is_answered_and_teaches() {
        let mut arp = ready();
        at(10, |cx| arp.handle(cx, &request(YOURS, MINE)));
        let reply =
            Repr { opcode: Opcode::REPLY, src_hw: ME, src_proto: MINE, dst_hw: YOU, dst_proto: YOURS };
        assert_eq!(notices(&mut arp), [Notice::Frame(YOU, reply)]);
        assert_eq!(at(11, |cx| arp.resolve(cx, YOURS, 7)), Some((YOU, 7)));
        at(12, |cx| arp.handle(cx, &request(YOURS, Ipv4Addr::new(10, 0, 0, 9))));
        assert_eq!(notices(&mut arp), [], "not for us");
    }

    #[test]
    fn a_request_for_others_makes_no_entry() {
        let mut arp = ready();
        at(10, |cx| arp.handle(cx, &request(YOURS, Ipv4Addr::new(10, 0, 0, 9))));
        assert!(arp.neighbors.get(Instant::START, IpAddr::V4(YOURS)).is_none());
    }

    #[test]
    fn probes_then_announcements() {
        let mut arp = Arp::<u32>::new(ME, Settings::default());
        at(0, |cx| arp.add(cx, MINE, true));
        assert!(!arp.owns(MINE));
        let mut sent = Vec::new();
        let mut times = Vec::new();
        while let Some(t) = arp.poll_timeout() {
            at(t.millis() + 1, |cx| arp.handle_timeout(cx));
            for n in notices(&mut arp) {
                times.push(t.millis());
                sent.push(n);
            }
        }
        let probe =
            Notice::Frame(MacAddr::BROADCAST, Repr { src_hw: ME, ..request(Ipv4Addr::UNSPECIFIED, MINE) });
        let hello = Notice::Frame(MacAddr::BROADCAST, Repr { src_hw: ME, ..request(MINE, MINE) });
        assert_eq!(sent.len(), 6);
        assert_eq!([&sent[0], &sent[1], &sent[2]], [&probe; 3]);
        assert_eq!(sent[3], Notice::Ready(MINE));
        assert_eq!([&sent[4], &sent[5]], [&hello; 2]);
        assert!(times[0] <= 1000 && (1000..=2003).contains(&(times[1] - times[0])), "{times:?}");
        assert!((2000..=2003).contains(&(times[3] - times[2])) && arp.owns(MINE), "{times:?}");
    }

    #[test]
    fn a_conflict_while_probing_loses_the_address() {
        for packet in [request(MINE, YOURS), request(Ipv4Addr::UNSPECIFIED, MINE)] {
            let mut arp = Arp::<u32>::new(ME, Settings::default());
            at(0, |cx| arp.add(cx, MINE, true));
            at(5, |cx| arp.handle(cx, &packet));
            let lost = Notice::Conflict { address: MINE, other: YOU, lost: true };
            assert_eq!(notices(&mut arp).pop(), Some(lost));
            assert!(!arp.owns(MINE));
        }
    }

    #[test]
    fn an_address_is_defended_once_in_ten_seconds() {
        let mut arp = ready();
        let theft = request(MINE, MINE);
        at(5000, |cx| arp.handle(cx, &theft));
        let defence = Repr { src_hw: ME, ..request(MINE, MINE) };
        let got = notices(&mut arp);
        assert_eq!(got[0], Notice::Conflict { address: MINE, other: YOU, lost: false });
        assert_eq!(got[1], Notice::Frame(MacAddr::BROADCAST, defence));
        at(16_000, |cx| arp.handle(cx, &theft));
        assert!(arp.owns(MINE));
        at(20_000, |cx| arp.handle(cx, &theft));
        assert!(!arp.owns(MINE));
    }

    #[test]
    fn nonsense_is_ignored() {
        let mut arp = ready();
        let group = MacAddr([1, 0, 0x5e, 0, 0, 1]);
        at(5, |cx| {
            arp.handle(cx, &Repr { src_hw: group, ..request(YOURS, MINE) });
            arp.handle(cx, &request(Ipv4Addr::new(224, 0, 0, 1), MINE));
            arp.handle(cx, &Repr { opcode: Opcode(9), ..request(YOURS, MINE) });
        });
        // The second announcement is not due yet, and nothing was answered.
        assert_eq!(notices(&mut arp), []);
    }
}
