//! The one error type of the crate: which record, which field, where, and what was missing.

use std::fmt;

/// Result of a codec.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a field could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// `needed` bytes were wanted at the offset and only `available` were there.
    Short {
        /// Bytes the field needs.
        needed: usize,
        /// Bytes there.
        available: usize,
    },
    /// The field holds a value that its record does not allow.
    Value(u64),
    /// Two fields contradict each other; the text says which.
    Contradiction(&'static str),
}

/// A field of a record that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Error {
    /// The record's name as its manual spells it, e.g. `CTE` or `pcapng EPB`.
    pub record: &'static str,
    /// The field's name in that record.
    pub field: &'static str,
    /// Offset of the field from the start of the bytes that were given to the codec.
    pub offset: usize,
    /// What is wrong with it.
    pub reason: Reason,
}

impl Error {
    /// `needed` bytes were wanted at `offset`, `available` were there.
    #[must_use]
    pub const fn short(
        record: &'static str,
        field: &'static str,
        offset: usize,
        needed: usize,
        available: usize,
    ) -> Self {
        Self { record, field, offset, reason: Reason::Short { needed, available } }
    }

    /// The field holds a value that the record does not allow.
    #[must_use]
    pub const fn value(record: &'static str, field: &'static str, offset: usize, value: u64) -> Self {
        Self { record, field, offset, reason: Reason::Value(value) }
    }

    /// Two fields contradict each other.
    #[must_use]
    pub const fn contradiction(
        record: &'static str,
        field: &'static str,
        offset: usize,
        what: &'static str,
    ) -> Self {
        Self { record, field, offset, reason: Reason::Contradiction(what) }
    }

    /// The same error seen from a container in which the record starts at `base`.
    #[must_use]
    pub const fn at(mut self, base: usize) -> Self {
        self.offset += base;
        self
    }

    /// True when more bytes could mend it.
    #[must_use]
    pub const fn is_short(&self) -> bool {
        matches!(self.reason, Reason::Short { .. })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} at offset {}: ", self.record, self.field, self.offset)?;
        match self.reason {
            Reason::Short { needed, available } => {
                write!(f, "needs {needed} bytes, {available} there")
            }
            Reason::Value(v) => write!(f, "value {v} (0x{v:x}) is not valid"),
            Reason::Contradiction(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_record_field_and_offset() {
        let e = Error::short("CTE", "CTELENP", 4, 2, 1).at(100);
        assert_eq!(e.to_string(), "CTE CTELENP at offset 104: needs 2 bytes, 1 there");
        assert!(e.is_short());
        let e = Error::value("PTHDR", "PTH_Len", 0, 7);
        assert_eq!(e.to_string(), "PTHDR PTH_Len at offset 0: value 7 (0x7) is not valid");
    }
}
