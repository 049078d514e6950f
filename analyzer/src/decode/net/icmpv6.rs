//! ICMPv6 (RFC 4443): errors, echo, neighbour discovery (RFC 4861), multicast listener discovery
//! (RFC 2710, RFC 3810), node information (RFC 4620).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | type; below 128: an error |
//! | 1 | 1 | code |
//! | 2 | 2 | checksum, with a pseudo header |
//! | 4 | … | depends on the type |

use crate::decode::names;
use crate::decode::{Base, Buf, Ctx, FieldId, Kind, Outcome, Proto, Sink, data, fmt::Out};

use super::{Ip, icmp, icmp_ext, ipv6, nd_options};

crate::protocol! { Icmpv6, "icmpv6", "Internet Control Message Protocol v6";
    TYPE "icmpv6.type" "Type" Kind::Uint(8, Base::Dec), names::icmpv6_type;
    CODE "icmpv6.code" "Code" Kind::Uint(8, Base::Dec);
    CHECKSUM "icmpv6.checksum" "Checksum" Kind::Uint(16, Base::Hex);
    CHECKSUM_STATUS "icmpv6.checksum.status" "Checksum Status" Kind::Uint(8, Base::Dec), names::checksum_status;
    RESERVED "icmpv6.reserved" "Reserved" Kind::Bytes;
    LENGTH "icmpv6.length" "Length of original datagram" Kind::Uint(8, Base::Dec);
    MTU "icmpv6.mtu" "MTU" Kind::Uint(32, Base::Dec);
    POINTER "icmpv6.pointer" "Pointer" Kind::Uint(32, Base::Dec);
    DATA "icmpv6.data" "Data" Kind::Bytes;
    ECHO_IDENTIFIER "icmpv6.echo.identifier" "Identifier" Kind::Uint(16, Base::Hex);
    ECHO_SEQUENCE "icmpv6.echo.sequence_number" "Sequence" Kind::Uint(16, Base::Dec);
    RA_CUR_HOP_LIMIT "icmpv6.nd.ra.cur_hop_limit" "Cur hop limit" Kind::Uint(8, Base::Dec);
    RA_FLAG "icmpv6.nd.ra.flag" "Flags" Kind::Uint(8, Base::Hex);
    RA_FLAG_M "icmpv6.nd.ra.flag.m" "Managed address configuration" Kind::Bool;
    RA_FLAG_O "icmpv6.nd.ra.flag.o" "Other configuration" Kind::Bool;
    RA_FLAG_H "icmpv6.nd.ra.flag.h" "Home Agent" Kind::Bool;
    RA_FLAG_PRF "icmpv6.nd.ra.flag.prf" "Prf (Default Router Preference)" Kind::Uint(8, Base::Dec);
    RA_FLAG_P "icmpv6.nd.ra.flag.p" "Proxy" Kind::Bool;
    RA_ROUTER_LIFETIME "icmpv6.nd.ra.router_lifetime" "Router lifetime (s)" Kind::Uint(16, Base::Dec);
    RA_REACHABLE_TIME "icmpv6.nd.ra.reachable_time" "Reachable time (ms)" Kind::Uint(32, Base::Dec);
    RA_RETRANS_TIMER "icmpv6.nd.ra.retrans_timer" "Retrans timer (ms)" Kind::Uint(32, Base::Dec);
    NS_TARGET "icmpv6.nd.ns.target_address" "Target Address" Kind::Ipv6;
    NA_FLAG "icmpv6.nd.na.flag" "Flags" Kind::Uint(32, Base::Hex);
    NA_FLAG_R "icmpv6.nd.na.flag.r" "Router" Kind::Bool;
    NA_FLAG_S "icmpv6.nd.na.flag.s" "Solicited" Kind::Bool;
    NA_FLAG_O "icmpv6.nd.na.flag.o" "Override" Kind::Bool;
    NA_TARGET "icmpv6.nd.na.target_address" "Target Address" Kind::Ipv6;
    RD_TARGET "icmpv6.nd.rd.target_address" "Target Address" Kind::Ipv6;
    RD_DESTINATION "icmpv6.rd.na.destination_address" "Destination Address" Kind::Ipv6;
    OPT "icmpv6.opt" "ICMPv6 Option" Kind::None;
    OPT_TYPE "icmpv6.opt.type" "Type" Kind::Uint(8, Base::Dec), names::nd_option;
    OPT_LENGTH "icmpv6.opt.length" "Length" Kind::Uint(8, Base::Dec);
    OPT_LINKADDR "icmpv6.opt.linkaddr" "Link-layer address" Kind::Ether;
    OPT_SRC_LINKADDR "icmpv6.opt.src_linkaddr" "Source Link-layer address" Kind::Ether;
    OPT_TARGET_LINKADDR "icmpv6.opt.target_linkaddr" "Target Link-layer address" Kind::Ether;
    OPT_PREFIX_LENGTH "icmpv6.opt.prefix.length" "Prefix Length" Kind::Uint(8, Base::Dec);
    OPT_PREFIX_FLAG "icmpv6.opt.prefix.flag" "Flag" Kind::Uint(8, Base::Hex);
    OPT_PREFIX_FLAG_L "icmpv6.opt.prefix.flag.l" "On-link flag(L)" Kind::Bool;
    OPT_PREFIX_FLAG_A "icmpv6.opt.prefix.flag.a" "Autonomous address-configuration flag(A)" Kind::Bool;
    OPT_PREFIX_FLAG_R "icmpv6.opt.prefix.flag.r" "Router address flag(R)" Kind::Bool;
    OPT_PREFIX_VALID "icmpv6.opt.prefix.valid_lifetime" "Valid Lifetime" Kind::Uint(32, Base::Dec);
    OPT_PREFIX_PREFERRED "icmpv6.opt.prefix.preferred_lifetime" "Preferred Lifetime" Kind::Uint(32, Base::Dec);
    OPT_PREFIX "icmpv6.opt.prefix" "Prefix" Kind::Ipv6;
    OPT_MTU "icmpv6.opt.mtu" "MTU" Kind::Uint(32, Base::Dec);
    OPT_NONCE "icmpv6.opt.nonce" "Nonce" Kind::Bytes;
    OPT_ADVERTISEMENT_INTERVAL "icmpv6.opt.advertisement_interval" "Advertisement Interval" Kind::Uint(32, Base::Dec);
    OPT_HOME_AGENT_PREFERENCE "icmpv6.opt.home_agent_preference" "Home Agent Preference" Kind::Uint(16, Base::Dec);
    OPT_HOME_AGENT_LIFETIME "icmpv6.opt.home_agent_lifetime" "Home Agent Preference" Kind::Uint(16, Base::Dec);
    OPT_ROUTE_FLAG "icmpv6.opt.route_info.flag" "Flag" Kind::Uint(8, Base::Hex);
    OPT_ROUTE_PREFERENCE "icmpv6.opt.route_info.flag.route_preference" "Route Preference" Kind::Uint(8, Base::Dec);
    OPT_ROUTE_LIFETIME "icmpv6.opt.route_lifetime" "Route Lifetime" Kind::Uint(32, Base::Dec);
    OPT_RDNSS_LIFETIME "icmpv6.opt.rdnss.lifetime" "Lifetime" Kind::Uint(32, Base::Dec);
    OPT_RDNSS "icmpv6.opt.rdnss" "Recursive DNS Servers" Kind::Ipv6;
    OPT_DNSSL_LIFETIME "icmpv6.opt.dnssl.lifetime" "Lifetime" Kind::Uint(32, Base::Dec);
    OPT_DNSSL "icmpv6.opt.dnssl" "Domain Names" Kind::Str;
    OPT_ARO_STATUS "icmpv6.opt.aro.status" "Status" Kind::Uint(8, Base::Dec);
    OPT_ARO_LIFETIME "icmpv6.opt.aro.registration_lifetime" "Registration  Lifetime" Kind::Uint(16, Base::Dec);
    OPT_6CO_LENGTH "icmpv6.opt.6co.context_length" "Context Length" Kind::Uint(8, Base::Dec);
    OPT_6CO_FLAG "icmpv6.opt.6co.flag" "Flag" Kind::Uint(8, Base::Hex);
    OPT_6CO_VALID "icmpv6.opt.6co.valid_lifetime" "Lifetime" Kind::Uint(16, Base::Dec);
    OPT_CAPTIVE_PORTAL "icmpv6.opt.captive_portal" "Captive Portal" Kind::Str;
    OPT_PREF64_LIFETIME "icmpv6.opt.pref64.scaled_lifetime" "Scaled Lifetime" Kind::Uint(16, Base::Dec);
    OPT_PREF64_PLC "icmpv6.opt.pref64.plc" "PLC (Prefix Length Code)" Kind::Uint(16, Base::Hex);
    OPT_DATA ours "icmpv6.opt.data" "Option data" Kind::Bytes;
    MLD_MAX_DELAY "icmpv6.mld.maximum_response_delay" "Maximum Response Delay [ms]" Kind::Uint(16, Base::Dec);
    MLD_MAX_CODE "icmpv6.mld.maximum_response_code" "Maximum Response Code" Kind::Uint(16, Base::Dec);
    MLD_ADDRESS "icmpv6.mld.multicast_address" "Multicast Address" Kind::Ipv6;
    MLD_FLAG "icmpv6.mld.flag" "Flags" Kind::Uint(8, Base::Hex);
    MLD_FLAG_S "icmpv6.mld.flag.s" "Suppress Router-Side Processing" Kind::Bool;
    MLD_FLAG_QRV "icmpv6.mld.flag.qrv" "QRV (Querier's Robustness Variable)" Kind::Uint(8, Base::Dec);
    MLD_QQI "icmpv6.mld.qqi" "QQIC (Querier's Query Interval Code)" Kind::Uint(8, Base::Dec);
    MLD_NB_SOURCES "icmpv6.mld.nb_sources" "Number of Sources" Kind::Uint(16, Base::Dec);
    MLD_SOURCE "icmpv6.mld.source_address" "Source Address" Kind::Ipv6;
    MLDR_NB_RECORDS "icmpv6.mldr.nb_mcast_records" "Number of Multicast Address Records" Kind::Uint(16, Base::Dec);
    MLDR_RECORD_TYPE "icmpv6.mldr.mar.record_type" "Record Type" Kind::Uint(8, Base::Dec), names::mld_record;
    MLDR_AUX_LEN "icmpv6.mldr.mar.aux_data_len" "Aux Data Len" Kind::Uint(8, Base::Dec);
    MLDR_NB_SOURCES "icmpv6.mldr.mar.nb_sources" "Number of Sources" Kind::Uint(16, Base::Dec);
    MLDR_ADDRESS "icmpv6.mldr.mar.multicast_address" "Multicast Address" Kind::Ipv6;
    MLDR_SOURCE "icmpv6.mldr.mar.source_address" "Source Address" Kind::Ipv6;
    MLDR_AUX "icmpv6.mldr.mar.auxiliary_data" "Auxiliary Data" Kind::Bytes;
    MCAST_RA_INTERVAL "icmpv6.mcast_ra.query_interval" "Query Interval" Kind::Uint(16, Base::Dec);
    MCAST_RA_ROBUSTNESS "icmpv6.mcast_ra.robustness_variable" "Robustness Variable" Kind::Uint(16, Base::Dec);
    NI_QTYPE "icmpv6.ni.qtype" "Qtype" Kind::Uint(16, Base::Dec);
    NI_FLAG "icmpv6.ni.flag" "Flags" Kind::Uint(16, Base::Hex);
    NI_NONCE "icmpv6.ni.nonce" "Nonce" Kind::Uint(64, Base::Hex);
    NI_SUBJECT_IPV6 "icmpv6.ni.query.subject_ipv6" "IPv6 subject address" Kind::Ipv6;
    NI_SUBJECT_IPV4 "icmpv6.ni.query.subject_ipv4" "IPv4 subject address" Kind::Ipv4;
    NI_NODE_TTL "icmpv6.ni.reply.node_ttl" "TTL" Kind::Uint(32, Base::Dec);
    NI_NODE_ADDRESS "icmpv6.ni.reply.node_address" "IPv6 Node address" Kind::Ipv6;
    NI_IPV4_ADDRESS "icmpv6.ni.reply.ipv4_address" "IPv4 Node address" Kind::Ipv4;
    MIP6_IDENTIFIER "icmpv6.mip6.identifier" "Identifier" Kind::Uint(16, Base::Dec);
    MIP6_AGENT "icmpv6.mip6.home_agent_address" "Home Agent Address" Kind::Ipv6;
    EXT_ECHO_SEQ "icmpv6.ext.echo.seq" "Sequence number" Kind::Uint(8, Base::Dec);
}

