//! Simulation: a plex and its applications in one thread and virtual time.
//!
//! Time stands still while anything can be done and then jumps to the next moment at which a
//! timer, a frame or an application is due. The same seed and the same program make the same
//! bytes.

mod world;

pub use world::{Stuck, World};
