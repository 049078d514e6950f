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

use super::records::{CAPACITY, History, copy};
use super::{CODES, Stop};

/// Places of the queue.
const QUEUE: usize = 1 << 14;
const QMASK: usize = QUEUE - 1;
const MASK: usize = CODES - 1;
/// Longest text that is copied in one go.
const LONGEST: u32 = 4096;
/// Places of the queue that are looked through ahead.
const AHEAD: usize = 32;

/// Where a phrase's text is.
#[derive(Debug, Clone, Copy, Default)]
struct Text {
    /// Its place in the history, 0 when it is not there.
    at: u32,
    /// Symbols, 0 for a place that holds no phrase; stays at its greatest value.
    len: u32,
}

/// How long a phrase stays.
#[derive(Debug, Clone, Copy, Default)]
struct Stay {
    /// Phrases that this one is part of; one more for single symbols.
    refs: u16,
    /// Its last place in the queue.
    queued: u16,
}

/// The phrases; symbols 1..=257 have places here too. What each code touches most is kept
/// apart, so that it stays in the innermost cache.
#[derive(Debug)]
struct Book {
    texts: [Text; CODES],
    stays: [Stay; CODES],
    parts: [[u16; 2]; CODES],
    queue: [u16; QUEUE],
}

/// Where the queue and the stream stand: copied out while codes are decoded.
#[derive(Debug, Clone, Copy)]
struct Turn {
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
}

/// The phrases and what is known of the stream.
#[derive(Debug)]
pub(super) struct Spack {
    book: Box<Book>,
    turn: Turn,
    /// Parts still to be written, the next one last.
    parts: Vec<u16>,
}

impl Book {
    /// Looks through the next places of the queue; false when none holds a phrase that may go.
    #[inline(never)]
    fn look_ahead(&self, t: &mut Turn) -> bool {
        (t.ready_at, t.ready_len) = (0, 0);
        while t.ready_len == 0 {
            let n = t.tail.wrapping_sub(t.head).min(AHEAD as u16);
            if n == 0 {
                return false;
            }
            for _ in 0..n {
                let at = t.head;
                let s = self.stays[self.queue[at as usize & QMASK] as usize & MASK];
                t.ready[t.ready_len % AHEAD] = at;
                t.ready_len += usize::from((s.refs == 0) & (s.queued == at));
                t.head = at.wrapping_add(1);
            }
        }
        true
    }

    /// Takes out the phrase that has been part of no other one for longest.
    #[inline(always)]
    fn kill(&mut self, t: &mut Turn) -> Option<usize> {
        let y = loop {
            if t.ready_at >= t.ready_len && !self.look_ahead(t) {
                return None;
            }
            let at = t.ready[t.ready_at % AHEAD];
            t.ready_at += 1;
            let y = self.queue[at as usize & QMASK] as usize & MASK;
            let s = self.stays[y];
            if (s.refs == 0) & (s.queued == at) {
                break y;
            }
        };
        self.texts[y].len = 0;
        let [left, right] = self.parts[y];
        self.release(left, t);
        self.release(right, t);
        Some(y)
    }

    /// `c` is part of one phrase less.
    #[inline(always)]
    fn release(&mut self, c: u16, t: &mut Turn) {
        let s = &mut self.stays[c as usize & MASK];
        let refs = s.refs.wrapping_sub(1);
        // Whether it is free now can not be foretold: no branch.
        let free = refs == 0;
        *s = Stay { refs, queued: if free { t.tail } else { s.queued } };
        self.queue[t.tail as usize & QMASK] = c;
        t.tail = t.tail.wrapping_add(u16::from(free));
    }

    /// The place for the next phrase, taken from another one when all are used; 0 for none
    /// before the first code.
    #[inline(always)]
    fn make_room(&mut self, t: &mut Turn) -> Option<u16> {
        if (t.fresh as usize) < CODES {
            let first = t.previous == 0;
            let place = if first { 0 } else { t.fresh };
            t.fresh += u16::from(!first);
            return Some(place);
        }
        self.kill(t).map(|y| y as u16)
    }

