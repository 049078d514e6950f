//! The external writer: takes entries out of the rings and keeps them in data sets.
//!
//! A data set is a row of slots of one size. A slot holds one trace buffer: variable records
//! with the header of [`formats::ctrace::writer`] in front of each, filled with entries of one
//! component and zeros behind them. Since all slots have the same record lengths, a slot can be
//! written over (WRAP) without breaking the chain of records, and a writer that is killed at any
//! moment leaves a readable file: what the slot in hand had not reached is missing, nothing
//! else. A slot is on disk as soon as its first entries are, and is written again as it fills.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use formats::ctrace::cte::TRAILER;
use formats::ctrace::encode::STACK_MAX_DATA;
use formats::ctrace::writer::{LEN as HEADER, WriterHeader};
use formats::rdw;

use crate::{Buffers, Trace, Which};

/// Offset of the number of bytes in use in a writer's header.
const USED_AT: usize = 40;
/// How long the thread sleeps while there is something to write.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
/// How long the thread sleeps at most when there is nothing to write.
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// How records are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Framing {
    /// With record descriptor words.
    #[default]
    Rdw,
    /// One behind the other, as a transfer without them leaves them.
    Bare,
}

/// What is done when the data sets are full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Full {
    /// Goes on at the start of the first one.
    #[default]
    Wrap,
    /// Stops.
    NoWrap,
}

/// Where and how entries are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriterSettings {
    /// The data sets (TRCOUT01 and so on), used one after the other. What they hold is lost.
    pub data_sets: Vec<PathBuf>,
    /// Largest size of each in bytes; `None` is without limit, so that nothing ever wraps.
    pub limit: Option<u64>,
    /// What is done at the end.
    pub full: Full,
    /// How records are kept.
    pub framing: Framing,
    /// Longest record, its descriptor word included.
    pub lrecl: usize,
    /// Bytes of entries in a slot.
    pub buffer: usize,
    /// Components that it takes.
    pub components: Vec<Which>,
}

impl WriterSettings {
    /// All components into one data set that grows without limit.
    #[must_use]
    pub fn new(data_set: impl Into<PathBuf>) -> Self {
        Self {
            data_sets: vec![data_set.into()],
            limit: None,
            full: Full::NoWrap,
            framing: Framing::Rdw,
            lrecl: 27_994,
            buffer: Buffers::SIZE,
            components: Which::ALL.to_vec(),
        }
    }

    /// The same for these components only.
    #[must_use]
    pub fn only(mut self, components: &[Which]) -> Self {
        self.components = components.to_vec();
        self
    }
}

/// What a writer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Bytes of entries.
    pub bytes: u64,
    /// Slots begun.
    pub buffers: u64,
    /// Bytes of entries that came when the data sets were full.
    pub refused: u64,
}

/// Where things stand in a slot.
#[derive(Debug, Clone, Copy)]
struct Layout {
    /// Bytes in front of a record's entries.
    head: usize,
    /// Bytes of entries in a record.
    room: usize,
    /// Bytes of entries in a slot.
    buffer: usize,
}

impl Layout {
    fn new(s: &WriterSettings) -> Self {
        let words = if s.framing == Framing::Rdw { rdw::LEN } else { 0 };
        let lrecl = s.lrecl.clamp(256, rdw::MAX);
        // An entry with the longest data has to fit.
        let buffer = s.buffer.clamp(STACK_MAX_DATA + 2048, 1 << 20);
        Self { head: words + HEADER, room: lrecl - rdw::LEN - HEADER, buffer }
    }

    fn records(&self, used: usize) -> usize {
        used.div_ceil(self.room).max(1)
    }

    /// Bytes of a slot with so many bytes of entries.
    fn len(&self, used: usize) -> usize {
        used + self.records(used) * self.head
    }

    /// Where byte `n` of the entries stands.
    fn place(&self, n: usize) -> usize {
        (n / self.room) * (self.head + self.room) + self.head + n % self.room
    }
}

