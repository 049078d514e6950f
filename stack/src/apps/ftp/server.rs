//! FTP server over [`Files`].

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::address;
use crate::apps::files::Files;
use crate::apps::lines::{Lines, read_to_end};
use crate::apps::serve_each;
use crate::sockets::{Process, TcpListener, TcpStream};

/// A client that does not open the data connection it asked for is not waited for any longer.
const DATA_WAIT: Duration = Duration::from_secs(30);
/// Nor is one that says nothing.
const IDLE: Duration = Duration::from_secs(300);

/// Serves control connections at `at`.
pub async fn serve(p: Process, at: SocketAddr, files: Files) -> io::Result<()> {
    serve_each(&p, p.listen(at, 10)?, |stream| {
        let session = Session {
            p: p.clone(),
            files: files.clone(),
            cwd: "/".into(),
            user: None,
            logged_in: false,
            image: false,
            data: Data::None,
            renaming: None,
            rest: 0,
        };
        session.run(stream)
    })
    .await
}

/// How the next data connection comes about.
enum Data {
    /// Nothing was said: the server connects to the client's control port.
    None,
    /// PORT, EPRT: the server connects there.
    Active(SocketAddr),
    /// PASV, EPSV: the client connects here.
    Passive(TcpListener),
}

struct Session {
    p: Process,
    files: Files,
    cwd: String,
    user: Option<String>,
    logged_in: bool,
    image: bool,
    data: Data,
    renaming: Option<String>,
    rest: usize,
}

/// An answer: code and text.
type Reply = (u16, String);

fn reply(code: u16, text: impl Into<String>) -> Reply {
    (code, text.into())
}

async fn say(stream: &TcpStream, (code, text): &Reply) -> io::Result<()> {
    let mut out = String::new();
    let lines: Vec<&str> = text.split('\n').collect();
    for (i, line) in lines.iter().enumerate() {
        let last = i + 1 == lines.len();
        // The first line of several has a hyphen, the last one a blank (RFC 959 section 4.2).
        let mark = match (last, i) {
            (true, _) => format!("{code} "),
            (false, 0) => format!("{code}-"),
            _ => " ".into(),
        };
        out.push_str(&format!("{mark}{line}\r\n"));
    }
    stream.write_all(out.as_bytes()).await
}

impl Session {
    async fn run(mut self, stream: TcpStream) -> io::Result<()> {
        let stream = &stream;
        let lines = Lines::new(stream);
        say(stream, &reply(220, format!("{} FTP server of zstack ready", self.p.job()))).await?;
        loop {
            let Some(line) = self.p.timeout(IDLE, lines.text()).await else {
                say(stream, &reply(421, "Nothing was said for too long")).await?;
                return Ok(());
            };
            let Some(line) = line? else { return Ok(()) };
            let (verb, argument) = line.split_once(' ').unwrap_or((&line, ""));
            let verb = verb.to_ascii_uppercase();
            let answer = self.command(stream, &verb, argument.trim()).await?;
            say(stream, &answer).await?;
            if verb == "QUIT" {
                return stream.shutdown_write();
            }
        }
    }

