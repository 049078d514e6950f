//! IGMP, versions 1 to 3, and what else travels as IP protocol 2.
//!
//! Source: RFC 1112 appendix I, RFC 2236 section 2, RFC 3376 section 4; IANA "IGMP Type Numbers".
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 1 | type | `igmp.type` |
//! | 1 | 1 | maximum response time in 1/10 s (version 3: code; version 1: unused) | `igmp.max_resp` |
//! | 2 | 2 | checksum over the message | `igmp.checksum` |
//! | 4 | 4 | group address, 0 in a general query | `igmp.maddr` |
//! | 8 | 1 | version 3 query: reserved (4 bits), S (1), QRV (3) | `igmp.s`, `igmp.qrv` |
//! | 9 | 1 | version 3 query: QQIC | `igmp.qqic` |
//! | 10 | 2 | version 3 query: number of sources | `igmp.num_src` |
//! | 12 | 4n | version 3 query: sources | `igmp.saddr` |
//! | 6 | 2 | version 3 report: number of records | `igmp.num_grp_recs` |
//! | 8 | - | version 3 report: records | |
//!
//! A record of a version 3 report:
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 1 | type | `igmp.record_type` |
//! | 1 | 1 | length of auxiliary data in 32-bit words | `igmp.aux_data_len` |
//! | 2 | 2 | number of sources | `igmp.num_src` |
//! | 4 | 4 | group address | `igmp.maddr` |
//! | 8 | 4n | sources | `igmp.saddr` |

use std::fmt;
use std::net::Ipv4Addr;

use crate::bytes::{be16, be32, prefix, put16, put32, room, split};
use crate::checksum::{Sum, checksum};
use crate::code::open_code;
use crate::{Error, Result};

/// Field offsets: of messages from their start, of records from their own.
pub mod at {
    /// Type, 1 byte.
    pub const TYPE: usize = 0;
    /// Maximum response time or code, 1 byte.
    pub const MAX_RESP: usize = 1;
    /// Checksum, 2 bytes.
    pub const CHECKSUM: usize = 2;
    /// Group address, 4 bytes.
    pub const GROUP: usize = 4;
    /// Length of a version 1 or 2 message.
    pub const LEN: usize = 8;
    /// Version 3 query: S and QRV, 1 byte.
    pub const S_QRV: usize = 8;
    /// Version 3 query: QQIC, 1 byte.
    pub const QQIC: usize = 9;
    /// Version 3 query: number of sources, 2 bytes.
    pub const NUM_SOURCES: usize = 10;
    /// Version 3 query: sources.
    pub const SOURCES: usize = 12;
    /// Version 3 report: number of records, 2 bytes.
    pub const NUM_RECORDS: usize = 6;
    /// Version 3 report: records.
    pub const RECORDS: usize = 8;
    /// Record: auxiliary data length, 1 byte.
    pub const RECORD_AUX_LEN: usize = 1;
    /// Record: number of sources, 2 bytes.
    pub const RECORD_NUM_SOURCES: usize = 2;
    /// Record: group address, 4 bytes.
    pub const RECORD_GROUP: usize = 4;
    /// Record: sources.
    pub const RECORD_SOURCES: usize = 8;
}

open_code! {
    /// IGMP type.
    Type(u8, hex) {
        MEMBERSHIP_QUERY = 0x11 "Membership Query",
        V1_REPORT = 0x12 "Membership Report",
        DVMRP = 0x13 "DVMRP Protocol",
        PIM = 0x14 "PIM Routing Message",
        V2_REPORT = 0x16 "Membership Report",
        LEAVE_GROUP = 0x17 "Leave Group",
        TRACEROUTE_RESPONSE = 0x1e "Traceroute Response",
        TRACEROUTE = 0x1f "Traceroute Query or Request",
        V3_REPORT = 0x22 "Membership Report",
        ROUTER_ADVERTISEMENT = 0x30 "Multicast Router Advertisement",
        ROUTER_SOLICITATION = 0x31 "Multicast Router Solicitation",
        ROUTER_TERMINATION = 0x32 "Multicast Router Termination",
    }
    also {
        0x01 "Create Group Request",
        0x02 "Create Group Reply",
        0x03 "Join Group Request",
        0x04 "Join Group Reply",
        0x05 "Leave Group Request",
        0x06 "Leave Group Reply",
        0x07 "Confirm Group Request",
        0x08 "Confirm Group Reply",
    }
}

open_code! {
    /// Type of a group record, in IGMP version 3 and MLD version 2.
    RecordType(u8, dec) {
        IS_INCLUDE = 1 "Mode Is Include",
        IS_EXCLUDE = 2 "Mode Is Exclude",
        CHANGE_TO_INCLUDE = 3 "Change To Include Mode",
        CHANGE_TO_EXCLUDE = 4 "Change To Exclude Mode",
        ALLOW_NEW_SOURCES = 5 "Allow New Sources",
        BLOCK_OLD_SOURCES = 6 "Block Old Sources",
    }
}

