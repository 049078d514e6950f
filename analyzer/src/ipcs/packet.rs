//! The parts of a packet that IPCS shows one by one: IP header, protocol header, data.

use std::net::IpAddr;

use formats::checksum::{Pseudo, Sum};
use formats::ctrace::Pthdr;
use formats::net::{ipv4, ipv6, ipv6_ext, tcp, udp};

use crate::export::decap;
use crate::source::frame::LinkType;

/// A packet cut into its parts; what is not there is empty.
#[derive(Debug, Clone, Copy, Default)]
pub struct Packet<'a> {
    /// What stands before the IP header: the link layer's header, or the whole frame without IP.
    pub link: &'a [u8],
    /// The IP header, extension headers included.
    pub ip: &'a [u8],
    /// 4 or 6, 0 without IP.
    pub version: u8,
    /// Length of the whole IP packet before any cut, or of the data without IP.
    pub total: u32,
    /// Source address.
    pub src: Option<IpAddr>,
    /// Destination address.
    pub dst: Option<IpAddr>,
    /// IP protocol.
    pub protocol: Option<u8>,
    /// Identification of an IPv4 packet or of an IPv6 fragment.
    pub ip_id: Option<u32>,
    /// Fragment offset in bytes, and whether more follow.
    pub fragment: Option<(u16, bool)>,
    /// The protocol's own header.
    pub header: &'a [u8],
    /// Ports of TCP and UDP.
    pub ports: Option<(u16, u16)>,
    /// What the protocol carries, as far as it was captured.
    pub data: &'a [u8],
    /// Its length before any cut.
    pub data_len: u32,
    /// All that the IP header is in front of, as far as it was captured.
    payload: &'a [u8],
    pseudo: Option<Pseudo>,
}

/// What the checksum of a packet says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// The field, and the sum over everything it covers: X'FFFF' when it is right.
    Sum(u16, u16),
    /// The field is the sum over the pseudo header: the adapter completes it when it sends.
    Offloaded(u16),
    /// The field; not all that it covers was captured.
    Cut(u16),
    /// The sender made none.
    None,
}

impl Checksum {
    /// True when it is certainly wrong.
    #[must_use]
    pub const fn is_wrong(self) -> bool {
        matches!(self, Self::Sum(_, s) if s != 0xFFFF)
    }

    /// As IPCS prints it: the field and the sum.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Sum(f, s) => format!("{f:04X} {s:04X}"),
            Self::Offloaded(f) => format!("{f:04X} (offloaded)"),
            Self::Cut(f) => format!("{f:04X} (cut)"),
            Self::None => "0000".into(),
        }
    }
}

fn half(b: &[u8], at: usize) -> u16 {
    b.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u16::from_be_bytes(*b))
}

impl<'a> Packet<'a> {
    /// Cuts a frame. `orig_len` is its length before it was cut at capture.
    #[must_use]
    pub fn of_frame(link: LinkType, bytes: &'a [u8], orig_len: u32) -> Self {
        let Some(p) = decap::ip_packet(link, bytes, orig_len) else {
            return Self { link: bytes, total: orig_len, data_len: orig_len, ..Self::default() };
        };
        // The packet lies inside the frame: what is in front of it is the link header.
        let front = (p.bytes.as_ptr() as usize).saturating_sub(bytes.as_ptr() as usize);
        let mut it = Self::of_ip(p.bytes, p.orig_len);
        it.link = bytes.get(..front).unwrap_or_default();
        it
    }

    /// Data without any header: addresses, ports and protocol are those of the trace header.
    #[must_use]
    pub fn of_data(h: &Pthdr<'_>, protocol: Option<u8>, bytes: &'a [u8], orig_len: u32) -> Self {
        Self {
            total: orig_len,
            src: h.src(),
            dst: h.dst(),
            version: h.src().map_or(0, |a| if a.is_ipv4() { 4 } else { 6 }),
            protocol,
            ports: h.src_port().zip(h.dst_port()),
            data: bytes,
            data_len: orig_len,
            ..Self::default()
        }
    }

