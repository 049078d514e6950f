//! A packet on its way: bytes with room in front for the headers of lower layers.

use std::ops::{Deref, DerefMut};

/// Room kept in front of a packet: an Ethernet header with a VLAN tag.
pub const HEADROOM: usize = 18;

/// Bytes that grow at the front and shrink from the front without being moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Buffer {
    bytes: Vec<u8>,
    head: usize,
}

impl Buffer {
    /// An empty buffer with [`HEADROOM`] in front and room for `capacity` bytes.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(HEADROOM + capacity);
        bytes.resize(HEADROOM, 0);
        Self { bytes, head: HEADROOM }
    }

    /// `len` zero bytes with [`HEADROOM`] in front.
    #[must_use]
    pub fn zeroed(len: usize) -> Self {
        Self { bytes: vec![0; HEADROOM + len], head: HEADROOM }
    }

    /// A copy of `bytes` with [`HEADROOM`] in front.
    #[must_use]
    pub fn copy(bytes: &[u8]) -> Self {
        let mut b = Self::with_capacity(bytes.len());
        b.extend(bytes);
        b
    }

    /// Appends bytes.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Puts bytes in front; moves everything only when there is no room left.
    pub fn prepend(&mut self, bytes: &[u8]) {
        if let Some(head) = self.head.checked_sub(bytes.len()) {
            self.bytes[head..self.head].copy_from_slice(bytes);
            self.head = head;
        } else {
            let mut moved = Self::with_capacity(bytes.len() + self.len());
            moved.extend(bytes);
            moved.extend(self);
            *self = moved;
        }
    }

    /// Drops up to `n` bytes from the front; they stay as room.
    pub fn advance(&mut self, n: usize) {
        self.head = (self.head + n).min(self.bytes.len());
    }

    /// Brings back up to `n` bytes that [`Self::advance`] dropped.
    pub fn retreat(&mut self, n: usize) {
        self.head = self.head.saturating_sub(n);
    }

    /// Keeps the first `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        self.bytes.truncate(self.head + len);
    }

    /// The bytes as a vector of their own.
    #[must_use]
    pub fn into_vec(mut self) -> Vec<u8> {
        self.bytes.drain(..self.head);
        self.bytes
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, head: 0 }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.head..]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.head..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_and_go_in_front() {
        let mut b = Buffer::copy(&[5, 6]);
        b.prepend(&[1, 2, 3, 4]);
        assert_eq!(*b, [1, 2, 3, 4, 5, 6]);
        b.advance(5);
        assert_eq!(*b, [6]);
        b.retreat(2);
        assert_eq!(*b, [4, 5, 6]);
        b.prepend(&[9; 40]);
        assert_eq!(b.len(), 43);
        b.truncate(41);
        assert_eq!(b.clone().into_vec()[39..], [9, 4]);
        b.advance(100);
        assert!(b.is_empty());
    }
}
