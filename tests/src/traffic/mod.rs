//! Artificial traffic for benchmarks: always the same bytes for the same options.
//!
//! Many conversations run side by side over a sliding window of active flows. TCP has its
//! handshake, options, data, acknowledgements, losses with SACK and retransmission,
//! reordering, FIN or RST; UDP has question and answer, bulk and fragmented datagrams; some
//! frames carry one or two VLAN tags. Checksums are right. Nothing here uses the codecs under
//! test.

mod app;
mod capture;
mod flow;
mod packet;
mod rng;
mod tcp;

pub use capture::{CaptureFormat, CaptureWriter};
pub use rng::Rng;

use flow::Flow;
use packet::Packet;
use std::io::{self, Write};

/// What to generate.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Bytes of the file, reached within one packet.
    pub size: u64,
    /// Conversations; fewer start when `size` has no room for their packets.
    pub flows: u64,
    /// Seed; the same seed and options give the same file.
    pub seed: u64,
    /// Only frames of 64 to 128 bytes.
    pub small: bool,
    /// Container.
    pub format: CaptureFormat,
    /// Nanosecond instead of microsecond time stamps.
    pub nanos: bool,
}

/// What was generated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Bytes written, the container included.
    pub bytes: u64,
    /// Packets written.
    pub packets: u64,
    /// Conversations started.
    pub flows: u64,
}

/// Flows that are active at the same time.
const ACTIVE: u64 = 2048;
/// Flows that never end, so that the file can be filled whatever the flow lengths were.
const ENDLESS: u64 = 64;

/// What all flows share while the file is written.
pub(crate) struct Scene<W: Write> {
    pub(crate) rng: Rng,
    pub(crate) small: bool,
    pub(crate) packet: Packet,
    out: CaptureWriter<W>,
    /// Nanoseconds since 1970.
    clock: u64,
}

impl<W: Write> Scene<W> {
    /// Writes the packet that was built, a little later than the one before.
    pub(crate) fn send(&mut self) -> io::Result<()> {
        let step = if self.rng.below(64) == 0 { 40_000 } else { 2_000 };
        self.clock += 200 + u64::from(self.rng.below(step));
        self.packet.pad(if self.small { 64 } else { 60 });
        self.out.packet(self.clock, self.packet.bytes())
    }
}

/// Writes a capture to `out`.
///
/// # Errors
/// Those of `out`.
pub fn generate<W: Write>(options: &Options, out: W) -> io::Result<Summary> {
    let mut scene = Scene {
        rng: Rng::new(options.seed),
        small: options.small,
        packet: Packet::new(options.seed),
        out: CaptureWriter::new(out, options.format, options.nanos)?,
        // 2026-01-01 00:00:00 UTC.
        clock: 1_767_225_600_000_000_000,
    };
    let flows = options.flows.max(1);
    let average: u64 = if options.small { 112 } else { 640 };
    let mut started = 0;
    let mut active: Vec<Flow> = Vec::with_capacity(ACTIVE.min(flows) as usize);
    while scene.out.written() < options.size {
        if (active.len() as u64) < ACTIVE && started < flows {
            active.push(next_flow(&mut scene, options, average, &mut started, flows));
            continue;
        }
        // The lower slots talk more than the upper ones, as a few hosts do on a real wire.
        let n = active.len() as u32;
        let (x, y) = (scene.rng.below(n), scene.rng.below(n));
        let slot = x.min(y) as usize;
        if active[slot].step(&mut scene)? {
            if started < flows {
                active[slot] = next_flow(&mut scene, options, average, &mut started, flows);
            } else if active.len() > 1 {
                active.swap_remove(slot);
            } else {
                active[slot] = Flow::start(&mut scene.rng, started, u32::MAX, options.small);
            }
        }
    }
    let bytes = scene.out.written();
    let packets = scene.out.packets();
    scene.out.finish()?;
    Ok(Summary { bytes, packets, flows: started })
}

/// Starts one more flow, as long as the room that is left allows for each of the rest.
fn next_flow<W: Write>(
    scene: &mut Scene<W>,
    options: &Options,
    average: u64,
    started: &mut u64,
    flows: u64,
) -> Flow {
    let room = options.size.saturating_sub(scene.out.written()) / average;
    let mean = room / (flows - *started).max(1);
    let length = if flows - *started <= ENDLESS { u32::MAX } else { scene.rng.long_tail(mean) };
    let flow = Flow::start(&mut scene.rng, *started, length, options.small);
    *started += 1;
    flow
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(options: &Options) -> (Vec<u8>, Summary) {
        let mut file = Vec::new();
        let summary = generate(options, &mut file).expect("a Vec takes everything");
        (file, summary)
    }

    const BASE: Options = Options {
        size: 2_000_000,
        flows: 300,
        seed: 7,
        small: false,
        format: CaptureFormat::Pcap,
        nanos: false,
    };

    #[test]
    fn the_same_seed_gives_the_same_file() {
        let (a, summary) = make(&BASE);
        let (b, _) = make(&BASE);
        assert!(a == b);
        assert_eq!(summary.bytes, a.len() as u64);
        assert_eq!(summary.flows, 300);
        let (c, _) = make(&Options { seed: 8, ..BASE });
        assert!(a != c);
    }

    #[test]
    fn small_frames_are_64_to_128_bytes() {
        let (file, summary) = make(&Options { small: true, ..BASE });
        let mut at = 24;
        let mut packets = 0;
        while at < file.len() {
            let len = u32::from_le_bytes(file[at + 8..at + 12].try_into().expect("four bytes"));
            assert!((64..=128).contains(&len), "{len}");
            at += 16 + len as usize;
            packets += 1;
        }
        assert_eq!(packets, summary.packets);
    }
}
