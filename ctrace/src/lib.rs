//! Run-time component tracing: buffers and writers of trace entries.
