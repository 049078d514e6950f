//! Syslog (RFC 3164, RFC 5424): priority in angle brackets, then text.
//!
//! The priority is eight times the facility plus the level. Text of RFC 5424 begins with its
//! version; that of RFC 3164 with a time like `Sep 12 19:16:12`; other text is shown as it is.

use formats::civil;

use crate::decode::{Base, Buf, Ctx, FieldId, Kind, Outcome, Proto, Sink, Value, fmt::Out};
use crate::source::frame::Timestamp;

use super::text::Text;

crate::protocol! { Syslog, "syslog", "Syslog message";
    FACILITY "syslog.facility" "Facility" Kind::Uint(8, Base::Dec), names::facility;
    LEVEL "syslog.level" "Level" Kind::Uint(8, Base::Dec), names::level;
    MSG "syslog.msg" "Message" Kind::Str;
    VERSION "syslog.version" "Syslog version" Kind::Str;
    TIMESTAMP "syslog.timestamp" "Syslog timestamp" Kind::DateTime;
    TIMESTAMP_RFC3164 "syslog.timestamp_rfc3164" "Syslog timestamp (RFC3164)" Kind::Str;
    HOSTNAME "syslog.hostname" "Syslog hostname" Kind::Str;
    APPNAME "syslog.appname" "Syslog app name" Kind::Str;
    PROCID "syslog.procid" "Syslog process id" Kind::Str;
    MSGID "syslog.msgid" "Syslog message id" Kind::Str;
}

mod names {
    use crate::decode::names::table;

    table! {
        facility {
            0 "KERN" 1 "USER" 2 "MAIL" 3 "DAEMON" 4 "AUTH" 5 "SYSLOG" 6 "LPR" 7 "NEWS" 8 "UUCP" 9 "CRON"
            10 "AUTHPRIV" 11 "FTP" 12 "NTP" 13 "LOGAUDIT" 14 "LOGALERT" 15 "CRON" 16 "LOCAL0" 17 "LOCAL1"
            18 "LOCAL2" 19 "LOCAL3" 20 "LOCAL4" 21 "LOCAL5" 22 "LOCAL6" 23 "LOCAL7"
        }
        level {
            0 "EMERG" 1 "ALERT" 2 "CRIT" 3 "ERR" 4 "WARNING" 5 "NOTICE" 6 "INFO" 7 "DEBUG"
        }
    }
}

/// Text shown in a line, or of a message that is not valid text, at most.
const SHOWN: usize = 4096;

/// Dissects a message.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Syslog, b.whole());
    if super::idle(c, Proto::Syslog) {
        return Ok(());
    }
    let (priority, at) = priority(b.bytes());
    let text = &b.bytes()[at..];
    if let Some(info) = c.summary().and_then(|s| s.take("Syslog")) {
        if let Some(p) = priority {
            info.text(names::facility((p >> 3).into()).unwrap_or("UNKNOWN"));
            info.text(".");
            info.text(names::level((p & 7).into()).unwrap_or("UNKNOWN"));
            info.text(": ");
        }
        info.text(Text::<SHOWN>::escaped(text).as_str());
    }
    if let Some(p) = priority {
        c.bits(FACILITY, p >> 3, b, 0, at);
        c.bits(LEVEL, p & 7, b, 0, at);
    }
    string(c, MSG, b, at, text.len());
    c.sink.open();
    if text.starts_with(b"1 ") {
        rfc5424(c, b, at);
    } else {
        rfc3164(c, b, at);
    }
    c.sink.close();
    if b.captured() < b.reported() {
        Err(b.get(0, b.reported()).err().unwrap_or(b.malformed(0)))
    } else {
        Ok(())
    }
}

/// The priority, and where the text behind it begins.
fn priority(text: &[u8]) -> (Option<u16>, usize) {
    let Some((b'<', rest)) = text.split_first() else { return (None, 0) };
    let digits = rest.iter().take(3).take_while(|d| d.is_ascii_digit()).count();
    let value = rest[..digits].iter().fold(0u16, |v, d| v * 10 + u16::from(d - b'0'));
    let close = usize::from(rest.get(digits) == Some(&b'>'));
    (Some(value), 1 + digits + close)
}

