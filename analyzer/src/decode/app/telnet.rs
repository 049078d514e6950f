//! Telnet (RFC 854): text, and the negotiation of options within it.
//!
//! A command begins with 255; 251-254 are followed by an option, 250 by an option and bytes up to
//! 255 240.

use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, fmt::Out};

use super::{Talk, Verdict};

crate::protocol! { Telnet, "telnet", "Telnet";
    CMD "telnet.cmd" "Command" Kind::Uint(8, Base::Dec), command;
    SUBCMD "telnet.subcmd" "Subcommand" Kind::Uint(8, Base::Dec), option;
    DATA "telnet.data" "Data" Kind::Str;
    OPTION_DATA "telnet.option_data" "Option data" Kind::Bytes;
    NAWS_WIDTH "telnet.naws_subopt.width" "Width" Kind::Uint(16, Base::Dec);
    NAWS_HEIGHT "telnet.naws_subopt.height" "Height" Kind::Uint(16, Base::Dec);
    STRING_VALUE "telnet.string_subopt.value" "Value" Kind::Str;
    RFC_CMD "telnet.rfc_subopt.cmd" "Command" Kind::Uint(8, Base::Dec);
}

const IAC: u8 = 255;
const SB: u8 = 250;
const SE: u8 = 240;

fn command(v: u64) -> Option<&'static str> {
    Some(match v {
        236 => "End of File",
        237 => "Suspend Current Process",
        238 => "Abort Process",
        239 => "End of Record",
        240 => "Suboption End",
        241 => "No-Operation",
        242 => "Data Mark",
        243 => "Break",
        244 => "Interrupt Process",
        245 => "Abort Output",
        246 => "Are You There?",
        247 => "Erase Character",
        248 => "Erase Line",
        249 => "Go Ahead",
        250 => "Suboption",
        251 => "Will",
        252 => "Won't",
        253 => "Do",
        254 => "Don't",
        255 => "IAC",
        _ => return None,
    })
}

fn option(v: u64) -> Option<&'static str> {
    Some(match v {
        0 => "Binary Transmission",
        1 => "Echo",
        2 => "Reconnection",
        3 => "Suppress Go Ahead",
        4 => "Approx Message Size Negotiation",
        5 => "Status",
        6 => "Timing Mark",
        7 => "Remote Controlled Trans and Echo",
        18 => "Logout",
        19 => "Byte Macro",
        23 => "Send Location",
        24 => "Terminal Type",
        25 => "End of Record",
        27 => "Output Marking",
        29 => "3270 Regime",
        30 => "X.3 PAD",
        31 => "Negotiate About Window Size",
        32 => "Terminal Speed",
        33 => "Remote Flow Control",
        34 => "Linemode",
        35 => "X Display Location",
        36 => "Environment Option",
        37 => "Authentication Option",
        38 => "Encryption Option",
        39 => "New Environment Option",
        40 => "TN3270E",
        42 => "Charset",
        44 => "Com Port Control",
        46 => "Start TLS",
        _ => return None,
    })
}

/// Dissects text and commands.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, _: &mut Talk<'_>) -> Outcome<Verdict> {
    c.layer(Proto::Telnet, b.whole());
    if let Some(info) = c.summary().and_then(|s| s.take("TELNET")) {
        info.text("Telnet Data ...");
    }
    if !c.wants(Proto::Telnet) {
        return Ok(Verdict::Done);
    }
    let bytes = b.bytes();
    let mut at = 0;
    while at < bytes.len() {
        let text = bytes[at..].iter().position(|v| *v == IAC).unwrap_or(bytes.len() - at);
        if text > 0 {
            lines(c, b.from(at).truncate(text));
            at += text;
            continue;
        }
        at += negotiation(c, b.from(at))?;
    }
    Ok(Verdict::Done)
}

fn lines<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) {
    let bytes = b.bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        // A carriage return may be followed by a line feed or a null (RFC 854).
        let end = match rest.iter().position(|v| matches!(v, b'\r' | b'\n')) {
            Some(i) if rest[i] == b'\r' && matches!(rest.get(i + 1), Some(b'\n' | 0)) => i + 2,
            Some(i) => i + 1,
            None => rest.len(),
        };
        super::http::string(c, DATA, &rest[..end], b.span(at, end));
        at += end;
    }
}

/// One command; its length.
fn negotiation<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome<usize> {
    let code = b.u8(1)?;
    if code == IAC {
        // The byte 255 itself.
        return Ok(2);
    }
    c.u8(CMD, b, 1)?;
    match code {
        251..=254 => {
            c.u8(SUBCMD, b, 2)?;
            Ok(3)
        }
        SB => {
            c.u8(SUBCMD, b, 2)?;
            let rest = &b.bytes()[3..];
            let mut len = 0;
            while len < rest.len() {
                if rest[len] != IAC {
                    len += 1;
                } else if rest.get(len + 1) == Some(&IAC) {
                    len += 2;
                } else {
                    break;
                }
            }
            suboption(c, b.u8(2)?, b.from(3).truncate(len.min(rest.len())));
            let end = 3 + len;
            if b.bytes().get(end + 1) == Some(&SE) {
                c.u8(CMD, b, end + 1)?;
                return Ok(end + 2);
            }
            Ok(end.max(3))
        }
        _ => Ok(2),
    }
}

fn suboption<S: Sink>(c: &mut Ctx<'_, S>, kind: u8, b: Buf<'_>) {
    let shown = (|| match kind {
        31 if b.captured() == 4 => {
            c.u16(NAWS_WIDTH, b, 0)?;
            c.u16(NAWS_HEIGHT, b, 2).map(|_| ())
        }
        24 | 35 => {
            // 0: is, 1: send.
            if c.u8(SUBCMD, b, 0)? == 0 {
                super::http::string(c, STRING_VALUE, &b.bytes()[1..], b.from(1).whole());
            }
            Ok(())
        }
        33 if b.captured() == 1 => c.u8(RFC_CMD, b, 0).map(|_| ()),
        _ => c.bytes(OPTION_DATA, b, 0, b.captured()).map(|_| ()),
    })();
    let _: Outcome = shown;
}
