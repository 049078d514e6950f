//! `zscope packets`: one line a packet, chosen fields, the field tree, JSON or CSV.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use crate::decode::columns::{Columns, Slot, Sources};
use crate::decode::fmt::Out;
use crate::decode::print;
use crate::decode::registry::{self, Resolved};
use crate::decode::tree::Tree;
use crate::decode::{Ctx, FieldId, Kind, Sink};
use crate::pipeline::{self, Decoded, Work};
use crate::source::frame::{Batch, Frame};

use super::input::{self, Input};
use super::output::Output;

/// `zscope packets FILE… [-Y FILTER] [-T text|fields|jsonl|csv] [-e FIELD]… [-V] [-x] [-c N]`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: Input,
    /// Only packets that match, in Wireshark's display-filter language
    #[arg(short = 'Y', value_name = "FILTER")]
    filter: Option<String>,
    /// How to print
    #[arg(short = 'T', value_enum, default_value_t = Format::Text)]
    format: Format,
    /// A field to print; may be given again
    #[arg(short = 'e', value_name = "FIELD")]
    fields: Vec<String>,
    /// The field tree of each packet
    #[arg(short = 'V')]
    tree: bool,
    /// The bytes of each packet, with EBCDIC and ASCII columns
    #[arg(short = 'x')]
    hex: bool,
    /// Read so many packets at most
    #[arg(short = 'c', value_name = "N")]
    limit: Option<u64>,
    /// Print the number of packets only
    #[arg(long)]
    count: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// One line a packet
    Text,
    /// The fields of -e, with tabs between
    Fields,
    /// One JSON object a line
    Jsonl,
    /// Comma-separated values with a header line
    Csv,
}

/// Columns of CSV output when none are chosen.
const DEFAULT_COLUMNS: &[&str] = &[
    "frame.number",
    "frame.time_epoch",
    "frame.len",
    "frame.interface_name",
    "eth.src",
    "eth.dst",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "ip.proto",
    "tcp.srcport",
    "tcp.dstport",
    "udp.srcport",
    "udp.dstport",
    "tcp.flags",
    "tcp.len",
    "frame.protocols",
];

/// Runs the command.
pub fn run(a: &Args) -> io::Result<ExitCode> {
    let usage = |e: String| io::Error::new(io::ErrorKind::InvalidInput, e);
    let names: Vec<String> = match (a.format, a.fields.is_empty()) {
        (Format::Fields, true) => return Err(usage("-T fields needs at least one -e FIELD".into())),
        (Format::Csv, true) => DEFAULT_COLUMNS.iter().map(|&n| n.to_owned()).collect(),
        _ => a.fields.clone(),
    };
    let wanted = names
        .iter()
        .map(|n| registry::resolve(n).map(|r| (n.clone(), r)).ok_or_else(|| unknown(n)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(usage)?;
    let stdout = Output::stdout()?;
    if a.format == Format::Csv && !a.count && !stdout.write(format!("{}\n", names.join(",")).as_bytes()) {
        return stdout.finish().map(|()| ExitCode::SUCCESS);
    }
    let total = Arc::default();
    let workers = (0..a.input.workers())
        .map(|_| Worker {
            printer: Printer::new(a, &wanted),
            hex: a.hex,
            out: Vec::new(),
            stdout: stdout.clone(),
            total: Arc::clone(&total),
        })
        .collect();
    let report = pipeline::run(&a.input.files, &a.input.options(a.limit), &a.input.settings(), workers);
    if a.count {
        let n = total.load(std::sync::atomic::Ordering::Relaxed);
        let _ = stdout.write(format!("{n}\n").as_bytes());
    }
    stdout.finish()?;
    Ok(input::conclude(&report))
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
struct Column {
    name: String,
    kind: Kind,
    slots: Vec<Slot>,
}

fn columns_for(wanted: &[(String, Resolved)]) -> (Columns, Vec<Column>) {
    let mut columns = Columns::new([]);
    let list = wanted
        .iter()
        .map(|(name, r)| Column {
            name: name.clone(),
            kind: r.kind,
            slots: r.fields.iter().map(|&f| columns.want(f)).collect(),
        })
        .collect();
    (columns, list)
}

/// What is made of each packet.
enum Printer {
    /// Nothing but a number.
    Count,
    /// The one-line list.
    Line(Box<Columns>),
    Tree(Box<Tree>),
    Fields(Box<Columns>, Vec<Column>),
    Csv(Box<Columns>, Vec<Column>),
    /// Chosen columns as JSON.
    Json(Box<Columns>, Vec<Column>),
    /// Every field there is, as JSON; for each slot its key, quoted.
    JsonAll(Box<Columns>, Vec<Vec<u8>>),
}

impl Printer {
    fn new(a: &Args, wanted: &[(String, Resolved)]) -> Self {
        if a.count {
            return Self::Count;
        }
        if a.tree && a.format == Format::Text {
            return Self::Tree(Box::default());
        }
        let (columns, list) = columns_for(wanted);
        let columns = Box::new(columns);
        match a.format {
            Format::Text => Self::Line(Box::new(Columns::new([]).with_summary())),
            Format::Fields => Self::Fields(columns, list),
            Format::Csv => Self::Csv(columns, list),
            Format::Jsonl if wanted.is_empty() => {
                let ids: Vec<FieldId> =
                    registry::all().filter(|(_, d)| d.kind != Kind::Protocol).map(|(id, _)| id).collect();
                let keys = ids
                    .iter()
                    .map(|id| {
                        let mut k = Vec::new();
                        print::json_string(&mut k, id.def().name);
                        k.push(b':');
                        k
                    })
                    .collect();
                Self::JsonAll(Box::new(Columns::new(ids)), keys)
            }
            Format::Jsonl => Self::Json(columns, list),
        }
    }
}

struct Worker {
    printer: Printer,
    hex: bool,
    out: Vec<u8>,
    stdout: Output,
    total: Arc<std::sync::atomic::AtomicU64>,
}

impl Work for Worker {
    fn decode(&mut self, batch: &Decoded<'_>) {
        let (out, hex) = (&mut self.out, self.hex);
        out.clear();
        match &mut self.printer {
            Printer::Count => {
                let n = batch.batch.frames.len() as u64;
                self.total.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
            }
            Printer::Tree(tree) => {
                std::mem::swap(&mut tree.out, out);
                batch.frames(
                    &mut **tree,
                    |_, _| true,
                    |c, batch| {
                        if hex {
                            hex_dump(&mut c.sink.out, batch.bytes(c.frame.data));
                        }
                        c.sink.finish();
                    },
                );
                std::mem::swap(&mut tree.out, out);
            }
            Printer::Line(columns) => each(batch, columns, hex, out, |out, c, _| {
                line(out, c.frame, c.times.first, c.sink);
            }),
            Printer::Fields(columns, list) => each(batch, columns, hex, out, |out, c, data| {
                for (i, column) in list.iter().enumerate() {
                    if i > 0 {
                        out.push(b'\t');
                    }
                    cell(out, column, c.sink, data);
                }
                out.push(b'\n');
            }),
            Printer::Csv(columns, list) => each(batch, columns, hex, out, |out, c, data| {
                for (i, column) in list.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    quoted(out, |out| cell(out, column, c.sink, data));
                }
                out.push(b'\n');
            }),
            Printer::Json(columns, list) => each(batch, columns, hex, out, |out, c, data| {
                json(out, list, c.sink, data);
            }),
            Printer::JsonAll(columns, keys) => each(batch, columns, hex, out, |out, c, data| {
                json_all(out, keys, c.sink, data);
            }),
        }
    }

    fn deliver(&mut self) -> bool {
        self.out.is_empty() || self.stdout.write(&self.out)
    }
}

/// Decodes a batch into columns and prints each packet.
fn each(
    batch: &Decoded<'_>,
    columns: &mut Columns,
    hex: bool,
    out: &mut Vec<u8>,
    mut print: impl FnMut(&mut Vec<u8>, &Ctx<'_, Columns>, Sources<'_>),
) {
    batch.frames(
        columns,
        |columns, _| {
            columns.clear();
            true
        },
        |c, batch| {
            c.sink.finish();
            let data = sources(c, batch);
            print(out, c, data);
            if hex {
                hex_dump(out, data.frame);
            }
        },
    );
}

fn sources<'a, S: Sink>(c: &'a Ctx<'_, S>, batch: &'a Batch) -> Sources<'a> {
    Sources { frame: batch.bytes(c.frame.data), head: batch.bytes(c.frame.head), joined: &c.sources }
}

