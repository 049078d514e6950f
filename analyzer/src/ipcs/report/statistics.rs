//! STATISTICS and TALLY: counts of records, and tables of what was in them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use formats::ctrace::pthdr::DeviceType;

use super::super::options::{Detail, Options};
use super::super::parse_options::{precedence, protocol_name};
use super::super::record::{Kind, Record};
use super::super::zone::Zone;
use crate::pipeline::Report;
use crate::source::frame::{AnomalyKind, Timestamp};

/// Keys that a table has at most; what comes after is counted under one name.
const MAX_KEYS: usize = 65_536;

/// What a table counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Key {
    Number(u64),
    Text(Box<str>),
    Address(IpAddr),
    Others,
}

/// Counts of one key.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    total: u64,
    input: u64,
    input_bytes: u64,
    output: u64,
    output_bytes: u64,
    first: (u64, Timestamp),
    last: (u64, Timestamp),
}

impl Row {
    fn add(&mut self, r: &Record<'_>, time: Timestamp) {
        if self.total == 0 {
            self.first = (r.nr, time);
        }
        self.last = (r.nr, time);
        self.total += 1;
        let bytes = u64::from(r.packet.total);
        match r.direction() {
            'I' => (self.input, self.input_bytes) = (self.input + 1, self.input_bytes + bytes),
            'O' => (self.output, self.output_bytes) = (self.output + 1, self.output_bytes + bytes),
            _ => {}
        }
    }
}

/// The tables, in the order in which they are printed. From the device name on the order is
/// ours, as the manual's is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
enum Table {
    RecordType,
    IpVersion,
    DeviceType,
    Interface,
    JobName,
    Asid,
    Protocol,
    Address,
    Qos,
    TcpPort,
    UdpPort,
    Probe,
    EntryId,
    Discard,
}

const TABLES: [(Table, &str); 14] = [
    (Table::RecordType, "Record Type"),
    (Table::IpVersion, "Ip Version"),
    (Table::DeviceType, "Device Type"),
    (Table::Interface, "Interface"),
    (Table::JobName, "Job Name"),
    (Table::Asid, "Asid"),
    (Table::Protocol, "Protocol"),
    (Table::Address, "Ip Address"),
    (Table::Qos, "Qos"),
    (Table::TcpPort, "Tcp Port"),
    (Table::UdpPort, "Udp Port"),
    (Table::Probe, "Probe"),
    (Table::EntryId, "Entry Id"),
    (Table::Discard, "Discard Reason"),
];

/// The counts of a run.
#[derive(Debug)]
pub struct Statistics {
    tables: Vec<HashMap<Key, Row>>,
    /// Records of the component that START and STOP let through.
    pub read: u64,
    /// Records that passed every filter.
    pub passed: u64,
    packets: u64,
    data: u64,
    others: u64,
    /// Fragments, and those that are the last of their packet.
    fragments: (u64, u64),
    directed: bool,
}

impl Default for Statistics {
    fn default() -> Self {
        Self {
            tables: vec![HashMap::new(); TABLES.len()],
            read: 0,
            passed: 0,
            packets: 0,
            data: 0,
            others: 0,
            fragments: (0, 0),
            directed: false,
        }
    }
}

impl Statistics {
    /// Counts a record that passed, without the tables.
    pub fn count(&mut self, r: &Record<'_>) {
        self.passed += 1;
        match r.kind {
            Kind::Data => self.data += 1,
            Kind::Event => self.others += 1,
            _ => self.packets += 1,
        }
        if let Some((_, more)) = r.packet.fragment {
            self.fragments.0 += 1;
            self.fragments.1 += u64::from(!more);
        }
    }

    /// Counts a record in the tables.
    pub fn tabulate(&mut self, r: &Record<'_>, o: &Options) {
        let time = if o.tod { r.time } else { r.entry_time };
        self.directed |= r.pth.is_some();
        let mut add = |t: Table, k: Key| {
            let table = &mut self.tables[t as usize];
            let k = if table.len() < MAX_KEYS || table.contains_key(&k) { k } else { Key::Others };
            table.entry(k).or_default().add(r, time);
        };
        let p = &r.packet;
        if r.kind == Kind::Event {
            add(Table::EntryId, Key::Number(r.id.0.into()));
            if r.name == Some("SYSTCPIS") {
                add(Table::Probe, Key::Number(r.id.0.into()));
            }
            if p.version == 0 {
                return;
            }
        } else {
            add(Table::RecordType, Key::Number(r.id.0.into()));
        }
        if p.version != 0 {
            add(Table::IpVersion, Key::Number(p.version.into()));
        }
        if let Some(h) = &r.pth {
            add(Table::DeviceType, Key::Number(h.device_type().0.into()));
            if let Some(a) = h.asid().filter(|a| *a != 0) {
                add(Table::Asid, Key::Number(a.into()));
            }
            if let Some(d) = h.drop_reason().filter(|d| d.0 != 0) {
                add(Table::Discard, Key::Number(d.0.into()));
            }
        }
        if let Some(n) = r.name {
            add(if r.kind == Kind::Data { Table::JobName } else { Table::Interface }, Key::Text(n.into()));
        }
        if let Some(n) = p.protocol {
            add(Table::Protocol, Key::Number(n.into()));
            if let Some((a, b)) = p.ports
                && let Some(t) = [(6, Table::TcpPort), (17, Table::UdpPort)].iter().find(|t| t.0 == n)
            {
                add(t.1, Key::Number(a.into()));
                if a != b {
                    add(t.1, Key::Number(b.into()));
                }
            }
        }
        if let Some(a) = p.src {
            add(Table::Address, Key::Address(a));
        }
        if let Some(a) = p.dst.filter(|a| Some(*a) != p.src) {
            add(Table::Address, Key::Address(a));
        }
        if p.version == 4 && p.ip.len() > 1 {
            add(Table::Qos, Key::Number((p.ip[1] >> 5).into()));
        }
    }

