//! Character generator (RFC 864): lines of 72 printable characters, each one shifted by one.

use std::io;
use std::net::SocketAddr;

use crate::apps::serve_each;
use crate::sockets::{Process, TcpStream};

/// The usual port.
pub const PORT: u16 = 19;
/// Characters of a line, without its end.
const WIDTH: usize = 72;
/// Printable characters of ASCII.
const FIRST: u8 = b' ';
const KINDS: usize = 95;

/// Line `n` with its CR LF.
#[must_use]
pub fn line(n: usize) -> [u8; WIDTH + 2] {
    let mut out = [0; WIDTH + 2];
    for (i, c) in out[..WIDTH].iter_mut().enumerate() {
        *c = FIRST + ((n + i) % KINDS) as u8;
    }
    out[WIDTH..].copy_from_slice(b"\r\n");
    out
}

/// Serves connections at `at`: each gets lines until it goes away.
pub async fn serve(p: Process, at: SocketAddr) -> io::Result<()> {
    serve_each(&p, p.listen(at, 10)?, connection).await
}

async fn connection(stream: TcpStream) -> io::Result<()> {
    let mut block = Vec::with_capacity((WIDTH + 2) * KINDS);
    for n in 0..KINDS {
        block.extend_from_slice(&line(n));
    }
    loop {
        stream.write_all(&block).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_as_the_rfc_shows_them() {
        let text = |n| String::from_utf8(line(n).to_vec()).unwrap();
        assert_eq!(text(0), " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg\r\n");
        assert_eq!(text(1), "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefgh\r\n");
        assert_eq!(line(95), line(0));
    }
}
