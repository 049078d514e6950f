//! The published vectors, real data sets, and a plain model of both methods.

use super::*;
use proptest::prelude::*;
use std::path::PathBuf;

fn hex(s: &str) -> Vec<u8> {
    (0..s.len()).step_by(2).map(|i| u8::from_str_radix(&s[i..i + 2], 16).unwrap()).collect()
}

/// Two variable records "HI".
const HI: [u8; 12] = [0, 6, 0, 0, 0xC8, 0xC9, 0, 6, 0, 0, 0xC8, 0xC9];

#[test]
fn vectors() {
    for v in [
        "0201005004000000000000500c90ca1010c90ca1010000",
        "0201005004000000000000500c90ca101fff101000",
        "0501005004000000000000500c90ca1010c90ca1010000",
        "0501005004000000000000500c90ca101102101000",
    ] {
        assert_eq!(decode_all(&hex(v)), (HI.to_vec(), None), "{v}");
    }
    let (out, e) = decode_all(&hex("0200000b0400000b0000000b10a0c20000"));
    assert_eq!((&out[..], e), (&b"\x40\x40\x40\x40\x40\x40\x40\x40\x40\x40\xC1"[..], None));
}

#[test]
fn literal_encoder_writes_the_vectors() {
    for (m, v) in [
        (Method::Pack, "0201005004000000000000500c90ca1010c90ca1010000"),
        (Method::Spack, "0501005004000000000000500c90ca1010c90ca1010000"),
    ] {
        let mut out = Vec::new();
        let h = Header { flags: flags::MVS, ..Header::host(m, true, 80) };
        let mut e = Encoder::new(&h, Effort::Literal, &mut out);
        e.record(&[0xC8, 0xC9], &mut out);
        e.record(&[0xC8, 0xC9], &mut out);
        e.finish(&mut out);
        assert_eq!(out, hex(v));
    }
}

#[test]
fn longest_encoder_reuses_phrases_as_the_vectors_do() {
    for (m, v) in [
        (Method::Pack, "0201005004000000000000500c90ca101fff101000"),
        (Method::Spack, "0501005004000000000000500c90ca101102101000"),
    ] {
        let mut out = Vec::new();
        let h = Header { flags: flags::MVS, ..Header::host(m, true, 80) };
        let mut e = Encoder::new(&h, Effort::Longest, &mut out);
        e.record(&[0xC8, 0xC9], &mut out);
        e.record(&[0xC8, 0xC9], &mut out);
        e.finish(&mut out);
        assert_eq!(out, hex(v));
    }
}

#[test]
fn damage_names_the_offset_and_keeps_what_came_before() {
    // SPACK: literal, then phrase 0x300 that does not exist, at offset 12 + 1.
    let mut f = hex("050000500400000000000050");
    f.extend_from_slice(&[0x0C, 0x93, 0x00]);
    let (out, e) = decode_all(&f);
    assert_eq!(out, [0xC8]);
    assert_eq!(e, Some(Error::value("TERSE", "code", 13, 0x300)));
    // PACK: the phrase that is being recycled, 4095 for the first code.
    let mut f = hex("020000500400000000000050");
    f.extend_from_slice(&[0xFF, 0xF0, 0x00]);
    let (out, e) = decode_all(&f);
    assert_eq!((out.len(), e), (0, Some(Error::value("TERSE", "code", 12, 4095))));
    // No end code.
    let mut f = hex("020100500400000000000050");
    f.extend_from_slice(&[0x0C, 0x90, 0xCA]);
    let (out, e) = decode_all(&f);
    assert_eq!(out, [0, 6, 0, 0, 0xC8, 0xC9]);
    assert_eq!(e, Some(Error::short("TERSE", "end-of-data code", 15, 2, 0)));
}

