//! What stands in front of the entries of a record and is no entry: the external writer's
//! header. Its layout is not published, so its length is learnt from where entries turn up,
//! a sample is kept for the report, and a component name is looked for in it.

use formats::ctrace::writer::{self, WriterHeader};
use formats::ctrace::{Component, Name, scan};
use memchr::memmem;

use super::joint::{Fit, Joint};
use crate::source::frame::{AnomalyKind, Finds};

/// The longest header that is believed.
pub(super) const MAX: usize = 512;
/// Different lengths that are remembered.
const KNOWN: usize = 8;
/// EBCDIC `SYSTCP`: how the component names of interest begin.
const SYSTCP: [u8; 6] = [0xE2, 0xE8, 0xE2, 0xE3, 0xC3, 0xD7];

#[derive(Debug)]
struct Known {
    len: usize,
    /// 0 for bytes that would be a header if they came again.
    count: u64,
    sample: Vec<u8>,
}

/// The headers seen so far, the one seen last first.
#[derive(Debug, Default)]
pub(super) struct Headers {
    known: Vec<Known>,
    component_at: Option<usize>,
    component: Option<Component>,
    ours: Option<WriterHeader>,
    buffers: u64,
    lost_buffers: u64,
    /// Where the last header was, and how far apart the last ones were when twice the same.
    last_at: Option<u64>,
    distance: u64,
    spacing: Option<u64>,
    /// Records that went on without any header.
    pub bare: u64,
}

