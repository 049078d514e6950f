//! gzip (RFC 1952), with any number of members.

use flate2::read::MultiGzDecoder;

use super::{Layer, Wrapper};

/// gzip.
pub const WRAPPER: Wrapper = Wrapper {
    // Deflate is the only method there is; the three highest flags are reserved.
    recognise: |b| b.starts_with(&[0x1F, 0x8B, 8]) && b.get(3).is_some_and(|f| f & 0xE0 == 0),
    describe: |_| Layer { name: "gzip", ..Layer::default() },
    open: |input| Ok(Box::new(MultiGzDecoder::new(input))),
};
