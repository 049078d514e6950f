//! VARY TCPIP,,PKTTRACE: which packets are recorded, and how much of them.
//!
//! The conditions of one command are all needed (AND); a packet is recorded when the conditions
//! of any command match (OR). Settings are kept by interface: a command without a name changes
//! all interfaces, one with a name that interface only. Source: IP System Administrator's
//! Commands, "VARY TCPIP,,PKTTRACE"; the values of DISCARD are inferred.

use formats::ctrace::{DropReason, Name};

use crate::filter::Net;
use crate::flow::Flow;

/// Sets of conditions an interface can have.
pub const MAX_SETS: usize = 16;
/// Bytes that ABBREV without a number keeps.
pub const ABBREV: u16 = 200;

/// DISCARD: what is done with packets that the stack throws away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Discard {
    /// Only packets that were not discarded.
    #[default]
    None,
    /// Packets whether they were discarded or not.
    All,
    /// Only discarded packets, for any reason.
    Any,
    /// Only packets discarded for this reason.
    Reason(DropReason),
}

impl Discard {
    #[inline(always)]
    fn has(self, reason: DropReason) -> bool {
        match self {
            Self::None => reason.0 == 0,
            Self::All => true,
            Self::Any => reason.0 != 0,
            Self::Reason(r) => reason == r,
        }
    }
}

/// The conditions of one command; what is `None` matches everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FilterSet {
    /// Bytes of the packet that are kept besides its headers; `None` is FULL.
    pub abbrev: Option<u16>,
    /// PROT.
    pub protocol: Option<u8>,
    /// IPADDR: the source or the destination.
    pub address: Option<Net>,
    /// SRCPORT.
    pub src_port: Option<u16>,
    /// DESTPORT.
    pub dst_port: Option<u16>,
    /// PORTNUM: the source or the destination port.
    pub port: Option<u16>,
    /// DISCARD.
    pub discard: Discard,
}

impl FilterSet {
    /// Every packet in full, discarded ones included.
    pub const EVERYTHING: Self = Self {
        abbrev: None,
        protocol: None,
        address: None,
        src_port: None,
        dst_port: None,
        port: None,
        discard: Discard::All,
    };

    #[inline(always)]
    fn matches(&self, f: &Flow, reason: DropReason) -> bool {
        let (source, destination) = f.ports;
        self.discard.has(reason)
            && self.protocol.is_none_or(|p| p == f.protocol)
            && self.address.is_none_or(|n| n.has_field(f.src) || n.has_field(f.dst))
            && self.src_port.is_none_or(|p| f.has_ports && p == source)
            && self.dst_port.is_none_or(|p| f.has_ports && p == destination)
            && self.port.is_none_or(|p| f.has_ports && (p == source || p == destination))
    }
}

/// The settings of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkTrace {
    /// Recording.
    pub on: bool,
    /// At most [`MAX_SETS`].
    pub sets: Vec<FilterSet>,
}

/// Why a command was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManySets;

/// The settings of all interfaces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PktTrace {
    /// Interfaces without settings of their own.
    pub others: LinkTrace,
    /// Interfaces that a command named.
    pub links: Vec<(Name<16>, LinkTrace)>,
}

impl PktTrace {
    /// Every packet of every interface, in full.
    #[must_use]
    pub fn everything() -> Self {
        Self { others: LinkTrace { on: true, sets: vec![FilterSet::EVERYTHING] }, links: Vec::new() }
    }

