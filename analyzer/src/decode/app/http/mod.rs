//! HTTP/1 (RFC 9112): requests, responses, their headers, and where their bodies end.
//!
//! Bodies are named by their media type; a compressed one is not unpacked.

pub mod body;
pub mod content;
pub mod headers;
pub mod state;

use crate::decode::{Base, Buf, Ctx, FieldId, Kind, Outcome, Proto, Sink, Span, Value, fmt::Out};

use super::{App, Need, Talk, Verdict};
use body::Framing;
use headers::Head;
pub use state::{State, Tunnel};

crate::protocol! { Http, "http", "Hypertext Transfer Protocol";
    NOTIFICATION "http.notification" "Notification" Kind::Bool;
    RESPONSE "http.response" "Response" Kind::Bool;
    REQUEST "http.request" "Request" Kind::Bool;
    RESPONSE_NUMBER "http.response_number" "Response number" Kind::Uint(32, Base::Dec);
    REQUEST_NUMBER "http.request_number" "Request number" Kind::Uint(32, Base::Dec);
    RESPONSE_LINE "http.response.line" "Response line" Kind::Str;
    REQUEST_LINE "http.request.line" "Request line" Kind::Str;
    REQUEST_METHOD "http.request.method" "Request Method" Kind::Str;
    REQUEST_URI "http.request.uri" "Request URI" Kind::Str;
    REQUEST_PATH "http.request.uri.path" "Request URI Path" Kind::Str;
    REQUEST_QUERY "http.request.uri.query" "Request URI Query" Kind::Str;
    REQUEST_PARAMETER "http.request.uri.query.parameter" "Request URI Query Parameter" Kind::Str;
    REQUEST_VERSION "http.request.version" "Request Version" Kind::Str;
    RESPONSE_VERSION "http.response.version" "Response Version" Kind::Str;
    FULL_URI "http.request.full_uri" "Full request URI" Kind::Str;
    RESPONSE_CODE "http.response.code" "Status Code" Kind::Uint(16, Base::Dec);
    RESPONSE_CODE_DESC "http.response.code.desc" "Status Code Description" Kind::Str;
    RESPONSE_FOR "http.response_for.uri" "Request URI" Kind::Str;
    RESPONSE_PHRASE "http.response.phrase" "Response Phrase" Kind::Str;
    AUTHORIZATION "http.authorization" "Authorization" Kind::Str;
    PROXY_AUTHENTICATE "http.proxy_authenticate" "Proxy-Authenticate" Kind::Str;
    PROXY_AUTHORIZATION "http.proxy_authorization" "Proxy-Authorization" Kind::Str;
    PROXY_HOST "http.proxy_connect_host" "Proxy-Connect-Hostname" Kind::Str;
    PROXY_PORT "http.proxy_connect_port" "Proxy-Connect-Port" Kind::Uint(16, Base::Dec);
    WWW_AUTHENTICATE "http.www_authenticate" "WWW-Authenticate" Kind::Str;
    CONTENT_TYPE "http.content_type" "Content-Type" Kind::Str;
    CONTENT_LENGTH_HEADER "http.content_length_header" "Content-Length" Kind::Str;
    CONTENT_LENGTH "http.content_length" "Content length" Kind::Uint(64, Base::Dec);
    CONTENT_ENCODING "http.content_encoding" "Content-Encoding" Kind::Str;
    TRANSFER_ENCODING "http.transfer_encoding" "Transfer-Encoding" Kind::Str;
    UPGRADE "http.upgrade" "Upgrade" Kind::Str;
    USER_AGENT "http.user_agent" "User-Agent" Kind::Str;
    HOST "http.host" "Host" Kind::Str;
    CONNECTION "http.connection" "Connection" Kind::Str;
    COOKIE "http.cookie" "Cookie" Kind::Str;
    COOKIE_PAIR "http.cookie_pair" "Cookie pair" Kind::Str;
    ACCEPT "http.accept" "Accept" Kind::Str;
    REFERER "http.referer" "Referer" Kind::Str;
    ACCEPT_LANGUAGE "http.accept_language" "Accept-Language" Kind::Str;
    ACCEPT_ENCODING "http.accept_encoding" "Accept Encoding" Kind::Str;
    DATE "http.date" "Date" Kind::Str;
    CACHE_CONTROL "http.cache_control" "Cache-Control" Kind::Str;
    SERVER "http.server" "Server" Kind::Str;
    LOCATION "http.location" "Location" Kind::Str;
    WS_ACCEPT "http.sec_websocket_accept" "Sec-WebSocket-Accept" Kind::Str;
    WS_EXTENSIONS "http.sec_websocket_extensions" "Sec-WebSocket-Extensions" Kind::Str;
    WS_KEY "http.sec_websocket_key" "Sec-WebSocket-Key" Kind::Str;
    WS_PROTOCOL "http.sec_websocket_protocol" "Sec-WebSocket-Protocol" Kind::Str;
    WS_VERSION "http.sec_websocket_version" "Sec-WebSocket-Version" Kind::Str;
    SET_COOKIE "http.set_cookie" "Set-Cookie" Kind::Str;
    LAST_MODIFIED "http.last_modified" "Last-Modified" Kind::Str;
    FORWARDED_FOR "http.x_forwarded_for" "X-Forwarded-For" Kind::Str;
    HTTP2_SETTINGS "http.http2_settings" "HTTP2-Settings" Kind::Str;
    REQUEST_IN "http.request_in" "Request in frame" Kind::FrameNum;
    PREV_REQUEST_IN "http.prev_request_in" "Prev request in frame" Kind::FrameNum;
    PREV_RESPONSE_IN "http.prev_response_in" "Prev response in frame" Kind::FrameNum;
    TIME "http.time" "Time since request" Kind::RelTime;
    TRAILER "http.chunked_trailer_part" "trailer-part" Kind::Str;
    CHUNK_BOUNDARY "http.chunk_boundary" "Chunk boundary" Kind::Bytes;
    CHUNK_SIZE "http.chunk_size" "Chunk size" Kind::Uint(32, Base::Dec);
    CHUNK_DATA "http.chunk_data" "Chunk data" Kind::Bytes;
    UNKNOWN_HEADER "http.unknown_header" "Unknown header" Kind::Str;
}