/// The value of an 8-bit code of RFC 3376 sections 4.1.1 and 4.1.7: itself below 128, else a
/// mantissa of four bits and an exponent of three.
#[must_use]
pub const fn float_code(code: u8) -> u32 {
    match code {
        0..128 => code as u32,
        _ => (code as u32 & 0x0f | 0x10) << ((code >> 4 & 7) + 3),
    }
}

/// A view over an IGMP message.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    rest: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the 8 bytes that every message has.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, rest) = split("IGMP", "igmp", bytes)?;
        Ok(Self { fixed, rest })
    }

    /// Type.
    #[must_use]
    pub const fn kind(&self) -> Type {
        Type(self.fixed[at::TYPE])
    }

    /// Version of the protocol: told by the type, in a query by its length and response time;
    /// `None` for what is not a group membership message.
    #[must_use]
    pub const fn version(&self) -> Option<u8> {
        Some(match self.kind() {
            Type::MEMBERSHIP_QUERY if self.rest.len() >= 4 => 3,
            Type::MEMBERSHIP_QUERY if self.fixed[at::MAX_RESP] == 0 => 1,
            Type::MEMBERSHIP_QUERY | Type::V2_REPORT | Type::LEAVE_GROUP => 2,
            Type::V1_REPORT => 1,
            Type::V3_REPORT => 3,
            _ => return None,
        })
    }

    /// Maximum response time as it stands, in 1/10 s below 128.
    #[must_use]
    pub const fn max_resp(&self) -> u8 {
        self.fixed[at::MAX_RESP]
    }

    /// Checksum as it stands.
    #[must_use]
    pub const fn checksum(&self) -> u16 {
        be16(self.fixed, at::CHECKSUM)
    }

    /// True when the checksum over the whole message is right.
    #[must_use]
    pub fn checksum_ok(&self) -> bool {
        Sum::new().bytes(self.fixed).bytes(self.rest).finish() == 0
    }

    /// Group address; not in a version 3 report.
    #[must_use]
    pub const fn group(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(be32(self.fixed, at::GROUP))
    }

    /// What only a version 3 query has.
    #[must_use]
    pub fn query_v3(&self) -> Option<QueryV3<'a>> {
        if self.kind() != Type::MEMBERSHIP_QUERY {
            return None;
        }
        let (&[flags, qqic, n0, n1], rest) = self.rest.split_first_chunk()?;
        let count = usize::from(u16::from_be_bytes([n0, n1]));
        let (sources, _) = rest.as_chunks();
        Some(QueryV3 { flags, qqic, sources: &sources[..count.min(sources.len())] })
    }

    /// Walks the records of a version 3 report; of another message there are none.
    #[must_use]
    pub const fn records(&self) -> Records<'a> {
        let left = if self.kind().0 == Type::V3_REPORT.0 { be16(self.fixed, at::NUM_RECORDS) } else { 0 };
        Records { left, rest: self.rest, offset: at::RECORDS }
    }
}

/// The part of a query that version 3 added.
#[derive(Debug, Clone, Copy)]
pub struct QueryV3<'a> {
    flags: u8,
    qqic: u8,
    sources: &'a [[u8; 4]],
}

impl<'a> QueryV3<'a> {
    /// Routers that hear the query leave their timers alone.
    #[must_use]
    pub const fn suppress(&self) -> bool {
        self.flags & 0x08 != 0
    }

    /// Querier's robustness variable, 0 when it is above 7.
    #[must_use]
    pub const fn qrv(&self) -> u8 {
        self.flags & 7
    }

    /// Querier's query interval in seconds.
    #[must_use]
    pub const fn query_interval(&self) -> u32 {
        float_code(self.qqic)
    }

    /// Sources asked for, as far as they are there.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = Ipv4Addr> + 'a {
        self.sources.iter().map(|&a| a.into())
    }
}

/// One record of a version 3 report.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    fixed: &'a [u8; at::RECORD_SOURCES],
    sources: &'a [[u8; 4]],
    aux: &'a [u8],
}

impl<'a> Record<'a> {
    /// Type.
    #[must_use]
    pub const fn kind(&self) -> RecordType {
        RecordType(self.fixed[0])
    }

    /// Group address.
    #[must_use]
    pub const fn group(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(be32(self.fixed, at::RECORD_GROUP))
    }

    /// Sources.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = Ipv4Addr> + 'a {
        self.sources.iter().map(|&a| a.into())
    }

    /// Auxiliary data.
    #[must_use]
    pub const fn aux(&self) -> &'a [u8] {
        self.aux
    }
}

