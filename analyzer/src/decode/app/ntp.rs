//! NTP (RFC 5905), its control messages (RFC 9327) and the private messages of ntpd.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | leap indicator (2 bits), version (3), mode (3) |
//! | 1 | 1 + 1 + 1 | stratum, poll interval, precision |
//! | 4 | 4 + 4 + 4 | root delay, root dispersion, reference id |
//! | 16 | 8 × 4 | timestamps: reference, origin, receive, transmit |
//! | 48 | … | extensions: type, length, value; then key id and authentication code |

use crate::decode::value::NO_TIME;
use crate::decode::{Base, Buf, Ctx, FieldId, Kind, Outcome, Proto, Sink, Value, fmt::Out};
use crate::source::frame::Timestamp;

crate::protocol! { Ntp, "ntp", "Network Time Protocol";
    FLAGS "ntp.flags" "Flags" Kind::Uint(8, Base::Hex);
    FLAGS_VN "ntp.flags.vn" "Version number" Kind::Uint(8, Base::Dec);
    FLAGS_MODE "ntp.flags.mode" "Mode" Kind::Uint(8, Base::Dec), names::mode;
    FLAGS_LI "ntp.flags.li" "Leap Indicator" Kind::Uint(8, Base::Dec), names::leap;
    STRATUM "ntp.stratum" "Peer Clock Stratum" Kind::Uint(8, Base::Dec);
    PPOLL "ntp.ppoll" "Peer Polling Interval" Kind::Uint(8, Base::Dec);
    PRECISION "ntp.precision" "Peer Clock Precision" Kind::Uint(8, Base::Dec);
    ROOTDELAY "ntp.rootdelay" "Root Delay" Kind::Uint(32, Base::Dec);
    ROOTDISPERSION "ntp.rootdispersion" "Root Dispersion" Kind::Uint(32, Base::Dec);
    REFID "ntp.refid" "Reference ID" Kind::Bytes;
    REFTIME "ntp.reftime" "Reference Timestamp" Kind::DateTime;
    ORG "ntp.org" "Origin Timestamp" Kind::DateTime;
    REC "ntp.rec" "Receive Timestamp" Kind::DateTime;
    XMT "ntp.xmt" "Transmit Timestamp" Kind::DateTime;
    CTRL_STATUS "ntp.ctrl.status" "Status" Kind::Uint(16, Base::Hex);
    CTRL_ASSOCID "ntp.ctrl.associd" "AssociationID" Kind::Uint(16, Base::Dec);
    CTRL_FLAGS2 "ntp.ctrl.flags2" "Flags 2" Kind::Uint(8, Base::Hex);
    CTRL_FLAGS2_R "ntp.ctrl.flags2.r" "Response bit" Kind::Uint(8, Base::Dec);
    CTRL_FLAGS2_ERROR "ntp.ctrl.flags2.error" "Error bit" Kind::Uint(8, Base::Dec);
    CTRL_FLAGS2_MORE "ntp.ctrl.flags2.more" "More bit" Kind::Uint(8, Base::Dec);
    CTRL_FLAGS2_OPCODE "ntp.ctrl.flags2.opcode" "Opcode" Kind::Uint(8, Base::Dec), names::opcode;
    CTRL_SEQUENCE "ntp.ctrl.sequence" "Sequence" Kind::Uint(16, Base::Dec);
    CTRL_OFFSET "ntp.ctrl.offset" "Offset" Kind::Uint(16, Base::Dec);
    CTRL_COUNT "ntp.ctrl.count" "Count" Kind::Uint(16, Base::Dec);
    CTRL_PEER_STATUS_CONFIG "ntp.ctrl.peer_status.config" "Peer Status" Kind::Bool;
    CTRL_PEER_STATUS_AUTHENABLE "ntp.ctrl.peer_status.authenable" "Peer Status" Kind::Bool;
    CTRL_PEER_STATUS_AUTHENTIC "ntp.ctrl.peer_status.authentic" "Peer Status" Kind::Bool;
    CTRL_PEER_STATUS_REACH "ntp.ctrl.peer_status.reach" "Peer Status" Kind::Bool;
    CTRL_PEER_STATUS_BCAST "ntp.ctrl.peer_status.bcast" "Peer Status broadcast association" Kind::Bool;
    CTRL_PEER_STATUS_SELECTION "ntp.ctrl.peer_status.selection" "Peer Selection" Kind::Uint(16, Base::Dec), names::selection;
    CTRL_PEER_STATUS_COUNT "ntp.ctrl.peer_status.count" "Peer Event Counter" Kind::Uint(16, Base::Dec);
    CTRL_PEER_STATUS_CODE "ntp.ctrl.peer_status.code" "Peer Event Code" Kind::Uint(16, Base::Dec);
    CTRL_DATA "ntp.ctrl.data" "Data" Kind::None;
    CTRL_ITEM "ntp.ctrl.item" "Item" Kind::None;
    KEYID "ntp.keyid" "Key ID" Kind::Bytes;
    MAC "ntp.mac" "Message Authentication Code" Kind::Bytes;
    EXT "ntp.ext" "Extension" Kind::None;
    EXT_TYPE "ntp.ext.type" "Field Type" Kind::Uint(16, Base::Hex);
    EXT_LENGTH "ntp.ext.length" "Length" Kind::Uint(16, Base::Dec);
    EXT_VALUE "ntp.ext.value" "Value" Kind::Bytes;
    CTRL_SYS_STATUS_LI "ntp.ctrl.sys_status.li" "Leap Indicator" Kind::Uint(16, Base::Dec), names::leap;
    CTRL_SYS_STATUS_CLKSRC "ntp.ctrl.sys_status.clksrc" "Clock Source" Kind::Uint(16, Base::Dec);
    CTRL_SYS_STATUS_COUNT "ntp.ctrl.sys_status.count" "System Event Counter" Kind::Uint(16, Base::Dec);
    CTRL_SYS_STATUS_CODE "ntp.ctrl.sys_status.code" "System Event Code" Kind::Uint(16, Base::Dec);
    PRIV_FLAGS_R "ntp.priv.flags.r" "Response bit" Kind::Uint(8, Base::Dec);
    PRIV_FLAGS_MORE "ntp.priv.flags.more" "More bit" Kind::Uint(8, Base::Dec);
    PRIV_AUTH_SEQ "ntp.priv.auth_seq" "Auth, sequence" Kind::Uint(8, Base::Dec);
    PRIV_AUTH "ntp.priv.auth" "Auth bit" Kind::Uint(8, Base::Dec);
    PRIV_SEQ "ntp.priv.seq" "Sequence number" Kind::Uint(8, Base::Dec);
    PRIV_IMPL "ntp.priv.impl" "Implementation" Kind::Uint(8, Base::Dec);
    PRIV_REQCODE "ntp.priv.reqcode" "Request code" Kind::Uint(8, Base::Dec), names::request;
    PRIV_ERR "ntp.priv.err" "Err" Kind::Uint(8, Base::Hex);
    PRIV_NUMITEMS "ntp.priv.numitems" "Number of data items" Kind::Uint(16, Base::Dec);
    PRIV_RESERVED "ntp.priv.reserved" "Reserved" Kind::Uint(8, Base::Hex);
    PRIV_ITEMSIZE "ntp.priv.itemsize" "Size of data item" Kind::Uint(16, Base::Dec);
}

