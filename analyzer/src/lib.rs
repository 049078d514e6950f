//! zscope's library: source, index, decode, track, report.

pub mod decode;
pub mod source;
pub mod track;