    /// Bytes without any header.
    #[must_use]
    pub fn of_bytes(bytes: &'a [u8], orig_len: u32) -> Self {
        Self { data: bytes, data_len: orig_len, total: orig_len, ..Self::default() }
    }

    /// Cuts an IP packet.
    #[must_use]
    pub fn of_ip(bytes: &'a [u8], orig_len: u32) -> Self {
        match bytes.first().map(|b| b >> 4) {
            Some(4) => Self::v4(bytes, orig_len),
            Some(6) => Self::v6(bytes, orig_len),
            _ => None,
        }
        .unwrap_or(Self::of_bytes(bytes, orig_len))
    }

    fn v4(bytes: &'a [u8], orig_len: u32) -> Option<Self> {
        let h = ipv4::Header::new(bytes).ok()?;
        let fragment =
            h.is_fragment().then(|| (h.frag_offset(), h.flags().contains(ipv4::Flags::MORE_FRAGMENTS)));
        let mut p = Self {
            ip: bytes.get(..h.header_len())?,
            version: 4,
            total: orig_len,
            src: Some(h.src().into()),
            dst: Some(h.dst().into()),
            protocol: Some(h.protocol().0),
            ip_id: Some(h.id().into()),
            fragment,
            payload: h.payload(),
            pseudo: Some(h.pseudo()),
            ..Self::default()
        };
        p.transport();
        Some(p)
    }

    fn v6(bytes: &'a [u8], orig_len: u32) -> Option<Self> {
        let h = ipv6::Header::new(bytes).ok()?;
        let mut chain = ipv6_ext::Chain::new(h.next_header(), h.payload());
        while let Some(Ok(_)) = chain.next() {}
        let (protocol, offset, rest) = chain.upper();
        let f = chain.fragment();
        let mut p = Self {
            ip: bytes.get(..ipv6::at::LEN + offset)?,
            version: 6,
            total: orig_len,
            src: Some(h.src().into()),
            dst: Some(h.dst().into()),
            protocol: Some(protocol.0),
            ip_id: f.map(|f| f.id()),
            fragment: f.map(|f| (f.offset(), f.more())).filter(|f| *f != (0, false)),
            payload: rest,
            pseudo: Some(h.pseudo()),
            ..Self::default()
        };
        p.transport();
        Some(p)
    }

    /// Header and data of the protocol above IP.
    fn transport(&mut self) {
        let all = self.payload;
        let later = self.fragment.is_some_and(|(offset, _)| offset > 0);
        let len = match self.protocol {
            _ if later => 0,
            Some(6) => tcp::Header::new(all).map_or(all.len().min(20), |h| h.header_len()),
            Some(17 | 1 | 2 | 58) => 8,
            _ => 0,
        };
        (self.header, self.data) = all.split_at(len.min(all.len()));
        if matches!(self.protocol, Some(6 | 17)) && self.header.len() >= 4 {
            self.ports = Some((half(self.header, 0), half(self.header, 2)));
        }
        let headers = self.ip.len() + self.header.len();
        self.data_len = self.total.saturating_sub(headers as u32).max(self.data.len() as u32);
    }

