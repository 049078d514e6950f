//! Reassembly of fragments, with bounds.
//!
//! Source: RFC 791 section 3.2, RFC 815, RFC 8200 section 4.5, RFC 5722 (no overlaps), RFC 1858
//! and 3128 (tiny fragments), RFC 6946 (atomic fragments are no business of this one). Overlaps are
//! dropped with their whole datagram in both families; an exact copy of a fragment is only ignored.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use formats::ctrace::events::Hex32;
use formats::ctrace::events::ip as events;

use super::{Ip, drop, icmp, icmpv6};
use crate::engine::{Context, Instant};

/// Bytes of all fragments that wait.
pub const MAX_BYTES: usize = 1024 * 1024;
/// Datagrams that wait.
pub const MAX_DATAGRAMS: usize = 128;
/// Fragments of one datagram.
pub const MAX_FRAGMENTS: usize = 256;
/// How long the fragments of a datagram are waited for (RFC 8200 section 4.5; REASSEMBLYTIMEOUT's
/// default).
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// What fragments belong together (RFC 791; of IPv6 fragments the protocol does not count).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Source.
    pub src: IpAddr,
    /// Destination.
    pub dst: IpAddr,
    /// Identification.
    pub id: u32,
    /// Protocol, 0 in IPv6.
    pub protocol: u8,
}

/// One fragment.
#[derive(Debug, Clone, Copy)]
pub struct Fragment<'a> {
    /// Offset of its data in the datagram's payload, in bytes.
    pub offset: u32,
    /// More follow.
    pub more: bool,
    /// The headers in front of the fragmentable part.
    pub header: &'a [u8],
    /// The data.
    pub data: &'a [u8],
    /// The interface it came in through.
    pub interface: u16,
    /// It came as link-layer multicast or broadcast.
    pub group: bool,
}

/// What became of a fragment.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Others are missing.
    Waiting,
    /// It was there already.
    Duplicate,
    /// It overlaps with another one: the datagram is gone.
    Overlap,
    /// It contradicts another one about the datagram's length, or is beyond what a datagram can be:
    /// the datagram is gone.
    Inconsistent,
    /// There is no room, or the datagram has too many fragments.
    Full,
    /// The datagram is complete.
    Complete {
        /// The headers of the first fragment.
        header: Vec<u8>,
        /// The payload.
        data: Vec<u8>,
    },
}

#[derive(Debug)]
struct Datagram {
    until: Instant,
    /// Data by offset.
    parts: BTreeMap<u32, Vec<u8>>,
    /// Length of the payload, once the last fragment is there.
    total: Option<u32>,
    received: u32,
    header: Option<Vec<u8>>,
    interface: u16,
    group: bool,
}

/// A datagram that was given up: its key and, when the first fragment was there, its start.
#[derive(Debug, PartialEq, Eq)]
pub struct Expired {
    /// Which datagram.
    pub key: Key,
    /// Header and data of the first fragment.
    pub first: Option<Vec<u8>>,
    /// The interface that the first fragment came in through, when it was there.
    pub interface: u16,
    /// A fragment came as link-layer multicast or broadcast.
    pub group: bool,
}

/// Datagrams that wait for fragments.
#[derive(Debug, Default)]
pub struct Reassembly {
    datagrams: BTreeMap<Key, Datagram>,
    bytes: usize,
}

impl Reassembly {
    /// A fragment came in.
    pub fn add(&mut self, now: Instant, key: Key, f: Fragment<'_>) -> Outcome {
        let len = f.data.len() as u32;
        let end = f.offset + len;
        if end as usize + f.header.len() > 65_535 {
            self.forget(key);
            return Outcome::Inconsistent;
        }
        if !self.datagrams.contains_key(&key) {
            if self.datagrams.len() >= MAX_DATAGRAMS {
                return Outcome::Full;
            }
            let d = Datagram {
                until: now + TIMEOUT,
                parts: BTreeMap::new(),
                total: None,
                received: 0,
                header: None,
                interface: f.interface,
                group: false,
            };
            self.datagrams.insert(key, d);
        }
        let Some(d) = self.datagrams.get_mut(&key) else { return Outcome::Full };
        if d.parts.get(&f.offset).is_some_and(|p| p == f.data) && (f.more || d.total == Some(end)) {
            return Outcome::Duplicate;
        }
        let before = d.parts.range(..f.offset + 1).next_back().map(|(&at, p)| at + p.len() as u32);
        let behind = d.parts.range(f.offset..).next().map(|(&at, _)| at);
        if before.is_some_and(|e| e > f.offset) || behind.is_some_and(|at| at < end) {
            self.forget(key);
            return Outcome::Overlap;
        }
        let wrong_end = if f.more {
            d.total.is_some_and(|t| end > t) || len == 0
        } else {
            let last = d.parts.iter().next_back().map_or(0, |(&at, p)| at + p.len() as u32);
            d.total.is_some_and(|t| t != end) || last > end
        };
        if wrong_end {
            self.forget(key);
            return Outcome::Inconsistent;
        }
        if d.parts.len() >= MAX_FRAGMENTS || self.bytes + f.data.len() > MAX_BYTES {
            self.forget(key);
            return Outcome::Full;
        }
        if !f.more {
            d.total = Some(end);
        }
        if f.offset == 0 {
            d.header = Some(f.header.to_vec());
            d.interface = f.interface;
        }
        d.group |= f.group;
        d.received += len;
        d.parts.insert(f.offset, f.data.to_vec());
        self.bytes += f.data.len();
        // Without overlaps all is there when as many bytes are there as there should be.
        if d.total != Some(d.received) {
            return Outcome::Waiting;
        }
        let Some(d) = self.forget(key) else { return Outcome::Full };
        let mut data = Vec::with_capacity(d.received as usize);
        d.parts.into_values().for_each(|p| data.extend(p));
        Outcome::Complete { header: d.header.unwrap_or_default(), data }
    }

