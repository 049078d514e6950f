//! Who holds up a connection: closed and small windows, late acknowledgments, dead peers.

use super::{Context, Finding, Found, Severity, many, time};
use crate::track::conversations::{Conversation, Kind};
use crate::track::tcp::{Connection, Event, Side, saw};

/// A window that is closed for less does not matter.
const BRIEF: u64 = 200_000_000;
/// The largest window without scaling.
const UNSCALED: u32 = 65_535;
/// Round trips in microseconds above which a window without scaling limits a connection.
const FAR: u64 = 10_000_000;

pub(super) fn find(x: &Context<'_>, out: &mut Found) {
    for (c, v) in x.tcp() {
        let v = &v;
        for end in 0..2 {
            let side = (usize::from(c.first_sender) ^ end) & 1;
            let (own, other) = (&c.sides[side], &c.sides[1 - side]);
            zero_window(c, v, end, own, other, out);
            keep_alive(c, v, end, own, other, out);
            unscaled(c, v, end, own, other, out);
            late_acks(c, v, end, own, out);
        }
    }
}

fn of(c: &Connection) -> Option<(Kind, u32)> {
    Some((Kind::Tcp, c.stream))
}

fn frames(s: &Side, e: Event) -> Vec<u64> {
    s.events().frames(e).iter().map(|&f| f.into()).collect()
}

fn zero_window(c: &Connection, v: &Conversation, end: usize, own: &Side, other: &Side, out: &mut Found) {
    let e = own.events();
    let n = e.count(Event::ZeroWindow);
    if n == 0 {
        return;
    }
    let (reader, writer) = (v.end(end), v.end(1 - end));
    let closed = e.window_closed_since().map(|t| c.latest().saturating_sub(t).max(0) as u64);
    let total = e.zero_window_time + closed.unwrap_or(0);
    let probes = other.events().count(Event::ZeroWindowProbe) + other.events().count(Event::KeepAlive);
    if total == 0 && probes == 0 {
        return;
    }
    let (severity, rule, text) = match closed {
        Some(t) if t >= BRIEF || probes > 0 => (
            Severity::Error,
            "window-stays-closed",
            format!(
                "{reader} closed its receive window and never opened it again ({} until the last packet): its \
                 program has stopped reading",
                time(i128::from(t))
            ),
        ),
        _ => (
            if total >= BRIEF { Severity::Warning } else { Severity::Note },
            "zero-window",
            format!(
                "{reader} closed its receive window for {} in all: its program does not read as fast as \
                 {writer} sends",
                time(i128::from(total))
            ),
        ),
    };
    out.push(
        Finding::new(severity, rule, of(c), text).packets(frames(own, Event::ZeroWindow), n.into()).act(
            format!("whoever runs the program at {reader}"),
            "see why it does not read: waiting, looping, or out of CPU, storage or disk; a larger buffer only helps \
             when it catches up",
        ),
    );
}

fn keep_alive(c: &Connection, v: &Conversation, end: usize, own: &Side, other: &Side, out: &mut Found) {
    let n = own.events().count(Event::KeepAlive);
    if n < 3 || own.last_time - other.last_time < 1_000_000_000 || other.rst_frame != 0 {
        return;
    }
    let (asker, silent) = (v.end(end), v.end(1 - end));
    let text = format!("{silent} does not answer the keep-alives of {asker} any more");
    out.push(
        Finding::new(Severity::Error, "keep-alive-failed", of(c), text)
            .packets(frames(own, Event::KeepAlive), n.into())
            .act(
                format!("whoever runs {silent}, or the firewall between"),
                "check that the host is up; a firewall may have forgotten the idle connection",
            ),
    );
}

/// The window is the limit, and its end could offer more if both scaled.
fn unscaled(c: &Connection, v: &Conversation, end: usize, own: &Side, other: &Side, out: &mut Found) {
    let opened = |s: &Side| s.has(saw::SYN) || s.has(saw::SYN_ACK);
    if !opened(own) || !opened(other) || own.window_scale().is_some() && other.window_scale().is_some() {
        return;
    }
    let rtt = other.rtt.average();
    let full = own.window[1] <= UNSCALED
        && other.max_in_flight > 16_000
        && u64::from(other.max_in_flight) * 10 >= u64::from(own.window[1]) * 9;
    if !full || rtt < FAR || other.events().count(Event::WindowFull) == 0 {
        return;
    }
    let text = format!(
        "{} sends no faster than {} allows: the window is {} bytes without scaling, and a round trip takes {}",
        v.end(1 - end),
        v.end(end),
        own.window[1],
        time(i128::from(rtt))
    );
    out.push(
        Finding::new(Severity::Warning, "no-window-scaling", of(c), text)
            .packets(frames(other, Event::WindowFull), other.events().count(Event::WindowFull).into())
            .act(
                "whoever runs the end that does not offer window scaling",
                "turn on window scaling (RFC 7323) and offer a larger receive buffer: on z/OS, TCPRCVBUFRSIZE above 64K",
            ),
    );
}

/// Acknowledgments held back while the other end waits for them.
fn late_acks(c: &Connection, v: &Conversation, end: usize, own: &Side, out: &mut Found) {
    let d = &own.ack_delay;
    let share = d.sum as f64 / c.duration().max(1) as f64;
    if d.delayed < 10 || share < 0.2 {
        return;
    }
    let text = format!(
        "{} held back {}, {} in all: {} waits for each before it sends more",
        v.end(end),
        many(d.delayed, "acknowledgment"),
        time(i128::from(d.sum)),
        v.end(1 - end)
    );
    out.push(
        Finding::new(Severity::Warning, "delayed-ack", of(c), text)
            .packets([c.first_frame.into(), c.last_frame.into()], d.delayed.into())
            .act(
                format!("whoever runs {} or {}", v.end(end), v.end(1 - end)),
                "send requests in one write or turn off Nagle's algorithm (TCP_NODELAY) at the sender, or delayed \
                 acknowledgments at the receiver (NODELAYACKS on z/OS)",
            ),
    );
}
