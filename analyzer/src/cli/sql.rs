//! `zscope sql`: SQL over the tables of a trace.

use std::io;
use std::process::ExitCode;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::decode::fmt::Out;
use crate::decode::print;
use crate::sql::feed::Traces;
use crate::sql::{Answer, Engine, SqlValue};
use crate::tables::text;

use super::input::{self, Input};
use super::output::Output;
use super::table;

/// `zscope sql FILE… 'SELECT …'`
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "zscope sql [OPTIONS] <FILE>... <QUERY>",
    after_help = "Tables: packets, records, sessions, findings, anomalies. Columns are those of the Parquet export; every \
                  display-filter field is one more column of packets. A dot in a name may be written \
                  as an underscore (ip_src for ip.src)."
)]
pub struct Args {
    #[command(flatten)]
    input: Input,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Only packets that match, in Wireshark's display-filter language
    #[arg(short = 'Y', value_name = "FILTER")]
    filter: Option<String>,
    /// Read so many packets at most
    #[arg(short = 'c', value_name = "N")]
    limit: Option<u64>,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Columns side by side, for people
    Table,
    /// Comma-separated values with a header line
    Csv,
    /// One JSON object a line
    Jsonl,
}

/// Runs the command.
pub fn run(a: &Args) -> io::Result<ExitCode> {
    let usage = |e: &str| io::Error::new(io::ErrorKind::InvalidInput, e.to_owned());
    let Some((query, files)) = a.input.files.split_last().filter(|(_, f)| !f.is_empty()) else {
        return Err(usage("sql needs at least one FILE and, behind it, the query"));
    };
    let query = query.to_str().ok_or_else(|| usage("the query is not UTF-8"))?;
    let filter = input::filter(a.filter.as_deref())?;
    let (common, passing) = (a.input.clone(), filter.clone());
    let traces = Traces {
        files: files.to_vec(),
        options: a.input.options(a.limit),
        settings: Box::new(move |f| common.settings(table::asked(f, passing.as_ref()))),
        filter,
        workers: a.input.workers(),
        report: Mutex::default(),
        followed: OnceLock::new(),
    };
    let mut engine = Engine::new(traces).map_err(io::Error::other)?;
    let mut printer = Printer { format: a.format, stdout: Output::stdout()?, ..Printer::new()? };
    engine.run(query, &mut printer).map_err(io::Error::other)?;
    printer.flush();
    printer.stdout.finish()?;
    let report = engine.traces().report.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(report.map_or(ExitCode::SUCCESS, |r| {
        let code = input::conclude(&r);
        if r.inputs.is_empty() { ExitCode::FAILURE } else { code }
    }))
}

/// Rows that are looked at to find out how wide the columns have to be.
const SAMPLE: usize = 1000;

/// Bytes that are gathered before they are written.
const CHUNK: usize = 64 << 10;

/// Prints results as they come.
struct Printer {
    format: Format,
    stdout: Output,
    names: Vec<String>,
    out: Vec<u8>,
    /// The first rows of a table, until the widths are known.
    first: Vec<Vec<(String, bool)>>,
    widths: Option<Vec<usize>>,
    results: usize,
}

impl Printer {
    fn new() -> io::Result<Self> {
        Ok(Self {
            format: Format::Table,
            stdout: Output::stdout()?,
            names: Vec::new(),
            out: Vec::new(),
            first: Vec::new(),
            widths: None,
            results: 0,
        })
    }

    fn flush(&mut self) -> bool {
        let more = self.out.is_empty() || self.stdout.write(&self.out);
        self.out.clear();
        more
    }

