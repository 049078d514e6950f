//! Searching bytes for a text in several encodings, piece by piece.

use formats::ebcdic::CodePage;
use memchr::memmem::Finder;

/// One way in which the text may be written.
#[derive(Debug, Clone)]
struct Pattern {
    encoding: &'static str,
    finder: Finder<'static>,
    len: usize,
    /// What upper- and lowercase letters are compared as.
    fold: Option<Box<[u8; 256]>>,
}

/// What is searched for.
#[derive(Debug, Clone)]
pub struct Search {
    patterns: Vec<Pattern>,
    longest: usize,
    scratch: Vec<u8>,
}

/// The same letter for both cases, by the code page; ASCII without one.
fn folding(page: Option<CodePage>) -> Box<[u8; 256]> {
    let mut table = Box::new([0u8; 256]);
    for b in 0..=255u8 {
        table[usize::from(b)] = match page {
            None => b.to_ascii_lowercase(),
            Some(p) => {
                let mut lower = p.decode_byte(b).to_lowercase();
                let c = lower.next();
                c.filter(|_| lower.next().is_none()).and_then(|c| p.encode_char(c)).unwrap_or(b)
            }
        };
    }
    table
}

impl Search {
    /// Searches for a text in ASCII (UTF-8) and EBCDIC, or for bytes given as `0x…`.
    ///
    /// # Errors
    /// When there is nothing to search for, or the digits are none.
    pub fn new(text: &str, page: CodePage, ignore_case: bool) -> Result<Self, String> {
        let mut patterns = Vec::new();
        let mut add = |encoding, bytes: Vec<u8>, fold: Option<Box<[u8; 256]>>| {
            let bytes: Vec<u8> = match &fold {
                Some(f) => bytes.iter().map(|&b| f[usize::from(b)]).collect(),
                None => bytes,
            };
            let len = bytes.len();
            patterns.push(Pattern { encoding, finder: Finder::new(&bytes).into_owned(), len, fold });
        };
        if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            add("hex", hex(digits)?, None);
        } else {
            let fold = |p| ignore_case.then(|| folding(p));
            add("ascii", text.as_bytes().to_vec(), fold(None));
            let ebcdic: Option<Vec<u8>> = text.chars().map(|c| page.encode_char(c)).collect();
            if let Some(bytes) = ebcdic {
                add("ebcdic", bytes, fold(Some(page)));
            }
        }
        let longest = patterns.iter().map(|p| p.len).max().unwrap_or(0);
        if longest == 0 {
            return Err("nothing to search for".to_owned());
        }
        Ok(Self { patterns, longest, scratch: Vec::new() })
    }

    /// Every place in `bytes`: offset, length and encoding.
    pub fn each(&mut self, bytes: &[u8], mut found: impl FnMut(usize, usize, &'static str)) {
        let Self { patterns, scratch, .. } = self;
        for p in patterns {
            let within = match &p.fold {
                None => bytes,
                Some(f) => {
                    scratch.clear();
                    scratch.extend(bytes.iter().map(|&b| f[usize::from(b)]));
                    &scratch[..]
                }
            };
            for at in p.finder.find_iter(within) {
                found(at, p.len, p.encoding);
            }
        }
    }
}

fn hex(digits: &str) -> Result<Vec<u8>, String> {
    let bad = || format!("0x{digits} is not an even number of hexadecimal digits");
    if !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return Err(bad());
    }
    (0..digits.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&digits[i..i + 2], 16).map_err(|_| bad()))
        .collect()
}

/// A place in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Offset in the direction's bytes, gaps included.
    pub offset: u64,
    /// Packet in which it begins.
    pub packet: u32,
    /// Encoding.
    pub encoding: &'static str,
}

/// How far the search in one direction came. Keeps fewer bytes than what is searched for has.
#[derive(Debug, Default)]
pub struct Progress {
    tail: Vec<u8>,
    /// Where each packet's part of the tail begins, by offset in the stream.
    marks: Vec<(u64, u32)>,
    /// Bytes seen, gaps included.
    pub offset: u64,
}

impl Progress {
    /// Bytes that the trace does not have: nothing reaches across.
    pub fn gap(&mut self, n: u64) {
        self.tail.clear();
        self.marks.clear();
        self.offset += n;
    }

    /// The next bytes of the direction.
    pub fn bytes(&mut self, s: &mut Search, bytes: &[u8], packet: u32, mut found: impl FnMut(Hit)) {
        let keep = s.longest - 1;
        // What begins in the tail and ends here.
        if !self.tail.is_empty() {
            let old = self.tail.len();
            let start = self.offset - old as u64;
            let mut seam = std::mem::take(&mut self.tail);
            seam.extend_from_slice(&bytes[..bytes.len().min(keep)]);
            let marks = &self.marks;
            s.each(&seam, |at, len, encoding| {
                if at < old && at + len > old {
                    let offset = start + at as u64;
                    let packet = marks.iter().rev().find(|m| m.0 <= offset).map_or(packet, |m| m.1);
                    found(Hit { offset, packet, encoding });
                }
            });
            seam.truncate(old);
            self.tail = seam;
        }
        let offset = self.offset;
        s.each(bytes, |at, _, encoding| found(Hit { offset: offset + at as u64, packet, encoding }));
        self.marks.push((self.offset, packet));
        self.offset += bytes.len() as u64;
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(keep)..]);
        let excess = self.tail.len().saturating_sub(keep);
        self.tail.drain(..excess);
        let begin = self.offset - self.tail.len() as u64;
        let first = self.marks.iter().rposition(|m| m.0 <= begin).unwrap_or(0);
        self.marks.drain(..first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(text: &str, ignore: bool, pieces: &[&[u8]]) -> Vec<(u64, u32, &'static str)> {
        let mut s = Search::new(text, CodePage::Ibm037, ignore).unwrap();
        let (mut p, mut all) = (Progress::default(), Vec::new());
        for (i, b) in pieces.iter().enumerate() {
            p.bytes(&mut s, b, i as u32 + 1, |h| all.push((h.offset, h.packet, h.encoding)));
        }
        all
    }

    #[test]
    fn across_pieces_in_both_encodings() {
        assert_eq!(hits("logon", false, &[b"xxlo", b"g", b"on logon"]), [(2, 1, "ascii"), (8, 3, "ascii")]);
        // LOGON in code page 037.
        let ebcdic = [0xD3, 0xD6, 0xC7, 0xD6, 0xD5];
        assert_eq!(hits("LOGON", false, &[&ebcdic[..3], &ebcdic[3..]]), [(0, 1, "ebcdic")]);
        assert_eq!(hits("logon", true, &[&ebcdic, b"LogON"]), [(0, 1, "ebcdic"), (5, 2, "ascii")]);
        assert_eq!(hits("logon", false, &[&ebcdic]), []);
        assert_eq!(hits("0xD3d6", false, &[&[0, 0xD3], &[0xD6]]), [(1, 1, "hex")]);
        assert!(Search::new("0xD", CodePage::Ibm037, false).is_err());
        assert!(Search::new("", CodePage::Ibm037, false).is_err());
    }

    #[test]
    fn every_place_is_found_once_wherever_the_text_is_cut() {
        let text = b"abcabcxabc";
        for cut in 0..=text.len() {
            let got = hits("abc", false, &[&text[..cut], &text[cut..]]);
            assert_eq!(got.iter().map(|h| h.0).collect::<Vec<_>>(), [0, 3, 7], "cut at {cut}");
        }
    }
}
