//! SCTP: the common header, and the walk over chunks and parameters.
//!
//! Source: RFC 9260 section 3, RFC 5061 (ASCONF), RFC 4895 (AUTH), RFC 3758 (FORWARD TSN),
//! RFC 6525 (RE-CONFIG), RFC 8260 (I-DATA); IANA "SCTP Parameters".
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 2 | source port | `sctp.srcport` |
//! | 2 | 2 | destination port | `sctp.dstport` |
//! | 4 | 4 | verification tag | `sctp.verification_tag` |
//! | 8 | 4 | CRC32c over the packet, least significant byte first | `sctp.checksum` |
//! | 12 | - | chunks | |
//!
//! A chunk; a parameter and an error cause are the same with a type of 2 bytes:
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 1 | type | `sctp.chunk_type` |
//! | 1 | 1 | flags | `sctp.chunk_flags` |
//! | 2 | 2 | length in bytes, these four included, padding not | `sctp.chunk_length` |
//! | 4 | - | value | `sctp.chunk_value` |
//! | - | 0-3 | padding to a multiple of 4 | `sctp.chunk_padding` |
//!
//! | chunk | off | len | field | Wireshark |
//! |---|---|---|---|---|
//! | DATA | 4 | 4 | TSN | `sctp.data_tsn_raw` |
//! | | 8 | 2 | stream identifier | `sctp.data_sid` |
//! | | 10 | 2 | stream sequence number | `sctp.data_ssn` |
//! | | 12 | 4 | payload protocol identifier | `sctp.data_payload_proto_id` |
//! | | 16 | - | user data | |
//! | INIT, INIT ACK | 4 | 4 | initiate tag | `sctp.init_initiate_tag` |
//! | | 8 | 4 | advertised receiver window credit | `sctp.init_credit` |
//! | | 12 | 2 | outbound streams | `sctp.init_nr_out_streams` |
//! | | 14 | 2 | inbound streams | `sctp.init_nr_in_streams` |
//! | | 16 | 4 | initial TSN | `sctp.init_initial_tsn` |
//! | | 20 | - | parameters | |
//! | SACK | 4 | 4 | cumulative TSN ack | `sctp.sack_cumulative_tsn_ack_raw` |
//! | | 8 | 4 | advertised receiver window credit | `sctp.sack_a_rwnd` |
//! | | 12 | 2 | number of gap blocks | `sctp.sack_number_of_gap_blocks` |
//! | | 14 | 2 | number of duplicate TSNs | `sctp.sack_number_of_duplicated_tsns` |
//! | | 16 | 4n | gap blocks: start and end, 2 bytes each; then duplicate TSNs | `sctp.sack_gap_block_start` |

use std::fmt;

use crate::bytes::{be16, be32, put, put16, put32, room, split};
use crate::checksum::{crc32c, crc32c_update};
use crate::code::open_code;
use crate::{Error, Result};

/// Field offsets: of the header, and of chunks from their own start.
pub mod at {
    /// Source port, 2 bytes.
    pub const SRC_PORT: usize = 0;
    /// Destination port, 2 bytes.
    pub const DST_PORT: usize = 2;
    /// Verification tag, 4 bytes.
    pub const TAG: usize = 4;
    /// Checksum, 4 bytes.
    pub const CHECKSUM: usize = 8;
    /// Length of the common header; chunks follow.
    pub const LEN: usize = 12;
    /// Chunk: type, 1 byte.
    pub const CHUNK_TYPE: usize = 0;
    /// Chunk: flags, 1 byte.
    pub const CHUNK_FLAGS: usize = 1;
    /// Chunk: length, 2 bytes.
    pub const CHUNK_LENGTH: usize = 2;
    /// Chunk: value.
    pub const CHUNK_VALUE: usize = 4;
    /// DATA: TSN, 4 bytes.
    pub const DATA_TSN: usize = 4;
    /// DATA: stream identifier, 2 bytes.
    pub const DATA_SID: usize = 8;
    /// DATA: stream sequence number, 2 bytes.
    pub const DATA_SSN: usize = 10;
    /// DATA: payload protocol identifier, 4 bytes.
    pub const DATA_PPID: usize = 12;
    /// DATA: user data.
    pub const DATA_USER: usize = 16;
    /// INIT: initiate tag, 4 bytes.
    pub const INIT_TAG: usize = 4;
    /// INIT and SACK: advertised receiver window credit, 4 bytes.
    pub const A_RWND: usize = 8;
    /// INIT: number of outbound streams, 2 bytes.
    pub const INIT_OUT_STREAMS: usize = 12;
    /// INIT: number of inbound streams, 2 bytes.
    pub const INIT_IN_STREAMS: usize = 14;
    /// INIT: initial TSN, 4 bytes.
    pub const INIT_TSN: usize = 16;
    /// INIT: parameters.
    pub const INIT_PARAMETERS: usize = 20;
    /// SACK: cumulative TSN ack, 4 bytes.
    pub const SACK_TSN: usize = 4;
    /// SACK: number of gap blocks, 2 bytes.
    pub const SACK_GAPS: usize = 12;
    /// SACK: number of duplicate TSNs, 2 bytes.
    pub const SACK_DUPLICATES: usize = 14;
    /// SACK: gap blocks.
    pub const SACK_BLOCKS: usize = 16;
}

