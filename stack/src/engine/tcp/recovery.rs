//! What an acknowledgment means for what is under way: round trips, duplicate acknowledgments,
//! fast recovery (RFC 5681, 6582, 6675), recovery after timeouts, the congestion window.

use std::time::Duration;

use formats::ctrace::events::tcp::{
    CwndChange, DuplicateAck, RecoveryBegun, RecoveryEnded, RttSample, Scoreboard as BoardEvent,
    ScoreboardCleared, TcpRecovery,
};

use super::connection::{Connection, Recovery};
use super::env::Env;
use super::sack::DUP_THRESH;
use super::segment::Segment;
use super::seq::Seq;
use super::timers::Timer;

/// Resolution of the clock in timestamps.
const TIMESTAMP_TICK: Duration = Duration::from_millis(1);

impl Connection {
    /// Takes a sample of the round-trip time when `ack` ends the timing, or the echo allows it.
    #[inline]
    pub fn measure(&mut self, env: &mut Env<'_>, ack: Seq, echo: Option<u32>) {
        let sample = match (self.rtt.acked(ack, env.now), echo) {
            (Some(r), _) => Some((r, Duration::ZERO)),
            // Karn leaves nothing to time in a recovery; the echo is of what the peer got.
            (None, Some(echo)) if self.rtt.timing.is_none() && echo != 0 => {
                let ticks = self.clock(env.now).wrapping_sub(echo);
                (ticks < 1 << 24).then(|| (TIMESTAMP_TICK * ticks.max(1), TIMESTAMP_TICK))
            }
            _ => None,
        };
        if let Some((r, granularity)) = sample {
            self.rtt.sample(r, granularity);
            self.rtt.backoff = 0;
            let us = |d: Duration| d.as_micros().min(u128::from(u32::MAX)) as u32;
            env.trace(
                &self.subject,
                &RttSample {
                    sample_us: us(r),
                    srtt_us: us(self.rtt.srtt),
                    rttvar_us: us(self.rtt.rttvar),
                    rto_us: us(self.rtt.rto()),
                },
            );
        }
    }

    /// Takes the SACK blocks of a segment. True when they say something new.
    pub fn take_sack(&mut self, env: &mut Env<'_>, s: &Segment<'_>) -> bool {
        let mut new = false;
        for &(l, r) in s.sack.as_slice() {
            new |= self.board.report(Seq(l), Seq(r), self.snd_una.max(s.ack), self.snd_nxt);
        }
        if new {
            self.board.update_lost(self.data_mss());
            env.trace(
                &self.subject,
                &BoardEvent {
                    blocks: self.board.blocks(),
                    sacked: self.board.sacked_bytes(),
                    lost: self.board.lost.0,
                    pipe: self.pipe(),
                },
            );
        }
        new
    }

    /// SND.UNA has moved up by `acked` bytes; `flight` were under way before.
    pub fn progress(&mut self, env: &mut Env<'_>, acked: u32, flight: u32) {
        let (mss, now) = (self.data_mss(), env.now);
        if self.board.acked(self.snd_una) && self.sack_ok && !self.board.is_empty() {
            // Reneging (RFC 6675 section 5.1, RFC 2018 section 8).
            self.board.reset(self.snd_una);
            env.trace(&self.subject, &ScoreboardCleared { una: self.snd_una.0, reneged: true });
            if self.recovery != Recovery::Open {
                self.board.lost = self.recover;
            }
        }
        self.dup_acks = 0;
        self.rexmits = 0;
        match self.recovery {
            Recovery::Open => {
                self.inflation = 0;
                // A window that is not used says nothing about the path.
                let used = if self.congestion.slow_start() { flight * 2 } else { flight + mss };
                if used >= self.congestion.cwnd {
                    self.congestion.acked(acked, mss, self.rtt.srtt, now);
                    env.trace(
                        &self.subject,
                        &CwndChange {
                            cwnd: self.congestion.cwnd,
                            ssthresh: self.congestion.ssthresh,
                            flight: self.flight(),
                        },
                    );
                }
                if self.sack_ok && self.board.lost.gt(self.snd_una) {
                    self.enter_fast(env, TcpRecovery::SACK);
                }
            }
            Recovery::Fast(end) if self.snd_una.ge(end) => self.leave_recovery(env),
            Recovery::Fast(_) => {
                // A partial acknowledgment: the next segment is lost too.
                if !self.sack_ok {
                    self.inflation = self.inflation.saturating_sub(acked);
                    if acked >= mss {
                        self.inflation += mss;
                    }
                    (self.board.lost, self.board.high_rxt) = (self.snd_una + mss, self.snd_una);
                    self.rexmit_now = true;
                } else {
                    self.board.update_lost(mss);
                    if self.board.high_rxt == self.snd_una && self.board.lost.le(self.snd_una) {
                        self.board.lost = (self.snd_una + mss).min(self.snd_nxt);
                    }
                }
            }
            Recovery::Loss(end) => {
                self.congestion.acked(acked, mss, self.rtt.srtt, now);
                if self.snd_una.ge(end) {
                    self.leave_recovery(env);
                }
            }
        }
    }

