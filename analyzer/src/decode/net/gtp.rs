//! GTP-U, the user plane of mobile networks (3GPP TS 29.281): the tunnel header only.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | version (3 bits), protocol type, reserved, extension, sequence and N-PDU flags |
//! | 1 | 1 | message type: 255 carries a packet |
//! | 2 | 2 | length of what follows the first eight bytes |
//! | 4 | 4 | tunnel endpoint identifier |
//! | 8 | 2 + 1 + 1 | sequence, N-PDU number, next extension, when any of their flags is set |

use crate::decode::stop::{self, Undecoded};
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, Value, fmt::Out};

use super::{ipv4, ipv6};

crate::protocol! { Gtp, "gtp", "GPRS Tunneling Protocol";
    FLAGS "gtp.flags" "Flags" Kind::Uint(8, Base::Hex);
    FLAGS_VERSION "gtp.flags.version" "Version" Kind::Uint(8, Base::Dec);
    FLAGS_PAYLOAD "gtp.flags.payload" "Protocol type" Kind::Uint(8, Base::Dec);
    FLAGS_E "gtp.flags.e" "Is Next Extension Header present?" Kind::Bool;
    FLAGS_S "gtp.flags.s" "Is Sequence Number present?" Kind::Bool;
    FLAGS_PN "gtp.flags.pn" "Is N-PDU number present?" Kind::Bool;
    MESSAGE "gtp.message" "Message Type" Kind::Uint(8, Base::Hex);
    TPDU_DATA "gtp.tpdu_data" "T-PDU Data" Kind::Bytes;
    LENGTH "gtp.length" "Length" Kind::Uint(16, Base::Dec);
    TEID "gtp.teid" "TEID" Kind::Uint(32, Base::Hex);
    SEQ_NUMBER "gtp.seq_number" "Sequence number" Kind::Uint(16, Base::Hex);
    NPDU_NUMBER "gtp.npdu_number" "N-PDU Number" Kind::Uint(8, Base::Hex);
    NEXT "gtp.next" "Next extension header type" Kind::Uint(8, Base::Hex);
    EXT_LENGTH "gtp.ext_hdr.length" "Extension Header Length" Kind::Uint(8, Base::Dec);
}

/// Dissects version 1 headers; `false` when it is none.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome<bool> {
    let flags = b.u8(0)?;
    if flags >> 5 != 1 {
        return Ok(false);
    }
    c.layer(Proto::Gtp, b.span(0, 8.min(b.captured())));
    let parts =
        [(FLAGS_VERSION, 5, 3), (FLAGS_PAYLOAD, 4, 1), (FLAGS_E, 2, 1), (FLAGS_S, 1, 1), (FLAGS_PN, 0, 1)];
    c.flags(FLAGS, flags, b, 0, 1, &parts);
    let message = c.u8(MESSAGE, b, 1)?;
    c.u16(LENGTH, b, 2)?;
    let teid = c.u32(TEID, b, 4)?;
    if let Some(info) = c.summary().and_then(|s| s.take("GTP")) {
        info.text("Message ");
        info.dec(message.into());
        info.text(", TEID ");
        info.hex0x(teid.into(), 8);
    }
    let mut at = 8;
    if flags & 7 != 0 {
        if flags & 2 != 0 {
            c.u16(SEQ_NUMBER, b, at)?;
        }
        if flags & 1 != 0 {
            c.u8(NPDU_NUMBER, b, at + 2)?;
        }
        let mut next = b.u8(at + 3)?;
        if flags & 4 != 0 {
            c.u8(NEXT, b, at + 3)?;
        }
        at += 4;
        while flags & 4 != 0 && next != 0 {
            let len = usize::from(c.u8(EXT_LENGTH, b, at)?) * 4;
            if len == 0 {
                return Err(b.malformed(at));
            }
            next = c.u8(NEXT, b, at + len - 1)?;
            at += len;
        }
    }
    let rest = b.from(at);
    if message != 255 {
        if rest.reported() > 0 {
            stop::undecoded(c, Undecoded::Gtp(message));
        }
        return Ok(true);
    }
    if rest.reported() == 0 {
        return Ok(true);
    }
    match rest.u8(0)? >> 4 {
        4 => c.nest(rest, |c| ipv4::any(c, rest))?,
        6 => c.nest(rest, |c| ipv6::dissect(c, rest))?,
        _ => c.field(TPDU_DATA, Value::Bytes(rest.bytes()), rest.whole()),
    }
    Ok(true)
}
