//! `zscope sessions --find TEXT`: where a text is said, in ASCII and in EBCDIC.
//!
//! Streams are searched in the order of their bytes, so that a text is found across the borders
//! of segments; what is no TCP is searched packet by packet.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;
use serde_json::json;

use super::Args;
use crate::cli::input;
use crate::cli::output::Output;
use crate::export::select::Select;
use crate::pipeline::{self, Decoded, Work};
use crate::source::frame::Batch;
use crate::track::assemble::{Data, Direction, Piece};
use crate::track::conversations::{Address, End, Kind};
use crate::track::observe::{Observer, Wanted, What};
use crate::track::search::{Hit, Progress, Search};
use crate::track::sessions::{ends, plain};
use crate::track::tcp::{Tracker, segment::flag};
use crate::track::udp::Udp;

/// Directions searched at the same time; when there are more, all of them begin anew.
const MAX_DIRECTIONS: usize = 400_000;
/// Bytes of early segments kept for all directions together; above that nothing more waits.
const MAX_WAITING: usize = 64 << 20;

struct State {
    tcp: Tracker,
    udp: Udp,
    search: Search,
    /// By stream and sender's place among the sorted ends.
    directions: HashMap<(u32, bool), (Direction, Progress), RandomState>,
    udp_offsets: HashMap<(u32, usize), u64, RandomState>,
    json: bool,
    others: bool,
    waiting: usize,
    text: String,
    found: u64,
    searched: Vec<bool>,
}

/// What is done with a direction; what it gives goes to the second argument.
type Action<'a> = &'a mut dyn FnMut(&mut Direction, &mut dyn FnMut(Piece<'_>));

/// Where something was found.
struct Place<'a> {
    kind: &'a str,
    stream: Option<u32>,
    ends: Option<[End; 2]>,
    v6: bool,
}

fn end(e: End, v6: bool) -> String {
    let a = Address { addr: e.addr, v6 };
    if v6 { format!("[{a}]:{}", e.port) } else { format!("{a}:{}", e.port) }
}

/// Tells one hit.
fn tell(text: &mut String, json: bool, p: &Place<'_>, h: Hit) {
    let names = p.ends.map(|e| e.map(|e| end(e, p.v6)));
    if json {
        let o = json!({
            "kind": p.kind, "stream": p.stream,
            "from": names.as_ref().map(|n| &n[0]), "to": names.as_ref().map(|n| &n[1]),
            "offset": h.offset, "packet": h.packet, "encoding": h.encoding,
        });
        let _ = writeln!(text, "{o}");
        return;
    }
    match (&names, p.stream) {
        (Some([from, to]), Some(stream)) => {
            let _ = write!(text, "{} {stream}: {from} -> {to}, offset {}", p.kind, h.offset);
        }
        _ => {
            let _ = write!(text, "{}, offset {}", p.kind, h.offset);
        }
    }
    let _ = writeln!(text, ", packet {}, {}", h.packet, h.encoding);
}

impl State {
    fn take(&mut self, seen: &Observer, batch: &Batch, passed: &[bool]) {
        self.searched.clear();
        self.searched.resize(batch.frames.len(), false);
        for s in &seen.segments {
            let stream = self.tcp.segment(&s.segment).stream;
            let g = &s.segment;
            let (Some(len), false) = (g.len, g.quoted) else { continue };
            self.searched[s.frame as usize] = true;
            if self.directions.len() >= MAX_DIRECTIONS {
                self.directions.clear();
                self.waiting = 0;
            }
            let (ends, v6) = ends(g);
            let lower = ends[0] <= ends[1];
            let Self { directions, search, text, json, found, waiting, .. } = self;
            let mut run = |key: (u32, bool), ends: [End; 2], f: Action<'_>| {
                let (direction, progress) = directions.entry(key).or_default();
                let before = direction.held();
                let mut out = |p: Piece<'_>| match p {
                    Piece::Gap(n) => progress.gap(n),
                    Piece::Bytes(b, packet) => progress.bytes(search, b, packet, |h| {
                        *found += 1;
                        tell(
                            text,
                            *json,
                            &Place { kind: "tcp", stream: Some(stream), ends: Some(ends), v6 },
                            h,
                        );
                    }),
                };
                f(direction, &mut out);
                *waiting = *waiting + direction.held() - before;
                if *waiting > MAX_WAITING {
                    *waiting -= direction.held();
                    direction.finish(&mut out);
                }
            };
            if g.flags & flag::ACK != 0 {
                let back = [ends[1], ends[0]];
                run((stream, !lower), back, &mut |d, mut out| d.acknowledged(g.ack, &mut out));
            }
            if g.flags & flag::RST == 0 && (len > 0 || g.flags & flag::SYN != 0) {
                let data = Data {
                    seq: g.seq,
                    syn: g.flags & flag::SYN != 0,
                    bytes: seen.payload(s, batch),
                    len,
                    packet: g.frame,
                };
                run((stream, lower), ends, &mut |d, mut out| d.segment(&data, &mut out));
            }
        }
        for s in &seen.seen {
            let Some(f) = batch.frames.get(s.frame as usize) else { continue };
            if !matches!(s.what, What::Udp | What::UdpLite) {
                continue;
            }
            self.searched[s.frame as usize] = true;
            let b = seen.bytes(s, batch, f);
            let Some((stream, from)) = self.udp.datagram([s.src, s.dst], s.v6, b, f) else { continue };
            let payload = b.get(8..).unwrap_or_default();
            let c = &self.udp.table.all[stream as usize];
            let ends = if from == 0 { c.ends } else { [c.ends[1], c.ends[0]] };
            let base = self.udp_offsets.entry((stream, from)).or_default();
            let place = Place { kind: "udp", stream: Some(stream), ends: Some(ends), v6: s.v6 };
            let packet = u32::try_from(f.number).unwrap_or(u32::MAX);
            let (text, json, found) = (&mut self.text, self.json, &mut self.found);
            self.search.each(payload, |at, _, encoding| {
                *found += 1;
                tell(text, json, &place, Hit { offset: *base + at as u64, packet, encoding });
            });
            *base += payload.len() as u64;
        }
        if self.others {
            self.rest(batch, passed);
        }
    }

    /// Frames that belong to no stream, from their first byte to the last.
    fn rest(&mut self, batch: &Batch, passed: &[bool]) {
        for (i, f) in batch.frames.iter().enumerate() {
            if self.searched[i] || passed.get(i).is_some_and(|p| !p) {
                continue;
            }
            let packet = u32::try_from(f.number).unwrap_or(u32::MAX);
            let (text, json, found) = (&mut self.text, self.json, &mut self.found);
            let place = Place { kind: "packet", stream: None, ends: None, v6: false };
            self.search.each(batch.bytes(f.data), |at, _, encoding| {
                *found += 1;
                tell(text, json, &place, Hit { offset: at as u64, packet, encoding });
            });
        }
    }

    fn finish(&mut self) {
        let Self { directions, search, text, json, found, tcp, .. } = self;
        let waiting: Vec<_> = directions.drain().collect();
        let connections = tcp.connections();
        for ((stream, lower), (mut d, mut progress)) in waiting {
            let Ok(at) = connections.binary_search_by_key(&stream, |c| c.stream) else { continue };
            let c = connections[at];
            let ends = [0, 1].map(|i| End { addr: plain(c.ends.addresses[i]).0, port: c.ends.ports[i] });
            let ends = if lower { ends } else { [ends[1], ends[0]] };
            let v6 = plain(c.ends.addresses[0]).1;
            d.finish(&mut |p| match p {
                Piece::Gap(n) => progress.gap(n),
                Piece::Bytes(b, packet) => progress.bytes(search, b, packet, |h| {
                    *found += 1;
                    tell(text, *json, &Place { kind: "tcp", stream: Some(stream), ends: Some(ends), v6 }, h);
                }),
            });
        }
    }
}

