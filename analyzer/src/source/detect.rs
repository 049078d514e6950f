//! Which framer an input needs: each is asked in turn whether it knows the first bytes.

use std::sync::Arc;

use super::frame::Framer;
use super::layers::{self, LayerInfo, LayerOptions, Notes, Peeled};
use super::options::Options;
use super::{ctrace, erf, iptrace, netmon, pcap, pcapng, peek, snoop, trsniff};

/// What was found out about an input.
pub struct Detected {
    /// The peeled stream from its start.
    pub input: layers::Reader,
    /// Finds the records.
    pub framer: Box<dyn Framer>,
    /// Layers peeled, outermost first.
    pub layers: Vec<LayerInfo>,
    /// What goes wrong in them while `input` is read.
    pub notes: Notes,
}

/// A framer's way to recognise its container, and to make itself.
type Candidate = (fn(&[u8]) -> bool, fn() -> Box<dyn Framer>);

/// Containers with a signature.
const CANDIDATES: &[Candidate] = &[
    (snoop::recognise, || Box::new(snoop::new())),
    (iptrace::recognise, || Box::new(iptrace::new())),
    (trsniff::recognise, || Box::new(trsniff::new())),
    (netmon::recognise, || Box::new(netmon::new())),
    (peek::recognise, || Box::new(peek::new())),
];

/// The framer for a stream that begins with `prefix`. What the user says goes first; then
/// signatures; then what is only plausible.
fn framer(prefix: &[u8], options: &Options) -> Option<Box<dyn Framer>> {
    let trace = ctrace::Options {
        framing: options.framing,
        leap_seconds: i32::try_from(options.leap_seconds).unwrap_or(0),
    };
    if let Some(framing) = options.framing {
        return Some(ctrace::framer(framing, &trace));
    }
    // Their packets may hold entries of a component trace.
    let capture: Option<Box<dyn Framer>> = if pcapng::recognise(prefix) {
        Some(Box::new(pcapng::new()))
    } else if pcap::recognise(prefix) {
        Some(Box::new(pcap::new()))
    } else {
        None
    };
    if let Some(inner) = capture {
        return Some(Box::new(ctrace::wrapped::Wrapped::new(inner, trace.leap_seconds)));
    }
    if let Some((_, make)) = CANDIDATES.iter().find(|(recognise, _)| recognise(prefix)) {
        return Some(make());
    }
    if let Some(framing) = ctrace::recognise(prefix) {
        return Some(ctrace::framer(framing, &trace));
    }
    erf::recognise(prefix).then(|| -> Box<dyn Framer> { Box::new(erf::new()) })
}

/// Peels layers until a framer accepts.
pub fn detect(input: layers::Reader, options: &Options) -> Result<Detected, String> {
    let inner = Options { framing: None, ..options.clone() };
    let peeling = LayerOptions {
        limits: options.limits,
        accepts: Some(Arc::new(move |b| framer(b, &inner).is_some())),
        ..LayerOptions::default()
    };
    let Peeled { reader, prefix, layers, notes } =
        layers::peel(input, &peeling).map_err(|e| e.to_string())?;
    let inside: String = layers.iter().map(|l| format!("{l} holding ")).collect();
    if prefix.is_empty() {
        let why: Vec<String> = notes.take().iter().map(ToString::to_string).collect();
        return Err(if why.is_empty() { format!("{inside}nothing at all") } else { why.join("; ") });
    }
    match framer(&prefix, options) {
        Some(framer) => Ok(Detected { input: reader, framer, layers, notes }),
        None => Err(format!("{inside}nothing that zscope knows as a trace")),
    }
}
