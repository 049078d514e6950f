//! Tables of the schema as virtual tables of the SQL engine: rows come out of the pipeline while
//! the query runs, and only the columns that it uses are decoded.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_int};
use std::marker::PhantomData;
use std::sync::Arc;

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::ValueRef;
use rusqlite::vtab::{
    Context, Filters, IndexConstraint, IndexConstraintOp, IndexInfo, Module, VTab, VTabConfig,
    VTabConnection, VTabCursor,
};
use rusqlite::{Connection, Error, Result, ffi};

use super::feed::{Feed, Traces};
use super::push::{self, Op};
use crate::decode::print;
use crate::filter::Filter;
use crate::source::frame::Timestamp;
use crate::tables::{Cell, ColumnDef, Rows, Table, TableKind, Type};

/// One column as SQL sees it.
#[derive(Debug, Clone)]
pub struct SqlColumn {
    /// Its name.
    pub name: String,
    /// Index of the column it shows.
    pub of: usize,
    /// True for the nanoseconds of a point in time, which is text otherwise.
    pub nanos: bool,
    /// True when `*` leaves it out.
    pub hidden: bool,
}

/// One table as SQL sees it.
#[derive(Clone)]
#[allow(missing_debug_implementations)]
pub struct SqlTable {
    /// Which one.
    pub kind: TableKind,
    /// The columns that its rows are made of.
    pub columns: Arc<Vec<ColumnDef>>,
    /// The columns that SQL may name.
    pub shown: Arc<Vec<SqlColumn>>,
    /// Columns behind the 63rd, which the engine does not tell apart, count as used only when they
    /// are named here.
    pub named: Arc<Vec<bool>>,
    /// Where rows come from.
    pub traces: Arc<Traces>,
}

impl SqlTable {
    fn declaration(&self) -> String {
        let mut sql = String::from("CREATE TABLE x(");
        for (i, c) in self.shown.iter().enumerate() {
            let kind = match self.columns[c.of].kind {
                Type::Int | Type::Bool => "INTEGER",
                Type::Time if c.nanos => "INTEGER",
                // Values beyond the engine's integers are text.
                Type::Uint => "NUMERIC",
                Type::Float => "REAL",
                Type::Time | Type::Text => "TEXT",
            };
            if i > 0 {
                sql.push(',');
            }
            sql.push_str(&format!("\"{}\" {kind}{}", c.name, if c.hidden { " HIDDEN" } else { "" }));
        }
        sql.push(')');
        sql
    }

    /// Which columns of the rows a query uses, by the engine's mask.
    fn wanted(&self, mask: u64) -> Vec<bool> {
        let mut wanted = vec![false; self.columns.len()];
        for (i, c) in self.shown.iter().enumerate() {
            let used = if i < 63 { mask >> i & 1 == 1 } else { mask >> 63 == 1 && self.named[i] };
            wanted[c.of] |= used;
        }
        wanted
    }
}

/// Makes a table known to a connection.
pub fn register(db: &Connection, table: SqlTable) -> Result<()> {
    const MODULE: &Module<'_, TraceTab> = &Module::eponymous_only_module();
    let name = table.kind.name();
    db.create_module(name, MODULE, Some(table))
}

#[repr(C)]
struct TraceTab {
    /// The engine's part; has to be the first.
    base: ffi::sqlite3_vtab,
    table: SqlTable,
}

// SAFETY: the engine's part is the first field of a `repr(C)` struct.
unsafe impl<'vtab> VTab<'vtab> for TraceTab {
    type Aux = SqlTable;
    type Cursor = TraceCursor<'vtab>;

    fn connect(
        db: &mut VTabConnection,
        aux: Option<&SqlTable>,
        _module: &[u8],
        _database: &[u8],
        _table: &[u8],
        _arguments: &[&[u8]],
    ) -> Result<(Cow<'static, CStr>, Self)> {
        let table = aux.ok_or_else(|| Error::ModuleError("the table is not known".into()))?.clone();
        db.config(VTabConfig::Innocuous)?;
        let sql = CString::new(table.declaration())?;
        Ok((Cow::Owned(sql), Self { base: ffi::sqlite3_vtab::default(), table }))
    }

    fn best_index(&self, info: &mut IndexInfo) -> Result<bool> {
        // Every look at a table is a run over the traces, whatever it selects: the engine must not
        // think that two runs with a condition each cost less than one without.
        info.set_estimated_cost(1e9);
        info.set_estimated_rows(1_000_000);
        let mut plan = format!("{:x}", info.col_used());
        let mut arguments = 0;
        for (i, column, op) in self.conditions(info) {
            // All values of IN at once, not one run for each.
            let list = info.is_in_constraint(i)? && info.set_in_constraint(i, true)?;
            arguments += 1;
            info.constraint_usage(i).set_argv_index(arguments);
            let list = if list { "*" } else { "" };
            plan.push_str(&format!(";{}{list}{column}", op.letter()));
        }
        info.set_idx_str(&plan);
        Ok(true)
    }

