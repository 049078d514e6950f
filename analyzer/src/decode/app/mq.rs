//! IBM MQ channel protocol: the header of each transmission segment, and the initial data in which
//! both ends say who they are.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | `TSH `, or `TSHM` with two more fields; in ASCII or EBCDIC |
//! | 4 | 4 | length, with the header; big-endian |
//! | 8 | 4, 4 | TSHM only: conversation, request |
//! | 8 | 1 | byte order of what follows: 1 big-endian, 2 little-endian |
//! | 9 | 1 | segment type |
//! | 10 | 1, 1 | control flags |
//! | 12 | 8 | logical unit of work |
//! | 20 | 4 | encoding |
//! | 24 | 2 | character set |
//! | 26 | 2 | reserved |
//!
//! IBM does not publish this layout; it is the one that Wireshark's dissector shows.

use crate::decode::{Base, Buf, Ctx, FieldId, Kind, Outcome, Proto, Sink, Value, fmt::Out};

use super::{Talk, Verdict};

crate::protocol! { Mq, "mq", "WebSphere MQ";
    STRUCTID "mq.tsh.structid" "StructID.." Kind::Str;
    SEGLENGTH "mq.tsh.seglength" "MQSegmLen." Kind::Uint(32, Base::Dec);
    CONVID "mq.tsh.convid" "Convers ID" Kind::Uint(32, Base::Dec);
    REQUESTID "mq.tsh.requestid" "Request ID" Kind::Uint(32, Base::Dec);
    BYTEORDER "mq.tsh.byteorder" "Byte order" Kind::Uint(8, Base::Hex), order;
    TYPE "mq.tsh.type" "SegmType.." Kind::Uint(8, Base::Hex), segment;
    CFLAGS1 "mq.tsh.cflags1" "Ctl Flag 1" Kind::Uint(8, Base::Hex);
    CONFIRM "mq.tsh.tcf.confirmreq" "Confirm Req" Kind::Bool;
    ERROR "mq.tsh.tcf.error" "Error" Kind::Bool;
    REQCLOSE "mq.tsh.tcf.reqclose" "Req close" Kind::Bool;
    CLOSECHANN "mq.tsh.tcf.closechann" "Close Chnl" Kind::Bool;
    FIRST "mq.tsh.tcf.first" "First Seg" Kind::Bool;
    LAST "mq.tsh.tcf.last" "Last Seg" Kind::Bool;
    REQACC "mq.tsh.tcf.reqacc" "Req accept" Kind::Bool;
    DLQ "mq.tsh.tcf.dlq" "DLQ used" Kind::Bool;
    CFLAGS2 "mq.tsh.cflags2" "Ctl Flag 2" Kind::Uint(8, Base::Hex);
    LUWID "mq.tsh.luwid" "LUW Ident." Kind::Bytes;
    ENCODING "mq.tsh.encoding" "Encoding.." Kind::Uint(32, Base::Dec);
    CCSID "mq.tsh.ccsid" "CCSID....." Kind::Int(16);
    RESERVED "mq.tsh.reserved" "Reserved.." Kind::Uint(16, Base::Hex);
    ID_STRUCTID "mq.id.structid" "Structid.." Kind::Str;
    ID_FAPLEVEL "mq.id.faplevel" "FAP level." Kind::Uint(8, Base::Dec);
    ID_CFLAGS "mq.id.cflags" "CapFlag1.." Kind::Uint(8, Base::Hex);
    ID_ECFLAGS "mq.id.ecflags" "ECapFlag1." Kind::Uint(8, Base::Hex);
    ID_INIERRFLG1 "mq.id.inierrflg1" "IniErrFlg1" Kind::Uint(8, Base::Hex);
    ID_RESERVED "mq.id.reserved" "Reserved.." Kind::Uint(16, Base::Hex);
    ID_MAXMSGBATCH "mq.id.maxmsgbatch" "MaxMsgBtch" Kind::Uint(16, Base::Dec);
    ID_MAXTRSIZE "mq.id.maxtrsize" "MaxTrSize." Kind::Uint(32, Base::Dec);
    ID_MAXMSGSIZE "mq.id.maxmsgsize" "MaxMsgSize" Kind::Uint(32, Base::Dec);
    ID_SEQWRAP "mq.id.seqwrap" "SeqWrapVal" Kind::Uint(32, Base::Dec);
    ID_CHANNELNAME "mq.id.channelname" "ChannelNme" Kind::Str;
    ID_CFLAGS2 "mq.id.cflags2" "CapFlag2.." Kind::Uint(8, Base::Hex);
    ID_ECFLAGS2 "mq.id.ecflags2" "ECapFlag2." Kind::Uint(8, Base::Hex);
    ID_CCSID "mq.id.ccsid" "ccsid....." Kind::Int(16);
    ID_QM "mq.id.qm" "QMgrName.." Kind::Str;
    ID_HBINT "mq.id.hbint" "HBInterval" Kind::Uint(32, Base::Dec);
    ID_PROCESSID "mq.id.processid" "ProcessId." Kind::Uint(32, Base::Hex);
    ID_THREADID "mq.id.threadid" "ThreadId.." Kind::Uint(32, Base::Hex);
    ID_PRODID "mq.id.prodid" "ProdId...." Kind::Str;
    ID_MQMID "mq.id.mqmid" "MQM ID...." Kind::Str;
    API_REPLYLENGTH "mq.api.replylength" "Reply len.." Kind::Uint(32, Base::Dec);
    API_COMPLETION "mq.api.completioncode" "Compl Code." Kind::Uint(32, Base::Dec), completion;
    API_REASON "mq.api.reasoncode" "Reason Code" Kind::Uint(32, Base::Dec), reason;
    API_HOBJ "mq.api.hobj" "Object Hdl." Kind::Uint(32, Base::Hex);
}

