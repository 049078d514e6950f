//! Neighbor discovery: the bodies of ICMPv6 types 133 to 137 and their options.
//!
//! Source: RFC 4861 sections 4.1 to 4.6, RFC 4191 (preference, route information), RFC 8106 (DNS),
//! RFC 3971 (SEND); IANA "IPv6 Neighbor Discovery Option Formats". Offsets count from the ICMPv6
//! header.
//!
//! | message | off | len | field | Wireshark |
//! |---|---|---|---|---|
//! | router solicitation | 8 | - | options | `icmpv6.opt` |
//! | router advertisement | 4 | 1 | current hop limit | `icmpv6.nd.ra.cur_hop_limit` |
//! | | 5 | 1 | flags: M, O, H, preference (2 bits), P, reserved (2) | `icmpv6.nd.ra.flag` |
//! | | 6 | 2 | router lifetime, seconds | `icmpv6.nd.ra.router_lifetime` |
//! | | 8 | 4 | reachable time, milliseconds | `icmpv6.nd.ra.reachable_time` |
//! | | 12 | 4 | retransmission timer, milliseconds | `icmpv6.nd.ra.retrans_timer` |
//! | | 16 | - | options | |
//! | neighbor solicitation | 8 | 16 | target | `icmpv6.nd.ns.target_address` |
//! | | 24 | - | options | |
//! | neighbor advertisement | 4 | 4 | flags: R, S, O, reserved (29) | `icmpv6.nd.na.flag` |
//! | | 8 | 16 | target | `icmpv6.nd.na.target_address` |
//! | | 24 | - | options | |
//! | redirect | 8 | 16 | target, the better first hop | `icmpv6.nd.rd.target_address` |
//! | | 24 | 16 | destination | `icmpv6.rd.na.destination_address` |
//! | | 40 | - | options | |
//!
//! An option:
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 1 | type | `icmpv6.opt.type` |
//! | 1 | 1 | length of the whole option in 8-byte units, never 0 | `icmpv6.opt.length` |
//! | 2 | 8n-2 | data | |

use std::net::Ipv6Addr;

use super::MacAddr;
use super::icmpv6::{self, Type};
use crate::bytes::{array, be32, prefix, split};
use crate::checksum::Pseudo;
use crate::code::open_code;
use crate::{Error, Result};

/// Field offsets, from the start of the ICMPv6 header.
pub mod at {
    /// Router advertisement: current hop limit, 1 byte.
    pub const RA_HOP_LIMIT: usize = 4;
    /// Router advertisement: flags, 1 byte.
    pub const RA_FLAGS: usize = 5;
    /// Router advertisement: router lifetime, 2 bytes.
    pub const RA_LIFETIME: usize = 6;
    /// Router advertisement: reachable time, 4 bytes.
    pub const RA_REACHABLE: usize = 8;
    /// Router advertisement: retransmission timer, 4 bytes.
    pub const RA_RETRANS: usize = 12;
    /// Neighbor advertisement: flags, 4 bytes of which the high three bits count.
    pub const NA_FLAGS: usize = 4;
    /// Neighbor messages and redirect: target address, 16 bytes.
    pub const TARGET: usize = 8;
    /// Redirect: destination address, 16 bytes.
    pub const REDIRECT_DST: usize = 24;
    /// Options of a router solicitation.
    pub const RS_OPTIONS: usize = 8;
    /// Options of a router advertisement.
    pub const RA_OPTIONS: usize = 16;
    /// Options of a neighbor solicitation or advertisement.
    pub const NEIGHBOR_OPTIONS: usize = 24;
    /// Options of a redirect.
    pub const REDIRECT_OPTIONS: usize = 40;
    /// In an option: length, 1 byte.
    pub const OPT_LEN: usize = 1;
    /// In an option: data.
    pub const OPT_DATA: usize = 2;
}

