//! A stack's component trace: what is on, where time comes from, and the rings of all producers.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use formats::ctrace::lost::LostCount;
use formats::ctrace::{Component, Name};
use formats::tod::Tod;

use crate::Tracer;
use crate::config::Config;
use crate::ring::{Producer, Ring};

/// The components that are recorded, as indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Which {
    /// SYSTCPIP: events.
    Events,
    /// SYSTCPDA: packets and data.
    Packets,
    /// SYSTCPOT: frames of OSA adapters.
    Frames,
    /// SYSTCPRE: the resolver.
    Resolver,
}

impl Which {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Events, Self::Packets, Self::Frames, Self::Resolver];

    /// The component's name.
    #[must_use]
    pub const fn component(self) -> Component {
        match self {
            Self::Events => Component::SYSTCPIP,
            Self::Packets => Component::SYSTCPDA,
            Self::Frames => Component::SYSTCPOT,
            Self::Resolver => Component::SYSTCPRE,
        }
    }

    /// The component of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|w| w.component().to_string() == name)
    }
}

/// Where time stamps come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    Live,
    /// What [`Trace::set_time`] says.
    Virtual,
}

/// The buffers that each producer has for a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buffers {
    /// Bytes of one buffer. 64 KB in z/OS.
    pub size: usize,
    /// How many there are, at least two; 0 when the component is never to be recorded.
    pub count: usize,
}

impl Buffers {
    /// Buffers of 64 KB that together have at least `bytes` (BUFSIZE).
    #[must_use]
    pub const fn total(bytes: usize) -> Self {
        let count = bytes.div_ceil(Self::SIZE);
        Self { size: Self::SIZE, count: if count < 2 { 2 } else { count } }
    }

    /// Bytes of a buffer of z/OS.
    pub const SIZE: usize = 0x1_0000;
}

/// What a trace is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// System name.
    pub system: Name<8>,
    /// Job name of the stack, the trace's subname.
    pub stack: Name<8>,
    /// Where time stamps come from.
    pub clock: Clock,
    /// Buffers by component, in the order of [`Which`].
    pub buffers: [Buffers; 4],
}

impl Settings {
    /// Settings with 8 MB for events, 16 MB for packets and frames, 256 KB for the resolver, for
    /// each producer. Memory that is not used is not taken from the system.
    #[must_use]
    pub fn new(system: &str, stack: &str) -> Self {
        Self {
            system: Name::new(system),
            stack: Name::new(stack),
            clock: Clock::Live,
            buffers: [8 << 20, 16 << 20, 16 << 20, 256 << 10].map(Buffers::total),
        }
    }

    /// The same with time from [`Trace::set_time`].
    #[must_use]
    pub const fn virtual_time(mut self) -> Self {
        self.clock = Clock::Virtual;
        self
    }

    /// The same with other buffers for a component.
    #[must_use]
    pub const fn with_buffers(mut self, which: Which, buffers: Buffers) -> Self {
        self.buffers[which as usize] = buffers;
        self
    }
}

/// Bit of a component's mask that says that filters have to be asked.
pub(crate) const FILTERED: u64 = 1 << 63;
/// Bit of the masks of components without options: on.
pub(crate) const ON: u64 = 1;
/// SYSTCPDA's mask: packet trace.
pub(crate) const PACKETS: u64 = 1;
/// SYSTCPDA's mask: data trace.
pub(crate) const DATA: u64 = 2;

/// Virtual time before it is set: 2026-01-01 00:00 UTC.
const START: u64 = match Tod::from_unix(1_767_225_600, 0) {
    Some(t) => t.0,
    None => 0,
};

/// What all producers of a trace share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    /// What is on, by component: the one word that a record point reads.
    pub(crate) masks: [AtomicU64; 4],
    /// Changes with every change of `config`.
    pub(crate) generation: AtomicU32,
    pub(crate) config: Mutex<Arc<Config>>,
    /// Virtual time.
    pub(crate) now: AtomicU64,
    /// Writers take entries away, by component.
    drained: [Arc<AtomicBool>; 4],
    rings: [Mutex<Rings>; 4],
}

/// The rings of one component, and what those that are gone had counted.
#[derive(Debug, Default)]
struct Rings {
    all: Vec<Arc<Ring>>,
    gone: Counts,
    /// Lost by producers that are gone, without an entry.
    lost: Option<LostCount>,
}

/// Rings of producers that ended, which are kept for a dump.
const KEPT: usize = 64;

/// How many entries a component recorded and lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Entries recorded, as of the last full buffer of each producer.
    pub recorded: u64,
    /// Entries lost because no buffer was free.
    pub lost: u64,
}

