//! Text lines over a connection, and reading all of it.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::io;

use crate::sockets::TcpStream;

/// The longest line that is taken.
pub const LONGEST: usize = 8_192;

/// A connection, its own or another's, that is read by lines.
pub struct Lines<S> {
    stream: S,
    held: RefCell<Vec<u8>>,
}

impl<S: Borrow<TcpStream>> Lines<S> {
    /// Reads `stream`.
    #[must_use]
    pub fn new(stream: S) -> Self {
        Self { stream, held: RefCell::default() }
    }

    /// The connection below.
    #[must_use]
    pub fn stream(&self) -> &TcpStream {
        self.stream.borrow()
    }

    /// The next line without its end (LF or CR LF), `None` when the other end has closed.
    pub async fn next(&self) -> io::Result<Option<Vec<u8>>> {
        let mut looked = 0;
        loop {
            {
                let mut held = self.held.borrow_mut();
                if let Some(end) = held[looked..].iter().position(|&b| b == b'\n') {
                    let mut line: Vec<u8> = held.drain(..=looked + end).collect();
                    line.pop();
                    if line.last() == Some(&b'\r') {
                        line.pop();
                    }
                    return Ok(Some(line));
                }
                looked = held.len();
                if looked > LONGEST {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "line too long"));
                }
            }
            if !self.fill().await? {
                let rest = std::mem::take(&mut *self.held.borrow_mut());
                return Ok((!rest.is_empty()).then_some(rest));
            }
        }
    }

    /// The next line as text.
    pub async fn text(&self) -> io::Result<Option<String>> {
        Ok(self.next().await?.map(|l| String::from_utf8_lossy(&l).into_owned()))
    }

    /// Exactly `n` bytes; fails when the connection ends before.
    pub async fn exactly(&self, n: usize) -> io::Result<Vec<u8>> {
        while self.held.borrow().len() < n {
            if !self.fill().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.held.borrow_mut().drain(..n).collect())
    }

    async fn fill(&self) -> io::Result<bool> {
        let mut buffer = [0; 2_048];
        let n = self.stream().read(&mut buffer).await?;
        self.held.borrow_mut().extend_from_slice(&buffer[..n]);
        Ok(n > 0)
    }
}

/// Everything until the other end closes, `most` bytes at most.
pub async fn read_to_end(stream: &TcpStream, most: usize) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut buffer = vec![0; 16_384];
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return Ok(out);
        }
        if out.len() + n > most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        out.extend_from_slice(&buffer[..n]);
    }
}
