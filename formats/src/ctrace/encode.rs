//! Writing packet trace entries: one, or the segments of a record that is too long for one.
//!
//! Every segment carries the same PTH_Tlen and PTH_Time; PTH_SeqNum counts 0, 1, ... 255 and
//! goes on with 1. Source: IP Programmer's Guide and Reference, "Segmented records".

use zerocopy::IntoBytes;

use super::cte::{self, HEADER, TRAILER};
use super::pthdr::{LEN, MIN_LEN, PthFields};
use super::{Cte, FormatId, Pthdr};
use crate::tod::Tod;
use crate::{Error, Result};

/// Data per entry of the stack's own buffers, X'3800': seen in a published dump.
pub const STACK_MAX_DATA: usize = 0x3800;

/// A packet trace record to be written.
#[derive(Debug, Clone, Copy)]
pub struct PacketEntry<'a> {
    /// Entry id: 4 packet, 5 data, 6 EE, 7 OSAENTA, 8 SMC.
    pub id: FormatId,
    /// CTETIME.
    pub time: Tod,
    /// The header; PTH_Len, PTH_SeqNum and PTH_Tlen are set by the encoder.
    pub header: PthFields,
    /// Bytes of the header to be written, 92 for the current layout.
    pub header_len: usize,
    /// Extensions behind the header.
    pub extensions: &'a [u8],
    /// The packet, frame or socket data.
    pub data: &'a [u8],
}

impl<'a> PacketEntry<'a> {
    /// A record with a header of the current length and no extensions.
    #[must_use]
    pub const fn new(id: FormatId, time: Tod, header: PthFields, data: &'a [u8]) -> Self {
        Self { id, time, header, header_len: LEN, extensions: &[], data }
    }

    /// Appends the record as one entry. Fails when it is longer than an entry can be, or when
    /// the header is shorter than 8 bytes or, with extensions, than 92.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<()> {
        self.segment(0, self.data, out)
    }

    /// Appends the record in segments of at most `max_data` bytes of data; each call of `each`
    /// gets one entry. Returns how many there were.
    pub fn encode_segments(
        &self,
        max_data: usize,
        mut each: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<usize> {
        let overhead = HEADER + self.header_len.min(LEN) + self.extensions.len() + TRAILER;
        let room = cte::MAX.saturating_sub(overhead);
        let size = max_data.clamp(1, room.max(1));
        let mut entry = Vec::with_capacity(overhead + self.data.len().min(size));
        let mut count = 0;
        let mut seq = 0_u8;
        let mut rest = self.data;
        loop {
            let (now, later) = rest.split_at(rest.len().min(size));
            entry.clear();
            self.segment(seq, now, &mut entry)?;
            each(&entry)?;
            count += 1;
            rest = later;
            if rest.is_empty() {
                return Ok(count);
            }
            seq = next_seq(seq);
        }
    }

    fn segment(&self, seq: u8, data: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let short = self.header_len < MIN_LEN || (self.header_len < LEN && !self.extensions.is_empty());
        let len = self.header_len.min(LEN) + self.extensions.len();
        let Some(pth_len) = u16::try_from(len).ok().filter(|_| !short) else {
            return Err(Error::value("PTHDR", "PTH_Len", HEADER, len as u64));
        };
        let mut header = self.header;
        header.len = pth_len.into();
        header.seq_num = seq;
        header.set_tlen(self.data.len());
        let head = &header.as_bytes()[..self.header_len.min(LEN)];
        cte::encode_parts(self.id, self.time, &[head, self.extensions, data], out)
    }
}

/// The segment number behind `seq`.
#[must_use]
pub const fn next_seq(seq: u8) -> u8 {
    if seq == 255 { 1 } else { seq + 1 }
}

