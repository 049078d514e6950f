//! From one component trace entry to one frame: shared by all framings.

use std::collections::BTreeMap;

use formats::ctrace::cte::{HEADER, TRAILER};
use formats::ctrace::lost::{self, Lost};
use formats::ctrace::{Component, FormatId, Name, events, pthdr, scan};
use formats::tod::{Tod, UNITS_PER_SEC};

use super::names::Names;
use super::segments::{self, Segment, Segments};
use crate::source::frame::{AnomalyKind, Chunk, Finds, Frame, Head, LinkType, Timestamp};

/// Entry ids that are counted one by one; a damaged trace could name any number of them.
const MAX_IDS: usize = 256;

/// Where an entry's bytes are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Offset of the entry in the buffer that its chunks point into.
    pub at: usize,
    /// True for the side buffer.
    pub side: bool,
    /// Offset in the peeled stream.
    pub offset: u64,
}

impl Place {
    fn chunk(self, from: usize, len: usize) -> Chunk {
        Chunk { side: self.side, off: (self.at + from) as u32, len: len as u32 }
    }
}

/// Turns entries into frames and remembers what belongs to more than one of them.
#[derive(Debug)]
pub(super) struct Entries {
    leap_units: u64,
    names: Names,
    segments: Segments,
    component: Option<Component>,
    /// True when that component is known to have no packets.
    foreign: bool,
    /// Entries by component, those of no known one under `None`.
    by_component: Vec<(Option<Component>, u64)>,
    current: usize,
    small_ids: [u64; 16],
    other_ids: BTreeMap<u32, u64>,
    uncounted_ids: u64,
    previous: u64,
    steps_back: u64,
    scratch: Vec<u8>,
    /// True when segments are not joined.
    apart: bool,
}

pub(super) fn be16(b: &[u8], at: usize) -> usize {
    match b.get(at..) {
        Some([x, y, ..]) => usize::from(u16::from_be_bytes([*x, *y])),
        _ => 0,
    }
}

fn be32(b: &[u8], at: usize) -> u32 {
    b.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_be_bytes(*b))
}

fn be64(b: &[u8], at: usize) -> u64 {
    b.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u64::from_be_bytes(*b))
}

/// The largest CTEOFF that is believed: 16 is all that was ever seen, and text in the place of an
/// entry would make it large.
const MAX_OFF: usize = 256;

/// Length of the complete entry at the start of `b`: its two lengths agree and its data is
/// inside it. `None` otherwise, also when it ends behind `b`.
#[inline]
pub(super) fn complete(b: &[u8]) -> Option<usize> {
    let head = b.first_chunk::<HEADER>()?;
    let len = usize::from(u16::from_be_bytes([head[0], head[1]]));
    let off = usize::from(u16::from_be_bytes([head[2], head[3]]));
    if !(HEADER..=MAX_OFF).contains(&off) || off + TRAILER > len || len > b.len() {
        return None;
    }
    (b[len - 2] == head[0] && b[len - 1] == head[1]).then_some(len)
}

impl Entries {
    pub(super) fn new(leap_seconds: i32) -> Self {
        Self {
            leap_units: i64::from(leap_seconds).wrapping_mul(UNITS_PER_SEC as i64) as u64,
            names: Names::new(),
            segments: Segments::default(),
            component: None,
            foreign: false,
            by_component: vec![(None, 0)],
            current: 0,
            small_ids: [0; 16],
            other_ids: BTreeMap::new(),
            uncounted_ids: 0,
            previous: 0,
            steps_back: 0,
            scratch: Vec::new(),
            apart: false,
        }
    }

    /// Every entry is a frame, also one segment of several.
    pub(super) fn apart(leap_seconds: i32) -> Self {
        Self { apart: true, ..Self::new(leap_seconds) }
    }

    /// The component that the entries which follow belong to.
    pub(super) fn set_component(&mut self, c: Option<Component>) {
        if self.component == c {
            return;
        }
        self.component = c;
        self.foreign = c.is_some_and(|c| !c.has_packets());
        let known = self.by_component.iter().position(|(k, _)| *k == c);
        self.current = known.unwrap_or_else(|| {
            if self.by_component.len() >= MAX_IDS {
                return 0;
            }
            self.by_component.push((c, 0));
            self.by_component.len() - 1
        });
    }

