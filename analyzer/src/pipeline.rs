//! Many threads, one order.
//!
//! Each worker takes the next stretch of the input, decodes it and formats its output while the
//! bytes are in its core's cache. Three things happen in input order, each behind its own turn:
//! reading, joining fragments, and writing. A stretch without fragments passes its turn at once.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::decode::buf::Buf;
use crate::decode::ctx::{Ctx, Settings, Times};
use crate::decode::sink::Nothing;
use crate::decode::value::Span;
use crate::decode::{Sink, dispatch, frame};
use crate::source::frame::{Anomaly, Batch, Frame, Tally, Timestamp};
use crate::source::{OpenError, Options, Reader};
use crate::track::defrag::{Joined, Reassembler, Recorder, Replay};

/// What becomes of the decoded packets.
pub trait Work: Send {
    /// Decodes a batch in parallel with others.
    fn decode(&mut self, batch: &Decoded<'_>);

    /// Hands over what the last [`Work::decode`] made, in input order. False ends the run.
    fn deliver(&mut self) -> bool;
}

/// A batch with its fragments joined.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// The batch.
    pub batch: &'a Batch,
    /// Layers of the input the batch comes from.
    pub input: usize,
    answers: &'a [Option<Joined>],
    ranges: &'a [(u32, u32, u32)],
    settings: &'a Settings,
}

impl Decoded<'_> {
    /// Decodes every frame into `sink`; `each` is called with the context when a frame is done.
    #[inline]
    pub fn frames<S: Sink>(
        &self,
        sink: &mut S,
        mut before: impl FnMut(&mut S, &Frame) -> bool,
        mut each: impl FnMut(&mut Ctx<'_, S>, &Batch),
    ) {
        let mut ranges = self.ranges.iter().peekable();
        let mut previous = self.batch.previous;
        for (i, f) in self.batch.frames.iter().enumerate() {
            let answers = match ranges.next_if(|r| r.0 as usize == i) {
                Some(&(_, from, to)) => &self.answers[from as usize..to as usize],
                None => &[],
            };
            let times = Times { first: self.batch.first, previous };
            previous = f.time.or(previous);
            if !before(sink, f) {
                continue;
            }
            let mut replay = Replay::new(answers);
            let mut c = Ctx::new(sink, f, &self.batch.interfaces, times, self.settings, &mut replay);
            frame::dissect(&mut c, self.batch);
            each(&mut c, self.batch);
        }
    }
}

/// What a run found out besides what its workers made.
#[derive(Debug, Default)]
pub struct Report {
    /// One for each input, in their order.
    pub inputs: Vec<InputReport>,
    /// Inputs that could not be opened.
    pub failed: Vec<OpenError>,
}

/// What was found out about one input.
#[derive(Debug, Default)]
pub struct InputReport {
    /// The file as it was named.
    pub path: PathBuf,
    /// Layers, outermost first, and the framing.
    pub layers: Vec<String>,
    /// What the framer learnt.
    pub facts: Vec<(&'static str, String)>,
    /// Counts that add up.
    pub tally: Tally,
    /// The first anomalies, up to [`MAX_ANOMALIES`].
    pub anomalies: Vec<Anomaly>,
    /// All of them, counted by kind.
    pub anomaly_counts: std::collections::BTreeMap<&'static str, u64>,
}

/// Anomalies kept in full for each input; further ones are only counted.
pub const MAX_ANOMALIES: usize = 1000;

/// Takes tickets in order, though they may be finished out of order.
#[derive(Debug, Default)]
struct Turn {
    state: Mutex<(u64, BTreeSet<u64>)>,
    changed: Condvar,
}

impl Turn {
    fn lock(&self) -> MutexGuard<'_, (u64, BTreeSet<u64>)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until every earlier ticket is done.
    fn wait(&self, ticket: u64) {
        let mut s = self.lock();
        while s.0 < ticket {
            s = self.changed.wait(s).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// This ticket is done.
    fn done(&self, ticket: u64) {
        let mut s = self.lock();
        s.1.insert(ticket);
        loop {
            let next = s.0;
            if !s.1.remove(&next) {
                break;
            }
            s.0 += 1;
        }
        drop(s);
        self.changed.notify_all();
    }
}

/// Where the inputs stand; behind one lock.
struct Inputs<'a> {
    paths: std::slice::Iter<'a, PathBuf>,
    options: &'a Options,
    current: Option<Reader>,
    opened: usize,
    numbered: (u64, Option<Timestamp>, Option<Timestamp>),
    tickets: u64,
    stopped: bool,
    report: Report,
}

impl Inputs<'_> {
    /// The next batch and the input it comes from.
    fn next(&mut self, batch: &mut Batch) -> Option<usize> {
        while !self.stopped {
            if let Some(reader) = &mut self.current {
                if reader.next(batch) {
                    batch.ticket = self.tickets;
                    self.tickets += 1;
                    let input = self.opened - 1;
                    self.note(input, batch);
                    return Some(input);
                }
                self.close();
            }
            let path = self.paths.next()?;
            match Reader::open(path, self.options) {
                Ok(mut r) => {
                    let (last, first, previous) = self.numbered;
                    r.number_from(last, first, previous);
                    self.opened += 1;
                    self.report.inputs.push(InputReport { path: path.clone(), ..InputReport::default() });
                    self.current = Some(r);
                }
                Err(e) => self.report.failed.push(e),
            }
        }
        None
    }

