//! `zscope packets`: one line a packet, chosen fields, the field tree, JSON or CSV.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::export::printer::{self, Format, Printer};
use crate::export::select::Select;
use crate::pipeline::{self, Decoded, Work};
use crate::source::frame::Batch;

use super::input::{self, Input};
use super::output::Output;

/// `zscope packets FILE… [-Y FILTER] [-T text|fields|jsonl|csv] [-e FIELD]… [-V] [-x] [-c N]`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: Input,
    /// Only packets that match, in Wireshark's display-filter language
    #[arg(short = 'Y', value_name = "FILTER")]
    filter: Option<String>,
    /// How to print
    #[arg(short = 'T', value_enum, default_value_t = Format::Text)]
    format: Format,
    /// A field to print; may be given again
    #[arg(short = 'e', value_name = "FIELD")]
    fields: Vec<String>,
    /// The field tree of each packet
    #[arg(short = 'V')]
    tree: bool,
    /// The bytes of each packet, with EBCDIC and ASCII columns
    #[arg(short = 'x')]
    hex: bool,
    /// Read so many packets at most
    #[arg(short = 'c', value_name = "N")]
    limit: Option<u64>,
    /// Print the number of packets only
    #[arg(long)]
    count: bool,
}

/// Columns of CSV output when none are chosen.
pub const DEFAULT_COLUMNS: &[&str] = &[
    "frame.number",
    "frame.time_epoch",
    "frame.len",
    "frame.interface_name",
    "eth.src",
    "eth.dst",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "ip.proto",
    "tcp.srcport",
    "tcp.dstport",
    "udp.srcport",
    "udp.dstport",
    "tcp.flags",
    "tcp.len",
    "frame.protocols",
];

/// Runs the command.
pub fn run(a: &Args) -> io::Result<ExitCode> {
    let usage = |e: String| io::Error::new(io::ErrorKind::InvalidInput, e);
    let names: Vec<String> = match (a.format, a.fields.is_empty()) {
        (Format::Fields, true) => return Err(usage("-T fields needs at least one -e FIELD".into())),
        (Format::Csv, true) => DEFAULT_COLUMNS.iter().map(|&n| n.to_owned()).collect(),
        _ => a.fields.clone(),
    };
    let wanted = printer::resolve(&names).map_err(usage)?;
    let filter = input::filter(a.filter.as_deref())?;
    let printer = || match (a.count, a.tree && a.format == Format::Text) {
        (true, _) => None,
        (false, true) => Some(Printer::tree(a.hex)),
        (false, false) => Some(Printer::new(a.format, &wanted, a.hex)),
    };
    let everything = !a.count && (a.format == Format::Text || wanted.is_empty());
    let asked = input::asked(everything, &wanted, filter.as_ref());
    let stdout = Output::stdout()?;
    let total: Arc<AtomicU64> = Arc::default();
    let workers: Vec<Worker> = (0..a.input.workers())
        .map(|_| Worker {
            select: filter.as_ref().map(Select::new),
            printer: printer(),
            out: Vec::new(),
            stdout: stdout.clone(),
            total: Arc::clone(&total),
        })
        .collect();
    let header = workers.first().and_then(|w| w.printer.as_ref()).map(Printer::header).unwrap_or_default();
    if !stdout.write(header.as_bytes()) {
        return stdout.finish().map(|()| ExitCode::SUCCESS);
    }
    let report = pipeline::run(&a.input.files, &a.input.options(a.limit), &a.input.settings(asked), workers);
    if a.count {
        let n = total.load(Ordering::Relaxed);
        let _ = stdout.write(format!("{n}\n").as_bytes());
    }
    stdout.finish()?;
    Ok(input::conclude(&report))
}

struct Worker {
    select: Option<Select>,
    printer: Option<Printer>,
    out: Vec<u8>,
    stdout: Output,
    total: Arc<AtomicU64>,
}

impl Work for Worker {
    fn decode(&mut self, batch: &Decoded<'_>) {
        self.out.clear();
        let passed = self.select.as_mut().map(|s| s.pass(batch));
        match &mut self.printer {
            Some(p) => p.print(batch, passed, &mut self.out),
            None => {
                let n = passed.map_or(batch.batch.frames.len(), |p| p.iter().filter(|&&p| p).count());
                self.total.fetch_add(n as u64, Ordering::Relaxed);
            }
        }
    }

    fn deliver(&mut self, _: &Batch) -> bool {
        self.out.is_empty() || self.stdout.write(&self.out)
    }
}
