//! Blank-padded EBCDIC names of 8 or 16 bytes: interfaces, jobs, systems, components.

use std::fmt;

use crate::ebcdic::CodePage;

/// The code page of names in traces. Those of other code pages agree with it in letters, digits
/// and the signs that z/OS allows in names.
const PAGE: CodePage = CodePage::Ibm1047;

/// The EBCDIC byte of a character, `None` where code page 1047 has none.
#[must_use]
pub fn from_latin1(c: char) -> Option<u8> {
    PAGE.encode_char(c)
}

/// The character of an EBCDIC byte.
#[must_use]
pub fn to_char(b: u8) -> char {
    PAGE.decode_byte(b)
}

/// True for bytes that print as letters, digits or the signs found in z/OS names.
#[must_use]
pub fn is_name_byte(b: u8) -> bool {
    let c = to_char(b);
    c.is_ascii_alphanumeric() || matches!(c, '@' | '#' | '$' | '_' | '-' | '.' | '/' | ':')
}

/// A name field as it was read: EBCDIC, blank-padded, up to 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name<const N: usize>(pub [u8; N]);

impl<const N: usize> Name<N> {
    /// All blanks.
    pub const BLANK: Self = Self([0x40; N]);

    /// The field at the start of `bytes`, `None` when there are fewer.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk::<N>().map(|b| Self(*b))
    }

    /// From text: characters that EBCDIC lacks become `?`, what does not fit is cut off.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut b = [0x40; N];
        for (to, c) in b.iter_mut().zip(text.chars()) {
            *to = from_latin1(c).unwrap_or(0x6F);
        }
        Self(b)
    }

    /// The bytes before the padding (blanks or zeros).
    #[must_use]
    pub fn trimmed(&self) -> &[u8] {
        let end = self.0.iter().rposition(|b| !matches!(b, 0 | 0x40)).map_or(0, |p| p + 1);
        &self.0[..end]
    }

    /// True when there is nothing but padding.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.trimmed().is_empty()
    }

    /// True when every byte up to the padding could be part of a z/OS name, and there is one.
    #[must_use]
    pub fn is_plausible(&self) -> bool {
        let t = self.trimmed();
        !t.is_empty() && t.iter().all(|b| is_name_byte(*b))
    }
}

impl<const N: usize> Default for Name<N> {
    fn default() -> Self {
        Self::BLANK
    }
}

/// The text without its padding; control characters print as `.`.
impl<const N: usize> fmt::Display for Name<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for b in self.trimmed() {
            let c = to_char(*b);
            write!(f, "{}", if c.is_control() { '.' } else { c })?;
        }
        Ok(())
    }
}

impl<const N: usize> fmt::Debug for Name<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({:?})", self.to_string())
    }
}

/// Stretches of printable EBCDIC text in the body of an entry.
#[derive(Debug, Clone)]
pub struct TextRuns<'a> {
    bytes: &'a [u8],
    at: usize,
    min: usize,
}

impl<'a> TextRuns<'a> {
    /// Runs of at least `min` printable characters, in order.
    #[must_use]
    pub const fn new(bytes: &'a [u8], min: usize) -> Self {
        Self { bytes, at: 0, min }
    }
}

impl<'a> Iterator for TextRuns<'a> {
    /// Offset and bytes of the run.
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let printable = |b: &u8| matches!(to_char(*b), ' '..='~');
        loop {
            let rest = &self.bytes[self.at..];
            let start = self.at + rest.iter().position(printable)?;
            let run = &self.bytes[start..];
            let len = run.iter().position(|b| !printable(b)).unwrap_or(run.len());
            self.at = start + len;
            if len >= self.min {
                return Some((start, &run[..len]));
            }
        }
    }
}

/// EBCDIC bytes as text, control characters as `.`.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|b| match to_char(*b) {
            c if c.is_control() => '.',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_worked_examples() {
        let n = Name::<8>([0xD4, 0xE5, 0xE2, 0xF1, 0xF1, 0xF8, 0x40, 0x40]);
        assert_eq!(n.to_string(), "MVS118");
        assert_eq!(Name::<8>::new("MVS118"), n);
        assert!(n.is_plausible());
        assert!(Name::<16>::BLANK.is_blank());
        assert!(!Name::<4>([0xC1, 0x00, 0xC1, 0x40]).is_plausible());
        assert_eq!(Name::<4>::new("a\u{20AC}bcdef").to_string(), "a?bc");
    }

    #[test]
    fn every_byte_has_one_character_and_back() {
        for b in 0..=255_u8 {
            assert_eq!(from_latin1(to_char(b)), Some(b));
        }
        // Where code pages 037 and 1047 differ.
        for (b, c) in [(0x5F, '^'), (0xAD, '['), (0xB0, '¬'), (0xBA, 'Ý'), (0xBB, '¨'), (0xBD, ']')] {
            assert_eq!(to_char(b), c);
        }
    }

    #[test]
    fn finds_text_between_binary() {
        let b = [0, 0xC8, 0xC9, 0x40, 0x5A, 1, 0xC1, 0, 0xC1, 0xC2, 0xC3];
        let runs: Vec<_> = TextRuns::new(&b, 3).map(|(o, r)| (o, text(r))).collect();
        assert_eq!(runs, [(1, "HI !".to_owned()), (8, "ABC".to_owned())]);
    }
}
