//! pcap files of every variant: the walk from record to record.
//!
//! Readers of other programs stop at the first impossible length; this one searches on, see
//! `source::records`. A file of the standard magic number can still have the longer record
//! headers of old patched libraries, which only its first records show.

use super::frame::{
    AnomalyKind, Chunk, Finds, Frame, Head, Interface, LinkType, MAX_RECORD, Timestamp, Window,
};
use super::pseudo::Pseudo;
use super::records::{Measure, Opened, Records, Walker, What, framer};
use formats::pcap::{FileHeader, Lengths, MAX_PACKET, Magic, RECORD_HEADER_LEN, RecordHeader, Tail};
use std::borrow::Cow;

framer!(
    /// Finds the packets of a pcap file.
    Pcap,
    PcapRecords
);

/// True when `prefix` begins a pcap file.
#[must_use]
pub fn recognise(prefix: &[u8]) -> bool {
    FileHeader::decode(prefix).is_ok_and(|h| h.version_major == 543 || (2..16).contains(&h.version_major))
}

/// A framer for a pcap file from its first byte on.
#[must_use]
pub fn new() -> Pcap {
    Pcap(Walker::new(PcapRecords {
        file: FileHeader::new(false, 0, 0),
        lengths: Lengths::InclFirst,
        tail: Tail::None,
        header_len: RECORD_HEADER_LEN,
        max: MAX_PACKET,
        per_second: 1_000_000,
        nanos_per_unit: 1000,
        link: LinkType::NULL,
        pseudo: Pseudo::None,
        fcs_len: None,
        iface: 0,
    }))
}

#[derive(Debug)]
struct PcapRecords {
    file: FileHeader,
    lengths: Lengths,
    tail: Tail,
    header_len: usize,
    /// Longest packet that is possible.
    max: u32,
    per_second: u32,
    nanos_per_unit: u32,
    link: LinkType,
    pseudo: Pseudo,
    fcs_len: Option<u8>,
    iface: u32,
}

impl PcapRecords {
    #[inline]
    fn header(&self, b: &[u8]) -> RecordHeader {
        match b.first_chunk() {
            Some(h) => RecordHeader::read(h, self.file.endian).ordered(self.lengths),
            None => RecordHeader::default(),
        }
    }

    /// How many things speak against `tail` in the first three records.
    fn faults(&self, w: Window<'_>, from: usize, tail: Tail) -> u32 {
        let len = tail.record_header_len();
        let mut faults = 0;
        let mut at = from;
        for _ in 0..3 {
            let Some(b) = w.bytes.get(at..).filter(|b| !b.is_empty()) else { break };
            // A file that is cut short speaks against the rare variants only.
            let rare = w.eof && tail != Tail::None;
            let Some(b) = b.get(..len) else {
                faults += u32::from(rare);
                break;
            };
            let h = self.header(b);
            let fits = h.incl_len <= self.max;
            for bad in [
                h.ts_frac >= 1_000_000,
                !fits,
                h.incl_len > self.file.snaplen,
                h.orig_len > 128 << 20,
                h.incl_len > h.orig_len,
            ] {
                faults += u32::from(bad);
            }
            if matches!(tail, Tail::Modified | Tail::ModifiedCpu)
                && let Ok(t) =
                    formats::pcap::ModifiedTail::decode(&b[RECORD_HEADER_LEN..], self.file.endian, tail)
            {
                faults += u32::from(t.ifindex > 10_000) + u32::from(t.pkt_type > 4);
                if tail == Tail::ModifiedCpu {
                    faults += u32::from(t.rest[0] > 64) + u32::from(t.rest[1] > 64);
                }
            }
            if !fits {
                break;
            }
            at += len + h.incl_len as usize;
            if at > w.bytes.len() {
                faults += u32::from(rare);
            }
        }
        faults
    }

    /// The variant of the record headers; `None` when more bytes may change the answer.
    fn variant(&self, w: Window<'_>, from: usize) -> Option<Tail> {
        let standard = [Tail::None, Tail::Modified, Tail::Nokia];
        let modified = [Tail::Modified, Tail::ModifiedCpu];
        let candidates: &[Tail] = match self.file.magic {
            Magic::MICROS if self.lengths == Lengths::InclFirst => &standard,
            Magic::MODIFIED => &modified,
            _ => return Some(Tail::None),
        };
        let faults = |t| self.faults(w, from, t);
        if faults(candidates[0]) == 0 {
            return Some(candidates[0]);
        }
        // Three records of the longest kind.
        if !w.eof && w.bytes.len() < 3 * (MAX_PACKET as usize + 32) {
            return None;
        }
        // Where all have faults the file is damaged rather than of a rare variant.
        Some(candidates.iter().copied().find(|&t| faults(t) == 0).unwrap_or(candidates[0]))
    }
}

impl Records for PcapRecords {
    const RECORD: &'static str = "pcap record";

