//! Captures made by others, read where they are; they are no part of the project.

use std::path::PathBuf;

/// The folder of captures beside the workspace, or beside a folder above it.
pub fn folder() -> Option<PathBuf> {
    let found = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|dir| dir.join("shared/captures"))
        .find(|dir| dir.is_dir());
    if found.is_none() {
        eprintln!("skipped: ../shared/captures is not there");
    }
    found
}

/// One packet of a file.
pub struct Packet {
    /// Link type.
    pub link: u16,
    /// Captured bytes.
    pub bytes: Vec<u8>,
    /// False when it was cut at capture.
    pub whole: bool,
}

/// The packets of a pcap or pcapng file, `None` when it is neither. Only what the captures in use
/// need: no check of anything.
pub fn packets(file: &[u8]) -> Option<Vec<Packet>> {
    let magic: [u8; 4] = file.get(..4)?.try_into().ok()?;
    match u32::from_le_bytes(magic) {
        0xa1b2_c3d4 | 0xa1b2_3c4d => Some(pcap(file, u32::from_le_bytes)),
        0xd4c3_b2a1 | 0x4d3c_b2a1 => Some(pcap(file, u32::from_be_bytes)),
        0x0a0d_0d0a => Some(pcapng(file)),
        _ => None,
    }
}

fn pcap(file: &[u8], order: fn([u8; 4]) -> u32) -> Vec<Packet> {
    let word = |at: usize| Some(order(file.get(at..at + 4)?.try_into().ok()?));
    let (mut packets, mut at) = (Vec::new(), 24);
    let link = word(20).unwrap_or_default() as u16;
    while let (Some(len), Some(original)) = (word(at + 8), word(at + 12)) {
        let Some(bytes) = file.get(at + 16..at + 16 + len as usize) else { break };
        packets.push(Packet { link, bytes: bytes.to_vec(), whole: len >= original });
        at += 16 + len as usize;
    }
    packets
}

fn pcapng(file: &[u8]) -> Vec<Packet> {
    let (mut packets, mut links, mut at) = (Vec::new(), Vec::new(), 0);
    let mut order: fn([u8; 4]) -> u32 = u32::from_le_bytes;
    loop {
        let word = |at: usize, order: fn([u8; 4]) -> u32| Some(order(file.get(at..at + 4)?.try_into().ok()?));
        let Some(kind) = word(at, order) else { break };
        if kind == 0x0a0d_0d0a {
            let little = word(at + 8, u32::from_le_bytes) == Some(0x1a2b_3c4d);
            order = if little { u32::from_le_bytes } else { u32::from_be_bytes };
            links.clear();
        }
        let Some(len) = word(at + 4, order) else { break };
        match kind {
            1 => {
                let v = word(at + 8, order).unwrap_or_default();
                links.push(if order([1, 0, 0, 0]) == 1 { v as u16 } else { (v >> 16) as u16 });
            }
            6 => {
                let (Some(i), Some(cap), Some(original)) =
                    (word(at + 8, order), word(at + 20, order), word(at + 24, order))
                else {
                    break;
                };
                let Some(bytes) = file.get(at + 28..at + 28 + cap as usize) else { break };
                let link = links.get(i as usize).copied().unwrap_or(u16::MAX);
                packets.push(Packet { link, bytes: bytes.to_vec(), whole: cap >= original });
            }
            3 => {
                let original = word(at + 8, order).unwrap_or_default() as usize;
                let len = original.min((len as usize).saturating_sub(16));
                let Some(bytes) = file.get(at + 12..at + 12 + len) else { break };
                let link = links.first().copied().unwrap_or(u16::MAX);
                packets.push(Packet { link, bytes: bytes.to_vec(), whole: len == original });
            }
            _ => {}
        }
        at += (len as usize).next_multiple_of(4).max(12);
    }
    packets
}
