//! Remote procedure calls (ONC RPC, RFC 5531), over UDP and, in records, over TCP.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | transaction identifier |
//! | 4 | 4 | 0 call, 1 reply |
//! | 8 | 4 | call: version of RPC, 2; reply: 0 accepted, 1 denied |
//! | 12 | 4 | call: program |
//! | 16 | 4 | call: version of the program |
//! | 20 | 4 | call: procedure |
//! | 24 | … | call: credentials and verifier, then the arguments |
//! | 12 | … | accepted reply: verifier, status (4), then the results |
//!
//! A reply does not say to which program it belongs: the call does, and is remembered for that.

pub mod auth;
pub mod portmap;
pub mod programs;
pub mod record;
pub mod xdr;

use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, Span, Value, data, fmt::Out};
use crate::source::frame::Timestamp;
use crate::track::conversations::between;
use crate::track::memory::{Ask, Ends, Known};

pub use record::stream;

crate::protocol! { Rpc, "rpc", "Remote Procedure Call";
    REQFRAME "rpc.reqframe" "Request Frame" Kind::FrameNum;
    REPFRAME "rpc.repframe" "Reply Frame" Kind::FrameNum;
    LASTFRAG "rpc.lastfrag" "Last Fragment" Kind::Bool;
    FRAGLEN "rpc.fraglen" "Fragment Length" Kind::Uint(32, Base::Dec);
    XID "rpc.xid" "XID" Kind::Uint(32, Base::Hex);
    MSGTYP "rpc.msgtyp" "Message Type" Kind::Uint(32, Base::Dec), names::message;
    REPLYSTAT "rpc.replystat" "Reply State" Kind::Uint(32, Base::Dec), names::reply;
    STATE_ACCEPT "rpc.state_accept" "Accept State" Kind::Uint(32, Base::Dec), names::accept;
    STATE_REJECT "rpc.state_reject" "Reject State" Kind::Uint(32, Base::Dec), names::reject;
    STATE_AUTH "rpc.state_auth" "Auth State" Kind::Uint(32, Base::Dec), names::auth;
    VERSION "rpc.version" "RPC Version" Kind::Uint(32, Base::Dec);
    VERSION_MIN "rpc.version.min" "RPC Version (Minimum)" Kind::Uint(32, Base::Dec);
    VERSION_MAX "rpc.version.max" "RPC Version (Maximum)" Kind::Uint(32, Base::Dec);
    PROGRAM "rpc.program" "Program" Kind::Uint(32, Base::Dec), programs::name;
    PROGRAMVERSION "rpc.programversion" "Program Version" Kind::Uint(32, Base::Dec);
    PROGRAMVERSION_MIN "rpc.programversion.min" "Program Version (Minimum)" Kind::Uint(32, Base::Dec);
    PROGRAMVERSION_MAX "rpc.programversion.max" "Program Version (Maximum)" Kind::Uint(32, Base::Dec);
    PROCEDURE "rpc.procedure" "Procedure" Kind::Uint(32, Base::Dec);
    AUTH_FLAVOR "rpc.auth.flavor" "Flavor" Kind::Uint(32, Base::Dec), names::flavor;
    AUTH_LENGTH "rpc.auth.length" "Length" Kind::Uint(32, Base::Dec);
    AUTH_STAMP "rpc.auth.stamp" "Stamp" Kind::Uint(32, Base::Hex);
    AUTH_UID "rpc.auth.uid" "UID" Kind::Uint(32, Base::Dec);
    AUTH_GID "rpc.auth.gid" "GID" Kind::Uint(32, Base::Dec);
    AUTH_MACHINENAME "rpc.auth.machinename" "Machine Name" Kind::Str;
    GSS_VERSION "rpc.authgss.version" "GSS Version" Kind::Uint(32, Base::Dec);
    GSS_PROCEDURE "rpc.authgss.procedure" "GSS Procedure" Kind::Uint(32, Base::Dec), names::gss_procedure;
    GSS_SEQNUM "rpc.authgss.seqnum" "GSS Sequence Number" Kind::Uint(32, Base::Dec);
    GSS_SERVICE "rpc.authgss.service" "GSS Service" Kind::Uint(32, Base::Dec), names::gss_service;
    GSS_CONTEXT "rpc.authgss.context" "GSS Context" Kind::Bytes;
    GSS_CONTEXT_LENGTH "rpc.authgss.context.length" "GSS Context Length" Kind::Uint(32, Base::Dec);
    GSS_MAJOR "rpc.authgss.major" "GSS Major Status" Kind::Uint(32, Base::Dec);
    GSS_MINOR "rpc.authgss.minor" "GSS Minor Status" Kind::Uint(32, Base::Dec);
    GSS_WINDOW "rpc.authgss.window" "GSS Sequence Window" Kind::Uint(32, Base::Dec);
    GSS_TOKEN_LENGTH "rpc.authgss.token_length" "GSS Token Length" Kind::Uint(32, Base::Dec);
    GSS_DATA_LENGTH "rpc.authgss.data.length" "Length" Kind::Uint(32, Base::Dec);
    GSS_DATA "rpc.authgss.data" "GSS Data" Kind::Bytes;
    GSS_CHECKSUM "rpc.authgss.checksum" "GSS Checksum" Kind::Bytes;
    GSS_TOKEN "rpc.authgss.token" "GSS Token" Kind::Bytes;
    GSSAPI_VERSION "rpc.authgssapi.version" "AUTH_GSSAPI Version" Kind::Uint(32, Base::Dec);
    GSSAPI_MESSAGE "rpc.authgssapi.message" "AUTH_GSSAPI Message" Kind::Bool;
    GSSAPI_MSGVERSION "rpc.authgssapi.msgversion" "Msg Version" Kind::Uint(32, Base::Dec);
    GSSAPI_HANDLE "rpc.authgssapi.handle" "Client Handle" Kind::Bytes;
    GSSAPI_ISN "rpc.authgssapi.isn" "Signed ISN" Kind::Bytes;
    AUTHDES_NAMEKIND "rpc.authdes.namekind" "Namekind" Kind::Uint(32, Base::Dec), names::namekind;
    AUTHDES_NETNAME "rpc.authdes.netname" "Netname" Kind::Str;
    AUTHDES_CONVKEY "rpc.authdes.convkey" "Conversation Key (encrypted)" Kind::Uint(64, Base::Hex);
    AUTHDES_WINDOW "rpc.authdes.window" "Window (encrypted)" Kind::Uint(32, Base::Hex);
    AUTHDES_NICKNAME "rpc.authdes.nickname" "Nickname" Kind::Uint(32, Base::Hex);
    AUTHDES_TIMESTAMP "rpc.authdes.timestamp" "Timestamp (encrypted)" Kind::Uint(64, Base::Hex);
    AUTHDES_WINDOWVERF "rpc.authdes.windowverf" "Window verifier (encrypted)" Kind::Uint(32, Base::Hex);
    AUTHDES_TIMEVERF "rpc.authdes.timeverf" "Timestamp verifier (encrypted)" Kind::Uint(64, Base::Hex);
    DUP "rpc.dup" "Duplicate Call/Reply" Kind::None;
    CALL_DUP "rpc.call.dup" "Duplicate to the call in" Kind::FrameNum;
    REPLY_DUP "rpc.reply.dup" "Duplicate to the reply in" Kind::FrameNum;
    VALUE_FOLLOWS "rpc.value_follows" "Value Follows" Kind::Bool;
    OPAQUE_LENGTH "rpc.opaque_length" "length" Kind::Uint(32, Base::Dec);
    FILL_BYTES "rpc.fill_bytes" "fill bytes" Kind::Bytes;
    OPAQUE_DATA "rpc.opaque_data" "opaque data" Kind::Bytes;
    ARGUMENT_LENGTH "rpc.argument_length" "Argument length" Kind::Uint(32, Base::Dec);
    CONTINUATION_DATA "rpc.continuation_data" "Continuation data" Kind::Bytes;
    FRAGMENT_DATA "rpc.fragment_data" "Fragment Data" Kind::Bytes;
    TIME "rpc.time" "Time from request" Kind::RelTime;
    FRAGMENTS "rpc.fragments" "RPC Fragments" Kind::None;
    FRAGMENT "rpc.fragment" "RPC Fragment" Kind::FrameNum;
    FRAGMENT_COUNT "rpc.fragment.count" "Fragment count" Kind::Uint(32, Base::Dec);
    REASSEMBLED_LENGTH "rpc.reassembled.length" "Reassembled RPC length" Kind::Uint(32, Base::Dec);
    UNKNOWN_BODY "rpc.unknown_body" "Unknown RPC call/reply body" Kind::None;
}

