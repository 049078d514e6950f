//! Segments that were sent and not yet acknowledged, of all connections in one pool.
//!
//! Each direction has a list, newest first. What is acknowledged goes back to the pool, so the
//! memory follows what is in flight, not how many packets there are.

/// No entry.
pub const NIL: u32 = u32::MAX;

/// As many segments are kept for one direction at most, as in Wireshark 4.0.
pub const MAX_EACH: u16 = 10_000;

/// As many are kept for all connections together (24 bytes each).
const MAX_ALL: usize = 2_000_000;

/// One segment in flight.
#[derive(Debug, Clone, Copy)]
pub struct Unacked {
    /// Sequence number of its first byte that is not acknowledged.
    pub seq: u32,
    /// Sequence number behind it.
    pub end: u32,
    /// Its frame.
    pub frame: u32,
    /// The next older one.
    pub next: u32,
    /// When it was seen.
    pub time: i64,
}

/// A direction's list.
#[derive(Debug, Clone, Copy)]
pub struct List {
    /// The newest.
    pub head: u32,
    /// How many.
    pub count: u16,
}

impl Default for List {
    fn default() -> Self {
        Self { head: NIL, count: 0 }
    }
}

/// Where the lists live.
#[derive(Debug)]
pub struct Pool {
    all: Vec<Unacked>,
    free: u32,
    /// Segments that found no room.
    pub refused: u64,
}

impl Default for Pool {
    fn default() -> Self {
        Self { all: Vec::new(), free: NIL, refused: 0 }
    }
}

impl Pool {
    /// Adds a segment in front of a list, unless the list is full.
    #[inline]
    pub fn push(&mut self, list: &mut List, mut u: Unacked) {
        u.next = list.head;
        let at = if let Some(free) = self.all.get_mut(self.free as usize) {
            let at = self.free;
            self.free = free.next;
            *free = u;
            at
        } else if self.all.len() < MAX_ALL {
            self.all.push(u);
            (self.all.len() - 1) as u32
        } else {
            self.refused += 1;
            return;
        };
        list.head = at;
        list.count += 1;
    }

    /// The segments of a list, newest first.
    pub fn iter(&self, list: List) -> impl Iterator<Item = &Unacked> {
        let mut at = list.head;
        std::iter::from_fn(move || {
            let u = self.all.get(at as usize)?;
            at = u.next;
            Some(u)
        })
    }

    /// Keeps the segments for which `keep` says so; it may change them.
    #[inline]
    pub fn retain(&mut self, list: &mut List, mut keep: impl FnMut(&mut Unacked) -> bool) {
        let (mut at, mut before) = (list.head, NIL);
        while let Some(u) = self.all.get_mut(at as usize) {
            let next = u.next;
            if keep(u) {
                before = at;
            } else {
                u.next = self.free;
                self.free = at;
                list.count -= 1;
                match self.all.get_mut(before as usize) {
                    Some(b) => b.next = next,
                    None => list.head = next,
                }
            }
            at = next;
        }
    }

    /// Gives a whole list back.
    pub fn clear(&mut self, list: &mut List) {
        self.retain(list, |_| false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn u(seq: u32) -> Unacked {
        Unacked { seq, end: seq + 1, frame: seq, next: NIL, time: 0 }
    }

    #[test]
    fn lists_share_the_pool_and_give_back() {
        let mut pool = Pool::default();
        let (mut a, mut b) = (List::default(), List::default());
        for i in 0..4 {
            pool.push(&mut a, u(i));
            pool.push(&mut b, u(10 + i));
        }
        pool.retain(&mut a, |x| x.seq % 2 == 1);
        assert_eq!(pool.iter(a).map(|x| x.seq).collect::<Vec<_>>(), [3, 1]);
        pool.push(&mut b, u(20));
        pool.push(&mut b, u(21));
        assert_eq!(pool.all.len(), 8, "what was given back is used again");
        assert_eq!(pool.iter(b).map(|x| x.seq).collect::<Vec<_>>(), [21, 20, 13, 12, 11, 10]);
        assert_eq!((a.count, b.count), (2, 6));
        pool.clear(&mut b);
        assert_eq!((b.count, b.head), (0, NIL));
    }
}
