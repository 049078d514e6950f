//! pcapng files: the walk from block to block.
//!
//! Every block says its length at both ends, so that damage shows at once; what follows is
//! searched for the next block whose two lengths agree. Interface ids count from 0 in every
//! section and become indexes into one list for the whole input.

use super::frame::{
    AnomalyKind, Block, Chunk, Finds, Frame, Framer, Head, Interface, LinkType, MAX_RECORD, Progress,
    Timestamp, Window,
};
use super::pseudo::Pseudo;
use formats::endian::Endian;
use formats::pcapng::{self as ng, BlockType, MIN_BLOCK, OptionCode, TsResol, padding};
use std::borrow::Cow;

/// True when `prefix` begins a pcapng file.
#[must_use]
pub fn recognise(prefix: &[u8]) -> bool {
    prefix.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a])
        && matches!(ng::Block::section_order(prefix), Ok(Some(e))
            if e.u32_at(prefix, 4).is_some_and(|n| n >= 28 && n % 4 == 0 && n as usize <= MAX_RECORD))
}

/// A framer for a pcapng file from its first byte on.
#[must_use]
pub fn new() -> Pcapng {
    Pcapng {
        endian: Endian::Little,
        ifaces: Vec::new(),
        sections: 0,
        total: 0,
        journal: None,
        custom: None,
        lost: None,
        application: None,
        hardware: None,
        os: None,
    }
}

/// More interfaces than this are not kept: each takes memory until the end of the run.
const MAX_INTERFACES: usize = 1 << 18;

/// Finds the packets and other blocks of a pcapng file.
#[derive(Debug)]
pub struct Pcapng {
    endian: Endian,
    ifaces: Vec<Iface>,
    sections: u64,
    /// Interfaces of all sections.
    total: usize,
    /// Interfaces that journal entries and custom blocks are shown on.
    journal: Option<u32>,
    custom: Option<u32>,
    lost: Option<Lost>,
    application: Option<String>,
    hardware: Option<String>,
    os: Option<String>,
}

#[derive(Debug)]
struct Lost {
    from: u64,
    blank: bool,
    why: String,
    /// How often more bytes were asked for.
    asked: u32,
}

/// Time stamp resolution, made ready for division.
#[derive(Debug, Clone, Copy)]
enum Units {
    Micros,
    Nanos,
    PerSecond(u64),
    /// Ten to this power in a second, more than 64 bits hold.
    Power10(u32),
    /// Two to this power in a second, more than 64 bits hold.
    Power2(u32),
}

impl Units {
    fn of(r: TsResol) -> Self {
        match (r, r.per_second(), r.exponent()) {
            (TsResol::MICROS, ..) => Self::Micros,
            (TsResol::NANOS, ..) => Self::Nanos,
            (_, Some(n), _) => Self::PerSecond(n),
            (_, None, (n, false)) => Self::Power10(n.into()),
            (_, None, (n, true)) => Self::Power2(n.into()),
        }
    }

    #[inline]
    fn time(self, units: u64, offset: i64) -> Timestamp {
        let (secs, nanos) = match self {
            Self::Micros => (units / 1_000_000, (units % 1_000_000) as u32 * 1000),
            Self::Nanos => (units / 1_000_000_000, (units % 1_000_000_000) as u32),
            Self::PerSecond(n) => (units / n, (u128::from(units % n) * 1_000_000_000 / u128::from(n)) as u32),
            // All 64 bits are less than a second.
            Self::Power10(n) => (0, 10_u128.checked_pow(n - 9).map_or(0, |d| (u128::from(units) / d) as u32)),
            Self::Power2(n) => (0, (u128::from(units) * 1_000_000_000).checked_shr(n).unwrap_or(0) as u32),
        };
        let secs = i64::try_from(secs).unwrap_or(i64::MAX).saturating_add(offset);
        Timestamp { secs, nanos }
    }
}

