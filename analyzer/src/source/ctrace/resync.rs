//! What to do where the chain of entries breaks.
//!
//! Every decision looks at a stretch of fixed length, so that it does not depend on how much of
//! the input happens to be in memory. A break is one of: unused buffer (zeros), the writer's
//! header, an entry with one damaged length, a damaged entry, or bytes that belong to nothing.

use formats::ctrace::cte::{HEADER, TRAILER};
use formats::ctrace::scan::{self, Hit};

use super::entry::{Entries, Place, be16, complete};
use crate::source::frame::{AnomalyKind, Finds, Progress};

/// Positions that one step judges.
pub(super) const SCAN: usize = 1 << 16;
/// Bytes that a step must see: behind the last position it judges an entry and two records fit.
pub(super) const LOOK: usize = 3 * SCAN;

/// What comes first behind a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// An entry.
    Entry(Hit),
    /// Something else that the framing knows: a record descriptor word, a message.
    Mark(usize),
    /// Nothing in the stretch.
    Nothing,
}

/// Looks for what comes first in `from..to` of `view`; `mark` judges a position for the framing.
pub(super) fn seek(view: &[u8], from: usize, to: usize, open: bool, mark: impl Fn(usize) -> bool) -> Next {
    let hit = scan::find(view, from, to, open);
    let end = hit.map_or(to.min(view.len()), |h| h.at);
    match (from..end).find(|at| mark(*at)) {
        Some(at) => Next::Mark(at),
        None => hit.map_or(Next::Nothing, Next::Entry),
    }
}

/// End of the zeros that start at `from`.
pub(super) fn zeros_end(b: &[u8], from: usize) -> usize {
    // Word by word: unused buffer can be long.
    let mut at = from;
    while b.get(at..at + 16).is_some_and(|w| *w == [0; 16]) {
        at += 16;
    }
    at + b[at..].iter().take_while(|x| **x == 0).count()
}

/// Bytes that belong to nothing, collected into one anomaly for each stretch.
#[derive(Debug, Default)]
pub(super) struct Skipped {
    start: u64,
    bytes: u64,
}

impl Skipped {
    /// Adds bytes that follow those added before.
    pub(super) fn add(&mut self, offset: u64, bytes: usize, out: &mut Finds<'_>) {
        if self.bytes == 0 {
            self.start = offset;
        }
        self.bytes += bytes as u64;
        out.tally.skipped_bytes += bytes as u64;
    }

    /// The stretch ends here.
    #[inline]
    pub(super) fn end(&mut self, out: &mut Finds<'_>) {
        if self.bytes > 0 {
            self.report(out);
        }
    }

    #[cold]
    fn report(&mut self, out: &mut Finds<'_>) {
        out.anomaly(
            AnomalyKind::SkippedBytes,
            self.start,
            self.bytes,
            format!("{} bytes between entries belong to no record", self.bytes),
            "the file is damaged here: transfer it again if you can",
        );
        self.bytes = 0;
    }
}

/// Takes `bytes` (at `place`) that reach from a break to what was found behind it: an entry with
/// one damaged field, a damaged entry, or bytes that belong to nothing.
pub(super) fn broken(
    bytes: &[u8],
    place: Place,
    entries: &mut Entries,
    skipped: &mut Skipped,
    out: &mut Finds<'_>,
) {
    let len = bytes.len();
    let off = be16(bytes, 2);
    let inside = len >= HEADER + TRAILER && (HEADER..=len - TRAILER).contains(&off);
    let is_start = inside && off == HEADER && bytes[8] != 0;
    let lenp = be16(bytes, 0);
    let lene = be16(bytes, len.saturating_sub(TRAILER));
    if inside && (lenp == len || (lene == len && is_start)) {
        skipped.end(out);
        let (kind, what) = if lenp == len {
            (AnomalyKind::BadLength, format!("CTELENE {lene} should repeat CTELENP {lenp}"))
        } else {
            (AnomalyKind::BadLength, format!("CTELENP {lenp} should be {len} as CTELENE says"))
        };
        out.anomaly(kind, place.offset, 0, what, "the entry was used with the length that fits");
        out.tally.record_bytes += len as u64;
        entries.take(bytes, place, out);
    } else if is_start || (len > 16 && lene == len) {
        skipped.end(out);
        out.tally.records += 1;
        out.tally.damaged += 1;
        out.tally.record_bytes += len as u64;
        out.anomaly(
            AnomalyKind::TruncatedRecord,
            place.offset,
            len as u64,
            format!("CTE of {lenp} bytes: the next record starts after {len}"),
            "bytes are missing or were changed here: transfer the file again if you can",
        );
    } else {
        skipped.add(place.offset, len, out);
    }
}

/// Bytes that must follow zeros before it can be said where they end.
pub(super) const AHEAD: usize = 1024;

/// Where the unused buffer ends that starts at `at`: what follows may itself begin with zeros,
/// which `starts` can tell.
pub(super) fn unused(b: &[u8], at: usize, eof: bool, starts: impl Fn(usize) -> bool) -> usize {
    let end = zeros_end(b, at);
    if eof && end == b.len() {
        return end;
    }
    if !eof && b.len() - end < AHEAD {
        return end.saturating_sub(64).max(at);
    }
    let first = end.saturating_sub(16).max(at);
    if let Some(start) = (first..end).find(|x| starts(*x)) {
        return start;
    }
    let short = end > at && (complete(&b[end - 1..]).is_some() || scan::prefix(&b[end - 1..]).is_some());
    if short { end - 1 } else { end }
}

/// Where a broken entry at the start of `bytes` ends when unused buffer follows it.
pub(super) fn without_unused(bytes: &[u8]) -> usize {
    let lenp = be16(bytes, 0);
    let fits = (HEADER + TRAILER..bytes.len()).contains(&lenp) && be16(bytes, 2) == HEADER;
    if fits && zeros_end(bytes, lenp) == bytes.len() { lenp } else { bytes.len() }
}

/// Where the entry at the start of `bytes`, one of whose lengths is damaged, ends by the other
/// one. Up to `to`; what follows must look like another entry or be unused.
pub(super) fn own_end(bytes: &[u8], to: usize) -> Option<usize> {
    let to = to.min(bytes.len());
    let says = |end: usize| be16(bytes, end - TRAILER) == end;
    let lenp = be16(bytes, 0);
    if (HEADER + TRAILER..=to).contains(&lenp) && says(lenp) {
        return Some(lenp);
    }
    let follows = |end: usize| match &bytes[end..] {
        [] | [_] | [0, 0, ..] => true,
        [_, _, off @ ..] => off.starts_with(&[0, HEADER as u8]) || off.len() < 2,
    };
    if be16(bytes, 2) != HEADER {
        return None;
    }
    (scan::MIN..=to).find(|end| says(*end) && follows(*end))
}

/// More bytes are needed before anything can be said.
pub(super) const fn more(consumed: usize, need: usize) -> Progress {
    Progress { consumed, need }
}
