//! Options of TCP (the IANA registry of option kinds; RFC 9293 section 3.1, RFC 7323, RFC 2018,
//! and for SMC the fact that z/OS and Linux announce it in an experimental option, RFC 6994).
//!
//! | bytes | field |
//! |---|---|
//! | 1 | kind |
//! | 1 | length of the whole option; kinds 0 and 1 have none |
//! | … | value |
//!
//! A kind nobody knows is shown by number and passed over.

use crate::decode::{Buf, Ctx, FieldId, Outcome, Sink, Value};

use super::mptcp;
use super::tcp::*;

/// Experiment identifier of SMC: `SMC` in EBCDIC, then `R` or `D`.
const SMC_R: u32 = 0xE2D4_C3D9;
const SMC_D: u32 = 0xE2D4_C3C4;
/// TCP fast open before it had a kind of its own.
const EXID_TFO: u16 = 0xF989;

/// Dissects the options between the fixed header and `hlen`.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, hlen: usize, sacked_from: u32) -> Outcome {
    // What was captured of the options is walked, also when that is not all of them.
    let len = b.captured().min(hlen).saturating_sub(HDR);
    c.field(OPTIONS, Value::Bytes(b.get(HDR, len)?), b.span(HDR, len));
    c.group(|c| walk(c, b, hlen, sacked_from))
}

fn walk<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, hlen: usize, sacked_from: u32) -> Outcome {
    let mut at = HDR;
    while at < hlen {
        let kind = b.u8(at)?;
        if kind <= 1 {
            // Nothing should follow the end of the list; what does is walked all the same.
            c.bits(OPT_KIND, kind, b, at, 1);
            at += 1;
            continue;
        }
        // A length that leaves the header ends the list.
        if at + 1 >= hlen {
            break;
        }
        let len = usize::from(b.u8(at + 1)?);
        if len < 2 || at + len > hlen {
            break;
        }
        if let Some(id) = whole(kind) {
            c.field(id, Value::Bytes(b.get(at, len)?), b.span(at, len));
        }
        c.bits(OPT_KIND, kind, b, at, 1);
        c.bits(OPT_LEN, len as u64, b, at + 1, 1);
        c.group(|c| value(c, b, at, kind, len, sacked_from))?;
        at += len;
    }
    Ok(())
}

/// The field that stands for the option as a whole.
const fn whole(kind: u8) -> Option<FieldId> {
    match kind {
        2 => Some(OPT_MSS),
        3 => Some(OPT_WSCALE),
        4 => Some(OPT_SACK_PERM),
        5 => Some(OPT_SACK),
        8 => Some(OPT_TIMESTAMP),
        _ => None,
    }
}

fn value<S: Sink>(
    c: &mut Ctx<'_, S>,
    b: Buf<'_>,
    at: usize,
    kind: u8,
    len: usize,
    sacked_from: u32,
) -> Outcome {
    match (kind, len) {
        (2, 4) => {
            c.u16(MSS, b, at + 2)?;
        }
        (3, 3) => {
            let shift = c.u8(WSCALE, b, at + 2)?;
            // RFC 7323 section 2.3: a shift above 14 counts as 14.
            c.bits(WSCALE_MULTIPLIER, 1u64 << shift.min(14), b, at + 2, 1);
        }
        (5, 10..) => {
            let mut n = 0u8;
            for edge in (at + 2..at + len).step_by(8).take_while(|e| e + 8 <= at + len) {
                c.bits(SACK_LE, b.u32(edge)?.wrapping_sub(sacked_from), b, edge, 4);
                c.bits(SACK_RE, b.u32(edge + 4)?.wrapping_sub(sacked_from), b, edge + 4, 4);
                n += 1;
            }
            c.bits(SACK_COUNT, n, b, at, 0);
        }
        (6 | 7, 6) => {
            c.u32(ECHO, b, at + 2)?;
        }
        (8, 10) => {
            c.u32(TSVAL, b, at + 2)?;
            c.u32(TSECR, b, at + 6)?;
        }
        (11..=13, 6) => {
            c.u32(CC, b, at + 2)?;
        }
        (19, 18) => {
            c.bytes(MD5, b, at + 2, 16)?;
        }
        (20, 4) => {
            c.u8(SCPS_VECTOR, b, at + 2)?;
        }
        (21, 6) => {
            c.u16(SNACK_OFFSET, b, at + 2)?;
            c.u16(SNACK_SIZE, b, at + 4)?;
        }
        (27, 8) => {
            c.bits(QS_RATE, b.u8(at + 2)? & 15, b, at + 2, 1);
            c.u8(QS_TTL_DIFF, b, at + 3)?;
        }
        (28, 4) => {
            let v = b.u16(at + 2)?;
            c.parts(v, b, at + 2, 2, &[(USER_TO_GRANULARITY, 15, 1), (USER_TO_VAL, 0, 15)]);
        }
        (29, 4..) => {
            c.u8(AO_KEYID, b, at + 2)?;
            c.u8(AO_RNEXTKEYID, b, at + 3)?;
            if len > 4 {
                c.bytes(AO_MAC, b, at + 4, len - 4)?;
            }
        }
        (30, 3..) => mptcp::dissect(c, b, at, len)?,
        (34, _) => fast_open(c, b, at + 2, len - 2)?,
        (172 | 174, _) => accurate_ecn(c, b, at, kind, len)?,
        (253 | 254, 4..) => experimental(c, b, at, len)?,
        (4, 2) | (2..=8, _) => {}
        (_, 3..) => {
            c.bytes(OPT_UNKNOWN, b, at + 2, len - 2)?;
        }
        _ => {}
    }
    Ok(())
}

/// Without a cookie, a request for one (RFC 7413).
fn fast_open<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, len: usize) -> Outcome {
    if len == 0 {
        c.field(TFO_REQUEST, Value::None, b.span(at, 0));
    } else {
        c.bytes(TFO_COOKIE, b, at, len)?;
    }
    Ok(())
}

/// Up to three byte counters; the kind says in which order.
fn accurate_ecn<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, kind: u8, len: usize) -> Outcome {
    let order = if kind == 172 {
        [ACC_ECN_EE0B, ACC_ECN_ECEB, ACC_ECN_EE1B]
    } else {
        [ACC_ECN_EE1B, ACC_ECN_ECEB, ACC_ECN_EE0B]
    };
    for (i, id) in order.into_iter().enumerate().take((len - 2) / 3) {
        c.u24(id, b, at + 2 + 3 * i)?;
    }
    Ok(())
}

fn experimental<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, len: usize) -> Outcome {
    let exid = c.u16(EXID, b, at + 2)?;
    if exid == EXID_TFO {
        return fast_open(c, b, at + 4, len - 4);
    }
    if len > 4 {
        c.bytes(EXP_DATA, b, at + 4, len - 4)?;
    }
    if len >= 6 {
        match b.u32(at + 2)? {
            SMC_R => c.field(SMC, Value::Str("SMCR"), b.span(at + 2, 4)),
            SMC_D => c.field(SMC, Value::Str("SMCD"), b.span(at + 2, 4)),
            _ => {}
        }
    }
    Ok(())
}
