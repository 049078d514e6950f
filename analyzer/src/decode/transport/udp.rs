//! UDP (RFC 768).

use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, Value, data, dispatch, fmt::Out, net::Ip};

crate::protocol! { Udp, "udp", "User Datagram Protocol";
    SRCPORT "udp.srcport" "Source Port" Kind::Uint(16, Base::Dec);
    DSTPORT "udp.dstport" "Destination Port" Kind::Uint(16, Base::Dec);
    LENGTH "udp.length" "Length" Kind::Uint(16, Base::Dec);
    CHECKSUM "udp.checksum" "Checksum" Kind::Uint(16, Base::Hex);
    PAYLOAD "udp.payload" "Payload" Kind::Bytes;
}

const HDR: usize = 8;

/// Dissects header and payload.
#[inline]
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, _ip: &Ip, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Udp, b.span(0, HDR.min(b.captured())));
    let src = c.u16(SRCPORT, b, 0)?;
    let dst = c.u16(DSTPORT, b, 2)?;
    let len = usize::from(c.u16(LENGTH, b, 4)?);
    if let Some(info) = c.summary().and_then(|s| s.take("UDP")) {
        ports(info, src, dst);
        info.text(" Len=");
        info.dec(len.saturating_sub(HDR) as u64);
    }
    // A length of zero is a jumbogram's (RFC 2675); anything else below the header is wrong.
    if len < HDR && len != 0 {
        return Err(b.malformed(4));
    }
    c.u16(CHECKSUM, b, 6)?;
    let rest = b.from(HDR);
    let rest = if len == 0 { rest } else { rest.truncate(len - HDR) };
    if rest.captured() > 0 {
        c.field(PAYLOAD, Value::Bytes(rest.bytes()), rest.whole());
    }
    if c.quoted || !(dispatch::udp_port(c, dst, rest)? || dispatch::udp_port(c, src, rest)?) {
        data::dissect(c, rest);
    }
    Ok(())
}

/// `1234 → 53`, as the info column shows a conversation's direction.
pub fn ports(info: &mut Vec<u8>, src: u16, dst: u16) {
    info.dec(src.into());
    info.text(" \u{2192} ");
    info.dec(dst.into());
}
