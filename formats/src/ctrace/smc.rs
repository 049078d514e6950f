//! The extension of SMC records (entry id 8): where a connection of an SMC-R or SMC-D link
//! stands.
//!
//! | offset | length | SMC-D (interface EZAISM...) | SMC-R (interface EZARI...) |
//! |---|---|---|---|
//! | 0 | 8 | producer cursor: wrap count, offset | the same (inferred) |
//! | 8 | 8 | consumer cursor: wrap count, offset | the same (inferred) |
//! | 16 | 1 | producer flags | the same (inferred) |
//! | 17 | 1 | connection state flags | the same (inferred) |
//! | 18 | 1 | remote connection index | the same (inferred) |
//! | 19 | 1 | local connection index | the same (inferred) |
//! | 20 | 8 | unknown | unknown |
//! | 28 | 4 | local connection identifier | the same |
//! | 32 | 4 | remote connection identifier | the same |
//! | 36 | 16 | remote GID (left 8 bytes used) | remote GID |
//! | 52 | 16 | local GID (left 8 bytes used) | local GID |
//! | 68 | 3 | | remote queue pair number |
//! | 71 | 3 | | local queue pair number |
//! | 74 | | unknown | unknown |
//!
//! Offsets are from the extension's data. Source: public dissectors of these records, whose
//! authors moved the offsets twice; no real record has been seen. The 16-byte width of the GIDs
//! is inferred. A record's payload is user data, or a link-layer message where the protocol
//! field of the packet trace header is 252.

use std::fmt;

use super::Pthdr;
use super::extension::{Extension, ExtensionType};
use crate::{Error, Result};

/// Protocol number in the packet trace header that marks a link-layer control message.
pub const LLC_PROTOCOL: u8 = 252;
/// Bytes of the extension's data that have a meaning here.
pub const KNOWN: usize = 74;

/// Wrap count and offset of a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Cursor {
    /// How often the cursor went around.
    pub wrap: u32,
    /// Offset in the buffer.
    pub offset: u32,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.wrap, self.offset)
    }
}

/// The data of an SMC extension.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SmcExtension<'a> {
    data: &'a [u8],
}

impl<'a> SmcExtension<'a> {
    /// The first extension of an SMC record's header.
    pub fn of(header: &Pthdr<'a>) -> Result<Self> {
        match header.extensions().next() {
            Some(e) => Self::parse(e?.data),
            None => Err(Error::short("SMC extension", "header", header.len(), 4, 0)),
        }
    }

    /// From an extension's data. Fails when the fields up to the local GID are not all there.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        if data.len() < 68 {
            return Err(Error::short("SMC extension", "local GID", 52, 16, data.len().saturating_sub(52)));
        }
        Ok(Self { data })
    }

    /// Every byte of the data.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.data
    }

    fn word(&self, at: usize) -> u32 {
        self.data[at..].first_chunk().map_or(0, |b| u32::from_be_bytes(*b))
    }

    fn number24(&self, at: usize) -> Option<u32> {
        let &[a, b, c] = self.data.get(at..)?.first_chunk()?;
        Some(u32::from_be_bytes([0, a, b, c]))
    }

    fn gid(&self, at: usize) -> [u8; 16] {
        self.data[at..].first_chunk().copied().unwrap_or_default()
    }

    /// Producer cursor.
    #[must_use]
    pub fn producer(&self) -> Cursor {
        Cursor { wrap: self.word(0), offset: self.word(4) }
    }

    /// Consumer cursor.
    #[must_use]
    pub fn consumer(&self) -> Cursor {
        Cursor { wrap: self.word(8), offset: self.word(12) }
    }

    /// Producer flags, bits as in a CDC message (RFC 7609; inferred).
    #[must_use]
    pub const fn producer_flags(&self) -> u8 {
        self.data[16]
    }

    /// Connection state flags, bits as in a CDC message (RFC 7609; inferred).
    #[must_use]
    pub const fn state_flags(&self) -> u8 {
        self.data[17]
    }

    /// Remote connection index.
    #[must_use]
    pub const fn remote_index(&self) -> u8 {
        self.data[18]
    }

    /// Local connection index.
    #[must_use]
    pub const fn local_index(&self) -> u8 {
        self.data[19]
    }

    /// The eight unknown bytes between indexes and identifiers.
    #[must_use]
    pub fn unknown_20(&self) -> &'a [u8] {
        &self.data[20..28]
    }

    /// Local connection identifier.
    #[must_use]
    pub fn local_id(&self) -> u32 {
        self.word(28)
    }

    /// Remote connection identifier.
    #[must_use]
    pub fn remote_id(&self) -> u32 {
        self.word(32)
    }

    /// Remote GID; SMC-D uses the left eight bytes.
    #[must_use]
    pub fn remote_gid(&self) -> [u8; 16] {
        self.gid(36)
    }

    /// Local GID; SMC-D uses the left eight bytes.
    #[must_use]
    pub fn local_gid(&self) -> [u8; 16] {
        self.gid(52)
    }

    /// Remote queue pair number (SMC-R).
    #[must_use]
    pub fn remote_qp(&self) -> Option<u32> {
        self.number24(68)
    }

    /// Local queue pair number (SMC-R).
    #[must_use]
    pub fn local_qp(&self) -> Option<u32> {
        self.number24(71)
    }
}

