//! Hostile frames: no panic, bounded memory, others still served.

use std::time::Duration;

use formats::net::{IpProtocol, ipv4, ipv6, ipv6_ext};
use stack::engine::dlc::hipersockets::HiperSockets;
use stack::engine::dlc::trle::Dlc;
use stack::engine::dlc::xcf::Xcf;
use stack::engine::ip::interface::{InterfaceConfig, Link};
use stack::engine::ip::{MAX_DELIVER, MAX_TRANSMIT, reassembly};
use stack::engine::{Buffer, Random};
use stack::fabric::PortId;

use super::basics::pair;
use super::harness::{Ether, World, a};

const V4: ([u8; 4], [u8; 4]) = ([10, 0, 0, 1], [10, 0, 0, 2]);

fn v4(
    src: [u8; 4],
    dst: [u8; 4],
    protocol: u8,
    change: impl FnOnce(&mut ipv4::Repr),
    payload: &[u8],
) -> Vec<u8> {
    let mut r = ipv4::Repr::new(src.into(), dst.into(), IpProtocol(protocol), payload.len() as u16);
    change(&mut r);
    let mut p = vec![0; r.header_len()];
    r.emit(&mut p).unwrap();
    p.extend(payload);
    p
}

fn v6(next: u8, payload: &[u8]) -> Vec<u8> {
    let (src, dst) = ("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap());
    let mut p = vec![0; 40];
    ipv6::Repr::new(src, dst, IpProtocol(next), payload.len() as u16).emit(&mut p).unwrap();
    p.extend(payload);
    p
}

/// An Ethernet frame for host 1 of [`pair`].
fn frame(packet: &[u8]) -> Buffer {
    let kind: [u8; 2] = if packet[0] >> 4 == 6 { [0x86, 0xdd] } else { [8, 0] };
    Buffer::copy(&[&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1][..], &kind, packet].concat())
}

/// Puts a packet on the LAN as if host 0 had sent it.
fn inject(w: &mut World, packet: &[u8]) {
    let port = *w.hosts[0].ports.values().next().unwrap();
    let now = w.now;
    w.fabric.send(now, port, frame(packet));
    w.settle();
}

fn still_served(w: &mut World) {
    w.run(Duration::from_secs(2));
    for to in ["10.0.0.2", "2001:db8::2"] {
        w.replies(0);
        w.ping(0, to, b"alive", false).unwrap();
        assert_eq!(w.replies(0), [(a(to), 5)]);
    }
}

/// What host 1 has dropped.
fn drops(w: &World) -> u64 {
    w.hosts[1].ip.counters.dropped
}

#[test]
fn land() {
    let mut w = pair(Ether::default());
    inject(&mut w, &v4(V4.1, V4.1, 6, |_| {}, &[0; 20]));
    assert_eq!((drops(&w), w.hosts[1].delivered.len()), (1, 0));
    let mut p = v6(6, &[0; 20]);
    p.copy_within(24..40, 8);
    inject(&mut w, &p);
    assert_eq!((drops(&w), w.hosts[1].delivered.len()), (2, 0));
    still_served(&mut w);
}

#[test]
fn senders_that_cannot_be() {
    let mut w = pair(Ether::default());
    for (n, src) in [[127, 0, 0, 1], [224, 0, 0, 1], [255, 255, 255, 255], [10, 0, 0, 255], [240, 0, 0, 1]]
        .into_iter()
        .enumerate()
    {
        inject(&mut w, &v4(src, V4.1, 1, |_| {}, &[8, 0, 0xf7, 0xff, 0, 0, 0, 0]));
        assert_eq!(drops(&w), n as u64 + 1, "{src:?}");
    }
    assert_eq!(w.hosts[1].ip.counters.v4.icmp_out, 0);
}

