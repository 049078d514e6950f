//! DHCP (RFC 2131, RFC 2132) and BOOTP (RFC 951).
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 + 1 + 1 + 1 | operation, hardware type, length of a hardware address, hops |
//! | 4 | 4 + 2 + 2 | transaction id, seconds, flags |
//! | 12 | 4 × 4 | addresses: client's, yours, server's, relay's |
//! | 28 | 16 | client's hardware address |
//! | 44 | 64 + 128 | names of server and boot file, or options (option 52) |
//! | 236 | 4 | magic cookie |
//! | 240 | … | options: code, length, value |

use crate::decode::{Base, Buf, Ctx, FieldId, Kind, Outcome, Proto, Sink, Value, fmt::Out};

use super::dhcp_names as names;
use super::dhcp_options;
use super::text::Text;

crate::protocol! { Dhcp, "dhcp", "Dynamic Host Configuration Protocol";
    TYPE "dhcp.type" "Message type" Kind::Uint(8, Base::Dec), names::message;
    HW_TYPE "dhcp.hw.type" "Hardware type" Kind::Uint(8, Base::Hex), crate::decode::names::arp_hardware;
    HW_LEN "dhcp.hw.len" "Hardware address length" Kind::Uint(8, Base::Dec);
    HOPS "dhcp.hops" "Hops" Kind::Uint(8, Base::Dec);
    ID "dhcp.id" "Transaction ID" Kind::Uint(32, Base::Hex);
    SECS "dhcp.secs" "Seconds elapsed" Kind::Uint(16, Base::Dec);
    FLAGS "dhcp.flags" "Bootp flags" Kind::Uint(16, Base::Hex);
    FLAGS_BC "dhcp.flags.bc" "Broadcast flag" Kind::Bool;
    FLAGS_RESERVED "dhcp.flags.reserved" "Reserved flags" Kind::Uint(16, Base::Hex);
    IP_CLIENT "dhcp.ip.client" "Client IP address" Kind::Ipv4;
    IP_YOUR "dhcp.ip.your" "Your (client) IP address" Kind::Ipv4;
    IP_SERVER "dhcp.ip.server" "Next server IP address" Kind::Ipv4;
    IP_RELAY "dhcp.ip.relay" "Relay agent IP address" Kind::Ipv4;
    HW_ADDR "dhcp.hw.addr" "Client hardware address" Kind::Bytes;
    HW_ADDR_PADDING "dhcp.hw.addr_padding" "Client hardware address padding" Kind::Bytes;
    HW_MAC_ADDR "dhcp.hw.mac_addr" "Client MAC address" Kind::Ether;
    SERVER "dhcp.server" "Server host name" Kind::Str;
    FILE "dhcp.file" "Boot file name" Kind::Str;
    COOKIE "dhcp.cookie" "Magic cookie" Kind::Ipv4;
    BOOTP "dhcp.bootp" "Frame is BOOTP" Kind::Bool;
    CLIENT_ID "dhcp.client_id" "Identifier" Kind::Bytes;
    CLIENT_ID_TYPE "dhcp.client_id.type" "Type" Kind::Uint(8, Base::Dec);
    CLIENT_ID_UNDEF "dhcp.client_id.undef" "Client Identifier" Kind::Str;
    CLIENT_ID_UUID "dhcp.client_id.uuid" "Client Identifier (UUID)" Kind::Str;
    CLIENT_ID_IAID "dhcp.client_id.iaid" "IAID" Kind::Str;
    CLIENT_ID_DUID_TYPE "dhcp.client_id.duid_type" "DUID Type" Kind::Uint(16, Base::Dec);
    FQDN_FLAGS "dhcp.fqdn.flags" "Flags" Kind::Uint(8, Base::Hex);
    FQDN_MBZ "dhcp.fqdn.mbz" "Reserved flags" Kind::Uint(8, Base::Hex);
    FQDN_N "dhcp.fqdn.n" "Server DDNS" Kind::Bool;
    FQDN_E "dhcp.fqdn.e" "Encoding" Kind::Bool;
    FQDN_O "dhcp.fqdn.o" "Server overrides" Kind::Bool;
    FQDN_S "dhcp.fqdn.s" "Server" Kind::Bool;
    FQDN_RCODE1 "dhcp.fqdn.rcode1" "A-RR result" Kind::Uint(8, Base::Dec);
    FQDN_RCODE2 "dhcp.fqdn.rcode2" "PTR-RR result" Kind::Uint(8, Base::Dec);
    FQDN_NAME "dhcp.fqdn.name" "Client name" Kind::Str;
    CLIENT_NETWORK_ID_MAJOR "dhcp.client_network_id_major" "Major Version" Kind::Uint(8, Base::Dec);
    CLIENT_NETWORK_ID_MINOR "dhcp.client_network_id_minor" "Minor Version" Kind::Uint(8, Base::Dec);
    SECS_LE "dhcp.secs_le" "Seconds elapsed appears to be encoded as little-endian" Kind::None;
    BAD_LENGTH "dhcp.bad_length" "length isn't 0" Kind::None;
    SERVER_NAME_OVERLOADED_BY_DHCP "dhcp.server_name_overloaded_by_dhcp" "Server name option overloaded by DHCP" Kind::None;
    BOOT_FILENAME_OVERLOADED_BY_DHCP "dhcp.boot_filename_overloaded_by_dhcp" "Boot file name option overloaded by DHCP" Kind::None;
    CLIENT_ADDRESS_NOT_GIVEN "dhcp.client_address_not_given" "Client address not given" Kind::None;
    END_OPTION_MISSING "dhcp.end_option_missing" "End option missing" Kind::None;
    SUBNET_MASK "dhcp.option.subnet_mask" "Subnet Mask" Kind::Ipv4;
    TIME_OFFSET "dhcp.option.time_offset" "Time Offset" Kind::Int(32);
    ROUTER "dhcp.option.router" "Router" Kind::Ipv4;
    TIME_SERVER "dhcp.option.time_server" "Time Server" Kind::Ipv4;
    NAME_SERVER "dhcp.option.name_server" "Name Server" Kind::Ipv4;
    DOMAIN_NAME_SERVER "dhcp.option.domain_name_server" "Domain Name Server" Kind::Ipv4;
    LOG_SERVER "dhcp.option.log_server" "Log Server" Kind::Ipv4;
    QUOTES_SERVER "dhcp.option.quotes_server" "Quotes Server" Kind::Ipv4;
    LPR_SERVER "dhcp.option.lpr_server" "LPR Server" Kind::Ipv4;
    IMPRESS_SERVER "dhcp.option.impress_server" "Impress Server" Kind::Ipv4;
    RESOURCE_LOCATION_SERVER "dhcp.option.resource_location_server" "Resource Location Server" Kind::Ipv4;
    HOSTNAME "dhcp.option.hostname" "Host Name" Kind::Str;
    BOOT_FILE_SIZE "dhcp.option.boot_file_size" "Boot File Size" Kind::Uint(16, Base::Dec);
    MERIT_DUMP_FILE "dhcp.option.merit_dump_file" "Merit Dump File" Kind::Str;
    DOMAIN_NAME "dhcp.option.domain_name" "Domain Name" Kind::Str;
    SWAP_SERVER "dhcp.option.swap_server" "Swap Server" Kind::Ipv4;
    ROOT_PATH "dhcp.option.root_path" "Root Path" Kind::Str;
    EXTENSION_PATH "dhcp.option.extension_path" "Extensions Path" Kind::Str;
    IP_FORWARDING "dhcp.option.ip_forwarding" "IP Forwarding" Kind::Bool;
    NON_LOCAL_SOURCE_ROUTING "dhcp.option.non_local_source_routing" "Non-Local Source Routing" Kind::Bool;
    MAX_DATAGRAM_REASSEMBLY_SIZE "dhcp.option.max_datagram_reassembly_size" "Maximum Datagram Reassembly Size" Kind::Uint(16, Base::Dec);
    DEFAULT_IP_TTL "dhcp.option.default_ip_ttl" "Default IP Time-to-Live" Kind::Uint(8, Base::Dec);
    PATH_MTU_AGING_TIMEOUT "dhcp.option.path_mtu_aging_timeout" "Path MTU Aging Timeout" Kind::Uint(32, Base::Dec);
    PATH_MTU_PLATEAU_TABLE_ITEM "dhcp.option.path_mtu_plateau_table_item" "Path MTU Plateau Table Item" Kind::Uint(16, Base::Dec);
    INTERFACE_MTU "dhcp.option.interface_mtu" "Interface MTU" Kind::Uint(16, Base::Dec);
    ALL_SUBNETS_ARE_LOCAL "dhcp.option.all_subnets_are_local" "All Subnets are Local" Kind::Bool;
    BROADCAST_ADDRESS "dhcp.option.broadcast_address" "Broadcast Address" Kind::Ipv4;
    PERFORM_MASK_DISCOVERY "dhcp.option.perform_mask_discovery" "Perform Mask Discovery" Kind::Bool;
    MASK_SUPPLIER "dhcp.option.mask_supplier" "Mask Supplier" Kind::Bool;
    PERFORM_ROUTER_DISCOVER "dhcp.option.perform_router_discover" "Perform Router Discover" Kind::Bool;
    ROUTER_SOLICITATION_ADDRESS "dhcp.option.router_solicitation_address" "Router Solicitation Address" Kind::Ipv4;
    TRAILER_ENCAPSULATION "dhcp.option.trailer_encapsulation" "Trailer Encapsulation" Kind::Bool;
    ARP_CACHE_TIMEOUT "dhcp.option.arp_cache_timeout" "ARP Cache Timeout" Kind::Uint(32, Base::Dec);
    ETHERNET_ENCAPSULATION "dhcp.option.ethernet_encapsulation" "Ethernet Encapsulation" Kind::Bool;
    TCP_DEFAULT_TTL "dhcp.option.tcp_default_ttl" "TCP Default TTL" Kind::Uint(8, Base::Dec);
    TCP_KEEPALIVE_INTERVAL "dhcp.option.tcp_keepalive_interval" "TCP Keepalive Interval" Kind::Uint(32, Base::Dec);
    TCP_KEEPALIVE_GARBAGE "dhcp.option.tcp_keepalive_garbage" "TCP Keepalive Garbage" Kind::Bool;
    NIS_DOMAIN "dhcp.option.nis_domain" "Network Information Service Domain" Kind::Str;
    NIS_SERVER "dhcp.option.nis_server" "Network Information Service Server" Kind::Ipv4;
    NTP_SERVER "dhcp.option.ntp_server" "Network Time Protocol Server" Kind::Ipv4;
    NETBIOS_OVER_TCPIP_NAME_SERVER "dhcp.option.netbios_over_tcpip_name_server" "NetBIOS over TCP/IP Name Server" Kind::Ipv4;
    NETBIOS_OVER_TCPIP_DD_NAME_SERVER "dhcp.option.netbios_over_tcpip_dd_name_server" "NetBIOS over TCP/IP Datagram Distribution Name Server" Kind::Ipv4;
    NETBIOS_OVER_TCPIP_NODE_TYPE "dhcp.option.netbios_over_tcpip_node_type" "NetBIOS over TCP/IP Node Type" Kind::Uint(8, Base::Dec), names::node_type;
    NETBIOS_OVER_TCPIP_SCOPE "dhcp.option.netbios_over_tcpip_scope" "NetBIOS over TCP/IP Scope" Kind::Str;
    XWINDOWS_SYSTEM_FONT_SERVER "dhcp.option.xwindows_system_font_server" "X Window System Font Server" Kind::Ipv4;
    XWINDOWS_SYSTEM_DISPLAY_MANAGER "dhcp.option.xwindows_system_display_manager" "X Window System Display Manager" Kind::Ipv4;
    REQUESTED_IP_ADDRESS "dhcp.option.requested_ip_address" "Requested IP Address" Kind::Ipv4;
    IP_ADDRESS_LEASE_TIME "dhcp.option.ip_address_lease_time" "IP Address Lease Time" Kind::Uint(32, Base::Dec);
    DHCP "dhcp.option.dhcp" "DHCP" Kind::Uint(8, Base::Dec), names::dhcp_message;
    DHCP_SERVER_ID "dhcp.option.dhcp_server_id" "DHCP Server Identifier" Kind::Ipv4;
    REQUEST_LIST_ITEM "dhcp.option.request_list_item" "Parameter Request List Item" Kind::Uint(8, Base::Dec), names::option;
    MESSAGE "dhcp.option.message" "Message" Kind::Str;
    DHCP_MAX_MESSAGE_SIZE "dhcp.option.dhcp_max_message_size" "Maximum DHCP Message Size" Kind::Uint(16, Base::Dec);
    RENEWAL_TIME_VALUE "dhcp.option.renewal_time_value" "Renewal Time Value" Kind::Uint(32, Base::Dec);
    REBINDING_TIME_VALUE "dhcp.option.rebinding_time_value" "Rebinding Time Value" Kind::Uint(32, Base::Dec);
    VENDOR_CLASS_ID "dhcp.option.vendor_class_id" "Vendor class identifier" Kind::Str;
    NIS_PLUS_DOMAIN "dhcp.option.nis_plus_domain" "Network Information Service+ Domain" Kind::Str;
    NIS_PLUS_SERVER "dhcp.option.nis_plus_server" "Network Information Service+ Server" Kind::Ipv4;
    TFTP_SERVER_NAME "dhcp.option.tftp_server_name" "TFTP Server Name" Kind::Str;
    BOOTFILE_NAME "dhcp.option.bootfile_name" "Bootfile name" Kind::Str;
    MOBILE_IP_HOME_AGENT "dhcp.option.mobile_ip_home_agent" "Mobile IP Home Agent" Kind::Ipv4;
    SMTP_SERVER "dhcp.option.smtp_server" "SMTP Server" Kind::Ipv4;
    POP3_SERVER "dhcp.option.pop3_server" "POP3 Server" Kind::Ipv4;
    NNTP_SERVER "dhcp.option.nntp_server" "NNTP Server" Kind::Ipv4;
    DEFAULT_WWW_SERVER "dhcp.option.default_www_server" "Default WWW Server" Kind::Ipv4;
    DEFAULT_FINGER_SERVER "dhcp.option.default_finger_server" "Default Finger Server" Kind::Ipv4;
    DEFAULT_IRC_SERVER "dhcp.option.default_irc_server" "Default IRC Server" Kind::Ipv4;
    STREETTALK_SERVER "dhcp.option.streettalk_server" "StreetTalk Server" Kind::Ipv4;
    STREETTALK_DA_SERVER "dhcp.option.streettalk_da_server" "StreetTalk Directory Assistance Server" Kind::Ipv4;
    CLIENT_LAST_TRANSACTION_TIME "dhcp.option.client_last_transaction_time" "Client last transaction time" Kind::Uint(32, Base::Dec);
    ASSOCIATED_IP_OPTION "dhcp.option.associated_ip_option" "Associated IP option" Kind::Ipv4;
    CLIENT_SYSTEM_ARCHITECTURE "dhcp.option.client_system_architecture" "Client System Architecture" Kind::Uint(16, Base::Dec), names::architecture;
    TZ_PCODE "dhcp.option.tz_pcode" "TZ PCode" Kind::Str;
    TZ_TCODE "dhcp.option.tz_tcode" "TZ TCode" Kind::Str;
    NETINFO_PARENT_SERVER_ADDRESS "dhcp.option.netinfo_parent_server_address" "NetInfo Parent Server Address" Kind::Ipv4;
    NETINFO_PARENT_SERVER_TAG "dhcp.option.netinfo_parent_server_tag" "NetInfo Parent Server Tag" Kind::Str;
    CAPTIVE_PORTAL "dhcp.option.captive_portal" "Captive Portal" Kind::Str;
    DHCP_AUTO_CONFIGURATION "dhcp.option.dhcp_auto_configuration" "DHCP Auto-Configuration" Kind::Uint(8, Base::Dec);
    SUBNET_SELECTION_OPTION "dhcp.option.subnet_selection_option" "Subnet Selection Option" Kind::Ipv4;
    PANA_AGENT "dhcp.option.pana_agent" "PAA IPv4 Address" Kind::Ipv4;
    LOST_SERVER_DOMAIN_NAME "dhcp.option.lost_server_domain_name" "LoST Server Domain Name" Kind::Str;
    CAPWAP_ACCESS_CONTROLLER "dhcp.option.capwap_access_controller" "CAPWAP Access Controllers" Kind::Ipv4;
    ANDSF_SERVER "dhcp.option.andsf_server" "ANDSF Server" Kind::Ipv4;
    FORCERENEW_NONCE_ALGORITHM "dhcp.option.forcerenew_nonce.algorithm" "Algorithm" Kind::Uint(8, Base::Dec);
    TFTP_SERVER_ADDRESS "dhcp.option.tftp_server_address" "TFTP Server Address" Kind::Ipv4;
    MUDURL "dhcp.option.mudurl" "MUDURL" Kind::Str;
    PXE_CONFIG_FILE "dhcp.option.pxe_config_file" "PXELINUX configuration file" Kind::Str;
    PXE_PATH_PREFIX "dhcp.option.pxe_path_prefix" "PXELINUX path prefix" Kind::Str;
    PRIVATE_PROXY_AUTODISCOVERY "dhcp.option.private_proxy_autodiscovery" "Private/Proxy autodiscovery" Kind::Str;
    OPTION_TYPE "dhcp.option.type" "Option" Kind::Uint(8, Base::Dec), names::option;
    OPTION_LENGTH "dhcp.option.length" "Length" Kind::Uint(8, Base::Dec);
    OPTION_VALUE "dhcp.option.value" "Value" Kind::Bytes;
    OPTION_PADDING "dhcp.option.padding" "Padding" Kind::Bytes;
    OPTION_END "dhcp.option.end" "Option End" Kind::Uint(8, Base::Dec);
    OPTION_OVERLOAD "dhcp.option.option_overload" "Option Overload" Kind::Uint(8, Base::Dec), names::overload;
    POLICY_FILTER_IP "dhcp.option.policy_filter.ip" "IP Address" Kind::Ipv4;
    POLICY_FILTER_SUBNET_MASK "dhcp.option.policy_filter.subnet_mask" "Subnet Mask" Kind::Ipv4;
    STATIC_ROUTE_IP "dhcp.option.static_route.ip" "Destination IP Address" Kind::Ipv4;
    STATIC_ROUTE_ROUTER "dhcp.option.static_route.router" "Destination Router" Kind::Ipv4;
    USER_CLASS "dhcp.option.user_class" "Instance of User Class" Kind::Uint(8, Base::Dec);
    USER_CLASS_LENGTH "dhcp.option.user_class.length" "User Class Length" Kind::Uint(8, Base::Dec);
    USER_CLASS_DATA "dhcp.option.user_class.data" "User Class Data" Kind::Bytes;
    SUBOPTION_LENGTH "dhcp.option.suboption_length" "Length" Kind::Uint(8, Base::Dec);
    AGENT_SUBOPTION "dhcp.option.agent_information_option.suboption" "Option 82 Suboption" Kind::Uint(8, Base::Dec);
    AGENT_VALUE "dhcp.option.agent_information_option.value" "Value" Kind::Bytes;
    AGENT_AGENT_CIRCUIT_ID "dhcp.option.agent_information_option.agent_circuit_id" "Agent Circuit ID" Kind::Bytes;
    AGENT_AGENT_REMOTE_ID "dhcp.option.agent_information_option.agent_remote_id" "Agent Remote ID" Kind::Bytes;
    AGENT_LINK_SELECTION "dhcp.option.agent_information_option.link_selection" "Link selection" Kind::Ipv4;
    AGENT_SUBSCRIBER_ID "dhcp.option.agent_information_option.subscriber_id" "Subscriber ID" Kind::Str;
    AGENT_SERVER_ID_OVERRIDE "dhcp.option.agent_information_option.server_id_override" "Server ID Override" Kind::Ipv4;
    VENDOR_VALUE "dhcp.option.vendor.value" "Value" Kind::Bytes;
    VI_ENTERPRISE "dhcp.option.vi.enterprise" "Enterprise" Kind::Uint(32, Base::Dec);
    VI_LENGTH "dhcp.option.vi.length" "Length" Kind::Uint(8, Base::Dec);
    VI_VALUE "dhcp.option.vi.value" "Value" Kind::Bytes;
    CLASSLESS_STATIC_ROUTE "dhcp.option.classless_static_route" "Subnet/MaskWidth-Router" Kind::Bytes;
    SLP_DIRECTORY_AGENT_VALUE "dhcp.option.slp_directory_agent.value" "Value" Kind::Uint(8, Base::Dec);
    SLP_DIRECTORY_AGENT_SLPDA_ADDRESS "dhcp.option.slp_directory_agent.slpda_address" "IP Address" Kind::Ipv4;
    SLP_SERVICE_SCOPE_VALUE "dhcp.option.slp_service_scope.value" "Value" Kind::Uint(8, Base::Dec);
    SLP_SERVICE_SCOPE_STRING "dhcp.option.slp_service_scope.string" "SLP Service Scope" Kind::Str;
    DHCP_DNS_DOMAIN_SEARCH_LIST_FQDN "dhcp.option.dhcp_dns_domain_search_list_fqdn" "FQDN" Kind::Str;
    VI_CLASS_ENTERPRISE "dhcp.option.vi_class.enterprise" "Enterprise" Kind::Uint(32, Base::Dec);
    VI_CLASS_LENGTH "dhcp.option.vi_class.length" "CableLab Address Mode" Kind::Uint(8, Base::Dec);
    VI_CLASS_DATA "dhcp.option.vi_class.data" "NetInfo Parent Server Tag" Kind::Str;
    RD6_IPV4_MASK_LEN "dhcp.option.6RD.ipv4_mask_len" "6RD IPv4 Mask Length" Kind::Uint(8, Base::Dec);
    RD6_PREFIX_LEN "dhcp.option.6RD.prefix_len" "6RD Prefix Length" Kind::Uint(8, Base::Dec);
    RD6_PREFIX "dhcp.option.6RD.prefix" "6RD Prefix" Kind::Ipv6;
    RD6_BORDER_RELAY_IP "dhcp.option.6RD.border_relay_ip" "Border Relay IP" Kind::Ipv4;
    VI_TR111_SUBOPTION "dhcp.option.vi.tr111.suboption" "Option 125 Suboption" Kind::Uint(8, Base::Dec);
    VI_TR111_GATEWAY_MANUFACTURER_OUI "dhcp.option.vi.tr111.gateway_manufacturer_oui" "GatewayManufacturerOUI" Kind::Str;
    VI_TR111_GATEWAY_SERIAL_NUMBER "dhcp.option.vi.tr111.gateway_serial_number" "GatewaySerialNumber" Kind::Str;
    VI_TR111_GATEWAY_PRODUCT_CLASS "dhcp.option.vi.tr111.gateway_product_class" "GatewayProductClass" Kind::Str;
    VI_TR111_DEVICE_MANUFACTURER_OUI "dhcp.option.vi.tr111.device_manufacturer_oui" "DeviceManufacturerOUI" Kind::Uint(24, Base::Dec);
    VI_TR111_DEVICE_SERIAL_NUMBER "dhcp.option.vi.tr111.device_serial_number" "DeviceSerialNumber" Kind::Str;
    VI_TR111_DEVICE_PRODUCT_CLASS "dhcp.option.vi.tr111.device_product_class" "DeviceProductClass" Kind::Str;
}

