//! NETDATA (TSO TRANSMIT): the records of the first data set in it.
//!
//! Variable records get their record descriptor word back, fixed and undefined ones are pure
//! bytes. An unloaded library comes out as the variable records that IEBCOPY wrote, for the
//! layer inside to take apart.

use super::{Context, Input, LayerInfo, Meter, Reader, Shape};
use crate::source::frame::AnomalyKind;
use formats::xmit::control::{Control, DataSet, Id};
use formats::xmit::segment::Records;
use formats::xmit::text_unit::Key;
use std::io::{self, Read};

/// Name of the layer.
pub const NAME: &str = "xmit";
/// Longest data that a record descriptor word describes, and of a segment of more.
const LONGEST: usize = 32_756;
const SEGMENT: usize = 32_752;

/// True when `prefix` is the beginning of a transmitted file.
#[must_use]
pub fn recognise(prefix: &[u8]) -> bool {
    formats::xmit::recognise(prefix)
}

/// Opens a transmitted file.
///
/// # Errors
/// Those of `inner`.
pub fn open(inner: Reader, _prefix: &[u8], cx: &Context) -> io::Result<(Reader, LayerInfo)> {
    let mut x = Xmit {
        input: Input::new(inner),
        meter: Meter::new(NAME, cx),
        records: Records::new(),
        files: Vec::new(),
        origin: String::new(),
        current: None,
        chosen: None,
        out: Vec::new(),
        at: 0,
        ended: false,
    };
    // The control records in front of the data say what it is.
    while x.chosen.is_none() && !x.ended {
        x.next_record()?;
    }
    if x.chosen.is_none() {
        let text = "no data set in the file, only a message or control records";
        x.meter.note(AnomalyKind::UnknownRecord, 0, text, "");
    }
    let data = x.files.iter().find(|f| !f.message);
    let shape = data.map(shape);
    let mut detail = x.origin.clone();
    for f in &x.files {
        detail.push_str(if detail.is_empty() { "" } else { "; " });
        detail.push_str(&f.to_string());
    }
    let info = LayerInfo { name: NAME, detail, shape, ..LayerInfo::default() };
    Ok((Box::new(x), info))
}

fn shape(f: &DataSet) -> Shape {
    if f.is_unloaded() || f.recfm.is_variable() {
        Shape::Variable
    } else if f.recfm.is_fixed() {
        u32::try_from(f.lrecl).map_or(Shape::Undefined, Shape::Fixed)
    } else {
        Shape::Undefined
    }
}

/// Reads the data records of one file.
pub struct Xmit {
    input: Input,
    meter: Meter,
    records: Records,
    files: Vec<DataSet>,
    origin: String,
    /// Index of the file whose data records come.
    current: Option<usize>,
    /// Index of the file that is given.
    chosen: Option<usize>,
    out: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Xmit {
    fn end(&mut self, kind: AnomalyKind, text: String, advice: &'static str) {
        self.ended = true;
        self.meter.note(kind, self.input.offset(), text, advice);
    }

    fn next_record(&mut self) -> io::Result<()> {
        self.input.fill(256)?;
        let (took, done) = match self.records.push(self.input.bytes()) {
            Ok(r) => r,
            Err(e) => {
                self.end(AnomalyKind::BadField, e.to_string(), "transfer the file again, in binary");
                return Ok(());
            }
        };
        self.input.consume(took);
        if !done {
            // A segment has 255 bytes at most, so the file ends in one.
            if took == 0 {
                let text = "the file ends without INMR06".to_owned();
                self.end(AnomalyKind::TruncatedFile, text, "transfer the file again, in binary");
            }
            return Ok(());
        }
        if self.records.record().control {
            self.control();
        } else {
            self.data();
        }
        Ok(())
    }

    fn control(&mut self) {
        let record = self.records.record();
        let c = match Control::parse(&record.data) {
            Ok(c) => c,
            Err(e) => {
                let text = e.to_string();
                self.meter.note(AnomalyKind::UnknownRecord, record.offset, text, "");
                return;
            }
        };
        match c.id {
            Id::INMR01 => {
                let t = |k| c.text(k).unwrap_or_default();
                self.origin = format!("from {}.{}", t(Key::INMFNODE), t(Key::INMFUID));
            }
            Id::INMR02 => {
                let n = c.file.unwrap_or_default();
                if self.files.last().is_none_or(|f| f.file != n) && self.files.len() < 1000 {
                    self.files.push(DataSet::default());
                }
                if let Some(f) = self.files.last_mut() {
                    f.add(&c);
                }
            }
            Id::INMR03 => {
                let next = self.current.map_or(0, |c| c + 1);
                self.current = Some(next);
                if self.files.get(next).is_some_and(|f| !f.message) {
                    if self.chosen.is_none() {
                        self.chosen = self.current;
                    } else {
                        let text = "a second data set is in the file and not read".to_owned();
                        self.meter.note(AnomalyKind::SkippedBytes, record.offset, text, "");
                    }
                }
            }
            Id::INMR06 => self.ended = true,
            _ => {}
        }
    }

    fn data(&mut self) {
        if self.current != self.chosen || self.chosen.is_none() {
            return;
        }
        let Some(f) = self.chosen.and_then(|c| self.files.get(c)) else { return };
        let data = &self.records.record().data;
        if shape(f) != Shape::Variable {
            self.out.extend_from_slice(data);
            return;
        }
        if data.len() <= LONGEST {
            self.out.extend_from_slice(&[((data.len() + 4) >> 8) as u8, (data.len() + 4) as u8, 0, 0]);
            self.out.extend_from_slice(data);
            return;
        }
        let last = data.len().div_ceil(SEGMENT) - 1;
        for (i, part) in data.chunks(SEGMENT).enumerate() {
            let kind = if i == 0 {
                1
            } else if i == last {
                2
            } else {
                3
            };
            self.out.extend_from_slice(&[((part.len() + 4) >> 8) as u8, (part.len() + 4) as u8, kind, 0]);
            self.out.extend_from_slice(part);
        }
    }
}

impl Read for Xmit {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        if self.at == self.out.len() {
            self.out.clear();
            self.at = 0;
            while self.out.len() < 32 << 10 && !self.ended {
                self.next_record()?;
            }
        }
        let rest = &self.out[self.at..];
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        Ok(n)
    }
}
