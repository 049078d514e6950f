//! The walk over containers whose records follow each other, each with a header that says how
//! long it is: pcap, snoop, iptrace, ERF, TRSNIFF, NetMon, EtherPeek.
//!
//! Such a file has no marks to hold on to. When a length is damaged the walk lands in the middle
//! of a packet, and what it finds there only looks wrong by its values. So a record is handed on
//! when the header behind it has been looked at: a header that is impossible, or odd and not
//! followed by possible ones, means that this or the record before it is damaged, and the next
//! place that looks like records is searched, first inside the record before.

use super::frame::{AnomalyKind, Finds, MAX_RECORD, Progress, Window};
use std::borrow::Cow;

/// What a header says about its record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure {
    /// Length of the whole record; 0 when the header is impossible.
    pub size: usize,
    /// Seconds since 1970; a constant where headers have no time.
    pub secs: i64,
    /// True when a value is not what a writer would write.
    pub odd: bool,
}

/// What a record turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// It became a frame.
    Frame,
    /// It holds no packet.
    Other(&'static str),
    /// It could not be used; an anomaly was noted.
    Damaged,
    /// As `Other`, and no record follows it.
    Last(&'static str),
}

/// Whether the file header was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    /// It takes so many bytes in all to tell.
    Need(usize),
    /// Records begin at this offset.
    At(usize),
    /// It is not this container after all.
    No,
}

/// One container format.
pub(super) trait Records: Send {
    /// The record's name in anomalies.
    const RECORD: &'static str;

    /// Headers in a row that must be strict where nothing is known about the time. Fewer where
    /// the fields of one header already confirm each other.
    const BLIND_CHAIN: usize = 3;

    /// Name of the container in reports.
    fn name(&self) -> Cow<'static, str>;

    /// Reads the file header.
    fn open(&mut self, w: Window<'_>, out: &mut Finds<'_>) -> Opened;

    /// Bytes that [`Records::measure`] wants to see.
    fn header_len(&self) -> usize;

    /// Looks at a header; `b` holds `header_len` bytes at least and runs to the end of the window.
    fn measure(&self, b: &[u8]) -> Measure;

    /// Bytes that [`Records::strict`] wants to see; it gets fewer only at the end of the input.
    fn strict_len(&self) -> usize {
        self.header_len()
    }

    /// True when the header holds only values that the usual writers write. Asked in the search
    /// for records after damage, where `b` may begin anywhere.
    fn strict(&self, b: &[u8]) -> bool;

    /// Notes what is odd about a header that is used all the same.
    fn complain(&self, b: &[u8], offset: u64, out: &mut Finds<'_>);

    /// Says in words why the header is impossible.
    fn explain(&self, b: &[u8]) -> String;

    /// Deals with the record of `size` bytes at `at` of the window.
    fn emit(&mut self, w: Window<'_>, at: usize, size: usize, out: &mut Finds<'_>) -> What;

    /// Offset in the stream at which the records end, when the file says.
    fn end(&self) -> Option<u64> {
        None
    }

    /// What stands behind [`Records::end`]; nothing when no writer puts anything there.
    fn behind(&self) -> Option<&'static str> {
        None
    }

    /// See [`super::frame::Framer::facts`].
    fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// Records this far apart in time are looked at twice, in seconds.
const NEAR: i64 = 86_400;
/// Further apart than this is not a gap but a wrong time, in seconds.
const ABSURD: i64 = 10 * 366 * 86_400;
/// Headers that must be possible before one with odd values is believed, itself included.
const ODD_CHAIN: usize = 3;

#[inline]
fn near(a: i64, b: i64) -> bool {
    b.wrapping_sub(a).unsigned_abs() <= NEAR as u64
}

fn blank(b: &[u8]) -> bool {
    b.iter().all(|&b| b == 0)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The file header was not read yet.
    Header,
    /// The window begins with a header that was believed.
    Good,
    /// The window begins with a header that was not looked at.
    Fresh,
    /// Searching for records since damage.
    Lost,
    /// Behind the last record.
    Behind,
    /// Not this container.
    Dead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    /// More bytes of the input are needed to tell.
    More,
}

enum Step {
    Again,
    Need(usize),
    End,
}

/// A stretch that is being skipped.
#[derive(Debug)]
struct Skip {
    from: u64,
    blank: bool,
    why: String,
    /// How often more bytes were asked for.
    asked: u32,
}

/// Walks one container.
#[derive(Debug)]
pub(super) struct Walker<R> {
    r: R,
    state: State,
    /// Time of the last record whose time fitted its neighbours'.
    last: Option<i64>,
    skip: Option<Skip>,
    behind_seen: bool,
}

impl<R: Records> Walker<R> {
    pub(super) const fn new(r: R) -> Self {
        Self { r, state: State::Header, last: None, skip: None, behind_seen: false }
    }

