//! Scripts in the manner of packetdrill: segments that come, segments that must go out and when,
//! calls of the application, and values. The expected segments are written from the RFCs.
//!
//! ```text
//! config NAME=VALUE ...           settings, before anything else (durations in ms)
//! +SECONDS STEP                   so long after the step before
//! ```
//!
//! | step | |
//! |---|---|
//! | `< FLAGS SEQ:END(LEN) [ack N] [win N] [urg N] [port N] [<OPTIONS>]` | a segment comes |
//! | `> ...` the same | a segment goes out now; `win`, `urg`, options are checked where given |
//! | `listen [backlog=N] [smc]`, `connect [smc]`, `accept [none]` | opens; passive or active |
//! | `send N [= RESULT]`, `urgent N`, `recv N = RESULT`, `shutdown read\|write\|both` | |
//! | `close`, `abort`, `unlisten`, `set NAME=VALUE`, `mtu N` | |
//! | `icmp KIND [N] seq N` | `toobig MTU`, `port`, `host`, `time` |
//! | `state NAME`, `gone`, `event NAME`, `check NAME=VALUE ...` | what must be so |
//! | `silent` | nothing was sent since the step before |
//!
//! Numbers of either side count from its SYN, timestamps from the first one of either side.
//! Before each step but `>` everything that was sent must have been expected.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use formats::net::tcp::{Flags, Header, Repr};
use formats::net::tcp_options::{Options, SmcMagic, Timestamps};
use stack::engine::tcp::config::SynOptions;
use stack::engine::tcp::{Algorithm, Config, ConnectionId, Error, Event, Shutdown, SocketOptions};
use stack::engine::{IcmpError, IcmpKind, Instant};

use crate::call;
use crate::link::Packet;
use crate::pair::{Host, pseudo};
use crate::simulation::byte;

/// The peer's initial sequence number: its numbers wrap soon.
const IRS: u32 = 0xffff_fc00;
/// First timestamp of the peer.
const PEER_CLOCK: u32 = 0x7fff_fff0;
/// A segment may go out so much later than expected.
const SLACK: Duration = Duration::from_millis(1);

struct Run {
    host: Host,
    now: Instant,
    sent: VecDeque<(Instant, Packet)>,
    events: VecDeque<Event>,
    listener: Option<ConnectionId>,
    id: Option<ConnectionId>,
    active: bool,
    peer: IpAddr,
    /// Initial sequence number of this side, by the peer's port.
    iss: HashMap<u16, u32>,
    clock: Option<u32>,
    written: usize,
    read: usize,
}

fn millis(v: &str) -> Duration {
    Duration::from_millis(v.parse().unwrap())
}

fn config(words: &[&str], c: &mut Config) -> (bool, u32) {
    let (mut v6, mut mtu) = (false, 1500);
    for w in words {
        let (k, v) = w.split_once('=').unwrap_or_else(|| panic!("{w}"));
        let n = || v.parse::<u64>().unwrap_or_else(|_| panic!("{w}"));
        let on = v == "on";
        match k {
            "v6" => v6 = on,
            "mtu" => mtu = n() as u32,
            "min_rto" => c.min_rto = millis(v),
            "max_rto" => c.max_rto = millis(v),
            "delayed_ack" => c.delayed_ack = millis(v),
            "timestamps" => c.timestamps = on,
            "sack" => c.sack = on,
            "scale" => c.window_scaling = on,
            "iw" => c.initial_window = n() as u32,
            "rcvbuf" => c.receive_buffer = n() as u32,
            "sndbuf" => c.send_buffer = n() as u32,
            "msl" => c.msl = millis(v),
            "finwait2" => c.fin_wait_2 = millis(v),
            "keepalive_interval" => c.keepalive_interval = millis(v),
            "keepalive_probes" => c.keepalive_probes = n() as u8,
            "max_retransmits" => c.max_retransmits = n() as u8,
            "max_syn" => c.max_syn_retransmits = n() as u8,
            "syn_queue" => c.syn_queue = n() as usize,
            "cookies" => c.syn_cookies = on,
            "black_hole" => c.black_hole_after = n() as u8,
            "challenges" => c.challenge_limit = n() as u8,
            "cc" => c.congestion = if v == "cubic" { Algorithm::Cubic } else { Algorithm::NewReno },
            _ => panic!("{w}"),
        }
    }
    (v6, mtu)
}

