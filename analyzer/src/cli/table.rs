//! A table of the schema into a file: what `export` does for `.parquet` and for `--table`.

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use crate::export::OutputKind;
use crate::export::atomic::AtomicFile;
use crate::export::select::Select;
use crate::export::tables::{Ready, TableFile, text_format};
use crate::filter::Filter;
use crate::pipeline::{self, Decoded, Report, Work};
use crate::source::frame::Batch;
use crate::tables::sessions::{self, Followed};
use crate::tables::text::{self, TextFormat};
use crate::tables::{ColumnDef, Filler, TableKind};

use crate::track::conversations::Kind;
use crate::track::observe::Wanted;

use super::input::{self, Asked, Input};
use super::output::Output;

/// What is asked for.
#[derive(Debug)]
pub struct Request<'a> {
    /// The traces.
    pub input: &'a Input,
    /// Which table of them.
    pub table: TableKind,
    /// Its columns.
    pub columns: &'a [ColumnDef],
    /// Which packets.
    pub filter: Option<&'a Filter>,
    /// How many packets are read at most.
    pub limit: Option<u64>,
    /// Where to.
    pub out: &'a Path,
}

/// Opens an output file; the error names it.
pub fn create(out: &Path) -> io::Result<AtomicFile> {
    AtomicFile::create(out).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", out.display())))
}

/// Writes the table.
pub fn write(r: &Request<'_>) -> io::Result<ExitCode> {
    if matches!(r.table, TableKind::Sessions | TableKind::Findings) {
        let wanted = Wanted { verify: r.input.verify_checksums, ..Wanted::default() };
        return write_followed(r, wanted, |_| true);
    }
    let kind = OutputKind::of(r.out).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
    let file = TableFile::create(kind, create(r.out)?, r.table.name(), r.columns)?;
    let shared = Arc::new(Mutex::new(Shared { file, failed: None }));
    let workers: Vec<Worker> = (0..r.input.workers())
        .map(|_| Worker {
            select: r.filter.map(Select::new),
            filler: Filler::new(r.table, r.columns),
            names: r.columns.iter().map(|c| c.name).collect(),
            format: text_format(kind),
            text: Vec::new(),
            shared: Arc::clone(&shared),
        })
        .collect();
    let asked = workers.first().map(|w| asked(&w.filler, r.filter)).unwrap_or_default();
    let report = pipeline::run(&r.input.files, &r.input.options(r.limit), &r.input.settings(asked), workers);
    let Ok(shared) = Arc::try_unwrap(shared) else { unreachable!("all workers have ended") };
    let Shared { file, failed } = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(e) = failed {
        return Err(e);
    }
    if !report.inputs.is_empty() {
        file.commit()?;
    }
    Ok(input::conclude(&report))
}

/// Writes what trackers found about conversations of these kinds.
pub fn write_followed(r: &Request<'_>, wanted: Wanted, kinds: impl Fn(Kind) -> bool) -> io::Result<ExitCode> {
    let kind = OutputKind::of(r.out).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
    let mut file = TableFile::create(kind, create(r.out)?, r.table.name(), r.columns)?;
    let (report, followed) = follow(r.input, r.filter, r.limit, wanted);
    let names: Vec<&str> = r.columns.iter().map(|c| c.name).collect();
    let (mut failed, mut out) = (None, Vec::new());
    followed.rows(
        r.table,
        r.columns,
        |_| true,
        kinds,
        |rows| {
            let ready = match text_format(kind) {
                Some(format) => {
                    text::rows(format, &names, rows, &mut out);
                    Ready::Text(&mut out)
                }
                None => Ready::Rows(rows),
            };
            failed = file.append(ready).err();
            failed.is_none()
        },
    );
    if let Some(e) = failed {
        return Err(e);
    }
    if !report.inputs.is_empty() {
        file.commit()?;
    }
    Ok(input::conclude(&report))
}

/// Prints what trackers found about conversations of these kinds.
pub fn print_followed(
    r: &Request<'_>,
    format: TextFormat,
    wanted: Wanted,
    kinds: impl Fn(Kind) -> bool,
) -> io::Result<ExitCode> {
    let (report, followed) = follow(r.input, r.filter, r.limit, wanted);
    let names: Vec<&str> = r.columns.iter().map(|c| c.name).collect();
    let stdout = Output::stdout()?;
    let mut out = text::header(format, names.iter().copied());
    let mut listening = true;
    followed.rows(
        r.table,
        r.columns,
        |_| true,
        kinds,
        |rows| {
            text::rows(format, &names, rows, &mut out);
            listening = stdout.write(&out);
            out.clear();
            listening
        },
    );
    if listening && !out.is_empty() {
        let _ = stdout.write(&out);
    }
    stdout.finish()?;
    Ok(input::conclude(&report))
}

fn follow(input: &Input, filter: Option<&Filter>, limit: Option<u64>, wanted: Wanted) -> (Report, Followed) {
    let asked = input::asked(false, &Vec::new(), filter);
    let settings = input.settings(asked);
    sessions::follow(&input.files, &input.options(limit), &settings, filter, input.workers(), wanted)
}

/// What the columns and the filter depend on.
#[must_use]
pub fn asked(filler: &Filler, filter: Option<&Filter>) -> Asked {
    let fields = || filler.fields().iter().chain(filter.into_iter().flat_map(Filter::fields)).copied();
    Asked::of(filler.lists(), fields)
}

struct Shared {
    file: TableFile,
    failed: Option<io::Error>,
}

struct Worker {
    select: Option<Select>,
    filler: Filler,
    names: Vec<&'static str>,
    format: Option<TextFormat>,
    text: Vec<u8>,
    shared: Arc<Mutex<Shared>>,
}

impl Work for Worker {
    fn decode(&mut self, batch: &Decoded<'_>) {
        let passed = self.select.as_mut().map(|s| s.pass(batch));
        self.filler.fill(batch, passed);
        if let Some(format) = self.format {
            text::rows(format, &self.names, &self.filler.table, &mut self.text);
        }
    }

    fn deliver(&mut self, _: &Batch) -> bool {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let ready = match self.format {
            Some(_) => Ready::Text(&mut self.text),
            None => Ready::Rows(&mut self.filler.table),
        };
        match shared.file.append(ready) {
            Ok(()) => true,
            Err(e) => {
                shared.failed.get_or_insert(e);
                false
            }
        }
    }
}
