//! Libraries that IEBCOPY unloaded, as variable records: the content of their members.
//!
//! Members of fixed or undefined records are pure bytes; those of variable records keep their
//! record descriptor words and lose the block descriptor words.

use super::{Context, Input, LayerInfo, Meter, PEEK, Reader, Shape};
use crate::source::frame::AnomalyKind;
use formats::xmit::iebcopy::{Copyr1, Event, MARK, Unload};
use std::collections::VecDeque;
use std::io::{self, Read};

/// Name of the layer.
pub const NAME: &str = "pds";
/// Longest record put together from segments.
const MAX_RECORD: usize = 1 << 20;

/// True when `prefix` begins with the variable record COPYR1.
#[must_use]
pub fn recognise(prefix: &[u8]) -> bool {
    prefix.len() >= 20
        && usize::from(prefix[0]) << 8 | usize::from(prefix[1]) >= 20
        && prefix[2] <= 3
        && prefix[3] == 0
        && prefix[4] <= 1
        && prefix[5..8] == MARK
}

/// Opens an unloaded library at the member that the options ask for.
///
/// # Errors
/// Those of `inner`.
pub fn open(inner: Reader, _prefix: &[u8], cx: &Context) -> io::Result<(Reader, LayerInfo)> {
    let mut m = Members::new(inner, cx)?;
    let names = m.names();
    let mut info = LayerInfo { name: NAME, members: names.clone(), ..LayerInfo::default() };
    let Some(head) = m.unload.head() else {
        return Ok((Box::new(io::empty()), info));
    };
    info.shape = Some(shape(&head));
    info.detail = format!("{head}, {} members", names.len());
    let wanted = cx.options.member.as_deref();
    let mut first = Vec::new();
    let mut chosen = None;
    while let Some(n) = m.next_member()? {
        let Some(name) = wanted else {
            // The only one, or the first that is something.
            (&mut m).take(PEEK as u64).read_to_end(&mut first)?;
            let accepts = cx.options.accepts.as_ref();
            let known = super::recognise(&first).is_some() || accepts.is_some_and(|a| a(&first));
            if known || names.len() == 1 {
                chosen = Some(n);
                break;
            }
            first.clear();
            continue;
        };
        if m.unload.names(n).any(|m| m.eq_ignore_ascii_case(name)) {
            chosen = Some(n);
            break;
        }
    }
    let Some(n) = chosen else {
        let text = match wanted {
            Some(w) => format!("no member {w} in the library; it has {}", names.join(", ")),
            None => format!("none of the {} members is a trace", names.len()),
        };
        m.core.meter.note(AnomalyKind::UnknownRecord, 0, text, "choose one with --member");
        return Ok((Box::new(io::empty()), info));
    };
    info.member = m.unload.names(n).next().map(str::to_owned);
    info.detail.push_str(&format!(", member {}", names.get(n).map_or("", |s| s)));
    Ok((Box::new(io::Cursor::new(first).chain(m)), info))
}

fn shape(head: &Copyr1) -> Shape {
    if head.recfm.is_variable() {
        Shape::Variable
    } else if head.recfm.is_fixed() {
        Shape::Fixed(u32::from(head.lrecl))
    } else {
        Shape::Undefined
    }
}

enum Piece {
    Data(usize, Vec<u8>),
    End(usize),
}

/// Puts records together from the stream.
struct Core {
    input: Input,
    meter: Meter,
    record: Vec<u8>,
    ended: bool,
}

impl Core {
    /// Reads the next record, joined from its segments; false at the end.
    fn next(&mut self) -> io::Result<bool> {
        self.record.clear();
        loop {
            if !self.input.fill(4)? {
                return self.end(self.input.bytes().is_empty() && self.record.is_empty());
            }
            let b = self.input.bytes();
            let (len, segment) = (usize::from(b[0]) << 8 | usize::from(b[1]), b[2]);
            if len < 4 || segment > 3 || b[3] != 0 || self.record.len() + len > MAX_RECORD {
                let text =
                    format!("{:02X}{:02X}{:02X}{:02X} is no record descriptor word", b[0], b[1], b[2], b[3]);
                self.ended = true;
                self.meter.note(AnomalyKind::BadLength, self.input.offset(), text, "");
                return Ok(false);
            }
            let whole = self.input.fill(len)?;
            let have = len.min(self.input.bytes().len());
            self.record.extend_from_slice(&self.input.bytes()[4..have]);
            self.input.consume(have);
            if !whole {
                return self.end(false);
            }
            if segment == 0 || segment == 2 {
                return Ok(true);
            }
        }
    }

