//! The port mapper (RFC 1833): version 2 maps programs to ports, versions 3 and 4, `rpcbind`, to
//! universal addresses.
//!
//! Where Wireshark decodes a procedure's arguments, so does this, with its names; arguments of the
//! others it marks as unknown, and so does this.

use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, Value, fmt::Out};
use crate::track::memory::Speaker;

use super::programs::{self, Program, Version};
use super::{Call, UNKNOWN_BODY, xdr};

crate::protocol! { Portmap, "portmap", "Portmap";
    V1 "portmap.procedure_v1" "V1 Procedure" Kind::Uint(32, Base::Dec), names::v1;
    V2 "portmap.procedure_v2" "V2 Procedure" Kind::Uint(32, Base::Dec), names::v1;
    V3 "portmap.procedure_v3" "V3 Procedure" Kind::Uint(32, Base::Dec), names::v3;
    V4 "portmap.procedure_v4" "V4 Procedure" Kind::Uint(32, Base::Dec), names::v4;
    PROG "portmap.prog" "Program" Kind::Uint(32, Base::Dec), programs::name;
    PORT "portmap.port" "Port" Kind::Uint(32, Base::Dec);
    PROCEDURE "portmap.proc" "Procedure" Kind::Uint(32, Base::Dec);
    PROTOCOL "portmap.proto" "Protocol" Kind::Uint(32, Base::Dec), names::protocol;
    VERSION "portmap.version" "Version" Kind::Uint(32, Base::Dec);
    ANSWER "portmap.answer" "Answer" Kind::Bool;
    ARGS "portmap.args" "Arguments" Kind::Bytes;
    RESULT "portmap.result" "Result" Kind::Bytes;
    RPCB "portmap.rpcb" "RPCB" Kind::None;
    RPCB_PROG "portmap.rpcb.prog" "Program" Kind::Uint(32, Base::Dec), programs::name;
    RPCB_VERSION "portmap.rpcb.version" "Version" Kind::Uint(32, Base::Dec);
    RPCB_NETID "portmap.rpcb.netid" "Network Id" Kind::Str;
    RPCB_ADDR "portmap.rpcb.addr" "Universal Address" Kind::Str;
    RPCB_OWNER "portmap.rpcb.owner" "Owner of this Service" Kind::Str;
    UADDR "portmap.uaddr" "Universal Address" Kind::Str;
}

mod names {
    pub use crate::decode::names::ip_protocol as protocol;
    use crate::decode::names::table;

    table! {
        v1 { 0 "NULL" 1 "SET" 2 "UNSET" 3 "GETPORT" 4 "DUMP" 5 "CALLIT" }
        v3 {
            0 "NULL" 1 "SET" 2 "UNSET" 3 "GETADDR" 4 "DUMP" 5 "CALLIT" 6 "GETTIME" 7 "UADDR2TADDR"
            8 "TADDR2UADDR"
        }
        v4 {
            0 "NULL" 1 "SET" 2 "UNSET" 3 "GETADDR" 4 "DUMP" 5 "BCAST" 6 "GETTIME" 7 "UADDR2TADDR"
            8 "TADDR2UADDR" 9 "GETVERSADDR" 10 "INDIRECT" 11 "GETADDRLIST" 12 "GETSTAT"
        }
    }
}

/// Its number.
pub const NUMBER: u32 = 100_000;
/// Its port, the same for TCP and UDP.
pub const WELL_KNOWN_PORT: u16 = 111;

/// For the list of programs.
pub static PROGRAM: Program = Program {
    number: NUMBER,
    name: "Portmap",
    layer: Some(Proto::Portmap),
    versions: &[
        Version { number: 1, field: Some(V1), names: names::v1 },
        Version { number: 2, field: Some(V2), names: names::v1 },
        Version { number: 3, field: Some(V3), names: names::v3 },
        Version { number: 4, field: Some(V4), names: names::v4 },
    ],
};

/// What a procedure takes or returns.
enum Form {
    Void,
    Unknown,
    Mapping,
    Answer,
    Port,
    Dump,
    Call,
    CallResult,
    Address,
    AddressResult,
    AddressDump,
    RemoteResult,
}

