//! Packets that a z/OS stack threw away, by the reason it gave.

use formats::ctrace::pthdr::DropReason;

use super::evidence::Evidence;

/// Reasons kept.
const MAX_REASONS: usize = 256;

/// Counts dropped packets.
#[derive(Debug, Default)]
pub struct Drops {
    /// Reasons in order of first appearance.
    pub reasons: Vec<(DropReason, Evidence)>,
}

impl Drops {
    /// One more packet.
    pub fn add(&mut self, why: DropReason, packet: u64) {
        let at = match self.reasons.iter().position(|r| r.0 == why) {
            Some(at) => at,
            None if self.reasons.len() >= MAX_REASONS => return,
            None => {
                self.reasons.push((why, Evidence::default()));
                self.reasons.len() - 1
            }
        };
        self.reasons[at].1.add(packet);
    }
}