    fn open(&mut self, w: Window<'_>, out: &mut Finds<'_>) -> Result<usize, Progress> {
        let n = match self.r.open(w, out) {
            Opened::At(n) => n.min(w.bytes.len()),
            Opened::Need(need) if !w.eof && w.bytes.len() < MAX_RECORD => {
                let need = need.clamp(w.bytes.len() + 1, MAX_RECORD);
                return Err(Progress { consumed: 0, need });
            }
            Opened::Need(_) | Opened::No => {
                let len = w.bytes.len() as u64;
                out.anomaly(
                    AnomalyKind::TruncatedFile,
                    w.base,
                    len,
                    format!("the file header of {} is cut short or damaged", self.r.name()),
                    "transfer the file again, in binary",
                );
                out.tally.skipped_bytes += len;
                self.state = State::Dead;
                return Ok(w.bytes.len());
            }
        };
        out.tally.record_bytes += n as u64;
        self.state = State::Fresh;
        Ok(n)
    }

    pub(super) fn walk(&mut self, w: Window<'_>, out: &mut Finds<'_>) -> Progress {
        let mut at = 0;
        if self.state == State::Header {
            match self.open(w, out) {
                Ok(n) => at = n,
                Err(p) => return p,
            }
        }
        loop {
            // Records may end before the input does.
            let end = self.r.end().map_or(usize::MAX, |e| e.saturating_sub(w.base) as usize);
            let (seen, eof) = if end <= w.bytes.len() { (&w.bytes[..end], true) } else { (w.bytes, w.eof) };
            if at >= seen.len() && end <= w.bytes.len() && matches!(self.state, State::Good | State::Fresh) {
                self.state = State::Behind;
            }
            let inner = Window { bytes: seen, base: w.base, eof };
            let step = match self.state {
                State::Behind | State::Dead => {
                    self.behind(w, at, out);
                    return Progress { consumed: w.bytes.len(), need: 0 };
                }
                State::Lost => self.search(inner, &mut at, out),
                _ if at >= seen.len() => Step::End,
                _ => self.run(inner, &mut at, out),
            };
            match step {
                Step::Again => {}
                Step::Need(need) => return Progress { consumed: at, need },
                Step::End if end <= w.bytes.len() => self.state = State::Behind,
                Step::End => return Progress { consumed: at, need: 0 },
            }
        }
    }

    /// Everything behind the last record.
    fn behind(&mut self, w: Window<'_>, at: usize, out: &mut Finds<'_>) {
        let rest = &w.bytes[at..];
        if rest.is_empty() || self.state == State::Dead {
            out.tally.skipped_bytes += rest.len() as u64;
            return;
        }
        let len = rest.len() as u64;
        match self.r.behind() {
            Some(name) => {
                // Counted once although it may come in several windows.
                if !self.behind_seen {
                    out.tally.records += 1;
                    out.tally.other(name);
                    self.behind_seen = true;
                }
                out.tally.record_bytes += len;
            }
            None => {
                out.tally.skipped_bytes += len;
                let kind = if blank(rest) { AnomalyKind::NulPadding } else { AnomalyKind::SkippedBytes };
                out.anomaly(
                    kind,
                    w.base + at as u64,
                    len,
                    format!("{len} bytes follow the last {}", R::RECORD),
                    "",
                );
            }
        }
    }