fn string<S: Sink>(c: &mut Ctx<'_, S>, id: FieldId, b: Buf<'_>, at: usize, len: usize) {
    if c.sink.asks(id) {
        let bytes = &b.bytes()[at..at + len];
        let bytes = bytes.split(|&x| x == 0).next().unwrap_or_default();
        match std::str::from_utf8(bytes) {
            Ok(text) => c.field(id, Value::Str(text), b.span(at, len)),
            Err(_) => c.field(id, Value::Str(Text::<SHOWN>::utf8(bytes).as_str()), b.span(at, len)),
        }
    }
}

/// Version, time, host, application, process and message id, with blanks between.
fn rfc5424<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) {
    string(c, VERSION, b, at, 1);
    let mut at = at + 2;
    for id in [TIMESTAMP, HOSTNAME, APPNAME, PROCID, MSGID] {
        let Some(len) = b.bytes()[at..].iter().position(|&x| x == b' ') else { return };
        if id == TIMESTAMP {
            if let Some(t) = time(&b.bytes()[at..at + len]) {
                c.field(id, Value::Time(t), b.span(at, len));
            }
        } else {
            string(c, id, b, at, len);
        }
        at += len + 1;
    }
}

/// Time, host and the name of the process, and what follows that.
fn rfc3164<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) {
    let text = &b.bytes()[at..];
    let marks = [(3, b' '), (6, b' '), (9, b':'), (12, b':'), (15, b' ')];
    if !marks.iter().all(|&(i, mark)| text.get(i) == Some(&mark)) {
        return;
    }
    string(c, TIMESTAMP_RFC3164, b, at, 15);
    let host = &text[16..];
    let Some(len) = host.iter().position(|&x| x == b' ') else { return };
    string(c, HOSTNAME, b, at + 16, len);
    let process = &host[len + 1..];
    let at = at + 17 + len;
    let len = process.iter().take_while(|x| x.is_ascii_alphanumeric()).count();
    string(c, PROCID, b, at, len);
    string(c, MSGID, b, at + len, process.len() - len);
}

/// `2003-10-11T22:14:15.003Z` or with an offset like `-07:00` (RFC 3339).
fn time(text: &[u8]) -> Option<Timestamp> {
    let number = |from: usize, len: usize| -> Option<i64> {
        text.get(from..from + len)?
            .iter()
            .try_fold(0i64, |v, d| d.is_ascii_digit().then(|| v * 10 + i64::from(d - b'0')))
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !marks.iter().all(|&(i, mark)| text.get(i) == Some(&mark)) {
        return None;
    }
    let (y, m, d) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    let mut rest = &text[19..];
    let mut nanos = 0u32;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let digits = fraction.iter().take_while(|d| d.is_ascii_digit()).count();
        nanos = (0..9).fold(0, |v, i| v * 10 + fraction[..digits].get(i).map_or(0, |d| u32::from(d - b'0')));
        rest = &fraction[digits..];
    }
    let offset = match rest {
        [] | [b'Z'] => 0,
        [sign @ (b'+' | b'-'), a, b, b':', e, f] if [a, b, e, f].iter().all(|d| d.is_ascii_digit()) => {
            let minutes = i64::from(a - b'0') * 600
                + i64::from(b - b'0') * 60
                + i64::from(e - b'0') * 10
                + i64::from(f - b'0');
            if *sign == b'+' { minutes * 60 } else { -minutes * 60 }
        }
        _ => return None,
    };
    if !(1..=12).contains(&m) || !(1..=31).contains(&d) {
        return None;
    }
    let days = civil::days(y as i32, m as u32, d as u32);
    Some(Timestamp { secs: days * 86_400 + hour * 3600 + minute * 60 + second - offset, nanos })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_rfc_5424() {
        // Section 6.2.3.1; seconds by `date -u -d ... +%s`.
        let t = |s: &str| time(s.as_bytes()).map(|t| (t.secs, t.nanos));
        assert_eq!(t("1985-04-12T23:20:50.52Z"), Some((482_196_050, 520_000_000)));
        assert_eq!(t("1985-04-12T19:20:50.52-04:00"), Some((482_196_050, 520_000_000)));
        assert_eq!(t("2003-08-24T05:14:15.000003-07:00"), Some((1_061_727_255, 3_000)));
        assert_eq!(t("-"), None);
    }

    #[test]
    fn priorities() {
        assert_eq!(priority(b"<165>1 x"), (Some(165), 5));
        assert_eq!(priority(b"<0>x"), (Some(0), 3));
        assert_eq!(priority(b"x"), (None, 0));
    }
}