    /// A zero field is no time.
    fn time(&self, tod: u64) -> Option<Timestamp> {
        let (secs, nanos) = Tod(tod.wrapping_sub(self.leap_units)).unix();
        (tod != 0).then_some(Timestamp { secs, nanos })
    }

    /// Takes a whole entry. Counts the record, not its bytes.
    #[inline]
    pub(super) fn take(&mut self, e: &[u8], place: Place, out: &mut Finds<'_>) {
        out.tally.records += 1;
        let off = be16(e, 2);
        let id = be32(e, 4);
        let entry_time = be64(e, 8);
        if entry_time.wrapping_add(UNITS_PER_SEC) < self.previous {
            self.steps_back += 1;
        }
        self.previous = entry_time;
        if let Some((_, n)) = self.by_component.get_mut(self.current) {
            *n += 1;
        }
        if let Some(n) = self.small_ids.get_mut(id as usize) {
            *n += 1;
        } else {
            self.count(id);
        }
        let body = e.get(off..e.len() - TRAILER).unwrap_or_default();
        let pth_len = be16(body, 0);
        if !FormatId(id).has_pthdr()
            || pth_len < pthdr::MIN_LEN
            || pth_len > body.len()
            || (self.foreign && !scan::prefix(e).is_some_and(|p| p.strong))
        {
            return self.other(e, off, id, entry_time, place, out);
        }
        let (pth, data) = body.split_at(pth_len);
        let tlen = be32(pth, 4) & 0xFF_FFFF;
        if pth[2] != 0 || tlen as usize != data.len() {
            return self.uneven(e, off, id, place, out);
        }
        let frame = self.frame(id, entry_time, pth, data.len(), tlen, place, out);
        out.frames.push(Frame {
            head: place.chunk(0, off + pth_len),
            data: place.chunk(off + pth_len, data.len()),
            ..frame
        });
        out.tally.frames += 1;
    }

    /// Everything of a frame but where its bytes are.
    #[inline]
    #[allow(clippy::too_many_arguments)]
    fn frame(
        &mut self,
        id: u32,
        entry_time: u64,
        pth: &[u8],
        data_len: usize,
        tlen: u32,
        place: Place,
        out: &mut Finds<'_>,
    ) -> Frame {
        let (link, name_len) = match id {
            5 => (LinkType::ZOS_DATA, 8),
            7 => (LinkType::ETHERNET, 16),
            8 => (LinkType::ZOS_SMC, 16),
            _ => (LinkType::RAW, 16),
        };
        let mut name = [0x40; 16];
        if let Some(field) = pth.get(8..8 + name_len) {
            name[..name_len].copy_from_slice(field);
        }
        let packet_time = be64(pth, 24);
        let plen = be16(pth, 82) as u32;
        Frame {
            number: 0,
            offset: place.offset,
            time: self.time(if packet_time == 0 { entry_time } else { packet_time }),
            data: Chunk::default(),
            head: Chunk::default(),
            head_kind: Head::Cte,
            orig_len: plen.max(tlen).max(data_len as u32),
            link,
            iface: self.names.get(&name, link, place.offset, out),
            fcs_len: None,
            phdr_len: 0,
        }
    }

    #[cold]
    fn count(&mut self, id: u32) {
        if let Some(n) = self.other_ids.get_mut(&id) {
            *n += 1;
        } else if self.other_ids.len() < MAX_IDS {
            self.other_ids.insert(id, 1);
        } else {
            self.uncounted_ids += 1;
        }
    }

