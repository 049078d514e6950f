//! DNS (RFC 1035): messages, a server with one zone, and what a resolver needs.

pub mod message;
pub mod server;
pub mod zone;

pub use zone::Zone;

/// The usual port.
pub const PORT: u16 = 53;
/// The longest message over UDP without EDNS.
pub const LONGEST_UDP: usize = 512;
