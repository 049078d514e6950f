//! Link layers.

pub mod chdlc;
pub mod ethernet;
pub mod fddi;
pub mod frame_relay;
pub mod isl;
pub mod llc;
pub mod loopback;
pub mod mpls;
pub mod null;
pub mod ppp;
pub mod pppoe;
pub mod raw;
pub mod sll;
pub mod token_ring;
pub mod vlan;
