//! The header of a tersed data set.
//!
//! AMATERSE is described in z/OS MVS Diagnosis: Tools and Service Aids; the layout is that of
//! the public decompressor (openmainframeproject/tersedecompress).
//!
//! | offset | length | name | meaning |
//! |---|---|---|---|
//! | 0 | 1 | version | 02 PACK, 05 SPACK; 01 and 07 native binary |
//! | 1 | 1 | variable | 00 fixed or undefined records, 01 variable |
//! | 2 | 2 | reclen1 | record length, 0 when only `reclen2` is used |
//! | 4 | 1 | flags | 80 UNDEF, 40 CC1, 20 CC2, 10 VBS, 08 VS, 04 MVS, 03 RBITS |
//! | 5 | 1 | ratio | compression ratio |
//! | 6 | 2 | blksize | block size |
//! | 8 | 4 | reclen2 | record length, 32 bits |
//!
//! The native form is 01 or 07, the bytes 89 69 A5, and a record length of two bytes.
//! Flag 08 is on in every public sample, fixed ones included, so it says nothing about
//! spanned records by itself.

use crate::{Cursor, Error, Result};
use std::fmt;

/// Name of the record in errors.
const NAME: &str = "TERSE";
/// Bytes 1-3 of the native form.
const NATIVE_MARK: [u8; 3] = [0x89, 0x69, 0xA5];

/// Header flags.
pub mod flags {
    /// Records of undefined length (RECFM=U).
    pub const UNDEF: u8 = 0x80;
    /// Carriage control, first kind.
    pub const CC1: u8 = 0x40;
    /// Carriage control, second kind.
    pub const CC2: u8 = 0x20;
    /// Variable blocked spanned.
    pub const VBS: u8 = 0x10;
    /// Variable spanned; seen on in fixed data sets too.
    pub const VS: u8 = 0x08;
    /// Written on MVS; without it flags, ratio and block size are zero.
    pub const MVS: u8 = 0x04;
}

/// Byte 0 of a tersed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version(pub u8);

#[allow(missing_docs)]
impl Version {
    pub const NATIVE_1: Self = Self(1);
    pub const PACK: Self = Self(2);
    pub const SPACK: Self = Self(5);
    pub const NATIVE_7: Self = Self(7);
}

/// How the codes are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// LZW whose least recently used phrase is recycled.
    Pack,
    /// Phrases made of the previous and the current phrase.
    Spack,
}

impl Method {
    /// `PACK` or `SPACK`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pack => "PACK",
            Self::Spack => "SPACK",
        }
    }
}

/// A tersed file's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Byte 0.
    pub version: Version,
    /// True when records vary in length and each ends with an end-of-record mark.
    pub variable: bool,
    /// 16-bit record length.
    pub reclen1: u16,
    /// See [`flags`].
    pub flags: u8,
    /// Compression ratio as the writer noted it.
    pub ratio: u8,
    /// Block size.
    pub blksize: u16,
    /// 32-bit record length.
    pub reclen2: u32,
}

impl Header {
    /// Longest header, the host form.
    pub const MAX_LEN: usize = 12;

    /// A host header for a data set written on MVS.
    #[must_use]
    pub const fn host(method: Method, variable: bool, lrecl: u16) -> Self {
        let version = match method {
            Method::Pack => Version::PACK,
            Method::Spack => Version::SPACK,
        };
        let reclen2 = lrecl as u32;
        Self { version, variable, reclen1: lrecl, flags: 0, ratio: 0, blksize: 0, reclen2 }
    }