/// The slot that a component's entries go to.
#[derive(Debug)]
struct Slot {
    which: Which,
    data_set: usize,
    offset: u64,
    used: usize,
    image: Vec<u8>,
}

/// Takes entries out of a trace's rings into data sets.
#[derive(Debug)]
pub struct Writer {
    trace: Trace,
    settings: WriterSettings,
    layout: Layout,
    files: Vec<File>,
    slots: Vec<Slot>,
    /// The next slot: data set, and number in it.
    next: (usize, u64),
    sequence: u32,
    is_full: bool,
    written: Written,
}

impl Writer {
    /// Empties the data sets and connects the writer: from now on complete buffers wait for it.
    pub fn start(trace: &Trace, settings: WriterSettings) -> io::Result<Self> {
        let open = |p: &PathBuf| {
            OpenOptions::new()
                .create(true)
                .truncate(true)
                .write(true)
                .open(p)
                .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", p.display())))
        };
        let files = settings.data_sets.iter().map(open).collect::<io::Result<Vec<_>>>()?;
        if files.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a writer needs a data set"));
        }
        for w in &settings.components {
            trace.set_drained(*w, true);
        }
        Ok(Self {
            trace: trace.clone(),
            layout: Layout::new(&settings),
            settings,
            files,
            slots: Vec::new(),
            next: (0, 0),
            sequence: 0,
            is_full: false,
            written: Written::default(),
        })
    }

    /// Writes what was recorded since the last call; returns how many bytes that were.
    pub fn pump(&mut self) -> io::Result<u64> {
        if self.is_full {
            return Ok(0);
        }
        let before = self.written.bytes;
        let trace = self.trace.clone();
        for which in self.settings.components.clone() {
            let mut result = Ok(());
            trace.drain(which, |entries| {
                if result.is_ok() {
                    result = self.put(which, entries);
                }
            });
            result?;
        }
        Ok(self.written.bytes - before)
    }

    /// What was written so far.
    #[must_use]
    pub const fn written(&self) -> Written {
        self.written
    }

    /// True when there is no room left (NOWRAP).
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.is_full
    }

    /// Writes what is left, disconnects, and cuts unused room off the end of the last data set.
    pub fn stop(mut self) -> io::Result<Written> {
        self.pump()?;
        self.disconnect();
        for which in self.settings.components.clone() {
            for lost in self.trace.pending(which) {
                self.put(which, &lost.entry(lost.last))?;
            }
        }
        self.cut()?;
        Ok(self.written)
    }

    fn disconnect(&self) {
        for w in &self.settings.components {
            self.trace.set_drained(*w, false);
        }
    }

    /// Adds whole entries of a component.
    fn put(&mut self, which: Which, mut entries: &[u8]) -> io::Result<()> {
        while !entries.is_empty() {
            let slot = match self.slots.iter().position(|s| s.which == which) {
                Some(i) => i,
                None => match self.begin(which)? {
                    Some(i) => i,
                    None => {
                        self.written.refused += entries.len() as u64;
                        return Ok(());
                    }
                },
            };
            let room = self.layout.buffer - self.slots[slot].used;
            let fits = whole_entries(entries, room);
            if fits == 0 {
                if self.slots[slot].used == 0 {
                    // Longer than a slot, which the record points do not make.
                    self.written.refused += entries.len() as u64;
                    return Ok(());
                }
                self.slots.swap_remove(slot);
                continue;
            }
            let (now, later) = entries.split_at(fits);
            self.append(slot, now)?;
            entries = later;
        }
        Ok(())
    }

    /// Begins a slot, `None` when there is no room for one.
    fn begin(&mut self, which: Which) -> io::Result<Option<usize>> {
        let len = self.layout.len(self.layout.buffer) as u64;
        let (mut data_set, mut number) = self.next;
        if self.settings.limit.is_some_and(|limit| number > 0 && (number + 1) * len > limit) {
            (data_set, number) = (data_set + 1, 0);
        }
        if data_set == self.files.len() {
            if self.settings.full == Full::NoWrap {
                self.is_full = true;
                // Buffers in memory wrap from here on.
                self.disconnect();
                return Ok(None);
            }
            data_set = 0;
        }
        self.next = (data_set, number + 1);
        let offset = number * len;
        // A component that recorded nothing since may still have this slot: it is written over.
        self.slots.retain(|s| (s.data_set, s.offset) != (data_set, offset));
        self.sequence += 1;
        self.written.buffers += 1;
        let mut image = vec![0; len as usize];
        self.headers(which, self.sequence, self.layout.buffer, 0, &mut image);
        self.slots.push(Slot { which, data_set, offset, used: 0, image });
        Ok(Some(self.slots.len() - 1))
    }

    /// Writes the descriptor words and headers of a slot with records for `room` bytes.
    fn headers(&self, which: Which, sequence: u32, room: usize, used: usize, image: &mut [u8]) {
        let l = self.layout;
        let parts = l.records(room);
        let mut header = WriterHeader {
            system: self.trace.settings().system,
            component: which.component(),
            subname: self.trace.settings().stack,
            buffer: sequence,
            part: 0,
            parts: parts as u16,
            used: used as u32,
        };
        for part in 0..parts {
            header.part = part as u16;
            let at = part * (l.head + l.room);
            let len = l.head + l.room.min(room - part * l.room);
            let words = l.head - HEADER;
            if words > 0 {
                image[at..at + 2].copy_from_slice(&(len as u16).to_be_bytes());
                image[at + 2..at + 4].fill(0);
            }
            image[at + words..at + l.head].copy_from_slice(&header.encode());
        }
    }

    fn append(&mut self, slot: usize, entries: &[u8]) -> io::Result<()> {
        let l = self.layout;
        let s = &mut self.slots[slot];
        let mut rest = entries;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(l.room - s.used % l.room));
            let at = l.place(s.used);
            s.image[at..at + now.len()].copy_from_slice(now);
            s.used += now.len();
            rest = later;
        }
        for part in 0..l.records(l.buffer) {
            let at = part * (l.head + l.room) + l.head - HEADER + USED_AT;
            s.image[at..at + 4].copy_from_slice(&(s.used as u32).to_be_bytes());
        }
        // All of it: what was there already is the same as before.
        self.files[s.data_set].write_all_at(&s.image, s.offset)?;
        self.written.bytes += entries.len() as u64;
        Ok(())
    }

    /// Cuts the last slot of a data set that was never full to what it holds.
    fn cut(&mut self) -> io::Result<()> {
        let l = self.layout;
        let len = l.len(l.buffer) as u64;
        let (data_set, number) = self.next;
        let wraps = self.settings.full == Full::Wrap;
        let last = self.slots.iter().position(|s| s.data_set == data_set && s.offset + len == number * len);
        let (Some(i), false) = (last, wraps) else { return Ok(()) };
        let s = self.slots.swap_remove(i);
        let short = l.len(s.used);
        let mut image = s.image;
        image.truncate(short);
        self.headers(s.which, self.sequence, s.used, s.used, &mut image);
        let file = &self.files[data_set];
        file.write_all_at(&image, s.offset)?;
        file.set_len(s.offset + short as u64)
    }
}

