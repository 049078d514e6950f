//! Routers, VIPAs, other DLCs, VLANs, autoconfiguration, groups.

use std::net::IpAddr;
use std::time::Duration;

use formats::ctrace::Name;
use formats::net::MacAddr;
use stack::engine::IcmpKind;
use stack::engine::dlc::hipersockets::HiperSockets;
use stack::engine::dlc::trle::Dlc;
use stack::engine::dlc::xcf::Xcf;
use stack::engine::ip::home::State;
use stack::engine::ip::interface::{Advertise, InterfaceConfig, Link};
use stack::engine::ip::route::{Multipath, Origin, Route};
use stack::engine::ip::{IpEvent, SendError};
use stack::fabric::{Direction, Impairments};

use super::harness::{Ether, World, a};

const FAST: Ether =
    Ether { offload: false, segmentation: false, vlan: None, probe: false, dad: 0, autoconf: false, mtu: 0 };

/// Host 0 on one LAN, router 1, host 2 on the other LAN, whose MTU is given.
fn routed(mtu: u32) -> World {
    let mut w = World::new(1);
    let (left, right) = (w.fabric.lan(), w.fabric.lan());
    let a0 = w.host(|_| {});
    let r = w.host(|c| c.forwarding = true);
    let b0 = w.host(|_| {});
    let (p0, p1, p2, p3) =
        (w.fabric.attach(left), w.fabric.attach(left), w.fabric.attach(right), w.fabric.attach(right));
    w.ethernet(a0, p0, 1, FAST, &[("10.0.0.1", 24), ("2001:db8:a::1", 64)]);
    w.ethernet(r, p1, 2, FAST, &[("10.0.0.254", 24), ("2001:db8:a::ff", 64)]);
    let narrow = Ether { mtu, ..FAST };
    w.ethernet(r, p2, 3, narrow, &[("10.0.1.254", 24), ("2001:db8:b::ff", 64)]);
    w.ethernet(b0, p3, 4, narrow, &[("10.0.1.1", 24), ("2001:db8:b::1", 64)]);
    for (h, v4, v6) in [(a0, "10.0.0.254", "2001:db8:a::ff"), (b0, "10.0.1.254", "2001:db8:b::ff")] {
        w.with(h, |h, cx| {
            let (IpAddr::V4(g4), IpAddr::V6(g6)) = (a(v4), a(v6)) else { unreachable!() };
            h.ip.add_route(cx, Route::default_v4(g4, 1));
            h.ip.add_route(cx, Route::default_v6(g6, 1));
        });
    }
    w
}

#[test]
fn packets_are_passed_on() {
    let mut w = routed(1500);
    for to in ["10.0.1.1", "2001:db8:b::1"] {
        w.ping(0, to, &[1; 500], true).unwrap();
        assert_eq!(w.replies(0), [(a(to), 500)]);
    }
    assert_eq!((w.hosts[1].ip.counters.v4.in_forwarded, w.hosts[1].ip.counters.v6.in_forwarded), (2, 2));
}

#[test]
fn path_mtu_is_discovered() {
    let mut w = routed(1400);
    for (to, header) in [("10.0.1.1", 20), ("2001:db8:b::1", 40)] {
        w.ping(0, to, &[1; 1440 - 28], true).unwrap();
        assert_eq!(w.hosts[0].errors.pop().unwrap().kind, IcmpKind::PacketTooBig(1400));
        assert!(w.replies(0).is_empty());
        let path = stack::engine::Paths::path(&w.hosts[0].ip, a("0.0.0.0"), a(to));
        assert_eq!(path.unwrap().mtu, 1400);
        if header == 20 {
            assert_eq!(w.ping(0, to, &[1; 1412], true), Err(SendError::TooBig(1400)));
        }
        // What may be cut is cut to the path's MTU now; the answer comes in fragments, too.
        w.ping(0, to, &[1; 3000], false).unwrap();
        assert_eq!(w.replies(0), [(a(to), 3000)]);
    }
    let v4 = w.hosts[2].ip.counters.v4;
    assert_eq!((v4.reassembly_required, v4.reassembly_ok), (3, 1));
    w.run(Duration::from_secs(601));
    assert_eq!(w.hosts[0].ip.path_mtu().iter().count(), 0, "forgotten after ten minutes");
}

