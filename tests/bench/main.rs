//! Runs each benchmark command beside its peer, in turn, and prints a table of ratios.
//!
//! Every figure is the median of several runs; the two commands of a pair alternate, so that
//! both meet the same machine. Inputs are read once before, output goes to /dev/null, and what
//! counts is processor time (user and system, from the kernel) beside elapsed time.

mod cases;
mod inputs;

use cases::{Case, Goal, Line};
use inputs::Inputs;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;
use tests::process::{self, Usage};
use tests::{table, workspace};

const USAGE: &str = "\
usage: bench [options]
  --size N            size of the inputs in millions of bytes (default 200)
  --full              inputs of 1 GB, and the peers on all packets
  --peer-packets N    tshark reads only the first N packets, scaled up (default 100000, 0 = all)
  --runs N            runs of each command (default 5)
  --only TEXT         only cases whose name holds TEXT
  --dir DIR           where the inputs are kept (default target/bench)
  --list              print the commands instead of running them
Environment: ZSCOPE_BIN; ZSCOPE_TERSE_JAR, the jar of tersedecompress, to measure unwrapping.
The peak resident set of a command is at least that of this program, some 6 MB.";

struct Settings {
    size: u64,
    peer_packets: u64,
    runs: usize,
    only: String,
    dir: PathBuf,
    list: bool,
}

fn main() -> ExitCode {
    let settings = match settings() {
        Ok(Some(s)) => s,
        Ok(None) => return ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench: {why}");
            return ExitCode::from(2);
        }
    };
    match run(&settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("bench: {e}");
            ExitCode::FAILURE
        }
    }
}

fn settings() -> Result<Option<Settings>, String> {
    let mut s = Settings {
        size: 200_000_000,
        peer_packets: 100_000,
        runs: 5,
        only: String::new(),
        dir: workspace::root().join("target/bench"),
        list: false,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        let number = |text: String| text.parse::<u64>().map_err(|_| format!("{text} is not a number"));
        match arg.as_str() {
            "--size" => s.size = number(value()?)?.saturating_mul(1_000_000),
            "--full" => (s.size, s.peer_packets) = (1_000_000_000, 0),
            "--peer-packets" => s.peer_packets = number(value()?)?,
            "--runs" => s.runs = number(value()?)?.clamp(1, 99) as usize,
            "--only" => s.only = value()?,
            "--dir" => s.dir = value()?.into(),
            "--list" => s.list = true,
            "-h" | "--help" => {
                println!("{USAGE}");
                return Ok(None);
            }
            other => return Err(format!("unknown option {other}\n{USAGE}")),
        }
    }
    Ok(Some(s))
}

fn run(s: &Settings) -> io::Result<()> {
    let inputs = Inputs::make(&s.dir, s.size)?;
    let mut cases = cases::all(&inputs, s.peer_packets);
    cases.retain(|c| c.name.contains(&s.only));
    if s.list {
        for case in &cases {
            println!("{}\n  {}\n  {}", case.name, case.ours.text(), case.peer.text());
        }
        return Ok(());
    }
    describe(s, &inputs);
    let empty = startup(&inputs.empty, s.runs);
    let head = ["what", "goal", "CPU", "wall", "ours CPU", "peer CPU", "ours wall", "peer wall", "ours RSS"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let mut notes = inputs.notes.clone();
    let mut peak = 0;
    for case in &cases {
        eprintln!("{}", case.name);
        let (row, memory) = match pair(case, s.runs) {
            Ok((ours, peer)) => (row(case, &ours, &peer, empty), ours.memory),
            Err(why) => {
                notes.push(format!("{}: {why}", case.name));
                (vec![case.name.clone(), goal(case.goal)], 0)
            }
        };
        peak = peak.max(memory);
        rows.push(row);
    }
    print!("{}", table::markdown(&rows));
    println!("\nLargest resident set of ours: {:.1} MB (goal: under 64 MB).", peak as f64 / 1e6);
    println!(
        "Goals: `>=` peer time / our time; `<=` our time / peer time. A ratio that misses its goal has a `!`."
    );
    if cases.iter().any(|c| c.peer.limit.is_some()) {
        println!(
            "Times marked * are of a peer that read only the first {} packets of the same file: all beyond its start-up time ({:.2} s CPU) \
             is scaled by the number of packets.",
            s.peer_packets,
            empty.cpu.as_secs_f64()
        );
    }
    println!("\nCommands, ours and the peer's:\n");
    let mut shown = BTreeSet::new();
    for case in &cases {
        let work = case.name.split(", ").next().unwrap_or_default();
        if shown.insert(work) {
            println!("* {work}: `{}`; `{}`", case.ours.text(), case.peer.text());
        }
    }
    for note in &notes {
        println!("\nNot measured: {note}.");
    }
    Ok(())
}

/// What the figures were measured with.
fn describe(s: &Settings, inputs: &Inputs) {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|l| l.strip_prefix("model name"))
        .unwrap_or("")
        .trim_start_matches(['\t', ':', ' ']);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    println!("{cores} x {model}. Median of {} runs, in turn, warm cache.", s.runs);
    for input in [&inputs.mixed, &inputs.small] {
        println!("`{}`: {} packets, {} bytes.", input.name, input.packets, input.bytes);
    }
    for program in ["tshark", "tcpdump"] {
        let said = Command::new(program).arg("--version").output();
        let text = said.map(|o| String::from_utf8_lossy(&[o.stdout, o.stderr].concat()).into_owned());
        match text.as_deref().map(|t| t.lines().find(|l| l.to_lowercase().contains(program))) {
            Ok(Some(line)) => println!("{line}"),
            _ => println!("{program} is not installed"),
        }
    }
    println!();
}

