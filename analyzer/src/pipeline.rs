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
use crate::decode::plain::Plain;
use crate::decode::sink::Nothing;
use crate::decode::transport::{desegment, udp};
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
    /// What was read of the batch before its turn.
    segments: Vec<Segment>,
    datagrams: Vec<Datagram>,
    due: Vec<Due>,
    none: Option<Box<History>>,
    /// What the turn made of it.
    joined: Vec<Option<Joined>>,
    answers: Vec<Answer>,
    places: Vec<Place>,
    steps: Vec<Step>,
    /// Only frames about which it says anything.
    frames: Vec<Facts>,
}

impl Before {
    fn clear(&mut self) {
        self.segments.clear();
        self.datagrams.clear();
        self.due.clear();
        self.joined.clear();
        self.answers.clear();
        self.places.clear();
        self.steps.clear();
        self.frames.clear();
    }

    /// Where the lists that the turn makes end now.
    fn ends(&self) -> Facts {
        let end = |len: usize| len as u32;
        Facts {
            frame: 0,
            joined: end(self.joined.len()),
            answers: end(self.answers.len()),
            places: end(self.places.len()),
            steps: end(self.steps.len()),
        }
    }
}

/// A frame that has to wait for its batch's turn.
#[derive(Debug)]
struct Due {
    /// Its index in the batch.
    frame: u32,
    how: How,
    /// How many segments and datagrams were read of it.
    segments: u32,
    datagrams: u32,
}

/// What is left to do for it.
#[derive(Debug, Clone, Copy)]
enum How {
    /// To look up its segments and datagrams.
    Noted,
    /// The same, and its one segment carries its payload at this offset.
    Carries(u32),
    /// The same, and the decoder of its one datagram may ask what is remembered of messages: in any
    /// case, or when its ends were announced.
    Asks(bool),
    /// It may hold fragments, or payload to be joined, anywhere.
    Walk,
    /// It names the owner of a connection.
    Owner,
}

/// Where a frame's part of each list ends; it begins where that of the frame before ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Facts {
    /// Index of the frame in its batch.
    frame: u32,
    joined: u32,
    answers: u32,
    places: u32,
    steps: u32,
}

/// What the packets before say about one frame.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    before: Option<&'a Before>,
    from: Facts,
    to: Facts,
}

impl<'a> Known<'a> {
    #[inline]
    fn part<T>(&self, all: impl FnOnce(&'a Before) -> &'a [T], end: impl Fn(&Facts) -> u32) -> &'a [T] {
        let range = end(&self.from) as usize..end(&self.to) as usize;
        self.before.and_then(|b| all(b).get(range)).unwrap_or_default()
    }