    /// Settles the widths and prints the rows that waited for them.
    fn settle(&mut self) {
        let mut widths: Vec<usize> = self.names.iter().map(|n| n.chars().count()).collect();
        for row in &self.first {
            for (w, (cell, _)) in widths.iter_mut().zip(row) {
                *w = (*w).max(cell.chars().count());
            }
        }
        let heads: Vec<(String, bool)> = self.names.iter().map(|n| (n.clone(), false)).collect();
        let rules: Vec<(String, bool)> = widths.iter().map(|&w| ("-".repeat(w), false)).collect();
        let first = std::mem::take(&mut self.first);
        for row in [heads, rules].iter().chain(&first) {
            line(&mut self.out, &widths, row);
        }
        self.widths = Some(widths);
    }
}

/// One line of a table; numbers stand at the right.
fn line(out: &mut Vec<u8>, widths: &[usize], row: &[(String, bool)]) {
    let start = out.len();
    for (i, ((cell, number), &width)) in row.iter().zip(widths).enumerate() {
        if i > 0 {
            out.text("  ");
        }
        let pad = width.saturating_sub(cell.chars().count());
        if *number {
            out.resize(out.len() + pad, b' ');
        }
        out.text(cell);
        if !*number {
            out.resize(out.len() + pad, b' ');
        }
    }
    while out.len() > start && out.last() == Some(&b' ') {
        out.pop();
    }
    out.push(b'\n');
}

/// A value as people read it: control characters would break the table.
fn shown(v: SqlValue<'_>) -> (String, bool) {
    match v {
        SqlValue::Null => (String::new(), false),
        SqlValue::Int(n) => (n.to_string(), true),
        SqlValue::Float(x) => (x.to_string(), true),
        SqlValue::Text(s) if s.chars().any(char::is_control) => (s.escape_debug().to_string(), false),
        SqlValue::Text(s) => (s.to_owned(), false),
        SqlValue::Blob(b) => (hex(b), false),
    }
}

fn hex(b: &[u8]) -> String {
    let mut out = Vec::new();
    out.bytes(b);
    String::from_utf8(out).unwrap_or_default()
}

impl Answer for Printer {
    fn columns(&mut self, names: &[String]) {
        self.names = names.to_vec();
        self.widths = None;
        if self.results > 0 && self.format == Format::Table {
            self.out.push(b'\n');
        }
        self.results += 1;
        if self.format == Format::Csv {
            self.out.extend(text::header(text::TextFormat::Csv, names.iter().map(String::as_str)));
        }
    }

    fn row(&mut self, values: &[SqlValue<'_>]) -> bool {
        match self.format {
            Format::Table => {
                let row: Vec<_> = values.iter().map(|&v| shown(v)).collect();
                match &self.widths {
                    Some(widths) => line(&mut self.out, widths, &row),
                    None => {
                        self.first.push(row);
                        if self.first.len() >= SAMPLE {
                            self.settle();
                        }
                    }
                }
            }
            Format::Csv => {
                for (i, v) in values.iter().enumerate() {
                    if i > 0 {
                        self.out.push(b',');
                    }
                    match v {
                        SqlValue::Text("") => self.out.text("\"\""),
                        SqlValue::Text(s) => text::csv_text(&mut self.out, s),
                        v => self.out.text(&shown(*v).0),
                    }
                }
                self.out.push(b'\n');
            }
            Format::Jsonl => {
                self.out.push(b'{');
                for (i, (v, name)) in values.iter().zip(&self.names).enumerate() {
                    if i > 0 {
                        self.out.push(b',');
                    }
                    print::json_string(&mut self.out, name);
                    self.out.push(b':');
                    match v {
                        SqlValue::Null => self.out.text("null"),
                        SqlValue::Float(x) if !x.is_finite() => self.out.text("null"),
                        SqlValue::Text(s) => print::json_string(&mut self.out, s),
                        SqlValue::Blob(b) => print::json_string(&mut self.out, &hex(b)),
                        v => self.out.text(&shown(*v).0),
                    }
                }
                self.out.text("}\n");
            }
        }
        self.out.len() < CHUNK || self.flush()
    }

    fn end(&mut self) {
        if self.format == Format::Table && self.widths.is_none() {
            self.settle();
        }
    }
}
