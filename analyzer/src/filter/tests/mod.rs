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
        Kind::AbsTime => Owned::Time(Timestamp::from_nanos(text.parse().unwrap())),
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
fn zz_dump() {
    for l in REJECTED.lines() {
        if let Err(e) = Filter::parse(l) {
            println!("{e}");
        }
    }
}