open_code! {
    /// Type of a chunk.
    ChunkType(u8, dec) {
        DATA = 0 "DATA",
        INIT = 1 "INIT",
        INIT_ACK = 2 "INIT_ACK",
        SACK = 3 "SACK",
        HEARTBEAT = 4 "HEARTBEAT",
        HEARTBEAT_ACK = 5 "HEARTBEAT_ACK",
        ABORT = 6 "ABORT",
        SHUTDOWN = 7 "SHUTDOWN",
        SHUTDOWN_ACK = 8 "SHUTDOWN_ACK",
        ERROR = 9 "ERROR",
        COOKIE_ECHO = 10 "COOKIE_ECHO",
        COOKIE_ACK = 11 "COOKIE_ACK",
        ECNE = 12 "ECNE",
        CWR = 13 "CWR",
        SHUTDOWN_COMPLETE = 14 "SHUTDOWN_COMPLETE",
        AUTH = 15 "AUTH",
        NR_SACK = 16 "NR_SACK",
        I_DATA = 64 "I_DATA",
        ASCONF_ACK = 128 "ASCONF_ACK",
        PKTDROP = 129 "PKTDROP",
        RE_CONFIG = 130 "RE_CONFIG",
        PAD = 132 "PAD",
        FORWARD_TSN = 192 "FORWARD_TSN",
        ASCONF = 193 "ASCONF",
        I_FORWARD_TSN = 194 "I_FORWARD_TSN",
    }
    also {
        255 "IETF_EXTENSION",
    }
}

open_code! {
    /// Type of a parameter.
    ParameterType(u16, hex) {
        HEARTBEAT_INFO = 0x0001 "Heartbeat info",
        IPV4_ADDRESS = 0x0005 "IPv4 address",
        IPV6_ADDRESS = 0x0006 "IPv6 address",
        STATE_COOKIE = 0x0007 "State cookie",
        UNRECOGNIZED = 0x0008 "Unrecognized parameter",
        COOKIE_PRESERVATIVE = 0x0009 "Cookie preservative",
        HOSTNAME = 0x000b "Hostname address",
        SUPPORTED_ADDRESS_TYPES = 0x000c "Supported address types",
        OUTGOING_RESET = 0x000d "Outgoing SSN reset request parameter",
        INCOMING_RESET = 0x000e "Incoming SSN reset request parameter",
        SSN_TSN_RESET = 0x000f "SSN/TSN reset request parameter",
        RECONFIG_RESPONSE = 0x0010 "Re-configuration response parameter",
        ADD_OUTGOING_STREAMS = 0x0011 "Add outgoing streams request parameter",
        ADD_INCOMING_STREAMS = 0x0012 "Add incoming streams request parameter",
        ECN_CAPABLE = 0x8000 "ECN capable",
        RANDOM = 0x8002 "Random",
        CHUNKS = 0x8003 "Authenticated Chunk list",
        HMAC_ALGORITHMS = 0x8004 "Requested HMAC Algorithm",
        PADDING = 0x8005 "Padding",
        SUPPORTED_EXTENSIONS = 0x8008 "Supported Extensions",
        FORWARD_TSN = 0xc000 "Forward TSN supported",
        ADD_IP = 0xc001 "Add IP address",
        DELETE_IP = 0xc002 "Delete IP address",
        ERROR_CAUSE = 0xc003 "Error cause indication",
        SET_PRIMARY = 0xc004 "Set primary address",
        SUCCESS = 0xc005 "Success report",
        ADAPTATION_LAYER = 0xc006 "Adaptation Layer Indication",
    }
}

