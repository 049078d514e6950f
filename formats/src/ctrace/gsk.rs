//! GSKSRVR: the body of a System SSL trace entry, the other half of an AT-TLS problem.
//!
//! | offset | length | field |
//! |---|---|---|
//! | 0 | 8 | job name |
//! | 8 | 4 | process identifier |
//! | 12 | 4 | unknown |
//! | 16 | 4 | thread |
//! | 20 | 4 | type code |
//! | 24 | 4 | unknown |
//! | 28 | | EBCDIC strings, each ended by X'00' |
//!
//! Offsets are from CTEOFF. The entry id is a set of [`Kind`] bits, so its values overlap the
//! packet entry ids. Source: public dissectors of these records.

use std::fmt;

use super::name::{self, Name};
use crate::{Error, Result};

/// Length of the part in front of the text.
pub const HEADER: usize = 28;

/// What an entry reports, from its entry id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kind(pub u32);

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            1 => "ENTRY",
            2 => "EXIT",
            4 => "ERROR",
            8 => "INFO",
            16 => "EBCDIC dump",
            32 => "ASCII dump",
            n => return write!(f, "{n:08X}"),
        })
    }
}

/// The body of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SslEntry<'a> {
    body: &'a [u8],
}

impl<'a> SslEntry<'a> {
    /// From an entry's data. Fails when the part in front of the text is not all there.
    pub fn parse(body: &'a [u8]) -> Result<Self> {
        if body.len() < HEADER {
            return Err(Error::short("GSKSRVR", "header", 0, HEADER, body.len()));
        }
        Ok(Self { body })
    }

    fn word(&self, at: usize) -> u32 {
        self.body[at..].first_chunk().map_or(0, |b| u32::from_be_bytes(*b))
    }

    /// Job name.
    #[must_use]
    pub fn job(&self) -> Name<8> {
        Name::from_bytes(self.body).unwrap_or_default()
    }

    /// Process identifier.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.word(8)
    }

    /// Thread.
    #[must_use]
    pub fn thread(&self) -> u32 {
        self.word(16)
    }

    /// Type code.
    #[must_use]
    pub fn type_code(&self) -> u32 {
        self.word(20)
    }

    /// The strings, in order.
    pub fn strings(&self) -> impl Iterator<Item = String> + 'a {
        self.body[HEADER..].split(|b| *b == 0).filter(|s| !s.is_empty()).map(name::text)
    }
}

impl fmt::Display for SslEntry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} pid {} thread {:08X}", self.job(), self.process(), self.thread())?;
        self.strings().try_for_each(|s| write!(f, " {s}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_where_the_table_says() {
        let mut b: Vec<u8> = (0..28).collect();
        b[..8].copy_from_slice(&[0xC7, 0xE2, 0xD2, 0xE2, 0xD9, 0xE5, 0xD9, 0x40]);
        b.extend([0x87, 0xA2, 0x92, 0, 0, 0x96, 0x92, 0]);
        let e = SslEntry::parse(&b).unwrap();
        assert_eq!(e.job().to_string(), "GSKSRVR");
        assert_eq!(e.process(), 0x0809_0A0B);
        assert_eq!(e.thread(), 0x1011_1213);
        assert_eq!(e.type_code(), 0x1415_1617);
        assert_eq!(e.strings().collect::<Vec<_>>(), ["gsk", "ok"]);
        assert_eq!((Kind(4).to_string(), Kind(3).to_string()), ("ERROR".into(), "00000003".into()));
        for n in 0..HEADER {
            assert!(SslEntry::parse(&b[..n]).unwrap_err().is_short());
        }
    }
}
