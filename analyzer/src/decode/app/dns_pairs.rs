//! Which question a DNS answer belongs to (RFC 1035 section 4.1.1: by its identifier), and which
//! messages are there once more.

use crate::decode::{Buf, Ctx, FieldId, Sink, Span, Value};
use crate::track::conversations::between;
use crate::track::memory::{Ask, Known, Question};

use super::dns::{
    RESPONSE_TO, RETRANSMISSION, RETRANSMIT_REQUEST_IN, RETRANSMIT_RESPONSE_IN, TIME, UNSOLICITED,
};

/// True for fields that tell of another message.
#[must_use]
pub fn depends_on_questions(id: FieldId) -> bool {
    (RESPONSE_TO..=UNSOLICITED).contains(&id)
}

/// What is known of a message's question.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    response: bool,
    known: Option<Question>,
}

/// Looks for the question of the message `b`.
pub fn find<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Option<Pair> {
    if !c.settings.pair_questions {
        return None;
    }
    let (id, flags) = (b.u16(0).ok()?, b.u16(2).ok()?);
    let response = flags & 0x8000 != 0;
    // What another packet quotes is neither asked nor answered by that.
    if c.quoted {
        return Some(Pair { response, known: None });
    }
    let ask = c.recall(b, Ask::Question, |m, e, f| {
        m.question(e, f, id, response, asks_for_zone(b)).map(Known::Question)
    });
    let known = match ask {
        Some(Known::Question(q)) => Some(q),
        _ => None,
    };
    Some(Pair { response, known })
}

/// True for a question of type AXFR or IXFR, whose answer may take many messages.
fn asks_for_zone(b: Buf<'_>) -> bool {
    let bytes = b.bytes();
    let mut at = 12;
    if !matches!(b.u16(4), Ok(1..)) {
        return false;
    }
    while let Some(&len) = bytes.get(at) {
        at += 1 + usize::from(len);
        if len == 0 {
            return matches!(b.u16(at), Ok(251 | 252));
        }
        if len >= 0xC0 {
            return matches!(b.u16(at + 1 - usize::from(len)), Ok(251 | 252));
        }
    }
    false
}

/// Shows it.
pub fn show<S: Sink>(c: &mut Ctx<'_, S>, pair: Option<Pair>) {
    let Some(pair) = pair else { return };
    let again = |c: &mut Ctx<'_, S>, id: FieldId, frame: u64| {
        c.field(id, Value::Uint(frame), Span::NONE);
        c.field(RETRANSMISSION, Value::Uint(1), Span::NONE);
    };
    match (pair.response, pair.known) {
        (false, Some(q)) => again(c, RETRANSMIT_REQUEST_IN, q.request),
        (false, None) => {}
        (true, None) => c.field(UNSOLICITED, Value::Uint(1), Span::NONE),
        (true, Some(q)) if q.response > 0 && !q.many => again(c, RETRANSMIT_RESPONSE_IN, q.response),
        (true, Some(q)) => {
            c.field(RESPONSE_TO, Value::Uint(q.request), Span::NONE);
            if let (Some(then), Some(now)) = (q.time, c.frame.time) {
                c.field(TIME, Value::Duration(between(then, now)), Span::NONE);
            }
        }
    }
}