#[test]
fn routers_cut_ipv4_packets_that_may_be_cut() {
    let mut w = routed(700);
    w.ping(0, "10.0.1.1", &[1; 1400], false).unwrap();
    assert_eq!(w.replies(0), [(a("10.0.1.1"), 1400)]);
    assert_eq!(w.hosts[1].ip.counters.v4.fragments_created, 3);
}

#[test]
fn no_route_and_no_hops() {
    let mut w = routed(1500);
    w.with(1, |h, cx| h.ip.remove_routes(cx, |r| r.interface == 2));
    for (to, code) in [("10.0.1.1", 0), ("2001:db8:b::1", 0)] {
        w.ping(0, to, b"x", false).unwrap();
        assert_eq!(w.hosts[0].errors.pop().unwrap().kind, IcmpKind::Unreachable(code));
    }
    let mut w = routed(1500);
    let id = w.udp(0, "0.0.0.0:4000");
    w.hosts[0].udp.options_mut(id).unwrap().ttl = Some(1);
    w.send_udp(0, id, "10.0.1.1:33434", b"trace");
    let e = w.hosts[0].errors.pop().unwrap();
    assert_eq!((e.kind, e.reporter, e.dst), (IcmpKind::TimeExceeded, a("10.0.0.254"), a("10.0.1.1")));
    assert_eq!(e.ports(), Some((4000, 33434)));
}

#[test]
fn hosts_are_redirected_to_the_better_router() {
    // Host 0 knows router 1 only; the way to 10.9/16 is by router 2 on the same LAN.
    let mut w = World::new(1);
    let lan = w.fabric.lan();
    for (n, forwarding) in [(1, false), (2, true), (3, true)] {
        let h = w.host(|c| c.forwarding = forwarding);
        let p = w.fabric.attach(lan);
        w.ethernet(h, p, n, FAST, &[(&format!("10.0.0.{n}"), 24), (&format!("2001:db8::{n}"), 64)]);
    }
    w.with(2, |h, cx| h.ip.add_vipa(cx, a("10.9.0.1"), 32));
    w.with(2, |h, cx| h.ip.add_vipa(cx, a("2001:db8:9::1"), 128));
    let link_local = |w: &World, h: usize| IpAddr::V6(w.hosts[h].ip.interface(1).unwrap().link_local());
    let (r1, r2) = (link_local(&w, 1), link_local(&w, 2));
    w.with(0, |h, cx| {
        h.ip.add_route(cx, Route::new(a("10.9.0.0"), 16, Some(a("10.0.0.2")), 1));
        h.ip.add_route(cx, Route::new(a("2001:db8:9::"), 48, Some(r1), 1));
    });
    w.with(1, |h, cx| {
        h.ip.add_route(cx, Route::new(a("10.9.0.0"), 16, Some(a("10.0.0.3")), 1));
        h.ip.add_route(cx, Route::new(a("2001:db8:9::"), 48, Some(r2), 1));
    });
    for (to, gateway) in [("10.9.0.1", a("10.0.0.3")), ("2001:db8:9::1", r2)] {
        w.ping(0, to, b"x", false).unwrap();
        assert_eq!(w.replies(0).len(), 1, "{to}");
        let r = *w.hosts[0]
            .ip
            .routes()
            .iter()
            .find(|r| r.origin == Origin::Redirect && r.destination == a(to))
            .unwrap();
        assert_eq!(r.gateway, Some(gateway));
        let before = w.hosts[1].ip.counters;
        w.ping(0, to, b"x", false).unwrap();
        assert_eq!(w.replies(0).len(), 1);
        assert_eq!(w.hosts[1].ip.counters, before, "the first router sees no more of it");
    }
}

