//! Datagrams whose fragments did not all arrive.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::defrag::Key;
use super::evidence::Evidence;
use crate::source::frame::{Frame, Timestamp};

/// Unfinished datagrams kept; of further ones only the number is known.
const MAX_OPEN: usize = 10_000;

/// A datagram of which something is missing.
#[derive(Debug, Clone, Copy)]
pub struct Open {
    /// Fragments that are there.
    pub pieces: Evidence,
    /// Time of the last one.
    pub time: Option<Timestamp>,
}

/// Follows fragments.
#[derive(Debug, Default)]
pub struct Fragments {
    /// Unfinished datagrams.
    pub open: HashMap<Key, Open, RandomState>,
    /// Datagrams that were put together.
    pub complete: u64,
    /// Unfinished datagrams that found no room here.
    pub more: u64,
}

impl Fragments {
    /// Takes a fragment.
    pub fn piece(&mut self, key: &Key, complete: bool, f: &Frame) {
        if complete {
            self.open.remove(key);
            self.complete += 1;
            return;
        }
        if self.open.len() >= MAX_OPEN && !self.open.contains_key(key) {
            self.more += 1;
            return;
        }
        let open = self.open.entry(*key).or_insert(Open { pieces: Evidence::default(), time: f.time });
        open.pieces.add(f.number);
        open.time = open.time.max(f.time);
    }
}
