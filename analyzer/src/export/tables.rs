//! A table into a file: Parquet, CSV or JSON lines.

use std::io::{self, Write};

use super::OutputKind;
use super::atomic::AtomicFile;
#[cfg(feature = "columnar")]
use super::columnar::ParquetFile;
use crate::tables::text::{self, TextFormat};
use crate::tables::{ColumnDef, Table};

/// A file that takes the rows of one table. It has its name only once it is whole.
#[derive(Debug)]
pub enum TableFile {
    /// CSV or JSON lines.
    Text(AtomicFile, TextFormat),
    /// Parquet.
    #[cfg(feature = "columnar")]
    Parquet(Box<ParquetFile>),
}

/// The rows of a batch, made ready in parallel for their turn to be written.
#[derive(Debug)]
pub enum Ready<'a> {
    /// Text that is written as it is.
    Text(&'a mut Vec<u8>),
    /// Rows that are gathered.
    Rows(&'a mut Table),
}

impl TableFile {
    /// Begins a file of the kind that the ending of its name says.
    pub fn create(
        kind: OutputKind,
        mut file: AtomicFile,
        table: &str,
        columns: &[ColumnDef],
    ) -> io::Result<Self> {
        if let Some(format) = text_format(kind) {
            file.write_all(&text::header(format, columns.iter().map(|c| c.name)))?;
            return Ok(Self::Text(file, format));
        }
        if kind != OutputKind::Parquet {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a table is written as .parquet, .csv or .jsonl",
            ));
        }
        #[cfg(feature = "columnar")]
        return Ok(Self::Parquet(Box::new(ParquetFile::create(file, table, columns)?)));
        #[cfg(not(feature = "columnar"))]
        {
            let _ = table;
            Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "this zscope was built without Parquet; build it with `--features columnar`",
            ))
        }
    }

    /// Takes the rows of a batch.
    pub fn append(&mut self, ready: Ready<'_>) -> io::Result<()> {
        match (self, ready) {
            (Self::Text(file, _), Ready::Text(text)) => {
                file.write_all(text)?;
                text.clear();
                Ok(())
            }
            #[cfg(feature = "columnar")]
            (Self::Parquet(p), Ready::Rows(table)) => p.append(table),
            _ => unreachable!("rows are made ready for the file they go to"),
        }
    }

    /// Ends the file and gives it its name.
    pub fn commit(self) -> io::Result<()> {
        match self {
            Self::Text(file, _) => file.commit(),
            #[cfg(feature = "columnar")]
            Self::Parquet(p) => p.commit(),
        }
    }
}

/// The text format of an output file, when it is one.
#[must_use]
pub fn text_format(kind: OutputKind) -> Option<TextFormat> {
    match kind {
        OutputKind::Csv => Some(TextFormat::Csv),
        OutputKind::Jsonl => Some(TextFormat::Jsonl),
        _ => None,
    }
}
