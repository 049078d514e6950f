//! Writing component traces: packets of any source as SYSTCPDA entries, in each framing.
//!
//! IP packets become entries with id 4; Ethernet frames without IP become SYSTCPOT entries with
//! id 7; other frames without IP cannot be represented and are counted. Frames that were read
//! from a component trace are written back with their original bytes. A packet that is too long
//! for one entry is cut into segments.
//!
//! The records carry a header of our own (`docs/formats/ctrace-writer.md`), because that of the
//! z/OS external writer is not published: IPCS will not read these files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use formats::ctrace::encode::{self, PacketEntry};
use formats::ctrace::nmi::{Message, TermCode};
use formats::ctrace::pthdr::{DeviceType, Flags, PthFields, address_field};
use formats::ctrace::writer::{self, WriterHeader};
use formats::ctrace::{Component, FormatId, Name};
use formats::rdw::{self, Bdw, Rdw};
use formats::tod::Tod;

use super::{Exporter, decap};
use crate::pipeline::Report;
use crate::source::ctrace::Framing;
use crate::source::frame::{Batch, Frame, LinkType, Timestamp};

/// What the trace is to look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriterOptions {
    /// The form of the file; [`Framing::Ascii`] is taken as [`Framing::Raw`].
    pub framing: Framing,
    /// Longest record, its descriptor word included.
    pub lrecl: usize,
    /// Longest block, its descriptor word included.
    pub blksize: usize,
    /// Size of a trace buffer.
    pub buffer: usize,
    /// Longest data of one entry; longer packets are cut into segments.
    pub max_data: usize,
    /// Seconds that the traced machine's clock runs ahead of UTC.
    pub leap_seconds: i32,
    /// System name.
    pub system: String,
    /// Job name of the stack.
    pub stack: String,
    /// In NMI framing: write INIT and TERM messages around the entries.
    pub messages: bool,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self {
            framing: Framing::Rdw,
            lrecl: 27_994,
            blksize: 27_998,
            buffer: 64 << 10,
            max_data: encode::STACK_MAX_DATA,
            leap_seconds: 0,
            system: "ZSCOPE".into(),
            stack: "TCPIP".into(),
            messages: false,
        }
    }
}

/// A packet to be written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Packet<'a> {
    /// When it was captured.
    pub time: Option<Timestamp>,
    /// How `data` begins.
    pub link: LinkType,
    /// The captured bytes.
    pub data: &'a [u8],
    /// Length before it was cut at capture.
    pub orig_len: u32,
    /// Name of the interface.
    pub interface: &'a str,
    /// True for outbound, where that is known.
    pub outbound: Option<bool>,
    /// For a frame of a component trace: its entry from CTELENP up to `data`.
    pub head: Option<&'a [u8]>,
}

impl<'a> Packet<'a> {
    /// A frame of a batch. The direction is known only of component trace frames.
    #[must_use]
    pub fn from_frame(batch: &'a Batch, f: &Frame) -> Self {
        let interface = batch.interfaces.get(f.iface as usize).and_then(|i| i.name.as_deref());
        Self {
            time: f.time,
            link: f.link,
            data: batch.bytes(f.data),
            orig_len: f.orig_len,
            interface: interface.unwrap_or_default(),
            outbound: None,
            head: (f.head_kind.is_cte()).then(|| batch.bytes(f.head)),
        }
    }
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// As so many entries (more than one: segments).
    Entries(usize),
    /// It could not be represented.
    NotRepresentable,
}

/// Counts of what was written and of what changed on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Packets written.
    pub packets: u64,
    /// Entries written.
    pub entries: u64,
    /// Frames without IP that were written as frames of the OSA network traffic analyzer.
    pub ethernet: u64,
    /// Packets that could not be represented.
    pub not_representable: u64,
    /// Interface names that did not fit 16 characters and were shortened.
    pub short_names: u64,
    /// Original lengths above 65535, which PTH_Plen cannot hold.
    pub lengths_cut: u64,
    /// Packets without a time or with one outside 1900-2042: written with time zero.
    pub no_time: u64,
}

