//! The sockets API of applications in the process.
//!
//! A [`Process`] is an address space: a job name and an ASID under which sockets are opened. Calls
//! that would wait are futures; they are woken when the stack has made progress. Nothing is
//! copied but between the caller's buffer and the connection's.
//!
//! Addresses are never IPv4-mapped. A listener or datagram socket at `[::]` takes IPv4 as well
//! (dual stack); it sees IPv4 peers by their IPv4 address.

mod process;
mod raw;
mod tcp_listener;
mod tcp_stream;
mod udp;

pub use process::Process;
pub use raw::RawSocket;
pub use tcp_listener::TcpListener;
pub use tcp_stream::TcpStream;
pub use udp::UdpSocket;
