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
    /// One row for each conversation
    Sessions,
    /// One row for each thing that is wrong, worst first
    Findings,
    /// One row for each damage or oddity of the trace
    Anomalies,
}

impl TableKind {
    /// All tables.
    pub const ALL: [Self; 5] =
        [Self::Packets, Self::Records, Self::Sessions, Self::Findings, Self::Anomalies];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Packets => "packets",
            Self::Records => "records",
            Self::Sessions => "sessions",
            Self::Findings => "findings",
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
            Self::Sessions => {
                "One row for each conversation, in the order of its first packet: what `zscope sessions` \
                 shows. A is who sent the first packet; `_ab` counts what A sent to B, `_ba` what B sent to A. \
                 A conversation whose packets are in several traces is a row of the trace of its first packet."
            }
            Self::Findings => {
                "One row for each finding of `zscope sessions`, worst first: what is wrong, the packets \
                 that show it, who should act, and what to do next. It joins `sessions` by `session.kind` \
                 and `session.stream`; a finding about a trace as a whole has neither."
            }
            Self::Anomalies => "One row for each damage or oddity of a trace: what, where, and what to do.",
        }
    }

    /// Its columns.
    #[must_use]
    pub fn columns(self) -> &'static [ColumnDef] {
        static ALL: LazyLock<[Vec<ColumnDef>; 5]> =
            LazyLock::new(|| [packets(), records(), sessions(), findings(), anomalies()]);
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
    /// What trackers found.
    Talk(Talk),
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

/// What the tables `sessions` and `findings` are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Talk {
    Kind,
    Stream,
    /// Of end A or B.
    Address(u8),
    Port(u8),
    /// Sent by A or by B, as the rest with a side.
    Packets(u8),
    Bytes(u8),
    Start,
    Duration,
    FirstPacket,
    LastPacket,
    Findings,
    Worst,
    State,
    Client,
    InitialRtt,
    Rtt(u8),
    Payload(u8),
    Mss(u8),
    Retransmissions(u8),
    OutOfOrder(u8),
    DuplicateAcks(u8),
    Lost(u8),
    ZeroWindows(u8),
    Resets(u8),
    ResponseMax,
    Requests,
    Replies,
    Job,
    ConnectionId,
    Asid,
    Severity,
    Rule,
    Text,
    Who,
    NextStep,
    PacketCount,
    PacketList,
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
        Kind::AbsTime | Kind::DateTime | Kind::LocalTime => Type::Time,
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

const fn talk(name: &'static str, kind: Type, talk: Talk, meaning: &'static str) -> ColumnDef {
    ColumnDef { name, kind, meaning, source: Source::Talk(talk) }
}

/// By what sessions and findings are told apart.
const SESSION: [ColumnDef; 2] = [
    talk(
        "session.kind",
        Type::Text,
        Talk::Kind,
        "tcp, udp, icmp, arp, nd, or data (a socket of a z/OS data trace)",
    ),
    talk("session.stream", Type::Int, Talk::Stream, "Number among those of its kind: tcp.stream, udp.stream"),
];

