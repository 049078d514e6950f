//! What applications see of the sockets layer: two stacks on a LAN, in virtual time.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ctrace::dattrace::DatTrace;
use ctrace::{FlowState, Which};
use formats::ctrace::cte::Entries;
use formats::ctrace::data_trace::DataTrace;
use formats::ctrace::{Cte, FormatId, Pthdr};
use stack::apps::{chargen, echo};
use stack::node::netstat::{self, Report};
use stack::node::{InterfaceConfig, Plex, StackConfig, StackId, TraceConfig};
use stack::sim::World;
use stack::sockets::Process;

const LIMIT: Duration = Duration::from_secs(600);

struct Bench {
    world: World,
    client: Process,
    server: Process,
    stacks: [StackId; 2],
}

fn four(port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 2], port))
}

fn six(port: u16) -> SocketAddr {
    SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 2], port))
}

fn any(port: u16) -> SocketAddr {
    SocketAddr::from(([0_u16; 8], port))
}

fn bench() -> Bench {
    let mut plex = Plex::new(3);
    let lan = plex.fabric.lan();
    let mut nodes = Vec::new();
    for n in 1..=2 {
        let image = plex.image(&format!("ZS0{n}"));
        let trace = TraceConfig { buffers: 1 << 20, epoch: 0 };
        let stack = plex.start(image, StackConfig { trace, ..StackConfig::new("TCPIP") });
        let i = InterfaceConfig::osa("OSA1", [2, 0, 0, 0, 0, n])
            .address(IpAddr::from([10, 0, 0, n]), 24)
            .address(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(n)]), 64);
        plex.attach(stack, lan, &i);
        nodes.push((image, stack));
    }
    let mut world = World::new(plex);
    world.run_for(Duration::from_secs(10)).unwrap();
    let client = world.process(nodes[0].0, nodes[0].1, "CLIENT");
    let server = world.process(nodes[1].0, nodes[1].1, "SERVER");
    Bench { world, client, server, stacks: [nodes[0].1, nodes[1].1] }
}

#[test]
fn echo_over_both_families_and_protocols() {
    let Bench { mut world, client, server, .. } = bench();
    for f in [0, 1] {
        let p = server.clone();
        server.spawn(async move {
            let r = if f == 0 { echo::serve(p, any(7)).await } else { echo::serve_udp(p, any(7)).await };
            panic!("{r:?}");
        });
    }
    let done = async move {
        for to in [four(7), six(7)] {
            let s = client.connect(to).await.unwrap();
            assert_eq!((s.peer_addr(), s.local_addr().is_ipv4()), (to, to.is_ipv4()));
            s.write_all(b"hello").await.unwrap();
            let mut got = [0; 5];
            s.read_exact(&mut got).await.unwrap();
            assert_eq!(&got, b"hello");
            s.shutdown_write().unwrap();
            assert_eq!(s.read(&mut got).await.unwrap(), 0);
            s.closed().await.unwrap();
            let local: SocketAddr = if to.is_ipv4() { ([0; 4], 0).into() } else { any(0) };
            let u = client.udp(local).unwrap();
            u.send_to(b"datagram", to).unwrap();
            let mut got = [0; 100];
            assert_eq!(u.recv_from(&mut got).await.unwrap(), (8, to));
            assert_eq!(&got[..8], b"datagram");
        }
    };
    world.run(LIMIT, done).unwrap();
}

#[test]
fn a_dropped_connection_with_unread_data_is_reset() {
    let Bench { mut world, client, server, .. } = bench();
    let p = server.clone();
    let served = server.start(async move {
        let l = p.listen(any(19), 5).unwrap();
        let (s, _) = l.accept().await.unwrap();
        loop {
            if let Err(e) = s.write_all(&chargen::line(0)).await {
                return e.kind();
            }
        }
    });
    let done = async move {
        let s = client.connect(four(19)).await.unwrap();
        let mut line = [0; 74];
        s.read_exact(&mut line).await.unwrap();
        assert_eq!(line, chargen::line(0));
        drop(s);
        served.await
    };
    assert_eq!(world.run(LIMIT, done).unwrap(), ErrorKind::ConnectionReset);
}