#[test]
fn a_phrase_of_two_to_the_power_of_hundreds_is_written_in_pieces() {
    // A literal twice makes 258; then each code is the phrase made last, which doubles.
    let mut f = hex("050000500400000000000050");
    let mut p = codes::Packer::default();
    p.put(0x0C2, &mut f);
    p.put(0x0C2, &mut f);
    for c in 258..1000 {
        p.put(c, &mut f);
    }
    p.finish(&mut f);
    let h = Header::parse(&f).unwrap();
    let mut d = Decoder::new(&h);
    let mut rest = &f[h.len()..];
    let mut total = 0;
    let mut out = Vec::new();
    for _ in 0..200 {
        out.clear();
        let s = d.decode(rest, &mut out, 1 << 20).unwrap();
        rest = &rest[s.consumed..];
        assert_eq!((s.need, out.len()), (Need::Room, 1 << 20));
        assert!(out.iter().all(|&b| b == 0xC1));
        total += out.len();
    }
    assert_eq!(total, 200 << 20);
}

fn captures() -> Option<PathBuf> {
    let p = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/captures/zos/terse"));
    if !p.is_dir() {
        println!("skipped: {} is missing", p.display());
        return None;
    }
    Some(p)
}

#[test]
fn real_data_sets() {
    let Some(dir) = captures() else { return };
    let mut n = 0;
    for f in std::fs::read_dir(dir.join("TERSED")).unwrap() {
        let f = f.unwrap();
        let name = f.file_name().into_string().unwrap();
        let bytes = std::fs::read(f.path()).unwrap();
        let (out, e) = decode_all(&bytes);
        assert_eq!(e, None, "{name}");
        assert!(recognise(&bytes), "{name}");
        let want = std::fs::read(dir.join("ZOSBINARY").join(name.rsplit_once('.').unwrap().0)).unwrap();
        // AMATERSE itself wrote nothing but zeros for these two.
        if name == "VB.A.TXT.SPACK" || name == "FB.A.TXT.SPACK" {
            assert!(bytes[12..].iter().all(|&b| b == 0) && out.is_empty());
            continue;
        }
        assert!(out == want, "{name}: {} bytes, {} expected", out.len(), want.len());
        // The same in small pieces, small limits.
        let h = Header::parse(&bytes).unwrap();
        let mut d = Decoder::new(&h);
        let mut got = Vec::new();
        'file: for piece in bytes[h.len()..].chunks(1021) {
            let mut rest = piece;
            loop {
                let s = d.decode(rest, &mut got, 777).unwrap();
                rest = &rest[s.consumed..];
                match s.need {
                    Need::Room => {}
                    Need::Input => break,
                    Need::Nothing => break 'file,
                }
            }
        }
        assert!(got == want, "{name} in pieces");
        n += 1;
    }
    assert_eq!(n, 20);
}

#[test]
fn other_files_are_not_taken_for_tersed_ones() {
    assert!(!recognise(&[]));
    // pcap, pcapng, gzip, an RDW stream of GTF-like records.
    assert!(!recognise(&hex("d4c3b2a1020004000000000000000000ffff000001000000")));
    assert!(!recognise(&hex("0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000")));
    let mut rdw = Vec::new();
    for i in 0..50u8 {
        rdw.extend_from_slice(&[2, 0, 0, 0, 0xFF, 0, 0, 1, 0, 0, 0, i]);
        rdw.resize(rdw.len() + 500, i);
    }
    assert!(!recognise(&rdw));
}

/// Both methods with every list in full, as the format is described. Each returns the symbols
/// and how many of the codes stand for something.
mod model {
    pub fn unpack(codes: &[u16]) -> (Vec<u16>, usize) {
        let (mut father, mut ext) = (vec![0usize; 4096], vec![0u16; 4096]);
        let mut h = 0x41;
        for n in 258..4096 {
            (father[n], ext[n], h) = (h, 0x41, n);
        }
        // Front = most recently used.
        let mut list: Vec<usize> = (258..4096).collect();
        let (mut x, mut out) = (0, Vec::new());
        for (i, &c) in codes.iter().enumerate() {
            let y = list.pop().unwrap();
            if c as usize == y {
                return (out, i);
            }
            let (mut path, mut on_path) = (Vec::new(), vec![false; 4096]);
            let mut d = c as usize;
            while d > 257 {
                assert_ne!(d, y);
                path.push(d);
                on_path[d] = true;
                d = father[d];
            }
            let mut front: Vec<usize> = path.iter().rev().copied().collect();
            front.push(y);
            front.extend(list.iter().filter(|&&n| !on_path[n]));
            list = front;
            ext[x] = d as u16;
            out.push(d as u16);
            out.extend(path.iter().rev().map(|&n| ext[n]));
            father[y] = c as usize;
            x = y;
        }
        (out, codes.len())
    }

