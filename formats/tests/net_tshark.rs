//! The same fields from the views and from tshark, over real captures.
//!
//! Each packet is walked from its link layer up as far as the views go. Every value found must be
//! the one that tshark shows at the same place of the same field; where tshark goes further (a
//! packet quoted by ICMP, a tunnel not walked here) it has more values behind ours.
//!
//! `NET_CAPTURES=all` compares every pcap and pcapng file in the folder instead of the list below,
//! `NET_CAPTURES=FILE` one file.

mod captures;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;
use std::process::Command;

use formats::checksum::Pseudo;
use formats::net::{
    EtherType, IpProtocol, arp, ethernet, geneve, gre, icmpv4, icmpv6, igmp, ipv4, ipv6, ipv6_ext,
    ipv6_options, ipv6_routing, llc, loopback, mld, mpls, ndp, options::RawOptions, ppp, pppoe, sctp, sll,
    sll2, tcp, tcp_options, token_ring, udp, vlan, vxlan,
};

/// At least one file for every protocol.
const FILES: &[&str] = &[
    "corpora/arkime/dot1ad.pcap",
    "corpora/arkime/pppoe.pcap",
    "corpora/libpcap/filter/AH-IPcomp-IPv6.pcap",
    "corpora/libtrace/100_sll.pcap",
    "corpora/ndpi/dos_win98_smb_netbeui.pcap",
    "corpora/packetlife/802.1Q_tunneling.cap",
    "corpora/packetlife/EoMPLS_802.1q.pcap.cap",
    "corpora/packetlife/GRE.cap",
    "corpora/packetlife/PPTP_negotiation.cap",
    "corpora/packetlife/icmp_fragmented.cap",
    "corpora/packetnet/Test/CaptureFiles/gre_all_options.pcap",
    "corpora/packetnet/Test/CaptureFiles/linktype_null_capture.pcap",
    "corpora/pcapplusplus/Packet++Test/PacketExamples/PPPoEDiscovery.pcap",
    "corpora/pcapplusplus/Packet++Test/PacketExamples/igmpv3_query2.pcap",
    "corpora/pcapplusplus/Packet++Test/PacketExamples/igmpv3_report2.pcap",
    "corpora/pcapplusplus/Packet++Test/PacketExamples/ipv4-options.pcap",
    "corpora/pcapplusplus/Packet++Test/PacketExamples/ipv6_options.pcap",
    "corpora/pcapplusplus/Pcap++Test/PcapExamples/sll2.pcap",
    "corpora/tcpdump/OSPFv3_with_AH.pcap",
    "corpora/tcpdump/accecn_handshake.pcap",
    "corpora/tcpdump/ipv6-routing-header.pcap",
    "corpora/tcpdump/ipv6-srh-ext-header.pcap",
    "corpora/tcpdump/ipv6_mobility_1.pcap",
    "corpora/tcpdump/mptcp-v1.pcap",
    "corpora/tcpdump/tfo-5c1fa7f9ae91.pcap",
    "corpora/tcpdump/vxlan.pcap",
    "corpora/wireshark-wiki/general-unsorted/mpls-twolevel.cap",
    "corpora/wireshark-wiki/stream-control-transmission-protocol-sctp/sctp-addip.cap",
    "corpora/wireshark-wiki/stream-control-transmission-protocol-sctp/sctp-www.cap",
    "corpora/zeek/Traces/ipv6-http-atomic-frag.pcap",
    "corpora/zeek/Traces/tunnels/geneve-many-options.pcap",
    "tn3270/Master_the_Mainframe.TN3270x.pcap",
];

