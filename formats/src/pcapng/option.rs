//! pcapng options: code, length, value, padding; the last one has code 0.
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 2 | code |
//! | 2 | 2 | length of the value, padding not counted |
//! | 4 | n | value |
//! | 4+n | 0-3 | padding to a multiple of 4 |

use super::{pad, padding};
use crate::endian::Endian;
use crate::{Error, Result};
use std::fmt;

const OPTION: &str = "pcapng option";

/// Option code. Codes above 1 mean something different in every block type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OptionCode(pub u16);

#[allow(missing_docs)]
impl OptionCode {
    pub const END: Self = Self(0);
    pub const COMMENT: Self = Self(1);
    /// Custom options: a private enterprise number, then text or bytes.
    pub const CUSTOM_TEXT: Self = Self(2988);
    pub const CUSTOM_BYTES: Self = Self(2989);
    /// The same, not to be copied by a tool that does not understand them.
    pub const CUSTOM_TEXT_NO_COPY: Self = Self(19372);
    pub const CUSTOM_BYTES_NO_COPY: Self = Self(19373);

    pub const SHB_HARDWARE: Self = Self(2);
    pub const SHB_OS: Self = Self(3);
    pub const SHB_USERAPPL: Self = Self(4);

    pub const IF_NAME: Self = Self(2);
    pub const IF_DESCRIPTION: Self = Self(3);
    pub const IF_IPV4ADDR: Self = Self(4);
    pub const IF_IPV6ADDR: Self = Self(5);
    pub const IF_MACADDR: Self = Self(6);
    pub const IF_EUIADDR: Self = Self(7);
    pub const IF_SPEED: Self = Self(8);
    pub const IF_TSRESOL: Self = Self(9);
    pub const IF_TZONE: Self = Self(10);
    pub const IF_FILTER: Self = Self(11);
    pub const IF_OS: Self = Self(12);
    pub const IF_FCSLEN: Self = Self(13);
    pub const IF_TSOFFSET: Self = Self(14);
    pub const IF_HARDWARE: Self = Self(15);
    pub const IF_TXSPEED: Self = Self(16);
    pub const IF_RXSPEED: Self = Self(17);

    pub const EPB_FLAGS: Self = Self(2);
    pub const EPB_HASH: Self = Self(3);
    pub const EPB_DROPCOUNT: Self = Self(4);
    pub const EPB_PACKETID: Self = Self(5);
    pub const EPB_QUEUE: Self = Self(6);
    pub const EPB_VERDICT: Self = Self(7);

    pub const NS_DNSNAME: Self = Self(2);
    pub const NS_DNSIP4ADDR: Self = Self(3);
    pub const NS_DNSIP6ADDR: Self = Self(4);

    pub const ISB_STARTTIME: Self = Self(2);
    pub const ISB_ENDTIME: Self = Self(3);
    pub const ISB_IFRECV: Self = Self(4);
    pub const ISB_IFDROP: Self = Self(5);
    pub const ISB_FILTERACCEPT: Self = Self(6);
    pub const ISB_OSDROP: Self = Self(7);
    pub const ISB_USRDELIV: Self = Self(8);
}

/// One option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opt<'a> {
    /// Byte order of its section.
    pub endian: Endian,
    /// Option code.
    pub code: OptionCode,
    /// Value without padding.
    pub value: &'a [u8],
}

impl<'a> Opt<'a> {
    /// The value as a number when it is 1, 2, 4 or 8 bytes long.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        match self.value.len() {
            1 => Some(u64::from(self.value[0])),
            2 => self.endian.u16_at(self.value, 0).map(u64::from),
            4 => self.endian.u32_at(self.value, 0).map(u64::from),
            8 => self.endian.u64_at(self.value, 0),
            _ => None,
        }
    }

    /// The value as text; what is not UTF-8 is replaced, NULs at the end are cut.
    #[must_use]
    pub fn text(&self) -> std::borrow::Cow<'a, str> {
        let end = self.value.iter().rposition(|&b| b != 0).map_or(0, |i| i + 1);
        String::from_utf8_lossy(&self.value[..end])
    }
}

impl fmt::Display for Opt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "option {}, {} bytes", self.code.0, self.value.len())
    }
}

/// Walks a list of options. Ends at `opt_endofopt`, at the end of the bytes, or after an error.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    endian: Endian,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Options<'a> {
    /// The options in `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8], endian: Endian) -> Self {
        Self { endian, bytes, at: 0 }
    }

    /// The bytes the options are in.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The first option with `code`, damaged ones passed over.
    #[must_use]
    pub fn find(&self, code: OptionCode) -> Option<Opt<'a>> {
        (*self).flatten().find(|o| o.code == code)
    }
}

impl PartialEq for Options<'_> {
    fn eq(&self, o: &Self) -> bool {
        self.endian == o.endian && self.bytes == o.bytes
    }
}

impl Eq for Options<'_> {}

