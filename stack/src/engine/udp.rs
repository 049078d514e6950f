//! UDP.
//!
//! Source: RFC 768, RFC 1122 section 4.1, RFC 8200 section 8.1 (a checksum is a must in IPv6).

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use formats::checksum::Pseudo;
use formats::ctrace::events::udp as events;
use formats::ctrace::pthdr::DropReason;
use formats::net::IpProtocol;
use formats::net::udp::{Header, Repr, at};

use super::ip::drop;
use super::ip::trace::Stack;
use super::path::Paths;
use super::{Buffer, Context, IcmpError, IcmpKind, Incoming, Outgoing};

/// Sockets at most.
pub const MAX_SOCKETS: usize = 16_384;
/// Datagrams that wait for an application.
const MAX_QUEUE: usize = 1024;
/// Datagrams that wait to be sent, over all sockets.
const MAX_SEND: usize = 1024;
/// Ports that the stack chooses itself (RFC 6335 section 6).
const EPHEMERAL: std::ops::RangeInclusive<u16> = 49_152..=65_535;

/// A socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UdpId(pub u32);

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UdpError {
    /// Another socket has the port (EADDRINUSE).
    InUse,
    /// No such socket.
    NoSocket,
    /// Too many sockets, or no port is left.
    Full,
    /// No destination (EDESTADDRREQ).
    NoDestination,
    /// Longer than a datagram can be (EMSGSIZE).
    TooLong,
    /// Too much waits already (EWOULDBLOCK).
    WouldBlock,
    /// No route (ENETUNREACH).
    Unreachable,
}

/// What was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// Who sent it.
    pub from: SocketAddr,
    /// The address it was sent to.
    pub to: IpAddr,
    /// Interface it came in through.
    pub interface: u16,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// The data.
    pub data: Buffer,
}

/// Something an application may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UdpEvent {
    /// Datagrams wait.
    Readable(UdpId),
    /// An ICMP error came for a connected socket.
    Error(UdpId, IcmpKind),
}

/// What became of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// At least one socket has it.
    Delivered,
    /// Nobody listens to the port: the sender is told, unless it was sent to many.
    NoPort,
    /// It was thrown away.
    Dropped(DropReason),
}

/// Options of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UdpOptions {
    /// Others may bind the same port (SO_REUSEADDR); all get what is sent to many.
    pub reuse: bool,
    /// Time to live or hop limit.
    pub ttl: Option<u8>,
    /// Of datagrams to groups.
    pub multicast_ttl: u8,
    /// Type of service or traffic class.
    pub tos: u8,
    /// Interface for groups and link-local destinations.
    pub interface: Option<u16>,
    /// Do not cut: a datagram that is too long is refused on the way.
    pub dont_fragment: bool,
    /// Bytes that may wait for the application (SO_RCVBUF).
    pub receive_buffer: usize,
}

impl Default for UdpOptions {
    fn default() -> Self {
        Self {
            reuse: false,
            ttl: None,
            multicast_ttl: 1,
            tos: 0,
            interface: None,
            dont_fragment: false,
            receive_buffer: 65_535,
        }
    }
}

/// What was counted of a socket: NETSTAT ALL shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UdpCounters {
    /// Datagrams received.
    pub in_datagrams: u64,
    /// Their bytes.
    pub in_bytes: u64,
    /// Datagrams sent.
    pub out_datagrams: u64,
    /// Their bytes.
    pub out_bytes: u64,
    /// Datagrams that found the queue full.
    pub dropped: u64,
}

/// Counters of the protocol (RFC 4113).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Datagrams delivered.
    pub in_datagrams: u64,
    /// Nobody listened.
    pub no_ports: u64,
    /// Wrong checksum or length, or no room.
    pub in_errors: u64,
    /// Datagrams sent.
    pub out_datagrams: u64,
}

