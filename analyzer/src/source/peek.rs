//! EtherPeek, TokenPeek and AiroPeek "classic" files.

use super::frame::{AnomalyKind, Chunk, Finds, Frame, Interface, LinkType, Timestamp, Window};
use super::records::{Measure, Opened, Records, Walker, What, framer};
use formats::peek::{FILE_HEADER_LEN, FileHeader, RecordHeader};
use std::borrow::Cow;

framer!(
    /// Finds the packets of an EtherPeek file.
    Peek,
    PeekRecords
);

/// True when `prefix` begins such a file. There is no magic number: every field with a fixed
/// value is checked, the date, and that the first packet fits the file.
#[must_use]
pub fn recognise(prefix: &[u8]) -> bool {
    let Ok(h) = FileHeader::decode(prefix) else { return false };
    let [length, packets, ..] = h.words;
    // From 1985 on, the year of the first EtherPeek's ancestors.
    let dated = h.date() > 473_385_600;
    let sized = length as usize >= FILE_HEADER_LEN && packets > 0 && packets < length;
    let first = prefix.get(FILE_HEADER_LEN..).and_then(|b| RecordHeader::decode(b, &h).ok());
    dated && sized && first.is_some_and(|r| r.length > 0 && r.incl_len() <= r.length)
}

/// A framer for an EtherPeek file from its first byte on.
#[must_use]
pub fn new() -> Peek {
    Peek(Walker::new(PeekRecords { file: None, iface: 0 }))
}

#[derive(Debug)]
struct PeekRecords {
    file: Option<FileHeader>,
    iface: u32,
}

impl PeekRecords {
    fn header(&self, b: &[u8]) -> Option<(FileHeader, RecordHeader)> {
        let f = self.file?;
        Some((f, RecordHeader::decode(b, &f).ok()?))
    }
}

impl Records for PeekRecords {
    const RECORD: &'static str = "EtherPeek packet";

    fn name(&self) -> Cow<'static, str> {
        match self.file {
            Some(f) => Cow::Owned(format!("EtherPeek version {}", f.version())),
            None => Cow::Borrowed("EtherPeek"),
        }
    }

    fn open(&mut self, w: Window<'_>, out: &mut Finds<'_>) -> Opened {
        match FileHeader::decode(w.bytes) {
            Ok(f) => {
                self.file = Some(f);
                let link = f.link_type().map_or(LinkType::UNKNOWN, LinkType);
                let tsresol = if f.version() == 7 { 6 } else { 3 };
                self.iface = out.interface(Interface { link, tsresol, ..Interface::default() });
                Opened::At(FILE_HEADER_LEN)
            }
            Err(e) if e.is_short() => Opened::Need(FILE_HEADER_LEN),
            Err(_) => Opened::No,
        }
    }

    fn header_len(&self) -> usize {
        self.file.map_or(26, |f| f.record_header_len())
    }

    fn measure(&self, b: &[u8]) -> Measure {
        let Some((f, h)) = self.header(b) else { return Measure { size: 0, secs: 0, odd: true } };
        let len = usize::from(h.incl_len());
        let pad = if f.version() == 7 { len & 1 } else { 0 };
        Measure {
            size: f.record_header_len() + len + pad,
            secs: (h.nanos(&f) / 1_000_000_000) as i64,
            odd: h.length == 0 || h.incl_len() > h.length,
        }
    }

    fn strict(&self, b: &[u8]) -> bool {
        self.header(b).is_some_and(|(f, h)| {
            let since = h.nanos(&f) / 1_000_000_000 - i128::from(f.date());
            h.incl_len() > 0 && (-86_400..60 * 86_400).contains(&since)
        })
    }

    fn complain(&self, b: &[u8], offset: u64, out: &mut Finds<'_>) {
        if let Some((_, h)) = self.header(b) {
            out.anomaly(
                AnomalyKind::BadField,
                offset,
                0,
                format!("EtherPeek packet at offset {offset}: {} of {} bytes", h.incl_len(), h.length),
                "",
            );
        }
    }

    fn explain(&self, b: &[u8]) -> String {
        match self.header(b) {
            Some((_, h)) => format!("{} of {} bytes lead to no further packet", h.incl_len(), h.length),
            None => "header cut short".to_owned(),
        }
    }

    fn emit(&mut self, w: Window<'_>, at: usize, _: usize, out: &mut Finds<'_>) -> What {
        let Some((f, h)) = self.header(&w.bytes[at..]) else { return What::Damaged };
        let offset = w.base + at as u64;
        let mut data = at + f.record_header_len();
        let (mut len, mut orig) = (usize::from(h.incl_len()), u32::from(h.length));
        let link = f.link_type().map_or(LinkType::UNKNOWN, LinkType);
        // Version 7 of AiroPeek: radio information before the frame, four stray bytes behind it.
        if f.version() == 7 && link.0 == 105 {
            if len < 8 {
                out.anomaly(
                    AnomalyKind::BadLength,
                    offset,
                    len as u64,
                    format!("EtherPeek packet at offset {offset}: {len} bytes are too few for 802.11"),
                    "",
                );
                return What::Damaged;
            }
            data += 4;
            len -= 8;
            orig = orig.saturating_sub(8);
        }
        let fcs_len = match (link, f.version()) {
            (LinkType::ETHERNET, 7) => Some(if h.status & 1 == 0 { 4 } else { 0 }),
            (LinkType::ETHERNET, _) => Some(0),
            _ => None,
        };
        out.frames.push(Frame {
            offset,
            time: Some(Timestamp::from_nanos(h.nanos(&f))),
            data: Chunk::main(data, len),
            head: Chunk::main(at, data - at),
            orig_len: orig,
            link,
            iface: self.iface,
            fcs_len,
            ..Frame::default()
        });
        What::Frame
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        self.file.map_or_else(Vec::new, |f| vec![("packets in the header", f.packets().to_string())])
    }
}
