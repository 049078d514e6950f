//! A pcap file has one link type: what becomes of packets of others.

mod support;

use std::process::Command;

use formats::endian::Endian;
use formats::pcapng::{Enhanced, Interface, Section, UNKNOWN_LENGTH};
use support::Temp;

/// UDP from 10.0.0.1 to 10.0.0.2, and an Ethernet header for it.
const IP: [u8; 28] =
    [0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0x66, 0xCE, 10, 0, 0, 1, 10, 0, 0, 2, 2, 0, 0, 53, 0, 8, 0, 0];
const ETHER: [u8; 14] = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0];
const ARP: [u8; 14] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0, 0, 0, 1, 0x08, 0x06];

/// A capture with an interface of each link type, and packets of these.
fn capture(links: [u16; 2], packets: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    Section::encode(Endian::Little, UNKNOWN_LENGTH, &mut out, |_| {});
    for link in links {
        Interface::encode(Endian::Little, link, 0, &mut out, |_| {});
    }
    for (i, p) in packets {
        Enhanced::encode(Endian::Little, *i, 1_000_000, p.len() as u32, &[p], &mut out, |_| {});
    }
    out
}

/// Link type and packets of the exported file, and what zscope said.
fn export(bytes: &[u8]) -> (u32, Vec<Vec<u8>>, String) {
    let (from, to) = (Temp::new("m.pcapng", bytes), Temp::new("m.pcap", &[]));
    let out = Command::new(env!("CARGO_BIN_EXE_zscope"))
        .arg("export")
        .args([&from.0, &std::path::PathBuf::from("-o"), &to.0])
        .output()
        .unwrap();
    assert!(out.status.success());
    let file = std::fs::read(&to.0).unwrap();
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let (mut at, mut packets) = (24, Vec::new());
    while at < file.len() {
        let len = word(at + 8) as usize;
        assert_eq!(word(at + 12) as usize, len, "length on the wire");
        packets.push(file[at + 16..at + 16 + len].to_vec());
        at += 16 + len;
    }
    (word(20), packets, String::from_utf8(out.stderr).unwrap())
}

#[test]
fn a_file_of_raw_ip_takes_packets_without_their_link_headers() {
    // A short Ethernet frame is padded; the padding is no part of the packet.
    let mut padded = [&ETHER[..], &IP].concat();
    padded.resize(60, 0);
    let packets = [(0, IP.to_vec()), (1, padded), (1, [&ARP[..], &[0; 28]].concat())];
    let (link, got, said) = export(&capture([101, 1], &packets));
    assert_eq!((link, got), (101, vec![IP.to_vec(), IP.to_vec()]));
    assert!(said.contains("1 packets of other link types were written without their link headers"), "{said}");
    assert!(said.contains("1 packets of other link types were left out"), "{said}");
}

#[test]
fn a_file_of_ethernet_frames_gives_packets_a_header() {
    let frame = [&ETHER[..], &IP].concat();
    let packets = [(0, frame.clone()), (1, IP.to_vec())];
    let (link, got, said) = export(&capture([1, 101], &packets));
    let made = [&[0; 12][..], &[8, 0], &IP].concat();
    assert_eq!((link, got), (1, vec![frame, made]));
    assert!(
        said.contains("1 IP packets of other link types were written behind Ethernet headers of ours"),
        "{said}"
    );
}