mod names {
    use crate::decode::names::table;

    table! {
        leap {
            0 "no warning" 1 "last minute of the day has 61 seconds" 2 "last minute of the day has 59 seconds"
            3 "unknown (clock unsynchronized)"
        }
        mode {
            0 "reserved" 1 "symmetric active" 2 "symmetric passive" 3 "client" 4 "server" 5 "broadcast" 6 "control"
            7 "private"
        }
        opcode {
            0 "reserved" 1 "read status" 2 "read variables" 3 "write variables" 4 "read clock variables"
            5 "write clock variables" 6 "set trap address/port" 7 "asynchronous message"
            8 "configure" 9 "save configuration" 10 "read most recently used list"
            11 "read authenticated ordered list" 12 "request nonce" 31 "unset trap address/port"
        }
        selection {
            0 "rejected" 1 "discarded by intersection" 2 "discarded by table overflow" 3 "discarded by cluster"
            4 "included by combine" 5 "backup source" 6 "system peer" 7 "pulse per second peer"
        }
        request {
            0 "PEER_LIST" 1 "PEER_LIST_SUM" 2 "PEER_INFO" 3 "PEER_STATS" 4 "SYS_INFO" 5 "SYS_STATS" 6 "IO_STATS"
            7 "MEM_STATS" 8 "LOOP_INFO" 9 "TIMER_STATS" 10 "CONFIG" 11 "UNCONFIG" 20 "MON_GETLIST" 42 "MON_GETLIST_1"
        }
    }
}

