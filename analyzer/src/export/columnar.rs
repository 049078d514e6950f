//! Parquet: the only module that names the crate which writes it (feature `columnar`).
//!
//! A table is written a row group at a time and column by column, from the form in which batches
//! keep it. Between row groups only the footer's entries stay in memory.

use std::fs::File;
use std::io;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type as Node};

use super::atomic::AtomicFile;
use crate::tables::column::{Table, Type, Values};
use crate::tables::schema::ColumnDef;

/// Rows gathered before they are written as one row group, unless [`ROW_GROUP_BYTES`] are reached
/// first. The two bound the memory of an export.
pub const ROW_GROUP: usize = 1 << 16;

/// Bytes gathered before they are written as one row group.
pub const ROW_GROUP_BYTES: usize = 64 << 20;

/// Writes tables to a Parquet file, a row group at a time.
pub struct ParquetFile {
    file: AtomicFile,
    writer: SerializedFileWriter<File>,
    pending: Table,
}

impl std::fmt::Debug for ParquetFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetFile").field("file", &self.file).finish_non_exhaustive()
    }
}

impl ParquetFile {
    /// A file for the table called `table`, with these columns.
    pub fn create(file: AtomicFile, table: &str, columns: &[ColumnDef]) -> io::Result<Self> {
        let schema = schema(table, columns).map_err(other)?;
        let writer = SerializedFileWriter::new(file.handle()?, schema, Arc::new(properties(table, columns)))
            .map_err(other)?;
        Ok(Self { file, writer, pending: Table::new(columns.iter().map(|c| c.kind)) })
    }

    /// Takes the rows of a table with the same columns.
    pub fn append(&mut self, table: &mut Table) -> io::Result<()> {
        self.pending.append(table);
        let full = self.pending.rows >= ROW_GROUP || self.pending.bytes() >= ROW_GROUP_BYTES;
        if full { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.pending.rows > 0 {
            row_group(&mut self.writer, &mut self.pending).map_err(other)?;
            self.pending.clear();
        }
        Ok(())
    }

    /// Writes the footer and gives the file its name.
    pub fn commit(mut self) -> io::Result<()> {
        self.flush()?;
        self.writer.finish().map_err(other)?;
        self.file.commit()
    }
}

fn other(e: ParquetError) -> io::Error {
    match e {
        ParquetError::External(e) => match e.downcast::<io::Error>() {
            Ok(e) => *e,
            Err(e) => io::Error::other(format!("Parquet: {e}")),
        },
        e => io::Error::other(e.to_string()),
    }
}

/// The file's schema: one optional leaf for each column.
fn schema(table: &str, columns: &[ColumnDef]) -> Result<Arc<Node>, ParquetError> {
    let leaf = |c: &ColumnDef| {
        let (physical, logical) = match c.kind {
            Type::Int => (Physical::INT64, None),
            Type::Uint => (Physical::INT64, Some(LogicalType::integer(64, false))),
            Type::Float => (Physical::DOUBLE, None),
            Type::Bool => (Physical::BOOLEAN, None),
            Type::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::NANOS))),
            Type::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        Node::primitive_type_builder(c.name, physical)
            .with_logical_type(logical)
            .with_repetition(Repetition::OPTIONAL)
            .build()
            .map(Arc::new)
    };
    let leaves = columns.iter().map(leaf).collect::<Result<Vec<_>, _>>()?;
    Node::group_type_builder(table).with_fields(leaves).build().map(Arc::new)
}

/// Numbers that only grow are written as differences; most other columns have few values and a
/// dictionary.
fn properties(table: &str, columns: &[ColumnDef]) -> WriterProperties {
    let key = |k: &str, v: &str| KeyValue { key: k.to_owned(), value: Some(v.to_owned()) };
    let mut p = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("zscope ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(vec![key("zscope.table", table)]))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(None);
    for c in columns {
        let path = ColumnPath::new(vec![c.name.to_owned()]);
        let counter = matches!(c.name, "frame.number" | "zscope.offset" | "anomaly.offset");
        if c.kind == Type::Time || counter {
            p = p
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        } else if c.kind == Type::Float || matches!(c.name, "tcp.seq" | "tcp.ack" | "info") {
            // Hardly any value comes twice: a dictionary would be built for nothing.
            p = p.set_column_dictionary_enabled(path.clone(), false);
            if c.kind == Type::Text {
                p = p.set_column_statistics_enabled(path, EnabledStatistics::None);
            }
        }
    }
    p.build()
}

fn row_group(writer: &mut SerializedFileWriter<File>, table: &mut Table) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    let mut texts: Vec<ByteArray> = Vec::new();
    for column in &mut table.columns {
        let Some(mut leaf) = group.next_column()? else { break };
        // Text is handed over as parts of one shared buffer instead of being copied one by one.
        let text = column.take_text();
        let present = column.present();
        match (leaf.untyped(), column.values()) {
            (ColumnWriter::Int64ColumnWriter(w), Values::Int(v)) => {
                w.write_batch(v, Some(present), None)?;
            }
            (ColumnWriter::DoubleColumnWriter(w), Values::Float(v)) => {
                w.write_batch(v, Some(present), None)?;
            }
            (ColumnWriter::BoolColumnWriter(w), Values::Bool(v)) => {
                w.write_batch(v, Some(present), None)?;
            }
            (ColumnWriter::ByteArrayColumnWriter(w), Values::Text(t)) => {
                let all = ByteArray::from(text);
                let mut start = 0;
                texts.clear();
                texts.extend(t.ends.iter().map(|&end| {
                    let part = all.slice(start, end - start);
                    start = end;
                    part
                }));
                w.write_batch(&texts, Some(present), None)?;
            }
            _ => unreachable!("the schema is made of the same columns"),
        }
        leaf.close()?;
    }
    group.close().map(|_| ())
}
