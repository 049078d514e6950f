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

use std::io;

use crate::sockets::{Process, TcpListener, TcpStream};

/// Accepts connections until that fails; each is talked to by a task of its own, and how that
/// ends is the connection's business alone.
async fn serve_each<F: Future<Output = io::Result<()>> + 'static>(
    p: &Process,
    listener: TcpListener,
    talk: impl Fn(TcpStream) -> F,
) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let talk = talk(stream);
        p.spawn(async move {
            let _ = talk.await;
        });
    }
}
