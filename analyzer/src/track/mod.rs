//! Conversations with state.

pub mod defrag;
pub mod flows;
pub mod streams;
