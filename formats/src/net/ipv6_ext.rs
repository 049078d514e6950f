//! IPv6 extension headers: the chain, and the fragment, authentication, mobility, HIP and Shim6
//! headers. Options and routing headers have their own files, [`super::ipv6_options`] and
//! [`super::ipv6_routing`].
//!
//! Source: RFC 8200 section 4, RFC 4302 (AH), RFC 6275 (mobility), RFC 7401 (HIP), RFC 5533
//! (Shim6), RFC 7045 (what is an extension header).
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 1 | next header | `ipv6.hopopts.nxt`, `ipv6.routing.nxt`, `ipv6.fraghdr.nxt`, ... |
//! | 1 | 1 | length: 8-byte units without the first; AH: 4-byte units minus 2; fragment: reserved | `ipv6.hopopts.len`, `ah.length`, ... |
//! | 2 | 2 | fragment: offset in 8-byte units (high 13 bits), reserved (2), more fragments (1) | `ipv6.fraghdr.offset` |
//! | 4 | 4 | fragment: identification | `ipv6.fraghdr.ident` |
//! | 2 | 2 | AH: reserved | `ah.reserved` |
//! | 4 | 4 | AH: security parameters index | `ah.spi` |
//! | 8 | 4 | AH: sequence number | `ah.sequence` |
//! | 12 | - | AH: integrity check value | `ah.icv` |
//! | 2 | 1 | mobility: message type | `mip6.mhtype` |
//! | 4 | 2 | mobility, HIP, Shim6 control: checksum | `mip6.csum`, `hip.checksum`, `shim6.checksum` |
//! | 2 | 1 | HIP: packet type (low 7 bits) | `hip.packet_type` |
//! | 3 | 1 | HIP: version (high 4 bits) | `hip.version` |
//! | 6 | 2 | HIP: controls | `hip.controls` |
//! | 8 | 16 | HIP: sender's host identity tag | `hip.hit_sndr` |
//! | 24 | 16 | HIP: receiver's host identity tag | `hip.hit_rcvr` |
//! | 2 | 1 | Shim6: payload flag (high bit), message type (low 7) | `shim6.p`, `shim6.type` |

use std::fmt;

use super::IpProtocol;
use crate::bytes::{array, be16, be32, prefix, put16, put32, room, split};
use crate::code::open_code;
use crate::{Error, Result};

/// Field offsets.
pub mod at {
    /// Next header, 1 byte.
    pub const NEXT: usize = 0;
    /// Length, 1 byte.
    pub const HDR_LEN: usize = 1;
    /// Fragment: offset and flag, 2 bytes.
    pub const FRAG_OFFSET: usize = 2;
    /// Fragment: identification, 4 bytes.
    pub const FRAG_ID: usize = 4;
    /// Length of a fragment header, and the least of any other.
    pub const LEN: usize = 8;
    /// AH: security parameters index, 4 bytes.
    pub const AH_SPI: usize = 4;
    /// AH: sequence number, 4 bytes.
    pub const AH_SEQ: usize = 8;
    /// AH: integrity check value.
    pub const AH_ICV: usize = 12;
    /// Mobility: message type, 1 byte.
    pub const MH_TYPE: usize = 2;
    /// Mobility, HIP and Shim6 control messages: checksum, 2 bytes.
    pub const CHECKSUM: usize = 4;
    /// Mobility: message data.
    pub const MH_DATA: usize = 6;
    /// HIP: packet type, 1 byte.
    pub const HIP_TYPE: usize = 2;
    /// HIP: version, 1 byte.
    pub const HIP_VERSION: usize = 3;
    /// HIP: controls, 2 bytes.
    pub const HIP_CONTROLS: usize = 6;
    /// HIP: sender's host identity tag, 16 bytes.
    pub const HIP_HIT_SENDER: usize = 8;
    /// HIP: receiver's host identity tag, 16 bytes.
    pub const HIP_HIT_RECEIVER: usize = 24;
    /// HIP: parameters.
    pub const HIP_PARAMETERS: usize = 40;
    /// Shim6: payload flag and message type, 1 byte.
    pub const SHIM6_TYPE: usize = 2;
}

