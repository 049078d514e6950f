//! zscope's library: source, index, decode, track, report.

pub mod cli;
pub mod decode;
pub mod export;
pub mod filter;
pub mod ipcs;
pub mod pipeline;
pub mod source;
pub mod sql;
pub mod tables;
pub mod track;