/// A socket.
#[derive(Debug)]
pub struct Socket {
    /// Its address; unspecified for all.
    pub local: SocketAddr,
    /// Where it is connected to.
    pub remote: Option<SocketAddr>,
    /// Options.
    pub options: UdpOptions,
    /// What was counted.
    pub counters: UdpCounters,
    queue: VecDeque<Datagram>,
    bytes: usize,
    groups: Vec<(u16, IpAddr)>,
    error: Option<IcmpKind>,
}

impl Socket {
    /// Datagrams that wait, and their bytes.
    #[must_use]
    pub fn waiting(&self) -> (usize, usize) {
        (self.queue.len(), self.bytes)
    }
}

/// UDP of one stack.
#[derive(Debug)]
pub struct Udp {
    stack: Stack,
    sockets: BTreeMap<UdpId, Socket>,
    ports: BTreeMap<u16, Vec<UdpId>>,
    send: VecDeque<(UdpId, SocketAddr, SocketAddr, Vec<u8>)>,
    events: VecDeque<UdpEvent>,
    next: u32,
    /// What was counted.
    pub counters: Counters,
}

impl Udp {
    /// UDP without sockets.
    #[must_use]
    pub const fn new(stack: Stack) -> Self {
        Self {
            stack,
            sockets: BTreeMap::new(),
            ports: BTreeMap::new(),
            send: VecDeque::new(),
            events: VecDeque::new(),
            next: 1,
            counters: Counters { in_datagrams: 0, no_ports: 0, in_errors: 0, out_datagrams: 0 },
        }
    }

    /// Makes a socket with this address; port 0 lets the stack choose one.
    pub fn bind(
        &mut self,
        cx: &mut Context<'_>,
        mut local: SocketAddr,
        options: UdpOptions,
    ) -> Result<UdpId, UdpError> {
        if self.sockets.len() >= MAX_SOCKETS {
            return Err(UdpError::Full);
        }
        if local.port() == 0 {
            local.set_port(self.ephemeral(cx).ok_or(UdpError::Full)?);
        }
        let in_use =
            self.ports.get(&local.port()).into_iter().flatten().filter_map(|id| self.sockets.get(id)).any(
                |s| {
                    let same_family = s.local.is_ipv4() == local.is_ipv4();
                    let meets = s.local.ip() == local.ip()
                        || same_family && (s.local.ip().is_unspecified() || local.ip().is_unspecified());
                    meets && !(s.options.reuse && options.reuse)
                },
            );
        if in_use {
            return Err(UdpError::InUse);
        }
        let id = UdpId(self.next);
        self.next = self.next.wrapping_add(1).max(1);
        let socket = Socket {
            local,
            remote: None,
            options,
            counters: UdpCounters::default(),
            queue: VecDeque::new(),
            bytes: 0,
            groups: Vec::new(),
            error: None,
        };
        self.sockets.insert(id, socket);
        self.ports.entry(local.port()).or_default().push(id);
        let event = events::UdpBound { id: id.0, address: local.ip(), port: local.port() };
        self.stack.event(cx, local.ip(), &event);
        Ok(id)
    }

    fn ephemeral(&self, cx: &mut Context<'_>) -> Option<u16> {
        let (first, count) = (*EPHEMERAL.start(), EPHEMERAL.len() as u64);
        let from = cx.random.below(count) as u16;
        (0..count as u16).map(|n| first + (from + n) % count as u16).find(|p| !self.ports.contains_key(p))
    }

    /// Gives a socket one remote end: only its datagrams come, and errors about those sent there.
    pub fn connect(&mut self, id: UdpId, remote: SocketAddr) -> Result<(), UdpError> {
        self.sockets.get_mut(&id).ok_or(UdpError::NoSocket)?.remote = Some(remote);
        Ok(())
    }

