//! What DNS messages carry in options: those of the OPT record (RFC 6891) and the parameters of
//! service bindings (RFC 9460).

use crate::decode::{Buf, Ctx, Outcome, Sink, Value};

use super::dns;
use super::dns_rdata::{name, text};

/// Options of an OPT record: code, length, data.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, m: Buf<'_>, at: usize, len: usize) -> Outcome {
    let (mut at, end) = (at, at + len);
    while at < end {
        let (code, len) = (m.u16(at)?, usize::from(m.u16(at + 2)?));
        m.get(at, 4 + len)?;
        c.field(dns::OPT, Value::None, m.span(at, 4 + len));
        c.sink.open();
        c.u16(dns::OPT_CODE, m, at)?;
        c.u16(dns::OPT_LEN, m, at + 2)?;
        c.bytes(dns::OPT_DATA, m, at + 4, len)?;
        option(c, m, code, at + 4, len)?;
        c.sink.close();
        at += 4 + len;
    }
    Ok(())
}

fn option<S: Sink>(c: &mut Ctx<'_, S>, m: Buf<'_>, code: u16, at: usize, len: usize) -> Outcome {
    match code {
        5..=7 => {
            let id = [dns::OPT_DAU, dns::OPT_DHU, dns::OPT_N3U][usize::from(code) - 5];
            for i in 0..len {
                c.u8(id, m, at + i)?;
            }
        }
        8 => subnet(c, m, at, len)?,
        10 => {
            c.bytes(dns::OPT_COOKIE_CLIENT, m, at, 8)?;
            c.bytes(dns::OPT_COOKIE_SERVER, m, at + 8, len.saturating_sub(8))?;
        }
        11 if len == 2 => {
            c.u16(dns::OPT_EDNS_TCP_KEEPALIVE_TIMEOUT, m, at)?;
        }
        12 => {
            c.bytes(dns::OPT_PADDING, m, at, len)?;
        }
        13 => {
            name(c, dns::OPT_CHAIN_FQDN, m, at)?;
        }
        15 => {
            c.u16(dns::OPT_EXT_ERROR_INFO_CODE, m, at)?;
            if len > 2 {
                text(c, dns::OPT_EXT_ERROR_EXTRA_TEXT, m, at + 2, len - 2)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Client subnet (RFC 7871): an address without the bytes that are zero at its end.
fn subnet<S: Sink>(c: &mut Ctx<'_, S>, m: Buf<'_>, at: usize, len: usize) -> Outcome {
    let family = c.u16(dns::OPT_CLIENT_FAMILY, m, at)?;
    c.u8(dns::OPT_CLIENT_NETMASK, m, at + 2)?;
    c.u8(dns::OPT_CLIENT_SCOPE, m, at + 3)?;
    let n = len.saturating_sub(4);
    let address = m.get(at + 4, n)?;
    let mut whole = [0; 16];
    if len < 4 || n > 16 || (family == 1 && n > 4) {
        c.field(dns::RR_OPT_BAD_LENGTH, Value::None, m.span(at + 4, n));
        return Ok(());
    }
    whole[..n].copy_from_slice(address);
    let span = m.span(at + 4, n);
    match family {
        1 => {
            let [a, b, d, e, ..] = whole;
            c.field(dns::OPT_CLIENT_ADDR4, Value::Ipv4(u32::from_be_bytes([a, b, d, e])), span);
        }
        2 => c.field(dns::OPT_CLIENT_ADDR6, Value::Ipv6(whole), span),
        _ => c.field(dns::OPT_CLIENT_ADDR, Value::Bytes(address), span),
    }
    Ok(())
}

/// SVCB and HTTPS records: priority, target, parameters of key, length, value.
pub fn service_binding<S: Sink>(c: &mut Ctx<'_, S>, m: Buf<'_>, at: usize, end: usize) -> Outcome {
    c.u16(dns::SVCB_SVCPRIORITY, m, at)?;
    let mut at = at + 2;
    at += name(c, dns::SVCB_TARGETNAME, m, at)?;
    while at < end {
        let (key, len) = (m.u16(at)?, usize::from(m.u16(at + 2)?));
        m.get(at, 4 + len)?;
        c.field(dns::SVCB_SVCPARAM, Value::None, m.span(at, 4 + len));
        c.sink.open();
        c.u16(dns::SVCB_SVCPARAM_KEY, m, at)?;
        c.u16(dns::SVCB_SVCPARAM_VALUE_LENGTH, m, at + 2)?;
        parameter(c, m, key, at + 4, len)?;
        c.sink.close();
        at += 4 + len;
    }
    Ok(())
}

fn parameter<S: Sink>(c: &mut Ctx<'_, S>, m: Buf<'_>, key: u16, at: usize, len: usize) -> Outcome {
    let end = at + len;
    let steps = |n: usize| (at..end).step_by(n);
    match key {
        0 => {
            for at in steps(2) {
                c.u16(dns::SVCB_SVCPARAM_MANDATORY_KEY, m, at)?;
            }
        }
        1 => {
            let mut at = at;
            while at < end {
                let n = usize::from(c.u8(dns::SVCB_SVCPARAM_ALPN_LENGTH, m, at)?);
                text(c, dns::SVCB_SVCPARAM_ALPN, m, at + 1, n)?;
                at += 1 + n;
            }
        }
        3 => {
            c.u16(dns::SVCB_SVCPARAM_PORT, m, at)?;
        }
        4 => {
            for at in steps(4) {
                c.ipv4(dns::SVCB_SVCPARAM_IPV4HINT_IP, m, at)?;
            }
        }
        5 => {
            c.bytes(dns::SVCB_SVCPARAM_ECHCONFIG, m, at, len)?;
        }
        6 => {
            for at in steps(16) {
                c.ipv6(dns::SVCB_SVCPARAM_IPV6HINT_IP, m, at)?;
            }
        }
        _ if len > 0 => {
            c.bytes(dns::SVCB_SVCPARAM_VALUE, m, at, len)?;
        }
        _ => {}
    }
    Ok(())
}
