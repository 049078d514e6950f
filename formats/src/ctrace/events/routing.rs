//! Events of the routing table.

use std::net::IpAddr;

crate::trace_codes! {
    /// Who made a route.
    RouteOrigin {
        DIRECT = 0 "direct", STATIC = 1 "static", ROUTER = 2 "router advertisement",
        REDIRECT = 3 "redirect", DYNAMIC = 4 "dynamic",
    }
}

crate::trace_events! {
    layer 7 "Routing";

    /// A route was added.
    1 RouteAdded [ROUTE] "route to {destination}/{prefix} by {gateway}, interface {interface}, {origin}"
    { destination: IpAddr, prefix: u8, gateway: IpAddr, interface: u16, metric: u32, origin: RouteOrigin }

    /// A route was removed.
    2 RouteRemoved [ROUTE] "route to {destination}/{prefix} by {gateway} removed, {origin}"
    { destination: IpAddr, prefix: u8, gateway: IpAddr, interface: u16, origin: RouteOrigin }

    /// No route leads to a destination.
    3 NoRoute [ROUTE] "no route to {destination}" { destination: IpAddr }

    /// A connection was given one of several routes.
    4 PathChosen [ROUTE] "{source} to {destination}: by {gateway}, interface {interface}"
    { source: IpAddr, destination: IpAddr, gateway: IpAddr, interface: u16 }
}