    /// A packet entry whose data is not as long as PTH_Tlen says, or a later segment.
    #[cold]
    fn uneven(&mut self, e: &[u8], off: usize, id: u32, place: Place, out: &mut Finds<'_>) {
        let body = &e[off..e.len() - TRAILER];
        let mut pth_len = be16(body, 0);
        let tlen = (be32(body, 4) & 0xFF_FFFF) as usize;
        let seq = body[2];
        // One of three lengths may be damaged; the packet's own length can tell which.
        let implied = body.len().checked_sub(tlen).filter(|n| scan::PTH_LENGTHS.contains(n));
        let has_ip = matches!(id, 4 | 6);
        let mut wrong = None;
        if let Some(n) = implied.filter(|n| has_ip && is_ip(&body[*n..]) && !is_ip(&body[pth_len..])) {
            wrong = Some("PTH_Len points elsewhere than at the packet that PTH_Tlen measures");
            pth_len = n;
        } else if seq == 0 && has_ip && ip_len(&body[pth_len..]) == Some(body.len() - pth_len) {
            wrong = Some("PTH_Tlen is not the length of the packet that is there");
        } else if tlen < body.len() - pth_len {
            wrong = Some("PTH_Tlen is less than the data that is there");
        }
        let (pth, data) = body.split_at(pth_len);
        let orig = if wrong.is_some() { data.len() } else { tlen } as u32;
        let mut frame = self.frame(id, be64(e, 8), pth, data.len(), orig, place, out);
        if let Some(what) = wrong {
            out.anomaly(AnomalyKind::BadField, place.offset, 0, what, "");
        } else if self.apart && seq != 0 {
            // Behind the first segment there are no IP and transport headers.
            frame.link = LinkType::ZOS_DATA;
        } else if !self.apart && segments::is_segment(pth, data.len()) {
            self.segments.make_room(out);
            let s = Segment { id, head: &e[..off + pth_len], pth, data, frame };
            return self.segments.add(&s, out);
        }
        out.frames.push(Frame {
            head: place.chunk(0, off + pth_len),
            data: place.chunk(off + pth_len, data.len()),
            ..frame
        });
        out.tally.frames += 1;
    }

    /// An entry without a packet trace header.
    #[cold]
    fn other(&mut self, e: &[u8], off: usize, id: u32, time: u64, place: Place, out: &mut Finds<'_>) {
        let packets = !self.foreign;
        let body = e.get(off..e.len() - TRAILER).unwrap_or_default();
        if (packets || FormatId(id) == lost::OURS) && FormatId(id).is_lost() {
            out.tally.other("CTE lost-record");
            let ours = formats::ctrace::Cte::parse(e).ok().and_then(|c| Lost::of(&c)?.count());
            let what = ours.map_or("records were lost while tracing".to_owned(), |c| c.to_string());
            out.anomaly(
                AnomalyKind::LostRecords,
                place.offset,
                0,
                format!("CTEFMTID {id:08X}: {what}"),
                "trace with larger buffers or narrower filters",
            );
            return;
        }
        // System SSL uses the same small numbers with a job name where PTH_Len would be.
        let foreign = Name::<8>::from_bytes(body).is_some_and(|n| n.is_plausible());
        if packets && FormatId(id).has_pthdr() && !foreign {
            out.tally.damaged += 1;
            out.anomaly(
                AnomalyKind::BadField,
                place.offset,
                e.len() as u64,
                format!("PTH_Len {} does not fit an entry of {} bytes", be16(body, 0), e.len()),
                "",
            );
            return;
        }
        let mut name = [0x40; 16];
        if let Some(c) = self.component.or_else(|| component_of(id)) {
            name[..8].copy_from_slice(&c.0.0);
        }
        let link = LinkType::ZOS_CTE;
        let iface = self.names.get(&name, link, place.offset, out);
        out.frames.push(Frame {
            number: 0,
            offset: place.offset,
            time: self.time(time),
            data: place.chunk(off, body.len()),
            head: place.chunk(0, off.min(e.len())),
            head_kind: Head::Cte,
            orig_len: body.len() as u32,
            link,
            iface,
            fcs_len: None,
            phdr_len: 0,
        });
        out.tally.frames += 1;
    }

