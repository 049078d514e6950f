//! Conversations for people: one row each, then what is wrong.

use std::io::Write as _;

use super::Output;
use crate::decode::fmt::Out as _;
use crate::track::conversations::{Conversation, End, Kind, between};
use crate::track::findings::{Finding, many, put_time, time};
use crate::track::neighbours::mac_text;
use crate::track::sessions::{Detail, Row, Rows, Sessions};
use crate::track::tcp::{Connection, Event};

/// Rows whose widths decide the width of the columns: more of them are not waited for.
const LOOKED_AT: usize = 10_000;

/// Columns.
const COLUMNS: usize = 11;
const HEAD: [&str; COLUMNS] =
    ["#", "kind", "A", "B", "A->B", "bytes", "B->A", "bytes", "start", "duration", ""];
/// Which columns are numbers, and stand to the right.
const RIGHT: [bool; COLUMNS] = [true, false, false, false, true, true, true, true, true, true, false];

/// The cells of one row, one behind the other.
#[derive(Default)]
struct Cells {
    text: Vec<u8>,
    ends: [usize; COLUMNS],
    filled: usize,
}

impl Cells {
    fn clear(&mut self) {
        self.text.clear();
        self.filled = 0;
    }

    /// The next cell holds what `f` appends.
    fn cell(&mut self, f: impl FnOnce(&mut Vec<u8>)) {
        f(&mut self.text);
        self.ends[self.filled] = self.text.len();
        self.filled += 1;
    }

    fn each(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends);
        starts.zip(self.ends).map(|(from, to)| &self.text[from..to])
    }

    /// Appends the cells as a line of columns of these widths.
    fn line(&self, out: &mut Vec<u8>, widths: &[usize; COLUMNS]) {
        const BLANKS: [u8; 64] = [b' '; 64];
        let pad = |out: &mut Vec<u8>, mut n: usize| {
            while n > 0 {
                let some = n.min(BLANKS.len());
                out.extend_from_slice(&BLANKS[..some]);
                n -= some;
            }
        };
        for (i, (cell, right)) in self.each().zip(RIGHT).enumerate() {
            let blanks = widths[i].saturating_sub(width(cell));
            pad(out, if i > 0 { 2 } else { 0 });
            pad(out, if right { blanks } else { 0 });
            out.extend_from_slice(cell);
            pad(out, if right { 0 } else { blanks });
        }
        let end = out.trim_ascii_end().len();
        out.truncate(end);
        out.push(b'\n');
    }
}

/// Characters of UTF-8 text.
fn width(text: &[u8]) -> usize {
    text.iter().filter(|&&b| b & 0xC0 != 0x80).count()
}

/// Writes rows and findings. False when nobody listens.
pub fn write(rows: &Rows<'_>, findings: &[Finding], s: &Sessions, out: &Output) -> bool {
    let mut text = Vec::new();
    if rows.is_empty() {
        text.text("no conversations\n");
    } else {
        let mut head = Cells::default();
        HEAD.iter().for_each(|h| head.cell(|out| out.text(h)));
        let mut widths = HEAD.map(str::len);
        let mut first = Vec::new();
        for r in rows.iter(0).take(LOOKED_AT) {
            let mut c = Cells::default();
            cells(&mut c, &r, s);
            for (w, cell) in widths.iter_mut().zip(c.each()) {
                *w = width(cell).max(*w);
            }
            first.push(c);
        }
        head.line(&mut text, &widths);
        let mut row = Cells::default();
        first.iter().for_each(|c| c.line(&mut text, &widths));
        for r in rows.iter(LOOKED_AT) {
            row.clear();
            cells(&mut row, &r, s);
            row.line(&mut text, &widths);
            if text.len() > 1 << 16 {
                if !out.write(&text) {
                    return false;
                }
                text.clear();
            }
        }
    }
    for f in findings {
        text.push(b'\n');
        text.text(&finding(f));
    }
    out.write(&text)
}

/// Findings alone, a blank line between them.
#[must_use]
pub fn findings_text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for (i, f) in findings.iter().enumerate() {
        text.push_str(if i == 0 { "" } else { "\n" });
        text.push_str(&finding(f));
    }
    text
}

/// Appends nanoseconds as seconds with six decimals.
fn seconds(out: &mut Vec<u8>, nanos: i64) {
    match u64::try_from(nanos) {
        Ok(n) if n % 1000 == 0 && n < 1 << 50 => {
            out.dec(n / 1_000_000_000);
            // A leading one keeps the zeros.
            let at = out.len();
            out.dec(1_000_000 + n / 1000 % 1_000_000);
            out[at] = b'.';
        }
        _ => {
            let _ = write!(out, "{:.6}", nanos as f64 / 1e9);
        }
    }
}

