//! The device of a host of smoltcp's: packets in memory, for tests and benchmarks.

use std::collections::VecDeque;

use smoltcp::phy::{self, ChecksumCapabilities, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;

pub struct Wire {
    medium: Medium,
    mtu: usize,
    checksums: bool,
    /// What is sent comes back, as with smoltcp's loopback device.
    pub looped: bool,
    pub rx: VecDeque<Vec<u8>>,
    pub tx: VecDeque<Vec<u8>>,
}

impl Wire {
    /// A wire for packets, or frames, of up to `mtu` bytes.
    pub fn new(medium: Medium, mtu: usize, checksums: bool) -> Self {
        Self { medium, mtu, checksums, looped: false, rx: VecDeque::new(), tx: VecDeque::new() }
    }

    fn out(&mut self) -> Tx<'_> {
        Tx(if self.looped { &mut self.rx } else { &mut self.tx })
    }
}

pub struct Rx(Vec<u8>);
pub struct Tx<'a>(&'a mut VecDeque<Vec<u8>>);

impl phy::RxToken for Rx {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl phy::TxToken for Tx<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut b = vec![0; len];
        let r = f(&mut b);
        self.0.push_back(b);
        r
    }
}

impl Device for Wire {
    type RxToken<'a> = Rx;
    type TxToken<'a> = Tx<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Rx, Tx<'_>)> {
        let packet = self.rx.pop_front()?;
        Some((Rx(packet), self.out()))
    }

    fn transmit(&mut self, _: Instant) -> Option<Tx<'_>> {
        Some(self.out())
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut c = DeviceCapabilities::default();
        c.medium = self.medium;
        c.max_transmission_unit = self.mtu;
        if !self.checksums {
            c.checksum = ChecksumCapabilities::ignored();
        }
        c
    }
}