/// What a first line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// A request.
    Request,
    /// A notification of the event protocols that borrow HTTP's form.
    Notification,
    /// A response.
    Response,
    /// Neither.
    Other,
}

const METHODS: &[&str] = &[
    "GET",
    "PUT",
    "COPY",
    "HEAD",
    "LOCK",
    "MOVE",
    "POLL",
    "POST",
    "BCOPY",
    "BMOVE",
    "MKCOL",
    "TRACE",
    "PATCH",
    "LABEL",
    "MERGE",
    "DELETE",
    "SEARCH",
    "UNLOCK",
    "REPORT",
    "UPDATE",
    "BDELETE",
    "CONNECT",
    "OPTIONS",
    "CHECKIN",
    "PROPFIND",
    "CHECKOUT",
    "CCM_POST",
    "PROPPATCH",
    "BPROPFIND",
    "BPROPPATCH",
    "UNCHECKOUT",
    "MKACTIVITY",
    "MKWORKSPACE",
    "RPC_CONNECT",
    "VERSION-CONTROL",
    "BASELINE-CONTROL",
    "RPC_IN_DATA",
    "RPC_OUT_DATA",
    "SSTP_DUPLEX_POST",
    "MKREDIRECTREF",
    "UPDATEREDIRECTREF",
    "GENA",
];
const NOTIFICATIONS: &[&str] = &["NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "NOTIFICATION", "GENA"];

/// Tells what a line starts as.
#[must_use]
pub fn line_kind(line: &[u8]) -> Line {
    if line.starts_with(b"HTTP/") || line.starts_with(b"ICY") {
        return Line::Response;
    }
    let Some(end) = line.iter().position(|b| *b == b' ') else { return Line::Other };
    let word = &line[..end];
    if METHODS.iter().any(|m| m.as_bytes() == word) {
        Line::Request
    } else if NOTIFICATIONS.iter().any(|m| m.as_bytes() == word) {
        Line::Notification
    } else {
        Line::Other
    }
}

/// True when the first line names a version of HTTP/1 at its start or end.
#[must_use]
pub fn looks_like(b: &[u8]) -> bool {
    let prefix = |s: &[u8]| s.get(..7).is_some_and(|s| s.eq_ignore_ascii_case(b"HTTP/1."));
    if prefix(b) {
        return line(b).is_some();
    }
    line(b).is_some_and(|(l, _)| l.len() >= 8 && prefix(&l[l.len() - 8..]))
}

/// The first line without its end, and where the next one begins.
#[must_use]
pub fn line(b: &[u8]) -> Option<(&[u8], usize)> {
    let at = b.iter().position(|c| *c == b'\n')?;
    let text = &b[..at];
    Some((text.strip_suffix(b"\r").unwrap_or(text), at + 1))
}

/// Like [`line()`]; what has no end ends with the bytes.
#[must_use]
pub fn line_or_rest(b: &[u8]) -> (&[u8], usize) {
    line(b).unwrap_or((b, b.len()))
}

/// Dissects one message after another.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>) -> Outcome<Verdict> {
    if let Some(inside) = t.http().tunnel.clone() {
        return tunnelled(c, b, t, inside);
    }
    let mut at = 0;
    while b.from(at).captured() > 0 {
        match message(c, b.from(at), t)? {
            Ok(len) => at += len,
            Err(need) => return Ok(Verdict::More { at, need }),
        }
    }
    Ok(Verdict::Done)
}

