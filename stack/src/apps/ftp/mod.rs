//! File transfer (RFC 959) with IPv6 and NAT extensions (RFC 2428) and SIZE (RFC 3659).
//!
//! ASCII and image type, stream mode, file structure. Data connections are opened by the server
//! (PORT, EPRT) or by the client (PASV, EPSV).

pub mod address;
pub mod client;
pub mod server;

/// Control connection.
pub const PORT: u16 = 21;
/// Where the server's own data connections come from.
pub const DATA_PORT: u16 = 20;
/// Bytes of one file at most.
pub const LARGEST: usize = 256 << 20;
