//! What a packet is about, read from its first bytes: addresses, protocol, ports, and where its
//! data begins. Works on any bytes; what is not there is zero. Addresses are numbers, so that
//! they stay in registers on the way from a packet to its record.

use formats::ctrace::FormatId;

const TCP: u8 = 6;
const UDP: u8 = 17;
/// Ports of Enterprise Extender.
const EE_PORTS: std::ops::RangeInclusive<u16> = 12_000..=12_004;
/// Extension headers that are walked.
const MAX_EXTENSIONS: usize = 8;

/// Addresses (as in packet trace headers), protocol, ports and length of the headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flow {
    /// Source address, the number of its field's 16 bytes.
    pub src: u128,
    /// Destination address.
    pub dst: u128,
    /// IP protocol, behind IPv6 extension headers.
    pub protocol: u8,
    /// The protocol has ports and they are in this packet.
    pub has_ports: bool,
    /// Source and destination port, 0 when there are none.
    pub ports: (u16, u16),
    /// Bytes of IP and transport headers, which ABBREV keeps.
    pub headers: usize,
}

impl Flow {
    /// Of a packet that begins with its IP header.
    #[must_use]
    #[inline(always)]
    pub fn of(packet: &[u8]) -> Self {
        // The ordinary packet: IPv4 without options, not a later fragment, with a whole header.
        if let Some(h) = packet.first_chunk::<40>()
            && h[0] == 0x45
            && u16::from_be_bytes([h[6], h[7]]) & 0x1FFF == 0
            && matches!(h[9], TCP | UDP)
        {
            let transport = if h[9] == TCP { usize::from(h[32] >> 4).max(5) * 4 } else { 8 };
            return Self {
                src: mapped([h[12], h[13], h[14], h[15]]),
                dst: mapped([h[16], h[17], h[18], h[19]]),
                protocol: h[9],
                has_ports: true,
                ports: (u16::from_be_bytes([h[20], h[21]]), u16::from_be_bytes([h[22], h[23]])),
                headers: (20 + transport).min(packet.len()),
            };
        }
        Self::of_any(packet)
    }

    #[inline(never)]
    fn of_any(packet: &[u8]) -> Self {
        match packet.first().map(|b| b >> 4) {
            Some(4) => Self::of_ipv4(packet),
            Some(6) => Self::of_ipv6(packet),
            _ => Self { headers: packet.len().min(20), ..Self::default() },
        }
    }

    fn of_ipv4(p: &[u8]) -> Self {
        let mut f = Self::default();
        let Some(h) = p.first_chunk::<20>() else {
            f.headers = p.len();
            return f;
        };
        f.src = mapped([h[12], h[13], h[14], h[15]]);
        f.dst = mapped([h[16], h[17], h[18], h[19]]);
        f.protocol = h[9];
        let at = (usize::from(h[0] & 0xF) * 4).clamp(20, p.len());
        let first = (u16::from(h[6]) << 8 | u16::from(h[7])) & 0x1FFF == 0;
        f.transport(p, at, first);
        f
    }

    fn of_ipv6(p: &[u8]) -> Self {
        let mut f = Self::default();
        let Some(h) = p.first_chunk::<40>() else {
            f.headers = p.len();
            return f;
        };
        let address = |at: usize| h[at..].first_chunk().map_or(0, |b| u128::from_be_bytes(*b));
        (f.src, f.dst) = (address(8), address(24));
        let (mut next, mut at, mut first) = (h[6], 40, true);
        for _ in 0..MAX_EXTENSIONS {
            let Some(&[following, len, a, b]) = p.get(at..).and_then(|r| r.first_chunk::<4>()) else { break };
            let size = match next {
                0 | 43 | 60 | 135 | 139 | 140 => (usize::from(len) + 1) * 8,
                44 => {
                    first &= (u16::from(a) << 8 | u16::from(b)) & 0xFFF8 == 0;
                    8
                }
                51 => (usize::from(len) + 2) * 4,
                _ => break,
            };
            next = following;
            at = (at + size).min(p.len());
            if !first {
                break;
            }
        }
        f.protocol = next;
        f.transport(p, at, first);
        f
    }