/// Writes a component trace.
#[derive(Debug)]
pub struct CtraceWriter<W: Write> {
    out: W,
    options: WriterOptions,
    buffer: Vec<u8>,
    block: Vec<u8>,
    component: Component,
    buffers: u32,
    counter: u32,
    names: BTreeMap<String, ([u8; 16], u32)>,
    last_time: Tod,
    entry: Vec<u8>,
    summary: Summary,
}

impl<W: Write> CtraceWriter<W> {
    /// A writer at the start of a file. In NMI framing with messages the INIT message is
    /// written with the first packet, whose time stands for the stack's start.
    #[must_use]
    pub fn new(out: W, options: WriterOptions) -> Self {
        let mut options = options;
        options.buffer = options.buffer.clamp(1 << 10, 1 << 20);
        options.lrecl = options.lrecl.clamp(rdw::LEN + writer::LEN + 16, rdw::MAX);
        options.blksize = options.blksize.clamp(options.lrecl + rdw::LEN, rdw::MAX + rdw::LEN);
        Self {
            out,
            options,
            buffer: Vec::new(),
            block: Vec::new(),
            component: Component::SYSTCPDA,
            buffers: 0,
            counter: 0,
            names: BTreeMap::new(),
            last_time: Tod(0),
            entry: Vec::new(),
            summary: Summary::default(),
        }
    }

    /// Writes a frame of a batch.
    pub fn write_frame(&mut self, batch: &Batch, frame: &Frame) -> io::Result<Written> {
        self.write(&Packet::from_frame(batch, frame))
    }

    /// Writes a packet. Fails only where the output does.
    pub fn write(&mut self, p: &Packet<'_>) -> io::Result<Written> {
        self.init(p)?;
        let mut entries = std::mem::take(&mut self.entry);
        entries.clear();
        let made = match p.head {
            Some(head) => self.original(p, head, &mut entries),
            None => self.captured(p, &mut entries),
        };
        let result = match made {
            Some((component, count)) => {
                self.summary.packets += 1;
                self.summary.entries += count as u64;
                self.put(component, &entries).map(|()| Written::Entries(count))
            }
            None => {
                self.summary.not_representable += 1;
                Ok(Written::NotRepresentable)
            }
        };
        self.entry = entries;
        result
    }

    /// Writes what is left and returns the output and the counts.
    pub fn finish(mut self) -> io::Result<(W, Summary)> {
        self.flush_buffer()?;
        self.flush_block()?;
        if self.has_messages() && self.buffers > 0 {
            let mut m = Vec::new();
            Message::Term { code: TermCode(0), time: self.last_time }.encode(&mut m);
            self.out.write_all(&m)?;
        }
        self.out.flush()?;
        Ok((self.out, self.summary))
    }

    /// Counts so far.
    #[must_use]
    pub const fn summary(&self) -> Summary {
        self.summary
    }

    fn has_messages(&self) -> bool {
        self.options.framing == Framing::Nmi && self.options.messages
    }

    fn init(&mut self, p: &Packet<'_>) -> io::Result<()> {
        if !self.has_messages() || self.buffers > 0 || !self.buffer.is_empty() {
            return Ok(());
        }
        let mut m = Vec::new();
        let message = Message::Init {
            system: Name::new(&self.options.system),
            component: Component::SYSTCPDA,
            job: Name::new(&self.options.stack),
            start: self.tod(p.time).unwrap_or_default(),
            max_buffer: self.options.buffer as u32,
        };
        message.encode(&mut m);
        // So that it is written once.
        self.buffers = 1;
        self.out.write_all(&m)
    }

    fn tod(&self, t: Option<Timestamp>) -> Option<Tod> {
        let t = t?;
        Tod::from_unix(t.secs, t.nanos).map(|t| t.with_leap_seconds(self.options.leap_seconds))
    }