    fn forget(&mut self, key: Key) -> Option<Datagram> {
        let d = self.datagrams.remove(&key)?;
        self.bytes -= d.received as usize;
        Some(d)
    }

    /// Gives up datagrams whose time is over.
    pub fn expire(&mut self, now: Instant) -> Vec<Expired> {
        let old: Vec<Key> = self.datagrams.iter().filter(|(_, d)| d.until <= now).map(|(&k, _)| k).collect();
        old.into_iter()
            .filter_map(|key| {
                let mut d = self.forget(key)?;
                let first = d.header.map(|mut h| {
                    h.extend(d.parts.remove(&0).unwrap_or_default());
                    h
                });
                Some(Expired { key, first, interface: d.interface, group: d.group })
            })
            .collect()
    }

    /// When the next datagram is given up.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.datagrams.values().map(|d| d.until).min()
    }

    /// Bytes that wait.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Datagrams that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.datagrams.len()
    }

    /// True when nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.datagrams.is_empty()
    }
}

impl Ip {
    /// A fragment of a packet for this stack. Returns the headers of the first fragment and the
    /// payload when nothing is missing any more.
    pub(super) fn add_fragment(
        &mut self,
        cx: &Context<'_>,
        interface: u16,
        packet: &[u8],
        key: Key,
        f: Fragment<'_>,
    ) -> Option<(Vec<u8>, Vec<u8>)> {
        let outcome = self.reassembly.add(cx.now, key, f);
        let event = events::FragmentReceived {
            src: key.src,
            dst: key.dst,
            id: Hex32(key.id),
            offset: f.offset,
            length: f.data.len() as u32,
            fate: fate(&outcome),
        };
        self.event(cx, key.src, &event);
        let counters = self.counters.family(key.src.is_ipv6());
        let reason = match outcome {
            Outcome::Waiting | Outcome::Duplicate => {
                if let Some(at) = self.reassembly.poll_timeout() {
                    self.arm(at);
                }
                return None;
            }
            Outcome::Complete { header, data } => {
                counters.reassembly_ok += 1;
                return Some((header, data));
            }
            Outcome::Overlap | Outcome::Inconsistent => drop::FRAGMENT,
            Outcome::Full => drop::REASSEMBLY_FULL,
        };
        counters.reassembly_failed += 1;
        self.dropped(cx, interface, false, packet, reason);
        None
    }

    /// Gives up datagrams whose fragments did not come; the sender is told when the first one did.
    pub(super) fn reassembly_timeout(&mut self, cx: &mut Context<'_>) {
        for gone in self.reassembly.expire(cx.now) {
            let (src, dst) = (gone.key.src, gone.key.dst);
            self.event(cx, src, &events::ReassemblyTimeout { src, dst, id: Hex32(gone.key.id) });
            self.counters.family(src.is_ipv6()).reassembly_failed += 1;
            let Some(first) = gone.first else { continue };
            let (interface, group) = (gone.interface, gone.group);
            if src.is_ipv4() {
                self.icmp_error(cx, interface, &first, group, icmp::Error::TimeExceeded(1));
            } else {
                self.icmpv6_error(cx, interface, &first, group, icmpv6::Error::TimeExceeded(1));
            }
        }
    }
}

