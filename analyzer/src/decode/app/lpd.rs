//! LPR, the line printer protocol (RFC 1179): one byte says what is asked for, then the printer's
//! name and options up to a line feed; the answer is one byte.

use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, Span, Value, fmt::Out};

use super::http::string;
use super::{Talk, Verdict};

crate::protocol! { Lpd, "lpd", "Line Printer Daemon Protocol";
    RESPONSE "lpd.response" "Response" Kind::Bool;
    REQUEST "lpd.request" "Request" Kind::Bool;
    CLIENT_CODE "lpd.client_code" "Client code" Kind::Uint(8, Base::Dec), client;
    PRINTER "lpd.printer_option" "Printer/options" Kind::Str;
    RESPONSE_CODE "lpd.response_code" "Response" Kind::Uint(8, Base::Dec), answer;
}

fn client(v: u64) -> Option<&'static str> {
    Some(match v {
        1 => "LPC: start print / jobcmd: abort",
        2 => "LPR: transfer a printer job / jobcmd: receive control file",
        3 => "LPQ: print short form of queue status / jobcmd: receive data file",
        4 => "LPQ: print long form of queue status",
        5 => "LPRM: remove jobs",
        6 => "LPRng lpc: do control operation",
        7 => "LPRng lpr: transfer a block format print job",
        8 => "LPRng lpc: secure command transfer",
        9 => "LPRng lpq: verbose status information",
        _ => return None,
    })
}

fn answer(v: u64) -> Option<&'static str> {
    Some(match v {
        0 => "Success: accepted, proceed",
        1 => "Queue not accepting jobs",
        2 => "Queue temporarily full, retry later",
        3 => "Bad job format, do not retry",
        _ => return None,
    })
}

/// Dissects a command, a part of a file, or an answer.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>) -> Outcome<Verdict> {
    let request = super::tcp_port(t.ports[1]) == Some(super::App::Lpd);
    let code = b.u8(0)?;
    let end = b.bytes().iter().position(|v| *v == b'\n');
    // A command has a line end and nothing behind it, or is short.
    let known =
        if request { client(code.into()).is_some() && end.is_some() } else { b.reported() == 1 && code <= 3 };
    c.layer(Proto::Lpd, b.whole());
    if let Some(info) = c.summary().and_then(|s| s.take("LPD")) {
        info.text(match (known, request) {
            (false, _) => "LPD continuation",
            (true, true) => client(code.into()).unwrap_or_default(),
            (true, false) => "LPD response",
        });
    }
    c.field(if request { REQUEST } else { RESPONSE }, Value::Uint(1), Span::NONE);
    if request && known {
        c.u8(CLIENT_CODE, b, 0)?;
        let end = end.unwrap_or(b.captured());
        string(c, PRINTER, &b.bytes()[1..end.max(1)], b.span(1, end.max(1) - 1));
    } else if known {
        c.u8(RESPONSE_CODE, b, 0)?;
    } else {
        crate::decode::data::dissect(c, b);
    }
    Ok(Verdict::Done)
}