#[test]
fn another_adapter_takes_over() {
    // Host 1 has two adapters on the LAN and a VIPA; the first fails.
    for offload in [false, true] {
        let e = Ether { offload, ..FAST };
        let mut w = World::new(1);
        let lan = w.fabric.lan();
        let client = w.host(|_| {});
        let server = w.host(|_| {});
        let (p0, p1, p2) = (w.fabric.attach(lan), w.fabric.attach(lan), w.fabric.attach(lan));
        w.ethernet(client, p0, 1, FAST, &[("10.0.0.1", 24), ("2001:db8::1", 64)]);
        w.ethernet(server, p1, 2, e, &[("10.0.0.2", 24), ("2001:db8::2", 64)]);
        w.ethernet(server, p2, 3, e, &[("10.0.0.3", 24), ("2001:db8::3", 64)]);
        w.with(server, |h, cx| h.ip.add_vipa(cx, a("10.0.0.100"), 32));
        w.with(server, |h, cx| h.ip.add_vipa(cx, a("2001:db8::100"), 128));
        w.settle();
        for to in ["10.0.0.2", "10.0.0.100", "2001:db8::2", "2001:db8::100"] {
            w.ping(client, to, b"x", false).unwrap();
            assert_eq!(w.replies(client), [(a(to), 1)]);
        }
        w.fabric.set_up(p1, false);
        w.with(server, |h, cx| h.ip.stop_interface(cx, 1));
        w.settle();
        for to in ["10.0.0.2", "10.0.0.100", "2001:db8::2", "2001:db8::100"] {
            w.ping(client, to, b"x", false).unwrap();
            assert_eq!(w.replies(client), [(a(to), 1)], "after the takeover, offload {offload}");
        }
        // The first adapter is back: its addresses are its own again, without a conflict.
        w.fabric.set_up(p1, true);
        w.with(server, |h, cx| h.ip.start_interface(cx, 1));
        w.run(Duration::from_secs(10));
        let own_packets = |w: &World| {
            let c = w.hosts[server].ip.interface(2).unwrap().counters;
            c.in_packets - c.in_groups
        };
        let heir = own_packets(&w);
        for to in ["10.0.0.2", "10.0.0.100", "2001:db8::2", "2001:db8::100"] {
            w.ping(client, to, b"x", false).unwrap();
            assert_eq!(w.replies(client), [(a(to), 1)], "after the return, offload {offload}");
        }
        assert!(w.hosts[server].events.iter().all(|e| !matches!(e, IpEvent::Duplicate { .. })));
        assert_eq!(own_packets(&w), heir);
    }
}

#[test]
fn vipas_are_sources_when_asked() {
    let mut w = routed(1500);
    w.hosts[0].ip.config.sourcevipa = true;
    w.with(0, |h, cx| h.ip.add_vipa(cx, a("10.0.0.77"), 32));
    w.settle();
    let path = stack::engine::Paths::path(&w.hosts[0].ip, a("0.0.0.0"), a("10.0.1.1")).unwrap();
    assert_eq!(path.source, a("10.0.0.77"));
    w.ping(0, "10.0.1.1", b"x", false).unwrap();
    assert_eq!(w.replies(0).len(), 1);
}

#[test]
fn hipersockets_and_xcf() {
    for v4 in [true, false] {
        let mut w = World::new(1);
        let (channel, link) = (w.fabric.iqd(), w.fabric.link());
        for n in 1..=2 {
            let h = w.host(|_| {});
            let (pc, pl) = (w.fabric.attach(channel), w.fabric.attach(link));
            let (x, y) = (format!("10.3.0.{n}"), format!("10.4.0.{n}"));
            let (x6, y6) = (format!("2001:db8:3::{n}"), format!("2001:db8:4::{n}"));
            let mut config = InterfaceConfig::new("IQDIO", Link::HiperSockets);
            config.interface_id = Some(n);
            w.attach(h, pc, Dlc::HiperSockets(HiperSockets::new(65_536)), config, &[(&x, 24), (&x6, 64)]);
            let mut config = InterfaceConfig::new("XCF", Link::PointToPoint);
            config.interface_id = Some(n);
            w.attach(h, pl, Dlc::Xcf(Xcf::new()), config, &[(&y, 24), (&y6, 64)]);
        }
        for net in [3, 4] {
            let to = if v4 { format!("10.{net}.0.2") } else { format!("2001:db8:{net}::2") };
            w.ping(0, &to, &[1; 50_000], true).unwrap();
            assert_eq!(w.replies(0), [(a(&to), 50_000)], "large packets in one piece");
        }
    }
}

