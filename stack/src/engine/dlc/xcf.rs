//! Point-to-point DLCs: XCF between the images of a sysplex, SAMEHOST within one image. What goes
//! over the link is the IP packet alone.

use std::collections::VecDeque;

use super::{Down, MAX_QUEUE, Receive, Up, offload};
use crate::engine::Buffer;

/// One end of a point-to-point link.
#[derive(Debug, Default)]
pub struct Xcf {
    out: VecDeque<Buffer>,
    ups: VecDeque<Up>,
    /// Packets that found a queue full.
    pub dropped: u64,
}

impl Xcf {
    /// A link that is active.
    #[must_use]
    pub fn new() -> Self {
        Self { ups: VecDeque::from([Up::Active]), ..Self::default() }
    }

    /// Something from the IP layer. Addresses need no registering: there is one other end.
    pub fn send(&mut self, down: Down) {
        let Down::Packet(mut t) = down else { return };
        offload::fill_checksum(&mut t.packet);
        if self.out.len() >= MAX_QUEUE {
            self.dropped += 1;
        } else {
            self.out.push_back(t.packet);
        }
    }

    /// A frame from the link.
    pub fn receive(&mut self, frame: Buffer) {
        if self.ups.len() >= MAX_QUEUE {
            self.dropped += 1;
            return;
        }
        self.ups.push_back(Up::Packet(Receive::new(frame, false)));
    }

    /// The link is up or down.
    pub fn set_active(&mut self, active: bool) {
        self.ups.push_back(if active { Up::Active } else { Up::Inactive });
    }

    /// The next frame for the link.
    pub fn poll_frame(&mut self) -> Option<Buffer> {
        self.out.pop_front()
    }

    /// The next thing for the IP layer.
    pub fn poll_up(&mut self) -> Option<Up> {
        self.ups.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::dlc::{Hop, Offload, Transmit};
    use formats::net::EtherType;

    #[test]
    fn packets_go_as_they_are() {
        let mut x = Xcf::new();
        assert_eq!(x.poll_up(), Some(Up::Active));
        x.send(Down::Packet(Transmit {
            hop: Hop::Peer,
            protocol: EtherType::IPV6,
            offload: Offload::default(),
            packet: Buffer::copy(&[0x60, 1]),
        }));
        let frame = x.poll_frame().unwrap();
        assert_eq!(&frame[..], [0x60, 1]);
        x.receive(frame);
        let Some(Up::Packet(r)) = x.poll_up() else { panic!("nothing") };
        assert_eq!((r.protocol, &r.packet[..]), (EtherType::IPV6, &[0x60, 1][..]));
    }
}
