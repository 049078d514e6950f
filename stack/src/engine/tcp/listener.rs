//! Listeners: requests that came, connections that wait to be accepted.
//!
//! Both queues are bounded. A request is dropped while as many complete connections wait as the
//! backlog allows: its sender tries again. When too many are half open, requests are answered
//! with SYN cookies ([`super::cookies`]) or, without those, push out the oldest.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use ctrace::Subject;
use foldhash::quality::FixedState;

use super::config::SocketOptions;
use super::table::ConnectionId;
use crate::engine::Instant;

/// Marks the slot of a listener in a [`ConnectionId`].
const LISTENER: u32 = 1 << 31;

/// A listener.
#[derive(Debug)]
pub struct Listener {
    /// Its number.
    pub id: ConnectionId,
    /// Its address: `None` for all of both families, an unspecified one for all of its family.
    pub address: Option<IpAddr>,
    /// Its port.
    pub port: u16,
    /// Complete connections that may wait.
    pub backlog: usize,
    /// What accepted connections start with.
    pub options: SocketOptions,
    /// Whom trace records name.
    pub subject: Subject,
    /// Half-open connections by age; some may be complete or gone already.
    pub half_open: VecDeque<ConnectionId>,
    /// How many really are half open.
    pub half: usize,
    /// Complete connections by age.
    pub complete: VecDeque<ConnectionId>,
    /// SYN cookies that come back are looked at until then.
    pub cookies_until: Instant,
    /// The owner was told that there is something to accept.
    pub told: bool,
    /// Connections accepted.
    pub accepted: u64,
    /// Requests dropped.
    pub dropped: u64,
    /// When it was opened.
    pub since: Instant,
}

/// The listeners of an engine, by port.
#[derive(Debug)]
pub struct Listeners {
    slots: Vec<Option<Listener>>,
    ports: HashMap<u16, Vec<u32>, FixedState>,
}

impl Listeners {
    /// None yet.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { slots: Vec::new(), ports: HashMap::with_hasher(FixedState::with_seed(seed)) }
    }

    /// Somebody listens on the port at just this address.
    #[must_use]
    pub fn taken(&self, address: Option<IpAddr>, port: u16) -> bool {
        let same = |l: &Listener| {
            let (a, b) = (l.address, address);
            let any =
                |x: Option<IpAddr>, y: Option<IpAddr>| x.is_none() && y.is_none_or(|y| y.is_unspecified());
            a == b || any(a, b) || any(b, a)
        };
        self.on(port).any(same)
    }

    /// Somebody listens on the port at any address.
    #[must_use]
    pub fn port_taken(&self, port: u16) -> bool {
        self.ports.contains_key(&port)
    }

    fn on(&self, port: u16) -> impl Iterator<Item = &Listener> {
        let slots = self.ports.get(&port).into_iter().flatten();
        slots.filter_map(|s| self.slots[*s as usize].as_ref())
    }

    /// Who gets requests for an address: the most specific one.
    #[must_use]
    pub fn find(&self, local: SocketAddr) -> Option<u32> {
        let rank = |l: &Listener| match l.address {
            Some(a) if a == local.ip() => Some(2),
            Some(a) if a.is_unspecified() && a.is_ipv4() == local.is_ipv4() => Some(1),
            None => Some(0),
            _ => None,
        };
        let best = self.on(local.port()).filter_map(|l| Some((rank(l)?, l.id.slot))).max_by_key(|r| r.0);
        best.map(|(_, slot)| slot & !LISTENER)
    }

    /// Adds a listener, which is told its slot.
    pub fn insert(&mut self, mut l: Listener) -> ConnectionId {
        let free = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        l.id.slot = free as u32 | LISTENER;
        let id = l.id;
        self.ports.entry(l.port).or_default().push(free as u32);
        if free == self.slots.len() {
            self.slots.push(Some(l));
        } else {
            self.slots[free] = Some(l);
        }
        id
    }

    /// Forgets a listener.
    pub fn remove(&mut self, id: ConnectionId) -> Option<Listener> {
        self.by_id(id)?;
        let slot = id.slot & !LISTENER;
        let l = self.slots[slot as usize].take()?;
        if let Some(on) = self.ports.get_mut(&l.port) {
            on.retain(|s| *s != slot);
            if on.is_empty() {
                self.ports.remove(&l.port);
            }
        }
        Some(l)
    }

    /// The listener in a slot.
    pub fn get_mut(&mut self, slot: u32) -> Option<&mut Listener> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    /// The listener with a number.
    pub fn by_id(&mut self, id: ConnectionId) -> Option<&mut Listener> {
        if id.slot & LISTENER == 0 {
            return None;
        }
        self.get_mut(id.slot & !LISTENER).filter(|l| l.id == id)
    }

    /// All listeners.
    pub fn iter(&self) -> impl Iterator<Item = &Listener> {
        self.slots.iter().flatten()
    }
}
