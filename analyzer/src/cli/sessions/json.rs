//! Conversations for programs: one object a line. `docs/sessions.md` describes the keys.

use serde_json::{Map, Value, json};

use super::Output;
use crate::track::conversations::{Conversation, between};
use crate::track::data_trace;
use crate::track::findings::Finding;
use crate::track::neighbours::mac_text;
use crate::track::sessions::{Detail, Rows, Sessions};
use crate::track::tcp::{Connection, Event, saw};

/// Bytes gathered before they are written.
const CHUNK: usize = 1 << 16;

/// Writes every row, then what is found about the trace as a whole. False when nobody listens.
pub fn write(rows: &Rows<'_>, findings: &[Finding], s: &Sessions, out: &Output) -> bool {
    let mut by_row: Vec<(_, &Finding)> = findings.iter().filter_map(|f| Some((f.of?, f))).collect();
    by_row.sort_by_key(|f| f.0);
    let mut text = Vec::new();
    for r in rows.iter(0) {
        let key = (r.conversation.kind, r.stream);
        let at = by_row.partition_point(|f| f.0 < key);
        let own = by_row[at..].iter().take_while(|f| f.0 == key).map(|f| finding(f.1)).collect();
        let mut o = basic(&r.conversation, s);
        o.insert("findings".into(), Value::Array(own));
        o.insert("stream".into(), json!(r.stream));
        match r.detail {
            Detail::Tcp(c) => tcp(&mut o, c),
            Detail::Udp(d) => udp(&mut o, d),
            Detail::Icmp(d) => icmp(&mut o, d),
            Detail::Neighbour(d) => {
                o.insert("requests".into(), json!(d.requests.count));
                o.insert("replies".into(), json!(d.replies.count));
                o.insert("mac".into(), json!(d.mac.map(mac_text)));
            }
            Detail::Data => {}
        }
        if let Some(d) = r.socket {
            socket(&mut o, d);
        }
        text.extend_from_slice(Value::Object(o).to_string().as_bytes());
        text.push(b'\n');
        if text.len() >= CHUNK {
            if !out.write(&text) {
                return false;
            }
            text.clear();
        }
    }
    let whole: Vec<Value> = findings.iter().filter(|f| f.of.is_none()).map(finding).collect();
    if !whole.is_empty() {
        text.extend_from_slice(capture(whole, s).to_string().as_bytes());
        text.push(b'\n');
    }
    out.write(&text)
}

/// What is found about the trace and no conversation in it, with the keys of a conversation.
fn capture(findings: Vec<Value>, s: &Sessions) -> Value {
    json!({
        "kind": "trace", "addr_a": null, "port_a": null, "addr_b": null, "port_b": null,
        "packets_ab": 0, "bytes_ab": 0, "packets_ba": 0, "bytes_ba": 0,
        "start": s.times.map(|t| epoch(t.0.nanos_total())),
        "duration": s.times.map_or(0.0, |(a, b)| seconds(between(a, b))),
        "packets": s.frames,
        "findings": findings,
    })
}

fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

fn epoch(nanos: i128) -> f64 {
    nanos as f64 / 1e9
}

fn finding(f: &Finding) -> Value {
    json!({
        "severity": f.severity.name(), "rule": f.rule, "text": f.text, "packets": f.packets,
        "count": f.count, "who": f.who, "next_step": f.next_step,
    })
}

fn basic(c: &Conversation, s: &Sessions) -> Map<String, Value> {
    let port = |i: usize| if c.kind.has_ports() { json!(c.ends[i].port) } else { Value::Null };
    let mut o = Map::new();
    let mut set = |k: &str, v: Value| {
        o.insert(k.into(), v);
    };
    set("kind", json!(c.kind.name()));
    set("addr_a", json!(c.address(0).to_string()));
    set("port_a", port(0));
    set("addr_b", json!(c.address(1).to_string()));
    set("port_b", port(1));
    set("packets_ab", json!(c.packets[0]));
    set("bytes_ab", json!(c.bytes[0]));
    set("packets_ba", json!(c.packets[1]));
    set("bytes_ba", json!(c.bytes[1]));
    set("start", json!(c.times.map(|t| epoch(t.0.nanos_total()))));
    set("duration", json!(c.duration()));
    set("relative_start", json!(c.times.zip(s.origin).map(|(t, o)| seconds(between(o, t.0)))));
    set("first_packet", json!(c.first));
    set("last_packet", json!(c.last));
    o
}