/// Every field that is compared.
const FIELDS: &[&str] = &[
    "eth.dst",
    "eth.src",
    "eth.type",
    "eth.len",
    "vlan.priority",
    "vlan.dei",
    "vlan.id",
    "vlan.etype",
    "llc.dsap",
    "llc.ssap",
    "llc.control",
    "llc.oui",
    "llc.type",
    "tr.ac",
    "tr.fc",
    "tr.dst",
    "tr.src",
    "tr.rif.ring",
    "tr.rif.bridge",
    "sll.pkttype",
    "sll.hatype",
    "sll.halen",
    "sll.etype",
    "sll.ifindex",
    "null.family",
    "ppp.protocol",
    "pppoe.code",
    "pppoe.session_id",
    "pppoe.payload_length",
    "mpls.label",
    "mpls.exp",
    "mpls.bottom",
    "mpls.ttl",
    "arp.hw.type",
    "arp.proto.type",
    "arp.opcode",
    "arp.src.hw_mac",
    "arp.src.proto_ipv4",
    "arp.dst.hw_mac",
    "arp.dst.proto_ipv4",
    "ip.version",
    "ip.hdr_len",
    "ip.dsfield.dscp",
    "ip.dsfield.ecn",
    "ip.len",
    "ip.id",
    "ip.flags",
    "ip.frag_offset",
    "ip.ttl",
    "ip.proto",
    "ip.checksum",
    "ip.checksum.status",
    "ip.src",
    "ip.dst",
    "ip.opt.type",
    "ipv6.version",
    "ipv6.tclass",
    "ipv6.flow",
    "ipv6.plen",
    "ipv6.nxt",
    "ipv6.hlim",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.opt.type",
    "ipv6.fraghdr.offset",
    "ipv6.fraghdr.more",
    "ipv6.fraghdr.ident",
    "ipv6.routing.type",
    "ipv6.routing.segleft",
    "ipv6.routing.srh.addr",
    "ah.spi",
    "ah.sequence",
    "udp.srcport",
    "udp.dstport",
    "udp.length",
    "udp.checksum",
    "udp.checksum.status",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.seq_raw",
    "tcp.ack_raw",
    "tcp.hdr_len",
    "tcp.flags",
    "tcp.flags.str",
    "tcp.window_size_value",
    "tcp.checksum",
    "tcp.checksum.status",
    "tcp.urgent_pointer",
    "tcp.option_kind",
    "tcp.options.mss_val",
    "tcp.options.wscale.shift",
    "tcp.options.timestamp.tsval",
    "tcp.options.timestamp.tsecr",
    "tcp.options.sack_le",
    "tcp.options.sack_re",
    "tcp.options.mptcp.subtype",
    "icmp.type",
    "icmp.code",
    "icmp.checksum",
    "icmp.checksum.status",
    "icmp.ident",
    "icmp.seq",
    "icmpv6.type",
    "icmpv6.code",
    "icmpv6.checksum",
    "icmpv6.checksum.status",
    "icmpv6.echo.identifier",
    "icmpv6.echo.sequence_number",
    "icmpv6.nd.ns.target_address",
    "icmpv6.nd.na.target_address",
    "icmpv6.nd.ra.router_lifetime",
    "icmpv6.opt.type",
    "icmpv6.opt.prefix",
    "icmpv6.opt.mtu",
    "icmpv6.mldr.mar.record_type",
    "icmpv6.mldr.mar.multicast_address",
    "icmpv6.mld.multicast_address",
    "igmp.type",
    "igmp.checksum",
    "igmp.checksum.status",
    "igmp.record_type",
    "igmp.maddr",
    "igmp.saddr",
    "gre.proto",
    "gre.flags_and_version",
    "gre.key",
    "gre.sequence_number",
    "gre.ack_number",
    "gre.checksum",
    "gre.checksum.status",
    "vxlan.vni",
    "vxlan.flags",
    "geneve.vni",
    "geneve.proto_type",
    "geneve.option.class",
    "geneve.option.type",
    "sctp.srcport",
    "sctp.dstport",
    "sctp.verification_tag",
    "sctp.checksum",
    "sctp.checksum.status",
    "sctp.chunk_type",
    "sctp.chunk_flags",
    "sctp.data_tsn_raw",
    "sctp.data_sid",
    "sctp.init_initial_tsn",
    "sctp.sack_cumulative_tsn_ack_raw",
    "sctp.parameter_type",
];

