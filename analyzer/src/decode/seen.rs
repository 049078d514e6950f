//! What trackers want of a packet: the headers by which conversations are told apart, as they
//! lie in the packet. A sink that follows conversations takes these and asks for no fields.

use super::buf::Buf;
use super::net::Ip;
use crate::track::defrag::Key;

/// One header. Of headers inside quoted packets only those of TCP are shown, as Wireshark numbers
/// their connections too.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// A TCP segment: header, options, payload.
    Tcp {
        /// Addresses.
        ip: &'a Ip,
        /// From the source port to the end of the segment.
        b: Buf<'a>,
        /// True when another packet quotes it: it says that there is a connection, and counts
        /// for nothing else.
        quoted: bool,
    },
    /// A UDP or UDP-Lite datagram.
    Udp {
        /// Addresses.
        ip: &'a Ip,
        /// From the source port to the end of the datagram.
        b: Buf<'a>,
        /// True for UDP-Lite.
        lite: bool,
    },
    /// An ICMP message.
    Icmp {
        /// Addresses.
        ip: &'a Ip,
        /// The message.
        b: Buf<'a>,
    },
    /// An ICMPv6 message, neighbour discovery included.
    Icmpv6 {
        /// Addresses.
        ip: &'a Ip,
        /// The message.
        b: Buf<'a>,
    },
    /// An ARP message.
    Arp {
        /// The message.
        b: Buf<'a>,
    },
    /// A fragment of a datagram that was not all there yet, or with it is.
    Fragment {
        /// Whose it is.
        key: &'a Key,
        /// True when this one was the last one missing.
        complete: bool,
    },
}
