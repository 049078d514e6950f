//! SNMP versions 1 (RFC 1157), 2c (RFC 1901, RFC 3416) and 3 (RFC 3412, RFC 3414).
//!
//! ```text
//! Message   ::= SEQUENCE { version INTEGER, community OCTET STRING, data PDU }
//! MessageV3 ::= SEQUENCE { version INTEGER, SEQUENCE { id, maximum size, flags, security model },
//!                          security parameters OCTET STRING, scoped PDU or what was encrypted }
//! PDU       ::= [n] { request id, error status, error index, SEQUENCE OF { name, value } }
//! ```

use crate::decode::value::NO_TIME;
use crate::decode::{Base, Buf, Ctx, FieldId, Kind, Outcome, Proto, Sink, Value, fmt::Out};
use crate::source::frame::Timestamp;

use super::ber::Element;
use super::text::Text;

crate::protocol! { Snmp, "snmp", "Simple Network Management Protocol";
    VERSION "snmp.version" "version" Kind::Int(32), names::version;
    COMMUNITY "snmp.community" "community" Kind::Str;
    MSGVERSION "snmp.msgVersion" "msgVersion" Kind::Int(32), names::version;
    MSGGLOBALDATA_ELEMENT "snmp.msgGlobalData_element" "msgGlobalData" Kind::None;
    MSGID "snmp.msgID" "msgID" Kind::Uint(32, Base::Dec);
    MSGMAXSIZE "snmp.msgMaxSize" "msgMaxSize" Kind::Uint(32, Base::Dec);
    MSGFLAGS "snmp.msgFlags" "msgFlags" Kind::Bytes;
    V3_FLAGS_REPORT "snmp.v3.flags.report" "Reportable" Kind::Bool;
    V3_FLAGS_CRYPT "snmp.v3.flags.crypt" "Encrypted" Kind::Bool;
    V3_FLAGS_AUTH "snmp.v3.flags.auth" "Authenticated" Kind::Bool;
    MSGSECURITYMODEL "snmp.msgSecurityModel" "msgSecurityModel" Kind::Uint(32, Base::Dec), names::security;
    MSGAUTHORITATIVEENGINEID "snmp.msgAuthoritativeEngineID" "msgAuthoritativeEngineID" Kind::Bytes;
    MSGAUTHORITATIVEENGINEBOOTS "snmp.msgAuthoritativeEngineBoots" "msgAuthoritativeEngineBoots" Kind::Uint(32, Base::Dec);
    MSGAUTHORITATIVEENGINETIME "snmp.msgAuthoritativeEngineTime" "msgAuthoritativeEngineTime" Kind::Uint(32, Base::Dec);
    MSGUSERNAME "snmp.msgUserName" "msgUserName" Kind::Str;
    MSGAUTHENTICATIONPARAMETERS "snmp.msgAuthenticationParameters" "msgAuthenticationParameters" Kind::Bytes;
    MSGPRIVACYPARAMETERS "snmp.msgPrivacyParameters" "msgPrivacyParameters" Kind::Bytes;
    MSGSECURITYPARAMETERS "snmp.msgSecurityParameters" "msgSecurityParameters" Kind::Bytes;
    ENGINEID_CONFORM "snmp.engineid.conform" "Engine ID Conformance" Kind::Bool;
    ENGINEID_ENTERPRISE "snmp.engineid.enterprise" "Engine Enterprise ID" Kind::Uint(32, Base::Dec);
    ENGINEID_FORMAT "snmp.engineid.format" "Engine ID Format" Kind::Uint(8, Base::Dec), names::engine_format;
    ENGINEID_IPV4 "snmp.engineid.ipv4" "Engine ID Data: IPv4 address" Kind::Ipv4;
    ENGINEID_IPV6 "snmp.engineid.ipv6" "Engine ID Data: IPv6 address" Kind::Ipv6;
    ENGINEID_MAC "snmp.engineid.mac" "Engine ID Data: MAC address" Kind::Ether;
    ENGINEID_TEXT "snmp.engineid.text" "Engine ID Data: Text" Kind::Str;
    ENGINEID_DATA "snmp.engineid.data" "Engine ID Data" Kind::Bytes;
    ENGINEID_TIME "snmp.engineid.time" "Engine ID Data: Creation Time" Kind::LocalTime;
    AGENTID_TRAILER "snmp.agentid_trailer" "AgentID Trailer" Kind::Bytes;
    RFC1910_NON_CONFORMANT "snmp.rfc1910_non_conformant" "Data not conforming to RFC1910" Kind::None;
    MSGDATA "snmp.msgData" "msgData" Kind::Uint(32, Base::Dec), names::scoped;
    PLAINTEXT_ELEMENT "snmp.plaintext_element" "plaintext" Kind::None;
    ENCRYPTEDPDU "snmp.encryptedPDU" "encryptedPDU" Kind::Bytes;
    CONTEXTENGINEID "snmp.contextEngineID" "contextEngineID" Kind::Bytes;
    CONTEXTNAME "snmp.contextName" "contextName" Kind::Str;
    DATA "snmp.data" "data" Kind::Uint(32, Base::Dec), names::pdu;
    GET_REQUEST_ELEMENT "snmp.get_request_element" "get-request" Kind::None;
    GET_NEXT_REQUEST_ELEMENT "snmp.get_next_request_element" "get-next-request" Kind::None;
    GET_RESPONSE_ELEMENT "snmp.get_response_element" "get-response" Kind::None;
    SET_REQUEST_ELEMENT "snmp.set_request_element" "set-request" Kind::None;
    TRAP_ELEMENT "snmp.trap_element" "trap" Kind::None;
    GETBULKREQUEST_ELEMENT "snmp.getBulkRequest_element" "getBulkRequest" Kind::None;
    INFORMREQUEST_ELEMENT "snmp.informRequest_element" "informRequest" Kind::None;
    SNMPV2_TRAP_ELEMENT "snmp.snmpV2_trap_element" "snmpV2-trap" Kind::None;
    REPORT_ELEMENT "snmp.report_element" "report" Kind::None;
    REQUEST_ID "snmp.request_id" "request-id" Kind::Int(32);
    ERROR_STATUS "snmp.error_status" "error-status" Kind::Int(32), names::error;
    ERROR_INDEX "snmp.error_index" "error-index" Kind::Int(32);
    NON_REPEATERS "snmp.non_repeaters" "non-repeaters" Kind::Uint(32, Base::Dec);
    MAX_REPETITIONS "snmp.max_repetitions" "max-repetitions" Kind::Uint(32, Base::Dec);
    VARIABLE_BINDINGS "snmp.variable_bindings" "variable-bindings" Kind::Uint(32, Base::Dec);
    NAME "snmp.name" "Object Name" Kind::Str;
    VALUE_INT "snmp.value.int" "Value (Integer32)" Kind::Int(64);
    VALUE_OCTETS "snmp.value.octets" "Value (OctetString)" Kind::Bytes;
    VALUE_OID "snmp.value.oid" "Value (OID)" Kind::Str;
    VALUE_NULL "snmp.value.null" "Value (Null)" Kind::None;
    VALUE_IPV4 "snmp.value.ipv4" "Value (IpAddress)" Kind::Ipv4;
    VALUE_ADDR "snmp.value.addr" "Value (IpAddress)" Kind::Bytes;
    VALUE_COUNTER "snmp.value.counter" "Value (Counter32)" Kind::Uint(64, Base::Dec);
    VALUE_G32 "snmp.value.g32" "Value (Gauge32)" Kind::Int(64);
    VALUE_TIMETICKS "snmp.value.timeticks" "Value (Timeticks)" Kind::Uint(64, Base::Dec);
    VALUE_OPAQUE "snmp.value.opaque" "Value (Opaque)" Kind::Bytes;
    VALUE_NSAP "snmp.value.nsap" "Value (NSAP)" Kind::Uint(64, Base::Dec);
    VALUE_U32 "snmp.value.u32" "Value (Unsigned32)" Kind::Int(64);
    VALUE_UNK "snmp.value.unk" "Value (Unknown)" Kind::Bytes;
    NOSUCHOBJECT "snmp.noSuchObject" "noSuchObject" Kind::None;
    NOSUCHINSTANCE "snmp.noSuchInstance" "noSuchInstance" Kind::None;
    ENDOFMIBVIEW "snmp.endOfMibView" "endOfMibView" Kind::None;
    ENTERPRISE "snmp.enterprise" "enterprise" Kind::Str;
    AGENT_ADDR "snmp.agent_addr" "agent-addr" Kind::Ipv4;
    GENERIC_TRAP "snmp.generic_trap" "generic-trap" Kind::Int(32), names::trap;
    SPECIFIC_TRAP "snmp.specific_trap" "specific-trap" Kind::Int(32);
    TIME_STAMP "snmp.time_stamp" "time-stamp" Kind::Uint(32, Base::Dec);
}

