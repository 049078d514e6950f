//! AWS tape images: the blocks of one data file, one after the other.
//!
//! Files of standard labels (VOL1, HDR1, EOF1...) are passed over; HDR2 says how the data file
//! is cut into records. Blocks are given as they are, so blocks of variable records keep their
//! block and record descriptor words.

use super::{Context, Input, LayerInfo, Meter, Reader, Shape};
use crate::source::frame::AnomalyKind;
use formats::awstape::Header;
use formats::ebcdic::CodePage;
use std::io::{self, Read};

/// Name of the layer.
pub const NAME: &str = "aws";

/// True when `prefix` is the beginning of a tape image.
#[must_use]
pub fn recognise(prefix: &[u8]) -> bool {
    formats::awstape::recognise(prefix)
}

/// The text of a label, EBCDIC or ASCII.
fn label(block: &[u8]) -> Option<String> {
    if block.len() < 80 {
        return None;
    }
    let text = match block[0] {
        b @ 0x41..=0x5A if b.is_ascii() => String::from_utf8_lossy(&block[..80]).into_owned(),
        _ => CodePage::Ibm037.decode(&block[..80]),
    };
    ["VOL", "HDR", "EOF", "EOV", "UHL", "UTL"]
        .iter()
        .any(|l| text.starts_with(l) && text.as_bytes()[3].is_ascii_digit())
        .then_some(text)
}

/// What the labels in front of the first data file say.
fn describe(prefix: &[u8]) -> (String, Option<Shape>) {
    let (mut at, mut parts, mut shape) = (0, Vec::new(), None);
    while let Ok(h) = Header::parse(prefix.get(at..).unwrap_or_default()) {
        at += Header::LEN;
        let Some(block) = prefix.get(at..at + usize::from(h.current)) else { break };
        at += block.len();
        if h.flags.is_mark() {
            continue;
        }
        let Some(text) = label(block) else { break };
        let field = |from: usize, to: usize| text.get(from..to).unwrap_or_default().trim();
        match &text[..4] {
            "VOL1" => parts.push(format!("volume {}", field(4, 10))),
            "HDR1" => parts.push(field(4, 21).to_owned()),
            "HDR2" => {
                let (recfm, lrecl) = (field(4, 5), field(10, 15));
                shape = match recfm {
                    "F" => lrecl.parse().ok().map(Shape::Fixed),
                    _ => None,
                };
                parts.push(format!("RECFM {recfm}, LRECL {lrecl}, BLKSIZE {}", field(5, 10)));
            }
            _ => {}
        }
    }
    (parts.join(", "), shape)
}

/// Opens a tape image.
///
/// # Errors
/// Those of `inner`.
pub fn open(inner: Reader, prefix: &[u8], cx: &Context) -> io::Result<(Reader, LayerInfo)> {
    let (detail, shape) = describe(prefix);
    let info = LayerInfo { name: NAME, detail, shape, ..LayerInfo::default() };
    let aws = Aws {
        input: Input::new(inner),
        meter: Meter::new(NAME, cx),
        wanted: cx.options.tape_file.unwrap_or(1).max(1),
        file: 0,
        blocks: 0,
        labels: false,
        left: 0,
        fresh: true,
        ended: false,
    };
    Ok((Box::new(aws), info))
}

/// Reads the blocks of one data file.
pub struct Aws {
    input: Input,
    meter: Meter,
    wanted: usize,
    /// Data files begun so far.
    file: usize,
    /// Blocks of this file.
    blocks: u64,
    labels: bool,
    /// Bytes of the current part not given yet.
    left: usize,
    /// True when the next block is the first behind a mark.
    fresh: bool,
    ended: bool,
}

impl Aws {
    fn end(&mut self, kind: AnomalyKind, text: String) {
        self.ended = true;
        self.meter.note(kind, self.input.offset(), text, "");
    }

    /// Moves to the next part of a block that is wanted.
    fn next_part(&mut self) -> io::Result<()> {
        if !self.input.fill(Header::LEN)? {
            if !self.input.bytes().is_empty() {
                self.end(AnomalyKind::TruncatedFile, "the tape ends inside a block header".to_owned());
            }
            self.ended = true;
            return Ok(());
        }
        let h = match Header::parse(self.input.bytes()) {
            Ok(h) => h,
            Err(e) => {
                self.end(AnomalyKind::BadField, e.to_string());
                return Ok(());
            }
        };
        let len = usize::from(h.current);
        if h.flags.is_mark() {
            self.input.consume(Header::LEN);
            if !self.labels && self.blocks > 0 && self.file == self.wanted {
                self.ended = true;
                self.count_the_rest()?;
            }
            (self.fresh, self.blocks) = (true, 0);
            return Ok(());
        }
        let more = self.input.fill(Header::LEN + len)?;
        if self.fresh && h.flags.is_new() {
            self.labels = label(&self.input.bytes()[Header::LEN..]).is_some();
            self.file += usize::from(!self.labels);
            self.fresh = false;
        }
        self.input.consume(Header::LEN);
        self.blocks += 1;
        if self.labels || self.file != self.wanted {
            self.input.consume(len);
        } else {
            self.left = len.min(self.input.bytes().len());
        }
        if !more {
            let text = format!("the tape ends inside a block of {len} bytes");
            self.meter.note(AnomalyKind::TruncatedFile, self.input.offset(), text, "");
        }
        Ok(())
    }

    /// Says how many data files follow.
    fn count_the_rest(&mut self) -> io::Result<()> {
        let (mut files, mut fresh) = (0u64, true);
        let offset = self.input.offset();
        while self.input.fill(Header::LEN)? {
            let Ok(h) = Header::parse(self.input.bytes()) else { break };
            let len = usize::from(h.current);
            self.input.fill(Header::LEN + len)?;
            if h.flags.is_mark() {
                fresh = true;
            } else if fresh {
                files += u64::from(label(&self.input.bytes()[Header::LEN..]).is_none());
                fresh = false;
            }
            self.input.consume(Header::LEN + len);
        }
        if files > 0 {
            let text = format!("{files} more data files on the tape");
            self.meter.note(AnomalyKind::SkippedBytes, offset, text, "choose one with --tape-file");
        }
        Ok(())
    }
}

impl Read for Aws {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        while self.left == 0 {
            if self.ended {
                return Ok(0);
            }
            self.next_part()?;
        }
        let n = self.left.min(buf.len()).min(self.input.bytes().len());
        buf[..n].copy_from_slice(&self.input.bytes()[..n]);
        self.input.consume(n);
        self.left -= n;
        Ok(n)
    }
}
