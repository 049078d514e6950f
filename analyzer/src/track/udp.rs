//! UDP conversations: which questions were answered, and how fast.
//!
//! Questions and answers are paired by identifier where a protocol has one (DNS), and counted
//! otherwise.

use super::conversations::{End, Kind, Table, between};
use super::evidence::Evidence;
use crate::source::frame::{Frame, Timestamp};

/// Ports whose messages begin with a DNS header (RFC 1035, 6762, 4795).
pub const DNS_PORTS: [u16; 3] = [53, 5353, 5355];
/// Questions of one conversation that wait for their answer at the same time.
const MAX_WAITING: usize = 64;
/// The same of all conversations together.
const MAX_ALL_WAITING: usize = 1_000_000;
/// Conversations counted.
const LIMIT: usize = 1_000_000;

/// Questions and answers of a DNS conversation.
#[derive(Debug, Default)]
pub struct Dns {
    /// Questions, repeated ones included.
    pub queries: u32,
    /// Answers.
    pub answers: u32,
    /// Questions with the identifier of one that waits.
    pub repeated: Evidence,
    /// Answers that refuse or fail: packets and the last response code.
    pub failed: Evidence,
    /// Response code of the last failure.
    pub rcode: u8,
    /// Answers to a question that is not in the trace.
    pub unasked: Evidence,
    /// Times from question to answer in nanoseconds: least, greatest, sum, number.
    pub times: (i64, i64, i128, u32),
    /// The slowest answer.
    pub slowest: u64,
    waiting: Vec<Waiting>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    id: u16,
    frame: u64,
    time: Option<Timestamp>,
}

impl Dns {
    /// Questions without an answer: their packets and the time of each.
    pub fn unanswered(&self) -> impl Iterator<Item = (u64, Option<Timestamp>)> + '_ {
        self.waiting.iter().map(|w| (w.frame, w.time))
    }

    /// A message; `all` is how many questions of all conversations wait.
    fn message(&mut self, id: u16, flags: u16, f: &Frame, all: &mut usize) {
        if flags & 0x8000 == 0 {
            self.queries += 1;
            if let Some(w) = self.waiting.iter_mut().find(|w| w.id == id) {
                self.repeated.add(f.number);
                // An answer counts from the first time the question was asked.
                w.time = w.time.or(f.time);
            } else {
                if self.waiting.len() >= MAX_WAITING || *all >= MAX_ALL_WAITING {
                    if self.waiting.is_empty() {
                        return;
                    }
                    self.waiting.remove(0);
                    *all -= 1;
                }
                self.waiting.push(Waiting { id, frame: f.number, time: f.time });
                *all += 1;
            }
            return;
        }
        self.answers += 1;
        let rcode = (flags & 15) as u8;
        if rcode != 0 {
            self.failed.add(f.number);
            self.rcode = rcode;
        }
        let Some(at) = self.waiting.iter().position(|w| w.id == id) else {
            self.unasked.add(f.number);
            return;
        };
        let w = self.waiting.remove(at);
        *all -= 1;
        if let (Some(a), Some(b)) = (w.time, f.time) {
            let t = between(a, b);
            let (least, most, sum, n) = self.times;
            if n == 0 || t > most {
                self.slowest = f.number;
            }
            self.times = if n == 0 {
                (t, t, t.into(), 1)
            } else {
                (least.min(t), most.max(t), sum + i128::from(t), n + 1)
            };
        }
    }
}

/// What is known of a conversation beyond its counts.
#[derive(Debug, Default)]
pub struct Detail {
    /// DNS, on its ports.
    pub dns: Option<Box<Dns>>,
    /// Payload bytes each way.
    pub payload: [u64; 2],
}

/// Follows UDP.
#[derive(Debug)]
pub struct Udp {
    /// The conversations.
    pub table: Table,
    /// One for each conversation.
    pub details: Vec<Detail>,
    /// Questions that wait for their answer.
    waiting: usize,
}

impl Default for Udp {
    fn default() -> Self {
        Self { table: Table::new(Kind::Udp, LIMIT), details: Vec::new(), waiting: 0 }
    }
}

impl Udp {
    /// Takes a datagram, header first; returns its conversation and sender.
    pub fn datagram(
        &mut self,
        [src, dst]: [[u8; 16]; 2],
        v6: bool,
        b: &[u8],
        f: &Frame,
    ) -> Option<(u32, usize)> {
        let head = b.first_chunk::<4>()?;
        let port = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
        let (src, dst) = (End { addr: src, port: port(0) }, End { addr: dst, port: port(2) });
        let (i, from) = self.table.count(src, dst, v6, f)?;
        if i as usize >= self.details.len() {
            let dns = DNS_PORTS.iter().any(|&p| p == src.port || p == dst.port);
            self.details.push(Detail { dns: dns.then(Box::default), ..Detail::default() });
        }
        let detail = &mut self.details[i as usize];
        detail.payload[from] += b.len().saturating_sub(8) as u64;
        if let Some(dns) = &mut detail.dns
            && let Some(h) = b.get(8..).and_then(|p| p.first_chunk::<12>())
        {
            dns.message(
                u16::from_be_bytes([h[0], h[1]]),
                u16::from_be_bytes([h[2], h[3]]),
                f,
                &mut self.waiting,
            );
        }
        Some((i, from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(number: u64, nanos: i128) -> Frame {
        Frame { number, time: Some(Timestamp::from_nanos(nanos)), orig_len: 60, ..Frame::default() }
    }

    fn dns(src: u16, dst: u16, id: u16, flags: u16) -> Vec<u8> {
        let mut b = vec![];
        for v in [src, dst, 20, 0, id, flags, 1, 0, 0, 0] {
            b.extend(v.to_be_bytes());
        }
        b
    }

    #[test]
    fn dns_questions_and_answers_are_paired_by_identifier() {
        let (a, b) = ([1; 16], [2; 16]);
        let mut u = Udp::default();
        u.datagram([a, b], true, &dns(1025, 53, 7, 0x0100), &frame(1, 0));
        u.datagram([a, b], true, &dns(1025, 53, 8, 0x0100), &frame(2, 10));
        u.datagram([a, b], true, &dns(1025, 53, 8, 0x0100), &frame(3, 20));
        u.datagram([b, a], true, &dns(53, 1025, 7, 0x8183), &frame(4, 500));
        let d = u.details[0].dns.as_ref().unwrap();
        assert_eq!((d.queries, d.answers, d.rcode), (3, 1, 3));
        assert_eq!(d.repeated.packets(), [3]);
        assert_eq!(d.failed.packets(), [4]);
        assert_eq!(d.times, (500, 500, 500, 1));
        assert_eq!(d.unanswered().map(|w| w.0).collect::<Vec<_>>(), [2]);
        assert_eq!((u.table.all[0].packets, u.table.all[0].bytes), ([3, 1], [180, 60]));
    }
}
