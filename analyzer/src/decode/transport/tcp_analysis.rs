//! What following its connection tells about a segment: nothing of this is in the packet.

use crate::decode::fmt::Out;
use crate::decode::summary::Summary;
use crate::decode::{Buf, Ctx, FieldId, Sink, Value};
use crate::track::tcp::Answer;
use crate::track::tcp::answer::{NO_SCALE, analysis};

use super::tcp::*;

/// The window in bytes, and the factor, unless this is a SYN: its window is never scaled.
pub fn window<S: Sink>(c: &mut Ctx<'_, S>, a: &Answer, b: Buf<'_>, window: u16, flags: u16) {
    let syn = flags & 2 != 0;
    let shift = if syn || !a.compared { 0 } else { a.shift.max(0) };
    c.bits(WINDOW_SIZE, u32::from(window) << shift, b, 14, 2);
    if !syn {
        let factor = if a.shift < 0 { i64::from(a.shift.max(NO_SCALE)) } else { 1 << a.shift };
        c.field(WINDOW_SCALE, Value::Int(factor), b.span(14, 2));
    }
}

/// Times within the connection.
pub fn times<S: Sink>(c: &mut Ctx<'_, S>, a: &Answer, b: Buf<'_>) {
    time(c, TIME_RELATIVE, a.since_first, b);
    time(c, TIME_DELTA, a.since_previous, b);
}

/// The comparison with earlier segments.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, a: &Answer, b: Buf<'_>) {
    for (on, id) in
        [(a.fast_open_syn, TFO_SYN), (a.fast_open_ack, TFO_ACK), (a.fast_open_ignored, TFO_IGNORED)]
    {
        if on {
            c.field(id, Value::None, b.span(0, 0));
        }
    }
    if a.analysis.any {
        c.field(ANALYSIS, Value::None, b.span(0, 0));
        c.sink.open();
        numbers(c, a, b);
        c.sink.close();
    }
}

fn time<S: Sink>(c: &mut Ctx<'_, S>, id: FieldId, nanos: i64, b: Buf<'_>) {
    c.field(id, Value::Duration(nanos), b.span(0, 0));
}

fn numbers<S: Sink>(c: &mut Ctx<'_, S>, answer: &Answer, b: Buf<'_>) {
    let a = &answer.analysis;
    if a.acks_frame != 0 {
        c.bits(ACKS_FRAME, a.acks_frame, b, 0, 0);
        if a.ack_rtt != 0 {
            time(c, ACK_RTT, a.ack_rtt, b);
        }
    }
    if answer.initial_rtt != 0 {
        time(c, INITIAL_RTT, answer.initial_rtt, b);
    }
    if a.in_flight != 0 {
        c.bits(BYTES_IN_FLIGHT, a.in_flight, b, 0, 0);
        c.bits(PUSH_BYTES_SENT, a.pushed, b, 0, 0);
    }
    if a.flags != 0 {
        c.field(ANALYSIS_FLAGS, Value::None, b.span(0, 0));
        c.sink.open();
        flags(c, answer, b);
        c.sink.close();
        if a.duplicate != 0 {
            // Wireshark has this name twice, for a field and for its expert information.
            c.field(DUPLICATE_ACK, Value::None, b.span(0, 0));
            c.bits(DUPLICATE_ACK_NUM, a.duplicate, b, 0, 0);
            c.bits(DUPLICATE_ACK_FRAME, a.duplicate_of, b, 0, 0);
        }
    }
}

/// Which flags make a field be there, of fields that say no more than that and occur once.
#[must_use]
pub fn flags_of(id: FieldId) -> Option<u16> {
    match id {
        ANALYSIS_FLAGS => Some(u16::MAX),
        RETRANSMISSION => Some(analysis::AGAIN),
        DUPLICATE_ACK => None,
        _ => FLAGS.iter().find(|(_, known)| *known == id).map(|(flag, _)| *flag),
    }
}

