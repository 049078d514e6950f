//! The packets of the samples, built field by field with right checksums.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use formats::checksum::{Pseudo, checksum};

/// TCP flags.
#[allow(missing_docs)]
pub mod flag {
    pub const FIN: u8 = 0x01;
    pub const SYN: u8 = 0x02;
    pub const RST: u8 = 0x04;
    pub const PSH: u8 = 0x08;
    pub const ACK: u8 = 0x10;
}

/// One end of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Address.
    pub ip: IpAddr,
    /// Port.
    pub port: u16,
}

impl End {
    /// An end from text and a number.
    ///
    /// # Panics
    /// When the text is no address.
    #[must_use]
    pub fn new(ip: &str, port: u16) -> Self {
        Self { ip: ip.parse().expect("an address"), port }
    }
}

/// An IP packet around a transport segment. Addresses of different families do not go together.
///
/// # Panics
/// When the ends are of different families.
#[must_use]
pub fn ip(from: IpAddr, to: IpAddr, protocol: u8, id: u16, segment: &[u8]) -> Vec<u8> {
    match (from, to) {
        (IpAddr::V4(a), IpAddr::V4(b)) => ipv4(a, b, protocol, id, segment),
        (IpAddr::V6(a), IpAddr::V6(b)) => ipv6(a, b, protocol, segment),
        _ => panic!("addresses of two families"),
    }
}

fn ipv4(from: Ipv4Addr, to: Ipv4Addr, protocol: u8, id: u16, segment: &[u8]) -> Vec<u8> {
    let mut p = vec![0x45, 0];
    p.extend(((20 + segment.len()) as u16).to_be_bytes());
    p.extend(id.to_be_bytes());
    p.extend([0x40, 0, 64, protocol, 0, 0]);
    p.extend(from.octets());
    p.extend(to.octets());
    let sum = checksum(&p);
    p[10..12].copy_from_slice(&sum.to_be_bytes());
    p.extend_from_slice(segment);
    p
}

fn ipv6(from: Ipv6Addr, to: Ipv6Addr, protocol: u8, segment: &[u8]) -> Vec<u8> {
    let mut p = vec![0x60, 0, 0, 0];
    p.extend((segment.len() as u16).to_be_bytes());
    p.extend([protocol, 64]);
    p.extend(from.octets());
    p.extend(to.octets());
    p.extend_from_slice(segment);
    p
}

fn pseudo(from: IpAddr, to: IpAddr) -> Pseudo {
    match (from, to) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => Pseudo::V4 { src, dst },
        (IpAddr::V6(src), IpAddr::V6(dst)) => Pseudo::V6 { src, dst },
        _ => panic!("addresses of two families"),
    }
}

fn with_checksum(mut segment: Vec<u8>, at: usize, from: IpAddr, to: IpAddr, protocol: u8) -> Vec<u8> {
    let sum = pseudo(from, to).sum(protocol, segment.len()).bytes(&segment).finish();
    segment[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    segment
}

/// A TCP packet; a SYN says an MSS of 1460.
#[must_use]
pub fn tcp(from: End, to: End, seq: u32, ack: u32, flags: u8, data: &[u8]) -> Vec<u8> {
    let options: &[u8] = if flags & flag::SYN == 0 { &[] } else { &[2, 4, 0x05, 0xB4] };
    let mut s = Vec::new();
    s.extend(from.port.to_be_bytes());
    s.extend(to.port.to_be_bytes());
    s.extend(seq.to_be_bytes());
    s.extend(ack.to_be_bytes());
    s.extend([((20 + options.len()) as u8) << 2, flags, 0x80, 0x00, 0, 0, 0, 0]);
    s.extend_from_slice(options);
    s.extend_from_slice(data);
    let s = with_checksum(s, 16, from.ip, to.ip, 6);
    ip(from.ip, to.ip, 6, seq as u16, &s)
}

/// A UDP packet.
#[must_use]
pub fn udp(from: End, to: End, data: &[u8]) -> Vec<u8> {
    let mut s = Vec::new();
    s.extend(from.port.to_be_bytes());
    s.extend(to.port.to_be_bytes());
    s.extend(((8 + data.len()) as u16).to_be_bytes());
    s.extend([0, 0]);
    s.extend_from_slice(data);
    let s = with_checksum(s, 6, from.ip, to.ip, 17);
    ip(from.ip, to.ip, 17, 1, &s)
}

/// An ICMP echo request or reply over IPv4.
#[must_use]
pub fn ping(from: IpAddr, to: IpAddr, reply: bool, seq: u16) -> Vec<u8> {
    let mut s = vec![if reply { 0 } else { 8 }, 0, 0, 0, 0x12, 0x34];
    s.extend(seq.to_be_bytes());
    s.extend(b"zscope sample ping data.");
    let sum = checksum(&s);
    s[2..4].copy_from_slice(&sum.to_be_bytes());
    ip(from, to, 1, seq, &s)
}

/// A TCP conversation with both directions' data in pieces of at most `mss`, first the client's,
/// then the server's. Each packet with true when the server sends it.
#[must_use]
pub fn conversation(client: End, server: End, ask: &[u8], answer: &[u8], mss: usize) -> Vec<(bool, Vec<u8>)> {
    use flag::{ACK, FIN, PSH, SYN};
    let (mut c, mut s) = (1_000_000_u32, 5_000_000_u32);
    let mut all = vec![
        (false, tcp(client, server, c, 0, SYN, &[])),
        (true, tcp(server, client, s, c + 1, SYN | ACK, &[])),
        (false, tcp(client, server, c + 1, s + 1, ACK, &[])),
    ];
    (c, s) = (c + 1, s + 1);
    for piece in ask.chunks(mss) {
        all.push((false, tcp(client, server, c, s, PSH | ACK, piece)));
        c += piece.len() as u32;
    }
    for (i, piece) in answer.chunks(mss).enumerate() {
        all.push((true, tcp(server, client, s, c, PSH | ACK, piece)));
        s += piece.len() as u32;
        if i % 2 == 1 {
            all.push((false, tcp(client, server, c, s, ACK, &[])));
        }
    }
    all.push((true, tcp(server, client, s, c, FIN | ACK, &[])));
    all.push((false, tcp(client, server, c, s + 1, FIN | ACK, &[])));
    all.push((true, tcp(server, client, s + 1, c + 1, ACK, &[])));
    all
}

/// A DNS query for the addresses of `name`.
#[must_use]
pub fn dns_query(name: &str) -> Vec<u8> {
    let mut q = vec![0x9D, 0x4A, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        q.push(label.len() as u8);
        q.extend(label.bytes());
    }
    q.extend([0, 0, 1, 0, 1]);
    q
}