mod names {
    use crate::decode::names::table;

    table! {
        version { 0 "version-1" 1 "v2c" 2 "v2u" 3 "snmpv3" }
        pdu {
            0 "get-request" 1 "get-next-request" 2 "get-response" 3 "set-request" 4 "trap" 5 "getBulkRequest"
            6 "informRequest" 7 "snmpV2-trap" 8 "report"
        }
        error {
            0 "noError" 1 "tooBig" 2 "noSuchName" 3 "badValue" 4 "readOnly" 5 "genErr" 6 "noAccess" 7 "wrongType"
            8 "wrongLength" 9 "wrongEncoding" 10 "wrongValue" 11 "noCreation" 12 "inconsistentValue"
            13 "resourceUnavailable" 14 "commitFailed" 15 "undoFailed" 16 "authorizationError" 17 "notWritable"
            18 "inconsistentName"
        }
        trap {
            0 "coldStart" 1 "warmStart" 2 "linkDown" 3 "linkUp" 4 "authenticationFailure" 5 "egpNeighborLoss"
            6 "enterpriseSpecific"
        }
        scoped { 0 "plaintext" 1 "encryptedPDU" }
        security { 0 "Any" 1 "V1" 2 "V2c" 3 "USM" }
        engine_format {
            1 "IPv4 address" 2 "IPv6 address" 3 "MAC address" 4 "Text, administratively assigned"
            5 "Octets, administratively assigned" 128 "Net-SNMP Random"
        }
    }
}

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// Dissects a message; `false` when it does not begin as one.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome<bool> {
    let Ok(message) = Element::expect(b, 0, SEQUENCE) else { return Ok(false) };
    let Ok(version) = Element::expect(b, message.at, INTEGER) else { return Ok(false) };
    let Ok(number @ 0..=3) = version.int(b) else { return Ok(false) };
    c.layer(Proto::Snmp, b.whole());
    if super::idle(c, Proto::Snmp) {
        return Ok(true);
    }
    if let Some(s) = c.summary() {
        s.take("SNMP");
    }
    if number == 3 {
        c.field(MSGVERSION, Value::Int(3), b.span(version.at, version.len));
        version3(c, b, version.end())?;
    } else {
        c.field(VERSION, Value::Int(number), b.span(version.at, version.len));
        let community = Element::expect(b, version.end(), OCTETS)?;
        string(c, COMMUNITY, b, community)?;
        pdu(c, b, community.end())?;
    }
    Ok(true)
}

