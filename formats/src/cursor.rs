//! A checked reader over bytes, for records whose fields vary in length.

use crate::{Error, Result};

/// Reads big- and little-endian fields one after the other. Every read names its field, so
/// that an [`Error`] can say where a record ended.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    record: &'static str,
    bytes: &'a [u8],
    at: usize,
}

macro_rules! reader {
    ($(#[$doc:meta])* $name:ident, $t:ty, $from:ident) => {
        $(#[$doc])*
        pub fn $name(&mut self, field: &'static str) -> Result<$t> {
            const N: usize = size_of::<$t>();
            Ok(<$t>::$from(self.array::<N>(field)?))
        }
    };
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `bytes`; `record` names it in errors.
    #[must_use]
    pub const fn new(record: &'static str, bytes: &'a [u8]) -> Self {
        Self { record, bytes, at: 0 }
    }

    /// Offset of the next byte from the start.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.at
    }

    /// Bytes not read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// True when every byte was read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The next `len` bytes.
    pub fn take(&mut self, field: &'static str, len: usize) -> Result<&'a [u8]> {
        let rest = self.rest();
        let Some(got) = rest.get(..len) else {
            return Err(Error::short(self.record, field, self.at, len, rest.len()));
        };
        self.at += len;
        Ok(got)
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N]> {
        let rest = self.rest();
        let Some(got) = rest.first_chunk::<N>() else {
            return Err(Error::short(self.record, field, self.at, N, rest.len()));
        };
        self.at += N;
        Ok(*got)
    }

    /// Moves over `len` bytes.
    pub fn skip(&mut self, field: &'static str, len: usize) -> Result<()> {
        self.take(field, len).map(|_| ())
    }

    /// One byte.
    pub fn u8(&mut self, field: &'static str) -> Result<u8> {
        Ok(self.array::<1>(field)?[0])
    }

    reader!(/** Two bytes, big-endian. */ u16, u16, from_be_bytes);
    reader!(/** Four bytes, big-endian. */ u32, u32, from_be_bytes);
    reader!(/** Eight bytes, big-endian. */ u64, u64, from_be_bytes);
    reader!(/** Two bytes, little-endian. */ u16_le, u16, from_le_bytes);
    reader!(/** Four bytes, little-endian. */ u32_le, u32, from_le_bytes);
    reader!(/** Eight bytes, little-endian. */ u64_le, u64, from_le_bytes);

    /// Three bytes, big-endian.
    pub fn u24(&mut self, field: &'static str) -> Result<u32> {
        let [a, b, c] = self.array::<3>(field)?;
        Ok(u32::from_be_bytes([0, a, b, c]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_byte_orders_and_names_the_short_field() {
        let mut c = Cursor::new("demo", &[1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(c.u8("a"), Ok(1));
        assert_eq!(c.u16("b"), Ok(0x0203));
        assert_eq!(c.u16_le("c"), Ok(0x0504));
        assert_eq!(c.u32("d"), Err(Error::short("demo", "d", 5, 4, 2)));
        assert_eq!(c.rest(), &[6, 7]);
        assert_eq!(c.position(), 5);
    }
}
