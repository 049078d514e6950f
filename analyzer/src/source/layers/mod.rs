//! Wrappers around a trace, peeled one after the other while the data streams through.
//!
//! Each layer is recognised by its content alone and is a reader over the one outside it.
//! Damage inside a layer ends its data there: what came before is delivered, and a [`Note`]
//! says what happened. Memory does not depend on the size of anything; the window that a zstd
//! or xz file asks for is granted up to [`LayerLimits::max_memory`].

pub mod aws;
pub mod gzip;
pub mod pds;
pub mod terse;
pub mod xmit;
pub mod xz;
pub mod zstd;

use super::frame::AnomalyKind;
use std::fmt;
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A reader that layers are made of.
pub type Reader = Box<dyn Read + Send>;
/// Says whether the first bytes of some data are a trace.
pub type Accepts = Arc<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// Bytes looked at to recognise a layer.
pub const PEEK: usize = 256 << 10;
/// Layers inside each other; more are not peeled.
pub const MAX_NESTING: usize = 16;

/// What to do when a window is larger than allowed.
const MORE_MEMORY: &str = "allow more memory with --max-window if the file is trusted";

/// What a file may unpack to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerLimits {
    /// Output of any layer over bytes read of the file, beyond `ratio_from`; 0 for no limit.
    /// Tersed blanks come to 2,550, gzip to 1,032.
    pub max_ratio: u64,
    /// Output of any layer in bytes up to which the ratio does not count.
    pub ratio_from: u64,
    /// Output of any layer in bytes, 0 for no limit.
    pub max_bytes: u64,
    /// Memory that one layer's window may take. zstd's usual levels need 8 MB at most, xz up to
    /// level 8 33 MB. With 40 MB all of Zscope stays under 64 MB.
    pub max_memory: u64,
}

impl Default for LayerLimits {
    fn default() -> Self {
        Self { max_ratio: 4000, ratio_from: 64 << 20, max_bytes: 0, max_memory: 40 << 20 }
    }
}

/// How to peel.
#[derive(Clone, Default)]
pub struct LayerOptions {
    /// What a file may unpack to.
    pub limits: LayerLimits,
    /// Member of a library to take; otherwise its only one or the first that is a trace.
    pub member: Option<String>,
    /// Data file of a tape to take, counted from 1; otherwise the first.
    pub tape_file: Option<usize>,
    /// Leaves an unloaded library as it is, for its members to be read with [`pds::Members`].
    pub keep_library: bool,
    /// Recognises traces; helps to choose a member.
    pub accepts: Option<Accepts>,
}

impl fmt::Debug for LayerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LayerOptions")
            .field("limits", &self.limits)
            .field("member", &self.member)
            .field("tape_file", &self.tape_file)
            .field("keep_library", &self.keep_library)
            .finish_non_exhaustive()
    }
}

/// Something that happened inside a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The layer's name.
    pub layer: &'static str,
    /// What kind of damage.
    pub kind: AnomalyKind,
    /// Offset in the layer's input.
    pub offset: u64,
    /// Plain sentence.
    pub text: String,
    /// What the user can do, empty when nothing.
    pub advice: &'static str,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} at offset {}: {}", self.layer, self.kind.name(), self.offset, self.text)?;
        if self.advice.is_empty() { Ok(()) } else { write!(f, " ({})", self.advice) }
    }
}

/// Notes of all layers of one file; they come while the data is read.
#[derive(Debug, Clone, Default)]
pub struct Notes(Arc<Mutex<Vec<Note>>>);

impl Notes {
    /// Adds a note. After a thousand, further ones are dropped.
    pub fn push(&self, note: Note) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < 1000 {
            all.push(note);
        }
    }

    /// The notes so far; they are handed out once.
    #[must_use]
    pub fn take(&self) -> Vec<Note> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How the data inside a layer is cut into records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Records of this length without anything between them.
    Fixed(u32),
    /// Records with a record descriptor word.
    Variable,
    /// Bytes.
    Undefined,
}