fn string<S: Sink>(c: &mut Ctx<'_, S>, id: FieldId, b: Buf<'_>, e: Element) -> Outcome {
    let v = b.get(e.at, e.len)?;
    c.field(id, Value::Str(Text::<2048>::utf8(v).as_str()), b.span(e.at, e.len));
    Ok(())
}

fn int<S: Sink>(c: &mut Ctx<'_, S>, id: FieldId, b: Buf<'_>, at: usize) -> Outcome<(usize, i64)> {
    let e = Element::expect(b, at, INTEGER)?;
    let v = e.int(b)?;
    c.field(id, Value::Int(v), b.span(e.at, e.len));
    Ok((e.end(), v))
}

fn uint<S: Sink>(c: &mut Ctx<'_, S>, id: FieldId, b: Buf<'_>, at: usize) -> Outcome<usize> {
    let e = Element::expect(b, at, INTEGER)?;
    c.field(id, Value::Uint(u64::from(e.uint(b)? as u32)), b.span(e.at, e.len));
    Ok(e.end())
}

fn version3<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome {
    let global = Element::expect(b, at, SEQUENCE)?;
    c.field(MSGGLOBALDATA_ELEMENT, Value::None, b.span(global.at, global.len));
    c.sink.open();
    let at = uint(c, MSGID, b, global.at)?;
    let at = uint(c, MSGMAXSIZE, b, at)?;
    let flags = Element::expect(b, at, OCTETS)?;
    c.bytes(MSGFLAGS, b, flags.at, flags.len)?;
    let bits = b.u8(flags.at)?;
    c.sink.open();
    c.parts(bits, b, flags.at, 1, &[(V3_FLAGS_REPORT, 2, 1), (V3_FLAGS_CRYPT, 1, 1), (V3_FLAGS_AUTH, 0, 1)]);
    c.sink.close();
    let model = Element::expect(b, flags.end(), INTEGER)?;
    uint(c, MSGSECURITYMODEL, b, flags.end())?;
    c.sink.close();
    let security = Element::expect(b, global.end(), OCTETS)?;
    if model.int(b)? == 3 {
        user_based(c, b, security.at)?;
    } else {
        c.bytes(MSGSECURITYPARAMETERS, b, security.at, security.len)?;
    }
    let data = Element::read(b, security.end())?;
    c.bits(MSGDATA, u8::from(data.tag == OCTETS), b, data.start, data.end() - data.start);
    c.sink.open();
    let r = scoped(c, b, data);
    c.sink.close();
    r
}

