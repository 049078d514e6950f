//! What is wrong, who should act, and what to do: rules over what the trackers counted.
//!
//! Each family of rules has a file of its own. A rule speaks when a person who looks at the same
//! packets would; one that might as well mean nothing is left out or says so by its severity.

mod checksums;
mod dropped;
mod echo;
mod fragments;
mod mtu;
mod names;
mod neighbours;
mod reachability;
mod tcp_close;
mod tcp_flow;
mod tcp_loss;
mod tcp_open;
mod tcp_time;
mod udp;

use std::collections::{HashMap, HashSet};
use std::io::Write as _;

use foldhash::fast::RandomState;

use super::conversations::{Conversation, End, Kind};
use super::evidence::Evidence;
use super::sessions::Sessions;
use super::tcp::Connection;
use crate::decode::fmt::Out as _;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something does not work.
    Error,
    /// Something works badly, or will not work under load.
    Warning,
    /// Worth knowing; nothing need be wrong.
    Note,
}

impl Severity {
    /// As JSON has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Packet numbers given with a finding at most.
pub const MAX_PACKETS: usize = 20;
/// Findings of one run at most; those that are worse stay.
pub const MAX_FINDINGS: usize = 10_000;

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The rule's name; stays the same when its words change.
    pub rule: &'static str,
    /// What is wrong, in a plain sentence.
    pub text: String,
    /// Packets that show it, the first ones.
    pub packets: Vec<u64>,
    /// How many packets show it.
    pub count: u64,
    /// Who should act.
    pub who: String,
    /// What to do next.
    pub next_step: String,
    /// The conversation it is about; `None` for the trace as a whole.
    pub of: Option<(Kind, u32)>,
}

impl Finding {
    /// A finding about a conversation.
    #[must_use]
    pub fn new(severity: Severity, rule: &'static str, of: Option<(Kind, u32)>, text: String) -> Self {
        let (who, next_step) = (String::new(), String::new());
        Self { severity, rule, text, packets: Vec::new(), count: 0, who, next_step, of }
    }

    /// With these packets as evidence.
    #[must_use]
    pub fn shown_by(mut self, e: &Evidence) -> Self {
        self.count += u64::from(e.count);
        self.packets.extend(e.packets());
        self.packets.sort_unstable();
        self.packets.dedup();
        self.packets.truncate(MAX_PACKETS);
        self
    }

    /// With these packets as evidence, of `count`.
    #[must_use]
    pub fn packets(mut self, packets: impl IntoIterator<Item = u64>, count: u64) -> Self {
        self.count += count;
        self.packets.extend(packets.into_iter().filter(|&p| p != 0).take(MAX_PACKETS));
        self.packets.sort_unstable();
        self.packets.dedup();
        self.packets.truncate(MAX_PACKETS);
        self
    }

    /// Who should do what.
    #[must_use]
    pub fn act(mut self, who: impl Into<String>, next_step: impl Into<String>) -> Self {
        self.who = who.into();
        self.next_step = next_step.into();
        self
    }
}

/// What rules look at besides the trackers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Checksums were asked for: say also what is only unfinished.
    pub checksums: bool,
}

/// What an error message is about: protocol, ports, sender and destination of the packet.
type Flow = (u8, u16, u16, [u8; 16], [u8; 16]);

/// The trackers, with what several rules look up in them.
struct Context<'a> {
    s: &'a Sessions,
    /// TCP connections in order of first appearance.
    connections: Vec<&'a Connection>,
    /// Latest TCP connection between two ends, lower first; filled when there are errors.
    by_ends: HashMap<[End; 2], u32, RandomState>,
    /// Packets that an error message is about.
    flows: HashSet<Flow, RandomState>,
    /// Sender and destination of packets that an error message is about.
    hosts: HashSet<([u8; 16], [u8; 16]), RandomState>,
    /// Hosts of which both directions of some conversation are in the trace.
    heard: HashSet<[u8; 16], RandomState>,
}

