//! `zscope export`: packets into a file that other programs read.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use crate::export::atomic::AtomicFile;
use crate::export::ctrace::CtraceExport;
use crate::export::pcap::PcapExport;
use crate::export::pcapng::PcapngExport;
use crate::export::printer::{self, Format, Printer, Wanted};
use crate::export::select::Select;
use crate::export::{Exporter, OutputKind, keylog};
use crate::filter::Filter;
use crate::pipeline::{self, Decoded, Report, Work};
use crate::source::Framing;
use crate::source::frame::Batch;
use crate::tables::{TableKind, schema};

use super::input::{self, Input};
use super::packets::DEFAULT_COLUMNS;

/// `zscope export FILE… -o OUT [-Y FILTER]`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: Input,
    /// Where to; the ending decides: .pcapng .pcap .ctrace .csv .jsonl .parquet
    #[arg(short = 'o', value_name = "OUT")]
    out: PathBuf,
    /// Only packets that match, in Wireshark's display-filter language
    #[arg(short = 'Y', value_name = "FILTER")]
    filter: Option<String>,
    /// A column of CSV or JSON, or one more column of a table; may be given again
    #[arg(short = 'e', value_name = "FIELD")]
    fields: Vec<String>,
    /// The table to write, with all its columns; .parquet is one of packets without this
    #[arg(long, value_enum, value_name = "TABLE")]
    table: Option<TableKind>,
    /// Of a table only the columns of -e
    #[arg(long, requires = "fields")]
    only: bool,
    /// Read so many packets at most
    #[arg(short = 'c', value_name = "N")]
    limit: Option<u64>,
    /// TLS keys, one a line as browsers and servers log them; they go into the .pcapng
    #[arg(long, value_name = "FILE")]
    keylog: Option<PathBuf>,
    /// Framing to read with, where --framing says how to write a .ctrace
    #[arg(long, value_enum, value_name = "FRAMING")]
    input_framing: Option<Framing>,
}

/// Runs the command.
pub fn run(a: &Args) -> io::Result<ExitCode> {
    let kind = OutputKind::of(&a.out).map_err(usage)?;
    if a.keylog.is_some() && kind != OutputKind::Pcapng {
        return Err(usage("--keylog needs a .pcapng: no other format holds keys".into()));
    }
    let filter = input::filter(a.filter.as_deref())?;
    if kind == OutputKind::Parquet || a.table.is_some() {
        return table(a, filter.as_ref());
    }
    let names: Vec<String> = match (kind, a.fields.is_empty()) {
        (OutputKind::Csv, true) => DEFAULT_COLUMNS.iter().map(|&n| n.to_owned()).collect(),
        _ => a.fields.clone(),
    };
    let wanted = printer::resolve(&names).map_err(usage)?;
    let everything = kind == OutputKind::Jsonl && wanted.is_empty();
    let asked = input::asked(everything, &wanted, filter.as_ref());
    let file = super::table::create(&a.out)?;
    let target = Target::new(kind, file, &wanted, a)?;
    let shared = Arc::new(Mutex::new(Shared { target, failed: None }));
    let workers = (0..a.input.workers())
        .map(|_| Worker {
            select: filter.as_ref().map(Select::new),
            passed: None,
            prepare: Prepare::new(kind, &wanted),
            shared: Arc::clone(&shared),
        })
        .collect();
    let mut options = a.input.options(a.limit);
    if kind == OutputKind::Ctrace {
        options.framing = a.input_framing;
    }
    let report = pipeline::run(&a.input.files, &options, &a.input.settings(asked), workers);
    let Ok(shared) = Arc::try_unwrap(shared) else { unreachable!("all workers have ended") };
    let Shared { target, failed } = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(e) = failed {
        return Err(e);
    }
    if report.inputs.is_empty() {
        return Ok(input::conclude(&report));
    }
    for note in target.commit(&report)? {
        eprintln!("zscope: {}: {note}", a.out.display());
    }
    Ok(input::conclude(&report))
}

/// Writes a table of the schema.
fn table(a: &Args, filter: Option<&Filter>) -> io::Result<ExitCode> {
    let table = a.table.unwrap_or(TableKind::Packets);
    let columns = match a.only {
        true => schema::only_fields(table, &a.fields),
        false => schema::with_fields(table, &a.fields),
    };
    super::table::write(&super::table::Request {
        input: &a.input,
        table,
        columns: &columns.map_err(usage)?,
        filter,
        limit: a.limit,
        out: &a.out,
    })
}