/// What the views found in one packet.
#[derive(Default)]
struct Found {
    fields: BTreeMap<&'static str, Vec<String>>,
    /// The packet was cut at capture or is a fragment: checksums over payloads cannot be checked.
    partial: bool,
}

impl Found {
    fn put(&mut self, name: &'static str, value: impl Display) {
        assert!(FIELDS.contains(&name), "{name} is not asked for");
        self.fields.entry(name).or_default().push(value.to_string());
    }

    fn status(&mut self, name: &'static str, good: Option<bool>) {
        self.put(
            name,
            match good {
                Some(good) if !self.partial => {
                    if good {
                        "1"
                    } else {
                        "0"
                    }
                }
                _ => "any",
            },
        );
    }
}

type Walk = formats::Result<()>;

fn link(f: &mut Found, link: u16, b: &[u8]) -> Walk {
    match link {
        0 | 108 => {
            let h = loopback::Header::new(b)?;
            f.put("null.family", h.family().0);
            h.ethertype().map_or(Ok(()), |t| network(f, t, h.payload()))
        }
        1 => eth(f, b),
        6 => {
            let h = token_ring::Header::new(b)?;
            f.put("tr.ac", h.ac());
            f.put("tr.fc", h.fc());
            f.put("tr.dst", h.dst());
            f.put("tr.src", h.src_raw());
            for hop in h.rif().iter().flat_map(|r| r.hops()) {
                f.put("tr.rif.ring", hop.ring);
                f.put("tr.rif.bridge", hop.bridge);
            }
            if h.frame_type() == token_ring::FrameType::LLC { llc_frame(f, h.payload()) } else { Ok(()) }
        }
        9 | 50 => match ppp::cisco_hdlc(b) {
            Some((t, payload)) => network(f, t, payload),
            None => ppp_frame(f, b),
        },
        12 | 14 | 101 => raw(f, b),
        113 => {
            let h = sll::Header::new(b)?;
            // Netlink has field names of its own in Wireshark.
            if h.hw_type() == arp::HwType::NETLINK {
                return Ok(());
            }
            f.put("sll.pkttype", h.packet_type().0);
            f.put("sll.hatype", h.hw_type().0);
            f.put("sll.halen", h.addr_len());
            let Some(t) = h.ethertype() else { return Ok(()) };
            f.put("sll.etype", t.0);
            network(f, t, h.payload())
        }
        276 => {
            let h = sll2::Header::new(b)?;
            f.put("sll.ifindex", h.ifindex());
            f.put("sll.hatype", h.hw_type().0);
            f.put("sll.pkttype", h.packet_type().0);
            f.put("sll.halen", h.addr_len());
            let Some(t) = h.ethertype() else { return Ok(()) };
            f.put("sll.etype", t.0);
            network(f, t, h.payload())
        }
        228 => ip4(f, b),
        229 => ip6(f, b),
        _ => Ok(()),
    }
}

fn raw(f: &mut Found, b: &[u8]) -> Walk {
    match b.first().map(|b| b >> 4) {
        Some(4) => ip4(f, b),
        Some(6) => ip6(f, b),
        _ => Ok(()),
    }
}

fn eth(f: &mut Found, b: &[u8]) -> Walk {
    let h = ethernet::Header::new(b)?;
    // Cisco's ISL and FabricPath begin with an address of their own before the frame.
    if h.dst().to_string().starts_with("01:00:0c:00:00") || h.type_or_len() == 0x8903 {
        return Ok(());
    }
    f.put("eth.dst", h.dst());
    f.put("eth.src", h.src());
    match (h.ethertype(), h.length()) {
        (Some(t), _) => {
            f.put("eth.type", t.0);
            network(f, t, h.payload())
        }
        (_, Some(len)) => {
            f.put("eth.len", len);
            // FF FF is IPX without LLC.
            if h.payload().starts_with(&[0xff, 0xff]) { Ok(()) } else { llc_frame(f, h.payload()) }
        }
        _ => Ok(()),
    }
}

