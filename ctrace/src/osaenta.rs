//! VARY TCPIP,,OSAENTA: which frames of an OSA adapter are recorded, and how much of them.
//!
//! A frame has to satisfy every type of filter that has values (AND); the values of one type are
//! alternatives (OR), commands add to them. Limits on frames, megabytes and minutes end a trace.
//! Source: IP System Administrator's Commands, "VARY TCPIP,,OSAENTA"; that values of one type
//! are alternatives is inferred.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use formats::ctrace::events::Mac;
use formats::ctrace::{DropReason, Name};
use formats::tod::{Tod, UNITS_PER_SEC};

use crate::filter::{Net, any_or};
use crate::flow::Flow;

/// DISCARD: frames that the adapter throws away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OsaDiscard {
    /// Those and all others.
    #[default]
    All,
    /// Those that are thrown away because something is wrong with them.
    Exception,
    /// None of them.
    None,
    /// Those thrown away for this reason.
    Reason(DropReason),
}

/// Reasons from here on are exceptions, those below are filters doing their work (ours).
const FIRST_EXCEPTION: u16 = 0x100;

/// What a frame is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FrameFlow {
    /// Destination address.
    pub dst: Mac,
    /// Source address.
    pub src: Mac,
    /// VLAN of its first tag.
    pub vlan: Option<u16>,
    /// Type behind the tags, a length in LLC frames.
    pub ether_type: u16,
    /// The IP packet in it.
    pub flow: Option<Flow>,
    /// Bytes of link, IP and transport headers, which ABBREV keeps.
    pub headers: usize,
}

/// EtherType of SNA.
pub const SNA: u16 = 0x80D5;

impl FrameFlow {
    /// Of an Ethernet frame.
    #[must_use]
    pub fn of(frame: &[u8]) -> Self {
        let mac = |at: usize| frame.get(at..).and_then(|b| b.first_chunk()).copied().unwrap_or_default();
        let half =
            |at: usize| frame.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u16::from_be_bytes(*b));
        let mut f = Self { dst: mac(0), src: mac(6), ..Self::default() };
        let mut at = 12;
        while matches!(half(at), 0x8100 | 0x88A8) && at < 20 {
            f.vlan = f.vlan.or(Some(half(at + 2) & 0xFFF));
            at += 4;
        }
        f.ether_type = half(at);
        let data = frame.get(at + 2..).unwrap_or_default();
        f.headers = frame.len() - data.len();
        if matches!(f.ether_type, 0x0800 | 0x86DD) {
            let flow = Flow::of(data);
            f.headers += flow.headers;
            f.flow = Some(flow);
        }
        f
    }
}

/// What a trace of an adapter has recorded.
#[derive(Debug, Default)]
pub struct OsaCounts {
    frames: AtomicU64,
    bytes: AtomicU64,
    started: AtomicU64,
}

/// Counts say nothing about what is configured.
impl PartialEq for OsaCounts {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for OsaCounts {}

impl OsaCounts {
    /// Frames recorded.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// Bytes recorded.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// The trace of one OSA port. Lists that are empty let everything through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OsaTrace {
    /// Recording.
    pub on: bool,
    /// Bytes of a frame that are kept; `None` is FULL.
    pub abbrev: Option<u16>,
    /// DATA: megabytes after which it ends.
    pub megabytes: u32,
    /// FRAMES: frames after which it ends.
    pub frames: u32,
    /// TIME: minutes after which it ends.
    pub minutes: u32,
    /// DISCARD.
    pub discard: OsaDiscard,
    /// NOFILTER=ALL: without any filter all frames are recorded, otherwise none.
    pub no_filter_all: bool,
    /// DEVICEID.
    pub devices: Vec<u32>,
    /// MAC: source or destination.
    pub macs: Vec<Mac>,
    /// VLANID.
    pub vlans: Vec<u16>,
    /// ETHTYPE.
    pub ether_types: Vec<u16>,
    /// IPADDR: source or destination.
    pub addresses: Vec<Net>,
    /// PROTOCOL.
    pub protocols: Vec<u8>,
    /// PORTNUM: source or destination.
    pub ports: Vec<u16>,
    /// What was recorded since it was turned on.
    pub counts: Arc<OsaCounts>,
}

impl Default for OsaTrace {
    /// Off, with the documented defaults.
    fn default() -> Self {
        Self {
            on: false,
            abbrev: Some(224),
            megabytes: 1024,
            frames: i32::MAX as u32,
            minutes: 10_080,
            discard: OsaDiscard::All,
            no_filter_all: true,
            devices: Vec::new(),
            macs: Vec::new(),
            vlans: Vec::new(),
            ether_types: Vec::new(),
            addresses: Vec::new(),
            protocols: Vec::new(),
            ports: Vec::new(),
            counts: Arc::default(),
        }
    }
}

impl OsaTrace {
    /// Turns it on; the limits count from here.
    pub fn turn_on(&mut self) {
        self.on = true;
        self.counts = Arc::default();
    }

