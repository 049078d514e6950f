//! Handshake messages: a type, a length of three bytes, and a body.

use std::sync::Arc;

use crate::decode::{Buf, Ctx, Outcome, Proto, Sink, Value};
use crate::source::frame::Timestamp;

use super::extensions::{self, Where};
use super::ja3::Ja3;
use super::read::Reader;
use super::*;

/// The random value of a server hello that asks the client to try again (RFC 8446 section 4.1.3).
const RETRY: [u8; 8] = [0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11];

/// High bytes of the versions of drafts of TLS 1.3, and of those of one large site.
const DRAFTS: [u16; 2] = [0x7F, 0xFB];

/// The version that a server hello in a record of type `kind` agrees on.
#[must_use]
pub fn agreed(kind: u8, b: Buf<'_>) -> Option<u16> {
    let m = b.bytes();
    if kind != 22 || m.first() != Some(&2) {
        return None;
    }
    let version = u16::from_be_bytes([*m.get(4)?, *m.get(5)?]);
    if DRAFTS.contains(&(version >> 8)) {
        return Some(0x0304);
    }
    let session = usize::from(*m.get(38)?);
    // Cipher suite, compression, then extensions.
    let mut at = 39 + session + 3 + 2;
    while let Some(&[a, b, l, n]) = m.get(at..at + 4) {
        let len = usize::from(u16::from_be_bytes([l, n]));
        if (a, b) == (0, 43) && len == 2 {
            let v = u16::from_be_bytes([*m.get(at + 4)?, *m.get(at + 5)?]);
            return Some(if DRAFTS.contains(&(v >> 8)) { 0x0304 } else { v });
        }
        at += 4 + len;
    }
    Some(version)
}

/// Dissects the messages of a record.
pub fn record<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>, version: u16) -> Outcome {
    let side = usize::from(t.upper);
    if let Some(start) = t.tls().partial[side].take() {
        let mut all = start.to_vec();
        all.extend_from_slice(b.bytes());
        let all: Arc<[u8]> = all.into();
        return c.reassembled(all, |c, b| messages(c, b, t, version));
    }
    messages(c, b, t, version)
}

fn messages<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>, version: u16) -> Outcome {
    let side = usize::from(t.upper);
    let mut at = 0;
    while at < b.reported() {
        let rest = b.from(at);
        let kind = rest.u8(0)?;
        if hello_again(rest) {
            // A new handshake, as those begin in the clear.
            t.tls().encrypted[side] = false;
        }
        let encrypted = t.tls().encrypted[side] && version != 0x0304;
        let name = names::handshake(kind.into()).filter(|_| !encrypted);
        let len = if rest.has(0, 4) { rest.u24(1)? as usize } else { usize::MAX };
        let Some(name) = name.filter(|_| len < 1 << 20 || rest.captured() < 4) else {
            c.field(HANDSHAKE, Value::None, rest.whole());
            say(c, version, "Encrypted Handshake Message");
            return Ok(());
        };
        if rest.captured() < 4 || rest.captured() < 4 + len {
            // Goes on in the next record.
            c.field(HANDSHAKE, Value::None, rest.whole());
            if rest.captured() == rest.reported() {
                t.tls().partial[side] = Some(rest.bytes().into());
                if c.wants(Proto::Tls) && rest.captured() >= 4 {
                    c.u8(HS_TYPE, rest, 0)?;
                    c.u24(HS_LENGTH, rest, 1)?;
                }
            }
            say(c, version, name);
            return Ok(());
        }
        let m = rest.truncate(4 + len);
        let retry = kind == 2 && m.bytes().get(6..14) == Some(&RETRY[..]);
        say(c, version, if retry { "Hello Retry Request" } else { name });
        c.field(HANDSHAKE, Value::None, m.whole());
        c.u8(HS_TYPE, m, 0)?;
        c.u24(HS_LENGTH, m, 1)?;
        message(c, kind, m.from(4), t, version)?;
        at += 4 + len;
    }
    Ok(())
}

/// True for a hello that is all there.
fn hello_again(b: Buf<'_>) -> bool {
    match b.bytes() {
        [1 | 2, 0, high, low, 3, 0..=3, ..] => {
            let len = usize::from(u16::from_be_bytes([*high, *low]));
            len >= 38 && b.captured() >= 4 + len
        }
        _ => false,
    }
}