    /// Reads and checks a header at the start of `bytes`.
    ///
    /// # Errors
    /// Unknown version, no or contradicting record lengths, or flags, ratio or block size
    /// without the MVS flag.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut c = Cursor::new(NAME, bytes);
        let version = Version(c.u8("version")?);
        match version {
            Version::PACK | Version::SPACK => {}
            Version::NATIVE_1 | Version::NATIVE_7 => {
                if c.array::<3>("native mark")? != NATIVE_MARK {
                    return Err(Error::contradiction(NAME, "native mark", 1, "is not 89 69 A5"));
                }
                let reclen1 = c.u16("reclen1")?;
                let (flags, ratio, blksize, reclen2) = (0, 0, 0, u32::from(reclen1));
                return Ok(Self { version, variable: false, reclen1, flags, ratio, blksize, reclen2 });
            }
            Version(v) => return Err(Error::value(NAME, "version", 0, u64::from(v))),
        }
        let variable = match c.u8("variable")? {
            0 => false,
            1 => true,
            v => return Err(Error::value(NAME, "variable", 1, u64::from(v))),
        };
        let h = Self {
            version,
            variable,
            reclen1: c.u16("reclen1")?,
            flags: c.u8("flags")?,
            ratio: c.u8("ratio")?,
            blksize: c.u16("blksize")?,
            reclen2: c.u32("reclen2")?,
        };
        let (one, two) = (u32::from(h.reclen1), h.reclen2);
        if one == 0 && two == 0 {
            return Err(Error::value(NAME, "reclen", 2, 0));
        }
        if one != 0 && two != 0 && one != two {
            return Err(Error::contradiction(NAME, "reclen2", 8, "differs from reclen1"));
        }
        if two > i32::MAX as u32 {
            return Err(Error::value(NAME, "reclen2", 8, u64::from(two)));
        }
        if h.flags & flags::MVS == 0 && (h.flags != 0 || h.ratio != 0 || h.blksize != 0) {
            return Err(Error::contradiction(
                NAME,
                "flags",
                4,
                "flags, ratio or blksize without the MVS flag",
            ));
        }
        Ok(h)
    }

    /// True for the 6-byte native form.
    #[must_use]
    pub const fn is_native(&self) -> bool {
        matches!(self.version, Version::NATIVE_1 | Version::NATIVE_7)
    }

    /// Bytes of the header; codes start behind it.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub const fn len(&self) -> usize {
        if self.is_native() { 6 } else { 12 }
    }

    /// How the codes are made. Native files are taken for SPACK, as the public decompressor does.
    #[must_use]
    pub const fn method(&self) -> Method {
        if matches!(self.version, Version::PACK) { Method::Pack } else { Method::Spack }
    }

    /// Record length. For variable records it leaves out the record descriptor word in the
    /// public samples.
    #[must_use]
    pub const fn lrecl(&self) -> u32 {
        if self.reclen1 != 0 { self.reclen1 as u32 } else { self.reclen2 }
    }

    /// True when the writer marked the data set as spanned and blocked.
    #[must_use]
    pub const fn is_vbs(&self) -> bool {
        self.variable && self.flags & flags::VBS != 0
    }

    /// Record format; blocked is inferred from a block size that holds more than one record.
    #[must_use]
    pub fn recfm(&self) -> &'static str {
        let blocked = u32::from(self.blksize) > self.lrecl();
        match () {
            () if self.is_native() => "binary",
            () if self.flags & flags::UNDEF != 0 => "U",
            () if self.is_vbs() => "VBS",
            () if self.variable && blocked => "VB",
            () if self.variable => "V",
            () if blocked => "FB",
            () => "F",
        }
    }

    /// Appends the header's bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.version.0);
        if self.is_native() {
            out.extend_from_slice(&NATIVE_MARK);
            out.extend_from_slice(&self.reclen1.to_be_bytes());
            return;
        }
        out.push(u8::from(self.variable));
        out.extend_from_slice(&self.reclen1.to_be_bytes());
        out.extend_from_slice(&[self.flags, self.ratio]);
        out.extend_from_slice(&self.blksize.to_be_bytes());
        out.extend_from_slice(&self.reclen2.to_be_bytes());
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (m, r, l) = (self.method().name(), self.recfm(), self.lrecl());
        if self.is_native() {
            return write!(f, "{m} native, record length {l}");
        }
        write!(f, "{m} RECFM {r}, record length {l}, BLKSIZE {}", self.blksize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_a_header_written_on_mvs() {
        let h = Header::parse(&[2, 0, 0, 0x50, 0x0C, 0, 0x6D, 0x10, 0, 0, 0, 0]).unwrap();
        assert_eq!(h.method(), Method::Pack);
        assert_eq!((h.recfm(), h.lrecl(), h.blksize, h.len()), ("FB", 80, 27920, 12));
        assert_eq!(h.to_string(), "PACK RECFM FB, record length 80, BLKSIZE 27920");
        let h = Header::parse(&[5, 1, 0, 0xFB, 0x0C, 0, 0x6D, 0x5E, 0, 0, 0, 0]).unwrap();
        assert_eq!((h.method(), h.recfm(), h.lrecl()), (Method::Spack, "VB", 251));
    }

    #[test]
    fn reads_the_native_form() {
        let h = Header::parse(&[7, 0x89, 0x69, 0xA5, 1, 0]).unwrap();
        assert_eq!((h.is_native(), h.lrecl(), h.len(), h.method()), (true, 256, 6, Method::Spack));
        assert!(Header::parse(&[7, 0x89, 0x69, 0xA4, 1, 0]).is_err());
    }

    #[test]
    fn refuses_what_the_format_forbids() {
        let bad = |b: [u8; 12]| Header::parse(&b).unwrap_err().field;
        assert_eq!(bad([3, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 80]), "version");
        assert_eq!(bad([2, 2, 0, 80, 0, 0, 0, 0, 0, 0, 0, 80]), "variable");
        assert_eq!(bad([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), "reclen");
        assert_eq!(bad([2, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 81]), "reclen2");
        assert_eq!(bad([2, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0]), "reclen2");
        assert_eq!(bad([2, 0, 0, 80, 0, 1, 0, 0, 0, 0, 0, 80]), "flags");
    }

    #[test]
    fn short_at_every_byte() {
        let full = [2, 0, 0, 80, 4, 0, 0, 0, 0, 0, 0, 80];
        for n in 0..full.len() {
            assert!(Header::parse(&full[..n]).unwrap_err().is_short());
        }
    }

    proptest! {
        #[test]
        fn survives_a_round_trip(b in proptest::collection::vec(any::<u8>(), 0..16)) {
            if let Ok(h) = Header::parse(&b) {
                let mut out = Vec::new();
                h.encode(&mut out);
                prop_assert_eq!(&out[..], &b[..h.len()]);
            }
        }
    }
}
