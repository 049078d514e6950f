//! Run-time component tracing: options, buffers and writers of trace entries.
//!
//! ```text
//! Trace     a stack's trace: what is on, the clock, the rings of all producers
//! Tracer    one thread's handle: event, packet, data, frame, resolver
//! Config    options and filters by component; changes while it runs
//! writer    data sets, with wrap, that are readable whenever the writer is killed
//! ring      buffers of one producer, written without locks and read by others
//! ```
//!
//! A record point costs one relaxed load while its option is off. When it is on, the entry is
//! written into the producer's own ring: no allocation, no lock, no system call. Time stamps are
//! those of the processor's counter, calibrated to the TOD clock.

mod clock;
pub mod command;
pub mod config;
pub mod dattrace;
pub mod dump;
pub mod filter;
pub mod flow;
pub mod osaenta;
pub mod pkttrace;
pub mod points;
mod ring;
mod trace;
mod tracer;
pub mod writer;

pub use config::Config;
pub use points::{DataPoint, FlowState, FramePoint, PacketPoint};
pub use trace::{Buffers, Clock, Counts, Settings, Trace, Which};
pub use tracer::{Subject, Tracer};
pub use writer::{Framing, Full, Writer, WriterSettings, WriterThread, Written};
