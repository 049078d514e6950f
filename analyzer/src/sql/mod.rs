//! SQL over traces: the engine is SQLite, the tables are virtual, and nothing is loaded.
//!
//! A table is read from the traces while a query runs over it. A query that mentions more than one
//! table would read the inner one again and again, so what it uses of them is first copied to
//! temporary tables, which the engine keeps on disk when they are large.

pub mod feed;
mod push;
mod vtab;
pub mod words;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error};

use feed::Traces;
use vtab::{SqlColumn, SqlTable};
use words::Statement;

use crate::decode::registry;
use crate::tables::schema::{self, ColumnDef, alias};
use crate::tables::{TableKind, Type};

/// One value of a result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SqlValue<'a> {
    /// No value.
    Null,
    /// Integer.
    Int(i64),
    /// Floating point.
    Float(f64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

/// Takes the rows of a result.
pub trait Answer {
    /// A result with these columns begins.
    fn columns(&mut self, names: &[String]);

    /// One row. False ends the query.
    fn row(&mut self, values: &[SqlValue<'_>]) -> bool;

    /// The result is complete.
    fn end(&mut self);
}

/// The engine with the tables of some traces.
#[allow(missing_debug_implementations)]
pub struct Engine {
    db: Connection,
    traces: Arc<Traces>,
    /// Tables that stand in the engine as a copy.
    copied: Vec<TableKind>,
}

/// Bytes of a sort or a temporary table that are kept in memory before they go to a file, as
/// `PRAGMA cache_size` counts them (in KiB, negative).
const CACHE: i64 = -65_536;

impl Engine {
    /// An engine for queries over these traces.
    pub fn new(traces: Traces) -> Result<Self, String> {
        let open = || -> rusqlite::Result<Connection> {
            let db = Connection::open_in_memory()?;
            // A name in double quotes is a column and never a text.
            db.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
            db.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
            db.pragma_update(None, "temp_store", "FILE")?;
            db.pragma_update(None, "cache_size", CACHE)?;
            Ok(db)
        };
        let db = open().map_err(|e| e.to_string())?;
        Ok(Self { db, traces: Arc::new(traces), copied: Vec::new() })
    }

    /// The traces.
    #[must_use]
    pub fn traces(&self) -> &Traces {
        &self.traces
    }

    /// Runs all statements of a text and hands their results over. The error is for people: what
    /// is wrong, where, and what may be meant.
    pub fn run(&mut self, sql: &str, answer: &mut dyn Answer) -> Result<(), String> {
        for s in words::statements(sql, is_column) {
            for kind in TableKind::ALL {
                self.register(kind, &s).map_err(|e| e.to_string())?;
            }
            let result = self.copy_tables(&s).and_then(|()| self.query(&s, answer));
            result.map_err(|e| explain(&e, &s, sql))?;
        }
        Ok(())
    }

    /// Makes a table known with the columns that the statement may use.
    fn register(&self, kind: TableKind, s: &Statement) -> rusqlite::Result<()> {
        let mut columns = kind.columns().to_vec();
        let table_columns = columns.len();
        if kind == TableKind::Packets {
            for name in s.names.iter().filter_map(|n| field_called(n)) {
                if columns.iter().all(|c| c.name != name) {
                    columns.extend(schema::field(name));
                }
            }
        }
        let mut shown = Vec::new();
        let mut show = |of: usize, c: &ColumnDef, name: &str, hidden| {
            shown.push(SqlColumn { name: name.to_owned(), of, nanos: false, hidden });
            if c.kind == Type::Time {
                shown.push(SqlColumn { name: format!("{name}_ns"), of, nanos: true, hidden });
            }
        };
        for (i, c) in columns.iter().enumerate() {
            show(i, c, c.name, i >= table_columns);
        }
        for (i, c) in columns.iter().enumerate().filter(|(_, c)| c.alias() != c.name) {
            show(i, c, &c.alias(), true);
        }
        // Aliases that nobody names would only make the table wider.
        shown.retain(|c| {
            columns[c.of].name == c.name || !c.hidden || s.names.contains(&c.name.to_ascii_lowercase())
        });
        let mut seen = BTreeSet::new();
        shown.retain(|c| seen.insert(c.name.to_ascii_lowercase()));
        let named = shown
            .iter()
            .map(|c| (s.all && !c.hidden) || s.names.contains(&c.name.to_ascii_lowercase()))
            .collect();
        vtab::register(
            &self.db,
            SqlTable {
                kind,
                columns: Arc::new(columns),
                shown: Arc::new(shown),
                named: Arc::new(named),
                traces: Arc::clone(&self.traces),
            },
        )
    }

    /// Copies what a statement uses of its tables when it mentions more than one.
    fn copy_tables(&mut self, s: &Statement) -> rusqlite::Result<()> {
        for kind in self.copied.drain(..) {
            self.db.execute_batch(&format!("DROP TABLE temp.\"{}\"", kind.name()))?;
        }
        if s.tables.len() < 2 {
            return Ok(());
        }
        for (table, columns) in self.used(s)? {
            let Some(kind) = TableKind::of(&table) else { continue };
            let list: Vec<String> = columns.iter().map(|c| format!("\"{c}\"")).collect();
            // A table of which nothing is used is still counted.
            let list = if list.is_empty() { "1 AS \"1\"".to_owned() } else { list.join(",") };
            let name = kind.name();
            self.copied.push(kind);
            self.db.execute_batch(&format!(
                "CREATE TEMP TABLE \"{name}\" AS SELECT {list} FROM main.\"{name}\""
            ))?;
        }
        Ok(())
    }

    /// The columns that a statement reads, by table, in the order of the tables' own.
    ///
    /// The engine tells all but those that it joins by name.
    fn used(&mut self, s: &Statement) -> rusqlite::Result<Vec<(String, Vec<String>)>> {
        let read: Arc<Mutex<BTreeSet<(String, String)>>> = Arc::default();
        let seen = Arc::clone(&read);
        self.db.authorizer(Some(move |c: AuthContext<'_>| {
            if let AuthAction::Read { table_name, column_name } = c.action {
                let pair = (table_name.to_owned(), column_name.to_owned());
                seen.lock().unwrap_or_else(PoisonError::into_inner).insert(pair);
            }
            Authorization::Allow
        }))?;
        let prepared = self.db.prepare(&s.sql).map(|_| ());
        self.db.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
        prepared?;
        let read = read.lock().unwrap_or_else(PoisonError::into_inner);
        let tables: BTreeSet<&String> = read.iter().map(|(t, _)| t).collect();
        let mut all = Vec::new();
        for table in tables {
            let mut order: Vec<String> = Vec::new();
            let mut info = self.db.prepare("SELECT name FROM pragma_table_xinfo(?1)")?;
            let mut rows = info.query([table])?;
            while let Some(row) = rows.next()? {
                order.push(row.get(0)?);
            }
            order.retain(|c| {
                let named = s.natural || s.names.contains(&c.to_ascii_lowercase());
                named || read.contains(&(table.clone(), c.clone()))
            });
            all.push((table.clone(), order));
        }
        Ok(all)
    }

    fn query(&self, s: &Statement, answer: &mut dyn Answer) -> rusqlite::Result<()> {
        let mut prepared = self.db.prepare(&s.sql)?;
        let names: Vec<String> = prepared.column_names().map(str::to_owned).collect();
        let mut rows = prepared.query([])?;
        if names.is_empty() {
            while rows.next()?.is_some() {}
            return Ok(());
        }
        answer.columns(&names);
        while let Some(row) = rows.next()? {
            let mut values = Vec::with_capacity(names.len());
            for i in 0..names.len() {
                values.push(match row.get_ref(i)? {
                    ValueRef::Null => SqlValue::Null,
                    ValueRef::Integer(n) => SqlValue::Int(n),
                    ValueRef::Real(x) => SqlValue::Float(x),
                    ValueRef::Text(t) => SqlValue::Text(std::str::from_utf8(t).unwrap_or("\u{fffd}")),
                    ValueRef::Blob(b) => SqlValue::Blob(b),
                });
            }
            if !answer.row(&values) {
                return Ok(());
            }
        }
        answer.end();
        Ok(())
    }
}

/// True for the name of a column of any table, or of a field.
fn is_column(name: &str) -> bool {
    let time = name.strip_suffix("_ns").unwrap_or(name);
    let column = |t: TableKind| t.columns().iter().any(|c| c.name.eq_ignore_ascii_case(time));
    TableKind::ALL.into_iter().any(column) || field_called(name).is_some()
}

/// The field that a name stands for: its own, or the one with underscores for dots.
fn field_called(name: &str) -> Option<&'static str> {
    use std::collections::HashMap;
    use std::sync::LazyLock;
    static FIELDS: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
        let names = registry::all().map(|(_, d)| d.name).chain(registry::ALIASES.iter().map(|a| a.name));
        names.flat_map(|n| [(n.to_ascii_lowercase(), n), (alias(&n.to_ascii_lowercase()), n)]).collect()
    });
    let time = name.strip_suffix("_ns").unwrap_or(name);
    FIELDS.get(name).or_else(|| FIELDS.get(time)).copied()
}