/// Writes an entry back that was read in two parts, everything up to its data and the data,
/// which may have been joined from segments: the original bytes where the lengths still agree,
/// otherwise cut into segments again.
pub fn rewrite(
    head: &[u8],
    data: &[u8],
    max_data: usize,
    mut each: impl FnMut(&[u8]) -> Result<()>,
) -> Result<usize> {
    let Some(lenp) = head.first_chunk::<2>().filter(|_| head.len() >= HEADER) else {
        return Err(Error::short("CTE", "header", 0, HEADER, head.len()));
    };
    let mut entry = Vec::with_capacity(head.len() + data.len().min(cte::MAX) + TRAILER);
    if usize::from(u16::from_be_bytes(*lenp)) == head.len() + data.len() + TRAILER {
        entry.extend_from_slice(head);
        entry.extend_from_slice(data);
        entry.extend_from_slice(lenp);
        Cte::parse(&entry)?;
        each(&entry)?;
        return Ok(1);
    }
    let off = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let pth = head.get(off..).unwrap_or_default();
    Pthdr::parse(pth).map_err(|e| e.at(off))?;
    let room = cte::MAX.saturating_sub(head.len() + TRAILER);
    let size = max_data.clamp(1, room.max(1));
    let tlen = data.len().min(0xFF_FFFF) as u32;
    let (mut rest, mut seq, mut count) = (data, 0_u8, 0);
    loop {
        let (now, later) = rest.split_at(rest.len().min(size));
        let len = head.len() + now.len() + TRAILER;
        let Ok(short) = u16::try_from(len) else {
            return Err(Error::value("CTE", "CTELENP", 0, len as u64));
        };
        entry.clear();
        entry.extend_from_slice(&short.to_be_bytes());
        entry.extend_from_slice(&head[2..]);
        entry[off + 2] = seq;
        entry[off + 5..off + 8].copy_from_slice(&tlen.to_be_bytes()[1..]);
        entry.extend_from_slice(now);
        entry.extend_from_slice(&short.to_be_bytes());
        each(&entry)?;
        count += 1;
        rest = later;
        if rest.is_empty() {
            return Ok(count);
        }
        seq = next_seq(seq);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctrace::cte::tests::{DATA, PACKET, hex};
    use crate::ctrace::data_trace::{DataTrace, Domain, SocketType};
    use crate::ctrace::{Name, pthdr};

    fn worked_header() -> PthFields {
        PthFields {
            flag: 1,
            dev_ty: 39,
            name: Name::<16>::new("TR1").0,
            time: 0xB72E_372B_BDA0_3000.into(),
            src: pthdr::address_field("9.67.113.65".parse().unwrap()),
            dst: pthdr::address_field("9.37.80.3".parse().unwrap()),
            sport: 1025.into(),
            dport: 53.into(),
            record_number: 3.into(),
            protocol: 17,
            word_76: 0x007F_62C0.into(),
            half_80: 0x1E.into(),
            plen: 56.into(),
            if_index: 3.into(),
            ..PthFields::default()
        }
    }

    #[test]
    fn writes_the_worked_packet_from_its_fields() {
        let want = hex(PACKET);
        let time = Tod(0xB72E_372B_BDA0_5000);
        let mut out = Vec::new();
        PacketEntry::new(FormatId::PACKET, time, worked_header(), &want[108..164]).encode(&mut out).unwrap();
        assert_eq!(out, want);
    }

    #[test]
    fn writes_the_worked_data_trace_from_its_fields() {
        let header = PthFields {
            flag: 0x21,
            name: DataTrace::new(Name::new("USER12"), Domain(2), SocketType(1), 6, 0).0,
            time: 0xC45F_FFFE_509E_0000.into(),
            src: pthdr::address_field("10.1.0.2".parse().unwrap()),
            dst: pthdr::address_field("10.1.1.2".parse().unwrap()),
            sport: 41_416.into(),
            dport: 8803.into(),
            record_number: 4.into(),
            protocol: 6,
            word_76: 0x58.into(),
            half_80: 0x45.into(),
            plen: 18.into(),
            ..PthFields::default()
        };
        let mut out = Vec::new();
        let time = Tod(0xC45F_FFFE_509E_2000);
        PacketEntry::new(FormatId::DATA, time, header, b"GET / HTTP/1.0\r\n\r\n").encode(&mut out).unwrap();
        assert_eq!(out, hex(DATA));
    }

    #[test]
    fn the_worked_packet_of_100_bytes_in_two_segments() {
        let data = [0x45; 100];
        let time = Tod(0xB72E_372B_BDA0_5000);
        let header = PthFields { flag: 0, ..worked_header() };
        let mut all = Vec::new();
        let n = PacketEntry::new(FormatId::PACKET, time, header, &data)
            .encode_segments(60, |e| {
                all.push(e.to_vec());
                Ok(())
            })
            .unwrap();
        assert_eq!(n, 2);
        assert_eq!(all[0][..24], hex("00AA0010 00000004 B72E372B BDA05000 005C0000 27000064"));
        assert_eq!(all[1][..24], hex("00960010 00000004 B72E372B BDA05000 005C0100 27000064"));
        assert_eq!((all[0].len(), all[1].len()), (170, 150));
    }

    #[test]
    fn segment_numbers_go_on_with_1_behind_255() {
        let data = vec![0x45; 600];
        let mut seqs = Vec::new();
        PacketEntry::new(FormatId::DATA, Tod(0), PthFields::default(), &data)
            .encode_segments(2, |e| {
                seqs.push(e[18]);
                Ok(())
            })
            .unwrap();
        assert_eq!(seqs.len(), 300);
        assert_eq!((seqs[0], seqs[1], seqs[255], seqs[256], seqs[299]), (0, 1, 255, 1, 44));
    }

    #[test]
    fn rewrites_original_bytes_or_cuts_again() {
        let want = hex(PACKET);
        let mut all = Vec::new();
        let mut keep = |e: &[u8]| {
            all.push(e.to_vec());
            Ok(())
        };
        assert_eq!(rewrite(&want[..108], &want[108..164], 1000, &mut keep), Ok(1));
        assert_eq!(rewrite(&want[..108], &[7; 100], 60, &mut keep), Ok(2));
        assert!(rewrite(&want[..12], &[], 60, &mut keep).is_err());
        assert_eq!(all[0], want);
        assert_eq!(all[1][..2], [0, 0xAA]);
        assert_eq!(all[2][16..24], hex("005C0101 27000064"));
        assert!(all.iter().all(|e| Cte::parse(e).is_ok()));
    }

    #[test]
    fn headers_that_cannot_be() {
        let mut e = PacketEntry::new(FormatId::PACKET, Tod(0), PthFields::default(), &[]);
        e.header_len = 7;
        assert!(e.encode(&mut Vec::new()).is_err());
        e.header_len = 88;
        let mut out = Vec::new();
        e.encode(&mut out).unwrap();
        assert_eq!((out.len(), out[17]), (106, 88));
        e.extensions = &[0, 4, 0, 1];
        assert!(e.encode(&mut Vec::new()).is_err());
        let huge = vec![0; 65_535];
        e = PacketEntry::new(FormatId::PACKET, Tod(0), PthFields::default(), &huge);
        assert!(e.encode(&mut Vec::new()).is_err());
        let mut lens = Vec::new();
        e.encode_segments(usize::MAX, |s| {
            lens.push(s.len());
            Ok(())
        })
        .unwrap();
        assert_eq!(lens, [65_534, 110 + 65_535 - (65_534 - 110)]);
    }
}