/// Dissects a message.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, ip: &Ip, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Icmpv6, b.whole());
    let kind = c.u8(TYPE, b, 0)?;
    let code = c.u8(CODE, b, 1)?;
    c.u16(CHECKSUM, b, 2)?;
    if let Some(info) = c.summary().and_then(|s| s.take("ICMPv6")) {
        line(info, b, kind, code);
    }
    if c.wants(Proto::Icmpv6) {
        let whole = b.captured() == b.reported() && !c.quoted && !ip.fragment && ip.version == 6;
        let status =
            if whole { u8::from(ip.sums_up(58, b.reported(), b.bytes())) } else { names::UNVERIFIED };
        c.bits(CHECKSUM_STATUS, status, b, 2, 2);
    } else if kind > 4 && !matches!(kind, 128 | 129 | 137) {
        // Nothing else holds a further packet.
        return Ok(());
    }
    match kind {
        1..=4 => error(c, b, kind),
        128 | 129 => {
            c.u16(ECHO_IDENTIFIER, b, 4)?;
            c.u16(ECHO_SEQUENCE, b, 6)?;
            data::dissect(c, b.from(8));
            Ok(())
        }
        130..=132 => listener(c, b, kind),
        133 => {
            c.bytes(RESERVED, b, 4, 4)?;
            nd_options::dissect(c, b.from(8), kind)
        }
        134 => router_advertisement(c, b),
        135 => {
            c.bytes(RESERVED, b, 4, 4)?;
            c.ipv6(NS_TARGET, b, 8)?;
            nd_options::dissect(c, b.from(24), kind)
        }
        136 => {
            let flags = b.u32(4)?;
            c.flags(NA_FLAG, flags, b, 4, 4, &[(NA_FLAG_R, 31, 1), (NA_FLAG_S, 30, 1), (NA_FLAG_O, 29, 1)]);
            c.ipv6(NA_TARGET, b, 8)?;
            nd_options::dissect(c, b.from(24), kind)
        }
        137 => {
            c.bytes(RESERVED, b, 4, 4)?;
            c.ipv6(RD_TARGET, b, 8)?;
            c.ipv6(RD_DESTINATION, b, 24)?;
            nd_options::dissect(c, b.from(40), kind)
        }
        139 | 140 => {
            c.u16(NI_QTYPE, b, 4)?;
            c.u16(NI_FLAG, b, 6)?;
            c.u64(NI_NONCE, b, 8)?;
            node_information(c, b, kind, code)
        }
        // Inverse discovery (RFC 3122).
        141 | 142 => {
            c.bytes(RESERVED, b, 4, 4)?;
            nd_options::dissect(c, b.from(8), kind)
        }
        143 => report2(c, b),
        144 | 146 => {
            c.u16(MIP6_IDENTIFIER, b, 4)?;
            c.bytes(RESERVED, b, 6, 2)?;
            if kind == 146 {
                return Ok(());
            }
            data_field(c, b, 8)
        }
        145 => {
            c.u16(MIP6_IDENTIFIER, b, 4)?;
            for at in (8..b.reported()).step_by(16) {
                c.ipv6(MIP6_AGENT, b, at)?;
            }
            Ok(())
        }
        147 => {
            c.u16(MIP6_IDENTIFIER, b, 4)?;
            nd_options::dissect(c, b.from(8), kind)
        }
        148 | 149 => nd_options::dissect(c, b.from(if kind == 148 { 8 } else { 12 }), kind),
        151 => {
            c.u16(MCAST_RA_INTERVAL, b, 4)?;
            c.u16(MCAST_RA_ROBUSTNESS, b, 6)?;
            Ok(())
        }
        160 | 161 => {
            c.u16(ECHO_IDENTIFIER, b, 4)?;
            c.u8(EXT_ECHO_SEQ, b, 6)?;
            let rest = b.from(8);
            if kind == 160 && rest.reported() > 0 {
                c.layer(Proto::Icmp, rest.whole());
                return icmp_ext::dissect(c, rest);
            }
            Ok(())
        }
        _ => data_field(c, b, 4),
    }
}

