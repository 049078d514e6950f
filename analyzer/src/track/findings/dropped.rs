//! Packets that a z/OS stack threw away, as its packet trace says.

use super::{Context, Finding, Found, Severity, many};

pub(super) fn find(x: &Context<'_>, out: &mut Found) {
    let s = x.s;
    for (why, e) in &s.drops.reasons {
        let verb = if e.count == 1 { "was" } else { "were" };
        let text = format!("{} {verb} dropped by the stack: reason {why}", many(e.count, "packet"));
        out.push(Finding::new(Severity::Error, "dropped", None, text).shown_by(e).act(
            "z/OS network administrator",
            "look the reason up in z/OS Communications Server: IP and SNA Codes, and see the packets",
        ));
    }
}
