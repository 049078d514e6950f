//! Ethernet II and IEEE 802.3 MAC header.
//!
//! Source: IEEE 802.3 clause 3.1.1, RFC 894, RFC 1042.
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 6 | destination address | `eth.dst` |
//! | 6 | 6 | source address | `eth.src` |
//! | 12 | 2 | up to 1500: length of the LLC frame; from 0x0600: EtherType | `eth.len`, `eth.type` |
//!
//! Values 1501 to 1535 are neither (IEEE 802.3 clause 3.2.6).

use std::fmt;
use std::str::FromStr;

use super::EtherType;
use crate::bytes::{array, be16, put, put16, room, split};
use crate::{Error, Result};

/// Field offsets.
pub mod at {
    /// Destination address, 6 bytes.
    pub const DST: usize = 0;
    /// Source address, 6 bytes.
    pub const SRC: usize = 6;
    /// Type or length, 2 bytes.
    pub const TYPE: usize = 12;
    /// Length of the header.
    pub const LEN: usize = 14;
}

/// The largest value of the type field that is a length.
pub const MAX_LENGTH: u16 = 1500;

/// A 48-bit MAC address in canonical (Ethernet) bit order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MacAddr(pub [u8; 6]);

impl MacAddr {
    /// `ff:ff:ff:ff:ff:ff`.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// Group bit: multicast or broadcast.
    #[must_use]
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// Locally administered bit.
    #[must_use]
    pub const fn is_local(self) -> bool {
        self.0[0] & 2 != 0
    }

    /// The address with the bits of every byte in reverse order: between the canonical
    /// (Ethernet) and the non-canonical (Token-Ring) notation.
    #[must_use]
    pub fn bit_reversed(self) -> Self {
        Self(self.0.map(u8::reverse_bits))
    }
}

/// A view over an Ethernet frame without its frame check sequence.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    rest: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the 14 bytes of the header.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, rest) = split("Ethernet", "eth", bytes)?;
        Ok(Self { fixed, rest })
    }

    /// Destination address.
    #[must_use]
    pub fn dst(&self) -> MacAddr {
        MacAddr(array(self.fixed, at::DST))
    }

    /// Source address.
    #[must_use]
    pub fn src(&self) -> MacAddr {
        MacAddr(array(self.fixed, at::SRC))
    }

    /// Type or length as it stands.
    #[must_use]
    pub const fn type_or_len(&self) -> u16 {
        be16(self.fixed, at::TYPE)
    }

    /// EtherType, when the field holds one.
    #[must_use]
    pub const fn ethertype(&self) -> Option<EtherType> {
        let v = self.type_or_len();
        if v >= EtherType::MIN { Some(EtherType(v)) } else { None }
    }

    /// Length of the LLC frame in bytes, when the field holds one.
    #[must_use]
    pub const fn length(&self) -> Option<u16> {
        let v = self.type_or_len();
        if v <= MAX_LENGTH { Some(v) } else { None }
    }

    /// What the frame carries: up to the length where there is one, else everything.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        let len = self.length().map_or(self.rest.len(), usize::from);
        self.rest.get(..len).unwrap_or(self.rest)
    }

    /// Padding behind the payload of an 802.3 frame.
    #[must_use]
    pub fn trailer(&self) -> &'a [u8] {
        &self.rest[self.payload().len()..]
    }
}

/// An Ethernet header to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Repr {
    /// Destination address.
    pub dst: MacAddr,
    /// Source address.
    pub src: MacAddr,
    /// EtherType, or the length of the LLC frame that follows.
    pub type_or_len: u16,
}

impl Repr {
    /// An Ethernet II header.
    #[must_use]
    pub const fn new(src: MacAddr, dst: MacAddr, ethertype: EtherType) -> Self {
        Self { dst, src, type_or_len: ethertype.0 }
    }

    /// Refuses the values 1501 to 1535, which are neither a type nor a length.
    pub fn parse(h: &Header<'_>) -> Result<Self> {
        let type_or_len = h.type_or_len();
        if (MAX_LENGTH + 1..EtherType::MIN).contains(&type_or_len) {
            return Err(Error::value("Ethernet", "eth.type", at::TYPE, u64::from(type_or_len)));
        }
        Ok(Self { dst: h.dst(), src: h.src(), type_or_len })
    }

    /// Bytes that [`Self::emit`] writes.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        at::LEN
    }

    /// Writes the header at the front of `out` and returns its length.
    pub fn emit(&self, out: &mut [u8]) -> Result<usize> {
        let (h, _) = room::<{ at::LEN }>("Ethernet", out)?;
        put(h, at::DST, &self.dst.0);
        put(h, at::SRC, &self.src.0);
        put16(h, at::TYPE, self.type_or_len);
        Ok(at::LEN)
    }
}

