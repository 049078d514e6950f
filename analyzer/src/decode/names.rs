//! Texts of codes for the field tables: from a field's number to what its codec calls it.

use formats::net::{arp, ethertype, icmpv4, icmpv6, ip, llc, tcp_options};

macro_rules! names {
    ($( $(#[$doc:meta])* $name:ident $code:path as $t:ty; )*) => { $(
        $(#[$doc])*
        #[must_use]
        pub fn $name(v: u64) -> Option<&'static str> {
            $code(v as $t).name()
        }
    )* };
}

names! {
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
    /// ICMP type.
    icmp_type icmpv4::Type as u8;
    /// ICMPv6 type.
    icmpv6_type icmpv6::Type as u8;
    /// TCP option kind.
    tcp_option tcp_options::Kind as u8;
}
