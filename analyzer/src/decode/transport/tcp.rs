//! TCP (RFC 9293) and its options.

use crate::decode::names;
use crate::decode::{
    Base, Buf, Ctx, FieldId, Kind, Outcome, Proto, Sink, Value, data, fmt::Out, net::Ip, transport::udp,
};

crate::protocol! { Tcp, "tcp", "Transmission Control Protocol";
    SRCPORT "tcp.srcport" "Source Port" Kind::Uint(16, Base::Dec);
    DSTPORT "tcp.dstport" "Destination Port" Kind::Uint(16, Base::Dec);
    LEN "tcp.len" "TCP Segment Len" Kind::Uint(32, Base::Dec);
    SEQ_RAW "tcp.seq_raw" "Sequence Number (raw)" Kind::Uint(32, Base::Dec);
    ACK_RAW "tcp.ack_raw" "Acknowledgment number (raw)" Kind::Uint(32, Base::Dec);
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
    WINDOW "tcp.window_size_value" "Window" Kind::Uint(16, Base::Dec);
    CHECKSUM "tcp.checksum" "Checksum" Kind::Uint(16, Base::Hex);
    URGENT "tcp.urgent_pointer" "Urgent Pointer" Kind::Uint(16, Base::Dec);
    OPTIONS "tcp.options" "TCP Options" Kind::Bytes;
    OPT_KIND "tcp.option_kind" "Kind" Kind::Uint(8, Base::Dec), names::tcp_option;
    OPT_LEN "tcp.option_len" "Length" Kind::Uint(8, Base::Dec);
    MSS "tcp.options.mss_val" "MSS Value" Kind::Uint(16, Base::Dec);
    WSCALE "tcp.options.wscale.shift" "Shift count" Kind::Uint(8, Base::Dec);
    SACK_LE "tcp.options.sack_le" "TCP SACK Left Edge" Kind::Uint(32, Base::Dec);
    SACK_RE "tcp.options.sack_re" "TCP SACK Right Edge" Kind::Uint(32, Base::Dec);
    TSVAL "tcp.options.timestamp.tsval" "Timestamp value" Kind::Uint(32, Base::Dec);
    TSECR "tcp.options.timestamp.tsecr" "Timestamp echo reply" Kind::Uint(32, Base::Dec);
    EXID "tcp.options.experimental.exid" "Experiment Identifier" Kind::Uint(16, Base::Hex);
    SMC ours "tcp.options.smc" "SMC capability" Kind::Str;
    PAYLOAD "tcp.payload" "TCP payload" Kind::Bytes;
}

const HDR: usize = 20;

/// Dissects header, options and payload.
#[inline]
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, ip: &Ip, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Tcp, b.span(0, HDR.min(b.captured())));
    if !c.wants(Proto::Tcp) && c.sink.summary().is_none() {
        // Nothing of the header is asked for: only its length matters.
        let hlen = usize::from(b.u8(12)? >> 4) * 4;
        data::dissect(c, b.from(hlen.max(HDR)));
        return Ok(());
    }
    let src = c.u16(SRCPORT, b, 0)?;
    let dst = c.u16(DSTPORT, b, 2)?;
    let (off, flags) = (b.u8(12)?, b.u16(12)? & 0xFFF);
    let hlen = usize::from(off >> 4) * 4;
    let known = hlen >= HDR && !ip.fragment && b.reported() >= hlen;
    if known {
        c.bits(LEN, (b.reported() - hlen) as u64, b, 12, 1);
    }
    let seq = c.u32(SEQ_RAW, b, 4)?;
    let ack = c.u32(ACK_RAW, b, 8)?;
    c.bits(HDR_LEN, hlen as u64, b, 12, 1);
    if let Some(info) = c.summary().and_then(|s| s.take("TCP")) {
        udp::ports(info, src, dst);
        flag_names(info, flags);
        info.text(" Seq=");
        info.dec(seq.into());
        if flags & 0x10 != 0 {
            info.text(" Ack=");
            info.dec(ack.into());
        }
        info.text(" Win=");
        info.dec(b.u16(14)?.into());
        if known {
            info.text(" Len=");
            info.dec((b.reported() - hlen) as u64);
        }
    }
    if hlen < HDR {
        return Err(b.malformed(12));
    }
    c.bits(FLAGS, flags, b, 12, 2);
    c.sink.open();
    for (i, id) in FLAG_BITS.into_iter().enumerate() {
        c.bits(id, flags >> (8 - i) & 1, b, 12, 2);
    }
    c.sink.close();
    c.u16(WINDOW, b, 14)?;
    c.u16(CHECKSUM, b, 16)?;
    c.u16(URGENT, b, 18)?;
    if hlen > HDR {
        options(c, b, hlen)?;
    }
    let rest = b.from(hlen);
    if rest.captured() > 0 {
        c.field(PAYLOAD, Value::Bytes(rest.bytes()), rest.whole());
        data::dissect(c, rest);
    }
    Ok(())
}

/// From bit 8 down to bit 0.
const FLAG_BITS: [FieldId; 9] =
    [FLAGS_AE, FLAGS_CWR, FLAGS_ECE, FLAGS_URG, FLAGS_ACK, FLAGS_PUSH, FLAGS_RESET, FLAGS_SYN, FLAGS_FIN];

fn flag_names(info: &mut Vec<u8>, flags: u16) {
    const NAMES: [(u16, &str); 9] = [
        (0x02, "SYN"),
        (0x01, "FIN"),
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

/// Walks kinds and lengths; a kind nobody knows is shown by number and passed over.
fn options<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, hlen: usize) -> Outcome {
    let all = b.get(HDR, hlen - HDR)?;
    c.field(OPTIONS, Value::Bytes(all), b.span(HDR, hlen - HDR));
    c.sink.open();
    let mut at = HDR;
    while at < hlen {
        let kind = c.u8(OPT_KIND, b, at)?;
        if kind == 0 {
            break;
        }
        if kind == 1 {
            at += 1;
            continue;
        }
        if at + 1 >= hlen {
            break;
        }
        let len = usize::from(c.u8(OPT_LEN, b, at + 1)?);
        if len < 2 || at + len > hlen {
            break;
        }
        match (kind, len) {
            (2, 4) => {
                c.u16(MSS, b, at + 2)?;
            }
            (3, 3) => {
                c.u8(WSCALE, b, at + 2)?;
            }
            (5, _) => {
                for edge in (at + 2..at + len).step_by(8).take_while(|e| e + 8 <= at + len) {
                    c.u32(SACK_LE, b, edge)?;
                    c.u32(SACK_RE, b, edge + 4)?;
                }
            }
            (8, 10) => {
                c.u32(TSVAL, b, at + 2)?;
                c.u32(TSECR, b, at + 6)?;
            }
            (253 | 254, 4..) => {
                c.u16(EXID, b, at + 2)?;
                if len >= 6 {
                    match b.u32(at + 2)? {
                        0xE2D4_C3D9 => c.field(SMC, Value::Str("SMCR"), b.span(at + 2, 4)),
                        0xE2D4_C3C4 => c.field(SMC, Value::Str("SMCD"), b.span(at + 2, 4)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        at += len;
    }
    c.sink.close();
    Ok(())
}
