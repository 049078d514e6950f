//! Values as text: as `tshark -T fields` prints them, as a person reads them in the tree, as JSON.

use formats::civil;

use super::field::{Base, FieldDef, Kind};
use super::fmt::Out;
use super::value::{NO_TIME, Value};
use super::zone;
use crate::source::frame::Timestamp;

/// Hexadecimal digits of an integer of so many bits.
const fn digits(bits: u8) -> usize {
    (bits as usize).div_ceil(8) * 2
}

/// Appends a value as `tshark -T fields` does.
#[inline]
pub fn field(out: &mut Vec<u8>, kind: Kind, v: Value<'_>) {
    match v {
        Value::None => out.push(b'1'),
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
        Value::Time(t) if kind == Kind::LocalTime => local_date(out, t),
        Value::Time(t) if kind == Kind::DateTime => date(out, t),
        Value::Time(t) => out.epoch(t),
        Value::Duration(d) => out.seconds(d.into()),
    }
}

/// Tabs and line ends would break the line they stand in.
fn escaped(out: &mut Vec<u8>, s: &str) {
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
            _ => out.push(b),
        }
    }
}

/// Appends a value as the tree shows it: with the text of its code.
#[inline]
pub fn tree(out: &mut Vec<u8>, def: &FieldDef, v: Value<'_>) {
    match (v, def.kind) {
        (Value::None, _) => return,
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
        out.push(b')');
    }
}

/// Appends a value as JSON: numbers as numbers, flags as booleans, the rest as strings.
#[inline]
pub fn json(out: &mut Vec<u8>, kind: Kind, v: Value<'_>) {
    match (v, kind) {
        (Value::None, _) => out.text("true"),
        (Value::Uint(n), Kind::Bool) => out.text(if n == 0 { "false" } else { "true" }),
        (Value::Uint(n), _) => out.dec(n),
        (Value::Int(n), _) => out.int(n),
        (Value::Bytes([]), _) => out.text("\"\""),
        (Value::Str(s), _) => json_string(out, s),
        (Value::Time(NO_TIME), _) => out.text("null"),
        (Value::Time(t), _) => out.epoch(t),
        (Value::Duration(d), _) => out.seconds(d.into()),
        _ => {
            out.push(b'"');
            field(out, kind, v);
            out.push(b'"');
        }
    }
}

/// Appends a JSON string with its quotes.
pub fn json_string(out: &mut Vec<u8>, s: &str) {
    out.push(b'"');
    let plain = |b: &u8| *b >= b' ' && *b != b'"' && *b != b'\\';
    if s.as_bytes().iter().all(plain) {
        out.text(s);
        out.push(b'"');
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
            _ => out.push(b),
        }
    }
    out.push(b'"');
}

/// Appends a point in time as a date, in UTC, the way Wireshark spells it.
pub fn date(out: &mut Vec<u8>, t: Timestamp) {
    day_and_clock(out, t);
    out.text(" UTC");
}

/// Appends a point in time as a date of the machine's own zone, the way Wireshark spells it.
pub fn local_date(out: &mut Vec<u8>, t: Timestamp) {
    let zone = zone::at(t.secs);
    day_and_clock(out, Timestamp { secs: t.secs + i64::from(zone.offset), ..t });
    out.push(b' ');
    out.text(&zone.name);
}

fn day_and_clock(out: &mut Vec<u8>, t: Timestamp) {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (y, m, d) = civil::date(t.secs.div_euclid(86_400));
    out.text(MONTHS[m as usize - 1]);
    out.push(b' ');
    if d < 10 {
        out.push(b' ');
    }
    out.dec(d.into());
    out.text(", ");
    out.int(y);
    out.push(b' ');
    clock(out, t);
}

/// Appends a point in time as ISO 8601, in UTC.
pub fn iso(out: &mut Vec<u8>, t: Timestamp) {
    let (y, m, d) = civil::date(t.secs.div_euclid(86_400));
    if (0..=9999).contains(&y) {
        two(out, (y / 100) as u64);
        two(out, (y % 100) as u64);
    } else {
        out.int(y);
    }
    out.push(b'-');
    two(out, m.into());
    out.push(b'-');
    two(out, d.into());
    out.push(b'T');
    clock(out, t);
    out.push(b'Z');
}

fn two(out: &mut Vec<u8>, v: u64) {
    out.extend_from_slice(&[b'0' + (v / 10 % 10) as u8, b'0' + (v % 10) as u8]);
}

fn clock(out: &mut Vec<u8>, t: Timestamp) {
    let day = t.secs.rem_euclid(86_400) as u64;
    two(out, day / 3600);
    out.push(b':');
    two(out, day / 60 % 60);
    out.push(b':');
    two(out, day % 60);
    out.push(b'.');
    let mut div = 100_000_000;
    while div > 0 {
        out.push(b'0' + (t.nanos / div % 10) as u8);
        div /= 10;
    }
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
        assert_eq!(shown(|o| date(o, t)), "Feb 21, 2016 08:22:01.641303000 UTC");
        assert_eq!(shown(|o| iso(o, t)), "2016-02-21T08:22:01.641303000Z");
    }

    #[test]
    fn json_escapes() {
        assert_eq!(shown(|o| json_string(o, "a\"b\\\n\u{1}é")), "\"a\\\"b\\\\\\n\\u0001é\"");
    }
}
