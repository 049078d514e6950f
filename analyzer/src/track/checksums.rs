//! Wrong checksums, by the host that sent them.
//!
//! A host that leaves checksums to its adapter shows them wrong in every packet that is traced
//! on it before the adapter fills them in. Damage on the way hits single packets.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::conversations::{Address, Kind};
use super::evidence::Evidence;
use super::observe::Checksum;
use crate::source::frame::Frame;

/// Hosts whose checksums are counted.
const MAX_HOSTS: usize = 100_000;

/// Checksums in the packets of one host.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sums {
    /// Right ones.
    pub good: u64,
    /// Zero, or the sum over the pseudo header: for the adapter to complete.
    pub partial: Evidence,
    /// Wrong ones of another kind.
    pub bad: Evidence,
    /// Conversation of the first one.
    pub of: Option<(Kind, u32)>,
    /// True for IPv6.
    pub v6: bool,
}

impl Sums {
    /// True when the adapter is to blame, which is to say nobody: no checksum of this host is
    /// right where others' are, or what is wrong was left unfinished.
    #[must_use]
    pub const fn offload(&self) -> bool {
        self.bad.count == 0 || (self.good == 0 && self.bad.count + self.partial.count >= 3)
    }
}

/// Counts checksums.
#[derive(Debug, Default)]
pub struct Checksums {
    /// By source address.
    pub hosts: HashMap<[u8; 16], Sums, RandomState>,
}

impl Checksums {
    /// Takes what the checksum of a packet was.
    #[inline]
    pub fn count(&mut self, src: [u8; 16], v6: bool, sum: Checksum, of: (Kind, u32), f: &Frame) {
        if sum != Checksum::Unchecked {
            self.add(src, v6, sum, of, f);
        }
    }

    fn add(&mut self, src: [u8; 16], v6: bool, sum: Checksum, of: (Kind, u32), f: &Frame) {
        if self.hosts.len() >= MAX_HOSTS && !self.hosts.contains_key(&src) {
            return;
        }
        let h = self.hosts.entry(src).or_default();
        h.v6 = v6;
        match sum {
            Checksum::Unchecked => {}
            Checksum::Good => h.good += 1,
            Checksum::Partial => h.partial.add(f.number),
            Checksum::Bad => {
                h.bad.add(f.number);
                h.of = h.of.or(Some(of));
            }
        }
    }

    /// Hosts with wrong checksums.
    pub fn wrong(&self) -> impl Iterator<Item = (Address, &Sums)> {
        let wrong = |s: &Sums| s.bad.count + s.partial.count > 0;
        self.hosts.iter().filter(move |h| wrong(h.1)).map(|(&addr, s)| (Address { addr, v6: s.v6 }, s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(all: &[Checksum]) -> Sums {
        let mut c = Checksums::default();
        for (i, &sum) in all.iter().enumerate() {
            let f = Frame { number: i as u64 + 1, ..Frame::default() };
            c.count([1; 16], true, sum, (Kind::Udp, 0), &f);
        }
        c.hosts[&[1; 16]]
    }

    #[test]
    fn damage_is_told_apart_from_offload() {
        use Checksum::{Bad, Good, Partial, Unchecked};
        // Damage hits one of many.
        assert!(!sums(&[Good, Good, Bad, Good]).offload());
        // Left to the adapter: unfinished, or wrong in every packet.
        assert!(sums(&[Partial, Good, Partial]).offload());
        assert!(sums(&[Bad, Bad, Bad, Unchecked]).offload());
        // One wrong packet alone is no habit.
        assert!(!sums(&[Bad]).offload());
    }
}
