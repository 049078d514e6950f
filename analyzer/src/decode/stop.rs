//! Where decoding stopped, and why: told as fields, so that a filter can find such packets.

use super::buf::Stop;
use super::ctx::Ctx;
use super::field::Kind;
use super::registry::Proto;
use super::sink::Sink;
use super::value::{Span, Value};

crate::protocol! { Stop, ours "zscope.stop", "Decoding stopped";
    SHORT "_ws.short" "Packet cut short at capture" Kind::None;
    MALFORMED "_ws.malformed" "Malformed packet" Kind::None;
    REASON ours "zscope.stop.reason" "Reason" Kind::Str;
    OFFSET ours "zscope.stop.offset" "Offset" Kind::Uint(32, super::field::Base::Dec);
    UNDECODED ours "zscope.undecoded" "Not decoded further" Kind::Str;
}

/// A dissector ran out of bytes or met a contradiction.
pub fn report<S: Sink>(c: &mut Ctx<'_, S>, why: Stop) {
    let (id, text, at) = match why {
        Stop::Short { at } => (SHORT, "cut short at capture", at),
        Stop::Malformed { at } => (MALFORMED, "malformed", at),
    };
    if let Some(s) = c.sink.summary() {
        s.info.extend_from_slice(b" [");
        s.info.extend_from_slice(text.as_bytes());
        s.info.push(b']');
    }
    c.layer(Proto::Stop, Span::NONE);
    if c.wants(Proto::Stop) {
        c.field(id, Value::None, Span::NONE);
        c.field(REASON, Value::Str(text), Span::NONE);
        c.field(OFFSET, Value::Uint(at.into()), Span::NONE);
    }
}

/// No dissector exists for what follows; `what` names it.
#[cold]
pub fn undecoded<S: Sink>(c: &mut Ctx<'_, S>, what: &str) {
    if c.wants(Proto::Stop) {
        c.field(UNDECODED, Value::Str(what), Span::NONE);
    }
}
