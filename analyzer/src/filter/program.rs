//! A filter ready to run: tests with their literals converted, over slots instead of names.
//!
//! What filters mostly do (one field against constants) is a [`Test`]: one loop over the
//! field's occurrences with a predicate that compares machine integers or bytes. Whatever else
//! the language can say (slices, functions, arithmetic, field against field) is a
//! [`General`], which hands values on from closure to closure without collecting them.

use memchr::memmem::Finder;
use regex::bytes::Regex;

use super::ast::{Arith, Cmp, End, Part, Quant};

/// A test.
#[derive(Debug)]
pub enum Node {
    /// Every packet, or none.
    Constant(bool),
    And(Box<[Node]>),
    Or(Box<[Node]>),
    Xor(Box<[Node]>),
    Not(Box<Node>),
    /// There is an occurrence.
    Present(Source),
    Test(Test),
    /// A computed value that is not 0, or a slice that is not empty.
    Truth(Val),
    General(Box<General>),
}

/// One field against constants.
#[derive(Debug)]
pub struct Test {
    pub source: Source,
    pub quant: Quant,
    pub pred: Pred,
}

/// Where a field's values come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its slot.
    pub first: usize,
    /// The other slots of a name that stands for several fields.
    pub more: Box<[usize]>,
    /// The layers that count, when not all do.
    pub layers: Option<Box<[Part]>>,
    /// True to see a protocol with everything that it carries, not its own bytes alone.
    pub whole: bool,
}

/// What one occurrence is tested for. `inside` false turns the outcome round.
#[derive(Debug)]
pub enum Pred {
    /// Unsigned integers, flags, IPv4 and MAC addresses as numbers: within `low..=high`.
    Range {
        low: u64,
        high: u64,
        inside: bool,
    },
    /// The same after masking.
    Mask {
        mask: u64,
        low: u64,
        high: u64,
        inside: bool,
    },
    /// Within one of several ranges: ascending, without overlap.
    Ranges(Box<[(u64, u64)]>),
    /// Signed integers, IPv6 addresses and times as [`wide`] numbers.
    Wide {
        low: u128,
        high: u128,
        inside: bool,
    },
    /// Within one of several wide ranges.
    Wides(Box<[(u128, u128)]>),
    /// Bytes or text.
    Bytes {
        cmp: Cmp,
        text: bool,
        with: Box<[u8]>,
    },
    Contains(Box<Finder<'static>>),
    Matches(Box<Regex>),
}

/// Orders signed numbers as unsigned ones.
#[inline]
pub const fn wide(v: i128) -> u128 {
    (v as u128) ^ (1 << 127)
}

/// Values against values.
#[derive(Debug)]
pub struct General {
    pub quant: Quant,
    pub left: Val,
    pub against: Against,
}

/// The right side of a [`General`].
#[derive(Debug)]
pub enum Against {
    Compare(Cmp, Val),
    Contains(Val),
    Matches(Regex),
    In(Box<[(Val, Option<Val>)]>),
}

/// A stream of values.
#[derive(Debug)]
pub enum Val {
    Const(Const),
    /// A field, and the bytes that an integer of its type has.
    Field(Source, u8),
    Slice(Box<Val>, Box<[Part]>),
    Call(Func, Box<[Val]>),
    Neg(Box<Val>),
    Arith(Arith, Box<Val>, Box<Val>, Bits),
}

/// The widest result that counts: an overflow is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bits {
    B32,
    B64,
}

/// The functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Func {
    Upper,
    Lower,
    Len,
    Count,
    String,
    Max,
    Min,
    Abs,
}

/// A value that is written out, or kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Const {
    Num(i128),
    Ipv4(u32, u32),
    Ipv6(u128, u128),
    Bytes(Box<[u8]>),
    Text(Box<[u8]>),
    Time(i128),
    Span(i128),
}