fn order(v: u64) -> Option<&'static str> {
    match v {
        1 => Some("Big endian"),
        2 => Some("Little endian"),
        _ => None,
    }
}

fn segment(v: u64) -> Option<&'static str> {
    Some(match v {
        0x01 => "INITIAL_DATA",
        0x02 => "RESYNC_DATA",
        0x03 => "RESET_DATA",
        0x04 => "MESSAGE_DATA",
        0x05 => "STATUS_DATA",
        0x06 => "SECURITY_DATA",
        0x07 => "PING_DATA",
        0x08 => "USERID_DATA",
        0x09 => "HEARTBEAT",
        0x0A => "CONAUTH_INFO",
        0x0B => "RENEGOTIATE_DATA",
        0x0C => "SOCKET_ACTION",
        0x0D => "ASYNC_MESSAGE",
        0x0E => "REQUEST_MSGS",
        0x0F => "NOTIFICATION",
        0x81 => "MQCONN",
        0x82 => "MQDISC",
        0x83 => "MQOPEN",
        0x84 => "MQCLOSE",
        0x85 => "MQGET",
        0x86 => "MQPUT",
        0x87 => "MQPUT1",
        0x88 => "MQSET",
        0x89 => "MQINQ",
        0x8A => "MQCMIT",
        0x8B => "MQBACK",
        0x8C => "SPI",
        0x8D => "MQSTAT",
        0x8E => "MQSUB",
        0x8F => "MQSUBRQ",
        0x91 => "MQCONN_REPLY",
        0x92 => "MQDISC_REPLY",
        0x93 => "MQOPEN_REPLY",
        0x94 => "MQCLOSE_REPLY",
        0x95 => "MQGET_REPLY",
        0x96 => "MQPUT_REPLY",
        0x97 => "MQPUT1_REPLY",
        0x98 => "MQSET_REPLY",
        0x99 => "MQINQ_REPLY",
        0x9A => "MQCMIT_REPLY",
        0x9B => "MQBACK_REPLY",
        0x9C => "SPI_REPLY",
        0x9D => "MQSTAT_REPLY",
        0x9E => "MQSUB_REPLY",
        0x9F => "MQSUBRQ_REPLY",
        0xA1 => "XA_START",
        0xA2 => "XA_END",
        0xA3 => "XA_OPEN",
        0xA4 => "XA_CLOSE",
        0xA5 => "XA_PREPARE",
        0xA6 => "XA_COMMIT",
        0xA7 => "XA_ROLLBACK",
        0xA8 => "XA_FORGET",
        0xA9 => "XA_RECOVER",
        0xAA => "XA_COMPLETE",
        _ => return None,
    })
}

