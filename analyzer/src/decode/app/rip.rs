//! RIP versions 1 and 2 (RFC 1058, RFC 2453), with the authentication of RFC 4822.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 + 1 + 2 | command, version, unused |
//! | 4 | 20 each | family (2), route tag (2), address, mask, next hop, metric |
//!
//! An entry of family 0xFFFF holds authentication.

use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, Value, fmt::Out};

use super::text::Text;

crate::protocol! { Rip, "rip", "Routing Information Protocol";
    COMMAND "rip.command" "Command" Kind::Uint(8, Base::Dec), names::command;
    VERSION "rip.version" "Version" Kind::Uint(8, Base::Dec), names::version;
    FAMILY "rip.family" "Address Family" Kind::Uint(16, Base::Dec), names::family;
    ROUTE_TAG "rip.route_tag" "Route Tag" Kind::Uint(16, Base::Dec);
    IP "rip.ip" "IP Address" Kind::Ipv4;
    NETMASK "rip.netmask" "Netmask" Kind::Ipv4;
    NEXT_HOP "rip.next_hop" "Next Hop" Kind::Ipv4;
    METRIC "rip.metric" "Metric" Kind::Uint(16, Base::Dec);
    AUTH_TYPE "rip.auth.type" "Authentication type" Kind::Uint(16, Base::Dec), names::authentication;
    AUTH_PASSWD "rip.auth.passwd" "Password" Kind::Str;
    DIGEST_OFFSET "rip.digest_offset" "Digest Offset" Kind::Uint(16, Base::Dec);
    KEY_ID "rip.key_id" "Key ID" Kind::Uint(8, Base::Dec);
    AUTH_DATA_LEN "rip.auth_data_len" "Auth Data Len" Kind::Uint(8, Base::Dec);
    SEQ_NUM "rip.seq_num" "Seq num" Kind::Uint(32, Base::Dec);
    ZERO_PADDING "rip.zero_padding" "Zero adding" Kind::Str;
    AUTHENTICATION_DATA "rip.authentication_data" "Authentication Data" Kind::Bytes;
    UNKNOWN_ADDRESS_FAMILY "rip.unknown_address_family" "Unknown address family" Kind::None;
}

mod names {
    use crate::decode::names::table;

    table! {
        command {
            1 "Request" 2 "Response" 3 "Traceon" 4 "Traceoff" 5 "Vendor specific (Sun)" 9 "Triggered Request"
            10 "Triggered Response" 11 "Triggered Acknowledgement"
        }
        version { 1 "RIPv1" 2 "RIPv2" }
        family { 0 "Unspecified" 2 "IP" }
        authentication { 1 "IP Route" 2 "Simple Password" 3 "Keyed Message Digest" }
    }
}

const ENTRY: usize = 20;

/// Dissects a message.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Rip, b.whole());
    if super::idle(c, Proto::Rip) {
        return Ok(());
    }
    let (command, version) = (b.u8(0)?, b.u8(1)?);
    let protocol = names::version(version.into()).unwrap_or("RIP");
    if let Some(info) = c.summary().and_then(|s| s.take(protocol)) {
        info.text(names::command(command.into()).unwrap_or("Unknown command"));
    }
    c.u8(COMMAND, b, 0)?;
    c.u8(VERSION, b, 1)?;
    let mut at = 4;
    // Where the digest of the authentication begins; what follows is no entry.
    let mut trailer = 0;
    while at < b.reported() {
        match b.u16(at)? {
            family @ (0 | 2) => {
                c.u16(FAMILY, b, at)?;
                if version != 1 {
                    c.u16(ROUTE_TAG, b, at + 2)?;
                }
                if family == 2 {
                    c.ipv4(IP, b, at + 4)?;
                }
                if version != 1 {
                    c.ipv4(NETMASK, b, at + 8)?;
                    c.ipv4(NEXT_HOP, b, at + 12)?;
                }
                c.bits(METRIC, b.u32(at + 16)?, b, at + 16, 4);
            }
            0xFFFF => trailer = authentication(c, b, at, trailer)?,
            _ => {
                c.field(UNKNOWN_ADDRESS_FAMILY, Value::None, b.span(at, ENTRY));
                b.get(at, ENTRY)?;
            }
        }
        at += ENTRY;
        if trailer > 0 && at >= trailer {
            break;
        }
    }
    if trailer > 0 && b.reported() > trailer {
        let len = b.reported() - trailer;
        c.u16(AUTH_TYPE, b, trailer + 2)?;
        if len > 4 {
            c.bytes(AUTHENTICATION_DATA, b, trailer + 4, len - 4)?;
        }
    }
    Ok(())
}

/// An entry that authenticates the message; returns where its digest stands, if outside.
fn authentication<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, trailer: usize) -> Outcome<usize> {
    let kind = c.u16(AUTH_TYPE, b, at + 2)?;
    match kind {
        2 => {
            let password = b.get(at + 4, 16)?;
            c.field(AUTH_PASSWD, Value::Str(Text::<64>::ascii(password).as_str()), b.span(at + 4, 16));
            Ok(trailer)
        }
        3 => {
            let offset = c.u16(DIGEST_OFFSET, b, at + 4)?;
            c.u8(KEY_ID, b, at + 6)?;
            c.u8(AUTH_DATA_LEN, b, at + 7)?;
            c.u32(SEQ_NUM, b, at + 8)?;
            let padding = b.get(at + 12, 8)?;
            c.field(ZERO_PADDING, Value::Str(Text::<32>::ascii(padding).as_str()), b.span(at + 12, 8));
            Ok(usize::from(offset).max(at + ENTRY))
        }
        _ => Ok(trailer),
    }
}
