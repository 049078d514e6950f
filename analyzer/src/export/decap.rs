//! From a captured frame to the IP packet in it: what a z/OS packet trace would have seen.
//!
//! The packet trace records IP packets, without link headers. The headers removed here are
//! those of the pcap link types that carry IP directly: Ethernet with VLAN tags, Linux cooked
//! captures, the BSD loopback word, PPP, and none at all.

use crate::source::frame::LinkType;

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86DD;
/// VLAN tags: 802.1Q, 802.1ad and the older QinQ numbers.
const VLAN_TAGS: [u16; 3] = [0x8100, 0x88A8, 0x9100];
/// Tags that may stand behind each other.
const MAX_TAGS: usize = 4;

/// An IP packet inside a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpPacket<'a> {
    /// The captured bytes of the packet, without padding of the link layer.
    pub bytes: &'a [u8],
    /// Its length before it was cut at capture.
    pub orig_len: u32,
    /// Innermost VLAN identifier, 0 without a tag.
    pub vlan: u16,
}

/// The IP packet in a frame, `None` when there is none or when its link type is not one of
/// those above.
#[must_use]
pub fn ip_packet(link: LinkType, frame: &[u8], orig_len: u32) -> Option<IpPacket<'_>> {
    let mut vlan = 0;
    let at = match link {
        LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD | LinkType::IPV4 | LinkType::IPV6 => 0,
        LinkType::ETHERNET => {
            let (at, tag) = ethernet(frame)?;
            vlan = tag;
            at
        }
        LinkType::NULL | LinkType::LOOP => 4,
        LinkType::LINUX_SLL => is_ip_type(half(frame, 14)?).then_some(16)?,
        LinkType::LINUX_SLL2 => is_ip_type(half(frame, 0)?).then_some(20)?,
        LinkType::PPP | LinkType::PPP_HDLC => ppp(frame)?,
        _ => return None,
    };
    let bytes = frame.get(at..)?;
    if !is_ip(bytes) {
        return None;
    }
    let orig_len = orig_len.saturating_sub(at as u32).max(bytes.len() as u32);
    let raw = at == 0;
    Some(without_padding(bytes, orig_len, raw, vlan))
}

/// Short frames are padded by the link layer; without a link header there is no padding.
fn without_padding(bytes: &[u8], orig_len: u32, raw: bool, vlan: u16) -> IpPacket<'_> {
    let total = total_len(bytes).filter(|t| !raw && *t >= 20 && (*t as u32) < orig_len);
    match total {
        Some(t) => IpPacket { bytes: &bytes[..bytes.len().min(t)], orig_len: t as u32, vlan },
        None => IpPacket { bytes, orig_len, vlan },
    }
}

/// Length of the packet as its header says; `None` when it does not (segmentation offload
/// leaves it zero, jumbograms have it elsewhere).
#[must_use]
pub fn total_len(packet: &[u8]) -> Option<usize> {
    let len = match packet.first()? >> 4 {
        4 => usize::from(half(packet, 2)?),
        6 => match usize::from(half(packet, 4)?) {
            0 => 0,
            n => n + 40,
        },
        _ => 0,
    };
    (len != 0).then_some(len)
}

fn half(b: &[u8], at: usize) -> Option<u16> {
    b.get(at..)?.first_chunk().map(|h| u16::from_be_bytes(*h))
}

const fn is_ip_type(t: u16) -> bool {
    matches!(t, ETHERTYPE_IPV4 | ETHERTYPE_IPV6)
}

fn is_ip(b: &[u8]) -> bool {
    match b.first() {
        Some(v) if v >> 4 == 4 => v & 15 >= 5 && b.len() >= 20,
        Some(v) => v >> 4 == 6 && b.len() >= 40,
        None => false,
    }
}

/// Offset of the packet and the innermost VLAN identifier.
fn ethernet(frame: &[u8]) -> Option<(usize, u16)> {
    let mut at = 12;
    let mut vlan = 0;
    for _ in 0..=MAX_TAGS {
        let kind = half(frame, at)?;
        if is_ip_type(kind) {
            return Some((at + 2, vlan));
        }
        if !VLAN_TAGS.contains(&kind) {
            return None;
        }
        vlan = half(frame, at + 2)? & 0x0FFF;
        at += 4;
    }
    None
}

fn ppp(frame: &[u8]) -> Option<usize> {
    let at = if frame.starts_with(&[0xFF, 0x03]) { 2 } else { 0 };
    matches!(half(frame, at)?, 0x0021 | 0x0057).then_some(at + 2)
}

