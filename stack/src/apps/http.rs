//! HTTP/1.1 server (RFC 9112): status pages with what NETSTAT shows, and files.
//!
//! | path | content |
//! |---|---|
//! | `/` | what there is |
//! | `/netstat/REPORT` | NETSTAT report of that name: `conn`, `all`, `stats`, `home`, `route`, ... |
//! | anything else | the file of that path |

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::apps::files::Files;
use crate::apps::lines::{Lines, read_to_end};
use crate::apps::serve_each;
use crate::node::netstat::{self, Report};
use crate::sockets::{Process, TcpStream};

/// The usual port.
pub const PORT: u16 = 80;
/// A connection without a request is closed.
const IDLE: Duration = Duration::from_secs(60);
/// Header lines of a request at most.
const MOST_HEADERS: usize = 100;

/// Serves connections at `at`.
pub async fn serve(p: Process, at: SocketAddr, files: Files) -> io::Result<()> {
    serve_each(&p, p.listen(at, 50)?, |stream| connection(p.clone(), stream, files.clone())).await
}

/// A request: what of it is used.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    method: String,
    path: String,
    close: bool,
    body: usize,
}

/// Reads a request's head; `None` at the end of the connection, `Err` says what is wrong.
async fn request(lines: &Lines<&TcpStream>) -> io::Result<Option<Result<Request, u16>>> {
    let Some(first) = lines.text().await? else { return Ok(None) };
    let mut parts = first.split(' ');
    let (method, path, version) = (parts.next(), parts.next(), parts.next());
    let (Some(method), Some(path), Some(version), None) = (method, path, version, parts.next()) else {
        return Ok(Some(Err(400)));
    };
    let mut r = Request {
        method: method.to_owned(),
        path: path.split(['?', '#']).next().unwrap_or("/").to_owned(),
        close: version != "HTTP/1.1",
        body: 0,
    };
    if !version.starts_with("HTTP/1.") {
        return Ok(Some(Err(505)));
    }
    for _ in 0..MOST_HEADERS {
        let Some(line) = lines.text().await? else { return Ok(None) };
        if line.is_empty() {
            return Ok(Some(Ok(r)));
        }
        let Some((name, value)) = line.split_once(':') else { return Ok(Some(Err(400))) };
        match (name.to_ascii_lowercase().as_str(), value.trim()) {
            ("connection", v) if v.eq_ignore_ascii_case("close") => r.close = true,
            ("connection", v) if v.eq_ignore_ascii_case("keep-alive") => r.close = false,
            ("content-length", v) => match v.parse() {
                Ok(n) if n <= 1 << 20 => r.body = n,
                Ok(_) => return Ok(Some(Err(413))),
                Err(_) => return Ok(Some(Err(400))),
            },
            ("transfer-encoding", _) => return Ok(Some(Err(501))),
            _ => {}
        }
    }
    Ok(Some(Err(431)))
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        _ => "HTTP Version Not Supported",
    }
}

async fn connection(p: Process, stream: TcpStream, files: Files) -> io::Result<()> {
    let lines = Lines::new(&stream);
    loop {
        let Some(got) = p.timeout(IDLE, request(&lines)).await else { break };
        let Some(got) = got? else { break };
        let close = got.as_ref().map_or(true, |r| r.close);
        let (status, kind, body, head) = match &got {
            Err(status) => (*status, "text/plain", format!("{}\n", reason(*status)).into_bytes(), false),
            Ok(r) => {
                lines.exactly(r.body).await?;
                match r.method.as_str() {
                    "GET" | "HEAD" => {
                        let (status, kind, body) = page(&p, &r.path, &files);
                        (status, kind, body, r.method == "HEAD")
                    }
                    _ => (405, "text/plain", b"GET and HEAD are answered\n".to_vec(), false),
                }
            }
        };
        let last = if close { "Connection: close\r\n" } else { "" };
        let allow = if status == 405 { "Allow: GET, HEAD\r\n" } else { "" };
        let mut out = format!(
            "HTTP/1.1 {status} {}\r\nServer: zstack\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{allow}{last}\r\n",
            reason(status),
            body.len()
        )
        .into_bytes();
        if !head {
            out.extend_from_slice(&body);
        }
        stream.write_all(&out).await?;
        if close {
            break;
        }
    }
    stream.shutdown_write()
}

fn page(p: &Process, path: &str, files: &Files) -> (u16, &'static str, Vec<u8>) {
    if path == "/" {
        return (200, "text/html", index(p).into_bytes());
    }
    if let Some(name) = path.strip_prefix("/netstat/") {
        return match Report::named(name) {
            Some(r) => (200, "text/plain", p.with_stack(|s| netstat::report(s, r)).into_bytes()),
            None => (404, "text/plain", b"There is no such report\n".to_vec()),
        };
    }
    match files.get(&Files::resolve("/", path)) {
        Some(f) => (200, "application/octet-stream", f.to_vec()),
        None => (404, "text/plain", b"There is no such file\n".to_vec()),
    }
}

fn index(p: &Process) -> String {
    let name = p.with_stack(|s| s.name().to_string());
    let mut out = format!("<!DOCTYPE html>\n<title>{name}</title>\n<h1>TCP/IP stack {name}</h1>\n<ul>\n");
    for r in Report::ALL {
        out.push_str(&format!("<li><a href=\"/netstat/{0}\">NETSTAT {0}</a></li>\n", r.name()));
    }
    out + "</ul>\n"
}

/// An answer as a client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// The content.
    pub body: Vec<u8>,
}

/// Gets `path` from the server at `server` over a connection of its own.
pub async fn get(p: &Process, server: SocketAddr, host: &str, path: &str) -> io::Result<Response> {
    let stream = p.connect(server).await?;
    let ask = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: zstack\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(ask.as_bytes()).await?;
    let lines = Lines::new(&stream);
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "not an HTTP response");
    let first = lines.text().await?.ok_or_else(bad)?;
    let status = first.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(bad)?;
    let mut length = None;
    loop {
        let line = lines.text().await?.ok_or_else(bad)?;
        if line.is_empty() {
            break;
        }
        if let Some((n, v)) = line.split_once(':')
            && n.eq_ignore_ascii_case("content-length")
        {
            length = v.trim().parse().ok();
        }
    }
    let body = match length {
        Some(n) => lines.exactly(n).await?,
        None => return Err(bad()),
    };
    read_to_end(&stream, 0).await?;
    stream.shutdown_write()?;
    Ok(Response { status, body })
}