#[derive(Debug, Clone, Copy)]
struct Iface {
    global: u32,
    link: LinkType,
    units: Units,
    offset: i64,
    fcs_len: Option<u8>,
    snaplen: u32,
    pseudo: Pseudo,
}

/// The fields common to packet blocks.
struct Packet {
    iface: Iface,
    time: Option<Timestamp>,
    /// Offset of the packet in the window.
    data: usize,
    cap_len: usize,
    orig_len: u32,
    /// Offset of the options in the window.
    options: usize,
}

enum Found {
    Yes,
    No,
    More,
}

#[inline]
fn word<const BIG: bool>(b: &[u8], at: usize) -> u32 {
    let e = if BIG { Endian::Big } else { Endian::Little };
    e.u32_at(b, at).unwrap_or(0)
}

#[inline]
const fn length_is_possible(total: u32) -> bool {
    total >= MIN_BLOCK as u32 && total.is_multiple_of(4) && total as usize <= MAX_RECORD
}

const ADVICE: &str = "the file is damaged here; check how it was transferred or stored";

impl Pcapng {
    /// Walks the blocks of one section; returns where it stopped and how much is needed there.
    fn section<const BIG: bool>(
        &mut self,
        w: Window<'_>,
        mut at: usize,
        out: &mut Finds<'_>,
    ) -> (usize, Option<usize>) {
        let b = w.bytes;
        loop {
            let Some(head) = b.get(at..at + MIN_BLOCK) else {
                return (at, Some(MIN_BLOCK));
            };
            let kind = BlockType(word::<BIG>(head, 0));
            if kind == BlockType::SECTION {
                return (at, None);
            }
            let total = word::<BIG>(head, 4);
            if !length_is_possible(total) {
                self.lose(w, at, format!("{kind}: total length {total} is not possible"));
                return (at, None);
            }
            let len = total as usize;
            let end = at + len;
            if end > b.len() {
                return (at, Some(len));
            }
            if word::<BIG>(b, end - 4) != total {
                return self.bad_trailer(w, at, kind, len, out);
            }
            if kind == BlockType::ENHANCED_PACKET {
                self.enhanced::<BIG>(w, at, len, out);
            } else {
                self.other::<BIG>(w, at, kind, len, out);
            }
            out.tally.records += 1;
            out.tally.record_bytes += len as u64;
            at = end;
        }
    }

    #[inline]
    fn enhanced<const BIG: bool>(&mut self, w: Window<'_>, at: usize, len: usize, out: &mut Finds<'_>) {
        let b = &w.bytes[at..at + len];
        if len < 32 {
            return damaged(w, at, len, "pcapng EPB", "too short for its fields", out);
        }
        let id = word::<BIG>(b, 8);
        let Some(&iface) = self.ifaces.get(id as usize) else {
            return self.no_interface(w, at, len, "pcapng EPB", id, out);
        };
        let cap_len = word::<BIG>(b, 20) as usize;
        if cap_len > len - 32 {
            return damaged(w, at, len, "pcapng EPB", "captured length is beyond the block", out);
        }
        let units = u64::from(word::<BIG>(b, 12)) << 32 | u64::from(word::<BIG>(b, 16));
        let packet = Packet {
            iface,
            time: Some(iface.units.time(units, iface.offset)),
            data: at + 28,
            cap_len,
            orig_len: word::<BIG>(b, 24),
            options: at + 28 + cap_len + padding(cap_len),
        };
        push::<BIG>(w, at, len, &packet, out);
    }

