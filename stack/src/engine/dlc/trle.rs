//! TRLEs: the transport resource list through which VTAM owns the DLCs of an image.
//!
//! A stack opens a datapath of a TRLE and gets a [`Handle`]; several stacks of an image can share
//! one. Later users of the same devices (EE, RoCE, the CMIP services of VTAM) get their datapaths in
//! the same way. The frames of a TRLE go to one port of a fabric.

use formats::ctrace::Name;
use formats::ctrace::events::interface::{TrleChanged, TrleState};
use formats::net::MacAddr;

use super::hipersockets::HiperSockets;
use super::loopback::Loopback;
use super::osa::{DatapathConfig, Osa};
use super::xcf::Xcf;
use super::{Down, Up};
use crate::engine::ip::trace::NOBODY;
use crate::engine::{Buffer, Context, Instant};

/// TRLEs of one image at most.
pub const MAX_TRLES: usize = 256;

/// A TRLE of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrleId(pub u16);

/// A stack's datapath of a TRLE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    /// The TRLE.
    pub trle: TrleId,
    /// Its datapath.
    pub datapath: u8,
}

/// The device behind a TRLE.
#[derive(Debug)]
pub enum Dlc {
    /// An OSA in QDIO mode.
    Osa(Osa),
    /// A HiperSockets device (IUTIQD..).
    HiperSockets(HiperSockets),
    /// XCF (ISTT....) or SAMEHOST (IUTSAMEH).
    Xcf(Xcf),
    /// Loopback: needs no VTAM, but is driven in the same way.
    Loopback(Loopback),
}

/// A transport resource list element.
#[derive(Debug)]
pub struct Trle {
    /// Its name.
    pub name: Name<8>,
    /// Its state.
    pub state: TrleState,
    /// The device.
    pub dlc: Dlc,
    opened: u8,
}

/// The list of an image.
#[derive(Debug, Default)]
pub struct Trl {
    list: Vec<Trle>,
    /// Where [`Self::poll_up`] goes on, so that every TRLE has its turn.
    turn: usize,
}

impl Trl {
    /// Adds an element, which is active at once. `None` when there are too many.
    pub fn add(&mut self, cx: &Context<'_>, name: &str, dlc: Dlc) -> Option<TrleId> {
        if self.list.len() >= MAX_TRLES {
            return None;
        }
        let id = TrleId(self.list.len() as u16);
        self.list.push(Trle { name: Name::new(name), state: TrleState::INACTIVE, dlc, opened: 0 });
        self.set_state(cx, id, TrleState::ACTIVE);
        Some(id)
    }

    /// An OSA.
    pub fn add_osa(&mut self, cx: &Context<'_>, name: &str, port: &str, mac: MacAddr) -> Option<TrleId> {
        self.add(cx, name, Dlc::Osa(Osa::new(port, mac)))
    }

    fn set_state(&mut self, cx: &Context<'_>, id: TrleId, to: TrleState) {
        let Some(t) = self.list.get_mut(usize::from(id.0)) else { return };
        let event = TrleChanged { name: t.name, from: t.state, to };
        t.state = to;
        let subject = ctrace::Subject { asid: 0, job: t.name, cid: 0, local_port: 0, remote: NOBODY };
        cx.trace.event(&subject, &event);
    }

    /// An element.
    #[must_use]
    pub fn get(&self, id: TrleId) -> Option<&Trle> {
        self.list.get(usize::from(id.0))
    }

    /// An element, to change it.
    pub fn get_mut(&mut self, id: TrleId) -> Option<&mut Trle> {
        self.list.get_mut(usize::from(id.0))
    }

    /// All elements.
    pub fn iter(&self) -> impl Iterator<Item = (TrleId, &Trle)> {
        self.list.iter().enumerate().map(|(n, t)| (TrleId(n as u16), t))
    }

    /// Opens a datapath. Only an OSA has more than one, and looks at `config`.
    pub fn open(&mut self, cx: &Context<'_>, id: TrleId, config: DatapathConfig) -> Option<Handle> {
        let t = self.list.get_mut(usize::from(id.0))?;
        let datapath = match &mut t.dlc {
            Dlc::Osa(osa) => osa.open(cx, config)?,
            _ if t.opened == 0 => 0,
            _ => return None,
        };
        t.opened += 1;
        Some(Handle { trle: id, datapath })
    }

    /// Activates or inactivates a device (VARY NET,ACT and INACT): its stacks are told.
    pub fn set_active(&mut self, cx: &Context<'_>, id: TrleId, active: bool) {
        self.set_state(cx, id, if active { TrleState::ACTIVE } else { TrleState::INACTIVE });
        match self.get_mut(id).map(|t| &mut t.dlc) {
            Some(Dlc::Osa(o)) => o.set_active(active),
            Some(Dlc::HiperSockets(h)) => h.set_active(active),
            Some(Dlc::Xcf(x)) => x.set_active(active),
            _ => {}
        }
    }

