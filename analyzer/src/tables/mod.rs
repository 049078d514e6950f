//! Tables: one schema for Parquet, SQL, CSV and JSON lines.
//!
//! Batches become rows in parallel and are handed on in order, so that no more than a few batches
//! and one row group are in memory at any time.

pub mod column;
pub mod doc;
pub mod fill;
pub mod schema;
pub mod sessions;
pub mod text;

pub use column::{Cell, Column, Rows, Table, Texts, Type, Values};
pub use fill::Filler;
pub use schema::{ColumnDef, TableKind};
