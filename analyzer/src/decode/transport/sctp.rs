//! SCTP (RFC 9260): the common header and its chunks.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 2 | source port |
//! | 2 | 2 | destination port |
//! | 4 | 4 | verification tag |
//! | 8 | 4 | checksum (CRC-32C) |
//! | 12 | 1 + 1 + 2 | chunk: type, flags, length with this header |
//! | 16 | … | value, padded to four bytes; then the next chunk |

use formats::checksum::crc32c_update;

use crate::decode::names;
use crate::decode::stop::{self, Undecoded};
use crate::decode::{
    Base, Buf, Ctx, Kind, Outcome, Proto, Sink, Value, data, fmt::Out, net::Ip, transport::udp,
};

crate::protocol! { Sctp, "sctp", "Stream Control Transmission Protocol";
    SRCPORT "sctp.srcport" "Source port" Kind::Uint(16, Base::Dec);
    DSTPORT "sctp.dstport" "Destination port" Kind::Uint(16, Base::Dec);
    VERIFICATION_TAG "sctp.verification_tag" "Verification tag" Kind::Uint(32, Base::Hex);
    CHECKSUM "sctp.checksum" "Checksum" Kind::Uint(32, Base::Hex);
    CHECKSUM_STATUS "sctp.checksum.status" "Checksum Status" Kind::Uint(8, Base::Dec), names::checksum_status;
    CHUNK_TYPE "sctp.chunk_type" "Chunk type" Kind::Uint(8, Base::Dec), names::sctp_chunk;
    CHUNK_FLAGS "sctp.chunk_flags" "Chunk flags" Kind::Uint(8, Base::Hex);
    CHUNK_LENGTH "sctp.chunk_length" "Chunk length" Kind::Uint(16, Base::Dec);
    CHUNK_PADDING "sctp.chunk_padding" "Chunk padding" Kind::Bytes;
    CHUNK_VALUE "sctp.chunk_value" "Chunk value" Kind::Bytes;
    DATA_I "sctp.data_i_bit" "I-Bit" Kind::Bool;
    DATA_U "sctp.data_u_bit" "U-Bit" Kind::Bool;
    DATA_B "sctp.data_b_bit" "B-Bit" Kind::Bool;
    DATA_E "sctp.data_e_bit" "E-Bit" Kind::Bool;
    DATA_TSN "sctp.data_tsn_raw" "Transmission sequence number (absolute)" Kind::Uint(32, Base::Dec);
    DATA_SID "sctp.data_sid" "Stream identifier" Kind::Uint(16, Base::Hex);
    DATA_SSN "sctp.data_ssn" "Stream sequence number" Kind::Uint(16, Base::Dec);
    DATA_PPID "sctp.data_payload_proto_id" "Payload protocol identifier" Kind::Uint(32, Base::Dec);
    DATA_MID "sctp.data_mid" "Message identifier" Kind::Uint(32, Base::Dec);
    DATA_FSN "sctp.data_fsn" "Fragment sequence number" Kind::Uint(32, Base::Dec);
    INIT_TAG "sctp.init_initiate_tag" "Initiate tag" Kind::Uint(32, Base::Hex);
    INIT_CREDIT "sctp.init_credit" "Advertised receiver window credit (a_rwnd)" Kind::Uint(32, Base::Dec);
    INIT_OUT "sctp.init_nr_out_streams" "Number of outbound streams" Kind::Uint(16, Base::Dec);
    INIT_IN "sctp.init_nr_in_streams" "Number of inbound streams" Kind::Uint(16, Base::Dec);
    INIT_TSN "sctp.init_initial_tsn" "Initial TSN" Kind::Uint(32, Base::Dec);
    INITACK_TAG "sctp.initack_initiate_tag" "Initiate tag" Kind::Uint(32, Base::Hex);
    INITACK_CREDIT "sctp.initack_credit" "Advertised receiver window credit (a_rwnd)" Kind::Uint(32, Base::Dec);
    INITACK_OUT "sctp.initack_nr_out_streams" "Number of outbound streams" Kind::Uint(16, Base::Dec);
    INITACK_IN "sctp.initack_nr_in_streams" "Number of inbound streams" Kind::Uint(16, Base::Dec);
    INITACK_TSN "sctp.initack_initial_tsn" "Initial TSN" Kind::Uint(32, Base::Dec);
    SACK_TSN "sctp.sack_cumulative_tsn_ack_raw" "Cumulative TSN ACK (absolute)" Kind::Uint(32, Base::Dec);
    SACK_RWND "sctp.sack_a_rwnd" "Advertised receiver window credit (a_rwnd)" Kind::Uint(32, Base::Dec);
    SACK_GAPS "sctp.sack_number_of_gap_blocks" "Number of gap acknowledgement blocks" Kind::Uint(16, Base::Dec);
    SACK_DUPS "sctp.sack_number_of_duplicated_tsns" "Number of duplicated TSNs" Kind::Uint(16, Base::Dec);
    SACK_GAP_START "sctp.sack_gap_block_start" "Start" Kind::Uint(16, Base::Dec);
    SACK_GAP_END "sctp.sack_gap_block_end" "End" Kind::Uint(16, Base::Dec);
    SACK_DUP "sctp.sack_duplicate_tsn" "Duplicate TSN" Kind::Uint(32, Base::Dec);
    SHUTDOWN_TSN "sctp.shutdown_cumulative_tsn_ack" "Cumulative TSN Ack" Kind::Uint(32, Base::Dec);
    ECNE_TSN "sctp.ecne_lowest_tsn" "Lowest TSN" Kind::Uint(32, Base::Dec);
    CWR_TSN "sctp.cwr_lowest_tsn" "Lowest TSN" Kind::Uint(32, Base::Dec);
    ABORT_T "sctp.abort_t_bit" "T-Bit" Kind::Bool;
    COMPLETE_T "sctp.shutdown_complete_t_bit" "T-Bit" Kind::Bool;
    FORWARD_TSN "sctp.forward_tsn_tsn" "New cumulative TSN" Kind::Uint(32, Base::Dec);
    COOKIE "sctp.cookie" "Cookie" Kind::Bytes;
    PARAMETER_TYPE "sctp.parameter_type" "Parameter type" Kind::Uint(16, Base::Hex);
    PARAMETER_LENGTH "sctp.parameter_length" "Parameter length" Kind::Uint(16, Base::Dec);
    PARAMETER_IPV4 "sctp.parameter_ipv4_address" "IP Version 4 address" Kind::Ipv4;
    PARAMETER_IPV6 "sctp.parameter_ipv6_address" "IP Version 6 address" Kind::Ipv6;
    PARAMETER_HEARTBEAT "sctp.parameter_heartbeat_information" "Heartbeat information" Kind::Bytes;
    PARAMETER_COOKIE "sctp.parameter_state_cookie" "State cookie" Kind::Bytes;
    PARAMETER_PRESERVATIVE "sctp.parameter_cookie_preservative_incr" "Suggested Cookie life-span increment (msec)" Kind::Uint(32, Base::Dec);
    PARAMETER_ADDRESS_TYPE "sctp.parameter_supported_address_type" "Supported address type" Kind::Uint(16, Base::Dec);
    PARAMETER_DATA ours "sctp.parameter_data" "Parameter data" Kind::Bytes;
    FRAGMENT ours "sctp.data_fragment" "Piece of a message" Kind::Bytes;
    PARAMETER_VALUE "sctp.parameter_value" "Parameter value" Kind::Bytes;
    CAUSE_CODE "sctp.cause_code" "Cause code" Kind::Uint(16, Base::Hex);
    CAUSE_LENGTH "sctp.cause_length" "Cause length" Kind::Uint(16, Base::Dec);
    CAUSE_INFORMATION "sctp.cause_information" "Cause information" Kind::Bytes;
}

