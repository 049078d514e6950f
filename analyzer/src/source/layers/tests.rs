//! Layers over data made by other encoders, and over real files.

use super::*;
use formats::awstape::Writer;
use formats::terse as trs;
use std::io::Write;
use std::path::{Path, PathBuf};

fn gz(data: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    e.write_all(data).unwrap();
    e.finish().unwrap()
}

fn zst(data: &[u8]) -> Vec<u8> {
    let mut e = ::zstd::Encoder::new(Vec::new(), 3).unwrap();
    e.include_checksum(true).unwrap();
    e.write_all(data).unwrap();
    e.finish().unwrap()
}

fn xzs(data: &[u8]) -> Vec<u8> {
    let mut e = liblzma::write::XzEncoder::new(Vec::new(), 6);
    e.write_all(data).unwrap();
    e.finish().unwrap()
}

fn tersed(method: trs::Method, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut e = trs::Encoder::new(&trs::Header::host(method, false, 80), trs::Effort::Longest, &mut out);
    e.record(data, &mut out);
    e.finish(&mut out);
    out
}

fn sample() -> Vec<u8> {
    let mut s = 7u32;
    (0..200_000u32)
        .map(|i| {
            s = s.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if i % 100 < 80 { 0x81 + (i % 9) as u8 } else { (s >> 24) as u8 }
        })
        .collect()
}

/// What is inside, the layers' names, and the notes.
fn run(data: &[u8], options: &LayerOptions) -> (Vec<u8>, Vec<&'static str>, Vec<Note>) {
    let mut p = peel(Box::new(io::Cursor::new(data.to_vec())), options).unwrap();
    let mut out = Vec::new();
    p.reader.read_to_end(&mut out).unwrap();
    assert!(out.starts_with(&p.prefix));
    (out, p.layers.iter().map(|l| l.name).collect(), p.notes.take())
}

fn plain(data: &[u8]) -> (Vec<u8>, Vec<&'static str>, Vec<Note>) {
    run(data, &LayerOptions::default())
}

#[test]
fn one_layer_and_many() {
    let d = sample();
    for (name, packed) in [
        ("gzip", gz(&d)),
        ("zstd", zst(&d)),
        ("xz", xzs(&d)),
        ("terse", tersed(trs::Method::Pack, &d)),
        ("terse", tersed(trs::Method::Spack, &d)),
    ] {
        let (out, layers, notes) = plain(&packed);
        assert!(out == d && layers == [name] && notes.is_empty(), "{name}: {layers:?} {notes:?}");
    }
    let all = gz(&zst(&xzs(&tersed(trs::Method::Spack, &gz(&d)))));
    let (out, layers, notes) = plain(&all);
    assert!(out == d && notes.is_empty(), "{notes:?}");
    assert_eq!(layers, ["gzip", "zstd", "xz", "terse", "gzip"]);
    let (out, layers, _) = plain(&d);
    assert!(out == d && layers.is_empty());
    assert!(plain(&[]).0.is_empty());
}

#[test]
fn nesting_has_a_limit() {
    let mut d = b"\xC1\xC2\xC3".to_vec();
    for _ in 0..20 {
        d = gz(&d);
    }
    let (out, layers, notes) = plain(&d);
    assert_eq!(layers.len(), MAX_NESTING);
    assert!(gzip::recognise(&out));
    assert_eq!(notes[0].kind, AnomalyKind::LimitReached);
}

#[test]
fn members_frames_and_streams_follow_each_other_and_garbage_is_told() {
    let d = sample();
    let twice = [&d[..], &d].concat();
    for f in [gz, zst, xzs] {
        let both = [f(&d), f(&d)].concat();
        let (out, _, notes) = plain(&both);
        assert!(out == twice && notes.is_empty(), "{notes:?}");
        let mut garbage = both.clone();
        garbage.extend_from_slice(b"this is not part of it");
        let (out, _, notes) = plain(&garbage);
        assert!(out == twice);
        assert_eq!((notes.len(), notes[0].kind), (1, AnomalyKind::SkippedBytes), "{notes:?}");
        assert_eq!(notes[0].offset, both.len() as u64);
        assert!(notes[0].text.contains("22 bytes"), "{}", notes[0].text);
    }
}

#[test]
fn cut_files_give_what_is_there() {
    let d = sample();
    for packed in [gz(&d), zst(&d), xzs(&d), tersed(trs::Method::Pack, &d), tersed(trs::Method::Spack, &d)] {
        for part in [2, 3, 5] {
            let cut = &packed[..packed.len() * (part - 1) / part];
            let (out, layers, notes) = plain(cut);
            assert!(d.starts_with(&out), "{layers:?}");
            // zstd and xz keep up to a block back.
            assert!(
                out.len() * 4 > d.len() || layers[0] == "zstd" || layers[0] == "xz",
                "{layers:?} {}",
                out.len()
            );
            assert_eq!(notes.len(), 1, "{layers:?} {notes:?}");
            assert_eq!(notes[0].kind, AnomalyKind::TruncatedFile, "{layers:?} {notes:?}");
        }
        // In the last bytes.
        let (out, _, notes) = plain(&packed[..packed.len() - 3]);
        assert!(d.starts_with(&out) && notes.len() == 1, "{notes:?}");
    }
}

