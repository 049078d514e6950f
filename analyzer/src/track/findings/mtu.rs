//! Packets too long for their way: messages that say so.

use super::{Context, Finding, Found, Severity, reachability::conversation};
use crate::track::conversations::between;
use crate::track::icmp::Complaint;

/// Packets under way when the first message is sent arrive within this time.
const DEAF: i64 = 3_000_000_000;

pub(super) fn find(x: &Context<'_>, out: &mut Found) {
    let s = x.s;
    for ((a, e), times) in s.icmp.errors.iter().zip(&s.icmp.times) {
        let Complaint::TooBig(mtu) = a.what else { continue };
        let (from, to, dst) = (a.address(a.from), a.address(a.to), a.address(a.dst));
        let size = if mtu == 0 {
            "the router does not say how long they may be".to_owned()
        } else {
            format!("at most {mtu} bytes pass")
        };
        // A message for each packet under way is how a path's MTU is found; a host that goes on
        // long after does not listen.
        let goes_on = e.count > 3 && times.is_some_and(|(a, b)| between(a, b) >= DEAF);
        let (severity, rule) =
            if goes_on { (Severity::Error, "mtu-ignored") } else { (Severity::Note, "mtu-found") };
        let text = if goes_on {
            format!("{to} goes on sending packets to {dst} that are too long for {from}: {size}")
        } else {
            format!("packets from {to} to {dst} are too long for {from}: {size}")
        };
        out.push(Finding::new(severity, rule, conversation(x, a), text).shown_by(e).act(
            format!("whoever runs {to}, or the firewall in front of it"),
            format!(
                "make sure that {to} gets these messages and that path MTU discovery is on, or lower the MTU of \
                 the route to {dst}"
            ),
        ));
    }
}
