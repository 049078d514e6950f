//! The two consumers of a dissector behind one trait: the flat columns that somebody asked for,
//! and the full tree. What nobody asked for compiles to a test of one byte.

use super::field::FieldId;
use super::registry::Proto;
use super::seen::Seen;
use super::summary::Summary;
use super::value::{Span, Value};

/// Takes what the dissectors find in one packet, in the order in which they find it.
pub trait Sink {
    /// True when fields of `proto` are wanted: a dissector may pass over its fields otherwise.
    fn wants(&self, proto: Proto) -> bool;

    /// True when this field is wanted: for values that cost something to work out.
    fn asks(&self, id: FieldId) -> bool {
        let _ = id;
        true
    }

    /// True when a field from `first` to `last`, both of one protocol, may be wanted: for groups
    /// of fields that a dissector can pass over. What stops a packet must not depend on it.
    fn asks_any(&self, first: FieldId, last: FieldId) -> bool {
        let _ = (first, last);
        true
    }

    /// A protocol begins. Fields that follow belong to it.
    fn layer(&mut self, proto: Proto, span: Span);

    /// A message of a protocol that does not count as another layer: the second of one stretch of
    /// bytes, or one without a body.
    fn item(&mut self, proto: Proto, span: Span) {
        self.layer(proto, span);
    }

    /// One occurrence of a field.
    fn field(&mut self, id: FieldId, value: Value<'_>, span: Span);

    /// Fields that follow belong below the last one, until [`Sink::close`].
    fn open(&mut self) {}

    /// Ends what the last [`Sink::open`] began.
    fn close(&mut self) {}

    /// Hands over again, if it remembers them, all fields that followed from `value`; otherwise
    /// says where it is, for [`Sink::keep`].
    #[inline(always)]
    fn recall(&mut self, id: FieldId, value: u64) -> Option<usize> {
        let _ = (id, value);
        Some(0)
    }

    /// Remembers the fields that were handed over since [`Sink::recall`] said `from`.
    #[inline(always)]
    fn keep(&mut self, id: FieldId, value: u64, from: usize) {
        let _ = (id, value, from);
    }

    /// A header by which a conversation is told apart. Only trackers look at it.
    #[inline(always)]
    fn seen(&mut self, what: Seen<'_>) {
        let _ = what;
    }

    /// The protocol and info columns, when they are wanted.
    fn summary(&mut self) -> Option<&mut Summary> {
        None
    }
}

/// Wants nothing: for walking a packet for its fragments alone.
#[derive(Debug, Default)]
pub struct Nothing;

impl Sink for Nothing {
    fn asks(&self, _: FieldId) -> bool {
        false
    }
    fn wants(&self, _: Proto) -> bool {
        false
    }
    fn layer(&mut self, _: Proto, _: Span) {}
    fn field(&mut self, _: FieldId, _: Value<'_>, _: Span) {}
}
