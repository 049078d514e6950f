//! Who talks to whom: packets and bytes each way, begin and end, as Wireshark counts them.
//!
//! The first packet's sender is A. Bytes are whole frames. A packet inside a tunnel counts for
//! the outer conversation and for the inner one, a quoted packet for none.

use std::collections::HashMap;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use foldhash::fast::RandomState;

use crate::source::frame::{Frame, Timestamp};

/// What kind of conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
#[allow(missing_docs)]
pub enum Kind {
    Tcp,
    Udp,
    Icmp,
    Arp,
    Nd,
    /// A socket of a z/OS data trace whose packets are not in the trace.
    Data,
}

impl Kind {
    /// As `--kind` and JSON have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
            Self::Arp => "arp",
            Self::Nd => "nd",
            Self::Data => "data",
        }
    }

    /// True when its ends have ports.
    #[must_use]
    pub const fn has_ports(self) -> bool {
        matches!(self, Self::Tcp | Self::Udp | Self::Data)
    }
}

/// One end: an address, IPv4 in the last four octets, and a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct End {
    /// Address.
    pub addr: [u8; 16],
    /// Port, 0 where there is none.
    pub port: u16,
}

/// An address of either version, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// IPv4 in the last four octets.
    pub addr: [u8; 16],
    /// True for IPv6.
    pub v6: bool,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.v6 {
            Ipv6Addr::from(self.addr).fmt(f)
        } else {
            let [.., a, b, c, d] = self.addr;
            Ipv4Addr::new(a, b, c, d).fmt(f)
        }
    }
}

/// One conversation.
#[derive(Debug, Clone, Copy)]
pub struct Conversation {
    /// A, who sent the first packet, and B.
    pub ends: [End; 2],
    /// Packets from A to B, and from B to A.
    pub packets: [u64; 2],
    /// Bytes of these frames.
    pub bytes: [u64; 2],
    /// Earliest and latest time of a packet.
    pub times: Option<(Timestamp, Timestamp)>,
    /// Number of the first packet.
    pub first: u64,
    /// Number of the last packet.
    pub last: u64,
    /// What it is.
    pub kind: Kind,
    /// True for IPv6.
    pub v6: bool,
}

impl Conversation {
    /// Counts a packet that goes from end `from`.
    #[inline]
    pub fn count(&mut self, from: usize, f: &Frame) {
        self.packets[from & 1] += 1;
        self.bytes[from & 1] += u64::from(f.orig_len);
        self.last = f.number;
        if let Some(t) = f.time {
            self.times = Some(match self.times {
                None => (t, t),
                Some((a, b)) => (a.min(t), b.max(t)),
            });
        }
    }

    /// The address of an end.
    #[must_use]
    pub const fn address(&self, end: usize) -> Address {
        Address { addr: self.ends[end & 1].addr, v6: self.v6 }
    }

    /// `10.0.0.1:80`, `[2001:db8::1]:80`, or an address alone.
    #[must_use]
    pub fn end(&self, end: usize) -> String {
        let (a, port) = (self.address(end), self.ends[end & 1].port);
        match self.kind {
            k if !k.has_ports() => a.to_string(),
            _ if self.v6 => format!("[{a}]:{port}"),
            _ => format!("{a}:{port}"),
        }
    }

    /// Seconds from the first to the last packet.
    #[must_use]
    pub fn duration(&self) -> f64 {
        self.times.map_or(0.0, |(a, b)| seconds(b.nanos_total() - a.nanos_total()))
    }
}

/// Nanoseconds as seconds.
#[must_use]
pub fn seconds(nanos: i128) -> f64 {
    nanos as f64 / 1e9
}

/// Nanoseconds from `a` to `b`, as far as 64 bits reach.
#[must_use]
pub fn between(a: Timestamp, b: Timestamp) -> i64 {
    i64::try_from(b.nanos_total() - a.nanos_total()).unwrap_or(i64::MAX)
}

/// Both ends, the lower one first, so that both directions have one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    ends: [End; 2],
    v6: bool,
}

/// Conversations of one kind, up to a number; those that come later are left out.
#[derive(Debug)]
pub struct Table {
    /// All of them, in order of first appearance; the place is the stream number.
    pub all: Vec<Conversation>,
    /// Packets that were not counted, as there was no room for their conversation.
    pub left_out: u64,
    limit: usize,
    kind: Kind,
    by_key: HashMap<Key, u32, RandomState>,
    /// The conversation of the last packet: packets come in trains.
    last: Option<(Key, u32)>,
}

impl Table {
    /// No conversations of this kind yet, and room for `limit`.
    #[must_use]
    pub fn new(kind: Kind, limit: usize) -> Self {
        Self { all: Vec::new(), left_out: 0, limit, kind, by_key: HashMap::default(), last: None }
    }

    #[inline]
    fn key(src: End, dst: End, v6: bool) -> Key {
        Key { ends: if src <= dst { [src, dst] } else { [dst, src] }, v6 }
    }

    /// The conversation between these ends.
    #[inline]
    #[must_use]
    pub fn find(&self, src: End, dst: End, v6: bool) -> Option<u32> {
        self.by_key.get(&Self::key(src, dst, v6)).copied()
    }

    /// Counts a packet and says where, and which end sent it. `None` when there is no room for another
    /// conversation.
    #[inline]
    pub fn count(&mut self, src: End, dst: End, v6: bool, f: &Frame) -> Option<(u32, usize)> {
        let key = Self::key(src, dst, v6);
        let known = match self.last {
            Some((k, i)) if k == key => Some(i),
            _ => self.by_key.get(&key).copied(),
        };
        let i = match known {
            Some(i) => i,
            None => self.add(key, src, dst, f)?,
        };
        self.last = Some((key, i));
        let c = &mut self.all[i as usize];
        let from = usize::from(c.ends[0] != src);
        c.count(from, f);
        Some((i, from))
    }

    fn add(&mut self, key: Key, src: End, dst: End, f: &Frame) -> Option<u32> {
        if self.all.len() >= self.limit {
            self.left_out += 1;
            return None;
        }
        let i = self.all.len() as u32;
        self.all.push(Conversation {
            ends: [src, dst],
            packets: [0; 2],
            bytes: [0; 2],
            times: None,
            first: f.number,
            last: f.number,
            kind: self.kind,
            v6: key.v6,
        });
        self.by_key.insert(key, i);
        Some(i)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_left_out() {
        let mut t = Table::new(Kind::Udp, 2);
        let end = |port| End { addr: [1; 16], port };
        let f = Frame { number: 7, orig_len: 60, ..Frame::default() };
        let counted: Vec<_> = [1, 2, 3, 1, 3].map(|p| t.count(end(p), end(53), true, &f)).into();
        assert_eq!(counted, [Some((0, 0)), Some((1, 0)), None, Some((0, 0)), None]);
        assert_eq!((t.all.len(), t.left_out, t.all[0].packets), (2, 2, [2, 0]));
        assert_eq!(t.count(end(53), end(2), true, &f), Some((1, 1)));
    }
}
