//! Packets through all dissectors: the values of their fields, packets cut anywhere, and
//! arbitrary bytes.

use std::sync::OnceLock;

use analyzer::decode::columns::{Columns, Sources};
use analyzer::decode::net::Ip;
use analyzer::decode::plain::{self, Plain};
use analyzer::decode::tree::Tree;
use analyzer::decode::{
    Buf, Ctx, FieldId, Kind, Proto, Seen, Settings, Sink, Span, Times, Value, frame, print, registry, stop,
};
use analyzer::pipeline::Known;
use analyzer::source::frame::{Batch, Chunk, Frame, LinkType};
use analyzer::track::defrag::Reassembler;
use proptest::prelude::*;

/// A packet and its fields.
#[derive(Debug, Default)]
struct Vector {
    name: &'static str,
    link: u16,
    bytes: Vec<u8>,
    fields: Vec<(&'static str, &'static str)>,
}

fn vectors() -> &'static [Vector] {
    static ALL: OnceLock<Vec<Vector>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all: Vec<Vector> = Vec::new();
        for line in include_str!("dissectors.txt").lines() {
            if let Some(name) = line.strip_prefix('[') {
                all.push(Vector { name: name.trim_end_matches(']'), ..Vector::default() });
                continue;
            }
            let Some(v) = all.last_mut().filter(|_| !line.is_empty()) else { continue };
            match line.split_once(' ').unwrap_or((line, "")) {
                ("link", n) => v.link = n.parse().unwrap(),
                ("bytes", hex) => v.bytes.extend(
                    hex.as_bytes()
                        .chunks(2)
                        .map(|h| u8::from_str_radix(str::from_utf8(h).unwrap(), 16).unwrap()),
                ),
                field => v.fields.push(field),
            }
        }
        assert!(all.len() > 40, "only {} vectors were read", all.len());
        all
    })
}

/// Decodes one packet of which `reported` bytes were on the wire.
fn decode<S: Sink>(sink: &mut S, link: u16, bytes: &[u8], reported: usize) {
    let f = Frame {
        number: 1,
        data: Chunk::main(0, bytes.len()),
        orig_len: reported as u32,
        link: LinkType(link),
        ..Frame::default()
    };
    let batch = Batch { buf: bytes.to_vec(), frames: vec![f], ..Batch::default() };
    let (settings, mut joins) =
        (Settings { verify_checksums: true, ..Settings::default() }, Reassembler::default());
    let mut c = Ctx::new(sink, &f, &[], Times::default(), &settings, &mut joins);
    frame::dissect(&mut c, &batch);
}

