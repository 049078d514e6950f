//! Cisco HDLC, with its address resolution and keepalive protocol SLARP.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | address: 0F unicast, 8F multicast |
//! | 1 | 1 | control |
//! | 2 | 2 | EtherType, or a number of Cisco's own |

use crate::decode::names;
use crate::decode::stop::Undecoded;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, dispatch, fmt::Out, net};

use super::{ethernet, mpls};

crate::protocol! { Chdlc, "chdlc", "Cisco HDLC";
    ADDRESS "chdlc.address" "Address" Kind::Uint(8, Base::Hex);
    CONTROL "chdlc.control" "Control" Kind::Uint(8, Base::Hex);
    PROTOCOL "chdlc.protocol" "Protocol" Kind::Uint(16, Base::Hex), names::ethertype;
}

/// Address requests, replies and keepalives.
pub mod slarp {
    use crate::decode::{Base, Kind};

    crate::protocol! { Slarp, "slarp", "Cisco SLARP";
    PTYPE "slarp.ptype" "Packet type" Kind::Uint(32, Base::Dec);
    ADDRESS "slarp.address" "Address" Kind::Ipv4;
    NETMASK "slarp.netmask" "Netmask" Kind::Ipv4;
    MYSEQUENCE "slarp.mysequence" "Outgoing sequence number" Kind::Uint(32, Base::Dec);
    YOURSEQUENCE "slarp.yoursequence" "Returned sequence number" Kind::Uint(32, Base::Dec);
    RELIABILITY "slarp.reliability" "Reliability" Kind::Uint(16, Base::Hex);
    }
}

/// Dissects header and packet.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Chdlc, b.span(0, 4.min(b.captured())));
    c.u8(ADDRESS, b, 0)?;
    c.u8(CONTROL, b, 1)?;
    let p = c.u16(PROTOCOL, b, 2)?;
    if let Some(info) = c.summary().and_then(|s| s.take("CHDLC")) {
        info.text("Protocol ");
        info.hex0x(p.into(), 4);
    }
    payload(c, p, b.from(4))
}

/// True for the protocol numbers that Cisco HDLC is used with.
#[must_use]
pub const fn known(p: u16) -> bool {
    matches!(
        p,
        0x0111
            | 0x0600
            | 0x0800
            | 0x2000
            | 0x4242
            | 0x6003
            | 0x6558
            | 0x8035
            | 0x8038
            | 0x809B
            | 0x80F3
            | 0x8137
            | 0x86DD
            | 0x8847
            | 0x8848
            | 0xFEFE
    )
}

/// What a Cisco HDLC protocol number stands for.
pub fn payload<S: Sink>(c: &mut Ctx<'_, S>, p: u16, b: Buf<'_>) -> Outcome {
    match p {
        0x0800 => net::ipv4::any(c, b),
        0x86DD => net::ipv6::dissect(c, b),
        0x8847 | 0x8848 => c.nest(b, |c| mpls::dissect(c, b)),
        0x6558 => c.nest(b, |c| ethernet::without_fcs(c, b)),
        0x8035 => keepalive(c, b),
        _ => dispatch::unknown(c, b, Undecoded::Chdlc(p)),
    }
}

fn keepalive<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    use slarp::{ADDRESS, MYSEQUENCE, NETMASK, PTYPE, RELIABILITY, YOURSEQUENCE};
    c.layer(Proto::Slarp, b.whole());
    let kind = c.u32(PTYPE, b, 0)?;
    if kind == 2 {
        c.u32(MYSEQUENCE, b, 4)?;
        c.u32(YOURSEQUENCE, b, 8)?;
        c.u16(RELIABILITY, b, 12)?;
    } else {
        c.ipv4(ADDRESS, b, 4)?;
        c.ipv4(NETMASK, b, 8)?;
    }
    if let Some(info) = c.summary().and_then(|s| s.take("SLARP")) {
        info.text(if kind == 2 { "Line keepalive" } else { "Address" });
    }
    Ok(())
}
