//! What the tests of the framers share: a sink for finds, a driver that shows the input in
//! windows of any size, and a builder of packets.

use std::net::Ipv4Addr;

use formats::ctrace::encode::PacketEntry;
use formats::ctrace::pthdr::{PthFields, address_field};
use formats::ctrace::{FormatId, Name};
use formats::tod::Tod;

use crate::source::frame::{Batch, Finds, Framer, Window};

#[derive(Default)]
pub(crate) struct Sink {
    pub batch: Batch,
}

impl Sink {
    pub fn finds(&mut self) -> Finds<'_> {
        Finds {
            side: &mut self.batch.side,
            frames: &mut self.batch.frames,
            blocks: &mut self.batch.blocks,
            anomalies: &mut self.batch.anomalies,
            interfaces: &mut self.batch.interfaces,
            tally: &mut self.batch.tally,
        }
    }
}

/// Shows `input` to a framer in windows that grow as it asks, `step` bytes at first. All frames
/// end up in one batch whose buffer is the whole input.
pub(crate) fn drive(framer: &mut dyn Framer, input: &[u8], step: usize) -> Batch {
    let mut sink = Sink::default();
    let mut at = 0;
    let mut want = step;
    loop {
        let end = input.len().min(at + want);
        let eof = end == input.len();
        let first = sink.batch.frames.len();
        let w = Window { bytes: &input[at..end], base: at as u64, eof };
        let p = framer.walk(w, &mut sink.finds());
        for f in &mut sink.batch.frames[first..] {
            for c in [&mut f.data, &mut f.head] {
                if !c.side {
                    c.off += at as u32;
                }
            }
        }
        assert!(p.consumed <= end - at, "consumed more than there was");
        assert!(p.need <= crate::source::frame::MAX_RECORD);
        at += p.consumed;
        if eof {
            assert_eq!(at, input.len(), "bytes left over at the end");
            break;
        }
        want = if p.consumed == 0 { (want * 2).max(p.need) } else { step.max(p.need) };
    }
    for (f, n) in sink.batch.frames.iter_mut().zip(1..) {
        f.number = n;
    }
    sink.batch.buf = input.to_vec();
    let t = &sink.batch.tally;
    assert!(t.adds_up(), "{t:?}");
    assert_eq!(t.record_bytes + t.skipped_bytes, input.len() as u64, "{t:?} {:?}", sink.batch.anomalies);
    sink.batch
}

/// The frames' data.
pub(crate) fn data(b: &Batch) -> Vec<Vec<u8>> {
    b.frames.iter().map(|f| b.bytes(f.data).to_vec()).collect()
}

/// A packet whose bytes and header fields depend on `n`; IPv4 UDP with a right checksum.
pub(crate) fn packet(n: u32, payload: usize) -> Vec<u8> {
    let len = 28 + payload;
    let mut p = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0];
    p[2..4].copy_from_slice(&(len as u16).to_be_bytes());
    p[4..6].copy_from_slice(&(n as u16).to_be_bytes());
    p.extend(Ipv4Addr::new(10, 1, 0, 1).octets());
    p.extend(Ipv4Addr::new(10, 1, 1, 2).octets());
    let mut sum: u32 = p.chunks(2).map(|c| u32::from(u16::from_be_bytes([c[0], c[1]]))).sum();
    while sum >> 16 != 0 {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    p[10..12].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    p.extend([0x04, 0x01, 0x00, 0x35]);
    p.extend(((8 + payload) as u16).to_be_bytes());
    p.extend([0, 0]);
    let mut x = n.wrapping_mul(2_654_435_761) | 1;
    p.extend((0..payload).map(|_| {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        x as u8
    }));
    p
}

pub(crate) fn header(n: u32, len: usize) -> PthFields {
    PthFields {
        flag: (n & 1) as u8,
        dev_ty: 39,
        name: Name::<16>::new(["OSDL", "EZAIUTI4", "LOOPBACK"][n as usize % 3]).0,
        time: time(n).0.into(),
        src: address_field(Ipv4Addr::new(10, 1, 0, 1).into()),
        dst: address_field(Ipv4Addr::new(10, 1, 1, 2).into()),
        sport: 1025.into(),
        dport: 53.into(),
        record_number: n.into(),
        protocol: 17,
        plen: (len.min(65_535) as u16).into(),
        ..PthFields::default()
    }
}