fn message<S: Sink>(c: &mut Ctx<'_, S>, kind: u8, b: Buf<'_>, t: &mut Talk<'_>, version: u16) -> Outcome {
    let r = &mut Reader::new(b);
    match kind {
        1 => client_hello(c, r, t),
        2 => server_hello(c, r, t),
        4 => keys::ticket(c, r, version),
        8 => extensions::list(c, r, Where::Encrypted, t, &mut Ja3::default()),
        11 => x509::certificates(c, r, version, t),
        12 => keys::server(c, r, t.tls().cipher, version),
        13 => keys::certificate_request(c, r, version),
        15 => keys::certificate_verify(c, r, version),
        16 => keys::client(c, r, t.tls().cipher, version),
        20 => {
            c.field(HS_VERIFY_DATA, Value::None, b.whole());
            Ok(())
        }
        22 => keys::certificate_status(c, r),
        24 => r.u8(c, HS_KEY_UPDATE_REQUEST_UPDATE).map(|_| ()),
        _ => Ok(()),
    }
}

/// Version, random and session id, which both hellos begin with.
fn hello<'a, S: Sink>(
    c: &mut Ctx<'_, S>,
    r: &mut Reader<'a>,
    times: bool,
) -> Outcome<(u16, &'a [u8], &'a [u8])> {
    let version = r.u16(c, HS_VERSION)? as u16;
    let at = r.at;
    let random = r.bytes(c, HS_RANDOM, 32)?;
    if times {
        let secs = r.b.u32(at)?;
        let time = Timestamp { secs: secs.into(), nanos: 0 };
        c.field(HS_RANDOM_TIME, Value::Time(time), r.b.span(at, 4));
        c.bytes(HS_RANDOM_BYTES, r.b, at + 4, 28)?;
    }
    let len = r.u8(c, HS_SESSION_ID_LENGTH)?;
    let session = if len > 0 { r.bytes(c, HS_SESSION_ID, len)? } else { &[][..] };
    Ok((version, random, session))
}

fn client_hello<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>, t: &mut Talk<'_>) -> Outcome {
    let times = t.tls().version != 0x0304;
    let (version, _, session) = hello(c, r, times)?;
    let upper = t.upper;
    let s = t.tls();
    s.server = Some(!upper);
    s.offered = (!session.is_empty()).then(|| session.into());
    // A new handshake in the clear begins anew.
    s.encrypted = [false; 2];
    let mut ja3 = Ja3 { version, ..Ja3::default() };
    let len = r.u16(c, HS_CIPHER_SUITES_LENGTH)?;
    r.mark(c, HS_CIPHERSUITES, len);
    let mut list = r.part(len)?;
    while list.left() >= 2 {
        ja3.ciphers.push(list.u16(c, HS_CIPHERSUITE)? as u16);
    }
    let len = r.u8(c, HS_COMP_METHODS_LENGTH)?;
    r.mark(c, HS_COMP_METHODS, len);
    let mut list = r.part(len)?;
    while list.left() > 0 {
        list.u8(c, HS_COMP_METHOD)?;
    }
    if r.left() > 0 {
        extensions::list(c, r, Where::Client, t, &mut ja3)?;
    }
    ja3.show(c, HS_JA3_FULL, HS_JA3, true);
    Ok(())
}

fn server_hello<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>, t: &mut Talk<'_>) -> Outcome {
    if DRAFTS.contains(&(r.b.u16(0)? >> 8)) {
        return draft_hello(c, r, t);
    }
    let times = t.tls().version != 0x0304;
    let (version, random, session) = hello(c, r, times)?;
    let retry = random.starts_with(&RETRY);
    let upper = t.upper;
    let s = t.tls();
    s.server = Some(upper);
    if s.version < 0x0304 && s.offered.as_deref() == Some(session) && !session.is_empty() {
        c.field(RESUMED, Value::None, r.b.whole());
    }
    let cipher = r.u16(c, HS_CIPHERSUITE)? as u16;
    t.tls().cipher = cipher;
    r.u8(c, HS_COMP_METHOD)?;
    let mut ja3 = Ja3 { version, ciphers: vec![cipher], ..Ja3::default() };
    if r.left() > 0 {
        extensions::list(c, r, if retry { Where::Retry } else { Where::Server }, t, &mut ja3)?;
    }
    ja3.show(c, HS_JA3S_FULL, HS_JA3S, false);
    Ok(())
}

/// The server hello of early drafts of TLS 1.3, without session id and compression.
fn draft_hello<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>, t: &mut Talk<'_>) -> Outcome {
    let version = r.u16(c, HS_VERSION)? as u16;
    r.bytes(c, HS_RANDOM, 32)?;
    let cipher = r.u16(c, HS_CIPHERSUITE)? as u16;
    let mut ja3 = Ja3 { version, ciphers: vec![cipher], ..Ja3::default() };
    extensions::list(c, r, Where::Server, t, &mut ja3)?;
    ja3.show(c, HS_JA3S_FULL, HS_JA3S, false);
    Ok(())
}