    pub fn unspack(codes: &[u16]) -> (Vec<u16>, usize) {
        let mut text: Vec<Vec<u16>> = (0..4096).map(|i| if i < 258 { vec![i] } else { vec![] }).collect();
        let (mut part, mut refs) = (vec![(0usize, 0usize); 4096], vec![0usize; 4096]);
        let mut free: Vec<usize> = (258..4096).rev().collect();
        // First = oldest of those that are part of nothing.
        let mut lru: Vec<usize> = Vec::new();
        let (mut previous, mut out) = (0usize, Vec::new());
        for (i, &c) in codes.iter().enumerate() {
            let c = c as usize;
            if previous != 0 && free.is_empty() {
                let p = lru.remove(0);
                for q in [part[p].0, part[p].1] {
                    refs[q] -= 1;
                    if refs[q] == 0 && q > 257 {
                        lru.push(q);
                    }
                }
                text[p].clear();
                free.push(p);
            }
            if text[c].is_empty() || text[c].len() > 1 << 20 {
                return (out, i);
            }
            if previous != 0 {
                let n = free.pop().unwrap();
                text[n] = [&text[previous][..], &text[c]].concat();
                part[n] = (previous, c);
                for q in [previous, c] {
                    refs[q] += 1;
                    lru.retain(|&m| m != q);
                }
                lru.push(n);
            }
            out.extend_from_slice(&text[c]);
            previous = c;
        }
        (out, codes.len())
    }
}

fn file(method: Method, codes: &[u16]) -> Vec<u8> {
    let mut f = Vec::new();
    Header::host(method, false, 80).encode(&mut f);
    let mut p = codes::Packer::default();
    for c in codes {
        p.put(*c, &mut f);
    }
    p.put(0, &mut f);
    p.finish(&mut f);
    f
}

fn bytes_of(symbols: &[u16]) -> Vec<u8> {
    symbols.iter().filter(|&&s| s != 257).map(|&s| (s - 1) as u8).collect()
}

/// Codes of `data` as the encoder chooses them.
fn codes_of(tersed: &[u8]) -> Vec<u16> {
    let mut c = Codes::new();
    let mut all = Vec::new();
    let mut rest = &tersed[12..];
    while !rest.is_empty() {
        let n = c.fill(rest);
        rest = &rest[n..];
        all.extend_from_slice(c.ready());
        c.advance(c.ready().len());
    }
    if c.finish() {
        all.extend_from_slice(c.ready());
    }
    let end = all.iter().position(|&c| c == 0).unwrap();
    all.truncate(end);
    all
}

fn terse(method: Method, effort: Effort, records: &[Vec<u8>], variable: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut e = Encoder::new(&Header::host(method, variable, 80), effort, &mut out);
    for r in records {
        e.record(r, &mut out);
    }
    e.finish(&mut out);
    out
}

/// Data with repetition: small alphabet, runs, repeated words.
fn data(seed: u64, len: usize) -> Vec<u8> {
    let mut s = seed | 1;
    let mut next = move || {
        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        s
    };
    let mut out: Vec<u8> = Vec::with_capacity(len + 300);
    while out.len() < len {
        match next() % 5 {
            0 => out.resize(out.len() + (next() % 30) as usize, 0x40),
            1 if out.len() > 100 => {
                let at = next() as usize % (out.len() - 50);
                let n = next() as usize % 12;
                out.extend_from_within(at..at + n);
            }
            2 => out.push(next() as u8),
            _ => out.push(0xC1 + (next() % 4) as u8),
        }
    }
    out
}

#[test]
fn agrees_with_the_model_long_after_recycling_begins() {
    for (seed, len) in [(1, 60_000), (7, 120_000)] {
        let d = data(seed, len);
        for m in [Method::Pack, Method::Spack] {
            let t = terse(m, Effort::Longest, std::slice::from_ref(&d), false);
            let codes = codes_of(&t);
            assert!(codes.len() > 8000, "{} codes", codes.len());
            let model = if m == Method::Pack { model::unpack(&codes) } else { model::unspack(&codes) };
            assert_eq!(model.1, codes.len(), "{m:?}");
            assert!(bytes_of(&model.0) == d, "{m:?}: the model disagrees with the data");
            let (out, e) = decode_all(&t);
            assert!(e.is_none() && out == d, "{m:?}: {e:?}");
        }
    }
}