const fn fate(o: &Outcome) -> events::FragmentFate {
    match o {
        Outcome::Waiting => events::FragmentFate::WAITING,
        Outcome::Duplicate => events::FragmentFate::DUPLICATE,
        Outcome::Overlap => events::FragmentFate::OVERLAP,
        Outcome::Inconsistent => events::FragmentFate::INCONSISTENT,
        Outcome::Full => events::FragmentFate::FULL,
        Outcome::Complete { .. } => events::FragmentFate::COMPLETE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: Key = Key {
        src: IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)),
        dst: IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2)),
        id: 7,
        protocol: 17,
    };

    fn part(offset: u32, more: bool, data: &[u8]) -> Fragment<'_> {
        Fragment { offset, more, header: &[0x45], data, interface: 1, group: false }
    }

    #[test]
    fn fragments_in_any_order() {
        let mut r = Reassembly::default();
        assert_eq!(r.add(Instant::START, KEY, part(16, false, &[3; 4])), Outcome::Waiting);
        assert_eq!(r.add(Instant::START, KEY, part(0, true, &[1; 8])), Outcome::Waiting);
        assert_eq!(r.add(Instant::START, KEY, part(0, true, &[1; 8])), Outcome::Duplicate);
        let Outcome::Complete { header, data } = r.add(Instant::START, KEY, part(8, true, &[2; 8])) else {
            panic!("not complete")
        };
        assert_eq!(header, [0x45]);
        assert_eq!(data, [[1; 8], [2; 8]].concat().into_iter().chain([3; 4]).collect::<Vec<u8>>());
        assert_eq!((r.bytes(), r.len()), (0, 0));
    }

    #[test]
    fn overlaps_drop_the_datagram() {
        // RFC 5722 section 3: all fragments, also those to come.
        for (offset, len) in [(4, 8), (0, 16), (8, 1), (12, 2)] {
            let mut r = Reassembly::default();
            r.add(Instant::START, KEY, part(8, true, &[1; 8]));
            assert_eq!(
                r.add(Instant::START, KEY, part(offset, true, &vec![9; len])),
                Outcome::Overlap,
                "{offset} {len}"
            );
            assert_eq!((r.bytes(), r.len()), (0, 0));
        }
    }

    #[test]
    fn ends_that_contradict_drop_the_datagram() {
        let mut r = Reassembly::default();
        r.add(Instant::START, KEY, part(16, false, &[3; 8]));
        assert_eq!(r.add(Instant::START, KEY, part(32, true, &[4; 8])), Outcome::Inconsistent);
        r.add(Instant::START, KEY, part(16, true, &[3; 8]));
        assert_eq!(r.add(Instant::START, KEY, part(8, false, &[4; 8])), Outcome::Inconsistent);
        // The ping of death: beyond 65,535 bytes.
        assert_eq!(r.add(Instant::START, KEY, part(65_528, false, &[4; 100])), Outcome::Inconsistent);
        assert_eq!(r.bytes(), 0);
    }

    #[test]
    fn time_runs_out_after_a_minute() {
        let mut r = Reassembly::default();
        r.add(Instant::START, KEY, part(0, true, &[1; 8]));
        r.add(Instant::START, KEY, Fragment { interface: 2, ..part(16, true, &[1; 8]) });
        r.add(Instant::START, Key { id: 8, ..KEY }, part(8, true, &[1; 8]));
        assert_eq!(r.poll_timeout(), Some(Instant::from_millis(60_000)));
        assert_eq!(r.expire(Instant::from_millis(59_999)), []);
        let gone = r.expire(Instant::from_millis(60_000));
        assert_eq!(gone[0].first.as_deref(), Some(&[0x45, 1, 1, 1, 1, 1, 1, 1, 1][..]));
        assert_eq!(gone[0].interface, 1, "that of the first fragment");
        assert_eq!(gone[1].first, None, "without the first fragment nobody is told");
    }

    #[test]
    fn memory_is_bounded() {
        let mut r = Reassembly::default();
        for id in 0..100_000 {
            r.add(Instant::START, Key { id, ..KEY }, part(8, true, &[0; 20_000]));
            assert!(r.bytes() <= MAX_BYTES && r.len() <= MAX_DATAGRAMS);
        }
        let mut r = Reassembly::default();
        for n in 0..1000 {
            r.add(Instant::START, KEY, part(8 + n * 16, true, &[0; 8]));
            assert!(r.bytes() <= MAX_FRAGMENTS * 8);
        }
    }

    proptest! {
        #[test]
        fn any_cut_in_any_order_gives_the_datagram(
            len in 1usize..3000,
            unit in 1usize..40,
            seed: u64,
        ) {
            let data: Vec<u8> = (0..len).map(|n| n as u8).collect();
            let mut cuts: Vec<(usize, &[u8])> = data.chunks(unit * 8 * (1 + len / 8 / MAX_FRAGMENTS)).scan(0, |at, c| {
                let from = *at;
                *at += c.len();
                Some((from, c))
            }).collect();
            let last = cuts.len() - 1;
            let mut order: Vec<usize> = (0..=last).collect();
            let mut random = crate::engine::Random::new(seed);
            for n in (1..order.len()).rev() {
                order.swap(n, random.below(n as u64 + 1) as usize);
            }
            let mut r = Reassembly::default();
            let mut got = None;
            for n in order {
                let (offset, c) = std::mem::take(&mut cuts[n]);
                if let Outcome::Complete { data, .. } =
                    r.add(Instant::START, KEY, part(offset as u32, n != last, c))
                {
                    got = Some(data);
                }
            }
            prop_assert_eq!(got, Some(data));
            prop_assert_eq!(r.bytes(), 0);
        }

        #[test]
        fn arbitrary_fragments_never_panic(
            parts in prop::collection::vec((0u32..70_000, any::<bool>(), 0usize..300, 0u32..3), 0..100)
        ) {
            let mut r = Reassembly::default();
            for (offset, more, len, id) in parts {
                r.add(Instant::START, Key { id, ..KEY }, part(offset, more, &vec![1; len]));
                prop_assert!(r.bytes() <= MAX_BYTES);
            }
            r.expire(Instant::START + TIMEOUT);
            prop_assert_eq!(r.bytes(), 0);
        }
    }
}
