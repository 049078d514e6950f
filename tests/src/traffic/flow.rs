//! One conversation: who talks to whom, over what, and the packets of everything but TCP.

use super::Scene;
use super::app;
use super::packet::{Ends, Ip, Piece, Tag};
use super::rng::Rng;
use super::tcp::Tcp;
use std::io::{self, Write};

/// What kind of conversation, with its own state.
#[derive(Debug, Clone)]
enum Kind {
    Tcp(Tcp),
    /// DNS questions and answers.
    Dns {
        answer: bool,
    },
    /// Datagrams one way, as media streams have them.
    Bulk,
    /// Datagrams too long for one packet, and short answers.
    Fragmented {
        answer: bool,
    },
    /// Echo request and reply.
    Echo {
        reply: bool,
    },
    Arp {
        reply: bool,
    },
}

/// A conversation in progress.
#[derive(Debug, Clone)]
pub(crate) struct Flow {
    kind: Kind,
    ends: Ends,
    ports: (u16, u16),
    /// Packets still to come, roughly.
    left: u32,
    ids: (u16, u16),
    dscp: u8,
    ttl: u8,
}

/// Bytes of IP payload in a fragment: 1480 fit IPv4; both are multiples of eight.
const PIECE_V4: usize = 1480;
const PIECE_V6: usize = 1448;

impl Flow {
    pub(crate) fn start(rng: &mut Rng, number: u64, left: u32, small: bool) -> Self {
        let v6 = rng.below(100) < 22;
        let kind = match rng.below(100) {
            0..=61 => Kind::Tcp(Tcp::new(rng, small)),
            _ if small => Kind::Bulk,
            62..=83 => Kind::Dns { answer: false },
            84..=89 => Kind::Bulk,
            90..=93 => Kind::Fragmented { answer: false },
            94..=97 => Kind::Echo { reply: false },
            _ => Kind::Arp { reply: false },
        };
        let tag = match rng.below(100) {
            0..=13 => Tag::Vlan(100 + rng.below(16) as u16),
            14..=16 => Tag::QinQ(200 + rng.below(8) as u16, 300 + rng.below(8) as u16),
            17..=18 => Tag::Stacked(400 + rng.below(8) as u16, 500 + rng.below(8) as u16),
            _ => Tag::None,
        };
        // The client is the flow's own number, so that no two flows share all four of
        // addresses and ports.
        let client = (number as u32) & 0x00FF_FFFF;
        let server = 0x8000_0000 | rng.below(4096);
        let v6 = v6 && !matches!(kind, Kind::Arp { .. });
        let port = match &kind {
            Kind::Tcp(t) => t.app().port(rng),
            Kind::Dns { .. } => 53,
            Kind::Bulk => 41_000 + rng.below(512) as u16,
            _ => 42_000,
        };
        Self {
            kind,
            ends: Ends { src: client, dst: server, tag, v6 },
            ports: (49_152 + rng.below(16_000) as u16, port),
            left,
            ids: (rng.below(65_536) as u16, rng.below(65_536) as u16),
            dscp: if rng.one_in(8) { 46 } else { 0 },
            ttl: [64, 128, 255, 57][rng.below(4) as usize],
        }
    }

    /// Sends the next packet, or all fragments of the next datagram. True when that was the last.
    pub(crate) fn step<W: Write>(&mut self, scene: &mut Scene<W>) -> io::Result<bool> {
        self.left = self.left.saturating_sub(1);
        let over = self.left == 0;
        let mut kind = std::mem::replace(&mut self.kind, Kind::Bulk);
        let done = match &mut kind {
            Kind::Tcp(t) => t.step(self, scene, over)?,
            Kind::Dns { answer } => {
                let back = *answer;
                *answer = !back;
                self.dns(scene, back)?;
                back && over
            }
            Kind::Bulk => {
                let len =
                    if scene.small { self.small_len(&mut scene.rng, 8) } else { bulk_len(&mut scene.rng) };
                self.datagram(scene, false, len)?;
                over
            }
            Kind::Fragmented { answer } => {
                let back = *answer;
                *answer = !back;
                if back {
                    self.datagram(scene, true, 24)?;
                } else {
                    self.fragments(scene)?;
                }
                back && over
            }
            Kind::Echo { reply } => {
                let back = *reply;
                *reply = !back;
                self.echo(scene, back)?;
                back && over
            }
            Kind::Arp { reply } => {
                let back = *reply;
                *reply = !back;
                let ends = if back { self.ends.back() } else { self.ends };
                scene.packet.arp(ends, if back { 2 } else { 1 });
                scene.send()?;
                // Nobody asks for the same address for long.
                back
            }
        };
        self.kind = kind;
        Ok(done)
    }

