//! Blocks with no packet: name resolution, interface statistics, decryption secrets, custom,
//! systemd journal.
//!
//! | block | body |
//! |---|---|
//! | Name Resolution | records of u16 type, u16 length, value, padding, until type 0; options |
//! | Interface Statistics | u32 interface id, u32 time high, u32 time low, options |
//! | Decryption Secrets | u32 secrets type, u32 length, secrets, padding, options |
//! | Custom | u32 private enterprise number, data (and options, whose place only the owner knows) |
//! | systemd journal | one entry in journal export format, padded with NULs |

use super::{Block, BlockType, OptionWriter, Options, begin, end, padding};
use crate::endian::Endian;
use crate::{Error, Result};
use std::fmt;

const NRB: &str = "pcapng NRB";
const ISB: &str = "pcapng ISB";
const DSB: &str = "pcapng DSB";
const CUSTOM: &str = "pcapng custom block";

/// Type of a record in a Name Resolution Block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameRecord(pub u16);

#[allow(missing_docs)]
impl NameRecord {
    pub const END: Self = Self(0);
    pub const IPV4: Self = Self(1);
    pub const IPV6: Self = Self(2);
    pub const EUI48: Self = Self(3);
    pub const EUI64: Self = Self(4);

    /// Bytes of address before the names.
    #[must_use]
    pub const fn address_len(self) -> Option<usize> {
        match self {
            Self::IPV4 => Some(4),
            Self::IPV6 => Some(16),
            Self::EUI48 => Some(6),
            Self::EUI64 => Some(8),
            _ => None,
        }
    }
}

/// One record of a Name Resolution Block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    /// Record type.
    pub kind: NameRecord,
    /// Address and names as they are in the file.
    pub value: &'a [u8],
}

impl<'a> Name<'a> {
    /// The address, when the type is a known one.
    #[must_use]
    pub fn address(&self) -> Option<&'a [u8]> {
        self.value.get(..self.kind.address_len()?)
    }

    /// The names, each without its NUL.
    pub fn names(&self) -> impl Iterator<Item = &'a [u8]> {
        let names = self.kind.address_len().and_then(|n| self.value.get(n..)).unwrap_or_default();
        names.split(|&b| b == 0).filter(|n| !n.is_empty())
    }
}

/// Name Resolution Block: walks its records.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    endian: Endian,
    body: &'a [u8],
    at: usize,
    ended: bool,
}

impl<'a> Names<'a> {
    /// The records of a block of type [`BlockType::NAME_RESOLUTION`].
    #[must_use]
    pub const fn new(b: &Block<'a>) -> Self {
        Self { endian: b.endian, body: b.body, at: 0, ended: false }
    }

    /// The options behind the records, once the walk is over.
    #[must_use]
    pub fn options(&self) -> Options<'a> {
        Options::new(self.body.get(self.at..).unwrap_or_default(), self.endian)
    }
}

impl<'a> Iterator for Names<'a> {
    type Item = Result<Name<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        let rest = self.body.get(at..)?;
        if self.ended || rest.is_empty() {
            return None;
        }
        let (Some(kind), Some(len)) = (self.endian.u16_at(rest, 0), self.endian.u16_at(rest, 2)) else {
            self.at = self.body.len();
            return Some(Err(Error::short(NRB, "record type", 8 + at, 4, rest.len())));
        };
        if kind == 0 {
            self.body = &self.body[at + 4..];
            self.at = 0;
            self.ended = true;
            return None;
        }
        let len = usize::from(len);
        let Some(value) = rest.get(4..4 + len) else {
            self.at = self.body.len();
            return Some(Err(Error::short(NRB, "record value", 12 + at, len, rest.len() - 4)));
        };
        self.at = (at + 4 + len + padding(len)).min(self.body.len());
        Some(Ok(Name { kind: NameRecord(kind), value }))
    }
}

/// Interface Statistics Block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InterfaceStatistics<'a> {
    /// Interface id, from 0 in every section.
    pub interface: u32,
    /// Time in units of the interface's resolution since 1970.
    pub time: u64,
    /// Counters.
    pub options: Options<'a>,
}

impl<'a> InterfaceStatistics<'a> {
    /// Reads the body of a block of type [`BlockType::INTERFACE_STATISTICS`].
    pub fn decode(b: &Block<'a>) -> Result<Self> {
        let get = |field, at| {
            b.endian.u32_at(b.body, at).ok_or(Error::short(
                ISB,
                field,
                8 + at,
                4,
                b.body.len().saturating_sub(at),
            ))
        };
        Ok(Self {
            interface: get("interface id", 0)?,
            time: u64::from(get("timestamp (high)", 4)?) << 32 | u64::from(get("timestamp (low)", 8)?),
            options: Options::new(&b.body[12..], b.endian),
        })
    }