open_code! {
    /// Type of a mobility message.
    MobilityType(u8, dec) {
        BINDING_REFRESH_REQUEST = 0 "Binding Refresh Request",
        HOME_TEST_INIT = 1 "Home Test Init",
        CARE_OF_TEST_INIT = 2 "Care-of Test Init",
        HOME_TEST = 3 "Home Test",
        CARE_OF_TEST = 4 "Care-of Test",
        BINDING_UPDATE = 5 "Binding Update",
        BINDING_ACK = 6 "Binding Acknowledgement",
        BINDING_ERROR = 7 "Binding Error",
    }
    also {
        8 "Fast Binding Update",
        9 "Fast Binding Acknowledgment",
        10 "Fast Neighbor Advertisement",
        11 "Experimental Mobility Header",
        12 "Home Agent Switch",
        13 "Heartbeat",
        14 "Handover Initiate",
        15 "Handover Acknowledge",
        16 "Binding Revocation",
        17 "Localized Routing Initiation",
        18 "Localized Routing Acknowledgment",
        19 "Update Notification",
        20 "Update Notification Acknowledgement",
        21 "Flow Binding Message",
        22 "Subscription Query",
        23 "Subscription Response",
    }
}

open_code! {
    /// Type of a HIP packet.
    HipType(u8, dec) {
        I1 = 1 "I1 - HIP Initiator Packet",
        R1 = 2 "R1 - HIP Responder Packet",
        I2 = 3 "I2 - Second HIP Initiator Packet",
        R2 = 4 "R2 - Second HIP Responder Packet",
        UPDATE = 16 "UPDATE - HIP Update Packet",
        NOTIFY = 17 "NOTIFY - HIP Notify Packet",
        CLOSE = 18 "CLOSE - HIP Association Closing Packet",
        CLOSE_ACK = 19 "CLOSE_ACK - HIP Closing Acknowledgment Packet",
    }
}

open_code! {
    /// Type of a Shim6 control message.
    Shim6Type(u8, dec) {
        I1 = 1 "I1 (First Initiator)",
        R1 = 2 "R1 (First Responder)",
        I2 = 3 "I2 (Second Initiator)",
        R2 = 4 "R2 (Second Responder)",
        R1BIS = 5 "R1bis",
        I2BIS = 6 "I2bis",
        UPDATE_REQUEST = 64 "Update Request",
        UPDATE_ACK = 65 "Update Acknowledgement",
        KEEPALIVE = 66 "Keepalive",
        PROBE = 67 "REAP Probe",
        ERROR = 68 "Error",
    }
}

/// Length in bytes of the extension header of type `kind` that starts with `first` two bytes;
/// `None` when `kind` is no extension header that can be passed over.
#[must_use]
pub const fn header_len(kind: IpProtocol, first: [u8; 2]) -> Option<usize> {
    let units = first[at::HDR_LEN] as usize;
    match kind {
        IpProtocol::FRAGMENT => Some(at::LEN),
        IpProtocol::AH => Some((units + 2) * 4),
        _ if kind.is_ipv6_extension() => Some((units + 1) * 8),
        _ => None,
    }
}

/// One extension header of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension<'a> {
    /// Which header it is.
    pub kind: IpProtocol,
    /// Offset from the end of the IPv6 header.
    pub offset: usize,
    /// The whole header, 8 bytes at least (an AH may claim to be longer than it needs, never
    /// shorter than 8).
    pub bytes: &'a [u8],
}

impl Extension<'_> {
    /// What follows it.
    #[must_use]
    pub fn next_header(&self) -> IpProtocol {
        IpProtocol(self.bytes.first().copied().unwrap_or(IpProtocol::NO_NEXT_HEADER.0))
    }
}

