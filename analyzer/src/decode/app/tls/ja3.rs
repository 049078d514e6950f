//! JA3: one number for what a client or server hello offers.
//!
//! Version, ciphers, extensions, groups and point formats as decimal numbers, with what is
//! reserved for GREASE left out, hashed with MD5.

use std::fmt::Write as _;

use md5::{Digest, Md5};

use crate::decode::{Ctx, FieldId, Sink, Span, Value};

use super::names::grease;

/// Gathers what goes into the number.
#[derive(Debug, Default)]
pub struct Ja3 {
    /// Version of the hello.
    pub version: u16,
    /// Cipher suites.
    pub ciphers: Vec<u16>,
    /// Extensions, in their order.
    pub extensions: Vec<u16>,
    /// Groups of a client.
    pub groups: Vec<u16>,
    /// Point formats of a client.
    pub formats: Vec<u16>,
}

impl Ja3 {
    fn full(&self, client: bool) -> String {
        let list = |v: &[u16]| {
            let mut text = String::new();
            for n in v.iter().filter(|n| !grease(**n)) {
                let dash = if text.is_empty() { "" } else { "-" };
                let _ = write!(text, "{dash}{n}");
            }
            text
        };
        let head = format!("{},{},{}", self.version, list(&self.ciphers), list(&self.extensions));
        if client { format!("{head},{},{}", list(&self.groups), list(&self.formats)) } else { head }
    }

    /// Shows the text and its hash.
    pub fn show<S: Sink>(&self, c: &mut Ctx<'_, S>, full: FieldId, hash: FieldId, client: bool) {
        if !c.sink.asks(full) && !c.sink.asks(hash) {
            return;
        }
        let text = self.full(client);
        c.field(full, Value::Str(&text), Span::NONE);
        let mut hex = String::with_capacity(32);
        for b in Md5::digest(text.as_bytes()) {
            let _ = write!(hex, "{b:02x}");
        }
        c.field(hash, Value::Str(&hex), Span::NONE);
    }
}
