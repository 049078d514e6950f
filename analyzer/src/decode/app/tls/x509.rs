//! Certificates (RFC 5280): whose they are, who vouches for them, and how long they hold.
//!
//! Walks the DER (X.690) by its tags and lengths; what is not understood is stepped over.

use crate::decode::{Buf, Ctx, Outcome, Proto, Sink, Value};
use crate::source::frame::Timestamp;

use super::extensions::{self, Where};
use super::ja3::Ja3;
use super::read::Reader;
use super::*;

/// The list of certificates of a handshake.
pub fn certificates<S: Sink>(
    c: &mut Ctx<'_, S>,
    r: &mut Reader<'_>,
    version: u16,
    t: &mut Talk<'_>,
) -> Outcome {
    if version == 0x0304 {
        let len = r.u8(c, HS_CERTIFICATE_REQUEST_CONTEXT_LENGTH)?;
        r.bytes(c, HS_CERTIFICATE_REQUEST_CONTEXT, len)?;
    }
    let len = r.u24(c, HS_CERTIFICATES_LENGTH)?;
    if len == 0 {
        return Ok(());
    }
    r.mark(c, HS_CERTIFICATES, len);
    let mut list = r.part(len)?;
    while list.left() > 0 {
        let len = list.u24(c, HS_CERTIFICATE_LENGTH)?;
        let one = list.part(len)?;
        c.field(HS_CERTIFICATE, Value::Bytes(one.b.bytes()), one.b.whole());
        // A certificate that cannot be read does not end the list.
        let _ = certificate(c, one.b);
        if version == 0x0304 {
            extensions::list(c, &mut list, Where::Certificate, t, &mut Ja3::default())?;
        }
    }
    Ok(())
}

/// One DER element.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    /// Its tag.
    pub tag: u8,
    /// Its contents.
    pub body: Buf<'a>,
    /// Its length with tag and length.
    pub len: usize,
}

/// Reads the element at the start of `b`.
pub fn element(b: Buf<'_>) -> Outcome<Element<'_>> {
    let tag = b.u8(0)?;
    let first = usize::from(b.u8(1)?);
    let (len, head) = if first < 0x80 {
        (first, 2)
    } else {
        let n = first & 0x7F;
        if n == 0 || n > 3 {
            return Err(b.malformed(1));
        }
        let mut len = 0;
        for i in 0..n {
            len = len << 8 | usize::from(b.u8(2 + i)?);
        }
        (len, 2 + n)
    };
    if head + len > b.reported() {
        return Err(b.malformed(1));
    }
    Ok(Element { tag, body: b.from(head).truncate(len), len: head + len })
}

/// The elements of `b`, one after another.
fn each<'a>(b: Buf<'a>, mut f: impl FnMut(Element<'a>) -> Outcome) -> Outcome {
    let mut at = 0;
    while at < b.reported() {
        let e = element(b.from(at))?;
        at += e.len;
        f(e)?;
    }
    Ok(())
}

fn certificate<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    if !c.wants(Proto::Tls) {
        return Ok(());
    }
    let signed = element(element(b)?.body)?.body;
    let mut place = 0;
    each(signed, |e| {
        // The version has a tag of its own and may be left out.
        if place == 0 && e.tag == 0xA0 {
            return Ok(());
        }
        match place {
            0 => c.field(CERT_SERIAL, Value::Bytes(e.body.bytes()), e.body.whole()),
            2 => distinguished(c, CERT_ISSUER, e.body)?,
            3 => {
                let first = element(e.body)?;
                date(c, CERT_NOT_BEFORE, first);
                date(c, CERT_NOT_AFTER, element(e.body.from(first.len))?);
            }
            4 => distinguished(c, CERT_SUBJECT, e.body)?,
            _ if e.tag == 0xA3 => further(c, element(e.body)?.body)?,
            _ => {}
        }
        place += 1;
        Ok(())
    })
}

/// Checks that a name on its own is one element.
pub fn name(b: Buf<'_>) -> Outcome {
    element(b).map(|_| ())
}

/// Types of a name's parts, by the bytes of their object identifier.
fn part_name(oid: &[u8]) -> Option<&'static str> {
    Some(match oid {
        [0x55, 4, 3] => "CN",
        [0x55, 4, 4] => "SN",
        [0x55, 4, 5] => "serialNumber",
        [0x55, 4, 6] => "C",
        [0x55, 4, 7] => "L",
        [0x55, 4, 8] => "ST",
        [0x55, 4, 9] => "street",
        [0x55, 4, 10] => "O",
        [0x55, 4, 11] => "OU",
        [0x55, 4, 12] => "title",
        [0x55, 4, 15] => "businessCategory",
        [0x55, 4, 17] => "postalCode",
        [0x55, 4, 42] => "GN",
        [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 1] => "emailAddress",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 1, 25] => "DC",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 1, 1] => "UID",
        _ => return None,
    })
}

