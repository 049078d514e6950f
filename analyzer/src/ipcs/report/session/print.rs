//! The statistics of a session.

use std::fmt::Write as _;

use super::super::super::options::{NAMED_PORTS, Options};
use super::super::super::parse_options::protocol_name;
use super::super::super::zone::Zone;
use super::half::{Half, Spread};
use super::{Common, Tcp};

/// A label, the inbound and the outbound value.
fn row(t: &mut String, label: &str, inbound: impl ToString, outbound: impl ToString) {
    let _ = writeln!(t, "  {label:<32} {:>16} {:>16}", inbound.to_string(), outbound.to_string());
}

fn fact(t: &mut String, label: &str, value: impl std::fmt::Display) {
    let _ = writeln!(t, "  {label:<32} {value}");
}

fn seconds(nanos: f64) -> String {
    format!("{:.6}", nanos / 1e9)
}

fn spread(s: &Spread) -> String {
    format!("{}/{}/{}", s.min, s.average(), s.max)
}

fn heading(t: &mut String, number: usize, c: &Common, role: [&str; 2], o: &Options, zone: Zone) {
    let _ = writeln!(t, "{}", "-".repeat(80));
    let name = protocol_name(c.ends.protocol.into()).unwrap_or_else(|| c.ends.protocol.to_string());
    let packets = c.packets[0] + c.packets[1];
    let _ = writeln!(t, "Session {number}: {name}{}, {packets} packet(s)", c.note);
    let application = |i: usize| {
        let p = u64::from(c.ends.ports[i]);
        let found = NAMED_PORTS
            .iter()
            .find(|(n, ..)| p != 0 && o.ports_of(*n).iter().any(|(a, b)| (*a..=*b).contains(&p)));
        found.map_or("", |(_, label, _)| label)
    };
    let remote = 1 - c.local;
    for (label, i) in [("Local", c.local), ("Remote", remote)] {
        fact(t, label, format!("{} {} {}", c.end(i), role[i], application(i)).trim_end());
    }
    fact(t, "Speed, megabits/s", format_args!("local {} remote {}", o.speed.0, o.speed.1));
    let at = |time| {
        let c = zone.clock(time);
        format!("{} {}", c.date(), c.time())
    };
    fact(t, "First timestamp", at(c.first));
    fact(t, "Last timestamp", at(c.last));
    fact(t, "Duration", seconds(c.nanos() as f64));
    fact(t, "Timestamps out of order", c.backwards);
}

/// Counts, throughput and utilisation.
fn quantity(t: &mut String, c: &Common, o: &Options) {
    let (l, r) = (c.local, 1 - c.local);
    let seconds = c.nanos() as f64 / 1e9;
    let rate = |bytes: u64| if seconds > 0.0 { bytes as f64 / seconds } else { 0.0 };
    row(t, "", "Inbound", "Outbound");
    row(t, "Packets", c.packets[r], c.packets[l]);
    row(t, "Application data bytes", c.data[r], c.data[l]);
    row(t, "Total bytes", c.bytes[r], c.bytes[l]);
    let kb = |i: usize| format!("{:.3}", rate(c.bytes[i]) / 1024.0);
    row(t, "Throughput KB/s", kb(r), kb(l));
    let used =
        |i: usize, speed: u32| format!("{:.3}", rate(c.bytes[i]) * 8.0 / (f64::from(speed.max(1)) * 1e4));
    row(t, "Utilization %", used(r, o.speed.1), used(l, o.speed.0));
}

/// UDP, ICMP and the others.
pub fn other(t: &mut String, number: usize, c: &Common, o: &Options, zone: Zone) {
    heading(t, number, c, ["", ""], o, zone);
    quantity(t, c, o);
}

/// Beginning and ending state.
pub fn states(t: &mut String, number: usize, c: &Tcp, o: &Options, zone: Zone) {
    heading(t, number, &c.common, roles(c), o, zone);
    fact(t, "Beginning state", c.began.name());
    fact(t, "Ending state", c.state.text(c.common.local));
}

fn roles(c: &Tcp) -> [&'static str; 2] {
    match c.client {
        Some(0) => ["CLIENT", "SERVER"],
        Some(_) => ["SERVER", "CLIENT"],
        None => ["", ""],
    }
}

/// A count of one direction.
type Count = fn(&Half) -> u64;