fn data_field<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome {
    let rest = b.from(at);
    if rest.captured() > 0 {
        c.bytes(DATA, rest, 0, rest.captured())?;
    }
    Ok(())
}

/// What a node information message asks about or tells: addresses; names are shown as bytes.
fn node_information<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, kind: u8, code: u8) -> Outcome {
    let (qtype, left) = (b.u16(4)?, b.reported().saturating_sub(16));
    match (kind, code, qtype) {
        (139, 0, _) if left >= 16 => c.ipv6(NI_SUBJECT_IPV6, b, 16).map(|_| ()),
        (139, 2, _) if left >= 4 => c.ipv4(NI_SUBJECT_IPV4, b, 16).map(|_| ()),
        (140, 0, 3) => {
            for at in (16..b.reported()).step_by(20) {
                c.u32(NI_NODE_TTL, b, at)?;
                c.ipv6(NI_NODE_ADDRESS, b, at + 4)?;
            }
            Ok(())
        }
        (140, 0, 4) => {
            for at in (16..b.reported()).step_by(8) {
                c.u32(NI_NODE_TTL, b, at)?;
                c.ipv4(NI_IPV4_ADDRESS, b, at + 4)?;
            }
            Ok(())
        }
        _ => data_field(c, b, 16),
    }
}

