//! Stub resolver: asks name servers for addresses and names, and traces what it does (SYSTCPRE).

use std::cell::Cell;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::dns::message::{Data, Message, Name, RESPONSE, TRUNCATED, kind, rcode};
use crate::apps::lines::Lines;
use crate::sockets::Process;

/// How questions are asked; the statements of TCPIP.DATA that say so in brackets.
#[derive(Debug, Clone)]
pub struct Config {
    /// Servers in the order in which they are asked (NSINTERADDR).
    pub servers: Vec<SocketAddr>,
    /// How long an answer is waited for (RESOLVERTIMEOUT).
    pub timeout: Duration,
    /// How often each server is asked (RESOLVERUDPRETRIES).
    pub tries: u32,
    /// Appended to names without a dot (DOMAINORIGIN).
    pub domain: Option<String>,
}

/// Resolves names for one address space.
pub struct Resolver {
    p: Process,
    config: Config,
    id: Cell<u16>,
}

fn failed(code: u8) -> io::Error {
    let kind = if code == rcode::NXDOMAIN { io::ErrorKind::NotFound } else { io::ErrorKind::Other };
    io::Error::new(kind, format!("DNS response code {code}"))
}

impl Resolver {
    /// A resolver of the application `p`.
    #[must_use]
    pub fn new(p: &Process, config: Config) -> Self {
        Self { p: p.clone(), config, id: Cell::new(p.random().u16()) }
    }

    fn say(&self, text: &str) {
        self.p.trace_resolver(text);
    }

    /// IPv6 and IPv4 addresses of `host`, IPv6 first. An address in text form is itself.
    pub async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.say(&format!("GetAddrInfo Started: {host}"));
        if let Ok(a) = host.parse() {
            self.say(&format!("GetAddrInfo Ended: {a} is an address"));
            return Ok(vec![a]);
        }
        let whole = match (&self.config.domain, host.contains('.')) {
            (Some(d), false) => format!("{host}.{d}"),
            _ => host.to_owned(),
        };
        let name = Name::new(&whole).ok_or(io::ErrorKind::InvalidInput)?;
        let mut out = Vec::new();
        let mut first_error = None;
        for k in [kind::AAAA, kind::A] {
            match self.ask(&name, k).await {
                Ok(m) => out.extend(m.answers.iter().filter_map(|r| match r.data {
                    Data::Address(a) => Some(a),
                    _ => None,
                })),
                Err(e) => first_error = first_error.or(Some(e)),
            }
        }
        match first_error {
            Some(e) if out.is_empty() => {
                self.say(&format!("GetAddrInfo Failed: {whole}: {e}"));
                Err(e)
            }
            _ if out.is_empty() => {
                self.say(&format!("GetAddrInfo Failed: {whole} has no address"));
                Err(io::ErrorKind::NotFound.into())
            }
            _ => {
                let list: Vec<String> = out.iter().map(ToString::to_string).collect();
                self.say(&format!("GetAddrInfo Ended: {whole} {}", list.join(" ")));
                Ok(out)
            }
        }
    }

    /// The name of an address.
    pub async fn name(&self, address: IpAddr) -> io::Result<String> {
        self.say(&format!("GetNameInfo Started: {address}"));
        let m = self.ask(&Name::reverse(address), kind::PTR).await?;
        let name = m.answers.iter().find_map(|r| match &r.data {
            Data::Name(kind::PTR, n) => Some(n.to_string()),
            _ => None,
        });
        let name = name.ok_or(io::ErrorKind::NotFound)?;
        self.say(&format!("GetNameInfo Ended: {name}"));
        Ok(name)
    }

    /// Asks the servers one after the other, each so many times.
    async fn ask(&self, name: &Name, k: u16) -> io::Result<Message> {
        let mut last = io::Error::from(io::ErrorKind::TimedOut);
        for _ in 0..self.config.tries.max(1) {
            for &server in &self.config.servers {
                self.id.set(self.id.get().wrapping_add(1));
                let query = Message::query(self.id.get(), name.clone(), k);
                self.say(&format!("UDP Question to {} for {name} type {k} id {:04X}", server.ip(), query.id));
                match self.exchange(server, &query).await {
                    Ok(m) if m.rcode() == rcode::NOERROR => {
                        self.say(&format!("Answer from {}: {} records", server.ip(), m.answers.len()));
                        return Ok(m);
                    }
                    Ok(m) => {
                        self.say(&format!("Answer from {}: response code {}", server.ip(), m.rcode()));
                        // That a name does not exist is final.
                        last = failed(m.rcode());
                        if m.rcode() == rcode::NXDOMAIN {
                            return Err(last);
                        }
                    }
                    Err(e) => {
                        self.say(&format!("No answer from {}: {e}", server.ip()));
                        last = e;
                    }
                }
            }
        }
        Err(last)
    }

    async fn exchange(&self, server: SocketAddr, query: &Message) -> io::Result<Message> {
        let any: SocketAddr = if server.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
        let socket = self.p.udp(any)?;
        // Only datagrams of the server come in.
        socket.connect(server)?;
        socket.send(&query.encode())?;
        let answer = async {
            let mut buffer = vec![0; 4096];
            loop {
                let n = socket.recv(&mut buffer).await?;
                if let Some(m) = Message::parse(&buffer[..n]).filter(|m| belongs(m, query)) {
                    return io::Result::Ok(m);
                }
            }
        };
        let m = self.p.timeout(self.config.timeout, answer).await.ok_or(io::ErrorKind::TimedOut)??;
        if m.flags & TRUNCATED == 0 {
            return Ok(m);
        }
        self.say("Answer is truncated: TCP");
        let over_tcp = self.p.timeout(self.config.timeout, self.over_tcp(server, query));
        over_tcp.await.ok_or(io::ErrorKind::TimedOut)?
    }

    async fn over_tcp(&self, server: SocketAddr, query: &Message) -> io::Result<Message> {
        let stream = self.p.connect(server).await?;
        let bytes = query.encode();
        let mut out = (bytes.len() as u16).to_be_bytes().to_vec();
        out.extend_from_slice(&bytes);
        stream.write_all(&out).await?;
        stream.shutdown_write()?;
        let lines = Lines::new(&stream);
        let length = lines.exactly(2).await?;
        let answer = lines.exactly(usize::from(u16::from_be_bytes([length[0], length[1]]))).await?;
        let m = Message::parse(&answer).filter(|m| belongs(m, query));
        m.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not the answer"))
    }
}

fn belongs(m: &Message, query: &Message) -> bool {
    m.id == query.id && m.flags & RESPONSE != 0 && m.question == query.question
}
