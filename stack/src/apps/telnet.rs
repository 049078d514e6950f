//! TELNET in line mode (RFC 854): a small command processor.
//!
//! Options that the client wants are refused (RFC 855: `DO` by `WONT`, `WILL` by `DONT`), so both
//! ends stay with the network virtual terminal.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::apps::lines::LONGEST;
use crate::apps::serve_each;
use crate::node::netstat::{self, Report};
use crate::sockets::{Process, TcpStream};

/// The usual port.
pub const PORT: u16 = 23;
/// A user who types nothing is logged off.
const IDLE: Duration = Duration::from_secs(600);

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SB: u8 = 250;
const AYT: u8 = 246;
const EC: u8 = 247;
const EL: u8 = 248;
const SE: u8 = 240;

/// Reads lines and answers commands out of the bytes of a connection.
#[derive(Debug, Default)]
pub struct Terminal {
    state: State,
    line: Vec<u8>,
    after_cr: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    Iac,
    Option(u8),
    Sub,
    SubIac,
}

impl Terminal {
    /// Takes one byte; what has to be sent back goes to `answers`. Returns a whole line.
    pub fn take(&mut self, b: u8, answers: &mut Vec<u8>) -> Option<Vec<u8>> {
        match self.state {
            State::Text if b == IAC => self.state = State::Iac,
            State::Text => return self.text(b),
            State::Iac => {
                self.state = State::Text;
                match b {
                    IAC => return self.text(IAC),
                    DO | DONT | WILL | WONT => self.state = State::Option(b),
                    SB => self.state = State::Sub,
                    AYT => answers.extend_from_slice(b"\r\n[zstack is here]\r\n"),
                    EC => {
                        self.line.pop();
                    }
                    EL => self.line.clear(),
                    _ => {}
                }
            }
            State::Option(verb) => {
                self.state = State::Text;
                match verb {
                    DO => answers.extend_from_slice(&[IAC, WONT, b]),
                    WILL => answers.extend_from_slice(&[IAC, DONT, b]),
                    // Refusals need no answer: nothing was on.
                    _ => {}
                }
            }
            State::Sub if b == IAC => self.state = State::SubIac,
            State::Sub => {}
            State::SubIac => self.state = if b == SE { State::Text } else { State::Sub },
        }
        None
    }

    fn text(&mut self, b: u8) -> Option<Vec<u8>> {
        let after_cr = std::mem::replace(&mut self.after_cr, b == b'\r');
        match b {
            // CR LF and CR NUL are one end of a line.
            b'\n' | 0 if after_cr => None,
            b'\r' | b'\n' => Some(std::mem::take(&mut self.line)),
            8 | 127 => {
                self.line.pop();
                None
            }
            _ => {
                if self.line.len() < LONGEST {
                    self.line.push(b);
                }
                None
            }
        }
    }
}

/// Serves connections at `at`.
pub async fn serve(p: Process, at: SocketAddr) -> io::Result<()> {
    serve_each(&p, p.listen(at, 10)?, |stream| connection(p.clone(), stream)).await
}

async fn connection(p: Process, stream: TcpStream) -> io::Result<()> {
    let name = p.with_stack(|s| s.name().to_string());
    stream.write_all(format!("{name} READY\r\n").as_bytes()).await?;
    let mut terminal = Terminal::default();
    let mut buffer = [0; 1024];
    let mut out = Vec::new();
    loop {
        let n = match p.timeout(IDLE, stream.read(&mut buffer)).await {
            Some(n) => n?,
            None => 0,
        };
        if n == 0 {
            return stream.shutdown_write();
        }
        for &b in &buffer[..n] {
            if let Some(line) = terminal.take(b, &mut out) {
                let (text, more) = command(&p, &String::from_utf8_lossy(&line));
                // IAC in text is sent twice; our text has none.
                out.extend_from_slice(text.replace('\n', "\r\n").as_bytes());
                if !more {
                    stream.write_all(&out).await?;
                    return stream.shutdown_write();
                }
                out.extend_from_slice(b"READY\r\n");
            }
        }
        stream.write_all(&out).await?;
        out.clear();
    }
}

fn command(p: &Process, line: &str) -> (String, bool) {
    let mut words = line.split_whitespace().map(str::to_ascii_uppercase);
    match (words.next().as_deref(), words.next()) {
        (None, _) => (String::new(), true),
        (Some("NETSTAT"), name) => {
            let text = match Report::named(name.as_deref().unwrap_or("CONN")) {
                Some(r) => p.with_stack(|s| netstat::report(s, r)),
                None => "There is no such report\n".into(),
            };
            (text, true)
        }
        (Some("HELP"), _) => ("HELP, LOGOFF, NETSTAT REPORT\n".into(), true),
        (Some("LOGOFF" | "QUIT"), _) => ("LOGGED OFF\n".into(), false),
        (Some(other), _) => (format!("COMMAND {other} NOT FOUND\n"), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(t: &mut Terminal, bytes: &[u8]) -> (Vec<String>, Vec<u8>) {
        let mut answers = Vec::new();
        let lines = bytes.iter().filter_map(|&b| t.take(b, &mut answers));
        (lines.map(|l| String::from_utf8_lossy(&l).into_owned()).collect(), answers)
    }

    #[test]
    fn lines_end_in_every_way_and_options_are_refused() {
        let mut t = Terminal::default();
        assert_eq!(feed(&mut t, b"one\r\ntwo\r\0three\nfou").0, ["one", "two", "three"]);
        // Erase characters, refuse DO ECHO and WILL TERMINAL-TYPE, skip a subnegotiation.
        let (lines, answers) = feed(
            &mut t,
            &[
                b'x', 8, b'r', IAC, DO, 1, IAC, WILL, 24, IAC, SB, 24, 0, b'X', IAC, IAC, IAC, SE, b'\r',
                b'\n',
            ],
        );
        assert_eq!(lines, ["four"]);
        assert_eq!(answers, [IAC, WONT, 1, IAC, DONT, 24]);
        assert_eq!(feed(&mut t, &[b'a', IAC, EL, b'b', IAC, WONT, 3, b'\n']), (vec!["b".into()], vec![]));
    }
}
