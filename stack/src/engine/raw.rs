//! RAW: sockets that get whole protocols, ICMP for ping and traceroute among them.
//!
//! What is received is what lies behind the IP header; the IP layer writes the header of what is
//! sent. ICMPv6 checksums are made here (RFC 3542 section 3.1).

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use formats::checksum::Pseudo;
use formats::ctrace::events::{Protocol, raw as events};
use formats::net::{IpProtocol, icmpv6};

use super::ip::drop;
use super::ip::trace::Stack;
use super::path::Paths;
use super::{Buffer, Context, IcmpError, Incoming, Outgoing};

/// Sockets at most.
pub const MAX_SOCKETS: usize = 1024;
/// Packets that wait for an application.
const MAX_QUEUE: usize = 256;
/// Packets that wait to be sent.
const MAX_SEND: usize = 1024;

/// A socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RawId(pub u32);

/// What was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawPacket {
    /// What the IP layer knows about it.
    pub incoming: Incoming,
    /// What lies behind the IP header.
    pub data: Buffer,
}

/// A socket.
#[derive(Debug)]
pub struct Socket {
    /// Its protocol.
    pub protocol: u8,
    /// Its family: IPv6.
    pub v6: bool,
    /// Its address, `None` for all.
    pub local: Option<IpAddr>,
    /// Packets received and sent.
    pub packets: (u64, u64),
    /// Packets that found the queue full.
    pub dropped: u64,
    queue: VecDeque<RawPacket>,
    errors: VecDeque<IcmpError>,
}

/// RAW of one stack.
#[derive(Debug)]
pub struct Raw {
    stack: Stack,
    sockets: BTreeMap<RawId, Socket>,
    send: VecDeque<(Outgoing, Vec<u8>)>,
    readable: VecDeque<RawId>,
    next: u32,
}

impl Raw {
    /// RAW without sockets.
    #[must_use]
    pub const fn new(stack: Stack) -> Self {
        Self { stack, sockets: BTreeMap::new(), send: VecDeque::new(), readable: VecDeque::new(), next: 1 }
    }

    /// Makes a socket; `None` when there are too many.
    pub fn open(&mut self, cx: &Context<'_>, protocol: u8, v6: bool, local: Option<IpAddr>) -> Option<RawId> {
        if self.sockets.len() >= MAX_SOCKETS {
            return None;
        }
        let id = RawId(self.next);
        self.next = self.next.wrapping_add(1).max(1);
        let socket = Socket {
            protocol,
            v6,
            local,
            packets: (0, 0),
            dropped: 0,
            queue: VecDeque::new(),
            errors: VecDeque::new(),
        };
        self.sockets.insert(id, socket);
        let address = local.unwrap_or(super::ip::trace::NOBODY);
        self.stack.event(cx, address, &events::RawOpened { id: id.0, protocol: Protocol(protocol), address });
        Some(id)
    }

    /// Closes a socket.
    pub fn close(&mut self, cx: &Context<'_>, id: RawId) {
        if let Some(s) = self.sockets.remove(&id) {
            let event = events::RawClosed { id: id.0, packets_in: s.packets.0, packets_out: s.packets.1 };
            self.stack.event(cx, super::ip::trace::NOBODY, &event);
        }
    }

    /// A socket.
    #[must_use]
    pub fn socket(&self, id: RawId) -> Option<&Socket> {
        self.sockets.get(&id)
    }

    /// Hands a packet down; `false` when too many wait. The protocol of `out` is the socket's.
    pub fn send(&mut self, cx: &Context<'_>, id: RawId, mut out: Outgoing, data: &[u8]) -> bool {
        if self.send.len() >= MAX_SEND {
            return false;
        }
        let Some(s) = self.sockets.get_mut(&id) else { return false };
        out.protocol = s.protocol;
        s.packets.1 += 1;
        let event = events::RawSent {
            id: id.0,
            protocol: Protocol(s.protocol),
            remote: out.dst,
            length: data.len() as u32,
        };
        self.stack.event(cx, out.dst, &event);
        self.send.push_back((out, data.to_vec()));
        true
    }

    /// The next packet for the IP layer: `out` becomes what goes behind the IP header.
    pub fn poll_transmit(&mut self, paths: &dyn Paths, out: &mut Vec<u8>) -> Option<Outgoing> {
        let (mut o, data) = self.send.pop_front()?;
        *out = data;
        if o.protocol == IpProtocol::ICMPV6.0 {
            if o.src.is_unspecified()
                && let Some(p) = paths.path(o.src, o.dst)
            {
                o.src = p.source;
            }
            let range = icmpv6::at::CHECKSUM..icmpv6::at::REST;
            if let (IpAddr::V6(src), IpAddr::V6(dst), Some(field)) =
                (o.src, o.dst, out.get_mut(range.clone()))
            {
                field.fill(0);
                let pseudo = Pseudo::V6 { src, dst };
                let sum = pseudo.sum(o.protocol, out.len()).bytes(out).finish();
                out[range].copy_from_slice(&sum.to_be_bytes());
            }
        }
        Some(o)
    }