fn completion(v: u64) -> Option<&'static str> {
    match v {
        0 => Some("MQCC_OK"),
        1 => Some("MQCC_WARNING"),
        2 => Some("MQCC_FAILED"),
        _ => None,
    }
}

/// Reason codes that connections commonly end with.
fn reason(v: u64) -> Option<&'static str> {
    Some(match v {
        0 => "MQRC_NONE",
        2009 => "MQRC_CONNECTION_BROKEN",
        2018 => "MQRC_HCONN_ERROR",
        2033 => "MQRC_NO_MSG_AVAILABLE",
        2035 => "MQRC_NOT_AUTHORIZED",
        2042 => "MQRC_OBJECT_IN_USE",
        2053 => "MQRC_Q_FULL",
        2058 => "MQRC_Q_MGR_NAME_ERROR",
        2059 => "MQRC_Q_MGR_NOT_AVAILABLE",
        2063 => "MQRC_SECURITY_ERROR",
        2079 => "MQRC_TRUNCATED_MSG_ACCEPTED",
        2080 => "MQRC_TRUNCATED_MSG_FAILED",
        2085 => "MQRC_UNKNOWN_OBJECT_NAME",
        2161 => "MQRC_Q_MGR_QUIESCING",
        2162 => "MQRC_Q_MGR_STOPPING",
        2195 => "MQRC_UNEXPECTED_ERROR",
        2202 => "MQRC_CONNECTION_QUIESCING",
        2537 => "MQRC_CHANNEL_NOT_AVAILABLE",
        2538 => "MQRC_HOST_NOT_AVAILABLE",
        2539 => "MQRC_CHANNEL_CONFIG_ERROR",
        2540 => "MQRC_UNKNOWN_CHANNEL_NAME",
        _ => return None,
    })
}

const TSH: [u8; 3] = *b"TSH";
/// The same in EBCDIC.
const TSH_EBCDIC: [u8; 3] = [0xE3, 0xE2, 0xC8];
/// Bytes of the header, and what the form for several conversations adds.
const HEAD: usize = 28;
const MULTIPLEX: usize = 8;

/// True when bytes begin with the header's eye catcher.
#[must_use]
pub fn looks_like(b: &[u8]) -> bool {
    b.first_chunk::<3>().is_some_and(|h| *h == TSH || *h == TSH_EBCDIC)
        && b.get(3).is_some_and(|v| matches!(v, b' ' | b'M' | b'C' | 0x40 | 0xD4 | 0xC3))
}

/// Dissects one segment after another.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>) -> Outcome<Verdict> {
    if !looks_like(b.bytes()) {
        return Ok(Verdict::Rejected);
    }
    super::pdus(c, b, t, HEAD, |b| Ok(b.u32(4)? as usize), |c, b, _| one(c, b))
}

