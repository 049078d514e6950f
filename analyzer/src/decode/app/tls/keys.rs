//! Key exchange, tickets, and what is said about certificates.

use crate::decode::{Ctx, Outcome, Sink};

use super::extensions::{self, signature};
use super::read::Reader;
use super::*;

/// How a cipher suite exchanges keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exchange {
    Rsa,
    Dhe,
    Ecdhe,
    Psk,
    Other,
}

fn exchange(cipher: u16) -> Exchange {
    let name = ciphers::name(cipher.into()).unwrap_or_default();
    if name.starts_with("TLS_ECDH") && !name.contains("_PSK_") {
        Exchange::Ecdhe
    } else if name.starts_with("TLS_DH") && !name.contains("_PSK_") {
        Exchange::Dhe
    } else if name.starts_with("TLS_RSA_") && !name.contains("_PSK_") {
        Exchange::Rsa
    } else if name.starts_with("TLS_PSK_") {
        Exchange::Psk
    } else {
        Exchange::Other
    }
}

/// Server key exchange.
pub fn server<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>, cipher: u16, version: u16) -> Outcome {
    match exchange(cipher) {
        Exchange::Ecdhe => {
            if r.u8(c, HS_SERVER_CURVE_TYPE)? != 3 {
                return Ok(());
            }
            r.u16(c, HS_SERVER_NAMED_CURVE)?;
            let len = r.u8(c, HS_SERVER_POINT_LEN)?;
            r.bytes(c, HS_SERVER_POINT, len)?;
        }
        Exchange::Dhe => {
            for (len, id) in [(HS_P_LEN, HS_P), (HS_G_LEN, HS_G), (HS_YS_LEN, HS_YS)] {
                let n = r.u16(c, len)?;
                r.bytes(c, id, n)?;
            }
        }
        Exchange::Psk => {
            let len = r.u16(c, HS_HINT_LEN)?;
            return r.bytes(c, HS_HINT, len).map(|_| ());
        }
        _ => return Ok(()),
    }
    if r.left() == 0 {
        return Ok(());
    }
    if version >= 0x0303 {
        signature(c, r)?;
    }
    let len = r.u16(c, HS_SIG_LEN)?;
    r.bytes(c, HS_SIG, len).map(|_| ())
}

/// Client key exchange.
pub fn client<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>, cipher: u16, version: u16) -> Outcome {
    match exchange(cipher) {
        Exchange::Ecdhe => {
            let len = r.u8(c, HS_CLIENT_POINT_LEN)?;
            r.bytes(c, HS_CLIENT_POINT, len)?;
        }
        Exchange::Dhe => {
            let len = r.u16(c, HS_YC_LEN)?;
            r.bytes(c, HS_YC, len)?;
        }
        Exchange::Rsa if version == 0x0300 => {
            r.bytes(c, HS_EPMS, r.left())?;
        }
        Exchange::Rsa => {
            let len = r.u16(c, HS_EPMS_LEN)?;
            r.bytes(c, HS_EPMS, len)?;
        }
        Exchange::Psk => {
            let len = r.u16(c, HS_IDENTITY_LEN)?;
            r.bytes(c, HS_IDENTITY, len)?;
        }
        Exchange::Other => {}
    }
    Ok(())
}

/// New session ticket.
pub fn ticket<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>, version: u16) -> Outcome {
    r.u32(c, HS_SESSION_TICKET_LIFETIME_HINT)?;
    if version == 0x0304 {
        r.u32(c, HS_SESSION_TICKET_AGE_ADD)?;
        let len = r.u8(c, HS_SESSION_TICKET_NONCE_LENGTH)?;
        r.bytes(c, HS_SESSION_TICKET_NONCE, len)?;
    }
    let len = r.u16(c, HS_SESSION_TICKET_LENGTH)?;
    r.bytes(c, HS_SESSION_TICKET, len).map(|_| ())
}

/// Certificate request.
pub fn certificate_request<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>, version: u16) -> Outcome {
    if version == 0x0304 {
        let len = r.u8(c, HS_CERTIFICATE_REQUEST_CONTEXT_LENGTH)?;
        return r.bytes(c, HS_CERTIFICATE_REQUEST_CONTEXT, len).map(|_| ());
    }
    let len = r.u8(c, HS_CERT_TYPES_COUNT)?;
    r.mark(c, HS_CERT_TYPES, len);
    let mut list = r.part(len)?;
    while list.left() > 0 {
        list.u8(c, HS_CERT_TYPE)?;
    }
    if version >= 0x0303 {
        extensions::signatures(c, r)?;
    }
    let len = r.u16(c, HS_DNAMES_LEN)?;
    if len > 0 {
        r.mark(c, HS_DNAMES, len);
    }
    let mut list = r.part(len)?;
    while list.left() > 0 {
        let len = list.u16(c, HS_DNAME_LEN)?;
        list.mark(c, HS_DNAME, len);
        let name = list.part(len)?;
        x509::name(name.b)?;
    }
    Ok(())
}

/// Certificate verify.
pub fn certificate_verify<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>, version: u16) -> Outcome {
    if version >= 0x0303 {
        signature(c, r)?;
    }
    let len = r.u16(c, HS_CLIENT_CERT_VRFY_SIG_LEN)?;
    r.bytes(c, HS_CLIENT_CERT_VRFY_SIG, len).map(|_| ())
}

/// Certificate status.
pub fn certificate_status<S: Sink>(c: &mut Ctx<'_, S>, r: &mut Reader<'_>) -> Outcome {
    if r.left() == 0 {
        return Ok(());
    }
    r.u8(c, EXT_STATUS_REQUEST_TYPE)?;
    r.u24(c, HS_OCSP_RESPONSE_LEN).map(|_| ())
}
