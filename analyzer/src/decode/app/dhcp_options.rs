//! Options of DHCP messages (RFC 2132 and its successors).

use crate::decode::{Buf, Ctx, Outcome, Sink, Value};

use super::dhcp::{self, Layout};
use super::text::Text;

const PAD: u8 = 0;
const OVERLOAD: u8 = 52;
const MESSAGE_TYPE: u8 = 53;
const END: u8 = 255;

/// The first byte of the first option of this code.
fn first_byte(b: Buf<'_>, at: usize, wanted: u8) -> Option<u8> {
    let mut at = at;
    loop {
        match b.u8(at).ok()? {
            PAD => at += 1,
            END => return None,
            code => {
                if code == wanted {
                    return b.u8(at + 2).ok();
                }
                at += 2 + usize::from(b.u8(at + 1).ok()?);
            }
        }
    }
}

/// Which of the names in front of the options hold options: 1 the boot file's, 2 the server's.
#[must_use]
pub fn overload(b: Buf<'_>, at: usize) -> u8 {
    if b.u32(236) != Ok(0x6382_5363) {
        return 0;
    }
    first_byte(b, at, OVERLOAD).unwrap_or(0)
}

/// The DHCP message type.
#[must_use]
pub fn message_type(b: Buf<'_>, at: usize) -> Option<u8> {
    if b.u32(236) != Ok(0x6382_5363) {
        return None;
    }
    first_byte(b, at, MESSAGE_TYPE)
}

/// Options from `at` on, up to the end option or `end`. In the names in front, `main` is false.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, end: usize, main: bool) -> Outcome {
    let mut at = at;
    while at < end {
        let code = b.u8(at)?;
        if code == PAD {
            let run = b.bytes()[at..end.min(b.captured())].iter().take_while(|&&x| x == PAD).count();
            c.bits(dhcp::OPTION_TYPE, PAD, b, at, run);
            c.bytes(dhcp::OPTION_PADDING, b, at, run)?;
            at += run;
            continue;
        }
        if code == END {
            // Wireshark gives the end no number of its own.
            c.bits(dhcp::OPTION_TYPE, 0u8, b, at, 1);
            c.sink.open();
            c.u8(dhcp::OPTION_END, b, at)?;
            c.sink.close();
            if main && at + 1 < end {
                c.bytes(dhcp::OPTION_PADDING, b, at + 1, end - at - 1)?;
            }
            return Ok(());
        }
        let len = usize::from(b.u8(at + 1)?);
        b.get(at + 2, len)?;
        c.bits(dhcp::OPTION_TYPE, code, b, at, 2 + len);
        c.sink.open();
        c.u8(dhcp::OPTION_LENGTH, b, at + 1)?;
        c.bytes(dhcp::OPTION_VALUE, b, at + 2, len)?;
        option(c, b, code, at + 2, len, main)?;
        c.sink.close();
        at += 2 + len;
    }
    if main && message_type(b, 240).is_some() {
        c.field(dhcp::END_OPTION_MISSING, Value::None, b.span(at, 0));
    }
    Ok(())
}

fn bad<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, len: usize) {
    c.field(dhcp::BAD_LENGTH, Value::None, b.span(at, len));
}

/// ASCII text of any length.
fn text<S: Sink>(
    c: &mut Ctx<'_, S>,
    id: crate::decode::FieldId,
    b: Buf<'_>,
    at: usize,
    len: usize,
) -> Outcome {
    let v = b.get(at, len)?;
    c.field(id, Value::Str(Text::<800>::ascii(v).as_str()), b.span(at, len));
    Ok(())
}

