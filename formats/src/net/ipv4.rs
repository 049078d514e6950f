//! IPv4 header. Options have their own file, [`super::ipv4_options`].
//!
//! Source: RFC 791 section 3.1, RFC 2474 (differentiated services), RFC 3168 (ECN).
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 1 | version (high 4 bits), header length in 32-bit words (low 4) | `ip.version`, `ip.hdr_len` |
//! | 1 | 1 | differentiated services field | `ip.dsfield` |
//! | 2 | 2 | total length in bytes | `ip.len` |
//! | 4 | 2 | identification | `ip.id` |
//! | 6 | 2 | flags (high 3 bits), fragment offset in 8-byte units (low 13) | `ip.flags`, `ip.frag_offset` |
//! | 8 | 1 | time to live | `ip.ttl` |
//! | 9 | 1 | protocol | `ip.proto` |
//! | 10 | 2 | header checksum | `ip.checksum` |
//! | 12 | 4 | source | `ip.src` |
//! | 16 | 4 | destination | `ip.dst` |
//! | 20 | 0-40 | options | `ip.opt.*` |

use std::fmt;
use std::net::Ipv4Addr;

use super::ip::DsField;
use super::{IpProtocol, ipv4_options};
use crate::bytes::{array, be16, prefix, put, put16, room, split};
use crate::checksum::{Pseudo, Sum, checksum};
use crate::{Error, Result};

/// Field offsets.
pub mod at {
    /// Version and header length, 1 byte.
    pub const VERSION_IHL: usize = 0;
    /// Differentiated services field, 1 byte.
    pub const DSFIELD: usize = 1;
    /// Total length, 2 bytes.
    pub const TOTAL_LEN: usize = 2;
    /// Identification, 2 bytes.
    pub const ID: usize = 4;
    /// Flags and fragment offset, 2 bytes.
    pub const FLAGS_FRAG: usize = 6;
    /// Time to live, 1 byte.
    pub const TTL: usize = 8;
    /// Protocol, 1 byte.
    pub const PROTO: usize = 9;
    /// Header checksum, 2 bytes.
    pub const CHECKSUM: usize = 10;
    /// Source address, 4 bytes.
    pub const SRC: usize = 12;
    /// Destination address, 4 bytes.
    pub const DST: usize = 16;
    /// Options.
    pub const OPTIONS: usize = 20;
    /// Length of the header without options.
    pub const LEN: usize = 20;
}

/// The longest that options can be, in bytes.
pub const MAX_OPTIONS: usize = 40;

/// The three flag bits, the reserved one (4, "evil bit") included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Flags(pub u8);

impl Flags {
    /// More fragments.
    pub const MORE_FRAGMENTS: Self = Self(1);
    /// Don't fragment.
    pub const DONT_FRAGMENT: Self = Self(2);
    /// Reserved.
    pub const RESERVED: Self = Self(4);

