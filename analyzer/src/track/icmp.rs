//! ICMP and ICMPv6: echoes with their answers, and errors with the conversation they are about.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::conversations::{Address, End, Kind, Table, between};
use super::evidence::Evidence;
use crate::export::decap;
use crate::source::frame::{Frame, Timestamp};

/// Echo requests of one conversation that wait for their answer at the same time.
const MAX_WAITING: usize = 256;
/// The same of all conversations together.
const MAX_ALL_WAITING: usize = 1_000_000;
/// Conversations counted.
const LIMIT: usize = 100_000;
/// Different errors kept; further ones are counted with their conversation only.
const MAX_ERRORS: usize = 10_000;

/// What an error message says, the same for both versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Complaint {
    NetUnreachable,
    HostUnreachable,
    ProtocolUnreachable,
    PortUnreachable,
    /// Too long for the next hop, which has this MTU; 0 where the router does not say.
    TooBig(u32),
    /// Forbidden by a filter.
    Prohibited,
    OtherUnreachable(u8),
    SourceQuench,
    /// Somebody else is the better router.
    Redirect,
    TtlExceeded,
    ReassemblyTimeout,
    ParameterProblem,
}

/// An error message and what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct About {
    /// Who sent the message.
    pub from: [u8; 16],
    /// Who got it: the sender of the packet it is about.
    pub to: [u8; 16],
    /// Destination of the packet it is about.
    pub dst: [u8; 16],
    /// Protocol and ports of that packet.
    pub flow: (u8, u16, u16),
    /// What it says.
    pub what: Complaint,
    /// The better router of a redirect.
    pub gateway: [u8; 16],
    /// True for ICMPv6.
    pub v6: bool,
}

/// Echoes and the rest between two addresses.
#[derive(Debug, Default)]
pub struct Detail {
    /// Echo requests by A and by B.
    pub requests: [u32; 2],
    /// Answers to A and to B.
    pub replies: [u32; 2],
    /// Answers nobody asked for.
    pub unasked: Evidence,
    /// Round trip in nanoseconds: least, greatest, sum, number.
    pub rtt: (i64, i64, i128, u32),
    /// Error messages by A and by B.
    pub errors: [u32; 2],
    waiting: Vec<Waiting>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    id: u16,
    seq: u16,
    by: usize,
    frame: u64,
    time: Option<Timestamp>,
}

impl Detail {
    /// Echo requests by an end that were not answered: packet and time.
    pub fn unanswered(&self, by: usize) -> impl Iterator<Item = (u64, Option<Timestamp>)> + '_ {
        self.waiting.iter().filter(move |w| w.by == by).map(|w| (w.frame, w.time))
    }

    /// An echo request; `all` is how many of all conversations wait.
    fn request(&mut self, by: usize, id: u16, seq: u16, f: &Frame, all: &mut usize) {
        self.requests[by] += 1;
        if self.waiting.len() >= MAX_WAITING || *all >= MAX_ALL_WAITING {
            if self.waiting.is_empty() {
                return;
            }
            self.waiting.remove(0);
            *all -= 1;
        }
        self.waiting.push(Waiting { id, seq, by, frame: f.number, time: f.time });
        *all += 1;
    }

    fn reply(&mut self, to: usize, id: u16, seq: u16, f: &Frame, all: &mut usize) {
        self.replies[to] += 1;
        let Some(at) = self.waiting.iter().position(|w| (w.id, w.seq, w.by) == (id, seq, to)) else {
            self.unasked.add(f.number);
            return;
        };
        let w = self.waiting.remove(at);
        *all -= 1;
        if let (Some(a), Some(b)) = (w.time, f.time) {
            let t = between(a, b);
            let (least, most, sum, n) = self.rtt;
            self.rtt = if n == 0 {
                (t, t, t.into(), 1)
            } else {
                (least.min(t), most.max(t), sum + i128::from(t), n + 1)
            };
        }
    }
}

/// Follows ICMP.
#[derive(Debug)]
pub struct Icmp {
    /// Conversations between two addresses.
    pub table: Table,
    /// One for each conversation.
    pub details: Vec<Detail>,
    /// Error messages, in order of first appearance, with their packets.
    pub errors: Vec<(About, Evidence)>,
    /// Time of the first and the last packet of each.
    pub times: Vec<Option<(Timestamp, Timestamp)>>,
    known: HashMap<About, u32, RandomState>,
    /// Echo requests that wait for their answer.
    waiting: usize,
}

impl Default for Icmp {
    fn default() -> Self {
        Self {
            table: Table::new(Kind::Icmp, LIMIT),
            details: Vec::new(),
            errors: Vec::new(),
            times: Vec::new(),
            known: HashMap::default(),
            waiting: 0,
        }
    }
}

impl Icmp {
    /// Takes a message; returns its conversation, when there is room for it.
    pub fn message(&mut self, [src, dst]: [[u8; 16]; 2], v6: bool, b: &[u8], f: &Frame) -> Option<u32> {
        let (a, z) = (End { addr: src, port: 0 }, End { addr: dst, port: 0 });
        let (i, from) = self.table.count(a, z, v6, f)?;
        if i as usize >= self.details.len() {
            self.details.push(Detail::default());
        }
        let d = &mut self.details[i as usize];
        let Some(&[kind, code, ..]) = b.first_chunk::<8>() else { return Some(i) };
        let half = |at: usize| u16::from_be_bytes([b[at], b[at + 1]]);
        match (v6, kind) {
            (false, 8) | (true, 128) => d.request(from, half(4), half(6), f, &mut self.waiting),
            (false, 0) | (true, 129) => d.reply(1 - from, half(4), half(6), f, &mut self.waiting),
            _ => {
                let Some(what) = complaint(v6, kind, code, b) else { return Some(i) };
                d.errors[from] += 1;
                if let Some(about) = about(src, dst, v6, what, b) {
                    self.error(about, f);
                }
            }
        }
        Some(i)
    }

