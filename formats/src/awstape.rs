//! AWS tape images: a tape's blocks in a file, as Hercules and the P/390 keep them.
//!
//! Every block is preceded by a header of six bytes; a block may be written in several parts.
//!
//! | offset | length | name | meaning |
//! |---|---|---|---|
//! | 0 | 2 | curblkl | length of the data that follows, little-endian |
//! | 2 | 2 | prvblkl | the same of the part before, 0 at the start |
//! | 4 | 1 | flags1 | 80 begins a block, 40 tape mark, 20 ends a block |
//! | 5 | 1 | flags2 | zero |
//!
//! A tape mark has no data. Source: Hercules tape documentation.

use crate::{Cursor, Error, Result};
use std::fmt;

const NAME: &str = "AWS tape";

/// Bits of `flags1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flags(pub u8);

#[allow(missing_docs)]
impl Flags {
    pub const NEW: u8 = 0x80;
    pub const MARK: u8 = 0x40;
    pub const END: u8 = 0x20;

    /// First part of a block.
    #[must_use]
    pub const fn is_new(self) -> bool {
        self.0 & Self::NEW != 0
    }

    /// Tape mark.
    #[must_use]
    pub const fn is_mark(self) -> bool {
        self.0 & Self::MARK != 0
    }

    /// Last part of a block.
    #[must_use]
    pub const fn is_end(self) -> bool {
        self.0 & Self::END != 0
    }
}

/// The header of a part of a block, or of a tape mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Bytes of data that follow.
    pub current: u16,
    /// Bytes of data of the part before.
    pub previous: u16,
    /// What it is.
    pub flags: Flags,
    /// Kept as it is.
    pub flags2: u8,
}

impl Header {
    /// Bytes of a header.
    pub const LEN: usize = 6;

    /// Reads a header.
    ///
    /// # Errors
    /// Short, or a tape mark that has data, or neither a mark nor part of a block.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut c = Cursor::new(NAME, bytes);
        let h = Self {
            current: c.u16_le("curblkl")?,
            previous: c.u16_le("prvblkl")?,
            flags: Flags(c.u8("flags1")?),
            flags2: c.u8("flags2")?,
        };
        if h.flags.is_mark() && h.current != 0 {
            return Err(Error::contradiction(NAME, "flags1", 4, "tape mark with data"));
        }
        if h.flags.0 & !(Flags::NEW | Flags::MARK | Flags::END) != 0 {
            return Err(Error::value(NAME, "flags1", 4, u64::from(h.flags.0)));
        }
        Ok(h)
    }

    /// The header's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; 6] {
        let ([a, b], [c, d]) = (self.current.to_le_bytes(), self.previous.to_le_bytes());
        [a, b, c, d, self.flags.0, self.flags2]
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.flags.is_mark() {
            return f.write_str("tape mark");
        }
        write!(f, "{} bytes", self.current)?;
        match (self.flags.is_new(), self.flags.is_end()) {
            (true, true) => Ok(()),
            (true, false) => f.write_str(", first part"),
            (false, true) => f.write_str(", last part"),
            (false, false) => f.write_str(", middle part"),
        }
    }
}

/// True when `prefix` is the beginning of a tape image: headers that chain to the end of it,
/// three at least unless the tape is shorter.
#[must_use]
pub fn recognise(prefix: &[u8]) -> bool {
    let (mut at, mut previous, mut headers, mut open) = (0, 0, 0, false);
    while at < prefix.len() {
        let h = match Header::parse(&prefix[at..]) {
            Ok(h) => h,
            Err(e) if e.is_short() => break,
            Err(_) => return false,
        };
        // A block begins where none is open and goes on where one is.
        let fits = if h.flags.is_mark() { !open } else { h.current > 0 && h.flags.is_new() != open };
        if h.previous != previous || h.flags2 != 0 || !fits {
            return false;
        }
        open = !h.flags.is_mark() && !h.flags.is_end();
        previous = h.current;
        at += Header::LEN + usize::from(h.current);
        headers += 1;
    }
    headers >= 3 || (headers == 2 && at >= prefix.len())
}

/// Writes a tape image.
#[derive(Debug, Default)]
pub struct Writer {
    previous: u16,
}

impl Writer {
    /// A writer at the start of a tape.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a block, in parts when it is above 65,535 bytes.
    pub fn block(&mut self, data: &[u8], out: &mut Vec<u8>) {
        let parts = data.len().div_ceil(usize::from(u16::MAX));
        for (i, part) in data.chunks(usize::from(u16::MAX)).enumerate() {
            let new = if i == 0 { Flags::NEW } else { 0 };
            let end = if i + 1 == parts { Flags::END } else { 0 };
            self.header(part.len() as u16, new | end, out);
            out.extend_from_slice(part);
        }
    }

    /// Appends a tape mark.
    pub fn mark(&mut self, out: &mut Vec<u8>) {
        self.header(0, Flags::MARK, out);
    }

    fn header(&mut self, current: u16, flags: u8, out: &mut Vec<u8>) {
        let h = Header { current, previous: self.previous, flags: Flags(flags), flags2: 0 };
        out.extend_from_slice(&h.encode());
        self.previous = current;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Two blocks and two marks, written by hand.
    const TAPE: [u8; 31] = [
        3, 0, 0, 0, 0xA0, 0, 0xC1, 0xC2, 0xC3, // 3 bytes
        0, 0, 3, 0, 0x40, 0, // mark
        4, 0, 0, 0, 0xA0, 0, 1, 2, 3, 4, // 4 bytes
        0, 0, 4, 0, 0x40, 0, // mark
    ];

    #[test]
    fn writes_and_recognises() {
        let mut w = Writer::new();
        let mut out = Vec::new();
        w.block(&[0xC1, 0xC2, 0xC3], &mut out);
        w.mark(&mut out);
        w.block(&[1, 2, 3, 4], &mut out);
        w.mark(&mut out);
        assert_eq!(out, TAPE);
        assert!(recognise(&TAPE));
        assert!(recognise(&TAPE[..28]), "cut in the last header");
        assert!(!recognise(&TAPE[..9]), "one header says too little");
    }

    #[test]
    fn a_long_block_is_written_in_parts() {
        let mut out = Vec::new();
        Writer::new().block(&vec![7; 70_000], &mut out);
        let h = Header::parse(&out).unwrap();
        assert_eq!((h.current, h.flags), (65_535, Flags(0x80)));
        let h = Header::parse(&out[6 + 65_535..]).unwrap();
        assert_eq!((h.current, h.previous, h.flags), (4465, 65_535, Flags(0x20)));
        assert_eq!(h.to_string(), "4465 bytes, last part");
        assert!(recognise(&out));
    }

    #[test]
    fn refuses_broken_chains_and_other_files() {
        let mut t = TAPE;
        t[11] = 4;
        assert!(!recognise(&t), "previous length is wrong");
        let mut t = TAPE;
        t[4] = 0xA1;
        assert!(!recognise(&t));
        assert!(!recognise(&[0; 64]));
        assert!(!recognise(&[0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
        for n in 0..6 {
            assert!(Header::parse(&TAPE[..n]).unwrap_err().is_short());
        }
    }

    proptest! {
        #[test]
        fn headers_survive_a_round_trip(b in any::<[u8; 6]>()) {
            if let Ok(h) = Header::parse(&b) {
                prop_assert_eq!(h.encode(), b);
            }
        }

        #[test]
        fn arbitrary_bytes_do_no_harm(b in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = recognise(&b);
        }
    }
}