/// Runs a script; panics with its line where something is not as it says.
pub fn run(name: &str, text: &str) {
    let mut c = Config {
        timestamps: false,
        sack: false,
        window_scaling: false,
        congestion: Algorithm::NewReno,
        min_rto: Duration::from_secs(1),
        receive_buffer: 65_535,
        ..Config::default()
    };
    let mut settings = (false, 1500);
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("config ") {
            settings = config(&rest.split_whitespace().collect::<Vec<_>>(), &mut c);
        }
    }
    let (own, peer) = if settings.0 { ("fd00::1", "fd00::2") } else { ("10.0.0.1", "10.0.0.2") };
    let mut r = Run {
        host: Host::new(own, c, settings.1, 42),
        now: Instant::from_millis(1_000),
        sent: VecDeque::new(),
        events: VecDeque::new(),
        listener: None,
        id: None,
        active: false,
        peer: peer.parse().unwrap(),
        iss: HashMap::new(),
        clock: None,
        written: 0,
        read: 0,
    };
    for (n, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim();
        if line.is_empty() || line.starts_with("config ") {
            continue;
        }
        let at = format!("{name}, line {}: {line}\n", n + 1);
        let (time, step) = line.strip_prefix('+').and_then(|l| l.split_once(' ')).expect(&at);
        let seconds: f64 = time.parse().expect(&at);
        let until = r.now + Duration::from_micros((seconds * 1e6).round() as u64);
        r.advance(until);
        let step = step.trim();
        if !step.starts_with('>') {
            let extra: Vec<_> = r.sent.iter().map(|(t, p)| r.show(*t, p)).collect();
            assert!(extra.is_empty(), "{at}sent before it: {extra:#?}");
        }
        r.step(step, &at);
        r.flush();
    }
    r.flush();
    let extra: Vec<_> = r.sent.iter().map(|(t, p)| r.show(*t, p)).collect();
    assert!(extra.is_empty(), "{name}: sent at the end: {extra:#?}");
}

impl Run {
    fn flush(&mut self) {
        let (now, sent) = (self.now, &mut self.sent);
        self.host.transmit(now, |p| sent.push_back((now, p)));
        while let Some(e) = self.host.tcp.poll_event() {
            self.events.push_back(e);
        }
    }

    fn advance(&mut self, until: Instant) {
        self.flush();
        while let Some(next) = self.host.tcp.poll_timeout().filter(|t| *t <= until) {
            self.now = self.now.max(next);
            call!(self.host, self.now, handle_timeout);
            self.flush();
        }
        self.now = until;
    }

    fn show(&self, t: Instant, p: &Packet) -> String {
        let h = Header::new(&p.bytes).unwrap();
        let iss = self.iss.get(&h.dst_port()).copied().unwrap_or(h.seq());
        let seq = h.seq().wrapping_sub(iss);
        format!(
            "{:.6} {} {seq}:{}({}) ack {} win {} urg {} {:?} port {}",
            t.0 as f64 / 1e9 - self.now.0 as f64 / 1e9,
            letters(h.flags()),
            seq + h.payload().len() as u32,
            h.payload().len(),
            h.ack().wrapping_sub(IRS),
            h.window(),
            h.urgent_pointer(),
            h.options().map(|o| o.unwrap().1).collect::<Vec<_>>(),
            h.dst_port(),
        )
    }

    fn conn(&self, at: &str) -> ConnectionId {
        self.id.unwrap_or_else(|| panic!("{at}no connection"))
    }