/// The trace of a stack. Cheap to clone; all clones are the same trace.
#[derive(Debug, Clone)]
pub struct Trace(pub(crate) Arc<Shared>);

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Trace {
    /// A trace with everything off.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        if settings.clock == Clock::Live {
            let _ = crate::clock::LiveClock::get();
        }
        Self(Arc::new(Shared {
            settings,
            masks: Default::default(),
            generation: AtomicU32::new(0),
            config: Mutex::default(),
            now: AtomicU64::new(START),
            drained: Default::default(),
            rings: Default::default(),
        }))
    }

    /// What it was made with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// A tracer for one more thread.
    #[must_use]
    pub fn tracer(&self) -> Tracer {
        let producers = Which::ALL.map(|w| {
            let buffers = self.0.settings.buffers[w as usize];
            let p = Producer::new(buffers.size, buffers.count, self.0.drained[w as usize].clone());
            let mut rings = self.rings(w);
            rings.forget_old();
            rings.all.push(p.ring().clone());
            p
        });
        Tracer::new(self.0.clone(), producers)
    }

    /// Sets virtual time: the time of what is recorded from now on.
    pub fn set_time(&self, now: Tod) {
        self.0.now.store(now.0, Ordering::Relaxed);
    }

    /// What is on.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        lock(&self.0.config).clone()
    }

    /// Changes what is on, while it runs: producers see it with their next record.
    pub fn configure(&self, change: impl FnOnce(&mut Config)) {
        let mut config = lock(&self.0.config);
        let mut new = Config::clone(&config);
        change(&mut new);
        let masks = new.masks();
        *config = Arc::new(new);
        self.0.generation.fetch_add(1, Ordering::Release);
        for (mask, value) in self.0.masks.iter().zip(masks) {
            mask.store(value, Ordering::Release);
        }
    }

    fn rings(&self, which: Which) -> MutexGuard<'_, Rings> {
        lock(&self.0.rings[which as usize])
    }

    /// Says whether a writer takes a component's entries away. While it does, complete buffers
    /// wait for it.
    pub fn set_drained(&self, which: Which, drained: bool) {
        self.0.drained[which as usize].store(drained, Ordering::Release);
    }

    /// Gives out, once each, the entries recorded since the last call: pieces of buffers that
    /// hold complete entries, each producer's in order.
    pub fn drain(&self, which: Which, mut each: impl FnMut(&[u8])) {
        let mut rings = self.rings(which);
        let Rings { all, gone, lost } = &mut *rings;
        all.retain(|ring| {
            let closed = ring.is_closed();
            ring.read(true, &mut each);
            if closed {
                gone.add(ring);
                *lost = both(*lost, ring.pending());
            }
            !closed
        });
    }

    /// Shows the entries that are in memory, as a dump would find them: buffer after buffer.
    pub fn look(&self, which: Which, mut each: impl FnMut(&[u8])) {
        let rings = self.rings(which);
        for ring in &rings.all {
            ring.read(false, &mut each);
        }
    }

    /// What was lost and is in no lost-record entry yet, by producer.
    #[must_use]
    pub fn pending(&self, which: Which) -> Vec<LostCount> {
        let rings = self.rings(which);
        rings
            .all
            .iter()
            .map(|r| r.pending())
            .chain(rings.lost.iter().copied())
            .filter(|l| l.count > 0)
            .collect()
    }

    /// What a component recorded and lost.
    #[must_use]
    pub fn counts(&self, which: Which) -> Counts {
        let rings = self.rings(which);
        let mut sum = rings.gone;
        rings.all.iter().for_each(|r| sum.add(r));
        sum
    }
}

/// What two producers lost together.
fn both(a: Option<LostCount>, b: LostCount) -> Option<LostCount> {
    match a {
        _ if b.count == 0 => a,
        None => Some(b),
        Some(a) => Some(LostCount {
            count: a.count + b.count,
            first: a.first.min(b.first),
            last: a.last.max(b.last),
        }),
    }
}

impl Counts {
    fn add(&mut self, ring: &Ring) {
        self.recorded += ring.recorded();
        self.lost += ring.lost();
    }
}

impl Rings {
    /// Forgets the oldest of those whose producer ended.
    fn forget_old(&mut self) {
        let closed = self.all.iter().filter(|r| r.is_closed()).count();
        let mut over = closed.saturating_sub(KEPT);
        let Self { all, gone, lost } = self;
        all.retain(|ring| {
            let go = over > 0 && ring.is_closed();
            if go {
                over -= 1;
                gone.add(ring);
                *lost = both(*lost, ring.pending());
            }
            !go
        });
    }
}

#[cfg(test)]
impl Trace {
    /// Everything on, virtual time, and buffers for events that are soon full.
    pub(crate) fn small(size: usize, count: usize) -> Self {
        let settings = Settings::new("MVS1", "TCPCS").virtual_time();
        let trace = Self::new(settings.with_buffers(Which::Events, Buffers { size, count }));
        trace.configure(|c| *c = Config::everything());
        trace
    }
}
