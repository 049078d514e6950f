//! The flat consumer: the fields that a filter, a list or an export asked for, and no other.
//!
//! A field that was asked for has a slot; its occurrences are a chain of cells. A field that was
//! not costs one look into a table. Nothing is allocated once the cells have grown to the size
//! of the largest packet.

use super::field::FieldId;
use super::frame;
use super::registry::Proto;
use super::sink::Sink;
use super::summary::{self, Summary};
use super::value::{Span, Value, ether_number};
use crate::source::frame::Timestamp;

/// Index of a wanted field.
pub type Slot = u16;

const NO_SLOT: Slot = Slot::MAX;
const END: u16 = u16::MAX;

/// What a cell's two words hold. A value is kept as plain words, and bytes are found again by
/// their span: an enum would be built in one place and copied to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Tag {
    None,
    Uint,
    Int,
    Ipv4,
    /// Both words.
    Ipv6,
    Ether,
    /// The span's bytes.
    Bytes,
    /// Offset in the scratch buffer, and length.
    Str,
    /// Seconds, and nanoseconds.
    Time,
    Duration,
}

#[derive(Debug, Clone, Copy)]
struct Cell {
    words: [u64; 2],
    span: Span,
    slot: Slot,
    next: u16,
    tag: Tag,
    layer: u8,
}

#[derive(Debug, Clone, Copy)]
struct Chain {
    first: u16,
    last: u16,
}

const EMPTY: Chain = Chain { first: END, last: END };

/// Fields of one packet after another.
pub struct Columns {
    slots: Box<[Slot]>,
    protos: [bool; 256],
    /// A bit for each field that is wanted, four words for each protocol.
    groups: Box<[[u64; 4]; 256]>,
    fields: Vec<FieldId>,
    cells: Vec<Cell>,
    chains: Vec<Chain>,
    text: Vec<u8>,
    protocols: Option<Slot>,
    layers: Vec<Proto>,
    /// How often each protocol began in this packet, when somebody asks for layer numbers.
    counts: Option<Box<[u8; 256]>>,
    summary: Option<Summary>,
}

impl std::fmt::Debug for Columns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Columns").field("fields", &self.fields).field("cells", &self.cells.len()).finish()
    }
}

impl Columns {
    /// Wants these fields; the slot of each is its index among the distinct ones.
    #[must_use]
    pub fn new(wanted: impl IntoIterator<Item = FieldId>) -> Self {
        let mut c = Self {
            slots: vec![NO_SLOT; 1 << 16].into_boxed_slice(),
            protos: [false; 256],
            groups: Box::new([[0; 4]; 256]),
            fields: Vec::new(),
            cells: Vec::new(),
            chains: Vec::new(),
            text: Vec::new(),
            protocols: None,
            layers: Vec::new(),
            counts: None,
            summary: None,
        };
        for id in wanted {
            c.want(id);
        }
        c
    }

    /// Wants one more field and returns its slot.
    pub fn want(&mut self, id: FieldId) -> Slot {
        let at = &mut self.slots[usize::from(id.0)];
        if *at == NO_SLOT {
            *at = self.fields.len() as Slot;
            self.fields.push(id);
            self.chains.push(EMPTY);
            // The presence of a protocol is noted by itself; only real fields make it spell them out.
            if id != FieldId::layer(id.proto()) {
                self.protos[usize::from(id.0 >> 8)] = true;
            }
            let local = usize::from(id.0 & 0xFF);
            self.groups[usize::from(id.0 >> 8)][local >> 6] |= 1 << (local & 63);
            // Where decoding stops is known only when everything is decoded.
            if id.proto() == Proto::Stop {
                self.protos = [true; 256];
                self.groups.fill([u64::MAX; 4]);
            }
        }
        if id == frame::PROTOCOLS {
            self.protocols = Some(*at);
        }
        *at
    }

    /// Also wants the protocol and info columns.
    #[must_use]
    pub fn with_summary(mut self) -> Self {
        self.summary = Some(Summary::default());
        self
    }

    /// Also counts layers, for [`Columns::in_layers`].
    #[must_use]
    pub fn with_layers(mut self) -> Self {
        self.counts = Some(Box::new([0; 256]));
        self
    }

    /// Forgets the last packet.
    #[inline]
    pub fn clear(&mut self) {
        self.cells.clear();
        self.chains.fill(EMPTY);
        self.text.clear();
        self.layers.clear();
        if let Some(c) = &mut self.counts {
            c.fill(0);
        }
        if let Some(s) = &mut self.summary {
            s.clear();
        }
    }

    /// Works out what only the whole packet tells.
    pub fn finish(&mut self) {
        let Some(slot) = self.protocols else { return };
        let mut text = std::mem::take(&mut self.text);
        let at = text.len();
        summary::protocols(&mut text, &self.layers);
        let len = text.len() - at;
        self.text = text;
        self.push(slot, Tag::Str, at as u64, len as u64, Span::NONE);
    }