fn cell(out: &mut Vec<u8>, column: &Column, columns: &Columns, data: Sources<'_>) {
    let mut first = true;
    let mut one = |out: &mut Vec<u8>, v| {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        print::field(out, column.kind, v);
    };
    if let [slot] = column.slots[..] {
        columns.occurrences(slot, data).for_each(|v| one(out, v));
    } else {
        columns
            .in_order(data)
            .filter(|(s, ..)| column.slots.contains(s))
            .for_each(|(_, _, v, _)| one(out, v));
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

fn json_all(out: &mut Vec<u8>, keys: &[Vec<u8>], columns: &Columns, data: Sources<'_>) {
    out.push(b'{');
    let start = out.len();
    for (slot, first, ..) in columns.in_order(data) {
        if !first {
            continue;
        }
        let mut values = columns.occurrences(slot, data);
        let Some(value) = values.next() else { continue };
        if out.len() > start {
            out.push(b',');
        }
        out.extend_from_slice(&keys[usize::from(slot)]);
        array(out, columns.fields()[usize::from(slot)].def().kind, value, values);
    }
    out.text("}\n");
}

/// One value as it is, several as an array.
fn array<'a>(
    out: &mut Vec<u8>,
    kind: Kind,
    first: crate::decode::Value<'a>,
    rest: impl Iterator<Item = crate::decode::Value<'a>>,
) {
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
fn line(out: &mut Vec<u8>, f: &Frame, first: Option<crate::source::frame::Timestamp>, columns: &Columns) {
    let Some(s) = columns.line() else { return };
    let start = out.len();
    out.dec(f.number);
    pad_left(out, start, 5);
    out.push(b' ');
    let at = out.len();
    match (f.time, first) {
        (Some(t), Some(first)) => out.seconds(t.nanos_total() - first.nanos_total()),
        _ => out.push(b'-'),
    }
    pad_left(out, at, 13);
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

fn pad_right(out: &mut Vec<u8>, at: usize, width: usize) {
    const BLANKS: &[u8] = b"                ";
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

/// Sixteen bytes a line: offset, hexadecimal, EBCDIC and ASCII.
fn hex_dump(out: &mut Vec<u8>, bytes: &[u8]) {
    for (i, row) in bytes.chunks(16).enumerate() {
        out.hex(16 * i as u64, 4);
        out.push(b' ');
        for j in 0..16 {
            if j % 4 == 0 {
                out.push(b' ');
            }
            match row.get(j) {
                Some(&b) => out.hex(b.into(), 2),
                None => out.text("  "),
            }
        }
        out.text("  *");
        for &b in row {
            out.push(if b.is_ascii_graphic() || b == b' ' { b } else { b'.' });
        }
        out.text("*\n");
    }
    out.push(b'\n');
}