    fn error(&mut self, about: About, f: &Frame) {
        let at = match self.known.get(&about) {
            Some(&i) => i as usize,
            None if self.errors.len() >= MAX_ERRORS => return,
            None => {
                self.known.insert(about, self.errors.len() as u32);
                self.errors.push((about, Evidence::default()));
                self.times.push(None);
                self.errors.len() - 1
            }
        };
        self.errors[at].1.add(f.number);
        if let Some(t) = f.time {
            self.times[at] = Some(self.times[at].map_or((t, t), |(a, _)| (a, t)));
        }
    }
}

/// What a message complains about; `None` for those that are no errors. RFC 792, 1122, 1812;
/// RFC 4443.
fn complaint(v6: bool, kind: u8, code: u8, b: &[u8]) -> Option<Complaint> {
    use Complaint::*;
    let word = u32::from_be_bytes([b[4], b[5], b[6], b[7]]);
    Some(match (v6, kind, code) {
        (false, 3, 0 | 6 | 8 | 11) => NetUnreachable,
        (false, 3, 1 | 7 | 12) => HostUnreachable,
        (false, 3, 2) => ProtocolUnreachable,
        (false, 3, 3) => PortUnreachable,
        (false, 3, 4) => TooBig(word & 0xFFFF),
        (false, 3, 9 | 10 | 13) => Prohibited,
        (false, 3, c) => OtherUnreachable(c),
        (false, 4, _) => SourceQuench,
        (false, 5, _) => Redirect,
        (false, 11, 0) | (true, 3, 0) => TtlExceeded,
        (false, 11, _) | (true, 3, _) => ReassemblyTimeout,
        (false, 12, _) | (true, 4, _) => ParameterProblem,
        (true, 1, 0) => NetUnreachable,
        (true, 1, 1 | 5 | 6) => Prohibited,
        (true, 1, 3) => HostUnreachable,
        (true, 1, 4) => PortUnreachable,
        (true, 1, c) => OtherUnreachable(c),
        (true, 2, _) => TooBig(word),
        (true, 137, _) => Redirect,
        _ => return None,
    })
}

/// The packet that a message is about.
fn about(from: [u8; 16], to: [u8; 16], v6: bool, what: Complaint, b: &[u8]) -> Option<About> {
    let mut about = About { from, to, dst: [0; 16], flow: (0, 0, 0), what, gateway: [0; 16], v6 };
    if v6 && what == Complaint::Redirect {
        // RFC 4861 section 4.5: target, then destination.
        about.gateway = *b.get(8..)?.first_chunk()?;
        about.dst = *b.get(24..)?.first_chunk()?;
        return Some(about);
    }
    let quoted = b.get(8..)?;
    match quoted.first()? >> 4 {
        4 => about.dst[12..].copy_from_slice(quoted.get(16..20)?),
        6 => about.dst.copy_from_slice(quoted.get(24..40)?),
        _ => return None,
    }
    if what == Complaint::Redirect {
        about.gateway[12..].copy_from_slice(&b[4..8]);
    }
    about.flow = decap::transport(quoted);
    Some(about)
}

impl About {
    /// An address of the message.
    #[must_use]
    pub const fn address(&self, addr: [u8; 16]) -> Address {
        Address { addr, v6: self.v6 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(number: u64, nanos: i128) -> Frame {
        Frame { number, time: Some(Timestamp::from_nanos(nanos)), orig_len: 98, ..Frame::default() }
    }

    fn wide(a: [u8; 4]) -> [u8; 16] {
        let mut w = [0; 16];
        w[12..].copy_from_slice(&a);
        w
    }

    #[test]
    fn echoes_are_paired_and_losses_remain() {
        let (a, b) = (wide([10, 0, 0, 1]), wide([10, 0, 0, 2]));
        let mut t = Icmp::default();
        for seq in 0..3u8 {
            t.message([a, b], false, &[8, 0, 0, 0, 0, 9, 0, seq], &frame(1 + seq as u64, 0));
        }
        t.message([b, a], false, &[0, 0, 0, 0, 0, 9, 0, 1], &frame(4, 2000));
        t.message([b, a], false, &[0, 0, 0, 0, 0, 9, 0, 7], &frame(5, 2000));
        let d = &t.details[0];
        assert_eq!((d.requests, d.replies, d.rtt), ([3, 0], [2, 0], (2000, 2000, 2000, 1)));
        assert_eq!(d.unanswered(0).map(|w| w.0).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(d.unasked.packets(), [5]);
    }

    #[test]
    fn an_error_names_the_flow_it_is_about() {
        let (router, host) = (wide([10, 0, 0, 254]), wide([10, 0, 0, 1]));
        let mut b = vec![3, 4, 0, 0, 0, 0, 0x05, 0x14];
        b.extend([0x45, 0, 5, 220, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 192, 0, 2, 7, 0x04, 0x01, 0, 80]);
        let mut t = Icmp::default();
        t.message([router, host], false, &b, &frame(7, 0));
        let (about, e) = t.errors[0];
        assert_eq!(about.what, Complaint::TooBig(1300));
        assert_eq!((about.dst, about.flow), (wide([192, 0, 2, 7]), (6, 1025, 80)));
        assert_eq!(e.packets(), [7]);
        // Cut anywhere, it says less but does not fail.
        for n in 0..b.len() {
            t.message([router, host], false, &b[..n], &frame(8, 0));
        }
    }
}
