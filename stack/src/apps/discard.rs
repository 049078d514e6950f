//! Discard (RFC 863): what comes in is thrown away, at a pace that can be chosen.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::apps::serve_each;
use crate::engine::tcp::SocketOptions;
use crate::sockets::{Process, TcpStream};

/// The usual port.
pub const PORT: u16 = 9;

/// How fast a connection is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    /// Does not read for this long after the connection opened.
    pub start_after: Duration,
    /// Waits this long after each read.
    pub pause: Duration,
    /// Receive buffer of the connection, 0 for the stack's default.
    pub receive_buffer: u32,
}

/// Serves connections at `at`, reading them at `pace`.
pub async fn serve(p: Process, at: SocketAddr, pace: Pace) -> io::Result<()> {
    let receive_buffer = (pace.receive_buffer > 0).then_some(pace.receive_buffer);
    let listener = p.listen_with(at, 10, &SocketOptions { receive_buffer, ..SocketOptions::default() })?;
    serve_each(&p, listener, |stream| connection(p.clone(), stream, pace)).await
}

async fn connection(p: Process, stream: TcpStream, pace: Pace) -> io::Result<()> {
    let mut buffer = vec![0; 16_384];
    if !pace.start_after.is_zero() {
        p.sleep(pace.start_after).await;
    }
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return stream.shutdown_write();
        }
        if !pace.pause.is_zero() {
            p.sleep(pace.pause).await;
        }
    }
}
