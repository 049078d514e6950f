//! Segments sent again, out of order, or missing in the trace.

use super::{Context, Finding, Found, Severity, many, time};
use crate::track::conversations::{Conversation, End, Kind};
use crate::track::icmp::{About, Complaint};
use crate::track::tcp::{Connection, Event, Side, State, saw};

/// Nothing from the other end for so long, while something is sent again and again.
const SILENCE: i64 = 2_000_000_000;
/// The smallest segment that is called long.
const LONG: u64 = 1000;

/// One direction of a connection with what is around it.
struct Way<'a> {
    own: &'a Side,
    other: &'a Side,
    from: String,
    to: String,
    of: Option<(Kind, u32)>,
}

impl Way<'_> {
    fn frames(&self, events: &[Event]) -> Vec<u64> {
        events.iter().flat_map(|&e| self.own.events().frames(e)).map(|&f| f.into()).collect()
    }

    fn count(&self, e: Event) -> u32 {
        self.own.events().count(e)
    }

    /// Segments behind later ones that cannot have been overtaken, since the trace has the start
    /// and never lacked any: they were sent again while more was on its way.
    fn repaired(&self) -> u32 {
        let start = self.own.has(saw::SYN) || self.own.has(saw::SYN_ACK);
        if start && self.count(Event::Lost) == 0 { self.count(Event::OutOfOrder) } else { 0 }
    }
}

const AGAIN: [Event; 3] = [Event::Retransmission, Event::FastRetransmission, Event::SpuriousRetransmission];

pub(super) fn find(x: &Context<'_>, out: &mut Found) {
    for (c, v) in x.tcp() {
        let v = &v;
        if c.sides.iter().all(|s| !s.eventful() && s.packets > 0) {
            continue;
        }
        if matches!(c.state(), State::Refused | State::HalfOpen) {
            continue;
        }
        // A SYN nobody answered has its own rule.
        let tried = c.state() == State::Unanswered && !c.sides[usize::from(c.client & 1)].has(saw::ACK);
        if tried {
            continue;
        }
        if one_way(c, v, out) {
            continue;
        }
        for from in 0..2 {
            let side = usize::from(c.first_sender) ^ from;
            let w = Way {
                own: &c.sides[side & 1],
                other: &c.sides[1 - (side & 1)],
                from: v.end(from),
                to: v.end(1 - from),
                of: Some((Kind::Tcp, c.stream)),
            };
            if w.own.eventful() {
                if !cut_shorter(x, &w, v.ends[from], v.ends[1 - from]) {
                    again(&w, out);
                    reordered(&w, out);
                }
                incomplete(&w, out);
            }
        }
    }
}

/// Only one direction is in the trace.
fn one_way(c: &Connection, v: &Conversation, out: &mut Found) -> bool {
    let Some(silent) = v.packets.iter().position(|&p| p == 0) else { return false };
    let heard = &c.sides[usize::from(c.first_sender) ^ (1 - silent) & 1];
    let answers = heard.has(saw::ACK) && heard.rst_frame == 0;
    let unseen = heard.events().count(Event::AckedUnseen);
    if !answers || v.packets[1 - silent] < 3 {
        return false;
    }
    // Without acknowledgments of something new the other end may really be silent.
    let progress = unseen > 0 || heard.events().retransmissions() == 0 && heard.payload > 0;
    if !progress {
        return false;
    }
    out.push(
        Finding::new(
            Severity::Warning,
            "one-way-trace",
            Some((Kind::Tcp, c.stream)),
            format!("the trace lacks what {} sent to {}", v.end(silent), v.end(1 - silent)),
        )
        .packets([c.first_frame.into(), c.last_frame.into()], v.packets[1 - silent])
        .act(
            "whoever took the trace",
            "trace where both directions pass: they take different ways, or a filter left one out",
        ),
    );
    true
}

/// A router said that segments were too long, and what was sent again or late are the shorter
/// pieces of those: that is said where the router's messages are.
fn cut_shorter(x: &Context<'_>, w: &Way<'_>, from: End, to: End) -> bool {
    // There may be many connections and many messages.
    if !x.complained(6, from, to) {
        return false;
    }
    let flow = (6, from.port, to.port);
    let about = |a: &About| {
        matches!(a.what, Complaint::TooBig(_)) && a.flow == flow && a.to == from.addr && a.dst == to.addr
    };
    let Some((_, said)) = x.s.icmp.errors.iter().find(|(a, _)| about(a)) else { return false };
    let events = [&AGAIN[..], &[Event::OutOfOrder]].concat();
    let pieces: u32 = events.iter().map(|&e| w.count(e)).sum();
    let first = said.packets().first().copied().unwrap_or(0);
    // Each one makes two pieces at least, and three where the way is very narrow.
    pieces <= said.count.saturating_mul(3) && w.frames(&events).iter().all(|&f| f > first)
}

