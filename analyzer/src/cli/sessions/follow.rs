//! `zscope sessions --follow N`: the bytes of one conversation, as they were said.

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use formats::ebcdic::CodePage;

use super::Args;
use crate::cli::input;
use crate::cli::output::Output;
use crate::export::select::Select;
use crate::pipeline::{self, Decoded, Work};
use crate::source::frame::Batch;
use crate::track::assemble::{Data, Direction, Piece};
use crate::track::conversations::{Address, End, Kind};
use crate::track::observe::{Observer, Wanted, What};
use crate::track::sessions::ends;
use crate::track::tcp::{Tracker, segment::flag};
use crate::track::udp::Udp;

/// How bytes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum As {
    /// Hexadecimal digits, one line for each piece, those of B behind a tab
    Raw,
    /// Offset, hexadecimal digits, EBCDIC and ASCII
    Hex,
    /// Text in ASCII
    Ascii,
    /// Text in EBCDIC
    Ebcdic,
}

/// Bytes of a line of `--as hex`.
const WIDTH: usize = 16;

/// What is known of the conversation so far.
struct State {
    tcp: Tracker,
    udp: Udp,
    directions: [Direction; 2],
    offsets: [u64; 2],
    /// A and B, once the first packet was seen.
    ends: Option<[String; 2]>,
    first: Option<End>,
    kind: Kind,
    number: u32,
    shown: As,
    page: CodePage,
    last: Option<usize>,
    text: String,
}

impl State {
    fn head(&mut self, ends: [End; 2], v6: bool) {
        if self.ends.is_some() {
            return;
        }
        let name = |e: End| {
            let a = Address { addr: e.addr, v6 };
            if v6 { format!("[{a}]:{}", e.port) } else { format!("{a}:{}", e.port) }
        };
        let names = ends.map(name);
        let _ =
            writeln!(self.text, "{} {}: A is {}, B is {}", self.kind.name(), self.number, names[0], names[1]);
        self.first = Some(ends[0]);
        self.ends = Some(names);
    }

    fn take(&mut self, seen: &Observer, batch: &Batch) {
        for s in &seen.segments {
            let stream = self.tcp.segment(&s.segment).stream;
            let g = &s.segment;
            if stream != self.number || g.quoted {
                continue;
            }
            let Some(len) = g.len else { continue };
            let (ends, v6) = ends(g);
            self.head(ends, v6);
            let from = usize::from(self.first != Some(ends[0]));
            let d = Data {
                seq: g.seq,
                syn: g.flags & flag::SYN != 0,
                bytes: seen.payload(s, batch),
                len,
                packet: g.frame,
            };
            let mut directions = std::mem::take(&mut self.directions);
            if g.flags & flag::ACK != 0 {
                directions[1 - from].acknowledged(g.ack, &mut |p| self.show(1 - from, p));
            }
            if g.flags & flag::RST == 0 {
                directions[from].segment(&d, &mut |p| self.show(from, p));
            }
            self.directions = directions;
        }
        for s in &seen.seen {
            let (What::Udp | What::UdpLite, Some(f)) = (s.what, batch.frames.get(s.frame as usize)) else {
                continue;
            };
            let b = seen.bytes(s, batch, f);
            let Some((stream, from)) = self.udp.datagram([s.src, s.dst], s.v6, b, f) else { continue };
            if stream == self.number {
                let ends = self.udp.table.all[stream as usize].ends;
                self.head(ends, s.v6);
                let packet = u32::try_from(f.number).unwrap_or(u32::MAX);
                // Every datagram is a piece of its own.
                self.last = None;
                self.show(from, Piece::Bytes(b.get(8..).unwrap_or_default(), packet));
                let cut = (s.reported as usize).saturating_sub(b.len().max(8));
                if cut > 0 {
                    self.show(from, Piece::Gap(cut as u64));
                }
            }
        }
    }