    /// Every block but the Enhanced Packet Block and the Section Header Block.
    fn other<const BIG: bool>(
        &mut self,
        w: Window<'_>,
        at: usize,
        kind: BlockType,
        len: usize,
        out: &mut Finds<'_>,
    ) {
        let endian = if BIG { Endian::Big } else { Endian::Little };
        let block = ng::Block { endian, kind, body: &w.bytes[at + 8..at + len - 4] };
        match kind {
            BlockType::SIMPLE_PACKET => self.simple::<BIG>(w, at, len, &block, out),
            BlockType::PACKET => self.obsolete::<BIG>(w, at, len, &block, out),
            BlockType::SYSTEMD_JOURNAL => {
                let j = ng::Journal::new(&block);
                let time = j.realtime().map(|t| Timestamp::from_units(t, 1_000_000));
                self.no_packet(w, at, len, (LinkType::SYSTEMD_JOURNAL, at + 8, j.entry.len()), time, out);
            }
            BlockType::CUSTOM | BlockType::CUSTOM_NO_COPY if len >= 16 => {
                self.no_packet(w, at, len, (LinkType::PCAPNG_CUSTOM, at + 12, len - 16), None, out);
            }
            _ => {
                if kind == BlockType::INTERFACE {
                    self.interface(w, at, &block, out);
                }
                out.tally.other(kind.short_name().unwrap_or("pcapng unknown block"));
                keep(at, kind, len, BIG, out);
            }
        }
    }

    /// A block that holds no packet and that Wireshark shows as a frame all the same.
    fn no_packet(
        &mut self,
        w: Window<'_>,
        at: usize,
        len: usize,
        (link, data, data_len): (LinkType, usize, usize),
        time: Option<Timestamp>,
        out: &mut Finds<'_>,
    ) {
        let (slot, name) = match link {
            LinkType::SYSTEMD_JOURNAL => (&mut self.journal, "systemd journal"),
            _ => (&mut self.custom, "pcapng custom blocks"),
        };
        let iface = *slot.get_or_insert_with(|| {
            out.interface(Interface {
                description: Some(name.into()),
                link,
                tsresol: 6,
                ..Interface::default()
            })
        });
        out.frames.push(Frame {
            offset: w.base + at as u64,
            time,
            data: Chunk::main(data, data_len),
            head: Chunk::main(at, len),
            head_kind: Head::Pcapng { big_endian: self.endian == Endian::Big },
            orig_len: data_len as u32,
            link,
            iface,
            ..Frame::default()
        });
        out.tally.frames += 1;
    }

    fn interface(&mut self, w: Window<'_>, at: usize, block: &ng::Block<'_>, out: &mut Finds<'_>) {
        let offset = w.base + at as u64;
        if self.total >= MAX_INTERFACES {
            if self.total == MAX_INTERFACES {
                self.total += 1;
                out.anomaly(
                    AnomalyKind::LimitReached,
                    offset,
                    0,
                    format!(
                        "more than {MAX_INTERFACES} interfaces; the packets of further ones are not shown"
                    ),
                    "",
                );
            }
            return;
        }
        // A damaged description still counts, or all ids behind it would be wrong.
        let (link, snaplen, options) = match ng::Interface::decode(block) {
            Ok(i) => (LinkType(i.link), i.snaplen, i.options),
            Err(e) => {
                out.anomaly(AnomalyKind::BadField, offset, 0, format!("at offset {offset}: {e}"), "");
                (LinkType::UNKNOWN, 0, ng::Options::new(&[], block.endian))
            }
        };
        let text = |code| options.find(code).map(|o| o.text().into_owned());
        let i = ng::Interface { link: link.0, reserved: 0, snaplen, options };
        let resol = i.tsresol();
        let global = out.interface(Interface {
            name: text(OptionCode::IF_NAME),
            description: text(OptionCode::IF_DESCRIPTION),
            link,
            snaplen,
            tsresol: resol.0,
        });
        self.total += 1;
        self.ifaces.push(Iface {
            global,
            link,
            units: Units::of(resol),
            offset: i.tsoffset(),
            fcs_len: i.fcs_len(),
            snaplen,
            pseudo: Pseudo::of(link),
        });
    }

