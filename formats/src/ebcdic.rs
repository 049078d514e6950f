//! EBCDIC code pages, to Unicode and back.
//!
//! IBM-037 is the base; the others are it with a few code points changed (checked against the
//! tables of iconv):
//!
//! | page | changes |
//! |---|---|
//! | 037 | none |
//! | 1047 | 5F ^, AD \[, B0 ¬, BA Ý, BB ¨, BD \] |
//! | 500 | 4A \[, 4F !, 5A \], 5F ^, B0 ¢, BA ¬, BB \| |
//! | 1140 | 9F € |
//!
//! X'15' is U+0085 (next line), X'25' U+000A; z/OS UNIX ends its lines with X'15', so the text
//! functions make a newline of it.

use std::fmt;
use std::str::FromStr;

/// IBM-037, every byte's Unicode value (all below U+0100).
#[rustfmt::skip]
const IBM_037: [u8; 256] = [
    0x00, 0x01, 0x02, 0x03, 0x9C, 0x09, 0x86, 0x7F, 0x97, 0x8D, 0x8E, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F,
    0x10, 0x11, 0x12, 0x13, 0x9D, 0x85, 0x08, 0x87, 0x18, 0x19, 0x92, 0x8F, 0x1C, 0x1D, 0x1E, 0x1F,
    0x80, 0x81, 0x82, 0x83, 0x84, 0x0A, 0x17, 0x1B, 0x88, 0x89, 0x8A, 0x8B, 0x8C, 0x05, 0x06, 0x07,
    0x90, 0x91, 0x16, 0x93, 0x94, 0x95, 0x96, 0x04, 0x98, 0x99, 0x9A, 0x9B, 0x14, 0x15, 0x9E, 0x1A,
    0x20, 0xA0, 0xE2, 0xE4, 0xE0, 0xE1, 0xE3, 0xE5, 0xE7, 0xF1, 0xA2, 0x2E, 0x3C, 0x28, 0x2B, 0x7C,
    0x26, 0xE9, 0xEA, 0xEB, 0xE8, 0xED, 0xEE, 0xEF, 0xEC, 0xDF, 0x21, 0x24, 0x2A, 0x29, 0x3B, 0xAC,
    0x2D, 0x2F, 0xC2, 0xC4, 0xC0, 0xC1, 0xC3, 0xC5, 0xC7, 0xD1, 0xA6, 0x2C, 0x25, 0x5F, 0x3E, 0x3F,
    0xF8, 0xC9, 0xCA, 0xCB, 0xC8, 0xCD, 0xCE, 0xCF, 0xCC, 0x60, 0x3A, 0x23, 0x40, 0x27, 0x3D, 0x22,
    0xD8, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0xAB, 0xBB, 0xF0, 0xFD, 0xFE, 0xB1,
    0xB0, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x70, 0x71, 0x72, 0xAA, 0xBA, 0xE6, 0xB8, 0xC6, 0xA4,
    0xB5, 0x7E, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0xA1, 0xBF, 0xD0, 0xDD, 0xDE, 0xAE,
    0x5E, 0xA3, 0xA5, 0xB7, 0xA9, 0xA7, 0xB6, 0xBC, 0xBD, 0xBE, 0x5B, 0x5D, 0xAF, 0xA8, 0xB4, 0xD7,
    0x7B, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0xAD, 0xF4, 0xF6, 0xF2, 0xF3, 0xF5,
    0x7D, 0x4A, 0x4B, 0x4C, 0x4D, 0x4E, 0x4F, 0x50, 0x51, 0x52, 0xB9, 0xFB, 0xFC, 0xF9, 0xFA, 0xFF,
    0x5C, 0xF7, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0xB2, 0xD4, 0xD6, 0xD2, 0xD3, 0xD5,
    0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0xB3, 0xDB, 0xDC, 0xD9, 0xDA, 0x9F,
];

/// The substitute character, X'3F'.
pub const SUB: u8 = 0x3F;
/// New line, X'15'.
pub const NEL: u8 = 0x15;
/// Blank, X'40'.
pub const BLANK: u8 = 0x40;

/// A code page by its number (CCSID).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CodePage {
    /// USA, Canada: what TSO and dumps mostly use.
    Ibm037,
    /// International.
    Ibm500,
    /// Latin-1 open systems: what z/OS UNIX and C programs use.
    #[default]
    Ibm1047,
    /// 037 with the euro sign.
    Ibm1140,
}

