//! Hostile segments in fixed number: nothing panics, memory stays bounded, others are served.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use formats::net::tcp::{Flags, Repr};
use formats::net::tcp_options::Options;
use stack::engine::tcp::{Config, ConnectionId, Event, Reason, SocketOptions};
use stack::engine::{IcmpError, IcmpKind, Instant, Random};

use crate::call;
use crate::link::{Impairments, Packet};
use crate::pair::{Host, Pair, incoming};

const A: &str = "10.0.0.1";
const B: &str = "10.0.0.2";

/// An established connection between the two hosts: client's and server's number, and the listener.
fn open(p: &mut Pair) -> [ConnectionId; 3] {
    let l = call!(p.hosts[1], p.now, listen, None, 80, 16, SocketOptions::default()).unwrap();
    let to = SocketAddr::new(p.hosts[1].address, 80);
    let a = p.hosts[0].connect(p.now, to).unwrap();
    let [a, b] = [a, accept(p, l)];
    [a, b, l]
}

fn accept(p: &mut Pair, l: ConnectionId) -> ConnectionId {
    for _ in 0..100_000 {
        p.step(Instant(u64::MAX - 1));
        if let Ok((id, _)) = call!(p.hosts[1], p.now, accept, l) {
            return id;
        }
    }
    panic!("not accepted");
}

/// Sends some bytes from one to the other.
fn echo(p: &mut Pair, ids: [ConnectionId; 2]) {
    call!(p.hosts[0], p.now, send, ids[0], b"still here").unwrap();
    let mut buf = [0; 100];
    for _ in 0..100_000 {
        p.step(Instant(u64::MAX - 1));
        if let Ok(n) = call!(p.hosts[1], p.now, recv, ids[1], &mut buf) {
            assert_eq!(&buf[..n], b"still here");
            return;
        }
    }
    panic!("not served");
}

fn memory(h: &Host) -> usize {
    h.tcp.all().map(|i| i.memory).sum()
}

/// A segment with numbers near those of a connection, or not.
fn nasty(r: &mut Random, h: &Host, victim: ConnectionId, spoof: bool) -> Packet {
    let i = h.tcp.info(victim);
    let (port, seq, ack) = match (&i, spoof) {
        (Some(i), true) => (i.remote.port(), i.rcv_nxt, i.snd_nxt),
        _ => (r.u16(), r.u32(), r.u32()),
    };
    let near = |r: &mut Random, n: u32| match r.below(4) {
        // Not the number itself: whoever knows that owns the connection.
        0 => n.wrapping_add(1 + r.below(50_000) as u32),
        1 => n.wrapping_sub(1 + r.below(50_000) as u32),
        2 => n.wrapping_add(0x8000_0000),
        _ => r.u32(),
    };
    let mut bytes = vec![0; 20];
    let repr = Repr {
        src_port: port,
        dst_port: if r.below(20) == 0 { r.u16() } else { 80 },
        seq: near(r, seq),
        ack: near(r, ack),
        flags: Flags(r.u16() & 0x1ff),
        window: r.u16(),
        urgent_pointer: r.u16(),
        options: Options::default(),
    };
    // Options of random bytes, likely kinds and lengths among them.
    let words = r.below(11) as usize;
    bytes.resize(20 + words * 4, 0);
    bytes.extend((0..r.below(100)).map(|n| n as u8));
    repr.emit(&mut bytes, None).unwrap();
    for b in &mut bytes[20..20 + words * 4] {
        *b = match r.below(3) {
            0 => [0, 1, 2, 3, 4, 5, 8, 19, 34, 253, 254][r.below(11) as usize],
            1 => [2, 3, 4, 6, 10, 18, 40][r.below(7) as usize],
            _ => r.u16() as u8,
        };
    }
    bytes[12] = ((5 + words) as u8) << 4 | (bytes[12] & 1);
    if r.below(20) == 0 {
        bytes[12] = r.u16() as u8;
    }
    if r.below(20) == 0 {
        bytes.truncate(r.below(bytes.len() as u64 + 1) as usize);
    }
    Packet { src: A.parse().unwrap(), dst: B.parse().unwrap(), bytes }
}

fn hosts(config: &Config) -> [Host; 2] {
    [Host::new(A, config.clone(), 1500, 1), Host::new(B, config.clone(), 1500, 2)]
}

