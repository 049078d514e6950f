//! The buffers of one producer: it alone writes them, others may read what is complete.
//!
//! A ring has several buffers of one size. Entries stand in a buffer as in a dump: from offset
//! 0, without gaps, zeros behind the last. The producer fills one buffer after the other;
//! recording takes no lock, allocates nothing and enters no system. When it comes round again,
//! it either takes the oldest buffer (wrap, for traces that are read from memory) or, when a
//! writer takes buffers away, only one that was taken: without one, entries are lost, counted,
//! and the count stands as an entry in front of the next one recorded.
//!
//! Who reads: bytes below a buffer's length are never changed until the buffer is claimed for
//! new entries, and a buffer that a reader has pinned cannot be claimed. This is what the
//! unsafe blocks rely on.

use std::cell::{Cell, UnsafeCell};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use formats::ctrace::lost::LostCount;
use formats::tod::Tod;

/// A buffer that may be claimed by the producer whatever the mode.
const FREE: u32 = 0;
/// The producer appends to it.
const WRITING: u32 = 1;
/// Complete.
const FULL: u32 = 2;
/// The producer is about to use it; its length is not valid.
const CLAIMED: u32 = 3;
/// Added to a state while a reader looks at the buffer.
const PIN: u32 = 8;

#[derive(Debug)]
struct Buffer {
    state: AtomicU32,
    /// Bytes of complete entries.
    len: AtomicU32,
    /// Counts up from 1 with each use of any buffer of the ring.
    sequence: AtomicU64,
}

/// How far readers that take entries away have come, by buffer: the sequence number and the
/// bytes taken.
type Taken = Vec<(u64, usize)>;

/// The part of a ring that producer and readers share.
#[derive(Debug)]
pub(crate) struct Ring {
    bytes: Box<[UnsafeCell<u8>]>,
    size: usize,
    buffers: Box<[Buffer]>,
    /// A writer takes entries away: full buffers must wait for it.
    drained: Arc<AtomicBool>,
    /// Entries that found no room, in all.
    lost: AtomicU64,
    recorded: AtomicU64,
    /// Lost and not in a lost-record entry yet: count, first and last time.
    pending: [AtomicU64; 3],
    taken: Mutex<Taken>,
    /// The producer is gone: what is left can be read once more.
    closed: AtomicBool,
}

// SAFETY: the bytes are the only part that is not shared safely by itself. They are written by
// the one `Producer` and read through `read`, by the rules at the top of this file.
unsafe impl Sync for Ring {}
// SAFETY: as above; nothing in a ring belongs to a thread.
unsafe impl Send for Ring {}

impl Ring {
    fn new(size: usize, count: usize, drained: Arc<AtomicBool>) -> Self {
        // A size that does not fit must fail here, not become a small one.
        let zero = vec![0_u8; size.saturating_mul(count)].into_boxed_slice();
        // SAFETY: `UnsafeCell<u8>` has the layout of `u8`, and the box is not used as bytes again.
        let bytes = unsafe { Box::from_raw(Box::into_raw(zero) as *mut [UnsafeCell<u8>]) };
        let buffer =
            |_| Buffer { state: AtomicU32::new(FREE), len: AtomicU32::new(0), sequence: AtomicU64::new(0) };
        Self {
            bytes,
            size,
            buffers: (0..count).map(buffer).collect(),
            drained,
            lost: AtomicU64::new(0),
            recorded: AtomicU64::new(0),
            pending: Default::default(),
            taken: Mutex::new(vec![(0, 0); count]),
            closed: AtomicBool::new(false),
        }
    }

    fn at(&self, offset: usize) -> *mut u8 {
        debug_assert!(offset < self.bytes.len());
        self.bytes.as_ptr().cast::<u8>().cast_mut().wrapping_add(offset)
    }

    /// Entries that were lost.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Entries recorded up to the last time a buffer was full.
    pub(crate) fn recorded(&self) -> u64 {
        self.recorded.load(Ordering::Relaxed)
    }

    /// What was lost since the last lost-record entry.
    pub(crate) fn pending(&self) -> LostCount {
        let [count, first, last] = self.pending.each_ref().map(|p| p.load(Ordering::Relaxed));
        LostCount { count, first: Tod(first), last: Tod(last) }
    }

    fn set_pending(&self, lost: LostCount) {
        for (to, value) in self.pending.iter().zip([lost.count, lost.first.0, lost.last.0]) {
            to.store(value, Ordering::Relaxed);
        }
    }

    /// True when the producer is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Calls `each` with the entries of every buffer, oldest first. With `take`, entries are
    /// given out once, and complete buffers are free afterwards.
    pub(crate) fn read(&self, take: bool, mut each: impl FnMut(&[u8])) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut order: Vec<(u64, usize)> = self
            .buffers
            .iter()
            .enumerate()
            .map(|(i, b)| (b.sequence.load(Ordering::Acquire), i))
            .filter(|(sequence, _)| *sequence != 0)
            .collect();
        order.sort_unstable();
        for (sequence, i) in order {
            let buffer = &self.buffers[i];
            if buffer.state.load(Ordering::Acquire) & !PIN == FREE {
                continue;
            }
            let state = buffer.state.fetch_or(PIN, Ordering::AcqRel) & !PIN;
            // While it is pinned a claimed buffer can become one that is written; not the reverse.
            let same = buffer.sequence.load(Ordering::Acquire) == sequence;
            if matches!(state, WRITING | FULL) && same {
                let len = buffer.len.load(Ordering::Acquire) as usize;
                let from = if taken[i].0 == sequence { taken[i].1 } else { 0 };
                if from < len {
                    let start = self.at(i * self.size + from);
                    // SAFETY: the bytes are inside the buffer; they are below its length, so the
                    // producer does not write them, and the pin keeps it from starting anew.
                    each(unsafe { std::slice::from_raw_parts(start, len - from) });
                }
                if take {
                    taken[i] = (sequence, len);
                    if state == FULL {
                        buffer.state.store(FREE, Ordering::Release);
                        continue;
                    }
                }
            }
            buffer.state.fetch_and(!PIN, Ordering::Release);
        }
    }
}

