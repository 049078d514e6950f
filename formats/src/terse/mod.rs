//! AMATERSE (TRSMAIN): tersed data sets, `.trs`.
//!
//! A file is a [`Header`] and 12-bit codes. Code 0 ends the data; what follows is block padding.
//! Codes 1..=256 are the bytes 0..=255, 257 ends a variable record, 258..=4095 are phrases of
//! a dictionary that decoder and encoder change in step, in the way of [`Method::Pack`] or of
//! [`Method::Spack`]. Both recycle their phrases, so memory is the same for any size.
//!
//! Binary output: fixed and undefined records are pure bytes, cut by the record length alone;
//! variable records have their record descriptor word (length with itself, two zero bytes).
//! A record above 32,756 bytes does not fit one such word and is written as spanned segments;
//! that form is our choice, not taken from the vendor.

mod codes;
mod encode;
mod header;
mod pack;
mod records;
mod spack;

pub use encode::{Effort, Encoder};
pub use header::{Header, Method, Version, flags};

use crate::{Error, Result};
use codes::Codes;
use pack::Pack;
use records::{CAPACITY, History, KEEP, Records};
use spack::Spack;

/// Places of the dictionary, symbols included.
const CODES: usize = 4096;
/// Symbols decoded before they are made into records, so that they are still in the cache.
const STRETCH: usize = 1 << 14;
/// Name of the record in errors.
const NAME: &str = "TERSE";

/// Why a method stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Every code was used.
    Input,
    /// As much as was asked for is there.
    Room,
    /// Code 0.
    End,
    /// The last code used stands for nothing.
    Bad,
}

/// What a decoder needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// More input; or [`Decoder::finish`] when there is none.
    Input,
    /// The output limit is reached; call again.
    Room,
    /// Nothing: the end of the data was reached.
    Nothing,
}

/// How far a decoder came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Bytes of the input that were taken.
    pub consumed: usize,
    /// What it needs next.
    pub need: Need,
}

#[derive(Debug)]
enum Dictionary {
    Pack(Pack),
    Spack(Spack),
}

/// Decodes the codes behind a header, in pieces of any size.
#[derive(Debug)]
pub struct Decoder {
    codes: Codes,
    dictionary: Dictionary,
    history: History,
    records: Records,
    base: usize,
    ended: bool,
    failed: Option<Error>,
}

impl Decoder {
    /// A decoder for what follows `header`.
    #[must_use]
    pub fn new(header: &Header) -> Self {
        let dictionary = match header.method() {
            Method::Pack => Dictionary::Pack(Pack::new()),
            Method::Spack => Dictionary::Spack(Spack::new()),
        };
        Self {
            codes: Codes::new(),
            dictionary,
            history: History::new(),
            records: Records::new(header),
            base: header.len(),
            ended: false,
            failed: None,
        }
    }

    /// Decodes `input`, the bytes that follow those taken before, and appends about `max` bytes
    /// to `out`: at least as many when the data has them, and one variable record more at most.
    ///
    /// # Errors
    /// A code that stands for nothing, with its offset from the start of the header. What was
    /// decoded before it is in `out` already; the same error comes back from every later call.
    pub fn decode(&mut self, input: &[u8], out: &mut Vec<u8>, max: usize) -> Result<Step> {
        let limit = out.len().saturating_add(max.max(1));
        let mut consumed = 0;
        loop {
            if !self.records.push(out, limit) {
                return Ok(Step { consumed, need: Need::Room });
            }
            if let Some(e) = self.failed {
                self.records.finish(out);
                return Err(e);
            }
            if self.ended {
                self.records.finish(out);
                return Ok(Step { consumed, need: Need::Nothing });
            }
            if self.codes.ready().is_empty() && !self.is_inside() {
                consumed += self.codes.fill(&input[consumed..]);
                if self.codes.ready().is_empty() {
                    return Ok(Step { consumed, need: Need::Input });
                }
            }
            self.run();
        }
    }

    /// Like [`Self::decode`] when no input is left: the last code is decoded and the record at
    /// the end completed. Call until [`Need::Nothing`] comes back.
    ///
    /// # Errors
    /// As [`Self::decode`]; and when the codes stop without an end code, after everything
    /// decoded is in `out`.
    pub fn finish(&mut self, out: &mut Vec<u8>, max: usize) -> Result<Step> {
        let limit = out.len().saturating_add(max.max(1));
        loop {
            let room = limit.saturating_sub(out.len());
            if room == 0 {
                return Ok(Step { consumed: 0, need: Need::Room });
            }
            let step = self.decode(&[], out, room)?;
            if step.need != Need::Input {
                return Ok(step);
            }
            if !self.codes.finish() {
                self.records.finish(out);
                let e = Error::short(NAME, "end-of-data code", self.offset(), 2, 0);
                return Err(*self.failed.insert(e));
            }
        }
    }