/// Everything about a TCP connection.
pub fn tcp(t: &mut String, number: usize, c: &Tcp, o: &Options, zone: Zone) {
    heading(t, number, &c.common, roles(c), o, zone);
    let (inbound, outbound) = (&c.halves[1 - c.common.local], &c.halves[c.common.local]);
    fact(t, "Final state", c.state.text(c.common.local));
    if c.initial_rtt > 0 {
        fact(t, "Round-trip time of the handshake", seconds(c.initial_rtt as f64));
    }
    quantity(t, &c.common, o);
    let mut each = |label: &str, f: &dyn Fn(&Half) -> String| row(t, label, f(inbound), f(outbound));
    each("Sequence number delta", &|h| h.sequence_delta().to_string());
    each("Bytes retransmitted", &|h| h.again_bytes.to_string());
    each("Round-trip time, average", &|h| {
        if h.ack_time.count > 0 { seconds(h.ack_time.average() as f64) } else { "-".into() }
    });
    each("Round-trip time, smoothed at end", &|h| h.srtt.map_or("-".into(), |(rtt, _)| seconds(rtt)));
    each("Round-trip time, variance", &|h| h.srtt.map_or("-".into(), |(_, var)| seconds(var)));
    each("Ack time, minimum", &|h| {
        if h.ack_time.count > 0 { seconds(h.ack_time.min as f64) } else { "-".into() }
    });
    each("Ack time, maximum", &|h| {
        if h.ack_time.count > 0 { seconds(h.ack_time.max as f64) } else { "-".into() }
    });
    // The local end acknowledges what comes in.
    row(t, "Delay ack threshold, ms", o.delay_ack.0, o.delay_ack.1);
    let mut each = |label: &str, f: &dyn Fn(&Half) -> String| row(t, label, f(inbound), f(outbound));
    each("Acks later than the threshold", &|h| h.delayed.to_string());
    each("Data segments", &|h| h.data.count.to_string());
    each("  size smallest/average/largest", &|h| spread(&h.data));
    each("  announced MSS", &|h| h.mss.map_or("-".into(), |m| m.to_string()));
    each("  segments per window", &|h| spread(&h.per_window));
    each("  bytes per window", &|h| spread(&h.bytes_per_window));
    each("Windows offered", &|h| h.windows.count.to_string());
    each("  smallest/average/largest", &|h| spread(&h.windows));
    each("  scale factor", &|h| h.scale.map_or("-".into(), |s| s.to_string()));
    let duration = c.common.nanos() as f64 / 1e9;
    row(t, "  changes per second", frequency(inbound, duration), frequency(outbound, duration));
    let mut each = |label: &str, f: &dyn Fn(&Half) -> String| row(t, label, f(inbound), f(outbound));
    each("Time with window zero", &|h| seconds(h.zero_time as f64));
    let counts: [(&str, Count); 15] = [
        ("In-order segments", |h| h.in_order),
        ("Retransmitted segments", |h| h.again),
        ("Duplicate acks", |h| h.dup_acks),
        ("Gaps", |h| h.gaps),
        ("Out-of-order segments", |h| h.out_of_order),
        ("Window probes", |h| h.probes),
        ("Keep-alives", |h| h.keep_alives),
        ("Zero windows", |h| h.zero_windows),
        ("SACK", |h| h.flags[5]),
        ("SYN", |h| h.flags[0]),
        ("FIN", |h| h.flags[1]),
        ("RST", |h| h.flags[2]),
        ("PSH", |h| h.flags[3]),
        ("URG", |h| h.flags[4]),
        ("Small windows", |h| h.small_windows),
    ];
    for (label, f) in counts {
        each(label, &|h| f(h).to_string());
    }
    exceptions(t, inbound, outbound);
}

fn frequency(h: &Half, seconds: f64) -> String {
    if seconds > 0.0 { format!("{:.3}", h.changes as f64 / seconds) } else { "0.000".into() }
}

/// What somebody should look at.
fn exceptions(t: &mut String, inbound: &Half, outbound: &Half) {
    for (name, h) in [("inbound", inbound), ("outbound", outbound)] {
        let kinds = [
            (h.again, h.data.count, "data segments were retransmitted"),
            (h.small_windows, h.windows.count, "windows were smaller than two segments"),
            (h.short_segments, h.data.count, "data segments were shorter than the MSS without PSH"),
            (h.delayed, h.ack_time.count, "acknowledgments came later than the threshold"),
        ];
        for (n, of, text) in kinds {
            if n > 0 && of > 0 {
                let _ = writeln!(t, "  ** {:.1}% of {of} {name} {text}", n as f64 * 100.0 / of as f64);
            }
        }
    }
}
