//! Values as text: as `tshark -T fields` prints them, as a person reads them in the tree, as JSON.

use formats::civil;

use super::field::{Base, FieldDef, Kind};
use super::fmt::Out;
use super::memo::Form;
use super::value::{NO_TIME, Value};
use super::zone;
use crate::source::frame::Timestamp;

/// Hexadecimal digits of an integer of so many bits.
const fn digits(bits: u8) -> usize {
    (bits as usize).div_ceil(8) * 2
}

/// Appends a value as `tshark -T fields` does.
#[inline]
pub fn field(out: &mut impl Out, kind: Kind, v: Value<'_>) {
    match v {
        Value::None => out.byte(b'1'),
        Value::Uint(n) => match kind {
            Kind::Uint(bits, Base::Hex) => out.hex0x(n, digits(bits)),
            _ => out.dec(n),
        },
        Value::Int(n) => out.int(n),
        Value::Ipv4(a) => out.ipv4(a),
        Value::Ipv6(a) => out.ipv6(a),
        Value::Ether(m) => out.ether(m),
        Value::Bytes([]) => out.text("<MISSING>"),
        Value::Bytes(b) => out.bytes(b),
        Value::Str(s) => escaped(out, s),
        Value::Time(NO_TIME) => out.text("NULL"),
        Value::Time(t) => time(out, kind, t),
        Value::Duration(d) => out.duration(d),
    }
}

/// Tabs and line ends would break the line they stand in.
fn escaped(out: &mut impl Out, s: &str) {
    if memchr::memchr3(b'\n', b'\r', b'\t', s.as_bytes()).is_none() {
        return out.text(s);
    }
    for b in s.bytes() {
        match b {
            b'\n' => out.text("\\n"),
            b'\r' => out.text("\\r"),
            b'\t' => out.text("\\t"),
            8 => out.text("\\b"),
            12 => out.text("\\f"),
            _ => out.byte(b),
        }
    }
}

/// How the tree shows a number of this field.
#[must_use]
pub fn form(def: &FieldDef) -> Form {
    match def.kind {
        Kind::Uint(bits, Base::Hex) if def.names.is_none() => Form::Hex(digits(bits) as u8),
        Kind::Uint(..) | Kind::FrameNum if def.names.is_none() => Form::Dec,
        _ => Form::Other,
    }
}

/// Appends a value as the tree shows it: with the text of its code.
#[inline]
pub fn tree(out: &mut impl Out, def: &FieldDef, v: Value<'_>) {
    match (v, def.kind) {
        (Value::None, _) | (_, Kind::None) => return,
        (Value::Uint(n), Kind::Bool) => out.text(if n == 0 { "Not set" } else { "Set" }),
        (Value::Bytes(b), _) => {
            const SHOWN: usize = 32;
            out.bytes(&b[..b.len().min(SHOWN)]);
            if b.len() > SHOWN {
                out.text("\u{2026} (");
                out.dec(b.len() as u64);
                out.text(" bytes)");
            }
        }
        _ => field(out, def.kind, v),
    }
    if let (Value::Uint(n), Some(names)) = (v, def.names)
        && let Some(name) = names(n)
    {
        out.text(" (");
        out.text(name);
        out.byte(b')');
    }
}

/// Appends a value as JSON: numbers as numbers, flags as booleans, the rest as strings.
#[inline]
pub fn json(out: &mut impl Out, kind: Kind, v: Value<'_>) {
    match (v, kind) {
        (Value::None, _) => out.text("true"),
        (Value::Uint(n), Kind::Bool) => out.text(if n == 0 { "false" } else { "true" }),
        (Value::Uint(n), _) => out.dec(n),
        (Value::Int(n), _) => out.int(n),
        (Value::Bytes([]), _) => out.text("\"\""),
        (Value::Str(s), _) => json_string(out, s),
        (Value::Time(NO_TIME), _) => out.text("null"),
        (Value::Time(t), _) => out.epoch(t),
        (Value::Duration(d), _) => out.duration(d),
        _ => {
            out.byte(b'"');
            field(out, kind, v);
            out.byte(b'"');
        }
    }
}