    /// The TCP header, when all of it is there.
    #[must_use]
    pub fn tcp(&self) -> Option<tcp::Header<'a>> {
        if self.protocol != Some(6) || self.header.len() < 20 {
            return None;
        }
        tcp::Header::new(self.payload).ok()
    }

    /// The UDP header.
    #[must_use]
    pub fn udp(&self) -> Option<udp::Header<'a>> {
        (self.protocol == Some(17) && self.header.len() == 8).then(|| udp::Header::new(self.payload).ok())?
    }

    /// The checksum of the IPv4 header.
    #[must_use]
    pub fn ip_checksum(&self) -> Option<Checksum> {
        let h = (self.version == 4).then(|| ipv4::Header::new(self.ip).ok())??;
        let field = h.checksum();
        Some(match (field, !Sum::new().bytes(self.ip).finish()) {
            // Left to the adapter altogether.
            (0, s) if s != 0xFFFF => Checksum::Offloaded(0),
            (f, s) => Checksum::Sum(f, s),
        })
    }

    /// The checksum of TCP, UDP, ICMP, ICMPv6 or IGMP.
    #[must_use]
    pub fn checksum(&self) -> Option<Checksum> {
        let protocol = self.protocol?;
        let at = match protocol {
            6 => 16,
            17 => 6,
            1 | 2 | 58 => 2,
            _ => return None,
        };
        if self.header.len() < at + 2 {
            return None;
        }
        let field = half(self.header, at);
        if protocol == 17 && field == 0 {
            return Some(Checksum::None);
        }
        let covered = match protocol {
            17 => match usize::from(half(self.header, 4)) {
                0 => self.payload,
                n => self.payload.get(..n).unwrap_or(self.payload),
            },
            _ => self.payload,
        };
        let cut = self.data.len() < self.data_len as usize
            || self.fragment.is_some()
            || (protocol == 17 && usize::from(half(self.header, 4)) > self.payload.len());
        if cut {
            return Some(Checksum::Cut(field));
        }
        let pseudo = match (protocol, self.pseudo) {
            (1 | 2, _) | (_, None) => Sum::new(),
            (p, Some(s)) => s.sum(p, covered.len()),
        };
        let sum = !pseudo.bytes(covered).finish();
        if sum != 0xFFFF && matches!(protocol, 6 | 17) && field == !pseudo.finish() {
            return Some(Checksum::Offloaded(field));
        }
        Some(Checksum::Sum(field, sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The packet of the manual's FORMAT example: both checksums verify to X'FFFF'.
    const DNS: &str = "45000038000E00004011A6FB09437141092550030401003500\
        24AD0B9D4A010000010000000000000277330369626D03636F6D00001C0001";

    fn hex(t: &str) -> Vec<u8> {
        (0..t.len() / 2).map(|i| u8::from_str_radix(&t[2 * i..2 * i + 2], 16).unwrap()).collect()
    }

    #[test]
    fn the_packet_of_the_manual() {
        let b = hex(DNS);
        let p = Packet::of_frame(LinkType::RAW, &b, 56);
        assert_eq!((p.ip.len(), p.header.len(), p.data.len(), p.data_len), (20, 8, 28, 28));
        assert_eq!((p.ports, p.protocol, p.ip_id), (Some((1025, 53)), Some(17), Some(0x000E)));
        assert_eq!(p.ip_checksum().unwrap().text(), "A6FB FFFF");
        assert_eq!(p.checksum().unwrap().text(), "AD0B FFFF");
        let cut = Packet::of_frame(LinkType::RAW, &b[..40], 56);
        assert_eq!((cut.data.len(), cut.data_len), (12, 28));
        assert_eq!(cut.checksum(), Some(Checksum::Cut(0xAD0B)));
    }

    #[test]
    fn a_wrong_byte_is_noticed_and_an_offloaded_sum_is_none() {
        let mut b = hex(DNS);
        b[55] ^= 1;
        assert!(Packet::of_frame(LinkType::RAW, &b, 56).checksum().unwrap().is_wrong());
        // 9.67.113.65 + 9.37.80.3 + 17 + 36, the sum of the pseudo header alone: 0943+7141+0925+5003+11+24.
        let pseudo: u32 = 0x0943 + 0x7141 + 0x0925 + 0x5003 + 0x11 + 0x24;
        b[26..28].copy_from_slice(&(pseudo as u16).to_be_bytes());
        let c = Packet::of_frame(LinkType::RAW, &b, 56).checksum();
        assert_eq!(c, Some(Checksum::Offloaded(0xD3E1)));
    }

    #[test]
    fn any_beginning_of_a_packet_is_cut_without_a_fault() {
        let b = hex(DNS);
        for n in 0..b.len() {
            let p = Packet::of_frame(LinkType::RAW, &b[..n], 56);
            let _ = (p.checksum(), p.ip_checksum(), p.tcp().is_some(), p.udp().is_some());
        }
    }
}