mod names {
    use crate::decode::names::table;

    table! {
        message { 0 "Call" 1 "Reply" }
        reply { 0 "accepted" 1 "denied" }
        accept {
            0 "RPC executed successfully" 1 "remote can't support program" 2 "remote can't support version #"
            3 "program can't support procedure" 4 "procedure can't decode params"
            5 "system errors like memory allocation failure"
        }
        reject { 0 "RPC_MISMATCH" 1 "AUTH_ERROR" }
        auth {
            1 "bad credential (seal broken)" 2 "client must begin new session" 3 "bad verifier (seal broken)"
            4 "verifier expired or replayed" 5 "rejected for security reasons" 13 "GSS context problem"
            14 "GSS credential problem"
        }
        flavor {
            0 "AUTH_NULL" 1 "AUTH_UNIX" 2 "AUTH_SHORT" 3 "AUTH_DES" 4 "AUTH_RSA/Gluster" 6 "RPCSEC_GSS"
            300001 "AUTH_GSSAPI" 390039 "AUTH_GLUSTERFS" 390040 "AUTH_GLUSTERFS_V3"
        }
        gss_procedure {
            0 "RPCSEC_GSS_DATA" 1 "RPCSEC_GSS_INIT" 2 "RPCSEC_GSS_CONTINUE_INIT" 3 "RPCSEC_GSS_DESTROY"
        }
        gss_service { 1 "rpcsec_gss_svc_none" 2 "rpcsec_gss_svc_integrity" 3 "rpcsec_gss_svc_privacy" }
        namekind { 0 "ADN_FULLNAME" 1 "ADN_NICKNAME" }
    }
}

