//! How connections end: resets, halves left open, ports used again too soon.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{Context, Finding, Found, Severity, echo::overdue};
use crate::source::frame::Timestamp;
use crate::track::conversations::Kind;
use crate::track::tcp::{Connection, State};

/// A half that is open for longer is forgotten.
const HALF: i64 = 120_000_000_000;
/// Firewalls forget connections that are silent for longer.
const IDLE: i64 = 3600 * 1_000_000_000;
/// After so long the rest of the trace has nothing to do with it.
const UNRELATED: i64 = 24 * IDLE;

pub(super) fn find(x: &Context<'_>, out: &mut Found) {
    for (c, v) in x.tcp() {
        let v = &v;
        let of = Some((Kind::Tcp, c.stream));
        match c.state() {
            State::Reset => reset(c, v, out),
            State::HalfClosed if overdue(last(c), x.s, HALF) => {
                let fin = usize::from(c.sides[usize::from(c.first_sender & 1)].fin_frame == 0);
                let text = format!("{} closed, {} never did", v.end(fin), v.end(1 - fin));
                out.push(
                    Finding::new(Severity::Note, "half-closed", of, text)
                        .packets(c.sides.iter().map(|s| s.fin_frame.into()), 1)
                        .act(
                            format!("whoever runs the program at {}", v.end(1 - fin)),
                            "see whether it closes its sockets: each one takes storage until it does (CLOSE-WAIT)",
                        ),
                );
            }
            State::Open if overdue(last(c), x.s, IDLE) && !overdue(last(c), x.s, UNRELATED) => {
                let text = format!(
                    "{} and {} said nothing for more than an hour and did not close",
                    v.end(0),
                    v.end(1)
                );
                out.push(
                    Finding::new(Severity::Note, "idle", of, text).packets([c.last_frame.into()], 1).act(
                        "nobody, unless a firewall is between them",
                        "turn on keep-alives that are more frequent than the firewall's idle time",
                    ),
                );
            }
            _ => {}
        }
    }
    reused(x, out);
}

fn last(c: &Connection) -> Option<Timestamp> {
    (c.latest() != 0).then(|| Timestamp::from_nanos(c.latest().into()))
}

fn reset(c: &Connection, v: &crate::track::conversations::Conversation, out: &mut Found) {
    let [a, b] = [0, 1].map(|end| &c.sides[(usize::from(c.first_sender) ^ end) & 1]);
    // After a FIN a reset only cleans up, and so it does after a SYN scan.
    let closing = a.fin_frame != 0 || b.fin_frame != 0;
    if closing || a.payload + b.payload == 0 {
        return;
    }
    let first = |x: u32, y: u32| x != 0 && (y == 0 || x < y);
    let by = usize::from(!first(a.rst_frame, b.rst_frame));
    let side = [a, b][by];
    let text = format!("{} reset the connection with {} without closing it first", v.end(by), v.end(1 - by));
    out.push(
        Finding::new(Severity::Warning, "reset", Some((Kind::Tcp, c.stream)), text)
            .packets([side.rst_frame.into()], side.events().count(crate::track::tcp::Event::Reset).into())
            .act(
                format!("whoever runs the program at {}", v.end(by)),
                "see whether it ended, gave up waiting, or closed a socket with unread data; a device on the way \
                 can forge a reset as well: compare its TTL with other packets",
            ),
    );
}

/// A connection between the same ends that was not over.
fn reused(x: &Context<'_>, out: &mut Found) {
    let again = x.connections.iter().filter(|c| c.reused);
    let mut latest: HashMap<_, Option<&Connection>, RandomState> = again.map(|c| (c.ends, None)).collect();
    if latest.is_empty() {
        return;
    }
    for (c, v) in x.tcp() {
        let before = latest.get_mut(&c.ends).and_then(|known| known.replace(c));
        if let Some(b) = before
            && c.reused
            && matches!(b.state(), State::Open | State::HalfClosed)
            && b.sides.iter().all(|s| s.packets > 0)
        {
            let text = format!(
                "{} opened a connection to {} again while the one before was not closed",
                v.end(0),
                v.end(1)
            );
            out.push(
                Finding::new(Severity::Warning, "ports-reused", Some((Kind::Tcp, c.stream)), text)
                    .packets([b.last_frame.into(), c.first_frame.into()], 1)
                    .act(
                        format!("whoever runs {}", v.address(0)),
                        "see whether the host restarted, or hands out ports again too soon; address translation on \
                         the way does that too",
                    ),
            );
        }
    }
}
