//! External data representation (RFC 4506): what RPC messages are written in.
//!
//! Everything takes a multiple of four bytes. Byte strings and text stand behind their length and
//! are filled up.

use crate::decode::app::text::Text;
use crate::decode::{Buf, Ctx, FieldId, Outcome, Sink, Value};

use super::{FILL_BYTES, OPAQUE_LENGTH, VALUE_FOLLOWS};

/// Longest text that is shown.
const SHOWN: usize = 1024;

/// A length with what fills it up.
pub fn padded(b: Buf<'_>, at: usize, len: usize) -> Outcome<usize> {
    len.checked_next_multiple_of(4).filter(|n| *n <= u32::MAX as usize).ok_or(b.malformed(at))
}

/// Text behind its length at `at`; returns where what follows begins.
pub fn text<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, id: FieldId) -> Outcome<usize> {
    string(c, b, at, id, true)
}

/// A byte string behind its length at `at`; returns where what follows begins.
pub fn opaque<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, id: FieldId) -> Outcome<usize> {
    string(c, b, at, id, false)
}

fn string<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, id: FieldId, text: bool) -> Outcome<usize> {
    let len = c.u32(OPAQUE_LENGTH, b, at)? as usize;
    let at = at + 4;
    let there = b.bytes().get(at..).unwrap_or_default();
    let there = &there[..len.min(there.len())];
    if text {
        let text = Text::<SHOWN>::ascii(there);
        c.field(id, Value::Str(text.as_str()), b.span(at, there.len()));
    } else {
        c.field(id, Value::Bytes(there), b.span(at, there.len()));
    }
    b.get(at, len)?;
    let end = at + padded(b, at, len)?;
    let fill = b.get(at + len, end - at - len)?;
    if !fill.is_empty() {
        c.field(FILL_BYTES, Value::Bytes(fill), b.span(at + len, fill.len()));
    }
    Ok(end)
}

/// A linked list: in front of each entry stands whether there is one. `entry` returns where it
/// ends.
pub fn list<S: Sink>(
    c: &mut Ctx<'_, S>,
    b: Buf<'_>,
    mut at: usize,
    entry: impl Fn(&mut Ctx<'_, S>, Buf<'_>, usize) -> Outcome<usize>,
) -> Outcome<usize> {
    loop {
        let follows = b.u32(at)?;
        c.bits(VALUE_FOLLOWS, u8::from(follows != 0), b, at, 4);
        at += 4;
        if follows != 1 {
            return Ok(at);
        }
        at = entry(c, b, at)?;
    }
}