    fn name(&self) -> Cow<'static, str> {
        let magic = self.file.magic;
        match self.tail {
            _ if self.file.is_aix() => Cow::Borrowed("pcap, AIX"),
            Tail::None => Cow::Owned(magic.to_string()),
            Tail::Modified | Tail::ModifiedCpu => Cow::Borrowed("pcap, modified"),
            Tail::Nokia => Cow::Borrowed("pcap, Nokia"),
        }
    }

    fn open(&mut self, w: Window<'_>, out: &mut Finds<'_>) -> Opened {
        let file = match FileHeader::decode(w.bytes) {
            Ok(f) => f,
            Err(e) if e.is_short() => return Opened::Need(28),
            Err(_) => return Opened::No,
        };
        let from = file.encoded_len();
        self.file = file;
        self.lengths = file.lengths();
        // USB, D-Bus and EBHSCR packets can be longer than those of networks.
        self.max = match file.link_type() {
            189 | 220 | 231 | 249 | 279 => u32::MAX,
            _ => file.snaplen.max(MAX_PACKET),
        }
        .min((MAX_RECORD - 64) as u32);
        self.per_second = file.per_second();
        self.nanos_per_unit = 1_000_000_000 / self.per_second;
        let Some(tail) = self.variant(w, from) else {
            return Opened::Need(3 * (MAX_PACKET as usize + 32));
        };
        self.tail = tail;
        self.header_len = tail.record_header_len();
        let link = LinkType(file.link_type());
        self.link = link;
        self.pseudo = Pseudo::of(link);
        self.fcs_len = file.fcs_len();
        if file.reserved_bits() != 0 {
            out.anomaly(
                AnomalyKind::BadField,
                w.base + 20,
                0,
                format!(
                    "pcap file header: the reserved bits of the link type are 0x{:08x}",
                    file.reserved_bits()
                ),
                "",
            );
        }
        self.iface = out.interface(Interface {
            link,
            snaplen: file.snaplen,
            // An ERF header has a finer time than its record.
            tsresol: if self.per_second == 1_000_000 && self.pseudo != Pseudo::Erf { 6 } else { 9 },
            ..Interface::default()
        });
        Opened::At(from)
    }

    #[inline]
    fn header_len(&self) -> usize {
        self.header_len
    }

    #[inline]
    fn measure(&self, b: &[u8]) -> Measure {
        let h = self.header(b);
        Measure {
            size: if h.incl_len <= self.max { self.header_len + h.incl_len as usize } else { 0 },
            secs: i64::from(h.ts_sec),
            odd: (h.incl_len > h.orig_len)
                | (h.ts_frac >= self.per_second)
                | ((h.ts_sec | h.ts_frac | h.orig_len) == 0),
        }
    }

    fn strict(&self, b: &[u8]) -> bool {
        let h = self.header(b);
        let snap = if self.file.snaplen == 0 { self.max } else { self.file.snaplen.max(96) };
        h.incl_len > 0 && h.incl_len <= snap.min(1 << 20) && h.orig_len <= 1 << 20
    }

    fn complain(&self, b: &[u8], offset: u64, out: &mut Finds<'_>) {
        let h = self.header(b);
        if h.ts_frac >= self.per_second {
            out.anomaly(
                AnomalyKind::BadField,
                offset,
                0,
                format!(
                    "pcap record at offset {offset}: fraction of a second {} is a second or more",
                    h.ts_frac
                ),
                "",
            );
        }
        if h.incl_len > h.orig_len {
            out.anomaly(
                AnomalyKind::BadField,
                offset,
                0,
                format!(
                    "pcap record at offset {offset}: incl_len {} is above orig_len {}",
                    h.incl_len, h.orig_len
                ),
                "",
            );
        }
    }

    fn explain(&self, b: &[u8]) -> String {
        let h = self.header(b);
        if h.incl_len > self.max {
            format!("incl_len {} is not possible", h.incl_len)
        } else {
            format!(
                "incl_len {}, orig_len {} and time {} lead to no further record",
                h.incl_len, h.orig_len, h.ts_sec
            )
        }
    }

    #[inline]
    fn emit(&mut self, w: Window<'_>, at: usize, size: usize, out: &mut Finds<'_>) -> What {
        let h = self.header(&w.bytes[at..]);
        let offset = w.base + at as u64;
        let data = at + self.header_len;
        let mut frame = Frame {
            number: 0,
            offset,
            time: Some(if h.ts_frac < self.per_second {
                Timestamp { secs: i64::from(h.ts_sec), nanos: h.ts_frac * self.nanos_per_unit }
            } else {
                let units = u64::from(h.ts_sec) * u64::from(self.per_second) + u64::from(h.ts_frac);
                Timestamp::from_units(units, u64::from(self.per_second))
            }),
            data: Chunk::main(data, h.incl_len as usize),
            head: Chunk::main(at, self.header_len),
            head_kind: Head::None,
            orig_len: h.orig_len,
            link: self.link,
            phdr_len: 0,
            iface: self.iface,
            fcs_len: self.fcs_len,
        };
        if self.pseudo != Pseudo::None {
            match self.pseudo.strip(&w.bytes[data..at + size], h.orig_len, frame.link) {
                Some(s) => {
                    frame.phdr_len = s.phdr_len;
                    frame.data = Chunk::main(data + usize::from(s.phdr_len), s.cap_len as usize);
                    frame.orig_len = s.orig_len;
                    frame.link = s.link;
                    frame.time = s.time.or(frame.time);
                }
                None => {
                    out.anomaly(
                        AnomalyKind::BadLength,
                        offset,
                        size as u64,
                        format!(
                            "pcap record at offset {offset}: {} bytes are too few for the pseudo-header of link \
                             type {}",
                            h.incl_len, frame.link.0
                        ),
                        "",
                    );
                    return What::Damaged;
                }
            }
        }
        out.frames.push(frame);
        What::Frame
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let f = &self.file;
        let mut facts = vec![
            ("version", format!("{}.{}", f.version_major, f.version_minor)),
            ("byte order", format!("{:?}-endian", f.endian).to_lowercase()),
            ("snap length", f.snaplen.to_string()),
        ];
        if let Some(n) = self.fcs_len {
            facts.push(("FCS length", n.to_string()));
        }
        facts
    }
}
