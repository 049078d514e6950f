//! FTP (RFC 959, RFC 2428): commands and replies, and the data connections they announce.

use std::sync::Arc;

use crate::decode::{Base, Buf, Ctx, FieldId, Kind, Outcome, Proto, Sink, Span, Value, fmt::Out};
use crate::track::streams::Expect;

use super::http::{line_or_rest, number, string, text};
use super::{App, Talk, Verdict};

crate::protocol! { Ftp, "ftp", "File Transfer Protocol (FTP)";
    RESPONSE "ftp.response" "Response" Kind::Bool;
    REQUEST "ftp.request" "Request" Kind::Bool;
    COMMAND "ftp.request.command" "Request command" Kind::Str;
    ARGUMENT "ftp.request.arg" "Request arg" Kind::Str;
    CODE "ftp.response.code" "Response code" Kind::Uint(32, Base::Dec), reply;
    RESPONSE_ARG "ftp.response.arg" "Response arg" Kind::Str;
    PASSIVE_IP "ftp.passive.ip" "Passive IP address" Kind::Ipv4;
    PASSIVE_PORT "ftp.passive.port" "Passive port" Kind::Uint(16, Base::Dec);
    ACTIVE_IP "ftp.active.cip" "Active IP address" Kind::Ipv4;
    ACTIVE_PORT "ftp.active.port" "Active port" Kind::Uint(16, Base::Dec);
    EPRT_FAMILY "ftp.eprt.af" "Extended active address family" Kind::Uint(8, Base::Dec);
    EPRT_IP "ftp.eprt.ip" "Extended active IP address" Kind::Ipv4;
    EPRT_IPV6 "ftp.eprt.ipv6" "Extended active IPv6 address" Kind::Ipv6;
    EPRT_PORT "ftp.eprt.port" "Extended active port" Kind::Uint(16, Base::Dec);
    EPSV_IP "ftp.epsv.ip" "Extended passive IPv4 address" Kind::Ipv4;
    EPSV_IPV6 "ftp.epsv.ipv6" "Extended passive IPv6 address" Kind::Ipv6;
    EPSV_PORT "ftp.epsv.port" "Extended passive port" Kind::Uint(16, Base::Dec);
    DIRECTORY "ftp.current-working-directory" "Current working directory" Kind::Str;
}

/// The data connection counts as a protocol of its own.
pub mod data {
    use crate::decode::Kind;

    crate::protocol! { FtpData, "ftp-data", "FTP Data";
        SETUP_FRAME "ftp-data.setup-frame" "Setup frame" Kind::FrameNum;
        SETUP_METHOD "ftp-data.setup-method" "Setup method" Kind::Str;
        COMMAND "ftp-data.command" "Command" Kind::Str;
        COMMAND_FRAME "ftp-data.command-frame" "Command frame" Kind::FrameNum;
        DIRECTORY "ftp-data.current-working-directory" "Current working directory" Kind::Str;
    }
}

/// What is remembered of a control connection, and known of a data connection.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Where the next data connection goes.
    pub announced: Option<([u8; 16], u16)>,
    /// Frame that announced it.
    pub setup: u64,
    /// How.
    pub method: &'static str,
    /// What it was opened for.
    pub command: Option<Arc<str>>,
    /// Frame of that command.
    pub command_frame: u64,
    /// Directory on the server.
    pub directory: Option<Arc<str>>,
    /// Directory asked for and not yet confirmed.
    asked: Option<Arc<str>>,
}

fn reply(v: u64) -> Option<&'static str> {
    Some(match v {
        110 => "Restart marker reply",
        120 => "Service ready in nnn minutes",
        125 => "Data connection already open; transfer starting",
        150 => "File status okay; about to open data connection",
        200 => "Command okay",
        202 => "Command not implemented, superfluous at this site",
        211 => "System status, or system help reply",
        212 => "Directory status",
        213 => "File status",
        214 => "Help message",
        215 => "NAME system type",
        220 => "Service ready for new user",
        221 => "Service closing control connection",
        225 => "Data connection open; no transfer in progress",
        226 => "Closing data connection",
        227 => "Entering Passive Mode",
        229 => "Entering Extended Passive Mode",
        230 => "User logged in, proceed",
        234 => "Security data exchange complete",
        250 => "Requested file action okay, completed",
        257 => "PATHNAME created",
        331 => "User name okay, need password",
        332 => "Need account for login",
        350 => "Requested file action pending further information",
        421 => "Service not available, closing control connection",
        425 => "Can't open data connection",
        426 => "Connection closed; transfer aborted",
        450 => "Requested file action not taken",
        451 => "Requested action aborted: local error in processing",
        452 => "Requested action not taken. Insufficient storage space in system",
        500 => "Syntax error, command unrecognized",
        501 => "Syntax error in parameters or arguments",
        502 => "Command not implemented",
        503 => "Bad sequence of commands",
        504 => "Command not implemented for that parameter",
        522 => "Network protocol not supported",
        530 => "Not logged in",
        532 => "Need account for storing files",
        550 => "Requested action not taken: File unavailable",
        551 => "Requested action aborted: page type unknown",
        552 => "Requested file action aborted: Exceeded storage allocation",
        553 => "Requested action not taken: File name not allowed",
        _ => return None,
    })
}

