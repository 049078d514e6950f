//! One input, from file to batches: peels layers, picks the framer, reads stretch by stretch.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::detect::{self, Detected};
use super::frame::{
    Anomaly, AnomalyKind, Batch, Finds, Framer, Interface, MAX_RECORD, Tally, Timestamp, Trace, Window,
};
use super::layers::{LayerInfo, Notes};
use super::options::Options;

/// Bytes read at once: a stretch and its frames stay in a core's own cache.
const STRETCH: usize = 128 << 10;

/// An input being read.
pub struct Reader {
    path: PathBuf,
    input: Box<dyn Read + Send>,
    framer: Box<dyn Framer>,
    layers: Vec<LayerInfo>,
    notes: Notes,
    interfaces: Arc<Vec<Interface>>,
    /// Bytes read but not dealt with: the beginning of the next stretch.
    carry: Vec<u8>,
    base: u64,
    numbers: u64,
    limit: u64,
    first: Option<Timestamp>,
    previous: Option<Timestamp>,
    ended: bool,
    trace: Arc<Trace>,
    /// Stretches that are still asked for the system name.
    unasked: u8,
}

/// A system name stands in front of the first trace buffer, so these many stretches are enough.
const ASKED: u8 = 4;

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("path", &self.path).field("framer", &self.framer.name()).finish()
    }
}

/// Why an input cannot be read at all.
#[derive(Debug)]
pub struct OpenError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.why)
    }
}

impl std::error::Error for OpenError {}

impl Reader {
    /// Opens a file, or standard input for `-`.
    pub fn open(path: &Path, options: &Options) -> Result<Self, OpenError> {
        let fail = |why: String| OpenError { path: path.to_owned(), why };
        let raw: Box<dyn Read + Send> = if path.as_os_str() == "-" {
            Box::new(io::stdin())
        } else {
            let meta = std::fs::metadata(path).map_err(|e| fail(e.to_string()))?;
            if meta.is_dir() {
                return Err(fail("is a directory".into()));
            }
            Box::new(File::open(path).map_err(|e| fail(e.to_string()))?)
        };
        Self::over(raw, path, options)
    }

    /// Reads what `raw` gives, which `path` only names.
    pub fn over(raw: Box<dyn Read + Send>, path: &Path, options: &Options) -> Result<Self, OpenError> {
        let fail = |why: String| OpenError { path: path.to_owned(), why };
        let Detected { input, framer, layers, notes } = detect::detect(raw, options).map_err(fail)?;
        Ok(Self {
            path: path.to_owned(),
            input,
            framer,
            layers,
            notes,
            interfaces: Arc::default(),
            carry: Vec::new(),
            base: 0,
            numbers: 0,
            limit: options.limit.unwrap_or(u64::MAX),
            first: None,
            previous: None,
            ended: false,
            trace: Arc::new(Trace { number: 1, file: path.display().to_string(), system: None }),
            unasked: ASKED,
        })
    }

    /// The file's name as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was peeled, outermost first, and the framing found inside.
    #[must_use]
    pub fn layers(&self) -> Vec<String> {
        self.layers.iter().map(LayerInfo::to_string).chain([self.framer.name().into_owned()]).collect()
    }

