//! Telling the decoder what the tracker answered.
//!
//! Reading headers needs no order, answering does: a worker first collects the segments of its
//! batch, then has them answered in its turn, and decodes with the answers at hand.

use super::answer::Answer;
use super::segment::{Owner, Segment};
use crate::decode::{Buf, net::Ip};
use crate::source::frame::Frame;

/// Takes segments as the decoder meets them.
pub trait Follow {
    /// The segment at `b`; `None` when it is cut before the window, so that nobody can follow it.
    fn segment(&mut self, frame: &Frame, ip: &Ip, b: Buf<'_>, quoted: bool) -> Option<Answer>;
}

/// Keeps the segments for the tracker, and has no answer yet.
#[derive(Debug)]
pub struct Recorder<'a> {
    /// The segments so far.
    pub segments: &'a mut Vec<Segment>,
    /// What the container says of the frame's socket.
    pub owner: Owner,
}

impl Follow for Recorder<'_> {
    fn segment(&mut self, frame: &Frame, ip: &Ip, b: Buf<'_>, quoted: bool) -> Option<Answer> {
        let s = Segment::read(ip, b, quoted)?;
        // Damaged time stamps may not fit; their differences still do.
        let time = frame.time.map_or(0, |t| t.nanos_total() as i64);
        let (number, length) = (u32::try_from(frame.number).unwrap_or(u32::MAX), frame.orig_len);
        self.segments.push(Segment { frame: number, frame_len: length, time, owner: self.owner, ..s });
        None
    }
}

/// Gives the answers for one frame, in the order of its segments.
#[derive(Debug)]
pub struct Replay<'a> {
    answers: std::slice::Iter<'a, Answer>,
}

impl<'a> Replay<'a> {
    /// With the answers for one frame.
    #[must_use]
    pub fn new(answers: &'a [Answer]) -> Self {
        Self { answers: answers.iter() }
    }
}

impl Follow for Replay<'_> {
    fn segment(&mut self, _: &Frame, _: &Ip, b: Buf<'_>, _: bool) -> Option<Answer> {
        if b.captured() < 16 { None } else { self.answers.next().copied() }
    }
}
