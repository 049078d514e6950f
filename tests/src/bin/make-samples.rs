//! Makes the files of `samples/` again: the same bytes every time.
//!
//! Packets come from the traffic generator; component traces from the codecs, and, where a form
//! of file is the point, from `zscope export`.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use formats::ctrace::data_trace::{DataTrace, Domain, SocketType};
use formats::ctrace::encode::PacketEntry;
use formats::ctrace::extension::ExtensionType;
use formats::ctrace::pthdr::{DeviceType, PthFields, address_field};
use formats::ctrace::smc::SmcFields;
use formats::ctrace::{FormatId, Name, cte};
use formats::rdw::Rdw;
use formats::terse::{Effort, Encoder, Header, Method};
use formats::tod::Tod;
use tests::traffic::{CaptureFormat, Options, generate};
use tests::workspace;

fn main() -> io::Result<()> {
    let dir = workspace::root().join("samples");
    fs::create_dir_all(&dir)?;
    let mut pcap = Vec::new();
    let options =
        Options { size: 9_000, flows: 12, seed: 7, small: false, format: CaptureFormat::Pcap, nanos: false };
    generate(&options, &mut pcap)?;
    fs::write(dir.join("packets.pcap"), &pcap)?;
    for framing in ["rdw", "bdw", "raw", "nmi"] {
        let out = format!("packets-{framing}.ctrace");
        export(&dir, &["packets.pcap", "-o", &out, "--framing", framing])?;
    }
    export(&dir, &["packets.pcap", "-o", "packets.pcapng"])?;
    let kinds = kinds();
    fs::write(dir.join("kinds.ctrace"), &kinds)?;
    let framed = fs::read(dir.join("packets-rdw.ctrace"))?;
    fs::write(dir.join("packets.trs"), tersed(&framed))?;
    fs::write(dir.join("damaged.ctrace"), damaged(&framed))?;
    fs::write(dir.join("ascii-transfer.ctrace"), translated(&kinds))
}

/// Runs `zscope export` in the folder of the samples.
fn export(dir: &Path, args: &[&str]) -> io::Result<()> {
    let status = Command::new(workspace::zscope()).current_dir(dir).arg("export").args(args).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("export {args:?}: {status}"))) }
}

/// 2024-01-01 00:00:00 UTC and so many microseconds.
fn tod(micros: u64) -> Tod {
    Tod(0xDE6E_758D_DC00_0000 + micros * 4096)
}