open_code! {
    /// Type of a neighbor discovery option.
    OptionType(u8, dec) {
        SOURCE_LINK_ADDRESS = 1 "Source link-layer address",
        TARGET_LINK_ADDRESS = 2 "Target link-layer address",
        PREFIX_INFORMATION = 3 "Prefix information",
        REDIRECTED_HEADER = 4 "Redirected header",
        MTU = 5 "MTU",
        NONCE = 14 "Nonce",
        ROUTE_INFORMATION = 24 "Route Information",
        RDNSS = 25 "Recursive DNS Server",
        RA_FLAGS = 26 "RA Flags Extension",
        DNSSL = 31 "DNS Search List Option",
        CAPTIVE_PORTAL = 37 "DHCP Captive-Portal",
        PREF64 = 38 "PREF64 Option",
    }
    also {
        6 "NBMA Shortcut Limit Option",
        7 "Advertisement Interval",
        8 "Home Agent Information",
        9 "Source Address List",
        10 "Target Address List",
        11 "CGA",
        12 "RSA Signature",
        13 "Timestamp",
        15 "Trust Anchor",
        16 "Certificate",
        17 "IP Address/Prefix Option",
        18 "New Router Prefix Information",
        19 "Link-layer Address",
        20 "Neighbor Advertisement Acknowledgment",
        23 "MAP",
        27 "Handover Key Request",
        28 "Handover Key Reply",
        29 "Handover Assist Information",
        30 "Mobile Node Identifier Option",
        32 "Proxy Signature (PS)",
        33 "Address Registration Option",
        34 "6LoWPAN Context Option",
        35 "Authoritative Border Router",
        36 "6LoWPAN Capability Indication Option",
        138 "CARD Request",
        139 "CARD Reply",
        253 "RFC3692-style Experiment 1",
        254 "RFC3692-style Experiment 2",
    }
}

/// One option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NdpOption<'a> {
    /// Type.
    pub kind: OptionType,
    /// Offset of the type from the start of the option list.
    pub offset: usize,
    /// Data, without type and length.
    pub data: &'a [u8],
}

/// A prefix that a router announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PrefixInformation {
    /// Number of leading bits that count.
    pub prefix_len: u8,
    /// Flags: L (on-link) 80, A (autonomous) 40, R (router address) 20.
    pub flags: u8,
    /// Valid lifetime in seconds, all ones for ever.
    pub valid: u32,
    /// Preferred lifetime in seconds, all ones for ever.
    pub preferred: u32,
    /// The prefix.
    pub prefix: Ipv6Addr,
}

impl PrefixInformation {
    /// Flag: the prefix is on the link.
    pub const ON_LINK: u8 = 0x80;
    /// Flag: addresses may be formed from it.
    pub const AUTONOMOUS: u8 = 0x40;
}

impl<'a> NdpOption<'a> {
    /// The Ethernet address of a link-layer address option.
    #[must_use]
    pub fn link_address(&self) -> Option<MacAddr> {
        let kind = matches!(self.kind, OptionType::SOURCE_LINK_ADDRESS | OptionType::TARGET_LINK_ADDRESS);
        self.data.try_into().ok().filter(|_| kind).map(MacAddr)
    }

    /// MTU.
    #[must_use]
    pub fn mtu(&self) -> Option<u32> {
        let data: &[u8; 6] = self.data.try_into().ok()?;
        (self.kind == OptionType::MTU).then(|| be32(data, 2))
    }

    /// Prefix information.
    #[must_use]
    pub fn prefix(&self) -> Option<PrefixInformation> {
        let d: &[u8; 30] = self.data.try_into().ok()?;
        (self.kind == OptionType::PREFIX_INFORMATION).then(|| PrefixInformation {
            prefix_len: d[0],
            flags: d[1],
            valid: be32(d, 2),
            preferred: be32(d, 6),
            prefix: array::<16, 30>(d, 14).into(),
        })
    }

    /// The start of the packet that was redirected.
    #[must_use]
    pub fn redirected(&self) -> Option<&'a [u8]> {
        (self.kind == OptionType::REDIRECTED_HEADER).then(|| self.data.get(6..))?
    }

    /// Lifetime in seconds and addresses of recursive DNS servers.
    #[must_use]
    pub fn dns_servers(&self) -> Option<(u32, impl ExactSizeIterator<Item = Ipv6Addr> + 'a)> {
        let (head, rest) = self.data.split_first_chunk::<6>()?;
        let servers = rest.as_chunks::<16>().0.iter().map(|&a| a.into());
        (self.kind == OptionType::RDNSS).then(|| (be32(head, 2), servers))
    }
}

