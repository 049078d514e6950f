//! The files of `samples/ctrace/`: small component traces, each showing one thing. Everything in them is made here,
//! from fixed numbers, so that the files can be made again byte by byte.

pub mod data_set;
pub mod packets;

use formats::ctrace::data_trace::{DataTrace, Domain, SocketType};
use formats::ctrace::encode::PacketEntry;
use formats::ctrace::extension::ExtensionType;
use formats::ctrace::nmi::{Message, TermCode, TmiId};
use formats::ctrace::pthdr::{DeviceType, Flags, address_field};
use formats::ctrace::smc::{Cursor, LLC_PROTOCOL, SmcFields};
use formats::ctrace::{Component, FormatId, Name, cte, name};

use data_set::{Meta, at, entry, header, packet, records, with_bdw, with_rdw};
use packets::{End, conversation, dns_query, ping, tcp, udp};

const V4: u8 = DeviceType::IPAQENET.0;
const V6: u8 = DeviceType::IPAQENET6.0;

/// A sample file and the line that the list of samples says about it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// File name.
    pub name: &'static str,
    /// What it shows.
    pub shows: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// All samples, in the order of the list.
#[must_use]
pub fn all() -> Vec<Sample> {
    let traffic = entries(&traffic());
    let main = records(Component::SYSTCPDA, 1, &traffic);
    let sample = |name, shows, bytes| Sample { name, shows, bytes };
    let set = |e: &[u8]| with_rdw(&records(Component::SYSTCPDA, 1, e));
    vec![
        sample(
            "download-rdw.ctrace",
            "packet trace with record descriptor words: DNS, ping, an HTTP download; the second record begins inside an entry",
            with_rdw(&main),
        ),
        sample("download-bdw.ctrace", "the same with block descriptor words", with_bdw(&main)),
        sample(
            "download-raw.ctrace",
            "the same without any lengths, as FTP delivers it by default",
            main.concat(),
        ),
        sample(
            "download-nmi.ctrace",
            "the same as a stream of the network management interface",
            nmi(&traffic),
        ),
        sample(
            "data-trace.ctrace",
            "data trace: what a job sent and received on a socket, entry id 5",
            set(&data_trace()),
        ),
        sample(
            "segmented.ctrace",
            "two packets of 20 KB and 4 KB over loopback, each in segments that alternate with other records",
            set(&segmented()),
        ),
        sample(
            "missing-segment.ctrace",
            "a packet in five segments of which the third is not there",
            set(&missing_segment()),
        ),
        sample("abbreviated.ctrace", "packets cut to 80 bytes by ABBREV", set(&abbreviated())),
        sample(
            "dropped.ctrace",
            "packets that the stack discarded, with reason codes of each layer",
            set(&dropped()),
        ),
        sample(
            "smc.ctrace",
            "SMC-R and SMC-D records, entry id 8: a link-layer message and data, with the SMC extension",
            set(&smc()),
        ),
        sample(
            "osaenta.ctrace",
            "OSA network traffic analyzer, component SYSTCPOT, entry id 7: Ethernet frames with ARP and a VLAN tag",
            with_rdw(&records(Component::SYSTCPOT, 1, &osaenta())),
        ),
        sample(
            "short-header.ctrace",
            "packet trace headers of 80, 84, 88 and 90 bytes, as older releases may have written them",
            set(&short_header()),
        ),
        sample(
            "ee-ipv6-vipa.ctrace",
            "Enterprise Extender ports, IPv6, and a VIPA as source",
            set(&ee_ipv6_vipa()),
        ),
        sample(
            "mixed-components.ctrace",
            "one data set of SYSTCPDA, SYSTCPIP, SYSTCPRE, SYSTCPIS and GSKSRVR",
            with_rdw(&mixed_components()),
        ),
        sample(
            "damaged.ctrace",
            "download-rdw.ctrace with a changed length, 100 bytes missing, 60 bytes too many, and its end cut off",
            damaged(with_rdw(&main)),
        ),
    ]
}

