//! The stream of a real-time network management server: INIT, token and TERM messages and the
//! trace buffers between them; also the bare, gap-free sequence of entries that a buffer is.

use std::borrow::Cow;

use super::Options;
use super::free::Free;
use crate::source::frame::{Finds, Framer, Progress, Window};

/// Finds the entries of an NMI stream.
#[derive(Debug)]
pub struct Nmi {
    free: Free,
}

impl Nmi {
    /// A framer at the start of the stream.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self { free: Free::new(options.leap_seconds, false) }
    }
}

impl Framer for Nmi {
    fn name(&self) -> Cow<'static, str> {
        "CTRACE, NMI".into()
    }

    fn walk(&mut self, w: Window<'_>, out: &mut Finds<'_>) -> Progress {
        self.free.walk(w, out)
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        self.free.facts()
    }
}