    fn simple<const BIG: bool>(
        &mut self,
        w: Window<'_>,
        at: usize,
        len: usize,
        block: &ng::Block<'_>,
        out: &mut Finds<'_>,
    ) {
        let Ok(s) = ng::Simple::decode(block) else {
            return damaged(w, at, len, "pcapng SPB", "too short for its fields", out);
        };
        let Some(&iface) = self.ifaces.first() else {
            return self.no_interface(w, at, len, "pcapng SPB", 0, out);
        };
        let cap_len = s.data(iface.snaplen).len();
        let packet =
            Packet { iface, time: None, data: at + 12, cap_len, orig_len: s.orig_len, options: at + len - 4 };
        push::<BIG>(w, at, len, &packet, out);
    }

    fn obsolete<const BIG: bool>(
        &mut self,
        w: Window<'_>,
        at: usize,
        len: usize,
        block: &ng::Block<'_>,
        out: &mut Finds<'_>,
    ) {
        let Ok(p) = ng::Obsolete::decode(block) else {
            return damaged(w, at, len, "pcapng PB", "captured length is beyond the block", out);
        };
        let Some(&iface) = self.ifaces.get(usize::from(p.interface)) else {
            return self.no_interface(w, at, len, "pcapng PB", p.interface.into(), out);
        };
        let cap_len = p.data.len();
        let packet = Packet {
            iface,
            time: Some(iface.units.time(p.time, iface.offset)),
            data: at + 28,
            cap_len,
            orig_len: p.orig_len,
            options: at + 28 + cap_len + padding(cap_len),
        };
        push::<BIG>(w, at, len, &packet, out);
    }

    fn no_interface(&self, w: Window<'_>, at: usize, len: usize, name: &str, id: u32, out: &mut Finds<'_>) {
        let offset = w.base + at as u64;
        out.tally.damaged += 1;
        out.anomaly(
            AnomalyKind::BadInterface,
            offset,
            len as u64,
            format!("{name} at offset {offset}: interface id {id}, the section has {}", self.ifaces.len()),
            "an interface description block is missing or damaged",
        );
    }

    /// Begins a section, or a search when its header is damaged. `None`: more bytes are needed.
    fn begin(&mut self, w: Window<'_>, at: usize, out: &mut Finds<'_>) -> Result<usize, usize> {
        let b = &w.bytes[at..];
        let Ok(order) = ng::Block::section_order(b) else { return Err(MIN_BLOCK) };
        let Some(endian) = order else {
            self.lose(w, at, "pcapng SHB: the byte-order magic is wrong".to_owned());
            return Ok(at);
        };
        let total = endian.u32_at(b, 4).unwrap_or(0);
        if !length_is_possible(total) || total < 28 {
            self.lose(w, at, format!("pcapng SHB: total length {total} is not possible"));
            return Ok(at);
        }
        let len = total as usize;
        if len > b.len() {
            return Err(len);
        }
        let Ok(block) = ng::Block::decode(b, endian) else {
            let (next, _) = self.bad_trailer(w, at, BlockType::SECTION, len, out);
            return Ok(next);
        };
        self.endian = endian;
        self.ifaces.clear();
        self.sections += 1;
        if let Ok(s) = ng::Section::decode(&block) {
            let text = |code| s.options.find(code).map(|o| o.text().into_owned());
            self.application = self.application.take().or_else(|| text(OptionCode::SHB_USERAPPL));
            self.hardware = self.hardware.take().or_else(|| text(OptionCode::SHB_HARDWARE));
            self.os = self.os.take().or_else(|| text(OptionCode::SHB_OS));
            if s.major != 1 {
                out.anomaly(
                    AnomalyKind::BadField,
                    w.base + at as u64,
                    0,
                    format!("pcapng SHB: version {}.{}, read as 1.0", s.major, s.minor),
                    "",
                );
            }
        }
        out.tally.records += 1;
        out.tally.record_bytes += len as u64;
        out.tally.other("pcapng SHB");
        keep(at, BlockType::SECTION, len, endian == Endian::Big, out);
        Ok(at + len)
    }

