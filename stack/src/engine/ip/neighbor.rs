//! The neighbour cache: link addresses of next hops and whether they can be reached.
//!
//! Source: RFC 4861 section 7.3 (neighbour unreachability detection). ARP uses the same machine:
//! RFC 1122 section 2.3.2.1 asks for unicast polls, and section 2.3.2.2 for a queue of packets that
//! wait for an answer.
//!
//! ```text
//!             first packet                 answer
//! (no entry) -------------> INCOMPLETE -------------> REACHABLE
//!                            | no answer                |  ^ time          ^ answer, or the upper
//!                            v                          v  |               | layer makes progress
//!                          gone                       STALE -> DELAY -> PROBE -> gone
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use formats::net::MacAddr;

use crate::engine::Instant;

/// State of an entry (RFC 4861 section 7.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Asked for; the link address is not known yet.
    Incomplete,
    /// Confirmed a short time ago.
    Reachable,
    /// Known, but not confirmed any more; used without asking.
    Stale,
    /// Used while stale; the upper layer has a few seconds to confirm.
    Delay,
    /// Asked again, by unicast.
    Probe,
}

/// Times and limits (RFC 4861 section 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long a confirmation holds (REACHABLE_TIME).
    pub reachable: Duration,
    /// Time between solicitations (RETRANS_TIMER).
    pub retrans: Duration,
    /// Time for the upper layer to confirm (DELAY_FIRST_PROBE_TIME).
    pub delay: Duration,
    /// Solicitations to everybody (MAX_MULTICAST_SOLICIT).
    pub multicast: u8,
    /// Solicitations by unicast (MAX_UNICAST_SOLICIT).
    pub unicast: u8,
    /// Entries at most.
    pub entries: usize,
    /// Packets that may wait for one link address; a newer one takes the place of the oldest.
    pub queue: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            reachable: Duration::from_secs(30),
            retrans: Duration::from_secs(1),
            delay: Duration::from_secs(5),
            multicast: 3,
            unicast: 3,
            entries: 1024,
            queue: 16,
        }
    }
}

/// What the cache asks its owner to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Action<T> {
    /// Ask for a link address: of everybody, or of `to` alone.
    Solicit {
        /// Whose link address.
        address: IpAddr,
        /// The link address to confirm.
        to: Option<MacAddr>,
    },
    /// A packet that had waited can go.
    Send(MacAddr, T),
    /// Nobody answered; these packets cannot go.
    Unreachable(IpAddr, Vec<T>),
    /// A packet was dropped because too many wait for the same address.
    Overflow(T),
    /// A state has changed; `None` is no entry.
    Changed {
        /// Whose state.
        address: IpAddr,
        /// Before.
        from: Option<State>,
        /// After.
        to: Option<State>,
        /// Link address, zeros when it is not known.
        mac: MacAddr,
    },
}

/// What an answer or another message said about a neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Learned {
    /// Its link address.
    pub mac: Option<MacAddr>,
    /// It answers what was asked.
    pub solicited: bool,
    /// It replaces a link address that is known.
    pub replaces: bool,
    /// The neighbour is a router.
    pub router: Option<bool>,
    /// Makes an entry when there is none.
    pub create: bool,
}

#[derive(Debug)]
struct Entry<T> {
    state: State,
    mac: MacAddr,
    router: bool,
    /// When the state ends: confirmation, delay or the next solicitation.
    until: Instant,
    probes: u8,
    used: Instant,
    queue: VecDeque<T>,
}

/// One line of a display of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbor {
    /// Address.
    pub address: IpAddr,
    /// Link address, zeros when it is not known.
    pub mac: MacAddr,
    /// State.
    pub state: State,
    /// It is a router.
    pub router: bool,
}

/// The cache of one interface. `T` is a packet that waits.
#[derive(Debug)]
pub struct Neighbors<T> {
    /// Times and limits.
    pub settings: Settings,
    entries: BTreeMap<IpAddr, Entry<T>>,
    actions: VecDeque<Action<T>>,
    /// Not later than the next timer.
    next: Option<Instant>,
}

