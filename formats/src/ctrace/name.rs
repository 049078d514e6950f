//! Blank-padded EBCDIC names of 8 or 16 bytes: interfaces, jobs, systems, components.

use std::fmt;

/// Latin-1 code points of the EBCDIC code page 1047, by byte.
const CP1047: &[u8; 256] = b"\
\x00\x01\x02\x03\x9C\x09\x86\x7F\x97\x8D\x8E\x0B\x0C\x0D\x0E\x0F\
\x10\x11\x12\x13\x9D\x85\x08\x87\x18\x19\x92\x8F\x1C\x1D\x1E\x1F\
\x80\x81\x82\x83\x84\x0A\x17\x1B\x88\x89\x8A\x8B\x8C\x05\x06\x07\
\x90\x91\x16\x93\x94\x95\x96\x04\x98\x99\x9A\x9B\x14\x15\x9E\x1A\
\x20\xA0\xE2\xE4\xE0\xE1\xE3\xE5\xE7\xF1\xA2\x2E\x3C\x28\x2B\x7C\
\x26\xE9\xEA\xEB\xE8\xED\xEE\xEF\xEC\xDF\x21\x24\x2A\x29\x3B\x5E\
\x2D\x2F\xC2\xC4\xC0\xC1\xC3\xC5\xC7\xD1\xA6\x2C\x25\x5F\x3E\x3F\
\xF8\xC9\xCA\xCB\xC8\xCD\xCE\xCF\xCC\x60\x3A\x23\x40\x27\x3D\x22\
\xD8\x61\x62\x63\x64\x65\x66\x67\x68\x69\xAB\xBB\xF0\xFD\xFE\xB1\
\xB0\x6A\x6B\x6C\x6D\x6E\x6F\x70\x71\x72\xAA\xBA\xE6\xB8\xC6\xA4\
\xB5\x7E\x73\x74\x75\x76\x77\x78\x79\x7A\xA1\xBF\xD0\x5B\xDE\xAE\
\xAC\xA3\xA5\xB7\xA9\xA7\xB6\xBC\xBD\xBE\xDD\xA8\xAF\x5D\xB4\xD7\
\x7B\x41\x42\x43\x44\x45\x46\x47\x48\x49\xAD\xF4\xF6\xF2\xF3\xF5\
\x7D\x4A\x4B\x4C\x4D\x4E\x4F\x50\x51\x52\xB9\xFB\xFC\xF9\xFA\xFF\
\x5C\xF7\x53\x54\x55\x56\x57\x58\x59\x5A\xB2\xD4\xD6\xD2\xD3\xD5\
\x30\x31\x32\x33\x34\x35\x36\x37\x38\x39\xB3\xDB\xDC\xD9\xDA\x9F";

/// The EBCDIC byte of a Latin-1 character, `None` where code page 1047 has none.
#[must_use]
pub fn from_latin1(c: char) -> Option<u8> {
    let c = u8::try_from(u32::from(c)).ok()?;
    CP1047.iter().position(|l| *l == c).map(|p| p as u8)
}

/// The character of an EBCDIC byte.
#[must_use]
pub const fn to_char(b: u8) -> char {
    CP1047[b as usize] as char
}

/// True for bytes that print as letters, digits or the signs found in z/OS names.
#[must_use]
pub const fn is_name_byte(b: u8) -> bool {
    let c = CP1047[b as usize];
    c.is_ascii_alphanumeric() || matches!(c, b'@' | b'#' | b'$' | b'_' | b'-' | b'.' | b'/' | b':')
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
        let printable = |b: &u8| matches!(CP1047[*b as usize], 0x20..=0x7E);
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
