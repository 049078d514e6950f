//! Packets too long for their way: messages that say so.

use super::{Context, Finding, Severity, reachability::conversation};
use crate::track::icmp::Complaint;

pub(super) fn find(x: &Context<'_>, out: &mut Vec<Finding>) {
    let s = x.s;
    for (a, e) in &s.icmp.errors {
        let Complaint::TooBig(mtu) = a.what else { continue };
        let (from, to, dst) = (a.address(a.from), a.address(a.to), a.address(a.dst));
        let size = if mtu == 0 {
            "the router does not say how long they may be".to_owned()
        } else {
            format!("at most {mtu} bytes pass")
        };
        // Once or twice is how a path's MTU is found; a host that goes on does not listen.
        let (severity, rule) =
            if e.count > 3 { (Severity::Error, "mtu-ignored") } else { (Severity::Note, "mtu-found") };
        let text = if e.count > 3 {
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
