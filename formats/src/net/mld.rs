//! Multicast listener discovery: the bodies of ICMPv6 types 130 to 132 and 143.
//!
//! Source: RFC 2710 section 3 (version 1), RFC 3810 sections 5.1 and 5.2 (version 2). Offsets
//! count from the ICMPv6 header.
//!
//! | message | off | len | field | Wireshark |
//! |---|---|---|---|---|
//! | query, v1 report and done | 4 | 2 | maximum response delay, ms (v2: code) | `icmpv6.mld.maximum_response_delay` |
//! | | 8 | 16 | multicast address, `::` in a general query | `icmpv6.mld.multicast_address` |
//! | v2 query | 24 | 1 | reserved (4 bits), S (1), QRV (3) | `icmpv6.mld.flag.s`, `icmpv6.mld.flag.qrv` |
//! | | 25 | 1 | QQIC | `icmpv6.mld.qqi` |
//! | | 26 | 2 | number of sources | `icmpv6.mld.nb_sources` |
//! | | 28 | 16n | sources | `icmpv6.mld.source_address` |
//! | v2 report | 6 | 2 | number of records | `icmpv6.mldr.nb_mcast_records` |
//! | | 8 | - | records | `icmpv6.mldr.mar` |
//! | record | 0 | 1 | type | `icmpv6.mldr.mar.record_type` |
//! | | 1 | 1 | length of auxiliary data in 32-bit words | `icmpv6.mldr.mar.aux_data_len` |
//! | | 2 | 2 | number of sources | `icmpv6.mldr.mar.nb_sources` |
//! | | 4 | 16 | multicast address | `icmpv6.mldr.mar.multicast_address` |
//! | | 20 | 16n | sources | `icmpv6.mldr.mar.source_address` |

use std::net::Ipv6Addr;

use super::icmpv6::{self, Type};
use super::igmp::RecordType;
use crate::bytes::{array, be16, prefix, split};
use crate::{Error, Result};

/// Field offsets: of messages from the start of the ICMPv6 header, of records from their own.
pub mod at {
    /// Query, v1 report and done: maximum response delay or code, 2 bytes.
    pub const MAX_RESPONSE: usize = 4;
    /// Query, v1 report and done: multicast address, 16 bytes.
    pub const ADDRESS: usize = 8;
    /// Length of a v1 message.
    pub const LEN_V1: usize = 24;
    /// v2 query: S and QRV, 1 byte.
    pub const S_QRV: usize = 24;
    /// v2 query: QQIC, 1 byte.
    pub const QQIC: usize = 25;
    /// v2 query: number of sources, 2 bytes.
    pub const NUM_SOURCES: usize = 26;
    /// v2 query: sources.
    pub const SOURCES: usize = 28;
    /// v2 report: number of records, 2 bytes.
    pub const NUM_RECORDS: usize = 6;
    /// v2 report: records.
    pub const RECORDS: usize = 8;
    /// Record: auxiliary data length, 1 byte.
    pub const RECORD_AUX_LEN: usize = 1;
    /// Record: number of sources, 2 bytes.
    pub const RECORD_NUM_SOURCES: usize = 2;
    /// Record: multicast address, 16 bytes.
    pub const RECORD_ADDRESS: usize = 4;
    /// Record: sources.
    pub const RECORD_SOURCES: usize = 20;
}

/// A view over a query, a version 1 report or a done message.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    max_response: u16,
    fixed: &'a [u8; 16],
    rest: &'a [u8],
}

impl<'a> Message<'a> {
    /// Needs types 130 to 132 and the 24 bytes of a version 1 message.
    pub fn new(h: &icmpv6::Header<'a>) -> Result<Self> {
        if !matches!(h.kind(), Type::MLD_QUERY | Type::MLD_REPORT | Type::MLD_DONE) {
            return Err(Error::value("MLD", "icmpv6.type", icmpv6::at::TYPE, u64::from(h.kind().0)));
        }
        let (fixed, rest) = split("MLD", "icmpv6.mld.multicast_address", h.payload())
            .map_err(|e: Error| e.at(icmpv6::at::LEN))?;
        let [a, b, ..] = h.rest();
        Ok(Self { max_response: u16::from_be_bytes([a, b]), fixed, rest })
    }

    /// Maximum response delay as it stands: milliseconds in version 1, a code in version 2.
    #[must_use]
    pub const fn max_response_code(&self) -> u16 {
        self.max_response
    }

    /// Maximum response delay of a version 2 query in milliseconds (RFC 3810 section 5.1.3).
    #[must_use]
    pub const fn max_response_ms(&self) -> u32 {
        match self.max_response {
            v if v < 0x8000 => v as u32,
            v => (v as u32 & 0x0fff | 0x1000) << ((v >> 12 & 7) + 3),
        }
    }