open_code! {
    /// Error cause of an ERROR or ABORT chunk.
    CauseCode(u16, dec) {
        INVALID_STREAM = 1 "Invalid stream identifier",
        MISSING_PARAMETER = 2 "Missing mandatory parameter",
        STALE_COOKIE = 3 "Stale cookie error",
        OUT_OF_RESOURCE = 4 "Out of resource",
        UNRESOLVABLE_ADDRESS = 5 "Unresolvable address",
        UNRECOGNIZED_CHUNK = 6 "Unrecognized chunk type",
        INVALID_PARAMETER = 7 "Invalid mandatory parameter",
        UNRECOGNIZED_PARAMETERS = 8 "Unrecognized parameters",
        NO_USER_DATA = 9 "No user data",
        COOKIE_WHILE_SHUTTING_DOWN = 10 "Cookie received while shutting down",
        NEW_ADDRESSES = 11 "Restart of an association with new addresses",
        USER_ABORT = 12 "User initiated ABORT",
        PROTOCOL_VIOLATION = 13 "Protocol violation",
    }
    also {
        160 "Request to delete last address",
        161 "Operation refused due to resource shortage",
        162 "Request to delete source address",
        163 "Association Aborted due to illegal ASCONF-ACK",
        164 "Request refused - no authorization",
        261 "Unsupported HMAC identifier",
    }
}

/// A view over an SCTP packet.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    rest: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the 12 bytes of the common header.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, rest) = split("SCTP", "sctp", bytes)?;
        Ok(Self { fixed, rest })
    }

    /// Source port.
    #[must_use]
    pub const fn src_port(&self) -> u16 {
        be16(self.fixed, at::SRC_PORT)
    }

    /// Destination port.
    #[must_use]
    pub const fn dst_port(&self) -> u16 {
        be16(self.fixed, at::DST_PORT)
    }

    /// Verification tag, 0 in a packet with INIT.
    #[must_use]
    pub const fn verification_tag(&self) -> u32 {
        be32(self.fixed, at::TAG)
    }

    /// Checksum as Wireshark shows `sctp.checksum`: the four bytes read big-endian.
    #[must_use]
    pub const fn checksum(&self) -> u32 {
        be32(self.fixed, at::CHECKSUM)
    }

    /// True when the checksum over the whole packet is right.
    #[must_use]
    pub fn checksum_ok(&self) -> bool {
        let mut zeroed = *self.fixed;
        put32(&mut zeroed, at::CHECKSUM, 0);
        let crc = !crc32c_update(crc32c_update(!0, &zeroed), self.rest);
        crc.swap_bytes() == self.checksum()
    }

    /// Walks the chunks; their offsets count from the start of the packet.
    #[must_use]
    pub const fn chunks(&self) -> Chunks<'a> {
        Chunks { rest: self.rest, offset: at::LEN }
    }

    /// What follows the common header.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.rest
    }
}

/// One chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// Type.
    pub kind: ChunkType,
    /// Flags.
    pub flags: u8,
    /// Offset from the start of the packet.
    pub offset: usize,
    /// Value, without the four bytes before it and the padding behind it.
    pub value: &'a [u8],
}

/// Walks chunks. One whose length is below 4 or beyond the bytes there is an error and the last
/// item.
#[derive(Debug, Clone)]
pub struct Chunks<'a> {
    rest: &'a [u8],
    offset: usize,
}

