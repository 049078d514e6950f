//! zscope's library: source, index, decode, track, report.

pub mod cli;
pub mod decode;
pub mod pipeline;
pub mod source;
pub mod track;
