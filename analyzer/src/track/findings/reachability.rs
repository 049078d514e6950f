//! What routers and hosts say in ICMP errors: unreachable, forbidden, redirected, looping.

use super::{Context, Finding, Found, Severity, many, sorted};
use crate::track::conversations::{End, Kind};
use crate::track::evidence::Evidence;
use crate::track::icmp::{About, Complaint};

/// The conversation that a message is about, when the trace has its packets.
pub(super) fn conversation(x: &Context<'_>, a: &About) -> Option<(Kind, u32)> {
    let ends = [End { addr: a.to, port: a.flow.1 }, End { addr: a.dst, port: a.flow.2 }];
    match a.flow.0 {
        6 => x.by_ends.get(&sorted(ends)).map(|&i| (Kind::Tcp, i)),
        17 | 136 => x.s.udp.table.find(ends[0], ends[1], a.v6).map(|i| (Kind::Udp, i)),
        _ => None,
    }
}

/// What was tried, in words: `10.0.0.1 port 80 (tcp)`.
fn target(a: &About) -> String {
    let host = a.address(a.dst);
    match a.flow {
        (6, _, port) => format!("TCP port {port} of {host}"),
        (17, _, port) => format!("UDP port {port} of {host}"),
        _ => host.to_string(),
    }
}

/// Groups of messages kept.
const MAX_GROUPS: usize = 1000;

/// Messages with the same meaning for the same hosts, whatever the ports.
struct Group {
    about: About,
    of: Option<(Kind, u32)>,
    packets: Evidence,
    numbers: Vec<u64>,
    flows: u32,
}

pub(super) fn find(x: &Context<'_>, out: &mut Found) {
    let s = x.s;
    let mut groups: Vec<Group> = Vec::new();
    for (a, e) in &s.icmp.errors {
        if matches!(a.what, Complaint::TooBig(_)) {
            continue;
        }
        let per_port = a.what == Complaint::PortUnreachable;
        let same = |g: &&mut Group| {
            let b = &g.about;
            (a.from, a.to, a.dst, a.what, a.gateway) == (b.from, b.to, b.dst, b.what, b.gateway)
                && (!per_port || a.flow.0 == b.flow.0 && a.flow.2 == b.flow.2)
        };
        let room = groups.len() < MAX_GROUPS;
        match groups.iter_mut().find(same) {
            Some(g) => {
                g.packets.count += e.count;
                g.numbers.extend(e.packets());
                g.flows += 1;
            }
            None if !room => break,
            None => {
                let of = conversation(x, a);
                groups.push(Group { about: *a, of, packets: *e, numbers: e.packets(), flows: 1 });
            }
        }
    }
    traceroute(&mut groups);
    for g in &groups {
        if let Some(f) = finding(g) {
            out.push(f.packets(g.numbers.iter().copied(), g.packets.count.into()));
        }
    }
}

/// Packets that end at several routers one after the other are somebody tracing the route.
fn traceroute(groups: &mut Vec<Group>) {
    let ttl = |g: &Group| g.about.what == Complaint::TtlExceeded;
    let mut pairs: Vec<([u8; 16], [u8; 16])> =
        groups.iter().filter(|g| ttl(g)).map(|g| (g.about.to, g.about.dst)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    for (to, dst) in pairs {
        let hops = groups.iter().filter(|g| ttl(g) && (g.about.to, g.about.dst) == (to, dst)).count();
        let probes = |g: &Group| (g.about.to, g.about.dst) == (to, dst) && g.about.flow.0 == 17;
        let probing = groups.iter().any(|g| probes(g) && g.flows > 1 || g.about.flow.0 == 1);
        if hops < 2 && !probing {
            continue;
        }
        // The last hop of a traceroute answers that the port is closed: that is the plan.
        groups.retain(|g| !((g.about.to, g.about.dst) == (to, dst) && ttl(g)));
        groups.retain(|g| !(probes(g) && g.about.what == Complaint::PortUnreachable));
    }
}

fn finding(g: &Group) -> Option<Finding> {
    let a = &g.about;
    let (from, to, dst) = (a.address(a.from), a.address(a.to), a.address(a.dst));
    let make = |severity, rule, text: String| Finding::new(severity, rule, g.of, text);
    let network = "network";
    Some(match a.what {
        Complaint::PortUnreachable => {
            // Late answers to a question that was answered elsewhere meet a closed port: DNS.
            if a.flow.1 == 53 || matches!(a.flow.2, 137 | 138) {
                return late(g);
            }
            make(
                Severity::Error,
                "port-unreachable",
                format!("{from} says that nobody listens on {} where {to} sends to", target(a)),
            )
            .act(
                format!("whoever runs {dst}"),
                "start the server, or correct the port that the client uses",
            )
        }
        Complaint::HostUnreachable | Complaint::NetUnreachable | Complaint::OtherUnreachable(_) => make(
            Severity::Error,
            "unreachable",
            format!("router {from} cannot reach {dst} for {to}"),
        )
        .act(
            format!("network, at router {from}"),
            format!("check the route from {from} to {dst}, and that {dst} is up and answers ARP or neighbour discovery"),
        ),
        Complaint::ProtocolUnreachable => make(
            Severity::Error,
            "protocol-unreachable",
            format!("{from} does not know IP protocol {} that {to} sends", a.flow.0),
        )
        .act(format!("whoever runs {to} and {dst}"), "agree on the protocol, or configure it at the receiver"),
        Complaint::Prohibited => make(
            Severity::Error,
            "prohibited",
            format!("a filter at {from} forbids {to} to reach {}", target(a)),
        )
        .act(format!("firewall, at {from}"), "allow the connection, or stop trying"),
        Complaint::SourceQuench => make(
            Severity::Warning,
            "source-quench",
            format!("{from} tells {to} to send less: it cannot keep up"),
        )
        .act(network, format!("find the bottleneck at {from}")),
        Complaint::Redirect => make(
            Severity::Warning,
            "redirect",
            format!(
                "{from} tells {to} that {} is the better router for {dst}",
                a.address(a.gateway)
            ),
        )
        .act(
            format!("whoever runs {to}"),
            format!(
                "add a route to {dst} by {} at {to}, if that router is trusted: redirects can be forged",
                a.address(a.gateway)
            ),
        ),
        Complaint::TtlExceeded => make(
            Severity::Warning,
            "ttl-exceeded",
            format!("packets from {to} to {dst} used up their hop limit at {from}"),
        )
        .act(network, format!("look for a routing loop behind {from}; a route trace shows the same on purpose")),
        Complaint::ReassemblyTimeout => make(
            Severity::Error,
            "reassembly-timeout",
            format!("{from} gave up waiting for fragments of packets from {to}"),
        )
        .act(network, "find where fragments are lost or filtered, or make the packets fit the MTU"),
        Complaint::ParameterProblem => make(
            Severity::Warning,
            "parameter-problem",
            format!("{from} cannot read the header of a packet from {to} to {dst}"),
        )
        .act(format!("whoever runs {to}"), "see which header or option the message points at"),
        Complaint::TooBig(_) => return None,
    })
}

/// An answer that came when nobody waited any more.
fn late(g: &Group) -> Option<Finding> {
    let a = &g.about;
    if a.flow.1 != 53 {
        return None;
    }
    let (from, to) = (a.address(a.from), a.address(a.to));
    let text =
        format!("{} of DNS server {to} came when {from} waited no more", many(g.packets.count, "answer"));
    Some(Finding::new(Severity::Note, "late-answer", g.of, text).act(
        format!("whoever runs DNS server {to}"),
        "see why it is slow; harmless when another server answered",
    ))
}