    /// Makes the phrase of the previous code and `c`, whose text will stand at `pos`.
    #[inline(always)]
    fn step(&mut self, place: u16, c: usize, pos: usize, t: &mut Turn) {
        if place != 0 {
            let place = place as usize & MASK;
            let h = t.previous as usize & MASK;
            let len = self.texts[h].len.saturating_add(self.texts[c].len);
            self.texts[place] = Text { at: t.previous_at, len };
            self.parts[place] = [h as u16, c as u16];
            self.stays[h].refs += 1;
            self.stays[c].refs += 1;
            self.stays[place] = Stay { refs: 0, queued: t.tail };
            self.queue[t.tail as usize & QMASK] = place as u16;
            t.tail = t.tail.wrapping_add(1);
        }
        t.previous = c as u16;
        t.previous_at = pos as u32;
        self.texts[c].at = pos as u32;
    }
}

impl Spack {
    pub(super) fn new() -> Self {
        let mut book = Box::new(Book {
            texts: [Text::default(); CODES],
            stays: [Stay::default(); CODES],
            parts: [[0; 2]; CODES],
            queue: [0; QUEUE],
        });
        book.texts[1..=257].fill(Text { at: 0, len: 1 });
        book.stays[1..=257].fill(Stay { refs: 1, queued: 0 });
        let turn = Turn {
            head: 0,
            tail: 0,
            ready: [0; AHEAD],
            ready_at: 0,
            ready_len: 0,
            fresh: 258,
            previous: 0,
            previous_at: 0,
        };
        Self { book, turn, parts: Vec::new() }
    }

    /// The place for the next phrase, as [`Self::run`] chooses it; for the encoder.
    pub(super) fn make_room(&mut self) -> Option<u16> {
        self.book.make_room(&mut self.turn)
    }

    /// True when `code` stands for a phrase.
    pub(super) fn is_live(&self, code: u16) -> bool {
        self.book.texts[code as usize & MASK].len != 0
    }

    /// Uses a code without its text; for the encoder.
    pub(super) fn step(&mut self, place: u16, c: usize, pos: usize) {
        self.book.step(place, c & MASK, pos, &mut self.turn);
    }

    /// Decodes until `stop` places of the history are used; returns the codes used.
    pub(super) fn run(&mut self, codes: &[u16], h: &mut History, stop: usize) -> (usize, Stop) {
        let stop = stop.min(CAPACITY);
        let mut used = 0;
        let mut pos = h.pos;
        loop {
            if !self.parts.is_empty() {
                pos = self.assemble(&mut h.buf, pos, stop);
            }
            let (n, why) = self.quick(&codes[used..], &mut h.buf, &mut pos, stop);
            used += n;
            match why {
                Some(why) => {
                    h.pos = pos;
                    return (used, why);
                }
                None => {
                    // Its own place in the history is being written and can not be copied from.
                    let c = self.turn.previous as usize & MASK;
                    self.split(c, &mut h.buf, &mut pos);
                }
            }
        }
    }

    /// Decodes codes whose texts are in the history. None: the last one's is not.
    #[inline(always)]
    fn quick(
        &mut self,
        codes: &[u16],
        buf: &mut [u16],
        pos: &mut usize,
        stop: usize,
    ) -> (usize, Option<Stop>) {
        let book = &mut *self.book;
        let mut t = self.turn;
        let mut to = *pos;
        let mut used = 0;
        let why = loop {
            if to >= stop {
                break Some(Stop::Room);
            }
            let Some(&code) = codes.get(used) else {
                break Some(Stop::Input);
            };
            let c = code as usize & MASK;
            used += 1;
            if c == 0 {
                break Some(Stop::End);
            }
            let Some(place) = book.make_room(&mut t) else {
                break Some(Stop::Bad);
            };
            let Text { at, len } = book.texts[c];
            if len == 0 {
                break Some(Stop::Bad);
            }
            book.step(place, c, to, &mut t);
            if (at == 0) | (len > LONGEST) {
                break None;
            }
            copy(buf, at as usize, to, len as usize);
            to += len as usize;
        };
        self.turn = t;
        *pos = to;
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
            let [left, right] = self.book.parts[c];
            self.parts.extend([right, left]);
        }
    }

    /// Writes noted parts until none is left or the history is full.
    #[cold]
    fn assemble(&mut self, buf: &mut [u16], mut pos: usize, stop: usize) -> usize {
        while pos < stop
            && let Some(c) = self.parts.pop()
        {
            let c = c as usize & MASK;
            let Text { at, len } = self.book.texts[c];
            self.book.texts[c].at = pos as u32;
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
        for t in &mut self.book.texts {
            t.at = t.at.saturating_sub(by as u32);
        }
        self.turn.previous_at = self.turn.previous_at.saturating_sub(by as u32);
    }
}
