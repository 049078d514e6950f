//! IPv4 input.
//!
//! Source: RFC 791, RFC 1122 section 3.2.1, RFC 1812 section 5.2. Source routes are refused (RFC
//! 7126 section 4.3), record route and timestamp options are left as they are.

use std::net::{IpAddr, Ipv4Addr};

use formats::net::ipv4_options::{Ipv4Option, Ipv4Options};
use formats::net::{IpProtocol, icmpv4, ipv4};

use super::reassembly::{Fragment, Key};
use super::{Delivery, Ip, LOOPBACK, Packet, drop, icmp};
use crate::engine::dlc::Receive;
use crate::engine::{Buffer, Context, Incoming};

/// Code of an ICMP unreachable message: source route failed.
const SOURCE_ROUTE_FAILED: u8 = 5;

impl Ip {
    /// An IPv4 packet came in through an active interface.
    pub(super) fn v4_input(&mut self, cx: &mut Context<'_>, interface: u16, mut r: Receive) {
        self.counters.v4.in_receives += 1;
        if let Some(i) = self.interface(interface) {
            self.trace_packet(cx, i, false, &r.packet, drop::NONE, 0);
        }
        let header_error = match ipv4::Header::new(&r.packet) {
            Err(_) if r.packet.len() < ipv4::at::LEN => Some(drop::INCOMPLETE),
            Err(_) if r.packet[0] & 0x0f < 5 => Some(drop::HEADER_LENGTH),
            Err(_) => Some(drop::HEADER_BEYOND),
            Ok(h) => {
                let total = usize::from(h.total_len());
                if total < h.header_len() {
                    Some(drop::HEADER_BEYOND)
                } else if total > r.packet.len() {
                    Some(drop::INCOMPLETE)
                } else if !h.checksum_ok() {
                    Some(drop::CHECKSUM)
                } else {
                    None
                }
            }
        };
        if let Some(reason) = header_error {
            self.counters.v4.in_header_errors += 1;
            return self.dropped(cx, interface, false, &r.packet, reason);
        }
        // Padding of short Ethernet frames.
        let total = usize::from(u16::from_be_bytes([r.packet[2], r.packet[3]]));
        r.packet.truncate(total);
        let Ok(h) = ipv4::Header::new(&r.packet) else { return };
        let (src, dst) = (h.src(), h.dst());
        let loopback = interface == LOOPBACK;
        if let Some(reason) = self.bad_v4_addresses(src, dst, loopback, r.group) {
            self.counters.v4.in_address_errors += 1;
            return self.dropped(cx, interface, false, &r.packet, reason);
        }
        if !h.options().is_empty()
            && let Some((problem, reason)) = options_problem(h.options())
        {
            self.counters.v4.in_header_errors += 1;
            match problem {
                Problem::Pointer(at) => {
                    self.icmp_error(cx, interface, &r.packet, r.group, icmp::Error::Parameter(at));
                }
                Problem::SourceRoute if self.home.is_local(dst.into()) => {
                    let error = icmp::Error::Unreachable(SOURCE_ROUTE_FAILED, 0);
                    self.icmp_error(cx, interface, &r.packet, r.group, error);
                }
                Problem::SourceRoute => {}
            }
            return self.dropped(cx, interface, false, &r.packet, reason);
        }
        let many = dst.is_multicast() || self.home.is_broadcast(dst);
        if dst.is_multicast() && !self.listens(interface, dst.into(), src.into()) && !loopback {
            return self.dropped(cx, interface, false, &r.packet, drop::GROUP);
        }
        if !many && !self.home.is_local(IpAddr::V4(dst)) {
            if self.home.is_tentative(dst.into()) {
                return self.dropped(cx, interface, false, &r.packet, drop::TENTATIVE);
            }
            return self.forward_v4(cx, interface, r);
        }
        if h.is_fragment() {
            return self.v4_fragment(cx, interface, r);
        }
        self.v4_local(cx, interface, r.packet, r.checksum_checked, many);
    }

    /// RFC 1122 section 3.2.1.3, RFC 1812 section 5.3.7: addresses that no packet may have.
    fn bad_v4_addresses(
        &self,
        src: Ipv4Addr,
        dst: Ipv4Addr,
        loopback: bool,
        group: bool,
    ) -> Option<formats::ctrace::pthdr::DropReason> {
        let class_e = |a: Ipv4Addr| a.octets()[0] >= 240 && !a.is_broadcast();
        if src.is_multicast() || src.is_broadcast() || class_e(src) || self.home.is_broadcast(src) {
            return Some(drop::SOURCE);
        }
        if !loopback && src.is_loopback() {
            return Some(drop::SOURCE);
        }
        // Land: a packet from outside with this stack's own address, which would answer itself.
        if !loopback && self.home.is_local(src.into()) {
            return Some(drop::OWN_SOURCE);
        }
        if dst.is_unspecified() || class_e(dst) || !loopback && dst.is_loopback() {
            return Some(drop::DESTINATION);
        }
        // RFC 1122 section 3.3.6.
        (group && !dst.is_multicast() && !self.home.is_broadcast(dst)).then_some(drop::LINK_GROUP)
    }