fn option<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, code: u8, at: usize, len: usize, main: bool) -> Outcome {
    if let Some((layout, id)) = dhcp::simple(code) {
        let unit = match layout {
            Layout::Ip | Layout::Ips | Layout::U32 | Layout::I32 => 4,
            Layout::U16 | Layout::U16s => 2,
            Layout::Bool | Layout::U8 | Layout::U8s | Layout::Str => 1,
        };
        let row = matches!(layout, Layout::Ips | Layout::U16s | Layout::U8s | Layout::Str);
        if (!row && len != unit) || (len == 0 && layout == Layout::Str) {
            bad(c, b, at, len);
            return Ok(());
        }
        if layout == Layout::Str {
            return text(c, id, b, at, len);
        }
        let whole = len - len % unit;
        for at in (at..at + whole).step_by(unit) {
            match layout {
                Layout::Ip | Layout::Ips => c.ipv4(id, b, at).map(|_| ())?,
                Layout::U32 => c.u32(id, b, at).map(|_| ())?,
                Layout::I32 => c.field(id, Value::Int(i64::from(b.u32(at)? as i32)), b.span(at, 4)),
                Layout::U16 | Layout::U16s => c.u16(id, b, at).map(|_| ())?,
                Layout::Bool => c.bits(id, u8::from(b.u8(at)? != 0), b, at, 1),
                _ => c.u8(id, b, at).map(|_| ())?,
            }
        }
        if whole < len {
            bad(c, b, at + whole, len - whole);
        }
        return Ok(());
    }
    match code {
        21 | 33 => {
            let ids = if code == 21 {
                [dhcp::POLICY_FILTER_IP, dhcp::POLICY_FILTER_SUBNET_MASK]
            } else {
                [dhcp::STATIC_ROUTE_IP, dhcp::STATIC_ROUTE_ROUTER]
            };
            if !len.is_multiple_of(8) {
                bad(c, b, at, len);
                return Ok(());
            }
            for at in (at..at + len).step_by(8) {
                c.ipv4(ids[0], b, at)?;
                c.ipv4(ids[1], b, at + 4)?;
            }
            Ok(())
        }
        43 => vendor(c, b, at, len),
        OVERLOAD => {
            let which = c.u8(dhcp::OPTION_OVERLOAD, b, at)?;
            // The names hold no further overloading.
            if main && which & 1 != 0 {
                dissect(c, b, 108, 236, false)?;
            }
            if main && which & 2 != 0 {
                dissect(c, b, 44, 108, false)?;
            }
            Ok(())
        }
        61 => client_id(c, b, at, len),
        77 => {
            let (mut at, end, mut n) = (at, at + len, 0u8);
            while at < end {
                let size = usize::from(b.u8(at)?);
                c.bits(dhcp::USER_CLASS, n, b, at, 1 + size);
                c.sink.open();
                c.u8(dhcp::USER_CLASS_LENGTH, b, at)?;
                if size == 0 || at + 1 + size > end {
                    bad(c, b, at, 1);
                    c.sink.close();
                    break;
                }
                c.bytes(dhcp::USER_CLASS_DATA, b, at + 1, size)?;
                c.sink.close();
                at += 1 + size;
                n = n.wrapping_add(1);
            }
            Ok(())
        }
        81 => fqdn(c, b, at, len),
        82 => agent(c, b, at, len),
        94 if len == 3 => {
            c.u8(dhcp::CLIENT_NETWORK_ID_MAJOR, b, at + 1)?;
            c.u8(dhcp::CLIENT_NETWORK_ID_MINOR, b, at + 2)?;
            Ok(())
        }
        97 if len == 17 => {
            c.u8(dhcp::CLIENT_ID_TYPE, b, at)?;
            let mut t = Text::<40>::default();
            // The first three parts of the identifier have their low byte first.
            let v: [u8; 16] = b.array(at + 1)?;
            for (i, at) in [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].into_iter().enumerate() {
                if matches!(i, 4 | 6 | 8 | 10) {
                    t.byte(b'-');
                }
                t.hex(v[at].into(), 2);
            }
            c.field(dhcp::CLIENT_ID_UUID, Value::Str(t.as_str()), b.span(at + 1, 16));
            Ok(())
        }
        125 => vendor_identified(c, b, at, len),
        _ => Ok(()),
    }
}

fn client_id<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, len: usize) -> Outcome {
    if len == 0 {
        bad(c, b, at, len);
        return Ok(());
    }
    let kind = b.u8(at)?;
    if len == 7 && kind > 0 && kind < 48 {
        c.u8(dhcp::HW_TYPE, b, at)?;
        if matches!(kind, 1 | 6) {
            c.ether(dhcp::HW_MAC_ADDR, b, at + 1)?;
        } else {
            c.bytes(dhcp::HW_ADDR, b, at + 1, 6)?;
        }
        return Ok(());
    }
    if kind == 0 && len > 1 {
        c.u8(dhcp::CLIENT_ID_TYPE, b, at)?;
        return text(c, dhcp::CLIENT_ID_UNDEF, b, at + 1, len - 1);
    }
    c.bytes(dhcp::CLIENT_ID, b, at, len).map(|_| ())
}

/// Vendor's own options, by code and length; of what is laid out otherwise only the bytes are
/// shown, as the option's value.
fn vendor<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, len: usize) -> Outcome {
    if len > 0 && first_byte(b, 240, 60).is_none() {
        c.bytes(dhcp::VENDOR_VALUE, b, at, len)?;
    }
    Ok(())
}

