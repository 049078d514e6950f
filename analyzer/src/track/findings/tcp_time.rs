//! Where the time goes: a slow server or a slow network.

use super::{Context, Finding, Found, Severity, time};
use crate::track::conversations::Kind;
use crate::track::tcp::Event;

/// Users notice an answer that takes longer.
const SLOW_ANSWER: u64 = 2_000_000_000;
/// So is a round trip.
const SLOW_TRIP: u64 = 400_000_000;

pub(super) fn find(x: &Context<'_>, out: &mut Found) {
    for (c, v) in x.tcp() {
        let v = &v;
        let server = usize::from(c.client == c.first_sender);
        let (s, client) = (&c.sides[1 - usize::from(c.client & 1)], &c.sides[usize::from(c.client & 1)]);
        let of = Some((Kind::Tcp, c.stream));
        let answer = u64::from(c.response.max_us) * 1000;
        // What the network takes of it is not the server's.
        let trip = if s.rtt.count > 0 { u64::from(s.rtt.min_us) * 1000 } else { 0 }
            .max(u64::from(client.rtt.min_us) * 1000);
        let lost =
            s.events().count(Event::Retransmission) > 0 || client.events().count(Event::Retransmission) > 0;
        let waited = answer.saturating_sub(trip);
        if waited >= SLOW_ANSWER && !lost && client.rst_frame == 0 {
            out.push(
                Finding::new(
                    Severity::Warning,
                    "slow-server",
                    of,
                    format!(
                        "server {} took {} to answer {}; the network took {} of it",
                        v.end(server),
                        time(i128::from(answer)),
                        v.end(1 - server),
                        time(i128::from(trip))
                    ),
                )
                .packets([c.response.frame.into()], 1)
                .act(
                    format!("whoever runs the server at {}", v.end(server)),
                    "see what the server program waits for: the request had arrived and was acknowledged",
                ),
            );
        }
        for (side, end) in [(s, server), (client, 1 - server)] {
            if side.rtt.count >= 3
                && side.rtt.average() >= SLOW_TRIP
                && c.initial_rtt < SLOW_TRIP as i64 * 5 / 4
            {
                out.push(
                    Finding::new(
                        Severity::Warning,
                        "slow-network",
                        of,
                        format!(
                            "{} waited {} on average for an acknowledgment of {}",
                            v.end(end),
                            time(i128::from(side.rtt.average())),
                            v.end(1 - end)
                        ),
                    )
                    .packets([c.first_frame.into()], side.rtt.count.into())
                    .act("network", "look for long queues (a full link) or a long way; trace at both ends"),
                );
                break;
            }
        }
    }
}