/// A distinguished name as text, in the order in which it is written.
fn distinguished<S: Sink>(c: &mut Ctx<'_, S>, id: crate::decode::FieldId, b: Buf<'_>) -> Outcome {
    if !c.sink.asks(id) {
        return Ok(());
    }
    let mut text = String::new();
    each(b, |set| {
        each(set.body, |pair| {
            let oid = element(pair.body)?;
            let value = element(pair.body.from(oid.len))?;
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(part_name(oid.body.bytes()).unwrap_or("?"));
            text.push('=');
            characters(&mut text, value);
            Ok(())
        })
    })?;
    c.field(id, Value::Str(&text), b.whole());
    Ok(())
}

/// Appends a string of any of the types that names are written in.
fn characters(text: &mut String, e: Element<'_>) {
    let bytes = e.body.bytes();
    match e.tag {
        // BMPString: two bytes a character.
        0x1E => {
            let units = bytes.chunks_exact(2).map(|c| u16::from_be_bytes([c[0], c[1]]));
            text.extend(char::decode_utf16(units).map(|c| c.unwrap_or('\u{FFFD}')));
        }
        // TeletexString is taken for Latin-1.
        0x14 => text.extend(bytes.iter().map(|b| char::from(*b))),
        _ => text.push_str(&String::from_utf8_lossy(bytes)),
    }
}

/// `UTCTime` (tag 0x17) or `GeneralizedTime`.
fn date<S: Sink>(c: &mut Ctx<'_, S>, id: crate::decode::FieldId, e: Element<'_>) {
    if let Some(time) = instant(e.tag, e.body.bytes()) {
        c.field(id, Value::Time(time), e.body.whole());
    }
}

fn instant(tag: u8, text: &[u8]) -> Option<Timestamp> {
    let two = |at: usize| {
        let d = text.get(at..at + 2)?;
        d.iter().all(u8::is_ascii_digit).then(|| i64::from(d[0] - b'0') * 10 + i64::from(d[1] - b'0'))
    };
    let (year, at) = if tag == 0x17 {
        // RFC 5280 section 4.1.2.5.1: years up to 49 are of this century.
        let y = two(0)?;
        (if y < 50 { 2000 + y } else { 1900 + y }, 2)
    } else {
        (two(0)? * 100 + two(2)?, 4)
    };
    let (month, day) = (two(at)?, two(at + 2)?);
    let (hour, minute) = (two(at + 4)?, two(at + 6)?);
    let second = two(at + 8).unwrap_or(0);
    let days = days(year, month, day)?;
    Some(Timestamp { secs: days * 86_400 + hour * 3600 + minute * 60 + second, nanos: 0 })
}

/// Days since 1970 of a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years begin in March here, so that the day that comes and goes is the last.
    let y = if month <= 2 { year - 1 } else { year };
    let m = (month + 9) % 12;
    let of_year = (153 * m + 2) / 5 + day - 1;
    Some(365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + of_year - 719_468)
}

/// Extensions: further names, and timestamps of public logs.
fn further<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    const ALTERNATIVE: &[u8] = &[0x55, 0x1D, 0x11];
    // 1.3.6.1.4.1.11129.2.4.2, RFC 6962 section 3.3.
    const TIMESTAMPS: &[u8] = &[0x2B, 6, 1, 4, 1, 0xD6, 0x79, 2, 4, 2];
    const DNS: u8 = 0x82;
    each(b, |e| {
        let oid = element(e.body)?;
        let known = [ALTERNATIVE, TIMESTAMPS].contains(&oid.body.bytes());
        if !known {
            return Ok(());
        }
        let mut value = element(e.body.from(oid.len))?;
        // A flag that says whether it is critical may stand in between.
        if value.tag == 1 {
            value = element(e.body.from(oid.len + value.len))?;
        }
        if oid.body.bytes() == TIMESTAMPS {
            return extensions::timestamps(c, &mut Reader::new(element(value.body)?.body));
        }
        each(element(value.body)?.body, |name| {
            if name.tag == DNS && c.sink.asks(CERT_DNS) {
                let text = String::from_utf8_lossy(name.body.bytes());
                c.field(CERT_DNS, Value::Str(&text), name.body.whole());
            }
            Ok(())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_both_forms() {
        // `date -ud '2017-05-25 00:00:00' +%s` and `date -ud '2050-01-01 12:30:15' +%s`.
        assert_eq!(instant(0x17, b"170525000000Z").map(|t| t.secs), Some(1_495_670_400));
        assert_eq!(instant(0x18, b"20500101123015Z").map(|t| t.secs), Some(2_524_653_015));
        assert!(instant(0x17, b"17").is_none());
    }
}