#[test]
fn damaged_files_give_what_comes_before() {
    let d = sample();
    for packed in [gz(&d), zst(&d), xzs(&d)] {
        let mut bad = packed.clone();
        let at = bad.len() / 2;
        bad[at..at + 40].fill(0xA5);
        let (_, layers, notes) = plain(&bad);
        let kinds = [AnomalyKind::BadCompression, AnomalyKind::BadChecksum, AnomalyKind::TruncatedFile];
        assert!(notes.iter().all(|n| kinds.contains(&n.kind)) && !notes.is_empty(), "{layers:?} {notes:?}");
    }
    let mut bad = gz(&d);
    let at = bad.len() - 6;
    bad[at] ^= 1;
    let (out, _, notes) = plain(&bad);
    assert!(out == d);
    assert_eq!(notes[0].kind, AnomalyKind::BadChecksum);
}

#[test]
fn bombs_are_stopped_and_named() {
    let zeros = vec![0; 6 << 20];
    let small = LayerLimits { max_ratio: 10, ratio_from: 1 << 20, ..LayerLimits::default() };
    for packed in [gz(&zeros), zst(&zeros), xzs(&zeros)] {
        let o = LayerOptions { limits: small, ..LayerOptions::default() };
        let (out, _, notes) = run(&packed, &o);
        assert_eq!(out.len() as u64, 1 << 20);
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert_eq!(notes[0].kind, AnomalyKind::LimitReached);
        assert!(notes[0].advice.contains("--max-ratio"));
        let limits = LayerLimits { max_ratio: 0, max_bytes: 5_000_000, ..small };
        let (out, _, notes) = run(&packed, &LayerOptions { limits, ..LayerOptions::default() });
        assert_eq!(out.len(), 5_000_000);
        assert!(notes[0].advice.contains("--max-bytes"));
    }
    // gzip's 1,032:1 passes the default.
    let honest = LayerLimits { ratio_from: 0, ..LayerLimits::default() };
    let o = LayerOptions { limits: honest, ..LayerOptions::default() };
    let (out, _, notes) = run(&gz(&zeros), &o);
    assert!(out.len() == zeros.len() && notes.is_empty());
}

#[test]
fn tapes() {
    let label = |t: &str| {
        let mut b = Vec::new();
        formats::ebcdic::CodePage::Ibm037.encode(&format!("{t:80}"), &mut b);
        b
    };
    let mut w = Writer::new();
    let mut t = Vec::new();
    for l in ["VOL1ABC123", "HDR1SYS1.TRACE", "HDR2F0040000080"] {
        w.block(&label(l), &mut t);
    }
    w.mark(&mut t);
    let (a, b) = (vec![0xC1; 400], vec![0xC2; 400]);
    w.block(&a, &mut t);
    w.block(&b, &mut t);
    w.mark(&mut t);
    w.block(&label("EOF1SYS1.TRACE"), &mut t);
    w.mark(&mut t);
    w.block(&label("HDR1SECOND"), &mut t);
    w.mark(&mut t);
    w.block(&[0xC3; 70_000], &mut t);
    w.mark(&mut t);
    w.mark(&mut t);
    let p = peel(Box::new(io::Cursor::new(t.clone())), &LayerOptions::default()).unwrap();
    assert_eq!(p.layers[0].detail, "volume ABC123, SYS1.TRACE, RECFM F, LRECL 00080, BLKSIZE 00400");
    assert_eq!(p.shape(), Some(Shape::Fixed(80)));
    let (out, layers, notes) = plain(&t);
    assert_eq!((out, layers), ([a.clone(), b].concat(), vec!["aws"]));
    assert_eq!(notes[0].text, "1 more data files on the tape");
    let second = LayerOptions { tape_file: Some(2), ..LayerOptions::default() };
    assert_eq!(run(&t, &second).0, vec![0xC3; 70_000]);
    // Cut inside the second data block.
    let at = 4 * 6 + 3 * 80 + 6 + 400 + 6 + 100;
    let (out, _, notes) = plain(&t[..at]);
    assert_eq!(out.len(), 500);
    assert_eq!(notes[0].kind, AnomalyKind::TruncatedFile);
}

