//! Wrong checksums: damage on the way, told apart from what an adapter fills in later.

use super::{Context, Finding, Options, Severity, many};

pub(super) fn find(x: &Context<'_>, o: Options, out: &mut Vec<Finding>) {
    let s = x.s;
    let mut wrong: Vec<_> = s.checksums.wrong().collect();
    wrong.sort_unstable_by_key(|w| w.0.addr);
    for (host, sums) in wrong {
        if !sums.offload() {
            let text =
                format!("{} from {host} arrived with a wrong checksum", many(sums.bad.count, "packet"));
            out.push(Finding::new(Severity::Warning, "checksum-bad", sums.of, text).shown_by(&sums.bad).act(
                "network",
                "look for an adapter, cable or device on the way that damages packets, or one that changes \
                 addresses without the checksum; receivers drop such packets",
            ));
        } else if o.checksums {
            let n = sums.bad.count + sums.partial.count;
            let text = format!(
                "checksums in {} from {host} are left to its adapter, which fills them in after the trace",
                many(n, "packet")
            );
            let f = Finding::new(Severity::Note, "checksum-offload", None, text);
            let f = if sums.partial.is_empty() { f.shown_by(&sums.bad) } else { f.shown_by(&sums.partial) };
            out.push(f.act("nobody", "nothing: the trace was taken on this host, before its adapter"));
        }
    }
}