#[test]
fn random_codes_agree_with_the_model() {
    let mut s = 0x9E37_79B9_7F4A_7C15u64;
    let mut bad = 0;
    for round in 0..8 {
        let mut codes = Vec::new();
        for i in 0..6000u64 {
            s ^= s << 13;
            s ^= s >> 7;
            s ^= s << 17;
            let c = match s % 4 {
                0 => 1 + (s >> 8) % 257,
                1 => 1 + (s >> 8) % 3,
                2 if round % 2 == 0 => 258 + (s >> 8) % 3838,
                // Phrases that SPACK has made by then.
                _ => 258 + (s >> 8) % i.clamp(1, 3838) / 2,
            };
            codes.push(c as u16);
        }
        for m in [Method::Pack, Method::Spack] {
            let (want, valid) =
                if m == Method::Pack { model::unpack(&codes) } else { model::unspack(&codes) };
            let (out, e) = decode_all(&file(m, &codes[..valid]));
            assert!(e.is_none(), "{m:?} {e:?}");
            assert!(out == bytes_of(&want), "{m:?} round {round}");
            if valid < codes.len() && m == Method::Pack {
                let (out, e) = decode_all(&file(m, &codes));
                assert_eq!(e.map(|e| e.field), Some("code"), "{m:?} round {round}");
                assert!(out == bytes_of(&want));
                bad += 1;
            }
        }
    }
    assert!(bad > 0);
}

#[test]
fn texts_that_left_the_history_are_spelled_from_the_dictionary() {
    // 0123456789 becomes phrases; then only one long-lived extension of each is used while the
    // history moves on by far; then the phrases themselves return.
    let word = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut d = Vec::new();
    for round in 0..6 {
        for i in 0..word.len() {
            d.extend_from_slice(&word[..i]);
        }
        for i in 0..30_000u32 {
            d.extend_from_slice(word);
            d.push((i % 7) as u8 + round);
        }
    }
    for m in [Method::Pack, Method::Spack] {
        let t = terse(m, Effort::Longest, std::slice::from_ref(&d), false);
        let (out, e) = decode_all(&t);
        assert!(e.is_none() && out == d, "{m:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn encode_then_decode_is_identity(
        records in proptest::collection::vec(proptest::collection::vec(0xC1u8..0xC5, 0..60), 0..40),
        literal in any::<bool>(),
        spack in any::<bool>(),
    ) {
        let m = if spack { Method::Spack } else { Method::Pack };
        let effort = if literal { Effort::Literal } else { Effort::Longest };
        let want: Vec<u8> = records.iter().flat_map(|r| {
            let mut v = vec![0, r.len() as u8 + 4, 0, 0];
            v.extend_from_slice(r);
            v
        }).collect();
        let t = terse(m, effort, &records, true);
        prop_assert_eq!(decode_all(&t), (want.clone(), None));
        // Cut anywhere: what comes out is a beginning, with at most one record cut short.
        for n in (12..t.len()).step_by(7) {
            let (out, e) = decode_all(&t[..n]);
            prop_assert!(out.len() <= want.len());
            if e.is_none() {
                prop_assert_eq!(&out, &want);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(
        head in proptest::sample::select(vec![2u8, 5]),
        body in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let mut f = vec![head, 1, 0, 80, 4, 0, 0, 0, 0, 0, 0, 0];
        f.extend_from_slice(&body);
        let h = Header::parse(&f).unwrap();
        let mut d = Decoder::new(&h);
        let mut out = Vec::new();
        // SPACK phrases can be astronomically long: a bounded number of steps.
        let mut rest = &body[..];
        for _ in 0..50 {
            match d.decode(rest, &mut out, 4096) {
                Ok(Step { need: Need::Room, consumed }) => rest = &rest[consumed..],
                _ => break,
            }
        }
        let _ = recognise(&f);
    }
}
