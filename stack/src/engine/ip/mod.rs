//! The IP layer: IPv4 and IPv6 with ICMP, neighbours, routing, fragments and path MTU discovery.
//!
//! ```text
//!        send                              poll_deliver          TCP, UDP, RAW
//!   ------|-------------------------------------^--------------------------------
//!      output -> route, source, MTU       v4 / v6 input -> reassembly -> icmp
//!         |  <---------- forward <-------------|
//!      neighbours (ARP, ND)                    |
//!   ------|------------------------------------|---------------------------------
//!   poll_transmit                        handle_up               DLCs
//! ```
//!
//! The host model is weak, as z/OS's is: packets for any home address are accepted on any interface,
//! and sent through the interface that the routing table says.

pub mod advertise;
pub mod arp;
pub mod dad;
pub mod drop;
pub mod forward;
pub mod fragment;
pub mod home;
pub mod icmp;
pub mod icmpv6;
pub mod igmp;
pub mod interface;
pub mod limit;
pub mod membership;
pub mod mld;
pub mod nd;
pub mod neighbor;
pub mod output;
pub mod pmtu;
pub mod reassembly;
pub mod redirect;
pub mod route;
pub mod router;
#[cfg(test)]
pub(crate) mod testing;
pub mod trace;
pub mod v4;
pub mod v6;

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use formats::ctrace::Name;
use formats::ctrace::events::interface as events;
use formats::ctrace::events::neighbor as neighbor_events;
use formats::ctrace::events::{Hex8, routing};
use formats::net::{EtherType, MacAddr};

use super::dlc::{Down, Receive, Up};
use super::path::{Path, Paths};
use super::{Buffer, Context, IcmpError, Incoming, Instant};
use arp::Arp;
use home::{Home, HomeList, State, VIRTUAL};
use interface::{Interface, InterfaceConfig, Link};
use limit::Limit;
use membership::Groups;
use pmtu::PathMtu;
use reassembly::Reassembly;
use route::{Multipath, Origin, Route, Routes};
use trace::Stack;

pub use output::SendError;

/// Packets that wait for DLCs; more are dropped.
pub const MAX_TRANSMIT: usize = 8192;
/// Packets and errors that wait for the protocols above; more are dropped.
pub const MAX_DELIVER: usize = 8192;
/// Events that wait; the oldest make room.
const MAX_EVENTS: usize = 256;
/// Interfaces at most.
pub const MAX_INTERFACES: usize = 256;

/// What is configured of the IP layer (IPCONFIG, IPCONFIG6).
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// The stack in trace entries.
    pub stack: Stack,
    /// Pass packets on (DATAGRAMFWD).
    pub forwarding: bool,
    /// Believe redirects (not IGNOREREDIRECT).
    pub accept_redirects: bool,
    /// Tell neighbours of better first hops.
    pub send_redirects: bool,
    /// VIPAs are the source of new connections (SOURCEVIPA).
    pub sourcevipa: bool,
    /// How routes of the same metric share traffic (MULTIPATH).
    pub multipath: Multipath,
    /// Time to live of packets whose sender does not say (TTL).
    pub ttl: u8,
    /// Discover path MTUs (PATHMTUDISCOVERY): errors are believed.
    pub path_mtu_discovery: bool,
    /// ICMP errors a second, and at once after a pause.
    pub icmp_rate: (u32, u32),
    /// Answer echo requests to groups and broadcast addresses.
    pub answer_broadcast: bool,
}

impl Config {
    /// The usual settings for a stack of this job name.
    #[must_use]
    pub fn new(job: &str, asid: u16) -> Self {
        Self {
            stack: Stack { asid, job: Name::new(job) },
            forwarding: false,
            accept_redirects: true,
            send_redirects: true,
            sourcevipa: false,
            multipath: Multipath::Off,
            ttl: 64,
            path_mtu_discovery: true,
            icmp_rate: (100, 50),
            answer_broadcast: false,
        }
    }
}

