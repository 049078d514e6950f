//! smoltcp as client and as server over a bad wire: every byte arrives.

use std::net::SocketAddr;
use std::time::Duration;

use smoltcp::socket::tcp::{CongestionControl, State as SmolState};
use stack::engine::tcp::{Algorithm, Config, Event, SocketOptions};
use stack::engine::{Instant, Random};

use crate::call;
use crate::link::{Impairments, Link};
use crate::pair::Host;
use crate::simulation::{App, byte};
use crate::smol::Smol;

/// What smoltcp's application does.
struct SmolApp {
    seed: u64,
    peer_seed: u64,
    to_send: usize,
    sent: usize,
    expect: usize,
    received: usize,
    shut: bool,
    /// Closes after the other side.
    last: bool,
}

impl SmolApp {
    fn run(&mut self, s: &mut Smol) -> bool {
        let mut busy = false;
        let socket = s.socket();
        while socket.can_send() && self.sent < self.to_send {
            let n = (self.to_send - self.sent).min(5000);
            let data: Vec<u8> = (self.sent..self.sent + n).map(|i| byte(self.seed, i)).collect();
            self.sent += socket.send_slice(&data).unwrap();
            busy = true;
        }
        let mut buf = [0; 5000];
        while socket.can_recv() {
            let n = socket.recv_slice(&mut buf).unwrap();
            for (i, b) in buf[..n].iter().enumerate() {
                assert_eq!(*b, byte(self.peer_seed, self.received + i), "at {}", self.received + i);
            }
            self.received += n;
            busy = true;
        }
        let may_close = !self.last || socket.state() == SmolState::CloseWait;
        if self.sent == self.to_send && !self.shut && socket.may_send() && may_close {
            socket.close();
            self.shut = true;
            busy = true;
        }
        busy
    }
}

fn run(seed: u64, client: bool, impairments: Impairments) -> [u64; 2] {
    let mut r = Random::new(seed);
    let v6 = r.below(2) == 0;
    let names = if v6 { ["fd00::1", "fd00::2"] } else { ["10.0.0.1", "10.0.0.2"] };
    let config = Config {
        congestion: if r.below(2) == 0 { Algorithm::NewReno } else { Algorithm::Cubic },
        timestamps: r.below(2) == 0,
        sack: r.below(4) > 0,
        send_buffer: 2000 + r.below(100_000) as u32,
        receive_buffer: 2000 + r.below(200_000) as u32,
        msl: Duration::from_secs(1),
        ..Config::default()
    };
    let mut h = Host::new(names[0], config, 1500, seed);
    let buffers = [4000 + r.below(100_000) as usize, 4000 + r.below(100_000) as usize];
    let stamps = r.below(2) == 0;
    // smoltcp does not count its timestamps into its segment size and drops what gets too long.
    let mtu = if stamps { 9000 } else { [1500, 9000, 1280][r.below(3) as usize] };
    let mut s = Smol::new(names[1], mtu, buffers, true, seed);
    if stamps {
        s.socket().set_tsval_generator(Some(|| 77));
    }
    s.socket().set_congestion_control(if r.below(2) == 0 {
        CongestionControl::Cubic
    } else {
        CongestionControl::None
    });
    let mut link = Link::new(impairments, r.fork());
    let mut now = Instant::from_millis(1);
    let sizes = [r.below(60_000) as usize, r.below(60_000) as usize];
    let mut ours = App::new(seed, seed + 1, sizes[0], sizes[1], 1 + r.below(9000) as usize);
    let mut theirs = SmolApp {
        seed: seed + 1,
        peer_seed: seed,
        to_send: sizes[1],
        sent: 0,
        expect: sizes[0],
        received: 0,
        shut: false,
        last: r.below(2) == 0,
    };
    // smoltcp 0.12 stops its retransmission timer when a FIN comes, whatever it has under way
    // (set_for_idle in ESTABLISHED and FIN-WAIT-1). So ours waits until it has everything, and
    // for the FIN too when smoltcp closes first.
    ours.last = true;
    ours.needs_eof = !theirs.last;
    let listener = if client {
        s.socket().listen(80).unwrap();
        ours.id = Some(h.connect(now, SocketAddr::new(s.address, 80)).unwrap());
        None
    } else {
        let address = h.address;
        let l = call!(h, now, listen, Some(address), 80, 5, SocketOptions::default()).unwrap();
        s.connect(SocketAddr::new(h.address, 80), 50_000);
        Some(l)
    };
    let limit = Instant::from_millis(3_000_000);
    for _ in 0..2_000_000 {
        while let Some(e) = h.tcp.poll_event() {
            if let (Event::Acceptable(_), Some(l)) = (e, listener)
                && let Ok((id, _)) = call!(h, now, accept, l)
            {
                ours.id = Some(id);
            }
        }
        let busy = ours.run(&mut h, now) | theirs.run(&mut s);
        s.poll(now);
        h.transmit(now, |p| link.send(now, p));
        while let Some(p) = s.sent() {
            link.send(now, p);
        }
        if busy {
            now += Duration::from_micros(50);
        } else {
            let next = [h.tcp.poll_timeout(), link.next(), s.next(now)].into_iter().flatten().min();
            let Some(next) = next.filter(|n| *n <= limit) else { break };
            now = now.max(next);
        }
        while let Some(p) = link.due(now) {
            if p.dst == h.address { h.receive(now, &p) } else { s.receive(&p) }
        }
        call!(h, now, handle_timeout);
        let closed = matches!(s.socket().state(), SmolState::Closed | SmolState::TimeWait);
        if ours.closed && closed && theirs.received == theirs.expect && h.tcp.is_empty() {
            break;
        }
    }
    assert!(ours.ended.is_none(), "seed {seed}: {:?}", ours.ended);
    assert_eq!((ours.received, theirs.received), (sizes[1], sizes[0]), "seed {seed}");
    assert!(ours.closed && h.tcp.is_empty(), "seed {seed}: {:?}", h.tcp.all().collect::<Vec<_>>());
    [link.lost, h.tcp.stats().retransmits]
}

fn seeds(client: bool, count: u64, mut impairments: impl FnMut(&mut Random) -> Impairments) {
    let mut sums = [0; 2];
    for seed in 0..count {
        let mut r = Random::new(seed ^ 0x5eed);
        let [lost, again] = run(seed, client, impairments(&mut r));
        sums[0] += lost;
        sums[1] += again;
    }
    println!("lost {}, retransmitted by us {}", sums[0], sums[1]);
}

#[test]
fn to_smoltcp_over_a_good_wire() {
    seeds(true, 50, |_| Impairments::NONE);
}

#[test]
fn from_smoltcp_over_a_good_wire() {
    seeds(false, 50, |_| Impairments::NONE);
}

#[test]
fn to_smoltcp_over_a_bad_wire() {
    seeds(true, 150, Impairments::draw);
}

#[test]
fn from_smoltcp_over_a_bad_wire() {
    seeds(false, 150, Impairments::draw);
}
