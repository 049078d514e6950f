//! PACK: LZW whose least recently used phrase is recycled.
//!
//! Every code makes a phrase: the code's own, and the first symbol of the next one. The place
//! for it is taken from the tail of a list of all phrases in order of use; using a phrase
//! moves it and all its prefixes to the front, the shortest first.
//!
//! The list itself is not kept here. A prefix is always used with its phrase, and in front of
//! it, so the tail is always a phrase that no other one extends, and only two kinds come
//! into question:
//! * the prefix of the phrase that was recycled last, when nothing else extends it: it stood
//!   right in front of it;
//! * otherwise the oldest phrase that was never extended. Its last use was its making, so
//!   these stand in the order in which they were made.
//!
//! So a count of extensions and a queue of phrases in order of making are enough, however
//! long the phrase. The queue is looked through ahead of time for phrases without extensions;
//! one that gets its first extension after that is passed over when its turn comes. Its text is not gathered along its prefixes either: it was written when
//! the phrase was made, and is copied from there while the history reaches back that far.

use super::records::{CAPACITY, History, MARK, copy};
use super::{CODES, Stop};

/// A phrase. Symbols 1..=257 have places here too.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// Where the text stands in the history, 0 when it is not there any more.
    at: u32,
    /// Symbols of the text.
    len: u16,
    /// The phrase without its last symbol, 0 for a single symbol.
    prefix: u16,
}

/// The phrases and their order of use.
#[derive(Debug)]
struct Book {
    nodes: [Node; CODES],
    /// Phrases that extend each one; one more for single symbols, which are never recycled.
    kids: [u16; CODES],
    /// Phrases in order of making.
    made: [u16; CODES],
    /// Last symbol, kept for phrases that left the history.
    last: [u16; CODES],
}

/// Where the queue stands: copied out while codes are decoded.
#[derive(Debug, Clone, Copy)]
struct Turn {
    head: u16,
    tail: u16,
    /// The next phrases without extensions, as of when they were looked through.
    ready: [u16; AHEAD],
    ready_at: usize,
    ready_len: usize,
    /// Prefix of the phrase that was recycled last.
    up: u16,
}

/// The dictionary.
#[derive(Debug)]
pub(super) struct Pack {
    book: Box<Book>,
    turn: Turn,
}

const MASK: usize = CODES - 1;
/// Phrases that are looked through ahead.
const AHEAD: usize = 32;

impl Book {
    /// Looks through the next phrases of the queue; false when there is none without extensions.
    #[inline(never)]
    fn look_ahead(&self, t: &mut Turn) -> bool {
        (t.ready_at, t.ready_len) = (0, 0);
        while t.ready_len == 0 {
            let n = t.tail.wrapping_sub(t.head).min(AHEAD as u16);
            if n == 0 {
                return false;
            }
            for _ in 0..n {
                let y = self.made[t.head as usize & MASK];
                t.ready[t.ready_len % AHEAD] = y;
                t.ready_len += usize::from(self.kids[y as usize & MASK] == 0);
                t.head = t.head.wrapping_add(1);
            }
        }
        true
    }

    /// The phrase that the next code recycles, and 1 when it is the next that is ready.
    #[inline(always)]
    fn victim(&self, t: &mut Turn) -> Option<(u16, usize)> {
        loop {
            if t.ready_at >= t.ready_len && !self.look_ahead(t) {
                let alone = self.kids[t.up as usize & MASK] == 0;
                return alone.then_some((t.up, 0));
            }
            // Which of the two it is can not be foretold: chosen without a branch.
            let queued = t.ready[t.ready_at % AHEAD];
            let taken = usize::from(self.kids[t.up as usize & MASK] != 0);
            let y = if taken == 1 { queued } else { t.up };
            if self.kids[y as usize & MASK] == 0 {
                return Some((y, taken));
            }
            t.ready_at += 1;
        }
    }

    /// The text of a phrase that left the history: back along its prefixes, until one of them
    /// is still there.
    #[cold]
    fn spell(&self, c: usize, buf: &mut [u16], pos: usize, len: usize) {
        let mut at = c;
        for i in (0..len).rev() {
            let n = self.nodes[at];
            if n.at != 0 && at != c {
                buf.copy_within(n.at as usize..n.at as usize + i + 1, pos);
                return;
            }
            buf[pos + i] = self.last[at];
            at = n.prefix as usize & MASK;
        }
    }
}