/// Protocol and ports of a packet, behind IPv6 extension headers; ports are 0 where there are
/// none, as in fragments other than the first.
#[must_use]
pub fn transport(packet: &[u8]) -> (u8, u16, u16) {
    let Some(first) = packet.first() else { return (0, 0, 0) };
    let (protocol, at) = if first >> 4 == 4 {
        let fragment = half(packet, 6).unwrap_or(0) & 0x1FFF != 0;
        let at = if fragment { packet.len() } else { usize::from(first & 15) * 4 };
        (packet.get(9).copied().unwrap_or(0), at)
    } else {
        behind_extensions(packet)
    };
    let ports = matches!(protocol, 6 | 17 | 132 | 33);
    match (ports, half(packet, at), half(packet, at + 2)) {
        (true, Some(s), Some(d)) => (protocol, s, d),
        _ => (protocol, 0, 0),
    }
}

/// Protocol and offset of what follows the extension headers of an IPv6 packet.
fn behind_extensions(packet: &[u8]) -> (u8, usize) {
    let mut next = packet.get(6).copied().unwrap_or(0);
    let mut at = 40;
    // Every extension takes eight bytes at least, so the loop ends with the packet.
    while matches!(next, 0 | 43 | 44 | 60 | 51) {
        let Some(&[n, len]) = packet.get(at..).and_then(|b| b.first_chunk()) else { break };
        if next == 44 && half(packet, at + 2).unwrap_or(0) & 0xFFF8 != 0 {
            return (n, packet.len());
        }
        at += match next {
            44 => 8,
            51 => (usize::from(len) + 2) * 4,
            _ => (usize::from(len) + 1) * 8,
        };
        next = n;
    }
    (next, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UDP: [u8; 30] = [
        0x45, 0, 0, 30, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x04, 0x01, 0, 53, 0, 10, 0, 0,
        b'h', b'i',
    ];

    fn ethernet_frame(middle: &[u8]) -> Vec<u8> {
        let mut f = vec![2; 12];
        f.extend_from_slice(middle);
        f.extend_from_slice(&UDP);
        f.resize(60, 0);
        f
    }

    #[test]
    fn ethernet_padding_and_tags_come_off() {
        let f = ethernet_frame(&[0x08, 0]);
        let p = ip_packet(LinkType::ETHERNET, &f, 60).unwrap();
        assert_eq!(p, IpPacket { bytes: &UDP, orig_len: 30, vlan: 0 });
        let f = ethernet_frame(&[0x88, 0xA8, 0, 5, 0x81, 0, 0xE0, 7, 0x08, 0]);
        let p = ip_packet(LinkType::ETHERNET, &f, 60).unwrap();
        assert_eq!((p.bytes, p.vlan), (&UDP[..], 7));
        assert_eq!(ip_packet(LinkType::ETHERNET, &ethernet_frame(&[0x08, 0x06]), 60), None);
        assert_eq!(transport(&UDP), (17, 1025, 53));
    }

    #[test]
    fn a_cut_packet_keeps_its_length() {
        let f = ethernet_frame(&[0x08, 0]);
        let p = ip_packet(LinkType::ETHERNET, &f[..40], 60).unwrap();
        assert_eq!((p.bytes.len(), p.orig_len), (26, 30));
        // Without a link header nothing is padding.
        let raw = [&UDP[..], &[1, 2]].concat();
        assert_eq!(ip_packet(LinkType::RAW, &raw, 32).unwrap().bytes, raw);
    }

    #[test]
    fn the_other_link_headers() {
        let with = |head: &[u8]| [head, &UDP].concat();
        for (link, head) in [
            (LinkType::NULL, vec![2, 0, 0, 0]),
            (LinkType::LOOP, vec![0, 0, 0, 2]),
            (LinkType::LINUX_SLL, [&[0; 14][..], &[8, 0]].concat()),
            (LinkType::LINUX_SLL2, [&[8, 0][..], &[0; 18]].concat()),
            (LinkType::PPP, vec![0xFF, 3, 0, 0x21]),
            (LinkType::PPP, vec![0, 0x21]),
        ] {
            let f = with(&head);
            let p = ip_packet(link, &f, f.len() as u32).unwrap();
            assert_eq!((p.bytes, p.orig_len), (&UDP[..], 30), "{link:?}");
            for n in 0..f.len() {
                let _ = ip_packet(link, &f[..n], f.len() as u32);
            }
        }
        assert_eq!(ip_packet(LinkType::TOKEN_RING, &UDP, 30), None);
    }

    #[test]
    fn ports_behind_ipv6_extensions() {
        let mut p = vec![0x60, 0, 0, 0, 0, 20, 0, 64];
        p.extend([0; 32]);
        p.extend([17, 0, 0, 0, 0, 0, 0, 0]);
        p.extend([0, 7, 0, 9, 0, 12, 0, 0, 1, 2, 3, 4]);
        assert_eq!(transport(&p), (17, 7, 9));
        assert_eq!(transport(&[0x60]), (0, 0, 0));
        // A later fragment has no ports.
        let mut frag = UDP;
        frag[7] = 1;
        assert_eq!(transport(&frag), (17, 0, 0));
    }
}