/// Dissects what one side of a control connection says.
pub fn control<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>) -> Outcome<Verdict> {
    let (line, _) = line_or_rest(b.bytes());
    let request = !is_server(t);
    c.layer(Proto::Ftp, b.whole());
    if let Some(info) = c.summary().and_then(|s| s.take("FTP")) {
        info.text(if request { "Request: " } else { "Response: " });
        text(info, line);
    }
    let span = b.span(0, line.len());
    c.field(REQUEST, Value::Uint(request.into()), Span::NONE);
    c.field(RESPONSE, Value::Uint((!request).into()), Span::NONE);
    if request {
        command(c, line, span, t);
    } else {
        response(c, line, span, t);
    }
    // What another protocol remembers from here on must stay.
    if t.becomes.is_none()
        && let Some(d) = t.ftp().directory.clone()
    {
        c.field(DIRECTORY, Value::Str(&d), Span::NONE);
    }
    Ok(Verdict::Done)
}

fn is_server(t: &Talk<'_>) -> bool {
    super::tcp_port(t.ports[0]) == Some(App::Ftp)
        || (t.ports[0] < t.ports[1] && super::tcp_port(t.ports[1]) != Some(App::Ftp))
}

fn command<S: Sink>(c: &mut Ctx<'_, S>, line: &[u8], span: Span, t: &mut Talk<'_>) {
    let cut = line.iter().position(|v| *v == b' ').unwrap_or(line.len());
    let (verb, argument) = (&line[..cut], line.get(cut + 1..).unwrap_or_default());
    string(c, COMMAND, verb, span);
    if !argument.is_empty() {
        string(c, ARGUMENT, argument, span);
    }
    let verb = verb.to_ascii_uppercase();
    let frame = t.frame;
    match &verb[..] {
        b"PORT" => {
            if let Some((ip, port)) = six_numbers(argument) {
                c.field(ACTIVE_IP, Value::Ipv4(ip), span);
                c.field(ACTIVE_PORT, Value::Uint(port.into()), span);
                announce(t, crate::decode::net::Ip::wide(ip), port, "PORT");
            }
            return;
        }
        b"EPRT" => {
            extended_port(c, argument, span, t);
            return;
        }
        b"CWD" | b"XCWD" => t.ftp().asked = Some(String::from_utf8_lossy(argument).as_ref().into()),
        b"PASV" | b"EPSV" => return,
        _ => {}
    }
    let s = t.ftp();
    if s.announced.is_some() && s.command.is_none() {
        s.command = Some(String::from_utf8_lossy(line).as_ref().into());
        s.command_frame = frame;
        again(t);
    }
}

fn response<S: Sink>(c: &mut Ctx<'_, S>, line: &[u8], span: Span, t: &mut Talk<'_>) {
    let coded = line.len() >= 3 && line[..3].iter().all(u8::is_ascii_digit);
    let code = if coded { number(&line[..3]) } else { 0 };
    if coded {
        c.field(CODE, Value::Uint(code), span);
        let rest = line.get(4..).unwrap_or_default();
        if !rest.is_empty() {
            string(c, RESPONSE_ARG, rest, span);
        }
    } else if !line.is_empty() {
        string(c, RESPONSE_ARG, line, span);
    }
    match code {
        227 => {
            let digits = line.get(3..).unwrap_or_default();
            let from = digits.iter().position(|v| *v == b'(').map_or_else(
                || digits.iter().position(u8::is_ascii_digit).unwrap_or(digits.len()),
                |i| i + 1,
            );
            if let Some((ip, port)) = six_numbers(&digits[from..]) {
                c.field(PASSIVE_IP, Value::Ipv4(ip), span);
                c.field(PASSIVE_PORT, Value::Uint(port.into()), span);
                announce(t, crate::decode::net::Ip::wide(ip), port, "PASV");
            }
        }
        229 => {
            let port = line.split(|v| *v == b'|').nth(3).map(number).and_then(|p| u16::try_from(p).ok());
            if let Some(port) = port.filter(|p| *p > 0) {
                let server = t.addresses[0];
                address(c, EPSV_IP, EPSV_IPV6, server, span);
                c.field(EPSV_PORT, Value::Uint(port.into()), span);
                announce(t, server, port, "EPSV");
            }
        }
        257 => {
            let mut parts = line.split(|v| *v == b'"');
            if let Some(path) = parts.nth(1) {
                t.ftp().directory = Some(String::from_utf8_lossy(path).as_ref().into());
            }
        }
        250 => {
            let s = t.ftp();
            if let Some(asked) = s.asked.take() {
                s.directory = Some(below(s.directory.as_deref(), &asked));
            }
        }
        234 => {
            t.becomes = Some(App::Tls);
            *t.state = super::State::Tls(super::tls::State {
                inside: Some("File Transfer Protocol (FTP)"),
                ..Default::default()
            });
        }
        _ => {}
    }
}