fn llc_frame(f: &mut Found, b: &[u8]) -> Walk {
    let h = llc::Header::new(b)?;
    f.put("llc.dsap", h.dsap().0);
    f.put("llc.ssap", h.ssap().0);
    f.put("llc.control", h.control().0);
    let Some(snap) = h.snap() else { return Ok(()) };
    let [a, b, c] = snap.oui;
    f.put("llc.oui", u32::from_be_bytes([0, a, b, c]));
    let Some(t) = snap.ethertype() else { return Ok(()) };
    f.put("llc.type", t.0);
    network(f, t, h.payload())
}

fn ppp_frame(f: &mut Found, b: &[u8]) -> Walk {
    let h = ppp::Header::new(b)?;
    f.put("ppp.protocol", h.protocol().0);
    h.protocol().ethertype().map_or(Ok(()), |t| network(f, t, h.payload()))
}

fn network(f: &mut Found, t: EtherType, b: &[u8]) -> Walk {
    match t {
        EtherType::IPV4 => ip4(f, b),
        EtherType::IPV6 => ip6(f, b),
        EtherType::ARP => {
            let h = arp::Header::new(b)?;
            f.put("arp.hw.type", h.hw_type().0);
            f.put("arp.proto.type", h.proto_type().0);
            f.put("arp.opcode", h.opcode().0);
            if let Ok(r) = arp::Repr::parse(&h) {
                f.put("arp.src.hw_mac", r.src_hw);
                f.put("arp.src.proto_ipv4", r.src_proto);
                f.put("arp.dst.hw_mac", r.dst_hw);
                f.put("arp.dst.proto_ipv4", r.dst_proto);
            }
            Ok(())
        }
        EtherType::TEB => eth(f, b),
        EtherType::PPPOE_DISCOVERY | EtherType::PPPOE_SESSION => {
            let h = pppoe::Header::new(b)?;
            f.put("pppoe.code", h.code().0);
            f.put("pppoe.session_id", h.session_id());
            f.put("pppoe.payload_length", h.length());
            if t == EtherType::PPPOE_SESSION { ppp_frame(f, h.payload()) } else { Ok(()) }
        }
        t if t.is_vlan() => {
            let h = vlan::Header::new(b)?;
            // 802.1ad has field names of its own in Wireshark.
            if t == EtherType::VLAN {
                f.put("vlan.priority", h.priority());
                f.put("vlan.dei", u8::from(h.dei()));
                f.put("vlan.id", h.id());
                if let Some(t) = h.ethertype() {
                    f.put("vlan.etype", t.0);
                }
            }
            h.ethertype().map_or(Ok(()), |t| network(f, t, h.payload()))
        }
        t if t.is_mpls() => {
            let h = mpls::Header::new(b)?;
            for e in h.entries() {
                f.put("mpls.label", e.label.0);
                f.put("mpls.exp", e.traffic_class);
                f.put("mpls.bottom", u8::from(e.bottom));
                f.put("mpls.ttl", e.ttl);
            }
            h.guess().map_or(Ok(()), |t| network(f, t, h.payload()))
        }
        _ => Ok(()),
    }
}

fn ip4(f: &mut Found, b: &[u8]) -> Walk {
    let h = ipv4::Header::new(b)?;
    if h.version() != 4 {
        return Ok(());
    }
    f.put("ip.version", h.version());
    f.put("ip.hdr_len", h.header_len());
    f.put("ip.dsfield.dscp", h.dsfield().dscp().0);
    f.put("ip.dsfield.ecn", h.dsfield().ecn().0);
    if h.total_len() != 0 {
        f.put("ip.len", h.total_len());
    }
    f.put("ip.id", h.id());
    f.put("ip.flags", h.flags().0);
    f.put("ip.frag_offset", h.frag_offset() / 8);
    f.put("ip.ttl", h.ttl());
    f.put("ip.proto", h.protocol().0);
    f.put("ip.checksum", h.checksum());
    let partial = std::mem::take(&mut f.partial);
    f.status("ip.checksum.status", Some(h.checksum_ok()));
    f.partial =
        partial || h.is_fragment() || h.payload().len() + h.header_len() != usize::from(h.total_len());
    f.put("ip.src", h.src());
    f.put("ip.dst", h.final_destination());
    for o in RawOptions::new("IPv4", h.options()).flatten() {
        f.put("ip.opt.type", o.kind);
    }
    let too_short = usize::from(h.total_len()) < h.header_len() && h.total_len() != 0;
    if too_short || h.frag_offset() != 0 {
        return Ok(());
    }
    transport(f, h.protocol(), h.payload(), &h.pseudo())
}

