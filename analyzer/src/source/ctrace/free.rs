//! Walking entries where no record boundaries are known: the unframed download of a trace data
//! set, and the streams of the network management interface.
//!
//! The chain of entries is followed by their lengths. Where it breaks, the bytes up to the next
//! entry are explained as unused buffer, as a header of the external writer (which is learnt),
//! as an entry that a record boundary cut in two (the header inside it is taken out), as an
//! NMI message, or as damage.

use std::cell::Cell;

use formats::ctrace::cte::{HEADER, TRAILER};
use formats::ctrace::nmi::{self, Message};
use formats::ctrace::scan;

use super::entry::{Entries, Place, be16, complete};
use super::headers::{self, Headers};
use super::joint::Joint;
use super::learn;
use super::resync::{self, LOOK, Next, SCAN, Skipped};
use crate::source::frame::{AnomalyKind, Finds, Progress, Window};

/// A walk without record boundaries.
#[derive(Debug)]
pub(super) struct Free {
    entries: Entries,
    headers: Headers,
    skipped: Skipped,
    /// True when what stands between entries may be a writer's header.
    learn: bool,
    tries: u8,
    /// The stretch that was reached, and searches for headers in vain since it began.
    in_vain: Cell<(u64, u8)>,
    cut_entries: u64,
    unused: u64,
    init: Option<Message>,
}

/// Headers that one entry may have inside it: the longest one fills three records of the usual
/// size.
const MAX_GAPS: usize = 8;
/// Breaks at which a header is learnt from what is ahead, while none is known.
const TRIES: u8 = 16;
/// Entries in a stretch of [`SCAN`] bytes that are searched for headers in vain. A search takes
/// long, and bytes can be made to look like thousands of entries that want one.
const MAX_IN_VAIN: u8 = 8;

/// An entry of `len` bytes with headers of `gap` bytes inside it, at each of `at`.
#[derive(Debug, Clone)]
struct Cut {
    len: usize,
    gap: usize,
    at: Vec<usize>,
}

impl Cut {
    /// Length of everything.
    fn end(&self) -> usize {
        self.len + self.gap * self.at.len()
    }
}

enum Step {
    To(usize),
    Need(usize),
}

impl Free {
    pub(super) fn new(leap_seconds: i32, learn: bool) -> Self {
        Self {
            entries: Entries::new(leap_seconds),
            headers: Headers::default(),
            skipped: Skipped::default(),
            learn,
            tries: 0,
            in_vain: Cell::default(),
            cut_entries: 0,
            unused: 0,
            init: None,
        }
    }

    pub(super) fn walk(&mut self, w: Window<'_>, out: &mut Finds<'_>) -> Progress {
        let b = w.bytes;
        let mut at = 0;
        loop {
            while let Some(len) = complete(&b[at..]) {
                self.skipped.end(out);
                let place = Place { at, side: false, offset: w.base + at as u64 };
                self.entries.take(&b[at..at + len], place, out);
                out.tally.record_bytes += len as u64;
                at += len;
            }
            if at == b.len() {
                break;
            }
            match self.step(w, at, out) {
                Step::To(next) => at = next,
                Step::Need(need) => return resync::more(at, need),
            }
        }
        if w.eof {
            self.skipped.end(out);
            self.entries.finish(out);
        }
        resync::more(at, 0)
    }

    #[cold]
    fn step(&mut self, w: Window<'_>, at: usize, out: &mut Finds<'_>) -> Step {
        let b = w.bytes;
        let rest = &b[at..];
        if let Ok((message, len)) = Message::parse(rest) {
            self.message(message, out);
            out.tally.record_bytes += len as u64;
            return Step::To(at + len);
        }
        if rest[0] == 0 && rest.get(1).is_none_or(|x| *x == 0) {
            let starts = |x: usize| {
                Message::parse(&b[x..]).is_ok() || (self.learn && self.headers.at(&b[x..]).is_some())
            };
            let end = resync::unused(b, at, w.eof, starts);
            if end > at {
                self.skipped.end(out);
                out.tally.record_bytes += (end - at) as u64;
                self.unused += (end - at) as u64;
                return Step::To(end);
            }
        }
        // An entry or a message that only the end of the window cuts.
        let cut_at = be16(rest, 0);
        if !w.eof && cut_at > rest.len() && scan::prefix(rest).is_some() {
            return Step::Need(cut_at);
        }
        if !w.eof && rest.len() < LOOK {
            return Step::Need(if rest.len() < nmi::INIT_LEN { nmi::INIT_LEN.max(HEADER) } else { LOOK });
        }
        let view = &rest[..rest.len().min(LOOK)];
        let open = !(w.eof && rest.len() == view.len());
        self.explain(view, open, Place { at, side: false, offset: w.base + at as u64 }, out)
    }