    /// True when every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A view over an IPv4 packet.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    fixed: &'a [u8; at::LEN],
    options: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the whole header, options included, and a header length of at least 20. The version
    /// is not looked at.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, rest) = split::<{ at::LEN }>("IPv4", "ip", bytes)?;
        let hdr_len = usize::from(fixed[at::VERSION_IHL] & 0x0f) * 4;
        let Some(len) = hdr_len.checked_sub(at::LEN) else {
            return Err(Error::value("IPv4", "ip.hdr_len", at::VERSION_IHL, hdr_len as u64));
        };
        let options = prefix("IPv4", "ip.opt", at::OPTIONS, rest, len)?;
        Ok(Self { fixed, options, rest: &rest[len..] })
    }

    /// Version, 4 when it is IPv4.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.fixed[at::VERSION_IHL] >> 4
    }

    /// Length of the header in bytes, 20..=60.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        at::LEN + self.options.len()
    }

    /// Differentiated services field.
    #[must_use]
    pub const fn dsfield(&self) -> DsField {
        DsField(self.fixed[at::DSFIELD])
    }

    /// Length of header and payload in bytes; 0 when segmentation was left to the adapter.
    #[must_use]
    pub const fn total_len(&self) -> u16 {
        be16(self.fixed, at::TOTAL_LEN)
    }

    /// Identification.
    #[must_use]
    pub const fn id(&self) -> u16 {
        be16(self.fixed, at::ID)
    }

    /// Flags.
    #[must_use]
    pub const fn flags(&self) -> Flags {
        Flags(self.fixed[at::FLAGS_FRAG] >> 5)
    }

    /// Offset of the payload in the unfragmented payload, in bytes: eight times the number that
    /// Wireshark 4 shows as `ip.frag_offset`.
    #[must_use]
    pub const fn frag_offset(&self) -> u16 {
        (be16(self.fixed, at::FLAGS_FRAG) & 0x1fff) << 3
    }

    /// True for a packet that is a part of a larger one.
    #[must_use]
    pub const fn is_fragment(&self) -> bool {
        self.frag_offset() != 0 || self.flags().contains(Flags::MORE_FRAGMENTS)
    }

    /// Time to live.
    #[must_use]
    pub const fn ttl(&self) -> u8 {
        self.fixed[at::TTL]
    }

    /// Protocol of the payload.
    #[must_use]
    pub const fn protocol(&self) -> IpProtocol {
        IpProtocol(self.fixed[at::PROTO])
    }

    /// Header checksum as it stands.
    #[must_use]
    pub const fn checksum(&self) -> u16 {
        be16(self.fixed, at::CHECKSUM)
    }

    /// True when the header checksum is right.
    #[must_use]
    pub fn checksum_ok(&self) -> bool {
        Sum::new().bytes(self.fixed).bytes(self.options).finish() == 0
    }

    /// Source address.
    #[must_use]
    pub fn src(&self) -> Ipv4Addr {
        array::<4, { at::LEN }>(self.fixed, at::SRC).into()
    }

    /// Destination address.
    #[must_use]
    pub fn dst(&self) -> Ipv4Addr {
        array::<4, { at::LEN }>(self.fixed, at::DST).into()
    }

    /// Options, padding included.
    #[must_use]
    pub const fn options(&self) -> &'a [u8] {
        self.options
    }

    /// The pseudo header of the transport checksum. Its destination is the last one of a source
    /// route.
    #[must_use]
    pub fn pseudo(&self) -> Pseudo {
        Pseudo::V4 { src: self.src(), dst: self.final_destination() }
    }

    /// Where the packet goes at last: the last address of a source route that is not used up, else
    /// the destination address. Wireshark shows this one as `ip.dst`.
    #[must_use]
    pub fn final_destination(&self) -> Ipv4Addr {
        if self.options.is_empty() {
            return self.dst();
        }
        ipv4_options::final_destination(self.options).unwrap_or_else(|| self.dst())
    }

    /// The payload: up to the total length, or everything there when the total length is 0
    /// (segmentation left to the adapter) or beyond the bytes there (cut at capture).
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        match usize::from(self.total_len()) {
            0 => self.rest,
            len => self.rest.get(..len.saturating_sub(self.header_len())).unwrap_or(self.rest),
        }
    }
}

/// Options of a header to send: their bytes, padded with end-of-list to a multiple of 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Options {
    bytes: [u8; MAX_OPTIONS],
    len: u8,
}

impl Options {
    /// No options.
    pub const NONE: Self = Self { bytes: [0; MAX_OPTIONS], len: 0 };

    /// The router alert option (RFC 2113), which IGMP sends.
    pub const ROUTER_ALERT: Self = {
        let mut bytes = [0; MAX_OPTIONS];
        bytes[0] = 0x94;
        bytes[1] = 4;
        Self { bytes, len: 4 }
    };

    /// From bytes, at most 40.
    pub fn new(options: &[u8]) -> Result<Self> {
        let mut bytes = [0; MAX_OPTIONS];
        let Some(to) = bytes.get_mut(..options.len()) else {
            return Err(Error::value("IPv4", "ip.opt", at::OPTIONS, options.len() as u64));
        };
        to.copy_from_slice(options);
        Ok(Self { bytes, len: options.len().next_multiple_of(4) as u8 })
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::NONE
    }
}

/// An IPv4 header to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Repr {
    /// Differentiated services field.
    pub dsfield: DsField,
    /// Identification.
    pub id: u16,
    /// Flags.
    pub flags: Flags,
    /// Fragment offset in bytes, a multiple of 8.
    pub frag_offset: u16,
    /// Time to live.
    pub ttl: u8,
    /// Protocol of the payload.
    pub protocol: IpProtocol,
    /// Source address.
    pub src: Ipv4Addr,
    /// Destination address.
    pub dst: Ipv4Addr,
    /// Options.
    pub options: Options,
    /// Length of the payload in bytes.
    pub payload_len: u16,
}

