//! Options of the hop-by-hop and destination headers (RFC 8200 section 4.2).
//!
//! | bytes | field |
//! |---|---|
//! | 1 | type: what to do when unknown (2 bits), may change (1 bit), number (5 bits) |
//! | 1 | length of the value; type 0 has none |
//! | … | value |

use crate::decode::{Buf, Ctx, Outcome, Sink, Value};

use super::ipv6::*;

/// Dissects the options of a header whose whole length `b` has.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let mut at = 2;
    while at < b.reported() {
        let kind = b.u8(at)?;
        if kind == 0 {
            c.bits(OPT_TYPE, kind, b, at, 1);
            c.field(OPT_PAD1, Value::None, b.span(at, 1));
            at += 1;
            continue;
        }
        let parts = [(OPT_TYPE_ACTION, 6, 2), (OPT_TYPE_CHANGE, 5, 1), (OPT_TYPE_REST, 0, 5)];
        c.flags(OPT_TYPE, kind, b, at, 1, &parts);
        let len = usize::from(c.u8(OPT_LENGTH, b, at + 1)?);
        at += 2;
        if at + len > b.reported() {
            return Ok(());
        }
        c.group(|c| value(c, b, at, kind, len))?;
        at += len;
    }
    Ok(())
}

fn value<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, kind: u8, len: usize) -> Outcome {
    match (kind, len) {
        (0x01, _) => {
            c.bytes(OPT_PADN, b, at, len)?;
        }
        (0x04, 1) => {
            c.u8(OPT_TEL, b, at)?;
        }
        (0x05, 2) => {
            c.u16(OPT_ROUTER_ALERT, b, at)?;
        }
        (0xC2, 4) => {
            c.u32(OPT_JUMBO, b, at)?;
        }
        (0xC9, 16) => {
            c.ipv6(OPT_HOME_ADDRESS, b, at)?;
        }
        (0x26, 6) => {
            let v = b.u8(at)?;
            c.bits(OPT_QS_FUNC, v >> 4, b, at, 1);
            c.bits(OPT_QS_RATE, v & 15, b, at, 1);
            c.u8(OPT_QS_TTL, b, at + 1)?;
            c.bits(OPT_QS_NONCE, b.u32(at + 2)? >> 2, b, at + 2, 4);
        }
        (0x07, 8..) => {
            c.u32(OPT_CALIPSO_DOI, b, at)?;
            let words = usize::from(c.u8(OPT_CALIPSO_LEN, b, at + 4)?) * 4;
            c.u8(OPT_CALIPSO_LEVEL, b, at + 5)?;
            c.u16(OPT_CALIPSO_CHECKSUM, b, at + 6)?;
            if words > 0 && 8 + words <= len {
                c.bytes(OPT_CALIPSO_BITMAP, b, at + 8, words)?;
            }
        }
        (0x0F, 10) => {
            c.u8(OPT_PDM_SCALE_DTLR, b, at)?;
            c.u8(OPT_PDM_SCALE_DTLS, b, at + 1)?;
            c.u16(OPT_PDM_PSN_THIS, b, at + 2)?;
            c.u16(OPT_PDM_PSN_LAST, b, at + 4)?;
            c.u16(OPT_PDM_DELTA_RECV, b, at + 6)?;
            c.u16(OPT_PDM_DELTA_SENT, b, at + 8)?;
        }
        (0x23 | 0x63, 4..) => {
            c.u8(OPT_RPL_FLAG, b, at)?;
            c.u8(OPT_RPL_INSTANCE_ID, b, at + 1)?;
            c.u16(OPT_RPL_SENDER_RANK, b, at + 2)?;
        }
        (0x8B, _) => {
            c.bytes(OPT_ILNP_NONCE, b, at, len)?;
        }
        _ if len > 0 => {
            c.bytes(OPT_UNKNOWN, b, at, len)?;
        }
        _ => {}
    }
    Ok(())
}

/// The length that a jumbo payload option has for the packet whose hop-by-hop header `b` begins
/// with (RFC 2675).
#[cold]
#[must_use]
pub fn jumbo(b: Buf<'_>) -> Option<usize> {
    let end = (usize::from(b.u8(1).ok()?) + 1) * 8;
    let mut at = 2;
    while at < end {
        let kind = b.u8(at).ok()?;
        if kind == 0 {
            at += 1;
            continue;
        }
        let len = usize::from(b.u8(at + 1).ok()?);
        if (kind, len) == (0xC2, 4) {
            return b.u32(at + 2).ok().map(|v| v as usize);
        }
        at += 2 + len;
    }
    None
}