    /// A message tells where the stream came from.
    fn message(&mut self, m: Message, out: &mut Finds<'_>) {
        self.skipped.end(out);
        out.tally.records += 1;
        out.tally.other(m.name());
        if let Message::Init { component, .. } = m {
            self.entries.set_component(Some(component));
            self.init = Some(m);
        }
    }

    fn explain(&mut self, view: &[u8], open: bool, place: Place, out: &mut Finds<'_>) -> Step {
        let at = place.at;
        if self.learn {
            self.look_ahead(view, open);
            if let Some(len) = self.headers.at(view) {
                self.header(&view[..len], place, out);
                return Step::To(at + len);
            }
            if let Some(cut) = self.known_cut(view, place.offset, open) {
                self.rejoin(view, &cut, place, out);
                return Step::To(at + cut.end());
            }
        }
        let mark = |x: usize| Message::parse(&view[x..]).is_ok();
        let end = match resync::seek(view, 1, SCAN, open, mark) {
            Next::Entry(hit) => hit.at,
            Next::Mark(x) => x,
            Next::Nothing if open => {
                // Something may start at the next position to be judged.
                let end = SCAN.min(view.len());
                self.skipped.add(place.offset, end, out);
                return Step::To(at + end);
            }
            Next::Nothing if self.tail(view, place, out) => return Step::To(at + view.len()),
            Next::Nothing => view.len(),
        };
        let end = self.cut_before(view, end, place.offset, open);
        if let Some(cut) = self.new_cut(&view[..end], place.offset) {
            self.rejoin(view, &cut, place, out);
            return Step::To(at + end);
        }
        let mut bytes = &view[..end];
        if self.learn && end <= headers::MAX && self.is_header(bytes, place.offset) {
            self.header(bytes, place, out);
            return Step::To(at + end);
        }
        if self.learn {
            let known = self.headers.lengths().find(|h| *h < end && self.headers.is_like(&bytes[end - h..]));
            bytes = &bytes[..end - known.unwrap_or(0)];
        }
        bytes = &bytes[..resync::own_end(bytes, bytes.len()).unwrap_or(bytes.len())];
        bytes = &bytes[..resync::without_unused(bytes)];
        if scan::prefix(bytes).is_none() {
            self.headers.suspect(bytes);
        }
        resync::broken(bytes, place, &mut self.entries, &mut self.skipped, out);
        Step::To(at + bytes.len())
    }

    /// Learns the header from the boundaries ahead as long as nothing is known for certain: the
    /// first one of the file may be missing or damaged.
    fn look_ahead(&mut self, view: &[u8], open: bool) {
        if self.tries < TRIES && !self.headers.are_certain() {
            self.tries += 1;
            if let Some(header) = learn::look_ahead(view, open) {
                self.headers.suspect(&header);
            }
        }
    }

    /// True for bytes in front of an entry that are like a header seen before, or that start the
    /// file and are no damaged entry when the boundaries ahead say nothing else.
    fn is_header(&self, bytes: &[u8], offset: u64) -> bool {
        if self.headers.is_like(bytes) {
            return true;
        }
        offset == 0 && scan::prefix(bytes).is_none() && self.headers.lengths().next().is_none()
    }

    fn header(&mut self, bytes: &[u8], place: Place, out: &mut Finds<'_>) {
        self.skipped.end(out);
        out.tally.record_bytes += bytes.len() as u64;
        self.headers.note(bytes, place.offset, out);
        self.entries.set_component(self.headers.component());
    }

    /// An entry at the start of `view` that record boundaries cut, with headers of known length
    /// inside it.
    fn known_cut(&self, view: &[u8], offset: u64, open: bool) -> Option<Cut> {
        let ends = |len: usize, gaps: usize| {
            let end = len + gaps;
            if be16(view, end - TRAILER) != len {
                return false;
            }
            let next = &view[end.min(view.len())..];
            (next.is_empty() && !open)
                || next.starts_with(&[0, 0])
                || scan::prefix(next).is_some()
                || self.headers.at(next).is_some()
        };
        if let Some(p) = scan::prefix(view) {
            let one = self
                .headers
                .lengths()
                .find(|gap| ends(p.len, *gap))
                .and_then(|gap| self.cut_once(view.get(..p.len + gap)?, gap, offset));
            let several = || {
                let tries = (2..=MAX_GAPS).flat_map(|n| self.headers.lengths().map(move |gap| (n, gap)));
                tries.filter(|(n, gap)| ends(p.len, n * gap)).find_map(|(n, gap)| {
                    let bytes = view.get(..p.len + n * gap)?;
                    let at = self.search(offset, || self.headers.locate_all(bytes, gap, n, offset))?;
                    Some(Cut { len: p.len, gap, at })
                })
            };
            return one.or_else(several);
        }
        // The boundary may cut what an entry is told by.
        self.headers.lengths().find_map(|gap| {
            (1..scan::PREFIX).find_map(|at| {
                let (start, rest) = view.split_at_checked(at)?;
                let (header, rest) = rest.split_at_checked(gap)?;
                let mut whole = [0; scan::PREFIX];
                let n = (scan::PREFIX - at).min(rest.len());
                whole[..at].copy_from_slice(start);
                whole[at..at + n].copy_from_slice(&rest[..n]);
                let len = scan::prefix(&whole[..at + n])?.len;
                let fits = len > at && self.headers.is_like(header) && ends(len, gap);
                fits.then(|| Cut { len, gap, at: vec![at] })
            })
        })
    }