    /// The wanted fields, by slot.
    #[must_use]
    pub fn fields(&self) -> &[FieldId] {
        &self.fields
    }

    /// The protocol and info columns.
    #[must_use]
    pub fn line(&self) -> Option<&Summary> {
        self.summary.as_ref()
    }

    /// Occurrences of one field.
    pub fn occurrences<'a>(&'a self, slot: Slot, data: Sources<'a>) -> Occurrences<'a> {
        let at = self.chains.get(usize::from(slot)).map_or(END, |c| c.first);
        Occurrences { columns: self, data, at }
    }

    /// Occurrences of one field with the number of their layer among those of its protocol, and
    /// for protocols the bytes from the header to the end of what it carries.
    pub fn in_layers<'a>(
        &'a self,
        slot: Slot,
        data: Sources<'a>,
    ) -> impl Iterator<Item = (Value<'a>, u32, &'a [u8])> + 'a {
        let mut at = self.chains.get(usize::from(slot)).map_or(END, |c| c.first);
        std::iter::from_fn(move || {
            let cell = self.cells.get(usize::from(at))?;
            at = cell.next;
            let reach = Span { len: cell.span.end.saturating_sub(cell.span.off), ..cell.span };
            Some((self.value(cell, data), cell.layer.into(), data.bytes(reach)))
        })
    }

    /// True when the field occurs.
    #[inline]
    #[must_use]
    pub fn present(&self, slot: Slot) -> bool {
        self.chains.get(usize::from(slot)).is_some_and(|c| c.first != END)
    }

    /// Where among all occurrences in the packet the field's first one stands, far behind all of
    /// them when there is none.
    #[inline]
    #[must_use]
    pub fn place(&self, slot: Slot) -> u16 {
        self.chains.get(usize::from(slot)).map_or(END, |c| c.first)
    }

    /// Every occurrence of every wanted field, in packet order: its slot, whether it is the
    /// field's first, and its value.
    pub fn in_order<'a>(
        &'a self,
        data: Sources<'a>,
    ) -> impl Iterator<Item = (Slot, bool, Value<'a>, Span)> + 'a {
        self.cells.iter().enumerate().map(move |(i, c)| {
            let first = usize::from(self.chains[usize::from(c.slot)].first) == i;
            (c.slot, first, self.value(c, data), c.span)
        })
    }

    /// Inlined, so that nothing is left of the value where it is printed.
    #[inline(always)]
    fn value<'a>(&'a self, c: &Cell, data: Sources<'a>) -> Value<'a> {
        let [a, b] = c.words;
        match c.tag {
            Tag::None => Value::None,
            Tag::Uint => Value::Uint(a),
            Tag::Int => Value::Int(a as i64),
            Tag::Ipv4 => Value::Ipv4(a as u32),
            Tag::Ipv6 => Value::Ipv6((u128::from(a) << 64 | u128::from(b)).to_be_bytes()),
            Tag::Ether => {
                let [_, _, m @ ..] = a.to_be_bytes();
                Value::Ether(m)
            }
            Tag::Bytes => Value::Bytes(data.bytes(c.span)),
            Tag::Str => {
                let text = self.text.get(a as usize..(a + b) as usize).unwrap_or_default();
                Value::Str(std::str::from_utf8(text).unwrap_or_default())
            }
            Tag::Time => Value::Time(Timestamp { secs: a as i64, nanos: b as u32 }),
            Tag::Duration => Value::Duration(a as i64),
        }
    }

    #[inline(never)]
    fn push(&mut self, slot: Slot, tag: Tag, a: u64, b: u64, span: Span) {
        let at = self.cells.len();
        if at >= usize::from(END) {
            return;
        }
        let layer = match &self.counts {
            None => 1,
            Some(counts) => counts[usize::from(self.fields[usize::from(slot)].0 >> 8)],
        };
        self.cells.push(Cell { words: [a, b], span, slot, next: END, tag, layer });
        let chain = &mut self.chains[usize::from(slot)];
        if chain.first == END {
            chain.first = at as u16;
        } else {
            self.cells[usize::from(chain.last)].next = at as u16;
        }
        chain.last = at as u16;
    }

    /// Inlined, so that the kind of value is known where it is called and nothing is left of it.
    #[inline(always)]
    fn add(&mut self, slot: Slot, value: Value<'_>, span: Span) {
        let (tag, a, b) = match value {
            Value::None => (Tag::None, 0, 0),
            Value::Uint(v) => (Tag::Uint, v, 0),
            Value::Int(v) => (Tag::Int, v as u64, 0),
            Value::Ipv4(v) => (Tag::Ipv4, v.into(), 0),
            Value::Ipv6(v) => {
                let v = u128::from_be_bytes(v);
                (Tag::Ipv6, (v >> 64) as u64, v as u64)
            }
            Value::Ether(v) => (Tag::Ether, ether_number(v), 0),
            Value::Bytes(_) => (Tag::Bytes, 0, 0),
            Value::Str(s) => {
                let at = self.text.len();
                self.text.extend_from_slice(s.as_bytes());
                (Tag::Str, at as u64, s.len() as u64)
            }
            Value::Time(t) => (Tag::Time, t.secs as u64, t.nanos.into()),
            Value::Duration(d) => (Tag::Duration, d as u64, 0),
        };
        self.push(slot, tag, a, b, span);
    }
}

