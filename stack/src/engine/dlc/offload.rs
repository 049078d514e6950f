//! What adapters do for the stack: transport checksums and segmentation.

use formats::checksum::Pseudo;
use formats::net::{IpProtocol, ipv4, ipv6, tcp, udp};

use crate::engine::Buffer;

/// Cuts a packet with a large TCP segment into packets with at most `size` bytes of data each, with
/// lengths, sequence numbers, flags, identifications and checksums of their own. FIN and PSH are in
/// the last one only, CWR in the first. A packet that is no sound TCP segment comes back as it was.
#[must_use]
pub fn segments(packet: &[u8], size: u16) -> Vec<Buffer> {
    cut(packet, size).unwrap_or_else(|| vec![Buffer::copy(packet)])
}

fn cut(packet: &[u8], size: u16) -> Option<Vec<Buffer>> {
    let (v6, ip_len, protocol) = match packet.first()? >> 4 {
        4 => {
            let h = ipv4::Header::new(packet).ok()?;
            (false, h.header_len(), h.protocol())
        }
        6 => (true, ipv6::at::LEN, ipv6::Header::new(packet).ok()?.next_header()),
        _ => return None,
    };
    let segment = packet.get(ip_len..)?;
    let tcp = tcp::Header::new(segment).ok()?;
    if protocol != IpProtocol::TCP || size == 0 {
        return None;
    }
    let headers = ip_len + tcp.header_len();
    let (head, data) = packet.split_at_checked(headers)?;
    let (seq, flags) = (tcp.seq(), *segment.get(FLAGS)?);
    let parts = data.len().div_ceil(usize::from(size)).max(1);
    let id = if v6 { 0 } else { u16::from_be_bytes([packet[4], packet[5]]) };
    let mut out = Vec::with_capacity(parts);
    for n in 0..parts {
        let from = n * usize::from(size);
        let part = data.get(from..data.len().min(from + usize::from(size)))?;
        let mut b = Buffer::with_capacity(headers + part.len());
        b.extend(head);
        b.extend(part);
        let len = b.len();
        if v6 {
            put(&mut b, ipv6::at::PAYLOAD_LEN, (len - ipv6::at::LEN) as u16);
        } else {
            put(&mut b, ipv4::at::TOTAL_LEN, len as u16);
            put(&mut b, ipv4::at::ID, id.wrapping_add(n as u16));
            put(&mut b, ipv4::at::CHECKSUM, 0);
            let sum = formats::checksum::checksum(&b[..ip_len]);
            put(&mut b, ipv4::at::CHECKSUM, sum);
        }
        let mut f = flags;
        if n + 1 < parts {
            f &= !(FIN | PSH);
        }
        if n > 0 {
            f &= !CWR;
        }
        let at = ip_len + tcp::at::SEQ;
        b[at..at + 4].copy_from_slice(&seq.wrapping_add(from as u32).to_be_bytes());
        b[ip_len + FLAGS] = f;
        put(&mut b, ip_len + tcp::at::CHECKSUM, 0);
        fill_checksum(&mut b);
        out.push(b);
    }
    Some(out)
}

const FLAGS: usize = 13;
const FIN: u8 = 0x01;
const PSH: u8 = 0x08;
const CWR: u8 = 0x80;

fn put(b: &mut [u8], at: usize, v: u16) {
    b[at..at + 2].copy_from_slice(&v.to_be_bytes());
}

/// Fills the transport checksum of a TCP segment or UDP datagram where it is still 0. A TCP
/// checksum that really is 0 is computed as 0 again, and UDP does not send 0.
pub fn fill_checksum(packet: &mut [u8]) {
    let (at, protocol, pseudo) = match packet.first().map(|b| b >> 4) {
        Some(4) => match ipv4::Header::new(packet) {
            Ok(h) if !h.is_fragment() => {
                (h.header_len(), h.protocol(), Pseudo::V4 { src: h.src(), dst: h.dst() })
            }
            _ => return,
        },
        Some(6) => match ipv6::Header::new(packet) {
            Ok(h) => (ipv6::at::LEN, h.next_header(), Pseudo::V6 { src: h.src(), dst: h.dst() }),
            Err(_) => return,
        },
        _ => return,
    };
    let field = at
        + match protocol {
            IpProtocol::TCP => tcp::at::CHECKSUM,
            IpProtocol::UDP => udp::at::CHECKSUM,
            _ => return,
        };
    let Some(segment) = packet.get(at..) else { return };
    let Some(&[0, 0]) = packet.get(field..field + 2) else { return };
    let sum = pseudo.sum(protocol.0, segment.len()).bytes(segment).finish();
    let sum = if sum == 0 && protocol == IpProtocol::UDP { 0xffff } else { sum };
    if let Some(to) = packet.get_mut(field..field + 2) {
        to.copy_from_slice(&sum.to_be_bytes());
    }
}