/// How a call is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flavor {
    /// Not to be told.
    #[default]
    Unknown,
    /// In plain.
    Plain,
    /// By the Generic Security Service: procedure and service.
    Gss(u32, u32),
    /// By it, but the capture does not say how.
    GssShort,
    /// AUTH_GSSAPI: data.
    Gssapi,
    /// AUTH_GSSAPI: a message of its own.
    GssapiMessage,
}

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Call {
    /// Transaction identifier.
    pub xid: u32,
    /// Program.
    pub program: u32,
    /// Its version.
    pub version: u32,
    /// Procedure.
    pub procedure: u32,
    /// How it is secured.
    pub flavor: Flavor,
    /// The port mapper is asked for a UDP port.
    pub to_udp: bool,
    /// Frame of the call.
    pub request: u64,
    /// Time of the call.
    pub time: Option<Timestamp>,
    /// Frame of the first reply, 0 before.
    pub reply: u64,
}

/// By what a call and its replies are matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallKey {
    ends: Ends,
    xid: u32,
}

impl CallKey {
    /// Over UDP a reply may come from another address than was called, and go to another port than
    /// called: only the caller's address and the server's port count.
    fn new(e: &Ends, client: usize, xid: u32) -> Self {
        if e.stream {
            return Self { ends: e.sorted(), xid };
        }
        let server_port = e.ports[1 - client];
        let ends = Ends { addresses: [e.addresses[client], [0; 16]], ports: [server_port, 0], stream: false };
        Self { ends, xid }
    }