    /// Walks until damage, the end, or the end of what is there.
    fn run(&mut self, w: Window<'_>, at: &mut usize, out: &mut Finds<'_>) -> Step {
        let (bytes, h) = (w.bytes, self.r.header_len());
        let mut p = *at;
        if bytes.len() - p < h {
            if !w.eof {
                return Step::Need(h);
            }
            self.cut(w, p, "header", out);
            *at = bytes.len();
            return Step::End;
        }
        let mut m = self.r.measure(&bytes[p..]);
        if self.state == State::Fresh {
            if m.size == 0 || m.odd || self.last.is_some_and(|l| !near(l, m.secs)) {
                match self.believe(w, p, m, enough(w, p)) {
                    Answer::Yes => self.complain(w, p, m, out),
                    Answer::More => return Step::Need(more(w, p)),
                    Answer::No => {
                        self.lose(w, p);
                        return Step::Again;
                    }
                }
            }
            self.state = State::Good;
        }
        loop {
            let n = p + m.size;
            if n + h <= bytes.len() {
                let next = self.r.measure(&bytes[n..]);
                if (next.size != 0) & !next.odd & near(m.secs, next.secs) {
                    self.last = Some(next.secs);
                    if self.emit(w, p, m.size, out) {
                        *at = n;
                        return Step::Again;
                    }
                    (p, m) = (n, next);
                    continue;
                }
                // A gap in time is no damage when what follows is in order.
                let mut believed = Answer::No;
                if next.size != 0 && !next.odd {
                    believed = self.strict_chain(w, n, next, R::BLIND_CHAIN, true, enough(w, p));
                }
                let better = match believed {
                    Answer::No => self.inside(w, p, n, enough(w, p)),
                    _ => (Answer::No, n),
                };
                if (believed, better.0) == (Answer::No, Answer::No) {
                    believed = self.believe(w, n, next, enough(w, p));
                }
                match believed {
                    Answer::Yes => {
                        if self.last.is_none() {
                            self.last = Some(m.secs);
                        }
                        if self.emit(w, p, m.size, out) {
                            *at = n;
                            return Step::Again;
                        }
                        self.complain(w, n, next, out);
                        (p, m) = (n, next);
                        continue;
                    }
                    Answer::More => {
                        *at = p;
                        return Step::Need(more(w, p));
                    }
                    Answer::No => {}
                }
                match better {
                    (Answer::Yes, q) => {
                        self.damaged(w, p, q, "its length leads into the middle of another record", out);
                        (p, m) = (q, self.r.measure(&bytes[q..]));
                    }
                    (Answer::More, _) => {
                        *at = p;
                        return Step::Need(more(w, p));
                    }
                    (Answer::No, _) => {
                        if self.last.is_none() {
                            self.last = Some(m.secs);
                        }
                        let last = self.emit(w, p, m.size, out);
                        *at = n;
                        if !last {
                            self.lose(w, n);
                        }
                        return Step::Again;
                    }
                }
                continue;
            }
            if !w.eof {
                *at = p;
                if n <= bytes.len() && bytes.len() - p >= MAX_RECORD {
                    // The header behind it cannot be shown together with it.
                    self.emit(w, p, m.size, out);
                    *at = n;
                    self.state = State::Fresh;
                    return Step::Again;
                }
                return Step::Need((m.size + h).clamp(bytes.len() - p + 1, MAX_RECORD.max(m.size)));
            }
            if n == bytes.len() {
                self.emit(w, p, m.size, out);
                *at = n;
                self.state = State::Fresh;
                return Step::End;
            }
            // The end of the input cuts this record or the header behind it.
            if let (Answer::Yes, q) = self.inside(w, p, n.min(bytes.len()), true) {
                self.damaged(w, p, q, "its length leads beyond the end of the file", out);
                (p, m) = (q, self.r.measure(&bytes[q..]));
                continue;
            }
            if n > bytes.len() {
                self.cut(w, p, "data", out);
            } else if !self.emit(w, p, m.size, out) {
                self.cut(w, n, "header", out);
            } else {
                *at = n;
                return Step::Again;
            }
            *at = bytes.len();
            self.state = State::Fresh;
            return Step::End;
        }
    }

