//! SESSION: what happened on each connection.
//!
//! The manual's example was not available, so the layout is ours; the measures are those that the
//! report is known for. Lines of packets (DETAIL, PIPE, STATE) are printed in the order of the
//! trace, each with the number of its session, because nothing is kept for a packet: one pass, in
//! memory that only grows with the number of connections. The statistics follow at the end.
//!
//! Retransmissions and the like are found by [`crate::track::tcp`], in Wireshark's meaning.

mod half;
mod print;
mod state;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use formats::net::tcp::Flags;

use self::half::Half;
use self::state::State;
use super::super::options::{Options, SessionKind};
use super::super::record::{Kind, Record};
use super::super::zone::Zone;
use crate::source::frame::Timestamp;
use crate::track::tcp::answer::analysis as bit;
use crate::track::tcp::segment::{Reach, mapped};
use crate::track::tcp::{Analysis, Segment, Tracker, options};

/// Sessions that are held; packets of further ones are counted together.
const MAX_SESSIONS: usize = 200_000;

/// Both ends, the lower first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Ends {
    addresses: [IpAddr; 2],
    ports: [u16; 2],
    protocol: u8,
}

/// What every session has.
#[derive(Debug, Clone, Copy)]
struct Common {
    ends: Ends,
    /// Why a TCP session has counts only.
    note: &'static str,
    /// The end on the traced system; in a capture the one that sent first.
    local: usize,
    first: Timestamp,
    last: Timestamp,
    /// Records that were older than the one before.
    backwards: u32,
    /// Packets and bytes, by the end that sent them.
    packets: [u64; 2],
    bytes: [u64; 2],
    data: [u64; 2],
}

/// A TCP connection.
#[derive(Debug)]
struct Tcp {
    common: Common,
    halves: [Half; 2],
    state: State,
    began: State,
    /// The end that sent the first SYN.
    client: Option<usize>,
    initial_rtt: i64,
}

#[derive(Debug)]
enum Session {
    Tcp(Box<Tcp>),
    /// Counts and times only.
    Other(Common),
}

/// The sessions of a run.
#[derive(Debug)]
pub struct Sessions {
    kind: SessionKind,
    tracker: Tracker,
    all: Vec<Session>,
    /// Numbers of TCP connections by the tracker's streams.
    streams: HashMap<u32, usize>,
    others: HashMap<Ends, usize>,
    /// Packets of sessions that found no room, and records without addresses.
    refused: u64,
    packets: u64,
    titled: bool,
}

impl Sessions {
    /// Begins a report.
    #[must_use]
    pub fn new(kind: SessionKind) -> Self {
        Self {
            kind,
            tracker: Tracker::new(MAX_SESSIONS),
            all: Vec::new(),
            streams: HashMap::new(),
            others: HashMap::new(),
            refused: 0,
            packets: 0,
            titled: false,
        }
    }

    /// Takes a record; its line, if the report has one, goes to `out`.
    pub fn record(&mut self, out: &mut String, r: &Record<'_>, o: &Options, zone: Zone) {
        if matches!(r.kind, Kind::Event) {
            return;
        }
        self.packets += 1;
        let p = &r.packet;
        let (Some(src), Some(dst)) = (p.src, p.dst) else {
            self.refused += 1;
            return;
        };
        let (sport, dport) = p.ports.unwrap_or_default();
        let swap = (wide(src), sport) > (wide(dst), dport);
        let own = usize::from(swap);
        let mut ends =
            Ends { addresses: [src, dst], ports: [sport, dport], protocol: p.protocol.unwrap_or(0) };
        if swap {
            ends.addresses.reverse();
            ends.ports.reverse();
        }
        // A data trace has no sequence numbers: its sessions are counted beside those of packets.
        let tcp = p.tcp().filter(|_| r.kind != Kind::Data);
        let Some(t) = tcp else {
            let number = match self.others.get(&ends) {
                Some(n) => *n,
                None if self.all.len() >= MAX_SESSIONS => {
                    self.refused += 1;
                    return;
                }
                None => {
                    self.all.push(Session::Other(Common::new(ends, r, own)));
                    self.others.insert(ends, self.all.len() - 1);
                    self.all.len() - 1
                }
            };
            if let Some(Session::Other(c)) = self.all.get_mut(number) {
                c.count(r, own);
                if self.kind == SessionKind::Detail {
                    title(out, &mut self.titled, self.kind);
                    other_line(out, number, r, zone);
                }
            }
            return;
        };
        let segment = segment(r, &t);
        let answer = self.tracker.segment(&segment);
        let number = match self.streams.get(&answer.stream) {
            Some(n) => *n,
            None if self.all.len() >= MAX_SESSIONS => {
                self.refused += 1;
                return;
            }
            None => {
                let mut c = Tcp::new(ends, r, own);
                if t.flags().intersects(Flags::SYN) {
                    c.client = Some(if t.flags().intersects(Flags::ACK) { 1 - own } else { own });
                } else {
                    c.state = State::Established;
                    c.began = State::Established;
                }
                self.all.push(Session::Tcp(Box::new(c)));
                self.streams.insert(answer.stream, self.all.len() - 1);
                self.all.len() - 1
            }
        };
        let Some(Session::Tcp(c)) = self.all.get_mut(number) else { return };
        let delta = c.common.count(r, own);
        c.initial_rtt = answer.initial_rtt;
        let before = c.state;
        c.state = before.next(t.flags(), own, c.halves[1 - own].closed_acked(t.ack()));
        Half::take(&mut c.halves, own, &t, &segment, &answer, r, o);
        match self.kind {
            SessionKind::Detail => {
                title(out, &mut self.titled, self.kind);
                detail_line(out, number, r, c, own, &segment, &answer.analysis, delta, zone);
            }
            SessionKind::Pipe => {
                title(out, &mut self.titled, self.kind);
                let local = c.common.local;
                let _ = writeln!(
                    out,
                    "{:>6} {:>7} {} {} {:>10} {:>6} {:>10} {:>10}",
                    number + 1,
                    r.nr,
                    zone.clock(time(r)).time(),
                    side(own, local),
                    t.seq(),
                    segment.len.unwrap_or(0),
                    c.halves[1 - local].in_pipe(),
                    c.halves[local].in_pipe()
                );
            }
            SessionKind::State if before != c.state => {
                title(out, &mut self.titled, self.kind);
                let _ = writeln!(
                    out,
                    "{:>6} {:>7} {} {} {:<17} {} -> {}",
                    number + 1,
                    r.nr,
                    zone.clock(time(r)).time(),
                    side(own, c.common.local),
                    words(t.flags()),
                    before.name(),
                    c.state.name()
                );
            }
            _ => {}
        }
    }

