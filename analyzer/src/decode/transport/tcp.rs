//! TCP (RFC 9293).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 2 | source port |
//! | 2 | 2 | destination port |
//! | 4 | 4 | sequence number |
//! | 8 | 4 | acknowledgment number |
//! | 12 | 2 | header length in words (4 bits), reserved (3 bits), flags (9 bits) |
//! | 14 | 2 | window |
//! | 16 | 2 | checksum, with a pseudo header |
//! | 18 | 2 | urgent pointer |
//! | 20 | 0-40 | options |

use crate::decode::names;
use crate::decode::{
    Base, Buf, Ctx, FieldId, Kind, Outcome, Proto, Seen, Sink, Value, data, fmt::Out, net::Ip, transport::udp,
};

use super::desegment::{self, Segment};
use super::{tcp_analysis, tcp_options};

crate::protocol! { Tcp, "tcp", "Transmission Control Protocol";
    SRCPORT "tcp.srcport" "Source Port" Kind::Uint(16, Base::Dec);
    DSTPORT "tcp.dstport" "Destination Port" Kind::Uint(16, Base::Dec);
    STREAM "tcp.stream" "Stream index" Kind::Uint(32, Base::Dec);
    COMPLETENESS "tcp.completeness" "Conversation completeness" Kind::Uint(8, Base::Dec), names::tcp_completeness;
    LEN "tcp.len" "TCP Segment Len" Kind::Uint(32, Base::Dec);
    SEQ "tcp.seq" "Sequence Number" Kind::Uint(32, Base::Dec);
    ACK "tcp.ack" "Acknowledgment Number" Kind::Uint(32, Base::Dec);
    SEQ_RAW "tcp.seq_raw" "Sequence Number (raw)" Kind::Uint(32, Base::Dec);
    ACK_RAW "tcp.ack_raw" "Acknowledgment number (raw)" Kind::Uint(32, Base::Dec);
    NXTSEQ "tcp.nxtseq" "Next Sequence Number" Kind::Uint(32, Base::Dec);
    HDR_LEN "tcp.hdr_len" "Header Length" Kind::Uint(8, Base::Dec);
    FLAGS "tcp.flags" "Flags" Kind::Uint(16, Base::Hex);
    FLAGS_RES "tcp.flags.res" "Reserved" Kind::Bool;
    FLAGS_AE "tcp.flags.ae" "Accurate ECN" Kind::Bool;
    FLAGS_CWR "tcp.flags.cwr" "Congestion Window Reduced" Kind::Bool;
    FLAGS_ECE "tcp.flags.ece" "ECN-Echo" Kind::Bool;
    FLAGS_URG "tcp.flags.urg" "Urgent" Kind::Bool;
    FLAGS_ACK "tcp.flags.ack" "Acknowledgment" Kind::Bool;
    FLAGS_PUSH "tcp.flags.push" "Push" Kind::Bool;
    FLAGS_RESET "tcp.flags.reset" "Reset" Kind::Bool;
    FLAGS_SYN "tcp.flags.syn" "Syn" Kind::Bool;
    FLAGS_FIN "tcp.flags.fin" "Fin" Kind::Bool;
    FLAGS_STR "tcp.flags.str" "TCP Flags" Kind::Str;
    WINDOW "tcp.window_size_value" "Window" Kind::Uint(16, Base::Dec);
    WINDOW_SIZE "tcp.window_size" "Calculated window size" Kind::Uint(32, Base::Dec);
    WINDOW_SCALE "tcp.window_size_scalefactor" "Window size scaling factor" Kind::Int(32);
    CHECKSUM "tcp.checksum" "Checksum" Kind::Uint(16, Base::Hex);
    CHECKSUM_STATUS "tcp.checksum.status" "Checksum Status" Kind::Uint(8, Base::Dec), names::checksum_status;
    URGENT "tcp.urgent_pointer" "Urgent Pointer" Kind::Uint(16, Base::Dec);
    OPTIONS "tcp.options" "TCP Options" Kind::Bytes;
    TIME_RELATIVE "tcp.time_relative" "Time since first frame in this TCP stream" Kind::RelTime;
    TIME_DELTA "tcp.time_delta" "Time since previous frame in this TCP stream" Kind::RelTime;
    ANALYSIS "tcp.analysis" "SEQ/ACK analysis" Kind::None;
    ACKS_FRAME "tcp.analysis.acks_frame" "This is an ACK to the segment in frame" Kind::FrameNum;
    ACK_RTT "tcp.analysis.ack_rtt" "The RTT to ACK the segment was" Kind::RelTime;
    INITIAL_RTT "tcp.analysis.initial_rtt" "iRTT" Kind::RelTime;
    BYTES_IN_FLIGHT "tcp.analysis.bytes_in_flight" "Bytes in flight" Kind::Uint(32, Base::Dec);
    PUSH_BYTES_SENT "tcp.analysis.push_bytes_sent" "Bytes sent since last PSH flag" Kind::Uint(32, Base::Dec);
    ANALYSIS_FLAGS "tcp.analysis.flags" "TCP Analysis Flags" Kind::None;
    REUSED_PORTS "tcp.analysis.reused_ports" "A new tcp session is started with the same ports as an earlier session in this trace" Kind::None;
    RETRANSMISSION "tcp.analysis.retransmission" "This frame is a (suspected) retransmission" Kind::None;
    RTO "tcp.analysis.rto" "The RTO for this segment was" Kind::RelTime;
    RTO_FRAME "tcp.analysis.rto_frame" "RTO based on delta from frame" Kind::FrameNum;
    FAST_RETRANSMISSION "tcp.analysis.fast_retransmission" "This frame is a (suspected) fast retransmission" Kind::None;
    SPURIOUS_RETRANSMISSION "tcp.analysis.spurious_retransmission" "This frame is a (suspected) spurious retransmission" Kind::None;
    OUT_OF_ORDER "tcp.analysis.out_of_order" "This frame is a (suspected) out-of-order segment" Kind::None;
    LOST_SEGMENT "tcp.analysis.lost_segment" "Previous segment(s) not captured (common at capture start)" Kind::None;
    ACK_LOST_SEGMENT "tcp.analysis.ack_lost_segment" "ACKed segment that wasn't captured (common at capture start)" Kind::None;
    WINDOW_UPDATE "tcp.analysis.window_update" "TCP window update" Kind::None;
    WINDOW_FULL "tcp.analysis.window_full" "TCP window specified by the receiver is now completely full" Kind::None;
    KEEP_ALIVE "tcp.analysis.keep_alive" "TCP keep-alive segment" Kind::None;
    KEEP_ALIVE_ACK "tcp.analysis.keep_alive_ack" "ACK to a TCP keep-alive segment" Kind::None;
    DUPLICATE_ACK "tcp.analysis.duplicate_ack" "Duplicate ACK" Kind::None;
    DUPLICATE_ACK_NUM "tcp.analysis.duplicate_ack_num" "Duplicate ACK #" Kind::Uint(32, Base::Dec);
    DUPLICATE_ACK_FRAME "tcp.analysis.duplicate_ack_frame" "Duplicate to the ACK in frame" Kind::FrameNum;
    ZERO_WINDOW_PROBE "tcp.analysis.zero_window_probe" "TCP Zero Window Probe" Kind::None;
    ZERO_WINDOW "tcp.analysis.zero_window" "TCP Zero Window segment" Kind::None;
    ZERO_WINDOW_PROBE_ACK "tcp.analysis.zero_window_probe_ack" "ACK to a TCP Zero Window Probe" Kind::None;
    TFO_SYN "tcp.analysis.tfo_syn" "TCP SYN with TFO Cookie" Kind::None;
    TFO_ACK "tcp.analysis.tfo_ack" "TCP SYN-ACK accepting TFO data" Kind::None;
    TFO_IGNORED "tcp.analysis.tfo_ignored" "TCP SYN-ACK ignoring TFO data" Kind::None;
    PAYLOAD "tcp.payload" "TCP payload" Kind::Bytes;
    SEGMENT_DATA "tcp.segment_data" "TCP segment data" Kind::Bytes;
    SEGMENTS "tcp.segments" "Reassembled TCP Segments" Kind::None;
    SEGMENT "tcp.segment" "TCP Segment" Kind::FrameNum;
    SEGMENT_COUNT "tcp.segment.count" "Segment count" Kind::Uint(32, Base::Dec);
    REASSEMBLED_LENGTH "tcp.reassembled.length" "Reassembled TCP length" Kind::Uint(32, Base::Dec);
    REASSEMBLED_IN "tcp.reassembled_in" "Reassembled PDU in frame" Kind::FrameNum;
    OPT_KIND "tcp.option_kind" "Kind" Kind::Uint(8, Base::Dec), names::tcp_option;
    OPT_LEN "tcp.option_len" "Length" Kind::Uint(8, Base::Dec);
    OPT_UNKNOWN "tcp.options.unknown.payload" "Payload" Kind::Bytes;
    OPT_MSS "tcp.options.mss" "TCP Option - Maximum segment size" Kind::Protocol;
    MSS "tcp.options.mss_val" "MSS Value" Kind::Uint(16, Base::Dec);
    OPT_WSCALE "tcp.options.wscale" "TCP Option - Window scale" Kind::Protocol;
    WSCALE "tcp.options.wscale.shift" "Shift count" Kind::Uint(8, Base::Dec);
    WSCALE_MULTIPLIER "tcp.options.wscale.multiplier" "Multiplier" Kind::Uint(16, Base::Dec);
    OPT_SACK_PERM "tcp.options.sack_perm" "TCP Option - SACK permitted" Kind::Protocol;
    OPT_SACK "tcp.options.sack" "TCP Option - SACK" Kind::Protocol;
    SACK_COUNT "tcp.options.sack.count" "TCP SACK Count" Kind::Uint(8, Base::Dec);
    SACK_LE "tcp.options.sack_le" "TCP SACK Left Edge" Kind::Uint(32, Base::Dec);
    SACK_RE "tcp.options.sack_re" "TCP SACK Right Edge" Kind::Uint(32, Base::Dec);
    ECHO "tcp.options.echo_value" "TCP Echo Option" Kind::Uint(32, Base::Dec);
    OPT_TIMESTAMP "tcp.options.timestamp" "TCP Option - Timestamps" Kind::Protocol;
    TSVAL "tcp.options.timestamp.tsval" "Timestamp value" Kind::Uint(32, Base::Dec);
    TSECR "tcp.options.timestamp.tsecr" "Timestamp echo reply" Kind::Uint(32, Base::Dec);
    CC "tcp.options.cc_value" "TCP CC Option" Kind::Uint(32, Base::Dec);
    MD5 "tcp.options.md5.digest" "MD5 digest" Kind::Bytes;
    SCPS_VECTOR "tcp.options.scps.vector" "TCP SCPS Capabilities Vector" Kind::Uint(8, Base::Hex);
    SNACK_OFFSET "tcp.options.snack.offset" "TCP SNACK Offset" Kind::Uint(16, Base::Dec);
    SNACK_SIZE "tcp.options.snack.size" "TCP SNACK Size" Kind::Uint(16, Base::Dec);
    QS_RATE "tcp.options.qs.rate" "QS Rate" Kind::Uint(8, Base::Dec);
    QS_TTL_DIFF "tcp.options.qs.ttl_diff" "QS Rate" Kind::Uint(8, Base::Dec);
    USER_TO_GRANULARITY "tcp.options.user_to_granularity" "Granularity" Kind::Bool;
    USER_TO_VAL "tcp.options.user_to_val" "User Timeout" Kind::Uint(16, Base::Dec);
    AO_KEYID "tcp.options.ao.keyid" "AO KeyID" Kind::Uint(8, Base::Dec);
    AO_RNEXTKEYID "tcp.options.ao.rnextkeyid" "AO RNextKeyID" Kind::Uint(8, Base::Dec);
    AO_MAC "tcp.options.ao.mac" "AO MAC" Kind::Bytes;
    TFO_REQUEST "tcp.options.tfo.request" "Fast Open Cookie Request" Kind::None;
    TFO_COOKIE "tcp.options.tfo.cookie" "Fast Open Cookie" Kind::Bytes;
    ACC_ECN_EE0B "tcp.options.acc_ecn.ee0b" "Accurate ECN Echo ECT(0) Byte Counter" Kind::Uint(24, Base::Dec);
    ACC_ECN_ECEB "tcp.options.acc_ecn.eceb" "Accurate ECN Echo CE Byte Counter" Kind::Uint(24, Base::Dec);
    ACC_ECN_EE1B "tcp.options.acc_ecn.ee1b" "Accurate ECN Echo ECT(1) Byte Counter" Kind::Uint(24, Base::Dec);
    EXID "tcp.options.experimental.exid" "Experiment Identifier" Kind::Uint(16, Base::Hex);
    EXP_DATA "tcp.options.experimental.data" "Data" Kind::Bytes;
    SMC ours "tcp.options.smc" "SMC capability" Kind::Str;
    MPTCP_SUBTYPE "tcp.options.mptcp.subtype" "Multipath TCP subtype" Kind::Uint(8, Base::Dec), names::mptcp_subtype;
    MPTCP_VERSION "tcp.options.mptcp.version" "Multipath TCP version" Kind::Uint(8, Base::Dec);
    MPTCP_FLAGS "tcp.options.mptcp.flags" "Multipath TCP flags" Kind::Uint(8, Base::Hex);
    MPTCP_BACKUP "tcp.options.mptcp.backup.flag" "Backup flag" Kind::Uint(8, Base::Dec);
    MPTCP_CHECKSUMREQ "tcp.options.mptcp.checksumreq.flags" "Checksum required" Kind::Uint(8, Base::Dec);
    MPTCP_DATAFIN "tcp.options.mptcp.datafin.flag" "DATA_FIN" Kind::Uint(8, Base::Dec);
    MPTCP_DSEQN8 "tcp.options.mptcp.dseqn8.flag" "Data Sequence Number is 8 octets" Kind::Uint(8, Base::Dec);
    MPTCP_DSEQNPRESENT "tcp.options.mptcp.dseqnpresent.flag" "Data Sequence Number, Subflow Sequence Number, Data-level Length, Checksum present" Kind::Uint(8, Base::Dec);
    MPTCP_DATAACK8 "tcp.options.mptcp.dataack8.flag" "Data ACK is 8 octets" Kind::Uint(8, Base::Dec);
    MPTCP_DATAACKPRESENT "tcp.options.mptcp.dataackpresent.flag" "Data ACK is present" Kind::Uint(8, Base::Dec);
    MPTCP_ADDRID "tcp.options.mptcp.addrid" "Address ID" Kind::Uint(8, Base::Dec);
    MPTCP_SENDKEY "tcp.options.mptcp.sendkey" "Sender's Key" Kind::Uint(64, Base::Dec);
    MPTCP_RECVKEY "tcp.options.mptcp.recvkey" "Receiver's Key" Kind::Uint(64, Base::Dec);
    MPTCP_RECVTOK "tcp.options.mptcp.recvtok" "Receiver's Token" Kind::Uint(32, Base::Dec);
    MPTCP_SENDRAND "tcp.options.mptcp.sendrand" "Sender's Random Number" Kind::Uint(32, Base::Dec);
    MPTCP_SENDTRUNCHMAC "tcp.options.mptcp.sendtrunchmac" "Sender's Truncated HMAC" Kind::Uint(64, Base::Dec);
    MPTCP_SENDHMAC "tcp.options.mptcp.sendhmac" "Sender's HMAC" Kind::Bytes;
    MPTCP_ADDADDRTRUNCHMAC "tcp.options.mptcp.addaddrtrunchmac" "Truncated HMAC" Kind::Uint(64, Base::Dec);
    MPTCP_RAWDATAACK "tcp.options.mptcp.rawdataack" "Original MPTCP Data ACK" Kind::Uint(64, Base::Dec);
    MPTCP_RAWDATASEQNO "tcp.options.mptcp.rawdataseqno" "Data Sequence Number" Kind::Uint(64, Base::Dec);
    MPTCP_SUBFLOWSEQNO "tcp.options.mptcp.subflowseqno" "Subflow Sequence Number" Kind::Uint(32, Base::Dec);
    MPTCP_DATALVLLEN "tcp.options.mptcp.datalvllen" "Data-level Length" Kind::Uint(16, Base::Dec);
    MPTCP_CHECKSUM "tcp.options.mptcp.checksum" "Checksum" Kind::Uint(16, Base::Hex);
    MPTCP_IPVER "tcp.options.mptcp.ipver" "IP version" Kind::Uint(8, Base::Dec);
    MPTCP_ECHO "tcp.options.mptcp.echo" "Echo" Kind::Uint(8, Base::Dec);
    MPTCP_IPV4 "tcp.options.mptcp.ipv4" "Advertised IPv4 Address" Kind::Ipv4;
    MPTCP_IPV6 "tcp.options.mptcp.ipv6" "Advertised IPv6 Address" Kind::Ipv6;
    MPTCP_PORT "tcp.options.mptcp.port" "Advertised port" Kind::Uint(16, Base::Dec);
    MPTCP_RST_REASON "tcp.options.mptcp.rst_reason" "TCPRST Reason" Kind::Uint(8, Base::Hex);
}

