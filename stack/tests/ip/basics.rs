//! Hosts on one link: loopback, ARP, neighbour discovery, echo, UDP.

use std::time::Duration;

use stack::engine::IcmpKind;

use super::harness::{Ether, World, a};

/// Two hosts on a LAN.
pub fn pair(e: Ether) -> World {
    let mut w = World::new(1);
    let lan = w.fabric.lan();
    for n in 1..=2u8 {
        let h = w.host(|_| {});
        let port = w.fabric.attach(lan);
        let (v4, v6) = (format!("10.0.0.{n}"), format!("2001:db8::{n}"));
        w.ethernet(h, port, n, e, &[(&v4, 24), (&v6, 64)]);
    }
    w
}

#[test]
fn loopback() {
    let mut w = World::new(1);
    let h = w.host(|_| {});
    for to in ["127.0.0.1", "127.1.2.3", "::1"] {
        w.ping(h, to, b"hello", false).unwrap();
        assert_eq!(w.replies(h), [(a(to), 5)]);
    }
    let server = w.udp(h, "127.0.0.1:53");
    let client = w.udp(h, "0.0.0.0:0");
    w.send_udp(h, client, "127.0.0.1:53", b"question");
    let d = w.hosts[h].udp.recv(server).unwrap();
    assert_eq!(&d.data[..], b"question");
    assert_eq!(d.from.ip(), a("127.0.0.1"));
}

#[test]
fn echo_over_an_ethernet() {
    for offload in [false, true] {
        let mut w = pair(Ether { offload, ..Ether::default() });
        for to in ["10.0.0.2", "2001:db8::2"] {
            w.ping(0, to, &[7; 100], false).unwrap();
            assert_eq!(w.replies(0), [(a(to), 100)], "offload {offload}");
        }
    }
}

#[test]
fn udp_both_ways_and_unreachable_ports() {
    for (one, two) in [("10.0.0.1", "10.0.0.2"), ("[2001:db8::1]", "[2001:db8::2]")] {
        let mut w = pair(Ether::default());
        let server = w.udp(1, &format!("{two}:7"));
        let client = w.udp(0, &format!("{one}:4000"));
        w.send_udp(0, client, &format!("{two}:7"), b"ping");
        let d = w.hosts[1].udp.recv(server).unwrap();
        assert_eq!((&d.data[..], d.from.to_string()), (&b"ping"[..], format!("{one}:4000")));
        w.send_udp(1, server, &d.from.to_string(), b"pong");
        assert_eq!(&w.hosts[0].udp.recv(client).unwrap().data[..], b"pong");
        let to = format!("{two}:9").parse().unwrap();
        w.hosts[0].udp.connect(client, to).unwrap();
        w.send_udp(0, client, &format!("{two}:9"), b"nobody");
        let code = if one.starts_with('[') { 4 } else { 3 };
        assert_eq!(w.hosts[0].udp.take_error(client), Some(IcmpKind::Unreachable(code)));
        assert!(w.hosts[0].errors[0].is_hard());
    }
}

#[test]
fn addresses_are_checked_before_they_are_used() {
    let mut w = pair(Ether { probe: true, dad: 1, ..Ether::default() });
    assert!(w.ping(0, "10.0.0.2", b"x", false).is_err() || w.replies(0).is_empty());
    w.run(Duration::from_secs(10));
    for to in ["10.0.0.2", "2001:db8::2"] {
        w.ping(0, to, b"x", false).unwrap();
        assert_eq!(w.replies(0), [(a(to), 1)]);
    }
}

#[test]
fn nobody_at_home() {
    let mut w = pair(Ether::default());
    for (to, code) in [("10.0.0.9", 1), ("2001:db8::9", 3)] {
        w.ping(0, to, b"x", false).unwrap();
        w.run(Duration::from_secs(4));
        let e = w.hosts[0].errors.pop().unwrap();
        assert_eq!((e.dst, e.kind), (a(to), IcmpKind::Unreachable(code)));
    }
}
