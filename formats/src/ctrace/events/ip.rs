//! Events of the IP layer: packets that go another way than through, fragments, path MTU.

use super::{Hex32, Protocol};
use std::net::IpAddr;

crate::trace_codes! {
    /// What became of a fragment.
    FragmentFate {
        WAITING = 0 "waits", DUPLICATE = 1 "is a duplicate", OVERLAP = 2 "overlaps",
        INCONSISTENT = 3 "is inconsistent", FULL = 4 "found no room", COMPLETE = 5 "completes the datagram",
    }
}

crate::trace_events! {
    layer 3 "IP";

    /// A packet was thrown away.
    1 PacketDropped [INTERNET] "packet {src} to {dst}, {protocol}, {length} bytes dropped: reason {reason}"
    { src: IpAddr, dst: IpAddr, protocol: Protocol, length: u32, reason: u16, interface: u16 }

    /// A packet was passed on.
    2 PacketForwarded [INTERNET] "packet {src} to {dst} passed on from interface {from} to {to}"
    { src: IpAddr, dst: IpAddr, from: u16, to: u16, ttl: u8 }

    /// A datagram was cut into fragments.
    3 DatagramFragmented [INTERNET] "datagram {src} to {dst}, id {id}, {length} bytes, cut into {fragments}"
    { src: IpAddr, dst: IpAddr, id: Hex32, length: u32, fragments: u16 }

    /// A fragment came in.
    4 FragmentReceived [INTERNET] "fragment {src} to {dst}, id {id}, offset {offset}, {length} bytes {fate}"
    { src: IpAddr, dst: IpAddr, id: Hex32, offset: u32, length: u32, fate: FragmentFate }

    /// Fragments were given up because others did not come.
    5 ReassemblyTimeout [INTERNET] "fragments {src} to {dst}, id {id}, given up" { src: IpAddr, dst: IpAddr, id: Hex32 }

    /// The MTU of a path is smaller than thought.
    6 PathMtuChanged [INTERNET ROUTE] "path MTU to {dst} is {mtu}" { dst: IpAddr, mtu: u32 }

    /// The MTU of a path is not believed any more.
    7 PathMtuExpired [INTERNET ROUTE] "path MTU to {dst} forgotten" { dst: IpAddr }

    /// A packet could not be sent.
    8 SendFailed [INTERNET] "packet {src} to {dst}, {protocol}: not sent, error {error}"
    {
        src: IpAddr,
        dst: IpAddr,
        protocol: Protocol,
        /// 1 no route, 2 no source address, 3 too big, 4 interface not active, 5 queue full, 6 refused
        /// by a route.
        error: u8,
    }
}
