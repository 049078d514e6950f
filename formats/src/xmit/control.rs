//! Control records INMR01 to INMR07.
//!
//! | offset | length | meaning |
//! |---|---|---|
//! | 0 | 6 | identifier in EBCDIC, `INMR01`.. |
//! | 6 | 4 | file number, in INMR02 only |
//! | 6 or 10 | | text units |
//!
//! INMR01 heads the transmission, INMR02 describes one step of copying a file (the last one of
//! a file is INMCOPY), INMR03 precedes a file's data, INMR06 ends it all.

use super::text_unit::{Key, TextUnit};
use crate::ebcdic::CodePage;
use crate::{Cursor, Error, Result};
use std::fmt;

const NAME: &str = "NETDATA control record";

/// A control record's identifier, in EBCDIC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id(pub [u8; 6]);

#[allow(missing_docs)]
impl Id {
    pub const INMR01: Self = Self::new(0xF1);
    pub const INMR02: Self = Self::new(0xF2);
    pub const INMR03: Self = Self::new(0xF3);
    pub const INMR04: Self = Self::new(0xF4);
    pub const INMR06: Self = Self::new(0xF6);
    pub const INMR07: Self = Self::new(0xF7);

    const fn new(last: u8) -> Self {
        Self([0xC9, 0xD5, 0xD4, 0xD9, 0xF0, last])
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&CodePage::Ibm037.decode_field(&self.0))
    }
}

/// A control record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Control<'a> {
    /// Its identifier.
    pub id: Id,
    /// The file that an INMR02 is about, from 1.
    pub file: Option<u32>,
    units: &'a [u8],
    base: usize,
}

impl<'a> Control<'a> {
    /// Reads a control record from a record's data.
    ///
    /// # Errors
    /// Short, or an identifier that does not begin with `INMR`.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut c = Cursor::new(NAME, data);
        let id = Id(c.array("identifier")?);
        if id.0[..4] != Id::INMR01.0[..4] {
            return Err(Error::contradiction(NAME, "identifier", 0, "does not begin with INMR"));
        }
        let file = if id == Id::INMR02 { Some(c.u32("file number")?) } else { None };
        Ok(Self { id, file, units: c.rest(), base: c.position() })
    }

    /// The text units; the last item is an error when the record is cut short in one.
    pub fn units(&self) -> impl Iterator<Item = Result<TextUnit<'a>>> + use<'a> {
        let mut c = Cursor::new(NAME, self.units);
        let mut failed = false;
        let base = self.base;
        std::iter::from_fn(move || {
            if failed || c.is_empty() {
                return None;
            }
            let u = TextUnit::read(&mut c).map_err(|e| e.at(base));
            failed = u.is_err();
            Some(u)
        })
    }

    /// The first text unit of a key.
    #[must_use]
    pub fn unit(&self, key: Key) -> Option<TextUnit<'a>> {
        self.units().flatten().find(|u| u.key == key)
    }

    /// A number by its key.
    #[must_use]
    pub fn number(&self, key: Key) -> Option<u64> {
        self.unit(key)?.number()
    }

    /// A text by its key.
    #[must_use]
    pub fn text(&self, key: Key) -> Option<String> {
        self.unit(key).map(|u| u.text())
    }
}

impl fmt::Display for Control<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        if let Some(n) = self.file {
            write!(f, " file {n}")?;
        }
        for u in self.units().flatten() {
            write!(f, " {u}")?;
        }
        Ok(())
    }
}

/// Appends a control record as segments.
pub fn encode(id: Id, file: Option<u32>, units: &[TextUnit<'_>], out: &mut Vec<u8>) {
    let mut data = id.0.to_vec();
    if let Some(n) = file {
        data.extend_from_slice(&n.to_be_bytes());
    }
    for u in units {
        u.encode(&mut data);
    }
    super::segment::encode_record(true, &data, out);
}

/// A record format as INMRECFM has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Recfm(pub u16);

impl Recfm {
    /// True for fixed records.
    #[must_use]
    pub const fn is_fixed(self) -> bool {
        self.0 & 0xC000 == 0x8000
    }

    /// True for variable records.
    #[must_use]
    pub const fn is_variable(self) -> bool {
        self.0 & 0xC000 == 0x4000
    }

    /// True for records of undefined length.
    #[must_use]
    pub const fn is_undefined(self) -> bool {
        self.0 & 0xC000 == 0xC000
    }
}

impl fmt::Display for Recfm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.0 >> 14 {
            2 => "F",
            1 => "V",
            3 => "U",
            _ => "?",
        };
        f.write_str(letter)?;
        for (bit, l) in [(0x1000, "B"), (0x0800, "S"), (0x0400, "A"), (0x0200, "M")] {
            if self.0 & bit != 0 {
                f.write_str(l)?;
            }
        }
        Ok(())
    }
}

/// What the INMR02 records of one file say about its data set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DataSet {
    /// File number.
    pub file: u32,
    /// Data set name; none for a message.
    pub name: Option<String>,
    /// INMDSORG of the data set: 0200 partitioned, 4000 sequential, 0008 VSAM.
    pub dsorg: u16,
    /// Record format of the data set.
    pub recfm: Recfm,
    /// Record length.
    pub lrecl: u64,
    /// Block size.
    pub blksize: u64,
    /// Utilities in the order of the steps, e.g. `IEBCOPY`, `INMCOPY`.
    pub utilities: Vec<String>,
    /// True for the message that goes before the data.
    pub message: bool,
}

