//! Drives a framer over bytes in memory, in windows of any size.

#![allow(dead_code)]

use analyzer::source::frame::*;
use std::path::PathBuf;
use std::sync::Arc;

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

/// Walks `bytes`, showing at first `window` bytes at a time and more when the framer asks.
pub fn walk(framer: &mut dyn Framer, bytes: &[u8], window: usize) -> Found {
    let mut f = Found::default();
    let mut batch = Batch::default();
    let (mut base, mut have) = (0, window);
    loop {
        let end = (base + have).min(bytes.len());
        let eof = end == bytes.len();
        let w = Window { bytes: &bytes[base..end], base: base as u64, eof };
        let p = framer.walk(
            w,
            &mut Finds {
                side: &mut batch.side,
                frames: &mut batch.frames,
                blocks: &mut batch.blocks,
                anomalies: &mut batch.anomalies,
                interfaces: &mut batch.interfaces,
                tally: &mut batch.tally,
            },
        );
        f.windows += 1;
        assert!(p.need <= MAX_RECORD, "asks for {} bytes", p.need);
        assert!(p.consumed <= w.bytes.len(), "consumed {} of {}", p.consumed, w.bytes.len());
        let shown = f.frames.len();
        for b in &batch.blocks {
            let at = b.bytes.off as usize;
            let raw = w.bytes[at..at + b.bytes.len as usize].to_vec();
            f.blocks.push((shown + b.before as usize, b.kind, raw));
        }
        for fr in &batch.frames {
            let part = |c: Chunk| {
                let from = if c.side { &batch.side[..] } else { w.bytes };
                from[c.off as usize..c.off as usize + c.len as usize].to_vec()
            };
            assert!((fr.iface as usize) < batch.interfaces.len());
            f.frames.push(Seen {
                offset: fr.offset,
                time: fr.time,
                data: part(fr.data),
                head: part(fr.head),
                orig_len: fr.orig_len,
                link: fr.link,
                phdr_len: fr.phdr_len,
                iface: fr.iface,
                fcs_len: fr.fcs_len,
            });
        }
        f.anomalies.append(&mut batch.anomalies);
        f.tally.add(&batch.tally);
        batch.clear();
        base += p.consumed;
        if eof {
            assert_eq!(base, bytes.len(), "bytes left at the end of the input");
            break;
        }
        assert!(p.consumed > 0 || p.need > end - base, "no progress at {base}");
        have = p.need.max(window);
    }
    f.name = framer.name().into_owned();
    f.interfaces = Arc::unwrap_or_clone(batch.interfaces);
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
pub fn read(path: &std::path::Path) -> Vec<u8> {
    let raw = std::fs::read(path).unwrap();
    if raw.starts_with(&[0x1f, 0x8b]) {
        let mut out = Vec::new();
        // What a damaged stream still gives is enough.
        let _ = std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&raw[..]), &mut out);
        return out;
    }
    raw
}