    fn note(&mut self, input: usize, batch: &mut Batch) {
        let r = &mut self.report.inputs[input];
        r.tally.add(&batch.tally);
        for a in &batch.anomalies {
            *r.anomaly_counts.entry(a.kind.name()).or_default() += 1;
        }
        let room = MAX_ANOMALIES.saturating_sub(r.anomalies.len());
        batch.anomalies.truncate(room);
        r.anomalies.append(&mut batch.anomalies);
    }

    fn close(&mut self) {
        if let Some(reader) = self.current.take() {
            self.numbered = reader.numbered();
            if let Some(r) = self.report.inputs.last_mut() {
                r.layers = reader.layers();
                r.facts = reader.facts();
            }
        }
    }
}

/// Runs `workers` over the inputs, as many threads as there are workers.
pub fn run<W: Work>(paths: &[PathBuf], options: &Options, settings: &Settings, workers: Vec<W>) -> Report {
    let inputs = Mutex::new(Inputs {
        paths: paths.iter(),
        options,
        current: None,
        opened: 0,
        numbered: (0, None, None),
        tickets: 0,
        stopped: false,
        report: Report::default(),
    });
    let fragments = Mutex::new(Reassembler::default());
    let (joining, writing) = (Turn::default(), Turn::default());
    let shared =
        Shared { inputs: &inputs, fragments: &fragments, joining: &joining, writing: &writing, settings };
    let mut workers = workers.into_iter();
    let own = workers.next();
    std::thread::scope(|scope| {
        for mut w in workers {
            scope.spawn(move || shared.work(&mut w));
        }
        if let Some(mut w) = own {
            shared.work(&mut w);
        }
    });
    let mut inputs = inputs.into_inner().unwrap_or_else(PoisonError::into_inner);
    inputs.close();
    inputs.report
}

#[derive(Clone, Copy)]
struct Shared<'a, 'i> {
    inputs: &'a Mutex<Inputs<'i>>,
    fragments: &'a Mutex<Reassembler>,
    joining: &'a Turn,
    writing: &'a Turn,
    settings: &'a Settings,
}

impl Shared<'_, '_> {
    fn work<W: Work>(&self, worker: &mut W) {
        let mut batch = Batch::default();
        let mut answers = Vec::new();
        let mut ranges = Vec::new();
        loop {
            let next = self.inputs.lock().unwrap_or_else(PoisonError::into_inner).next(&mut batch);
            let Some(input) = next else { return };
            let ticket = batch.ticket;
            self.join(&batch, &mut answers, &mut ranges);
            worker.decode(&Decoded {
                batch: &batch,
                input,
                answers: &answers,
                ranges: &ranges,
                settings: self.settings,
            });
            self.writing.wait(ticket);
            let go_on = worker.deliver();
            self.writing.done(ticket);
            if !go_on {
                self.inputs.lock().unwrap_or_else(PoisonError::into_inner).stopped = true;
                return;
            }
        }
    }

    /// Joins the fragments of a batch, in its turn.
    fn join(&self, batch: &Batch, answers: &mut Vec<Option<Joined>>, ranges: &mut Vec<(u32, u32, u32)>) {
        answers.clear();
        ranges.clear();
        let suspects = |f: &Frame| dispatch::may_hold_fragment(f.link, batch.bytes(f.data));
        if batch.frames.iter().any(suspects) {
            self.joining.wait(batch.ticket);
            let mut inner = self.fragments.lock().unwrap_or_else(PoisonError::into_inner);
            for (i, f) in batch.frames.iter().enumerate().filter(|(_, f)| suspects(f)) {
                let from = answers.len() as u32;
                let mut recorder = Recorder { inner: &mut inner, answers };
                let mut nothing = Nothing;
                let times = Times::default();
                let mut c = Ctx::new(&mut nothing, f, &batch.interfaces, times, self.settings, &mut recorder);
                let data = batch.bytes(f.data);
                let b = Buf::new(data, (f.orig_len as usize).max(data.len()), Span::FRAME);
                // What stops the decoder here stops it again, and is reported, when it decodes.
                let _ = dispatch::link(&mut c, f.link, b);
                let to = answers.len() as u32;
                if to > from {
                    ranges.push((i as u32, from, to));
                }
            }
        }
        self.joining.done(batch.ticket);
    }
}
