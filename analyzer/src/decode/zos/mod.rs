//! What z/OS writes around and instead of packets.

pub mod cte;
pub mod pth;
pub mod smc;
pub mod systcpip;
pub mod utc2;

use std::net::IpAddr;

use formats::ctrace::FormatId;
use formats::ebcdic::CodePage;

use super::fmt::Out;
use super::{Buf, Ctx, Endpoint, FieldId, Outcome, Proto, Sink, Span, Value, data};
use crate::source::frame::{Head, LinkType};
use crate::track::tcp::{Ends, Owner};

/// The container's header in front of a packet.
pub fn head<S: Sink>(c: &mut Ctx<'_, S>, head: &[u8]) {
    if c.frame.head_kind.is_cte() {
        // A header cut short shows what is there; the packet behind it is decoded all the same.
        let _ = cte::dissect(c, Buf::new(head, head.len(), Span::HEAD));
    }
}

/// The format id of the entry a frame was taken from.
#[must_use]
pub fn format_id(head: &[u8]) -> Option<FormatId> {
    head.get(4..)?.first_chunk().map(|b| FormatId(u32::from_be_bytes(*b)))
}

/// Whose socket the entry belongs to, and its ends, as far as its packet trace header tells.
#[must_use]
pub fn owner(kind: Head, head: &[u8]) -> Option<(Ends, Owner)> {
    if !kind.is_cte() {
        return None;
    }
    let h = formats::ctrace::Pthdr::parse(head.get(cte::HEADER..)?).ok()?;
    let wide = |a: Option<IpAddr>| match a {
        Some(IpAddr::V4(a)) => a.to_ipv6_mapped().octets(),
        Some(IpAddr::V6(a)) => a.octets(),
        None => [0; 16],
    };
    let ports = [h.src_port().unwrap_or(0), h.dst_port().unwrap_or(0)];
    let (ends, _) = Ends::of([wide(h.src()), wide(h.dst())], ports);
    let mut owner = Owner { asid: h.asid().unwrap_or(0), ..Owner::default() };
    // Where a packet has its TCB, a data trace has the connection id.
    if let Some(data) = h.data_trace() {
        owner.cid = h.tcb_or_cid().unwrap_or(0);
        let ascii = |e| u8::try_from(CodePage::default().decode_byte(e)).unwrap_or(b'?');
        owner.job = data.job().0.map(ascii);
    }
    Some((ends, owner))
}

/// Records that hold no packet.
pub fn body<S: Sink>(c: &mut Ctx<'_, S>, t: LinkType, head: &[u8], b: Buf<'_>) -> Outcome {
    match t {
        LinkType::ZOS_DATA => {
            if let Some(info) = c.summary().and_then(|s| s.take("DATA")) {
                info.text("Socket data, ");
                info.dec(b.captured() as u64);
                info.text(" bytes");
            }
            addresses(c, head);
            data::dissect(c, b);
            Ok(())
        }
        LinkType::ZOS_SMC => {
            smc::dissect(c, head, b);
            addresses(c, head);
            data::dissect(c, b);
            Ok(())
        }
        _ => systcpip::dissect(c, head, b),
    }
}

/// Takes the address columns from the packet trace header.
fn addresses<S: Sink>(c: &mut Ctx<'_, S>, head: &[u8]) {
    let Some(s) = c.summary() else { return };
    let Some(h) = head.get(cte::HEADER..).and_then(|h| formats::ctrace::Pthdr::parse(h).ok()) else { return };
    if let (Some(src), Some(dst)) = (h.src(), h.dst()) {
        let end = |a| match a {
            std::net::IpAddr::V4(a) => Endpoint::from(a),
            std::net::IpAddr::V6(a) => Endpoint::from(a),
        };
        s.addresses(end(src), end(dst));
    }
}

/// A blank-padded EBCDIC name, without its padding.
fn name<S: Sink>(c: &mut Ctx<'_, S>, id: FieldId, b: Buf<'_>, at: usize, len: usize) -> Outcome {
    let bytes = b.get(at, len)?;
    let page = c.settings.codepage;
    let mut text = [0u8; 32];
    let mut n = 0;
    for &e in bytes.iter().take(16) {
        n += page.decode_byte(e).encode_utf8(&mut text[n..]).len();
    }
    let text = std::str::from_utf8(&text[..n]).unwrap_or_default().trim_end_matches([' ', '\0']);
    c.field(id, Value::Str(text), b.span(at, len));
    Ok(())
}

/// An address in a 16-byte field: IPv6, or IPv4 behind X'FFFF' or X'FFFE'.
fn address<S: Sink>(c: &mut Ctx<'_, S>, v4: FieldId, v6: FieldId, b: Buf<'_>, at: usize) -> Outcome {
    let field = b.array::<16>(at)?;
    match formats::ctrace::pthdr::address(&field) {
        std::net::IpAddr::V4(a) => c.field(v4, Value::Ipv4(a.into()), b.span(at + 12, 4)),
        std::net::IpAddr::V6(a) => c.field(v6, Value::Ipv6(a.octets()), b.span(at, 16)),
    }
    Ok(())
}

/// True when any z/OS field is asked for.
fn wanted<S: Sink>(c: &Ctx<'_, S>) -> bool {
    [Proto::Cte, Proto::Pth, Proto::SmcRecord, Proto::Systcpip].into_iter().any(|p| c.wants(p))
}
