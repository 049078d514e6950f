//! Walking a trace data set whose records kept their lengths: with record descriptor words,
//! or as block images with block descriptor words in front.
//!
//! A record holds a header of the external writer and a piece of a trace buffer. Where the
//! header ends is learnt from where entries turn up. A buffer is longer than a record, so an
//! entry can go on in the next record behind another header: it is put together, and the length
//! of that header follows from where the entry's second length is.
//!
//! When descriptor words and entries contradict each other the walk goes on without records
//! ("lost") until a chain of descriptor words with entries in their records is found again.

use formats::ctrace::cte::{HEADER, TRAILER};
use formats::ctrace::{scan, writer};
use formats::rdw::{self, Bdw, Rdw};

use super::Options;
use super::entry::{Entries, Place, be16, complete};
use super::headers::{self, Headers};
use super::resync::{self, LOOK, Next, SCAN, Skipped};
use crate::source::frame::{AnomalyKind, Finds, Progress, Window};

/// Records that one entry may be spread over; more means damage.
const MAX_PIECES: usize = 1024;
/// So many descriptor words that lead to each other are a chain even when entries fill whole
/// records and none starts in these.
const HOPS: usize = 6;
/// The rest of the block is not known: a record was found in the middle of it.
const UNKNOWN: usize = usize::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// A descriptor word comes next.
    Boundary,
    /// Inside a record of which `left` bytes remain; `start` when none of it was looked at.
    Record { left: usize, start: bool },
    /// No record boundaries are known.
    Lost,
}

/// Where a following record's data is, found while an entry is put together.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// Start and length of the data.
    at: usize,
    len: usize,
    /// Bytes of it that the file lacks.
    missing: usize,
    /// Bytes of the block that remain behind the record.
    block_left: usize,
    /// Length of the descriptor words in front.
    words: usize,
}

/// What reading a descriptor word gave.
enum Word {
    Is(Piece),
    /// So many bytes are needed, counted from where the word starts.
    Need(usize),
    /// There is none.
    No,
    /// The file ends.
    End,
}

enum Step {
    To(usize),
    Need(usize),
}

enum Stitch {
    To(usize),
    Need(usize),
    Failed,
    /// What follows the record is no descriptor word.
    NoWord,
}

/// Where the last entry of a damaged record seems to start: one of which the record shows too
/// little to be sure, so that only putting it together can tell. The end when there is none.
fn last_start(record: &[u8]) -> usize {
    let from = record.len().saturating_sub(scan::PREFIX).max(1);
    (from..record.len()).find(|at| be16(record, at + 2) == HEADER).unwrap_or(record.len())
}

/// What the entries say about a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tiled {
    /// They fill it up to its end, or go on in the next record.
    Yes,
    /// The last one goes on somewhere else.
    Cut,
    /// There are none, or damaged ones.
    Unclear,
    /// One goes on behind it as if there were no end.
    No,
}

/// Whether the record in `from..to` holds entries that end where it does; `next` is the data of
/// the following record.
fn tiled(view: &[u8], (from, to): (usize, usize), next: Option<(usize, usize)>) -> Tiled {
    let Some(hit) = scan::find(&view[..to], from, to, true) else { return Tiled::Unclear };
    let mut at = hit.at;
    while let Some(len) = complete(&view[at..]).filter(|_| at < to) {
        at += len;
    }
    let rest = view.get(at..to).unwrap_or_default();
    let goes_on = || {
        let (len, (next, end)) = (scan::prefix(rest)?.len, next?);
        let last = next + len.checked_sub(rest.len() + TRAILER)?;
        let fits = |gap: usize| last + gap + TRAILER <= end && be16(view, last + gap) == len;
        (0..=headers::MAX).any(fits).then_some(())
    };
    if at > to {
        Tiled::No
    } else if resync::zeros_end(rest, 0) == rest.len() || goes_on().is_some() {
        Tiled::Yes
    } else if scan::prefix(rest).is_some_and(|p| p.len > rest.len()) {
        Tiled::Cut
    } else {
        Tiled::Unclear
    }
}

