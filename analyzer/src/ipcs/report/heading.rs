//! What stands above a report: the command's echo, the date, the column headings.

use std::fmt::Write as _;

use super::super::command::Ctrace;
use super::super::zone::{Clock, Zone};

/// The echo that CTRACE prints.
#[must_use]
pub fn echo(c: &Ctrace, sysname: &str, subnames: &[String], dsname: &str) -> String {
    let mut t = format!("COMPONENT TRACE {} FORMAT\n", c.report.name());
    let _ = writeln!(t, "SYSNAME({sysname})");
    let _ = writeln!(t, "COMP({})SUBNAME(({}))", c.component, subnames.join("."));
    if !c.options_text.is_empty() {
        let _ = writeln!(t, "OPTIONS{}", c.options_text);
    }
    let _ = writeln!(t, "DSNAME('{dsname}')");
    if let Some(Zone::Offset(s)) = c.zone {
        let sign = if s < 0 { '-' } else { '+' };
        let _ = writeln!(t, "TZ({sign}{:02}:{:02})", s.abs() / 3600, s.abs() / 60 % 60);
    }
    t
}

/// The line above the records of a day.
#[must_use]
pub fn date(c: &Clock) -> String {
    format!("**** {}\n", c.date())
}

/// Headings of the common summary line.
pub const COMMON: &str = "\
RcdNr Sysname Mnemonic EntryId  TimeStamp       Description
---- -------- -------- -------- --------------- ------------------------
";
