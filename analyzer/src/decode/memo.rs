//! What printers remember about each field.
//!
//! Most fields of most packets have the value that they had in the packet before: flags, versions,
//! header lengths, protocol numbers. Their text is kept and copied, and of the others what stands
//! in front of the value.

use super::field::FieldId;
use super::fmt::{self, Out};
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
        self.items.get_mut(usize::from(self.index(id)))
    }

    /// Where that of a field lies.
    #[inline]
    #[must_use]
    pub fn index(&self, id: FieldId) -> u16 {
        let [proto, local] = id.0.to_be_bytes();
        self.bases[usize::from(proto)] + u16::from(local)
    }

    /// What lies there.
    #[inline]
    pub fn at(&mut self, index: u16) -> Option<&mut T> {
        self.items.get_mut(usize::from(index))
    }

    /// All of them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.iter_mut()
    }
}

/// How an unsigned number is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Digits alone.
    Dec,
    /// `0x` and so many hexadecimal digits.
    Hex(u8),
    /// Something that depends on more than the number.
    Other,
}

/// The text of one field: what stands in front of its value, and the value that it had last.
#[derive(Debug, Clone, Copy)]
pub struct Memo {
    text: [u8; Self::MAX],
    value: u64,
    /// 0 where nothing is remembered.
    level: u8,
    /// Length of what stands in front of the value.
    lead: u8,
    /// Length with the value; 0 where no value is remembered.
    len: u8,
    form: Form,
}

impl Default for Memo {
    fn default() -> Self {
        Self { text: [0; Self::MAX], value: 0, level: 0, lead: 0, len: 0, form: Form::Other }
    }
}

impl Memo {
    const MAX: usize = 96;
    /// Most texts are no longer.
    const SHORT: usize = 64;

    /// Appends the text of `value` if it is the one remembered.
    #[inline(always)]
    #[must_use]
    pub fn put(&self, out: &mut Vec<u8>, value: u64, level: u8) -> bool {
        let hit = self.value == value && self.level == level && self.len > 0;
        if hit {
            self.copy(out, self.len);
        }
        hit
    }

    /// True when what stands in front of the value is known.
    #[inline(always)]
    #[must_use]
    pub fn knows(&self, level: u8) -> bool {
        self.level == level
    }

    /// Remembers what stands in front of the value; false where that is too long.
    #[cold]
    pub fn learn(&mut self, level: u8, form: Form, print: impl FnOnce(&mut Fixed<'_>)) -> bool {
        let mut text = Fixed::new(&mut self.text, 0);
        print(&mut text);
        let lead = text.end();
        *self = Self {
            level: if lead.is_some() { level } else { 0 },
            lead: lead.unwrap_or(0) as u8,
            len: 0,
            form,
            ..*self
        };
        lead.is_some()
    }

    /// Appends what stands in front of the value.
    #[inline(always)]
    pub fn put_lead(&self, out: &mut Vec<u8>) {
        self.copy(out, self.lead);
    }

    /// Appends the text with the value, which `print` prints, and remembers it if it is not too
    /// long.
    #[inline(always)]
    pub fn put_new(&mut self, out: &mut Vec<u8>, value: u64, print: impl FnOnce(&mut Noted<'_>, Form)) {
        self.copy(out, self.lead);
        let mut text = Noted { out, memo: Fixed::new(&mut self.text, self.lead.into()) };
        print(&mut text, self.form);
        (self.value, self.len) = (value, text.memo.end().unwrap_or(0) as u8);
    }

    /// How much stands in front of the value.
    #[inline]
    #[must_use]
    pub fn lead(&self) -> usize {
        self.lead.into()
    }

    #[inline(always)]
    fn copy(&self, out: &mut Vec<u8>, len: u8) {
        let len = usize::from(len);
        match self.text.first_chunk::<{ Self::SHORT }>() {
            Some(short) if len <= Self::SHORT => out.put(short, len),
            _ => out.put(&self.text, len),
        }
    }
}

/// Room for the text of a field.
pub type Fixed<'a> = fmt::Fixed<'a, { Memo::MAX }>;

/// The output and what remembers it: a text that was only just put together from pieces could not
/// be copied as a whole before all of them have reached the cache.
#[derive(Debug)]
pub struct Noted<'a> {
    out: &'a mut Vec<u8>,
    memo: Fixed<'a>,
}

impl Out for Noted<'_> {
    #[inline]
    fn raw(&mut self, b: &[u8]) {
        self.out.raw(b);
        self.memo.raw(b);
    }

