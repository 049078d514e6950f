//! TRSNIFF files of the DOS Sniffer, as the IPCS packet trace formatter's SNIFFER option writes
//! them. They are meant to be downloaded in binary without record descriptor words; when these
//! were kept, every record has four bytes before it, which are stepped over and reported.

use super::frame::{AnomalyKind, Chunk, Finds, Frame, Interface, LinkType, Timestamp, Window};
use super::records::{Measure, Opened, Records, Walker, What, framer};
use formats::trsniff::{
    FRAME_HEADER_LEN, FrameHeader, MAGIC, RECORD_HEADER_LEN, RecordHeader, RecordType, VERSION_LEN, Version,
    check_magic,
};
use std::borrow::Cow;

framer!(
    /// Finds the frames of a TRSNIFF file.
    Trsniff,
    TrsniffRecords
);

/// Length of a record descriptor word.
const RDW: usize = 4;

/// True when `prefix` begins a TRSNIFF file, with or without record descriptor words.
#[must_use]
pub fn recognise(prefix: &[u8]) -> bool {
    check_magic(prefix).is_ok() || has_rdw(prefix)
}

/// A record descriptor word of the magic record's length, then the magic.
fn has_rdw(prefix: &[u8]) -> bool {
    prefix.starts_with(&[0, (MAGIC.len() + RDW) as u8, 0, 0]) && check_magic(&prefix[RDW..]).is_ok()
}

/// A framer for a TRSNIFF file from its first byte on.
#[must_use]
pub fn new() -> Trsniff {
    Trsniff(Walker::new(TrsniffRecords { rdw: 0, version: None, iface: None, end: None, unit: 1 }))
}

#[derive(Debug)]
struct TrsniffRecords {
    /// Bytes of record descriptor word before each record.
    rdw: usize,
    version: Option<Version>,
    iface: Option<u32>,
    end: Option<u64>,
    /// Time unit in picoseconds.
    unit: u64,
}

impl TrsniffRecords {
    fn header(&self, b: &[u8]) -> Option<RecordHeader> {
        RecordHeader::decode(b.get(self.rdw..)?).ok()
    }

    fn link(&self) -> LinkType {
        self.version.and_then(|v| v.network.link_type()).map_or(LinkType::UNKNOWN, LinkType)
    }
}

impl Records for TrsniffRecords {
    const RECORD: &'static str = "TRSNIFF record";

