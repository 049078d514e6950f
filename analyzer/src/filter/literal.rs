//! Constants: from what a filter writes to values of the type they are compared with.
//!
//! Wireshark's rules (4.0): a bare word is read as the type of the other side demands, a quoted
//! string is text for text and byte fields and the name of a code for integers that have names,
//! and nothing else. A hexadecimal number of one byte is also a byte string.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::program::Const;
use super::time;
use crate::decode::{FieldDef, Kind};

/// The types that values have in a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Present or not.
    Nothing,
    Protocol,
    Bool,
    /// Unsigned integer of so many bytes.
    Uint(u8),
    /// Signed integer of so many bytes.
    Int(u8),
    Ipv4,
    Ipv6,
    Ether,
    Bytes,
    Text,
    Time,
    Span,
}

impl Type {
    /// The type of a field of this kind.
    pub const fn of(kind: Kind) -> Self {
        const fn bytes(bits: u8) -> u8 {
            match bits {
                0..=8 => 1,
                9..=16 => 2,
                17..=24 => 3,
                25..=32 => 4,
                _ => 8,
            }
        }
        match kind {
            Kind::Protocol => Self::Protocol,
            Kind::None => Self::Nothing,
            Kind::Bool => Self::Bool,
            Kind::Uint(bits, _) => Self::Uint(bytes(bits)),
            Kind::Int(bits) => Self::Int(bytes(bits)),
            Kind::FrameNum => Self::Uint(4),
            Kind::Ipv4 => Self::Ipv4,
            Kind::Ipv6 => Self::Ipv6,
            Kind::Ether => Self::Ether,
            Kind::Bytes => Self::Bytes,
            Kind::Str => Self::Text,
            Kind::AbsTime | Kind::DateTime | Kind::LocalTime => Self::Time,
            Kind::RelTime => Self::Span,
        }
    }

    /// As sentences call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "a label without a value",
            Self::Protocol => "a protocol",
            Self::Bool => "a flag",
            Self::Uint(_) => "an unsigned integer",
            Self::Int(_) => "a signed integer",
            Self::Ipv4 => "an IPv4 address",
            Self::Ipv6 => "an IPv6 address",
            Self::Ether => "a MAC address",
            Self::Bytes => "a byte string",
            Self::Text => "a text",
            Self::Time => "a point in time",
            Self::Span => "a span of time",
        }
    }

    /// Integers and flags.
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Bool | Self::Uint(_) | Self::Int(_))
    }

    /// Bytes that an integer has; 0 when that does not count.
    pub const fn width(self) -> u8 {
        match self {
            Self::Uint(n) | Self::Int(n) => n,
            _ => 0,
        }
    }

    /// What can be cut into bytes.
    pub const fn can_slice(self) -> bool {
        matches!(self, Self::Protocol | Self::Ipv4 | Self::Ipv6 | Self::Ether | Self::Bytes | Self::Text)
    }

    /// What can be searched.
    pub const fn can_search(self) -> bool {
        matches!(self, Self::Protocol | Self::Ether | Self::Bytes | Self::Text)
    }

    /// True when values of both types can be compared.
    pub fn fits(self, other: Self) -> bool {
        let bytes = |t| matches!(t, Self::Ether | Self::Bytes);
        self == other && self != Self::Nothing
            || self.is_number() && other.is_number()
            || bytes(self) && bytes(other)
    }
}

/// What a constant is to become.
#[derive(Debug, Clone)]
pub struct Want {
    /// The type of the other side.
    pub of: Type,
    /// What the other side is called.
    pub name: String,
    /// The field on the other side when it is one, for the names of its codes.
    pub field: Option<&'static FieldDef>,
    /// True when a part of an address will do, as for a search.
    pub part: bool,
    /// True when an integer may be larger than the type, as in arithmetic.
    pub wide: bool,
}

