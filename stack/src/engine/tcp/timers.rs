//! Timers of a connection and what happens when they run out.

use formats::ctrace::events::tcp::{KeepaliveProbe, RecoveryBegun, TcpRecovery, TcpTimer, TimerExpired};

use super::connection::{Connection, Recovery};
use super::env::Env;
use super::state::{Reason, State};
use super::wakeups::NEVER;
use crate::engine::Instant;

/// What a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Timer {
    /// RFC 6298.
    Retransmit = 0,
    /// The peer's window is closed, or too small (RFC 9293 sections 3.8.6.1 and 3.8.6.2.1).
    Persist = 1,
    /// RFC 9293 section 3.8.6.3.
    DelayedAck = 2,
    /// RFC 9293 section 3.8.4.
    Keepalive = 3,
    /// 2MSL.
    TimeWait = 4,
    /// An orphan waits for its peer's FIN.
    FinWait2 = 5,
    /// The application's limit for unacknowledged data.
    User = 6,
    /// The path MTU may have grown.
    Pmtu = 7,
}

const ALL: [Timer; 8] = [
    Timer::Retransmit,
    Timer::Persist,
    Timer::DelayedAck,
    Timer::Keepalive,
    Timer::TimeWait,
    Timer::FinWait2,
    Timer::User,
    Timer::Pmtu,
];

/// When each runs out.
#[derive(Debug, Clone)]
pub struct Timers([Instant; 8]);

impl Default for Timers {
    fn default() -> Self {
        Self([NEVER; 8])
    }
}

impl Timers {
    /// Starts a timer, or starts it over.
    #[inline]
    pub fn set(&mut self, t: Timer, when: Instant) {
        self.0[t as usize] = when;
    }

    /// Stops a timer.
    #[inline]
    pub fn stop(&mut self, t: Timer) {
        self.0[t as usize] = NEVER;
    }

    /// It runs.
    #[inline]
    #[must_use]
    pub fn runs(&self, t: Timer) -> bool {
        self.0[t as usize] != NEVER
    }

    /// When it runs out.
    #[must_use]
    pub fn at(&self, t: Timer) -> Option<Instant> {
        self.runs(t).then(|| self.0[t as usize])
    }

    /// The first to run out.
    #[inline]
    #[must_use]
    pub fn next(&self) -> Instant {
        self.0.iter().fold(NEVER, |a, b| a.min(*b))
    }

    /// Stops all.
    pub fn clear(&mut self) {
        self.0 = [NEVER; 8];
    }
}

impl Connection {
    /// Runs the timers that are due.
    pub fn run_timers(&mut self, env: &mut Env<'_>) {
        for t in ALL {
            if self.timers.0[t as usize] > env.now {
                continue;
            }
            self.timers.stop(t);
            env.trace(&self.subject, &TimerExpired { timer: TcpTimer(t as u8), backoff: self.rtt.backoff });
            match t {
                Timer::Retransmit => self.retransmission_timeout(env),
                Timer::Persist => self.persist_timeout(env),
                Timer::DelayedAck => {
                    env.stats.delayed_acks += 1;
                    self.ack_now = true;
                }
                Timer::Keepalive => self.keepalive_timeout(env),
                Timer::TimeWait => self.end(env, Reason::Closed),
                Timer::FinWait2 => {
                    env.stats.fin_wait_2_drops += 1;
                    self.rst_due = true;
                    self.end(env, Reason::FinWait2TimedOut);
                }
                Timer::User => self.give_up(env, Reason::TimedOut),
                Timer::Pmtu => self.pmtu_expired(env),
            }
        }
    }

    /// Starts the retransmission timer over.
    #[inline]
    pub fn arm_retransmit(&mut self, now: Instant) {
        self.timers.set(Timer::Retransmit, now + self.rtt.rto());
    }

    /// The peer does not answer.
    fn give_up(&mut self, env: &mut Env<'_>, reason: Reason) {
        env.stats.timeout_drops += 1;
        self.rst_due = self.state.synchronized();
        self.end(env, reason);
    }

    fn retransmission_timeout(&mut self, env: &mut Env<'_>) {
        let syn = matches!(self.state, State::SynSent | State::SynReceived);
        let most = if syn { env.config.max_syn_retransmits } else { env.config.max_retransmits };
        if self.flight() == 0 && !syn {
            return;
        }
        if self.rexmits >= most {
            self.give_up(env, Reason::TimedOut);
            return;
        }
        self.counters.timeouts += 1;
        env.stats.timeouts += 1;
        self.rtt.back_off();
        self.rtt.retransmitted();
        self.rexmits += 1;
        if syn {
            self.syn_due = true;
            self.arm_retransmit(env.now);
            return;
        }
        self.suspect_black_hole(env);
        let (flight, mss) = (self.flight(), self.data_mss());
        let again = self.rexmits > 1;
        self.congestion.timed_out(flight, mss, again);
        // RFC 2018 section 8: the reports cannot be trusted for ever.
        if again {
            self.board.reset(self.snd_una);
        }
        self.recover = self.snd_nxt;
        self.recovery = Recovery::Loss(self.snd_nxt);
        (self.board.lost, self.board.high_rxt, self.board.rescued) = (self.snd_nxt, self.snd_una, false);
        (self.inflation, self.dup_acks) = (0, 0);
        self.rexmit_now = true;
        env.trace(
            &self.subject,
            &RecoveryBegun {
                how: TcpRecovery::TIMEOUT,
                recover: self.snd_nxt.0,
                cwnd: self.congestion.cwnd,
                ssthresh: self.congestion.ssthresh,
                flight,
            },
        );
        self.arm_retransmit(env.now);
    }

    fn persist_timeout(&mut self, env: &mut Env<'_>) {
        if self.probes >= env.config.max_retransmits {
            self.give_up(env, Reason::TimedOut);
            return;
        }
        self.probes = self.probes.saturating_add(1);
        self.rtt.back_off();
        self.probe_due = true;
    }

    fn keepalive_timeout(&mut self, env: &mut Env<'_>) {
        if self.keepalives >= env.config.keepalive_probes {
            env.stats.keepalive_drops += 1;
            self.rst_due = true;
            self.end(env, Reason::KeepaliveTimedOut);
            return;
        }
        self.timers.set(Timer::Keepalive, env.now + env.config.keepalive_interval);
        // Data under way are probes enough.
        if self.flight() > 0 || self.has_unsent() || !self.state.synchronized() {
            return;
        }
        self.keepalives += 1;
        self.keepalive_due = true;
        self.counters.keepalive_probes += 1;
        env.stats.keepalive_probes += 1;
        let idle_ms = env.now.since(self.heard_at).as_millis().min(u128::from(u32::MAX)) as u32;
        env.trace(&self.subject, &KeepaliveProbe { count: self.keepalives.into(), idle_ms });
    }
}