    /// Closes a socket. Returns the groups it had joined, for the IP layer to leave.
    pub fn close(&mut self, cx: &mut Context<'_>, id: UdpId) -> Vec<(u16, IpAddr)> {
        let Some(s) = self.sockets.remove(&id) else { return Vec::new() };
        let port = s.local.port();
        if let Some(list) = self.ports.get_mut(&port) {
            list.retain(|&i| i != id);
            if list.is_empty() {
                self.ports.remove(&port);
            }
        }
        let event = events::UdpClosed {
            id: id.0,
            port,
            datagrams_in: s.counters.in_datagrams,
            datagrams_out: s.counters.out_datagrams,
        };
        self.stack.event(cx, s.local.ip(), &event);
        s.groups
    }

    /// A socket wants what is sent to a group; the IP layer has to join it too.
    pub fn join(&mut self, id: UdpId, interface: u16, group: IpAddr) -> Result<(), UdpError> {
        let s = self.sockets.get_mut(&id).ok_or(UdpError::NoSocket)?;
        if s.groups.len() >= 64 {
            return Err(UdpError::Full);
        }
        s.groups.push((interface, group));
        Ok(())
    }

    /// Takes a [`Self::join`] back; `false` when there was none.
    pub fn leave(&mut self, id: UdpId, interface: u16, group: IpAddr) -> bool {
        let Some(s) = self.sockets.get_mut(&id) else { return false };
        let at = s.groups.iter().position(|&g| g == (interface, group));
        at.map(|n| s.groups.remove(n)).is_some()
    }

    /// A socket.
    #[must_use]
    pub fn socket(&self, id: UdpId) -> Option<&Socket> {
        self.sockets.get(&id)
    }

    /// A socket's options.
    pub fn options_mut(&mut self, id: UdpId) -> Option<&mut UdpOptions> {
        self.sockets.get_mut(&id).map(|s| &mut s.options)
    }

    /// All sockets.
    pub fn iter(&self) -> impl Iterator<Item = (UdpId, &Socket)> {
        self.sockets.iter().map(|(&id, s)| (id, s))
    }

    /// Hands a datagram down; without `to` it goes where the socket is connected to.
    pub fn send(
        &mut self,
        cx: &mut Context<'_>,
        id: UdpId,
        to: Option<SocketAddr>,
        data: &[u8],
    ) -> Result<(), UdpError> {
        let s = self.sockets.get_mut(&id).ok_or(UdpError::NoSocket)?;
        let to = to.or(s.remote).ok_or(UdpError::NoDestination)?;
        if data.len() > 65_535 - at::LEN - if to.is_ipv4() { 20 } else { 0 } {
            return Err(UdpError::TooLong);
        }
        if self.send.len() >= MAX_SEND {
            return Err(UdpError::WouldBlock);
        }
        s.counters.out_datagrams += 1;
        s.counters.out_bytes += data.len() as u64;
        self.counters.out_datagrams += 1;
        let event = events::UdpSent {
            id: id.0,
            port: s.local.port(),
            remote: to.ip(),
            remote_port: to.port(),
            length: data.len() as u32,
        };
        self.stack.event(cx, to.ip(), &event);
        self.send.push_back((id, s.local, to, data.to_vec()));
        Ok(())
    }

    /// The next datagram for the IP layer: `out` becomes header and data.
    pub fn poll_transmit(&mut self, paths: &dyn Paths, out: &mut Vec<u8>) -> Option<Outgoing> {
        loop {
            let (id, local, to, data) = self.send.pop_front()?;
            let options = self.sockets.get(&id).map(|s| s.options).unwrap_or_default();
            let many = to.ip().is_multicast() || matches!(to.ip(), IpAddr::V4(a) if a.is_broadcast());
            // Without an address of its own the source is the path's; groups have none to ask for.
            let src = match local.ip() {
                a if !a.is_unspecified() && a.is_ipv4() == to.is_ipv4() => a,
                _ => match paths.path(unspecified(to.ip()), to.ip()) {
                    Some(p) => p.source,
                    None => {
                        self.fail(id, IcmpKind::Unreachable(0));
                        continue;
                    }
                },
            };
            let pseudo = pseudo(src, to.ip());
            let repr = Repr { src_port: local.port(), dst_port: to.port(), payload_len: data.len() as u16 };
            out.clear();
            out.resize(at::LEN, 0);
            out.extend_from_slice(&data);
            if pseudo.is_none() || repr.emit(out, pseudo.as_ref()).is_err() {
                continue;
            }
            return Some(Outgoing {
                ttl: if many { Some(options.multicast_ttl) } else { options.ttl },
                tos: options.tos,
                dont_fragment: options.dont_fragment,
                interface: options.interface,
                ..Outgoing::new(src, to.ip(), IpProtocol::UDP.0)
            });
        }
    }

