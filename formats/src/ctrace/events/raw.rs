//! Events of RAW.

use super::Protocol;
use std::net::IpAddr;

crate::trace_events! {
    layer 9 "RAW";

    /// A socket was opened for a protocol.
    1 RawOpened [RAW] "socket {id} opened for {protocol}" { id: u32, protocol: Protocol, address: IpAddr }

    /// A socket was closed.
    2 RawClosed [RAW] "socket {id} closed: {packets_in} packets in, {packets_out} out"
    { id: u32, packets_in: u64, packets_out: u64 }

    /// A packet was queued for the application.
    3 RawReceived [RAW] "{length} bytes of {protocol} from {remote} for socket {id}"
    { id: u32, protocol: Protocol, remote: IpAddr, length: u32 }

    /// A packet was sent.
    4 RawSent [RAW] "{length} bytes of {protocol} to {remote}" { id: u32, protocol: Protocol, remote: IpAddr, length: u32 }

    /// A packet was thrown away because too many wait.
    5 RawDropped [RAW] "{length} bytes of {protocol} from {remote} dropped: reason {reason}"
    { id: u32, protocol: Protocol, remote: IpAddr, length: u32, reason: u16 }
}
