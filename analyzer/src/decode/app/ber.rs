//! Basic encoding rules of ASN.1 (X.690), as far as management protocols use them.

use crate::decode::{Buf, Outcome};

use super::text::Text;

/// One element: where it begins, what it is, where its contents lie.
#[derive(Debug, Clone, Copy)]
pub struct Element {
    /// First byte: class, whether it holds elements, and tag number.
    pub tag: u8,
    /// Where it begins.
    pub start: usize,
    /// Where its contents begin.
    pub at: usize,
    /// Length of its contents.
    pub len: usize,
}

impl Element {
    /// The element at `at`.
    ///
    /// # Errors
    /// When its head is cut short, or its length is of no use: indefinite, or beyond four bytes.
    pub fn read(b: Buf<'_>, at: usize) -> Outcome<Self> {
        let tag = b.u8(at)?;
        if tag & 31 == 31 {
            return Err(b.malformed(at));
        }
        let first = b.u8(at + 1)?;
        let (len, from) = match first {
            0..=0x7F => (usize::from(first), at + 2),
            0x81..=0x84 => {
                let n = usize::from(first & 0x7F);
                let len = b.get(at + 2, n)?.iter().fold(0usize, |v, &x| v << 8 | usize::from(x));
                (len, at + 2 + n)
            }
            _ => return Err(b.malformed(at + 1)),
        };
        if len > 0x7FFF_FFFF {
            return Err(b.malformed(at + 1));
        }
        Ok(Self { tag, start: at, at: from, len })
    }

    /// The element at `at`, which has to have this tag.
    ///
    /// # Errors
    /// When it is another one.
    pub fn expect(b: Buf<'_>, at: usize, tag: u8) -> Outcome<Self> {
        let e = Self::read(b, at)?;
        if e.tag == tag { Ok(e) } else { Err(b.malformed(at)) }
    }

    /// Where the next element begins.
    #[must_use]
    pub const fn end(&self) -> usize {
        self.at + self.len
    }

    /// The contents as an integer with a sign; of one that is too long, the lowest eight bytes.
    ///
    /// # Errors
    /// When the contents are not all there.
    pub fn int(&self, b: Buf<'_>) -> Outcome<i64> {
        let v = b.get(self.at, self.len)?;
        let negative = v.first().is_some_and(|x| x & 0x80 != 0);
        Ok(v.iter().fold(if negative { -1 } else { 0 }, |n: i64, &x| n << 8 | i64::from(x)))
    }

    /// The contents as an integer without a sign.
    ///
    /// # Errors
    /// When the contents are not all there.
    pub fn uint(&self, b: Buf<'_>) -> Outcome<u64> {
        Ok(b.get(self.at, self.len)?.iter().fold(0, |n: u64, &x| n << 8 | u64::from(x)))
    }

    /// The contents as an object identifier, dotted.
    ///
    /// # Errors
    /// When the contents are not all there.
    pub fn oid(&self, b: Buf<'_>) -> Outcome<Text<1024>> {
        let mut t = Text::default();
        let (mut value, mut first) = (0u64, true);
        for &x in b.get(self.at, self.len)? {
            value = value << 7 | u64::from(x & 0x7F);
            if x & 0x80 != 0 {
                continue;
            }
            if first {
                // The first two parts share a number.
                let top = (value / 40).min(2);
                t.dec(top);
                t.byte(b'.');
                t.dec(value - 40 * top);
                first = false;
            } else {
                t.byte(b'.');
                t.dec(value);
            }
            value = 0;
        }
        Ok(t)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements() {
        // X.690 8.19.5: 2.999.3; 8.1.3.5: length 201 in the long form.
        let b = Buf::new(&[6, 3, 0x88, 0x37, 3], 5, 0);
        let e = Element::read(b, 0).unwrap();
        assert_eq!(e.oid(b).unwrap().as_str(), "2.999.3");
        let b = Buf::new(&[4, 0x81, 0xC9], 300, 0);
        let e = Element::read(b, 0).unwrap();
        assert_eq!((e.at, e.len), (3, 201));
        let b = Buf::new(&[2, 2, 0xFF, 0x7F], 4, 0);
        assert_eq!(Element::read(b, 0).unwrap().int(b), Ok(-129));
        assert!(Element::read(Buf::new(&[0x30, 0x80, 0, 0], 4, 0), 0).is_err());
    }
}