    /// Hands a record on; true when it was the last.
    #[inline]
    fn emit(&mut self, w: Window<'_>, p: usize, size: usize, out: &mut Finds<'_>) -> bool {
        out.tally.records += 1;
        out.tally.record_bytes += size as u64;
        match self.r.emit(w, p, size, out) {
            What::Frame => out.tally.frames += 1,
            What::Other(name) => out.tally.other(name),
            What::Damaged => out.tally.damaged += 1,
            What::Last(name) => {
                out.tally.other(name);
                return true;
            }
        }
        false
    }

    fn complain(&self, w: Window<'_>, p: usize, m: Measure, out: &mut Finds<'_>) {
        let offset = w.base + p as u64;
        if m.odd {
            self.r.complain(&w.bytes[p..], offset, out);
        }
        if let Some(last) = self.last
            && m.secs.wrapping_sub(last).unsigned_abs() > ABSURD as u64
        {
            out.anomaly(
                AnomalyKind::TimeOrder,
                offset,
                0,
                format!("{}: its time is years away from the record before", R::RECORD),
                "",
            );
        }
    }

    /// Whether the doubtful header at `p` is one all the same: no better one begins inside its
    /// record, and every header that it leads to is possible, until enough of them or the end.
    fn believe(&self, w: Window<'_>, p: usize, first: Measure, eof: bool) -> Answer {
        let (bytes, h) = (w.bytes, self.r.header_len());
        if first.size == 0 || blank(&bytes[p..p + h]) {
            return Answer::No;
        }
        match self.inside(w, p, p + first.size, eof) {
            (Answer::No, _) => {}
            (Answer::Yes, _) => return Answer::No,
            (Answer::More, _) => return Answer::More,
        }
        let mut at = p + first.size;
        for links in 1..ODD_CHAIN {
            if at + h > bytes.len() {
                return match (eof, at <= bytes.len()) {
                    (false, _) => Answer::More,
                    (true, true) => Answer::Yes,
                    // A record that is cut itself has nothing behind it to speak for it.
                    (true, false) if links > 1 => Answer::Yes,
                    _ => Answer::No,
                };
            }
            let m = self.r.measure(&bytes[at..]);
            if blank(&bytes[at..at + h]) {
                return if !eof {
                    Answer::More
                } else if blank(&bytes[at..]) {
                    Answer::Yes
                } else {
                    Answer::No
                };
            }
            if m.size == 0 {
                return Answer::No;
            }
            at += m.size;
        }
        Answer::Yes
    }

    /// Searches for a record that begins inside the one at `p`, which seems to end at `end`.
    fn inside(&self, w: Window<'_>, p: usize, end: usize, eof: bool) -> (Answer, usize) {
        let h = self.r.header_len();
        if !eof && end + h > w.bytes.len() + 1 {
            return (Answer::More, p);
        }
        let last = end.min((w.bytes.len() + 1).saturating_sub(h));
        for q in p + 1..last {
            match self.candidate(w, q, eof) {
                Answer::No => {}
                a => return (a, q),
            }
        }
        (Answer::No, end)
    }

    /// Whether a record begins at `q`, of which nothing is known.
    #[inline]
    fn candidate(&self, w: Window<'_>, q: usize, eof: bool) -> Answer {
        let m = self.r.measure(&w.bytes[q..]);
        if m.size == 0 || m.odd {
            return Answer::No;
        }
        // A time near the last good one is worth two headers, unless the file's times are no dates.
        let dated = self.last.is_some_and(|l| l > 100_000_000 && near(l, m.secs));
        self.strict_chain(w, q, m, if dated { 1 } else { R::BLIND_CHAIN }, false, eof)
    }

