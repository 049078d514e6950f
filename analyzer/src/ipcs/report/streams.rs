//! STREAMS: what each end of a session sent, put together over packets.
//!
//! For every direction the first bytes are kept, as many as the option says; they are put in order
//! as everywhere ([`Direction`]): the first copy of a byte counts, and gaps are named. All buffers
//! together are bounded by [`MAX_BYTES`]: what finds no room is counted.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use formats::net::tcp::Flags;

use super::super::options::Detail;
use super::super::record::{Kind, Record};
use super::Look;
use super::dump;
use crate::source::frame::Timestamp;
use crate::track::assemble::{Data, Direction, Piece};

/// Bytes of all buffers.
pub const MAX_BYTES: usize = 64 << 20;
/// Sessions.
const MAX_SESSIONS: usize = 100_000;
/// Pieces of a stream with gaps between them.
const MAX_PIECES: usize = 256;

/// Both ends, the lower first; and whether it is a data trace, which has no sequence numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Ends {
    ends: [(IpAddr, u16); 2],
    protocol: u8,
    data_trace: bool,
}

/// What one end sent.
#[derive(Debug, Default)]
struct Stream {
    order: Direction,
    /// First sequence number of the connection, when its SYN was seen.
    syn: Option<u32>,
    kept: Kept,
    packets: u64,
}

/// The bytes of a stream that are kept.
#[derive(Debug, Default)]
struct Kept {
    /// Bytes by their place in the stream; zeros in gaps.
    buffer: Vec<u8>,
    /// Stretches of the buffer that are there, in order, not touching each other.
    pieces: Vec<(usize, usize)>,
    /// Place of what comes next.
    next: u64,
    /// Bytes behind the end of the buffer, or for which there was no room.
    beyond: u64,
}

#[derive(Debug)]
struct Session {
    ends: Ends,
    number: usize,
    first: Timestamp,
    last: Timestamp,
    streams: [Stream; 2],
}

/// The streams of a run.
#[derive(Debug)]
pub struct Streams {
    limit: usize,
    detail: Detail,
    sessions: HashMap<Ends, Session>,
    held: usize,
    refused: u64,
}

impl Kept {
    /// Takes what comes next in the stream; `limit` is how long the buffer may become.
    fn take(&mut self, piece: Piece<'_>, limit: usize) {
        let bytes = match piece {
            Piece::Gap(n) => {
                self.next += n;
                return;
            }
            Piece::Bytes(bytes, _) => bytes,
        };
        let at = usize::try_from(self.next).unwrap_or(usize::MAX);
        self.next += bytes.len() as u64;
        let joins = self.pieces.last().is_some_and(|p| p.1 == at);
        let room = if joins || self.pieces.len() < MAX_PIECES { limit.saturating_sub(at) } else { 0 };
        let (kept, rest) = bytes.split_at(bytes.len().min(room));
        self.beyond += rest.len() as u64;
        if kept.is_empty() {
            return;
        }
        self.buffer.resize(at, 0);
        self.buffer.extend_from_slice(kept);
        match self.pieces.last_mut().filter(|_| joins) {
            Some(last) => last.1 += kept.len(),
            None => self.pieces.push((at, at + kept.len())),
        }
    }
}

impl Stream {
    /// Bytes held: kept ones and those that wait for what comes before them.
    fn held(&self) -> usize {
        self.kept.buffer.len() + self.order.held()
    }
}

impl Streams {
    /// Keeps `limit` bytes of each direction.
    #[must_use]
    pub fn new((limit, detail): (u32, Detail)) -> Self {
        Self { limit: limit as usize, detail, sessions: HashMap::new(), held: 0, refused: 0 }
    }

    /// Takes a record.
    pub fn record(&mut self, r: &Record<'_>) {
        let p = &r.packet;
        let (Some(src), Some(dst), Some((sport, dport))) = (p.src, p.dst, p.ports) else { return };
        if matches!(r.kind, Kind::Event | Kind::Smc) {
            return;
        }
        let (from, to) = ((src, sport), (dst, dport));
        let own = usize::from(from > to);
        let ends = Ends {
            ends: if own == 0 { [from, to] } else { [to, from] },
            protocol: p.protocol.unwrap_or(0),
            data_trace: r.kind == Kind::Data,
        };
        if self.sessions.len() >= MAX_SESSIONS && !self.sessions.contains_key(&ends) {
            self.refused += 1;
            return;
        }
        let number = self.sessions.len() + 1;
        let s = self.sessions.entry(ends).or_insert_with(|| Session {
            ends,
            number,
            first: r.time,
            last: r.time,
            streams: [Stream::default(), Stream::default()],
        });
        s.last = s.last.max(r.time);
        let limit = self.limit;
        let before: usize = s.streams.iter().map(Stream::held).sum();
        let full = self.held.saturating_add(p.data.len()) > MAX_BYTES;
        let stream = &mut s.streams[own];
        stream.packets += 1;
        // No buffer grows any more, and what waits is not waited for.
        let limit = if full { stream.kept.buffer.len().min(limit) } else { limit };
        match p.tcp().filter(|_| !ends.data_trace) {
            Some(t) => {
                let syn = t.flags().intersects(Flags::SYN);
                if syn && stream.syn.is_some_and(|before| before != t.seq()) {
                    // Another connection between the same ports.
                    stream.order.finish(&mut |piece| stream.kept.take(piece, limit));
                    stream.order = Direction::default();
                }
                if syn {
                    stream.syn = Some(t.seq());
                }
                let packet = r.nr as u32;
                let data = Data { seq: t.seq(), syn, bytes: p.data, len: p.data_len, packet };
                stream.order.segment(&data, &mut |piece| stream.kept.take(piece, limit));
                if full {
                    stream.order.finish(&mut |piece| stream.kept.take(piece, limit));
                }
                if t.flags().intersects(Flags::ACK) {
                    // What the other end acknowledges was sent, also when the trace lacks it.
                    let other = &mut s.streams[1 - own];
                    let limit = if full { other.kept.buffer.len() } else { limit };
                    other.order.acknowledged(t.ack(), &mut |piece| other.kept.take(piece, limit));
                }
            }
            // Datagrams and socket data follow each other.
            None => stream.kept.take(Piece::Bytes(p.data, 0), limit),
        }
        let after: usize = s.streams.iter().map(Stream::held).sum();
        self.held = self.held + after - before;
    }

