//! SNIFFER: the packets into a file for other programs.
//!
//! IPCS writes DOS Sniffer files and cuts each packet at 200 bytes unless told otherwise. Without
//! a kind we write pcapng, whole packets with everything the trace says about them; ETHERNET,
//! TOKENRING and TCPDUMP give the files that IPCS writes, whole packets too unless a size is named.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use formats::endian::Endian;
use formats::trsniff::{
    FRAME_HEADER_LEN, FrameHeader, MAGIC, Network, RecordHeader, RecordType, VERSION_LEN, Version,
};
use formats::{civil, pcap};

use super::super::options::{Sniffer as Options, SnifferKind};
use crate::export::Exporter;
use crate::export::atomic::AtomicFile;
use crate::export::decap;
use crate::export::pcapng::PcapngExport;
use crate::pipeline::Report;
use crate::source::frame::{Batch, Frame, LinkType, Timestamp};

/// Link headers that are made up, as a packet trace has none: both addresses are locally
/// administered and end with the number of the interface.
const ETHERNET_HEADER: usize = 14;
/// Access control, frame control, two addresses, LLC and SNAP.
const TOKEN_RING_HEADER: usize = 22;
/// The version record's unit of time: a microsecond.
const MICROSECONDS: u8 = 5;
/// Days that a frame record can count.
const MAX_DAYS: i64 = 255;

/// A SNIFFER file being written.
pub struct Sniffer {
    path: PathBuf,
    options: Options,
    file: AtomicFile,
    /// For pcapng.
    export: Option<PcapngExport>,
    out: Vec<u8>,
    /// First day of a DOS Sniffer file, once a packet has said it.
    day: Option<i64>,
    interfaces: BTreeMap<u32, (u64, String)>,
    records: u64,
    bytes: u64,
    abbreviated: u64,
    truncated: u64,
    largest: u32,
    unsuited: u64,
    failed: Option<io::Error>,
}

impl std::fmt::Debug for Sniffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sniffer")
            .field("path", &self.path)
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

impl Sniffer {
    /// Opens the file.
    pub fn create(path: &Path, options: Options) -> io::Result<Self> {
        let file = AtomicFile::create(path)?;
        let export = match options.kind {
            SnifferKind::Pcapng => Some(PcapngExport::new(file.handle()?, true)),
            _ => None,
        };
        let mut s = Self {
            path: path.to_owned(),
            options,
            file,
            export,
            out: Vec::new(),
            day: None,
            interfaces: BTreeMap::new(),
            records: 0,
            bytes: 0,
            abbreviated: 0,
            truncated: 0,
            largest: 0,
            unsuited: 0,
            failed: None,
        };
        if options.kind == SnifferKind::Tcpdump {
            pcap::FileHeader::new(false, LinkType::RAW.0, 65_535).encode(&mut s.out);
        }
        Ok(s)
    }

