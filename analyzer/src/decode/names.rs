//! Texts of codes for the field tables: from a field's number to what its codec calls it; the
//! smaller code spaces, which no codec has, are listed here.

use formats::net::{arp, ethertype, icmpv4, icmpv6, ip, llc, tcp_options};

macro_rules! codes {
    ($( $(#[$doc:meta])* $name:ident $code:path as $t:ty; )*) => { $(
        $(#[$doc])*
        #[must_use]
        pub fn $name(v: u64) -> Option<&'static str> {
            $code(v as $t).name()
        }
    )* };
}

/// Declares functions from a code to its text.
macro_rules! table {
    ($( $(#[$doc:meta])* $name:ident { $($code:literal $text:literal)* } )*) => { $(
        $(#[$doc])*
        #[must_use]
        pub fn $name(v: u64) -> Option<&'static str> {
            match v {
                $( $code => Some($text), )*
                _ => None,
            }
        }
    )* };
}
pub(crate) use table;

codes! {
    /// EtherType.
    ethertype ethertype::EtherType as u16;
    /// LLC service access point.
    sap llc::Sap as u8;
    /// ARP hardware type.
    arp_hardware arp::HwType as u16;
    /// ARP operation.
    arp_opcode arp::Opcode as u16;
    /// IP protocol number.
    ip_protocol ip::IpProtocol as u8;
    /// Differentiated services code point.
    dscp ip::Dscp as u8;
    /// Explicit congestion notification.
    ecn ip::Ecn as u8;
    /// ICMP type.
    icmp_type icmpv4::Type as u8;
    /// ICMPv6 type.
    icmpv6_type icmpv6::Type as u8;
    /// TCP option kind.
    tcp_option tcp_options::Kind as u8;
    /// Subtype of the multipath TCP option.
    mptcp_subtype tcp_options::MptcpSubtype as u8;
    /// Function of an unnumbered LLC frame.
    llc_unnumbered llc::Unnumbered as u8;
}

/// Function of an unnumbered LLC frame, from its modifier bits alone.
#[must_use]
pub fn llc_modifier(v: u64) -> Option<&'static str> {
    llc_unnumbered(v << 2)
}

/// ICMP type (high byte) and code.
#[must_use]
pub fn icmp_code(v: u64) -> Option<&'static str> {
    icmpv4::code_name(icmpv4::Type((v >> 8) as u8), v as u8)
}

/// A checksum that was not computed, as `*.checksum.status` has it.
pub const UNVERIFIED: u8 = 2;
/// A checksum that must not be left out and was.
pub const ILLEGAL: u8 = 4;
/// A checksum that the sender left out.
pub const NOT_PRESENT: u8 = 3;

