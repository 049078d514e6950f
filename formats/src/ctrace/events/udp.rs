//! Events of UDP.

use std::net::IpAddr;

crate::trace_events! {
    layer 8 "UDP";

    /// A socket was bound to a port.
    1 UdpBound [UDP UDPMIN] "{address} port {port} bound" { id: u32, address: IpAddr, port: u16 }

    /// A socket was closed.
    2 UdpClosed [UDP UDPMIN] "port {port} closed: {datagrams_in} datagrams in, {datagrams_out} out"
    { id: u32, port: u16, datagrams_in: u64, datagrams_out: u64 }

    /// A datagram was queued for the application.
    3 UdpReceived [UDP] "{length} bytes from {remote} port {remote_port} for port {port}, {queued} wait"
    { id: u32, port: u16, remote: IpAddr, remote_port: u16, length: u32, queued: u32 }

    /// A datagram was sent.
    4 UdpSent [UDP] "{length} bytes from port {port} to {remote} port {remote_port}"
    { id: u32, port: u16, remote: IpAddr, remote_port: u16, length: u32 }

    /// Nobody listens to a port.
    5 UdpNoPort [UDP UDPMIN] "{length} bytes from {remote} for port {port}: nobody listens"
    { port: u16, remote: IpAddr, remote_port: u16, length: u32 }

    /// A datagram was thrown away.
    6 UdpDropped [UDP UDPMIN] "{length} bytes from {remote} for port {port} dropped: reason {reason}"
    { port: u16, remote: IpAddr, length: u32, reason: u16 }

    /// An ICMP error came for a socket.
    7 UdpError [UDP UDPMIN] "port {port}: {remote} port {remote_port} is unreachable, code {code}"
    { id: u32, port: u16, remote: IpAddr, remote_port: u16, code: u8 }
}