/// One entry of every kind, gap-free as in an NMI buffer.
fn kinds() -> Vec<u8> {
    let mut out = Vec::new();
    let packet = udp_packet(b"a query");
    let header = |n: u64| PthFields {
        flag: 1,
        dev_ty: DeviceType::IPAQENET.0,
        name: Name::<16>::new("OSAQDIO1").0,
        time: tod(n * 1000).0.into(),
        src: address_field(Ipv4Addr::new(10, 1, 0, 1).into()),
        dst: address_field(Ipv4Addr::new(10, 1, 0, 2).into()),
        sport: 1025.into(),
        dport: 53.into(),
        record_number: (n as u32).into(),
        protocol: 17,
        plen: (packet.len() as u16).into(),
        ..PthFields::default()
    };
    let mut add = |e: PacketEntry<'_>| e.encode(&mut out).expect("a small record fits an entry");
    let at = |n: u64| tod(n * 1000 + 2);
    add(PacketEntry::new(FormatId::PACKET, at(1), header(1), &packet));
    // Thrown away by the stack: the header checksum was wrong.
    let dropped = PthFields { flag: 0, drop_rsn: 4102.into(), ..header(2) };
    add(PacketEntry::new(FormatId::PACKET, at(2), dropped, &packet));
    // Abbreviated: only the headers were traced.
    add(PacketEntry::new(FormatId::PACKET, at(3), header(3), &packet[..28]));
    // The header of an older release, without discard reason and segment length.
    add(PacketEntry { header_len: 88, ..PacketEntry::new(FormatId::PACKET, at(4), header(4), &packet) });
    // Enterprise Extender: ports 12000-12004.
    let ee = PthFields { sport: 12000.into(), dport: 12000.into(), ..header(5) };
    add(PacketEntry::new(FormatId::EE, at(5), ee, &packet));
    let socket = DataTrace::new(Name::new("FTPD1"), Domain(2), SocketType(1), 6, 0);
    let data = PthFields {
        name: socket.0,
        word_76: 0x58.into(),
        half_80: 0x2A.into(),
        protocol: 6,
        plen: 18.into(),
        ..header(6)
    };
    add(PacketEntry::new(FormatId::DATA, at(6), data, b"GET / HTTP/1.0\r\n\r\n"));
    let frame: Vec<u8> = [&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0][..], &packet[..]].concat();
    let osa = PthFields {
        name: Name::<16>::new("EZANTAQDIO4101").0,
        plen: (frame.len() as u16).into(),
        ..header(7)
    };
    add(PacketEntry::new(FormatId::OSA, at(7), osa, &frame));
    let mut extension = Vec::new();
    let fields = SmcFields {
        local_id: 0x101,
        remote_id: 0x202,
        local_qp: 0x11,
        remote_qp: 0x12,
        ..SmcFields::default()
    };
    fields.extension(ExtensionType(0), &mut extension).expect("the extension is short");
    let smc =
        PthFields { name: Name::<16>::new("EZARIUT10002").0, protocol: 252, plen: 44.into(), ..header(8) };
    // A Test Link message of SMC-R, 44 bytes.
    let mut llc = [0u8; 44];
    llc[..2].copy_from_slice(&[7, 44]);
    add(PacketEntry { extensions: &extension, ..PacketEntry::new(FormatId::SMC, at(8), smc, &llc) });
    // A long packet in segments, with another entry between them.
    let long = udp_packet(&[0x5A; 900]);
    let segmented = PacketEntry::new(
        FormatId::PACKET,
        at(9),
        PthFields { plen: (long.len() as u16).into(), ..header(9) },
        &long,
    );
    let mut parts = Vec::new();
    segmented
        .encode_segments(400, |e| {
            parts.push(e.to_vec());
            Ok(())
        })
        .expect("segments are short");
    for (i, part) in parts.iter().enumerate() {
        out.extend_from_slice(part);
        if i == 0 {
            let between = PacketEntry::new(FormatId::PACKET, at(10), header(10), &packet);
            between.encode(&mut out).expect("a small record fits an entry");
        }
    }
    // A stack event of SYSTCPIP.
    let mut body = [0u8; 80];
    body[1] = 0x2A;
    body[16..24].copy_from_slice(&Name::<8>::new("TCPIP").0);
    body[56..72].copy_from_slice(&address_field(Ipv4Addr::new(10, 1, 0, 2).into()));
    cte::encode(FormatId(0x1001_0001), at(11), &body, &mut out).expect("a small body fits an entry");
    out
}

/// An IPv4 packet from 10.1.0.1 port 1025 to 10.1.0.2 port 53.
fn udp_packet(payload: &[u8]) -> Vec<u8> {
    let udp = 8 + payload.len();
    let mut p = vec![0x45, 0];
    p.extend(((20 + udp) as u16).to_be_bytes());
    p.extend([0, 1, 0, 0, 64, 17, 0, 0, 10, 1, 0, 1, 10, 1, 0, 2]);
    let sum = formats::checksum::checksum(&p);
    p[10..12].copy_from_slice(&sum.to_be_bytes());
    p.extend([4, 1, 0, 53]);
    p.extend((udp as u16).to_be_bytes());
    p.extend([0, 0]);
    p.extend_from_slice(payload);
    p
}

/// The records of a file with descriptor words, in TERSE's PACK format.
fn tersed(framed: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&Header::host(Method::Pack, true, 27_994), Effort::Longest, &mut out);
    let mut rest = framed;
    while Rdw::parse(rest).is_ok() {
        let len = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
        let Some(record) = rest.get(4..len) else { break };
        encoder.record(record, &mut out);
        rest = &rest[len..];
    }
    encoder.finish(&mut out);
    out
}

/// A byte flipped, a stretch cut out, and noise put in.
fn damaged(framed: &[u8]) -> Vec<u8> {
    let mut d = framed.to_vec();
    let third = d.len() / 3;
    d[third] ^= 0x40;
    d.drain(third + 900..third + 1000);
    let at = third * 2;
    d.splice(at..at, (0..64u8).map(|i| i.wrapping_mul(37)));
    d
}

/// What an FTP transfer in ASCII mode makes of a trace.
fn translated(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for record in data.chunks(400) {
        out.extend(record.iter().map(|&b| formats::ctrace::name::to_char(b) as u32 as u8));
        out.extend(*b"\r\n");
    }
    out
}
