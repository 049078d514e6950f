//! A trace data set downloaded with record descriptor words (`quote site rdw`): the form to be
//! preferred, because nothing about the records is lost. The walk is in [`super::vb`].

use std::borrow::Cow;

use super::Options;
use super::vb::Vb;
use crate::source::frame::{Finds, Framer, Progress, Window};

/// Finds the entries of records that kept their descriptor words.
#[derive(Debug)]
pub struct RdwFramer {
    vb: Vb,
}

impl RdwFramer {
    /// A framer at the start of the data set.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self { vb: Vb::new(options, false) }
    }
}

impl Framer for RdwFramer {
    fn name(&self) -> Cow<'static, str> {
        "CTRACE, RDW".into()
    }

    fn walk(&mut self, w: Window<'_>, out: &mut Finds<'_>) -> Progress {
        self.vb.walk(w, out)
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        self.vb.facts()
    }
}
