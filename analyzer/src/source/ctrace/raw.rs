//! The unframed download: a trace data set whose records were put one behind the other without
//! their lengths, which is what FTP does with a variable-length data set unless told otherwise.
//!
//! Each record begins with the external writer's header, whose layout is not published, and an
//! entry may be cut in two by a record boundary; see [`super::free`].

use std::borrow::Cow;

use super::Options;
use super::free::Free;
use crate::source::frame::{Finds, Framer, Progress, Window};

/// Finds the entries of an unframed trace data set.
#[derive(Debug)]
pub struct Raw {
    free: Free,
    told: bool,
}

impl Raw {
    /// A framer at the start of the data set.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self { free: Free::new(options.leap_seconds, true), told: false }
    }
}

impl Framer for Raw {
    fn name(&self) -> Cow<'static, str> {
        "CTRACE, unframed".into()
    }

    fn walk(&mut self, w: Window<'_>, out: &mut Finds<'_>) -> Progress {
        if !self.told {
            self.told = true;
            Free::no_boundaries(out);
        }
        self.free.walk(w, out)
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        self.free.facts()
    }
}