fn ip6(f: &mut Found, b: &[u8]) -> Walk {
    let h = ipv6::Header::new(b)?;
    if h.version() != 6 {
        return Ok(());
    }
    f.put("ipv6.version", h.version());
    // Wireshark fills this one for both versions.
    f.put("ip.version", h.version());
    f.put("ipv6.tclass", h.traffic_class().0);
    f.put("ipv6.flow", h.flow_label());
    f.put("ipv6.plen", h.payload_len());
    f.put("ipv6.nxt", h.next_header().0);
    f.put("ipv6.hlim", h.hop_limit());
    f.put("ipv6.src", h.src());
    f.put("ipv6.dst", h.dst());
    f.partial |= h.payload().len() != usize::from(h.payload_len());
    let mut pseudo = h.pseudo();
    let mut chain = ipv6_ext::Chain::new(h.next_header(), h.payload());
    for e in chain.by_ref() {
        let e = e?;
        match e.kind {
            IpProtocol::HOPOPTS | IpProtocol::DSTOPTS => {
                let options = ipv6_options::Header::new(e.bytes)?.options();
                for o in options {
                    f.put("ipv6.opt.type", o?.kind.0);
                }
            }
            IpProtocol::FRAGMENT => {
                let h = ipv6_ext::Fragment::new(e.bytes)?;
                f.put("ipv6.fraghdr.offset", h.offset() / 8);
                f.put("ipv6.fraghdr.more", u8::from(h.more()));
                f.put("ipv6.fraghdr.ident", h.id());
                f.partial |= h.more() || h.offset() != 0;
            }
            IpProtocol::ROUTING => {
                let r = ipv6_routing::Header::new(e.bytes)?;
                f.put("ipv6.routing.type", r.kind().0);
                f.put("ipv6.routing.segleft", r.segments_left());
                if r.kind() == ipv6_routing::RoutingType::SEGMENT_ROUTING {
                    r.addresses().for_each(|a| f.put("ipv6.routing.srh.addr", a));
                }
                if let Some(dst) = r.final_destination() {
                    pseudo = Pseudo::V6 { src: h.src(), dst };
                }
            }
            IpProtocol::AH => {
                let a = ipv6_ext::Auth::new(e.bytes)?;
                f.put("ah.spi", a.spi());
                f.put("ah.sequence", a.seq());
            }
            _ => {}
        }
    }
    if chain.fragment().is_some_and(|h| h.offset() != 0) {
        return Ok(());
    }
    let (protocol, _, payload) = chain.upper();
    transport(f, protocol, payload, &pseudo)
}

