//! ICMP (RFC 792 and its successors), with the packets that error messages quote.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | type |
//! | 1 | 1 | code |
//! | 2 | 2 | checksum |
//! | 4 | 4 | depends on the type: identifier and sequence, gateway, pointer, MTU, ... |
//! | 8 | … | the packet an error is about, or data |

use formats::checksum::checksum;

use crate::decode::names;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, data, fmt::Out};

use super::{icmp_ext, ipv4};

crate::protocol! { Icmp, "icmp", "Internet Control Message Protocol";
    TYPE "icmp.type" "Type" Kind::Uint(8, Base::Dec), names::icmp_type;
    CODE "icmp.code" "Code" Kind::Uint(8, Base::Dec);
    CHECKSUM "icmp.checksum" "Checksum" Kind::Uint(16, Base::Hex);
    CHECKSUM_STATUS "icmp.checksum.status" "Checksum Status" Kind::Uint(8, Base::Dec), names::checksum_status;
    UNUSED "icmp.unused" "Unused" Kind::Bytes;
    RESERVED "icmp.reserved" "Reserved" Kind::Bytes;
    IDENT "icmp.ident" "Identifier (BE)" Kind::Uint(16, Base::Dec);
    IDENT_LE "icmp.ident_le" "Identifier (LE)" Kind::Uint(16, Base::Dec);
    SEQ "icmp.seq" "Sequence Number (BE)" Kind::Uint(16, Base::Dec);
    SEQ_LE "icmp.seq_le" "Sequence Number (LE)" Kind::Uint(16, Base::Dec);
    LENGTH "icmp.length" "Length" Kind::Uint(8, Base::Dec);
    MTU "icmp.mtu" "MTU of next hop" Kind::Uint(16, Base::Dec);
    POINTER "icmp.pointer" "Pointer" Kind::Uint(32, Base::Dec);
    REDIR_GW "icmp.redir_gw" "Gateway Address" Kind::Ipv4;
    NUM_ADDRS "icmp.num_addrs" "Number of addresses" Kind::Uint(8, Base::Dec);
    ADDR_ENTRY_SIZE "icmp.addr_entry_size" "Address entry size" Kind::Uint(8, Base::Dec);
    LIFETIME "icmp.lifetime" "Lifetime" Kind::Uint(16, Base::Dec);
    ROUTER_ADDRESS "icmp.router_address" "Router address" Kind::Ipv4;
    PREF_LEVEL "icmp.pref_level" "Preference level" Kind::Int(32);
    ORIGINATE "icmp.originate_timestamp" "Originate Timestamp" Kind::Uint(32, Base::Dec);
    RECEIVE "icmp.receive_timestamp" "Receive Timestamp" Kind::Uint(32, Base::Dec);
    TRANSMIT "icmp.transmit_timestamp" "Transmit Timestamp" Kind::Uint(32, Base::Dec);
    ADDRESS_MASK "icmp.address_mask" "Address Mask" Kind::Ipv4;
    ECHO_SEQ "icmp.ext.echo.seq" "Sequence Number" Kind::Uint(8, Base::Dec);
    ECHO_REQ_LOCAL "icmp.ext.echo.req.local" "Local bit" Kind::Bool;
    ECHO_RSP_STATE "icmp.ext.echo.rsp.state" "State" Kind::Uint(8, Base::Dec);
    ECHO_RSP_ACTIVE "icmp.ext.echo.rsp.active" "Active bit" Kind::Bool;
    ECHO_RSP_IPV4 "icmp.ext.echo.rsp.ipv4" "IPv4 bit" Kind::Bool;
    ECHO_RSP_IPV6 "icmp.ext.echo.rsp.ipv6" "IPv6 bit" Kind::Bool;
    EXT "icmp.ext" "ICMP Extensions" Kind::None;
    EXT_VERSION "icmp.ext.version" "Version" Kind::Uint(8, Base::Dec);
    EXT_RES "icmp.ext.res" "Reserved" Kind::Uint(16, Base::Hex);
    EXT_CHECKSUM "icmp.ext.checksum" "Checksum" Kind::Uint(16, Base::Hex);
    EXT_CHECKSUM_STATUS "icmp.ext.checksum.status" "Checksum Status" Kind::Uint(8, Base::Dec), names::checksum_status;
    EXT_LENGTH "icmp.ext.length" "Length" Kind::Uint(16, Base::Dec);
    EXT_CLASS "icmp.ext.class" "Class" Kind::Uint(8, Base::Dec);
    EXT_CTYPE "icmp.ext.ctype" "C-Type" Kind::Uint(8, Base::Dec);
    EXT_DATA "icmp.ext.data" "Data" Kind::Bytes;
    MPLS_LABEL "icmp.mpls.label" "Label" Kind::Uint(24, Base::Dec);
    MPLS_EXP "icmp.mpls.exp" "Experimental" Kind::Uint(24, Base::Dec);
    MPLS_S "icmp.mpls.s" "Stack bit" Kind::Bool;
    MPLS_TTL "icmp.mpls.ttl" "Time to live" Kind::Uint(8, Base::Dec);
    INT_ROLE "icmp.int_info.role" "Interface Role" Kind::Uint(8, Base::Dec);
    INT_INDEX "icmp.int_info.index" "Interface Index" Kind::Uint(32, Base::Dec);
    INT_AFI "icmp.int_info.afi" "Address Family Identifier" Kind::Uint(16, Base::Dec);
    INT_IPV4 "icmp.int_info.ipv4" "Source" Kind::Ipv4;
    INT_IPV6 "icmp.int_info.ipv6" "Source" Kind::Ipv6;
    INT_NAME "icmp.int_info.name" "Name" Kind::Str;
    INT_MTU "icmp.int_info.mtu" "Maximum Transmission Unit" Kind::Uint(32, Base::Dec);
    IDENT_NAME "icmp.int_ident.name" "Name" Kind::Str;
    IDENT_INDEX "icmp.int_ident.index" "Interface Index" Kind::Uint(32, Base::Dec);
    IDENT_AFI "icmp.int_ident.afi" "Address Family Identifier" Kind::Uint(16, Base::Dec);
    IDENT_IPV4 "icmp.int_ident.ipv4" "Address" Kind::Ipv4;
    IDENT_IPV6 "icmp.int_ident.ipv6" "Address" Kind::Ipv6;
}