/// One message: its length, or what is missing.
fn message<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>) -> Outcome<Result<usize, Need>> {
    let bytes = b.bytes();
    let Some((first_line, _)) = line(bytes).or_else(|| (!t.may_wait).then(|| line_or_rest(bytes))) else {
        return Ok(Err(Need::Segment));
    };
    let kind = line_kind(first_line);
    if kind == Line::Other {
        return Ok(Ok(other(c, b)));
    }
    if let Some(info) = c.summary().and_then(|s| s.take("HTTP")) {
        text(info, first_line);
        info.push(b' ');
    }
    let mut head = Head::parse(bytes, kind, t.http().head);
    if kind == Line::Response && t.http().connect && status_code(first_line) / 100 == 2 {
        // The tunnel begins right behind it.
        head.framing = Framing::None;
    }
    if t.may_wait
        && let Some(need) = body::missing(bytes, &head)
        && (need != Need::End || !t.ending)
    {
        return Ok(Err(need));
    }
    c.layer(Proto::Http, b.whole());
    let wants = c.wants(Proto::Http);
    if wants {
        first_line_fields(c, b, kind, first_line);
        headers::fields(c, b, &head);
    }
    exchange(c, t, &head, kind, first_line);
    let body = b.from(head.len);
    let len = match head.framing {
        Framing::None => 0,
        Framing::Length(n) => body.captured().min(usize::try_from(n).unwrap_or(usize::MAX)),
        Framing::Chunked => body::chunks(c, body),
        Framing::Rest => body.captured(),
    };
    if len > 0 {
        content::dissect(c, body.truncate(len), &head);
    }
    take_over(t, kind, first_line);
    Ok(Ok((head.len + len).max(1)))
}

/// What is neither a request nor a response: the middle of something whose start was not seen.
fn other<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> usize {
    if let Some(info) = c.summary().and_then(|s| s.take("HTTP")) {
        info.text("Continuation");
    }
    c.layer(Proto::Http, b.whole());
    crate::decode::data::dissect(c, b);
    b.captured().max(1)
}

