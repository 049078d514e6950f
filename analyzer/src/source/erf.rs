//! ERF files: records of Endace's DAG cards, with no file header and no magic number.

use super::frame::{AnomalyKind, Chunk, Finds, Frame, Head, Interface, LinkType, Window};
use super::pseudo::{Pseudo, erf_time};
use super::records::{Measure, Opened, Records, Walker, What, framer};
use formats::erf::{HEADER_LEN, Header, RecordType};
use std::borrow::Cow;

framer!(
    /// Finds the records of an ERF file.
    Erf,
    ErfRecords
);

/// A year in seconds: records of one capture are not further apart.
const YEAR: u64 = 365 * 86_400;

/// True when `prefix` begins an ERF file. There is no magic number, so the first records are
/// looked at: types, lengths, times that do not go back by more than a second nor ahead by more
/// than a year. Three good records, or good ones up to the end of a short file, are taken.
#[must_use]
pub fn recognise(prefix: &[u8]) -> bool {
    let (mut at, mut good, mut last) = (0, 0, None::<u64>);
    while at < prefix.len() && good < 20 {
        let rest = &prefix[at..];
        let Ok(h) = Header::decode(rest) else { return good >= 3 };
        let len = usize::from(h.rlen);
        if !known(h.record_type()) || len < HEADER_LEN {
            return false;
        }
        let Some(record) = rest.get(..len) else { return good >= 3 };
        if h.record_type() != RecordType::PAD {
            let Ok(prefix_len) = h.prefix_len(record) else { return false };
            let secs = u64::from(h.secs());
            let in_order = last.is_none_or(|l| secs + 1 >= l && secs <= l + YEAR);
            // Reserved flag bits, and dates before the format existed, speak against it.
            if !in_order || h.flags & 0xc0 != 0 || secs < 800_000_000 || (h.wlen == 0 && len > prefix_len + 8)
            {
                return false;
            }
            last = Some(secs);
        }
        good += 1;
        at += len;
    }
    good > 0
}

/// A framer for an ERF file from its first byte on.
#[must_use]
pub fn new() -> Erf {
    Erf(Walker::new(ErfRecords { ifaces: [None; 4] }))
}

/// Types that are assigned.
const fn known(t: RecordType) -> bool {
    matches!(t.0, 1..=25 | 27..=29 | 48)
}

#[derive(Debug)]
struct ErfRecords {
    /// Interfaces of the input for the four numbers that the flags hold.
    ifaces: [Option<u32>; 4],
}

impl ErfRecords {
    fn header(b: &[u8]) -> Option<Header> {
        Header::decode(b).ok()
    }
}

impl Records for ErfRecords {
    const RECORD: &'static str = "ERF record";

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("ERF")
    }

    fn open(&mut self, _: Window<'_>, _: &mut Finds<'_>) -> Opened {
        Opened::At(0)
    }

    fn header_len(&self) -> usize {
        HEADER_LEN
    }

    fn measure(&self, b: &[u8]) -> Measure {
        let Some(h) = Self::header(b) else { return Measure { size: 0, secs: 0, odd: true } };
        let size = usize::from(h.rlen);
        // Pad records need not have a time.
        let secs = if h.record_type() == RecordType::PAD { 0 } else { i64::from(h.secs()) };
        let size = if size > HEADER_LEN || (size == HEADER_LEN && secs == 0) { size } else { 0 };
        Measure { size, secs, odd: !known(h.record_type()) }
    }

    fn strict(&self, b: &[u8]) -> bool {
        Self::header(b).is_some_and(|h| {
            h.flags & 0xc0 == 0 && h.wlen > 0 && h.type_byte & 0x7f != RecordType::PAD.0 && h.time != 0
        })
    }

    fn complain(&self, b: &[u8], offset: u64, out: &mut Finds<'_>) {
        if let Some(h) = Self::header(b) {
            out.anomaly(
                AnomalyKind::UnknownRecord,
                offset,
                0,
                format!("ERF record at offset {offset}: type {} is not assigned", h.record_type().0),
                "",
            );
        }
    }

    fn explain(&self, b: &[u8]) -> String {
        match Self::header(b) {
            Some(h) => format!("type {}, rlen {} is not possible", h.record_type().0, h.rlen),
            None => "header cut short".to_owned(),
        }
    }

    fn emit(&mut self, w: Window<'_>, at: usize, size: usize, out: &mut Finds<'_>) -> What {
        let record = &w.bytes[at..at + size];
        let offset = w.base + at as u64;
        let Some(h) = Self::header(record) else { return What::Other("ERF pad record") };
        if h.record_type() == RecordType::PAD {
            return What::Other("ERF pad record");
        }
        let Some(s) = Pseudo::Erf.strip(record, h.wlen.into(), LinkType::ERF) else {
            out.anomaly(
                AnomalyKind::BadLength,
                offset,
                size as u64,
                format!("ERF record at offset {offset}: rlen {size} is too short for its headers"),
                "",
            );
            return What::Damaged;
        };
        if h.lctr != 0 && matches!(h.record_type(), RecordType::ETH | RecordType::HDLC_POS | RecordType::ATM)
        {
            out.anomaly(
                AnomalyKind::LostRecords,
                offset,
                0,
                format!("ERF record at offset {offset}: the card lost {} packets before it", h.lctr),
                "",
            );
        }
        let iface = *self.ifaces[usize::from(h.interface())].get_or_insert_with(|| {
            out.interface(Interface {
                name: Some(format!("Port {}", char::from(b'A' + h.interface()))),
                link: LinkType::ERF,
                tsresol: 9,
                ..Interface::default()
            })
        });
        out.frames.push(Frame {
            offset,
            time: Some(erf_time(&h)),
            data: Chunk::main(at + usize::from(s.phdr_len), s.cap_len as usize),
            head: Chunk::main(at, s.phdr_len.into()),
            head_kind: Head::None,
            orig_len: s.orig_len,
            link: s.link,
            phdr_len: s.phdr_len,
            iface,
            ..Frame::default()
        });
        What::Frame
    }
}
