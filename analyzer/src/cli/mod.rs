//! The commands of `zscope`, as functions with an options struct each.

pub mod unwrap;
