//! VLAN tag: IEEE 802.1Q (C-tag) and 802.1ad (S-tag).
//!
//! Source: IEEE 802.1Q clause 9.6. The tag's own TPID is the EtherType before it, so a tag is
//! seen here as what follows that EtherType.
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 2 | TCI: priority (3 bits), DEI/CFI (1), VLAN identifier (12) | `vlan.priority`, `vlan.dei`, `vlan.id` |
//! | 2 | 2 | EtherType of what follows, or an 802.3 length | `vlan.etype`, `vlan.len` |

use std::fmt;

use super::{EtherType, ethernet};
use crate::bytes::{be16, put16, room, split};
use crate::{Error, Result};

/// Field offsets.
pub mod at {
    /// Tag control information, 2 bytes.
    pub const TCI: usize = 0;
    /// Type or length of what follows, 2 bytes.
    pub const TYPE: usize = 2;
    /// Length of the tag.
    pub const LEN: usize = 4;
}

/// A view over a VLAN tag, from its TCI on.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    rest: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the 4 bytes of the tag.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, rest) = split("802.1Q", "vlan", bytes)?;
        Ok(Self { fixed, rest })
    }

    /// Tag control information as it stands.
    #[must_use]
    pub const fn tci(&self) -> u16 {
        be16(self.fixed, at::TCI)
    }

    /// Priority code point, 0..=7.
    #[must_use]
    pub const fn priority(&self) -> u8 {
        (self.tci() >> 13) as u8
    }

    /// Drop eligible indicator; the canonical format indicator before 802.1Q-2011.
    #[must_use]
    pub const fn dei(&self) -> bool {
        self.tci() & 0x1000 != 0
    }

    /// VLAN identifier, 0..=4095.
    #[must_use]
    pub const fn id(&self) -> u16 {
        self.tci() & 0x0fff
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
        if v <= ethernet::MAX_LENGTH { Some(v) } else { None }
    }

    /// What follows: up to the length where there is one, else everything.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        let len = self.length().map_or(self.rest.len(), usize::from);
        self.rest.get(..len).unwrap_or(self.rest)
    }
}

/// A VLAN tag to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Repr {
    /// Priority code point, 0..=7.
    pub priority: u8,
    /// Drop eligible indicator.
    pub dei: bool,
    /// VLAN identifier, 0..=4095.
    pub id: u16,
    /// EtherType of what follows, or its length.
    pub type_or_len: u16,
}

impl Repr {
    /// Every tag is valid.
    pub fn parse(h: &Header<'_>) -> Result<Self> {
        Ok(Self { priority: h.priority(), dei: h.dei(), id: h.id(), type_or_len: h.type_or_len() })
    }

    /// Bytes that [`Self::emit`] writes.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        at::LEN
    }

    /// Writes the tag at the front of `out` and returns its length.
    pub fn emit(&self, out: &mut [u8]) -> Result<usize> {
        if self.priority > 7 {
            return Err(Error::value("802.1Q", "vlan.priority", at::TCI, u64::from(self.priority)));
        }
        if self.id > 0x0fff {
            return Err(Error::value("802.1Q", "vlan.id", at::TCI, u64::from(self.id)));
        }
        let (h, _) = room::<{ at::LEN }>("802.1Q", out)?;
        put16(h, at::TCI, u16::from(self.priority) << 13 | u16::from(self.dei) << 12 | self.id);
        put16(h, at::TYPE, self.type_or_len);
        Ok(at::LEN)
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PRI: {}, DEI: {}, ID: {}", self.priority(), u8::from(self.dei()), self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    #[test]
    fn fields() {
        // Priority 5, DEI set, VLAN 100, IPv4.
        let h = Header::new(&[0xb0, 0x64, 0x08, 0x00, 0x45]).unwrap();
        assert_eq!((h.priority(), h.dei(), h.id()), (5, true, 100));
        assert_eq!(h.ethertype(), Some(EtherType::IPV4));
        assert_eq!(h.payload(), &[0x45]);
        assert_eq!(h.to_string(), "PRI: 5, DEI: 1, ID: 100");
        let h = Header::new(&[0, 1, 0, 2, 0xaa, 0xaa, 3]).unwrap();
        assert_eq!((h.length(), h.payload()), (Some(2), &[0xaa, 0xaa][..]));
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let mut out = [0; at::LEN];
        assert!(Repr { id: 4096, ..Repr::default() }.emit(&mut out).is_err());
        assert!(Repr { priority: 8, ..Repr::default() }.emit(&mut out).is_err());
        every_prefix(&[0; 8], at::LEN, |b| Repr::default().emit(&mut b.to_vec()).is_ok());
    }

    #[test]
    fn truncated() {
        every_prefix(&[0; 6], at::LEN, |b| Header::new(b).is_ok());
    }

    proptest! {
        #[test]
        fn emit_writes_what_was_parsed(bytes: [u8; 4]) {
            let repr = Repr::parse(&Header::new(&bytes).unwrap()).unwrap();
            let mut out = [0; 4];
            prop_assert_eq!(repr.emit(&mut out), Ok(4));
            prop_assert_eq!(out, bytes);
        }
    }
}