    fn open(&'vtab mut self) -> Result<TraceCursor<'vtab>> {
        Ok(TraceCursor {
            base: ffi::sqlite3_vtab_cursor::default(),
            table: self.table.clone(),
            feed: None,
            batch: Table::default(),
            rows: Rows::default(),
            row: 0,
            used: Vec::new(),
            tab: PhantomData,
        })
    }
}

impl TraceTab {
    /// Conditions that can be handed down: which of the engine's, on which column, and what.
    fn conditions(&self, info: &IndexInfo) -> Vec<(usize, usize, Op)> {
        if self.table.kind != TableKind::Packets {
            return Vec::new();
        }
        let taken = |(i, c): (usize, IndexConstraint<'_>)| {
            let op = match c.operator() {
                IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_EQ
                | IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_IS => Op::Eq,
                IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GT => Op::Gt,
                IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GE => Op::Ge,
                IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LT => Op::Lt,
                IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LE => Op::Le,
                IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_ISNOTNULL => Op::Present,
                _ => return None,
            };
            let at = usize::try_from(c.column()).ok()?;
            let shown = self.table.shown.get(at)?;
            let column = &self.table.columns[shown.of];
            let binary = info.collation(i).is_ok_and(|c| c == "BINARY");
            (c.is_usable() && binary && !shown.nanos && push::takes(column, op)).then_some((i, shown.of, op))
        };
        info.constraints().enumerate().filter_map(taken).collect()
    }
}

#[repr(C)]
struct TraceCursor<'vtab> {
    /// The engine's part; has to be the first.
    base: ffi::sqlite3_vtab_cursor,
    table: SqlTable,
    feed: Option<Feed>,
    batch: Table,
    rows: Rows,
    row: i64,
    used: Vec<usize>,
    tab: PhantomData<&'vtab TraceTab>,
}

impl TraceCursor<'_> {
    /// The filter of the command line and the conditions of a plan with their values.
    fn pushed<'p>(
        &self,
        plan: impl Iterator<Item = &'p str>,
        values: &Filters<'_>,
    ) -> Result<Option<Filter>> {
        let given = self.table.traces.filter.as_ref();
        let mut all: Vec<String> = given.map(|f| f.text().to_owned()).into_iter().collect();
        for (i, step) in plan.enumerate() {
            let mut letters = step.chars();
            let op = letters.next().and_then(Op::of);
            let rest = letters.as_str();
            let list = rest.strip_prefix('*');
            let column = list.unwrap_or(rest).parse().ok().and_then(|of: usize| self.table.columns.get(of));
            let (Some(op), Some(column)) = (op, column) else { continue };
            let condition = if list.is_some() {
                let mut listed = values.in_values(i)?;
                let mut each = Some(Vec::new());
                while let Some(value) = listed.next()? {
                    match push::filter(column, op, value) {
                        Some(f) => each.iter_mut().for_each(|all| all.push(f.clone())),
                        None => each = None,
                    }
                }
                each.filter(|all| !all.is_empty()).map(|all| all.join(" or "))
            } else {
                let value = values.iter().nth(i).unwrap_or(ValueRef::Null);
                push::filter(column, op, value)
            };
            all.extend(condition);
        }
        if all.len() <= usize::from(given.is_some()) {
            return Ok(given.cloned());
        }
        let text = all.iter().map(|f| format!("({f})")).collect::<Vec<_>>().join(" and ");
        // Each part was read before; together they may be too much for a filter.
        Ok(Filter::parse(&text).ok().or_else(|| given.cloned()))
    }

    /// Goes on to the next batch when this one is used up.
    fn settle(&mut self) {
        while self.rows.ended(&self.batch) {
            let Some(next) = self.feed.as_mut().and_then(Feed::rows) else {
                self.feed = None;
                return;
            };
            self.rows = Rows::of(next.columns.len(), &self.used);
            self.batch = next;
        }
    }
}

// SAFETY: the engine's part is the first field of a `repr(C)` struct.
unsafe impl VTabCursor for TraceCursor<'_> {
    fn filter(&mut self, _: c_int, plan: Option<&str>, values: &Filters<'_>) -> Result<()> {
        let mut plan = plan.unwrap_or_default().split(';');
        let mask = plan.next().and_then(|m| u64::from_str_radix(m, 16).ok()).unwrap_or(u64::MAX);
        let filter = self.pushed(plan, values)?;
        let wanted = self.table.wanted(mask);
        self.used = (0..wanted.len()).filter(|&i| wanted[i]).collect();
        // The run before, if there was one, ends before the next begins.
        self.feed = None;
        let table = &self.table;
        self.feed = Some(Feed::start(&table.traces, table.kind, &table.columns, wanted, filter));
        self.batch = Table::default();
        self.rows = Rows::default();
        self.row = 0;
        self.settle();
        Ok(())
    }

    fn next(&mut self) -> Result<()> {
        self.rows.advance(&self.batch);
        self.row += 1;
        self.settle();
        Ok(())
    }

    fn eof(&self) -> bool {
        self.rows.ended(&self.batch)
    }

    fn column(&self, ctx: &mut Context, i: c_int) -> Result<()> {
        let Some(c) = self.table.shown.get(i as usize) else { return Ok(()) };
        match self.rows.cell(&self.batch, c.of) {
            Cell::Null => ctx.set_result(rusqlite::types::Null),
            Cell::Int(n) if self.table.columns[c.of].kind == Type::Time && !c.nanos => {
                let mut text = Vec::with_capacity(32);
                print::iso(&mut text, Timestamp::from_nanos(n.into()));
                ctx.set_result(std::str::from_utf8(&text).unwrap_or_default())
            }
            Cell::Int(n) => ctx.set_result(n),
            Cell::Uint(n) => match i64::try_from(n) {
                Ok(n) => ctx.set_result(n),
                Err(_) => ctx.set_result(n.to_string()),
            },
            Cell::Float(x) => ctx.set_result(x),
            Cell::Bool(b) => ctx.set_result(b),
            Cell::Text(s) => ctx.set_result(s),
        }
    }

    fn rowid(&self) -> Result<i64> {
        Ok(self.row)
    }
}