    fn finish(&mut self) {
        let mut directions = std::mem::take(&mut self.directions);
        for (from, d) in directions.iter_mut().enumerate() {
            d.finish(&mut |p| self.show(from, p));
        }
        if self.last.is_some() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// Shows what one end said.
    fn show(&mut self, from: usize, p: Piece<'_>) {
        let text = &mut self.text;
        let offset = self.offsets[from];
        if self.shown == As::Raw {
            if from == 1 {
                text.push('\t');
            }
            match p {
                Piece::Bytes(b, _) => text.extend(b.iter().flat_map(|b| digits(*b))),
                Piece::Gap(n) => {
                    let _ = write!(text, "[{n} bytes missing in capture file]");
                }
            }
            text.push('\n');
        } else {
            if self.last != Some(from) {
                if self.last.is_some() && !text.ends_with('\n') {
                    text.push('\n');
                }
                let arrow = ["A -> B", "B -> A"][from & 1];
                let _ = write!(text, "--- {arrow}, offset {offset}");
                if let Piece::Bytes(_, packet) = p {
                    let _ = write!(text, ", packet {packet}");
                }
                text.push('\n');
            }
            match p {
                Piece::Gap(n) => {
                    let _ = writeln!(text, "[{n} bytes missing in capture file]");
                }
                Piece::Bytes(b, _) => match self.shown {
                    As::Hex => hex(text, b, offset, self.page),
                    As::Ascii => text.extend(b.iter().filter_map(|&b| ascii(b))),
                    _ => text.extend(b.iter().filter_map(|&b| ebcdic(self.page, b))),
                },
            }
        }
        self.last = Some(from);
        self.offsets[from] += match p {
            Piece::Bytes(b, _) => b.len() as u64,
            Piece::Gap(n) => n,
        };
    }
}

fn digits(b: u8) -> [char; 2] {
    let d = |n: u8| char::from(if n < 10 { b'0' + n } else { b'a' + n - 10 });
    [d(b >> 4), d(b & 15)]
}

/// Printable characters and line ends as they are, the rest as dots.
fn ascii(b: u8) -> Option<char> {
    match b {
        b'\r' => None,
        b'\n' | b'\t' | b' '..=b'~' => Some(b.into()),
        _ => Some('.'),
    }
}

fn ebcdic(page: CodePage, b: u8) -> Option<char> {
    match (b, page.decode_byte(b)) {
        (0x0D, _) => None,
        (0x15 | 0x25, _) => Some('\n'),
        (_, c) if c.is_control() => Some('.'),
        (_, c) => Some(c),
    }
}

fn hex(text: &mut String, bytes: &[u8], mut offset: u64, page: CodePage) {
    for line in bytes.chunks(WIDTH) {
        let _ = write!(text, "{offset:08x} ");
        for i in 0..WIDTH {
            match line.get(i) {
                Some(b) => {
                    let _ = write!(text, " {b:02x}");
                }
                None => text.push_str("   "),
            }
        }
        text.push_str("  ");
        text.extend(
            line.iter().map(|&b| Some(page.decode_byte(b)).filter(|c| !c.is_control()).unwrap_or('.')),
        );
        text.extend(std::iter::repeat_n(' ', WIDTH - line.len() + 2));
        text.extend(
            line.iter().map(|&b| if b.is_ascii_graphic() || b == b' ' { char::from(b) } else { '.' }),
        );
        text.push('\n');
        offset += line.len() as u64;
    }
}

struct Worker {
    select: Option<Select>,
    observer: Observer,
    state: Arc<Mutex<State>>,
    stdout: Output,
}

impl Work for Worker {
    fn decode(&mut self, batch: &Decoded<'_>) {
        let passed = self.select.as_mut().map(|s| s.pass(batch));
        self.observer.observe(batch, passed);
    }

    fn deliver(&mut self, batch: &Batch) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.take(&self.observer, batch);
        let go_on = state.text.is_empty() || self.stdout.write(state.text.as_bytes());
        state.text.clear();
        go_on
    }
}

/// Runs the command.
pub fn run(a: &Args, number: u32) -> io::Result<ExitCode> {
    let kind = a.kind.unwrap_or(Kind::Tcp);
    if !matches!(kind, Kind::Tcp | Kind::Udp) {
        let only = "--follow shows conversations of TCP and UDP";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, only));
    }
    let filter = input::filter(a.filter.as_deref())?;
    let stdout = Output::stdout()?;
    let state = Arc::new(Mutex::new(State {
        tcp: Tracker::default(),
        udp: Udp::default(),
        directions: Default::default(),
        offsets: [0; 2],
        ends: None,
        first: None,
        kind,
        number,
        shown: a.shown_as,
        page: a.input.codepage,
        last: None,
        text: String::new(),
    }));
    let (tcp, udp) = (kind == Kind::Tcp, kind == Kind::Udp);
    let wanted = Wanted { tcp, udp, icmp: false, arp: false, verify: false };
    let workers = (0..a.input.workers())
        .map(|_| Worker {
            select: filter.as_ref().map(Select::new),
            observer: Observer::new(wanted),
            state: Arc::clone(&state),
            stdout: stdout.clone(),
        })
        .collect();
    let asked = input::asked(false, &Vec::new(), filter.as_ref());
    let report = pipeline::run(&a.input.files, &a.input.options(None), &a.input.settings(asked), workers);
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    state.finish();
    let _ = stdout.write(state.text.as_bytes());
    stdout.finish()?;
    let code = input::conclude(&report);
    if state.ends.is_none() {
        eprintln!("zscope: there is no {} conversation {number}", kind.name());
        return Ok(ExitCode::from(1));
    }
    Ok(code)
}
