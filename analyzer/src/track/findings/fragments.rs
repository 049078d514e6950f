//! Datagrams whose fragments never all arrived.

use super::{Context, Finding, Found, Severity, echo::overdue, many};
use crate::track::conversations::Address;

/// Reassembly gives up after 15 to 120 seconds; fragments that belong together come together.
const PATIENCE: i64 = 2_000_000_000;

pub(super) fn find(x: &Context<'_>, out: &mut Found) {
    let s = x.s;
    type Pair = ([u8; 16], [u8; 16], u8);
    let mut pairs: Vec<(Pair, u64, Vec<u64>)> = Vec::new();
    let mut open: Vec<_> = s.fragments.open.iter().filter(|o| overdue(o.1.time, s, PATIENCE)).collect();
    open.sort_by_key(|(_, o)| o.pieces.packets());
    for (k, o) in open {
        let pair = (k.src, k.dst, k.version);
        let room = pairs.len() < 1000;
        match pairs.iter_mut().find(|p| p.0 == pair) {
            Some(p) => {
                p.1 += 1;
                p.2.extend(o.pieces.packets());
            }
            None if !room => break,
            None => pairs.push((pair, 1, o.pieces.packets())),
        }
    }
    for ((src, dst, version), n, packets) in pairs {
        let at = |addr| Address { addr, v6: version == 6 };
        let count = packets.len() as u64;
        out.push(
            Finding::new(
                Severity::Error,
                "fragments-missing",
                None,
                format!("{} from {} to {} lack fragments", many(n, "datagram"), at(src), at(dst)),
            )
            .packets(packets, count)
            .act(
                "network",
                "find where the other fragments are lost or filtered, or make the packets fit the MTU; a trace \
                 that cuts or drops packets shows the same",
            ),
        );
    }
}