/// Seconds from 1900 to 1970.
const EPOCH: i64 = 2_208_988_800;

/// Dissects a message.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Ntp, b.whole());
    if super::idle(c, Proto::Ntp) {
        return Ok(());
    }
    let first = b.u8(0)?;
    let mode = first & 7;
    if let Some(info) = c.summary().and_then(|s| s.take("NTP")) {
        info.text("NTP Version ");
        info.dec((first >> 3 & 7).into());
        info.text(", ");
        info.text(names::mode(mode.into()).unwrap_or("reserved"));
    }
    c.bits(FLAGS, first, b, 0, 1);
    c.sink.open();
    if mode == 7 {
        c.parts(first, b, 0, 1, &[(PRIV_FLAGS_R, 7, 1), (PRIV_FLAGS_MORE, 6, 1)]);
    } else {
        c.parts(first, b, 0, 1, &[(FLAGS_LI, 6, 2)]);
    }
    c.parts(first, b, 0, 1, &[(FLAGS_VN, 3, 3), (FLAGS_MODE, 0, 3)]);
    c.sink.close();
    match mode {
        6 => control(c, b),
        7 => private(c, b),
        _ => standard(c, b),
    }
}

/// A timestamp: seconds since 1900 or, when the highest bit is clear, since 2036, and a fraction.
fn time<S: Sink>(c: &mut Ctx<'_, S>, id: FieldId, b: Buf<'_>, at: usize) -> Outcome {
    let (secs, fraction) = (b.u32(at)?, b.u32(at + 4)?);
    let era = if secs & 0x8000_0000 == 0 { 1i64 << 32 } else { 0 };
    let t = if secs == 0 && fraction == 0 {
        NO_TIME
    } else {
        Timestamp {
            secs: i64::from(secs) + era - EPOCH,
            nanos: ((u64::from(fraction) * 1_000_000_000) >> 32) as u32,
        }
    };
    c.field(id, Value::Time(t), b.span(at, 8));
    Ok(())
}

fn standard<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.u8(STRATUM, b, 1)?;
    c.u8(PPOLL, b, 2)?;
    c.u8(PRECISION, b, 3)?;
    c.u32(ROOTDELAY, b, 4)?;
    c.u32(ROOTDISPERSION, b, 8)?;
    c.bytes(REFID, b, 12, 4)?;
    for (i, id) in [REFTIME, ORG, REC, XMT].into_iter().enumerate() {
        time(c, id, b, 16 + 8 * i)?;
    }
    let mut at = 48;
    // From version 4 on, what is longer than a key id and the longest code is an extension.
    while b.u8(0)? >> 3 & 7 >= 4 && b.reported().saturating_sub(at) > 24 {
        let len = usize::from(b.u16(at + 2)?);
        c.field(EXT, Value::None, b.span(at, len));
        c.sink.open();
        c.u16(EXT_TYPE, b, at)?;
        c.u16(EXT_LENGTH, b, at + 2)?;
        if len < 8 || len & 3 != 0 {
            return Err(b.malformed(at + 2));
        }
        c.bytes(EXT_VALUE, b, at + 4, len - 4)?;
        c.sink.close();
        at += len;
    }
    let left = b.reported().saturating_sub(at);
    if left > 3 {
        c.bytes(KEYID, b, at, 4)?;
        if left > 4 {
            c.bytes(MAC, b, at + 4, left - 4)?;
        }
    }
    Ok(())
}

