//! Fills tables from batches: decodes what the columns need and nothing else.

use formats::ctrace::{Component, FormatId};
use formats::endian::Endian;
use formats::pcapng::{Block, BlockType, Enhanced};

use super::column::{Cell, Column, Table, Type};
use super::schema::{ColumnDef, Own, Source, TableKind};
use crate::decode::columns::{Columns, Slot, Sources};
use crate::decode::field::Names;
use crate::decode::registry::{self, Resolved};
use crate::decode::zos::{cte, pth};
use crate::decode::{Ctx, FieldId, Kind, Proto, Value, print, stop};
use crate::export::printer::sources;
use crate::pipeline::Decoded;
use crate::source::frame::{Batch, Frame, Head, LinkType};

/// Groups of slots: the first group that occurs counts, and in it the outermost field.
type Groups = Vec<Vec<(Slot, Kind)>>;

/// Makes the rows of one table.
#[derive(Debug)]
pub struct Filler {
    kind: TableKind,
    defs: Vec<ColumnDef>,
    columns: Box<Columns>,
    /// For each slot the columns that its field fills.
    feeds: Vec<Vec<(usize, Kind)>>,
    codes: Vec<(usize, Slot, Names)>,
    firsts: Vec<(usize, Groups)>,
    ports: Vec<(usize, Groups)>,
    /// Messages that quote other packets: their ports are not the message's.
    quoting: Vec<Slot>,
    owns: Vec<(usize, Own)>,
    direction: Option<Slot>,
    stops: Vec<Slot>,
    more: Option<usize>,
    /// The rows of the last batch.
    pub table: Table,
}

/// The fields of a name that is part of the schema.
fn resolve(name: &str) -> Option<Resolved> {
    registry::resolve(name)
}

impl Filler {
    /// Fills all columns of `defs`.
    #[must_use]
    pub fn new(kind: TableKind, defs: &[ColumnDef]) -> Self {
        Self::of(kind, defs, |_| true)
    }

    /// Fills those columns of `defs` whose index is wanted; the others stay without values.
    #[must_use]
    pub fn of(kind: TableKind, defs: &[ColumnDef], wanted: impl Fn(usize) -> bool) -> Self {
        let mut f = Self {
            kind,
            defs: defs.to_vec(),
            columns: Box::new(Columns::new([])),
            feeds: Vec::new(),
            codes: Vec::new(),
            firsts: Vec::new(),
            ports: Vec::new(),
            quoting: Vec::new(),
            owns: Vec::new(),
            direction: None,
            stops: Vec::new(),
            more: None,
            table: Table::new(defs.iter().map(|c| c.kind)),
        };
        for (i, c) in defs.iter().enumerate().filter(|(i, _)| wanted(*i)) {
            f.plan(i, c);
        }
        f.feeds.resize(f.columns.fields().len(), Vec::new());
        f
    }

    fn plan(&mut self, i: usize, c: &ColumnDef) {
        match c.source {
            Source::Field => {
                let Some(r) = resolve(c.name) else { return };
                for &id in r.fields {
                    let slot = usize::from(self.columns.want(id));
                    if self.feeds.len() <= slot {
                        self.feeds.resize(slot + 1, Vec::new());
                    }
                    self.feeds[slot].push((i, r.kind));
                }
            }
            Source::CodeText(field) => {
                let Some(r) = resolve(field) else { return };
                if let Some(names) = r.fields[0].def().names {
                    let slot = self.columns.want(r.fields[0]);
                    self.codes.push((i, slot, names));
                }
            }
            Source::FirstOf(groups) => {
                let groups = self.groups(groups);
                self.firsts.push((i, groups));
            }
            Source::PortOf(groups) => {
                let groups = self.groups(groups);
                self.ports.push((i, groups));
                if self.quoting.is_empty() {
                    self.quoting =
                        [Proto::Icmp, Proto::Icmpv6].map(|p| self.columns.want(FieldId::layer(p))).into();
                }
            }
            Source::Own(own) => self.plan_own(i, own),
            Source::Talk(_) => {}
        }
    }

