//! SPACK: every phrase is the previous code's phrase and the current code's.
//!
//! A phrase that is part of another one is kept. Those that are not stand in a list in the
//! order in which they came to be so; when all places are taken, the oldest of them goes.
//!
//! The list is a queue here: a phrase that becomes part of another stays in it and is passed
//! over when its turn comes, or before that: the queue is looked through ahead of time. Each code takes one phrase off the queue and puts three in at
//! most, and a phrase that is to go has at most 3838 before it, so [`QUEUE`] places do.
//!
//! Texts are copied from the history while they are there, otherwise put together from
//! their parts. A phrase may be longer than the history, even astronomically long (each code
//! can double it), so putting together stops and goes on wherever the history is full.

use super::records::{CAPACITY, History};
use super::{CODES, Stop};

/// Places of the queue.
const QUEUE: usize = 1 << 14;
const QMASK: usize = QUEUE - 1;
const MASK: usize = CODES - 1;
/// Longest text that is copied in one go.
const LONGEST: u32 = 4096;
/// Symbols that one copy of fixed width moves.
const WIDE: usize = 32;
/// Places of the queue that are looked through ahead.
const AHEAD: usize = 32;

/// A phrase. Symbols 1..=257 have places here too.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// Where the text stands in the history, 0 when it is not there.
    at: u32,
    /// Symbols of the text, 0 for a place that holds no phrase; stays at its greatest value.
    len: u32,
    left: u16,
    right: u16,
    /// Phrases that this one is part of; one more for single symbols.
    refs: u16,
    /// Its last place in the queue.
    queued: u16,
}

/// The phrases and what is known of the stream.
#[derive(Debug)]
pub(super) struct Spack {
    nodes: Box<[Node; CODES]>,
    queue: Box<[u16; QUEUE]>,
    head: u16,
    tail: u16,
    /// The next of the queue that are part of nothing, as of when they were looked through.
    ready: [u16; AHEAD],
    ready_at: usize,
    ready_len: usize,
    /// Next place that was never used, [`CODES`] when all were.
    fresh: u16,
    /// The previous code, 0 before the first.
    previous: u16,
    /// Where its text begins in the history, 0 when not there.
    previous_at: u32,
    /// Parts still to be written, the next one last.
    parts: Vec<u16>,
}

impl Spack {
    pub(super) fn new() -> Self {
        let mut nodes = Box::new([Node::default(); CODES]);
        for n in &mut nodes[1..=257] {
            (n.len, n.refs) = (1, 1);
        }
        let queue = Box::new([0; QUEUE]);
        Self {
            nodes,
            queue,
            head: 0,
            tail: 0,
            ready: [0; AHEAD],
            ready_at: 0,
            ready_len: 0,
            fresh: 258,
            previous: 0,
            previous_at: 0,
            parts: Vec::new(),
        }
    }

    /// Looks through the next places of the queue; false when none holds a phrase that may go.
    fn look_ahead(&mut self) -> bool {
        (self.ready_at, self.ready_len) = (0, 0);
        while self.ready_len == 0 {
            let n = self.tail.wrapping_sub(self.head).min(AHEAD as u16);
            if n == 0 {
                return false;
            }
            for _ in 0..n {
                let at = self.head;
                let n = &self.nodes[self.queue[at as usize & QMASK] as usize & MASK];
                self.ready[self.ready_len % AHEAD] = at;
                self.ready_len += usize::from((n.refs == 0) & (n.queued == at));
                self.head = at.wrapping_add(1);
            }
        }
        true
    }

    /// Takes out the phrase that has been part of no other one for longest.
    #[inline(always)]
    fn kill(&mut self) -> Option<usize> {
        let (y, old) = loop {
            if self.ready_at >= self.ready_len && !self.look_ahead() {
                return None;
            }
            let at = self.ready[self.ready_at % AHEAD];
            self.ready_at += 1;
            let y = self.queue[at as usize & QMASK] as usize & MASK;
            let old = self.nodes[y];
            if (old.refs == 0) & (old.queued == at) {
                break (y, old);
            }
        };
        self.nodes[y].len = 0;
        let left = old.left as usize & MASK;
        self.release(left);
        self.release(old.right as usize & MASK);
        Some(y)
    }

    /// `c` is part of one phrase less.
    #[inline(always)]
    fn release(&mut self, c: usize) {
        let tail = self.tail;
        let n = &mut self.nodes[c];
        n.refs -= 1;
        // Whether it is free now can not be foretold: no branch.
        let free = n.refs == 0;
        n.queued = if free { tail } else { n.queued };
        self.queue[tail as usize & QMASK] = c as u16;
        self.tail = tail.wrapping_add(u16::from(free));
    }

