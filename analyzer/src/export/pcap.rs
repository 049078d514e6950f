//! pcap output: packets of one link type, with their times and lengths, and nothing else.
//!
//! The first packet says which. IP packets of other link types are converted: a file of raw IP takes
//! them without their link headers, a file of Ethernet frames with a header whose addresses are
//! zero. The rest is left out and counted.

use std::fs::File;
use std::io::{self, Write};

use formats::endian::Endian;
use formats::pcap::{FileHeader, RecordHeader};

use crate::pipeline::Report;
use crate::source::frame::{Batch, Frame, Head, LinkType};

use super::{Exporter, decap};

/// Bytes gathered before they are written.
const BUFFER: usize = 256 << 10;
/// Snap length of files without one of their own.
const SNAPLEN: u32 = 262_144;

/// Writes pcap.
#[derive(Debug)]
pub struct PcapExport {
    file: File,
    out: Vec<u8>,
    /// Link type of the file, once the first packet has said it, and units in a second.
    link: Option<(LinkType, u32)>,
    other: u64,
    /// IP packets that lost their link headers, or got one made up.
    bared: u64,
    dressed: u64,
    early: u64,
}

impl PcapExport {
    /// Writes to `file`.
    #[must_use]
    pub fn new(file: File) -> Self {
        Self {
            file,
            out: Vec::with_capacity(BUFFER + BUFFER / 4),
            link: None,
            other: 0,
            bared: 0,
            dressed: 0,
            early: 0,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    fn header(&mut self, link: LinkType, nanos: bool, snaplen: u32, fcs_len: Option<u8>) {
        let mut h = FileHeader::new(nanos, link.0, snaplen);
        if let Some(n) = fcs_len.filter(|n| n.is_multiple_of(2) && (1..=30).contains(n)) {
            h.network |= u32::from(n / 2) << 28 | 0x0400_0000;
        }
        h.encode(&mut self.out);
        self.link = Some((link, if nanos { 1 } else { 1000 }));
    }

    fn packet(&mut self, batch: &Batch, f: &Frame) {
        let (link, orig_len, data) = batch.with_pseudo_header(f);
        if link.0 >= 0xFF00 {
            self.other += 1;
            return;
        }
        if self.link.is_none() {
            let i = batch.interfaces.get(f.iface as usize);
            let nanos = f.head_kind == Head::Cte || i.is_some_and(|i| i.tsresol > 6);
            self.header(link, nanos, i.map_or(0, |i| i.snaplen).max(SNAPLEN), f.fcs_len);
        }
        let Some((first, unit)) = self.link else { return };
        let mut header: &[u8] = &[];
        let (mut orig_len, mut data) = (orig_len, data);
        if link != first {
            // What a container wraps is told by its own link type.
            let ip = decap::ip_packet(f.link, batch.bytes(f.data), f.orig_len);
            let Some((ip, head)) = ip.and_then(|ip| Some((ip, header_for(first, ip.bytes)?))) else {
                self.other += 1;
                return;
            };
            if head.is_empty() {
                self.bared += 1;
            } else {
                self.dressed += 1;
            }
            (header, data) = (head, ip.bytes);
            orig_len = ip.orig_len.saturating_add(head.len() as u32);
        }
        let t = f.time.unwrap_or_default();
        let ts_sec = u32::try_from(t.secs).unwrap_or_else(|_| {
            self.early += 1;
            0
        });
        let incl_len = (header.len() + data.len()) as u32;
        let record = RecordHeader { ts_sec, ts_frac: t.nanos / unit, incl_len, orig_len };
        record.encode(Endian::Little, &mut self.out);
        self.out.extend_from_slice(header);
        self.out.extend_from_slice(data);
    }
}

/// What an IP packet needs in front of it in a file of link type `link`; `None` where it can not
/// stand at all.
fn header_for(link: LinkType, packet: &[u8]) -> Option<&'static [u8]> {
    const V4: [u8; 14] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0];
    const V6: [u8; 14] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x86, 0xDD];
    let version = packet.first()? >> 4;
    match (link, version) {
        (LinkType::RAW, 4 | 6) | (LinkType::IPV4, 4) | (LinkType::IPV6, 6) => Some(&[]),
        (LinkType::ETHERNET, 4) => Some(&V4),
        (LinkType::ETHERNET, 6) => Some(&V6),
        _ => None,
    }
}

impl Exporter for PcapExport {
    fn batch(&mut self, batch: &Batch, passed: Option<&[bool]>) -> io::Result<()> {
        for (i, f) in batch.frames.iter().enumerate() {
            if passed.is_none_or(|p| p.get(i) == Some(&true)) {
                self.packet(batch, f);
                if self.out.len() >= BUFFER {
                    self.flush()?;
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self, _: &Report) -> io::Result<Vec<String>> {
        if self.link.is_none() {
            self.header(LinkType::ETHERNET, false, SNAPLEN, None);
        }
        self.flush()?;
        let mut notes = Vec::new();
        if self.bared > 0 {
            let n = self.bared;
            notes.push(format!(
                "{n} packets of other link types were written without their link headers, as raw IP"
            ));
        }
        if self.dressed > 0 {
            let n = self.dressed;
            notes.push(format!(
                "{n} IP packets of other link types were written behind Ethernet headers of ours, with addresses of zero"
            ));
        }
        if self.other > 0 {
            let n = self.other;
            notes.push(format!("{n} packets of other link types were left out: pcap has one for the whole file, pcapng one for each interface"));
        }
        if self.early > 0 {
            notes.push(format!("{} times before 1970 or after 2106 do not fit into pcap", self.early));
        }
        Ok(notes)
    }
}