    /// Something from the IP layer of a stack.
    pub fn send(&mut self, cx: &mut Context<'_>, to: Handle, down: Down) {
        match self.get_mut(to.trle).filter(|t| t.state == TrleState::ACTIVE).map(|t| &mut t.dlc) {
            Some(Dlc::Osa(o)) => o.send(cx, to.datapath, down),
            Some(Dlc::HiperSockets(h)) => h.send(down),
            Some(Dlc::Xcf(x)) => x.send(down),
            Some(Dlc::Loopback(l)) => l.send(down),
            None => {}
        }
    }

    /// A frame from the fabric's port of a TRLE.
    pub fn receive(&mut self, cx: &mut Context<'_>, id: TrleId, frame: Buffer) {
        match self.get_mut(id).filter(|t| t.state == TrleState::ACTIVE).map(|t| &mut t.dlc) {
            Some(Dlc::Osa(o)) => o.receive(cx, frame),
            Some(Dlc::HiperSockets(h)) => h.receive(frame),
            Some(Dlc::Xcf(x)) => x.receive(frame),
            Some(Dlc::Loopback(_)) | None => {}
        }
    }

    /// The next frame for the fabric's port of a TRLE.
    pub fn poll_frame(&mut self) -> Option<(TrleId, Buffer)> {
        self.list.iter_mut().enumerate().find_map(|(n, t)| {
            let frame = match &mut t.dlc {
                Dlc::Osa(o) => o.poll_frame(),
                Dlc::HiperSockets(h) => h.poll_frame(),
                Dlc::Xcf(x) => x.poll_frame(),
                Dlc::Loopback(_) => None,
            };
            frame.map(|f| (TrleId(n as u16), f))
        })
    }

    /// The next thing for the IP layer of a stack.
    pub fn poll_up(&mut self) -> Option<(Handle, Up)> {
        let len = self.list.len();
        for k in 0..len {
            let n = (self.turn + k) % len;
            let t = &mut self.list[n];
            let up = match &mut t.dlc {
                Dlc::Osa(o) => o.poll_up(),
                Dlc::HiperSockets(h) => h.poll_up().map(|u| (0, u)),
                Dlc::Xcf(x) => x.poll_up().map(|u| (0, u)),
                Dlc::Loopback(l) => l.poll_up().map(|u| (0, u)),
            };
            if let Some((datapath, up)) = up {
                self.turn = (n + 1) % len;
                return Some((Handle { trle: TrleId(n as u16), datapath }, up));
            }
        }
        None
    }

    /// Not later than the next timer.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let osas = self.list.iter().filter_map(|t| match &t.dlc {
            Dlc::Osa(o) => o.poll_timeout(),
            _ => None,
        });
        osas.min()
    }

    /// Timers that are due.
    pub fn handle_timeout(&mut self, cx: &mut Context<'_>) {
        for t in &mut self.list {
            if let Dlc::Osa(o) = &mut t.dlc {
                o.handle_timeout(cx);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Random;
    use crate::engine::dlc::{Hop, Offload, Transmit};
    use ctrace::Tracer;
    use formats::net::EtherType;

    fn cx<R>(f: impl FnOnce(&mut Context<'_>) -> R) -> R {
        let (trace, mut random) = (Tracer::off(), Random::new(1));
        f(&mut Context { now: Instant::START, random: &mut random, trace: &trace })
    }

    #[test]
    fn devices_are_opened_and_varied() {
        let mut l = Trl::default();
        cx(|cx| {
            let osa = l.add_osa(cx, "OSATRL1", "OSAP1", MacAddr([2, 0, 0, 0, 0, 1])).unwrap();
            let xcf = l.add(cx, "ISTT0102", Dlc::Xcf(Xcf::new())).unwrap();
            let one = l.open(cx, osa, DatapathConfig::default()).unwrap();
            let two = l.open(cx, osa, DatapathConfig::default()).unwrap();
            let point = l.open(cx, xcf, DatapathConfig::default()).unwrap();
            assert_eq!((one.datapath, two.datapath, point.datapath), (0, 1, 0));
            assert_eq!(l.open(cx, xcf, DatapathConfig::default()), None, "one user");
            let mut ups: Vec<_> = std::iter::from_fn(|| l.poll_up()).collect();
            ups.sort_by_key(|(h, _)| *h);
            assert_eq!(ups, [(one, Up::Active), (two, Up::Active), (point, Up::Active)]);
            let packet = || {
                Down::Packet(Transmit {
                    hop: Hop::Peer,
                    protocol: EtherType::IPV4,
                    offload: Offload::default(),
                    packet: Buffer::copy(&[0x45]),
                })
            };
            l.send(cx, point, packet());
            assert_eq!(l.poll_frame(), Some((xcf, Buffer::copy(&[0x45]))));
            l.set_active(cx, xcf, false);
            assert_eq!(l.get(xcf).unwrap().state, TrleState::INACTIVE);
            assert_eq!(l.poll_up(), Some((point, Up::Inactive)));
            l.send(cx, point, packet());
            assert_eq!(l.poll_frame(), None, "nothing goes through a device that is not active");
        });
    }
}