/// Counters of one family (RFC 4293).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct FamilyCounters {
    pub in_receives: u64,
    pub in_header_errors: u64,
    pub in_address_errors: u64,
    pub in_unknown_protocols: u64,
    pub in_truncated: u64,
    pub in_discards: u64,
    pub in_delivers: u64,
    pub in_forwarded: u64,
    pub out_requests: u64,
    pub out_no_routes: u64,
    pub out_discards: u64,
    pub reassembly_required: u64,
    pub reassembly_ok: u64,
    pub reassembly_failed: u64,
    pub fragments_ok: u64,
    pub fragments_failed: u64,
    pub fragments_created: u64,
    pub icmp_in: u64,
    pub icmp_in_errors: u64,
    pub icmp_out: u64,
    pub icmp_limited: u64,
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// IPv4.
    pub v4: FamilyCounters,
    /// IPv6.
    pub v6: FamilyCounters,
    /// Packets thrown away for whatever reason.
    pub dropped: u64,
}

impl Counters {
    const fn family(&mut self, v6: bool) -> &mut FamilyCounters {
        if v6 { &mut self.v6 } else { &mut self.v4 }
    }
}

/// A packet for a protocol of this stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// What the IP layer knows about it.
    pub incoming: Incoming,
    bytes: Buffer,
    payload_at: usize,
}

impl Packet {
    /// What lies behind the IP header.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(self.payload_at..).unwrap_or_default()
    }

    /// The whole packet.
    #[must_use]
    pub fn original(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes behind the IP header, without copying.
    #[must_use]
    pub fn into_payload(mut self) -> Buffer {
        self.bytes.advance(self.payload_at);
        self.bytes
    }
}

/// What the IP layer hands up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// A packet for a home address, a group or everybody. ICMP messages come here too, for RAW
    /// sockets, but echo requests: those are answered.
    Packet(Packet),
    /// An ICMP error about a packet of this stack.
    Error(IcmpError),
}

/// Why a packet that was delivered is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody listens to the port.
    Port,
    /// Nobody speaks the protocol.
    Protocol,
    /// An administrator forbids it.
    Prohibited,
}

/// What changed, for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum IpEvent {
    /// An interface is active, or is not any more.
    Interface(u16, bool),
    /// An address can be used.
    AddressReady(u16, IpAddr),
    /// Another node has an address of this stack; `lost`: it is not used any more.
    Duplicate {
        /// Interface.
        interface: u16,
        /// The address.
        address: IpAddr,
        /// The other node.
        other: MacAddr,
        /// It is not used any more.
        lost: bool,
    },
    /// An address was made from a router's prefix.
    Configured(u16, Ipv6Addr),
    /// The lifetime of an address ended.
    Expired(u16, Ipv6Addr),
    /// A default router appeared or is gone.
    Router(u16, Ipv6Addr, bool),
}

/// The IP layer of one stack.
#[derive(Debug)]
pub struct Ip {
    /// What is configured.
    pub config: Config,
    /// What was counted.
    pub counters: Counters,
    pub(super) now: Instant,
    interfaces: Vec<Interface>,
    home: HomeList,
    routes: Routes,
    pmtu: PathMtu,
    reassembly: Reassembly,
    groups: Groups,
    limit_v4: Limit,
    limit_v6: Limit,
    limit_redirect: Limit,
    deliver: VecDeque<Delivery>,
    transmit: VecDeque<(u16, Down)>,
    events: VecDeque<IpEvent>,
    /// Addresses that an interface answers for in place of one that failed.
    taken_over: Vec<(u16, IpAddr)>,
    /// Turn of a connection among equal routes (MULTIPATH PERCONNECTION).
    flows: BTreeMap<(IpAddr, IpAddr, u32), u32>,
    turn: u32,
    next_id: u32,
    generation: u64,
    /// Not later than the next timer that is not a neighbour's.
    next: Option<Instant>,
}

