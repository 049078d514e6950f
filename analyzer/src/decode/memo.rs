//! What printers remember about each field.
//!
//! Most fields of most packets have the value that they had in the packet before: flags, versions,
//! header lengths, protocol numbers. Their text is kept and copied.

use super::field::{FieldDef, FieldId, Kind};
use super::fmt;
use super::registry::PROTOCOLS;

/// Something for every field there is.
#[derive(Debug)]
pub struct PerField<T> {
    /// Where the fields of each protocol begin.
    bases: [u16; 256],
    items: Box<[T]>,
}

impl<T: Clone + Default> Default for PerField<T> {
    fn default() -> Self {
        let (mut bases, mut next) = ([0; 256], 0);
        for (base, p) in bases.iter_mut().zip(PROTOCOLS) {
            *base = next;
            next += p.fields.len() as u16;
        }
        Self { bases, items: vec![T::default(); usize::from(next)].into_boxed_slice() }
    }
}

impl<T> PerField<T> {
    /// That of one field; protocols have none.
    #[inline]
    pub fn get(&mut self, id: FieldId) -> Option<&mut T> {
        let [proto, local] = id.0.to_be_bytes();
        self.items.get_mut(usize::from(self.bases[usize::from(proto)]) + usize::from(local))
    }

    /// All of them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.iter_mut()
    }
}

/// The last text of a field that has few values.
#[derive(Debug, Clone, Copy)]
pub struct Memo {
    value: u64,
    depth: u8,
    /// 0 where nothing is remembered.
    len: u8,
    text: [u8; Self::MAX],
}

impl Default for Memo {
    fn default() -> Self {
        Self { value: 0, depth: 0, len: 0, text: [0; Self::MAX] }
    }
}

impl Memo {
    const MAX: usize = 64;

    /// True for fields worth remembering.
    #[inline]
    #[must_use]
    pub fn serves(def: &FieldDef) -> bool {
        matches!(def.kind, Kind::Bool | Kind::Uint(..=8, _)) || def.names.is_some()
    }

    /// Appends the text of `value` if it is the one remembered.
    #[inline]
    #[must_use]
    pub fn put(&self, out: &mut Vec<u8>, value: u64, depth: u8) -> bool {
        let hit = self.value == value && self.depth == depth && self.len > 0;
        if hit {
            fmt::put(out, &self.text, self.len.into());
        }
        hit
    }

    /// Remembers `text` unless it is too long.
    #[inline]
    pub fn keep(&mut self, value: u64, depth: u8, text: &[u8]) {
        self.len = 0;
        if let Some(room) = self.text.get_mut(..text.len()) {
            room.copy_from_slice(text);
            (self.value, self.depth, self.len) = (value, depth, text.len() as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::registry;

    #[test]
    fn every_field_has_its_own_place() {
        let mut seen = PerField::<u32>::default();
        for (id, def) in registry::all().filter(|(id, _)| *id != FieldId::layer(id.proto())) {
            let n = seen.get(id).unwrap();
            *n += 1;
            assert_eq!(*n, 1, "{}", def.name);
        }
        assert!(seen.iter_mut().all(|n| *n == 1));
    }

    #[test]
    fn only_the_same_value_is_remembered() {
        let (mut m, mut out) = (Memo::default(), Vec::new());
        assert!(!m.put(&mut out, 0, 0));
        m.keep(6, 1, b"Protocol: 6");
        assert!(m.put(&mut out, 6, 1) && !m.put(&mut out, 7, 1) && !m.put(&mut out, 6, 2));
        m.keep(7, 1, &[b'x'; 65]);
        assert!(!m.put(&mut out, 7, 1));
        assert_eq!(out, b"Protocol: 6");
    }
}
