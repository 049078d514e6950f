//! ICMP (RFC 792), with the packets that error messages quote.

use crate::decode::names;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, data, dispatch, fmt::Out};

crate::protocol! { Icmp, "icmp", "Internet Control Message Protocol";
    TYPE "icmp.type" "Type" Kind::Uint(8, Base::Dec), names::icmp_type;
    CODE "icmp.code" "Code" Kind::Uint(8, Base::Dec);
    CHECKSUM "icmp.checksum" "Checksum" Kind::Uint(16, Base::Hex);
    IDENT "icmp.ident" "Identifier (BE)" Kind::Uint(16, Base::Dec);
    SEQ "icmp.seq" "Sequence Number (BE)" Kind::Uint(16, Base::Dec);
    MTU "icmp.mtu" "MTU of next hop" Kind::Uint(16, Base::Dec);
    REDIR_GW "icmp.redir_gw" "Gateway Address" Kind::Ipv4;
}

/// Dissects a message.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Icmp, b.whole());
    let kind = c.u8(TYPE, b, 0)?;
    let code = c.u8(CODE, b, 1)?;
    c.u16(CHECKSUM, b, 2)?;
    if let Some(info) = c.summary().and_then(|s| s.take("ICMP")) {
        match names::icmp_type(kind.into()) {
            Some(name) => info.text(name),
            None => {
                info.text("Type ");
                info.dec(kind.into());
            }
        }
        if code != 0 || kind == 3 {
            info.text(" code ");
            info.dec(code.into());
        }
        if matches!(kind, 0 | 8) {
            if let (Ok(id), Ok(seq)) = (b.u16(4), b.u16(6)) {
                info.text(" id=");
                info.hex0x(id.into(), 4);
                info.text(", seq=");
                info.dec(seq.into());
            }
        }
    }
    match kind {
        0 | 8 | 13..=18 => {
            c.u16(IDENT, b, 4)?;
            c.u16(SEQ, b, 6)?;
        }
        3 if code == 4 => {
            c.u16(MTU, b, 6)?;
        }
        5 => {
            c.ipv4(REDIR_GW, b, 4)?;
        }
        _ => {}
    }
    let rest = b.from(8);
    match kind {
        3 | 4 | 5 | 11 | 12 => quoted(c, rest),
        _ => {
            data::dissect(c, rest);
            Ok(())
        }
    }
}

/// The beginning of the packet that an error message is about.
pub fn quoted<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let outer = std::mem::replace(&mut c.quoted, true);
    let r = c.nest(b, |c| dispatch::raw_ip(c, b));
    c.quoted = outer;
    r
}
