//! Wireshark's display-filter language (wireshark-filter(4), as Wireshark 4.0 has it).
//!
//! A filter is read once ([`Filter::parse`]) and run over many packets ([`Filter::matches`]).
//! It says which fields it reads, in numbered slots, so that whoever decodes keeps just those;
//! a packet shows them to the filter as a [`Row`]. `docs/filters.md` is the reference of the
//! language and lists what differs from Wireshark.

mod ast;
mod check;
mod error;
mod eval;
mod lex;
mod literal;
mod parse;
mod pattern;
mod program;
mod time;

use std::str::FromStr;
use std::sync::Arc;

pub use error::FilterError;

use crate::decode::{FieldId, Value};

/// A filter, ready to run. Cloning shares the program.
#[derive(Debug, Clone)]
pub struct Filter {
    program: Arc<Program>,
}

#[derive(Debug)]
struct Program {
    root: program::Node,
    fields: Vec<FieldId>,
    needs: Vec<Need>,
    text: String,
}

/// What a filter wants to know of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Need {
    /// Its values; otherwise only whether it is there.
    pub values: bool,
    /// The number of the layer in which each occurrence stands ([`Row::each_layer`]).
    pub layers: bool,
    /// A protocol's bytes with everything that it carries ([`Row::each_layer`]).
    pub whole: bool,
}

/// The fields of one packet, by the slots of a filter.
pub trait Row {
    /// Hands each occurrence of the field in `slot` to `f`, in the packet's order, until `f`
    /// returns false. A protocol's value is its own bytes, its header.
    fn each(&self, slot: usize, f: impl FnMut(Value<'_>) -> bool);

    /// True when the field in `slot` occurs.
    fn present(&self, slot: usize) -> bool;

    /// Like [`Row::each`], with the layer of each occurrence: 1 for the first layer of its
    /// protocol in the packet, 2 for the next (as in a tunnel). With `whole`, a protocol's value
    /// is everything from its header to the end of what was handed to its dissector.
    ///
    /// Only asked for fields whose [`Need`] says so. Without this method every field stands in
    /// layer 1 and protocols have no more than their own bytes.
    fn each_layer(&self, slot: usize, whole: bool, mut f: impl FnMut(Value<'_>, u32) -> bool) {
        let _ = whole;
        self.each(slot, |v| f(v, 1));
    }
}

impl Filter {
    /// Reads a filter. A blank text lets every packet pass.
    ///
    /// # Errors
    /// Says where the text is wrong and why: syntax, unknown names, types that do not fit.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let program = parse::parse(text).and_then(|e| check::compile(text, e.as_ref())).map_err(|e| *e)?;
        Ok(Self { program: Arc::new(program) })
    }

    /// Every field that the filter reads, once each; the place in this list is the slot.
    #[must_use]
    pub fn fields(&self) -> &[FieldId] {
        &self.program.fields
    }

    /// What the filter wants to know of the field in `slot`.
    #[must_use]
    pub fn need(&self, slot: usize) -> Need {
        self.program.needs.get(slot).copied().unwrap_or_default()
    }

    /// The text it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.program.text
    }

    /// True when the packet passes.
    #[inline]
    pub fn matches<R: Row>(&self, row: &R) -> bool {
        self.program.root.eval(row)
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests;