#[test]
fn closed_ports_refuse() {
    let Bench { mut world, client, .. } = bench();
    let done = async move {
        for to in [four(99), six(99)] {
            assert_eq!(client.connect(to).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
            let local: SocketAddr = if to.is_ipv4() { ([0; 4], 0).into() } else { any(0) };
            let u = client.udp(local).unwrap();
            u.connect(to).unwrap();
            u.send(b"?").unwrap();
            assert_eq!(u.recv(&mut [0; 9]).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        }
        let l = client.listen(any(80), 1).unwrap();
        assert_eq!(client.listen(any(80), 1).unwrap_err().kind(), ErrorKind::AddrInUse);
        assert_ne!(client.listen(any(0), 1).unwrap().local_addr().port(), 0);
        drop(l);
        client.listen(any(80), 1).unwrap();
        let nowhere = client.connect(SocketAddr::from(([192, 0, 2, 1], 80))).await;
        assert_eq!(nowhere.unwrap_err().kind(), ErrorKind::NetworkUnreachable);
    };
    world.run(LIMIT, done).unwrap();
}

#[test]
fn linger_sends_the_rest_or_resets() {
    let Bench { mut world, client, server, .. } = bench();
    let p = server.clone();
    let served = server.start(async move {
        let l = p.listen(any(80), 5).unwrap();
        let mut ends = Vec::new();
        for _ in 0..2 {
            let (s, _) = l.accept().await.unwrap();
            let (mut n, mut b) = (0, [0; 1000]);
            ends.push(loop {
                match s.read(&mut b).await {
                    Ok(0) => break Ok(n),
                    Ok(k) => n += k,
                    Err(e) => break Err(e.kind()),
                }
            });
        }
        ends
    });
    let done = async move {
        let s = client.connect(six(80)).await.unwrap();
        s.set_linger(Some(Duration::from_secs(5)));
        s.write_all(&[1; 50_000]).await.unwrap();
        drop(s);
        let s = client.connect(six(80)).await.unwrap();
        s.set_linger(Some(Duration::ZERO));
        s.write_all(&[1; 50_000]).await.unwrap();
        // A reset in front of accept would take the connection out of the queue.
        client.sleep(Duration::from_secs(2)).await;
        drop(s);
        served.await
    };
    assert_eq!(world.run(LIMIT, done).unwrap(), [Ok(50_000), Err(ErrorKind::ConnectionReset)]);
}

#[test]
fn a_ping_through_a_raw_socket() {
    let Bench { mut world, client, .. } = bench();
    let done = async move {
        let raw = client.raw(IpAddr::from([0; 4]), 1).unwrap();
        // Echo request, identifier 1, sequence 1: 0800 + 0001 + 0001 = 0802, complement F7FD.
        raw.send_to(&[8, 0, 0xF7, 0xFD, 0, 1, 0, 1], four(0).ip()).unwrap();
        let mut got = [0; 64];
        let answer = client.timeout(Duration::from_secs(5), raw.recv_from(&mut got)).await.unwrap().unwrap();
        assert_eq!(answer, (8, four(0).ip()));
        assert_eq!(got[..8], [0, 0, 0xFF, 0xFD, 0, 1, 0, 1]);
    };
    world.run(LIMIT, done).unwrap();
}

#[test]
fn data_trace_has_a_start_the_data_and_an_end() {
    let Bench { mut world, client, server, stacks } = bench();
    world.plex.stack(stacks[0]).borrow().trace().configure(|c| {
        c.packets_on = true;
        c.dattrace = DatTrace::everything();
    });
    let p = server.clone();
    server.spawn(async move {
        let _ = echo::serve(p, any(7)).await;
    });
    let done = async move {
        let s = client.connect(four(7)).await.unwrap();
        s.write_all(b"abc").await.unwrap();
        s.read_exact(&mut [0; 3]).await.unwrap();
    };
    world.run(LIMIT, done).unwrap();
    let stack = world.plex.stack(stacks[0]).borrow();
    let mut seen = Vec::new();
    stack.trace().look(Which::Packets, |b| {
        for e in Entries::new(b) {
            let e = e.unwrap();
            let c = Cte::parse(e.bytes()).unwrap();
            assert_eq!(c.id(), FormatId::DATA);
            let p = Pthdr::parse(c.data()).unwrap();
            let d = DataTrace(c.data()[8..24].try_into().unwrap());
            assert_eq!((d.job().to_string(), d.protocol()), ("CLIENT".into(), 6));
            seen.push((d.state(), p.is_out(), c.data()[p.len()..].to_vec()));
        }
    });
    let [start, data, end] = [FlowState::Start, FlowState::Data, FlowState::End].map(|s| s as u8);
    assert_eq!(
        seen,
        [
            (start, true, vec![]),
            (data, true, b"abc".to_vec()),
            (data, false, b"abc".to_vec()),
            (end, true, vec![])
        ]
    );
}

#[test]
fn netstat_shows_what_is_there() {
    let Bench { mut world, client, server, stacks } = bench();
    let p = server.clone();
    server.spawn(async move {
        let _ = echo::serve(p, any(7)).await;
    });
    let c = client.clone();
    let s = world.run(LIMIT, async move {
        let s = c.connect(four(7)).await.unwrap();
        s.write_all(&[7; 1000]).await.unwrap();
        s.read_exact(&mut [0; 1000]).await.unwrap();
        s
    });
    let s = s.unwrap();
    let text = |stack: StackId, r| netstat::report(&world.plex.stack(stack).borrow(), r);
    let conn = text(stacks[1], Report::Conn);
    let lines: Vec<Vec<&str>> = conn.lines().skip(2).map(|l| l.split_whitespace().collect()).collect();
    assert_eq!((lines.len(), lines[0][0], lines[0][4]), (2, "SERVER", "Listen"));
    let peer = format!("10.0.0.1..{}", s.local_addr().port());
    assert_eq!(lines[1][2..], ["10.0.0.2..7", peer.as_str(), "Establsh"]);
    let all = text(stacks[0], Report::All);
    for expected in ["Client Name: CLIENT", "BytesIn:            1000", "BytesOut:           1000"] {
        assert!(all.contains(expected), "{expected} is not in\n{all}");
    }
    assert!(text(stacks[0], Report::Home).contains("10.0.0.1/24"));
    assert!(text(stacks[0], Report::Route).contains("2001:db8::"));
    assert!(text(stacks[0], Report::Stats).contains("Active Connections Opened                    = 1"));
}
