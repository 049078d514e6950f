//! Microsoft Network Monitor files. The frame table at their end lists the records; as the input
//! is read once from front to back, the records are walked as they stand before that table.

use super::frame::{AnomalyKind, Chunk, Finds, Frame, Interface, LinkType, Timestamp, Window};
use super::records::{Measure, Opened, Records, Walker, What, framer};
use formats::netmon::{FILE_HEADER_LEN, FileHeader, RecordHeader, Trailer};
use formats::pcap::MAX_PACKET;
use std::borrow::Cow;

framer!(
    /// Finds the frames of a Network Monitor file.
    Netmon,
    NetmonRecords
);

/// True when `prefix` begins a Network Monitor file.
#[must_use]
pub fn recognise(prefix: &[u8]) -> bool {
    FileHeader::decode(prefix).is_ok_and(|h| {
        h.frame_table_offset as usize >= FILE_HEADER_LEN
            && h.frame_table_length.is_multiple_of(4)
            && (1..=12).contains(&h.start[1])
            && (1..=31).contains(&h.start[3])
    })
}

/// A framer for a Network Monitor file from its first byte on.
#[must_use]
pub fn new() -> Netmon {
    Netmon(Walker::new(NetmonRecords { file: None, ifaces: Vec::new(), frames: 0 }))
}

#[derive(Debug)]
struct NetmonRecords {
    file: Option<FileHeader>,
    /// Interfaces by link type.
    ifaces: Vec<(LinkType, u32)>,
    frames: u64,
}

impl NetmonRecords {
    fn header(&self, b: &[u8]) -> Option<(FileHeader, RecordHeader)> {
        let f = self.file?;
        Some((f, RecordHeader::decode(b, &f).ok()?))
    }
}

impl Records for NetmonRecords {
    const RECORD: &'static str = "NetMon record";

    fn name(&self) -> Cow<'static, str> {
        match self.file {
            Some(f) => Cow::Owned(format!("NetMon {}.{}", f.major, f.minor)),
            None => Cow::Borrowed("NetMon"),
        }
    }

    fn open(&mut self, w: Window<'_>, _: &mut Finds<'_>) -> Opened {
        match FileHeader::decode(w.bytes) {
            Ok(f) if w.bytes.len() >= FILE_HEADER_LEN => {
                self.file = Some(f);
                Opened::At(FILE_HEADER_LEN)
            }
            Err(e) if !e.is_short() => Opened::No,
            _ => Opened::Need(FILE_HEADER_LEN),
        }
    }

    fn header_len(&self) -> usize {
        self.file.map_or(16, |f| f.record_header_len())
    }

    fn measure(&self, b: &[u8]) -> Measure {
        let no = Measure { size: 0, secs: 0, odd: true };
        let Some((f, h)) = self.header(b) else { return no };
        if h.incl_len > MAX_PACKET {
            return no;
        }
        Measure {
            size: f.record_header_len() + h.incl_len as usize + f.trailer_len(),
            secs: ((f.start_nanos() + h.nanos(&f)) / 1_000_000_000) as i64,
            odd: h.incl_len > h.orig_len || h.incl_len == 0,
        }
    }

    fn strict(&self, b: &[u8]) -> bool {
        self.header(b).is_some_and(|(f, h)| {
            // A month of capture.
            h.incl_len > 0
                && h.orig_len <= MAX_PACKET
                && (0..30 * 86_400 * 1_000_000_000).contains(&h.nanos(&f))
        })
    }

    fn complain(&self, b: &[u8], offset: u64, out: &mut Finds<'_>) {
        if let Some((_, h)) = self.header(b) {
            out.anomaly(
                AnomalyKind::BadField,
                offset,
                0,
                format!("NetMon record at offset {offset}: {} of {} bytes", h.incl_len, h.orig_len),
                "",
            );
        }
    }

    fn explain(&self, b: &[u8]) -> String {
        match self.header(b) {
            Some((_, h)) => format!("{} of {} bytes are not possible", h.incl_len, h.orig_len),
            None => "header cut short".to_owned(),
        }
    }

    fn emit(&mut self, w: Window<'_>, at: usize, size: usize, out: &mut Finds<'_>) -> What {
        let Some((f, h)) = self.header(&w.bytes[at..]) else { return What::Damaged };
        let data = at + f.record_header_len();
        let end = data + h.incl_len as usize;
        let trailer = Trailer::decode(&w.bytes[end..at + size], &f).unwrap_or_default();
        let network = trailer.network.unwrap_or(f.network);
        if network.is_metadata() {
            return What::Other("NetMon metadata record");
        }
        let link = network.link_type().map_or(LinkType::UNKNOWN, LinkType);
        let iface = match self.ifaces.iter().find(|(l, _)| *l == link) {
            Some(&(_, i)) => i,
            None => {
                let tsresol = match (f.major, f.minor) {
                    (1, _) => 3,
                    (_, 0..=2) => 6,
                    _ => 7,
                };
                let i = out.interface(Interface { link, tsresol, ..Interface::default() });
                self.ifaces.push((link, i));
                i
            }
        };
        let nanos = trailer.nanos().unwrap_or_else(|| f.start_nanos() + h.nanos(&f));
        out.frames.push(Frame {
            offset: w.base + at as u64,
            time: Some(Timestamp::from_nanos(nanos)),
            data: Chunk::main(data, h.incl_len as usize),
            head: Chunk::main(at, data - at),
            orig_len: h.orig_len,
            link,
            iface,
            fcs_len: (link == LinkType::ETHERNET).then_some(0),
            ..Frame::default()
        });
        self.frames += 1;
        What::Frame
    }

    fn end(&self) -> Option<u64> {
        self.file.map(|f| f.frame_table_offset.into())
    }

    fn behind(&self) -> Option<&'static str> {
        Some("NetMon tables")
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let Some(f) = self.file else { return Vec::new() };
        let mut facts = vec![("frames in the table", (f.frame_table_length / 4).to_string())];
        if f.major == 1 || f.minor < 3 {
            facts
                .push(("time zone", "not in the file: times are shown as if local time were UTC".to_owned()));
        }
        facts
    }
}