    /// True when some interface is traced.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.others.on || self.links.iter().any(|(_, l)| l.on)
    }

    /// ON: traces an interface, or all, with one more set of conditions. Fails when an interface
    /// has [`MAX_SETS`] already; then nothing is changed.
    pub fn turn_on(&mut self, link: Option<Name<16>>, set: FilterSet) -> Result<(), TooManySets> {
        if self.chosen(link).any(|l| l.sets.len() >= MAX_SETS && !l.sets.contains(&set)) {
            return Err(TooManySets);
        }
        for l in self.chosen(link) {
            l.on = true;
            if !l.sets.contains(&set) {
                l.sets.push(set);
            }
        }
        Ok(())
    }

    /// OFF: stops, and keeps the conditions.
    pub fn turn_off(&mut self, link: Option<Name<16>>) {
        self.chosen(link).for_each(|l| l.on = false);
    }

    /// CLEAR: drops the conditions and stops.
    pub fn clear(&mut self, link: Option<Name<16>>) {
        self.chosen(link).for_each(|l| *l = LinkTrace::default());
    }

    fn chosen(&mut self, link: Option<Name<16>>) -> impl Iterator<Item = &mut LinkTrace> {
        if let Some(name) = link
            && !self.links.iter().any(|(n, _)| *n == name)
        {
            self.links.push((name, self.others.clone()));
        }
        let others = link.is_none().then_some(&mut self.others);
        let named = self.links.iter_mut().filter(move |(n, _)| link.is_none_or(|l| l == *n)).map(|(_, l)| l);
        others.into_iter().chain(named)
    }

    /// The settings of an interface.
    #[must_use]
    pub fn of(&self, link: &Name<16>) -> &LinkTrace {
        let number = u128::from_ne_bytes(link.0);
        self.links.iter().find(|(n, _)| u128::from_ne_bytes(n.0) == number).map_or(&self.others, |(_, l)| l)
    }

    /// How many bytes of a packet are recorded, `None` when it is not.
    #[must_use]
    #[inline(always)]
    pub(crate) fn length(&self, link: &Name<16>, f: &Flow, reason: DropReason, len: usize) -> Option<usize> {
        let l = if self.links.is_empty() { &self.others } else { self.of(link) };
        if !l.on {
            return None;
        }
        let mut longest = None;
        for s in &l.sets {
            if s.matches(f, reason) {
                let keep = s.abbrev.map_or(len, |n| usize::from(n).max(f.headers).min(len));
                longest = longest.max(Some(keep));
                if keep == len {
                    break;
                }
            }
        }
        longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::tests::{TCP4, UDP6};

    const NO: DropReason = DropReason(0);

    fn port(n: u16) -> FilterSet {
        FilterSet { port: Some(n), ..FilterSet::default() }
    }

    #[test]
    fn conditions_of_a_command_are_all_needed_and_commands_are_alternatives() {
        // 10.1.0.1 port 1236 to 10.1.0.2 port 21, 60 bytes with 40 bytes of headers.
        let f = Flow::of(&TCP4);
        let eth = Name::new("ETH1");
        let mut t = PktTrace::default();
        let set = FilterSet { src_port: Some(21), dst_port: Some(1236), ..FilterSet::default() };
        t.turn_on(None, set).unwrap();
        assert_eq!(t.length(&eth, &f, NO, 60), None);
        t.turn_on(None, FilterSet { dst_port: Some(21), ..FilterSet::default() }).unwrap();
        assert_eq!(t.length(&eth, &f, NO, 60), Some(60));
        let both =
            FilterSet { src_port: Some(1236), dst_port: Some(21), protocol: Some(6), ..FilterSet::default() };
        let mut t = PktTrace::default();
        t.turn_on(None, both).unwrap();
        assert_eq!(t.length(&eth, &f, NO, 60), Some(60));
        assert_eq!(t.length(&eth, &Flow::of(&UDP6), NO, 60), None);
    }

    #[test]
    fn portnum_and_address_match_either_end() {
        let f = Flow::of(&TCP4);
        for (set, want) in [
            (port(21), true),
            (port(1236), true),
            (port(22), false),
            (
                FilterSet {
                    address: Some("10.1.0.2".parse::<std::net::IpAddr>().unwrap().into()),
                    ..Default::default()
                },
                true,
            ),
            (
                FilterSet {
                    address: Some("10.1.0.1".parse::<std::net::IpAddr>().unwrap().into()),
                    ..Default::default()
                },
                true,
            ),
            (
                FilterSet {
                    address: Some("10.1.0.3".parse::<std::net::IpAddr>().unwrap().into()),
                    ..Default::default()
                },
                false,
            ),
            (FilterSet { protocol: Some(17), ..Default::default() }, false),
        ] {
            assert_eq!(set.matches(&f, NO), want, "{set:?}");
        }
    }

    #[test]
    fn abbrev_keeps_headers_and_the_longest_match_counts() {
        let f = Flow::of(&TCP4);
        let eth = Name::new("ETH1");
        let mut t = PktTrace::default();
        t.turn_on(None, FilterSet { abbrev: Some(10), ..port(21) }).unwrap();
        assert_eq!(t.length(&eth, &f, NO, 60), Some(40));
        t.turn_on(None, FilterSet { abbrev: Some(50), ..port(1236) }).unwrap();
        assert_eq!(t.length(&eth, &f, NO, 60), Some(50));
        t.turn_on(None, FilterSet { abbrev: Some(ABBREV), ..port(1236) }).unwrap();
        assert_eq!(t.length(&eth, &f, NO, 60), Some(60));
    }

    #[test]
    fn interfaces_have_settings_of_their_own() {
        let f = Flow::of(&TCP4);
        let (eth, hip) = (Name::new("ETH1"), Name::new("HIPER1"));
        let mut t = PktTrace::default();
        t.turn_on(Some(eth), FilterSet::default()).unwrap();
        assert!(t.is_on());
        assert_eq!((t.length(&eth, &f, NO, 60), t.length(&hip, &f, NO, 60)), (Some(60), None));
        t.turn_on(None, port(21)).unwrap();
        assert_eq!(t.length(&hip, &f, NO, 60), Some(60));
        t.turn_off(Some(eth));
        assert_eq!((t.length(&eth, &f, NO, 60), t.length(&hip, &f, NO, 60)), (None, Some(60)));
        assert_eq!(t.of(&eth).sets.len(), 2, "OFF keeps the conditions");
        t.clear(None);
        assert!(!t.is_on() && t.of(&eth).sets.is_empty());
    }

    #[test]
    fn sixteen_sets_an_interface() {
        let mut t = PktTrace::default();
        for n in 0..16 {
            t.turn_on(None, port(n)).unwrap();
        }
        assert_eq!(t.turn_on(Some(Name::new("ETH1")), port(99)), Err(TooManySets));
        t.turn_on(None, port(15)).unwrap();
        assert_eq!(t.others.sets.len(), 16);
    }

    #[test]
    fn discarded_packets_are_traced_when_asked_for() {
        let f = Flow::of(&TCP4);
        let bad = DropReason(4102);
        let with = |discard| FilterSet { discard, ..FilterSet::default() };
        for (discard, kept, dropped) in [
            (Discard::None, true, false),
            (Discard::All, true, true),
            (Discard::Any, false, true),
            (Discard::Reason(bad), false, true),
            (Discard::Reason(DropReason(4103)), false, false),
        ] {
            assert_eq!((with(discard).matches(&f, NO), with(discard).matches(&f, bad)), (kept, dropped));
        }
    }
}