    /// Of a call between these ends.
    #[must_use]
    pub fn of_call(e: &Ends, xid: u32) -> Self {
        Self::new(e, 0, xid)
    }

    /// Of a reply between these ends.
    #[must_use]
    pub fn of_reply(e: &Ends, xid: u32) -> Self {
        Self::new(e, 1, xid)
    }
}

/// What bytes look like.
#[derive(Debug, Clone, Copy)]
pub enum Message {
    /// A call.
    Call(Call),
    /// A reply with this identifier.
    Reply(u32),
}

const CALL: u32 = 0;
const REPLY: u32 = 1;

/// What the bytes of a message look like. For a reply that is not much.
#[must_use]
pub fn look(b: Buf<'_>) -> Option<Message> {
    let (xid, kind) = (b.u32(0).ok()?, b.u32(4).ok()?);
    if kind == REPLY {
        return Some(Message::Reply(xid));
    }
    if kind != CALL || b.u32(8).ok()? != 2 {
        return None;
    }
    let program = b.u32(12).ok()?;
    programs::find(program)?;
    let word = |at| b.u32(at).unwrap_or(0);
    let flavor = match b.u32(24) {
        Err(_) => Flavor::Unknown,
        Ok(auth::GSS) => {
            let there = b.has(36, 8);
            if there { Flavor::Gss(word(36), word(44)) } else { Flavor::GssShort }
        }
        Ok(auth::GSSAPI) => match b.u32(36) {
            Err(_) => Flavor::Unknown,
            Ok(0) => Flavor::Gssapi,
            Ok(_) => Flavor::GssapiMessage,
        },
        Ok(_) => Flavor::Plain,
    };
    let (version, procedure) = (word(16), word(20));
    let to_udp = program == portmap::NUMBER && (version, procedure) == (2, 3) && wants_udp(b) == Ok(true);
    Some(Message::Call(Call { xid, program, version, procedure, flavor, to_udp, ..Call::default() }))
}

/// True for GETPORT of a program over UDP.
fn wants_udp(b: Buf<'_>) -> Outcome<bool> {
    let mut at = 24;
    for _ in 0..2 {
        let len = xdr::padded(b, at, b.u32(at + 4)? as usize)?;
        b.get(at + 8, len)?;
        at += 8 + len;
    }
    Ok(b.u32(at + 8)? == 17)
}

/// True when a message begins that has a right to be taken for one: a call of a known program, or
/// the reply to a call.
pub fn begins<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> bool {
    match look(b) {
        Some(Message::Call(_)) => true,
        Some(Message::Reply(xid)) => c
            .recall(b, Ask::Call, |m, e, _| m.calls.get(&CallKey::of_reply(e, xid)).copied().map(Known::Call))
            .is_some(),
        None => false,
    }
}

/// True for what [`datagram`] takes for a message, or would if it knew the call.
#[must_use]
pub fn recognised(b: Buf<'_>) -> bool {
    look(b).is_some()
}

/// Dissects a datagram, if it is a message.
pub fn datagram<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome<bool> {
    message(c, b, b, true, |_| {})
}

/// Dissects a datagram from or to an end that is known to be a program's.
pub fn announced<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    if !datagram(c, b)? {
        continuation(c, b);
    }
    Ok(())
}

/// What is no message, where one was to be expected.
fn continuation<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) {
    if let Some(info) = c.summary().and_then(|s| s.take("RPC")) {
        info.text("Continuation");
    }
    c.layer(Proto::Rpc, b.whole());
    c.field(CONTINUATION_DATA, Value::Bytes(b.bytes()), b.whole());
}

