//! Rows of a table on demand: the pipeline runs ahead of the query by a few batches and no more.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use crate::decode::Settings;
use crate::export::select::Select;
use crate::filter::Filter;
use crate::pipeline::{self, Decoded, Report, Work};
use crate::source::Options;
use crate::source::frame::Batch;
use crate::tables::sessions::{Followed, follow};
use crate::tables::{ColumnDef, Filler, Table, TableKind};
use crate::track::observe::Wanted;

/// How to decode what a table's columns need.
pub type SettingsFor = Box<dyn Fn(&Filler) -> Settings + Send + Sync>;

/// The traces that queries are about.
#[allow(missing_debug_implementations)]
pub struct Traces {
    /// The files.
    pub files: Vec<PathBuf>,
    /// How to read them.
    pub options: Options,
    /// How to decode them.
    pub settings: SettingsFor,
    /// Which packets count.
    pub filter: Option<Filter>,
    /// Threads to decode with.
    pub workers: usize,
    /// What the last complete run over the files found.
    pub report: Mutex<Option<Report>>,
    /// The conversations, once a query has asked for them.
    pub followed: OnceLock<Followed>,
}

impl Traces {
    fn finished(&self, report: Report) {
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
    }

    fn followed(&self) -> &Followed {
        self.followed.get_or_init(|| {
            let nothing = Filler::new(TableKind::Sessions, &[]);
            let settings = (self.settings)(&nothing);
            let wanted = Wanted { verify: settings.verify_checksums, ..Wanted::default() };
            let (report, followed) =
                follow(&self.files, &self.options, &settings, self.filter.as_ref(), self.workers, wanted);
            self.finished(report);
            followed
        })
    }
}

/// Batches of rows that wait for the query.
const AHEAD: usize = 4;

/// A run over the traces that makes the rows of one table.
#[derive(Debug)]
pub struct Feed {
    rows: Option<Receiver<Table>>,
    run: Option<JoinHandle<()>>,
}

impl Feed {
    /// Starts a run that fills the wanted ones among `columns`, for packets that `filter` lets
    /// pass.
    #[must_use]
    pub fn start(
        traces: &Arc<Traces>,
        table: TableKind,
        columns: &Arc<Vec<ColumnDef>>,
        wanted: Vec<bool>,
        filter: Option<Filter>,
    ) -> Self {
        let (send, rows) = sync_channel(AHEAD);
        let (traces, columns) = (Arc::clone(traces), Arc::clone(columns));
        let run = std::thread::spawn(move || run(&traces, table, &columns, &wanted, filter.as_ref(), &send));
        Self { rows: Some(rows), run: Some(run) }
    }

    /// The next rows, at least one; `None` at the end.
    pub fn rows(&mut self) -> Option<Table> {
        self.rows.as_ref()?.recv().ok()
    }
}

impl Drop for Feed {
    /// Ends the run at the next batch.
    fn drop(&mut self) {
        self.rows = None;
        if let Some(run) = self.run.take() {
            // A panic in a worker was reported where it happened.
            let _ = run.join();
        }
    }
}

fn run(
    traces: &Traces,
    table: TableKind,
    columns: &[ColumnDef],
    wanted: &[bool],
    filter: Option<&Filter>,
    send: &SyncSender<Table>,
) {
    if matches!(table, TableKind::Sessions | TableKind::Findings) {
        let take = |rows: &mut Table| send.send(rows.take()).is_ok();
        return traces.followed().rows(table, columns, |i| wanted[i], |_| true, take);
    }
    let workers: Vec<Worker> = (0..traces.workers)
        .map(|_| Worker {
            select: filter.map(Select::new),
            filler: Filler::of(table, columns, |i| wanted[i]),
            send: send.clone(),
        })
        .collect();
    let settings = (traces.settings)(&workers[0].filler);
    let report = pipeline::run(&traces.files, &traces.options, &settings, workers);
    traces.finished(report);
}

struct Worker {
    select: Option<Select>,
    filler: Filler,
    send: SyncSender<Table>,
}

impl Work for Worker {
    fn decode(&mut self, batch: &Decoded<'_>) {
        let passed = self.select.as_mut().map(|s| s.pass(batch));
        self.filler.fill(batch, passed);
    }

    fn deliver(&mut self, _: &Batch) -> bool {
        if self.filler.table.rows == 0 {
            return true;
        }
        self.send.send(self.filler.table.take()).is_ok()
    }
}