#[test]
fn vlans_are_apart() {
    let mut w = World::new(1);
    let lan = w.fabric.lan();
    for (n, vlan) in [(1, Some(100)), (2, Some(100)), (3, Some(200)), (4, None)] {
        let h = w.host(|_| {});
        let p = w.fabric.attach(lan);
        let e = Ether { vlan, offload: n == 2, ..FAST };
        w.ethernet(h, p, n, e, &[(&format!("10.0.0.{n}"), 24)]);
    }
    for (to, reached) in [("10.0.0.2", true), ("10.0.0.3", false), ("10.0.0.4", false)] {
        w.ping(0, to, b"x", false).unwrap();
        assert_eq!(!w.replies(0).is_empty(), reached, "{to}");
    }
}

#[test]
fn a_port_is_shared_by_two_stacks() {
    // Both stacks have a datapath of the same OSA: nothing between them goes to the network.
    let mut w = World::new(1);
    let lan = w.fabric.lan();
    let (one, two) = (w.host(|_| {}), w.host(|_| {}));
    let port = w.fabric.attach(lan);
    let outside = w.fabric.attach(lan);
    let client = w.host(|_| {});
    w.ethernet(client, outside, 9, FAST, &[("10.0.0.9", 24)]);
    w.ethernet(one, port, 1, Ether { offload: true, ..FAST }, &[("10.0.0.1", 24)]);
    // The second stack is put on the first one's TRLE by hand: host 1 has no OSA of its own here.
    let mac = MacAddr([2, 0, 0, 0, 0, 1]);
    let id = *w.hosts[one].ports.keys().next().unwrap();
    let handle = w.with(one, |h, cx| h.trl.open(cx, id, Default::default()).unwrap());
    let mut config = InterfaceConfig::new("OSA", Link::Ethernet { mac, arp_offload: true });
    config.probe = false;
    let index = w.with(two, |h, cx| {
        let i = h.ip.add_interface(config).unwrap();
        h.ip.add_address(cx, i, a("10.0.0.2"), 24);
        h.ip.start_interface(cx, i);
        i
    });
    let before = w.fabric.counters(port, Direction::In).delivered;
    // Carries what stack two wants to the shared device and back.
    let shuttle = |w: &mut World| {
        for _ in 0..6 {
            let mut downs = Vec::new();
            while let Some((i, d)) = w.hosts[two].ip.poll_transmit() {
                assert_eq!(i, index);
                downs.push(d);
            }
            let ups = w.with(one, |h, cx| {
                downs.into_iter().for_each(|d| h.trl.send(cx, handle, d));
                let mut ups = Vec::new();
                while let Some((to, up)) = h.trl.poll_up() {
                    if to == handle {
                        ups.push(up);
                    } else {
                        let i = *h.interfaces.iter().find(|(_, v)| **v == to).unwrap().0;
                        h.ip.handle_up(cx, i, up);
                    }
                }
                while let Some((i, d)) = h.ip.poll_transmit() {
                    let to = h.interfaces[&i];
                    h.trl.send(cx, to, d);
                }
                ups
            });
            w.with(two, |h, cx| ups.into_iter().for_each(|u| h.ip.handle_up(cx, index, u)));
        }
    };
    shuttle(&mut w);
    let hello = w.fabric.counters(port, Direction::In).delivered;
    w.with(one, |h, cx| {
        let mut m = [0; 8];
        formats::net::icmpv4::Repr::echo_request(1, 1, &[]).emit(&mut m).unwrap();
        let out = stack::engine::Outgoing::new(a("10.0.0.1"), a("10.0.0.2"), 1);
        h.ip.send(cx, &out, &m).unwrap();
    });
    shuttle(&mut w);
    assert_eq!(w.hosts[one].ip.counters.v4.icmp_in, 1, "the reply");
    assert_eq!(w.fabric.counters(port, Direction::In).delivered, hello.max(before));
}

