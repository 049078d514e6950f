//! Events of neighbours: ARP, neighbour discovery, duplicate addresses, routers, autoconfiguration.

use super::Mac;
use std::net::IpAddr;

crate::trace_codes! {
    /// States of a neighbour cache entry (RFC 4861 section 7.3.2).
    NeighborState {
        NONE = 0 "none", INCOMPLETE = 1 "INCOMPLETE", REACHABLE = 2 "REACHABLE", STALE = 3 "STALE",
        DELAY = 4 "DELAY", PROBE = 5 "PROBE",
    }
}

crate::trace_events! {
    layer 5 "Neighbor";

    /// An entry of the neighbour cache changed its state.
    1 NeighborChanged [ARP ND] "neighbor {address} at {mac}: {from} to {to}"
    { interface: u16, address: IpAddr, mac: Mac, from: NeighborState, to: NeighborState }

    /// An ARP packet came in.
    2 ArpReceived [ARP] "ARP operation {operation}: {sender} at {mac} about {target}"
    { interface: u16, operation: u16, sender: IpAddr, mac: Mac, target: IpAddr }

    /// An ARP packet was sent.
    3 ArpSent [ARP] "ARP operation {operation}: {sender} about {target}"
    { interface: u16, operation: u16, sender: IpAddr, target: IpAddr }

    /// Nobody answered for an address.
    4 NeighborUnreachable [ARP ND] "neighbor {address} does not answer, {packets} packets dropped"
    { interface: u16, address: IpAddr, packets: u16 }

    /// An address can be used: nobody else has it.
    5 AddressReady [ARP ND] "address {address} is in use from now on" { interface: u16, address: IpAddr }

    /// Another node has an address of this stack.
    6 AddressConflict [ARP ND] "address {address} is also used by {mac}, lost: {lost}"
    { interface: u16, address: IpAddr, mac: Mac, lost: bool }

    /// A probe for a duplicate address was sent.
    7 DuplicateProbe [ARP ND] "probe {number} for duplicates of {address}" { interface: u16, address: IpAddr, number: u8 }

    /// A router advertised itself.
    8 RouterAdvertised [ND] "router {router}, lifetime {lifetime} s"
    { interface: u16, router: IpAddr, mac: Mac, lifetime: u16, hop_limit: u8 }

    /// Routers were asked for.
    9 RouterSolicited [ND] "routers of interface {interface} solicited, {number}" { interface: u16, number: u8 }

    /// A prefix was learned from a router.
    10 PrefixLearned [ND] "prefix {prefix}/{length} on link {on_link}, autonomous {autonomous}, valid {valid} s"
    { interface: u16, prefix: IpAddr, length: u8, on_link: bool, autonomous: bool, valid: u32, preferred: u32 }

    /// An address was made from a prefix.
    11 AddressConfigured [ND] "address {address} made by autoconfiguration, valid {valid} s"
    { interface: u16, address: IpAddr, valid: u32, preferred: u32 }

    /// The lifetime of an address ended.
    12 AddressExpired [ND] "address {address}: lifetime ended, deprecated only: {deprecated}"
    { interface: u16, address: IpAddr, deprecated: bool }

    /// A router is not a default router any more.
    13 RouterLost [ND] "router {router} is not a default router any more" { interface: u16, router: IpAddr }

    /// A neighbour discovery message was ignored because it broke a rule.
    14 DiscoveryIgnored [ND] "discovery message type {kind} from {src} ignored: rule {rule}"
    {
        interface: u16,
        kind: u8,
        src: IpAddr,
        /// 1 hop limit, 2 code, 3 length or options, 4 target, 5 source, 6 destination.
        rule: u8,
    }
}
