//! zscope's library: source, index, decode, track, report.

pub mod export;
pub mod source;