    /// The two lengths of the block at `at` differ. When a block follows where the first length
    /// says, only the second one is wrong and nothing else is lost.
    fn bad_trailer(
        &mut self,
        w: Window<'_>,
        at: usize,
        kind: BlockType,
        len: usize,
        out: &mut Finds<'_>,
    ) -> (usize, Option<usize>) {
        let end = at + len;
        let next =
            if end == w.bytes.len() && w.eof { Found::Yes } else { self.plausible(w, end, enough(w, at)) };
        match next {
            Found::Yes => {
                let offset = w.base + at as u64;
                if kind == BlockType::INTERFACE {
                    let body = &w.bytes[at + 8..end - 4];
                    self.interface(w, at, &ng::Block { endian: self.endian, kind, body }, out);
                }
                out.tally.records += 1;
                out.tally.damaged += 1;
                out.tally.skipped_bytes += len as u64;
                out.anomaly(
                    AnomalyKind::BadLength,
                    offset,
                    len as u64,
                    format!("{kind} at offset {offset}: its two total lengths differ"),
                    ADVICE,
                );
                (end, None)
            }
            Found::More => (at, Some((w.bytes.len() - at) * 2)),
            Found::No => {
                self.lose(w, at, format!("{kind}: its two total lengths differ"));
                (at, None)
            }
        }
    }

    fn lose(&mut self, w: Window<'_>, at: usize, why: String) {
        self.lost = Some(Lost { from: w.base + at as u64, blank: true, why, asked: 0 });
    }

