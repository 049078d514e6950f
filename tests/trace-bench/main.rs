//! What a record point costs, beside LTTng-UST's flight recorder, the `tracing` crate writing to
//! a file, and a bare thread-local ring, all in one run.
//!
//! Every figure is processor time of the recording thread, the median of several batches. The
//! peer is a small C program that is compiled here and traced into a session of its own; without
//! LTTng or a C compiler its lines are left out.

mod local;
mod loss;
mod lttng;
mod ours;

use std::process::ExitCode;
use std::time::Duration;

use lttng::Lttng;

const USAGE: &str = "\
usage: trace-bench [options]
  --batches N     batches of each case (default 21)
  --events N      events of a batch (default 200000)
  --seconds N     length of the run without loss (default 10, 0 leaves it out)
  --rate N        its events a second (default 2000000)
  --dir DIR       where files are written (default the system's temporary directory)";

/// What was asked for.
struct Settings {
    batches: usize,
    events: u64,
    seconds: u64,
    rate: u64,
    dir: std::path::PathBuf,
}

fn main() -> ExitCode {
    let settings = match settings() {
        Ok(s) => s,
        Err(why) => {
            eprintln!("trace-bench: {why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("trace-bench: {e}");
            ExitCode::FAILURE
        }
    }
}

fn settings() -> Result<Settings, String> {
    let mut s =
        Settings { batches: 21, events: 200_000, seconds: 10, rate: 2_000_000, dir: std::env::temp_dir() };
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        let value = args.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number = || value.parse::<u64>().map_err(|e| format!("{name} {value}: {e}"));
        match name.as_str() {
            "--batches" => s.batches = number()?.max(1) as usize,
            "--events" => s.events = number()?.max(1),
            "--seconds" => s.seconds = number()?,
            "--rate" => s.rate = number()?.max(1000),
            "--dir" => s.dir = value.into(),
            _ => return Err(format!("unknown option {name}")),
        }
    }
    Ok(s)
}

/// Processor time of this thread.
fn cpu() -> Duration {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call fills the structure it is given.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut t) };
    Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
}

/// Median nanoseconds of one call of `event`, over batches.
fn measure(s: &Settings, mut event: impl FnMut(u64)) -> f64 {
    let mut batch = || {
        let begin = cpu();
        for n in 0..s.events {
            event(std::hint::black_box(n));
        }
        (cpu() - begin).as_secs_f64() * 1e9 / s.events as f64
    };
    batch();
    let mut all: Vec<f64> = (0..s.batches).map(|_| batch()).collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn row(what: &str, value: &str, goal: &str) {
    println!("| {what:<58} | {value:>16} | {goal:<10} |");
}

/// A ratio with a mark when it misses its goal.
fn ratio(r: f64, good: bool) -> String {
    format!("{r:.2}{}", if good { "" } else { " !" })
}

fn run(s: &Settings) -> Result<(), String> {
    row("thread processor time", "figure", "goal");
    println!("|{:-<60}|{:-<18}|{:-<12}|", "", "", "");
    let empty = measure(s, |n| _ = std::hint::black_box(n));
    let counter = measure(s, |_| _ = std::hint::black_box(local::ticks()));
    let off = ours::off(s) - empty;
    row("reading the time-stamp counter alone", &format!("{:.1} ns", counter - empty), "");
    row("event, option off", &format!("{off:.2} ns{}", if off <= 1.0 { "" } else { " !" }), "<= 1 ns");
    let event = ours::event(s);
    row("event, 48 bytes of fields", &format!("{event:.1} ns"), "");
    row("event, 48 bytes of fields, with filters", &format!("{:.1} ns", ours::filtered(s)), "");
    row("bare thread-local ring, 48 bytes", &format!("{:.1} ns", local::ring(s)), "");
    row("`tracing` to a file, six numbers", &format!("{:.1} ns", local::tracing(s)?), "");
    let packet = ours::packet(s);
    row("packet of 240 bytes", &format!("{packet:.1} ns"), "");
    let pairs = |one: f64, two: [f64; 2]| two.map(|t| t / one).into_iter().fold(0.0, f64::max);
    let both = pairs(event, ours::two(s));
    row("two threads at once, cost of each by that of one", &ratio(both, both <= 1.3), "<= 1.3");
    match Lttng::start(&s.dir) {
        Ok(l) => {
            let peer = l.run("event", 1, s)?[0];
            row("LTTng-UST, 48 bytes of fields", &format!("{peer:.1} ns"), "");
            row("LTTng by ours", &ratio(peer / event, peer / event >= 5.0), ">= 5");
            let peer = l.run("packet", 1, s)?[0];
            row("LTTng-UST, packet of 240 bytes", &format!("{peer:.1} ns"), "");
            row("LTTng by ours", &ratio(peer / packet, peer / packet >= 5.0), ">= 5");
        }
        Err(why) => println!("LTTng was not measured: {why}"),
    }
    if s.seconds > 0 {
        loss::run(s)?;
    }
    Ok(())
}
