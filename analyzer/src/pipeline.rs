//! Many threads, one order.
//!
//! Each worker takes the next stretch of the input, decodes it and formats its output while the
//! bytes are in its core's cache. Three things happen in input order, each behind its own turn:
//! reading, joining fragments, and writing. A stretch without fragments passes its turn at once.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::decode::buf::Buf;
use crate::decode::ctx::{Ctx, Settings, Times};
use crate::decode::plain::Plain;
use crate::decode::sink::Nothing;
use crate::decode::value::Span;
use crate::decode::{Sink, dispatch, frame, zos};
use crate::source::frame::{Anomaly, Batch, Frame, LinkType, Tally, Timestamp};
use crate::source::{OpenError, Options, Reader};
use crate::track::defrag::{self, Joined, Reassembler};
use crate::track::pairs::{Datagram, Pairs, Place};
use crate::track::streams::{self, Step, Streams};
use crate::track::tcp::{self, Answer, Follow as _, Owner, Segment, Tracker};

/// What becomes of the decoded packets.
pub trait Work: Send {
    /// Decodes a batch in parallel with others.
    fn decode(&mut self, batch: &Decoded<'_>);

    /// Hands over what the last [`Work::decode`] made, in input order. False ends the run.
    fn deliver(&mut self, batch: &Batch) -> bool;
}

/// What decoding depends on of the packets before: filled in input order.
#[derive(Debug, Default)]
struct History {
    fragments: Reassembler,
    streams: streams::Table,
    tcp: Tracker,
    udp: Pairs,
}

/// What the history says about the frames of one batch, in the order in which a decoder asks.
#[derive(Debug, Default)]
struct Before {
    joined: Vec<Option<Joined>>,
    answers: Vec<Answer>,
    steps: Vec<Step>,
    /// Segments of the batch, not in the order of its frames, and those of each frame.
    segments: Vec<Segment>,
    of_frame: Vec<Range<usize>>,
    /// The same of datagrams.
    places: Vec<Place>,
    datagrams: Vec<Datagram>,
    datagrams_of_frame: Vec<Range<usize>>,
    /// Only frames about which it says anything.
    frames: Vec<Facts>,
}

impl Before {
    fn clear(&mut self) {
        self.joined.clear();
        self.answers.clear();
        self.segments.clear();
        self.of_frame.clear();
        self.places.clear();
        self.datagrams.clear();
        self.datagrams_of_frame.clear();
        self.steps.clear();
        self.frames.clear();
    }
}

#[derive(Debug)]
struct Facts {
    /// Index of the frame in its batch.
    frame: u32,
    joined: Range<usize>,
    answers: Range<usize>,
    places: Range<usize>,
    steps: Range<usize>,
}

/// A batch, ready to be decoded.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// The batch.
    pub batch: &'a Batch,
    /// Layers of the input the batch comes from.
    pub input: usize,
    before: &'a Before,
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
        let mut facts = self.before.frames.iter().peekable();
        let mut previous = self.batch.previous;
        for (i, f) in self.batch.frames.iter().enumerate() {
            let (joined, answers, places, steps) = match facts.next_if(|r| r.frame as usize == i) {
                Some(r) => (
                    &self.before.joined[r.joined.clone()],
                    &self.before.answers[r.answers.clone()],
                    &self.before.places[r.places.clone()],
                    &self.before.steps[r.steps.clone()],
                ),
                None => (&[][..], &[][..], &[][..], &[][..]),
            };
            let times = Times { first: self.batch.first, previous };
            previous = f.time.or(previous);
            if !before(sink, f) {
                continue;
            }
            let mut defrag = defrag::Replay::new(joined);
            let mut flows = tcp::Replay::new(answers, places);
            let mut c = Ctx::new(sink, f, &self.batch.interfaces, times, self.settings, &mut defrag);
            if self.settings.follows() {
                c.flows = Some(&mut flows);
            }
            if self.settings.applications {
                c.streams = Some(Streams::Replay(steps.iter()));
            }
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
    /// The TCP connections, when [`Settings::follow_tcp`] asked for them.
    pub tcp: Tracker,
    /// Pairs of UDP ends that had to be forgotten, so that their numbers began anew.
    pub forgotten_pairs: u64,
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

/// The next ticket, once a worker has panicked.
const ABANDONED: u64 = u64::MAX;

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

    /// Waits until every earlier ticket is done. False when one never will be.
    #[must_use]
    fn wait(&self, ticket: u64) -> bool {
        let mut s = self.lock();
        while s.0 < ticket {
            s = self.changed.wait(s).unwrap_or_else(PoisonError::into_inner);
        }
        s.0 != ABANDONED
    }

    /// A ticket will never be done: nobody waits any longer.
    fn abandon(&self) {
        self.lock().0 = ABANDONED;
        self.changed.notify_all();
    }

    /// This ticket is done.
    fn done(&self, ticket: u64) {
        let mut s = self.lock();
        if s.0 == ABANDONED {
            return;
        }
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
    paths: std::iter::Enumerate<std::slice::Iter<'a, PathBuf>>,
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
            let (i, path) = self.paths.next()?;
            match Reader::open(path, self.options) {
                Ok(mut r) => {
                    let (last, first, previous) = self.numbered;
                    r.number_from(last, first, previous);
                    r.set_number(i as u32 + 1);
                    self.opened += 1;
                    self.report.inputs.push(InputReport { path: path.clone(), ..InputReport::default() });
                    self.current = Some(r);
                }
                Err(e) => self.report.failed.push(e),
            }
        }
        None
    }