    /// Writes the packets of a batch that passed.
    pub fn batch(&mut self, batch: &Batch, passed: &[bool]) {
        if self.failed.is_some() {
            return;
        }
        for (f, _) in batch.frames.iter().zip(passed).filter(|(_, p)| **p) {
            let name = batch.interfaces.get(f.iface as usize).and_then(|i| i.name.as_deref()).unwrap_or("-");
            let written = match self.options.kind {
                SnifferKind::Pcapng => true,
                _ => self.packet(batch, f),
            };
            if !written {
                self.unsuited += 1;
                continue;
            }
            self.interfaces.entry(f.iface).or_insert_with(|| (0, name.to_owned())).0 += 1;
            self.records += 1;
            self.largest = self.largest.max(f.data.len);
            self.abbreviated += u64::from(f.data.len < f.orig_len);
        }
        let result = match &mut self.export {
            Some(e) => e.batch(batch, Some(passed)),
            None => self.flush(),
        };
        if let Err(e) = result {
            self.failed = Some(e);
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.bytes += self.out.len() as u64;
        self.file.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    /// Appends a packet in one of IPCS's formats; false for what they cannot hold.
    fn packet(&mut self, batch: &Batch, f: &Frame) -> bool {
        let frame = batch.bytes(f.data);
        let ethernet = f.link == LinkType::ETHERNET && self.options.kind == SnifferKind::Ethernet;
        let (bytes, orig_len) = if ethernet {
            (frame, f.orig_len)
        } else {
            match decap::ip_packet(f.link, frame, f.orig_len) {
                Some(p) => (p.bytes, p.orig_len),
                None => return false,
            }
        };
        let keep = bytes.len().min(self.options.size.unwrap_or(65_535) as usize);
        self.truncated += u64::from(keep < bytes.len());
        let bytes = &bytes[..keep];
        let time = f.time.unwrap_or_default();
        if self.options.kind == SnifferKind::Tcpdump {
            let h = pcap::RecordHeader {
                ts_sec: u32::try_from(time.secs).unwrap_or_default(),
                ts_frac: time.nanos / 1000,
                incl_len: bytes.len() as u32,
                orig_len,
            };
            h.encode(Endian::Little, &mut self.out);
            self.out.extend_from_slice(bytes);
            return true;
        }
        self.version(time);
        let mut front = [0; TOKEN_RING_HEADER];
        let front = match self.options.kind {
            _ if ethernet => &[][..],
            SnifferKind::TokenRing => token_ring(&mut front, f.iface, bytes),
            _ => ethernet_header(&mut front, f.iface, bytes),
        };
        self.frame(time, front, bytes, orig_len);
        true
    }

    /// The version record, with the day of the first packet.
    fn version(&mut self, time: Timestamp) {
        if self.day.is_some() {
            return;
        }
        let day = time.secs.div_euclid(86_400);
        self.day = Some(day);
        let (year, month, date) = civil::date(day);
        let network = match self.options.kind {
            SnifferKind::TokenRing => Network::TOKEN_RING,
            _ => Network::ETHERNET,
        };
        self.out.extend_from_slice(&MAGIC);
        RecordHeader { kind: RecordType::VERSION, length: VERSION_LEN as u16, reserved: 0 }
            .encode(&mut self.out);
        let v = Version {
            major: 4,
            minor: 0,
            dos_time: 0,
            dos_date: Version::pack_date(year.clamp(1980, 2107) as u16, month, date),
            record_type: RecordType::FRAME2.0 as u8,
            network,
            format: 1,
            timeunit: MICROSECONDS,
            cmprs_vers: 0,
            cmprs_level: 0,
            reserved: [0; 4],
        };
        v.encode(&mut self.out);
    }

    fn frame(&mut self, time: Timestamp, front: &[u8], bytes: &[u8], orig_len: u32) {
        let since = time.secs - self.day.unwrap_or(0) * 86_400;
        let days = since.div_euclid(86_400).clamp(0, MAX_DAYS);
        let micros = (since - days * 86_400).max(0) * 1_000_000 + i64::from(time.nanos / 1000);
        let most = usize::from(u16::MAX) - FRAME_HEADER_LEN - front.len();
        let bytes = &bytes[..bytes.len().min(most)];
        let size = front.len() + bytes.len();
        let wire = (front.len() as u32 + orig_len).min(u16::MAX.into()) as u16;
        let length = (FRAME_HEADER_LEN + size) as u16;
        RecordHeader { kind: RecordType::FRAME2, length, reserved: 0 }.encode(&mut self.out);
        let h = FrameHeader {
            ticks: micros as u64 & 0xFF_FFFF_FFFF,
            day: days as u8,
            size: size as u16,
            fs: 0,
            flags: 0,
            true_size: if usize::from(wire) == size { 0 } else { wire },
            reserved: 0,
        };
        h.encode(&mut self.out);
        self.out.extend_from_slice(front);
        self.out.extend_from_slice(bytes);
    }

    /// Ends the file and gives it its name. Returns the report.
    pub fn finish(mut self, report: &Report) -> io::Result<String> {
        if let Some(e) = self.failed.take() {
            return Err(e);
        }
        let mut notes = Vec::new();
        let sniff = matches!(self.options.kind, SnifferKind::Ethernet | SnifferKind::TokenRing);
        if sniff {
            self.version(Timestamp::default());
            RecordHeader { kind: RecordType::EOF, length: 0, reserved: 0 }.encode(&mut self.out);
        }
        if let Some(mut e) = self.export.take() {
            notes = e.finish(report)?;
            self.bytes = self.file.handle()?.metadata()?.len();
        }
        self.flush()?;
        let t = self.text(sniff, &notes);
        self.file.commit()?;
        Ok(t)
    }

    fn text(&self, sniff: bool, notes: &[String]) -> String {
        let mut t = String::from("Index    Count Link             Address\n");
        for (i, (n, name)) in &self.interfaces {
            let address = if sniff { super::super::record::mac(&address(*i, 1)) } else { String::new() };
            let _ = writeln!(t, "{i:>5} {n:>8} {name:<16} {address}");
        }
        // IPCS counts the two header records and the trailer of a DOS Sniffer file.
        let records = self.records + if sniff { 3 } else { 0 };
        let _ = writeln!(t, "{records:>10} records written to {}", self.path.display());
        let _ = writeln!(t, "{:>10} bytes written", self.bytes);
        let _ = writeln!(t, "{:>10} packets were abbreviated", self.abbreviated);
        let _ = writeln!(t, "{:>10} is the maximum data size", self.largest);
        if let Some(n) = self.options.size.filter(|_| self.options.kind != SnifferKind::Pcapng) {
            let _ = writeln!(t, "{:>10} packets were truncated from {n} bytes", self.truncated);
        }
        if self.unsuited > 0 {
            let _ = writeln!(
                t,
                "{:>10} records have no place in a file of this kind; SNIFFER(PCAPNG) takes them",
                self.unsuited
            );
        }
        for n in notes {
            let _ = writeln!(t, "{n}");
        }
        t
    }

    /// The line above the report.
    #[must_use]
    pub fn selected(o: Options) -> String {
        match o.kind {
            SnifferKind::Pcapng if o.size.is_some() => {
                "SNIFFER: pcapng is written and packets are not cut; a size is for ETHERNET, TOKENRING and TCPDUMP\n".into()
            }
            SnifferKind::Pcapng => String::new(),
            k => format!("PTRPT04I SNIFFER({}) option selected\n", k.name().to_uppercase()),
        }
    }
}

/// A locally administered address that names an interface; `side` 1 is ours.
fn address(iface: u32, side: u8) -> [u8; 6] {
    let [a, b, c, d] = iface.to_be_bytes();
    [0x02 | side << 2, a, b, c, d, side]
}

fn ethernet_header<'a>(h: &'a mut [u8; TOKEN_RING_HEADER], iface: u32, ip: &[u8]) -> &'a [u8] {
    h[..6].copy_from_slice(&address(iface, 0));
    h[6..12].copy_from_slice(&address(iface, 1));
    h[12..14].copy_from_slice(&ethertype(ip));
    &h[..ETHERNET_HEADER]
}

fn token_ring<'a>(h: &'a mut [u8; TOKEN_RING_HEADER], iface: u32, ip: &[u8]) -> &'a [u8] {
    h[0] = 0x10;
    h[1] = 0x40;
    h[2..8].copy_from_slice(&address(iface, 0));
    h[8..14].copy_from_slice(&address(iface, 1));
    // The first bit of a Token Ring source address says that routing information follows.
    h[14..20].copy_from_slice(&[0xAA, 0xAA, 0x03, 0, 0, 0]);
    h[20..22].copy_from_slice(&ethertype(ip));
    &h[..]
}

fn ethertype(ip: &[u8]) -> [u8; 2] {
    if ip.first().is_some_and(|b| b >> 4 == 6) { [0x86, 0xDD] } else { [0x08, 0x00] }
}
