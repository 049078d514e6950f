//! The full consumer for programs: every field of a packet, as a JSON object on one line.
//!
//! Text is written as the dissectors find the fields. The further values of a field that occurs
//! more than once wait until the packet ends; then its value becomes an array.

use std::ops::Range;

use super::field::{FieldDef, FieldId, Kind};
use super::fmt::Out;
use super::frame;
use super::memo::{Form, Groups, Memo, Noted, PerField};
use super::print;
use super::registry::Proto;
use super::sink::Sink;
use super::summary;
use super::value::{Span, Value, ether_number};
use crate::source::frame::Timestamp;

/// Where the first value of a field stands in the line of the packet with this number.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    packet: u32,
    start: u32,
    end: u32,
}

/// A further value: that of the field whose first one stands at `place`.
#[derive(Debug, Clone, Copy)]
struct Further {
    place: Place,
    /// Where it stands among the further values.
    start: u32,
    end: u32,
}

impl Further {
    fn text(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Where the first value of a field stands in the text of a group.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// Where the place of the field lies.
    index: u16,
    start: u16,
    end: u16,
}

/// Writes the fields of each packet to a buffer.
#[derive(Debug, Default)]
pub struct Json {
    /// The text so far.
    pub out: Vec<u8>,
    /// Where the line of this packet begins.
    line: usize,
    packet: u32,
    fields: PerField<(Place, Memo)>,
    groups: Groups<Vec<Part>>,
    further: Vec<Further>,
    /// Text of the further values, one behind the other.
    waiting: Vec<u8>,
    layers: Vec<Proto>,
    /// Length of the text when a field of this packet last occurred again.
    again_at: usize,
}

/// There are no levels in an object.
const LEVEL: u8 = 1;

impl Json {
    /// Begins a packet.
    #[inline]
    pub fn begin(&mut self) {
        self.line = self.out.len();
        self.packet = self.packet.wrapping_add(1);
        if self.packet == 0 {
            self.fields.iter_mut().for_each(|(place, _)| *place = Place::default());
            self.packet = 1;
        }
        self.layers.clear();
        self.again_at = 0;
    }

    /// Ends a packet.
    pub fn finish(&mut self) {
        self.protocols();
        if !self.further.is_empty() {
            self.arrays();
        }
        // Every key has a comma in front, the first one too.
        self.out[self.line] = b'{';
        self.out.extend_from_slice(b"}\n");
    }

    /// Appends the member that names the protocols.
    fn protocols(&mut self) {
        // Eight of them fit into a number that tells them apart from others.
        let number = self.layers.iter().fold(0, |n: u64, &p| n << 8 | (p as u64 + 1));
        let from = self.out.len();
        let known =
            if self.layers.len() > 8 { None } else { self.groups.get(frame::PROTOCOLS, number, LEVEL) };
        if let Some(group) = known {
            return self.out.extend_from_slice(group.text());
        }
        key(&mut self.out, frame::PROTOCOLS.def());
        quoted(&mut self.out, |out| summary::protocols(out, &self.layers));
        if self.layers.len() <= 8 {
            self.groups.keep(frame::PROTOCOLS, number, LEVEL, &self.out[from..], Vec::clear);
        }
    }

    /// Makes arrays of the values of fields that occurred again. The line grows at its end, and
    /// everything moves there from its old place, the last first.
    fn arrays(&mut self) {
        let Self { further, waiting, out, line, .. } = self;
        further.sort_by_key(|f| f.place.start);
        let arrays = further.chunk_by(|a, b| a.place.start == b.place.start);
        let texts: usize = further.iter().map(|f| f.text().len()).sum();
        let mut end = out.len();
        out.resize(end + texts + further.len() + 2 * arrays.clone().count(), 0);
        let mut to = out.len();
        for same in arrays.rev() {
            let place = same[0].place;
            let (first, rest) = (*line + place.start as usize, *line + place.end as usize);
            to -= end - rest;
            out.copy_within(rest..end, to);
            to -= 1;
            out[to] = b']';
            for f in same.iter().rev() {
                let text = &waiting[f.text()];
                to -= text.len();
                out[to..to + text.len()].copy_from_slice(text);
                to -= 1;
                out[to] = b',';
            }
            to -= rest - first;
            out.copy_within(first..rest, to);
            to -= 1;
            out[to] = b'[';
            end = first;
        }
        debug_assert_eq!(to, end, "all of the line is in its place");
        further.clear();
        waiting.clear();
    }

