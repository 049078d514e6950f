//! Packets as text: the one-line list, the field tree, chosen fields, CSV, JSON.

use crate::decode::columns::{Columns, Slot, Sources};
use crate::decode::fmt::Out;
use crate::decode::json::Json;
use crate::decode::registry::{self, Resolved};
use crate::decode::tree::Tree;
use crate::decode::{Ctx, Kind, Sink, Value, print};
use crate::pipeline::Decoded;
use crate::source::frame::{Batch, Frame, Timestamp};

use super::hex;

/// How packets are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One line a packet
    Text,
    /// The fields of -e, with tabs between
    Fields,
    /// One JSON object a line
    Jsonl,
    /// Comma-separated values with a header line
    Csv,
}

/// Fields by the names they were asked for.
pub type Wanted = Vec<(String, Resolved)>;

/// Finds the fields of `names`; the error names the unknown one and its neighbours.
pub fn resolve(names: &[String]) -> Result<Wanted, String> {
    names.iter().map(|n| registry::resolve(n).map(|r| (n.clone(), r)).ok_or_else(|| unknown(n))).collect()
}

fn unknown(name: &str) -> String {
    let near = registry::similar(name);
    if near.is_empty() {
        format!("no field is called \"{name}\"; `zscope fields` lists them")
    } else {
        format!("no field is called \"{name}\"; did you mean {}?", near.join(", "))
    }
}

/// One output column: a field, or several under one name.
#[derive(Debug)]
struct Column {
    name: String,
    kind: Kind,
    slots: Vec<Slot>,
}

fn columns_for(wanted: &Wanted) -> (Box<Columns>, Vec<Column>) {
    let mut columns = Columns::new([]);
    let list = wanted
        .iter()
        .map(|(name, r)| Column {
            name: name.clone(),
            kind: r.kind,
            slots: r.fields.iter().map(|&f| columns.want(f)).collect(),
        })
        .collect();
    (Box::new(columns), list)
}

/// Prints packets one way.
#[derive(Debug)]
pub struct Printer {
    style: Style,
    hex: bool,
}

#[derive(Debug)]
enum Style {
    Line(Box<Columns>),
    Tree(Box<Tree>),
    Fields(Box<Columns>, Vec<Column>),
    Csv(Box<Columns>, Vec<Column>),
    /// Chosen columns as JSON.
    Json(Box<Columns>, Vec<Column>),
    /// Every field there is, as JSON.
    JsonAll(Box<Json>),
}

impl Printer {
    /// Prints `wanted` in a format; JSON without any wanted field prints all there are.
    #[must_use]
    pub fn new(format: Format, wanted: &Wanted, hex: bool) -> Self {
        let (columns, list) = columns_for(wanted);
        let style = match format {
            Format::Text => Style::Line(Box::new(Columns::new([]).with_summary())),
            Format::Fields => Style::Fields(columns, list),
            Format::Csv => Style::Csv(columns, list),
            Format::Jsonl if wanted.is_empty() => Style::JsonAll(Box::default()),
            Format::Jsonl => Style::Json(columns, list),
        };
        Self { style, hex }
    }

    /// Prints the field tree.
    #[must_use]
    pub fn tree(hex: bool) -> Self {
        Self { style: Style::Tree(Box::default()), hex }
    }

    /// What stands above the first packet.
    #[must_use]
    pub fn header(&self) -> String {
        match &self.style {
            Style::Csv(_, list) => {
                let names: Vec<&str> = list.iter().map(|c| c.name.as_str()).collect();
                names.join(",") + "\n"
            }
            _ => String::new(),
        }
    }

    /// Appends the packets of a batch that passed, all of them without `passed`.
    pub fn print(&mut self, batch: &Decoded<'_>, passed: Option<&[bool]>, out: &mut Vec<u8>) {
        let hex = self.hex;
        match &mut self.style {
            Style::Tree(tree) => {
                let mut pass = passes(passed);
                std::mem::swap(&mut tree.out, out);
                batch.frames(
                    &mut **tree,
                    |_, _, _| pass(),
                    |c, batch| {
                        if hex {
                            hex::dump(&mut c.sink.out, batch.bytes(c.frame.data), c.settings.codepage);
                        }
                        c.sink.finish();
                    },
                );
                std::mem::swap(&mut tree.out, out);
            }
            Style::Line(columns) => each(batch, passed, columns, hex, out, |out, c, _| {
                line(out, c.frame, c.times.first, c.sink);
            }),
            Style::Fields(columns, list) => each(batch, passed, columns, hex, out, |out, c, data| {
                for (i, column) in list.iter().enumerate() {
                    if i > 0 {
                        out.push(b'\t');
                    }
                    cell(out, column, c.sink, data);
                }
                out.push(b'\n');
            }),
            Style::Csv(columns, list) => each(batch, passed, columns, hex, out, |out, c, data| {
                for (i, column) in list.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    quoted(out, |out| cell(out, column, c.sink, data));
                }
                out.push(b'\n');
            }),
            Style::Json(columns, list) => each(batch, passed, columns, hex, out, |out, c, data| {
                json(out, list, c.sink, data);
            }),
            Style::JsonAll(json) => {
                let mut pass = passes(passed);
                std::mem::swap(&mut json.out, out);
                batch.frames(
                    &mut **json,
                    |json, _, _| {
                        json.begin();
                        pass()
                    },
                    |c, batch| {
                        c.sink.finish();
                        if hex {
                            hex::dump(&mut c.sink.out, batch.bytes(c.frame.data), c.settings.codepage);
                        }
                    },
                );
                std::mem::swap(&mut json.out, out);
            }
        }
    }
}

