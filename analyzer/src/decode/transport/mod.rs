//! Transport protocols.

pub mod dccp;
pub mod desegment;
pub mod mptcp;
pub mod sctp;
pub mod tcp;
pub mod tcp_analysis;
pub mod tcp_options;
pub mod udp;
