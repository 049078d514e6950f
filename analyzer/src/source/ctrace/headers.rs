//! What stands in front of the entries of a record and is no entry: the external writer's
//! header. Its layout is not published, so its length is learnt from where entries turn up,
//! a sample is kept for the report, and a component name is looked for in it.

use formats::ctrace::writer::{self, WriterHeader};
use formats::ctrace::{Component, Name, scan};
use memchr::memmem;

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

    /// Where a header of `len` bytes stands inside `bytes`: the place that is most like the
    /// sample, if it is like it at all.
    pub(super) fn locate(&self, bytes: &[u8], len: usize) -> Option<usize> {
        let known = self.known.iter().find(|k| k.len == len).or(self.known.first())?;
        let last = bytes.len().checked_sub(len)?;
        let common = known.len.min(len);
        // A sample of another length may have bytes too many or too few at either end.
        let (start, end) = (&known.sample[..common], &known.sample[known.len - common..]);
        let shift = len - common;
        let places = [(start, 0), (end, shift)].map(|(sample, shift)| {
            let behind = bytes.get(shift..).unwrap_or_default();
            let at = best_place(sample, behind, last).filter(|at| alike(sample, &behind[*at..]))?;
            // What differs: a byte that is in the wrong place differs as a rule.
            Some((marks(sample) - same(sample, &behind[at..]), at))
        });
        places.into_iter().flatten().min_by_key(|(differ, _)| *differ).map(|(_, at)| at)
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

/// The offset up to `last` at which `bytes` are most like the sample.
fn best_place(sample: &[u8], bytes: &[u8], last: usize) -> Option<usize> {
    let score = |at: usize| same(sample, &bytes[at..]);
    // The first bytes are an eye-catcher as a rule; only without one every place is compared.
    let eye = sample.first_chunk::<4>()?;
    let finder = memmem::Finder::new(eye);
    let seen = &bytes[..(last + 4).min(bytes.len())];
    let best = finder.find_iter(seen).max_by_key(|at| score(*at));
    best.or_else(|| (0..=last.min(bytes.len())).max_by_key(|at| score(*at)))
}

/// Equal bytes, those that are padding in the sample not counted.
fn same(sample: &[u8], b: &[u8]) -> usize {
    sample.iter().zip(b).filter(|(x, y)| x == y && !matches!(x, 0 | 0x40)).count()
}

fn marks(sample: &[u8]) -> usize {
    sample.iter().filter(|x| !matches!(x, 0 | 0x40)).count()
}

/// True when a third of what is no padding is the same: the rest may be numbers and times.
fn alike(sample: &[u8], b: &[u8]) -> bool {
    same(sample, b) >= marks(sample).div_ceil(3).max(4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ctrace::testing::Sink;

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
        let inside = [&[1; 100][..], &header, &[2; 50]].concat();
        assert_eq!(h.locate(&inside, 40), Some(100));
        assert_eq!(h.locate(&[3; 100], 40), None);
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
