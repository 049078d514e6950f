//! Builds one Ethernet frame at a time in one buffer: tags, IPv4 or IPv6, TCP, UDP, ICMP, ARP.
//!
//! A frame is built from the front; a transport header leaves its checksum zero until the
//! payload is there. Checksums are those of RFC 1071.

use super::rng::Rng;

/// VLAN tags in front of the EtherType.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    None,
    /// One 802.1Q tag.
    Vlan(u16),
    /// A service tag (0x88A8) and a customer tag.
    QinQ(u16, u16),
    /// Two 802.1Q tags.
    Stacked(u16, u16),
}

/// Both ends of a packet on the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) src: u32,
    pub(crate) dst: u32,
    pub(crate) tag: Tag,
    pub(crate) v6: bool,
}

impl Ends {
    pub(crate) const fn back(self) -> Self {
        Self { src: self.dst, dst: self.src, ..self }
    }
}

/// The IP fields that vary from packet to packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ip {
    pub(crate) proto: u8,
    pub(crate) id: u16,
    pub(crate) dscp: u8,
    pub(crate) ttl: u8,
    pub(crate) df: bool,
}

/// A fragment's place in its datagram.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Piece {
    /// Offset in bytes, a multiple of eight.
    pub(crate) offset: u16,
    pub(crate) more: bool,
}

const POOL: usize = 1 << 16;

/// The frame under construction, and a pool of filler bytes for payloads.
pub(crate) struct Packet {
    buf: Vec<u8>,
    pool: Vec<u8>,
    /// Where the IP payload, and so the checksummed part, begins.
    transport: usize,
}

impl Packet {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(!seed);
        // Letters, blanks and line ends: no dissector takes them for something binary.
        let pool = (0..POOL)
            .map(|_| match rng.below(32) {
                0..=4 => b' ',
                5 => b'\n',
                n => b'a' + (n % 26) as u8,
            })
            .collect();
        Self { buf: Vec::with_capacity(16_384), pool, transport: 0 }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buf
    }

    pub(crate) fn len(&self) -> usize {
        self.buf.len()
    }

    /// Bytes since the IP header's end.
    pub(crate) fn transport_len(&self) -> usize {
        self.buf.len() - self.transport
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buf.extend_from_slice(bytes);
    }

    /// Appends `len` filler bytes, picked by `from`.
    pub(crate) fn fill(&mut self, from: u32, mut len: usize) {
        let mut at = from as usize % POOL;
        while len > 0 {
            let n = len.min(POOL - at);
            self.buf.extend_from_slice(&self.pool[at..at + n]);
            len -= n;
            at = 0;
        }
    }

    /// Zero bytes up to the smallest frame.
    pub(crate) fn pad(&mut self, to: usize) {
        if self.buf.len() < to {
            self.buf.resize(to, 0);
        }
    }

    fn ethernet(&mut self, ends: Ends, ethertype: u16) {
        self.buf.clear();
        self.push(&mac(ends.dst));
        self.push(&mac(ends.src));
        let tag = |b: &mut Self, tpid: u16, vid: u16| {
            b.push(&tpid.to_be_bytes());
            b.push(&vid.to_be_bytes());
        };
        match ends.tag {
            Tag::None => {}
            Tag::Vlan(v) => tag(self, 0x8100, v),
            Tag::QinQ(s, c) => {
                tag(self, 0x88A8, s);
                tag(self, 0x8100, c);
            }
            Tag::Stacked(o, i) => {
                tag(self, 0x8100, o);
                tag(self, 0x8100, i);
            }
        }
        self.push(&ethertype.to_be_bytes());
    }

    /// Starts an IP packet. Its lengths are set by [`Packet::finish`] or [`Packet::finish_piece`].
    pub(crate) fn ip(&mut self, ends: Ends, ip: Ip, piece: Option<Piece>) {
        if ends.v6 {
            self.ethernet(ends, 0x86DD);
            let next = if piece.is_some() { 44 } else { ip.proto };
            let flow = 0x6000_0000_u32 | (u32::from(ip.dscp) << 22) | (ends.src ^ ends.dst) & 0xF_FFFF;
            self.push(&flow.to_be_bytes());
            self.push(&[0, 0, next, ip.ttl]);
            self.push(&v6(ends.src));
            self.push(&v6(ends.dst));
            if let Some(p) = piece {
                self.push(&[ip.proto, 0]);
                self.push(&(p.offset | u16::from(p.more)).to_be_bytes());
                self.push(&u32::from(ip.id).to_be_bytes());
            }
        } else {
            self.ethernet(ends, 0x0800);
            let flags = match piece {
                Some(p) => (p.offset / 8) | if p.more { 0x2000 } else { 0 },
                None if ip.df => 0x4000,
                None => 0,
            };
            self.push(&[0x45, ip.dscp << 2, 0, 0]);
            self.push(&ip.id.to_be_bytes());
            self.push(&flags.to_be_bytes());
            self.push(&[ip.ttl, ip.proto, 0, 0]);
            self.push(&v4(ends.src));
            self.push(&v4(ends.dst));
        }
        self.transport = self.buf.len();
    }

    /// A TCP header; `options` is a multiple of four bytes.
    pub(crate) fn tcp(
        &mut self,
        ports: (u16, u16),
        seq: u32,
        ack: u32,
        flags: u8,
        window: u16,
        options: &[u8],
    ) {
        self.push(&ports.0.to_be_bytes());
        self.push(&ports.1.to_be_bytes());
        self.push(&seq.to_be_bytes());
        self.push(&ack.to_be_bytes());
        self.push(&[(((20 + options.len()) / 4) << 4) as u8, flags]);
        self.push(&window.to_be_bytes());
        self.push(&[0; 4]);
        self.push(options);
    }

    /// A UDP header for `len` bytes of payload.
    pub(crate) fn udp(&mut self, ports: (u16, u16), len: usize) {
        self.push(&ports.0.to_be_bytes());
        self.push(&ports.1.to_be_bytes());
        self.push(&((len + 8) as u16).to_be_bytes());
        self.push(&[0, 0]);
    }

    /// An ICMP or ICMPv6 echo header.
    pub(crate) fn echo(&mut self, kind: u8, id: u16, seq: u16) {
        self.push(&[kind, 0, 0, 0]);
        self.push(&id.to_be_bytes());
        self.push(&seq.to_be_bytes());
    }

    /// A whole ARP frame, request (1) or reply (2).
    pub(crate) fn arp(&mut self, ends: Ends, opcode: u16) {
        self.ethernet(ends, 0x0806);
        self.push(&[0, 1, 8, 0, 6, 4]);
        self.push(&opcode.to_be_bytes());
        self.push(&mac(ends.src));
        self.push(&v4(ends.src));
        self.push(&if opcode == 1 { [0; 6] } else { mac(ends.dst) });
        self.push(&v4(ends.dst));
    }

    /// Sets lengths and checksums of a whole packet.
    pub(crate) fn finish(&mut self, ends: Ends, ip: Ip) {
        let sum = self.transport_sum(ends, ip.proto);
        let at = self.transport
            + match ip.proto {
                6 => 16,
                17 => 6,
                _ => 2,
            };
        self.buf[at..at + 2].copy_from_slice(&sum.to_be_bytes());
        self.finish_piece(ends, 0);
    }

    /// The transport checksum of everything since the IP header.
    fn transport_sum(&self, ends: Ends, proto: u8) -> u16 {
        let data = &self.buf[self.transport..];
        let mut sum = sum(data);
        if ends.v6 {
            sum += pseudo(&v6(ends.src), &v6(ends.dst), proto, data.len());
        } else if proto != 1 {
            sum += pseudo(&v4(ends.src), &v4(ends.dst), proto, data.len());
        }
        let folded = fold(sum);
        if folded == 0 && proto == 17 { 0xFFFF } else { folded }
    }

    /// Sets the lengths of the IP header, and its checksum; `extension` bytes stand between it
    /// and what [`Packet::ip`] took for the payload.
    pub(crate) fn finish_piece(&mut self, ends: Ends, extension: usize) {
        let payload = self.buf.len() - self.transport + extension;
        if ends.v6 {
            let at = self.transport - extension - 40;
            self.buf[at + 4..at + 6].copy_from_slice(&(payload as u16).to_be_bytes());
        } else {
            let at = self.transport - 20;
            self.buf[at + 2..at + 4].copy_from_slice(&((payload + 20) as u16).to_be_bytes());
            let check = fold(sum(&self.buf[at..at + 20]));
            self.buf[at + 10..at + 12].copy_from_slice(&check.to_be_bytes());
        }
    }

    /// Takes the finished IP payload out, for fragmentation.
    pub(crate) fn take_transport(&mut self, into: &mut Vec<u8>) {
        into.clear();
        into.extend_from_slice(&self.buf[self.transport..]);
    }
}

