//! What a TCP segment carries: decoders are chosen, and messages over several segments joined.
//!
//! The order in which a decoder is looked for is Wireshark's: what was found before on this
//! connection, the server's port, the lower port, the higher one, then the bytes themselves.
//! Retransmitted and late segments are not decoded again, and keep-alives are data.

use std::sync::Arc;

use crate::decode::app::{self, App, Need, State, Talk, Verdict};
use crate::decode::net::Ip;
use crate::decode::{Buf, Ctx, Outcome, Sink, Value, data, fmt::Out};
use crate::track::memory;
use crate::track::sessions::plain;
use crate::track::streams::{Bytes, Conn, Direction, Joined, Step, Streams, Table};
use crate::track::tcp::Ends;
use crate::track::tcp::segment::flag::{ACK, FIN, RST, SYN};
use crate::track::tcp::segment::{Segment as Followed, mapped};

use super::tcp::{self, PAYLOAD};

/// What desegmentation needs to know of a segment.
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    /// Source and destination address; IPv4 in the last four octets.
    pub addresses: [[u8; 16]; 2],
    /// Source and destination port.
    pub ports: [u16; 2],
    /// IP version.
    pub version: u8,
    /// True when the source is the higher of the two ends.
    pub upper: bool,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgment number.
    pub ack: u32,
    /// Flags, FIN lowest.
    pub flags: u16,
    /// True when all of it is there.
    pub whole: bool,
}

impl Segment {
    /// A segment of this header; `whole` when nothing of it is missing.
    #[must_use]
    pub fn new(ip: &Ip, ports: [u16; 2], seq: u32, ack: u32, flags: u16, whole: bool) -> Self {
        let upper = (ip.src, ports[0]) > (ip.dst, ports[1]);
        Self { addresses: [ip.src, ip.dst], ports, version: ip.version, upper, seq, ack, flags, whole }
    }

    /// The same of a segment that is followed.
    #[inline]
    #[must_use]
    pub fn of(s: &Followed, whole: bool) -> Self {
        let (src, dst) = (s.source(), s.destination());
        let ((from, v6), (to, _)) = (plain(src.0), plain(dst.0));
        Self {
            addresses: [from, to],
            ports: [src.1, dst.1],
            version: if v6 { 6 } else { 4 },
            upper: s.upper,
            seq: s.seq,
            ack: s.ack,
            flags: s.flags,
            whole,
        }
    }

    fn ends(&self) -> Ends {
        Ends::of(self.addresses.map(|a| mapped(self.version, a)), self.ports).0
    }
}

/// Decodes the payload `b` of a segment.
pub fn payload<S: Sink>(c: &mut Ctx<'_, S>, s: &Segment, b: Buf<'_>) {
    match &c.streams {
        Some(Streams::Record(..)) => record(c, s, &s.ends(), b),
        Some(Streams::Replay(_)) => replay(c, s, b),
        None => {
            if b.captured() > 0 {
                c.field(PAYLOAD, Value::Bytes(b.bytes()), b.whole());
                data::dissect(c, b);
            }
        }
    }
}

/// What was found out next.
fn next<'c, S>(c: &mut Ctx<'c, S>) -> Option<&'c Step> {
    match &mut c.streams {
        Some(Streams::Replay(steps)) => steps.next(),
        _ => None,
    }
}