impl<'a> Context<'a> {
    fn new(s: &'a Sessions) -> Self {
        let connections = s.tcp.connections();
        let tcp = || connections.iter().filter_map(|c| Some((c.stream, s.tcp_row(c)?)));
        let errors = !s.icmp.errors.is_empty();
        let by_ends = tcp().filter(|_| errors).map(|(stream, v)| (sorted(v.ends), stream)).collect();
        let about = || s.icmp.errors.iter().map(|(a, _)| a);
        let neighbours = !s.arp.details.is_empty() || !s.nd.details.is_empty();
        let both = |c: &Conversation| neighbours && c.packets[0] > 0 && c.packets[1] > 0;
        let heard = tcp().map(|t| t.1).chain(s.udp.table.all.iter().copied()).filter(both);
        Self {
            s,
            by_ends,
            flows: about().map(|a| (a.flow.0, a.flow.1, a.flow.2, a.to, a.dst)).collect(),
            hosts: about().map(|a| (a.to, a.dst)).collect(),
            heard: heard.flat_map(|c| c.ends).map(|e| e.addr).collect(),
            connections,
        }
    }

    /// TCP connections that had packets.
    fn tcp(&self) -> impl Iterator<Item = (&'a Connection, Conversation)> + '_ {
        self.connections.iter().filter_map(|&c| Some((c, self.s.tcp_row(c)?)))
    }

    /// True when an error message says what became of packets from one end to the other.
    fn complained(&self, protocol: u8, from: End, to: End) -> bool {
        self.flows.contains(&(protocol, from.port, to.port, from.addr, to.addr))
    }
}

/// Findings so far: the worst [`MAX_FINDINGS`] of them, and not many more.
#[derive(Debug, Default)]
struct Found(Vec<Finding>);

impl Found {
    fn push(&mut self, f: Finding) {
        self.0.push(f);
        if self.0.len() >= 2 * MAX_FINDINGS {
            self.order();
        }
    }

    /// Puts the worst first, and what is beyond the limit away.
    fn order(&mut self) {
        self.0.sort_by(|a, b| {
            let first = |f: &Finding| f.packets.first().copied().unwrap_or(u64::MAX);
            (a.severity, std::cmp::Reverse(a.count), first(a), a.rule).cmp(&(
                b.severity,
                std::cmp::Reverse(b.count),
                first(b),
                b.rule,
            ))
        });
        self.0.truncate(MAX_FINDINGS);
    }
}

fn sorted([a, b]: [End; 2]) -> [End; 2] {
    if a <= b { [a, b] } else { [b, a] }
}

/// Every finding, worst first.
#[must_use]
pub fn all(s: &Sessions, o: Options) -> Vec<Finding> {
    let mut out = Found::default();
    let s = &Context::new(s);
    tcp_open::find(s, &mut out);
    tcp_loss::find(s, &mut out);
    tcp_flow::find(s, &mut out);
    tcp_time::find(s, &mut out);
    tcp_close::find(s, &mut out);
    udp::find(s, &mut out);
    names::find(s, &mut out);
    echo::find(s, &mut out);
    reachability::find(s, &mut out);
    mtu::find(s, &mut out);
    neighbours::find(s, &mut out);
    fragments::find(s, &mut out);
    checksums::find(s, o, &mut out);
    dropped::find(s, &mut out);
    out.order();
    out.0
}

/// `1 packet`, `2 packets`.
#[must_use]
pub fn many(n: impl Into<u64>, what: &str) -> String {
    match n.into() {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

/// A time that people read: `12.3 ms`, `4.5 s`.
#[must_use]
pub fn time(nanos: impl Into<i128>) -> String {
    let mut text = Vec::new();
    put_time(&mut text, nanos.into());
    String::from_utf8(text).unwrap_or_default()
}

/// Appends what [`time`] says.
pub fn put_time(out: &mut Vec<u8>, nanos: i128) {
    let (unit, name) = match nanos {
        1_000_000_000.. => (1_000_000_000, "s"),
        1_000_000.. => (1_000_000, "ms"),
        _ => (1000, "us"),
    };
    let step = if unit == 1000 { unit } else { unit / 10 };
    match u64::try_from(nanos) {
        // Halves, and what is beyond the digits of a floating-point number, are rounded as such a number is.
        Ok(n) if n % step != step / 2 && n < 1 << 50 => {
            let steps = (n + step / 2) / step;
            if unit == 1000 {
                out.dec(steps);
            } else {
                out.dec(steps / 10);
                out.extend_from_slice(&[b'.', b'0' + (steps % 10) as u8]);
            }
        }
        _ => {
            let value = super::conversations::seconds(nanos) * (1e9 / unit as f64);
            let decimals = usize::from(unit != 1000);
            let _ = write!(out, "{value:.decimals$}");
        }
    }
    out.push(b' ');
    out.text(name);
}
