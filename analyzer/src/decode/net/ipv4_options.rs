//! Options of IPv4 (RFC 791 section 3.1 and its successors).
//!
//! | bytes | field |
//! |---|---|
//! | 1 | type: copied (1 bit), class (2 bits), number (5 bits) |
//! | 1 | length of the whole option; types 0 and 1 have none |
//! | … | value |

use crate::decode::{Buf, Ctx, Outcome, Sink, Value};

use super::ipv4::*;

const END: u8 = 0;
const NOP: u8 = 1;
const RECORD_ROUTE: u8 = 7;
const TIMESTAMP: u8 = 68;
const SECURITY: u8 = 130;
const LOOSE_ROUTE: u8 = 131;
const EXTENDED_SECURITY: u8 = 133;
const CIPSO: u8 = 134;
const STREAM_ID: u8 = 136;
const STRICT_ROUTE: u8 = 137;

/// Dissects the options between the fixed header and `hlen`.
#[cold]
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, hlen: usize) -> Outcome {
    let mut at = MIN;
    while at < hlen {
        let kind = b.u8(at)?;
        c.flags(
            OPT_TYPE,
            kind,
            b,
            at,
            1,
            &[(OPT_TYPE_COPY, 7, 1), (OPT_TYPE_CLASS, 5, 2), (OPT_TYPE_NUMBER, 0, 5)],
        );
        if kind == END {
            break;
        }
        if kind == NOP {
            at += 1;
            continue;
        }
        if at + 1 >= hlen {
            break;
        }
        let len = usize::from(c.u8(OPT_LEN, b, at + 1)?);
        if len < 2 || at + len > hlen {
            break;
        }
        b.get(at, len)?;
        c.group(|c| value(c, b, at, kind, len))?;
        at += len;
    }
    Ok(())
}

fn value<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, kind: u8, len: usize) -> Outcome {
    match (kind, len) {
        (RECORD_ROUTE | LOOSE_ROUTE | STRICT_ROUTE, 3..) => {
            let next = usize::from(c.u8(OPT_PTR, b, at + 2)?);
            for o in (3..len).step_by(4).take_while(|o| o + 4 <= len) {
                // The end of a route that is not used up stands as the destination.
                if kind != RECORD_ROUTE && o + 4 == len && next < len {
                    break;
                }
                // The pointer counts from 1: what is before it was visited.
                let id = match (kind, o + 1 < next) {
                    (RECORD_ROUTE, false) => EMPTY_RT,
                    (_, true) => REC_RT,
                    _ => SRC_RT,
                };
                c.ipv4(id, b, at + o)?;
            }
        }
        (TIMESTAMP, 4..) => {
            c.u8(OPT_PTR, b, at + 2)?;
            let flags = b.u8(at + 3)?;
            c.bits(OPT_OVERFLOW, flags >> 4, b, at + 3, 1);
            c.bits(OPT_FLAG, flags & 15, b, at + 3, 1);
            let step = if flags & 15 == 0 { 4 } else { 8 };
            for o in (4..len).step_by(step).take_while(|o| o + step <= len) {
                if step == 8 {
                    c.ipv4(OPT_TIME_STAMP_ADDR, b, at + o)?;
                }
                c.u32(OPT_TIME_STAMP, b, at + o + step - 4)?;
            }
        }
        (SECURITY, 3..) => {
            c.u8(OPT_SEC_CL, b, at + 2)?;
            for o in 3..len {
                c.u8(OPT_SEC_PROT_AUTH, b, at + o)?;
            }
        }
        (EXTENDED_SECURITY, 3..) => {
            c.u8(OPT_EXT_SEC_CODE, b, at + 2)?;
            if len > 3 {
                c.bytes(OPT_EXT_SEC_INFO, b, at + 3, len - 3)?;
            }
        }
        (CIPSO, 6..) => {
            c.u32(CIPSO_DOI, b, at + 2)?;
            let mut o = 6;
            while o + 2 <= len {
                let tag = c.u8(CIPSO_TAG_TYPE, b, at + o)?;
                let n = usize::from(b.u8(at + o + 1)?);
                if n < 2 || o + n > len {
                    break;
                }
                // Types 1, 2 and 5 have an alignment byte, then the level.
                if matches!(tag, 1 | 2 | 5) && n >= 4 {
                    c.u8(CIPSO_SENSITIVITY, b, at + o + 3)?;
                } else {
                    c.bytes(CIPSO_TAG_DATA, b, at + o + 2, n - 2)?;
                }
                o += n;
            }
        }
        (STREAM_ID, 4) => {
            c.u16(OPT_SID, b, at + 2)?;
        }
        (11 | 12, 4) => {
            c.u16(OPT_MTU, b, at + 2)?;
        }
        (82, 12) => {
            c.u16(OPT_ID_NUMBER, b, at + 2)?;
            c.u16(OPT_OHC, b, at + 4)?;
            c.u16(OPT_RHC, b, at + 6)?;
            c.ipv4(OPT_ORIGINATOR, b, at + 8)?;
        }
        (148, 4) => {
            c.u16(OPT_RA, b, at + 2)?;
        }
        // Selective directed broadcast: a list of addresses.
        (149, _) => {
            for o in (2..len).step_by(4).take_while(|o| o + 4 <= len) {
                c.ipv4(OPT_ADDR, b, at + o)?;
            }
        }
        (25, 8) => {
            let v = b.u8(at + 2)?;
            c.bits(OPT_QS_FUNC, v >> 4, b, at + 2, 1);
            c.bits(OPT_QS_RATE, v & 15, b, at + 2, 1);
            c.u8(OPT_QS_TTL, b, at + 3)?;
            c.bits(OPT_QS_NONCE, b.u32(at + 4)? >> 2, b, at + 4, 4);
        }
        (_, 3..) => c.field(OPT_DATA, Value::Bytes(b.get(at + 2, len - 2)?), b.span(at + 2, len - 2)),
        _ => {}
    }
    Ok(())
}

/// Where a source route leads in the end, when it is not used up yet.
#[cold]
pub fn last_hop(b: Buf<'_>, hlen: usize) -> Outcome<Option<u32>> {
    let mut at = MIN;
    while at + 1 < hlen {
        let kind = b.u8(at)?;
        match kind {
            END => break,
            NOP => {
                at += 1;
                continue;
            }
            _ => {}
        }
        let len = usize::from(b.u8(at + 1)?);
        if len < 2 || at + len > hlen {
            break;
        }
        if matches!(kind, LOOSE_ROUTE | STRICT_ROUTE) {
            let ahead = len >= 7 && usize::from(b.u8(at + 2)?) < len;
            return if ahead { b.u32(at + len - 4).map(Some) } else { Ok(None) };
        }
        at += len;
    }
    Ok(None)
}