/// Repeats what was found out about this segment.
fn replay<S: Sink>(c: &mut Ctx<'_, S>, s: &Segment, b: Buf<'_>) {
    if b.captured() > 0 {
        c.field(PAYLOAD, Value::Bytes(b.bytes()), b.whole());
    }
    while let Some(step) = next(c) {
        match step {
            Step::Call { app, state, bytes, may_wait } => {
                let mut state = state.clone();
                // Whatever it asks for was granted before.
                let _ = call(c, s, *app, &mut state, *may_wait, bytes, b);
            }
            Step::Data(bytes) => {
                let _ = on(c, bytes, b, |c, b| {
                    data::dissect(c, b);
                    Ok(())
                });
            }
            Step::Segment { at, len, again } => {
                let part = b.from(*at as usize).truncate(*len as usize);
                c.field(tcp::SEGMENT_DATA, Value::Bytes(part.bytes()), part.whole());
                if *again && let Some(line) = c.summary() {
                    line.info.text(" [TCP segment of a reassembled PDU]");
                }
            }
            Step::Pieces(joined) => pieces(c, joined),
            Step::JoinedIn(frame) => {
                c.field(tcp::REASSEMBLED_IN, Value::Uint(*frame), crate::decode::Span::NONE);
            }
            Step::Waiting(nothing) => {
                if let Some(line) = c.summary() {
                    if *nothing {
                        line.name("TCP");
                    }
                    line.info.text(" [TCP segment of a reassembled PDU]");
                }
            }
            Step::Another(_) => {
                if let Some(line) = c.summary() {
                    line.fence();
                }
            }
            // Asked for by a decoder that did not get that far this time.
            Step::Known { .. } => {}
            Step::End => break,
        }
    }
}

/// The segments that a message came in.
fn pieces<S: Sink>(c: &mut Ctx<'_, S>, j: &Joined) {
    let no = crate::decode::Span::NONE;
    c.field(tcp::SEGMENTS, Value::None, no);
    c.sink.open();
    for (frame, _) in &j.pieces {
        c.field(tcp::SEGMENT, Value::Uint(*frame), no);
    }
    c.field(tcp::SEGMENT_COUNT, Value::Uint(j.pieces.len() as u64), no);
    c.field(tcp::REASSEMBLED_LENGTH, Value::Uint(j.data.len() as u64), no);
    c.sink.close();
}

/// Runs `f` on the bytes of a step.
fn on<S: Sink, T>(
    c: &mut Ctx<'_, S>,
    bytes: &Bytes,
    b: Buf<'_>,
    f: impl FnOnce(&mut Ctx<'_, S>, Buf<'_>) -> Outcome<T>,
) -> Outcome<T> {
    match bytes {
        Bytes::Here(at) => f(c, b.from(*at as usize)),
        Bytes::Joined(j) => c.reassembled(Arc::clone(&j.data), f),
    }
}

/// What came of a call.
struct Answer {
    verdict: Verdict,
    expect: Option<crate::track::streams::Expect>,
    becomes: Option<App>,
}

fn call<S: Sink>(
    c: &mut Ctx<'_, S>,
    s: &Segment,
    app: App,
    state: &mut State,
    may_wait: bool,
    bytes: &Bytes,
    b: Buf<'_>,
) -> Answer {
    let mut t = Talk {
        addresses: s.addresses,
        ports: s.ports,
        upper: s.upper,
        state,
        may_wait,
        ending: s.flags & FIN != 0,
        frame: c.frame.number,
        time: c.frame.time,
        expect: None,
        becomes: None,
    };
    c.ends = memory::Ends { addresses: s.addresses, ports: s.ports, stream: true };
    let verdict = match on(c, bytes, b, |c, b| app::call(c, app, b, &mut t)) {
        Ok(v) => v,
        Err(why) => {
            c.stopped(why);
            Verdict::Done
        }
    };
    Answer { verdict, expect: t.expect, becomes: t.becomes }
}

/// `a` lies before `b` in the sequence space.
const fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

/// Finds out what becomes of a segment.
struct Recording<'r, 'c, S> {
    c: &'r mut Ctx<'c, S>,
    ends: &'r Ends,
    s: &'r Segment,
}

/// How a segment stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Fresh,
    KeepAlive,
    /// Seen before, or late.
    Stale,
}

/// True for a segment that changes nothing but where numbers stand: no bytes, and no end.
#[inline]
#[must_use]
pub fn carries_nothing(s: &Segment, b: Buf<'_>) -> bool {
    b.reported() == 0 && s.flags & (FIN | RST) == 0
}

/// Takes note of such a segment.
pub fn note(s: &Segment, ends: &Ends, table: &mut Table) {
    let mut connections = std::mem::take(&mut table.connections);
    let (conn, forgotten) = connections.get(ends);
    table.release(forgotten);
    follow(s, conn, table, 0);
    table.connections = connections;
}

