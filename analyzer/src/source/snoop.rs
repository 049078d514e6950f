//! snoop files of Solaris, and those of Shomiti/Finisar Surveyor.

use super::frame::{AnomalyKind, Chunk, Finds, Frame, Interface, LinkType, Timestamp, Window};
use super::records::{Measure, Opened, Records, Walker, What, framer};
use formats::pcap::MAX_PACKET;
use formats::snoop::{
    DlType, FILE_HEADER_LEN, FileHeader, RECORD_HEADER_LEN, RecordHeader, SHOMITI_TRAILER_LEN,
};
use std::borrow::Cow;

framer!(
    /// Finds the packets of a snoop file.
    Snoop,
    SnoopRecords
);

/// True when `prefix` begins a snoop file.
#[must_use]
pub fn recognise(prefix: &[u8]) -> bool {
    FileHeader::decode(prefix).is_ok()
}

/// A framer for a snoop file from its first byte on.
#[must_use]
pub fn new() -> Snoop {
    Snoop(Walker::new(SnoopRecords {
        shomiti: false,
        link: LinkType::UNKNOWN,
        network: DlType(0),
        iface: 0,
        drops: 0,
    }))
}

#[derive(Debug)]
struct SnoopRecords {
    shomiti: bool,
    link: LinkType,
    network: DlType,
    iface: u32,
    drops: u32,
}

impl SnoopRecords {
    fn header(b: &[u8]) -> Option<RecordHeader> {
        RecordHeader::decode(b).ok()
    }
}

impl Records for SnoopRecords {
    const RECORD: &'static str = "snoop record";

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(if self.shomiti { "Shomiti Surveyor" } else { "snoop" })
    }

    fn open(&mut self, w: Window<'_>, out: &mut Finds<'_>) -> Opened {
        let file = match FileHeader::decode(w.bytes) {
            Ok(f) => f,
            Err(e) if e.is_short() => return Opened::Need(FILE_HEADER_LEN),
            Err(_) => return Opened::No,
        };
        match Self::header(&w.bytes[FILE_HEADER_LEN..]) {
            None if !w.eof => return Opened::Need(FILE_HEADER_LEN + RECORD_HEADER_LEN),
            first => {
                self.shomiti =
                    first.and_then(|h| h.padding()).is_some_and(|p| (SHOMITI_TRAILER_LEN..4096).contains(&p));
            }
        }
        self.network = file.network;
        self.link = file.network.link_type(self.shomiti).map_or(LinkType::UNKNOWN, LinkType);
        if self.link == LinkType::UNKNOWN {
            out.anomaly(
                AnomalyKind::BadField,
                w.base + 12,
                0,
                format!("snoop file header: link type {} is not known", file.network.0),
                "",
            );
        }
        self.iface = out.interface(Interface { link: self.link, tsresol: 6, ..Interface::default() });
        Opened::At(FILE_HEADER_LEN)
    }

    fn header_len(&self) -> usize {
        RECORD_HEADER_LEN
    }

    fn measure(&self, b: &[u8]) -> Measure {
        let Some(h) = Self::header(b) else { return Measure { size: 0, secs: 0, odd: true } };
        let possible =
            h.incl_len <= MAX_PACKET && h.orig_len <= MAX_PACKET && h.padding().is_some_and(|p| p < 65_536);
        Measure {
            size: if possible { h.rec_len as usize } else { 0 },
            secs: i64::from(h.ts_sec),
            odd: h.incl_len > h.orig_len || h.ts_usec >= 1_000_000,
        }
    }

    fn strict(&self, b: &[u8]) -> bool {
        Self::header(b).is_some_and(|h| h.incl_len > 0 && h.padding().is_some_and(|p| self.shomiti || p < 8))
    }

    fn complain(&self, b: &[u8], offset: u64, out: &mut Finds<'_>) {
        if let Some(h) = Self::header(b) {
            out.anomaly(
                AnomalyKind::BadField,
                offset,
                0,
                format!(
                    "snoop record at offset {offset}: {} of {} bytes, {} microseconds",
                    h.incl_len, h.orig_len, h.ts_usec
                ),
                "",
            );
        }
    }

    fn explain(&self, b: &[u8]) -> String {
        match Self::header(b) {
            Some(h) => format!(
                "included length {}, original length {} and record length {} are not possible",
                h.incl_len, h.orig_len, h.rec_len
            ),
            None => "header cut short".to_owned(),
        }
    }

    fn emit(&mut self, w: Window<'_>, at: usize, _: usize, out: &mut Finds<'_>) -> What {
        let Some(h) = Self::header(&w.bytes[at..]) else { return What::Damaged };
        let offset = w.base + at as u64;
        if h.cum_drops > self.drops {
            out.anomaly(
                AnomalyKind::LostRecords,
                offset,
                0,
                format!("snoop dropped {} packets before this one", h.cum_drops - self.drops),
                "",
            );
        }
        self.drops = h.cum_drops;
        let (mut start, mut len, mut orig) = (at + RECORD_HEADER_LEN, h.incl_len, h.orig_len);
        // SunATM: direction and traffic type, VPI, VCI.
        let phdr_len: u16 = if self.link.0 == 123 && len >= 4 { 4 } else { 0 };
        start += usize::from(phdr_len);
        len -= u32::from(phdr_len);
        orig = orig.saturating_sub(phdr_len.into());
        let micros = u64::from(h.ts_sec) * 1_000_000 + u64::from(h.ts_usec);
        out.frames.push(Frame {
            offset,
            time: Some(Timestamp::from_units(micros, 1_000_000)),
            data: Chunk::main(start, len as usize),
            head: Chunk::main(at, RECORD_HEADER_LEN),
            orig_len: orig,
            link: self.link,
            phdr_len,
            iface: self.iface,
            fcs_len: (self.link == LinkType::ETHERNET).then_some(if self.shomiti { 4 } else { 0 }),
            ..Frame::default()
        });
        What::Frame
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        vec![("DLPI link type", self.network.0.to_string())]
    }
}
