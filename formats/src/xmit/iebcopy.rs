//! Libraries as IEBCOPY unloads them.
//!
//! An unloaded library is a sequence of variable records: COPYR1, COPYR2, the directory, the
//! members. Described in z/OS DFSMSdfp Utilities.
//!
//! COPYR1:
//!
//! | offset | length | meaning |
//! |---|---|---|
//! | 0 | 1 | 00, 01 for a PDSE |
//! | 1 | 3 | CA 6D 0F |
//! | 4 | 2 | DSORG |
//! | 6 | 2 | block size |
//! | 8 | 2 | record length |
//! | 10 | 1 | record format: C0 mask 80 F, 40 V, C0 U; 10 blocked |
//! | 11 | 1 | key length |
//! | 12.. | | option code, SMS flags, block size of the container, device, dates |
//!
//! COPYR2 is (byte 0 + 1) x 16 bytes of extents; nothing of it is needed to read members.
//!
//! A directory block is 276 bytes: count 12, key 8, data 256: used length (2), then entries of
//! name 8, TTR 3, C 1 (80 alias, 60 number of TTRs, 1F halfwords of user data), user data. The
//! entry that ends the directory has a name of FF.
//!
//! A member's block has a header of 12 bytes: flag 1, 3 bytes, CCHHR 5, key length 1, data
//! length 2. A data length of 0 ends the member. Members follow each other in the order of
//! their TTRs.

use super::control::Recfm;
use crate::ebcdic::CodePage;
use crate::{Cursor, Error, Result};
use std::fmt;

const NAME: &str = "IEBCOPY";

/// Bytes 1-3 of COPYR1.
pub const MARK: [u8; 3] = [0xCA, 0x6D, 0x0F];
/// Bytes of a directory block.
pub const DIRECTORY_BLOCK: usize = 276;

/// The record that heads an unloaded library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copyr1 {
    /// True for a PDSE.
    pub pdse: bool,
    /// Data set organization.
    pub dsorg: u16,
    /// Block size.
    pub blksize: u16,
    /// Record length.
    pub lrecl: u16,
    /// Record format, in the high byte as DCBRECFM has it.
    pub recfm: Recfm,
    /// Length of the keys of members' blocks.
    pub keylen: u8,
}

impl Copyr1 {
    /// Reads COPYR1 from a record's data.
    ///
    /// # Errors
    /// Short, or without its mark.
    pub fn parse(data: &[u8]) -> Result<Self> {
        let mut c = Cursor::new(NAME, data);
        let kind = c.u8("COPYR1 type")?;
        if c.array::<3>("COPYR1 mark")? != MARK {
            return Err(Error::contradiction(NAME, "COPYR1 mark", 1, "is not CA 6D 0F"));
        }
        Ok(Self {
            pdse: kind & 1 != 0,
            dsorg: c.u16("COPYR1 DSORG")?,
            blksize: c.u16("COPYR1 BLKSIZE")?,
            lrecl: c.u16("COPYR1 LRECL")?,
            recfm: Recfm(u16::from(c.u8("COPYR1 RECFM")?) << 8),
            keylen: c.u8("COPYR1 KEYLEN")?,
        })
    }
}

impl fmt::Display for Copyr1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.pdse { "PDSE" } else { "PDS" };
        write!(f, "{kind}, RECFM {}, LRECL {}, BLKSIZE {}", self.recfm, self.lrecl, self.blksize)
    }
}

/// An entry of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Member name.
    pub name: String,
    /// Where the member begins: relative track (2 bytes) and record (1 byte).
    pub ttr: u32,
    /// Byte C: 80 alias, 60 number of TTRs, 1F halfwords of user data.
    pub c: u8,
    /// User data, e.g. ISPF statistics.
    pub user: Vec<u8>,
}

impl Entry {
    /// True for another name of a member.
    #[must_use]
    pub const fn is_alias(&self) -> bool {
        self.c & 0x80 != 0
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} TTR {:06X}", self.name, self.ttr)?;
        if self.is_alias() { f.write_str(" alias") } else { Ok(()) }
    }
}