    /// Appends a block with the counters that `fill` adds.
    pub fn encode(
        e: Endian,
        interface: u32,
        time: u64,
        out: &mut Vec<u8>,
        fill: impl FnOnce(&mut OptionWriter<'_>),
    ) {
        let at = begin(out, e, BlockType::INTERFACE_STATISTICS);
        out.extend_from_slice(&e.b32(interface));
        out.extend_from_slice(&e.b32((time >> 32) as u32));
        out.extend_from_slice(&e.b32(time as u32));
        let mut w = OptionWriter::new(out, e);
        fill(&mut w);
        w.finish();
        end(out, e, at);
    }
}

/// Kind of secrets in a Decryption Secrets Block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretsType(pub u32);

#[allow(missing_docs)]
impl SecretsType {
    pub const SSH_KEY_LOG: Self = Self(0x5353_484b);
    pub const TLS_KEY_LOG: Self = Self(0x544c_534b);
    pub const WIREGUARD_KEY_LOG: Self = Self(0x5747_4b4c);
    pub const ZIGBEE_NWK_KEY: Self = Self(0x5a4e_574b);
    pub const ZIGBEE_APS_KEY: Self = Self(0x5a41_5053);
}

/// Decryption Secrets Block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secrets<'a> {
    /// Kind of secrets.
    pub kind: SecretsType,
    /// The secrets.
    pub data: &'a [u8],
    /// Options.
    pub options: Options<'a>,
}

impl<'a> Secrets<'a> {
    /// Reads the body of a block of type [`BlockType::DECRYPTION_SECRETS`].
    pub fn decode(b: &Block<'a>) -> Result<Self> {
        let get = |field, at| {
            b.endian.u32_at(b.body, at).ok_or(Error::short(
                DSB,
                field,
                8 + at,
                4,
                b.body.len().saturating_sub(at),
            ))
        };
        let kind = SecretsType(get("secrets type", 0)?);
        let len = get("secrets length", 4)? as usize;
        let rest = &b.body[8..];
        let data = rest.get(..len).ok_or(Error::short(DSB, "secrets data", 16, len, rest.len()))?;
        let options = Options::new(rest.get(len + padding(len)..).unwrap_or_default(), b.endian);
        Ok(Self { kind, data, options })
    }

    /// Appends a block.
    pub fn encode(e: Endian, kind: SecretsType, data: &[u8], out: &mut Vec<u8>) {
        let at = begin(out, e, BlockType::DECRYPTION_SECRETS);
        out.extend_from_slice(&e.b32(kind.0));
        out.extend_from_slice(&e.b32(data.len() as u32));
        out.extend_from_slice(data);
        end(out, e, at);
    }
}

/// Custom block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Custom<'a> {
    /// IANA private enterprise number of whoever defined the content.
    pub pen: u32,
    /// Content, its options and padding included.
    pub data: &'a [u8],
    /// Whether a tool that does not understand it may copy it.
    pub may_copy: bool,
}

impl<'a> Custom<'a> {
    /// Reads the body of a custom block of either type.
    pub fn decode(b: &Block<'a>) -> Result<Self> {
        let pen = b.endian.u32_at(b.body, 0).ok_or(Error::short(
            CUSTOM,
            "private enterprise number",
            8,
            4,
            b.body.len(),
        ))?;
        Ok(Self { pen, data: &b.body[4..], may_copy: b.kind == BlockType::CUSTOM })
    }

    /// Appends the block.
    pub fn encode(&self, e: Endian, out: &mut Vec<u8>) {
        let kind = if self.may_copy { BlockType::CUSTOM } else { BlockType::CUSTOM_NO_COPY };
        let at = begin(out, e, kind);
        out.extend_from_slice(&e.b32(self.pen));
        out.extend_from_slice(self.data);
        end(out, e, at);
    }
}

/// systemd journal export block: one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Journal<'a> {
    /// The entry without padding.
    pub entry: &'a [u8],
}

impl<'a> Journal<'a> {
    /// The entry of a block of type [`BlockType::SYSTEMD_JOURNAL`].
    #[must_use]
    pub fn new(b: &Block<'a>) -> Self {
        let pad = b.body.iter().rev().take(3).take_while(|&&c| c == 0).count();
        Self { entry: &b.body[..b.body.len() - pad] }
    }