    /// Answers to its TCP segments, when connections are followed.
    #[inline]
    #[must_use]
    pub fn answers(&self) -> &'a [Answer] {
        self.part(|b| &b.answers, |f| f.answers)
    }

    /// Places of its datagrams, when these are followed.
    #[inline]
    #[must_use]
    pub fn places(&self) -> &'a [Place] {
        self.part(|b| &b.places, |f| f.places)
    }
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
        mut before: impl FnMut(&mut S, &Frame, Known<'_>) -> bool,
        mut each: impl FnMut(&mut Ctx<'_, S>, &Batch),
    ) {
        let mut facts = self.before.frames.iter().peekable();
        let mut from = Facts::default();
        let mut previous = self.batch.previous;
        for (i, f) in self.batch.frames.iter().enumerate() {
            let mut known = Known { before: None, from, to: from };
            if let Some(to) = facts.next_if(|r| r.frame as usize == i) {
                (known.before, known.to) = (Some(self.before), *to);
                from = *to;
            }
            let times = Times { first: self.batch.first, previous };
            previous = f.time.or(previous);
            if !before(sink, f, known) {
                continue;
            }
            let mut defrag = defrag::Replay::new(known.part(|b| &b.joined, |f| f.joined));
            let mut flows = tcp::Replay::new(known.answers(), known.places());
            let mut c = Ctx::new(sink, f, &self.batch.interfaces, times, self.settings, &mut defrag);
            if self.settings.follows() {
                c.flows = Some(&mut flows);
            }
            if self.settings.applications {
                c.streams = Some(Streams::Replay(known.part(|b| &b.steps, |f| f.steps).iter()));
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
    /// TCP connections that `sessions` had to forget.
    pub forgotten_sessions: u64,
    /// Packets of conversations for which it had no room.
    pub left_out: u64,
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

    /// Finds out what a batch needs to know of the packets before it. Headers are read before its
    /// turn, unless there are fragments to be joined, or what TCP carries is in question and the
    /// packet is not plain. False when its turn will never come.
    fn look_back(&self, batch: &Batch, before: &mut Before) -> bool {
        before.clear();
        for i in 0..batch.frames.len() {
            self.read_ahead(batch, i, before);
        }
        if !before.due.is_empty() {
            if !self.looking_back.wait(batch.ticket) {
                return false;
            }
            let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
            self.in_turn(batch, &mut history, before);
        }
        self.looking_back.done(batch.ticket);
        true
    }

    /// What can be said of frame `i` without the packets before it, and what is left to do.
    #[inline]
    fn read_ahead(&self, batch: &Batch, i: usize, before: &mut Before) {
        let f = &batch.frames[i];
        let (data, frame) = (batch.bytes(f.data), i as u32);
        let (segments, datagrams) = (before.segments.len(), before.datagrams.len());
        let (follows, applications) = (self.settings.follows(), self.settings.applications);
        let mut how = How::Noted;
        if (follows || applications)
            && let Some(plain) = Plain::read(f.link, data)
        {
            let mut r = self.recorder(batch, f, &mut before.segments, &mut before.datagrams);
            if let Some((ip, b)) = plain.segment(f.orig_len as usize) {
                r.segment(f, &ip, b, false);
                if applications {
                    let header = before.segments.last().map_or(0, |s| s.header.into());
                    how = How::Carries(b.span(header, 0).off);
                }
            } else if let Some((ip, b)) = plain.datagram(f.orig_len as usize) {
                r.datagram(f, &ip, plain.ports(), udp::timed(b));
                if applications {
                    how = How::Asks(udp::recalls(
                        plain.ports(),
                        b.from(udp::HDR),
                        self.settings.pair_questions,
                    ));
                }
            }
        } else if applications || dispatch::may_hold_fragment(f.link, data) {
            how = How::Walk;
        } else if follows {
            // Nothing in it asks for what came before.
            let mut none = before.none.take().unwrap_or_default();
            self.walk(batch, i, &mut none, before);
            before.none = Some(none);
        }
        if follows && f.link == LinkType::ZOS_DATA {
            how = How::Owner;
        }
        let segments = (before.segments.len() - segments) as u32;
        let datagrams = (before.datagrams.len() - datagrams) as u32;
        if !matches!(how, How::Noted) || segments + datagrams > 0 {
            before.due.push(Due { frame, how, segments, datagrams });
        }
    }

    /// The rest, in input order.
    fn in_turn(&self, batch: &Batch, history: &mut History, before: &mut Before) {
        if self.settings.follows() {
            before.segments.iter_mut().for_each(|s| history.tcp.look_up(s));
        }
        let mut due = std::mem::take(&mut before.due);
        let (mut segment, mut datagram) = (0, 0);
        for d in due.drain(..) {
            let i = d.frame as usize;
            let (f, start) = (&batch.frames[i], before.ends());
            let mut segments = segment..segment + d.segments as usize;
            let mut datagrams = datagram..datagram + d.datagrams as usize;
            (segment, datagram) = (segments.end, datagrams.end);
            match d.how {
                How::Noted => {}
                How::Carries(at) => self.join(batch, i, segments.start, at, history, before),
                How::Asks(ever) => {
                    if ever || history.streams.memory.announces() {
                        self.ask(batch, i, history, before);
                    }
                }
                How::Walk => {
                    // What is found only now stands behind what was read before.
                    (segments.start, datagrams.start) = (before.segments.len(), before.datagrams.len());
                    self.walk(batch, i, history, before);
                    (segments.end, datagrams.end) = (before.segments.len(), before.datagrams.len());
                }
                How::Owner => {
                    if let Some((ends, owner)) = zos::owner(f.head_kind, batch.bytes(f.head)) {
                        history.tcp.owned(&ends, owner);
                    }
                }
            }
            if self.settings.follows() {
                let datagrams = &before.datagrams[datagrams];
                before.places.extend(datagrams.iter().map(|d| history.udp.datagram(d)));
                let segments = &before.segments[segments];
                before.answers.extend(segments.iter().map(|s| history.tcp.segment(s)));
            }
            let end = before.ends();
            if end != start {
                before.frames.push(Facts { frame: d.frame, ..end });
            }
        }
        before.due = due;
    }

    /// Joins the payload at `at` of the plain packet in frame `i` with that of others.
    fn join(
        &self,
        batch: &Batch,
        i: usize,
        segment: usize,
        at: u32,
        history: &mut History,
        before: &mut Before,
    ) {
        let (f, s) = (&batch.frames[i], &before.segments[segment]);
        let data = batch.bytes(f.data);
        let b = Buf::new(data, f.orig_len as usize, Span::FRAME).from(at as usize);
        let b = b.truncate(s.len.unwrap_or(0) as usize);
        let History { fragments, streams, .. } = history;
        let carrying = desegment::Segment::of(s, b.captured() >= b.reported());
        if desegment::carries_nothing(&carrying, b) {
            desegment::note(&carrying, &s.ends, streams);
            return;
        }
        let mut defrag = defrag::Recorder { inner: fragments, answers: &mut before.joined };
        let (mut nothing, times) = (Nothing, Times::default());
        let mut c = Ctx::new(&mut nothing, f, &batch.interfaces, times, self.settings, &mut defrag);
        c.streams = Some(Streams::Record(streams, &mut before.steps));
        desegment::record(&mut c, &carrying, &s.ends, b);
    }

    /// Lets the decoders of the plain datagram in frame `i` ask, and leave, what is remembered.
    fn ask(&self, batch: &Batch, i: usize, history: &mut History, before: &mut Before) {
        let f = &batch.frames[i];
        let plain = Plain::read(f.link, batch.bytes(f.data));
        let Some((plain, (ip, b))) = plain.and_then(|p| Some((p, p.datagram(f.orig_len as usize)?))) else {
            return;
        };
        let History { fragments, streams, .. } = history;
        let mut defrag = defrag::Recorder { inner: fragments, answers: &mut before.joined };
        let (mut nothing, times) = (Nothing, Times::default());
        let mut c = Ctx::new(&mut nothing, f, &batch.interfaces, times, self.settings, &mut defrag);
        c.streams = Some(Streams::Record(streams, &mut before.steps));
        let _ = udp::payload(&mut c, &ip, plain.ports(), b.from(udp::HDR));
    }

    /// Walks frame `i` for its fragments, its TCP segments, and what these carry.
    fn walk(&self, batch: &Batch, i: usize, history: &mut History, before: &mut Before) {
        let f = &batch.frames[i];
        let History { fragments, streams, .. } = history;
        let mut defrag = defrag::Recorder { inner: fragments, answers: &mut before.joined };
        let mut flows = self.recorder(batch, f, &mut before.segments, &mut before.datagrams);
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
    }

    /// Notes the segments and datagrams of a frame.
    fn recorder<'r>(
        &self,
        batch: &Batch,
        f: &Frame,
        segments: &'r mut Vec<Segment>,
        datagrams: &'r mut Vec<Datagram>,
    ) -> tcp::Recorder<'r> {
        let datagrams = self.settings.follow_udp.then_some(datagrams);
        tcp::Recorder { segments, datagrams, owner: owner(batch, f) }
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
