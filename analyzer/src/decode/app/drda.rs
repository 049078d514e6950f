//! DRDA: the messages by which Db2 is asked and answers, in the form of the Distributed Data
//! Management architecture (Open Group, DRDA volume 3: DDM).
//!
//! A data stream structure, one after another:
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 2 | length, these bytes included; highest bit: goes on in another |
//! | 2 | 1 | 0xD0 |
//! | 3 | 1 | format: chained, continued after an error, same correlation; type (4 bits) |
//! | 4 | 2 | correlation identifier |
//! | 6 | 2 | length of the object |
//! | 8 | 2 | its code point |
//! | 10 | … | parameters: length (2), code point (2), value |

use crate::decode::{Base, Buf, Ctx, FieldId, Kind, Outcome, Proto, Sink, Value, fmt::Out};

use super::{Need, Talk, Verdict, drda_names as names};

crate::protocol! { Drda, "drda", "DRDA";
    DDM_LENGTH "drda.ddm.length" "Length" Kind::Uint(16, Base::Dec);
    DDM_ID "drda.ddm.ddmid" "Magic" Kind::Uint(8, Base::Hex);
    DDM_FORMAT "drda.ddm.format" "Format" Kind::Uint(8, Base::Hex);
    DDM_RESERVED "drda.ddm.fmt.bit0" "Reserved" Kind::Bool;
    DDM_CHAINED "drda.ddm.fmt.bit1" "Chained" Kind::Bool;
    DDM_CONTINUE "drda.ddm.fmt.bit2" "Continue" Kind::Bool;
    DDM_SAME "drda.ddm.fmt.bit3" "Same correlation" Kind::Bool;
    DDM_TYPE "drda.ddm.fmt.dsstyp" "DSS type" Kind::Uint(8, Base::Dec), names::structure;
    DDM_CORRELATION "drda.ddm.rqscrr" "CorrelId" Kind::Uint(16, Base::Dec);
    DDM_LENGTH2 "drda.ddm.length2" "Length2" Kind::Uint(16, Base::Dec);
    DDM_CODEPOINT "drda.ddm.codepoint" "Code point" Kind::Uint(16, Base::Hex), names::title;
    PARAM_LENGTH "drda.param.length" "Length" Kind::Uint(16, Base::Dec);
    PARAM_CODEPOINT "drda.param.codepoint" "Code point" Kind::Uint(16, Base::Hex), names::title;
    PARAM_DATA "drda.param.data" "Data (ASCII)" Kind::Str;
    PARAM_DATA_EBCDIC "drda.param.data.ebcdic" "Data (EBCDIC)" Kind::Str;
    SQLSTATEMENT "drda.sqlstatement" "SQL statement (ASCII)" Kind::Str;
    SQLSTATEMENT_EBCDIC "drda.sqlstatement.ebcdic" "SQL statement (EBCDIC)" Kind::Str;
    COMMAND ours "drda.ddm.name" "Name of the code point" Kind::Str;
    PARAM_NAME ours "drda.param.name" "Name of the code point" Kind::Str;
    VALUE_NUMBER ours "drda.param.value" "Value" Kind::Uint(64, Base::Dec);
    SEVERITY ours "drda.svrcod" "Severity code" Kind::Uint(16, Base::Dec), names::severity;
    SECURITY ours "drda.secmec" "Security mechanism" Kind::Uint(16, Base::Dec), names::mechanism;
    SECURITY_CHECK ours "drda.secchkcd" "Security check code" Kind::Uint(8, Base::Dec), names::check;
    RDB_NAME ours "drda.rdbnam" "Relational database" Kind::Str;
    USER ours "drda.usrid" "User" Kind::Str;
    EXTERNAL_NAME ours "drda.extnam" "External name" Kind::Str;
    SERVER_NAME ours "drda.srvnam" "Server name" Kind::Str;
    RELEASE ours "drda.srvrlslv" "Server's release" Kind::Str;
    PRODUCT ours "drda.prdid" "Product" Kind::Str;
    SQLCODE ours "drda.sqlcode" "SQLCODE" Kind::Int(32);
    SQLSTATE ours "drda.sqlstate" "SQLSTATE" Kind::Str;
    SQL ours "drda.sql" "SQL statement" Kind::Str;
}