    #[inline(always)]
    fn put<const N: usize>(&mut self, buf: &[u8; N], len: usize) {
        self.out.put(buf, len);
        self.memo.put(buf, len);
    }
}

/// The text of several fields that follow from one value, such as the bits of an octet.
#[derive(Debug, Clone, Default)]
pub struct Group<T> {
    key: Option<Key>,
    text: Vec<u8>,
    /// What else is to be known.
    pub more: T,
}

/// A field of the group, the value that all of them follow from, and their level.
type Key = (FieldId, u64, u8);

impl<T> Group<T> {
    /// Its text.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }
}

/// Groups of fields that were printed before.
#[derive(Debug)]
pub struct Groups<T> {
    slots: Box<[Group<T>]>,
}

impl<T: Clone + Default> Default for Groups<T> {
    fn default() -> Self {
        Self { slots: vec![Group::default(); Self::SLOTS].into_boxed_slice() }
    }
}

impl<T> Groups<T> {
    const SLOTS: usize = 256;
    /// Longer texts are not remembered.
    const MAX: usize = 2048;

    /// The only place where a group may be; another one may be in it.
    #[inline]
    fn slot(&mut self, (id, value, _): Key) -> &mut Group<T> {
        let hash = (value ^ u64::from(id.0) << 40).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        &mut self.slots[(hash >> 56) as usize % Self::SLOTS]
    }

    /// The group, if it is remembered.
    #[inline]
    #[must_use]
    pub fn get(&mut self, id: FieldId, value: u64, level: u8) -> Option<&Group<T>> {
        let key = (id, value, level);
        let slot = self.slot(key);
        (slot.key == Some(key)).then_some(slot)
    }

    /// Remembers a group, unless it is too long.
    pub fn keep(&mut self, id: FieldId, value: u64, level: u8, text: &[u8], more: impl FnOnce(&mut T)) {
        if text.len() > Self::MAX {
            return;
        }
        let key = (id, value, level);
        let slot = self.slot(key);
        slot.key = Some(key);
        slot.text.clear();
        slot.text.extend_from_slice(text);
        more(&mut slot.more);
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
    fn only_the_same_value_at_the_same_level_is_remembered() {
        let (mut m, mut out) = (Memo::default(), Vec::new());
        assert!(!m.put(&mut out, 0, 1) && !m.knows(1));
        assert!(m.learn(1, Form::Dec, |w| w.text("Protocol: ")));
        assert!(m.knows(1) && !m.put(&mut out, 0, 1));
        m.put_new(&mut out, 6, |w, form| {
            if form == Form::Dec {
                w.dec(6)
            }
        });
        assert!(m.put(&mut out, 6, 1) && !m.put(&mut out, 7, 1) && !m.put(&mut out, 6, 2));
        assert_eq!(out, b"Protocol: 6Protocol: 6");
        out.clear();
        assert!(m.learn(2, Form::Dec, |w| w.text("  Protocol: ")));
        assert!(!m.put(&mut out, 6, 2));
        m.put_lead(&mut out);
        assert_eq!(out, b"  Protocol: ");
    }

    #[test]
    fn what_is_too_long_is_not_remembered() {
        let (mut m, mut out) = (Memo::default(), Vec::new());
        assert!(m.learn(1, Form::Other, |w| w.text("Name: ")));
        for (len, kept) in [(91, false), (90, true)] {
            out.clear();
            m.put_new(&mut out, 7, |w, _| w.raw(&vec![b'x'; len]));
            assert_eq!(out.len(), 6 + len);
            assert_eq!(m.put(&mut out, 7, 1), kept);
        }
        assert!(!m.learn(2, Form::Other, |w| w.raw(&[b'x'; 97])) && !m.put(&mut out, 7, 2) && !m.knows(2));
    }

    #[test]
    fn groups_are_told_apart() {
        let mut groups = Groups::<u32>::default();
        let id = FieldId::layer(registry::Proto::Ip);
        groups.keep(id, 5, 1, b"five", |n| *n = 55);
        assert_eq!(groups.get(id, 5, 1).map(|g| (g.text(), g.more)), Some((&b"five"[..], 55)));
        assert!(groups.get(id, 6, 1).is_none() && groups.get(id, 5, 2).is_none());
    }
}
