//! The TCP engine against itself, against smoltcp, against scripts and against hostile segments.

mod hostile;
mod link;
mod pair;
mod peer;
mod script;
mod scripts;
mod simulation;
mod smol;
mod tracing;
#[path = "../shared/wire.rs"]
mod wire;