    fn note(&mut self, input: usize, batch: &Batch) {
        let r = &mut self.report.inputs[input];
        r.tally.add(&batch.tally);
        for a in &batch.anomalies {
            *r.anomaly_counts.entry(a.kind.name()).or_default() += 1;
        }
        let room = MAX_ANOMALIES.saturating_sub(r.anomalies.len());
        r.anomalies.extend(batch.anomalies.iter().take(room).cloned());
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
        paths: paths.iter().enumerate(),
        options,
        current: None,
        opened: 0,
        numbered: (0, None, None),
        tickets: 0,
        stopped: false,
        report: Report::default(),
    });
    let history = Mutex::new(History::default());
    let (looking_back, writing) = (Turn::default(), Turn::default());
    let shared = Shared {
        inputs: &inputs,
        history: &history,
        looking_back: &looking_back,
        writing: &writing,
        settings,
    };
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
    let history = history.into_inner().unwrap_or_else(PoisonError::into_inner);
    inputs.report.forgotten_pairs = history.udp.forgotten;
    inputs.report.tcp = history.tcp;
    inputs.report
}

#[derive(Clone, Copy)]
struct Shared<'a, 'i> {
    inputs: &'a Mutex<Inputs<'i>>,
    history: &'a Mutex<History>,
    looking_back: &'a Turn,
    writing: &'a Turn,
    settings: &'a Settings,
}

/// Lets the other workers end when one panics: they would wait for its turn for ever. The panic
/// itself goes on from [`run`] when all have ended, so that nothing is made of half an output.
struct Ends<'s, 'a, 'i>(&'s Shared<'a, 'i>);

impl Drop for Ends<'_, '_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.looking_back.abandon();
            self.0.writing.abandon();
            self.0.inputs.lock().unwrap_or_else(PoisonError::into_inner).stopped = true;
        }
    }
}

