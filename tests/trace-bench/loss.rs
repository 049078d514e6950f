//! Events at a steady rate into a file: none may be lost.

use std::time::{Duration, Instant};

use ctrace::config::EventTrace;
use ctrace::{Buffers, Settings as TraceSettings, Trace, Which, WriterSettings, WriterThread};
use formats::ctrace::events::Options;

use crate::{Settings, ours, row};

/// Memory for events that wait for the writer.
const BUFFERS: usize = 256 << 20;

/// Records for so many seconds at so many events a second, and prints what became of them.
pub fn run(s: &Settings) -> Result<(), String> {
    let path = s.dir.join(format!("trace-bench-{}.ctrace", std::process::id()));
    let settings = TraceSettings::new("BENCH", "TCPIP").with_buffers(Which::Events, Buffers::total(BUFFERS));
    let trace = Trace::new(settings);
    trace.configure(|c| c.events = EventTrace::with(Options::TCP));
    let writer = WriterThread::start(&trace, WriterSettings::new(&path).only(&[Which::Events]));
    let result = writer.map_err(|e| e.to_string()).and_then(|w| {
        let events = record(s, &trace);
        let written = w.stop().map_err(|e| e.to_string())?;
        let lost = trace.counts(Which::Events).lost;
        let rate = events.0 as f64 / events.1.as_secs_f64() / 1e6;
        let what =
            format!("lost of {} events at {rate:.2} M/s, {} MB in the file", events.0, written.bytes >> 20);
        row(&what, &format!("{lost}{}", if lost == 0 { "" } else { " !" }), "0");
        Ok(())
    });
    let _ = std::fs::remove_file(&path);
    result
}

/// How many events, and in what time.
fn record(s: &Settings, trace: &Trace) -> (u64, Duration) {
    let (t, who) = (trace.tracer(), ours::subject());
    let begin = Instant::now();
    let total = s.rate * s.seconds;
    let mut done = 0;
    while done < total {
        // As many as should have been by now: a thread that was held up catches up.
        let due = (begin.elapsed().as_secs_f64() * s.rate as f64) as u64;
        while done < due.min(total) {
            ours::record(&t, &who, done);
            done += 1;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    (done, begin.elapsed())
}