impl FromStr for MacAddr {
    type Err = Error;

    /// Six hexadecimal bytes separated by `:` or `-`, or twelve digits without separators.
    fn from_str(s: &str) -> Result<Self> {
        let bad = |offset| Error::contradiction("MAC address", "text", offset, "not six hexadecimal bytes");
        let mut mac = [0; 6];
        let mut digits = 0;
        for (i, c) in s.char_indices() {
            match c.to_digit(16) {
                Some(d) if digits < 12 => {
                    mac[digits / 2] = mac[digits / 2] << 4 | d as u8;
                    digits += 1;
                }
                None if matches!(c, ':' | '-') && digits % 2 == 0 && (1..12).contains(&digits) => {}
                _ => return Err(bad(i)),
            }
        }
        if digits == 12 { Ok(Self(mac)) } else { Err(bad(s.len())) }
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} > {}, ", self.src(), self.dst())?;
        match (self.ethertype(), self.length()) {
            (Some(t), _) => write!(f, "{t}"),
            (_, Some(len)) => write!(f, "length {len}"),
            _ => write!(f, "type 0x{:04x}", self.type_or_len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    // The start of an ARP request as RFC 826 and IEEE 802.3 lay it out.
    const ARP: [u8; 16] =
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x01];

    #[test]
    fn ethernet_ii() {
        let h = Header::new(&ARP).unwrap();
        assert_eq!(h.dst(), MacAddr::BROADCAST);
        assert!(h.dst().is_group());
        assert_eq!(h.src().to_string(), "02:00:00:00:00:01");
        assert!(h.src().is_local());
        assert_eq!(h.ethertype(), Some(EtherType::ARP));
        assert_eq!(h.length(), None);
        assert_eq!(h.payload(), &[0, 1]);
        assert_eq!(h.to_string(), "02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff, ARP");
    }

    #[test]
    fn ieee_802_3_length_parts_payload_from_padding() {
        let mut frame = [0u8; 20];
        frame[at::TYPE + 1] = 3;
        frame[14..17].copy_from_slice(&[0xf0, 0xf0, 0x7f]);
        let h = Header::new(&frame).unwrap();
        assert_eq!((h.length(), h.ethertype()), (Some(3), None));
        assert_eq!(h.payload(), &[0xf0, 0xf0, 0x7f]);
        assert_eq!(h.trailer(), &[0, 0, 0]);
        frame[at::TYPE..at::LEN].copy_from_slice(&1501u16.to_be_bytes());
        let h = Header::new(&frame).unwrap();
        assert_eq!((h.length(), h.ethertype()), (None, None));
        assert!(Repr::parse(&h).is_err());
    }

    #[test]
    fn addresses_as_text() {
        let mac = MacAddr([0x00, 0x1a, 0x2b, 0x3c, 0x4d, 0x5e]);
        for s in ["00:1a:2b:3c:4d:5e", "00-1A-2B-3C-4D-5E", "001A2B3C4D5E"] {
            assert_eq!(s.parse(), Ok(mac));
        }
        for s in
            ["", "00:1a:2b:3c:4d", "00:1a:2b:3c:4d:5e:6f", "0:01a2b3c4d5e", "001A2B3C4D5G", "001A2B3C4D5E:"]
        {
            assert!(s.parse::<MacAddr>().is_err(), "{s}");
        }
        // IEEE 802 annex: AC-DE-48 in canonical is 35:7B:12 in bit-reversed notation.
        assert_eq!(MacAddr([0xac, 0xde, 0x48, 0, 0, 0x80]).bit_reversed().to_string(), "35:7b:12:00:00:01");
    }

    #[test]
    fn truncated() {
        every_prefix(&ARP, at::LEN, |b| Header::new(b).is_ok());
        let repr = Repr::parse(&Header::new(&ARP).unwrap()).unwrap();
        every_prefix(&[0; 20], at::LEN, |b| repr.emit(&mut b.to_vec()).is_ok());
    }

    proptest! {
        #[test]
        fn emit_writes_what_was_parsed(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let Ok(h) = Header::new(&bytes) else { return Ok(()) };
            prop_assert_eq!(h.payload().len() + h.trailer().len() + at::LEN, bytes.len());
            let _ = h.to_string();
            if let Ok(repr) = Repr::parse(&h) {
                let mut out = [0; at::LEN];
                prop_assert_eq!(repr.emit(&mut out), Ok(at::LEN));
                prop_assert_eq!(&out[..], &bytes[..at::LEN]);
            }
        }
    }
}
