//! Telling the decoder what the tracker answered.
//!
//! Reading headers needs no order, answering does: a worker first collects the segments of its
//! batch, then has them answered in its turn, and decodes with the answers at hand.

use super::answer::Answer;
use super::connection::Ends;
use super::segment::{Carrier, Owner, Segment, mapped};
use crate::decode::{Buf, net::Ip};
use crate::source::frame::Frame;
use crate::track::pairs::{Datagram, Place};

/// Takes segments as the decoder meets them.
pub trait Follow {
    /// The segment at `b`; `None` when it is cut before the window, so that nobody can follow it.
    fn segment(&mut self, frame: &Frame, ip: &Ip, b: Buf<'_>, quoted: bool) -> Option<Answer>;

    /// The datagram between these ports; `None` when datagrams are not followed.
    fn datagram(&mut self, frame: &Frame, ip: &Ip, ports: [u16; 2], timed: bool) -> Option<Place>;
}

/// Keeps the segments for the tracker, and has no answer yet.
#[derive(Debug)]
pub struct Recorder<'a> {
    /// The segments so far.
    pub segments: &'a mut Vec<Segment>,
    /// The datagrams so far, when they are followed.
    pub datagrams: Option<&'a mut Vec<Datagram>>,
    /// What the container says of the frame's socket.
    pub owner: Owner,
}

impl Follow for Recorder<'_> {
    fn segment(&mut self, frame: &Frame, ip: &Ip, b: Buf<'_>, quoted: bool) -> Option<Answer> {
        self.segments.extend(Segment::read(ip, b, quoted, carrier(frame, self.owner)));
        None
    }

    fn datagram(&mut self, frame: &Frame, ip: &Ip, ports: [u16; 2], timed: bool) -> Option<Place> {
        if let Some(all) = &mut self.datagrams {
            let (ends, _) = Ends::of([mapped(ip.version, ip.src), mapped(ip.version, ip.dst)], ports);
            all.push(Datagram { ends, time: time(frame), timed });
        }
        None
    }
}

/// What a frame tells of its segments.
#[inline]
pub fn carrier(f: &Frame, owner: Owner) -> Carrier {
    let frame = u32::try_from(f.number).unwrap_or(u32::MAX);
    Carrier { frame, frame_len: f.orig_len, time: time(f), owner }
}

/// Nanoseconds since 1970. Damaged time stamps may not fit; their differences still do.
#[inline]
fn time(frame: &Frame) -> i64 {
    frame.time.map_or(0, |t| t.secs.wrapping_mul(1_000_000_000).wrapping_add(t.nanos.into()))
}

/// Gives the answers for one frame, in the order of its segments.
#[derive(Debug)]
pub struct Replay<'a> {
    answers: std::slice::Iter<'a, Answer>,
    places: std::slice::Iter<'a, Place>,
}

impl<'a> Replay<'a> {
    /// With the answers for one frame.
    #[must_use]
    pub fn new(answers: &'a [Answer], places: &'a [Place]) -> Self {
        Self { answers: answers.iter(), places: places.iter() }
    }
}

impl Follow for Replay<'_> {
    fn segment(&mut self, _: &Frame, _: &Ip, b: Buf<'_>, _: bool) -> Option<Answer> {
        if b.captured() < 16 { None } else { self.answers.next().copied() }
    }

    fn datagram(&mut self, _: &Frame, _: &Ip, _: [u16; 2], _: bool) -> Option<Place> {
        self.places.next().copied()
    }
}
