//! STREAMS: what each end of a session sent, put together over packets.
//!
//! For every direction the first bytes are kept, as many as the option says; sequence numbers
//! order them, the first copy of a byte counts, and gaps are named. All buffers together are
//! bounded by [`MAX_BYTES`]: what finds no room is counted.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use formats::net::tcp::Flags;

use super::super::options::Detail;
use super::super::record::{Kind, Record};
use super::Look;
use super::dump;
use crate::source::frame::Timestamp;

/// Bytes of all buffers.
pub const MAX_BYTES: usize = 64 << 20;
/// Sessions.
const MAX_SESSIONS: usize = 100_000;
/// Pieces of a stream that do not touch each other.
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
    /// Sequence number of the first byte of the buffer.
    base: Option<u32>,
    buffer: Vec<u8>,
    /// Stretches of the buffer that were seen, in order, not touching each other.
    pieces: Vec<(usize, usize)>,
    /// Bytes behind the end of the buffer, or for which there was no room.
    beyond: u64,
    packets: u64,
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

impl Stream {
    /// Takes a stretch that begins at `at` of the stream; returns how much the buffer grew.
    fn put(&mut self, at: usize, bytes: &[u8], limit: usize) -> usize {
        let end = (at + bytes.len()).min(limit);
        self.beyond += (at + bytes.len() - end.max(at).min(at + bytes.len())) as u64;
        if at >= end {
            return 0;
        }
        let bytes = &bytes[..end - at];
        if self.pieces.len() >= MAX_PIECES && !self.pieces.iter().any(|(a, b)| *a <= end && at <= *b) {
            self.beyond += bytes.len() as u64;
            return 0;
        }
        let before = self.buffer.len();
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        // Only what is not there yet: the first copy counts.
        let mut from = at;
        for (a, b) in self.pieces.iter().copied().chain([(end, end)]) {
            if a > from {
                let to = a.min(end);
                self.buffer[from..to].copy_from_slice(&bytes[from - at..to - at]);
            }
            from = from.max(b);
            if from >= end {
                break;
            }
        }
        self.pieces.push((at, end));
        self.pieces.sort_unstable();
        let mut joined: Vec<(usize, usize)> = Vec::with_capacity(self.pieces.len());
        for &(a, b) in &self.pieces {
            match joined.last_mut() {
                Some(last) if a <= last.1 => last.1 = last.1.max(b),
                _ => joined.push((a, b)),
            }
        }
        self.pieces = joined;
        self.buffer.len() - before
    }

    /// Where in the stream a sequence number is.
    fn offset(&mut self, seq: u32, syn: bool) -> Option<usize> {
        let base = *self.base.get_or_insert(seq.wrapping_add(u32::from(syn)));
        let off = seq.wrapping_add(u32::from(syn)).wrapping_sub(base) as i32;
        // What lies before the first byte seen was sent earlier, or again.
        usize::try_from(off).ok()
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
        let stream = &mut s.streams[own];
        stream.packets += 1;
        let at = match p.tcp().filter(|_| !ends.data_trace) {
            Some(t) => stream.offset(t.seq(), t.flags().intersects(Flags::SYN)),
            // Datagrams and socket data follow each other.
            None => Some(stream.buffer.len()),
        };
        let Some(at) = at.filter(|_| !p.data.is_empty()) else { return };
        if self.held + p.data.len().min(self.limit) > MAX_BYTES {
            stream.beyond += p.data.len() as u64;
            return;
        }
        self.held += stream.put(at, p.data, self.limit);
    }

    /// The report.
    #[must_use]
    pub fn print(&self, look: &Look<'_>) -> String {
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
            let seen: usize = stream.pieces.iter().map(|(a, b)| b - a).sum();
            let _ = writeln!(
                t,
                " Stream {} to {}: {} packet(s), {seen} byte(s) in a buffer of {}",
                end(i),
                end(1 - i),
                stream.packets,
                self.limit
            );
            if stream.beyond > 0 {
                let _ = writeln!(t, "  {} byte(s) found no room in the buffer", stream.beyond);
            }
            let mut expected = 0;
            for &(a, b) in &stream.pieces {
                if a > expected {
                    let _ = writeln!(t, "  gap: {} byte(s) at {expected} were not traced", a - expected);
                }
                if self.detail == Detail::Detail {
                    let _ = writeln!(t, "  {} byte(s) at {a}", b - a);
                }
                expected = b;
                let shown = look.options.dump.map_or(b, |n| b.min(n as usize));
                dump::lines_from(t, a, &stream.buffer[a..shown.max(a)], look.options.code, look);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_together_and_the_first_copy_counts() {
        let mut s = Stream::default();
        assert_eq!(s.put(4, b"efgh", 100), 8);
        assert_eq!(s.put(0, b"abcdXX", 100), 0);
        assert_eq!((s.buffer.as_slice(), s.pieces.as_slice()), (&b"abcdefgh"[..], &[(0, 8)][..]));
        s.put(10, b"kl", 100);
        assert_eq!(s.pieces, [(0, 8), (10, 12)]);
        s.put(6, b"__ij", 100);
        assert_eq!((s.buffer.as_slice(), s.pieces.as_slice()), (&b"abcdefghijkl"[..], &[(0, 12)][..]));
        assert_eq!(s.put(11, b"ABCD", 13), 1);
        assert_eq!((s.buffer.len(), s.beyond), (13, 2));
        assert_eq!(s.put(50, b"ABCD", 13), 0);
        assert_eq!(s.beyond, 6);
    }

    #[test]
    fn sequence_numbers_wrap() {
        let mut s = Stream::default();
        assert_eq!(s.offset(u32::MAX, true), Some(0));
        assert_eq!(s.offset(0, false), Some(0));
        assert_eq!(s.offset(5, false), Some(5));
        assert_eq!(s.offset(u32::MAX - 3, false), None);
    }
}
