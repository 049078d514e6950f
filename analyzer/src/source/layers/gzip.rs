//! gzip (RFC 1952): any number of members, deflated data (RFC 1951).
//!
//! | offset | length | name |
//! |---|---|---|
//! | 0 | 2 | ID 1F 8B |
//! | 2 | 1 | CM, 8 |
//! | 3 | 1 | FLG: 01 FTEXT, 02 FHCRC, 04 FEXTRA, 08 FNAME, 10 FCOMMENT |
//! | 4 | 4 | MTIME |
//! | 8 | 2 | XFL, OS |
//! | 10 | | FEXTRA (2-byte length), FNAME and FCOMMENT (zero-terminated), FHCRC (2) |
//!
//! Behind the data: CRC32 and ISIZE, little-endian.

use super::{Context, Input, LayerInfo, Meter, Reader};
use crate::source::frame::AnomalyKind;
use flate2::{Crc, Decompress, FlushDecompress, Status};
use std::io::{self, Read};

/// Name of the layer.
pub const NAME: &str = "gzip";
/// Longest header that is looked through.
const MAX_HEADER: usize = 1 << 18;

/// True when `prefix` begins a gzip member.
#[must_use]
pub fn recognise(prefix: &[u8]) -> bool {
    prefix.len() >= 10 && prefix[..3] == [0x1F, 0x8B, 8] && prefix[3] & 0xE0 == 0
}

/// Where the data begins and the name of the file inside; none when `b` ends before that.
fn header(b: &[u8]) -> Option<(usize, Option<String>)> {
    let flags = *b.get(3)?;
    let mut at = 10;
    if flags & 4 != 0 {
        at += 2 + usize::from(u16::from_le_bytes(*b.get(at..)?.first_chunk()?));
    }
    let mut name = None;
    for bit in [8, 16] {
        if flags & bit != 0 {
            let text = b.get(at..)?;
            let len = memchr::memchr(0, text)?;
            if bit == 8 {
                name = Some(String::from_utf8_lossy(&text[..len]).into_owned());
            }
            at += len + 1;
        }
    }
    at += if flags & 2 != 0 { 2 } else { 0 };
    (b.len() >= at).then_some((at, name))
}

/// Opens a gzip file.
///
/// # Errors
/// Those of `inner`.
pub fn open(inner: Reader, prefix: &[u8], cx: &Context) -> io::Result<(Reader, LayerInfo)> {
    let detail = header(prefix).and_then(|(_, name)| name).unwrap_or_default();
    let info = LayerInfo { name: NAME, detail, ..LayerInfo::default() };
    Ok((Box::new(Gzip::new(inner, cx)), info))
}

enum State {
    Header,
    Body,
    Trailer,
    End,
}

/// Unpacks gzip members.
pub struct Gzip {
    input: Input,
    meter: Meter,
    state: State,
    inflate: Decompress,
    crc: Crc,
    members: u64,
}

impl Gzip {
    /// Over a gzip file.
    #[must_use]
    pub fn new(inner: Reader, cx: &Context) -> Self {
        Self {
            input: Input::new(inner),
            meter: Meter::new(NAME, cx),
            state: State::Header,
            inflate: Decompress::new(false),
            crc: Crc::new(),
            members: 0,
        }
    }

    fn header(&mut self) -> io::Result<()> {
        let mut want = 10;
        loop {
            let more = self.input.fill(want)?;
            if !recognise(self.input.bytes()) {
                self.state = State::End;
                return self.trailing();
            }
            if let Some((n, _)) = header(self.input.bytes()) {
                self.input.consume(n);
                self.inflate.reset(false);
                self.crc.reset();
                self.state = State::Body;
                return Ok(());
            }
            if !more || want > MAX_HEADER {
                self.cut("in a member's header");
                return Ok(());
            }
            want = self.input.bytes().len() + 1;
        }
    }

    /// What follows the last member.
    fn trailing(&mut self) -> io::Result<()> {
        let offset = self.input.offset();
        let zeros = self.input.bytes().iter().all(|&b| b == 0);
        let n = self.input.skip_all()?;
        // Padding with zeros is usual on tapes and block devices.
        if n > 0 && !(zeros && n < Input::CHUNK as u64) {
            let text = format!("{n} bytes behind the last member are not gzip");
            self.meter.note(AnomalyKind::SkippedBytes, offset, text, "");
        }
        Ok(())
    }

    fn cut(&mut self, place: &str) {
        self.state = State::End;
        let text = format!("the file ends {place}");
        let offset = self.input.offset();
        self.meter.note(AnomalyKind::TruncatedFile, offset, text, "transfer the file again, in binary");
    }
}

impl Read for Gzip {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            match self.state {
                State::Header => self.header()?,
                State::Body => {
                    self.input.fill(1)?;
                    let room = self.meter.grant(buf.len(), self.input.offset());
                    if room == 0 {
                        self.state = State::End;
                        continue;
                    }
                    let (i, o) = (self.inflate.total_in(), self.inflate.total_out());
                    let ended = self.input.bytes().is_empty();
                    let flush = if ended { FlushDecompress::Finish } else { FlushDecompress::None };
                    let status = self.inflate.decompress(self.input.bytes(), &mut buf[..room], flush);
                    let took = (self.inflate.total_in() - i) as usize;
                    let made = (self.inflate.total_out() - o) as usize;
                    self.input.consume(took);
                    self.meter.made(made);
                    self.crc.update(&buf[..made]);
                    match status {
                        Ok(Status::StreamEnd) => self.state = State::Trailer,
                        Ok(_) if made == 0 && took == 0 && ended => self.cut("inside a member"),
                        Ok(_) => {}
                        Err(_) if ended && made == 0 => {
                            self.cut("inside a member");
                        }
                        Err(e) => {
                            self.state = State::End;
                            let text = format!("damaged deflate data: {e}");
                            self.meter.note(AnomalyKind::BadCompression, self.input.offset(), text, "");
                        }
                    }
                    if made > 0 {
                        return Ok(made);
                    }
                }
                State::Trailer => {
                    self.members += 1;
                    if !self.input.fill(8)? {
                        self.cut("before a member's checksum");
                        continue;
                    }
                    let b = self.input.bytes();
                    let sum = u32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                    let size = u32::from_le_bytes([b[4], b[5], b[6], b[7]]);
                    if sum != self.crc.sum() || size != self.crc.amount() {
                        let text = format!(
                            "member {}: checksum {sum:08X} and length {size} in the file, {:08X} and {} found",
                            self.members,
                            self.crc.sum(),
                            self.crc.amount()
                        );
                        self.meter.note(AnomalyKind::BadChecksum, self.input.offset(), text, "");
                    }
                    self.input.consume(8);
                    self.input.fill(10)?;
                    self.state = State::Header;
                    if self.input.bytes().is_empty() {
                        self.state = State::End;
                    }
                }
                State::End => return Ok(0),
            }
        }
    }
}