/// A layer that was peeled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LayerInfo {
    /// `gzip`, `zstd`, `xz`, `terse`, `xmit`, `pds` or `aws`.
    pub name: &'static str,
    /// What its header says.
    pub detail: String,
    /// How the data inside is cut into records, when the layer knows.
    pub shape: Option<Shape>,
    /// Members of a library, each with its aliases behind it in parentheses.
    pub members: Vec<String>,
    /// The member that was taken.
    pub member: Option<String>,
}

impl fmt::Display for LayerInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if !self.detail.is_empty() {
            write!(f, " ({})", self.detail)?;
        }
        if let Some(m) = &self.member {
            write!(f, ", member {m}")?;
        }
        Ok(())
    }
}

/// The data inside all layers.
pub struct Peeled {
    /// The data from its first byte.
    pub reader: Reader,
    /// A copy of its first bytes, up to [`PEEK`].
    pub prefix: Vec<u8>,
    /// The layers, the outermost first.
    pub layers: Vec<LayerInfo>,
    /// What happened so far and will happen while `reader` is read.
    pub notes: Notes,
}

impl Peeled {
    /// How the data is cut into records, when a layer knows.
    #[must_use]
    pub fn shape(&self) -> Option<Shape> {
        self.layers.iter().rev().find_map(|l| l.shape)
    }
}

impl fmt::Debug for Peeled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peeled").field("layers", &self.layers).finish_non_exhaustive()
    }
}

/// What layers share.
#[derive(Clone)]
pub struct Context {
    /// How to peel.
    pub options: LayerOptions,
    /// Where to say what happened.
    pub notes: Notes,
    raw: Arc<AtomicU64>,
}

impl Context {
    /// For a file from which nothing was read yet.
    #[must_use]
    pub fn new(options: LayerOptions) -> Self {
        Self { options, notes: Notes::default(), raw: Arc::default() }
    }
}

type Open = fn(Reader, &[u8], &Context) -> io::Result<(Reader, LayerInfo)>;
type Layer = (&'static str, fn(&[u8]) -> bool, Open);

/// Name, recogniser and reader of each layer, in the order in which they are tried.
const LAYERS: [Layer; 7] = [
    (gzip::NAME, gzip::recognise, gzip::open),
    (zstd::NAME, zstd::recognise, zstd::open),
    (xz::NAME, xz::recognise, xz::open),
    (xmit::NAME, xmit::recognise, xmit::open),
    (pds::NAME, pds::recognise, pds::open),
    (aws::NAME, aws::recognise, aws::open),
    (terse::NAME, terse::recognise, terse::open),
];

/// Name of the layer that `prefix` begins, if it is one.
#[must_use]
pub fn recognise(prefix: &[u8]) -> Option<&'static str> {
    LAYERS.iter().find(|(_, is, _)| is(prefix)).map(|(name, ..)| *name)
}

/// Peels every layer.
///
/// # Errors
/// Those of reading the file itself. Damage inside a layer is a note, not an error.
pub fn peel(reader: Reader, options: &LayerOptions) -> io::Result<Peeled> {
    let cx = Context::new(options.clone());
    let mut reader: Reader = Box::new(Counted { inner: reader, raw: cx.raw.clone() });
    let mut layers = Vec::new();
    loop {
        let prefix = peek(&mut reader)?;
        let whole: Reader = Box::new(Prefixed { prefix: prefix.clone(), at: 0, inner: reader });
        let found =
            LAYERS.iter().find(|(name, is, _)| !(options.keep_library && *name == pds::NAME) && is(&prefix));
        let Some((name, _, open)) = found else {
            return Ok(Peeled { reader: whole, prefix, layers, notes: cx.notes });
        };
        if layers.len() == MAX_NESTING {
            cx.notes.push(Note {
                layer: name,
                kind: AnomalyKind::LimitReached,
                offset: 0,
                text: format!("inside {MAX_NESTING} other layers and not peeled"),
                advice: "unpack the outer layers first",
            });
            return Ok(Peeled { reader: whole, prefix, layers, notes: cx.notes });
        }
        let (inner, info) = open(whole, &prefix, &cx)?;
        layers.push(info);
        reader = inner;
    }
}

fn peek(reader: &mut Reader) -> io::Result<Vec<u8>> {
    let mut prefix = Vec::new();
    reader.take(PEEK as u64).read_to_end(&mut prefix)?;
    Ok(prefix)
}

