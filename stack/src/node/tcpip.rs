//! A TCP/IP stack put together from its engines.
//!
//! [`TcpIp::poll`] runs what is due: timers, what applications asked for, and packets on their way
//! between the engines, until nothing moves any more.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use ctrace::{Buffers, DataPoint, FlowState, Settings, Trace, Tracer, Which};
use formats::ctrace::Name;
use formats::ctrace::events::stack::{InterfaceDefined, Started, Stopped};
use formats::ctrace::events::{Direction, Protocol};
use formats::tod::Tod;

use super::config::{InterfaceConfig, StackConfig};
use super::datagrams::Datagrams;
use super::waiters::{Wait, Waiters};
use crate::engine::dlc::Up;
use crate::engine::dlc::loopback::Loopback;
use crate::engine::dlc::trle::{Handle, Trl};
use crate::engine::ip::{self, Delivery, Ip, LOOPBACK, Refusal};
use crate::engine::raw::Raw;
use crate::engine::tcp::config::Owner;
use crate::engine::tcp::{ConnectionId, Tcp};
use crate::engine::udp::{Udp, Verdict};
use crate::engine::{Context, Instant, Random};

/// IP protocol numbers.
const TCP: u8 = 6;
const UDP: u8 = 17;
/// ICMP, IGMP and ICMPv6: the IP layer itself speaks them, whether or not a socket listens.
const ALWAYS_SPOKEN: [u8; 3] = [1, 2, 58];

/// What an engine is given: time, randomness and the trace of a stack.
macro_rules! cx {
    ($s:expr) => {
        $crate::engine::Context { now: $s.now, random: &mut $s.random, trace: &$s.tracer }
    };
}
pub(super) use cx;

/// A stack.
pub struct TcpIp {
    pub(super) system: Name<8>,
    pub(super) owner: Owner,
    pub(super) now: Instant,
    pub(super) started: Instant,
    epoch: u64,
    trace: Trace,
    pub(super) tracer: Tracer,
    pub(super) random: Random,
    pub(super) ip: Ip,
    pub(super) tcp: Tcp,
    pub(super) udp: Udp,
    pub(super) raw: Raw,
    /// By connection number: who waits.
    pub(super) waiters: BTreeMap<u32, Waiters>,
    /// Those of them for whose end somebody waits.
    pub(super) closing: BTreeMap<u32, ConnectionId>,
    /// By number: UDP and RAW sockets.
    pub(super) datagrams: BTreeMap<u32, Datagrams>,
    /// By interface: its datapath. The loopback interface has none.
    links: Vec<Option<Handle>>,
    loopback: Loopback,
    /// Sockets whose data flow was traced, so that its end is.
    flows: BTreeSet<u32>,
    /// An application did something since the last poll.
    pub(super) dirty: bool,
    /// TCP segments are put together here.
    segment: Vec<u8>,
}

/// Data of one call in a record of data trace at most: a record's original length has two bytes.
const DATA_RECORD: usize = 60_000;
/// Rounds of one poll; what is left is done in the next.
const ROUNDS: usize = 64;

impl TcpIp {
    /// A stack with a loopback interface, started.
    #[must_use]
    pub fn new(system: Name<8>, owner: Owner, config: StackConfig, mut random: Random) -> Self {
        let trace = Trace::new(settings(system, owner.job, &config));
        let tracer = trace.tracer();
        let epoch = config.trace.epoch;
        trace.set_time(tod(epoch));
        let now = Instant::START;
        let tcp = Tcp::new(config.tcp.clone(), &mut random);
        let mut cx = crate::engine::Context { now, random: &mut random, trace: &tracer };
        let ip_config = ip::Config {
            forwarding: config.forwarding,
            sourcevipa: config.sourcevipa,
            ..ip::Config::new(&config.name, owner.asid)
        };
        let ip = Ip::new(&mut cx, ip_config);
        let s = Self {
            system,
            owner,
            now,
            started: now,
            epoch,
            trace,
            tracer,
            random,
            ip,
            tcp,
            udp: Udp::new(ip_config.stack),
            raw: Raw::new(ip_config.stack),
            waiters: BTreeMap::new(),
            closing: BTreeMap::new(),
            flows: BTreeSet::new(),
            datagrams: BTreeMap::new(),
            links: vec![None],
            loopback: Loopback::default(),
            dirty: true,
            segment: Vec::with_capacity(65_536),
        };
        s.tracer.event(&owner.nobody(), &Started { name: owner.job, system, interfaces: 1 });
        s
    }