/// Walks the records of a version 3 report. One that is cut short is an error and the last item.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    left: u16,
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Records<'a> {
    fn record(&self) -> Result<(Record<'a>, &'a [u8])> {
        let (fixed, rest) = split::<{ at::RECORD_SOURCES }>("IGMP record", "igmp.record_type", self.rest)?;
        let sources_len = usize::from(be16(fixed, at::RECORD_NUM_SOURCES)) * 4;
        let sources = prefix("IGMP record", "igmp.saddr", at::RECORD_SOURCES, rest, sources_len)?;
        let rest = &rest[sources_len..];
        let aux_len = usize::from(fixed[at::RECORD_AUX_LEN]) * 4;
        let aux = prefix("IGMP record", "igmp.aux_data", at::RECORD_SOURCES + sources_len, rest, aux_len)?;
        Ok((Record { fixed, sources: sources.as_chunks().0, aux }, &rest[aux_len..]))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        match self.record() {
            Ok((record, rest)) => {
                self.offset += self.rest.len() - rest.len();
                self.rest = rest;
                Some(Ok(record))
            }
            Err(e) => {
                self.left = 0;
                Some(Err(e.at(self.offset)))
            }
        }
    }
}

/// An IGMP message to send: versions 1 and 2, and the version 3 report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Repr {
    /// Type.
    pub kind: Type,
    /// Maximum response time in 1/10 s; 0 in reports.
    pub max_resp: u8,
    /// Group address; in a version 3 report the number of records in the low two bytes.
    pub group: Ipv4Addr,
}

impl Repr {
    /// Every message is valid. The checksum is left to [`Header::checksum_ok`].
    pub fn parse(h: &Header<'_>) -> Result<Self> {
        Ok(Self { kind: h.kind(), max_resp: h.max_resp(), group: h.group() })
    }

    /// Bytes that [`Self::emit`] writes.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        at::LEN
    }

    /// Writes the 8 bytes at the front of `out` and returns their number. Everything behind them
    /// in `out` belongs to the message, which the checksum covers: records must already be there.
    pub fn emit(&self, out: &mut [u8]) -> Result<usize> {
        let (h, _) = room::<{ at::LEN }>("IGMP", out)?;
        h[at::TYPE] = self.kind.0;
        h[at::MAX_RESP] = self.max_resp;
        put16(h, at::CHECKSUM, 0);
        put32(h, at::GROUP, self.group.to_bits());
        let sum = checksum(out);
        out[at::CHECKSUM..at::GROUP].copy_from_slice(&sum.to_be_bytes());
        Ok(at::LEN)
    }
}

/// One record to send, without auxiliary data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordRepr<'a> {
    /// Type.
    pub kind: RecordType,
    /// Group address.
    pub group: Ipv4Addr,
    /// Sources.
    pub sources: &'a [Ipv4Addr],
}

