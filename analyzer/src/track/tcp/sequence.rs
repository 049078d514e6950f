//! Comparing a segment with those before it, in both directions.
//!
//! What the flags mean is written in the Wireshark User's Guide, chapter "TCP Analysis", and they are
//! given here under the same conditions, so that a filter selects the same packets. Wireshark
//! takes a number of 0 for one that is not known, and so does this.

use super::answer::{Analysis, analysis::*};
use super::segment::{Segment, flag};
use super::unacked::{List, MAX_EACH, NIL, Pool, Unacked};

/// Where the numbers of one direction stand.
#[derive(Debug, Clone, Copy)]
pub struct Sequence {
    /// Number that relative ones are counted from.
    pub base: u32,
    /// The highest number seen, and what comes behind it is new.
    next: u32,
    next_frame: u32,
    next_time: i64,
    /// The highest number up to which nothing is missing.
    contiguous: u32,
    /// The last window, not scaled.
    pub window: u32,
    last_ack: u32,
    last_ack_time: i64,
    /// The frame that had the last new acknowledgment.
    ack_frame: u32,
    /// Repetitions of it; -1 when it acknowledged what was not seen.
    duplicates: i32,
    /// Bytes since the last PSH.
    pushed: u32,
    /// Bytes in the SACK blocks of the last segment.
    pub sacked: u32,
    /// End of what was sent more than once, for Karn's rule.
    again: u32,
    /// Lowest and highest relative number in flight.
    flight: [u32; 2],
    pub list: List,
    /// Flags of the last segment.
    last_flags: u16,
    /// Window scale, or one of the constants of [`super::answer`].
    pub shift: i8,
    /// Multipath TCP options seen when the last segment came.
    multipath: u8,
    /// Kinds of multipath TCP options that this direction had.
    pub multipath_seen: u8,
    pub base_known: bool,
    /// False while a hole makes the bytes in flight unknown.
    flight_valid: bool,
    /// False when [`Sequence::flight`] must be worked out anew.
    flight_known: bool,
    last_pushed: bool,
    /// True from the SYN to the first segment behind it, whose window is not scaled yet.
    pub unscaled: bool,
    any_again: bool,
}

impl Default for Sequence {
    fn default() -> Self {
        Self {
            base: 0,
            next: 0,
            next_frame: 0,
            next_time: 0,
            contiguous: 0,
            window: u32::MAX,
            last_ack: 0,
            last_ack_time: 0,
            ack_frame: 0,
            duplicates: 0,
            pushed: 0,
            sacked: 0,
            again: 0,
            flight: [u32::MAX, 0],
            list: List { head: NIL, count: 0 },
            last_flags: 0,
            shift: super::answer::UNKNOWN_SCALE,
            multipath: 0,
            multipath_seen: 0,
            base_known: false,
            flight_valid: true,
            flight_known: true,
            last_pushed: false,
            unscaled: false,
            any_again: false,
        }
    }
}

impl Sequence {
    /// The same first segment again: a reset in between may have moved the numbers.
    pub fn rewind(&mut self) {
        self.next = self.contiguous;
    }
}

/// True when `a` comes before `b`, numbers going round.
#[inline]
const fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

/// True when `a` does not come behind `b`.
#[inline]
const fn up_to(a: u32, b: u32) -> bool {
    a.wrapping_sub(b) as i32 <= 0
}

/// What trackers want to know beyond the flags.
#[derive(Debug, Clone, Copy, Default)]
pub struct Found {
    /// Round trip that the acknowledgment ends, in nanoseconds, unless the segment was sent more
    /// than once.
    pub rtt: Option<i64>,
    /// True when what was acknowledged is the SYN.
    pub handshake: bool,
    /// Segments that were acknowledged.
    pub acknowledged: u32,
    /// Bytes missing before this segment.
    pub missing: u32,
}

/// Out of order or sent again? Without a round-trip time, this many nanoseconds decide.
const REORDERED: u64 = 3_000_000;
/// A fast retransmission follows the last duplicate ACK within this many nanoseconds.
const FAST: u64 = 20_000_000;
/// Nanoseconds between two times; a clock that went back gives more than any limit.
const fn since(now: i64, then: i64) -> u64 {
    now.wrapping_sub(then) as u64
}

/// A segment on its way, with what it is compared with.
pub struct Step<'a> {
    pub s: &'a Segment,
    pub len: u32,
    /// Its own direction, and the other.
    pub fwd: &'a mut Sequence,
    pub rev: &'a mut Sequence,
    pub pool: &'a mut Pool,
    /// Handshake round-trip time, 0 when not known.
    pub initial_rtt: i64,
    /// Multipath TCP options of the connection so far.
    pub multipath: u8,
}

