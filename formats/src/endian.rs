//! Byte order of containers that exist in both.

/// Byte order of a file or of a section of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Endian {
    /// Least significant byte first.
    #[default]
    Little,
    /// Most significant byte first.
    Big,
}

impl Endian {
    /// Two bytes as a number.
    #[inline]
    #[must_use]
    pub const fn u16(self, b: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(b),
            Self::Big => u16::from_be_bytes(b),
        }
    }

    /// Four bytes as a number.
    #[inline]
    #[must_use]
    pub const fn u32(self, b: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(b),
            Self::Big => u32::from_be_bytes(b),
        }
    }

    /// Eight bytes as a number.
    #[inline]
    #[must_use]
    pub const fn u64(self, b: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(b),
            Self::Big => u64::from_be_bytes(b),
        }
    }

    /// Two bytes at `at`, or nothing when `b` ends before.
    #[inline]
    #[must_use]
    pub fn u16_at(self, b: &[u8], at: usize) -> Option<u16> {
        b.get(at..)?.first_chunk().map(|b| self.u16(*b))
    }

    /// Four bytes at `at`, or nothing when `b` ends before.
    #[inline]
    #[must_use]
    pub fn u32_at(self, b: &[u8], at: usize) -> Option<u32> {
        b.get(at..)?.first_chunk().map(|b| self.u32(*b))
    }

    /// Eight bytes at `at`, or nothing when `b` ends before.
    #[inline]
    #[must_use]
    pub fn u64_at(self, b: &[u8], at: usize) -> Option<u64> {
        b.get(at..)?.first_chunk().map(|b| self.u64(*b))
    }

    /// A number as two bytes.
    #[inline]
    #[must_use]
    pub const fn b16(self, v: u16) -> [u8; 2] {
        match self {
            Self::Little => v.to_le_bytes(),
            Self::Big => v.to_be_bytes(),
        }
    }

    /// A number as four bytes.
    #[inline]
    #[must_use]
    pub const fn b32(self, v: u32) -> [u8; 4] {
        match self {
            Self::Little => v.to_le_bytes(),
            Self::Big => v.to_be_bytes(),
        }
    }

    /// A number as eight bytes.
    #[inline]
    #[must_use]
    pub const fn b64(self, v: u64) -> [u8; 8] {
        match self {
            Self::Little => v.to_le_bytes(),
            Self::Big => v.to_be_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_both_orders() {
        let b = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(Endian::Big.u16_at(&b, 0), Some(0x0102));
        assert_eq!(Endian::Little.u32_at(&b, 1), Some(0x0504_0302));
        assert_eq!(Endian::Big.u64_at(&b, 0), Some(0x0102_0304_0506_0708));
        assert_eq!(Endian::Big.u64_at(&b, 1), None);
        assert_eq!(Endian::Big.u16_at(&b, usize::MAX), None);
        assert_eq!(Endian::Little.b16(0x0102), [2, 1]);
        assert_eq!(Endian::Big.b32(7), [0, 0, 0, 7]);
        assert_eq!(Endian::Little.b64(7), [7, 0, 0, 0, 0, 0, 0, 0]);
    }
}
