//! What trackers need of a batch, gathered while it is decoded.
//!
//! Decoding runs on several threads; trackers take packets in input order. So the decoder only
//! notes where the headers lie, one small record each, and the trackers read them in their turn,
//! when the batch is still in this core's cache.

use formats::checksum::Sum;

use super::defrag::Key;
use super::tcp::{self, Carrier, Owner, Segment};
use crate::decode::buf::Buf;
use crate::decode::net::Ip;
use crate::decode::plain::Plain;
use crate::decode::{Ctx, FieldId, Proto, Seen, Sink, Span, Value};
use crate::pipeline::Decoded;
use crate::source::frame::{Batch, Frame, LinkType, Timestamp};

/// What was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum What {
    Udp,
    UdpLite,
    Icmp,
    Icmpv6,
    Arp,
    /// Socket data of a z/OS data trace.
    DataTrace,
}

/// What a transport checksum turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Checksum {
    /// Not looked at: cut short, or not asked for.
    #[default]
    Unchecked,
    /// Right, or left out where that is allowed.
    Good,
    /// Wrong, but what a stack leaves for its adapter to complete: zero, or the sum over the
    /// pseudo header alone.
    Partial,
    /// Wrong.
    Bad,
}

/// One header with what follows it.
#[derive(Debug, Clone, Copy)]
pub struct Seeing {
    /// Source address; IPv4 in the last four octets.
    pub src: [u8; 16],
    /// Destination address.
    pub dst: [u8; 16],
    /// Index of the frame in its batch.
    pub frame: u32,
    /// Where it begins: in the frame, or in [`Observer::side`].
    at: u32,
    /// Captured bytes from there.
    pub len: u32,
    /// Bytes from there on the wire.
    pub reported: u32,
    /// What it is.
    pub what: What,
    /// True for IPv6.
    pub v6: bool,
    /// True when it lies in a datagram that was put together from fragments.
    side: bool,
    /// True when the rest of the datagram is in fragments that are not here.
    pub fragment: bool,
    /// Checksum.
    pub checksum: Checksum,
}

/// A TCP segment and where its bytes are.
#[derive(Debug, Clone, Copy)]
pub struct TcpSeen {
    /// What its header says.
    pub segment: Segment,
    /// Index of the frame in its batch.
    pub frame: u32,
    /// Where its payload is.
    at: u32,
    /// Captured bytes of payload.
    len: u32,
    side: bool,
    /// Checksum.
    pub checksum: Checksum,
}

/// A fragment and whether it completed its datagram.
#[derive(Debug, Clone, Copy)]
pub struct Piece {
    /// Whose it is.
    pub key: Key,
    /// Index of the frame in its batch.
    pub frame: u32,
    /// True for the last one missing.
    pub complete: bool,
}

/// Frames from the start of the input whose checksums are verified in any case.
pub const ALWAYS_VERIFIED: u64 = 10_000;

/// A sink that asks for no field and notes headers.
#[derive(Debug, Default)]
pub struct Observer {
    /// What was seen in the batch, in order.
    pub seen: Vec<Seeing>,
    /// TCP segments, in order.
    pub segments: Vec<TcpSeen>,
    /// Fragments, in order.
    pub fragments: Vec<Piece>,
    /// Bytes of datagrams that were put together.
    side: Vec<u8>,
    /// Kinds that are wanted.
    pub wanted: Wanted,
    frame: u32,
    carrier: Carrier,
    verify: bool,
}

/// Which kinds of packets a run follows.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct Wanted {
    pub tcp: bool,
    pub udp: bool,
    pub icmp: bool,
    pub arp: bool,
    /// Verify every checksum instead of those of the first frames.
    pub verify: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { tcp: true, udp: true, icmp: true, arp: true, verify: false }
    }
}

impl Observer {
    /// Observes these kinds.
    #[must_use]
    pub fn new(wanted: Wanted) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// Goes through a batch; `passed` says for each frame whether it counts.
    pub fn observe(&mut self, batch: &Decoded<'_>, passed: Option<&[bool]>) {
        self.seen.clear();
        self.segments.clear();
        self.fragments.clear();
        self.side.clear();
        let mut next = 0u32;
        batch.frames(
            self,
            |s, f, _| {
                s.frame = next;
                next += 1;
                let time = f.time.and_then(Timestamp::nanos_64).unwrap_or(0);
                s.carrier = Carrier { time, ..tcp::carrier(f, Owner::default()) };
                s.verify = s.wanted.verify || f.number <= ALWAYS_VERIFIED;
                if passed.is_some_and(|p| !p[s.frame as usize]) {
                    return false;
                }
                let Some(plain) = Plain::read(f.link, batch.batch.bytes(f.data)) else { return true };
                if s.wanted.tcp
                    && let Some((ip, b)) = plain.segment(f.orig_len as usize)
                {
                    s.tcp(&ip, b, false);
                } else if s.wanted.udp
                    && let Some((ip, b)) = plain.datagram(f.orig_len as usize)
                {
                    s.udp(&ip, b, false);
                }
                false
            },
            |c, _| socket_data(c),
        );
    }

    /// The bytes of what was seen.
    #[inline]
    #[must_use]
    pub fn bytes<'a>(&'a self, s: &Seeing, batch: &'a Batch, f: &Frame) -> &'a [u8] {
        let from = if s.side { &self.side[..] } else { batch.bytes(f.data) };
        from.get(s.at as usize..(s.at + s.len) as usize).unwrap_or_default()
    }