/// Finds out what becomes of the payload `b` of a segment between `ends`, in input order.
pub fn record<S: Sink>(c: &mut Ctx<'_, S>, s: &Segment, ends: &Ends, b: Buf<'_>) {
    let Some(Streams::Record(table, steps)) = &mut c.streams else { return };
    let start = steps.len();
    let mut connections = std::mem::take(&mut table.connections);
    let (conn, forgotten) = connections.get(ends);
    table.release(forgotten);
    let kind = follow(s, conn, table, b.reported() as u32);
    if s.flags & RST == 0 {
        let mut r = Recording { c: &mut *c, ends, s };
        let until_end = conn.sides[usize::from(s.upper)].until_end;
        if s.flags & FIN != 0 && until_end && r.finish(conn, kind, b) {
        } else if b.captured() > 0 {
            r.payload(conn, kind, b);
        }
    }
    let Some(Streams::Record(table, steps)) = &mut c.streams else { return };
    table.connections = connections;
    if steps.len() > start || b.captured() > 0 {
        steps.push(Step::End);
        table.evict();
    }
}

/// Follows the sequence numbers.
fn follow(s: &Segment, conn: &mut Conn, table: &mut Table, len: u32) -> Kind {
    if s.flags & SYN != 0 {
        if s.flags & ACK == 0 && conn.opened.is_some_and(|o| o != s.seq) {
            table.reset(conn);
        }
        if s.flags & ACK == 0 {
            conn.opened = Some(s.seq);
            conn.server_port = Some(s.ports[1]);
        } else {
            conn.server_port = Some(s.ports[0]);
        }
    }
    let upper = usize::from(s.upper);
    let side = &mut conn.sides[upper];
    let first = s.seq.wrapping_add(u32::from(s.flags & SYN != 0));
    let end = first.wrapping_add(len);
    let kind = match side.next {
        Some(n) if len > 0 && before(first, n) => {
            if len <= 1 && first.wrapping_add(1) == n && s.flags & (SYN | FIN | RST) == 0 {
                Kind::KeepAlive
            } else {
                Kind::Stale
            }
        }
        _ => Kind::Fresh,
    };
    if side.next.is_none_or(|n| before(n, end)) {
        side.next = Some(end);
    }
    kind
}

impl<S: Sink> Recording<'_, '_, S> {
    /// The connections, and what is written down. Decoders ask there too, so the context holds them.
    fn record(&mut self) -> Option<(&mut Table, &mut Vec<Step>)> {
        match &mut self.c.streams {
            Some(Streams::Record(table, steps)) => Some((table, steps)),
            _ => None,
        }
    }

    fn table(&mut self) -> Option<&mut Table> {
        self.record().map(|(table, _)| table)
    }

    /// Writes a step down.
    fn push(&mut self, step: Step) {
        if let Some((_, steps)) = self.record() {
            steps.push(step);
        }
    }

    /// How many steps are written down.
    fn written(&mut self) -> usize {
        self.record().map_or(0, |(_, steps)| steps.len())
    }

    /// Takes back all steps but the first `len`.
    fn truncate(&mut self, len: usize) {
        if let Some((_, steps)) = self.record() {
            steps.truncate(len);
        }
    }

    /// The message `i` of a side is decoded.
    fn done(&mut self, side: &mut Direction, i: usize) {
        let frame = self.c.frame.number;
        if let Some(table) = self.table() {
            table.finish(side, i, frame);
        }
    }

    /// The connection is closed: what a message lacked will not come.
    fn finish(&mut self, conn: &mut Conn, kind: Kind, b: Buf<'_>) -> bool {
        let (s, frame) = (self.s, self.c.frame.number);
        let upper = usize::from(s.upper);
        let side = &mut conn.sides[upper];
        if side.ended {
            return false;
        }
        side.ended = true;
        let Some(i) = side.pdus.iter().rposition(|p| !before(s.seq, p.seq) && p.done.is_none()) else {
            return false;
        };
        let Some(joined) = self.table().and_then(|t| t.add(side, i, frame, (s.seq, b.bytes()), true)) else {
            return false;
        };
        self.done(side, i);
        if b.captured() > 0 {
            self.push(Step::Segment { at: 0, len: b.captured() as u32, again: false });
        }
        self.push(Step::Pieces(Arc::clone(&joined)));
        self.decode(conn, kind, false, &Bytes::Joined(joined), b);
        true
    }

