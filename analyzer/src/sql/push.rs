//! Conditions of a query as display filters, so that packets which cannot matter make no rows.
//!
//! The engine still tests every condition itself. A filter made here only has to let pass each
//! packet that the condition lets pass, and may let pass more: a column shows the first occurrence
//! of a field, a filter looks at all of them.

use rusqlite::types::ValueRef;

use crate::decode::{Kind, registry};
use crate::filter::Filter;
use crate::tables::ColumnDef;
use crate::tables::schema::Source;

/// Comparisons that are handed down, as a filter writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `=`, `IS`, and each value of `IN`.
    Eq,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `IS NOT NULL`
    Present,
}

impl Op {
    /// All, in the order of their letters.
    const ALL: [(char, Self, &str); 6] = [
        ('e', Self::Eq, "=="),
        ('l', Self::Lt, "<"),
        ('m', Self::Le, "<="),
        ('g', Self::Gt, ">"),
        ('h', Self::Ge, ">="),
        ('p', Self::Present, ""),
    ];

    /// A letter for the engine's note of a plan.
    #[must_use]
    pub fn letter(self) -> char {
        Self::ALL.iter().find(|(_, op, _)| *op == self).map_or('e', |(c, ..)| *c)
    }

    /// The comparison of a letter.
    #[must_use]
    pub fn of(letter: char) -> Option<Self> {
        Self::ALL.iter().find(|(c, ..)| *c == letter).map(|(_, op, _)| *op)
    }

    fn sign(self) -> &'static str {
        Self::ALL.iter().find(|(_, op, _)| *op == self).map_or("==", |(.., sign)| sign)
    }
}

/// The fields that a column shows the first of; none when it is not made of fields alone.
fn fields(column: &ColumnDef) -> Vec<&'static str> {
    match column.source {
        Source::Field => vec![column.name],
        Source::FirstOf(groups) | Source::PortOf(groups) => groups.concat(),
        _ => Vec::new(),
    }
}

/// True when conditions on this column can be handed down.
#[must_use]
pub fn takes(column: &ColumnDef, op: Op) -> bool {
    let numbers = matches!(column.source, Source::Field | Source::PortOf(_));
    let kinds: Vec<Kind> = fields(column).iter().filter_map(|n| Some(registry::resolve(n)?.kind)).collect();
    let fits = |kind: &Kind| match kind {
        Kind::Uint(..) | Kind::FrameNum => true,
        Kind::Bool | Kind::Ipv4 | Kind::Ipv6 | Kind::Ether | Kind::Str => matches!(op, Op::Eq | Op::Present),
        _ => false,
    };
    !kinds.is_empty() && kinds.iter().all(fits) && (numbers || matches!(op, Op::Eq | Op::Present))
}

/// The filter for a comparison of a column with a value. None when there is none that is sure to
/// let pass enough.
#[must_use]
pub fn filter(column: &ColumnDef, op: Op, value: ValueRef<'_>) -> Option<String> {
    let each = fields(column).into_iter().filter_map(|name| {
        let text = match (op, registry::resolve(name)?.kind, value) {
            (Op::Present, ..) => name.to_owned(),
            (_, Kind::Bool, ValueRef::Integer(n)) if !matches!(n, 0 | 1) => return None,
            (_, Kind::Uint(..) | Kind::FrameNum | Kind::Bool, ValueRef::Integer(n)) => {
                format!("{name} {} {n}", op.sign())
            }
            (Op::Eq, Kind::Ipv4 | Kind::Ipv6 | Kind::Ether, ValueRef::Text(t)) => {
                format!("{name} == {}", plain(t)?)
            }
            (Op::Eq, Kind::Str, ValueRef::Text(t)) => format!("{name} == \"{}\"", plain(t)?),
            _ => return None,
        };
        // A value that the field cannot have.
        Filter::parse(&text).is_ok().then_some(text)
    });
    let each: Vec<String> = each.collect();
    (!each.is_empty()).then(|| each.join(" or "))
}

/// Text that means itself in a filter, in quotes or without.
fn plain(text: &[u8]) -> Option<&str> {
    let same = |b: &u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b'/');
    (!text.is_empty() && text.iter().all(same)).then_some(std::str::from_utf8(text).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::TableKind;

    fn column(name: &str) -> ColumnDef {
        *TableKind::Packets.columns().iter().find(|c| c.name == name).unwrap()
    }

    #[test]
    fn conditions_become_filters() {
        let f = |name: &str, op, v: ValueRef<'_>| filter(&column(name), op, v);
        assert_eq!(f("ip.src", Op::Eq, ValueRef::Text(b"10.0.0.1")).as_deref(), Some("ip.src == 10.0.0.1"));
        assert_eq!(f("tcp.dstport", Op::Ge, ValueRef::Integer(1024)).as_deref(), Some("tcp.dstport >= 1024"));
        assert_eq!(f("ip.src", Op::Present, ValueRef::Null).as_deref(), Some("ip.src"));
        let src = f("src", Op::Eq, ValueRef::Text(b"10.0.0.1")).unwrap();
        assert_eq!(src, "ip.src == 10.0.0.1 or pth.src == 10.0.0.1 or arp.src.proto_ipv4 == 10.0.0.1");
        // What no filter is sure about stays with the engine.
        for (name, v) in [
            ("ip.src", ValueRef::Text(b"no address")),
            ("tcp.dstport", ValueRef::Integer(70_000)),
            ("tcp.dstport", ValueRef::Real(1.5)),
            ("tcp.dstport", ValueRef::Null),
        ] {
            assert_eq!(f(name, Op::Eq, v), None, "{name} {v:?}");
        }
        assert!(!takes(&column("info"), Op::Eq) && !takes(&column("frame.time"), Op::Gt));
        assert!(!takes(&column("src"), Op::Lt));
    }
}
