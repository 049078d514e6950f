//! Multicast membership, the host's side: which groups are listened to on which interface, and when
//! routers are told. [`igmp`](super::igmp) and [`mld`](super::mld) write and read the messages.
//!
//! Source: RFC 3376 and RFC 3810 (with sources), RFC 2236 and RFC 2710 (older routers).

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use formats::ctrace::events::Hex8;
use formats::ctrace::events::multicast as events;
use formats::net::igmp::RecordType;

use super::{Ip, LOOPBACK};
use crate::engine::dlc::Down;
use crate::engine::{Context, Instant};

/// Groups of one stack at most, over all interfaces.
pub const MAX_GROUPS: usize = 1024;
/// Sources of one group at most.
pub const MAX_SOURCES: usize = 64;

/// RFC 3376 section 8: changes are told so often.
const ROBUSTNESS: u8 = 2;
const UNSOLICITED_INTERVAL: Duration = Duration::from_secs(1);
/// RFC 2236 section 8.10 and RFC 2710 section 7.10.
const UNSOLICITED_INTERVAL_OLD: Duration = Duration::from_secs(10);
/// RFC 3376 section 8.12: an older router is believed to be there for so long.
const OLDER_QUERIER: Duration = Duration::from_secs(260);

/// A message that is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) kind: RecordType,
    pub(super) group: IpAddr,
    pub(super) sources: Vec<IpAddr>,
}

/// A change that is told several times.
#[derive(Debug, Clone)]
struct Change {
    kind: RecordType,
    sources: Vec<IpAddr>,
    left: u8,
    at: Instant,
}

#[derive(Debug, Default)]
struct Group {
    /// Who wants packets from everybody.
    any: u32,
    /// Who wants packets from these only.
    sources: BTreeMap<IpAddr, u32>,
    changes: Vec<Change>,
    /// A query is to be answered then; about these sources only when there are some.
    answer: Option<(Instant, BTreeSet<IpAddr>)>,
    /// This stack was the last to report it (version 1 and 2).
    reported: bool,
}

impl Group {
    fn is_empty(&self) -> bool {
        self.any == 0 && self.sources.is_empty()
    }
}

/// What is known of the querier of an interface.
#[derive(Debug, Clone, Copy, Default)]
struct Querier {
    /// Until then the older version is spoken.
    older_until: Option<Instant>,
    /// A general query is to be answered then (newest version).
    general: Option<Instant>,
}

/// All groups of a stack.
#[derive(Debug, Default)]
pub(super) struct Groups {
    groups: BTreeMap<(u16, IpAddr), Group>,
    /// By interface and whether it is MLD's.
    queriers: BTreeMap<(u16, bool), Querier>,
}

/// A query, as both protocols know it.
#[derive(Debug, Clone)]
pub(super) struct Query {
    /// Version of the protocol: 2 or 3 of IGMP, 1 or 2 of MLD.
    pub(super) version: u8,
    /// The newest version is 3 (IGMP) or 2 (MLD).
    pub(super) newest: bool,
    /// Unspecified in a general query.
    pub(super) group: IpAddr,
    pub(super) sources: Vec<IpAddr>,
    pub(super) max_response: Duration,
}

/// Groups that are always listened to and never reported.
fn is_all_nodes(group: IpAddr) -> bool {
    match group {
        IpAddr::V4(a) => a == Ipv4Addr::new(224, 0, 0, 1),
        IpAddr::V6(a) => a == super::nd::ALL_NODES || a.octets()[1] & 0x0f < 2,
    }
}

impl Ip {
    /// Listens to a group on an interface, whoever sends. `false` when there are too many groups.
    pub fn join(&mut self, cx: &mut Context<'_>, interface: u16, group: IpAddr) -> bool {
        self.change_membership(cx, interface, group, |g| g.any += 1)
    }

    /// Takes one [`Self::join`] back.
    pub fn leave(&mut self, cx: &mut Context<'_>, interface: u16, group: IpAddr) {
        if self.groups.groups.get(&(interface, group)).is_some_and(|g| g.any > 0) {
            self.change_membership(cx, interface, group, |g| g.any -= 1);
        }
    }

