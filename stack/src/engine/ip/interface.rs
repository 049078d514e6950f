//! Interfaces: what is configured, what is known of the link, and what was counted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use formats::ctrace::Name;
use formats::ctrace::events::interface::InterfaceKind;
use formats::ctrace::pthdr::DeviceType;
use formats::net::MacAddr;

use super::arp::Arp;
use super::neighbor::{Neighbors, Settings};
use crate::engine::dlc::Transmit;
use crate::engine::{Context, Instant};

/// What is below an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// The stack itself.
    Loopback,
    /// An OSA in QDIO mode (IPAQENET, IPAQENET6).
    Ethernet {
        /// Its address.
        mac: MacAddr,
        /// The adapter resolves IPv4 addresses and answers for those registered.
        arp_offload: bool,
    },
    /// A HiperSockets channel (IPAQIDIO).
    HiperSockets,
    /// XCF, SAMEHOST or another link with one other end.
    PointToPoint,
}

impl Link {
    /// What trace events call it.
    #[must_use]
    pub const fn kind(self) -> InterfaceKind {
        match self {
            Self::Loopback => InterfaceKind::LOOPBACK,
            Self::Ethernet { .. } => InterfaceKind::ETHERNET,
            Self::HiperSockets => InterfaceKind::HIPERSOCKETS,
            Self::PointToPoint => InterfaceKind::POINT_TO_POINT,
        }
    }

    /// PTH_DevTy. Of HiperSockets and point-to-point links the number is not known: 0.
    #[must_use]
    pub const fn device_type(self, v6: bool) -> DeviceType {
        match (self, v6) {
            (Self::Loopback, _) => DeviceType::LOOPBACK,
            (Self::Ethernet { .. }, false) => DeviceType::IPAQENET,
            (Self::Ethernet { .. }, true) => DeviceType::IPAQENET6,
            _ => DeviceType(0),
        }
    }
}

/// Router advertisements that an interface sends (RFC 4861 section 6.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advertise {
    /// Prefix on the link, from which hosts make addresses.
    pub prefix: Option<(Ipv6Addr, u8)>,
    /// Seconds that the router may be a default router.
    pub lifetime: u16,
    /// Valid lifetime of the prefix in seconds.
    pub valid: u32,
    /// Preferred lifetime of the prefix in seconds.
    pub preferred: u32,
    /// Tell the MTU.
    pub mtu: Option<u32>,
    /// Time between advertisements.
    pub interval: Duration,
}

impl Default for Advertise {
    fn default() -> Self {
        Self {
            prefix: None,
            lifetime: 1800,
            valid: 2_592_000,
            preferred: 604_800,
            mtu: None,
            interval: Duration::from_secs(600),
        }
    }
}

/// What is configured of an interface.
#[derive(Debug, Clone, Copy)]
pub struct InterfaceConfig {
    /// Its name.
    pub name: Name<16>,
    /// What is below it.
    pub link: Link,
    /// Largest packet.
    pub mtu: u32,
    /// IPv6 is spoken: there is a link-local address.
    pub v6: bool,
    /// The low 64 bits of the addresses made here; from the link address when `None`.
    pub interface_id: Option<u64>,
    /// The adapter makes and checks transport checksums.
    pub checksum_offload: bool,
    /// The adapter cuts TCP segments up to so many bytes.
    pub segmentation: Option<u32>,
    /// IPv4 addresses are probed before they are used (RFC 5227).
    pub probe: bool,
    /// Neighbour solicitations before an IPv6 address is used (DupAddrDetectTransmits); 0 is off.
    pub dad_transmits: u8,
    /// Routers are asked for, and addresses are made from their prefixes.
    pub autoconf: bool,
    /// Router advertisements to send.
    pub advertise: Option<Advertise>,
    /// Times and limits of the neighbour caches.
    pub neighbors: Settings,
}

impl InterfaceConfig {
    /// An interface with the usual settings of its kind.
    #[must_use]
    pub fn new(name: &str, link: Link) -> Self {
        let mtu = match link {
            Link::Loopback => 65_535,
            Link::Ethernet { .. } => 1500,
            // The largest MTUs of their kinds: a 64 KB frame carries 56 KB, XCF 55,296 bytes.
            Link::HiperSockets => 57_344,
            Link::PointToPoint => 55_296,
        };
        Self {
            name: Name::new(name),
            link,
            mtu,
            v6: true,
            interface_id: None,
            checksum_offload: false,
            segmentation: None,
            probe: true,
            dad_transmits: 1,
            autoconf: false,
            advertise: None,
            neighbors: Settings::default(),
        }
    }
}

/// Counters of an interface (RFC 2863).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InterfaceCounters {
    /// Packets received.
    pub in_packets: u64,
    /// Their bytes.
    pub in_bytes: u64,
    /// Of them, to groups and to everybody.
    pub in_groups: u64,
    /// Thrown away on the way in.
    pub in_discards: u64,
    /// Packets sent.
    pub out_packets: u64,
    /// Their bytes.
    pub out_bytes: u64,
    /// Of them, to groups and to everybody.
    pub out_groups: u64,
    /// Thrown away on the way out.
    pub out_discards: u64,
}

/// Routers of an interface are asked for (RFC 4861 section 6.3.7).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Solicitation {
    pub(super) sent: u8,
    pub(super) at: Option<Instant>,
}