    /// Takes an entry that was put together from `pieces`; it goes to the side buffer.
    pub(super) fn take_joined<'a>(
        &mut self,
        pieces: impl Iterator<Item = &'a [u8]>,
        offset: u64,
        out: &mut Finds<'_>,
    ) {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        pieces.for_each(|p| scratch.extend_from_slice(p));
        let at = out.side.len();
        out.side.extend_from_slice(&scratch);
        let place = Place { at, side: true, offset };
        if complete(&scratch) == Some(scratch.len()) {
            self.take(&scratch, place, out);
        } else {
            self.take_cut(&scratch, place, out);
        }
        self.scratch = scratch;
    }

    /// Takes the beginning of an entry whose end is missing: a frame with what is there.
    #[cold]
    pub(super) fn take_cut(&mut self, e: &[u8], place: Place, out: &mut Finds<'_>) {
        out.tally.records += 1;
        let off = be16(e, 2);
        let id = be32(e, 4);
        let body = e.get(off..).unwrap_or_default();
        let pth_len = be16(body, 0);
        let packet = FormatId(id).has_pthdr() && !self.foreign;
        out.anomaly(
            AnomalyKind::TruncatedRecord,
            place.offset,
            be16(e, 0).saturating_sub(e.len()) as u64,
            format!("CTE of {} bytes: only {} are there", be16(e, 0), e.len()),
            "the file was cut short: transfer it again, or mind that the trace ended here",
        );
        if !packet || pth_len < pthdr::MIN_LEN || body.len() <= pth_len {
            out.tally.damaged += 1;
            return;
        }
        let (pth, data) = body.split_at(pth_len);
        let tlen = be32(pth, 4) & 0xFF_FFFF;
        let data = &data[..data.len().min(tlen as usize)];
        let frame = self.frame(id, be64(e, 8), pth, data.len(), tlen, place, out);
        out.frames.push(Frame {
            head: place.chunk(0, off + pth_len),
            data: place.chunk(off + pth_len, data.len()),
            ..frame
        });
        out.tally.frames += 1;
    }

    /// Nothing more will come.
    pub(super) fn finish(&mut self, out: &mut Finds<'_>) {
        self.segments.finish(out);
    }

    /// What `info` says about the entries.
    pub(super) fn facts(&self, facts: &mut Vec<(&'static str, String)>) {
        let ids = (0..).zip(self.small_ids).chain(self.other_ids.iter().map(|(i, n)| (*i, *n)));
        let text: Vec<String> =
            ids.filter(|(_, n)| *n > 0).map(|(i, n)| format!("{} {n}", FormatId(i))).collect();
        let components: Vec<String> = self
            .by_component
            .iter()
            .filter(|(_, n)| *n > 0)
            .map(|(c, n)| match c {
                Some(c) => format!("{c} {n}"),
                None => format!("not named {n}"),
            })
            .collect();
        if !components.is_empty() {
            facts.push(("components", components.join(", ")));
        }
        if !text.is_empty() {
            facts.push(("entry ids", text.join(", ")));
        }
        if self.uncounted_ids > 0 {
            facts.push(("further entry ids", self.uncounted_ids.to_string()));
        }
        if !self.apart {
            facts.push(("interface names", self.names.len().to_string()));
        }
        if self.segments.joined + self.segments.incomplete > 0 {
            facts.push(("segmented records", self.segments.joined.to_string()));
            facts.push(("segmented, incomplete", self.segments.incomplete.to_string()));
            if self.segments.placeless > 0 {
                let (n, bytes) = (self.segments.placeless, self.segments.placeless_bytes);
                facts.push(("segments behind a missing one", format!("{n} ({bytes} bytes)")));
            }
        }
        if self.steps_back > 0 {
            let n = self.steps_back;
            facts.push((
                "time order",
                format!(
                    "CTETIME goes back by more than a second {n} times: a wrapped data set or merged buffers"
                ),
            ));
        }
    }
}

/// The component that an entry belongs to when only its id is known.
fn component_of(id: u32) -> Option<Component> {
    match FormatId(id) {
        FormatId::RESOLVER => Some(Component::SYSTCPRE),
        // An event of this project's own stack.
        FormatId(n) if n >> 24 == events::ID_PREFIX >> 24 => Some(Component::SYSTCPIP),
        _ => None,
    }
}

fn is_ip(b: &[u8]) -> bool {
    match b.first() {
        Some(v) if v >> 4 == 4 => v & 15 >= 5 && b.len() >= 20,
        Some(v) => v >> 4 == 6 && b.len() >= 40,
        None => false,
    }
}

fn ip_len(b: &[u8]) -> Option<usize> {
    is_ip(b).then(|| if b[0] >> 4 == 4 { be16(b, 2) } else { 40 + be16(b, 4) })
}
