//! `zscope sessions`: who talked to whom, and what went wrong.

mod find;
mod follow;
mod json;
mod table;

pub use table::findings_text;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Parser as _;

use crate::export::OutputKind;
use crate::export::select::Select;
use crate::filter::Filter;
use crate::pipeline::{self, Decoded, Report, Work};
use crate::source::frame::Batch;
use crate::tables::TableKind;
use crate::tables::text::TextFormat;
use crate::track::conversations::Kind;
use crate::track::findings::{self, Finding};
use crate::track::observe::{Observer, Wanted};
use crate::track::sessions::Sessions;

use super::input::{self, Input};
use super::output::Output;
use super::table::Request;

/// `zscope sessions FILE… [--kind KIND] [-Y FILTER] [--json] [--follow N [--as FORM]] [--find TEXT]`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: Input,
    /// Only conversations of this kind
    #[arg(long, value_enum, value_name = "KIND")]
    kind: Option<Kind>,
    /// Only packets that match, in Wireshark's display-filter language
    #[arg(short = 'Y', value_name = "FILTER")]
    filter: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// The bytes of a conversation: its number, of TCP unless `--kind udp` says otherwise
    #[arg(long, value_name = "N")]
    follow: Option<u32>,
    /// How to show them
    #[arg(long = "as", value_enum, default_value_t = follow::As::Ascii, requires = "follow", value_name = "FORM")]
    shown_as: follow::As,
    /// Where this text is said, in ASCII and in EBCDIC; 0x and digits for bytes
    #[arg(long, value_name = "TEXT", conflicts_with = "follow")]
    find: Option<String>,
    /// Upper- and lowercase letters are the same
    #[arg(long, requires = "find")]
    ignore_case: bool,
    /// The table of conversations of docs/tables.md, to standard output or -o
    #[arg(long, value_enum, value_name = "FORMAT", conflicts_with_all = ["json", "follow", "find"])]
    format: Option<TableFormat>,
    /// With --format: the table of findings
    #[arg(long, requires = "format")]
    findings: bool,
    /// With --format: a file to write to; its ending is that of the format
    #[arg(short = 'o', value_name = "OUT", requires = "format", required_if_eq("format", "parquet"))]
    out: Option<PathBuf>,
}

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum TableFormat {
    /// Comma-separated values with a header line
    Csv,
    /// One JSON object a line, with the columns of the table
    Jsonl,
    /// Apache Parquet
    Parquet,
}

impl Args {
    /// Writes a table instead of the report.
    fn table(&self, format: TableFormat, filter: Option<&Filter>) -> io::Result<ExitCode> {
        let table = if self.findings { TableKind::Findings } else { TableKind::Sessions };
        let (ending, text) = match format {
            TableFormat::Csv => (OutputKind::Csv, Some(TextFormat::Csv)),
            TableFormat::Jsonl => (OutputKind::Jsonl, Some(TextFormat::Jsonl)),
            TableFormat::Parquet => (OutputKind::Parquet, None),
        };
        let usage = |e: String| io::Error::new(io::ErrorKind::InvalidInput, e);
        let request =
            |out| Request { input: &self.input, table, columns: table.columns(), filter, limit: None, out };
        let kinds = |k| self.wants(k);
        match (&self.out, text) {
            (Some(out), _) => {
                if OutputKind::of(out).map_err(usage)? != ending {
                    return Err(usage(format!("{}: the ending is not that of --format", out.display())));
                }
                super::table::write_followed(&request(out), self.wanted(), kinds)
            }
            (None, Some(text)) => {
                super::table::print_followed(&request(Path::new("-")), text, self.wanted(), kinds)
            }
            (None, None) => Err(usage("--format parquet needs -o".into())),
        }
    }

    /// True when conversations of this kind are wanted.
    fn wants(&self, k: Kind) -> bool {
        self.kind.is_none_or(|w| w == k)
    }

    fn wanted(&self) -> Wanted {
        // Errors belong to the conversations they are about.
        let icmp = self.kind.is_none_or(|k| k != Kind::Arp);
        Wanted {
            tcp: self.wants(Kind::Tcp) || self.wants(Kind::Data),
            udp: self.wants(Kind::Udp) || self.wants(Kind::Data),
            icmp,
            arp: self.wants(Kind::Arp),
            verify: self.input.verify_checksums,
        }
    }
}

/// Follows the conversations of the input.
fn followed(a: &Args, filter: Option<&Filter>) -> (Report, Sessions) {
    let sessions: Arc<Mutex<Sessions>> = Arc::default();
    let workers = (0..a.input.workers())
        .map(|_| Worker {
            select: filter.map(Select::new),
            observer: Observer::new(a.wanted()),
            sessions: Arc::clone(&sessions),
        })
        .collect();
    let asked = input::asked(false, &Vec::new(), filter);
    let mut report = pipeline::run(&a.input.files, &a.input.options(None), &a.input.settings(asked), workers);
    let sessions = Arc::into_inner(sessions).map(|s| s.into_inner().unwrap_or_else(PoisonError::into_inner));
    let sessions = sessions.unwrap_or_default();
    sessions.tell(&mut report);
    (report, sessions)
}

/// What is wrong in these traces, worst first, for programs that hold the analyzer: what
/// `zscope sessions FILE…` prints behind its rows. Fails when a file cannot be read.
pub fn findings(files: &[PathBuf]) -> io::Result<Vec<Finding>> {
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }
    let words = std::iter::once("sessions".as_ref()).chain(files.iter().map(|f| f.as_os_str()));
    let line = Line::try_parse_from(words).map_err(io::Error::other)?;
    let (report, sessions) = followed(&line.args, None);
    match report.failed.first() {
        Some(e) => Err(io::Error::other(e.to_string())),
        None => Ok(findings::all(&sessions, findings::Options::default())),
    }
}

/// Runs the command.
pub fn run(a: &Args) -> io::Result<ExitCode> {
    if let Some(n) = a.follow {
        return follow::run(a, n);
    }
    if let Some(text) = &a.find {
        return find::run(a, text);
    }
    let filter = input::filter(a.filter.as_deref())?;
    if let Some(format) = a.format {
        return a.table(format, filter.as_ref());
    }
    let stdout = Output::stdout()?;
    let (report, sessions) = followed(a, filter.as_ref());
    let options = findings::Options { checksums: a.input.verify_checksums };
    let mut findings = findings::all(&sessions, options);
    findings.retain(|f| a.kind.is_none() || f.of.is_some_and(|(k, _)| a.wants(k)));
    let rows = sessions.rows(|k| a.wants(k));
    let shown = if a.json {
        json::write(&rows, &findings, &sessions, &stdout)
    } else {
        table::write(&rows, &findings, &sessions, &stdout)
    };
    let _ = shown;
    stdout.finish()?;
    Ok(input::conclude(&report))
}

struct Worker {
    select: Option<Select>,
    observer: Observer,
    sessions: Arc<Mutex<Sessions>>,
}

impl Work for Worker {
    fn decode(&mut self, batch: &Decoded<'_>) {
        let passed = self.select.as_mut().map(|s| s.pass(batch));
        self.observer.observe(batch, passed);
    }

    fn deliver(&mut self, batch: &Batch) -> bool {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).take(&mut self.observer, batch);
        true
    }
}