    /// The payload of a segment, as far as it was captured.
    #[inline]
    #[must_use]
    pub fn payload<'a>(&'a self, s: &TcpSeen, batch: &'a Batch) -> &'a [u8] {
        let from = if s.side {
            &self.side[..]
        } else {
            batch.frames.get(s.frame as usize).map_or(&[][..], |f| batch.bytes(f.data))
        };
        from.get(s.at as usize..(s.at + s.len) as usize).unwrap_or_default()
    }

    #[inline(always)]
    fn tcp(&mut self, ip: &Ip, b: Buf<'_>, quoted: bool) {
        let Some(segment) = Segment::read(ip, b, quoted, self.carrier) else { return };
        let checksum = if self.verify && !quoted { verify(ip, b, 6, 16) } else { Checksum::Unchecked };
        let payload = b.from(segment.header.into());
        let span = payload.whole();
        let side = span.source != Span::FRAME;
        let at = if side { self.keep(payload.bytes()) } else { span.off };
        let len = payload.captured() as u32;
        self.segments.push(TcpSeen { segment, frame: self.frame, at, len, side, checksum });
    }

    #[inline(always)]
    fn udp(&mut self, ip: &Ip, b: Buf<'_>, lite: bool) {
        let sum = if self.verify && !lite { verify(ip, b, 17, 6) } else { Checksum::Unchecked };
        let kind = if lite { What::UdpLite } else { What::Udp };
        let s = self.push(kind, ip.src, ip.dst, ip.version == 6, b);
        s.fragment = ip.fragment;
        s.checksum = sum;
    }

    #[inline(always)]
    fn push(&mut self, what: What, src: [u8; 16], dst: [u8; 16], v6: bool, b: Buf<'_>) -> &mut Seeing {
        let span = b.whole();
        let side = span.source != Span::FRAME;
        let at = if side { self.keep(b.bytes()) } else { span.off };
        self.seen.push(Seeing {
            src,
            dst,
            frame: self.frame,
            at,
            len: b.captured() as u32,
            reported: b.reported() as u32,
            what,
            v6,
            side,
            fragment: false,
            checksum: Checksum::Unchecked,
        });
        let last = self.seen.len() - 1;
        &mut self.seen[last]
    }

    #[cold]
    fn keep(&mut self, bytes: &[u8]) -> u32 {
        let at = self.side.len() as u32;
        self.side.extend_from_slice(bytes);
        at
    }
}

impl Sink for Observer {
    #[inline(always)]
    fn wants(&self, _: Proto) -> bool {
        false
    }

    #[inline(always)]
    fn asks(&self, _: FieldId) -> bool {
        false
    }

    #[inline(always)]
    fn layer(&mut self, _: Proto, _: Span) {}

    #[inline(always)]
    fn field(&mut self, _: FieldId, _: Value<'_>, _: Span) {}

    #[inline(always)]
    fn seen(&mut self, what: Seen<'_>) {
        match what {
            Seen::Tcp { ip, b, quoted } if self.wanted.tcp => self.tcp(ip, b, quoted),
            Seen::Udp { ip, b, lite } if self.wanted.udp => self.udp(ip, b, lite),
            Seen::Icmp { ip, b } if self.wanted.icmp => {
                let whole = b.captured() == b.reported() && !ip.fragment;
                let sum = match whole {
                    true if Sum::new().bytes(b.bytes()).finish() == 0 => Checksum::Good,
                    true => Checksum::Bad,
                    false => Checksum::Unchecked,
                };
                self.push(What::Icmp, ip.src, ip.dst, ip.version == 6, b).checksum = sum;
            }
            Seen::Icmpv6 { ip, b } if self.wanted.icmp => {
                let sum = if ip.version == 6 { verify(ip, b, 58, 2) } else { Checksum::Unchecked };
                self.push(What::Icmpv6, ip.src, ip.dst, ip.version == 6, b).checksum = sum;
            }
            Seen::Arp { b } if self.wanted.arp => {
                self.push(What::Arp, [0; 16], [0; 16], false, b);
            }
            Seen::Fragment { key, complete } => {
                self.fragments.push(Piece { key: *key, frame: self.frame, complete });
            }
            _ => {}
        }
    }
}

/// The checksum at `at` of a segment of IP protocol `proto`.
fn verify(ip: &Ip, b: Buf<'_>, proto: u8, at: usize) -> Checksum {
    if ip.fragment || b.captured() < b.reported() {
        return Checksum::Unchecked;
    }
    let said = b.u16(at).unwrap_or(0);
    if proto == 17 && said == 0 && ip.version == 4 || ip.sums_up(proto, b.reported(), b.bytes()) {
        return Checksum::Good;
    }
    let pseudo = Sum::new().bytes(&ip.src).bytes(&ip.dst).u32(b.reported() as u32).u16(proto.into());
    if said == 0 || said == !pseudo.finish() { Checksum::Partial } else { Checksum::Bad }
}

/// Records of a data trace carry no headers, only bytes of a socket.
#[inline]
fn socket_data(c: &mut Ctx<'_, Observer>) {
    if c.frame.link == LinkType::ZOS_DATA && c.sink.wanted.tcp | c.sink.wanted.udp {
        let (len, frame) = (c.frame.data.len, c.sink.frame);
        c.sink.seen.push(Seeing {
            src: [0; 16],
            dst: [0; 16],
            frame,
            at: 0,
            len,
            reported: c.frame.orig_len.max(len),
            what: What::DataTrace,
            v6: false,
            side: false,
            fragment: false,
            checksum: Checksum::Unchecked,
        });
    }
}