/// What is wrong with a statement: the engine's words, the place, and names that may be meant.
fn explain(e: &Error, s: &Statement, text: &str) -> String {
    let (message, offset) = match e {
        Error::SqlInputError { msg, offset, .. } => (msg.clone(), usize::try_from(*offset).ok()),
        Error::SqliteFailure(_, Some(m)) => (m.clone(), None),
        e => (e.to_string(), None),
    };
    let mut out = format!("SQL: {message}");
    if let Some(at) = offset {
        let at = s.place(at).min(text.len());
        let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
        let line = text[start..].lines().next().unwrap_or_default();
        let column = text[start..at].chars().count();
        out.push_str(&format!(
            "\n  at line {}, column {}:\n  {line}\n  {}^",
            text[..at].matches('\n').count() + 1,
            column + 1,
            " ".repeat(column),
        ));
    }
    if let Some(name) = message.strip_prefix("no such column: ") {
        let name = name.split(" - ").next().unwrap_or_default().trim_matches('"');
        let mut near: Vec<&str> = Vec::new();
        for t in s.tables.iter().chain(s.tables.is_empty().then_some(&TableKind::Packets)) {
            let whole = schema::near(*t, name);
            let column = name.split_once('.').map(|(_, c)| schema::near(*t, c)).unwrap_or_default();
            near.extend(whole.into_iter().chain(column));
        }
        let mut seen = BTreeSet::new();
        near.retain(|n| seen.insert(*n));
        near.truncate(5);
        if near.is_empty() {
            out.push_str("\n  `zscope fields` lists the fields");
        } else {
            out.push_str(&format!("\n  did you mean {}?", near.join(", ")));
        }
    } else if message.starts_with("no such table: ") {
        let names: Vec<&str> = TableKind::ALL.iter().map(|t| t.name()).collect();
        out.push_str(&format!("\n  the tables are {}", names.join(", ")));
    }
    out
}
