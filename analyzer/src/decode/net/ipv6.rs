//! IPv6 (RFC 8200): the fixed header.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | version (4 bits), traffic class (8 bits), flow label (20 bits) |
//! | 4 | 2 | payload length |
//! | 6 | 1 | next header |
//! | 7 | 1 | hop limit |
//! | 8 | 16 | source |
//! | 24 | 16 | destination |

use crate::decode::names;
use crate::decode::{Base, Buf, Ctx, Endpoint, Kind, Outcome, Proto, Sink, Value, data};

use super::{Ip, ipv4, ipv6_ext, ipv6_options};

crate::protocol! { Ipv6, "ipv6", "Internet Protocol Version 6";
    VERSION "ipv6.version" "Version" Kind::Uint(8, Base::Dec);
    TCLASS "ipv6.tclass" "Traffic Class" Kind::Uint(32, Base::Hex);
    TCLASS_DSCP "ipv6.tclass.dscp" "Differentiated Services Codepoint" Kind::Uint(32, Base::Dec), names::dscp;
    TCLASS_ECN "ipv6.tclass.ecn" "Explicit Congestion Notification" Kind::Uint(32, Base::Dec), names::ecn;
    FLOW "ipv6.flow" "Flow Label" Kind::Uint(24, Base::Hex);
    PLEN "ipv6.plen" "Payload Length" Kind::Uint(16, Base::Dec);
    NXT "ipv6.nxt" "Next Header" Kind::Uint(8, Base::Dec), names::ip_protocol;
    HLIM "ipv6.hlim" "Hop Limit" Kind::Uint(8, Base::Dec);
    SRC "ipv6.src" "Source Address" Kind::Ipv6;
    DST "ipv6.dst" "Destination Address" Kind::Ipv6;
    OPT_TYPE "ipv6.opt.type" "Type" Kind::Uint(8, Base::Hex), names::ipv6_option;
    OPT_TYPE_ACTION "ipv6.opt.type.action" "Action" Kind::Uint(8, Base::Dec);
    OPT_TYPE_CHANGE "ipv6.opt.type.change" "May Change" Kind::Bool;
    OPT_TYPE_REST "ipv6.opt.type.rest" "Low-Order Bits" Kind::Uint(8, Base::Hex);
    OPT_LENGTH "ipv6.opt.length" "Length" Kind::Uint(8, Base::Dec);
    OPT_PAD1 "ipv6.opt.pad1" "Pad1" Kind::None;
    OPT_PADN "ipv6.opt.padn" "PadN" Kind::Bytes;
    OPT_TEL "ipv6.opt.tel" "Tunnel Encapsulation Limit" Kind::Uint(8, Base::Dec);
    OPT_ROUTER_ALERT "ipv6.opt.router_alert" "Router Alert" Kind::Uint(16, Base::Dec), names::router_alert;
    OPT_JUMBO "ipv6.opt.jumbo" "Payload Length" Kind::Uint(32, Base::Dec);
    OPT_HOME_ADDRESS "ipv6.opt.mipv6.home_address" "MIPv6 Home Address" Kind::Ipv6;
    OPT_QS_FUNC "ipv6.opt.qs_func" "Function" Kind::Uint(8, Base::Dec);
    OPT_QS_RATE "ipv6.opt.qs_rate" "Rate" Kind::Uint(8, Base::Dec);
    OPT_QS_TTL "ipv6.opt.qs_ttl" "QS TTL" Kind::Uint(8, Base::Dec);
    OPT_QS_NONCE "ipv6.opt.qs_nonce" "QS Nonce" Kind::Uint(32, Base::Hex);
    OPT_CALIPSO_DOI "ipv6.opt.calipso.doi" "CALIPSO Domain of Interpretation" Kind::Uint(32, Base::Dec);
    OPT_CALIPSO_LEN "ipv6.opt.calipso.cmpt.length" "Compartment Length" Kind::Uint(8, Base::Dec);
    OPT_CALIPSO_LEVEL "ipv6.opt.calipso.sens_level" "Sensitivity Level" Kind::Uint(8, Base::Dec);
    OPT_CALIPSO_CHECKSUM "ipv6.opt.calipso.checksum" "Checksum" Kind::Uint(16, Base::Hex);
    OPT_CALIPSO_BITMAP "ipv6.opt.calipso.cmpt_bitmap" "Compartment Bitmap" Kind::Bytes;
    OPT_PDM_SCALE_DTLR "ipv6.opt.pdm.scale_dtlr" "Scale DTLR" Kind::Uint(8, Base::Dec);
    OPT_PDM_SCALE_DTLS "ipv6.opt.pdm.scale_dtls" "Scale DTLS" Kind::Uint(8, Base::Dec);
    OPT_PDM_PSN_THIS "ipv6.opt.pdm.psn_this_pkt" "PSN This Packet" Kind::Uint(16, Base::Dec);
    OPT_PDM_PSN_LAST "ipv6.opt.pdm.psn_last_recv" "PSN Last Received" Kind::Uint(16, Base::Dec);
    OPT_PDM_DELTA_RECV "ipv6.opt.pdm.delta_last_recv" "Delta Time Last Received" Kind::Uint(16, Base::Dec);
    OPT_PDM_DELTA_SENT "ipv6.opt.pdm.delta_last_sent" "Delta Time Last Sent" Kind::Uint(16, Base::Dec);
    OPT_RPL_FLAG "ipv6.opt.rpl.flag" "Flag" Kind::Uint(8, Base::Hex);
    OPT_RPL_INSTANCE_ID "ipv6.opt.rpl.instance_id" "RPLInstanceID" Kind::Uint(8, Base::Hex);
    OPT_RPL_SENDER_RANK "ipv6.opt.rpl.sender_rank" "Sender Rank" Kind::Uint(16, Base::Hex);
    OPT_ILNP_NONCE "ipv6.opt.ilnp_nonce" "ILNP Nonce" Kind::Bytes;
    OPT_UNKNOWN "ipv6.opt.unknown" "Unknown Option Payload" Kind::Bytes;
    FRAGMENT_COUNT "ipv6.fragment.count" "Fragment count" Kind::Uint(32, Base::Dec);
    FRAGMENT_OVERLAP "ipv6.fragment.overlap" "Fragment overlap" Kind::Bool;
    REASSEMBLED_LENGTH "ipv6.reassembled.length" "Reassembled IPv6 length" Kind::Uint(32, Base::Dec);
}