/// True when the transport checksum of a packet is right, `None` when there is none that could be
/// checked: a fragment, another protocol, UDP without checksum.
#[must_use]
pub fn check(packet: &[u8]) -> Option<bool> {
    let (segment, protocol, pseudo) = match packet.first()? >> 4 {
        4 => {
            let h = ipv4::Header::new(packet).ok().filter(|h| !h.is_fragment())?;
            (h.payload(), h.protocol(), Pseudo::V4 { src: h.src(), dst: h.dst() })
        }
        6 => {
            let h = ipv6::Header::new(packet).ok()?;
            (h.payload(), h.next_header(), Pseudo::V6 { src: h.src(), dst: h.dst() })
        }
        _ => return None,
    };
    match protocol {
        IpProtocol::TCP => Some(pseudo.sum(protocol.0, segment.len()).bytes(segment).finish() == 0),
        IpProtocol::UDP => formats::net::udp::Header::new(segment).ok()?.checksum_ok(&pseudo),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn tcp_packet(v6: bool, data: usize) -> Vec<u8> {
        let mut p = vec![0; if v6 { 40 } else { 20 }];
        let len = (20 + data) as u16;
        if v6 {
            let r = ipv6::Repr::new(Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST, IpProtocol::TCP, len);
            r.emit(&mut p).unwrap();
        } else {
            let (a, b) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
            ipv4::Repr::new(a, b, IpProtocol::TCP, len).emit(&mut p).unwrap();
        }
        let mut t = [0; 20];
        t[4..8].copy_from_slice(&0xffff_ff00u32.to_be_bytes());
        t[12] = 0x50;
        t[13] = 0x80 | 0x10 | 0x08 | 0x01;
        p.extend(t);
        p.extend((0..data).map(|n| n as u8));
        p
    }

    #[test]
    fn large_segments_are_cut() {
        for v6 in [false, true] {
            let p = tcp_packet(v6, 2500);
            let parts = segments(&p, 1000);
            let ip = if v6 { 40 } else { 20 };
            let mut data = Vec::new();
            let seen: Vec<_> = parts
                .iter()
                .map(|b| {
                    assert_eq!(check(b), Some(true));
                    data.extend_from_slice(&b[ip + 20..]);
                    let t = tcp::Header::new(&b[ip..]).unwrap();
                    (t.seq(), b[ip + 13], b.len() - ip - 20)
                })
                .collect();
            // The sequence number goes round; CWR first, PSH and FIN last.
            assert_eq!(
                seen,
                [(0xffff_ff00, 0x90, 1000), (0x2e8, 0x10, 1000), (0x6d0, 0x19, 500)],
                "IPv{}",
                if v6 { 6 } else { 4 }
            );
            assert_eq!(data, p[ip + 20..]);
        }
    }

    #[test]
    fn what_is_no_tcp_segment_stays_as_it_is() {
        assert_eq!(segments(&[0x45, 1, 2], 100), [Buffer::copy(&[0x45, 1, 2])]);
        assert_eq!(segments(&[], 100), [Buffer::copy(&[])]);
    }

    #[test]
    fn checksums_are_filled_and_checked() {
        let mut p = tcp_packet(false, 10);
        assert_eq!(check(&p), Some(false));
        fill_checksum(&mut p);
        assert_eq!(check(&p), Some(true));
        p[25] ^= 1;
        assert_eq!(check(&p), Some(false));
    }
}
