//! ICMPv6 (RFC 4443), neighbour discovery (RFC 4861) and multicast listener discovery.

use crate::decode::names;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, data, fmt::Out};

use super::{Ip, icmp};

crate::protocol! { Icmpv6, "icmpv6", "Internet Control Message Protocol v6";
    TYPE "icmpv6.type" "Type" Kind::Uint(8, Base::Dec), names::icmpv6_type;
    CODE "icmpv6.code" "Code" Kind::Uint(8, Base::Dec);
    CHECKSUM "icmpv6.checksum" "Checksum" Kind::Uint(16, Base::Hex);
    MTU "icmpv6.mtu" "MTU" Kind::Uint(32, Base::Dec);
    ECHO_IDENTIFIER "icmpv6.echo.identifier" "Identifier" Kind::Uint(16, Base::Hex);
    ECHO_SEQUENCE "icmpv6.echo.sequence_number" "Sequence" Kind::Uint(16, Base::Dec);
    NS_TARGET "icmpv6.nd.ns.target_address" "Target Address" Kind::Ipv6;
    NA_TARGET "icmpv6.nd.na.target_address" "Target Address" Kind::Ipv6;
    RD_TARGET "icmpv6.rd.na.target_address" "Target Address" Kind::Ipv6;
    OPT_TYPE "icmpv6.opt.type" "Type" Kind::Uint(8, Base::Dec);
    OPT_LENGTH "icmpv6.opt.length" "Length" Kind::Uint(8, Base::Dec);
    OPT_LINKADDR "icmpv6.opt.linkaddr" "Link-layer address" Kind::Bytes;
}

/// Dissects a message.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, _ip: &Ip, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Icmpv6, b.whole());
    let kind = c.u8(TYPE, b, 0)?;
    let code = c.u8(CODE, b, 1)?;
    c.u16(CHECKSUM, b, 2)?;
    if let Some(info) = c.summary().and_then(|s| s.take("ICMPv6")) {
        match names::icmpv6_type(kind.into()) {
            Some(name) => info.text(name),
            None => {
                info.text("Type ");
                info.dec(kind.into());
            }
        }
        if code != 0 {
            info.text(" code ");
            info.dec(code.into());
        }
    }
    match kind {
        1..=4 => {
            if kind == 2 {
                c.u32(MTU, b, 4)?;
            }
            return icmp::quoted(c, b.from(8));
        }
        128 | 129 => {
            c.u16(ECHO_IDENTIFIER, b, 4)?;
            c.u16(ECHO_SEQUENCE, b, 6)?;
            data::dissect(c, b.from(8));
        }
        133 => options(c, b.from(8))?,
        134 => options(c, b.from(16))?,
        135 => {
            c.ipv6(NS_TARGET, b, 8)?;
            options(c, b.from(24))?;
        }
        136 => {
            c.ipv6(NA_TARGET, b, 8)?;
            options(c, b.from(24))?;
        }
        137 => {
            c.ipv6(RD_TARGET, b, 8)?;
            options(c, b.from(40))?;
        }
        _ => {}
    }
    Ok(())
}

/// Neighbour discovery options: type, length in units of eight bytes, value.
fn options<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let mut at = 0;
    while at < b.reported() {
        let kind = c.u8(OPT_TYPE, b, at)?;
        let len = usize::from(c.u8(OPT_LENGTH, b, at + 1)?) * 8;
        if len == 0 {
            return Err(b.malformed(at + 1));
        }
        if matches!(kind, 1 | 2) {
            c.bytes(OPT_LINKADDR, b, at + 2, len - 2)?;
        }
        at += len;
    }
    Ok(())
}
