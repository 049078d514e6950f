//! pcapng output.
//!
//! What came out of a pcapng file goes back byte for byte: its packet blocks that pass, and every
//! other block with its options. Packets of any other container stand in a section of ours, with
//! an interface block for each of the container's interfaces and nanosecond times; what z/OS says
//! about a packet beyond pcapng's own fields goes into its comment.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;

use formats::ctrace::{FormatId, Pthdr};
use formats::endian::Endian;
use formats::pcapng::{self as ng, BlockType, OptionCode, OptionWriter, TsResol};
use formats::utc2;

use crate::pipeline::Report;
use crate::source::frame::{AnomalyKind, Batch, Frame, Head, LinkType};

use super::Exporter;
use super::comment::comment;

const ORDER: Endian = Endian::Little;
/// Bytes gathered before they are written.
const BUFFER: usize = 256 << 10;

/// Whose section the output is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    None,
    /// Carried over from the input.
    Theirs,
    Ours,
}

/// Writes pcapng.
#[derive(Debug)]
pub struct PcapngExport {
    file: File,
    out: Vec<u8>,
    section: Section,
    /// Interfaces of our section, by those of the input and the link type of the packets.
    interfaces: HashMap<(u32, u16), u32>,
    /// The one of the last packet.
    last_interface: Option<((u32, u16), u32)>,
    /// Packets whose link type has no number, by ours.
    unrepresented: HashMap<u16, u64>,
    /// Packets cut at capture, in sections of ours.
    cut: u64,
    /// Entries that were put together from segments and do not fit into one.
    long: u64,
    /// True when not all packets are written.
    filtered: bool,
    /// TLS keys, which every section starts with.
    keys: Option<Vec<u8>>,
    scratch: Vec<u8>,
    /// Of the packet at hand.
    comment: Vec<u8>,
}

impl PcapngExport {
    /// Writes to `file`; `filtered` says that packets will be left out.
    #[must_use]
    pub fn new(file: File, filtered: bool) -> Self {
        Self {
            file,
            out: Vec::with_capacity(BUFFER + BUFFER / 4),
            section: Section::None,
            interfaces: HashMap::new(),
            last_interface: None,
            unrepresented: HashMap::new(),
            cut: 0,
            long: 0,
            filtered,
            keys: None,
            scratch: Vec::new(),
            comment: Vec::new(),
        }
    }

    /// Also writes these lines of a TLS key log, as a decryption secrets block.
    #[must_use]
    pub fn with_keys(self, keys: Option<Vec<u8>>) -> Self {
        Self { keys, ..self }
    }