/// Length of the fixed header.
pub const HDR: usize = 40;

/// Dissects header, extension headers and payload.
#[inline]
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let version = b.bytes().first().map_or(6, |f| f >> 4);
    if version != 6 {
        // Whatever this is, its outer header is wrong about it.
        c.bits(VERSION, version, b, 0, 1);
        c.bits(ipv4::VERSION, version, b, 0, 1);
        data::dissect(c, b);
        return Err(b.malformed(0));
    }
    c.layer(Proto::Ipv6, b.span(0, HDR.min(b.captured())));
    b.u8(0)?;
    c.bits(VERSION, version, b, 0, 1);
    // The version of either protocol answers to the name in IPv4.
    c.bits(ipv4::VERSION, version, b, 0, 1);
    if let Some(s) = c.summary() {
        s.take("IPv6");
    }
    if c.wants(Proto::Ipv6) {
        let word = b.u32(0)?;
        let class = word >> 20 & 0xFF;
        c.group_of(TCLASS, class, |c| {
            c.flags(TCLASS, class, b, 0, 4, &[(TCLASS_DSCP, 2, 6), (TCLASS_ECN, 0, 2)]);
        });
        c.bits(FLOW, word & 0xF_FFFF, b, 1, 3);
        c.u16(PLEN, b, 4)?;
        c.u8(NXT, b, 6)?;
        c.u8(HLIM, b, 7)?;
        c.ipv6(SRC, b, 8)?;
    }
    let (said, next) = (usize::from(b.u16(4)?), b.u8(6)?);
    let (src, dst) = (b.array(8)?, b.array(24)?);
    c.field(DST, Value::Ipv6(dst), b.span(24, 16));
    if let Some(s) = c.summary() {
        s.addresses(Endpoint::V6(src), Endpoint::V6(dst));
    }
    let rest = b.from(HDR);
    let rest = match said {
        // A jumbogram has its length in a hop-by-hop option; without one there is no payload.
        0 if next == 0 => rest.truncate(ipv6_options::jumbo(rest).unwrap_or(0)),
        // Segmentation offload leaves the length to the adapter.
        0 if matches!(next, 6 | 17) => rest,
        n => {
            c.ends_after(b, HDR + n);
            rest.truncate(n)
        }
    };
    let ip = Ip { src, dst, version: 6, proto: next, fragment: false };
    ipv6_ext::dissect(c, ip, rest)
}