/// Reads one directory block of [`DIRECTORY_BLOCK`] bytes; true when the directory ends in it.
///
/// # Errors
/// An entry that does not fit into the used length.
pub fn directory_block(block: &[u8], entries: &mut Vec<Entry>) -> Result<bool> {
    let mut c = Cursor::new(NAME, block);
    c.skip("directory block header", 20)?;
    let used = usize::from(c.u16("directory used length")?);
    let rest = c.rest();
    let Some(area) = used.checked_sub(2).and_then(|n| rest.get(..n)) else {
        return Err(Error::value(NAME, "directory used length", 20, used as u64));
    };
    let mut c = Cursor::new(NAME, area);
    while !c.is_empty() {
        let name: [u8; 8] = c.array("member name").map_err(|e| e.at(22))?;
        if name == [0xFF; 8] {
            return Ok(true);
        }
        let ttr = c.u24("member TTR").map_err(|e| e.at(22))?;
        let flags = c.u8("member C").map_err(|e| e.at(22))?;
        let user = c.take("member user data", usize::from(flags & 0x1F) * 2).map_err(|e| e.at(22))?;
        let name = CodePage::Ibm037.decode_field(&name);
        entries.push(Entry { name, ttr, c: flags, user: user.to_vec() });
    }
    Ok(false)
}

/// What an [`Unload`] met.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// COPYR1 was read.
    Head(Copyr1),
    /// The directory is complete; see [`Unload::entries`].
    Directory,
    /// A block of member number `.0` (index into [`Unload::members`]).
    Block(usize, &'a [u8]),
    /// A member is complete.
    End(usize),
}

/// Longest directory that is kept: entries beyond are an error.
const MAX_ENTRIES: usize = 1 << 18;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Copyr1,
    Copyr2,
    Directory,
    Members,
}

/// Walks the records of an unloaded library.
#[derive(Debug)]
pub struct Unload {
    state: State,
    head: Option<Copyr1>,
    entries: Vec<Entry>,
    members: Vec<u32>,
    current: usize,
}

impl Default for Unload {
    fn default() -> Self {
        Self::new()
    }
}

