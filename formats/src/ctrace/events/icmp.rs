//! Events of ICMP and ICMPv6.

use super::Protocol;
use std::net::IpAddr;

crate::trace_events! {
    layer 4 "ICMP";

    /// A message came in.
    1 IcmpReceived [ICMP] "{protocol} type {kind} code {code} from {src} to {dst}, {length} bytes"
    { protocol: Protocol, kind: u8, code: u8, src: IpAddr, dst: IpAddr, length: u32 }

    /// A message was sent.
    2 IcmpSent [ICMP] "{protocol} type {kind} code {code} to {dst}, {length} bytes"
    { protocol: Protocol, kind: u8, code: u8, dst: IpAddr, length: u32 }

    /// A message was not sent because too many were.
    3 IcmpLimited [ICMP] "{protocol} type {kind} code {code} to {dst} not sent: too many"
    { protocol: Protocol, kind: u8, code: u8, dst: IpAddr }

    /// An error about a packet of this stack was handed to its protocol.
    4 ErrorDelivered [ICMP] "error type {kind} code {code} from {reporter} about {protocol} to {dst}"
    { kind: u8, code: u8, protocol: Protocol, reporter: IpAddr, dst: IpAddr }

    /// An echo request was answered.
    5 EchoAnswered [ICMP] "echo {sequence} of {src} answered, {length} bytes"
    { src: IpAddr, identifier: u16, sequence: u16, length: u32 }

    /// A redirect was believed.
    6 RedirectAccepted [ICMP ROUTE] "packets to {dst} go to {gateway} from now on, as {router} says"
    { dst: IpAddr, gateway: IpAddr, router: IpAddr }

    /// A redirect was not believed.
    7 RedirectIgnored [ICMP ROUTE] "redirect by {router} of {dst} to {gateway} ignored"
    { dst: IpAddr, gateway: IpAddr, router: IpAddr }

    /// A neighbour was told of a better first hop.
    8 RedirectSent [ICMP ROUTE] "{neighbor} told to send packets for {dst} to {gateway}"
    { neighbor: IpAddr, dst: IpAddr, gateway: IpAddr }
}
