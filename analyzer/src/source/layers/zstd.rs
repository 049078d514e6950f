//! Zstandard (RFC 8878).

use super::{Layer, Wrapper};

/// Zstandard.
pub const WRAPPER: Wrapper = Wrapper {
    recognise: |b| b.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]),
    describe: |_| Layer { name: "zstd", ..Layer::default() },
    open: |input| Ok(Box::new(zstd::stream::read::Decoder::new(input)?)),
};
