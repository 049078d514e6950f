//! BSD loopback encapsulation: the address family before the packet.
//!
//! Source: libpcap LINKTYPE_NULL (0) and LINKTYPE_LOOP (108).
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 4 | address family; LOOP: big-endian, NULL: in the capturing machine's order | `null.family` |
//!
//! Both orders are taken for both link types, since files of either kind with the other order
//! exist. Some systems put an EtherType in the place of the family.

use std::fmt;

use super::EtherType;
use crate::Result;
use crate::bytes::{be32, split};
use crate::code::open_code;

/// Field offsets.
pub mod at {
    /// Address family, 4 bytes.
    pub const FAMILY: usize = 0;
    /// Length of the header.
    pub const LEN: usize = 4;
}

open_code! {
    /// Address family, as the BSD systems, Darwin and Linux number them.
    Family(u32, dec) {
        INET = 2 "IP",
        INET6_LINUX = 10 "IPv6 (Linux)",
        INET6_BSD = 24 "IPv6 (NetBSD, OpenBSD)",
        INET6_FREEBSD = 28 "IPv6 (FreeBSD)",
        INET6_DARWIN = 30 "IPv6 (Darwin)",
        OSI = 7 "OSI",
        IPX = 23 "IPX",
    }
    also {
        0 "Unspecified",
        1 "Local (UNIX)",
        5 "CHAOS",
        6 "XNS",
        11 "DDS",
        12 "DECnet",
        16 "AppleTalk",
    }
}

impl Family {
    /// True for any system's number of IPv6.
    #[must_use]
    pub const fn is_ipv6(self) -> bool {
        matches!(self, Self::INET6_LINUX | Self::INET6_BSD | Self::INET6_FREEBSD | Self::INET6_DARWIN)
    }
}

/// A view over a packet with loopback encapsulation.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    payload: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the 4 bytes of the header.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, payload) = split("loopback", "null.family", bytes)?;
        Ok(Self { fixed, payload })
    }

    /// Address family: read big-endian, or little-endian when only that fits 16 bits.
    #[must_use]
    pub const fn family(&self) -> Family {
        match be32(self.fixed, at::FAMILY) {
            v if v > 0xffff => Family(v.swap_bytes()),
            v => Family(v),
        }
    }

    /// True when the family was stored little-endian.
    #[must_use]
    pub const fn is_little_endian(&self) -> bool {
        be32(self.fixed, at::FAMILY) > 0xffff
    }

    /// The EtherType of the payload: of the family, or the family itself where that is one.
    #[must_use]
    pub const fn ethertype(&self) -> Option<EtherType> {
        match self.family() {
            Family::INET => Some(EtherType::IPV4),
            f if f.is_ipv6() => Some(EtherType::IPV6),
            f if f.0 >= EtherType::MIN as u32 && f.0 <= 0xffff => Some(EtherType(f.0 as u16)),
            _ => None,
        }
    }

    /// What follows the header.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Family: {}", self.family())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    #[test]
    fn families_in_both_orders() {
        for (bytes, ethertype, little) in [
            ([2, 0, 0, 0], Some(EtherType::IPV4), true),
            ([0, 0, 0, 2], Some(EtherType::IPV4), false),
            ([30, 0, 0, 0], Some(EtherType::IPV6), true),
            ([0, 0, 0, 24], Some(EtherType::IPV6), false),
            ([0, 0, 0x86, 0xdd], Some(EtherType::IPV6), false),
            ([23, 0, 0, 0], None, true),
        ] {
            let h = Header::new(&bytes).unwrap();
            assert_eq!((h.ethertype(), h.is_little_endian()), (ethertype, little), "{bytes:?}");
        }
        let h = Header::new(&[2, 0, 0, 0, 0x45]).unwrap();
        assert_eq!(h.payload(), &[0x45]);
        assert_eq!(h.to_string(), "Family: IP");
    }

    #[test]
    fn truncated() {
        every_prefix(&[0; 6], 4, |b| Header::new(b).is_ok());
    }

    proptest! {
        #[test]
        fn views_anything(bytes: [u8; 4]) {
            let h = Header::new(&bytes).unwrap();
            let _ = (h.ethertype(), h.to_string());
        }
    }
}
