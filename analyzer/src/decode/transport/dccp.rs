//! DCCP (RFC 4340): the header without its options.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 2 | source port |
//! | 2 | 2 | destination port |
//! | 4 | 1 | data offset in words |
//! | 5 | 1 | CCVal (4 bits), checksum coverage (4 bits) |
//! | 6 | 2 | checksum |
//! | 8 | 1 | reserved (3 bits), type (4 bits), extended sequence numbers (1 bit) |
//! | 9 | 3 or 1 + 6 | sequence number |
//! | | 4 or 8 | acknowledgment, unless type request or data |

use crate::decode::names;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, data, fmt::Out, transport::udp};

crate::protocol! { Dccp, "dccp", "Datagram Congestion Control Protocol";
    SRCPORT "dccp.srcport" "Source Port" Kind::Uint(16, Base::Dec);
    DSTPORT "dccp.dstport" "Destination Port" Kind::Uint(16, Base::Dec);
    DATA_OFFSET "dccp.data_offset" "Data Offset" Kind::Uint(8, Base::Dec);
    CCVAL "dccp.ccval" "CCVal" Kind::Uint(8, Base::Dec);
    CSCOV "dccp.cscov" "Checksum Coverage" Kind::Uint(8, Base::Dec);
    CHECKSUM "dccp.checksum" "Checksum" Kind::Uint(16, Base::Hex);
    RES1 "dccp.res1" "Reserved" Kind::Uint(8, Base::Hex);
    TYPE "dccp.type" "Type" Kind::Uint(8, Base::Dec), names::dccp_type;
    X "dccp.x" "Extended Sequence Numbers" Kind::Bool;
    RES2 "dccp.res2" "Reserved" Kind::Uint(8, Base::Hex);
    SEQ "dccp.seq_raw" "Sequence Number (raw)" Kind::Uint(64, Base::Dec);
    ACK_RES "dccp.ack_res" "Reserved" Kind::Uint(16, Base::Hex);
    ACK "dccp.ack_raw" "Acknowledgement Number (raw)" Kind::Uint(64, Base::Dec);
    SERVICE_CODE "dccp.service_code" "Service Code" Kind::Uint(32, Base::Dec);
    RESET_CODE "dccp.reset_code" "Reset Code" Kind::Uint(8, Base::Dec);
}

const REQUEST: u8 = 0;
const RESPONSE: u8 = 1;
const DATA: u8 = 2;
const RESET: u8 = 7;

/// Dissects the header and shows what it carries.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Dccp, b.span(0, 12.min(b.captured())));
    let src = c.u16(SRCPORT, b, 0)?;
    let dst = c.u16(DSTPORT, b, 2)?;
    let words = c.u8(DATA_OFFSET, b, 4)?;
    c.parts(b.u8(5)?, b, 5, 1, &[(CCVAL, 4, 4), (CSCOV, 0, 4)]);
    c.u16(CHECKSUM, b, 6)?;
    let byte = b.u8(8)?;
    c.parts(byte, b, 8, 1, &[(RES1, 5, 3), (TYPE, 1, 4), (X, 0, 1)]);
    let (kind, extended) = (byte >> 1 & 15, byte & 1 == 1);
    if let Some(info) = c.summary().and_then(|s| s.take("DCCP")) {
        udp::ports(info, src, dst);
        info.text(" [");
        info.text(names::dccp_type(kind.into()).unwrap_or("Reserved"));
        info.push(b']');
    }
    let mut at = 12;
    if extended {
        c.u8(RES2, b, 9)?;
        let high = u64::from(b.u16(10)?) << 32;
        c.bits(SEQ, high | u64::from(b.u32(12)?), b, 10, 6);
        at = 16;
    } else {
        c.bits(SEQ, b.u24(9)?, b, 9, 3);
    }
    if !matches!(kind, REQUEST | DATA) {
        if extended {
            c.u16(ACK_RES, b, at)?;
            let high = u64::from(b.u16(at + 2)?) << 32;
            c.bits(ACK, high | u64::from(b.u32(at + 4)?), b, at + 2, 6);
            at += 8;
        } else {
            c.bits(ACK, b.u24(at + 1)?, b, at + 1, 3);
            at += 4;
        }
    }
    match kind {
        REQUEST | RESPONSE => {
            c.u32(SERVICE_CODE, b, at)?;
        }
        RESET => {
            c.u8(RESET_CODE, b, at)?;
        }
        _ => {}
    }
    data::dissect(c, b.from((usize::from(words) * 4).max(12)));
    Ok(())
}
