//! Transfers in both directions at once over a bad wire: every byte arrives, or both ends know
//! that the connection is over.

use std::net::SocketAddr;
use std::time::Duration;

use stack::engine::tcp::{Algorithm, Config, ConnectionId, Error, Event, Reason, Shutdown, SocketOptions};
use stack::engine::{Instant, Random};

use crate::call;
use crate::link::Impairments;
use crate::pair::{Host, Pair};

/// One side's application: sends a pattern, reads one, closes when both are through.
pub struct App {
    pub id: Option<ConnectionId>,
    pub seed: u64,
    pub to_send: usize,
    pub sent: usize,
    pub expect: usize,
    pub received: usize,
    /// Reads at most so much at a time, so that windows close.
    pub bite: usize,
    pub shut: bool,
    pub eof: bool,
    pub closed: bool,
    pub ended: Option<Reason>,
    pub peer_seed: u64,
    /// Closes when everything has come, or even its end.
    pub last: bool,
    pub needs_eof: bool,
}

pub fn byte(seed: u64, at: usize) -> u8 {
    let x = (seed ^ at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (x >> 40) as u8
}

impl App {
    pub fn new(seed: u64, peer_seed: u64, to_send: usize, expect: usize, bite: usize) -> Self {
        Self {
            id: None,
            seed,
            to_send,
            sent: 0,
            expect,
            received: 0,
            bite,
            shut: false,
            eof: false,
            closed: false,
            ended: None,
            peer_seed,
            last: false,
            needs_eof: false,
        }
    }

    /// Does what can be done now; true when something was.
    pub fn run(&mut self, h: &mut Host, now: Instant) -> bool {
        let Some(id) = self.id.filter(|_| !self.closed) else { return false };
        let mut busy = false;
        while self.sent < self.to_send && self.ended.is_none() {
            let n = (self.to_send - self.sent).min(8000);
            let data: Vec<u8> = (self.sent..self.sent + n).map(|i| byte(self.seed, i)).collect();
            match call!(*h, now, send, id, &data) {
                Ok(n) => self.sent += n,
                Err(Error::WouldBlock) => break,
                Err(Error::Ended(r)) => self.ended = Some(r),
                Err(e) => panic!("{e}"),
            }
            busy = true;
        }
        let through = self.received == self.expect && (self.eof || !self.needs_eof);
        if self.sent == self.to_send && !self.shut && self.ended.is_none() && (through || !self.last) {
            self.shut = true;
            match call!(*h, now, shutdown, id, Shutdown::Write) {
                Ok(()) => {}
                Err(Error::Ended(r)) => self.ended = Some(r),
                Err(e) => panic!("{e}"),
            }
        }
        let mut buf = vec![0; self.bite];
        if !self.eof && self.ended.is_none() {
            match call!(*h, now, recv, id, &mut buf) {
                Ok(0) => {
                    assert_eq!(self.received, self.expect, "data cut off");
                    self.eof = true;
                    busy = true;
                }
                Ok(n) => {
                    for (i, b) in buf[..n].iter().enumerate() {
                        assert_eq!(*b, byte(self.peer_seed, self.received + i), "at {}", self.received + i);
                    }
                    self.received += n;
                    busy = true;
                }
                Err(Error::WouldBlock) => {}
                Err(Error::Ended(r)) => self.ended = Some(r),
                Err(e) => panic!("{e}"),
            }
        }
        if self.eof && self.shut {
            self.closed = true;
            call!(*h, now, close, id).unwrap();
        }
        busy
    }
}

/// Runs one seed; the steps it took, or what went wrong.
fn run(seed: u64) -> Pair {
    let mut r = Random::new(seed);
    let config = |r: &mut Random| Config {
        congestion: if r.below(2) == 0 { Algorithm::NewReno } else { Algorithm::Cubic },
        timestamps: r.below(4) > 0,
        sack: r.below(4) > 0,
        window_scaling: r.below(4) > 0,
        send_buffer: 2000 + r.below(100_000) as u32,
        receive_buffer: 2000 + r.below(200_000) as u32,
        msl: Duration::from_secs(1),
        // Corruption the checksum misses is not what is tested here.
        ..Config::default()
    };
    let v6 = r.below(2) == 0;
    let names = if v6 { ["fd00::1", "fd00::2"] } else { ["10.0.0.1", "10.0.0.2"] };
    let mtus = [r.below(4), r.below(4)].map(|i| [1500, 1280, 9000, 1492][i as usize]);
    let (a, b) = (config(&mut r), config(&mut r));
    let mut hosts = [Host::new(names[0], a, mtus[0], seed ^ 1), Host::new(names[1], b, mtus[1], seed ^ 2)];
    for h in &mut hosts {
        h.paths.0.segmentation = (r.below(2) == 0).then_some(32_000);
    }
    let impairments = Impairments::draw(&mut r);
    let mut p = Pair::new(hosts, impairments, r.u64());
    let sizes = [r.below(60_000) as usize, r.below(60_000) as usize];
    let options = SocketOptions { no_delay: r.below(2) == 0, ..SocketOptions::default() };
    let listener = call!(p.hosts[1], p.now, listen, None, 80, 5, options).unwrap();
    let to = SocketAddr::new(p.hosts[1].address, 80);
    let bites = [1 + r.below(9000) as usize, 1 + r.below(9000) as usize];
    let mut apps = [
        App::new(seed, seed + 1, sizes[0], sizes[1], bites[0]),
        App::new(seed + 1, seed, sizes[1], sizes[0], bites[1]),
    ];
    apps[0].id = Some(p.hosts[0].connect(p.now, to).unwrap());
    let limit = Instant::from_millis(100_000_000);
    loop {
        let mut busy = false;
        while let Some(e) = p.hosts[1].tcp.poll_event() {
            if e == Event::Acceptable(listener) {
                let (id, _) = call!(p.hosts[1], p.now, accept, listener).unwrap();
                apps[1].id = Some(id);
                let more = call!(p.hosts[1], p.now, accept, listener);
                assert_eq!(more, Err(Error::WouldBlock), "a second connection");
            }
        }
        while p.hosts[0].tcp.poll_event().is_some() {}
        for (app, h) in apps.iter_mut().zip(&mut p.hosts) {
            busy |= app.run(h, p.now);
        }
        if busy {
            for h in &mut p.hosts {
                let (now, link) = (p.now, &mut p.link);
                h.transmit(now, |x| link.send(now, x));
            }
            // A reader of small bites takes its time.
            p.now += Duration::from_micros(50);
            continue;
        }
        if !p.step(limit) {
            break;
        }
        if p.steps > 100_000 {
            for h in &p.hosts {
                for i in h.tcp.all() {
                    println!("{i:?}");
                }
            }
        }
        assert!(p.steps <= 100_000, "seed {seed} does not end");
    }
    let whole = apps.iter().all(|a| a.closed);
    let over = apps.iter().any(|a| a.ended.is_some());
    assert!(
        whole || over,
        "seed {seed} stuck: {:?}",
        apps.each_ref().map(|a| (a.sent, a.received, a.closed))
    );
    if let Some(a) = apps.iter().find(|a| a.ended.is_some()) {
        // Only time may end a connection here.
        assert!(matches!(a.ended, Some(Reason::TimedOut | Reason::Reset)), "seed {seed}: {:?}", a.ended);
    }
    for h in &p.hosts {
        let left: Vec<_> =
            h.tcp.all().filter(|i| i.remote.port() != 0).map(|i| (i.state, i.timers)).collect();
        assert!(whole && left.is_empty() || over, "seed {seed}: left {left:?}");
    }
    p
}

#[test]
fn a_thousand_seeds() {
    let (mut lost, mut retransmits, mut whole) = (0, 0, 0);
    for seed in 0..1000 {
        let p = run(seed);
        let stats = p.hosts.each_ref().map(|h| *h.tcp.stats());
        retransmits += stats.iter().map(|s| s.retransmits).sum::<u64>();
        lost += p.link.lost;
        whole += u32::from(stats.iter().all(|s| s.established_resets == 0));
    }
    println!("lost {lost}, retransmitted {retransmits}, whole {whole}");
    assert!(whole >= 990, "only {whole} came through");
}
