//! The option list that IPv4 and TCP share, and the same walk for other type-length-value lists.
//!
//! Source: RFC 791 section 3.1, RFC 9293 section 3.1. An option is a kind alone (0 ends the
//! list, 1 is a no-operation), or kind, length of the whole option, data.
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 1 | kind |
//! | 1 | 1 | length in bytes, kind and length included (not for kinds 0 and 1) |
//! | 2 | length - 2 | data |

use crate::bytes::prefix;
use crate::{Error, Result};

/// End of the option list.
pub const END: u8 = 0;
/// No operation.
pub const NOP: u8 = 1;

/// One option as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawOption<'a> {
    /// Kind.
    pub kind: u8,
    /// Offset of the kind from the start of the list.
    pub offset: usize,
    /// The whole option, kind and length included.
    pub bytes: &'a [u8],
}

impl<'a> RawOption<'a> {
    /// What follows kind and length.
    #[must_use]
    pub fn data(&self) -> &'a [u8] {
        self.bytes.get(2..).unwrap_or_default()
    }

    /// The data as an array, `None` when it has another length.
    #[must_use]
    pub fn array<const N: usize>(&self) -> Option<[u8; N]> {
        self.data().try_into().ok()
    }
}

/// Walks an option list. It ends after kind 0, at the end of the bytes, or with the first
/// option whose length is impossible: that one is an error, and nothing behind it can be found.
#[derive(Debug, Clone)]
pub struct RawOptions<'a> {
    record: &'static str,
    rest: &'a [u8],
    offset: usize,
    ended: bool,
}

impl<'a> RawOptions<'a> {
    /// Walks `bytes`; `record` names the list in errors.
    #[must_use]
    pub const fn new(record: &'static str, bytes: &'a [u8]) -> Self {
        Self { record, rest: bytes, offset: 0, ended: false }
    }

    /// Bytes not walked: once the walk has ended, the padding behind the end-of-list option, or
    /// the bytes from the option that broke the walk on.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Length of the next option.
    fn option_len(&self, kind: u8) -> Result<usize> {
        match (kind, self.rest.get(1)) {
            (END | NOP, _) => Ok(1),
            (_, Some(&len)) if len >= 2 => Ok(usize::from(len)),
            (_, Some(&len)) => {
                Err(Error::value(self.record, "option length", self.offset + 1, u64::from(len)))
            }
            (_, None) => Err(Error::short(self.record, "option length", self.offset + 1, 1, 0)),
        }
    }
}

impl<'a> Iterator for RawOptions<'a> {
    type Item = Result<RawOption<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let &kind = self.rest.first()?;
        let option = self.option_len(kind).and_then(|len| {
            let bytes = prefix(self.record, "option", self.offset, self.rest, len)?;
            Ok(RawOption { kind, offset: self.offset, bytes })
        });
        match option {
            Ok(o) => {
                self.rest = &self.rest[o.bytes.len()..];
                self.offset += o.bytes.len();
                self.ended = kind == END;
            }
            Err(_) => self.ended = true,
        }
        Some(option)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn walks_to_the_end_of_the_list() {
        let mut walk = RawOptions::new("TCP", &[2, 4, 5, 0xb4, 1, 3, 3, 7, 0, 9, 9]);
        let kinds: Vec<_> = walk.by_ref().map(|o| o.map(|o| (o.kind, o.offset, o.data()))).collect();
        assert_eq!(
            kinds,
            [Ok((2, 0, &[5, 0xb4][..])), Ok((1, 4, &[][..])), Ok((3, 5, &[7][..])), Ok((0, 8, &[][..])),]
        );
        assert_eq!(walk.rest(), &[9, 9]);
    }

    #[test]
    fn stops_at_an_impossible_length() {
        for (bytes, error) in [
            (&[1, 2, 0][..], Error::value("TCP", "option length", 2, 0)),
            (&[1, 2, 1], Error::value("TCP", "option length", 2, 1)),
            (&[1, 2], Error::short("TCP", "option length", 2, 1, 0)),
            (&[1, 2, 4, 5], Error::short("TCP", "option", 1, 4, 3)),
        ] {
            let mut walk = RawOptions::new("TCP", bytes);
            assert!(walk.next().is_some_and(|o| o.is_ok()));
            assert_eq!(walk.next(), Some(Err(error)));
            assert_eq!(walk.next(), None);
        }
    }

    proptest! {
        #[test]
        fn options_cover_the_list(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut at = 0;
            let mut walk = RawOptions::new("IPv4", &bytes);
            for o in walk.by_ref().flatten() {
                prop_assert_eq!(o.offset, at);
                at += o.bytes.len();
            }
            prop_assert_eq!(&bytes[at..], walk.rest());
        }
    }
}
