//! NETSTAT reports: what the engines have counted, under IBM's names.
//!
//! The columns are ours where the manual does not show them; every number is read from the
//! engine that keeps it.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use formats::ctrace::Name;

use super::TcpIp;
use crate::engine::Instant;
use crate::engine::ip::home;
use crate::engine::ip::interface::Link;
use crate::engine::ip::route::Origin;
use crate::engine::tcp::{Info, State};

/// A report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// Sockets in a line each.
    Conn,
    /// Everything about every TCP connection.
    All,
    /// Bytes of connections.
    Byteinfo,
    /// Counters of the stack.
    Stats,
    /// Home addresses.
    Home,
    /// Routing table.
    Route,
    /// Interfaces and their counters.
    Devlinks,
    /// IPv4 neighbours.
    Arp,
    /// IPv6 neighbours.
    Nd,
    /// How long it has been up.
    Up,
}

impl Report {
    /// All reports.
    pub const ALL: [Self; 10] = [
        Self::Conn,
        Self::All,
        Self::Byteinfo,
        Self::Stats,
        Self::Home,
        Self::Route,
        Self::Devlinks,
        Self::Arp,
        Self::Nd,
        Self::Up,
    ];

    /// Its name in lowercase.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conn => "conn",
            Self::All => "all",
            Self::Byteinfo => "byteinfo",
            Self::Stats => "stats",
            Self::Home => "home",
            Self::Route => "route",
            Self::Devlinks => "devlinks",
            Self::Arp => "arp",
            Self::Nd => "nd",
            Self::Up => "up",
        }
    }

    /// The report of this name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.name().eq_ignore_ascii_case(name))
    }
}

/// A report of a stack.
#[must_use]
pub fn report(s: &TcpIp, r: Report) -> String {
    let mut out = format!("MVS TCP/IP NETSTAT {:<8} TCPIP Name: {}\n", r.name().to_uppercase(), s.name());
    match r {
        Report::Conn => conn(s, &mut out),
        Report::All => all(s, &mut out),
        Report::Byteinfo => byteinfo(s, &mut out),
        Report::Stats => stats(s, &mut out),
        Report::Home => homes(s, &mut out),
        Report::Route => routes(s, &mut out),
        Report::Devlinks => devlinks(s, &mut out),
        Report::Arp => neighbors(s, &mut out, false),
        Report::Nd => neighbors(s, &mut out, true),
        Report::Up => up(s, &mut out),
    }
    out
}

macro_rules! put {
    ($out:expr, $($text:tt)*) => {{
        // Writing to a string does not fail.
        let _ = writeln!($out, $($text)*);
    }};
}

/// `address..port`, as z/OS writes sockets.
fn socket(a: SocketAddr) -> String {
    format!("{}..{}", a.ip(), a.port())
}

