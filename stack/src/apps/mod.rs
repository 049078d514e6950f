//! Sample servers and clients over the sockets API, one a file.
//!
//! A server is an `async fn serve(process, ...)` that runs until its stack stops; each connection
//! is a task of the server's address space. Nothing here knows whether time is virtual.

pub mod chargen;
pub mod discard;
pub mod dns;
pub mod echo;
pub mod files;
pub mod ftp;
pub mod http;
pub mod lines;
pub mod resolver;
pub mod syslog;
pub mod telnet;

pub use files::Files;