    /// Entries for a frame of a component trace: its own bytes.
    fn original(&self, p: &Packet<'_>, head: &[u8], to: &mut Vec<u8>) -> Option<(Component, usize)> {
        let id = FormatId(u32::from_be_bytes(*head.get(4..)?.first_chunk()?));
        let count = encode::rewrite(head, p.data, self.options.max_data, |e| {
            to.extend_from_slice(e);
            Ok(())
        });
        let component = match Component::of_packet_id(id) {
            Some(c) if p.link != LinkType::ZOS_CTE => c,
            _ if p.interface.is_empty() => Component(Name::BLANK),
            _ => Component(Name::new(p.interface)),
        };
        Some((component, count.ok()?))
    }

    /// Entries for a packet of any other source.
    fn captured(&mut self, p: &Packet<'_>, to: &mut Vec<u8>) -> Option<(Component, usize)> {
        let ip = decap::ip_packet(p.link, p.data, p.orig_len);
        let mut header = PthFields::default();
        let (id, component, data, orig) = match &ip {
            Some(ip) => {
                describe(ip.bytes, &mut header);
                header.vlan = ip.vlan.into();
                (FormatId::PACKET, Component::SYSTCPDA, ip.bytes, ip.orig_len)
            }
            None if p.link == LinkType::ETHERNET => {
                self.summary.ethernet += 1;
                (FormatId::OSA, Component::SYSTCPOT, p.data, p.orig_len.max(p.data.len() as u32))
            }
            None => return None,
        };
        let time = self.tod(p.time).unwrap_or_else(|| {
            self.summary.no_time += 1;
            Tod(0)
        });
        self.last_time = time;
        self.counter = self.counter.wrapping_add(1);
        let (name, index) = self.name(p.interface);
        if p.outbound == Some(true) {
            header.flag |= Flags::OUT.0;
        }
        header.name = name;
        header.if_index = index.into();
        header.time = time.0.into();
        header.record_number = self.counter.into();
        header.plen = u16::try_from(orig).unwrap_or(u16::MAX).into();
        if orig > u32::from(u16::MAX) && orig as usize > data.len() {
            self.summary.lengths_cut += 1;
        }
        let entry = PacketEntry::new(id, time, header, data);
        let count = entry.encode_segments(self.options.max_data, |e| {
            to.extend_from_slice(e);
            Ok(())
        });
        Some((component, count.ok()?))
    }

    /// The name field and index of an interface. Names that do not fit are cut and, where two
    /// would become one, numbered.
    fn name(&mut self, name: &str) -> ([u8; 16], u32) {
        if let Some(known) = self.names.get(name) {
            return *known;
        }
        let mut field = Name::<16>::new(name).0;
        let index = self.names.len() as u32 + 1;
        let taken = |f: &[u8; 16]| self.names.values().any(|(n, _)| n == f);
        if name.chars().count() > 16 || taken(&field) {
            self.summary.short_names += 1;
            let number = format!("~{index}");
            let keep = 16_usize.saturating_sub(number.len());
            let start: String = name.chars().take(keep).collect();
            field = Name::<16>::new(&(start + &number)).0;
        }
        self.names.insert(name.to_owned(), (field, index));
        (field, index)
    }

    /// Puts the entries of one packet into the buffer of their component.
    fn put(&mut self, component: Component, mut entries: &[u8]) -> io::Result<()> {
        if component != self.component {
            self.flush_buffer()?;
            self.component = component;
        }
        while let Some(len) = entries.first_chunk().map(|l| usize::from(u16::from_be_bytes(*l))) {
            let (entry, rest) = entries.split_at(len.clamp(1, entries.len()));
            if !self.buffer.is_empty() && self.buffer.len() + entry.len() > self.options.buffer {
                self.flush_buffer()?;
            }
            self.buffer.extend_from_slice(entry);
            entries = rest;
        }
        Ok(())
    }

    fn flush_buffer(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let buffer = std::mem::take(&mut self.buffer);
        self.buffers += 1;
        if self.options.framing == Framing::Nmi {
            self.out.write_all(&buffer)?;
        } else {
            let room = self.options.lrecl - rdw::LEN - writer::LEN;
            let parts = buffer.len().div_ceil(room);
            for (part, piece) in buffer.chunks(room).enumerate() {
                let header = WriterHeader {
                    system: Name::new(&self.options.system),
                    component: self.component,
                    subname: Name::new(&self.options.stack),
                    buffer: self.buffers,
                    part: part as u16,
                    parts: parts as u16,
                    used: buffer.len() as u32,
                };
                self.record(&header.encode(), piece)?;
            }
        }
        self.buffer = buffer;
        self.buffer.clear();
        Ok(())
    }