/// Walks the extension headers of a packet. It ends before the first header that is none, or
/// behind the fragment header of a fragment that is not the first (what follows that is no
/// header). A header that is cut short is an error and the last item.
#[derive(Debug, Clone)]
pub struct Chain<'a> {
    next: IpProtocol,
    rest: &'a [u8],
    offset: usize,
    fragment: Option<Fragment<'a>>,
    ended: bool,
}

impl<'a> Chain<'a> {
    /// Walks from the next header and payload of an IPv6 header.
    #[must_use]
    pub const fn new(next: IpProtocol, payload: &'a [u8]) -> Self {
        Self { next, rest: payload, offset: 0, fragment: None, ended: false }
    }

    /// Once the walk has ended: protocol of what follows the chain, its offset from the end of
    /// the IPv6 header, its bytes.
    #[must_use]
    pub const fn upper(&self) -> (IpProtocol, usize, &'a [u8]) {
        (self.next, self.offset, self.rest)
    }

    /// The last fragment header met so far.
    #[must_use]
    pub const fn fragment(&self) -> Option<Fragment<'a>> {
        self.fragment
    }
}

impl<'a> Iterator for Chain<'a> {
    type Item = Result<Extension<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let kind = self.next;
        if self.ended || !kind.is_ipv6_extension() {
            return None;
        }
        let (offset, rest) = (self.offset, self.rest);
        let found = split::<{ at::LEN }>("IPv6 extension", "ipv6.nxt", rest).and_then(|(fixed, _)| {
            let len = header_len(kind, array(fixed, 0)).unwrap_or(at::LEN);
            let bytes = prefix("IPv6 extension", "header", 0, rest, len)?;
            Ok((fixed, Extension { kind, offset, bytes }))
        });
        Some(match found {
            Ok((fixed, extension)) => {
                if kind == IpProtocol::FRAGMENT {
                    let fragment = Fragment(fixed);
                    self.fragment = Some(fragment);
                    self.ended = fragment.offset() != 0;
                }
                self.next = extension.next_header();
                self.rest = &rest[extension.bytes.len()..];
                self.offset += extension.bytes.len();
                Ok(extension)
            }
            Err(e) => {
                self.ended = true;
                Err(e.at(offset))
            }
        })
    }
}

/// A view over a fragment header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment<'a>(&'a [u8; at::LEN]);

impl<'a> Fragment<'a> {
    /// Needs 8 bytes.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        split("IPv6 fragment", "ipv6.fraghdr", bytes).map(|(fixed, _)| Self(fixed))
    }

    /// What the first fragment starts with.
    #[must_use]
    pub const fn next_header(&self) -> IpProtocol {
        IpProtocol(self.0[at::NEXT])
    }

    /// Offset in the fragmentable part, in bytes.
    #[must_use]
    pub const fn offset(&self) -> u16 {
        be16(self.0, at::FRAG_OFFSET) & 0xfff8
    }

    /// More fragments follow.
    #[must_use]
    pub const fn more(&self) -> bool {
        self.0[at::FRAG_OFFSET + 1] & 1 != 0
    }

    /// Identification.
    #[must_use]
    pub const fn id(&self) -> u32 {
        be32(self.0, at::FRAG_ID)
    }
}

/// A fragment header to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FragmentRepr {
    /// What the first fragment starts with.
    pub next_header: IpProtocol,
    /// Offset in bytes, a multiple of 8.
    pub offset: u16,
    /// More fragments follow.
    pub more: bool,
    /// Identification.
    pub id: u32,
}

impl FragmentRepr {
    /// Every fragment header is valid; the reserved bits are not kept.
    pub fn parse(h: &Fragment<'_>) -> Result<Self> {
        Ok(Self { next_header: h.next_header(), offset: h.offset(), more: h.more(), id: h.id() })
    }

