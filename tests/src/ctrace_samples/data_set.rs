//! Trace data sets as bytes: entries, buffers, records, and the ways they are transferred. The
//! writer of the analyzer is not used, so that reader and writer meet only in bytes.

use std::net::IpAddr;

use formats::ctrace::encode::PacketEntry;
use formats::ctrace::pthdr::{Flags, PthFields, address_field};
use formats::ctrace::writer::WriterHeader;
use formats::ctrace::{Component, FormatId, Name};
use formats::rdw::{Bdw, Rdw};
use formats::tod::Tod;

/// Longest record, descriptor word included, and longest block.
pub const LRECL: usize = 27_994;
/// Longest block, its descriptor word included.
pub const BLKSIZE: usize = 27_998;

/// The samples' clock: so many microseconds after 2026-03-02 08:00:00 UTC.
#[must_use]
pub fn at(micros: u64) -> Tod {
    Tod::from_unix(1_772_438_400 + (micros / 1_000_000) as i64, (micros % 1_000_000) as u32 * 1000)
        .unwrap_or_default()
}

/// What a packet trace header says beside what the packet itself says.
#[derive(Debug, Clone, Copy)]
pub struct Meta<'a> {
    /// Interface.
    pub interface: &'a str,
    /// Device type.
    pub device: u8,
    /// Outbound.
    pub out: bool,
    /// Microseconds of [`at`].
    pub micros: u64,
    /// Record counter.
    pub number: u32,
}

/// The header of a packet: addresses, ports and protocol are taken from it.
#[must_use]
pub fn header(m: Meta<'_>, packet: &[u8]) -> PthFields {
    let mut h = PthFields {
        flag: if m.out { Flags::OUT.0 } else { 0 },
        dev_ty: m.device,
        name: Name::<16>::new(m.interface).0,
        time: at(m.micros).0.into(),
        record_number: m.number.into(),
        plen: (packet.len() as u16).into(),
        if_index: 3.into(),
        ..PthFields::default()
    };
    let (addresses, protocol, transport) = match packet[0] >> 4 {
        4 => {
            let a: [[u8; 4]; 2] =
                [packet[12..16].try_into().expect("4"), packet[16..20].try_into().expect("4")];
            (a.map(IpAddr::from), packet[9], 20)
        }
        _ => {
            let a: [[u8; 16]; 2] =
                [packet[8..24].try_into().expect("16"), packet[24..40].try_into().expect("16")];
            (a.map(IpAddr::from), packet[6], 40)
        }
    };
    h.src = address_field(addresses[0]);
    h.dst = address_field(addresses[1]);
    h.protocol = protocol;
    if matches!(protocol, 6 | 17) {
        let port = |n: usize| u16::from_be_bytes([packet[transport + n], packet[transport + n + 1]]);
        h.sport = port(0).into();
        h.dport = port(2).into();
    }
    h
}

/// One entry, put into the buffer two microseconds after the capture.
///
/// # Panics
/// When it is too long for an entry.
#[must_use]
pub fn entry(id: FormatId, micros: u64, h: PthFields, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    PacketEntry::new(id, at(micros + 2), h, data).encode(&mut out).expect("an entry of a sample fits");
    out
}

/// A packet entry.
#[must_use]
pub fn packet(m: Meta<'_>, p: &[u8]) -> Vec<u8> {
    entry(FormatId::PACKET, m.micros, header(m, p), p)
}

/// The records of one buffer: each with the header of this project's writer.
#[must_use]
pub fn records(component: Component, buffer: u32, entries: &[u8]) -> Vec<Vec<u8>> {
    let room = LRECL - 4 - formats::ctrace::writer::LEN;
    let parts = entries.len().div_ceil(room) as u16;
    (0..)
        .zip(entries.chunks(room))
        .map(|(part, piece)| {
            let h = WriterHeader {
                system: Name::new("MVS118"),
                component,
                subname: Name::new("TCPCS"),
                buffer,
                part,
                parts,
                used: entries.len() as u32,
            };
            [&h.encode()[..], piece].concat()
        })
        .collect()
}

/// Records with their descriptor words.
///
/// # Panics
/// When a record is too long.
#[must_use]
pub fn with_rdw(records: &[Vec<u8>]) -> Vec<u8> {
    let word = |r: &Vec<u8>| Rdw::for_data(r.len()).expect("a record of a sample fits").encode();
    records.iter().flat_map(|r| [&word(r)[..], r].concat()).collect()
}

/// Records in blocks.
///
/// # Panics
/// When a record is too long.
#[must_use]
pub fn with_bdw(records: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut block: Vec<u8> = Vec::new();
    for r in records {
        if block.len() + r.len() + 8 > BLKSIZE {
            close(&mut block, &mut out);
        }
        block.extend(with_rdw(std::slice::from_ref(r)));
    }
    close(&mut block, &mut out);
    out
}

fn close(block: &mut Vec<u8>, out: &mut Vec<u8>) {
    if !block.is_empty() {
        out.extend(Bdw::for_data(block.len()).expect("a block of a sample fits").encode());
        out.append(block);
    }
}
