//! UDP and UDP-Lite header.
//!
//! Source: RFC 768; RFC 3828 for UDP-Lite, whose third field is the checksum coverage.
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 2 | source port | `udp.srcport` |
//! | 2 | 2 | destination port | `udp.dstport` |
//! | 4 | 2 | length of header and data in bytes | `udp.length` |
//! | 6 | 2 | checksum, 0 when none was made (IPv4 and some IPv6 tunnels) | `udp.checksum` |

use std::fmt;

use super::IpProtocol;
use crate::bytes::{be16, prefix, put16, room, split};
use crate::checksum::Pseudo;
use crate::{Error, Result};

/// Field offsets.
pub mod at {
    /// Source port, 2 bytes.
    pub const SRC_PORT: usize = 0;
    /// Destination port, 2 bytes.
    pub const DST_PORT: usize = 2;
    /// Length, 2 bytes.
    pub const LENGTH: usize = 4;
    /// Checksum, 2 bytes.
    pub const CHECKSUM: usize = 6;
    /// Length of the header.
    pub const LEN: usize = 8;
}

/// A view over a UDP datagram.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    rest: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the 8 bytes of the header.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, rest) = split("UDP", "udp", bytes)?;
        Ok(Self { fixed, rest })
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

    /// Length of header and data in bytes; 0 in a jumbogram or when left to the adapter.
    #[must_use]
    pub const fn length(&self) -> u16 {
        be16(self.fixed, at::LENGTH)
    }

    /// Checksum as it stands; 0 when there is none.
    #[must_use]
    pub const fn checksum(&self) -> u16 {
        be16(self.fixed, at::CHECKSUM)
    }

    /// True when the checksum is right, `None` when there is none.
    #[must_use]
    pub fn checksum_ok(&self, pseudo: &Pseudo) -> Option<bool> {
        if self.checksum() == 0 {
            return None;
        }
        let data = self.payload();
        let sum = pseudo.sum(IpProtocol::UDP.0, at::LEN + data.len()).bytes(self.fixed).bytes(data);
        Some(sum.finish() == 0)
    }

    /// The data: up to the length, or everything there when that is 0 or beyond the bytes there
    /// (cut at capture, or a fragment).
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        match usize::from(self.length()) {
            0 => self.rest,
            len => self.rest.get(..len.saturating_sub(at::LEN)).unwrap_or(self.rest),
        }
    }
}

/// A UDP header to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Repr {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Length of the data in bytes.
    pub payload_len: u16,
}

impl Repr {
    /// Refuses a length below 8 or beyond the bytes there. The checksum is left to
    /// [`Header::checksum_ok`].
    pub fn parse(h: &Header<'_>) -> Result<Self> {
        let length = h.length();
        let Some(payload_len) = length.checked_sub(at::LEN as u16) else {
            return Err(Error::value("UDP", "udp.length", at::LENGTH, u64::from(length)));
        };
        prefix("UDP", "payload", at::LEN, h.rest, usize::from(payload_len))?;
        Ok(Self { src_port: h.src_port(), dst_port: h.dst_port(), payload_len })
    }

