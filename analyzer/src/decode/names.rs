//! Texts of codes for the field tables: from a field's number to what its codec calls it.

macro_rules! names {
    ($( $(#[$doc:meta])* $name:ident; )*) => { $(
        $(#[$doc])*
        #[must_use]
        pub fn $name(_v: u64) -> Option<&'static str> { None }
    )* };
}

names! {
    /// EtherType.
    ethertype;
    /// LLC service access point.
    sap;
    /// ARP hardware type.
    arp_hardware;
    /// ARP operation.
    arp_opcode;
    /// IP protocol number.
    ip_protocol;
    /// ICMP type.
    icmp_type;
    /// ICMPv6 type.
    icmpv6_type;
    /// TCP option kind.
    tcp_option;
}

/// Internet checksum of bytes that hold their own checksum: 0 when right.
#[must_use]
pub fn checksum(b: &[u8]) -> u16 {
    let mut sum = 0u64;
    for w in b.chunks(2) {
        sum += u64::from(u16::from_be_bytes([w[0], w.get(1).copied().unwrap_or(0)]));
    }
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}