/// State of a peer, as read in control messages.
fn peer_status<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome {
    let status = b.u16(at)?;
    let parts = [
        (CTRL_PEER_STATUS_CONFIG, 15, 1),
        (CTRL_PEER_STATUS_AUTHENABLE, 14, 1),
        (CTRL_PEER_STATUS_AUTHENTIC, 13, 1),
        (CTRL_PEER_STATUS_REACH, 12, 1),
        (CTRL_PEER_STATUS_BCAST, 11, 1),
        (CTRL_PEER_STATUS_SELECTION, 8, 3),
        (CTRL_PEER_STATUS_COUNT, 4, 4),
        (CTRL_PEER_STATUS_CODE, 0, 4),
    ];
    c.flags(CTRL_STATUS, status, b, at, 2, &parts);
    Ok(())
}

/// | offset | bytes | field |
/// |---|---|---|
/// | 1 | 1 | response, error, more, operation (5 bits) |
/// | 2 | 2 + 2 + 2 | sequence, status, association |
/// | 8 | 2 + 2 | offset and count of the data |
fn control<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let flags = b.u8(1)?;
    let parts = [
        (CTRL_FLAGS2_R, 7, 1),
        (CTRL_FLAGS2_ERROR, 6, 1),
        (CTRL_FLAGS2_MORE, 5, 1),
        (CTRL_FLAGS2_OPCODE, 0, 5),
    ];
    c.flags(CTRL_FLAGS2, flags, b, 1, 1, &parts);
    c.u16(CTRL_SEQUENCE, b, 2)?;
    let (opcode, association) = (flags & 31, b.u16(6)?);
    let answered = flags & 0xC0 == 0x80;
    if answered && matches!(opcode, 1 | 2) && association != 0 {
        peer_status(c, b, 4)?;
    } else if answered && matches!(opcode, 1 | 2) {
        let parts = [
            (CTRL_SYS_STATUS_LI, 14, 2),
            (CTRL_SYS_STATUS_CLKSRC, 8, 6),
            (CTRL_SYS_STATUS_COUNT, 4, 4),
            (CTRL_SYS_STATUS_CODE, 0, 4),
        ];
        c.flags(CTRL_STATUS, b.u16(4)?, b, 4, 2, &parts);
    } else {
        c.u16(CTRL_STATUS, b, 4)?;
    }
    c.u16(CTRL_ASSOCID, b, 6)?;
    c.u16(CTRL_OFFSET, b, 8)?;
    let count = usize::from(c.u16(CTRL_COUNT, b, 10)?);
    if count == 0 {
        return Ok(());
    }
    c.field(CTRL_DATA, Value::None, b.span(12, count));
    if opcode == 1 && answered {
        for at in (12..12 + count / 4 * 4).step_by(4) {
            c.field(CTRL_ITEM, Value::None, b.span(at, 4));
            c.sink.open();
            c.u16(CTRL_ASSOCID, b, at)?;
            peer_status(c, b, at + 2)?;
            c.sink.close();
        }
    }
    let end = (12 + count).next_multiple_of(4);
    let left = b.reported().saturating_sub(end);
    if left > 4 {
        c.bytes(KEYID, b, end, 4)?;
        c.bytes(MAC, b, end + 4, left - 4)?;
    }
    Ok(())
}

/// | offset | bytes | field |
/// |---|---|---|
/// | 1 | 1 | authenticated, sequence |
/// | 2 | 1 + 1 | implementation, request |
/// | 4 | 2 + 2 | error and number of items, reserved and size of an item |
fn private<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let auth = b.u8(1)?;
    c.flags(PRIV_AUTH_SEQ, auth, b, 1, 1, &[(PRIV_AUTH, 7, 1), (PRIV_SEQ, 0, 7)]);
    c.u8(PRIV_IMPL, b, 2)?;
    c.u8(PRIV_REQCODE, b, 3)?;
    c.parts(b.u16(4)?, b, 4, 2, &[(PRIV_ERR, 12, 4), (PRIV_NUMITEMS, 0, 12)]);
    c.parts(b.u16(6)?, b, 6, 2, &[(PRIV_RESERVED, 12, 4), (PRIV_ITEMSIZE, 0, 12)]);
    Ok(())
}
