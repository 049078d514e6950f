//! Opening and closing: who did what first, and how far it got.

use super::answer::{Answer, NO_SCALE, UNKNOWN_SCALE};
use super::connection::{Connection, saw};
use super::segment::{Reach, Segment, flag};

/// Bits of [`Connection::completeness`].
pub(super) mod complete {
    pub const SYN: u8 = 1;
    pub const SYN_ACK: u8 = 2;
    pub const ACK: u8 = 4;
    pub const DATA: u8 = 8;
    pub const FIN: u8 = 16;
    pub const RST: u8 = 32;
}

const BOTH: u16 = flag::SYN | flag::ACK;

/// Moves [`Connection::completeness`] forward; `fresh` when this is the first segment.
pub(super) fn completeness(c: &mut Connection, s: &Segment, fresh: bool) {
    let data = s.len.is_some_and(|n| n > 0);
    let mut add = 0;
    if fresh {
        if s.flags & BOTH == flag::SYN {
            add |= complete::SYN;
            if data {
                add |= complete::DATA;
            }
        }
    } else {
        match s.flags & BOTH {
            BOTH => add |= complete::SYN_ACK,
            flag::ACK => add |= if data { complete::DATA } else { complete::ACK },
            _ => {}
        }
        if s.flags & (flag::FIN | flag::ACK) == flag::FIN | flag::ACK {
            add |= complete::FIN;
        }
        if s.flags & flag::RST != 0 {
            add |= complete::RST;
        }
    }
    c.completeness |= add;
}

/// What opening and closing segments change, before their options are looked at.
pub(super) fn flags(c: &mut Connection, s: &Segment, own: usize, a: &mut Answer) {
    let kind = s.flags & BOTH;
    if kind == BOTH {
        let ack = s.ack.wrapping_sub(a.base_ack);
        a.fast_open_ack = ack > 1;
        a.fast_open_ignored = ack <= 1 && c.data_in_syn;
    }
    if kind == flag::SYN {
        c.syn_time = s.time;
    }
    if s.flags & flag::SYN != 0 {
        c.sides[own].sequence.unscaled = true;
    }
    if s.flags & flag::FIN != 0 {
        a.first_fin = !c.sides[1 - own].has(saw::CLOSED_FIRST);
        if a.first_fin {
            c.sides[own].saw |= saw::CLOSED_FIRST;
        }
    }
    if kind == flag::ACK {
        if c.syn_time != 0 && c.initial_rtt == 0 {
            c.initial_rtt = s.time - c.syn_time;
        }
        c.sides[own].sequence.unscaled = false;
    }
}

/// What the options change for the segments that follow.
pub(super) fn options(c: &mut Connection, s: &Segment, own: usize) {
    if s.reach < Reach::Fixed {
        return;
    }
    let o = &s.options;
    let side = &mut c.sides[own];
    if let Some(shift) = o.wscale.get() {
        side.sequence.shift = shift as i8;
    }
    side.sequence.sacked = o.sacked;
    if o.cookie && s.flags & BOTH == flag::SYN && s.len.is_some_and(|n| n > 0) {
        c.data_in_syn = true;
    }
    if s.flags & flag::SYN != 0 && s.reach == Reach::Options {
        scaling(c, s.flags & flag::ACK != 0, own);
    }
}

/// Windows are scaled only when both ends say so (RFC 7323 section 2.2).
fn scaling(c: &mut Connection, answer: bool, own: usize) {
    let [fwd, rev] = [own, 1 - own].map(|i| c.sides[i].sequence.shift);
    if fwd == UNKNOWN_SCALE {
        c.sides[0].sequence.shift = NO_SCALE;
        c.sides[1].sequence.shift = NO_SCALE;
    } else if answer && rev == NO_SCALE {
        c.sides[own].sequence.shift = NO_SCALE;
    }
}

/// The end that opened a connection whose first segment is `s`, sent by `own`: known when there
/// is a SYN. Otherwise the server is the end with a well-known port, or the one that answers.
pub(super) fn client(s: &Segment, own: usize) -> u8 {
    let well_known = [s.source().1, s.destination().1].map(|p| p < 1024);
    let server = match (s.flags & BOTH, well_known) {
        (flag::SYN, _) => 1 - own,
        (BOTH, _) | (_, [true, false]) => own,
        _ => 1 - own,
    };
    1 - server as u8
}
