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
        if self.groups.groups.contains_key(&(interface, group)) {
            self.change_membership(cx, interface, group, |g| g.any = g.any.saturating_sub(1));
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
        if !self.groups.groups.contains_key(&(interface, group)) {
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
        group.is_multicast() && (is_all_nodes(group) || self.groups.groups.contains_key(&(interface, group)))
            || matches!(group, IpAddr::V4(a) if self.home.is_broadcast(a))
    }

    /// Groups and the number of their sources (0: from everybody), for displays.
    pub fn memberships(&self) -> impl Iterator<Item = (u16, IpAddr, usize)> {
        self.groups.groups.iter().map(|(&(i, g), m)| (i, g, if m.any > 0 { 0 } else { m.sources.len() }))
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
        let new = !self.groups.groups.contains_key(&key);
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

    pub(super) fn membership_next(&self) -> Option<Instant> {
        let groups = self
            .groups
            .groups
            .values()
            .flat_map(|g| g.changes.iter().map(|c| c.at).chain(g.answer.as_ref().map(|a| a.0)));
        groups.chain(self.groups.queriers.values().filter_map(|q| q.general)).min()
    }

    /// Packets to a group that is being left are not for this stack any more.
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
