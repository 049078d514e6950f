//! A trace data set as block images: block descriptor words in front of the record descriptor
//! words, as tape images and some copy programs deliver it. The walk is in [`super::vb`].

use std::borrow::Cow;

use super::Options;
use super::vb::Vb;
use crate::source::frame::{Finds, Framer, Progress, Window};

/// Finds the entries of blocks of records.
#[derive(Debug)]
pub struct BdwFramer {
    vb: Vb,
}

impl BdwFramer {
    /// A framer at the start of the data set.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self { vb: Vb::new(options, true) }
    }
}

impl Framer for BdwFramer {
    fn name(&self) -> Cow<'static, str> {
        "CTRACE, BDW".into()
    }

    fn walk(&mut self, w: Window<'_>, out: &mut Finds<'_>) -> Progress {
        self.vb.walk(w, out)
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        self.vb.facts()
    }
}