impl Headers {
    /// Lengths to try, the likeliest first.
    pub(super) fn lengths(&self) -> impl Iterator<Item = usize> + '_ {
        self.known.iter().map(|k| k.len)
    }

    /// The length to try at position `i`.
    pub(super) fn length(&self, i: usize) -> Option<usize> {
        self.known.get(i).map(|k| k.len)
    }

    /// The component that the last header named.
    pub(super) const fn component(&self) -> Option<Component> {
        self.component
    }

    /// Remembers a header.
    pub(super) fn note(&mut self, header: &[u8], offset: u64, out: &mut Finds<'_>) {
        if header.is_empty() {
            self.bare += 1;
            return;
        }
        self.buffers += 1;
        let distance = self.last_at.map_or(0, |at| offset.saturating_sub(at));
        if distance > 0 && distance == self.distance {
            self.spacing = Some(distance);
        }
        (self.last_at, self.distance) = (Some(offset), distance);
        if let Ok(h) = WriterHeader::parse(header) {
            self.note_ours(h, offset, out);
        } else {
            if self.component_at.is_none() {
                self.component_at = memmem::find(header, &SYSTCP);
            }
            let named = self.component_at.and_then(|at| Name::<8>::from_bytes(header.get(at..)?));
            if let Some(n) = named.filter(Name::is_plausible) {
                self.component = Some(Component(n));
            }
        }
        self.remember(header, 1);
    }

    /// Remembers bytes that stood where a header could be: if such bytes come again, they are
    /// one.
    pub(super) fn suspect(&mut self, bytes: &[u8]) {
        // A header is what an entry follows: the last bytes of a longer stretch.
        let bytes = &bytes[bytes.len().saturating_sub(MAX)..];
        if bytes.len() >= 8 {
            self.remember(bytes, 0);
        }
    }

    fn remember(&mut self, header: &[u8], count: u64) {
        match self.known.iter().position(|k| k.len == header.len()) {
            Some(i) => {
                if self.known[i].count == 0 {
                    self.known[i].sample.copy_from_slice(header);
                }
                self.known[i].count += count;
                self.known[..=i].rotate_right(1);
            }
            None => {
                if self.known.len() == KNOWN {
                    let rarest = (0..KNOWN).min_by_key(|i| self.known[*i].count).unwrap_or(0);
                    self.known.remove(rarest);
                }
                self.known.insert(0, Known { len: header.len(), count, sample: header.to_vec() });
            }
        }
    }

    fn note_ours(&mut self, h: WriterHeader, offset: u64, out: &mut Finds<'_>) {
        if let Some(before) = self.ours {
            let missing = u64::from(h.buffer.saturating_sub(before.buffer)).saturating_sub(1);
            if missing > 0 {
                self.lost_buffers += missing;
                out.anomaly(
                    AnomalyKind::LostRecords,
                    offset,
                    0,
                    format!(
                        "buffer sequence number: {missing} buffers are missing between {} and {}",
                        before.buffer, h.buffer
                    ),
                    "the trace data set is incomplete: transfer all of it, or trace with larger buffers",
                );
            }
        }
        self.component = Some(h.component);
        self.ours = Some(h);
    }

    /// True when `bytes` begin like a header seen before with exactly this length. What changes
    /// from record to record (a sequence number, a time) may differ.
    pub(super) fn is_like(&self, bytes: &[u8]) -> bool {
        self.known.iter().any(|k| k.len == bytes.len() && alike(&k.sample, bytes))
    }

    /// True when `bytes` begin with a header of ours or one like those seen, whatever follows.
    pub(super) fn starts(&self, bytes: &[u8]) -> bool {
        let like = |h: usize| bytes.get(..h).is_some_and(|header| self.is_like(header));
        bytes.starts_with(&writer::MAGIC) || self.lengths().any(like)
    }

    /// Length of the header at the start of `bytes`, if there is one of ours or a known one with
    /// an entry behind it.
    pub(super) fn at(&self, bytes: &[u8]) -> Option<usize> {
        if bytes.starts_with(&writer::MAGIC) && bytes.len() >= writer::LEN {
            return Some(writer::LEN);
        }
        self.lengths().find(|h| {
            let Some((header, behind)) = bytes.split_at_checked(*h) else { return false };
            let starts = behind.is_empty() || behind.starts_with(&[0; 8]) || scan::prefix(behind).is_some();
            starts && self.is_like(header)
        })
    }

    /// True when headers of one length came more than once: what is known is no chance.
    pub(super) fn are_certain(&self) -> bool {
        self.known.iter().any(|k| k.count > 1)
    }

    /// Where the header is that cuts an entry: the place that is most like the sample, if it is
    /// like it at all. The entry must not speak against the place.
    pub(super) fn locate(&self, joint: &Joint<'_>) -> Option<usize> {
        let known = self.known.iter().find(|k| k.len == joint.gap()).or(self.known.first())?;
        locate_like(&known.sample, joint)
    }

    /// Where a header that cuts the entry at `offset` should be as records before it were long,
    /// or where its packet's checksum says: for one that is damaged.
    pub(super) fn guess(&self, joint: &Joint<'_>, offset: u64) -> Option<usize> {
        let known = self.known.iter().any(|k| k.len == joint.gap() && k.count > 0);
        let next = self.spacing.filter(|_| known).and_then(|n| (self.last_at? + n).checked_sub(offset));
        let next = next.map(|n| n as usize).filter(|at| joint.fit(*at) >= Fit::Possible);
        next.or_else(|| joint.proven().filter(|at| known || is_named(joint.window(*at))))
    }

    /// Where `n` headers, each of length `len`, stand inside the entry at `offset`: where the
    /// length of the records before puts them, or where bytes are like them.
    pub(super) fn locate_all(&self, bytes: &[u8], len: usize, n: usize, offset: u64) -> Option<Vec<usize>> {
        let known = self.known.iter().find(|k| k.len == len)?;
        let last = bytes.len().checked_sub(len)?;
        let is_like = |at: &usize| alike(&known.sample, &bytes[*at..]);
        // Headers do not reach into each other.
        if let (Some(spacing), Some(before)) = (self.spacing.filter(|n| *n >= len as u64), self.last_at) {
            let place = |i: u64| (before + spacing * i).checked_sub(offset).map(|at| at as usize);
            let places: Option<Vec<usize>> =
                (1..=n as u64).map(|i| place(i).filter(|at| *at <= last)).collect();
            if let Some(places) = places.filter(|places| places.iter().any(is_like)) {
                return Some(places);
            }
        }
        let mut like: Vec<(usize, usize)> = (scan::PREFIX..=last)
            .filter(is_like)
            .map(|at| (equal(&known.sample, &bytes[at..]), at))
            .collect();
        like.sort_unstable_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        let mut places: Vec<usize> = Vec::with_capacity(n);
        for (_, at) in like {
            if places.len() < n && places.iter().all(|p| p.abs_diff(at) >= len) {
                places.push(at);
            }
        }
        places.sort_unstable();
        (places.len() == n).then_some(places)
    }

    /// What `info` says about the headers.
    pub(super) fn facts(&self, facts: &mut Vec<(&'static str, String)>) {
        if let Some(most) = self.known.iter().filter(|k| k.count > 0).max_by_key(|k| k.count) {
            let hex: String = most.sample.iter().map(|b| format!("{b:02X}")).collect();
            facts.push(("writer header length", most.len.to_string()));
            facts.push(("writer header", hex));
            facts.push(("writer headers", self.buffers.to_string()));
        }
        if let Some(h) = &self.ours {
            facts.push(("writer", "zscope (not the z/OS external writer)".into()));
            facts.push(("system", h.system.to_string()));
            facts.push(("subname", h.subname.to_string()));
        }
        if self.lost_buffers > 0 {
            facts.push(("missing buffers", self.lost_buffers.to_string()));
        }
    }
}

/// Where in an entry the bytes are that are most like `sample`, which may have another length.
pub(super) fn locate_like(sample: &[u8], joint: &Joint<'_>) -> Option<usize> {
    let common = sample.len().min(joint.gap());
    // A sample of another length may have bytes too many or too few at either end.
    let (start, end) = (&sample[..common], &sample[sample.len() - common..]);
    let shift = joint.gap() - common;
    let ends = if sample.len() == joint.gap() { 1 } else { 2 };
    let places = [(start, 0), (end, shift)].into_iter().take(ends).filter_map(|(sample, shift)| {
        let behind = joint.bytes().get(shift..).unwrap_or_default();
        let at = best_place(sample, behind, joint).filter(|at| alike(sample, &behind[*at..]))?;
        // What differs: a byte that is in the wrong place differs as a rule.
        Some((marks(sample) - same(sample, &behind[at..]), at))
    });
    places.min_by_key(|(differ, _)| *differ).map(|(_, at)| at)
}