const UNREACHABLE: u8 = 3;
const SOURCE_QUENCH: u8 = 4;
const REDIRECT: u8 = 5;
const TIME_EXCEEDED: u8 = 11;
const PARAMETER_PROBLEM: u8 = 12;

/// Dissects a message.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Icmp, b.whole());
    // The shortest of all messages has eight bytes.
    b.u8(5)?;
    let kind = c.u8(TYPE, b, 0)?;
    let code = c.u8(CODE, b, 1)?;
    c.u16(CHECKSUM, b, 2)?;
    if let Some(info) = c.summary().and_then(|s| s.take("ICMP")) {
        line(info, b, kind, code);
    }
    if c.wants(Proto::Icmp) {
        let whole = b.captured() == b.reported() && !c.quoted;
        let status = if whole { u8::from(checksum(b.bytes()) == 0) } else { names::UNVERIFIED };
        c.bits(CHECKSUM_STATUS, status, b, 2, 2);
    }
    let rest = b.from(8);
    match kind {
        UNREACHABLE | SOURCE_QUENCH | REDIRECT | TIME_EXCEEDED | PARAMETER_PROBLEM => error(c, b, kind, code),
        0 | 8 => {
            identified(c, b)?;
            data::dissect(c, rest);
            Ok(())
        }
        9 => {
            let n = c.u8(NUM_ADDRS, b, 4)?;
            let words = c.u8(ADDR_ENTRY_SIZE, b, 5)?;
            c.u16(LIFETIME, b, 6)?;
            if words == 2 {
                for i in 0..usize::from(n) {
                    c.ipv4(ROUTER_ADDRESS, rest, 8 * i)?;
                    let level = rest.u32(8 * i + 4)? as i32;
                    let span = rest.span(8 * i + 4, 4);
                    c.field(PREF_LEVEL, crate::decode::Value::Int(level.into()), span);
                }
            }
            Ok(())
        }
        13 | 14 => {
            identified(c, b)?;
            c.u32(ORIGINATE, b, 8)?;
            c.u32(RECEIVE, b, 12)?;
            c.u32(TRANSMIT, b, 16)?;
            Ok(())
        }
        15 | 16 => identified(c, b),
        17 | 18 => {
            identified(c, b)?;
            c.ipv4(ADDRESS_MASK, b, 8)?;
            Ok(())
        }
        42 => {
            c.u16(IDENT, b, 4)?;
            c.u8(ECHO_SEQ, b, 6)?;
            c.bits(ECHO_REQ_LOCAL, b.u8(7)? & 1, b, 7, 1);
            if rest.reported() > 0 {
                return icmp_ext::dissect(c, rest);
            }
            Ok(())
        }
        43 => {
            c.u16(IDENT, b, 4)?;
            c.u8(ECHO_SEQ, b, 6)?;
            let flags = b.u8(7)?;
            let parts = [
                (ECHO_RSP_STATE, 5, 3),
                (ECHO_RSP_ACTIVE, 2, 1),
                (ECHO_RSP_IPV4, 1, 1),
                (ECHO_RSP_IPV6, 0, 1),
            ];
            c.parts(flags, b, 7, 1, &parts);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Identifier and sequence number, in both byte orders, as senders differ.
fn identified<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let id = c.u16(IDENT, b, 4)?;
    c.bits(IDENT_LE, id.swap_bytes(), b, 4, 2);
    let seq = c.u16(SEQ, b, 6)?;
    c.bits(SEQ_LE, seq.swap_bytes(), b, 6, 2);
    Ok(())
}

/// An error message: what is wrong, the packet it is about, and extensions behind that.
fn error<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, kind: u8, code: u8) -> Outcome {
    let mut length = 0;
    match kind {
        REDIRECT => {
            c.ipv4(REDIR_GW, b, 4)?;
        }
        PARAMETER_PROBLEM => {
            c.u8(POINTER, b, 4)?;
            length = b.u8(5)?;
            if length > 0 {
                c.bits(LENGTH, length, b, 5, 1);
            }
        }
        UNREACHABLE | TIME_EXCEEDED => {
            // RFC 4884 gave a meaning to the second byte, RFC 1191 to the last two.
            length = b.u8(5)?;
            let mtu = kind == UNREACHABLE && code == 4;
            match (length, mtu) {
                (0, false) => c.bytes(UNUSED, b, 4, 4)?,
                (0, true) => c.bytes(UNUSED, b, 4, 2)?,
                _ => c.bytes(UNUSED, b, 4, 1)?,
            };
            if length > 0 {
                c.bits(LENGTH, length, b, 5, 1);
            }
            if mtu {
                c.u16(MTU, b, 6)?;
            } else if length > 0 {
                c.bytes(UNUSED, b, 6, 2)?;
            }
        }
        _ => {
            c.bytes(UNUSED, b, 4, 4)?;
        }
    }
    let rest = b.from(8);
    if rest.reported() == 0 {
        return Ok(());
    }
    // The quoted packet ends where RFC 4884 says; without a length, extensions can only follow
    // a packet that fits into the 128 bytes in front of them.
    let said = usize::from(length) * 4;
    let quoted_len = usize::from(rest.u16(2).unwrap_or(0));
    let extended = matches!(kind, UNREACHABLE | TIME_EXCEEDED | PARAMETER_PROBLEM);
    let inner = if extended && said > 0 && rest.reported() > said && quoted_len > said {
        rest.truncate(said)
    } else {
        rest
    };
    quoted(c, inner, |c, b| ipv4::any(c, b));
    if extended && rest.reported() > 128 && (said > 0 || quoted_len <= 128) {
        icmp_ext::dissect(c, rest.from(said.max(128)))?;
    }
    Ok(())
}