    /// Listens to what one source sends to a group (source-specific multicast).
    pub fn join_source(
        &mut self,
        cx: &mut Context<'_>,
        interface: u16,
        group: IpAddr,
        source: IpAddr,
    ) -> bool {
        let known = self.groups.groups.get(&(interface, group));
        if known.is_some_and(|g| g.sources.len() >= MAX_SOURCES && !g.sources.contains_key(&source)) {
            return false;
        }
        self.change_membership(cx, interface, group, |g| *g.sources.entry(source).or_default() += 1)
    }

    /// Takes one [`Self::join_source`] back.
    pub fn leave_source(&mut self, cx: &mut Context<'_>, interface: u16, group: IpAddr, source: IpAddr) {
        let known = self.groups.groups.get(&(interface, group));
        if !known.is_some_and(|g| g.sources.contains_key(&source)) {
            return;
        }
        self.change_membership(cx, interface, group, |g| {
            if let Some(n) = g.sources.get_mut(&source) {
                *n -= 1;
                if *n == 0 {
                    g.sources.remove(&source);
                }
            }
        });
    }

    /// Packets to this group are for this stack.
    #[must_use]
    pub fn is_member(&self, interface: u16, group: IpAddr) -> bool {
        group.is_multicast()
            && (is_all_nodes(group)
                || self.groups.groups.get(&(interface, group)).is_some_and(|g| !g.is_empty()))
            || matches!(group, IpAddr::V4(a) if self.home.is_broadcast(a))
    }

    /// Packets of a source to a group are for this stack: with source-specific multicast those of
    /// some only.
    #[must_use]
    pub fn listens(&self, interface: u16, group: IpAddr, source: IpAddr) -> bool {
        match self.groups.groups.get(&(interface, group)) {
            Some(g) if g.any == 0 && !is_all_nodes(group) => g.sources.contains_key(&source),
            _ => self.is_member(interface, group),
        }
    }

    /// Groups and the number of their sources (0: from everybody), for displays.
    pub fn memberships(&self) -> impl Iterator<Item = (u16, IpAddr, usize)> {
        let listening = self.groups.groups.iter().filter(|(_, m)| !m.is_empty());
        listening.map(|(&(i, g), m)| (i, g, if m.any > 0 { 0 } else { m.sources.len() }))
    }

    fn change_membership(
        &mut self,
        cx: &mut Context<'_>,
        interface: u16,
        group: IpAddr,
        change: impl FnOnce(&mut Group),
    ) -> bool {
        self.now = cx.now;
        let key = (interface, group);
        let known = self.groups.groups.get(&key);
        // A group that was left is still there until its leaving has been told.
        let new = known.is_none_or(Group::is_empty);
        if known.is_some() && new {
            self.groups.groups.remove(&key);
        }
        if !group.is_multicast() || new && self.groups.groups.len() >= MAX_GROUPS {
            return false;
        }
        let g = self.groups.groups.entry(key).or_default();
        let before = (g.any > 0, g.sources.keys().copied().collect::<BTreeSet<_>>());
        change(g);
        let after = (g.any > 0, g.sources.keys().copied().collect::<BTreeSet<_>>());
        let gone = g.is_empty();
        let silent = is_all_nodes(group) || interface == LOOPBACK;
        let reported = g.reported;
        if new && !gone {
            let event =
                events::GroupJoined { interface, group, exclude: after.0, sources: after.1.len() as u16 };
            self.event(cx, group, &event);
            self.push_down(interface, Down::Join(group));
        }
        if gone {
            self.event(cx, group, &events::GroupLeft { interface, group });
            self.push_down(interface, Down::Leave(group));
        }
        if before == after || silent {
            if gone {
                self.groups.groups.remove(&key);
            }
            return true;
        }
        // RFC 3376 section 5.1: what is told of the change.
        let records: Vec<(RecordType, Vec<IpAddr>)> = match (before.0, after.0) {
            (false, true) => vec![(RecordType::CHANGE_TO_EXCLUDE, Vec::new())],
            (true, false) => vec![(RecordType::CHANGE_TO_INCLUDE, after.1.iter().copied().collect())],
            (true, true) => Vec::new(),
            (false, false) => {
                let allow: Vec<_> = after.1.difference(&before.1).copied().collect();
                let block: Vec<_> = before.1.difference(&after.1).copied().collect();
                [(RecordType::ALLOW_NEW_SOURCES, allow), (RecordType::BLOCK_OLD_SOURCES, block)]
                    .into_iter()
                    .filter(|(_, s)| !s.is_empty())
                    .collect()
            }
        };
        if self.older(interface, group) {
            if gone {
                if reported {
                    self.send_leave(cx, interface, group);
                }
            } else if new {
                self.send_old_report(cx, interface, group);
                self.repeat(cx, key, UNSOLICITED_INTERVAL_OLD, records);
            }
        } else {
            let all: Vec<Record> = records
                .iter()
                .map(|(kind, sources)| Record { kind: *kind, group, sources: sources.clone() })
                .collect();
            self.send_records(cx, interface, group, &all);
            self.repeat(cx, key, UNSOLICITED_INTERVAL, records);
        }
        true
    }