    /// Job name.
    #[must_use]
    pub const fn name(&self) -> Name<8> {
        self.owner.job
    }

    /// System name.
    #[must_use]
    pub const fn system(&self) -> Name<8> {
        self.system
    }

    /// The stack's address space.
    #[must_use]
    pub const fn owner(&self) -> Owner {
        self.owner
    }

    /// When it last ran.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// When it was started.
    #[must_use]
    pub const fn started(&self) -> Instant {
        self.started
    }

    /// Its component trace.
    #[must_use]
    pub const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Its TCP engine, to look at.
    #[must_use]
    pub const fn tcp(&self) -> &Tcp {
        &self.tcp
    }

    /// Its IP layer, to look at.
    #[must_use]
    pub const fn ip(&self) -> &Ip {
        &self.ip
    }

    /// Name of an interface.
    #[must_use]
    pub fn interface_name(&self, index: u16) -> String {
        self.ip.interface(index).map_or_else(|| index.to_string(), |i| i.config.name.to_string())
    }

    /// Adds an interface over a datapath of a DLC and starts it. `None` when there are too many.
    pub(super) fn add_interface(&mut self, link: Handle, config: &InterfaceConfig) -> Option<u16> {
        let index = self.ip.add_interface(config.ip)?;
        let event = InterfaceDefined { interface: config.ip.name, index, mtu: config.ip.mtu };
        self.tracer.event(&self.owner.nobody(), &event);
        self.links.push(Some(link));
        for &(address, prefix) in &config.addresses {
            self.ip.add_address(&mut cx!(self), index, address, prefix);
        }
        self.dirty = true;
        Some(index)
    }

    /// Something came from the DLC of an interface.
    pub(super) fn handle_up(&mut self, now: Instant, link: Handle, up: Up) {
        self.at(now);
        if let Some(i) = self.links.iter().position(|l| *l == Some(link)) {
            self.ip.handle_up(&mut cx!(self), i as u16, up);
            self.dirty = true;
        }
    }

