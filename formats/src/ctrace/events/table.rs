//! Descriptions of events and how they are found by entry id.

use std::fmt;

use super::{AREA_HEADER, FIELDS_KEY, Kind, LAYERS, Options};
use crate::ctrace::FormatId;

/// An event as a layer declares it: a struct of fixed-size fields.
pub trait Event {
    /// What is known about it.
    const DESCRIPTION: Description;
    /// Its entry id.
    const ID: FormatId;
    /// It is recorded when one of these is on.
    const OPTIONS: Options;
    /// Bytes of its fields.
    const LEN: usize;

    /// Writes the fields; `to` has [`LEN`](Self::LEN) bytes. It stands in the trace's buffer: nothing
    /// else must be recorded meanwhile.
    fn put(&self, to: &mut [u8]);

    /// Reads the fields back, `None` when there are fewer bytes.
    fn get(from: &[u8]) -> Option<Self>
    where
        Self: Sized;
}

/// One field of an event.
#[derive(Debug, Clone, Copy)]
pub struct FieldInfo {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
}

/// An event, for documentation and for those who print entries.
#[derive(Debug, Clone, Copy)]
pub struct Description {
    /// Entry id.
    pub id: FormatId,
    /// Its name.
    pub name: &'static str,
    /// It is recorded when one of these is on.
    pub options: Options,
    /// What it records, as the first line of its documentation says.
    pub doc: &'static str,
    /// A line of text with `{field}` where a field's value goes.
    pub template: &'static str,
    /// Its fields, in order.
    pub fields: &'static [FieldInfo],
}

/// The events of one layer.
#[derive(Debug, Clone, Copy)]
pub struct Layer {
    /// The second byte of its entry ids.
    pub number: u8,
    /// Its name.
    pub name: &'static str,
    /// Its events, by number.
    pub events: &'static [Description],
}

/// The description of an entry id, `None` when it is not one of ours.
#[must_use]
pub fn find(id: FormatId) -> Option<(&'static Layer, &'static Description)> {
    LAYERS.iter().find_map(|l| l.events.iter().find(|e| e.id == id).map(|e| (*l, e)))
}

/// An entry of ours with the bytes of its fields.
#[derive(Debug, Clone, Copy)]
pub struct Decoded<'a> {
    /// The layer it comes from.
    pub layer: &'static Layer,
    /// What it is.
    pub event: &'static Description,
    /// The bytes of its fields.
    pub bytes: &'a [u8],
}

/// Looks an entry up in the vocabulary: `areas` are the bytes behind the fixed part of its body.
/// `None` when the id is not ours or the areas are not what the table says.
#[must_use]
pub fn decode(id: FormatId, areas: &[u8]) -> Option<Decoded<'_>> {
    let (layer, event) = find(id)?;
    let &[a, b, c, d] = areas.first_chunk::<AREA_HEADER>()?;
    let len: usize = event.fields.iter().map(|f| f.kind.len()).sum();
    if u16::from_be_bytes([c, d]) != FIELDS_KEY
        || usize::from(u16::from_be_bytes([a, b])) != AREA_HEADER + len
    {
        return None;
    }
    Some(Decoded { layer, event, bytes: areas.get(AREA_HEADER..AREA_HEADER + len)? })
}

impl<'a> Decoded<'a> {
    /// Names and values of the fields.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, Value<'a>)> {
        let mut at = 0;
        let bytes = self.bytes;
        self.event.fields.iter().map(move |f| {
            let from = at;
            at += f.kind.len();
            (f.name, Value { kind: f.kind, bytes: bytes.get(from..at).unwrap_or_default() })
        })
    }
}

/// The value of a field.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a> {
    /// How its bytes are read.
    pub kind: Kind,
    /// Its bytes.
    pub bytes: &'a [u8],
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.show(self.bytes, f)
    }
}

/// The template with the values filled in.
impl fmt::Display for Decoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.event.template;
        while let Some((text, behind)) = rest.split_once('{') {
            f.write_str(text)?;
            let Some((name, after)) = behind.split_once('}') else { break };
            if let Some((_, v)) = self.fields().find(|(n, _)| *n == name) {
                write!(f, "{v}")?;
            }
            rest = after;
        }
        f.write_str(rest)
    }
}

