//! The same in zscope's own commands, and what CTRACE QUERY lists.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use super::command::Ctrace;
use super::inputs;
use super::options::{NO_LIMIT, SnifferKind};
use super::parse_options::Kind;
use super::record::Record;
use super::run::{Setup, to_gmt};
use super::select;
use super::zone::Zone;
use crate::source::frame::{Batch, LinkType, Timestamp};
use crate::source::{OpenError, Reader};

/// The display filter that a command stands for, component, times and entry ids included.
#[must_use]
pub fn filter(c: &Ctrace, setup: &Setup) -> String {
    let zone = setup.zone_of(c);
    let ctrace = setup.files_of(c).iter().all(|p| inputs::look(p, &setup.options).ctrace);
    let mut parts: Vec<String> = Vec::new();
    match (c.component.as_str(), c.kind()) {
        _ if !ctrace => {}
        ("SYSTCPDA", _) => parts.push("pth and not cte.fmtid == 7".into()),
        ("SYSTCPOT", _) => parts.push("cte.fmtid == 7".into()),
        (name, Kind::Events | Kind::Intrusions | Kind::Packets) => {
            parts.push(format!(
                "zscope.linktype == {} and frame.interface_name == \"{name}\"",
                LinkType::ZOS_CTE.0
            ));
        }
    }
    let time = if ctrace { "cte.time" } else { "frame.time" };
    for (t, op) in [(c.start, ">="), (c.stop, "<=")] {
        if let Some(t) = t {
            parts.push(format!("{time} {op} \"{}\"", iso(to_gmt(t, zone))));
        }
    }
    if !c.entry_ids.is_empty() && ctrace {
        parts.push(select::within("cte.fmtid", &c.entry_ids, true));
    }
    if !c.options.records.is_empty() {
        parts.push(select::within("frame.number", &c.options.records, false));
    }
    let selection = c.selection().filter();
    if !selection.is_empty() {
        let alternatives = selection.contains(" or ") && !parts.is_empty();
        parts.push(if alternatives { format!("({selection})") } else { selection });
    }
    parts.join(" and ")
}

/// `2026-03-02 08:00:00.123456`.
fn iso(t: Timestamp) -> String {
    let c = Zone::Gmt.clock(t);
    format!("{} {}", c.date().replace('/', "-"), c.time())
}

/// A word of a command line for a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The commands of zscope that say the same, one a line, with remarks behind `#`.
#[must_use]
pub fn show(c: &Ctrace, setup: &Setup) -> String {
    let files =
        setup.files_of(c).iter().map(|p| quoted(&p.display().to_string())).collect::<Vec<_>>().join(" ");
    let filter = filter(c, setup);
    let selected = if filter.is_empty() { String::new() } else { format!(" -Y {}", quoted(&filter)) };
    let o = &c.options;
    let mut t = String::new();
    let events = c.kind() == Kind::Events;
    if events || o.per_record() {
        let tree = if o.format.is_some() || events { " -V" } else { "" };
        let hex = if o.dump.is_some() { " -x" } else { "" };
        let head = if o.limit < NO_LIMIT && tree.is_empty() && hex.is_empty() {
            format!(" | head -n {}", o.limit)
        } else {
            String::new()
        };
        let _ = writeln!(t, "zscope packets {files}{selected}{tree}{hex}{head}");
    }
    if o.session.is_some() || o.streams.is_some() {
        let _ = writeln!(t, "zscope sessions {files}{selected}");
    }
    if o.streams.is_some() {
        let _ = writeln!(t, "zscope sessions {files}{selected} --follow 0  # or another number of the list");
    }
    if o.statistics.is_some() {
        let _ = writeln!(t, "zscope info {files}");
        if !selected.is_empty() {
            let _ = writeln!(t, "zscope packets {files}{selected} --count");
        }
    }
    if let Some(s) = o.sniffer {
        let default = match s.kind {
            SnifferKind::Tcpdump => "out.pcap",
            _ => "out.pcapng",
        };
        let out = setup.sniffer.clone().unwrap_or_else(|| PathBuf::from(default));
        let _ = writeln!(t, "zscope export {files}{selected} -o {}", quoted(&out.display().to_string()));
    }
    if !o.records.is_empty() && (c.start.is_some() || c.stop.is_some()) {
        t.push_str("# RECORDS counts from START on, frame.number from the beginning of the file\n");
    }
    if o.limit < NO_LIMIT || c.limit.is_some() {
        t.push_str("# LIMIT ends the report after so many records\n");
    }
    t
}

/// A component in an input.
#[derive(Debug, Default)]
struct Found {
    entries: u64,
    times: Option<(Timestamp, Timestamp)>,
}

/// CTRACE QUERY (layout ours): the components of each input, or one of them.
pub fn components(wanted: Option<&str>, setup: &Setup, zone: Zone) -> (String, Vec<OpenError>) {
    let mut t = String::from("COMPONENT TRACE QUERY\n");
    let mut failed = Vec::new();
    for path in &setup.files {
        let mut reader = match Reader::open(path, &setup.options) {
            Ok(r) => r,
            Err(e) => {
                failed.push(e);
                continue;
            }
        };
        let mut found: BTreeMap<String, Found> = BTreeMap::new();
        let mut batch = Batch::default();
        while reader.next(&mut batch) {
            for f in &batch.frames {
                let component = Record::new(&batch, f, 0).component_name();
                let c = found.entry(component).or_default();
                c.entries += 1;
                if let Some(time) = f.time {
                    c.times = Some(c.times.map_or((time, time), |(a, b)| (a.min(time), b.max(time))));
                }
            }
        }
        let facts = reader.facts();
        let fact =
            |keys: &[&str]| facts.iter().find(|(k, _)| keys.contains(k)).map_or("-", |(_, v)| v.as_str());
        let _ = writeln!(t, "DSNAME('{}')", path.display());
        let _ = writeln!(t, " Component Subname  Sysname     Entries First                      Last");
        for (name, c) in found.iter().filter(|(n, _)| wanted.is_none_or(|w| w == *n)) {
            let at = |time: Timestamp| {
                let c = zone.clock(time);
                format!("{} {}", c.date(), c.time())
            };
            let (first, last) = c.times.map_or(("-".into(), "-".into()), |(a, b)| (at(a), at(b)));
            let _ = writeln!(
                t,
                " {name:<9} {:<8} {:<8} {:>10} {first:<26} {last}",
                fact(&["subname", "stack"]),
                fact(&["system"]),
                c.entries
            );
        }
        if !found.keys().any(|n| wanted.is_none_or(|w| w == n)) {
            t.push_str(" no entries\n");
        }
    }
    (t, failed)
}
