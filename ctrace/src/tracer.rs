//! The handle through which a thread records what it does.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use formats::ctrace::cte::{HEADER, TRAILER};
use formats::ctrace::events::{AREA_HEADER, Event, FIELDS_KEY, Options};
use formats::ctrace::systcpip::{self, StackFields};
use formats::ctrace::{FormatId, Name};
use formats::tod::Tod;
use zerocopy::IntoBytes;

use crate::clock::{LiveClock, RATE_TICKS, Rate};
use crate::config::Config;
use crate::ring::Producer;
use crate::trace::{Clock, FILTERED, Shared, Which};
use crate::{Buffers, Settings};

/// Whom a SYSTCPIP record is about: what every record says beside the event itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// Address space of the application, or of the stack.
    pub asid: u16,
    /// Its job name.
    pub job: Name<8>,
    /// Connection identifier, 0 without a connection.
    pub cid: u32,
    /// Local port, 0 without one.
    pub local_port: u16,
    /// Remote address, unspecified without one.
    pub remote: IpAddr,
}

/// Records what one thread does. Made by [`Trace::tracer`](crate::Trace::tracer).
#[derive(Debug)]
pub struct Tracer {
    pub(crate) shared: Arc<Shared>,
    producers: [Producer; 4],
    /// `None` when time is virtual.
    live: Option<&'static LiveClock>,
    rate: Cell<Rate>,
    /// What was configured when a filter was last asked, and its generation.
    config: RefCell<(u32, Arc<Config>)>,
    /// Packet, data and frame records, for the counter in their headers.
    pub(crate) records: Cell<u32>,
}

impl Default for Tracer {
    fn default() -> Self {
        Self::off()
    }
}

impl Tracer {
    /// A tracer that records nothing.
    #[must_use]
    pub fn off() -> Self {
        let mut settings = Settings::new("", "").virtual_time();
        settings.buffers = [Buffers { size: 0, count: 0 }; 4];
        crate::Trace::new(settings).tracer()
    }

    pub(crate) fn new(shared: Arc<Shared>, producers: [Producer; 4]) -> Self {
        let live = (shared.settings.clock == Clock::Live).then(LiveClock::get);
        Self {
            producers,
            rate: Cell::new(live.map(LiveClock::rate).unwrap_or_default()),
            live,
            // A generation that is not the shared one, so that the first filter reads it.
            config: RefCell::new((u32::MAX, Arc::default())),
            records: Cell::new(0),
            shared,
        }
    }

    /// The word of a component that says what is on.
    #[inline(always)]
    pub(crate) fn mask(&self, which: Which) -> u64 {
        self.shared.masks[which as usize].load(Ordering::Relaxed)
    }

    /// True when events of one of these options are recorded. For work that is only done for an
    /// event's sake.
    #[inline(always)]
    #[must_use]
    pub fn records(&self, options: Options) -> bool {
        self.mask(Which::Events) & options.0 != 0
    }

    /// Records an event, when one of its options is on.
    #[inline(always)]
    pub fn event<E: Event>(&self, subject: &Subject, event: &E) {
        let mask = self.mask(Which::Events);
        if mask & E::OPTIONS.0 != 0 {
            unlikely();
            self.write_event(mask, subject, event);
        }
    }

    /// Records the event that `make` makes, which is called when one of its options is on.
    #[inline(always)]
    pub fn event_with<E: Event>(&self, make: impl FnOnce() -> (Subject, E)) {
        let mask = self.mask(Which::Events);
        if mask & E::OPTIONS.0 != 0 {
            unlikely();
            let (subject, event) = make();
            self.write_event(mask, &subject, &event);
        }
    }

    #[inline(never)]
    fn write_event<E: Event>(&self, mask: u64, subject: &Subject, event: &E) {
        if mask & FILTERED != 0 && !self.with_config(|c| c.events.passes(E::ID, subject)) {
            return;
        }
        let area = AREA_HEADER + E::LEN;
        let len = HEADER + systcpip::HEADER + area + TRAILER;
        let time = self.now();
        let producer = &self.producers[Which::Events as usize];
        let Some(to) = producer.reserve(len, time) else { return };
        let Some((head, rest)) = to.split_first_chunk_mut::<FIXED>() else { return };
        put_header(head, len, E::ID, time);
        head[HEADER..HEADER + systcpip::HEADER].copy_from_slice(subject.fields().as_bytes());
        let key = ((area as u32) << 16) | u32::from(FIELDS_KEY);
        head[HEADER + systcpip::HEADER..].copy_from_slice(&key.to_be_bytes());
        let (fields, trailer) = rest.split_at_mut(E::LEN);
        event.put(fields);
        trailer.copy_from_slice(&(len as u16).to_be_bytes());
        producer.commit(len);
    }