/// Dissects the message `b`, which stands in `outer`; `front` shows what stands in front of it.
/// False when it is none; nothing was said then.
fn message<S: Sink>(
    c: &mut Ctx<'_, S>,
    outer: Buf<'_>,
    b: Buf<'_>,
    first: bool,
    front: impl FnOnce(&mut Ctx<'_, S>),
) -> Outcome<bool> {
    let Some(looks) = look(b) else { return Ok(false) };
    let known = match c.recall(b, Ask::Call, |m, e, f| m.call(e, f, &looks).map(Known::Call)) {
        Some(Known::Call(call)) => Some(call),
        _ => None,
    };
    let (call, is_call) = match (looks, known) {
        (Message::Call(call), _) => (call, true),
        (Message::Reply(_), Some(call)) => (call, false),
        (Message::Reply(_), None) => return Ok(false),
    };
    let program = programs::find(call.program);
    line(c, program, &call, is_call, first, known);
    c.message(first, Proto::Rpc, outer.whole());
    // Whoever works out what depends on other packets needs what is inside.
    let below = program.is_some_and(|p| p.number == portmap::NUMBER || p.layer.is_some_and(|l| c.wants(l)));
    if !below && super::idle(c, Proto::Rpc) && !c.records() {
        return Ok(true);
    }
    front(c);
    c.u32(XID, b, 0)?;
    c.u32(MSGTYP, b, 4)?;
    let (at, body) = if is_call { (of_call(c, b, known)?, true) } else { of_reply(c, b, &call)? };
    let rest = b.from(at);
    if !body {
        data::dissect(c, rest);
        return Ok(true);
    }
    inside(c, rest, program, &call, is_call)?;
    Ok(true)
}

fn line<S: Sink>(
    c: &mut Ctx<'_, S>,
    program: Option<&'static programs::Program>,
    call: &Call,
    is_call: bool,
    first: bool,
    known: Option<Call>,
) {
    let Some(line) = c.summary() else { return };
    let protocol = program.map_or("RPC", |p| p.name);
    let info = if first { line.take(protocol) } else { line.also(protocol, "  ; ") };
    let Some(info) = info else { return };
    if is_call && let Some(k) = known {
        info.text("[RPC retransmission of #");
        info.dec(k.request);
        info.text("]");
    }
    info.text("V");
    info.dec(call.version.into());
    info.text(" ");
    match program.and_then(|p| p.procedure(call.version, call.procedure)) {
        Some(name) => info.text(name),
        None => {
            info.text("proc-");
            info.dec(call.procedure.into());
        }
    }
    info.text(if is_call { " Call" } else { " Reply" });
    if !is_call && call.request > 0 {
        info.text(" (Call In ");
        info.dec(call.request);
        info.text(")");
    }
}

/// The header of a call; returns where the arguments begin.
fn of_call<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, known: Option<Call>) -> Outcome<usize> {
    c.u32(VERSION, b, 8)?;
    c.u32(PROGRAM, b, 12)?;
    c.u32(PROGRAMVERSION, b, 16)?;
    c.u32(PROCEDURE, b, 20)?;
    if let Some(k) = known {
        if k.request != c.frame.number {
            c.field(DUP, Value::None, Span::NONE);
            c.field(CALL_DUP, Value::Uint(k.request), Span::NONE);
        }
        if k.reply > 0 {
            c.field(REQFRAME, Value::Uint(k.reply), Span::NONE);
        }
    }
    let at = auth::credentials(c, b, 24)?;
    auth::verifier(c, b, at, true)
}

