//! A TCP conversation as a capture in the middle sees it.
//!
//! Client and server greet, then requests and responses alternate. A response is a burst of
//! full segments with an acknowledgement for every second one. Now and then a segment is lost
//! before the capture point (three duplicate acknowledgements with SACK follow, then the
//! retransmission), comes after its successor, or comes twice.

use super::Scene;
use super::app::App;
use super::flow::Flow;
use super::rng::Rng;
use std::io::{self, Write};

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Syn,
    SynAck,
    Established,
    Request,
    Response,
    Acknowledge,
    Duplicate,
    Fill,
    Fin,
    FinBack,
    LastAck,
    Refused,
}

/// A segment of the server that the capture has not seen yet.
#[derive(Debug, Clone, Copy)]
struct Hole {
    seq: u32,
    len: u32,
    /// The message that began in it, see [`App::data`].
    message: Option<usize>,
    duplicates: u8,
    /// Merely late: filled at once, nobody asks for it.
    late: bool,
}

/// State of one TCP conversation. Sequence numbers are the next to send.
#[derive(Debug, Clone)]
pub(crate) struct Tcp {
    phase: Phase,
    app: App,
    seq: (u32, u32),
    mss: u16,
    timestamps: bool,
    tsval: (u32, u32),
    window: (u16, u16),
    burst: u32,
    last_len: u32,
    begins: bool,
    unacked: u8,
    hole: Option<Hole>,
}

/// TCP options of one segment: at most forty bytes.
struct Opts {
    bytes: [u8; 40],
    len: usize,
}

impl Opts {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }
}

impl Tcp {
    pub(crate) fn new(rng: &mut Rng, small: bool) -> Self {
        let app = if small { App::Other } else { App::pick(rng) };
        Self {
            // One in twenty was already there when the capture began.
            phase: if rng.one_in(20) { Phase::Request } else { Phase::Syn },
            app,
            seq: (rng.below(u32::MAX), rng.below(u32::MAX)),
            mss: [1460, 1460, 1440, 1380][rng.below(4) as usize],
            timestamps: rng.below(3) > 0,
            tsval: (rng.below(u32::MAX), rng.below(u32::MAX)),
            window: (rng.between(1000, 64_240) as u16, rng.between(1000, 65_535) as u16),
            burst: 0,
            last_len: 0,
            begins: false,
            unacked: 0,
            hole: None,
        }
    }

    pub(crate) const fn app(&self) -> App {
        self.app
    }

