//! IEEE 802.2 logical link control, with SNAP.

use crate::decode::names;
use crate::decode::{
    Base, Buf, Ctx, Kind, Outcome, Proto, Sink, data, dispatch, fmt::Out, link::ethernet, stop,
};

crate::protocol! { Llc, "llc", "Logical-Link Control";
    DSAP "llc.dsap" "DSAP" Kind::Uint(8, Base::Hex), names::sap;
    IG "llc.dsap.ig" "IG Bit" Kind::Bool;
    SSAP "llc.ssap" "SSAP" Kind::Uint(8, Base::Hex), names::sap;
    CR "llc.ssap.cr" "CR Bit" Kind::Bool;
    CONTROL "llc.control" "Control field" Kind::Uint(16, Base::Hex);
    OUI "llc.oui" "Organization Code" Kind::Uint(24, Base::Hex);
    TYPE "llc.type" "Type" Kind::Uint(16, Base::Hex), names::ethertype;
    PID "llc.pid" "Protocol ID" Kind::Uint(16, Base::Hex);
}

/// Dissects the SAPs, the control field and what follows.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Llc, b.span(0, 3));
    let dsap = b.u8(0)?;
    if c.wants(Proto::Llc) {
        c.bits(DSAP, dsap, b, 0, 1);
        c.bits(IG, dsap & 1, b, 0, 1);
    }
    let ssap = b.u8(1)?;
    if c.wants(Proto::Llc) {
        c.bits(SSAP, ssap, b, 1, 1);
        c.bits(CR, ssap & 1, b, 1, 1);
    }
    let first = b.u8(2)?;
    // An unnumbered control field has one byte, the other two kinds have two.
    let (control, len) =
        if first & 3 == 3 { (u16::from(first), 1) } else { (u16::from_le_bytes(b.array(2)?), 2) };
    c.bits(CONTROL, control, b, 2, len);
    if let Some(info) = c.summary().and_then(|s| s.take("LLC")) {
        info.text("DSAP ");
        info.hex0x(dsap.into(), 2);
        info.text(" SSAP ");
        info.hex0x(ssap.into(), 2);
    }
    let rest = b.from(2 + len);
    if dsap | 1 == 0xAB && ssap | 1 == 0xAB && len == 1 {
        return snap(c, rest);
    }
    match dsap & 0xFE {
        0x06 if control & 0xEF == 3 => dispatch::raw_ip(c, rest),
        _ => {
            if rest.reported() > 0 {
                stop::undecoded(c, "LLC SAP");
            }
            data::dissect(c, rest);
            Ok(())
        }
    }
}

/// The five bytes of SNAP: organization code and protocol id.
pub fn snap<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let oui = c.u24(OUI, b, 0)?;
    let pid = b.u16(3)?;
    let rest = b.from(5);
    match oui {
        0 | 0xF8 => {
            c.bits(TYPE, pid, b, 3, 2);
            if pid > ethernet::MAX_LEN {
                return dispatch::ethertype(c, pid, rest);
            }
        }
        // IEEE 802.1 bridged frames (RFC 2684 section 5.2): with FCS, and without.
        0x0080C2 if matches!(pid, 1 | 7) => {
            c.bits(PID, pid, b, 3, 2);
            return c.nest(rest, |c| ethernet::dissect(c, rest));
        }
        _ => c.bits(PID, pid, b, 3, 2),
    }
    stop::undecoded(c, "SNAP protocol id");
    data::dissect(c, rest);
    Ok(())
}
