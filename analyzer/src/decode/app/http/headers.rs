//! Header lines of HTTP, and what they say about the body.

use crate::decode::{Buf, Ctx, FieldId, Sink, Value};

use super::body::Framing;
use super::{Line, line, line_or_rest, number, status_code, string};

/// What the head of a message says.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    /// What its first line is.
    pub kind: Line,
    /// Bytes up to and with the empty line; all when there is none.
    pub len: usize,
    /// True when the empty line was seen.
    pub complete: bool,
    /// Where the body ends.
    pub framing: Framing,
    /// The media type in lower case letters, without parameters.
    pub content_type: Option<&'a [u8]>,
    /// True when the body is compressed.
    pub encoded: bool,
    /// The host that was asked.
    pub host: Option<&'a [u8]>,
    /// A body without a length ends with the connection.
    pub ends_with_connection: bool,
}

impl<'a> Head<'a> {
    /// Reads the head at the start of `b`; `answers_head` for a response to a HEAD request.
    #[must_use]
    pub fn parse(b: &'a [u8], kind: Line, answers_head: bool) -> Self {
        let mut h = Self {
            kind,
            len: b.len(),
            complete: false,
            framing: Framing::None,
            content_type: None,
            encoded: false,
            host: None,
            ends_with_connection: false,
        };
        let (mut length, mut chunked, mut keep_alive, mut closes) = (None, false, false, false);
        let (first, mut at) = line_or_rest(b);
        while at < b.len() {
            let Some((text, len)) = line(&b[at..]) else { break };
            at += len;
            if text.is_empty() {
                h.len = at;
                h.complete = true;
                break;
            }
            let Some((name, value)) = split(text) else { continue };
            let value = value.trim_ascii_end();
            let is = |n: &str| name.eq_ignore_ascii_case(n.as_bytes());
            if is("Content-Length") {
                length = length_of(value).or(length);
            } else if is("Transfer-Encoding") {
                chunked |= value.to_ascii_lowercase().windows(7).any(|w| w == b"chunked");
            } else if is("Content-Type") {
                let end = value.iter().position(|c| *c == b';').unwrap_or(value.len());
                h.content_type = Some(value[..end].trim_ascii());
            } else if is("Content-Encoding") {
                h.encoded = !value.eq_ignore_ascii_case(b"identity");
            } else if is("Host") {
                h.host = Some(value);
            } else if is("Connection") || is("Proxy-Connection") {
                keep_alive |= value.eq_ignore_ascii_case(b"keep-alive");
                closes |= value.eq_ignore_ascii_case(b"close");
            }
        }
        let code = status_code(first);
        let empty = kind == Line::Response && (answers_head || code / 100 == 1 || code == 204 || code == 304);
        h.framing = match (chunked, length) {
            _ if empty => Framing::None,
            (true, _) => Framing::Chunked,
            (false, Some(n)) => Framing::Length(n),
            (false, None) if kind == Line::Request => Framing::None,
            (false, None) => Framing::Rest,
        };
        h.ends_with_connection = closes || !keep_alive;
        h
    }
}

/// The length that a header says; `None` when it says none.
fn length_of(value: &[u8]) -> Option<u64> {
    value.first().is_some_and(u8::is_ascii_digit).then(|| number(value))
}

/// Name and value of a header line. Blanks behind the value are left in it.
#[must_use]
pub fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = text.iter().position(|c| *c == b':')?;
    Some((&text[..colon], text[colon + 1..].trim_ascii_start()))
}

