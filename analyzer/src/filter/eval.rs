//! Runs a program over one packet.
//!
//! Nothing is collected: a value goes from the row through slices, functions and operators
//! straight to the comparison, and the first one that decides ends the walk.

use std::cmp::Ordering;

use memchr::memmem;

use super::Row;
use super::ast::{Arith, Cmp, Part, Quant};
use super::program::{Against, Bits, Const, Func, General, Item, Node, Pred, Source, Test, Val, wide};
use crate::decode::fmt::Out;
use crate::decode::{Value, ether_number};

impl Node {
    /// True when the packet passes.
    pub fn eval<R: Row>(&self, row: &R) -> bool {
        match self {
            Self::Test(t) => t.eval(row),
            Self::Present(s) => s.present(row),
            Self::And(all) => all.iter().all(|n| n.eval(row)),
            Self::Or(all) => all.iter().any(|n| n.eval(row)),
            Self::Xor(all) => all.iter().fold(false, |odd, n| odd ^ n.eval(row)),
            Self::Not(n) => !n.eval(row),
            Self::Constant(c) => *c,
            Self::Truth(v) => !v.each(row, &mut |i| !i.is_true()),
            Self::General(g) => g.eval(row),
        }
    }
}

impl Source {
    #[inline]
    fn present<R: Row>(&self, row: &R) -> bool {
        match self.layers {
            None => row.present(self.first) || self.more.iter().any(|&s| row.present(s)),
            Some(_) => {
                let mut found = false;
                self.each(row, |_| {
                    found = true;
                    false
                });
                found
            }
        }
    }

    /// Hands over each value until `f` says false; then it says so too.
    #[inline]
    fn each<R: Row>(&self, row: &R, mut f: impl FnMut(Value<'_>) -> bool) -> bool {
        let mut on = true;
        if self.layers.is_some() || self.whole {
            return self.each_with_care(row, &mut f);
        }
        row.each(self.first, |v| {
            on = f(v);
            on
        });
        for &slot in &self.more {
            if !on {
                break;
            }
            row.each(slot, |v| {
                on = f(v);
                on
            });
        }
        on
    }

    #[inline(never)]
    fn each_with_care<R: Row>(&self, row: &R, f: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        let mut on = true;
        for slot in std::iter::once(self.first).chain(self.more.iter().copied()) {
            let last = match &self.layers {
                Some(parts) if parts.iter().any(Part::is_backward) => {
                    let mut last = 0;
                    row.each_layer(slot, false, |_, layer| {
                        last = last.max(layer);
                        true
                    });
                    last
                }
                _ => 0,
            };
            let parts = self.layers.as_deref();
            row.each_layer(slot, self.whole, |v, layer| {
                if parts.is_none_or(|p| p.iter().any(|p| p.has_layer(layer, last))) {
                    on = f(v);
                }
                on
            });
            if !on {
                break;
            }
        }
        on
    }
}

impl Test {
    #[inline]
    fn eval<R: Row>(&self, row: &R) -> bool {
        match &self.pred {
            Pred::Range { low, high, inside } => {
                let (low, high, inside) = (*low, *high, *inside);
                self.run(row, |v| number(v).is_some_and(|n| (low <= n && n <= high) == inside))
            }
            Pred::Mask { mask, low, high, inside } => {
                let (low, high, inside) = (*low, *high, *inside);
                self.run(row, |v| {
                    number(v).is_some_and(|n| {
                        let n = n & mask;
                        (low <= n && n <= high) == inside
                    })
                })
            }
            Pred::Ranges(all) => self.run(row, |v| number(v).is_some_and(|n| within(all, n))),
            Pred::Wide { low, high, inside } => {
                let (low, high, inside) = (*low, *high, *inside);
                self.run(row, |v| wide_number(v).is_some_and(|n| (low <= n && n <= high) == inside))
            }
            Pred::Wides(all) => self.run(row, |v| wide_number(v).is_some_and(|n| within(all, n))),
            Pred::Bytes { cmp, text, with } => self.run(row, |v| {
                bytes_of(v, |b| {
                    let o = if *text { b.cmp(with) } else { order(b, with) };
                    cmp.holds(o)
                })
            }),
            Pred::Contains(finder) => self.run(row, |v| bytes_of(v, |b| finder.find(b).is_some())),
            Pred::Matches(regex) => self.run(row, |v| bytes_of(v, |b| regex.is_match(b))),
        }
    }

