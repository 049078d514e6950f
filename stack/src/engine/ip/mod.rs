//! The IP layer.
pub mod arp;
pub mod limit;
pub mod neighbor;
pub mod pmtu;
pub mod reassembly;
pub mod route;
