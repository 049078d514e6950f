//! Wrappers around a trace: compression, transfer formats, tape images.
//!
//! Each is recognised by its first bytes and peeled while the input streams; wrappers nest. What
//! goes wrong in the middle ends the wrapper's stream, is noted, and loses nothing before it.

pub mod gzip;
pub mod xz;
pub mod zstd;

use std::io::{self, Cursor, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::frame::{Anomaly, AnomalyKind};

/// A stream of bytes.
pub type Stream = Box<dyn Read + Send>;

/// Bytes looked at to recognise a wrapper or a container.
pub const PREFIX: usize = 256 << 10;

/// Wrappers within wrappers.
const MAX_DEPTH: usize = 16;

/// How far a stream may grow in unpacking: a few kilobytes can stand for gigabytes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes out for each byte in, counted once [`Limits::FREE`] bytes are out.
    pub max_ratio: u64,
}

impl Limits {
    /// Bytes that any stream may unpack to.
    pub const FREE: u64 = 256 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_ratio: 1000 }
    }
}

/// A wrapper that was peeled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layer {
    /// Its name, e.g. `gzip` or `TERSE PACK`.
    pub name: &'static str,
    /// What its header says, empty when nothing.
    pub detail: String,
    /// Records of the stream inside, as far as the wrapper tells.
    pub records: Records,
}

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, " ({})", self.detail) }
    }
}

/// How the records of a data set lie in a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Records {
    /// Nothing is said.
    #[default]
    Unknown,
    /// All of one length.
    Fixed(u32),
    /// Each behind its record descriptor word.
    Variable,
}

/// What went wrong while streams were read; shared with them.
pub type Notes = Arc<Mutex<Vec<Anomaly>>>;

/// Takes what was noted since the last call.
pub fn take_notes(notes: &Notes) -> Vec<Anomaly> {
    std::mem::take(&mut notes.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A stream without its wrappers.
pub struct Peeled {
    /// The rest of the stream, behind `prefix`.
    pub input: Stream,
    /// Its first bytes.
    pub prefix: Vec<u8>,
    /// Wrappers, outermost first.
    pub layers: Vec<Layer>,
    /// Filled while `input` is read.
    pub notes: Notes,
}

/// A kind of wrapper.
pub struct Wrapper {
    /// True when the bytes begin one.
    pub recognise: fn(&[u8]) -> bool,
    /// What its header says.
    pub describe: fn(&[u8]) -> Layer,
    /// The stream inside.
    pub open: fn(Stream) -> io::Result<Stream>,
}

/// Every wrapper there is.
const WRAPPERS: &[Wrapper] = &[gzip::WRAPPER, zstd::WRAPPER, xz::WRAPPER];

/// Peels wrappers until there is none.
pub fn peel(input: Stream, limits: Limits) -> io::Result<Peeled> {
    let notes = Notes::default();
    let mut layers = Vec::new();
    let mut input = input;
    loop {
        let mut prefix = Vec::new();
        input.by_ref().take(PREFIX as u64).read_to_end(&mut prefix)?;
        let wrapper = WRAPPERS.iter().find(|w| layers.len() < MAX_DEPTH && (w.recognise)(&prefix));
        let Some(wrapper) = wrapper else { return Ok(Peeled { input, prefix, layers, notes }) };
        let layer = (wrapper.describe)(&prefix);
        let read = Arc::new(AtomicU64::new(0));
        let whole = Cursor::new(prefix).chain(input);
        let inside = (wrapper.open)(Box::new(Counted { inner: whole, read: Arc::clone(&read) }))?;
        input = Box::new(Guarded {
            inner: inside,
            name: layer.name,
            read,
            written: 0,
            limits,
            notes: Arc::clone(&notes),
            ended: false,
        });
        layers.push(layer);
    }
}

/// Counts the bytes that go through it.
struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Turns errors and bombs into the end of the stream, and notes them.
struct Guarded {
    inner: Stream,
    name: &'static str,
    /// Wrapped bytes read.
    read: Arc<AtomicU64>,
    written: u64,
    limits: Limits,
    notes: Notes,
    ended: bool,
}

impl Guarded {
    fn end(&mut self, kind: AnomalyKind, detail: String, advice: &'static str) -> io::Result<usize> {
        self.ended = true;
        let anomaly = Anomaly { kind, offset: self.written, bytes: 0, detail: detail.into(), advice };
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(anomaly);
        Ok(0)
    }
}

impl Read for Guarded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        match self.inner.read(buf) {
            Ok(n) => {
                self.written += n as u64;
                let read = self.read.load(Ordering::Relaxed).max(1);
                if self.written > Limits::FREE && self.written / read > self.limits.max_ratio {
                    let detail = format!(
                        "{}: {} bytes unpacked from {read}, more than {} for one",
                        self.name, self.written, self.limits.max_ratio
                    );
                    return self.end(
                        AnomalyKind::LimitReached,
                        detail,
                        "if the file is honest, raise the limit with --max-ratio",
                    );
                }
                Ok(n)
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Err(e),
            Err(e) => {
                let detail = format!("{}: {e}, after {} bytes were unpacked", self.name, self.written);
                self.end(
                    AnomalyKind::BadCompression,
                    detail,
                    "what comes before was read; get the file again for the rest",
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzipped(data: &[u8]) -> Vec<u8> {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        e.write_all(data).unwrap();
        e.finish().unwrap()
    }

    fn peeled(data: Vec<u8>, limits: Limits) -> (Vec<u8>, Vec<&'static str>, Vec<Anomaly>) {
        let mut p = peel(Box::new(Cursor::new(data)), limits).unwrap();
        let mut all = p.prefix.clone();
        p.input.read_to_end(&mut all).unwrap();
        (all, p.layers.iter().map(|l| l.name).collect(), take_notes(&p.notes))
    }

    #[test]
    fn wrappers_nest_and_members_follow_each_other() {
        let mut two = gzipped(b"hello ");
        two.extend(gzipped(b"world"));
        let (all, layers, notes) = peeled(gzipped(&two), Limits::default());
        assert_eq!((all.as_slice(), layers, notes.len()), (&b"hello world"[..], vec!["gzip", "gzip"], 0));
    }

    #[test]
    fn a_cut_stream_gives_what_is_there() {
        let data: Vec<u8> = (0..200_000u32).flat_map(|i| i.wrapping_mul(i).to_le_bytes()).collect();
        let mut gz = gzipped(&data);
        gz.truncate(gz.len() - 1000);
        let (all, _, notes) = peeled(gz, Limits::default());
        assert!(data.starts_with(&all));
        assert!(all.len() > data.len() / 2, "{} of {}", all.len(), data.len());
        assert_eq!(notes[0].kind, AnomalyKind::BadCompression);
    }

    #[test]
    fn garbage_behind_the_last_member_is_noted() {
        let mut gz = gzipped(b"hello");
        gz.extend([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        let (all, _, notes) = peeled(gz, Limits::default());
        assert_eq!((all.as_slice(), notes.len()), (&b"hello"[..], 1));
    }
}