    /// Ports and the end of the headers, of a protocol header at `at`.
    fn transport(&mut self, p: &[u8], at: usize, first: bool) {
        let t = p.get(at..).filter(|_| first).unwrap_or_default();
        if matches!(self.protocol, TCP | UDP)
            && let Some(&[a, b, c, d]) = t.first_chunk::<4>()
        {
            self.has_ports = true;
            self.ports = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        }
        let len = match self.protocol {
            TCP => t.get(12).map_or(20, |b| usize::from(b >> 4) * 4).max(20),
            _ => 8,
        };
        self.headers = at + t.len().min(len);
    }

    /// The entry id of the packet: 6 for Enterprise Extender, otherwise 4.
    #[must_use]
    #[inline]
    pub fn id(&self) -> FormatId {
        let ee = |p| EE_PORTS.contains(&p);
        let (s, d) = self.ports;
        if self.protocol == UDP && (ee(s) || ee(d)) { FormatId::EE } else { FormatId::PACKET }
    }
}

/// An IPv4 address as it stands in packet trace headers.
#[inline(always)]
const fn mapped(address: [u8; 4]) -> u128 {
    0xFFFF << 32 | u32::from_be_bytes(address) as u128
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 10.1.0.1 port 1236 to 10.1.0.2 port 21: 20 bytes IP, 20 bytes TCP, 20 bytes data.
    pub(crate) const TCP4: [u8; 60] = {
        let mut b = [0x41; 60];
        let head = [
            0x45, 0, 0, 60, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 1, 0, 1, 10, 1, 0, 2, // IP
            0x04, 0xD4, 0, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 0x20, 0, 0, 0, 0, 0, // TCP
        ];
        let mut i = 0;
        while i < 40 {
            b[i] = head[i];
            i += 1;
        }
        b
    };

    /// fe80::1 port 12001 to fe80::2 port 12000, behind an empty hop-by-hop header.
    pub(crate) const UDP6: [u8; 60] = [
        0x60, 0, 0, 0, 0, 20, 0, 64, 0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xFE, 0x80, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 17, 0, 1, 4, 0, 0, 0, 0, 0x2E, 0xE1, 0x2E, 0xE0, 0, 12, 0, 0, 1,
        2, 3, 4,
    ];

    #[test]
    fn addresses_ports_and_headers() {
        let f = Flow::of(&TCP4);
        assert_eq!(f.src.to_be_bytes()[10..], [0xFF, 0xFF, 10, 1, 0, 1]);
        assert_eq!((f.protocol, f.ports, f.headers), (6, (1236, 21), 40));
        assert_eq!(f.id(), FormatId::PACKET);
        let f = Flow::of(&UDP6);
        assert_eq!((f.protocol, f.ports, f.headers), (17, (12_001, 12_000), 56));
        assert_eq!(f.dst, 0xFE80 << 112 | 2);
        assert_eq!(f.id(), FormatId::EE);
    }

    #[test]
    fn later_fragments_have_no_ports() {
        let mut b = TCP4;
        b[7] = 1;
        let f = Flow::of(&b);
        assert_eq!((f.protocol, f.has_ports, f.headers), (6, false, 20));
    }

    proptest! {
        #[test]
        fn any_bytes(mut bytes in prop::collection::vec(any::<u8>(), 0..90), protocol in 0_u8..20, version in prop::sample::select(vec![0x45_u8, 0x4F, 0x60, 0x00])) {
            if let Some(b) = bytes.first_mut() {
                *b = version;
            }
            if let Some(b) = bytes.get_mut(9) {
                *b = protocol;
            }
            if let Some(b) = bytes.get_mut(6..8) {
                b[0] &= 0x60;
                b[1] &= 1;
            }
            prop_assert!(Flow::of(&bytes).headers <= bytes.len());
            prop_assert_eq!(Flow::of(&bytes), Flow::of_any(&bytes), "the short way is the same");
        }
    }
}