fn usage(e: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, e)
}

/// What a worker makes of a batch before its turn to write.
enum Prepare {
    /// Nothing: the bytes are copied in order.
    Copy,
    Text(Box<Printer>, Vec<u8>),
}

impl Prepare {
    fn new(kind: OutputKind, wanted: &Wanted) -> Self {
        match kind {
            OutputKind::Csv => Self::Text(Box::new(Printer::new(Format::Csv, wanted, false)), Vec::new()),
            OutputKind::Jsonl => Self::Text(Box::new(Printer::new(Format::Jsonl, wanted, false)), Vec::new()),
            _ => Self::Copy,
        }
    }
}

/// The output file.
enum Target {
    Text(AtomicFile),
    Capture(Box<dyn Exporter>, AtomicFile),
}

impl Target {
    fn new(kind: OutputKind, mut file: AtomicFile, wanted: &Wanted, a: &Args) -> io::Result<Self> {
        Ok(match kind {
            OutputKind::Csv | OutputKind::Jsonl => {
                if let Prepare::Text(p, _) = Prepare::new(kind, wanted) {
                    file.write_all(p.header().as_bytes())?;
                }
                Self::Text(file)
            }
            OutputKind::Parquet => unreachable!("tables have their own way"),
            OutputKind::Pcapng | OutputKind::Pcap | OutputKind::Ctrace => {
                Self::Capture(exporter(kind, file.handle()?, a)?, file)
            }
        })
    }

    /// Gives the file its name. Returns what the user should know of it.
    fn commit(self, report: &Report) -> io::Result<Vec<String>> {
        match self {
            Self::Text(file) => file.commit().map(|()| Vec::new()),
            Self::Capture(mut e, file) => {
                let notes = e.finish(report)?;
                drop(e);
                file.commit().map(|()| notes)
            }
        }
    }
}

fn exporter(kind: OutputKind, file: File, a: &Args) -> io::Result<Box<dyn Exporter>> {
    Ok(match kind {
        OutputKind::Pcap => Box::new(PcapExport::new(file)),
        OutputKind::Pcapng => {
            let filtered = a.filter.is_some() || a.limit.is_some();
            Box::new(PcapngExport::new(file, filtered).with_keys(keys(a)?))
        }
        OutputKind::Ctrace => {
            let framing = a.input.framing.unwrap_or(Framing::Rdw);
            Box::new(CtraceExport::new(file, framing, a.input.leap_seconds))
        }
        OutputKind::Csv | OutputKind::Jsonl | OutputKind::Parquet => {
            unreachable!("text and tables have their own targets")
        }
    })
}

/// The key log, when there is one and it is one.
fn keys(a: &Args) -> io::Result<Option<Vec<u8>>> {
    let Some(path) = &a.keylog else { return Ok(None) };
    let keys =
        std::fs::read(path).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
    if keys.len() > MAX_KEYS || !keylog::holds_keys(&keys) {
        return Err(usage(format!("{}: no line is a TLS key", path.display())));
    }
    Ok(Some(keys))
}

/// No block of secrets is longer.
const MAX_KEYS: usize = 256 << 20;

struct Shared {
    target: Target,
    failed: Option<io::Error>,
}

struct Worker {
    select: Option<Select>,
    passed: Option<Vec<bool>>,
    prepare: Prepare,
    shared: Arc<Mutex<Shared>>,
}

impl Work for Worker {
    fn decode(&mut self, batch: &Decoded<'_>) {
        let passed = self.select.as_mut().map(|s| s.pass(batch));
        match &mut self.prepare {
            Prepare::Copy => self.passed = passed.map(<[bool]>::to_vec),
            Prepare::Text(printer, out) => {
                out.clear();
                printer.print(batch, passed, out);
            }
        }
    }

    fn deliver(&mut self, batch: &Batch) -> bool {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let result = match (&mut shared.target, &mut self.prepare) {
            (Target::Text(file), Prepare::Text(_, out)) => file.write_all(out),
            (Target::Capture(e, _), _) => e.batch(batch, self.passed.as_deref()),
            _ => unreachable!("a target has its own way to prepare"),
        };
        match result {
            Ok(()) => true,
            Err(e) => {
                shared.failed.get_or_insert(e);
                false
            }
        }
    }
}