    /// Whether a whole block of a known type begins at `q`.
    fn plausible(&self, w: Window<'_>, q: usize, enough: bool) -> Found {
        let more = if enough { Found::No } else { Found::More };
        let Some(b) = w.bytes.get(q..) else { return more };
        if b.len() < MIN_BLOCK {
            return if enough { Found::No } else { Found::More };
        }
        let e = if b.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
            match ng::Block::section_order(b) {
                Ok(Some(e)) => e,
                _ => return Found::No,
            }
        } else {
            self.endian
        };
        let kind = BlockType(e.u32_at(b, 0).unwrap_or(0));
        if kind.short_name().is_none() {
            return Found::No;
        }
        let total = e.u32_at(b, 4).unwrap_or(0);
        // Longer blocks exist, but a search must not wait for each that seems to be one.
        if !length_is_possible(total) || total > 1 << 20 {
            return Found::No;
        }
        let len = total as usize;
        let fits = match kind {
            BlockType::SECTION => len >= 28,
            BlockType::INTERFACE => len >= 20,
            BlockType::ENHANCED_PACKET | BlockType::PACKET => {
                if b.len() < 28 && !enough {
                    return Found::More;
                }
                let id = e.u32_at(b, 8).unwrap_or(u32::MAX) as usize;
                let cap = e.u32_at(b, 20).unwrap_or(u32::MAX) as usize;
                len >= 32
                    && cap <= len - 32
                    && len - 32 - cap <= 1 << 16
                    && (kind == BlockType::PACKET || id < self.ifaces.len())
            }
            BlockType::SIMPLE_PACKET => len >= 16 && !self.ifaces.is_empty(),
            _ => true,
        };
        if !fits {
            return Found::No;
        }
        if b.len() < len {
            return more;
        }
        if e.u32_at(b, len - 4) == Some(total) { Found::Yes } else { Found::No }
    }

    /// Searches for a block from `at` on.
    fn search(&mut self, w: Window<'_>, at: &mut usize, out: &mut Finds<'_>) -> Option<usize> {
        let from = self.lost.as_ref().map_or(w.base, |l| l.from);
        let mut q = *at + usize::from(w.base + *at as u64 == from);
        let mut need = None;
        let mut found = None;
        while q + MIN_BLOCK <= w.bytes.len() {
            match self.plausible(w, q, enough(w, q)) {
                Found::Yes => {
                    found = Some(q);
                    break;
                }
                Found::No => q += 1,
                Found::More => {
                    let plenty = self.lost.as_mut().is_some_and(|l| {
                        l.asked += 1;
                        l.asked > 8
                    });
                    let least = if plenty { 8 << 20 } else { 65_536 };
                    need = Some(((w.bytes.len() - q) * 2).max(least));
                    break;
                }
            }
        }
        let end = match (found, need, w.eof) {
            (None, None, true) => w.bytes.len(),
            _ => q.min(w.bytes.len()),
        };
        let passed = &w.bytes[*at..end];
        out.tally.skipped_bytes += passed.len() as u64;
        if let Some(l) = &mut self.lost {
            l.blank = l.blank && passed.iter().all(|&b| b == 0);
        }
        *at = end;
        if found.is_none() && !w.eof {
            return Some(need.unwrap_or(MIN_BLOCK));
        }
        let l = self.lost.take()?;
        let len = w.base + end as u64 - l.from;
        if found.is_none() && l.blank {
            out.anomaly(
                AnomalyKind::NulPadding,
                l.from,
                len,
                format!("{len} NUL bytes follow the last pcapng block"),
                "the file was preallocated or padded in transfer; no packet is lost by this",
            );
            return None;
        }
        out.tally.records += 1;
        out.tally.damaged += 1;
        let then = if found.is_some() {
            format!("the next block was found {len} bytes on")
        } else {
            format!("no block was found in the {len} bytes up to the end")
        };
        out.anomaly(
            AnomalyKind::BadLength,
            l.from,
            len,
            format!("at offset {}: {}; {then}", l.from, l.why),
            ADVICE,
        );
        None
    }

    /// The end of the input cuts the block at `at`, unless another one begins inside.
    fn cut(&mut self, w: Window<'_>, at: &mut usize, out: &mut Finds<'_>) {
        let rest = &w.bytes[*at..];
        let offset = w.base + *at as u64;
        let inside = (*at + 1..w.bytes.len()).any(|q| matches!(self.plausible(w, q, true), Found::Yes));
        if inside || rest.iter().all(|&b| b == 0) {
            let kind = BlockType(self.endian.u32_at(rest, 0).unwrap_or(0));
            self.lose(w, *at, format!("{kind}: its total length leads beyond the end of the file"));
            self.search(w, at, out);
            return;
        }
        let kind = self.endian.u32_at(rest, 0).map(BlockType);
        let name = match kind {
            Some(k) => k.to_string(),
            None => "pcapng block".to_owned(),
        };
        let field = if rest.len() < 8 { "total length" } else { "body" };
        out.tally.records += 1;
        out.tally.damaged += 1;
        out.tally.record_bytes += rest.len() as u64;
        out.anomaly(
            AnomalyKind::TruncatedRecord,
            offset,
            rest.len() as u64,
            format!(
                "{name} at offset {offset}: the file ends in its {field}, {} bytes are there",
                rest.len()
            ),
            "the capture was cut off or the transfer was not complete",
        );
        *at = w.bytes.len();
    }
}

/// True when the window will not grow any more while it begins at `p`.
fn enough(w: Window<'_>, p: usize) -> bool {
    w.eof || w.bytes.len() - p >= MAX_RECORD
}

fn keep(at: usize, kind: BlockType, len: usize, big_endian: bool, out: &mut Finds<'_>) {
    out.blocks.push(Block {
        before: out.frames.len() as u32,
        bytes: Chunk::main(at, len),
        kind: kind.0,
        big_endian,
    });
}

fn damaged(w: Window<'_>, at: usize, len: usize, name: &str, why: &str, out: &mut Finds<'_>) {
    let offset = w.base + at as u64;
    out.tally.damaged += 1;
    out.anomaly(
        AnomalyKind::BadLength,
        offset,
        len as u64,
        format!("{name} at offset {offset}: {why}"),
        ADVICE,
    );
}