    fn end(&mut self, clean: bool) -> io::Result<bool> {
        self.ended = true;
        if !clean {
            let text = "the unloaded library ends inside a record";
            self.meter.note(AnomalyKind::TruncatedFile, self.input.offset(), text, "");
        }
        Ok(!self.record.is_empty())
    }
}

/// The members of an unloaded library, one after the other: [`Self::next_member`], then read.
pub struct Members {
    core: Core,
    unload: Unload,
    pieces: VecDeque<Piece>,
    /// The member that is read, and how far its front piece was given.
    current: Option<usize>,
    at: usize,
    variable: bool,
}

impl Members {
    /// Reads up to the members.
    ///
    /// # Errors
    /// Those of `inner`.
    pub fn new(inner: Reader, cx: &Context) -> io::Result<Self> {
        let core =
            Core { input: Input::new(inner), meter: Meter::new(NAME, cx), record: Vec::new(), ended: false };
        let mut m = Self {
            core,
            unload: Unload::new(),
            pieces: VecDeque::new(),
            current: None,
            at: 0,
            variable: false,
        };
        while m.unload.members().is_empty() && !m.core.ended {
            m.step()?;
        }
        Ok(m)
    }

    /// What COPYR1 says.
    #[must_use]
    pub fn head(&self) -> Option<Copyr1> {
        self.unload.head()
    }

    /// How members are cut into records.
    #[must_use]
    pub fn shape(&self) -> Option<Shape> {
        self.head().as_ref().map(shape)
    }

    /// Name of each member in the order in which they come, aliases behind it in parentheses.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        (0..self.unload.members().len())
            .map(|i| {
                let mut names = self.unload.names(i);
                let first = names.next().unwrap_or_default().to_owned();
                let others: Vec<&str> = names.collect();
                if others.is_empty() { first } else { format!("{first} ({})", others.join(", ")) }
            })
            .collect()
    }

    /// Moves to the next member, over what is left of this one; its index, or none at the end.
    ///
    /// # Errors
    /// Those of reading.
    pub fn next_member(&mut self) -> io::Result<Option<usize>> {
        if let Some(now) = self.current.take() {
            loop {
                match self.pieces.front() {
                    Some(Piece::Data(m, _)) if *m == now => {}
                    Some(Piece::End(m)) if *m == now => {
                        self.pieces.pop_front();
                        break;
                    }
                    Some(_) => break,
                    None if self.core.ended => break,
                    None => {
                        self.step()?;
                        continue;
                    }
                }
                self.pieces.pop_front();
            }
        }
        self.at = 0;
        while self.pieces.is_empty() && !self.core.ended {
            self.step()?;
        }
        self.current = self.pieces.front().map(|p| match p {
            Piece::Data(m, _) | Piece::End(m) => *m,
        });
        Ok(self.current)
    }

    /// Reads one record.
    fn step(&mut self) -> io::Result<()> {
        if !self.core.next()? {
            return Ok(());
        }
        let (pieces, variable) = (&mut self.pieces, &mut self.variable);
        let result = self.unload.record(&self.core.record, &mut |_, e| match e {
            Event::Head(h) => *variable = h.recfm.is_variable(),
            Event::Directory => {}
            Event::Block(m, b) => {
                let bdw = b.len() >= 4 && usize::from(b[0]) << 8 | usize::from(b[1]) == b.len();
                let b = if *variable && bdw { &b[4..] } else { b };
                pieces.push_back(Piece::Data(m, b.to_vec()));
            }
            Event::End(m) => pieces.push_back(Piece::End(m)),
        });
        if let Err(e) = result {
            self.core.ended = true;
            self.core.meter.note(AnomalyKind::BadField, self.core.input.offset(), e.to_string(), "");
        }
        Ok(())
    }
}

impl Read for Members {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(now) = self.current else { return Ok(0) };
        loop {
            match self.pieces.front() {
                Some(Piece::Data(m, d)) if *m == now => {
                    let rest = &d[self.at..];
                    if rest.is_empty() {
                        self.pieces.pop_front();
                        self.at = 0;
                        continue;
                    }
                    let n = rest.len().min(buf.len());
                    buf[..n].copy_from_slice(&rest[..n]);
                    self.at += n;
                    return Ok(n);
                }
                Some(_) => return Ok(0),
                None if self.core.ended => return Ok(0),
                None => self.step()?,
            }
        }
    }
}
