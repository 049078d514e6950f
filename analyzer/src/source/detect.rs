//! Which framer an input needs: each is asked in turn whether it knows the first bytes.

use super::frame::Framer;
use super::layers::{self, Layer, Notes, Peeled, Stream};
use super::options::Options;
use super::{ctrace, erf, iptrace, netmon, pcap, pcapng, peek, snoop, trsniff};

/// What was found out about an input.
pub struct Detected {
    /// The peeled stream behind `prefix`.
    pub input: Stream,
    /// Bytes read to find out.
    pub prefix: Vec<u8>,
    /// Finds the records.
    pub framer: Box<dyn Framer>,
    /// Layers peeled, outermost first.
    pub layers: Vec<Layer>,
    /// What goes wrong in them while `input` is read.
    pub notes: Notes,
}

/// A framer's way to recognise its container, and to make itself.
type Candidate = (fn(&[u8]) -> bool, fn() -> Box<dyn Framer>);

/// Containers with a signature.
const CANDIDATES: &[Candidate] = &[
    (pcapng::recognise, || Box::new(pcapng::new())),
    (pcap::recognise, || Box::new(pcap::new())),
    (snoop::recognise, || Box::new(snoop::new())),
    (iptrace::recognise, || Box::new(iptrace::new())),
    (trsniff::recognise, || Box::new(trsniff::new())),
    (netmon::recognise, || Box::new(netmon::new())),
    (peek::recognise, || Box::new(peek::new())),
];

/// Peels layers until a framer accepts.
pub fn detect(input: Stream, options: &Options) -> Result<Detected, String> {
    let Peeled { input, prefix, layers, notes } =
        layers::peel(input, options.limits).map_err(|e| e.to_string())?;
    if prefix.is_empty() {
        let why = layers::take_notes(&notes).into_iter().map(|n| n.detail).collect::<Vec<_>>().join("; ");
        return Err(if why.is_empty() { "is empty".into() } else { why });
    }
    let trace = ctrace::Options {
        framing: options.framing,
        leap_seconds: i32::try_from(options.leap_seconds).unwrap_or(0),
    };
    // What the user says goes first; then signatures; then what is only plausible.
    let framer = match options.framing {
        Some(framing) => Some(ctrace::framer(framing, &trace)),
        None => CANDIDATES
            .iter()
            .find(|(recognise, _)| recognise(&prefix))
            .map(|(_, make)| make())
            .or_else(|| ctrace::recognise(&prefix).map(|f| ctrace::framer(f, &trace)))
            .or_else(|| erf::recognise(&prefix).then(|| -> Box<dyn Framer> { Box::new(erf::new()) })),
    };
    match framer {
        Some(framer) => Ok(Detected { input, prefix, framer, layers, notes }),
        None => {
            let inside: String = layers.iter().map(|l| format!("{} holding ", l.name)).collect();
            Err(format!("{inside}nothing that zscope knows as a trace"))
        }
    }
}
