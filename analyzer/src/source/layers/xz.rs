//! xz: any number of streams, with zero padding between them.

use super::{Context, Input, LayerInfo, MORE_MEMORY, Meter, Reader};
use crate::source::frame::AnomalyKind;
use liblzma::stream::{Action, Error, Status, Stream};
use std::io::{self, Read};

/// Name of the layer.
pub const NAME: &str = "xz";

/// True when `prefix` begins an xz stream.
#[must_use]
pub fn recognise(prefix: &[u8]) -> bool {
    prefix.starts_with(&[0xFD, b'7', b'z', b'X', b'Z', 0])
}

/// Opens an xz file.
///
/// # Errors
/// Those of `inner`, and no memory.
pub fn open(inner: Reader, _prefix: &[u8], cx: &Context) -> io::Result<(Reader, LayerInfo)> {
    let info = LayerInfo { name: NAME, ..LayerInfo::default() };
    Ok((Box::new(Xz::new(inner, cx)), info))
}

/// Unpacks xz streams.
pub struct Xz {
    input: Input,
    meter: Meter,
    memory: u64,
    stream: Option<Stream>,
    ended: bool,
}

impl Xz {
    /// Over an xz file.
    #[must_use]
    pub fn new(inner: Reader, cx: &Context) -> Self {
        let (input, meter) = (Input::new(inner), Meter::new(NAME, cx));
        Self { input, meter, memory: cx.options.limits.max_memory, stream: None, ended: false }
    }

    fn end(&mut self, kind: AnomalyKind, text: String, advice: &'static str) {
        self.ended = true;
        self.meter.note(kind, self.input.offset(), text, advice);
    }

    /// Finds the next stream behind padding.
    fn next_stream(&mut self) -> io::Result<()> {
        while self.input.fill(1)? && self.input.bytes()[0] == 0 {
            let zeros = self.input.bytes().iter().take_while(|&&b| b == 0).count();
            self.input.consume(zeros);
        }
        self.input.fill(6)?;
        if recognise(self.input.bytes()) {
            let s = Stream::new_stream_decoder(self.memory, 0).map_err(io::Error::other)?;
            self.stream = Some(s);
            return Ok(());
        }
        let offset = self.input.offset();
        let n = self.input.skip_all()?;
        if n > 0 {
            let text = format!("{n} bytes behind the last stream are not xz");
            self.meter.note(AnomalyKind::SkippedBytes, offset, text, "");
        }
        self.ended = true;
        Ok(())
    }
}

impl Read for Xz {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        while !self.ended {
            let Some(stream) = &mut self.stream else {
                self.next_stream()?;
                continue;
            };
            let more = self.input.fill(1)?;
            let room = self.meter.grant(buf.len(), self.input.offset());
            if room == 0 {
                self.ended = true;
                break;
            }
            let action = if more { Action::Run } else { Action::Finish };
            let (i, o) = (stream.total_in(), stream.total_out());
            let status = stream.process(self.input.bytes(), &mut buf[..room], action);
            let took = (stream.total_in() - i) as usize;
            let made = (stream.total_out() - o) as usize;
            self.input.consume(took);
            self.meter.made(made);
            match status {
                Ok(Status::StreamEnd) => self.stream = None,
                Ok(_) if made > 0 || took > 0 => {}
                Ok(_) | Err(Error::Mem) if !more => {
                    let text = "the file ends inside a stream".to_owned();
                    self.end(AnomalyKind::TruncatedFile, text, "transfer the file again, in binary");
                }
                Err(Error::MemLimit) => {
                    let text = format!("needs more than {} bytes of memory", self.memory);
                    self.end(AnomalyKind::LimitReached, text, MORE_MEMORY);
                }
                Ok(_) => self.end(AnomalyKind::BadCompression, "the data can not go on".to_owned(), ""),
                Err(e) => {
                    let text = format!("damaged data: {e}");
                    self.end(AnomalyKind::BadCompression, text, "");
                }
            }
            if made > 0 {
                return Ok(made);
            }
        }
        Ok(0)
    }
}