/// What tshark uses for no packets at all.
fn startup(empty: &Path, runs: usize) -> Usage {
    let all: Vec<Usage> = (0..runs)
        .filter_map(|_| process::measure(Command::new("tshark").arg("-r").arg(empty)).ok())
        .collect();
    median(&all)
}

fn pair(case: &Case, runs: usize) -> io::Result<(Usage, Usage)> {
    for line in [&case.ours, &case.peer] {
        for arg in &line.args {
            if Path::new(arg).is_absolute() && Path::new(arg).is_file() {
                inputs::warm(Path::new(arg))?;
            }
        }
    }
    let mut used = (Vec::new(), Vec::new());
    for _ in 0..runs {
        used.0.push(once(&case.ours)?);
        used.1.push(once(&case.peer)?);
    }
    case.check.run()?;
    Ok((median(&used.0), median(&used.1)))
}

fn once(line: &Line) -> io::Result<Usage> {
    process::measure(&mut line.command())
}

/// The median of each figure on its own; the largest memory.
fn median(all: &[Usage]) -> Usage {
    let middle = |of: fn(&Usage) -> Duration| {
        let mut v: Vec<Duration> = all.iter().map(of).collect();
        v.sort();
        v.get(v.len() / 2).copied().unwrap_or_default()
    };
    Usage {
        wall: middle(|u| u.wall),
        cpu: middle(|u| u.cpu),
        memory: all.iter().map(|u| u.memory).max().unwrap_or_default(),
    }
}

fn row(case: &Case, ours: &Usage, peer: &Usage, empty: Usage) -> Vec<String> {
    let factor = case.peer.limit.map_or(1.0, |n| case.packets as f64 / n as f64);
    let scaled = |t: Duration, start: Duration| {
        let start = if case.peer.limit.is_some() { start.min(t).as_secs_f64() } else { 0.0 };
        start + (t.as_secs_f64() - start) * factor
    };
    let peer = [scaled(peer.cpu, empty.cpu), scaled(peer.wall, empty.wall)];
    let own = [ours.cpu.as_secs_f64(), ours.wall.as_secs_f64()];
    let ratio = |i: usize| {
        let (mine, other) = (own[i].max(1e-6), peer[i].max(1e-6));
        let (value, met) = match case.goal {
            Goal::Faster(g) => (other / mine, other / mine >= g),
            Goal::Cost(g) => (mine / other, mine / other <= g),
            Goal::Wall(g) => (mine / other, i == 0 || mine / other <= g),
        };
        format!("{value:.2}{}", if met { "" } else { " !" })
    };
    let star = if case.peer.limit.is_some() { " *" } else { "" };
    vec![
        case.name.clone(),
        goal(case.goal),
        ratio(0),
        ratio(1),
        format!("{:.3} s", own[0]),
        format!("{:.3} s{star}", peer[0]),
        format!("{:.3} s", own[1]),
        format!("{:.3} s{star}", peer[1]),
        format!("{:.1} MB", ours.memory as f64 / 1e6),
    ]
}

fn goal(goal: Goal) -> String {
    match goal {
        Goal::Faster(g) => format!(">= {g}"),
        Goal::Cost(g) => format!("<= {g}"),
        Goal::Wall(g) => format!("wall <= {g}"),
    }
}