    fn v4_fragment(&mut self, cx: &mut Context<'_>, interface: u16, r: Receive) {
        self.counters.v4.reassembly_required += 1;
        let Ok(h) = ipv4::Header::new(&r.packet) else { return };
        let offset = u32::from(h.frag_offset());
        let more = h.flags().contains(ipv4::Flags::MORE_FRAGMENTS);
        let data = h.payload();
        // RFC 1858 section 3.2.2 and RFC 3128: fragments that hide or overwrite the flags of TCP.
        let tcp = h.protocol() == IpProtocol::TCP;
        let tiny = tcp && (offset == 8 || offset == 0 && data.len() < 16)
            || more && (data.is_empty() || data.len() % 8 != 0);
        if tiny {
            self.counters.v4.reassembly_failed += 1;
            return self.dropped(cx, interface, false, &r.packet, drop::FRAGMENT);
        }
        let (src, dst, id) = (h.src(), h.dst(), h.id());
        let key = Key { src: src.into(), dst: dst.into(), id: id.into(), protocol: h.protocol().0 };
        let f =
            Fragment { offset, more, header: &r.packet[..h.header_len()], data, interface, group: r.group };
        let Some((header, data)) = self.add_fragment(cx, interface, &r.packet, key, f) else { return };
        let Some(packet) = whole(&header, &data) else { return };
        let many = dst.is_multicast() || self.home.is_broadcast(dst);
        self.v4_local(cx, interface, packet, false, many);
    }

    /// A whole packet for this stack.
    fn v4_local(
        &mut self,
        cx: &mut Context<'_>,
        interface: u16,
        packet: Buffer,
        checksum_checked: bool,
        many: bool,
    ) {
        let Ok(h) = ipv4::Header::new(&packet) else { return };
        let protocol = h.protocol();
        let too_short = h.payload().len() < least(protocol);
        let incoming = Incoming {
            src: h.src().into(),
            dst: h.dst().into(),
            protocol: protocol.0,
            ttl: h.ttl(),
            tos: h.dsfield().0,
            interface,
            checksum_checked: checksum_checked || interface == LOOPBACK,
            many,
        };
        let payload_at = h.header_len();
        if too_short {
            self.counters.v4.in_truncated += 1;
            return self.dropped(cx, interface, false, &packet, drop::TOO_SHORT);
        }
        self.counters.v4.in_delivers += 1;
        if protocol == IpProtocol::ICMP && !self.icmp_input(cx, &incoming, &packet, payload_at) {
            return;
        }
        if protocol == IpProtocol::IGMP {
            self.igmp_input(cx, &incoming, &packet[payload_at..]);
        }
        self.push_deliver(cx, interface, Delivery::Packet(Packet { incoming, bytes: packet, payload_at }));
    }
}

/// A packet from the header of its first fragment and all data.
fn whole(header: &[u8], data: &[u8]) -> Option<Buffer> {
    let mut repr = header_repr(header)?;
    repr.payload_len = u16::try_from(data.len()).ok()?;
    repr.flags = ipv4::Flags(0);
    repr.frag_offset = 0;
    let mut b = Buffer::zeroed(repr.header_len());
    repr.emit(&mut b).ok()?;
    b.extend(data);
    Some(b)
}

fn header_repr(header: &[u8]) -> Option<ipv4::Repr> {
    let h = ipv4::Header::new(header).ok()?;
    let mut repr = ipv4::Repr::new(h.src(), h.dst(), h.protocol(), 0);
    repr.dsfield = h.dsfield();
    repr.id = h.id();
    repr.ttl = h.ttl();
    repr.options = ipv4::Options::new(h.options()).ok()?;
    Some(repr)
}

/// Bytes that a protocol's header needs at least.
pub(super) const fn least(protocol: IpProtocol) -> usize {
    match protocol {
        IpProtocol::TCP => 20,
        IpProtocol::UDP | IpProtocol::IGMP => 8,
        IpProtocol::ICMP | IpProtocol::ICMPV6 => icmpv4::at::LEN,
        _ => 0,
    }
}

enum Problem {
    /// The byte at this offset of the packet is wrong.
    Pointer(u8),
    SourceRoute,
}

/// What is wrong with options, and why the packet is dropped.
fn options_problem(options: &[u8]) -> Option<(Problem, formats::ctrace::pthdr::DropReason)> {
    let mut at = 0;
    for option in Ipv4Options::new(options) {
        match option {
            // A length that is 0 or goes beyond the options: the pointer tells the length byte.
            Err(_) => return Some((Problem::Pointer((ipv4::at::LEN + at + 1) as u8), drop::OPTIONS)),
            Ok((offset, option)) => {
                at = offset;
                match option {
                    Ipv4Option::BadLength(_) => {
                        return Some((Problem::Pointer((ipv4::at::LEN + offset + 1) as u8), drop::OPTIONS));
                    }
                    // RFC 791 section 3.1: the smallest legal value for a pointer is 4.
                    Ipv4Option::RecordRoute(route)
                    | Ipv4Option::LooseSourceRoute(route)
                    | Ipv4Option::StrictSourceRoute(route)
                        if route.pointer < 4 =>
                    {
                        return Some((Problem::Pointer((ipv4::at::LEN + offset + 2) as u8), drop::OPTIONS));
                    }
                    Ipv4Option::LooseSourceRoute(route) | Ipv4Option::StrictSourceRoute(route)
                        if route.visited() < route.addresses().len() =>
                    {
                        return Some((Problem::SourceRoute, drop::OPTIONS));
                    }
                    _ => {}
                }
                at += options.get(offset + 1).copied().map_or(1, |len| usize::from(len.max(1)));
            }
        }
    }
    None
}
