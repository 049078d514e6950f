//! Texts of the codes in DHCP messages, from the registries of IANA.

use crate::decode::names::table;

table! {
    /// Operation.
    message { 1 "Boot Request" 2 "Boot Reply" }
    /// DHCP message type.
    dhcp_message {
        1 "Discover" 2 "Offer" 3 "Request" 4 "Decline" 5 "ACK" 6 "NAK" 7 "Release" 8 "Inform" 9 "Force Renew"
        10 "Lease query" 11 "Lease Unassigned" 12 "Lease Unknown" 13 "Lease Active" 14 "Bulk Lease Query"
        15 "Lease Query Done" 16 "Active LeaseQuery" 17 "Lease Query Status" 18 "TLS"
    }
    /// Option.
    option {
        0 "Padding" 1 "Subnet Mask" 2 "Time Offset" 3 "Router" 4 "Time Server" 5 "Name Server"
        6 "Domain Name Server" 7 "Log Server" 8 "Quotes Server" 9 "LPR Server" 10 "Impress Server"
        11 "Resource Location Server" 12 "Host Name" 13 "Boot File Size" 14 "Merit Dump File" 15 "Domain Name"
        16 "Swap Server" 17 "Root Path" 18 "Extensions Path" 19 "IP Forwarding"
        20 "Non-Local Source Routing" 21 "Policy Filter" 22 "Maximum Datagram Reassembly Size"
        23 "Default IP Time-to-Live" 24 "Path MTU Aging Timeout" 25 "Path MTU Plateau Table"
        26 "Interface MTU" 27 "All Subnets are Local" 28 "Broadcast Address" 29 "Perform Mask Discovery"
        30 "Mask Supplier" 31 "Perform Router Discover" 32 "Router Solicitation Address" 33 "Static Route"
        34 "Trailer Encapsulation" 35 "ARP Cache Timeout" 36 "Ethernet Encapsulation" 37 "TCP Default TTL"
        38 "TCP Keepalive Interval" 39 "TCP Keepalive Garbage" 40 "Network Information Service Domain"
        41 "Network Information Service Servers" 42 "Network Time Protocol Servers"
        43 "Vendor-Specific Information" 44 "NetBIOS over TCP/IP Name Server"
        45 "NetBIOS over TCP/IP Datagram Distribution Name Server" 46 "NetBIOS over TCP/IP Node Type"
        47 "NetBIOS over TCP/IP Scope" 48 "X Window System Font Server" 49 "X Window System Display Manager"
        50 "Requested IP Address" 51 "IP Address Lease Time" 52 "Option Overload" 53 "DHCP Message Type"
        54 "DHCP Server Identifier" 55 "Parameter Request List" 56 "Message" 57 "Maximum DHCP Message Size"
        58 "Renewal Time Value" 59 "Rebinding Time Value" 60 "Vendor class identifier"
        61 "Client identifier" 64 "NIS+ Domain" 65 "NIS+ Servers" 66 "TFTP Server Name" 67 "Bootfile name"
        68 "Mobile IP Home Agent" 69 "SMTP Server" 70 "POP3 Server" 71 "NNTP Server" 72 "Default WWW Server"
        73 "Default Finger Server" 74 "Default IRC Server" 75 "StreetTalk Server"
        76 "StreetTalk Directory Assistance Server" 77 "User Class Information" 78 "Directory Agent Information"
        79 "Service Location Agent Scope" 80 "Rapid commit" 81 "Client Fully Qualified Domain Name"
        82 "Agent Information Option" 85 "Novell Directory Services Servers"
        86 "Novell Directory Services Tree Name" 87 "Novell Directory Services Context" 90 "Authentication"
        91 "Client last transaction time" 92 "Associated IP option" 93 "Client System Architecture"
        94 "Client Network Device Interface" 95 "LDAP" 97 "UUID/GUID-based Client Identifier"
        98 "Open Group's User Authentication" 99 "Civic Addresses Configuration" 100 "PCode" 101 "TCode"
        108 "IPv6-Only Preferred" 112 "NetInfo Parent Server Address" 113 "NetInfo Parent Server Tag"
        114 "DHCP Captive-Portal" 116 "DHCP Auto-Configuration" 117 "Name Service Search"
        118 "Subnet Selection Option" 119 "Domain Search" 120 "SIP Servers" 121 "Classless Static Route"
        122 "CableLabs Client Configuration" 124 "V-I Vendor Class" 125 "V-I Vendor-specific Information"
        136 "PANA Agent" 137 "LoST Server Domain Name" 138 "CAPWAP Access Controllers" 142 "ANDSF Servers"
        145 "Forcerenew Nonce" 150 "TFTP Server Address" 161 "Manufacturer Usage Description"
        208 "PXELINUX Magic" 209 "PXELINUX Configuration File" 210 "PXELINUX Path Prefix"
        211 "PXELINUX Reboot Time" 212 "6RD" 249 "Private/Classless Static Route (Microsoft)"
        252 "Private/Proxy autodiscovery" 255 "End"
    }
    /// Which other fields hold options.
    overload {
        1 "Boot file name holds options" 2 "Server host name holds options" 3 "Boot file and server host names hold options"
    }
    /// NetBIOS node type.
    node_type { 1 "B-node" 2 "P-node" 4 "M-node" 8 "H-node" }
    /// Processor architecture of a client that boots.
    architecture {
        0 "IA x86 PC" 1 "NEC/PC98" 2 "IA64 PC" 3 "DEC Alpha" 4 "ArcX86" 5 "Intel Lean Client" 6 "EFI IA32"
        7 "EFI BC" 8 "EFI Xscale" 9 "EFI x86-64" 10 "ARM 32-bit UEFI" 11 "ARM 64-bit UEFI"
        31 "s390 Basic" 32 "s390 Extended"
    }
}
