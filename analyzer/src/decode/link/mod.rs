//! Link layers.

pub mod ethernet;
pub mod llc;
pub mod vlan;
