//! The fields that are compared with tshark, and the frames in which they can be.
//!
//! A frame counts when everything up to the last layer that these fields come from is a
//! protocol that is dissected here: what lies above it (TLS, OSPF, ...) changes none of them.

/// Fields of the comparison, as both programs name them.
pub const FIELDS: &[&str] = &[
    "frame.number",
    "frame.time_epoch",
    "frame.len",
    "frame.cap_len",
    "eth.src",
    "eth.dst",
    "eth.type",
    "vlan.id",
    "llc.dsap",
    "llc.ssap",
    "llc.control",
    "arp.opcode",
    "arp.src.proto_ipv4",
    "arp.dst.proto_ipv4",
    "ip.version",
    "ip.hdr_len",
    "ip.dsfield",
    "ip.len",
    "ip.id",
    "ip.flags.df",
    "ip.flags.mf",
    "ip.frag_offset",
    "ip.ttl",
    "ip.proto",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.plen",
    "ipv6.nxt",
    "ipv6.hlim",
    "icmp.type",
    "icmp.code",
    "icmpv6.type",
    "icmpv6.code",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.seq_raw",
    "tcp.ack_raw",
    "tcp.hdr_len",
    "tcp.flags",
    "tcp.window_size_value",
    "tcp.urgent_pointer",
    "tcp.len",
    "tcp.options.mss_val",
    "tcp.options.wscale.shift",
    "tcp.options.timestamp.tsval",
    "tcp.options.timestamp.tsecr",
    "tcp.options.sack_le",
    "tcp.options.sack_re",
    "udp.srcport",
    "udp.dstport",
    "udp.length",
];

/// Protocols, as tshark's `frame.protocols` names them, that are dissected here.
const KNOWN: &[&str] = &[
    "ah",
    "arp",
    "data",
    "eth",
    "ethertype",
    "geneve",
    "gre",
    "icmp",
    "icmpv6",
    "ieee8021ad",
    "igmp",
    "ip",
    "ipv6",
    "ipv6.dstopts",
    "ipv6.fraghdr",
    "ipv6.hopopts",
    "ipv6.routing",
    "llc",
    "loop",
    "mpls",
    "null",
    "ppp",
    "pppoe",
    "pppoed",
    "pppoes",
    "pwethcw",
    "pwethheuristic",
    "raw",
    "sctp",
    "sll",
    "tcp",
    "tr",
    "udp",
    "vlan",
    "vxlan",
];

/// Layers that [`FIELDS`] come from.
const COMPARED: &[&str] = &[
    "arp",
    "eth",
    "ethertype",
    "icmp",
    "icmpv6",
    "ieee8021ad",
    "ip",
    "ipv6",
    "ipv6.dstopts",
    "ipv6.fraghdr",
    "ipv6.hopopts",
    "ipv6.routing",
    "llc",
    "tcp",
    "udp",
    "vlan",
];

/// True when everything in front of the first of `apps` is dissected here.
#[must_use]
pub fn reaches(protocols: &str, apps: &[&str]) -> bool {
    let mut in_front = protocols.split(':').take_while(|layer| !apps.contains(layer)).peekable();
    in_front.peek().is_some() && in_front.all(|layer| KNOWN.contains(&layer))
}

/// True when the fields of a frame with these protocols (`eth:ethertype:ip:tcp`) can be compared.
#[must_use]
pub fn comparable(protocols: &str) -> bool {
    let mut unknown = false;
    for layer in protocols.split(':') {
        if unknown && COMPARED.contains(&layer) {
            return false;
        }
        unknown |= !KNOWN.contains(&layer);
    }
    true
}

/// The arguments `-T fields -e A -e B ...`, with `frame.protocols` first when asked.
#[must_use]
pub fn arguments(protocols: bool) -> Vec<&'static str> {
    let mut args = vec!["-T", "fields"];
    let first = protocols.then_some("frame.protocols");
    for field in first.iter().chain(FIELDS) {
        args.extend(["-e", field]);
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_last_compared_layer_does_not_matter() {
        assert!(comparable("eth:ethertype:ip:tcp:tls"));
        assert!(comparable("eth:ethertype:ip:ospf"));
        assert!(comparable("eth:ethertype:vlan:ethertype:ip:icmp:ip:udp"));
        assert!(comparable("radiotap:wlan_radio:wlan"));
        assert!(!comparable("eth:ethertype:ip:udp:gtp:ip:tcp"));
        assert!(!comparable("radiotap:wlan_radio:wlan:llc:ip:tcp"));
    }
}
