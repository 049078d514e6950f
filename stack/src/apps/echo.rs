//! Echo (RFC 862): what comes in goes out again.

use std::io;
use std::net::SocketAddr;

use crate::apps::serve_each;
use crate::sockets::{Process, TcpStream};

/// The usual port.
pub const PORT: u16 = 7;

/// Serves TCP connections at `at`.
pub async fn serve(p: Process, at: SocketAddr) -> io::Result<()> {
    serve_each(&p, p.listen(at, 10)?, connection).await
}

async fn connection(stream: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 16_384];
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return stream.shutdown_write();
        }
        stream.write_all(&buffer[..n]).await?;
    }
}

/// Serves datagrams at `at`.
pub async fn serve_udp(p: Process, at: SocketAddr) -> io::Result<()> {
    let socket = p.udp(at)?;
    let mut buffer = vec![0; 65_535];
    loop {
        let (n, from) = socket.recv_from(&mut buffer).await?;
        // What cannot be sent back is lost, as datagrams are.
        let _ = socket.send_to(&buffer[..n], from);
    }
}
