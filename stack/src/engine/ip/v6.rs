//! IPv6 input: the header, extension headers, fragments.
//!
//! Source: RFC 8200 sections 3 and 4; RFC 5095 (no source routes), RFC 5722, RFC 6946 (atomic
//! fragments), RFC 7112 (the first fragment has all headers).

use std::net::{IpAddr, Ipv6Addr};

use formats::ctrace::pthdr::DropReason;
use formats::net::{IpProtocol, icmpv6, ipv6, ipv6_ext, ipv6_options};

use super::icmpv6::Error;
use super::reassembly::{Fragment, Key};
use super::v4::least;
use super::{Delivery, Ip, LOOPBACK, Packet, drop};
use crate::engine::dlc::Receive;
use crate::engine::{Buffer, Context, Incoming};

/// Extension headers of one packet at most: a host may limit them (RFC 8504 section 5.3).
const MAX_EXTENSIONS: usize = 8;
/// Options of one header at most, padding included (RFC 8504 section 5.3).
const MAX_OPTIONS: usize = 64;

/// What walking the extension headers came to.
enum Walk {
    /// The payload of this protocol begins at this offset of the packet.
    Upper(IpProtocol, usize),
    /// A fragment whose fragment header is at this offset, announced by the byte at the other.
    Fragment(usize, usize),
    /// Dropped, with an error unless it is to be silent.
    Bad(Option<Error>, DropReason),
}

impl Ip {
    /// An IPv6 packet came in through an active interface.
    pub(super) fn v6_input(&mut self, cx: &mut Context<'_>, interface: u16, mut r: Receive) {
        self.counters.v6.in_receives += 1;
        if let Some(i) = self.interface(interface) {
            self.trace_packet(cx, i, false, &r.packet, drop::NONE, 0);
        }
        let Ok(h) = ipv6::Header::new(&r.packet) else {
            self.counters.v6.in_header_errors += 1;
            return self.dropped(cx, interface, false, &r.packet, drop::INCOMPLETE);
        };
        let len = ipv6::at::LEN + usize::from(h.payload_len());
        if len > r.packet.len() {
            self.counters.v6.in_truncated += 1;
            return self.dropped(cx, interface, false, &r.packet, drop::INCOMPLETE);
        }
        let (src, dst) = (h.src(), h.dst());
        r.packet.truncate(len);
        let loopback = interface == LOOPBACK;
        let reason = if src.is_multicast() || !loopback && src.is_loopback() {
            Some(drop::SOURCE)
        } else if !loopback && self.home.is_local(src.into()) && !is_advertisement(&r.packet) {
            Some(drop::OWN_SOURCE)
        } else if dst.is_unspecified() || !loopback && dst.is_loopback() || is_local_group(dst) && !loopback {
            Some(drop::DESTINATION)
        } else if r.group && !dst.is_multicast() {
            Some(drop::LINK_GROUP)
        } else {
            None
        };
        if let Some(reason) = reason {
            self.counters.v6.in_address_errors += 1;
            return self.dropped(cx, interface, false, &r.packet, reason);
        }
        if dst.is_multicast() && !self.listens(interface, dst.into(), src.into()) && !loopback {
            return self.dropped(cx, interface, false, &r.packet, drop::GROUP);
        }
        let local = dst.is_multicast() || self.home.is_local(dst.into());
        if !local {
            if self.home.is_tentative(dst.into()) {
                return self.dropped(cx, interface, false, &r.packet, drop::TENTATIVE);
            }
            // Hop-by-hop options are for every node on the way.
            if r.packet[ipv6::at::NEXT] == IpProtocol::HOPOPTS.0
                && let Some((error, reason)) = options_error(&r.packet, ipv6::at::LEN, dst)
            {
                if let Some(error) = error {
                    self.icmpv6_error(cx, interface, &r.packet, r.group, error);
                }
                return self.dropped(cx, interface, false, &r.packet, reason);
            }
            return self.forward_v6(cx, interface, r);
        }
        match walk(&r.packet, dst) {
            Walk::Upper(protocol, at) => self.v6_local(cx, interface, r, protocol, at),
            Walk::Fragment(at, announced) => self.v6_fragment(cx, interface, r, at, announced),
            Walk::Bad(error, reason) => {
                self.counters.v6.in_header_errors += 1;
                if let Some(error) = error {
                    self.icmpv6_error(cx, interface, &r.packet, r.group, error);
                }
                self.dropped(cx, interface, false, &r.packet, reason);
            }
        }
    }