    fn fail(&mut self, id: UdpId, kind: IcmpKind) {
        if let Some(s) = self.sockets.get_mut(&id) {
            s.error = Some(kind);
            self.notify(UdpEvent::Error(id, kind));
        }
    }

    fn notify(&mut self, e: UdpEvent) {
        // Both can be asked for again; a queue that nobody reads does not grow.
        if self.events.len() < MAX_SOCKETS && self.events.back() != Some(&e) {
            self.events.push_back(e);
        }
    }

    /// A datagram came in: header and data.
    pub fn handle_datagram(&mut self, cx: &mut Context<'_>, incoming: &Incoming, datagram: &[u8]) -> Verdict {
        let bad = |udp: &mut Self, cx: &Context<'_>, port, reason: DropReason| {
            udp.counters.in_errors += 1;
            let event = events::UdpDropped {
                port,
                remote: incoming.src,
                length: datagram.len() as u32,
                reason: reason.0,
            };
            udp.stack.event(cx, incoming.src, &event);
            Verdict::Dropped(reason)
        };
        let Ok((h, repr)) = Header::new(datagram).and_then(|h| Repr::parse(&h).map(|r| (h, r))) else {
            return bad(self, cx, 0, drop::UDP_LENGTH);
        };
        let port = repr.dst_port;
        if !incoming.checksum_checked {
            let ok = pseudo(incoming.src, incoming.dst).and_then(|p| h.checksum_ok(&p));
            // None means no checksum, which IPv6 does not allow.
            if ok == Some(false) || ok.is_none() && incoming.src.is_ipv6() {
                return bad(self, cx, port, drop::UDP_CHECKSUM);
            }
        }
        let from = SocketAddr::new(incoming.src, repr.src_port);
        let to = SocketAddr::new(incoming.dst, port);
        let takers = self.takers(incoming, from, to);
        if takers.is_empty() {
            self.counters.no_ports += 1;
            let event = events::UdpNoPort {
                port,
                remote: from.ip(),
                remote_port: from.port(),
                length: datagram.len() as u32,
            };
            self.stack.event(cx, from.ip(), &event);
            return Verdict::NoPort;
        }
        let data = h.payload();
        let mut full = true;
        for id in takers {
            let Some(s) = self.sockets.get_mut(&id) else { continue };
            if s.queue.len() >= MAX_QUEUE
                || s.bytes + data.len() > s.options.receive_buffer && !s.queue.is_empty()
            {
                s.counters.dropped += 1;
                continue;
            }
            full = false;
            s.counters.in_datagrams += 1;
            s.counters.in_bytes += data.len() as u64;
            s.bytes += data.len();
            s.queue.push_back(Datagram {
                from,
                to: incoming.dst,
                interface: incoming.interface,
                ttl: incoming.ttl,
                data: Buffer::copy(data),
            });
            let event = events::UdpReceived {
                id: id.0,
                port,
                remote: from.ip(),
                remote_port: from.port(),
                length: data.len() as u32,
                queued: s.queue.len() as u32,
            };
            self.stack.event(cx, from.ip(), &event);
            self.notify(UdpEvent::Readable(id));
        }
        if full {
            return bad(self, cx, port, drop::UDP_QUEUE_FULL);
        }
        self.counters.in_datagrams += 1;
        Verdict::Delivered
    }

    /// The sockets that get a datagram: of one host's the best match, of many's all that listen.
    fn takers(&self, incoming: &Incoming, from: SocketAddr, to: SocketAddr) -> Vec<UdpId> {
        let score = |s: &Socket| {
            let address = if s.local.ip() == to.ip() {
                2
            } else if s.local.ip().is_unspecified()
                && (s.local.is_ipv4() == to.is_ipv4() || s.local.is_ipv6())
            {
                1
            } else if incoming.many && s.local.is_ipv4() == to.is_ipv4() {
                // Bound to an address of its own: groups and broadcasts come too.
                1
            } else {
                return None;
            };
            match s.remote {
                Some(r) if r == from => Some(address + 4),
                Some(_) => None,
                None => Some(address),
            }
        };
        let all = self.ports.get(&to.port()).into_iter().flatten();
        let good = all.filter_map(|&id| Some((id, score(self.sockets.get(&id)?)?)));
        if !incoming.many {
            return good.max_by_key(|&(_, n)| n).map(|(id, _)| id).into_iter().collect();
        }
        let group = to.ip().is_multicast();
        let joined = |id: &UdpId| {
            self.sockets.get(id).is_some_and(|s| s.groups.contains(&(incoming.interface, to.ip())))
        };
        // What comes back from this stack itself comes through loopback.
        let looped = incoming.interface == super::ip::LOOPBACK;
        let any = |id: &UdpId| self.sockets.get(id).is_some_and(|s| s.groups.iter().any(|g| g.1 == to.ip()));
        good.map(|(id, _)| id).filter(|id| !group || joined(id) || looped && any(id)).collect()
    }

    /// An ICMP error about a datagram of this stack.
    pub fn handle_icmp(&mut self, cx: &mut Context<'_>, error: &IcmpError) {
        let Some((src_port, dst_port)) = error.ports() else { return };
        let remote = SocketAddr::new(error.dst, dst_port);
        let hit = self
            .ports
            .get(&src_port)
            .into_iter()
            .flatten()
            .find(|id| self.sockets.get(id).is_some_and(|s| s.remote == Some(remote)));
        let Some(&id) = hit else { return };
        let code = match error.kind {
            IcmpKind::Unreachable(code) => code,
            // A smaller path MTU concerns later datagrams, and those the IP layer cuts.
            IcmpKind::PacketTooBig(_) => return,
            IcmpKind::TimeExceeded | IcmpKind::ParameterProblem => u8::MAX,
        };
        let event =
            events::UdpError { id: id.0, port: src_port, remote: remote.ip(), remote_port: dst_port, code };
        self.stack.event(cx, remote.ip(), &event);
        self.fail(id, error.kind);
    }

    /// The next datagram of a socket.
    pub fn recv(&mut self, id: UdpId) -> Option<Datagram> {
        let s = self.sockets.get_mut(&id)?;
        let d = s.queue.pop_front()?;
        s.bytes -= d.data.len();
        Some(d)
    }

    /// The error that waits for a socket, once.
    pub fn take_error(&mut self, id: UdpId) -> Option<IcmpKind> {
        self.sockets.get_mut(&id)?.error.take()
    }

    /// Something an application may wait for.
    pub fn poll_event(&mut self) -> Option<UdpEvent> {
        self.events.pop_front()
    }
}

