//! IGMP, versions 0 (RFC 988) to 3 (RFC 3376).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | type |
//! | 1 | 1 | maximum response time |
//! | 2 | 2 | checksum |
//! | 4 | 4 | group; version 3 report: reserved and number of records |
//! | 8 | … | version 3: query parameters and sources, or records |

use formats::checksum::checksum;

use crate::decode::names;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, data, fmt::Out};

crate::protocol! { Igmp, "igmp", "Internet Group Management Protocol";
    VERSION "igmp.version" "IGMP Version" Kind::Uint(8, Base::Dec);
    TYPE "igmp.type" "Type" Kind::Uint(8, Base::Hex), names::igmp_type;
    MAX_RESP "igmp.max_resp" "Max Resp Time" Kind::Uint(8, Base::Dec);
    MAX_HOPS "igmp.mtrace.max_hops" "# hops" Kind::Uint(8, Base::Dec);
    MAX_RESP_EXP "igmp.max_resp.exp" "Exponent" Kind::Uint(8, Base::Hex);
    MAX_RESP_MANT "igmp.max_resp.mant" "Mantissa" Kind::Uint(8, Base::Hex);
    RESERVED "igmp.reserved" "Reserved" Kind::Bytes;
    CHECKSUM "igmp.checksum" "Checksum" Kind::Uint(16, Base::Hex);
    CHECKSUM_STATUS "igmp.checksum.status" "Checksum Status" Kind::Uint(8, Base::Dec), names::checksum_status;
    MADDR "igmp.maddr" "Multicast Address" Kind::Ipv4;
    S "igmp.s" "S" Kind::Bool;
    QRV "igmp.qrv" "QRV" Kind::Uint(8, Base::Dec);
    QQIC "igmp.qqic" "QQIC" Kind::Uint(8, Base::Dec);
    NUM_SRC "igmp.num_src" "Num Src" Kind::Uint(16, Base::Dec);
    SADDR "igmp.saddr" "Source Address" Kind::Ipv4;
    NUM_GRP_RECS "igmp.num_grp_recs" "Num Group Records" Kind::Uint(16, Base::Dec);
    RECORD_TYPE "igmp.record_type" "Record Type" Kind::Uint(8, Base::Dec), names::mld_record;
    AUX_DATA_LEN "igmp.aux_data_len" "Aux Data Len" Kind::Uint(8, Base::Dec);
    AUX_DATA "igmp.aux_data" "Aux Data" Kind::Bytes;
    MTRACE_SADDR "igmp.mtrace.saddr" "Source Address" Kind::Ipv4;
    MTRACE_RADDR "igmp.mtrace.raddr" "Receiver Address" Kind::Ipv4;
    MTRACE_RSPADDR "igmp.mtrace.rspaddr" "Response Address" Kind::Ipv4;
    MTRACE_RESP_TTL "igmp.mtrace.resp_ttl" "Response TTL" Kind::Uint(8, Base::Dec);
    MTRACE_Q_ID "igmp.mtrace.q_id" "Query ID" Kind::Uint(24, Base::Dec);
    DATA "igmp.data" "Data" Kind::Bytes;
}

const QUERY: u8 = 0x11;
const REPORT3: u8 = 0x22;