#[test]
fn random_segments_around_a_connection() {
    let config = Config { msl: Duration::from_millis(10), ..Config::default() };
    let mut p = Pair::new(hosts(&config), Impairments::NONE, 1);
    let [a, b, _] = open(&mut p);
    let mut r = Random::new(99);
    let src: IpAddr = A.parse().unwrap();
    for n in 0..200_000 {
        let spoof = r.below(2) == 0;
        let s = nasty(&mut r, &p.hosts[1], b, spoof);
        let mut i = incoming(s.src, s.dst);
        i.checksum_checked = true;
        i.many = r.below(50) == 0;
        call!(p.hosts[1], p.now, handle_segment, &i, &s.bytes);
        if r.below(10) == 0 {
            let e = IcmpError {
                reporter: src,
                src: s.dst,
                dst: src,
                protocol: 6,
                kind: match r.below(4) {
                    0 => IcmpKind::PacketTooBig(r.below(1500) as u32),
                    1 => IcmpKind::Unreachable(r.below(16) as u8),
                    2 => IcmpKind::TimeExceeded,
                    _ => IcmpKind::ParameterProblem,
                },
                quoted: s.bytes[..s.bytes.len().min(r.below(30) as usize)].to_vec(),
            };
            call!(p.hosts[1], p.now, handle_icmp, &e);
        }
        if n % 64 == 0 {
            // Answers go to nobody: the real client would be told of them otherwise.
            let now = p.now;
            p.hosts[1].transmit(now, |_| {});
            p.now += Duration::from_millis(1);
            call!(p.hosts[1], p.now, handle_timeout);
            while p.hosts[1].tcp.poll_event().is_some() {}
        }
    }
    assert!(p.hosts[1].tcp.len() <= 2 + config.syn_queue + 16, "{}", p.hosts[1].tcp.len());
    assert!(memory(&p.hosts[1]) < 64 << 20, "{}", memory(&p.hosts[1]));
    echo(&mut p, [a, b]);
}

fn syn(r: &mut Random, i: u32) -> Packet {
    let src = IpAddr::from([172, 16 | (i >> 16) as u8 & 15, (i >> 8) as u8, i as u8]);
    let repr = Repr {
        src_port: 1024 + r.u16() / 2,
        dst_port: 80,
        seq: r.u32(),
        flags: Flags::SYN,
        window: 1000,
        options: Options { mss: Some(1460), sack_permitted: true, ..Options::default() },
        ..Repr::default()
    };
    let mut bytes = vec![0; repr.header_len()];
    repr.emit(&mut bytes, None).unwrap();
    Packet { src, dst: B.parse().unwrap(), bytes }
}

/// A flood of requests from forged addresses; others open connections meanwhile.
fn flood(cookies: bool) {
    let config = Config { syn_queue: 256, syn_cookies: cookies, ..Config::default() };
    let mut p = Pair::new(hosts(&config), Impairments::NONE, 1);
    let [a, b, l] = open(&mut p);
    let mut r = Random::new(5);
    let mut opened = 0;
    for i in 0..100_000 {
        let s = syn(&mut r, i);
        let mut inc = incoming(s.src, s.dst);
        inc.checksum_checked = true;
        call!(p.hosts[1], p.now, handle_segment, &inc, &s.bytes);
        if i % 16 == 0 {
            // The wire carries only what is for the client.
            let (now, link) = (p.now, &mut p.link);
            let client = p.hosts[0].address;
            p.hosts[1].transmit(now, |x| {
                if x.dst == client {
                    link.send(now, x);
                }
            });
        }
        if i % 10_000 == 5_000 {
            let to = SocketAddr::new(p.hosts[1].address, 80);
            let id = p.hosts[0].connect(p.now, to).unwrap();
            let peer = accept(&mut p, l);
            echo(&mut p, [id, peer]);
            call!(p.hosts[0], p.now, abort, id).unwrap();
            opened += 1;
        }
        assert!(p.hosts[1].tcp.len() <= 256 + 16);
    }
    assert_eq!(opened, 10);
    let s = p.hosts[1].tcp.stats();
    assert!(if cookies { s.cookies_sent > 90_000 } else { s.backlog_drops > 90_000 }, "{s:?}");
    echo(&mut p, [a, b]);
}

#[test]
fn a_flood_of_requests_with_cookies() {
    flood(true);
}

#[test]
fn a_flood_of_requests_that_pushes_out_the_oldest() {
    flood(false);
}

#[test]
fn land() {
    let mut p = Pair::new(hosts(&Config::default()), Impairments::NONE, 1);
    let [a, b, _] = open(&mut p);
    let own: IpAddr = B.parse().unwrap();
    let repr = Repr { src_port: 80, dst_port: 80, seq: 1, flags: Flags::SYN, window: 9, ..Repr::default() };
    let mut bytes = vec![0; 20];
    repr.emit(&mut bytes, None).unwrap();
    let mut i = incoming(own, own);
    i.checksum_checked = true;
    for _ in 0..1000 {
        call!(p.hosts[1], p.now, handle_segment, &i, &bytes);
    }
    assert_eq!(p.hosts[1].tcp.len(), 1);
    let mut sent = 0;
    let now = p.now;
    p.hosts[1].transmit(now, |_| sent += 1);
    assert_eq!(sent, 0);
    echo(&mut p, [a, b]);
}

