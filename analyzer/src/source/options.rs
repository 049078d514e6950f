//! What the user may say about an input, where recognition by content is not enough.

use super::ctrace::Framing;
use super::layers::LayerLimits;

/// Overrides and limits for reading.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Record framing, instead of finding it out.
    pub framing: Option<Framing>,
    /// Seconds by which the trace's TOD clock runs ahead of UTC.
    pub leap_seconds: i64,
    /// How far wrappers may grow in unpacking.
    pub limits: LayerLimits,
    /// Stop after so many frames.
    pub limit: Option<u64>,
}
