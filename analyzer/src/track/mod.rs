//! Conversations with state.

pub mod defrag;