    fn plan_own(&mut self, i: usize, own: Own) {
        match own {
            Own::Protocol | Own::Info if self.columns.line().is_none() => {
                let columns = std::mem::replace(&mut *self.columns, Columns::new([]));
                *self.columns = columns.with_summary();
            }
            Own::Direction => self.direction = Some(self.columns.want(pth::DIRECTION)),
            Own::Decoded => {
                self.stops =
                    [stop::SHORT, stop::MALFORMED, stop::UNDECODED].map(|id| self.columns.want(id)).into();
            }
            Own::More => {
                self.more = Some(i);
                return;
            }
            _ => {}
        }
        self.owns.push((i, own));
    }

    fn groups(&mut self, groups: &[&[&str]]) -> Groups {
        let mut group = |names: &&[&str]| {
            let resolved = names.iter().filter_map(|n| resolve(n));
            resolved.flat_map(|r| r.fields.iter().map(move |&f| (f, r.kind))).collect::<Vec<_>>()
        };
        let ids: Vec<Vec<(FieldId, Kind)>> = groups.iter().map(&mut group).collect();
        ids.into_iter().map(|g| g.into_iter().map(|(f, k)| (self.columns.want(f), k)).collect()).collect()
    }

    /// The fields that decoding has to deliver.
    #[must_use]
    pub fn fields(&self) -> &[FieldId] {
        self.columns.fields()
    }

    /// True when the text of the packet list is among the columns.
    #[must_use]
    pub fn lists(&self) -> bool {
        self.columns.line().is_some()
    }

    /// Replaces the table by the rows of a batch: of its packets only those that passed.
    pub fn fill(&mut self, batch: &Decoded<'_>, passed: Option<&[bool]>) {
        self.table.clear();
        match self.kind {
            TableKind::Packets => self.packets(batch, passed, false),
            TableKind::Records => self.packets(batch, passed, true),
            TableKind::Anomalies => self.anomalies(batch.batch),
            // Those are made of what is known at the end: see `sessions.rs`.
            TableKind::Sessions | TableKind::Findings => {}
        }
        self.table.finish();
    }

    fn packets(&mut self, batch: &Decoded<'_>, passed: Option<&[bool]>, blocks: bool) {
        let mut columns = std::mem::replace(&mut *self.columns, Columns::new([]));
        let mut verdicts = passed.map(<[bool]>::iter);
        // Blocks come out between the frames that they lie between.
        let mut rest = if blocks { &batch.batch.blocks[..] } else { &[] };
        let mut seen = 0;
        let me = std::cell::RefCell::new(self);
        batch.frames(
            &mut columns,
            |columns, _, _| {
                columns.clear();
                while let Some((b, more)) = rest.split_first().filter(|(b, _)| b.before <= seen) {
                    me.borrow_mut().block(batch.batch, b);
                    rest = more;
                }
                seen += 1;
                verdicts.as_mut().is_none_or(|v| v.next() == Some(&true))
            },
            |c, batch| {
                c.sink.finish();
                me.borrow_mut().row(c, batch);
            },
        );
        let me = me.into_inner();
        for b in rest {
            me.block(batch.batch, b);
        }
        *me.columns = columns;
    }

    fn row(&mut self, c: &Ctx<'_, Columns>, batch: &Batch) {
        let data = sources(c, batch);
        let columns: &Columns = c.sink;
        let row = self.table.rows;
        let mut several = false;
        for (slot, _, value, _) in columns.in_order(data) {
            for &(i, kind) in &self.feeds[usize::from(slot)] {
                let column = &mut self.table.columns[i];
                if column.rows() > row {
                    several = true;
                    continue;
                }
                column.pad(row);
                push(column, kind, value);
            }
        }
        for &(i, slot, names) in &self.codes {
            if let Some(Value::Uint(n)) = columns.occurrences(slot, data).next()
                && let Some(name) = names(n)
            {
                set(&mut self.table, i, Cell::Text(name));
            }
        }
        for (i, groups) in &self.firsts {
            first_of(&mut self.table, *i, groups, columns, data);
        }
        if !self.quoting.iter().any(|&s| columns.present(s)) {
            for (i, groups) in &self.ports {
                first_of(&mut self.table, *i, groups, columns, data);
            }
        }
        for n in 0..self.owns.len() {
            let (i, own) = self.owns[n];
            self.own(i, own, c, batch, data);
        }
        if let Some(i) = self.more.filter(|_| several) {
            let json = self.repeated(columns, data);
            if !json.is_empty() {
                set(&mut self.table, i, Cell::Text(&json));
            }
        }
        self.table.end_row();
    }

