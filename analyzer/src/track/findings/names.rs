//! DNS questions without an answer, with a refusal, or with a slow one.

use super::{Context, Finding, Found, Severity, echo::overdue, many, time};
use crate::track::conversations::{Conversation, Kind};

/// Resolvers ask again after this long.
const PATIENCE: i64 = 2_000_000_000;
/// A slower answer makes users wait.
const SLOW: i64 = 1_000_000_000;

/// What a response code says (RFC 1035, 2136).
const fn rcode(code: u8) -> &'static str {
    match code {
        1 => "it did not understand the question",
        2 => "it could not find out (server failure)",
        4 => "it does not support the question",
        5 => "it refuses to answer",
        9 => "it is not responsible",
        _ => "an error",
    }
}

fn server(c: &Conversation) -> usize {
    usize::from(c.ends[0].port != 53)
}

pub(super) fn find(x: &Context<'_>, out: &mut Found) {
    let s = x.s;
    for (i, (c, d)) in s.udp.table.all.iter().zip(&s.udp.details).enumerate() {
        let Some(dns) = &d.dns else { continue };
        if c.ends.iter().all(|e| e.port != 53) {
            // Multicast questions are answered by whoever knows, or by nobody.
            continue;
        }
        let of = Some((Kind::Udp, i as u32));
        let (name, asker) = (c.address(server(c)), c.address(1 - server(c)));
        let lost: Vec<u64> = dns.unanswered().filter(|w| overdue(w.1, s, PATIENCE)).map(|w| w.0).collect();
        let n = lost.len() as u64 + u64::from(dns.repeated.count);
        if !lost.is_empty() && !x.complained(17, c.ends[1 - server(c)], c.ends[server(c)]) {
            out.push(
                Finding::new(
                    Severity::Error,
                    "dns-unanswered",
                    of,
                    format!(
                        "DNS server {name} did not answer {} of {asker}",
                        many(lost.len() as u64, "question")
                    ),
                )
                .packets(lost, n)
                .act(
                    format!("whoever runs DNS server {name}"),
                    format!("check that {name} is a DNS server, is reachable from {asker}, and port 53 is not filtered"),
                ),
            );
        } else if !dns.repeated.is_empty() {
            let text = format!(
                "{asker} asked DNS server {name} {} before it got the answer",
                many(dns.repeated.count, "more time")
            );
            out.push(Finding::new(Severity::Warning, "dns-repeated", of, text).shown_by(&dns.repeated).act(
                "network, or whoever runs the DNS server",
                "find out whether questions or answers get lost",
            ));
        }
        // A name that does not exist is an answer like any other.
        if dns.failed.count > 0 && dns.rcode != 3 {
            let text = format!("DNS server {name} answered {asker}: {}", rcode(dns.rcode));
            out.push(
                Finding::new(Severity::Warning, "dns-failure", of, text)
                    .shown_by(&dns.failed)
                    .act(
                        format!("whoever runs DNS server {name}"),
                        "see why it fails: often the server it asks in turn does not answer, or the zone does not load",
                    ),
            );
        }
        if dns.times.1 >= SLOW {
            let text = format!("DNS server {name} took {} to answer {asker}", time(dns.times.1));
            out.push(Finding::new(Severity::Warning, "dns-slow", of, text).packets([dns.slowest], 1).act(
                format!("whoever runs DNS server {name}"),
                "see which servers it asks in turn, and use one that is nearer",
            ));
        }
    }
}