    /// As [`Walker::chain`], with a strict look at the first header.
    fn strict_chain(
        &self,
        w: Window<'_>,
        q: usize,
        m: Measure,
        need: usize,
        back: bool,
        eof: bool,
    ) -> Answer {
        if !eof && w.bytes.len() - q < self.r.strict_len() {
            return Answer::More;
        }
        if self.r.strict(&w.bytes[q..]) { self.chain(w, q, m, need, back, eof) } else { Answer::No }
    }

    /// Whether `need` records in order begin at `q`, or fewer that end with the input. With `back`,
    /// time may return to that of the last good record.
    fn chain(&self, w: Window<'_>, q: usize, first: Measure, need: usize, back: bool, eof: bool) -> Answer {
        let (bytes, h) = (w.bytes, self.r.header_len());
        let (mut at, mut m, mut links) = (q, first, 1);
        loop {
            let next = at + m.size;
            let at_end = |least: usize| match eof {
                false => Answer::More,
                true if links >= least.min(need) => Answer::Yes,
                true => Answer::No,
            };
            if next > bytes.len() {
                // Behind a cut record nothing speaks for it.
                return if eof && links < 2 { Answer::No } else { at_end(2) };
            }
            if links >= need {
                return Answer::Yes;
            }
            if next + h > bytes.len() {
                return at_end(if next == bytes.len() { 2 } else { need });
            }
            if blank(&bytes[next..next + h]) {
                return if !eof || blank(&bytes[next..]) { at_end(2) } else { Answer::No };
            }
            let n = self.r.measure(&bytes[next..]);
            if !eof && next + self.r.strict_len() > bytes.len() {
                return Answer::More;
            }
            let timely = near(m.secs, n.secs) || (back && self.last.is_some_and(|l| near(l, n.secs)));
            if n.size == 0 || n.odd || !timely || !self.r.strict(&bytes[next..]) {
                return Answer::No;
            }
            (at, m) = (next, n);
            links += 1;
        }
    }

    /// Begins a search at the bad header at `p`.
    fn lose(&mut self, w: Window<'_>, p: usize) {
        let why = self.r.explain(&w.bytes[p..]);
        self.skip = Some(Skip { from: w.base + p as u64, blank: true, why, asked: 0 });
        self.state = State::Lost;
    }

    /// Searches for records from `at` on.
    fn search(&mut self, w: Window<'_>, at: &mut usize, out: &mut Finds<'_>) -> Step {
        let (bytes, h) = (w.bytes, self.r.header_len());
        let Some(from) = self.skip.as_ref().map(|s| s.from) else {
            self.state = State::Fresh;
            return Step::Again;
        };
        // The bad header itself is no candidate.
        let mut q = if w.base + *at as u64 == from { *at + 1 } else { *at };
        let found = loop {
            if q + h > bytes.len() {
                break None;
            }
            match self.candidate(w, q, enough(w, q)) {
                Answer::Yes => break Some(q),
                Answer::No => q += 1,
                Answer::More => {
                    self.pass(w, *at, q, out);
                    *at = q;
                    return Step::Need(self.ask(w, q));
                }
            }
        };
        if found.is_none() && !w.eof {
            let q = q.min(bytes.len());
            self.pass(w, *at, q, out);
            *at = q;
            return Step::Need((bytes.len() - q + 1).max(h));
        }
        let q = found.unwrap_or(bytes.len());
        self.pass(w, *at, q, out);
        *at = q;
        self.state = if found.is_some() { State::Good } else { State::Fresh };
        let Some(s) = self.skip.take() else { return Step::Again };
        let len = w.base + q as u64 - s.from;
        if found.is_none() && s.blank {
            out.anomaly(
                AnomalyKind::NulPadding,
                s.from,
                len,
                format!("{len} NUL bytes follow the last {}", R::RECORD),
                "the file was preallocated or padded in transfer; no packet is lost by this",
            );
        } else {
            out.tally.records += 1;
            out.tally.damaged += 1;
            let then = if found.is_some() {
                format!("the next record was found {len} bytes on")
            } else {
                format!("no record was found in the {len} bytes up to the end")
            };
            out.anomaly(
                AnomalyKind::BadLength,
                s.from,
                len,
                format!("{}: {}; {then}", R::RECORD, s.why),
                ADVICE,
            );
        }
        if found.is_some() { Step::Again } else { Step::End }
    }