/// The fields of an extension to be written; the unknown bytes are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct SmcFields {
    pub producer: Cursor,
    pub consumer: Cursor,
    pub producer_flags: u8,
    pub state_flags: u8,
    pub remote_index: u8,
    pub local_index: u8,
    pub local_id: u32,
    pub remote_id: u32,
    pub remote_gid: [u8; 16],
    pub local_gid: [u8; 16],
    pub remote_qp: u32,
    pub local_qp: u32,
}

impl SmcFields {
    /// The extension's data. Queue pair numbers keep their low 24 bits.
    #[must_use]
    pub fn encode(&self) -> [u8; KNOWN] {
        let mut b = [0; KNOWN];
        let mut put = |at: usize, v: &[u8]| b[at..at + v.len()].copy_from_slice(v);
        put(0, &self.producer.wrap.to_be_bytes());
        put(4, &self.producer.offset.to_be_bytes());
        put(8, &self.consumer.wrap.to_be_bytes());
        put(12, &self.consumer.offset.to_be_bytes());
        put(16, &[self.producer_flags, self.state_flags, self.remote_index, self.local_index]);
        put(28, &self.local_id.to_be_bytes());
        put(32, &self.remote_id.to_be_bytes());
        put(36, &self.remote_gid);
        put(52, &self.local_gid);
        put(68, &self.remote_qp.to_be_bytes()[1..]);
        put(71, &self.local_qp.to_be_bytes()[1..]);
        b
    }

    /// Appends the whole extension with the given type number.
    pub fn extension(&self, kind: ExtensionType, out: &mut Vec<u8>) -> Result<()> {
        Extension { kind, data: &self.encode() }.encode(out)
    }
}

impl fmt::Debug for SmcExtension<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmcExtension({self})")
    }
}

impl fmt::Display for SmcExtension<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SMC local {:08X} remote {:08X} producer {} consumer {}",
            self.local_id(),
            self.remote_id(),
            self.producer(),
            self.consumer()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every field at its offset: byte n of the data is n.
    #[test]
    fn fields_are_where_the_table_says() {
        let data: Vec<u8> = (0..74).collect();
        let s = SmcExtension::parse(&data).unwrap();
        assert_eq!(s.producer(), Cursor { wrap: 0x0001_0203, offset: 0x0405_0607 });
        assert_eq!(s.consumer(), Cursor { wrap: 0x0809_0A0B, offset: 0x0C0D_0E0F });
        assert_eq!((s.producer_flags(), s.state_flags()), (16, 17));
        assert_eq!((s.remote_index(), s.local_index()), (18, 19));
        assert_eq!(s.unknown_20(), &data[20..28]);
        assert_eq!(s.local_id(), 0x1C1D_1E1F);
        assert_eq!(s.remote_id(), 0x2021_2223);
        assert_eq!((s.remote_gid()[0], s.local_gid()[0], s.local_gid()[15]), (36, 52, 67));
        assert_eq!(s.remote_qp(), Some(0x0044_4546));
        assert_eq!(s.local_qp(), Some(0x0047_4849));
        for n in 0..68 {
            assert!(SmcExtension::parse(&data[..n]).unwrap_err().is_short());
        }
        assert_eq!(SmcExtension::parse(&data[..70]).unwrap().remote_qp(), None);
    }

    #[test]
    fn writes_what_it_reads() {
        let f = SmcFields {
            producer: Cursor { wrap: 1, offset: 2 },
            consumer: Cursor { wrap: 3, offset: 4 },
            producer_flags: 5,
            state_flags: 6,
            remote_index: 7,
            local_index: 8,
            local_id: 9,
            remote_id: 10,
            remote_gid: [11; 16],
            local_gid: [12; 16],
            remote_qp: 0x0D_0E0F,
            local_qp: 0x10_1112,
        };
        let mut out = Vec::new();
        f.extension(ExtensionType(0), &mut out).unwrap();
        assert_eq!(out[..4], [0, 78, 0, 0]);
        let s = SmcExtension::parse(&out[4..]).unwrap();
        assert_eq!(s.to_string(), "SMC local 00000009 remote 0000000A producer 1:2 consumer 3:4");
        assert_eq!((s.remote_qp(), s.local_qp()), (Some(0x0D_0E0F), Some(0x10_1112)));
        assert_eq!((s.remote_gid(), s.local_gid()), ([11; 16], [12; 16]));
    }

    proptest! {
        #[test]
        fn any_bytes(bytes: Vec<u8>) {
            if let Ok(s) = SmcExtension::parse(&bytes) {
                prop_assert!(!s.to_string().is_empty());
            }
        }
    }
}
