//! Linux cooked captures, version 1 and 2 (the `any` device).
//!
//! | v1 | v2 | bytes | field |
//! |---|---|---|---|
//! | 0 | 10 | 2 / 1 | packet type: to us, broadcast, multicast, to others, from us |
//! | 2 | 8 | 2 | ARP hardware type |
//! | 4 | 11 | 2 / 1 | length of the address |
//! | 6 | 12 | 8 | link-layer address of the sender |
//! | 14 | 0 | 2 | EtherType, or a number below 0x600 of Linux's own |
//! | | 4 | 4 | interface index (v2) |

use crate::decode::names;
use crate::decode::stop::Undecoded;
use crate::decode::{Base, Buf, Ctx, Endpoint, FieldId, Kind, Outcome, Proto, Sink, dispatch, fmt::Out, net};

use super::{ethernet, llc, ppp};

crate::protocol! { Sll, "sll", "Linux cooked-mode capture";
    PKTTYPE "sll.pkttype" "Packet type" Kind::Uint(16, Base::Dec), names::sll_packet_type;
    HATYPE "sll.hatype" "Link-layer address type" Kind::Uint(16, Base::Dec), names::arp_hardware;
    HALEN "sll.halen" "Link-layer address length" Kind::Uint(16, Base::Dec);
    SRC_ETH "sll.src.eth" "Source" Kind::Ether;
    SRC_IPV4 "sll.src.ipv4" "Source" Kind::Ipv4;
    SRC_OTHER "sll.src.other" "Source" Kind::Bytes;
    UNUSED "sll.unused" "Unused" Kind::Bytes;
    IFINDEX "sll.ifindex" "Interface index" Kind::Uint(32, Base::Dec);
    ETYPE "sll.etype" "Protocol" Kind::Uint(16, Base::Hex), names::ethertype;
    GRETYPE "sll.gretype" "Protocol" Kind::Uint(16, Base::Hex), names::ethertype;
    LTYPE "sll.ltype" "Protocol" Kind::Uint(16, Base::Hex);
    TRAILER "sll.trailer" "Trailer" Kind::Bytes;
}

/// Linux's hardware types that change what follows.
const NETLINK: u16 = 824;
const IPGRE: u16 = 778;

/// Version 1: sixteen bytes.
pub fn v1<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Sll, b.span(0, 16.min(b.captured())));
    let kind = c.u16(PKTTYPE, b, 0)?;
    let hatype = c.u16(HATYPE, b, 2)?;
    let halen = c.u16(HALEN, b, 4)?;
    source(c, b, 6, halen)?;
    if halen < 8 {
        c.bytes(UNUSED, b, 6 + usize::from(halen), 8 - usize::from(halen))?;
    }
    let protocol = b.u16(14)?;
    payload(c, b, 14, u64::from(kind), hatype, protocol, b.from(16))
}

/// Version 2: twenty bytes.
pub fn v2<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Sll, b.span(0, 20.min(b.captured())));
    let protocol = b.u16(0)?;
    c.u32(IFINDEX, b, 4)?;
    let hatype = c.u16(HATYPE, b, 8)?;
    let kind = c.u8(PKTTYPE, b, 10)?;
    let halen = c.u8(HALEN, b, 11)?;
    source(c, b, 12, halen.into())?;
    if halen < 8 {
        c.bytes(UNUSED, b, 12 + usize::from(halen), 8 - usize::from(halen))?;
    }
    payload(c, b, 0, u64::from(kind), hatype, protocol, b.from(20))
}

/// The sender's address; the field holds eight bytes, longer addresses are cut.
fn source<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, len: u16) -> Outcome {
    match len {
        0 => {}
        4 => {
            c.ipv4(SRC_IPV4, b, at)?;
        }
        6 => {
            let m = c.ether(SRC_ETH, b, at)?;
            if let Some(s) = c.summary() {
                s.addresses(Endpoint::Ether(m), Endpoint::None);
            }
        }
        _ => {
            c.bytes(SRC_OTHER, b, at, usize::from(len).min(8))?;
        }
    }
    Ok(())
}

fn payload<S: Sink>(
    c: &mut Ctx<'_, S>,
    b: Buf<'_>,
    at: usize,
    kind: u64,
    hatype: u16,
    protocol: u16,
    rest: Buf<'_>,
) -> Outcome {
    if let Some(info) = c.summary().and_then(|s| s.take("SLL")) {
        info.text(names::sll_packet_type(kind).unwrap_or("Unknown"));
    }
    let id: FieldId = match (hatype, protocol) {
        (IPGRE, _) => GRETYPE,
        (NETLINK, _) => LTYPE,
        (_, p) if p >= ethernet::MIN_TYPE => ETYPE,
        _ => LTYPE,
    };
    c.bits(id, protocol, b, at, 2);
    match (id, protocol) {
        (ETYPE, t) => {
            let len = c.measure(rest, |c| dispatch::ethertype(c, t, rest))?;
            ethernet::rest_of_frame(c, rest, len, TRAILER);
            Ok(())
        }
        (GRETYPE, t) => net::gre::payload(c, t, rest),
        _ if hatype == NETLINK => dispatch::unknown(c, rest, Undecoded::Cooked(protocol, hatype)),
        (_, 1) => dispatch::unknown(c, rest, Undecoded::RawIpx),
        (_, 3) => c.nest(rest, |c| ethernet::dissect(c, rest)),
        (_, 4) => llc::dissect(c, rest),
        (_, 7) => c.nest(rest, |c| ppp::hdlc(c, rest)),
        _ => dispatch::unknown(c, rest, Undecoded::Cooked(protocol, hatype)),
    }
}