#[test]
fn a_peer_that_sends_every_second_byte() {
    let mut p = Pair::new(hosts(&Config::default()), Impairments::NONE, 1);
    let [a, b, _] = open(&mut p);
    let i = p.hosts[1].tcp.info(b).unwrap();
    let ts = p.hosts[1].tcp.connection(b).unwrap().ts.recent;
    let clock = i.timestamps.then_some(formats::net::tcp_options::Timestamps { value: ts, echo: 0 });
    for n in 0..100_000u32 {
        let repr = Repr {
            src_port: i.remote.port(),
            dst_port: 80,
            seq: i.rcv_nxt.wrapping_add(2 + 2 * (n % 30_000)),
            ack: i.snd_nxt,
            flags: Flags::ACK,
            window: 500,
            urgent_pointer: 0,
            options: Options { timestamps: clock, ..Options::default() },
        };
        let mut bytes = vec![0; repr.header_len() + 1];
        repr.emit(&mut bytes, None).unwrap();
        let mut inc = incoming(p.hosts[0].address, p.hosts[1].address);
        inc.checksum_checked = true;
        call!(p.hosts[1], p.now, handle_segment, &inc, &bytes);
    }
    let i = p.hosts[1].tcp.info(b).unwrap();
    assert!(i.out_of_order_queued <= 64 && i.memory < 1 << 20, "{} {}", i.out_of_order_queued, i.memory);
    let now = p.now;
    p.hosts[1].transmit(now, |_| {});
    // The gaps hold the attacker's zeros, so this connection's own data are only counted.
    call!(p.hosts[0], p.now, send, a, b"still here").unwrap();
    for _ in 0..100 {
        p.step(now + Duration::from_secs(5));
    }
    assert!(p.hosts[1].tcp.readable(b) >= 10);
}

#[test]
fn a_hundred_thousand_connections() {
    let config = Config { syn_queue: 200_000, ..Config::default() };
    let mut h = Host::new(B, config, 1500, 2);
    let l = call!(h, Instant(0), listen, None, 80, 200_000, SocketOptions::default()).unwrap();
    let mut r = Random::new(7);
    let now = Instant::from_millis(5);
    let mut peers = Vec::new();
    for i in 0..100_000 {
        let s = syn(&mut r, i);
        let mut inc = incoming(s.src, s.dst);
        inc.checksum_checked = true;
        call!(h, now, handle_segment, &inc, &s.bytes);
        peers.push(s);
    }
    let mut iss = std::collections::HashMap::new();
    h.transmit(now, |p| {
        let t = formats::net::tcp::Header::new(&p.bytes).unwrap();
        iss.insert((p.dst, t.dst_port()), t.seq());
    });
    assert_eq!(iss.len(), 100_000);
    for s in &peers {
        let t = formats::net::tcp::Header::new(&s.bytes).unwrap();
        let repr = Repr {
            src_port: t.src_port(),
            dst_port: 80,
            seq: t.seq().wrapping_add(1),
            ack: iss[&(s.src, t.src_port())].wrapping_add(1),
            flags: Flags::ACK,
            window: 1000,
            ..Repr::default()
        };
        let mut bytes = vec![0; 24];
        bytes[20..].copy_from_slice(b"ping");
        repr.emit(&mut bytes, None).unwrap();
        let mut inc = incoming(s.src, s.dst);
        inc.checksum_checked = true;
        call!(h, now, handle_segment, &inc, &bytes);
    }
    let mut served = 0;
    while let Ok((id, _)) = call!(h, now, accept, l) {
        let mut buf = [0; 8];
        assert_eq!(call!(h, now, recv, id, &mut buf), Ok(4));
        assert_eq!(call!(h, now, send, id, b"pong"), Ok(4));
        served += 1;
    }
    assert_eq!(served, 100_000);
    let mut sent = 0;
    h.transmit(now, |_| sent += 1);
    assert_eq!(sent, 100_000);
    assert!(h.tcp.poll_event().is_some_and(|e| matches!(e, Event::Acceptable(_) | Event::Readable(_))));
    // All of them time out in the same instant, in the order of one heap.
    let at = now + Duration::from_secs(1);
    call!(h, at, handle_timeout);
    let mut again = 0;
    h.transmit(at, |_| again += 1);
    assert_eq!(again, 100_000);
    let per = memory(&h) / 100_000;
    assert!(per < 12_000, "{per} bytes a connection");
}

#[test]
fn the_operator_drops_a_connection_and_the_stack_stops() {
    let mut p = Pair::new(hosts(&Config::default()), Impairments::NONE, 1);
    let [a, b, _] = open(&mut p);
    assert!(!call!(p.hosts[1], p.now, drop_connection, 77));
    assert!(call!(p.hosts[1], p.now, drop_connection, b.cid()));
    for _ in 0..5 {
        p.step(Instant(u64::MAX - 1));
    }
    let ended = |h: &Host, id| h.tcp.connection(id).unwrap().reason;
    assert_eq!(ended(&p.hosts[1], b), Some(Reason::Aborted));
    assert_eq!(ended(&p.hosts[0], a), Some(Reason::Reset));
    let to = SocketAddr::new(p.hosts[1].address, 80);
    let c = p.hosts[0].connect(p.now, to).unwrap();
    for _ in 0..5 {
        p.step(Instant(u64::MAX - 1));
    }
    call!(p.hosts[1], p.now, stop);
    for _ in 0..5 {
        p.step(Instant(u64::MAX - 1));
    }
    assert_eq!(ended(&p.hosts[0], c), Some(Reason::Reset));
    assert!(p.hosts[1].tcp.all().all(|i| i.id == b), "only what the application still holds");
}
