//! Extensions of the hellos and of certificates: a type, a length of two bytes, and data.

use crate::decode::{Ctx, Outcome, Sink, Value};
use crate::source::frame::Timestamp;

use super::ja3::Ja3;
use super::read::Reader;
use super::*;

/// The message that extensions stand in, on which their form depends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// Client hello.
    Client,
    /// Server hello.
    Server,
    /// Server hello that asks for another client hello.
    Retry,
    /// Encrypted extensions.
    Encrypted,
    /// A certificate or its request.
    Certificate,
    /// New session ticket.
    Ticket,
}

/// Dissects a list of extensions behind its length.
pub fn list<S: Sink>(
    c: &mut Ctx<'_, S>,
    r: &mut Reader<'_>,
    place: Where,
    t: &mut Talk<'_>,
    ja3: &mut Ja3,
) -> Outcome {
    let len = r.u16(c, EXT_LENGTH)?;
    let mut all = r.part(len)?;
    while all.left() > 0 {
        let kind = all.u16(c, EXTENSION_TYPE)?;
        let len = all.u16(c, EXTENSION_LEN)?;
        ja3.extensions.push(kind as u16);
        let mut part = all.part(len)?;
        let r = one(c, kind, &mut part, place, t, ja3);
        c.settle(r);
    }
    Ok(())
}

fn one<S: Sink>(
    c: &mut Ctx<'_, S>,
    kind: usize,
    r: &mut Reader<'_>,
    place: Where,
    t: &mut Talk<'_>,
    ja3: &mut Ja3,
) -> Outcome {
    let hello = place == Where::Client;
    match kind {
        0 => server_name(c, r),
        1 => r.u8(c, HS_MAX_FRAGMENT_LENGTH).map(|_| ()),
        5 if place == Where::Certificate => keys::certificate_status(c, r),
        5 if hello => status_request(c, r),
        5 => Ok(()),
        10 => groups(c, r, ja3),
        11 => {
            let len = r.u8(c, EXT_EC_POINT_FORMATS_LENGTH)?;
            r.mark(c, EXT_EC_POINT_FORMATS, len);
            let mut list = r.part(len)?;
            while list.left() > 0 {
                ja3.formats.push(list.u8(c, EXT_EC_POINT_FORMAT)? as u16);
            }
            Ok(())
        }
        13 | 34 | 50 => signatures(c, r),
        15 => r.u8(c, EXTENSION_HEARTBEAT_MODE).map(|_| ()),
        16 => alpn(c, r, place, t),
        17 if hello => status_requests(c, r),
        18 if hello => Ok(()),
        18 => timestamps(c, r),
        21 => r.bytes(c, EXT_PADDING_DATA, r.left()).map(|_| ()),
        // Nothing inside.
        22 | 23 | 49 => Ok(()),
        27 => {
            let len = r.u8(c, COMPRESS_CERTIFICATE_ALGORITHMS_LENGTH)?;
            let mut list = r.part(len)?;
            while list.left() > 0 {
                list.u16(c, COMPRESS_CERTIFICATE_ALGORITHM)?;
            }
            Ok(())
        }
        28 => r.u16(c, RECORD_SIZE_LIMIT).map(|_| ()),
        41 => pre_shared_key(c, r, place),
        42 if place == Where::Ticket => r.u32(c, EARLY_DATA_MAX_EARLY_DATA_SIZE).map(|_| ()),
        42 => Ok(()),
        43 if hello => {
            let len = r.u8(c, EXT_SUPPORTED_VERSIONS_LEN)?;
            let mut list = r.part(len)?;
            while list.left() > 0 {
                list.u16(c, EXT_SUPPORTED_VERSION)?;
            }
            Ok(())
        }
        43 => r.u16(c, EXT_SUPPORTED_VERSION).map(|_| ()),
        44 => {
            let len = r.u16(c, EXT_COOKIE_LEN)?;
            r.bytes(c, EXT_COOKIE, len).map(|_| ())
        }
        45 => {
            let len = r.u8(c, EXTENSION_PSK_KE_MODES_LENGTH)?;
            let mut list = r.part(len)?;
            while list.left() > 0 {
                list.u8(c, EXTENSION_PSK_KE_MODE)?;
            }
            Ok(())
        }
        40 | 51 => key_share(c, r, place),
        13172 => {
            while r.left() > 0 {
                let len = r.u8(c, EXT_NPN_STR_LEN)?;
                r.text(c, EXT_NPN, len)?;
            }
            Ok(())
        }
        17513 => {
            let len = r.u16(c, EXT_ALPS_LEN)?;
            r.mark(c, EXT_ALPS_ALPN_LIST, len);
            let mut list = r.part(len)?;
            while list.left() > 0 {
                let len = list.u8(c, EXT_ALPS_ALPN_STR_LEN)?;
                list.text(c, EXT_ALPS_ALPN_STR, len)?;
            }
            Ok(())
        }
        65281 => {
            let len = r.u8(c, EXT_RENEG_INFO_LEN)?;
            if len > 0 {
                r.bytes(c, EXT_RENEG_INFO, len)?;
            }
            Ok(())
        }
        _ => r.bytes(c, EXTENSION_DATA, r.left()).map(|_| ()),
    }
}

fn server_name<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>) -> Outcome {
    // A server that took note of the name sends none.
    if r.left() == 0 {
        return Ok(());
    }
    let len = r.u16(c, EXT_SERVER_NAME_LIST_LEN)?;
    let mut list = r.part(len)?;
    while list.left() > 0 {
        list.u8(c, EXT_SERVER_NAME_TYPE)?;
        let len = list.u16(c, EXT_SERVER_NAME_LEN)?;
        let name = list.text(c, EXT_SERVER_NAME, len)?;
        if let Some(line) = c.summary() {
            let _ = (name, line);
        }
    }
    Ok(())
}