/// The one writer of a ring. Belongs to a thread at a time.
#[derive(Debug)]
pub(crate) struct Producer {
    ring: Arc<Ring>,
    /// The buffer in use; without one, `used` is the size.
    current: Cell<usize>,
    used: Cell<usize>,
    start: Cell<*mut u8>,
    count: Cell<u64>,
    sequence: Cell<u64>,
}

// SAFETY: the pointer is into the ring, which the producer keeps alive and which may be sent.
// A producer is not `Sync`, because of its cells.
unsafe impl Send for Producer {}

impl Producer {
    /// A ring of `count` buffers (at least two, or none: then nothing is ever recorded).
    pub(crate) fn new(size: usize, count: usize, drained: Arc<AtomicBool>) -> Self {
        let count = if size == 0 || count == 0 { 0 } else { count.max(2) };
        let ring = Arc::new(Ring::new(size, count, drained));
        Self {
            current: Cell::new(usize::MAX),
            used: Cell::new(size),
            start: Cell::new(std::ptr::null_mut()),
            count: Cell::new(0),
            sequence: Cell::new(0),
            ring,
        }
    }

    pub(crate) fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    /// Room for an entry of `len` bytes, to be filled and then [`commit`](Self::commit)ted.
    /// `None` when there is none: then the entry, of `time`, counts as lost.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub(crate) fn reserve(&self, len: usize, time: Tod) -> Option<&mut [u8]> {
        let mut used = self.used.get();
        if len > self.ring.size - used {
            if !self.next(len, time) {
                return None;
            }
            used = self.used.get();
        }
        // SAFETY: `start` is the current buffer and `used + len` is at most its size. Nobody
        // reads bytes at or above its length, `used`, until they are committed. There is one
        // producer, and those who call this (all in this crate) are done with the slice before
        // they commit or reserve again; an event's `put`, which runs meanwhile, must not record.
        Some(unsafe { std::slice::from_raw_parts_mut(self.start.get().add(used), len) })
    }

    /// Makes the entry of `len` bytes that was filled part of the buffer.
    #[inline(always)]
    pub(crate) fn commit(&self, len: usize) {
        let used = self.used.get() + len;
        self.used.set(used);
        self.count.set(self.count.get() + 1);
        if let Some(b) = self.ring.buffers.get(self.current.get()) {
            b.len.store(used as u32, Ordering::Release);
        }
    }

    /// Ends the buffer in use and begins another in which an entry of `len` bytes has room.
    #[cold]
    #[inline(never)]
    fn next(&self, len: usize, time: Tod) -> bool {
        let mut lost = self.ring.pending();
        let need = len + if lost.count > 0 { LostCount::LEN } else { 0 };
        if need <= self.ring.size {
            if let Some(b) = self.ring.buffers.get(self.current.get()) {
                self.end_mark();
                // Keeps a reader's pin.
                b.state.fetch_add(FULL - WRITING, Ordering::AcqRel);
                self.ring.recorded.store(self.count.get(), Ordering::Relaxed);
            }
            if self.claim() {
                if lost.count > 0 {
                    self.ring.set_pending(LostCount::default());
                    let Some(to) = self.reserve(LostCount::LEN, time) else { return false };
                    to.copy_from_slice(&lost.entry(time));
                    self.commit(LostCount::LEN);
                }
                return true;
            }
            self.current.set(usize::MAX);
            self.used.set(self.ring.size);
        }
        lost.add(time);
        self.ring.set_pending(lost);
        self.ring.lost.fetch_add(1, Ordering::Relaxed);
        false
    }

    /// A zero length behind the last entry says that the rest is unused.
    fn end_mark(&self) {
        let used = self.used.get();
        let room = (self.ring.size - used).min(2);
        // SAFETY: as in `reserve`.
        unsafe { std::slice::from_raw_parts_mut(self.start.get().add(used), room) }.fill(0);
    }

    fn claim(&self) -> bool {
        let ring = &*self.ring;
        let count = ring.buffers.len();
        let wrap = !ring.drained.load(Ordering::Acquire);
        let from = self.current.get().wrapping_add(1);
        for k in 0..count {
            let i = from.wrapping_add(k) % count;
            let b = &ring.buffers[i];
            let claim =
                |state| b.state.compare_exchange(state, CLAIMED, Ordering::AcqRel, Ordering::Relaxed).is_ok();
            if !(claim(FREE) || wrap && claim(FULL)) {
                continue;
            }
            let sequence = self.sequence.get() + 1;
            self.sequence.set(sequence);
            b.len.store(0, Ordering::Relaxed);
            b.sequence.store(sequence, Ordering::Relaxed);
            b.state.fetch_sub(CLAIMED - WRITING, Ordering::AcqRel);
            self.current.set(i);
            self.used.set(0);
            self.start.set(ring.at(i * ring.size));
            return true;
        }
        false
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.ring.recorded.store(self.count.get(), Ordering::Relaxed);
        self.ring.closed.store(true, Ordering::Release);
    }
}