    async fn command(&mut self, stream: &TcpStream, verb: &str, argument: &str) -> io::Result<Reply> {
        let renaming = self.renaming.take();
        Ok(match verb {
            "USER" => {
                self.user = Some(argument.to_owned());
                self.logged_in = false;
                reply(331, "Send password")
            }
            "PASS" => match &self.user {
                Some(u) => {
                    self.logged_in = true;
                    reply(230, format!("{u} is logged on"))
                }
                None => reply(503, "USER first"),
            },
            "QUIT" => reply(221, "Goodbye"),
            "NOOP" => reply(200, "OK"),
            "SYST" => reply(215, "UNIX Type: L8"),
            "FEAT" => reply(211, "Features\nEPRT\nEPSV\nREST STREAM\nSIZE\nEnd"),
            "HELP" => reply(
                214,
                "Commands\nUSER PASS QUIT NOOP SYST FEAT HELP STAT TYPE MODE STRU PWD CWD CDUP\nPORT EPRT PASV \
                 EPSV LIST NLST RETR STOR APPE DELE RNFR RNTO SIZE REST ABOR\nEnd",
            ),
            _ if !self.logged_in => reply(530, "Log on first"),
            "STAT" => reply(211, format!("{} in {}", self.user.as_deref().unwrap_or("-"), self.cwd)),
            "TYPE" => self.set_type(argument),
            "MODE" if argument.eq_ignore_ascii_case("S") => reply(200, "Stream mode"),
            "STRU" if argument.eq_ignore_ascii_case("F") => reply(200, "File structure"),
            "MODE" | "STRU" => reply(504, format!("{verb} {argument} is not supported")),
            "PWD" | "XPWD" => reply(257, format!("\"{}\" is the working directory", self.cwd)),
            "CWD" | "XCWD" => self.change(argument),
            "CDUP" | "XCUP" => self.change(".."),
            "PORT" => self.active(stream, address::parse_port(argument)),
            "EPRT" => self.active(stream, address::parse_eprt(argument)),
            "PASV" => self.passive(stream, false),
            "EPSV" => self.passive(stream, true),
            "SIZE" => match self.files.get(&Files::resolve(&self.cwd, argument)) {
                Some(f) => reply(213, f.len().to_string()),
                None => reply(550, format!("{argument} does not exist")),
            },
            "REST" => match argument.parse() {
                Ok(n) => {
                    self.rest = n;
                    reply(350, format!("The next transfer starts at {n}"))
                }
                Err(_) => reply(501, "A number is needed"),
            },
            "DELE" => match self.files.remove(&Files::resolve(&self.cwd, argument)) {
                Some(_) => reply(250, format!("{argument} deleted")),
                None => reply(550, format!("{argument} does not exist")),
            },
            "RNFR" => {
                let path = Files::resolve(&self.cwd, argument);
                if self.files.get(&path).is_none() {
                    return Ok(reply(550, format!("{argument} does not exist")));
                }
                self.renaming = Some(path);
                reply(350, "RNTO next")
            }
            "RNTO" => match renaming {
                Some(from) => match self.files.rename(&from, &Files::resolve(&self.cwd, argument)) {
                    Ok(()) => reply(250, "Renamed"),
                    Err(e) => reply(553, e.to_string()),
                },
                None => reply(503, "RNFR first"),
            },
            "LIST" | "NLST" => {
                let names = argument.split_whitespace().find(|a| !a.starts_with('-')).unwrap_or("");
                let dir = Files::resolve(&self.cwd, names);
                let text = self.listing(&dir, verb == "LIST");
                self.send(stream, text.into_bytes()).await?
            }
            "RETR" => match self.files.get(&Files::resolve(&self.cwd, argument)) {
                Some(f) => {
                    let from = std::mem::take(&mut self.rest).min(f.len());
                    let content = if self.image { f[from..].to_vec() } else { to_network(&f[from..]) };
                    self.send(stream, content).await?
                }
                None => reply(550, format!("{argument} does not exist")),
            },
            "STOR" | "APPE" => self.receive(stream, argument, verb == "APPE").await?,
            "ABOR" => {
                self.data = Data::None;
                reply(226, "Nothing to abort")
            }
            _ => reply(502, format!("{verb} is not known")),
        })
    }

    fn set_type(&mut self, argument: &str) -> Reply {
        match argument.to_ascii_uppercase().as_str() {
            "I" | "L 8" => self.image = true,
            "A" | "A N" => self.image = false,
            _ => return reply(504, format!("Type {argument} is not supported")),
        }
        reply(200, if self.image { "Type is image" } else { "Type is ASCII" })
    }

    fn change(&mut self, argument: &str) -> Reply {
        let to = Files::resolve(&self.cwd, argument);
        if !self.files.is_dir(&to) {
            return reply(550, format!("{to} does not exist"));
        }
        self.cwd = to;
        reply(250, format!("\"{}\" is the working directory", self.cwd))
    }

    fn active(&mut self, stream: &TcpStream, to: Option<SocketAddr>) -> Reply {
        match to {
            // Connections to third parties are how FTP servers were made to attack others
            // (RFC 2577), so data goes where the control connection comes from.
            Some(a) if stream.peer_addr().ip() == a.ip() && a.port() >= 1024 => {
                self.data = Data::Active(a);
                reply(200, "The data connection goes there")
            }
            Some(_) => reply(504, "Data connections go to the client only"),
            None => reply(501, "Not an address"),
        }
    }