fn transport(f: &mut Found, protocol: IpProtocol, b: &[u8], pseudo: &Pseudo) -> Walk {
    match protocol {
        IpProtocol::TCP => tcp_segment(f, b, pseudo),
        IpProtocol::UDP => udp_datagram(f, b, pseudo),
        IpProtocol::ICMP => {
            let h = icmpv4::Header::new(b)?;
            f.put("icmp.type", h.kind().0);
            f.put("icmp.code", h.code());
            f.put("icmp.checksum", h.checksum());
            f.status("icmp.checksum.status", Some(h.checksum_ok()));
            if matches!(h.kind(), icmpv4::Type::ECHO_REQUEST | icmpv4::Type::ECHO_REPLY) {
                f.put("icmp.ident", h.ident());
                f.put("icmp.seq", h.seq());
            }
            Ok(())
        }
        IpProtocol::ICMPV6 => icmp6(f, b, pseudo),
        IpProtocol::IGMP => {
            let h = igmp::Header::new(b)?;
            // DVMRP and unknown types have other field names, or none.
            if h.version().is_none() {
                return Ok(());
            }
            f.put("igmp.type", h.kind().0);
            f.put("igmp.checksum", h.checksum());
            f.status("igmp.checksum.status", Some(h.checksum_ok()));
            for r in h.records() {
                let r = r?;
                f.put("igmp.record_type", r.kind().0);
                f.put("igmp.maddr", r.group());
                r.sources().for_each(|s| f.put("igmp.saddr", s));
            }
            if matches!(h.kind().0, 0x11 | 0x12 | 0x16 | 0x17) {
                f.put("igmp.maddr", h.group());
            }
            h.query_v3().iter().flat_map(|q| q.sources()).for_each(|s| f.put("igmp.saddr", s));
            Ok(())
        }
        IpProtocol::GRE => {
            let h = gre::Header::new(b)?;
            f.put("gre.flags_and_version", h.flags().0);
            f.put("gre.proto", h.protocol().0);
            if let Some(sum) = h.checksum() {
                f.put("gre.checksum", sum);
                f.status("gre.checksum.status", h.checksum_ok());
            }
            if h.call().is_none() {
                h.key().into_iter().for_each(|k| f.put("gre.key", k));
            }
            h.sequence().into_iter().for_each(|s| f.put("gre.sequence_number", s));
            h.ack().into_iter().for_each(|a| f.put("gre.ack_number", a));
            if h.protocol() == EtherType::PPP {
                ppp_frame(f, h.payload())
            } else {
                network(f, h.protocol(), h.payload())
            }
        }
        IpProtocol::IPIP => ip4(f, b),
        IpProtocol::IPV6 => ip6(f, b),
        IpProtocol::AH => {
            let a = ipv6_ext::Auth::new(b)?;
            f.put("ah.spi", a.spi());
            f.put("ah.sequence", a.seq());
            transport(f, a.next_header(), &b[a.header_len()..], pseudo)
        }
        IpProtocol::SCTP => sctp_packet(f, b),
        _ => Ok(()),
    }
}

fn tcp_segment(f: &mut Found, b: &[u8], pseudo: &Pseudo) -> Walk {
    let h = tcp::Header::new(b)?;
    f.put("tcp.srcport", h.src_port());
    f.put("tcp.dstport", h.dst_port());
    f.put("tcp.seq_raw", h.seq());
    f.put("tcp.ack_raw", h.ack());
    f.put("tcp.hdr_len", h.header_len());
    f.put("tcp.flags", h.flags().0);
    // Once accurate ECN was negotiated, Wireshark shows a counter in the place of three letters.
    if !h.flags().intersects(tcp::Flags(0x1c0)) {
        f.put("tcp.flags.str", h.flags());
    }
    f.put("tcp.window_size_value", h.window());
    f.put("tcp.checksum", h.checksum());
    f.status("tcp.checksum.status", Some(h.checksum_ok(pseudo)));
    f.put("tcp.urgent_pointer", h.urgent_pointer());
    for raw in RawOptions::new("TCP", h.option_bytes()).flatten() {
        f.put("tcp.option_kind", raw.kind);
        match tcp_options::TcpOption::new(raw) {
            tcp_options::TcpOption::Mss(v) => f.put("tcp.options.mss_val", v),
            tcp_options::TcpOption::WindowScale(v) => f.put("tcp.options.wscale.shift", v),
            tcp_options::TcpOption::Timestamps(t) => {
                f.put("tcp.options.timestamp.tsval", t.value);
                f.put("tcp.options.timestamp.tsecr", t.echo);
            }
            tcp_options::TcpOption::Sack(edges) => {
                // Wireshark shows edges relative to the first number of the stream.
                assert!(edges.iter().len() <= 4);
            }
            tcp_options::TcpOption::Mptcp { subtype, .. } => f.put("tcp.options.mptcp.subtype", subtype.0),
            _ => {}
        }
    }
    Ok(())
}