const HDR: usize = 12;
const DATA: u8 = 0;
const I_DATA: u8 = 64;

/// Dissects the common header and all chunks.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, ip: &Ip, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Sctp, b.span(0, HDR.min(b.captured())));
    let src = c.u16(SRCPORT, b, 0)?;
    let dst = c.u16(DSTPORT, b, 2)?;
    c.u32(VERIFICATION_TAG, b, 4)?;
    let sum = c.u32(CHECKSUM, b, 8)?;
    if c.wants(Proto::Sctp) && c.sink.asks(CHECKSUM_STATUS) {
        let whole = b.captured() == b.reported() && !c.quoted && !ip.fragment;
        let status = if c.settings.verify_checksums && whole {
            u8::from(sum_is_right(b.bytes(), sum))
        } else {
            names::UNVERIFIED
        };
        c.bits(CHECKSUM_STATUS, status, b, 8, 4);
    }
    if let Some(info) = c.summary().and_then(|s| s.take("SCTP")) {
        udp::ports(info, src, dst);
    }
    let mut at = HDR;
    while at + 4 <= b.reported() {
        let kind = b.u8(at)?;
        let len = usize::from(b.u16(at + 2)?);
        if let Some(info) = c.summary().map(|s| &mut s.info) {
            info.push(b' ');
            info.text(names::sctp_chunk(kind.into()).unwrap_or("chunk"));
        }
        c.bits(CHUNK_TYPE, kind, b, at, 1);
        let flags = c.u8(CHUNK_FLAGS, b, at + 1)?;
        c.bits(CHUNK_LENGTH, len as u64, b, at + 2, 2);
        if len < 4 {
            return Err(b.malformed(at + 2));
        }
        let chunk = b.from(at + 4).truncate(len - 4);
        c.group(|c| value(c, chunk, kind, flags))?;
        let padded = len.next_multiple_of(4);
        if padded > len && b.has(at + len, padded - len) {
            c.bytes(CHUNK_PADDING, b, at + len, padded - len)?;
        }
        at += padded;
    }
    Ok(())
}

