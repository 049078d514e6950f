//! Sockets of a z/OS data trace: what a program sent and received, without packets.
//!
//! A record names both ends, so a socket is joined with the connection whose packets are in the
//! same trace or in another file of the same run.

use formats::ctrace::{FormatId, Name, Pthdr};

use super::conversations::{End, Kind, Table};
use crate::decode::{net::Ip, zos};
use crate::source::frame::{Batch, Frame};

/// Sockets kept.
const LIMIT: usize = 1_000_000;

/// One socket.
#[derive(Debug, Clone, Copy, Default)]
pub struct Detail {
    /// Job.
    pub job: Option<Name<8>>,
    /// Connection id.
    pub cid: Option<u32>,
    /// Address space.
    pub asid: Option<u16>,
    /// Records: received, sent.
    pub records: [u64; 2],
    /// Bytes: received, sent.
    pub bytes: [u64; 2],
    /// IP protocol.
    pub protocol: u8,
}

/// Follows sockets.
#[derive(Debug)]
pub struct DataTrace {
    /// Between which ends.
    pub table: Table,
    /// One for each.
    pub details: Vec<Detail>,
}

impl Default for DataTrace {
    fn default() -> Self {
        Self { table: Table::new(Kind::Data, LIMIT), details: Vec::new() }
    }
}

/// The packet trace header of a frame that has one.
#[must_use]
pub fn header<'a>(batch: &'a Batch, f: &Frame) -> Option<Pthdr<'a>> {
    let head = batch.bytes(f.head);
    if !zos::format_id(head).is_some_and(FormatId::has_pthdr) {
        return None;
    }
    Pthdr::parse(head.get(zos::cte::HEADER..)?).ok()
}

impl DataTrace {
    /// Takes a record.
    pub fn record(&mut self, batch: &Batch, f: &Frame) {
        let Some(h) = header(batch, f) else { return };
        let (Some(src), Some(dst)) = (h.src(), h.dst()) else { return };
        let wide = |a| match a {
            std::net::IpAddr::V4(a) => Ip::wide(a.into()),
            std::net::IpAddr::V6(a) => a.octets(),
        };
        let end = |a, port: Option<u16>| End { addr: wide(a), port: port.unwrap_or(0) };
        let v6 = src.is_ipv6() || dst.is_ipv6();
        let ends = [end(src, h.src_port()), end(dst, h.dst_port())];
        let Some((i, _)) = self.table.count(ends[0], ends[1], v6, f) else { return };
        let i = i as usize;
        if i >= self.details.len() {
            self.details.push(Detail::default());
        }
        let d = &mut self.details[i];
        let out = usize::from(h.is_out());
        d.records[out] += 1;
        d.bytes[out] += u64::from(f.orig_len);
        d.protocol = h.protocol().unwrap_or(d.protocol);
        if let (None, Some(name)) = (d.job, h.data_trace()) {
            d.job = Some(name.job());
        }
        d.cid = d.cid.or(h.tcb_or_cid());
        d.asid = d.asid.or(h.asid());
    }
}
