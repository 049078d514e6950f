//! The IP layer, its DLCs and the fabric together.

mod basics;
#[allow(dead_code)]
mod harness;
mod hostile;
mod links;
mod peer_smoltcp;
mod tracing;
