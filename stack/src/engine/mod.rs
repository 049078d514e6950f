//! Protocol engines: TCP, UDP, IP and what belongs to them. No sockets, no clock, no threads.

pub mod buffer;
pub mod context;
pub mod dlc;
pub mod ip;
pub mod packet;
pub mod path;
pub mod random;
pub mod raw;
pub mod tcp;
pub mod time;
pub mod udp;

pub use buffer::Buffer;
pub use context::Context;
pub use packet::{IcmpError, IcmpKind, Incoming, Outgoing};
pub use path::{Path, Paths};
pub use random::Random;
pub use time::Instant;
