//! Where the connections are: slots with numbers that are never used twice, found by the hash of
//! their addresses and ports.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use foldhash::quality::FixedState;

use super::connection::Connection;

/// A connection, or a listener, for as long as its owner has not closed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId {
    /// Where it is kept.
    pub(super) slot: u32,
    /// Its number, which traces and NETSTAT show; never used twice.
    pub(super) cid: u32,
}

impl ConnectionId {
    /// The number that traces and NETSTAT show.
    #[must_use]
    pub const fn cid(self) -> u32 {
        self.cid
    }
}

/// Both ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tuple {
    /// This side.
    pub local: SocketAddr,
    /// The peer.
    pub remote: SocketAddr,
}

/// A tuple as the key of a hash table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    local: u128,
    remote: u128,
    /// Both ports, and which family: an IPv4-mapped address is not the IPv4 address.
    rest: u64,
}

impl Key {
    #[inline]
    fn new(t: &Tuple) -> Self {
        let bits = |a: SocketAddr| match a.ip() {
            IpAddr::V4(a) => u128::from(u32::from(a)),
            IpAddr::V6(a) => u128::from(a),
        };
        let rest = u64::from(t.local.port()) << 16 | u64::from(t.remote.port());
        Self { local: bits(t.local), remote: bits(t.remote), rest: rest | u64::from(t.local.is_ipv6()) << 32 }
    }
}

/// All connections of an engine.
#[derive(Debug)]
pub struct Table {
    slots: Vec<Option<Box<Connection>>>,
    free: Vec<u32>,
    by_tuple: HashMap<Key, u32, FixedState>,
}

impl Table {
    /// Empty; the seed keeps peers from choosing ports whose hashes collide.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_tuple: HashMap::with_hasher(FixedState::with_seed(seed)),
        }
    }

    /// Connections in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The slot of a tuple.
    #[inline]
    #[must_use]
    pub fn find(&self, t: &Tuple) -> Option<u32> {
        self.by_tuple.get(&Key::new(t)).copied()
    }

    /// Adds a connection, which is told its slot.
    pub fn insert(&mut self, mut c: Box<Connection>) -> ConnectionId {
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        c.id.slot = slot;
        let id = c.id;
        self.by_tuple.insert(Key::new(&c.tuple), slot);
        if slot as usize == self.slots.len() {
            self.slots.push(Some(c));
        } else {
            self.slots[slot as usize] = Some(c);
        }
        id
    }

    /// The tuple can be used again; the connection stays for its owner.
    pub fn unlink(&mut self, slot: u32) {
        if let Some(c) = self.get(slot) {
            let key = Key::new(&c.tuple);
            if self.by_tuple.get(&key) == Some(&slot) {
                self.by_tuple.remove(&key);
            }
        }
    }

    /// Forgets a connection.
    pub fn remove(&mut self, slot: u32) -> Option<Box<Connection>> {
        self.unlink(slot);
        let c = self.slots.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        Some(c)
    }

    /// The connection in a slot.
    #[inline]
    #[must_use]
    pub fn get(&self, slot: u32) -> Option<&Connection> {
        self.slots.get(slot as usize)?.as_deref()
    }

    /// The connection in a slot.
    #[inline]
    pub fn get_mut(&mut self, slot: u32) -> Option<&mut Connection> {
        self.slots.get_mut(slot as usize)?.as_deref_mut()
    }

    /// All connections, by slot.
    pub fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.slots.iter().filter_map(|c| c.as_deref())
    }
}