fn tcp(o: &mut Map<String, Value>, c: &Connection) {
    let a = usize::from(c.first_sender & 1);
    let sides = [&c.sides[a], &c.sides[1 - a]];
    let each =
        |f: &dyn Fn(&crate::track::tcp::Side) -> Value| Value::Array(sides.iter().map(|s| f(s)).collect());
    let event = |e: Event| each(&|s| json!(s.events().count(e)));
    let ms = |ns: u64| json!(ns as f64 / 1e6);
    let mut set = |k: &str, v: Value| {
        o.insert(k.into(), v);
    };
    set("state", json!(super::table::state(c)));
    set("client", json!(if usize::from(c.client & 1) == a { "a" } else { "b" }));
    set("completeness", json!(c.completeness));
    set("initial_rtt_ms", if c.initial_rtt > 0 { json!(c.initial_rtt as f64 / 1e6) } else { Value::Null });
    set("rtt_ms", each(&|s| if s.rtt.count > 0 { ms(s.rtt.average()) } else { Value::Null }));
    set(
        "rtt_max_ms",
        each(&|s| if s.rtt.count > 0 { json!(f64::from(s.rtt.max_us) / 1e3) } else { Value::Null }),
    );
    set("mss", each(&|s| if s.mss > 0 { json!(s.mss) } else { Value::Null }));
    set("wscale", each(&|s| json!(s.window_scale())));
    set("sack", each(&|s| json!(s.has(saw::SACK_PERMITTED))));
    set("timestamps", each(&|s| json!(s.has(saw::TIMESTAMPS))));
    set("payload", each(&|s| json!(s.payload)));
    set("window_min", each(&|s| json!(s.window[0])));
    set("window_max", each(&|s| json!(s.window[1])));
    set("max_in_flight", each(&|s| json!(s.max_in_flight)));
    set("retransmissions", each(&|s| json!(s.events().retransmissions())));
    set("fast_retransmissions", event(Event::FastRetransmission));
    set("spurious_retransmissions", event(Event::SpuriousRetransmission));
    set("retransmitted_bytes", each(&|s| json!(s.events().retransmitted_bytes)));
    set("out_of_order", event(Event::OutOfOrder));
    set("duplicate_acks", event(Event::DuplicateAck));
    set("lost_segments", event(Event::Lost));
    set("acked_unseen", event(Event::AckedUnseen));
    set("zero_windows", event(Event::ZeroWindow));
    set("zero_window_probes", event(Event::ZeroWindowProbe));
    set("window_full", event(Event::WindowFull));
    set("keep_alives", event(Event::KeepAlive));
    set("resets", event(Event::Reset));
    set(
        "ack_delay_ms",
        each(&|s| {
            if s.ack_delay.count > 0 {
                ms(s.ack_delay.sum / u64::from(s.ack_delay.count))
            } else {
                Value::Null
            }
        }),
    );
    set("delayed_acks", each(&|s| json!(s.ack_delay.delayed)));
    let response = &c.response;
    let longest = (response.frame > 0).then(|| f64::from(response.max_us) / 1e3);
    set("response_ms_max", json!(longest));
    set("time_application_ms", each(&|s| ms(s.application)));
    set("time_receiver_ms", each(&|s| ms(s.receiver)));
    set("time_network_ms", ms(c.network));
    set("time_sender_ms", ms(c.sender));
    set("reused_ports", json!(c.reused));
}

fn udp(o: &mut Map<String, Value>, d: &crate::track::udp::Detail) {
    o.insert("payload".into(), json!(d.payload));
    if let Some(dns) = &d.dns {
        let (least, most, sum, n) = dns.times;
        let ms = |t: i64| if n > 0 { json!(t as f64 / 1e6) } else { Value::Null };
        let dns = json!({
            "queries": dns.queries, "answers": dns.answers, "repeated": dns.repeated.count,
            "failed": dns.failed.count, "unanswered": dns.unanswered().count(),
            "answer_ms_min": ms(least), "answer_ms_max": ms(most),
            "answer_ms_avg": ms((sum / i128::from(n.max(1))) as i64),
        });
        o.insert("dns".into(), dns);
    }
}

fn icmp(o: &mut Map<String, Value>, d: &crate::track::icmp::Detail) {
    let (least, most, sum, n) = d.rtt;
    let ms = |t: i64| if n > 0 { json!(t as f64 / 1e6) } else { Value::Null };
    o.insert("requests".into(), json!(d.requests));
    o.insert("replies".into(), json!(d.replies));
    o.insert("errors".into(), json!(d.errors));
    o.insert("rtt_ms_min".into(), ms(least));
    o.insert("rtt_ms_max".into(), ms(most));
    o.insert("rtt_ms_avg".into(), ms((sum / i128::from(n.max(1))) as i64));
}

fn socket(o: &mut Map<String, Value>, d: &data_trace::Detail) {
    let [received, sent] = d.bytes;
    let [records_in, records_out] = d.records;
    let data = json!({
        "job": d.job.map(|j| j.to_string()), "cid": d.cid, "asid": d.asid,
        "records_received": records_in, "bytes_received": received,
        "records_sent": records_out, "bytes_sent": sent,
    });
    o.insert("job".into(), json!(d.job.map(|j| j.to_string())));
    o.insert("data_trace".into(), data);
}