fn udp_datagram(f: &mut Found, b: &[u8], pseudo: &Pseudo) -> Walk {
    let h = udp::Header::new(b)?;
    // BIG TCP in a tunnel: tshark takes the length for an error and stops.
    if h.length() == 0 {
        return Ok(());
    }
    f.put("udp.srcport", h.src_port());
    f.put("udp.dstport", h.dst_port());
    f.put("udp.length", h.length());
    f.put("udp.checksum", h.checksum());
    let whole = usize::from(h.length()) <= b.len() && h.length() >= 8;
    f.status("udp.checksum.status", h.checksum_ok(pseudo).filter(|_| whole));
    match h.dst_port() {
        vxlan::PORT => {
            let v = vxlan::Header::new(h.payload())?;
            f.put("vxlan.flags", v.flags());
            f.put("vxlan.vni", v.vni());
            eth(f, v.payload())
        }
        geneve::PORT => {
            let g = geneve::Header::new(h.payload())?;
            f.put("geneve.proto_type", g.protocol().0);
            f.put("geneve.vni", g.vni());
            for o in g.options() {
                let o = o?;
                f.put("geneve.option.class", o.class);
                f.put("geneve.option.type", o.kind);
            }
            network(f, g.protocol(), g.payload())
        }
        _ => Ok(()),
    }
}

fn icmp6(f: &mut Found, b: &[u8], pseudo: &Pseudo) -> Walk {
    let h = icmpv6::Header::new(b)?;
    f.put("icmpv6.type", h.kind().0);
    f.put("icmpv6.code", h.code());
    f.put("icmpv6.checksum", h.checksum());
    f.status("icmpv6.checksum.status", Some(h.checksum_ok(pseudo)));
    if matches!(h.kind(), icmpv6::Type::ECHO_REQUEST | icmpv6::Type::ECHO_REPLY) {
        f.put("icmpv6.echo.identifier", h.ident());
        f.put("icmpv6.echo.sequence_number", h.seq());
    }
    match ndp::Repr::parse(&h) {
        Ok(ndp::Repr::NeighborSolicitation { target, .. }) => f.put("icmpv6.nd.ns.target_address", target),
        Ok(ndp::Repr::NeighborAdvertisement { target, .. }) => f.put("icmpv6.nd.na.target_address", target),
        Ok(ndp::Repr::RouterAdvertisement { lifetime, .. }) => {
            f.put("icmpv6.nd.ra.router_lifetime", lifetime)
        }
        _ => {}
    }
    for o in ndp::options(&h).into_iter().flatten() {
        let o = o?;
        f.put("icmpv6.opt.type", o.kind.0);
        o.prefix().into_iter().for_each(|p| f.put("icmpv6.opt.prefix", p.prefix));
        o.mtu().into_iter().for_each(|m| f.put("icmpv6.opt.mtu", m));
    }
    if let Ok(m) = mld::Message::new(&h) {
        f.put("icmpv6.mld.multicast_address", m.address());
    }
    for r in mld::Records::new(&h).into_iter().flatten() {
        let r = r?;
        f.put("icmpv6.mldr.mar.record_type", r.kind().0);
        f.put("icmpv6.mldr.mar.multicast_address", r.address());
    }
    Ok(())
}

fn sctp_packet(f: &mut Found, b: &[u8]) -> Walk {
    let h = sctp::Header::new(b)?;
    f.put("sctp.srcport", h.src_port());
    f.put("sctp.dstport", h.dst_port());
    f.put("sctp.verification_tag", h.verification_tag());
    f.put("sctp.checksum", h.checksum());
    f.status("sctp.checksum.status", Some(h.checksum_ok()));
    for c in h.chunks() {
        let c = c?;
        f.put("sctp.chunk_type", c.kind.0);
        f.put("sctp.chunk_flags", c.flags);
        if let Some(d) = c.data() {
            f.put("sctp.data_tsn_raw", d.tsn);
            f.put("sctp.data_sid", d.sid);
        }
        if let Some(s) = c.sack() {
            f.put("sctp.sack_cumulative_tsn_ack_raw", s.tsn);
        }
        if let Some(i) = c.init() {
            if c.kind == sctp::ChunkType::INIT {
                f.put("sctp.init_initial_tsn", i.tsn);
            }
            for p in i.parameters {
                f.put("sctp.parameter_type", p?.kind.0);
            }
        }
    }
    Ok(())
}

