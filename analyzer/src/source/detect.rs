//! Which framer an input needs: each is asked in turn whether it knows the first bytes.

use std::io::Read;

use super::frame::Framer;
use super::options::Options;

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

/// Peels layers until a framer accepts.
pub fn detect(mut input: Box<dyn Read + Send>, _options: &Options) -> Result<Detected, String> {
    let mut prefix = Vec::new();
    input.by_ref().take(PREFIX as u64).read_to_end(&mut prefix).map_err(|e| e.to_string())?;
    if formats::pcap::FileHeader::decode(&prefix).is_ok() {
        let framer: Box<dyn Framer> = Box::new(super::plain::Plain::default());
        return Ok(Detected { input, prefix, framer, layers: Vec::new() });
    }
    Err("not a trace that zscope knows".into())
}