#[test]
fn a_transmitted_sequential_data_set() {
    // INMR01 (LRECL 80), INMR02 (INMCOPY, PS, RECFM V), INMR03, data "HI", INMR06.
    let mut x = Vec::new();
    let unit = |key: u16, value: &'static [u8]| formats::xmit::text_unit::TextUnit {
        key: formats::xmit::text_unit::Key(key),
        values: vec![value],
    };
    use formats::xmit::control::{Id, encode};
    use formats::xmit::segment::encode_record;
    encode(Id::INMR01, None, &[unit(0x42, &[80])], &mut x);
    let copy = [
        unit(0x1028, &[0xC9, 0xD5, 0xD4, 0xC3, 0xD6, 0xD7, 0xE8]),
        unit(0x3C, &[0x40, 0]),
        unit(0x49, &[0x40, 0]),
    ];
    encode(Id::INMR02, Some(1), &copy, &mut x);
    encode(Id::INMR03, None, &[], &mut x);
    encode_record(false, &[0xC8, 0xC9], &mut x);
    encode_record(false, &[0x81; 600], &mut x);
    let cut = x.len();
    encode(Id::INMR06, None, &[], &mut x);
    x.resize(x.len().next_multiple_of(80), 0x40);
    let (out, layers, notes) = plain(&x);
    assert_eq!(out[..6], [0, 6, 0, 0, 0xC8, 0xC9]);
    assert_eq!((out.len(), &out[6..11]), (6 + 604, &[2, 0x5C, 0, 0, 0x81][..]));
    assert_eq!((layers, notes), (vec!["xmit"], vec![]));
    let (out, _, notes) = plain(&x[..cut - 5]);
    assert_eq!(out, [0, 6, 0, 0, 0xC8, 0xC9]);
    assert_eq!(notes[0].kind, AnomalyKind::TruncatedFile);
}

fn captures() -> Option<PathBuf> {
    let p = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/captures"));
    if !p.is_dir() {
        println!("skipped: {} is missing", p.display());
        return None;
    }
    Some(p)
}

fn files(dir: &Path, all: &mut Vec<PathBuf>) {
    for f in std::fs::read_dir(dir).unwrap() {
        let p = f.unwrap().path();
        if p.is_dir() {
            files(&p, all);
        } else {
            all.push(p);
        }
    }
}

/// Every real file: its name says which layers it has.
#[test]
fn real_files_are_told_apart() {
    let Some(dir) = captures() else { return };
    let mut all = Vec::new();
    files(&dir, &mut all);
    let mut packed = 0;
    for p in &all {
        let file = std::fs::read(p).unwrap();
        let (out, layers, notes) = plain(&file);
        let want: &[&str] = match p.extension().and_then(|e| e.to_str()) {
            Some("gz") => &["gzip"],
            Some("xz") => &["xz"],
            Some("PACK" | "SPACK") => &["terse"],
            Some("xmi") => &["xmit", "pds"],
            _ => &[],
        };
        // Some captures are compressed without saying so in their names.
        if want.is_empty() && layers == ["gzip"] && file.starts_with(&[0x1F, 0x8B]) {
            continue;
        }
        assert_eq!(layers, want, "{}", p.display());
        if want == ["gzip"] || want == ["xz"] {
            packed += 1;
            assert_eq!(notes, [], "{}", p.display());
            let tool = if want == ["gzip"] { "gzip" } else { "xz" };
            match std::process::Command::new(tool).arg("-dc").arg(p).output() {
                Ok(o) => assert!(o.stdout == out, "{}", p.display()),
                Err(e) => println!("skipped: {tool}: {e}"),
            }
        }
    }
    assert!(packed > 0);
}

#[test]
fn members_of_a_library_are_listed_and_chosen() {
    let Some(dir) = captures() else { return };
    let file = std::fs::read(dir.join("zos/xmit/test_pds.xmi")).unwrap();
    let open = |o: &LayerOptions| peel(Box::new(io::Cursor::new(file.clone())), o).unwrap();
    let named = LayerOptions { member: Some("jes2jpg".into()), ..LayerOptions::default() };
    let mut p = open(&named);
    assert_eq!(p.layers[1].members, ["SNAKE", "JES2JPG", "JES2HIST", "XMIT"]);
    assert_eq!(p.layers[1].member.as_deref(), Some("JES2JPG"));
    assert_eq!(p.shape(), Some(Shape::Fixed(80)));
    let mut out = Vec::new();
    p.reader.read_to_end(&mut out).unwrap();
    assert_eq!((out.len(), &out[..4]), (32080, &[0xFF, 0xD8, 0xFF, 0xE0][..]));
    // The first that the caller knows.
    let accepts: Accepts = Arc::new(|b: &[u8]| b.starts_with(&[0xFF, 0xD8]));
    let p = open(&LayerOptions { accepts: Some(accepts), ..LayerOptions::default() });
    assert_eq!(p.layers[1].member.as_deref(), Some("JES2JPG"));
    assert_eq!(p.prefix.len(), 32080);
    // None of them is anything.
    let p = open(&LayerOptions::default());
    assert_eq!((p.prefix.len(), p.layers[1].members.len()), (0, 4));
    let notes = p.notes.take();
    assert_eq!(notes[0].advice, "choose one with --member");
    // Cut inside a member.
    let cut = LayerOptions { member: Some("JES2HIST".into()), ..LayerOptions::default() };
    let mut p = peel(Box::new(io::Cursor::new(file[..40_000].to_vec())), &cut).unwrap();
    out.clear();
    p.reader.read_to_end(&mut out).unwrap();
    assert!(!out.is_empty() && out.len() < 6640);
    assert!(p.notes.take().iter().any(|n| n.kind == AnomalyKind::TruncatedFile));
}