    /// `__REALTIME_TIMESTAMP`: microseconds since 1970.
    #[must_use]
    pub fn realtime(&self) -> Option<u64> {
        const KEY: &[u8] = b"__REALTIME_TIMESTAMP=";
        let line = self.entry.split(|&b| b == b'\n').find(|l| l.starts_with(KEY))?;
        std::str::from_utf8(&line[KEY.len()..]).ok()?.parse().ok()
    }
}

impl fmt::Display for Custom<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{CUSTOM} of enterprise {}, {} bytes", self.pen, self.data.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(kind: BlockType, body: &[u8]) -> Block<'_> {
        Block { endian: Endian::Little, kind, body }
    }

    #[test]
    fn names_and_their_options() {
        let body = [
            1, 0, 10, 0, 192, 0, 2, 1, b'h', b'o', 0, b'x', b'y', 0, 0,
            0, // two names, two bytes of padding
            9, 0, 1, 0, 7, 0, 0, 0, // a type that nobody defined
            0, 0, 0, 0, // end
            1, 0, 1, 0, b'c', 0, 0, 0, 0, 0, 0, 0,
        ];
        let mut names = Names::new(&block(BlockType::NAME_RESOLUTION, &body));
        let first = names.next().unwrap().unwrap();
        assert_eq!(first.address(), Some(&[192, 0, 2, 1][..]));
        assert_eq!(first.names().collect::<Vec<_>>(), [&b"ho"[..], b"xy"]);
        let second = names.next().unwrap().unwrap();
        assert_eq!((second.kind, second.value, second.address()), (NameRecord(9), &[7][..], None));
        assert_eq!(names.next(), None);
        assert_eq!(names.options().next().unwrap().unwrap().text(), "c");
    }

    #[test]
    fn a_cut_name_record_is_named() {
        let b = [1, 0, 10, 0, 192];
        let mut names = Names::new(&block(BlockType::NAME_RESOLUTION, &b));
        assert_eq!(names.next().unwrap().unwrap_err().field, "record value");
        assert_eq!(names.next(), None);
    }

    #[test]
    fn statistics() {
        let mut out = Vec::new();
        InterfaceStatistics::encode(Endian::Big, 1, 5 << 32 | 6, &mut out, |o| {
            o.u64(super::super::OptionCode::ISB_IFRECV, 77);
        });
        let b = Block::decode(&out, Endian::Big).unwrap();
        let s = InterfaceStatistics::decode(&b).unwrap();
        assert_eq!((s.interface, s.time), (1, 5 << 32 | 6));
        assert_eq!(s.options.find(super::super::OptionCode::ISB_IFRECV).unwrap().number(), Some(77));
    }

    #[test]
    fn secrets_custom_and_journal() {
        let mut out = Vec::new();
        Secrets::encode(Endian::Little, SecretsType::TLS_KEY_LOG, b"CLIENT", &mut out);
        assert_eq!(out[8..16], [0x4b, 0x53, 0x4c, 0x54, 6, 0, 0, 0]);
        let s = Secrets::decode(&Block::decode(&out, Endian::Little).unwrap()).unwrap();
        assert_eq!((s.kind, s.data), (SecretsType::TLS_KEY_LOG, &b"CLIENT"[..]));
        let mut out = Vec::new();
        Custom { pen: 32473, data: b"abcd", may_copy: false }.encode(Endian::Big, &mut out);
        assert_eq!(out, b"\x40\0\x0b\xad\0\0\0\x14\0\0\x7e\xd9abcd\0\0\0\x14");
        let c = Custom::decode(&Block::decode(&out, Endian::Big).unwrap()).unwrap();
        assert_eq!((c.pen, c.may_copy), (32473, false));
        let j = Journal::new(&block(BlockType::SYSTEMD_JOURNAL, b"A=1\n__REALTIME_TIMESTAMP=1234567\n\0\0"));
        assert_eq!((j.realtime(), j.entry.len()), (Some(1_234_567), 33));
    }

    proptest! {
        #[test]
        fn any_bytes(body in prop::collection::vec(any::<u8>(), 0..64)) {
            let b = block(BlockType::CUSTOM, &body);
            prop_assert!(Names::new(&b).count() <= 16);
            let _ = (InterfaceStatistics::decode(&b), Secrets::decode(&b), Custom::decode(&b), Journal::new(&b).realtime());
        }
    }
}