impl Unload {
    /// At the first record.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::Copyr1, head: None, entries: Vec::new(), members: Vec::new(), current: 0 }
    }

    /// COPYR1, once it was read.
    #[must_use]
    pub const fn head(&self) -> Option<Copyr1> {
        self.head
    }

    /// The directory as it is, aliases included.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// TTRs of the members in the order in which they follow.
    #[must_use]
    pub fn members(&self) -> &[u32] {
        &self.members
    }

    /// Names of a member: its own first, then its aliases.
    pub fn names(&self, member: usize) -> impl Iterator<Item = &str> {
        let ttr = self.members.get(member).copied();
        let of = move |alias: bool| {
            self.entries.iter().filter(move |e| Some(e.ttr) == ttr && e.is_alias() == alias)
        };
        of(false).chain(of(true)).map(|e| e.name.as_str())
    }

    /// Reads one record's data and reports what is in it.
    ///
    /// # Errors
    /// A record that does not fit the format; the offset is within the record. Events before it
    /// were reported.
    pub fn record<'a>(&mut self, data: &'a [u8], report: &mut impl FnMut(&Self, Event<'a>)) -> Result<()> {
        match self.state {
            State::Copyr1 => {
                let head = Copyr1::parse(data)?;
                self.head = Some(head);
                self.state = State::Copyr2;
                report(self, Event::Head(head));
            }
            State::Copyr2 => self.state = State::Directory,
            State::Directory => {
                // The record that ends the directory area has a block header with no data.
                for (i, block) in data.chunks(DIRECTORY_BLOCK).enumerate() {
                    let at = i * DIRECTORY_BLOCK;
                    if block.len() < DIRECTORY_BLOCK {
                        if block.len() == 12 && block[10..] == [0, 0] {
                            self.directory_ends(report);
                            return Ok(());
                        }
                        return Err(Error::short(NAME, "directory block", at, DIRECTORY_BLOCK, block.len()));
                    }
                    let ended = directory_block(block, &mut self.entries).map_err(|e| e.at(at))?;
                    if self.entries.len() > MAX_ENTRIES {
                        let n = self.entries.len() as u64;
                        return Err(Error::value(NAME, "directory entries", at, n));
                    }
                    if ended {
                        // Blocks behind the end of the directory hold nothing.
                        self.directory_ends(report);
                        return Ok(());
                    }
                }
            }
            State::Members => return self.blocks(data, report),
        }
        Ok(())
    }

    fn directory_ends<'a>(&mut self, report: &mut impl FnMut(&Self, Event<'a>)) {
        self.members = self.entries.iter().map(|e| e.ttr).collect();
        self.members.sort_unstable();
        self.members.dedup();
        self.state = State::Members;
        report(self, Event::Directory);
    }

    fn blocks<'a>(&mut self, data: &'a [u8], report: &mut impl FnMut(&Self, Event<'a>)) -> Result<()> {
        let mut c = Cursor::new(NAME, data);
        // Directory blocks that no entry uses, and their end, may stand before the members.
        while self.current == 0 && c.rest().len() >= 12 {
            let h = c.rest();
            let unused = h[9] == 8 && h[10..12] == [1, 0] && h.len() >= DIRECTORY_BLOCK;
            let end = h[..10].iter().all(|&b| b == 0) && h[10..12] == [0, 0];
            match (unused, end) {
                (true, _) => c.skip("unused directory block", DIRECTORY_BLOCK)?,
                (_, true) => c.skip("end of directory", 12)?,
                _ => break,
            }
        }
        while !c.is_empty() {
            c.skip("block flag", 4)?;
            c.skip("block CCHHR", 5)?;
            let key = usize::from(c.u8("block key length")?);
            let len = usize::from(c.u16("block data length")?);
            let block = c.take("block", key + len)?;
            if self.current >= self.members.len() && len > 0 {
                return Err(Error::contradiction(NAME, "block", c.position(), "belongs to no member"));
            }
            if len == 0 {
                if self.current < self.members.len() {
                    report(self, Event::End(self.current));
                }
                self.current += 1;
            } else {
                report(self, Event::Block(self.current, &block[key..]));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xmit::control::{Control, DataSet, Id};
    use crate::xmit::segment::Records;
    use proptest::prelude::*;

    #[test]
    fn a_directory_block() {
        let mut b = vec![0; DIRECTORY_BLOCK];
        b[20..22].copy_from_slice(&[0, 2 + 14 + 12 + 8]);
        b[22..34].copy_from_slice(&[0xD1, 0xC5, 0xE2, 0xF2, 0x40, 0x40, 0x40, 0x40, 0, 2, 7, 1]);
        b[34..36].copy_from_slice(&[1, 2]);
        b[36..48].copy_from_slice(&[0xC1, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0, 2, 7, 0x80]);
        b[48..56].copy_from_slice(&[0xFF; 8]);
        let mut e = Vec::new();
        assert_eq!(directory_block(&b, &mut e), Ok(true));
        assert_eq!(e[0], Entry { name: "JES2".into(), ttr: 0x207, c: 1, user: vec![1, 2] });
        assert_eq!((e[1].name.as_str(), e[1].is_alias()), ("A", true));
        b[21] = 1;
        assert!(directory_block(&b, &mut e).is_err());
        for n in 0..22 {
            assert!(directory_block(&b[..n], &mut e).unwrap_err().is_short());
        }
    }

    #[test]
    fn a_real_transmitted_library() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/captures/zos/xmit/test_pds.xmi");
        let Ok(file) = std::fs::read(path) else {
            println!("skipped: {path} is missing");
            return;
        };
        let (mut r, mut at, mut ds, mut u) = (Records::new(), 0, DataSet::default(), Unload::new());
        let mut sizes = Vec::new();
        let (mut ended, mut first) = (0, Vec::new());
        loop {
            let (n, done) = r.push(&file[at..]).unwrap();
            assert!(done);
            at += n;
            let data = &r.record().data;
            if r.record().control {
                let c = Control::parse(data).unwrap();
                match c.id {
                    Id::INMR02 => ds.add(&c),
                    Id::INMR06 => break,
                    _ => {}
                }
                continue;
            }
            u.record(data, &mut |u, e| match e {
                Event::Directory => sizes.resize(u.members().len(), 0),
                Event::Block(m, b) => {
                    if sizes[m] == 0 {
                        first.push(b[..4].to_vec());
                    }
                    sizes[m] += b.len();
                }
                Event::End(_) => ended += 1,
                Event::Head(_) => {}
            })
            .unwrap();
        }
        assert_eq!(ds.to_string(), "PYTHON.XMI.PDS, DSORG PO, RECFM FB, LRECL 80, BLKSIZE 3200");
        assert!(ds.is_unloaded());
        // Names, sizes and order as another tool unloads them.
        let names: Vec<_> = (0..4).map(|m| u.names(m).next().unwrap()).collect();
        assert_eq!(names, ["SNAKE", "JES2JPG", "JES2HIST", "XMIT"]);
        assert_eq!(sizes, [2000, 32080, 6640, 2240]);
        assert_eq!((ended, at), (4, 44508));
        assert_eq!(first[1], [0xFF, 0xD8, 0xFF, 0xE0], "a JPEG");
        assert_eq!(u.head().unwrap().to_string(), "PDS, RECFM FB, LRECL 80, BLKSIZE 3200");
    }

    proptest! {
        #[test]
        fn arbitrary_records_do_no_harm(
            head in any::<[u8; 8]>(),
            records in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..400), 0..6),
        ) {
            let mut u = Unload::new();
            let mut r1 = vec![0, 0xCA, 0x6D, 0x0F];
            r1.extend_from_slice(&head);
            let _ = u.record(&r1, &mut |_, _| {});
            for r in &records {
                let _ = u.record(r, &mut |u, e| if let Event::Block(m, _) = e {
                    assert!(m < u.members().len());
                });
            }
        }
    }
}