impl<'a> Iterator for Options<'a> {
    type Item = Result<Opt<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        let rest = self.bytes.get(at..)?;
        if rest.is_empty() {
            return None;
        }
        self.at = self.bytes.len();
        let (Some(code), Some(len)) = (self.endian.u16_at(rest, 0), self.endian.u16_at(rest, 2)) else {
            return Some(Err(Error::short(OPTION, "code", at, 4, rest.len())));
        };
        if code == 0 {
            return None;
        }
        let len = usize::from(len);
        let Some(value) = rest.get(4..4 + len) else {
            return Some(Err(Error::short(OPTION, "value", at + 4, len, rest.len() - 4)));
        };
        self.at = (at + 4 + len + padding(len)).min(self.bytes.len());
        Some(Ok(Opt { endian: self.endian, code: OptionCode(code), value }))
    }
}

/// Appends options to a block under construction. A value above 65535 bytes is cut, which
/// [`OptionWriter::bytes`] tells.
#[derive(Debug)]
pub struct OptionWriter<'a> {
    out: &'a mut Vec<u8>,
    endian: Endian,
    any: bool,
}

impl<'a> OptionWriter<'a> {
    /// A writer that appends to `out`.
    pub fn new(out: &'a mut Vec<u8>, endian: Endian) -> Self {
        Self { out, endian, any: false }
    }

    /// Appends one option; false when the value was cut to the 65535 bytes an option can hold.
    pub fn bytes(&mut self, code: OptionCode, value: &[u8]) -> bool {
        let len = value.len().min(0xffff);
        self.any = true;
        let ([a, b], [c, d]) = (self.endian.b16(code.0), self.endian.b16(len as u16));
        self.out.extend_from_slice(&[a, b, c, d]);
        self.out.extend_from_slice(&value[..len]);
        pad(self.out, padding(len));
        len == value.len()
    }

    /// Appends a text option, cut at a character boundary when it is too long.
    pub fn text(&mut self, code: OptionCode, text: &str) -> bool {
        let mut len = text.len().min(0xffff);
        while !text.is_char_boundary(len) {
            len -= 1;
        }
        self.bytes(code, &text.as_bytes()[..len]) && len == text.len()
    }

    /// Appends an option with a one-byte value.
    pub fn u8(&mut self, code: OptionCode, v: u8) {
        self.bytes(code, &[v]);
    }

    /// Appends an option with a four-byte value.
    pub fn u32(&mut self, code: OptionCode, v: u32) {
        let v = self.endian.b32(v);
        self.bytes(code, &v);
    }

    /// Appends an option with an eight-byte value.
    pub fn u64(&mut self, code: OptionCode, v: u64) {
        let v = self.endian.b64(v);
        self.bytes(code, &v);
    }

    /// Ends the list; writes nothing when there was no option.
    pub fn finish(self) {
        if self.any {
            self.out.extend_from_slice(&[0; 4]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn walks_and_stops_at_the_end_marker() {
        let b = [0, 1, 0, 3, b'a', b'b', b'c', 0, 0, 2, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 9, 9, 9, 9];
        let all: Vec<_> = Options::new(&b, Endian::Big).map(Result::unwrap).collect();
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].code, all[0].value), (OptionCode::COMMENT, &b"abc"[..]));
        assert_eq!(all[1].number(), Some(1));
        assert_eq!(Options::new(&b, Endian::Big).find(OptionCode(2)).unwrap().value, [0, 0, 0, 1]);
        assert_eq!(Options::new(&[], Endian::Big).count(), 0);
    }

    #[test]
    fn says_where_a_list_is_cut() {
        let b = [1, 0, 5, 0, b'a', b'b'];
        let mut o = Options::new(&b, Endian::Little);
        assert_eq!(o.next(), Some(Err(Error::short("pcapng option", "value", 4, 5, 2))));
        assert_eq!(o.next(), None);
        assert_eq!(Options::new(&b[..3], Endian::Little).next().unwrap().unwrap_err().field, "code");
    }

    #[test]
    fn writes_what_the_specification_shows() {
        let mut out = Vec::new();
        let mut w = OptionWriter::new(&mut out, Endian::Little);
        assert!(w.text(OptionCode::COMMENT, "hello"));
        w.u8(OptionCode::IF_TSRESOL, 9);
        w.finish();
        assert_eq!(
            out,
            [1, 0, 5, 0, b'h', b'e', b'l', b'l', b'o', 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0]
        );
        let mut none = Vec::new();
        OptionWriter::new(&mut none, Endian::Big).finish();
        assert!(none.is_empty());
    }

    #[test]
    fn says_when_a_value_is_cut() {
        let mut out = Vec::new();
        let mut w = OptionWriter::new(&mut out, Endian::Little);
        assert!(!w.text(OptionCode::COMMENT, &"\u{e9}".repeat(40_000)));
        assert_eq!(out.len(), 4 + 65_534 + 2);
    }

    proptest! {
        #[test]
        fn any_bytes(b in prop::collection::vec(any::<u8>(), 0..80), big: bool) {
            let e = if big { Endian::Big } else { Endian::Little };
            prop_assert!(Options::new(&b, e).count() <= 20);
        }
    }
}