/// The header of a reply; returns where the results begin, and whether there are any.
fn of_reply<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, call: &Call) -> Outcome<(usize, bool)> {
    c.field(PROGRAM, Value::Uint(call.program.into()), Span::NONE);
    c.field(PROGRAMVERSION, Value::Uint(call.version.into()), Span::NONE);
    c.field(PROCEDURE, Value::Uint(call.procedure.into()), Span::NONE);
    let state = c.u32(REPLYSTAT, b, 8)?;
    if call.request > 0 {
        c.field(REPFRAME, Value::Uint(call.request), Span::NONE);
        if let (Some(then), Some(now)) = (call.time, c.frame.time) {
            c.field(TIME, Value::Duration(between(then, now)), Span::NONE);
        }
    }
    if call.reply > 0 && call.reply != c.frame.number {
        c.field(DUP, Value::None, Span::NONE);
        c.field(REPLY_DUP, Value::Uint(call.reply), Span::NONE);
    }
    match state {
        0 => {
            let at = auth::verifier(c, b, 12, false)?;
            match c.u32(STATE_ACCEPT, b, at)? {
                0 => Ok((at + 4, true)),
                2 => {
                    c.u32(PROGRAMVERSION_MIN, b, at + 4)?;
                    c.u32(PROGRAMVERSION_MAX, b, at + 8)?;
                    Ok((at + 12, false))
                }
                _ => Ok((at + 4, false)),
            }
        }
        1 => match c.u32(STATE_REJECT, b, 12)? {
            0 => {
                c.u32(VERSION_MIN, b, 16)?;
                c.u32(VERSION_MAX, b, 20)?;
                Ok((24, false))
            }
            1 => {
                c.u32(STATE_AUTH, b, 16)?;
                Ok((20, false))
            }
            _ => Ok((16, false)),
        },
        _ => Ok((12, false)),
    }
}

/// Arguments or results, inside what secures them.
fn inside<S: Sink>(
    c: &mut Ctx<'_, S>,
    b: Buf<'_>,
    program: Option<&'static programs::Program>,
    call: &Call,
    is_call: bool,
) -> Outcome {
    let encrypted = matches!(call.flavor, Flavor::Gss(0, 3));
    let mut at = 0;
    if encrypted {
        let len = c.u32(GSS_DATA_LENGTH, b, 0)? as usize;
        c.bytes(GSS_DATA, b, 4, len)?;
        at = 4 + len;
    }
    let empty = b.from(at).reported() == 0 || portmap::is_void(call, is_call);
    if let Some(layer) = program.and_then(|p| p.layer)
        && empty
    {
        c.sink.item(layer, b.span(at, 0));
    }
    if call.flavor != Flavor::GssapiMessage {
        c.field(PROGRAMVERSION, Value::Uint(call.version.into()), Span::NONE);
        let procedure = program.and_then(|p| p.version(call.version)).map(|v| v.field);
        match procedure {
            Some(Some(id)) => c.field(id, Value::Uint(call.procedure.into()), Span::NONE),
            // Wireshark's field is none of those here.
            Some(None) => {}
            None => c.field(PROCEDURE, Value::Uint(call.procedure.into()), Span::NONE),
        }
    }
    if b.from(at).reported() == 0 {
        return Ok(());
    }
    at = match call.flavor {
        Flavor::Unknown | Flavor::GssShort => return Ok(()),
        Flavor::Plain | Flavor::Gss(0, 1) => body(c, b, program, call, is_call)?,
        Flavor::Gss(1 | 2, _) if is_call => auth::token(c, b, 0, GSS_TOKEN)?,
        Flavor::Gss(1 | 2, _) => {
            let at = auth::context(c, b, 0)?;
            c.u32(GSS_MAJOR, b, at)?;
            c.u32(GSS_MINOR, b, at + 4)?;
            c.u32(GSS_WINDOW, b, at + 8)?;
            auth::token(c, b, at + 12, GSS_TOKEN)?
        }
        Flavor::Gss(0, 2) => {
            let len = c.u32(GSS_DATA_LENGTH, b, 0)? as usize;
            c.u32(GSS_SEQNUM, b, 4)?;
            b.get(4, len)?;
            body(c, b.truncate(4 + len).from(8), program, call, is_call)?;
            auth::token(c, b, 4 + xdr::padded(b, 0, len)?, GSS_CHECKSUM)?
        }
        Flavor::Gss(..) => at,
        Flavor::Gssapi => xdr::opaque(c, b, 0, GSS_DATA)?,
        Flavor::GssapiMessage => match call.procedure {
            1..=3 if is_call => {
                c.u32(GSSAPI_MSGVERSION, b, 0)?;
                auth::token(c, b, 4, GSS_TOKEN)?
            }
            1..=3 => {
                c.u32(GSSAPI_MSGVERSION, b, 0)?;
                let at = xdr::opaque(c, b, 4, GSSAPI_HANDLE)?;
                c.u32(GSS_MAJOR, b, at)?;
                c.u32(GSS_MINOR, b, at + 4)?;
                let at = auth::token(c, b, at + 8, GSS_TOKEN)?;
                xdr::opaque(c, b, at, GSSAPI_ISN)?
            }
            4 => xdr::opaque(c, b, 0, GSS_DATA)?,
            _ => 0,
        },
    };
    data::dissect(c, b.from(at));
    Ok(())
}

