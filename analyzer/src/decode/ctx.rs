//! One packet on its way through the dissectors.

use std::sync::Arc;

use formats::ebcdic::CodePage;

use super::buf::{Buf, Outcome, Stop};
use super::field::FieldId;
use super::registry::Proto;
use super::seen::Seen;
use super::sink::Sink;
use super::stop;
use super::summary::Summary;
use super::value::{Span, Value};
use crate::source::frame::{Frame, Interface, Timestamp};
use crate::track::defrag::Defrag;
use crate::track::memory::{Ask, Ends, Known, Memory};
use crate::track::streams::{Step, Streams};
use crate::track::tcp::Follow;

/// What dissectors may be told by the user.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Seconds by which the trace's TOD clock runs ahead of UTC.
    pub leap_seconds: i64,
    /// Code page of EBCDIC text.
    pub codepage: CodePage,
    /// Follow TCP connections, for fields that depend on the segments before.
    pub follow_tcp: bool,
    /// Number the pairs between which datagrams go.
    pub follow_udp: bool,
    /// Decode what is above TCP, and join its segments for that.
    pub applications: bool,
    /// Look for the question of each DNS answer.
    pub pair_questions: bool,
    /// Verify the checksums that adapters commonly fill in after the trace: IPv4, TCP, UDP and
    /// SCTP. Those of ICMP, ICMPv6 and IGMP are verified in any case.
    pub verify_checksums: bool,
}

impl Settings {
    /// True when anything is followed.
    #[must_use]
    pub const fn follows(&self) -> bool {
        self.follow_tcp || self.follow_udp
    }
}

/// Times that relate a frame to others.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    /// Of the first frame of the input.
    pub first: Option<Timestamp>,
    /// Of the frame before.
    pub previous: Option<Timestamp>,
}

/// Protocols may be nested this deep; a packet that goes on is said to be malformed.
const MAX_DEPTH: u8 = 32;

/// A packet being decoded into a sink.
#[allow(missing_debug_implementations)]
pub struct Ctx<'c, S> {
    /// Where the fields go.
    pub sink: &'c mut S,
    /// The frame as its container describes it.
    pub frame: &'c Frame,
    /// Interfaces of the input.
    pub interfaces: &'c [Interface],
    /// Time of the first frame of the input and of the one before this.
    pub times: Times,
    /// What the user said.
    pub settings: &'c Settings,
    /// Joins fragments.
    pub defrag: &'c mut dyn Defrag,
    /// Follows TCP connections, when anything is asked for that depends on it.
    pub flows: Option<&'c mut dyn Follow>,
    /// Joins the segments of a connection, when anything is asked for that they carry.
    pub streams: Option<Streams<'c>>,
    /// The ends between which the innermost message goes; set only when messages are followed.
    pub ends: Ends,
    /// Reassembled buffers, numbered from 2 as data sources.
    pub sources: Vec<Arc<[u8]>>,
    depth: u8,
    /// True inside a packet that another one quotes.
    pub quoted: bool,
    /// Data source and offset at which the first datagram said to end, for the link layer's trailer.
    end: Option<(u8, u32)>,
    /// VLAN of the innermost tag so far, 0 without: fragments of different VLANs are kept apart.
    pub vlan: u16,
}

impl<'c, S: Sink> Ctx<'c, S> {
    /// A packet about to be decoded.
    pub fn new(
        sink: &'c mut S,
        frame: &'c Frame,
        interfaces: &'c [Interface],
        times: Times,
        settings: &'c Settings,
        defrag: &'c mut dyn Defrag,
    ) -> Self {
        Self {
            sink,
            frame,
            interfaces,
            times,
            settings,
            defrag,
            flows: None,
            streams: None,
            ends: Ends::default(),
            sources: Vec::new(),
            depth: 0,
            quoted: false,
            end: None,
            vlan: 0,
        }
    }

    /// A protocol begins.
    #[inline(always)]
    pub fn layer(&mut self, proto: Proto, span: Span) {
        self.sink.layer(proto, span);
    }

    /// A message of a protocol begins; `first` of the bytes that the protocol was handed.
    pub fn message(&mut self, first: bool, proto: Proto, span: Span) {
        if first {
            self.sink.layer(proto, span);
        } else {
            self.sink.item(proto, span);
        }
    }

    /// Shows a header to trackers, unless another packet only quotes it.
    #[inline(always)]
    pub fn seen(&mut self, what: Seen<'_>) {
        if !self.quoted {
            self.sink.seen(what);
        }
    }

    /// True when fields of `proto` are wanted.
    #[inline(always)]
    pub fn wants(&self, proto: Proto) -> bool {
        self.sink.wants(proto)
    }

