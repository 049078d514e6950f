//! All trackers together: what a run makes of its packets.

use super::checksums::Checksums;
use super::conversations::{Conversation, End, Kind};
use super::data_trace::{self, DataTrace};
use super::drops::Drops;
use super::fragments::Fragments;
use super::icmp::Icmp;
use super::neighbours::Neighbours;
use super::observe::{Observer, What};
use super::tcp::{Connection, Tracker};
use super::udp::Udp;
use crate::source::frame::{Batch, Head, LinkType, Timestamp};

/// Everything that is followed.
#[derive(Debug)]
pub struct Sessions {
    /// TCP.
    pub tcp: Tracker,
    /// UDP.
    pub udp: Udp,
    /// ICMP and ICMPv6, neighbour discovery left out.
    pub icmp: Icmp,
    /// ARP.
    pub arp: Neighbours,
    /// IPv6 neighbour discovery.
    pub nd: Neighbours,
    /// Unfinished datagrams.
    pub fragments: Fragments,
    /// Wrong checksums.
    pub checksums: Checksums,
    /// Sockets.
    pub data: DataTrace,
    /// Packets that a z/OS stack threw away.
    pub drops: Drops,
    /// Earliest and latest time of a frame.
    pub times: Option<(Timestamp, Timestamp)>,
    /// Time of the first frame: what relative times are counted from.
    pub origin: Option<Timestamp>,
    /// Frames that counted.
    pub frames: u64,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            tcp: Tracker::default(),
            udp: Udp::default(),
            icmp: Icmp::default(),
            arp: Neighbours::new(Kind::Arp),
            nd: Neighbours::new(Kind::Nd),
            fragments: Fragments::default(),
            checksums: Checksums::default(),
            data: DataTrace::default(),
            drops: Drops::default(),
            times: None,
            origin: None,
            frames: 0,
        }
    }
}

impl Sessions {
    /// Takes what was observed in the next batch.
    pub fn take(&mut self, seen: &Observer, batch: &Batch) {
        self.clock(batch);
        for s in &seen.segments {
            let answer = self.tcp.segment(&s.segment);
            if !s.segment.quoted {
                let Some(f) = batch.frames.get(s.frame as usize) else { continue };
                let (src, v6) = plain(s.segment.addresses[0]);
                self.checksums.count(src, v6, s.checksum, (Kind::Tcp, answer.stream), f);
            }
        }
        for s in &seen.seen {
            let Some(f) = batch.frames.get(s.frame as usize) else { continue };
            let (b, ends) = (seen.bytes(s, batch, f), [s.src, s.dst]);
            let of = match s.what {
                What::Udp | What::UdpLite => self.udp.datagram(ends, s.v6, b, f).map(|(i, _)| (Kind::Udp, i)),
                What::Icmp => Some((Kind::Icmp, self.icmp.message(ends, s.v6, b, f))),
                What::Icmpv6 => {
                    let link = batch.bytes(f.data).get(6..).and_then(|b| b.first_chunk()).copied();
                    let from = link.filter(|_| f.link == LinkType::ETHERNET);
                    if self.nd.nd(ends, from, b, f) {
                        None
                    } else {
                        Some((Kind::Icmp, self.icmp.message(ends, true, b, f)))
                    }
                }
                What::Arp => {
                    self.arp.arp(b, f);
                    None
                }
                What::DataTrace => {
                    self.data.record(batch, f);
                    None
                }
            };
            if let Some(of) = of {
                self.checksums.count(s.src, s.v6, s.checksum, of, f);
            }
        }
        for p in &seen.fragments {
            if let Some(f) = batch.frames.get(p.frame as usize) {
                self.fragments.piece(&p.key, p.complete, f);
            }
        }
    }

    /// Notes times and, in z/OS traces, what the stack threw away.
    fn clock(&mut self, batch: &Batch) {
        self.frames += batch.frames.len() as u64;
        self.origin = self.origin.or(batch.first);
        let (mut first, mut last) = (None, None);
        for f in &batch.frames {
            if let Some(t) = f.time {
                first = Some(first.map_or(t, |a: Timestamp| a.min(t)));
                last = Some(last.map_or(t, |a: Timestamp| a.max(t)));
            }
            if f.head_kind == Head::Cte
                && let Some(why) = data_trace::header(batch, f).and_then(|h| h.drop_reason())
                && why.0 != 0
            {
                self.drops.add(why, f.number);
            }
        }
        if let (Some(a), Some(b)) = (first, last) {
            self.times = Some(self.times.map_or((a, b), |(x, y)| (x.min(a), y.max(b))));
        }
    }

