//! One direction of a connection: what one end sent.

use formats::net::tcp::{Flags, Header};

use super::super::super::options::Options;
use super::super::super::record::Record;
use crate::track::tcp::answer::analysis as bit;
use crate::track::tcp::{Answer, Segment};

/// Smallest, largest and sum of a measure.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spread {
    /// How many.
    pub count: u64,
    /// The smallest.
    pub min: u64,
    /// The largest.
    pub max: u64,
    /// All of them.
    pub sum: u64,
}

impl Spread {
    fn add(&mut self, v: u64) {
        self.min = if self.count == 0 { v } else { self.min.min(v) };
        self.max = self.max.max(v);
        self.sum += v;
        self.count += 1;
    }

    /// The average, 0 of nothing.
    #[must_use]
    pub const fn average(&self) -> u64 {
        match self.sum.checked_div(self.count) {
            Some(n) => n,
            None => 0,
        }
    }
}

/// What one end sent.
#[derive(Debug, Clone, Default)]
pub struct Half {
    /// Segments with data, by their length.
    pub data: Spread,
    /// Windows that it offered, scaled where the scale is known.
    pub windows: Spread,
    /// Changes of the window.
    pub changes: u64,
    /// Segments with data between two acknowledgments that advance.
    pub per_window: Spread,
    /// Bytes of data between them.
    pub bytes_per_window: Spread,
    current: (u64, u64),
    /// How long its data waited for an acknowledgment, in nanoseconds.
    pub ack_time: Spread,
    /// Acknowledgments of its data that came later than the threshold.
    pub delayed: u64,
    /// Smoothed round-trip time and variance, in nanoseconds.
    pub srtt: Option<(f64, f64)>,
    /// Segments with SYN, FIN, RST, PSH, URG, SACK.
    pub flags: [u64; 6],
    /// Segments in order.
    pub in_order: u64,
    /// Segments sent again.
    pub again: u64,
    /// Bytes of these.
    pub again_bytes: u64,
    /// Acknowledgments that it repeated.
    pub dup_acks: u64,
    /// Segments behind a gap.
    pub gaps: u64,
    /// Segments out of order.
    pub out_of_order: u64,
    /// Window probes.
    pub probes: u64,
    /// Keep-alives.
    pub keep_alives: u64,
    /// Segments that offered no window.
    pub zero_windows: u64,
    /// Windows smaller than two of the other end's segments.
    pub small_windows: u64,
    /// Segments with data smaller than its MSS that did not end a push.
    pub short_segments: u64,
    /// Nanoseconds in which it offered no window.
    pub zero_time: i64,
    zero_since: Option<i64>,
    /// Announced MSS.
    pub mss: Option<u16>,
    /// Announced window scale.
    pub scale: Option<u8>,
    /// Both ends announced one.
    scaled: bool,
    window: Option<u64>,
    first: Option<u32>,
    next: Option<u32>,
    acked: Option<u32>,
    fin: Option<u32>,
    /// Data up to here was sent again: its acknowledgment says nothing about the round trip.
    again_to: Option<u32>,
}

/// True when `a` lies behind `b` in the circle of sequence numbers.
const fn behind(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) > 0
}

impl Half {
    /// Takes a segment of end `own`.
    pub fn take(
        halves: &mut [Self; 2],
        own: usize,
        t: &Header<'_>,
        s: &Segment,
        answer: &Answer,
        r: &Record<'_>,
        o: &Options,
    ) {
        let local = matches!(r.direction(), 'O' | ' ');
        let (head, tail) = halves.split_at_mut(1);
        let (me, it) = if own == 0 { (&mut head[0], &mut tail[0]) } else { (&mut tail[0], &mut head[0]) };
        let a = &answer.analysis;
        let f = t.flags();
        if f.intersects(Flags::SYN) {
            me.mss = (s.options.mss != 0).then_some(s.options.mss);
            me.scale = s.options.wscale.get();
            (me.first, me.next) = (Some(s.seq), Some(s.seq));
        }
        me.scaled = me.scale.is_some() && it.scale.is_some();
        let sack = s.options.sack_blocks > 0;
        for (i, on) in [
            f.intersects(Flags::SYN),
            f.intersects(Flags::FIN),
            f.intersects(Flags::RST),
            f.intersects(Flags::PSH),
            f.intersects(Flags::URG),
            sack,
        ]
        .into_iter()
        .enumerate()
        {
            me.flags[i] += u64::from(on);
        }
        let len = s.len.unwrap_or(0);
        let again = a.has(bit::AGAIN);
        let counts = [
            (bit::DUPLICATE_ACK, &mut me.dup_acks),
            (bit::LOST_SEGMENT, &mut me.gaps),
            (bit::OUT_OF_ORDER, &mut me.out_of_order),
            (bit::ZERO_WINDOW_PROBE, &mut me.probes),
            (bit::KEEP_ALIVE, &mut me.keep_alives),
            (bit::ZERO_WINDOW, &mut me.zero_windows),
        ];
        for (b, n) in counts {
            *n += u64::from(a.has(b));
        }
        let end = s
            .seq
            .wrapping_add(len)
            .wrapping_add(u32::from(f.intersects(Flags::SYN)))
            .wrapping_add(u32::from(f.intersects(Flags::FIN)));
        if again {
            me.again += 1;
            me.again_bytes += u64::from(len);
            me.again_to = Some(match me.again_to {
                Some(to) if behind(to, end) => to,
                _ => end,
            });
        } else if !a.has(bit::OUT_OF_ORDER | bit::LOST_SEGMENT) {
            me.in_order += 1;
        }
        if len > 0 {
            me.data.add(len.into());
            me.current = (me.current.0 + 1, me.current.1 + u64::from(len));
            let mss = it.mss.map_or(0, u32::from);
            me.short_segments +=
                u64::from(mss > 0 && len + 40 < mss && !f.intersects(Flags(Flags::PSH.0 | Flags::FIN.0)));
        }
        me.first.get_or_insert(s.seq);
        if me.next.is_none_or(|n| behind(end, n)) {
            me.next = Some(end);
        }
        if f.intersects(Flags::FIN) {
            me.fin = Some(end);
        }
        me.offers(t, s);
        if f.intersects(Flags::ACK) {
            it.acknowledged(s.ack, a.acks_frame != 0, a.ack_rtt, local, o);
        }
    }