#[test]
fn broken_headers() {
    let good = v4(V4.0, V4.1, 17, |_| {}, &[0; 30]);
    type Break<'a> = (&'a str, &'a dyn Fn(&mut Vec<u8>));
    let breaks: [Break<'_>; 6] = [
        ("version", &|p| p[0] = 0x55),
        ("header length", &|p| p[0] = 0x44),
        ("header beyond the packet", &|p| p[0] = 0x4f),
        ("total length", &|p| p[3] = 10),
        ("truncated", &|p| p.truncate(30)),
        ("checksum", &|p| p[10] ^= 1),
    ];
    for (what, f) in breaks {
        let mut w = pair(Ether::default());
        let mut p = good.clone();
        f(&mut p);
        inject(&mut w, &p);
        // What has no destination that can be read is thrown away by the adapter.
        let adapter: u64 =
            w.hosts[1].trl.iter().map(|(_, t)| if let Dlc::Osa(o) = &t.dlc { o.discarded } else { 0 }).sum();
        assert_eq!((drops(&w) + adapter, w.hosts[1].ip.counters.v4.in_delivers), (1, 0), "{what}");
    }
}

#[test]
fn option_bombs() {
    let mut w = pair(Ether::default());
    // A length of 0 and one beyond the options: parameter problems at the length byte.
    for options in [[7, 0, 4, 0], [7, 40, 4, 0], [131, 3, 0, 0]] {
        inject(&mut w, &v4(V4.0, V4.1, 17, |r| r.options = ipv4::Options::new(&options).unwrap(), &[0; 8]));
    }
    // A source route is refused.
    let route = [131, 7, 4, 10, 0, 0, 9, 0];
    inject(&mut w, &v4(V4.0, V4.1, 17, |r| r.options = ipv4::Options::new(&route).unwrap(), &[0; 8]));
    assert_eq!(w.hosts[1].ip.counters.v4.in_delivers, 0);
    let kinds: Vec<_> =
        w.hosts[0].icmp.iter().map(|p| (p.payload()[0], p.payload()[1], p.payload()[4])).collect();
    assert_eq!(kinds[0], (12, 0, 21));
    assert_eq!(*kinds.last().unwrap(), (3, 5, 0));
    // IPv6: headers and options without end.
    let mut many = Vec::new();
    for _ in 0..30 {
        many.extend([60, 0, 1, 4, 0, 0, 0, 0]);
    }
    inject(&mut w, &v6(60, &many));
    let mut pads = vec![17, 180];
    pads.resize(8 * 181, 0);
    inject(&mut w, &v6(60, &pads));
    assert_eq!(w.hosts[1].ip.counters.v6.in_delivers, 0);
    still_served(&mut w);
}

#[test]
fn tiny_and_overlapping_fragments() {
    let mut w = pair(Ether::default());
    let more = |r: &mut ipv4::Repr| r.flags = ipv4::Flags::MORE_FRAGMENTS;
    // The flags of TCP are in the second fragment, or are written over by it.
    inject(&mut w, &v4(V4.0, V4.1, 6, more, &[0; 8]));
    inject(&mut w, &v4(V4.0, V4.1, 6, |r| r.frag_offset = 8, &[0; 16]));
    assert_eq!(drops(&w), 2);
    assert!(w.hosts[1].ip.reassembly().is_empty());
    inject(&mut w, &v4(V4.0, V4.1, 17, more, &[1; 24]));
    inject(&mut w, &v4(V4.0, V4.1, 17, |r| r.frag_offset = 16, &[2; 24]));
    assert!(w.hosts[1].ip.reassembly().is_empty(), "overlap: all gone");
    let fragment = |offset, more, data: &[u8]| {
        let mut f = [0; 8];
        ipv6_ext::FragmentRepr { next_header: IpProtocol::UDP, offset, more, id: 1 }.emit(&mut f).unwrap();
        v6(44, &[&f[..], data].concat())
    };
    inject(&mut w, &fragment(0, true, &[1; 24]));
    inject(&mut w, &fragment(16, false, &[2; 24]));
    assert!(w.hosts[1].ip.reassembly().is_empty());
    // The length is no multiple of 8: a parameter problem at the payload length.
    inject(&mut w, &fragment(0, true, &[1; 20]));
    let p = w.hosts[0].icmp.pop().unwrap();
    assert_eq!((p.payload()[0], p.payload()[1], &p.payload()[4..8]), (4, 0, &[0, 0, 0, 4][..]));
    // The first fragment without the whole UDP header (RFC 7112).
    inject(&mut w, &fragment(0, true, &[]));
    still_served(&mut w);
}

