//! Which framer an input needs: each is asked in turn whether it knows the first bytes.

use std::io::Read;

use super::frame::Framer;
use super::options::Options;
use super::{erf, iptrace, netmon, pcap, pcapng, peek, snoop, trsniff};

/// What was found out about an input.
pub struct Detected {
    /// The peeled stream behind `prefix`.
    pub input: Box<dyn Read + Send>,
    /// Bytes read to find out.
    pub prefix: Vec<u8>,
    /// Finds the records.
    pub framer: Box<dyn Framer>,
    /// Names of the layers peeled, outermost first.
    pub layers: Vec<String>,
}

/// Bytes looked at.
const PREFIX: usize = 64 << 10;

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
pub fn detect(mut input: Box<dyn Read + Send>, _options: &Options) -> Result<Detected, String> {
    let mut prefix = Vec::new();
    input.by_ref().take(PREFIX as u64).read_to_end(&mut prefix).map_err(|e| e.to_string())?;
    if prefix.is_empty() {
        return Err("is empty".into());
    }
    let framer = CANDIDATES.iter().find(|(recognise, _)| recognise(&prefix)).map(|(_, make)| make());
    match framer {
        Some(framer) => Ok(Detected { input, prefix, framer, layers: Vec::new() }),
        None => Err("not a trace that zscope knows".into()),
    }
}