    /// Sends the next segment. `over` asks for an end as soon as the exchange allows one.
    pub(crate) fn step<W: Write>(
        &mut self,
        flow: &mut Flow,
        scene: &mut Scene<W>,
        over: bool,
    ) -> io::Result<bool> {
        match self.phase {
            Phase::Syn => {
                self.segment(flow, scene, false, SYN, self.seq.0, 0, None)?;
                self.seq.0 = self.seq.0.wrapping_add(1);
                self.phase = if scene.rng.one_in(32) { Phase::Refused } else { Phase::SynAck };
            }
            Phase::Refused => {
                self.segment(flow, scene, true, RST | ACK, 0, 0, None)?;
                return Ok(true);
            }
            Phase::SynAck => {
                self.segment(flow, scene, true, SYN | ACK, self.seq.1, 0, None)?;
                self.seq.1 = self.seq.1.wrapping_add(1);
                self.phase = Phase::Established;
            }
            Phase::Established => {
                self.segment(flow, scene, false, ACK, self.seq.0, 0, None)?;
                self.phase = Phase::Request;
            }
            Phase::Request => self.request(flow, scene, over)?,
            Phase::Response => self.response(flow, scene)?,
            Phase::Acknowledge => {
                self.unacked = 0;
                self.segment(flow, scene, false, ACK, self.seq.0, 0, None)?;
                self.phase = match (self.burst, over) {
                    (0, true) => Phase::Fin,
                    (0, false) => Phase::Request,
                    _ => Phase::Response,
                };
            }
            Phase::Duplicate => {
                self.segment(flow, scene, false, ACK, self.seq.0, 0, None)?;
                let enough = self.hole.as_mut().is_none_or(|h| {
                    h.duplicates += 1;
                    h.duplicates >= 3
                });
                self.phase = if enough || self.burst == 0 { Phase::Fill } else { Phase::Response };
            }
            Phase::Fill => {
                if let Some(h) = self.hole.take() {
                    self.segment(flow, scene, true, ACK, h.seq, h.len, h.message)?;
                }
                self.phase = Phase::Acknowledge;
            }
            Phase::Fin => {
                if scene.rng.one_in(12) {
                    self.segment(flow, scene, false, RST | ACK, self.seq.0, 0, None)?;
                    return Ok(true);
                }
                self.segment(flow, scene, false, FIN | ACK, self.seq.0, 0, None)?;
                self.seq.0 = self.seq.0.wrapping_add(1);
                self.phase = Phase::FinBack;
            }
            Phase::FinBack => {
                self.segment(flow, scene, true, FIN | ACK, self.seq.1, 0, None)?;
                self.seq.1 = self.seq.1.wrapping_add(1);
                self.phase = Phase::LastAck;
            }
            Phase::LastAck => {
                self.segment(flow, scene, false, ACK, self.seq.0, 0, None)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn request<W: Write>(&mut self, flow: &mut Flow, scene: &mut Scene<W>, over: bool) -> io::Result<()> {
        let len = match self.app {
            _ if scene.small => self.small_len(flow, scene),
            App::Telnet => scene.rng.between(1, 80),
            _ => scene.rng.between(90, 600),
        };
        self.segment(flow, scene, false, PSH | ACK, self.seq.0, len, Some(len as usize))?;
        self.seq.0 = self.seq.0.wrapping_add(len);
        self.burst = match self.app {
            App::Telnet => 1,
            _ if over => 1,
            _ => 1 + scene.rng.long_tail(6),
        };
        self.last_len = match self.app {
            _ if scene.small => self.small_len(flow, scene),
            App::Telnet => scene.rng.between(1, 400),
            _ => scene.rng.between(1, u32::from(self.mss) - 12),
        };
        self.begins = true;
        self.phase = Phase::Response;
        Ok(())
    }

    fn response<W: Write>(&mut self, flow: &mut Flow, scene: &mut Scene<W>) -> io::Result<()> {
        let full = if scene.small { self.small_len(flow, scene) } else { u32::from(self.mss) - 12 };
        let len = if self.burst == 1 { self.last_len } else { full };
        let message = self.begins.then(|| (full * (self.burst.max(1) - 1) + self.last_len) as usize);
        if self.hole.is_none() && self.burst > 3 && scene.rng.one_in(60) {
            // This one is not seen now; the next one is.
            let late = scene.rng.one_in(3);
            self.hole = Some(Hole { seq: self.seq.1, len, message, duplicates: 0, late });
            self.begins = false;
            self.seq.1 = self.seq.1.wrapping_add(len);
            self.burst -= 1;
            return self.response(flow, scene);
        }
        let push = if self.burst <= 1 { PSH } else { 0 };
        self.segment(flow, scene, true, ACK | push, self.seq.1, len, message)?;
        if scene.rng.one_in(300) {
            self.segment(flow, scene, true, ACK | push, self.seq.1, len, message)?;
        }
        self.begins = false;
        self.seq.1 = self.seq.1.wrapping_add(len);
        self.burst = self.burst.saturating_sub(1);
        self.unacked += 1;
        self.phase = match self.hole {
            Some(h) if h.late => Phase::Fill,
            Some(_) => Phase::Duplicate,
            None if self.unacked >= 2 || self.burst == 0 => Phase::Acknowledge,
            None => Phase::Response,
        };
        Ok(())
    }

    fn small_len<W: Write>(&self, flow: &Flow, scene: &mut Scene<W>) -> u32 {
        flow.small_len(&mut scene.rng, if self.timestamps { 32 } else { 20 }) as u32
    }

    /// Builds and sends one segment. What it acknowledges is always all that was seen in order.
    #[allow(clippy::too_many_arguments)]
    fn segment<W: Write>(
        &mut self,
        flow: &mut Flow,
        scene: &mut Scene<W>,
        back: bool,
        flags: u8,
        seq: u32,
        len: u32,
        message: Option<usize>,
    ) -> io::Result<()> {
        let in_order = self.hole.map_or(self.seq.1, |h| h.seq);
        let ack = match (flags & ACK != 0, back) {
            (false, _) => 0,
            (true, true) => self.seq.0,
            (true, false) => in_order,
        };
        let opts = self.options(back, flags);
        let (ends, ip) = flow.header(back, 6);
        let window = if flags & RST != 0 {
            0
        } else if back {
            self.window.1
        } else {
            self.window.0
        };
        let p = &mut scene.packet;
        p.ip(ends, ip, None);
        p.tcp(flow.ports(back), seq, ack, flags, window, &opts.bytes[..opts.len]);
        if len > 0 {
            self.app.data(p, &mut scene.rng, len as usize, !back, message);
        }
        p.finish(ends, ip);
        scene.send()
    }

    fn options(&mut self, back: bool, flags: u8) -> Opts {
        let mut o = Opts { bytes: [0; 40], len: 0 };
        let (own, other) =
            if back { (&mut self.tsval.1, self.tsval.0) } else { (&mut self.tsval.0, self.tsval.1) };
        *own = own.wrapping_add(1);
        let own = *own;
        if flags & SYN != 0 {
            let [a, b] = self.mss.to_be_bytes();
            o.push(&[2, 4, a, b, 4, 2]);
            if self.timestamps {
                o.push(&[8, 10]);
                o.push(&own.to_be_bytes());
                o.push(&(if back { other } else { 0 }).to_be_bytes());
                o.push(&[1, 3, 3, 7]);
            } else {
                o.push(&[1, 3, 3, 8, 1, 1]);
            }
            return o;
        }
        if self.timestamps && flags & RST == 0 {
            o.push(&[1, 1, 8, 10]);
            o.push(&own.to_be_bytes());
            o.push(&other.to_be_bytes());
        }
        if let (Some(h), false, true) = (self.hole, back, flags == ACK) {
            o.push(&[1, 1, 5, 10]);
            o.push(&h.seq.wrapping_add(h.len).to_be_bytes());
            o.push(&self.seq.1.to_be_bytes());
        }
        o
    }
}