#[test]
fn floods_of_fragments_are_bounded() {
    let mut w = pair(Ether::default());
    for id in 0..3000u16 {
        let p = v4(
            V4.0,
            V4.1,
            17,
            |r| {
                r.id = id;
                r.frag_offset = 800;
                r.flags = ipv4::Flags::MORE_FRAGMENTS;
            },
            &[0; 1400],
        );
        inject(&mut w, &p);
        let r = w.hosts[1].ip.reassembly();
        assert!(r.bytes() <= reassembly::MAX_BYTES && r.len() <= reassembly::MAX_DATAGRAMS);
    }
    w.run(Duration::from_secs(61));
    assert!(w.hosts[1].ip.reassembly().is_empty());
    still_served(&mut w);
}

#[test]
fn errors_are_limited() {
    let mut w = pair(Ether::default());
    for n in 0..1000u16 {
        inject(&mut w, &v4(V4.0, V4.1, 17, |r| r.id = n, &[0, 9, 0, 9, 0, 8, 0, 0]));
    }
    let c = w.hosts[1].ip.counters.v4;
    assert_eq!((c.icmp_out, c.icmp_limited), (50, 950));
}

#[test]
fn floods_of_neighbors_are_bounded() {
    let mut w = pair(Ether::default());
    let id = w.udp(0, "0.0.0.0:4000");
    for n in 0..5000u32 {
        let [_, _, c, d] = n.to_be_bytes();
        let to = format!("10.0.0.{}:9", 3 + n % 250);
        w.send_udp(0, id, &to, &[c, d]);
    }
    let i = w.hosts[0].ip.interface(1).unwrap();
    assert!(i.neighbors(w.now).count() <= 1024);
    still_served(&mut w);
}

/// A world with every kind of interface.
fn all_kinds() -> (World, Vec<PortId>) {
    let mut w = World::new(3);
    let (lan, channel, link) = (w.fabric.lan(), w.fabric.iqd(), w.fabric.link());
    let mut ports = Vec::new();
    for n in 1..=2u8 {
        let h = w.host(|c| c.forwarding = n == 2);
        let (p, pc, pl) = (w.fabric.attach(lan), w.fabric.attach(channel), w.fabric.attach(link));
        let e = Ether { offload: n == 2, autoconf: n == 1, ..Ether::default() };
        w.ethernet(h, p, n, e, &[(&format!("10.0.0.{n}"), 24), (&format!("2001:db8::{n}"), 64)]);
        let mut c = InterfaceConfig::new("IQD", Link::HiperSockets);
        c.interface_id = Some(n.into());
        let dlc = Dlc::HiperSockets(HiperSockets::new(65_536));
        w.attach(h, pc, dlc, c, &[(&format!("10.3.0.{n}"), 24), (&format!("2001:db8:3::{n}"), 64)]);
        let mut c = InterfaceConfig::new("XCF", Link::PointToPoint);
        c.interface_id = Some(n.into());
        w.attach(
            h,
            pl,
            Dlc::Xcf(Xcf::new()),
            c,
            &[(&format!("10.4.0.{n}"), 24), (&format!("2001:db8:4::{n}"), 64)],
        );
        if n == 1 {
            ports = vec![p, pc, pl];
        }
    }
    (w, ports)
}