/// Walks options. One whose length is 0 or beyond the bytes there is an error and the last item.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Options<'a> {
    /// Walks the bytes behind the fixed part of a message.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, offset: 0 }
    }

    fn option(&self) -> Result<(&'a [u8], NdpOption<'a>)> {
        let (&[kind, units], _) = split("NDP option", "icmpv6.opt.length", self.rest)?;
        if units == 0 {
            return Err(Error::value("NDP option", "icmpv6.opt.length", at::OPT_LEN, 0));
        }
        let bytes = prefix("NDP option", "icmpv6.opt", 0, self.rest, usize::from(units) * 8)?;
        let option = NdpOption { kind: OptionType(kind), offset: self.offset, data: &bytes[at::OPT_DATA..] };
        Ok((&self.rest[bytes.len()..], option))
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = Result<NdpOption<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match self.option() {
            Ok((rest, option)) => {
                self.offset += self.rest.len() - rest.len();
                self.rest = rest;
                Some(Ok(option))
            }
            Err(e) => {
                self.rest = &[];
                Some(Err(e.at(self.offset)))
            }
        }
    }
}

/// The options of a discovery message, `None` for another message or one cut short before them.
#[must_use]
pub fn options<'a>(h: &icmpv6::Header<'a>) -> Option<Options<'a>> {
    let from = match h.kind() {
        Type::ROUTER_SOLICITATION => at::RS_OPTIONS,
        Type::ROUTER_ADVERTISEMENT => at::RA_OPTIONS,
        Type::NEIGHBOR_SOLICITATION | Type::NEIGHBOR_ADVERTISEMENT => at::NEIGHBOR_OPTIONS,
        Type::REDIRECT => at::REDIRECT_OPTIONS,
        _ => return None,
    };
    h.payload().get(from - icmpv6::at::LEN..).map(Options::new)
}

/// The longest discovery message that [`Repr::emit`] writes: a router advertisement with link
/// address, MTU and one prefix.
pub const MAX_EMIT: usize = at::RA_OPTIONS + 8 + 8 + 32;

/// A discovery message to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repr {
    /// Router solicitation.
    RouterSolicitation {
        /// Sender's link address.
        source_link: Option<MacAddr>,
    },
    /// Router advertisement.
    RouterAdvertisement {
        /// Hop limit that hosts should use, 0 not said.
        hop_limit: u8,
        /// Flags: M 80, O 40, preference in 18.
        flags: u8,
        /// Seconds that this router may be a default router.
        lifetime: u16,
        /// Reachable time in milliseconds, 0 not said.
        reachable: u32,
        /// Retransmission timer in milliseconds, 0 not said.
        retrans: u32,
        /// Sender's link address.
        source_link: Option<MacAddr>,
        /// MTU of the link.
        mtu: Option<u32>,
        /// A prefix; the last one when there are more.
        prefix: Option<PrefixInformation>,
    },
    /// Neighbor solicitation.
    NeighborSolicitation {
        /// Whose link address is asked for.
        target: Ipv6Addr,
        /// Sender's link address; none in duplicate address detection.
        source_link: Option<MacAddr>,
    },
    /// Neighbor advertisement.
    NeighborAdvertisement {
        /// Flags: R (router) 80, S (solicited) 40, O (override) 20.
        flags: u8,
        /// Whose link address is told.
        target: Ipv6Addr,
        /// That link address.
        target_link: Option<MacAddr>,
    },
    /// Redirect, without the packet that caused it.
    Redirect {
        /// The better first hop, or the destination itself when it is on the link.
        target: Ipv6Addr,
        /// Where packets go.
        destination: Ipv6Addr,
        /// Link address of the target.
        target_link: Option<MacAddr>,
    },
}

impl Repr {
    /// Neighbor advertisement: the sender is a router.
    pub const NA_ROUTER: u8 = 0x80;
    /// Neighbor advertisement: it answers a solicitation.
    pub const NA_SOLICITED: u8 = 0x40;
    /// Neighbor advertisement: it replaces what the cache has.
    pub const NA_OVERRIDE: u8 = 0x20;