fn mac(host: u32) -> [u8; 6] {
    let [a, b, c, d] = host.to_be_bytes();
    [0x02, 0x5A, a, b, c, d]
}

/// Clients are 10/8; servers, whose top bit is set, are 172.16/12.
fn v4(host: u32) -> [u8; 4] {
    if host & 0x8000_0000 == 0 {
        (0x0A00_0000 | host & 0x00FF_FFFF).to_be_bytes()
    } else {
        (0xAC10_0000 | host & 0x000F_FFFF).to_be_bytes()
    }
}

/// 2001:db8::/32, with the host number spread over the last 48 bits.
fn v6(host: u32) -> [u8; 16] {
    let [a, b, c, d] = host.to_be_bytes();
    [0x20, 0x01, 0x0D, 0xB8, 0, a, 0, 0, 0, 0, 0, 0, 0, b, c, d]
}

fn pseudo(src: &[u8], dst: &[u8], proto: u8, len: usize) -> u64 {
    sum(src) + sum(dst) + u64::from(proto) + len as u64
}

/// Sum of the big-endian 16-bit words, the last byte padded with zero.
fn sum(data: &[u8]) -> u64 {
    let mut total = 0;
    let mut words = data.chunks_exact(4);
    for w in &mut words {
        total += u64::from(u32::from_be_bytes([w[0], w[1], w[2], w[3]]));
    }
    let mut last = [0; 4];
    last[..words.remainder().len()].copy_from_slice(words.remainder());
    total + u64::from(u32::from_be_bytes(last))
}

/// Ones' complement of the folded sum.
fn fold(mut sum: u64) -> u16 {
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_as_rfc_1071_does() {
        // The example of RFC 1071 section 3: 0001 f203 f4f5 f6f7 adds up to ddf2.
        assert_eq!(fold(sum(&[0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7])), !0xDDF2);
    }

    #[test]
    fn filler_wraps_around_the_pool() {
        let mut p = Packet::new(1);
        p.fill(u32::MAX, 3 * POOL);
        assert_eq!(p.len(), 3 * POOL);
    }
}