    /// The member of a value that a number tells apart and `print` prints.
    #[inline(always)]
    fn number(
        &mut self,
        id: FieldId,
        number: u64,
        value: Value<'_>,
        print: impl FnOnce(&mut Noted<'_>, Form),
    ) {
        let Some((place, memo)) = self.fields.get(id) else { return };
        if place.packet == self.packet {
            return self.again(id, value);
        }
        let at = self.out.len();
        if !memo.put(&mut self.out, number, LEVEL) {
            if !memo.knows(LEVEL) && !learn(memo, id) {
                return self.long(id, value);
            }
            memo.put_new(&mut self.out, number, print);
        }
        *place = Place {
            packet: self.packet,
            start: (at + memo.lead() - self.line) as u32,
            end: (self.out.len() - self.line) as u32,
        };
    }

    #[inline(never)]
    fn uint(&mut self, id: FieldId, v: u64) {
        self.number(id, v, Value::Uint(v), |text, form| match form {
            Form::Dec => text.digits(v),
            _ => print::json(text, Kind::Bool, Value::Uint(v)),
        });
    }

    #[inline(never)]
    fn ipv4(&mut self, id: FieldId, v: u32) {
        self.number(id, v.into(), Value::Ipv4(v), |text, _| quoted(text, |text| text.ipv4(v)));
    }

    #[inline(never)]
    fn ether(&mut self, id: FieldId, v: [u8; 6]) {
        self.number(id, ether_number(v), Value::Ether(v), |text, _| quoted(text, |text| text.ether(v)));
    }

    #[inline(never)]
    fn duration(&mut self, id: FieldId, v: i64) {
        self.number(id, v as u64, Value::Duration(v), |text, _| text.duration(v));
    }

    /// A point in time. What stands in front of the second's fraction is remembered.
    #[inline(never)]
    fn time(&mut self, id: FieldId, t: Timestamp) {
        let Some((place, memo)) = self.fields.get(id) else { return };
        if t.secs < 0 || place.packet == self.packet || (!memo.knows(LEVEL) && !learn(memo, id)) {
            return self.other(id, Value::Time(t));
        }
        let start = (self.out.len() + memo.lead() - self.line) as u32;
        if !memo.put(&mut self.out, t.secs as u64, LEVEL) {
            memo.put_new(&mut self.out, t.secs as u64, |text, _| text.dec(t.secs as u64));
        }
        self.out.fraction(t.nanos);
        *place = Place { packet: self.packet, start, end: (self.out.len() - self.line) as u32 };
    }

    #[inline(never)]
    fn other(&mut self, id: FieldId, v: Value<'_>) {
        let Some((place, memo)) = self.fields.get(id) else { return };
        if place.packet == self.packet {
            return self.again(id, v);
        }
        if !memo.knows(LEVEL) && !learn(memo, id) {
            return self.long(id, v);
        }
        memo.put_lead(&mut self.out);
        let start = (self.out.len() - self.line) as u32;
        print::json(&mut self.out, id.def().kind, v);
        *place = Place { packet: self.packet, start, end: (self.out.len() - self.line) as u32 };
    }

    /// A member with a key that is too long to be remembered.
    #[cold]
    fn long(&mut self, id: FieldId, v: Value<'_>) {
        let Some((place, _)) = self.fields.get(id) else { return };
        let def = id.def();
        key(&mut self.out, def);
        let start = (self.out.len() - self.line) as u32;
        print::json(&mut self.out, def.kind, v);
        *place = Place { packet: self.packet, start, end: (self.out.len() - self.line) as u32 };
    }

    /// Another value of a field.
    #[inline(never)]
    fn again(&mut self, id: FieldId, v: Value<'_>) {
        let Some((place, _)) = self.fields.get(id) else { return };
        self.again_at = self.out.len();
        let start = self.waiting.len() as u32;
        print::json(&mut self.waiting, id.def().kind, v);
        self.further.push(Further { place: *place, start, end: self.waiting.len() as u32 });
    }
}

/// Remembers the key of a field.
#[cold]
fn learn(memo: &mut Memo, id: FieldId) -> bool {
    let def = id.def();
    let form = if def.kind == Kind::Bool { Form::Other } else { Form::Dec };
    memo.learn(LEVEL, form, |text| key(text, def))
}

fn key(out: &mut impl Out, def: &FieldDef) {
    out.text(",\"");
    out.text(def.name);
    out.text("\":");
}

fn quoted<O: Out>(out: &mut O, print: impl FnOnce(&mut O)) {
    out.byte(b'"');
    print(out);
    out.byte(b'"');
}

impl Sink for Json {
    #[inline(always)]
    fn wants(&self, _: Proto) -> bool {
        true
    }