    /// The message's ICMPv6 type.
    #[must_use]
    pub const fn kind(&self) -> Type {
        match self {
            Self::RouterSolicitation { .. } => Type::ROUTER_SOLICITATION,
            Self::RouterAdvertisement { .. } => Type::ROUTER_ADVERTISEMENT,
            Self::NeighborSolicitation { .. } => Type::NEIGHBOR_SOLICITATION,
            Self::NeighborAdvertisement { .. } => Type::NEIGHBOR_ADVERTISEMENT,
            Self::Redirect { .. } => Type::REDIRECT,
        }
    }

    /// Refuses another message, a code that is not 0, and an option list that cannot be walked to
    /// its end. Options without a place here are left out. That the hop limit was 255 is for the
    /// caller to check.
    pub fn parse(h: &icmpv6::Header<'_>) -> Result<Self> {
        if h.code() != 0 {
            return Err(Error::value("NDP", "icmpv6.code", icmpv6::at::CODE, u64::from(h.code())));
        }
        let body = h.payload();
        let Some(list) = options(h) else {
            return Err(match h.kind().0 {
                133..=137 => Error::short("NDP", "icmpv6.opt", icmpv6::at::LEN, 1, body.len()),
                kind => Error::value("NDP", "icmpv6.type", icmpv6::at::TYPE, u64::from(kind)),
            });
        };
        let (mut source_link, mut target_link, mut mtu, mut prefix) = (None, None, None, None);
        for option in list {
            let option = option?;
            match option.kind {
                OptionType::SOURCE_LINK_ADDRESS => source_link = option.link_address(),
                OptionType::TARGET_LINK_ADDRESS => target_link = option.link_address(),
                OptionType::MTU => mtu = option.mtu(),
                OptionType::PREFIX_INFORMATION => prefix = option.prefix(),
                _ => {}
            }
        }
        let rest = h.rest();
        let address = |from: usize| {
            let from = from - icmpv6::at::LEN;
            body.get(from..from + 16)
                .and_then(|a| <[u8; 16]>::try_from(a).ok())
                .map_or(Ipv6Addr::UNSPECIFIED, Into::into)
        };
        let word = |from: usize| {
            let from = from - icmpv6::at::LEN;
            body.get(from..from + 4).and_then(|a| a.try_into().ok()).map_or(0, u32::from_be_bytes)
        };
        Ok(match h.kind() {
            Type::ROUTER_SOLICITATION => Self::RouterSolicitation { source_link },
            Type::ROUTER_ADVERTISEMENT => Self::RouterAdvertisement {
                hop_limit: rest[0],
                flags: rest[1],
                lifetime: u16::from_be_bytes([rest[2], rest[3]]),
                reachable: word(at::RA_REACHABLE),
                retrans: word(at::RA_RETRANS),
                source_link,
                mtu,
                prefix,
            },
            Type::NEIGHBOR_SOLICITATION => {
                Self::NeighborSolicitation { target: address(at::TARGET), source_link }
            }
            Type::NEIGHBOR_ADVERTISEMENT => Self::NeighborAdvertisement {
                flags: rest[0] & 0xe0,
                target: address(at::TARGET),
                target_link,
            },
            _ => Self::Redirect {
                target: address(at::TARGET),
                destination: address(at::REDIRECT_DST),
                target_link,
            },
        })
    }

