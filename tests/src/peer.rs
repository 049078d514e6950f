//! Asks tshark, over the captures of other people.

use crate::process::{self, Output};
use crate::workspace;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Time limit for one program on one file.
pub const LIMIT: Duration = Duration::from_secs(60);

/// One capture of the collection.
#[derive(Debug, Clone)]
pub struct Capture {
    /// Path below the captures folder, as `INDEX.tsv` has it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Packets that tshark finds in it.
    pub packets: u64,
    /// Protocols that tshark finds in it.
    pub protocols: Vec<String>,
}

/// The captures that tshark finds packets in, in the order of `INDEX.tsv`; `None`, with a word
/// to the user, when they or tshark are not there.
#[must_use]
pub fn captures(test: &str) -> Option<Vec<Capture>> {
    let Some(dir) = workspace::captures() else {
        workspace::skipped(test, "the captures folder ../shared/captures is not there");
        return None;
    };
    if !workspace::installed("tshark") {
        workspace::skipped(test, "tshark is not installed");
        return None;
    }
    let Ok(index) = std::fs::read_to_string(dir.join("INDEX.tsv")) else {
        workspace::skipped(test, "the captures folder has no INDEX.tsv");
        return None;
    };
    let captures = index.lines().filter(|l| !l.starts_with('#')).filter_map(|line| {
        let mut cells = line.split('\t');
        let (name, size, packets) = (cells.next()?, cells.next()?, cells.next()?);
        let protocols = cells.next().unwrap_or_default();
        let packets = packets.parse().ok().filter(|&n: &u64| n > 0)?;
        let path = dir.join(name);
        path.is_file().then(|| Capture {
            name: name.to_owned(),
            path,
            size: size.parse().unwrap_or(0),
            packets,
            protocols: protocols.split_whitespace().map(str::to_owned).collect(),
        })
    });
    Some(captures.collect())
}

/// The project's own samples that tshark reads.
#[must_use]
pub fn samples() -> Vec<Capture> {
    let root = workspace::root();
    let captures = workspace::files(&root.join("samples"))
        .into_iter()
        .filter(|p| matches!(p.extension().and_then(|e| e.to_str()), Some("pcap" | "pcapng")));
    captures
        .map(|path| {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            let size = std::fs::metadata(&path).map_or(0, |m| m.len());
            Capture { name, path, size, packets: 0, protocols: Vec::new() }
        })
        .collect()
}

/// What tshark says about a file. A developer may name a folder in `ZSCOPE_PEER_CACHE` that
/// keeps its answers from one run to the next; with `CI=true` it is always asked.
///
/// # Errors
/// When tshark cannot be started.
pub fn tshark(path: &Path, args: &[&str]) -> io::Result<Output> {
    let ask = || process::run(Command::new("tshark").arg("-r").arg(path).args(args), LIMIT);
    let Some(dir) = std::env::var_os("ZSCOPE_PEER_CACHE").map(PathBuf::from) else { return ask() };
    if std::env::var("CI").as_deref() == Ok("true") {
        return ask();
    }
    let mut hash = DefaultHasher::new();
    std::fs::read(path)?.hash(&mut hash);
    args.hash(&mut hash);
    let kept = dir.join(format!("{:016x}", hash.finish()));
    if let Some((code, stdout)) = std::fs::read(&kept).ok().as_deref().and_then(|b| b.split_first()) {
        let stdout = stdout.to_vec();
        return Ok(Output { code: Some(i32::from(*code)), stdout, stderr: Vec::new(), timed_out: false });
    }
    let answer = ask()?;
    if let Some(code) = answer.code.and_then(|c| u8::try_from(c).ok()) {
        std::fs::create_dir_all(&dir)?;
        std::fs::write(&kept, [&[code], &answer.stdout[..]].concat())?;
    }
    Ok(answer)
}

/// What zscope says. A crash or a hang is an error.
///
/// # Errors
/// When zscope cannot be started, hangs, or ends with anything but 0, 1 or 2.
pub fn zscope(args: &[&std::ffi::OsStr]) -> io::Result<Output> {
    let out = process::run(Command::new(workspace::zscope()).args(args), LIMIT)?;
    match out.code {
        Some(0..=2) => Ok(out),
        _ if out.timed_out => Err(io::Error::other(format!("zscope {args:?} took more than {LIMIT:?}"))),
        code => Err(io::Error::other(format!("zscope {args:?} ended with {code:?}: {}", out.errors()))),
    }
}

/// Does `work` for every item, on all cores, and returns the results in order.
pub fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(items.len()));
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|s| {
        for _ in 0..cores {
            s.spawn(|| {
                while let Some((i, item)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, items.get(i)?)))
                {
                    let result = work(item);
                    results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((i, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(i, _)| *i);
    results.into_iter().map(|(_, r)| r).collect()
}
