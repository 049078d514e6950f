//! DNS over TCP: each message stands behind its length in two bytes (RFC 1035 section 4.2.2).

use crate::decode::{Buf, Ctx, Outcome, Proto, Sink};

use super::{Talk, Verdict, dns};

/// Dissects one message after another.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>) -> Outcome<Verdict> {
    let length = |b: Buf<'_>| Ok(2 + usize::from(b.u16(0)?));
    super::pdus(c, b, t, 2, length, |c, b, first| {
        c.message(first, Proto::Dns, b.whole());
        c.field(dns::LENGTH, crate::decode::Value::Uint((b.reported() - 2) as u64), b.span(0, 2));
        dns::message(c, b.from(2), dns::Variant::Dns)
    })
}
