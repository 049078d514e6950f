//! Symbols to bytes: the history that phrases are copied from, and the records made of it.

use super::Header;

/// The end-of-record mark as the history holds it; bytes are 0..=255.
pub(super) const MARK: u16 = 256;
/// Symbols the history holds.
pub(super) const CAPACITY: usize = 1 << 18;
/// Symbols kept when the history is moved.
pub(super) const KEEP: usize = CAPACITY / 2;
/// Symbols behind the capacity, so that a phrase and a copy wider than it need no check.
pub(super) const SLACK: usize = 4096 + 64;

/// Symbols that one copy of fixed width moves.
const WIDE: usize = 32;

/// Longest record that a record descriptor word of a data set describes, itself left out.
const MAX_RECORD: usize = 32_760 - 4;
/// Data of one segment of a longer one.
const SEGMENT: usize = 32_756 - 4;

/// Symbols that were decoded last. Position 0 is never used: phrases have 0 for "not in here".
#[derive(Debug)]
pub(super) struct History {
    pub(super) buf: Box<[u16]>,
    /// Next free place.
    pub(super) pos: usize,
}

impl History {
    pub(super) fn new() -> Self {
        Self { buf: vec![0; CAPACITY + SLACK].into_boxed_slice(), pos: 1 }
    }

    /// True when a phrase may not fit any more.
    pub(super) fn is_full(&self) -> bool {
        self.pos >= CAPACITY
    }

    /// Moves the last [`KEEP`] symbols to the front.
    pub(super) fn slide(&mut self) {
        self.buf.copy_within(self.pos - KEEP..self.pos, 0);
        self.pos = KEEP;
    }
}

/// Copies `len` symbols that stand before `to` to `to`, its end. Whole pieces are moved, so
/// what follows the text is overwritten.
#[inline(always)]
pub(super) fn copy(buf: &mut [u16], from: usize, to: usize, len: usize) {
    if len > 8 * WIDE {
        buf.copy_within(from..from + len, to);
        return;
    }
    let mut done = 0;
    loop {
        let (f, t) = (from + done, to + done);
        if let Some(Ok(piece)) = buf.get(f..f + WIDE).map(<[u16; WIDE]>::try_from)
            && let Some(d) = buf.get_mut(t..t + WIDE)
        {
            d.copy_from_slice(&piece);
        }
        done += WIDE;
        if done >= len {
            return;
        }
    }
}

/// Makes records of symbols.
#[derive(Debug)]
pub(super) struct Records {
    variable: bool,
    /// Symbols as bytes, from `at` on not in a record yet; marks are zeros.
    bytes: Vec<u8>,
    at: usize,
    /// Where the marks are, from `mark` on not used yet.
    marks: Vec<u32>,
    mark: usize,
    /// Data of a record whose end has not come yet.
    open: Vec<u8>,
    /// True when segments of the open record were written.
    spanned: bool,
    records: u64,
}

impl Records {
    pub(super) fn new(header: &Header) -> Self {
        Self {
            variable: header.variable,
            bytes: Vec::new(),
            at: 0,
            marks: Vec::new(),
            mark: 0,
            open: Vec::new(),
            spanned: false,
            records: 0,
        }
    }

    /// Variable records finished so far.
    pub(super) fn count(&self) -> u64 {
        self.records
    }

    /// Takes symbols; those taken before must have been made into records.
    pub(super) fn load(&mut self, symbols: &[u16]) {
        self.marks.clear();
        (self.at, self.mark) = (0, 0);
        self.bytes.resize(symbols.len(), 0);
        let (bytes, rest) = self.bytes.as_chunks_mut::<32>();
        let (chunks, more) = symbols.as_chunks::<32>();
        for (i, (b, c)) in bytes.iter_mut().zip(chunks).enumerate() {
            let mut any = 0;
            for (b, &s) in b.iter_mut().zip(c) {
                *b = s as u8;
                any |= s;
            }
            if any > 255 {
                let mut bits = c.iter().enumerate().fold(0u32, |m, (i, &s)| m | u32::from(s >> 8) << i);
                while bits != 0 {
                    self.marks.push(i as u32 * 32 + bits.trailing_zeros());
                    bits &= bits - 1;
                }
            }
        }
        let base = chunks.len() * 32;
        for (i, (b, &s)) in rest.iter_mut().zip(more).enumerate() {
            *b = s as u8;
            if s == MARK {
                self.marks.push((base + i) as u32);
            }
        }
    }

