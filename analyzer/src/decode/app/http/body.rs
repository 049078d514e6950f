//! Where the body of an HTTP message ends.

use crate::decode::app::Need;
use crate::decode::{Buf, Ctx, Proto, Sink, Value};

use super::headers::Head;
use super::{CHUNK_BOUNDARY, CHUNK_DATA, CHUNK_SIZE, Line, TRAILER, line, string};

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    None,
    /// By its length.
    Length(u64),
    /// By a chunk of length 0.
    Chunked,
    /// By the end of the connection.
    Rest,
}

/// What a message lacks.
#[must_use]
pub fn missing(b: &[u8], h: &Head<'_>) -> Option<Need> {
    if !h.complete {
        return Some(Need::Segment);
    }
    let body = &b[h.len..];
    match h.framing {
        Framing::Length(n) => {
            let lacking = n.checked_sub(body.len() as u64).filter(|n| *n > 0)?;
            // What no sequence number reaches is not waited for.
            u32::try_from(lacking).ok().filter(|n| *n < 1 << 30).map(Need::Bytes)
        }
        Framing::Chunked => chunks_missing(body),
        Framing::Rest if h.kind == Line::Response && h.ends_with_connection => Some(Need::End),
        Framing::None | Framing::Rest => None,
    }
}

/// One chunk's header: its data's length, and where it begins.
fn chunk(b: &[u8]) -> Option<(usize, usize)> {
    let (text, len) = line(b)?;
    let digits = text.iter().take_while(|c| c.is_ascii_hexdigit()).count().min(8);
    let size = std::str::from_utf8(&text[..digits]).ok().and_then(|t| usize::from_str_radix(t, 16).ok())?;
    Some((size, len))
}

fn chunks_missing(b: &[u8]) -> Option<Need> {
    let mut at = 0;
    loop {
        let rest = b.get(at..).unwrap_or_default();
        if line(rest).is_none() {
            return Some(Need::Segment);
        }
        let (size, head) = chunk(rest)?;
        if size == 0 {
            return trailer(&rest[head..]).is_none().then_some(Need::Segment);
        }
        let end = at + head + size + 2;
        if end > b.len() {
            return Some(Need::Segment);
        }
        at = end;
    }
}

/// Length of the lines behind the last chunk.
fn trailer(b: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let (text, len) = line(&b[at..])?;
        at += len;
        if text.is_empty() {
            return Some(at);
        }
    }
}

/// Shows the chunks; the length of all of them.
pub fn chunks<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> usize {
    let bytes = b.bytes();
    let wants = c.wants(Proto::Http);
    let mut at = 0;
    while at < bytes.len() {
        let Some((size, head)) = chunk(&bytes[at..]) else { break };
        if wants {
            c.field(CHUNK_SIZE, Value::Uint(size as u64), b.span(at, head));
        }
        if size == 0 {
            let rest = &bytes[at + head..];
            let len = trailer(rest).unwrap_or(rest.len());
            if wants && len > 2 {
                string(c, TRAILER, &rest[..len], b.span(at + head, len));
            }
            return at + head + len;
        }
        let data = b.from(at + head).truncate(size);
        if wants {
            c.field(CHUNK_DATA, Value::Bytes(data.bytes()), data.whole());
            let end = b.from(at + head + size).truncate(2);
            if end.captured() == 2 {
                c.field(CHUNK_BOUNDARY, Value::Bytes(end.bytes()), end.whole());
            }
        }
        at = (at + head + size + 2).min(bytes.len());
    }
    at
}