/// A directory seen from another.
fn below(from: Option<&str>, to: &str) -> Arc<str> {
    if to.starts_with('/') {
        return to.into();
    }
    let mut path = from.unwrap_or("/").trim_end_matches('/').to_owned();
    for part in to.split('/') {
        match part {
            "" | "." => {}
            ".." => path.truncate(path.rfind('/').unwrap_or(0)),
            name => {
                path.push('/');
                path.push_str(name);
            }
        }
    }
    if path.is_empty() { "/".into() } else { path.into() }
}

fn address<S: Sink>(c: &mut Ctx<'_, S>, v4: FieldId, v6: FieldId, a: [u8; 16], span: Span) {
    if a[..12] == [0; 12] {
        c.field(v4, Value::Ipv4(u32::from_be_bytes([a[12], a[13], a[14], a[15]])), span);
    } else {
        c.field(v6, Value::Ipv6(a), span);
    }
}

/// `h1,h2,h3,h4,p1,p2`.
fn six_numbers(text: &[u8]) -> Option<(u32, u16)> {
    let mut n = [0u8; 6];
    let mut parts = text.split(|v| *v == b',');
    for v in &mut n {
        let part = parts.next()?.trim_ascii();
        if !part.first()?.is_ascii_digit() {
            return None;
        }
        *v = u8::try_from(number(part)).ok()?;
    }
    Some((u32::from_be_bytes([n[0], n[1], n[2], n[3]]), u16::from_be_bytes([n[4], n[5]])))
}

/// `|family|address|port|`.
fn extended_port<S: Sink>(c: &mut Ctx<'_, S>, argument: &[u8], span: Span, t: &mut Talk<'_>) {
    let Some((delimiter, rest)) = argument.split_first() else { return };
    let parts: Vec<&[u8]> = rest.split(|v| v == delimiter).collect();
    let [family, host, port, ..] = parts[..] else { return };
    let host = std::str::from_utf8(host).unwrap_or_default();
    let address = match family {
        b"1" => host.parse::<std::net::Ipv4Addr>().ok().map(|a| crate::decode::net::Ip::wide(a.into())),
        b"2" => host.parse::<std::net::Ipv6Addr>().ok().map(|a| a.octets()),
        _ => None,
    };
    let (Some(a), Ok(port)) = (address, u16::try_from(number(port))) else { return };
    c.field(EPRT_FAMILY, Value::Uint(number(family)), span);
    self::address(c, EPRT_IP, EPRT_IPV6, a, span);
    c.field(EPRT_PORT, Value::Uint(port.into()), span);
    announce(t, a, port, "EPRT");
}

fn announce(t: &mut Talk<'_>, address: [u8; 16], port: u16, method: &'static str) {
    let frame = t.frame;
    let s = t.ftp();
    s.announced = Some((address, port));
    s.setup = frame;
    s.method = method;
    s.command = None;
    again(t);
}

/// Tells, or tells anew, which connection is to come.
fn again(t: &mut Talk<'_>) {
    let s = t.ftp().clone();
    if let Some((address, port)) = s.announced {
        t.expect = Some(Expect { address, port, app: App::FtpData, state: super::State::Ftp(s) });
    }
}

/// Dissects a data connection.
pub fn transfer<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>) -> Outcome<Verdict> {
    c.layer(Proto::FtpData, b.whole());
    let s = t.ftp().clone();
    if let Some(info) = c.summary().and_then(|s| s.take("FTP-DATA")) {
        info.text("FTP Data: ");
        info.dec(b.reported() as u64);
        info.text(" bytes");
        if s.setup > 0 {
            info.text(" (");
            info.text(s.method);
            info.text(")");
        }
        if let Some(command) = &s.command {
            info.text(" (");
            info.text(command);
            info.text(")");
        }
    }
    if s.setup > 0 {
        c.field(data::SETUP_FRAME, Value::Uint(s.setup), Span::NONE);
        c.field(data::SETUP_METHOD, Value::Str(s.method), Span::NONE);
    }
    if let Some(command) = &s.command {
        c.field(data::COMMAND, Value::Str(command), Span::NONE);
        c.field(data::COMMAND_FRAME, Value::Uint(s.command_frame), Span::NONE);
    }
    if let Some(d) = &s.directory {
        c.field(data::DIRECTORY, Value::Str(d), Span::NONE);
    }
    let legible = |v: &u8| matches!(v, 0x20..=0x7E | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C);
    if b.bytes().iter().all(legible) {
        c.layer(Proto::DataTextLines, b.whole());
    }
    Ok(Verdict::Done)
}