    /// Writes the 8 bytes of the header at the front of `out`.
    pub fn emit(&self, out: &mut [u8]) -> Result<usize> {
        if !self.offset.is_multiple_of(8) {
            let offset = u64::from(self.offset);
            return Err(Error::value("IPv6 fragment", "ipv6.fraghdr.offset", at::FRAG_OFFSET, offset));
        }
        let (h, _) = room::<{ at::LEN }>("IPv6 fragment", out)?;
        h[at::NEXT] = self.next_header.0;
        h[at::HDR_LEN] = 0;
        put16(h, at::FRAG_OFFSET, self.offset | u16::from(self.more));
        put32(h, at::FRAG_ID, self.id);
        Ok(at::LEN)
    }
}

/// A view over an authentication header, which IPv4 packets carry too.
#[derive(Debug, Clone, Copy)]
pub struct Auth<'a> {
    fixed: &'a [u8; at::AH_ICV],
    icv: &'a [u8],
}

impl<'a> Auth<'a> {
    /// Needs the whole header; its length must be at least 12.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (fixed, rest) = split::<{ at::AH_ICV }>("AH", "ah", bytes)?;
        let len = (usize::from(fixed[at::HDR_LEN]) + 2) * 4;
        let Some(icv_len) = len.checked_sub(at::AH_ICV) else {
            return Err(Error::value("AH", "ah.length", at::HDR_LEN, len as u64));
        };
        Ok(Self { fixed, icv: prefix("AH", "ah.icv", at::AH_ICV, rest, icv_len)? })
    }

    /// What follows.
    #[must_use]
    pub const fn next_header(&self) -> IpProtocol {
        IpProtocol(self.fixed[at::NEXT])
    }

    /// Length of the header in bytes.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        at::AH_ICV + self.icv.len()
    }

    /// Security parameters index.
    #[must_use]
    pub const fn spi(&self) -> u32 {
        be32(self.fixed, at::AH_SPI)
    }

    /// Sequence number.
    #[must_use]
    pub const fn seq(&self) -> u32 {
        be32(self.fixed, at::AH_SEQ)
    }

    /// Integrity check value, padding included.
    #[must_use]
    pub const fn icv(&self) -> &'a [u8] {
        self.icv
    }
}

/// A view over a mobility header.
#[derive(Debug, Clone, Copy)]
pub struct Mobility<'a>(&'a [u8; at::LEN]);

impl<'a> Mobility<'a> {
    /// Needs 8 bytes, the least that a mobility header has.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        split("Mobile IPv6", "mip6", bytes).map(|(fixed, _)| Self(fixed))
    }

    /// Message type.
    #[must_use]
    pub const fn kind(&self) -> MobilityType {
        MobilityType(self.0[at::MH_TYPE])
    }

    /// Checksum as it stands, over pseudo header and this header.
    #[must_use]
    pub const fn checksum(&self) -> u16 {
        be16(self.0, at::CHECKSUM)
    }
}

/// A view over a HIP header.
#[derive(Debug, Clone, Copy)]
pub struct Hip<'a>(&'a [u8; at::HIP_PARAMETERS]);

impl<'a> Hip<'a> {
    /// Needs the 40 bytes before the parameters.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        split("HIP", "hip", bytes).map(|(fixed, _)| Self(fixed))
    }

    /// Packet type.
    #[must_use]
    pub const fn kind(&self) -> HipType {
        HipType(self.0[at::HIP_TYPE] & 0x7f)
    }

    /// Version of the protocol.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.0[at::HIP_VERSION] >> 4
    }

    /// Checksum as it stands.
    #[must_use]
    pub const fn checksum(&self) -> u16 {
        be16(self.0, at::CHECKSUM)
    }

    /// Control bits.
    #[must_use]
    pub const fn controls(&self) -> u16 {
        be16(self.0, at::HIP_CONTROLS)
    }

    /// Sender's host identity tag.
    #[must_use]
    pub fn sender(&self) -> [u8; 16] {
        array(self.0, at::HIP_HIT_SENDER)
    }

    /// Receiver's host identity tag.
    #[must_use]
    pub fn receiver(&self) -> [u8; 16] {
        array(self.0, at::HIP_HIT_RECEIVER)
    }
}

