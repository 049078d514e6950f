//! Which packets of a batch a display filter lets pass.

use crate::decode::columns::{Columns, Sources};
use crate::decode::{Kind, Value};
use crate::filter::{Filter, Row};
use crate::pipeline::Decoded;

/// A filter with the columns it reads.
#[derive(Debug)]
pub struct Select {
    filter: Filter,
    columns: Columns,
    passed: Vec<bool>,
}

impl Select {
    /// Selects what `filter` lets pass.
    #[must_use]
    pub fn new(filter: &Filter) -> Self {
        let columns = Columns::new(filter.fields().iter().copied());
        let layers = (0..filter.fields().len()).any(|slot| filter.need(slot).layers);
        let columns = if layers { columns.with_layers() } else { columns };
        Self { filter: filter.clone(), columns, passed: Vec::new() }
    }

    /// For each frame of the batch whether it passes.
    pub fn pass(&mut self, batch: &Decoded<'_>) -> &[bool] {
        let Self { filter, columns, passed } = self;
        passed.clear();
        batch.frames(
            columns,
            |columns, _| {
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
                passed.push(filter.matches(&Packet { columns: c.sink, data }));
            },
        );
        passed
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