/// A walk along record boundaries.
#[derive(Debug)]
pub(super) struct Vb {
    entries: Entries,
    headers: Headers,
    skipped: Skipped,
    blocks: bool,
    mode: Mode,
    block_left: usize,
    pieces: Vec<Piece>,
    stats: Stats,
}

#[derive(Debug, Default)]
struct Stats {
    records: u64,
    blocks: u64,
    longest_record: usize,
    longest_block: usize,
    across: u64,
    unused: u64,
    bare_joins: u64,
}

impl Vb {
    pub(super) fn new(options: &Options, blocks: bool) -> Self {
        Self {
            entries: Entries::new(options.leap_seconds),
            headers: Headers::default(),
            skipped: Skipped::default(),
            blocks,
            mode: Mode::Boundary,
            block_left: 0,
            pieces: Vec::new(),
            stats: Stats::default(),
        }
    }

    pub(super) fn walk(&mut self, w: Window<'_>, out: &mut Finds<'_>) -> Progress {
        let b = w.bytes;
        let mut at = 0;
        while at < b.len() {
            let step = match self.mode {
                Mode::Boundary => self.boundary(w, at, out),
                Mode::Record { left, start } => {
                    if b.len() - at < left && !w.eof {
                        return resync::more(at, left);
                    }
                    // At the end of the file a record can be shorter than it says.
                    let end = (at + left).min(b.len());
                    self.record(w, at, end, start, out)
                }
                Mode::Lost => self.lost(w, at, out),
            };
            match step {
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

    /// The descriptor words at `at`, and where the record's data is.
    fn word(&self, b: &[u8], at: usize, block_left: usize, eof: bool) -> Word {
        let rest = b.get(at..).unwrap_or_default();
        let starts_block = self.blocks && (block_left == 0 || block_left == UNKNOWN);
        let want = if starts_block { 2 * rdw::LEN } else { rdw::LEN };
        if rest.len() < want {
            return if eof { Word::End } else { Word::Need(want) };
        }
        let mut words = 0;
        let mut room = block_left;
        if starts_block {
            // Both words have the same form: one is a block's when a record's follows that fits.
            let inner = Rdw::parse(&rest[rdw::LEN..]).ok();
            match (Bdw::parse(rest), inner) {
                (Ok(bdw), Some(r)) if usize::from(r.len) <= bdw.data_len() => {
                    words = rdw::LEN;
                    room = bdw.data_len();
                }
                _ if block_left == UNKNOWN => {}
                _ => return Word::No,
            }
        }
        let Ok(r) = Rdw::parse(&rest[words..]) else { return Word::No };
        let len = usize::from(r.len);
        if self.blocks && len > room {
            return Word::No;
        }
        Word::Is(Piece {
            at: at + words + rdw::LEN,
            len: r.data_len(),
            missing: 0,
            block_left: match room {
                _ if !self.blocks => 0,
                UNKNOWN => UNKNOWN,
                _ => room - len,
            },
            words: words + rdw::LEN,
        })
    }

    fn enter(&mut self, p: Piece, b: &[u8], offset: u64, out: &mut Finds<'_>) {
        out.tally.record_bytes += p.words as u64;
        self.stats.records += 1;
        self.stats.longest_record = self.stats.longest_record.max(p.len + rdw::LEN);
        if p.words > rdw::LEN && p.block_left != UNKNOWN {
            self.stats.blocks += 1;
            self.stats.longest_block = self.stats.longest_block.max(p.block_left + p.len + 2 * rdw::LEN);
        }
        self.block_left = p.block_left;
        let missing = p.missing + (p.at + p.len).saturating_sub(b.len());
        if missing > 0 {
            out.anomaly(
                AnomalyKind::TruncatedFile,
                offset,
                missing as u64,
                format!("RDW: {missing} bytes of the last record are not there"),
                "the file was cut short: transfer it again",
            );
        }
    }

    #[inline]
    fn boundary(&mut self, w: Window<'_>, at: usize, out: &mut Finds<'_>) -> Step {
        match self.word(w.bytes, at, self.block_left, w.eof) {
            Word::Need(n) => Step::Need(n),
            Word::Is(p) => {
                if w.bytes.len() < p.at + p.len && !w.eof {
                    return Step::Need(p.words + p.len);
                }
                self.skipped.end(out);
                self.enter(p, w.bytes, w.base + at as u64, out);
                self.mode = Mode::Record { left: p.len, start: true };
                if p.len == 0 {
                    self.mode = Mode::Boundary;
                }
                Step::To(p.at)
            }
            Word::No | Word::End => {
                self.mode = Mode::Lost;
                Step::To(at)
            }
        }
    }

    fn next_record(&mut self) {
        self.mode = Mode::Boundary;
    }

    fn record(&mut self, w: Window<'_>, mut at: usize, end: usize, start: bool, out: &mut Finds<'_>) -> Step {
        let b = w.bytes;
        let from = at;
        if start {
            let len = self.header_len(&b[at..end]);
            out.tally.record_bytes += len as u64;
            self.headers.note(&b[at..at + len], w.base + at as u64, out);
            self.entries.set_component(self.headers.component());
            at += len;
        }
        while let Some(len) = complete(&b[at..end]) {
            self.skipped.end(out);
            let place = Place { at, side: false, offset: w.base + at as u64 };
            self.entries.take(&b[at..at + len], place, out);
            out.tally.record_bytes += len as u64;
            at += len;
        }
        if at == end {
            self.next_record();
            return Step::To(at);
        }
        self.mode = Mode::Record { left: end - at, start: false };
        // What was taken stays taken: the break is looked at from where it is.
        if at > from { Step::To(at) } else { self.record_break(w, at, end, out) }
    }

    /// Length of the header in front of the first entry of a record, 0 when there is none or no
    /// entry at all.
    fn header_len(&self, record: &[u8]) -> usize {
        if record.starts_with(&writer::MAGIC) && record.len() >= writer::LEN {
            return writer::LEN;
        }
        let starts = |h: usize| {
            let rest = record.get(h..).unwrap_or_default();
            complete(rest).is_some() || scan::prefix(rest).is_some_and(|p| p.len > rest.len())
        };
        if let Some(h) = self.headers.lengths().find(|h| starts(*h)) {
            return h;
        }
        if starts(0) {
            return 0;
        }
        match scan::find(record, 0, headers::MAX + 1, true) {
            Some(hit) => hit.at,
            // The unused end of a buffer, or too little to show an entry.
            None => {
                let like = |h: &usize| record.len() >= *h && self.headers.is_like(&record[..*h]);
                self.headers.lengths().find(like).unwrap_or(0)
            }
        }
    }

    /// The chain of entries broke inside a record: unused buffer, an entry that goes on in the
    /// next record, or damage.
    #[cold]
    fn record_break(&mut self, w: Window<'_>, at: usize, end: usize, out: &mut Finds<'_>) -> Step {
        let b = w.bytes;
        let rest = &b[at..end];
        let place = Place { at, side: false, offset: w.base + at as u64 };
        let lenp = be16(rest, 0);
        if rest.len() >= TRAILER && lenp == 0 && be16(rest, 2) != HEADER {
            let zeros = resync::zeros_end(&b[..end], at) - at;
            // The first byte of a short entry's length is zero too.
            let short = zeros < rest.len() && scan::prefix(&rest[zeros - 1..]).is_some();
            let unused = zeros - usize::from(short);
            self.skipped.end(out);
            self.stats.unused += unused as u64;
            out.tally.record_bytes += unused as u64;
            if at + unused == end {
                self.next_record();
            } else {
                self.mode = Mode::Record { left: end - at - unused, start: false };
            }
            return Step::To(at + unused);
        }
        if rest.len() < TRAILER || lenp > rest.len() {
            match self.stitch(w, at, end, out) {
                Stitch::To(next) => return Step::To(next),
                Stitch::Need(n) => return Step::Need(n),
                // An entry that goes on as if there were no end: the descriptor word is wrong.
                Stitch::Failed if scan::entry(&b[at..]).is_some() => {
                    self.mode = Mode::Lost;
                    return Step::To(at);
                }
                Stitch::Failed => {}
                Stitch::NoWord => {
                    self.mode = Mode::Lost;
                    return Step::To(at);
                }
            }
        }
        if rest.len() == 1 && rest[0] == 0 {
            self.stats.unused += 1;
            out.tally.record_bytes += 1;
            self.next_record();
            return Step::To(end);
        }
        if !w.eof && b.len() - at < LOOK {
            return Step::Need(LOOK);
        }
        let view = &b[at..b.len().min(at + LOOK)];
        let open = !(w.eof && b.len() - at <= LOOK);
        // Inside the record, unless it is not as long as its descriptor word says.
        let inside = end - at;
        let next = match resync::seek(rest, 1, inside, true, |x| self.is_chain(view, x, open)) {
            Next::Mark(x) => {
                self.block_left = UNKNOWN;
                self.next_record();
                x
            }
            found => {
                let next = match found {
                    Next::Entry(hit) => hit.at,
                    _ => last_start(rest),
                };
                let next = resync::own_end(rest, next).unwrap_or(next);
                self.mode = Mode::Record { left: inside - next, start: false };
                next
            }
        };
        if next == inside {
            self.next_record();
        }
        let used = resync::without_unused(&view[..next]);
        self.stats.unused += (next - used) as u64;
        out.tally.record_bytes += (next - used) as u64;
        resync::broken(&view[..used], place, &mut self.entries, &mut self.skipped, out);
        Step::To(at + next)
    }

    /// Puts an entry together that starts at `at` and goes on behind `end`, the end of its
    /// record.
    #[cold]
    fn stitch(&mut self, w: Window<'_>, at: usize, end: usize, out: &mut Finds<'_>) -> Stitch {
        self.pieces.clear();
        // Lengths of headers seen before need no further proof than the entry's second length;
        // others must be followed by an entry as well.
        let mut i = 0;
        while let Some(gap) = self.headers.length(i) {
            match self.try_gap(w, at, end, gap, 0, out) {
                Stitch::Failed => {}
                other => return other,
            }
            i += 1;
        }
        let proof = u8::from(self.stats.bare_joins == 0);
        let most = match self.piece(w, at, end, 0) {
            Ok(p) => headers::MAX.min(p.len),
            Err(Stitch::Failed) => 0,
            Err(other) => return other,
        };
        for (gaps, proof) in [(0..=0, proof), (1..=most, 2), (0..=most, 1), (0..=0, 0)] {
            for gap in gaps {
                match self.try_gap(w, at, end, gap, proof, out) {
                    Stitch::Failed => {}
                    other => return other,
                }
            }
        }
        let ends = w.eof && self.pieces.last().map_or(end, |p| p.at + p.len) >= w.bytes.len();
        // A length that reaches behind the end may be damaged: entries would follow then.
        let others = || scan::find(&w.bytes[at..], 1, SCAN, true).is_some();
        // An entry that is whole when the record's end is ignored: the descriptor word is wrong.
        let whole = scan::entry(&w.bytes[at..]).is_some();
        if ends && !whole && resync::own_end(&w.bytes[at..end], end - at).is_none() && !others() {
            return self.stitch_cut(w, at, end, out);
        }
        Stitch::Failed
    }

    /// The record that follows piece `i - 1` of the entry being put together.
    fn piece(&mut self, w: Window<'_>, at: usize, end: usize, i: usize) -> Result<Piece, Stitch> {
        if let Some(p) = self.pieces.get(i) {
            return Ok(*p);
        }
        let (from, block_left) = match self.pieces.last() {
            Some(p) => (p.at + p.len, p.block_left),
            None => (end, self.block_left),
        };
        if i >= MAX_PIECES {
            return Err(Stitch::Failed);
        }
        match self.word(w.bytes, from, block_left, w.eof) {
            Word::Is(p) => {
                if p.at + p.len > w.bytes.len() && !w.eof {
                    return Err(Stitch::Need(p.at + p.len - at));
                }
                let mut p = p;
                let there = p.len.min(w.bytes.len().saturating_sub(p.at));
                p.missing = p.len - there;
                p.len = there;
                self.pieces.push(p);
                Ok(p)
            }
            Word::Need(n) => Err(Stitch::Need(from + n - at)),
            Word::No if i == 0 => Err(Stitch::NoWord),
            Word::No | Word::End => Err(Stitch::Failed),
        }
    }

    /// Tries a header of `gap` bytes in the following records. `proof` is what must follow the
    /// entry: 0 nothing, 1 nothing that contradicts it, 2 another entry.
    fn try_gap(
        &mut self,
        w: Window<'_>,
        at: usize,
        end: usize,
        gap: usize,
        proof: u8,
        out: &mut Finds<'_>,
    ) -> Stitch {
        let b = w.bytes;
        // CTELENP and CTEOFF, which the record boundary may cut as well.
        let mut start = [0; 4];
        let here = (end - at).min(4);
        start[..here].copy_from_slice(&b[at..at + here]);
        if here < 4 {
            let first = match self.piece(w, at, end, 0) {
                Ok(p) => p,
                Err(e) => return e,
            };
            let from = first.at + gap.min(first.len);
            let Some(rest) = b.get(from..from + 4 - here).filter(|_| gap + 4 - here <= first.len) else {
                return Stitch::Failed;
            };
            start[here..].copy_from_slice(rest);
        }
        let (len, off) = (be16(&start, 0), be16(&start, 2));
        if len < scan::MIN || len <= end - at || off < HEADER || off > len {
            return Stitch::Failed;
        }
        let mut missing = len - (end - at);
        // The last two bytes taken, to be compared with the length.
        let mut tail = [*b.get(end.wrapping_sub(2)).unwrap_or(&0), b[end - 1]];
        let mut i = 0;
        let last = loop {
            let p = match self.piece(w, at, end, i) {
                Ok(p) => p,
                Err(e) => return e,
            };
            let take = missing.min(p.len.saturating_sub(gap));
            match &b[p.at + gap.min(p.len)..][..take] {
                [] => {}
                [one] => tail = [tail[1], *one],
                [.., x, y] => tail = [*x, *y],
            }
            missing -= take;
            if missing == 0 {
                break (p, gap + take);
            }
            i += 1;
        };
        let (p, used) = last;
        if usize::from(u16::from_be_bytes(tail)) != len {
            return Stitch::Failed;
        }
        let behind = &b[p.at + used..p.at + p.len];
        let fine = match proof {
            0 => true,
            1 => {
                behind.len() < HEADER
                    || behind.starts_with(&[0, 0])
                    || complete(behind).is_some()
                    || scan::prefix(behind).is_some()
            }
            _ => complete(behind).is_some() || scan::prefix(behind).is_some(),
        };
        if !fine {
            return Stitch::Failed;
        }
        self.joined(w, at, end, gap, i, used, out);
        Stitch::To(p.at + used)
    }

    /// Takes the entry in `at..end` and `pieces[..=last]`, of the last one up to `used`.
    #[allow(clippy::too_many_arguments)]
    fn joined(
        &mut self,
        w: Window<'_>,
        at: usize,
        end: usize,
        gap: usize,
        last: usize,
        used: usize,
        out: &mut Finds<'_>,
    ) {
        let b = w.bytes;
        let pieces = std::mem::take(&mut self.pieces);
        self.skipped.end(out);
        self.stats.across += 1;
        if gap == 0 {
            self.stats.bare_joins += 1;
        }
        let data = pieces[..=last].iter().enumerate().map(|(i, p)| {
            let stop = if i == last { used } else { p.len };
            &b[p.at + gap.min(stop)..p.at + stop]
        });
        out.tally.record_bytes += (end - at) as u64;
        self.entries.take_joined(std::iter::once(&b[at..end]).chain(data), w.base + at as u64, out);
        for (i, p) in pieces[..=last].iter().enumerate() {
            self.enter(*p, b, w.base + (p.at - p.words) as u64, out);
            let stop = if i == last { used } else { p.len };
            out.tally.record_bytes += stop as u64;
            self.headers.note(&b[p.at..p.at + gap.min(stop)], w.base + p.at as u64, out);
        }
        self.entries.set_component(self.headers.component());
        if let Some(p) = pieces.get(last) {
            self.block_left = p.block_left;
            self.mode = match p.len - used {
                0 => Mode::Boundary,
                left => Mode::Record { left, start: false },
            };
        }
        self.pieces = pieces;
    }

    /// The file ends inside an entry: takes what is there of it.
    fn stitch_cut(&mut self, w: Window<'_>, at: usize, end: usize, out: &mut Finds<'_>) -> Stitch {
        if scan::prefix(&w.bytes[at..end]).is_none() {
            return Stitch::Failed;
        }
        let total = be16(w.bytes, at);
        let gap = self.headers.length(0).unwrap_or(0);
        let Some(last) = self.pieces.len().checked_sub(1) else {
            self.skipped.end(out);
            out.tally.record_bytes += (end - at) as u64;
            let place = Place { at, side: false, offset: w.base + at as u64 };
            self.entries.take_cut(&w.bytes[at..end], place, out);
            self.next_record();
            return Stitch::To(end);
        };
        let have: usize = self.pieces.iter().map(|p| p.len.saturating_sub(gap)).sum();
        if have + (end - at) >= total {
            return Stitch::Failed;
        }
        let p = self.pieces[last];
        self.joined(w, at, end, gap, last, p.len, out);
        Stitch::To(p.at + p.len)
    }

    /// True when a chain of records starts at `x` of `view`: descriptor words that lead to each
    /// other, or to the end, with an entry in at least one record.
    fn is_chain(&self, view: &[u8], x: usize, open: bool) -> bool {
        self.chain(view, x, open, UNKNOWN, 2, false)
    }

    /// At least `whole` records must be complete, unless the bytes end with one; with
    /// `must_show` even a long chain must have an entry.
    fn chain(
        &self,
        view: &[u8],
        x: usize,
        open: bool,
        mut block_left: usize,
        whole: usize,
        must_show: bool,
    ) -> bool {
        // Cheap: the second halfword of a descriptor word is (almost) zero.
        if view.get(x + 3) != Some(&0) || view.get(x + 2).is_none_or(|f| *f > 3) {
            return false;
        }
        let mut found = [(0, 0); HOPS];
        let mut hops = 0;
        let mut at = x;
        while hops < HOPS && (open || at != view.len()) {
            let Word::Is(p) = self.word(view, at, block_left, true) else { break };
            if p.len == 0 {
                return false;
            }
            found[hops] = (p.at, view.len().min(p.at + p.len));
            if p.at + p.len > view.len() {
                // Only so much is shown of this record.
                if hops < whole && !self.headers.starts(&view[p.at..]) {
                    return false;
                }
                hops += 1;
                break;
            }
            hops += 1;
            at = p.at + p.len;
            block_left = p.block_left;
        }
        // The last record of a file that was cut short shows itself by its header.
        if !open && !must_show && hops == 1 && at == x && found[0].1 == view.len() {
            return true;
        }
        // A chain that breaks must have been long; one that reaches the end may be short.
        let ends = !open && at == view.len();
        let shown = ends || hops > 0 && found[hops - 1].1 == view.len();
        if hops == 0 || (hops < 3 && !shown) || (must_show && (hops < whole || !(shown || hops == HOPS))) {
            return false;
        }
        let (mut clean, mut cut) = (0, 0);
        for (i, record) in found[..hops].iter().enumerate() {
            match tiled(view, *record, found[..hops].get(i + 1).copied()) {
                Tiled::Yes => clean += 1,
                Tiled::Cut => cut += 1,
                Tiled::Unclear => {}
                Tiled::No => return false,
            }
        }
        // Few chains end exactly where the bytes do, or go on for long, by chance.
        let long = ends || hops == HOPS;
        match whole {
            0 => clean > 0 || (cut > 0 && long),
            _ if must_show => clean >= hops.min(2),
            _ => clean >= if ends { 1 } else { hops.min(2) } || long,
        }
    }

    /// True when a chain of records with entries starts at `at` of a file's first bytes `b`.
    pub(super) fn recognises(&self, b: &[u8], at: usize) -> bool {
        // A record may be longer than what is shown of it.
        self.chain(&b[at..], 0, false, 0, 3 * usize::from(at > 0), true)
    }

    /// True when `b` starts with a record that has a header and an entry, and a record with a
    /// header like it follows, though not where the first one's length says: it was damaged.
    pub(super) fn recognises_damaged(mut self, b: &[u8]) -> bool {
        let Word::Is(p) = self.word(b, 0, 0, true) else { return false };
        let record = &b[p.at..b.len().min(p.at + p.len)];
        let Some(hit) = scan::find(record, 0, headers::MAX + 1, true) else { return false };
        self.headers.suspect(&record[..hit.at]);
        let header = |x: usize| b.get(x..x + hit.at).is_some_and(|h| self.headers.is_like(h));
        let follows = |x: usize| match self.word(b, x, UNKNOWN, true) {
            Word::Is(p) => header(p.at),
            _ => false,
        };
        (p.at + hit.at..b.len()).any(|x| b.get(x + 3) == Some(&0) && follows(x))
    }

    /// Walks without record boundaries until they are found again.
    #[cold]
    fn lost(&mut self, w: Window<'_>, at: usize, out: &mut Finds<'_>) -> Step {
        let b = w.bytes;
        let rest = &b[at..];
        let place = Place { at, side: false, offset: w.base + at as u64 };
        if let Some(len) = complete(rest) {
            self.skipped.end(out);
            self.entries.take(&rest[..len], place, out);
            out.tally.record_bytes += len as u64;
            return Step::To(at + len);
        }
        if !w.eof && rest.len() < LOOK {
            return Step::Need(LOOK);
        }
        let view = &rest[..rest.len().min(LOOK)];
        let open = !(w.eof && rest.len() == view.len());
        if self.is_chain(view, 0, open) {
            self.block_left = UNKNOWN;
            self.mode = Mode::Boundary;
            return Step::To(at);
        }
        if rest.starts_with(&[0, 0]) {
            let end = resync::unused(b, at, w.eof, |x| {
                let v = &b[x..b.len().min(x + LOOK)];
                self.is_chain(v, 0, !(w.eof && b.len() - x <= LOOK))
            });
            if end > at {
                self.skipped.end(out);
                self.stats.unused += (end - at) as u64;
                out.tally.record_bytes += (end - at) as u64;
                return Step::To(end);
            }
        }
        let (end, mark) = match resync::seek(view, 1, SCAN, open, |x| self.is_chain(view, x, open)) {
            Next::Mark(x) => (x, true),
            Next::Entry(hit) => (hit.at, false),
            Next::Nothing if open => {
                let end = SCAN.min(view.len());
                self.skipped.add(place.offset, end, out);
                return Step::To(at + end);
            }
            Next::Nothing => {
                if resync::own_end(view, view.len()).is_none()
                    && scan::prefix(view).is_some_and(|p| p.len > view.len())
                {
                    self.skipped.end(out);
                    out.tally.record_bytes += view.len() as u64;
                    self.entries.take_cut(view, place, out);
                    return Step::To(b.len());
                }
                (view.len(), false)
            }
        };
        if mark {
            // What precedes it is the rest of a record: it may hold the start of an entry.
            self.block_left = UNKNOWN;
            self.mode = Mode::Record { left: end, start: false };
            return Step::To(at);
        }
        let end = resync::own_end(view, end).unwrap_or(end);
        let used = resync::without_unused(&view[..end]);
        out.tally.record_bytes += (end - used) as u64;
        resync::broken(&view[..used], place, &mut self.entries, &mut self.skipped, out);
        Step::To(at + end)
    }

    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![
            ("records", self.stats.records.to_string()),
            ("longest record", self.stats.longest_record.to_string()),
        ];
        if self.blocks {
            facts.push(("blocks", self.stats.blocks.to_string()));
            facts.push(("longest block", self.stats.longest_block.to_string()));
        }
        self.headers.facts(&mut facts);
        if self.stats.across > 0 {
            facts.push(("cut entries joined", self.stats.across.to_string()));
        }
        if self.stats.unused > 0 {
            facts.push(("unused buffer bytes", self.stats.unused.to_string()));
        }
        self.entries.facts(&mut facts);
        facts
    }
}