impl Sink for Columns {
    #[inline(always)]
    fn wants(&self, proto: Proto) -> bool {
        self.protos[proto as usize]
    }

    #[inline(always)]
    fn asks(&self, id: FieldId) -> bool {
        self.slots[usize::from(id.0)] != NO_SLOT
    }

    #[inline(always)]
    fn asks_any(&self, first: FieldId, last: FieldId) -> bool {
        let group = &self.groups[usize::from(first.0 >> 8)];
        let (from, to) = (usize::from(first.0 & 0xFF), usize::from(last.0 & 0xFF));
        // Both ends are constants at every call, so this is one or two tests of a word.
        let mut any = 0;
        for (i, word) in group.iter().enumerate().take((to >> 6) + 1).skip(from >> 6) {
            let low = if i == from >> 6 { u64::MAX << (from & 63) } else { u64::MAX };
            let high = if i == to >> 6 { u64::MAX >> (63 - (to & 63)) } else { u64::MAX };
            any |= word & low & high;
        }
        any != 0
    }

    #[inline(always)]
    fn layer(&mut self, proto: Proto, span: Span) {
        if self.protocols.is_some() {
            self.layers.push(proto);
        }
        if let Some(counts) = &mut self.counts {
            counts[proto as usize] = counts[proto as usize].saturating_add(1);
        }
        let slot = self.slots[usize::from(FieldId::layer(proto).0)];
        if slot != NO_SLOT {
            self.push(slot, Tag::Bytes, 0, 0, span);
        }
    }

    fn item(&mut self, proto: Proto, span: Span) {
        let slot = self.slots[usize::from(FieldId::layer(proto).0)];
        if slot != NO_SLOT {
            self.push(slot, Tag::Bytes, 0, 0, span);
        }
    }

    #[inline(always)]
    fn field(&mut self, id: FieldId, value: Value<'_>, span: Span) {
        let slot = self.slots[usize::from(id.0)];
        if slot != NO_SLOT {
            self.add(slot, value, span);
        }
    }

    #[inline(always)]
    fn summary(&mut self) -> Option<&mut Summary> {
        self.summary.as_mut()
    }
}

/// The data sources of one packet.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// Captured bytes.
    pub frame: &'a [u8],
    /// The container's header.
    pub head: &'a [u8],
    /// Reassembled buffers.
    pub joined: &'a [std::sync::Arc<[u8]>],
}

impl<'a> Sources<'a> {
    /// The bytes of a span; those beyond the capture are left out.
    #[must_use]
    pub fn bytes(&self, s: Span) -> &'a [u8] {
        let from = match s.source {
            Span::FRAME => self.frame,
            Span::HEAD => self.head,
            n => self.joined.get(usize::from(n) - 2).map_or(&[][..], |a| a),
        };
        let start = (s.off as usize).min(from.len());
        let end = (s.off as usize).saturating_add(s.len as usize).min(from.len());
        &from[start..end]
    }
}

/// Occurrences of one field in one packet.
#[derive(Debug, Clone)]
pub struct Occurrences<'a> {
    columns: &'a Columns,
    data: Sources<'a>,
    at: u16,
}

impl<'a> Iterator for Occurrences<'a> {
    type Item = Value<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Value<'a>> {
        let cell = self.columns.cells.get(usize::from(self.at))?;
        self.at = cell.next;
        Some(self.columns.value(cell, self.data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{net::ipv4, transport::udp};

    #[test]
    fn occurrences_chain_in_order_and_unwanted_fields_are_dropped() {
        let mut c = Columns::new([udp::SRCPORT, ipv4::TTL]);
        for v in [1u64, 2] {
            c.field(udp::SRCPORT, Value::Uint(v), Span::NONE);
            c.field(udp::DSTPORT, Value::Uint(9), Span::NONE);
        }
        c.field(ipv4::TTL, Value::Uint(64), Span::NONE);
        let none = Sources { frame: &[], head: &[], joined: &[] };
        let got: Vec<_> = c.occurrences(0, none).collect();
        assert_eq!(got, [Value::Uint(1), Value::Uint(2)]);
        assert_eq!(c.in_order(none).count(), 3);
        c.clear();
        assert!(!c.present(0) && !c.present(1));
    }
}