/// Bytes of the whole entries at the start of `entries` that have room.
fn whole_entries(entries: &[u8], room: usize) -> usize {
    if entries.len() <= room {
        return entries.len();
    }
    let mut at = 0;
    while let Some(len) = entries.get(at..).and_then(|e| e.first_chunk::<2>()) {
        let len = usize::from(u16::from_be_bytes(*len)).max(TRAILER);
        if at + len > room {
            break;
        }
        at += len;
    }
    at
}

/// A writer with a thread of its own.
#[derive(Debug)]
pub struct WriterThread {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Written>>,
}

impl WriterThread {
    /// Starts a writer (TRACE CT,WTRSTART).
    pub fn start(trace: &Trace, settings: WriterSettings) -> io::Result<Self> {
        let mut writer = Writer::start(trace, settings)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::Builder::new().name("ctrace writer".into()).spawn(move || {
            let mut pause = SHORTEST_PAUSE;
            while !stopped.load(Ordering::Acquire) {
                match writer.pump() {
                    Ok(0) => pause = (pause * 2).min(LONGEST_PAUSE),
                    Ok(_) => pause = SHORTEST_PAUSE,
                    Err(e) => {
                        writer.disconnect();
                        return Err(e);
                    }
                }
                std::thread::sleep(pause);
            }
            writer.stop()
        })?;
        Ok(Self { stop, thread })
    }