#[test]
fn fields_are_those_that_tshark_shows() {
    let mut wrong = Vec::new();
    for v in vectors() {
        let ids: Vec<_> = v.fields.iter().map(|(name, _)| registry::resolve(name).expect(name)).collect();
        let mut columns = Columns::new(ids.iter().flat_map(|r| r.fields.iter().copied()));
        let f = Frame {
            number: 1,
            data: Chunk::main(0, v.bytes.len()),
            orig_len: v.bytes.len() as u32,
            link: LinkType(v.link),
            ..Frame::default()
        };
        let batch = Batch { buf: v.bytes.clone(), frames: vec![f], ..Batch::default() };
        let (settings, mut joins) = (Settings::default(), Reassembler::default());
        let mut c = Ctx::new(&mut columns, &f, &[], Times::default(), &settings, &mut joins);
        frame::dissect(&mut c, &batch);
        let joined = std::mem::take(&mut c.sources);
        columns.finish();
        let sources = Sources { frame: &v.bytes, head: &[], joined: &joined };
        for ((name, want), r) in v.fields.iter().zip(&ids) {
            let mut got = Vec::new();
            for (slot, _, value, _) in columns.in_order(sources) {
                let id = columns.fields()[usize::from(slot)];
                if r.fields.contains(&id) {
                    if !got.is_empty() {
                        got.push(b',');
                    }
                    print::field(&mut got, id.def().kind, value);
                }
            }
            let got = String::from_utf8(got).unwrap();
            if got != *want {
                wrong.push(format!("{}: {name} is {got:?}, not {want:?}", v.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_packet_cut_anywhere_says_so() {
    let wanted = [stop::SHORT, stop::MALFORMED];
    let nowhere = Sources { frame: &[], head: &[], joined: &[] };
    let every: Vec<_> = registry::all().map(|(id, _)| id).collect();
    for v in vectors() {
        for cut in 0..v.bytes.len() {
            let mut c = Columns::new(wanted);
            // Cut at capture: the packet is not to blame.
            decode(&mut c, v.link, &v.bytes[..cut], v.bytes.len());
            let found = |c: &Columns| {
                let slot = |id| c.fields().iter().position(|&f| f == id).expect("wanted") as u16;
                wanted.map(|id| c.present(slot(id)))
            };
            // Where decoding stops does not depend on what else is asked for.
            let mut all = Columns::new(every.iter().copied());
            decode(&mut all, v.link, &v.bytes[..cut], v.bytes.len());
            assert_eq!(found(&c), found(&all), "{} cut to {cut} bytes", v.name);
            let blamed = c.in_order(nowhere).any(|(slot, ..)| slot == 1);
            let deliberate = matches!(
                v.name,
                "tcp_bogus_header_length" | "version_does_not_fit" | "ip_length_beyond_frame"
            );
            assert!(!blamed || deliberate, "{} cut to {cut} bytes is called malformed", v.name);
            // Sent that short.
            decode(&mut Tree::default(), v.link, &v.bytes[..cut], cut);
        }
    }
}

/// Filters that name nothing but `_ws.short` and `_ws.malformed` look into every protocol. What
/// tshark says of the same packets: an echo request cut in its header and in the data that no
/// dissector looks into, an ARP request, and a packet that a time exceeded message quotes.
#[test]
fn what_is_cut_off_is_found_in_protocols_nobody_asked_for() {
    const CASES: [(&str, usize, usize, bool); 7] = [
        (ECHO, 98, 36, true),
        (ECHO, 98, 42, false),
        (ARP, 42, 30, true),
        (ARP, 42, 42, false),
        (EXCEEDED, 70, 46, true),
        (EXCEEDED, 70, 66, true),
        (EXCEEDED, 70, 70, false),
    ];
    for (hex, on_wire, cut, short) in CASES {
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect();
        let mut c = Columns::new([stop::SHORT, stop::MALFORMED]);
        decode(&mut c, 1, &bytes[..cut], on_wire);
        assert_eq!([c.present(0), c.present(1)], [short, false], "cut to {cut} of {on_wire}");
    }
}

const ECHO: &str = "0200000000020200000000010800450000540001000040012696\
                    0a0000010a0000020800f7ff0000000000000000";
const ARP: &str = "ffffffffffff020000000001080600010800060400010200000000010a0000010000000000000a000002";
const EXCEEDED: &str = "02000000000202000000000108004500003800010000400126b20a0000010a000002\
                        0b00f4ff000000004500001c0001000001111bd10a0000020a000003\
                        0035003500080000";

/// Link types that have a dissector, and one that has none.
const LINKS: [u16; 24] = [
    0, 1, 6, 9, 10, 11, 12, 14, 50, 51, 100, 101, 104, 107, 108, 113, 127, 166, 204, 228, 229, 276, 0xFF05,
    0xFF00,
];

/// Ends, place and length of every TCP segment that the dissectors show to trackers.
#[derive(Default)]
struct Segments(Vec<(Ends, Span, usize)>);

/// Source, destination, IP version.
type Ends = ([u8; 16], [u8; 16], u8);

impl Segments {
    fn add(&mut self, ip: &Ip, b: Buf<'_>) {
        self.0.push(((ip.src, ip.dst, ip.version), b.whole(), b.reported()));
    }
}

impl Sink for Segments {
    fn wants(&self, _: Proto) -> bool {
        false
    }
    fn layer(&mut self, _: Proto, _: Span) {}
    fn field(&mut self, _: FieldId, _: Value<'_>, _: Span) {}
    fn seen(&mut self, what: Seen<'_>) {
        if let Seen::Tcp { ip, b, .. } | Seen::Udp { ip, b, lite: false } = what {
            self.add(ip, b);
        }
    }
}

/// What the plain reader says of a packet is what the dissectors find in it.
fn plain_agrees(link: u16, bytes: &[u8], reported: usize) -> bool {
    let Some(packet) = Plain::read(LinkType(link), bytes) else { return false };
    let fields: Vec<_> =
        registry::all().filter_map(|(id, _)| plain::Field::of(id).map(|place| (id, place))).collect();
    let mut columns = Columns::new(fields.iter().map(|(id, _)| *id));
    decode(&mut columns, link, bytes, reported);
    let none = Sources { frame: bytes, head: &[], joined: &[] };
    for (slot, (id, place)) in fields.iter().enumerate().filter(|_| packet.has_values()) {
        let mut found: Vec<Value<'_>> = columns.occurrences(slot as u16, none).collect();
        if id.def().kind == Kind::Protocol {
            // Only whether it is there is asked.
            found.iter_mut().for_each(|v| *v = Value::None);
        }
        let said: Vec<_> = packet.value(*place, Known::default()).into_iter().collect();
        assert_eq!(said, found, "{} of {bytes:02x?}", id.def().name);
    }
    let (mut said, mut found) = (Segments::default(), Segments::default());
    if let Some((ip, b)) = packet.segment(reported).or_else(|| packet.datagram(reported)) {
        said.add(&ip, b);
    }
    decode(&mut found, link, bytes, reported);
    assert_eq!(said.0, found.0, "{bytes:02x?}");
    true
}

#[test]
fn plain_packets_are_read_at_fixed_offsets() {
    let plain = vectors().iter().filter(|v| plain_agrees(v.link, &v.bytes, v.bytes.len())).count();
    assert!(plain > 5, "only {plain} of the vectors are plain packets");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_no_harm(
        link in prop::sample::select(&LINKS[..]),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        more in 0usize..200,
    ) {
        let mut tree = Tree::default();
        decode(&mut tree, link, &bytes, bytes.len() + more);
        prop_assert!(tree.out.len() < 1 << 20);
    }

    #[test]
    fn damaged_packets_do_no_harm(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        more in 0usize..100,
    ) {
        let v = &vectors()[which.index(vectors().len())];
        let mut bytes = v.bytes.clone();
        for (at, value) in damage {
            let n = bytes.len();
            bytes[at.index(n)] = value;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        let mut tree = Tree::default();
        decode(&mut tree, v.link, &bytes, bytes.len() + more);
        prop_assert!(tree.out.len() < 1 << 20);
        plain_agrees(v.link, &bytes, bytes.len() + more);
    }
}