    /// Lends what engines are given, for something below the stack.
    pub(super) fn with_cx<T>(&mut self, now: Instant, f: impl FnOnce(&mut Context<'_>) -> T) -> T {
        self.at(now);
        f(&mut cx!(self))
    }

    /// Adds a route.
    pub fn add_route(&mut self, route: ip::route::Route) -> bool {
        self.dirty = true;
        self.ip.add_route(&cx!(self), route)
    }

    /// Adds a static VIPA.
    pub fn add_vipa(&mut self, address: std::net::IpAddr, prefix_len: u8) -> bool {
        self.dirty = true;
        self.ip.add_vipa(&mut cx!(self), address, prefix_len)
    }

    /// Ends the stack as far as its trace is concerned.
    pub fn stop(&mut self) {
        let seconds = u32::try_from(self.now.since(self.started).as_secs()).unwrap_or(u32::MAX);
        self.tracer.event(&self.owner.nobody(), &Stopped { name: self.owner.job, seconds });
    }

    /// Moves the stack's clock.
    pub(super) fn at(&mut self, now: Instant) {
        if now != self.now {
            self.now = now;
            self.trace.set_time(tod(self.epoch + now.0));
        }
    }

    /// Does what is due; what is to be sent goes to the DLCs of `trl`. Returns whether anything
    /// happened.
    pub(super) fn poll(&mut self, now: Instant, trl: &mut Trl) -> bool {
        self.at(now);
        let timers = self.timers();
        if !std::mem::take(&mut self.dirty) && !timers {
            return false;
        }
        for round in 0..ROUNDS {
            let moved = self.up() | self.down(trl) | self.tcp_events() | self.datagram_events();
            if !moved {
                break;
            }
            self.dirty = round + 1 == ROUNDS;
        }
        self.closings();
        true
    }

    fn timers(&mut self) -> bool {
        let due = |t: Option<Instant>, now| t.is_some_and(|t| t <= now);
        let (ip, tcp) = (due(self.ip.poll_timeout(), self.now), due(self.tcp.poll_timeout(), self.now));
        if ip {
            self.ip.handle_timeout(&mut cx!(self));
        }
        if tcp {
            self.tcp.handle_timeout(&mut cx!(self));
        }
        ip || tcp
    }

    /// When something is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.dirty {
            return Some(self.now);
        }
        self.ip.poll_timeout().into_iter().chain(self.tcp.poll_timeout()).min()
    }

    /// From the IP layer to the protocols above.
    fn up(&mut self) -> bool {
        let mut any = false;
        while let Some(d) = self.ip.poll_deliver() {
            any = true;
            match d {
                Delivery::Packet(p) => match p.incoming.protocol {
                    TCP => self.tcp.handle_segment(&mut cx!(self), &p.incoming, p.payload()),
                    UDP => {
                        let verdict = self.udp.handle_datagram(&mut cx!(self), &p.incoming, p.payload());
                        if verdict == Verdict::NoPort {
                            self.ip.refuse(&mut cx!(self), &p, Refusal::Port);
                        }
                    }
                    _ => {
                        let taken = self.raw.handle_packet(&cx!(self), &p.incoming, p.payload());
                        if !taken && !ALWAYS_SPOKEN.contains(&p.incoming.protocol) {
                            self.ip.refuse(&mut cx!(self), &p, Refusal::Protocol);
                        }
                    }
                },
                Delivery::Error(e) => match e.protocol {
                    TCP => self.tcp.handle_icmp(&mut cx!(self), &e),
                    UDP => self.udp.handle_icmp(&mut cx!(self), &e),
                    _ => self.raw.handle_icmp(&e),
                },
            }
        }
        any
    }

    /// From the protocols above to the IP layer, and from there to the interfaces.
    fn down(&mut self, trl: &mut Trl) -> bool {
        let mut any = false;
        loop {
            self.segment.clear();
            let mut cx = cx!(self);
            let next = self
                .tcp
                .poll_transmit(&mut cx, &self.ip, &mut self.segment)
                .or_else(|| self.udp.poll_transmit(&self.ip, &mut self.segment))
                .or_else(|| self.raw.poll_transmit(&self.ip, &mut self.segment));
            let Some(out) = next else { break };
            any = true;
            // What cannot be sent is as good as lost on the way.
            let _ = self.ip.send(&mut cx, &out, &self.segment);
        }
        while let Some((interface, what)) = self.ip.poll_transmit() {
            any = true;
            match self.links.get(usize::from(interface)).copied().flatten() {
                Some(link) => trl.send(&mut cx!(self), link, what),
                None => self.loopback.send(what),
            }
        }
        while let Some(up) = self.loopback.poll_up() {
            any = true;
            self.ip.handle_up(&mut cx!(self), LOOPBACK, up);
        }
        any
    }

    /// Those who wait for the end of a connection: its state says when that is, no event does.
    fn closings(&mut self) {
        let (tcp, waiters) = (&self.tcp, &mut self.waiters);
        self.closing.retain(|cid, id| {
            let closing = tcp.connection(*id).is_some_and(super::streams::is_closing);
            if !closing && let Some(w) = waiters.get_mut(cid) {
                w.wake(Wait::Closed);
            }
            closing
        });
    }

    /// Records data at a socket, and that its flow starts when this is the first.
    pub(super) fn trace_data(
        &mut self,
        owner: Owner,
        cid: u32,
        protocol: Protocol,
        direction: Direction,
        ends: (SocketAddr, SocketAddr),
        data: &[u8],
    ) {
        if !self.tracer.traces_data() {
            return;
        }
        if self.flows.insert(cid) {
            self.data_point(owner, cid, protocol, direction, FlowState::Start, ends, &[]);
        }
        for part in data.chunks(DATA_RECORD) {
            self.data_point(owner, cid, protocol, direction, FlowState::Data, ends, part);
        }
    }

    /// Records the end of a flow that had a start.
    pub(super) fn trace_flow_end(
        &mut self,
        owner: Owner,
        cid: u32,
        protocol: Protocol,
        ends: (SocketAddr, SocketAddr),
    ) {
        if self.flows.remove(&cid) {
            self.data_point(owner, cid, protocol, Direction::OUT, FlowState::End, ends, &[]);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn data_point(
        &self,
        owner: Owner,
        cid: u32,
        protocol: Protocol,
        direction: Direction,
        state: FlowState,
        (local, remote): (SocketAddr, SocketAddr),
        data: &[u8],
    ) {
        self.tracer.data(&DataPoint {
            direction,
            job: owner.job,
            asid: owner.asid,
            cid,
            protocol,
            state,
            clear_text: false,
            local,
            remote,
            data,
        });
    }

    /// Counters of IP, both families together.
    #[must_use]
    pub(super) fn ip_statistics(&self) -> Vec<(&'static str, u64)> {
        let n = &self.ip.counters;
        let (a, b) = (&n.v4, &n.v6);
        vec![
            ("Packets Received", a.in_receives + b.in_receives),
            ("Received Header Errors", a.in_header_errors + b.in_header_errors),
            ("Received Address Errors", a.in_address_errors + b.in_address_errors),
            ("Datagrams Forwarded", a.in_forwarded + b.in_forwarded),
            ("Unknown Protocols Received", a.in_unknown_protocols + b.in_unknown_protocols),
            ("Received Packets Discarded", a.in_discards + b.in_discards),
            ("Received Packets Delivered", a.in_delivers + b.in_delivers),
            ("Output Requests", a.out_requests + b.out_requests),
            ("Output Discards", a.out_discards + b.out_discards),
            ("Output Discards (no route)", a.out_no_routes + b.out_no_routes),
            ("Reassembly Required", a.reassembly_required + b.reassembly_required),
            ("Reassembly Successful", a.reassembly_ok + b.reassembly_ok),
            ("Reassembly Failures", a.reassembly_failed + b.reassembly_failed),
            ("Datagrams Successfully Fragmented", a.fragments_ok + b.fragments_ok),
            ("Datagrams Failing Fragmentation", a.fragments_failed + b.fragments_failed),
            ("Fragments Created", a.fragments_created + b.fragments_created),
            ("ICMP Messages Received", a.icmp_in + b.icmp_in),
            ("ICMP Messages Sent", a.icmp_out + b.icmp_out),
        ]
    }

    /// Counters of UDP.
    #[must_use]
    pub(super) fn udp_statistics(&self) -> Vec<(&'static str, u64)> {
        let n = &self.udp.counters;
        vec![
            ("Datagrams Received", n.in_datagrams),
            ("No Port Errors", n.no_ports),
            ("Receive Errors", n.in_errors),
            ("Datagrams Sent", n.out_datagrams),
        ]
    }

    /// Records a line of a resolver.
    pub fn trace_resolver(&mut self, owner: Owner, text: &str) {
        self.tracer.resolver(&owner.nobody(), &[text]);
    }
}

/// The TOD clock at a time since 1970.
fn tod(unix_nanos: u64) -> Tod {
    let (s, n) = (unix_nanos / 1_000_000_000, unix_nanos % 1_000_000_000);
    Tod::from_unix(s as i64, n as u32).unwrap_or(Tod::UNIX_EPOCH)
}

fn settings(system: Name<8>, job: Name<8>, config: &StackConfig) -> Settings {
    let mut s = Settings::new("", "").virtual_time();
    s.system = system;
    s.stack = job;
    let n = config.trace.buffers;
    let buffers = if n == 0 { Buffers { size: 0, count: 0 } } else { Buffers::total(n) };
    for w in Which::ALL {
        s = s.with_buffers(w, buffers);
    }
    s
}