fn error<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, kind: u8) -> Outcome {
    let mut said = 0;
    match kind {
        2 => {
            c.u32(MTU, b, 4)?;
        }
        4 => {
            c.u32(POINTER, b, 4)?;
        }
        _ => {
            // RFC 4884: length of the quoted packet in units of eight bytes.
            said = usize::from(b.u8(4)?) * 8;
            if said > 0 {
                c.u8(LENGTH, b, 4)?;
                c.bytes(RESERVED, b, 5, 3)?;
            } else {
                c.bytes(RESERVED, b, 4, 4)?;
            }
        }
    }
    let rest = b.from(8);
    if rest.reported() == 0 {
        return Ok(());
    }
    let inner = if said > 0 { rest.truncate(said) } else { rest };
    icmp::quoted(c, inner, |c, b| ipv6::dissect(c, b));
    if said > 0 && rest.reported() > said {
        c.layer(Proto::Icmp, rest.from(said).whole());
        icmp_ext::dissect(c, rest.from(said))?;
    }
    Ok(())
}

fn router_advertisement<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.u8(RA_CUR_HOP_LIMIT, b, 4)?;
    let flags = b.u8(5)?;
    c.flags(
        RA_FLAG,
        flags,
        b,
        5,
        1,
        &[(RA_FLAG_M, 7, 1), (RA_FLAG_O, 6, 1), (RA_FLAG_H, 5, 1), (RA_FLAG_PRF, 3, 2), (RA_FLAG_P, 2, 1)],
    );
    c.u16(RA_ROUTER_LIFETIME, b, 6)?;
    c.u32(RA_REACHABLE_TIME, b, 8)?;
    c.u32(RA_RETRANS_TIMER, b, 12)?;
    nd_options::dissect(c, b.from(16), 134)
}