/// The place at which `bytes`, the entry's from some offset on, are most like the sample.
fn best_place(sample: &[u8], bytes: &[u8], joint: &Joint<'_>) -> Option<usize> {
    let score = |at: usize| {
        let fit = joint.fit(at);
        let here = &bytes[at..];
        (fit >= Fit::Possible, same(sample, here), fit, equal(sample, here))
    };
    // The first bytes are an eye-catcher as a rule; only without one every place is compared.
    let eye = sample.first_chunk::<4>()?;
    let seen = &bytes[..(joint.last() + 4).min(bytes.len())];
    let finder = memmem::Finder::new(eye);
    let marked = eye.iter().all(|b| !matches!(b, 0 | 0x40 | 0xFF));
    let best = finder.find_iter(seen).filter(|_| marked).max_by_key(|at| score(*at));
    if let Some(at) = best.filter(|at| joint.fit(*at) >= Fit::Possible && alike(sample, &bytes[*at..])) {
        return Some(at);
    }
    let last = joint.last().min(bytes.len());
    let counts: Vec<usize> = (0..=last).map(|at| same(sample, &bytes[at..])).collect();
    let most = *counts.iter().max()?;
    // Only the likeliest are worth a look at the entry.
    let likely = (0..=last).filter(|at| counts[*at] * 2 >= most);
    likely.take(4096).max_by_key(|at| score(*at))
}

/// True when a name stands in `bytes`, as it must in a real writer's header: the system's, the
/// component's.
pub(super) fn is_named(bytes: &[u8]) -> bool {
    bytes
        .windows(8)
        .any(|w| Name::<8>::from_bytes(w).is_some_and(|n| n.is_plausible() && n.trimmed().len() >= 3))
}

/// Equal bytes.
fn equal(sample: &[u8], b: &[u8]) -> usize {
    sample.iter().zip(b).filter(|(x, y)| x == y).count()
}

/// Equal bytes, those that are padding in the sample not counted.
fn same(sample: &[u8], b: &[u8]) -> usize {
    sample.iter().zip(b).filter(|(x, y)| x == y && !matches!(x, 0 | 0x40)).count()
}

fn marks(sample: &[u8]) -> usize {
    sample.iter().filter(|x| !matches!(x, 0 | 0x40)).count()
}

/// True when a third of what is no padding is the same (the rest may be numbers and times), or
/// enough of it in a row for a name.
pub(super) fn alike(sample: &[u8], b: &[u8]) -> bool {
    if same(sample, b) >= marks(sample).div_ceil(3).max(4) {
        return true;
    }
    let mut run = 0;
    sample.iter().zip(b).any(|(x, y)| {
        run = if x == y && !matches!(x, 0 | 0x40) { run + 1 } else { 0 };
        run == 8
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ctrace::testing::{Sink, entries, packet};

    #[test]
    fn learns_length_and_component() {
        let mut sink = Sink::default();
        let mut h = Headers::default();
        let mut header = vec![0xAA; 40];
        header[10..16].copy_from_slice(&SYSTCP);
        header[16..18].copy_from_slice(&[0xC9, 0xD7]);
        h.note(&header, 0, &mut sink.finds());
        assert_eq!(h.component(), Some(Component::SYSTCPIP));
        assert_eq!(h.lengths().collect::<Vec<_>>(), [40]);
        header[38] = 7;
        assert!(h.is_like(&header));
        assert!(!h.is_like(&[0x11; 40]));
        let (entry, _) = entries(&[packet(3, 300)]);
        let inside = [&entry[..200], &header, &entry[200..]].concat();
        assert_eq!(h.locate(&Joint::new(&inside, 40).unwrap()), Some(200));
        assert_eq!(h.locate(&Joint::new(&[3; 100], 40).unwrap()), None);
    }

    #[test]
    fn headers_inside_an_entry_do_not_reach_into_each_other() {
        let mut sink = Sink::default();
        let mut h = Headers::default();
        // Short ones thirty bytes apart, and a long one that was seen once.
        for offset in [0, 30, 60] {
            h.note(&[0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8], offset, &mut sink.finds());
        }
        let long: Vec<u8> = (0..100).map(|i| 0x80 | i).collect();
        h.suspect(&long);
        let bytes = [&[1; 60][..], &long, &[1; 60], &long, &[1; 60]].concat();
        assert_eq!(h.locate_all(&bytes, 100, 2, 60), Some(vec![60, 220]));
    }

    #[test]
    fn says_when_buffers_are_missing() {
        let mut sink = Sink::default();
        let mut h = Headers::default();
        for buffer in [1, 2, 2, 5, 1] {
            let bytes = WriterHeader { buffer, ..WriterHeader::default() }.encode();
            h.note(&bytes, 0, &mut sink.finds());
        }
        assert_eq!(sink.batch.anomalies.len(), 1);
        assert!(sink.batch.anomalies[0].detail.contains("2 buffers are missing between 2 and 5"));
    }
}