/// How the value of an option is laid out, when it is one value or a row of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Ip,
    Ips,
    Bool,
    U8,
    U8s,
    U16,
    U16s,
    U32,
    I32,
    Str,
}

/// Layout and field of the simple options.
pub(super) const fn simple(code: u8) -> Option<(Layout, FieldId)> {
    use Layout::{Bool, I32, Ip, Ips, Str, U8, U8s, U16, U16s, U32};
    Some(match code {
        1 => (Ip, SUBNET_MASK),
        2 => (I32, TIME_OFFSET),
        3 => (Ips, ROUTER),
        4 => (Ips, TIME_SERVER),
        5 => (Ips, NAME_SERVER),
        6 => (Ips, DOMAIN_NAME_SERVER),
        7 => (Ips, LOG_SERVER),
        8 => (Ips, QUOTES_SERVER),
        9 => (Ips, LPR_SERVER),
        10 => (Ips, IMPRESS_SERVER),
        11 => (Ips, RESOURCE_LOCATION_SERVER),
        12 => (Str, HOSTNAME),
        13 => (U16, BOOT_FILE_SIZE),
        14 => (Str, MERIT_DUMP_FILE),
        15 => (Str, DOMAIN_NAME),
        16 => (Ip, SWAP_SERVER),
        17 => (Str, ROOT_PATH),
        18 => (Str, EXTENSION_PATH),
        19 => (Bool, IP_FORWARDING),
        20 => (Bool, NON_LOCAL_SOURCE_ROUTING),
        22 => (U16, MAX_DATAGRAM_REASSEMBLY_SIZE),
        23 => (U8, DEFAULT_IP_TTL),
        24 => (U32, PATH_MTU_AGING_TIMEOUT),
        25 => (U16s, PATH_MTU_PLATEAU_TABLE_ITEM),
        26 => (U16, INTERFACE_MTU),
        27 => (Bool, ALL_SUBNETS_ARE_LOCAL),
        28 => (Ip, BROADCAST_ADDRESS),
        29 => (Bool, PERFORM_MASK_DISCOVERY),
        30 => (Bool, MASK_SUPPLIER),
        31 => (Bool, PERFORM_ROUTER_DISCOVER),
        32 => (Ip, ROUTER_SOLICITATION_ADDRESS),
        34 => (Bool, TRAILER_ENCAPSULATION),
        35 => (U32, ARP_CACHE_TIMEOUT),
        36 => (Bool, ETHERNET_ENCAPSULATION),
        37 => (U8, TCP_DEFAULT_TTL),
        38 => (U32, TCP_KEEPALIVE_INTERVAL),
        39 => (Bool, TCP_KEEPALIVE_GARBAGE),
        40 => (Str, NIS_DOMAIN),
        41 => (Ips, NIS_SERVER),
        42 => (Ips, NTP_SERVER),
        44 => (Ips, NETBIOS_OVER_TCPIP_NAME_SERVER),
        45 => (Ips, NETBIOS_OVER_TCPIP_DD_NAME_SERVER),
        46 => (U8, NETBIOS_OVER_TCPIP_NODE_TYPE),
        47 => (Str, NETBIOS_OVER_TCPIP_SCOPE),
        48 => (Ips, XWINDOWS_SYSTEM_FONT_SERVER),
        49 => (Ips, XWINDOWS_SYSTEM_DISPLAY_MANAGER),
        50 => (Ip, REQUESTED_IP_ADDRESS),
        51 => (U32, IP_ADDRESS_LEASE_TIME),
        53 => (U8, DHCP),
        54 => (Ip, DHCP_SERVER_ID),
        55 => (U8s, REQUEST_LIST_ITEM),
        56 => (Str, MESSAGE),
        57 => (U16, DHCP_MAX_MESSAGE_SIZE),
        58 => (U32, RENEWAL_TIME_VALUE),
        59 => (U32, REBINDING_TIME_VALUE),
        60 => (Str, VENDOR_CLASS_ID),
        64 => (Str, NIS_PLUS_DOMAIN),
        65 => (Ips, NIS_PLUS_SERVER),
        66 => (Str, TFTP_SERVER_NAME),
        67 => (Str, BOOTFILE_NAME),
        68 => (Ips, MOBILE_IP_HOME_AGENT),
        69 => (Ips, SMTP_SERVER),
        70 => (Ips, POP3_SERVER),
        71 => (Ips, NNTP_SERVER),
        72 => (Ips, DEFAULT_WWW_SERVER),
        73 => (Ips, DEFAULT_FINGER_SERVER),
        74 => (Ips, DEFAULT_IRC_SERVER),
        75 => (Ips, STREETTALK_SERVER),
        76 => (Ips, STREETTALK_DA_SERVER),
        91 => (U32, CLIENT_LAST_TRANSACTION_TIME),
        92 => (Ips, ASSOCIATED_IP_OPTION),
        93 => (U16s, CLIENT_SYSTEM_ARCHITECTURE),
        100 => (Str, TZ_PCODE),
        101 => (Str, TZ_TCODE),
        112 => (Ips, NETINFO_PARENT_SERVER_ADDRESS),
        113 => (Str, NETINFO_PARENT_SERVER_TAG),
        114 => (Str, CAPTIVE_PORTAL),
        116 => (U8, DHCP_AUTO_CONFIGURATION),
        118 => (Ip, SUBNET_SELECTION_OPTION),
        136 => (Ips, PANA_AGENT),
        137 => (Str, LOST_SERVER_DOMAIN_NAME),
        138 => (Ips, CAPWAP_ACCESS_CONTROLLER),
        142 => (Ips, ANDSF_SERVER),
        145 => (U8s, FORCERENEW_NONCE_ALGORITHM),
        150 => (Ips, TFTP_SERVER_ADDRESS),
        161 => (Str, MUDURL),
        209 => (Str, PXE_CONFIG_FILE),
        210 => (Str, PXE_PATH_PREFIX),
        252 => (Str, PRIVATE_PROXY_AUTODISCOVERY),
        _ => return None,
    })
}

