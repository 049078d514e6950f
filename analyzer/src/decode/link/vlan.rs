//! IEEE 802.1Q customer tags and 802.1ad provider tags.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 2 | priority (3 bits), drop eligible (1), VLAN id (12) |
//! | 2 | 2 | EtherType, or length of the LLC frame that follows |

use crate::decode::names;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, dispatch};

use super::ethernet;

crate::protocol! { Vlan, "vlan", "802.1Q Virtual LAN";
    PRIORITY "vlan.priority" "Priority" Kind::Uint(16, Base::Dec);
    DEI "vlan.dei" "DEI" Kind::Bool;
    ID "vlan.id" "ID" Kind::Uint(16, Base::Dec);
    ETYPE "vlan.etype" "Type" Kind::Uint(16, Base::Hex), names::ethertype;
    LEN "vlan.len" "Length" Kind::Uint(16, Base::Dec);
    TRAILER "vlan.trailer" "Trailer" Kind::Bytes;
}

/// Dissects tag control information and the type that follows it.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Vlan, b.span(0, 4.min(b.captured())));
    let tci = b.u16(0)?;
    c.vlan = tci & 0xFFF;
    if c.wants(Proto::Vlan) {
        c.group_of(ID, tci, |c| c.parts(tci, b, 0, 2, &[(PRIORITY, 13, 3), (DEI, 12, 1), (ID, 0, 12)]));
    }
    let t = b.u16(2)?;
    let rest = b.from(4);
    if t > ethernet::MAX_LEN {
        c.bits(ETYPE, t, b, 2, 2);
        let len = c.measure(rest, |c| dispatch::ethertype(c, t, rest))?;
        ethernet::rest_of_frame(c, rest, len, TRAILER);
        return Ok(());
    }
    c.bits(LEN, t, b, 2, 2);
    let inside = rest.truncate(t.into());
    c.measure(inside, |c| {
        let r = ethernet::payload8023(c, inside);
        c.settle(r);
        Ok(())
    })?;
    ethernet::rest_of_frame(c, rest, inside.reported(), TRAILER);
    Ok(())
}

/// 802.1ad: the provider's tag.
pub mod ieee8021ad {
    use crate::decode::{Base, Kind};

    crate::protocol! { Ieee8021ad, "ieee8021ad", "IEEE 802.1ad";
    PRIORITY "ieee8021ad.priority" "Priority" Kind::Uint(16, Base::Dec);
    DEI "ieee8021ad.dei" "DEI" Kind::Uint(16, Base::Dec);
    ID "ieee8021ad.id" "ID" Kind::Uint(16, Base::Dec);
        ETYPE ours "ieee8021ad.etype" "Type" Kind::Uint(16, Base::Hex), crate::decode::names::ethertype;
    }
}

/// Dissects a provider tag and the type that follows it.
pub fn provider<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    use ieee8021ad::{DEI, ETYPE, ID, PRIORITY};
    c.layer(Proto::Ieee8021ad, b.span(0, 4.min(b.captured())));
    let tci = b.u16(0)?;
    let t = b.u16(2)?;
    c.parts(tci, b, 0, 2, &[(PRIORITY, 13, 3), (DEI, 12, 1), (ID, 0, 12)]);
    c.bits(ETYPE, t, b, 2, 2);
    let rest = b.from(4);
    if t > ethernet::MAX_LEN {
        return dispatch::ethertype(c, t, rest);
    }
    ethernet::payload8023(c, rest.truncate(t.into()))
}