/// The interface that is always there.
pub const LOOPBACK: u16 = 0;

impl Ip {
    /// An IP layer with a loopback interface.
    #[must_use]
    pub fn new(cx: &mut Context<'_>, config: Config) -> Self {
        let mut ip = Self {
            config,
            counters: Counters::default(),
            now: cx.now,
            interfaces: Vec::new(),
            home: HomeList::default(),
            routes: Routes::new(config.multipath),
            pmtu: PathMtu::default(),
            reassembly: Reassembly::default(),
            groups: Groups::default(),
            limit_v4: Limit::new(config.icmp_rate.0, config.icmp_rate.1),
            limit_v6: Limit::new(config.icmp_rate.0, config.icmp_rate.1),
            limit_redirect: Limit::new(10, 10),
            deliver: VecDeque::new(),
            transmit: VecDeque::new(),
            events: VecDeque::new(),
            taken_over: Vec::new(),
            flows: BTreeMap::new(),
            turn: 0,
            next_id: cx.random.u32(),
            generation: 1,
            next: None,
        };
        let loopback =
            InterfaceConfig { checksum_offload: true, ..InterfaceConfig::new("LOOPBACK", Link::Loopback) };
        ip.interfaces.push(Interface::new(LOOPBACK, loopback));
        ip.home.add(Home::new(Ipv4Addr::LOCALHOST.into(), 8, LOOPBACK, State::Preferred));
        ip.home.add(Home::new(Ipv6Addr::LOCALHOST.into(), 128, LOOPBACK, State::Preferred));
        ip.start_interface(cx, LOOPBACK);
        ip
    }

    /// Defines an interface; it starts with [`Up::Active`] or [`Self::start_interface`]. `None` when
    /// there are too many.
    pub fn add_interface(&mut self, config: InterfaceConfig) -> Option<u16> {
        let index = self.interfaces.len();
        if index >= MAX_INTERFACES {
            return None;
        }
        self.interfaces.push(Interface::new(index as u16, config));
        Some(index as u16)
    }

    /// An interface.
    #[must_use]
    pub fn interface(&self, index: u16) -> Option<&Interface> {
        self.interfaces.get(usize::from(index))
    }

    /// All interfaces.
    pub fn interfaces(&self) -> impl Iterator<Item = &Interface> {
        self.interfaces.iter()
    }

    /// The home addresses.
    #[must_use]
    pub const fn home(&self) -> &HomeList {
        &self.home
    }

    /// The routing table.
    #[must_use]
    pub const fn routes(&self) -> &Routes {
        &self.routes
    }

    /// The path MTUs that are known.
    #[must_use]
    pub const fn path_mtu(&self) -> &PathMtu {
        &self.pmtu
    }

    /// The fragments that wait.
    #[must_use]
    pub const fn reassembly(&self) -> &Reassembly {
        &self.reassembly
    }

