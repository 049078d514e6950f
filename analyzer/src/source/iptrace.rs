//! iptrace files of AIX: every record names its interface.

use super::frame::{AnomalyKind, Chunk, Finds, Frame, Interface, LinkType, Timestamp, Window};
use super::records::{Measure, Opened, Records, Walker, What, framer};
use formats::iptrace::{FILE_HEADER_LEN, IfType, Record, Version};
use formats::pcap::MAX_PACKET;
use std::borrow::Cow;
use std::collections::HashMap;

framer!(
    /// Finds the packets of an AIX iptrace file.
    Iptrace,
    IptraceRecords
);

/// True when `prefix` begins an iptrace file.
#[must_use]
pub fn recognise(prefix: &[u8]) -> bool {
    Version::decode(prefix).is_ok()
}

/// A framer for an iptrace file from its first byte on.
#[must_use]
pub fn new() -> Iptrace {
    Iptrace(Walker::new(IptraceRecords { version: Version::V2, ifaces: HashMap::new() }))
}

/// More interfaces than this are damage; those that follow share the last one.
const MAX_INTERFACES: usize = 4096;

#[derive(Debug)]
struct IptraceRecords {
    version: Version,
    ifaces: HashMap<([u8; 4], u8, IfType), u32>,
}

impl IptraceRecords {
    fn header(&self, b: &[u8]) -> Option<Record> {
        Record::decode(b, self.version).ok()
    }

    fn interface(&mut self, r: &Record, link: LinkType, out: &mut Finds<'_>) -> u32 {
        let key = (r.prefix, r.unit, r.if_type);
        if let Some(&i) = self.ifaces.get(&key) {
            return i;
        }
        if self.ifaces.len() >= MAX_INTERFACES {
            return (out.interfaces.len() - 1) as u32;
        }
        let tsresol = if self.version == Version::V1 { 0 } else { 9 };
        let i = out.interface(Interface {
            name: Some(r.interface_name()),
            link,
            tsresol,
            ..Interface::default()
        });
        self.ifaces.insert(key, i);
        i
    }
}

impl Records for IptraceRecords {
    const RECORD: &'static str = "iptrace record";

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self.version {
            Version::V1 => "AIX iptrace 1.0",
            Version::V2 => "AIX iptrace 2.0",
        })
    }

    fn open(&mut self, w: Window<'_>, _: &mut Finds<'_>) -> Opened {
        match Version::decode(w.bytes) {
            Ok(v) => {
                self.version = v;
                Opened::At(FILE_HEADER_LEN)
            }
            Err(e) if e.is_short() => Opened::Need(FILE_HEADER_LEN),
            Err(_) => Opened::No,
        }
    }

    fn header_len(&self) -> usize {
        self.version.record_header_len()
    }

    fn measure(&self, b: &[u8]) -> Measure {
        let Some(r) = self.header(b) else { return Measure { size: 0, secs: 0, odd: true } };
        let (secs, nanos) = r.time();
        let size = r.record_len() as usize;
        Measure {
            size: if size <= MAX_PACKET as usize + 64 { size } else { 0 },
            secs: i64::from(secs),
            odd: nanos >= 1_000_000_000,
        }
    }

    fn strict(&self, b: &[u8]) -> bool {
        self.header(b).is_some_and(|r| {
            let end = r.prefix.iter().position(|&c| c == 0).unwrap_or(4);
            r.prefix[0].is_ascii_lowercase()
                && r.prefix[..end].iter().all(u8::is_ascii_alphanumeric)
                && r.prefix[end..].iter().all(|&c| c == 0)
                && r.tx_flags <= 1
                && r.tv_sec0.abs_diff(r.time().0) < 3600
        })
    }

    fn complain(&self, b: &[u8], offset: u64, out: &mut Finds<'_>) {
        if let Some(r) = self.header(b) {
            out.anomaly(
                AnomalyKind::BadField,
                offset,
                0,
                format!("iptrace record at offset {offset}: {} nanoseconds are a second or more", r.time().1),
                "",
            );
        }
    }

    fn explain(&self, b: &[u8]) -> String {
        let length = b.first_chunk().map_or(0, |b| u32::from_be_bytes(*b));
        format!("length {length} is not possible")
    }

    fn emit(&mut self, w: Window<'_>, at: usize, size: usize, out: &mut Finds<'_>) -> What {
        let Some(r) = self.header(&w.bytes[at..]) else { return What::Damaged };
        let offset = w.base + at as u64;
        let head = self.header_len() + r.padding();
        if head > size {
            out.anomaly(
                AnomalyKind::BadLength,
                offset,
                size as u64,
                format!("iptrace record at offset {offset}: length {} is too short for FDDI", r.length),
                "",
            );
            return What::Damaged;
        }
        let link = r.if_type.link_type().map_or(LinkType::UNKNOWN, LinkType);
        let (secs, nanos) = r.time();
        let total = u64::from(secs) * 1_000_000_000 + u64::from(nanos);
        let len = size - head;
        let iface = self.interface(&r, link, out);
        out.frames.push(Frame {
            offset,
            time: Some(Timestamp::from_units(total, 1_000_000_000)),
            data: Chunk::main(at + head, len),
            head: Chunk::main(at, head),
            orig_len: len as u32,
            link,
            iface,
            fcs_len: (link == LinkType::ETHERNET).then_some(0),
            ..Frame::default()
        });
        What::Frame
    }
}