    fn own(&mut self, i: usize, own: Own, c: &Ctx<'_, Columns>, batch: &Batch, data: Sources<'_>) {
        let f = c.frame;
        let component;
        let cell = match own {
            Own::TraceId | Own::TraceFile | Own::TraceSystem => trace(own, batch),
            Own::Direction => {
                let coded =
                    self.direction.and_then(|s| c.sink.occurrences(s, data).next()).and_then(|v| match v {
                        Value::Uint(n) => pth::direction_name(n),
                        _ => None,
                    });
                coded.or_else(|| block_direction(f, data.head)).map_or(Cell::Null, Cell::Text)
            }
            Own::Protocol => match c.sink.line() {
                Some(l) if !l.protocol.is_empty() => Cell::Text(l.protocol),
                _ => Cell::Null,
            },
            Own::Info => {
                let column = &mut self.table.columns[i];
                column.pad(self.table.rows);
                let info = c.sink.line().map_or(&[][..], |l| &l.info);
                match std::str::from_utf8(info) {
                    Ok(text) => column.push(Cell::Text(text)),
                    Err(_) => column.push(Cell::Text(&String::from_utf8_lossy(info))),
                }
                return;
            }
            Own::RecordKind => Cell::Text(record_kind(f.link)),
            Own::RecordLength => Cell::Int(match f.head_kind {
                Head::Pcapng { .. } => f.head.len.into(),
                _ => i64::from(f.head.len) + i64::from(f.phdr_len) + i64::from(f.data.len),
            }),
            Own::Component => {
                component = component_of(f, batch, data.head);
                component.as_deref().map_or(Cell::Null, Cell::Text)
            }
            Own::Decoded => Cell::Bool(!self.stops.iter().any(|&s| c.sink.present(s))),
            _ => Cell::Null,
        };
        set(&mut self.table, i, cell);
    }

    /// The fields that occur several times, as a JSON object by column name.
    fn repeated(&self, columns: &Columns, data: Sources<'_>) -> String {
        let mut out = Vec::new();
        for (i, def) in self.defs.iter().enumerate() {
            if def.source != Source::Field {
                continue;
            }
            let feeds = |s: Slot| self.feeds[usize::from(s)].iter().find(|(c, _)| *c == i).map(|f| f.1);
            let mut values = columns.in_order(data).filter_map(|(s, _, v, _)| Some((feeds(s)?, v)));
            let (Some(first), Some(second)) = (values.next(), values.next()) else { continue };
            out.push(if out.is_empty() { b'{' } else { b',' });
            print::json_string(&mut out, def.name);
            out.extend_from_slice(b":[");
            print::json(&mut out, first.0, first.1);
            for (kind, v) in std::iter::once(second).chain(values) {
                out.push(b',');
                print::json(&mut out, kind, v);
            }
            out.push(b']');
        }
        if !out.is_empty() {
            out.push(b'}');
        }
        String::from_utf8(out).unwrap_or_default()
    }

    /// A row of a pcapng block without a packet.
    fn block(&mut self, batch: &Batch, b: &crate::source::frame::Block) {
        let name =
            BlockType(b.kind).short_name().map_or_else(|| format!("pcapng block {}", b.kind), str::to_owned);
        for (i, def) in self.defs.iter().enumerate() {
            let cell = match def.source {
                Source::Own(o @ (Own::TraceId | Own::TraceFile | Own::TraceSystem)) => trace(o, batch),
                Source::Own(Own::RecordKind) => Cell::Text(&name),
                Source::Own(Own::RecordLength) => Cell::Int(b.bytes.len.into()),
                Source::Field if def.name == "zscope.offset" && !b.bytes.side => {
                    Cell::Int((batch.base + u64::from(b.bytes.off)) as i64)
                }
                _ => continue,
            };
            set(&mut self.table, i, cell);
        }
        self.table.end_row();
    }

