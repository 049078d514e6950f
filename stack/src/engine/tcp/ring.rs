//! A ring of bytes: what a connection keeps for sending and for its application.
//!
//! It grows by doubling up to what is asked for and is a power of two long; nothing is allocated
//! once it has its size.

/// Smallest allocation.
const LEAST: usize = 4096;

/// Bytes addressed by their distance from the oldest one.
#[derive(Debug, Default)]
pub struct Ring {
    data: Vec<u8>,
    start: usize,
}

impl Ring {
    /// Makes room for `need` bytes, keeping the first `used`.
    pub fn ensure(&mut self, used: usize, need: usize) {
        if need <= self.data.len() {
            return;
        }
        let mut data = vec![0; need.next_power_of_two().max(LEAST)];
        let (a, b) = self.slices(0, used);
        data[..a.len()].copy_from_slice(a);
        data[a.len()..used].copy_from_slice(b);
        (self.data, self.start) = (data, 0);
    }

    /// Writes `bytes` at a distance from the oldest byte. There must be room.
    #[inline]
    pub fn write(&mut self, at: usize, bytes: &[u8]) {
        debug_assert!(at + bytes.len() <= self.data.len());
        if bytes.is_empty() {
            return;
        }
        let from = (self.start + at) & (self.data.len() - 1);
        let first = bytes.len().min(self.data.len() - from);
        self.data[from..from + first].copy_from_slice(&bytes[..first]);
        self.data[..bytes.len() - first].copy_from_slice(&bytes[first..]);
    }

    /// `len` bytes from a distance on, in up to two pieces.
    #[inline]
    #[must_use]
    pub fn slices(&self, at: usize, len: usize) -> (&[u8], &[u8]) {
        debug_assert!(at + len <= self.data.len());
        if len == 0 {
            return (&[], &[]);
        }
        let from = (self.start + at) & (self.data.len() - 1);
        let first = len.min(self.data.len() - from);
        (&self.data[from..from + first], &self.data[..len - first])
    }

    /// Forgets the oldest `n` of `used` bytes.
    #[inline]
    pub fn advance(&mut self, n: usize, used: usize) {
        // An empty ring starts over, so that a quick reader keeps to memory that is in the cache.
        self.start = if n == used { 0 } else { (self.start + n) & (self.data.len() - 1) };
    }

    /// Gives the memory back.
    pub fn free(&mut self) {
        *self = Self::default();
    }

    /// Bytes allocated.
    #[must_use]
    pub const fn allocated(&self) -> usize {
        self.data.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_and_grows() {
        let mut r = Ring::default();
        r.ensure(0, 10);
        assert_eq!(r.allocated(), 4096);
        r.write(0, &[1; 4000]);
        r.advance(3990, 4000);
        r.write(10, &[2; 200]);
        let (a, b) = r.slices(5, 200);
        assert_eq!((a.len(), b.len()), (4096 - 3995, 200 - 101));
        assert_eq!((a[4], a[5], b[98]), (1, 2, 2));
        r.ensure(210, 5000);
        assert_eq!(r.allocated(), 8192);
        assert_eq!(r.slices(0, 210).0, [[1; 10].as_slice(), &[2; 200]].concat());
        r.advance(210, 210);
        assert_eq!(r.start, 0);
    }
}
