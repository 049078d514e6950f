//! Rows of a table as CSV and as JSON lines.

use super::column::{Cell, Rows, Table, Type};
use crate::decode::fmt::Out;
use crate::decode::print;
use crate::source::frame::Timestamp;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFormat {
    /// Comma-separated values, as RFC 4180.
    Csv,
    /// One JSON object a line, without the columns that have no value.
    Jsonl,
}

/// The header line of CSV, nothing for JSON.
#[must_use]
pub fn header<'a>(format: TextFormat, names: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut out = Vec::new();
    if format == TextFormat::Csv {
        for (i, name) in names.enumerate() {
            if i > 0 {
                out.push(b',');
            }
            csv_text(&mut out, name);
        }
        out.push(b'\n');
    }
    out
}

/// Appends all rows of a table whose columns have these names.
pub fn rows(format: TextFormat, names: &[&str], table: &Table, out: &mut Vec<u8>) {
    let mut rows = Rows::new(table.columns.len());
    while !rows.ended(table) {
        let cells = table.columns.iter().enumerate().map(|(i, c)| (c.kind(), rows.cell(table, i)));
        row(format, names, cells, out);
        rows.advance(table);
    }
}

/// Appends one row.
pub fn row<'a>(
    format: TextFormat,
    names: &[&str],
    cells: impl Iterator<Item = (Type, Cell<'a>)>,
    out: &mut Vec<u8>,
) {
    let start = out.len();
    match format {
        TextFormat::Csv => {
            for (i, (kind, cell)) in cells.enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                match cell {
                    // An empty text is not the same as none.
                    Cell::Text("") => out.text("\"\""),
                    Cell::Text(s) => csv_text(out, s),
                    _ => plain(out, kind, cell),
                }
            }
        }
        TextFormat::Jsonl => {
            out.push(b'{');
            for ((kind, cell), name) in cells.zip(names) {
                if cell == Cell::Null {
                    continue;
                }
                if out.len() > start + 1 {
                    out.push(b',');
                }
                print::json_string(out, name);
                out.push(b':');
                match cell {
                    Cell::Text(s) => print::json_string(out, s),
                    Cell::Int(_) if kind == Type::Time => {
                        out.push(b'"');
                        plain(out, kind, cell);
                        out.push(b'"');
                    }
                    Cell::Float(x) if !x.is_finite() => out.text("null"),
                    _ => plain(out, kind, cell),
                }
            }
            out.push(b'}');
        }
    }
    out.push(b'\n');
}

/// Appends a value without quotes; points in time as ISO 8601.
pub fn plain(out: &mut Vec<u8>, kind: Type, cell: Cell<'_>) {
    match cell {
        Cell::Null => {}
        Cell::Int(n) if kind == Type::Time => print::iso(out, Timestamp::from_nanos(n.into())),
        Cell::Int(n) => out.int(n),
        Cell::Uint(n) => out.dec(n),
        Cell::Float(x) => out.text(&x.to_string()),
        Cell::Bool(b) => out.text(if b { "true" } else { "false" }),
        Cell::Text(s) => out.text(s),
    }
}

/// Appends a text, in quotes where CSV needs them.
pub fn csv_text(out: &mut Vec<u8>, s: &str) {
    if !s.bytes().any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r')) {
        return out.text(s);
    }
    out.push(b'"');
    for b in s.bytes() {
        if b == b'"' {
            out.push(b'"');
        }
        out.push(b);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_as_text() {
        let mut t = Table::new([Type::Time, Type::Text, Type::Bool, Type::Float]);
        t.columns[0].push(Cell::Int(1_456_042_921_641_303_000));
        t.columns[1].push(Cell::Text("a \"b\", c"));
        t.columns[2].push(Cell::Bool(true));
        t.columns[3].push(Cell::Float(0.25));
        t.end_row();
        t.columns[1].push(Cell::Text(""));
        t.end_row();
        t.finish();
        let names = ["t", "s", "b", "x"];
        let mut out = header(TextFormat::Csv, names.into_iter());
        rows(TextFormat::Csv, &names, &t, &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "t,s,b,x\n2016-02-21T08:22:01.641303000Z,\"a \"\"b\"\", c\",true,0.25\n,\"\",,\n"
        );
        let mut out = Vec::new();
        rows(TextFormat::Jsonl, &names, &t, &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"t\":\"2016-02-21T08:22:01.641303000Z\",\"s\":\"a \\\"b\\\", c\",\"b\":true,\"x\":0.25}\n{\"s\":\"\"}\n"
        );
    }
}