#[test]
fn random_and_damaged_frames_on_every_interface() {
    let (mut w, ports) = all_kinds();
    // Frames to damage: one of each kind that this stack sends or reads.
    let mut good: Vec<Vec<u8>> = Vec::new();
    let udp = [0, 9, 0, 9, 0, 20, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    for protocol in [1, 2, 4, 6, 17, 50, 89, 255] {
        good.push(v4(V4.0, V4.1, protocol, |_| {}, &udp));
        good.push(v4(V4.0, V4.1, protocol, |r| r.flags = ipv4::Flags::MORE_FRAGMENTS, &[0; 32]));
    }
    for next in [0, 6, 17, 43, 44, 58, 60, 59, 135] {
        good.push(v6(next, &[17, 0, 5, 2, 0, 0, 1, 0, 17, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 9, 0, 8, 1, 1]));
    }
    for kind in 128..=143 {
        let mut m = [0; 64];
        m[0] = kind;
        good.push(v6(58, &m));
    }
    good.push(vec![0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2]);
    let mut random = Random::new(99);
    for n in 0..60_000 {
        let mut packet = if n % 4 == 0 {
            (0..random.below(200)).map(|_| random.u32() as u8).collect()
        } else {
            good[random.below(good.len() as u64) as usize].clone()
        };
        for _ in 0..random.below(4) {
            if !packet.is_empty() {
                let at = random.below(packet.len() as u64) as usize;
                packet[at] = random.u32() as u8;
            }
        }
        if random.chance(200_000) {
            packet.truncate(random.below(packet.len() as u64 + 1) as usize);
        }
        // Checksums are made right in most, so that they are not the only thing that stops a frame.
        if random.chance(800_000) {
            mend(&mut packet);
        }
        let port = ports[n % 3];
        let bytes = match n % 3 {
            0 => {
                let kind: [u8; 2] = match packet.first().map(|b| b >> 4) {
                    Some(4) => [8, 0],
                    Some(6) => [0x86, 0xdd],
                    Some(0) => [8, 6],
                    _ => [random.u32() as u8, random.u32() as u8],
                };
                let dst = if random.chance(100_000) { [0xff; 6] } else { [2, 0, 0, 0, 0, 2] };
                [&dst[..], &[2, 0, 0, 0, 0, 1], &kind, &packet].concat()
            }
            1 => {
                let to = if random.chance(500_000) { a("10.3.0.2") } else { a("2001:db8:3::2") };
                [&stack::fabric::iqd::header(0, to)[..], &packet].concat()
            }
            _ => packet,
        };
        let now = w.now;
        w.fabric.send(now, port, Buffer::copy(&bytes));
        w.settle();
        if n % 1000 == 0 {
            w.run(Duration::from_secs(1));
            for h in &mut w.hosts {
                let r = h.ip.reassembly();
                assert!(r.bytes() <= reassembly::MAX_BYTES && r.len() <= reassembly::MAX_DATAGRAMS);
                assert!(h.ip.path_mtu().iter().count() <= stack::engine::ip::pmtu::MAX_PATHS);
                assert!(h.ip.routes().len() < 1000 && h.ip.home().iter().count() < 100);
                h.delivered.clear();
                h.icmp.clear();
                h.errors.clear();
                h.events.clear();
            }
        }
    }
    const { assert!(MAX_DELIVER <= 8192 && MAX_TRANSMIT <= 8192) };
    w.run(Duration::from_secs(120));
    for to in ["10.0.0.2", "10.3.0.2", "10.4.0.2", "2001:db8::2", "2001:db8:3::2", "2001:db8:4::2"] {
        w.replies(0);
        w.ping(0, to, b"alive", false).unwrap();
        w.run(Duration::from_secs(3));
        assert_eq!(w.replies(0), [(a(to), 5)]);
    }
}

/// Makes the header checksum of an IPv4 packet right, and the checksum of ICMP messages.
fn mend(p: &mut [u8]) {
    let Some(first) = p.first() else { return };
    if first >> 4 == 4 {
        let len = usize::from(first & 15) * 4;
        if len < 20 || p.len() < len {
            return;
        }
        p[10..12].fill(0);
        let sum = formats::checksum::checksum(&p[..len]);
        p[10..12].copy_from_slice(&sum.to_be_bytes());
        if p[9] <= 2 && p.len() >= len + 8 {
            p[len + 2..len + 4].fill(0);
            let sum = formats::checksum::checksum(&p[len..]);
            p[len + 2..len + 4].copy_from_slice(&sum.to_be_bytes());
        }
    } else if first >> 4 == 6 && p.len() >= 48 && p[6] == 58 {
        let h = ipv6::Header::new(p).unwrap();
        let pseudo = h.pseudo();
        p[42..44].fill(0);
        let sum = pseudo.sum(58, p.len() - 40).bytes(&p[40..]).finish();
        p[42..44].copy_from_slice(&sum.to_be_bytes());
        // Half of what is left of the hop limit says that a neighbour sent it.
        if p[40] >= 130 {
            p[7] = if p[40] < 133 { 1 } else { 255 };
        }
    }
}