/// Bytes of a structure's header.
const HEAD: usize = 10;
const MAGIC: u8 = 0xD0;

/// True when bytes begin like a structure: the magic byte, and an object that fits into it.
#[must_use]
pub fn looks_like(b: &[u8]) -> bool {
    let Some(h) = b.first_chunk::<HEAD>() else { return false };
    let length = u16::from_be_bytes([h[0], h[1]]) & 0x7FFF;
    let inner = u16::from_be_bytes([h[6], h[7]]);
    let code = u64::from(u16::from_be_bytes([h[8], h[9]]));
    h[2] == MAGIC
        && matches!(h[3] & 0x0F, 1..=5)
        && length >= HEAD as u16
        && (length == inner + 6 || inner & 0x8000 != 0)
        && names::short(code).is_some()
}

/// Dissects one structure after another.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>) -> Outcome<Verdict> {
    if b.bytes().get(2).is_some_and(|m| *m != MAGIC) {
        return Ok(Verdict::Rejected);
    }
    let mut at = 0;
    while at < b.reported() {
        let rest = b.from(at);
        if rest.captured() < HEAD {
            if t.may_wait {
                return Ok(Verdict::More { at, need: Need::Segment });
            }
            return Err(rest.malformed(0));
        }
        let len = usize::from(rest.u16(0)?);
        if t.may_wait && rest.captured() < len {
            return Ok(Verdict::More { at, need: Need::Bytes((len - rest.captured()) as u32) });
        }
        if len < HEAD {
            return Err(rest.malformed(0));
        }
        if at == 0 {
            c.layer(Proto::Drda, b.whole());
        }
        structure(c, rest.truncate(len), at == 0)?;
        at += len;
    }
    Ok(Verdict::Done)
}

fn structure<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, first: bool) -> Outcome {
    let code = b.u16(8)?;
    let name = names::short(code.into());
    if let Some(info) = c.summary().and_then(|s| if first { s.take("DRDA") } else { Some(&mut s.info) }) {
        if !info.is_empty() {
            info.text(" | ");
        }
        info.text(name.unwrap_or("Unknown (0x"));
        if name.is_none() {
            info.hex(code.into(), 2);
            info.text(")");
        }
    }
    if !c.wants(Proto::Drda) {
        return Ok(());
    }
    c.u16(DDM_LENGTH, b, 0)?;
    c.u8(DDM_ID, b, 2)?;
    let format = b.u8(3)?;
    let bits =
        [(DDM_RESERVED, 7, 1), (DDM_CHAINED, 6, 1), (DDM_CONTINUE, 5, 1), (DDM_SAME, 4, 1), (DDM_TYPE, 0, 4)];
    c.flags(DDM_FORMAT, format, b, 3, 1, &bits);
    c.u16(DDM_CORRELATION, b, 4)?;
    let inner = usize::from(c.u16(DDM_LENGTH2, b, 6)?);
    c.u16(DDM_CODEPOINT, b, 8)?;
    if let Some(name) = name {
        c.field(COMMAND, Value::Str(name), b.span(8, 2));
    }
    let body = b.from(HEAD);
    match code {
        names::SQLSTT => {
            // As Wireshark cuts it out: behind the high bytes of the length, without the last flag.
            let text = body.from(4).truncate(body.captured().saturating_sub(5));
            texts(c, SQLSTATEMENT, SQLSTATEMENT_EBCDIC, text);
            statement(c, body)
        }
        names::SQLATTR => statement(c, body),
        names::SQLCARD => communication_area(c, body),
        // These hold rows and descriptions, not parameters.
        names::SQLDARD | names::QRYDTA | names::QRYDSC | names::SQLDTA | names::SQLDTARD | names::EXTDTA => {
            Ok(())
        }
        _ if inner > 4 => parameters(c, body),
        _ => Ok(()),
    }
}