    /// Writes the whole ICMPv6 message with its checksum at the front of `out` and returns its
    /// length, at most [`MAX_EMIT`].
    pub fn emit(&self, out: &mut [u8], pseudo: &Pseudo) -> Result<usize> {
        let mut body = Body { bytes: [0; MAX_EMIT - icmpv6::at::LEN], len: 0 };
        let mut rest = 0;
        let (mut source_link, mut target_link) = (None, None);
        match *self {
            Self::RouterSolicitation { source_link: link } => source_link = link,
            Self::RouterAdvertisement {
                hop_limit,
                flags,
                lifetime,
                reachable,
                retrans,
                source_link: link,
                ..
            } => {
                rest = u32::from(hop_limit) << 24 | u32::from(flags) << 16 | u32::from(lifetime);
                body.put(&reachable.to_be_bytes());
                body.put(&retrans.to_be_bytes());
                source_link = link;
            }
            Self::NeighborSolicitation { target, source_link: link } => {
                body.put(&target.octets());
                source_link = link;
            }
            Self::NeighborAdvertisement { flags, target, target_link: link } => {
                rest = u32::from(flags) << 24;
                body.put(&target.octets());
                target_link = link;
            }
            Self::Redirect { target, destination, target_link: link } => {
                body.put(&target.octets());
                body.put(&destination.octets());
                target_link = link;
            }
        }
        for (kind, link) in
            [(OptionType::SOURCE_LINK_ADDRESS, source_link), (OptionType::TARGET_LINK_ADDRESS, target_link)]
        {
            if let Some(link) = link {
                body.put(&[kind.0, 1]);
                body.put(&link.0);
            }
        }
        if let Self::RouterAdvertisement { mtu: Some(mtu), .. } = self {
            body.put(&[OptionType::MTU.0, 1, 0, 0]);
            body.put(&mtu.to_be_bytes());
        }
        if let Self::RouterAdvertisement { prefix: Some(p), .. } = self {
            body.put(&[OptionType::PREFIX_INFORMATION.0, 4, p.prefix_len, p.flags]);
            body.put(&p.valid.to_be_bytes());
            body.put(&p.preferred.to_be_bytes());
            body.put(&[0; 4]);
            body.put(&p.prefix.octets());
        }
        icmpv6::Repr::new(self.kind(), 0, rest, &body.bytes[..body.len]).emit(out, pseudo)
    }
}

/// The part of a message behind its first 8 bytes, as it is written.
struct Body {
    bytes: [u8; MAX_EMIT - icmpv6::at::LEN],
    len: usize,
}

