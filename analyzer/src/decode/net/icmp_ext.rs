//! Extensions of ICMP messages (RFC 4884), with their objects.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | version (4 bits), reserved |
//! | 2 | 2 | checksum of the whole structure |
//! | 4 | 2 | object: length, header included |
//! | 6 | 1 | class: 1 MPLS labels (RFC 4950), 2 interface (RFC 5837), 3 identification (RFC 8335) |
//! | 7 | 1 | type within the class |
//! | 8 | … | payload, then the next object |

use formats::checksum::checksum;

use crate::decode::{Buf, Ctx, Outcome, Sink, Value, names};

use super::icmp::*;

/// Dissects the structure and all its objects.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.field(EXT, Value::None, b.whole());
    c.group(|c| {
        let first = b.u16(0)?;
        c.parts(first, b, 0, 2, &[(EXT_VERSION, 12, 4), (EXT_RES, 0, 12)]);
        c.u16(EXT_CHECKSUM, b, 2)?;
        let status =
            if b.captured() < b.reported() { names::UNVERIFIED } else { u8::from(checksum(b.bytes()) == 0) };
        c.bits(EXT_CHECKSUM_STATUS, status, b, 2, 2);
        // Only version 2 is defined, with the checksum right; else these bytes are a packet's.
        if first >> 12 != 2 {
            return Ok(());
        }
        let mut at = 4;
        while at + 4 <= b.reported() {
            let len = usize::from(c.u16(EXT_LENGTH, b, at)?);
            let class = c.u8(EXT_CLASS, b, at + 2)?;
            let ctype = c.u8(EXT_CTYPE, b, at + 3)?;
            if len < 4 {
                return Ok(());
            }
            object(c, b.from(at + 4).truncate(len - 4), class, ctype)?;
            at += len;
        }
        Ok(())
    })
}

fn object<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, class: u8, ctype: u8) -> Outcome {
    match (class, ctype) {
        (1, 1) => {
            let mut at = 0;
            while at + 4 <= b.reported() {
                let word = b.u32(at)?;
                let parts = [(MPLS_LABEL, 12, 20), (MPLS_EXP, 9, 3), (MPLS_S, 8, 1), (MPLS_TTL, 0, 8)];
                c.parts(word, b, at, 4, &parts);
                at += 4;
            }
            Ok(())
        }
        (2, _) => interface(c, b, ctype),
        (3, 1) => {
            let name = b.get(0, b.reported())?;
            let end = name.iter().position(|&x| x == 0).unwrap_or(name.len());
            text(c, IDENT_NAME, b, 0, end)
        }
        (3, 2) => c.u32(IDENT_INDEX, b, 0).map(|_| ()),
        (3, 3) => match c.u16(IDENT_AFI, b, 0)? {
            1 => c.ipv4(IDENT_IPV4, b, 4).map(|_| ()),
            2 => c.ipv6(IDENT_IPV6, b, 4).map(|_| ()),
            _ => Ok(()),
        },
        _ if b.reported() > 0 => c.bytes(EXT_DATA, b, 0, b.reported()).map(|_| ()),
        _ => Ok(()),
    }
}

/// The type says which parts follow: index, address, name, MTU.
fn interface<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, ctype: u8) -> Outcome {
    c.bits(INT_ROLE, ctype >> 6, b, 0, 0);
    let mut at = 0;
    if ctype & 8 != 0 {
        c.u32(INT_INDEX, b, at)?;
        at += 4;
    }
    if ctype & 4 != 0 {
        match c.u16(INT_AFI, b, at)? {
            1 => {
                c.ipv4(INT_IPV4, b, at + 4)?;
                at += 8;
            }
            2 => {
                c.ipv6(INT_IPV6, b, at + 4)?;
                at += 20;
            }
            _ => return Ok(()),
        }
    }
    if ctype & 2 != 0 {
        let len = usize::from(b.u8(at)?);
        text(c, INT_NAME, b, at + 1, len.saturating_sub(1))?;
        at += len.max(1);
    }
    if ctype & 1 != 0 {
        c.u32(INT_MTU, b, at)?;
    }
    Ok(())
}

fn text<S: Sink>(
    c: &mut Ctx<'_, S>,
    id: crate::decode::FieldId,
    b: Buf<'_>,
    at: usize,
    len: usize,
) -> Outcome {
    let bytes = b.get(at, len)?;
    let end = bytes.iter().rposition(|&x| x != 0).map_or(0, |i| i + 1);
    if let Ok(s) = std::str::from_utf8(&bytes[..end]) {
        c.field(id, Value::Str(s), b.span(at, len));
    }
    Ok(())
}
