//! Text units: the fields of control records.
//!
//! | offset | length | meaning |
//! |---|---|---|
//! | 0 | 2 | key |
//! | 2 | 2 | number of values |
//! | 4 | | each value: length (2), bytes |

use crate::ebcdic::CodePage;
use crate::{Cursor, Result};
use std::fmt;

/// What a text unit says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub u16);

macro_rules! keys {
    ($($value:literal $name:ident $text:literal,)*) => {
        impl Key {
            $(#[doc = $text] pub const $name: Self = Self($value);)*

            /// The key's name, if it is a known one.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(stringify!($name)),)*
                    _ => None,
                }
            }

            /// What it says, if it is a known one.
            #[must_use]
            pub const fn meaning(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

keys! {
    0x0001 INMDDNAM "DD name",
    0x0002 INMDSNAM "data set name",
    0x0003 INMMEMBR "member names",
    0x000B INMSECND "secondary space",
    0x000C INMDIR "directory blocks",
    0x0022 INMEXPDT "expiration date",
    0x0028 INMTERM "message, shown at the terminal",
    0x0030 INMBLKSZ "block size",
    0x003C INMDSORG "data set organization",
    0x0042 INMLRECL "record length",
    0x0049 INMRECFM "record format",
    0x1001 INMTNODE "target node",
    0x1002 INMTUID "target user",
    0x1011 INMFNODE "origin node",
    0x1012 INMFUID "origin user",
    0x1020 INMLREF "last reference date",
    0x1021 INMLCHG "last change date",
    0x1022 INMCREAT "creation date",
    0x1023 INMFVERS "version of the origin",
    0x1024 INMFTIME "origin time",
    0x1025 INMTTIME "destination time",
    0x1026 INMFACK "acknowledgement wanted",
    0x1027 INMERRCD "error code",
    0x1028 INMUTILN "utility",
    0x1029 INMUSERP "user parameter",
    0x102A INMRECCT "record count",
    0x102C INMSIZE "size in bytes",
    0x102D INMFFM "filemode",
    0x102F INMNUMF "number of files",
    0x8012 INMTYPE "data set type",
    0x8018 INMLSIZE "size, large",
    0x8028 INMEATTR "extended attributes",
}

/// One text unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextUnit<'a> {
    /// What it says.
    pub key: Key,
    /// Its values as they are.
    pub values: Vec<&'a [u8]>,
}

impl<'a> TextUnit<'a> {
    /// Reads a text unit.
    ///
    /// # Errors
    /// Short.
    pub fn read(c: &mut Cursor<'a>) -> Result<Self> {
        let key = Key(c.u16("key")?);
        let count = c.u16("count")?;
        let mut values = Vec::new();
        for _ in 0..count {
            let len = c.u16("value length")?;
            values.push(c.take("value", usize::from(len))?);
        }
        Ok(Self { key, values })
    }

    /// The first value as a number, when it is one of 1 to 8 bytes.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        let v = self.values.first()?;
        (1..=8).contains(&v.len()).then(|| v.iter().fold(0, |a, b| a << 8 | u64::from(*b)))
    }

    /// The values as text, with dots between them.
    #[must_use]
    pub fn text(&self) -> String {
        let v: Vec<String> = self.values.iter().map(|v| CodePage::Ibm037.decode_field(v)).collect();
        v.join(".")
    }

    /// True when the values are text.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(
            self.key,
            Key::INMDDNAM
                | Key::INMDSNAM
                | Key::INMMEMBR
                | Key::INMTNODE
                | Key::INMTUID
                | Key::INMFNODE
                | Key::INMFUID
                | Key::INMFTIME
                | Key::INMTTIME
                | Key::INMUTILN
                | Key::INMUSERP
                | Key::INMLREF
                | Key::INMLCHG
                | Key::INMCREAT
                | Key::INMEXPDT
        )
    }

    /// Appends the text unit's bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.key.0.to_be_bytes());
        out.extend_from_slice(&(self.values.len() as u16).to_be_bytes());
        for v in &self.values {
            out.extend_from_slice(&(v.len() as u16).to_be_bytes());
            out.extend_from_slice(v);
        }
    }
}

impl fmt::Display for TextUnit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.name() {
            Some(n) => f.write_str(n)?,
            None => write!(f, "key {:04X}", self.key.0)?,
        }
        match (self.is_text(), self.number()) {
            (true, _) => write!(f, "={}", self.text()),
            (_, Some(n)) if matches!(self.key, Key::INMDSORG | Key::INMRECFM) => write!(f, "={n:04X}"),
            (_, Some(n)) => write!(f, "={n}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_several_qualifiers() {
        let b = [
            0, 2, 0, 2, 0, 5, 0xE4, 0xE2, 0xC5, 0xD9, 0xC1, 0, 4, 0xC4, 0xC1, 0xE3, 0xC1, //
            0x00, 0x49, 0, 1, 0, 2, 0x40, 0, 0x77, 0x77, 0, 0,
        ];
        let mut c = Cursor::new("test", &b);
        let u = TextUnit::read(&mut c).unwrap();
        assert_eq!((u.key, u.text()), (Key::INMDSNAM, "USERA.DATA".to_owned()));
        let r = TextUnit::read(&mut c).unwrap();
        assert_eq!((r.number(), r.to_string()), (Some(0x4000), "INMRECFM=4000".to_owned()));
        let unknown = TextUnit::read(&mut c).unwrap();
        assert_eq!((unknown.key.name(), unknown.to_string()), (None, "key 7777".to_owned()));
        let mut out = Vec::new();
        for x in [u, r, unknown] {
            x.encode(&mut out);
        }
        assert_eq!(out, b);
        for n in 0..17 {
            assert!(TextUnit::read(&mut Cursor::new("test", &b[..n])).unwrap_err().is_short());
        }
        assert_eq!(Key(0x1028).name(), Some("INMUTILN"));
    }
}
