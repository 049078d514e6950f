//! SYSTCPIP: the body of a stack event trace entry.
//!
//! | offset | length | field |
//! |---|---|---|
//! | 0 | 2 | home ASID |
//! | 2 | 2 | primary ASID |
//! | 4 | 2 | secondary ASID |
//! | 6 | 10 | unknown |
//! | 16 | 8 | user or job name |
//! | 24 | 4 | DUCB (process index) |
//! | 28 | 4 | unknown |
//! | 32 | 2 | local port |
//! | 34 | 2 | unknown, perhaps the remote port |
//! | 36 | 4 | CID, connection identifier |
//! | 40 | 16 | remote address, IPv4 in the last four bytes (width inferred) |
//! | 56 | | data areas, unknown |
//!
//! Offsets are from CTEOFF. Source: public dissectors of these records; the entry ids have no
//! published table.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use zerocopy::byteorder::big_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Name, pthdr};
use crate::{Error, Result};

/// Length of the part with a known layout.
pub const HEADER: usize = 56;

/// Eye-catcher of a TCP connection's control block, `TCB CTRL` in EBCDIC.
pub const TCB_EYE: [u8; 8] = [0xE3, 0xC3, 0xC2, 0x40, 0xC3, 0xE3, 0xD9, 0xD3];
/// Offset of the IP header template from [`TCB_EYE`]; depends on the release.
pub const TCB_IP: usize = 252;
/// Offset of the TCP header template from [`TCB_EYE`]; depends on the release.
pub const TCB_TCP: usize = 318;

/// The part with a known layout, for those who write entries; the rest of it is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct StackFields {
    /// Home address space.
    pub home_asid: U16,
    /// Primary address space.
    pub primary_asid: U16,
    /// Secondary address space.
    pub secondary_asid: U16,
    /// Unknown.
    pub unknown_6: [u8; 10],
    /// User or job name.
    pub job: [u8; 8],
    /// DUCB.
    pub ducb: U32,
    /// Unknown.
    pub unknown_28: U32,
    /// Local port.
    pub local_port: U16,
    /// Unknown.
    pub unknown_34: U16,
    /// Connection identifier.
    pub cid: U32,
    /// Remote address.
    pub remote: [u8; 16],
}

const _: () = assert!(size_of::<StackFields>() == HEADER);

/// The field of a remote address: IPv4 is twelve zero bytes and the four of the address.
#[must_use]
#[inline]
pub fn remote_field(a: IpAddr) -> [u8; 16] {
    match a {
        IpAddr::V4(v4) => u128::from(u32::from(v4)).to_be_bytes(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

/// The body of an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StackEvent<'a> {
    body: &'a [u8],
}

impl<'a> StackEvent<'a> {
    /// From an entry's data. Fails when the known part is not all there.
    pub fn parse(body: &'a [u8]) -> Result<Self> {
        if body.len() < HEADER {
            return Err(Error::short("SYSTCPIP", "header", 0, HEADER, body.len()));
        }
        Ok(Self { body })
    }

    fn half(&self, at: usize) -> u16 {
        self.body[at..].first_chunk().map_or(0, |b| u16::from_be_bytes(*b))
    }

    fn word(&self, at: usize) -> u32 {
        self.body[at..].first_chunk().map_or(0, |b| u32::from_be_bytes(*b))
    }

    /// Home address space.
    #[must_use]
    pub fn home_asid(&self) -> u16 {
        self.half(0)
    }

    /// Primary address space.
    #[must_use]
    pub fn primary_asid(&self) -> u16 {
        self.half(2)
    }

    /// Secondary address space.
    #[must_use]
    pub fn secondary_asid(&self) -> u16 {
        self.half(4)
    }

    /// The ten unknown bytes in front of the job name.
    #[must_use]
    pub fn unknown_6(&self) -> &'a [u8] {
        &self.body[6..16]
    }

    /// User or job name.
    #[must_use]
    pub fn job(&self) -> Name<8> {
        Name::from_bytes(&self.body[16..]).unwrap_or_default()
    }

    /// DUCB, the process index.
    #[must_use]
    pub fn ducb(&self) -> u32 {
        self.word(24)
    }

    /// Local port.
    #[must_use]
    pub fn local_port(&self) -> u16 {
        self.half(32)
    }

    /// The halfword behind the local port, perhaps the remote port (unknown).
    #[must_use]
    pub fn unknown_34(&self) -> u16 {
        self.half(34)
    }

    /// Connection identifier.
    #[must_use]
    pub fn cid(&self) -> u32 {
        self.word(36)
    }

    /// Remote address. A field whose first twelve bytes are zero is IPv4, but for the loopback
    /// address of IPv6.
    #[must_use]
    pub fn remote(&self) -> IpAddr {
        let field: [u8; 16] = self.body[40..].first_chunk().copied().unwrap_or_default();
        match field {
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] => Ipv6Addr::LOCALHOST.into(),
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] => Ipv4Addr::new(a, b, c, d).into(),
            _ => pthdr::address(&field),
        }
    }

    /// The bytes behind the known part.
    #[must_use]
    pub fn areas(&self) -> &'a [u8] {
        &self.body[HEADER..]
    }

    /// A TCP control block in the data areas, from its eye-catcher on.
    #[must_use]
    pub fn tcb(&self) -> Option<&'a [u8]> {
        let areas = self.areas();
        areas.windows(TCB_EYE.len()).position(|w| w == TCB_EYE).map(|at| &areas[at..])
    }
}

