//! The loopback DLC: what a stack sends to itself comes back.

use std::collections::VecDeque;

use formats::net::MacAddr;

use super::{Down, MAX_QUEUE, Receive, Transmit, Up};

/// Loopback.
#[derive(Debug, Default)]
pub struct Loopback {
    queue: VecDeque<Transmit>,
    /// Packets that found the queue full.
    pub dropped: u64,
}

impl Loopback {
    /// Something from the IP layer.
    pub fn send(&mut self, down: Down) {
        if let Down::Packet(t) = down {
            if self.queue.len() >= MAX_QUEUE {
                self.dropped += 1;
            } else {
                self.queue.push_back(t);
            }
        }
    }

    /// The next packet for the IP layer. Nothing can have damaged it: its checksum, which may not
    /// have been made, counts as checked.
    pub fn poll_up(&mut self) -> Option<Up> {
        self.queue.pop_front().map(|t| {
            Up::Packet(Receive {
                protocol: t.protocol,
                source: MacAddr::default(),
                group: false,
                checksum_checked: true,
                packet: t.packet,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Buffer;
    use crate::engine::dlc::{Hop, Offload};
    use formats::net::EtherType;

    #[test]
    fn packets_come_back_in_order() {
        let mut l = Loopback::default();
        for n in 0..3 {
            l.send(Down::Packet(Transmit {
                hop: Hop::Peer,
                protocol: EtherType::IPV4,
                offload: Offload::default(),
                packet: Buffer::copy(&[n]),
            }));
        }
        for n in 0..3 {
            let Some(Up::Packet(r)) = l.poll_up() else { panic!("nothing") };
            assert_eq!((&r.packet[..], r.checksum_checked), (&[n][..], true));
        }
        assert_eq!(l.poll_up(), None);
    }
}
