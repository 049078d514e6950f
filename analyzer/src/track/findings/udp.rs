//! UDP services that never answer.

use super::{Context, Finding, Found, Severity, echo::overdue, many};
use crate::track::conversations::Kind;

/// Services that answer every request, and what they are called.
const ANSWERING: [(u16, &str); 8] = [
    (69, "TFTP"),
    (88, "Kerberos"),
    (111, "portmapper"),
    (123, "NTP"),
    (161, "SNMP"),
    (500, "IKE"),
    (1812, "RADIUS"),
    (2049, "NFS"),
];
/// Most of them are asked again within this time.
const PATIENCE: i64 = 3_000_000_000;

pub(super) fn find(x: &Context<'_>, out: &mut Found) {
    let s = x.s;
    for (i, c) in s.udp.table.all.iter().enumerate() {
        let Some((_, name)) = ANSWERING.iter().find(|a| a.0 == c.ends[1].port) else { continue };
        let to = c.ends[1].addr;
        let one = if c.v6 { to[0] != 0xFF } else { to[12] < 224 && to[15] != 255 };
        let tftp = c.ends[1].port == 69;
        // TFTP answers from another port; NTP broadcasts and peers need no answer of this kind.
        let answered = c.packets[1] > 0
            || tftp
                && s.udp.table.all.iter().any(|o| {
                    o.ends.iter().any(|e| *e == c.ends[0])
                        && o.ends.iter().any(|e| e.addr == to && e.port != 69)
                });
        let waited = overdue(c.times.map(|t| t.0), s, PATIENCE);
        let explained = x.complained(17, c.ends[0], c.ends[1]);
        if !one || answered || !waited || explained || c.packets[0] < 2 {
            continue;
        }
        let (asker, asked) = (c.address(0), c.address(1));
        out.push(
            Finding::new(
                Severity::Warning,
                "udp-unanswered",
                Some((Kind::Udp, i as u32)),
                format!("{name} server {asked} answered none of {} from {asker}", many(c.packets[0], "packet")),
            )
            .packets([c.first, c.last], c.packets[0])
            .act(
                format!("whoever runs the {name} server {asked}"),
                format!("check that the service is up, knows {asker}, and is not filtered; answers may also take a way that is not traced"),
            ),
        );
    }
}