impl fmt::Debug for StackEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StackEvent({self})")
    }
}

impl fmt::Display for StackEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ASID {:04X} {} DUCB {:08X} CID {:08X} port {} remote {}",
            self.home_asid(),
            self.job(),
            self.ducb(),
            self.cid(),
            self.local_port(),
            self.remote()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_where_the_table_says() {
        let mut b: Vec<u8> = (0..70).collect();
        b[16..24].copy_from_slice(&[0xE3, 0xC3, 0xD7, 0xC3, 0xE2, 0x40, 0x40, 0x40]);
        b[62..70].copy_from_slice(&TCB_EYE);
        let e = StackEvent::parse(&b).unwrap();
        assert_eq!((e.home_asid(), e.primary_asid(), e.secondary_asid()), (0x0001, 0x0203, 0x0405));
        assert_eq!(e.unknown_6(), &b[6..16]);
        assert_eq!(e.job().to_string(), "TCPCS");
        assert_eq!(e.ducb(), 0x1819_1A1B);
        assert_eq!((e.local_port(), e.unknown_34()), (0x2021, 0x2223));
        assert_eq!(e.cid(), 0x2425_2627);
        assert!(e.remote().is_ipv6());
        assert_eq!(e.areas().len(), 14);
        assert_eq!(e.tcb().unwrap(), TCB_EYE);
        b[40..52].fill(0);
        b[52..56].copy_from_slice(&[9, 42, 104, 22]);
        assert_eq!(StackEvent::parse(&b).unwrap().remote().to_string(), "9.42.104.22");
        b[52..56].copy_from_slice(&[0, 0, 0, 1]);
        assert_eq!(StackEvent::parse(&b).unwrap().remote().to_string(), "::1");
        for n in 0..HEADER {
            assert!(StackEvent::parse(&b[..n]).unwrap_err().is_short());
        }
    }

    #[test]
    fn fields_are_written_where_they_are_read() {
        let f = StackFields {
            home_asid: 0x41.into(),
            primary_asid: 0x42.into(),
            secondary_asid: 0x43.into(),
            unknown_6: [0; 10],
            job: Name::<8>::new("FTPD1").0,
            ducb: 7.into(),
            unknown_28: 0.into(),
            local_port: 21.into(),
            unknown_34: 0.into(),
            cid: 0x2A.into(),
            remote: remote_field("10.1.0.2".parse().unwrap()),
        };
        let e = StackEvent::parse(f.as_bytes()).unwrap();
        assert_eq!(e.to_string(), "ASID 0041 FTPD1 DUCB 00000007 CID 0000002A port 21 remote 10.1.0.2");
        assert_eq!((e.primary_asid(), e.secondary_asid()), (0x42, 0x43));
    }
}