/// Counts the bytes of the file.
struct Counted {
    inner: Reader,
    raw: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.raw.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Gives back what was looked at, then the rest.
struct Prefixed {
    prefix: Vec<u8>,
    at: usize,
    inner: Reader,
}

impl Read for Prefixed {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let rest = &self.prefix[self.at..];
        if rest.is_empty() {
            return self.inner.read(buf);
        }
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        if self.at == self.prefix.len() {
            (self.prefix, self.at) = (Vec::new(), 0);
        }
        Ok(n)
    }
}

/// A layer's input, buffered.
pub(crate) struct Input {
    inner: Reader,
    buf: Vec<u8>,
    at: usize,
    ended: bool,
    offset: u64,
}

impl Input {
    /// Bytes read at once.
    const CHUNK: usize = 64 << 10;

    pub(crate) fn new(inner: Reader) -> Self {
        Self { inner, buf: Vec::new(), at: 0, ended: false, offset: 0 }
    }

    /// Bytes in hand.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buf[self.at..]
    }

    /// Moves over bytes in hand.
    pub(crate) fn consume(&mut self, n: usize) {
        let n = n.min(self.bytes().len());
        self.at += n;
        self.offset += n as u64;
    }

    /// Offset of the first byte in hand.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads until `want` bytes are in hand; false when the input ends before that.
    pub(crate) fn fill(&mut self, want: usize) -> io::Result<bool> {
        while self.bytes().len() < want && !self.ended {
            self.buf.drain(..self.at);
            self.at = 0;
            let had = self.buf.len();
            self.buf.resize(had + Self::CHUNK.max(want - had), 0);
            let n = loop {
                match self.inner.read(&mut self.buf[had..]) {
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    other => break other,
                }
            };
            self.buf.truncate(had + n.as_ref().map_or(0, |n| *n));
            self.ended = n? == 0;
        }
        Ok(self.bytes().len() >= want)
    }

    /// Reads the rest to its end and returns how much it was.
    pub(crate) fn skip_all(&mut self) -> io::Result<u64> {
        let from = self.offset;
        while self.fill(1)? {
            self.consume(self.bytes().len());
        }
        Ok(self.offset - from)
    }
}

/// Watches what a layer unpacks, and says what happens in it.
pub(crate) struct Meter {
    layer: &'static str,
    cx: Context,
    made: u64,
    tripped: bool,
}

impl Meter {
    pub(crate) fn new(layer: &'static str, cx: &Context) -> Self {
        Self { layer, cx: cx.clone(), made: 0, tripped: false }
    }

    /// How many of `want` bytes may be unpacked; 0 when the limit is reached.
    pub(crate) fn grant(&mut self, want: usize, offset: u64) -> usize {
        let limits = &self.cx.options.limits;
        let raw = self.cx.raw.load(Ordering::Relaxed);
        let by_ratio = if limits.max_ratio == 0 {
            u64::MAX
        } else {
            raw.saturating_mul(limits.max_ratio).max(limits.ratio_from)
        };
        let by_bytes = if limits.max_bytes == 0 { u64::MAX } else { limits.max_bytes };
        let room = by_ratio.min(by_bytes).saturating_sub(self.made);
        if room == 0 && want > 0 && !self.tripped {
            self.tripped = true;
            let text = format!("{} bytes unpacked from {raw} bytes of the file; stopped", self.made);
            let advice = if by_bytes <= by_ratio {
                "raise the limit with --max-bytes"
            } else {
                "raise the limit with --max-ratio if the file is trusted"
            };
            self.note(AnomalyKind::LimitReached, offset, text, advice);
        }
        usize::try_from(room).unwrap_or(usize::MAX).min(want)
    }

    /// Bytes that were unpacked.
    pub(crate) fn made(&mut self, n: usize) {
        self.made += n as u64;
    }

    pub(crate) fn note(&self, kind: AnomalyKind, offset: u64, text: impl Into<String>, advice: &'static str) {
        let (layer, text) = (self.layer, text.into());
        self.cx.notes.push(Note { layer, kind, offset, text, advice });
    }
}

#[cfg(test)]
mod tests;