    /// One occurrence of a field.
    #[inline(always)]
    pub fn field(&mut self, id: FieldId, value: Value<'_>, span: Span) {
        self.sink.field(id, value, span);
    }

    /// An unsigned field of one byte.
    #[inline(always)]
    pub fn u8(&mut self, id: FieldId, b: Buf<'_>, at: usize) -> Outcome<u8> {
        let v = b.u8(at)?;
        self.sink.field(id, Value::Uint(v.into()), b.span(at, 1));
        Ok(v)
    }

    /// An unsigned field of two bytes, big-endian.
    #[inline(always)]
    pub fn u16(&mut self, id: FieldId, b: Buf<'_>, at: usize) -> Outcome<u16> {
        let v = b.u16(at)?;
        self.sink.field(id, Value::Uint(v.into()), b.span(at, 2));
        Ok(v)
    }

    /// An unsigned field of three bytes, big-endian.
    #[inline(always)]
    pub fn u24(&mut self, id: FieldId, b: Buf<'_>, at: usize) -> Outcome<u32> {
        let v = b.u24(at)?;
        self.sink.field(id, Value::Uint(v.into()), b.span(at, 3));
        Ok(v)
    }

    /// An unsigned field of four bytes, big-endian.
    #[inline(always)]
    pub fn u32(&mut self, id: FieldId, b: Buf<'_>, at: usize) -> Outcome<u32> {
        let v = b.u32(at)?;
        self.sink.field(id, Value::Uint(v.into()), b.span(at, 4));
        Ok(v)
    }

    /// An unsigned field of eight bytes, big-endian.
    #[inline(always)]
    pub fn u64(&mut self, id: FieldId, b: Buf<'_>, at: usize) -> Outcome<u64> {
        let v = b.u64(at)?;
        self.sink.field(id, Value::Uint(v), b.span(at, 8));
        Ok(v)
    }

    /// A part of an integer that lies in `len` bytes at `at`.
    #[inline(always)]
    pub fn bits(&mut self, id: FieldId, v: impl Into<u64>, b: Buf<'_>, at: usize, len: usize) {
        self.sink.field(id, Value::Uint(v.into()), b.span(at, len));
    }

    /// An IPv4 address.
    #[inline(always)]
    pub fn ipv4(&mut self, id: FieldId, b: Buf<'_>, at: usize) -> Outcome<u32> {
        let v = b.u32(at)?;
        self.sink.field(id, Value::Ipv4(v), b.span(at, 4));
        Ok(v)
    }

    /// An IPv6 address.
    #[inline(always)]
    pub fn ipv6(&mut self, id: FieldId, b: Buf<'_>, at: usize) -> Outcome<[u8; 16]> {
        let v = b.array(at)?;
        self.sink.field(id, Value::Ipv6(v), b.span(at, 16));
        Ok(v)
    }

    /// A MAC address.
    #[inline(always)]
    pub fn ether(&mut self, id: FieldId, b: Buf<'_>, at: usize) -> Outcome<[u8; 6]> {
        let v = b.array(at)?;
        self.sink.field(id, Value::Ether(v), b.span(at, 6));
        Ok(v)
    }