    fn step(&mut self, step: &str, at: &str) {
        let words: Vec<&str> = step.split_whitespace().collect();
        let result = |want: Option<usize>, got: Result<usize, Error>| {
            let got = match got {
                Ok(n) => n.to_string(),
                Err(Error::WouldBlock) => "again".into(),
                Err(Error::Shut) => "shut".into(),
                Err(Error::Ended(r)) => r.to_string().replace(' ', "-"),
                Err(e) => e.to_string(),
            };
            if let Some(w) = want {
                assert_eq!(got, words[w], "{at}");
            }
        };
        match words[0] {
            "<" => {
                let p = self.build(&words[1..], at);
                self.host.receive(self.now, &p);
            }
            ">" => self.expect(&words[1..], at),
            "silent" => {}
            "listen" | "connect" => {
                let mut o = SocketOptions::default();
                let mut backlog = 5;
                for w in &words[1..] {
                    match w.split_once('=') {
                        Some(("backlog", n)) => backlog = n.parse().unwrap(),
                        None if *w == "smc" => o.syn_options = SynOptions::new(&SynOptions::SMCR),
                        None if *w == "nodelay" => o.no_delay = true,
                        _ => panic!("{at}"),
                    }
                }
                if words[0] == "listen" {
                    self.listener = Some(call!(self.host, self.now, listen, None, 80, backlog, o).unwrap());
                } else {
                    self.active = true;
                    let (local, paths) = (SocketAddr::new(self.host.address, 1234), self.host.paths);
                    let to = SocketAddr::new(self.peer, 80);
                    self.id = Some(call!(self.host, self.now, connect, &paths, Some(local), to, o).unwrap());
                }
            }
            "accept" => {
                let got = call!(self.host, self.now, accept, self.listener.unwrap());
                if words.get(1) == Some(&"none") {
                    assert_eq!(got, Err(Error::WouldBlock), "{at}");
                } else {
                    self.id = Some(got.unwrap_or_else(|e| panic!("{at}{e}")).0);
                }
            }
            "send" | "urgent" => {
                let n: usize = words[1].parse().unwrap();
                let data: Vec<u8> = (self.written..self.written + n).map(|i| byte(1, i)).collect();
                let id = self.conn(at);
                let got = if words[0] == "send" {
                    call!(self.host, self.now, send, id, &data)
                } else {
                    call!(self.host, self.now, send_urgent, id, &data)
                };
                self.written += got.unwrap_or(0);
                result((words.len() > 3).then_some(3), got);
            }
            "recv" => {
                let mut buf = vec![0; words[1].parse().unwrap()];
                let id = self.conn(at);
                let got = call!(self.host, self.now, recv, id, &mut buf);
                for (i, b) in buf[..got.unwrap_or(0)].iter().enumerate() {
                    assert_eq!(*b, byte(2, self.read + i), "{at}");
                }
                self.read += got.unwrap_or(0);
                result(Some(3), got);
            }
            "shutdown" => {
                let how = match words[1] {
                    "read" => Shutdown::Read,
                    "write" => Shutdown::Write,
                    _ => Shutdown::Both,
                };
                let id = self.conn(at);
                call!(self.host, self.now, shutdown, id, how).unwrap();
            }
            "close" => {
                let id = self.conn(at);
                call!(self.host, self.now, close, id).unwrap();
            }
            "abort" => {
                let id = self.conn(at);
                call!(self.host, self.now, abort, id).unwrap();
            }
            "unlisten" => call!(self.host, self.now, unlisten, self.listener.unwrap()).unwrap(),
            "mtu" => self.host.paths.0.mtu = words[1].parse().unwrap(),
            "set" => {
                let (k, v) = words[1].split_once('=').expect(at);
                let id = self.conn(at);
                let change = |o: &mut SocketOptions| match k {
                    "nodelay" => o.no_delay = v == "on",
                    "keepalive" => o.keepalive = Some(millis(v)),
                    "user_timeout" => o.user_timeout = Some(millis(v)),
                    "nodelayack" => o.no_delayed_ack = v == "on",
                    _ => panic!("{at}"),
                };
                call!(self.host, self.now, set_options, id, change).unwrap();
            }
            "icmp" => self.icmp(&words[1..]),
            "state" => {
                let s = self.host.tcp.info(self.conn(at)).map_or("gone".into(), |i| i.state.to_string());
                assert_eq!(s, words[1], "{at}");
            }
            "gone" => assert!(self.host.tcp.is_empty(), "{at}{:?}", self.host.tcp.all().collect::<Vec<_>>()),
            "event" => {
                let names: Vec<String> = self.events.drain(..).map(event).collect();
                assert!(names.iter().any(|n| n == words[1]), "{at}{names:?}");
            }
            "check" => self.check(&words[1..], at),
            _ => panic!("{at}unknown step"),
        }
    }

