//! Packets on their way out: text, tables, captures.

pub mod atomic;
pub mod columnar;
#[cfg(feature = "columnar")]
mod comment;
pub mod ctrace;
pub mod decap;
pub mod hex;
pub mod keylog;
pub mod pcap;
pub mod pcapng;
pub mod printer;
pub mod select;
pub mod tables;

use std::io;
use std::path::Path;

use crate::pipeline::Report;
use crate::source::frame::Batch;

/// What an output file is, by its ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    /// pcapng, with everything the input says about a packet.
    Pcapng,
    /// pcap, with packets and times only.
    Pcap,
    /// Component trace entries.
    Ctrace,
    /// Comma-separated values.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
}

impl OutputKind {
    /// Every ending and what it stands for.
    pub const ENDINGS: [(&str, Self); 6] = [
        ("pcapng", Self::Pcapng),
        ("pcap", Self::Pcap),
        ("ctrace", Self::Ctrace),
        ("csv", Self::Csv),
        ("jsonl", Self::Jsonl),
        ("parquet", Self::Parquet),
    ];

    /// By the ending of a file name; the error lists those there are.
    pub fn of(path: &Path) -> Result<Self, String> {
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        Self::ENDINGS.iter().find(|(e, _)| *e == ending).map(|(_, k)| *k).ok_or_else(|| {
            let all: Vec<String> = Self::ENDINGS.iter().map(|(e, _)| format!(".{e}")).collect();
            format!("{}: the name must end with one of {}", path.display(), all.join(" "))
        })
    }
}

/// Takes batches in input order and writes them to a capture file.
pub trait Exporter: Send {
    /// Writes the packets of a batch that passed, all of them without `passed`.
    fn batch(&mut self, batch: &Batch, passed: Option<&[bool]>) -> io::Result<()>;

    /// Writes what belongs at the end. Returns notes for the user: what could not be represented.
    fn finish(&mut self, report: &Report) -> io::Result<Vec<String>>;
}
