//! Peers in this process: the time-stamp counter, a bare ring, the `tracing` crate.

use std::cell::RefCell;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::{Arc, Mutex};

use crate::{Settings, measure};

/// The time-stamp counter, where there is one.
pub fn ticks() -> u64 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction only reads.
    return unsafe { std::arch::x86_64::_rdtsc() };
    #[cfg(not(target_arch = "x86_64"))]
    return 0;
}

const RING: usize = 1 << 20;

thread_local! {
    static BARE: RefCell<(usize, Vec<u8>)> = RefCell::new((0, vec![0; RING]));
}

/// A time stamp and six numbers into a thread-local ring, with nothing else.
pub fn ring(s: &Settings) -> f64 {
    measure(s, |n| {
        BARE.with_borrow_mut(|(at, bytes)| {
            if *at + 56 > RING {
                *at = 0;
            }
            let to = &mut bytes[*at..*at + 56];
            to[..8].copy_from_slice(&ticks().to_le_bytes());
            for (i, chunk) in to[8..].chunks_exact_mut(8).enumerate() {
                chunk.copy_from_slice(&(n + i as u64).to_le_bytes());
            }
            *at += 56;
        });
    })
}

/// A writer that the subscriber can clone.
#[derive(Clone)]
struct Shared(Arc<Mutex<BufWriter<File>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).flush()
    }
}

/// The `tracing` crate with its own formatter, buffered, to a file.
pub fn tracing(s: &Settings) -> Result<f64, String> {
    let path = s.dir.join(format!("trace-bench-{}.log", std::process::id()));
    let file = File::create(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let shared = Shared(Arc::new(Mutex::new(BufWriter::with_capacity(1 << 16, file))));
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || shared.clone()).finish();
    // A tenth of the events: they are long and go to the disk.
    let fewer = Settings { events: (s.events / 10).max(1), dir: s.dir.clone(), ..*s };
    let ns = tracing::subscriber::with_default(subscriber, || {
        measure(&fewer, |n| tracing::info!(a = n, b = n + 1, c = n + 2, d = n + 3, e = n + 4, f = n + 5))
    });
    let _ = std::fs::remove_file(&path);
    Ok(ns)
}