/// The type-length-value at the start of `bytes`: its four bytes, its value, and what follows its
/// padding. The padding of the last one may be missing.
fn tlv<'a>(
    record: &'static str,
    length: &'static str,
    bytes: &'a [u8],
) -> Result<(&'a [u8; at::CHUNK_VALUE], &'a [u8], &'a [u8])> {
    let (head, _) = split(record, length, bytes)?;
    let len = usize::from(be16(head, at::CHUNK_LENGTH));
    if len < at::CHUNK_VALUE {
        return Err(Error::value(record, length, at::CHUNK_LENGTH, len as u64));
    }
    let value = bytes.get(at::CHUNK_VALUE..len).ok_or(Error::short(record, length, 0, len, bytes.len()))?;
    Ok((head, value, bytes.get(len.next_multiple_of(4)..).unwrap_or_default()))
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<Chunk<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.offset;
        match tlv("SCTP chunk", "sctp.chunk_length", self.rest) {
            Ok((&[kind, flags, ..], value, rest)) => {
                self.offset += self.rest.len() - rest.len();
                self.rest = rest;
                Some(Ok(Chunk { kind: ChunkType(kind), flags, offset, value }))
            }
            Err(e) => {
                self.rest = &[];
                Some(Err(e.at(offset)))
            }
        }
    }
}

/// The fixed part of a DATA chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Data<'a> {
    /// Transmission sequence number.
    pub tsn: u32,
    /// Stream identifier.
    pub sid: u16,
    /// Stream sequence number.
    pub ssn: u16,
    /// Payload protocol identifier.
    pub ppid: u32,
    /// User data.
    pub user: &'a [u8],
}

/// The fixed part of an INIT or INIT ACK chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Init<'a> {
    /// Verification tag that the peer must use.
    pub tag: u32,
    /// Advertised receiver window credit in bytes.
    pub a_rwnd: u32,
    /// Number of outbound streams.
    pub out_streams: u16,
    /// Largest number of inbound streams.
    pub in_streams: u16,
    /// Initial transmission sequence number.
    pub tsn: u32,
    /// Parameters.
    pub parameters: Parameters<'a>,
}

/// A SACK chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sack<'a> {
    /// Everything up to this transmission sequence number has arrived.
    pub tsn: u32,
    /// Advertised receiver window credit in bytes.
    pub a_rwnd: u32,
    gaps: &'a [[u8; 4]],
    duplicates: &'a [[u8; 4]],
}

impl<'a> Sack<'a> {
    /// Blocks that have arrived: offsets of first and last from the cumulative TSN.
    pub fn gaps(&self) -> impl ExactSizeIterator<Item = (u16, u16)> + 'a {
        self.gaps.iter().map(|b| (be16(b, 0), be16(b, 2)))
    }

    /// Transmission sequence numbers that have arrived more than once.
    pub fn duplicates(&self) -> impl ExactSizeIterator<Item = u32> + 'a {
        self.duplicates.iter().map(|b| u32::from_be_bytes(*b))
    }
}

impl<'a> Chunk<'a> {
    /// DATA flag: last fragment of a message.
    pub const END: u8 = 1;
    /// DATA flag: first fragment of a message.
    pub const BEGIN: u8 = 2;
    /// DATA flag: not ordered.
    pub const UNORDERED: u8 = 4;
    /// DATA flag: acknowledge at once.
    pub const IMMEDIATE: u8 = 8;

    /// The fields of a DATA chunk, `None` for another chunk or one that is too short.
    #[must_use]
    pub fn data(&self) -> Option<Data<'a>> {
        let (h, user) = self.value.split_first_chunk::<12>()?;
        (self.kind == ChunkType::DATA).then(|| Data {
            tsn: be32(h, 0),
            sid: be16(h, 4),
            ssn: be16(h, 6),
            ppid: be32(h, 8),
            user,
        })
    }

    /// The fields of an INIT or INIT ACK chunk, `None` for another chunk or one that is too short.
    #[must_use]
    pub fn init(&self) -> Option<Init<'a>> {
        let (h, parameters) = self.value.split_first_chunk::<16>()?;
        matches!(self.kind, ChunkType::INIT | ChunkType::INIT_ACK).then(|| Init {
            tag: be32(h, 0),
            a_rwnd: be32(h, 4),
            out_streams: be16(h, 8),
            in_streams: be16(h, 10),
            tsn: be32(h, 12),
            parameters: Parameters::new(parameters, self.offset + at::INIT_PARAMETERS),
        })
    }

    /// The fields of a SACK chunk, `None` for another chunk or one that is too short.
    #[must_use]
    pub fn sack(&self) -> Option<Sack<'a>> {
        let (h, rest) = self.value.split_first_chunk::<12>()?;
        let (blocks, _) = rest.as_chunks::<4>();
        let (gaps, rest) = blocks.split_at_checked(usize::from(be16(h, 8)))?;
        let duplicates = rest.get(..usize::from(be16(h, 10)))?;
        (self.kind == ChunkType::SACK).then(|| Sack { tsn: be32(h, 0), a_rwnd: be32(h, 4), gaps, duplicates })
    }

    /// Walks the value as error causes, for ERROR and ABORT: the type of a [`Parameter`] is then
    /// a [`CauseCode`].
    #[must_use]
    pub fn causes(&self) -> Parameters<'a> {
        let holds = matches!(self.kind, ChunkType::ERROR | ChunkType::ABORT);
        Parameters::new(if holds { self.value } else { &[] }, self.offset + at::CHUNK_VALUE)
    }
}