    #[inline]
    fn run<R: Row>(&self, row: &R, pred: impl Fn(Value<'_>) -> bool) -> bool {
        match self.quant {
            Quant::Any => !self.source.each(row, |v| !pred(v)),
            Quant::All => {
                let mut some = false;
                self.source.each(row, |v| {
                    some = true;
                    pred(v)
                }) && some
            }
        }
    }
}

/// Unsigned integers, flags, IPv4 and MAC addresses as one number.
#[inline]
fn number(v: Value<'_>) -> Option<u64> {
    match v {
        Value::Uint(n) => Some(n),
        Value::Ipv4(a) => Some(u64::from(a)),
        Value::Ether(a) => Some(ether_number(a)),
        _ => None,
    }
}

#[inline]
fn wide_number(v: Value<'_>) -> Option<u128> {
    match v {
        Value::Ipv6(a) => Some(u128::from_be_bytes(a)),
        Value::Int(n) => Some(wide(n.into())),
        Value::Uint(n) => Some(wide(n.into())),
        Value::Time(t) => Some(wide(t.nanos_total())),
        Value::Duration(n) => Some(wide(n.into())),
        _ => None,
    }
}

#[inline]
fn within<T: Ord>(ranges: &[(T, T)], n: T) -> bool {
    let after = ranges.partition_point(|(low, _)| *low <= n);
    after > 0 && n <= ranges[after - 1].1
}

#[inline]
fn bytes_of(v: Value<'_>, f: impl FnOnce(&[u8]) -> bool) -> bool {
    match v {
        Value::Bytes(b) => f(b),
        Value::Str(s) => f(s.as_bytes()),
        Value::Ether(m) => f(&m),
        Value::Ipv6(a) => f(&a),
        Value::Ipv4(a) => f(&a.to_be_bytes()),
        _ => false,
    }
}

/// Byte strings: the longer one is greater.
fn order(a: &[u8], b: &[u8]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

impl Cmp {
    #[inline]
    const fn holds(self, o: Ordering) -> bool {
        match self {
            Self::Eq => o.is_eq(),
            Self::Ne => o.is_ne(),
            Self::Gt => o.is_gt(),
            Self::Ge => o.is_ge(),
            Self::Lt => o.is_lt(),
            Self::Le => o.is_le(),
        }
    }
}

/// Where addresses overlap they are equal: a network equals each of its members.
fn order_of_ranges<T: Ord>((a, b): (T, T), (c, d): (T, T)) -> Ordering {
    match () {
        () if b < c => Ordering::Less,
        () if a > d => Ordering::Greater,
        () => Ordering::Equal,
    }
}

/// `None` when the two are not of one kind.
fn compare(a: Item<'_>, b: Item<'_>) -> Option<Ordering> {
    Some(match (a, b) {
        (Item::Num(a, _), Item::Num(b, _)) => a.cmp(&b),
        (Item::Ipv4(a, b), Item::Ipv4(c, d)) => order_of_ranges((a, b), (c, d)),
        (Item::Ipv6(a, b), Item::Ipv6(c, d)) => order_of_ranges((a, b), (c, d)),
        (Item::Text(a), Item::Text(b)) => a.cmp(b),
        (
            Item::Bytes(a) | Item::Text(a) | Item::Masked(a),
            Item::Bytes(b) | Item::Text(b) | Item::Masked(b),
        ) => order(a, b),
        (Item::Time(a), Item::Time(b)) | (Item::Span(a), Item::Span(b)) => a.cmp(&b),
        _ => return None,
    })
}

impl Item<'_> {
    /// What a computed value means when it stands alone.
    fn is_true(&self) -> bool {
        match self {
            Self::Num(n, _) | Self::Time(n) | Self::Span(n) => *n != 0,
            Self::Ipv4(a, _) => *a != 0,
            Self::Ipv6(a, _) => *a != 0,
            Self::Bytes(b) | Self::Text(b) => !b.is_empty(),
            Self::Masked(b) => b.iter().any(|b| *b != 0),
        }
    }

    /// The value as the bytes it is made of; `None` for what cannot be sliced.
    fn bytes<T>(&self, f: impl FnOnce(&[u8]) -> T) -> Option<T> {
        Some(match self {
            Self::Bytes(b) | Self::Text(b) | Self::Masked(b) => f(b),
            Self::Ipv4(a, _) => f(&a.to_be_bytes()),
            Self::Ipv6(a, _) => f(&a.to_be_bytes()),
            _ => return None,
        })
    }

    fn len(&self) -> Option<usize> {
        match self {
            Self::Num(_, 0) | Self::Time(_) | Self::Span(_) => None,
            Self::Num(_, n) => Some(usize::from(*n)),
            Self::Ipv4(..) => Some(4),
            Self::Ipv6(..) => Some(16),
            Self::Bytes(b) | Self::Text(b) | Self::Masked(b) => Some(b.len()),
        }
    }

    fn shown(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(40);
        match self {
            Self::Num(n, _) if *n < 0 => out.int(i64::try_from(*n).unwrap_or(i64::MIN)),
            Self::Num(n, _) => out.dec(u64::try_from(*n).unwrap_or(u64::MAX)),
            Self::Ipv4(a, _) => out.ipv4(*a),
            Self::Ipv6(a, _) => out.ipv6(a.to_be_bytes()),
            Self::Bytes(b) | Self::Masked(b) => {
                // Only MAC addresses come here.
                for (i, b) in b.iter().enumerate() {
                    if i > 0 {
                        out.push(b':');
                    }
                    out.hex((*b).into(), 2);
                }
            }
            Self::Text(b) => out.extend_from_slice(b),
            Self::Time(n) | Self::Span(n) => out.seconds(*n),
        }
        out
    }
}

impl General {
    fn eval<R: Row>(&self, row: &R) -> bool {
        match &self.against {
            Against::Compare(cmp, right) => {
                self.pairs(row, right, &|a, b| compare(a, b).is_some_and(|o| cmp.holds(o)))
            }
            Against::Contains(right) => self.pairs(row, right, &|a, b| {
                a.bytes(|a| b.bytes(|b| memmem::find(a, b).is_some())).flatten().unwrap_or(false)
            }),
            Against::Matches(regex) => {
                self.run(row, &mut |a| a.bytes(|b| regex.is_match(b)).unwrap_or(false))
            }
            Against::In(all) => {
                self.run(row, &mut |a| all.iter().any(|(low, high)| is_in(row, a, low, high.as_ref())))
            }
        }
    }

