//! IPv6 (RFC 8200), its extension headers, and its fragments put together.

use crate::decode::names;
use crate::decode::{Base, Buf, Ctx, Endpoint, Kind, Outcome, Proto, Sink, data, dispatch, fmt::Out, stop};
use crate::track::defrag::{Fragment, Key};

use super::Ip;

crate::protocol! { Ipv6, "ipv6", "Internet Protocol Version 6";
    VERSION "ipv6.version" "Version" Kind::Uint(8, Base::Dec);
    TCLASS "ipv6.tclass" "Traffic Class" Kind::Uint(32, Base::Hex);
    FLOW "ipv6.flow" "Flow Label" Kind::Uint(32, Base::Hex);
    PLEN "ipv6.plen" "Payload Length" Kind::Uint(16, Base::Dec);
    NXT "ipv6.nxt" "Next Header" Kind::Uint(8, Base::Dec), names::ip_protocol;
    HLIM "ipv6.hlim" "Hop Limit" Kind::Uint(8, Base::Dec);
    SRC "ipv6.src" "Source Address" Kind::Ipv6;
    DST "ipv6.dst" "Destination Address" Kind::Ipv6;
    HOPOPTS_NXT "ipv6.hopopts.nxt" "Next Header" Kind::Uint(8, Base::Dec);
    HOPOPTS_LEN "ipv6.hopopts.len" "Length" Kind::Uint(8, Base::Dec);
    DSTOPTS_NXT "ipv6.dstopts.nxt" "Next Header" Kind::Uint(8, Base::Dec);
    DSTOPTS_LEN "ipv6.dstopts.len" "Length" Kind::Uint(8, Base::Dec);
    OPT_TYPE "ipv6.opt.type" "Type" Kind::Uint(8, Base::Hex);
    OPT_LENGTH "ipv6.opt.length" "Length" Kind::Uint(8, Base::Dec);
    OPT_JUMBO "ipv6.opt.jumbo" "Payload Length" Kind::Uint(32, Base::Dec);
    OPT_ROUTER_ALERT "ipv6.opt.router_alert" "Router Alert" Kind::Uint(16, Base::Dec);
    ROUTING_NXT "ipv6.routing.nxt" "Next Header" Kind::Uint(8, Base::Dec);
    ROUTING_LEN "ipv6.routing.len" "Length" Kind::Uint(8, Base::Dec);
    ROUTING_TYPE "ipv6.routing.type" "Type" Kind::Uint(8, Base::Dec);
    ROUTING_SEGLEFT "ipv6.routing.segleft" "Segments Left" Kind::Uint(8, Base::Dec);
    ROUTING_ADDR "ipv6.routing.src.addr" "Address" Kind::Ipv6;
    FRAGHDR_NXT "ipv6.fraghdr.nxt" "Next header" Kind::Uint(8, Base::Dec);
    FRAGHDR_OFFSET "ipv6.fraghdr.offset" "Offset" Kind::Uint(16, Base::Dec);
    FRAGHDR_MORE "ipv6.fraghdr.more" "More Fragments" Kind::Bool;
    FRAGHDR_IDENT "ipv6.fraghdr.ident" "Identification" Kind::Uint(32, Base::Hex);
    FRAGMENT_COUNT "ipv6.fragment.count" "Fragment count" Kind::Uint(32, Base::Dec);
    REASSEMBLED_LENGTH "ipv6.reassembled.length" "Reassembled IPv6 length" Kind::Uint(32, Base::Dec);
}

const HDR: usize = 40;

/// Dissects header, extension headers and payload.
#[inline]
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Ipv6, b.span(0, HDR.min(b.captured())));
    let wants = c.wants(Proto::Ipv6);
    if wants {
        let word = b.u32(0)?;
        c.bits(VERSION, word >> 28, b, 0, 1);
        c.bits(TCLASS, word >> 20 & 0xFF, b, 0, 4);
        c.bits(FLOW, word & 0xF_FFFF, b, 0, 4);
        c.u16(PLEN, b, 4)?;
        c.u8(NXT, b, 6)?;
        c.u8(HLIM, b, 7)?;
        c.ipv6(SRC, b, 8)?;
        c.ipv6(DST, b, 24)?;
    }
    let (plen, next) = (usize::from(b.u16(4)?), b.u8(6)?);
    let (src, dst) = (b.array(8)?, b.array(24)?);
    if let Some(s) = c.summary() {
        s.addresses(Endpoint::V6(src), Endpoint::V6(dst));
        s.take("IPv6");
    }
    let rest = b.from(HDR);
    // A length of zero is a jumbogram's, or one that segmentation offload has not filled in.
    let rest = if plen == 0 { rest } else { rest.truncate(plen) };
    let ip = Ip { src, dst, version: 6, proto: next, fragment: false };
    extensions(c, ip, rest)
}

/// Follows the chain of extension headers up to the payload.
fn extensions<S: Sink>(c: &mut Ctx<'_, S>, mut ip: Ip, mut b: Buf<'_>) -> Outcome {
    loop {
        let used = match ip.proto {
            0 => options(c, b, Proto::Hopopts, HOPOPTS_NXT, HOPOPTS_LEN)?,
            60 => options(c, b, Proto::Dstopts, DSTOPTS_NXT, DSTOPTS_LEN)?,
            43 => routing(c, &mut ip, b)?,
            44 => match fragment(c, &mut ip, b)? {
                Some(used) => used,
                None => return Ok(()),
            },
            59 => {
                if let Some(info) = c.summary().and_then(|s| s.take("IPv6")) {
                    info.text("IPv6 no next header");
                }
                data::dissect(c, b);
                return Ok(());
            }
            _ => return payload(c, &ip, b),
        };
        ip.proto = b.u8(0)?;
        b = b.from(used);
    }
}

