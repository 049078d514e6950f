//! Written captures: read back, and read by tshark.

mod support;

use analyzer::export::Exporter;
use analyzer::export::pcap::PcapExport;
use analyzer::export::pcapng::PcapngExport;
use analyzer::pipeline::Report;
use analyzer::source::frame::LinkType;
use formats::endian::Endian;
use formats::pcapng::{Block, BlockType, Section};
use support::*;

/// Writes what of `bytes` passes; returns the file and the notes.
fn export(
    to: &str,
    bytes: &[u8],
    window: usize,
    keep: Option<&dyn Fn(u64) -> bool>,
) -> (Vec<u8>, Vec<String>) {
    let path = Temp::new(&format!("export.{to}"), &[]);
    let file = std::fs::File::create(&path.0).unwrap();
    let mut w: Box<dyn Exporter> = match to {
        "pcap" => Box::new(PcapExport::new(file)),
        _ => Box::new(PcapngExport::new(file, keep.is_some())),
    };
    let mut n = 0;
    batches(framer(bytes).unwrap().as_mut(), bytes, window, |b| {
        let passed = keep.map(|k| (n..).take(b.frames.len()).map(k).collect::<Vec<_>>());
        n += b.frames.len() as u64;
        w.batch(b, passed.as_deref()).unwrap();
    });
    let notes = w.finish(&Report::default()).unwrap();
    drop(w);
    (std::fs::read(&path.0).unwrap(), notes)
}

#[test]
fn a_pcapng_source_is_carried_over_byte_for_byte() {
    let Some(dir) = captures() else { return };
    let index = std::fs::read_to_string(dir.join("INDEX.tsv")).unwrap();
    let mut n = 0;
    for line in index.lines().skip(1) {
        let name = line.split('\t').next().unwrap();
        let bytes = read(&dir.join(name));
        if analyzer::source::pcapng::recognise(&bytes) {
            for window in [400, 1 << 20] {
                assert!(export("pcapng", &bytes, window, None).0 == bytes, "{name}");
                n += 1;
            }
        }
    }
    assert!(n > 400, "{n}");
}

#[test]
fn a_filtered_export_drops_packets_and_nothing_else() {
    let Some(dir) = captures() else { return };
    for name in [
        "corpora/pcapng-test-generator/output_be/difficult/test201.pcapng",
        "corpora/pcapng-test-generator/output_be/difficult/test202.pcapng",
        "corpora/pcapng-test-generator/output_le/advanced/test102.pcapng",
        "corpora/pcapplusplus/Pcap++Test/PcapExamples/many_interfaces-1.pcapng",
        "sna/llc2-netbios/dos_win98_smb_netbeui.pcapng",
    ] {
        let bytes = read(&dir.join(name));
        let before = walk(framer(&bytes).unwrap().as_mut(), &bytes, 1 << 20);
        let (out, _) = export("pcapng", &bytes, 3000, Some(&|n| n % 3 == 1));
        let after = walk(framer(&out).unwrap().as_mut(), &out, 1 << 20);
        check_tally(&after, out.len());
        assert!(after.anomalies.is_empty(), "{:?}", after.anomalies);
        let kept = |(i, f): (usize, Seen)| (i % 3 == 1 || f.link == LinkType::PCAPNG_CUSTOM).then_some(f);
        let want: Vec<_> =
            before.frames.into_iter().enumerate().filter_map(kept).map(|f| (f.time, f.head)).collect();
        assert_eq!(after.frames.into_iter().map(|f| (f.time, f.head)).collect::<Vec<_>>(), want, "{name}");
        let without_length = |(_, kind, mut raw): (usize, u32, Vec<u8>)| {
            if kind == BlockType::SECTION.0 {
                raw[16..24].fill(0xff);
            }
            raw
        };
        let blocks: Vec<_> = before.blocks.into_iter().map(without_length).collect();
        assert_eq!(after.blocks.into_iter().map(|b| b.2).collect::<Vec<_>>(), blocks, "{name}");
    }
}