impl Body {
    fn put(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    const LO: Pseudo = Pseudo::V6 { src: Ipv6Addr::LOCALHOST, dst: Ipv6Addr::LOCALHOST };
    const MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

    // A router advertisement laid out by hand after RFC 4861 section 4.2: hop limit 64, M and O,
    // lifetime 1800 s; MTU 1500; prefix 2001:db8::/64 L A, valid 2592000 s, preferred 604800 s.
    const RA: [u8; 56] = [
        134, 0, 0, 0, 64, 0xc0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, //
        5, 1, 0, 0, 0, 0, 0x05, 0xdc, //
        3, 4, 64, 0xc0, 0x00, 0x27, 0x8d, 0x00, 0x00, 0x09, 0x3a, 0x80, 0, 0, 0, 0, 0x20, 0x01, 0x0d, 0xb8,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    #[test]
    fn router_advertisement() {
        let prefix = PrefixInformation {
            prefix_len: 64,
            flags: PrefixInformation::ON_LINK | PrefixInformation::AUTONOMOUS,
            valid: 2_592_000,
            preferred: 604_800,
            prefix: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        };
        let expected = Repr::RouterAdvertisement {
            hop_limit: 64,
            flags: 0xc0,
            lifetime: 1800,
            reachable: 0,
            retrans: 0,
            source_link: None,
            mtu: Some(1500),
            prefix: Some(prefix),
        };
        assert_eq!(Repr::parse(&icmpv6::Header::new(&RA).unwrap()), Ok(expected));
        let mut out = [0; MAX_EMIT];
        assert_eq!(expected.emit(&mut out, &LO), Ok(56));
        assert_eq!(out[4..56], RA[4..]);
    }

    #[test]
    fn neighbor_solicitation() {
        let mut m = [0u8; 32];
        m[0] = 135;
        m[23] = 9;
        m[24..32].copy_from_slice(&[1, 1, 2, 0, 0, 0, 0, 1]);
        let h = icmpv6::Header::new(&m).unwrap();
        let target = Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 9);
        let expected = Repr::NeighborSolicitation { target, source_link: Some(MAC) };
        assert_eq!(Repr::parse(&h), Ok(expected));
        let first = options(&h).unwrap().next().unwrap().unwrap();
        assert_eq!((first.kind, first.offset), (OptionType::SOURCE_LINK_ADDRESS, 0));
        let mut out = [0; 32];
        expected.emit(&mut out, &LO).unwrap();
        assert!(icmpv6::Header::new(&out).unwrap().checksum_ok(&LO));
        assert_eq!(out[4..], m[4..]);
        every_prefix(&m[..24], 24, |b| icmpv6::Header::new(b).is_ok_and(|h| Repr::parse(&h).is_ok()));
    }

    #[test]
    fn dns_servers_and_redirected_packet() {
        let mut list = vec![25, 3, 0, 0, 0, 0, 0, 60];
        list.extend(Ipv6Addr::LOCALHOST.octets());
        list.extend([4, 2, 0, 0, 0, 0, 0, 0, 0x60, 1, 2, 3, 4, 5, 6, 7]);
        let all: Vec<_> = Options::new(&list).map(Result::unwrap).collect();
        let (lifetime, mut servers) = all[0].dns_servers().unwrap();
        assert_eq!((lifetime, servers.next()), (60, Some(Ipv6Addr::LOCALHOST)));
        assert_eq!((all[1].offset, all[1].redirected()), (24, Some(&[0x60, 1, 2, 3, 4, 5, 6, 7][..])));
        assert!(all[0].redirected().is_none() && all[1].dns_servers().is_none());
    }

    #[test]
    fn a_length_of_zero_ends_the_walk() {
        let mut walk = Options::new(&[1, 1, 2, 0, 0, 0, 0, 1, 5, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(walk.next().unwrap().unwrap().link_address(), Some(MAC));
        assert_eq!(walk.next(), Some(Err(Error::value("NDP option", "icmpv6.opt.length", 9, 0))));
        assert_eq!(walk.next(), None);
    }

    fn reprs() -> impl Strategy<Value = Repr> {
        let mac = || prop::option::of(any::<[u8; 6]>().prop_map(MacAddr));
        let ip = || any::<u128>().prop_map(Ipv6Addr::from);
        let info = (any::<(u8, u8, u32, u32)>(), ip()).prop_map(
            |((prefix_len, flags, valid, preferred), prefix)| PrefixInformation {
                prefix_len,
                flags,
                valid,
                preferred,
                prefix,
            },
        );
        prop_oneof![
            mac().prop_map(|source_link| Repr::RouterSolicitation { source_link }),
            (any::<(u8, u8, u16, u32, u32)>(), mac(), any::<Option<u32>>(), prop::option::of(info)).prop_map(
                |((hop_limit, flags, lifetime, reachable, retrans), source_link, mtu, prefix)| {
                    Repr::RouterAdvertisement {
                        hop_limit,
                        flags,
                        lifetime,
                        reachable,
                        retrans,
                        source_link,
                        mtu,
                        prefix,
                    }
                }
            ),
            (ip(), mac())
                .prop_map(|(target, source_link)| Repr::NeighborSolicitation { target, source_link }),
            (0..8u8, ip(), mac()).prop_map(|(f, target, target_link)| Repr::NeighborAdvertisement {
                flags: f << 5,
                target,
                target_link
            }),
            (ip(), ip(), mac()).prop_map(|(target, destination, target_link)| Repr::Redirect {
                target,
                destination,
                target_link
            }),
        ]
    }

    proptest! {
        #[test]
        fn parse_undoes_emit(repr in reprs()) {
            let mut out = [0; MAX_EMIT];
            let n = repr.emit(&mut out, &LO).unwrap();
            prop_assert_eq!(Repr::parse(&icmpv6::Header::new(&out[..n]).unwrap()), Ok(repr));
            prop_assert!(repr.emit(&mut out[..n - 1], &LO).is_err());
        }

        #[test]
        fn views_anything(kind in 132..139u8, mut bytes in prop::collection::vec(any::<u8>(), 8..120)) {
            bytes[0] = kind;
            bytes[1] = 0;
            let h = icmpv6::Header::new(&bytes).unwrap();
            let _ = Repr::parse(&h);
            for o in options(&h).into_iter().flatten().flatten() {
                let _ = (o.prefix(), o.mtu(), o.link_address(), o.redirected(), o.dns_servers().map(|s| s.1.count()));
            }
        }
    }
}