/// True for fields that depend on the segments before.
#[must_use]
pub fn depends_on_flow(id: FieldId) -> bool {
    [SEQ, ACK, NXTSEQ, STREAM, COMPLETENESS, WINDOW_SIZE, WINDOW_SCALE, SACK_LE, SACK_RE].contains(&id)
        || (TIME_RELATIVE..=TFO_IGNORED).contains(&id)
}

/// True for fields that depend on which segments were joined.
#[must_use]
pub fn depends_on_streams(id: FieldId) -> bool {
    [SEGMENT_DATA, SEGMENTS, SEGMENT, SEGMENT_COUNT, REASSEMBLED_LENGTH, REASSEMBLED_IN].contains(&id)
}

/// Length of the header without options.
pub const HDR: usize = 20;

/// Dissects header, options and payload.
#[inline]
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, ip: &Ip, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Tcp, b.span(0, HDR.min(b.captured())));
    c.sink.seen(Seen::Tcp { ip, b, quoted: c.quoted });
    let wants = c.wants(Proto::Tcp);
    if !wants && c.sink.summary().is_none() && c.flows.is_none() && c.streams.is_none() {
        // Nothing of the header is asked for: only its length matters.
        let header = usize::from(b.u8(12)? >> 4) * 4;
        data::dissect(c, b.from(header.max(HDR)));
        return Ok(());
    }
    let src = c.u16(SRCPORT, b, 0)?;
    let dst = c.u16(DSTPORT, b, 2)?;
    let (seq, ack) = (b.u32(4)?, b.u32(8)?);
    let (word, window) = (b.u16(12)?, b.u16(14)?);
    let flags = word & 0xFFF;
    let hlen = usize::from(word >> 12) * 4;
    let quoted = c.quoted;
    let answer = c.flows.as_mut().and_then(|f| f.segment(c.frame, ip, b, quoted));
    let answer = answer.as_ref();
    // Of a fragment or a quoted packet the end is not known.
    let known = !ip.fragment && !c.quoted && b.reported() >= hlen;
    let from = answer.map_or([0; 2], |a| [a.base_seq, a.base_ack]);
    if let Some(a) = answer.filter(|a| a.analysis.flags != 0 && !quoted)
        && let Some(summary) = c.summary()
    {
        tcp_analysis::remarks(summary, a);
    }
    if let Some(info) = c.summary().and_then(|s| s.take("TCP")) {
        udp::ports(info, src, dst);
        flag_names(info, flags);
        info.text(" Seq=");
        info.dec(seq.wrapping_sub(from[0]).into());
        if flags & 0x10 != 0 {
            info.text(" Ack=");
            info.dec(ack.wrapping_sub(from[1]).into());
        }
        info.text(" Win=");
        info.dec(window.into());
        if known {
            info.text(" Len=");
            info.dec((b.reported() - hlen) as u64);
        }
    }
    if let Some(a) = answer {
        c.bits(STREAM, a.stream, b, 0, 0);
        c.bits(COMPLETENESS, a.completeness, b, 0, 0);
    }
    if known {
        c.bits(LEN, (b.reported() - hlen) as u64, b, 12, 1);
    }
    // Where sequence numbers are not tracked, the number itself stands for the relative one.
    c.bits(if c.quoted { SEQ } else { SEQ_RAW }, seq, b, 4, 4);
    if answer.is_some() && !quoted {
        c.bits(SEQ, seq.wrapping_sub(from[0]), b, 4, 4);
    }
    c.bits(HDR_LEN, hlen as u64, b, 12, 1);
    if hlen < HDR {
        return Err(b.malformed(12));
    }
    if known && answer.is_some() {
        let virtual_byte = u32::from(flags & 3 != 0);
        let next = seq.wrapping_add((b.reported() - hlen) as u32).wrapping_add(virtual_byte);
        c.bits(NXTSEQ, next.wrapping_sub(from[0]), b, 0, 0);
    }
    c.bits(ACK_RAW, ack, b, 8, 4);
    if answer.is_some() || quoted {
        c.bits(ACK, ack.wrapping_sub(from[1]), b, 8, 4);
    }
    if wants && c.sink.asks_any(FLAGS, MPTCP_RST_REASON) {
        c.group_of(FLAGS, flags, |c| {
            c.bits(FLAGS, flags, b, 12, 2);
            c.sink.open();
            c.bits(FLAGS_RES, u8::from(flags >> 9 != 0), b, 12, 1);
            c.parts(flags, b, 12, 2, &FLAG_BITS);
            c.sink.close();
            if c.sink.asks(FLAGS_STR) {
                flag_letters(c, flags, b);
            }
        });
        c.bits(WINDOW, window, b, 14, 2);
        if let Some(a) = answer {
            tcp_analysis::window(c, a, b, window, flags);
        }
        c.u16(CHECKSUM, b, 16)?;
        if c.sink.asks(CHECKSUM_STATUS) {
            c.bits(CHECKSUM_STATUS, checksum_status(c, ip, b), b, 16, 2);
        }
        c.u16(URGENT, b, 18)?;
        if let Some(a) = answer
            && c.sink.asks_any(TIME_RELATIVE, TIME_DELTA)
        {
            tcp_analysis::times(c, a, b);
        }
        if let Some(a) = answer
            && c.sink.asks_any(ANALYSIS, TFO_IGNORED)
        {
            tcp_analysis::dissect(c, a, b);
        }
        if hlen > HDR && (c.sink.asks_any(OPTIONS, OPTIONS) || c.sink.asks_any(OPT_KIND, MPTCP_RST_REASON)) {
            tcp_options::dissect(c, b, hlen, answer.map_or(0, |a| a.base_sack))?;
        }
    }
    let rest = b.from(hlen);
    if c.quoted {
        if rest.captured() > 0 {
            data::dissect(c, rest);
        }
        return Ok(());
    }
    let whole = !ip.fragment && b.captured() >= b.reported();
    desegment::payload(c, &Segment::new(ip, [src, dst], seq, ack, flags, whole), rest);
    Ok(())
}