/// Why not, and what may have been meant.
pub type Failure = (String, Vec<&'static str>);

type Made = Result<Const, Failure>;

fn failed<T>(why: String) -> Result<T, Failure> {
    Err((why, Vec::new()))
}

/// Codes by their text in small letters, looked up once for each field.
#[derive(Debug, Default)]
pub struct Codes {
    fields: HashMap<&'static str, HashMap<String, u64>>,
}

impl Codes {
    fn of(&mut self, def: &'static FieldDef) -> &HashMap<String, u64> {
        self.fields.entry(def.name).or_insert_with(|| {
            let mut codes = HashMap::new();
            let mut add = |v: u64| {
                if let Some(text) = def.names.and_then(|names| names(v)) {
                    codes.entry(text.to_ascii_lowercase()).or_insert(v);
                }
            };
            let bits = match def.kind {
                Kind::Bool => 1,
                Kind::Uint(bits, _) | Kind::Int(bits) => bits,
                _ => 0,
            };
            (0..1u64 << bits.min(16)).for_each(&mut add);
            if bits > 16 {
                // Sense codes and their like have their kind in the upper half.
                (1..=0xFFFFu64).for_each(|v| add(v << 16));
            }
            if def.kind == Kind::Bool {
                for (text, v) in [("true", 1), ("false", 0), ("set", 1), ("not set", 0)] {
                    codes.entry(text.to_owned()).or_insert(v);
                }
            }
            codes
        })
    }

    fn find(&mut self, text: &str, want: &Want) -> Option<Made> {
        let def = want.field?;
        if !want.of.is_number() || (def.names.is_none() && def.kind != Kind::Bool) {
            return None;
        }
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        if let Some(v) = self.of(def).get(&lower) {
            return Some(Ok(Const::Num((*v).into())));
        }
        let mut near: Vec<&'static str> = Vec::new();
        if let Some(names) = def.names.filter(|_| !lower.is_empty()) {
            let mut values: Vec<u64> =
                self.of(def).iter().filter(|(t, _)| t.contains(&lower)).map(|(_, v)| *v).collect();
            values.sort_unstable();
            near.extend(values.into_iter().take(5).filter_map(names));
        }
        Some(Err((format!("\"{text}\" is not one of the values of {}.", want.name), near)))
    }

    /// A bare word.
    pub fn word(&mut self, text: &str, want: &Want) -> Made {
        match want.of {
            Type::Nothing => failed(format!("{} is a label and has no value.", want.name)),
            Type::Protocol | Type::Bytes => match hex(text) {
                Some(b) => Ok(Const::Bytes(b.into())),
                None => failed(format!("\"{text}\" is not a byte string, such as 0a:1b or \"text\".")),
            },
            Type::Ether => ether(text, want.part),
            Type::Text => Ok(Const::Text(text.as_bytes().into())),
            Type::Ipv4 => ipv4(text),
            Type::Ipv6 => ipv6(text),
            Type::Time => match time::absolute(text) {
                Some(t) => Ok(Const::Time(t)),
                None => not_a_time(text),
            },
            Type::Span => match time::relative(text) {
                Some(t) => Ok(Const::Span(t)),
                None => failed(format!("\"{text}\" is not a number of seconds, such as 1.5.")),
            },
            Type::Bool => match integer(text) {
                Some(n) => Ok(Const::Num(i128::from(n != Some(0)))),
                None => self
                    .find(text, want)
                    .unwrap_or_else(|| failed(format!("\"{text}\" is neither true nor false."))),
            },
            Type::Uint(bytes) | Type::Int(bytes) => match integer(text) {
                Some(n) => {
                    let bytes = if want.wide { bytes.max(4) } else { bytes };
                    let signed = matches!(want.of, Type::Int(_)) && !want.wide;
                    let max = u64::MAX >> (64 - 8 * u32::from(bytes) + u32::from(signed));
                    match n.filter(|n| *n <= max) {
                        Some(n) => Ok(Const::Num(n.into())),
                        None => failed(format!(
                            "\"{text}\" is too large for {}, whose largest value is {max}.",
                            want.name
                        )),
                    }
                }
                None => {
                    self.find(text, want).unwrap_or_else(|| failed(format!("\"{text}\" is not an integer.")))
                }
            },
        }
    }

    /// A quoted string.
    pub fn text(&mut self, bytes: &[u8], want: &Want) -> Made {
        let text = String::from_utf8_lossy(bytes);
        match want.of {
            Type::Protocol | Type::Bytes => Ok(Const::Bytes(bytes.into())),
            Type::Text => Ok(Const::Text(bytes.into())),
            Type::Time => match time::absolute(&text) {
                Some(t) => Ok(Const::Time(t)),
                None => not_a_time(&text),
            },
            Type::Bool | Type::Uint(_) | Type::Int(_) => self.find(&text, want).unwrap_or_else(|| {
                failed(format!(
                    "{} is {}, whose values are written without quotes.",
                    want.name,
                    want.of.name()
                ))
            }),
            Type::Nothing => failed(format!("{} is a label and has no value.", want.name)),
            Type::Ipv4 | Type::Ipv6 | Type::Ether | Type::Span => failed(format!(
                "{} is {}, whose values are written without quotes.",
                want.name,
                want.of.name()
            )),
        }
    }
}

/// A quoted character.
pub fn character(c: u32, want: &Want) -> Made {
    let byte = || u8::try_from(c).map(|b| Box::from([b]));
    match want.of {
        Type::Bool => Ok(Const::Num(i128::from(c != 0))),
        Type::Uint(_) | Type::Int(_) => Ok(Const::Num(c.into())),
        Type::Protocol | Type::Bytes => match byte() {
            Ok(b) => Ok(Const::Bytes(b)),
            Err(_) => failed("This character is not a single byte.".to_owned()),
        },
        Type::Text => {
            let c = char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER);
            Ok(Const::Text(c.to_string().into_bytes().into()))
        }
        t => failed(format!("{} is {} and is not compared with a character.", want.name, t.name())),
    }
}