fn value<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, kind: u8, flags: u8) -> Outcome {
    match kind {
        DATA | I_DATA => {
            let parts = [(DATA_I, 3, 1), (DATA_U, 2, 1), (DATA_B, 1, 1), (DATA_E, 0, 1)];
            c.parts(flags, b, 0, 0, &parts);
            c.u32(DATA_TSN, b, 0)?;
            c.u16(DATA_SID, b, 4)?;
            if kind == I_DATA {
                c.u32(DATA_MID, b, 8)?;
                let id = if flags & 2 != 0 { DATA_PPID } else { DATA_FSN };
                c.u32(id, b, 12)?;
                data::dissect(c, b.from(16));
                return Ok(());
            }
            c.u16(DATA_SSN, b, 6)?;
            let ppid = c.u32(DATA_PPID, b, 8)?;
            if ppid != 0 {
                stop::undecoded(c, Undecoded::Sctp(ppid));
            }
            // The pieces of a message sent in several chunks are not joined.
            if flags & 3 == 3 {
                data::dissect(c, b.from(12));
            } else {
                c.field(FRAGMENT, Value::Bytes(b.from(12).bytes()), b.from(12).whole());
            }
            Ok(())
        }
        1 | 2 => {
            let [tag, credit, out, inn, tsn] = if kind == 1 {
                [INIT_TAG, INIT_CREDIT, INIT_OUT, INIT_IN, INIT_TSN]
            } else {
                [INITACK_TAG, INITACK_CREDIT, INITACK_OUT, INITACK_IN, INITACK_TSN]
            };
            c.u32(tag, b, 0)?;
            c.u32(credit, b, 4)?;
            c.u16(out, b, 8)?;
            c.u16(inn, b, 10)?;
            c.u32(tsn, b, 12)?;
            parameters(c, b.from(16))
        }
        3 => selective_ack(c, b),
        4 | 5 => parameters(c, b),
        6 | 9 => {
            if kind == 6 {
                c.bits(ABORT_T, flags & 1, b, 0, 0);
            }
            causes(c, b)
        }
        7 => c.u32(SHUTDOWN_TSN, b, 0).map(|_| ()),
        10 => c.bytes(COOKIE, b, 0, b.reported()).map(|_| ()),
        12 => c.u32(ECNE_TSN, b, 0).map(|_| ()),
        13 => c.u32(CWR_TSN, b, 0).map(|_| ()),
        14 => {
            c.bits(COMPLETE_T, flags & 1, b, 0, 0);
            Ok(())
        }
        192 => c.u32(FORWARD_TSN, b, 0).map(|_| ()),
        _ if b.reported() > 0 => c.bytes(CHUNK_VALUE, b, 0, b.reported()).map(|_| ()),
        _ => Ok(()),
    }
}

