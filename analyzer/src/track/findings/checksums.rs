//! Wrong checksums: damage on the way, told apart from what an adapter fills in later.

use super::{Context, Finding, Found, Options, Severity, many};
use crate::track::checksums::Sums;
use crate::track::conversations::Kind;

/// True when the receiver took what the trace shows with a wrong checksum: nothing had to be sent
/// again, or it was answered. Then the packet was changed in the trace, or right on the wire.
fn accepted(x: &Context<'_>, src: [u8; 16], sums: &Sums) -> bool {
    match sums.of {
        Some((Kind::Tcp, stream)) => {
            let at = x.connections.binary_search_by_key(&stream, |c| c.stream);
            at.is_ok_and(|i| {
                let c = x.connections[i];
                let Some(v) = x.s.tcp_row(c) else { return false };
                let end = usize::from(v.ends[0].addr != src);
                let side = &c.sides[(usize::from(c.first_sender) ^ end) & 1];
                side.events().retransmissions() == 0 && v.packets[1 - end] > 0
            })
        }
        Some((Kind::Udp, i)) => {
            let c = &x.s.udp.table.all[i as usize];
            c.packets[0] > 0 && c.packets[1] > 0
        }
        _ => false,
    }
}

pub(super) fn find(x: &Context<'_>, o: Options, out: &mut Found) {
    let s = x.s;
    let mut wrong: Vec<_> = s.checksums.wrong().collect();
    wrong.sort_unstable_by_key(|w| w.0.addr);
    for (host, sums) in wrong {
        if !sums.offload() && !accepted(x, host.addr, sums) {
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
