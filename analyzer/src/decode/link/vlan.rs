//! IEEE 802.1Q tag.

use crate::decode::names;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, data, dispatch};

use super::{ethernet, llc};

crate::protocol! { Vlan, "vlan", "802.1Q Virtual LAN";
    PRIORITY "vlan.priority" "Priority" Kind::Uint(16, Base::Dec);
    DEI "vlan.dei" "Drop Eligible Indicator" Kind::Bool;
    ID "vlan.id" "ID" Kind::Uint(16, Base::Dec);
    ETYPE "vlan.etype" "Type" Kind::Uint(16, Base::Hex), names::ethertype;
    LEN "vlan.len" "Length" Kind::Uint(16, Base::Dec);
}

/// Dissects tag control information and the type that follows it.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Vlan, b.span(0, 4));
    let tci = b.u16(0)?;
    if c.wants(Proto::Vlan) {
        c.bits(PRIORITY, tci >> 13, b, 0, 2);
        c.bits(DEI, tci >> 12 & 1, b, 0, 2);
        c.bits(ID, tci & 0xFFF, b, 0, 2);
    }
    let t = b.u16(2)?;
    let rest = b.from(4);
    if t > ethernet::MAX_LEN {
        c.bits(ETYPE, t, b, 2, 2);
        if t < ethernet::MIN_TYPE {
            data::dissect(c, rest);
            return Ok(());
        }
        return c.nest(rest, |c| dispatch::ethertype(c, t, rest));
    }
    c.bits(LEN, t, b, 2, 2);
    let inside = rest.truncate(t.into());
    if inside.has(0, 2) && inside.u16(0)? == 0xFFFF {
        data::dissect(c, inside);
        return Ok(());
    }
    llc::dissect(c, inside)
}