impl Shared<'_, '_> {
    fn work<W: Work>(&self, worker: &mut W) {
        let _ends = Ends(self);
        let mut batch = Batch::default();
        let mut before = Before::default();
        loop {
            let next = self.inputs.lock().unwrap_or_else(PoisonError::into_inner).next(&mut batch);
            let Some(input) = next else { return };
            let ticket = batch.ticket;
            if !self.look_back(&batch, &mut before) {
                return;
            }
            worker.decode(&Decoded { batch: &batch, input, before: &before, settings: self.settings });
            if !self.writing.wait(ticket) {
                return;
            }
            let go_on = worker.deliver(&batch);
            self.writing.done(ticket);
            if !go_on {
                self.inputs.lock().unwrap_or_else(PoisonError::into_inner).stopped = true;
                return;
            }
        }
    }

    /// Finds out, in its turn, what a batch needs to know of the packets before it. Headers of TCP
    /// segments are read before the turn, unless fragments or what TCP carries are in question.
    /// False when its turn will never come.
    fn look_back(&self, batch: &Batch, before: &mut Before) -> bool {
        before.clear();
        let (follows, applications) = (self.settings.follows(), self.settings.applications);
        let in_turn = |f: &Frame| applications || dispatch::may_hold_fragment(f.link, batch.bytes(f.data));
        let mut turn = false;
        if follows {
            before.of_frame.resize(batch.frames.len(), 0..0);
            before.datagrams_of_frame.resize(batch.frames.len(), 0..0);
            let mut none = History::default();
            for (i, f) in batch.frames.iter().enumerate() {
                if in_turn(f) {
                    turn = true;
                } else if !self.short_way(batch, i, before) {
                    self.walk(batch, i, &mut none, before);
                }
            }
        } else {
            turn = batch.frames.iter().any(in_turn);
        }
        if turn || !before.segments.is_empty() || !before.datagrams.is_empty() {
            if !self.looking_back.wait(batch.ticket) {
                return false;
            }
            let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
            for (i, f) in batch.frames.iter().enumerate() {
                let (joined, answers) = (before.joined.len(), before.answers.len());
                let (places, steps) = (before.places.len(), before.steps.len());
                if in_turn(f) {
                    self.walk(batch, i, &mut history, before);
                }
                if follows {
                    if f.link == LinkType::ZOS_DATA
                        && let Some((ends, owner)) = zos::owner(f.head_kind, batch.bytes(f.head))
                    {
                        history.tcp.owned(&ends, owner);
                    }
                    let datagrams = &before.datagrams[before.datagrams_of_frame[i].clone()];
                    before.places.extend(datagrams.iter().map(|d| history.udp.datagram(d)));
                    let segments = &before.segments[before.of_frame[i].clone()];
                    before.answers.extend(segments.iter().map(|s| history.tcp.segment(s)));
                }
                let (joined, answers) = (joined..before.joined.len(), answers..before.answers.len());
                let (places, steps) = (places..before.places.len(), steps..before.steps.len());
                if !(joined.is_empty() && answers.is_empty() && places.is_empty() && steps.is_empty()) {
                    before.frames.push(Facts { frame: i as u32, joined, answers, places, steps });
                }
            }
        }
        self.looking_back.done(batch.ticket);
        true
    }

    /// Takes the TCP segment of frame `i` when the packet is plain; false when it has to be walked.
    #[inline]
    fn short_way(&self, batch: &Batch, i: usize, before: &mut Before) -> bool {
        let f = &batch.frames[i];
        let Some(plain) = Plain::read(f.link, batch.bytes(f.data)) else { return false };
        let Some((ip, b)) = plain.segment(f.orig_len as usize) else { return !self.settings.follow_udp };
        let segments = before.segments.len();
        let mut r = tcp::Recorder { segments: &mut before.segments, datagrams: None, owner: owner(batch, f) };
        r.segment(f, &ip, b, false);
        before.of_frame[i] = segments..before.segments.len();
        true
    }

