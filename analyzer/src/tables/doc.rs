//! The page `docs/tables.md`, made of the schema.

use std::fmt::Write as _;

use super::schema::{Source, TableKind};

const INTRODUCTION: &str = "\
# Tables

(This page is made of the schema: `ZSCOPE_BLESS=1 cargo test -p analyzer --test tables` writes it anew.)

Parquet files, SQL and the other tabular outputs share one schema. A column that is a display-filter
field has its name, type and meaning from there, and its first occurrence in the packet, which is
the outermost header's; what occurs more than once stands complete in `zscope.more`. A field that a
packet does not have is no value (NULL).

## Into files

    zscope export TRACE… -o packets.parquet
    zscope export TRACE… -o packets.parquet -e dns.qry.name -e tcp.options.mss_val
    zscope export TRACE… -o few.parquet --only -e frame.number -e ip.src
    zscope export TRACE… -o records.csv --table records

`-e` adds any field of `zscope fields` as a column, `-Y FILTER` selects packets. `.parquet`, `.csv`
and `.jsonl` hold the same rows and columns; without `--table`, `.csv` and `.jsonl` are those of
`packets -T csv` and `-T jsonl`.

A file stands under its name only when it is complete: until then it is a hidden `.NAME.PID.part`
beside it, which goes away when the export fails. Rows are written in row groups of 65,536 rows or
64 MiB, whichever comes first, so that memory does not grow with the trace: what is held is one row
group, a few batches of 128 KiB of trace for each thread, and about 10 KiB of footer for each row
group written.

## With SQL

    zscope sql TRACE… 'SELECT src, count(*) AS packets, sum(frame.len) AS bytes
                       FROM packets GROUP BY src ORDER BY bytes DESC LIMIT 10'

The engine is SQLite and knows all of its SQL; several statements may stand behind each other with
semicolons. `--format csv` and `--format jsonl` print for programs. Nothing is loaded: rows are decoded
while the query runs, and only the columns that it uses. Sorting, grouping and temporary tables go
to files of the system's folder for such (`SQLITE_TMPDIR`) beyond 64 MiB. A statement that mentions
more than one table first copies what it uses of each to a temporary table there.

- `packets` has, beyond its columns, every field of `zscope fields` as a hidden column, which is
  there when it is named: `SELECT dns.qry.name FROM packets`.
- Names with dots are written as they are, in double quotes, or with an underscore for each dot and
  hyphen: `ip.src`, `\"ip.src\"` and `ip_src` are the same. Where a table of the statement is
  called like the first part of a name (`FROM packets AS ip`), quotes are needed.
- A point in time is ISO 8601 text in UTC, and beside it stands the same with `_ns` behind its name,
  an integer: nanoseconds since 1970-01-01 00:00 UTC. Booleans are 0 and 1, addresses and byte strings
  text. An unsigned integer beyond 2^63-1 is text.

## Types

| here | Parquet | SQL |
|---|---|---|
| int64 | INT64 | INTEGER |
| uint64 | INT64, unsigned | INTEGER, or TEXT beyond 2^63-1 |
| double | DOUBLE | REAL |
| boolean | BOOLEAN | INTEGER 0 or 1 |
| timestamp (ns, UTC) | INT64, timestamp in nanoseconds, UTC | TEXT in ISO 8601, and INTEGER `…_ns` |
| text | BYTE_ARRAY, UTF-8 | TEXT |

Every column may be without a value. Spans of time are doubles in seconds.
";

/// The text of the page.
#[must_use]
pub fn page() -> String {
    let mut out = INTRODUCTION.to_owned();
    for t in TableKind::ALL {
        let _ = write!(out, "\n## {}\n\n{}\n\n", t.name(), t.meaning());
        out.push_str("| column | type | meaning |\n|---|---|---|\n");
        for c in t.columns() {
            let meaning = c.meaning.replace('|', "\\|");
            let note = match c.source {
                Source::CodeText(field) => format!(" (`{field}`)"),
                _ => String::new(),
            };
            let _ = writeln!(out, "| `{}` | {} | {meaning}{note} |", c.name, c.kind.name());
        }
    }
    out
}
