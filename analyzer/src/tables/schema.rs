//! The one schema of all tabular output: tables, their columns, types and meanings.
//!
//! A column that is a display-filter field has its name, type and meaning from the field
//! registry; the others are described here. `docs/tables.md` is made of this.

use std::sync::LazyLock;

use super::column::Type;
use crate::decode::{Kind, registry};

/// The tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
pub enum TableKind {
    /// One row for each packet
    Packets,
    /// One row for each record of the trace, packets or not
    Records,
    /// One row for each damage or oddity of the trace
    Anomalies,
}

impl TableKind {
    /// All tables.
    pub const ALL: [Self; 3] = [Self::Packets, Self::Records, Self::Anomalies];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Packets => "packets",
            Self::Records => "records",
            Self::Anomalies => "anomalies",
        }
    }

    /// What a row is.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Packets => "One row for each packet, in the order of the trace.",
            Self::Records => {
                "One row for each record that a trace is made of: packets, trace entries without a \
                 packet, and the other blocks of a pcapng file. Records that became part of another \
                 one and damaged records have no row; `info` counts the first, and the second stand in \
                 `anomalies`."
            }
            Self::Anomalies => "One row for each damage or oddity of a trace: what, where, and what to do.",
        }
    }

    /// Its columns.
    #[must_use]
    pub fn columns(self) -> &'static [ColumnDef] {
        static ALL: LazyLock<[Vec<ColumnDef>; 3]> = LazyLock::new(|| [packets(), records(), anomalies()]);
        &ALL[self as usize]
    }

    /// The table of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.name().eq_ignore_ascii_case(name))
    }
}