impl Step<'_> {
    /// Compares, and remembers the segment for those that follow.
    pub fn run(mut self, a: &mut Analysis) -> Found {
        let mut found = Found::default();
        self.bases();
        self.forward(a, &mut found);
        if self.s.ack != self.fwd.last_ack {
            self.fwd.ack_frame = self.s.frame;
            self.fwd.duplicates = 0;
        }
        self.acked_unseen(a);
        let syn_or_fin = self.s.flags & (flag::SYN | flag::FIN) != 0;
        if (self.len > 0 || syn_or_fin) && !a.has(KEEP_ALIVE) {
            self.again(a);
        }
        self.remember(a);
        self.acknowledge(a, &mut found);
        if self.len != 0 {
            self.in_flight(a);
        }
        found
    }

    /// The first segment of each direction tells where its numbers begin.
    fn bases(&mut self) {
        let s = self.s;
        if !self.fwd.base_known {
            self.fwd.base = if s.flags & flag::SYN != 0 { s.seq } else { s.seq.wrapping_sub(1) };
            self.fwd.base_known = true;
        }
        if s.flags & flag::ACK != 0 {
            if !self.rev.base_known {
                self.rev.base = s.ack.wrapping_sub(1);
                self.rev.base_known = true;
            }
            self.rev.flight_valid = true;
        }
    }

    /// What the segment is beside those that went the same way.
    fn forward(&mut self, a: &mut Analysis, found: &mut Found) {
        let (s, len) = (self.s, self.len);
        let window = u32::from(s.window);
        let special = s.flags & (flag::SYN | flag::FIN | flag::RST) != 0;
        let in_turn = s.seq == self.fwd.next;
        if len == 1 && in_turn && self.rev.window == 0 {
            a.set(ZERO_WINDOW_PROBE);
            return;
        }
        if window == 0 && !special {
            a.set(ZERO_WINDOW);
        }
        if self.fwd.next != 0 && before(self.fwd.next, s.seq) && s.flags & flag::RST == 0 {
            a.set(LOST_SEGMENT);
            found.missing = s.seq.wrapping_sub(self.fwd.next);
            self.fwd.flight_valid = false;
        }
        if special {
            return;
        }
        if len <= 1 && s.seq == self.fwd.next.wrapping_sub(1) {
            a.set(KEEP_ALIVE);
        }
        if len > 0 && self.rev.shift != super::answer::UNKNOWN_SCALE {
            let shift = if self.rev.unscaled { 0 } else { self.rev.shift.max(0) as u32 };
            let edge = self.rev.last_ack.wrapping_add(self.rev.window << shift);
            if s.seq.wrapping_add(len) == edge {
                a.set(WINDOW_FULL);
            }
        }
        if len != 0 || !in_turn || s.ack != self.fwd.last_ack {
            return;
        }
        let same = window == self.fwd.window;
        if window != 0 && !same {
            a.set(WINDOW_UPDATE);
        } else if window != 0 && self.rev.last_flags & KEEP_ALIVE != 0 {
            a.set(KEEP_ALIVE_ACK);
        } else if window == 0 && same && self.rev.last_flags & ZERO_WINDOW_PROBE != 0 {
            a.set(ZERO_WINDOW_PROBE_ACK);
        } else if window != 0 && self.multipath == self.fwd.multipath {
            self.fwd.duplicates = if self.fwd.duplicates == -1 { 1 } else { self.fwd.duplicates + 1 };
            a.set(DUPLICATE_ACK);
            a.duplicate = self.fwd.duplicates as u32;
            a.duplicate_of = self.fwd.ack_frame;
        }
    }

    /// An acknowledgment of what the trace does not hold.
    fn acked_unseen(&mut self, a: &mut Analysis) {
        let (s, rev) = (self.s, &mut *self.rev);
        if rev.contiguous == 0 || !before(rev.contiguous, s.ack) || s.flags & flag::ACK == 0 {
            return;
        }
        a.any = true;
        if before(rev.contiguous, rev.next) {
            rev.contiguous = rev.next;
            a.set(ACK_LOST_SEGMENT);
        } else {
            // The other end sends nothing but acknowledgments: once is enough.
            if rev.duplicates == 0 {
                a.set(ACK_LOST_SEGMENT);
            }
            rev.duplicates = -1;
        }
    }

    /// Sent before, or late?
    fn again(&mut self, a: &mut Analysis) {
        let (s, len, fwd, rev) = (self.s, self.len, &*self.fwd, &*self.rev);
        let end = s.seq.wrapping_add(len);
        let mut old = fwd.next != 0 && before(s.seq, fwd.next);
        if len > 1 && fwd.next.wrapping_sub(1) == s.seq {
            old = false;
        }
        if len > 0 && rev.last_ack != 0 && up_to(end, rev.last_ack) {
            a.set(SPURIOUS_RETRANSMISSION);
            return;
        }
        if !old {
            return;
        }
        // An acknowledgment of unseen segments, -1, passes for many: Wireshark's count has no sign.
        if rev.duplicates as u32 >= 2 && rev.last_ack == s.seq && since(s.time, rev.last_ack_time) < FAST {
            a.set(FAST_RETRANSMISSION);
            return;
        }
        let limit = if self.initial_rtt == 0 { REORDERED } else { self.initial_rtt as u64 };
        let virtual_byte = u32::from(s.flags & (flag::SYN | flag::FIN) != 0);
        if since(s.time, fwd.next_time) < limit && fwd.next != end.wrapping_add(virtual_byte) {
            a.set(OUT_OF_ORDER);
            return;
        }
        a.set(RETRANSMISSION);
        // The eldest segment in flight is the likeliest original.
        let (time, frame) =
            self.pool.iter(fwd.list).last().map_or((fwd.next_time, fwd.next_frame), |u| (u.time, u.frame));
        a.rto = s.time.wrapping_sub(time);
        a.rto_frame = frame;
    }

    fn remember(&mut self, a: &Analysis) {
        let (s, fwd) = (self.s, &mut *self.fwd);
        let syn_or_fin = s.flags & (flag::SYN | flag::FIN) != 0;
        let mut next = s.seq.wrapping_add(self.len);
        if (self.len != 0 || syn_or_fin) && fwd.list.count < MAX_EACH {
            next = next.wrapping_add(u32::from(syn_or_fin));
            let u = Unacked { seq: s.seq, end: next, frame: s.frame, next: NIL, time: s.time };
            self.pool.push(&mut fwd.list, u);
            fwd.flight[0] = fwd.flight[0].min(u.seq.wrapping_sub(fwd.base));
            fwd.flight[1] = fwd.flight[1].max(u.end.wrapping_sub(fwd.base));
        }
        if a.has(AGAIN) && (!fwd.any_again || before(fwd.again, next)) {
            fwd.again = next;
            fwd.any_again = true;
        }
        let probe = a.has(ZERO_WINDOW_PROBE);
        if (before(fwd.next, next) || fwd.next == 0) && !probe {
            fwd.next = next;
            fwd.next_frame = s.frame;
            fwd.next_time = s.time;
        }
        if (s.seq == fwd.contiguous || fwd.contiguous == 0) && !probe {
            fwd.contiguous = fwd.next;
        }
        fwd.window = s.window.into();
        fwd.last_ack = s.ack;
        fwd.last_ack_time = s.time;
        fwd.multipath = self.multipath;
        fwd.last_flags = a.flags;
    }

    /// Takes what is acknowledged out of the other direction's list.
    fn acknowledge(&mut self, a: &mut Analysis, found: &mut Found) {
        let (s, rev) = (self.s, &mut *self.rev);
        if rev.list.head == NIL {
            return;
        }
        let (mut changed, mut gone) = (false, 0);
        let mut list = rev.list;
        self.pool.retain(&mut list, |u| {
            if s.ack == u.end {
                a.any = true;
                a.acks_frame = u.frame;
                a.ack_rtt = s.time.wrapping_sub(u.time);
                found.handshake = u.end == rev.base.wrapping_add(1);
                gone += 1;
                return false;
            }
            if before(u.seq, s.ack) && up_to(s.ack, u.end) {
                u.seq = s.ack;
                changed = true;
            }
            let keep = before(s.ack, u.end);
            gone += u32::from(!keep);
            keep
        });
        rev.list = list;
        if changed || gone > 0 {
            rev.flight_known = false;
        }
        found.acknowledged = gone;
        if a.acks_frame != 0 && s.flags & flag::ACK != 0 && !(rev.any_again && up_to(s.ack, rev.again)) {
            found.rtt = Some(a.ack_rtt);
        }
    }

    fn in_flight(&mut self, a: &mut Analysis) {
        let (s, fwd) = (self.s, &mut *self.fwd);
        if fwd.list.head == NIL || !fwd.flight_valid {
            return;
        }
        if !fwd.flight_known {
            fwd.flight = [u32::MAX, 0];
            for u in self.pool.iter(fwd.list) {
                fwd.flight[0] = fwd.flight[0].min(u.seq.wrapping_sub(fwd.base));
                fwd.flight[1] = fwd.flight[1].max(u.end.wrapping_sub(fwd.base));
            }
            fwd.flight_known = true;
        }
        let bytes = fwd.flight[1].wrapping_sub(fwd.flight[0]).wrapping_sub(self.rev.sacked);
        if bytes > 0 && bytes < 2_000_000_000 {
            a.in_flight = bytes - u32::from(s.flags & (flag::SYN | flag::FIN) != 0);
        }
        let push = s.flags & flag::PSH != 0;
        fwd.pushed = if fwd.last_pushed { self.len } else { fwd.pushed.wrapping_add(self.len) };
        fwd.last_pushed = push;
        a.any = true;
        a.pushed = fwd.pushed;
    }
}
