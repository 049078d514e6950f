//! Ethernet II and IEEE 802.3.

use crate::decode::names;
use crate::decode::{Base, Buf, Ctx, Endpoint, Kind, Outcome, Proto, Sink, Value, data, dispatch, fmt::Out};

use super::llc;

crate::protocol! { Eth, "eth", "Ethernet";
    DST "eth.dst" "Destination" Kind::Ether;
    SRC "eth.src" "Source" Kind::Ether;
    TYPE "eth.type" "Type" Kind::Uint(16, Base::Hex), names::ethertype;
    LEN "eth.len" "Length" Kind::Uint(16, Base::Dec);
    PADDING "eth.padding" "Padding" Kind::Bytes;
    TRAILER "eth.trailer" "Trailer" Kind::Bytes;
}

/// Up to here the type field is the length of an 802.3 frame.
pub const MAX_LEN: u16 = 1500;
/// From here on it is an EtherType.
pub const MIN_TYPE: u16 = 0x600;

/// Dissects a frame that begins with a destination address.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Eth, b.span(0, 14));
    if c.wants(Proto::Eth) {
        c.ether(DST, b, 0)?;
        c.ether(SRC, b, 6)?;
    }
    let (dst, src, t) = (b.array(0)?, b.array(6)?, b.u16(12)?);
    if let Some(s) = c.summary() {
        s.addresses(Endpoint::Ether(src), Endpoint::Ether(dst));
        if let Some(info) = s.take("Ethernet") {
            info.text("Type ");
            info.hex0x(t.into(), 4);
        }
    }
    if t > MAX_LEN {
        c.bits(TYPE, t, b, 12, 2);
        let rest = b.from(14);
        if t < MIN_TYPE {
            data::dissect(c, rest);
            return Ok(());
        }
        return dispatch::ethertype(c, t, rest);
    }
    c.bits(LEN, t, b, 12, 2);
    let rest = b.from(14);
    let inside = rest.truncate(t.into());
    if c.wants(Proto::Eth) && rest.captured() > inside.captured() {
        let n = rest.captured() - inside.captured();
        c.field(PADDING, Value::Bytes(&rest.bytes()[inside.captured()..]), rest.span(inside.captured(), n));
    }
    // Novell's raw 802.3: an IPX header, whose checksum is always FFFF, with no LLC in front.
    if inside.has(0, 2) && inside.u16(0)? == 0xFFFF {
        data::dissect(c, inside);
        return Ok(());
    }
    llc::dissect(c, inside)
}
