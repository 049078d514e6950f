//! `zscope info`: what a trace is. Only record headers are looked at, so it runs at the speed of
//! reading.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use crate::decode::print;
use crate::pipeline::{InputReport, MAX_ANOMALIES};
use crate::source::frame::{Batch, Interface, Timestamp};
use crate::source::{OpenError, Options, Reader};

use super::input::Input;
use super::output::Output;
use super::owners::Owners;

/// `zscope info FILE… [--json]`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: Input,
    /// One JSON object for each file
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(a: &Args) -> io::Result<ExitCode> {
    let stdout = Output::stdout()?;
    let mut read = 0;
    for path in &a.input.files {
        match survey(path, &a.input.options(None)) {
            Ok(s) => {
                read += 1;
                let text = if a.json { format!("{}\n", s.json()) } else { s.text() };
                if !stdout.write(text.as_bytes()) {
                    break;
                }
            }
            Err(e) => eprintln!("zscope: {e}"),
        }
    }
    stdout.finish()?;
    Ok(ExitCode::from(u8::from(read == 0)))
}

/// Everything `info` says about one file.
#[derive(Debug, Default)]
pub struct Survey {
    /// Layers, counts and anomalies.
    pub report: InputReport,
    /// Bytes of the peeled stream.
    pub bytes: u64,
    /// Earliest and latest time.
    pub times: Option<(Timestamp, Timestamp)>,
    /// True when times never go back.
    pub in_order: bool,
    /// Bytes captured, and bytes on the wire.
    pub captured: u64,
    /// See `captured`.
    pub on_wire: u64,
    /// Packets cut at capture.
    pub cut: u64,
    /// Interfaces with their packets.
    pub interfaces: Vec<(Interface, u64)>,
    /// Packets by link type.
    pub links: BTreeMap<u16, u64>,
    /// Whom the records of a component trace belong to.
    pub owners: Owners,
}

/// Reads a whole file, record headers only.
pub fn survey(path: &Path, options: &Options) -> Result<Survey, OpenError> {
    let mut reader = Reader::open(path, options)?;
    let mut s = Survey { in_order: true, ..Survey::default() };
    let mut batch = Batch::default();
    let mut per_interface: Vec<u64> = Vec::new();
    while reader.next(&mut batch) {
        s.report.tally.add(&batch.tally);
        for a in batch.anomalies.drain(..) {
            *s.report.anomaly_counts.entry(a.kind.name()).or_default() += 1;
            if s.report.anomalies.len() < MAX_ANOMALIES {
                s.report.anomalies.push(a);
            }
        }
        per_interface.resize(batch.interfaces.len().max(per_interface.len()), 0);
        let (mut link, mut run) = (None, 0);
        let mut last = batch.previous;
        for f in &batch.frames {
            s.owners.count(&batch, f);
            s.captured += u64::from(f.data.len);
            s.on_wire += u64::from(f.orig_len);
            s.cut += u64::from(f.data.len < f.orig_len);
            if let Some(n) = per_interface.get_mut(f.iface as usize) {
                *n += 1;
            }
            if link != Some(f.link) {
                if let Some(l) = link.replace(f.link) {
                    *s.links.entry(l.0).or_default() += run;
                }
                run = 0;
            }
            run += 1;
            let Some(t) = f.time else { continue };
            s.in_order &= last.is_none_or(|l| l <= t);
            last = Some(t);
            s.times = Some(match s.times {
                None => (t, t),
                Some((a, b)) => (a.min(t), b.max(t)),
            });
        }
        if let Some(l) = link {
            *s.links.entry(l.0).or_default() += run;
        }
        if batch.interfaces.len() > s.interfaces.len() {
            let known = s.interfaces.len();
            s.interfaces.extend(batch.interfaces[known..].iter().map(|i| (i.clone(), 0)));
        }
    }
    for (i, n) in s.interfaces.iter_mut().zip(per_interface) {
        i.1 = n;
    }
    s.owners.settle();
    s.bytes = reader.position();
    s.report.path = path.to_owned();
    s.report.layers = reader.layers();
    s.report.facts = reader.facts();
    Ok(s)
}

fn iso(t: Timestamp) -> String {
    let mut v = Vec::new();
    print::iso(&mut v, t);
    String::from_utf8(v).unwrap_or_default()
}

