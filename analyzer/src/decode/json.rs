//! The full consumer for programs: every field of a packet, as a JSON object on one line.
//!
//! Text is written as the dissectors find the fields. The further values of a field that occurs
//! more than once wait until the packet ends; then its value becomes an array.

use super::field::{FieldId, Kind};
use super::fmt::Out;
use super::frame;
use super::memo::{Memo, PerField};
use super::print;
use super::registry::Proto;
use super::sink::Sink;
use super::summary;
use super::value::{Span, Value};

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
    /// Where it ends among the further values.
    end: u32,
}

/// Writes the fields of each packet to a buffer.
#[derive(Debug, Default)]
pub struct Json {
    /// The text so far.
    pub out: Vec<u8>,
    /// Where the line of this packet begins.
    line: usize,
    packet: u32,
    places: PerField<(Place, Memo)>,
    further: Vec<Further>,
    /// Text of the further values, one behind the other.
    waiting: Vec<u8>,
    layers: Vec<Proto>,
}

impl Json {
    /// Begins a packet.
    #[inline]
    pub fn begin(&mut self) {
        self.line = self.out.len();
        self.packet = self.packet.wrapping_add(1);
        if self.packet == 0 {
            self.places.iter_mut().for_each(|(place, _)| *place = Place::default());
            self.packet = 1;
        }
        self.layers.clear();
    }

    /// Ends a packet.
    pub fn finish(&mut self) {
        let layers = std::mem::take(&mut self.layers);
        self.value(frame::PROTOCOLS, None, |out, _| {
            out.push(b'"');
            summary::protocols(out, &layers);
            out.push(b'"');
        });
        self.layers = layers;
        if !self.further.is_empty() {
            self.arrays();
        }
        // Every key has a comma in front, the first one too.
        self.out[self.line] = b'{';
        self.out.extend_from_slice(b"}\n");
    }

    /// Makes arrays of the values of fields that occurred again.
    fn arrays(&mut self) {
        let mut from = 0;
        let mut all: Vec<_> = self
            .further
            .drain(..)
            .map(|f| {
                let text = from..f.end as usize;
                from = text.end;
                (f.place, text)
            })
            .collect();
        all.sort_by_key(|(place, _)| place.start);
        let Some(first) = all.first().map(|(place, _)| place.start as usize) else { return };
        let rest = self.out.split_off(self.line + first);
        let mut copied = 0;
        for same in all.chunk_by(|a, b| a.0.start == b.0.start) {
            let place = same[0].0;
            let (start, end) = (place.start as usize - first, place.end as usize - first);
            self.out.extend_from_slice(&rest[copied..start]);
            self.out.push(b'[');
            self.out.extend_from_slice(&rest[start..end]);
            for (_, text) in same {
                self.out.push(b',');
                self.out.extend_from_slice(&self.waiting[text.clone()]);
            }
            self.out.push(b']');
            copied = end;
        }
        self.out.extend_from_slice(&rest[copied..]);
        self.waiting.clear();
    }

    /// Writes a field whose value `print` appends, `number` if it is one.
    #[inline(always)]
    fn value(&mut self, id: FieldId, number: Option<u64>, print: impl FnOnce(&mut Vec<u8>, Kind)) {
        let def = id.def();
        let Some((place, memo)) = self.places.get(id) else { return };
        if place.packet == self.packet {
            print(&mut self.waiting, def.kind);
            self.further.push(Further { place: *place, end: self.waiting.len() as u32 });
            return;
        }
        let out = &mut self.out;
        let at = out.len();
        match number.filter(|_| Memo::serves(def)) {
            Some(v) => {
                if !memo.put(out, v, 0) {
                    def.key.put(out);
                    print(out, def.kind);
                    memo.keep(v, 0, &out[at..]);
                }
            }
            None => {
                def.key.put(out);
                print(out, def.kind);
            }
        }
        *place = Place {
            packet: self.packet,
            start: (at + def.key.width() - self.line) as u32,
            end: (out.len() - self.line) as u32,
        };
    }

    #[inline(never)]
    fn uint(&mut self, id: FieldId, v: u64) {
        self.value(id, Some(v), |out, kind| match kind {
            Kind::Bool => out.text(if v == 0 { "false" } else { "true" }),
            _ => out.dec(v),
        });
    }

    #[inline(never)]
    fn other(&mut self, id: FieldId, v: Value<'_>) {
        self.value(id, None, |out, kind| print::json(out, kind, v));
    }
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
            v => self.other(id, v),
        }
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
