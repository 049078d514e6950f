//! The full consumer: every field of a packet, as a person reads it, straight into text.

use super::field::{FieldDef, FieldId, Kind};
use super::fmt::Out;
use super::memo::{Form, Groups, Memo, Noted, PerField};
use super::print;
use super::registry::{PROTOCOLS, Proto};
use super::sink::Sink;
use super::value::{Span, Value, ether_number};
use crate::source::frame::Timestamp;

/// Writes the field tree of each packet to a buffer.
#[derive(Debug)]
pub struct Tree {
    /// The text so far.
    pub out: Vec<u8>,
    depth: usize,
    /// How deep a line stands, from 1.
    level: u8,
    lines: PerField<Memo>,
    layers: [Memo; PROTOCOLS.len()],
    groups: Groups<()>,
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            out: Vec::new(),
            depth: 0,
            level: 1,
            lines: PerField::default(),
            layers: [Memo::default(); PROTOCOLS.len()],
            groups: Groups::default(),
        }
    }
}

/// Deeper lines are not indented further.
const MAX_LEVEL: u8 = 16;

impl Tree {
    /// Ends a packet.
    pub fn finish(&mut self) {
        self.set_depth(0);
        self.out.push(b'\n');
    }

    #[inline]
    fn set_depth(&mut self, depth: usize) {
        self.depth = depth;
        self.level = depth.min(usize::from(MAX_LEVEL) - 1) as u8 + 1;
    }

    /// The line of a value that a number tells apart and `print` prints. Each kind of value has
    /// its own copy, in which the others are not.
    #[inline(always)]
    fn number(
        &mut self,
        id: FieldId,
        number: u64,
        value: Value<'_>,
        print: impl FnOnce(&mut Noted<'_>, Form),
    ) {
        let Some(line) = self.lines.get(id) else { return };
        if line.put(&mut self.out, number, self.level) {
            return;
        }
        if !line.knows(self.level) && !learn(line, id, self.level) {
            return self.long(id, value);
        }
        line.put_new(&mut self.out, number, |text, form| {
            print(text, form);
            text.byte(b'\n');
        });
    }

    /// A line with a label that is too long to be remembered.
    #[cold]
    fn long(&mut self, id: FieldId, value: Value<'_>) {
        let def = id.def();
        lead(&mut self.out, def, self.level);
        print::tree(&mut self.out, def, value);
        self.out.push(b'\n');
    }

    #[inline(never)]
    fn uint(&mut self, id: FieldId, v: u64) {
        self.number(id, v, Value::Uint(v), |text, form| match form {
            Form::Dec => text.digits(v),
            Form::Hex(digits) => text.hex0x(v, digits.into()),
            Form::Other => print::tree(text, id.def(), Value::Uint(v)),
        });
    }

    #[inline(never)]
    fn ipv4(&mut self, id: FieldId, v: u32) {
        self.number(id, v.into(), Value::Ipv4(v), |text, _| text.ipv4(v));
    }

    #[inline(never)]
    fn ether(&mut self, id: FieldId, v: [u8; 6]) {
        self.number(id, ether_number(v), Value::Ether(v), |text, _| text.ether(v));
    }

    #[inline(never)]
    fn duration(&mut self, id: FieldId, v: i64) {
        self.number(id, v as u64, Value::Duration(v), |text, _| text.duration(v));
    }

    /// A point in time. What stands in front of the second's fraction is remembered.
    #[inline(never)]
    fn time(&mut self, id: FieldId, t: Timestamp) {
        let Some(line) = self.lines.get(id) else { return };
        if t.secs < 0 || (!line.knows(self.level) && !learn(line, id, self.level)) {
            return self.long(id, Value::Time(t));
        }
        let kind = id.def().kind;
        if !line.put(&mut self.out, t.secs as u64, self.level) {
            line.put_new(&mut self.out, t.secs as u64, |text, _| print::second(text, kind, t.secs));
        }
        print::fraction(&mut self.out, kind, t);
        self.out.push(b'\n');
    }

    #[inline(never)]
    fn other(&mut self, id: FieldId, v: Value<'_>) {
        let Some(line) = self.lines.get(id) else { return };
        if !line.knows(self.level) && !learn(line, id, self.level) {
            return self.long(id, v);
        }
        line.put_lead(&mut self.out);
        print::tree(&mut self.out, id.def(), v);
        self.out.push(b'\n');
    }
}

/// Remembers what stands in front of a field's values.
#[cold]
fn learn(line: &mut Memo, id: FieldId, level: u8) -> bool {
    let def = id.def();
    line.learn(level, print::form(def), |text| lead(text, def, level))
}

/// What stands in front of a value.
fn lead(out: &mut impl Out, def: &FieldDef, level: u8) {
    out.put(&[b' '; 4 * MAX_LEVEL as usize], 4 * usize::from(level));
    out.text(def.label);
    if def.kind != Kind::None {
        out.text(": ");
    }
}

/// The line above the fields of a protocol.
fn heading(out: &mut impl Out, proto: Proto, span: Span) {
    out.text(PROTOCOLS[proto as usize].layer.label);
    if span.len > 0 {
        out.text(", ");
        out.dec(span.len.into());
        out.text(" bytes at ");
        out.dec(span.off.into());
        match span.source {
            Span::FRAME => {}
            Span::HEAD => out.text(" of the record header"),
            n => {
                out.text(" of reassembled data ");
                out.dec(u64::from(n) - 1);
            }
        }
    }
    out.byte(b'\n');
}

impl Sink for Tree {
    #[inline(always)]
    fn wants(&self, _: Proto) -> bool {
        true
    }

    fn layer(&mut self, proto: Proto, span: Span) {
        self.set_depth(0);
        let memo = &mut self.layers[proto as usize];
        let number = u64::from(span.off) << 32 | u64::from(span.len);
        let Some(level) = span.source.checked_add(1) else { return heading(&mut self.out, proto, span) };
        if !memo.put(&mut self.out, number, level) {
            if !memo.knows(level) {
                memo.learn(level, Form::Other, |_| {});
            }
            memo.put_new(&mut self.out, number, |text, _| heading(text, proto, span));
        }
    }

    #[inline(always)]
    fn field(&mut self, id: FieldId, value: Value<'_>, _: Span) {
        match value {
            Value::Uint(v) => self.uint(id, v),
            Value::Ipv4(v) => self.ipv4(id, v),
            Value::Ether(v) => self.ether(id, v),
            Value::Duration(v) => self.duration(id, v),
            Value::Time(v) => self.time(id, v),
            v => self.other(id, v),
        }
    }

    fn open(&mut self) {
        self.set_depth(self.depth + 1);
    }

    fn close(&mut self) {
        self.set_depth(self.depth.saturating_sub(1));
    }

    #[inline]
    fn recall(&mut self, id: FieldId, value: u64) -> Option<usize> {
        let Some(group) = self.groups.get(id, value, self.level) else { return Some(self.out.len()) };
        self.out.extend_from_slice(group.text());
        None
    }

    #[cold]
    fn keep(&mut self, id: FieldId, value: u64, from: usize) {
        self.groups.keep(id, value, self.level, &self.out[from..], |()| {});
    }
}