/// Appends a JSON string with its quotes.
pub fn json_string(out: &mut impl Out, s: &str) {
    out.byte(b'"');
    let plain = |b: &u8| *b >= b' ' && *b != b'"' && *b != b'\\';
    if s.as_bytes().iter().all(plain) {
        out.text(s);
        out.byte(b'"');
        return;
    }
    for b in s.bytes() {
        match b {
            b'"' => out.text("\\\""),
            b'\\' => out.text("\\\\"),
            b'\n' => out.text("\\n"),
            b'\r' => out.text("\\r"),
            b'\t' => out.text("\\t"),
            0..=0x1F => {
                out.text("\\u");
                out.hex(b.into(), 4);
            }
            _ => out.byte(b),
        }
    }
    out.byte(b'"');
}

/// Appends a point in time as a field of this kind shows it.
pub fn time(out: &mut impl Out, kind: Kind, t: Timestamp) {
    if t.secs < 0 && !matches!(kind, Kind::LocalTime | Kind::DateTime) {
        return out.epoch(t);
    }
    second(out, kind, t.secs);
    fraction(out, kind, t);
}

/// The part of [`time`] that stands in front of the point: the same for a whole second.
pub fn second(out: &mut impl Out, kind: Kind, secs: i64) {
    match kind {
        Kind::LocalTime => zone::with(secs, |zone| date_to_second(out, secs + i64::from(zone.offset))),
        Kind::DateTime => date_to_second(out, secs),
        _ => out.dec(secs as u64),
    }
}

/// The rest of [`time`].
pub fn fraction(out: &mut impl Out, kind: Kind, t: Timestamp) {
    out.fraction(t.nanos);
    match kind {
        Kind::LocalTime => zone::with(t.secs, |zone| {
            out.byte(b' ');
            out.text(&zone.name);
        }),
        Kind::DateTime => out.text(" UTC"),
        _ => {}
    }
}

/// Day and time of day, the way Wireshark spells them.
fn date_to_second(out: &mut impl Out, secs: i64) {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (y, m, d) = civil::date(secs.div_euclid(86_400));
    out.text(MONTHS[m as usize - 1]);
    out.byte(b' ');
    if d < 10 {
        out.byte(b' ');
    }
    out.dec(d.into());
    out.text(", ");
    out.int(y);
    out.byte(b' ');
    clock(out, secs);
}

/// Appends a point in time as ISO 8601, in UTC.
pub fn iso(out: &mut impl Out, t: Timestamp) {
    let (y, m, d) = civil::date(t.secs.div_euclid(86_400));
    if (0..=9999).contains(&y) {
        two(out, (y / 100) as u64);
        two(out, (y % 100) as u64);
    } else {
        out.int(y);
    }
    out.byte(b'-');
    two(out, m.into());
    out.byte(b'-');
    two(out, d.into());
    out.byte(b'T');
    clock(out, t.secs);
    out.fraction(t.nanos);
    out.byte(b'Z');
}

fn two(out: &mut impl Out, v: u64) {
    out.put(&[b'0' + (v / 10 % 10) as u8, b'0' + (v % 10) as u8], 2);
}

fn clock(out: &mut impl Out, secs: i64) {
    let day = secs.rem_euclid(86_400) as u64;
    two(out, day / 3600);
    out.byte(b':');
    two(out, day / 60 % 60);
    out.byte(b':');
    two(out, day % 60);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(f: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut v = Vec::new();
        f(&mut v);
        String::from_utf8(v).unwrap()
    }

    #[test]
    fn dates() {
        // `date -u -d @1456042921` prints Sun Feb 21 08:22:01 UTC 2016.
        let t = Timestamp { secs: 1_456_042_921, nanos: 641_303_000 };
        assert_eq!(shown(|o| time(o, Kind::DateTime, t)), "Feb 21, 2016 08:22:01.641303000 UTC");
        assert_eq!(shown(|o| iso(o, t)), "2016-02-21T08:22:01.641303000Z");
    }

    #[test]
    fn json_escapes() {
        assert_eq!(shown(|o| json_string(o, "a\"b\\\n\u{1}é")), "\"a\\\"b\\\\\\n\\u0001é\"");
    }
}