    /// Walks frame `i` for its fragments, its TCP segments, and what these carry.
    fn walk(&self, batch: &Batch, i: usize, history: &mut History, before: &mut Before) {
        let f = &batch.frames[i];
        let History { fragments, streams, .. } = history;
        let (segments, datagrams) = (before.segments.len(), before.datagrams.len());
        let mut defrag = defrag::Recorder { inner: fragments, answers: &mut before.joined };
        let datagrams_too = self.settings.follow_udp.then_some(&mut before.datagrams);
        let mut flows = tcp::Recorder {
            segments: &mut before.segments,
            datagrams: datagrams_too,
            owner: owner(batch, f),
        };
        let (mut nothing, times) = (Nothing, Times::default());
        let mut c = Ctx::new(&mut nothing, f, &batch.interfaces, times, self.settings, &mut defrag);
        if self.settings.follows() {
            c.flows = Some(&mut flows);
        }
        if self.settings.applications {
            c.streams = Some(Streams::Record(streams, &mut before.steps));
        }
        let data = batch.bytes(f.data);
        let b = Buf::new(data, (f.orig_len as usize).max(data.len()), Span::FRAME);
        // What stops the decoder here stops it again, and is reported, when it decodes.
        let _ = dispatch::link(&mut c, f.link, b);
        if self.settings.follows() {
            before.of_frame[i] = segments..before.segments.len();
            before.datagrams_of_frame[i] = datagrams..before.datagrams.len();
        }
    }
}

/// Whose socket a frame belongs to, where its container says so.
#[inline]
fn owner(batch: &Batch, f: &Frame) -> Owner {
    zos::owner(f.head_kind, batch.bytes(f.head)).map_or(Owner::default(), |o| o.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    /// Panics where it is told to.
    struct Clumsy {
        decoding: Option<u64>,
        delivering: Option<u64>,
        delivered: mpsc::Sender<u64>,
    }

    impl Work for Clumsy {
        fn decode(&mut self, batch: &Decoded<'_>) {
            assert_ne!(Some(batch.batch.ticket), self.decoding, "on purpose");
        }

        fn deliver(&mut self, batch: &Batch) -> bool {
            assert_ne!(Some(batch.ticket), self.delivering, "on purpose");
            self.delivered.send(batch.ticket).is_ok()
        }
    }

    /// A pcap file of many batches, with fragments, so that workers wait for both turns.
    fn capture(name: &str) -> PathBuf {
        let mut bytes =
            vec![0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];
        for i in 0..2000_u32 {
            for v in [i, 0, 1020, 1020] {
                bytes.extend_from_slice(&v.to_le_bytes());
            }
            bytes.extend_from_slice(&[0x45, 0, 3, 0xFC, i as u8, (i >> 8) as u8, 0x20, 0, 64, 17, 0, 0]);
            bytes.extend_from_slice(&[10, 0, 0, 1, 10, 0, 0, 2]);
            bytes.resize(bytes.len() + 1000, 0);
        }
        let path = std::env::temp_dir().join(format!("zscope-{}-{name}.pcap", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn ends(name: &str, decoding: Option<u64>, delivering: Option<u64>) -> (bool, Vec<u64>) {
        let path = capture(name);
        let (done, ended) = mpsc::channel();
        let (delivered, got) = mpsc::channel();
        let paths = vec![path.clone()];
        std::thread::spawn(move || {
            let workers =
                (0..4).map(|_| Clumsy { decoding, delivering, delivered: delivered.clone() }).collect();
            let run = || run(&paths, &Options::default(), &Settings::default(), workers);
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            let _ = done.send(result.is_err());
        });
        let panicked = ended.recv_timeout(Duration::from_secs(60)).expect("the run ends");
        std::fs::remove_file(path).unwrap();
        (panicked, got.try_iter().collect())
    }

    #[test]
    fn a_panic_ends_the_run_and_nothing_follows_in_the_output() {
        let (panicked, all) = ends("none", None, None);
        assert!(!panicked && all.len() > 10, "{all:?}");
        assert_eq!(ends("decode", Some(5), None), (true, all[..5].to_vec()));
        assert_eq!(ends("deliver", None, Some(7)), (true, all[..7].to_vec()));
    }
}