    /// Multicast address, unspecified in a general query.
    #[must_use]
    pub fn address(&self) -> Ipv6Addr {
        (*self.fixed).into()
    }

    /// What only a version 2 query has, `None` in a version 1 message.
    #[must_use]
    pub fn v2(&self) -> Option<QueryV2<'a>> {
        let (&[flags, qqic, n0, n1], rest) = self.rest.split_first_chunk()?;
        let count = usize::from(u16::from_be_bytes([n0, n1]));
        let (sources, _) = rest.as_chunks();
        Some(QueryV2 { flags, qqic, sources: &sources[..count.min(sources.len())] })
    }
}

/// The part of a query that version 2 added.
#[derive(Debug, Clone, Copy)]
pub struct QueryV2<'a> {
    flags: u8,
    qqic: u8,
    sources: &'a [[u8; 16]],
}

impl<'a> QueryV2<'a> {
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
        super::igmp::float_code(self.qqic)
    }

    /// Sources asked for, as far as they are there.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = Ipv6Addr> + 'a {
        self.sources.iter().map(|&a| a.into())
    }
}

/// One record of a version 2 report.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    fixed: &'a [u8; at::RECORD_SOURCES],
    sources: &'a [[u8; 16]],
    aux: &'a [u8],
}

impl<'a> Record<'a> {
    /// Type.
    #[must_use]
    pub const fn kind(&self) -> RecordType {
        RecordType(self.fixed[0])
    }

    /// Multicast address.
    #[must_use]
    pub fn address(&self) -> Ipv6Addr {
        array::<16, { at::RECORD_SOURCES }>(self.fixed, at::RECORD_ADDRESS).into()
    }

    /// Sources.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = Ipv6Addr> + 'a {
        self.sources.iter().map(|&a| a.into())
    }

    /// Auxiliary data.
    #[must_use]
    pub const fn aux(&self) -> &'a [u8] {
        self.aux
    }
}

/// Walks the records of a version 2 report. One that is cut short is an error and the last item.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    left: u16,
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Records<'a> {
    /// Needs type 143.
    pub fn new(h: &icmpv6::Header<'a>) -> Result<Self> {
        if h.kind() != Type::MLDV2_REPORT {
            return Err(Error::value("MLD", "icmpv6.type", icmpv6::at::TYPE, u64::from(h.kind().0)));
        }
        let [.., a, b] = h.rest();
        Ok(Self { left: u16::from_be_bytes([a, b]), rest: h.payload(), offset: at::RECORDS })
    }

    fn record(&self) -> Result<(Record<'a>, &'a [u8])> {
        let (fixed, rest) = split::<{ at::RECORD_SOURCES }>("MLD record", "icmpv6.mldr.mar", self.rest)?;
        let sources_len = usize::from(be16(fixed, at::RECORD_NUM_SOURCES)) * 16;
        let sources =
            prefix("MLD record", "icmpv6.mldr.mar.source_address", at::RECORD_SOURCES, rest, sources_len)?;
        let rest = &rest[sources_len..];
        let aux_len = usize::from(fixed[at::RECORD_AUX_LEN]) * 4;
        let aux_at = at::RECORD_SOURCES + sources_len;
        let aux = prefix("MLD record", "icmpv6.mldr.mar.auxiliary_data", aux_at, rest, aux_len)?;
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

/// One record to send, without auxiliary data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordRepr<'a> {
    /// Type.
    pub kind: RecordType,
    /// Multicast address.
    pub address: Ipv6Addr,
    /// Sources.
    pub sources: &'a [Ipv6Addr],
}

