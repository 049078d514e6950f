//! PPP over Ethernet (RFC 2516).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | version (4 bits), type (4 bits) |
//! | 1 | 1 | code |
//! | 2 | 2 | session id |
//! | 4 | 2 | payload length |
//! | 6 | … | discovery: tags of type, length, value; session: PPP |

use crate::decode::names;
use crate::decode::{Base, Buf, Ctx, FieldId, Kind, Outcome, Proto, Sink, Value, fmt::Out};

use super::ppp;

crate::protocol! { Pppoe, "pppoe", "PPP-over-Ethernet";
    VERSION "pppoe.version" "Version" Kind::Uint(8, Base::Dec);
    TYPE "pppoe.type" "Type" Kind::Uint(8, Base::Dec);
    CODE "pppoe.code" "Code" Kind::Uint(8, Base::Hex), names::pppoe_code;
    SESSION_ID "pppoe.session_id" "Session ID" Kind::Uint(16, Base::Hex);
    PAYLOAD_LENGTH "pppoe.payload_length" "Payload Length" Kind::Uint(16, Base::Dec);
}

/// Discovery packets.
pub mod pppoed {
    use crate::decode::{Base, Kind, names};

    crate::protocol! { Pppoed, "pppoed", "PPP-over-Ethernet Discovery";
    TAG "pppoed.tag" "Tag" Kind::Uint(16, Base::Hex), names::pppoe_tag;
    TAG_LENGTH "pppoed.tag_length" "Tag Length" Kind::Uint(16, Base::Dec);
    UNKNOWN_DATA "pppoed.tag.unknown_data" "Unknown Data" Kind::Bytes;
    SERVICE_NAME "pppoed.tags.service_name" "Service-Name" Kind::Str;
    AC_NAME "pppoed.tags.ac_name" "AC-Name" Kind::Str;
    HOST_UNIQ "pppoed.tags.host_uniq" "Host-Uniq" Kind::Bytes;
    AC_COOKIE "pppoed.tags.ac_cookie" "AC-Cookie" Kind::Bytes;
    VENDOR_ID "pppoed.tags.vendor_id" "Vendor id" Kind::Uint(32, Base::Dec);
    RELAY_SESSION_ID "pppoed.tags.relay_session_id" "Relay-Session-Id" Kind::Bytes;
    MAX_PAYLOAD "pppoed.tags.max_payload" "PPP-Max-Payload" Kind::Bytes;
    SERVICE_NAME_ERROR "pppoed.tags.service_name_error" "Service-Name-Error" Kind::Str;
    AC_SYSTEM_ERROR "pppoed.tags.ac_system_error" "AC-System-Error" Kind::Str;
    GENERIC_ERROR "pppoed.tags.generic_error" "Generic-Error" Kind::Str;
    }
}

/// Session packets.
pub mod pppoes {
    crate::protocol! { Pppoes, "pppoes", "PPP-over-Ethernet Session"; }
}

/// The six bytes in front of both kinds; returns code and payload length.
fn header<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, protocol: &'static str) -> Outcome<usize> {
    let (first, code) = (b.u8(0)?, b.u8(1)?);
    let session = b.u16(2)?;
    let len = b.u16(4)?;
    c.parts(first, b, 0, 1, &[(VERSION, 4, 4), (TYPE, 0, 4)]);
    c.bits(CODE, code, b, 1, 1);
    c.bits(SESSION_ID, session, b, 2, 2);
    c.bits(PAYLOAD_LENGTH, len, b, 4, 2);
    if let Some(info) = c.summary().and_then(|s| s.take(protocol)) {
        info.text(names::pppoe_code(code.into()).unwrap_or("Unknown"));
    }
    Ok(len.into())
}

/// Dissects a session packet.
pub fn session<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Pppoes, b.span(0, 6.min(b.captured())));
    let len = header(c, b, "PPPoES")?;
    // What the session layer leaves over is no padding of the frame.
    c.ends_after(b, b.reported());
    ppp::dissect(c, b.from(6).truncate(len))
}

/// Dissects a discovery packet with its tags.
pub fn discovery<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    use pppoed::{AC_COOKIE, AC_NAME, AC_SYSTEM_ERROR, GENERIC_ERROR, HOST_UNIQ, MAX_PAYLOAD};
    use pppoed::{
        RELAY_SESSION_ID, SERVICE_NAME, SERVICE_NAME_ERROR, TAG, TAG_LENGTH, UNKNOWN_DATA, VENDOR_ID,
    };
    c.layer(Proto::Pppoed, b.span(0, 6.min(b.captured())));
    let len = header(c, b, "PPPoED")?;
    if !c.wants(Proto::Pppoed) {
        return Ok(());
    }
    let b = b.from(6).truncate(len);
    let mut at = 0;
    while at + 4 <= b.reported() {
        let tag = c.u16(TAG, b, at)?;
        let n = usize::from(c.u16(TAG_LENGTH, b, at + 2)?);
        if tag == 0 && n == 0 {
            break;
        }
        let value = b.get(at + 4, n)?;
        let span = b.span(at + 4, n);
        let text = |c: &mut Ctx<'_, S>, id: FieldId| {
            if let Ok(s) = std::str::from_utf8(value) {
                c.field(id, Value::Str(s), span);
            }
        };
        match tag {
            0x0101 => text(c, SERVICE_NAME),
            0x0102 => text(c, AC_NAME),
            0x0103 => c.field(HOST_UNIQ, Value::Bytes(value), span),
            0x0104 => c.field(AC_COOKIE, Value::Bytes(value), span),
            0x0105 if n >= 4 => {
                c.u32(VENDOR_ID, b, at + 4)?;
            }
            0x0110 => c.field(RELAY_SESSION_ID, Value::Bytes(value), span),
            0x0120 => c.field(MAX_PAYLOAD, Value::Bytes(value), span),
            0x0201 => text(c, SERVICE_NAME_ERROR),
            0x0202 => text(c, AC_SYSTEM_ERROR),
            0x0203 => text(c, GENERIC_ERROR),
            _ => c.field(UNKNOWN_DATA, Value::Bytes(value), span),
        }
        at += 4 + n;
    }
    Ok(())
}
