//! TFTP (RFC 1350) with options (RFC 2347, RFC 2348, RFC 2349, RFC 7440).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 2 | operation |
//! | 2 | … | requests: file and mode, each up to a null, then options and their values likewise |
//! | 2 | 2 | data and acknowledgments: block; errors: code |

use crate::decode::{Base, Buf, Ctx, FieldId, Kind, Outcome, Proto, Sink, Span, Value, data, fmt::Out};
use crate::track::memory::{Ask, Known, Transfer};

use super::text::Text;

crate::protocol! { Tftp, "tftp", "Trivial File Transfer Protocol";
    OPCODE "tftp.opcode" "Opcode" Kind::Uint(16, Base::Dec), names::opcode;
    SOURCE_FILE "tftp.source_file" "Source File" Kind::Str;
    DESTINATION_FILE "tftp.destination_file" "Destination File" Kind::Str;
    TYPE "tftp.type" "Type" Kind::Str;
    ERROR_CODE "tftp.error.code" "Error code" Kind::Uint(16, Base::Dec), names::error;
    ERROR_MESSAGE "tftp.error.message" "Error message" Kind::Str;
    BLOCK "tftp.block" "Block" Kind::Uint(16, Base::Dec);
    NEXTWINDOWSIZE "tftp.nextwindowsize" "Next Window Size" Kind::Uint(16, Base::Dec);
    OPTION_NAME "tftp.option.name" "Option name" Kind::Str;
    OPTION_VALUE "tftp.option.value" "Option value" Kind::Str;
    REQUEST_FRAME "tftp.request_frame" "Request frame" Kind::FrameNum;
    FULL_BLOCK "tftp.block.full" "Full Block Number" Kind::Uint(32, Base::Dec);
}

mod names {
    use crate::decode::names::table;

    table! {
        opcode {
            1 "Read Request" 2 "Write Request" 3 "Data Packet" 4 "Acknowledgement" 5 "Error Code"
            6 "Option Acknowledgement" 256 "Information"
        }
        error {
            0 "Not defined" 1 "File not found" 2 "Access violation" 3 "Disk full or allocation exceeded"
            4 "Illegal TFTP Operation" 5 "Unknown transfer ID" 6 "File already exists" 7 "No such user"
            8 "Option negotiation failed"
        }
    }
}

/// The port of requests.
pub const PORT: u16 = 69;
/// Longest text that is shown.
const SHOWN: usize = 1024;

/// Dissects a message.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    let transfer = transfer(c, b);
    c.layer(Proto::Tftp, b.whole());
    if super::idle(c, Proto::Tftp) {
        return Ok(());
    }
    let opcode = b.u16(0)?;
    if let Some(info) = c.summary().and_then(|s| s.take("TFTP")) {
        info.text(names::opcode(opcode.into()).unwrap_or("Unknown"));
    }
    c.u16(OPCODE, b, 0)?;
    if let Some(t) = transfer.as_ref().filter(|_| !matches!(opcode, 1 | 2)) {
        c.field(DESTINATION_FILE, Value::Str(&t.file), Span::NONE);
        c.field(REQUEST_FRAME, Value::Uint(t.request), Span::NONE);
    }
    let full = |c: &mut Ctx<'_, S>| {
        if let Some(t) = &transfer {
            c.field(FULL_BLOCK, Value::Uint(t.block.into()), Span::NONE);
        }
    };
    match opcode {
        1 | 2 => {
            let id = if opcode == 1 { SOURCE_FILE } else { DESTINATION_FILE };
            let at = string(c, b, 2, id, ", File: ")?;
            let at = string(c, b, at, TYPE, ", Transfer type: ")?;
            options(c, b, at)
        }
        3 => {
            number(c, b, BLOCK, ", Block: ")?;
            full(c);
            data::dissect(c, b.from(4));
            Ok(())
        }
        4 => {
            number(c, b, BLOCK, ", Block: ")?;
            full(c);
            if b.reported() > 4 {
                c.u16(NEXTWINDOWSIZE, b, 4)?;
            }
            Ok(())
        }
        5 => {
            number(c, b, ERROR_CODE, ", Code: ")?;
            string(c, b, 4, ERROR_MESSAGE, ", Message: ").map(|_| ())
        }
        6 => options(c, b, 2),
        _ => {
            data::dissect(c, b.from(2));
            Ok(())
        }
    }
}

/// Notes what a request asks for, or finds the request of another message: it went to a port of
/// its own, and the transfer goes on between the client's port and one that the server chose.
fn transfer<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Option<Transfer> {
    c.streams.as_ref()?;
    let opcode = b.u16(0).ok();
    if c.ends.ports[1] == PORT && matches!(opcode, Some(1 | 2)) {
        let name = b.bytes().get(2..).unwrap_or_default();
        // As its own field shows it, and no longer.
        let name = Text::<SHOWN>::ascii(name);
        c.remember(|m, e, f| m.asked_for_file(e, f, name.as_str().as_bytes()));
        return None;
    }
    let block = b.u16(2).ok().filter(|_| matches!(opcode, Some(3 | 4))).map(|n| (n, opcode == Some(3)));
    match c.recall(b, Ask::Transfer, |m, e, _| m.part_of_file(e, block).map(Known::Transfer)) {
        Some(Known::Transfer(t)) => Some(t),
        _ => None,
    }
}

fn number<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, id: FieldId, label: &str) -> Outcome {
    let v = c.u16(id, b, 2)?;
    if let Some(info) = c.summary().map(|s| &mut s.info) {
        info.text(label);
        match names::error(v.into()) {
            Some(name) if id == ERROR_CODE => info.text(name),
            _ => info.dec(v.into()),
        }
    }
    Ok(())
}

/// Text up to a null as a field and in the line; returns where what follows begins.
fn string<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, id: FieldId, label: &str) -> Outcome<usize> {
    let there = b.bytes().get(at..).unwrap_or_default();
    let Some(len) = there.iter().position(|&x| x == 0) else {
        return Err(b.get(at, b.reported().max(at + 1)).err().unwrap_or(b.malformed(at)));
    };
    let text = Text::<SHOWN>::ascii(&there[..len]);
    if let Some(info) = c.summary().map(|s| &mut s.info) {
        info.text(label);
        info.text(Text::<SHOWN>::escaped(text.as_str().as_bytes()).as_str());
    }
    c.field(id, Value::Str(text.as_str()), b.span(at, len + 1));
    Ok(at + len + 1)
}

fn options<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome {
    let mut at = at;
    while at < b.reported() {
        at = string(c, b, at, OPTION_NAME, ", ")?;
        at = string(c, b, at, OPTION_VALUE, "=")?;
    }
    Ok(())
}