fn payload<S: Sink>(c: &mut Ctx<'_, S>, ip: &Ip, b: Buf<'_>) -> Outcome {
    if !dispatch::ip_proto(c, ip, b)? {
        if let Some(info) = c.summary().and_then(|s| s.take("IPv6")) {
            info.text("Next header ");
            info.dec(ip.proto.into());
        }
        stop::undecoded(c, "IP protocol");
        data::dissect(c, b);
    }
    Ok(())
}

/// Hop-by-hop and destination options share one layout; returns the header's length.
fn options<S: Sink>(
    c: &mut Ctx<'_, S>,
    b: Buf<'_>,
    proto: Proto,
    nxt: crate::decode::FieldId,
    len: crate::decode::FieldId,
) -> Outcome<usize> {
    c.layer(proto, b.span(0, 8.min(b.captured())));
    c.u8(nxt, b, 0)?;
    let end = (usize::from(c.u8(len, b, 1)?) + 1) * 8;
    if c.wants(Proto::Ipv6) {
        let mut at = 2;
        while at < end {
            let kind = c.u8(OPT_TYPE, b, at)?;
            if kind == 0 {
                at += 1;
                continue;
            }
            let n = usize::from(c.u8(OPT_LENGTH, b, at + 1)?);
            match (kind, n) {
                (0xC2, 4) => {
                    c.u32(OPT_JUMBO, b, at + 2)?;
                }
                (5, 2) => {
                    c.u16(OPT_ROUTER_ALERT, b, at + 2)?;
                }
                _ => {}
            }
            at += 2 + n;
        }
    }
    b.get(0, end)?;
    Ok(end)
}

fn routing<S: Sink>(c: &mut Ctx<'_, S>, ip: &mut Ip, b: Buf<'_>) -> Outcome<usize> {
    c.layer(Proto::Routing, b.span(0, 8.min(b.captured())));
    c.u8(ROUTING_NXT, b, 0)?;
    let len = (usize::from(c.u8(ROUTING_LEN, b, 1)?) + 1) * 8;
    let kind = c.u8(ROUTING_TYPE, b, 2)?;
    let left = c.u8(ROUTING_SEGLEFT, b, 3)?;
    // Types 0 (source route), 2 (mobile) and 4 (segments) list whole addresses.
    if matches!(kind, 0 | 2 | 4) {
        let mut at = 8;
        while at + 16 <= len {
            let a = c.ipv6(ROUTING_ADDR, b, at)?;
            if left > 0 && ((kind == 4 && at == 8) || (kind != 4 && at + 32 > len)) {
                ip.dst = a;
            }
            at += 16;
        }
    }
    b.get(0, len)?;
    Ok(len)
}

/// The fragment header. `None` when the frame ends here because more fragments are needed.
fn fragment<S: Sink>(c: &mut Ctx<'_, S>, ip: &mut Ip, b: Buf<'_>) -> Outcome<Option<usize>> {
    c.layer(Proto::Fraghdr, b.span(0, 8.min(b.captured())));
    let next = c.u8(FRAGHDR_NXT, b, 0)?;
    let word = b.u16(2)?;
    c.bits(FRAGHDR_OFFSET, word & 0xFFF8, b, 2, 2);
    c.bits(FRAGHDR_MORE, word & 1, b, 2, 2);
    let ident = c.u32(FRAGHDR_IDENT, b, 4)?;
    let rest = b.from(8);
    let (offset, more) = (u32::from(word & 0xFFF8), word & 1 != 0);
    if offset == 0 && !more {
        // An atomic fragment (RFC 6946) is a whole datagram.
        return Ok(Some(8));
    }
    let sound = rest.reported() > 0 && rest.captured() == rest.reported();
    if sound && !c.quoted {
        let key = Key { src: ip.src, dst: ip.dst, id: ident, proto: 0, version: 6 };
        if let Some(whole) = c.defrag.add(Fragment { key, offset, more, data: rest.bytes(), next }) {
            c.bits(FRAGMENT_COUNT, whole.fragments, rest, 0, rest.captured());
            c.bits(REASSEMBLED_LENGTH, whole.data.len() as u64, rest, 0, 0);
            let ip = Ip { proto: whole.next, ..*ip };
            c.reassembled(whole.data, |c, b| extensions(c, ip, b))?;
            return Ok(None);
        }
    }
    if !sound && offset == 0 {
        ip.fragment = true;
        return Ok(Some(8));
    }
    if let Some(info) = c.summary().and_then(|s| s.take("IPv6")) {
        info.text("IPv6 fragment (off=");
        info.dec(offset.into());
        info.text(if more { " more=y ident=" } else { " more=n ident=" });
        info.hex0x(ident.into(), 8);
        info.text(" nxt=");
        info.dec(next.into());
        info.text(")");
    }
    data::dissect(c, rest);
    Ok(None)
}

/// Presence of the extension headers, which Wireshark counts as protocols.
pub mod hopopts {
    crate::protocol! { Hopopts, "ipv6.hopopts", "IPv6 Hop-by-Hop Option"; }
}
#[allow(missing_docs)]
pub mod dstopts {
    crate::protocol! { Dstopts, "ipv6.dstopts", "Destination Options for IPv6"; }
}
#[allow(missing_docs)]
pub mod routing_header {
    crate::protocol! { Routing, "ipv6.routing", "Routing Header for IPv6"; }
}
#[allow(missing_docs)]
pub mod fraghdr {
    crate::protocol! { Fraghdr, "ipv6.fraghdr", "Fragment Header for IPv6"; }
}
