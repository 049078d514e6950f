//! Conversations for people: one row each, then what is wrong.

use super::Output;
use crate::track::conversations::{Kind, between};
use crate::track::findings::{Finding, many, time};
use crate::track::neighbours::mac_text;
use crate::track::sessions::{Detail, Row, Sessions};
use crate::track::tcp::{Connection, Event};

/// Rows whose widths decide the width of the columns: more of them are not waited for.
const LOOKED_AT: usize = 10_000;

/// Writes rows and findings. False when nobody listens.
pub fn write(rows: &[Row<'_>], findings: &[Finding], s: &Sessions, out: &Output) -> bool {
    let mut text = String::new();
    if rows.is_empty() {
        text.push_str("no conversations\n");
    } else {
        let head = ["#", "kind", "A", "B", "A->B", "bytes", "B->A", "bytes", "start", "duration", ""];
        let mut widths = head.map(str::len);
        let first: Vec<_> = rows.iter().take(LOOKED_AT).map(|r| cells(r, s)).collect();
        for (w, c) in first.iter().flat_map(|row| row.iter().enumerate()) {
            widths[w] = widths[w].max(c.chars().count());
        }
        line(&mut text, &widths, &head.map(str::to_owned));
        let rest = rows.iter().skip(LOOKED_AT).map(|r| cells(r, s));
        for row in first.into_iter().chain(rest) {
            line(&mut text, &widths, &row);
            if text.len() > 1 << 16 {
                if !out.write(text.as_bytes()) {
                    return false;
                }
                text.clear();
            }
        }
    }
    for f in findings {
        text.push('\n');
        finding(&mut text, f);
    }
    out.write(text.as_bytes())
}

/// Findings alone, a blank line between them.
#[must_use]
pub fn findings_text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for (i, f) in findings.iter().enumerate() {
        text.push_str(if i == 0 { "" } else { "\n" });
        finding(&mut text, f);
    }
    text
}

/// Which columns are numbers, and stand to the right.
const RIGHT: [bool; 11] = [true, false, false, false, true, true, true, true, true, true, false];

fn line(text: &mut String, widths: &[usize; 11], cells: &[String; 11]) {
    let start = text.len();
    for ((cell, &w), right) in cells.iter().zip(widths).zip(RIGHT) {
        if text.len() > start {
            text.push_str("  ");
        }
        let pad = w.saturating_sub(cell.chars().count());
        let (before, after) = if right { (pad, 0) } else { (0, pad) };
        text.extend(std::iter::repeat_n(' ', before));
        text.push_str(cell);
        text.extend(std::iter::repeat_n(' ', after));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
}

fn cells(r: &Row<'_>, s: &Sessions) -> [String; 11] {
    let c = &r.conversation;
    let start = match (c.times, s.origin) {
        (Some((t, _)), Some(o)) => format!("{:.6}", between(o, t) as f64 / 1e9),
        _ => String::new(),
    };
    let mut what = match r.detail {
        Detail::Tcp(c) => tcp(c),
        Detail::Udp(d) => udp(d),
        Detail::Icmp(d) => icmp(d),
        Detail::Neighbour(d) => match (d.mac, d.unasked, d.replies.is_empty()) {
            (Some(mac), ..) => format!("is at {}", mac_text(mac)),
            (None, true, _) => "announcement".to_owned(),
            _ => "no answer".to_owned(),
        },
        Detail::Data => "data trace only".to_owned(),
    };
    if let Some(d) = r.socket {
        if let Some(job) = d.job {
            what.push_str(&format!(", job {job}"));
        }
        what.push_str(&format!(", socket sent {} and received {} bytes", d.bytes[1], d.bytes[0]));
    }
    [
        r.stream.to_string(),
        c.kind.name().to_owned(),
        c.end(0),
        c.end(1),
        c.packets[0].to_string(),
        c.bytes[0].to_string(),
        c.packets[1].to_string(),
        c.bytes[1].to_string(),
        start,
        format!("{:.6}", c.duration()),
        what,
    ]
}

/// How a connection stands, in a word.
pub fn state(c: &Connection) -> &'static str {
    c.state().name()
}

fn tcp(c: &Connection) -> String {
    let a = usize::from(c.first_sender & 1);
    let sides = [&c.sides[a], &c.sides[1 - a]];
    let mut all = vec![state(c).to_owned()];
    if c.initial_rtt > 0 {
        all.push(format!("handshake {}", time(c.initial_rtt)));
    }
    let rtt = |i: usize| (sides[i].rtt.count > 0).then(|| time(i128::from(sides[i].rtt.average())));
    match (rtt(0), rtt(1)) {
        (None, None) => {}
        (x, y) => {
            let dash = |t: Option<String>| t.unwrap_or_else(|| "-".to_owned());
            all.push(format!("rtt {}/{}", dash(x), dash(y)));
        }
    }
    if sides.iter().any(|s| s.mss > 0) {
        all.push(format!("mss {}/{}", sides[0].mss, sides[1].mss));
    }
    let sum = |e: Event| sides.iter().map(|s| s.events().count(e)).sum::<u32>();
    let again: u32 = sides.iter().map(|s| s.events().retransmissions()).sum();
    let counts = [
        (again, "retransmitted"),
        (sum(Event::OutOfOrder), "out of order"),
        (sum(Event::Lost), "lost before the trace"),
        (sum(Event::ZeroWindow), "zero windows"),
        (sum(Event::KeepAlive), "keep-alives"),
    ];
    all.extend(counts.iter().filter(|n| n.0 > 0).map(|(n, what)| format!("{n} {what}")));
    all.join(", ")
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
fn finding(text: &mut String, f: &Finding) {
    text.push_str(f.severity.name());
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
}