    /// The ends and the IP fields of the next packet in one direction.
    pub(crate) fn header(&mut self, back: bool, proto: u8) -> (Ends, Ip) {
        let (ends, id) =
            if back { (self.ends.back(), &mut self.ids.1) } else { (self.ends, &mut self.ids.0) };
        *id = id.wrapping_add(1);
        (ends, Ip { proto, id: *id, dscp: self.dscp, ttl: self.ttl, df: proto == 6 })
    }

    pub(crate) const fn ports(&self, back: bool) -> (u16, u16) {
        if back { (self.ports.1, self.ports.0) } else { self.ports }
    }

    /// A payload length that makes a frame of 64 to 128 bytes with a `header`-byte transport.
    pub(crate) fn small_len(&self, rng: &mut Rng, header: usize) -> usize {
        let tags = match self.ends.tag {
            Tag::None => 0,
            Tag::Vlan(_) => 4,
            Tag::QinQ(..) | Tag::Stacked(..) => 8,
        };
        let head = 14 + tags + if self.ends.v6 { 40 } else { 20 } + header;
        rng.between(64, 128).saturating_sub(head as u32) as usize
    }

    fn dns<W: Write>(&mut self, scene: &mut Scene<W>, back: bool) -> io::Result<()> {
        // An answer repeats the identifier and the name of its question.
        let question = if back { self.ids.0 } else { self.ids.0.wrapping_add(1) };
        let (ends, ip) = self.header(back, 17);
        let ports = self.ports(back);
        let p = &mut scene.packet;
        p.ip(ends, ip, None);
        let v6 = question & 3 == 0;
        let len = 12
            + 23
            + 4
            + if !back {
                0
            } else if v6 {
                28
            } else {
                16
            };
        p.udp(ports, len);
        app::dns(p, question, u32::from(question) * 7, v6, back);
        debug_assert_eq!(p.transport_len(), 8 + len);
        p.finish(ends, ip);
        scene.send()
    }

    fn datagram<W: Write>(&mut self, scene: &mut Scene<W>, back: bool, len: usize) -> io::Result<()> {
        let (ends, ip) = self.header(back, 17);
        let from = scene.rng.below(u32::MAX);
        let p = &mut scene.packet;
        p.ip(ends, ip, None);
        p.udp(self.ports(back), len);
        p.fill(from, len);
        p.finish(ends, ip);
        scene.send()
    }

    fn fragments<W: Write>(&mut self, scene: &mut Scene<W>) -> io::Result<()> {
        let (ends, ip) = self.header(false, 17);
        let len = scene.rng.between(1600, 8000) as usize;
        let from = scene.rng.below(u32::MAX);
        let p = &mut scene.packet;
        p.ip(ends, ip, None);
        p.udp(self.ports(false), len);
        p.fill(from, len);
        p.finish(ends, ip);
        let mut datagram = Vec::with_capacity(len + 8);
        p.take_transport(&mut datagram);
        let (piece_len, extension) = if ends.v6 { (PIECE_V6, 8) } else { (PIECE_V4, 0) };
        let mut offset = 0;
        while offset < datagram.len() {
            let end = (offset + piece_len).min(datagram.len());
            let piece = Piece { offset: offset as u16, more: end < datagram.len() };
            scene.packet.ip(ends, ip, Some(piece));
            scene.packet.push(&datagram[offset..end]);
            scene.packet.finish_piece(ends, extension);
            scene.send()?;
            offset = end;
        }
        Ok(())
    }

    fn echo<W: Write>(&mut self, scene: &mut Scene<W>, back: bool) -> io::Result<()> {
        let v6 = self.ends.v6;
        let (ends, ip) = self.header(back, if v6 { 58 } else { 1 });
        let seq = if back { self.ids.1 } else { self.ids.0 };
        let kind = match (v6, back) {
            (false, false) => 8,
            (false, true) => 0,
            (true, false) => 128,
            (true, true) => 129,
        };
        let p = &mut scene.packet;
        p.ip(ends, ip, None);
        p.echo(kind, self.ports.0, seq);
        p.fill(u32::from(seq), 56);
        p.finish(ends, ip);
        scene.send()
    }
}

fn bulk_len(rng: &mut Rng) -> usize {
    (match rng.below(3) {
        0 => rng.between(100, 300),
        1 => 1200,
        _ => rng.between(160, 172),
    }) as usize
}
