//! The full consumer: every field of a packet, as a person reads it, straight into text.

use super::field::{FieldId, Kind};
use super::fmt::{self, Out};
use super::memo::{Memo, PerField};
use super::print;
use super::registry::{PROTOCOLS, Proto};
use super::sink::Sink;
use super::value::{Span, Value};

/// Writes the field tree of each packet to a buffer.
#[derive(Debug, Default)]
pub struct Tree {
    /// The text so far.
    pub out: Vec<u8>,
    depth: usize,
    memos: PerField<Memo>,
}

/// Deeper fields are not indented further.
const MAX_DEPTH: usize = 15;

impl Tree {
    /// Ends a packet.
    pub fn finish(&mut self) {
        self.depth = 0;
        self.out.push(b'\n');
    }

    #[inline]
    fn indent(&mut self) {
        fmt::put(&mut self.out, &[b' '; 4 + 4 * MAX_DEPTH], 4 + 4 * self.depth.min(MAX_DEPTH));
    }

    /// One line. Each kind of value has its own copy, in which the others are not.
    #[inline(always)]
    fn line(&mut self, id: FieldId, value: Value<'_>) {
        let def = id.def();
        self.indent();
        if def.kind == Kind::None {
            self.out.text(def.label);
        } else {
            def.heading.put(&mut self.out);
            print::tree(&mut self.out, def, value);
        }
        self.out.push(b'\n');
    }

    #[inline(never)]
    fn uint(&mut self, id: FieldId, v: u64) {
        let (depth, at) = (self.depth as u8, self.out.len());
        let known = if Memo::serves(id.def()) { self.memos.get(id) } else { None };
        if known.is_some_and(|m| m.put(&mut self.out, v, depth)) {
            return;
        }
        self.line(id, Value::Uint(v));
        if let Some(m) = self.memos.get(id) {
            m.keep(v, depth, &self.out[at..]);
        }
    }

    #[inline(never)]
    fn other(&mut self, id: FieldId, v: Value<'_>) {
        self.line(id, v);
    }
}

impl Sink for Tree {
    #[inline(always)]
    fn wants(&self, _: Proto) -> bool {
        true
    }

    fn layer(&mut self, proto: Proto, span: Span) {
        self.depth = 0;
        self.out.text(PROTOCOLS[proto as usize].layer.label);
        if span.len > 0 {
            self.out.text(", ");
            self.out.dec(span.len.into());
            self.out.text(" bytes at ");
            self.out.dec(span.off.into());
            match span.source {
                Span::FRAME => {}
                Span::HEAD => self.out.text(" of the record header"),
                n => {
                    self.out.text(" of reassembled data ");
                    self.out.dec(u64::from(n) - 1);
                }
            }
        }
        self.out.push(b'\n');
    }

    #[inline(always)]
    fn field(&mut self, id: FieldId, value: Value<'_>, _: Span) {
        match value {
            Value::Uint(v) => self.uint(id, v),
            v => self.other(id, v),
        }
    }

    fn open(&mut self) {
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}
