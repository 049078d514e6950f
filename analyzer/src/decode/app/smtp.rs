//! SMTP (RFC 5321): commands, replies, and the message in between.

use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, Span, Value, fmt::Out};

use super::http::{line, line_or_rest, number, string, text};
use super::{App, Need, Talk, Verdict};

crate::protocol! { Smtp, "smtp", "Simple Mail Transfer Protocol";
    REQ "smtp.req" "Request" Kind::Bool;
    RSP "smtp.rsp" "Response" Kind::Bool;
    MESSAGE "smtp.message" "Message" Kind::Str;
    COMMAND_LINE "smtp.command_line" "Command Line" Kind::Str;
    COMMAND "smtp.req.command" "Command" Kind::Str;
    PARAMETER "smtp.req.parameter" "Request parameter" Kind::Str;
    RESPONSE "smtp.response" "Response" Kind::Str;
    CODE "smtp.response.code" "Response code" Kind::Uint(32, Base::Dec), reply;
    RSP_PARAMETER "smtp.rsp.parameter" "Response parameter" Kind::Str;
    USERNAME "smtp.auth.username" "Username" Kind::Str;
    PASSWORD "smtp.auth.password" "Password" Kind::Str;
    USERNAME_PASSWORD "smtp.auth.username_password" "Username/Password" Kind::Str;
    EOM "smtp.eom" "EOM" Kind::None;
}

/// The message format that is transferred counts as a protocol of its own.
pub mod imf {
    crate::protocol! { Imf, "imf", "Internet Message Format"; }
}

/// What the client's next line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Next {
    /// A command.
    #[default]
    Command,
    /// The message, up to a line with a full stop, unless the server refuses it.
    Message,
    /// So many bytes of the message.
    Chunk(u64),
    /// Name and password, in one line.
    Both,
    /// The name.
    Username,
    /// The password.
    Password,
}

/// What is remembered of a connection.
#[derive(Debug, Clone, Copy, Default)]
pub struct State {
    /// What the client's next line is.
    pub next: Next,
    /// The client asked to go over to TLS.
    pub tls: bool,
}

fn reply(v: u64) -> Option<&'static str> {
    Some(match v {
        211 => "System status, or system help reply",
        214 => "Help message",
        220 => "<domain> Service ready",
        221 => "<domain> Service closing transmission channel",
        235 => "Authentication successful",
        250 => "Requested mail action okay, completed",
        251 => "User not local; will forward to <forward-path>",
        252 => "Cannot VRFY user, but will accept message and attempt delivery",
        334 => "AUTH input",
        354 => "Start mail input; end with <CRLF>.<CRLF>",
        421 => "<domain> Service not available, closing transmission channel",
        450 => "Requested mail action not taken: mailbox unavailable",
        451 => "Requested action aborted: local error in processing",
        452 => "Requested action not taken: insufficient system storage",
        500 => "Syntax error, command unrecognized",
        501 => "Syntax error in parameters or arguments",
        502 => "Command not implemented",
        503 => "Bad sequence of commands",
        504 => "Command parameter not implemented",
        530 => "Authentication required",
        535 => "Authentication credentials invalid",
        550 => "Requested action not taken: mailbox unavailable",
        551 => "User not local; please try <forward-path>",
        552 => "Requested mail action aborted: exceeded storage allocation",
        553 => "Requested action not taken: mailbox name not allowed",
        554 => "Transaction failed",
        _ => return None,
    })
}

/// Dissects what one side says.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>) -> Outcome<Verdict> {
    let of_server = |p: u16| super::tcp_port(p) == Some(App::Smtp);
    let request = of_server(t.ports[1]) || (!of_server(t.ports[0]) && t.ports[1] < t.ports[0]);
    if request { client(c, b, t) } else { server(c, b, t) }
}

fn client<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>) -> Outcome<Verdict> {
    let bytes = b.bytes();
    if matches!(t.smtp().next, Next::Message | Next::Chunk(_)) {
        c.layer(Proto::Smtp, b.whole());
        return message(c, b, t);
    }
    if t.may_wait && line(bytes).is_none() {
        return Ok(Verdict::More { at: 0, need: Need::Segment });
    }
    c.layer(Proto::Smtp, b.whole());
    if let Some(info) = c.summary().and_then(|s| s.take("SMTP")) {
        info.text("C: ");
    }
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if t.may_wait && line(rest).is_none() {
            return Ok(Verdict::More { at, need: Need::Segment });
        }
        let (text_line, len) = line_or_rest(rest);
        if let Some(line) = c.summary() {
            if at > 0 {
                line.info.text(" | ");
            }
            text(&mut line.info, text_line);
        }
        let span = b.span(at, len);
        at += len;
        c.field(REQ, Value::Uint(1), Span::NONE);
        command(c, text_line, &rest[..len], span, t);
        if matches!(t.smtp().next, Next::Chunk(_) | Next::Message) && at < bytes.len() {
            message(c, b.from(at), t)?;
            break;
        }
    }
    Ok(Verdict::Done)
}