/// Bytes behind a proxy that was asked to connect.
fn tunnelled<S: Sink>(
    c: &mut Ctx<'_, S>,
    b: Buf<'_>,
    t: &mut Talk<'_>,
    mut inside: Box<Tunnel>,
) -> Outcome<Verdict> {
    c.layer(Proto::Http, b.whole());
    string(c, PROXY_HOST, inside.host.as_bytes(), Span::NONE);
    c.field(PROXY_PORT, Value::Uint(inside.port.into()), Span::NONE);
    // The proxy stands for the end that was asked for.
    let mut ports = t.ports;
    let proxy = usize::from(t.upper != inside.upper);
    ports[proxy] = inside.port;
    let app = inside.app.or_else(|| super::guess(b)).filter(|a| *a != App::Http);
    inside.app = app;
    let r = match app {
        Some(app) => {
            let mut talk = Talk { ports, state: &mut inside.state, expect: None, becomes: None, ..*t };
            super::call(c, app, b, &mut talk)
        }
        None => Ok(Verdict::Rejected),
    };
    t.http().tunnel = Some(inside);
    if r == Ok(Verdict::Rejected) {
        crate::decode::data::dissect(c, b);
        return Ok(Verdict::Done);
    }
    r
}

/// Request or status line.
fn first_line_fields<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, kind: Line, first: &[u8]) {
    let span = b.span(0, first.len());
    let mut words = first.splitn(3, |c| *c == b' ');
    let mut word = || words.next().unwrap_or_default();
    if kind == Line::Response {
        string(c, RESPONSE_VERSION, word(), span);
        let code = word();
        let n = number(code);
        c.field(RESPONSE_CODE, Value::Uint(n), span);
        string(c, RESPONSE_CODE_DESC, headers::status(n).unwrap_or("Unknown").as_bytes(), span);
        string(c, RESPONSE_PHRASE, word(), span);
        c.field(RESPONSE, Value::Uint(1), Span::NONE);
    } else {
        string(c, REQUEST_METHOD, word(), span);
        let rest = first.get(first.iter().position(|c| *c == b' ').map_or(first.len(), |i| i + 1)..);
        let rest = rest.unwrap_or_default();
        // The version follows the last blank, so that blanks inside the URI stay in it.
        let cut = rest.windows(6).position(|w| w == b" HTTP/");
        let (uri, version) = match cut {
            Some(i) => (&rest[..i], &rest[i + 1..]),
            None => match rest.iter().position(|c| *c == b' ') {
                Some(i) => (&rest[..i], &rest[i + 1..]),
                None => (rest, &[][..]),
            },
        };
        string(c, REQUEST_URI, uri, span);
        uri_parts(c, uri, span);
        if !version.is_empty() {
            string(c, REQUEST_VERSION, version, span);
        }
        if kind == Line::Request {
            c.field(REQUEST, Value::Uint(1), Span::NONE);
        } else {
            c.field(NOTIFICATION, Value::Uint(1), Span::NONE);
        }
    }
}

fn uri_parts<S: Sink>(c: &mut Ctx<'_, S>, uri: &[u8], span: Span) {
    let Some(q) = uri.iter().position(|c| *c == b'?').filter(|q| q + 1 < uri.len()) else { return };
    string(c, REQUEST_PATH, &uri[..q], span);
    let query = &uri[q + 1..];
    string(c, REQUEST_QUERY, query, span);
    if c.sink.asks(REQUEST_PARAMETER) {
        for p in query.split(|c| *c == b'&').filter(|p| !p.is_empty()) {
            string(c, REQUEST_PARAMETER, p, span);
        }
    }
}