fn one<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Mq, b.whole());
    let ebcdic = b.u8(0)? == TSH_EBCDIC[0];
    let multiplex = matches!(b.u8(3)?, b'M' | 0xD4);
    let at = if multiplex { 8 + MULTIPLEX } else { 8 };
    let kind = b.u8(at + 1)?;
    if let Some(info) = c.summary().and_then(|s| s.also("MQ", " | ")) {
        info.text(segment(kind.into()).unwrap_or("Unknown"));
    }
    if !c.wants(Proto::Mq) {
        return Ok(());
    }
    text(c, STRUCTID, b.truncate(4), ebcdic);
    c.u32(SEGLENGTH, b, 4)?;
    if multiplex {
        c.u32(CONVID, b, 8)?;
        c.u32(REQUESTID, b, 12)?;
    }
    let little = c.u8(BYTEORDER, b, at)? == 2;
    c.u8(TYPE, b, at + 1)?;
    let flags = b.u8(at + 2)?;
    let bits = [
        (CONFIRM, 0, 1),
        (ERROR, 1, 1),
        (REQCLOSE, 2, 1),
        (CLOSECHANN, 3, 1),
        (FIRST, 4, 1),
        (LAST, 5, 1),
        (REQACC, 6, 1),
        (DLQ, 7, 1),
    ];
    c.flags(CFLAGS1, flags, b, at + 2, 1, &bits);
    c.u8(CFLAGS2, b, at + 3)?;
    c.bytes(LUWID, b, at + 4, 8)?;
    number(c, ENCODING, b, at + 12, 4, little)?;
    number(c, CCSID, b, at + 16, 2, little)?;
    number(c, RESERVED, b, at + 18, 2, little)?;
    let body = b.from(at + 20);
    match kind {
        0x01 => initial(c, body, little, ebcdic),
        0x81..=0x8F | 0x91..=0x9F => {
            // The length of the answer is big-endian like the segment's.
            c.u32(API_REPLYLENGTH, body, 0)?;
            for (id, at) in [(API_COMPLETION, 4), (API_REASON, 8), (API_HOBJ, 12)] {
                number(c, id, body, at, 4, little)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// An integer in the byte order of the segment.
fn number<S: Sink>(
    c: &mut Ctx<'_, S>,
    id: FieldId,
    b: Buf<'_>,
    at: usize,
    len: usize,
    little: bool,
) -> Outcome {
    let bytes = b.get(at, len)?;
    let fold = |n: u64, v: &u8| n << 8 | u64::from(*v);
    let v = if little { bytes.iter().rev().fold(0, fold) } else { bytes.iter().fold(0, fold) };
    let value = match id.def().kind {
        Kind::Int(16) => Value::Int((v as u16 as i16).into()),
        _ => Value::Uint(v),
    };
    c.field(id, value, b.span(at, len));
    Ok(())
}

fn text<S: Sink>(c: &mut Ctx<'_, S>, id: FieldId, b: Buf<'_>, ebcdic: bool) {
    if !c.sink.asks(id) {
        return;
    }
    let text: String = if ebcdic {
        c.settings.codepage.decode(b.bytes())
    } else {
        String::from_utf8_lossy(b.bytes()).into_owned()
    };
    c.field(id, Value::Str(text.split('\0').next().unwrap_or_default()), b.whole());
}

/// What both ends say of themselves; later levels of the protocol say more.
fn initial<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, little: bool, ebcdic: bool) -> Outcome {
    let is_id = b.bytes().starts_with(b"ID") || b.bytes().starts_with(&[0xC9, 0xC4]);
    if !is_id {
        return Ok(());
    }
    text(c, ID_STRUCTID, b.truncate(4), ebcdic);
    let level = c.u8(ID_FAPLEVEL, b, 4)?;
    c.u8(ID_CFLAGS, b, 5)?;
    c.u8(ID_ECFLAGS, b, 6)?;
    c.u8(ID_INIERRFLG1, b, 7)?;
    number(c, ID_RESERVED, b, 8, 2, little)?;
    number(c, ID_MAXMSGBATCH, b, 10, 2, little)?;
    for (id, at) in [(ID_MAXTRSIZE, 12), (ID_MAXMSGSIZE, 16), (ID_SEQWRAP, 20)] {
        number(c, id, b, at, 4, little)?;
    }
    text(c, ID_CHANNELNAME, b.from(24).truncate(20), ebcdic);
    if level < 4 || b.reported() < 100 {
        return Ok(());
    }
    c.u8(ID_CFLAGS2, b, 44)?;
    c.u8(ID_ECFLAGS2, b, 45)?;
    number(c, ID_CCSID, b, 46, 2, little)?;
    text(c, ID_QM, b.from(48).truncate(48), ebcdic);
    number(c, ID_HBINT, b, 96, 4, little)?;
    if level < 10 || b.reported() < 208 {
        return Ok(());
    }
    number(c, ID_PROCESSID, b, 136, 4, little)?;
    number(c, ID_THREADID, b, 140, 4, little)?;
    text(c, ID_PRODID, b.from(148).truncate(12), ebcdic);
    text(c, ID_MQMID, b.from(160).truncate(48), ebcdic);
    Ok(())
}