impl CodePage {
    /// Every code page.
    pub const ALL: [Self; 4] = [Self::Ibm037, Self::Ibm500, Self::Ibm1047, Self::Ibm1140];

    /// `IBM-1047` and so on.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ibm037 => "IBM-037",
            Self::Ibm500 => "IBM-500",
            Self::Ibm1047 => "IBM-1047",
            Self::Ibm1140 => "IBM-1140",
        }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Ibm037 => 37,
            Self::Ibm500 => 500,
            Self::Ibm1047 => 1047,
            Self::Ibm1140 => 1140,
        }
    }

    /// The code page of a number.
    #[must_use]
    pub fn from_number(n: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.number() == n)
    }

    /// The character of a byte.
    #[must_use]
    pub fn decode_byte(self, b: u8) -> char {
        let t: &[char; 256] = match self {
            Self::Ibm037 => &DECODE[0],
            Self::Ibm500 => &DECODE[1],
            Self::Ibm1047 => &DECODE[2],
            Self::Ibm1140 => &DECODE[3],
        };
        t[usize::from(b)]
    }

    /// The byte of a character, if the page has it.
    #[must_use]
    pub fn encode_char(self, c: char) -> Option<u8> {
        let t = match self {
            Self::Ibm037 => &ENCODE[0],
            Self::Ibm500 => &ENCODE[1],
            Self::Ibm1047 => &ENCODE[2],
            Self::Ibm1140 => &ENCODE[3],
        };
        let b = if c == '€' { 0x9F } else { *t.get(c as usize)? };
        (self.decode_byte(b) == c).then_some(b)
    }

    /// Appends the characters of `bytes`, controls as they are.
    pub fn decode_into(self, bytes: &[u8], out: &mut String) {
        out.reserve(bytes.len());
        out.extend(bytes.iter().map(|&b| self.decode_byte(b)));
    }

    /// The characters of `bytes`.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> String {
        let mut s = String::new();
        self.decode_into(bytes, &mut s);
        s
    }

    /// Like [`Self::decode_into`] for text: X'15' is a newline.
    pub fn decode_text_into(self, bytes: &[u8], out: &mut String) {
        out.reserve(bytes.len());
        out.extend(bytes.iter().map(|&b| if b == NEL { '\n' } else { self.decode_byte(b) }));
    }

    /// The characters of a name or number field: without trailing blanks and zeros.
    #[must_use]
    pub fn decode_field(self, bytes: &[u8]) -> String {
        let end = bytes.iter().rposition(|&b| b != BLANK && b != 0).map_or(0, |i| i + 1);
        self.decode(&bytes[..end])
    }

    /// Appends the bytes of `text`, [`SUB`] for what the page lacks; returns how many those are.
    pub fn encode(self, text: &str, out: &mut Vec<u8>) -> usize {
        let mut lost = 0;
        out.extend(text.chars().map(|c| {
            self.encode_char(c).unwrap_or_else(|| {
                lost += 1;
                SUB
            })
        }));
        lost
    }

    /// Like [`Self::encode`] for text: a newline becomes X'15'.
    pub fn encode_text(self, text: &str, out: &mut Vec<u8>) -> usize {
        let from = out.len();
        let lost = self.encode(text, out);
        out[from..].iter_mut().filter(|b| **b == 0x25).for_each(|b| *b = NEL);
        lost
    }

    /// The character for a hex dump: `.` for everything that a 3270 in plain English does not
    /// show, so that each takes one column.
    #[must_use]
    pub fn printable(self, b: u8) -> char {
        match self.decode_byte(b) {
            c @ (' '..='~' | '¢' | '¬' | '¦') => c,
            _ => '.',
        }
    }
}

impl fmt::Display for CodePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for CodePage {
    type Err = String;

    /// `IBM-1047`, `IBM1047`, `cp1047` or `1047`.
    fn from_str(s: &str) -> Result<Self, String> {
        let digits = s.trim_start_matches(|c: char| !c.is_ascii_digit());
        digits
            .parse()
            .ok()
            .and_then(Self::from_number)
            .ok_or_else(|| format!("{s} is not one of IBM-037, IBM-500, IBM-1047, IBM-1140"))
    }
}

