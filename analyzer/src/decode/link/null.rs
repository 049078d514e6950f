//! BSD loopback: four bytes of protocol family in front of the packet.
//!
//! The family is in the byte order of the machine that captured (link type 0) or in network
//! order (link type 108); some systems fill two bytes only, or put an EtherType there.

use crate::decode::names;
use crate::decode::stop::Undecoded;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, dispatch, net};

use super::{ethernet, ppp};

crate::protocol! { Null, "null", "Null/Loopback";
    TYPE "null.type" "Type" Kind::Uint(16, Base::Hex), names::ethertype;
    FAMILY "null.family" "Family" Kind::Uint(32, Base::Dec), names::address_family;
}

/// Dissects family and packet.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    if b.u16(0) == Ok(0xFF03) {
        return ppp::hdlc(c, b);
    }
    c.layer(Proto::Null, b.span(0, 4.min(b.captured())));
    let little = u32::from_le_bytes(b.array(0)?);
    let v = if little & 0xFFFF_0000 == 0 {
        // Two bytes are enough; an EtherType among them is in network order.
        let low = little as u16;
        u32::from(if low > ethernet::MAX_LEN { low.swap_bytes() } else { low })
    } else if little & 0xFF00_0000 == 0 && little & 0x00FF_0000 < 0x0006_0000 {
        little >> 16
    } else {
        little.swap_bytes()
    };
    let rest = b.from(4);
    if v > u32::from(ethernet::MAX_LEN) {
        c.bits(TYPE, v, b, 0, 4);
        return match u16::try_from(v) {
            Ok(t) => dispatch::ethertype_table(c, t, rest),
            Err(_) => dispatch::unknown(c, rest, Undecoded::Family(v)),
        };
    }
    c.bits(FAMILY, v, b, 0, 4);
    match v {
        2 => net::ipv4::any(c, rest),
        24 | 28 | 30 => net::ipv6::dissect(c, rest),
        _ => dispatch::unknown(c, rest, Undecoded::Family(v)),
    }
}