    fn anomalies(&mut self, batch: &Batch) {
        for a in &batch.anomalies {
            for &(i, own) in &self.owns {
                let cell = match own {
                    Own::AnomalyKind => Cell::Text(a.kind.name()),
                    Own::AnomalyOffset => Cell::Int(a.offset as i64),
                    Own::AnomalyBytes => Cell::Int(a.bytes as i64),
                    Own::AnomalyText => Cell::Text(&a.detail),
                    Own::AnomalyAdvice if !a.advice.is_empty() => Cell::Text(a.advice),
                    Own::TraceId | Own::TraceFile | Own::TraceSystem => trace(own, batch),
                    _ => Cell::Null,
                };
                set(&mut self.table, i, cell);
            }
            self.table.end_row();
        }
    }
}

/// Gives a column its value in the row that is being made.
fn set(table: &mut Table, i: usize, cell: Cell<'_>) {
    if cell == Cell::Null {
        return;
    }
    let rows = table.rows;
    let column = &mut table.columns[i];
    column.pad(rows);
    column.push(cell);
}

/// Appends a field's value as the column's type wants it.
#[inline]
fn push(column: &mut Column, kind: Kind, value: Value<'_>) {
    let cell = match (column.kind(), value) {
        (Type::Text, Value::Str(s)) => Cell::Text(s),
        (Type::Text, v) => return column.push_with(|out| print::field(out, kind, v)),
        (Type::Bool, v) => Cell::Bool(!matches!(v, Value::Uint(0))),
        (_, Value::Uint(n)) => Cell::Uint(n),
        (_, Value::Int(n)) => Cell::Int(n),
        (_, Value::Duration(n)) => Cell::Float(n as f64 / 1e9),
        (_, Value::Time(t)) => i64::try_from(t.nanos_total()).map_or(Cell::Null, Cell::Int),
        _ => Cell::Null,
    };
    column.push(cell);
}

fn first_of(table: &mut Table, i: usize, groups: &Groups, columns: &Columns, data: Sources<'_>) {
    let outermost = |g: &Vec<(Slot, Kind)>| {
        let (slot, kind) =
            g.iter().filter(|(s, _)| columns.present(*s)).min_by_key(|(s, _)| columns.place(*s))?;
        Some((*kind, columns.occurrences(*slot, data).next()?))
    };
    if let Some((kind, value)) = groups.iter().find_map(outermost) {
        let rows = table.rows;
        let column = &mut table.columns[i];
        column.pad(rows);
        push(column, kind, value);
    }
}

fn trace(own: Own, batch: &Batch) -> Cell<'_> {
    match own {
        Own::TraceId => Cell::Int(batch.trace.number.into()),
        Own::TraceFile => Cell::Text(&batch.trace.file),
        _ => batch.trace.system.as_deref().map_or(Cell::Null, Cell::Text),
    }
}

/// The direction in the flags of a pcapng packet.
fn block_direction(f: &Frame, head: &[u8]) -> Option<&'static str> {
    let Head::Pcapng { big_endian } = f.head_kind else { return None };
    let endian = if big_endian { Endian::Big } else { Endian::Little };
    let block = Block::decode(head, endian).ok()?;
    match Enhanced::decode(&block).ok()?.flags()?.direction() {
        1 => Some("inbound"),
        2 => Some("outbound"),
        _ => None,
    }
}

fn record_kind(link: LinkType) -> &'static str {
    match link {
        LinkType::ZOS_DATA => "socket data",
        LinkType::ZOS_SMC => "SMC record",
        LinkType::ZOS_CTE => "trace entry",
        LinkType::SYSTEMD_JOURNAL => "journal entry",
        LinkType::PCAPNG_CUSTOM => "custom block",
        _ => "packet",
    }
}

/// The component that wrote a trace entry: entries with a packet tell it by their id, the others
/// have it as the name of their interface.
fn component_of(f: &Frame, batch: &Batch, head: &[u8]) -> Option<String> {
    if f.head_kind != Head::Cte {
        return None;
    }
    if f.link == LinkType::ZOS_CTE {
        return batch.interfaces.get(f.iface as usize)?.name.clone();
    }
    let id = head.get(4..)?.first_chunk().map(|b| FormatId(u32::from_be_bytes(*b)))?;
    debug_assert!(head.len() >= cte::HEADER.min(8));
    Component::of_packet_id(id).map(|c| c.to_string())
}
