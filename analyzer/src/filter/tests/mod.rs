//! The language as a whole, over rows made by hand, against what tshark 4.0.17 selected from
//! the same packets.
//!
//! `packets.txt` holds eight packets: their bytes, then their fields as words (`name=value`,
//! with `#n` for the layer, and `protocol@offset+length` for a protocol's own bytes).
//! `accepted.tsv` holds filters and the numbers of the packets that tshark selected with them,
//! `rejected.txt` filters that it refused.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::decode::{Kind, registry};
use crate::source::frame::Timestamp;

const PACKETS: &str = include_str!("packets.txt");
const ACCEPTED: &str = include_str!("accepted.tsv");
const REJECTED: &str = include_str!("rejected.txt");

enum Owned {
    None,
    Uint(u64),
    Ipv4(u32),
    Ipv6([u8; 16]),
    Ether([u8; 6]),
    Bytes(Vec<u8>),
    Str(String),
    Time(Timestamp),
    Duration(i64),
    /// Offset and length of a protocol's own bytes.
    Protocol(usize, usize),
}

struct Packet {
    bytes: Vec<u8>,
    fields: Vec<(FieldId, u32, Owned)>,
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
    digits.chunks(2).map(|d| d[0] << 4 | d[1]).collect()
}

fn field(word: &str) -> (FieldId, u32, Owned) {
    let at = word.find(['=', '@']).unwrap();
    let (name, text) = (&word[..at], &word[at + 1..]);
    let (name, layer) = name.split_once('#').map_or((name, 1), |(n, l)| (n, l.parse().unwrap()));
    let found = registry::resolve(name).unwrap_or_else(|| panic!("{name}"));
    let value = match found.kind {
        Kind::Protocol => {
            let (off, len) = text.split_once('+').unwrap();
            Owned::Protocol(off.parse().unwrap(), len.parse().unwrap())
        }
        Kind::Ipv4 => Owned::Ipv4(u32::from(text.parse::<std::net::Ipv4Addr>().unwrap())),
        Kind::Ipv6 => Owned::Ipv6(text.parse::<std::net::Ipv6Addr>().unwrap().octets()),
        Kind::Ether => Owned::Ether(unhex(text).try_into().unwrap()),
        Kind::Bytes => Owned::Bytes(unhex(text)),
        Kind::Str => Owned::Str(text.to_owned()),
        Kind::AbsTime | Kind::DateTime | Kind::LocalTime => {
            Owned::Time(Timestamp::from_nanos(text.parse().unwrap()))
        }
        Kind::RelTime => Owned::Duration(text.parse().unwrap()),
        Kind::None => Owned::None,
        _ => Owned::Uint(text.parse().unwrap()),
    };
    (found.fields[0], layer, value)
}

fn packets() -> Vec<Packet> {
    PACKETS
        .split("\n\n")
        .map(|p| {
            let (bytes, fields) = p.split_once('\n').unwrap();
            Packet { bytes: unhex(bytes), fields: fields.split_whitespace().map(field).collect() }
        })
        .collect()
}

struct Seen<'p> {
    packet: &'p Packet,
    fields: &'p [FieldId],
}