    /// Appends bytes until `out` holds `limit` or more; true when everything loaded is used.
    /// Variable records go out whole, so that up to one more may be there.
    pub(super) fn push(&mut self, out: &mut Vec<u8>, limit: usize) -> bool {
        while self.at < self.bytes.len() {
            if out.len() >= limit {
                return false;
            }
            let mark = self.marks.get(self.mark).map(|&m| m as usize);
            let mut end = mark.unwrap_or(self.bytes.len());
            if !self.variable {
                end = end.min(self.at.saturating_add(limit - out.len()));
                out.extend_from_slice(&self.bytes[self.at..end]);
            } else if mark.is_some() && self.open.is_empty() && !self.spanned && end - self.at <= MAX_RECORD {
                out.extend_from_slice(&rdw(end - self.at, 0));
                out.extend_from_slice(&self.bytes[self.at..end]);
                self.records += 1;
            } else {
                self.open.extend_from_slice(&self.bytes[self.at..end]);
                self.close(mark.is_some(), out);
            }
            // Marks mean nothing between fixed records.
            let ended = mark == Some(end);
            self.at = end + usize::from(ended);
            self.mark += usize::from(ended);
        }
        true
    }

    /// Writes the record whose end mark never came.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.open.is_empty() || self.spanned {
            self.close(true, out);
        }
    }

    /// Writes the open record when it ended, or segments of it when it is too long for one word.
    fn close(&mut self, ended: bool, out: &mut Vec<u8>) {
        if self.open.len() > MAX_RECORD || self.spanned {
            let keep = if ended { 0 } else { 1 };
            let mut at = 0;
            while self.open.len() - at > SEGMENT + keep {
                out.extend_from_slice(&rdw(SEGMENT, if self.spanned { 3 } else { 1 }));
                out.extend_from_slice(&self.open[at..at + SEGMENT]);
                (at, self.spanned) = (at + SEGMENT, true);
            }
            self.open.drain(..at);
        }
        if ended {
            out.extend_from_slice(&rdw(self.open.len(), if self.spanned { 2 } else { 0 }));
            out.append(&mut self.open);
            self.spanned = false;
            self.records += 1;
        }
    }
}

/// Record or segment descriptor word for `len` bytes of data.
fn rdw(len: usize, segment: u8) -> [u8; 4] {
    let [hi, lo] = ((len + 4) as u16).to_be_bytes();
    [hi, lo, segment, 0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terse::Method;

    fn variable() -> Records {
        Records::new(&Header::host(Method::Pack, true, 80))
    }

    #[test]
    fn marks_end_variable_records() {
        let mut r = variable();
        let mut out = Vec::new();
        r.load(&[0xC8, 0xC9, MARK, MARK, 0xC1]);
        assert!(r.push(&mut out, 1000));
        assert_eq!(out, [0, 6, 0, 0, 0xC8, 0xC9, 0, 4, 0, 0]);
        r.finish(&mut out);
        assert_eq!(out[10..], [0, 5, 0, 0, 0xC1]);
        assert_eq!(r.count(), 3);
    }

    #[test]
    fn marks_are_nothing_between_fixed_records() {
        let mut r = Records::new(&Header::host(Method::Pack, false, 80));
        let mut out = Vec::new();
        r.load(&[1, MARK, 2, 3]);
        assert!(!r.push(&mut out, 2));
        assert_eq!(out, [1, 2]);
        assert!(r.push(&mut out, 9));
        assert_eq!(out, [1, 2, 3]);
    }

    #[test]
    fn a_record_too_long_for_one_word_becomes_segments() {
        let data: Vec<u16> = (0..70_000u32).map(|i| (i % 251) as u16).collect();
        let mut r = variable();
        let mut out = Vec::new();
        r.load(&data);
        assert!(r.push(&mut out, usize::MAX));
        assert!(out.len() < 70_000);
        r.load(&[MARK]);
        assert!(r.push(&mut out, usize::MAX));
        // 32752 + 32752 + 4496 bytes of data: first, middle, last.
        assert_eq!(out[..4], [0x7F, 0xF4, 1, 0]);
        assert_eq!(out[32756..32760], [0x7F, 0xF4, 3, 0]);
        assert_eq!(out[65512..65516], [0x11, 0x94, 2, 0]);
        assert_eq!(out.len(), 70_012);
        let mut back = out[4..32756].to_vec();
        back.extend_from_slice(&out[32760..65512]);
        back.extend_from_slice(&out[65516..]);
        assert!(back.iter().zip(&data).all(|(a, b)| u16::from(*a) == *b));
    }
}
