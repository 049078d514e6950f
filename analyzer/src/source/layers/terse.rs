//! AMATERSE PACK and SPACK.

use super::{Context, Input, LayerInfo, Meter, Reader, Shape};
use crate::source::frame::AnomalyKind;
use formats::terse::{Decoder, Header, Need};
use std::io::{self, Read};

/// Name of the layer.
pub const NAME: &str = "terse";
/// Bytes unpacked at once.
const CHUNK: usize = 128 << 10;

/// True when `prefix` is the beginning of a tersed data set.
#[must_use]
pub fn recognise(prefix: &[u8]) -> bool {
    formats::terse::recognise(prefix)
}

/// Opens a tersed data set.
///
/// # Errors
/// Those of `inner`.
pub fn open(inner: Reader, prefix: &[u8], cx: &Context) -> io::Result<(Reader, LayerInfo)> {
    let header = Header::parse(prefix).map_err(io::Error::other)?;
    let shape = match header.recfm() {
        "U" | "binary" => Shape::Undefined,
        _ if header.variable => Shape::Variable,
        _ => Shape::Fixed(header.lrecl()),
    };
    let info =
        LayerInfo { name: NAME, detail: header.to_string(), shape: Some(shape), ..LayerInfo::default() };
    let mut input = Input::new(inner);
    input.fill(header.len())?;
    input.consume(header.len());
    let terse = Terse {
        input,
        meter: Meter::new(NAME, cx),
        decoder: Decoder::new(&header),
        out: Vec::with_capacity(CHUNK + (33 << 10)),
        at: 0,
        ended: false,
    };
    Ok((Box::new(terse), info))
}

/// Unpacks a tersed data set.
pub struct Terse {
    input: Input,
    meter: Meter,
    decoder: Decoder,
    out: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Terse {
    /// Unpacks the next piece.
    fn next(&mut self) -> io::Result<()> {
        self.out.clear();
        self.at = 0;
        while self.out.is_empty() && !self.ended {
            let more = self.input.fill(1)?;
            let room = self.meter.grant(CHUNK, self.input.offset());
            if room == 0 {
                self.ended = true;
                break;
            }
            let step = if more {
                self.decoder.decode(self.input.bytes(), &mut self.out, room)
            } else {
                self.decoder.finish(&mut self.out, room)
            };
            match step {
                Ok(s) => {
                    self.input.consume(s.consumed);
                    self.ended = s.need == Need::Nothing;
                }
                Err(e) => {
                    self.ended = true;
                    let (kind, advice) = if e.is_short() {
                        (AnomalyKind::TruncatedFile, "transfer the file again, in binary")
                    } else {
                        (AnomalyKind::BadCompression, "transfer the file again, in binary")
                    };
                    self.meter.note(kind, e.offset as u64, e.to_string(), advice);
                }
            }
        }
        self.meter.made(self.out.len());
        Ok(())
    }
}

impl Read for Terse {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at == self.out.len() {
            self.next()?;
        }
        let rest = &self.out[self.at..];
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        Ok(n)
    }
}