fn not_a_time<T>(text: &str) -> Result<T, Failure> {
    failed(format!("\"{text}\" is not a point in time, such as \"2020-07-04 12:34:56\"."))
}

/// `None` for what is no integer, `Some(None)` for one that is too large for any type.
fn integer(text: &str) -> Option<Option<u64>> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', b'b' | b'B', ..] => (&text[2..], 2),
        [b'0', ..] => (text, 8),
        _ => (text, 10),
    };
    let good = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    good.then(|| u64::from_str_radix(digits, radix).ok())
}

/// Hexadecimal digits in pairs, which a separator may follow; a digit in front of a separator
/// or at the end is a byte of its own. Also `0x` and a byte.
fn hex(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    let digit = |i: usize| bytes.get(i).and_then(|b| char::from(*b).to_digit(16)).map(|d| d as u8);
    if let [b'0', b'x' | b'X', _] | [b'0', b'x' | b'X', _, _] = bytes {
        let n = u8::from_str_radix(&text[2..], 16);
        return n.ok().map(|b| vec![b]);
    }
    let mut out = Vec::with_capacity(bytes.len() / 2 + 1);
    let mut at = 0;
    while at < bytes.len() {
        let high = digit(at)?;
        match digit(at + 1) {
            Some(low) => {
                out.push(high << 4 | low);
                at += 2;
            }
            None => {
                out.push(high);
                at += 1;
            }
        }
        if matches!(bytes.get(at), Some(b':' | b'.' | b'-')) {
            at += 1;
            if at == bytes.len() {
                return None;
            }
        }
    }
    (!out.is_empty()).then_some(out)
}

fn ether(text: &str, part: bool) -> Made {
    match hex(text) {
        None => failed(format!("\"{text}\" is not a MAC address.")),
        Some(b) if b.len() > 6 => failed(format!("\"{text}\" has too many bytes for a MAC address.")),
        Some(b) if b.len() < 6 && !part => failed(format!("\"{text}\" has too few bytes for a MAC address.")),
        Some(b) => Ok(Const::Bytes(b.into())),
    }
}

fn with_prefix(text: &str) -> (&str, Option<&str>) {
    text.split_once('/').map_or((text, None), |(a, n)| (a, Some(n)))
}

fn ipv4(text: &str) -> Made {
    let (address, prefix) = with_prefix(text);
    let Ok(a) = address.parse::<Ipv4Addr>() else {
        return failed(format!("\"{text}\" is not an IPv4 address; names are not looked up."));
    };
    let host = match prefix.map(str::parse::<u32>) {
        None => 0,
        Some(Ok(n @ 0..=32)) => u32::MAX.checked_shr(n).unwrap_or(0),
        Some(_) => return failed(format!("\"{text}\" has a prefix of more than 32 bits.")),
    };
    let a = u32::from(a);
    Ok(Const::Ipv4(a & !host, a | host))
}

