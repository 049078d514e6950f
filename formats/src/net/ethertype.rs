//! EtherType: what an Ethernet II, VLAN, SNAP or GRE header carries.
//!
//! Source: IANA "IEEE 802 Numbers", IEEE EtherType registry. Values below 0x0600 in an Ethernet
//! header are an IEEE 802.3 length instead (see [`super::ethernet`]).

use crate::code::open_code;

open_code! {
    /// An EtherType.
    EtherType(u16, hex) {
        XNS_IDP = 0x0600 "XNS IDP",
        IPV4 = 0x0800 "IPv4",
        ARP = 0x0806 "ARP",
        WAKE_ON_LAN = 0x0842 "Wake on LAN",
        CGMP = 0x2001 "Cisco Group Management Protocol",
        TRILL = 0x22f3 "TRILL",
        L2_ISIS = 0x22f4 "IS-IS",
        DEC_MOP_DL = 0x6001 "DEC MOP dump/load",
        DEC_MOP_RC = 0x6002 "DEC MOP remote console",
        DEC_DNA = 0x6003 "DEC DNA routing",
        DEC_LAT = 0x6004 "DEC LAT",
        TEB = 0x6558 "Transparent Ethernet bridging",
        RARP = 0x8035 "RARP",
        ETHERTALK = 0x809b "AppleTalk",
        SNA = 0x80d5 "SNA-over-Ethernet",
        AARP = 0x80f3 "AARP",
        VLAN = 0x8100 "802.1Q Virtual LAN",
        IPX = 0x8137 "Netware IPX/SPX",
        IPV6 = 0x86dd "IPv6",
        PPP = 0x880b "PPP",
        MAC_CONTROL = 0x8808 "MAC Control",
        SLOW_PROTOCOLS = 0x8809 "Slow Protocols",
        MPLS = 0x8847 "MPLS label switched packet",
        MPLS_MULTICAST = 0x8848 "MPLS multicast label switched packet",
        PPPOE_DISCOVERY = 0x8863 "PPPoE Discovery",
        PPPOE_SESSION = 0x8864 "PPPoE Session",
        JUMBO_LLC = 0x8870 "Jumbo LLC",
        EAPOL = 0x888e "802.1X Authentication",
        PROFINET = 0x8892 "PROFINET",
        QINQ = 0x88a8 "802.1ad Provider Bridge (Q-in-Q)",
        LOCAL_EXPERIMENTAL_1 = 0x88b5 "Local Experimental 1",
        LOCAL_EXPERIMENTAL_2 = 0x88b6 "Local Experimental 2",
        OUI_EXTENDED = 0x88b7 "OUI Extended",
        ERSPAN_2 = 0x88be "ERSPAN",
        LLDP = 0x88cc "802.1 Link Layer Discovery Protocol (LLDP)",
        MACSEC = 0x88e5 "802.1AE (MACsec)",
        PBB = 0x88e7 "802.1ah Provider Backbone Bridge",
        MVRP = 0x88f5 "802.1Q MVRP",
        MMRP = 0x88f6 "802.1Q MMRP",
        PTP = 0x88f7 "PTPv2 over Ethernet (IEEE 1588)",
        PRP = 0x88fb "PRP and HSR Supervision",
        CFM = 0x8902 "802.1ag Connectivity Fault Management",
        FCOE = 0x8906 "Fibre Channel over Ethernet",
        FIP = 0x8914 "FCoE Initialization Protocol",
        ROCE = 0x8915 "RDMA over Converged Ethernet",
        VNTAG = 0x8926 "VN-Tag",
        HSR = 0x892f "High-availability Seamless Redundancy",
        NSH = 0x894f "Network Service Header",
        LOOPBACK = 0x9000 "Loopback",
        QINQ_OLD = 0x9100 "QinQ: old non-standard 802.1ad",
        QINQ_OLDER = 0x9200 "QinQ: older non-standard 802.1ad",
        RTAG = 0xf1c1 "802.1CB FRER",
    }
    also {
        0x0805 "X.25 Layer 3",
        0x08ff "AX.25",
        0x0bad "Vines IP",
        0x0baf "Vines Echo",
        0x1984 "Netmon Train",
        0x22e5 "Gigamon Header",
        0x22ea "802.1Qat Stream Reservation",
        0x22f0 "IEEE 1722 AVTP",
        0x22f1 "Robust Header Compression (RoHC)",
        0x2452 "IEEE 802.11 (Centrino promiscuous)",
        0x3c07 "3Com NBP Datagram",
        0x6000 "DEC proto",
        0x6005 "DEC Diagnostics",
        0x6006 "DEC Customer use",
        0x6007 "DEC LAVC/SCA",
        0x8038 "DEC LanBridge",
        0x8041 "DEC LAST",
        0x80e1 "EtherNet/IP Device Level Ring",
        0x80ff "Wellfleet Compression Protocol",
        0x8102 "Simple Loop Protection Protocol",
        0x8103 "Virtual LACP",
        0x8181 "Spanning Tree Protocol",
        0x81fd "Cabletron Interswitch Message Protocol",
        0x8204 "QNX QNET",
        0x8819 "CobraNet",
        0x885a "Foundry proprietary",
        0x886c "HomePNA",
        0x886d "Intel ANS probe",
        0x886f "MS NLB heartbeat",
        0x8874 "Broadcom tag",
        0x887b "Homeplug",
        0x8881 "CDMA2000 A10 Unstructured byte stream",
        0x8884 "ATM over Ethernet",
        0x8899 "Realtek Layer 2 Protocols",
        0x889b "CSM_ENCAPS Protocol",
        0x88a1 "Telkonet powerline",
        0x88a2 "ATA over Ethernet",
        0x88a4 "EtherCAT frame",
        0x88ab "ETHERNET Powerlink v2",
        0x88b4 "WAI Authentication Protocol",
        0x88b8 "IEC 61850/GOOSE",
        0x88b9 "IEC 61850/GSE",
        0x88ba "IEC 61850/SV",
        0x88c7 "802.11i Pre-Authentication",
        0x88ca "Transparent Inter Process Communication",
        0x88d8 "Circuit Emulation Services over Ethernet (MEF8)",
        0x88d9 "Link Layer Topology Discovery (LLTD)",
        0x88dc "WAVE Short Message Protocol (WSM)",
        0x88de "VMware Lab Manager",
        0x88e1 "Homeplug AV",
        0x88e3 "MRP",
        0x88ee "Ethernet Local Management Interface (MEF16)",
        0x88f8 "Network Controller Sideband Interface",
        0x8903 "Data Center Ethernet (Cisco)",
        0x8909 "CiscoMetaData",
        0x890d "IEEE 802.11 data encapsulation",
        0x8911 "LINX IPC Protocol",
        0x8917 "Media Independent Handover",
        0x891d "TTEthernet Protocol Control Frame",
        0x892b "Schweitzer Engineering Labs Layer 2 Protocol",
        0x893a "IEEE 1905.1a",
        0x893f "802.1BR Bridge Port Extension E-Tag",
        0x8947 "GeoNetworking",
        0x9021 "Real-Time Media Access Control",
        0x9022 "Real-Time Configuration Protocol",
        0x99fe "TECMP",
        0xa0ed "6LoWPAN",
        0xaefe "eCPRI",
        0xcafe "Veritas Low Latency Transport",
        0xd28b "Arista Timestamp",
    }
}

impl EtherType {
    /// The smallest value that is an EtherType; what is below is a length or undefined.
    pub const MIN: u16 = 0x0600;

    /// True for the values that announce an 802.1Q or 802.1ad tag, the old unofficial ones included.
    #[must_use]
    pub const fn is_vlan(self) -> bool {
        matches!(self, Self::VLAN | Self::QINQ | Self::QINQ_OLD | Self::QINQ_OLDER)
    }

    /// True for unicast and multicast MPLS.
    #[must_use]
    pub const fn is_mpls(self) -> bool {
        matches!(self, Self::MPLS | Self::MPLS_MULTICAST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(EtherType(0x0800).name(), Some("IPv4"));
        assert_eq!(EtherType(0x80d5).name(), Some("SNA-over-Ethernet"));
        assert_eq!(EtherType(0x1234).to_string(), "0x1234");
        assert!(EtherType(0x9100).is_vlan());
        assert!(!EtherType(0x8847).is_vlan());
    }
}
