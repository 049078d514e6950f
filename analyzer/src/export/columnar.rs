//! Parquet, through polars: the only module that names it (feature `columnar`).

use std::fs::File;
use std::io;

use polars::prelude::{
    BatchedWriter, Column, DataFrame, IntoColumn, NamedFrom, ParquetCompression, ParquetWriter, PolarsError,
    Series, TimeUnit,
};

use super::atomic::AtomicFile;
use super::printer::Wanted;
use super::table::{Data, Table};

/// Rows gathered before they are written as one row group. This bounds the memory of an export.
const ROW_GROUP: usize = 1 << 14;

/// Writes tables to a Parquet file, a row group at a time.
pub struct ParquetFile {
    file: AtomicFile,
    writer: BatchedWriter<File>,
    pending: Table,
}

impl std::fmt::Debug for ParquetFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetFile").field("file", &self.file).finish_non_exhaustive()
    }
}

impl ParquetFile {
    /// A file with a column of each wanted field.
    pub fn create(file: AtomicFile, wanted: &Wanted) -> io::Result<Self> {
        let pending = Table::new(wanted);
        let schema = frame(&mut Table::new(wanted)).map_err(other)?.schema().as_ref().clone();
        let writer = ParquetWriter::new(file.handle()?)
            .with_compression(ParquetCompression::Snappy)
            .set_parallel(false)
            .batched(&schema)
            .map_err(other)?;
        Ok(Self { file, writer, pending })
    }

    /// Takes the rows of a table.
    pub fn append(&mut self, table: &mut Table) -> io::Result<()> {
        self.pending.append(table);
        if self.pending.rows >= ROW_GROUP { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.pending.rows > 0 {
            let frame = frame(&mut self.pending).map_err(other)?;
            self.writer.write_batch(&frame).map_err(other)?;
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

fn other(e: PolarsError) -> io::Error {
    io::Error::other(format!("Parquet: {e}"))
}

/// A data frame of the table's rows; times are nanoseconds in UTC.
fn frame(t: &mut Table) -> Result<DataFrame, PolarsError> {
    let columns: Result<Vec<Column>, PolarsError> = t
        .columns
        .iter()
        .map(|(name, data)| {
            let name = name.as_str().into();
            Ok(match data {
                Data::Uint(v) => Series::new(name, v),
                Data::Int(v) => Series::new(name, v),
                Data::Bool(v) => Series::new(name, v),
                Data::Text(v) => Series::new(name, v),
                Data::Time(v) => {
                    let t = polars::prelude::DataType::Datetime(TimeUnit::Nanoseconds, None);
                    Series::new(name, v).cast(&t)?
                }
            }
            .into_column())
        })
        .collect();
    DataFrame::new(t.rows, columns?)
}
