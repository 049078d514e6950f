//! Packets of real captures, written as component traces in every framing and read back: the
//! same packets, times, lengths and interfaces must come out. The captures are read with a small
//! pcap reader of this test's own and live outside the project.

use std::path::{Path, PathBuf};

use analyzer::export::ctrace::{CtraceWriter, Packet, WriterOptions};
use analyzer::source::ctrace::{self, Framing, Options};
use analyzer::source::frame::{Batch, Finds, LinkType, Timestamp, Window};

struct Captured {
    time: Timestamp,
    orig_len: u32,
    data: Vec<u8>,
}

/// A classic pcap file of either byte order and resolution, `None` for anything else.
fn pcap(bytes: &[u8]) -> Option<(LinkType, Vec<Captured>)> {
    let (little, unit) = match bytes.get(..4)? {
        [0xD4, 0xC3, 0xB2, 0xA1] => (true, 1000),
        [0xA1, 0xB2, 0xC3, 0xD4] => (false, 1000),
        [0x4D, 0x3C, 0xB2, 0xA1] => (true, 1),
        _ => return None,
    };
    let word = |at: usize| {
        let b: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(if little { u32::from_le_bytes(b) } else { u32::from_be_bytes(b) })
    };
    let link = LinkType(word(20)? as u16);
    let mut all = Vec::new();
    let mut at = 24;
    while let (Some(secs), Some(frac), Some(len), Some(orig_len)) =
        (word(at), word(at + 4), word(at + 8), word(at + 12))
    {
        let Some(data) = bytes.get(at + 16..at + 16 + len as usize) else { break };
        let time = Timestamp { secs: secs.into(), nanos: frac.wrapping_mul(unit) % 1_000_000_000 };
        all.push(Captured { time, orig_len, data: data.to_vec() });
        at += 16 + len as usize;
    }
    Some((link, all))
}

fn read(framing: Framing, bytes: &[u8]) -> Batch {
    let mut f = ctrace::framer(framing, &Options::default());
    let mut b = Batch { buf: bytes.to_vec(), ..Batch::default() };
    let mut out = Finds {
        side: &mut b.side,
        frames: &mut b.frames,
        blocks: &mut b.blocks,
        anomalies: &mut b.anomalies,
        interfaces: &mut b.interfaces,
        tally: &mut b.tally,
    };
    let p = f.walk(Window { bytes, base: 0, eof: true }, &mut out);
    assert_eq!(p.consumed, bytes.len());
    assert!(b.tally.adds_up());
    assert_eq!(b.tally.record_bytes + b.tally.skipped_bytes, bytes.len() as u64);
    b
}

/// The IP packet of an Ethernet frame or a raw one, done the plain way: where it starts, where
/// its header says it ends. `None` for other frames.
fn expected(link: LinkType, c: &Captured) -> Option<(Vec<u8>, u32)> {
    let mut at = 0;
    if link == LinkType::ETHERNET {
        at = 12;
        while matches!(c.data.get(at..at + 2)?, [0x81, 0x00] | [0x88, 0xA8] | [0x91, 0x00]) {
            at += 4;
        }
        if !matches!(c.data.get(at..at + 2)?, [0x08, 0x00] | [0x86, 0xDD]) {
            return None;
        }
        at += 2;
    }
    let ip = c.data.get(at..)?;
    let (min, total) = match ip.first()? >> 4 {
        4 if ip[0] & 15 >= 5 => (20, u32::from(*ip.get(2)?) << 8 | u32::from(*ip.get(3)?)),
        6 => (40, 40 + (u32::from(*ip.get(4)?) << 8 | u32::from(*ip.get(5)?))),
        _ => return None,
    };
    if ip.len() < min {
        return None;
    }
    let mut orig = c.orig_len.max(c.data.len() as u32) - at as u32;
    let mut len = ip.len();
    // Padding of the link layer goes; a length of zero says nothing (segmentation offload).
    let says = total >= 20 && !(ip[0] >> 4 == 6 && total == 40);
    if at > 0 && says && total < orig {
        orig = total;
        len = len.min(total as usize);
    }
    Some((ip[..len].to_vec(), orig))
}

fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures");
    let mut dirs = vec![root];
    let mut found = Vec::new();
    while let Some(d) = dirs.pop() {
        for e in std::fs::read_dir(d).into_iter().flatten().flatten() {
            let p = e.path();
            if p.is_dir() {
                dirs.push(p);
            } else if p.extension().is_some_and(|x| x == "pcap" || x == "cap") {
                found.push(p);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn captures_survive_in_every_framing() {
    let files = files();
    if files.is_empty() {
        println!("skipped: no captures beside the project");
        return;
    }
    let (mut read_files, mut packets, mut others) = (0, 0, 0);
    for path in &files {
        let Ok(bytes) = std::fs::read(path) else { continue };
        let Some((link, all)) = pcap(&bytes) else { continue };
        if !matches!(link, LinkType::ETHERNET | LinkType::RAW) {
            continue;
        }
        read_files += 1;
        for framing in [Framing::Rdw, Framing::Bdw, Framing::Raw, Framing::Nmi] {
            let options = WriterOptions { framing, ..WriterOptions::default() };
            let mut w = CtraceWriter::new(Vec::new(), options);
            let mut want = Vec::new();
            for (n, c) in all.iter().enumerate() {
                let ip = expected(link, c);
                others += u64::from(ip.is_none());
                let (link, (data, orig)) = match ip {
                    Some(ip) => (LinkType::RAW, ip),
                    None if link == LinkType::ETHERNET => {
                        (LinkType::ETHERNET, (c.data.clone(), c.orig_len.max(c.data.len() as u32)))
                    }
                    None => continue,
                };
                want.push((link, c.time, orig.min(65_535).max(data.len() as u32), data, n % 3 == 1));
            }
            for (n, c) in all.iter().enumerate() {
                let p = Packet {
                    time: Some(c.time),
                    link,
                    data: &c.data,
                    orig_len: c.orig_len,
                    interface: ["eth0", "OSDL1"][n % 2],
                    outbound: Some(n % 3 == 1),
                    head: None,
                };
                w.write(&p).unwrap();
            }
            let (file, summary) = w.finish().unwrap();
            assert_eq!(summary.packets as usize, want.len(), "{path:?}");
            if want.is_empty() {
                continue;
            }
            assert_eq!(ctrace::recognise(&file), Some(framing), "{path:?} {framing}");
            let b = read(framing, &file);
            let bad: Vec<_> = b.anomalies.iter().filter(|a| a.bytes > 0).collect();
            assert!(bad.is_empty(), "{path:?} {framing}: {bad:?}");
            assert_eq!(b.frames.len(), want.len(), "{path:?} {framing}");
            for (f, (link, time, orig, data, out)) in b.frames.iter().zip(&want) {
                assert_eq!(f.link, *link, "{path:?}");
                assert_eq!(b.bytes(f.data), data, "{path:?}");
                // The clock of the trace ends in 2042.
                let time = (time.secs < 2_294_092_427).then_some(*time);
                assert_eq!((f.time, f.orig_len), (time, *orig), "{path:?}");
                assert_eq!(b.bytes(f.head)[19] & 1 == 1, *out);
            }
            packets += want.len();
        }
    }
    println!("{read_files} captures, {packets} packets over four framings, {others} without IP");
    assert!(read_files > 100);
}

#[test]
fn frames_of_a_component_trace_keep_their_bytes() {
    let mut w =
        CtraceWriter::new(Vec::new(), WriterOptions { framing: Framing::Nmi, ..WriterOptions::default() });
    for n in 0..50_u32 {
        let len = if n == 7 { 60_000 } else { 40 + n as usize };
        let mut data = vec![n as u8; len];
        data[..20].copy_from_slice(&[0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        data[2..4].copy_from_slice(&(len as u16).to_be_bytes());
        let p = Packet {
            time: Some(Timestamp { secs: 1_700_000_000 + i64::from(n), nanos: 5000 }),
            link: LinkType::RAW,
            data: &data,
            orig_len: data.len() as u32,
            interface: "OSDL1",
            outbound: Some(true),
            head: None,
        };
        w.write(&p).unwrap();
    }
    let (first, _) = w.finish().unwrap();
    let b = read(Framing::Nmi, &first);
    assert_eq!((b.frames.len(), b.tally.joined), (50, 4));
    for framing in [Framing::Nmi, Framing::Rdw, Framing::Bdw, Framing::Raw] {
        let mut w = CtraceWriter::new(Vec::new(), WriterOptions { framing, ..WriterOptions::default() });
        for f in &b.frames {
            w.write_frame(&b, f).unwrap();
        }
        let (second, summary) = w.finish().unwrap();
        assert_eq!(summary.entries, 54);
        if framing == Framing::Nmi {
            assert_eq!(second, first);
        }
        let again = read(framing, &second);
        for (x, y) in b.frames.iter().zip(&again.frames) {
            assert_eq!(b.bytes(x.data), again.bytes(y.data));
            assert_eq!(b.bytes(x.head), again.bytes(y.head));
        }
    }
}

#[test]
fn names_messages_and_what_cannot_be_written() {
    let options = WriterOptions { framing: Framing::Nmi, messages: true, ..WriterOptions::default() };
    let mut w = CtraceWriter::new(Vec::new(), options);
    let ip = vec![0x45, 0, 0, 20, 0, 0, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1];
    let time = Some(Timestamp { secs: 1_700_000_000, nanos: 0 });
    let base = Packet { time, link: LinkType::RAW, data: &ip, orig_len: 20, ..Packet::default() };
    w.write(&Packet { interface: "\\Device\\NPF_{A}", ..base }).unwrap();
    w.write(&Packet { interface: "a very long interface name 1", ..base }).unwrap();
    w.write(&Packet { interface: "a very long interface name 2", ..base }).unwrap();
    w.write(&Packet { time: None, ..base }).unwrap();
    w.write(&Packet { link: LinkType::TOKEN_RING, ..base }).unwrap();
    w.write(&Packet { orig_len: 100_000, ..base }).unwrap();
    let (file, s) = w.finish().unwrap();
    assert_eq!((s.packets, s.not_representable, s.short_names), (5, 1, 2));
    assert_eq!((s.lengths_cut, s.no_time), (1, 1));
    let b = read(Framing::Nmi, &file);
    assert!(b.anomalies.is_empty(), "{:?}", b.anomalies);
    assert_eq!(b.tally.other.get("TMI INIT"), Some(&1));
    assert_eq!(b.tally.other.get("TMI TERM"), Some(&1));
    let names: Vec<_> = b.interfaces.iter().map(|i| i.name.clone().unwrap_or_default()).collect();
    assert_eq!(names, ["\\Device\\NPF_{A}", "a very long in~2", "a very long in~3", ""]);
    assert_eq!((b.frames[3].time, b.frames[4].orig_len), (None, 65_535));
    let mut odd = ip.clone();
    odd[0] = 0x15;
    let mut w = CtraceWriter::new(Vec::new(), WriterOptions::default());
    w.write(&Packet { data: &odd, ..base }).unwrap();
    assert_eq!(w.summary().not_representable, 1);
}