table! {
    /// Wireshark's checksum states.
    checksum_status { 0 "Bad" 1 "Good" 2 "Unverified" 3 "Not present" 4 "Illegal" }
    /// IPv4 option type.
    ip_option {
        0 "End of Options List" 1 "No-Operation" 7 "Record Route" 11 "MTU Probe" 12 "MTU Reply"
        25 "Quick-Start" 68 "Time Stamp" 82 "Traceroute" 130 "Security" 131 "Loose Source Route"
        133 "Extended Security" 134 "Commercial IP Security" 136 "Stream ID" 137 "Strict Source Route"
        148 "Router Alert" 149 "Selective Directed Broadcast"
    }
    /// IPv6 option type.
    ipv6_option {
        0x00 "Pad1" 0x01 "PadN" 0x04 "Tunnel Encapsulation Limit" 0x05 "Router Alert" 0x07 "CALIPSO"
        0x08 "SMF_DPD" 0x0F "Performance and Diagnostic Metrics" 0x26 "Quick-Start" 0x23 "RPL Option"
        0x63 "RPL Option" 0x6D "MPL Option" 0x8B "ILNP Nonce" 0x8C "Line-Identification" 0xC2 "Jumbo"
        0xC9 "Home Address" 0xEE "IP_DFF"
    }
    /// IPv6 routing header type.
    routing_type {
        0 "Source Route" 1 "Nimrod" 2 "Type 2 Routing Header" 3 "RPL Source Route"
        4 "Segment Routing" 5 "Compact Routing Header (16 bits)" 6 "Compact Routing Header (32 bits)"
    }
    /// Option of neighbour discovery.
    nd_option {
        1 "Source link-layer address" 2 "Target link-layer address" 3 "Prefix information"
        4 "Redirected header" 5 "MTU" 6 "NBMA shortcut limit" 7 "Advertisement interval"
        8 "Home agent information" 9 "Source address list" 10 "Target address list" 11 "CGA"
        12 "RSA signature" 13 "Timestamp" 14 "Nonce" 15 "Trust anchor" 16 "Certificate"
        24 "Route information" 25 "Recursive DNS server" 26 "RA flags extension" 31 "DNS search list"
        33 "Address registration" 34 "6LoWPAN context" 35 "Authoritative border router"
        37 "Captive portal" 38 "PREF64"
    }
    /// Function of an LLC supervisory frame.
    llc_supervisory { 0 "Receiver ready" 1 "Receiver not ready" 2 "Reject" 3 "Selective reject" }
    /// Kind of an LLC frame.
    llc_frame_type { 0 "Information frame" 1 "Supervisory frame" 3 "Unnumbered frame" }
    /// Organization code of a SNAP header.
    oui {
        0x000000 "Encapsulated Ethernet" 0x00000C "Cisco" 0x0000F8 "Cisco 90-compatible bridging"
        0x0080C2 "IEEE 802.1" 0x080007 "Apple" 0x00005E "IANA" 0x000081 "Nortel" 0x00E02B "Extreme Networks"
    }
    /// Packet type of a Linux cooked capture.
    sll_packet_type {
        0 "Unicast to us" 1 "Broadcast" 2 "Multicast" 3 "Unicast to another host" 4 "Sent by us"
    }
    /// Protocol family of a BSD loopback header.
    address_family {
        2 "IPv4" 7 "OSI" 16 "AppleTalk" 23 "IPX" 24 "IPv6 (NetBSD, OpenBSD)" 28 "IPv6 (FreeBSD)"
        30 "IPv6 (Darwin)"
    }
    /// Token-Ring frame type.
    tr_frame_type { 0 "MAC" 1 "LLC" 2 "Reserved" 3 "Unknown" }
    /// PPP protocol.
    ppp_protocol {
        0x0021 "Internet Protocol version 4" 0x0023 "OSI Network Layer" 0x0029 "AppleTalk"
        0x002B "Novell IPX" 0x002D "Van Jacobson Compressed TCP/IP" 0x002F "Van Jacobson Uncompressed TCP/IP"
        0x0031 "Bridging PDU" 0x003D "Multi-Link" 0x004B "SNA over 802.2" 0x004D "SNA"
        0x0057 "Internet Protocol version 6" 0x00FD "Compressed datagram" 0x0281 "MPLS Unicast"
        0x0283 "MPLS Multicast" 0x8021 "Internet Protocol Control Protocol"
        0x8057 "IPv6 Control Protocol" 0x80FD "Compression Control Protocol" 0x8281 "MPLS Control Protocol"
        0xC021 "Link Control Protocol" 0xC023 "Password Authentication Protocol"
        0xC025 "Link Quality Report" 0xC029 "Callback Control Protocol"
        0xC223 "Challenge Handshake Authentication Protocol" 0xC227 "Extensible Authentication Protocol"
    }
    /// PPPoE code.
    pppoe_code {
        0x00 "Session Data" 0x07 "Active Discovery Offer (PADO)" 0x09 "Active Discovery Initiation (PADI)"
        0x19 "Active Discovery Request (PADR)" 0x65 "Active Discovery Session-confirmation (PADS)"
        0xA7 "Active Discovery Terminate (PADT)"
    }
    /// PPPoE discovery tag.
    pppoe_tag {
        0x0000 "End-Of-List" 0x0101 "Service-Name" 0x0102 "AC-Name" 0x0103 "Host-Uniq" 0x0104 "AC-Cookie"
        0x0105 "Vendor-Specific" 0x0110 "Relay-Session-Id" 0x0120 "PPP-Max-Payload"
        0x0201 "Service-Name-Error" 0x0202 "AC-System-Error" 0x0203 "Generic-Error"
    }
    /// Reserved MPLS label.
    mpls_label {
        0 "IPv4 Explicit-Null" 1 "Router Alert" 2 "IPv6 Explicit-Null" 3 "Implicit-Null"
        7 "Entropy Label Indicator" 13 "Generic Associated Channel Label" 14 "OAM Alert" 15 "Extension Label"
    }
    /// Network layer protocol id.
    nlpid {
        0x00 "Null" 0x08 "Q.933" 0x09 "LMI" 0x80 "SNAP" 0x81 "CLNP" 0x82 "ESIS" 0x83 "IS-IS" 0x8E "IPv6"
        0xB0 "FRF.9 compression" 0xB1 "FRF.12 fragmentation" 0xCC "IPv4" 0xCF "PPP"
    }
    /// IGMP type.
    igmp_type {
        0x01 "Create Group Request" 0x02 "Create Group Reply" 0x03 "Join Group Request" 0x04 "Join Group Reply"
        0x05 "Leave Group Request" 0x06 "Leave Group Reply" 0x07 "Confirm Group Request"
        0x08 "Confirm Group Reply" 0x11 "Membership Query" 0x12 "Membership Report (version 1)" 0x13 "DVMRP"
        0x14 "PIM version 1" 0x15 "Cisco Trace" 0x16 "Membership Report (version 2)" 0x17 "Leave Group"
        0x1E "Multicast Traceroute Response" 0x1F "Multicast Traceroute"
        0x22 "Membership Report (version 3)" 0x30 "Multicast Router Advertisement"
        0x31 "Multicast Router Solicitation" 0x32 "Multicast Router Termination"
    }
    /// Group record of an IGMPv3 or MLDv2 report.
    mld_record {
        1 "Mode Is Include" 2 "Mode Is Exclude" 3 "Change To Include Mode" 4 "Change To Exclude Mode"
        5 "Allow New Sources" 6 "Block Old Sources"
    }
    /// Value of the IPv6 router alert option.
    router_alert { 0 "MLD" 1 "RSVP" 2 "Active Networks" }
    /// SCTP chunk type.
    sctp_chunk {
        0 "DATA" 1 "INIT" 2 "INIT_ACK" 3 "SACK" 4 "HEARTBEAT" 5 "HEARTBEAT_ACK" 6 "ABORT" 7 "SHUTDOWN"
        8 "SHUTDOWN_ACK" 9 "ERROR" 10 "COOKIE_ECHO" 11 "COOKIE_ACK" 12 "ECNE" 13 "CWR"
        14 "SHUTDOWN_COMPLETE" 15 "AUTH" 64 "I_DATA" 128 "ASCONF_ACK" 130 "RE_CONFIG" 132 "PAD"
        192 "FORWARD_TSN" 193 "ASCONF" 194 "I_FORWARD_TSN"
    }
    /// DCCP packet type.
    dccp_type {
        0 "Request" 1 "Response" 2 "Data" 3 "Ack" 4 "DataAck" 5 "CloseReq" 6 "Close" 7 "Reset" 8 "Sync"
        9 "SyncAck"
    }
}

/// How much of a connection was seen, as `tcp.completeness` adds it up.
#[must_use]
pub fn tcp_completeness(v: u64) -> Option<&'static str> {
    Some(match v {
        1 => "Incomplete, SYN_SENT",
        3 => "Incomplete, CLIENT_ESTABLISHED",
        7 => "Incomplete, ESTABLISHED",
        15 => "Incomplete, DATA",
        31 | 47 | 63 => "Complete, WITH_DATA",
        23 | 39 | 55 => "Complete, NO_DATA",
        _ => "Incomplete",
    })
}
