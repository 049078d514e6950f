//! Packets as a table of typed columns: what the Parquet export writes.
//!
//! A column holds a field's first occurrence, which is the outermost header's. Where a packet
//! has several, all of them stand in the column [`MORE`], as a JSON object by field name.

use crate::decode::columns::{Columns, Slot, Sources};
use crate::decode::{Kind, Value, print};
use crate::pipeline::Decoded;

use super::printer::{Wanted, sources};

/// Name of the column with the fields that occur more than once in their packet.
pub const MORE: &str = "zscope.more";

/// Values of one column, absent ones as `None`.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Unsigned integers.
    Uint(Vec<Option<u64>>),
    /// Signed integers, and spans of time in nanoseconds.
    Int(Vec<Option<i64>>),
    /// Flags and presence.
    Bool(Vec<Option<bool>>),
    /// Points in time, in nanoseconds since 1970-01-01 UTC.
    Time(Vec<Option<i64>>),
    /// Addresses, byte strings and text, as `-T fields` prints them.
    Text(Vec<Option<String>>),
}

impl Data {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Uint(..) | Kind::FrameNum => Self::Uint(Vec::new()),
            Kind::Int(_) | Kind::RelTime => Self::Int(Vec::new()),
            Kind::Bool | Kind::None | Kind::Protocol => Self::Bool(Vec::new()),
            Kind::AbsTime | Kind::DateTime => Self::Time(Vec::new()),
            Kind::Ipv4 | Kind::Ipv6 | Kind::Ether | Kind::Bytes | Kind::Str => Self::Text(Vec::new()),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Uint(v) => v.clear(),
            Self::Int(v) | Self::Time(v) => v.clear(),
            Self::Bool(v) => v.clear(),
            Self::Text(v) => v.clear(),
        }
    }

    fn append(&mut self, other: &mut Self) {
        match (self, other) {
            (Self::Uint(a), Self::Uint(b)) => a.append(b),
            (Self::Int(a), Self::Int(b)) | (Self::Time(a), Self::Time(b)) => a.append(b),
            (Self::Bool(a), Self::Bool(b)) => a.append(b),
            (Self::Text(a), Self::Text(b)) => a.append(b),
            _ => unreachable!("tables of one export have the same columns"),
        }
    }

    fn push(&mut self, kind: Kind, value: Option<Value<'_>>) {
        match self {
            Self::Uint(v) => v.push(value.and_then(|x| if let Value::Uint(n) = x { Some(n) } else { None })),
            Self::Int(v) => v.push(match value {
                Some(Value::Int(n) | Value::Duration(n)) => Some(n),
                _ => None,
            }),
            Self::Bool(v) => v.push(value.map(|x| !matches!(x, Value::Uint(0)))),
            Self::Time(v) => v.push(match value {
                Some(Value::Time(t)) => i64::try_from(t.nanos_total()).ok(),
                _ => None,
            }),
            Self::Text(v) => v.push(value.map(|x| text(kind, x))),
        }
    }
}

fn text(kind: Kind, v: Value<'_>) -> String {
    let mut out = Vec::new();
    match v {
        Value::Str(s) => return s.to_owned(),
        _ => print::field(&mut out, kind, v),
    }
    String::from_utf8(out).unwrap_or_default()
}

/// A stretch of packets, column by column.
#[derive(Debug)]
pub struct Table {
    /// Column names and values, all of the same length.
    pub columns: Vec<(String, Data)>,
    /// Rows.
    pub rows: usize,
}

impl Table {
    /// An empty table with a column of each wanted field.
    #[must_use]
    pub fn new(wanted: &Wanted) -> Self {
        let mut columns: Vec<(String, Data)> =
            wanted.iter().map(|(n, r)| (n.clone(), Data::new(r.kind))).collect();
        columns.push((MORE.to_owned(), Data::Text(Vec::new())));
        Self { columns, rows: 0 }
    }

    /// Moves the rows of `other`, which has the same columns, to the end of this table.
    pub fn append(&mut self, other: &mut Self) {
        self.rows += std::mem::take(&mut other.rows);
        for ((_, a), (_, b)) in self.columns.iter_mut().zip(&mut other.columns) {
            a.append(b);
        }
    }

    /// Forgets the rows.
    pub fn clear(&mut self) {
        self.rows = 0;
        for (_, data) in &mut self.columns {
            data.clear();
        }
    }
}

/// Fills tables from batches.
#[derive(Debug)]
pub struct Tabulator {
    columns: Box<Columns>,
    fields: Vec<(Kind, Vec<Slot>)>,
    /// The last batch.
    pub table: Table,
}

impl Tabulator {
    /// Makes a column of each wanted field.
    #[must_use]
    pub fn new(wanted: &Wanted) -> Self {
        let mut columns = Columns::new([]);
        let fields = wanted
            .iter()
            .map(|(_, r)| (r.kind, r.fields.iter().map(|&f| columns.want(f)).collect()))
            .collect();
        Self { columns: Box::new(columns), fields, table: Table::new(wanted) }
    }

    /// Replaces the table by the packets of a batch that passed.
    pub fn fill(&mut self, batch: &Decoded<'_>, passed: Option<&[bool]>) {
        let Self { columns, fields, table } = self;
        table.clear();
        let mut verdicts = passed.map(<[bool]>::iter);
        batch.frames(
            &mut **columns,
            |columns, _| {
                columns.clear();
                verdicts.as_mut().is_none_or(|v| v.next() == Some(&true))
            },
            |c, batch| {
                c.sink.finish();
                row(table, fields, c.sink, sources(c, batch));
            },
        );
    }
}

fn row(table: &mut Table, fields: &[(Kind, Vec<Slot>)], columns: &Columns, data: Sources<'_>) {
    table.rows += 1;
    let mut more = Vec::new();
    for (i, (kind, slots)) in fields.iter().enumerate() {
        let mut values = slots.iter().flat_map(|&s| columns.occurrences(s, data));
        let (name, column) = &mut table.columns[i];
        let first = values.next();
        column.push(*kind, first);
        let (Some(first), Some(second)) = (first, values.next()) else { continue };
        more.push(if more.is_empty() { b'{' } else { b',' });
        print::json_string(&mut more, name);
        more.extend_from_slice(b":[");
        print::json(&mut more, *kind, first);
        for v in std::iter::once(second).chain(values) {
            more.push(b',');
            print::json(&mut more, *kind, v);
        }
        more.push(b']');
    }
    if !more.is_empty() {
        more.push(b'}');
    }
    let all = (!more.is_empty()).then(|| String::from_utf8_lossy(&more).into_owned());
    if let Some((_, Data::Text(v))) = table.columns.last_mut() {
        v.push(all);
    }
}