impl DataSet {
    /// Takes in one INMR02. The first step of a file describes its data set.
    pub fn add(&mut self, c: &Control<'_>) {
        if self.utilities.is_empty() {
            self.file = c.file.unwrap_or_default();
            self.dsorg = c.number(Key::INMDSORG).unwrap_or_default() as u16;
            self.recfm = Recfm(c.number(Key::INMRECFM).unwrap_or_default() as u16);
            self.lrecl = c.number(Key::INMLRECL).unwrap_or_default();
            self.blksize = c.number(Key::INMBLKSZ).unwrap_or_default();
            self.name = c.text(Key::INMDSNAM);
            self.message = c.unit(Key::INMTERM).is_some();
        }
        self.utilities.push(c.text(Key::INMUTILN).unwrap_or_default());
    }

    /// True when IEBCOPY unloaded it: the data records are those of the unloaded library.
    #[must_use]
    pub fn is_unloaded(&self) -> bool {
        self.utilities.iter().any(|u| u == "IEBCOPY")
    }
}

impl fmt::Display for DataSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().unwrap_or(if self.message { "message" } else { "unnamed" });
        let kind = match self.dsorg {
            0x0200 => "PO",
            0x4000 => "PS",
            0x0008 => "VSAM",
            _ => "?",
        };
        write!(
            f,
            "{name}, DSORG {kind}, RECFM {}, LRECL {}, BLKSIZE {}",
            self.recfm, self.lrecl, self.blksize
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::{recognise, segment::Records};
    use super::*;
    use proptest::prelude::*;

    /// Three cards: USERA.DATA, sequential, RECFM=V, one record "HI".
    fn example() -> Vec<u8> {
        let hex = "50E0C9D5D4D9F0F100420001000150101100010002D5F11012000100\
            05E4E2C5D9C1100100010002D5F2100200010005E4E2C5D9C2102400\
            01000EF2F0F2F4F0F1F0F1F0F0F0F0F0F0102F00010001\
            0150E0C9D5D4D9F0F20000000110280001\
            0007C9D5D4C3D6D7E8102C00010001\
            02003C00010002400000490001000240000042000100015000300001\
            00020C800002000200\
            05E4E2C5D9C10004C4C1E3C126E0C9D5D4D9F0F3102C0001000102003C0001000240000042000100015000490001\
            0002000104C0C8C908E0C9D5D4D9F0F6";
        let mut b: Vec<u8> =
            (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect();
        b.resize(240, 0x40);
        b
    }

    #[test]
    fn the_worked_example() {
        let file = example();
        assert!(recognise(&file));
        let mut r = Records::new();
        let (mut at, mut texts, mut data) = (0, Vec::new(), Vec::new());
        let mut ds = DataSet::default();
        loop {
            let (n, done) = r.push(&file[at..]).unwrap();
            assert!(done);
            at += n;
            let rec = r.record().clone();
            if !rec.control {
                data.push((rec.offset, rec.data));
                continue;
            }
            let c = Control::parse(&rec.data).unwrap();
            texts.push(c.to_string());
            if c.id == Id::INMR02 {
                ds.add(&c);
            }
            if c.id == Id::INMR06 {
                break;
            }
        }
        assert_eq!(
            texts,
            [
                "INMR01 INMLRECL=80 INMFNODE=N1 INMFUID=USERA INMTNODE=N2 INMTUID=USERB \
             INMFTIME=20240101000000 INMNUMF=1",
                "INMR02 file 1 INMUTILN=INMCOPY INMSIZE=2 INMDSORG=4000 INMRECFM=4000 INMLRECL=80 \
             INMBLKSZ=3200 INMDSNAM=USERA.DATA",
                "INMR03 INMSIZE=2 INMDSORG=4000 INMLRECL=80 INMRECFM=0001",
                "INMR06",
            ]
        );
        assert_eq!(data, [(0xC6, vec![0xC8, 0xC9])]);
        assert_eq!(ds.to_string(), "USERA.DATA, DSORG PS, RECFM V, LRECL 80, BLKSIZE 3200");
        assert!(!ds.is_unloaded());
        assert_eq!(at, 0xD2);
    }

    #[test]
    fn encodes_the_example() {
        let file = example();
        let (mut at, mut out) = (0, Vec::new());
        let mut r = Records::new();
        while at < 0xD2 {
            let (n, _) = r.push(&file[at..]).unwrap();
            at += n;
            if r.record().control {
                let c = Control::parse(&r.record().data).unwrap();
                let units: Vec<_> = c.units().map(|u| u.unwrap()).collect();
                encode(c.id, c.file, &units, &mut out);
            } else {
                super::super::segment::encode_record(false, &r.record().data, &mut out);
            }
        }
        assert_eq!(out, file[..0xD2]);
    }

    #[test]
    fn cut_anywhere() {
        let file = example();
        for n in 0..80 {
            assert!(!recognise(&file[..n]));
            if let Ok(c) = Control::parse(&file[2..n.max(2)]) {
                assert!(c.units().count() <= 7);
            }
        }
        assert!(Control::parse(&[0xC9, 0xD5, 0xD4, 0xC1, 0, 0]).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_text_units_do_no_harm(b in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut d = Id::INMR01.0.to_vec();
            d.extend_from_slice(&b);
            if let Ok(c) = Control::parse(&d) {
                let _ = c.to_string();
            }
            let _ = recognise(&b);
        }
    }
}