    fn icmp(&mut self, words: &[&str]) {
        let seq: u32 = words.last().unwrap().parse().unwrap();
        let kind = match words[0] {
            "toobig" => IcmpKind::PacketTooBig(words[1].parse().unwrap()),
            "port" => IcmpKind::Unreachable(if self.peer.is_ipv4() { 3 } else { 4 }),
            "host" => IcmpKind::Unreachable(if self.peer.is_ipv4() { 1 } else { 3 }),
            _ => IcmpKind::TimeExceeded,
        };
        let (own, peer) = if self.active { (1234u16, 80u16) } else { (80, 1234) };
        let iss = self.iss.get(&peer).copied().unwrap_or(0);
        let quoted =
            [own.to_be_bytes().as_slice(), &peer.to_be_bytes(), &iss.wrapping_add(seq).to_be_bytes()]
                .concat();
        let e = IcmpError {
            reporter: self.peer,
            src: self.host.address,
            dst: self.peer,
            protocol: 6,
            kind,
            quoted,
        };
        call!(self.host, self.now, handle_icmp, &e);
    }

    fn check(&self, words: &[&str], at: &str) {
        let s = self.host.tcp.stats();
        for w in words {
            let (k, v) = w.split_once('=').expect(at);
            let i = || self.host.tcp.info(self.id.expect(at)).expect(at);
            let got = match k {
                "cwnd" => i().congestion_window.into(),
                "ssthresh" => i().slow_start_threshold.into(),
                "rto" => i().rto.as_millis() as u64,
                "srtt" => i().srtt.as_millis() as u64,
                "rttvar" => i().rttvar.as_millis() as u64,
                "mss" => i().max_segment_size.into(),
                "dup_acks" => i().counters.dup_acks.into(),
                "in_flight" => i().in_flight.into(),
                "retransmits" => i().counters.retransmits.into(),
                "bytes_in" => i().counters.bytes_in,
                "bytes_out" => i().counters.bytes_out,
                "out_window" => i().outgoing_window.into(),
                "mark" => self.host.tcp.at_mark(self.id.expect(at)).into(),
                "stat.challenge_acks" => s.challenge_acks,
                "stat.header_predictions" => s.header_predictions,
                "stat.backlog_drops" => s.backlog_drops,
                "stat.cookies_sent" => s.cookies_sent,
                "stat.cookies_taken" => s.cookies_taken,
                "stat.paws_drops" => s.paws_drops,
                "stat.delayed_acks" => s.delayed_acks,
                "stat.time_wait_reused" => s.time_wait_reused,
                "stat.black_holes" => s.black_holes,
                "stat.icmp_ignored" => s.icmp_ignored,
                "stat.fast_recoveries" => s.fast_recoveries,
                "stat.timeouts" => s.timeouts,
                "stat.bad_checksum" => s.bad_checksum,
                "stat.out_of_order" => s.out_of_order,
                "connections" => self.host.tcp.len() as u64,
                _ => panic!("{at}{k}"),
            };
            assert_eq!(got.to_string(), v, "{at}{k}");
        }
    }

