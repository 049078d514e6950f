//! What a stack and its interfaces are made with.

use std::net::IpAddr;

use formats::net::MacAddr;

use crate::engine::dlc::hipersockets::HiperSockets;
use crate::engine::dlc::loopback::Loopback;
use crate::engine::dlc::osa::{DatapathConfig, Osa};
use crate::engine::dlc::trle::Dlc;
use crate::engine::dlc::xcf::Xcf;
use crate::engine::ip::interface::{InterfaceConfig as IpInterface, Link};
use crate::engine::tcp;

/// Component trace of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TraceConfig {
    /// Bytes of trace buffers for each of SYSTCPIP, SYSTCPDA and SYSTCPOT; 0 makes none, and
    /// nothing can be traced.
    pub buffers: usize,
    /// TOD clock at the start of time, in nanoseconds since 1970.
    pub epoch: u64,
}

/// A TCP/IP stack.
#[derive(Debug, Clone)]
pub struct StackConfig {
    /// Job name.
    pub name: String,
    /// TCP.
    pub tcp: tcp::Config,
    /// Packets of others are passed on (DATAGRAMFWD).
    pub forwarding: bool,
    /// VIPAs are the source of new connections (SOURCEVIPA).
    pub sourcevipa: bool,
    /// Component trace.
    pub trace: TraceConfig,
}

impl StackConfig {
    /// A stack with this job name, the usual settings, and no trace.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            tcp: tcp::Config::default(),
            forwarding: false,
            sourcevipa: false,
            trace: TraceConfig::default(),
        }
    }
}

/// An interface: the DLC, what the IP layer knows of it, and its home addresses.
#[derive(Debug, Clone)]
pub struct InterfaceConfig {
    /// For the IP layer.
    pub ip: IpInterface,
    /// Home addresses with prefix lengths.
    pub addresses: Vec<(IpAddr, u8)>,
    /// VLAN of an OSA's frames.
    pub vlan: Option<u16>,
    /// Port name of an OSA, which traces of its frames carry.
    pub port_name: String,
}

impl InterfaceConfig {
    fn new(name: &str, link: Link) -> Self {
        let port_name = name.chars().take(8).collect();
        Self { ip: IpInterface::new(name, link), addresses: Vec::new(), vlan: None, port_name }
    }

    /// An OSA in QDIO mode, which resolves IPv4 addresses itself.
    #[must_use]
    pub fn osa(name: &str, mac: [u8; 6]) -> Self {
        Self::new(name, Link::Ethernet { mac: MacAddr(mac), arp_offload: true })
    }

    /// An Ethernet adapter without offloads: the stack resolves addresses.
    #[must_use]
    pub fn ethernet(name: &str, mac: [u8; 6]) -> Self {
        Self::new(name, Link::Ethernet { mac: MacAddr(mac), arp_offload: false })
    }

    /// A HiperSockets channel.
    #[must_use]
    pub fn hipersockets(name: &str) -> Self {
        Self::new(name, Link::HiperSockets)
    }

    /// XCF, SAMEHOST or another link with one other end.
    #[must_use]
    pub fn point_to_point(name: &str) -> Self {
        Self::new(name, Link::PointToPoint)
    }

    /// With one more home address.
    #[must_use]
    pub fn address(mut self, address: IpAddr, prefix_len: u8) -> Self {
        self.addresses.push((address, prefix_len));
        self
    }

    /// With another MTU.
    #[must_use]
    pub const fn mtu(mut self, mtu: u32) -> Self {
        self.ip.mtu = mtu;
        self
    }

    /// The adapter makes checksums and cuts segments.
    #[must_use]
    pub const fn offload(mut self) -> Self {
        self.ip.checksum_offload = true;
        self.ip.segmentation = Some(65_000);
        self
    }

    /// Frames carry a VLAN tag.
    #[must_use]
    pub const fn vlan(mut self, id: u16) -> Self {
        self.vlan = Some(id);
        self
    }

    /// The device below, and how a datapath of it is opened.
    pub(super) fn dlc(&self) -> (Dlc, DatapathConfig) {
        let mut datapath = DatapathConfig {
            vlan: self.vlan,
            checksum_offload: self.ip.checksum_offload,
            ..DatapathConfig::default()
        };
        let dlc = match self.ip.link {
            Link::Ethernet { mac, arp_offload } => {
                datapath.arp_offload = arp_offload;
                // Packets to pass on come to who is the primary router.
                datapath.primary_router = true;
                Dlc::Osa(Osa::new(&self.port_name, mac))
            }
            Link::HiperSockets => Dlc::HiperSockets(HiperSockets::new(self.ip.mtu as usize + 8192)),
            Link::PointToPoint => Dlc::Xcf(Xcf::new()),
            Link::Loopback => Dlc::Loopback(Loopback::default()),
        };
        (dlc, datapath)
    }
}
