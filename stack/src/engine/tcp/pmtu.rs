//! The path MTU: ICMP messages that are believed (RFC 1191, 8201, 5927) and black holes, paths
//! on which large packets vanish without a message (RFC 2923).

use std::time::Duration;

use formats::ctrace::events::tcp::{Icmp, PathMtu, RecoveryBegun, TcpRecovery};

use super::connection::{Connection, Recovery, TIMESTAMPS_LEN};
use super::env::Env;
use super::seq::Seq;
use super::state::{Reason, State};
use super::timers::Timer;
use crate::engine::{IcmpError, IcmpKind};

/// After this a larger path MTU is tried again (RFC 1191 section 6.3).
const AGE: Duration = Duration::from_secs(600);
/// Sizes to fall back to in a black hole: common links and tunnels, then what every link takes.
const PLATEAUS: [u32; 8] = [32_000, 17_914, 8_166, 4_352, 1_492, 1_400, 1_280, 576];

impl Connection {
    /// Largest segment for packets of `mtu` bytes.
    #[must_use]
    pub fn own_limit(&self, mtu: u32) -> u32 {
        mtu.saturating_sub(Self::header_len_of(&self.tuple)).max(TIMESTAMPS_LEN + 8)
    }

    /// Segments become smaller; what is under way in larger ones is cut anew when sent again.
    pub fn shrink(&mut self, env: &mut Env<'_>, mtu: u32, black_hole: bool) {
        let old = self.data_mss();
        self.pmtu = Some(self.pmtu.map_or(mtu, |m| m.min(mtu)));
        self.timers.set(Timer::Pmtu, env.now + AGE);
        self.fit_mss();
        let new = self.data_mss();
        if new < old {
            self.congestion.resize(old, new);
        }
        env.trace(&self.subject, &PathMtu { mtu, old, new, black_hole });
    }

    /// Time to try larger segments again.
    pub fn pmtu_expired(&mut self, env: &mut Env<'_>) {
        let old = self.data_mss();
        self.pmtu = None;
        self.black_hole = false;
        self.fit_mss();
        let (mtu, new) = (self.mss + Self::header_len_of(&self.tuple), self.data_mss());
        self.congestion.resize(old, new);
        env.trace(&self.subject, &PathMtu { mtu, old, new, black_hole: false });
    }

    /// A retransmission timeout: if full segments are lost again and again while nothing smaller
    /// is missing, the path may drop them for their size.
    pub fn suspect_black_hole(&mut self, env: &mut Env<'_>) {
        let after = env.config.black_hole_after;
        if after == 0 || self.rexmits < after || !(self.rexmits - after).is_multiple_of(2) {
            return;
        }
        let full = self.data_end().since(self.snd_una) >= self.data_mss();
        let header = Self::header_len_of(&self.tuple);
        let (size, least) = (self.mss + header, if header == 60 { 1280 } else { 576 });
        if !full || size <= least {
            return;
        }
        if let Some(&mtu) = PLATEAUS.iter().find(|p| **p < size && **p >= least) {
            env.stats.black_holes += 1;
            self.black_hole = true;
            self.shrink(env, mtu, true);
        }
    }

    /// An ICMP error that quotes a segment of this connection.
    pub fn icmp(&mut self, env: &mut Env<'_>, e: &IcmpError, seq: Seq) {
        // RFC 5927 section 4: the quoted segment must be under way.
        let under_way = seq.ge(self.snd_una) && seq.lt(self.snd_nxt);
        let (kind, value) = match e.kind {
            IcmpKind::Unreachable(c) => (0, c.into()),
            IcmpKind::PacketTooBig(mtu) => (1, mtu),
            IcmpKind::TimeExceeded => (2, 0),
            IcmpKind::ParameterProblem => (3, 0),
        };
        env.trace(&self.subject, &Icmp { kind, code: value, seq: seq.0, taken: under_way });
        if !under_way {
            env.stats.icmp_ignored += 1;
            return;
        }
        match e.kind {
            IcmpKind::PacketTooBig(mtu) => self.too_big(env, mtu),
            // RFC 5461: errors end attempts; established connections live on retransmissions.
            _ if matches!(self.state, State::SynSent | State::SynReceived) => {
                let port = matches!((e.kind, e.dst.is_ipv4()), (IcmpKind::Unreachable(2 | 3), true))
                    || matches!((e.kind, e.dst.is_ipv6()), (IcmpKind::Unreachable(4), true));
                if port {
                    self.end(env, Reason::PortUnreachable);
                } else if e.is_hard() || self.syns > 2 {
                    self.end(env, Reason::HostUnreachable);
                }
            }
            _ => {}
        }
    }

    fn too_big(&mut self, env: &mut Env<'_>, mtu: u32) {
        let least = if self.tuple.remote.is_ipv6() { 1280 } else { 68 };
        if mtu < least || self.own_limit(mtu) >= self.mss || !self.state.synchronized() {
            return;
        }
        self.shrink(env, mtu, false);
        if self.flight() == 0 || self.state < State::Established {
            return;
        }
        // Sent again at once in smaller pieces; the loss says nothing about congestion.
        env.stats.pmtu_retransmits += 1;
        let (flight, cwnd) = (self.flight(), self.congestion.cwnd);
        self.recovery = Recovery::Loss(self.snd_nxt);
        self.recover = self.snd_nxt;
        self.board.reset(self.snd_una);
        self.board.lost = self.snd_nxt;
        self.rexmit_now = true;
        self.rtt.retransmitted();
        self.arm_retransmit(env.now);
        env.trace(
            &self.subject,
            &RecoveryBegun {
                how: TcpRecovery::ICMP,
                recover: self.snd_nxt.0,
                cwnd,
                ssthresh: self.congestion.ssthresh,
                flight,
            },
        );
    }
}
