//! Which framer an input needs: each is asked in turn whether it knows the first bytes.

use super::frame::Framer;
use super::layers::{self, Layer, Notes, Peeled, Stream};
use super::options::Options;
use super::{erf, iptrace, netmon, pcap, pcapng, peek, snoop, trsniff};

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

/// Containers with a signature first, those known by their plausibility last.
const CANDIDATES: &[Candidate] = &[
    (pcapng::recognise, || Box::new(pcapng::new())),
    (pcap::recognise, || Box::new(pcap::new())),
    (snoop::recognise, || Box::new(snoop::new())),
    (iptrace::recognise, || Box::new(iptrace::new())),
    (trsniff::recognise, || Box::new(trsniff::new())),
    (netmon::recognise, || Box::new(netmon::new())),
    (peek::recognise, || Box::new(peek::new())),
    (erf::recognise, || Box::new(erf::new())),
];

/// Peels layers until a framer accepts.
pub fn detect(input: Stream, options: &Options) -> Result<Detected, String> {
    let Peeled { input, prefix, layers, notes } =
        layers::peel(input, options.limits).map_err(|e| e.to_string())?;
    if prefix.is_empty() {
        let why = layers::take_notes(&notes).into_iter().map(|n| n.detail).collect::<Vec<_>>().join("; ");
        return Err(if why.is_empty() { "is empty".into() } else { why });
    }
    let framer = CANDIDATES.iter().find(|(recognise, _)| recognise(&prefix)).map(|(_, make)| make());
    match framer {
        Some(framer) => Ok(Detected { input, prefix, framer, layers, notes }),
        None => {
            let inside: String = layers.iter().map(|l| format!("{} holding ", l.name)).collect();
            Err(format!("{inside}nothing that zscope knows as a trace"))
        }
    }
}