    fn notify(&mut self, event: IpEvent) {
        if self.events.len() >= MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Changes that answers of [`Paths::path`] depend on.
    const fn paths_changed(&mut self) {
        self.generation += 1;
    }

    /// The device of an interface is ready: its addresses are announced or checked, and used.
    pub fn start_interface(&mut self, cx: &mut Context<'_>, index: u16) {
        self.now = cx.now;
        let Some(i) = self.interfaces.get_mut(usize::from(index)).filter(|i| !i.active) else { return };
        i.active = true;
        let (config, mac, link_local) = (i.config, i.mac(), i.link_local());
        let event = events::InterfaceActive {
            interface: config.name,
            index,
            kind: config.link.kind(),
            mtu: config.mtu,
            mac: mac.0,
        };
        self.event(cx, trace::NOBODY, &event);
        self.notify(IpEvent::Interface(index, true));
        self.paths_changed();
        self.take_back(cx, index);
        let mine: Vec<Home> = self.home.iter().filter(|h| h.interface == index).copied().collect();
        for h in mine {
            self.activate_address(cx, h);
        }
        if config.v6 && config.link != Link::Loopback {
            self.add_address(cx, index, IpAddr::V6(link_local), 64);
            if config.autoconf {
                self.solicit_routers(cx, index);
            }
            self.start_advertising(cx, index);
        }
        self.register_vipas(cx, index);
    }

    /// The device of an interface is gone: its routes are not used; its addresses can be taken over
    /// by another interface on the same network.
    pub fn stop_interface(&mut self, cx: &mut Context<'_>, index: u16) {
        self.now = cx.now;
        let Some(i) = self.interfaces.get_mut(usize::from(index)).filter(|i| i.active) else { return };
        i.active = false;
        let name = i.config.name;
        if let Some(arp) = &mut i.arp {
            arp.neighbors.clear();
        }
        i.nd.clear();
        self.pump_neighbors(cx, index);
        self.event(cx, trace::NOBODY, &events::InterfaceInactive { interface: name, index });
        self.notify(IpEvent::Interface(index, false));
        self.paths_changed();
        self.hand_over(cx, index);
    }

    /// Adds a home address to an interface, and the route to its network.
    pub fn add_address(
        &mut self,
        cx: &mut Context<'_>,
        interface: u16,
        address: IpAddr,
        prefix_len: u8,
    ) -> bool {
        self.now = cx.now;
        let Some(i) = self.interfaces.get(usize::from(interface)) else { return false };
        let name = i.config.name;
        if self.home.get(address).is_some_and(|h| h.interface == interface && h.state != State::Inactive) {
            return true;
        }
        let home = Home::new(address, prefix_len, interface, State::Inactive);
        if !self.home.add(home) {
            return false;
        }
        let event = events::AddressAdded { interface: name, address, prefix: prefix_len, flags: Hex8(0) };
        self.event(cx, address, &event);
        let network = !matches!(address, IpAddr::V6(a) if a.is_unicast_link_local());
        if network && !address.is_loopback() {
            let mut route = Route::new(address, prefix_len, None, interface);
            route.origin = Origin::Direct;
            self.add_route(cx, route);
        }
        if self.interfaces.get(usize::from(interface)).is_some_and(|i| i.active) {
            self.activate_address(cx, home);
        }
        true
    }

    /// Adds a static VIPA: an address that belongs to no adapter. Every interface with a LAN
    /// answers for it.
    pub fn add_vipa(&mut self, cx: &mut Context<'_>, address: IpAddr, prefix_len: u8) -> bool {
        self.now = cx.now;
        if !self.home.add(Home::new(address, prefix_len, VIRTUAL, State::Preferred)) {
            return false;
        }
        let event = events::AddressAdded {
            interface: Name::new("VIRTUAL"),
            address,
            prefix: prefix_len,
            flags: Hex8(0x80),
        };
        self.event(cx, address, &event);
        self.paths_changed();
        for index in 0..self.interfaces.len() as u16 {
            self.register_vipas(cx, index);
        }
        true
    }

    /// Removes a home address or VIPA and the route that came with it.
    pub fn remove_address(&mut self, cx: &mut Context<'_>, address: IpAddr) {
        self.now = cx.now;
        let Some(h) = self.home.remove(address) else { return };
        let network = h.prefix_len;
        self.routes.remove(|r| {
            r.origin == Origin::Direct
                && r.interface == h.interface
                && r.prefix_len == network
                && route::contains(r.destination, network, address)
        });
        // Another address may be of the same network.
        let others: Vec<Home> = self.home.iter().filter(|o| o.interface == h.interface).copied().collect();
        for o in others.iter().filter(|o| route::contains(o.address, o.prefix_len, address)) {
            let mut again = Route::new(o.address, o.prefix_len, None, o.interface);
            again.origin = Origin::Direct;
            self.routes.add(again);
        }
        self.paths_changed();
        let name =
            self.interfaces.get(usize::from(h.interface)).map_or(Name::new("VIRTUAL"), |i| i.config.name);
        self.event(cx, address, &events::AddressRemoved { interface: name, address });
        for index in 0..self.interfaces.len() as u16 {
            if h.is_vipa() || h.interface == index {
                self.unregister(cx, index, address);
            }
        }
    }

    /// Makes an interface answer for an address: by itself or through its adapter.
    fn register(&mut self, cx: &mut Context<'_>, index: u16, address: IpAddr, probe: bool) {
        let Some(i) = self.interfaces.get_mut(usize::from(index)) else { return };
        if let (IpAddr::V4(a), Some(arp)) = (address, &mut i.arp) {
            arp.add(cx, a, probe);
        }
        if matches!(i.config.link, Link::Ethernet { .. } | Link::HiperSockets) {
            // An adapter has to know whom packets are for, also when it does no ARP.
            self.push_down(index, Down::Register { address, probe });
            self.pump_neighbors(cx, index);
        }
    }

    fn unregister(&mut self, cx: &mut Context<'_>, index: u16, address: IpAddr) {
        let Some(i) = self.interfaces.get_mut(usize::from(index)) else { return };
        if let (IpAddr::V4(a), Some(arp)) = (address, &mut i.arp) {
            arp.remove(a);
        }
        if matches!(i.config.link, Link::Ethernet { .. } | Link::HiperSockets) {
            self.push_down(index, Down::Unregister(address));
        }
        if let IpAddr::V6(a) = address {
            self.leave(cx, index, IpAddr::V6(interface::solicited_node(a)));
        }
    }

    /// An active interface begins to use an address.
    fn activate_address(&mut self, cx: &mut Context<'_>, h: Home) {
        let Some(i) = self.interfaces.get(usize::from(h.interface)) else { return };
        let config = i.config;
        let offloaded = matches!(config.link, Link::Ethernet { arp_offload: true, .. });
        let ethernet = matches!(config.link, Link::Ethernet { .. });
        match h.address {
            IpAddr::V4(_) if ethernet && config.probe => {
                // The adapter of an offloading interface does not say when it is done: the address
                // is used at once and given up on a conflict.
                self.set_state(cx, h.address, if offloaded { State::Preferred } else { State::Tentative });
            }
            IpAddr::V6(_) if ethernet && config.dad_transmits > 0 => {
                self.set_state(cx, h.address, State::Tentative);
            }
            _ => self.set_state(cx, h.address, State::Preferred),
        }
        if let IpAddr::V6(a) = h.address
            && ethernet
        {
            self.join(cx, h.interface, IpAddr::V6(interface::solicited_node(a)));
        }
        self.register(cx, h.interface, h.address, config.probe);
        if let IpAddr::V6(a) = h.address
            && ethernet
        {
            self.start_dad(cx, h.interface, a);
        }
    }

    fn set_state(&mut self, cx: &Context<'_>, address: IpAddr, state: State) {
        let Some(h) = self.home.get_mut(address).filter(|h| h.state != state) else { return };
        let ready = !h.is_usable() && state == State::Preferred;
        h.state = state;
        let interface = h.interface;
        self.paths_changed();
        if ready {
            self.event(cx, address, &neighbor_events::AddressReady { interface, address });
            self.notify(IpEvent::AddressReady(interface, address));
        }
    }

    /// An interface answers for the VIPAs: the adapters of a stack do so for all of them.
    fn register_vipas(&mut self, cx: &mut Context<'_>, index: u16) {
        let Some(i) = self.interfaces.get(usize::from(index)).filter(|i| i.active) else { return };
        let ethernet = matches!(i.config.link, Link::Ethernet { .. });
        let same =
            |o: &Interface| o.active && o.index < index && matches!(o.config.link, Link::Ethernet { .. });
        // Of several adapters on the same LAN one answers: the first with an address of its network.
        let taken = ethernet && self.interfaces.iter().any(|o| same(o) && self.same_lan(o.index, index));
        if taken {
            return;
        }
        let vipas: Vec<IpAddr> = self.home.iter().filter(|h| h.is_vipa()).map(|h| h.address).collect();
        for address in vipas {
            if let IpAddr::V6(a) = address
                && ethernet
            {
                self.join(cx, index, IpAddr::V6(interface::solicited_node(a)));
            }
            self.register(cx, index, address, false);
            if let IpAddr::V6(a) = address
                && ethernet
            {
                self.announce_neighbor(cx, index, a);
            }
        }
    }

    /// Two interfaces have addresses of the same network.
    fn same_lan(&self, a: u16, b: u16) -> bool {
        self.home.iter().filter(|h| h.interface == a && !is_link_local(h.address)).any(|x| {
            self.home
                .iter()
                .filter(|h| h.interface == b && h.prefix_len == x.prefix_len)
                .any(|y| route::contains(x.address, x.prefix_len, y.address))
        })
    }

    /// The addresses of an interface that has failed, and the VIPAs it answered for, are taken over
    /// by another adapter on the same LAN, which tells the neighbours (ARP takeover).
    fn hand_over(&mut self, cx: &mut Context<'_>, failed: u16) {
        let heir = self
            .interfaces
            .iter()
            .filter(|i| i.active && i.index != failed && matches!(i.config.link, Link::Ethernet { .. }))
            .map(|i| i.index)
            .find(|&i| self.same_lan(i, failed));
        let addresses: Vec<Home> = self
            .home
            .iter()
            .filter(|h| (h.interface == failed || h.is_vipa()) && h.is_usable() && !is_link_local(h.address))
            .copied()
            .collect();
        let name = |ip: &Self, i: u16| ip.interface(i).map_or(Name::BLANK, |i| i.config.name);
        let Some(heir) = heir else {
            // Nobody is left to answer for them.
            for h in addresses.iter().filter(|h| h.interface == failed) {
                self.set_state(cx, h.address, State::Inactive);
            }
            return;
        };
        for h in addresses {
            let event = events::TakenOver {
                interface: name(self, heir),
                from: name(self, failed),
                address: h.address,
            };
            self.event(cx, h.address, &event);
            self.taken_over.push((heir, h.address));
            self.register(cx, heir, h.address, false);
            if let IpAddr::V6(a) = h.address {
                self.join(cx, heir, IpAddr::V6(interface::solicited_node(a)));
                self.announce_neighbor(cx, heir, a);
            }
        }
    }

    /// An interface is active again: others stop answering for its addresses, and for the VIPAs that
    /// it answers for from now on.
    fn take_back(&mut self, cx: &mut Context<'_>, index: u16) {
        let back: Vec<(u16, IpAddr)> = self
            .taken_over
            .extract_if(.., |(heir, address)| {
                let home = self.home.get(*address);
                // What the heir is not there for any more is forgotten, too.
                home.is_none_or(|h| h.interface == index || h.is_vipa() && index < *heir) || *heir == index
            })
            .collect();
        for (heir, address) in back {
            if heir != index {
                self.unregister(cx, heir, address);
            }
        }
    }

    /// Adds a route; `false` when the table is full.
    pub fn add_route(&mut self, cx: &Context<'_>, route: Route) -> bool {
        let added = self.routes.add(route);
        if added {
            self.paths_changed();
            if let Some(at) = route.expires {
                self.arm(at);
            }
            let event = routing::RouteAdded {
                destination: route.destination,
                prefix: route.prefix_len,
                gateway: route.gateway.unwrap_or(trace::NOBODY),
                interface: route.interface,
                metric: route.metric,
                origin: origin(route.origin),
            };
            self.event(cx, route.destination, &event);
        }
        added
    }

    /// Removes the routes that `which` says; returns how many.
    pub fn remove_routes(&mut self, cx: &Context<'_>, which: impl Fn(&Route) -> bool) -> usize {
        let gone: Vec<Route> = self.routes.iter().filter(|r| which(r)).copied().collect();
        for r in &gone {
            let event = routing::RouteRemoved {
                destination: r.destination,
                prefix: r.prefix_len,
                gateway: r.gateway.unwrap_or(trace::NOBODY),
                interface: r.interface,
                origin: origin(r.origin),
            };
            self.event(cx, r.destination, &event);
        }
        if !gone.is_empty() {
            self.routes.remove(which);
            self.paths_changed();
        }
        gone.len()
    }

    /// Something came from the DLC of an interface.
    pub fn handle_up(&mut self, cx: &mut Context<'_>, interface: u16, up: Up) {
        self.now = cx.now;
        match up {
            Up::Packet(r) => self.handle_receive(cx, interface, r),
            Up::Active => self.start_interface(cx, interface),
            Up::Inactive => self.stop_interface(cx, interface),
            Up::Conflict { address, other, lost } => self.conflict(cx, interface, address, other, lost),
            Up::Unresolved(packet) => self.unreachable_hop(cx, interface, &packet),
        }
    }

    /// A packet came in through an interface.
    pub fn handle_receive(&mut self, cx: &mut Context<'_>, interface: u16, r: Receive) {
        self.now = cx.now;
        let Some(i) = self.interfaces.get_mut(usize::from(interface)) else {
            return self.dropped(cx, interface, false, &r.packet, drop::NO_INTERFACE);
        };
        i.counters.in_packets += 1;
        i.counters.in_bytes += r.packet.len() as u64;
        i.counters.in_groups += u64::from(r.group);
        if !i.active {
            return self.dropped(cx, interface, false, &r.packet, drop::NOT_ACTIVE);
        }
        match r.protocol {
            EtherType::ARP => self.arp_input(cx, interface, &r.packet),
            _ => match r.packet.first().map(|b| b >> 4) {
                Some(4) => self.v4_input(cx, interface, r),
                Some(6) => self.v6_input(cx, interface, r),
                _ => self.dropped(cx, interface, false, &r.packet, drop::VERSION),
            },
        }
    }

    /// Another node uses an address of this stack.
    fn conflict(&mut self, cx: &Context<'_>, interface: u16, address: IpAddr, other: MacAddr, lost: bool) {
        let event = neighbor_events::AddressConflict { interface, address, mac: other.0, lost };
        self.event(cx, address, &event);
        self.notify(IpEvent::Duplicate { interface, address, other, lost });
        if lost {
            self.set_state(cx, address, State::Duplicate);
        }
    }

    fn push_deliver(&mut self, cx: &Context<'_>, interface: u16, d: Delivery) {
        if self.deliver.len() >= MAX_DELIVER {
            if let Delivery::Packet(p) = &d {
                self.dropped(cx, interface, false, &p.bytes, drop::QUEUE_FULL);
            }
            return;
        }
        self.deliver.push_back(d);
    }

    /// Asks a DLC for something that is not a packet. Their number is bounded by that of addresses.
    fn push_down(&mut self, interface: u16, down: Down) {
        self.transmit.push_back((interface, down));
    }

    /// The next packet or error for the protocols above.
    pub fn poll_deliver(&mut self) -> Option<Delivery> {
        self.deliver.pop_front()
    }

    /// The next thing for the DLC of an interface.
    pub fn poll_transmit(&mut self) -> Option<(u16, Down)> {
        self.transmit.pop_front()
    }

    /// What changed, for the operator.
    pub fn poll_event(&mut self) -> Option<IpEvent> {
        self.events.pop_front()
    }

    /// The upper layer got an answer from `dst`: its next hop can be reached (RFC 4861 section
    /// 7.3.1).
    pub fn confirm(&mut self, cx: &Context<'_>, dst: IpAddr) {
        let Some((interface, hop)) = self.next_hop(dst, None, 0).map(|n| (n.interface, n.hop)) else {
            return;
        };
        if let Some(i) = self.interfaces.get_mut(usize::from(interface)) {
            i.confirm(cx, hop);
        }
    }

    fn arm(&mut self, at: Instant) {
        self.next = Some(self.next.map_or(at, |n| n.min(at)));
    }

    /// When [`Self::handle_timeout`] wants to be called; it may turn out that nothing is due then.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let neighbors = self.interfaces.iter().flat_map(|i| {
            [
                i.arp.as_ref().and_then(Arp::poll_timeout),
                i.nd.poll_timeout(),
                i.solicitation.at,
                i.advertising.at,
            ]
        });
        neighbors.chain([self.next]).flatten().min()
    }

    /// Timers that are due.
    pub fn handle_timeout(&mut self, cx: &mut Context<'_>) {
        self.now = cx.now;
        for index in 0..self.interfaces.len() as u16 {
            let Some(i) = self.interfaces.get_mut(usize::from(index)) else { continue };
            if let Some(arp) = &mut i.arp {
                arp.handle_timeout(cx);
            }
            i.nd.handle_timeout(cx.now);
            let (solicit, advertise) = (i.solicitation.at, i.advertising.at);
            self.pump_neighbors(cx, index);
            if solicit.is_some_and(|t| t <= cx.now) {
                self.solicit_routers(cx, index);
            }
            if advertise.is_some_and(|t| t <= cx.now) {
                self.advertise(cx, index);
            }
        }
        if self.next.is_none_or(|t| t > cx.now) {
            return;
        }
        self.next = None;
        self.reassembly_timeout(cx);
        for dst in self.pmtu.expire(cx.now) {
            self.event(cx, dst, &formats::ctrace::events::ip::PathMtuExpired { dst });
            self.paths_changed();
        }
        self.dad_timeout(cx);
        self.lifetimes(cx);
        self.membership_timeout(cx);
        let routes = self.routes.iter().filter_map(|r| r.expires).min();
        let addresses = self
            .home
            .iter()
            .flat_map(|h| [h.dad.map(|d| d.1), h.valid_until, h.preferred_until.filter(|&t| t > cx.now)])
            .flatten()
            .min();
        let all = [routes, addresses, self.reassembly.poll_timeout(), self.pmtu.poll_timeout()];
        if let Some(at) = all.into_iter().flatten().min() {
            self.arm(at);
        }
    }
}