    fn leave_recovery(&mut self, env: &mut Env<'_>) {
        if let Recovery::Fast(_) = self.recovery {
            // RFC 6582 section 3.2 step 3: no burst when little is under way.
            let mss = self.data_mss();
            let cap = self.flight().max(mss) + mss;
            self.congestion.cwnd = self.congestion.ssthresh.min(cap).max(mss);
        }
        self.recovery = Recovery::Open;
        (self.inflation, self.rexmit_now) = (0, false);
        self.board.lost = self.snd_una;
        self.board.high_rxt = self.snd_una;
        self.board.update_lost(self.data_mss());
        env.trace(
            &self.subject,
            &RecoveryEnded {
                una: self.snd_una.0,
                cwnd: self.congestion.cwnd,
                ssthresh: self.congestion.ssthresh,
            },
        );
    }

    /// An acknowledgment that acknowledges nothing new while data are under way (RFC 5681
    /// section 2), or with SACK one that reports something new.
    pub fn duplicate_ack(&mut self, env: &mut Env<'_>) {
        self.counters.dup_acks += 1;
        env.stats.dup_acks += 1;
        self.dup_acks += 1;
        let mss = self.data_mss();
        env.trace(&self.subject, &DuplicateAck { ack: self.snd_una.0, count: self.dup_acks });
        match self.recovery {
            Recovery::Open => {
                if !self.sack_ok {
                    self.inflate(mss);
                }
                let lost = self.sack_ok && self.board.lost.gt(self.snd_una);
                if lost || self.dup_acks >= DUP_THRESH {
                    // RFC 6582: duplicates of an earlier recovery's segments start no new one.
                    if self.sack_ok || self.snd_una.gt(self.recover) || self.counters.timeouts == 0 {
                        self.enter_fast(env, if lost { TcpRecovery::SACK } else { TcpRecovery::FAST });
                    }
                }
            }
            Recovery::Fast(_) if !self.sack_ok => self.inflate(mss),
            Recovery::Fast(_) | Recovery::Loss(_) => {}
        }
    }

    /// A segment has left the network. No more than is under way: acknowledgments can be forged.
    fn inflate(&mut self, mss: u32) {
        self.inflation = (self.inflation + mss).min(self.flight());
    }

    fn enter_fast(&mut self, env: &mut Env<'_>, how: TcpRecovery) {
        let (flight, mss) = (self.flight(), self.data_mss());
        self.counters.fast_recoveries += 1;
        env.stats.fast_recoveries += 1;
        self.congestion.lost(flight, mss);
        self.recover = self.snd_nxt;
        self.recovery = Recovery::Fast(self.snd_nxt);
        let first = (self.snd_una + mss).min(self.snd_nxt);
        self.board.lost = self.board.lost.max(first);
        (self.board.high_rxt, self.board.rescued) = (self.snd_una, false);
        self.rexmit_now = true;
        env.trace(
            &self.subject,
            &RecoveryBegun {
                how,
                recover: self.recover.0,
                cwnd: self.congestion.cwnd,
                ssthresh: self.congestion.ssthresh,
                flight,
            },
        );
        self.arm_retransmit(env.now);
    }

    /// Which timer must run: for data under way, for a closed window, or none.
    pub fn choose_timer(&mut self, env: &Env<'_>, restart: bool) {
        if !self.state.synchronized() || self.reason.is_some() {
            return;
        }
        let flight = self.flight();
        if self.snd_wnd == 0
            && (flight > 0 || self.has_unsent())
            && self.state >= super::state::State::Established
        {
            self.timers.stop(Timer::Retransmit);
            if restart || !self.timers.runs(Timer::Persist) {
                self.timers.set(Timer::Persist, env.now + self.rtt.rto());
            }
        } else if flight == 0 {
            self.timers.stop(Timer::Retransmit);
        } else if restart || !self.timers.runs(Timer::Retransmit) {
            self.timers.stop(Timer::Persist);
            self.arm_retransmit(env.now);
        }
    }
}
