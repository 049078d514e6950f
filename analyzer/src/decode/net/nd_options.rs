//! Options of neighbour discovery (RFC 4861 section 4.6 and its successors).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | type |
//! | 1 | 1 | length of the whole option in units of eight bytes |
//! | 2 | … | value |

use crate::decode::{Buf, Ctx, Outcome, Sink, Value};

use super::icmpv6::*;
use super::{icmp, ipv6};

/// Dissects all options behind a message of type `kind`.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, kind: u8) -> Outcome {
    let mut at = 0;
    while at < b.reported() {
        // The length is read first: an option of length zero would never end.
        let len = usize::from(b.u8(at + 1)?) * 8;
        c.field(OPT, Value::None, b.span(at, len));
        let o = b.from(at);
        c.group(|c| {
            let t = c.u8(OPT_TYPE, o, 0)?;
            c.u8(OPT_LENGTH, o, 1)?;
            if len == 0 {
                return Err(o.malformed(1));
            }
            option(c, o.truncate(len), t, len, kind)
        })?;
        at += len;
    }
    Ok(())
}

fn option<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: u8, len: usize, kind: u8) -> Outcome {
    match t {
        1 | 2 if len == 8 => {
            c.ether(OPT_LINKADDR, b, 2)?;
            c.ether(if t == 1 { OPT_SRC_LINKADDR } else { OPT_TARGET_LINKADDR }, b, 2)?;
        }
        3 if len >= 32 => {
            c.u8(OPT_PREFIX_LENGTH, b, 2)?;
            let flags = b.u8(3)?;
            c.flags(
                OPT_PREFIX_FLAG,
                flags,
                b,
                3,
                1,
                &[(OPT_PREFIX_FLAG_L, 7, 1), (OPT_PREFIX_FLAG_A, 6, 1), (OPT_PREFIX_FLAG_R, 5, 1)],
            );
            c.u32(OPT_PREFIX_VALID, b, 4)?;
            c.u32(OPT_PREFIX_PREFERRED, b, 8)?;
            c.ipv6(OPT_PREFIX, b, 16)?;
        }
        4 => {
            // The redirected packet, as far as it fits.
            if b.reported() > 8 {
                icmp::quoted(c, b.from(8), |c, b| ipv6::dissect(c, b));
            }
        }
        5 => {
            c.u32(OPT_MTU, b, 4)?;
        }
        7 => {
            c.u32(OPT_ADVERTISEMENT_INTERVAL, b, 4)?;
        }
        8 => {
            c.u16(OPT_HOME_AGENT_PREFERENCE, b, 4)?;
            c.u16(OPT_HOME_AGENT_LIFETIME, b, 6)?;
        }
        14 => {
            c.bytes(OPT_NONCE, b, 2, len - 2)?;
        }
        24 => {
            c.u8(OPT_PREFIX_LENGTH, b, 2)?;
            let flags = b.u8(3)?;
            c.flags(OPT_ROUTE_FLAG, flags, b, 3, 1, &[(OPT_ROUTE_PREFERENCE, 3, 2)]);
            c.u32(OPT_ROUTE_LIFETIME, b, 4)?;
            if len > 8 {
                let mut a = [0; 16];
                let n = (len - 8).min(16);
                a[..n].copy_from_slice(b.get(8, n)?);
                c.field(OPT_PREFIX, Value::Ipv6(a), b.span(8, n));
            }
        }
        25 => {
            c.u32(OPT_RDNSS_LIFETIME, b, 4)?;
            for at in (8..len).step_by(16).take_while(|at| at + 16 <= len) {
                c.ipv6(OPT_RDNSS, b, at)?;
            }
        }
        31 => {
            c.u32(OPT_DNSSL_LIFETIME, b, 4)?;
            search_list(c, b, len)?;
        }
        33 if kind != 134 || len == 16 => {
            c.u8(OPT_ARO_STATUS, b, 2)?;
            c.u16(OPT_ARO_LIFETIME, b, 6)?;
        }
        34 => {
            c.u8(OPT_6CO_LENGTH, b, 2)?;
            c.u8(OPT_6CO_FLAG, b, 3)?;
            c.u16(OPT_6CO_VALID, b, 6)?;
        }
        37 => {
            let text = b.get(2, len - 2)?;
            let end = text.iter().rposition(|&x| x != 0).map_or(0, |i| i + 1);
            if let Ok(s) = std::str::from_utf8(&text[..end]) {
                c.field(OPT_CAPTIVE_PORTAL, Value::Str(s), b.span(2, len - 2));
            }
        }
        38 => {
            let v = b.u16(2)?;
            c.bits(OPT_PREF64_LIFETIME, v >> 3, b, 2, 2);
            c.bits(OPT_PREF64_PLC, v & 7, b, 2, 2);
        }
        _ => {
            c.bytes(OPT_DATA, b, 2, len - 2)?;
        }
    }
    Ok(())
}

/// Domain names as DNS writes them, one after the other, padded with zeros.
fn search_list<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, len: usize) -> Outcome {
    let mut at = 8;
    while at < len && b.u8(at)? != 0 {
        let start = at;
        let mut text = [0u8; 255];
        let mut n = 0;
        loop {
            let label = usize::from(b.u8(at)?);
            at += 1;
            if label == 0 {
                break;
            }
            let bytes = b.get(at, label)?;
            if n > 0 && n < text.len() {
                text[n] = b'.';
                n += 1;
            }
            let Some(room) = text.get_mut(n..n + label) else { return Ok(()) };
            room.copy_from_slice(bytes);
            n += label;
            at += label;
        }
        if let Ok(s) = std::str::from_utf8(&text[..n]) {
            c.field(OPT_DNSSL, Value::Str(s), b.span(start, at - start));
        }
    }
    Ok(())
}
