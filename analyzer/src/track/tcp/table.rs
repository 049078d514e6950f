//! Connections by their two ends, in bounded memory.
//!
//! Connections live in chunks that never move; a table of (hash, place) pairs finds them. The
//! hash has no secret: the same capture gives the same table every time. A capture made to
//! collide costs time, never memory, and the time is bounded by the capture's size.

use super::connection::{Connection, Ends};

/// Connections in one chunk.
const CHUNK: usize = 1 << 10;

/// No connection.
const EMPTY: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u32,
    place: u32,
}

const FREE: Entry = Entry { hash: 0, place: EMPTY };

/// Finds connections by their ends.
#[derive(Debug)]
pub struct Table {
    entries: Box<[Entry]>,
    used: usize,
    chunks: Vec<Vec<Connection>>,
    len: usize,
    limit: usize,
    hand: usize,
}

impl Table {
    /// Holds `limit` connections at most.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            entries: vec![FREE; 1 << 10].into_boxed_slice(),
            used: 0,
            chunks: Vec::new(),
            len: 0,
            limit: limit.max(1),
            hand: 0,
        }
    }

    /// Connections held.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// The connection at a place that [`Table::find`] or [`Table::add`] returned.
    #[inline]
    pub fn at(&mut self, place: u32) -> &mut Connection {
        &mut self.chunks[place as usize / CHUNK][place as usize % CHUNK]
    }

    /// Every connection, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.chunks.iter().flatten()
    }

    /// Every connection, given away.
    pub fn into_iter_all(self) -> impl Iterator<Item = Connection> {
        self.chunks.into_iter().flatten()
    }

    /// True when the latest connection between these ends is at `place`.
    #[inline]
    #[must_use]
    pub fn holds(&self, place: u32, ends: &Ends) -> bool {
        let chunk = self.chunks.get(place as usize / CHUNK);
        let c = chunk.and_then(|k| k.get(place as usize % CHUNK));
        c.is_some_and(|c| c.ends == *ends && !c.superseded)
    }

    fn get(&self, place: u32) -> &Connection {
        &self.chunks[place as usize / CHUNK][place as usize % CHUNK]
    }

    /// Where the entry of these ends is, or the free one where it would be.
    #[inline]
    fn slot(&self, ends: &Ends, hash: u32) -> usize {
        let mask = self.entries.len() - 1;
        let mut i = hash as usize & mask;
        loop {
            let e = self.entries[i];
            if e.place == EMPTY || (e.hash == hash && self.get(e.place).ends == *ends) {
                return i;
            }
            i = (i + 1) & mask;
        }
    }

    /// The latest connection between these ends.
    #[inline]
    #[must_use]
    pub fn find(&self, ends: &Ends, hash: u32) -> Option<u32> {
        let place = self.entries[self.slot(ends, hash)].place;
        (place != EMPTY).then_some(place)
    }

    /// Adds a connection, which from now on is the latest between its ends. Returns its place,
    /// and what had to make room for it.
    pub fn add(&mut self, c: Connection) -> (u32, Option<Connection>) {
        let ends = c.ends;
        let (place, gone) = if self.len < self.limit {
            if self.chunks.last().is_none_or(|k| k.len() == CHUNK) {
                self.chunks.push(Vec::with_capacity(CHUNK));
            }
            let place = self.len as u32;
            if let Some(k) = self.chunks.last_mut() {
                k.push(c);
            }
            self.len += 1;
            (place, None)
        } else {
            let place = self.oldest();
            let gone = std::mem::replace(self.at(place), c);
            self.forget(&gone.ends, place);
            (place, Some(gone))
        };
        let hash = ends.hash();
        let slot = self.slot_for(&ends, hash, place);
        match self.entries[slot].place {
            EMPTY => self.used += 1,
            earlier => self.at(earlier).superseded = true,
        }
        self.entries[slot] = Entry { hash, place };
        if self.used * 2 > self.entries.len() {
            self.grow();
        }
        (place, gone)
    }

    /// As [`Table::slot`], when `place` holds these ends already but has no entry yet.
    fn slot_for(&self, ends: &Ends, hash: u32, place: u32) -> usize {
        let slot = self.slot(ends, hash);
        debug_assert!(self.entries[slot].place != place);
        slot
    }

    /// Second chance: the first connection from the hand on that is over, or that had no packet
    /// since the hand last passed.
    fn oldest(&mut self) -> u32 {
        loop {
            let place = (self.hand % self.len) as u32;
            self.hand = (self.hand + 1) % self.len;
            let c = self.at(place);
            if !c.touched || c.over() {
                return place;
            }
            c.touched = false;
        }
    }

    /// Takes the entry of a connection away, if it is still the latest between its ends.
    fn forget(&mut self, ends: &Ends, place: u32) {
        let mask = self.entries.len() - 1;
        let mut i = ends.hash() as usize & mask;
        loop {
            let e = self.entries[i];
            if e.place == EMPTY {
                return;
            }
            if e.place == place {
                break;
            }
            i = (i + 1) & mask;
        }
        self.used -= 1;
        // What follows moves up, so that no search ends early.
        let mut hole = i;
        loop {
            i = (i + 1) & mask;
            let e = self.entries[i];
            if e.place == EMPTY {
                break;
            }
            let home = e.hash as usize & mask;
            if (i.wrapping_sub(home) & mask) >= (i.wrapping_sub(hole) & mask) {
                self.entries[hole] = e;
                hole = i;
            }
        }
        self.entries[hole] = FREE;
    }

    fn grow(&mut self) {
        let mut wider = vec![FREE; self.entries.len() * 2].into_boxed_slice();
        let mask = wider.len() - 1;
        for e in self.entries.iter().filter(|e| e.place != EMPTY) {
            let mut i = e.hash as usize & mask;
            while wider[i].place != EMPTY {
                i = (i + 1) & mask;
            }
            wider[i] = *e;
        }
        self.entries = wider;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(n: u32) -> Ends {
        let mut a = [0; 16];
        a[12..].copy_from_slice(&n.to_be_bytes());
        Ends { addresses: [a, [9; 16]], ports: [80, 1000] }
    }

    fn find(t: &Table, n: u32) -> Option<u32> {
        t.find(&ends(n), ends(n).hash())
    }

    #[test]
    fn finds_what_was_added_and_forgets_the_oldest() {
        let mut t = Table::new(3000);
        for n in 0..10_000 {
            let (_, gone) = t.add(Connection { ends: ends(n), stream: n, ..Connection::default() });
            assert_eq!(gone.is_some(), n >= 3000);
        }
        assert_eq!(t.len(), 3000);
        let found = (0..10_000).filter(|&n| find(&t, n).is_some()).count();
        assert_eq!(found, 3000);
        assert!(find(&t, 9_999).is_some() && find(&t, 0).is_none());
        for n in 0..10_000 {
            if let Some(p) = find(&t, n) {
                assert_eq!(t.at(p).stream, n);
            }
        }
    }

    #[test]
    fn the_same_ends_again_are_the_new_connection() {
        let mut t = Table::new(10);
        t.add(Connection { ends: ends(1), stream: 0, ..Connection::default() });
        t.add(Connection { ends: ends(1), stream: 1, ..Connection::default() });
        let p = find(&t, 1).unwrap();
        assert_eq!((t.at(p).stream, t.len()), (1, 2));
    }

    #[test]
    fn one_that_was_used_lately_stays() {
        let mut t = Table::new(2);
        t.add(Connection { ends: ends(1), ..Connection::default() });
        t.add(Connection { ends: ends(2), ..Connection::default() });
        let p = find(&t, 1).unwrap();
        t.at(p).touched = true;
        t.add(Connection { ends: ends(3), ..Connection::default() });
        assert!(find(&t, 1).is_some() && find(&t, 2).is_none());
    }
}
