//! TCP header. Options have their own file, [`super::tcp_options`].
//!
//! Source: RFC 9293 section 3.1, RFC 3168 (ECE, CWR), RFC 3540 and accurate ECN (AE).
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 2 | source port | `tcp.srcport` |
//! | 2 | 2 | destination port | `tcp.dstport` |
//! | 4 | 4 | sequence number | `tcp.seq_raw` |
//! | 8 | 4 | acknowledgment number | `tcp.ack_raw` |
//! | 12 | 2 | header length in 32-bit words (high 4 bits), flags (low 12) | `tcp.hdr_len`, `tcp.flags` |
//! | 14 | 2 | window, unscaled | `tcp.window_size_value` |
//! | 16 | 2 | checksum | `tcp.checksum` |
//! | 18 | 2 | urgent pointer | `tcp.urgent_pointer` |
//! | 20 | 0-40 | options | `tcp.options` |

use std::fmt;

use super::IpProtocol;
use super::tcp_options::{Options, TcpOptions};
use crate::bytes::{be16, be32, prefix, put16, put32, room, split};
use crate::checksum::Pseudo;
use crate::{Error, Result};

/// Field offsets.
pub mod at {
    /// Source port, 2 bytes.
    pub const SRC_PORT: usize = 0;
    /// Destination port, 2 bytes.
    pub const DST_PORT: usize = 2;
    /// Sequence number, 4 bytes.
    pub const SEQ: usize = 4;
    /// Acknowledgment number, 4 bytes.
    pub const ACK: usize = 8;
    /// Header length and flags, 2 bytes.
    pub const HDR_LEN_FLAGS: usize = 12;
    /// Window, 2 bytes.
    pub const WINDOW: usize = 14;
    /// Checksum, 2 bytes.
    pub const CHECKSUM: usize = 16;
    /// Urgent pointer, 2 bytes.
    pub const URGENT: usize = 18;
    /// Options.
    pub const OPTIONS: usize = 20;
    /// Length of the header without options.
    pub const LEN: usize = 20;
}

/// The twelve flag bits, the reserved ones included, numbered as Wireshark shows `tcp.flags`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Flags(pub u16);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x001);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x002);
    /// Reset the connection.
    pub const RST: Self = Self(0x004);
    /// Push.
    pub const PSH: Self = Self(0x008);
    /// The acknowledgment number counts.
    pub const ACK: Self = Self(0x010);
    /// The urgent pointer counts.
    pub const URG: Self = Self(0x020);
    /// ECN echo.
    pub const ECE: Self = Self(0x040);
    /// Congestion window reduced.
    pub const CWR: Self = Self(0x080);
    /// Accurate ECN; the nonce sum before.
    pub const AE: Self = Self(0x100);

    /// Each flag and its letter in [`fmt::Display`], low bit first.
    const LETTERS: [(Self, char); 9] = [
        (Self::FIN, 'F'),
        (Self::SYN, 'S'),
        (Self::RST, 'R'),
        (Self::PSH, 'P'),
        (Self::ACK, 'A'),
        (Self::URG, 'U'),
        (Self::ECE, 'E'),
        (Self::CWR, 'C'),
        (Self::AE, 'A'),
    ];

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True when every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// True when any bit of `other` is set.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A view over a TCP segment.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    options: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the whole header, options included, and a header length of at least 20.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, rest) = split::<{ at::LEN }>("TCP", "tcp", bytes)?;
        let hdr_len = usize::from(fixed[at::HDR_LEN_FLAGS] >> 4) * 4;
        let Some(len) = hdr_len.checked_sub(at::LEN) else {
            return Err(Error::value("TCP", "tcp.hdr_len", at::HDR_LEN_FLAGS, hdr_len as u64));
        };
        let options = prefix("TCP", "tcp.options", at::OPTIONS, rest, len)?;
        Ok(Self { fixed, options, payload: &rest[len..] })
    }

    /// Source port.
    #[must_use]
    pub const fn src_port(&self) -> u16 {
        be16(self.fixed, at::SRC_PORT)
    }

    /// Destination port.
    #[must_use]
    pub const fn dst_port(&self) -> u16 {
        be16(self.fixed, at::DST_PORT)
    }

    /// Sequence number of the first byte, or of SYN.
    #[must_use]
    pub const fn seq(&self) -> u32 {
        be32(self.fixed, at::SEQ)
    }

    /// Acknowledgment number; counts only with [`Flags::ACK`].
    #[must_use]
    pub const fn ack(&self) -> u32 {
        be32(self.fixed, at::ACK)
    }

    /// Length of the header in bytes, 20..=60.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        at::LEN + self.options.len()
    }

    /// Flags.
    #[must_use]
    pub const fn flags(&self) -> Flags {
        Flags(be16(self.fixed, at::HDR_LEN_FLAGS) & 0x0fff)
    }

    /// Window as it stands, not scaled.
    #[must_use]
    pub const fn window(&self) -> u16 {
        be16(self.fixed, at::WINDOW)
    }

    /// Checksum as it stands.
    #[must_use]
    pub const fn checksum(&self) -> u16 {
        be16(self.fixed, at::CHECKSUM)
    }

    /// True when the checksum over header, options and payload is right.
    #[must_use]
    pub fn checksum_ok(&self, pseudo: &Pseudo) -> bool {
        let len = self.header_len() + self.payload.len();
        let sum =
            pseudo.sum(IpProtocol::TCP.0, len).bytes(self.fixed).bytes(self.options).bytes(self.payload);
        sum.finish() == 0
    }

    /// Urgent pointer; counts only with [`Flags::URG`].
    #[must_use]
    pub const fn urgent_pointer(&self) -> u16 {
        be16(self.fixed, at::URGENT)
    }

    /// Option bytes, padding included.
    #[must_use]
    pub const fn option_bytes(&self) -> &'a [u8] {
        self.options
    }

    /// Walks the options.
    #[must_use]
    pub const fn options(&self) -> TcpOptions<'a> {
        TcpOptions::new(self.options)
    }

    /// Everything behind the header: the IP header says where the segment ends.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

