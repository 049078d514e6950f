//! Packets through all dissectors: the values of their fields, packets cut anywhere, and
//! arbitrary bytes.

use std::sync::OnceLock;

use analyzer::decode::columns::{Columns, Sources};
use analyzer::decode::tree::Tree;
use analyzer::decode::{Ctx, Settings, Sink, Times, frame, print, registry, stop};
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
    for v in vectors() {
        for cut in 0..v.bytes.len() {
            let mut c = Columns::new(wanted);
            // Cut at capture: the packet is not to blame.
            decode(&mut c, v.link, &v.bytes[..cut], v.bytes.len());
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

/// Link types that have a dissector, and one that has none.
const LINKS: [u16; 24] = [
    0, 1, 6, 9, 10, 11, 12, 14, 50, 51, 100, 101, 104, 107, 108, 113, 127, 166, 204, 228, 229, 276, 0xFF05,
    0xFF00,
];

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
    }
}