fn parameters<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let mut at = 0;
    while b.from(at).captured() >= 4 {
        let rest = b.from(at);
        let len = usize::from(rest.u16(0)?);
        if len < 4 || len > rest.captured() {
            break;
        }
        c.u16(PARAM_LENGTH, rest, 0)?;
        let code = c.u16(PARAM_CODEPOINT, rest, 2)?;
        let value = rest.from(4).truncate(len - 4);
        c.group(|c| {
            if let Some(name) = names::short(code.into()) {
                c.field(PARAM_NAME, Value::Str(name), rest.span(2, 2));
            }
            parameter(c, code, value);
            Ok(())
        })?;
        at += len;
    }
    Ok(())
}

fn parameter<S: Sink>(c: &mut Ctx<'_, S>, code: u16, b: Buf<'_>) {
    texts(c, PARAM_DATA, PARAM_DATA_EBCDIC, b);
    let number = |len: usize| {
        (b.captured() == len).then(|| b.bytes().iter().fold(0u64, |n, v| n << 8 | u64::from(*v)))
    };
    let text = match code {
        names::RDBNAM => Some(RDB_NAME),
        names::USRID => Some(USER),
        names::EXTNAM => Some(EXTERNAL_NAME),
        names::SRVNAM => Some(SERVER_NAME),
        names::SRVRLSLV => Some(RELEASE),
        names::PRDID => Some(PRODUCT),
        _ => None,
    };
    if let Some(id) = text {
        legible(c, id, b);
        return;
    }
    let (id, value) = match code {
        names::SVRCOD => (SEVERITY, number(2)),
        names::SECMEC => (SECURITY, number(2)),
        names::SECCHKCD => (SECURITY_CHECK, number(1)),
        _ => (VALUE_NUMBER, [1, 2, 4, 8].into_iter().find_map(number)),
    };
    if let Some(v) = value {
        c.field(id, Value::Uint(v), b.whole());
    }
}

/// The same bytes taken for both kinds of text.
fn texts<S: Sink>(c: &mut Ctx<'_, S>, ascii: FieldId, ebcdic: FieldId, b: Buf<'_>) {
    super::http::string(c, ascii, b.bytes(), b.whole());
    if c.sink.asks(ebcdic) {
        let text = b.bytes().iter().take_while(|v| **v != 0);
        let text: String = text.map(|v| c.settings.codepage.decode_byte(*v)).collect();
        c.field(ebcdic, Value::Str(&text), b.whole());
    }
}

/// Text in whichever of the two codes it makes sense in.
fn legible<S: Sink>(c: &mut Ctx<'_, S>, id: FieldId, b: Buf<'_>) {
    if !c.sink.asks(id) {
        return;
    }
    let bytes = b.bytes();
    let ascii = bytes.iter().all(|v| (0x20..0x7F).contains(v) || *v == 0);
    let text: String = if ascii {
        bytes.iter().map(|v| char::from(*v)).collect()
    } else {
        bytes.iter().map(|v| c.settings.codepage.decode_byte(*v)).collect()
    };
    c.field(id, Value::Str(text.trim_end_matches(['\0', ' '])), b.whole());
}

/// The text of a statement stands behind its length, with a flag for null in front where there
/// are two texts, of which one is there.
fn statement<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let mut at = 0;
    while b.from(at).captured() > 5 {
        if b.u8(at)? == 0xFF {
            at += 1;
            continue;
        }
        let len = b.u32(at + 1)? as usize;
        let text = b.from(at + 5);
        if b.u8(at)? != 0 || len > text.captured() {
            break;
        }
        legible(c, SQL, text.truncate(len));
        at += 5 + len;
    }
    Ok(())
}

/// SQL communication area: null flag, SQLCODE, SQLSTATE. The byte order is the server's; the
/// code that is small is the one meant.
fn communication_area<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    if b.captured() < 10 || b.u8(0)? != 0 {
        return Ok(());
    }
    let raw = b.array::<4>(1)?;
    let (big, little) = (i32::from_be_bytes(raw), i32::from_le_bytes(raw));
    let code = if big.unsigned_abs() <= little.unsigned_abs() { big } else { little };
    c.field(SQLCODE, Value::Int(code.into()), b.span(1, 4));
    legible(c, SQLSTATE, b.from(5).truncate(5));
    Ok(())
}