/// What differs from 037, in the order of [`CodePage::ALL`].
const CHANGES: [&[(u8, char)]; 4] = [
    &[],
    &[(0x4A, '['), (0x4F, '!'), (0x5A, ']'), (0x5F, '^'), (0xB0, '¢'), (0xBA, '¬'), (0xBB, '|')],
    &[(0x5F, '^'), (0xAD, '['), (0xB0, '¬'), (0xBA, 'Ý'), (0xBB, '¨'), (0xBD, ']')],
    &[(0x9F, '€')],
];

static DECODE: [[char; 256]; 4] = [table(0), table(1), table(2), table(3)];
static ENCODE: [[u8; 256]; 4] = [reverse(0), reverse(1), reverse(2), reverse(3)];

const fn table(page: usize) -> [char; 256] {
    let mut t = ['\0'; 256];
    let mut i = 0;
    while i < 256 {
        t[i] = IBM_037[i] as char;
        i += 1;
    }
    let mut i = 0;
    while i < CHANGES[page].len() {
        t[CHANGES[page][i].0 as usize] = CHANGES[page][i].1;
        i += 1;
    }
    t
}

/// Bytes of the characters below U+0100.
const fn reverse(page: usize) -> [u8; 256] {
    let t = table(page);
    let mut r = [SUB; 256];
    let mut i = 0;
    while i < 256 {
        if (t[i] as usize) < 256 {
            r[t[i] as usize] = i as u8;
        }
        i += 1;
    }
    r
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_text() {
        let hello = [0xC8, 0xC5, 0xD3, 0xD3, 0xD6, 0x6B, 0x40, 0xA9, 0x61, 0xD6, 0xE2];
        for p in CodePage::ALL {
            assert_eq!(p.decode(&hello), "HELLO, z/OS");
        }
        assert_eq!(CodePage::Ibm1047.decode(&[0xAD, 0xBD, 0x5F, 0xB0]), "[]^¬");
        assert_eq!(CodePage::Ibm037.decode(&[0xBA, 0xBB, 0xB0, 0x5F]), "[]^¬");
        assert_eq!(CodePage::Ibm500.decode(&[0x4A, 0x5A, 0x5F, 0xBA, 0xBB, 0x4F, 0xB0]), "[]^¬|!¢");
        assert_eq!(CodePage::Ibm1140.decode(&[0x9F]), "€");
        assert_eq!(CodePage::Ibm037.decode(&[0x9F]), "¤");
    }

    #[test]
    fn every_byte_comes_back() {
        for p in CodePage::ALL {
            for b in 0..=255 {
                assert_eq!(p.encode_char(p.decode_byte(b)), Some(b), "{p} {b:02X}");
            }
        }
    }

    #[test]
    fn what_a_page_lacks_is_counted() {
        let mut out = Vec::new();
        assert_eq!(CodePage::Ibm1047.encode("A€Ω", &mut out), 2);
        assert_eq!(out, [0xC1, SUB, SUB]);
        assert_eq!(CodePage::Ibm1140.encode_char('¤'), None);
    }

    #[test]
    fn newlines_and_fields_and_dumps() {
        let mut s = String::new();
        CodePage::Ibm1047.decode_text_into(&[0xC1, 0x15, 0xC2], &mut s);
        assert_eq!(s, "A\nB");
        let mut out = Vec::new();
        CodePage::Ibm1047.encode_text(&s, &mut out);
        assert_eq!(out, [0xC1, 0x15, 0xC2]);
        assert_eq!(CodePage::Ibm037.decode_field(&[0xE3, 0xC3, 0xD7, 0x40, 0x40]), "TCP");
        let line: String = [0xC1, 0x00, 0x15, 0x5F, 0x41, 0xFF, 0x40]
            .map(|b| CodePage::Ibm037.printable(b))
            .iter()
            .collect();
        assert_eq!(line, "A..¬.. ");
    }

    #[test]
    fn names_and_numbers() {
        for p in CodePage::ALL {
            assert_eq!(p.name().parse(), Ok(p));
            assert_eq!(CodePage::from_number(p.number()), Some(p));
        }
        assert_eq!("cp037".parse(), Ok(CodePage::Ibm037));
        assert!("IBM-930".parse::<CodePage>().is_err());
    }

    proptest! {
        #[test]
        fn bytes_survive_a_round_trip(b in proptest::collection::vec(any::<u8>(), 0..200)) {
            for p in CodePage::ALL {
                let mut out = Vec::new();
                prop_assert_eq!(p.encode(&p.decode(&b), &mut out), 0);
                prop_assert_eq!(&out, &b);
            }
        }
    }
}