const OPTIONS: usize = 240;

/// Dissects a message.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Dhcp, b.whole());
    if super::idle(c, Proto::Dhcp) {
        return Ok(());
    }
    line(c, b);
    header(c, b)?;
    if dhcp_options::message_type(b, OPTIONS).is_none() {
        c.field(BOOTP, Value::Uint(1), b.span(236, 0));
    }
    // Without the cookie the vendor's area has no known layout.
    if b.u32(236)? != 0x6382_5363 {
        return Ok(());
    }
    c.ipv4(COOKIE, b, 236)?;
    dhcp_options::dissect(c, b, OPTIONS, b.reported(), true)
}

fn header<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.u8(TYPE, b, 0)?;
    let hardware = c.u8(HW_TYPE, b, 1)?;
    let len = usize::from(c.u8(HW_LEN, b, 2)?);
    c.u8(HOPS, b, 3)?;
    c.u32(ID, b, 4)?;
    // Some clients write the seconds with the low byte first.
    let secs = b.u16(8)?;
    if secs > 0xFF && secs & 0xFF == 0 {
        c.bits(SECS, secs >> 8, b, 8, 2);
        c.field(SECS_LE, Value::None, b.span(8, 2));
    } else {
        c.u16(SECS, b, 8)?;
    }
    let flags = b.u16(10)?;
    c.flags(FLAGS, flags, b, 10, 2, &[(FLAGS_BC, 15, 1), (FLAGS_RESERVED, 0, 15)]);
    for (i, id) in [IP_CLIENT, IP_YOUR, IP_SERVER, IP_RELAY].into_iter().enumerate() {
        c.ipv4(id, b, 12 + 4 * i)?;
    }
    if len > 0 && len <= 16 {
        if len == 6 && matches!(hardware, 1 | 6) {
            c.ether(HW_MAC_ADDR, b, 28)?;
        } else {
            c.bytes(HW_ADDR, b, 28, len)?;
        }
        if len < 16 {
            c.bytes(HW_ADDR_PADDING, b, 28 + len, 16 - len)?;
        }
    } else {
        c.field(CLIENT_ADDRESS_NOT_GIVEN, Value::None, b.span(28, 16));
    }
    let overload = dhcp_options::overload(b, OPTIONS);
    if overload & 2 != 0 {
        c.field(SERVER_NAME_OVERLOADED_BY_DHCP, Value::None, b.span(44, 64));
    } else {
        c.field(SERVER, Value::Str(Text::<200>::ascii(b.get(44, 64)?).as_str()), b.span(44, 64));
    }
    if overload & 1 != 0 {
        c.field(BOOT_FILENAME_OVERLOADED_BY_DHCP, Value::None, b.span(108, 128));
    } else {
        c.field(FILE, Value::Str(Text::<400>::ascii(b.get(108, 128)?).as_str()), b.span(108, 128));
    }
    Ok(())
}

fn line<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) {
    let Some(info) = c.summary().and_then(|s| s.take("DHCP")) else { return };
    match dhcp_options::message_type(b, OPTIONS) {
        Some(kind) => {
            info.text("DHCP ");
            let name = names::dhcp_message(kind.into()).unwrap_or("Unknown Message Type");
            info.text(name);
            info.extend(std::iter::repeat_n(b' ', 8usize.saturating_sub(name.len())));
        }
        None => info.text(match b.u8(0) {
            Ok(1) => "Boot Request",
            Ok(2) => "Boot Reply",
            _ => "Unknown BOOTP message type",
        }),
    }
    if let Ok(id) = b.u32(4) {
        info.text(" - Transaction ID 0x");
        let mut digits = Vec::with_capacity(8);
        digits.hex(id.into(), 8);
        let from = digits.iter().position(|&d| d != b'0').unwrap_or(7);
        info.extend_from_slice(&digits[from..]);
    }
}
