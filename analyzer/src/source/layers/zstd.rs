//! zstd (RFC 8878): any number of frames, skippable ones included.

use super::{Context, Input, LayerInfo, MORE_MEMORY, Meter, Reader};
use crate::source::frame::AnomalyKind;
use std::io::{self, Read};
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

/// Name of the layer.
pub const NAME: &str = "zstd";

/// True when `prefix` begins a zstd frame.
#[must_use]
pub fn recognise(prefix: &[u8]) -> bool {
    prefix.starts_with(&[0x28, 0xB5, 0x2F, 0xFD])
}

/// True for a frame of zstd or one that is to be skipped.
fn is_frame(b: &[u8]) -> bool {
    recognise(b) || (b.len() >= 4 && b[0] & 0xF0 == 0x50 && b[1..4] == [0x2A, 0x4D, 0x18])
}

/// Opens a zstd file.
///
/// # Errors
/// Those of `inner`, and no memory.
pub fn open(inner: Reader, _prefix: &[u8], cx: &Context) -> io::Result<(Reader, LayerInfo)> {
    let info = LayerInfo { name: NAME, ..LayerInfo::default() };
    Ok((Box::new(Zstd::new(inner, cx)?), info))
}

/// Unpacks zstd frames.
pub struct Zstd {
    input: Input,
    meter: Meter,
    decoder: Decoder<'static>,
    inside: bool,
    ended: bool,
}

impl Zstd {
    /// Over a zstd file.
    ///
    /// # Errors
    /// No memory.
    pub fn new(inner: Reader, cx: &Context) -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        let log = cx.options.limits.max_memory.max(1 << 10).ilog2().min(31);
        decoder.set_parameter(DParameter::WindowLogMax(log))?;
        let (input, meter) = (Input::new(inner), Meter::new(NAME, cx));
        Ok(Self { input, meter, decoder, inside: false, ended: false })
    }

    fn end(&mut self, kind: AnomalyKind, text: String, advice: &'static str) {
        self.ended = true;
        self.meter.note(kind, self.input.offset(), text, advice);
    }
}

impl Read for Zstd {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        while !self.ended {
            if !self.inside {
                self.input.fill(4)?;
                if self.input.bytes().is_empty() {
                    self.ended = true;
                    break;
                }
                if !is_frame(self.input.bytes()) {
                    let offset = self.input.offset();
                    let n = self.input.skip_all()?;
                    let text = format!("{n} bytes behind the last frame are not zstd");
                    self.ended = true;
                    self.meter.note(AnomalyKind::SkippedBytes, offset, text, "");
                    break;
                }
                self.decoder.reinit()?;
                self.inside = true;
            }
            let more = self.input.fill(1)?;
            let room = self.meter.grant(buf.len(), self.input.offset());
            if room == 0 {
                self.ended = true;
                break;
            }
            let mut i = InBuffer::around(self.input.bytes());
            let mut o = OutBuffer::around(&mut buf[..room]);
            let result = self.decoder.run(&mut i, &mut o);
            let (took, made) = (i.pos(), o.pos());
            self.input.consume(took);
            self.meter.made(made);
            match result {
                Ok(0) => self.inside = false,
                Ok(_) if !more && made == 0 => {
                    let text = "the file ends inside a frame".to_owned();
                    self.end(AnomalyKind::TruncatedFile, text, "transfer the file again, in binary");
                }
                Ok(_) => {}
                Err(e) => {
                    let text = e.to_string();
                    // The library's words for a window above the limit.
                    if text.contains("too much memory") {
                        self.end(AnomalyKind::LimitReached, text, MORE_MEMORY);
                    } else {
                        self.end(AnomalyKind::BadCompression, format!("damaged data: {text}"), "");
                    }
                }
            }
            if made > 0 {
                return Ok(made);
            }
        }
        Ok(0)
    }
}