impl<T> Neighbors<T> {
    /// An empty cache.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self { settings, entries: BTreeMap::new(), actions: VecDeque::new(), next: None }
    }

    /// The link address of `address` for `item`, which is given back with it when it can go now.
    /// Else it waits and comes back in an [`Action`].
    pub fn resolve(&mut self, now: Instant, address: IpAddr, item: T) -> Option<(MacAddr, T)> {
        let settings = self.settings;
        if let Some(e) = self.entries.get_mut(&address) {
            e.used = now;
            match e.state {
                State::Reachable if now < e.until => return Some((e.mac, item)),
                State::Reachable | State::Stale => {
                    let (from, mac) = (e.state, e.mac);
                    e.state = State::Delay;
                    e.until = now + settings.delay;
                    let until = e.until;
                    self.arm(until);
                    self.changed(address, Some(from), Some(State::Delay), mac);
                    return Some((mac, item));
                }
                State::Delay | State::Probe => return Some((e.mac, item)),
                State::Incomplete => {
                    e.queue.push_back(item);
                    if e.queue.len() > settings.queue
                        && let Some(oldest) = e.queue.pop_front()
                    {
                        self.actions.push_back(Action::Overflow(oldest));
                    }
                    return None;
                }
            }
        }
        self.make_room();
        let until = now + settings.retrans;
        let e = Entry {
            state: State::Incomplete,
            mac: MacAddr::default(),
            router: false,
            until,
            probes: 1,
            used: now,
            queue: VecDeque::from([item]),
        };
        self.entries.insert(address, e);
        self.arm(until);
        self.changed(address, None, Some(State::Incomplete), MacAddr::default());
        self.actions.push_back(Action::Solicit { address, to: None });
        None
    }

    /// A message about a neighbour came in (RFC 4861 sections 7.2.3 and 7.2.5).
    pub fn learn(&mut self, now: Instant, address: IpAddr, what: Learned) {
        let reachable = now + self.settings.reachable;
        if !self.entries.contains_key(&address) {
            let (true, Some(mac)) = (what.create, what.mac) else { return };
            self.make_room();
            let e = Entry {
                state: State::Stale,
                mac,
                router: what.router.unwrap_or(false),
                until: now,
                probes: 0,
                used: now,
                queue: VecDeque::new(),
            };
            self.entries.insert(address, e);
            self.changed(address, None, Some(State::Stale), mac);
            return;
        }
        let Some(e) = self.entries.get_mut(&address) else { return };
        let from = e.state;
        if let Some(router) = what.router {
            e.router = router;
        }
        if from == State::Incomplete {
            // Without a link address nothing is learned.
            let Some(mac) = what.mac else { return };
            e.mac = mac;
            (e.state, e.until) =
                if what.solicited { (State::Reachable, reachable) } else { (State::Stale, now) };
            let to = e.state;
            let waiting = std::mem::take(&mut e.queue);
            self.changed(address, Some(from), Some(to), mac);
            self.actions.extend(waiting.into_iter().map(|item| Action::Send(mac, item)));
            return;
        }
        let other = what.mac.filter(|&mac| mac != e.mac);
        if let Some(mac) = other {
            if !what.replaces {
                // Somebody else claims the address: doubt it, but keep using it.
                if from == State::Reachable {
                    e.state = State::Stale;
                    let mac = e.mac;
                    self.changed(address, Some(from), Some(State::Stale), mac);
                }
                return;
            }
            e.mac = mac;
        }
        let mac = e.mac;
        if what.solicited {
            e.state = State::Reachable;
            e.until = reachable;
        } else if other.is_some() {
            e.state = State::Stale;
        }
        let to = e.state;
        if to != from || other.is_some() {
            self.changed(address, Some(from), Some(to), mac);
        }
    }

    /// The upper layer got an answer through this neighbour (RFC 4861 section 7.3.1).
    pub fn confirm(&mut self, now: Instant, address: IpAddr) {
        let reachable = now + self.settings.reachable;
        let Some(e) = self.entries.get_mut(&address).filter(|e| e.state != State::Incomplete) else { return };
        let (from, mac) = (e.state, e.mac);
        e.state = State::Reachable;
        e.until = reachable;
        if from != State::Reachable {
            self.changed(address, Some(from), Some(State::Reachable), mac);
        }
    }

    /// Forgets a neighbour. Packets that wait for it come back as unreachable.
    pub fn remove(&mut self, address: IpAddr) {
        if let Some(e) = self.entries.remove(&address) {
            self.gone(address, e);
        }
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        for (address, e) in std::mem::take(&mut self.entries) {
            self.gone(address, e);
        }
        self.next = None;
    }

    fn gone(&mut self, address: IpAddr, e: Entry<T>) {
        self.changed(address, Some(e.state), None, e.mac);
        if !e.queue.is_empty() {
            self.actions.push_back(Action::Unreachable(address, e.queue.into()));
        }
    }

    /// What is known of an address.
    #[must_use]
    pub fn get(&self, now: Instant, address: IpAddr) -> Option<Neighbor> {
        self.entries.get(&address).map(|e| line(now, address, e))
    }

    /// The whole cache.
    pub fn iter(&self, now: Instant) -> impl Iterator<Item = Neighbor> {
        self.entries.iter().map(move |(&a, e)| line(now, a, e))
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action<T>> {
        self.actions.pop_front()
    }

    /// Not later than the next timer.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Instant> {
        self.next
    }

    /// Timers that are due.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.next.is_none_or(|t| t > now) {
            return;
        }
        self.next = None;
        let settings = self.settings;
        let mut dead = Vec::new();
        let mut next: Option<Instant> = None;
        for (&address, e) in &mut self.entries {
            if !matches!(e.state, State::Incomplete | State::Delay | State::Probe) {
                continue;
            }
            if e.until <= now {
                let from = e.state;
                let limit = match e.state {
                    State::Incomplete => settings.multicast,
                    _ => settings.unicast,
                };
                if e.state == State::Delay {
                    e.state = State::Probe;
                    e.probes = 0;
                    self.actions.push_back(Action::Changed {
                        address,
                        from: Some(from),
                        to: Some(State::Probe),
                        mac: e.mac,
                    });
                }
                if e.probes >= limit {
                    dead.push(address);
                    continue;
                }
                e.probes += 1;
                e.until = now + settings.retrans;
                let to = (e.state == State::Probe).then_some(e.mac);
                self.actions.push_back(Action::Solicit { address, to });
            }
            next = Some(next.map_or(e.until, |n| n.min(e.until)));
        }
        self.next = next;
        for address in dead {
            self.remove(address);
        }
    }

    fn arm(&mut self, at: Instant) {
        self.next = Some(self.next.map_or(at, |n| n.min(at)));
    }

    fn changed(&mut self, address: IpAddr, from: Option<State>, to: Option<State>, mac: MacAddr) {
        self.actions.push_back(Action::Changed { address, from, to, mac });
    }

    /// Drops the entry that has not been used for the longest time when the cache is full.
    fn make_room(&mut self) {
        if self.entries.len() >= self.settings.entries
            && let Some(oldest) = self.entries.iter().min_by_key(|(_, e)| e.used).map(|(&a, _)| a)
        {
            self.remove(oldest);
        }
    }
}

