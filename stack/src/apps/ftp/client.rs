//! FTP client.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::address;
use crate::apps::lines::{Lines, read_to_end};
use crate::sockets::{Process, TcpListener, TcpStream};

/// Which end opens data connections, and with which commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// PORT or, over IPv6, EPRT: the server does.
    Active,
    /// EPRT: the server does.
    ExtendedActive,
    /// PASV: the client does. IPv4 only.
    Passive,
    /// EPSV: the client does.
    ExtendedPassive,
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A session with a server. Every command waits for its final answer.
pub struct Client {
    p: Process,
    control: Lines<TcpStream>,
    mode: Mode,
}

enum Data {
    Open(TcpStream),
    Waiting(TcpListener),
}

/// The code and text of a server's answer.
pub type Reply = (u16, String);

fn unexpected((code, text): &Reply) -> io::Error {
    io::Error::other(format!("{code} {text}"))
}

impl Client {
    /// Connects and logs on.
    pub async fn connect(p: &Process, server: SocketAddr, user: &str, mode: Mode) -> io::Result<Self> {
        let c = Self { p: p.clone(), control: Lines::new(p.connect(server).await?), mode };
        c.expect(2, c.answer().await?)?;
        let r = c.command(&format!("USER {user}")).await?;
        if r.0 == 331 {
            let r = c.command("PASS zstack").await?;
            c.expect(2, r)?;
        } else {
            c.expect(2, r)?;
        }
        Ok(c)
    }

    /// Sends a command and gives its answer.
    pub async fn command(&self, line: &str) -> io::Result<Reply> {
        self.control.stream().write_all(format!("{line}\r\n").as_bytes()).await?;
        self.answer().await
    }

    /// One answer, its lines joined.
    async fn answer(&self) -> io::Result<Reply> {
        match self.p.timeout(PATIENCE, self.read_answer()).await {
            Some(r) => r,
            None => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    async fn read_answer(&self) -> io::Result<Reply> {
        let mut all = String::new();
        let mut wanted: Option<String> = None;
        loop {
            let line = self.control.text().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let code = line.get(..3).and_then(|c| c.parse::<u16>().ok());
            match &wanted {
                None => {
                    let code = code.ok_or_else(|| unexpected(&(0, line.clone())))?;
                    all.push_str(line.get(4..).unwrap_or_default());
                    if line.as_bytes().get(3) != Some(&b'-') {
                        return Ok((code, all));
                    }
                    wanted = Some(format!("{code:03} "));
                }
                Some(end) => {
                    all.push('\n');
                    if let (true, Some(code)) = (line.starts_with(end.as_str()), code) {
                        all.push_str(&line[4..]);
                        return Ok((code, all));
                    }
                    all.push_str(&line);
                }
            }
        }
    }

    fn expect(&self, class: u16, r: Reply) -> io::Result<Reply> {
        if r.0 / 100 == class { Ok(r) } else { Err(unexpected(&r)) }
    }

    /// Prepares the data connection: the client connects, or listens.
    async fn prepare(&self) -> io::Result<Data> {
        let local = self.control.stream().local_addr();
        match self.mode {
            Mode::Active | Mode::ExtendedActive => {
                let listener = self.p.listen(SocketAddr::new(local.ip(), 0), 1)?;
                let at = listener.local_addr();
                let old = (self.mode == Mode::Active).then(|| address::port(at)).flatten();
                let line = old.map_or_else(|| format!("EPRT {}", address::eprt(at)), |p| format!("PORT {p}"));
                let r = self.command(&line).await?;
                self.expect(2, r)?;
                Ok(Data::Waiting(listener))
            }
            Mode::Passive => {
                let r = self.command("PASV").await?;
                let r = self.expect(2, r)?;
                let at = address::parse_port(&r.1).ok_or_else(|| unexpected(&r))?;
                Ok(Data::Open(self.p.connect(at).await?))
            }
            Mode::ExtendedPassive => {
                let r = self.command("EPSV").await?;
                let r = self.expect(2, r)?;
                let port = address::parse_epsv(&r.1).ok_or_else(|| unexpected(&r))?;
                Ok(Data::Open(
                    self.p.connect(SocketAddr::new(self.control.stream().peer_addr().ip(), port)).await?,
                ))
            }
        }
    }

    async fn data(&self, prepared: Data) -> io::Result<TcpStream> {
        match prepared {
            Data::Open(s) => Ok(s),
            Data::Waiting(l) => match self.p.timeout(PATIENCE, l.accept()).await {
                Some(r) => Ok(r?.0),
                None => Err(io::ErrorKind::TimedOut.into()),
            },
        }
    }

    /// The data that a command such as LIST or RETR sends.
    pub async fn fetch(&self, command: &str) -> io::Result<Vec<u8>> {
        let prepared = self.prepare().await?;
        let r = self.command(command).await?;
        self.expect(1, r)?;
        let data = self.data(prepared).await?;
        let content = read_to_end(&data, super::LARGEST).await?;
        data.shutdown_write()?;
        drop(data);
        self.expect(2, self.answer().await?)?;
        Ok(content)
    }

    /// A file as it is.
    pub async fn get(&self, name: &str) -> io::Result<Vec<u8>> {
        let r = self.command("TYPE I").await?;
        self.expect(2, r)?;
        self.fetch(&format!("RETR {name}")).await
    }

    /// Stores a file as it is.
    pub async fn put(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let r = self.command("TYPE I").await?;
        self.expect(2, r)?;
        let prepared = self.prepare().await?;
        let r = self.command(&format!("STOR {name}")).await?;
        self.expect(1, r)?;
        let data = self.data(prepared).await?;
        data.write_all(content).await?;
        data.shutdown_write()?;
        data.closed().await?;
        drop(data);
        self.expect(2, self.answer().await?)?;
        Ok(())
    }

    /// A listing of the working directory.
    pub async fn list(&self) -> io::Result<String> {
        let r = self.command("TYPE A").await?;
        self.expect(2, r)?;
        Ok(String::from_utf8_lossy(&self.fetch("LIST").await?).into_owned())
    }

    /// Says goodbye and waits until the server has closed.
    pub async fn quit(self) -> io::Result<()> {
        self.command("QUIT").await?;
        self.control.stream().shutdown_write()?;
        self.control.stream().closed().await
    }
}