    #[inline(always)]
    fn enqueue(&mut self, c: usize) {
        self.nodes[c].queued = self.tail;
        self.queue[self.tail as usize & QMASK] = c as u16;
        self.tail = self.tail.wrapping_add(1);
    }

    /// True when a phrase must go before the next code is looked at. The encoder asks, too.
    #[inline(always)]
    pub(super) fn make_room(&mut self) -> Option<u16> {
        if self.previous == 0 {
            return Some(0);
        }
        if (self.fresh as usize) < CODES {
            self.fresh += 1;
            return Some(self.fresh - 1);
        }
        self.kill().map(|y| y as u16)
    }

    /// True when `code` stands for a phrase.
    pub(super) fn is_live(&self, code: u16) -> bool {
        self.nodes[code as usize & MASK].len != 0
    }

    /// Makes the phrase of the previous code and `c`, whose text will stand at `pos`.
    #[inline(always)]
    pub(super) fn step(&mut self, place: u16, c: usize, pos: usize) {
        if place != 0 {
            let place = place as usize & MASK;
            let h = self.previous as usize & MASK;
            let len = self.nodes[h].len.saturating_add(self.nodes[c].len);
            let (left, right) = (h as u16, c as u16);
            self.nodes[place] = Node { at: self.previous_at, len, left, right, refs: 0, queued: 0 };
            self.nodes[h].refs += 1;
            self.nodes[c].refs += 1;
            self.enqueue(place);
        }
        self.previous = c as u16;
        self.previous_at = pos as u32;
        self.nodes[c].at = pos as u32;
    }

    /// Decodes until `stop` places of the history are used; returns the codes used.
    pub(super) fn run(&mut self, codes: &[u16], h: &mut History, stop: usize) -> (usize, Stop) {
        let stop = stop.min(CAPACITY);
        let mut used = 0;
        let mut pos = h.pos;
        let why = loop {
            if !self.parts.is_empty() {
                pos = self.assemble(&mut h.buf, pos, stop);
            }
            if pos >= stop {
                break Stop::Room;
            }
            let Some(&code) = codes.get(used) else {
                break Stop::Input;
            };
            let c = code as usize & MASK;
            used += 1;
            if c == 0 {
                break Stop::End;
            }
            let Some(place) = self.make_room() else {
                break Stop::Bad;
            };
            let Node { at, len, .. } = self.nodes[c];
            if len == 0 {
                break Stop::Bad;
            }
            self.step(place, c, pos);
            if at != 0 && len <= LONGEST {
                copy(&mut h.buf, at as usize, pos, len as usize);
                pos += len as usize;
            } else {
                // Its own place in the history is being written and can not be copied from.
                self.split(c, &mut h.buf, &mut pos);
            }
        };
        h.pos = pos;
        (used, why)
    }

    /// True when parts of a phrase are still to be written.
    pub(super) fn is_inside(&self) -> bool {
        !self.parts.is_empty()
    }

    /// Writes a symbol, or notes the parts of a phrase as the next to be written.
    fn split(&mut self, c: usize, buf: &mut [u16], pos: &mut usize) {
        if c <= 257 {
            buf[*pos] = c as u16 - 1;
            *pos += 1;
        } else {
            self.parts.push(self.nodes[c].right);
            self.parts.push(self.nodes[c].left);
        }
    }

    /// Writes noted parts until none is left or the history is full.
    #[cold]
    fn assemble(&mut self, buf: &mut [u16], mut pos: usize, stop: usize) -> usize {
        while pos < stop
            && let Some(c) = self.parts.pop()
        {
            let c = c as usize & MASK;
            let Node { at, len, .. } = self.nodes[c];
            self.nodes[c].at = pos as u32;
            if at != 0 && len <= LONGEST {
                copy(buf, at as usize, pos, len as usize);
                pos += len as usize;
            } else {
                self.split(c, buf, &mut pos);
            }
        }
        pos
    }

    /// The history moves by `by` symbols.
    pub(super) fn slide(&mut self, by: usize) {
        for n in self.nodes.iter_mut() {
            n.at = n.at.saturating_sub(by as u32);
        }
        self.previous_at = self.previous_at.saturating_sub(by as u32);
    }
}

/// Copies `len` symbols that stand before `to` to `to`, its end.
#[inline(always)]
fn copy(buf: &mut [u16], from: usize, to: usize, len: usize) {
    if len <= WIDE {
        if let Some(Ok(t)) = buf.get(from..from + WIDE).map(<[u16; WIDE]>::try_from)
            && let Some(d) = buf.get_mut(to..to + WIDE)
        {
            d.copy_from_slice(&t);
        }
    } else {
        buf.copy_within(from..from + len, to);
    }
}
