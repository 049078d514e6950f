//! Extensions of a packet trace header, behind its 92 bytes and inside PTH_Len.
//!
//! | offset | length | meaning |
//! |---|---|---|
//! | 0 | 2 | length of the extension, these four bytes included |
//! | 2 | 2 | type; no value is known |
//! | 4 | | data |
//!
//! Source: public dissectors of these records. That several extensions can follow each other
//! is inferred.

use std::fmt;

use crate::{Error, Result};

/// Length of an extension's header.
pub const HEADER: usize = 4;

/// The type of an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ExtensionType(pub u16);

impl fmt::Display for ExtensionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

/// One extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension<'a> {
    /// Its type.
    pub kind: ExtensionType,
    /// Its data.
    pub data: &'a [u8],
}

impl Extension<'_> {
    /// Appends the extension. Fails when its data is longer than the length field can say.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<()> {
        let len = HEADER.saturating_add(self.data.len());
        let Ok(short) = u16::try_from(len) else {
            return Err(Error::value("PTH extension", "length", 0, len as u64));
        };
        out.extend_from_slice(&short.to_be_bytes());
        out.extend_from_slice(&self.kind.0.to_be_bytes());
        out.extend_from_slice(self.data);
        Ok(())
    }
}

impl fmt::Display for Extension<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "extension {} of {} bytes", self.kind, self.data.len())
    }
}

/// The extensions of a header, one after the other. Ends after the first error; bytes that are
/// too few for another header are an error too.
#[derive(Debug, Clone)]
pub struct Extensions<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Extensions<'a> {
    /// Walks the bytes behind the fixed header.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// All bytes of the area, whatever they hold.
    #[must_use]
    pub const fn raw(&self) -> &'a [u8] {
        self.bytes
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = Result<Extension<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..).filter(|r| !r.is_empty())?;
        let at = self.at;
        self.at = self.bytes.len();
        let Some(&[a, b, c, d]) = rest.first_chunk::<HEADER>() else {
            return Some(Err(Error::short("PTH extension", "header", at, HEADER, rest.len())));
        };
        let len = usize::from(u16::from_be_bytes([a, b]));
        if len < HEADER {
            return Some(Err(Error::value("PTH extension", "length", at, len as u64)));
        }
        let Some(data) = rest.get(HEADER..len) else {
            let there = rest.len() - HEADER;
            return Some(Err(Error::short("PTH extension", "data", at + HEADER, len - HEADER, there)));
        };
        self.at = at + len;
        Some(Ok(Extension { kind: ExtensionType(u16::from_be_bytes([c, d])), data }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn walks_and_writes_two() {
        let bytes = [0, 6, 0, 1, 0xAA, 0xBB, 0, 4, 0, 2];
        let all: Vec<_> = Extensions::new(&bytes).map(|e| e.unwrap()).collect();
        assert_eq!(all[0], Extension { kind: ExtensionType(1), data: &[0xAA, 0xBB] });
        assert_eq!(all[1].to_string(), "extension 0002 of 0 bytes");
        let mut out = Vec::new();
        all.iter().for_each(|e| e.encode(&mut out).unwrap());
        assert_eq!(out, bytes);
        assert!(Extensions::new(&bytes[..9]).last().unwrap().unwrap_err().is_short());
        assert!(Extensions::new(&[0, 3, 0, 0]).next().unwrap().is_err());
    }

    proptest! {
        #[test]
        fn any_bytes(bytes: Vec<u8>) {
            prop_assert!(Extensions::new(&bytes).count() <= bytes.len() / HEADER + 1);
        }
    }
}