fn ipv6(text: &str) -> Made {
    let (address, prefix) = with_prefix(text);
    let Ok(a) = address.parse::<Ipv6Addr>() else {
        return failed(format!("\"{text}\" is not an IPv6 address; names are not looked up."));
    };
    let host = match prefix.map(str::parse::<u32>) {
        None => 0,
        Some(Ok(n @ 0..=128)) => u128::MAX.checked_shr(n).unwrap_or(0),
        Some(_) => return failed(format!("\"{text}\" has a prefix of more than 128 bits.")),
    };
    let a = u128::from(a);
    Ok(Const::Ipv6(a & !host, a | host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Base;

    static OPCODE: FieldDef = FieldDef {
        name: "demo.opcode",
        label: "Opcode",
        kind: Kind::Uint(16, Base::Dec),
        names: Some(|v| match v {
            1 => Some("request"),
            2 => Some("reply"),
            _ => None,
        }),
        wireshark: false,
    };

    static SENSE: FieldDef = FieldDef {
        name: "demo.sense",
        kind: Kind::Uint(32, Base::Hex),
        names: Some(|v| if v == 0x0801_0000 { Some("Resource not available") } else { None }),
        ..OPCODE
    };

    fn want(of: Type) -> Want {
        Want { of, name: "x".to_owned(), field: None, part: false, wide: false }
    }

    fn word(text: &str, of: Type) -> Made {
        Codes::default().word(text, &want(of))
    }

    fn why(m: Made) -> String {
        m.map_or_else(|e| e.0, |c| format!("{c:?}"))
    }

    #[test]
    fn integers() {
        let num = |n| Ok(Const::Num(n));
        assert_eq!(word("443", Type::Uint(2)), num(443));
        assert_eq!(word("0x1bb", Type::Uint(2)), num(443));
        assert_eq!(word("0673", Type::Uint(2)), num(443));
        assert_eq!(word("0b110", Type::Uint(2)), num(6));
        assert_eq!(word("0B1000000", Type::Uint(1)), num(64));
        assert_eq!(word("18446744073709551615", Type::Uint(8)), num(u64::MAX.into()));
        assert_eq!(word("127", Type::Int(1)), num(127));
        assert_eq!(
            why(word("99999", Type::Uint(2))),
            "\"99999\" is too large for x, whose largest value is 65535."
        );
        assert_eq!(why(word("128", Type::Int(1))), "\"128\" is too large for x, whose largest value is 127.");
        assert_eq!(
            why(word("18446744073709551616", Type::Uint(8))),
            "\"18446744073709551616\" is too large for x, whose largest value is 18446744073709551615."
        );
        for bad in ["1e3", "1.5", "08", "0x", "0xg", "1_000", "64abc", "0o100", "58-4", ""] {
            assert_eq!(why(word(bad, Type::Uint(4))), format!("\"{bad}\" is not an integer."));
        }
    }

    #[test]
    fn bytes_and_addresses() {
        let bytes = |b: &[u8]| Ok(Const::Bytes(b.into()));
        for text in ["aa:bb:cc:dd", "aa.bb.cc.dd", "aa-bb-cc-dd", "aabbccdd", "aabb.ccdd", "aabb-ccdd"] {
            assert_eq!(word(text, Type::Bytes), bytes(&[0xAA, 0xBB, 0xCC, 0xDD]), "{text}");
        }
        assert_eq!(word("10", Type::Bytes), bytes(&[0x10]));
        assert_eq!(word("a", Type::Bytes), bytes(&[0x0A]));
        assert_eq!(word("0x0f", Type::Bytes), bytes(&[0x0F]));
        // The man page's examples.
        assert_eq!(word("0.1.0.d", Type::Bytes), bytes(&[0, 1, 0, 0xD]));
        for bad in ["0x4745", "GET", "aa.", "0x", "", "é"] {
            assert!(word(bad, Type::Bytes).is_err(), "{bad}");
        }
        assert_eq!(word("0011.2233.4455", Type::Ether), bytes(&[0, 0x11, 0x22, 0x33, 0x44, 0x55]));
        assert_eq!(why(word("00:11", Type::Ether)), "\"00:11\" has too few bytes for a MAC address.");
        assert_eq!(word("10.1.2.3", Type::Ipv4), Ok(Const::Ipv4(0x0A01_0203, 0x0A01_0203)));
        assert_eq!(word("10.1.2.3/8", Type::Ipv4), Ok(Const::Ipv4(0x0A00_0000, 0x0AFF_FFFF)));
        assert_eq!(word("10.1.2.3/0", Type::Ipv4), Ok(Const::Ipv4(0, u32::MAX)));
        assert_eq!(word("fe80::1/10", Type::Ipv6), Ok(Const::Ipv6(0xFE80 << 112, (0xFEC0 << 112) - 1)));
        for bad in ["10.0.0", "10.0.0.256", "1", "localhost", "10.0.0.01", "10.0.0.0/33", "10.0.0.0/x"] {
            assert!(word(bad, Type::Ipv4).is_err(), "{bad}");
        }
        for bad in ["fe80", "fe80::1/200", "1.2.3.4"] {
            assert!(word(bad, Type::Ipv6).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_of_codes() {
        let mut codes = Codes::default();
        let opcode = Want { field: Some(&OPCODE), ..want(Type::Uint(2)) };
        assert_eq!(codes.text(b"Request", &opcode), Ok(Const::Num(1)));
        assert_eq!(codes.word("reply", &opcode), Ok(Const::Num(2)));
        assert_eq!(
            codes.text(b"re", &opcode),
            Err(("\"re\" is not one of the values of x.".to_owned(), vec!["request", "reply"]))
        );
        let sense = Want { field: Some(&SENSE), ..want(Type::Uint(4)) };
        assert_eq!(codes.text(b"resource not available", &sense), Ok(Const::Num(0x0801_0000)));
        assert!(codes.text(b"443", &want(Type::Uint(2))).is_err());
        assert!(codes.text(b"10.0.0.1", &want(Type::Ipv4)).is_err());
    }
}