/// A TCP header to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Repr {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgment number.
    pub ack: u32,
    /// Flags, 12 bits.
    pub flags: Flags,
    /// Window, already scaled down.
    pub window: u16,
    /// Urgent pointer.
    pub urgent_pointer: u16,
    /// Options.
    pub options: Options,
}

impl Repr {
    /// Keeps the options that [`Options`] has a place for. Refuses an option list that cannot be
    /// walked to its end. The checksum is left to [`Header::checksum_ok`].
    pub fn parse(h: &Header<'_>) -> Result<Self> {
        Ok(Self {
            src_port: h.src_port(),
            dst_port: h.dst_port(),
            seq: h.seq(),
            ack: h.ack(),
            flags: h.flags(),
            window: h.window(),
            urgent_pointer: h.urgent_pointer(),
            options: Options::parse(h.options).map_err(|e| e.at(at::OPTIONS))?,
        })
    }

    /// Bytes that [`Self::emit`] writes.
    #[must_use]
    pub fn header_len(&self) -> usize {
        at::LEN + self.options.len()
    }

    /// Writes the header at the front of `out` and returns its length. Everything behind it in
    /// `out` is the payload, which must already be there: the checksum covers it. Without a
    /// pseudo header the checksum is left 0, for an adapter to make.
    pub fn emit(&self, out: &mut [u8], pseudo: Option<&Pseudo>) -> Result<usize> {
        if self.flags.0 > 0x0fff {
            return Err(Error::value("TCP", "tcp.flags", at::HDR_LEN_FLAGS, u64::from(self.flags.0)));
        }
        let (h, rest) = room::<{ at::LEN }>("TCP", out)?;
        let options = self.options.emit(rest).map_err(|e| e.at(at::OPTIONS))?;
        let len = at::LEN + options;
        put16(h, at::SRC_PORT, self.src_port);
        put16(h, at::DST_PORT, self.dst_port);
        put32(h, at::SEQ, self.seq);
        put32(h, at::ACK, self.ack);
        put16(h, at::HDR_LEN_FLAGS, (len as u16 / 4) << 12 | self.flags.0);
        put16(h, at::WINDOW, self.window);
        put16(h, at::CHECKSUM, 0);
        put16(h, at::URGENT, self.urgent_pointer);
        if let Some(pseudo) = pseudo {
            let sum = pseudo.sum(IpProtocol::TCP.0, at::LEN + rest.len()).bytes(h).bytes(rest).finish();
            put16(h, at::CHECKSUM, sum);
        }
        Ok(len)
    }
}