impl Survey {
    fn duration(&self) -> Option<f64> {
        self.times.map(|(a, b)| (b.nanos_total() - a.nanos_total()) as f64 / 1e9)
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut o = String::new();
        let mut row = |key: &str, value: String| {
            let _ = writeln!(o, "  {key:<24}{value}");
        };
        let t = &self.report.tally;
        row("layers", self.report.layers.join(" > "));
        row(
            "size",
            format!("{} bytes, {} in records, {} skipped", self.bytes, t.record_bytes, t.skipped_bytes),
        );
        row("packets", t.frames.to_string());
        row("records", self.records());
        if let Some((first, last)) = self.times {
            row("first", iso(first));
            row("last", iso(last));
            row("duration", format!("{:.9} s", self.duration().unwrap_or(0.0)));
            row("time order", if self.in_order { "ascending" } else { "not ascending" }.into());
        }
        row(
            "bytes",
            format!("{} captured of {} on the wire, {} packets cut", self.captured, self.on_wire, self.cut),
        );
        for (l, n) in &self.links {
            row("link type", format!("{l}{}: {n} packets", link_name(*l)));
        }
        for (i, (iface, n)) in self.interfaces.iter().enumerate() {
            let name = iface.name.as_deref().unwrap_or("-");
            let description = iface.description.as_deref().map(|d| format!(" ({d})")).unwrap_or_default();
            row("interface", format!("{i}: {name}{description}, {n} packets"));
        }
        for (k, v) in self.owners.rows() {
            row(k, v);
        }
        for (k, v) in &self.report.facts {
            row(k, v.clone());
        }
        for (k, n) in &self.report.anomaly_counts {
            row("anomalies", format!("{n} {k}"));
        }
        for a in &self.report.anomalies {
            let advice = if a.advice.is_empty() { String::new() } else { format!("; {}", a.advice) };
            row("", format!("at offset {}: {} {}{advice}", a.offset, a.kind.name(), a.detail));
        }
        format!("{}\n{o}", self.report.path.display())
    }

    /// The sum that must come out.
    fn records(&self) -> String {
        let t = &self.report.tally;
        let mut s = format!("{} = {} packets", t.records, t.frames);
        if t.joined > 0 {
            let _ = write!(s, " + {} joined to others", t.joined);
        }
        for (name, n) in &t.other {
            let _ = write!(s, " + {n} {name}");
        }
        if t.damaged > 0 {
            let _ = write!(s, " + {} damaged", t.damaged);
        }
        if !t.adds_up() {
            s.push_str(" (does not add up: please report this)");
        }
        s
    }

    /// For programs: one object.
    #[must_use]
    pub fn json(&self) -> Value {
        let t = &self.report.tally;
        let other: Map<String, Value> = t.other.iter().map(|(k, v)| (k.to_string(), json!(v))).collect();
        let facts: Map<String, Value> =
            self.report.facts.iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect();
        let (jobs, asids) = self.owners.json();
        json!({
            "file": self.report.path.display().to_string(),
            "layers": self.report.layers,
            "bytes": self.bytes,
            "record_bytes": t.record_bytes,
            "skipped_bytes": t.skipped_bytes,
            "packets": t.frames,
            "records": t.records,
            "joined": t.joined,
            "other": other,
            "damaged": t.damaged,
            "adds_up": t.adds_up(),
            "first": self.times.map(|t| iso(t.0)),
            "last": self.times.map(|t| iso(t.1)),
            "duration": self.duration(),
            "in_order": self.in_order,
            "captured_bytes": self.captured,
            "wire_bytes": self.on_wire,
            "cut_packets": self.cut,
            "link_types": self.links.iter().map(|(l, n)| json!({"link_type": l, "packets": n})).collect::<Vec<_>>(),
            "interfaces": self.interfaces.iter().map(|(i, n)| json!({
                "name": i.name, "description": i.description, "link_type": i.link.0,
                "snaplen": i.snaplen, "packets": n,
            })).collect::<Vec<_>>(),
            "jobs": jobs,
            "asids": asids,
            "facts": facts,
            "anomaly_counts": self.report.anomaly_counts,
            "anomalies": self.report.anomalies.iter().map(|a| json!({
                "kind": a.kind.name(), "offset": a.offset, "bytes": a.bytes,
                "detail": a.detail, "advice": a.advice,
            })).collect::<Vec<_>>(),
        })
    }
}

/// The usual name of a link type, in parentheses.
fn link_name(l: u16) -> &'static str {
    match l {
        0 => " (BSD loopback)",
        1 => " (Ethernet)",
        6 => " (Token Ring)",
        9 => " (PPP)",
        101 => " (raw IP)",
        105 => " (IEEE 802.11)",
        113 => " (Linux cooked)",
        127 => " (radiotap)",
        147 => " (user 0)",
        228 => " (IPv4)",
        229 => " (IPv6)",
        276 => " (Linux cooked v2)",
        0xFF00 => " (z/OS trace entry)",
        0xFF05 => " (z/OS socket data)",
        0xFF08 => " (z/OS SMC record)",
        _ => "",
    }
}