/// True for an address that is valid on one link only.
fn is_link_local(a: IpAddr) -> bool {
    match a {
        IpAddr::V4(a) => a.is_link_local(),
        IpAddr::V6(a) => a.is_unicast_link_local(),
    }
}

const fn origin(o: Origin) -> routing::RouteOrigin {
    match o {
        Origin::Direct => routing::RouteOrigin::DIRECT,
        Origin::Static => routing::RouteOrigin::STATIC,
        Origin::RouterAdvertisement => routing::RouteOrigin::ROUTER,
        Origin::Redirect => routing::RouteOrigin::REDIRECT,
        Origin::Dynamic => routing::RouteOrigin::DYNAMIC,
    }
}

impl Paths for Ip {
    fn path(&self, src: IpAddr, dst: IpAddr) -> Option<Path> {
        let from = self.home.get(src).filter(|h| is_link_local(src) && !h.is_vipa()).map(|h| h.interface);
        let next = self.next_hop(dst, from, 0)?;
        let i = self.interface(next.interface)?;
        let source = if src.is_unspecified() { self.source(&next, dst)? } else { src };
        let mtu = next.mtu.min(self.pmtu.get(self.now, dst).unwrap_or(u32::MAX));
        Some(Path {
            source,
            mtu,
            checksum_offload: i.config.checksum_offload,
            segmentation: i.config.segmentation.or(Some(output::MAX_SOFT_SEGMENT)),
            local: next.interface == LOOPBACK,
        })
    }

    fn generation(&self) -> Option<u64> {
        Some(self.generation)
    }
}
