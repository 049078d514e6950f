//! Protocol engines: TCP, UDP, IP and what belongs to them. No sockets, no clock, no threads.

pub mod context;
pub mod packet;
pub mod random;
pub mod time;

pub use context::Context;
pub use packet::{Incoming, Outgoing};
pub use random::Random;
pub use time::Instant;
