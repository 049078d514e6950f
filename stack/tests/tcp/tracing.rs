//! What the trace says of a connection's life.

use std::net::SocketAddr;
use std::time::Duration;

use ctrace::config::EventTrace;
use ctrace::{Settings, Trace, Which};
use formats::ctrace::cte::{Cte, Entries};
use formats::ctrace::events::{Options, decode};
use formats::ctrace::systcpip::StackEvent;
use stack::engine::Instant;
use stack::engine::tcp::{Config, Shutdown, SocketOptions};

use crate::call;
use crate::link::Impairments;
use crate::pair::{Host, Pair};

/// The texts of a trace's events that begin with one of `kinds`.
fn texts(trace: &Trace, kinds: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    trace.look(Which::Events, |b| {
        for e in Entries::new(b) {
            let e = e.unwrap();
            let cte = Cte::parse(e.bytes()).unwrap();
            let body = StackEvent::parse(cte.data()).unwrap();
            let text = decode(cte.id(), body.areas()).expect("an event of ours").to_string();
            if kinds.iter().any(|k| text.starts_with(k)) {
                all.push(text);
            }
        }
    });
    all
}

#[test]
fn every_change_of_state_is_recorded() {
    let config = Config { msl: Duration::from_millis(100), ..Config::default() };
    let mut hosts = [Host::new("10.0.0.1", config.clone(), 1500, 1), Host::new("10.0.0.2", config, 1500, 2)];
    let traces = [(); 2].map(|()| Trace::new(Settings::new("MVS1", "TCPCS").virtual_time()));
    for (h, t) in hosts.iter_mut().zip(&traces) {
        t.configure(|c| c.events = EventTrace::with(Options::TCP));
        h.tracer = t.tracer();
    }
    let mut p = Pair::new(hosts, Impairments::NONE, 1);
    let l = call!(p.hosts[1], p.now, listen, None, 80, 1, SocketOptions::default()).unwrap();
    let to = SocketAddr::new(p.hosts[1].address, 80);
    let a = p.hosts[0].connect(p.now, to).unwrap();
    let b = loop {
        p.step(Instant(u64::MAX - 1));
        if let Ok((b, _)) = call!(p.hosts[1], p.now, accept, l) {
            break b;
        }
    };
    call!(p.hosts[0], p.now, shutdown, a, Shutdown::Write).unwrap();
    for _ in 0..3 {
        p.step(Instant(u64::MAX - 1));
    }
    call!(p.hosts[1], p.now, close, b).unwrap();
    while p.step(Instant(u64::MAX - 1)) {}
    let states = |t| texts(t, &["state"]).iter().map(|t| t[6..].to_string()).collect::<Vec<_>>();
    assert_eq!(
        states(&traces[0]),
        [
            "Closed to SynSent, local 10.0.0.1",
            "SynSent to Establsh, local 10.0.0.1",
            "Establsh to FinWait1, local 10.0.0.1",
            "FinWait1 to FinWait2, local 10.0.0.1",
            "FinWait2 to TimeWait, local 10.0.0.1",
            "TimeWait to Closed, local 10.0.0.1",
        ]
    );
    assert_eq!(
        states(&traces[1]),
        [
            "Listen to SynRcvd, local 10.0.0.2",
            "SynRcvd to Establsh, local 10.0.0.2",
            "Establsh to ClosWait, local 10.0.0.2",
            "ClosWait to LastAck, local 10.0.0.2",
            "LastAck to Closed, local 10.0.0.2",
        ]
    );
    assert_eq!(
        texts(&traces[1], &["listening", "MSS", "queued", "accepted", "ended"]),
        [
            "listening on 0.0.0.0 port 80, backlog 1".to_string(),
            "MSS 1460, scale out 3 in 3, timestamps yes, SACK yes, other SYN options 0".into(),
            "queued for accept, 1 of 1".into(),
            format!("accepted from 10.0.0.1 port {}, 0 left", p.hosts[0].tcp.info(a).unwrap().local.port()),
            "ended in state LastAck: closed; bytes in 0 out 0, retransmitted 0".into(),
        ]
    );
    // SYN, SYN-ACK, ACK, two FINs and their ACKs; the SYN is recorded as a request.
    let counts = traces.each_ref().map(|t| (texts(t, &["in "]).len(), texts(t, &["out "]).len()));
    assert_eq!(counts, [(3, 4), (3, 3)]);
}
