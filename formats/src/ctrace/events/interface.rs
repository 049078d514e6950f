//! Events of interfaces and their data link controls (DLCs).

use super::{Hex8, Hex16, Mac};
use crate::ctrace::Name;
use std::net::IpAddr;

crate::trace_codes! {
    /// Kinds of interfaces.
    InterfaceKind {
        LOOPBACK = 0 "LOOPBACK", ETHERNET = 1 "IPAQENET", HIPERSOCKETS = 2 "IPAQIDIO",
        POINT_TO_POINT = 3 "MPCPTP", VIRTUAL = 4 "VIRTUAL",
    }

    /// States of a TRLE, as VTAM displays them.
    TrleState { INACTIVE = 0 "INACT", PENDING = 1 "PACTL", ACTIVE = 2 "ACTIV" }

    /// Inbound queues of a QDIO device (inbound workload queueing).
    InboundQueue {
        PRIMARY = 0 "PRIMARY", BULK = 1 "BULKDATA", SYSPLEX = 2 "SYSDIST", EE = 3 "EE", IPSEC = 4 "IPSEC",
    }
}

crate::trace_events! {
    layer 2 "Interface";

    /// An interface is active.
    1 InterfaceActive [CONFIG INTERNET] "interface {interface} ({kind}) is active, MTU {mtu}, address {mac}"
    { interface: Name<16>, index: u16, kind: InterfaceKind, mtu: u32, mac: Mac }

    /// An interface is not active any more.
    2 InterfaceInactive [CONFIG INTERNET] "interface {interface} is not active any more"
    { interface: Name<16>, index: u16 }

    /// A TRLE changed its state.
    3 TrleChanged [VTAM] "TRLE {name}: {from} to {to}" { name: Name<8>, from: TrleState, to: TrleState }

    /// A stack opened a datapath of a TRLE.
    4 DatapathOpened [VTAM] "TRLE {name}: datapath {datapath} opened" { name: Name<8>, datapath: u8 }

    /// An adapter registered an address for a datapath.
    5 AddressRegistered [VTAMDATA] "TRLE {name}: datapath {datapath} answers for {address}"
    { name: Name<8>, datapath: u8, address: IpAddr }

    /// An adapter answers for an address no longer.
    6 AddressUnregistered [VTAMDATA] "TRLE {name}: datapath {datapath} answers no longer for {address}"
    { name: Name<8>, datapath: u8, address: IpAddr }

    /// An adapter threw a frame away.
    7 FrameDiscarded [VTAMDATA] "TRLE {name}: frame of {length} bytes, type {ethertype}, discarded: reason {reason}"
    { name: Name<8>, length: u32, ethertype: Hex16, reason: u16 }

    /// A packet came in through one of the inbound queues.
    8 InboundQueued [VTAMDATA QUEUE] "TRLE {name}: datapath {datapath}, {length} bytes to queue {queue}"
    { name: Name<8>, datapath: u8, queue: InboundQueue, length: u32 }

    /// An adapter cut a large TCP segment.
    9 Segmented [VTAMDATA] "TRLE {name}: {length} bytes cut into {segments} segments of {size}"
    { name: Name<8>, length: u32, segments: u16, size: u16 }

    /// An interface took over the addresses of another one.
    10 TakenOver [CONFIG INTERNET] "interface {interface} took over {address} from {from}"
    { interface: Name<16>, from: Name<16>, address: IpAddr }

    /// A home address was added.
    11 AddressAdded [CONFIG] "address {address}/{prefix} of {interface}, flags {flags}"
    {
        interface: Name<16>,
        address: IpAddr,
        prefix: u8,
        /// 80 VIPA, 40 tentative, 20 made by autoconfiguration.
        flags: Hex8,
    }

    /// A home address was removed.
    12 AddressRemoved [CONFIG] "address {address} of {interface} removed" { interface: Name<16>, address: IpAddr }
}
