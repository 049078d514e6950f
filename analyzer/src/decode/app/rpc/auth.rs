//! Credentials and verifiers of RPC (RFC 5531 section 8, RFC 2203 for RPCSEC_GSS).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | flavor |
//! | 4 | 4 | length of the body |
//! | 8 | … | body, filled up to a multiple of four |

use crate::decode::{Buf, Ctx, FieldId, Outcome, Sink, Value};

use super::{self as rpc, xdr};

/// System credentials: host, user, groups.
const SYS: u32 = 1;
/// Diffie-Hellman.
const DH: u32 = 3;
/// The Generic Security Service.
pub const GSS: u32 = 6;
/// An older way to the same.
pub const GSSAPI: u32 = 300_001;

/// The credentials at `at`; returns where what follows begins.
pub fn credentials<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome<usize> {
    let flavor = c.u32(rpc::AUTH_FLAVOR, b, at)?;
    let len = xdr::padded(b, at, b.u32(at + 4)? as usize)?;
    c.bits(rpc::AUTH_LENGTH, len as u64, b, at + 4, 4);
    let at = at + 8;
    match flavor {
        SYS => system(c, b, at)?,
        DH => match c.u32(rpc::AUTHDES_NAMEKIND, b, at)? {
            0 => {
                let at = xdr::text(c, b, at + 4, rpc::AUTHDES_NETNAME)?;
                c.u64(rpc::AUTHDES_CONVKEY, b, at)?;
                c.u32(rpc::AUTHDES_WINDOW, b, at + 8)?;
            }
            1 => {
                c.u32(rpc::AUTHDES_NICKNAME, b, at + 4)?;
            }
            _ => {}
        },
        GSS => {
            c.u32(rpc::GSS_VERSION, b, at)?;
            c.u32(rpc::GSS_PROCEDURE, b, at + 4)?;
            c.u32(rpc::GSS_SEQNUM, b, at + 8)?;
            c.u32(rpc::GSS_SERVICE, b, at + 12)?;
            context(c, b, at + 16)?;
        }
        GSSAPI => {
            c.u32(rpc::GSSAPI_VERSION, b, at)?;
            let message = b.u32(at + 4)?;
            c.bits(rpc::GSSAPI_MESSAGE, u8::from(message != 0), b, at + 4, 4);
            xdr::opaque(c, b, at + 8, rpc::GSSAPI_HANDLE)?;
        }
        _ if len > 0 => {
            c.bytes(rpc::OPAQUE_DATA, b, at, len)?;
        }
        _ => {}
    }
    b.get(at, len)?;
    Ok(at + len)
}

/// The verifier at `at`; returns where what follows begins.
pub fn verifier<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, call: bool) -> Outcome<usize> {
    let flavor = c.u32(rpc::AUTH_FLAVOR, b, at)?;
    let len = xdr::padded(b, at, b.u32(at + 4)? as usize)?;
    if flavor == GSS {
        token(c, b, at + 4, rpc::GSS_TOKEN)?;
    } else {
        c.bits(rpc::AUTH_LENGTH, len as u64, b, at + 4, 4);
    }
    let at = at + 8;
    match flavor {
        SYS => system(c, b, at)?,
        DH if call => {
            c.u64(rpc::AUTHDES_TIMESTAMP, b, at)?;
            c.u32(rpc::AUTHDES_WINDOWVERF, b, at + 8)?;
        }
        DH => {
            c.u64(rpc::AUTHDES_TIMEVERF, b, at)?;
            c.u32(rpc::AUTHDES_NICKNAME, b, at + 8)?;
        }
        GSS => {}
        _ if len > 0 => {
            c.bytes(rpc::OPAQUE_DATA, b, at, len)?;
        }
        _ => {}
    }
    b.get(at, len)?;
    Ok(at + len)
}

/// Stamp, host, user, group, and more groups.
fn system<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome {
    c.u32(rpc::AUTH_STAMP, b, at)?;
    let at = xdr::text(c, b, at + 4, rpc::AUTH_MACHINENAME)?;
    c.u32(rpc::AUTH_UID, b, at)?;
    c.u32(rpc::AUTH_GID, b, at + 4)?;
    let groups = b.u32(at + 8)? as usize;
    for i in 0..groups {
        c.u32(rpc::AUTH_GID, b, at + 12 + 4 * i)?;
    }
    Ok(())
}

/// The handle of a security context; returns where what follows begins.
pub fn context<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome<usize> {
    let len = c.u32(rpc::GSS_CONTEXT_LENGTH, b, at)? as usize;
    c.bytes(rpc::GSS_CONTEXT, b, at + 4, len)?;
    Ok(at + 4 + xdr::padded(b, at, len)?)
}

/// A token of the security service, whose inside is not decoded; returns where what follows
/// begins.
pub fn token<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, id: FieldId) -> Outcome<usize> {
    let len = b.u32(at)? as usize;
    let end = at + 4 + xdr::padded(b, at, len)?;
    let there = b.bytes().get(at..).unwrap_or_default();
    let shown = &there[..(end - at).min(there.len())];
    c.field(id, Value::Bytes(shown), b.span(at, shown.len()));
    c.u32(rpc::GSS_TOKEN_LENGTH, b, at)?;
    b.get(at + 4, len)?;
    Ok(end)
}
