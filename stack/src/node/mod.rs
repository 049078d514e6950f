//! A node: TCP/IP stacks put together from engines, in images and plexes.
//!
//! ```text
//! Plex      images, their stacks, and the networks between them
//! Image     an LPAR: address spaces and one or more stacks
//! TcpIp     a stack: RAW, UDP and TCP over IP over DLCs, its sockets and its trace
//! executor  the tasks of applications
//! ```
//!
//! A stack belongs to one thread. Its engines do nothing by themselves: [`TcpIp::poll`] moves
//! packets between them and says whether anything happened.

pub mod config;
mod datagrams;
pub mod executor;
pub mod image;
pub mod netstat;
pub mod plex;
mod streams;
pub mod tcpip;
mod waiters;

use std::cell::RefCell;
use std::rc::Rc;

pub use config::{InterfaceConfig, StackConfig, TraceConfig};
pub use datagrams::UdpInfo;
pub use image::Image;
pub use plex::{ImageId, Plex, StackId};
pub use tcpip::TcpIp;

/// A datagram or raw socket: its number, as NETSTAT shows it.
pub type SocketId = u32;

/// A stack that applications and the network share.
pub type StackRef = Rc<RefCell<TcpIp>>;