    /// Writes what is left and ends (TRACE CT,WTRSTOP,FLUSH).
    pub fn stop(self) -> io::Result<Written> {
        self.stop.store(true, Ordering::Release);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the writer's thread panicked")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::{Settings, Subject, Tracer};
    use formats::ctrace::cte::Entries;
    use formats::ctrace::events::stack::Stopped;
    use formats::ctrace::{FormatId, Name};

    /// A file that is removed again.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            Self(std::env::temp_dir().join(format!("ctrace-{}-{name}", std::process::id())))
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn trace() -> (Trace, Tracer) {
        let t = Trace::new(Settings::new("MVS1", "TCPCS").virtual_time());
        t.configure(|c| *c = Config::everything());
        let tracer = t.tracer();
        (t, tracer)
    }

    fn record(t: &Tracer, from: u32, to: u32) {
        let subject = Subject::stack(0x41, Name::new("TCPCS"));
        for seconds in from..to {
            t.event(&subject, &Stopped { name: Name::new("TCPCS"), seconds });
        }
    }

    /// Buffer numbers and events of a data set with record descriptor words.
    fn read(bytes: &[u8]) -> (Vec<u32>, Vec<u32>) {
        let (mut buffers, mut seconds) = (Vec::new(), Vec::new());
        let mut at = 0;
        let mut payload = Vec::new();
        let mut parts = 0;
        while at < bytes.len() {
            let len = usize::from(rdw::Rdw::parse(&bytes[at..]).unwrap().len);
            let record = &bytes[at + 4..at + len];
            let h = WriterHeader::parse(record).unwrap();
            assert_eq!(usize::from(h.part), parts);
            payload.extend_from_slice(&record[HEADER..]);
            parts += 1;
            if parts == usize::from(h.parts) {
                assert!(payload[h.used as usize..].iter().all(|b| *b == 0));
                buffers.push(h.buffer);
                let all: Vec<_> = Entries::new(&payload).map(|e| e.unwrap().bytes().to_vec()).collect();
                assert_eq!(all.iter().map(Vec::len).sum::<usize>(), h.used as usize);
                let second = |e: &Vec<u8>| u32::from_be_bytes(e[84..88].try_into().unwrap());
                seconds.extend(all.iter().filter(|e| e[4] == 0xE9).map(second));
                payload.clear();
                parts = 0;
            }
            at += len;
        }
        assert_eq!(parts, 0);
        (buffers, seconds)
    }

    #[test]
    fn everything_is_in_the_data_set() {
        let file = Scratch::new("all");
        let (trace, t) = trace();
        let mut w = Writer::start(&trace, WriterSettings::new(&file.0)).unwrap();
        for part in 0..20 {
            record(&t, part * 100, part * 100 + 100);
            assert_eq!(w.pump().unwrap(), 9_000);
            // At every moment the file is whole.
            let (_, seconds) = read(&std::fs::read(&file.0).unwrap());
            assert!(seconds.iter().copied().eq(0..part * 100 + 100));
        }
        let written = w.stop().unwrap();
        assert_eq!(written, Written { bytes: 180_000, buffers: 3, refused: 0 });
        let bytes = std::fs::read(&file.0).unwrap();
        let (buffers, seconds) = read(&bytes);
        assert_eq!(buffers, [1, 2, 3]);
        assert!(seconds.iter().copied().eq(0..2000));
        // 728 entries fill a buffer; two of three records, one that is cut after 48,960 bytes.
        assert_eq!(bytes.len(), 2 * (65_536 + 3 * 52) + 48_960 + 2 * 52);
    }

    #[test]
    fn wrap_goes_over_the_data_sets_again() {
        let files = [Scratch::new("wrap1"), Scratch::new("wrap2")];
        let (trace, t) = trace();
        let settings = WriterSettings {
            data_sets: files.iter().map(|f| f.0.clone()).collect(),
            limit: Some(150_000),
            full: Full::Wrap,
            ..WriterSettings::new("")
        };
        let mut w = Writer::start(&trace, settings).unwrap();
        for part in 0..5 {
            record(&t, part * 728, part * 728 + 728);
            w.pump().unwrap();
        }
        record(&t, 5 * 728, 5 * 728 + 10);
        assert_eq!(w.stop().unwrap().buffers, 6);
        let [(b1, s1), (b2, s2)] = files.each_ref().map(|f| read(&std::fs::read(&f.0).unwrap()));
        assert_eq!((b1, b2), (vec![5, 6], vec![3, 4]));
        assert!(s1.iter().copied().eq(4 * 728..5 * 728 + 10));
        assert!(s2.iter().copied().eq(2 * 728..4 * 728));
    }

    #[test]
    fn a_slot_that_was_written_over_is_not_written_again() {
        let file = Scratch::new("over");
        let (trace, t) = trace();
        let settings =
            WriterSettings { limit: Some(150_000), full: Full::Wrap, ..WriterSettings::new(&file.0) };
        let mut w = Writer::start(&trace, settings).unwrap();
        let resolver = Subject::stack(1, Name::new("RESOLVER"));
        t.resolver(&resolver, &["started"]);
        w.pump().unwrap();
        for part in 0..2 {
            record(&t, part * 728, part * 728 + 728);
            w.pump().unwrap();
        }
        // Two slots: the resolver's was the first, and is now the newest one of events.
        t.resolver(&resolver, &["once more"]);
        w.pump().unwrap();
        assert_eq!(w.stop().unwrap().buffers, 4);
        let (buffers, seconds) = read(&std::fs::read(&file.0).unwrap());
        assert_eq!(buffers, [3, 4]);
        assert!(seconds.iter().copied().eq(728..1456));
    }

    #[test]
    fn nowrap_stops_when_it_is_full() {
        let file = Scratch::new("nowrap");
        let (trace, t) = trace();
        let settings = WriterSettings { limit: Some(70_000), ..WriterSettings::new(&file.0) };
        let mut w = Writer::start(&trace, settings).unwrap();
        record(&t, 0, 1000);
        w.pump().unwrap();
        assert!(w.is_full());
        record(&t, 1000, 2000);
        let written = w.stop().unwrap();
        assert_eq!((written.bytes, written.buffers), (65_520, 1));
        assert!(read(&std::fs::read(&file.0).unwrap()).1.iter().copied().eq(0..728));
        let mut seen = 0;
        trace.look(Which::Events, |b| seen += Entries::new(b).count());
        assert!(seen > 0, "buffers in memory go on");
    }

    #[test]
    fn what_was_lost_at_the_end_is_said() {
        let file = Scratch::new("lost");
        let trace = Trace::small(200, 2);
        let w = Writer::start(&trace, WriterSettings::new(&file.0)).unwrap();
        record(&trace.tracer(), 0, 10);
        w.stop().unwrap();
        let bytes = std::fs::read(&file.0).unwrap();
        assert!(read(&bytes).1.iter().copied().eq(0..4));
        let last = formats::ctrace::Cte::parse(&bytes[bytes.len() - 42..]).unwrap();
        assert_eq!(formats::ctrace::lost::Lost::of(&last).unwrap().count().unwrap().count, 6);
    }

    #[test]
    fn bare_records_and_several_components() {
        let file = Scratch::new("bare");
        let (trace, t) = trace();
        let settings = WriterSettings { framing: Framing::Bare, ..WriterSettings::new(&file.0) };
        let mut w = Writer::start(&trace, settings).unwrap();
        record(&t, 0, 1);
        t.resolver(&Subject::stack(1, Name::new("RESOLVER")), &["started"]);
        w.pump().unwrap();
        w.stop().unwrap();
        let bytes = std::fs::read(&file.0).unwrap();
        assert_eq!(bytes[..8], formats::ctrace::writer::MAGIC);
        let second = &bytes[65_536 + 3 * 48..];
        assert_eq!(second[..8], formats::ctrace::writer::MAGIC);
        let h = WriterHeader::parse(second).unwrap();
        assert_eq!((h.component.to_string().as_str(), h.parts, h.used), ("SYSTCPRE", 1, 44));
        assert_eq!(second.len(), 48 + 44);
        let id = u32::from_be_bytes(second[52..56].try_into().unwrap());
        assert_eq!(FormatId(id), FormatId::RESOLVER);
    }

    #[test]
    fn a_thread_writes_while_threads_record() {
        let file = Scratch::new("thread");
        let trace = Trace::new(Settings::new("MVS1", "TCPCS"));
        trace.configure(|c| *c = Config::everything());
        let w = WriterThread::start(&trace, WriterSettings::new(&file.0)).unwrap();
        std::thread::scope(|s| {
            for n in 0..2 {
                let t = trace.tracer();
                s.spawn(move || record(&t, n * 100_000, n * 100_000 + 20_000));
            }
        });
        w.stop().unwrap();
        let (_, mut seconds) = read(&std::fs::read(&file.0).unwrap());
        let lost = trace.counts(Which::Events).lost as usize;
        assert_eq!(seconds.len() + lost, 40_000);
        seconds.sort_unstable();
        seconds.dedup();
        assert_eq!(seconds.len() + lost, 40_000, "none twice");
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]
        #[test]
        fn entries_of_any_length_in_records_of_any_length(
            lrecl in 200_usize..40_000,
            buffer in 0_usize..80_000,
            lengths in proptest::collection::vec(0_usize..9_000, 0..60),
            pumps in 1_usize..5,
        ) {
            let file = Scratch::new("any");
            let (trace, t) = trace();
            let settings = WriterSettings { lrecl, buffer, ..WriterSettings::new(&file.0) };
            let mut w = Writer::start(&trace, settings).unwrap();
            for (n, len) in lengths.iter().enumerate() {
                let line = "x".repeat(*len);
                t.resolver(&Subject::stack(n as u16, Name::new("JOB")), &[&line]);
                if n % pumps == 0 {
                    w.pump().unwrap();
                }
            }
            w.stop().unwrap();
            let bytes = std::fs::read(&file.0).unwrap();
            let (mut at, mut payload, mut got) = (0, Vec::new(), Vec::new());
            while at < bytes.len() {
                let len = usize::from(rdw::Rdw::parse(&bytes[at..]).unwrap().len);
                let h = WriterHeader::parse(&bytes[at + 4..]).unwrap();
                payload.extend_from_slice(&bytes[at + 4 + HEADER..at + len]);
                if h.part + 1 == h.parts {
                    got.extend(Entries::new(&payload).map(|e| e.unwrap().len() - 16 - 18 - 1 - 2));
                    payload.clear();
                }
                at += len;
            }
            proptest::prop_assert_eq!(got, lengths);
        }
    }
}