    /// Every value of the left side.
    fn run<R: Row>(&self, row: &R, pred: &mut dyn FnMut(Item<'_>) -> bool) -> bool {
        match self.quant {
            Quant::Any => !self.left.each(row, &mut |a| !pred(a)),
            Quant::All => {
                let mut some = false;
                self.left.each(row, &mut |a| {
                    some = true;
                    pred(a)
                }) && some
            }
        }
    }

    /// Every value of the left side with every value of the right side.
    fn pairs<R: Row>(&self, row: &R, right: &Val, pred: &dyn Fn(Item<'_>, Item<'_>) -> bool) -> bool {
        let any = self.quant == Quant::Any;
        let mut some = false;
        let done = self.left.each(row, &mut |a| {
            right.each(row, &mut |b| {
                some = true;
                pred(a, b) != any
            })
        });
        if any { !done } else { done && some }
    }
}

fn is_in<R: Row>(row: &R, a: Item<'_>, low: &Val, high: Option<&Val>) -> bool {
    let some = |v: &Val, good: fn(Ordering) -> bool| !v.each(row, &mut |b| !compare(a, b).is_some_and(good));
    match high {
        None => some(low, Ordering::is_eq),
        Some(high) => some(low, Ordering::is_ge) && some(high, Ordering::is_le),
    }
}

impl Val {
    /// Hands over each value until `f` says false; then it says so too.
    fn each<R: Row>(&self, row: &R, f: &mut dyn FnMut(Item<'_>) -> bool) -> bool {
        match self {
            Self::Const(c) => f(c.item()),
            Self::Field(source, width) => source.each(row, |v| match v {
                Value::Uint(n) => f(Item::Num(n.into(), *width)),
                Value::Int(n) => f(Item::Num(n.into(), *width)),
                Value::Ipv4(a) => f(Item::Ipv4(a, a)),
                Value::Ipv6(a) => {
                    let a = u128::from_be_bytes(a);
                    f(Item::Ipv6(a, a))
                }
                Value::Ether(m) => f(Item::Bytes(&m)),
                Value::Bytes(b) => f(Item::Bytes(b)),
                Value::Str(s) => f(Item::Text(s.as_bytes())),
                Value::Time(t) => f(Item::Time(t.nanos_total())),
                Value::Duration(n) => f(Item::Span(n.into())),
                Value::None => true,
            }),
            Self::Slice(v, parts) => {
                v.each(row, &mut |a| a.bytes(|b| slice(b, parts, |s| f(Item::Bytes(s)))).unwrap_or(true))
            }
            Self::Call(func, args) => call(*func, args, row, f),
            Self::Neg(v) => v.each(row, &mut |a| match a {
                Item::Num(n, _) => f(Item::Num(-n, 0)),
                Item::Span(n) => f(Item::Span(-n)),
                _ => true,
            }),
            Self::Arith(op, a, b, bits) => {
                a.each(row, &mut |a| b.each(row, &mut |b| arithmetic(*op, a, b, *bits, f)))
            }
        }
    }
}

/// The pieces one after the other, up to the first that is not there.
fn slice<T>(bytes: &[u8], parts: &[Part], f: impl FnOnce(&[u8]) -> T) -> T {
    if let [part] = parts {
        return f(part.within(bytes.len()).map_or(&[], |r| &bytes[r]));
    }
    let mut joined = Vec::new();
    for part in parts {
        match part.within(bytes.len()) {
            Some(r) => joined.extend_from_slice(&bytes[r]),
            None => break,
        }
    }
    f(&joined)
}

fn arithmetic(op: Arith, a: Item<'_>, b: Item<'_>, bits: Bits, f: &mut dyn FnMut(Item<'_>) -> bool) -> bool {
    match (a, b) {
        (Item::Num(a, _), Item::Num(b, _)) => {
            let v = match op {
                Arith::Add => a.checked_add(b),
                Arith::Sub => a.checked_sub(b),
                Arith::Mul => a.checked_mul(b),
                Arith::Div => a.checked_div(b),
                Arith::Rem => a.checked_rem(b),
                Arith::And => Some(a & b),
            };
            let range = match bits {
                Bits::B32 => i128::from(i32::MIN)..=i128::from(u32::MAX),
                Bits::B64 => i128::from(i64::MIN)..=i128::from(u64::MAX),
            };
            v.filter(|v| range.contains(v)).is_none_or(|v| f(Item::Num(v, 0)))
        }
        (Item::Span(a), Item::Span(b)) => match op {
            Arith::Add => a.checked_add(b),
            Arith::Sub => a.checked_sub(b),
            _ => None,
        }
        .is_none_or(|v| f(Item::Span(v))),
        (Item::Ipv4(a, _), Item::Ipv4(b, _)) if op == Arith::And => f(Item::Ipv4(a & b, a & b)),
        (Item::Ipv6(a, _), Item::Ipv6(b, _)) if op == Arith::And => f(Item::Ipv6(a & b, a & b)),
        (Item::Bytes(a) | Item::Masked(a), Item::Bytes(b) | Item::Masked(b)) if op == Arith::And => {
            // As many as the shorter one has.
            let masked: Vec<u8> = a.iter().zip(b).map(|(a, b)| a & b).collect();
            f(Item::Masked(&masked))
        }
        _ => true,
    }
}

fn call<R: Row>(func: Func, args: &[Val], row: &R, f: &mut dyn FnMut(Item<'_>) -> bool) -> bool {
    let Some(first) = args.first() else { return true };
    match func {
        Func::Upper => {
            first.each(row, &mut |a| a.bytes(|b| f(Item::Text(&b.to_ascii_uppercase()))).unwrap_or(true))
        }
        Func::Lower => {
            first.each(row, &mut |a| a.bytes(|b| f(Item::Text(&b.to_ascii_lowercase()))).unwrap_or(true))
        }
        Func::Len => first.each(row, &mut |a| a.len().is_none_or(|n| f(Item::Num(n as i128, 4)))),
        Func::String => first.each(row, &mut |a| f(Item::Text(&a.shown()))),
        Func::Abs => first.each(row, &mut |a| match a {
            Item::Num(n, w) => f(Item::Num(n.abs(), w)),
            Item::Span(n) => f(Item::Span(n.abs())),
            _ => true,
        }),
        Func::Count => {
            let mut n = 0;
            first.each(row, &mut |_| {
                n += 1;
                true
            });
            n == 0 || f(Item::Num(n, 4))
        }
        Func::Max => extreme(args, row, Ordering::is_gt).is_none_or(|c| f(c.item())),
        Func::Min => extreme(args, row, Ordering::is_lt).is_none_or(|c| f(c.item())),
    }
}

/// The value that beats all others.
fn extreme<R: Row>(args: &[Val], row: &R, beats: fn(Ordering) -> bool) -> Option<Const> {
    let mut best: Option<Const> = None;
    for arg in args {
        arg.each(row, &mut |a| {
            let better = best.as_ref().is_none_or(|b| compare(a, b.item()).is_some_and(beats));
            if better {
                best = Some(a.keep());
            }
            true
        });
    }
    best
}