    /// CLEAR: drops the filters.
    pub fn clear_filters(&mut self) {
        let settings = (self.on, self.abbrev, self.megabytes, self.frames, self.minutes, self.discard);
        let (no_filter_all, counts) = (self.no_filter_all, self.counts.clone());
        *self = Self { no_filter_all, counts, ..Self::default() };
        (self.on, self.abbrev, self.megabytes, self.frames, self.minutes, self.discard) = settings;
    }

    fn has_filters(&self) -> bool {
        !(self.devices.is_empty()
            && self.macs.is_empty()
            && self.vlans.is_empty()
            && self.ether_types.is_empty()
            && self.addresses.is_empty()
            && self.protocols.is_empty()
            && self.ports.is_empty())
    }

    fn matches(&self, device: u32, f: &FrameFlow, reason: DropReason) -> bool {
        let kept = match self.discard {
            OsaDiscard::All => true,
            OsaDiscard::Exception => reason.0 == 0 || reason.0 >= FIRST_EXCEPTION,
            OsaDiscard::None => reason.0 == 0,
            OsaDiscard::Reason(r) => reason.0 == 0 || reason == r,
        };
        if !kept || !(self.no_filter_all || self.has_filters()) {
            return false;
        }
        let vlan = |v: &Vec<u16>| v.is_empty() || f.vlan.is_some_and(|id| v.contains(&id));
        let flow = |test: &dyn Fn(&Flow) -> bool| f.flow.as_ref().is_some_and(test);
        any_or(&self.devices, &device)
            && (self.macs.is_empty() || self.macs.iter().any(|m| *m == f.src || *m == f.dst))
            && vlan(&self.vlans)
            && any_or(&self.ether_types, &f.ether_type)
            && (self.addresses.is_empty()
                || flow(&|p| self.addresses.iter().any(|n| n.has_field(p.src) || n.has_field(p.dst))))
            && (self.protocols.is_empty() || flow(&|p| self.protocols.contains(&p.protocol)))
            && (self.ports.is_empty()
                || flow(&|p| {
                    p.has_ports && (self.ports.contains(&p.ports.0) || self.ports.contains(&p.ports.1))
                }))
    }

    /// Counts a frame, false when a limit ends the trace.
    fn within_limits(&self, len: usize, now: Tod) -> bool {
        let c = &self.counts;
        let _ = c.started.compare_exchange(0, now.0, Ordering::Relaxed, Ordering::Relaxed);
        let age = now.0.saturating_sub(c.started.load(Ordering::Relaxed)) / UNITS_PER_SEC;
        if age >= u64::from(self.minutes) * 60
            || c.frames() >= u64::from(self.frames)
            || c.bytes() >= u64::from(self.megabytes) << 20
        {
            return false;
        }
        c.frames.fetch_add(1, Ordering::Relaxed);
        c.bytes.fetch_add(len as u64, Ordering::Relaxed);
        true
    }
}

/// The traces of all OSA ports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OsaEnta {
    /// Ports that no command named.
    pub others: OsaTrace,
    /// Ports that a command named.
    pub ports: Vec<(Name<8>, OsaTrace)>,
}

impl OsaEnta {
    /// Every frame of every port, in full.
    #[must_use]
    pub fn everything() -> Self {
        let others = OsaTrace {
            on: true,
            abbrev: None,
            megabytes: u32::MAX,
            minutes: u32::MAX,
            frames: u32::MAX,
            ..OsaTrace::default()
        };
        Self { others, ports: Vec::new() }
    }