const fn unspecified(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}

/// The pseudo header of two addresses of the same family.
const fn pseudo(src: IpAddr, dst: IpAddr) -> Option<Pseudo> {
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => Some(Pseudo::V4 { src, dst }),
        (IpAddr::V6(src), IpAddr::V6(dst)) => Some(Pseudo::V6 { src, dst }),
        _ => None,
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
        fn path(&self, _: IpAddr, dst: IpAddr) -> Option<Path> {
            let source = if dst.is_ipv4() { "10.0.0.1" } else { "2001:db8::1" }.parse().unwrap();
            Some(Path { source, mtu: 1500, checksum_offload: false, segmentation: None, local: false })
        }
    }

    fn cx<R>(f: impl FnOnce(&mut Context<'_>) -> R) -> R {
        let (trace, mut random) = (Tracer::off(), Random::new(1));
        f(&mut Context { now: Instant::START, random: &mut random, trace: &trace })
    }

    fn udp() -> Udp {
        Udp::new(Stack { asid: 1, job: Name::new("TCPIP") })
    }

    fn bind(u: &mut Udp, a: &str, reuse: bool) -> Result<UdpId, UdpError> {
        cx(|cx| u.bind(cx, a.parse().unwrap(), UdpOptions { reuse, ..UdpOptions::default() }))
    }

    fn incoming(src: &str, dst: &str) -> Incoming {
        Incoming {
            src: src.parse().unwrap(),
            dst: dst.parse().unwrap(),
            protocol: 17,
            ttl: 64,
            tos: 0,
            interface: 1,
            checksum_checked: false,
            many: false,
        }
    }

    fn datagram(i: &Incoming, from: u16, to: u16, data: &[u8]) -> Vec<u8> {
        let mut b = vec![0; 8];
        b.extend(data);
        let r = Repr { src_port: from, dst_port: to, payload_len: data.len() as u16 };
        r.emit(&mut b, pseudo(i.src, i.dst).as_ref()).unwrap();
        b
    }

    #[test]
    fn ports_are_bound_once() {
        let mut u = udp();
        bind(&mut u, "10.0.0.1:53", false).unwrap();
        assert_eq!(bind(&mut u, "10.0.0.1:53", false), Err(UdpError::InUse));
        assert_eq!(bind(&mut u, "0.0.0.0:53", true), Err(UdpError::InUse));
        bind(&mut u, "10.0.0.2:53", false).unwrap();
        bind(&mut u, "[::]:53", false).unwrap();
        bind(&mut u, "0.0.0.0:54", true).unwrap();
        bind(&mut u, "0.0.0.0:54", true).unwrap();
        let id = bind(&mut u, "0.0.0.0:0", false).unwrap();
        assert!(EPHEMERAL.contains(&u.socket(id).unwrap().local.port()));
    }

    #[test]
    fn the_closest_socket_gets_a_datagram() {
        let mut u = udp();
        let any = bind(&mut u, "0.0.0.0:7", true).unwrap();
        let one = bind(&mut u, "10.0.0.1:7", true).unwrap();
        let connected = bind(&mut u, "10.0.0.1:7", true).unwrap();
        u.connect(connected, "10.0.0.9:99".parse().unwrap()).unwrap();
        for (src, dst, port, who) in [
            ("10.0.0.9", "10.0.0.1", 99, connected),
            ("10.0.0.9", "10.0.0.1", 98, one),
            ("10.0.0.9", "10.0.0.2", 99, any),
        ] {
            let i = incoming(src, dst);
            let d = datagram(&i, port, 7, b"x");
            assert_eq!(cx(|cx| u.handle_datagram(cx, &i, &d)), Verdict::Delivered);
            assert!(u.recv(who).is_some());
        }
    }

    #[test]
    fn checksums_lengths_and_ports_are_checked() {
        let mut u = udp();
        bind(&mut u, "0.0.0.0:7", false).unwrap();
        bind(&mut u, "[::]:7", false).unwrap();
        let v4 = incoming("10.0.0.9", "10.0.0.1");
        let v6 = incoming("2001:db8::9", "2001:db8::1");
        let good = datagram(&v4, 1, 7, b"abc");
        let mut bad = good.clone();
        bad[9] ^= 1;
        let mut none = good.clone();
        none[6..8].fill(0);
        let mut long = good.clone();
        long[5] = 200;
        let verdict = |u: &mut Udp, i: &Incoming, d: &[u8]| cx(|cx| u.handle_datagram(cx, i, d));
        assert_eq!(verdict(&mut u, &v4, &good), Verdict::Delivered);
        assert_eq!(verdict(&mut u, &v4, &bad), Verdict::Dropped(drop::UDP_CHECKSUM));
        assert_eq!(verdict(&mut u, &v4, &none), Verdict::Delivered, "RFC 768: none was made");
        assert_eq!(verdict(&mut u, &v6, &none), Verdict::Dropped(drop::UDP_CHECKSUM), "RFC 8200 section 8.1");
        assert_eq!(verdict(&mut u, &v4, &long), Verdict::Dropped(drop::UDP_LENGTH));
        assert_eq!(verdict(&mut u, &v4, &good[..7]), Verdict::Dropped(drop::UDP_LENGTH));
        assert_eq!(verdict(&mut u, &v4, &datagram(&v4, 1, 8, b"")), Verdict::NoPort);
        assert_eq!((u.counters.in_datagrams, u.counters.in_errors, u.counters.no_ports), (2, 4, 1));
    }

    #[test]
    fn queues_are_bounded() {
        let mut u = udp();
        let id = bind(&mut u, "0.0.0.0:7", false).unwrap();
        let i = incoming("10.0.0.9", "10.0.0.1");
        let d = datagram(&i, 1, 7, &[0; 1000]);
        for _ in 0..500 {
            cx(|cx| u.handle_datagram(cx, &i, &d));
        }
        assert_eq!(u.socket(id).unwrap().waiting(), (65, 65_000));
        assert_eq!(u.socket(id).unwrap().counters.dropped, 435);
        let to = "10.0.0.9:1".parse().unwrap();
        let sent = (0..5000).take_while(|_| cx(|cx| u.send(cx, id, Some(to), b"x")).is_ok()).count();
        assert_eq!(sent, MAX_SEND);
        assert_eq!(cx(|cx| u.send(cx, id, Some(to), &vec![0; 65_508])), Err(UdpError::TooLong));
    }

    #[test]
    fn what_is_sent() {
        // The pseudo header of RFC 768: 10.0.0.1, 10.0.0.9, 17, 10.
        let mut u = udp();
        let id = bind(&mut u, "0.0.0.0:4660", false).unwrap();
        cx(|cx| u.send(cx, id, Some("10.0.0.9:7".parse().unwrap()), &[0xab, 0xcd])).unwrap();
        let mut out = Vec::new();
        let o = u.poll_transmit(&Here, &mut out).unwrap();
        assert_eq!(
            (o.src, o.dst, o.protocol),
            ("10.0.0.1".parse().unwrap(), "10.0.0.9".parse().unwrap(), 17)
        );
        // The words add up to d237, whose complement is 2dc8.
        assert_eq!(out, [0x12, 0x34, 0, 7, 0, 10, 0x2d, 0xc8, 0xab, 0xcd]);
    }

    #[test]
    fn errors_reach_connected_sockets() {
        let mut u = udp();
        let id = bind(&mut u, "10.0.0.1:4660", false).unwrap();
        let e = IcmpError {
            reporter: "10.0.0.9".parse().unwrap(),
            src: "10.0.0.1".parse().unwrap(),
            dst: "10.0.0.9".parse().unwrap(),
            protocol: 17,
            kind: IcmpKind::Unreachable(3),
            quoted: vec![0x12, 0x34, 0, 7, 0, 8, 0, 0],
        };
        cx(|cx| u.handle_icmp(cx, &e));
        assert_eq!(u.take_error(id), None, "RFC 1122 section 4.1.3.3: not without a connection");
        u.connect(id, "10.0.0.9:7".parse().unwrap()).unwrap();
        cx(|cx| u.handle_icmp(cx, &e));
        assert_eq!(u.poll_event(), Some(UdpEvent::Error(id, IcmpKind::Unreachable(3))));
        assert_eq!((u.take_error(id), u.take_error(id)), (Some(IcmpKind::Unreachable(3)), None));
    }
}