fn scoped<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, data: Element) -> Outcome {
    match data.tag {
        OCTETS => {
            c.bytes(ENCRYPTEDPDU, b, data.at, data.len)?;
            if let Some(info) = c.summary().map(|s| &mut s.info) {
                info.text("encryptedPDU: privKey Unknown");
            }
            Ok(())
        }
        SEQUENCE => {
            c.field(PLAINTEXT_ELEMENT, Value::None, b.span(data.at, data.len));
            let engine = Element::expect(b, data.at, OCTETS)?;
            c.bytes(CONTEXTENGINEID, b, engine.at, engine.len)?;
            engine_id(c, b, engine)?;
            let name = Element::expect(b, engine.end(), OCTETS)?;
            string(c, CONTEXTNAME, b, name)?;
            pdu(c, b, name.end())
        }
        _ => Err(b.malformed(data.start)),
    }
}

/// Parameters of the user-based security model.
fn user_based<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome {
    let all = Element::expect(b, at, SEQUENCE)?;
    let engine = Element::expect(b, all.at, OCTETS)?;
    c.bytes(MSGAUTHORITATIVEENGINEID, b, engine.at, engine.len)?;
    engine_id(c, b, engine)?;
    let at = uint(c, MSGAUTHORITATIVEENGINEBOOTS, b, engine.end())?;
    let at = uint(c, MSGAUTHORITATIVEENGINETIME, b, at)?;
    let user = Element::expect(b, at, OCTETS)?;
    string(c, MSGUSERNAME, b, user)?;
    let auth = Element::expect(b, user.end(), OCTETS)?;
    c.bytes(MSGAUTHENTICATIONPARAMETERS, b, auth.at, auth.len)?;
    let privacy = Element::expect(b, auth.end(), OCTETS)?;
    c.bytes(MSGPRIVACYPARAMETERS, b, privacy.at, privacy.len)?;
    Ok(())
}

