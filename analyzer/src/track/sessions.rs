//! All trackers together: what a run makes of its packets.

use super::checksums::Checksums;
use super::conversations::{Conversation, End, Kind};
use super::data_trace::{self, DataTrace};
use super::drops::Drops;
use super::fragments::Fragments;
use super::icmp::Icmp;
use super::neighbours::Neighbours;
use super::observe::{Checksum, Observer, What};
use super::tcp::{Connection, Segment, Tracker};
use super::udp::Udp;
use crate::pipeline::Report;
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
    pub fn take(&mut self, seen: &mut Observer, batch: &Batch) {
        self.clock(batch);
        for s in &mut seen.segments {
            self.tcp.look_up(&mut s.segment);
        }
        for s in &seen.segments {
            let answer = self.tcp.segment(&s.segment);
            if s.checksum != Checksum::Unchecked {
                let Some(f) = batch.frames.get(s.frame as usize) else { continue };
                let (src, v6) = plain(s.segment.source().0);
                self.checksums.count(src, v6, s.checksum, (Kind::Tcp, answer.stream), f);
            }
        }
        for s in &seen.seen {
            let Some(f) = batch.frames.get(s.frame as usize) else { continue };
            let (b, ends) = (seen.bytes(s, batch, f), [s.src, s.dst]);
            let of = match s.what {
                What::Udp | What::UdpLite => self.udp.datagram(ends, s.v6, b, f).map(|(i, _)| (Kind::Udp, i)),
                What::Icmp => self.icmp.message(ends, s.v6, b, f).map(|i| (Kind::Icmp, i)),
                What::Icmpv6 => {
                    let link = batch.bytes(f.data).get(6..).and_then(|b| b.first_chunk()).copied();
                    let from = link.filter(|_| f.link == LinkType::ETHERNET);
                    if self.nd.nd(ends, from, b, f) {
                        None
                    } else {
                        self.icmp.message(ends, true, b, f).map(|i| (Kind::Icmp, i))
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

    /// Tells a report what found no room.
    pub fn tell(&self, report: &mut Report) {
        report.forgotten_sessions = self.tcp.evicted();
        report.left_out = self.left_out();
    }

    /// Packets that no conversation counts, as there was no room for another.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.udp.table.left_out
            + self.icmp.table.left_out
            + self.arp.table.left_out
            + self.nd.table.left_out
            + self.data.table.left_out
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

/// Source and destination of a segment, and whether they are of IPv6.
#[must_use]
pub fn ends(s: &Segment) -> ([End; 2], bool) {
    let [(src, v6), (dst, _)] = [s.source(), s.destination()].map(|(addr, port)| {
        let (addr, v6) = plain(addr);
        (End { addr, port }, v6)
    });
    ([src, dst], v6)
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

/// Conversations in order of first appearance; rows are made as they are asked for.
#[derive(Debug)]
pub struct Rows<'a> {
    sessions: &'a Sessions,
    tcp: Vec<&'a Connection>,
    /// First packet, kind, and place among those of the kind.
    order: Vec<(u64, Kind, u32)>,
}

impl<'a> Rows<'a> {
    /// True when there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// All of them, from number `from` on.
    pub fn iter(&self, from: usize) -> impl Iterator<Item = Row<'a>> + '_ {
        self.order.iter().skip(from).filter_map(|&(_, kind, i)| self.row(kind, i))
    }

    fn row(&self, kind: Kind, i: u32) -> Option<Row<'a>> {
        let (s, at) = (self.sessions, i as usize);
        let row = |conversation, detail| Row { stream: i, conversation, detail, socket: None };
        Some(match kind {
            Kind::Tcp => {
                let c = *self.tcp.get(at)?;
                let conversation = s.tcp_row(c)?;
                let socket = s.socket(&conversation, 6).map(|(_, d)| d);
                Row { stream: c.stream, conversation, detail: Detail::Tcp(c), socket }
            }
            Kind::Udp => {
                let c = *s.udp.table.all.get(at)?;
                Row {
                    socket: s.socket(&c, 17).map(|(_, d)| d),
                    ..row(c, Detail::Udp(s.udp.details.get(at)?))
                }
            }
            Kind::Icmp => row(*s.icmp.table.all.get(at)?, Detail::Icmp(s.icmp.details.get(at)?)),
            Kind::Arp => row(*s.arp.table.all.get(at)?, Detail::Neighbour(s.arp.details.get(at)?)),
            Kind::Nd => row(*s.nd.table.all.get(at)?, Detail::Neighbour(s.nd.details.get(at)?)),
            Kind::Data => {
                Row { socket: s.data.details.get(at), ..row(*s.data.table.all.get(at)?, Detail::Data) }
            }
        })
    }
}

impl Sessions {
    /// The socket of a data trace between the ends of a conversation of this protocol, and its place.
    fn socket(&self, c: &Conversation, protocol: u8) -> Option<(usize, &data_trace::Detail)> {
        if self.data.table.all.is_empty() {
            return None;
        }
        let i = self.data.table.find(c.ends[0], c.ends[1], c.v6)? as usize;
        let d = &self.data.details[i];
        (d.protocol == protocol || d.protocol == 0).then_some((i, d))
    }

    /// The conversations of these kinds, in order of first appearance.
    #[must_use]
    pub fn rows(&self, wanted: impl Fn(Kind) -> bool) -> Rows<'_> {
        let mut order = Vec::new();
        let mut add = |kind, i: usize, first: u64| {
            if wanted(kind) {
                order.push((first, kind, i as u32));
            }
        };
        // Joined in any case, so that a socket is not shown twice.
        let mut joined = vec![false; self.data.table.all.len()];
        let mut join = |c: &Conversation, protocol| {
            if let Some((i, _)) = self.socket(c, protocol) {
                joined[i] = true;
            }
        };
        let tcp = self.tcp.connections();
        for (i, c) in tcp.iter().enumerate() {
            if let Some(c) = self.tcp_row(c) {
                join(&c, 6);
                add(Kind::Tcp, i, c.first);
            }
        }
        for (i, c) in self.udp.table.all.iter().enumerate() {
            join(c, 17);
            add(Kind::Udp, i, c.first);
        }
        for (kind, all) in [
            (Kind::Icmp, &self.icmp.table.all),
            (Kind::Arp, &self.arp.table.all),
            (Kind::Nd, &self.nd.table.all),
            (Kind::Data, &self.data.table.all),
        ] {
            for (i, c) in all.iter().enumerate() {
                if kind != Kind::Data || !joined[i] {
                    add(kind, i, c.first);
                }
            }
        }
        order.sort_by_key(|&(first, kind, _)| (first, kind));
        Rows { sessions: self, tcp, order }
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
        assert!(s.udp.table.count(a, b, true, &frame(1)).is_some());
        s.udp.details.push(Default::default());
        // The program's own view: the other direction first, and another socket without packets.
        assert!(s.data.table.count(b, a, true, &frame(2)).is_some());
        s.data.details.push(data_trace::Detail { protocol: 17, bytes: [5, 7], ..Default::default() });
        assert!(s.data.table.count(b, End { port: 9, ..a }, true, &frame(3)).is_some());
        s.data.details.push(data_trace::Detail { protocol: 17, ..Default::default() });
        let rows = s.rows(|_| true);
        let kinds: Vec<_> = rows.iter(0).map(|r| (r.conversation.kind, r.socket.map(|d| d.bytes))).collect();
        assert_eq!(kinds, [(Kind::Udp, Some([5, 7])), (Kind::Data, Some([0, 0]))]);
    }
}
