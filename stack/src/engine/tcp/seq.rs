//! Sequence numbers: comparisons modulo 2^32 (RFC 9293 section 3.4).

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A sequence number. Comparisons hold for numbers less than 2^31 apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Seq(pub u32);

impl Seq {
    /// This one comes before `other`.
    #[inline]
    #[must_use]
    pub const fn lt(self, other: Self) -> bool {
        (self.0.wrapping_sub(other.0) as i32) < 0
    }

    /// This one comes before `other` or is the same.
    #[inline]
    #[must_use]
    pub const fn le(self, other: Self) -> bool {
        (self.0.wrapping_sub(other.0) as i32) <= 0
    }

    /// This one comes behind `other`.
    #[inline]
    #[must_use]
    pub const fn gt(self, other: Self) -> bool {
        other.lt(self)
    }

    /// This one comes behind `other` or is the same.
    #[inline]
    #[must_use]
    pub const fn ge(self, other: Self) -> bool {
        other.le(self)
    }

    /// The later one.
    #[inline]
    #[must_use]
    pub const fn max(self, other: Self) -> Self {
        if self.lt(other) { other } else { self }
    }

    /// The earlier one.
    #[inline]
    #[must_use]
    pub const fn min(self, other: Self) -> Self {
        if self.lt(other) { self } else { other }
    }

    /// Bytes from `earlier` to this one; 0 when that is later.
    #[inline]
    #[must_use]
    pub const fn since(self, earlier: Self) -> u32 {
        let d = self.0.wrapping_sub(earlier.0);
        if (d as i32) < 0 { 0 } else { d }
    }
}

impl Add<u32> for Seq {
    type Output = Self;

    #[inline]
    fn add(self, n: u32) -> Self {
        Self(self.0.wrapping_add(n))
    }
}

impl AddAssign<u32> for Seq {
    #[inline]
    fn add_assign(&mut self, n: u32) {
        *self = *self + n;
    }
}

impl Sub<u32> for Seq {
    type Output = Self;

    #[inline]
    fn sub(self, n: u32) -> Self {
        Self(self.0.wrapping_sub(n))
    }
}

impl fmt::Debug for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_goes_round() {
        let (a, b) = (Seq(0xffff_fff0), Seq(0x10));
        assert!(a.lt(b) && b.gt(a) && a.le(a) && a.ge(a) && !b.le(a));
        assert_eq!((a + 0x20, b - 0x20), (b, a));
        assert_eq!((b.since(a), a.since(b)), (0x20, 0));
        assert_eq!((a.max(b), a.min(b)), (b, a));
    }
}