fn cells(row: &mut Cells, r: &Row<'_>, s: &Sessions) {
    let c = &r.conversation;
    row.cell(|out| out.dec(r.stream.into()));
    row.cell(|out| out.text(c.kind.name()));
    row.cell(|out| end(out, c, 0));
    row.cell(|out| end(out, c, 1));
    for i in 0..2 {
        row.cell(|out| out.dec(c.packets[i]));
        row.cell(|out| out.dec(c.bytes[i]));
    }
    row.cell(|out| {
        if let (Some((t, _)), Some(o)) = (c.times, s.origin) {
            seconds(out, between(o, t));
        }
    });
    row.cell(|out| seconds(out, c.times.map_or(0, |(a, b)| between(a, b))));
    row.cell(|out| {
        match r.detail {
            Detail::Tcp(c) => tcp(out, c),
            Detail::Udp(d) => out.text(&udp(d)),
            Detail::Icmp(d) => out.text(&icmp(d)),
            Detail::Neighbour(d) => match (d.mac, d.unasked, d.replies.is_empty()) {
                (Some(mac), ..) => out.text(&format!("is at {}", mac_text(mac))),
                (None, true, _) => out.text("announcement"),
                _ => out.text("no answer"),
            },
            Detail::Data => out.text("data trace only"),
        }
        if let Some(d) = r.socket {
            if let Some(job) = d.job {
                out.text(&format!(", job {job}"));
            }
            out.text(&format!(", socket sent {} and received {} bytes", d.bytes[1], d.bytes[0]));
        }
    });
}

/// An end as [`Conversation::end`] names it.
fn end(out: &mut Vec<u8>, c: &Conversation, i: usize) {
    if c.v6 || !c.kind.has_ports() {
        out.text(&c.end(i));
        return;
    }
    let End { addr: [.., a, b, c, d], port } = c.ends[i];
    out.ipv4(u32::from_be_bytes([a, b, c, d]));
    out.push(b':');
    out.dec(port.into());
}

/// How a connection stands, in a word.
pub fn state(c: &Connection) -> &'static str {
    c.state().name()
}

fn tcp(out: &mut Vec<u8>, c: &Connection) {
    let a = usize::from(c.first_sender & 1);
    let sides = [&c.sides[a], &c.sides[1 - a]];
    out.text(state(c));
    if c.initial_rtt > 0 {
        out.text(", handshake ");
        put_time(out, c.initial_rtt.into());
    }
    if sides.iter().any(|s| s.rtt.count > 0) {
        for (side, before) in sides.iter().zip([", rtt ", "/"]) {
            out.text(before);
            if side.rtt.count > 0 { put_time(out, side.rtt.average().into()) } else { out.push(b'-') }
        }
    }
    if sides.iter().any(|s| s.mss > 0) {
        for (side, before) in sides.iter().zip([", mss ", "/"]) {
            out.text(before);
            out.dec(side.mss.into());
        }
    }
    let sum = |e: Event| sides.iter().map(|s| s.events().count(e)).sum::<u32>();
    let again: u32 = sides.iter().map(|s| s.events().retransmissions()).sum();
    let counts = [
        (again, " retransmitted"),
        (sum(Event::OutOfOrder), " out of order"),
        (sum(Event::Lost), " lost before the trace"),
        (sum(Event::ZeroWindow), " zero windows"),
        (sum(Event::KeepAlive), " keep-alives"),
    ];
    for (n, what) in counts.iter().filter(|n| n.0 > 0) {
        out.text(", ");
        out.dec((*n).into());
        out.text(what);
    }
}

fn udp(d: &crate::track::udp::Detail) -> String {
    let Some(dns) = &d.dns else { return String::new() };
    let (_, most, sum, n) = dns.times;
    let mut text = format!("DNS {} asked, {} answered", dns.queries, dns.answers);
    if n > 0 {
        let average = time(sum / i128::from(n));
        text.push_str(&format!(" in {average}"));
        if n > 1 {
            text.push_str(&format!(", {} at most", time(most)));
        }
    }
    text
}

fn icmp(d: &crate::track::icmp::Detail) -> String {
    let mut all = Vec::new();
    let (least, most, sum, n) = d.rtt;
    for by in 0..2 {
        if d.requests[by] > 0 {
            let asked = many(d.requests[by], "echo request");
            let mut text = format!("{asked}, {} answered", d.replies[by]);
            if n > 0 {
                let average = time(sum / i128::from(n));
                text.push_str(&format!(" in {}/{average}/{}", time(least), time(most)));
            }
            all.push(text);
        }
    }
    let errors = d.errors[0] + d.errors[1];
    if errors > 0 {
        all.push(many(errors, "error"));
    }
    all.join(", ")
}

/// `error tcp 3: sentence (packets 1, 2 and 5 more)`, then who should do what.
fn finding(f: &Finding) -> String {
    let mut text = f.severity.name().to_owned();
    if let Some((kind, stream)) = f.of {
        text.push_str(&format!(" {} {stream}", Kind::name(kind)));
    }
    text.push_str(": ");
    text.push_str(&f.text);
    if !f.packets.is_empty() {
        let shown = &f.packets[..f.packets.len().min(8)];
        let list: Vec<String> = shown.iter().map(u64::to_string).collect();
        let word = if f.packets.len() == 1 { "packet" } else { "packets" };
        text.push_str(&format!(" ({word} {}", list.join(", ")));
        let more = f.count.saturating_sub(shown.len() as u64);
        if more > 0 {
            text.push_str(&format!(" and {more} more"));
        }
        text.push(')');
    }
    text.push('\n');
    if !f.next_step.is_empty() {
        text.push_str(&format!("  {}: {}\n", f.who, f.next_step));
    }
    text
}
