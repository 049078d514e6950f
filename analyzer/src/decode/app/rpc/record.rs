//! RPC over TCP: messages in records, records in fragments (RFC 5531 section 11).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | highest bit: the record's last fragment; length of the fragment |
//! | 4 | … | the fragment |

use std::sync::Arc;

use crate::decode::app::{Need, Talk, Verdict};
use crate::decode::{Buf, Ctx, Outcome, Proto, Sink, Span, Value, fmt::Out};
use crate::track::memory::{Ask, Known};
use crate::track::streams::Joined;

use super::{
    FRAGLEN, FRAGMENT, FRAGMENT_COUNT, FRAGMENT_DATA, FRAGMENTS, LASTFRAG, REASSEMBLED_LENGTH, begins,
    continuation, message,
};

const MARK: usize = 4;
/// A longer fragment is none.
const MAX_FRAGMENT: usize = 4 << 20;

/// True when bytes begin with a record mark and a call, or what may be the reply to one.
pub fn looks_like<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> bool {
    fragment_length(b).is_some() && begins(c, b.from(MARK))
}

fn fragment_length(b: Buf<'_>) -> Option<usize> {
    let len = (b.u32(0).ok()? & 0x7FFF_FFFF) as usize;
    (len <= MAX_FRAGMENT).then_some(len)
}

/// Dissects one fragment after another.
pub fn stream<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>) -> Outcome<Verdict> {
    let mut at = 0;
    while at < b.reported() {
        let rest = b.from(at);
        let Some(len) = fragment_length(rest) else { break };
        let there = rest.reported().saturating_sub(MARK);
        if t.may_wait && len > there {
            return Ok(Verdict::More { at, need: Need::Bytes((len - there) as u32) });
        }
        let r = fragment(c, rest.truncate(MARK + len), at == 0);
        match r {
            Ok(false) => break,
            Ok(true) => {}
            Err(why) => c.stopped(why),
        }
        at += MARK + len;
    }
    if at == 0 {
        continuation(c, b);
    }
    Ok(Verdict::Done)
}

/// Dissects one fragment; false when it is none.
fn fragment<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, first: bool) -> Outcome<bool> {
    let last = b.u8(0)? & 0x80 != 0;
    if b.captured() < b.reported() {
        return message(c, b, b.from(MARK), first, |c| mark(c, b));
    }
    let part = b.from(MARK).bytes();
    let record = c.recall(b, Ask::Record, |m, e, f| {
        m.unfinished(e).then(|| Known::Record(m.fragment(e, f, part, last)))
    });
    match record {
        Some(Known::Record(Some(joined))) => reassembled(c, b, &joined, first),
        Some(_) => {
            piece(c, b, first);
            Ok(true)
        }
        None if last => message(c, b, b.from(MARK), first, |c| mark(c, b)),
        None => {
            if !begins(c, b.from(MARK)) {
                return Ok(false);
            }
            c.recall(b, Ask::Record, |m, e, f| {
                m.fragment(e, f, part, false);
                None
            });
            piece(c, b, first);
            Ok(true)
        }
    }
}

/// The record mark.
fn mark<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) {
    let Ok(v) = b.u32(0) else { return };
    c.bits(LASTFRAG, v >> 31, b, 0, MARK);
    c.bits(FRAGLEN, v & 0x7FFF_FFFF, b, 0, MARK);
}

/// A fragment of a record that goes on.
fn piece<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, first: bool) {
    if let Some(info) = c.summary().and_then(|s| s.take("RPC")) {
        info.text("Fragment");
    }
    c.message(first, Proto::Rpc, b.whole());
    fragment_fields(c, b);
}

fn fragment_fields<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) {
    mark(c, b);
    let part = b.from(MARK);
    c.field(FRAGMENT_DATA, Value::Bytes(part.bytes()), part.whole());
}

/// A record that its last fragment, `b`, completes.
fn reassembled<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, j: &Joined, first: bool) -> Outcome<bool> {
    c.reassembled(Arc::clone(&j.data), |c, whole| {
        message(c, whole, whole, first, |c| {
            fragment_fields(c, b);
            c.field(FRAGMENTS, Value::None, whole.whole());
            c.sink.open();
            for (frame, _) in &j.pieces {
                c.field(FRAGMENT, Value::Uint(*frame), Span::NONE);
            }
            c.field(FRAGMENT_COUNT, Value::Uint(j.pieces.len() as u64), Span::NONE);
            c.field(REASSEMBLED_LENGTH, Value::Uint(j.data.len() as u64), Span::NONE);
            c.sink.close();
        })
    })
}
