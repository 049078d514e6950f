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
use crate::pipeline::{self, Decoded, Work};
use crate::source::frame::Batch;
use crate::tables::text::{self, TextFormat};
use crate::tables::{ColumnDef, Filler, TableKind};

use super::input::{self, Asked, Input};

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