    /// What the framer learnt about the input so far.
    #[must_use]
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        self.framer.facts()
    }

    /// Bytes of the peeled stream dealt with so far.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.base
    }

    /// Says which of several traces this is.
    pub fn set_number(&mut self, number: u32) {
        Arc::make_mut(&mut self.trace).number = number;
    }

    /// Goes on numbering where another input ended.
    pub fn number_from(&mut self, last: u64, first: Option<Timestamp>, previous: Option<Timestamp>) {
        self.numbers = last;
        self.first = first;
        self.previous = previous;
    }

    /// Number of the last frame, and the times of the first and the last one.
    #[must_use]
    pub fn numbered(&self) -> (u64, Option<Timestamp>, Option<Timestamp>) {
        (self.numbers, self.first, self.previous)
    }

    /// Fills `batch` with the next stretch that holds anything. False at the end.
    pub fn next(&mut self, batch: &mut Batch) -> bool {
        batch.clear();
        loop {
            if self.ended {
                return false;
            }
            self.stretch(batch);
            if !batch.frames.is_empty() || !batch.anomalies.is_empty() || batch.tally != Tally::default() {
                return true;
            }
        }
    }

    fn stretch(&mut self, batch: &mut Batch) {
        batch.base = self.base;
        let mut have = self.carry.len();
        let mut want = STRETCH.max(have + STRETCH / 2);
        if batch.buf.len() < want {
            batch.buf.resize(want, 0);
        }
        batch.buf[..have].copy_from_slice(&self.carry);
        self.carry.clear();
        let mut eof = false;
        loop {
            while have < want && !eof {
                match self.input.read(&mut batch.buf[have..want]) {
                    Ok(0) => eof = true,
                    Ok(n) => have += n,
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    Err(e) => {
                        eof = true;
                        batch.anomalies.push(Anomaly {
                            kind: AnomalyKind::TruncatedFile,
                            offset: self.base + have as u64,
                            bytes: 0,
                            detail: format!("reading stopped: {e}").into(),
                            advice: "what comes before was read; get the file again for the rest",
                        });
                    }
                }
            }
            let mut finds = Finds {
                side: &mut batch.side,
                frames: &mut batch.frames,
                blocks: &mut batch.blocks,
                anomalies: &mut batch.anomalies,
                interfaces: &mut self.interfaces,
                tally: &mut batch.tally,
            };
            let window = Window { bytes: &batch.buf[..have], base: self.base, eof };
            let progress = self.framer.walk(window, &mut finds);
            if progress.consumed > 0 || eof {
                let used = progress.consumed.min(have);
                self.carry.extend_from_slice(&batch.buf[used..have]);
                batch.filled = have;
                self.base += used as u64;
                self.ended = eof && (used == have || used == 0);
                if self.ended {
                    self.leftover(batch);
                }
                break;
            }
            // One record is longer than the stretch: read on until it is whole.
            want = progress.need.max(have * 2).min(MAX_RECORD * 2);
            if want <= have {
                self.carry.clear();
                batch.filled = have;
                self.base += have as u64;
                batch.tally.skipped_bytes += have as u64;
                batch.anomalies.push(Anomaly {
                    kind: AnomalyKind::BadLength,
                    offset: batch.base,
                    bytes: have as u64,
                    detail: "no record ends within the longest one allowed".into(),
                    advice: "",
                });
                break;
            }
            if batch.buf.len() < want {
                batch.buf.resize(want, 0);
            }
        }
        batch.anomalies.extend(self.notes.take().into_iter().map(|n| Anomaly {
            kind: n.kind,
            offset: n.offset,
            bytes: 0,
            detail: format!("{}: {}", n.layer, n.text).into(),
            advice: n.advice,
        }));
        if self.unasked > 0 && self.trace.system.is_none() {
            self.unasked -= 1;
            if let Some(system) = self.framer.system().filter(|s| !s.is_empty()) {
                Arc::make_mut(&mut self.trace).system = Some(system);
            }
        }
        batch.trace = Arc::clone(&self.trace);
        self.number(batch);
    }

    /// Bytes at the end that the framer left untouched belong to no record.
    fn leftover(&mut self, batch: &mut Batch) {
        if self.carry.is_empty() {
            return;
        }
        let n = self.carry.len() as u64;
        batch.tally.skipped_bytes += n;
        batch.anomalies.push(Anomaly {
            kind: AnomalyKind::SkippedBytes,
            offset: self.base,
            bytes: n,
            detail: format!("{n} bytes at the end belong to no record").into(),
            advice: "",
        });
        self.base += n;
        self.carry.clear();
    }

    fn number(&mut self, batch: &mut Batch) {
        batch.interfaces = Arc::clone(&self.interfaces);
        let room = self.limit.saturating_sub(self.numbers);
        if batch.frames.len() as u64 >= room {
            batch.frames.truncate(room as usize);
            self.ended = true;
        }
        if self.first.is_none() {
            self.first = batch.frames.iter().find_map(|f| f.time);
        }
        batch.first = self.first;
        batch.previous = self.previous;
        for f in &mut batch.frames {
            self.numbers += 1;
            f.number = self.numbers;
        }
        if let Some(t) = batch.frames.iter().rev().find_map(|f| f.time) {
            self.previous = Some(t);
        }
    }
}