/// Pairs requests with responses.
fn exchange<S: Sink>(c: &mut Ctx<'_, S>, t: &mut Talk<'_>, head: &Head<'_>, kind: Line, first: &[u8]) {
    let (frame, time) = (t.frame, t.time);
    let s = t.http();
    let wants = c.wants(Proto::Http);
    match kind {
        Line::Request => {
            let uri = first.split(|c| *c == b' ').nth(1).unwrap_or_default();
            let method = first.split(|c| *c == b' ').next().unwrap_or_default();
            s.request(frame, time, method, uri, head.host);
            if wants {
                full_uri(c, s);
                c.field(REQUEST_NUMBER, Value::Uint(s.number.into()), Span::NONE);
                if s.previous.request > 0 {
                    c.field(PREV_REQUEST_IN, Value::Uint(s.previous.request), Span::NONE);
                }
            }
        }
        Line::Response => {
            s.response(frame);
            if wants {
                c.field(RESPONSE_NUMBER, Value::Uint(s.number.into()), Span::NONE);
                if let (Some(then), Some(now), true) = (s.this.time, time, s.this.request > 0) {
                    let d = now.nanos_total() - then.nanos_total();
                    c.field(TIME, Value::Duration(i64::try_from(d).unwrap_or(i64::MAX)), Span::NONE);
                }
                previous(c, s);
                if s.this.request > 0 {
                    c.field(REQUEST_IN, Value::Uint(s.this.request), Span::NONE);
                }
                if let Some(uri) = s.full_uri.as_deref().or(s.uri.as_deref()) {
                    c.field(RESPONSE_FOR, Value::Str(uri), Span::NONE);
                }
            }
        }
        Line::Notification => {
            let uri = first.split(|c| *c == b' ').nth(1).unwrap_or_default();
            s.asked(uri, head.host);
            if wants {
                full_uri(c, s);
            }
        }
        Line::Other => {}
    }
}

fn full_uri<S: Sink>(c: &mut Ctx<'_, S>, s: &State) {
    if let Some(uri) = s.full_uri.as_deref() {
        c.field(FULL_URI, Value::Str(uri), Span::NONE);
    }
}

fn previous<S: Sink>(c: &mut Ctx<'_, S>, s: &State) {
    if s.previous.request > 0 {
        c.field(PREV_REQUEST_IN, Value::Uint(s.previous.request), Span::NONE);
    }
    if s.previous.response > 0 {
        c.field(PREV_RESPONSE_IN, Value::Uint(s.previous.response), Span::NONE);
    }
}

/// The code in the first line of a response.
fn status_code(first: &[u8]) -> u64 {
    number(first.split(|c| *c == b' ').nth(1).unwrap_or_default())
}

/// After a CONNECT that was granted, the bytes are another protocol's.
fn take_over(t: &mut Talk<'_>, kind: Line, first: &[u8]) {
    let code = status_code(first);
    let upper = t.upper;
    let s = t.http();
    if kind == Line::Response && code / 100 == 2 && s.connect {
        s.tunnel = Some(Box::new(Tunnel {
            app: super::tcp_port(s.port),
            port: s.port,
            host: s.uri.as_deref().map_or("", |u| u.split(':').next().unwrap_or_default()).into(),
            upper,
            state: super::State::None,
        }));
    }
}

/// Decimal digits at the start.
#[must_use]
pub fn number(text: &[u8]) -> u64 {
    let digits = text.iter().take_while(|c| c.is_ascii_digit()).skip_while(|c| **c == b'0').take(18);
    digits.fold(0, |n, c| n * 10 + u64::from(c - b'0'))
}

/// Text up to the first null; what is not UTF-8 is replaced.
pub fn string<S: Sink>(c: &mut Ctx<'_, S>, id: FieldId, text: &[u8], span: Span) {
    if c.sink.asks(id) {
        let text = text.split(|v| *v == 0).next().unwrap_or_default();
        c.field(id, Value::Str(&String::from_utf8_lossy(text)), span);
    }
}

/// Appends text to the info column; what cannot be printed is escaped.
pub fn text(info: &mut Vec<u8>, text: &[u8]) {
    for &b in text {
        match b {
            b'\t' => info.text("\\t"),
            b'\n' => info.text("\\n"),
            b'\r' => info.text("\\r"),
            0..=0x1F | 0x7F..=0xFF => {
                info.text("\\");
                info.push(b'0' + (b >> 6));
                info.push(b'0' + (b >> 3 & 7));
                info.push(b'0' + (b & 7));
            }
            _ => info.push(b),
        }
    }
}
