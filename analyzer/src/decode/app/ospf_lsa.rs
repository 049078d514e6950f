//! Link state advertisements of OSPF: RFC 2328 appendix A.4, RFC 5340 appendix A.4.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 2 | age |
//! | 2 | 1 + 1 | version 2: options, type; version 3: a type of two bytes |
//! | 4 | 4 + 4 | link state id, advertising router |
//! | 12 | 4 + 2 + 2 | sequence number, checksum, length |

use crate::decode::{Buf, Ctx, Outcome, Sink, Value};

use super::ospf::{self, options2, options3, prefix};

const HEADER: usize = 20;

/// One advertisement, or its header alone; returns its length.
pub fn advertisement<S: Sink>(
    c: &mut Ctx<'_, S>,
    b: Buf<'_>,
    at: usize,
    v3: bool,
    body: bool,
) -> Outcome<usize> {
    let len = usize::from(b.u16(at + 18)?);
    let age = b.u16(at)?;
    c.bits(ospf::LSA_AGE, age & 0x7FFF, b, at, 2);
    let kind;
    if v3 {
        c.bits(ospf::V3_LSA_DO_NOT_AGE, age >> 15, b, at, 2);
        kind = type3(c, b, at + 2)? & 0x1FFF;
        let flags = [
            (1, ospf::V3_LSA_ROUTER),
            (2, ospf::V3_LSA_NETWORK),
            (3, ospf::V3_LSA_INTERPREFIX),
            (4, ospf::V3_LSA_INTERROUTER),
            (5, ospf::V3_LSA_ASEXT),
            (7, ospf::V3_LSA_NSSA),
            (8, ospf::V3_LSA_LINK),
            (9, ospf::V3_LSA_INTRAPREFIX),
        ];
        for (_, id) in flags.into_iter().filter(|(k, _)| *k == kind) {
            c.field(id, Value::Uint(1), b.span(at + 2, 2));
        }
        c.ipv4(ospf::LINK_STATE_ID, b, at + 4)?;
    } else {
        c.bits(ospf::LSA_DONOTAGE, age >> 15, b, at, 2);
        kind = b.u8(at + 3)?.into();
        options2(c, b, at + 2, kind == 7)?;
        c.bits(ospf::LSA, kind, b, at + 3, 1);
        let flags = [
            (1, ospf::LSA_ROUTER),
            (2, ospf::LSA_NETWORK),
            (3, ospf::LSA_SUMMARY),
            (4, ospf::LSA_ASBR),
            (5, ospf::LSA_ASEXT),
            (7, ospf::LSA_NSSA),
            (9, ospf::LSA_OPAQUE),
            (10, ospf::LSA_OPAQUE),
            (11, ospf::LSA_OPAQUE),
        ];
        for (_, id) in flags.into_iter().filter(|(k, _)| *k == kind) {
            c.field(id, Value::Uint(1), b.span(at + 3, 1));
        }
        if (9..=11).contains(&kind) {
            c.u8(ospf::LSID_OPAQUE_TYPE, b, at + 4)?;
            if b.u8(at + 4)? != 1 {
                c.u24(ospf::LSID_OPAQUE_ID, b, at + 5)?;
            }
        } else {
            c.ipv4(ospf::LSA_ID, b, at + 4)?;
        }
    }
    c.ipv4(ospf::ADVROUTER, b, at + 8)?;
    c.u32(ospf::LSA_SEQNUM, b, at + 12)?;
    c.u16(ospf::LSA_CHKSUM, b, at + 16)?;
    c.u16(ospf::LSA_LENGTH, b, at + 18)?;
    if !body {
        return Ok(HEADER);
    }
    if len < HEADER {
        return Err(b.malformed(at + 18));
    }
    let inner = b.truncate(at + len);
    c.sink.open();
    if v3 {
        body3(c, inner, at + HEADER, kind)?
    } else {
        body2(c, inner, at + HEADER, kind)?
    }
    c.sink.close();
    b.get(at, len)?;
    Ok(len)
}