#[test]
fn hosts_configure_themselves() {
    let mut w = World::new(1);
    let lan = w.fabric.lan();
    let router = w.host(|c| c.forwarding = true);
    let p = w.fabric.attach(lan);
    w.with(router, |h, cx| {
        let mac = MacAddr([2, 0, 0, 0, 0, 9]);
        let id = h.trl.add_osa(cx, "R", "R", mac).unwrap();
        let handle = h.trl.open(cx, id, Default::default()).unwrap();
        let mut c = InterfaceConfig::new("OSA", Link::Ethernet { mac, arp_offload: true });
        c.advertise = Some(Advertise {
            prefix: Some(("2001:db8:5::".parse().unwrap(), 64)),
            valid: 600,
            preferred: 300,
            mtu: Some(1400),
            ..Advertise::default()
        });
        let i = h.ip.add_interface(c).unwrap();
        h.ip.add_address(cx, i, a("2001:db8:5::ff"), 64);
        h.interfaces.insert(i, handle);
        h.ports.insert(id, p);
    });
    let host = w.host(|_| {});
    let p = w.fabric.attach(lan);
    w.ethernet(host, p, 1, Ether { autoconf: true, dad: 1, ..FAST }, &[]);
    w.run(Duration::from_secs(10));
    let made = a("2001:db8:5:0:0:ff:fe00:1");
    assert!(
        w.hosts[host].events.contains(&IpEvent::Configured(1, "2001:db8:5:0:0:ff:fe00:1".parse().unwrap()))
    );
    assert_eq!(w.hosts[host].ip.home().get(made).unwrap().state, State::Preferred);
    let h = &w.hosts[host].ip;
    let default = h.routes().iter().find(|r| r.prefix_len == 0).unwrap();
    assert_eq!(default.gateway, Some(a("fe80::ff:fe00:9")));
    assert_eq!(h.interface(1).unwrap().mtu_v6, 1400);
    w.ping(host, "2001:db8:5::ff", b"x", false).unwrap();
    assert_eq!(w.replies(host).len(), 1);
    // The router is gone: the address gets old, and goes.
    w.fabric.set_up(p, false);
    w.run(Duration::from_secs(310));
    assert_eq!(w.hosts[host].ip.home().get(made).unwrap().state, State::Deprecated);
    w.run(Duration::from_secs(1800));
    assert!(w.hosts[host].ip.home().get(made).is_none());
    assert!(w.hosts[host].ip.routes().iter().all(|r| r.origin != Origin::RouterAdvertisement));
}

#[test]
fn duplicate_addresses_are_found() {
    let mut w = World::new(1);
    let lan = w.fabric.lan();
    for n in 1..=2 {
        let h = w.host(|_| {});
        let p = w.fabric.attach(lan);
        w.ethernet(h, p, n, Ether { probe: true, dad: 1, ..FAST }, &[("10.0.0.7", 24), ("2001:db8::7", 64)]);
        w.run(Duration::from_secs(10));
    }
    let dup = |w: &World, h: usize, address: &str| w.hosts[h].ip.home().get(a(address)).unwrap().state;
    assert_eq!((dup(&w, 0, "10.0.0.7"), dup(&w, 0, "2001:db8::7")), (State::Preferred, State::Preferred));
    assert_eq!((dup(&w, 1, "10.0.0.7"), dup(&w, 1, "2001:db8::7")), (State::Duplicate, State::Duplicate));
    let mac = MacAddr([2, 0, 0, 0, 0, 1]);
    for address in ["10.0.0.7", "2001:db8::7"] {
        let e = IpEvent::Duplicate { interface: 1, address: a(address), other: mac, lost: true };
        assert!(w.hosts[1].events.contains(&e), "{:?}", w.hosts[1].events);
    }
}