    /// Offset of the next code from the start of the header.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.base + self.codes.offset() as usize
    }

    /// Variable records finished so far.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records.count()
    }

    /// True inside a phrase that is written in pieces.
    fn is_inside(&self) -> bool {
        matches!(&self.dictionary, Dictionary::Spack(s) if s.is_inside())
    }

    /// Decodes a stretch of the codes that are ready.
    fn run(&mut self) {
        if self.history.is_full() {
            let by = self.history.pos - KEEP;
            match &mut self.dictionary {
                Dictionary::Pack(p) => p.slide(&self.history.buf, by),
                Dictionary::Spack(s) => s.slide(by),
            }
            self.history.slide();
        }
        let from = self.history.pos;
        let stop = (from + STRETCH).min(CAPACITY);
        let (used, why) = match &mut self.dictionary {
            Dictionary::Pack(p) => p.run(self.codes.ready(), &mut self.history, stop),
            Dictionary::Spack(s) => s.run(self.codes.ready(), &mut self.history, stop),
        };
        self.records.load(&self.history.buf[from..self.history.pos]);
        match why {
            Stop::Input | Stop::Room => {}
            Stop::End => self.ended = true,
            Stop::Bad => {
                let before = used.saturating_sub(1);
                let code = self.codes.ready().get(before).copied().unwrap_or_default();
                self.codes.advance(before);
                self.failed = Some(Error::value(NAME, "code", self.offset(), u64::from(code)));
                return;
            }
        }
        self.codes.advance(used);
    }
}

/// Decodes a whole file in memory. What was decoded before an error is delivered with it.
#[must_use]
pub fn decode_all(file: &[u8]) -> (Vec<u8>, Option<Error>) {
    let mut out = Vec::new();
    let header = match Header::parse(file) {
        Ok(h) => h,
        Err(e) => return (out, Some(e)),
    };
    let mut d = Decoder::new(&header);
    let mut rest = &file[header.len()..];
    loop {
        match d.decode(rest, &mut out, 1 << 20) {
            Err(e) => return (out, Some(e)),
            Ok(Step { need: Need::Nothing, .. }) => return (out, None),
            Ok(Step { need: Need::Room, consumed }) => rest = &rest[consumed..],
            Ok(Step { need: Need::Input, .. }) => break,
        }
    }
    loop {
        match d.finish(&mut out, 1 << 20) {
            Err(e) => return (out, Some(e)),
            Ok(Step { need: Need::Nothing, .. }) => return (out, None),
            Ok(_) => {}
        }
    }
}

/// True when `prefix`, the first bytes of a file, are a tersed data set: a valid header, and
/// first codes as an encoder would choose them. Other data passes the header by accident at
/// times; its codes are then phrases that do not exist yet or long runs of blanks.
#[must_use]
pub fn recognise(prefix: &[u8]) -> bool {
    /// Codes looked at.
    const LOOK: usize = 64;
    /// Runs of blanks that need no explanation.
    const BLANKS: u16 = 256;
    let Ok(header) = Header::parse(prefix) else {
        return false;
    };
    if header.lrecl() > 1 << 24 {
        return false;
    }
    let body = &prefix[header.len()..];
    let mut codes = Codes::new();
    codes.fill(body);
    if codes.ready().is_empty() && !codes.finish() {
        return false;
    }
    let codes = &codes.ready()[..codes.ready().len().min(LOOK)];
    if codes[0] == 0 {
        // An empty data set: nothing but padding.
        return header.flags & flags::MVS != 0 && body.iter().all(|&b| b == 0);
    }
    let mut odd = 0;
    let mut history = History::new();
    let mut pack = Pack::new();
    let mut spack = Spack::new();
    for (i, c) in codes.iter().enumerate() {
        history.pos = 1;
        let one = std::slice::from_ref(c);
        let (_, why) = match header.method() {
            Method::Pack => {
                odd += usize::from(pack.is_blanks(*c, BLANKS));
                pack.run(one, &mut history, 8192)
            }
            Method::Spack => spack.run(one, &mut history, 8192),
        };
        match why {
            Stop::Bad => return false,
            Stop::End => return i > 0,
            Stop::Input | Stop::Room => {}
        }
    }
    odd * 8 <= codes.len()
}

#[cfg(test)]
mod tests;