    fn payload(&mut self, conn: &mut Conn, kind: Kind, b: Buf<'_>) {
        let upper = usize::from(self.s.upper);
        let frame = self.c.frame.number;
        if !self.s.whole {
            // What is not whole is not joined.
            self.decode(conn, kind, false, &Bytes::Here(0), b);
            return;
        }
        let mut at = 0usize;
        let mut seq = self.s.seq.wrapping_add(u32::from(self.s.flags & SYN != 0));
        loop {
            let rest = b.from(at);
            let len = rest.captured();
            let end = seq.wrapping_add(len as u32);
            let side = &mut conn.sides[upper];
            if let Some(p) = side.pdus.iter().find(|p| p.seq == seq && !before(p.next, end)) {
                let again = p.first != frame;
                self.push(Step::Segment { at: at as u32, len: len as u32, again });
                return;
            }
            let last = side.pdus.iter().enumerate().filter(|(_, p)| before(p.seq, seq) || p.seq == seq);
            let found = last.reduce(|a, b| if before(a.1.seq, b.1.seq) { b } else { a });
            let found = found.filter(|(_, p)| before(seq, p.next)).map(|(i, p)| (i, p.done));
            match found {
                Some((i, Some(done))) => {
                    // A part of a message that was decoded.
                    let known = side.pdus[i].next.wrapping_sub(seq) as usize;
                    if known < len {
                        at += known;
                        seq = side.pdus[i].next;
                        self.push(Step::Another(at as u32));
                        continue;
                    }
                    self.push(Step::JoinedIn(done));
                    self.push(Step::Waiting(true));
                    self.push(Step::Segment { at: at as u32, len: len as u32, again: false });
                    return;
                }
                Some((i, None)) => {
                    let p = &mut side.pdus[i];
                    if p.holds(end) {
                        // Seen before.
                        self.push(Step::Segment { at: at as u32, len: len as u32, again: false });
                        return;
                    }
                    let missing = p.next.wrapping_sub(seq) as usize;
                    let take = if std::mem::take(&mut p.whole_segment) { len } else { len.min(missing) };
                    let follows = if missing < len { missing } else { 0 };
                    let follows = if take == len { 0 } else { follows };
                    let part = (seq, rest.truncate(take).bytes());
                    let joined = self.table().and_then(|t| t.add(side, i, frame, part, false));
                    let Some(joined) = joined else {
                        self.push(Step::Waiting(true));
                        self.push(Step::Segment { at: at as u32, len: len as u32, again: false });
                        return;
                    };
                    let total = joined.data.len();
                    let bytes = Bytes::Joined(Arc::clone(&joined));
                    let verdict = self.decode(conn, kind, true, &bytes, rest);
                    let side = &mut conn.sides[upper];
                    if let Verdict::More { at: offset, need } = verdict
                        && offset <= total - take.min(total)
                    {
                        if let Some(table) = self.table() {
                            table.extend(side, i, need);
                        }
                        if take < len {
                            at += take;
                            seq = seq.wrapping_add(take as u32);
                            continue;
                        }
                        self.push(Step::Waiting(offset == 0));
                        self.push(Step::Segment { at: at as u32, len: len as u32, again: false });
                        return;
                    }
                    self.done(side, i);
                    let shown = if follows > 0 { follows } else { len };
                    self.push(Step::Segment { at: at as u32, len: shown as u32, again: false });
                    self.push(Step::Pieces(joined));
                    if let Verdict::More { at: offset, need } = verdict {
                        let from = at + take - (total - offset);
                        let rest = b.from(from);
                        let seq = seq.wrapping_add((from - at) as u32);
                        self.begin(conn, seq, need, rest);
                        self.push(Step::Waiting(false));
                        self.push(Step::Segment {
                            at: from as u32,
                            len: rest.captured() as u32,
                            again: false,
                        });
                        return;
                    }
                    if follows == 0 {
                        return;
                    }
                    at += follows;
                    seq = seq.wrapping_add(follows as u32);
                    self.push(Step::Another(at as u32));
                }
                None => {
                    let verdict = self.decode(conn, kind, true, &Bytes::Here(at as u32), b);
                    if let Verdict::More { at: offset, need } = verdict {
                        let from = at + offset;
                        let rest = b.from(from);
                        let seq = seq.wrapping_add(offset as u32);
                        self.begin(conn, seq, need, rest);
                        self.push(Step::Waiting(offset == 0));
                        self.push(Step::Segment {
                            at: from as u32,
                            len: rest.captured() as u32,
                            again: false,
                        });
                    }
                    return;
                }
            }
        }
    }