    /// A TCP connection as a conversation; `None` when only other packets quoted it.
    #[must_use]
    pub fn tcp_row(&self, c: &Connection) -> Option<Conversation> {
        if c.sides[0].packets + c.sides[1].packets == 0 {
            return None;
        }
        let a = usize::from(c.first_sender & 1);
        let (addr, v6) = [plain(c.ends.addresses[0]), plain(c.ends.addresses[1])].into_iter().fold(
            ([[0; 16]; 2], false),
            |(mut all, v6), (addr, six)| {
                all.rotate_left(1);
                all[1] = addr;
                (all, v6 | six)
            },
        );
        let end = |i: usize| End { addr: addr[i], port: c.ends.ports[i] };
        let b = 1 - a;
        let earliest = self.tcp.earliest(c);
        let time = |t: i64| Timestamp::from_nanos(t.into());
        Some(Conversation {
            ends: [end(a), end(b)],
            packets: [c.sides[a].packets.into(), c.sides[b].packets.into()],
            bytes: [c.sides[a].bytes, c.sides[b].bytes],
            times: (earliest != 0 || c.latest() != 0).then(|| (time(earliest), time(c.latest()))),
            first: c.first_frame.into(),
            last: c.last_frame.into(),
            kind: Kind::Tcp,
            v6,
        })
    }
}

/// An address with the version it is of, from the form in which IPv4 is mapped into IPv6.
#[must_use]
pub fn plain(mut a: [u8; 16]) -> ([u8; 16], bool) {
    if a[..12] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF] {
        a[10..12].fill(0);
        (a, false)
    } else {
        (a, true)
    }
}

/// What is known of a conversation beyond its counts.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub enum Detail<'a> {
    Tcp(&'a Connection),
    Udp(&'a super::udp::Detail),
    Icmp(&'a super::icmp::Detail),
    Neighbour(&'a super::neighbours::Detail),
    Data,
}

/// One conversation, ready to be shown.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its number among those of its kind; `tcp.stream`, `udp.stream`.
    pub stream: u32,
    /// Ends and counts.
    pub conversation: Conversation,
    /// The rest.
    pub detail: Detail<'a>,
    /// The socket of a data trace with the same ends.
    pub socket: Option<&'a data_trace::Detail>,
}

impl Sessions {
    /// The conversations of these kinds, in order of first appearance.
    #[must_use]
    pub fn rows(&self, wanted: impl Fn(Kind) -> bool) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        let mut joined = vec![false; self.data.table.all.len()];
        let mut socket = |c: &Conversation, protocol: u8| {
            if joined.is_empty() {
                return None;
            }
            let i = self.data.table.find(c.ends[0], c.ends[1], c.v6)? as usize;
            let d = &self.data.details[i];
            (d.protocol == protocol || d.protocol == 0).then(|| {
                joined[i] = true;
                d
            })
        };
        // Joined in any case, so that a socket is not shown twice.
        for c in self.tcp.connections() {
            if let Some(conversation) = self.tcp_row(c) {
                let socket = socket(&conversation, 6);
                if wanted(Kind::Tcp) {
                    rows.push(Row { stream: c.stream, conversation, detail: Detail::Tcp(c), socket });
                }
            }
        }
        for (i, (c, d)) in self.udp.table.all.iter().zip(&self.udp.details).enumerate() {
            let socket = socket(c, 17);
            if wanted(Kind::Udp) {
                rows.push(Row { stream: i as u32, conversation: *c, detail: Detail::Udp(d), socket });
            }
        }
        let mut plain = |kind, i: usize, c: &Conversation, detail| {
            if wanted(kind) {
                rows.push(Row { stream: i as u32, conversation: *c, detail, socket: None });
            }
        };
        for (i, (c, d)) in self.icmp.table.all.iter().zip(&self.icmp.details).enumerate() {
            plain(Kind::Icmp, i, c, Detail::Icmp(d));
        }
        for (kind, n) in [(Kind::Arp, &self.arp), (Kind::Nd, &self.nd)] {
            for (i, (c, d)) in n.table.all.iter().zip(&n.details).enumerate() {
                plain(kind, i, c, Detail::Neighbour(d));
            }
        }
        for (i, (c, d)) in self.data.table.all.iter().zip(&self.data.details).enumerate() {
            if wanted(Kind::Data) && !joined[i] {
                let socket = Some(d);
                rows.push(Row { stream: i as u32, conversation: *c, detail: Detail::Data, socket });
            }
        }
        rows.sort_by_key(|r| (r.conversation.first, r.conversation.kind));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::frame::Frame;

    #[test]
    fn a_socket_is_joined_with_the_packets_between_its_ends() {
        let (a, b) = (End { addr: [1; 16], port: 1025 }, End { addr: [2; 16], port: 80 });
        let frame = |number| Frame { number, orig_len: 60, ..Frame::default() };
        let mut s = Sessions::default();
        s.udp.table.count(a, b, true, &frame(1));
        s.udp.details.push(Default::default());
        // The program's own view: the other direction first, and another socket without packets.
        s.data.table.count(b, a, true, &frame(2));
        s.data.details.push(data_trace::Detail { protocol: 17, bytes: [5, 7], ..Default::default() });
        s.data.table.count(b, End { port: 9, ..a }, true, &frame(3));
        s.data.details.push(data_trace::Detail { protocol: 17, ..Default::default() });
        let rows = s.rows(|_| true);
        let kinds: Vec<_> = rows.iter().map(|r| (r.conversation.kind, r.socket.map(|d| d.bytes))).collect();
        assert_eq!(kinds, [(Kind::Udp, Some([5, 7])), (Kind::Data, Some([0, 0]))]);
    }
}
