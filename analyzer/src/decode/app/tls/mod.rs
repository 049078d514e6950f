//! TLS and SSL (RFC 8446, RFC 5246, RFC 6101): records, alerts, and what is not encrypted of the
//! handshake.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | content type |
//! | 1 | 2 | version |
//! | 3 | 2 | length |
//! | 5 | … | content |

pub mod ciphers;
pub mod extensions;
pub mod fields;
pub mod handshake;
pub mod ja3;
pub mod keys;
pub mod names;
pub mod read;
pub mod ssl2;
pub mod x509;

use std::sync::Arc;

use crate::decode::{Buf, Ctx, Outcome, Proto, Sink, Value, fmt::Out};

use super::{Need, Talk, Verdict};
pub use fields::*;

/// What is remembered of a connection.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Version agreed on, 0 before.
    pub version: u16,
    /// Cipher suite agreed on.
    pub cipher: u16,
    /// Frame in which each direction went over to encryption; lower end first.
    pub encrypted: [bool; 2],
    /// Which direction is the server's.
    pub server: Option<bool>,
    /// Session id that the client offered.
    pub offered: Option<Arc<[u8]>>,
    /// The client offered a session ticket.
    pub ticket: bool,
    /// The protocol agreed on by name.
    pub alpn: Option<Arc<[u8]>>,
    /// The start of a handshake message that goes on in the next record of a direction.
    pub partial: [Option<Arc<[u8]>>; 2],
    /// The protocol that went over to TLS on this connection.
    pub inside: Option<&'static str>,
}

/// Bytes of a record's header.
const HEAD: usize = 5;
/// No record is longer (RFC 5246 section 6.2.3).
const MAX_RECORD: usize = (1 << 14) + 2048;

/// True when bytes begin like a record, or like the first message of SSL 2.
#[must_use]
pub fn looks_like(b: &[u8]) -> bool {
    record_head(b) || ssl2::looks_like(b)
}

fn record_head(b: &[u8]) -> bool {
    let Some(h) = b.first_chunk::<HEAD>() else { return false };
    let len = usize::from(u16::from_be_bytes([h[3], h[4]]));
    matches!(h[0], 20..=24) && h[1] == 3 && h[2] <= 4 && len > 0 && len <= MAX_RECORD && {
        match h[0] {
            20 => len == 1,
            22 => b.get(5).is_none_or(|t| names::handshake((*t).into()).is_some() || len > 64),
            _ => true,
        }
    }
}

/// Dissects one record after another.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>) -> Outcome<Verdict> {
    // Another decoder's memory gives way, whatever is found.
    t.tls();
    let bytes = b.bytes();
    if bytes.len() < HEAD && t.may_wait && matches!(bytes.first(), Some(20..=24)) {
        return Ok(Verdict::More { at: 0, need: Need::Segment });
    }
    c.layer(Proto::Tls, b.whole());
    if let Some(line) = c.summary() {
        line.take("TLS");
    }
    let mut at = 0;
    while at < b.reported() && b.from(at).captured() > 0 {
        let rest = b.from(at);
        if ssl2::looks_like(rest.bytes()) && t.tls().version == 0 {
            at += ssl2::dissect(c, rest, t)?;
            continue;
        }
        if rest.captured() < HEAD {
            if t.may_wait {
                return Ok(Verdict::More { at, need: Need::Segment });
            }
            return Err(rest.malformed(0));
        }
        let known = matches!(rest.u8(0)?, 20..=24) && rest.u8(1)? == 3;
        if !known {
            ignored(c, rest, t);
            return Ok(Verdict::Done);
        }
        let len = usize::from(rest.u16(3)?);
        if t.may_wait && rest.captured() < HEAD + len {
            return Ok(Verdict::More { at, need: Need::Bytes((HEAD + len - rest.captured()) as u32) });
        }
        record(c, rest.truncate(HEAD + len), t)?;
        at += HEAD + len;
    }
    Ok(Verdict::Done)
}

/// Names the version in the protocol column and appends to the info.
pub(super) fn say<S: Sink>(c: &mut Ctx<'_, S>, version: u16, text: &str) {
    if let Some(line) = c.summary() {
        line.name(names::short_version(version.into()).unwrap_or("SSL"));
        if !line.info.is_empty() {
            line.info.text(", ");
        }
        line.info.text(text);
    }
}

fn ignored<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>) {
    let version = t.tls().version;
    if version == 0 {
        say(c, version, "Continuation Data");
        return;
    }
    say(c, version, "Ignored Unknown Record");
    c.field(IGNORED_UNKNOWN_RECORD, Value::None, b.whole());
}