#[test]
fn the_section_length_is_erased_only_when_packets_are_dropped() {
    let mut b = Vec::new();
    Section::encode(Endian::Big, 20, &mut b, |_| {});
    formats::pcapng::Interface::encode(Endian::Big, 1, 0, &mut b, |_| {});
    assert_eq!(export("pcapng", &b, 100, None).0, b);
    let (out, _) = export("pcapng", &b, 100, Some(&|_| true));
    let s = Section::decode(&Block::decode(&out, Endian::Big).unwrap()).unwrap();
    assert_eq!((s.length, out.len()), (u64::MAX, b.len()));
    assert_eq!(out[24..], b[24..]);
}

/// Containers whose packets have nothing, a pseudo-header or an ERF header before them.
const SOURCES: [&str; 12] = [
    "corpora/arkime/bigendian.pcap",
    "corpora/arkime/IKEv2.pcap",
    "corpora/pcapplusplus/Pcap++Test/PcapExamples/nanosecs_big_endian.pcap",
    "infiniband/infiniband.pcap",
    "ibm-traces/dualhome.iptrace",
    "corpora/libtrace/100_packets.erf",
    "corpora/wireshark-wiki/gsm/abis-accept-network.pcap",
    "corpora/wireshark-wiki/point-to-point-ppp/ppp_lcp_ipcp.pcap",
    "corpora/wireshark-wiki/general-unsorted/SITA-Protocols.cap",
    "corpora/wireshark-wiki/general-unsorted/Ethernet_Pause_Frame.cap",
    "corpora/wireshark-wiki/general-unsorted/fw1_mon2018.cap",
    "corpora/wireshark-wiki/general-unsorted/Mixed1.cap",
];

#[test]
fn other_containers_become_captures_that_tshark_reads_alike() {
    let Some(dir) = captures() else { return };
    for name in SOURCES {
        let path = dir.join(name);
        let bytes = read(&path);
        let fields = ["frame.time_epoch", "frame.len", "frame.cap_len", "frame.protocols"];
        let Some((theirs, true)) = tshark_fields(&path, fields) else { return };
        for to in ["pcapng", "pcap"] {
            let (out, notes) = export(to, &bytes, 10_000, None);
            if to == "pcap" && name.ends_with("iptrace") {
                assert!(notes[0].contains("packets of other link types were left out"), "{notes:?}");
                continue;
            }
            let left_out = notes.iter().any(|n| n.contains("left out") || n.contains("do not fit"));
            assert!(!left_out, "{name}: {notes:?}");
            let file = Temp::new(&format!("out.{to}"), &out);
            let (mut ours, whole) = tshark_fields(&file.0, fields).unwrap();
            assert!(whole, "{name}");
            if to == "pcap" && name.ends_with("Pause_Frame.cap") {
                // TRSNIFF times are finer than a microsecond and so is the file.
                assert_eq!(out[..4], [0x4d, 0x3c, 0xb2, 0xa1]);
            }
            // Without a word on the FCS tshark guesses, which shows in the protocols of padding.
            for (o, t) in ours.iter_mut().zip(&theirs) {
                assert_eq!(o[3].split(':').next(), t[3].split(':').next(), "{name} to {to}");
                o[3].clone_from(&t[3]);
            }
            assert_eq!(ours, theirs, "{name} to {to}");
        }
    }
}

#[test]
fn a_pcap_file_comes_out_as_it_went_in() {
    let Some(dir) = captures() else { return };
    let bytes = read(&dir.join("corpora/arkime/IKEv2.pcap"));
    assert!(export("pcap", &bytes, 5000, None).0 == bytes);
    // An FCS length in the file header is kept.
    let mut b = Vec::new();
    let mut h = formats::pcap::FileHeader::new(true, 1, 262_144);
    h.network = 0x2400_0001;
    h.encode(&mut b);
    let r = formats::pcap::RecordHeader { ts_sec: 1_700_000_000, ts_frac: 1, incl_len: 4, orig_len: 64 };
    r.encode(Endian::Little, &mut b);
    b.extend_from_slice(&[1, 2, 3, 4]);
    assert_eq!(export("pcap", &b, 5000, None).0, b);
}

#[test]
fn empty_files_are_valid() {
    let empty = {
        let mut b = Vec::new();
        formats::pcap::FileHeader::new(false, 101, 0).encode(&mut b);
        b
    };
    for to in ["pcap", "pcapng"] {
        let (out, _) = export(to, &empty, 100, None);
        let f = walk(framer(&out).unwrap().as_mut(), &out, 100);
        assert!(f.frames.is_empty() && f.anomalies.is_empty());
    }
}