fn groups<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>, ja3: &mut Ja3) -> Outcome {
    let len = r.u16(c, EXT_SUPPORTED_GROUPS_LENGTH)?;
    r.mark(c, EXT_SUPPORTED_GROUPS, len);
    let mut list = r.part(len)?;
    while list.left() > 0 {
        ja3.groups.push(list.u16(c, EXT_SUPPORTED_GROUP)? as u16);
    }
    Ok(())
}

/// A list of signature schemes behind its length.
pub fn signatures<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>) -> Outcome {
    let len = r.u16(c, HS_SIG_HASH_ALG_LEN)?;
    r.mark(c, HS_SIG_HASH_ALGS, len);
    let mut list = r.part(len)?;
    while list.left() > 0 {
        signature(c, &mut list)?;
    }
    Ok(())
}

/// One signature scheme.
pub fn signature<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>) -> Outcome {
    let at = r.at;
    r.u16(c, HS_SIG_HASH_ALG)?;
    c.u8(HS_SIG_HASH_HASH, r.b, at)?;
    c.u8(HS_SIG_HASH_SIG, r.b, at + 1)?;
    Ok(())
}

fn alpn<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>, place: Where, t: &mut Talk<'_>) -> Outcome {
    let len = r.u16(c, EXT_ALPN_LEN)?;
    r.mark(c, EXT_ALPN_LIST, len);
    let mut list = r.part(len)?;
    while list.left() > 0 {
        let len = list.u8(c, EXT_ALPN_STR_LEN)?;
        let name = list.text(c, EXT_ALPN_STR, len)?;
        if place != Where::Client {
            t.tls().alpn = Some(name.into());
        }
    }
    Ok(())
}

fn status_request<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>) -> Outcome {
    let kind = r.u8(c, EXT_STATUS_REQUEST_TYPE)?;
    if kind == 1 {
        let len = r.u16(c, EXT_STATUS_REQUEST_RESPONDER_IDS_LEN)?;
        r.part(len)?;
        let len = r.u16(c, EXT_STATUS_REQUEST_EXTS_LEN)?;
        r.part(len)?;
    }
    Ok(())
}

fn status_requests<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>) -> Outcome {
    let len = r.u16(c, EXT_STATUS_REQUEST_LIST_LEN)?;
    let mut list = r.part(len)?;
    while list.left() > 0 {
        list.u8(c, EXT_STATUS_REQUEST_TYPE)?;
        let len = list.u16(c, EXT_STATUS_REQUEST_LEN)?;
        let mut one = list.part(len)?;
        let len = one.u16(c, EXT_STATUS_REQUEST_RESPONDER_IDS_LEN)?;
        one.part(len)?;
        let len = one.u16(c, EXT_STATUS_REQUEST_EXTS_LEN)?;
        one.part(len)?;
    }
    Ok(())
}

/// Signed certificate timestamps (RFC 6962 section 3.3).
pub fn timestamps<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>) -> Outcome {
    let len = r.u16(c, SCT_SCTS_LENGTH)?;
    let mut list = r.part(len)?;
    while list.left() > 0 {
        let len = list.u16(c, SCT_SCT_LENGTH)?;
        let mut one = list.part(len)?;
        one.u8(c, SCT_SCT_VERSION)?;
        one.bytes(c, SCT_SCT_LOGID, 32)?;
        let ms = one.b.u64(one.at)?;
        let time = Timestamp { secs: (ms / 1000) as i64, nanos: (ms % 1000) as u32 * 1_000_000 };
        c.field(SCT_SCT_TIMESTAMP, Value::Time(time), one.b.span(one.at, 8));
        one.at += 8;
        let len = one.u16(c, SCT_SCT_EXTENSIONS_LENGTH)?;
        one.part(len)?;
        signature(c, &mut one)?;
        let len = one.u16(c, SCT_SCT_SIGNATURE_LENGTH)?;
        one.bytes(c, SCT_SCT_SIGNATURE, len)?;
    }
    Ok(())
}

fn pre_shared_key<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>, place: Where) -> Outcome {
    if place != Where::Client {
        return r.u16(c, EXT_PSK_IDENTITY_SELECTED).map(|_| ());
    }
    let len = r.u16(c, EXT_PSK_IDENTITIES_LENGTH)?;
    let mut list = r.part(len)?;
    while list.left() > 0 {
        let len = list.u16(c, EXT_PSK_IDENTITY_IDENTITY_LENGTH)?;
        list.bytes(c, EXT_PSK_IDENTITY_IDENTITY, len)?;
        list.u32(c, EXT_PSK_IDENTITY_OBFUSCATED_TICKET_AGE)?;
    }
    let len = r.u16(c, EXT_PSK_BINDERS_LEN)?;
    r.mark(c, EXT_PSK_BINDERS, len);
    Ok(())
}

fn key_share<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>, place: Where) -> Outcome {
    if place == Where::Retry {
        return r.u16(c, EXT_KEY_SHARE_SELECTED_GROUP).map(|_| ());
    }
    let mut list = *r;
    if place == Where::Client {
        let len = r.u16(c, EXT_KEY_SHARE_CLIENT_LENGTH)?;
        list = r.part(len)?;
    }
    while list.left() > 0 {
        list.u16(c, EXT_KEY_SHARE_GROUP)?;
        let len = list.u16(c, EXT_KEY_SHARE_KEY_EXCHANGE_LENGTH)?;
        list.bytes(c, EXT_KEY_SHARE_KEY_EXCHANGE, len)?;
    }
    Ok(())
}
