//! Which dissector comes next: one table per kind of key.

use super::buf::{Buf, Outcome};
use super::ctx::Ctx;
use super::registry::Proto;
use super::seen::Seen;
use super::sink::Sink;
use super::stop::{self, Undecoded};
use super::{app, data, link, net, transport};
use crate::source::frame::LinkType;

/// A cheap look at a packet: false when it certainly holds no IP fragment anywhere.
#[inline]
#[must_use]
pub fn may_hold_fragment(t: LinkType, b: &[u8]) -> bool {
    let (ethertype, ip) = match t {
        LinkType::ETHERNET => {
            let Some((head, rest)) = b.split_first_chunk::<14>() else { return false };
            let mut kind = u16::from_be_bytes([head[12], head[13]]);
            let mut rest = rest;
            let mut tags = 0;
            while matches!(kind, 0x8100 | 0x88A8) && tags < 2 {
                let Some((tag, inner)) = rest.split_first_chunk::<4>() else { return false };
                kind = u16::from_be_bytes([tag[2], tag[3]]);
                rest = inner;
                tags += 1;
            }
            (kind, rest)
        }
        LinkType::RAW | LinkType::RAW_BSD | LinkType::IPV4 | LinkType::IPV6 => match b.first() {
            Some(n) if n >> 4 == 4 => (0x0800, b),
            Some(n) if n >> 4 == 6 => (0x86DD, b),
            // Perhaps pieces of a PPP header.
            _ => return true,
        },
        LinkType::ZOS_DATA | LinkType::ZOS_SMC | LinkType::ZOS_CTE => return false,
        _ => return true,
    };
    match ethertype {
        0x0800 => ip.first_chunk::<20>().is_some_and(|h| {
            h[0] >> 4 != 4
                || h[6] & 0x3F != 0
                || h[7] != 0
                || !plain_transport(h[9], ip.get(usize::from(h[0] & 15) * 4..))
        }),
        0x86DD => ip.first_chunk::<40>().is_some_and(|h| !plain_transport(h[6], ip.get(40..))),
        0x0806 => false,
        _ => true,
    }
}

/// True for protocols that carry no further packet: TCP, ICMP (which quotes, but is never
/// joined), IGMP, OSPF, and UDP to ports without a tunnel.
fn plain_transport(proto: u8, payload: Option<&[u8]>) -> bool {
    match proto {
        1 | 2 | 6 | 58 | 89 => true,
        17 => payload.and_then(|p| p.first_chunk::<4>()).is_some_and(|p| {
            !is_tunnel_port(u16::from_be_bytes([p[0], p[1]]))
                && !is_tunnel_port(u16::from_be_bytes([p[2], p[3]]))
        }),
        _ => false,
    }
}

/// UDP ports whose payload may hold a packet.
#[must_use]
pub const fn is_tunnel_port(port: u16) -> bool {
    matches!(port, 4789 | 4790 | 6081 | 2123 | 2152 | 3544 | 1701 | 4754 | 6635)
}

/// By link type.
#[inline]
pub fn link<S: Sink>(c: &mut Ctx<'_, S>, t: LinkType, b: Buf<'_>) -> Outcome {
    match t {
        LinkType::ETHERNET => link::ethernet::dissect(c, b),
        LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD => link::raw::dissect(c, b),
        LinkType::IPV4 => {
            if b.bytes().first().is_some_and(|n| n >> 4 == 6) {
                c.layer(Proto::Ip, b.span(0, 0));
            }
            raw_ip(c, b)
        }
        LinkType::IPV6 => net::ipv6::dissect(c, b),
        LinkType::NULL | LinkType::LOOP => link::null::dissect(c, b),
        LinkType::LINUX_SLL => link::sll::v1(c, b),
        LinkType::LINUX_SLL2 => link::sll::v2(c, b),
        LinkType::TOKEN_RING => link::token_ring::dissect(c, b),
        LinkType::PPP | LinkType::PPP_HDLC => link::ppp::hdlc(c, b),
        LinkType(10) => link::fddi::dissect(c, b),
        // ATM with the LLC encapsulation of RFC 2684.
        LinkType(11 | 100) => link::llc::dissect(c, b),
        LinkType(51) => link::pppoe::session(c, b),
        LinkType(104) => link::chdlc::dissect(c, b),
        LinkType(107) => link::frame_relay::dissect(c, b),
        LinkType(166) => link::ppp::with_direction(c, b),
        // The direction in front of the frame is not part of it.
        LinkType(204) => link::ppp::hdlc(c, b),
        _ => unknown(c, b, Undecoded::Link(t.0)),
    }
}

/// What has no dissector is shown as bytes and said to be undecoded.
#[cold]
pub fn unknown<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, what: Undecoded) -> Outcome {
    stop::undecoded(c, what);
    data::dissect(c, b);
    Ok(())
}

/// An IP packet of either version, told apart by its first nibble.
pub fn raw_ip<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    if b.reported() == 0 {
        return Ok(());
    }
    match b.u8(0)? >> 4 {
        4 => net::ipv4::dissect(c, b),
        6 => net::ipv6::dissect(c, b),
        v => unknown(c, b, Undecoded::IpVersion(v)),
    }
}

