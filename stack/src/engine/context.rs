//! What an engine is given with every call.

use ctrace::Tracer;

use super::{Instant, Random};

/// Time, randomness and the trace.
pub struct Context<'a> {
    /// Now.
    pub now: Instant,
    /// Randomness for initial sequence numbers, ports, identifiers and jitter.
    pub random: &'a mut Random,
    /// Where events are recorded.
    pub trace: &'a Tracer,
}
