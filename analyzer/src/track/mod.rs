//! Conversations with state.

pub mod defrag;
pub mod streams;
pub mod tcp;