    /// An entry that ends with `bytes` but for a header of a length not seen before.
    fn new_cut(&self, bytes: &[u8], offset: u64) -> Option<Cut> {
        let len = scan::prefix(bytes).filter(|_| self.learn)?.len;
        let gap = bytes.len().checked_sub(len)?;
        let fits = (1..=headers::MAX).contains(&gap) && be16(bytes, bytes.len() - TRAILER) == len;
        if fits { self.cut_once(bytes, gap, offset) } else { None }
    }

    /// The entry in `bytes`, which hold one header of `gap` bytes, too.
    fn cut_once(&self, bytes: &[u8], gap: usize, offset: u64) -> Option<Cut> {
        let joint = Joint::new(bytes, gap)?;
        let place = || self.headers.locate(&joint).or_else(|| self.headers.guess(&joint, offset));
        let at = self.search(offset, place)?;
        Some(Cut { len: bytes.len() - gap, gap, at: vec![at] })
    }

    /// What `search` finds in the entry at `offset`; nothing when too many were in vain.
    fn search<T>(&self, offset: u64, search: impl FnOnce() -> Option<T>) -> Option<T> {
        let stretch = offset / SCAN as u64;
        let (reached, in_vain) = self.in_vain.get();
        let in_vain = if stretch > reached { 0 } else { in_vain };
        if in_vain >= MAX_IN_VAIN {
            return None;
        }
        let found = search();
        self.in_vain.set((stretch.max(reached), in_vain + u8::from(found.is_none())));
        found
    }

    /// The first such entry between a break and what was found behind it at `end`.
    fn cut_before(&self, view: &[u8], end: usize, offset: u64, open: bool) -> usize {
        let starts = |x: &usize| {
            be16(view, x + 2) == HEADER
                && self.known_cut(&view[*x..], offset + *x as u64, open).is_some_and(|c| x + c.end() >= end)
        };
        if self.learn { (1..end).find(starts).unwrap_or(end) } else { end }
    }

    /// Takes the entry at the start of `view` without the headers that cut it.
    fn rejoin(&mut self, view: &[u8], cut: &Cut, place: Place, out: &mut Finds<'_>) {
        self.skipped.end(out);
        let mut pieces = Vec::with_capacity(cut.at.len() + 1);
        let mut from = 0;
        for at in &cut.at {
            self.headers.note(&view[*at..at + cut.gap], place.offset + *at as u64, out);
            pieces.push(&view[from..*at]);
            from = at + cut.gap;
        }
        pieces.push(&view[from..cut.end()]);
        self.cut_entries += 1;
        out.tally.record_bytes += cut.end() as u64;
        self.entries.take_joined(pieces.into_iter(), place.offset, out);
        self.entries.set_component(self.headers.component());
    }

    /// The last bytes of the file, in which no entry starts that is whole. False when they are
    /// neither the start of one nor a header.
    fn tail(&mut self, view: &[u8], place: Place, out: &mut Finds<'_>) -> bool {
        let cut = scan::prefix(view).is_some_and(|p| p.len > view.len());
        if cut && resync::own_end(view, view.len()).is_none() {
            self.skipped.end(out);
            out.tally.record_bytes += view.len() as u64;
            self.entries.take_cut(view, place, out);
            return true;
        }
        if self.learn && self.headers.is_like(view) {
            self.header(view, place, out);
            return true;
        }
        false
    }

    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        if let Some(Message::Init { system, component, job, start, max_buffer }) = self.init {
            facts.push(("system", system.to_string()));
            facts.push(("component", component.to_string()));
            facts.push(("stack", job.to_string()));
            facts.push(("stack started", start.to_string()));
            facts.push(("largest buffer", max_buffer.to_string()));
        }
        self.headers.facts(&mut facts);
        if self.cut_entries > 0 {
            facts.push(("cut entries joined", self.cut_entries.to_string()));
        }
        if self.unused > 0 {
            facts.push(("unused buffer bytes", self.unused.to_string()));
        }
        self.entries.facts(&mut facts);
        facts
    }

    /// Notes once that the record boundaries are gone.
    pub(super) fn no_boundaries(out: &mut Finds<'_>) {
        out.anomaly(
            AnomalyKind::LostRecordBoundaries,
            0,
            0,
            "the trace data set was transferred without record descriptor words",
            "everything can be read, but transfer with `quote site rdw` (or terse it first) to be safe",
        );
    }
}