impl Pack {
    /// The first dictionary: phrases of 2, 3, 4... blanks (X'40').
    pub(super) fn new() -> Self {
        let mut book = Box::new(Book {
            nodes: [Node::default(); CODES],
            kids: [1; CODES],
            made: [0; CODES],
            last: [0x40; CODES],
        });
        for (i, n) in book.nodes.iter_mut().enumerate() {
            *n = match i {
                0..=257 => Node { at: 0, len: 1, prefix: 0 },
                _ => Node { at: 0, len: i as u16 - 256, prefix: i as u16 - 1 },
            };
        }
        book.nodes[258].prefix = 0x41;
        book.kids[0x41] = 2;
        book.kids[CODES - 1] = 0;
        for (i, l) in book.last.iter_mut().enumerate().take(258) {
            *l = (i as u16).wrapping_sub(1);
        }
        debug_assert_eq!(book.last[257], MARK);
        let up = CODES as u16 - 1;
        let turn = Turn { head: 0, tail: 0, ready: [0; AHEAD], ready_at: 0, ready_len: 0, up };
        Self { book, turn }
    }

    /// The phrase that the next code recycles; for the encoder.
    pub(super) fn victim(&mut self) -> Option<u16> {
        self.book.victim(&mut self.turn).map(|(y, _)| y)
    }

    /// Decodes until `stop` places of the history are used; returns the codes used.
    pub(super) fn run(&mut self, codes: &[u16], h: &mut History, stop: usize) -> (usize, Stop) {
        let stop = stop.min(CAPACITY);
        let buf = &mut *h.buf;
        let book = &mut *self.book;
        let mut t = self.turn;
        let mut pos = h.pos;
        let mut used = 0;
        let why = loop {
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
            // The phrase to recycle is chosen before the code counts as a use.
            let Some((y, taken)) = book.victim(&mut t) else {
                break Stop::Bad;
            };
            let y = y as usize & MASK;
            if c == y {
                break Stop::Bad;
            }
            t.ready_at += taken;
            let old = book.nodes[y];
            let up = old.prefix as usize & MASK;
            book.kids[up] -= 1;
            // The prefix's text is the beginning of this one's, and perhaps a later copy.
            book.nodes[up].at = book.nodes[up].at.max(old.at);
            t.up = up as u16;

            book.kids[c] += 1;
            book.kids[y] = 0;
            let n = &mut book.nodes[c];
            let (from, len) = (n.at as usize, n.len as usize);
            n.at = pos as u32;
            book.nodes[y] = Node { at: pos as u32, len: len as u16 + 1, prefix: c as u16 };
            book.made[t.tail as usize & MASK] = y as u16;
            t.tail = t.tail.wrapping_add(1);

            if from == 0 {
                book.spell(c, buf, pos, len);
            } else {
                copy(buf, from, pos, len);
                // Only the phrase made last reaches up to here, and then by its last symbol,
                // which is its first.
                if from + len > pos {
                    buf[pos + len - 1] = buf[from];
                }
            }
            pos += len;
        };
        self.turn = t;
        h.pos = pos;
        (used, why)
    }

    /// The history moved by `by` symbols; `before` is what it was. Called before it moves.
    pub(super) fn slide(&mut self, before: &[u16], by: usize) {
        for (n, l) in self.book.nodes.iter_mut().zip(&mut self.book.last) {
            let at = n.at as usize;
            if at != 0 && at <= by {
                *l = before[at + n.len as usize - 1];
            }
            n.at = at.saturating_sub(by) as u32;
        }
    }

    /// True when `code` stands for more than `longest` of the blanks that the first dictionary
    /// consists of.
    pub(super) fn is_blanks(&self, code: u16, longest: u16) -> bool {
        let n = self.book.nodes[code as usize & MASK];
        n.len > longest && n.len == code.wrapping_sub(256) && n.prefix + 1 == code
    }
}
