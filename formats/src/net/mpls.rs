//! MPLS label stack.
//!
//! Source: RFC 3032 section 2.1, RFC 5462 (traffic class); IANA "Special-Purpose MPLS Labels".
//!
//! An entry of the stack:
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 4 | label (20 bits), traffic class (3), bottom of stack (1), TTL (8) | `mpls.label`, `mpls.exp`, `mpls.bottom`, `mpls.ttl` |

use std::fmt;

use super::EtherType;
use crate::bytes::{be32, split};
use crate::code::open_code;
use crate::{Error, Result};

/// Field offsets.
pub mod at {
    /// Label, traffic class, bottom of stack and TTL, 4 bytes.
    pub const ENTRY: usize = 0;
    /// TTL, 1 byte.
    pub const TTL: usize = 3;
    /// Length of an entry.
    pub const LEN: usize = 4;
}

open_code! {
    /// MPLS label; the special-purpose ones have names.
    Label(u32, dec) {
        IPV4_EXPLICIT_NULL = 0 "IPv4 Explicit-Null",
        ROUTER_ALERT = 1 "Router Alert",
        IPV6_EXPLICIT_NULL = 2 "IPv6 Explicit-Null",
        IMPLICIT_NULL = 3 "Implicit-Null",
        ENTROPY_INDICATOR = 7 "Entropy Label Indicator (ELI)",
        GAL = 13 "Generic Associated Channel Label (GAL)",
        OAM_ALERT = 14 "OAM Alert",
        EXTENSION = 15 "Extension Label",
    }
}

/// One entry of a label stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Label, 20 bits.
    pub label: Label,
    /// Traffic class (experimental bits before RFC 5462), 0..=7.
    pub traffic_class: u8,
    /// Last entry of the stack.
    pub bottom: bool,
    /// Time to live.
    pub ttl: u8,
}

impl Entry {
    /// Reads an entry from its 32 bits.
    #[must_use]
    pub const fn from_bits(v: u32) -> Self {
        Self {
            label: Label(v >> 12),
            traffic_class: (v >> 9 & 7) as u8,
            bottom: v & 0x100 != 0,
            ttl: v as u8,
        }
    }

    /// The entry's 32 bits; of a label and traffic class that are too large the high bits are lost.
    #[must_use]
    pub const fn to_bits(self) -> u32 {
        self.label.0 << 12
            | (self.traffic_class as u32 & 7) << 9
            | (self.bottom as u32) << 8
            | self.ttl as u32
    }
}

/// A view over the label stack of a packet.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    entries: &'a [[u8; at::LEN]],
    payload: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs every entry up to the bottom of the stack.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (all, _) = bytes.as_chunks::<{ at::LEN }>();
        match all.iter().position(|e| Entry::from_bits(be32(e, at::ENTRY)).bottom) {
            Some(i) => Ok(Self { entries: &all[..=i], payload: &bytes[(i + 1) * at::LEN..] }),
            None => {
                let at = all.len() * at::LEN;
                Err(Error::short("MPLS", "mpls.label", at, at::LEN, bytes.len() - at))
            }
        }
    }

    /// The entries, the outermost first; at least one.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = Entry> + 'a {
        self.entries.iter().map(|e| Entry::from_bits(be32(e, at::ENTRY)))
    }

    /// Length of the stack in bytes.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        self.entries.len() * at::LEN
    }

    /// What follows the stack. Nothing says what it is.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// What the payload looks like by its first four bits: 4 and 6 are IP (RFC 4928).
    #[must_use]
    pub fn guess(&self) -> Option<EtherType> {
        match self.payload.first()? >> 4 {
            4 => Some(EtherType::IPV4),
            6 => Some(EtherType::IPV6),
            _ => None,
        }
    }
}

/// Reads the first entry only, for a walk that wants every entry of a stack cut short.
pub fn entry(bytes: &[u8]) -> Result<(Entry, &[u8])> {
    let (e, rest) = split::<{ at::LEN }>("MPLS", "mpls.label", bytes)?;
    Ok((Entry::from_bits(be32(e, at::ENTRY)), rest))
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (label, exp, bottom) = (self.label.0, self.traffic_class, u8::from(self.bottom));
        write!(f, "Label: {label}, Exp: {exp}, S: {bottom}, TTL: {}", self.ttl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    // Labels 16 (class 5, TTL 255) and 0 (bottom, TTL 64), then IPv4.
    const PACKET: [u8; 9] = [0x00, 0x01, 0x0a, 0xff, 0x00, 0x00, 0x01, 0x40, 0x45];

    #[test]
    fn stack() {
        let h = Header::new(&PACKET).unwrap();
        let all: Vec<_> = h.entries().collect();
        assert_eq!(all[0], Entry { label: Label(16), traffic_class: 5, bottom: false, ttl: 255 });
        assert_eq!(
            all[1],
            Entry { label: Label::IPV4_EXPLICIT_NULL, traffic_class: 0, bottom: true, ttl: 64 }
        );
        assert_eq!((h.header_len(), h.payload(), h.guess()), (8, &[0x45][..], Some(EtherType::IPV4)));
        assert_eq!(all[0].to_string(), "Label: 16, Exp: 5, S: 0, TTL: 255");
        assert_eq!(all[1].label.name(), Some("IPv4 Explicit-Null"));
        assert_eq!(entry(&PACKET[..5]).unwrap(), (all[0], &[0x00][..]));
    }

    #[test]
    fn truncated() {
        every_prefix(&PACKET, 8, |b| Header::new(b).is_ok());
        every_prefix(&PACKET, 4, |b| entry(b).is_ok());
    }

    proptest! {
        #[test]
        fn views_anything(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(h) = Header::new(&bytes) {
                prop_assert_eq!(h.header_len() + h.payload().len(), bytes.len());
                prop_assert_eq!(h.entries().filter(|e| e.bottom).count(), 1);
            }
        }

        #[test]
        fn bits_there_and_back(bits: u32) {
            prop_assert_eq!(Entry::from_bits(bits).to_bits(), bits);
        }
    }
}
