//! The HiperSockets DLC: a stack on a channel that is memory of the machine.
//!
//! Frames are large (16 to 64 KB), there is no ARP, and nothing can damage them. What passes to the
//! channel is described in [`iqd`](crate::fabric::iqd).

use std::collections::VecDeque;
use std::net::IpAddr;

use super::{Down, Hop, MAX_QUEUE, Receive, Up, offload};
use crate::engine::Buffer;
use crate::fabric::iqd::{HEADER_LEN, header, op};

/// Maximum frame sizes of a channel, which leave MTUs of 8, 16, 32 and 56 KB.
pub const FRAME_SIZES: [(usize, u32); 4] =
    [(16_384, 8192), (24_576, 16_384), (40_960, 32_768), (65_536, 57_344)];

/// A stack's access to a channel.
#[derive(Debug, Default)]
pub struct HiperSockets {
    out: VecDeque<Buffer>,
    ups: VecDeque<Up>,
    frame_size: usize,
    /// Frames that found a queue full or were too long.
    pub dropped: u64,
}

impl HiperSockets {
    /// An active device on a channel with this maximum frame size.
    #[must_use]
    pub fn new(frame_size: usize) -> Self {
        Self { ups: VecDeque::from([Up::Active]), frame_size, ..Self::default() }
    }

    /// Something from the IP layer.
    pub fn send(&mut self, down: Down) {
        match down {
            Down::Packet(mut t) => {
                let Hop::Address(hop) = t.hop else { return };
                if self.out.len() >= MAX_QUEUE || t.packet.len() > self.frame_size {
                    self.dropped += 1;
                    return;
                }
                offload::fill_checksum(&mut t.packet);
                t.packet.prepend(&header(op::PACKET, hop));
                self.out.push_back(t.packet);
            }
            Down::Register { address, .. } => self.tell(op::REGISTER, address),
            Down::Unregister(address) => self.tell(op::UNREGISTER, address),
            Down::Join(group) => self.tell(op::REGISTER, group),
            Down::Leave(group) => self.tell(op::UNREGISTER, group),
        }
    }

    fn tell(&mut self, operation: u8, address: IpAddr) {
        self.out.push_back(Buffer::copy(&header(operation, address)));
    }

    /// A frame from the channel.
    pub fn receive(&mut self, mut frame: Buffer) {
        let Some(&address) = frame.get(1..HEADER_LEN).and_then(|a| a.first_chunk::<16>()) else { return };
        if self.ups.len() >= MAX_QUEUE {
            self.dropped += 1;
            return;
        }
        let address = std::net::Ipv6Addr::from(address);
        let group = address.is_multicast()
            || address.to_ipv4_mapped().is_some_and(|a| a.is_multicast() || a.is_broadcast());
        frame.advance(HEADER_LEN);
        self.ups.push_back(Up::Packet(Receive::new(frame, group)));
    }

    /// The device is up or down.
    pub fn set_active(&mut self, active: bool) {
        self.ups.push_back(if active { Up::Active } else { Up::Inactive });
    }

    /// The next frame for the channel.
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
    use crate::engine::dlc::{Offload, Transmit};
    use formats::net::EtherType;

    #[test]
    fn packets_go_with_their_next_hop() {
        let mut h = HiperSockets::new(16_384);
        h.poll_up();
        let hop: IpAddr = "10.3.0.2".parse().unwrap();
        let packet = |len: usize| {
            Down::Packet(Transmit {
                hop: Hop::Address(hop),
                protocol: EtherType::IPV4,
                offload: Offload::default(),
                packet: Buffer::copy(&vec![0x45; len]),
            })
        };
        h.send(packet(3));
        let frame = h.poll_frame().unwrap();
        assert_eq!(frame[..], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 3, 0, 2, 0x45, 0x45, 0x45]);
        h.receive(frame);
        let Some(Up::Packet(r)) = h.poll_up() else { panic!("nothing") };
        assert_eq!((&r.packet[..], r.group), (&[0x45; 3][..], false));
        h.send(packet(20_000));
        assert_eq!((h.poll_frame(), h.dropped), (None, 1));
        h.receive(Buffer::copy(&[0; 5]));
        assert_eq!(h.poll_up(), None);
    }
}