    /// Bytes that [`Self::emit`] writes.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        at::LEN
    }

    /// Writes the header at the front of `out` and returns its length. The data must already lie
    /// behind it: the checksum covers them. Without a pseudo header the checksum is 0, none.
    pub fn emit(&self, out: &mut [u8], pseudo: Option<&Pseudo>) -> Result<usize> {
        let Some(length) = self.payload_len.checked_add(at::LEN as u16) else {
            let length = u64::from(self.payload_len) + at::LEN as u64;
            return Err(Error::value("UDP", "udp.length", at::LENGTH, length));
        };
        let (h, rest) = room::<{ at::LEN }>("UDP", out)?;
        let data = prefix("UDP", "payload", at::LEN, rest, usize::from(self.payload_len))?;
        put16(h, at::SRC_PORT, self.src_port);
        put16(h, at::DST_PORT, self.dst_port);
        put16(h, at::LENGTH, length);
        put16(h, at::CHECKSUM, 0);
        if let Some(pseudo) = pseudo {
            let sum = pseudo.sum(IpProtocol::UDP.0, usize::from(length)).bytes(h).bytes(data).finish();
            // 0 means that there is no checksum: its other representation is sent instead.
            put16(h, at::CHECKSUM, if sum == 0 { 0xffff } else { sum });
        }
        Ok(at::LEN)
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} \u{2192} {} Len={}", self.src_port(), self.dst_port(), self.payload().len())
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

    #[test]
    fn fields() {
        // Enterprise Extender's first port pair, 4 bytes of data and padding behind them.
        let d = [0x2e, 0xe0, 0x2e, 0xe1, 0, 12, 0xab, 0xcd, 1, 2, 3, 4, 0, 0];
        let h = Header::new(&d).unwrap();
        assert_eq!((h.src_port(), h.dst_port(), h.length(), h.checksum()), (12000, 12001, 12, 0xabcd));
        assert_eq!(h.payload(), &[1, 2, 3, 4]);
        assert_eq!(h.to_string(), "12000 \u{2192} 12001 Len=4");
    }

    #[test]
    fn checksum_covers_the_pseudo_header_of_rfc_768() {
        let mut out = *b"........data!";
        let r = Repr { src_port: 53, dst_port: 1024, payload_len: 5 };
        r.emit(&mut out, Some(&V4)).unwrap();
        // Pseudo header, header and data as one block, written out as the RFC draws them.
        let block =
            [&[192, 0, 2, 1, 192, 0, 2, 2, 0, 17, 0, 13][..], &[0, 53, 4, 0, 0, 13, 0, 0], b"data!"].concat();
        let h = Header::new(&out).unwrap();
        assert_eq!(h.checksum(), checksum(&block));
        assert_eq!(h.checksum_ok(&V4), Some(true));
        out[12] ^= 1;
        assert_eq!(Header::new(&out).unwrap().checksum_ok(&V4), Some(false));
    }

    #[test]
    fn no_checksum_is_neither_right_nor_wrong() {
        let mut out = [0xff; 8];
        Repr { src_port: 1, dst_port: 2, payload_len: 0 }.emit(&mut out, None).unwrap();
        assert_eq!(out, [0, 1, 0, 2, 0, 8, 0, 0]);
        assert_eq!(Header::new(&out).unwrap().checksum_ok(&V4), None);
    }

    #[test]
    fn truncated() {
        let d = [0, 1, 0, 2, 0, 12, 0, 0, 1, 2, 3, 4];
        every_prefix(&d, 8, |b| Header::new(b).is_ok());
        every_prefix(&d, 12, |b| Header::new(b).is_ok_and(|h| Repr::parse(&h).is_ok()));
        let repr = Repr { src_port: 1, dst_port: 2, payload_len: 4 };
        every_prefix(&d, 12, |b| repr.emit(&mut b.to_vec(), Some(&V4)).is_ok());
        assert!(Repr { payload_len: 65528, ..repr }.emit(&mut [0; 65536], None).is_err());
    }

    proptest! {
        #[test]
        fn views_anything(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(h) = Header::new(&bytes) {
                let _ = (h.to_string(), h.checksum_ok(&V4), Repr::parse(&h));
            }
        }

        #[test]
        fn parse_undoes_emit(src_port: u16, dst_port: u16, data in prop::collection::vec(any::<u8>(), 0..64), a: u128, b: u128) {
            let pseudo = Pseudo::V6 { src: Ipv6Addr::from(a), dst: Ipv6Addr::from(b) };
            let r = Repr { src_port, dst_port, payload_len: data.len() as u16 };
            let mut out = [&[0; 8][..], &data].concat();
            r.emit(&mut out, Some(&pseudo)).unwrap();
            let h = Header::new(&out).unwrap();
            prop_assert_eq!(h.checksum_ok(&pseudo), Some(true));
            prop_assert_eq!(h.payload(), data);
            prop_assert_eq!(Repr::parse(&h), Ok(r));
        }
    }
}