    /// The window that a segment offers.
    fn offers(&mut self, t: &Header<'_>, s: &Segment) {
        let f = t.flags();
        if f.intersects(Flags::RST) || !f.intersects(Flags::ACK) {
            return;
        }
        let w = self.scaled(s.window, f.intersects(Flags::SYN));
        self.windows.add(w);
        let mss = u64::from(self.mss.unwrap_or(536));
        self.small_windows += u64::from(w < 2 * mss);
        match (w, self.zero_since) {
            (0, None) => self.zero_since = Some(s.time),
            (1.., Some(since)) => {
                self.zero_time += s.time - since;
                self.zero_since = None;
            }
            _ => {}
        }
        if self.window.replace(w) != Some(w) {
            self.changes += 1;
        }
    }

    /// The other end acknowledges up to `ack`; `local` says that it is the local one.
    fn acknowledged(&mut self, ack: u32, measured: bool, nanos: i64, local: bool, o: &Options) {
        if self.acked.is_none_or(|a| behind(ack, a)) {
            self.acked = Some(ack);
            // What was sent since the acknowledgment before went into one window.
            if self.current.0 > 0 {
                self.per_window.add(self.current.0);
                self.bytes_per_window.add(self.current.1);
            }
            self.current = (0, 0);
        }
        // Karn: nobody knows which copy was acknowledged.
        let doubtful = self.again_to.is_some_and(|to| !behind(ack, to));
        if !measured || doubtful || nanos < 0 {
            return;
        }
        let threshold = if local { o.delay_ack.0 } else { o.delay_ack.1 };
        self.delayed += u64::from(nanos > i64::from(threshold) * 1_000_000);
        self.ack_time.add(nanos as u64);
        let sample = nanos as f64;
        self.srtt = Some(match self.srtt {
            None => (sample, sample / 2.0),
            Some((rtt, var)) => {
                let error = sample - rtt;
                let (g, h) = (f64::from(o.gain.0) / 1000.0, f64::from(o.gain.1) / 1000.0);
                (rtt + g * error, var + h * (error.abs() - var))
            }
        });
    }

    /// A window in bytes. Those of SYNs are never scaled.
    #[must_use]
    pub fn scaled(&self, window: u16, syn: bool) -> u64 {
        match self.scale {
            Some(n) if self.scaled && !syn => u64::from(window) << n.min(14),
            _ => window.into(),
        }
    }

    /// Bytes that were sent and not acknowledged yet.
    #[must_use]
    pub fn in_pipe(&self) -> u32 {
        match (self.next, self.acked) {
            (Some(n), Some(a)) if behind(n, a) => n.wrapping_sub(a),
            (Some(n), None) => n.wrapping_sub(self.first.unwrap_or(n)),
            _ => 0,
        }
    }

    /// True when this end said FIN and `ack` acknowledges it.
    #[must_use]
    pub fn closed_acked(&self, ack: u32) -> bool {
        self.fin.is_some_and(|f| !behind(f, ack))
    }

    /// From the first sequence number to the last.
    #[must_use]
    pub fn sequence_delta(&self) -> u32 {
        match (self.first, self.next) {
            (Some(a), Some(b)) => b.wrapping_sub(a),
            _ => 0,
        }
    }
}