#[inline]
fn push<const BIG: bool>(w: Window<'_>, at: usize, len: usize, p: &Packet, out: &mut Finds<'_>) {
    let mut frame = Frame {
        number: 0,
        offset: w.base + at as u64,
        time: p.time,
        data: Chunk::main(p.data, p.cap_len),
        head: Chunk::main(at, len),
        head_kind: Head::Pcapng { big_endian: BIG },
        orig_len: p.orig_len,
        link: p.iface.link,
        phdr_len: 0,
        iface: p.iface.global,
        fcs_len: p.iface.fcs_len,
    };
    // The options end before the trailing length.
    let options = at + len - 4;
    if p.options + 4 <= options
        && let Some(n) = flags_fcs::<BIG>(&w.bytes[p.options..options])
    {
        frame.fcs_len = Some(n);
    }
    if p.iface.pseudo != Pseudo::None {
        let data = &w.bytes[p.data..p.data + p.cap_len];
        let Some(s) = p.iface.pseudo.strip(data, p.orig_len, p.iface.link) else {
            return damaged(w, at, len, "pcapng packet", "too short for its link type's pseudo-header", out);
        };
        frame.phdr_len = s.phdr_len;
        frame.data = Chunk::main(p.data + usize::from(s.phdr_len), s.cap_len as usize);
        frame.orig_len = s.orig_len;
        // The block's own time holds, as in Wireshark.
        frame.link = s.link;
    }
    out.frames.push(frame);
    out.tally.frames += 1;
}

/// The FCS length in `epb_flags`, when there is one.
fn flags_fcs<const BIG: bool>(mut b: &[u8]) -> Option<u8> {
    let e = if BIG { Endian::Big } else { Endian::Little };
    while let (Some(code), Some(len)) = (e.u16_at(b, 0), e.u16_at(b, 2)) {
        if code == OptionCode::END.0 {
            return None;
        }
        if code == OptionCode::EPB_FLAGS.0 && len == 4 {
            let n = ng::PacketFlags(e.u32_at(b, 4)?).fcs_len();
            return (n != 0).then_some(n);
        }
        let len = usize::from(len);
        b = b.get(4 + len + padding(len)..)?;
    }
    None
}

impl Framer for Pcapng {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("pcapng")
    }

    fn walk(&mut self, w: Window<'_>, out: &mut Finds<'_>) -> Progress {
        let mut at = 0;
        loop {
            if self.lost.is_some() {
                if let Some(need) = self.search(w, &mut at, out) {
                    return ask(w, at, need);
                }
                continue;
            }
            if at == w.bytes.len() {
                return Progress { consumed: at, need: 0 };
            }
            let need = if w.bytes[at..].starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
                match self.begin(w, at, out) {
                    Ok(next) => {
                        at = next;
                        continue;
                    }
                    Err(need) => need,
                }
            } else {
                let (next, need) = match self.endian {
                    Endian::Little => self.section::<false>(w, at, out),
                    Endian::Big => self.section::<true>(w, at, out),
                };
                at = next;
                match need {
                    Some(need) => need,
                    None => continue,
                }
            };
            if at == w.bytes.len() {
                return Progress { consumed: at, need: 0 };
            }
            if !w.eof {
                return ask(w, at, need);
            }
            self.cut(w, &mut at, out);
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![("sections", self.sections.to_string())];
        for (key, value) in
            [("hardware", &self.hardware), ("operating system", &self.os), ("application", &self.application)]
        {
            if let Some(v) = value {
                facts.push((key, v.clone()));
            }
        }
        facts
    }
}

fn ask(w: Window<'_>, at: usize, need: usize) -> Progress {
    let have = w.bytes.len() - at;
    Progress { consumed: at, need: need.max(have + 1).min(MAX_RECORD) }
}
