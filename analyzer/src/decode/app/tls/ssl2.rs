//! The client's first message in the form of SSL 2 (RFC 5246 appendix E.2).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 2 | length, highest bit set |
//! | 2 | 1 | message: 1 |
//! | 3 | 2 | version |
//! | 5 | 2 × 3 | lengths of the cipher list, the session id and the challenge |
//! | 11 | … | these |

use crate::decode::{Buf, Ctx, Outcome, Proto, Sink, Span, Value};

use super::*;

/// True for a client hello.
#[must_use]
pub fn looks_like(b: &[u8]) -> bool {
    matches!(b, [n, _, 1, major, minor, ..] if n & 0x80 != 0
        && ((*major == 3 && *minor <= 4) || (*major == 0 && *minor == 2)))
        && b.get(5..11).is_some_and(|l| {
            let n = |i: usize| usize::from(u16::from_be_bytes([l[i], l[i + 1]]));
            let len = usize::from(u16::from_be_bytes([b[0] & 0x7F, b[1]]));
            n(0) > 0 && n(0) % 3 == 0 && (16..=32).contains(&n(4)) && 9 + n(0) + n(2) + n(4) == len
        })
}

/// Dissects it and returns its length.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>) -> Outcome<usize> {
    let len = 2 + usize::from(b.u16(0)? & 0x7FFF);
    say(c, 2, "Client Hello");
    let side = t.upper;
    t.tls().server = Some(!side);
    if c.wants(Proto::Tls) {
        c.field(RECORD, Value::None, b.span(0, len));
        c.field(RECORD_VERSION, Value::Uint(2), Span::NONE);
        c.bits(RECORD_LENGTH, (len - 2) as u64, b, 0, 2);
        c.u8(HS_TYPE, b, 2)?;
        c.u16(HS_VERSION, b, 3)?;
        let ciphers = usize::from(c.u16(HS_CIPHER_SPEC_LEN, b, 5)?);
        let session = usize::from(c.u16(HS_SESSION_ID_LENGTH, b, 7)?);
        let challenge = usize::from(c.u16(HS_CHALLENGE_LENGTH, b, 9)?);
        c.field(HS_CIPHERSUITES, Value::None, b.span(11, ciphers));
        for i in 0..ciphers / 3 {
            c.u24(HS_CIPHERSPEC, b, 11 + 3 * i)?;
        }
        let at = 11 + ciphers;
        if session > 0 {
            c.bytes(HS_SESSION_ID, b, at, session)?;
        }
        c.field(HS_CHALLENGE, Value::None, b.span(at + session, challenge));
    }
    Ok(len)
}
