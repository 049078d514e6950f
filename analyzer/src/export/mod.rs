//! Packets on their way out: text, tables, captures.

pub mod atomic;
pub mod hex;
pub mod printer;
pub mod select;
pub mod table;