struct Worker {
    select: Option<Select>,
    observer: Observer,
    passed: Vec<bool>,
    state: Arc<Mutex<State>>,
    stdout: Output,
}

impl Work for Worker {
    fn decode(&mut self, batch: &Decoded<'_>) {
        let passed = self.select.as_mut().map(|s| s.pass(batch));
        self.passed.clear();
        self.passed.extend_from_slice(passed.unwrap_or_default());
        self.observer.observe(batch, passed);
    }

    fn deliver(&mut self, batch: &Batch) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.take(&self.observer, batch, &self.passed);
        let go_on = state.text.is_empty() || self.stdout.write(state.text.as_bytes());
        state.text.clear();
        go_on
    }
}

/// Runs the command.
pub fn run(a: &Args, text: &str) -> io::Result<ExitCode> {
    let usage = |e: String| io::Error::new(io::ErrorKind::InvalidInput, e);
    let search = Search::new(text, a.input.codepage, a.ignore_case).map_err(usage)?;
    let filter = input::filter(a.filter.as_deref())?;
    let stdout = Output::stdout()?;
    let state = Arc::new(Mutex::new(State {
        tcp: Tracker::default(),
        udp: Udp::default(),
        search,
        directions: HashMap::default(),
        udp_offsets: HashMap::default(),
        json: a.json,
        others: a.kind.is_none(),
        waiting: 0,
        text: String::new(),
        found: 0,
        searched: Vec::new(),
    }));
    let (tcp, udp) = (a.wants(Kind::Tcp), a.wants(Kind::Udp));
    let wanted = Wanted { tcp, udp, icmp: false, arp: false, verify: false };
    let workers = (0..a.input.workers())
        .map(|_| Worker {
            select: filter.as_ref().map(Select::new),
            observer: Observer::new(wanted),
            passed: Vec::new(),
            state: Arc::clone(&state),
            stdout: stdout.clone(),
        })
        .collect();
    let asked = input::asked(false, &Vec::new(), filter.as_ref());
    let report = pipeline::run(&a.input.files, &a.input.options(None), &a.input.settings(asked), workers);
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    state.finish();
    if state.found == 0 && !a.json {
        eprintln!("zscope: not found");
    }
    let _ = stdout.write(state.text.as_bytes());
    stdout.finish()?;
    Ok(input::conclude(&report))
}