fn again(w: &Way<'_>, out: &mut Found) {
    let n = w.own.events().retransmissions() + w.repaired();
    if n == 0 {
        return;
    }
    let e = w.own.events();
    let mut packets = w.frames(&AGAIN);
    if w.repaired() > 0 {
        packets.extend(w.frames(&[Event::OutOfOrder]));
        packets.sort_unstable();
    }
    let silence = w.own.last_time - w.other.last_time;
    let closed = w.other.rst_frame != 0 || w.own.rst_frame != 0 && silence < SILENCE;
    if n >= 2 && !closed && (w.other.packets == 0 || silence >= SILENCE) && w.count(Event::Retransmission) > 0
    {
        out.push(silent(w, n, packets));
        return;
    }
    let spurious = w.count(Event::SpuriousRetransmission);
    if spurious == n {
        let text =
            format!("{} sent {} again that {} had acknowledged already", w.from, many(n, "segment"), w.to);
        let severity = if n >= 3 { Severity::Warning } else { Severity::Note };
        out.push(Finding::new(severity, "spurious-retransmission", w.of, text).packets(packets, n.into()).act(
            "network",
            "acknowledgments are lost or late on their way: look for loss or queues in the other direction",
        ));
        return;
    }
    let share = f64::from(n) / w.own.packets.max(1) as f64;
    let severity = match (share, n) {
        (0.05.., 3..) => Severity::Error,
        (0.005.., _) => Severity::Warning,
        _ => Severity::Note,
    };
    let timeouts = w.count(Event::Retransmission);
    let wait = if e.max_rto > 0 {
        format!(", after {} at most", time(i128::from(e.max_rto)))
    } else {
        String::new()
    };
    // A gap that is filled later was lost before it came to the trace; what the trace has twice,
    // behind it.
    let before = w.count(Event::Lost);
    let place = match (before, timeouts > before) {
        (0, _) => format!("between the trace and {}", w.to),
        (_, false) => format!("between {} and the trace", w.from),
        (_, true) => "on both sides of the trace".to_owned(),
    };
    let text = format!(
        "{} sent {} again to {} ({:.1}% of its packets{wait}): lost {place}",
        w.from,
        many(n, "segment"),
        w.to,
        share * 100.0
    );
    out.push(
        Finding::new(severity, "retransmission", w.of, text)
            .packets(packets, n.into())
            .act("network", format!("look for drops, errors or a full queue {place}")),
    );
}

/// Sent again and again, and nothing comes back.
fn silent(w: &Way<'_>, n: u32, packets: Vec<u64>) -> Finding {
    let e = w.own.events();
    let opened = w.other.has(saw::SYN) || w.other.has(saw::SYN_ACK);
    let each = e.retransmitted_bytes / u64::from(n.max(1));
    let mss = u64::from(w.other.mss.min(if w.own.mss > 0 { w.own.mss } else { u16::MAX }));
    // Short segments passed when the connection opened; long ones never do.
    if opened && each >= LONG && (mss == 0 || each * 10 >= mss * 8) {
        let text = format!(
            "segments of {each} bytes from {} never arrive at {}, while short ones do: something on the way \
             drops long packets without a word",
            w.from, w.to
        );
        return Finding::new(Severity::Error, "mtu-black-hole", w.of, text).packets(packets, n.into()).act(
            "network or firewall",
            "let ICMP \"fragmentation needed\" and \"packet too big\" pass, or lower the MTU or MSS on this route",
        );
    }
    let text = format!(
        "{} does not answer any more: {} sent {} again without an acknowledgment",
        w.to,
        w.from,
        many(n, "segment")
    );
    Finding::new(Severity::Error, "peer-silent", w.of, text).packets(packets, n.into()).act(
        format!("network, or whoever runs {}", w.to),
        format!("check that {} is up and that the way there and back works: trace near it", w.to),
    )
}

fn reordered(w: &Way<'_>, out: &mut Found) {
    let n = w.count(Event::OutOfOrder) - w.repaired();
    if n == 0 || w.count(Event::Lost) > 2 * n && w.own.events().retransmissions() > 0 {
        return;
    }
    let share = f64::from(n) / w.own.packets.max(1) as f64;
    let severity = if n >= 3 && share >= 0.03 { Severity::Warning } else { Severity::Note };
    let text = format!("{} from {} to {} arrived out of order, not lost", many(n, "segment"), w.from, w.to);
    out.push(
        Finding::new(severity, "reordering", w.of, text)
            .packets(w.frames(&[Event::OutOfOrder]), n.into())
            .act(
                "network",
                "look for parallel ways (link aggregation, load balancing by packet) between the two",
            ),
    );
}

/// Segments that the receiver got and the trace did not.
fn incomplete(w: &Way<'_>, out: &mut Found) {
    let unseen = w.count(Event::AckedUnseen);
    // Gaps that were never asked for again.
    let repaired = w.own.events().retransmissions() + w.count(Event::OutOfOrder);
    let gaps = w.count(Event::Lost);
    let missed = gaps > repaired && w.other.events().count(Event::DuplicateAck) == 0;
    if unseen == 0 && !missed {
        return;
    }
    let (n, who, packets) = if unseen > 0 {
        (unseen, &w.to, w.frames(&[Event::AckedUnseen]))
    } else {
        (gaps, &w.from, w.frames(&[Event::Lost]))
    };
    let text = format!("the trace lacks segments that {who} sent and the other end received");
    let severity = if n >= 3 { Severity::Warning } else { Severity::Note };
    out.push(Finding::new(severity, "trace-incomplete", w.of, text).packets(packets, n.into()).act(
        "whoever took the trace",
        "trace with a larger buffer or less per packet, and look at the lost-record counts; findings about \
             loss on this connection may be wrong",
    ));
}