    /// The report: nothing follows.
    #[must_use]
    pub fn print(&mut self, look: &Look<'_>) -> String {
        let limit = self.limit;
        for stream in self.sessions.values_mut().flat_map(|s| &mut s.streams) {
            stream.order.finish(&mut |piece| stream.kept.take(piece, limit));
        }
        let mut all: Vec<&Session> = self.sessions.values().collect();
        all.sort_unstable_by_key(|s| s.number);
        let streams = all.iter().flat_map(|s| &s.streams).filter(|s| s.packets > 0).count();
        let mut t = String::from("Streams Report\n");
        let _ = writeln!(t, "{streams:>10} stream(s) found");
        let storage = self.sessions.len() * std::mem::size_of::<Session>();
        let _ = writeln!(t, "{storage:>10} bytes of storage for the session report");
        let _ = writeln!(t, "{:>10} bytes of storage for buffers", self.held);
        if self.refused > 0 {
            let _ = writeln!(t, "{:>10} packet(s) of further sessions", self.refused);
        }
        for s in all {
            self.session(&mut t, s, look);
        }
        t
    }

    fn session(&self, t: &mut String, s: &Session, look: &Look<'_>) {
        let end = |i: usize| format!("{}-{}", s.ends.ends[i].0, s.ends.ends[i].1);
        let name = super::super::parse_options::protocol_name(s.ends.protocol.into()).unwrap_or_default();
        let kind = if s.ends.data_trace { " (data trace)" } else { "" };
        let _ = writeln!(t, "{}", "=".repeat(80));
        let _ = writeln!(t, "Session: {} {} {name}{kind}", end(0), end(1));
        let at = |time| {
            let c = look.zone.clock(time);
            format!("{} {}", c.date(), c.time())
        };
        let _ = writeln!(t, " From: {} to: {}", at(s.first), at(s.last));
        let _ = writeln!(t, " {} packet(s) found", s.streams[0].packets + s.streams[1].packets);
        for (i, stream) in s.streams.iter().enumerate() {
            let seen: usize = stream.kept.pieces.iter().map(|(a, b)| b - a).sum();
            let _ = writeln!(
                t,
                " Stream {} to {}: {} packet(s), {seen} byte(s) in a buffer of {}",
                end(i),
                end(1 - i),
                stream.packets,
                self.limit
            );
            if stream.kept.beyond > 0 {
                let _ = writeln!(t, "  {} byte(s) found no room in the buffer", stream.kept.beyond);
            }
            let mut expected = 0;
            for &(a, b) in &stream.kept.pieces {
                if a > expected {
                    let _ = writeln!(t, "  gap: {} byte(s) at {expected} were not traced", a - expected);
                }
                if self.detail == Detail::Detail {
                    let _ = writeln!(t, "  {} byte(s) at {a}", b - a);
                }
                expected = b;
                let shown = look.options.dump.map_or(b, |n| b.min(n as usize));
                dump::lines_from(t, a, &stream.kept.buffer[a..shown.max(a)], look.options.code, look);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(segments: &[(u32, bool, &[u8])], limit: usize) -> Kept {
        let mut s = Stream::default();
        for &(seq, syn, bytes) in segments {
            let data = Data { seq, syn, bytes, len: bytes.len() as u32, packet: 0 };
            s.order.segment(&data, &mut |piece| s.kept.take(piece, limit));
        }
        s.order.finish(&mut |piece| s.kept.take(piece, limit));
        s.kept
    }

    #[test]
    fn pieces_come_together_and_the_first_copy_counts() {
        let k = kept(&[(0, false, b"abcd"), (8, false, b"ijkl"), (2, false, b"XXefgh")], 100);
        assert_eq!((k.buffer.as_slice(), k.pieces.as_slice()), (&b"abcdefghijkl"[..], &[(0, 12)][..]));
        // A gap, and bytes behind the limit.
        let k = kept(&[(0, false, b"ab"), (4, false, b"efgh")], 7);
        assert_eq!((k.buffer.as_slice(), k.pieces.as_slice()), (&b"ab\0\0efg"[..], &[(0, 2), (4, 7)][..]));
        assert_eq!(k.beyond, 1);
    }

    #[test]
    fn sequence_numbers_wrap() {
        let k = kept(&[(u32::MAX, true, b""), (0, false, b"abc"), (u32::MAX - 9, false, b"before")], 100);
        assert_eq!((k.buffer.as_slice(), k.beyond), (&b"abc"[..], 0));
    }
}