    fn record(&mut self, header: &[u8], piece: &[u8]) -> io::Result<()> {
        let len = header.len() + piece.len();
        let word = Rdw::for_data(len).map_or([0; 4], Rdw::encode);
        match self.options.framing {
            Framing::Rdw => self.out.write_all(&word)?,
            Framing::Bdw => {
                if self.block.len() + len + 2 * rdw::LEN > self.options.blksize {
                    self.flush_block()?;
                }
                self.block.extend_from_slice(&word);
                self.block.extend_from_slice(header);
                self.block.extend_from_slice(piece);
                return Ok(());
            }
            _ => {}
        }
        self.out.write_all(header)?;
        self.out.write_all(piece)
    }

    fn flush_block(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        let word = Bdw::for_data(self.block.len()).map_or([0; 4], Bdw::encode);
        self.out.write_all(&word)?;
        self.out.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }
}

/// Fills in what a packet says about itself.
fn describe(packet: &[u8], header: &mut PthFields) {
    let (src, dst): (IpAddr, IpAddr) = if packet[0] >> 4 == 4 {
        let at = |n: usize| packet[n..].first_chunk::<4>().copied().unwrap_or_default();
        (Ipv4Addr::from(at(12)).into(), Ipv4Addr::from(at(16)).into())
    } else {
        let at = |n: usize| packet[n..].first_chunk::<16>().copied().unwrap_or_default();
        (Ipv6Addr::from(at(8)).into(), Ipv6Addr::from(at(24)).into())
    };
    header.dev_ty = match (src.is_loopback() && dst.is_loopback(), src) {
        (true, _) => DeviceType::LOOPBACK,
        (_, IpAddr::V4(_)) => DeviceType::IPAQENET,
        (_, IpAddr::V6(_)) => DeviceType::IPAQENET6,
    }
    .0;
    header.src = address_field(src);
    header.dst = address_field(dst);
    let (protocol, sport, dport) = decap::transport(packet);
    header.protocol = protocol;
    header.sport = sport.into();
    header.dport = dport.into();
}

/// The writer as the target of an export.
#[derive(Debug)]
pub struct CtraceExport {
    writer: Option<CtraceWriter<io::BufWriter<File>>>,
}

impl CtraceExport {
    /// Writes to `file`.
    #[must_use]
    pub fn new(file: File, framing: Framing, leap_seconds: i64) -> Self {
        let leap_seconds = i32::try_from(leap_seconds).unwrap_or(0);
        let options = WriterOptions { framing, leap_seconds, ..WriterOptions::default() };
        let out = io::BufWriter::with_capacity(256 << 10, file);
        Self { writer: Some(CtraceWriter::new(out, options)) }
    }
}

impl Exporter for CtraceExport {
    fn batch(&mut self, batch: &Batch, passed: Option<&[bool]>) -> io::Result<()> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        for (i, f) in batch.frames.iter().enumerate() {
            if passed.is_none_or(|p| p.get(i) == Some(&true)) {
                writer.write_frame(batch, f)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, _: &Report) -> io::Result<Vec<String>> {
        let Some(writer) = self.writer.take() else { return Ok(Vec::new()) };
        let (mut out, s) = writer.finish()?;
        out.flush()?;
        let notes = [
            (s.ethernet, "frames without IP were written as frames of the OSA network traffic analyzer"),
            (s.not_representable, "packets without IP cannot stand in a packet trace and were left out"),
            (s.short_names, "interface names did not fit 16 characters and were shortened"),
            (s.lengths_cut, "original lengths above 65535 do not fit into the header"),
            (s.no_time, "packets without a time, or with one outside 1900-2042, have time zero"),
        ];
        Ok(notes.into_iter().filter(|n| n.0 > 0).map(|(n, what)| format!("{n} {what}")).collect())
    }
}