/// Multicast listener discovery; a query of more than 24 bytes is one of version 2.
fn listener<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, kind: u8) -> Outcome {
    let v2 = kind == 130 && b.reported() >= 28;
    c.u16(if v2 { MLD_MAX_CODE } else { MLD_MAX_DELAY }, b, 4)?;
    c.bytes(RESERVED, b, 6, 2)?;
    c.ipv6(MLD_ADDRESS, b, 8)?;
    if !v2 {
        return Ok(());
    }
    let flags = b.u8(24)?;
    c.flags(MLD_FLAG, flags, b, 24, 1, &[(MLD_FLAG_S, 3, 1), (MLD_FLAG_QRV, 0, 3)]);
    c.u8(MLD_QQI, b, 25)?;
    let n = c.u16(MLD_NB_SOURCES, b, 26)?;
    sources(c, b, MLD_SOURCE, 28, n).map(|_| ())
}

fn sources<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, id: FieldId, mut at: usize, n: u16) -> Outcome<usize> {
    for _ in 0..n {
        c.ipv6(id, b, at)?;
        at += 16;
    }
    Ok(at)
}

/// Version 2 report: records of type, group and sources.
fn report2<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.bytes(RESERVED, b, 4, 2)?;
    let records = c.u16(MLDR_NB_RECORDS, b, 6)?;
    let mut at = 8;
    for _ in 0..records {
        c.u8(MLDR_RECORD_TYPE, b, at)?;
        let aux = usize::from(c.u8(MLDR_AUX_LEN, b, at + 1)?) * 4;
        let n = c.u16(MLDR_NB_SOURCES, b, at + 2)?;
        c.ipv6(MLDR_ADDRESS, b, at + 4)?;
        at = sources(c, b, MLDR_SOURCE, at + 20, n)?;
        if aux > 0 {
            c.bytes(MLDR_AUX, b, at, aux)?;
            at += aux;
        }
    }
    Ok(())
}

fn line(info: &mut Vec<u8>, b: Buf<'_>, kind: u8, code: u8) {
    match names::icmpv6_type(kind.into()) {
        Some(name) => info.text(name),
        None => {
            info.text("Type ");
            info.dec(kind.into());
        }
    }
    match kind {
        128 | 129 => {
            if let (Ok(id), Ok(seq)) = (b.u16(4), b.u16(6)) {
                info.text(" id=");
                info.hex0x(id.into(), 4);
                info.text(", seq=");
                info.dec(seq.into());
            }
        }
        135 | 136 => {
            if let Ok(a) = b.array(8) {
                info.text(if kind == 135 { " for " } else { " " });
                info.ipv6(a);
            }
        }
        _ if code != 0 => {
            info.text(" (code ");
            info.dec(code.into());
            info.push(b')');
        }
        _ => {}
    }
}
