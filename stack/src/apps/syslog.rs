//! Syslog over UDP (RFC 5426): messages as RFC 5424 and RFC 3164 write them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use crate::sockets::{Process, UdpSocket};

/// The usual port.
pub const PORT: u16 = 514;
/// Messages kept.
const KEPT: usize = 10_000;

/// A message that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who sent it.
    pub from: SocketAddr,
    /// Facility, 0-23.
    pub facility: u8,
    /// Severity, 0 (emergency) to 7 (debug).
    pub severity: u8,
    /// What follows the priority.
    pub text: String,
}

/// What a receiver has got; clones are the same log. The latest are kept.
#[derive(Debug, Clone, Default)]
pub struct Log(Rc<RefCell<VecDeque<Message>>>);

impl Log {
    /// Messages, oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.0.borrow().iter().cloned().collect()
    }
}

/// Splits `<PRI>` off (RFC 5424 section 6.2.1); without one the message is user.notice.
#[must_use]
pub fn priority(text: &str) -> (u8, u8, &str) {
    let split = text.strip_prefix('<').and_then(|t| t.split_once('>'));
    match split.and_then(|(n, rest)| Some((n.parse::<u8>().ok().filter(|n| *n <= 191)?, rest))) {
        Some((n, rest)) => (n / 8, n % 8, rest),
        None => (1, 5, text),
    }
}

/// Receives at `at` into `log`.
pub async fn serve(p: Process, at: SocketAddr, log: Log) -> io::Result<()> {
    let socket = p.udp(at)?;
    let mut buffer = vec![0; 65_535];
    loop {
        let (n, from) = socket.recv_from(&mut buffer).await?;
        let text = String::from_utf8_lossy(&buffer[..n]);
        let (facility, severity, text) = priority(&text);
        let mut all = log.0.borrow_mut();
        if all.len() == KEPT {
            all.pop_front();
        }
        all.push_back(Message { from, facility, severity, text: text.to_owned() });
    }
}

/// Sends messages to a receiver.
pub struct Sender {
    socket: UdpSocket,
    to: SocketAddr,
    host: String,
    app: String,
}

impl Sender {
    /// Messages of `app` on `host` to the receiver at `to`.
    pub fn new(p: &Process, to: SocketAddr, host: &str, app: &str) -> io::Result<Self> {
        let any: SocketAddr = if to.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
        Ok(Self { socket: p.udp(any)?, to, host: host.into(), app: app.into() })
    }

    /// Sends one message (RFC 5424, without a time stamp: the node has no calendar).
    pub fn send(&self, facility: u8, severity: u8, text: &str) -> io::Result<()> {
        let pri = u16::from(facility.min(23)) * 8 + u16::from(severity.min(7));
        let line = format!("<{pri}>1 - {} {} - - - {text}", self.host, self.app);
        self.socket.send_to(line.as_bytes(), self.to).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities() {
        // The examples of RFC 5424 sections 6.2.1 and 6.5.
        assert_eq!(priority("<165>1 x"), (20, 5, "1 x"));
        assert_eq!(priority("<34>1 -"), (4, 2, "1 -"));
        assert_eq!(priority("<192>x"), (1, 5, "<192>x"));
        assert_eq!(priority("plain"), (1, 5, "plain"));
    }
}