fn record<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>) -> Outcome {
    let side = usize::from(t.upper);
    let kind = b.u8(0)?;
    let version = b.u16(1)?;
    let body = b.from(HEAD);
    // What a client's first message calls itself is not what will be agreed on.
    let hello = kind == 22 && body.bytes().first() == Some(&1);
    let s = t.tls();
    if s.version == 0 && !hello && matches!(version, 0x0300..=0x0304) && kind != 21 {
        s.version = handshake::agreed(kind, body).unwrap_or(version);
    } else if !s.encrypted[side] && handshake::agreed(kind, body) == Some(0x0304) {
        // A client may change its cipher, for the sake of middle boxes, before it has an answer.
        s.version = 0x0304;
    }
    let agreed = s.version;
    let shown = if agreed == 0 { version } else { agreed };
    if c.wants(Proto::Tls) {
        c.field(RECORD, Value::None, b.whole());
        let id = if kind == 23 && agreed == 0x0304 { RECORD_OPAQUE_TYPE } else { RECORD_CONTENT_TYPE };
        c.u8(id, b, 0)?;
        c.u16(RECORD_VERSION, b, 1)?;
        c.u16(RECORD_LENGTH, b, 3)?;
    }
    match kind {
        20 => {
            c.field(CHANGE_CIPHER_SPEC, Value::None, body.whole());
            say(c, shown, "Change Cipher Spec");
            t.tls().encrypted[side] = true;
        }
        21 => alert(c, body, shown)?,
        22 => handshake::record(c, body, t, shown)?,
        23 => {
            say(c, shown, "Application Data");
            if let Some(name) = application(t) {
                c.field(APP_DATA_PROTO, Value::Str(name), body.whole());
            }
            c.field(APP_DATA, Value::Bytes(body.bytes()), body.whole());
        }
        _ => heartbeat(c, body, t, shown)?,
    }
    Ok(())
}

fn alert<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, version: u16) -> Outcome {
    c.field(ALERT_MESSAGE, Value::None, b.whole());
    let (level, what) = match (b.reported(), b.bytes()) {
        (2, &[level, what]) => (level, what),
        _ => {
            say(c, version, "Encrypted Alert");
            return Ok(());
        }
    };
    let (Some(l), Some(w)) = (names::alert_level(level.into()), names::alert(what.into())) else {
        say(c, version, "Encrypted Alert");
        return Ok(());
    };
    say(c, version, "Alert (Level: ");
    if let Some(line) = c.summary() {
        line.info.text(l);
        line.info.text(", Description: ");
        line.info.text(w);
        line.info.text(")");
    }
    c.u8(ALERT_MESSAGE_LEVEL, b, 0)?;
    c.u8(ALERT_MESSAGE_DESC, b, 1)?;
    Ok(())
}

fn heartbeat<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>, version: u16) -> Outcome {
    c.field(HEARTBEAT_MESSAGE, Value::None, b.whole());
    let encrypted = t.tls().encrypted.contains(&true);
    let (kind, len) = (b.u8(0)?, usize::from(b.u16(1)?));
    let Some(name) = names::heartbeat(kind.into()).filter(|_| !encrypted) else {
        say(c, version, "Encrypted Heartbeat");
        return Ok(());
    };
    say(c, version, "Heartbeat ");
    if let Some(line) = c.summary() {
        line.info.text(name);
    }
    c.u8(HEARTBEAT_MESSAGE_TYPE, b, 0)?;
    c.u16(HEARTBEAT_MESSAGE_PAYLOAD_LENGTH, b, 1)?;
    let rest = b.from(3).truncate(len);
    c.field(HEARTBEAT_MESSAGE_PAYLOAD, Value::Bytes(rest.bytes()), rest.whole());
    Ok(())
}

/// What the encrypted data is, by the name that was agreed on or the port.
fn application(t: &mut Talk<'_>) -> Option<&'static str> {
    let ports = t.ports;
    let s = t.tls();
    if s.inside.is_some() {
        return s.inside;
    }
    match s.alpn.as_deref() {
        Some(b"h2") => return Some("HyperText Transfer Protocol 2"),
        Some(draft) if draft.starts_with(b"h2-") => return Some("HyperText Transfer Protocol 2"),
        Some(name) if name.starts_with(b"spdy/") => return Some("SPDY"),
        Some(b"http/1.1" | b"http/1.0") => return Some("Hypertext Transfer Protocol"),
        _ => {}
    }
    let by_port = |p: u16| {
        Some(match p {
            443 => "Hypertext Transfer Protocol",
            465 => "Simple Mail Transfer Protocol",
            636 => "Lightweight Directory Access Protocol",
            853 => "Domain Name System",
            993 => "Internet Message Access Protocol",
            995 => "Post Office Protocol",
            5061 => "Session Initiation Protocol",
            8883 => "MQ Telemetry Transport Protocol",
            _ => return None,
        })
    };
    by_port(ports[0].min(ports[1])).or_else(|| by_port(ports[0].max(ports[1])))
}