pub(crate) fn time(n: u32) -> Tod {
    Tod(0xDE6E_758D_DC00_0000 + u64::from(n) * 1000 * 4096)
}

/// The entries of `packets`, one each, as a gap-free sequence; and where each begins.
pub(crate) fn entries(packets: &[Vec<u8>]) -> (Vec<u8>, Vec<usize>) {
    let mut out = Vec::new();
    let mut at = Vec::new();
    for (p, n) in packets.iter().zip(1..) {
        at.push(out.len());
        let e = PacketEntry::new(FormatId::PACKET, Tod(time(n).0 + 8192), header(n, p.len()), p);
        e.encode(&mut out).unwrap();
    }
    (out, at)
}

/// Where a record layout that is not ours puts its headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// In front of every record.
    Every(usize),
    /// Only in front of the first record of a buffer.
    First(usize),
}

/// A header of a foreign writer: an eye-catcher, names, a sequence number and a time.
pub(crate) fn foreign_header(len: usize, n: u32, component: &str) -> Vec<u8> {
    if len == 0 {
        return Vec::new();
    }
    let mut h = vec![0xC3, 0xE3, 0xD9, 0xC3, 0x00, len as u8, 0x01, 0x00];
    h.extend(Name::<8>::new("SYS1").0);
    h.extend(Name::<8>::new(component).0);
    h.extend(Name::<8>::new("TCPCS").0);
    h.extend(n.to_be_bytes());
    h.extend(time(n * 977).0.to_be_bytes());
    h.resize(len, 0);
    h
}

/// The records of a data set: the entries in buffers of `buffer` bytes (padded with zeros when
/// `pad`), cut into records of at most `record` bytes.
pub(crate) fn records(all: &[u8], buffer: usize, record: usize, layout: Layout, pad: bool) -> Vec<Vec<u8>> {
    records_with(all, buffer, record, pad, |n, first| match layout {
        Layout::Every(len) => foreign_header(len, n, "SYSTCPDA"),
        Layout::First(len) if first => foreign_header(len, n, "SYSTCPDA"),
        Layout::First(_) => Vec::new(),
    })
}

/// As [`records`], with headers that `header` makes of the record's number and whether it is the
/// first of its buffer.
pub(crate) fn records_with(
    all: &[u8],
    buffer: usize,
    record: usize,
    pad: bool,
    header: impl Fn(u32, bool) -> Vec<u8>,
) -> Vec<Vec<u8>> {
    let mut buffers: Vec<Vec<u8>> = vec![Vec::new()];
    let mut at = 0;
    while at < all.len() {
        let len = usize::from(u16::from_be_bytes([all[at], all[at + 1]]));
        if buffers.last().unwrap().len() + len > buffer {
            buffers.push(Vec::new());
        }
        buffers.last_mut().unwrap().extend_from_slice(&all[at..at + len]);
        at += len;
    }
    let mut out: Vec<Vec<u8>> = Vec::new();
    for mut b in buffers {
        if pad {
            b.resize(buffer, 0);
        }
        let mut rest = &b[..];
        let mut first = true;
        while !rest.is_empty() {
            let mut r = header(out.len() as u32, first);
            let (now, later) = rest.split_at(rest.len().min(record - r.len()));
            r.extend_from_slice(now);
            out.push(r);
            rest = later;
            first = false;
        }
    }
    out
}

/// The records with record descriptor words.
pub(crate) fn with_rdw(records: &[Vec<u8>]) -> Vec<u8> {
    records.iter().flat_map(|r| [&((r.len() + 4) as u16).to_be_bytes()[..], &[0, 0], r].concat()).collect()
}

/// The records in blocks, as many as fit `block` bytes.
pub(crate) fn with_bdw(records: &[Vec<u8>], block: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut now = Vec::new();
    let mut put = |now: &mut Vec<u8>| {
        if !now.is_empty() {
            out.extend(((now.len() + 4) as u16).to_be_bytes());
            out.extend([0, 0]);
            out.append(now);
        }
    };
    for r in records {
        if now.len() + r.len() + 8 > block {
            put(&mut now);
        }
        now.extend(with_rdw(std::slice::from_ref(r)));
    }
    put(&mut now);
    out
}