    /// Writes the secrets into the section that was just begun.
    fn secrets(&mut self, order: Endian) {
        if let Some(keys) = &self.keys {
            ng::Secrets::encode(order, ng::SecretsType::TLS_KEY_LOG, keys, &mut self.out);
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    /// Copies what is carried over. `run` is a stretch of the batch not written yet, so that
    /// blocks that lie side by side are written together.
    fn carry(
        &mut self,
        batch: &Batch,
        run: &mut Range<usize>,
        chunk: crate::source::frame::Chunk,
    ) -> io::Result<()> {
        let (from, to) = (chunk.off as usize, (chunk.off + chunk.len) as usize);
        if chunk.side {
            self.put(batch, run)?;
            self.out.extend_from_slice(batch.bytes(chunk));
        } else if run.end == from && run.start < run.end {
            run.end = to;
        } else {
            self.put(batch, run)?;
            *run = from..to;
        }
        Ok(())
    }

    /// Writes a stretch of the batch.
    fn put(&mut self, batch: &Batch, run: &mut Range<usize>) -> io::Result<()> {
        let bytes = batch.buf.get(std::mem::take(run)).unwrap_or_default();
        if bytes.len() >= BUFFER / 4 {
            self.flush()?;
            return self.file.write_all(bytes);
        }
        self.out.extend_from_slice(bytes);
        if self.out.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// A section header whose length no longer holds says that it is not known.
    fn section_header(&mut self, block: &[u8]) {
        let at = self.out.len();
        self.out.extend_from_slice(block);
        if (self.filtered || self.keys.is_some())
            && let Some(length) = self.out.get_mut(at + 16..at + 24)
        {
            length.fill(0xFF);
        }
        self.section = Section::Theirs;
        let big = block.get(8..12) == Some(&[0x1A, 0x2B, 0x3C, 0x4D]);
        self.secrets(if big { Endian::Big } else { Endian::Little });
    }

    /// Begins a section of ours unless the output is in one.
    fn ours(&mut self) {
        if self.section != Section::Ours {
            self.section = Section::Ours;
            self.forget_interfaces();
            ng::Section::encode(ORDER, ng::UNKNOWN_LENGTH, &mut self.out, |o| {
                o.text(OptionCode::SHB_USERAPPL, concat!("zscope ", env!("CARGO_PKG_VERSION")));
            });
            self.secrets(ORDER);
        }
    }

    fn forget_interfaces(&mut self) {
        self.interfaces.clear();
        self.last_interface = None;
    }

    /// The interface of our section for a packet.
    fn interface(&mut self, batch: &Batch, f: &Frame, link: LinkType) -> u32 {
        let key = (f.iface, link.0);
        if let Some((last, n)) = self.last_interface
            && last == key
        {
            return n;
        }
        let next = self.interfaces.len() as u32;
        let Self { interfaces, out, .. } = self;
        let n = *interfaces.entry(key).or_insert_with(|| {
            let i = batch.interfaces.get(f.iface as usize);
            ng::Interface::encode(ORDER, link.0, i.map_or(0, |i| i.snaplen), out, |o| {
                if let Some(name) = i.and_then(|i| i.name.as_deref()) {
                    o.text(OptionCode::IF_NAME, name);
                }
                if let Some(text) = i.and_then(|i| i.description.as_deref()) {
                    o.text(OptionCode::IF_DESCRIPTION, text);
                }
                o.u8(OptionCode::IF_TSRESOL, TsResol::NANOS.0);
            });
            next
        });
        self.last_interface = Some((key, n));
        n
    }

    fn packet(&mut self, batch: &Batch, f: &Frame, lost: &str) {
        self.ours();
        let zos = f.head_kind.is_cte();
        let record = matches!(f.link, LinkType::ZOS_DATA | LinkType::ZOS_SMC | LinkType::ZOS_CTE);
        // In another capture's packet it already is what it is to become.
        let wrapped = record && f.head_kind == Head::Cte;
        let (link, orig_len, data) = batch.with_pseudo_header(f);
        let link = if wrapped { LinkType(utc2::LINK_TYPE) } else { link };
        if link.0 >= 0xFF00 {
            *self.unrepresented.entry(link.0).or_default() += 1;
            return;
        }
        let interface = self.interface(batch, f, link);
        let Self { out, comment: text, .. } = self;
        text.clear();
        let mut direction = 0;
        if zos {
            let head = batch.bytes(f.head);
            let id = crate::decode::zos::format_id(head).unwrap_or_default();
            if id.has_pthdr()
                && let Ok(h) = Pthdr::parse(head.get(16..).unwrap_or_default())
            {
                direction = if h.is_out() { 2 } else { 1 };
                comment(text, id, &h, f);
            }
        }
        if f.data.len < f.orig_len {
            self.cut += 1;
        }
        if !lost.is_empty() {
            if !text.is_empty() {
                text.extend_from_slice(b"; ");
            }
            text.extend_from_slice(lost.as_bytes());
        }
        let nanos = f.time.map_or(0, |t| u64::try_from(t.nanos_total()).unwrap_or(0));
        let flags = direction | u32::from(f.fcs_len.unwrap_or(0)) << 5;
        let options = |o: &mut OptionWriter<'_>| {
            if flags != 0 {
                o.u32(OptionCode::EPB_FLAGS, flags);
            }
            if !text.is_empty() {
                o.text(OptionCode::COMMENT, &String::from_utf8_lossy(text));
            }
        };
        if wrapped {
            self.scratch.clear();
            let name = batch.interfaces.get(f.iface as usize).and_then(|i| i.name.as_deref());
            let whole = entry(batch.bytes(f.head), data, name.unwrap_or_default(), &mut self.scratch);
            self.long += u64::from(!whole);
            let len = self.scratch.len() as u32;
            ng::Enhanced::encode(ORDER, interface, nanos, len, &[&self.scratch], out, options);
        } else {
            ng::Enhanced::encode(ORDER, interface, nanos, orig_len, &[data], out, options);
        }
    }
}

/// A whole component trace entry behind the header of its container. False when it had to be cut.
fn entry(head: &[u8], data: &[u8], interface: &str, out: &mut Vec<u8>) -> bool {
    // The format id tells the component only for the packet traces. Other entries have it in the
    // place of an interface.
    let component = match crate::decode::zos::format_id(head) {
        Some(FormatId::OSA) => "SYSTCPOT",
        Some(id) if id.has_pthdr() => "SYSTCPDA",
        _ => interface,
    };
    let _ = utc2::Header::new(component, &[], &[]).encode(out);
    let at = out.len();
    let room = usize::from(u16::MAX) - head.len() - 2;
    out.extend_from_slice(head);
    out.extend_from_slice(&data[..data.len().min(room)]);
    let len = ((out.len() - at + 2) as u16).to_be_bytes();
    out.extend_from_slice(&len);
    if let Some(first) = out.get_mut(at..at + 2) {
        first.copy_from_slice(&len);
    }
    data.len() <= room
}

impl Exporter for PcapngExport {
    fn batch(&mut self, batch: &Batch, passed: Option<&[bool]>) -> io::Result<()> {
        if batch.base == 0 {
            // Another input: its interfaces are numbered from 0 again.
            self.forget_interfaces();
            if self.section == Section::Ours {
                self.section = Section::None;
            }
        }
        let mut blocks = batch.blocks.iter().peekable();
        let mut lost = batch.anomalies.iter().filter(|a| a.kind == AnomalyKind::LostRecords).peekable();
        let mut run = 0..0;
        for i in 0..=batch.frames.len() {
            while let Some(b) = blocks.next_if(|b| b.before as usize <= i) {
                if b.kind == BlockType::SECTION.0 {
                    self.put(batch, &mut run)?;
                    self.section_header(batch.bytes(b.bytes));
                } else {
                    self.carry(batch, &mut run, b.bytes)?;
                }
            }
            let Some(f) = batch.frames.get(i) else { break };
            // Custom blocks and journal entries hold no packet that a filter could be meant for.
            let packet = !matches!(f.link, LinkType::PCAPNG_CUSTOM | LinkType::SYSTEMD_JOURNAL);
            if packet && passed.is_some_and(|p| p.get(i) != Some(&true)) {
                continue;
            }
            if let Some(block) = batch.pcapng_block(f) {
                self.carry(batch, &mut run, block)?;
                continue;
            }
            self.put(batch, &mut run)?;
            let gap = lost.next_if(|a| a.offset <= f.offset).map(|a| a.detail.as_ref()).unwrap_or_default();
            self.packet(batch, f, gap);
            if self.out.len() >= BUFFER {
                self.flush()?;
            }
        }
        self.put(batch, &mut run)
    }

    fn finish(&mut self, _: &Report) -> io::Result<Vec<String>> {
        if self.section == Section::None {
            self.ours();
        }
        self.flush()?;
        let mut notes: Vec<String> = self
            .unrepresented
            .iter()
            .map(|(l, n)| {
                format!("{n} records of kind 0x{l:04x} have no link type in pcapng and were left out")
            })
            .collect();
        if self.cut > 0 {
            notes.push(format!("{} packets were cut at capture; their original lengths are kept", self.cut));
        }
        if self.long > 0 {
            notes.push(format!(
                "{} records of several segments are longer than one entry can be, and were cut",
                self.long
            ));
        }
        Ok(notes)
    }
}