/// The list of samples as it stands beside them.
#[must_use]
pub fn readme() -> String {
    let mut text = "# Component traces\n\n\
        Component traces made by `cargo run -p tests --bin make-ctrace-samples`: every packet and every name in\n\
        them is artificial. The header in front of each record is this project's own (see\n\
        `docs/formats/ctrace-writer.md`).\n\n| file | shows |\n|---|---|\n"
        .to_owned();
    for s in all() {
        text += &format!("| `{}` | {} |\n", s.name, s.shows);
    }
    text
}

fn entries(all: &[Vec<u8>]) -> Vec<u8> {
    all.concat()
}

/// DNS, two pings and an HTTP download of 25 KB, 39 packets.
fn traffic() -> Vec<Vec<u8>> {
    let host = End::new("10.1.0.2", 1025);
    let name_server = End::new("10.1.9.53", 53);
    let query = udp(host, name_server, &dns_query("www.example.com"));
    let mut all = vec![(true, query)];
    let peer = End::new("10.1.1.2", 0);
    for seq in 1..=2 {
        all.push((true, ping(host.ip, peer.ip, false, seq)));
        all.push((false, ping(peer.ip, host.ip, true, seq)));
    }
    let client = End::new("10.1.1.2", 41_416);
    let server = End::new("10.1.0.2", 80);
    let page: Vec<u8> = (0..600)
        .flat_map(|n| format!("<p>line {n:04} of the page that is sent</p>\r\n").into_bytes())
        .collect();
    let answer =
        [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", page.len()).as_bytes(), &page].concat();
    let ask = b"GET /index.html HTTP/1.1\r\nHost: www.example.com\r\n\r\n";
    all.extend(conversation(client, server, ask, &answer, 1460));
    (1..)
        .zip(all)
        .map(|(n, (out, p))| {
            let m = Meta { interface: "OSDL1", device: V4, out, micros: u64::from(n) * 1200, number: n };
            packet(m, &p)
        })
        .collect()
}

fn nmi(traffic: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let init = Message::Init {
        system: Name::new("MVS118"),
        component: Component::SYSTCPDA,
        job: Name::new("TCPCS"),
        start: at(0),
        max_buffer: 65_536,
    };
    init.encode(&mut out);
    Message::Token { id: TmiId::PACKET_TOKEN, token: [0x5A; 32] }.encode(&mut out);
    out.extend_from_slice(traffic);
    // The copy service leaves a halfword of zeros behind the last entry.
    out.extend([0, 0]);
    Message::Term { code: TermCode(0), time: at(9_000_000) }.encode(&mut out);
    out
}

fn data_trace() -> Vec<u8> {
    let mut out = Vec::new();
    let text: [&[u8]; 3] = [b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n", b"<html>hello</html>"];
    for (n, t) in (0_u64..).zip(text) {
        let (me, it) = (End::new("10.1.0.2", 8803), End::new("10.1.1.2", 41_416));
        let sent = n > 0;
        let (from, to) = if sent { (me, it) } else { (it, me) };
        let p = tcp(from, to, 1, 1, packets::flag::ACK, t);
        let m = Meta { interface: "", device: 0, out: sent, micros: n * 900, number: n as u32 + 1 };
        let mut h = header(m, &p);
        h.flag |= if n == 2 { Flags::CLEAR_TEXT.0 } else { 0 };
        h.name = DataTrace::new(Name::new("WEBSRV1"), Domain(2), SocketType(1), 6, 0).0;
        h.word_76 = 0x58.into();
        h.plen = (t.len() as u16).into();
        out.extend(entry(FormatId::DATA, n * 900, h, t));
    }
    out
}

fn segments(p: &[u8], number: u32, size: usize) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let m = Meta {
        interface: "LOOPBACK",
        device: DeviceType::LOOPBACK.0,
        out: true,
        micros: u64::from(number) * 1000,
        number,
    };
    let e = PacketEntry::new(FormatId::PACKET, at(m.micros + 2), header(m, p), p);
    e.encode_segments(size, |s| {
        all.push(s.to_vec());
        Ok(())
    })
    .expect("segments of a sample fit");
    all
}

fn big(len: usize) -> Vec<u8> {
    let data: Vec<u8> = (0..len).map(|n| b'a' + (n % 26) as u8).collect();
    tcp(End::new("127.0.0.1", 1030), End::new("127.0.0.1", 9000), 77, 1, packets::flag::ACK, &data)
}

fn segmented() -> Vec<u8> {
    let (a, b) = (segments(&big(20_000), 1, 4096), segments(&big(4000), 2, 1000));
    let small = traffic();
    let mut out = Vec::new();
    for n in 0..a.len().max(b.len()) {
        let two = a.get(n).into_iter().chain(b.get(n));
        out.extend(two.chain(small.get(n)).flatten());
    }
    out
}

fn missing_segment() -> Vec<u8> {
    let mut s = segments(&big(4500), 1, 1000);
    s.remove(2);
    entries(&[entries(&s), entries(&traffic()[..3])])
}

fn abbreviated() -> Vec<u8> {
    let server = End::new("10.1.0.2", 80);
    let all = conversation(End::new("10.1.1.2", 50_000), server, &[b'q'; 900], &[b'a'; 2800], 1400);
    let mut out = Vec::new();
    for (n, (sent, p)) in (1..).zip(all) {
        let m = Meta { interface: "OSDL1", device: V4, out: sent, micros: u64::from(n) * 700, number: n };
        out.extend(entry(FormatId::PACKET, m.micros, header(m, &p), &p[..p.len().min(80)]));
    }
    out
}

fn dropped() -> Vec<u8> {
    let mut out = Vec::new();
    // One of each layer: OSA, interface and IP (two), TCP, UDP, RAW; the last two are not dropped.
    for (n, reason) in (1_u32..).zip([17_u16, 4096, 4102, 8192, 12_288, 16_384, 0, 0]) {
        let (from, to) = (End::new("10.1.1.2", 40_000 + n as u16), End::new("10.1.0.2", 23));
        let mut p = match reason {
            12_288 => udp(from, to, b"nobody listens"),
            _ => tcp(from, to, n, 0, packets::flag::SYN, &[]),
        };
        if reason == 4102 {
            p[10] ^= 0xFF;
        }
        let m = Meta { interface: "OSDL1", device: V4, out: false, micros: u64::from(n) * 300, number: n };
        let mut h = header(m, &p);
        h.drop_rsn = reason.into();
        out.extend(entry(FormatId::PACKET, m.micros, h, &p));
    }
    out
}

/// A CONFIRM LINK message as SMC-R sends it first on a link, 44 bytes.
const CONFIRM_LINK: [u8; 44] = [
    0x01, 0x2C, 0x00, 0x03, 0x98, 0x03, 0x9B, 0xAB, 0xCD, 0xEF, 0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0x9A, 0x03,
    0x9B, 0xFF, 0xFE, 0xAB, 0xCD, 0xEF, 0, 0, 0xE4, 0x01, 0, 0, 0x01, 0, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

fn smc() -> Vec<u8> {
    let mut out = Vec::new();
    let cases: [(&str, u8, &[u8]); 4] = [
        ("EZARIUT100100", LLC_PROTOCOL, &CONFIRM_LINK),
        ("EZARIUT100100", 6, b"data over SMC-R"),
        ("EZAISM01", 6, b"data over SMC-D"),
        ("EZAISM01", 6, b"more of it"),
    ];
    for (n, (interface, protocol, data)) in (1_u32..).zip(cases) {
        let p = tcp(End::new("10.1.0.2", 5000), End::new("10.1.1.2", 6000), n, 1, packets::flag::ACK, data);
        let m = Meta { interface, device: 0, out: n % 2 == 1, micros: u64::from(n) * 250, number: n };
        let mut h = header(m, &p);
        h.protocol = protocol;
        h.plen = (data.len() as u16).into();
        let fields = SmcFields {
            producer: Cursor { wrap: 0, offset: 0x400 * n },
            consumer: Cursor { wrap: 1, offset: 0x200 },
            local_index: 1,
            remote_index: 2,
            local_id: 0x0001_0002,
            remote_id: 0x0003_0004,
            local_gid: [0x11; 16],
            remote_gid: [0x22; 16],
            local_qp: 0xE4,
            remote_qp: 0xE6,
            ..SmcFields::default()
        };
        let mut extension = Vec::new();
        fields.extension(ExtensionType(0), &mut extension).expect("an extension of a sample fits");
        let e = PacketEntry {
            extensions: &extension,
            ..PacketEntry::new(FormatId::SMC, at(m.micros + 2), h, data)
        };
        e.encode(&mut out).expect("an entry of a sample fits");
    }
    out
}

fn osaenta() -> Vec<u8> {
    let mac = |last: u8| [0x02, 0, 0, 0, 0, last];
    let ip = ping(End::new("10.1.0.2", 0).ip, End::new("10.1.1.2", 0).ip, false, 7);
    let mut arp =
        [&[0xFF; 6][..], &mac(1), &[0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1], &mac(1), &[10, 1, 0, 2]].concat();
    arp.extend([0, 0, 0, 0, 0, 0, 10, 1, 1, 2]);
    let plain = [&mac(2)[..], &mac(1), &[0x08, 0], &ip].concat();
    let tagged = [&mac(2)[..], &mac(1), &[0x81, 0, 0, 42, 0x08, 0], &ip].concat();
    let mut out = Vec::new();
    for (n, frame) in (1_u32..).zip([arp, plain, tagged]) {
        let m =
            Meta { interface: "EZANTAQDIO4101", device: 0, out: false, micros: u64::from(n) * 80, number: n };
        let mut h = header(m, &ip);
        h.plen = (frame.len() as u16).into();
        h.vlan = if n == 3 { 42 } else { 0 }.into();
        out.extend(entry(FormatId::OSA, m.micros, h, &frame));
    }
    out
}

fn short_header() -> Vec<u8> {
    let mut out = Vec::new();
    let (from, to) = (End::new("10.1.0.2", 1025), End::new("10.1.9.53", 53));
    let p = udp(from, to, &dns_query("short.example.com"));
    for (n, len) in (1_u32..).zip([80, 84, 88, 90]) {
        let m = Meta { interface: "TR1", device: V4, out: true, micros: u64::from(n) * 500, number: n };
        let e = PacketEntry {
            header_len: len,
            ..PacketEntry::new(FormatId::PACKET, at(m.micros + 2), header(m, &p), &p)
        };
        e.encode(&mut out).expect("an entry of a sample fits");
    }
    out
}

fn ee_ipv6_vipa() -> Vec<u8> {
    // A null XID as LDLC sends it, and an unnumbered information frame of no further meaning.
    let xid: &[u8] = &[0x04, 0x04, 0xBF];
    let frame: &[u8] = &[0xC8, 0xC8, 0x03, 0xC6, 0x00];
    let mut out = Vec::new();
    let mut n = 0;
    let mut put = |id, interface, device, p: &[u8]| {
        n += 1;
        let m = Meta { interface, device, out: n % 2 == 1, micros: u64::from(n) * 400, number: n };
        out.extend(entry(id, m.micros, header(m, p), p));
    };
    for port in 12_000..=12_004 {
        let data = if port == 12_000 { xid } else { frame };
        let (from, to) = (End::new("10.1.1.1", port), End::new("10.1.1.2", port));
        put(FormatId::EE, "OSDL1", V4, &udp(from, to, data));
    }
    let (from, to) = (End::new("2001:db8::1", 12_000), End::new("2001:db8::2", 12_000));
    put(FormatId::EE, "OSDL6", V6, &udp(from, to, xid));
    // From a VIPA through whatever interface leads to the peer.
    let (from, to) = (End::new("10.99.0.1", 3000), End::new("10.1.1.2", 23));
    put(FormatId::PACKET, "OSDL1", V4, &tcp(from, to, 9, 0, packets::flag::SYN, &[]));
    let (from, to) = (End::new("2001:db8:99::1", 3000), End::new("2001:db8::2", 23));
    put(FormatId::PACKET, "OSDL6", V6, &tcp(from, to, 9, 0, packets::flag::SYN, &[]));
    out
}

fn other(id: u32, micros: u64, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    cte::encode(FormatId(id), at(micros), body, &mut out).expect("an entry of a sample fits");
    out
}

fn ebcdic(text: &str) -> Vec<u8> {
    text.chars().filter_map(name::from_latin1).collect()
}

fn mixed_components() -> Vec<Vec<u8>> {
    let mut stack = vec![0, 0x41, 0, 0x41, 0, 0x41, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    stack.extend(Name::<8>::new("TCPCS").0);
    stack.extend([0, 0, 0, 0x1C, 0, 0, 0, 0, 0, 80, 0, 0, 0, 0, 0, 0x58]);
    stack.extend(address_field(End::new("10.1.1.2", 0).ip));
    stack.extend(ebcdic("TCP connection opened"));
    let mut resolver = vec![0, 0x41, 0x00, 0x7F, 0xF0, 0xC0];
    resolver.extend(Name::<8>::new("FTPD1").0);
    resolver.extend([0, 0, 0, 0x2A]);
    resolver.extend(ebcdic("GetHostByName Started: www.example.com"));
    let scan = tcp(End::new("10.66.6.6", 4444), End::new("10.1.0.2", 1), 1, 0, packets::flag::SYN, &[]);
    let intrusion = [&ebcdic("OSDL1   EZBTCSCN")[..], &[0; 12], &scan].concat();
    let mut ssl = Name::<8>::new("GSKSRVR").0.to_vec();
    ssl.extend([0, 0, 0x01, 0x05, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0, 0]);
    ssl.extend(ebcdic("gsk_secure_socket_init"));
    ssl.push(0);
    let buffers = [
        (Component::SYSTCPDA, entries(&traffic()[..6])),
        (Component::SYSTCPIP, [other(0x0405_0001, 5000, &stack), other(0x0405_0002, 5100, &stack)].concat()),
        (Component::SYSTCPRE, other(0x000A_0002, 5200, &resolver)),
        (Component::SYSTCPIS, other(0x0303_0026, 5300, &intrusion)),
        (Component::GSKSRVR, [other(1, 5400, &ssl), other(8, 5500, &ssl)].concat()),
    ];
    (1..).zip(buffers).flat_map(|(n, (c, e))| records(c, n, &e)).collect()
}

fn damaged(mut bytes: Vec<u8>) -> Vec<u8> {
    // CTELENP of the second entry, which begins behind descriptor word, header and first entry.
    let first = 4 + formats::ctrace::writer::LEN;
    let second = first + usize::from(u16::from_be_bytes([bytes[first], bytes[first + 1]]));
    bytes[second + 1] ^= 0x20;
    bytes.drain(6000..6100);
    let again = bytes[9000..9060].to_vec();
    bytes.splice(12_000..12_000, again);
    bytes.truncate(bytes.len() - 333);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn the_files_are_what_is_made_here() {
        let dir = workspace::root().join("samples/ctrace");
        for s in all() {
            assert!(s.bytes.len() < 50_000, "{} has {} bytes", s.name, s.bytes.len());
            let there = std::fs::read(dir.join(s.name)).unwrap_or_default();
            assert!(there == s.bytes, "{}: run make-ctrace-samples", s.name);
        }
        assert_eq!(std::fs::read_to_string(dir.join("README.md")).unwrap_or_default(), readme());
    }
}
