//! Our record points.

use std::hint::black_box;
use std::sync::Barrier;

use ctrace::config::EventTrace;
use ctrace::pkttrace::{FilterSet, PktTrace};
use ctrace::{Buffers, Config, PacketPoint, Settings as TraceSettings, Subject, Trace, Tracer};
use formats::ctrace::Name;
use formats::ctrace::events::{Direction, Options};

use crate::{Settings, measure};

formats::trace_events! {
    layer 250 "Benchmark";

    /// Six numbers, 48 bytes.
    1 Numbers [TCP] "{a} {b} {c} {d} {e} {f}" { a: u64, b: u64, c: u64, d: u64, e: u64, f: u64 }
}

/// A trace with as much memory for each producer as LTTng has for each processor, 4 MB.
pub fn trace() -> Trace {
    let mut settings = TraceSettings::new("BENCH", "TCPIP");
    settings.buffers = [Buffers::total(4 << 20); 4];
    Trace::new(settings)
}

pub fn subject() -> Subject {
    Subject {
        asid: 0x41,
        job: Name::new("BENCH"),
        cid: 7,
        local_port: 21,
        remote: "10.1.0.2".parse().expect("an address"),
    }
}

#[inline(always)]
pub fn record(t: &Tracer, s: &Subject, n: u64) {
    t.event(s, &Numbers { a: n, b: n + 1, c: n + 2, d: n + 3, e: n + 4, f: n + 5 });
}

/// An event whose option is off.
pub fn off(s: &Settings) -> f64 {
    let trace = trace();
    trace.configure(|c| c.events = EventTrace::with(Options::UDP));
    let (t, who) = (trace.tracer(), subject());
    measure(s, |n| record(&t, &who, n))
}

/// An event that is recorded.
pub fn event(s: &Settings) -> f64 {
    let trace = trace();
    trace.configure(|c| c.events = EventTrace::with(Options::TCP));
    let (t, who) = (trace.tracer(), subject());
    measure(s, |n| record(&t, &who, n))
}

/// An event that is recorded because its port, job and address are asked for.
pub fn filtered(s: &Settings) -> f64 {
    let trace = trace();
    trace.configure(|c| {
        c.events = EventTrace::with(Options::TCP);
        c.events.ports = vec![20, 21];
        c.events.jobs = vec![Name::new("BENCH")];
        c.events.addresses = vec![subject().remote.into()];
    });
    let (t, who) = (trace.tracer(), subject());
    measure(s, |n| record(&t, &who, n))
}

/// A TCP packet of 240 bytes, of a port that is asked for.
pub fn packet(s: &Settings) -> f64 {
    let trace = trace();
    trace.configure(|c| {
        c.packets_on = true;
        c.pkttrace = PktTrace::default();
        let set = FilterSet { port: Some(21), ..FilterSet::default() };
        c.pkttrace.turn_on(None, set).expect("there is room for a set");
    });
    let t = trace.tracer();
    let mut bytes = [0x41; 240];
    bytes[..24].copy_from_slice(&[
        0x45, 0, 0, 240, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 1, 0, 1, 10, 1, 0, 2, 0x04, 0xD4, 0, 21,
    ]);
    bytes[32] = 0x50;
    let name = Name::new("EZA1");
    measure(s, |_| t.packet(&PacketPoint::new(Direction::OUT, name, 3, black_box(&bytes))))
}

/// Two threads that record at once.
pub fn two(s: &Settings) -> [f64; 2] {
    let trace = trace();
    trace.configure(|c| *c = Config::everything());
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        let run = || {
            let (t, who) = (trace.tracer(), subject());
            barrier.wait();
            measure(s, |n| record(&t, &who, n))
        };
        let threads = [scope.spawn(run), scope.spawn(run)];
        threads.map(|t| t.join().unwrap_or(f64::NAN))
    })
}
