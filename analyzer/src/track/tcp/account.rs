//! Counters of a connection, and where its time went.
//!
//! Every stretch between two segments of a connection is somebody's:
//!
//! * the **receiver**'s, when it offered no window, or all of it was full;
//! * the **network**'s, when an acknowledgment was awaited, or something had to be sent again;
//! * the **sender**'s, when it sent more while earlier data were still on their way;
//! * the **application**'s at the end that spoke next, when nothing was on its way.
//!
//! As with round-trip times, this is seen from where the trace was taken.

use super::answer::{Analysis, analysis::*};
use super::connection::{Connection, Side, saw};
use super::events::{Event, Events};
use super::segment::{Segment, flag};
use super::sequence::Found;
use super::unacked::NIL;

/// How a direction stood before a segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    /// Something was on its way, in the segment's direction and in the other.
    in_flight: [bool; 2],
    /// No window was offered, by the sender and by the receiver of the segment.
    closed: [bool; 2],
    /// Time of the segment before.
    last: i64,
}

impl Before {
    #[inline]
    pub(super) fn of(c: &Connection, own: usize) -> Self {
        let side = [own, 1 - own].map(|i| &c.sides[i].sequence);
        Self {
            in_flight: side.map(|q| q.list.head != NIL),
            closed: side.map(|q| q.window == 0),
            last: c.last_time,
        }
    }
}

/// Counts a segment that was really sent, as opposed to quoted.
pub(super) fn count(c: &mut Connection, s: &Segment, own: usize) {
    if c.sides[0].packets + c.sides[1].packets == 0 {
        c.first_sender = own as u8;
    }
    let side = &mut c.sides[own];
    side.packets = side.packets.saturating_add(1);
    side.bytes += u64::from(s.frame_len);
    side.payload += u64::from(s.len.unwrap_or(0));
    side.last_time = if side.packets == 1 { s.time } else { side.last_time.max(s.time) };
    if s.flags & flag::SYN != 0 {
        syn(side, s);
    } else if s.flags & flag::RST == 0 {
        window(side, s);
    }
    if s.options.sack_blocks > 0 {
        side.saw |= saw::SACK;
    }
    if s.flags & flag::FIN != 0 && side.fin_frame == 0 {
        side.fin_frame = s.frame;
    }
    if s.flags & (flag::SYN | flag::ACK) == flag::ACK && s.flags & flag::RST == 0 {
        side.saw |= saw::ACK;
    }
    if s.flags & flag::RST != 0 {
        if side.rst_frame == 0 {
            side.rst_frame = s.frame;
        }
        events(side).note(Event::Reset, s.frame);
    }
}

fn syn(side: &mut Side, s: &Segment) {
    let o = &s.options;
    side.saw |= if s.flags & flag::ACK != 0 { saw::SYN_ACK } else { saw::SYN };
    if o.mss != 0 {
        side.mss = o.mss;
    }
    for (has, bit) in
        [(o.sack_permitted, saw::SACK_PERMITTED), (o.timestamps, saw::TIMESTAMPS), (o.cookie, saw::COOKIE)]
    {
        if has {
            side.saw |= bit;
        }
    }
}

fn window(side: &mut Side, s: &Segment) {
    let scaled = u32::from(s.window) << side.sequence.shift.max(0);
    side.window = match side.window {
        [0, 0] if side.packets <= 2 => [scaled, scaled],
        [low, high] => [low.min(scaled), high.max(scaled)],
    };
}

fn events(side: &mut Side) -> &mut Events {
    side.events.get_or_insert_default()
}