fn fqdn<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, len: usize) -> Outcome {
    if len < 3 {
        bad(c, b, at, len);
        return Ok(());
    }
    let flags = b.u8(at)?;
    let parts = [
        (dhcp::FQDN_MBZ, 4, 4),
        (dhcp::FQDN_N, 3, 1),
        (dhcp::FQDN_E, 2, 1),
        (dhcp::FQDN_O, 1, 1),
        (dhcp::FQDN_S, 0, 1),
    ];
    c.flags(dhcp::FQDN_FLAGS, flags, b, at, 1, &parts);
    c.u8(dhcp::FQDN_RCODE1, b, at + 1)?;
    c.u8(dhcp::FQDN_RCODE2, b, at + 2)?;
    if len == 3 {
        return Ok(());
    }
    if flags & 4 == 0 {
        return text(c, dhcp::FQDN_NAME, b, at + 3, len - 3);
    }
    let name = super::dns::Name::read(b.from(at + 3).truncate(len - 3), 0)?;
    c.field(dhcp::FQDN_NAME, Value::Str(name.text().as_str()), b.span(at + 3, len - 3));
    Ok(())
}

/// Relay agent information (RFC 3046): options of its own.
fn agent<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, len: usize) -> Outcome {
    let (mut at, end) = (at, at + len);
    while at < end {
        let (code, size) = (b.u8(at)?, usize::from(b.u8(at + 1)?));
        c.bits(dhcp::AGENT_SUBOPTION, code, b, at, 2 + size);
        c.sink.open();
        c.u8(dhcp::SUBOPTION_LENGTH, b, at + 1)?;
        let value = at + 2;
        if value + size > end {
            c.sink.close();
            bad(c, b, at, end - at);
            return Ok(());
        }
        c.bytes(dhcp::AGENT_VALUE, b, value, size)?;
        match code {
            1 => c.bytes(dhcp::AGENT_AGENT_CIRCUIT_ID, b, value, size).map(|_| ())?,
            2 => c.bytes(dhcp::AGENT_AGENT_REMOTE_ID, b, value, size).map(|_| ())?,
            5 if size == 4 => c.ipv4(dhcp::AGENT_LINK_SELECTION, b, value).map(|_| ())?,
            6 => text(c, dhcp::AGENT_SUBSCRIBER_ID, b, value, size)?,
            11 if size == 4 => c.ipv4(dhcp::AGENT_SERVER_ID_OVERRIDE, b, value).map(|_| ())?,
            _ => {}
        }
        c.sink.close();
        at = value + size;
    }
    Ok(())
}

/// Vendor-identified options (RFC 3925): enterprise, length, and that vendor's options. Those of
/// the Broadband Forum (TR-111) are known.
fn vendor_identified<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, len: usize) -> Outcome {
    let (mut at, end) = (at, at + len);
    while at + 5 <= end {
        let enterprise = c.u32(dhcp::VI_ENTERPRISE, b, at)?;
        c.sink.open();
        let size = usize::from(c.u8(dhcp::VI_LENGTH, b, at + 4)?);
        let (mut inner, stop) = (at + 5, (at + 5 + size).min(end));
        while enterprise == 3561 && inner + 2 <= stop {
            let (code, n) = (b.u8(inner)?, usize::from(b.u8(inner + 1)?));
            let value = inner + 2;
            c.bits(dhcp::VI_TR111_SUBOPTION, code, b, inner, 2 + n);
            c.sink.open();
            c.u8(dhcp::SUBOPTION_LENGTH, b, inner + 1)?;
            let ids = [
                dhcp::VI_TR111_DEVICE_MANUFACTURER_OUI,
                dhcp::VI_TR111_DEVICE_SERIAL_NUMBER,
                dhcp::VI_TR111_DEVICE_PRODUCT_CLASS,
                dhcp::VI_TR111_GATEWAY_MANUFACTURER_OUI,
                dhcp::VI_TR111_GATEWAY_SERIAL_NUMBER,
                dhcp::VI_TR111_GATEWAY_PRODUCT_CLASS,
            ];
            if let Some(&id) = usize::from(code).checked_sub(1).and_then(|i| ids.get(i)) {
                text(c, id, b, value, n)?;
            }
            c.bytes(dhcp::VI_VALUE, b, value, n)?;
            c.sink.close();
            inner = value + n;
        }
        c.sink.close();
        at += 5 + size;
    }
    Ok(())
}