    /// A segment of the peer.
    fn build(&mut self, words: &[&str], at: &str) -> Packet {
        let spec = Spec::parse(words, at);
        let port = spec.port.unwrap_or(if self.active { 80 } else { 1234 });
        let iss = self.iss.get(&port).copied().unwrap_or(0);
        let clock = self.clock.unwrap_or(0);
        let mut flags = spec.flags;
        if spec.ack.is_some() {
            flags = flags.with(Flags::ACK);
        }
        let mut options = spec.options.unwrap_or_default();
        if let Some(ts) = &mut options.timestamps {
            ts.value = PEER_CLOCK.wrapping_add(ts.value);
            ts.echo = if flags.contains(Flags::ACK) { clock.wrapping_add(ts.echo) } else { 0 };
        }
        let blocks = std::mem::take(&mut options.sack);
        for (l, r) in blocks.as_slice() {
            options.sack.push(iss.wrapping_add(*l), iss.wrapping_add(*r));
        }
        let repr = Repr {
            src_port: port,
            dst_port: if self.active { 1234 } else { 80 },
            seq: IRS.wrapping_add(spec.seq),
            ack: spec.ack.map_or(0, |a| iss.wrapping_add(a)),
            flags,
            window: spec.window.unwrap_or(65_535),
            urgent_pointer: spec.urgent.unwrap_or(0),
            options,
        };
        let from = spec.seq.wrapping_sub(1) as usize;
        let data = (from..from + spec.len as usize).map(|i| byte(2, i));
        let mut bytes = vec![0; repr.header_len()];
        bytes.extend(data);
        repr.emit(&mut bytes, Some(&pseudo(self.peer, self.host.address))).unwrap();
        Packet { src: self.peer, dst: self.host.address, bytes }
    }

    /// A segment that must have been sent just now.
    fn expect(&mut self, words: &[&str], at: &str) {
        let spec = Spec::parse(words, at);
        let Some((when, p)) = self.sent.pop_front() else { panic!("{at}nothing was sent") };
        let shown = self.show(when, &p);
        let h = Header::new(&p.bytes).unwrap();
        assert!(h.checksum_ok(&pseudo(p.src, p.dst)), "{at}{shown}");
        if h.flags().contains(Flags::SYN) {
            self.iss.insert(h.dst_port(), h.seq());
        }
        let iss = self.iss.get(&h.dst_port()).copied().unwrap_or(0);
        let options = Options::parse(h.option_bytes()).unwrap();
        if let (None, Some(ts)) = (self.clock, options.timestamps) {
            self.clock = Some(ts.value);
        }
        let late = self.now.since(when).max(when.since(self.now));
        assert!(late <= SLACK, "{at}sent {shown}");
        let ack = spec.ack.map(|a| IRS.wrapping_add(a));
        let mut want = spec.flags;
        if ack.is_some() {
            want = want.with(Flags::ACK);
        }
        assert_eq!(h.flags(), want, "{at}{shown}");
        // A reset for nobody's connection has no number of ours to count from.
        let base = if iss == 0 && spec.flags.contains(Flags::RST) { 0 } else { iss };
        assert_eq!(h.seq(), base.wrapping_add(spec.seq), "{at}{shown}");
        assert_eq!(h.payload().len(), spec.len as usize, "{at}{shown}");
        for (i, b) in h.payload().iter().enumerate() {
            assert_eq!(*b, byte(1, spec.seq as usize - 1 + i), "{at}{shown}");
        }
        if let Some(a) = ack {
            assert_eq!(h.ack(), a, "{at}{shown}");
        }
        assert!(spec.window.is_none_or(|w| w == h.window()), "{at}{shown}");
        assert!(spec.urgent.is_none_or(|u| u == h.urgent_pointer()), "{at}{shown}");
        assert!(spec.port.is_none_or(|p| p == h.dst_port()), "{at}{shown}");
        if let Some(mut o) = spec.options {
            if let Some(ts) = &mut o.timestamps {
                ts.value = self.clock.unwrap().wrapping_add(ts.value);
                let acks = h.flags().contains(Flags::ACK);
                ts.echo = if acks { PEER_CLOCK.wrapping_add(ts.echo) } else { 0 };
            }
            let blocks = std::mem::take(&mut o.sack);
            for (l, r) in blocks.as_slice() {
                o.sack.push(IRS.wrapping_add(*l), IRS.wrapping_add(*r));
            }
            assert_eq!(options, o, "{at}{shown}");
        }
    }
}

