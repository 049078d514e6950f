//! Writes a capture of artificial traffic: see `tests::traffic`.

use std::fs::File;
use std::io;
use std::process::ExitCode;
use std::time::Instant;
use tests::traffic::{CaptureFormat, Options, generate};

const USAGE: &str = "\
usage: make-traffic [options] OUT      (OUT may be - for standard output)
  --size N          bytes of the file, with k, M or G (default 100M)
  --flows N         conversations (default: one per 10,000 bytes, at most 100,000)
  --seed N          seed (default 1)
  --small           only frames of 64 to 128 bytes
  --format F        pcap or pcapng (default: by the ending of OUT)
  --ns              nanosecond time stamps";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("make-traffic: {why}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    let mut args = std::env::args().skip(1);
    let mut options = Options {
        size: 100_000_000,
        flows: 0,
        seed: 1,
        small: false,
        format: CaptureFormat::Pcap,
        nanos: false,
    };
    let mut out = None;
    let mut format = None;
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--size" => options.size = size(&value()?)?,
            "--flows" => options.flows = size(&value()?)?,
            "--seed" => options.seed = size(&value()?)?,
            "--small" => options.small = true,
            "--ns" => options.nanos = true,
            "--format" => {
                format = Some(match value()?.as_str() {
                    "pcap" => CaptureFormat::Pcap,
                    "pcapng" => CaptureFormat::Pcapng,
                    other => return Err(format!("unknown format {other}")),
                });
            }
            "-h" | "--help" => {
                println!("{USAGE}");
                return Ok(());
            }
            other if other.starts_with("--") => return Err(format!("unknown option {other}\n{USAGE}")),
            _ => out = Some(arg),
        }
    }
    let out = out.ok_or(USAGE)?;
    if options.flows == 0 {
        options.flows = (options.size / 10_000).clamp(1, 100_000);
    }
    let by_name = if out.ends_with(".pcapng") { CaptureFormat::Pcapng } else { CaptureFormat::Pcap };
    options.format = format.unwrap_or(by_name);
    let begin = Instant::now();
    let made = if out == "-" {
        generate(&options, io::stdout().lock())
    } else {
        File::create(&out).and_then(|f| generate(&options, f))
    }
    .map_err(|e| format!("{out}: {e}"))?;
    eprintln!(
        "{out}: {} bytes, {} packets, {} flows in {:.1} s",
        made.bytes,
        made.packets,
        made.flows,
        begin.elapsed().as_secs_f64()
    );
    Ok(())
}

/// A number, with k, M or G for thousands, millions and milliards.
fn size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], 1_000),
        Some(b'M') => (&text[..text.len() - 1], 1_000_000),
        Some(b'G') => (&text[..text.len() - 1], 1_000_000_000),
        _ => (text, 1),
    };
    let n: u64 = digits.parse().map_err(|_| format!("{text} is not a number"))?;
    n.checked_mul(unit).ok_or_else(|| format!("{text} is too large"))
}
