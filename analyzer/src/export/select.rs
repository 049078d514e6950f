//! Which packets of a batch a display filter lets pass.

use std::cell::RefCell;

use crate::decode::columns::{Columns, Sources};
use crate::decode::plain::{self, Plain};
use crate::decode::{Kind, Value};
use crate::filter::{Filter, Row};
use crate::pipeline::{Decoded, Known};

/// A filter with the columns it reads.
#[derive(Debug)]
pub struct Select {
    filter: Filter,
    columns: Columns,
    /// By slot, when every field that the filter reads stands in a plain packet's headers.
    plain: Option<Box<[plain::Field]>>,
    passed: Vec<bool>,
}

impl Select {
    /// Selects what `filter` lets pass.
    #[must_use]
    pub fn new(filter: &Filter) -> Self {
        let columns = Columns::new(filter.fields().iter().copied());
        let layers = (0..filter.fields().len()).any(|slot| filter.need(slot).layers);
        let columns = if layers { columns.with_layers() } else { columns };
        let plain = (0..).zip(filter.fields()).map(|(slot, id)| {
            let need = filter.need(slot);
            let protocol = id.def().kind == Kind::Protocol;
            plain::Field::of(*id).filter(|_| !(need.layers || need.whole || protocol && need.values))
        });
        Self { filter: filter.clone(), columns, plain: plain.collect(), passed: Vec::new() }
    }

    /// For each frame of the batch whether it passes.
    pub fn pass(&mut self, batch: &Decoded<'_>) -> &[bool] {
        let Self { filter, columns, plain, passed } = self;
        passed.clear();
        let passed = RefCell::new(passed);
        batch.frames(
            columns,
            |columns, frame, known| {
                if let Some(fields) = plain
                    && let Some(packet) = Plain::read(frame.link, batch.batch.bytes(frame.data))
                    && packet.has_values()
                {
                    passed.borrow_mut().push(filter.matches(&Headers { fields, packet, known }));
                    return false;
                }
                columns.clear();
                true
            },
            |c, batch| {
                c.sink.finish();
                let data = Sources {
                    frame: batch.bytes(c.frame.data),
                    head: batch.bytes(c.frame.head),
                    joined: &c.sources,
                };
                passed.borrow_mut().push(filter.matches(&Packet { columns: c.sink, data }));
            },
        );
        passed.into_inner()
    }
}

/// A plain packet as a filter sees it.
struct Headers<'a> {
    fields: &'a [plain::Field],
    packet: Plain<'a>,
    known: Known<'a>,
}

impl Row for Headers<'_> {
    #[inline]
    fn each(&self, slot: usize, mut f: impl FnMut(Value<'_>) -> bool) {
        if let Some(v) = self.packet.value(self.fields[slot], self.known) {
            f(v);
        }
    }

    #[inline]
    fn present(&self, slot: usize) -> bool {
        self.packet.value(self.fields[slot], self.known).is_some()
    }
}

/// One packet as a filter sees it. The filter's slots are the columns', as both number the same
/// fields in the same order.
struct Packet<'a> {
    columns: &'a Columns,
    data: Sources<'a>,
}

impl Row for Packet<'_> {
    #[inline]
    fn each(&self, slot: usize, mut f: impl FnMut(Value<'_>) -> bool) {
        for v in self.columns.occurrences(slot as u16, self.data) {
            if !f(v) {
                return;
            }
        }
    }

    fn each_layer(&self, slot: usize, whole: bool, mut f: impl FnMut(Value<'_>, u32) -> bool) {
        let protocol = self.columns.fields()[slot].def().kind == Kind::Protocol;
        for (v, layer, reach) in self.columns.in_layers(slot as u16, self.data) {
            let v = if whole && protocol { Value::Bytes(reach) } else { v };
            if !f(v, layer) {
                return;
            }
        }
    }

    #[inline]
    fn present(&self, slot: usize) -> bool {
        self.columns.present(slot as u16)
    }
}