/// Writes a whole version 3 report with its checksum at the front of `out` and returns its length.
pub fn emit_report(records: &[RecordRepr<'_>], out: &mut [u8]) -> Result<usize> {
    let Ok(count) = u16::try_from(records.len()) else {
        return Err(Error::value("IGMP", "igmp.num_grp_recs", at::NUM_RECORDS, records.len() as u64));
    };
    let available = out.len();
    let len = at::RECORDS + records.iter().map(|r| at::RECORD_SOURCES + 4 * r.sources.len()).sum::<usize>();
    let out = out.get_mut(..len).ok_or(Error::short("IGMP", "output buffer", 0, len, available))?;
    let mut rest = &mut out[at::RECORDS..];
    for r in records {
        let Ok(sources_count) = u16::try_from(r.sources.len()) else {
            let count = r.sources.len() as u64;
            return Err(Error::value("IGMP record", "igmp.num_src", at::RECORD_NUM_SOURCES, count));
        };
        let (record, behind) = rest.split_at_mut(at::RECORD_SOURCES + 4 * r.sources.len());
        let (head, sources) = record.split_at_mut(at::RECORD_SOURCES);
        head[0] = r.kind.0;
        head[at::RECORD_AUX_LEN] = 0;
        head[at::RECORD_NUM_SOURCES..at::RECORD_GROUP].copy_from_slice(&sources_count.to_be_bytes());
        head[at::RECORD_GROUP..].copy_from_slice(&r.group.octets());
        for (to, source) in sources.chunks_mut(4).zip(r.sources) {
            to.copy_from_slice(&source.octets());
        }
        rest = behind;
    }
    Repr { kind: Type::V3_REPORT, max_resp: 0, group: Ipv4Addr::from_bits(u32::from(count)) }.emit(out)?;
    Ok(len)
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version() {
            Some(3) if self.kind() == Type::V3_REPORT => write!(f, "{}, v3", self.kind()),
            Some(v) if self.group().is_unspecified() => write!(f, "{}, v{v}, general", self.kind()),
            Some(v) => write!(f, "{}, v{v}, {}", self.kind(), self.group()),
            None => write!(f, "{}", self.kind()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    #[test]
    fn version_2_report() {
        // Sum by hand: 1600 + e000 + 00fb = f6fb, complement 0904.
        let mut out = [0xff; 8];
        Repr { kind: Type::V2_REPORT, max_resp: 0, group: Ipv4Addr::new(224, 0, 0, 251) }
            .emit(&mut out)
            .unwrap();
        assert_eq!(out, [0x16, 0, 0x09, 0x04, 224, 0, 0, 251]);
        let h = Header::new(&out).unwrap();
        assert!(h.checksum_ok());
        assert_eq!((h.version(), h.group()), (Some(2), Ipv4Addr::new(224, 0, 0, 251)));
        assert_eq!(h.to_string(), "Membership Report, v2, 224.0.0.251");
        assert_eq!(h.records().count(), 0);
    }

    #[test]
    fn queries_tell_their_version() {
        assert_eq!(Header::new(&[0x11, 0, 0, 0, 0, 0, 0, 0]).unwrap().version(), Some(1));
        let h = [0x11, 100, 0xee, 0x9b, 0, 0, 0, 0];
        let h = Header::new(&h).unwrap();
        assert_eq!((h.version(), h.max_resp(), h.checksum_ok()), (Some(2), 100, true));
        assert_eq!(h.to_string(), "Membership Query, v2, general");
        let q = [0x11, 100, 0, 0, 0, 0, 0, 0, 0x0a, 0x8f, 0, 2, 192, 0, 2, 1];
        let h = Header::new(&q).unwrap();
        let v3 = h.query_v3().unwrap();
        assert_eq!((h.version(), v3.suppress(), v3.qrv()), (Some(3), true, 2));
        // RFC 3376 4.1.7: (f | 10) << (0 + 3).
        assert_eq!(v3.query_interval(), 0x1f << 3);
        assert_eq!(v3.sources().collect::<Vec<_>>(), [Ipv4Addr::new(192, 0, 2, 1)], "one of two is there");
        assert_eq!(float_code(0xff), 31744);
    }

    #[test]
    fn version_3_report() {
        let group = Ipv4Addr::new(239, 1, 1, 1);
        let sources = [Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2)];
        let mut out = [0xff; 40];
        let records = [
            RecordRepr { kind: RecordType::CHANGE_TO_EXCLUDE, group, sources: &[] },
            RecordRepr { kind: RecordType::ALLOW_NEW_SOURCES, group, sources: &sources },
        ];
        let n = emit_report(&records, &mut out).unwrap();
        assert_eq!(n, 32);
        assert_eq!(out[..2], [0x22, 0]);
        assert_eq!(out[4..16], [0, 0, 0, 2, 4, 0, 0, 0, 239, 1, 1, 1]);
        assert_eq!(out[16..32], [5, 0, 0, 2, 239, 1, 1, 1, 192, 0, 2, 1, 192, 0, 2, 2]);
        let h = Header::new(&out[..n]).unwrap();
        assert!(h.checksum_ok());
        let all: Vec<_> = h.records().map(Result::unwrap).collect();
        assert_eq!((all[0].kind(), all[1].group()), (RecordType::CHANGE_TO_EXCLUDE, group));
        assert!(all[1].sources().eq(sources) && all[1].aux().is_empty());
        every_prefix(&out[..n], n, |b| Header::new(b).is_ok_and(|h| h.records().all(|r| r.is_ok())));
    }

    #[test]
    fn truncated() {
        every_prefix(&[0; 10], 8, |b| Header::new(b).is_ok());
        let repr = Repr { kind: Type::LEAVE_GROUP, max_resp: 0, group: Ipv4Addr::LOCALHOST };
        every_prefix(&[0; 10], 8, |b| repr.emit(&mut b.to_vec()).is_ok());
        every_prefix(&[0; 10], 8, |b| emit_report(&[], &mut b.to_vec()).is_ok());
    }

    proptest! {
        #[test]
        fn emit_writes_what_was_parsed(bytes in prop::collection::vec(any::<u8>(), 8..64)) {
            let h = Header::new(&bytes).unwrap();
            let _ = (h.to_string(), h.query_v3().map(|q| q.sources().count()));
            let _ = h.records().flatten().map(|r| r.sources().count() + r.aux().len()).sum::<usize>();
            let mut out = bytes.clone();
            Repr::parse(&h).unwrap().emit(&mut out).unwrap();
            prop_assert!(Header::new(&out).unwrap().checksum_ok());
            prop_assert_eq!(&out[..2], &bytes[..2]);
            prop_assert_eq!(&out[4..], &bytes[4..]);
        }
    }
}