/// A type of version 3: how unknown ones are handled, how far it is flooded, and its function.
pub fn type3<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome<u16> {
    let v = b.u16(at)?;
    let parts = [(ospf::V3_LSA_U, 15, 1), (ospf::V3_LSA_S12, 13, 2), (ospf::V3_LSA_FC, 0, 13)];
    c.flags(ospf::V3_LSA, v, b, at, 2, &parts);
    Ok(v)
}

fn body2<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, kind: u16) -> Outcome {
    let end = b.reported();
    match kind {
        1 => {
            let parts = [
                (ospf::V2_ROUTER_LSA_FLAGS_H, 7, 1),
                (ospf::V2_ROUTER_LSA_FLAGS_N, 4, 1),
                (ospf::V2_ROUTER_LSA_FLAGS_W, 3, 1),
                (ospf::V2_ROUTER_LSA_FLAGS_V, 2, 1),
                (ospf::V2_ROUTER_LSA_FLAGS_E, 1, 1),
                (ospf::V2_ROUTER_LSA_FLAGS_B, 0, 1),
            ];
            c.flags(ospf::V2_ROUTER_LSA_FLAGS, b.u8(at)?, b, at, 1, &parts);
            let links = c.u16(ospf::LSA_NUMBER_OF_LINKS, b, at + 2)?;
            let mut at = at + 4;
            for _ in 0..links {
                c.ipv4(ospf::LSA_ROUTER_LINKID, b, at)?;
                c.ipv4(ospf::LSA_ROUTER_LINKDATA, b, at + 4)?;
                c.u8(ospf::LSA_ROUTER_LINKTYPE, b, at + 8)?;
                let metrics = c.u8(ospf::LSA_ROUTER_NUMMETRICS, b, at + 9)?;
                c.u16(ospf::LSA_ROUTER_METRIC0, b, at + 10)?;
                at += 12;
                for _ in 0..metrics {
                    c.u8(ospf::LSA_TOS, b, at)?;
                    c.u16(ospf::METRIC, b, at + 2)?;
                    at += 4;
                }
            }
            Ok(())
        }
        2 => {
            c.ipv4(ospf::LSA_NETWORK_NETMASK, b, at)?;
            for at in (at + 4..end).step_by(4) {
                c.ipv4(ospf::LSA_NETWORK_ATTCHRTR, b, at)?;
            }
            Ok(())
        }
        3 | 4 => {
            c.ipv4(ospf::LSA_ASBR_NETMASK, b, at)?;
            for at in (at + 4..end).step_by(4) {
                c.u8(ospf::LSA_TOS, b, at)?;
                c.u24(ospf::METRIC, b, at + 1)?;
            }
            Ok(())
        }
        5 | 7 => {
            c.ipv4(ospf::LSA_ASEXT_NETMASK, b, at)?;
            for at in (at + 4..end).step_by(12) {
                c.parts(b.u8(at)?, b, at, 1, &[(ospf::LSA_ASEXT_TYPE, 7, 1), (ospf::LSA_TOS, 0, 7)]);
                c.u24(ospf::METRIC, b, at + 1)?;
                c.ipv4(ospf::LSA_ASEXT_FWDADDR, b, at + 4)?;
                c.u32(ospf::LSA_ASEXT_EXTRTTAG, b, at + 8)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Length and options of a prefix; returns the length in bits.
fn prefix_head<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome<u8> {
    let bits = c.u8(ospf::PREFIX_LENGTH, b, at)?;
    let parts = [
        (ospf::V3_PREFIX_OPTIONS_P, 3, 1),
        (ospf::V3_PREFIX_OPTIONS_MC, 2, 1),
        (ospf::V3_PREFIX_OPTIONS_LA, 1, 1),
        (ospf::V3_PREFIX_OPTIONS_NU, 0, 1),
    ];
    c.flags(ospf::V3_PREFIX_OPTIONS, b.u8(at + 1)?, b, at + 1, 1, &parts);
    Ok(bits)
}

fn body3<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, kind: u16) -> Outcome {
    let end = b.reported();
    match kind {
        1 => {
            let parts = [
                (ospf::V3_ROUTER_LSA_FLAGS_W, 3, 1),
                (ospf::V3_ROUTER_LSA_FLAGS_V, 2, 1),
                (ospf::V3_ROUTER_LSA_FLAGS_E, 1, 1),
                (ospf::V3_ROUTER_LSA_FLAGS_B, 0, 1),
            ];
            c.flags(ospf::V3_ROUTER_LSA_FLAGS, b.u8(at)?, b, at, 1, &parts);
            options3(c, b, at + 1)?;
            for at in (at + 4..end).step_by(16) {
                c.u8(ospf::V3_LSA_TYPE, b, at)?;
                c.bytes(ospf::RESERVED, b, at + 1, 1)?;
                c.u16(ospf::METRIC, b, at + 2)?;
                c.u32(ospf::V3_LSA_INTERFACE_ID, b, at + 4)?;
                c.u32(ospf::V3_LSA_NEIGHBOR_INTERFACE_ID, b, at + 8)?;
                c.ipv4(ospf::V3_LSA_NEIGHBOR_ROUTER_ID, b, at + 12)?;
            }
            Ok(())
        }
        2 => {
            c.bytes(ospf::RESERVED, b, at, 1)?;
            options3(c, b, at + 1)?;
            for at in (at + 4..end).step_by(4) {
                c.ipv4(ospf::V3_LSA_ATTACHED_ROUTER, b, at)?;
            }
            Ok(())
        }
        3 => {
            c.bytes(ospf::RESERVED, b, at, 1)?;
            c.u24(ospf::METRIC, b, at + 1)?;
            let bits = prefix_head(c, b, at + 4)?;
            c.bytes(ospf::RESERVED, b, at + 6, 2)?;
            prefix(c, ospf::V3_ADDRESS_PREFIX_IPV6, b, at + 8, bits).map(|_| ())
        }
        4 => {
            c.bytes(ospf::RESERVED, b, at, 1)?;
            options3(c, b, at + 1)?;
            c.bytes(ospf::RESERVED, b, at + 4, 1)?;
            c.u24(ospf::METRIC, b, at + 5)?;
            c.ipv4(ospf::V3_LSA_DESTINATION_ROUTER_ID, b, at + 8).map(|_| ())
        }
        8 => {
            c.u8(ospf::V3_LSA_ROUTER_PRIORITY, b, at)?;
            options3(c, b, at + 1)?;
            c.ipv6(ospf::V3_LSA_LINK_LOCAL_INTERFACE_ADDRESS_IPV6, b, at + 4)?;
            let n = c.u32(ospf::V3_LSA_NUM_PREFIXES, b, at + 20)?;
            let mut at = at + 24;
            for _ in 0..n {
                let bits = prefix_head(c, b, at)?;
                c.bytes(ospf::RESERVED, b, at + 2, 2)?;
                at += 4 + prefix(c, ospf::V3_ADDRESS_PREFIX_IPV6, b, at + 4, bits)?;
            }
            Ok(())
        }
        9 => {
            let n = c.u16(ospf::V3_LSA_NUM_PREFIXES, b, at)?;
            c.u16(ospf::V3_LSA_REFERENCED_LS_TYPE, b, at + 2)?;
            c.ipv4(ospf::V3_LSA_REFERENCED_LINK_STATE_ID, b, at + 4)?;
            c.ipv4(ospf::V3_LSA_REFERENCED_ADVERTISING_ROUTER, b, at + 8)?;
            let mut at = at + 12;
            for _ in 0..n {
                let bits = prefix_head(c, b, at)?;
                c.u16(ospf::METRIC, b, at + 2)?;
                at += 4 + prefix(c, ospf::V3_ADDRESS_PREFIX_IPV6, b, at + 4, bits)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}