fn checksum_status<S: Sink>(c: &Ctx<'_, S>, ip: &Ip, b: Buf<'_>) -> u8 {
    if !c.settings.verify_checksums || ip.fragment || c.quoted || b.captured() < b.reported() {
        return names::UNVERIFIED;
    }
    u8::from(ip.sums_up(6, b.reported(), b.bytes()))
}

/// Field, bit and width, from the highest bit down.
const FLAG_BITS: [(FieldId, u8, u8); 9] = [
    (FLAGS_AE, 8, 1),
    (FLAGS_CWR, 7, 1),
    (FLAGS_ECE, 6, 1),
    (FLAGS_URG, 5, 1),
    (FLAGS_ACK, 4, 1),
    (FLAGS_PUSH, 3, 1),
    (FLAGS_RESET, 2, 1),
    (FLAGS_SYN, 1, 1),
    (FLAGS_FIN, 0, 1),
];

/// One letter for each of the twelve bits, a middle dot where it is not set.
fn flag_letters<S: Sink>(c: &mut Ctx<'_, S>, flags: u16, b: Buf<'_>) {
    let mut text = [0u8; 24];
    let mut n = 0;
    for (i, letter) in b"RRRACEUAPRSF".iter().enumerate() {
        if flags >> (11 - i) & 1 == 1 {
            text[n] = *letter;
            n += 1;
        } else {
            text[n..n + 2].copy_from_slice("\u{B7}".as_bytes());
            n += 2;
        }
    }
    c.field(FLAGS_STR, Value::Str(std::str::from_utf8(&text[..n]).unwrap_or_default()), b.span(12, 2));
}

fn flag_names(info: &mut Vec<u8>, flags: u16) {
    const NAMES: [(u16, &str); 9] = [
        (0x01, "FIN"),
        (0x02, "SYN"),
        (0x04, "RST"),
        (0x08, "PSH"),
        (0x10, "ACK"),
        (0x20, "URG"),
        (0x40, "ECE"),
        (0x80, "CWR"),
        (0x100, "AE"),
    ];
    info.text(" [");
    let start = info.len();
    for (bit, name) in NAMES {
        if flags & bit != 0 {
            if info.len() > start {
                info.text(", ");
            }
            info.text(name);
        }
    }
    info.push(b']');
}
