//! Initial sequence numbers (RFC 6528), timestamp offsets (RFC 7323 section 5.4) and the hash of
//! SYN cookies: a keyed hash of the connection's addresses and ports, and a clock.

use std::hash::Hasher;
use std::net::SocketAddr;

use siphasher::sip::SipHasher24;

use super::seq::Seq;
use crate::engine::{Instant, Random};

/// What new numbers are ahead of those of the connection before (as BSD does).
const AHEAD: u32 = 64_001;

/// The secrets of one engine.
#[derive(Debug, Clone)]
pub struct Secrets {
    isn: (u64, u64),
    clock: (u64, u64),
    cookie: (u64, u64),
}

impl Secrets {
    /// Drawn anew for each engine.
    #[must_use]
    pub fn new(random: &mut Random) -> Self {
        let mut pair = || (random.u64(), random.u64());
        Self { isn: pair(), clock: pair(), cookie: pair() }
    }

    /// `ISN = M + F(local, remote, secret)`; M ticks every 4 microseconds.
    #[must_use]
    pub fn isn(&self, local: SocketAddr, remote: SocketAddr, now: Instant) -> Seq {
        Seq((now.0 / 4000) as u32) + hash(self.isn, local, remote, 0) as u32
    }

    /// The same, behind `before`: SND.NXT of the connection in TIME-WAIT that gives way.
    #[must_use]
    pub fn isn_after(&self, local: SocketAddr, remote: SocketAddr, now: Instant, before: Option<Seq>) -> Seq {
        let iss = self.isn(local, remote, now);
        match before {
            Some(nxt) if !iss.gt(nxt) => nxt + AHEAD,
            _ => iss,
        }
    }

    /// What is added to the clock of milliseconds in timestamps towards one peer.
    #[must_use]
    pub fn clock_offset(&self, local: SocketAddr, remote: SocketAddr) -> u32 {
        hash(self.clock, local, remote, 0) as u32
    }

    /// The hash of a SYN cookie.
    #[must_use]
    pub fn cookie(&self, local: SocketAddr, remote: SocketAddr, salt: u64) -> u32 {
        hash(self.cookie, local, remote, salt) as u32
    }
}

fn hash(key: (u64, u64), local: SocketAddr, remote: SocketAddr, salt: u64) -> u64 {
    let mut h = SipHasher24::new_with_keys(key.0, key.1);
    for a in [local, remote] {
        match a {
            SocketAddr::V4(a) => h.write(&a.ip().octets()),
            SocketAddr::V6(a) => h.write(&a.ip().octets()),
        }
        h.write_u16(a.port());
    }
    h.write_u64(salt);
    h.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_move_with_the_clock_and_differ_between_peers() {
        let s = Secrets::new(&mut Random::new(1));
        let at = |port, us| {
            s.isn(
                "10.0.0.1:80".parse().unwrap(),
                SocketAddr::new([10, 0, 0, 2].into(), port),
                Instant::from_micros(us),
            )
        };
        assert_eq!(at(1, 4_000_000).since(at(1, 0)), 1_000_000);
        assert_ne!(at(1, 0), at(2, 0));
        let other = Secrets::new(&mut Random::new(2));
        assert_ne!(
            s.cookie("10.0.0.1:80".parse().unwrap(), "10.0.0.2:1".parse().unwrap(), 0),
            other.cookie("10.0.0.1:80".parse().unwrap(), "10.0.0.2:1".parse().unwrap(), 0)
        );
    }
}
