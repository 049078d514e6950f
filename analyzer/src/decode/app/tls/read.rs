//! Walks the nested vectors that TLS messages are made of.

use crate::decode::{Buf, Ctx, FieldId, Outcome, Sink, Value};

/// A place in a message.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// The bytes, up to where they end.
    pub b: Buf<'a>,
    /// Where it stands.
    pub at: usize,
}

impl<'a> Reader<'a> {
    /// Stands at the start of `b`.
    #[must_use]
    pub const fn new(b: Buf<'a>) -> Self {
        Self { b, at: 0 }
    }

    /// Bytes left.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.b.reported().saturating_sub(self.at)
    }

    /// One byte.
    pub fn u8<S: Sink>(&mut self, c: &mut Ctx<'_, S>, id: FieldId) -> Outcome<usize> {
        let v = c.u8(id, self.b, self.at)?;
        self.at += 1;
        Ok(v.into())
    }

    /// Two bytes.
    pub fn u16<S: Sink>(&mut self, c: &mut Ctx<'_, S>, id: FieldId) -> Outcome<usize> {
        let v = c.u16(id, self.b, self.at)?;
        self.at += 2;
        Ok(v.into())
    }

    /// Three bytes.
    pub fn u24<S: Sink>(&mut self, c: &mut Ctx<'_, S>, id: FieldId) -> Outcome<usize> {
        let v = c.u24(id, self.b, self.at)?;
        self.at += 3;
        Ok(v as usize)
    }

    /// Four bytes.
    pub fn u32<S: Sink>(&mut self, c: &mut Ctx<'_, S>, id: FieldId) -> Outcome<u32> {
        let v = c.u32(id, self.b, self.at)?;
        self.at += 4;
        Ok(v)
    }

    /// Two bytes that no field shows.
    pub fn peek16(&mut self) -> Outcome<usize> {
        let v = self.b.u16(self.at)?;
        self.at += 2;
        Ok(v.into())
    }

    /// A byte string.
    pub fn bytes<S: Sink>(&mut self, c: &mut Ctx<'_, S>, id: FieldId, len: usize) -> Outcome<&'a [u8]> {
        let v = c.bytes(id, self.b, self.at, len)?;
        self.at += len;
        Ok(v)
    }

    /// Text.
    pub fn text<S: Sink>(&mut self, c: &mut Ctx<'_, S>, id: FieldId, len: usize) -> Outcome<&'a [u8]> {
        let v = self.b.get(self.at, len)?;
        if c.sink.asks(id) {
            c.field(id, Value::Str(&String::from_utf8_lossy(v)), self.b.span(self.at, len));
        }
        self.at += len;
        Ok(v)
    }

    /// What the next `len` bytes hold.
    pub fn part(&mut self, len: usize) -> Outcome<Self> {
        if len > self.left() {
            return Err(self.b.malformed(self.at));
        }
        let part = Self::new(self.b.from(self.at).truncate(len));
        self.at += len;
        Ok(part)
    }

    /// A field that stands for the next `len` bytes.
    pub fn mark<S: Sink>(&self, c: &mut Ctx<'_, S>, id: FieldId, len: usize) {
        c.field(id, Value::None, self.b.span(self.at, len));
    }
}
