//! What is this file? Layers are peeled until a framer accepts, each recognised by content.

pub mod ctrace;
pub mod detect;
pub mod erf;
pub mod frame;
pub mod iptrace;
pub mod layers;
pub mod netmon;
pub mod options;
pub mod pcap;
pub mod pcapng;
pub mod peek;
mod pseudo;
pub mod reader;
mod records;
pub mod snoop;
pub mod trsniff;

pub use ctrace::Framing;
pub use options::Options;
pub use reader::{OpenError, Reader};