/// The beginning of the packet that an error message is about. What is missing of it is no fault
/// of the message.
pub fn quoted<S: Sink>(
    c: &mut Ctx<'_, S>,
    b: Buf<'_>,
    dissect: impl FnOnce(&mut Ctx<'_, S>, Buf<'_>) -> Outcome,
) {
    let (outer, vlan) = (std::mem::replace(&mut c.quoted, true), c.vlan);
    let r = c.nest(b, |c| dissect(c, b));
    c.settle(r);
    (c.quoted, c.vlan) = (outer, vlan);
}

fn line(info: &mut Vec<u8>, b: Buf<'_>, kind: u8, code: u8) {
    match names::icmp_type(kind.into()) {
        Some(name) => info.text(name),
        None => {
            info.text("Type ");
            info.dec(kind.into());
        }
    }
    match names::icmp_code(u64::from(kind) << 8 | u64::from(code)) {
        Some(name) => {
            info.text(" (");
            info.text(name);
            info.push(b')');
        }
        None if code != 0 => {
            info.text(" (code ");
            info.dec(code.into());
            info.push(b')');
        }
        None => {}
    }
    if matches!(kind, 0 | 8 | 13..=18)
        && let (Ok(id), Ok(seq)) = (b.u16(4), b.u16(6))
    {
        info.text(" id=");
        info.hex0x(id.into(), 4);
        info.text(", seq=");
        info.dec(seq.into());
        info.push(b'/');
        info.dec(seq.swap_bytes().into());
    }
}