    fn v6_fragment(&mut self, cx: &mut Context<'_>, interface: u16, r: Receive, at: usize, announced: usize) {
        self.counters.v6.reassembly_required += 1;
        let p = &r.packet;
        let (Ok(h), Some(Ok(f))) = (ipv6::Header::new(p), p.get(at..).map(ipv6_ext::Fragment::new)) else {
            return;
        };
        let (src, dst, next) = (h.src(), h.dst(), f.next_header());
        let (offset, more, id) = (u32::from(f.offset()), f.more(), f.id());
        let data = p.get(at + ipv6_ext::at::LEN..).unwrap_or_default();
        // The header goes on with what the fragment header announced.
        let mut header = p.get(..at).unwrap_or_default().to_vec();
        if let Some(slot) = header.get_mut(announced) {
            *slot = next.0;
        }
        if offset == 0 && !more {
            // RFC 6946: a whole packet with a fragment header, which does not mix with fragments.
            let packet = Buffer::copy(&[&header[..], data].concat());
            self.counters.v6.reassembly_ok += 1;
            return self.v6_again(cx, interface, packet, r.group);
        }
        if more && (data.is_empty() || data.len() % 8 != 0) {
            self.counters.v6.reassembly_failed += 1;
            let error = Error::Parameter(0, ipv6::at::PAYLOAD_LEN as u32);
            self.icmpv6_error(cx, interface, p, r.group, error);
            return self.dropped(cx, interface, false, p, drop::FRAGMENT);
        }
        if offset as usize + data.len() + header.len() - ipv6::at::LEN > 65_535 {
            self.counters.v6.reassembly_failed += 1;
            let error = Error::Parameter(0, (at + ipv6_ext::at::FRAG_OFFSET) as u32);
            self.icmpv6_error(cx, interface, p, r.group, error);
            return self.dropped(cx, interface, false, p, drop::FRAGMENT);
        }
        if offset == 0 && !has_all_headers(next, data) {
            self.counters.v6.reassembly_failed += 1;
            self.icmpv6_error(cx, interface, p, r.group, Error::Parameter(3, 0));
            return self.dropped(cx, interface, false, p, drop::FRAGMENT);
        }
        let key = Key { src: src.into(), dst: dst.into(), id, protocol: 0 };
        let fragment = Fragment { offset, more, header: &header, data, interface, group: r.group };
        let Some((header, data)) = self.add_fragment(cx, interface, p, key, fragment) else { return };
        let packet = Buffer::copy(&[header, data].concat());
        self.v6_again(cx, interface, packet, r.group);
    }

    /// A packet that has been put together: its headers are walked from the start. Fragments within
    /// fragments go no further.
    fn v6_again(&mut self, cx: &mut Context<'_>, interface: u16, mut packet: Buffer, group: bool) {
        // The first fragment may have had more headers than the others.
        let Ok(len) = u16::try_from(packet.len() - ipv6::at::LEN) else {
            return self.dropped(cx, interface, false, &packet, drop::FRAGMENT);
        };
        packet[ipv6::at::PAYLOAD_LEN..ipv6::at::NEXT].copy_from_slice(&len.to_be_bytes());
        let Ok(h) = ipv6::Header::new(&packet) else { return };
        let found = walk(&packet, h.dst());
        let r = Receive::new(packet, group);
        match found {
            Walk::Upper(protocol, at) => self.v6_local(cx, interface, r, protocol, at),
            Walk::Fragment(..) => self.dropped(cx, interface, false, &r.packet, drop::FRAGMENT),
            Walk::Bad(error, reason) => {
                if let Some(error) = error {
                    self.icmpv6_error(cx, interface, &r.packet, group, error);
                }
                self.dropped(cx, interface, false, &r.packet, reason);
            }
        }
    }

    /// A whole packet for this stack.
    fn v6_local(
        &mut self,
        cx: &mut Context<'_>,
        interface: u16,
        r: Receive,
        protocol: IpProtocol,
        payload_at: usize,
    ) {
        let Ok(h) = ipv6::Header::new(&r.packet) else { return };
        if protocol == IpProtocol::NO_NEXT_HEADER {
            return;
        }
        let incoming = Incoming {
            src: h.src().into(),
            dst: h.dst().into(),
            protocol: protocol.0,
            ttl: h.hop_limit(),
            tos: h.traffic_class().0,
            interface,
            checksum_checked: r.checksum_checked || interface == LOOPBACK,
            many: h.dst().is_multicast(),
        };
        if r.packet.len() - payload_at < least(protocol) {
            self.counters.v6.in_truncated += 1;
            return self.dropped(cx, interface, false, &r.packet, drop::TOO_SHORT);
        }
        self.counters.v6.in_delivers += 1;
        if protocol == IpProtocol::ICMPV6 && !self.icmpv6_input(cx, &incoming, &r, payload_at) {
            return;
        }
        let packet = Packet { incoming, bytes: r.packet, payload_at };
        self.push_deliver(cx, interface, Delivery::Packet(packet));
    }
}

/// Offset of the byte that announced the protocol of a packet: what a parameter problem points
/// at.
pub(super) fn next_header_at(packet: &Packet) -> u32 {
    let p = packet.original();
    let mut announced = ipv6::at::NEXT;
    let mut at = ipv6::at::LEN;
    while at < packet.payload_at {
        let (Some(&kind), Some(&[next, len])) = (p.get(announced), p.get(at..).and_then(|b| b.first_chunk()))
        else {
            break;
        };
        announced = at;
        let Some(n) = ipv6_ext::header_len(IpProtocol(kind), [next, len]) else { break };
        at += n;
    }
    announced as u32
}

