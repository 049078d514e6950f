//! z/OS component trace data sets and streams: which form a file has, and the framers.
//!
//! | form | framer |
//! |---|---|
//! | records with record descriptor words | [`rdw`] |
//! | block images: block and record descriptor words | [`bdw`] |
//! | records without their lengths | [`raw`] |
//! | NMI stream, or nothing but entries | [`nmi`] |
//! | transferred as text | [`ascii`] |
//!
//! All of them make frames with the same code ([`entry`]).

use std::fmt;

use formats::ctrace::nmi::Message;
use formats::ctrace::scan;
use formats::ctrace::writer::WriterHeader;

use self::entry::complete;
use super::frame::Framer;

pub mod ascii;
pub mod bdw;
mod entry;
mod free;
mod headers;
mod joint;
mod learn;
mod names;
pub mod nmi;
pub mod raw;
pub mod rdw;
mod resync;
mod segments;
mod vb;
pub mod wrapped;

#[cfg(test)]
mod header_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

/// The form in which a component trace comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Framing {
    /// Record descriptor words.
    Rdw,
    /// Block and record descriptor words.
    Bdw,
    /// Records without their lengths.
    Raw,
    /// NMI messages and buffers, or nothing but entries.
    Nmi,
    /// Ruined by a transfer as text; only reported.
    #[value(skip)]
    Ascii,
}

impl Framing {
    /// The value of `--framing` for this form.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rdw => "rdw",
            Self::Bdw => "bdw",
            Self::Raw => "raw",
            Self::Nmi => "nmi",
            Self::Ascii => "ascii",
        }
    }
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the user can say about a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// `--framing`: the form, instead of recognising it.
    pub framing: Option<Framing>,
    /// `--leap-seconds`: how far the machine's clock runs ahead of UTC.
    pub leap_seconds: i32,
}

/// A framer for the given form.
#[must_use]
pub fn framer(framing: Framing, options: &Options) -> Box<dyn Framer> {
    match framing {
        Framing::Rdw => Box::new(rdw::RdwFramer::new(options)),
        Framing::Bdw => Box::new(bdw::BdwFramer::new(options)),
        Framing::Raw => Box::new(raw::Raw::new(options)),
        Framing::Nmi => Box::new(nmi::Nmi::new(options)),
        Framing::Ascii => Box::new(ascii::Ascii::default()),
    }
}

/// How much of a file's start is looked at.
pub const PREFIX: usize = 256 << 10;

/// Recognises a component trace by the first bytes of a file (up to [`PREFIX`] of them; fewer
/// only when the file is shorter). Names are of no concern.
#[must_use]
pub fn recognise(prefix: &[u8]) -> Option<Framing> {
    let b = &prefix[..prefix.len().min(PREFIX)];
    if Message::parse(b).is_ok() {
        return Some(Framing::Nmi);
    }
    // A block descriptor word could be taken for a record's, not the other way round.
    let walk = |question: &dyn Fn(vb::Vb) -> bool| {
        let kinds = [(Framing::Bdw, true), (Framing::Rdw, false)];
        let found = kinds.into_iter().find(|(_, blocks)| question(vb::Vb::new(&Options::default(), *blocks)));
        found.map(|(framing, _)| framing)
    };
    if let Some(framing) = walk(&|vb| vb.recognises(b, 0)) {
        return Some(framing);
    }
    // Few entries of components without packets prove little by themselves; our own header does.
    if WriterHeader::parse(b).is_ok() {
        return Some(Framing::Raw);
    }
    let Some(first) = believable(b) else {
        return (ascii::translated_entries(b) > 0).then_some(Framing::Ascii);
    };
    if first == 0 && is_gap_free(b) {
        return Some(Framing::Nmi);
    }
    // The start may be damaged while the rest still has its descriptor words.
    let later = walk(&|vb| (1..b.len()).any(|at| vb.recognises(b, at)));
    Some(later.or_else(|| walk(&|vb| vb.recognises_damaged(b))).unwrap_or(Framing::Raw))
}

/// Where the first entry is that is certainly one: with a packet trace header that agrees, or
/// the first of three in a row.
fn believable(b: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(hit) = scan::find(b, from, b.len(), true) {
        let strong = scan::prefix(&b[hit.at..]).is_some_and(|p| p.strong);
        let mut at = hit.at;
        let row = (0..3).all(|_| match scan::entry(&b[at..]) {
            Some(p) => {
                at += p.len;
                true
            }
            None => false,
        });
        if strong || row {
            return Some(hit.at);
        }
        from = hit.at + 1;
    }
    None
}

/// True when the entries follow each other without anything in between but unused buffer and
/// messages, up to one that the end of `b` cuts.
fn is_gap_free(b: &[u8]) -> bool {
    let mut at = 0;
    while at < b.len() {
        let rest = &b[at..];
        if let Some(len) = complete(rest) {
            at += len;
        } else if let Ok((_, len)) = Message::parse(rest) {
            at += len;
        } else if rest.starts_with(&[0, 0]) {
            at += resync::zeros_end(rest, 0).saturating_sub(1).max(1);
        } else {
            return rest.len() < entry::be16(rest, 0).max(formats::ctrace::nmi::INIT_LEN)
                || rest == [0]
                || (rest[0] == 0 && complete(&rest[1..]).is_some());
        }
    }
    true
}