    fn begin(&mut self, conn: &mut Conn, seq: u32, need: Need, rest: Buf<'_>) {
        let upper = self.s.upper;
        let side = &mut conn.sides[usize::from(upper)];
        let frame = self.c.frame.number;
        let ends = *self.ends;
        if let Some(table) = self.table() {
            table.begin((ends, upper), side, need, frame, (seq, rest.bytes()));
        }
    }

    /// Looks for a decoder, calls it, and writes down which it was.
    fn decode(&mut self, conn: &mut Conn, kind: Kind, may_wait: bool, bytes: &Bytes, b: Buf<'_>) -> Verdict {
        match kind {
            Kind::Stale => return Verdict::Done,
            Kind::KeepAlive => {
                self.push(Step::Data(bytes.clone()));
                return Verdict::Done;
            }
            Kind::Fresh => {}
        }
        if conn.app.is_none() && matches!(conn.state, State::None) {
            // The lower end first.
            let order = if self.s.upper { [1, 0] } else { [0, 1] };
            let s = self.s;
            let expected =
                self.table().and_then(|t| order.iter().find_map(|&i| t.expected(s.addresses[i], s.ports[i])));
            if let Some(e) = expected {
                conn.app = Some(e.app);
                conn.state = e.state.clone();
            }
        }
        let [p, q] = self.s.ports;
        let (low, high) = (p.min(q), p.max(q));
        let by_port = |port: u16| app::tcp_port(port).filter(|a| Some(*a) != conn.app);
        let mut candidates =
            [conn.app, conn.server_port.and_then(by_port), by_port(low), by_port(high), None];
        for i in 1..4 {
            if candidates[..i].contains(&candidates[i]) {
                candidates[i] = None;
            }
        }
        for i in 0..5 {
            let app = if i == 4 {
                let Some(guess) = self.guess(bytes, b).filter(|g| !candidates.contains(&Some(*g))) else {
                    break;
                };
                conn.app = Some(guess);
                guess
            } else {
                let Some(app) = candidates[i] else { continue };
                app
            };
            let known = conn.state.clone();
            let before = self.written();
            let answer = call(self.c, self.s, app, &mut conn.state, may_wait, bytes, b);
            if answer.verdict == Verdict::Rejected {
                self.truncate(before);
                continue;
            }
            if let Some((table, steps)) = self.record() {
                // What the decoder asked for stands behind its call.
                steps.insert(before, Step::Call { app, state: known, bytes: bytes.clone(), may_wait });
                if let Some(e) = answer.expect {
                    table.expect(e);
                }
            }
            if let Some(app) = answer.becomes {
                conn.app = Some(app);
            }
            return answer.verdict;
        }
        self.push(Step::Data(bytes.clone()));
        Verdict::Done
    }

    /// The decoder whose messages look like these bytes.
    fn guess(&mut self, bytes: &Bytes, b: Buf<'_>) -> Option<App> {
        let view = match bytes {
            Bytes::Here(at) => b.from(*at as usize),
            Bytes::Joined(j) => Buf::new(&j.data, j.data.len(), 2),
        };
        if let Some(app) = app::guess(view) {
            return Some(app);
        }
        self.c.ends = memory::Ends { addresses: self.s.addresses, ports: self.s.ports, stream: true };
        let before = self.written();
        let rpc = app::rpc::record::looks_like(self.c, view);
        self.truncate(before);
        rpc.then_some(App::Rpc)
    }
}