#[test]
fn groups_reach_their_members_only() {
    let mut w = World::new(1);
    let lan = w.fabric.lan();
    for n in 1..=3 {
        let h = w.host(|_| {});
        let p = w.fabric.attach(lan);
        w.ethernet(
            h,
            p,
            n,
            Ether { offload: n == 2, ..FAST },
            &[(&format!("10.0.0.{n}"), 24), (&format!("2001:db8::{n}"), 64)],
        );
    }
    for (group, any) in [("239.1.2.3", "0.0.0.0"), ("ff15::99", "[::]")] {
        let ids: Vec<_> = (0..3).map(|h| w.udp(h, &format!("{any}:5000"))).collect();
        w.with(1, |h, cx| {
            assert!(h.ip.join(cx, 1, a(group)));
            h.udp.join(ids[1], 1, a(group)).unwrap();
        });
        w.settle();
        let to = std::net::SocketAddr::new(a(group), 5000).to_string();
        w.send_udp(0, ids[0], &to, b"all");
        assert_eq!(&w.hosts[1].udp.recv(ids[1]).unwrap().data[..], b"all");
        assert!(w.hosts[2].udp.recv(ids[2]).is_none());
        assert!(w.hosts[0].udp.recv(ids[0]).is_none());
        w.with(1, |h, cx| h.ip.leave(cx, 1, a(group)));
        w.run(Duration::from_secs(3));
        w.send_udp(0, ids[0], &to, b"again");
        assert!(w.hosts[1].udp.recv(ids[1]).is_none());
        for (h, id) in ids.into_iter().enumerate() {
            w.with(h, |h, cx| h.udp.close(cx, id));
        }
    }
}

#[test]
fn broadcasts_reach_everybody() {
    let mut w = super::basics::pair(FAST);
    let (s, c) = (w.udp(1, "0.0.0.0:68"), w.udp(0, "0.0.0.0:67"));
    for to in ["255.255.255.255:68", "10.0.0.255:68"] {
        w.send_udp(0, c, to, b"offer");
        assert_eq!(&w.hosts[1].udp.recv(s).unwrap().data[..], b"offer", "{to}");
    }
    w.send_udp(0, c, "10.0.0.255:99", b"nobody");
    assert!(w.hosts[0].errors.is_empty(), "no error about a broadcast");
}

#[test]
fn connections_take_turns_on_equal_routes() {
    let mut w = World::new(1);
    let h = w.host(|c| c.multipath = Multipath::PerConnection);
    let lan = w.fabric.lan();
    for n in 1..=2 {
        let p = w.fabric.attach(lan);
        let i = w.ethernet(h, p, n, FAST, &[(&format!("10.0.{n}.1"), 24)]);
        w.with(h, |h, cx| h.ip.add_route(cx, Route::default_v4([10, 0, n, 254].into(), i)));
    }
    let sent = |w: &World, i| w.hosts[h].ip.interface(i).unwrap().counters.out_packets;
    let id = w.udp(h, "0.0.0.0:4000");
    let before = (sent(&w, 1), sent(&w, 2));
    // The gateways do not answer: each new one is asked for by ARP once.
    for port in [1, 2, 1, 2] {
        w.send_udp(h, id, &format!("192.0.2.1:{port}"), b"x");
    }
    assert_eq!((sent(&w, 1) - before.0, sent(&w, 2) - before.1), (1, 1));
}

#[test]
fn impaired_links_still_get_most_through() {
    let mut w = super::basics::pair(FAST);
    w.ping(0, "10.0.0.2", b"x", false).unwrap();
    w.replies(0);
    let port = *w.hosts[1].ports.values().next().unwrap();
    let bad = Impairments {
        loss: 100_000,
        duplicate: 50_000,
        corrupt: 50_000,
        reorder: 100_000,
        delay: Duration::from_millis(3),
        jitter: Duration::from_millis(2),
        ..Impairments::NONE
    };
    w.fabric.impair(port, Direction::Out, bad);
    let mut got = 0;
    for _ in 0..200 {
        w.ping(0, "10.0.0.2", &[1; 2000], false).unwrap();
        w.run(Duration::from_millis(20));
        got += w.replies(0).iter().filter(|r| r.1 == 2000).count();
    }
    assert!((100..200).contains(&got), "{got}");
    w.run(Duration::from_secs(61));
    assert!(w.hosts[1].ip.reassembly().is_empty());
}

#[test]
fn interfaces_have_names() {
    let w = super::basics::pair(FAST);
    assert_eq!(w.hosts[0].ip.interface(1).unwrap().config.name, Name::new("OSA"));
}
