//! PPP (RFC 1661) in HDLC-like framing (RFC 1662).
//!
//! | bytes | field |
//! |---|---|
//! | 0 or 2 | address FF and control 03, unless compressed away |
//! | 1 or 2 | protocol; an odd first byte is the whole of it |

use crate::decode::names;
use crate::decode::stop::{self, Undecoded};
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, data, fmt::Out, net};

use super::{chdlc, llc, mpls};

crate::protocol! { Ppp, "ppp", "Point-to-Point Protocol";
    DIRECTION "ppp.direction" "Direction" Kind::Uint(8, Base::Dec);
    ADDRESS "ppp.address" "Address" Kind::Uint(8, Base::Hex);
    CONTROL "ppp.control" "Control" Kind::Uint(8, Base::Hex);
    PROTOCOL "ppp.protocol" "Protocol" Kind::Uint(16, Base::Hex), names::ppp_protocol;
}

/// One byte of direction in front: 0 received, 1 sent.
pub fn with_direction<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.u8(DIRECTION, b, 0)?;
    hdlc(c, b.from(1))
}

/// A frame that begins with address and control, or with Cisco's HDLC header in their place.
pub fn hdlc<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Ppp, b.span(0, 4.min(b.captured())));
    let first = b.u8(0)?;
    if matches!(first, 0x0F | 0x8F) {
        return chdlc::dissect(c, b);
    }
    if first != 0xFF {
        return protocol(c, b);
    }
    c.u8(ADDRESS, b, 0)?;
    c.u8(CONTROL, b, 1)?;
    protocol(c, b.from(2))
}

/// A packet that begins with the protocol, as PPPoE and tunnels carry it; some tunnels leave
/// address and control in front.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Ppp, b.span(0, 2.min(b.captured())));
    if b.bytes().first_chunk() == Some(&[0xFF, 0x03]) {
        c.u8(ADDRESS, b, 0)?;
        c.u8(CONTROL, b, 1)?;
        return protocol(c, b.from(2));
    }
    protocol(c, b)
}

fn protocol<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let first = b.u8(0)?;
    let (p, len) = if first & 1 == 1 { (u16::from(first), 1) } else { (b.u16(0)?, 2) };
    c.bits(PROTOCOL, p, b, 0, len);
    if let Some(info) = c.summary().and_then(|s| s.take("PPP")) {
        info.text(names::ppp_protocol(p.into()).unwrap_or("Unknown"));
        info.text(" (");
        info.hex0x(p.into(), 4);
        info.text(")");
    }
    let rest = b.from(len);
    match p {
        0x0021 | 0x0800 => net::ipv4::any(c, rest),
        0x0057 | 0x86DD => net::ipv6::dissect(c, rest),
        0x0281 | 0x0283 => c.nest(rest, |c| mpls::dissect(c, rest)),
        0x004B => llc::dissect(c, rest),
        _ => {
            if rest.reported() > 0 {
                stop::undecoded(c, Undecoded::Ppp(p));
            }
            data::dissect(c, rest);
            Ok(())
        }
    }
}