    fn passive(&mut self, stream: &TcpStream, extended: bool) -> Reply {
        let local = SocketAddr::new(stream.local_addr().ip(), 0);
        let listener = match self.p.listen(local, 1) {
            Ok(l) => l,
            Err(e) => return reply(425, e.to_string()),
        };
        let at = listener.local_addr();
        let answer = if extended {
            reply(229, format!("Entering Extended Passive Mode (|||{}|)", at.port()))
        } else {
            match address::port(at) {
                Some(a) => reply(227, format!("Entering Passive Mode ({a})")),
                None => return reply(522, "Use EPSV with IPv6"),
            }
        };
        self.data = Data::Passive(listener);
        answer
    }

    fn listing(&self, dir: &str, long: bool) -> String {
        let mut out = String::new();
        for e in self.files.list(dir) {
            if long {
                let (kind, size) = match e.size {
                    Some(n) => ('-', n),
                    None => ('d', 0),
                };
                out.push_str(&format!("{kind}rw-r--r--   1 ZSTACK   ZSTACK  {size:>12} Jan  1 00:00 "));
            }
            out.push_str(&e.name);
            out.push_str("\r\n");
        }
        out
    }

    /// Opens the data connection.
    async fn open(&mut self, stream: &TcpStream) -> io::Result<TcpStream> {
        match std::mem::replace(&mut self.data, Data::None) {
            Data::Passive(listener) => match self.p.timeout(DATA_WAIT, listener.accept()).await {
                Some(r) => Ok(r?.0),
                None => Err(io::ErrorKind::TimedOut.into()),
            },
            Data::Active(to) => {
                // From the port below the control port, as RFC 959 section 3.3 wants it.
                let from = SocketAddr::new(stream.local_addr().ip(), stream.local_addr().port() - 1);
                self.p.connect_from(from, to).await
            }
            Data::None => Err(io::Error::new(io::ErrorKind::NotConnected, "PORT or PASV first")),
        }
    }

    async fn send(&mut self, stream: &TcpStream, content: Vec<u8>) -> io::Result<Reply> {
        say(stream, &reply(150, "The data connection is opened")).await?;
        let data = match self.open(stream).await {
            Ok(d) => d,
            Err(e) => return Ok(reply(425, e.to_string())),
        };
        let sent = async {
            data.write_all(&content).await?;
            data.shutdown_write()?;
            data.closed().await
        };
        Ok(match sent.await {
            Ok(()) => reply(226, format!("{} bytes sent", content.len())),
            Err(e) => reply(426, e.to_string()),
        })
    }

    async fn receive(&mut self, stream: &TcpStream, name: &str, append: bool) -> io::Result<Reply> {
        if name.is_empty() {
            return Ok(reply(501, "A name is needed"));
        }
        say(stream, &reply(150, "The data connection is opened")).await?;
        let data = match self.open(stream).await {
            Ok(d) => d,
            Err(e) => return Ok(reply(425, e.to_string())),
        };
        let mut content = match read_to_end(&data, super::LARGEST).await {
            Ok(c) => c,
            Err(e) => return Ok(reply(426, e.to_string())),
        };
        let received = content.len();
        if !self.image {
            content = from_network(&content);
        }
        let path = Files::resolve(&self.cwd, name);
        let rest = std::mem::take(&mut self.rest);
        if let Some(old) = self.files.get(&path).filter(|_| append || rest > 0) {
            let keep = if append { old.len() } else { rest.min(old.len()) };
            content.splice(0..0, old[..keep].iter().copied());
        }
        Ok(match self.files.put(&path, content) {
            Ok(()) => reply(226, format!("{received} bytes received")),
            Err(e) => reply(452, e.to_string()),
        })
    }
}

/// Line ends as the network has them: CR LF.
#[must_use]
pub fn to_network(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 32);
    for (i, &b) in text.iter().enumerate() {
        if b == b'\n' && (i == 0 || text[i - 1] != b'\r') {
            out.push(b'\r');
        }
        out.push(b);
    }
    out
}

/// Line ends as files have them: LF.
#[must_use]
pub fn from_network(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for (i, &b) in text.iter().enumerate() {
        if b != b'\r' || text.get(i + 1) != Some(&b'\n') {
            out.push(b);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends() {
        assert_eq!(to_network(b"a\nb\r\nc"), b"a\r\nb\r\nc");
        assert_eq!(from_network(b"a\r\nb\rc\r\n"), b"a\nb\rc\n");
    }
}
