//! What a connection is given by its engine with every step.

use std::collections::VecDeque;

use ctrace::{Subject, Tracer};
use formats::ctrace::events::tcp::{SegmentDropped, TcpDrop};
use formats::ctrace::events::{Event as TraceEvent, Hex16};

use super::config::Config;
use super::event::Event;
use super::segment::Segment;
use super::stats::Stats;
use crate::engine::Instant;

/// The engine around a connection.
pub struct Env<'a> {
    /// Now.
    pub now: Instant,
    /// Settings.
    pub config: &'a Config,
    /// Counters.
    pub stats: &'a mut Stats,
    /// What the owners of sockets get to know.
    pub events: &'a mut VecDeque<Event>,
    /// Trace records.
    pub tracer: &'a Tracer,
}

impl Env<'_> {
    /// Records an event.
    #[inline]
    pub fn trace<E: TraceEvent>(&self, subject: &Subject, event: &E) {
        trace(self.tracer, subject, event);
    }

    /// Records that a segment was not taken.
    #[cold]
    pub fn dropped(&self, subject: &Subject, s: &Segment<'_>, why: TcpDrop) {
        let len = s.data.len() as u32;
        self.trace(
            subject,
            &SegmentDropped { seq: s.seq.0, ack: s.ack.0, flags: Hex16(s.flags.0), len, why },
        );
    }
}

/// Records an event.
#[inline]
pub fn trace<E: TraceEvent>(tracer: &Tracer, subject: &Subject, event: &E) {
    tracer.event(subject, event);
}