/// An engine's id (RFC 3411): enterprise, then a format and what it names.
fn engine_id<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, e: Element) -> Outcome {
    if e.len == 0 {
        return Ok(());
    }
    let head = b.u32(e.at)?;
    c.sink.open();
    c.bits(ENGINEID_CONFORM, head >> 31, b, e.at, 1);
    c.bits(ENGINEID_ENTERPRISE, head & 0x7FFF_FFFF, b, e.at, 4);
    let (at, left) = (e.at + 4, e.len.saturating_sub(4));
    if head >> 31 == 0 {
        // RFC 1910: twelve bytes in all.
        if left > 0 {
            if left == 8 {
                c.bytes(AGENTID_TRAILER, b, at, 8)?;
            } else {
                c.field(RFC1910_NON_CONFORMANT, Value::None, b.span(at, left));
            }
        }
        c.sink.close();
        return Ok(());
    }
    if left == 0 {
        c.sink.close();
        return Ok(());
    }
    let format = c.u8(ENGINEID_FORMAT, b, at)?;
    let (at, left) = (at + 1, left - 1);
    match (format, left) {
        (1, 4) => c.ipv4(ENGINEID_IPV4, b, at).map(|_| ())?,
        (2, 16) => c.ipv6(ENGINEID_IPV6, b, at).map(|_| ())?,
        (3, 6) => c.ether(ENGINEID_MAC, b, at).map(|_| ())?,
        (4, 1..) => {
            let v = b.get(at, left)?;
            c.field(ENGINEID_TEXT, Value::Str(Text::<256>::utf8(v).as_str()), b.span(at, left));
        }
        (128, 8) => {
            // Four random bytes, then the time of creation with its low byte first.
            let secs = u32::from_le_bytes(b.array(at + 4)?);
            c.bytes(ENGINEID_DATA, b, at, 4)?;
            let t = if secs == 0 { NO_TIME } else { Timestamp { secs: secs.into(), nanos: 0 } };
            c.field(ENGINEID_TIME, Value::Time(t), b.span(at + 4, 4));
        }
        (_, 1..) => c.bytes(ENGINEID_DATA, b, at, left).map(|_| ())?,
        _ => {}
    }
    c.sink.close();
    Ok(())
}

fn pdu<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome {
    let e = Element::read(b, at)?;
    let kind = e.tag & 31;
    let elements = [
        GET_REQUEST_ELEMENT,
        GET_NEXT_REQUEST_ELEMENT,
        GET_RESPONSE_ELEMENT,
        SET_REQUEST_ELEMENT,
        TRAP_ELEMENT,
        GETBULKREQUEST_ELEMENT,
        INFORMREQUEST_ELEMENT,
        SNMPV2_TRAP_ELEMENT,
        REPORT_ELEMENT,
    ];
    let Some(&element) = elements.get(usize::from(kind)).filter(|_| e.tag & 0xE0 == 0xA0) else {
        return Err(b.malformed(at));
    };
    if let Some(info) = c.summary().map(|s| &mut s.info) {
        info.text(names::pdu(kind.into()).unwrap_or_default());
    }
    c.bits(DATA, kind, b, e.start, e.end() - e.start);
    c.sink.open();
    c.field(element, Value::None, b.span(e.at, e.len));
    let at = if kind == 4 { trap(c, b, e.at)? } else { request(c, b, e.at, kind)? };
    bindings(c, b, at)?;
    c.sink.close();
    Ok(())
}

