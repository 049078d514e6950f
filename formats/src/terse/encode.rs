//! Writes tersed data sets.
//!
//! The encoder makes every choice from the state a decoder is in, so any choice of codes is
//! valid as long as each stands for a phrase at that moment. [`Effort::Literal`] uses single
//! symbols only. [`Effort::Longest`] takes the longest phrase that matches: for PACK found by
//! walking the phrases' extensions, for SPACK by looking the text up.

use super::codes::Packer;
use super::pack::Pack;
use super::records::{History, MARK};
use super::spack::Spack;
use super::{CODES, Header, Method};
use std::collections::HashMap;

/// How hard to look for phrases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Single symbols only: fast, and longer than the data.
    Literal,
    /// The longest phrase at every place.
    Longest,
}

/// Longest SPACK phrase that is looked for, in symbols.
const LONGEST: usize = 512;
/// Symbols that PACK's longest phrase may have.
const WINDOW: usize = 4096;

/// Encodes records as a tersed data set.
#[derive(Debug)]
pub struct Encoder {
    variable: bool,
    packer: Packer,
    /// Symbols not encoded yet, from `at` on.
    queue: Vec<u16>,
    at: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    Literal,
    Pack(Box<PackState>),
    Spack(Box<SpackState>),
}

impl Encoder {
    /// An encoder that has written `header` to `out`.
    #[must_use]
    pub fn new(header: &Header, effort: Effort, out: &mut Vec<u8>) -> Self {
        header.encode(out);
        let state = match (effort, header.method()) {
            (Effort::Literal, _) => State::Literal,
            (Effort::Longest, Method::Pack) => State::Pack(Box::new(PackState::new())),
            (Effort::Longest, Method::Spack) => State::Spack(Box::new(SpackState::new())),
        };
        Self { variable: header.variable, packer: Packer::default(), queue: Vec::new(), at: 0, state }
    }

    /// Appends a record's codes: its bytes without a descriptor word. Fixed records may be given
    /// several at a time.
    pub fn record(&mut self, data: &[u8], out: &mut Vec<u8>) {
        self.queue.extend(data.iter().map(|&b| u16::from(b)));
        if self.variable {
            self.queue.push(MARK);
        }
        self.run(WINDOW, out);
    }

    /// Appends the last codes and the end code.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.run(0, out);
        self.packer.put(0, out);
        self.packer.finish(out);
    }

    /// Encodes until `keep` symbols or fewer are left.
    fn run(&mut self, keep: usize, out: &mut Vec<u8>) {
        while self.queue.len() - self.at > keep {
            let rest = &self.queue[self.at..];
            let (code, len) = match &mut self.state {
                State::Literal => (rest[0] + 1, 1),
                State::Pack(p) => p.choose(rest),
                State::Spack(s) => s.choose(rest),
            };
            self.packer.put(code, out);
            self.at += len;
        }
        self.queue.drain(..self.at);
        self.at = 0;
    }
}

/// The decoder's state, and each phrase's extensions.
#[derive(Debug)]
struct PackState {
    pack: Pack,
    scratch: History,
    /// Phrase that extends a phrase by a symbol.
    next: HashMap<(u16, u16), u16>,
    /// Prefix and last symbol of each phrase that is in `next`.
    of: Vec<Option<(u16, u16)>>,
    /// The phrase made last and its prefix; its last symbol is the next one encoded.
    open: Option<(u16, u16)>,
}

impl PackState {
    fn new() -> Self {
        let blanks = (258..CODES as u16).map(|n| ((if n == 258 { 0x41 } else { n - 1 }, 0x40), n));
        let next: HashMap<_, _> = blanks.collect();
        let mut of = vec![None; CODES];
        for (k, n) in &next {
            of[usize::from(*n)] = Some(*k);
        }
        Self { pack: Pack::new(), scratch: History::new(), next, of, open: None }
    }

    fn choose(&mut self, rest: &[u16]) -> (u16, usize) {
        let victim = self.pack.victim().unwrap_or_default();
        let mut code = rest[0] + 1;
        let mut len = 1;
        while let Some(s) = rest.get(len)
            && let Some(&n) = self.next.get(&(code, *s))
            && n != victim
        {
            (code, len) = (n, len + 1);
        }
        // The phrase that is recycled goes first: it may be the open one, or in its way.
        if let Some(k) = self.of[usize::from(victim)].take()
            && self.next.get(&k) == Some(&victim)
        {
            self.next.remove(&k);
        }
        if let Some((y, prefix)) = self.open.take()
            && y != victim
        {
            self.next.insert((prefix, rest[0]), y);
            self.of[usize::from(y)] = Some((prefix, rest[0]));
        }
        self.scratch.pos = 1;
        self.pack.run(&[code], &mut self.scratch, usize::MAX);
        self.open = Some((victim, code));
        (code, len)
    }
}

/// The decoder's state, and the text of each phrase.
#[derive(Debug)]
struct SpackState {
    spack: Spack,
    texts: Vec<Vec<u16>>,
    find: HashMap<Vec<u16>, u16>,
    /// Phrases of each length.
    lengths: Vec<u32>,
    previous: u16,
}

impl SpackState {
    fn new() -> Self {
        let mut texts = vec![Vec::new(); CODES];
        for (i, t) in texts.iter_mut().enumerate().take(258).skip(1) {
            t.push(i as u16 - 1);
        }
        let lengths = vec![0; LONGEST + 1];
        Self { spack: Spack::new(), texts, find: HashMap::new(), lengths, previous: 0 }
    }

    fn choose(&mut self, rest: &[u16]) -> (u16, usize) {
        let place = self.spack.make_room().unwrap_or_default();
        self.forget(place);
        let (mut code, mut len) = (rest[0] + 1, 1);
        for l in (2..=rest.len().min(LONGEST)).rev() {
            if self.lengths[l] > 0
                && let Some(&n) = self.find.get(&rest[..l])
                && self.spack.is_live(n)
            {
                (code, len) = (n, l);
                break;
            }
        }
        self.spack.step(place, usize::from(code), 1);
        if place != 0 {
            let mut t = self.texts[usize::from(self.previous)].clone();
            t.extend_from_slice(&self.texts[usize::from(code)]);
            if t.len() > LONGEST {
                t.clear();
            } else if !self.find.contains_key(&t) {
                self.find.insert(t.clone(), place);
                self.lengths[t.len()] += 1;
            }
            self.texts[usize::from(place)] = t;
        }
        self.previous = code;
        (code, len)
    }

    fn forget(&mut self, place: u16) {
        if place == 0 {
            return;
        }
        let t = std::mem::take(&mut self.texts[usize::from(place)]);
        if self.find.get(&t) == Some(&place) {
            self.find.remove(&t);
            self.lengths[t.len()] -= 1;
        }
    }
}