fn line<T>(now: Instant, address: IpAddr, e: &Entry<T>) -> Neighbor {
    let state = if e.state == State::Reachable && e.until <= now { State::Stale } else { e.state };
    Neighbor { address, mac: e.mac, state, router: e.router }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));
    const MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);
    const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 0, 3]);
    const ANSWER: Learned =
        Learned { mac: Some(MAC), solicited: true, replaces: true, router: None, create: false };

    fn cache() -> Neighbors<u32> {
        Neighbors::new(Settings { entries: 4, queue: 2, ..Settings::default() })
    }

    fn drain(n: &mut Neighbors<u32>) -> Vec<Action<u32>> {
        std::iter::from_fn(|| n.poll_action()).filter(|a| !matches!(a, Action::Changed { .. })).collect()
    }

    #[test]
    fn packets_wait_for_the_answer() {
        let mut n = cache();
        assert_eq!(n.resolve(Instant::START, A, 1), None);
        assert_eq!(n.resolve(Instant::START, A, 2), None);
        assert_eq!(n.resolve(Instant::START, A, 3), None);
        assert_eq!(drain(&mut n), [Action::Solicit { address: A, to: None }, Action::Overflow(1)]);
        n.learn(Instant::from_millis(1), A, ANSWER);
        assert_eq!(drain(&mut n), [Action::Send(MAC, 2), Action::Send(MAC, 3)]);
        assert_eq!(n.resolve(Instant::from_millis(2), A, 4), Some((MAC, 4)));
    }

    #[test]
    fn three_solicitations_a_second_apart_then_unreachable() {
        let mut n = cache();
        n.resolve(Instant::START, A, 1);
        drain(&mut n);
        for s in 1..3 {
            let at = n.poll_timeout().unwrap();
            assert_eq!(at, Instant::from_millis(s * 1000));
            n.handle_timeout(at);
            assert_eq!(drain(&mut n), [Action::Solicit { address: A, to: None }]);
        }
        n.handle_timeout(Instant::from_millis(3000));
        assert_eq!(drain(&mut n), [Action::Unreachable(A, vec![1])]);
        assert_eq!((n.poll_timeout(), n.get(Instant::START, A)), (None, None));
    }

    #[test]
    fn reachable_goes_stale_and_is_probed_when_used() {
        let mut n = cache();
        n.resolve(Instant::START, A, 1);
        n.learn(Instant::START, A, ANSWER);
        let state = |n: &Neighbors<u32>, t| n.get(t, A).map(|e| e.state);
        let t = Instant::from_millis(30_000);
        assert_eq!(state(&n, Instant::from_millis(29_999)), Some(State::Reachable));
        assert_eq!(state(&n, t), Some(State::Stale));
        assert_eq!(n.resolve(t, A, 2), Some((MAC, 2)));
        assert_eq!(state(&n, t), Some(State::Delay));
        drain(&mut n);
        // DELAY_FIRST_PROBE_TIME is 5 seconds, then 3 unicast probes.
        for s in [35, 36, 37] {
            n.handle_timeout(Instant::from_millis(s * 1000));
            assert_eq!(drain(&mut n), [Action::Solicit { address: A, to: Some(MAC) }], "{s}");
        }
        assert_eq!(n.resolve(Instant::from_millis(37_500), A, 3), Some((MAC, 3)), "still used");
        n.handle_timeout(Instant::from_millis(38_000));
        assert_eq!(state(&n, t), None);
    }

    #[test]
    fn the_upper_layer_confirms() {
        let mut n = cache();
        n.resolve(Instant::START, A, 1);
        n.learn(Instant::START, A, Learned { solicited: false, ..ANSWER });
        let t = Instant::from_millis(10);
        assert_eq!(n.get(t, A).unwrap().state, State::Stale);
        n.confirm(t, A);
        assert_eq!(n.get(t, A).unwrap().state, State::Reachable);
    }

    #[test]
    fn another_link_address_without_override_only_casts_doubt() {
        let mut n = cache();
        n.resolve(Instant::START, A, 1);
        n.learn(Instant::START, A, ANSWER);
        let claim =
            Learned { mac: Some(OTHER), solicited: false, replaces: false, router: None, create: true };
        n.learn(Instant::START, A, claim);
        let e = n.get(Instant::START, A).unwrap();
        assert_eq!((e.mac, e.state), (MAC, State::Stale));
        n.learn(Instant::START, A, Learned { replaces: true, ..claim });
        let e = n.get(Instant::START, A).unwrap();
        assert_eq!((e.mac, e.state), (OTHER, State::Stale));
    }

    #[test]
    fn the_cache_is_bounded() {
        let mut n = cache();
        for i in 0..20u8 {
            n.resolve(Instant::from_millis(u64::from(i)), IpAddr::from([10, 0, 0, i]), u32::from(i));
        }
        assert_eq!(n.iter(Instant::START).count(), 4);
        let lost = drain(&mut n).into_iter().filter(|a| matches!(a, Action::Unreachable(..))).count();
        assert_eq!(lost, 16, "no packet disappears without a word");
    }
}