/// Hexadecimal and decimal numbers as the same text; everything else as it is.
fn plain(v: &str) -> String {
    match v.strip_prefix("0x").map(|h| u64::from_str_radix(h, 16)) {
        Some(Ok(n)) => n.to_string(),
        _ => v.to_string(),
    }
}

/// One line a packet, one column a field of [`FIELDS`], from tshark.
fn tshark(file: &Path) -> Option<Vec<String>> {
    let mut c = Command::new("tshark");
    c.arg("-n").arg("-r").arg(file).args(["-T", "fields"]);
    for preference in [
        "ip.defragment:FALSE",
        "ipv6.defragment:FALSE",
        "ip.check_checksum:TRUE",
        "tcp.check_checksum:TRUE",
        "udp.check_checksum:TRUE",
        "sctp.checksum:CRC32c",
        "tcp.desegment_tcp_streams:FALSE",
    ] {
        c.args(["-o", preference]);
    }
    for field in FIELDS {
        c.args(["-e", field]);
    }
    let out = c.output().ok()?;
    Some(String::from_utf8_lossy(&out.stdout).lines().map(str::to_string).collect())
}

/// Compares one file: number of values compared, and the differences.
fn compare(path: &Path, name: &str) -> Option<(usize, Vec<String>)> {
    let packets = captures::packets(&std::fs::read(path).ok()?)?;
    let lines = tshark(path)?;
    let (mut compared, mut differences) = (0, Vec::new());
    for (i, (packet, line)) in packets.iter().zip(&lines).enumerate() {
        let mut found = Found { partial: !packet.whole, ..Found::default() };
        let _ = link(&mut found, packet.link, &packet.bytes);
        for (field, theirs) in FIELDS.iter().zip(line.split('\t')) {
            let Some(ours) = found.fields.get(field) else { continue };
            let theirs: Vec<_> = theirs.split(',').map(plain).collect();
            let status = field.ends_with("checksum.status");
            for (n, our) in ours.iter().enumerate() {
                let their = theirs.get(n).map_or("", String::as_str);
                compared += 1;
                // 2 and 3: tshark did not check, or saw that nothing was there to be checked.
                if our != their && !(status && (our == "any" || matches!(their, "2" | "3"))) {
                    differences.push(format!("{name} frame {} {field}: {our}, tshark {their}", i + 1));
                }
            }
        }
    }
    Some((compared, differences))
}

fn all_files(folder: &Path) -> Vec<String> {
    let index = std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap_or_default();
    // The generated pcapng files test the container beyond what the reader here knows.
    let names = index.lines().filter_map(|l| l.split('\t').next());
    names.filter(|n| !n.contains("pcapng-test-generator")).map(str::to_string).collect()
}

#[test]
fn fields_are_those_of_tshark() {
    let Some(folder) = captures::folder() else { return };
    if Command::new("tshark").arg("-v").output().is_err() {
        eprintln!("skipped: no tshark");
        return;
    }
    let files = match std::env::var("NET_CAPTURES") {
        Ok(v) if v == "all" => all_files(&folder),
        Ok(v) => vec![v],
        Err(_) => FILES.iter().map(|f| f.to_string()).collect(),
    };
    let (mut total, mut read, mut differences) = (0, 0, Vec::<String>::new());
    for name in &files {
        if let Some((compared, different)) = compare(&folder.join(name), name) {
            total += compared;
            read += 1;
            differences.extend(different);
        }
    }
    println!("{read} files, {total} values compared, {} differences", differences.len());
    assert!(read > 0, "no file could be read");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