fn command<S: Sink>(c: &mut Ctx<'_, S>, text: &[u8], whole: &[u8], span: Span, t: &mut Talk<'_>) {
    let secret = match t.smtp().next {
        Next::Both => Some((USERNAME_PASSWORD, Next::Command)),
        Next::Username => Some((USERNAME, Next::Password)),
        Next::Password => Some((PASSWORD, Next::Command)),
        _ => None,
    };
    if let Some((id, then)) = secret {
        string(c, id, text, span);
        t.smtp().next = then;
        return;
    }
    string(c, COMMAND_LINE, whole, span);
    let cut = text.iter().position(|v| *v == b' ').unwrap_or(text.len());
    let (verb, argument) = (&text[..cut], text.get(cut + 1..).unwrap_or_default());
    string(c, COMMAND, verb, span);
    if !argument.is_empty() {
        string(c, PARAMETER, argument, span);
    }
    let s = t.smtp();
    let starts = |p: &[u8]| argument.get(..p.len()).is_some_and(|a| a.eq_ignore_ascii_case(p));
    match &verb.to_ascii_uppercase()[..] {
        b"DATA" => s.next = Next::Message,
        b"BDAT" => s.next = Next::Chunk(number(argument)),
        b"STARTTLS" => s.tls = true,
        b"AUTH" if starts(b"LOGIN") => {
            s.next = if argument.len() > 6 { Next::Password } else { Next::Username };
        }
        b"AUTH" if starts(b"PLAIN") && argument.len() <= 6 => s.next = Next::Both,
        _ => {}
    }
    if s.next == Next::Chunk(0) {
        s.next = Next::Command;
    }
}

/// A part of the message.
fn message<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>) -> Outcome<Verdict> {
    const END: &[u8] = b".\r\n";
    let bytes = b.bytes();
    let s = t.smtp();
    let (len, done) = match s.next {
        Next::Chunk(n) => {
            let len = bytes.len().min(usize::try_from(n).unwrap_or(usize::MAX));
            s.next = if n <= len as u64 { Next::Command } else { Next::Chunk(n - len as u64) };
            (len, false)
        }
        _ => {
            let done = bytes == END || bytes.ends_with(b"\r\n.\r\n");
            if done {
                s.next = Next::Command;
            }
            (if done { bytes.len() - END.len() } else { bytes.len() }, done)
        }
    };
    if let Some(info) = c.summary().and_then(|s| s.take("SMTP")) {
        info.text("C: DATA fragment, ");
        info.dec(len as u64);
        info.text(" bytes");
    }
    if done {
        c.field(EOM, Value::None, b.span(len, END.len()));
        c.layer(Proto::Imf, b.span(0, len));
    } else {
        c.layer(Proto::DataTextLines, b.span(0, len));
    }
    Ok(Verdict::Done)
}

fn server<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, t: &mut Talk<'_>) -> Outcome<Verdict> {
    let bytes = b.bytes();
    if t.may_wait && line(bytes).is_none() {
        return Ok(Verdict::More { at: 0, need: Need::Segment });
    }
    c.layer(Proto::Smtp, b.whole());
    if let Some(info) = c.summary().and_then(|s| s.take("SMTP")) {
        info.text("S: ");
    }
    c.field(RSP, Value::Uint(1), Span::NONE);
    let mut at = 0;
    let mut continued = false;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if t.may_wait && line(rest).is_none() {
            return Ok(Verdict::More { at, need: Need::Segment });
        }
        let (text_line, len) = line_or_rest(rest);
        let span = b.span(at, len);
        let coded = text_line.len() >= 3 && text_line[..3].iter().all(u8::is_ascii_digit);
        let words = if coded { text_line.get(4..).unwrap_or_default() } else { text_line };
        if let Some(line) = c.summary() {
            if at > 0 {
                line.info.text(" | ");
            }
            text(&mut line.info, if continued { words } else { text_line });
        }
        if !continued {
            string(c, RESPONSE, &rest[..len], span);
            if coded {
                let code = number(&text_line[..3]);
                c.field(CODE, Value::Uint(code), span);
                replied(t, code);
            }
        }
        if coded && !words.is_empty() {
            string(c, RSP_PARAMETER, words, span);
        }
        continued = coded && text_line.get(3) == Some(&b'-');
        at += len;
    }
    Ok(Verdict::Done)
}

/// What a reply means for what comes next.
fn replied(t: &mut Talk<'_>, code: u64) {
    let s = t.smtp();
    match code {
        354 => s.next = Next::Message,
        400.. if s.next == Next::Message => s.next = Next::Command,
        _ => {}
    }
    if matches!(s.next, Next::Username | Next::Password | Next::Both) && code != 334 {
        s.next = Next::Command;
    }
    if s.tls && code == 220 {
        t.becomes = Some(App::Tls);
        let inside = Some("Simple Mail Transfer Protocol");
        *t.state = super::State::Tls(super::tls::State { inside, ..Default::default() });
    }
}