    /// A packet came in. True when a socket has it: ICMP and IGMP need none, for other protocols the
    /// sender is told.
    pub fn handle_packet(&mut self, cx: &Context<'_>, incoming: &Incoming, data: &[u8]) -> bool {
        let mut taken = false;
        for (&id, s) in &mut self.sockets {
            let mine = s.protocol == incoming.protocol
                && s.v6 == incoming.src.is_ipv6()
                && s.local.is_none_or(|a| a == incoming.dst || incoming.many);
            if !mine {
                continue;
            }
            taken = true;
            let (protocol, remote, length) = (Protocol(s.protocol), incoming.src, data.len() as u32);
            if s.queue.len() >= MAX_QUEUE {
                s.dropped += 1;
                let reason = drop::RAW_QUEUE_FULL.0;
                let event = events::RawDropped { id: id.0, protocol, remote, length, reason };
                self.stack.event(cx, remote, &event);
                continue;
            }
            s.packets.0 += 1;
            s.queue.push_back(RawPacket { incoming: *incoming, data: Buffer::copy(data) });
            self.stack.event(cx, remote, &events::RawReceived { id: id.0, protocol, remote, length });
            if !self.readable.contains(&id) {
                self.readable.push_back(id);
            }
        }
        taken
    }

    /// An ICMP error about a packet of this stack.
    pub fn handle_icmp(&mut self, error: &IcmpError) {
        for (&id, s) in &mut self.sockets {
            if s.protocol == error.protocol && s.v6 == error.dst.is_ipv6() && s.errors.len() < MAX_QUEUE {
                s.errors.push_back(error.clone());
                if !self.readable.contains(&id) {
                    self.readable.push_back(id);
                }
            }
        }
    }

    /// The next packet of a socket.
    pub fn recv(&mut self, id: RawId) -> Option<RawPacket> {
        self.sockets.get_mut(&id)?.queue.pop_front()
    }

    /// The next ICMP error for a socket.
    pub fn take_error(&mut self, id: RawId) -> Option<IcmpError> {
        self.sockets.get_mut(&id)?.errors.pop_front()
    }

    /// A socket that has something to read.
    pub fn poll_readable(&mut self) -> Option<RawId> {
        self.readable.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::super::path::Path;
    use super::*;
    use crate::engine::{Instant, Random};
    use ctrace::Tracer;
    use formats::ctrace::Name;

    struct Here;

    impl Paths for Here {
        fn path(&self, _: IpAddr, _: IpAddr) -> Option<Path> {
            let source = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);
            Some(Path { source, mtu: 1500, checksum_offload: false, segmentation: None, local: true })
        }
    }

    fn cx<R>(f: impl FnOnce(&Context<'_>) -> R) -> R {
        let (trace, mut random) = (Tracer::off(), Random::new(1));
        f(&Context { now: Instant::START, random: &mut random, trace: &trace })
    }

    #[test]
    fn every_socket_of_a_protocol_gets_its_packets() {
        let mut r = Raw::new(Stack { asid: 1, job: Name::new("TCPIP") });
        let ospf = cx(|cx| r.open(cx, 89, false, None)).unwrap();
        let bound = cx(|cx| r.open(cx, 89, false, Some("10.0.0.2".parse().unwrap()))).unwrap();
        let incoming = Incoming {
            src: "10.0.0.9".parse().unwrap(),
            dst: "10.0.0.1".parse().unwrap(),
            protocol: 89,
            ttl: 1,
            tos: 0,
            interface: 1,
            checksum_checked: false,
            many: false,
        };
        assert!(cx(|cx| r.handle_packet(cx, &incoming, b"hello")));
        assert_eq!(&r.recv(ospf).unwrap().data[..], b"hello");
        assert_eq!(r.recv(bound), None);
        assert!(!cx(|cx| r.handle_packet(cx, &Incoming { protocol: 88, ..incoming }, b"x")));
        for _ in 0..1000 {
            cx(|cx| r.handle_packet(cx, &incoming, b"hello"));
        }
        assert_eq!(r.socket(ospf).unwrap().dropped, 1000 - MAX_QUEUE as u64);
        assert_eq!((r.poll_readable(), r.poll_readable()), (Some(ospf), None));
    }

    #[test]
    fn icmpv6_checksums_are_made() {
        let mut r = Raw::new(Stack { asid: 1, job: Name::new("TCPIP") });
        let id = cx(|cx| r.open(cx, 58, true, None)).unwrap();
        let out = Outgoing::new("::".parse().unwrap(), "::1".parse().unwrap(), 0);
        assert!(cx(|cx| r.send(cx, id, out, &[128, 0, 9, 9, 0, 1, 0, 1])));
        let mut bytes = Vec::new();
        let o = r.poll_transmit(&Here, &mut bytes).unwrap();
        assert_eq!((o.src, o.protocol), ("::1".parse().unwrap(), 58));
        // ::1, ::1, length 8, 58, 8000, 0001, 0001: sum 8046, complement 7fb9.
        assert_eq!(bytes, [128, 0, 0x7f, 0xb9, 0, 1, 0, 1]);
    }
}
