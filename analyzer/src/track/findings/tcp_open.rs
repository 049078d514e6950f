//! Connections that did not open, or opened late.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{Context, Finding, Found, Severity, echo::overdue, many, time};
use crate::track::conversations::{Conversation, End, Kind};
use crate::track::evidence::Evidence;
use crate::track::tcp::{Connection, Event, State, saw};

/// A SYN is sent again after one second (RFC 6298); whoever waits longer had no answer.
const PATIENCE: i64 = 1_000_000_000;
/// A handshake that takes longer makes every request slow.
const SLOW: i64 = 500_000_000;
/// As many ports of one host within one trace are a scan.
const SCAN: usize = 20;

/// Client and server of a connection: places of both in the row's ends.
fn roles(c: &Connection) -> (usize, usize) {
    let client = usize::from(c.client != c.first_sender);
    (client, 1 - client)
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Failure {
    Refused,
    Unanswered,
}

#[derive(Default)]
struct Attempts {
    stream: u32,
    attempts: u64,
    syns: u64,
    packets: Evidence,
    v6: bool,
}

/// Many ports of one host.
#[derive(Default)]
struct Scan {
    refused: u64,
    silent: u64,
    stream: u32,
    packets: Vec<u64>,
    v6: bool,
}

pub(super) fn find(x: &Context<'_>, out: &mut Found) {
    let mut failed: HashMap<(Failure, [u8; 16], End), Attempts, RandomState> = HashMap::default();
    for (c, v) in x.tcp() {
        let v = &v;
        let (client, server) = roles(c);
        let failure = match c.state() {
            State::Refused => Failure::Refused,
            State::Unanswered if unanswered(x, c, v) => Failure::Unanswered,
            State::HalfOpen => {
                half_open(x, c, v, out);
                continue;
            }
            _ => {
                slow(c, v, out);
                continue;
            }
        };
        if failure == Failure::Unanswered && x.complained(6, v.ends[client], v.ends[server]) {
            continue;
        }
        let key = (failure, v.ends[client].addr, v.ends[server]);
        let a = failed.entry(key).or_insert(Attempts { stream: c.stream, v6: v.v6, ..Attempts::default() });
        a.attempts += 1;
        a.syns += v.packets[client];
        let server_side = &c.sides[usize::from(1 - (c.client & 1))];
        a.packets.add(c.first_frame.into());
        if failure == Failure::Refused {
            a.packets.add(server_side.rst_frame.into());
        } else if c.last_frame != c.first_frame {
            a.packets.add(c.last_frame.into());
        }
    }
    report(failed, out);
}

/// True when a SYN waited in vain, as opposed to a trace that ends or lacks the answers.
fn unanswered(x: &Context<'_>, c: &Connection, v: &Conversation) -> bool {
    let (client, _) = roles(c);
    let own = &c.sides[usize::from(c.client & 1)];
    !own.has(saw::ACK) && (v.packets[client] > 1 || overdue(v.times.map(|t| t.1), x.s, PATIENCE))
}

fn report(failed: HashMap<(Failure, [u8; 16], End), Attempts, RandomState>, out: &mut Found) {
    let mut ports: HashMap<([u8; 16], [u8; 16]), usize, RandomState> = HashMap::default();
    for (_, client, server) in failed.keys() {
        *ports.entry((*client, server.addr)).or_default() += 1;
    }
    let mut scans: HashMap<([u8; 16], [u8; 16]), Scan, RandomState> = HashMap::default();
    let mut all: Vec<_> = failed.into_iter().collect();
    all.sort_unstable_by_key(|(_, a)| a.stream);
    for ((failure, client, server), a) in all {
        if ports.get(&(client, server.addr)).is_some_and(|&n| n >= SCAN) {
            let new = Scan { stream: a.stream, v6: a.v6, ..Scan::default() };
            let s = scans.entry((client, server.addr)).or_insert(new);
            s.refused += u64::from(failure == Failure::Refused);
            s.silent += u64::from(failure == Failure::Unanswered);
            if s.packets.len() < super::MAX_PACKETS {
                s.packets.extend(a.packets.packets());
            }
            continue;
        }
        let address = |addr| crate::track::conversations::Address { addr, v6: a.v6 };
        let (from, to, port) = (address(client), address(server.addr), server.port);
        let of = Some((Kind::Tcp, a.stream));
        out.push(match failure {
            Failure::Refused => Finding::new(
                Severity::Error,
                "refused",
                of,
                format!("{to} refused {} from {from} to port {port}", many(a.attempts, "connection")),
            )
            .act(
                format!("whoever runs {to}"),
                format!(
                    "start the server that should listen on port {port}, or correct the port; a full backlog and \
                     some firewalls refuse as well"
                ),
            ),
            Failure::Unanswered => Finding::new(
                Severity::Error,
                "no-answer",
                of,
                format!("{to} never answered {from}, which tried port {port} with {}", many(a.syns, "SYN")),
            )
            .act(
                format!("network or firewall before {to}, or whoever runs it"),
                format!(
                    "check that {to} is up and that no filter drops port {port}: a host without that server would \
                     refuse; trace near {to} to see whether the SYN arrives"
                ),
            ),
        }
        .shown_by(&a.packets));
    }
    for ((client, server), Scan { refused, silent, stream, packets, v6 }) in scans {
        let address = |addr| crate::track::conversations::Address { addr, v6 };
        let (from, to) = (address(client), address(server));
        out.push(
            Finding::new(
                Severity::Warning,
                "port-scan",
                Some((Kind::Tcp, stream)),
                format!(
                    "{from} tried {} of {to} that did not open: {refused} refused, {silent} without an answer",
                    many(refused + silent, "port")
                ),
            )
            .packets(packets, refused + silent)
            .act("security", format!("this is a port scan: find out what runs on {from} and whether it may")),
        );
    }
}

fn half_open(x: &Context<'_>, c: &Connection, v: &Conversation, out: &mut Found) {
    let (client, server) = roles(c);
    let again = c.sides[usize::from(1 - (c.client & 1))].events().retransmissions();
    if again == 0 && !overdue(v.times.map(|t| t.1), x.s, 3 * PATIENCE) {
        return;
    }
    let (from, to) = (v.address(client), v.address(server));
    out.push(
        Finding::new(
            Severity::Warning,
            "half-open",
            Some((Kind::Tcp, c.stream)),
            format!("{from} never completed its connection to {}: the answer of {to} was not acknowledged", v.end(server)),
        )
        .packets([c.first_frame.into(), c.last_frame.into()], v.packets[0] + v.packets[1])
        .act(
            "network, or whoever runs the client",
            format!(
                "see whether the answers reach {from}: a wrong way back, a filter, or a forged source address \
                 (many of these are a SYN flood)"
            ),
        ),
    );
}

fn slow(c: &Connection, v: &Conversation, out: &mut Found) {
    let (client, server) = roles(c);
    let own = &c.sides[usize::from(c.client & 1)];
    let again = own.events().count(Event::Retransmission) > 0 && own.rtt.handshake_us == 0;
    if c.initial_rtt < SLOW || again {
        return;
    }
    out.push(
        Finding::new(
            Severity::Warning,
            "slow-handshake",
            Some((Kind::Tcp, c.stream)),
            format!(
                "the handshake between {} and {} took {}: no request can be faster",
                v.address(client),
                v.end(server),
                time(c.initial_rtt)
            ),
        )
        .packets([c.first_frame.into()], 1)
        .act(
            "network",
            format!(
                "find where the delay arises: trace the route to {}, and trace near the server",
                v.address(server)
            ),
        ),
    );
}