fn sessions() -> Vec<ColumnDef> {
    use Type::{Float, Int, Text, Time};
    let mut c = TRACE.to_vec();
    c.extend(SESSION);
    c.extend([
        talk("addr_a", Text, Talk::Address(0), "Address of A, who sent the first packet"),
        talk("port_a", Int, Talk::Port(0), "Port of A"),
        talk("addr_b", Text, Talk::Address(1), "Address of B"),
        talk("port_b", Int, Talk::Port(1), "Port of B"),
        talk("packets_ab", Int, Talk::Packets(0), "Packets from A to B"),
        talk("bytes_ab", Int, Talk::Bytes(0), "Bytes of whole frames from A to B"),
        talk("packets_ba", Int, Talk::Packets(1), "Packets from B to A"),
        talk("bytes_ba", Int, Talk::Bytes(1), "Bytes of whole frames from B to A"),
        talk("start", Time, Talk::Start, "Time of the first packet"),
        talk("duration", Float, Talk::Duration, "Seconds from the first to the last packet"),
        talk("first_packet", Int, Talk::FirstPacket, "frame.number of the first packet"),
        talk("last_packet", Int, Talk::LastPacket, "frame.number of the last packet"),
        talk("finding_count", Int, Talk::Findings, "Number of findings about it"),
        talk("worst", Text, Talk::Worst, "Severity of the worst finding: error, warning or note"),
        talk(
            "state",
            Text,
            Talk::State,
            "TCP: unanswered, refused, half-open, open, half-closed, closed or reset",
        ),
        talk("client", Text, Talk::Client, "TCP: which end opened the connection, a or b"),
        talk("initial_rtt", Float, Talk::InitialRtt, "TCP: seconds that the handshake took"),
        talk("rtt_ab", Float, Talk::Rtt(0), "TCP: average seconds until data of A was acknowledged"),
        talk("rtt_ba", Float, Talk::Rtt(1), "TCP: the same for B"),
        talk("payload_ab", Int, Talk::Payload(0), "TCP, UDP: bytes of data from A to B"),
        talk("payload_ba", Int, Talk::Payload(1), "TCP, UDP: bytes of data from B to A"),
        talk("mss_ab", Int, Talk::Mss(0), "TCP: maximum segment size that A named"),
        talk("mss_ba", Int, Talk::Mss(1), "TCP: maximum segment size that B named"),
        talk("retransmissions_ab", Int, Talk::Retransmissions(0), "TCP: retransmissions by A, of every kind"),
        talk("retransmissions_ba", Int, Talk::Retransmissions(1), "TCP: retransmissions by B, of every kind"),
        talk("out_of_order_ab", Int, Talk::OutOfOrder(0), "TCP: segments of A out of order"),
        talk("out_of_order_ba", Int, Talk::OutOfOrder(1), "TCP: segments of B out of order"),
        talk("duplicate_acks_ab", Int, Talk::DuplicateAcks(0), "TCP: duplicate acknowledgments by A"),
        talk("duplicate_acks_ba", Int, Talk::DuplicateAcks(1), "TCP: duplicate acknowledgments by B"),
        talk("lost_ab", Int, Talk::Lost(0), "TCP: times that segments of A before one were not in the trace"),
        talk("lost_ba", Int, Talk::Lost(1), "TCP: the same for B"),
        talk("zero_windows_ab", Int, Talk::ZeroWindows(0), "TCP: times that A closed its window"),
        talk("zero_windows_ba", Int, Talk::ZeroWindows(1), "TCP: times that B closed its window"),
        talk("resets_ab", Int, Talk::Resets(0), "TCP: resets by A"),
        talk("resets_ba", Int, Talk::Resets(1), "TCP: resets by B"),
        talk("response_max", Float, Talk::ResponseMax, "TCP: longest time in seconds that an answer took"),
        talk("requests", Int, Talk::Requests, "ICMP, ARP, nd: requests"),
        talk("replies", Int, Talk::Replies, "ICMP, ARP, nd: replies"),
        talk("job", Text, Talk::Job, "z/OS job, where a data trace names it"),
        talk("cid", Int, Talk::ConnectionId, "z/OS connection id, where a data trace names it"),
        talk("asid", Int, Talk::Asid, "z/OS address space, where a data trace names it"),
    ]);
    c
}

fn findings() -> Vec<ColumnDef> {
    use Type::{Int, Text};
    let mut c = TRACE.to_vec();
    c.extend([
        talk("severity", Text, Talk::Severity, "error, warning or note"),
        talk(
            "rule",
            Text,
            Talk::Rule,
            "Name of the rule that found it; stays the same when its words change",
        ),
        talk("text", Text, Talk::Text, "What is wrong, in a sentence"),
        talk("who", Text, Talk::Who, "Who should act"),
        talk("next_step", Text, Talk::NextStep, "What to do next"),
        talk("packet_count", Int, Talk::PacketCount, "How many packets show it"),
        talk("packet_list", Text, Talk::PacketList, "frame.number of the first of them, as a JSON array"),
    ]);
    c.extend(SESSION);
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