/// Advertisements are sent (RFC 4861 section 6.2.4).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Advertising {
    pub(super) sent: u8,
    pub(super) at: Option<Instant>,
    pub(super) last: Option<Instant>,
}

/// An interface.
#[derive(Debug)]
pub struct Interface {
    /// Its index, PTH_InfIx.
    pub index: u16,
    /// What is configured.
    pub config: InterfaceConfig,
    /// Packets can be sent.
    pub active: bool,
    /// The IPv6 MTU, which a router may lower.
    pub mtu_v6: u32,
    /// Hop limit of IPv6 packets, which a router may set.
    pub hop_limit: u8,
    /// What was counted.
    pub counters: InterfaceCounters,
    pub(super) arp: Option<Arp<Transmit>>,
    pub(super) nd: Neighbors<Transmit>,
    pub(super) solicitation: Solicitation,
    pub(super) advertising: Advertising,
}

impl Interface {
    pub(super) fn new(index: u16, config: InterfaceConfig) -> Self {
        let arp = match config.link {
            Link::Ethernet { mac, arp_offload: false } => Some(Arp::new(mac, config.neighbors)),
            _ => None,
        };
        Self {
            index,
            config,
            active: false,
            mtu_v6: config.mtu,
            hop_limit: 64,
            counters: InterfaceCounters::default(),
            arp,
            nd: Neighbors::new(config.neighbors),
            solicitation: Solicitation::default(),
            advertising: Advertising::default(),
        }
    }

    /// Its link address, zeros without one.
    #[must_use]
    pub const fn mac(&self) -> MacAddr {
        match self.config.link {
            Link::Ethernet { mac, .. } => mac,
            _ => MacAddr([0; 6]),
        }
    }

    /// The low 64 bits of addresses made here (RFC 2464 section 4: modified EUI-64).
    #[must_use]
    pub fn interface_id(&self) -> u64 {
        self.config.interface_id.unwrap_or_else(|| {
            let [a, b, c, d, e, f] = self.mac().0;
            match self.config.link {
                Link::Ethernet { .. } => u64::from_be_bytes([a ^ 2, b, c, 0xff, 0xfe, d, e, f]),
                _ => u64::from(self.index),
            }
        })
    }

    /// The address `fe80::` with [`Self::interface_id`].
    #[must_use]
    pub fn link_local(&self) -> Ipv6Addr {
        with_id(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), self.interface_id())
    }

    /// Largest packet of a family.
    #[must_use]
    pub const fn mtu(&self, v6: bool) -> u32 {
        if v6 { self.mtu_v6 } else { self.config.mtu }
    }

    /// Neighbours of both families, for displays.
    pub fn neighbors(&self, now: Instant) -> impl Iterator<Item = super::neighbor::Neighbor> {
        self.arp.iter().flat_map(move |a| a.neighbors.iter(now)).chain(self.nd.iter(now))
    }

    /// The upper layer got an answer through this neighbour.
    pub(super) fn confirm(&mut self, cx: &Context<'_>, address: IpAddr) {
        match (address, &mut self.arp) {
            (IpAddr::V4(_), Some(arp)) => arp.neighbors.confirm(cx.now, address),
            (IpAddr::V6(_), _) => self.nd.confirm(cx.now, address),
            _ => {}
        }
    }
}

/// The 64-bit prefix of an address with another interface identifier.
pub(super) fn with_id(prefix: Ipv6Addr, id: u64) -> Ipv6Addr {
    Ipv6Addr::from_bits(prefix.to_bits() >> 64 << 64 | u128::from(id))
}

/// The solicited-node group of an address (RFC 4291 section 2.7.1).
#[must_use]
pub fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let base = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 0).to_bits();
    Ipv6Addr::from_bits(base | address.to_bits() & 0x00ff_ffff)
}

/// The directed broadcast address of a network, `None` when it has none (RFC 3021).
#[must_use]
pub fn directed_broadcast(address: Ipv4Addr, prefix_len: u8) -> Option<Ipv4Addr> {
    (prefix_len < 31).then(|| {
        Ipv4Addr::from_bits(address.to_bits() | u32::MAX.checked_shr(prefix_len.into()).unwrap_or(0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_made_from_link_addresses() {
        // RFC 2464 section 4: 34-56-78-9A-BC-DE becomes 36-56-78-FF-FE-9A-BC-DE.
        let mac = MacAddr([0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde]);
        let config = InterfaceConfig::new("OSA1", Link::Ethernet { mac, arp_offload: false });
        let i = Interface::new(1, config);
        assert_eq!(i.link_local().to_string(), "fe80::3656:78ff:fe9a:bcde");
        // RFC 4291 section 2.7.1: 4037::01:800:200E:8C6C has FF02::1:FF0E:8C6C.
        assert_eq!(
            solicited_node("4037::1:800:200e:8c6c".parse().unwrap()),
            "ff02::1:ff0e:8c6c".parse::<Ipv6Addr>().unwrap()
        );
    }

    #[test]
    fn directed_broadcasts() {
        let b = |a: [u8; 4], n| directed_broadcast(a.into(), n).map(|b| b.to_string());
        assert_eq!(b([10, 1, 2, 3], 24).as_deref(), Some("10.1.2.255"));
        assert_eq!(b([10, 1, 2, 3], 0).as_deref(), Some("255.255.255.255"));
        assert_eq!(b([10, 1, 2, 3], 31), None);
    }
}