/// Fields of the flags that are no more than that.
const FLAGS: [(u16, FieldId); 14] = [
    (analysis::REUSED_PORTS, REUSED_PORTS),
    (analysis::FAST_RETRANSMISSION, FAST_RETRANSMISSION),
    (analysis::SPURIOUS_RETRANSMISSION, SPURIOUS_RETRANSMISSION),
    (analysis::OUT_OF_ORDER, OUT_OF_ORDER),
    (analysis::LOST_SEGMENT, LOST_SEGMENT),
    (analysis::ACK_LOST_SEGMENT, ACK_LOST_SEGMENT),
    (analysis::WINDOW_UPDATE, WINDOW_UPDATE),
    (analysis::WINDOW_FULL, WINDOW_FULL),
    (analysis::KEEP_ALIVE, KEEP_ALIVE),
    (analysis::KEEP_ALIVE_ACK, KEEP_ALIVE_ACK),
    (analysis::DUPLICATE_ACK, DUPLICATE_ACK),
    (analysis::ZERO_WINDOW_PROBE, ZERO_WINDOW_PROBE),
    (analysis::ZERO_WINDOW, ZERO_WINDOW),
    (analysis::ZERO_WINDOW_PROBE_ACK, ZERO_WINDOW_PROBE_ACK),
];

/// What Wireshark puts in front of the line of a packet: the last that it finds stands first.
#[cold]
pub fn remarks(line: &mut Summary, answer: &Answer) {
    const REMARKS: [(u16, &str); 15] = [
        (analysis::ZERO_WINDOW_PROBE_ACK, "[TCP ZeroWindowProbeAck] "),
        (analysis::ZERO_WINDOW, "[TCP ZeroWindow] "),
        (analysis::ZERO_WINDOW_PROBE, "[TCP ZeroWindowProbe] "),
        (analysis::DUPLICATE_ACK, "[TCP Dup ACK "),
        (analysis::KEEP_ALIVE_ACK, "[TCP Keep-Alive ACK] "),
        (analysis::KEEP_ALIVE, "[TCP Keep-Alive] "),
        (analysis::WINDOW_FULL, "[TCP Window Full] "),
        (analysis::WINDOW_UPDATE, "[TCP Window Update] "),
        (analysis::ACK_LOST_SEGMENT, "[TCP ACKed unseen segment] "),
        (analysis::LOST_SEGMENT, "[TCP Previous segment not captured] "),
        (analysis::OUT_OF_ORDER, "[TCP Out-Of-Order] "),
        (analysis::SPURIOUS_RETRANSMISSION, "[TCP Spurious Retransmission] "),
        (analysis::FAST_RETRANSMISSION, "[TCP Fast Retransmission] "),
        (analysis::RETRANSMISSION, "[TCP Retransmission] "),
        (analysis::REUSED_PORTS, "[TCP Port numbers reused] "),
    ];
    let a = &answer.analysis;
    let Some(info) = line.take("TCP") else { return };
    for (flag, text) in REMARKS.iter().filter(|(flag, _)| a.has(*flag)) {
        info.text(text);
        if *flag == analysis::DUPLICATE_ACK {
            info.dec(a.duplicate_of.into());
            info.push(b'#');
            info.dec(a.duplicate.into());
            info.text("] ");
        }
    }
    line.lead();
}

fn flags<S: Sink>(c: &mut Ctx<'_, S>, answer: &Answer, b: Buf<'_>) {
    let a = &answer.analysis;
    // As in Wireshark, the fast and the spurious ones are retransmissions too.
    if a.has(analysis::AGAIN) {
        c.field(RETRANSMISSION, Value::None, b.span(0, 0));
    }
    if a.rto != 0 {
        time(c, RTO, a.rto, b);
        c.bits(RTO_FRAME, a.rto_frame, b, 0, 0);
    }
    for (flag, id) in FLAGS {
        if a.has(flag) {
            c.field(id, Value::None, b.span(0, 0));
        }
    }
}
