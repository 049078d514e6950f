//! Which dissector comes next: one table per kind of key.

use super::buf::{Buf, Outcome};
use super::ctx::Ctx;
use super::sink::Sink;
use super::{data, link, net, stop, transport, zos};
use crate::source::frame::LinkType;

/// By link type.
#[inline]
pub fn link<S: Sink>(c: &mut Ctx<'_, S>, t: LinkType, b: Buf<'_>) -> Outcome {
    match t {
        LinkType::ETHERNET => link::ethernet::dissect(c, b),
        LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD | LinkType::IPV4 | LinkType::IPV6 => {
            raw_ip(c, b)
        }
        LinkType::ZOS_DATA | LinkType::ZOS_SMC | LinkType::ZOS_CTE => zos::body(c, t, b),
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