/// Arguments or results in plain; returns how much of it was dealt with.
fn body<S: Sink>(
    c: &mut Ctx<'_, S>,
    b: Buf<'_>,
    program: Option<&'static programs::Program>,
    call: &Call,
    is_call: bool,
) -> Outcome<usize> {
    let Some(p) = program.filter(|p| p.procedure(call.version, call.procedure).is_some()) else {
        return Ok(0);
    };
    let Some(layer) = p.layer else { return Ok(b.reported()) };
    if portmap::is_void(call, is_call) {
        return Ok(0);
    }
    c.layer(layer, b.whole());
    if layer == Proto::Portmap { portmap::dissect(c, b, call, is_call) } else { Ok(b.reported()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(w: &[u32]) -> Vec<u8> {
        w.iter().flat_map(|v| v.to_be_bytes()).collect()
    }

    #[test]
    fn calls_are_told_by_version_and_program() {
        // RFC 5531 section 9: xid, CALL, rpcvers 2, prog, vers, proc, cred, verf.
        let getport = words(&[7, 0, 2, 100_000, 2, 3, 0, 0, 0, 0, 100_003, 3, 17, 0]);
        let call = |b: &[u8]| match look(Buf::new(b, b.len(), 0)) {
            Some(Message::Call(c)) => Some(c),
            _ => None,
        };
        let c = call(&getport).expect("a call");
        assert_eq!((c.xid, c.program, c.version, c.procedure, c.to_udp), (7, 100_000, 2, 3, true));
        assert_eq!(c.flavor, Flavor::Plain);
        let over_tcp = words(&[7, 0, 2, 100_000, 2, 3, 0, 0, 0, 0, 100_003, 3, 6, 0]);
        assert!(call(&over_tcp).is_some_and(|c| !c.to_udp));
        assert!(call(&words(&[7, 0, 3, 100_000, 2, 3])).is_none(), "another version of RPC");
        assert!(call(&words(&[7, 0, 2, 1, 2, 3])).is_none(), "a program nobody knows");
        assert!(call(&getport[..15]).is_none());
    }

    #[test]
    fn a_reply_over_udp_may_come_from_elsewhere() {
        let a = |n: u8| [n; 16];
        let call = Ends { addresses: [a(1), a(2)], ports: [700, 2049], stream: false };
        let reply = Ends { addresses: [a(3), a(1)], ports: [2049, 701], stream: false };
        assert_eq!(CallKey::of_call(&call, 5), CallKey::of_reply(&reply, 5));
        let (call, reply) = (Ends { stream: true, ..call }, Ends { stream: true, ..reply });
        assert_ne!(CallKey::of_call(&call, 5), CallKey::of_reply(&reply, 5));
    }
}
