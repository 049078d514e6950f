//! Generic routing encapsulation (RFC 2784, RFC 2890, RFC 1701) and its version 1 for PPTP
//! (RFC 2637).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 2 | flags: checksum, routing, key, sequence, strict source route, recursion, version |
//! | 2 | 2 | protocol of the payload |
//! | 4 | 2 + 2 | checksum and offset, when checksum or routing is flagged |
//! | | 4 | key, or payload length and call id (version 1) |
//! | | 4 | sequence number |
//! | | 4 | acknowledgment number (version 1) |
//! | | … | source route entries |

use formats::checksum::checksum;

use crate::decode::names;
use crate::decode::stop::Undecoded;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, data, dispatch, fmt::Out, link};

use super::{arp, erspan, ipv4, ipv6};

crate::protocol! { Gre, "gre", "Generic Routing Encapsulation";
    FLAGS "gre.flags_and_version" "Flags and Version" Kind::Uint(16, Base::Hex);
    FLAGS_CHECKSUM "gre.flags.checksum" "Checksum Bit" Kind::Bool;
    FLAGS_ROUTING "gre.flags.routing" "Routing Bit" Kind::Bool;
    FLAGS_KEY "gre.flags.key" "Key Bit" Kind::Bool;
    FLAGS_SEQUENCE "gre.flags.sequence_number" "Sequence Number Bit" Kind::Bool;
    FLAGS_STRICT "gre.flags.strict_source_route" "Strict Source Route Bit" Kind::Bool;
    FLAGS_RECURSION "gre.flags.recursion_control" "Recursion control" Kind::Uint(16, Base::Dec);
    FLAGS_ACK "gre.flags.ack" "Acknowledgment" Kind::Bool;
    FLAGS_RESERVED "gre.flags.reserved" "Flags (Reserved)" Kind::Uint(16, Base::Dec);
    FLAGS_VERSION "gre.flags.version" "Version" Kind::Uint(16, Base::Dec);
    PROTO "gre.proto" "Protocol Type" Kind::Uint(16, Base::Hex), names::ethertype;
    CHECKSUM "gre.checksum" "Checksum" Kind::Uint(16, Base::Hex);
    CHECKSUM_STATUS "gre.checksum.status" "Checksum Status" Kind::Uint(8, Base::Dec), names::checksum_status;
    OFFSET "gre.offset" "Offset" Kind::Uint(16, Base::Dec);
    KEY "gre.key" "Key" Kind::Uint(32, Base::Hex);
    KEY_PAYLOAD_LENGTH "gre.key.payload_length" "Payload Length" Kind::Uint(16, Base::Dec);
    KEY_CALL_ID "gre.key.call_id" "Call ID" Kind::Uint(16, Base::Dec);
    SEQUENCE_NUMBER "gre.sequence_number" "Sequence Number" Kind::Uint(32, Base::Dec);
    ACK_NUMBER "gre.ack_number" "Acknowledgment Number" Kind::Uint(32, Base::Dec);
    ROUTING_FAMILY "gre.routing.address_family" "Address Family" Kind::Uint(16, Base::Dec);
    ROUTING_OFFSET "gre.routing.sre_offset" "SRE Offset" Kind::Uint(8, Base::Dec);
    ROUTING_LENGTH "gre.routing.src_length" "SRE Length" Kind::Uint(8, Base::Dec);
    ROUTING_INFORMATION "gre.routing.information" "Routing Information" Kind::Bytes;
}

/// PPP of a PPTP tunnel.
const PPTP: u16 = 0x880B;
/// ERSPAN types I and II, and III.
const ERSPAN2: u16 = 0x88BE;
const ERSPAN3: u16 = 0x22EB;
/// Web cache redirection.
const WCCP: u16 = 0x883E;

