//! zscope's library: source, index, decode, track, report.

pub mod cli;
pub mod source;