    /// The statistics.
    #[must_use]
    pub fn print(&self, o: &Options, zone: Zone) -> String {
        let mut t = String::new();
        let _ = writeln!(t, "Session Report: {} session(s), {} packet(s)", self.all.len(), self.packets);
        if self.refused > 0 {
            let _ = writeln!(t, "{} packet(s) belong to no session that is reported", self.refused);
        }
        for (i, s) in self.all.iter().enumerate() {
            match (s, self.kind) {
                (Session::Tcp(c), SessionKind::State) => print::states(&mut t, i + 1, c, o, zone),
                (Session::Tcp(c), _) => print::tcp(&mut t, i + 1, c, o, zone),
                (Session::Other(_), SessionKind::State) => {}
                (Session::Other(c), _) => print::other(&mut t, i + 1, c, o, zone),
            }
        }
        t
    }
}

/// The time by which sessions are measured: when the packet was captured.
const fn time(r: &Record<'_>) -> Timestamp {
    r.time
}

/// An address in the width that both versions share.
fn wide(a: IpAddr) -> [u8; 16] {
    match a {
        IpAddr::V4(v) => {
            let mut w = [0; 16];
            w[12..].copy_from_slice(&v.octets());
            mapped(4, w)
        }
        IpAddr::V6(v) => v.octets(),
    }
}

fn segment(r: &Record<'_>, t: &formats::net::tcp::Header<'_>) -> Segment {
    let p = &r.packet;
    let mut o = options::Options::default();
    let whole = o.read(t.option_bytes(), t.option_bytes().len());
    let nanos = i64::try_from(time(r).nanos_total()).unwrap_or_default();
    let addresses = [p.src.map_or([0; 16], wide), p.dst.map_or([0; 16], wide)];
    Segment {
        seq: t.seq(),
        ack: t.ack(),
        flags: t.flags().0,
        window: t.window(),
        len: p.fragment.is_none().then_some(p.data_len),
        header: t.header_len() as u8,
        reach: if whole { Reach::Options } else { Reach::Fixed },
        options: o,
        frame: u32::try_from(r.nr).unwrap_or(u32::MAX),
        frame_len: r.orig_len,
        time: nanos,
        ..Segment::between(addresses, [t.src_port(), t.dst_port()])
    }
}

impl Common {
    fn new(ends: Ends, r: &Record<'_>, own: usize) -> Self {
        Self {
            ends,
            note: match (r.kind, ends.protocol) {
                (Kind::Data, _) => " (data trace)",
                (Kind::Smc, _) => " (SMC)",
                (_, 6) => " (without headers)",
                _ => "",
            },
            local: match r.direction() {
                'I' => 1 - own,
                _ => own,
            },
            first: time(r),
            last: time(r),
            backwards: 0,
            packets: [0; 2],
            bytes: [0; 2],
            data: [0; 2],
        }
    }

    /// Counts a packet; returns the nanoseconds since the one before.
    fn count(&mut self, r: &Record<'_>, own: usize) -> i128 {
        let delta = time(r).nanos_total() - self.last.nanos_total();
        self.backwards += u32::from(delta < 0);
        self.last = self.last.max(time(r));
        self.packets[own] += 1;
        self.bytes[own] += u64::from(r.packet.total);
        self.data[own] += u64::from(r.packet.data_len);
        delta
    }

