//! Addresses that two adapters claim, and addresses nobody answers for.

use std::collections::HashSet;

use super::{Context, Finding, Found, Severity, echo::overdue, many};
use crate::track::conversations::{Address, Conversation, Kind};
use crate::track::neighbours::{Detail, Neighbours, mac_text};

/// As often and as long does a host ask before it gives up (RFC 1122 section 2.3.2.1, RFC 4861).
const TRIES: u32 = 3;
const PATIENCE: i64 = 1_000_000_000;

pub(super) fn find(x: &Context<'_>, out: &mut Found) {
    let s = x.s;
    for (kind, n, what) in [(Kind::Arp, &s.arp, "ARP"), (Kind::Nd, &s.nd, "neighbour discovery")] {
        duplicates(n, kind, out);
        unanswered(x, n, kind, what, out);
    }
}

fn duplicates(n: &Neighbours, kind: Kind, out: &mut Found) {
    let v6 = kind == Kind::Nd;
    for r in &n.refused {
        let address = r.address;
        let adapter = |mac: [u8; 6]| format!("adapter {}", mac_text(mac));
        let prober = r.prober.map_or_else(|| "a node".to_owned(), adapter);
        let text = match (kind, r.both_probe, r.holder) {
            (_, true, Some(other)) => {
                format!("{prober} and {} want {address} at the same time: neither may use it", adapter(other))
            }
            (Kind::Nd, _, Some(holder)) => format!(
                "{prober} wants {address}, which {} has: duplicate address detection failed",
                adapter(holder)
            ),
            _ => format!("{prober} wants {address}, which another one has"),
        };
        let who = r.prober.map_or_else(|| address.to_string(), mac_text);
        out.push(
            Finding::new(Severity::Error, "duplicate-address", None, text)
                .shown_by(&r.packets)
                .act(format!("whoever configures {who}"), "give it an address of its own"),
        );
    }
    let mut claims: Vec<_> = n.claims.iter().filter(|c| c.1.owners.len() > 1).collect();
    claims.sort_unstable_by_key(|c| c.0);
    for (&addr, c) in claims {
        let address = Address { addr, v6 };
        if n.refused.iter().any(|r| r.address == address) {
            continue;
        }
        let virtual_router = c.owners.iter().any(|o| {
            matches!(o.mac, [0, 0, 0x5E, 0, 1 | 2, _] | [0, 0, 0x0C, 7, 0xAC, _] | [0, 7, 0xB4, ..])
        });
        // One that takes over and stays is a move; going back and forth, or both at once, a conflict.
        let back_and_forth = c.changes.count > 1;
        let (severity, rule) = match (virtual_router, back_and_forth) {
            (true, _) => (Severity::Note, "address-moved"),
            (false, true) => (Severity::Error, "duplicate-address"),
            (false, false) => (Severity::Warning, "address-moved"),
        };
        let macs: Vec<String> = c.owners.iter().map(|o| mac_text(o.mac)).collect();
        let text = if rule == "duplicate-address" {
            format!("{address} is claimed by several adapters in turn: {}", macs.join(", "))
        } else {
            format!("{address} moved from adapter {} to {}", macs[0], macs[1..].join(", "))
        };
        out.push(Finding::new(severity, rule, None, text).shown_by(&c.changes).act(
            "network, and whoever configures these adapters",
            "two hosts with one address, a takeover of a virtual address, a proxy, or forged answers: find out \
             which adapter should have it and look for the other one in the switch's tables",
        ));
    }
}

fn unanswered(x: &Context<'_>, n: &Neighbours, kind: Kind, what: &str, out: &mut Found) {
    // Answers go to the asker alone: only a trace that shows some of them shows that one is missing.
    let answered = |(c, d): (&Conversation, &Detail)| (!d.replies.is_empty()).then_some(c.ends[0].addr);
    let askers: HashSet<[u8; 16]> = n.table.all.iter().zip(&n.details).filter_map(answered).collect();
    for (i, (c, d)) in n.table.all.iter().zip(&n.details).enumerate() {
        if d.unasked
            || !d.replies.is_empty()
            || d.requests.count < TRIES
            || !overdue(d.waiting, x.s, PATIENCE)
        {
            continue;
        }
        let target = c.ends[1].addr;
        let asker = c.ends[0].addr;
        let hears = askers.contains(&asker) || x.heard.contains(&asker);
        let there = n.claims.contains_key(&target);
        if !hears || there {
            continue;
        }
        let (asker, asked) = (c.address(0), c.address(1));
        out.push(
            Finding::new(
                Severity::Error,
                "no-neighbour",
                Some((kind, i as u32)),
                format!(
                    "nobody answers for {asked}: {asker} asked {} by {what}",
                    many(d.requests.count, "time")
                ),
            )
            .shown_by(&d.requests)
            .act(
                format!("whoever runs {asked}"),
                "check that it is up and on this network, with the right VLAN and netmask",
            ),
        );
    }
}