/// Where a column's values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The first occurrence of the field that the column is named after: the outermost header's.
    Field,
    /// The text of the code in this field.
    CodeText(&'static str),
    /// The first of these groups of fields that occurs, and in it the outermost field.
    FirstOf(&'static [&'static [&'static str]]),
    /// As [`Source::FirstOf`], but none for messages that quote another packet's ports.
    PortOf(&'static [&'static [&'static str]]),
    /// What only the trace as a whole or its container knows.
    Own(Own),
}

/// Columns that no field stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Own {
    TraceId,
    TraceFile,
    TraceSystem,
    Direction,
    Protocol,
    Info,
    More,
    RecordKind,
    RecordLength,
    Component,
    Decoded,
    AnomalyKind,
    AnomalyOffset,
    AnomalyBytes,
    AnomalyText,
    AnomalyAdvice,
}

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnDef {
    /// Its name; a display-filter field's where there is one.
    pub name: &'static str,
    /// Its type.
    pub kind: Type,
    /// What it means.
    pub meaning: &'static str,
    /// Where it comes from.
    pub source: Source,
}

impl ColumnDef {
    /// The name as it can be written in SQL without quotes.
    #[must_use]
    pub fn alias(&self) -> String {
        alias(self.name)
    }
}

/// A column name with an underscore for each dot and hyphen.
#[must_use]
pub fn alias(name: &str) -> String {
    name.replace(['.', '-'], "_")
}

/// The column that a field makes; `None` when there is no such field.
#[must_use]
pub fn field(name: &'static str) -> Option<ColumnDef> {
    let r = registry::resolve(name)?;
    let label = registry::ALIASES.iter().find(|a| a.name == name).map(|a| a.label);
    let meaning = label.unwrap_or_else(|| r.fields[0].def().label);
    Some(ColumnDef { name, kind: type_of(r.kind), meaning, source: Source::Field })
}

/// The type of the column that fields of a kind make.
#[must_use]
pub const fn type_of(kind: Kind) -> Type {
    match kind {
        Kind::Uint(0..=32, _) | Kind::Int(_) | Kind::FrameNum => Type::Int,
        Kind::Uint(..) => Type::Uint,
        Kind::RelTime => Type::Float,
        Kind::Bool | Kind::None | Kind::Protocol => Type::Bool,
        Kind::AbsTime | Kind::DateTime => Type::Time,
        Kind::Ipv4 | Kind::Ipv6 | Kind::Ether | Kind::Bytes | Kind::Str => Type::Text,
    }
}

/// A field by a name that is part of this schema. Those that no dissector has (yet) are left out.
fn fields(names: &[&'static str]) -> impl Iterator<Item = ColumnDef> {
    names.iter().filter_map(|n| field(n))
}

const fn own(name: &'static str, kind: Type, own: Own, meaning: &'static str) -> ColumnDef {
    ColumnDef { name, kind, meaning, source: Source::Own(own) }
}

const fn text_of(name: &'static str, field: &'static str, meaning: &'static str) -> ColumnDef {
    ColumnDef { name, kind: Type::Text, meaning, source: Source::CodeText(field) }
}

/// What every row of every table begins with.
pub const TRACE: [ColumnDef; 3] = [
    own("trace.id", Type::Int, Own::TraceId, "Number of the trace among those named on the command line"),
    own("trace.file", Type::Text, Own::TraceFile, "The trace file as it was named"),
    own("trace.system", Type::Text, Own::TraceSystem, "z/OS system name, where the trace says it"),
];

const SRC: &[&[&str]] = &[
    &["ip.src", "ipv6.src"],
    &["pth.src", "pth.src6"],
    &["arp.src.proto_ipv4"],
    &["eth.src", "sll.src.eth"],
];
const DST: &[&[&str]] =
    &[&["ip.dst", "ipv6.dst"], &["pth.dst", "pth.dst6"], &["arp.dst.proto_ipv4"], &["eth.dst"]];
const SRCPORT: &[&[&str]] =
    &[&["tcp.srcport", "udp.srcport", "sctp.srcport", "dccp.srcport"], &["pth.sport"]];
const DSTPORT: &[&[&str]] =
    &[&["tcp.dstport", "udp.dstport", "sctp.dstport", "dccp.dstport"], &["pth.dport"]];

fn packets() -> Vec<ColumnDef> {
    let first = |name, groups, meaning| ColumnDef {
        name,
        kind: Type::Text,
        meaning,
        source: Source::FirstOf(groups),
    };
    let port =
        |name, groups, meaning| ColumnDef { name, kind: Type::Int, meaning, source: Source::PortOf(groups) };
    let mut c = TRACE.to_vec();
    c.extend(fields(&[
        "frame.number",
        "frame.time",
        "frame.time_relative",
        "frame.time_delta",
        "frame.len",
        "frame.cap_len",
        "frame.interface_id",
        "frame.interface_name",
    ]));
    c.push(own(
        "direction",
        Type::Text,
        Own::Direction,
        "inbound or outbound, where the trace says it (packet trace header, pcapng packet flags)",
    ));
    c.push(first(
        "src",
        SRC,
        "Source address of the outermost network header; else as the trace or link layer has it",
    ));
    c.push(port("srcport", SRCPORT, "Source port of the outermost TCP, UDP, SCTP or DCCP header"));
    c.push(first("dst", DST, "Destination address, as `src`"));
    c.push(port("dstport", DSTPORT, "Destination port, as `srcport`"));
    c.push(own("protocol", Type::Text, Own::Protocol, "Protocol column of the packet list"));
    c.extend(fields(&[
        "frame.protocols",
        "eth.src",
        "eth.dst",
        "eth.type",
        "vlan.id",
        "ip.src",
        "ip.dst",
        "ip.proto",
        "ip.len",
        "ip.id",
        "ip.ttl",
        "ip.flags.df",
        "ip.flags.mf",
        "ip.frag_offset",
        "ip.dsfield.dscp",
        "ipv6.src",
        "ipv6.dst",
        "ipv6.nxt",
        "ipv6.plen",
        "ipv6.hlim",
        "tcp.stream",
        "tcp.srcport",
        "tcp.dstport",
        "tcp.seq",
        "tcp.ack",
        "tcp.len",
        "tcp.flags",
        "tcp.window_size_value",
        "udp.srcport",
        "udp.dstport",
        "udp.length",
        "icmp.type",
        "icmp.code",
        "icmpv6.type",
        "icmpv6.code",
        "arp.opcode",
        "cte.fmtid",
        "pth.devtype",
        "pth.jobname",
        "pth.asid",
        "pth.cid",
        "pth.tcb",
        "pth.droprsn",
    ]));
    c.push(text_of("pth.droprsn.text", "pth.droprsn", "What the discard reason means"));
    c.extend(fields(&["pth.flag.cftxt", "_ws.short", "_ws.malformed", "zscope.undecoded"]));
    c.push(own("info", Type::Text, Own::Info, "Info column of the packet list"));
    c.push(own(
        MORE,
        Type::Text,
        Own::More,
        "All values of the fields that occur more than once in the packet, as a JSON object by column name",
    ));
    c
}

/// Name of the column with the fields that occur more than once in their packet.
pub const MORE: &str = "zscope.more";

fn records() -> Vec<ColumnDef> {
    let mut c = TRACE.to_vec();
    c.push(own(
        "record.kind",
        Type::Text,
        Own::RecordKind,
        "packet, socket data, SMC record, trace entry, or the name of a pcapng block",
    ));
    c.extend(fields(&["zscope.offset"]));
    c.push(own(
        "record.length",
        Type::Int,
        Own::RecordLength,
        "Bytes of the record that were read: its header as far as it is kept, and its data",
    ));
    c.extend(fields(&["frame.number", "frame.time", "frame.cap_len", "frame.len", "frame.interface_name"]));
    c.push(own(
        "component",
        Type::Text,
        Own::Component,
        "z/OS component that wrote the trace entry, where that is known",
    ));
    c.extend(fields(&["cte.fmtid"]));
    c.push(text_of("cte.fmtid.text", "cte.fmtid", "What the format id stands for"));
    c.extend(fields(&["pth.jobname", "pth.asid"]));
    c.push(own(
        "decoded",
        Type::Bool,
        Own::Decoded,
        "True when nothing was cut short or malformed and a dissector existed for every layer that a header named",
    ));
    c.extend(fields(&["_ws.short", "_ws.malformed", "zscope.undecoded"]));
    c
}

fn anomalies() -> Vec<ColumnDef> {
    let mut c = TRACE.to_vec();
    c.extend([
        own("anomaly.kind", Type::Text, Own::AnomalyKind, "What kind of damage, by its name in `info`"),
        own("anomaly.offset", Type::Int, Own::AnomalyOffset, "Where, as an offset in the peeled trace"),
        own("anomaly.bytes", Type::Int, Own::AnomalyBytes, "Bytes that could not be used"),
        own("anomaly.text", Type::Text, Own::AnomalyText, "What is wrong, in a sentence"),
        own("anomaly.advice", Type::Text, Own::AnomalyAdvice, "What to do about it"),
    ]);
    c
}

/// The columns of `names` behind those of a table; names that it already has are not added again.
/// The error names an unknown field and its neighbours.
pub fn with_fields(table: TableKind, names: &[String]) -> Result<Vec<ColumnDef>, String> {
    let mut all = table.columns().to_vec();
    let more = all.pop_if(|c| c.name == MORE);
    for c in only_fields(table, names)? {
        if all.iter().all(|a| a.name != c.name) {
            all.push(c);
        }
    }
    all.extend(more);
    Ok(all)
}

/// The columns of `names` and no others: columns of the table, or fields.
pub fn only_fields(table: TableKind, names: &[String]) -> Result<Vec<ColumnDef>, String> {
    let find = |name: &String| {
        let known = table.columns().iter().find(|c| c.name == *name || c.alias() == *name).copied();
        let made = || {
            registry::all()
                .map(|(_, d)| d.name)
                .chain(registry::ALIASES.iter().map(|a| a.name))
                .find(|n| n == name)
                .and_then(field)
        };
        known.or_else(made).ok_or_else(|| unknown(table, name))
    };
    names.iter().map(find).collect()
}

/// What to say of a column that does not exist.
#[must_use]
pub fn unknown(table: TableKind, name: &str) -> String {
    let near = near(table, name);
    let hint = if near.is_empty() {
        "; `zscope fields` lists the fields".to_owned()
    } else {
        format!("; did you mean {}?", near.join(", "))
    };
    format!("table {} has no column \"{name}\", and no field is called so{hint}", table.name())
}

/// Columns of a table and fields with a name close to this one, nearest first.
#[must_use]
pub fn near(table: TableKind, name: &str) -> Vec<&'static str> {
    let wanted = alias(&name.to_ascii_lowercase());
    let mut all: Vec<(usize, &'static str)> = table
        .columns()
        .iter()
        .map(|c| (registry::distance(wanted.as_bytes(), c.alias().as_bytes()), c.name))
        .filter(|(d, _)| *d <= 2 + wanted.len() / 6)
        .collect();
    all.sort_unstable();
    let mut names: Vec<&'static str> = all.into_iter().map(|(_, n)| n).collect();
    if table == TableKind::Packets {
        let fields: Vec<_> = registry::similar(name).into_iter().filter(|n| !names.contains(n)).collect();
        names.extend(fields);
    }
    names.truncate(5);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_also_as_aliases() {
        for t in TableKind::ALL {
            let mut names: Vec<String> = t.columns().iter().map(ColumnDef::alias).collect();
            names.sort_unstable();
            let all = names.len();
            names.dedup();
            assert_eq!(names.len(), all, "{}", t.name());
            assert_eq!(t.columns()[..3], TRACE);
        }
    }

    #[test]
    fn columns_are_added_and_unknown_ones_have_neighbours() {
        let add = ["tcp.hdr_len", "ip.src"].map(str::to_owned);
        let all = with_fields(TableKind::Packets, &add).unwrap();
        assert_eq!(all.len(), TableKind::Packets.columns().len() + 1);
        assert_eq!(all.last().unwrap().name, MORE);
        let e = with_fields(TableKind::Packets, &["tcp.srcprt".to_owned()]).unwrap_err();
        assert!(e.contains("tcp.srcport"), "{e}");
        let e = only_fields(TableKind::Anomalies, &["anomaly.txt".to_owned()]).unwrap_err();
        assert!(e.contains("anomaly.text"), "{e}");
    }
}
