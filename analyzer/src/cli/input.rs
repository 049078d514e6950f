//! What every command that reads traces has in common: its options, and how it ends.

use std::path::PathBuf;
use std::process::ExitCode;

use formats::ebcdic::CodePage;

use crate::decode::transport::{tcp, udp};
use crate::decode::{FieldId, Settings, app};
use crate::export::printer::Wanted;
use crate::filter::Filter;
use crate::pipeline::Report;
use crate::source::layers::LayerLimits;
use crate::source::{Framing, Options};

/// Files, and what to know about them.
#[derive(Debug, Clone, clap::Args)]
pub struct Input {
    /// Traces to read, `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Record framing of a z/OS data set, instead of finding it out
    #[arg(long, value_enum)]
    pub framing: Option<Framing>,
    /// Seconds by which the TOD clock of the trace runs ahead of UTC
    #[arg(long, default_value_t = 0, allow_hyphen_values = true, value_name = "N")]
    pub leap_seconds: i64,
    /// Verify the checksums of IPv4, TCP, UDP and SCTP; traces taken before the adapter fills
    /// them in show them wrong
    #[arg(long)]
    pub verify_checksums: bool,
    /// Code page of EBCDIC text: 037, 500, 1047 or 1140
    #[arg(long, default_value_t = CodePage::Ibm1047, value_name = "PAGE")]
    pub codepage: CodePage,
    /// How many times its size a compressed trace may unpack to, 0 for no limit
    #[arg(long, default_value_t = LayerLimits::default().max_ratio, value_name = "N")]
    pub max_ratio: u64,
    /// Megabytes of memory that unpacking a zstd or xz file may take
    #[arg(long, default_value_t = LayerLimits::default().max_memory >> 20, value_name = "MB")]
    pub max_window: u64,
    /// Threads to decode with [default: one for each core, four at most]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

/// More threads than this only wait for each other's turn to write.
const MAX_THREADS: usize = 4;

impl Input {
    /// Reader options; `limit` ends the reading after so many frames.
    #[must_use]
    pub fn options(&self, limit: Option<u64>) -> Options {
        let limits = LayerLimits {
            max_ratio: self.max_ratio,
            max_memory: self.max_window.saturating_mul(1 << 20),
            ..LayerLimits::default()
        };
        Options { framing: self.framing, leap_seconds: self.leap_seconds, limits, limit }
    }

    /// Decoder settings for what is asked of the packets.
    #[must_use]
    pub fn settings(&self, asked: Asked) -> Settings {
        Settings {
            leap_seconds: self.leap_seconds,
            verify_checksums: self.verify_checksums,
            codepage: self.codepage,
            follow_tcp: asked.follow_tcp,
            follow_udp: asked.follow_udp,
            applications: asked.applications,
            pair_questions: asked.pair_questions,
        }
    }

    /// Number of worker threads.
    #[must_use]
    pub fn workers(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
        self.threads.unwrap_or_else(cores).max(1)
    }
}

/// Which look-back is needed for what is asked for; the others cost nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked {
    /// As in [`Settings`].
    pub follow_tcp: bool,
    /// As in [`Settings`].
    pub follow_udp: bool,
    /// As in [`Settings`].
    pub applications: bool,
    /// As in [`Settings`].
    pub pair_questions: bool,
}

impl Asked {
    /// What these fields, or everything, depend on.
    pub fn of<I: Iterator<Item = FieldId>>(everything: bool, fields: impl Fn() -> I) -> Self {
        Self {
            follow_tcp: everything || fields().any(tcp::depends_on_flow),
            follow_udp: everything || fields().any(udp::depends_on_flow),
            applications: everything || fields().any(app::depends_on_streams),
            pair_questions: everything || fields().any(app::dns_pairs::depends_on_questions),
        }
    }
}

/// What an output of `wanted`, or of everything, selected by `filter` depends on.
#[must_use]
pub fn asked(everything: bool, wanted: &Wanted, filter: Option<&Filter>) -> Asked {
    Asked::of(everything, || {
        let wanted = wanted.iter().flat_map(|(_, r)| r.fields);
        wanted.chain(filter.into_iter().flat_map(Filter::fields)).copied()
    })
}

/// Reads a display filter; a wrong one ends the program with its own message.
pub fn filter(text: Option<&str>) -> std::io::Result<Option<Filter>> {
    let parse = |t| Filter::parse(t).map_err(|e| std::io::Error::other(format!("display filter: {e}")));
    text.map(parse).transpose()
}

/// Tells on standard error what could not be read, and decides the exit status.
#[must_use]
pub fn conclude(report: &Report) -> ExitCode {
    for f in &report.failed {
        eprintln!("zscope: {f}");
    }
    let forgotten = report.tcp.evicted() + report.forgotten_pairs + report.forgotten_sessions;
    if forgotten > 0 {
        eprintln!(
            "zscope: more connections than fit: {forgotten} were forgotten, and count as new if they go on"
        );
    }
    if report.left_out > 0 {
        eprintln!(
            "zscope: more conversations than fit: {} packets of later ones are not counted",
            report.left_out
        );
    }
    for i in &report.inputs {
        let n: u64 = i.anomaly_counts.values().sum();
        if n == 0 {
            continue;
        }
        let kinds: Vec<String> = i.anomaly_counts.iter().map(|(k, v)| format!("{v} {k}")).collect();
        eprintln!("zscope: {}: {}", i.path.display(), kinds.join(", "));
        for a in i.anomalies.iter().take(3) {
            eprint!("zscope:   at offset {}: {}", a.offset, a.detail);
            if !a.advice.is_empty() {
                eprint!("; {}", a.advice);
            }
            eprintln!();
        }
        if n > 3 {
            eprintln!("zscope:   `zscope info` lists all {n}");
        }
    }
    let nothing = report.inputs.iter().all(|i| i.tally.frames == 0 && !i.anomaly_counts.is_empty());
    ExitCode::from(u8::from(nothing))
}