/// A value on its way. Addresses are ranges so that a network is a value as well.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Item<'a> {
    /// Integers and flags, and the bytes that the field has.
    Num(i128, u8),
    Ipv4(u32, u32),
    Ipv6(u128, u128),
    Bytes(&'a [u8]),
    /// Bytes that bits were taken from: true when one is left.
    Masked(&'a [u8]),
    Text(&'a [u8]),
    /// Nanoseconds since 1970.
    Time(i128),
    /// Nanoseconds.
    Span(i128),
}

impl Const {
    /// To compare with.
    pub fn item(&self) -> Item<'_> {
        match self {
            Self::Num(n) => Item::Num(*n, 0),
            Self::Ipv4(a, b) => Item::Ipv4(*a, *b),
            Self::Ipv6(a, b) => Item::Ipv6(*a, *b),
            Self::Bytes(b) => Item::Bytes(b),
            Self::Text(b) => Item::Text(b),
            Self::Time(t) => Item::Time(*t),
            Self::Span(t) => Item::Span(*t),
        }
    }
}

impl Item<'_> {
    /// To keep.
    pub fn keep(self) -> Const {
        match self {
            Self::Num(n, _) => Const::Num(n),
            Self::Ipv4(a, b) => Const::Ipv4(a, b),
            Self::Ipv6(a, b) => Const::Ipv6(a, b),
            Self::Bytes(b) | Self::Masked(b) => Const::Bytes(b.into()),
            Self::Text(b) => Const::Text(b.into()),
            Self::Time(t) => Const::Time(t),
            Self::Span(t) => Const::Span(t),
        }
    }
}

impl Part {
    /// The bytes of `len` that it stands for, when all of them are there.
    pub fn within(&self, len: usize) -> Option<std::ops::Range<usize>> {
        let from_end = |n: i32| {
            let n = n as isize;
            usize::try_from(if n < 0 { n + len as isize } else { n }).ok()
        };
        let start = from_end(self.start).filter(|s| *s < len)?;
        let end = match self.end {
            End::Length(n) => start.checked_add(n as usize)?,
            End::Offset(n) => from_end(n)? + 1,
            End::Open => len,
        };
        (start < end && end <= len).then_some(start..end)
    }

    /// True when the `layer`-th of `last` layers belongs to it.
    pub fn has_layer(&self, layer: u32, last: u32) -> bool {
        let from_end = |n: i32| if n < 0 { i64::from(n) + i64::from(last) + 1 } else { i64::from(n) };
        let start = from_end(self.start);
        let end = match self.end {
            End::Length(n) => start + i64::from(n) - 1,
            End::Offset(n) => from_end(n),
            End::Open => i64::MAX,
        };
        (start..=end).contains(&i64::from(layer))
    }

    /// True when it counts from the end.
    pub fn is_backward(&self) -> bool {
        self.start < 0 || matches!(self.end, End::Offset(n) if n < 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_value() {
        let part = |start, end| Part { start, end };
        // The outcomes are tshark 4.0.17's on frames of 54 bytes.
        assert_eq!(part(50, End::Length(4)).within(54), Some(50..54));
        assert_eq!(part(50, End::Length(5)).within(54), None);
        assert_eq!(part(50, End::Offset(53)).within(54), Some(50..54));
        assert_eq!(part(50, End::Offset(54)).within(54), None);
        assert_eq!(part(53, End::Open).within(54), Some(53..54));
        assert_eq!(part(54, End::Open).within(54), None);
        assert_eq!(part(-54, End::Length(2)).within(54), Some(0..2));
        assert_eq!(part(-55, End::Length(2)).within(54), None);
        assert_eq!(part(-1, End::Length(2)).within(54), None);
        assert_eq!(part(-2, End::Offset(-1)).within(54), Some(52..54));
        assert_eq!(part(-2, End::Open).within(54), Some(52..54));
        assert_eq!(part(0, End::Open).within(0), None);
        assert_eq!(
            part(i32::MIN, End::Offset(-1)).within(usize::MAX / 2),
            Some(usize::MAX / 2 - (1 << 31)..usize::MAX / 2)
        );
        assert_eq!(part(i32::MAX, End::Length(i32::MAX)).within(10), None);
    }

    #[test]
    fn layers() {
        let part = |start, end| Part { start, end };
        assert!(part(1, End::Length(1)).has_layer(1, 2));
        assert!(!part(2, End::Length(1)).has_layer(1, 2));
        assert!(part(-1, End::Length(1)).has_layer(2, 2));
        assert!(part(-2, End::Length(1)).has_layer(1, 2));
        assert!(part(2, End::Open).has_layer(3, 3));
        assert!(part(-2, End::Offset(-1)).has_layer(2, 2));
        assert!(!part(0, End::Length(1)).has_layer(1, 1));
    }
}