/// A neighbour advertisement: with this stack's own address it tells of a duplicate.
fn is_advertisement(packet: &[u8]) -> bool {
    packet.get(ipv6::at::NEXT) == Some(&IpProtocol::ICMPV6.0)
        && packet.get(ipv6::at::LEN) == Some(&icmpv6::Type::NEIGHBOR_ADVERTISEMENT.0)
}

/// Interface-local groups, and the reserved ones of scope 0 (RFC 4291 section 2.7).
fn is_local_group(a: Ipv6Addr) -> bool {
    a.is_multicast() && a.octets()[1] & 0x0f < 2
}

/// Walks the extension headers of a packet for this stack.
fn walk(packet: &[u8], dst: Ipv6Addr) -> Walk {
    let mut announced = ipv6::at::NEXT;
    let mut at = ipv6::at::LEN;
    for n in 0..=MAX_EXTENSIONS {
        let kind = IpProtocol(packet.get(announced).copied().unwrap_or(IpProtocol::NO_NEXT_HEADER.0));
        match kind {
            IpProtocol::HOPOPTS | IpProtocol::DSTOPTS | IpProtocol::ROUTING | IpProtocol::FRAGMENT => {}
            _ => return Walk::Upper(kind, at),
        }
        if n == MAX_EXTENSIONS {
            return Walk::Bad(None, drop::OPTIONS);
        }
        let Some(&[next, units]) = packet.get(at..).and_then(|b| b.first_chunk()) else {
            return Walk::Bad(None, drop::INCOMPLETE);
        };
        let len = ipv6_ext::header_len(kind, [next, units]).unwrap_or(8);
        let Some(header) = packet.get(at..at + len) else { return Walk::Bad(None, drop::INCOMPLETE) };
        match kind {
            // RFC 8200 section 4.1: hop-by-hop options come first or not at all.
            IpProtocol::HOPOPTS if n > 0 => {
                return Walk::Bad(Some(Error::Parameter(1, announced as u32)), drop::OPTIONS);
            }
            IpProtocol::FRAGMENT => return Walk::Fragment(at, announced),
            // RFC 8200 section 4.4: no routing type is known here; used up, it is passed over.
            IpProtocol::ROUTING if header.get(3).is_some_and(|&left| left != 0) => {
                return Walk::Bad(Some(Error::Parameter(0, (at + 2) as u32)), drop::OPTIONS);
            }
            IpProtocol::HOPOPTS | IpProtocol::DSTOPTS => {
                if let Some((error, reason)) = options_error(packet, at, dst) {
                    return Walk::Bad(error, reason);
                }
            }
            _ => {}
        }
        announced = at;
        at += len;
    }
    Walk::Bad(None, drop::OPTIONS)
}

/// What is wrong with the options of the header at an offset (RFC 8200 section 4.2).
fn options_error(packet: &[u8], at: usize, dst: Ipv6Addr) -> Option<(Option<Error>, DropReason)> {
    let bytes = packet.get(at..).unwrap_or_default();
    let Ok(header) = ipv6_options::Header::new(bytes) else { return Some((None, drop::INCOMPLETE)) };
    for (n, option) in header.options().enumerate() {
        if n >= MAX_OPTIONS {
            return Some((None, drop::OPTIONS));
        }
        let Ok(option) = option else { return Some((None, drop::OPTIONS)) };
        let known = matches!(option.kind.0, 0 | 1) || option.router_alert().is_some();
        if known {
            continue;
        }
        let pointer = (at + option.offset) as u32;
        let error = Error::Parameter(2, pointer);
        match option.kind.action() {
            0 => {}
            1 => return Some((None, drop::OPTIONS)),
            2 => return Some((Some(error), drop::OPTIONS)),
            _ => return Some(((!dst.is_multicast()).then_some(error), drop::OPTIONS)),
        }
    }
    None
}

/// RFC 7112: the first fragment holds all headers up to the transport's.
fn has_all_headers(next: IpProtocol, data: &[u8]) -> bool {
    let mut chain = ipv6_ext::Chain::new(next, data);
    if chain.by_ref().any(|e| e.is_err()) {
        return false;
    }
    let (upper, _, rest) = chain.upper();
    rest.len() >= least(upper)
}

/// The packet behind an IPv6 header, as far as errors need it: protocol and payload.
pub(super) fn upper(packet: &[u8]) -> Option<(IpProtocol, &[u8])> {
    let h = ipv6::Header::new(packet).ok()?;
    let mut chain = ipv6_ext::Chain::new(h.next_header(), packet.get(ipv6::at::LEN..)?);
    if chain.by_ref().take(MAX_EXTENSIONS).any(|e| e.is_err()) {
        return None;
    }
    if chain.fragment().is_some_and(|f| f.offset() != 0) {
        return None;
    }
    let (kind, _, rest) = chain.upper();
    Some((kind, rest))
}

/// Source and destination of an IPv6 packet.
pub(super) fn ends(packet: &[u8]) -> Option<(IpAddr, IpAddr)> {
    ipv6::Header::new(packet).ok().map(|h| (h.src().into(), h.dst().into()))
}