/// One parameter, or one error cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// Type.
    pub kind: ParameterType,
    /// Offset from the start of the packet.
    pub offset: usize,
    /// Value, without the four bytes before it and the padding behind it.
    pub value: &'a [u8],
}

/// Walks parameters or error causes. It ends as [`Chunks`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Parameters<'a> {
    /// Walks `bytes`, which start at `offset` of the packet.
    #[must_use]
    pub const fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self { rest: bytes, offset }
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Result<Parameter<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.offset;
        match tlv("SCTP parameter", "sctp.parameter_length", self.rest) {
            Ok((head, value, rest)) => {
                self.offset += self.rest.len() - rest.len();
                self.rest = rest;
                Some(Ok(Parameter { kind: ParameterType(be16(head, 0)), offset, value }))
            }
            Err(e) => {
                self.rest = &[];
                Some(Err(e.at(offset)))
            }
        }
    }
}

/// A common header to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Repr {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Verification tag.
    pub verification_tag: u32,
}

impl Repr {
    /// Every header is valid. The checksum is left to [`Header::checksum_ok`].
    pub fn parse(h: &Header<'_>) -> Result<Self> {
        Ok(Self { src_port: h.src_port(), dst_port: h.dst_port(), verification_tag: h.verification_tag() })
    }

    /// Bytes that [`Self::emit`] writes.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        at::LEN
    }

    /// Writes the header at the front of `out` and returns its length. Everything behind it in
    /// `out` are the chunks, which must already be there: the checksum covers them.
    pub fn emit(&self, out: &mut [u8]) -> Result<usize> {
        let (h, _) = room::<{ at::LEN }>("SCTP", out)?;
        put16(h, at::SRC_PORT, self.src_port);
        put16(h, at::DST_PORT, self.dst_port);
        put32(h, at::TAG, self.verification_tag);
        put32(h, at::CHECKSUM, 0);
        let crc = crc32c(out);
        let (h, _) = room::<{ at::LEN }>("SCTP", out)?;
        put(h, at::CHECKSUM, &crc.to_le_bytes());
        Ok(at::LEN)
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} \u{2192} {}", self.src_port(), self.dst_port())?;
        for chunk in self.chunks().flatten() {
            write!(f, " {}", chunk.kind)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    fn packet(chunks: &[u8]) -> Vec<u8> {
        let mut p = [&[0; 12][..], chunks].concat();
        Repr { src_port: 3868, dst_port: 2905, verification_tag: 0x0102_0304 }.emit(&mut p).unwrap();
        p
    }

    #[test]
    fn data_chunk_with_padding() {
        let p = packet(&[0, 3, 0, 19, 0, 0, 0, 9, 0, 1, 0, 2, 0, 0, 0, 46, b'a', b'b', b'c', 0, 11, 0, 0, 4]);
        let h = Header::new(&p).unwrap();
        assert_eq!((h.src_port(), h.dst_port(), h.verification_tag()), (3868, 2905, 0x0102_0304));
        assert!(h.checksum_ok());
        let chunks: Vec<_> = h.chunks().collect::<Result<_>>().unwrap();
        assert_eq!(chunks[0].flags, Chunk::BEGIN | Chunk::END);
        assert_eq!(chunks[0].data(), Some(Data { tsn: 9, sid: 1, ssn: 2, ppid: 46, user: b"abc" }));
        assert_eq!((chunks[1].kind, chunks[1].offset), (ChunkType::COOKIE_ACK, 32));
        assert_eq!(h.to_string(), "3868 \u{2192} 2905 DATA COOKIE_ACK");
    }

    #[test]
    fn init_with_parameters() {
        let chunk = [1, 0, 0, 28, 0, 0, 0, 7, 0, 1, 0, 0, 0, 10, 0, 20, 0, 0, 0, 5, 0, 5, 0, 8, 192, 0, 2, 1];
        let p = packet(&chunk);
        let h = Header::new(&p).unwrap();
        let init = h.chunks().next().unwrap().unwrap().init().unwrap();
        assert_eq!(
            (init.tag, init.a_rwnd, init.out_streams, init.in_streams, init.tsn),
            (7, 65536, 10, 20, 5)
        );
        let parameters: Vec<_> = init.parameters.collect::<Result<_>>().unwrap();
        let expected = Parameter { kind: ParameterType::IPV4_ADDRESS, offset: 32, value: &[192, 0, 2, 1] };
        assert_eq!(parameters, [expected]);
    }

    #[test]
    fn sack_with_gaps_and_duplicates() {
        let p = packet(&[3, 0, 0, 24, 0, 0, 0, 9, 0, 0, 1, 0, 0, 1, 0, 1, 0, 2, 0, 3, 0, 0, 0, 8]);
        let sack = Header::new(&p).unwrap().chunks().next().unwrap().unwrap().sack().unwrap();
        assert_eq!((sack.tsn, sack.a_rwnd), (9, 256));
        assert!(sack.gaps().eq([(2, 3)]) && sack.duplicates().eq([8]));
        let p = packet(&[3, 0, 0, 16, 0, 0, 0, 9, 0, 0, 1, 0, 0, 1, 0, 0]);
        assert_eq!(Header::new(&p).unwrap().chunks().next().unwrap().unwrap().sack(), None);
    }

    #[test]
    fn error_causes() {
        let p = packet(&[6, 0, 0, 8, 0, 12, 0, 4]);
        let chunk = Header::new(&p).unwrap().chunks().next().unwrap().unwrap();
        let cause = chunk.causes().next().unwrap().unwrap();
        assert_eq!(CauseCode(cause.kind.0), CauseCode::USER_ABORT);
    }

    #[test]
    fn impossible_lengths_end_the_walk() {
        let p = packet(&[11, 0, 0, 4, 11, 0, 0, 3]);
        let all: Vec<_> = Header::new(&p).unwrap().chunks().collect();
        assert!(all[0].is_ok());
        assert_eq!(all[1], Err(Error::value("SCTP chunk", "sctp.chunk_length", 18, 3)));
        let p = packet(&[11, 0, 0, 5]);
        let all: Vec<_> = Header::new(&p).unwrap().chunks().collect();
        assert_eq!(all, [Err(Error::short("SCTP chunk", "sctp.chunk_length", 12, 5, 4))]);
    }

    #[test]
    fn truncated() {
        every_prefix(&[0; 16], 12, |b| Header::new(b).is_ok());
        let repr = Repr { src_port: 1, dst_port: 2, verification_tag: 3 };
        every_prefix(&[0; 16], 12, |b| repr.emit(&mut b.to_vec()).is_ok());
        let mut p = packet(b"chunks");
        p[14] ^= 1;
        assert!(!Header::new(&p).unwrap().checksum_ok());
    }

    proptest! {
        #[test]
        fn views_anything(bytes in prop::collection::vec(any::<u8>(), 12..120)) {
            let h = Header::new(&bytes).unwrap();
            let _ = (h.to_string(), h.checksum_ok());
            for c in h.chunks().flatten() {
                prop_assert!(c.offset + 4 + c.value.len() <= bytes.len());
                let _ = (c.data(), c.sack(), c.causes().count(), c.init().map(|i| i.parameters.count()));
            }
        }

        #[test]
        fn parse_undoes_emit(
            src_port: u16, dst_port: u16, verification_tag: u32, chunks in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let r = Repr { src_port, dst_port, verification_tag };
            let mut out = [&[0xff; 12][..], &chunks].concat();
            r.emit(&mut out).unwrap();
            let h = Header::new(&out).unwrap();
            prop_assert!(h.checksum_ok());
            prop_assert_eq!(Repr::parse(&h), Ok(r));
        }
    }
}