/// Dissects header and payload.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Gre, b.span(0, 4.min(b.captured())));
    let flags = b.u16(0)?;
    let t = b.u16(2)?;
    let version = flags & 7;
    let parts = [
        (FLAGS_CHECKSUM, 15, 1),
        (FLAGS_ROUTING, 14, 1),
        (FLAGS_KEY, 13, 1),
        (FLAGS_SEQUENCE, 12, 1),
        (FLAGS_STRICT, 11, 1),
        (FLAGS_RECURSION, 8, 3),
    ];
    c.flags(FLAGS, flags, b, 0, 2, &parts);
    c.sink.open();
    if version == 1 {
        c.parts(flags, b, 0, 2, &[(FLAGS_ACK, 7, 1), (FLAGS_RESERVED, 3, 4), (FLAGS_VERSION, 0, 3)]);
    } else {
        c.parts(flags, b, 0, 2, &[(FLAGS_RESERVED, 3, 5), (FLAGS_VERSION, 0, 3)]);
    }
    c.sink.close();
    c.bits(PROTO, t, b, 2, 2);
    if let Some(info) = c.summary().and_then(|s| s.take("GRE")) {
        info.text("Encapsulated ");
        match names::ethertype(t.into()) {
            Some(name) => info.text(name),
            None => info.hex0x(t.into(), 4),
        }
    }
    let mut at = 4;
    if flags & 0xC000 != 0 {
        c.u16(CHECKSUM, b, at)?;
        if flags & 0x8000 != 0 {
            let whole = b.captured() == b.reported();
            let status = if whole { u8::from(checksum(b.bytes()) == 0) } else { names::UNVERIFIED };
            c.bits(CHECKSUM_STATUS, status, b, at, 2);
        }
        c.u16(OFFSET, b, at + 2)?;
        at += 4;
    }
    if flags & 0x2000 != 0 {
        if version == 1 {
            c.u16(KEY_PAYLOAD_LENGTH, b, at)?;
            c.u16(KEY_CALL_ID, b, at + 2)?;
        } else {
            c.u32(KEY, b, at)?;
        }
        at += 4;
    }
    if flags & 0x1000 != 0 {
        c.u32(SEQUENCE_NUMBER, b, at)?;
        at += 4;
    }
    if version == 1 && flags & 0x80 != 0 {
        c.u32(ACK_NUMBER, b, at)?;
        at += 4;
    }
    if flags & 0x4000 != 0 {
        at = routes(c, b, at)?;
    }
    let rest = b.from(at);
    // Without a sequence number a PPTP packet only acknowledges.
    if version == 1 && flags & 0x1000 == 0 || rest.reported() == 0 {
        return Ok(());
    }
    match t {
        ERSPAN2 if flags & 0x1000 == 0 => erspan::type1(c, rest),
        _ => payload(c, t, rest),
    }
}

/// Source route entries; the one of family and length zero is the last.
fn routes<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, mut at: usize) -> Outcome<usize> {
    loop {
        let family = c.u16(ROUTING_FAMILY, b, at)?;
        c.u8(ROUTING_OFFSET, b, at + 2)?;
        let len = usize::from(c.u8(ROUTING_LENGTH, b, at + 3)?);
        at += 4;
        if len > 0 {
            c.bytes(ROUTING_INFORMATION, b, at, len)?;
            at += len;
        } else if family == 0 {
            return Ok(at);
        }
    }
}

/// What a GRE protocol type stands for.
pub fn payload<S: Sink>(c: &mut Ctx<'_, S>, t: u16, b: Buf<'_>) -> Outcome {
    match t {
        0x0800 => ipv4::any(c, b),
        0x86DD => ipv6::dissect(c, b),
        0x0806 => arp::dissect(c, b),
        0x6558 => c.nest(b, |c| link::ethernet::without_fcs(c, b)),
        0x8847 | 0x8848 => c.nest(b, |c| link::mpls::dissect(c, b)),
        0x8881 | 0x88D2 => link::ppp::hdlc(c, b),
        PPTP => link::ppp::dissect(c, b),
        0x6559 => c.nest(b, |c| link::frame_relay::dissect(c, b)),
        ERSPAN2 => erspan::type2(c, b),
        ERSPAN3 => erspan::type3(c, b),
        WCCP => {
            // Version 2 puts a redirect header of four bytes in front of the packet.
            let first = b.u8(0)?;
            ipv4::any(c, if first >> 4 == 4 { b } else { b.from(4) })
        }
        0 => {
            data::dissect(c, b);
            Ok(())
        }
        _ => dispatch::unknown(c, b, Undecoded::Gre(t)),
    }
}