/// The field of a header.
fn field_of(name: &[u8]) -> Option<FieldId> {
    const FIELDS: &[(&str, FieldId)] = &[
        ("Authorization", super::AUTHORIZATION),
        ("Proxy-Authorization", super::PROXY_AUTHORIZATION),
        ("Proxy-Authenticate", super::PROXY_AUTHENTICATE),
        ("WWW-Authenticate", super::WWW_AUTHENTICATE),
        ("Content-Type", super::CONTENT_TYPE),
        ("Content-Length", super::CONTENT_LENGTH_HEADER),
        ("Content-Encoding", super::CONTENT_ENCODING),
        ("Transfer-Encoding", super::TRANSFER_ENCODING),
        ("Upgrade", super::UPGRADE),
        ("User-Agent", super::USER_AGENT),
        ("Host", super::HOST),
        ("Connection", super::CONNECTION),
        ("Cookie", super::COOKIE),
        ("Accept", super::ACCEPT),
        ("Referer", super::REFERER),
        ("Accept-Language", super::ACCEPT_LANGUAGE),
        ("Accept-Encoding", super::ACCEPT_ENCODING),
        ("Date", super::DATE),
        ("Cache-Control", super::CACHE_CONTROL),
        ("Server", super::SERVER),
        ("Location", super::LOCATION),
        ("Sec-WebSocket-Accept", super::WS_ACCEPT),
        ("Sec-WebSocket-Extensions", super::WS_EXTENSIONS),
        ("Sec-WebSocket-Key", super::WS_KEY),
        ("Sec-WebSocket-Protocol", super::WS_PROTOCOL),
        ("Sec-WebSocket-Version", super::WS_VERSION),
        ("Set-Cookie", super::SET_COOKIE),
        ("Last-Modified", super::LAST_MODIFIED),
        ("X-Forwarded-For", super::FORWARDED_FOR),
        ("HTTP2-Settings", super::HTTP2_SETTINGS),
    ];
    FIELDS.iter().find(|(n, _)| n.as_bytes().eq_ignore_ascii_case(name)).map(|f| f.1)
}

/// Shows every header line, and those that have a field of their own.
pub fn fields<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, h: &Head<'_>) {
    let bytes = &b.bytes()[..h.len];
    let (_, mut at) = line_or_rest(bytes);
    while at < bytes.len() {
        let (text, len) = line_or_rest(&bytes[at..]);
        let span = b.span(at, len);
        let whole = &bytes[at..at + len];
        at += len;
        if text.is_empty() {
            break;
        }
        let line_field = match h.kind {
            Line::Request => super::REQUEST_LINE,
            Line::Response => super::RESPONSE_LINE,
            Line::Notification | Line::Other => super::UNKNOWN_HEADER,
        };
        let Some((name, value)) = split(text) else { continue };
        let known = field_of(name);
        if line_field != super::UNKNOWN_HEADER || known.is_none() {
            string(c, line_field, whole, span);
        }
        let Some(id) = known else { continue };
        string(c, id, value, span);
        if id == super::CONTENT_LENGTH_HEADER {
            if let Some(n) = length_of(value) {
                c.field(super::CONTENT_LENGTH, Value::Uint(n), span);
            }
        } else if id == super::COOKIE && c.sink.asks(super::COOKIE_PAIR) {
            for pair in value.split(|c| *c == b';') {
                string(c, super::COOKIE_PAIR, pair.trim_ascii_start(), span);
            }
        }
    }
}

/// What the registry calls a status code.
#[must_use]
pub fn status(code: u64) -> Option<&'static str> {
    Some(match code {
        100 => "Continue",
        101 => "Switching Protocols",
        102 => "Processing",
        103 => "Early Hints",
        199 => "Informational - Others",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        207 => "Multi-Status",
        208 => "Already Reported",
        226 => "IM Used",
        299 => "Success - Others",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        305 => "Use Proxy",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        399 => "Redirection - Others",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Time-out",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Requested Range Not Satisfiable",
        417 => "Expectation Failed",
        418 => "I'm a teapot",
        422 => "Unprocessable Entity",
        423 => "Locked",
        424 => "Failed Dependency",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        499 => "Client Error - Others",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Time-out",
        505 => "HTTP Version not supported",
        507 => "Insufficient Storage",
        508 => "Loop Detected",
        511 => "Network Authentication Required",
        599 => "Server Error - Others",
        _ => return None,
    })
}