/// Whether the next frame passes.
fn passes(passed: Option<&[bool]>) -> impl FnMut() -> bool {
    let mut verdicts = passed.map(<[bool]>::iter);
    move || verdicts.as_mut().is_none_or(|v| v.next() == Some(&true))
}

/// Decodes a batch into columns and prints each packet that passes.
fn each(
    batch: &Decoded<'_>,
    passed: Option<&[bool]>,
    columns: &mut Columns,
    hex: bool,
    out: &mut Vec<u8>,
    mut print: impl FnMut(&mut Vec<u8>, &Ctx<'_, Columns>, Sources<'_>),
) {
    let mut pass = passes(passed);
    batch.frames(
        columns,
        |columns, _, _| {
            columns.clear();
            pass()
        },
        |c, batch| {
            c.sink.finish();
            let data = sources(c, batch);
            print(out, c, data);
            if hex {
                hex::dump(out, data.frame, c.settings.codepage);
            }
        },
    );
}

/// The data sources of a decoded packet.
pub fn sources<'a, S: Sink>(c: &'a Ctx<'_, S>, batch: &'a Batch) -> Sources<'a> {
    Sources { frame: batch.bytes(c.frame.data), head: batch.bytes(c.frame.head), joined: &c.sources }
}

fn cell(out: &mut Vec<u8>, column: &Column, columns: &Columns, data: Sources<'_>) {
    if let [slot] = column.slots[..] {
        list(out, column.kind, columns.occurrences(slot, data));
    } else {
        let all = columns.in_order(data).filter(|(s, ..)| column.slots.contains(s));
        list(out, column.kind, all.map(|(_, _, v, _)| v));
    }
}

/// Values with commas between.
#[inline(always)]
fn list<'a>(out: &mut Vec<u8>, kind: Kind, values: impl Iterator<Item = Value<'a>>) {
    for (i, v) in values.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        print::field(out, kind, v);
    }
}

/// Quotes a CSV value that needs it.
fn quoted(out: &mut Vec<u8>, value: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    value(out);
    if out[at..].iter().any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r')) {
        let text = out.split_off(at);
        out.push(b'"');
        for b in text {
            if b == b'"' {
                out.push(b'"');
            }
            out.push(b);
        }
        out.push(b'"');
    }
}

fn json(out: &mut Vec<u8>, list: &[Column], columns: &Columns, data: Sources<'_>) {
    out.push(b'{');
    let start = out.len();
    for column in list {
        let mut values = columns.in_order(data).filter(|(s, ..)| column.slots.contains(s)).map(|o| o.2);
        let Some(first) = values.next() else { continue };
        if out.len() > start {
            out.push(b',');
        }
        print::json_string(out, &column.name);
        out.push(b':');
        array(out, column.kind, first, values);
    }
    out.text("}\n");
}

/// One value as it is, several as an array.
fn array<'a>(out: &mut Vec<u8>, kind: Kind, first: Value<'a>, rest: impl Iterator<Item = Value<'a>>) {
    let at = out.len();
    print::json(out, kind, first);
    let mut several = false;
    for v in rest {
        several = true;
        out.push(b',');
        print::json(out, kind, v);
    }
    if several {
        out.insert(at, b'[');
        out.push(b']');
    }
}

/// Number, time since the first frame, addresses, protocol, length, info.
fn line(out: &mut Vec<u8>, f: &Frame, first: Option<Timestamp>, columns: &Columns) {
    let Some(s) = columns.line() else { return };
    let start = out.len();
    out.dec(f.number);
    pad_left(out, start, 5);
    out.push(b' ');
    match (f.time, first) {
        (Some(t), Some(first)) => since(out, t, first),
        _ => out.text("            -"),
    }
    out.push(b' ');
    let at = out.len();
    s.src.print(out);
    pad_right(out, at, 15);
    out.text(" \u{2192} ");
    let at = out.len();
    s.dst.print(out);
    pad_right(out, at, 15);
    out.push(b' ');
    let at = out.len();
    out.text(s.protocol);
    pad_right(out, at, 6);
    out.push(b' ');
    out.dec(f.orig_len.into());
    out.push(b' ');
    out.extend_from_slice(&s.info);
    out.push(b'\n');
}

/// Seconds from `first` to `t`, to the right of 13 columns.
fn since(out: &mut Vec<u8>, t: Timestamp, first: Timestamp) {
    let borrow = i64::from(t.nanos < first.nanos);
    let nanos = (t.nanos + borrow as u32 * 1_000_000_000).wrapping_sub(first.nanos);
    match t.secs.checked_sub(first.secs).and_then(|s| s.checked_sub(borrow)) {
        Some(secs @ 0..1000) => {
            let blanks = if secs < 10 { 2 } else { usize::from(secs < 100) };
            out.extend_from_slice(&BLANKS[..blanks]);
            out.epoch(Timestamp { secs, nanos });
        }
        _ => {
            let at = out.len();
            out.seconds(t.nanos_total() - first.nanos_total());
            pad_left(out, at, 13);
        }
    }
}

const BLANKS: &[u8] = b"                ";

fn pad_right(out: &mut Vec<u8>, at: usize, width: usize) {
    let have = out.len() - at;
    if have < width {
        out.extend_from_slice(&BLANKS[..width - have]);
    }
}

fn pad_left(out: &mut Vec<u8>, at: usize, width: usize) {
    let have = out.len() - at;
    if have < width {
        pad_right(out, at, width);
        out[at..].rotate_right(width - have);
    }
}