impl Repr {
    /// A header with every choice left at its default: TTL 64, no flags, no options.
    #[must_use]
    pub const fn new(src: Ipv4Addr, dst: Ipv4Addr, protocol: IpProtocol, payload_len: u16) -> Self {
        Self {
            dsfield: DsField(0),
            id: 0,
            flags: Flags(0),
            frag_offset: 0,
            ttl: 64,
            protocol,
            src,
            dst,
            options: Options::NONE,
            payload_len,
        }
    }

    /// Refuses another version, a total length that is shorter than the header or longer than
    /// the bytes there. The checksum is left to [`Header::checksum_ok`].
    pub fn parse(h: &Header<'_>) -> Result<Self> {
        if h.version() != 4 {
            return Err(Error::value("IPv4", "ip.version", at::VERSION_IHL, u64::from(h.version())));
        }
        let total = usize::from(h.total_len());
        let Some(payload_len) = total.checked_sub(h.header_len()) else {
            return Err(Error::value("IPv4", "ip.len", at::TOTAL_LEN, total as u64));
        };
        prefix("IPv4", "payload", h.header_len(), h.rest, payload_len)?;
        Ok(Self {
            dsfield: h.dsfield(),
            id: h.id(),
            flags: h.flags(),
            frag_offset: h.frag_offset(),
            ttl: h.ttl(),
            protocol: h.protocol(),
            src: h.src(),
            dst: h.dst(),
            options: Options::new(h.options)?,
            payload_len: payload_len as u16,
        })
    }