    /// A byte string.
    #[inline(always)]
    pub fn bytes<'a>(&mut self, id: FieldId, b: Buf<'a>, at: usize, len: usize) -> Outcome<&'a [u8]> {
        let v = b.get(at, len)?;
        self.sink.field(id, Value::Bytes(v), b.span(at, len));
        Ok(v)
    }

    /// Parts of an integer that lies in `len` bytes at `at`: field, lowest bit, number of bits.
    #[inline(always)]
    pub fn parts(&mut self, v: impl Into<u64>, b: Buf<'_>, at: usize, len: usize, ids: &[(FieldId, u8, u8)]) {
        let v = v.into();
        // The list is a constant at every call, and so are its ends.
        let (mut first, mut last) = (FieldId(u16::MAX), FieldId(0));
        for &(id, ..) in ids {
            (first, last) = (first.min(id), last.max(id));
        }
        if ids.is_empty() || !self.sink.asks_any(first, last) {
            return;
        }
        for &(id, shift, bits) in ids {
            let part = v >> shift & (u64::MAX >> (64 - bits));
            self.sink.field(id, Value::Uint(part), b.span(at, len));
        }
    }

    /// An integer of `len` bytes and, below it, its parts.
    #[inline(always)]
    pub fn flags(
        &mut self,
        id: FieldId,
        v: impl Into<u64>,
        b: Buf<'_>,
        at: usize,
        len: usize,
        parts: &[(FieldId, u8, u8)],
    ) {
        let v = v.into();
        self.sink.field(id, Value::Uint(v), b.span(at, len));
        self.sink.open();
        self.parts(v, b, at, len, parts);
        self.sink.close();
    }

    /// What `f` hands over are fields of one protocol, and they follow from `value` alone, as the
    /// bits of an octet do, and are always the same ones. A printer that knows their text repeats
    /// it. `id` tells such groups apart: one of the fields.
    #[inline(always)]
    pub fn group_of(&mut self, id: FieldId, value: impl Into<u64>, f: impl FnOnce(&mut Self)) {
        let value = value.into();
        if let Some(from) = self.sink.recall(id, value) {
            f(self);
            self.sink.keep(id, value, from);
        }
    }

    /// What `f` hands over belongs below the last field, also when it stops halfway.
    #[inline]
    pub fn group<T>(&mut self, f: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.sink.open();
        let r = f(self);
        self.sink.close();
        r
    }

    /// The datagram that `b` begins with ends after `len` bytes.
    #[inline]
    pub fn ends_after(&mut self, b: Buf<'_>, len: usize) {
        if self.end.is_none() {
            self.end = Some((b.source(), b.span(len.min(b.reported()), 0).off));
        }
    }

    /// Runs `f` on the payload `b` of a link layer; returns the length that the payload said to
    /// have, all of it when it did not say.
    #[inline]
    pub fn measure(&mut self, b: Buf<'_>, f: impl FnOnce(&mut Self) -> Outcome) -> Outcome<usize> {
        let outer = self.end.take();
        let r = f(self);
        let inner = std::mem::replace(&mut self.end, outer);
        r?;
        Ok(match inner {
            Some((source, end)) if source == b.source() => {
                (end.saturating_sub(b.span(0, 0).off) as usize).min(b.reported())
            }
            _ => b.reported(),
        })
    }

    /// What stops a part of a packet does not stop what follows it.
    #[inline]
    pub fn settle(&mut self, r: Outcome) {
        if let Err(why) = r {
            self.stopped(why);
        }
    }

    /// The protocol and info columns, when they are wanted and this is not a quoted packet.
    #[inline(always)]
    pub fn summary(&mut self) -> Option<&mut Summary> {
        if self.quoted { None } else { self.sink.summary() }
    }

    /// Enters a protocol within a protocol, unless they nest too deep to be true.
    pub fn nest(&mut self, b: Buf<'_>, dissect: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        if self.depth >= MAX_DEPTH {
            return Err(b.malformed(0));
        }
        self.depth += 1;
        let r = dissect(self);
        self.depth -= 1;
        r
    }

    /// True while what depends on other packets is worked out, and nothing is shown.
    #[inline]
    #[must_use]
    pub const fn records(&self) -> bool {
        matches!(self.streams, Some(Streams::Record(..)))
    }

    /// Asks for what is remembered of the message `b`. `ask` looks it up, and notes what the
    /// message adds; it is called once, in input order. Whether it is asked must not depend on what
    /// is shown.
    pub fn recall(
        &mut self,
        b: Buf<'_>,
        what: Ask,
        ask: impl FnOnce(&mut Memory, &Ends, &Frame) -> Option<Known>,
    ) -> Option<Known> {
        let place = b.span(0, 0).off;
        match &mut self.streams {
            Some(Streams::Record(table, steps)) => {
                let known = ask(&mut table.memory, &self.ends, self.frame)?;
                steps.push(Step::Known { ask: what, at: place, known: known.clone() });
                Some(known)
            }
            Some(Streams::Replay(steps)) => match steps.as_slice().first() {
                Some(Step::Known { ask, at, known }) if *ask == what && *at == place => {
                    steps.next();
                    Some(known.clone())
                }
                _ => None,
            },
            None => None,
        }
    }

    /// Notes something for later messages, in input order.
    pub fn remember(&mut self, note: impl FnOnce(&mut Memory, &Ends, &Frame)) {
        if let Some(Streams::Record(table, _)) = &mut self.streams {
            note(&mut table.memory, &self.ends, self.frame);
        }
    }

    /// Decodes a reassembled buffer as a data source of its own.
    pub fn reassembled<T>(
        &mut self,
        data: Arc<[u8]>,
        dissect: impl FnOnce(&mut Self, Buf<'_>) -> Outcome<T>,
    ) -> Outcome<T> {
        let source = u8::try_from(self.sources.len() + 2).unwrap_or(u8::MAX);
        self.sources.push(Arc::clone(&data));
        dissect(self, Buf::new(&data, data.len(), source))
    }

    /// Says where decoding stopped and why.
    pub fn stopped(&mut self, why: Stop) {
        stop::report(self, why);
    }
}