impl fmt::Display for Flags {
    /// Twelve places, high bit first: a letter for a flag that is set, `·` for one that is not, as
    /// Wireshark shows `tcp.flags.str` where accurate ECN was not negotiated.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for bit in (9..12).rev() {
            f.write_str(if self.0 >> bit & 1 == 1 { "R" } else { "\u{b7}" })?;
        }
        for (flag, letter) in Self::LETTERS.into_iter().rev() {
            write!(f, "{}", if self.contains(flag) { letter } else { '\u{b7}' })?;
        }
        Ok(())
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} \u{2192} {} {} Seq={}", self.src_port(), self.dst_port(), self.flags(), self.seq())?;
        if self.flags().contains(Flags::ACK) {
            write!(f, " Ack={}", self.ack())?;
        }
        write!(f, " Win={} Len={}", self.window(), self.payload.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::checksum;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    const V4: Pseudo = Pseudo::V4 { src: Ipv4Addr::new(192, 0, 2, 1), dst: Ipv4Addr::new(192, 0, 2, 2) };

    // A SYN laid out by hand after RFC 9293: 1027 to 23, sequence 0x01020304, window 8192, MSS 1460.
    const SYN: [u8; 24] = [
        0x04, 0x03, 0x00, 0x17, 0x01, 0x02, 0x03, 0x04, 0, 0, 0, 0, 0x60, 0x02, 0x20, 0x00, 0x12, 0x34, 0, 0,
        0x02, 0x04, 0x05, 0xb4,
    ];

    #[test]
    fn fields() {
        let h = Header::new(&SYN).unwrap();
        assert_eq!((h.src_port(), h.dst_port(), h.seq(), h.ack()), (1027, 23, 0x0102_0304, 0));
        assert_eq!((h.header_len(), h.flags(), h.window()), (24, Flags::SYN, 8192));
        assert_eq!((h.checksum(), h.urgent_pointer()), (0x1234, 0));
        assert_eq!(h.payload(), &[] as &[u8]);
        assert_eq!(Repr::parse(&h).unwrap().options.mss, Some(1460));
        let dots = "\u{b7}".repeat(10);
        assert_eq!(h.to_string(), format!("1027 \u{2192} 23 {dots}S\u{b7} Seq=16909060 Win=8192 Len=0"));
    }

    #[test]
    fn checksum_covers_the_pseudo_header_of_rfc_9293() {
        let mut out = [SYN.as_slice(), b"odd"].concat();
        let r = Repr::parse(&Header::new(&SYN).unwrap()).unwrap();
        assert_eq!(r.emit(&mut out, Some(&V4)), Ok(24));
        // Pseudo header and segment as one block, the checksum field zero.
        let mut block = [&[192, 0, 2, 1, 192, 0, 2, 2, 0, 6, 0, 27][..], &SYN, b"odd"].concat();
        block[12 + at::CHECKSUM..12 + at::URGENT].fill(0);
        let h = Header::new(&out).unwrap();
        assert_eq!(h.checksum(), checksum(&block));
        assert!(h.checksum_ok(&V4));
        out[26] ^= 0x20;
        assert!(!Header::new(&out).unwrap().checksum_ok(&V4));
    }

    #[test]
    fn flags() {
        let f = Flags::SYN.with(Flags::ACK);
        assert_eq!(f.0, 0x012);
        assert!(f.contains(Flags::ACK) && !f.contains(Flags::ACK.with(Flags::FIN)));
        assert!(f.intersects(Flags::ACK.with(Flags::FIN)));
        assert_eq!(Flags(0xfff).to_string(), "RRRACEUAPRSF");
    }

    #[test]
    fn refuses_a_header_length_below_20() {
        let mut p = SYN;
        p[12] = 0x40;
        assert_eq!(Header::new(&p).unwrap_err(), Error::value("TCP", "tcp.hdr_len", 12, 16));
    }

    #[test]
    fn truncated() {
        every_prefix(&SYN, 24, |b| Header::new(b).is_ok());
        let repr = Repr::parse(&Header::new(&SYN).unwrap()).unwrap();
        every_prefix(&[0; 30], 24, |b| repr.emit(&mut b.to_vec(), None).is_ok());
    }

    proptest! {
        #[test]
        fn views_anything(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(h) = Header::new(&bytes) {
                prop_assert_eq!(h.header_len() + h.payload().len(), bytes.len());
                let _ = (h.to_string(), h.checksum_ok(&V4), Repr::parse(&h));
            }
        }

        #[test]
        fn parse_undoes_emit(
            ports: (u16, u16), seq: u32, ack: u32, flags in 0..0x1000u16, window: u16, urgent_pointer: u16,
            mss: Option<u16>, data in prop::collection::vec(any::<u8>(), 0..64), a: u128, b: u128,
        ) {
            let pseudo = Pseudo::V6 { src: Ipv6Addr::from(a), dst: Ipv6Addr::from(b) };
            let r = Repr {
                src_port: ports.0, dst_port: ports.1, seq, ack, flags: Flags(flags), window, urgent_pointer,
                options: Options { mss, ..Options::default() },
            };
            let mut out = [&vec![0; r.header_len()][..], &data].concat();
            r.emit(&mut out, Some(&pseudo)).unwrap();
            let h = Header::new(&out).unwrap();
            prop_assert!(h.checksum_ok(&pseudo));
            prop_assert_eq!(h.payload(), data);
            prop_assert_eq!(Repr::parse(&h), Ok(r));
        }
    }
}