/// Event of each flag.
const EVENTS: [(u16, Event); 14] = [
    (RETRANSMISSION, Event::Retransmission),
    (FAST_RETRANSMISSION, Event::FastRetransmission),
    (SPURIOUS_RETRANSMISSION, Event::SpuriousRetransmission),
    (OUT_OF_ORDER, Event::OutOfOrder),
    (DUPLICATE_ACK, Event::DuplicateAck),
    (LOST_SEGMENT, Event::Lost),
    (ACK_LOST_SEGMENT, Event::AckedUnseen),
    (KEEP_ALIVE, Event::KeepAlive),
    (KEEP_ALIVE_ACK, Event::KeepAliveAck),
    (ZERO_WINDOW, Event::ZeroWindow),
    (ZERO_WINDOW_PROBE, Event::ZeroWindowProbe),
    (ZERO_WINDOW_PROBE_ACK, Event::ZeroWindowProbeAck),
    (WINDOW_FULL, Event::WindowFull),
    (REUSED_PORTS, Event::ReusedPorts),
];

/// Counts what the comparison found.
#[inline]
pub(super) fn compared(c: &mut Connection, s: &Segment, own: usize, a: &Analysis, f: &Found, b: Before) {
    let [first, second] = &mut c.sides;
    let (fwd, rev) = if own == 0 { (first, second) } else { (second, first) };
    let flags = a.flags & !WINDOW_UPDATE;
    if a.has(WINDOW_UPDATE) {
        fwd.window_updates += 1;
    }
    if flags != 0 {
        unusual(fwd, s, a, f, flags);
    }
    if b.closed[0] && s.window != 0 && s.flags & flag::RST == 0 {
        let e = events(fwd);
        if e.zero_window_since != 0 {
            e.zero_window_time += since(s.time, e.zero_window_since);
            e.zero_window_since = 0;
        }
    }
    fwd.max_in_flight = fwd.max_in_flight.max(a.in_flight);
    if let Some(rtt) = f.rtt {
        let before = rev.rtt;
        rev.rtt.add(rtt, f.handshake);
        let pure = s.len == Some(0) && s.flags & (flag::SYN | flag::FIN | flag::RST) == 0;
        if pure && f.acknowledged == 1 && !f.handshake && before.count > 0 {
            // Whatever exceeds the shortest round trip is the receiver's doing.
            fwd.ack_delay.add(rtt.saturating_sub(i64::from(before.min_us) * 1000));
        }
    }
    if rev.fin_frame != 0 && f.acknowledged > 0 && b.in_flight[1] && rev.sequence.list.head == NIL {
        rev.saw |= saw::FIN_ACKED;
    }
    let gap = since(s.time, b.last);
    let data = s.len.is_some_and(|n| n > 0) || s.flags & flag::FIN != 0;
    if flags & AGAIN != 0 {
        c.network += gap;
    } else if b.closed[0] {
        fwd.receiver += gap;
    } else if b.closed[1] {
        rev.receiver += gap;
    } else if s.flags & (flag::SYN | flag::RST) != 0 {
        c.network += gap;
    } else if data && b.in_flight[0] {
        c.sender += gap;
    } else if !data && b.in_flight[1] {
        c.network += gap;
    } else {
        fwd.application += gap;
    }
    if s.len.is_some_and(|n| n > 0) && flags & AGAIN == 0 {
        let now = (s.time / 1000) as u32;
        if usize::from(c.last_talker) == 1 - own && usize::from(c.client) != own {
            c.response.add(now.wrapping_sub(c.last_data_us), s.frame);
        }
        c.last_data_us = now;
        c.last_talker = own as u8;
    }
}

fn since(now: i64, then: i64) -> u64 {
    now.saturating_sub(then).max(0) as u64
}

#[cold]
fn unusual(fwd: &mut Side, s: &Segment, a: &Analysis, f: &Found, flags: u16) {
    let e = events(fwd);
    for (bit, event) in EVENTS {
        if flags & bit != 0 {
            e.note(event, s.frame);
        }
    }
    if flags & AGAIN != 0 {
        e.retransmitted_bytes += u64::from(s.len.unwrap_or(0));
        e.max_rto = e.max_rto.max(a.rto.max(0) as u64);
    }
    e.lost_bytes += u64::from(f.missing);
    if flags & ZERO_WINDOW != 0 && e.zero_window_since == 0 {
        e.zero_window_since = s.time;
    }
}
