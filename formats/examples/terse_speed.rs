//! Measures how fast tersed files are decoded, and makes big ones to measure with.
//!
//! `terse_speed FILE...` prints megabytes of output per second for each file: of the best round,
//! and of processor time over all rounds, which a busy machine disturbs less.
//! `terse_speed --make pack|spack trace|blank MEGABYTES OUT` writes a tersed file: `trace` is
//! record-like data with text, counters and noise, `blank` is blanks only.
//! `zscope unwrap OUT -o - | terse_speed --check trace|blank MEGABYTES` says whether such a file
//! comes out as it went in.

use formats::terse::{Decoder, Effort, Encoder, Header, Method, Need};
use std::time::Instant;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|a| a == "--make") {
        let method = if args[1] == "pack" { Method::Pack } else { Method::Spack };
        make(method, &args[2], args[3].parse().expect("megabytes"), &args[4]);
        return;
    }
    if args.first().is_some_and(|a| a == "--check") {
        check(&args[1], args[2].parse().expect("megabytes"));
        return;
    }
    for name in &args {
        let file = std::fs::read(name).expect("readable file");
        let (mut best, mut bytes, mut rounds) = (f64::MAX, 0, 0u32);
        let (start, before) = (Instant::now(), cpu());
        while start.elapsed().as_millis() < 1500 {
            let t = Instant::now();
            bytes = decode(&file);
            best = best.min(t.elapsed().as_secs_f64());
            rounds += 1;
        }
        let (all, spent) = (bytes as f64 * f64::from(rounds), cpu() - before);
        let (best, by_cpu) = (bytes as f64 / best / 1e6, all / spent / 1e6);
        println!("{name}: best {best:.0} MB/s, processor {by_cpu:.0} MB/s ({bytes} bytes)");
    }
}

/// Seconds of processor time of this process, 0 where the system does not tell.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0.0) / 1e9
}

/// Decodes a file as a reader would: 64 KiB in, 1 MiB out, output thrown away.
fn decode(file: &[u8]) -> u64 {
    let header = Header::parse(file).expect("tersed file");
    let mut d = Decoder::new(&header);
    let mut out = Vec::new();
    let mut total = 0;
    for piece in file[header.len()..].chunks(1 << 16) {
        let mut rest = piece;
        loop {
            out.clear();
            let step = d.decode(rest, &mut out, 1 << 17).expect("whole file");
            total += out.len() as u64;
            rest = &rest[step.consumed..];
            match step.need {
                Need::Room => {}
                Need::Input => break,
                Need::Nothing => return total,
            }
        }
    }
    total
}

/// The records of a made file, one after another.
fn records(kind: &str, megabytes: u64, mut each: impl FnMut(&[u8])) {
    let mut s = 0x2545_F491_4F6C_DD1Du64;
    let mut record = Vec::new();
    let mut done = 0u64;
    while done < megabytes * 1_000_000 {
        record.clear();
        if kind == "trace" {
            s ^= s << 13;
            s ^= s >> 7;
            s ^= s << 17;
            record.extend_from_slice(&[0xE3, 0xC3, 0xD7, 0xC9, 0xD7, 0x40, 0x40, 0x40, 0x00, 0x00]);
            record.extend_from_slice(&done.to_be_bytes());
            record.extend_from_slice(&[
                0x45, 0, 0, 0x34, 0, 0, 0x40, 0, 0x40, 6, 0, 0, 10, 1, 2, 3, 10, 1, 2, 9,
            ]);
            record.extend_from_slice(&s.to_be_bytes()[..(s % 6) as usize]);
            record.resize(record.len() + (s >> 20) as usize % 60, if s & 64 == 0 { 0x40 } else { 0 });
            record.extend_from_slice(&b"\xC7\xC5\xE3\x40\x61\x89\x95\x84\x85\xA7"[..(s >> 40) as usize % 11]);
        } else {
            record.resize(4096, 0x40);
        }
        done += record.len() as u64;
        each(&record);
    }
}

fn make(method: Method, kind: &str, megabytes: u64, out: &str) {
    use std::io::Write;
    let header = Header::host(method, kind == "trace", 4096);
    let mut file = std::io::BufWriter::new(std::fs::File::create(out).expect("writable file"));
    let mut codes = Vec::new();
    let mut e = Encoder::new(&header, Effort::Longest, &mut codes);
    records(kind, megabytes, |record| {
        e.record(record, &mut codes);
        file.write_all(&codes).expect("written");
        codes.clear();
    });
    e.finish(&mut codes);
    file.write_all(&codes).expect("written");
}

/// Compares what standard input brings, a made file restored, with what it was made of.
fn check(kind: &str, megabytes: u64) {
    use std::io::Read;
    let mut input = std::io::BufReader::with_capacity(1 << 20, std::io::stdin().lock());
    let (mut got, mut bytes) = (Vec::new(), 0u64);
    records(kind, megabytes, |record| {
        let mut want = Vec::new();
        if kind == "trace" {
            want.extend_from_slice(&(record.len() as u16 + 4).to_be_bytes());
            want.extend_from_slice(&[0, 0]);
        }
        want.extend_from_slice(record);
        got.resize(want.len(), 0);
        input.read_exact(&mut got).expect("as long as it was");
        assert!(got == want, "differs behind {bytes} bytes");
        bytes += want.len() as u64;
    });
    assert_eq!(input.read(&mut [0]).expect("readable"), 0, "longer than it was");
    println!("{bytes} bytes as they were");
}
