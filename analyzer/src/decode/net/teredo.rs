//! Teredo (RFC 4380): IPv6 in UDP, with up to two indicators in front.
//!
//! | bytes | field |
//! |---|---|
//! | 2 | 0001: authentication, followed by lengths (1 + 1), id, value, nonce (8), confirmation (1) |
//! | 2 | 0000: origin, followed by port (2) and address (4), both inverted |

use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, Value, fmt::Out};

use super::ipv6;

crate::protocol! { Teredo, "teredo", "Teredo IPv6 over UDP tunneling";
    AUTH "teredo.auth" "Teredo Authentication header" Kind::None;
    AUTH_IDLEN "teredo.auth.idlen" "Client identifier length" Kind::Uint(8, Base::Dec);
    AUTH_AULEN "teredo.auth.aulen" "Authentication value length" Kind::Uint(8, Base::Dec);
    AUTH_ID "teredo.auth.id" "Client identifier" Kind::Bytes;
    AUTH_VALUE "teredo.auth.value" "Authentication value" Kind::Bytes;
    AUTH_NONCE "teredo.auth.nonce" "Nonce value" Kind::Bytes;
    AUTH_CONF "teredo.auth.conf" "Confirmation byte" Kind::Bytes;
    ORIG "teredo.orig" "Teredo Origin Indication header" Kind::None;
    ORIG_PORT "teredo.orig.port" "Origin UDP port" Kind::Uint(16, Base::Dec);
    ORIG_ADDR "teredo.orig.addr" "Origin IPv4 address" Kind::Ipv4;
}

/// Dissects indicators and packet; `false` when there is no IPv6 packet behind them.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome<bool> {
    let mut at = 0;
    if b.u16(at)? == 1 {
        at += 13 + usize::from(b.u8(2)?) + usize::from(b.u8(3)?);
    }
    if b.u16(at)? == 0 {
        at += 8;
    }
    if b.u8(at)? >> 4 != 6 {
        return Ok(false);
    }
    c.layer(Proto::Teredo, b.span(0, at));
    if let Some(info) = c.summary().and_then(|s| s.take("Teredo")) {
        info.text("Teredo");
    }
    if c.wants(Proto::Teredo) {
        indicators(c, b)?;
    }
    let rest = b.from(at);
    c.nest(rest, |c| ipv6::dissect(c, rest))?;
    Ok(true)
}

fn indicators<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let mut at = 0;
    if b.u16(0)? == 1 {
        c.field(AUTH, Value::None, b.span(0, 13));
        let id = usize::from(c.u8(AUTH_IDLEN, b, 2)?);
        let au = usize::from(c.u8(AUTH_AULEN, b, 3)?);
        if id > 0 {
            c.bytes(AUTH_ID, b, 4, id)?;
        }
        if au > 0 {
            c.bytes(AUTH_VALUE, b, 4 + id, au)?;
        }
        c.bytes(AUTH_NONCE, b, 4 + id + au, 8)?;
        c.bytes(AUTH_CONF, b, 12 + id + au, 1)?;
        at = 13 + id + au;
    }
    if b.u16(at)? == 0 {
        c.field(ORIG, Value::None, b.span(at, 8));
        c.bits(ORIG_PORT, !b.u16(at + 2)?, b, at + 2, 2);
        c.field(ORIG_ADDR, Value::Ipv4(!b.u32(at + 4)?), b.span(at + 4, 4));
    }
    Ok(())
}
