//! xz.

use liblzma::read::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream as Lzma};

use super::{Layer, Wrapper};

/// Memory that a stream's dictionary may take.
const MAX_MEMORY: u64 = 32 << 20;

/// xz, with any number of streams.
pub const WRAPPER: Wrapper = Wrapper {
    recognise: |b| b.starts_with(&[0xFD, b'7', b'z', b'X', b'Z', 0]),
    describe: |_| Layer { name: "xz", ..Layer::default() },
    open: |input| {
        let lzma = Lzma::new_stream_decoder(MAX_MEMORY, CONCATENATED).map_err(std::io::Error::other)?;
        Ok(Box::new(XzDecoder::new_stream(input, lzma)))
    },
};