fn selective_ack<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.u32(SACK_TSN, b, 0)?;
    c.u32(SACK_RWND, b, 4)?;
    let gaps = usize::from(c.u16(SACK_GAPS, b, 8)?);
    let dups = usize::from(c.u16(SACK_DUPS, b, 10)?);
    for i in 0..gaps {
        c.u16(SACK_GAP_START, b, 12 + 4 * i)?;
        c.u16(SACK_GAP_END, b, 14 + 4 * i)?;
    }
    for i in 0..dups {
        c.u32(SACK_DUP, b, 12 + 4 * (gaps + i))?;
    }
    Ok(())
}

/// Parameters of type and length, padded like chunks.
fn parameters<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let mut at = 0;
    while at + 4 <= b.reported() {
        let t = c.u16(PARAMETER_TYPE, b, at)?;
        let len = usize::from(c.u16(PARAMETER_LENGTH, b, at + 2)?);
        if len < 4 {
            return Err(b.malformed(at + 2));
        }
        match (t, len) {
            (5, 8) => {
                c.ipv4(PARAMETER_IPV4, b, at + 4)?;
            }
            (6, 20) => {
                c.ipv6(PARAMETER_IPV6, b, at + 4)?;
            }
            (1, 5..) => {
                c.bytes(PARAMETER_HEARTBEAT, b, at + 4, len - 4)?;
            }
            (7, 5..) => {
                c.bytes(PARAMETER_COOKIE, b, at + 4, len - 4)?;
            }
            (9, 8) => {
                c.u32(PARAMETER_PRESERVATIVE, b, at + 4)?;
            }
            (12, 6..) => {
                for o in (4..len - 1).step_by(2) {
                    c.u16(PARAMETER_ADDRESS_TYPE, b, at + o)?;
                }
            }
            (8 | 11 | 0x8000.., 5..) => {
                c.bytes(PARAMETER_DATA, b, at + 4, len - 4)?;
            }
            (_, 5..) => {
                c.bytes(PARAMETER_VALUE, b, at + 4, len - 4)?;
            }
            _ => {}
        }
        at += len.next_multiple_of(4);
    }
    Ok(())
}

fn causes<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let mut at = 0;
    while at + 4 <= b.reported() {
        c.u16(CAUSE_CODE, b, at)?;
        let len = usize::from(c.u16(CAUSE_LENGTH, b, at + 2)?);
        if len < 4 {
            return Err(b.malformed(at + 2));
        }
        if len > 4 {
            c.bytes(CAUSE_INFORMATION, b, at + 4, len - 4)?;
        }
        at += len.next_multiple_of(4);
    }
    Ok(())
}

/// True when the CRC-32C of a packet is right; its own field counts as zero (RFC 9260 appendix A).
fn sum_is_right(b: &[u8], sum: u32) -> bool {
    let crc = crc32c_update(crc32c_update(!0, &b[..8.min(b.len())]), &[0; 4]);
    (!crc32c_update(crc, b.get(HDR..).unwrap_or_default())).to_le_bytes() == sum.to_be_bytes()
}