fn form(version: u32, procedure: u32, call: bool) -> Form {
    match (version, procedure) {
        (_, 0) => Form::Void,
        (1, _) => Form::Unknown,
        (2, 1 | 2) if !call => Form::Answer,
        (2, 1..=3) if call => Form::Mapping,
        (2, 3) => Form::Port,
        (_, 4) if call => Form::Void,
        (2, 4) => Form::Dump,
        (2, 5) if !call => Form::CallResult,
        (2..=4, 5) | (4, 10) => {
            if call {
                Form::Call
            } else {
                Form::RemoteResult
            }
        }
        (3 | 4, 3) if call => Form::Address,
        (3 | 4, 3) => Form::AddressResult,
        (3 | 4, 4) => Form::AddressDump,
        _ => Form::Unknown,
    }
}

/// True for what neither takes nor returns anything, of any program.
#[must_use]
pub fn is_void(call: &Call, is_call: bool) -> bool {
    call.procedure == 0
        || (call.program == NUMBER && matches!(form(call.version, call.procedure, is_call), Form::Void))
}

/// Dissects the arguments of a call or the results of a reply; returns how much of it that was.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, call: &Call, is_call: bool) -> Outcome<usize> {
    match form(call.version, call.procedure, is_call) {
        Form::Void => Ok(0),
        Form::Unknown => {
            c.field(UNKNOWN_BODY, Value::None, b.whole());
            Ok(b.reported())
        }
        Form::Mapping => {
            let end = mapping(c, b, 0)?;
            if call.procedure == 3 {
                info(c, b)?;
            }
            Ok(end)
        }
        Form::Answer => {
            c.bits(ANSWER, u8::from(b.u32(0)? != 0), b, 0, 4);
            Ok(4)
        }
        Form::Port => {
            let port = c.u32(PORT, b, 0)?;
            if let Some(line) = c.summary() {
                if port == 0 {
                    line.info.text(" PROGRAM_NOT_AVAILABLE");
                } else {
                    line.info.text(" Port:");
                    line.info.dec(port.into());
                }
            }
            if call.to_udp && port != 0 {
                c.remember(|m, e, _| m.announce(e.addresses[0], port as u16, Speaker::Rpc));
            }
            Ok(4)
        }
        Form::Dump => xdr::list(c, b, 0, mapping),
        Form::Call => {
            let program = c.u32(PROG, b, 0)?;
            let version = c.u32(VERSION, b, 4)?;
            let procedure = c.u32(PROCEDURE, b, 8)?;
            let known = programs::find(program);
            if known.and_then(|p| p.procedure(version, procedure)).is_none() {
                return xdr::opaque(c, b, 12, ARGS);
            }
            let len = c.u32(super::ARGUMENT_LENGTH, b, 12)? as usize;
            let arguments = b.from(16);
            if arguments.reported() > 0
                && let Some(layer) = known.and_then(|p| p.layer)
            {
                c.layer(layer, arguments.whole());
            }
            b.get(16, len)?;
            Ok(b.reported())
        }
        Form::CallResult => {
            c.u32(PORT, b, 0)?;
            xdr::opaque(c, b, 4, RESULT)
        }
        Form::Address => rpcb(c, b, 0),
        Form::AddressResult => xdr::text(c, b, 0, UADDR),
        Form::AddressDump => xdr::list(c, b, 0, rpcb),
        Form::RemoteResult => {
            let at = xdr::text(c, b, 0, RPCB_ADDR)?;
            xdr::opaque(c, b, at, RESULT)
        }
    }
}

/// Program, version, protocol and port.
fn mapping<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome<usize> {
    c.u32(PROG, b, at)?;
    c.u32(VERSION, b, at + 4)?;
    c.u32(PROTOCOL, b, at + 8)?;
    c.u32(PORT, b, at + 12)?;
    Ok(at + 16)
}

/// What GETPORT asks for.
fn info<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let [program, version, protocol] = [b.u32(0)?, b.u32(4)?, b.u32(8)?];
    if let Some(line) = c.summary() {
        line.info.text(" ");
        line.info.text(programs::name(program.into()).unwrap_or("Unknown"));
        line.info.text("(");
        line.info.dec(program.into());
        line.info.text(") V:");
        line.info.dec(version.into());
        line.info.text(" ");
        line.info.text(names::protocol(protocol.into()).unwrap_or("Unknown"));
    }
    Ok(())
}

/// Program, version, network, address and owner.
fn rpcb<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome<usize> {
    c.field(RPCB, Value::None, b.span(at, 0));
    c.group(|c| {
        c.u32(RPCB_PROG, b, at)?;
        c.u32(RPCB_VERSION, b, at + 4)?;
        let at = xdr::text(c, b, at + 8, RPCB_NETID)?;
        let at = xdr::text(c, b, at, RPCB_ADDR)?;
        xdr::text(c, b, at, RPCB_OWNER)
    })
}