fn event(e: Event) -> String {
    match e {
        Event::Connected(_) => "connected".into(),
        Event::Acceptable(_) => "acceptable".into(),
        Event::Readable(_) => "readable".into(),
        Event::Writable(_) => "writable".into(),
        Event::Urgent(_) => "urgent".into(),
        Event::Closed(_, r) => format!("closed:{}", r.to_string().replace(' ', "-")),
    }
}

const LETTERS: [(char, Flags); 6] = [
    ('S', Flags::SYN),
    ('F', Flags::FIN),
    ('R', Flags::RST),
    ('P', Flags::PSH),
    ('U', Flags::URG),
    ('.', Flags::ACK),
];

fn letters(f: Flags) -> String {
    LETTERS.iter().filter(|(_, x)| f.contains(*x)).map(|(c, _)| c).collect()
}

/// A segment as a script writes it.
struct Spec {
    flags: Flags,
    seq: u32,
    len: u32,
    ack: Option<u32>,
    window: Option<u16>,
    urgent: Option<u16>,
    port: Option<u16>,
    options: Option<Options>,
}

impl Spec {
    fn parse(words: &[&str], at: &str) -> Self {
        let mut flags = Flags::default();
        for c in words[0].chars() {
            let f = LETTERS.iter().find(|(l, _)| *l == c).unwrap_or_else(|| panic!("{at}{c}"));
            flags = flags.with(f.1);
        }
        let (seq, rest) = words[1].split_once(':').expect(at);
        let (end, len) = rest.trim_end_matches(')').split_once('(').expect(at);
        let (seq, end, len): (u32, u32, u32) =
            (seq.parse().expect(at), end.parse().expect(at), len.parse().expect(at));
        assert_eq!(end - seq, len, "{at}");
        let mut s =
            Self { flags, seq, len, ack: None, window: None, urgent: None, port: None, options: None };
        let mut i = 2;
        while i < words.len() {
            let value = words.get(i + 1);
            match words[i] {
                "ack" => s.ack = value.map(|v| v.parse().expect(at)),
                "win" => s.window = value.map(|v| v.parse().expect(at)),
                "urg" => s.urgent = value.map(|v| v.parse().expect(at)),
                "port" => s.port = value.map(|v| v.parse().expect(at)),
                _ => {
                    s.options = Some(options(&words[i..].join(" "), at));
                    break;
                }
            }
            i += 2;
        }
        s
    }
}

/// `<mss 1460, sackOK, TS val 1 ecr 2, wscale 7, sack 1:2 5:6, smc>`
fn options(text: &str, at: &str) -> Options {
    let mut o = Options::default();
    let inner = text.strip_prefix('<').and_then(|t| t.strip_suffix('>')).expect(at);
    for part in inner.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let w: Vec<&str> = part.split_whitespace().collect();
        match w[0] {
            "mss" => o.mss = Some(w[1].parse().expect(at)),
            "wscale" => o.window_scale = Some(w[1].parse().expect(at)),
            "sackOK" => o.sack_permitted = true,
            "smc" => o.smc = Some(SmcMagic::SMCR),
            "TS" => {
                let n = |s: &str| s.parse::<i64>().expect(at) as u32;
                o.timestamps = Some(Timestamps { value: n(w[2]), echo: n(w[4]) });
            }
            "sack" => {
                for b in &w[1..] {
                    let (l, r) = b.split_once(':').expect(at);
                    o.sack.push(l.parse().expect(at), r.parse().expect(at));
                }
            }
            _ => panic!("{at}{part}"),
        }
    }
    o
}