    #[inline]
    fn layer(&mut self, proto: Proto, _: Span) {
        self.layers.push(proto);
    }

    fn item(&mut self, _: Proto, _: Span) {}

    #[inline(always)]
    fn field(&mut self, id: FieldId, value: Value<'_>, _: Span) {
        // The bytes of whole protocols and options are there once more in their fields.
        if id.def().kind == Kind::Protocol {
            return;
        }
        match value {
            Value::Uint(v) => self.uint(id, v),
            Value::Ipv4(v) => self.ipv4(id, v),
            Value::Ether(v) => self.ether(id, v),
            Value::Duration(v) => self.duration(id, v),
            Value::Time(v) => self.time(id, v),
            v => self.other(id, v),
        }
    }

    fn recall(&mut self, id: FieldId, value: u64) -> Option<usize> {
        let at = self.out.len();
        let Some(group) = self.groups.get(id, value, LEVEL) else { return Some(at) };
        let seen = |p: &Part| self.fields.at(p.index).is_none_or(|(place, _)| place.packet == self.packet);
        if group.more.iter().any(seen) {
            return Some(at);
        }
        let base = (at - self.line) as u32;
        for p in &group.more {
            if let Some((place, _)) = self.fields.at(p.index) {
                let (start, end) = (base + u32::from(p.start), base + u32::from(p.end));
                *place = Place { packet: self.packet, start, end };
            }
        }
        self.out.extend_from_slice(group.text());
        None
    }

    #[cold]
    fn keep(&mut self, id: FieldId, value: u64, from: usize) {
        if self.again_at >= from {
            // Not all of the group is in this place.
            return;
        }
        let Self { groups, fields, packet, line, out, .. } = self;
        let (text, base) = (&out[from..], (from - *line) as u32);
        groups.keep(id, value, LEVEL, text, |parts| {
            parts.clear();
            let mut covered = 0;
            for id in id.siblings() {
                let index = fields.index(id);
                if let Some((place, memo)) = fields.at(index)
                    && place.packet == *packet
                    && place.start >= base
                {
                    let (start, end) = ((place.start - base) as u16, (place.end - base) as u16);
                    parts.push(Part { index, start, end });
                    covered += memo.lead() + (place.end - place.start) as usize;
                }
            }
            debug_assert_eq!(covered, text.len(), "a group of {} has fields of others", id.def().name);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{net::ipv4, transport::udp};

    #[test]
    fn a_field_that_occurs_again_becomes_an_array_where_it_stands() {
        let mut j = Json::default();
        for ports in [&[1u64, 2, 3][..], &[4]] {
            j.begin();
            for &v in ports {
                j.field(udp::SRCPORT, Value::Uint(v), Span::NONE);
                j.field(ipv4::TTL, Value::Uint(64), Span::NONE);
            }
            j.field(ipv4::SRC, Value::Ipv4(0x0A00_0001), Span::NONE);
            j.finish();
        }
        assert_eq!(
            String::from_utf8(j.out).unwrap(),
            "{\"udp.srcport\":[1,2,3],\"ip.ttl\":[64,64,64],\"ip.src\":\"10.0.0.1\",\"frame.protocols\":\"\"}\n\
             {\"udp.srcport\":4,\"ip.ttl\":64,\"ip.src\":\"10.0.0.1\",\"frame.protocols\":\"\"}\n"
        );
    }
}
