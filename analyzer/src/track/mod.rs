//! Conversations with state.

pub mod assemble;
pub mod checksums;
pub mod conversations;
pub mod data_trace;
pub mod defrag;
pub mod drops;
pub mod evidence;
pub mod findings;
pub mod fragments;
pub mod icmp;
pub mod memory;
pub mod neighbours;
pub mod observe;
pub mod pairs;
pub mod search;
pub mod sessions;
pub mod streams;
pub mod tcp;
pub mod udp;