    /// Where entries of a component go.
    #[inline(always)]
    pub(crate) fn producer(&self, which: Which) -> &Producer {
        &self.producers[which as usize]
    }

    /// What is configured. Reads it anew only when it was changed, and only when nobody changes
    /// it at this moment: recording never waits.
    #[inline(always)]
    pub(crate) fn with_config<T>(&self, ask: impl FnOnce(&Config) -> T) -> T {
        let generation = self.shared.generation.load(Ordering::Acquire);
        let mut known = self.config.borrow();
        if known.0 != generation {
            drop(known);
            self.read_config(generation);
            known = self.config.borrow();
        }
        ask(&known.1)
    }

    #[cold]
    fn read_config(&self, generation: u32) {
        if let Ok(new) = self.shared.config.try_lock() {
            *self.config.borrow_mut() = (generation, new.clone());
        }
    }

    /// The time of what happens now.
    #[inline(always)]
    pub(crate) fn now(&self) -> Tod {
        let Some(live) = self.live else {
            return Tod(self.shared.now.load(Ordering::Relaxed));
        };
        let ticks = live.ticks();
        if self.rate.get().is_older(ticks, RATE_TICKS) {
            self.rate.set(live.adjusted());
        }
        Tod(self.rate.get().tod(ticks))
    }
}

/// Says that the branch it is in is rarely taken, so that what is off stays out of the way.
#[cold]
const fn unlikely() {}

/// Bytes of an event's entry in front of its fields.
const FIXED: usize = HEADER + systcpip::HEADER + AREA_HEADER;

/// Writes CTELENP, CTEOFF, CTEFMTID and CTETIME.
#[inline(always)]
pub(crate) fn put_header(to: &mut [u8], len: usize, id: FormatId, time: Tod) {
    let first = (len as u64) << 48 | (HEADER as u64) << 32 | u64::from(id.0);
    to[..8].copy_from_slice(&first.to_be_bytes());
    to[8..HEADER].copy_from_slice(&time.0.to_be_bytes());
}