/// Writes the records of a version 2 report, the part of the message behind its first 8 bytes, at
/// the front of `out` and returns their length.
pub fn emit_records(records: &[RecordRepr<'_>], out: &mut [u8]) -> Result<usize> {
    let available = out.len();
    let len = records.iter().map(|r| at::RECORD_SOURCES + 16 * r.sources.len()).sum();
    let mut rest = out.get_mut(..len).ok_or(Error::short("MLD", "output buffer", 0, len, available))?;
    for r in records {
        let Ok(count) = u16::try_from(r.sources.len()) else {
            let count = r.sources.len() as u64;
            return Err(Error::value(
                "MLD record",
                "icmpv6.mldr.mar.nb_sources",
                at::RECORD_NUM_SOURCES,
                count,
            ));
        };
        let (record, behind) = rest.split_at_mut(at::RECORD_SOURCES + 16 * r.sources.len());
        let (head, sources) = record.split_at_mut(at::RECORD_SOURCES);
        head[0] = r.kind.0;
        head[at::RECORD_AUX_LEN] = 0;
        head[at::RECORD_NUM_SOURCES..at::RECORD_ADDRESS].copy_from_slice(&count.to_be_bytes());
        head[at::RECORD_ADDRESS..].copy_from_slice(&r.address.octets());
        for (to, source) in sources.chunks_mut(16).zip(r.sources) {
            to.copy_from_slice(&source.octets());
        }
        rest = behind;
    }
    Ok(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    // A report that joins ff02::fb, laid out by hand after RFC 3810 section 5.2.
    const REPORT: [u8; 28] =
        [143, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfb];

    #[test]
    fn report_of_version_2() {
        let h = icmpv6::Header::new(&REPORT).unwrap();
        let all: Vec<_> = Records::new(&h).unwrap().map(Result::unwrap).collect();
        assert_eq!(all.len(), 1);
        assert_eq!(
            (all[0].kind(), all[0].address().to_string()),
            (RecordType::CHANGE_TO_EXCLUDE, "ff02::fb".into())
        );
        assert_eq!((all[0].sources().len(), all[0].aux().len()), (0, 0));
        let repr = RecordRepr { kind: all[0].kind(), address: all[0].address(), sources: &[] };
        let mut out = [0xff; 20];
        assert_eq!(emit_records(&[repr], &mut out), Ok(20));
        assert_eq!(out, REPORT[8..]);
        every_prefix(&REPORT, 28, |b| {
            icmpv6::Header::new(b).is_ok_and(|h| Records::new(&h).unwrap().all(|r| r.is_ok()))
        });
    }

    #[test]
    fn queries_of_both_versions() {
        let mut q = vec![130, 0, 0, 0, 0x27, 0x10, 0, 0];
        q.extend([0; 16]);
        let h = icmpv6::Header::new(&q).unwrap();
        let m = Message::new(&h).unwrap();
        assert_eq!((m.max_response_code(), m.max_response_ms()), (10_000, 10_000));
        assert!(m.address().is_unspecified() && m.v2().is_none());
        q.extend([0x0a, 125, 0, 1]);
        q.extend(Ipv6Addr::LOCALHOST.octets());
        let h = icmpv6::Header::new(&q).unwrap();
        let v2 = Message::new(&h).unwrap().v2().unwrap();
        assert_eq!((v2.suppress(), v2.qrv(), v2.query_interval()), (true, 2, 125));
        assert_eq!(v2.sources().collect::<Vec<_>>(), [Ipv6Addr::LOCALHOST]);
        every_prefix(&q[..24], 24, |b| icmpv6::Header::new(b).is_ok_and(|h| Message::new(&h).is_ok()));
    }

    #[test]
    fn floating_response_code() {
        // RFC 3810 5.1.3: (mantissa | 0x1000) << (exponent + 3).
        let mut q = [0u8; 24];
        q[0] = 130;
        q[4..6].copy_from_slice(&[0x90, 0x02]);
        let h = icmpv6::Header::new(&q).unwrap();
        assert_eq!(Message::new(&h).unwrap().max_response_ms(), 0x1002 << 4);
    }

    proptest! {
        #[test]
        fn views_anything(kind in 130..144u8, mut bytes in prop::collection::vec(any::<u8>(), 8..120)) {
            bytes[0] = kind;
            let h = icmpv6::Header::new(&bytes).unwrap();
            if let Ok(m) = Message::new(&h) {
                let _ = (m.max_response_ms(), m.v2().map(|v| v.sources().count()));
            }
            if let Ok(r) = Records::new(&h) {
                prop_assert!(r.count() <= 6);
            }
        }

        #[test]
        fn what_is_emitted_reads_back(kind: u8, address: u128, sources in prop::collection::vec(any::<u128>(), 0..4)) {
            let sources: Vec<_> = sources.into_iter().map(Ipv6Addr::from).collect();
            let r = RecordRepr { kind: RecordType(kind), address: address.into(), sources: &sources };
            let mut out = [0; 200];
            out[0] = 143;
            out[7] = 2;
            let n = emit_records(&[r, r], &mut out[8..]).unwrap();
            let h = icmpv6::Header::new(&out[..8 + n]).unwrap();
            let all: Vec<_> = Records::new(&h).unwrap().map(Result::unwrap).collect();
            prop_assert_eq!(all.len(), 2);
            prop_assert_eq!(all[1].address(), r.address);
            prop_assert_eq!(all[1].sources().collect::<Vec<_>>(), sources);
        }
    }
}