    // Type, reserved field and two lengths that must agree.
    const BLIND_CHAIN: usize = 1;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(if self.rdw == 0 { "TRSNIFF" } else { "TRSNIFF, RDW" })
    }

    fn open(&mut self, w: Window<'_>, out: &mut Finds<'_>) -> Opened {
        if w.bytes.len() < MAGIC.len() + RDW {
            return Opened::Need(MAGIC.len() + RDW);
        }
        if has_rdw(w.bytes) {
            self.rdw = RDW;
            out.anomaly(
                AnomalyKind::BadField,
                w.base,
                0,
                "TRSNIFF: the file has record descriptor words, which programs that read it do not expect",
                "download it in binary without RDW",
            );
        } else if check_magic(w.bytes).is_err() {
            return Opened::No;
        }
        Opened::At(MAGIC.len() + self.rdw)
    }

    fn header_len(&self) -> usize {
        RECORD_HEADER_LEN + self.rdw
    }

    fn strict_len(&self) -> usize {
        self.header_len() + FRAME_HEADER_LEN
    }

    fn measure(&self, b: &[u8]) -> Measure {
        let no = Measure { size: 0, secs: 0, odd: true };
        let Some(h) = self.header(b) else { return no };
        let size = self.header_len() + usize::from(h.length);
        // The word counts itself and the record.
        if self.rdw != 0 && (usize::from(u16::from_be_bytes([b[0], b[1]])) != size || b[2..4] != [0, 0]) {
            return no;
        }
        Measure {
            size,
            secs: 0,
            odd: h.reserved != 0
                || match h.kind {
                    RecordType::VERSION => usize::from(h.length) != VERSION_LEN,
                    RecordType::EOF => h.length != 0,
                    RecordType::FRAME2 => usize::from(h.length) < FRAME_HEADER_LEN,
                    _ => true,
                },
        }
    }

    fn strict(&self, b: &[u8]) -> bool {
        let Some(h) = self.header(b) else { return false };
        match h.kind {
            RecordType::FRAME2 => {
                let Some(f) = b.get(self.header_len()..) else { return false };
                FrameHeader::decode(f).is_ok_and(|f| {
                    usize::from(f.size) + FRAME_HEADER_LEN == usize::from(h.length)
                        && (f.true_size == 0 || f.true_size >= f.size)
                })
            }
            RecordType::EOF => h.length == 0,
            _ => false,
        }
    }

    fn complain(&self, b: &[u8], offset: u64, out: &mut Finds<'_>) {
        if let Some(h) = self.header(b) {
            out.anomaly(
                AnomalyKind::UnknownRecord,
                offset,
                0,
                format!("TRSNIFF record at offset {offset}: type {}, reserved {}", h.kind.0, h.reserved),
                "",
            );
        }
    }

    fn explain(&self, b: &[u8]) -> String {
        match self.header(b) {
            Some(h) => format!("type {}, length {} lead to no further record", h.kind.0, h.length),
            None => "header cut short".to_owned(),
        }
    }

    fn emit(&mut self, w: Window<'_>, at: usize, size: usize, out: &mut Finds<'_>) -> What {
        let record = &w.bytes[at..at + size];
        let offset = w.base + at as u64;
        let Some(h) = self.header(record) else { return What::Other("TRSNIFF other record") };
        let head = self.header_len();
        let mut damaged = |why: String| {
            out.anomaly(
                AnomalyKind::BadLength,
                offset,
                size as u64,
                format!("TRSNIFF record at offset {offset}: {why}"),
                "",
            );
            What::Damaged
        };
        match h.kind {
            RecordType::VERSION => {
                let Ok(v) = Version::decode(&record[head..]) else {
                    return damaged(format!("a version record has {VERSION_LEN} bytes of data"));
                };
                self.unit = v.unit_picoseconds().unwrap_or(1_000_000);
                if v.format != 1 {
                    out.anomaly(
                        AnomalyKind::BadCompression,
                        offset,
                        0,
                        format!("TRSNIFF version record: format {} is not the uncompressed one", v.format),
                        "write the file uncompressed",
                    );
                }
                self.version = Some(v);
                What::Other("TRSNIFF version record")
            }
            RecordType::EOF => {
                self.end = Some(offset + size as u64);
                What::Last("TRSNIFF end-of-file record")
            }
            RecordType::FRAME2 if self.version.is_some_and(|v| v.format == 1) => {
                let Ok(f) = FrameHeader::decode(&record[head..]) else {
                    return damaged("too short for a frame".to_owned());
                };
                let data = head + FRAME_HEADER_LEN;
                let len = usize::from(f.size);
                if data + len > size {
                    return damaged(format!("size {len} is beyond the record"));
                }
                let link = self.link();
                let iface = *self.iface.get_or_insert_with(|| {
                    out.interface(Interface { link, tsresol: 9, ..Interface::default() })
                });
                let (secs, nanos) = f.since_midnight(self.unit);
                let midnight = self.version.map_or(0, |v| v.midnight());
                out.frames.push(Frame {
                    offset,
                    time: Some(Timestamp { secs: midnight + secs as i64, nanos }),
                    data: Chunk::main(at + data, len),
                    head: Chunk::main(at, data),
                    orig_len: f.orig_len().into(),
                    link,
                    iface,
                    ..Frame::default()
                });
                What::Frame
            }
            _ => What::Other("TRSNIFF other record"),
        }
    }

    fn end(&self) -> Option<u64> {
        self.end
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        if let Some(v) = self.version {
            let (y, m, d) = v.date();
            facts.push(("version", format!("{}.{}", v.major, v.minor)));
            facts.push(("capture date", format!("{y}-{m:02}-{d:02}, in the zone of the capturing host")));
        }
        facts
    }
}
