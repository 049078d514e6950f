//! The full consumer: every field of a packet, as a person reads it, straight into text.

use super::field::{FieldId, Kind};
use super::fmt::Out;
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
}

const INDENT: &[u8] = b"                                                                ";

impl Tree {
    /// Ends a packet.
    pub fn finish(&mut self) {
        self.depth = 0;
        self.out.push(b'\n');
    }

    #[inline]
    fn indent(&mut self) {
        self.out.extend_from_slice(&INDENT[..(4 + 4 * self.depth).min(INDENT.len())]);
    }
}

impl Sink for Tree {
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

    fn field(&mut self, id: FieldId, value: Value<'_>, _: Span) {
        let def = id.def();
        self.indent();
        self.out.text(def.label);
        if def.kind != Kind::None {
            self.out.text(": ");
            print::tree(&mut self.out, def, value);
        }
        self.out.push(b'\n');
    }

    fn open(&mut self) {
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}
