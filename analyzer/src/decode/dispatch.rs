//! Which dissector comes next: one table per kind of key.

use super::buf::{Buf, Outcome};
use super::ctx::Ctx;
use super::sink::Sink;
use super::{data, link, net, stop, transport};
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
            if kind == 0x8100 {
                let Some((tag, inner)) = rest.split_first_chunk::<4>() else { return false };
                kind = u16::from_be_bytes([tag[2], tag[3]]);
                rest = inner;
            }
            (kind, rest)
        }
        LinkType::RAW | LinkType::RAW_BSD | LinkType::IPV4 | LinkType::IPV6 => match b.first() {
            Some(n) if n >> 4 == 4 => (0x0800, b),
            Some(n) if n >> 4 == 6 => (0x86DD, b),
            _ => return false,
        },
        LinkType::ZOS_DATA | LinkType::ZOS_SMC | LinkType::ZOS_CTE => return false,
        _ => return true,
    };
    match ethertype {
        0x0800 => ip.first_chunk::<20>().is_some_and(|h| {
            h[6] & 0x3F != 0 || h[7] != 0 || !plain_transport(h[9], ip.get(usize::from(h[0] & 15) * 4..))
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
    matches!(port, 4789 | 4790 | 6081 | 8472 | 2152 | 3544 | 1701)
}

/// By link type.
#[inline]
pub fn link<S: Sink>(c: &mut Ctx<'_, S>, t: LinkType, b: Buf<'_>) -> Outcome {
    match t {
        LinkType::ETHERNET => link::ethernet::dissect(c, b),
        LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD | LinkType::IPV4 | LinkType::IPV6 => {
            raw_ip(c, b)
        }
        _ => {
            stop::undecoded(c, "link type");
            data::dissect(c, b);
            Ok(())
        }
    }
}

/// An IP packet of either version, told apart by its first nibble.
pub fn raw_ip<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    if b.reported() == 0 {
        return Ok(());
    }
    match b.u8(0)? >> 4 {
        4 => net::ipv4::dissect(c, b),
        6 => net::ipv6::dissect(c, b),
        _ => {
            stop::undecoded(c, "IP version");
            data::dissect(c, b);
            Ok(())
        }
    }
}

/// By EtherType.
#[inline]
pub fn ethertype<S: Sink>(c: &mut Ctx<'_, S>, t: u16, b: Buf<'_>) -> Outcome {
    match t {
        0x0800 => net::ipv4::dissect(c, b),
        0x86DD => net::ipv6::dissect(c, b),
        0x0806 | 0x8035 => net::arp::dissect(c, b),
        0x8100 => link::vlan::dissect(c, b),
        _ => {
            stop::undecoded(c, "EtherType");
            data::dissect(c, b);
            Ok(())
        }
    }
}

/// By IP protocol number. `false` when there is no dissector.
#[inline]
pub fn ip_proto<S: Sink>(c: &mut Ctx<'_, S>, ip: &net::Ip, b: Buf<'_>) -> Outcome<bool> {
    match ip.proto {
        6 => transport::tcp::dissect(c, ip, b)?,
        17 => transport::udp::dissect(c, ip, b)?,
        1 => net::icmp::dissect(c, b)?,
        58 => net::icmpv6::dissect(c, ip, b)?,
        4 => c.nest(b, |c| net::ipv4::dissect(c, b))?,
        41 => c.nest(b, |c| net::ipv6::dissect(c, b))?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// By UDP port. `false` when there is no dissector.
pub fn udp_port<S: Sink>(_: &mut Ctx<'_, S>, _port: u16, _: Buf<'_>) -> Outcome<bool> {
    Ok(false)
}