fn request<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, kind: u8) -> Outcome<usize> {
    let (at, _) = int(c, REQUEST_ID, b, at)?;
    if kind == 5 {
        let at = uint(c, NON_REPEATERS, b, at)?;
        return uint(c, MAX_REPETITIONS, b, at);
    }
    let (at, _) = int(c, ERROR_STATUS, b, at)?;
    Ok(int(c, ERROR_INDEX, b, at)?.0)
}

/// The head of a trap of version 1.
fn trap<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome<usize> {
    let enterprise = Element::expect(b, at, OID)?;
    let text = enterprise.oid(b)?;
    c.field(ENTERPRISE, Value::Str(text.as_str()), b.span(enterprise.at, enterprise.len));
    if let Some(info) = c.summary().map(|s| &mut s.info) {
        info.text(" ");
        info.text(text.as_str());
    }
    let agent = Element::expect(b, enterprise.end(), 0x40)?;
    c.ipv4(AGENT_ADDR, b, agent.at)?;
    let (at, _) = int(c, GENERIC_TRAP, b, agent.end())?;
    let (at, _) = int(c, SPECIFIC_TRAP, b, at)?;
    let time = Element::expect(b, at, 0x43)?;
    c.field(TIME_STAMP, Value::Uint(u64::from(time.uint(b)? as u32)), b.span(time.at, time.len));
    Ok(time.end())
}

/// The list of names and values.
fn bindings<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome {
    let list = Element::expect(b, at, SEQUENCE)?;
    let mut items = 0u64;
    let mut at = list.at;
    while at < list.end() {
        at = Element::read(b, at)?.end();
        items += 1;
    }
    c.field(VARIABLE_BINDINGS, Value::Uint(items), b.span(list.at, list.len));
    c.sink.open();
    let mut at = list.at;
    while at < list.end() {
        let pair = Element::expect(b, at, SEQUENCE)?;
        let name = Element::expect(b, pair.at, OID)?;
        let text = name.oid(b)?;
        if let Some(info) = c.summary().map(|s| &mut s.info) {
            info.text(" ");
            info.text(text.as_str());
        }
        c.field(NAME, Value::Str(text.as_str()), b.span(name.at, name.len));
        let v = Element::read(b, name.end())?;
        c.sink.open();
        value(c, b, v)?;
        c.sink.close();
        at = pair.end();
    }
    c.sink.close();
    Ok(())
}

fn value<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, v: Element) -> Outcome {
    let span = b.span(v.at, v.len);
    match v.tag {
        INTEGER => c.field(VALUE_INT, Value::Int(v.int(b)?), span),
        OCTETS => c.bytes(VALUE_OCTETS, b, v.at, v.len).map(|_| ())?,
        0x05 => c.field(VALUE_NULL, Value::None, span),
        OID => c.field(VALUE_OID, Value::Str(v.oid(b)?.as_str()), span),
        0x40 if v.len == 4 => c.ipv4(VALUE_IPV4, b, v.at).map(|_| ())?,
        0x40 => c.bytes(VALUE_ADDR, b, v.at, v.len).map(|_| ())?,
        0x41 | 0x46 => c.field(VALUE_COUNTER, Value::Uint(v.uint(b)?), span),
        0x42 => c.field(VALUE_G32, Value::Int(v.uint(b)? as i64), span),
        0x43 => c.field(VALUE_TIMETICKS, Value::Uint(v.uint(b)?), span),
        0x44 => c.bytes(VALUE_OPAQUE, b, v.at, v.len).map(|_| ())?,
        0x45 => c.field(VALUE_NSAP, Value::Uint(v.uint(b)?), span),
        0x47 => c.field(VALUE_U32, Value::Int(v.uint(b)? as i64), span),
        0x80 => c.field(NOSUCHOBJECT, Value::None, span),
        0x81 => c.field(NOSUCHINSTANCE, Value::None, span),
        0x82 => c.field(ENDOFMIBVIEW, Value::None, span),
        _ => c.bytes(VALUE_UNK, b, v.at, v.len).map(|_| ())?,
    }
    Ok(())
}