impl Subject {
    /// The stack itself, without a connection.
    #[must_use]
    pub const fn stack(asid: u16, job: Name<8>) -> Self {
        Self { asid, job, cid: 0, local_port: 0, remote: IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED) }
    }

    #[inline(always)]
    fn fields(&self) -> StackFields {
        let asid = self.asid.into();
        StackFields {
            home_asid: asid,
            primary_asid: asid,
            secondary_asid: asid,
            unknown_6: [0; 10],
            job: self.job.0,
            ducb: 0.into(),
            unknown_28: 0.into(),
            local_port: self.local_port.into(),
            unknown_34: 0.into(),
            cid: self.cid.into(),
            remote: systcpip::remote_field(self.remote),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trace;
    use crate::config::EventTrace;
    use formats::ctrace::events::stack::{Command, Stopped};
    use formats::ctrace::lost::Lost;
    use formats::ctrace::{Cte, cte::Entries};

    fn ftp() -> Subject {
        Subject {
            asid: 0x41,
            job: Name::new("FTPD1"),
            cid: 0x2A,
            local_port: 21,
            remote: "10.1.0.2".parse().unwrap(),
        }
    }

    fn stopped() -> Stopped {
        Stopped { name: Name::new("TCPCS"), seconds: 258 }
    }

    fn trace() -> Trace {
        let t = Trace::new(Settings::new("MVS1", "TCPCS").virtual_time());
        t.set_time(Tod(0xB72E_372B_BDA0_5000));
        t
    }

    fn entries(trace: &Trace) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        trace.look(Which::Events, |b| {
            let mut walk = Entries::new(b);
            all.extend(walk.by_ref().map(|e| e.unwrap().bytes().to_vec()));
            assert!(walk.rest().is_empty());
        });
        all
    }

    #[test]
    fn an_event_is_an_entry() {
        let trace = trace();
        trace.configure(|c| c.events = EventTrace::with(Options::INIT));
        let t = trace.tracer();
        t.event(&ftp(), &stopped());
        t.event(&ftp(), &Command { verb: Name::new("VARY"), function: Name::new("PKTTRACE"), code: 0 });
        let want = [
            0, 90, 0, 16, 0xE9, 1, 0, 2, 0xB7, 0x2E, 0x37, 0x2B, 0xBD, 0xA0, 0x50, 0, // CTE
            0, 0x41, 0, 0x41, 0, 0x41, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // address spaces
            0xC6, 0xE3, 0xD7, 0xC4, 0xF1, 0x40, 0x40, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, // job
            0, 21, 0, 0, 0, 0, 0, 0x2A, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 1, 0, 2, // connection
            0, 16, 0xE9, 0xE2, 0xE3, 0xC3, 0xD7, 0xC3, 0xE2, 0x40, 0x40, 0x40, 0, 0, 1, 2, // fields
            0, 90,
        ];
        assert_eq!(entries(&trace), [want.to_vec()], "and OPCMDS is off");
    }

    #[test]
    fn options_and_filters_change_while_it_runs() {
        let trace = trace();
        let t = trace.tracer();
        t.event(&ftp(), &stopped());
        trace.configure(|c| c.events = EventTrace::with(Options::ALL));
        t.event(&ftp(), &stopped());
        trace.configure(|c| c.events.ports = vec![23]);
        t.event(&ftp(), &stopped());
        t.event(&Subject { local_port: 23, ..ftp() }, &stopped());
        trace.configure(|c| c.events.on = false);
        t.event_with(|| -> (Subject, Stopped) { unreachable!("it is off") });
        assert!(!t.records(Options::ALL));
        let ports: Vec<u8> = entries(&trace).iter().map(|e| e[49]).collect();
        assert_eq!(ports, [21, 23]);
    }

    #[test]
    fn a_ring_wraps_in_memory() {
        let trace = Trace::small(200, 3);
        let t = trace.tracer();
        for seconds in 0..11 {
            t.event(&ftp(), &Stopped { seconds, ..stopped() });
        }
        // Two entries of 90 bytes have room in a buffer; the last three buffers are there.
        let seconds: Vec<u8> = entries(&trace).iter().map(|e| e[87]).collect();
        assert_eq!(seconds, [6, 7, 8, 9, 10]);
        assert_eq!(trace.counts(Which::Events).lost, 0);
    }

    #[test]
    fn entries_that_no_writer_took_in_time_are_counted_in_an_entry() {
        let trace = Trace::small(200, 2);
        trace.set_drained(Which::Events, true);
        let t = trace.tracer();
        let mut got = Vec::new();
        let mut drain = || {
            trace.drain(Which::Events, |b| {
                got.extend(Entries::new(b).map(|e| e.unwrap().bytes().to_vec()));
            });
        };
        for seconds in 0..7 {
            trace.set_time(Tod(u64::from(seconds) + 1));
            t.event(&ftp(), &Stopped { seconds, ..stopped() });
        }
        drain();
        t.event(&ftp(), &Stopped { seconds: 7, ..stopped() });
        drain();
        drain();
        let text: Vec<String> = got
            .iter()
            .map(|e| match Lost::of(&Cte::parse(e).unwrap()) {
                Some(l) => {
                    let c = l.count().unwrap();
                    format!("lost {} {} {}", c.count, c.first.0, c.last.0)
                }
                None => e[87].to_string(),
            })
            .collect();
        assert_eq!(text, ["0", "1", "2", "3", "lost 3 5 7", "7"]);
        assert_eq!(trace.counts(Which::Events).lost, 3);
    }

    #[test]
    fn who_reads_while_it_is_written_sees_whole_entries_in_order() {
        let trace = Trace::small(500, 4);
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|s| {
            let t = trace.tracer();
            s.spawn(|| {
                let t = t;
                for seconds in 0..100_000 {
                    t.event(&ftp(), &Stopped { seconds, ..stopped() });
                }
                done.store(true, Ordering::Release);
            });
            while !done.load(Ordering::Acquire) {
                for drain in [false, true] {
                    let mut last = None;
                    let see = |b: &[u8]| {
                        for e in Entries::new(b) {
                            let n = u32::from_be_bytes(e.unwrap().bytes()[84..88].try_into().unwrap());
                            assert!(last < Some(n), "{last:?} {n}");
                            last = Some(n);
                        }
                    };
                    if drain {
                        trace.drain(Which::Events, see);
                    } else {
                        trace.look(Which::Events, see);
                    }
                }
            }
        });
    }

    #[test]
    fn live_time_goes_on() {
        let trace = Trace::new(Settings::new("MVS1", "TCPCS"));
        trace.configure(|c| *c = Config::everything());
        let t = trace.tracer();
        for _ in 0..1000 {
            t.event(&ftp(), &stopped());
        }
        let all = entries(&trace);
        let times: Vec<u64> = all.iter().map(|e| u64::from_be_bytes(e[8..16].try_into().unwrap())).collect();
        assert!(times.is_sorted());
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let (secs, _) = Tod(times[999]).unix();
        assert!(now.as_secs().abs_diff(secs as u64) <= 2);
    }
}
