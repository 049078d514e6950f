//! What the user may say about an input, where recognition by content is not enough.

use super::layers::Limits;

/// Overrides and limits for reading.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Record framing, instead of finding it out.
    pub framing: Option<Framing>,
    /// Seconds by which the trace's TOD clock runs ahead of UTC.
    pub leap_seconds: i64,
    /// How far wrappers may grow in unpacking.
    pub limits: Limits,
    /// Stop after so many frames.
    pub limit: Option<u64>,
}

/// How the records of a z/OS data set lie in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Framing {
    /// Each record behind its record descriptor word.
    Rdw,
    /// Blocks behind block descriptor words, records in them behind theirs.
    Bdw,
    /// No lengths at all.
    Raw,
    /// Messages of the real-time network management interface.
    Nmi,
}