/// A view over a Shim6 header.
#[derive(Debug, Clone, Copy)]
pub struct Shim6<'a>(&'a [u8; at::LEN]);

impl<'a> Shim6<'a> {
    /// Needs 8 bytes.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        split("Shim6", "shim6", bytes).map(|(fixed, _)| Self(fixed))
    }

    /// Type of a control message, `None` in a payload header.
    #[must_use]
    pub const fn kind(&self) -> Option<Shim6Type> {
        match self.0[at::SHIM6_TYPE] {
            t if t & 0x80 == 0 => Some(Shim6Type(t)),
            _ => None,
        }
    }

    /// Receiver context tag of a payload header, 47 bits; `None` in a control message.
    #[must_use]
    pub const fn context_tag(&self) -> Option<u64> {
        if self.kind().is_some() {
            return None;
        }
        let b = self.0;
        Some(u64::from_be_bytes([0, 0, b[2] & 0x7f, b[3], b[4], b[5], b[6], b[7]]))
    }

    /// Checksum of a control message as it stands.
    #[must_use]
    pub const fn checksum(&self) -> u16 {
        be16(self.0, at::CHECKSUM)
    }
}

impl fmt::Display for Fragment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.more() { "y" } else { "n" };
        write!(f, "off={} more={more} ident=0x{:08x} nxt={}", self.offset(), self.id(), self.next_header())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    // Hop-by-hop options (8 bytes), AH (24 bytes), fragment (8 bytes, not the first), then data.
    fn chain() -> Vec<u8> {
        let mut p = vec![51, 0, 1, 4, 0, 0, 0, 0];
        p.extend([44, 4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 9]);
        p.extend([0xaa; 12]);
        p.extend([6, 0, 0x05, 0xa9, 0x12, 0x34, 0x56, 0x78]);
        p.extend([1, 2, 3]);
        p
    }

    #[test]
    fn walks_every_kind_of_length() {
        let p = chain();
        let mut walk = Chain::new(IpProtocol::HOPOPTS, &p);
        let seen: Vec<_> = walk.by_ref().map(|e| e.map(|e| (e.kind, e.offset, e.bytes.len()))).collect();
        assert_eq!(
            seen,
            [Ok((IpProtocol::HOPOPTS, 0, 8)), Ok((IpProtocol::AH, 8, 24)), Ok((IpProtocol::FRAGMENT, 32, 8)),]
        );
        assert_eq!(walk.upper(), (IpProtocol::TCP, 40, &[1, 2, 3][..]));
        let f = walk.fragment().unwrap();
        assert_eq!((f.offset(), f.more(), f.id()), (1448, true, 0x1234_5678));
        assert_eq!(f.to_string(), "off=1448 more=y ident=0x12345678 nxt=TCP");
    }

    #[test]
    fn nothing_behind_a_later_fragment_is_a_header() {
        let mut p = vec![60, 0, 0, 8, 0, 0, 0, 1];
        p.extend([6, 0, 1, 4, 0, 0, 0, 0]);
        let mut walk = Chain::new(IpProtocol::FRAGMENT, &p);
        assert_eq!(walk.by_ref().count(), 1);
        assert_eq!(walk.upper(), (IpProtocol::DSTOPTS, 8, &p[8..]));
        p[3] = 1;
        let mut walk = Chain::new(IpProtocol::FRAGMENT, &p);
        assert_eq!(walk.by_ref().count(), 2);
        assert_eq!(walk.upper().0, IpProtocol::TCP);
    }

    #[test]
    fn esp_and_upper_layers_end_the_chain() {
        for next in [IpProtocol::ESP, IpProtocol::TCP, IpProtocol::NO_NEXT_HEADER, IpProtocol(253)] {
            let mut walk = Chain::new(next, &[0; 16]);
            assert_eq!(walk.next(), None);
            assert_eq!(walk.upper(), (next, 0, &[0; 16][..]));
        }
    }

    #[test]
    fn a_header_cut_short_is_the_last_item() {
        let p = chain();
        let mut walk = Chain::new(IpProtocol::HOPOPTS, &p[..20]);
        assert!(walk.next().unwrap().is_ok());
        assert_eq!(walk.next(), Some(Err(Error::short("IPv6 extension", "header", 8, 24, 12))));
        assert_eq!(walk.next(), None);
        for len in 0..p.len() {
            let good = Chain::new(IpProtocol::HOPOPTS, &p[..len]).filter(|e| e.is_ok()).count();
            assert_eq!(
                good,
                usize::from(len >= 8) + usize::from(len >= 32) + usize::from(len >= 40),
                "{len}"
            );
        }
    }

    #[test]
    fn authentication_header() {
        let p = chain();
        let h = Auth::new(&p[8..32]).unwrap();
        assert_eq!((h.next_header(), h.spi(), h.seq()), (IpProtocol::FRAGMENT, 256, 9));
        assert_eq!((h.header_len(), h.icv()), (24, &[0xaa; 12][..]));
        every_prefix(&p[8..32], 24, |b| Auth::new(b).is_ok());
        assert!(Auth::new(&[6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).is_err());
    }

    #[test]
    fn mobility_hip_and_shim6() {
        let h = Mobility::new(&[59, 1, 5, 0, 0xab, 0xcd, 0, 1]).unwrap();
        assert_eq!((h.kind(), h.checksum()), (MobilityType::BINDING_UPDATE, 0xabcd));
        let mut p = [0; 40];
        p[..8].copy_from_slice(&[59, 4, 0x03, 0x21, 0x12, 0x34, 0, 1]);
        p[8] = 7;
        p[39] = 9;
        let h = Hip::new(&p).unwrap();
        assert_eq!((h.kind(), h.version(), h.checksum(), h.controls()), (HipType::I2, 2, 0x1234, 1));
        assert_eq!((h.sender()[0], h.receiver()[15]), (7, 9));
        every_prefix(&p, 40, |b| Hip::new(b).is_ok());
        let h = Shim6::new(&[59, 0, 66, 0, 0x12, 0x34, 0, 0]).unwrap();
        assert_eq!((h.kind(), h.context_tag(), h.checksum()), (Some(Shim6Type::KEEPALIVE), None, 0x1234));
        let h = Shim6::new(&[6, 0, 0x81, 0, 0, 0, 0, 2]).unwrap();
        assert_eq!((h.kind(), h.context_tag()), (None, Some(0x0100_0000_0002)));
    }

    proptest! {
        #[test]
        fn the_chain_covers_the_payload(next: u8, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut walk = Chain::new(IpProtocol(next), &bytes);
            let mut at = 0;
            for e in walk.by_ref().flatten() {
                prop_assert_eq!(e.offset, at);
                prop_assert!(e.bytes.len() >= 8);
                at += e.bytes.len();
            }
            prop_assert_eq!(walk.upper().1, at);
            prop_assert_eq!(walk.upper().2, &bytes[at..]);
        }

        #[test]
        fn views_anything(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Auth::new(&bytes).map(|h| (h.header_len(), h.icv()));
            let _ = Shim6::new(&bytes).map(|h| (h.kind(), h.context_tag()));
            let _ = Fragment::new(&bytes).map(|h| h.to_string());
        }

        #[test]
        fn parse_undoes_emit(next: u8, units in 0..8192u16, more: bool, id: u32) {
            let r = FragmentRepr { next_header: IpProtocol(next), offset: units * 8, more, id };
            let mut out = [0xff; 8];
            r.emit(&mut out).unwrap();
            prop_assert_eq!(FragmentRepr::parse(&Fragment::new(&out).unwrap()), Ok(r));
            let odd = FragmentRepr { offset: r.offset | 1, ..r };
            prop_assert!(odd.emit(&mut out).is_err());
        }
    }
}