    /// The report.
    #[must_use]
    pub fn print(&self, report: &Report, zone: Zone, detail: Detail, reassemble: bool) -> String {
        let mut t = self.counts(report, reassemble);
        if detail == Detail::Detail || !self.tables[Table::RecordType as usize].is_empty() {
            for (which, name) in TABLES {
                let many = matches!(which, Table::Address | Table::TcpPort | Table::UdpPort);
                let rows = &self.tables[which as usize];
                if rows.is_empty() || (detail == Detail::Summary && many) {
                    continue;
                }
                table(&mut t, which, name, rows, zone);
            }
        }
        if self.packets > 0 && !self.directed {
            t.push_str(
                "\nThe input does not say which packets are inbound: Input and Output are not counted\n",
            );
        }
        t
    }

    /// What was read, and how much of it passed.
    fn counts(&self, report: &Report, reassemble: bool) -> String {
        let mut t = String::new();
        match (reassemble, self.fragments) {
            (false, _) => {}
            (true, (0, _)) => t.push_str("No packets required reassembly\n"),
            (true, (n, last)) => {
                let _ = writeln!(t, "{last} packet(s) required reassembly, from {n} fragment(s)");
            }
        }
        let sum = |f: &dyn Fn(&crate::pipeline::InputReport) -> u64| report.inputs.iter().map(f).sum::<u64>();
        let lost = AnomalyKind::MissingSegment.name();
        let rows = [
            (sum(&|i| i.tally.records), "ctrace record(s) processed"),
            (sum(&|i| i.tally.joined), "segmented trace record(s) read"),
            (
                sum(&|i| i.anomaly_counts.get(lost).copied().unwrap_or(0)),
                "segmented trace record(s) were lost",
            ),
            (self.read, "trace record(s) read"),
            (sum(&|i| i.tally.damaged), "record(s) could not be validated"),
            (self.passed, "record(s) passed filtering"),
            (self.packets, "packet trace record(s)"),
            (self.data, "data trace record(s)"),
        ];
        for (n, text) in rows {
            let _ = writeln!(t, "{n:>10} {text}");
        }
        if self.others > 0 {
            let _ = writeln!(t, "{:>10} event trace record(s)", self.others);
        }
        t
    }
}

fn table(t: &mut String, which: Table, name: &str, rows: &HashMap<Key, Row>, zone: Zone) {
    let _ = writeln!(
        t,
        "\n{:>8} {:>8} {:>12} {:>8} {:>12} {:>8} {:<19} {:>8} {:<19} {name}",
        "Total",
        "Input",
        "Data",
        "Output",
        "Data",
        "First",
        "yyyy/mm/dd hh.mm.ss",
        "Last",
        "yyyy/mm/dd hh.mm.ss"
    );
    let mut sorted: Vec<(&Key, &Row)> = rows.iter().collect();
    sorted.sort_unstable_by(|a, b| a.0.cmp(b.0));
    let mut all = Row::default();
    for (k, row) in sorted {
        let at = |(_, t): (u64, Timestamp)| {
            let c = zone.clock(t);
            format!("{} {}", c.date(), c.dotted())
        };
        let _ = writeln!(
            t,
            "{:>8} {:>8} {:>12} {:>8} {:>12} {:>8} {} {:>8} {} {}",
            row.total,
            row.input,
            row.input_bytes,
            row.output,
            row.output_bytes,
            row.first.0,
            at(row.first),
            row.last.0,
            at(row.last),
            label(which, k)
        );
        all.total += row.total;
        all.input += row.input;
        all.input_bytes += row.input_bytes;
        all.output += row.output;
        all.output_bytes += row.output_bytes;
    }
    let _ = writeln!(
        t,
        "{:>8} {:>8} {:>12} {:>8} {:>12} Total\n{:>8} {name}(s) found",
        all.total,
        all.input,
        all.input_bytes,
        all.output,
        all.output_bytes,
        rows.len()
    );
}

/// A key as its table shows it: `4(Packet Trace)`, `34(Loopback)`.
fn label(which: Table, k: &Key) -> String {
    let n = match k {
        Key::Text(t) => return t.to_string(),
        Key::Address(a) => return a.to_string(),
        Key::Others => return "others".into(),
        Key::Number(n) => *n,
    };
    let name = match which {
        Table::RecordType => match n {
            1 | 4 => Some("Packet Trace".into()),
            2 => Some("X.25".into()),
            3 | 6 => Some("EE".into()),
            5 => Some("Data Trace".into()),
            7 => Some("OSAENTA".into()),
            8 => Some("SMC".into()),
            _ => None,
        },
        Table::DeviceType => DeviceType(n as u8).name().map(str::to_owned),
        Table::Protocol => protocol_name(n),
        Table::Qos => Some(precedence(n as u8).to_owned()),
        Table::Probe | Table::EntryId => return format!("{n:08X}"),
        Table::Asid => return format!("{n:04X}"),
        Table::Discard => {
            let d = formats::ctrace::DropReason(n as u16);
            d.meaning().map(|m| m.0).or(d.layer()).map(str::to_owned)
        }
        _ => None,
    };
    name.map_or_else(|| n.to_string(), |t| format!("{n}({t})"))
}
