//! Run-time component tracing: options, buffers and writers of trace entries.
//!
//! A program that is traced holds a [`Tracer`] for each of its threads. A record point is
//! [`Tracer::event`]: it costs one relaxed load while its option is off.

mod tracer;

pub use tracer::{Subject, Tracer};