/// Dissects a message.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Igmp, b.whole());
    let kind = b.u8(0)?;
    // A query's version shows in its length and its response time.
    let version = match kind {
        QUERY if b.reported() >= 12 => 3,
        QUERY if b.u8(1)? == 0 => 1,
        QUERY | 0x16 | 0x17 => 2,
        0x12 => 1,
        REPORT3 => 3,
        0x1E | 0x1F => 0,
        _ => {
            if let Some(info) = c.summary().and_then(|s| s.take("IGMP")) {
                info.text(names::igmp_type(kind.into()).unwrap_or("Unknown type"));
            }
            c.u8(TYPE, b, 0)?;
            data::dissect(c, b.from(1));
            return Ok(());
        }
    };
    // Wireshark names the protocol twice: once for the family, once for the version.
    c.layer(Proto::Igmp, b.whole());
    if let Some(info) = c.summary().and_then(|s| s.take("IGMP")) {
        line(info, b, kind);
    }
    if !c.wants(Proto::Igmp) {
        return Ok(());
    }
    if version > 0 {
        c.bits(VERSION, version as u8, b, 0, 0);
    }
    c.u8(TYPE, b, 0)?;
    let resp = b.u8(1)?;
    match version {
        3 if kind == QUERY => {
            // From 128 on the time is a floating-point number of four bits and three.
            let time = if resp < 128 {
                u32::from(resp)
            } else {
                (u32::from(resp & 15) | 16) << (u32::from(resp >> 4 & 7) + 3)
            };
            c.bits(MAX_RESP, time, b, 1, 1);
            if resp >= 128 {
                c.parts(resp, b, 1, 1, &[(MAX_RESP_EXP, 4, 3), (MAX_RESP_MANT, 0, 4)]);
            }
        }
        0 => c.bits(MAX_HOPS, resp, b, 1, 1),
        2 => c.bits(MAX_RESP, resp, b, 1, 1),
        _ => {
            c.bytes(RESERVED, b, 1, 1)?;
        }
    }
    c.u16(CHECKSUM, b, 2)?;
    let whole = b.captured() == b.reported() && !c.quoted;
    let status = if whole { u8::from(checksum(b.bytes()) == 0) } else { names::UNVERIFIED };
    c.bits(CHECKSUM_STATUS, status, b, 2, 2);
    if kind == REPORT3 {
        return report3(c, b);
    }
    c.ipv4(MADDR, b, 4)?;
    if version == 0 {
        return traceroute(c, b);
    }
    if version < 3 {
        return Ok(());
    }
    let flags = b.u8(8)?;
    c.parts(flags, b, 8, 1, &[(S, 3, 1), (QRV, 0, 3)]);
    c.u8(QQIC, b, 9)?;
    let n = c.u16(NUM_SRC, b, 10)?;
    for i in 0..usize::from(n) {
        c.ipv4(SADDR, b, 12 + 4 * i)?;
    }
    Ok(())
}

/// Version 3 report: records of type, group and sources.
fn report3<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.bytes(RESERVED, b, 4, 2)?;
    let records = c.u16(NUM_GRP_RECS, b, 6)?;
    let mut at = 8;
    for _ in 0..records {
        c.u8(RECORD_TYPE, b, at)?;
        let aux = usize::from(c.u8(AUX_DATA_LEN, b, at + 1)?) * 4;
        let n = usize::from(c.u16(NUM_SRC, b, at + 2)?);
        c.ipv4(MADDR, b, at + 4)?;
        at += 8;
        for _ in 0..n {
            c.ipv4(SADDR, b, at)?;
            at += 4;
        }
        if aux > 0 {
            c.bytes(AUX_DATA, b, at, aux)?;
            at += aux;
        }
    }
    let rest = b.from(at);
    if rest.captured() > 0 {
        c.bytes(DATA, rest, 0, rest.captured())?;
    }
    Ok(())
}

/// The query of a multicast traceroute; the blocks that routers add are shown as bytes.
fn traceroute<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.ipv4(MTRACE_SADDR, b, 8)?;
    c.ipv4(MTRACE_RADDR, b, 12)?;
    c.ipv4(MTRACE_RSPADDR, b, 16)?;
    c.u8(MTRACE_RESP_TTL, b, 20)?;
    c.u24(MTRACE_Q_ID, b, 21)?;
    let rest = b.from(24);
    if rest.captured() > 0 {
        c.bytes(DATA, rest, 0, rest.captured())?;
    }
    Ok(())
}

fn line(info: &mut Vec<u8>, b: Buf<'_>, kind: u8) {
    info.text(names::igmp_type(kind.into()).unwrap_or("Unknown type"));
    match b.u32(4) {
        Ok(0) if kind == QUERY => info.text(", general"),
        Ok(group) if kind != REPORT3 => {
            info.text(" group ");
            info.ipv4(group);
        }
        Ok(word) if kind == REPORT3 => {
            info.text(", ");
            info.dec(u64::from(word & 0xFFFF));
            info.text(" group records");
        }
        _ => {}
    }
}
