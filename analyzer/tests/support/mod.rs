//! Drives a framer over bytes in memory, in windows of any size.

// Each test binary compiles this module for itself and uses a part of it.
#![allow(dead_code)]

use analyzer::source::frame::*;
use std::path::{Path, PathBuf};

/// What a framer found in a whole input.
#[derive(Debug, Default)]
pub struct Found {
    pub name: String,
    pub frames: Vec<Seen>,
    pub blocks: Vec<(usize, u32, Vec<u8>)>,
    pub anomalies: Vec<Anomaly>,
    pub interfaces: Vec<Interface>,
    pub tally: Tally,
    pub windows: usize,
}

/// A frame with its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub offset: u64,
    pub time: Option<Timestamp>,
    pub data: Vec<u8>,
    pub head: Vec<u8>,
    pub orig_len: u32,
    pub link: LinkType,
    pub phdr_len: u16,
    pub iface: u32,
    pub fcs_len: Option<u8>,
}

/// Walks `bytes` batch by batch, showing at first `window` bytes at a time and more when the
/// framer asks.
pub fn batches(framer: &mut dyn Framer, bytes: &[u8], window: usize, mut each: impl FnMut(&mut Batch)) {
    let mut batch = Batch::default();
    let (mut base, mut have) = (0, window);
    loop {
        let end = (base + have).min(bytes.len());
        let eof = end == bytes.len();
        batch.clear();
        batch.buf.clear();
        batch.buf.extend_from_slice(&bytes[base..end]);
        batch.filled = end - base;
        batch.base = base as u64;
        let p = framer.walk(
            Window { bytes: &batch.buf, base: base as u64, eof },
            &mut Finds {
                side: &mut batch.side,
                frames: &mut batch.frames,
                blocks: &mut batch.blocks,
                anomalies: &mut batch.anomalies,
                interfaces: &mut batch.interfaces,
                tally: &mut batch.tally,
            },
        );
        assert!(p.need <= MAX_RECORD, "asks for {} bytes", p.need);
        assert!(p.consumed <= end - base, "consumed {} of {}", p.consumed, end - base);
        each(&mut batch);
        base += p.consumed;
        if eof {
            assert_eq!(base, bytes.len(), "bytes left at the end of the input");
            return;
        }
        assert!(p.consumed > 0 || p.need > end - base, "no progress at {base}");
        have = p.need.max(window);
    }
}

/// Walks `bytes` and gathers what is found.
pub fn walk(framer: &mut dyn Framer, bytes: &[u8], window: usize) -> Found {
    let mut f = Found::default();
    batches(framer, bytes, window, |batch| {
        let shown = f.frames.len();
        for b in &batch.blocks {
            f.blocks.push((shown + b.before as usize, b.kind, batch.bytes(b.bytes).to_vec()));
        }
        for fr in &batch.frames {
            assert!((fr.iface as usize) < batch.interfaces.len());
            assert!(usize::from(fr.phdr_len) <= fr.data.off as usize);
            for c in [fr.data, fr.head] {
                assert!(c.off as usize + c.len as usize <= batch.buf.len());
            }
            f.frames.push(Seen {
                offset: fr.offset,
                time: fr.time,
                data: batch.bytes(fr.data).to_vec(),
                head: batch.bytes(fr.head).to_vec(),
                orig_len: fr.orig_len,
                link: fr.link,
                phdr_len: fr.phdr_len,
                iface: fr.iface,
                fcs_len: fr.fcs_len,
            });
        }
        f.anomalies.append(&mut batch.anomalies);
        f.tally.add(&batch.tally);
        f.interfaces = batch.interfaces.to_vec();
        f.windows += 1;
    });
    f.name = framer.name().into_owned();
    f
}

/// Every count of the tally fits.
pub fn check_tally(f: &Found, len: usize) {
    let t = &f.tally;
    assert!(t.adds_up(), "{t:?}");
    assert_eq!(t.frames, f.frames.len() as u64);
    assert_eq!(t.record_bytes + t.skipped_bytes, len as u64, "{t:?}");
    assert!(t.damaged <= f.anomalies.len() as u64, "{t:?} {:?}", f.anomalies);
}

/// The framer that recognises the content.
pub fn framer(bytes: &[u8]) -> Option<Box<dyn Framer>> {
    use analyzer::source as s;
    let prefix = &bytes[..bytes.len().min(65_536)];
    macro_rules! first {
        ($($m:ident),*) => {
            $(if s::$m::recognise(prefix) {
                return Some(Box::new(s::$m::new()));
            })*
        };
    }
    first!(pcap, pcapng, snoop, iptrace, trsniff, netmon, peek, erf);
    None
}

/// The folder with real captures, when it is there.
pub fn captures() -> Option<PathBuf> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures");
    let there = dir.join("INDEX.tsv").exists();
    if !there {
        eprintln!("skipped: {} is missing", dir.display());
    }
    there.then_some(dir)
}

/// Reads a file, decompressed when it is gzip.
pub fn read(path: &Path) -> Vec<u8> {
    let raw = std::fs::read(path).unwrap();
    if raw.starts_with(&[0x1f, 0x8b]) {
        let mut out = Vec::new();
        // What a damaged stream still gives is enough.
        let _ = std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&raw[..]), &mut out);
        return out;
    }
    raw
}

/// Fields of every frame as tshark prints them, and whether it read the whole file. `None` when
/// tshark is not there.
pub fn tshark_fields<const N: usize>(path: &Path, fields: [&str; N]) -> Option<(Vec<[String; N]>, bool)> {
    let mut c = std::process::Command::new("tshark");
    c.env("TZ", "UTC").args(["-n", "-r"]).arg(path).args(["-T", "fields"]);
    for field in fields {
        c.args(["-e", field]);
    }
    let Ok(out) = c.output() else {
        eprintln!("skipped: tshark is not installed");
        return None;
    };
    let text = String::from_utf8_lossy(&out.stdout);
    let rows = text.lines().map(|l| {
        let mut f = l.split('\t').map(str::to_owned);
        std::array::from_fn(|_| f.next().unwrap_or_default())
    });
    Some((rows.collect(), out.status.success()))
}

/// Time, length and captured length of every frame, as tshark prints them.
pub fn tshark(path: &Path) -> Option<(Vec<[String; 3]>, bool)> {
    tshark_fields(path, ["frame.time_epoch", "frame.len", "frame.cap_len"])
}

/// The same of what was found.
pub fn rows(f: &Found) -> Vec<[String; 3]> {
    let time = |s: &Seen| s.time.map_or(String::new(), |t| format!("{}.{:09}", t.secs, t.nanos));
    f.frames.iter().map(|s| [time(s), s.orig_len.to_string(), s.data.len().to_string()]).collect()
}

/// A file that goes away.
pub struct Temp(pub PathBuf);

impl Temp {
    /// Writes the file.
    pub fn new(name: &str, bytes: &[u8]) -> Self {
        // Tests of one process run at the same time.
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let n = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("zscope-{}-{n}-{name}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
