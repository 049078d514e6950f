//! Standard output without the standard library's line buffer.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};

/// Standard output, shared by the workers; who writes is decided by their turn.
#[derive(Debug, Clone)]
pub struct Output {
    file: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    file: File,
    failed: Option<io::Error>,
}

impl Output {
    /// Standard output.
    pub fn stdout() -> io::Result<Self> {
        let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        Ok(Self { file: Arc::new(Mutex::new(State { file, failed: None })) })
    }

    /// Writes everything. False when the other end is gone or full.
    #[must_use]
    pub fn write(&self, bytes: &[u8]) -> bool {
        let mut s = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if s.failed.is_some() {
            return false;
        }
        match s.file.write_all(bytes) {
            Ok(()) => true,
            Err(e) => {
                s.failed = Some(e);
                false
            }
        }
    }

    /// What went wrong, unless it was only that nobody listens any more.
    pub fn finish(&self) -> io::Result<()> {
        match self.file.lock().unwrap_or_else(PoisonError::into_inner).failed.take() {
            Some(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(e),
            _ => Ok(()),
        }
    }
}