    /// How many bytes to ask for in a search. After some times in plenty: else a stretch full of
    /// things that look like long records would be read anew for each of them.
    fn ask(&mut self, w: Window<'_>, q: usize) -> usize {
        let need = more(w, q);
        match &mut self.skip {
            Some(s) if s.asked >= 8 => need.max(PLENTY).min(MAX_RECORD.max(need)),
            Some(s) => {
                s.asked += 1;
                need
            }
            None => need,
        }
    }

    /// Counts skipped bytes.
    fn pass(&mut self, w: Window<'_>, from: usize, to: usize, out: &mut Finds<'_>) {
        out.tally.skipped_bytes += (to - from) as u64;
        if let Some(s) = &mut self.skip
            && s.blank
        {
            s.blank = blank(&w.bytes[from..to]);
        }
    }

    /// Notes a record that cannot be used because another one begins inside it at `q`.
    fn damaged(&mut self, w: Window<'_>, p: usize, q: usize, why: &str, out: &mut Finds<'_>) {
        let len = (q - p) as u64;
        out.tally.records += 1;
        out.tally.damaged += 1;
        out.tally.skipped_bytes += len;
        out.anomaly(
            AnomalyKind::BadLength,
            w.base + p as u64,
            len,
            format!("{}: {why}; the next record was found {len} bytes on", R::RECORD),
            ADVICE,
        );
    }

    /// Notes a record at `p` that the end of the input cuts.
    fn cut(&mut self, w: Window<'_>, p: usize, field: &str, out: &mut Finds<'_>) {
        let len = (w.bytes.len() - p) as u64;
        let offset = w.base + p as u64;
        if blank(&w.bytes[p..]) {
            out.tally.skipped_bytes += len;
            out.anomaly(
                AnomalyKind::NulPadding,
                offset,
                len,
                format!("{len} NUL bytes follow the last {}", R::RECORD),
                "",
            );
            return;
        }
        out.tally.records += 1;
        out.tally.damaged += 1;
        out.tally.record_bytes += len;
        out.anomaly(
            AnomalyKind::TruncatedRecord,
            offset,
            len,
            format!("{} at offset {offset}: the file ends in its {field}, {len} bytes are there", R::RECORD),
            "the capture was cut off or the transfer was not complete",
        );
    }

    pub(super) const fn records(&self) -> &R {
        &self.r
    }
}

/// Several times what the search for a record can want to see.
const PLENTY: usize = 8 << 20;

const ADVICE: &str = "the file is damaged here; check how it was transferred or stored";

/// True when the window will not grow any more while it begins at `p`.
fn enough(w: Window<'_>, p: usize) -> bool {
    w.eof || w.bytes.len() - p >= MAX_RECORD
}

/// How many bytes from `p` on to ask for when those that are there do not tell.
fn more(w: Window<'_>, p: usize) -> usize {
    let have = w.bytes.len() - p;
    (have * 2).max(65_536).clamp(have + 1, MAX_RECORD.max(have + 1))
}

/// Makes a public framer out of a [`Records`].
macro_rules! framer {
    ($(#[$doc:meta])* $name:ident, $records:ty) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(super::records::Walker<$records>);

        impl super::frame::Framer for $name {
            fn name(&self) -> std::borrow::Cow<'static, str> {
                super::records::Records::name(self.0.records())
            }

            fn walk(
                &mut self,
                w: super::frame::Window<'_>,
                out: &mut super::frame::Finds<'_>,
            ) -> super::frame::Progress {
                self.0.walk(w, out)
            }

            fn facts(&self) -> Vec<(&'static str, String)> {
                super::records::Records::facts(self.0.records())
            }
        }
    };
}
pub(super) use framer;