fn time(t: Instant) -> String {
    let s = t.millis() / 1000;
    format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

/// Sockets of TCP in the order of their numbers; without listeners when `connections`.
fn infos(s: &TcpIp, connections: bool) -> Vec<Info> {
    let mut all: Vec<_> = s.tcp.all().filter(|c| !connections || c.state != State::Listen).collect();
    all.sort_unstable_by_key(|c| c.id.cid());
    all
}

fn conn(s: &TcpIp, out: &mut String) {
    put!(out, "{:<8} {:<8} {:<45} {:<45} State", "User Id", "Conn", "Local Socket", "Foreign Socket");
    for c in infos(s, false) {
        let remote = if c.state == State::Listen { ANY.to_owned() } else { socket(c.remote) };
        line(out, c.owner.job, c.id.cid(), &socket(c.local), &remote, c.state.netstat());
    }
    for u in s.udp_sockets() {
        let remote = u.remote.map_or_else(|| ANY.to_owned(), socket);
        line(out, u.owner.job, u.id, &socket(u.local), &remote, "UDP");
    }
}

/// A socket without a peer.
const ANY: &str = "*..*";

fn line(out: &mut String, job: Name<8>, cid: u32, local: &str, remote: &str, state: &str) {
    put!(out, "{:<8} {cid:08X} {local:<45} {remote:<45} {state}", job.to_string());
}

fn byteinfo(s: &TcpIp, out: &mut String) {
    put!(
        out,
        "{:<8} {:>12} {:>12} {:<6} {:<45} State",
        "User Id",
        "B Out",
        "B In",
        "L Port",
        "Foreign Socket"
    );
    for c in infos(s, true) {
        put!(
            out,
            "{:<8} {:>12} {:>12} {:<6} {:<45} {}",
            c.owner.job.to_string(),
            c.counters.bytes_out,
            c.counters.bytes_in,
            c.local.port(),
            socket(c.remote),
            c.state.netstat()
        );
    }
}

fn all(s: &TcpIp, out: &mut String) {
    for c in infos(s, true) {
        let n = &c.counters;
        put!(
            out,
            "Client Name: {:<8}                 Client Id: {:08X}",
            c.owner.job.to_string(),
            c.id.cid()
        );
        put!(out, "  Local Socket: {}", socket(c.local));
        put!(out, "  Foreign Socket: {}", socket(c.remote));
        put!(
            out,
            "    StartTime:          {:<20} Last Touched:       {}",
            time(c.since),
            time(c.last_touched)
        );
        let ms = |d: std::time::Duration| format!("{:.3} ms", d.as_secs_f64() * 1e3);
        let rows: [[(&str, String); 2]; 19] = [
            [("BytesIn", n.bytes_in.to_string()), ("BytesOut", n.bytes_out.to_string())],
            [("SegmentsIn", n.segments_in.to_string()), ("SegmentsOut", n.segments_out.to_string())],
            [("State", c.state.netstat().into()), ("MaximumSegmentSize", c.max_segment_size.to_string())],
            [("RcvNxt", c.rcv_nxt.to_string()), ("SndNxt", c.snd_nxt.to_string())],
            [("ClientRcvNxt", c.client_rcv_nxt.to_string()), ("ClientSndNxt", c.client_snd_nxt.to_string())],
            [("InitRcvSeqNum", c.init_rcv_seq.to_string()), ("InitSndSeqNum", c.init_snd_seq.to_string())],
            [
                ("CongestionWindow", c.congestion_window.to_string()),
                ("SlowStartThreshold", c.slow_start_threshold.to_string()),
            ],
            [
                ("IncomingWindowNum", c.rcv_nxt.wrapping_add(c.incoming_window).to_string()),
                ("OutgoingWindowNum", c.snd_una.wrapping_add(c.outgoing_window).to_string()),
            ],
            [("SndWl1", c.snd_wl1.to_string()), ("SndWl2", c.snd_wl2.to_string())],
            [("SndWnd", c.outgoing_window.to_string()), ("MaxSndWnd", c.max_snd_wnd.to_string())],
            [("SndUna", c.snd_una.to_string()), ("rtt_seq", c.rtt_seq.unwrap_or(0).to_string())],
            [("SmoothTripTime", ms(c.srtt)), ("SmoothTripVariance", ms(c.rttvar))],
            [("ReXmt", n.retransmits.to_string()), ("ReXmtCount", c.rexmt_count.to_string())],
            [("DupACKs", n.dup_acks.to_string()), ("RcvWnd", c.incoming_window.to_string())],
            [("ZeroWindows", n.zero_windows.to_string()), ("SendStalls", n.send_stalls.to_string())],
            [
                ("ReceiveBufferSize", c.receive_buffer.to_string()),
                ("SendBufferSize", c.send_buffer.to_string()),
            ],
            [
                ("ReceiveDataQueued", c.receive_queued.to_string()),
                ("SendDataQueued", c.send_queued.to_string()),
            ],
            [("SendStalled", yes(c.send_stalled)), ("DSField", format!("{:02X}", c.ds_field))],
            [("Timestamps", yes(c.timestamps)), ("SelectiveAck", yes(c.sack))],
        ];
        for [(a, x), (b, y)] in rows {
            put!(out, "    {:<20}{x:<21}{:<20}{y}", format!("{a}:"), format!("{b}:"));
        }
    }
}

fn yes(on: bool) -> String {
    if on { "Yes" } else { "No" }.into()
}

fn stats(s: &TcpIp, out: &mut String) {
    let mut section = |title: &str, rows: &[(&str, u64)]| {
        put!(out, "{title}");
        for (name, n) in rows {
            put!(out, "  {name:<44} = {n}");
        }
    };
    section("IP Statistics", &s.ip_statistics());
    let t = s.tcp.stats();
    let established = s.tcp.all().filter(|c| c.state == State::Established).count() as u64;
    let stalled = s.tcp.all().filter(|c| c.send_stalled).count() as u64;
    section(
        "TCP Statistics",
        &[
            ("Current Established Connections", established),
            ("Current Stalled Connections", stalled),
            ("Active Connections Opened", t.active_opens),
            ("Passive Connections Opened", t.passive_opens),
            ("Connections Closed", t.closed),
            ("Established Connections Dropped", t.established_resets),
            ("Connection Attempts Dropped", t.attempt_fails),
            ("Connection Attempts Discarded", t.backlog_drops),
            ("TimeWait Connections Reused", t.time_wait_reused),
            ("Segments Received", t.segments_in),
            ("Header Predictions", t.header_predictions),
            ("Duplicate ACKs", t.dup_acks),
            ("Discards for Bad Checksum", t.bad_checksum),
            ("Discards for Bad Header", t.bad_header),
            ("Discards for Old Timestamp", t.paws_drops),
            ("Completely Duplicate Segments", t.duplicate_segments),
            ("Partially Duplicate Segments", t.partial_duplicates),
            ("Segments Received After Window", t.after_window),
            ("Out of Order Segments", t.out_of_order),
            ("Window Probes Received", t.window_probes_in),
            ("Window Updates Received", t.window_updates_in),
            ("Segments Sent", t.segments_out),
            ("Window Updates Sent", t.window_updates_out),
            ("Delayed ACKs Sent", t.delayed_acks),
            ("Resets Sent", t.resets_out),
            ("Resets Received", t.resets_in),
            ("Segments Retransmitted", t.retransmits),
            ("Retransmit Timeouts", t.timeouts),
            ("Connections Dropped by Retransmit", t.timeout_drops),
            ("Fast Recoveries", t.fast_recoveries),
            ("Path MTU Discovery Retransmits", t.pmtu_retransmits),
            ("Path MTU Black Holes Suspected", t.black_holes),
            ("Receive Windows Closed", t.zero_windows),
            ("Window Probes Sent", t.window_probes_out),
            ("KeepAlive Probes Sent", t.keepalive_probes),
            ("Connections Dropped by KeepAlive", t.keepalive_drops),
            ("Connections Dropped in FinWait2", t.fin_wait_2_drops),
            ("SYN Cookies Sent", t.cookies_sent),
            ("Connections from SYN Cookies", t.cookies_taken),
        ],
    );
    section("UDP Statistics", &s.udp_statistics());
}

fn homes(s: &TcpIp, out: &mut String) {
    put!(out, "{:<43} {:<16} {:<10} Flg", "Address", "Interface", "State");
    for h in s.ip.home().iter() {
        let interface = match h.interface {
            home::VIRTUAL => "VIRTUAL".to_owned(),
            i => s.interface_name(i),
        };
        let flags = if h.auto { "A" } else { "P" };
        put!(
            out,
            "{:<43} {interface:<16} {:<10} {flags}",
            format!("{}/{}", h.address, h.prefix_len),
            format!("{:?}", h.state)
        );
    }
}

fn routes(s: &TcpIp, out: &mut String) {
    put!(out, "{:<43} {:<40} {:<6} {:<6} Interface", "Destination", "Gateway", "Flags", "Metric");
    for r in s.ip.routes().iter() {
        let host = r.prefix_len == if r.destination.is_ipv4() { 32 } else { 128 };
        let mut flags = String::from(if r.reject { "" } else { "U" });
        flags.push_str(if r.gateway.is_some() { "G" } else { "" });
        flags.push_str(if host { "H" } else { "" });
        flags.push(match r.origin {
            Origin::Direct => 'C',
            Origin::Static => 'S',
            Origin::RouterAdvertisement | Origin::Redirect => 'D',
            Origin::Dynamic => 'O',
        });
        let to = if r.prefix_len == 0 {
            "DEFAULT".to_owned()
        } else {
            format!("{}/{}", r.destination, r.prefix_len)
        };
        let gateway = r.gateway.map_or_else(|| "0.0.0.0".to_owned(), |g: IpAddr| g.to_string());
        put!(out, "{to:<43} {gateway:<40} {flags:<6} {:<6} {}", r.metric, s.interface_name(r.interface));
    }
}

fn devlinks(s: &TcpIp, out: &mut String) {
    for i in s.ip.interfaces() {
        let (kind, address) = match i.config.link {
            Link::Loopback => ("LOOPBACK", String::new()),
            Link::Ethernet { mac, .. } => ("IPAQENET", mac.to_string()),
            Link::HiperSockets => ("IPAQIDIO", String::new()),
            Link::PointToPoint => ("MPCPTP", String::new()),
        };
        let status = if i.active { "Ready" } else { "Not Active" };
        put!(out, "IntfName: {:<16} IntfType: {kind:<10} IntfStatus: {status}", i.config.name.to_string());
        put!(out, "  VMACAddr: {address:<18} CfgMtu: {:<6} ActMtu: {}", i.config.mtu, i.mtu_v6);
        put!(
            out,
            "  ChecksumOffload: {:<4} SegmentationOffload: {}",
            yes(i.config.checksum_offload),
            yes(i.config.segmentation.is_some())
        );
        let n = &i.counters;
        put!(out, "  Interface Statistics:");
        for (name, n) in [
            ("BytesIn", n.in_bytes),
            ("Inbound Packets", n.in_packets),
            ("Inbound Packets Discarded", n.in_discards),
            ("BytesOut", n.out_bytes),
            ("Outbound Packets", n.out_packets),
            ("Outbound Packets Discarded", n.out_discards),
        ] {
            put!(out, "    {name:<42} = {n}");
        }
    }
}

fn neighbors(s: &TcpIp, out: &mut String, v6: bool) {
    for i in s.ip.interfaces() {
        for n in i.neighbors(s.now()).filter(|n| n.address.is_ipv6() == v6) {
            let mac = n.mac.to_string();
            put!(
                out,
                "{:<40} {:<16} {mac:<18} {:?}",
                n.address.to_string(),
                i.config.name.to_string(),
                n.state
            );
        }
    }
}

fn up(s: &TcpIp, out: &mut String) {
    put!(out, "Tcpip has been up for {} with IPv6 enabled", time(Instant(s.now().0 - s.started().0)));
}
