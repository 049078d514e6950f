//! Pings that were not answered.

use super::{Context, Finding, Found, Severity, many};
use crate::source::frame::Timestamp;
use crate::track::conversations::{Kind, between};
use crate::track::sessions::Sessions;

/// An answer that may still be on its way when the trace ends is not missing.
const PATIENCE: i64 = 1_000_000_000;

/// True when there was time for an answer.
pub(super) fn overdue(asked: Option<Timestamp>, s: &Sessions, patience: i64) -> bool {
    match (asked, s.times) {
        (Some(t), Some((_, last))) => between(t, last) >= patience,
        _ => false,
    }
}

pub(super) fn find(x: &Context<'_>, out: &mut Found) {
    let s = x.s;
    for (i, (c, d)) in s.icmp.table.all.iter().zip(&s.icmp.details).enumerate() {
        for by in 0..2 {
            let multicast = c.ends[1 - by].addr[0] == 0xFF && c.v6
                || !c.v6 && (c.ends[1 - by].addr[12] >= 224 || c.ends[1 - by].addr[15] == 255);
            if multicast || d.requests[by] == 0 {
                continue;
            }
            let lost: Vec<u64> =
                d.unanswered(by).filter(|w| overdue(w.1, s, PATIENCE)).map(|w| w.0).collect();
            // Whoever answers with an error has been heard.
            let refused = x.hosts.contains(&(c.ends[by].addr, c.ends[1 - by].addr));
            if lost.is_empty() || refused {
                continue;
            }
            let (asker, asked, n) = (c.address(by), c.address(1 - by), lost.len() as u64);
            let of = Some((Kind::Icmp, i as u32));
            let f = if d.replies[by] == 0 {
                Finding::new(
                    Severity::Error,
                    "ping-unanswered",
                    of,
                    format!("{asked} answered none of {} from {asker}", many(d.requests[by], "echo request")),
                )
                .act(
                    format!("whoever runs {asked} or the network in between"),
                    format!(
                        "check that {asked} is up and has a route back to {asker}, and that no filter drops \
                         echo requests or replies; trace on {asked} to see whether the requests arrive"
                    ),
                )
            } else {
                Finding::new(
                    Severity::Warning,
                    "ping-loss",
                    of,
                    format!(
                        "{} of {} from {asker} to {asked} got no answer",
                        n,
                        many(d.requests[by], "echo request")
                    ),
                )
                .act(
                    "network",
                    format!("find where packets between {asker} and {asked} are lost: trace at both ends"),
                )
            };
            out.push(f.packets(lost, n));
        }
    }
}