    /// True when a port is traced.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.others.on || self.ports.iter().any(|(_, p)| p.on)
    }

    /// The trace of a port, defined when it was not.
    pub fn port(&mut self, name: Name<8>) -> &mut OsaTrace {
        let at = match self.ports.iter().position(|(n, _)| *n == name) {
            Some(at) => at,
            None => {
                self.ports.push((name, OsaTrace::default()));
                self.ports.len() - 1
            }
        };
        &mut self.ports[at].1
    }

    /// DEL: forgets a port.
    pub fn delete(&mut self, name: Name<8>) {
        self.ports.retain(|(n, _)| *n != name);
    }

    /// The trace of a port.
    #[must_use]
    pub fn of(&self, name: &Name<8>) -> &OsaTrace {
        self.ports.iter().find(|(n, _)| n == name).map_or(&self.others, |(_, p)| p)
    }

    /// How many bytes of a frame are recorded, `None` when it is not. Counts it.
    pub(crate) fn length(
        &self,
        port: &Name<8>,
        device: u32,
        f: &FrameFlow,
        reason: DropReason,
        len: usize,
        now: Tod,
    ) -> Option<usize> {
        let t = self.of(port);
        if !t.on || !t.matches(device, f, reason) {
            return None;
        }
        let keep = t.abbrev.map_or(len, |n| usize::from(n).max(f.headers).min(len));
        t.within_limits(keep, now).then_some(keep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::tests::TCP4;

    const NO: DropReason = DropReason(0);

    /// VLAN 100, IPv4.
    fn frame() -> Vec<u8> {
        let mut b = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x81, 0, 0x60, 100, 8, 0];
        b.extend(TCP4);
        b
    }

    #[test]
    fn a_tagged_frame() {
        let f = FrameFlow::of(&frame());
        assert_eq!((f.src[5], f.dst[5], f.vlan, f.ether_type, f.headers), (1, 2, Some(100), 0x800, 58));
        assert_eq!(f.flow.unwrap().ports, (1236, 21));
        for n in 0..frame().len() {
            assert!(FrameFlow::of(&frame()[..n]).headers <= n);
        }
    }

    #[test]
    fn types_are_all_needed_and_values_are_alternatives() {
        let f = FrameFlow::of(&frame());
        let name = Name::new("QDIO4101");
        let mut e = OsaEnta::default();
        let now = Tod(1 << 60);
        assert_eq!(e.length(&name, 1, &f, NO, 78, now), None);
        let t = e.port(name);
        t.turn_on();
        t.protocols = vec![17, 6];
        t.ports = vec![21];
        assert_eq!(e.length(&name, 1, &f, NO, 78, now), Some(78));
        assert_eq!(e.length(&Name::new("OTHER"), 1, &f, NO, 78, now), None);
        type Change = fn(&mut OsaTrace);
        let changes: [Change; 7] = [
            |t| t.devices = vec![2],
            |t| t.macs = vec![[2, 0, 0, 0, 0, 3]],
            |t| t.vlans = vec![101],
            |t| t.ether_types = vec![0x86DD],
            |t| t.addresses = vec![Net::new("10.2.0.0".parse().unwrap(), 16)],
            |t| t.protocols = vec![17],
            |t| t.ports = vec![22],
        ];
        for change in changes {
            let mut other = e.clone();
            change(other.port(name));
            assert_eq!(other.length(&name, 1, &f, NO, 78, now), None, "{other:?}");
            other.port(name).clear_filters();
            assert_eq!(other.length(&name, 1, &f, NO, 78, now), Some(78));
            other.port(name).no_filter_all = false;
            assert_eq!(other.length(&name, 1, &f, NO, 78, now), None);
        }
    }

    #[test]
    fn abbrev_and_limits() {
        let f = FrameFlow::of(&frame());
        let name = Name::new("QDIO4101");
        let mut e = OsaEnta::default();
        let t = e.port(name);
        t.turn_on();
        t.abbrev = Some(10);
        t.frames = 2;
        t.minutes = 1;
        let start = Tod(1 << 60);
        assert_eq!(e.length(&name, 1, &f, NO, 78, start), Some(58), "headers are kept");
        let later = Tod(start.0 + 60 * UNITS_PER_SEC);
        assert_eq!(e.length(&name, 1, &f, NO, 78, later), None, "TIME");
        assert_eq!(e.length(&name, 1, &f, NO, 78, start), Some(58));
        assert_eq!(e.length(&name, 1, &f, NO, 78, start), None, "FRAMES");
        assert_eq!((e.of(&name).counts.frames(), e.of(&name).counts.bytes()), (2, 116));
        e.port(name).turn_on();
        e.port(name).megabytes = 0;
        assert_eq!(e.length(&name, 1, &f, NO, 78, start), None, "DATA");
    }

    #[test]
    fn discarded_frames() {
        let f = FrameFlow::of(&frame());
        let with = |discard| OsaTrace { on: true, discard, ..OsaTrace::default() };
        let (filter, error) = (DropReason(1), DropReason(0x101));
        for (discard, want) in [
            (OsaDiscard::All, (true, true, true)),
            (OsaDiscard::Exception, (true, false, true)),
            (OsaDiscard::None, (true, false, false)),
            (OsaDiscard::Reason(filter), (true, true, false)),
        ] {
            let t = with(discard);
            let got = (t.matches(1, &f, NO), t.matches(1, &f, filter), t.matches(1, &f, error));
            assert_eq!(got, want, "{discard:?}");
        }
    }
}