/// Declares the events of a layer and its `LAYER`.
///
/// ```
/// use formats::ctrace::events::{Event, TcpState};
/// formats::trace_events! {
///     layer 200 "Example";
///     /// A connection changed its state.
///     1 StateChange [TCP TCPMIN] "state {old} to {new}" { old: TcpState, new: TcpState }
/// }
/// assert_eq!(StateChange::ID.0, 0xE9C8_0001);
/// ```
#[macro_export]
macro_rules! trace_events {
    (
        layer $layer:literal $layer_name:literal;
        $(
            #[doc = $doc:literal]
            $(#[$more:meta])*
            $number:literal $name:ident [$($option:ident)+] $template:literal
            { $($(#[$field_doc:meta])* $field:ident: $t:ty),* $(,)? }
        )*
    ) => {
        /// The events of this layer.
        pub const LAYER: $crate::ctrace::events::Layer = $crate::ctrace::events::Layer {
            number: $layer,
            name: $layer_name,
            events: &[$(<$name as $crate::ctrace::events::Event>::DESCRIPTION),*],
        };

        $(
            #[doc = $doc]
            $(#[$more])*
            #[allow(missing_docs)]
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub struct $name { $($(#[$field_doc])* pub $field: $t),* }

            impl $crate::ctrace::events::Event for $name {
                const DESCRIPTION: $crate::ctrace::events::Description = $crate::ctrace::events::Description {
                    id: Self::ID,
                    name: stringify!($name),
                    options: Self::OPTIONS,
                    doc: $doc.trim_ascii(),
                    template: $template,
                    fields: &[$($crate::ctrace::events::FieldInfo {
                        name: stringify!($field),
                        kind: <$t as $crate::ctrace::events::Field>::KIND,
                    }),*],
                };
                const ID: $crate::ctrace::FormatId =
                    $crate::ctrace::FormatId($crate::ctrace::events::ID_PREFIX | $layer << 16 | $number);
                const OPTIONS: $crate::ctrace::events::Options = $crate::ctrace::events::Options(
                    $($crate::ctrace::events::Options::$option.0)|+
                );
                const LEN: usize = 0 $(+ <$t as $crate::ctrace::events::Field>::KIND.len())*;

                #[inline(always)]
                #[allow(unused_variables)]
                fn put(&self, to: &mut [u8]) {
                    let rest = &mut to[..Self::LEN];
                    $(let (now, rest) = rest.split_at_mut(<$t as $crate::ctrace::events::Field>::KIND.len());
                      $crate::ctrace::events::Field::put(self.$field, now);)*
                }

                #[allow(unused_variables)]
                fn get(from: &[u8]) -> Option<Self> {
                    let rest = from.get(..Self::LEN)?;
                    $(let (now, rest) = rest.split_at(<$t as $crate::ctrace::events::Field>::KIND.len());
                      let $field = $crate::ctrace::events::Field::get(now);)*
                    Some(Self { $($field),* })
                }
            }
        )*
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_declaration_holds_together() {
        let mut ids = BTreeSet::new();
        let mut numbers = 0;
        for layer in LAYERS {
            assert!(u32::from(layer.number) > numbers, "layers are sorted by number: {}", layer.name);
            numbers = layer.number.into();
            let mut names = BTreeSet::new();
            let mut last = 0;
            for e in layer.events {
                let at = format!("{} {}", layer.name, e.name);
                assert!(ids.insert(e.id), "{at}: id twice");
                assert!(names.insert(e.name), "{at}: name twice");
                assert!(e.id.0 > last, "{at}: events are sorted by number");
                last = e.id.0;
                assert_eq!(e.id.0 >> 16, 0xE900 | u32::from(layer.number), "{at}");
                assert!(!e.doc.is_empty() && e.options != Options::NONE, "{at}");
                let fields: BTreeSet<_> = e.fields.iter().map(|f| f.name).collect();
                assert_eq!(fields.len(), e.fields.len(), "{at}: a field twice");
                let used = e.template.split('{').skip(1).map(|p| p.split_once('}').expect("closed").0);
                for u in used {
                    assert!(fields.contains(u), "{at}: no field {u}");
                }
            }
        }
    }
}