impl Row for Seen<'_> {
    fn each(&self, slot: usize, mut f: impl FnMut(Value<'_>) -> bool) {
        self.each_layer(slot, false, |v, _| f(v));
    }

    fn present(&self, slot: usize) -> bool {
        self.packet.fields.iter().any(|(id, ..)| *id == self.fields[slot])
    }

    fn each_layer(&self, slot: usize, whole: bool, mut f: impl FnMut(Value<'_>, u32) -> bool) {
        for (id, layer, value) in &self.packet.fields {
            let value = match value {
                _ if *id != self.fields[slot] => continue,
                Owned::None => Value::None,
                Owned::Uint(n) => Value::Uint(*n),
                Owned::Ipv4(a) => Value::Ipv4(*a),
                Owned::Ipv6(a) => Value::Ipv6(*a),
                Owned::Ether(m) => Value::Ether(*m),
                Owned::Bytes(b) => Value::Bytes(b),
                Owned::Str(s) => Value::Str(s),
                Owned::Time(t) => Value::Time(*t),
                Owned::Duration(n) => Value::Duration(*n),
                Owned::Protocol(off, _) if whole => Value::Bytes(&self.packet.bytes[*off..]),
                Owned::Protocol(off, len) => Value::Bytes(&self.packet.bytes[*off..off + len]),
            };
            if !f(value, *layer) {
                return;
            }
        }
    }
}

/// Numbers of the packets that pass, or what is wrong with the filter.
fn select(text: &str, packets: &[Packet]) -> Result<String, FilterError> {
    let filter = Filter::parse(text)?;
    let mut out = String::new();
    for (i, packet) in packets.iter().enumerate() {
        if filter.matches(&Seen { packet, fields: filter.fields() }) {
            let gap = if out.is_empty() { "" } else { " " };
            write!(out, "{gap}{}", i + 1).unwrap();
        }
    }
    Ok(out)
}

#[test]
fn selects_what_tshark_selects() {
    let packets = packets();
    let mut wrong = String::new();
    let mut count = 0;
    for line in ACCEPTED.lines() {
        let (text, want) = line.split_once('\t').unwrap();
        count += 1;
        match select(text, &packets) {
            Ok(got) if got == want => {}
            Ok(got) => writeln!(wrong, "{text}\n    selects [{got}], not [{want}]").unwrap(),
            Err(e) => writeln!(wrong, "{e}").unwrap(),
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count > 500, "{count}");
}

#[test]
fn refuses_what_tshark_refuses() {
    let taken: Vec<&str> = REJECTED.lines().filter(|l| Filter::parse(l).is_ok()).collect();
    assert!(taken.is_empty(), "{taken:#?}");
    assert!(REJECTED.lines().count() > 150);
}

#[test]
fn differs_where_the_reference_says_so() {
    let packets = packets();
    for (text, want) in [
        // Numbers compare as numbers, whatever their types.
        ("frame.len > -1", "1 2 3 4 5 6 7 8"),
        ("tcp.flags.syn == frame.number", "1"),
        ("ip.ttl * ip.ttl == 4096", "1 3 5 8"),
        ("ip.ttl + 300 > 310", "1 2 3 5 8"),
        ("max(frame.len, tcp.srcport) > 4000", "2"),
        // `all x in {…}`: each value is in the set, not all of them the same member of it.
        ("all tcp.port in {1024, 5000}", "1 2 3"),
        ("all udp.port in {5001, 5002..5003}", "4 5"),
        // Sets of what is not a field.
        ("len(frame) in {53, 67}", "4 5"),
        ("frame[0:1] in {00, ff}", "1 3 5 6 7"),
        ("string(ip.src) in {\"10.0.0.1\"}", "1 3 8"),
        ("ip.ttl in {ip.proto .. 255}", "1 2 3 5 8"),
        // Newer and friendlier spellings.
        ("tcp.flags.syn xor tcp", ""),
        ("tcp.flags.syn == 1 xor tcp.flags.ack == 1 ^^ arp", "1 3 7"),
        ("tcp.flags bitand 2", "1 2"),
        ("tcp.flags.syn == true", "1 2"),
        ("tcp.flags.syn == \"False\"", "3"),
        ("tcp.dstport == '\\n'", ""),
        ("frame.time >= 1577872803.25", "6 7 8"),
        ("frame.time_epoch == \"2020-01-01 10:00:00\"", "1"),
        ("max(frame.protocols, \"b\") == \"b\"", ""),
        ("tcp contains \"\"", "1 2 3"),
        ("tcp.port == :5000", "1 2 3"),
    ] {
        assert_eq!(select(text, &packets).as_deref(), Ok(want), "{text}");
    }
    for refused in [
        "tcp.payload matches \"(?<=GET )/\"",
        "tcp.payload matches \"(.)\\\\1\"",
        "frame.time == \"2020-02-30 10:00:00\"",
        "frame.len > ${frame.len}",
        "_ws.malformed == 1",
    ] {
        assert!(Filter::parse(refused).is_err(), "{refused}");
    }
}

#[test]
fn errors_show_the_place_and_the_reason() {
    for want in [
        "\"tcp.prot\" is neither a field nor a protocol.
    ip and tcp.prot == 80
           ^^^^^^^^",
        "The left side of \"==\" must be a field or a function, not 443.
    443 == tcp.port
    ^^^",
        "\"99999\" is too large for tcp.port, whose largest value is 65535.
    tcp.port == 99999
                ^^^^^",
        "ip.src is an IPv4 address, whose values are written without quotes.
    ip.src == \"10.0.0.1\"
              ^^^^^^^^^^",
        "ip.src is an IPv4 address, for which there is no \"contains\".
    ip.src contains 10
    ^^^^^^",
        "tcp.srcport is an unsigned integer, but ip.src is an IPv4 address.
    tcp.srcport == ip.src
                   ^^^^^^",
        "ip.src is an IPv4 address, for which there is no \"+\".
    ip.src + 1
    ^^^^^^",
        "\"443\" was not expected here: the values of a set are separated by commas.
    tcp.port in {80 443}
                    ^^^",
        "\"==\" was not expected here: parentheses group tests, braces group values.
    (tcp.port) == 80
               ^^",
        "\"AND\" was not expected here: operators are written in small letters.
    ip AND tcp
       ^^^",
        "\"=\" is not an operator; equality is \"==\".
    tcp.port = 80
             ^",
        "The filter ends where something more is expected.
    tcp and
           ^",
        "\"TCP\" is neither a field nor a protocol.
    TCP
    ^^^",
        "There is no function \"foo\"; there are upper, lower, len, count, string, max, min and abs.
    foo(tcp.port) == 1
    ^^^",
        "This is not a valid regular expression: unclosed group.
    tcp matches \"(\"
                ^^^",
        "\"Go\" is not one of the values of ip.checksum.status.
    ip.checksum.status == \"Go\"
                          ^^^^",
        "\"ip.dts\" is not an IPv4 address; names are not looked up.
    ip.src == ip.dts
              ^^^^^^",
        "Field references need a selected packet, which only Wireshark's window has.
    frame.len > ${frame.len}
                ^",
        "\"10.0.0.0/33\" has a prefix of more than 32 bits.
    ip.src == 10.0.0.0/33
              ^^^^^^^^^^^",
    ] {
        let text = want.lines().nth(1).unwrap().trim();
        let shown = Filter::parse(text).unwrap_err().to_string();
        assert_eq!(shown.split("\nDid you mean").next(), Some(want));
    }
}

#[test]
fn errors_offer_near_names() {
    for (text, near) in [
        ("tcp.prot == 80", "tcp.port"),
        ("TCP", "tcp"),
        ("ip.src == ip.dts", "ip.dst"),
        ("ip.checksum.status == \"Go\"", "Good"),
        ("ip.sorc#2 in {1.2.3.4}", "ip.src"),
        ("len(frame.protocol) > 1", "frame.protocols"),
    ] {
        let e = Filter::parse(text).unwrap_err();
        assert!(e.suggestions().contains(&near), "{e}");
        assert!(e.to_string().contains("\nDid you mean "), "{e}");
    }
    // A number is no misspelt name.
    assert!(Filter::parse("1").unwrap_err().suggestions().is_empty());
}

#[test]
fn says_what_it_reads() {
    let read = |text: &str| -> Vec<(&str, Need)> {
        let f = Filter::parse(text).unwrap();
        f.fields().iter().enumerate().map(|(i, id)| (id.def().name, f.need(i))).collect()
    };
    let there = Need::default();
    let values = Need { values: true, ..there };
    assert_eq!(read(""), []);
    assert_eq!(read("tcp and not udp or tcp"), [("tcp", there), ("udp", there)]);
    assert_eq!(read("tcp.port == 80 or tcp.srcport"), [("tcp.srcport", values), ("tcp.dstport", values)]);
    assert_eq!(read("udp contains \"x\""), [("udp", Need { whole: true, ..values })]);
    assert_eq!(read("ip#2"), [("ip", Need { layers: true, ..there })]);
    assert_eq!(
        read("max(ip.ttl#1, ip.len) > frame.len or frame[0] or tcp.flags & 2").len(),
        5,
        "every operand counts"
    );
}

#[test]
fn is_shared_between_threads_and_blank_passes_all() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    let f: Filter = " \t".parse().unwrap();
    shared(&f);
    assert_eq!(f.text(), " \t");
    assert_eq!(select("", &packets()).as_deref(), Ok("1 2 3 4 5 6 7 8"));
}

#[test]
fn deep_and_long_filters_run() {
    let packets = packets();
    let deep = format!("{}arp{}", "not (".repeat(49), ")".repeat(49));
    assert_eq!(select(&deep, &packets).as_deref(), Ok("1 2 3 4 5 6 8"));
    let sum = format!("frame.len{} == 133", " + 1".repeat(63));
    assert_eq!(select(&sum, &packets).as_deref(), Ok("3 8"));
    let long = format!("arp{}", " or ip.src == 10.0.0.254".repeat(20_000));
    assert_eq!(select(&long, &packets).as_deref(), Ok("7 8"));
    let set: Vec<String> = (0..5000).map(|n| (n * 2 + 1).to_string()).collect();
    assert_eq!(select(&format!("udp.port in {{{}}}", set.join(",")), &packets).as_deref(), Ok("4 5 6 8"));
}

proptest! {
    #[test]
    fn any_text_is_a_filter_or_an_error(text in "\\PC{0,80}") {
        if let Err(e) = Filter::parse(&text) {
            prop_assert!(text.get(e.span()).is_some() && !e.to_string().is_empty());
        }
    }

    #[test]
    fn any_words_are_a_filter_or_an_error(words in proptest::collection::vec(0usize..WORDS.len(), 0..14)) {
        let text = words.iter().map(|w| WORDS[*w]).collect::<Vec<_>>().join(" ");
        match Filter::parse(&text) {
            Ok(f) => {
                for packet in &packets() {
                    let row = Seen { packet, fields: f.fields() };
                    prop_assert_eq!(f.matches(&row), f.clone().matches(&row));
                }
            }
            Err(e) => prop_assert!(text.get(e.span()).is_some() && !e.to_string().is_empty()),
        }
    }

    #[test]
    fn any_relation_runs(
        quant in 0usize..3, left in 0usize..VALUES.len(), op in 0usize..OPERATORS.len(), right in 0usize..VALUES.len(),
        not in any::<bool>(),
    ) {
        let quant = ["", "any ", "all "][quant];
        let text = format!("{quant}{} {} {}", VALUES[left], OPERATORS[op], VALUES[right]);
        let negated = format!("not {text}");
        if let Ok(f) = Filter::parse(if not { &negated } else { &text }) {
            let plain = Filter::parse(&text).unwrap();
            for packet in &packets() {
                let passes = f.matches(&Seen { packet, fields: f.fields() });
                prop_assert_eq!(plain.matches(&Seen { packet, fields: plain.fields() }), passes != not);
            }
        }
    }
}

const WORDS: &[&str] = &[
    "tcp",
    "ip.src",
    "ip.src#2",
    "frame[1:]",
    "tcp.port",
    "frame.len",
    "==",
    "!=",
    ">",
    "in",
    "{",
    "}",
    "(",
    ")",
    "not",
    "and",
    "or",
    "xor",
    "contains",
    "matches",
    "10.0.0.0/8",
    "5",
    "\"x\"",
    "'x'",
    "aa:bb",
    "&",
    "+",
    "-",
    "max(",
    "len(",
    ",",
    "..",
    "any",
    "all",
    "frame.time",
    "\"2020-01-01\"",
    "tcp.flags.syn",
    "Set",
];

const VALUES: &[&str] = &[
    "tcp",
    "ip.src",
    "ip.src#[-1]",
    "frame[1:]",
    "frame[-2:9,0]",
    "tcp.port",
    "frame.len",
    "tcp.flags.syn",
    "eth.addr",
    "ipv6.src",
    "frame.time",
    "frame.time_delta",
    "frame.protocols",
    "tcp.payload",
    "tcp.flags & 7",
    "frame.len * 3 - 7",
    "-frame.len",
    "upper(frame.protocols)",
    "len(frame)",
    "max(ip.ttl, 3)",
    "abs(frame.len)",
    "string(ip.src)",
    "count(ip.addr)",
    "5",
    "0",
    "0xff",
    "18446744073709551615",
    "10.0.0.0/8",
    "fe80::/10",
    "aa:bb:cc:dd:ee:ff",
    "\"2020-01-01\"",
    "1.5",
    "\"eth\"",
    "'a'",
    "{5, 6..9}",
    "{\"a\", \"b\"}",
    "-1",
    "frame.len / 0",
    "eth.src & ff:00:00:00:00:00",
    "_ws.malformed",
];

const OPERATORS: &[&str] =
    &["==", "!=", "===", "!==", ">", ">=", "<", "<=", "contains", "matches", "in", "not in"];
