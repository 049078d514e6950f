//! VXLAN, with the group policy extension and the generic protocol extension.
//!
//! Source: RFC 7348 section 5; draft-smith-vxlan-group-policy; draft-ietf-nvo3-vxlan-gpe.
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 2 | flags: G 8000, I 0800, GPE P 0400, D 0040, A 0008 | `vxlan.flags` |
//! | 2 | 2 | group policy identifier, with G | `vxlan.gbp` |
//! | 3 | 1 | GPE: next protocol, with P | `vxlan.next_proto` |
//! | 4 | 3 | VXLAN network identifier | `vxlan.vni` |
//! | 7 | 1 | reserved | `vxlan.reserved8` |

use std::fmt;

use crate::bytes::{be16, be32, put16, put32, room, split};
use crate::{Error, Result};

/// UDP port of VXLAN.
pub const PORT: u16 = 4789;
/// UDP port of VXLAN-GPE.
pub const PORT_GPE: u16 = 4790;

/// Field offsets.
pub mod at {
    /// Flags, 2 bytes.
    pub const FLAGS: usize = 0;
    /// Group policy identifier, 2 bytes.
    pub const GROUP_POLICY: usize = 2;
    /// GPE: next protocol, 1 byte.
    pub const NEXT_PROTO: usize = 3;
    /// Network identifier, 3 bytes.
    pub const VNI: usize = 4;
    /// Length of the header.
    pub const LEN: usize = 8;
}

/// Flag: the network identifier is valid.
pub const FLAG_VNI: u16 = 0x0800;
/// Flag: a group policy identifier is there.
pub const FLAG_GROUP_POLICY: u16 = 0x8000;
/// Flag: GPE, a next protocol is there.
pub const FLAG_NEXT_PROTO: u16 = 0x0400;

/// A view over a VXLAN packet.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    payload: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the 8 bytes of the header.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, payload) = split("VXLAN", "vxlan", bytes)?;
        Ok(Self { fixed, payload })
    }

    /// Flags.
    #[must_use]
    pub const fn flags(&self) -> u16 {
        be16(self.fixed, at::FLAGS)
    }

    /// Group policy identifier as it stands.
    #[must_use]
    pub const fn group_policy(&self) -> u16 {
        be16(self.fixed, at::GROUP_POLICY)
    }

    /// GPE: next protocol as it stands (1 IPv4, 2 IPv6, 3 Ethernet, 4 NSH).
    #[must_use]
    pub const fn next_proto(&self) -> u8 {
        self.fixed[at::NEXT_PROTO]
    }

    /// Network identifier, 24 bits.
    #[must_use]
    pub const fn vni(&self) -> u32 {
        be32(self.fixed, at::VNI) >> 8
    }

    /// The byte behind the network identifier.
    #[must_use]
    pub const fn reserved(&self) -> u8 {
        self.fixed[7]
    }

    /// The Ethernet frame, or what the next protocol says.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

/// A VXLAN header to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Repr {
    /// Flags.
    pub flags: u16,
    /// Group policy identifier; 0 without it.
    pub group_policy: u16,
    /// Network identifier, 24 bits.
    pub vni: u32,
    /// The byte behind it, 0.
    pub reserved: u8,
}

impl Repr {
    /// A plain header of RFC 7348.
    #[must_use]
    pub const fn new(vni: u32) -> Self {
        Self { flags: FLAG_VNI, group_policy: 0, vni, reserved: 0 }
    }

    /// Refuses a header without a valid network identifier.
    pub fn parse(h: &Header<'_>) -> Result<Self> {
        if h.flags() & FLAG_VNI == 0 {
            return Err(Error::value("VXLAN", "vxlan.flags", at::FLAGS, u64::from(h.flags())));
        }
        Ok(Self { flags: h.flags(), group_policy: h.group_policy(), vni: h.vni(), reserved: h.reserved() })
    }

    /// Bytes that [`Self::emit`] writes.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        at::LEN
    }

    /// Writes the header at the front of `out` and returns its length.
    pub fn emit(&self, out: &mut [u8]) -> Result<usize> {
        if self.vni >> 24 != 0 {
            return Err(Error::value("VXLAN", "vxlan.vni", at::VNI, u64::from(self.vni)));
        }
        let (h, _) = room::<{ at::LEN }>("VXLAN", out)?;
        put16(h, at::FLAGS, self.flags);
        put16(h, at::GROUP_POLICY, self.group_policy);
        put32(h, at::VNI, self.vni << 8 | u32::from(self.reserved));
        Ok(at::LEN)
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VXLAN, VNI {}", self.vni())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    #[test]
    fn fields() {
        let p = [0x08, 0, 0, 0, 0x01, 0x02, 0x03, 0, 0xff];
        let h = Header::new(&p).unwrap();
        assert_eq!((h.flags(), h.vni(), h.payload()), (FLAG_VNI, 0x0001_0203, &[0xff][..]));
        assert_eq!(h.to_string(), "VXLAN, VNI 66051");
        let mut out = [0xff; 8];
        assert_eq!(Repr::new(66051).emit(&mut out), Ok(8));
        assert_eq!(out, p[..8]);
        let p = [0x88, 0, 0, 7, 0, 0, 1, 0];
        assert_eq!(Header::new(&p).unwrap().group_policy(), 7);
        let p = [0x0c, 0, 0, 2, 0, 0, 1, 0];
        assert_eq!(Header::new(&p).unwrap().next_proto(), 2);
    }

    #[test]
    fn truncated() {
        every_prefix(&[0; 10], 8, |b| Header::new(b).is_ok());
        every_prefix(&[0; 10], 8, |b| Repr::new(1).emit(&mut b.to_vec()).is_ok());
        assert!(Repr::new(1 << 24).emit(&mut [0; 8]).is_err());
        assert!(Repr::parse(&Header::new(&[0; 8]).unwrap()).is_err());
    }

    proptest! {
        #[test]
        fn emit_writes_what_was_parsed(mut bytes: [u8; 8]) {
            bytes[0] |= 8;
            let mut out = [0; 8];
            Repr::parse(&Header::new(&bytes).unwrap()).unwrap().emit(&mut out).unwrap();
            prop_assert_eq!(out, bytes);
        }
    }
}
