//! What is this file? Layers are peeled until a framer accepts, each recognised by content.

pub mod erf;
pub mod frame;
pub mod iptrace;
pub mod netmon;
pub mod pcap;
pub mod pcapng;
pub mod peek;
mod pseudo;
mod records;
pub mod snoop;
pub mod trsniff;