/// By EtherType, behind a header that has such a field. What goes wrong inside is reported here,
/// so that the caller can go on with its trailer.
#[inline]
pub fn ethertype<S: Sink>(c: &mut Ctx<'_, S>, t: u16, b: Buf<'_>) -> Outcome {
    c.layer(Proto::EtherType, b.span(0, 0));
    let r = ethertype_table(c, t, b);
    c.settle(r);
    Ok(())
}

/// By EtherType, where another protocol uses these numbers for its own field.
#[inline]
pub fn ethertype_table<S: Sink>(c: &mut Ctx<'_, S>, t: u16, b: Buf<'_>) -> Outcome {
    match t {
        0x0800 => net::ipv4::any(c, b),
        0x86DD => net::ipv6::dissect(c, b),
        0x0806 | 0x8035 => net::arp::dissect(c, b),
        0x8100 | 0x9100 => c.nest(b, |c| link::vlan::dissect(c, b)),
        0x88A8 => c.nest(b, |c| link::vlan::provider(c, b)),
        0x8847 | 0x8848 => c.nest(b, |c| link::mpls::dissect(c, b)),
        0x8863 => link::pppoe::discovery(c, b),
        0x8864 => c.nest(b, |c| link::pppoe::session(c, b)),
        0x8870 => c.nest(b, |c| link::llc::dissect(c, b)),
        0x6558 => c.nest(b, |c| link::ethernet::without_fcs(c, b)),
        0x9000 => link::loopback::dissect(c, b),
        _ => unknown(c, b, Undecoded::EtherType(t)),
    }
}

/// By IP protocol number. `false` when there is no dissector.
#[inline]
pub fn ip_proto<S: Sink>(c: &mut Ctx<'_, S>, ip: &net::Ip, b: Buf<'_>) -> Outcome<bool> {
    match ip.proto {
        6 => transport::tcp::dissect(c, ip, b)?,
        17 => transport::udp::dissect(c, ip, b)?,
        1 => {
            c.seen(Seen::Icmp { ip, b });
            net::icmp::dissect(c, b)?;
        }
        58 => {
            c.seen(Seen::Icmpv6 { ip, b });
            net::icmpv6::dissect(c, ip, b)?;
        }
        2 => net::igmp::dissect(c, b)?,
        4 => c.nest(b, |c| net::ipv4::any(c, b))?,
        41 => c.nest(b, |c| net::ipv6::dissect(c, b))?,
        47 => c.nest(b, |c| net::gre::dissect(c, b))?,
        0 | 43 | 44 | 51 | 59 | 60 | 62 | 135 | 139 | 140 => {
            c.nest(b, |c| net::ipv6_ext::dissect(c, *ip, b))?
        }
        50 => net::esp::dissect(c, b)?,
        89 => app::ospf::dissect(c, b)?,
        33 => transport::dccp::dissect(c, b)?,
        132 => transport::sctp::dissect(c, ip, b)?,
        136 => transport::udp::lite(c, ip, b)?,
        137 => c.nest(b, |c| link::mpls::dissect(c, b))?,
        115 => net::l2tp::over_ip(c, b)?,
        143 => c.nest(b, |c| link::ethernet::without_fcs(c, b))?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// By UDP port, protocols that carry no further packet. `false` when there is no dissector.
pub fn udp_application<S: Sink>(c: &mut Ctx<'_, S>, port: u16, b: Buf<'_>) -> Outcome<bool> {
    use app::dns::{self, Variant};
    match port {
        53 => dns::dissect(c, b, Variant::Dns)?,
        67 | 68 | 4011 => app::dhcp::dissect(c, b)?,
        69 => app::tftp::dissect(c, b)?,
        app::rpc::portmap::WELL_KNOWN_PORT => app::rpc::announced(c, b)?,
        123 => app::ntp::dissect(c, b)?,
        161 | 162 | 8161 => return app::snmp::dissect(c, b),
        500 => app::isakmp::dissect(c, b)?,
        514 => app::syslog::dissect(c, b)?,
        520 => app::rip::dissect(c, b)?,
        521 => app::ripng::dissect(c, b)?,
        5353 => dns::dissect(c, b, Variant::Mdns)?,
        5355 => dns::dissect(c, b, Variant::Llmnr)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// By UDP port. `false` when there is no dissector.
pub fn udp_port<S: Sink>(c: &mut Ctx<'_, S>, port: u16, b: Buf<'_>) -> Outcome<bool> {
    match port {
        4789 => c.nest(b, |c| net::vxlan::dissect(c, b))?,
        4790 => c.nest(b, |c| net::vxlan::gpe(c, b))?,
        6081 => c.nest(b, |c| net::geneve::dissect(c, b))?,
        2123 | 2152 => return net::gtp::dissect(c, b),
        1701 => c.nest(b, |c| net::l2tp::dissect(c, b))?,
        3544 => return net::teredo::dissect(c, b),
        4754 => c.nest(b, |c| net::gre::dissect(c, b))?,
        6635 => c.nest(b, |c| link::mpls::dissect(c, b))?,
        4500 => return net::esp::in_udp(c, b),
        _ => return udp_application(c, port, b),
    }
    Ok(true)
}

/// Wireshark counts the step from an EtherType to its protocol as a layer.
pub mod ethertype_layer {
    crate::protocol! { EtherType, "ethertype", "Ethertype"; }
}