    /// A change is told again after a random time.
    fn repeat(
        &mut self,
        cx: &mut Context<'_>,
        key: (u16, IpAddr),
        within: Duration,
        records: Vec<(RecordType, Vec<IpAddr>)>,
    ) {
        let at = cx.now + Duration::from_nanos(cx.random.below(within.as_nanos() as u64));
        if let Some(g) = self.groups.groups.get_mut(&key) {
            g.changes = records
                .into_iter()
                .map(|(kind, sources)| Change { kind, sources, left: ROBUSTNESS - 1, at })
                .collect();
            g.reported = true;
            self.arm(at);
        }
    }

    /// An older router is on the link.
    fn older(&self, interface: u16, group: IpAddr) -> bool {
        let q = self.groups.queriers.get(&(interface, group.is_ipv6()));
        q.is_some_and(|q| q.older_until.is_some_and(|t| t > self.now))
    }

    /// A query came in (RFC 3376 section 5.2).
    pub(super) fn query(&mut self, cx: &mut Context<'_>, interface: u16, q: &Query) {
        let v6 = q.group.is_ipv6();
        let event = events::QueryReceived {
            interface,
            group: q.group,
            version: q.version,
            max_ms: q.max_response.as_millis() as u32,
            sources: q.sources.len() as u16,
        };
        self.event(cx, q.group, &event);
        let within = |cx: &mut Context<'_>| {
            cx.now + Duration::from_nanos(cx.random.below(q.max_response.as_nanos().max(1) as u64))
        };
        let querier = self.groups.queriers.entry((interface, v6)).or_default();
        if !q.newest {
            let before = querier.older_until.is_some_and(|t| t > cx.now);
            querier.older_until = Some(cx.now + OLDER_QUERIER);
            querier.general = None;
            if !before {
                let version = q.version;
                self.event(cx, q.group, &events::VersionChanged { interface, version, v6 });
            }
        }
        if q.group.is_unspecified() && q.newest && !self.older(interface, q.group) {
            let at = within(cx);
            let querier = self.groups.queriers.entry((interface, v6)).or_default();
            let at = querier.general.map_or(at, |t| t.min(at));
            querier.general = Some(at);
            return self.arm(at);
        }
        let asked: Vec<IpAddr> = self
            .groups
            .groups
            .keys()
            .filter(|(i, g)| *i == interface && g.is_ipv6() == v6 && !is_all_nodes(*g))
            .map(|(_, g)| *g)
            .filter(|g| q.group.is_unspecified() || *g == q.group)
            .collect();
        for group in asked {
            let at = within(cx);
            let Some(g) = self.groups.groups.get_mut(&(interface, group)) else { continue };
            let sources: BTreeSet<IpAddr> = q.sources.iter().copied().take(MAX_SOURCES).collect();
            g.answer = Some(match g.answer.take() {
                None => (at, sources),
                Some((t, mut s)) => {
                    // Asked about the whole group before or now: all of it is answered.
                    if s.is_empty() || sources.is_empty() {
                        s.clear();
                    } else {
                        s.extend(sources);
                    }
                    (t.min(at), s)
                }
            });
            let at = g.answer.as_ref().map_or(at, |a| a.0);
            self.arm(at);
        }
    }

    /// Another host reported a group to an older router: one report is enough (RFC 2236 section 3).
    pub(super) fn overheard(&mut self, interface: u16, group: IpAddr) {
        if self.older(interface, group)
            && let Some(g) = self.groups.groups.get_mut(&(interface, group))
        {
            g.answer = None;
            g.reported = false;
        }
    }

    /// Reports that are due.
    pub(super) fn membership_timeout(&mut self, cx: &mut Context<'_>) {
        let now = cx.now;
        let mut tell: BTreeMap<(u16, bool), Vec<Record>> = BTreeMap::new();
        let mut old = Vec::new();
        let general: Vec<(u16, bool)> = self
            .groups
            .queriers
            .iter_mut()
            .filter(|(_, q)| q.general.is_some_and(|t| t <= now))
            .map(|(&k, q)| {
                q.general = None;
                k
            })
            .collect();
        for (&(interface, group), g) in &mut self.groups.groups {
            let key = (interface, group.is_ipv6());
            let older =
                self.groups.queriers.get(&key).is_some_and(|q| q.older_until.is_some_and(|t| t > now));
            for c in g.changes.iter_mut().filter(|c| c.at <= now) {
                c.left -= 1;
                c.at = now + UNSOLICITED_INTERVAL;
                if older {
                    old.push((interface, group));
                } else {
                    let record = Record { kind: c.kind, group, sources: c.sources.clone() };
                    tell.entry(key).or_default().push(record);
                }
            }
            g.changes.retain(|c| c.left > 0);
            let asked = g.answer.take_if(|a| a.0 <= now);
            if (asked.is_some() || general.contains(&key)) && !is_all_nodes(group) && interface != LOOPBACK {
                if older {
                    old.push((interface, group));
                    continue;
                }
                let mut kind = RecordType::IS_EXCLUDE;
                let mut sources = Vec::new();
                let only = asked.map(|a| a.1).filter(|s| !s.is_empty());
                if g.any == 0 {
                    kind = RecordType::IS_INCLUDE;
                    sources = g.sources.keys().copied().collect();
                }
                if let Some(only) = only {
                    // About some sources: those of them that are listened to.
                    kind = RecordType::IS_INCLUDE;
                    sources = only.into_iter().filter(|s| g.any > 0 || g.sources.contains_key(s)).collect();
                    if sources.is_empty() {
                        continue;
                    }
                }
                tell.entry(key).or_default().push(Record { kind, group, sources });
            }
        }
        for ((interface, v6), records) in tell {
            let any = if v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
            self.send_records(cx, interface, any, &records);
        }
        for (interface, group) in old {
            if let Some(g) = self.groups.groups.get_mut(&(interface, group)) {
                g.reported = true;
            }
            self.send_old_report(cx, interface, group);
        }
        // A group that nobody wants stays until its leaving has been told.
        self.groups.groups.retain(|_, g| !g.is_empty() || !g.changes.is_empty());
        if let Some(at) = self.membership_next() {
            self.arm(at);
        }
    }

    fn membership_next(&self) -> Option<Instant> {
        let groups = self
            .groups
            .groups
            .values()
            .flat_map(|g| g.changes.iter().map(|c| c.at).chain(g.answer.as_ref().map(|a| a.0)));
        groups.chain(self.groups.queriers.values().filter_map(|q| q.general)).min()
    }

    fn send_records(&mut self, cx: &mut Context<'_>, interface: u16, family: IpAddr, records: &[Record]) {
        if records.is_empty() {
            return;
        }
        if family.is_ipv4() {
            self.send_igmp_records(cx, interface, records);
        } else {
            self.send_mld_records(cx, interface, records);
        }
    }

    fn send_old_report(&mut self, cx: &mut Context<'_>, interface: u16, group: IpAddr) {
        match group {
            IpAddr::V4(g) => self.send_igmp_v2(cx, interface, g, true),
            IpAddr::V6(g) => self.send_mld_v1(cx, interface, g, true),
        }
    }

    fn send_leave(&mut self, cx: &mut Context<'_>, interface: u16, group: IpAddr) {
        match group {
            IpAddr::V4(g) => self.send_igmp_v2(cx, interface, g, false),
            IpAddr::V6(g) => self.send_mld_v1(cx, interface, g, false),
        }
        self.groups.groups.remove(&(interface, group));
    }

    pub(super) fn report_sent(
        &self,
        cx: &Context<'_>,
        interface: u16,
        group: IpAddr,
        version: u8,
        kind: u8,
        records: usize,
    ) {
        let event =
            events::ReportSent { interface, group, version, kind: Hex8(kind), records: records as u16 };
        self.event(cx, group, &event);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, addr, addr6, v4, v6};
    use super::*;
    use formats::checksum::Pseudo;
    use formats::net::{icmpv6, igmp, ipv4, ipv6, ipv6_ext, mld};

    const GROUP: &str = "239.1.2.3";

    fn bench() -> Bench {
        let mut b = Bench::new(|_| {}, |_| {});
        // What starting the interface joined has been told.
        b.run_to(20_000);
        b.out();
        b
    }

    /// Destination, type, records or group of an IGMP message.
    type Sent = (String, u8, Vec<(u8, String, usize)>);

    /// IGMP messages that were sent.
    fn igmp_out(b: &mut Bench) -> Vec<Sent> {
        b.out()
            .iter()
            .filter_map(|p| {
                let h = ipv4::Header::new(p).ok().filter(|h| h.version() == 4 && h.protocol().0 == 2)?;
                assert_eq!((h.ttl(), h.options()), (1, &[0x94, 4, 0, 0][..]), "router alert");
                let m = igmp::Header::new(h.payload()).unwrap();
                assert!(m.checksum_ok());
                let records = match m.kind() {
                    igmp::Type::V3_REPORT => m
                        .records()
                        .map(|r| r.map(|r| (r.kind().0, r.group().to_string(), r.sources().len())).unwrap())
                        .collect(),
                    _ => vec![(0, m.group().to_string(), 0)],
                };
                Some((h.dst().to_string(), m.kind().0, records))
            })
            .collect()
    }

    fn query(b: &mut Bench, group: &str, max: u8, v3: bool) {
        let mut m = vec![0; if v3 { 12 } else { 8 }];
        let r =
            igmp::Repr { kind: igmp::Type::MEMBERSHIP_QUERY, max_resp: max, group: group.parse().unwrap() };
        r.emit(&mut m).unwrap();
        let dst = if group == "0.0.0.0" { "224.0.0.1" } else { group };
        b.input(&v4("10.0.0.9", dst, 2, |r| r.ttl = 1, &m), true);
    }

    #[test]
    fn changes_are_told_twice_in_version_3() {
        let mut b = bench();
        b.with(|ip, cx| ip.join(cx, 1, addr(GROUP)));
        let join = ("224.0.0.22".to_string(), 0x22, vec![(4, GROUP.to_string(), 0)]);
        assert_eq!(igmp_out(&mut b), std::slice::from_ref(&join));
        b.run_to(21_001);
        assert_eq!(igmp_out(&mut b), [join]);
        b.run_to(60_000);
        assert_eq!(igmp_out(&mut b), []);
        b.with(|ip, cx| ip.leave(cx, 1, addr(GROUP)));
        assert!(!b.ip.is_member(1, addr(GROUP)));
        b.run_to(61_001);
        let leave = ("224.0.0.22".to_string(), 0x22, vec![(3, GROUP.to_string(), 0)]);
        assert_eq!(igmp_out(&mut b), [leave.clone(), leave]);
    }

    #[test]
    fn sources_are_told() {
        let mut b = bench();
        b.with(|ip, cx| ip.join_source(cx, 1, addr(GROUP), addr("192.0.2.1")));
        b.run_to(25_000);
        b.with(|ip, cx| ip.join_source(cx, 1, addr(GROUP), addr("192.0.2.2")));
        b.run_to(30_000);
        b.with(|ip, cx| ip.leave_source(cx, 1, addr(GROUP), addr("192.0.2.1")));
        let kinds: Vec<_> = igmp_out(&mut b).into_iter().map(|m| (m.2[0].0, m.2[0].2)).collect();
        assert!(b.ip.listens(1, addr(GROUP), addr("192.0.2.2")));
        assert!(!b.ip.listens(1, addr(GROUP), addr("192.0.2.1")));
        // ALLOW, its repetition, ALLOW, its repetition, BLOCK.
        assert_eq!(kinds, [(5, 1), (5, 1), (5, 1), (5, 1), (6, 1)]);
    }

    #[test]
    fn queries_are_answered_within_their_time() {
        let mut b = bench();
        b.with(|ip, cx| ip.join(cx, 1, addr(GROUP)));
        b.run_to(25_000);
        igmp_out(&mut b);
        query(&mut b, "0.0.0.0", 20, true);
        assert_eq!(igmp_out(&mut b), []);
        b.run_to(27_000);
        assert_eq!(igmp_out(&mut b), [("224.0.0.22".into(), 0x22, vec![(2, GROUP.into(), 0)])]);
        query(&mut b, GROUP, 20, true);
        b.run_to(29_000);
        assert_eq!(igmp_out(&mut b).len(), 1);
        query(&mut b, "239.9.9.9", 20, true);
        b.run_to(35_000);
        assert_eq!(igmp_out(&mut b), [], "not a group of ours");
    }

    #[test]
    fn older_routers_get_older_messages() {
        let mut b = bench();
        b.with(|ip, cx| ip.join(cx, 1, addr(GROUP)));
        b.run_to(25_000);
        igmp_out(&mut b);
        query(&mut b, "0.0.0.0", 10, false);
        b.run_to(26_001);
        // RFC 2236 section 3: the report goes to the group.
        assert_eq!(igmp_out(&mut b), [(GROUP.into(), 0x16, vec![(0, GROUP.into(), 0)])]);
        // Another host's report is enough.
        query(&mut b, "0.0.0.0", 100, false);
        let mut m = [0; 8];
        let r = igmp::Repr { kind: igmp::Type::V2_REPORT, max_resp: 0, group: GROUP.parse().unwrap() };
        r.emit(&mut m).unwrap();
        b.input(&v4("10.0.0.7", GROUP, 2, |r| r.ttl = 1, &m), true);
        b.run_to(40_000);
        assert_eq!(igmp_out(&mut b), []);
        query(&mut b, "0.0.0.0", 10, false);
        b.run_to(42_000);
        igmp_out(&mut b);
        b.with(|ip, cx| ip.leave(cx, 1, addr(GROUP)));
        assert_eq!(igmp_out(&mut b), [("224.0.0.2".into(), 0x17, vec![(0, GROUP.into(), 0)])]);
        // 260 seconds without an older query: version 3 again.
        b.run_to(400_000);
        b.with(|ip, cx| ip.join(cx, 1, addr(GROUP)));
        assert_eq!(igmp_out(&mut b)[0].1, 0x22);
    }

    fn mld_out(b: &mut Bench) -> Vec<(String, u8)> {
        b.out()
            .iter()
            .filter_map(|p| {
                let h = ipv6::Header::new(p).ok().filter(|h| h.version() == 6)?;
                let mut chain = ipv6_ext::Chain::new(h.next_header(), h.payload());
                let alert = chain.next()?.unwrap();
                assert_eq!(alert.bytes, [58, 0, 5, 2, 0, 0, 1, 0]);
                assert_eq!((h.hop_limit(), h.src()), (1, addr6("fe80::ff:fe00:1")));
                let m = icmpv6::Header::new(chain.upper().2).unwrap();
                assert!(m.checksum_ok(&h.pseudo()));
                if m.kind().0 == 143 {
                    let r = mld::Records::new(&m).unwrap().next().unwrap().unwrap();
                    return Some((format!("{} {}", h.dst(), r.address()), r.kind().0));
                }
                Some((h.dst().to_string(), m.kind().0))
            })
            .collect()
    }

    #[test]
    fn mld_version_2_and_1() {
        let mut b = bench();
        b.with(|ip, cx| ip.join(cx, 1, addr("ff15::7")));
        b.run_to(25_000);
        let join = ("ff02::16 ff15::7".to_string(), 4);
        assert_eq!(mld_out(&mut b), [join.clone(), join]);
        // A version 1 query (24 bytes, RFC 2710).
        let (src, dst) = (addr6("fe80::9"), super::super::nd::ALL_NODES);
        let mut m = [0; 24];
        let body = [0; 16];
        let q = icmpv6::Repr::new(icmpv6::Type::MLD_QUERY, 0, 1000 << 16, &body);
        q.emit(&mut m, &Pseudo::V6 { src, dst }).unwrap();
        b.input(&v6(src, dst, 58, 1, &m), true);
        b.run_to(26_001);
        assert!(mld_out(&mut b).contains(&("ff15::7".into(), 131)));
        b.with(|ip, cx| ip.leave(cx, 1, addr("ff15::7")));
        assert_eq!(mld_out(&mut b), [("ff02::2".into(), 132)]);
    }

    #[test]
    fn large_reports_go_in_packets_that_the_link_takes() {
        let mut b = bench();
        for (group, source) in (0..8).flat_map(|g| (0..40).map(move |s| (g, s))) {
            let (v4, v4_source) = (IpAddr::from([239, 7, 0, group]), IpAddr::from([192, 0, 2, source]));
            let g = IpAddr::from([0xff15, 0, 0, 0, 0, 0, 7, group.into()]);
            let s = IpAddr::from([0x2001, 0xdb8, 9, 0, 0, 0, 0, source.into()]);
            b.with(|ip, cx| ip.join_source(cx, 1, v4, v4_source) && ip.join_source(cx, 1, g, s));
            b.out();
        }
        b.run_to(40_000);
        b.out();
        query(&mut b, "0.0.0.0", 10, true);
        // A version 2 query (28 bytes, RFC 3810).
        let (src, dst) = (addr6("fe80::9"), super::super::nd::ALL_NODES);
        let mut m = [0; 28];
        let body = [0; 20];
        let q = icmpv6::Repr::new(icmpv6::Type::MLD_QUERY, 0, 1000 << 16, &body);
        q.emit(&mut m, &Pseudo::V6 { src, dst }).unwrap();
        b.input(&v6(src, dst, 58, 1, &m), true);
        b.run_to(42_000);
        let out = b.out();
        let bytes = |version| out.iter().filter(|p| p[0] >> 4 == version).map(Vec::len).sum::<usize>();
        assert!(bytes(4) > 8 * 40 * 4 && bytes(6) > 8 * 40 * 16);
        assert!(out.iter().all(|p| p.len() <= 1500));
    }

    #[test]
    fn groups_are_bounded() {
        let mut b = bench();
        for n in 0..5000u32 {
            let [_, _, c, d] = n.to_be_bytes();
            b.with(|ip, cx| ip.join(cx, 1, IpAddr::from([239, 7, c, d])));
        }
        assert!(b.ip.memberships().count() <= MAX_GROUPS);
        for n in 0..500 {
            b.with(|ip, cx| ip.join_source(cx, 1, addr("239.7.0.1"), IpAddr::V4(Ipv4Addr::from_bits(n))));
        }
        assert!(b.ip.groups.groups[&(1, addr("239.7.0.1"))].sources.len() <= MAX_SOURCES);
    }
}
