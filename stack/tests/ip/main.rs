//! The IP layer, its DLCs and the fabric together.

mod basics;
mod harness;
mod hostile;
mod links;
mod peer_smoltcp;
mod tracing;