    fn nanos(&self) -> i128 {
        self.last.nanos_total() - self.first.nanos_total()
    }

    fn end(&self, i: usize) -> String {
        match (self.ends.protocol, self.ends.ports[i]) {
            (6 | 17 | 132, p) => format!("{}-{p}", self.ends.addresses[i]),
            _ => self.ends.addresses[i].to_string(),
        }
    }
}

impl Tcp {
    fn new(ends: Ends, r: &Record<'_>, own: usize) -> Self {
        Self {
            common: Common { note: "", ..Common::new(ends, r, own) },
            halves: [Half::default(), Half::default()],
            state: State::Closed,
            began: State::Closed,
            client: None,
            initial_rtt: 0,
        }
    }
}

const fn side(own: usize, local: usize) -> char {
    if own == local { 'O' } else { 'I' }
}

/// Flags in the order of the summary.
fn words(f: Flags) -> String {
    const WORDS: [(Flags, &str); 6] = [
        (Flags::ACK, "ACK"),
        (Flags::FIN, "FIN"),
        (Flags::PSH, "PSH"),
        (Flags::RST, "RST"),
        (Flags::SYN, "SYN"),
        (Flags::URG, "URG"),
    ];
    let set: Vec<&str> = WORDS.iter().filter(|(b, _)| f.intersects(*b)).map(|(_, w)| *w).collect();
    set.join(" ")
}

/// Column headings, once.
fn title(out: &mut String, titled: &mut bool, kind: SessionKind) {
    if std::mem::replace(titled, true) {
        return;
    }
    out.push_str(match kind {
        SessionKind::Pipe => {
            "  Sess   RcdNr Time            D        Seq   Data    In pipe   Out pipe\n"
        }
        SessionKind::State => "  Sess   RcdNr Time            D Flags             State\n",
        _ => {
            "  Sess   RcdNr Time                   Delta D Flags                    Seq        Ack    RcvWnd   Data Notes\n"
        }
    });
}

#[allow(clippy::too_many_arguments)]
fn detail_line(
    out: &mut String,
    number: usize,
    r: &Record<'_>,
    c: &Tcp,
    own: usize,
    s: &Segment,
    a: &Analysis,
    delta: i128,
    zone: Zone,
) {
    let _ = writeln!(
        out,
        "{:>6} {:>7} {} {:>11.6} {} {:<17} {:>10} {:>10} {:>9} {:>6} {}",
        number + 1,
        r.nr,
        zone.clock(time(r)).time(),
        delta as f64 / 1e9,
        side(own, c.common.local),
        words(Flags(s.flags)),
        s.seq,
        s.ack,
        c.halves[own].scaled(s.window, s.flags & 2 != 0),
        s.len.unwrap_or(0),
        notes(a)
    );
    while out.ends_with(" \n") {
        out.truncate(out.len() - 2);
        out.push('\n');
    }
}

fn other_line(out: &mut String, number: usize, r: &Record<'_>, zone: Zone) {
    let _ = writeln!(
        out,
        "{:>6} {:>7} {} {:>11} {} {:<17} {:>10} {:>10} {:>9} {:>6}",
        number + 1,
        r.nr,
        zone.clock(time(r)).time(),
        "",
        r.direction(),
        r.packet
            .protocol
            .and_then(|n| super::super::parse_options::protocol_name(n.into()))
            .unwrap_or_default(),
        "",
        "",
        "",
        r.packet.data_len
    );
}

/// What is unusual about a packet.
fn notes(a: &Analysis) -> String {
    const NOTES: [(u16, &str); 14] = [
        (bit::FAST_RETRANSMISSION, "fast retransmit"),
        (bit::SPURIOUS_RETRANSMISSION, "retransmit of acknowledged data"),
        (bit::RETRANSMISSION, "retransmit"),
        (bit::OUT_OF_ORDER, "out of order"),
        (bit::LOST_SEGMENT, "gap before it"),
        (bit::ACK_LOST_SEGMENT, "acknowledges what was not traced"),
        (bit::DUPLICATE_ACK, "dup ack"),
        (bit::ZERO_WINDOW_PROBE, "window probe"),
        (bit::ZERO_WINDOW_PROBE_ACK, "window probe answer"),
        (bit::ZERO_WINDOW, "window zero"),
        (bit::WINDOW_FULL, "window full"),
        (bit::KEEP_ALIVE, "keep-alive"),
        (bit::KEEP_ALIVE_ACK, "keep-alive answer"),
        (bit::REUSED_PORTS, "ports used again"),
    ];
    let mut list: Vec<String> = Vec::new();
    for (b, text) in NOTES {
        // A fast or spurious retransmission is a retransmission as well.
        if a.has(b) && !(b == bit::RETRANSMISSION && list.iter().any(|t| t.contains("retransmit"))) {
            list.push(if b == bit::DUPLICATE_ACK { format!("{text} {}", a.duplicate) } else { text.into() });
        }
    }
    list.join(", ")
}
