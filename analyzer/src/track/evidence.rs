//! Packets that show something: how many there are, and the numbers of the first of them.

/// Numbers kept of each kind of evidence.
pub const KEPT: usize = 8;

/// A count with examples, in constant space.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence {
    /// How many packets.
    pub count: u32,
    first: [u32; KEPT],
}

impl Evidence {
    /// One more packet.
    #[inline]
    pub fn add(&mut self, packet: u64) {
        if let Some(slot) = self.first.get_mut(self.count as usize) {
            *slot = u32::try_from(packet).unwrap_or(u32::MAX);
        }
        self.count = self.count.saturating_add(1);
    }

    /// The numbers that were kept.
    #[must_use]
    pub fn packets(&self) -> Vec<u64> {
        self.first[..(self.count as usize).min(KEPT)].iter().map(|&p| p.into()).collect()
    }

    /// True when there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}