    /// Bytes that [`Self::emit`] writes.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        at::LEN + self.options.len as usize
    }

    /// The pseudo header of the transport checksum.
    #[must_use]
    pub const fn pseudo(&self) -> Pseudo {
        Pseudo::V4 { src: self.src, dst: self.dst }
    }

    /// Writes the header with its checksum at the front of `out` and returns its length.
    pub fn emit(&self, out: &mut [u8]) -> Result<usize> {
        let len = self.header_len();
        let Some(total) = (len as u16).checked_add(self.payload_len) else {
            return Err(Error::value(
                "IPv4",
                "ip.len",
                at::TOTAL_LEN,
                u64::from(self.payload_len) + len as u64,
            ));
        };
        if self.flags.0 > 7 {
            return Err(Error::value("IPv4", "ip.flags", at::FLAGS_FRAG, u64::from(self.flags.0)));
        }
        if !self.frag_offset.is_multiple_of(8) {
            let offset = u64::from(self.frag_offset);
            return Err(Error::value("IPv4", "ip.frag_offset", at::FLAGS_FRAG, offset));
        }
        let available = out.len();
        let out = out.get_mut(..len).ok_or(Error::short("IPv4", "output buffer", 0, len, available))?;
        let (h, options) = room::<{ at::LEN }>("IPv4", out)?;
        h[at::VERSION_IHL] = 0x40 | (len / 4) as u8;
        h[at::DSFIELD] = self.dsfield.0;
        put16(h, at::TOTAL_LEN, total);
        put16(h, at::ID, self.id);
        put16(h, at::FLAGS_FRAG, u16::from(self.flags.0) << 13 | self.frag_offset >> 3);
        h[at::TTL] = self.ttl;
        h[at::PROTO] = self.protocol.0;
        put16(h, at::CHECKSUM, 0);
        put(h, at::SRC, &self.src.octets());
        put(h, at::DST, &self.dst.octets());
        options.copy_from_slice(self.options.as_bytes());
        let sum = checksum(out);
        out[at::CHECKSUM..at::CHECKSUM + 2].copy_from_slice(&sum.to_be_bytes());
        Ok(len)
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut none = true;
        for (flag, name) in
            [(Self::RESERVED, "RB"), (Self::DONT_FRAGMENT, "DF"), (Self::MORE_FRAGMENTS, "MF")]
        {
            if self.contains(flag) {
                write!(f, "{}{name}", if none { "" } else { ", " })?;
                none = false;
            }
        }
        if none { f.write_str("none") } else { Ok(()) }
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} > {}, {}, ttl {}, len {}",
            self.src(),
            self.dst(),
            self.protocol(),
            self.ttl(),
            self.total_len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    // The widely published example of a header checksum (b861), 192.168.0.1 to 192.168.0.199.
    const UDP: [u8; 20] = [
        0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0,
        0xa8, 0x00, 0xc7,
    ];

    #[test]
    fn fields_and_checksum() {
        let h = Header::new(&UDP).unwrap();
        assert_eq!((h.version(), h.header_len(), h.total_len(), h.id()), (4, 20, 115, 0));
        assert_eq!(h.flags(), Flags::DONT_FRAGMENT);
        assert_eq!((h.frag_offset(), h.is_fragment()), (0, false));
        assert_eq!((h.ttl(), h.protocol(), h.checksum()), (64, IpProtocol::UDP, 0xb861));
        assert!(h.checksum_ok());
        assert_eq!(h.src(), Ipv4Addr::new(192, 168, 0, 1));
        assert_eq!(h.dst(), Ipv4Addr::new(192, 168, 0, 199));
        assert_eq!(h.to_string(), "192.168.0.1 > 192.168.0.199, UDP, ttl 64, len 115");
        let mut bad = UDP;
        bad[at::TTL] -= 1;
        assert!(!Header::new(&bad).unwrap().checksum_ok());
    }

    #[test]
    fn emits_the_published_checksum() {
        let mut repr =
            Repr::new(Ipv4Addr::new(192, 168, 0, 1), Ipv4Addr::new(192, 168, 0, 199), IpProtocol::UDP, 95);
        repr.flags = Flags::DONT_FRAGMENT;
        let mut out = [0xff; 20];
        assert_eq!(repr.emit(&mut out), Ok(20));
        assert_eq!(out, UDP);
    }

    #[test]
    fn payload_follows_the_total_length() {
        let mut p = [0u8; 30];
        p[0] = 0x45;
        p[3] = 25;
        assert_eq!(Header::new(&p).unwrap().payload().len(), 5, "padding behind it");
        p[3] = 0;
        assert_eq!(Header::new(&p).unwrap().payload().len(), 10, "segmentation offload");
        p[3] = 19;
        assert_eq!(Header::new(&p).unwrap().payload().len(), 0, "shorter than the header");
        p[3] = 200;
        assert_eq!(Header::new(&p).unwrap().payload().len(), 10, "cut at capture");
        assert!(Repr::parse(&Header::new(&p).unwrap()).is_err());
    }

    #[test]
    fn fragments_count_in_bytes() {
        let mut p = UDP;
        p[6..8].copy_from_slice(&[0x20, 0xb9]);
        let h = Header::new(&p).unwrap();
        assert_eq!((h.frag_offset(), h.is_fragment()), (1480, true));
        assert_eq!(h.flags().to_string(), "MF");
        let mut r = Repr::new(h.src(), h.dst(), h.protocol(), 0);
        r.frag_offset = 4;
        assert!(r.emit(&mut [0; 20]).is_err());
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let mut p = UDP;
        p[0] = 0x44;
        assert_eq!(Header::new(&p).unwrap_err(), Error::value("IPv4", "ip.hdr_len", 0, 16));
        assert!(Options::new(&[1; 41]).is_err());
        let any = Ipv4Addr::UNSPECIFIED;
        assert!(Repr::new(any, any, IpProtocol::UDP, 65516).emit(&mut [0; 60]).is_err());
    }

    #[test]
    fn truncated() {
        let mut p = [0; 32];
        p[0] = 0x46;
        every_prefix(&p, 24, |b| Header::new(b).is_ok());
        let mut repr = Repr::new(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, IpProtocol::IGMP, 8);
        repr.options = Options::ROUTER_ALERT;
        every_prefix(&[0; 32], 24, |b| repr.emit(&mut b.to_vec()).is_ok());
    }

    proptest! {
        #[test]
        fn emit_writes_what_was_parsed(mut bytes in prop::collection::vec(any::<u8>(), 0..100), len in 0..100u16) {
            if bytes.len() >= 20 {
                bytes[0] = 0x40 | bytes[0] & 0x0f;
                bytes[2..4].copy_from_slice(&len.to_be_bytes());
            }
            let Ok(h) = Header::new(&bytes) else { return Ok(()) };
            let _ = (h.to_string(), h.payload(), h.checksum_ok());
            let Ok(repr) = Repr::parse(&h) else { return Ok(()) };
            prop_assert_eq!(usize::from(repr.payload_len), h.payload().len());
            let mut out = [0; 60];
            let n = repr.emit(&mut out).unwrap();
            prop_assert_eq!(n, h.header_len());
            prop_assert!(Header::new(&out[..n]).unwrap().checksum_ok());
            prop_assert_eq!(&out[..10], &bytes[..10]);
            prop_assert_eq!(&out[12..n], &bytes[12..n]);
        }
    }
}
