//! IPv6 extension headers (RFC 8200 section 4): the chain from the fixed header to the payload.
//!
//! Most share one beginning:
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | next header |
//! | 1 | 1 | length in units of eight bytes, the first eight not counted (AH: words, less two) |

use crate::decode::stop::{self, Undecoded};
use crate::decode::{Buf, Ctx, Outcome, Proto, Seen, Sink, data, dispatch, fmt::Out, names};
use crate::track::defrag::{Fragment, Key};

use super::{Ip, ipv6, ipv6_options};

macro_rules! extension {
    ($(#[$doc:meta])* $module:ident { $($body:tt)* }) => {
        $(#[$doc])*
        pub mod $module {
            #[allow(unused_imports)]
            use crate::decode::{Base, Kind, names};
            crate::protocol! { $($body)* }
        }
    };
}

extension! { /** Hop-by-hop options. */ hopopts { Hopopts, "ipv6.hopopts", "IPv6 Hop-by-Hop Option";
    NXT "ipv6.hopopts.nxt" "Next Header" Kind::Uint(8, Base::Dec), names::ip_protocol;
    LEN "ipv6.hopopts.len" "Length" Kind::Uint(8, Base::Dec);
    LEN_OCT "ipv6.hopopts.len_oct" "Length" Kind::Uint(16, Base::Dec);
} }
extension! { /** Destination options. */ dstopts { Dstopts, "ipv6.dstopts", "Destination Options for IPv6";
    NXT "ipv6.dstopts.nxt" "Next Header" Kind::Uint(8, Base::Dec), names::ip_protocol;
    LEN "ipv6.dstopts.len" "Length" Kind::Uint(8, Base::Dec);
    LEN_OCT "ipv6.dstopts.len_oct" "Length" Kind::Uint(16, Base::Dec);
} }
extension! { /** Routing headers. */ routing { Routing, "ipv6.routing", "Routing Header for IPv6";
    NXT "ipv6.routing.nxt" "Next Header" Kind::Uint(8, Base::Dec), names::ip_protocol;
    LEN "ipv6.routing.len" "Length" Kind::Uint(8, Base::Dec);
    LEN_OCT "ipv6.routing.len_oct" "Length" Kind::Uint(16, Base::Dec);
    TYPE "ipv6.routing.type" "Type" Kind::Uint(8, Base::Dec), names::routing_type;
    SEGLEFT "ipv6.routing.segleft" "Segments Left" Kind::Uint(8, Base::Dec);
    SRC_RESERVED "ipv6.routing.src.reserved" "Reserved" Kind::Bytes;
    SRC_ADDR "ipv6.routing.src.addr" "Address" Kind::Ipv6;
    MIPV6_RESERVED "ipv6.routing.mipv6.reserved" "Reserved" Kind::Bytes;
    MIPV6_HOME_ADDRESS "ipv6.routing.mipv6.home_address" "Home Address" Kind::Ipv6;
    RPL_CMPRI "ipv6.routing.rpl.cmprI" "Compressed Internal Octets (CmprI)" Kind::Uint(32, Base::Dec);
    RPL_CMPRE "ipv6.routing.rpl.cmprE" "Compressed Final Octets (CmprE)" Kind::Uint(32, Base::Dec);
    RPL_PAD "ipv6.routing.rpl.pad" "Padding Bytes" Kind::Uint(32, Base::Dec);
    RPL_ADDRESS "ipv6.routing.rpl.address" "Address" Kind::Bytes;
    SRH_LAST_ENTRY "ipv6.routing.srh.last_entry" "Last Entry" Kind::Uint(8, Base::Dec);
    SRH_FLAGS "ipv6.routing.srh.flags" "Flags" Kind::Uint(8, Base::Hex);
    SRH_TAG "ipv6.routing.srh.tag" "Tag" Kind::Bytes;
    SRH_ADDR "ipv6.routing.srh.addr" "Address" Kind::Ipv6;
    UNKNOWN_DATA "ipv6.routing.unknown_data" "Type-Specific Data" Kind::Bytes;
} }
extension! { /** The fragment header. */ fraghdr { Fraghdr, "ipv6.fraghdr", "Fragment Header for IPv6";
    NXT "ipv6.fraghdr.nxt" "Next header" Kind::Uint(8, Base::Dec), names::ip_protocol;
    RESERVED_OCTET "ipv6.fraghdr.reserved_octet" "Reserved octet" Kind::Uint(8, Base::Hex);
    OFFSET "ipv6.fraghdr.offset" "Offset" Kind::Uint(16, Base::Dec);
    RESERVED_BITS "ipv6.fraghdr.reserved_bits" "Reserved bits" Kind::Uint(16, Base::Dec);
    MORE "ipv6.fraghdr.more" "More Fragments" Kind::Bool;
    IDENT "ipv6.fraghdr.ident" "Identification" Kind::Uint(32, Base::Hex);
} }
extension! { /** Authentication header (RFC 4302). */ ah { Ah, "ah", "Authentication Header";
    NEXT_HEADER "ah.next_header" "Next header" Kind::Uint(8, Base::Dec), names::ip_protocol;
    LENGTH "ah.length" "Length" Kind::Uint(8, Base::Dec);
    RESERVED "ah.reserved" "Reserved" Kind::Bytes;
    SPI "ah.spi" "AH SPI" Kind::Uint(32, Base::Hex);
    SEQUENCE "ah.sequence" "AH Sequence" Kind::Uint(32, Base::Dec);
    ICV "ah.icv" "AH ICV" Kind::Bytes;
} }
extension! { /** Mobility header (RFC 6275). */ mipv6 { Mipv6, "mipv6", "Mobile IPv6";
    PROTO "mip6.proto" "Payload protocol" Kind::Uint(8, Base::Dec), names::ip_protocol;
    HLEN "mip6.hlen" "Header length" Kind::Uint(8, Base::Dec);
    MHTYPE "mip6.mhtype" "Mobility Header Type" Kind::Uint(8, Base::Dec);
    RESERVED "mip6.reserved" "Reserved" Kind::Uint(8, Base::Hex);
    CSUM "mip6.csum" "Checksum" Kind::Uint(16, Base::Hex);
} }
extension! { /** Host identity protocol (RFC 7401). */ hip { Hip, "hip", "Host Identity Protocol";
    PROTO "hip.proto" "Payload Protocol" Kind::Uint(8, Base::Dec), names::ip_protocol;
    HDR_LEN "hip.hdr_len" "Header Length" Kind::Uint(8, Base::Dec);
    PACKET_TYPE "hip.packet_type" "Packet Type" Kind::Uint(8, Base::Dec);
    VERSION "hip.version" "Version" Kind::Uint(8, Base::Dec);
    CHECKSUM "hip.checksum" "Checksum" Kind::Uint(16, Base::Hex);
    CONTROLS "hip.controls" "HIP Controls" Kind::Uint(16, Base::Hex);
    HIT_SNDR "hip.hit_sndr" "Sender's HIT" Kind::Bytes;
    HIT_RCVR "hip.hit_rcvr" "Receiver's HIT" Kind::Bytes;
} }
extension! { /** Shim6 (RFC 5533). */ shim6 { Shim6, "shim6", "Shim6 Protocol";
    NXT "shim6.nxt" "Next Header" Kind::Uint(8, Base::Dec), names::ip_protocol;
    LEN "shim6.len" "Length" Kind::Uint(8, Base::Dec);
    LEN_OCT "shim6.len_oct" "Length" Kind::Uint(16, Base::Dec);
    P "shim6.p" "P Bit" Kind::Bool;
} }

/// Follows the chain up to the payload and hands that over.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, mut ip: Ip, mut b: Buf<'_>) -> Outcome {
    // Every header is at least eight bytes long, so this ends.
    loop {
        let used = match ip.proto {
            0 => options(c, b, Proto::Hopopts, [hopopts::NXT, hopopts::LEN, hopopts::LEN_OCT])?,
            60 => options(c, b, Proto::Dstopts, [dstopts::NXT, dstopts::LEN, dstopts::LEN_OCT])?,
            43 => routing_header(c, &mut ip, b)?,
            44 => match fragment(c, &mut ip, b)? {
                Some(used) => used,
                None => return Ok(()),
            },
            51 => authentication(c, b)?,
            // Nothing follows a mobility header.
            62 | 135 => return mobility(c, b),
            139 => host_identity(c, b)?,
            140 => shim(c, b)?,
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

#[inline]
fn payload<S: Sink>(c: &mut Ctx<'_, S>, ip: &Ip, b: Buf<'_>) -> Outcome {
    if !dispatch::ip_proto(c, ip, b)? {
        if let Some(info) = c.summary().and_then(|s| s.take("IPv6")) {
            info.text(names::ip_protocol(ip.proto.into()).unwrap_or("Unknown protocol"));
            info.text(" (");
            info.dec(ip.proto.into());
            info.text(")");
        }
        stop::undecoded(c, Undecoded::IpProtocol(ip.proto));
        data::dissect(c, b);
    }
    Ok(())
}

/// Next header and length; returns the length of the whole header.
fn beginning<S: Sink>(
    c: &mut Ctx<'_, S>,
    b: Buf<'_>,
    [nxt, len, oct]: [crate::decode::FieldId; 3],
) -> Outcome<usize> {
    c.u8(nxt, b, 0)?;
    let units = c.u8(len, b, 1)?;
    let all = (usize::from(units) + 1) * 8;
    c.bits(oct, all as u64, b, 1, 1);
    Ok(all)
}

fn options<S: Sink>(
    c: &mut Ctx<'_, S>,
    b: Buf<'_>,
    proto: Proto,
    ids: [crate::decode::FieldId; 3],
) -> Outcome<usize> {
    c.layer(proto, b.span(0, 8.min(b.captured())));
    let len = beginning(c, b, ids)?;
    if c.wants(Proto::Ipv6) {
        ipv6_options::dissect(c, b.truncate(len))?;
    }
    Ok(len)
}

fn routing_header<S: Sink>(c: &mut Ctx<'_, S>, ip: &mut Ip, b: Buf<'_>) -> Outcome<usize> {
    use routing::*;
    c.layer(Proto::Routing, b.span(0, 8.min(b.captured())));
    let len = beginning(c, b, [NXT, LEN, LEN_OCT])?;
    let kind = c.u8(TYPE, b, 2)?;
    let left = c.u8(SEGLEFT, b, 3)?;
    let addresses = |c: &mut Ctx<'_, S>, id| {
        let (mut first, mut last) = (None, None);
        for at in (8..len).step_by(16).take_while(|at| at + 16 <= len) {
            let a = c.ipv6(id, b, at)?;
            first = first.or(Some(a));
            last = Some(a);
        }
        Ok((first, last))
    };
    let end = match kind {
        // Source route (RFC 2460).
        0 => {
            c.bytes(SRC_RESERVED, b, 4, 4)?;
            addresses(c, SRC_ADDR)?.1
        }
        // Mobility (RFC 6275).
        2 => {
            c.bytes(MIPV6_RESERVED, b, 4, 4)?;
            addresses(c, MIPV6_HOME_ADDRESS)?.1
        }
        // Low-power networks (RFC 6554): addresses without the part they share.
        3 => {
            let word = b.u32(4)?;
            c.parts(word, b, 4, 4, &[(RPL_CMPRI, 28, 4), (RPL_CMPRE, 24, 4), (RPL_PAD, 20, 4)]);
            if len > 8 {
                c.bytes(RPL_ADDRESS, b, 8, len - 8)?;
            }
            None
        }
        // Segments, the last one first (RFC 8754).
        4 => {
            c.u8(SRH_LAST_ENTRY, b, 4)?;
            c.u8(SRH_FLAGS, b, 5)?;
            c.bytes(SRH_TAG, b, 6, 2)?;
            addresses(c, SRH_ADDR)?.0
        }
        _ => {
            c.bytes(UNKNOWN_DATA, b, 4, len - 4)?;
            None
        }
    };
    if let (true, Some(a)) = (left > 0, end) {
        ip.dst = a;
    }
    Ok(len)
}

/// The fragment header. `None` when the frame ends here because more fragments are needed.
fn fragment<S: Sink>(c: &mut Ctx<'_, S>, ip: &mut Ip, b: Buf<'_>) -> Outcome<Option<usize>> {
    use fraghdr::*;
    c.layer(Proto::Fraghdr, b.span(0, 8.min(b.captured())));
    let next = c.u8(NXT, b, 0)?;
    c.u8(RESERVED_OCTET, b, 1)?;
    let word = b.u16(2)?;
    c.parts(word, b, 2, 2, &[(OFFSET, 3, 13), (RESERVED_BITS, 1, 2), (MORE, 0, 1)]);
    let ident = c.u32(IDENT, b, 4)?;
    let rest = b.from(8);
    let (offset, more) = (u32::from(word & 0xFFF8), word & 1 != 0);
    if offset == 0 && !more {
        // An atomic fragment (RFC 6946) is a whole datagram.
        return Ok(Some(8));
    }
    let whole = rest.reported() > 0 && rest.captured() == rest.reported();
    if whole && !c.quoted {
        let key = Key { src: ip.src, dst: ip.dst, id: ident, proto: 0, version: 6 };
        let whole = c.defrag.add(Fragment { key, offset, more, data: rest.bytes(), next });
        c.seen(Seen::Fragment { key: &key, complete: whole.is_some() });
        if let Some(whole) = whole {
            c.bits(ipv6::FRAGMENT_COUNT, whole.fragments, rest, 0, rest.captured());
            if whole.overlap {
                c.bits(ipv6::FRAGMENT_OVERLAP, 1u8, rest, 0, 0);
            }
            c.bits(ipv6::REASSEMBLED_LENGTH, whole.data.len() as u64, rest, 0, 0);
            let ip = Ip { proto: whole.next, ..*ip };
            // A whole datagram may hold further fragment headers: forged ones nest.
            c.nest(rest, |c| c.reassembled(whole.data, |c, b| dissect(c, ip, b)))?;
            return Ok(None);
        }
    } else if !whole && offset == 0 {
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

fn authentication<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome<usize> {
    use ah::*;
    c.layer(Proto::Ah, b.span(0, 12.min(b.captured())));
    c.u8(NEXT_HEADER, b, 0)?;
    let units = c.u8(LENGTH, b, 1)?;
    let len = (usize::from(units) + 2) * 4;
    c.bytes(RESERVED, b, 2, 2)?;
    let spi = c.u32(SPI, b, 4)?;
    c.u32(SEQUENCE, b, 8)?;
    if len > 12 {
        c.bytes(ICV, b, 12, len - 12)?;
    }
    if let Some(info) = c.summary().and_then(|s| s.take("AH")) {
        info.text("AH (SPI=");
        info.hex0x(spi.into(), 8);
        info.text(")");
    }
    Ok(len)
}

fn mobility<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    use mipv6::*;
    c.layer(Proto::Mipv6, b.span(0, 8.min(b.captured())));
    c.u8(PROTO, b, 0)?;
    c.u8(HLEN, b, 1)?;
    let kind = c.u8(MHTYPE, b, 2)?;
    c.u8(RESERVED, b, 3)?;
    c.u16(CSUM, b, 4)?;
    if let Some(info) = c.summary().and_then(|s| s.take("MIPv6")) {
        info.text("Mobility message ");
        info.dec(kind.into());
    }
    Ok(())
}

fn host_identity<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome<usize> {
    use hip::*;
    c.layer(Proto::Hip, b.span(0, 40.min(b.captured())));
    c.u8(PROTO, b, 0)?;
    let units = c.u8(HDR_LEN, b, 1)?;
    let kind = b.u8(2)? & 0x7F;
    c.bits(PACKET_TYPE, kind, b, 2, 1);
    c.bits(VERSION, b.u8(3)? >> 4, b, 3, 1);
    c.u16(CHECKSUM, b, 4)?;
    c.u16(CONTROLS, b, 6)?;
    c.bytes(HIT_SNDR, b, 8, 16)?;
    c.bytes(HIT_RCVR, b, 24, 16)?;
    if let Some(info) = c.summary().and_then(|s| s.take("HIP")) {
        info.text("HIP packet type ");
        info.dec(kind.into());
    }
    Ok((usize::from(units) + 1) * 8)
}

fn shim<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome<usize> {
    use shim6::*;
    c.layer(Proto::Shim6, b.span(0, 8.min(b.captured())));
    let len = beginning(c, b, [NXT, LEN, LEN_OCT])?;
    c.bits(P, b.u8(2)? >> 7, b, 2, 1);
    Ok(len)
}
